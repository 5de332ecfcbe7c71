"""The folder for the results: one run at a time, and nothing is taken for what it is not."""

import json
import math
import os
import shutil
import subprocess
import sys

import numpy
import pytest

from styletransfer import outputs
from styletransfer.checkpoint import Checkpoint, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.outputs import (
    BATCH,
    CHECKPOINT,
    LOCK,
    RECORD,
    Book,
    check_folder,
    check_standing,
    find_interrupted,
    is_checkpoint,
    is_record,
    locked,
    remove,
)
from styletransfer.recipes import Stage

SHAPE = (48, 32)
STAGES = (Stage((24, 16), num_epochs=3), Stage(SHAPE, num_epochs=9))
GOOD = {'arguments': {}, 'recipe': {}, 'stages': [{}]}


def losses(count):
    return [{'epoch': k + 1, 'lr': 0.01, 'style': 5.0, 'total': 7} for k in range(count)]


# of a run that was stopped after the fifth epoch of its second stage
STANDING = {
    'argv': ['--shape', '48x32'],
    'fingerprint': {'backbone': 'vgg19_slim', 'recipe': {}},
    'stage': 1,
    'epoch': 5,
    'history': [
        {'title': '24x16', 'seconds': 1.5, 'losses': losses(3)},
        {'title': '48x32', 'seconds': 2, 'losses': losses(5)},
    ],
}
ARRAYS = {'X': numpy.zeros((1, 3, 32, 48), 'float32')}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_locked_to_others_and_free_again_afterwards(tmp_path):
    folder = tmp_path / 'not' / 'there'
    with locked(folder):
        assert names(folder) == [LOCK]
        with pytest.raises(
            InputError, match=r"another run is at work in --output '.*there': wait"
        ), locked(folder):
            pass
        assert names(folder) == [LOCK]
        with locked(tmp_path / 'elsewhere'):
            pass
    assert names(folder) == []
    with locked(folder):
        pass


def test_the_lock_of_another_process_ends_with_it(tmp_path):
    program = (
        'import sys, time; from filelock import FileLock\n'
        f'lock = FileLock({str(tmp_path / LOCK)!r}); lock.acquire(); print("held", flush=True)\n'
        'time.sleep(600)'
    )
    other = subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b'held\n'
        with pytest.raises(InputError, match='another run is at work'), locked(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()
    assert names(tmp_path) == [LOCK]  # it could not remove it any more
    with locked(tmp_path):
        pass
    assert names(tmp_path) == []


def test_a_lock_is_given_back_whatever_happens(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    assert names(tmp_path) == []
    with locked(tmp_path):
        shutil.rmtree(tmp_path)
    assert not tmp_path.exists()


def test_a_folder_that_cannot_be_locked(tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'link').symlink_to('nowhere')
    (tmp_path / 'odd' / LOCK).mkdir(parents=True)
    for name in ('file', 'link', 'odd', 'file/deeper', 'x' * 300):
        says = r'cannot write to --output .*; choose another folder'
        with pytest.raises(InputError, match=says), locked(tmp_path / name):
            pass


def test_what_a_killed_run_was_writing_goes_when_the_next_begins(tmp_path):
    for folder in (tmp_path, tmp_path / 'previews'):
        (folder / '.unfinished-a1b2c3d4').mkdir(parents=True)
        (folder / '.unfinished-a1b2c3d4' / 'stage1.png').write_bytes(b'half')
        (folder / '.unfinished').write_text('mine')
    with locked(tmp_path):
        assert names(tmp_path) == [LOCK, '.unfinished', 'previews']
        assert names(tmp_path / 'previews') == ['.unfinished']


def test_nothing_is_removed_behind_a_link_named_previews(tmp_path):
    (tmp_path / 'elsewhere' / '.unfinished-a1b2c3d4').mkdir(parents=True)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'previews').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'out' / RECORD).write_text(json.dumps(GOOD))
    with locked(tmp_path / 'out'):
        assert names(tmp_path / 'elsewhere') == ['.unfinished-a1b2c3d4']
    with pytest.raises(InputError, match=r"'previews' .* not of an earlier run"):
        check_folder(tmp_path / 'out', SHAPE)


def test_only_files_are_removed(tmp_path):
    for name in ('stage1.png', 'stage2.png', 'stage3.png.txt'):
        (tmp_path / name).touch()
    (tmp_path / 'stage9.png').mkdir()
    (tmp_path / 'stage8.png').symlink_to('nowhere')
    remove(tmp_path, r'stage\d+\.png', but=[tmp_path / 'stage1.png'])
    assert names(tmp_path) == ['stage1.png', 'stage3.png.txt', 'stage8.png', 'stage9.png']
    remove(tmp_path / 'nowhere', '.*')


