"""The gallery: its page is the one that its command writes, and every picture is there."""

import importlib.util
from pathlib import Path

from styletransfer.train.wish import make_parser

CHAPTERS = Path(__file__).parents[2] / 'chapters'


def load():
    spec = importlib.util.spec_from_file_location('gallery', CHAPTERS / 'gallery.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_and_pictures_are_those_of_the_commands():
    gallery = load()
    pictures = [*gallery.SHEET, *(picture for _, _, row in gallery.ROWS for picture in row)]
    assert (CHAPTERS / 'gallery.md').read_text(encoding='utf-8') == gallery.page()
    assert {p.file for p in pictures} == set((CHAPTERS / 'gallery').glob('*.jpg'))
    assert len({p.file for p in pictures}) == len({p.flags for p in pictures})
    for picture in pictures:
        make_parser().parse_args(picture.argv)  # every flag is one that the command has
