"""The tasks of chapter 2: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Sequence, Tuple

from mxnet import numpy as np

from styletransfer import vgg
from styletransfer.errors import InputError
from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Blocks, Rng, array, features, layer_case, several
from styletransfer.exercises.tasks.neural_style import layer_number
from styletransfer.recipes import TUTORIAL, Recipe
from styletransfer.vgg import layer_index


def receptive_field(
    name: str, place: int, convs_per_block: Blocks = (2, 2, 4, 4, 4)
) -> Tuple[int, int]:
    """Return the first and the last column of pixels that a column of a layer depends on."""
    return _seen(name, place, convs_per_block)


def _seen(
    name: str,
    place: int,
    blocks: Blocks,
    stride: int = 2,
    pool: int = 1,
    conv: int = 1,
    pooled_left: bool = False,
    short: int = 0,
) -> Tuple[int, int]:
    """Follow the layers up to `name`, each as wide and with the stride the arguments say."""
    first, last, jump = 0, 0, 1  # what place 0 sees
    for layer in list(vgg.vgg_layer_names(blocks))[: layer_number(name, blocks) + 1]:
        if layer.startswith('conv'):
            first, last = first - conv * jump, last + conv * jump
        elif layer.startswith('pool'):
            first, last = (
                (first - pool * jump, last) if pooled_left else (first, last + pool * jump)
            )
            jump *= stride
    return first + place * jump, last + place * jump - short


def _deep_layers(rng: Rng) -> List[Case]:
    cases = [layer_case(rng, ('conv',)) for _ in range(4)]
    blocks = tuple(int(convs) for convs in rng.integers(2, 5, 4))
    cases += [('conv3_2', blocks), ('pool2', blocks), ('relu2_1', blocks)]
    return [(name, int(rng.integers(3, 30)), blocks) for name, blocks in cases]


def _side(name: str, place: int, blocks: Blocks) -> int:
    first, last = _seen(name, place, blocks)
    return last - first + 1


RECEPTIVE_FIELD = Task(
    name='receptive_field',
    points=2,
    solve=receptive_field,
    cases=_deep_layers,
    mistakes=(
        Mistake(
            lambda name, place, blocks: _seen(name, place, blocks, stride=1, pool=0),
            'behind a pooling, neighbours are twice as far apart in the picture: what the next '
            'convolutions add doubles each time',
        ),
        Mistake(
            lambda name, place, blocks: _seen(name, place, blocks, stride=1),
            'the poolings are counted, but behind each of them neighbours are twice as far apart: '
            'double what each later layer adds, and how far apart the places are',
        ),
        Mistake(
            lambda name, place, blocks: _seen(name, place, blocks, pool=0),
            'a 2x2 pooling looks at two neighbours and so widens the field too, by one distance',
        ),
        Mistake(
            lambda name, place, blocks: _seen(name, place, blocks, pooled_left=True),
            'the place i of a pooling has the places 2 i and 2 i + 1 in front of it: it widens '
            'the field to the right',
        ),
        Mistake(
            lambda name, place, blocks: _seen(name, place, blocks, short=-1),
            'one too far: the last column that is seen, not the one behind it',
        ),
        Mistake(
            lambda name, place, blocks: _seen(name, place, blocks, conv=2),
            'a 3x3 convolution adds one neighbour on each side, not two',
        ),
        Mistake(
            lambda name, place, blocks: _seen(name, 0, blocks),
            'this is what place 0 sees: move it by the place times how far places are apart',
        ),
        Mistake(
            lambda name, place, blocks: tuple(e + place for e in _seen(name, 0, blocks)),
            'neighbours of a deep layer are several pixels apart: move by the place times that',
        ),
        Mistake(
            lambda name, place, blocks: (
                max(0, _seen(name, place, blocks)[0]),
                _seen(name, place, blocks)[1],
            ),
            'beyond the border there are zeros, and they count: the first column may be below 0',
        ),
        Mistake(
            _side,
            'this is how wide the field is: its first and its last column are asked for',
        ),
    ),
)


def growing_sets(layers: Sequence[str]) -> List[List[str]]:
    """Return the first layer, then the first two, and so on up to all of them."""
    return [list(layers[: i + 1]) for i in range(len(layers))]


def _lists(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise InputError(f'it must return a list of lists of layers, not a {type(value).__name__}')
    for part in value:
        if isinstance(part, str):
            raise InputError('each set is a list of layers, even the first, which has just one')
        if not isinstance(part, (list, tuple)):
            raise InputError(f'each set is a list of layers, not a {type(part).__name__}')
    return [list(part) for part in value]


def _named_layers(rng: Rng) -> Case:
    names = list(vgg.vgg_layer_names())
    count = int(rng.integers(3, 7))
    return ([names[i] for i in sorted(rng.choice(len(names), count, replace=False))],)


GROWING_SETS = Task(
    name='growing_sets',
    points=0,
    solve=growing_sets,
    cases=several(_named_layers),
    mistakes=(
        Mistake(
            lambda layers: [list(layers)] * len(layers),
            'all sets are the same: appending to one list and storing it each time stores one '
            'list many times, so copy it',
        ),
        Mistake(
            lambda layers: [[layer] for layer in layers],
            'each set holds one layer: they should grow, each holding those before as well',
        ),
        Mistake(
            lambda layers: growing_sets(layers)[:-1],
            'the last set, with all layers, is missing',
        ),
        Mistake(
            lambda layers: [[], *growing_sets(layers)[:-1]],
            'the first set is empty and the last is missing: layers[:i] stops before i',
        ),
        Mistake(
            lambda layers: [[], *growing_sets(layers)],
            'there is an empty set in front: begin with the first layer',
        ),
        Mistake(
            lambda layers: growing_sets(layers)[::-1],
            'the sets shrink: begin with the first layer alone',
        ),
        Mistake(
            lambda layers: [list(layers[i:]) for i in range(len(layers))],
            'these end with the last layer each time: they should begin with the first',
        ),
    ),
    view=_lists,
)


def content_only(recipe: Recipe, layer: str) -> Recipe:
    """Return the recipe that asks for one layer's content, and for nothing else."""
    return replace(recipe, content_layers=(layer,), style_weight=0, tv_weight=0)


