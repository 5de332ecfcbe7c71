"""The tasks of chapter 22: our solutions, the data they are tried on, the usual mistakes.

All numbers are NumPy's, in double precision; painters are matrices, or a factor and a shift.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy

from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Rng, several, sizes
from styletransfer.exercises.tasks.letters import letters_of

# --- derive: the slopes of a cycle --------------------------------------------------------------

Slopes = Tuple[numpy.ndarray, numpy.ndarray]


def cycle_slopes(there: numpy.ndarray, back: numpy.ndarray, X: numpy.ndarray) -> Slopes:
    """Return the slopes of the cycle loss with respect to two painters that are matrices."""
    return _slopes(there, back, X)


def _slopes(
    there: numpy.ndarray,
    back: numpy.ndarray,
    X: numpy.ndarray,
    sign: Callable[[Any], Any] = numpy.sign,
    mean: bool = True,
) -> Slopes:
    painted = there @ X
    wrong = sign(back @ painted - X) / (X.size if mean else 1)
    return back.T @ wrong @ X.T, wrong @ painted.T


def _cycle_case(rng: Rng) -> Case:
    a, b, n = sizes(rng, 3, 2, 7)
    return rng.normal(0, 1, (b, a)), rng.normal(0, 1, (a, b)), rng.normal(0, 1, (a, n))


def _changed(change: Callable[[Slopes], Any]) -> Callable[..., Any]:
    return lambda there, back, X: change(cycle_slopes(there, back, X))


CYCLE_SLOPES = Task(
    name='cycle_slopes',
    points=3,
    solve=cycle_slopes,
    cases=several(_cycle_case),
    mistakes=(
        Mistake(
            lambda G, F, X: _slopes(G, F, X, lambda e: 2 * e),
            'this is the slope of the mean square: that of an absolute value is a sign',
        ),
        Mistake(
            lambda G, F, X: _slopes(G, F, X, mean=False),
            'this is the slope of a sum: the loss is a mean over all entries of X',
        ),
        Mistake(
            _changed(lambda both: (numpy.zeros_like(both[0]), both[1])),
            'the slope of `there` is not 0: the loss depends on it through what it painted',
        ),
        Mistake(
            _changed(lambda both: (-both[0], -both[1])),
            'the sign is turned round: the loss grows with back there X where that is above X',
        ),
        Mistake(
            _changed(lambda both: both[::-1]),
            'both are right, but in the other order: first of `there`, then of `back`',
        ),
        Mistake(
            _changed(lambda both: (both[0].T, both[1].T)),
            'these are transposed: a slope has the shape of what it belongs to',
        ),
    ),
)


# --- debug: a pool that does not forget rightly --------------------------------------------------

Draws = Sequence[Tuple[float, int]]


def shown_from_pool(size: int, draws: Draws) -> List[int]:
    """Return the numbers of the pictures that a critic is shown, step by step."""
    return _pooled(size, draws)


def _pooled(
    size: int,
    draws: Draws,
    filling: bool = True,
    replace: bool = True,
    turned: bool = False,
    grows: bool = False,
) -> List[int]:
    kept: List[int] = []
    shown = []
    for k, (chance, place) in enumerate(draws):
        if len(kept) < size:
            kept.append(k)
            shown.append(k if filling else kept[place % len(kept)])
            continue
        old = (chance < 0.5) != turned
        shown.append(kept[place] if old else k)
        if replace if old else grows:
            kept[place] = k
    return shown


def _draws(rng: Rng) -> Case:
    size = int(rng.integers(3, 7))
    count = int(rng.integers(50, 70))
    return size, [
        (float(c), int(p)) for c, p in zip(rng.random(count), rng.integers(size, size=count))
    ]


SHOWN_FROM_POOL = Task(
    name='shown_from_pool',
    points=2,
    solve=shown_from_pool,
    cases=several(_draws, 4),
    mistakes=(
        Mistake(
            lambda size, draws: _pooled(size, draws, filling=False, replace=False, grows=True),
            'this is the broken function still: write down by hand what a pool of 2 shows in six '
            'steps',
        ),
        Mistake(
            lambda size, draws: _pooled(size, draws, filling=False),
            'while the pool is filled the new picture is shown, not one of those that are kept',
        ),
        Mistake(
            lambda size, draws: _pooled(size, draws, replace=False, grows=True),
            'a picture goes into the pool when an old one is shown, not when it is shown itself',
        ),
        Mistake(
            lambda size, draws: _pooled(size, draws, grows=True),
            'a picture that is shown at once must not go into the pool as well',
        ),
        Mistake(
            lambda size, draws: _pooled(size, draws, replace=False),
            'what is kept never changes: whoever is shown from the pool gives up the place',
        ),
        Mistake(
            lambda size, draws: _pooled(size, draws, turned=True),
            'below one half an old picture is shown, else the new one: here it is the other way',
        ),
        Mistake(
            lambda size, draws: list(range(len(draws))),
            'these are the new pictures: there is no memory in it',
        ),
    ),
)

# --- predict first: which run is which ----------------------------------------------------------


def six_painters() -> str:
    """Return the letters of the runs a to f as the exercise lists them."""
    return 'BDFAEC'


def _examine_painters(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = six_painters()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if {got[1], got[3]} != {right[1], right[3]}:
        return (
            'begin with the painting after `there`: two runs were never told that it ought to '
            'stay as it is'
        )
    if got[1:4] != right[1:4]:
        return 'two runs were never asked to come back: in which rows is the return worst?'
    return (
        'three runs are left: of one the critic has hardly begun either; of the other two one '
        'does not listen to its critic'
    )


SIX_PAINTERS = Task(name='six_painters', points=2, solve=six_painters, examine=_examine_painters)

# --- capstone: four players on a line ------------------------------------------------------------

Numbers = numpy.ndarray  # a factor and a shift


def line_duel(
    start: Sequence[Numbers], A: Numbers, B: Numbers, steps: int, lr: float
) -> List[Numbers]:
    """Return there, back and the critics of A and B after some steps."""
    return _duel(start, A, B, steps, lr)


def _duel(
    start: Sequence[Numbers],
    A: Numbers,
    B: Numbers,
    steps: int,
    lr: float,
    cycle: float = 10,
    identity: float = 5,
    half: float = 0.5,
    fresh: bool = False,
    order: bool = True,
    one_way: bool = False,
    swapped: bool = False,
    kept: bool = True,
    mean: Callable[[Any], Any] = numpy.mean,
) -> List[Numbers]:
    """Return the players; the options are other ways, most of them wrong."""
    G, F, D_A, D_B = (numpy.array(numbers, float) for numbers in start)

    def slope(outer: Any, X: Numbers) -> Numbers:  # of a player whose results are f[0] X + f[1]
        return numpy.array([mean(outer * X), mean(outer)])

    moves = ('painters', 'critics') if order else ('critics', 'painters')
    for _ in range(steps):
        B_hat, A_hat = G[0] * A + G[1], F[0] * B + F[1]
        for mover in moves:
            if mover == 'painters':
                D_for_B, D_for_A = (D_A, D_B) if swapped else (D_B, D_A)
                to_B = 2 * (D_for_B[0] * B_hat + D_for_B[1] - 1) * D_for_B[0]
                to_A = 2 * (D_for_A[0] * A_hat + D_for_A[1] - 1) * D_for_A[0]
                round_A = numpy.sign(F[0] * B_hat + F[1] - A) * cycle
                round_B = numpy.sign(G[0] * A_hat + G[1] - B) * cycle * (not one_way)
                same_B = numpy.sign(G[0] * B + G[1] - B) * identity
                same_A = numpy.sign(F[0] * A + F[1] - A) * identity
                to_B, to_A = to_B + round_A * F[0] * kept, to_A + round_B * G[0] * kept
                dG = slope(to_B, A) + slope(round_B, A_hat) + slope(same_B, B)
                dF = slope(to_A, B) + slope(round_A, B_hat) + slope(same_A, A)
                G, F = G - lr * dG, F - lr * dF
            else:
                if fresh:
                    B_hat, A_hat = G[0] * A + G[1], F[0] * B + F[1]
                for D, real, fake in ((D_A, A, A_hat), (D_B, B, B_hat)):
                    wrong = slope(2 * (D[0] * real + D[1] - 1), real)
                    D -= lr * half * (wrong + slope(2 * (D[0] * fake + D[1]), fake))
    return [G, F, D_A, D_B]


def _line_case(rng: Rng) -> Case:
    n, m = sizes(rng, 2, 7, 12)
    A = rng.normal(rng.uniform(-1, 1), rng.uniform(0.5, 1), n)
    B = rng.normal(rng.uniform(-1, 1), rng.uniform(0.5, 1), m)
    start = [numpy.array([1, 0]) + rng.normal(0, 0.4, 2) for _ in range(2)]
    start += [rng.normal(0, 0.7, 2) for _ in range(2)]
    return start, A, B, int(rng.integers(5, 9)), float(rng.uniform(0.01, 0.02))


def _other(**options: Any) -> Callable[..., Any]:
    return lambda *case: _duel(*case, **options)


LINE_DUEL = Task(
    name='line_duel',
    points=4,
    solve=line_duel,
    cases=several(_line_case),
    mistakes=(
        Mistake(_other(half=1), 'the loss of the critics is halved'),
        Mistake(
            _other(fresh=True),
            'the critics see what was painted with the painters as they are now: they are to '
            'see what the painters were judged by',
        ),
        Mistake(_other(order=False), 'the critics move first: painters do, then critics'),
        Mistake(
            _other(one_way=True),
            'one half of the cycle is missing: there and back of A, and back and there of B',
        ),
        Mistake(_other(cycle=0), 'the cycle loss is missing'),
        Mistake(_other(identity=0), 'the identity loss is missing'),
        Mistake(
            _other(cycle=1, identity=1),
            'the weights are missing: 10 for the cycle, 5 for identity',
        ),
        Mistake(
            _other(swapped=True),
            'the wrong critic judges: what `there` paints is to look like B',
        ),
        Mistake(
            _other(kept=False),
            'in the cycle only the second painter learns: the slope goes on into the first one',
        ),
        Mistake(_other(mean=numpy.sum), 'these are sums over the numbers of A and B: take means'),
        Mistake(
            lambda start, A, B, steps, lr: _duel(start, A, B, 1, lr),
            'this is one step: take `steps` of them',
        ),
    ),
)

TASKS = (CYCLE_SLOPES, SHOWN_FROM_POOL, SIX_PAINTERS, LINE_DUEL)
