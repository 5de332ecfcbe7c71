"""The tasks of chapter 3: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence, Tuple

import numpy
from mxnet import npx
from mxnet import numpy as np

from styletransfer import losses
from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Rng, array, several, sizes

# --- L-BFGS -------------------------------------------------------------------------------------

Pairs = Sequence[Tuple[np.ndarray, np.ndarray]]


def descent_direction(g: np.ndarray, pairs: Pairs) -> np.ndarray:
    r"""Return the direction -H g of L-BFGS, with H written out in full.

    .. math:: H \leftarrow (I - \rho s y^\top) H (I - \rho y s^\top) + \rho s s^\top,
              \qquad \rho = 1 / s^\top y

    for each remembered step along which the gradient grew, the oldest first, which is the last of
    the list; students get there without H.
    """
    bent = _usable(pairs)
    H = numpy.eye(g.size) * (_scale(*bent[-1]) if bent else 1)
    for s, y in bent:
        V = numpy.eye(g.size) - numpy.outer(y, s) / (s @ y)
        H = V.T @ H @ V + numpy.outer(s, s) / (s @ y)
    return array(-H @ _flat(g)).reshape(g.shape)


def _usable(pairs: Pairs) -> List[Tuple[numpy.ndarray, numpy.ndarray]]:
    """Return the pairs whose curvature is above 0, flat, the oldest first."""
    flat = [(_flat(s), _flat(y)) for s, y in pairs[::-1]]
    return [(s, y) for s, y in flat if s @ y > 0]


def _flat(x: np.ndarray) -> numpy.ndarray:
    return x.asnumpy().ravel().astype('float64')


def _scale(s: numpy.ndarray, y: numpy.ndarray) -> float:
    return (s @ y) / (y @ y)


def _wrong_loops(
    g: np.ndarray,
    pairs: Pairs,
    first: int = -1,
    second: int = 1,
    scale: Callable[[numpy.ndarray, numpy.ndarray], float] = _scale,
    newest: int = -1,
    mixed: bool = False,
    take: str = 'y',
    add: str = 's',
    ask: str = 'sy',
    beta: bool = True,
    bent: bool = True,
) -> np.ndarray:
    """Return what the two loops give that go wrong as the arguments behind `pairs` say.

    The loops run in the order `first` and `second`, 1 from the oldest pair; `ask` says with what
    each of them multiplies r, `take` and `add` what they change it by; `mixed` takes the numbers
    of the first loop in the order in which they were computed; `bent` leaves out pairs without
    curvature.
    """
    used = _usable(pairs) if bent else [(_flat(s), _flat(y)) for s, y in pairs[::-1]]
    known = [{'s': s, 'y': y} for s, y in used]
    rhos = [1 / (pair['s'] @ pair['y']) for pair in known]
    numbers = list(range(len(known)))
    r, alphas, computed = _flat(g), [0.0] * len(known), []
    for i in numbers[::first]:
        alphas[i] = rhos[i] * (known[i][ask[0]] @ r)
        computed.append(alphas[i])
        r = r - alphas[i] * known[i][take]
    if known:
        r = r * scale(known[newest]['s'], known[newest]['y'])
    for turn, i in enumerate(numbers[::second]):
        alpha = computed[turn] if mixed else alphas[i]
        r = r + (alpha - beta * rhos[i] * (known[i][ask[1]] @ r)) * known[i][add]
    return array(-r).reshape(g.shape)


def _valley(rng: Rng, memory: int) -> Case:
    """Return a gradient and remembered steps in a random quadratic, as large as a tiny picture.

    Among the pairs is one along which the gradient fell.
    """
    shape = (1, 3, *sizes(rng, 2, 2, 4))
    count = int(numpy.prod(shape))
    Q, _ = numpy.linalg.qr(rng.normal(0, 1, (count, count)))
    A = (Q * rng.uniform(0.3, 4, count)) @ Q.T
    pairs = []
    for _ in range(memory):
        s = rng.normal(0, rng.uniform(0.3, 2), count)
        pairs.append((s, A @ s))
    if memory:
        s = rng.normal(0, 1, count)
        pairs.insert(int(rng.integers(1, memory)), (s, -A @ s * rng.uniform(0.2, 0.5)))
    given = [tuple(array(x).reshape(shape) for x in pair) for pair in pairs]
    return array(rng.normal(0, 1, shape)), given


def _valleys(rng: Rng) -> List[Case]:
    return [*(_valley(rng, int(rng.integers(3, 7))) for _ in range(3)), _valley(rng, 0)]


def _loops_mistake(hint: str, **how: Any) -> Mistake:
    return Mistake(lambda *case: _wrong_loops(*case, **how), hint)


DESCENT_DIRECTION = Task(
    name='descent_direction',
    points=3,
    solve=descent_direction,
    cases=_valleys,
    mistakes=(
        Mistake(
            lambda g, pairs: -descent_direction(g, pairs),
            'this leads uphill: the direction is -H g',
        ),
        _loops_mistake(
            'a pair along which the gradient fell, s.y below 0, says that the valley is a ridge: '
            'leave such pairs out',
            bent=False,
        ),
        Mistake(
            lambda g, pairs: descent_direction(g, pairs[::-1]),
            'the newest pair is the first of the list here, not the last',
        ),
        Mistake(
            lambda g, pairs: _wrong_loops(g, pairs[::-1], bent=False),
            'the newest pair is the first of the list here, and a pair with s.y below 0 is left '
            'out',
        ),
        Mistake(
            lambda g, pairs: -g,
            'this is the plain gradient, turned round: what was remembered is not used',
        ),
        _loops_mistake(
            'the scaling between the loops is missing: multiply r by s.y / y.y of the newest pair',
            scale=lambda s, y: 1.0,
        ),
        _loops_mistake(
            'the scaling is upside down: s.y over y.y', scale=lambda s, y: (y @ y) / (s @ y)
        ),
        _loops_mistake(
            'this scales by s.s / s.y: take s.y / y.y', scale=lambda s, y: (s @ s) / (s @ y)
        ),
        _loops_mistake('the scaling is that of the newest pair, not of the oldest', newest=0),
        _loops_mistake(
            "the loops run in each other's order: the first from the newest pair back to the "
            'oldest, the second from the oldest on',
            first=1,
            second=-1,
        ),
        _loops_mistake(
            'the second loop runs the other way, from the oldest pair to the newest', second=-1
        ),
        _loops_mistake(
            'the first loop runs the other way, from the newest pair back to the oldest', first=1
        ),
        _loops_mistake(
            'the first loop computes the alphas from the newest pair to the oldest, the second '
            'needs them the other way round: pair each with the step it belongs to',
            mixed=True,
        ),
        _loops_mistake('the first loop subtracts alpha times y, not times s', take='s'),
        _loops_mistake('the second loop adds a multiple of s, not of y', add='y'),
        _loops_mistake('alpha needs s.r, not y.r', ask='yy'),
        _loops_mistake('beta needs y.r, not s.r', ask='ss'),
        _loops_mistake('the second loop adds (alpha - beta) s, not alpha s', beta=False),
        Mistake(
            lambda g, pairs: descent_direction(g, pairs[:1]),
            'this uses the newest pair only: loop over all that are remembered',
        ),
    ),
)


# --- the losses of the paper --------------------------------------------------------------------


def paper_style_loss(Y_hat: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the style loss of one layer as Gatys et al. write it, for each of n pictures.

    Y_hat has shape (n, c, h, w), the style picture's output Y (1, c, h, w).
    """
    c, h, w = Y.shape[1:]
    return _squares(Y_hat, Y) / (4 * c**2 * (h * w) ** 2)


