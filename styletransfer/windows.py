"""Where a picture is cut into tiles, so that a network says of each what it says of the whole.

For its core a network is shown a crop, larger by a halo: as far as the deepest layer that is asked
sees to a side. Then what it says of the core is what it says of it in the whole picture. Crops
begin where the windows of all poolings begin, so that pixels are pooled with the same neighbours;
at the picture's borders there is no halo, so the zero padding of the convolutions is there, and
only there, as in the whole.
"""

from __future__ import annotations

import math
from typing import List, NamedTuple, Tuple

from mxnet.gluon import nn

ALIGNED = 16  # tiles are multiples: the four poolings before conv5_1 halve it to 1
CUT = 4  # the network is cut where its outputs are so many pixels apart: behind two poolings
DEEPER = 2  # behind the cut a pixel takes a quarter of the memory: tiles are twice as wide

Place = Tuple[slice, ...]  # in an array of shape (n, c, h, w)


class Geometry(NamedTuple):
    """What a layer's outputs stand for in pixels of the picture."""

    stride: int  # pixels from one output to the next, and so the side of an output's cell
    radius: int  # pixels that an output sees on each side of its cell
    channels: int


def geometry(net: nn.HybridSequential) -> List[Geometry]:
    r"""Return the geometry of each layer of a network.

    A convolution of kernel k adds :math:`s (k - 1) / 2` to the radius, with s the stride there.
    A pooling of stride 2 makes of four cells one, which sees no further than they do together.
    """
    layers, here = [], Geometry(1, 0, 3)
    for layer in net:
        if isinstance(layer, nn.Conv2D):
            reach = here.stride * (layer.weight.shape[2] - 1) // 2
            here = Geometry(here.stride, here.radius + reach, layer.weight.shape[0])
        elif not isinstance(layer, nn.Activation):
            here = here._replace(stride=here.stride * layer._kwargs.get('stride')[0])
        layers.append(here)
    return layers


class Span(NamedTuple):
    """Part of a side of the picture, in pixels: a core, and the crop that has it and its halo."""

    start: int
    stop: int
    core_start: int
    core_stop: int


def spans(length: int, tile: int, halo: int, aligned: int) -> List[Span]:
    r"""Cut a side of the picture into cores, each in a crop with its halo.

    There are as few crops as possible, of `tile` and two halos at most, and all have the same
    length, as MXNet prepares anew for each size of its input:

    .. math:: p = \frac{\mathrm{length} + 2 (n - 1) \, \mathrm{halo}}{n}

    rounded up to a multiple of `aligned`, and what is left over of the length. A core at the
    picture's border has its crop's halo on one side only, and is larger.

    Parameters
    ----------
    length : int
        Of the side.
    tile, halo, aligned : int
        Crops begin at multiples of `aligned`, and `halo` is one. A tile smaller than `aligned`
        is taken as that.
    """
    n, crop = _crops(length, tile, halo, aligned)
    left_over = length % aligned
    starts = [i * (crop - 2 * halo) for i in range(n - 1)]
    cuts = [0, *(start + crop - halo for start in starts), length]
    starts.append(length - left_over - crop)
    return [
        Span(start, start + crop + left_over, *core)
        for start, core in zip(starts, zip(cuts, cuts[1:]))
    ]


