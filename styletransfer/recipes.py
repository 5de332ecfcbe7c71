"""Every number once: the published settings, as values, and what each number means.

The command's flags are made from the fields below, with these names, defaults and help texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from itertools import cycle
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from mxnet import numpy as np

from styletransfer.command import MOST, finite, whole
from styletransfer.errors import InputError, unknown
from styletransfer.images import PIXELS, ImageShape
from styletransfer.losses import SCALINGS, TV_LOSSES, reciprocals
from styletransfer.optimizers import OPTIMIZERS
from styletransfer.vgg import (
    POOLINGS,
    SMALLEST_SIDE,
    VGG16,
    Layer,
    layer_index,
    vgg_layer_names,
)


def option(default: Any, help: str, parse: Callable[[str], Any] = finite, **facts: Any) -> Any:
    """Return a dataclass field that knows how to read itself from a command line."""
    return field(default=default, metadata={'help': help, 'parse': parse, **facts})


def choice(default: str, help: str, table: Iterable[str]) -> Any:
    """Return a dataclass field whose value names an entry of a table."""
    return option(default, f'{help}: {", ".join(table)}', str, table=table)


def parse_layers(text: str) -> Tuple[Layer, ...]:
    """Return layers from text such as 'conv1_1,conv2_1' or '0,5'."""
    layers = [layer.strip() for layer in text.split(',')]
    return tuple(whole(layer) if layer.isdecimal() else layer for layer in layers if layer)


def parse_weights(text: str) -> Tuple[float, ...]:
    """Return numbers from text such as '1,0.5'."""
    return tuple(finite(number) for number in text.split(','))


def shape_text(shape: ImageShape) -> str:
    """Return a shape as one writes it on the command line."""
    return f'{shape[0]}x{shape[1]}'


def scaled_shape(image_shape: ImageShape, scale: float) -> ImageShape:
    """Return a shape whose sides are `scale` times as long, but not too short for the network.

    Raises
    ------
    InputError
        If it would be larger than any picture.
    """
    if not scale * max(image_shape) < 1e6:
        raise InputError(f'{shape_text(image_shape)} made {scale:g} times as large is no picture')
    width, height = (max(SMALLEST_SIDE, round(side * scale)) for side in image_shape)
    return width, height


def _check_numbers(settings: Any, positive: Sequence[str] = ()) -> None:
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        table = entry.metadata.get('table')
        if table and value not in table:
            raise unknown(entry.name.replace('_', ' '), value, table)
        if not isinstance(value, (int, float)):
            continue
        if not 0 <= value < math.inf:
            raise InputError(f'{entry.name} is {value}: it must be a finite number, not below 0')
        if entry.name in positive and not value:
            raise InputError(f'{entry.name} is 0: it must be above 0')


@dataclass(frozen=True)
class Stage:
    """One resolution of a run, and how the optimiser goes about it."""

    image_shape: ImageShape
    lr: float = option(0.01, "step size of Adam, in units of a colour's standard deviation")
    num_epochs: int = option(500, 'steps; 0 leaves the stage out', whole)
    lr_decay_epoch: int = option(200, 'epochs between two drops of the step size', whole)
    lr_decay: float = option(0.1, 'what the step size is multiplied by at a drop')
    lr_decay_start: int = option(
        0,
        'epochs before the counting to the first drop begins (the tutorial: 1)',
        whole,
    )

    def __post_init__(self) -> None:
        if min(self.image_shape) < SMALLEST_SIDE:
            raise InputError(
                f'shape {shape_text(self.image_shape)} is too small: the four poolings of VGG '
                f'need at least {SMALLEST_SIDE}x{SMALLEST_SIDE}'
            )
        _check_numbers(self, positive=('lr', 'lr_decay', 'lr_decay_epoch'))
        try:
            last = self.lr_at(self.num_epochs)
        except OverflowError:
            last = math.inf
        if last > MOST:
            raise InputError(
                f'lr_decay is {self.lr_decay:g}: with it the step size would grow beyond {MOST:g}'
            )

    @property
    def title(self) -> str:
        """Return what listeners call the stage: its shape."""
        return shape_text(self.image_shape)

    def lr_at(self, epoch: int) -> float:
        r"""Return the step size of an epoch, counted from 1: it drops like a staircase.

        .. math:: \eta_e = \eta \, d^{\lfloor (e - 1 - s) / n \rfloor}

        with d `lr_decay`, n `lr_decay_epoch` and s `lr_decay_start`; the power is never below 0.
        """
        drops = max(0, epoch - 1 - self.lr_decay_start) // self.lr_decay_epoch
        return self.lr * self.lr_decay**drops


LAYER_KINDS = ('content', 'style', 'patch')
# patches farther apart than they are wide would leave positions out; 24 rotations to each side are
# all there are, and what is larger or smaller than 12 twentieths make it is another painting
PATCH_BOUNDS = (('patch_stride', 1, 3), ('patch_rotations', 0, 24), ('patch_scales', 0, 12))


@dataclass(frozen=True)
class Recipe:
    """What is asked of the picture, by which means, and the stages in which it is painted.

    The defaults are those of `TUTORIAL`. What is text names a part: an entry of the table in the
    module that has the part.
    """

    name: str
    description: str
    stages: Tuple[Stage, ...]
    content_weight: float = option(1.0, 'how closely the picture keeps the content')
    style_weight: float = option(1e3, 'how strongly each style layer asks for the style')
    tv_weight: float = option(50.0, 'how smooth the picture is (weight of its total variation)')
    content_layers: Tuple[Layer, ...] = option(
        ('conv4_4',), 'layers that keep the content, by name or number', parse_layers
    )
    style_layers: Tuple[Layer, ...] = option(
        ('conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1'),
        'layers that hold the style, by name or number',
        parse_layers,
    )
    content_layer_weights: Tuple[float, ...] = option(
        (), 'a further weight for each content layer, in their order (1 each)', parse_weights
    )
    style_layer_weights: Tuple[float, ...] = option(
        (), 'a further weight for each style layer, in their order (1 each)', parse_weights
    )
    patch_weight: float = option(1.0, 'how closely the patches are those of the painting')
    patch_layers: Tuple[Layer, ...] = option(
        (), 'layers whose patches become patches of the painting, by name or number', parse_layers
    )
    patch_layer_weights: Tuple[float, ...] = option(
        (), 'a further weight for each patch layer, in their order (1 each)', parse_weights
    )
    patch_stride: int = option(2, 'positions from one patch of 3x3 to the next: 1 to 3', whole)
    patch_rotations: int = option(
        0, 'times the painting is turned to each side, by 7.5 degrees, for more patches', whole
    )
    patch_scales: int = option(
        0, 'times the painting is made larger by a twentieth, and smaller, for more patches', whole
    )
    scaling: str = choice('book', 'how the losses of a layer are scaled', SCALINGS)
    tv: str = choice('absolute', 'what total variation is made of', TV_LOSSES)
    optimizer: str = choice('adam', 'how the picture is changed', OPTIMIZERS)
    remembered: int = option(
        10, 'steps that lbfgs remembers, each of which takes two copies of the picture', whole
    )
    pooling: str = choice('max', 'what the pooling layers pass on', POOLINGS)
    pixels: str = choice('imagenet', "units of the picture, the network's input", PIXELS)
    oversample: float = option(1.0, 'the picture is painted so many times as large, and averaged')
    bleed: float = option(0.0, 'share of each side that is painted beyond the border, and cut off')
    softening: float = option(0.0, "pixels by which a stage's result is blurred for the next one")
    matting_weight: float = option(
        0.0,
        'how closely the picture keeps to locally affine changes of the photo: a sum over '
        'pixels, so that a larger picture keeps closer',
    )
    affine_radius: int = option(
        0, 'pixels over which the smooth local affine filter looks in the end; 0: no filter', whole
    )
    affine_edge: float = option(
        0.01, 'how different two colours may be, on a scale of 0-1, that the filter averages'
    )
    init: str = 'content'  # where the picture starts; the flag takes files, too
    family: str = 'vgg19'  # of the networks for which this was made
    normalised: bool = False  # whether each filter of the network is scaled to a mean of 1

    def __post_init__(self) -> None:
        _check_numbers(self, positive=('affine_edge',))
        if self.oversample < 1:
            raise InputError(f'oversample is {self.oversample:g}: it must be 1 or above')
        if self.remembered < 1:
            raise InputError(f'remembered is {self.remembered}: it must be 1 or above')
        if self.bleed > 0.5:
            raise InputError(f'bleed is {self.bleed:g}: it must be a share from 0 to 0.5')
        if self.reciprocal and OPTIMIZERS[self.optimizer].searches:
            raise InputError(
                f"scaling '{self.scaling}' gives every picture the same loss, and optimizer "
                f"'{self.optimizer}' looks for smaller ones: choose another of the two"
            )
        for name, least, most in PATCH_BOUNDS:
            if not least <= getattr(self, name) <= most:
                raise InputError(
                    f'{name} is {getattr(self, name)}: it must be from {least} to {most}'
                )
        for kind in LAYER_KINDS:
            layers = getattr(self, f'{kind}_layers')
            weights = getattr(self, f'{kind}_layer_weights')
            for layer in layers:
                layer_index(layer)
            if weights and len(weights) != len(layers):
                raise InputError(
                    f'{len(weights)} {kind} layer weights given for {len(layers)} {kind} layers: '
                    f'{kind}_layer_weights needs one for each'
                )
            if any(not math.isfinite(weight) or weight < 0 for weight in weights):
                raise InputError(f'{kind} layer weights must be finite numbers, not below 0')

    @property
    def tv_loss(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return the loss that keeps the picture smooth."""
        return TV_LOSSES[self.tv]

    @property
    def mean_std(self) -> Tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation by which `preprocess` standardises."""
        return PIXELS[self.pixels]

    @property
    def optimizer_params(self) -> Dict[str, Any]:
        """Return what the optimizer needs besides a step size."""
        method = OPTIMIZERS[self.optimizer]
        if method.searches:
            return {'memory': self.remembered}
        return method.params(*self.mean_std)

    def content_weights(
        self, contents_Y_hat: Sequence[np.ndarray], contents_Y: Sequence[np.ndarray], X: np.ndarray
    ) -> List[Any]:
        r"""Return the weight of each content layer's loss, in the order of the network.

        .. math:: w_c^\ell = w_c \, u_\ell \, s_c(c, h, w, Y)

        with u the layer's further weight and s the factor of the `scaling`, 1 in the book's, for
        the shape of what the layer says of the picture X, and for its target Y.
        """
        scale = SCALINGS[self.scaling].content
        weights = cycle(_in_order(self.content_layers, self.content_layer_weights))
        return [
            self.content_weight * next(weights) * scale(Y_hat.shape, X.shape, Y)
            for Y_hat, Y in zip(contents_Y_hat, contents_Y)
        ]

    def style_weights(
        self, styles_Y_hat: Sequence[np.ndarray], styles_Y: Sequence[np.ndarray], X: np.ndarray
    ) -> List[Any]:
        """Return the weight of each style layer's loss, as `content_weights`.

        The targets `styles_Y` are Gram matrices. With regions (`controls.guide`) the layers come
        once for each region.
        """
        scale = SCALINGS[self.scaling].style
        weights = cycle(_in_order(self.style_layers, self.style_layer_weights))
        return [
            self.style_weight * next(weights) * scale(Y_hat.shape, X.shape, Y)
            for Y_hat, Y in zip(styles_Y_hat, styles_Y)
        ]

    def patch_weight_at(self, k: int, shape: Sequence[int], target: np.ndarray) -> Any:
        """Return the weight of the k-th patch layer's loss, in the order of the network.

        Parameters
        ----------
        shape : (int, int, int, int)
            Of the layer's output.
        target : np.ndarray
            Numbers whose mean square is that of the painting's patches.
        """
        scaling = SCALINGS[self.scaling]
        scale = (scaling.patches or scaling.content)(shape, (), target)
        return (
            self.patch_weight * _in_order(self.patch_layers, self.patch_layer_weights)[k] * scale
        )

    @property
    def reciprocal(self) -> bool:
        """Return whether each term is divided by its own value."""
        return SCALINGS[self.scaling].reciprocal

    def reciprocals(
        self, content_l: Any, style_l: Any, tv_l: Any, patches_l: Any = 0.0
    ) -> List[Any]:
        """Return by what to multiply the weighted content, style, total variation and patches."""
        weights = self.content_weight, self.style_weight, self.tv_weight, self.patch_weight
        return reciprocals((content_l, style_l, tv_l, patches_l), weights)


def _in_order(layers: Sequence[Layer], weights: Sequence[float]) -> List[float]:
    """Return the layers' weights in the order of the network, 1 each where there are none."""
    pairs = zip(layers, weights or [1.0] * len(layers))
    return [weight for _, weight in sorted((layer_index(layer), w) for layer, w in pairs)] or [1.0]