@pytest.mark.parametrize(
    'name', ['stage9.png', 'figure.png', 'previews/stage1-epoch0001.png', 'run.json']
)
def test_a_folder_in_the_place_of_a_file_is_found_before_anything_is_painted(tmp_path, name):
    save_checkpoint(tmp_path / CHECKPOINT, ARRAYS, STANDING)
    (tmp_path / RECORD).write_text(json.dumps(GOOD))
    check_folder(tmp_path, SHAPE)
    (tmp_path / RECORD).unlink()
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(InputError, match=f"^'{name}' in --output .* is not of an earlier run"):
        check_folder(tmp_path, SHAPE)


def test_an_optimizer_that_keeps_pictures_needs_more_room(tmp_path, monkeypatch):
    usage = shutil.disk_usage('.')._replace(free=200 * math.prod(SHAPE))
    monkeypatch.setattr(outputs.shutil, 'disk_usage', lambda path: usage)
    check_folder(tmp_path, SHAPE)
    check_folder(tmp_path, SHAPE, kept=4)
    with pytest.raises(InputError, match='are needed'):
        check_folder(tmp_path, SHAPE, kept=25)


def test_a_file_in_the_place_of_the_previews(tmp_path):
    (tmp_path / RECORD).write_text(json.dumps(GOOD))
    (tmp_path / 'previews').touch()
    with pytest.raises(InputError, match=r"^'previews' in --output .* is not of an earlier run"):
        check_folder(tmp_path, SHAPE)


@pytest.mark.parametrize(
    ('name', 'says'),
    [
        ('link', r"--output '.*link' is a link to nothing, not a folder: choose another"),
        ('file', r"--output '.*file' is a file, not a folder: choose another"),
        ('pipe', r"--output '.*pipe' is a file, not a folder: choose another"),
        ('link/deeper', 'cannot write to --output .*: No such file or directory; choose another'),
        ('file/deeper', 'cannot write to --output .*: Not a directory; choose another'),
        ('x' * 300, 'cannot write to --output .*: File name too long; choose another'),
    ],
)
def test_folders_that_are_none(tmp_path, name, says):
    (tmp_path / 'file').touch()
    (tmp_path / 'link').symlink_to('nowhere')
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(InputError, match=says):
        check_folder(tmp_path / name, SHAPE)


@pytest.mark.parametrize(
    ('free', 'says'),
    [
        (0, 'has 0 MB free, about 1 MB are needed'),
        (153_599, 'has 0 MB free, about 1 MB are needed'),
    ],
)
def test_how_much_is_free_and_how_much_is_needed_are_not_the_same(
    tmp_path, monkeypatch, free, says
):
    usage = shutil.disk_usage('.')._replace(free=free)
    monkeypatch.setattr(outputs.shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(InputError, match=says):
        check_folder(tmp_path, SHAPE)


@pytest.mark.parametrize('name', [RECORD, CHECKPOINT, BATCH])
def test_records_that_are_no_ordinary_files(tmp_path, at_once, name):
    look = (
        (lambda folder: Book(folder, {})) if name == BATCH else (lambda f: check_folder(f, SHAPE))
    )
    for make in (os.mkfifo, os.mkdir, lambda path: os.symlink('/dev/zero', path)):
        folder = tmp_path / str(len(names(tmp_path)))
        folder.mkdir()
        make(folder / name)
        with pytest.raises(InputError, match=f"'{name}' in --output .* is not of an earlier run"):
            look(folder)


def test_the_record_of_a_run(tmp_path):
    path = tmp_path / RECORD
    path.write_text(json.dumps(GOOD))
    assert is_record(path)
    for text in (
        *('[' * 100000, '', '5', '{}', '{"arguments": {}, "recipe": {}}'),
        json.dumps({**GOOD, 'stages': 3}),
        json.dumps({**GOOD, 'arguments': []}),
    ):
        path.write_text(text)
        assert not is_record(path)


@pytest.mark.parametrize('name', ['x' * 300, 'nowhere', 'empty', 'pipe'])
def test_where_nothing_is_to_be_resumed(tmp_path, name):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'pipe').mkdir()
    os.mkfifo(tmp_path / 'pipe' / CHECKPOINT)
    with pytest.raises(InputError, match=r'nothing to resume in .*: it holds no interrupted run'):
        find_interrupted(tmp_path / name)


