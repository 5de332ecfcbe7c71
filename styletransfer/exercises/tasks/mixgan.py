"""The tasks of chapter 23: our solutions, the data they are tried on, the usual mistakes.

All arrays are NumPy's, in double precision.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

import numpy

from styletransfer.exercises.task import Case, Mistake, Task, copied, describe, plain
from styletransfer.exercises.tasks.data import Rng, several, sizes
from styletransfer.exercises.tasks.letters import letters_of

# --- derive: a decoder that is never trained ----------------------------------------------------


def frozen_decoder(C: numpy.ndarray, X: numpy.ndarray) -> Tuple[float, numpy.ndarray]:
    """Return which share of pictures the best codes miss, and what C would have to do."""
    missed, Z = _missed(C, X)
    return float((missed**2).sum() / (X**2).sum()), -2 * missed @ Z.T


def _missed(C: numpy.ndarray, X: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    Z = numpy.linalg.lstsq(C, X, rcond=None)[0]
    return X - C @ Z, Z


def _wrong_codes(C: numpy.ndarray, X: numpy.ndarray) -> Any:
    Z = C.T @ X
    missed = X - C @ Z
    return float((missed**2).sum() / (X**2).sum()), -2 * missed @ Z.T


def _changed(change: Callable[[float, numpy.ndarray, Any], Any]) -> Callable[..., Any]:
    return lambda C, X: change(*frozen_decoder(C, X), X)


def _decoder(rng: Rng) -> Case:
    k, n, d = sorted(sizes(rng, 3, 2, 9))
    return rng.normal(0, 1, (d, k)), rng.normal(0, 1, (d, n))


FROZEN_DECODER = Task(
    name='frozen_decoder',
    points=3,
    solve=frozen_decoder,
    cases=several(_decoder),
    mistakes=(
        Mistake(
            _wrong_codes,
            'these codes are C^T X: they are the best ones only if the columns of C are '
            'orthonormal',
        ),
        Mistake(
            _changed(lambda share, slope, X: (1 - share, slope)),
            'the slope is right; this is the share that the codes do say: which one is missed?',
        ),
        Mistake(
            _changed(lambda share, slope, X: (share**0.5, slope)),
            'the slope is right; the share is one of sums of squares, without a root',
        ),
        Mistake(
            _changed(lambda share, slope, X: (share * (X**2).sum(), slope)),
            'the slope is right; the first number is a share: divide by the squares of X',
        ),
        Mistake(
            _changed(lambda share, slope, X: (share, slope / (X**2).sum())),
            'the share is right; the slope is to be that of E, not that of the share',
        ),
        Mistake(
            _changed(lambda share, slope, X: (share, slope / 2)),
            'the share is right; the slope of a square has a 2',
        ),
        Mistake(
            _changed(lambda share, slope, X: (share, -slope)),
            'the share is right; the slope has the other sign: C Z is subtracted from X',
        ),
        Mistake(
            _changed(lambda share, slope, X: (share, slope.T)),
            'the share is right; the slope has the shape of C',
        ),
        Mistake(
            _changed(lambda share, slope, X: (slope, share)),
            'the other way round: the share first, then the slope',
        ),
    ),
)

# --- debug: between two codes -------------------------------------------------------------------


def between_codes(z: numpy.ndarray, w: numpy.ndarray, t: float) -> numpy.ndarray:
    """Return the code at t on the way from z to w, along a circle."""
    return _direction(z, w, t) * _length(z, w, t)


def _length(z: numpy.ndarray, w: numpy.ndarray, t: float) -> float:
    return float((1 - t) * numpy.linalg.norm(z) + t * numpy.linalg.norm(w))


def _direction(z: numpy.ndarray, w: numpy.ndarray, t: float) -> numpy.ndarray:
    a, b = z / numpy.linalg.norm(z), w / numpy.linalg.norm(w)
    angle = numpy.arccos(numpy.clip(a @ b, -1, 1))
    if angle < 1e-6:
        return a
    return (numpy.sin((1 - t) * angle) * a + numpy.sin(t * angle) * b) / numpy.sin(angle)


def _line(z: numpy.ndarray, w: numpy.ndarray, t: float) -> numpy.ndarray:
    return (1 - t) * z + t * w


def _stretched(z: numpy.ndarray, w: numpy.ndarray, t: float) -> numpy.ndarray:
    a = _line(z / numpy.linalg.norm(z), w / numpy.linalg.norm(w), t)
    return a / numpy.linalg.norm(a) * _length(z, w, t)


def _weighted(z: numpy.ndarray, w: numpy.ndarray, t: float) -> numpy.ndarray:
    a, b = z / numpy.linalg.norm(z), w / numpy.linalg.norm(w)
    angle = numpy.arccos(numpy.clip(a @ b, -1, 1))
    if angle < 1e-6:
        return _line(z, w, t)
    return (numpy.sin((1 - t) * angle) * z + numpy.sin(t * angle) * w) / numpy.sin(angle)


def _codes(rng: Rng) -> list:
    cases = []
    for k in range(4):
        z, w = rng.normal(0, 1, (2, int(rng.integers(5, 12))))
        w = w * rng.uniform(1.6, 2.4) * numpy.sign(z @ w)
        cases.append((z, 1.7 * z if k == 2 else w, float(rng.uniform(0.2, 0.4))))
    return cases


BETWEEN_CODES = Task(
    name='between_codes',
    points=2,
    solve=between_codes,
    cases=_codes,
    mistakes=(
        Mistake(_line, 'this is the straight line: its middle is shorter than both ends'),
        Mistake(
            _direction,
            'the directions are right; the length is to go from that of z to that of w, evenly',
        ),
        Mistake(
            _stretched,
            'the lengths are right, the directions are those of the line: equal steps of t are to '
            'be equal angles',
        ),
        Mistake(
            _weighted,
            'the weights are right, but they belong to the directions: make z and w of length 1 '
            'first, and see to the length in the end',
        ),
        Mistake(
            lambda z, w, t: between_codes(z, w, 1 - t),
            'right, but from w to z: at t = 0 it is to be z',
        ),
    ),
)

# --- predict first: which run is which ----------------------------------------------------------


def five_mixers() -> str:
    """Return the letters of the runs a to e as the exercise lists them."""
    return 'DCEAB'


def _examine_mixers(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = five_mixers()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if (got[1], got[4]) != (right[1], right[4]):
        return (
            'begin with what the codes say: one decoder says nothing at all, and one has too '
            'little room'
        )
    if got[3] != right[3]:
        return 'look at the colours: who has hardly been told what the style is?'
    return (
        'two runs are left: one critic knows only colours and textures, the other asks for shapes '
        'as well'
    )


FIVE_MIXERS = Task(name='five_mixers', points=2, solve=five_mixers, examine=_examine_mixers)

# --- capstone: a mixture without networks -------------------------------------------------------

CLOSE = 1.01  # times the smallest error of content that passes


def mixture(
    content: numpy.ndarray, style: numpy.ndarray, k: int
) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Return codes (n, k) and pictures (n, d, 3) of content (n, d) in colours of style (m, 3)."""
    codes, said = _coded(content, k)
    return codes, _coloured(said, style)


