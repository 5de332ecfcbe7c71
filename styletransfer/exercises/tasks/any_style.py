"""The tasks of chapter 13: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer import losses
from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Rng, array, several, sizes
from styletransfer.feedforward.adain import adain
from styletransfer.feedforward.encoder import moments

# --- statistics and Gram matrices ---------------------------------------------------------------


def _diagonal(G: np.ndarray) -> np.ndarray:
    return (G * np.eye(G.shape[1])).sum(axis=2)


def _root(variance: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    return np.sqrt(np.maximum(variance, 0) + eps)


def deviation_of_gram(G: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the deviations (n, c) that belong to Gram matrices (n, c, c) and means (n, c)."""
    return _root(G.shape[1] * _diagonal(G) - np.square(mean))


def _gram_and_mean(rng: Rng) -> Case:
    n, c, h, w = sizes(rng, 4)
    mean = rng.choice([-1, 1], (n, c, 1, 1)) * rng.uniform(0.3, 0.6, (n, c, 1, 1))
    noise = rng.normal(0, 1, (n, c, h, w))
    noise -= noise.mean(axis=(2, 3), keepdims=True)
    noise /= noise.std(axis=(2, 3), keepdims=True)
    X = array(mean + rng.uniform(1.8, 4, (n, c, 1, 1)) * noise)  # no root of what is below 0
    return losses.gram(X), moments(X)[0]


DEVIATION_OF_GRAM = Task(
    name='deviation_of_gram',
    points=2,
    solve=deviation_of_gram,
    cases=several(_gram_and_mean),
    mistakes=(
        Mistake(
            lambda G, mean: _root(_diagonal(G) - np.square(mean)),
            'our gram is divided by the number of channels too: multiply by c first',
        ),
        Mistake(
            lambda G, mean: _root(G.shape[1] * _diagonal(G)),
            'this is the root of the mean square: take the square of the mean away first',
        ),
        Mistake(
            lambda G, mean: _root(_diagonal(G)),
            'this is the root of the diagonal: undo the division by c, then take the square of '
            'the mean away',
        ),
        Mistake(
            lambda G, mean: G.shape[1] * _diagonal(G) - np.square(mean),
            'this is the variance: the deviation is its root',
        ),
        Mistake(
            lambda G, mean: _root(G.shape[1] * _diagonal(G) - mean),
            'take away the square of the mean, not the mean',
        ),
        Mistake(
            lambda G, mean: _root(G.shape[1] * _diagonal(G) + np.square(mean)),
            'the square of the mean is to be taken away, not added',
        ),
        Mistake(
            lambda G, mean: _root(G.shape[1] * G.sum(axis=2) - np.square(mean)),
            'this adds up each row of G: a channel with itself stands on the diagonal only',
        ),
    ),
)

# --- strength and mixtures ----------------------------------------------------------------------

Pair = Tuple[np.ndarray, np.ndarray]


def blend(
    content: np.ndarray, styles: Sequence[np.ndarray], weights: Sequence[float], alpha: float
) -> Pair:
    """Return the mean and the deviation, each (n, c), that a mixture asks for."""
    return _blended(content, styles, [w / sum(weights) for w in weights], alpha)


def _blended(
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    shares: Sequence[float],
    alpha: float,
    own: float = 1,
    up: Callable[[np.ndarray], np.ndarray] = lambda d: d,
    down: Callable[[np.ndarray], np.ndarray] = lambda d: d,
) -> Pair:
    """Return the weighted means of means, and of deviations, these on another scale."""
    (mean_X, deviation_X), told = moments(content), [moments(Z) for Z in styles]
    mean = sum(m * w for (m, _), w in zip(told, shares))
    deviation = sum(up(d) * w for (_, d), w in zip(told, shares))
    own *= 1 - alpha
    return alpha * mean + own * mean_X, down(alpha * deviation + own * up(deviation_X))


def _some_styles(rng: Rng) -> Case:
    n, c = sizes(rng, 2)

    def picture() -> np.ndarray:
        h, w = sizes(rng, 2, 4, 9)
        mean = rng.uniform(-2, 2, (n, c, 1, 1))
        return array(rng.normal(mean, rng.uniform(0.3, 3, (n, c, 1, 1)), (n, c, h, w)))

    count = int(rng.integers(2, 5))
    weights = [float(weight) for weight in rng.uniform(0.3, 3, count)]
    alpha = float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7, 0.8]))
    return picture(), [picture() for _ in range(count)], weights, alpha