def _asked(value: Any) -> Any:
    if not isinstance(value, Recipe):
        raise InputError(f'it must return a Recipe, made by replace, not a {type(value).__name__}')
    contents = sorted(layer_index(layer) for layer in value.content_layers)
    styles = sorted(layer_index(layer) for layer in value.style_layers)
    return {
        'content_layers': contents if value.content_weight else [],
        'content_weight': float(value.content_weight),
        'style_layers': styles if value.style_weight else [],
        'style_weight': float(value.style_weight) if styles else 0.0,
        'tv_weight': float(value.tv_weight),
    }


def _recipe_case(rng: Rng) -> Case:
    names = [name for name in list(vgg.vgg_layer_names())[:29] if name != 'conv4_4']
    content, style, tv = (float(weight) for weight in rng.uniform(0.5, 100, 3))
    recipe = replace(TUTORIAL, content_weight=content, style_weight=style, tv_weight=tv)
    return recipe, str(rng.choice(names))


CONTENT_ONLY = Task(
    name='content_only',
    points=1,
    solve=content_only,
    cases=several(_recipe_case),
    mistakes=(
        Mistake(
            lambda recipe, layer: replace(content_only(recipe, layer), tv_weight=recipe.tv_weight),
            'total variation is still asked for: with it, smoothness would be mistaken for what '
            'the layer remembers',
        ),
        Mistake(
            lambda recipe, layer: replace(recipe, content_layers=(layer,)),
            'style and total variation are still asked for: set their weights to 0',
        ),
        Mistake(
            lambda recipe, layer: replace(
                content_only(recipe, layer), style_weight=recipe.style_weight
            ),
            'style is still asked for: set its weight to 0',
        ),
        Mistake(
            lambda recipe, layer: replace(recipe, style_weight=0, tv_weight=0),
            'the content layer is still the old one',
        ),
        Mistake(
            lambda recipe, layer: replace(
                content_only(recipe, layer),
                content_layers=(*recipe.content_layers, layer),
            ),
            "the recipe's own content layer is still there: ask for the given one only",
        ),
        Mistake(
            lambda recipe, layer: replace(content_only(recipe, layer), content_weight=1.0),
            'leave content_weight as the recipe has it',
        ),
    ),
    view=_asked,
)


