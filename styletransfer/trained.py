"""A trained painter in one file: saved, found by its name, loaded, and given pictures of any size.

The file is safetensors: numbers of 16 bits, and notes that say what they are of. In the notes are
the `method` (a key of `METHODS`), its `setting`, the names of its `styles`, and a `sha256` of all
the numbers; whoever trained it may have added more.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

import mxnet as mx
import numpy
from mxnet import autograd
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import grained, learned, one_style
from styletransfer.controls import check_weights
from styletransfer.errors import InputError, unknown
from styletransfer.feedforward import adain, ghiasi, johnson
from styletransfer.files import assets_folder, fits, open_regular, reading, replacing
from styletransfer.gan import cyclegan, mixgan, pix2pix
from styletransfer.gan.painters import Translator
from styletransfer.images import (
    ImageShape,
    load_image,
    picture_path,
    postprocess,
    preprocess,
    resized,
)
from styletransfer.machine import available_memory
from styletransfer.optimizers import Arrays
from styletransfer.weights.arrays import open_safetensors
from styletransfer.weights.formats import read_notes, write_tensors


class Method(NamedTuple):
    """How a network of a method is made anew from what its file says."""

    setting: Any  # the dataclass of its numbers
    make: Any  # of a setting and how many styles; returns a net of X and S, its shapes known
    # of a setting: how many pixels away, at most, a pixel of the result is looked at; None where
    # that is everywhere, so that a picture can only be painted in one piece
    reach: Any
    multiple: Any  # of a setting: of which the sides of its pictures are multiples
    # of a net and pictures X: what S is for their style; None where a style is a row of the net
    statistics: Optional[Callable[[Any, np.ndarray], np.ndarray]] = None
    grain: Callable[[Any], float] = lambda setting: 0.0  # of a setting: what its photos are given
    # of a setting: what painting takes for each pixel of a picture
    bytes: Callable[[Any], int] = lambda setting: 400
    # of a setting: the one side that its pictures can have, if they cannot be of any
    side: Callable[[Any], Optional[int]] = lambda setting: None
    # of a setting: by how many pixels a photo is mirrored beyond each border
    margin: Callable[[Any], int] = lambda setting: 0


METHODS = {
    'johnson': Method(
        johnson.Setting,
        lambda setting, styles: johnson.make_net(setting, styles, fast=True),
        johnson.reach,
        lambda setting: setting.multiple,
        grain=lambda setting: setting.grain,
        bytes=johnson.bytes_of,
        margin=johnson.margin,
    ),
    'adain': Method(
        adain.Setting,
        lambda setting, styles: adain.make_net(setting, fast=True),
        adain.reach,
        lambda setting: adain.MULTIPLE,
        adain.statistics,
    ),
    'ghiasi': Method(
        ghiasi.Setting,
        lambda setting, styles: ghiasi.make_net(setting, fast=True),
        johnson.reach,
        lambda setting: setting.multiple,
        ghiasi.statistics,
        grain=lambda setting: setting.grain,
        bytes=johnson.bytes_of,
        margin=johnson.margin,
    ),
    'pix2pix': Method(
        pix2pix.Setting,
        lambda setting, styles: Translator(pix2pix.make_painter(setting)),
        lambda setting: None,
        lambda setting: setting.multiple,
        bytes=lambda setting: 20 * setting.widths[0],
    ),
    'cyclegan': Method(
        cyclegan.Setting,
        lambda setting, styles: Translator(*map(cyclegan.make_painter, 2 * [setting])),
        lambda setting: None,
        lambda setting: cyclegan.MULTIPLE,
        bytes=lambda setting: 40 * setting.widths[0],
    ),
    'mixgan': Method(
        mixgan.Setting,
        lambda setting, styles: Translator(mixgan.make_painter(setting)),
        lambda setting: None,
        lambda setting: setting.side,
        side=lambda setting: setting.side,
    ),
}

SMALLEST = 16  # pixels a side: whatever is smaller is mirrored until it has so many
LARGEST = 4_000_000  # pixels, of 400 bytes each, that are painted in one piece, not in strips


class Painter:
    """A trained network as a function, picture to picture.

    Parameters
    ----------
    net : HybridBlock
        Of pictures (1, 3, h, w) and wanted styles S: shares of its rows, (1, styles), or
        statistics of a painting, (1, d).
    styles : sequence of str
        Names of the rows.
    reach, multiple : int
        As of `Method`.
    notes : mapping of str to str
        What its file says of it.
    setting : dataclass, optional
        The numbers that it was trained with.
    statistics : callable, optional
        Of pictures X it returns the S of their style: any picture is a style.
    grain : float
        Deviation of the noise that its photos are given (`blocks.grained`).
    side : int, optional
        The one side that its photos can have.
    bytes : int
        What painting takes for each pixel.
    margin : int
        By how many pixels a photo is mirrored beyond each border; what becomes of them is cut off.
    """

    def __init__(
        self,
        net: nn.HybridBlock,
        styles: Sequence[str],
        reach: Optional[int],
        multiple: int,
        notes: Mapping[str, str],
        setting: Any = None,
        statistics: Optional[Callable[[np.ndarray], np.ndarray]] = None,
        grain: float = 0.0,
        side: Optional[int] = None,
        bytes: int = 400,
        margin: int = 0,
    ) -> None:
        self.net, self.styles, self.setting = net, tuple(styles), setting
        self.reach, self.multiple, self.notes = reach, multiple, dict(notes)
        self.statistics, self.grain, self.side, self.bytes = statistics, grain, side, bytes
        self.margin = margin
        self._seen: Dict[str, np.ndarray] = {}

    def shares(self, names: Sequence[str], weights: Sequence[float] = ()) -> np.ndarray:
        """Return what the network is asked for: the mean of the styles, by their weights.

        Parameters
        ----------
        names : sequence of str
            Of rows, or of pictures for a network that reads their statistics.
        weights : sequence of float
            By default all the same.

        Returns
        -------
        np.ndarray of shape (1, styles), or (1, d)

        Raises
        ------
        InputError
            If there is no style of a name, or the weights are not one for each.
        """
        if not names:
            raise InputError('name a picture with --style: this network paints in that of any')
        weights = tuple(weights) or (1.0,) * len(names)
        check_weights(weights, len(names))
        return sum(self._style(name) * (w / sum(weights)) for name, w in zip(names, weights))

    def _style(self, name: str) -> np.ndarray:
        """Return the S of one style."""
        if self.statistics is None:
            if name not in self.styles:
                raise unknown('style of this network', name, self.styles)
            return one_style(self.styles.index(name), len(self.styles))
        if name not in self._seen:
            img = load_image(picture_path(name, 'style'))
            shape = shorter(img.shape[1::-1], self.setting.style_side)
            self._seen[name] = self.statistics(preprocess(resized(img, shape), shape))
        return self._seen[name]

    def shape_for(self, shape: ImageShape) -> ImageShape:
        """Return a shape in which strokes are as large, beside the picture, as in the painting.

        It has about the proportions of `shape`, and the size of the paintings that the network
        was taught with, or reads; without those, that of the pictures which it was taught with.
        """
        if self.side:
            return self.side, self.side
        side = self.setting.side if self.reach is None else self.setting.style_side
        by = max if self.reach is not None and self.statistics is None else min
        scale = side / by(shape)
        width, height = (max(SMALLEST, round(side * scale)) for side in shape)
        return width, height

    def paint(self, img: np.ndarray, S: np.ndarray, strength: float = 1.0) -> np.ndarray:
        r"""Return a photo as it is painted.

        .. math:: Y = a f(X, S) + (1 - a) X

        where a style is a row, and :math:`Y = f(X, a S + (1 - a) S_X)` where it is statistics,
        with the photo's own as :math:`S_X`: then 0 is the photo as the decoder can say it.

        Parameters
        ----------
        img : np.ndarray of shape (height, width, 3)
            RGB in 0-255.
        S : np.ndarray
            From `shares`.
        strength : float
            a: 1 is the painting, 0 the photo.

        Returns
        -------
        np.ndarray of shape (height, width, 3)
            RGB in 0-1.
        """
        X = preprocess(img, img.shape[1::-1])
        if self.statistics and strength < 1:
            most = largest(self.bytes)
            seen = self._small(X, most) if math.prod(X.shape[2:]) > most else X
            S = strength * S + (1 - strength) * self.statistics(extended(seen, self.multiple))
            strength = 1.0
        Y = self(X, S)
        return postprocess(Y if strength == 1 else strength * Y + (1 - strength) * X)

    def __call__(self, X: np.ndarray, S: np.ndarray, most: int = 0) -> np.ndarray:
        """Return the painting of a picture of any size, (1, 3, h, w).

        Beyond its borders it is mirrored, by `margin` and until its sides are multiples, and what
        becomes of that is cut off. A picture of more than `most` pixels is painted in strips.

        Parameters
        ----------
        most : int
            Pixels; 0 for `LARGEST`, or as many as half of the free memory is enough for.
        """
        most = most or largest(self.bytes)
        h, w = X.shape[2:]
        X = grained(extended(X, self.multiple, self.margin), self.grain, 0)
        if h * w <= most:
            Y = whole(self.net, X, S)
        elif self.reach is None:
            raise InputError(
                f'{w}x{h} pixels are too many for this network, which can paint a picture only as '
                f'a whole: there is memory for {most} pixels; try a smaller --shape'
            )
        else:
            Y = self._in_strips(X, S, most, self.reach)
        return Y[:, :, self.margin : self.margin + h, self.margin : self.margin + w]

    def _in_strips(self, X: np.ndarray, S: np.ndarray, most: int, reach: int) -> np.ndarray:
        """Paint a picture in strips, with the statistics of the picture made small enough."""
        X_small = extended(self._small(X, most), self.multiple)
        keep_statistics(self.net, grained(X_small, self.grain, 0), S)
        halo = -(-reach // self.multiple) * self.multiple
        rows = max(halo, most // X.shape[3] - 2 * halo)
        return in_strips(self.net, X, S, rows // self.multiple * self.multiple, halo)

    def _small(self, X: np.ndarray, most: int) -> np.ndarray:
        """Return a picture made so small that it has no more than about `most` pixels."""
        h, w = X.shape[2:]
        scale = math.sqrt(most / (h * w))
        small = max(SMALLEST, round(w * scale)), max(SMALLEST, round(h * scale))
        img = postprocess(X) * 255
        return preprocess(resized(img, small), small)


def largest(bytes: int) -> int:
    """Return how many pixels are painted in one piece, with the memory that is free.

    Parameters
    ----------
    bytes : int
        That each pixel takes.
    """
    have = available_memory(mx.cpu())
    most = LARGEST * max(400, bytes) // bytes
    return min(most, have // 2 // bytes if have else most)


def shorter(image_shape: ImageShape, side: int) -> ImageShape:
    """Return a shape of the same aspect whose shorter side is this, and the longer in bounds."""
    scale = min(side / min(image_shape), 4 * side / max(image_shape))
    width, height = (max(SMALLEST, round(length * scale)) for length in image_shape)
    return width, height


def extended(X: np.ndarray, multiple: int, margin: int = 0) -> np.ndarray:
    """Return a picture mirrored at its borders.

    It goes on by a margin, and at the right and below further until its sides are multiples.
    """
    sides = [side + margin for side in X.shape[2:]]
    goals = [max(SMALLEST, -(-(side + margin) // multiple) * multiple) for side in sides]
    margins = [(0, 0), (0, 0), *((margin, goal - side) for goal, side in zip(goals, sides))]
    if not any(after for _, after in margins):
        return X
    return np.array(numpy.pad(X.asnumpy(), margins, mode='reflect'))


def whole(net: nn.HybridBlock, X: np.ndarray, S: np.ndarray) -> np.ndarray:
    """Return the painting of a picture, each norm with the picture's own statistics."""
    compiled(net)
    with autograd.train_mode():
        return net(X, S)