# Whose numbers are whose: *Dive into Deep Learning* (d2l.ai) has two forms of its chapter. The
# first Chinese edition (2018-2020, MXNet) paints twice, its current editions, English and Chinese,
# once. The default is a tutorial after the first, with shapes and a smoothness of its own.
TUTORIAL = Recipe(
    name='tutorial',
    description='the two-resolution MXNet tutorial, after the first d2l: 200x100, then 560x320',
    stages=(
        Stage((200, 100), num_epochs=500, lr_decay_epoch=200, lr_decay_start=1),
        Stage((560, 320), num_epochs=300, lr_decay_epoch=100, lr_decay_start=1),
    ),
)

D2L_V1 = Recipe(
    name='d2l_v1',
    description='Dive into Deep Learning, first Chinese edition: 225x150, then 450x300',
    stages=(
        Stage((225, 150), num_epochs=500, lr_decay_epoch=200, lr_decay_start=1),
        Stage((450, 300), num_epochs=300, lr_decay_epoch=100, lr_decay_start=1),
    ),
    tv_weight=10.0,
)

D2L = Recipe(
    name='d2l',
    description='Dive into Deep Learning, both current editions: 450x300 at once, large steps',
    stages=(Stage((450, 300), lr=0.9, num_epochs=500, lr_decay_epoch=50, lr_decay=0.8),),
    style_weight=1e4,
    tv_weight=10.0,
)

