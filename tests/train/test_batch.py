"""Folders: every photo in every style, whatever becomes of one, and however often it is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest
from PIL import Image

from styletransfer import controls
from styletransfer.outputs import locked
from styletransfer.train import batch
from styletransfer.train.__main__ import main

ROOT = Path(__file__).parent.parent.parent
TOY = ['--weights', 'random', '--backbone', 'vgg19_slim', '--shape', '48x32', '--epochs', '1,1']
SECONDS = 120  # to wait for what takes a few


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Make a folder of two photos and one of two paintings, in the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = numpy.random.default_rng(0)
    for folder, names in {'photos': ('a.png', 'b.png'), 'styles': ('s.png', 't.png')}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            pixels = rng.integers(0, 256, (32, 48, 3)).astype('uint8')
            Image.fromarray(pixels).save(tmp_path / folder / name)
    return tmp_path


def paint(*flags, status=0):
    assert main([*TOY, '--quiet', '--output', 'out', *map(str, flags)]) == status


def names(folder='out'):
    return sorted(path.name for path in Path(folder).iterdir())


def record():
    return json.loads(Path('out', 'batch.json').read_text())


def test_every_photo_in_every_style(folders):
    paint('--content', 'photos', '--style', 'styles')
    pictures = ['a--s.png', 'a--t.png', 'b--s.png', 'b--t.png']
    assert names() == [*pictures, 'batch.json']
    assert sorted(record()['paintings']) == pictures
    assert len({Path('out', name).read_bytes() for name in pictures}) == 4
    # each is what a run of its own makes
    assert main([*TOY, '--quiet', '--output', 'one', '--content', 'photos/b.png',
                 '--style', 'styles/s.png']) == 0  # fmt: skip
    one, of_all = Path('one', 'stage2.png'), Path('out', 'b--s.png')
    assert one.read_bytes() == of_all.read_bytes()


@pytest.mark.parametrize(
    ('flags', 'pictures'),
    [
        (['--content', 'photos'], ['a--oil_strokes.png', 'b--oil_strokes.png']),
        (['--style', 'styles'], ['lake--s.png', 'lake--t.png']),
        (
            ['--content', 'photos', '--style', 'styles/s.png', 'ink_wash'],
            ['a--s+ink_wash.png', 'b--s+ink_wash.png'],
        ),
        (['--content', 'photos', '--format', 'jpg'], ['a--oil_strokes.jpg', 'b--oil_strokes.jpg']),
    ],
)
def test_one_folder(folders, flags, pictures):
    paint(*flags)
    assert names() == sorted([*pictures, 'batch.json'])


def test_photos_that_differ_in_their_ending(folders):
    with Image.open('photos/a.png') as picture:
        picture.save('photos/a.jpg')
    Path('photos/notes.txt').write_text('mine')
    Path('photos/.hidden.png').write_text('not a picture')
    Path('photos/more').mkdir()
    shutil.copy('photos/b.png', 'photos/more/c.png')
    paint('--content', 'photos', '--style', 'styles/s.png')
    assert names() == ['a.jpg--s.png', 'a.png--s.png', 'b--s.png', 'batch.json']


def test_keep_aspect_is_each_photos_own(folders):
    Image.new('RGB', (40, 60), 'red').save('photos/tall.png')
    paint('--content', 'photos', '--keep-aspect')
    for name, size in {'a': (48, 32), 'tall': (48, 72)}.items():
        with Image.open(f'out/{name}--oil_strokes.png') as picture:
            assert picture.size == size


def test_the_network_is_read_once_and_a_style_looked_at_once(folders, monkeypatch):
    calls = {'load_network': 0, 'style_grams': 0}

    def counted(module, name):
        function = getattr(module, name)

        def call(*args):
            calls[name] += 1
            return function(*args)

        monkeypatch.setattr(module, name, call)

    counted(batch, 'load_network')
    counted(controls, 'style_grams')
    paint('--content', 'photos', '--style', 'styles')
    assert calls == {'load_network': 1, 'style_grams': 4}  # two styles at two shapes


def test_a_failure_does_not_stop_the_rest(folders, capsys):
    whole = Path('photos/a.png').read_bytes()
    Path('photos/a.png').write_bytes(whole[: len(whole) // 2])
    paint('--content', 'photos', '--style', 'styles', status=1)
    out, err = capsys.readouterr()
    assert out == ''
    first, second, last = err.splitlines()
    assert first.startswith("a--s.png failed: cannot read picture 'photos/a.png'")
    assert second.startswith('a--t.png failed')
    assert last == 'error: 2 of 4 pictures failed'
    assert names() == ['b--s.png', 'b--t.png', 'batch.json']
    before = Path('out', 'b--s.png').stat().st_mtime_ns
    Path('photos/a.png').write_bytes(whole)
    paint('--content', 'photos', '--style', 'styles')
    assert len(names()) == 5
    assert Path('out', 'b--s.png').stat().st_mtime_ns == before


def test_a_style_that_is_damaged(folders):
    Path('styles/s.png').write_text('not a picture')
    paint('--content', 'photos', '--style', 'styles', status=1)
    assert names() == ['a--t.png', 'b--t.png', 'batch.json']


def test_divergence_is_a_failure_too(folders, capsys):
    paint('--content', 'photos', '--epochs', '9,9', '--lr', '1e30', status=1)
    err = capsys.readouterr().err
    assert err.count('try a smaller --lr') == 2
    assert 'error: 2 of 2 pictures failed' in err


def test_what_is_done_is_left_alone(folders, capsys):
    paint('--content', 'photos')
    before = {name: Path('out', name).stat().st_mtime_ns for name in names()[:2]}
    shutil.copy('photos/a.png', 'photos/c.png')
    assert main([*TOY, '--output', 'out', '--content', 'photos']) == 0
    assert "1 pictures to paint in 'out', 2 are done" in capsys.readouterr().out
    assert {name: Path('out', name).stat().st_mtime_ns for name in before} == before
    Path('out', 'a--oil_strokes.png').unlink()
    paint('--content', 'photos')
    pictures = [f'{name}--oil_strokes.png' for name in 'abc']
    assert names() == sorted([*pictures, 'batch.json'])


def refused(capsys, *flags, says):
    before = {path: path.read_bytes() for path in Path().rglob('*') if path.is_file()}
    capsys.readouterr()
    paint(*flags, status=2)
    out, err = capsys.readouterr()
    assert out == ''
    assert err.startswith('error: ')
    assert err.count('\n') == 1
    for words in says:
        assert words in err
    assert {path: path.read_bytes() for path in Path().rglob('*') if path.is_file()} == before


def test_other_settings_need_another_folder(folders, capsys):
    paint('--content', 'photos')
    for flags, changed in {
        ('--seed', 1): 'seed',
        ('--lr', 0.5): 'recipe',
        ('--init', 'noise'): 'recipe',
        ('--style-scale', 2): 'style scale',
        ('--keep-aspect',): 'keep aspect',
    }.items():
        says = [f'made with another {changed}', 'choose another folder, or remove it']
        refused(capsys, '--content', 'photos', *flags, says=says)
    shutil.copy('photos/a.png', 'photos/b.png')
    says = ["'b--oil_strokes.png'", 'other pictures', 'choose another folder']
    refused(capsys, '--content', 'photos', says=says)


def test_mistakes_are_told_once_and_before_the_work(folders, capsys):
    Path('empty').mkdir()
    many = ['--content', 'photos', '--style', 'styles']
    for flags, says in (
        (['--content', 'empty'], ["no pictures in --content 'empty'"]),
        (['--style', 'empty'], ["no pictures in --style 'empty'"]),
        (['--content', 'photos', '--resume'], ['--resume is for one picture', 'same command']),
        (['--content', 'photos', '--save-every', 2], ['--save-every is for one picture']),
        (['--style', 'styles', 'ink_wash'], ['the only --style']),
        ([*many, '--output', 'photos'], ['--output is the folder of --content']),
        ([*many, '--output', 'styles/'], ['--output is the folder of --style']),
        ([*many, '--epochs', '1,2,3'], ['3 values', '2 stages']),
        ([*many, '--preserve-color', 'linaer'], ["did you mean 'linear'?"]),
        ([*many, '--weights', 'no.safetensors'], ['no such file']),
        ([*many, '--content-mask', 'a.png', 'b.png', '--style-weights', 2], ['leave one out']),
    ):
        refused(capsys, *flags, says=says)


def test_files_that_are_not_ours(folders, capsys):
    Path('out').mkdir()
    for text in ('mine', '{}', '[]', '{"settings": 1, "paintings": {}}'):
        Path('out', 'batch.json').write_text(text)
        refused(capsys, '--content', 'photos', says=["'batch.json'", 'not of an earlier run'])
    Path('out', 'batch.json').unlink()
    Path('out', 'b--oil_strokes.png').write_text('mine')
    refused(capsys, '--content', 'photos', says=["'b--oil_strokes.png'", 'would be overwritten'])


def test_a_second_batch_in_a_folder_is_refused(folders, capsys):
    with locked(Path('out')):
        refused(capsys, '--content', 'photos', says=['another run is at work', 'another folder'])
    paint('--content', 'photos')


def test_plan_of_a_folder(folders, capsys):
    assert main([*TOY, '--content', 'photos', '--style', 'styles', '--plan']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith('4 pictures: about')
    assert not Path('outputs').exists()


LONG = ['--content', 'photos', '--style', 'styles', '--epochs', '40,40']


def begin():
    """Start a batch in a process of its own, and wait until two pictures are done."""
    program = [sys.executable, '-m', 'styletransfer.train', *TOY, '--output', 'out', *LONG]
    process = subprocess.Popen(
        program,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + SECONDS
    while not Path('out', 'b--s.png').exists():
        assert process.poll() is None, 'the batch was over too soon'
        assert time.monotonic() < end, 'waited too long'
        time.sleep(0.01)
    return process


def done():
    return {name for name, entry in record()['paintings'].items() if entry['seconds']}


def test_kill_and_start_again(folders):
    process = begin()
    process.kill()
    process.communicate(timeout=SECONDS)
    kept = {name: Path('out', name).stat().st_mtime_ns for name in done()}
    assert 'a--s.png' in kept
    assert len(kept) < 4
    paint(*LONG)
    assert len(done()) == 4
    assert {name: Path('out', name).stat().st_mtime_ns for name in kept} == kept
    shutil.move('out', 'killed')
    paint(*LONG)
    for name in names()[:4]:
        assert Path('out', name).read_bytes() == Path('killed', name).read_bytes()


def test_ctrl_c_stops_between_two_epochs(folders):
    process = begin()
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert 'Traceback' not in text
    last = text.splitlines()[-1]
    assert last.startswith('stopped after ')
    assert last.endswith(' of 4 pictures. The same command again goes on.')
    assert 1 <= len(done()) < 4
    paint(*LONG)
    assert len(done()) == 4