def compiled(net: nn.HybridBlock) -> None:
    """Compile a network, unless it is: a graph prepares itself for each new shape.

    It does not keep its memory between two pictures. That would save a twentieth of the time, and
    take twice the memory, as then no layer's output makes room for a later one's.
    """
    if isinstance(net, nn.HybridBlock) and not net._active:
        net.hybridize()


def keep_statistics(net: nn.HybridBlock, X: np.ndarray, S: np.ndarray) -> None:
    """Let each norm of a network keep its statistics of this picture, for `in_strips`."""
    net.hybridize(active=False)
    with autograd.train_mode():
        net(X, S).wait_to_read()


def in_strips(
    net: nn.HybridBlock, X: np.ndarray, S: np.ndarray, rows: int, halo: int
) -> np.ndarray:
    """Return the painting of a picture with the statistics that the norms keep, strip by strip.

    It is what the picture in one piece would be with these statistics: a strip is painted with so
    many rows more on both sides as a row of the result is looked at from.

    Parameters
    ----------
    rows, halo : int
        Of a strip, and beyond it on either side; multiples of the network's.

    Notes
    -----
    Chen et al.: Towards ultra-resolution neural style transfer via thumbnail instance
    normalization, AAAI 2022: with its own statistics each strip would be painted in other colours.
    """
    compiled(net)
    h = X.shape[2]
    strips = []
    for top in range(0, h, rows):
        first, last = max(0, top - halo), min(h, top + rows + halo)
        Y = net(X[:, :, first:last], S)
        strips.append(Y[:, :, top - first : min(h, top + rows) - first].copy())
        strips[-1].wait_to_read()
    return np.concatenate(strips, axis=2)


