"""Files are whole or not there, whatever happens while they are written."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

import styletransfer.files
from styletransfer.errors import InputError, unknown
from styletransfer.files import assets_folder, file_hash, replacing


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


def test_a_full_disk_is_told_in_one_line(tmp_path):
    path = tmp_path / 'result.txt'
    path.write_text('old')

    def fail():
        with replacing(path) as temporary:
            temporary.write_text('half')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match=r"result\.txt': No space left on device; free some sp"):
        fail()
    assert path.read_text() == 'old'
    assert names(tmp_path) == ['result.txt']


def test_a_failure_of_the_last_step(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(styletransfer.files.os, 'replace', refuse)
    with pytest.raises(InputError, match='Permission denied'), replacing(tmp_path / 'x') as file:
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


def test_two_processes_do_not_share_a_temporary_name(tmp_path, monkeypatch):
    with replacing(tmp_path / 'x') as mine:
        monkeypatch.setattr(os, 'getpid', lambda: 1)
        with replacing(tmp_path / 'x') as other:
            assert mine != other
            mine.write_text('mine')
            other.write_text('other')
        assert (tmp_path / 'x').read_text() == 'other'
    assert (tmp_path / 'x').read_text() == 'mine'


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
    known = ['d2l_zh', 'd2l_en']
    assert str(unknown('recipe', 'd2l_hz', known)).endswith("'d2l_hz'; did you mean 'd2l_zh'?")
    assert (
        str(unknown('recipe', 'zzz', known)) == "there is no recipe 'zzz'; known: d2l_zh, d2l_en"
    )
    assert str(unknown('flag', 'zzz', known, 'see --help')).endswith("'zzz'; see --help")
