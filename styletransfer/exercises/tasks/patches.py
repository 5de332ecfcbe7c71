"""The tasks of chapter 5: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy
from mxnet import np

from styletransfer.errors import InputError
from styletransfer.exercises.task import Case, Mistake, Task, plain
from styletransfer.exercises.tasks.data import Rng, array, several, sizes

# --- who is chosen ------------------------------------------------------------------------------


def votes(P: np.ndarray, Q: np.ndarray) -> numpy.ndarray:
    """Return how many of the patches P, (n, c, 3, 3), choose each of Q, (m, c, 3, 3): (m,)."""
    return _counted(*_rows(P, Q))


def _rows(P: np.ndarray, Q: np.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    some, others = (X.asnumpy().astype('float64').reshape(len(X), -1) for X in (P, Q))
    return some, others


def _counted(
    p: numpy.ndarray,
    q: numpy.ndarray,
    power: float = 0.5,
    score: Callable[[numpy.ndarray, numpy.ndarray], numpy.ndarray] = lambda p, q: p @ q.T,
    axis: int = 1,
) -> numpy.ndarray:
    """Count the choices by the largest score over a power of the square of q."""
    chosen = (score(p, q) / (q**2).sum(axis=1) ** power).argmax(axis=axis)
    return numpy.bincount(chosen, minlength=len(q if axis else p))


def _chosen_by_distance(p: numpy.ndarray, q: numpy.ndarray) -> numpy.ndarray:
    return -((p[:, None] - q[None]) ** 2).sum(axis=2)


def _some_patches(rng: Rng) -> Case:
    m, n = sizes(rng, 2, 5, 9)
    c = int(rng.integers(2, 4))
    shown = rng.uniform(0, 1, (m, c, 3, 3)) ** 3
    loud = rng.uniform(0.3, 3, (m, 1, 1, 1))  # some patches of a painting are louder than others
    P = shown[rng.integers(0, m, 4 * n)] + rng.uniform(0, 0.6, (4 * n, c, 3, 3))
    return array(P * rng.uniform(0.3, 3, (4 * n, 1, 1, 1))), array(loud * shown)


VOTES = Task(
    name='votes',
    points=2,
    solve=votes,
    cases=several(_some_patches),
    mistakes=(
        Mistake(
            lambda P, Q: _counted(*_rows(P, Q), power=1),
            'each score is divided by the square of the length of q: a length is a root',
        ),
        Mistake(
            lambda P, Q: _counted(*_rows(P, Q), power=0),
            'these are the plain products, so the loudest patches of the painting win: divide by '
            'the length of q',
        ),
        Mistake(
            lambda P, Q: _counted(*_rows(P, Q), axis=0),
            'here each patch of the painting chooses one of the picture: look for the best along '
            'the other axis',
        ),
        Mistake(
            lambda P, Q: _counted(*_rows(P, Q)[::-1]),
            'P and Q have changed places: those of P choose, those of Q are counted',
        ),
        Mistake(
            lambda P, Q: _counted(*_rows(P, Q), power=0, score=_chosen_by_distance),
            'this takes the q at the smallest distance: the match is by normalised correlation',
        ),
        Mistake(
            lambda P, Q: _counted(*_rows(P.mean(axis=(2, 3)), Q.mean(axis=(2, 3)))),
            'the means of the patches are compared: what stands where in a patch must count',
        ),
        Mistake(
            lambda P, Q: votes(P, Q) / len(P),
            'these are shares: return how many',
        ),
        Mistake(
            lambda P, Q: votes(P, Q) > 0,
            'this says which are chosen at all: return how often',
        ),
    ),
)

# --- what is wrong with a run -------------------------------------------------------------------

VERDICTS = 'matched once', 'stalled', 'repeats', 'sound'


def diagnose(losses: Sequence[float], matches: np.ndarray) -> str:
    """Return what is wrong with a run, by its losses and matches (epochs, n)."""
    return _diagnosed(losses, matches)


def _once(losses: Sequence[float], matches: np.ndarray) -> bool:
    return bool((matches.asnumpy() == matches.asnumpy()[0]).all())


def _stalled(losses: Sequence[float], matches: np.ndarray, of: float = 0.0) -> bool:
    middle = losses[len(losses) // 2]
    return middle - losses[-1] < 0.01 * (of or losses[0] - losses[-1])


def _repeats(losses: Sequence[float], matches: np.ndarray, least: float = 0.5) -> bool:
    _, times = numpy.unique(matches.asnumpy()[-1], return_counts=True)
    return bool(times.max() > least * matches.shape[1])


def _diagnosed(
    losses: Sequence[float],
    matches: np.ndarray,
    tests: Sequence[Callable[..., bool]] = (_once, _stalled, _repeats),
    verdicts: Sequence[str] = VERDICTS,
) -> str:
    for test, verdict in zip(tests, verdicts):
        if test(losses, matches):
            return verdict
    return verdicts[-1]


def _runs(rng: Rng) -> List[Case]:
    """Return runs of every kind, and such as look like another kind at first sight."""
    found: List[Case] = []
    for kind in rng.permutation(
        ['once', 'once, stalled', 'stalled', 'slow', 'repeats', 'half', 'early', 'sound', 'small']
    ):
        epochs, n, bank = int(rng.integers(20, 40)), 2 * int(rng.integers(15, 25)), 60
        ways = 1 - numpy.arange(epochs) / (epochs - 1)
        if 'stalled' in kind:
            ways = numpy.where(ways > 0.6, (ways - 0.6) / 0.4, 0) + 1e-4 * ways
        scale = 0.004 if kind == 'small' else rng.uniform(0.5, 3)
        if kind in ('slow', 'stalled'):  # of a loss that hardly falls at all, or a large one
            losses = rng.uniform(5, 9) + (0.02 if kind == 'slow' else 1.0) * ways
        else:
            losses = scale * (0.2 + ways)
        matches = rng.integers(0, bank, (epochs, n))
        if 'once' in kind:
            matches[:] = matches[0]
        if kind == 'repeats':
            matches[-1, : n // 2 + 3] = 7
        if kind == 'half':  # not more than half of them
            matches[-1] = numpy.arange(n) % bank
            matches[-1, : n // 2 - 1] = 100
        if kind == 'early':  # at first only
            matches[: epochs // 3] = 9
        if kind not in ('half', 'repeats'):
            matches[-1] = rng.permutation(n) if 'once' not in kind else matches[-1]
        case = [float(loss) for loss in losses], np.array(matches, dtype='int32')
        found.append(case)
    return found


def _a_verdict(value: Any) -> str:
    if value not in VERDICTS:
        raise InputError(f'it must return one of {", ".join(map(repr, VERDICTS))}')
    return str(value)


DIAGNOSE = Task(
    name='diagnose',
    points=2,
    solve=diagnose,
    cases=_runs,
    view=_a_verdict,
    mistakes=(
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_stalled, _once, _repeats), (*VERDICTS[1::-1], *VERDICTS[2:])
            ),
            'a run with two faults: the first that fits, in the order of the table, is the answer',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses,
                matches,
                (_once, lambda losses, M: _stalled(losses, M, of=losses[0]), _repeats),
            ),
            'measure the fall of the second half against the whole fall, not against the loss: '
            'a large part of a loss may be one that no picture can avoid',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_once, lambda losses, M: _stalled(losses, M, of=1.0), _repeats)
            ),
            'a hundredth as such is nothing: weights scale the losses, so measure against the '
            'whole fall',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_once, _stalled, lambda losses, M: _repeats(losses, M[:1]))
            ),
            'look at the matches of the last epoch: at first, many places may have one patch',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_once, _stalled, lambda losses, M: _repeats(losses, M, 0.25))
            ),
            'a patch that stands at fewer than half of the places is no fault yet',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_stalled, _repeats), (*VERDICTS[1:],)
            ),
            'are the matches ever renewed? Compare those of all epochs',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_once, _repeats), (VERDICTS[0], *VERDICTS[2:])
            ),
            'does the loss still fall in the second half? Nobody has looked',
        ),
        Mistake(
            lambda losses, matches: _diagnosed(
                losses, matches, (_once, _stalled), (*VERDICTS[:2], VERDICTS[3])
            ),
            'how often does the most frequent patch stand in the picture? Nobody has counted',
        ),
    ),
)

# --- a gradient by hand -------------------------------------------------------------------------


def patch_gradient(Y_hat: np.ndarray, Q: np.ndarray, stride: int) -> numpy.ndarray:
    """Return the gradient of the mean over all numbers of all patches, (c, h, w)."""
    times, total = _laid(Y_hat, Q, stride)
    return 2 / Q.size * (times * plain(Y_hat) - total)


def _laid(Y_hat: np.ndarray, Q: np.ndarray, stride: int) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Return how many patches have each number, and the sum of what they want there."""
    times, total = (numpy.zeros(Y_hat.shape) for _ in range(2))
    for i, row in enumerate(Q.asnumpy()):
        for j, q in enumerate(row):
            here = numpy.s_[:, i * stride : i * stride + 3, j * stride : j * stride + 3]
            times[here] += 1
            total[here] += q
    return times, total


