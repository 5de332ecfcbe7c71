"""Files are whole or not there, whatever happens while they are written or who made them."""

import doctest
import errno
import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

import styletransfer.files
from styletransfer import files
from styletransfer.errors import InputError, unknown
from styletransfer.files import (
    assets_folder,
    file_hash,
    fits,
    open_regular,
    read_json,
    reading,
    remove_unfinished,
    replacing,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / 'result.txt'
    with replacing(path) as temporary:
        temporary.write_text('half')
        assert not path.exists()
        temporary.write_text('whole')
    assert path.read_text() == 'whole'
    assert names(tmp_path) == ['result.txt']


def test_until_then_the_old_file_stays(tmp_path):
    path = tmp_path / 'result.txt'
    path.write_text('old')
    with replacing(path) as temporary:
        temporary.write_text('new')
        assert path.read_text() == 'old'
    assert path.read_text() == 'new'


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / 'result.txt'
    path.write_text('old')

    def fail():
        with replacing(path) as temporary:
            temporary.write_text('half')
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == 'old'
    assert names(tmp_path) == ['result.txt']


@pytest.mark.parametrize(
    ('error', 'says'),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            'No space left on device; free some space or choose another folder',
        ),
        (
            SafetensorError('I/O error: No space left on device (os error 28) at path "x"'),
            'No space left on device (os error 28) at path "x"; free some space or choose another '
            'folder',
        ),
        (
            OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
            'Disk quota exceeded; free some space or choose another folder',
        ),
        (
            OSError(errno.EFBIG, os.strerror(errno.EFBIG)),
            'File too large; choose another folder',
        ),
        (SafetensorError('odd'), "'{path}': odd; choose another folder"),
    ],
    ids=['disk', 'safetensors', 'quota', 'size', 'library'],
)
def test_what_the_system_refuses_is_told_in_one_line(tmp_path, error, says):
    path = tmp_path / 'result.txt'
    path.write_text('old')

    def fail():
        with replacing(path) as temporary:
            temporary.write_text('half')
            raise error

    with pytest.raises(InputError) as caught:
        fail()
    assert str(caught.value).startswith(f"cannot write '{path}': ")
    assert str(caught.value).endswith(says.format(path=path))
    assert path.read_text() == 'old'
    assert names(tmp_path) == ['result.txt']


def test_a_failure_of_the_last_step(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(styletransfer.files.os, 'replace', refuse)
    with pytest.raises(InputError, match='Permission denied; choose'), replacing(
        tmp_path / 'x'
    ) as file:
        file.write_text('whole')
    assert names(tmp_path) == []


def test_the_folder_is_made(tmp_path):
    with replacing(tmp_path / 'a' / 'b' / 'result.txt') as temporary:
        temporary.write_text('whole')
    assert (tmp_path / 'a' / 'b' / 'result.txt').read_text() == 'whole'


@pytest.mark.parametrize('place', ['file/result.txt', 'file/deeper/result.txt', 'folder'])
def test_places_where_nothing_can_be_written(tmp_path, place):
    (tmp_path / 'file').write_text('in the way')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / 'full').write_text('in the way')
    with pytest.raises(InputError, match='cannot write'), replacing(tmp_path / place) as temporary:
        temporary.write_text('whole')
    assert names(tmp_path) == ['file', 'folder']


def test_two_that_write_the_same_file_do_not_meet(tmp_path):
    with replacing(tmp_path / 'x') as mine:
        with replacing(tmp_path / 'x') as other:
            assert mine != other
            mine.write_text('mine')
            other.write_text('other')
        assert (tmp_path / 'x').read_text() == 'other'
    assert (tmp_path / 'x').read_text() == 'mine'


def test_the_longest_of_names_can_be_written(tmp_path):
    path = tmp_path / ('x' * 251 + '.txt')
    with replacing(path) as temporary:
        temporary.write_text('whole')
    assert path.read_text() == 'whole'


