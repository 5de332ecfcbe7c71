"""What a run will take: stages for any shape, memory and tiles, and the time.

A large picture is painted in more stages than the recipe has. The recipe's own settle shapes and
colours, as always; what is added above them is twice as large at most from one to the next, and
leaves ever less to be done.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import mxnet as mx
from mxnet import numpy as np

from styletransfer import photo, windows
from styletransfer.canvas import enlargement, on_canvas, picture_shape
from styletransfer.errors import InputError
from styletransfer.images import ImageShape, check_size, load_image, picture_path
from styletransfer.machine import find_device
from styletransfer.mrf import Matching
from styletransfer.networks import Network
from styletransfer.objective import LossAt
from styletransfer.optimizers import OPTIMIZERS
from styletransfer.recipes import (
    Recipe,
    Stage,
    find_recipe,
    scaled_shape,
    shape_text,
    with_shape,
    with_stages,
)
from styletransfer.synthesis import train
from styletransfer.train.memory import Needs
from styletransfer.train.wish import STAGE_NUMBERS, Wish, flag
from styletransfer.vgg import BACKBONES, find_backbone

# from how many times the recipe's pixels stages are added: at 2 a stage of half the pixels and
# one of all of them, with half of the epochs, take as long as the one they replace
LARGER = 2
FEWEST_EPOCHS = 30  # of a stage that is added: Adam's averages begin to tell only then
TIMED_SHAPE = (320, 192)  # on which an epoch is timed: of a smaller one a pixel takes longer


def planned(recipe: Recipe, shape: ImageShape, coarse: Optional[ImageShape] = None) -> Recipe:
    r"""Return the recipe for another shape of the result, with further stages if it is large.

    Up to twice the pixels of its last stage the recipe keeps its stages, as by `with_shape`. For
    larger pictures all of its own stages keep about the pixels they have, and others follow, each
    with sides at most twice as long. One with :math:`q` times the pixels of the recipe's last,
    which has :math:`n` epochs, has

    .. math:: n' = \min(n, \max(30, n / q))

    so that it takes about as long as that one; the drops of the step size come as much sooner.
    Where the picture is to stay a photograph, none follow: it starts with the photo's detail,
    which a smaller stage would lose.

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
    if ratio <= LARGER or recipe.matting_weight:
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


class Plan(NamedTuple):
    """What a wish comes to before any picture is read: whatever can be wrong there is right."""

    recipe: Recipe
    backbone: str
    device: mx.Context
    needs: Needs
    tiles: Dict[ImageShape, Optional[int]]  # the tile for the shape of each stage
    lacking: Sequence[str] = ()  # a line for each layer that the network lacks

    @property
    def shape(self) -> ImageShape:
        """Return the shape of the finished picture."""
        return picture_shape(self.recipe, self.recipe.stages[-1].image_shape)

    def fitted(self, network: Network) -> Plan:
        """Return the plan with layers that a network has, as soon as there is one."""
        return self._replace(
            recipe=network.fitted(self.recipe), lacking=network.notes(self.recipe) or self.lacking
        )

    def notes(self) -> List[str]:
        """Return what the user should know of it: layers that are replaced, and tiles."""
        canvas = self.recipe.stages[-1].image_shape
        larger = f'Painted at {shape_text(canvas)}; cut and averaged down to the picture.'
        return [
            *self.lacking,
            *([larger] if canvas != self.shape else []),
            *(
                f'{shape_text(shape)} in one piece would take about '
                f'{self.needs.whole(shape) / 1e9:.1f} GB of memory: it is painted in tiles of '
                f'{tile} pixels, without seams.'
                for shape, tile in self.tiles.items()
                if tile
            ),
        ]

    def looked_at(self) -> List[float]:
        """Return how many pixels the network looks at in each stage."""
        return [
            looked_at(stage.image_shape, self.tiles[stage.image_shape]) * stage.num_epochs
            for stage in self.recipe.stages
        ]

    def matched(self) -> List[float]:
        """Return how many multiplications it takes in each stage to match patches."""
        matching = self.needs.matching
        return [
            matching.multiplications(stage.image_shape) * stage.num_epochs if matching else 0.0
            for stage in self.recipe.stages
        ]

    def work(self) -> List[float]:
        """Return about how many multiplications each stage takes, forward and backward."""
        each = 2 * BACKBONES[self.backbone].multiplications
        return [each * seen + matched for seen, matched in zip(self.looked_at(), self.matched())]

    def table(self, seconds: Sequence[float]) -> List[str]:
        """Return the plan in lines, with these times for the stages."""
        rows = [('stage', 'shape', 'epochs', 'step size', 'tile', 'memory', 'time')]
        for number, (stage, time_) in enumerate(zip(self.recipe.stages, seconds), start=1):
            tile = self.tiles[stage.image_shape]
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