def _with(change: Callable[..., Any]) -> Callable[..., Any]:
    """Return a wrong gradient: of Y, the number of patches, their sum, and how many numbers."""

    def gradient(Y_hat: np.ndarray, Q: np.ndarray, stride: int) -> Any:
        return change(plain(Y_hat), *_laid(Y_hat, Q, stride), Q.size)

    return gradient


def _matched(rng: Rng) -> Case:
    stride = int(rng.integers(1, 3))
    rows, columns, c = sizes(rng, 3, 2, 5)
    h, w = (stride * (count - 1) + 3 for count in (rows, columns))
    Y_hat, Q = rng.normal(1, 1, (c, h, w)), rng.normal(1, 1, (rows, columns, c, 3, 3))
    return array(Y_hat), array(Q), stride


PATCH_GRADIENT = Task(
    name='patch_gradient',
    points=3,
    solve=patch_gradient,
    cases=lambda rng: [_matched(rng) for _ in range(4)],
    forbidden=('mxnet.autograd', 'styletransfer.mrf'),
    mistakes=(
        Mistake(
            _with(lambda Y, times, total, size: 2 / size * (Y - total / times)),
            "the chapter's loss shares each number among its patches, this one does not: a number "
            'that several patches have is pulled by each of them',
        ),
        Mistake(
            _with(lambda Y, times, total, size: 2 / size * (Y - total)),
            'each patch that has a number takes its own part of it away: how often does Y occur?',
        ),
        Mistake(
            _with(lambda Y, times, total, size: 1 / size * (times * Y - total)),
            'the derivative of a square has a factor 2',
        ),
        Mistake(
            _with(lambda Y, times, total, size: 2 * (times * Y - total)),
            'the loss is a mean: divide by how many numbers all patches have together',
        ),
        Mistake(
            _with(lambda Y, times, total, size: 2 / Y.size * (times * Y - total)),
            'the mean is over the numbers of all patches, and a position may be in several',
        ),
        Mistake(
            _with(lambda Y, times, total, size: 2 / size * (total - times * Y)),
            'this points to the match: the gradient points where the loss grows',
        ),
        Mistake(
            lambda Y_hat, Q, stride: 2 / Q.size * _last_only(plain(Y_hat), Q.asnumpy(), stride),
            'where patches overlap only the last of them counts: add them up',
        ),
    ),
)


