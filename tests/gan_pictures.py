"""Two folders of small pictures that belong together, and collections of them."""

from pathlib import Path

import numpy
import pytest
from PIL import Image

from styletransfer.gan.pictures import Collection, Source

NAMES = ('sketches', 'paintings')


@pytest.fixture(scope='session')
def folders(tmp_path_factory):
    """Return two folders with 12 pictures each, of the same names."""
    folder, rng = tmp_path_factory.mktemp('pictures'), numpy.random.default_rng(5)
    for name in NAMES:
        (folder / name).mkdir()
        for i in range(12):
            coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype='uint8'))
            coarse.resize((40, 36)).save(folder / name / f'{i:02d}.png')
    return [str(folder / name) for name in NAMES]


@pytest.fixture(scope='session')
def collections(folders):
    """Return a function that makes both collections, at a side and with so many channels."""

    def make(sides, channels=(3, 3), count=8):
        found = [[Source(path) for path in sorted(Path(folder).iterdir())] for folder in folders]
        return [Collection(part[:count], *of) for part, *of in zip(found, sides, channels)]

    return make
