"""Frames that are done, in a folder: each is whole or not there, so that nothing is done twice."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict

import numpy
from PIL import Image

from styletransfer.errors import InputError
from styletransfer.files import fits, open_regular, read_json, reading, replacing
from styletransfer.outputs import is_there

FRAME_BYTES = 2.0  # of a frame, for each pixel: what paintings took as PNG
RECORD = 'clip.json'
OURS = {'fingerprint': {'clip': [str]}, 'arguments': {}}


class Kept:
    """Frames in a folder, by number: 000000.png and so on.

    What a frame is made from is what was kept of the one before, rounded to 8 bits: so it is the
    same whether that was made just now, or before the run was killed.

    Parameters
    ----------
    folder : Path
        It is made with the first frame.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, index: int) -> Path:
        """Return the file of a frame."""
        return self.folder / f'{index:06d}.png'

    def __contains__(self, index: int) -> bool:
        return self.path(index).is_file()

    def __getitem__(self, index: int) -> numpy.ndarray:
        """Return a frame, (height, width, 3), RGB in 0-255, uint8.

        Raises
        ------
        InputError
            If it is damaged.
        """
        path = self.path(index)
        with open_regular(path) as file, reading(f"'{path}' is damaged", 'remove it'):
            return numpy.asarray(Image.open(file, formats=['PNG']).convert('RGB'))

    def __setitem__(self, index: int, img: numpy.ndarray) -> None:
        """Write a frame; it must be possible to read it quickly, not to send it."""
        with replacing(self.path(index)) as temporary:
            Image.fromarray(img).save(temporary, 'PNG', compress_level=1)

    def count(self, frames: int) -> int:
        """Return how many of so many frames are there."""
        return sum(index in self for index in range(frames))

    def within(self, name: str) -> Kept:
        """Return frames in a folder in this one."""
        return Kept(self.folder / name)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def write_record(path: Path, record: Dict[str, Any]) -> None:
    """Write the record of a run."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')


def read_record(path: Path) -> Any:
    """Return the record of a run, or None if there is nothing of this name.

    Raises
    ------
    InputError
        If what is there is not of this command.
    """
    if not is_there(path):
        return None
    with suppress(InputError):
        record = read_json(path)
        if fits(record, OURS):
            return record
    raise InputError(
        f"'{path}' is not of an earlier run and would be overwritten: choose another --output"
    )
