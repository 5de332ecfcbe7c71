"""The folder for the results: what the files are called, whose they are, whether more may come."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Sequence

from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.errors import InputError
from styletransfer.files import replacing
from styletransfer.images import ImageShape

CHECKPOINT, RECORD, FIGURE, PREVIEWS = (
    'checkpoint.safetensors',
    'run.json',
    'figure.png',
    'previews',
)
BATCH = 'batch.json'

# a file half written when its process was killed: see `replacing`
LEFTOVER = r'\.\d+-(stage|figure|run|checkpoint).*'


def check_folder(folder: Path, shape: ImageShape) -> None:
    """Refuse a folder that cannot be written, is nearly full, or holds files not of a run.

    A folder that is not there yet is not made yet either.
    """
    names = check_writable(folder, shape)
    foreign = [n for n, ours in OURS.items() if n in names and not ours(folder / n)]
    if not set(names) & set(OURS):
        foreign += [n for n in names if n in (FIGURE, PREVIEWS) or re.match(r'stage\d+\.', n)]
    if foreign:
        raise overwriting(foreign[0], folder)


def check_writable(folder: Path, shape: ImageShape) -> List[str]:
    """Return the names in a folder; refuse one that cannot be written or is nearly full."""
    if os.path.exists(folder) and not folder.is_dir():
        raise InputError(f"--output '{folder}' is a file, not a folder: choose another")
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
        names = sorted(path.name for path in folder.iterdir()) if there == folder else []
    except OSError as error:
        raise InputError(
            f"cannot write to --output '{folder}': {error.strerror}; choose another folder"
        ) from error
    need = 100 * math.prod(shape)
    if free < need:
        raise InputError(
            f"--output '{folder}' has {free / 1e6:.0f} MB free, about {need / 1e6:.0f} MB are "
            'needed: free some space or choose another folder'
        )
    return names


def overwriting(name: str, folder: Path) -> InputError:
    """Return the error for a file that is in the way."""
    return InputError(
        f"'{name}' in --output '{folder}' is not of an earlier run and would be "
        'overwritten: choose another folder'
    )


def is_record(path: Path) -> bool:
    """Tell whether a file is the record of a run of this program."""
    try:
        record = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and {'arguments', 'recipe', 'stages'} <= set(record)


def is_checkpoint(path: Path) -> bool:
    """Tell whether a file is the checkpoint of a run of this program."""
    try:
        record = load_checkpoint(path).record
    except InputError:
        return False
    return isinstance(record, dict) and {'argv', 'fingerprint'} <= set(record)


OURS = {RECORD: is_record, CHECKPOINT: is_checkpoint}


def find_interrupted(folder: Path) -> Checkpoint:
    """Return the checkpoint of the interrupted run in a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        done = is_record(folder / RECORD)
        why = 'its run is complete' if done else 'it holds no interrupted run'
        raise InputError(f"nothing to resume in '{folder}': {why}; leave out --resume")
    saved = load_checkpoint(path)
    if not is_checkpoint(path):
        raise InputError(f"'{path}' is not of this command: choose another --output")
    return saved


class Book:
    """The record of a batch: with which settings, of which files, which paintings are done.

    Parameters
    ----------
    folder : Path
    settings : dict
        What all paintings have in common.

    Raises
    ------
    InputError
        If the folder has a batch of other settings.
    """

    def __init__(self, folder: Path, settings: Dict[str, Any]) -> None:
        self.folder, self.settings = folder, settings
        self.paintings: Dict[str, Dict[str, Any]] = {}
        if not (folder / BATCH).exists():
            return
        try:
            record = json.loads((folder / BATCH).read_text(encoding='utf-8'))
            then, self.paintings = record['settings'], record['paintings']
            changed = [name for name in settings if settings[name] != then.get(name)]
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise overwriting(BATCH, folder) from error
        if changed:
            raise InputError(
                f"the pictures in --output '{folder}' were made with another "
                f'{" and ".join(changed).replace("_", " ")}: choose another folder, or remove it'
            )

    def is_done(self, name: str, files: Dict[str, List[str]]) -> bool:
        """Tell whether a painting is there, of these files; if it is not, note that it will be.

        Raises
        ------
        InputError
            If there is one of other files, or not of a batch.
        """
        known = self.paintings.get(name)
        if (self.folder / name).exists():
            if not known:
                raise overwriting(name, self.folder)
            if known['seconds'] and known['files'] != files:
                raise InputError(
                    f"'{name}' in --output '{self.folder}' was made from other pictures: "
                    'choose another folder, or remove it'
                )
            if known['seconds']:
                return True
        self.paintings[name] = {'files': files, 'seconds': None}
        return False

    def done(self, name: str, seconds: float) -> None:
        """Note that a painting is done."""
        self.paintings[name]['seconds'] = round(seconds, 3)
        self.save()

    def save(self) -> None:
        """Write the record, whole or not at all."""
        record = {'settings': self.settings, 'paintings': self.paintings}
        with replacing(self.folder / BATCH) as temporary:
            temporary.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')


def remove(folder: Path, pattern: str, but: Sequence[Path] = ()) -> None:
    """Remove what an earlier run left, so that no one takes it for this one's."""
    for path in folder.glob('*'):
        if re.fullmatch(pattern, path.name) and path not in but:
            path.unlink()


def as_json(value: Any) -> Any:
    """Return a value as it comes back from a JSON file: tuples as lists, paths as text."""
    return json.loads(json.dumps(value, default=str))
