"""The tasks of chapter 11: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.blocks import reflected
from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Rng, array, several, sizes

# --- the norm -----------------------------------------------------------------------------------


def instance_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> numpy.ndarray:
    """Return X with the mean and deviation of each channel of each picture replaced."""
    return _normed(X, gamma, beta)


def _normed(
    X: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    axes: Tuple[int, ...] = (2, 3),
    root: Callable[[numpy.ndarray], numpy.ndarray] = lambda v: numpy.sqrt(v + 1e-5),
    centred: bool = True,
    unbiased: int = 0,
) -> numpy.ndarray:
    values = X.asnumpy().astype('float64')
    rows = [part.asnumpy().reshape(1, -1, 1, 1) for part in (gamma, beta)]
    mean = values.mean(axis=axes, keepdims=True)
    variance = values.var(axis=axes, keepdims=True, ddof=unbiased)
    return rows[0] * (values - centred * mean) / root(variance) + rows[1]


def _maps(rng: Rng) -> Case:
    n, c, h, w = sizes(rng, 4, 3, 8)
    deviation = rng.uniform(0.5, 3, (n, c, 1, 1))
    deviation[0, 0] = 0.004  # a channel that is nearly flat: here the small number counts
    X = rng.normal(rng.uniform(1, 3, (n, c, 1, 1)), deviation, (n, c, h, w))
    gamma = rng.uniform(0.5, 2, c) * rng.choice([-1, 1], c)
    return array(X), array(gamma), array(rng.uniform(1, 2, c))


INSTANCE_NORM = Task(
    name='instance_norm',
    points=2,
    solve=instance_norm,
    cases=several(_maps),
    mistakes=(
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, axes=(0, 2, 3)),
            'this is batch norm: each picture has a mean and a deviation of its own, so leave the '
            'first axis out',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, axes=(1, 2, 3)),
            'this is layer norm, one mean for all channels of a picture: each channel has its own',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, axes=(1,)),
            'this takes the mean over the channels: take it over the pixels, the last two axes',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, root=lambda v: v + 1e-5),
            'this divides by the variance: divide by its root',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, root=lambda v: numpy.sqrt(v) + 1e-5),
            'the small number belongs under the root, with the variance',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, root=numpy.sqrt),
            'a channel that is nearly flat gets too loud: add 1e-5 to the variance',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, centred=False),
            'subtract the mean before you divide',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, beta, unbiased=1),
            'this divides the sum of squares by hw - 1: take the plain mean, over hw',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, beta, gamma),
            'gamma and beta are exchanged: gamma multiplies, beta is added',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma, 0 * beta),
            'beta is not added',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma * 0 + 1, beta),
            'gamma is not used',
        ),
        Mistake(
            lambda X, gamma, beta: _normed(X, gamma * 0 + 1, beta * 0),
            'mean 0 and deviation 1 are right: now multiply by gamma and add beta',
        ),
    ),
)


# --- the numbers that are learned ---------------------------------------------------------------

Widths = Tuple[int, int, int]


def count_learned(widths: Widths, residuals: int, kernel: int) -> int:
    """Return how many numbers a network of the chapter's layers learns."""
    return _counted(widths, residuals, kernel)


def _counted(
    widths: Widths,
    residuals: int,
    kernel: int,
    biases: bool = True,
    norms: int = 2,
    last_norm: bool = False,
    twice: int = 2,
    square: Callable[[int], int] = lambda side: side**2,
    inner: int = 3,
    flat: bool = False,
) -> int:
    one, two, four = widths
    layers = [(3, one, kernel), (one, two, inner), (two, four, inner)]
    layers += twice * residuals * [(four, four, inner)]
    layers += [(four, two, inner), (two, one, inner), (one, 3, kernel)]
    weights = sum(c * (1 if flat else before) * square(side) for before, c, side in layers)
    channels = sum(c for _, c, _ in layers)
    normed = channels if last_norm else channels - 3
    return weights + biases * channels + norms * normed


def _some_net(rng: Rng) -> Case:
    # so small that three numbers more or less are more than a thousandth
    one, two, four = sorted(sizes(rng, 3, 2, 5))
    return (one, two, four), int(rng.integers(1, 3)), int(rng.choice([5, 7]))


