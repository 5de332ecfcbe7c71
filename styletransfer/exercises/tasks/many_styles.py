"""The tasks of chapter 12: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Rng, array, several, sizes

# --- how many numbers a style is ----------------------------------------------------------------


def style_numbers(widths: Sequence[int], residuals: int, norm_at_end: bool) -> int:
    """Return how many numbers a style has of its own in a network of the chapter's layers."""
    return 2 * (_down(widths) + 2 * residuals * widths[-1] + _up(widths) + 3 * norm_at_end)


def _down(widths: Sequence[int]) -> int:
    return sum(widths)


def _up(widths: Sequence[int]) -> int:
    return sum(widths[:-1])


def _networks(rng: Rng) -> List[Case]:
    cases = []
    for at_end in (True, False, True):
        widths = tuple(sorted(8 * size for size in sizes(rng, 3, 1, 20)))
        cases.append((widths, int(rng.integers(2, 7)), at_end))
    return cases


STYLE_NUMBERS = Task(
    name='style_numbers',
    points=2,
    solve=style_numbers,
    cases=_networks,
    mistakes=(
        Mistake(
            lambda widths, residuals, at_end: style_numbers(widths, residuals, at_end) // 2,
            'this counts the channels: each has two numbers, a gamma and a beta',
        ),
        Mistake(
            lambda widths, residuals, at_end: style_numbers(widths, residuals, False),
            'the norm of the picture itself is missing: three channels, where there is one',
        ),
        Mistake(
            lambda widths, residuals, at_end: style_numbers(widths, residuals, True),
            'this counts a norm of the picture even where there is none',
        ),
        Mistake(
            lambda widths, residuals, at_end: (
                style_numbers(widths, residuals, at_end) - 2 * residuals * widths[-1]
            ),
            'a residual block has two convolutions, and a norm behind each',
        ),
        Mistake(
            lambda widths, residuals, at_end: style_numbers(widths, 1, at_end),
            'this counts one residual block: there are several',
        ),
        Mistake(
            lambda widths, residuals, at_end: (
                style_numbers(widths, residuals, at_end) - 4 * residuals * widths[-1]
            ),
            'the residual blocks are missing',
        ),
        Mistake(
            lambda widths, residuals, at_end: (
                style_numbers(widths, residuals, at_end) - 2 * _up(widths)
            ),
            'the way up is missing: it has norms of its own',
        ),
        Mistake(
            lambda widths, residuals, at_end: (
                style_numbers(widths, residuals, at_end) + 2 * widths[-1]
            ),
            'one layer too many on the way up: it has two, of the second and of the first width',
        ),
        Mistake(
            lambda widths, residuals, at_end: (
                2 * (_down(widths) + _up(widths) + 3 * at_end) + 4 * residuals * sum(widths)
            ),
            'the residual blocks work at the last width only',
        ),
    ),
)

# --- a style that is folded into a convolution --------------------------------------------------

EPS = 1e-5
Folded = Tuple[np.ndarray, np.ndarray]