def _last_only(Y: numpy.ndarray, Q: numpy.ndarray, stride: int) -> numpy.ndarray:
    slope = numpy.zeros_like(Y)
    for i, row in enumerate(Q):
        for j, q in enumerate(row):
            here = numpy.s_[:, i * stride : i * stride + 3, j * stride : j * stride + 3]
            slope[here] = Y[here] - q
    return slope


# --- what is where ------------------------------------------------------------------------------


def _fixed(
    answer: Callable[..., Any], right: Sequence[Any], kind: str, hints: Sequence[str]
) -> Optional[str]:
    """Return the hint of the first entry of a fixed answer that is wrong."""
    value = plain(answer())
    if value is None:
        return 'it returned nothing (None): is the return missing?'
    if not isinstance(value, (tuple, list)) or len(value) != len(right):
        return f'it must return {len(right)} things, {kind}'
    wrong = (hint for v, r, hint in zip(value, right, hints) if str(v).upper() != str(r))
    return next(wrong, None)


MAPS = 'D', 'B', 'A', 'C', 19, 2, 5


def read_maps() -> Tuple[Any, ...]:
    """Return four letters, the number of columns, and the row and column where map D begins."""
    return MAPS


def _examine_maps(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    return _fixed(
        answer,
        MAPS,
        'four letters and three numbers',
        (
            'look for the map whose numbers go on by one from place to place everywhere, and with '
            'the same step from row to row',
            'in pieces the numbers go on by one inside a piece and jump at its border: look for '
            'the jumps',
            'a patch that is taken again and again is one number again and again',
            'where nothing is next to what was next to it, no number follows from its neighbour',
            'one place to the right is one column of the painting further; one place down is a '
            'whole row of its patches further: how much do the numbers grow there?',
            'patches are numbered row by row from 0: how many whole rows come before this number?',
            'what is left of the number when its whole rows are taken away?',
        ),
    )


READ_MAPS = Task(name='read_maps', points=2, solve=read_maps, examine=_examine_maps)

RUNS = 'C', 'E', 'A', 'F', 'B', 'D'


def which_run() -> Tuple[str, ...]:
    """Return the letters of the runs, in the order of the settings."""
    return RUNS


def _examine_runs(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    return _fixed(
        answer,
        RUNS,
        'six letters',
        (
            'who is hardly asked for patches keeps the photograph: which two columns say so?',
            'who is asked for patches alone does not mind the photograph: which column says so?',
            'each number of rotations and sizes r and s makes (2r + 1)(2s + 1) paintings: one '
            'column tells them apart at once',
            'each number of rotations and sizes r and s makes (2r + 1)(2s + 1) paintings: one '
            'column tells them apart at once',
            'a larger stride leaves patches out on both sides: it changes two columns',
            'what is left is the recipe as it is: do its numbers lie between the others?',
        ),
    )


WHICH_RUN = Task(name='which_run', points=2, solve=which_run, examine=_examine_runs)

# --- all of it ----------------------------------------------------------------------------------


def repaint(Y_hat: np.ndarray, Y: np.ndarray, alpha: float) -> numpy.ndarray:
    """Return an output made of patches of Y that is near Y_hat, all of shape (c, h, w)."""
    return _repainted(*case_of((Y_hat, Y, alpha)))


def _all(Y: numpy.ndarray) -> numpy.ndarray:
    """Return the patches at every position, (m, 9 c)."""
    windows = numpy.lib.stride_tricks.sliding_window_view(Y, (len(Y), 3, 3))
    return windows.reshape(-1, 9 * len(Y))


def _best(X: numpy.ndarray, Y: numpy.ndarray) -> numpy.ndarray:
    q = _all(Y)
    return q[(_all(X) @ (q / numpy.linalg.norm(q, axis=1, keepdims=True)).T).argmax(axis=1)]


def _mean_of(Q: numpy.ndarray, shape: Tuple[int, ...]) -> numpy.ndarray:
    """Return the mean, at each position, of what the patches there say."""
    _, h, w = shape
    parts = Q.reshape(h - 2, w - 2, -1, 3, 3).transpose(2, 0, 1, 3, 4)
    total, times = numpy.zeros(shape), numpy.zeros(shape)
    for i, j in numpy.ndindex(3, 3):
        here = numpy.s_[:, i : h - 2 + i, j : w - 2 + j]
        total[here] += parts[..., i, j]
        times[here] += 1
    return total / times


def _energy(X: numpy.ndarray, Y_hat: numpy.ndarray, Y: numpy.ndarray, alpha: float) -> float:
    squares = numpy.square(_all(X) - _best(X, Y))
    return float(_mean_of(squares, X.shape).mean() + alpha * numpy.square(X - Y_hat).mean())


def _repainted(
    Y_hat: numpy.ndarray,
    Y: numpy.ndarray,
    alpha: float,
    rounds: int = 15,
    anew: bool = True,
) -> numpy.ndarray:
    X, Q = Y_hat, _best(Y_hat, Y)
    for _ in range(rounds):
        X = (_mean_of(Q, X.shape) + alpha * Y_hat) / (1 + alpha)
        Q = _best(X, Y) if anew else Q
    return X


def _small_pair(rng: Rng) -> Case:
    """Return two outputs for which it matters that patches are matched anew."""
    while True:
        c, h, w = int(rng.integers(3, 6)), *sizes(rng, 2, 10, 12)
        Y_hat, Y = (
            numpy.maximum(rng.normal(0.3, 1, shape), 0) for shape in ((c, h - 1, w - 2), (c, h, w))
        )
        case = array(Y_hat), array(Y), float(rng.choice([0.3, 0.35, 0.4]))
        once, ours = _reached(case)
        if once > 1.06 * ours:
            return case


def _reached(case: Case) -> Tuple[float, float]:
    """Return the energy of a picture whose patches are matched once, and that of ours."""
    given = case_of(case)
    once, ours = (_energy(_repainted(*given, anew=anew), *given) for anew in (False, True))
    return once, ours


ENOUGH = 0.35  # of the way from patches that are matched once to our own solution


def _judge_repaint(case: Case, got: Any) -> Optional[str]:
    given = case_of(case)
    if got.shape != given[0].shape:
        return f'it must return an array of shape {given[0].shape}, not of shape {got.shape}'
    if not numpy.isfinite(got).all():
        return 'it returned numbers that are not finite'
    once, ours = _reached(case)
    reached, enough = _energy(got, *given), once + ENOUGH * (ours - once)
    if reached <= enough:
        return None
    return f'the energy of the result is {reached:.4f}; at most {enough:.4f} will do'


def _as_array(value: Any) -> numpy.ndarray:
    try:
        return numpy.asarray(plain(value), 'float64')
    except (TypeError, ValueError):
        raise InputError('it must return an array of numbers') from None


def case_of(case: Case) -> Tuple[numpy.ndarray, numpy.ndarray, float]:
    """Return a case of `repaint` in plain NumPy."""
    Y_hat, Y, alpha = case
    return Y_hat.asnumpy().astype('float64'), Y.asnumpy().astype('float64'), alpha


REPAINT = Task(
    name='repaint',
    points=4,
    solve=repaint,
    cases=several(_small_pair),
    judge=_judge_repaint,
    view=_as_array,
    forbidden=('mxnet.autograd', 'styletransfer.mrf'),
    mistakes=(
        Mistake(
            lambda Y_hat, Y, alpha: _repainted(*case_of((Y_hat, Y, alpha)), anew=False),
            'the patches are matched once and never again: match anew in each round',
        ),
        Mistake(
            lambda Y_hat, Y, alpha: _repainted(*case_of((Y_hat, Y, 0.0))),
            'nothing holds this to the photograph: the second term of the energy is missing',
        ),
        Mistake(
            lambda Y_hat, Y, alpha: Y_hat.asnumpy(),
            'this is the output that was given, unchanged',
        ),
        Mistake(
            lambda Y_hat, Y, alpha: _repainted(*case_of((Y_hat, Y, 1 / alpha))),
            'alpha weighs the second term, the way back to the photograph, not the first',
        ),
    ),
)

TASKS = (READ_MAPS, VOTES, PATCH_GRADIENT, WHICH_RUN, DIAGNOSE, REPAINT)