FAST = Recipe(
    name='fast',
    description="the tutorial's objective, reached sooner: a finer pyramid and L-BFGS",
    stages=(
        Stage((200, 100), num_epochs=100),
        Stage((340, 192), num_epochs=50),
        Stage((560, 320), num_epochs=40),
    ),
    optimizer='lbfgs',
)

GATYS_2016 = Recipe(
    name='gatys_2016',
    description='Gatys et al.: white noise, L-BFGS, average pooling, normalised network',
    stages=(Stage((560, 320), num_epochs=500),),
    content_weight=1e-4,  # alpha over beta as in the preprint of 2015; CVPR 2016 prints 1e-3, too
    style_weight=1.0,
    tv_weight=0.0,
    content_layers=('relu4_2',),
    style_layers=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'),
    style_layer_weights=(0.2,) * 5,
    scaling='gatys',
    optimizer='lbfgs',
    pooling='average',
    init='noise',
    normalised=True,
)

KERAS = Recipe(
    name='keras',
    description="Keras' example until 2020: from the photo, L-BFGS, conv5_2 for the content",
    stages=(Stage((700, 400), num_epochs=200),),
    content_weight=0.025,
    style_weight=1.0,
    tv_weight=1.0,
    content_layers=('relu5_2',),
    style_layers=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'),
    style_layer_weights=(0.2,) * 5,
    scaling='keras',
    tv='power',
    optimizer='lbfgs',
    pixels='caffe',
)