def fold_style(
    W: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> Folded:
    """Return weight and bias of a convolution that does what W and then the norm do."""
    rate = gamma / np.sqrt(variance + EPS)
    return _scaled(W, rate), beta - rate * mean


def _scaled(W: np.ndarray, rate: np.ndarray) -> np.ndarray:
    return W * rate.reshape(-1, 1, 1, 1)


def _with_rate(
    rate_of: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Callable[..., Folded]:
    """Return `fold_style` with another rate, made of gamma and the variance."""

    def fold(
        W: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray
    ) -> Folded:
        rate = rate_of(gamma, variance)
        return _scaled(W, rate), beta - rate * mean

    return fold


def _with_bias(
    bias_of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> Callable[..., Folded]:
    """Return `fold_style` with another bias, made of beta, mean and rate."""

    def fold(
        W: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray
    ) -> Folded:
        rate = gamma / np.sqrt(variance + EPS)
        return _scaled(W, rate), bias_of(beta, mean, rate)

    return fold


def _incoming(
    W: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> Folded:
    right, bias = fold_style(W.transpose(1, 0, 2, 3), gamma, beta, mean, variance)
    return right.transpose(1, 0, 2, 3), bias


def _layer(rng: Rng) -> Case:
    """Return a convolution from c channels to c, some of them nearly without variance."""
    (c,) = sizes(rng, 1, 4, 7)
    variance = rng.uniform(0.5, 2, c)
    variance[rng.permutation(c)[:2]] = rng.uniform(3e-6, 3e-5, 2)
    norm = rng.uniform(0.5, 2, c), rng.uniform(0.2, 1, c), rng.uniform(0.2, 1, c)
    return (array(rng.normal(0, 1, (c, c, 3, 3))), *map(array, norm), array(variance))


FOLD_STYLE = Task(
    name='fold_style',
    points=3,
    solve=fold_style,
    cases=several(_layer),
    mistakes=(
        Mistake(
            _with_rate(lambda gamma, v: gamma / np.sqrt(v)),
            'the 1e-5 under the root is missing: a channel with hardly any variance shows it',
        ),
        Mistake(
            _with_rate(lambda gamma, v: gamma / (np.sqrt(v) + EPS)),
            'the 1e-5 belongs under the root: it is added to the variance',
        ),
        Mistake(
            _with_rate(lambda gamma, v: gamma / (v + EPS)),
            'this divides by the variance: the norm divides by its root',
        ),
        Mistake(
            _with_rate(lambda gamma, v: gamma * np.sqrt(v + EPS)),
            'this multiplies by the deviation: the norm divides by it',
        ),
        Mistake(
            _with_rate(lambda gamma, v: 1 / np.sqrt(v + EPS)),
            'gamma is not used: it scales what was normalised',
        ),
        Mistake(
            _with_bias(lambda beta, mean, rate: beta),
            'the weights are right, the bias is not: the norm takes away the mean, which is '
            'scaled as well',
        ),
        Mistake(
            _with_bias(lambda beta, mean, rate: beta - mean),
            'the weights are right, but the mean that is taken away was divided and multiplied '
            'like the rest: scale it too',
        ),
        Mistake(
            _with_bias(lambda beta, mean, rate: beta + rate * mean),
            'the weights are right; the mean is taken away, not added',
        ),
        Mistake(
            _with_bias(lambda beta, mean, rate: rate * (beta - mean)),
            'the weights are right; beta comes last, so it is not scaled',
        ),
        Mistake(
            lambda W, gamma, beta, mean, v: (W, fold_style(W, gamma, beta, mean, v)[1]),
            'the bias is right, the weights are as they were: scale the filter of each channel',
        ),
        Mistake(
            _incoming,
            'this scales the channels that come in, the second axis of W: the norm is behind the '
            'convolution, so scale those that go out, the first',
        ),
        Mistake(
            lambda W, gamma, beta, mean, v: fold_style(W, beta, gamma, mean, v),
            'gamma and beta are exchanged: gamma scales, beta is added',
        ),
        Mistake(
            lambda W, gamma, beta, mean, v: fold_style(W, gamma, beta, mean, v)[0],
            'return the weights and the bias',
        ),
    ),
)

# --- a factor that balances paintings -----------------------------------------------------------


def balance(photos: np.ndarray, painting: np.ndarray) -> float:
    """Return by what a loss is multiplied that is to be 1, on average, for photographs."""
    return 1 / float(_squares(photos, painting).mean())


def _squares(photos: np.ndarray, painting: np.ndarray) -> np.ndarray:
    """Return the mean square difference of each photograph's matrix from the painting's."""
    return np.square(photos - painting).mean(axis=(1, 2))


def _matrices(rng: Rng) -> Case:
    n, c = sizes(rng, 2, 3, 8)
    F = rng.normal(0, 1, (n + 1, c, 6)) * rng.uniform(0.3, 2, (n + 1, c, 1))
    G = F @ F.transpose(0, 2, 1) / 6
    return array(G[1:]), array(G[0] * rng.uniform(2, 3))


BALANCE = Task(
    name='balance',
    points=2,
    solve=balance,
    cases=several(_matrices),
    mistakes=(
        Mistake(
            lambda photos, painting: 1 / balance(photos, painting),
            'this is the loss of photographs: the factor that makes 1 of it is one over it',
        ),
        Mistake(
            lambda photos, painting: balance(photos.mean(axis=0, keepdims=True), painting),
            'this is for the mean of the matrices, which is nearer than they are: take the '
            'difference first, for each photograph, and then the mean',
        ),
        Mistake(
            lambda photos, painting: float((1 / _squares(photos, painting)).mean()),
            'this is the mean of the factors of each photograph, in which one that happens to be '
            'near decides: take the mean of the losses, then one over it',
        ),
        Mistake(
            lambda photos, painting: balance(photos[:1], painting),
            'this looks at the first photograph only',
        ),
        Mistake(
            lambda photos, painting: balance(photos, painting) / photos[0].size,
            'the style loss is a mean over the entries of the matrix, not their sum',
        ),
        Mistake(
            lambda photos, painting: balance(photos, painting) / photos.size,
            'take a mean over entries and photographs, not a sum',
        ),
        Mistake(
            lambda photos, painting: balance(photos, painting) / len(photos),
            'take the mean over the photographs, not their sum',
        ),
        Mistake(
            lambda photos, painting: balance(photos, painting) ** 0.5,
            'no root: the style loss is a mean of squares',
        ),
        Mistake(
            lambda photos, painting: 1 / float(np.square(painting).mean()),
            'this divides by the size of the painting: how far photographs are from it is what '
            'counts',
        ),
        Mistake(
            lambda photos, painting: 1 / float(np.abs(photos - painting).mean()),
            'the style loss has squares, not absolute values',
        ),
        Mistake(
            lambda photos, painting: balance(photos, photos.mean(axis=0)),
            'this is the spread of the photographs among themselves: the painting is not used',
        ),
    ),
)

# --- the table of confusion ---------------------------------------------------------------------


def margins(table: np.ndarray) -> np.ndarray:
    """Return how far each result is from its own painting, over the nearest other one."""
    return array(_own(table) / _others(table).min(axis=1))


def _own(table: np.ndarray) -> numpy.ndarray:
    return numpy.diagonal(table.asnumpy())


def _others(table: np.ndarray) -> numpy.ndarray:
    """Return the table without its diagonal, each row one shorter."""
    n = len(table)
    return table.asnumpy()[~numpy.eye(n, dtype=bool)].reshape(n, n - 1)


def _table(rng: Rng) -> Case:
    (n,) = sizes(rng, 1, 4, 7)
    table = rng.uniform(0.6, 1.6, (n, n))
    table[numpy.eye(n, dtype=bool)] = rng.uniform(0.1, 0.4, n)
    wrong = int(rng.integers(n))  # one is nearer to another painting
    table[wrong, (wrong + 1) % n] = table[wrong, wrong] * rng.uniform(0.4, 0.8)
    return (array(table),)


MARGINS = Task(
    name='margins',
    points=2,
    solve=margins,
    cases=several(_table),
    mistakes=(
        Mistake(
            lambda table: array(_own(table) / table.asnumpy().min(axis=1)),
            'the smallest number of a row is mostly its own: look at the others only',
        ),
        Mistake(
            lambda table: margins(table.T),
            'this compares down the columns: a row is a result, measured against all paintings',
        ),
        Mistake(
            lambda table: array(_own(table) / _others(table).mean(axis=1)),
            'over the nearest other painting, not over the mean of all others',
        ),
        Mistake(
            lambda table: array(_own(table) / _others(table).max(axis=1)),
            'over the nearest other painting, not over the farthest',
        ),
        Mistake(
            lambda table: array(1 / margins(table).asnumpy()),
            'this is the other way round: its own distance is above the line',
        ),
        Mistake(
            lambda table: array(_own(table) - _others(table).min(axis=1)),
            'this is a difference: divide',
        ),
        Mistake(
            lambda table: array(
                numpy.divide(*numpy.sort(table.asnumpy(), axis=1)[:, :2].T),
            ),
            'this takes the smallest number of a row for its own, which it is not where a result '
            'is nearer to another painting: its own stands on the diagonal',
        ),
        Mistake(
            lambda table: array(_own(table) / numpy.sort(table.asnumpy(), axis=1)[:, 1]),
            'this takes the second number of each sorted row for the nearest other: where a '
            'result is nearer to another painting, that is its own',
        ),
        Mistake(
            lambda table: float(margins(table).max()),
            'return a number for each style, not only the worst',
        ),
    ),
)

# --- which mixture is a row? --------------------------------------------------------------------


def shares_of(row: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return the shares, with the sum 1, whose mixture of a table's rows is nearest to a row."""
    r, rows = (part.asnumpy().astype('float64') for part in (row, table))
    rest = _least_squares((rows[1:] - rows[0]).T, r - rows[0])
    return array([1 - rest.sum(), *rest])


def _least_squares(A: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
    return numpy.linalg.lstsq(A, b, rcond=None)[0]


def _free(row: np.ndarray, table: np.ndarray) -> numpy.ndarray:
    """Return the shares of any sum."""
    return _least_squares(table.asnumpy().T.astype('float64'), row.asnumpy().astype('float64'))


def _away(row: np.ndarray, table: np.ndarray) -> numpy.ndarray:
    return numpy.square(table.asnumpy() - row.asnumpy()).mean(axis=1)


def _bounded(shares: np.ndarray, whole: Optional[float] = None) -> np.ndarray:
    clipped = shares.asnumpy().clip(0, 1)
    return array(clipped / clipped.sum() if whole else clipped)


def _mixture(rng: Rng) -> Case:
    styles, numbers = int(rng.integers(3, 6)), int(rng.integers(9, 14))
    table = rng.normal(1, 1, (styles, numbers))
    shares = rng.uniform(0.2, 0.6, styles)
    shares[int(rng.integers(styles))] = -0.4
    shares /= shares.sum()
    return array(shares @ table + rng.normal(0, 0.4, numbers)), array(table)


SHARES_OF = Task(
    name='shares_of',
    points=3,
    solve=shares_of,
    cases=several(_mixture),
    mistakes=(
        Mistake(
            lambda row, table: array(_free(row, table)),
            'this is the nearest of all sums of rows: shares have the sum 1, and that has to be '
            'built in before the smallest distance is looked for',
        ),
        Mistake(
            lambda row, table: array(_free(row, table) / _free(row, table).sum()),
            'shares divided by their sum have the sum 1, but are not the nearest any more: put '
            'S_0 = 1 - (the others) into the distance first',
        ),
        Mistake(
            lambda row, table: _bounded(shares_of(row, table), whole=1),
            'a share may be below 0 or above 1, as beyond two styles: leave them as they are',
        ),
        Mistake(
            lambda row, table: _bounded(shares_of(row, table)),
            'a share may be below 0 or above 1, as beyond two styles: leave them as they are',
        ),
        Mistake(
            lambda row, table: array(_away(row, table) == _away(row, table).min()),
            'this is the nearest row alone: a mixture can be nearer',
        ),
        Mistake(
            lambda row, table: array(
                (1 / _away(row, table)) / (1 / _away(row, table)).sum(),
            ),
            'near rows with large shares are a fair guess, but not the nearest mixture: solve '
            'for it',
        ),
        Mistake(
            lambda row, table: array(
                numpy.exp(-_away(row, table)) / numpy.exp(-_away(row, table)).sum(),
            ),
            'a softmax of distances is a fair guess, but not the nearest mixture: solve for it',
        ),
        Mistake(
            lambda row, table: array(shares_of(row, table).asnumpy()[1:]),
            'the share of the first row is missing: it is 1 less the others',
        ),
        Mistake(
            lambda row, table: array(numpy.roll(shares_of(row, table).asnumpy(), -1)),
            'the numbers are right, but not in the order of the rows: the first is that of row 0',
        ),
        Mistake(
            lambda row, table: array(shares_of(row, table).asnumpy() @ table.asnumpy()),
            'this is the mixture itself: return its shares',
        ),
    ),
)

TASKS = (
    STYLE_NUMBERS,
    FOLD_STYLE,
    BALANCE,
    MARGINS,
    SHARES_OF,
)