def _unscaled(Y: np.ndarray) -> np.ndarray:
    return losses.gram(Y) * Y[0].size


def _squares(Y_hat: np.ndarray, Y: np.ndarray) -> np.ndarray:
    return np.square(_unscaled(Y_hat) - _unscaled(Y)).sum(axis=(1, 2))


def _divided(by: Callable[[int, int, int], float]) -> Callable[..., np.ndarray]:
    """Return a style loss of the right sum, divided by something else."""
    return lambda Y_hat, Y: _squares(Y_hat, Y) / by(*Y.shape[1:])


def _two_outputs(rng: Rng) -> Case:
    n, c, h, w = sizes(rng, 4, 2, 8)
    scales = rng.uniform(0.5, 3, (n + 1, 1, 1, 1))
    Ys = array(rng.normal(0, scales, (n + 1, c, h, w)))
    return Ys[1:], Ys[:1]


PAPER_STYLE_LOSS = Task(
    name='paper_style_loss',
    points=2,
    solve=paper_style_loss,
    cases=several(_two_outputs),
    mistakes=(
        Mistake(
            lambda Y_hat, Y: np.square(losses.gram(Y_hat) - losses.gram(Y)).mean(axis=(1, 2)),
            "this is the book's loss, a mean of scaled matrices: the paper sums, and divides in "
            'the loss',
        ),
        Mistake(
            _divided(lambda c, h, w: 4 * c**4 * (h * w) ** 2),
            'this is a mean over the entries of G: the paper takes their sum',
        ),
        Mistake(
            _divided(lambda c, h, w: 4 * c**2 * (h * w) ** 2 * (c * h * w) ** 2),
            'your Gram matrices are divided by c * h * w already: here G is the bare product, and '
            'the loss divides',
        ),
        Mistake(
            _divided(lambda c, h, w: (c * h * w) ** 2), 'four times too much: the 4 is missing'
        ),
        Mistake(
            _divided(lambda c, h, w: 16 * (c * h * w) ** 2), 'the 4 is not squared: 4 N^2 M^2'
        ),
        Mistake(_divided(lambda c, h, w: 4 * c * h * w), 'N and M are squared: 4 N^2 M^2'),
        Mistake(_divided(lambda c, h, w: 4 * c**2 * h * w), 'M is squared too: 4 N^2 M^2'),
        Mistake(_divided(lambda c, h, w: 4 * c * (h * w) ** 2), 'N is squared too: 4 N^2 M^2'),
        Mistake(_divided(lambda c, h, w: 1), 'the sum is right, but not divided by 4 N^2 M^2'),
        Mistake(
            lambda Y_hat, Y: paper_style_loss(Y_hat, Y).sum(),
            'this is the sum over the pictures: each of them has a loss of its own, (n,)',
        ),
        Mistake(
            lambda Y_hat, Y: paper_style_loss(Y_hat, Y).mean(),
            'this is the mean over the pictures: each of them has a loss of its own, (n,)',
        ),
        Mistake(
            lambda Y_hat, Y: paper_style_loss(Y_hat, Y)[0],
            'this is the first picture only: each of them has a loss of its own, (n,)',
        ),
        Mistake(
            lambda Y_hat, Y: (
                np.abs(_unscaled(Y_hat) - _unscaled(Y)).sum(axis=(1, 2)) / (4 * Y[0].size ** 2)
            ),
            'the differences are squared, not taken as absolute values',
        ),
        Mistake(
            lambda Y_hat, Y: np.square(Y_hat - Y).sum(axis=(1, 2, 3)) / (4 * Y[0].size ** 2),
            'this compares the outputs themselves: the style loss compares their Gram matrices',
        ),
    ),
)


