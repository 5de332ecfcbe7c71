r"""How much memory a run takes: one model, fitted to measured peaks, and the tiles that follow.

In one piece, with p the network's weights and n the numbers that all layers together say of a
pixel, each of 4 bytes,

.. math:: m = 270\,\mathrm{MB} + 8 p + (1.9 \cdot 4 n + 480) \, w h.

In tiles, with o the bytes for what all layers say of a pixel, the term with n above, and
:math:`a_1` and :math:`a_2` the pixels of the picture in a crop of the network's two parts,

.. math:: m_t = m(0, 0) + \max\left((84 + 32 + 100) \, wh, \;
          (84 + \tfrac{o}{47}) \, wh + \max(1.3 \, o \, a_1, 0.42 \, o \, a_2)\right).

The optimiser takes its own share besides (`optimizers.OPTIMIZERS`), and so do patches
(`mrf.Matching`) and a further term of the loss (`photo.pixel_bytes`).
"""

from __future__ import annotations

import math
from typing import NamedTuple, Optional, Union

import mxnet as mx

from styletransfer.command import whole
from styletransfer.errors import InputError
from styletransfer.images import ImageShape
from styletransfer.machine import available_memory, total_memory
from styletransfer.mrf import Matching
from styletransfer.optimizers import OPTIMIZERS
from styletransfer.recipes import scaled_shape, shape_text
from styletransfer.vgg import BACKBONES, SMALLEST_SIDE
from styletransfer.windows import ALIGNED, VGG

TILES = (
    1024,
    768,
    512,
    384,
    256,
    128,
)  # sides from which one is chosen: halos are less of a large
SMALLEST_TILE = 64


def parse_tile(text: str) -> Union[int, str]:
    """Return 'auto', 'none' or the side of a tile.

    Raises
    ------
    InputError
        If the text is none of these, or the side cannot be that of a tile.
    """
    if text in ('auto', 'none'):
        return text
    side = whole(text) if text.isdecimal() else 0
    if side < SMALLEST_TILE or side % ALIGNED:
        raise InputError(
            f"'{text}' is not a tile: give auto, none, or a multiple of {ALIGNED} pixels, "
            f'at least {SMALLEST_TILE}'
        )
    return side


def said_bytes(backbone: str) -> float:
    """Return about how many bytes what all layers say of a pixel takes, with its gradient."""
    network = BACKBONES[backbone]
    blocks = enumerate(zip(network.convs_per_block, network.widths))
    return 1.9 * 4 * sum(2 * convs * width / 4**block for block, (convs, width) in blocks)


def network_bytes(backbone: str, shape: ImageShape) -> int:
    """Return about how many bytes a run takes in which a network sees a whole picture.

    That is MXNet itself, the weights as read and as used, each output and what of its gradient is
    there at the same time, and the picture with all that is as large as it, down to the figure.

    Parameters
    ----------
    backbone : str
        A key of `BACKBONES`.
    shape : (int, int)
    """
    network = BACKBONES[backbone]
    weights, channels = 0, 3
    for convs, width in zip(network.convs_per_block, network.widths):
        weights += 9 * width * (channels + (convs - 1) * width)
        channels = width
    return int(270e6 + 8 * weights + (said_bytes(backbone) + 480) * math.prod(shape))


def tiled_bytes(backbone: str, shape: ImageShape, tile: int) -> int:
    """Return about how many bytes a run in tiles takes.

    Three numbers of 4 bytes are 12 for a pixel. Seven arrays of the picture's size are there all
    the time: the picture and where it started, its gradient, twice, as it is handed out, Adam's
    two averages, and the pictures as they were read; and the content layer's output, conv4_4's
    being 512 numbers for 64 pixels. Then there is either what the total variation of one channel
    needs for its gradient (20 arrays measured for 'absolute', 25 for 'power'), or the outputs of
    the first part, as a whole, and their gradient, and what is said of a crop and its gradient.
    These shares were fitted to measured peaks; a third of them is what the C library cannot use,
    between blocks of other sizes.
    """
    pixels, said = math.prod(shape), said_bytes(backbone)
    (_, first), (_, second) = (part.crops(shape, tile) for part in VGG)
    crop = (84 + said / 47) * pixels + said * max(1.3 * first, 0.42 * second)
    return network_bytes(backbone, (0, 0)) + int(max((84 + 32 + 100) * pixels, crop))