# As it is often retold, the reciprocals are left out: that is scaling 'unscaled'. The original has
# a total variation of weight 0.3 besides.
VGG16_GD = Recipe(
    name='vgg16_gd',
    description='the Hvass-Labs tutorial: VGG-16, all layers, plain steps, reciprocal losses',
    stages=(Stage((560, 320), lr=10.0, num_epochs=120, lr_decay_epoch=120),),
    content_weight=1.5,
    style_weight=10.0,
    tv_weight=0.0,
    content_layers=('conv3_1',),
    style_layers=tuple(name for name in vgg_layer_names(VGG16) if name.startswith('conv')),
    style_layer_weights=(1 / 13,) * 13,
    scaling='reciprocal',
    optimizer='scaledgradient',
    pixels='caffe',
    init='grey_noise',
    family='vgg16',
)

PAINTERLY = Recipe(
    name='painterly',
    description='the one to hang: strokes from coarse to fine, painted larger and averaged down',
    stages=(
        Stage((70, 40), num_epochs=150),
        Stage((140, 80), num_epochs=100),
        Stage((280, 160), num_epochs=60),
        Stage((560, 320), num_epochs=40),
    ),
    style_weight=8.0,
    tv_weight=4.0,
    content_layers=('relu3_1', 'relu4_2'),
    content_layer_weights=(0.5, 1.0),  # relu4_2 alone loses faces
    style_layers=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'),
    scaling='relative',
    optimizer='lbfgs',
    pooling='average',
    oversample=2.0,
    bleed=0.03,
    softening=1.4,
)