def book_factors(c: int, h: int, w: int) -> Tuple[float, float]:
    """Return what makes the paper's content loss and style loss of a layer those of the book."""
    return 2 / (c * h * w), 4 / c**2


BOOK_FACTORS = Task(
    name='book_factors',
    points=2,
    solve=book_factors,
    cases=several(lambda rng: tuple(sizes(rng, 3, 5, 90)), 4),
    mistakes=(
        Mistake(
            lambda c, h, w: (c * h * w / 2, c**2 / 4),
            "the other way round: the paper's loss times the factor is the book's",
        ),
        Mistake(
            lambda c, h, w: (4 / c**2, 2 / (c * h * w)),
            'both are right, but in the wrong order: content first, then style',
        ),
        Mistake(
            lambda c, h, w: (1 / (c * h * w), 4 / c**2),
            'the style is right; of the content loss the paper takes half the sum',
        ),
        Mistake(
            lambda c, h, w: (2 / (h * w), 4 / c**2),
            'the style is right; the mean of the content loss is over the channels too',
        ),
        Mistake(
            lambda c, h, w: (2.0, 4 / c**2),
            'the style is right; for the content, a sum is the mean times how many numbers there '
            'are',
        ),
        Mistake(
            lambda c, h, w: (2 / (c * h * w), 1 / c**2),
            'the content is right; the paper divides the style loss by 4 as well',
        ),
        Mistake(
            lambda c, h, w: (2 / (c * h * w), 4 / c),
            'the content is right; a Gram matrix has c * c entries, which the mean is over',
        ),
        Mistake(
            lambda c, h, w: (2 / (c * h * w), 4.0),
            'the content is right; for the style, a sum over a Gram matrix is the mean times how '
            'many entries it has',
        ),
        Mistake(
            lambda c, h, w: (2 / (c * h * w), 4 * (h * w) ** 2),
            "the content is right; for the style, the book's Gram matrix is divided by c * h * w "
            'already',
        ),
        Mistake(
            lambda c, h, w: (2 / (c * h * w), 4 / (c * h * w) ** 2),
            'the content is right; for the style, the paper divides by N^2 M^2 too: most of it '
            'cancels',
        ),
    ),
)