class Needs(NamedTuple):
    """How much memory pictures take with a network and an optimiser."""

    backbone: str  # a key of `vgg.BACKBONES`
    optimizer: str
    style_scale: float = 1.0
    enlargement: float = 1.0  # of the shapes below, against the pictures that are asked for
    matching: Optional[Matching] = None  # of patches, if there are any
    further: int = 0  # bytes for each pixel that a term of the loss takes, such as `photo`'s
    remembered: int = 10  # steps, of an optimiser that searches

    def beside(self, shape: ImageShape) -> int:
        """Return about how many bytes are taken beyond the network and Adam.

        That is what the optimiser takes for itself, a further term, and the patches.
        """
        method = OPTIMIZERS[self.optimizer]
        pictures = method.pictures + 2 * self.remembered * method.searches
        pixel = pictures * 3 * 4 + self.further
        return pixel * math.prod(shape) + (self.matching.bytes(shape) if self.matching else 0)

    def whole(self, shape: ImageShape) -> int:
        """Return about how many bytes a run takes that sees the picture in one piece.

        A painting may be larger than the picture. It asks for no gradient, and so for a fifth.
        """
        seen = scaled_shape(shape, max(1.0, math.sqrt(0.2) * self.style_scale))
        picture = network_bytes(self.backbone, shape) + self.beside(shape)
        return max(picture, network_bytes(self.backbone, seen))

    def tiled(self, shape: ImageShape, tile: Optional[int]) -> int:
        """Return about how many bytes a run takes, in tiles if there are any."""
        if not tile:
            return self.whole(shape)
        tiled = tiled_bytes(self.backbone, shape, tile) + self.beside(shape)
        return min(tiled, self.whole(shape))

    def choose(
        self, shape: ImageShape, wanted: Union[int, str], device: mx.Context
    ) -> Optional[int]:
        """Return the side of the tiles in which a picture is to be painted, None for one piece.

        Parameters
        ----------
        shape : (int, int)
            Of the picture.
        wanted : int or str
            From `parse_tile`; 'auto' takes tiles only where the memory that is free asks for them.
        device : mx.Context

        Raises
        ------
        InputError
            If it clearly needs more memory than the machine has.
        """
        tile = wanted if isinstance(wanted, int) and wanted < max(shape) else None
        free, have = available_memory(device), total_memory(device)
        if wanted == 'auto' and free:
            tile = self.fitting(shape, free)
        if have and self.tiled(shape, tile) > have:
            raise self.too_large(shape, tile, have)
        return tile

    def fitting(self, shape: ImageShape, free: int) -> Optional[int]:
        """Return None if a picture fits in one piece, else the largest tile with which it does.

        If none does it is the smallest: that may still do, at the cost of other programs.
        """
        if self.whole(shape) <= free:
            return None
        needs = {tile: tiled_bytes(self.backbone, shape, tile) for tile in TILES}
        left = free - self.beside(shape)
        return next((tile for tile in TILES if needs[tile] <= left), TILES[-1])

    def too_large(self, shape: ImageShape, tile: Optional[int], have: int) -> InputError:
        """Return the error for a picture that does not fit; it names a shape that would."""
        fits = shape
        while self.tiled(fits, tile) > 0.7 * have and max(fits) > SMALLEST_SIDE:
            width, height = (max(SMALLEST_SIDE, side * 9 // 10 // 8 * 8) for side in fits)
            fits = width, height
        return InputError(
            f'{self.asked(shape)} needs about {self.tiled(shape, tile) / 1e9:.1f} GB of memory, '
            f'but there are {have / 1e9:.1f} GB: {self.asked(fits)} would fit'
        )

    def asked(self, shape: ImageShape) -> str:
        """Return the shape that one has to ask for if this one is to be painted."""
        return shape_text(scaled_shape(shape, 1 / self.enlargement))
