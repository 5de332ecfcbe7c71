"""The tasks of chapters 1 and 3 that are derived on paper: gradients, and what divides a loss."""

from __future__ import annotations

from typing import Any, Callable, Tuple

import numpy
from mxnet import autograd, npx
from mxnet import numpy as np

from styletransfer import losses
from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Rng, array, features, several

Array = numpy.ndarray


def _slope(loss: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> Array:
    """Return the gradient of a loss, by MXNet."""
    X = X.copy()
    X.attach_grad()
    with autograd.record():
        l = loss(X)
    l.backward()
    return X.grad.asnumpy()


# --- the slope of the style loss ----------------------------------------------------------------


def gram_gradient(X: np.ndarray, A: np.ndarray) -> Array:
    """Return the gradient of the style loss of one layer, of the shape of X (n, c, h, w)."""
    return _slope(lambda X: np.square(losses.gram(X) - A).mean(), X)


def _by_rule(X: np.ndarray, A: np.ndarray) -> Tuple[Array, Array, Array]:
    """Return X as matrices (n, c, h * w), the difference of the Gram matrices, and a shape."""
    x = X.asnumpy().astype('float64')
    rows = x.reshape(*x.shape[:2], -1)
    return rows, rows @ rows.transpose(0, 2, 1) / rows[0].size - A.asnumpy(), x


def _times(change: Callable[..., Any]) -> Callable[[np.ndarray, np.ndarray], Array]:
    """Return a wrong gradient: of the rows, the difference D, and how many numbers both have."""

    def gradient(X: np.ndarray, A: np.ndarray) -> Array:
        rows, D, x = _by_rule(X, A)
        return numpy.asarray(change(rows, D, rows[0].size, D.size)).reshape(x.shape)

    return gradient


def _output_and_target(rng: Rng) -> Case:
    X = features(rng)
    n, c, h, w = X.shape
    other = array(rng.normal(rng.uniform(0.5, 1.5), rng.uniform(0.5, 2), (n, c, h, w)))
    return X, losses.gram(other)


GRAM_GRADIENT = Task(
    name='gram_gradient',
    points=3,
    solve=gram_gradient,
    cases=several(_output_and_target),
    forbidden=('mxnet.autograd',),
    mistakes=(
        Mistake(
            _times(lambda X, D, size, count: 2 * D @ X / size / count),
            'half of it: X stands in G twice, and each of the two has a derivative',
        ),
        Mistake(
            _times(lambda X, D, size, count: D @ X / size / count),
            'a quarter of it: the square has a factor 2, and X stands in G twice',
        ),
        Mistake(
            _times(lambda X, D, size, count: 4 * D @ X / count),
            'G has X divided by c * h * w in it: so has its derivative',
        ),
        Mistake(
            _times(lambda X, D, size, count: 4 * D @ X / size),
            'the loss is a mean: divide by how many entries all the Gram matrices have',
        ),
        Mistake(
            _times(lambda X, D, size, count: 4 * D @ X / size / D[0].size),
            'the mean is over the pictures too: n * c * c entries in all',
        ),
        Mistake(
            _times(lambda X, D, size, count: 4 * D @ X / size / X.size),
            'the mean is over the entries of the Gram matrices, not over those of X',
        ),
        Mistake(
            _times(lambda X, D, size, count: -4 * D @ X / size / count),
            'this points downhill: the gradient points where the loss grows',
        ),
        Mistake(
            _times(lambda X, D, size, count: 4 * numpy.abs(D) @ X / size / count),
            'the difference keeps its sign in the gradient of a square',
        ),
        Mistake(
            _times(lambda X, D, size, count: 4 * D * D @ X / size / count),
            'the square is gone in the derivative: G - A is there once',
        ),
        Mistake(
            lambda X, A: gram_gradient(X, 0 * A),
            'the target is missing: it is G - A that is multiplied by X, not G',
        ),
    ),
)

# --- what divides a loss ------------------------------------------------------------------------


def same_weights(weight: float, c: int, h: int, w: int) -> Tuple[float, float, float]:
    """Return the style weights with which three other programs paint the same picture."""
    return weight / c**2, weight / (c * h * w) ** 2, weight / c**2


SAME_WEIGHTS = Task(
    name='same_weights',
    points=2,
    solve=same_weights,
    cases=several(
        lambda rng: (float(rng.uniform(1, 5000)), *(int(s) for s in rng.integers(5, 60, 3))), 4
    ),
    mistakes=(
        Mistake(
            lambda weight, c, h, w: (weight * c**2, weight * (c * h * w) ** 2, weight * c**2),
            'the other way round: where the loss is larger, the weight must be smaller',
        ),
        Mistake(
            lambda weight, c, h, w: (weight / c, weight / (c * h * w), weight / c**2),
            'the loss has the square of G: what G is multiplied by, counts twice',
        ),
        Mistake(
            lambda weight, c, h, w: (weight / c**2, weight / (c * h * w) ** 2, weight / c),
            'the first two are right; a Gram matrix has c * c entries to be added up',
        ),
        Mistake(
            lambda weight, c, h, w: (weight / c**2, weight / (c * h * w) ** 2, weight),
            'the first two are right; a sum is the mean times how many entries there are',
        ),
        Mistake(
            lambda weight, c, h, w: (weight / c**2, weight / (h * w) ** 2, weight / c**2),
            'the second divides by nothing: its G is c * h * w times ours',
        ),
        Mistake(
            lambda weight, c, h, w: (
                weight / (h * w) ** 2,
                weight / (c * h * w) ** 2,
                weight / c**2,
            ),
            'the first divides by h * w as ours does: what it leaves out is c',
        ),
        Mistake(
            lambda weight, c, h, w: (
                weight / c**2,
                weight / (c * h * w) ** 2,
                weight / (c * h * w) ** 2,
            ),
            'the third has our G, and only adds up its c * c entries',
        ),
    ),
)

# --- the slope as the paper has it --------------------------------------------------------------


def paper_gradient(Y: np.ndarray, A: np.ndarray) -> Array:
    """Return the gradient of the paper's style loss by a layer's output before its ReLU."""
    c, hw = Y.shape[1], Y.shape[2] * Y.shape[3]

    def loss(Y: np.ndarray) -> np.ndarray:
        F = npx.relu(Y).reshape(c, hw)
        return np.square(np.dot(F, F.T) - A).sum() / (4 * c**2 * hw**2)

    return _slope(loss, Y)


def _of_paper(change: Callable[..., Any], bent: bool = True) -> Callable[..., Array]:
    """Return a wrong gradient: of F, G - A, N and M; `bent` minds where the ReLU is 0."""

    def gradient(Y: np.ndarray, A: np.ndarray) -> Array:
        y = Y.asnumpy().astype('float64')
        F = numpy.maximum(y, 0).reshape(y.shape[1], -1)
        slope = change(F, F @ F.T - A.asnumpy(), *F.shape).reshape(y.shape)
        return slope * (y > 0) if bent else slope

    return gradient


def _bare_output(rng: Rng) -> Case:
    Y = features(rng)[:1]
    c = Y.shape[1]
    F = rng.uniform(0, rng.uniform(1, 3), (c, Y[0, 0].size))
    return Y, array(F @ F.T)


PAPER_GRADIENT = Task(
    name='paper_gradient',
    points=3,
    solve=paper_gradient,
    cases=several(_bare_output),
    forbidden=('mxnet.autograd',),
    mistakes=(
        Mistake(
            _of_paper(lambda F, D, N, M: D @ F / (N * M) ** 2, bent=False),
            'right behind the ReLU; where the ReLU is 0, it is so on both sides: nothing can be '
            'felt there',
        ),
        Mistake(
            lambda Y, A: _of_paper(
                lambda F, D, N, M: D @ Y.asnumpy().reshape(N, M) / (N * M) ** 2
            )(Y, A),
            'the factor behind G - A is what G is made of: F, and not Y',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: D @ F / (4 * (N * M) ** 2)),
            'the 4 is cancelled: the square brings 2, and F stands in G twice',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: D @ F / (2 * (N * M) ** 2)),
            'half of it: F stands in G twice, and each of the two has a derivative',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: 4 * D @ F / (N * M) ** 2),
            'four times too much: the 4 in front of the sum divides',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: D @ F / (N * M)),
            'N and M are squared, as in the loss',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: D @ F),
            'the sum is right, but not divided by N^2 M^2',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: -D @ F / (N * M) ** 2),
            'this points downhill: the gradient points where the loss grows',
        ),
        Mistake(
            _of_paper(lambda F, D, N, M: F @ F.T @ F / (N * M) ** 2),
            'the target is missing: it is G - A that is multiplied by F, not G',
        ),
    ),
)