def relative_error(Y_hat: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return each channel's mean squared error over its variance, of shape (c,)."""
    return _mean(np.square(Y_hat - Y)) / _variance(Y)


def _mean(Y: np.ndarray) -> np.ndarray:
    return Y.mean(axis=(0, 2, 3))


def _variance(Y: np.ndarray) -> np.ndarray:
    return _mean(np.square(Y - Y.mean(axis=(0, 2, 3), keepdims=True)))


def _error_case(rng: Rng) -> Case:
    Y = features(rng)
    c = Y.shape[1]
    scale, level = (array(rng.uniform(1, 4, (1, c, 1, 1))) for _ in range(2))
    Y = Y * scale + level
    return Y + array(rng.normal(0, rng.uniform(0.5, 1.5), Y.shape)), Y


RELATIVE_ERROR = Task(
    name='relative_error',
    points=2,
    solve=relative_error,
    cases=several(_error_case),
    mistakes=(
        Mistake(
            lambda Y_hat, Y: _mean(np.square(Y_hat - Y)),
            'this is the error itself: channels with large outputs would look bad, so divide by '
            'the variance of Y',
        ),
        Mistake(
            lambda Y_hat, Y: np.square(Y_hat - Y).mean() / Y.var(),
            'this is one number for the whole layer, as in the chapter: here each channel has its '
            'own',
        ),
        Mistake(
            lambda Y_hat, Y: _mean(np.square(Y_hat - Y)) / Y.var(),
            'each channel is divided by its own variance, not by that of the whole layer',
        ),
        Mistake(
            lambda Y_hat, Y: (np.square(Y_hat - Y).mean(axis=(2, 3)) / Y.var(axis=(2, 3))).mean(
                axis=0
            ),
            'mean and variance are over the pictures too: divide once, not picture by picture',
        ),
        Mistake(
            lambda Y_hat, Y: _mean(np.square(Y_hat - Y)) / np.sqrt(_variance(Y)),
            'this divides a square by a standard deviation: divide by the variance, its square',
        ),
        Mistake(
            lambda Y_hat, Y: _mean(np.square(Y_hat - Y)) / _mean(np.square(Y)),
            'this divides by the mean square of Y: the variance is about its mean',
        ),
        Mistake(
            lambda Y_hat, Y: _mean(np.square(Y_hat - Y)) / _variance(Y_hat),
            'divide by the variance of Y, what should come out, not of Y_hat',
        ),
        Mistake(
            lambda Y_hat, Y: np.sqrt(relative_error(Y_hat, Y)),
            'this is the square root of what is asked for',
        ),
        Mistake(
            lambda Y_hat, Y: 1 - relative_error(Y_hat, Y),
            'this is the share that was rebuilt: the error is 1 minus that',
        ),
        Mistake(
            lambda Y_hat, Y: _mean(np.abs(Y_hat - Y)) / _variance(Y),
            'take the square of the difference, not its absolute value',
        ),
    ),
)


def gram_numbers(c: int) -> int:
    """Return how many different numbers a symmetric matrix of c rows and columns holds."""
    return c * (c + 1) // 2


GRAM_NUMBERS = Task(
    name='gram_numbers',
    points=1,
    solve=gram_numbers,
    cases=several(lambda rng: (int(rng.integers(3, 600)),), 4),
    mistakes=(
        Mistake(lambda c: c * c, 'G is symmetric: half of the numbers beside the diagonal repeat'),
        Mistake(lambda c: c * (c - 1) // 2, 'the diagonal counts too: it has c numbers'),
        Mistake(lambda c: c * c / 2, 'not quite half of c * c: the diagonal is there only once'),
        Mistake(lambda c: c, 'this is the diagonal only'),
    ),
)

TASKS = (
    RECEPTIVE_FIELD,
    GROWING_SETS,
    CONTENT_ONLY,
    RELATIVE_ERROR,
    GRAM_NUMBERS,
)