CNNMRF = Recipe(
    name='cnnmrf',
    description='Li and Wand: patches in place of Gram matrices, three resolutions, L-BFGS',
    stages=(
        Stage((96, 55), num_epochs=100),
        Stage((192, 110), num_epochs=100),
        Stage((384, 219), num_epochs=100),
    ),
    content_weight=20.0,
    style_weight=0.0,
    tv_weight=1e-3,
    content_layers=('relu4_2',),
    style_layers=(),
    patch_weight=1e-4,
    patch_layers=('relu3_1', 'relu4_1'),
    patch_rotations=1,
    patch_scales=1,
    scaling='cnnmrf',
    tv='squares',
    optimizer='lbfgs',
    pixels='caffe',
)

# No weights are published for a network as narrow as the bundled one, nor for one that reads
# ImageNet's units. With relative losses the same ones serve both. Where patches overlap their mean
# is asked for, which is paler than they are: two Gram matrices of shallow layers, which hold
# colours and the finest strokes, keep the palette.
MRF = Recipe(
    name='mrf',
    description='patches in place of deep Gram matrices: pieces of the painting put together anew',
    stages=(
        Stage((140, 80), num_epochs=80),
        Stage((280, 160), num_epochs=60),
        Stage((560, 320), num_epochs=40),
    ),
    content_weight=1.5,
    style_weight=10.0,
    tv_weight=0.5,
    content_layers=('relu4_2',),
    style_layers=('relu1_1', 'relu2_1'),
    patch_weight=1.5,
    patch_layers=('relu3_1', 'relu4_1'),
    patch_rotations=1,
    patch_scales=1,
    scaling='relative',
    optimizer='lbfgs',
    pooling='average',  # with max pooling L-BFGS creeps, and whole pieces are not found
    bleed=0.03,
    softening=1.4,
)

# The weights, layers and filter of the authors' program; the start in the style's colours, which
# takes the place of its first thousand steps, and the number of epochs are ours.
PHOTO = Recipe(
    name='photo',
    description='Luan et al.: a photo in the colours of another, every line where it was',
    stages=(Stage((700, 467), num_epochs=150),),
    content_weight=5.0,
    style_weight=100.0,
    tv_weight=0.0,  # the program has 1e-3, next to nothing, of another kind
    content_layers=('relu4_2',),
    style_layers=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'),
    optimizer='lbfgs',
    pixels='caffe',
    matting_weight=1e4,
    affine_radius=15,
    init='recolored',
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        *(TUTORIAL, D2L_V1, D2L, FAST, PAINTERLY, MRF),
        *(GATYS_2016, KERAS, VGG16_GD, CNNMRF, PHOTO),
    )
}


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
        it has, in the new aspect ratio, but not a larger share of the next than it had. Where
        that has sides at most twice as long, the stage keeps its share, so that this stays so.

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
        shapes = [shape]
        for stage, then in reversed(list(zip(recipe.stages, recipe.stages[1:]))):
            shapes.insert(0, _coarser(stage.image_shape, then.image_shape, shapes[0]))
        earlier = [replace(stage, image_shape=to) for stage, to in zip(earlier, shapes)]
    if coarse:
        earlier[0] = replace(earlier[0], image_shape=coarse)
    return replace(recipe, stages=(*earlier, replace(last, image_shape=shape)))


def _coarser(coarse: ImageShape, fine: ImageShape, shape: ImageShape) -> ImageShape:
    pixels, share = math.prod(coarse), math.prod(coarse) / math.prod(fine)
    if share < 1 / 4:
        share = min(pixels / math.prod(shape), share)
    return scaled_shape(shape, math.sqrt(share))


def with_stages(recipe: Recipe, name: str, values: Sequence[Any]) -> Recipe:
    """Return the recipe with one setting changed in its stages: one value for all, or one each."""
    if len(values) == 1:
        values = [values[0]] * len(recipe.stages)
    if len(values) != len(recipe.stages):
        raise InputError(
            f"{len(values)} values given for {name}, but recipe '{recipe.name}' has "
            f'{len(recipe.stages)} stages here: '
            + ', '.join(shape_text(stage.image_shape) for stage in recipe.stages)
        )
    stages = [replace(stage, **{name: value}) for stage, value in zip(recipe.stages, values)]
    return replace(recipe, stages=tuple(stages))