# --- files ---------------------------------------------------------------------------------------


def save(
    path: Path,
    method: str,
    setting: Any,
    styles: Sequence[str],
    net: nn.HybridBlock,
    notes: Mapping[str, str],
) -> None:
    """Write a trained network to a file, in numbers of 16 bits.

    Parameters
    ----------
    path : Path
        Ending in .safetensors.
    method : str
        A key of `METHODS`.
    setting : dataclass
        Of the method.
    styles : sequence of str
        Names of the rows.
    net : HybridBlock
    notes : mapping of str to str
        What else is worth telling.
    """
    arrays = {name: array.astype('float16') for name, array in weights_of(net).items()}
    told = {
        **notes,
        'method': method,
        'setting': json.dumps(asdict(setting)),
        'styles': json.dumps(list(styles)),
        'sha256': digest(arrays),
    }
    with replacing(path) as temporary:
        write_tensors(temporary, arrays, told)


def weights_of(net: nn.HybridBlock) -> Arrays:
    """Return all that a network has learned, by name."""
    return {name: parameter.data().asnumpy() for name, parameter in learned(net).items()}


def set_weights(net: nn.HybridBlock, arrays: Mapping[str, numpy.ndarray]) -> None:
    """Give a network what `weights_of` another, of the same layers, has returned."""
    for name, parameter in learned(net).items():
        parameter.set_data(np.array(arrays[name], dtype='float32'))


