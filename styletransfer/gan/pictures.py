"""What painter and critic are shown: pairs of pictures, or two collections that know no pairs.

A batch is a function of (seed, k), as everywhere: which pictures, where each is cut, and whether
it is mirrored. Values are in [-1, 1], which is what a painter that ends in tanh can say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.errors import InputError
from styletransfer.images import find_pictures, load_image, resized
from styletransfer.learning import rows_at

GREY = (0.299, 0.587, 0.114)  # of red, green and blue in the light of a pixel
MOST = 1 << 30  # bytes of pictures that are kept


class Source(NamedTuple):
    """A picture in a file, or one half of what the file shows side by side."""

    path: Path
    half: Optional[int] = None  # 0 is the left one, 1 the right one


class Collection:
    """Pictures of one kind at one size, each read once, while they are not too many.

    Parameters
    ----------
    sources : sequence of Source
    side : int
        To which they are brought, whatever their proportions were: such as 286 for crops of 256.
    channels : int
        3, or 1 for their light only.
    """

    def __init__(self, sources: Sequence[Source], side: int, channels: int = 3) -> None:
        self.sources, self.side, self.channels = list(sources), side, channels
        self._kept: Dict[int, numpy.ndarray] = {}

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, i: int) -> numpy.ndarray:
        """Return a picture of shape (side, side, channels), uint8.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        if i not in self._kept:
            img = self._read(self.sources[i])
            if len(self._kept) * img.size > MOST:
                return img
            self._kept[i] = img
        return self._kept[i]

    def _read(self, source: Source) -> numpy.ndarray:
        shape = (self.side * (1 if source.half is None else 2), self.side)
        img = load_image(source.path, shape)
        if source.half is not None:
            middle = img.shape[1] // 2
            img = img[:, -middle:] if source.half else img[:, :middle]
        img = resized(img, (self.side, self.side)).asnumpy()
        if self.channels == 1:
            img = img @ numpy.array(GREY, 'float32')[:, None]
        return img.round().clip(0, 255).astype('uint8')


def scaled(img: numpy.ndarray) -> numpy.ndarray:
    """Return pictures (..., h, w, c) in 0-255 as (..., c, h, w) in [-1, 1], float32."""
    return numpy.moveaxis(img.astype('float32') / 127.5 - 1, -1, -3)


def whole(collection: Collection) -> np.ndarray:
    """Return all pictures of a collection as they are, (n, c, side, side)."""
    return np.array(numpy.stack([scaled(collection[i]) for i in range(len(collection))]))


def batch_of(
    collections: Sequence[Collection], seed: int, k: int, batch: int, side: int, flip: bool = True
) -> List[np.ndarray]:
    """Return batch k of collections whose pictures belong together, one array for each.

    All pictures are shown in random order, and then all again. Pictures that belong together are
    cut at the same place, and mirrored together.

    Parameters
    ----------
    collections : sequence of Collection
        Of the same length and size.
    seed, k : int
        All that the choice depends on, besides the pictures.
    batch, side : int
        How many, and their side in pixels, at most that of the collections.
    flip : bool
        Whether half of them are mirrored, left to right.

    Returns
    -------
    list of np.ndarray of shape (batch, c, side, side)
    """
    rng = numpy.random.default_rng([seed, k])
    shown: List[List[numpy.ndarray]] = [[] for _ in collections]
    for i in rows_at(seed, k, batch, len(collections[0])):
        x, y = rng.integers(collections[0].side - side + 1, size=2)
        mirrored = flip and rng.random() < 0.5
        for pictures, collection in zip(shown, collections):
            img = collection[i][y : y + side, x : x + side]
            pictures.append(img[:, ::-1] if mirrored else img)
    return [np.array(scaled(numpy.stack(pictures))) for pictures in shown]


# --- files ---------------------------------------------------------------------------------------


def sources_in(folder: str) -> List[Source]:
    """Return the pictures in a folder and in the folders in it.

    Raises
    ------
    InputError
        If there are none.
    """
    found = find_pictures(folder, deep=True)
    if not found:
        raise InputError(f"there are no pictures in '{folder}'")
    return [Source(path) for path in found]


def pairs_in(folders: Sequence[str]) -> Tuple[List[Source], List[Source]]:
    """Return pairs: of one folder the halves of each picture, of two those of the same name.

    Raises
    ------
    InputError
        If there are none, or a picture has no partner, or two.
    """
    if len(folders) == 1:
        found = sources_in(folders[0])
        height, width = load_image(found[0].path).shape[:2]
        if width < 1.5 * height:
            raise InputError(
                f"'{found[0].path}' does not show two pictures side by side: name two folders, "
                'with pictures of the same names'
            )
        return [Source(s.path, 0) for s in found], [Source(s.path, 1) for s in found]
    named = []
    for folder in folders:
        table: Dict[str, Source] = {}
        for source in sources_in(folder):
            # in folders in the two folders there may be pictures of the same name
            name = str(source.path.relative_to(folder).with_suffix(''))
            if name in table:
                raise InputError(f"'{folder}' has two pictures '{name}': rename one")
            table[name] = source
        named.append(table)
    first, second = named
    alone = sorted(first.keys() ^ second.keys())
    if alone:
        missing = folders[alone[0] in first]
        raise InputError(f"'{missing}' has no picture '{alone[0]}', but the other folder has one")
    return list(first.values()), [second[name] for name in first]


def held_out(sources: Sequence[Any], count: int) -> Tuple[List[Any], List[Any]]:
    """Return sources to learn from, and `count` of them, evenly spread, that are only looked at.

    Raises
    ------
    InputError
        If too few would be left.
    """
    if len(sources) < count + 2:
        raise InputError(
            f'there are {len(sources)} pictures, of which {count} are held out: add some, or name '
            'others with --held-out'
        )
    places = spread(len(sources), count)
    kept = [source for i, source in enumerate(sources) if i not in places]
    return kept, [sources[i] for i in places]


def spread(total: int, count: int) -> List[int]:
    """Return `count` numbers below `total`, evenly spread, or all if there are no more."""
    count = min(count, total)
    return [(2 * i + 1) * total // (2 * count) for i in range(count)]
