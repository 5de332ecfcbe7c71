"""The tasks of chapter 21: our solutions, the data they are tried on, the usual mistakes.

Arrays are NumPy's here, in double precision: all slopes are to be found by hand.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy

from styletransfer.exercises.task import Case, Mistake, Task, describe
from styletransfer.exercises.tasks.data import Rng, several, sizes
from styletransfer.exercises.tasks.letters import letters_of, same_at

# --- derive: slopes of a critic with softened labels --------------------------------------------


def softened_slopes(
    real: numpy.ndarray, fake: numpy.ndarray, label: float
) -> Tuple[float, numpy.ndarray, numpy.ndarray]:
    """Return a critic's loss, and its slopes with respect to the scores of real and of painted."""
    return _softened(real, fake, label)


def _sigmoid(s: numpy.ndarray) -> numpy.ndarray:
    return 0.5 + 0.5 * numpy.tanh(s / 2)


def _softened(
    real: numpy.ndarray,
    fake: numpy.ndarray,
    label: float,
    both: bool = False,
    factor: float = 0.5,
    summed: bool = False,
    missed: float = 0,
) -> Tuple[float, numpy.ndarray, numpy.ndarray]:
    """Return loss and slopes where labels of painted pictures, too, may be softened."""
    values: List[Any] = []
    for s, wanted in ((real, label), (fake, (1 - label) * both)):
        count = 1 if summed else s.size
        l = (numpy.logaddexp(0, s) - wanted * s).sum() / count
        values.append((factor * l, factor * (_sigmoid(s) - wanted + missed * wanted) / count))
    (l_real, slope_real), (l_fake, slope_fake) = values
    return float(l_real + l_fake), slope_real, slope_fake


def _naive(
    real: numpy.ndarray, fake: numpy.ndarray, label: float
) -> Tuple[float, numpy.ndarray, numpy.ndarray]:
    """Return the loss as exp and log give it, which is infinite where a score is large."""
    _, *slopes = softened_slopes(real, fake, label)
    return float('inf'), slopes[0], slopes[1]


