"""Every number once: the published settings, as values, and what each number means.

The command's flags are made from the fields below, with these names, defaults and help texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any, Callable, Optional, Sequence, Tuple

from styletransfer.errors import InputError, unknown
from styletransfer.images import ImageShape
from styletransfer.vgg import SMALLEST_SIDE, Layer, layer_index


def setting(default: Any, help: str, parse: Callable[[str], Any] = float) -> Any:
    """Return a dataclass field that knows how to read itself from a command line."""
    return field(default=default, metadata={'help': help, 'parse': parse})


def parse_layers(text: str) -> Tuple[int, ...]:
    """Return layer numbers from text such as 'conv1_1,conv2_1' or '0,5'."""
    return tuple(layer_index(layer.strip()) for layer in text.split(','))


def shape_text(shape: ImageShape) -> str:
    """Return a shape as one writes it on the command line."""
    return f'{shape[0]}x{shape[1]}'


def _check_numbers(settings: Any, positive: Sequence[str] = ()) -> None:
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if not isinstance(value, (int, float)):
            continue
        if not math.isfinite(value) or value < 0:
            raise InputError(f'{entry.name} is {value}: it must be a finite number, not below 0')
        if entry.name in positive and not value:
            raise InputError(f'{entry.name} is 0: it must be above 0')


@dataclass(frozen=True)
class Stage:
    """One resolution of a run, and how the optimiser goes about it."""

    image_shape: ImageShape
    lr: float = setting(0.01, "step size of Adam, in units of a colour's standard deviation")
    num_epochs: int = setting(500, 'steps; 0 leaves the stage out', int)
    lr_decay_epoch: int = setting(200, 'epochs between two drops of the step size', int)
    lr_decay: float = setting(0.1, 'what the step size is multiplied by at a drop')
    lr_decay_start: int = setting(
        0, 'epochs before the counting to the first drop begins (the Chinese edition: 1)', int
    )

    def __post_init__(self) -> None:
        if min(self.image_shape) < SMALLEST_SIDE:
            raise InputError(
                f'shape {shape_text(self.image_shape)} is too small: the four poolings of VGG '
                f'need at least {SMALLEST_SIDE}x{SMALLEST_SIDE}'
            )
        _check_numbers(self, positive=('lr', 'lr_decay', 'lr_decay_epoch'))

    def lr_at(self, epoch: int) -> float:
        r"""Return the step size of an epoch, counted from 1: it drops like a staircase.

        .. math:: \eta_e = \eta \, d^{\lfloor (e - 1 - s) / n \rfloor}

        with d `lr_decay`, n `lr_decay_epoch` and s `lr_decay_start`; the power is never below 0.
        """
        drops = max(0, epoch - 1 - self.lr_decay_start) // self.lr_decay_epoch
        return self.lr * self.lr_decay**drops


@dataclass(frozen=True)
class Recipe:
    """What is asked of the picture, and the stages in which it is painted."""

    name: str
    description: str
    stages: Tuple[Stage, ...]
    content_weight: float = setting(1.0, 'how closely the picture keeps the content')
    style_weight: float = setting(1e3, 'how strongly each style layer asks for the style')
    tv_weight: float = setting(50.0, 'how smooth the picture is (weight of its total variation)')
    content_layers: Tuple[Layer, ...] = setting(
        (25,), 'layers that keep the content, by name or number', parse_layers
    )
    style_layers: Tuple[Layer, ...] = setting(
        (0, 5, 10, 19, 28), 'layers that hold the style, by name or number', parse_layers
    )

    def __post_init__(self) -> None:
        _check_numbers(self)
        for layer in (*self.content_layers, *self.style_layers):
            layer_index(layer)


D2L_ZH = Recipe(
    name='d2l_zh',
    description='the book, Chinese edition: 200x100, then 560x320 (the default)',
    stages=(
        Stage((200, 100), num_epochs=500, lr_decay_epoch=200, lr_decay_start=1),
        Stage((560, 320), num_epochs=300, lr_decay_epoch=100, lr_decay_start=1),
    ),
)

D2L_EN = Recipe(
    name='d2l_en',
    description='the book, English edition: 450x300 at once, with large steps',
    stages=(Stage((450, 300), lr=0.9, num_epochs=500, lr_decay_epoch=50, lr_decay=0.8),),
    style_weight=1e4,
    tv_weight=10.0,
)

RECIPES = {recipe.name: recipe for recipe in (D2L_ZH, D2L_EN)}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by its name; capitals and hyphens are forgiven."""
    key = name.lower().replace('-', '_')
    if key not in RECIPES:
        raise unknown('recipe', name, RECIPES)
    return RECIPES[key]


def with_shape(recipe: Recipe, shape: ImageShape, coarse: Optional[ImageShape] = None) -> Recipe:
    """Return the recipe for another shape of the result.

    Parameters
    ----------
    recipe : Recipe
    shape : (int, int)
        Width and height of the last stage.
    coarse : (int, int), optional
        Width and height of the first stage. By default each earlier stage keeps about the pixels
        it has, in the new aspect ratio, but not a larger share of the result than it had.

    Raises
    ------
    InputError
        If a coarse shape is given for a recipe of one stage, or a shape is too small.
    """
    *earlier, last = recipe.stages
    if coarse and not earlier:
        raise InputError(
            f"recipe '{recipe.name}' has one stage, so there is no coarse one to give a shape"
        )
    if shape != last.image_shape:
        earlier = [
            replace(stage, image_shape=_coarser(stage.image_shape, last.image_shape, shape))
            for stage in earlier
        ]
    if coarse:
        earlier[0] = replace(earlier[0], image_shape=coarse)
    return replace(recipe, stages=(*earlier, replace(last, image_shape=shape)))


def _coarser(coarse: ImageShape, fine: ImageShape, shape: ImageShape) -> ImageShape:
    pixels, share = math.prod(coarse), math.prod(coarse) / math.prod(fine)
    scale = math.sqrt(min(pixels / math.prod(shape), share))
    width, height = (max(SMALLEST_SIDE, round(side * scale)) for side in shape)
    return width, height


def with_stages(recipe: Recipe, name: str, values: Sequence[Any]) -> Recipe:
    """Return the recipe with one setting changed in its stages: one value for all, or one each."""
    if len(values) == 1:
        values = [values[0]] * len(recipe.stages)
    if len(values) != len(recipe.stages):
        raise InputError(
            f"{len(values)} values given for {name}, but recipe '{recipe.name}' has "
            f'{len(recipe.stages)} stages'
        )
    stages = [replace(stage, **{name: value}) for stage, value in zip(recipe.stages, values)]
    return replace(recipe, stages=tuple(stages))