def test_names_that_are_not_utf_8(tmp_path):
    path = tmp_path / os.fsdecode(b'\xff\xfe.safetensors')
    with replacing(path) as temporary:
        save_file({'a': numpy.zeros(3)}, temporary)
    assert os.listdir(os.fsencode(tmp_path)) == [b'\xff\xfe.safetensors']


def test_nothing_is_written_through_a_link(tmp_path, monkeypatch):
    precious = tmp_path / 'precious'
    precious.mkdir()
    (precious / 'x').write_text('precious')
    folder = tmp_path / 'out'
    folder.mkdir()
    (folder / '.unfinished-guessed1').symlink_to(precious)
    (folder / 'x').symlink_to(precious / 'x')
    guesses = iter(['guessed1', 'unknown1'])
    monkeypatch.setattr(tempfile, '_get_candidate_names', lambda: guesses)
    with replacing(folder / 'x') as temporary:
        temporary.write_text('mine')
        assert stat.S_IMODE(temporary.parent.stat().st_mode) == 0o700
    assert next(guesses, None) is None
    assert (precious / 'x').read_text() == 'precious'
    assert names(precious) == ['x']
    assert (folder / 'x').read_text() == 'mine'
    assert not (folder / 'x').is_symlink()


@pytest.mark.parametrize(('umask', 'mode'), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with replacing(tmp_path / 'text') as temporary:
            temporary.write_text('whole')
        with replacing(tmp_path / 'tensors') as temporary:
            save_file({'a': numpy.zeros(3)}, temporary)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / 'text').stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / 'tensors').stat().st_mode) == mode


def test_what_a_killed_process_was_writing_is_removed_and_nothing_else(tmp_path, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(files.shutil, 'rmtree', lambda *args, **options: None)
        with suppress(KeyboardInterrupt), replacing(tmp_path / 'x') as temporary:
            temporary.write_text('half')
            raise KeyboardInterrupt
    assert len(names(tmp_path)) == 1
    (tmp_path / 'precious').mkdir()
    (tmp_path / 'precious' / 'x').write_text('precious')
    foreign = ['.unfinished-12345678', '.unfinished-notes', '.unfinished-abcdefgh']
    (tmp_path / foreign[0]).symlink_to(tmp_path / 'precious')
    (tmp_path / foreign[1]).mkdir()
    (tmp_path / foreign[2]).write_text('mine')
    remove_unfinished(tmp_path)
    assert names(tmp_path) == sorted([*foreign, 'precious'])
    assert (tmp_path / 'precious' / 'x').read_text() == 'precious'
    remove_unfinished(tmp_path / 'nowhere')


@pytest.fixture
def odd(tmp_path, at_once):
    """Return names of what is no ordinary file, with what is said of each."""
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'endless').symlink_to('/dev/zero')
    (tmp_path / 'dangling').symlink_to('nowhere')
    return {
        tmp_path / 'pipe': 'it is no ordinary file',
        tmp_path / 'endless': 'it is no ordinary file',
        tmp_path / 'folder': 'it is a folder',
        tmp_path / 'dangling': 'no such file',
        tmp_path / 'missing': 'no such file',
        tmp_path / 'missing' / 'x': 'no such file',
        tmp_path / ('x' * 300): 'File name too long',
        'no\0name': 'embedded null byte',
    }


@pytest.mark.parametrize('read', [open_regular, file_hash, read_json])
def test_only_ordinary_files_are_read(odd, read):
    for path, why in odd.items():
        with pytest.raises(InputError) as caught:
            read(path)
        assert str(caught.value) == f"cannot read '{path}': {why}; give the name of a file"


def test_a_link_to_an_ordinary_file_is_read(tmp_path):
    (tmp_path / 'x').write_bytes(b'whole')
    (tmp_path / 'link').symlink_to('x')
    with open_regular(tmp_path / 'link') as file:
        assert file.read() == b'whole'