def make_recipe(wish: Wish, content: Path) -> Recipe:
    """Return the recipe that a wish asks for, complete and checked; `content` is its photo.

    Its shapes are those of the canvas; the wish and the recipes speak of the picture.
    """
    recipe = find_recipe(wish.recipe)
    shape = wish.shape or recipe.stages[-1].image_shape
    if wish.keep_aspect:
        width, height = load_image(content).shape[1::-1]
        shape = (shape[0], max(1, round(shape[0] * height / width)))
    recipe = planned(recipe, shape, wish.coarse_shape)
    numbers = {name: value for name, value in wish.changes if name not in STAGE_NUMBERS}
    recipe = replace(recipe, init=wish.init or recipe.init, **numbers)
    for name, value in wish.changes:
        if name in STAGE_NUMBERS:
            recipe = with_stages(recipe, name, value)
    stages = tuple(stage for stage in recipe.stages if stage.num_epochs)
    if not stages:
        raise InputError('--epochs leaves out every stage: there is nothing to do')
    layers = recipe.style_layers or recipe.patch_layers
    for name in ('content_mask', 'content_labels', 'auto_masks'):
        if getattr(wish, name) and not layers:
            raise InputError(f'{flag(name)} says where styles go, but there are no style layers')
    if wish.style_weights and recipe.patch_layers:
        raise InputError(
            '--style-weights mixes Gram matrices, but a patch is of one painting or another: '
            'leave it out, or the patches with --patch-layers ,'
        )
    return on_canvas(replace(recipe, stages=stages))


def make_plan(wish: Wish) -> Plan:
    """Return what a wish comes to, and check all that can be checked without the pictures.

    Raises
    ------
    InputError
        If anything the user asked for cannot be, or a stage needs more memory than there is.
    """
    content = picture_path(wish.content, 'content')
    for style in wish.style:
        picture_path(style, 'style')
    recipe = make_recipe(wish, content)
    check_size(wish.format, recipe.stages[-1].image_shape)
    device = find_device(wish.device)
    backbone = find_backbone(wish.backbone, recipe.family)
    matching = matching_of(wish, recipe, backbone) if recipe.patch_layers else None
    needs = Needs(
        backbone,
        recipe.optimizer,
        wish.style_scale,
        enlargement(recipe),
        matching,
        photo.pixel_bytes(recipe),
        recipe.remembered,
    )
    # the largest first: if one does not fit, it is that of which the user should be told
    shapes = sorted((stage.image_shape for stage in recipe.stages), key=math.prod, reverse=True)
    tiles = {shape: needs.choose(shape, wish.tile, device) for shape in shapes}
    return Plan(recipe, backbone, device, needs, tiles)


def matching_of(wish: Wish, recipe: Recipe, backbone: str) -> Matching:
    """Return what it takes to match the patches of a wish.

    Raises
    ------
    InputError
        If there is a stage in which a layer has none.
    """
    regions = max(1, len(wish.content_mask))
    paintings = 1 if wish.content_mask else len(wish.style)
    matching = Matching(recipe, backbone, wish.style_scale, paintings, regions)
    for stage in recipe.stages:
        matching.check(stage.image_shape)
    return matching


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


def describe_choice(name: str, origin: Dict[str, str]) -> str:
    """Return one line that says which network runs, and how to get the other."""
    title = BACKBONES[name].title
    if origin['source'] == 'random':
        return f'Network: {title}, untrained (random weights): expect noise, not a painting.'
    line = f'Network: {title} ({origin["source"]}).'
    family, _, slim = name.partition('_')
    if name == 'vgg16_slim':
        line += ' No slim VGG-16 was trained: all its layers have namesakes in VGG-19.'
    if slim:
        line += f' The full one, slower and finer:  python -m styletransfer.weights get {family}'
    else:
        line += f' The quick one:  --backbone {family}_slim'
    return line