# --- the network of the paper -------------------------------------------------------------------


def pool_average(X: np.ndarray) -> np.ndarray:
    """Return the mean of each 2 by 2 block of (n, c, h, w); a last odd row or column goes."""
    return npx.pooling(X, kernel=(2, 2), stride=(2, 2), pool_type='avg')


def _blocks(X: np.ndarray, first: bool = False) -> numpy.ndarray:
    """Return X as (n, c, rows, 2, columns, 2), with no odd row or column."""
    x = X.asnumpy()
    n, c, h, w = x.shape
    x = x[:, :, h % 2 :, w % 2 :] if first else x[:, :, : h - h % 2, : w - w % 2]
    return x.reshape(n, c, h // 2, 2, w // 2, 2)


def _padded(X: np.ndarray, **how: Any) -> numpy.ndarray:
    """Return X as (n, c, rows, 2, columns, 2), filled up where a row or column is odd."""
    n, c, h, w = X.shape
    x = numpy.pad(X.asnumpy(), ((0, 0), (0, 0), (0, h % 2), (0, w % 2)), **how)
    return x.reshape(n, c, (h + 1) // 2, 2, (w + 1) // 2, 2)


def _cut_in_memory(X: np.ndarray) -> numpy.ndarray:
    x = _blocks(X)
    n, c, h, _, w, _ = x.shape
    return x.reshape(n, c, h, w, 4).mean(axis=-1)


def _cut_in_halves(X: np.ndarray) -> numpy.ndarray:
    x = _blocks(X)
    n, c, h, _, w, _ = x.shape
    return x.reshape(n, c, 2, h, 2, w).mean(axis=(2, 4))


def _odd_outputs(rng: Rng) -> List[Case]:
    cases = []
    for down, right in ((0, 1), (1, 0), (1, 1), (0, 0)):
        n, c, h, w = sizes(rng, 4, 2, 6)
        shape = (n, c, 2 * h + down, 2 * w + right)
        cases.append((array(rng.normal(rng.uniform(-1, 1), 1, shape)),))
    return cases


POOL_AVERAGE = Task(
    name='pool_average',
    points=2,
    solve=pool_average,
    cases=_odd_outputs,
    mistakes=(
        Mistake(
            lambda X: _blocks(X).max(axis=(3, 5)),
            'this is max pooling: take the mean of the four',
        ),
        Mistake(lambda X: _blocks(X).sum(axis=(3, 5)), 'this is the sum of the four: their mean'),
        Mistake(
            lambda X: _blocks(X)[:, :, :, 0, :, 0],
            'this keeps one number of four: take the mean of all of them',
        ),
        Mistake(
            lambda X: X[:, :, ::2, ::2],
            'this keeps one number of four: take the mean of all of them',
        ),
        Mistake(
            lambda X: npx.pooling(X, kernel=(2, 2), stride=(1, 1), pool_type='avg'),
            'the blocks overlap: each begins two rows or columns behind the one before',
        ),
        Mistake(
            lambda X: numpy.nanmean(_padded(X, constant_values=numpy.nan), axis=(3, 5)),
            'of an odd number of rows or columns the last has no partner: it is left out',
        ),
        Mistake(
            lambda X: _padded(X).mean(axis=(3, 5)),
            'this fills odd sizes up with zeros: the last row or column is left out',
        ),
        Mistake(
            lambda X: _blocks(X, first=True).mean(axis=(3, 5)),
            'where the size is odd, leave out the last row or column, not the first',
        ),
        Mistake(
            _cut_in_memory,
            'reshape takes four numbers that lie in a row in memory: a block has two of one row '
            'and two of the next, so cut rows and columns apart, (n, c, h // 2, 2, w // 2, 2)',
        ),
        Mistake(
            _cut_in_halves,
            'this averages numbers that are half a picture apart: the axis of length 2 belongs '
            'behind the rows, and behind the columns, (n, c, h // 2, 2, w // 2, 2)',
        ),
        Mistake(
            lambda X: (X[:, :, :-1:2] + X[:, :, 1::2]) / 2,
            'this averages two rows each: the columns are pooled as well',
        ),
        Mistake(
            lambda X: (X[:, :, :, :-1:2] + X[:, :, :, 1::2]) / 2,
            'this averages two columns each: the rows are pooled as well',
        ),
    ),
)

Layers = Tuple[np.ndarray, np.ndarray, np.ndarray]


def normalise_filters(W: np.ndarray, b: np.ndarray, W_next: np.ndarray, Y: np.ndarray) -> Layers:
    """Return two convolutions' weights after which each filter of the first has mean 1.

    Y is what the first gives now, before its ReLU, for some pictures.
    """
    return _rescaled(W, b, W_next, npx.relu(Y).mean(axis=(0, 2, 3)))


def _rescaled(
    W: np.ndarray,
    b: np.ndarray,
    W_next: np.ndarray,
    m: np.ndarray,
    power: int = 1,
    axis: int = 0,
    next_axis: int = 1,
) -> Layers:
    """Return weights scaled by m along the given axes; with `power` -1 by what undoes it."""
    shapes = [tuple(-1 if i == at else 1 for i in range(4)) for at in (axis, next_axis)]
    return W / m.reshape(shapes[0]), b / m, W_next * m.reshape(shapes[1]) ** power


def _means(
    kind: Callable[[np.ndarray], np.ndarray], **how: Any
) -> Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Layers]:
    return lambda W, b, W_next, Y: _rescaled(W, b, W_next, kind(Y), **how)


def _mean(Y: np.ndarray) -> np.ndarray:
    return npx.relu(Y).mean(axis=(0, 2, 3))


def _two_convolutions(rng: Rng) -> Case:
    c, n, h, w = sizes(rng, 4, 4, 9)
    W, W_next = (array(rng.normal(0, 0.3, (c, c, 3, 3))) for _ in range(2))
    b = array(rng.uniform(0.5, 1.5, c))  # so that every filter fires somewhere
    X = array(rng.uniform(0, 1, (n, c, h, w)))
    Y = npx.convolution(X, W, b, kernel=(3, 3), pad=(1, 1), num_filter=c)
    return W, b, W_next, Y


NORMALISE_FILTERS = Task(
    name='normalise_filters',
    points=3,
    solve=normalise_filters,
    cases=several(_two_convolutions),
    mistakes=(
        Mistake(
            lambda W, b, W_next, Y: (*_rescaled(W, b, W_next, _mean(Y))[:2], W_next),
            'the filters are right, but the next convolution hears them louder or softer than '
            'before: undo it in W_next',
        ),
        Mistake(
            _means(_mean, power=-1),
            'W_next is scaled the wrong way: what was divided in front is multiplied there',
        ),
        Mistake(
            _means(_mean, next_axis=0),
            'W_next is scaled along its outputs: what it listens to is its second axis',
        ),
        Mistake(
            _means(_mean, axis=1),
            'W is scaled along its inputs: its filters are the first axis',
        ),
        Mistake(
            lambda W, b, W_next, Y: (
                W / _mean(Y).reshape(-1, 1, 1, 1),
                b,
                W_next * _mean(Y).reshape(1, -1, 1, 1),
            ),
            'the bias belongs to the output too: divide it by the same mean',
        ),
        Mistake(
            _means(lambda Y: Y.mean(axis=(0, 2, 3))),
            'this is the mean before the ReLU, where what is below 0 counts against the rest: '
            'npx.relu first, then the mean',
        ),
        Mistake(
            _means(lambda Y: 1 / _mean(Y)),
            'the other way round: a filter whose mean is 2 is divided by 2',
        ),
        Mistake(
            _means(lambda Y: npx.relu(Y).mean() + np.zeros(Y.shape[1])),
            'this is one mean for the whole layer: each filter has its own',
        ),
        Mistake(
            _means(lambda Y: npx.relu(Y[:1]).mean(axis=(0, 2, 3))),
            'this is the mean over the first picture: take all of them',
        ),
        Mistake(
            _means(lambda Y: npx.relu(Y).sum(axis=(0, 2, 3)) / (Y > 0).sum(axis=(0, 2, 3))),
            'this is the mean of where the filter fires: the zeros count too',
        ),
        Mistake(
            _means(lambda Y: npx.relu(Y).max(axis=(0, 2, 3))),
            'this makes the largest activation 1: the mean is asked for',
        ),
        Mistake(
            _means(lambda Y: npx.relu(Y).std(axis=(0, 2, 3))),
            'this makes the standard deviation 1: the mean is asked for',
        ),
    ),
)

TASKS = (
    POOL_AVERAGE,
    PAPER_STYLE_LOSS,
    BOOK_FACTORS,
    NORMALISE_FILTERS,
    DESCENT_DIRECTION,
)
