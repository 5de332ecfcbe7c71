"""Files that are whole or not there, and files of strangers: how both are met.

Whatever this package writes goes through `replacing`, and what it reads through `open_regular`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Optional, Union

from styletransfer.errors import InputError, telling_line

_UNFINISHED = '.unfinished-'


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the name of an empty file; on success it becomes `path`, on failure it goes.

    Whoever looks at `path` sees the old file or the new one, never a part of one. Its folder is
    made if need be. The file lies in a folder beside `path` that is new and open to nobody else:
    no link can lead it elsewhere, and no other process writes there.

    Raises
    ------
    InputError
        If the system refuses: a full disk, a folder that cannot be written.
    """
    path = Path(path)
    folder: Optional[str] = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=_UNFINISHED, dir=path.parent)
        temporary = Path(folder, path.name)
        temporary.touch()
        mode = stat.S_IMODE(temporary.stat().st_mode)
        yield temporary
        temporary.chmod(mode)  # safetensors puts a file in its place that only we could read
        os.replace(temporary, path)
    except Exception as error:
        from safetensors import SafetensorError

        # of a full disk safetensors tells in an error of its own
        if not isinstance(error, (OSError, SafetensorError)):
            raise
        reason = telling_line(error)
        full = any(os.strerror(number) in reason for number in (errno.ENOSPC, errno.EDQUOT))
        remedy = 'free some space or choose another folder' if full else 'choose another folder'
        raise InputError(f"cannot write '{path}': {reason}; {remedy}") from error
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove from a folder what processes were writing when they were killed.

    Nobody may be writing there now: what will be finished looks the same.
    """
    for path in folder.glob(_UNFINISHED + 8 * '?'):
        shutil.rmtree(path, ignore_errors=True)  # which follows no link


def open_regular(path: Union[str, Path]) -> BinaryIO:
    """Open an ordinary file to read its bytes.

    A pipe would wait for someone who writes, and a device might never end.

    Raises
    ------
    InputError
        If there is no such file, it is of another kind, or the system refuses.
    """
    try:
        file = open(path, 'rb', opener=_at_once)  # noqa: SIM115  (for the caller to close)
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
        why = 'it is no ordinary file'
    except FileNotFoundError:
        why = 'no such file'
    except IsADirectoryError:
        why = 'it is a folder'
    except (OSError, ValueError) as error:  # a name may hold what no name may
        why = telling_line(error)
    raise InputError(f"cannot read '{path}': {why}; give the name of a file")


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def file_hash(path: Path, kind: str = 'sha256') -> str:
    """Return the hash of an ordinary file: one of hashlib's, or 'git' for a git blob's.

    It is in hexadecimal.

    Raises
    ------
    InputError
        As of `open_regular`.
    """
    digest = hashlib.new('sha1' if kind == 'git' else kind)
    with open_regular(path) as file:
        if kind == 'git':
            digest.update(b'blob %d\0' % os.fstat(file.fileno()).st_size)
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def reading(what: str, remedy: str) -> Iterator[None]:
    """Tell in one line whatever a library raises at a file: what (why): remedy.

    Every library meets a damaged file with errors of its own kinds, and of many.

    Raises
    ------
    InputError
        For every error but those that are told in one line already.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f'{what} ({telling_line(error)}): {remedy}') from error


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    InputError
        If it cannot be read, or is not JSON.
    """
    with open_regular(path) as file, reading(f"'{path}' is damaged", 'remove it'):
        return json.loads(file.read().decode())


def fits(value: Any, pattern: Any) -> bool:
    """Tell whether a value out of JSON is made as it must be.

    A type stands for all that is of just this type, and `object` for anything; a tuple for
    either of its parts, ``[pattern]`` for a list of such, and a dict for one that has these names
    at least. The name `str` stands for any name.

    >>> fits({'stage': 1, 'shapes': [[5, 3]]}, {'stage': int, 'shapes': [[int]]})
    True
    >>> fits({'a': None, 'b': 'x'}, {str: (int, type(None))})
    False
    """
    if isinstance(pattern, tuple):
        return any(fits(value, part) for part in pattern)
    if isinstance(pattern, list):
        return isinstance(value, list) and all(fits(part, pattern[0]) for part in value)
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            all(fits(part, made) for part in value.values())
            if name is str
            else name in value and fits(value[name], made)
            for name, made in pattern.items()
        )
    return pattern is object or type(value) is pattern


def assets_folder() -> Path:
    """Return where bundled files lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / 'assets'
    return inside if inside.is_dir() else package.parent / 'assets'