ODD_RECORDS = {
    'nothing': [],
    'argv': {**STANDING, 'argv': '--shape'},
    'argv of numbers': {**STANDING, 'argv': [5]},
    'fingerprint': {**STANDING, 'fingerprint': []},
    'backbone': {**STANDING, 'fingerprint': {'backbone': None}},
    'stage': {**STANDING, 'stage': '1'},
    'epoch': {**STANDING, 'epoch': True},
    'half an epoch': {**STANDING, 'epoch': 4.5},
    'history': {**STANDING, 'history': {}},
    'seconds': {**STANDING, 'history': [{'title': '', 'seconds': None, 'losses': []}]},
    'losses': {**STANDING, 'history': [{'title': '', 'seconds': 1, 'losses': [5]}]},
    'a loss': {
        **STANDING,
        'history': [{'title': '', 'seconds': 1, 'losses': [{'epoch': 1, 'style': 'x'}]}],
    },
}


@pytest.mark.parametrize('name', ODD_RECORDS)
def test_an_odd_record_of_where_a_run_stands(tmp_path, name):
    save_checkpoint(tmp_path / CHECKPOINT, ARRAYS, STANDING)
    assert is_checkpoint(tmp_path / CHECKPOINT)
    assert find_interrupted(tmp_path).record == STANDING
    save_checkpoint(tmp_path / CHECKPOINT, ARRAYS, ODD_RECORDS[name])
    assert not is_checkpoint(tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match='is not of this command'):
        find_interrupted(tmp_path)


def test_where_a_run_can_stand():
    check_standing(Checkpoint(ARRAYS, STANDING), STAGES)
    last = {**STANDING, 'epoch': 9}
    last['history'] = [STANDING['history'][0], {'title': '', 'seconds': 2, 'losses': losses(9)}]
    check_standing(Checkpoint(ARRAYS, last), STAGES)
    check_standing(Checkpoint({}, {**STANDING, 'stage': 0, 'epoch': 0, 'history': []}), STAGES)


@pytest.mark.parametrize(
    ('change', 'arrays'),
    [
        ({'stage': 0}, ARRAYS),
        ({'stage': 2}, ARRAYS),
        ({'stage': -1}, ARRAYS),
        ({'epoch': 0}, ARRAYS),
        ({'epoch': -5}, ARRAYS),
        ({'epoch': 6}, ARRAYS),
        ({'epoch': 10, 'history': [{'losses': losses(3)}, {'losses': losses(10)}]}, ARRAYS),
        ({'history': []}, ARRAYS),
        ({'history': STANDING['history'][:1]}, ARRAYS),
        ({'history': STANDING['history'][::-1]}, ARRAYS),
        ({}, {}),
        ({}, {'X': numpy.zeros((1, 3, 48, 32), 'float32')}),
        ({}, {'X': numpy.zeros(5, 'float32')}),
        ({'stage': 0, 'epoch': 0}, {}),
    ],
)
def test_where_no_run_can_stand(change, arrays):
    with pytest.raises(InputError, match='not of a run with these stages: leave out --resume'):
        check_standing(Checkpoint(arrays, {**STANDING, **change}), STAGES)


PAINTING = {'files': {'content': ['abc']}, 'seconds': 5}


def test_the_record_of_a_batch(tmp_path):
    path = tmp_path / BATCH
    for seconds in (None, 5, 2.5):
        record = {'settings': {'a': 1}, 'paintings': {'x.png': {**PAINTING, 'seconds': seconds}}}
        path.write_text(json.dumps(record))
        assert Book(tmp_path, {'a': 1}).paintings == record['paintings']


@pytest.mark.parametrize(
    'record',
    [
        5,
        {},
        {'settings': {'a': 1}},
        {'settings': [], 'paintings': {}},
        {'settings': {'a': 1}, 'paintings': []},
        {'settings': {'a': 1}, 'paintings': {'x.png': 5}},
        {'settings': {'a': 1}, 'paintings': {'x.png': {'files': {}}}},
        {'settings': {'a': 1}, 'paintings': {'x.png': {'seconds': 5}}},
        {'settings': {'a': 1}, 'paintings': {'x.png': {**PAINTING, 'seconds': 'x'}}},
        {'settings': {'a': 1}, 'paintings': {'x.png': {**PAINTING, 'files': {'content': 5}}}},
    ],
    ids=range(10),
)
def test_an_odd_record_of_a_batch(tmp_path, record):
    (tmp_path / BATCH).write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"'batch\.json' in --output .* not of an earlier run"):
        Book(tmp_path, {'a': 1})