def _crops(length: int, tile: int, halo: int, aligned: int) -> Tuple[int, int]:
    """Return how many crops `spans` makes, and their length without what is left over."""
    tile, length = max(tile // aligned, 1) * aligned, length // aligned * aligned
    n = max(math.ceil((length - 2 * halo) / tile), 1)
    return n, _round_up(math.ceil((length + 2 * (n - 1) * halo) / n), aligned)


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


class Window(NamedTuple):
    """A tile: rows and columns of the picture."""

    rows: Span
    columns: Span

    @property
    def crop(self) -> Place:
        """Return where the crop lies in an array of shape (n, c, h, w)."""
        return _last_axes(*(slice(span.start, span.stop) for span in self))

    def inside(self, layer: Geometry) -> Place:
        """Return where the core lies in a layer's output for the crop."""
        return _last_axes(
            *(
                slice(
                    (span.core_start - span.start) // layer.stride,
                    (span.core_stop - span.start) // layer.stride,
                )
                for span in self
            )
        )

    def whole(self, layer: Geometry) -> Place:
        """Return where the core lies in a layer's output for the whole picture."""
        return _last_axes(
            *(
                slice(span.core_start // layer.stride, span.core_stop // layer.stride)
                for span in self
            )
        )


def _last_axes(rows: slice, columns: slice) -> Place:
    return slice(None), slice(None), rows, columns


def best_tile(width: int, height: int, tile: int, halo: int, aligned: int) -> Tuple[int, int]:
    """Return width and height of the tiles with which the fewest pixels are looked at.

    A crop has no more pixels than a square of `tile` and two halos (but for what is left over of
    the picture's sides), and need not be a square: 600x400 is one crop for a tile of 512.

    Parameters
    ----------
    width, height : int
        Of the picture.
    tile, halo, aligned : int
        As of `spans`.
    """
    most = (max(tile, aligned) + 2 * halo) ** 2
    ways = []
    for across in range(aligned, max(width, aligned) + 1, aligned):
        columns, crop_width = _crops(width, across, halo, aligned)
        down = most // max(crop_width, aligned) - 2 * halo
        rows, crop_height = _crops(height, down, halo, aligned)
        if crop_width * crop_height <= most:
            ways.append((columns * crop_width * rows * crop_height, across, down))
    _, across, down = min(ways)
    return across, down


def windows(width: int, height: int, tile: int, halo: int, aligned: int) -> List[Window]:
    """Cut a picture into tiles by `best_tile`."""
    across, down = best_tile(width, height, tile, halo, aligned)
    return [
        Window(rows, columns)
        for rows in spans(height, down, halo, aligned)
        for columns in spans(width, across, halo, aligned)
    ]


class Part(NamedTuple):
    """Layers of a network, one after the other: what a tile of their input has to be."""

    start: int  # the first one's number in the network
    stop: int  # that behind the last one
    stride: int  # pixels of the picture from one pixel of the input to the next
    halo: int  # in pixels of the input, as is
    aligned: int  # where crops may begin

    def windows(self, width: int, height: int, tile: int) -> List[Window]:
        """Cut an input of this size, for a tile in pixels of the picture."""
        return windows(width, height, self._side(tile), self.halo, self.aligned)

    def _side(self, tile: int) -> int:
        return DEEPER * tile // self.stride if self.start else tile

    def crops(self, image_shape: Tuple[int, int], tile: int) -> Tuple[int, int]:
        """Return how many crops there are of a picture, and how many of its pixels each has."""
        width, height = (side // self.stride for side in image_shape)
        cores = best_tile(width, height, self._side(tile), self.halo, self.aligned)
        number, pixels = 1, self.stride**2
        for side, core in zip((width, height), cores):
            count, crop = _crops(side, core, self.halo, self.aligned)
            number *= count
            pixels *= crop + side % self.aligned
        return number, pixels


VGG = (Part(0, 10, 1, 8, 4), Part(10, 29, 4, 16, 4))  # as far as conv5_1, for estimates


def parts_of(net: nn.HybridSequential) -> List[Part]:
    """Return a network in two parts, cut behind its second pooling, or in one if it is shorter."""
    strides = [layer.stride for layer in geometry(net)]
    cut = strides.index(CUT) + 1 if CUT in strides else len(net)
    parts = []
    for start, stop in ((0, cut), (cut, len(net))):
        if start < stop:
            inside = geometry(net[start:stop])
            aligned = max(layer.stride for layer in inside)
            halo = _round_up(inside[-1].radius, aligned)
            parts.append(Part(start, stop, strides[start - 1] if start else 1, halo, aligned))
    return parts


def looked_at(image_shape: Tuple[int, int], tile: int) -> float:
    """Return as how large a picture, looked at in one piece, one in tiles takes time.

    Each part of the network takes half of the time. Half of a part's is that of pass 1, which the
    second part needs only where it has several tiles.
    """
    pixels = 0.0
    for part in VGG:
        number, crop = part.crops(image_shape, tile)
        passes = 2 if part.start and number == 1 else 3
        pixels += number * crop * passes / 4
    return pixels