BLEND = Task(
    name='blend',
    points=3,
    solve=blend,
    cases=several(_some_styles),
    mistakes=(
        Mistake(
            lambda X, Zs, w, a: _blended(X, Zs, w, a),
            'the weights need not add up to 1: divide by their sum',
        ),
        Mistake(
            lambda X, Zs, w, a: blend(X, Zs, [1] * len(Zs), a),
            'this is the plain mean of the styles: the weights are not used',
        ),
        Mistake(
            lambda X, Zs, w, a: _blended(X, Zs, [v / len(w) for v in w], a),
            'this divides by the number of styles: divide by the sum of the weights',
        ),
        Mistake(
            lambda X, Zs, w, a: blend(X, Zs, w, 1 - a),
            'the other way round: alpha 1 is the painting, alpha 0 the photo',
        ),
        Mistake(
            lambda X, Zs, w, a: blend(X, Zs, w, 1),
            'this is the full style: what is left of 1, 1 - alpha, goes to the statistics of '
            'the photo',
        ),
        Mistake(
            lambda X, Zs, w, a: _blended(X, Zs, [v / sum(w) for v in w], a, own=0),
            'the share 1 - alpha of the statistics of the photo is missing',
        ),
        Mistake(
            lambda X, Zs, w, a: _blended(
                X, Zs, [v / sum(w) for v in w], a, own=1 / (1 - a) if a < 1 else 0
            ),
            "the photo's statistics count in full here: they have the share 1 - alpha",
        ),
        Mistake(
            lambda X, Zs, w, a: _blended(X, Zs, [v / sum(w) for v in w], a, 1, np.square, np.sqrt),
            'this mixes variances: AdaIN multiplies by the deviation, so deviations are mixed',
        ),
        Mistake(
            lambda X, Zs, w, a: _blended(X, Zs, [v / sum(w) for v in w], a, 1, np.square),
            'the second result is to be the deviation, not the variance',
        ),
        Mistake(
            lambda X, Zs, w, a: blend(X, Zs, w, a)[::-1],
            'right, but turned round: the mean first, then the deviation',
        ),
        Mistake(
            lambda X, Zs, w, a: blend(X, Zs, w[::-1], a),
            'the weights are in the wrong order: the first is that of the first painting',
        ),
        Mistake(
            lambda X, Zs, w, a: blend(X, Zs[:1], [1], a),
            'this is the first painting alone',
        ),
    ),
)

# --- regions ------------------------------------------------------------------------------------


def region_adain(
    content: np.ndarray, styles: Sequence[np.ndarray], masks: Sequence[np.ndarray]
) -> np.ndarray:
    """Return features in which each region has its own style, by its own statistics."""
    return sum(_within(content, mask, Z, mask) * mask for Z, mask in zip(styles, masks))


def _within(
    content: np.ndarray, mask: np.ndarray, style: np.ndarray, seen: Any = None
) -> np.ndarray:
    """Return all of `content` with a style's statistics, measured where `seen` is 1."""
    seen = np.ones_like(mask) if seen is None else seen
    mean = (content * seen).sum(axis=(2, 3), keepdims=True) / seen.sum()
    square = (np.square(content - mean) * seen).sum(axis=(2, 3), keepdims=True) / seen.sum()
    mean_Z, deviation_Z = (part[:, :, None, None] for part in moments(style))
    return deviation_Z * (content - mean) / np.sqrt(square + 1e-5) + mean_Z


def _regions(
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    paint: Callable[..., np.ndarray],
) -> np.ndarray:
    return sum(paint(content, Z, mask) * mask for Z, mask in zip(styles, masks))


