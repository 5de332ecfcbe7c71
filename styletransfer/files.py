"""Files that are whole or not there: everything this package writes goes through `replacing`."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from styletransfer.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success it becomes `path`, on failure it goes.

    Whoever looks at `path` sees the old file or the new one, never a part of one. Its folder is
    made if need be.

    Raises
    ------
    InputError
        If the system refuses: a full disk, a folder that cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f'.{os.getpid()}-{path.name}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write '{path}': {reason}; free some space or choose another folder"
        ) from error
    finally:
        with suppress(OSError):  # it is not there after a success, or its folder is none
            temporary.unlink()


def file_hash(path: Path, kind: str = 'sha256') -> str:
    """Return the hash of a file in hexadecimal: one of hashlib's, or 'git' for a git blob's."""
    digest = hashlib.new('sha1' if kind == 'git' else kind)
    if kind == 'git':
        digest.update(b'blob %d\0' % path.stat().st_size)
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def assets_folder() -> Path:
    """Return where bundled files lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / 'assets'
    return inside if inside.is_dir() else package.parent / 'assets'
