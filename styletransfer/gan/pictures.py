"""What painter and critic are shown: pairs of pictures, or two collections that know no pairs.

A batch is a function of (seed, k), as everywhere: which pictures, where each is cut, and whether
it is mirrored. Values are in [-1, 1], which is what a painter that ends in tanh can say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.errors import InputError, unknown
from styletransfer.images import find_pictures, load_image, resized, samples
from styletransfer.learning import rows_at

GREY = (0.299, 0.587, 0.114)  # of red, green and blue in the light of a pixel
MOST = 1 << 30  # bytes of pictures that are kept
SQUARE = 64  # pixels a side of the squares of the bundled sheets


class Source(NamedTuple):
    """A picture in a file, a half of what the file shows side by side, or a square of a sheet."""

    path: Path
    half: Optional[int] = None  # 0 is the left one, 1 the right one
    square: Optional[Tuple[int, int, int]] = None  # its left and upper border, and its side


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
        self._sheets: Dict[Path, np.ndarray] = {}  # the last one

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
        img = resized(self._cut(source), (self.side, self.side)).asnumpy()
        if self.channels == 1:
            img = img @ numpy.array(GREY, 'float32')[:, None]
        return img.round().clip(0, 255).astype('uint8')

    def _cut(self, source: Source) -> np.ndarray:
        """Return what a source means of its file, at the size that it has there or less."""
        if source.square:
            left, top, side = source.square
            if source.path not in self._sheets:
                self._sheets = {source.path: load_image(source.path)}
            return self._sheets[source.path][top : top + side, left : left + side]
        if source.half is None:
            return load_image(source.path, (self.side, self.side))
        img = load_image(source.path, (2 * self.side, self.side))
        middle = img.shape[1] // 2
        return img[:, -middle:] if source.half else img[:, :middle]


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


def sources_in(name: str, side: int = SQUARE) -> List[Source]:
    """Return the pictures of a collection.

    Parameters
    ----------
    name : str
        A folder: its pictures, and those of the folders in it. Or a file: a sheet of squares, row
        by row. Or, where there is neither, the name of a bundled sheet.
    side : int
        Pixels a side of the squares of a file; of those that are bundled it is `SQUARE`.

    Raises
    ------
    InputError
        If there are none.
    """
    bundled, path = samples('collections'), Path(name)
    if path.is_file():
        return squares_of(path, side)
    if name in bundled and not path.exists():
        return squares_of(bundled[name], SQUARE)
    found = find_pictures(path, deep=True)
    if not found and not path.is_dir():
        raise unknown('folder, sheet or bundled collection of pictures', name, bundled)
    if not found:
        raise InputError(f"there are no pictures in '{name}'")
    return [Source(path) for path in found]


def squares_of(path: Path, side: int) -> List[Source]:
    """Return the squares of a sheet, row by row.

    Raises
    ------
    InputError
        If it cannot be read, or is not whole squares.
    """
    height, width = load_image(path).shape[:2]
    if height % side or width % side:
        raise InputError(
            f"'{path}' has {width}x{height} pixels: it is no sheet of squares of {side}x{side}; "
            'name a folder of pictures, or another --side'
        )
    return [
        Source(path, square=(left, top, side))
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


def pairs_in(names: Sequence[str], side: int = SQUARE) -> Tuple[List[Source], List[Source]]:
    """Return pairs of pictures.

    Of one folder they are the halves of each picture, of two folders those of the same name, and
    of two sheets those at the same place.

    Parameters
    ----------
    names : sequence of str
        One or two.
    side : int
        As of `sources_in`.

    Raises
    ------
    InputError
        If there are none, or a picture has no partner, or two.
    """
    found = [sources_in(name, side) for name in names]
    sheets = [name for name, sources in zip(names, found) if sources[0].square]
    if len(names) == 1 and not sheets:
        return _halves(found[0])
    if not sheets:
        return _of_the_same_name(names, found)
    if len(sheets) < 2:
        raise InputError(
            f"'{sheets[0]}' is a sheet, which pairs with another sheet: name two sheets or two "
            'folders'
        )
    if len(found[0]) != len(found[1]):
        counts = f"'{names[0]}' has {len(found[0])} squares, but '{names[1]}' has {len(found[1])}"
        raise InputError(f'{counts}: those at the same place are pairs')
    return found[0], found[1]


def _halves(found: Sequence[Source]) -> Tuple[List[Source], List[Source]]:
    height, width = load_image(found[0].path).shape[:2]
    if width < 1.5 * height:
        raise InputError(
            f"'{found[0].path}' does not show two pictures side by side: name two folders, "
            'with pictures of the same names'
        )
    return [Source(s.path, 0) for s in found], [Source(s.path, 1) for s in found]


def _of_the_same_name(
    folders: Sequence[str], found: Sequence[Sequence[Source]]
) -> Tuple[List[Source], List[Source]]:
    named = []
    for folder, sources in zip(folders, found):
        table: Dict[str, Source] = {}
        for source in sources:
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