def _in_regions(rng: Rng) -> Case:
    n, c = sizes(rng, 2)
    h, w = sizes(rng, 2, 6, 10)
    count = int(rng.integers(2, 4))
    owner = rng.permutation(numpy.arange(h * w) % count).reshape(h, w)
    owner[0, : w // 2] = 0  # regions of different sizes
    level = rng.uniform(-3, 3, (n, c, count))
    X = rng.normal(0, rng.uniform(0.5, 2, (n, c, 1, 1)), (n, c, h, w)) + level[:, :, owner]
    styles = []
    for _ in range(count):
        height, width = sizes(rng, 2, 4, 9)
        mean, spread = rng.uniform(-2, 2, (n, c, 1, 1)), rng.uniform(0.5, 3, (n, c, 1, 1))
        styles.append(array(rng.normal(mean, spread, (n, c, height, width))))
    return array(X), styles, [array(owner == k) for k in range(count)]


REGION_ADAIN = Task(
    name='region_adain',
    points=3,
    solve=region_adain,
    cases=several(_in_regions),
    mistakes=(
        Mistake(
            lambda X, Zs, masks: _regions(X, Zs, masks, lambda X, Z, mask: _within(X, mask, Z)),
            'this measures the whole photo for every region: take the mean and the deviation of '
            'the region alone',
        ),
        Mistake(
            lambda X, Zs, masks: _regions(X, Zs, masks, lambda X, Z, mask: adain(X * mask, Z)),
            'the zeros outside of the region count in its mean and deviation: divide by the '
            'number of places inside',
        ),
        Mistake(
            lambda X, Zs, masks: sum(_within(X, mask, Z, mask) for Z, mask in zip(Zs, masks)),
            'the regions are added up everywhere: multiply each by its mask',
        ),
        Mistake(
            lambda X, Zs, masks: sum(adain(X * mask, Z) for Z, mask in zip(Zs, masks)),
            'mask the result too, and measure inside of the region only',
        ),
        Mistake(
            lambda X, Zs, masks: region_adain(X, Zs[::-1], masks),
            'the styles are in the wrong order: the first is for the first mask',
        ),
        Mistake(
            lambda X, Zs, masks: region_adain(X, Zs[:1] * len(Zs), masks),
            'every region has the first style',
        ),
        Mistake(
            lambda X, Zs, masks: (
                _within(X, masks[0], Zs[0], masks[0]) * masks[0] + X * (1 - masks[0])
            ),
            'only the first region is painted',
        ),
        Mistake(
            lambda X, Zs, masks: adain(X, sum(adain(X, Z) for Z in Zs) / len(Zs)),
            'this mixes the styles everywhere: the masks are not used',
        ),
    ),
)

# --- how far on the way -------------------------------------------------------------------------


def style_left(Y: np.ndarray, X: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Return which share of the distance in style from photos X to paintings Z is left in Y."""
    return (_away(Y, Z) / _away(X, Z)).mean()


def _away(
    Y: np.ndarray, Z: np.ndarray, size: Callable[[np.ndarray], np.ndarray] = np.square
) -> np.ndarray:
    """Return how far the moments of pictures are from each other, of shape (n,)."""
    return sum(size(a - b).sum(axis=1) for a, b in zip(moments(Y), moments(Z)))


def _only(k: int) -> Callable[..., np.ndarray]:
    def left(Y: np.ndarray, X: np.ndarray, Z: np.ndarray) -> np.ndarray:
        to_go, whole = (np.square(moments(T)[k] - moments(Z)[k]).sum(axis=1) for T in (Y, X))
        return (to_go / whole).mean()

    return left


def _on_the_way(rng: Rng) -> Case:
    n, c = sizes(rng, 2, 3, 7)
    mean, spread = rng.uniform(-2, 2, (2, n, c, 1, 1)), rng.uniform(0.4, 3, (2, n, c, 1, 1))
    spread[1] += rng.uniform(0.2, 4, (n, 1, 1, 1))  # some paintings are further away than others
    shares = rng.uniform(0.1, 0.9, (n, 1, 1, 1))
    pictures = []
    for share in (shares, 1, 0):
        h, w = sizes(rng, 2, 5, 10)
        centre, width = (share * a + (1 - share) * b for a, b in (mean, spread))
        pictures.append(array(rng.normal(centre, width, (n, c, h, w))))
    return tuple(pictures)


STYLE_LEFT = Task(
    name='style_left',
    points=2,
    solve=style_left,
    cases=several(_on_the_way),
    mistakes=(
        Mistake(
            lambda Y, X, Z: _away(Y, Z).sum() / _away(X, Z).sum(),
            'this divides sum by sum, so a painting that is far away counts more: divide picture '
            'by picture, then take the mean',
        ),
        Mistake(
            lambda Y, X, Z: _away(Y, Z) / _away(X, Z),
            'these are the shares of each picture: return their mean',
        ),
        Mistake(
            lambda Y, X, Z: _away(Y, Z).mean(),
            'this is not divided by the distance of the photo from the painting',
        ),
        Mistake(
            lambda Y, X, Z: (_away(Y, X) / _away(X, Z)).mean(),
            'this measures the way behind you, from the photo: what is left is the way to the '
            'painting',
        ),
        Mistake(
            lambda Y, X, Z: 1 - style_left(Y, X, Z),
            'this is what has been done: what is left is wanted',
        ),
        Mistake(
            lambda Y, X, Z: (_away(X, Z) / _away(Y, Z)).mean(),
            'turned round: 1 is a photo, 0 the painting',
        ),
        Mistake(_only(0), 'the means alone: the deviations count as well'),
        Mistake(_only(1), 'the deviations alone: the means count as well'),
        Mistake(
            lambda Y, X, Z: np.sqrt(_away(Y, Z) / _away(X, Z)).mean(),
            'no root: squares are divided by squares',
        ),
        Mistake(
            lambda Y, X, Z: (_away(Y, Z, np.abs) / _away(X, Z, np.abs)).mean(),
            'this adds up absolute differences: take their squares',
        ),
        Mistake(
            lambda Y, X, Z: (_only(0)(Y, X, Z) + _only(1)(Y, X, Z)) / 2,
            'this is one share for the means and one for the deviations: add up the squares of '
            'both, then divide once',
        ),
    ),
)

# --- the space of styles ------------------------------------------------------------------------


def explained(S: np.ndarray, k: int) -> float:
    """Return which share of the variance of rows (n, d) their first k directions hold."""
    return _explained(S, k)


def _explained(
    S: np.ndarray,
    k: int,
    axis: Any = 0,
    power: int = 2,
    first: int = 0,
) -> float:
    """Return the share that some singular values of rows have of all, as powers."""
    X = S.asnumpy().astype('float64')
    if axis is not None:
        X = X - X.mean(axis=axis, keepdims=True)
    sizes_ = numpy.linalg.svd(X, compute_uv=False) ** power
    return float(sizes_[first : first + k].sum() / sizes_.sum())


def _of_columns(S: np.ndarray, k: int) -> float:
    """Return the share that the k columns which vary most have of the variance."""
    variances = numpy.sort(S.asnumpy().var(axis=0))[::-1]
    return float(variances[:k].sum() / variances.sum())


def _styles(rng: Rng) -> List[Case]:
    cases = []
    for k in rng.permutation([1, 2, 3]):
        n, d = int(rng.integers(11, 16)), int(rng.integers(5, 9))
        directions = numpy.linalg.qr(rng.normal(0, 1, (d, d)))[0] * rng.uniform(0.8, 3, (d, 1))
        cases.append((array(rng.normal(0, 1, (n, d)) @ directions + rng.normal(0, 1, d)), int(k)))
    return cases


EXPLAINED = Task(
    name='explained',
    points=2,
    solve=explained,
    cases=_styles,
    mistakes=(
        Mistake(
            lambda S, k: _explained(S, k, axis=None),
            "subtract the styles' mean first: directions are those of the differences from it",
        ),
        Mistake(
            lambda S, k: _explained(S, k, axis=1),
            'this subtracts from each style the mean of its own numbers: the mean is over the '
            'styles',
        ),
        Mistake(
            lambda S, k: _explained(S, k, power=1),
            'singular values are like deviations: a variance is the square of one',
        ),
        Mistake(
            lambda S, k: _explained(S, k, power=4),
            'the eigenvalues of the covariance are variances already: do not square them',
        ),
        Mistake(
            lambda S, k: _explained(S, 1),
            'this is the first direction alone: add up the first k',
        ),
        Mistake(
            lambda S, k: _explained(S, 1, first=k - 1),
            'this is the k-th direction alone: add up the first k',
        ),
        Mistake(
            lambda S, k: 1 - _explained(S, k),
            'this is what is lost: wanted is what the first k directions hold',
        ),
        Mistake(
            lambda S, k: 1 - _explained(S, S.shape[1] - k),
            'these are the smallest: eigvalsh returns them from small to large',
        ),
        Mistake(
            _of_columns,
            'these are the numbers that vary most, one by one: a direction may be a mixture',
        ),
    ),
)

TASKS = (DEVIATION_OF_GRAM, BLEND, REGION_ADAIN, STYLE_LEFT, EXPLAINED)