def _changed(change: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *asked: change(*softened_slopes(*asked))


def _scored(rng: Rng) -> Case:
    """Return scores of two maps, in some places so large that exp of them is no number."""
    maps = []
    for sign in (1, -1):
        n, h, w = sizes(rng, 3, 2, 6)
        s = rng.normal(sign, 2, (n, h, w))
        s.flat[rng.choice(s.size, 2, replace=False)] = (900, -900)
        maps.append(s)
    return maps[0], maps[1], float(rng.uniform(0.7, 0.95))


SOFTENED_SLOPES = Task(
    name='softened_slopes',
    points=3,
    solve=softened_slopes,
    cases=several(_scored),
    mistakes=(
        Mistake(
            _naive,
            'both slopes are right, but the loss is infinite where the critic is sure: exp of a '
            'large score is no number; numpy.logaddexp(0, s) is log(1 + exp(s)) for every s',
        ),
        Mistake(
            lambda real, fake, label: _softened(real, fake, 1.0),
            'this is the loss with hard labels: what is real is to be called real with `label` '
            'only',
        ),
        Mistake(
            lambda real, fake, label: _softened(real, fake, label, both=True),
            'the label of what is painted is softened, too: it stays 0',
        ),
        Mistake(
            lambda real, fake, label: _softened(real, fake, label, factor=1),
            'everything is twice too large: the critic pays half of both terms',
        ),
        Mistake(
            lambda real, fake, label: _softened(real, fake, label, summed=True),
            'these are sums over the patches: take the mean of each map',
        ),
        Mistake(
            lambda real, fake, label: _softened(real, fake, label, missed=1),
            'the loss is right; the slope for real scores is not: the part with the label has a '
            'slope, too',
        ),
        Mistake(
            _changed(lambda l, a, b: (l, a * real_size(a), b * real_size(b))),
            'the loss is right; each slope is too large by the number of scores: a score is one '
            'of many in a mean',
        ),
        Mistake(
            _changed(lambda l, a, b: (l, -a, -b)),
            'the loss is right; both slopes have the other sign',
        ),
        Mistake(
            _changed(lambda l, a, b: (l, b, a)),
            'right, but turned round: first the slope for the real scores',
        ),
    ),
)


def real_size(slope: numpy.ndarray) -> int:
    """Return of how many scores a slope is."""
    return slope.size


# --- which pixels a score sees ------------------------------------------------------------------

Rows = Sequence[Tuple[int, int, int]]


def seen_by(rows: Rows, side: int, i: int) -> Tuple[int, int]:
    """Return the first and the last pixel that score i along an axis depends on."""
    return _seen(rows, side, i)


def _seen(
    rows: Rows, side: int, i: int, padded: bool = True, clipped: bool = True, end: int = 0
) -> Tuple[int, int]:
    """Return the pixels seen, with what is often forgotten."""
    first = last = i
    for kernel, stride, before in reversed(rows):
        first = first * stride - padded * before
        last = last * stride - padded * before + kernel - 1
    if clipped:
        first, last = max(first, 0), min(last, side - 1)
    return first, last + end


def _field(rows: Rows) -> Tuple[int, int]:
    """Return receptive field and stride of a stack."""
    field, stride = 1, 1
    for kernel, step, _ in rows:
        field += (kernel - 1) * stride
        stride *= step
    return field, stride


def _centred(rows: Rows, side: int, i: int) -> Tuple[int, int]:
    """Return a field around i times the stride."""
    field, stride = _field(rows)
    return max(i * stride - field // 2, 0), min(i * stride + field // 2, side - 1)


def _stack(rng: Rng) -> Case:
    """Return a stack of convolutions, a picture's side, and the number of one of its scores."""
    while True:
        rows = [
            (int(kernel), int(stride), int(rng.integers(0, kernel)))
            for kernel, stride in zip(rng.integers(2, 6, 4), rng.integers(1, 4, 4))
        ]
        side = scores = int(rng.integers(40, 90))
        for kernel, stride, before in rows:
            scores = (scores + 2 * before - kernel) // stride + 1 if scores > 0 else 0
        if scores >= 3:
            return rows, side, int(rng.choice([0, scores // 2, scores - 1]))


SEEN_BY = Task(
    name='seen_by',
    points=2,
    solve=seen_by,
    cases=several(_stack, 6),
    mistakes=(
        Mistake(
            lambda rows, side, i: _seen(rows, side, i, clipped=False),
            'right inside the picture; but pixels below 0 or from `side` on do not exist',
        ),
        Mistake(
            lambda rows, side, i: _seen(rows, side, i, padded=False),
            'the zeros before the border are left out: with p of them, place 0 begins at -p',
        ),
        Mistake(
            lambda rows, side, i: _seen(rows[::-1], side, i),
            'it goes through the rows from the first to the last: begin at the scores',
        ),
        Mistake(
            lambda rows, side, i: _seen(rows, side, i, end=1),
            'the last pixel is one too far: a kernel of k ends k - 1 behind its beginning',
        ),
        Mistake(
            _centred,
            'this lays the receptive field around i times the stride: where the field begins '
            'depends on the zeros of every row',
        ),
    ),
)

# --- predict first: five weights -----------------------------------------------------------------


def five_weights() -> str:
    """Return the letters of the runs a to e as the exercise lists them."""
    return 'DBEAC'


def _examine_weights(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = five_weights()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if not same_at(got, right, (1, 5)):
        return (
            'begin with the two runs in which one of the terms is missing: who asks for sharp '
            'pictures there, and who asks for the right ones?'
        )
    return (
        'three runs are left, with both terms: which column does the weight of the distance make '
        'smaller, and what does that cost the critic, or spare it?'
    )


FIVE_WEIGHTS = Task(name='five_weights', points=2, solve=five_weights, examine=_examine_weights)

# --- debug: five broken duels -------------------------------------------------------------------


def five_duels() -> List[str]:
    """Return the letters of the faults of duels 1 to 5, and the digits of what mends them."""
    return ['EACDB', '13425']


def _examine_duels(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    got = answer()
    if not isinstance(got, (list, tuple)) or len(got) != 2:
        return f'it must return two strings, faults and mendings, not {describe(got)}'
    right, told = five_duels(), []
    for part, wanted in zip(got, right):
        value, hint = letters_of(part, wanted)
        if hint:
            return hint
        told.append(value)
    faults, mendings = told
    if not same_at(faults, right[0], ALIKE):
        return (
            'begin with the three duels that paint alike; their curves decide: does the critic '
            'learn, and does the painter give in to it, run from it, or not hear of it?'
        )
    if faults != right[0]:
        return (
            'two duels are left, and their pictures decide: do they follow the drawings, and how '
            'far have they come?'
        )
    if mendings != right[1]:
        return 'the faults are right; read again which line belongs to which of them'
    return None


ALIKE = (1, 3, 5)  # the duels whose pictures are

FIVE_DUELS = Task(name='five_duels', points=3, solve=five_duels, examine=_examine_duels)

# --- capstone: both players move ----------------------------------------------------------------

Painter = Tuple[numpy.ndarray, numpy.ndarray]
Critic = Tuple[numpy.ndarray, numpy.ndarray, float]


def both_move(
    X: numpy.ndarray,
    Y: numpy.ndarray,
    painter: Painter,
    critic: Critic,
    lr: float,
    weight: float,
) -> Tuple[Painter, Critic]:
    """Return painter and critic after one step of each, the critic's first."""
    return _moved(X, Y, painter, critic, lr, weight)


def _moved(
    X: numpy.ndarray,
    Y: numpy.ndarray,
    painter: Painter,
    critic: Critic,
    lr: float,
    weight: float,
    fresh: bool = True,
    half: float = 0.5,
    swapped: bool = False,
    flat: bool = False,
    pixels: float = 3,
    tanh: bool = True,
    slope: float = 0.2,
    half_seen: int = 3,
    own: bool = True,
) -> Tuple[Painter, Critic]:
    """Return both after a step, with what often goes wrong."""
    n = X.shape[1]

    def looked(Z: numpy.ndarray, U: Any, v: Any, c: Any) -> Tuple[Any, Any, Any]:
        Q = U @ Z
        H = numpy.where(Q > 0, Q, 0.2 * Q)
        return v @ H + c, H, numpy.where(Q > 0, 1, slope)

    def back(wrong: Any, H: Any, bend: Any, Z: Any, v: Any) -> Tuple[Any, Any, Any]:
        return numpy.outer(v, wrong) * bend @ Z.T, H @ wrong, wrong.sum()

    A, a = painter
    U, v, c = critic
    Y_hat = numpy.tanh(A @ X + a[:, None])
    slopes: List[Any] = []
    for Z, real in ((numpy.vstack([X, Y]), not swapped), (numpy.vstack([X, Y_hat]), swapped)):
        s, H, bend = looked(Z, U, v, c)
        slopes.append(back(half * (_sigmoid(s) - real) / n, H, bend, Z, v))
    new = tuple(old - lr * (d + e) for old, d, e in zip((U, v, c), *slopes))
    U, v, c = new if fresh else (U, v, c)
    s, _, bend = looked(numpy.vstack([X, Y_hat]), U, v, c)
    wrong = (-_sigmoid(s) if flat else _sigmoid(s) - 1) / n
    seen = U.T @ (numpy.outer(v, wrong) * bend)
    slope_Y = seen[half_seen : half_seen + 3] + weight * numpy.sign(Y_hat - Y) / (pixels * n)
    slope_Y = slope_Y * (1 - Y_hat**2 if tanh else 1)
    if not own:
        new = critic
    return (A - lr * slope_Y @ X.T, a - lr * slope_Y.sum(axis=1)), new


def _with(**changed: Any) -> Callable[..., Any]:
    return lambda *asked: _moved(*asked, **changed)


def _up(*asked: Any) -> Tuple[Painter, Critic]:
    X, Y, painter, critic, lr, weight = asked
    return _moved(X, Y, painter, critic, -lr, weight)


def _players(rng: Rng) -> Case:
    """Return a few pixels of a pair, a painter and a critic of a single layer more than none."""
    n, k = sizes(rng, 2, 4, 9)
    X, Y = rng.uniform(-1, 1, (2, 3, n))
    painter = rng.normal(0, 0.6, (3, 3)), rng.normal(0, 0.3, 3)
    critic = rng.normal(0, 0.6, (k, 6)), rng.normal(0, 1, k), float(rng.normal(0, 0.5))
    return X, Y, painter, critic, float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.5, 2))


BOTH_MOVE = Task(
    name='both_move',
    points=4,
    solve=both_move,
    cases=several(_players),
    forbidden=('mxnet.autograd',),
    mistakes=(
        Mistake(
            _with(fresh=False),
            "the critic's step is right; the painter has moved against the critic as it was "
            'before',
        ),
        Mistake(_with(half=1), 'the critic has moved twice as far: half of its loss is missing'),
        Mistake(
            _with(swapped=True),
            'the critic learns the wrong way round: the pairs with Y are the real ones',
        ),
        Mistake(
            _with(flat=True),
            'the critic is right; the painter makes log(1 - p) small: it should make -log p small',
        ),
        Mistake(
            _with(pixels=1),
            "the painter's distance is a mean over pixels and a sum over colours: it is the mean "
            'over both',
        ),
        Mistake(_with(tanh=False), "the slope of the painter's tanh is missing: 1 - tanh^2"),
        Mistake(
            _with(slope=0),
            'below 0 the hidden layer has the slope 0.2, backward as well as forward',
        ),
        Mistake(
            _with(half_seen=0),
            'the painter goes where the critic wants X to go: its picture is the second half of '
            'the pair',
        ),
        Mistake(
            _with(own=False),
            'the painter is right, but the critic comes back as it was: return the new one',
        ),
        Mistake(_up, 'both walk uphill: subtract the slope'),
    ),
)

TASKS = (SOFTENED_SLOPES, SEEN_BY, FIVE_WEIGHTS, FIVE_DUELS, BOTH_MOVE)
