"""The gallery: its pages are those that its command writes, and every picture is there."""

import importlib.util
import shlex
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from styletransfer.feedforward import painting
from styletransfer.images import parse_shape
from styletransfer.train.wish import make_parser

ROOT = Path(__file__).parents[2]
CHAPTERS = ROOT / 'chapters'
PARSERS = {
    'styletransfer.train': make_parser,
    'styletransfer.feedforward paint': partial(painting.make_parser, 'feedforward', 'johnson'),
}
LANGUAGES = {'en': 'gallery.md', 'zh': 'gallery.zh.md'}


@pytest.fixture(scope='module')
def gallery():
    spec = importlib.util.spec_from_file_location('gallery', CHAPTERS / 'gallery.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize('language', LANGUAGES)
def test_the_page_is_the_one_that_the_command_writes(gallery, language):
    text = (CHAPTERS / LANGUAGES[language]).read_text(encoding='utf-8')
    assert text == gallery.page(language)
    for picture in gallery.pictures():
        assert f'src="gallery/{picture.name}"' in text
        assert f'href="{picture.whole.relative_to(CHAPTERS)}"' in text
        assert picture.command in text


def test_there_are_the_pictures_of_the_commands_and_no_others(gallery):
    pictures = gallery.pictures()
    assert {p.shown for p in pictures} == set((CHAPTERS / 'gallery').glob('*.jpg'))
    large = {p.whole for p in pictures if not p.own_size}
    assert large == set((CHAPTERS / 'gallery' / 'large').iterdir())
    assert len({p.words for p in pictures}) == len(pictures)
    for picture in pictures:
        parser = PARSERS[picture.job]()
        parser.parse_args(shlex.split(picture.words))  # the command has every flag


def test_pictures_have_the_shape_of_their_photograph(gallery):
    for name, photo in gallery.PHOTOS.items():
        width, height = parse_shape(photo.shape)
        assert max(width, height) == 1120
        with Image.open(ROOT / 'assets' / 'content' / f'{name}.jpg') as img:
            assert width / height == pytest.approx(img.width / img.height, rel=0.005)
    for picture in gallery.pictures():
        shape = parse_shape(picture.words.split()[-1])
        with Image.open(picture.whole) as whole, Image.open(picture.shown) as shown:
            assert whole.size == pytest.approx(shape, abs=1)  # a network's is a box
            assert max(shown.size) == 560


def test_all_large_pictures_fit_into_twelve_megabytes(gallery):
    assert sum(path.stat().st_size for path in gallery.LARGE.iterdir()) < 12_000_000
