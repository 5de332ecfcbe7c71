"""The diagrams: the script draws those that the chapters show."""

import importlib.util
import re
from pathlib import Path

import numpy
import pytest
from PIL import Image

CHAPTERS = Path(__file__).resolve().parents[2] / 'chapters'
DIAGRAMS = CHAPTERS / 'diagrams'


@pytest.fixture(scope='module')
def diagrams():
    spec = importlib.util.spec_from_file_location('diagrams', CHAPTERS / 'diagrams.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def drawn(diagrams, tmp_path_factory):
    folder = tmp_path_factory.mktemp('diagrams')
    diagrams.main(folder)
    return folder


def pixels(path):
    return numpy.asarray(Image.open(path).convert('RGB'), 'float64')


NAMES = [
    'method.png',
    'gram.png',
    'one-pass.png',
    'rows.png',
    'adain.png',
    'reader.png',
    'patches.png',
    'photograph.png',
    'moving.png',
    'pix2pix.png',
    'cyclegan.png',
    'mixgan.png',
]


@pytest.mark.parametrize('name', NAMES)
def test_the_script_draws_what_the_chapters_show(drawn, name):
    new, committed = pixels(drawn / name), pixels(DIAGRAMS / name)
    assert new.shape == committed.shape
    assert abs(new - committed).mean() < 0.5  # another matplotlib may smooth another way
    assert (DIAGRAMS / name).stat().st_size < 150_000


def test_every_diagram_is_drawn_and_compared(diagrams, drawn):
    assert sorted(path.name for path in drawn.iterdir()) == sorted(diagrams.DIAGRAMS)
    assert {path.name for path in DIAGRAMS.iterdir()} == {
        *diagrams.DIAGRAMS,
        'finished.jpg',
        'any-style.jpg',
        'photograph.jpg',
        'moving.jpg',
        'emoji.png',
        'cyclegan.jpg',
        'mixgan.jpg',
    }


def test_the_numbers_in_the_drawing_are_those_of_the_text(diagrams):
    X = diagrams.MAPS.reshape(3, 4)
    assert (X @ X.T).tolist() == [[5, 4, 0], [4, 5, 0], [0, 0, 10]]


@pytest.mark.parametrize('source', sorted(CHAPTERS.glob('*.md')), ids=lambda path: path.name)
def test_a_chapter_shows_pictures_that_are_there(source):
    shown = re.findall(r'!\[[^]]*\]\(([^)]+)\)', source.read_text(encoding='utf-8'))
    assert [name for name in shown if not (CHAPTERS / name).is_file()] == []