def digest(arrays: Mapping[str, numpy.ndarray]) -> str:
    """Return the SHA-256 of all numbers of a network, and of their names."""
    told = hashlib.sha256()
    for name in sorted(arrays):
        told.update(name.encode())
        told.update(arrays[name].astype('<f2').tobytes())
    return told.hexdigest()


def networks() -> Dict[str, Path]:
    """Return the bundled painters, name to file."""
    return {
        path.stem: path for path in sorted((assets_folder() / 'networks').glob('*.safetensors'))
    }


def find(name: str) -> Path:
    """Return the file meant by a name: a file, or a bundled painter.

    Raises
    ------
    InputError
        If it is neither.
    """
    known = networks()
    if name in known:
        return known[name]
    if Path(name).suffix or os.path.exists(name) or '/' in name:
        return Path(name)
    raise unknown('file or bundled network', name, known, 'train one, and name its file')


def load(path: Path) -> Painter:
    """Return the painter in a file.

    Raises
    ------
    InputError
        If it holds none, is damaged, or is of a method that is not known here.
    """
    open_regular(path).close()
    notes = read_notes(path)
    told: Dict[str, Any] = {}
    with reading(f"'{path}' holds no painter", 'train one, or name another file'):
        told = {name: json.loads(notes[name]) for name in ('setting', 'styles')}
        method = METHODS[notes['method']]
        setting = method.setting(**told['setting'])
        if not fits(told['styles'], [str]):
            raise ValueError('its styles have no names')
        styles: List[str] = told['styles']
        painter = fresh(notes['method'], setting, styles, notes)
        with open_safetensors(path) as stored:
            arrays = _fitting(weights_of(painter.net), stored)
    if digest(arrays) != notes.get('sha256'):
        raise InputError(f"'{path}' is damaged: its numbers are not those that were saved")
    set_weights(painter.net, arrays)
    return painter


def fresh(name: str, setting: Any, styles: Sequence[str], notes: Mapping[str, str]) -> Painter:
    """Return a painter of a method that has learned nothing yet."""
    method = METHODS[name]
    net = method.make(setting, len(styles))
    look = partial(method.statistics, net) if method.statistics else None
    facts = (
        method.reach(setting),
        method.multiple(setting),
        notes,
        setting,
        look,
        method.grain(setting),
    )
    bounds = method.side(setting), method.bytes(setting), method.margin(setting)
    return Painter(net, styles, *facts, *bounds)


def _fitting(wanted: Arrays, stored: Mapping[str, Any]) -> Arrays:
    """Return the arrays of a file, if they are those that a network wants, and finite."""
    arrays = {}
    for name, array in wanted.items():
        if name not in stored or stored[name].shape != array.shape:
            raise ValueError(f'it has no {name} of shape {array.shape}')
        arrays[name] = stored[name].read()
        if not numpy.isfinite(arrays[name]).all():
            raise ValueError(f'{name} is not all finite numbers')
    return arrays
