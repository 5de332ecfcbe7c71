"""Bundled files: credited, unchanged, small, found in a checkout and inside a wheel."""

import csv
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy
import pytest
from PIL import Image

from styletransfer import trained
from styletransfer.images import load_image, samples
from styletransfer.regions import colour_name, palette

ROOT = Path(__file__).parent.parent
ASSETS = ROOT / 'assets'


@pytest.fixture(scope='module')
def credits_rows():
    with open(ASSETS / 'CREDITS.csv', newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_every_picture_is_credited_and_unchanged(credits_rows):
    pictures = {
        str(path.relative_to(ASSETS))
        for kind in ('content', 'style', 'labels', 'video', 'collections')
        for path in (ASSETS / kind).iterdir()
    }
    assert {row['file'] for row in credits_rows} == pictures
    for row in credits_rows:
        assert all(row.values()), row
        data = (ASSETS / row['file']).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row['sha256'], row['file']


def test_pictures_are_small(credits_rows):
    for row in credits_rows:
        most = 700_000 if row['file'].startswith('collections/') else 300_000
        assert (ASSETS / row['file']).stat().st_size <= most, row['file']
    assert sum(path.stat().st_size for path in samples('collections').values()) < 2_500_000


def test_every_network_is_small_and_has_a_card_that_says_how_it_was_made():
    found = trained.networks()
    assert sum(path.stat().st_size for path in found.values()) <= 7_000_000
    for name, path in found.items():
        assert path.stat().st_size <= 1_000_000, name
        method = trained.load(path).notes['method']
        card = path.with_suffix('.md').read_text(encoding='utf-8')
        assert card.startswith(f'# Model card: {name}\n')
        command = rf'python -m styletransfer\.(gan|feedforward) train {method}\b'
        assert re.search(command, card)
        for picture in re.findall(r'!\[.*\]\((.*)\)', card):
            assert (path.parent / picture).stat().st_size < 200_000


def test_the_script_repaints_its_pictures(tmp_path):
    # the quickest of the four; other versions of the libraries may round elsewhere
    subprocess.run(
        [sys.executable, ASSETS / 'paint_styles.py', '--output', tmp_path, 'stained_glass'],
        check=True,
        capture_output=True,
    )
    ours = numpy.asarray(Image.open(ASSETS / 'style' / 'stained_glass.jpg'), 'float32')
    again = numpy.asarray(Image.open(tmp_path / 'stained_glass.jpg'), 'float32')
    assert numpy.abs(ours - again).mean() < 2


def test_the_script_repaints_the_labels(tmp_path):
    subprocess.run(
        [sys.executable, ASSETS / 'paint_labels.py', '--output', tmp_path],
        check=True,
        capture_output=True,
    )
    ours = sorted((ASSETS / 'labels').iterdir())
    assert [path.name for path in ours] == sorted(path.name for path in tmp_path.iterdir())
    for path in ours:
        pair = [load_image(p).asnumpy() * 1.0 for p in (path, tmp_path / path.name)]
        assert numpy.abs(pair[0] - pair[1]).mean() < 0.5, path.name


def test_labels_are_of_photographs_and_read_in_the_colours_that_were_painted():
    for name, path in samples('labels').items():
        photo, labels = (load_image(p).asnumpy() for p in (samples('content')[name], path))
        assert abs(photo.shape[0] / photo.shape[1] - labels.shape[0] / labels.shape[1]) < 0.01
        colours = [colour_name(colour) for colour in palette(labels)]
        assert sorted(colours) == sorted(['lightblue', 'green', 'blue'][: len(colours)])
        assert len(colours) == (2 if name == 'rooftops' else 3)


def test_a_wheel_carries_what_the_command_needs(tmp_path):
    subprocess.run(
        [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel', '-d', tmp_path],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    (wheel,) = tmp_path.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / 'installed')
    assert 'styletransfer/assets/vgg19_slim.safetensors' in names
    assert 'styletransfer/assets/networks/johnson.safetensors' in names
    assert 'styletransfer/assets/labels/lake.png' in names
    assert 'styletransfer/assets/video/cars.mp4' in names
    assert 'styletransfer/assets/collections/noto.png' in names
    assert 'styletransfer/py.typed' in names
    assert wheel.stat().st_size < 20e6
    assert not [name for name in names if 'tests/' in name or 'readme/' in name]
    done = subprocess.run(
        [sys.executable, '-m', 'styletransfer.train', '--list-samples'],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(tmp_path / 'installed')},
    )
    for path in (ASSETS / 'content').iterdir():
        assert path.stem in done.stdout
