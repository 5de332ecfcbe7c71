"""What a run will take: stages for any shape, memory and tiles, and the time.

A large picture is painted in more stages than the recipe has. The recipe's own settle shapes and
colours, as always; what is added above them is twice as large at most from one to the next, and
leaves ever less to be done.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Dict, List, NamedTuple, Optional, Sequence, Union

import mxnet as mx
from mxnet import numpy as np

from styletransfer import tiles, vgg, windows
from styletransfer.controls import scaled_shape
from styletransfer.errors import InputError
from styletransfer.images import ImageShape
from styletransfer.machine import available_memory, total_memory
from styletransfer.objective import LossAt
from styletransfer.optimizers import OPTIMIZERS
from styletransfer.recipes import Recipe, Stage, shape_text, with_shape
from styletransfer.synthesis import train

# from how many times the recipe's pixels stages are added: at 2 a stage of half the pixels and
# one of all of them, with half of the epochs, take as long as the one they replace
LARGER = 2
FEWEST_EPOCHS = 30  # of a stage that is added: Adam's averages begin to tell only then
TIMED_SHAPE = (320, 192)  # on which an epoch is timed: of a smaller one a pixel takes longer
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
    if not text.isdigit() or int(text) < SMALLEST_TILE or int(text) % tiles.ALIGNED:
        raise InputError(
            f"'{text}' is not a tile: give auto, none, or a multiple of {tiles.ALIGNED} pixels, "
            f'at least {SMALLEST_TILE}'
        )
    return int(text)


def planned(recipe: Recipe, shape: ImageShape, coarse: Optional[ImageShape] = None) -> Recipe:
    r"""Return the recipe for another shape of the result, with further stages if it is large.

    Up to twice the pixels of its last stage the recipe keeps its stages, as by `with_shape`. For
    larger pictures all of its own stages keep about the pixels they have, and others follow, each
    with sides at most twice as long. One with :math:`q` times the pixels of the recipe's last,
    which has :math:`n` epochs, has

    .. math:: n' = \min(n, \max(30, n / q))

    so that it takes about as long as that one; the drops of the step size come as much sooner.

    Parameters
    ----------
    recipe : Recipe
    shape : (int, int)
        Width and height of the result.
    coarse : (int, int), optional
        Width and height of the first stage.

    Raises
    ------
    InputError
        If a coarse shape is given where there is one stage, or a shape is too small.
    """
    last = recipe.stages[-1]
    ratio = math.prod(shape) / math.prod(last.image_shape)
    if ratio <= LARGER:
        return with_shape(recipe, shape, coarse)
    count = math.ceil(math.log2(ratio) / 2)
    steps = [scaled_shape(shape, ratio ** (k / count / 2 - 0.5)) for k in range(count)]
    base = with_shape(recipe, steps[0])
    further = tuple(_further(base.stages[-1], to) for to in (*steps[1:], shape))
    stages = base.stages + further
    if coarse:
        stages = (replace(stages[0], image_shape=coarse), *stages[1:])
    return replace(recipe, stages=stages)


def _further(last: Stage, shape: ImageShape) -> Stage:
    """Return a stage behind the recipe's last."""
    share = math.prod(last.image_shape) / math.prod(shape)
    epochs = min(last.num_epochs, max(FEWEST_EPOCHS, round(last.num_epochs * share)))
    drops = max(1, round(last.lr_decay_epoch * epochs / last.num_epochs))
    return replace(last, image_shape=shape, num_epochs=epochs, lr_decay_epoch=drops)