def _coded(content: numpy.ndarray, k: int) -> Tuple[numpy.ndarray, numpy.ndarray]:
    mean, n = content.mean(axis=0), len(content)
    U, s, V = numpy.linalg.svd(content - mean, full_matrices=False)
    codes = U[:, :k] * n**0.5
    return codes, mean + (U[:, :k] * s[:k]) @ V[:k]


def _coloured(said: numpy.ndarray, style: numpy.ndarray) -> numpy.ndarray:
    levels = (_ranks(said) + 0.5) / said.size
    return numpy.stack([numpy.quantile(c, levels) for c in style.T], axis=-1).reshape(
        *said.shape, 3
    )


def _ranks(values: numpy.ndarray) -> numpy.ndarray:
    return values.ravel().argsort(kind='stable').argsort(kind='stable')


def _shapes(rng: Rng) -> Case:
    n, k, d = int(rng.integers(30, 40)), int(rng.integers(2, 5)), int(rng.integers(40, 60))
    content = rng.normal(0, 1, (n, k + 3)) * numpy.linspace(3, 0.5, k + 3)
    content = numpy.tanh(content @ rng.normal(0, 0.4, (k + 3, d)) + rng.normal(0, 0.5, d))
    style = rng.beta(rng.uniform(0.5, 3, 3), rng.uniform(0.5, 3, 3), (200, 3))
    return content, style, k


def _examine_mixture(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    for _ in range(2):
        case = _shapes(rng)
        given = copied(case)
        got = plain(answer(*given))
        if not all(map(numpy.array_equal, given, case)):
            return 'it spoils what it is given: work on a copy'
        hint = _what_is_wrong(got, *case)
        if hint:
            return hint
    return None


def _what_is_wrong(
    got: Any, content: numpy.ndarray, style: numpy.ndarray, k: int
) -> Optional[str]:
    n = len(content)
    wanted = (n, k), (*content.shape, 3)
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return f'it must return codes and pictures, not {describe(got)}'
    for array, shape in zip(got, wanted):
        if not isinstance(array, numpy.ndarray) or array.shape != shape:
            return f'it must return an array of shape {shape} there, not {describe(array)}'
        if not numpy.isfinite(array).all():
            return 'some numbers are not finite'
    codes, pictures = got
    A = numpy.column_stack([codes, numpy.ones(n)])
    said = A @ numpy.linalg.lstsq(A, content, rcond=None)[0]
    best = numpy.square(_coded(content, k)[1] - content).sum()
    times = numpy.square(said - content).sum() / best
    if times > CLOSE:
        return (
            f'the best decoder of these codes misses {times:.3g} times as much as it need: at '
            f'most {CLOSE} is right; which k directions say most of the content?'
        )
    if abs(codes.mean(axis=0)).max() > 0.01:
        return 'the codes say enough, but their mean is not 0: the prior is N(0, 1)'
    if abs(codes.T @ codes / n - numpy.eye(k)).max() > 0.05:
        return (
            'the codes say enough, but they are no draws of N(0, 1): the variance of each number '
            'over the pictures is to be 1, and no two are to go together'
        )
    for channel in range(3):
        shown = pictures[..., channel].ravel()
        levels = (numpy.arange(shown.size) + 0.5) / shown.size
        wanted_values = numpy.quantile(style[:, channel], levels)
        if abs(numpy.sort(shown) - wanted_values).mean() > 0.02:
            return (
                'the codes are right; the colours are not those of the style: sort the values of '
                'a channel, of all pictures together, and compare with the sorted ones of the '
                'style'
            )
        # neighbours in rank may change places: the decoder is found anew here
        if numpy.corrcoef(_ranks(shown), _ranks(said))[0, 1] < 0.99:
            return (
                'codes and colours are right, but the content is lost: in each channel the '
                'lighter pixel is to be the one that the code says is lighter'
            )
    return None


MIXTURE = Task(name='mixture', points=4, solve=mixture, examine=_examine_mixture)

TASKS = (FROZEN_DECODER, BETWEEN_CODES, FIVE_MIXERS, MIXTURE)
