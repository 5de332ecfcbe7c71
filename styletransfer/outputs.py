"""The folder for the results: what the files are called, whose they are, whether more may come."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.errors import InputError, telling_line
from styletransfer.files import fits, read_json, remove_unfinished, replacing
from styletransfer.images import ImageShape
from styletransfer.recipes import Stage

CHECKPOINT, RECORD, FIGURE, PREVIEWS = (
    'checkpoint.safetensors',
    'run.json',
    'figure.png',
    'previews',
)
LABELS = ('content-labels.png', 'style-labels.png')
BATCH, LOCK = 'batch.json', '.styletransfer.lock'

# how the records are made that are read again: see `fits`
NUMBER = (int, float)
STANDING = {
    'argv': [str],
    'fingerprint': {'backbone': str},
    'stage': int,
    'epoch': int,
    'history': [{'title': str, 'seconds': NUMBER, 'losses': [{'epoch': int, str: NUMBER}]}],
}
COMPLETE: Dict[str, Any] = {'arguments': {}, 'recipe': {}, 'stages': [{}]}
PAINTINGS = {
    'settings': {},
    'paintings': {str: {'files': {str: [str]}, 'seconds': (*NUMBER, type(None))}},
}


def check_folder(
    folder: Path, shape: ImageShape, kept: int = 0, further: Sequence[str] = ()
) -> None:
    """Refuse a folder that cannot be written, is nearly full, or holds files not of a run.

    `kept` is how many pictures the optimiser keeps in a checkpoint beyond Adam's two, `further`
    the names of files that will be written besides those of every run.

    A folder that is not there yet is not made yet either.
    """
    names = check_writable(folder, shape, kept)
    pictures = [n for n in names if n in (FIGURE, *further) or re.match(r'stage\d+\.', n)]
    foreign = [n for n, ours in OURS.items() if n in names and not ours(folder / n)]
    previews = folder / PREVIEWS
    if not set(names) & set(OURS):
        foreign += [n for n in (*pictures, PREVIEWS) if n in names]
    if PREVIEWS in names and (previews.is_symlink() or not previews.is_dir()):
        foreign.append(PREVIEWS)  # what lies behind a link is not ours to remove
    for path in (*(folder / n for n in pictures), *previews.glob('stage*')):
        if path.is_dir():  # no file can take its place
            foreign.append(str(path.relative_to(folder)))
    if foreign:
        raise overwriting(foreign[0], folder)


def check_writable(folder: Path, shape: ImageShape, kept: int = 0) -> List[str]:
    """Return the names in a folder; refuse one that cannot be written or is nearly full."""
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if is_there(path))
        if there == folder and not folder.is_dir():
            what = 'a link to nothing' if folder.is_symlink() else 'a file'
            raise InputError(f"--output '{folder}' is {what}, not a folder: choose another")
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
        names = sorted(path.name for path in folder.iterdir()) if there == folder else []
    except OSError as error:
        raise cannot_write(folder, error) from error
    # a checkpoint is there twice while it is written; a picture is 12 bytes a pixel
    need = (100 + 24 * kept) * math.prod(shape)
    if free < need:
        raise InputError(
            f"--output '{folder}' has {free // 10**6} MB free, about {-(-need // 10**6)} MB are "
            'needed: free some space or choose another folder'
        )
    return names


def is_there(path: Path) -> bool:
    """Tell whether there is anything of a name, be it a link to nothing.

    Raises
    ------
    OSError
        If the system does not say.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def cannot_write(folder: Path, error: OSError) -> InputError:
    """Return the error for a folder in which the system lets us write nothing."""
    return InputError(
        f"cannot write to --output '{folder}': {telling_line(error)}; choose another folder"
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, and remove what killed ones were writing there.

    The lock is the system's: it ends with the process that holds it, however that ends.

    Raises
    ------
    InputError
        If another run is at work there, or nothing can be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(str(folder / LOCK), timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(
            f"another run is at work in --output '{folder}': wait until it is done, or choose "
            'another folder'
        ) from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        remove_unfinished(folder)
        if not (folder / PREVIEWS).is_symlink():
            remove_unfinished(folder / PREVIEWS)
        yield
    finally:
        # while it is held: who opened it meanwhile will find that it is of no folder any more
        (folder / LOCK).unlink(missing_ok=True)
        lock.release()


def overwriting(name: str, folder: Path) -> InputError:
    """Return the error for a file that is in the way."""
    return InputError(
        f"'{name}' in --output '{folder}' is not of an earlier run and would be "
        'overwritten: choose another folder'
    )


def is_record(path: Path) -> bool:
    """Tell whether a file is the record of a run of this program."""
    try:
        return fits(read_json(path), COMPLETE)
    except InputError:
        return False


def is_checkpoint(path: Path) -> bool:
    """Tell whether a file is the checkpoint of a run of this program."""
    try:
        load_checkpoint(path, STANDING)
    except InputError:
        return False
    return True


OURS = {RECORD: is_record, CHECKPOINT: is_checkpoint}


def find_interrupted(folder: Path) -> Checkpoint:
    """Return the checkpoint of the interrupted run in a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    path = folder / CHECKPOINT
    if not os.path.isfile(path):  # unlike Path's it takes any name
        done = is_record(folder / RECORD)
        why = 'its run is complete' if done else 'it holds no interrupted run'
        raise InputError(f"nothing to resume in '{folder}': {why}; leave out --resume")
    return load_checkpoint(path, STANDING)


def check_standing(saved: Checkpoint, stages: Sequence[Stage]) -> None:
    """Refuse a checkpoint that stands where no run of these stages can.

    Raises
    ------
    InputError
        If its stage, its epoch, its picture or its losses are not of such a run.
    """
    stage, epoch, history = (saved.record[name] for name in ('stage', 'epoch', 'history'))
    X = saved.arrays.get('X')
    if X is None:  # it was kept before the first epoch
        right = stage == epoch == 0 and not history
    else:
        epochs = [*(before.num_epochs for before in stages[:stage]), epoch]
        right = (
            0 <= stage < len(stages)
            and 0 < epoch <= stages[stage].num_epochs
            and X.shape == (1, 3, *stages[stage].image_shape[::-1])
            and [len(part['losses']) for part in history] == epochs
        )
    if not right:
        raise InputError(
            'the checkpoint is not of a run with these stages: leave out --resume to start another'
        )


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
        if not is_there(folder / BATCH):
            return
        try:
            record = read_json(folder / BATCH)
        except InputError as error:
            raise overwriting(BATCH, folder) from error
        if not fits(record, PAINTINGS):
            raise overwriting(BATCH, folder)
        then, self.paintings = record['settings'], record['paintings']
        changed = [name for name in settings if settings[name] != then.get(name)]
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
        if re.fullmatch(pattern, path.name) and path not in but and path.is_file():
            path.unlink()


def as_json(value: Any) -> Any:
    """Return a value as it comes back from a JSON file: tuples as lists, paths as text."""
    return json.loads(json.dumps(value, default=str))