class Needs(NamedTuple):
    """How much memory pictures take with a network and an optimiser."""

    backbone: str  # a key of `vgg.BACKBONES`
    optimizer: str  # a key of `OPTIMIZERS`
    style_scale: float = 1.0

    def search(self, shape: ImageShape) -> int:
        """Return about how many bytes the optimiser takes for itself, beyond those of Adam."""
        return OPTIMIZERS[self.optimizer].pictures * 3 * 4 * math.prod(shape)

    def whole(self, shape: ImageShape) -> int:
        """Return about how many bytes a run takes that sees the picture in one piece.

        A painting may be larger than the picture. It asks for no gradient, and so for a fifth.
        """
        seen = scaled_shape(shape, max(1.0, math.sqrt(0.2) * self.style_scale))
        picture = vgg.memory_estimate(self.backbone, shape) + self.search(shape)
        return max(picture, vgg.memory_estimate(self.backbone, seen))

    def tiled(self, shape: ImageShape, tile: Optional[int]) -> int:
        """Return about how many bytes a run takes, in tiles if there are any."""
        if not tile:
            return self.whole(shape)
        tiled = tiles.tiled_memory_estimate(self.backbone, shape, tile)
        return min(tiled + self.search(shape), self.whole(shape))

    def tile(
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
        """Return the largest tile with which a picture fits; the smallest one if none does."""
        if self.whole(shape) <= free:
            return None
        try:
            tile = tiles.choose_tile(
                lambda crop: vgg.memory_estimate(self.backbone, crop),
                shape,
                free - self.search(shape),
            )
            return tile or tiles.TILES[0]  # None: only the painting is too large
        except InputError:  # it may still do, at the cost of other programs
            return tiles.TILES[-1]

    def too_large(self, shape: ImageShape, tile: Optional[int], have: int) -> InputError:
        """Return the error for a picture that does not fit; it names a shape that would."""
        fits = shape
        while self.tiled(fits, tile) > 0.7 * have and max(fits) > vgg.SMALLEST_SIDE:
            width, height = (max(vgg.SMALLEST_SIDE, side * 9 // 10 // 8 * 8) for side in fits)
            fits = width, height
        return InputError(
            f'{shape_text(shape)} needs about {self.tiled(shape, tile) / 1e9:.1f} GB of memory, '
            f'but there are {have / 1e9:.1f} GB: {shape_text(fits)} would fit'
        )


class Plan(NamedTuple):
    """A recipe's stages with the tile of each, and what they need."""

    recipe: Recipe
    needs: Needs
    tiles: Dict[ImageShape, Optional[int]]

    def tile(self, shape: ImageShape) -> Optional[int]:
        """Return the tile for the shape of a stage, None for one piece."""
        return self.tiles[shape]

    def notes(self) -> List[str]:
        """Return a line for each shape that is painted in tiles: why."""
        return [
            f'{shape_text(shape)} in one piece would take about '
            f'{self.needs.whole(shape) / 1e9:.1f} GB of memory: it is painted in tiles of '
            f'{tile} pixels, without seams.'
            for shape, tile in self.tiles.items()
            if tile
        ]

    def seconds(self, per_pixel: float) -> List[float]:
        """Return about how long each stage takes, given the time of an epoch for each pixel."""
        return [
            per_pixel
            * looked_at(stage.image_shape, self.tile(stage.image_shape))
            * stage.num_epochs
            for stage in self.recipe.stages
        ]

    def table(self, seconds: Sequence[float]) -> List[str]:
        """Return the plan in lines, with these times for the stages."""
        rows = [('stage', 'shape', 'epochs', 'step size', 'tile', 'memory', 'time')]
        for number, (stage, time_) in enumerate(zip(self.recipe.stages, seconds), start=1):
            tile = self.tile(stage.image_shape)
            memory = self.needs.tiled(stage.image_shape, tile)
            rows.append(
                (
                    str(number),
                    shape_text(stage.image_shape),
                    str(stage.num_epochs),
                    'searched' if OPTIMIZERS[self.recipe.optimizer].searches else f'{stage.lr:g}',
                    str(tile or '-'),
                    f'{memory / 1e9:.1f} GB',
                    duration(time_),
                )
            )
        widths = [max(len(cell) for cell in column) for column in zip(*rows)]
        lines = ['  '.join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return [*lines, f'all together: {duration(sum(seconds))}']


def make_plan(
    recipe: Recipe,
    backbone: str,
    wanted: Union[int, str],
    device: mx.Context,
    style_scale: float = 1.0,
) -> Plan:
    """Return the plan for a recipe; 'wanted' is the tile that the user wants.

    Raises
    ------
    InputError
        If a stage needs more memory than there is.
    """
    needs = Needs(backbone, recipe.optimizer, style_scale)
    # the largest first: if one does not fit, it is that of which the user should be told
    shapes = sorted((stage.image_shape for stage in recipe.stages), key=math.prod, reverse=True)
    return Plan(recipe, needs, {shape: needs.tile(shape, wanted, device) for shape in shapes})


def looked_at(shape: ImageShape, tile: Optional[int]) -> float:
    """Return how many pixels the network looks at in an epoch, with halos and both passes."""
    return windows.looked_at(shape, tile) if tile else math.prod(shape)


def seconds_per_pixel(loss_at: LossAt, recipe: Recipe, device: mx.Context) -> float:
    """Return how long an epoch takes here for each pixel: the quickest of some on a small picture.

    The first prepares MXNet for the shape. Other programs make an epoch longer, never shorter.
    A large picture takes about as long for each of its pixels as a small one.

    Parameters
    ----------
    loss_at : callable
        As of `objectives`.
    recipe : Recipe
    device : mx.Context
    """
    width, height = (
        min(sides) for sides in zip(TIMED_SHAPE, *(stage.image_shape for stage in recipe.stages))
    )
    stage = replace(recipe.stages[0], image_shape=(width, height), num_epochs=5)
    ends: List[float] = []
    X = np.zeros((1, 3, height, width), ctx=device)
    loss = loss_at(stage.image_shape)
    train(loss, recipe, stage, X, device, lambda step: ends.append(time.perf_counter()))
    return min(end - start for start, end in zip(ends, ends[1:])) / (width * height)


def duration(seconds: float) -> str:
    """Return a time as one says it: 'about 12 minutes'."""
    units = (('second', 1, 90), ('minute', 60, 150), ('hour', 3600, 48), ('day', 86400, math.inf))
    unit, length = next((unit, length) for unit, length, most in units if seconds < most * length)
    number = max(1, round(seconds / length))
    return f'about {number} {unit}{"s" if number > 1 else ""}'