COUNT_LEARNED = Task(
    name='count_learned',
    points=2,
    solve=count_learned,
    cases=several(_some_net),
    mistakes=(
        Mistake(
            lambda w, r, k: _counted(w, r, k, biases=False),
            'the biases are missing: each convolution has one for each channel behind it',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, norms=0),
            'the norms are missing: a gamma and a beta for each channel behind each convolution '
            'but the last',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, biases=False, norms=0),
            'these are the weights of the convolutions: biases and norms have numbers too',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, norms=1),
            'a norm has two numbers for each channel, gamma and beta',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, last_norm=True),
            'the last convolution has no norm: its three channels are the picture',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, twice=1),
            'a residual block has two convolutions',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, square=lambda side: side),
            'a kernel is a square: side times side weights for each pair of channels',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, inner=k),
            'only the first and the last convolution have the large kernel: all others are 3 by 3',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, 3),
            'the first and the last convolution have a kernel of the given side',
        ),
        Mistake(
            lambda w, r, k: _counted(w, r, k, flat=True),
            'a filter has a kernel for each channel in front of it: multiply by those as well',
        ),
    ),
)


# --- the border ---------------------------------------------------------------------------------


def mirror(X: np.ndarray, margin: int) -> np.ndarray:
    """Return pictures (n, c, h, w) that go on beyond each border as in a mirror."""
    return reflected(X, margin)


def _padded(X: np.ndarray, margin: int, mode: str, sides: Any = None) -> numpy.ndarray:
    both = (margin, margin)
    rows, columns = sides or (both, both)
    kwargs: Any = {'mode': mode}
    return numpy.pad(X.asnumpy(), ((0, 0), (0, 0), rows, columns), **kwargs)


def _bordered(rng: Rng) -> Case:
    n, c, h, w = sizes(rng, 4, 5, 11)
    return array(rng.normal(0, 1, (n, c, h, w))), int(rng.integers(2, min(h, w) - 1))


MIRROR = Task(
    name='mirror',
    points=2,
    solve=mirror,
    cases=several(_bordered),
    mistakes=(
        Mistake(
            lambda X, margin: _padded(X, margin, 'symmetric'),
            'the border itself is there twice: begin with the row next to it, cb|abc, not ba|abc',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'edge'),
            'this repeats the border: go back into the picture, row by row',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'constant'),
            'these are zeros: they are what makes the frame',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'wrap'),
            'this goes on with the opposite side of the picture',
        ),
        Mistake(
            lambda X, margin: _forward(X.asnumpy(), margin),
            'right rows in the wrong order: a mirror turns them round, so what is next to the '
            'border comes first on either side of it',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'reflect', ((margin, margin), (0, 0))),
            'above and below are right, but left and right are missing',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'reflect', ((0, 0), (margin, margin))),
            'left and right are right, but above and below are missing',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'reflect', 2 * ((margin, 0),)),
            'this is done on one side only: go on beyond the right and the lower border too',
        ),
        Mistake(
            lambda X, margin: _padded(X, margin, 'reflect', 2 * ((1, 1),)),
            'this is a margin of 1: add `margin` pixels on each side',
        ),
        Mistake(
            lambda X, margin: X,
            'this is the picture as it was: it should be larger by the margin on each side',
        ),
    ),
)


def _forward(X: numpy.ndarray, margin: int) -> numpy.ndarray:
    """Return pictures with the rows and columns next to the borders beyond them, not turned."""
    for axis in (2, 3):
        length = X.shape[axis]
        begin = numpy.take(X, range(1, margin + 1), axis=axis)
        end = numpy.take(X, range(length - margin - 1, length - 1), axis=axis)
        X = numpy.concatenate([begin, X, end], axis=axis)
    return X


# --- a loss that is 1 for photographs -----------------------------------------------------------


def style_distance(G: np.ndarray, target: np.ndarray, photos: np.ndarray) -> numpy.ndarray:
    """Return for each picture how far it is from the style, in times what photographs are."""
    return _relative(G, target, photos)


def _squares(G: np.ndarray, target: np.ndarray) -> numpy.ndarray:
    difference = G.asnumpy().astype('float64') - target.asnumpy()
    return numpy.square(difference).mean(axis=(1, 2))


def _relative(G: np.ndarray, target: np.ndarray, photos: np.ndarray) -> numpy.ndarray:
    return _squares(G, target) / _squares(photos, target).mean()


def _three_styles(rng: Rng) -> Case:
    n, m, c = sizes(rng, 3, 4, 9)
    scale = rng.uniform(0.2, 5)
    target = rng.normal(0, 1, (1, c, c))
    photos = rng.normal(0, 1, (1, c, c)) + rng.normal(0, rng.uniform(1.2, 2), (m, c, c))
    G = target + rng.uniform(0.3, 1.5, (n, 1, 1)) * rng.normal(0, 1, (n, c, c))
    return tuple(array(scale * part) for part in (G, target, photos))


