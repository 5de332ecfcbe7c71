"""Runs in odd surroundings: other runs, odd names, signals and folders that change meanwhile."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from styletransfer.checkpoint import load_checkpoint, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.outputs import CHECKPOINT, locked
from styletransfer.train import run as runs
from styletransfer.train.__main__ import main

ROOT = Path(__file__).parents[2]
TOY = ['--weights', 'random', '--backbone', 'vgg19_slim', '--shape', '48x32', '--epochs', '1,1']


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in an empty folder, and draw no figure: it takes longer than the runs do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, 'save_figure', lambda path, *args: path.write_bytes(b'a figure'))
    shutil.copy(ROOT / 'assets' / 'content' / 'otter.jpg', 'photo.jpg')


def names(folder):
    return sorted(os.listdir(folder))


@pytest.mark.parametrize('content', ['photo.jpg', 'photos'])
def test_a_folder_in_which_another_run_is_at_work(capsys, content):
    os.mkdir('photos')
    shutil.copy('photo.jpg', 'photos/a.jpg')
    with locked(Path('out')):
        before = names('out')
        assert main([*TOY, '--output', 'out', '--content', content]) == 2
        out, err = capsys.readouterr()
        assert out == ''
        assert err.startswith("error: another run is at work in --output 'out': wait")
        assert names('out') == before
        assert main([*TOY, '--output', 'out', '--content', content, '--plan']) == 0
    assert main([*TOY, '--output', 'out', '--content', content]) == 0


@pytest.mark.parametrize('content', ['photo.jpg', 'photos'])
def test_what_a_killed_run_was_writing_is_removed(content):
    os.mkdir('photos')
    shutil.copy('photo.jpg', 'photos/a.jpg')
    os.makedirs('out/.unfinished-a1b2c3d4')
    Path('out/.unfinished-a1b2c3d4/stage1.png').write_bytes(b'half')
    assert main([*TOY, '--output', 'out', '--content', content]) == 0
    assert not [name for name in names('out') if name.startswith('.')]


def test_names_that_cannot_be_shown(capsys):
    photo, folder = os.fsdecode(b'\xff\x1b[2J.jpg'), os.fsdecode(b'o\xfe')
    os.rename('photo.jpg', photo)
    assert main([*TOY, '--content', photo, '--output', folder]) == 0
    told = capsys.readouterr().out
    assert r'\udcff\x1b[2J.jpg in the style of' in told
    assert r'The painting is o\udcfe/stage2.png' in told
    assert all(line.isprintable() for line in told.splitlines())
    os.mkdir('photos')
    os.rename(photo, os.path.join('photos', photo))
    assert main([*TOY, '--content', 'photos', '--output', f'{folder}2']) == 0
    assert r"All pictures are in 'o\udcfe2'." in capsys.readouterr().out


def test_a_pipe_among_the_photos(capsys, at_once):
    os.mkdir('photos')
    shutil.copy('photo.jpg', 'photos/a.jpg')
    os.mkfifo('photos/b.jpg')
    assert main([*TOY, '--quiet', '--content', 'photos', '--output', 'out']) == 1
    assert "b--oil_strokes.png failed: cannot read 'photos/b.jpg'" in capsys.readouterr().err
    assert names('out') == ['a--oil_strokes.png', 'batch.json']


def test_a_signal_while_the_figure_is_drawn_changes_nothing(monkeypatch, capsys):
    signals = [signal.SIGTERM]

    def draw(path, *args):
        for number in signals:
            os.kill(os.getpid(), number)
        path.write_bytes(b'a figure')

    monkeypatch.setattr(runs, 'save_figure', draw)
    assert main([*TOY, '--quiet', '--output', 'out']) == 0
    assert names('out') == ['figure.png', 'run.json', 'stage1.png', 'stage2.png']
    signals.append(signal.SIGTERM)  # a second one ends it at once
    assert main([*TOY, '--quiet', '--output', 'out']) == 130
    assert 'Go on from the last checkpoint with:' in capsys.readouterr().err


def test_nothing_can_go_on_in_a_folder_that_is_gone(monkeypatch, capsys):
    def draw(path, *args):
        shutil.rmtree(path.parent)
        raise InputError('the disk is gone')

    monkeypatch.setattr(runs, 'save_figure', draw)
    assert main([*TOY, '--quiet', '--output', 'out']) == 2
    assert capsys.readouterr().err == 'error: the disk is gone\n'


def test_a_picture_for_which_its_format_has_no_room(capsys):
    flags = ['--shape', '16400x16', '--format', 'webp', '--output', 'out']
    assert main([*TOY, *flags]) == 2
    assert 'a webp has room for 16383 pixels a side' in capsys.readouterr().err
    assert not Path('out').exists()


@pytest.mark.parametrize('change', [{'stage': 7}, {'stage': -1}, {'epoch': 5}, {'history': []}])
def test_a_checkpoint_that_says_odd_things(monkeypatch, capsys, change):
    def stop(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, 'save_figure', stop)
        assert main([*TOY, '--quiet', '--output', 'out']) == 130
    capsys.readouterr()
    path = Path('out', CHECKPOINT)
    saved = load_checkpoint(path)
    save_checkpoint(path, saved.arrays, {**saved.record, **change})
    assert main(['--resume', '--output', 'out']) == 2
    assert 'not of a run with these stages' in capsys.readouterr().err
    save_checkpoint(path, saved.arrays, saved.record)
    assert main(['--resume', '--quiet', '--output', 'out']) == 0