@pytest.mark.parametrize(
    'error', [ValueError('odd'), KeyError('odd'), RecursionError('odd'), MemoryError('odd')]
)
def test_whatever_a_library_raises_is_told_in_one_line(error):
    says = r"^cannot read x \('?odd'?\): remove it$"
    with pytest.raises(InputError, match=says), reading('cannot read x', 'remove it'):
        raise error


@pytest.mark.parametrize('error', [InputError('told'), KeyboardInterrupt('told')])
def test_what_is_told_already_stays_as_it_is(error):
    with pytest.raises(type(error)) as caught, reading('cannot read x', 'remove it'):
        raise error
    assert caught.value is error


def test_json(tmp_path):
    (tmp_path / 'x').write_text('{"ä": [1, 2.5, null]}', encoding='utf-8')
    assert read_json(tmp_path / 'x') == {'ä': [1, 2.5, None]}


@pytest.mark.parametrize(
    'contents', [b'', b'{', b'[' * 100000, b'"\xff"', b'1' * 5000 + b'x'], ids=range(5)
)
def test_damaged_json_is_told_in_one_line(tmp_path, contents):
    (tmp_path / 'x').write_bytes(contents)
    with pytest.raises(InputError, match=r"x' is damaged \(.+\): remove it$"):
        read_json(tmp_path / 'x')


@pytest.mark.parametrize(
    ('value', 'pattern'),
    [
        (1, int),
        (None, type(None)),
        ('x', object),
        (2.5, (int, float)),
        ([], [int]),
        ([1, 2], [int]),
        ({}, {}),
        ({'a': 1, 'b': 'x'}, {'a': int}),
        ({'a': 1, 'b': 2}, {str: int}),
        ({'a': [{'b': None}]}, {'a': [{'b': (int, type(None))}]}),
    ],
)
def test_what_fits(value, pattern):
    assert fits(value, pattern)


@pytest.mark.parametrize(
    ('value', 'pattern'),
    [
        (True, int),
        (True, (int, float)),
        (1, float),
        (None, {}),
        ('x', [str]),
        ({'a': 1}, [str]),
        ([1, 'x'], [int]),
        ([['a', 1]], {}),
        ({'b': 1}, {'a': int}),
        ({'a': 'x'}, {'a': int}),
        ({'a': 1, 'b': 'x'}, {'a': int, str: int}),
        ({'a': [{'b': []}]}, {'a': [{'b': (int, type(None))}]}),
    ],
)
def test_what_does_not_fit(value, pattern):
    assert not fits(value, pattern)


def test_the_examples_are_right():
    assert doctest.testmod(files) == (0, 2)


@pytest.mark.parametrize('size', [0, 5, (1 << 20) + 1])
def test_file_hash(tmp_path, size):
    contents = os.urandom(size)
    (tmp_path / 'x').write_bytes(contents)
    assert file_hash(tmp_path / 'x') == hashlib.sha256(contents).hexdigest()


def test_a_git_hash_is_that_of_git(tmp_path):
    (tmp_path / 'blob').write_bytes(b'hello\n')
    assert file_hash(tmp_path / 'blob', 'git') == 'ce013625030ba8dba906f756967f9e9ca394464a'


def test_assets_are_those_of_the_package_or_of_the_checkout(tmp_path, monkeypatch):
    assert (assets_folder() / 'content').is_dir()
    package = tmp_path / 'styletransfer'
    (package / 'assets').mkdir(parents=True)
    monkeypatch.setattr(styletransfer.files, '__file__', str(package / 'files.py'))
    assert assets_folder() == Path(os.path.realpath(package)) / 'assets'


def test_unknown_names():
    known = ['tutorial', 'd2l']
    assert str(unknown('recipe', 'tutoral', known)).endswith("'tutoral'; did you mean 'tutorial'?")
    assert str(unknown('recipe', 'zzz', known)) == "there is no recipe 'zzz'; known: tutorial, d2l"
    assert str(unknown('flag', 'zzz', known, 'see --help')).endswith("'zzz'; see --help")