STYLE_DISTANCE = Task(
    name='style_distance',
    points=3,
    solve=style_distance,
    cases=several(_three_styles),
    mistakes=(
        Mistake(
            lambda G, target, photos: _squares(G, target),
            'these are the mean squares: divide by what they are, on average, for the photographs',
        ),
        Mistake(
            lambda G, target, photos: (
                _squares(G, target) / _squares(photos.mean(axis=0, keepdims=True), target)
            ),
            'this divides by the distance of the mean photograph, which is nearer than '
            'photographs are: take each distance first, then the mean',
        ),
        Mistake(
            lambda G, target, photos: (
                _squares(G, target)
                / numpy.square(photos.asnumpy() - photos.asnumpy().mean(0)).mean()
            ),
            'this divides by how far photographs are from their own mean: take how far they are '
            'from the style',
        ),
        Mistake(
            lambda G, target, photos: _squares(G, target) / _squares(target, 0 * target),
            'this divides by the size of the target: 1 should be a photograph',
        ),
        Mistake(
            lambda G, target, photos: _squares(G, target) / _squares(photos, 0 * target).mean(),
            "this divides by the size of the photographs' matrices: take how far they are from "
            'the style',
        ),
        Mistake(
            lambda G, target, photos: _squares(G, target) / _squares(photos, target).sum(),
            'this divides by the sum over the photographs: take their mean, so that it does not '
            'matter how many there are',
        ),
        Mistake(
            lambda G, target, photos: _relative(G, target, photos).mean(),
            'this is the mean over the pictures: return a number for each of them',
        ),
        Mistake(
            lambda G, target, photos: numpy.sqrt(_relative(G, target, photos)),
            'this is the root: the loss is a mean of squares over a mean of squares',
        ),
        Mistake(
            lambda G, target, photos: _relative(G, target, photos) * G.shape[1] ** 2,
            'above a sum of squares, below a mean: take the mean over the entries on both sides',
        ),
        Mistake(
            lambda G, target, photos: 1 / _relative(G, target, photos),
            'this is upside down: 0 should be the style',
        ),
    ),
)


# --- when learning has paid off -----------------------------------------------------------------


def pays_off(learning: float, one_pass: float, optimisation: float) -> int:
    """Return from how many pictures on learning takes less time; 0 if it never does."""
    if one_pass >= optimisation:
        return 0
    return math.floor(learning / (optimisation - one_pass)) + 1


def _either(
    change: Callable[[float, float, float], int],
) -> Callable[[float, float, float], int]:
    """Return a mistake that is 0 where learning never pays off."""
    return lambda learning, one, many: 0 if one >= many else change(learning, one, many)


RANGES = ((2, 6), (11, 40), (40, 90))  # seconds of a pass, seconds saved, pictures


def _times(rng: Rng) -> List[Case]:
    """Return whole seconds: usual ones, such as come out even, and such as never pay off."""
    cases = []
    for share in (1 / 3, 3 / 4, 1 / 3, 3 / 4):
        one, saved, pictures = (int(rng.integers(*pair)) for pair in RANGES)
        cases.append((pictures * saved + int(saved * share), one, one + saved))
    one, saved, pictures = (int(rng.integers(*pair)) for pair in RANGES)
    cases.append((pictures * saved, one, one + saved))  # as much for so many: one more is needed
    cases.append((int(rng.integers(100, 900)), one + 3, one))
    return [tuple(float(seconds) for seconds in case) for case in cases]


PAYS_OFF = Task(
    name='pays_off',
    points=1,
    solve=pays_off,
    cases=_times,
    mistakes=(
        Mistake(
            _either(lambda t, a, b: math.floor(t / b) + 1),
            'a pass takes time too: what a picture saves is the optimisation less the pass',
        ),
        Mistake(
            _either(lambda t, a, b: math.ceil(t / b)),
            'a pass takes time too: what a picture saves is the optimisation less the pass',
        ),
        Mistake(
            _either(lambda t, a, b: math.floor(t / (b - a))),
            'after so many pictures learning has not paid off yet: one more is needed',
        ),
        Mistake(
            _either(lambda t, a, b: round(t / (b - a))),
            'this rounds to the nearest: with fewer pictures than needed it takes longer',
        ),
        Mistake(
            _either(lambda t, a, b: math.ceil(t / (b - a))),
            'at equal times, learning does not take less yet: one picture more',
        ),
        Mistake(
            lambda t, a, b: math.floor(t / (b - a)) + 1,
            'where a pass takes longer than the optimisation, it never pays off: return 0',
        ),
        Mistake(
            lambda t, a, b: math.floor(t / abs(b - a)) + 1,
            'where a pass takes longer than the optimisation, it never pays off: return 0',
        ),
        Mistake(
            _either(lambda t, a, b: math.floor(t / (b + a)) + 1),
            'the pass is done in place of the optimisation: subtract it',
        ),
    ),
)

TASKS = (
    INSTANCE_NORM,
    COUNT_LEARNED,
    MIRROR,
    STYLE_DISTANCE,
    PAYS_OFF,
)
