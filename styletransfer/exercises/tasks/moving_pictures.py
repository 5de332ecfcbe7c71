"""The tasks of chapter 7: our solutions, the data they are tried on, the usual mistakes.

Pictures are NumPy's arrays here, in double precision. A flow is an array (2, h, w), the step down
first, as scikit-image has it, and not as OpenCV and `video.flow` do.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

import numpy
from scipy import ndimage  # type: ignore[import-untyped]

from styletransfer.exercises.task import Case, Mistake, Task, copied, describe, plain
from styletransfer.exercises.tasks.data import Rng, several, sizes
from styletransfer.exercises.tasks.letters import letters_of, same_at

Array = numpy.ndarray

# --- debug: a warp ------------------------------------------------------------------------------

FAULTS = ('axes', 'columns', 'border')  # of the broken function
COLUMNS_HINT = (
    'between two columns it goes wrong where the right one is nearer: the pixel to the left of a '
    'position is found by rounding down'
)
BORDER_HINT = (
    'what comes from outside repeats the border: ask whether a position is outside before you '
    'clip it'
)
FAULT_HINTS = {
    ('axes',): 'right and down are exchanged somewhere: flow[0] is the step down',
    ('columns',): COLUMNS_HINT,
    ('border',): BORDER_HINT,
    FAULTS: (
        'this is the broken function still: try a flow that is the same everywhere, first down '
        'only, then right only'
    ),
}
TWO_LEFT = (
    'two of its faults are left: try a flow that is the same everywhere, first down only, then '
    'right only, by a whole pixel and by three quarters of one'
)


def in_line(img: Array, flow: Array, beyond: float) -> Array:
    """Return a picture (h, w, c) as seen along a flow (2, h, w); what is outside is `beyond`."""
    return _in_line(img, flow, beyond)


def _in_line(
    img: Array,
    flow: Array,
    beyond: float,
    faults: Sequence[str] = (),
    sign: int = 1,
    nearest: bool = False,
) -> Array:
    """Return what `in_line` does, with some of the faults."""
    h, w, _ = img.shape
    down, right = flow[::-1] if 'axes' in faults else flow
    rows, columns = numpy.indices((h, w)).astype('float64')
    y, x = rows + sign * down, columns + sign * right
    outside = (y < 0) | (y > h - 1) | (x < 0) | (x > w - 1)
    y, x = y.clip(0, h - 1), x.clip(0, w - 1)
    if nearest:
        y, x = y.round(), x.round()
    top = numpy.minimum(y.astype(int), h - 2)
    left = numpy.minimum((x.round() if 'columns' in faults else x).astype(int), w - 2)
    a, b = (y - top)[..., None], (x - left)[..., None]
    upper = (1 - b) * img[top, left] + b * img[top, left + 1]
    lower = (1 - b) * img[top + 1, left] + b * img[top + 1, left + 1]
    result = (1 - a) * upper + a * lower
    if 'border' not in faults:
        result[outside] = beyond
    return result


def _warp_mistakes() -> Iterator[Mistake]:
    """Yield the broken function, then what is left of it if some of its faults are mended."""
    for count in (3, 2, 1):
        for faults in combinations(FAULTS, count):
            hint = FAULT_HINTS.get(faults, TWO_LEFT)
            yield Mistake(partial(_in_line, faults=faults), hint)


def _smooth(rng: Rng, shape: Tuple[int, ...], most: float, sigma: float = 2.0) -> Array:
    """Return smooth random numbers (..., h, w) of which the largest is about `most`."""
    noise = rng.normal(0, 1, shape)
    soft = ndimage.gaussian_filter(noise, (0,) * (len(shape) - 2) + (sigma, sigma))
    return most * soft / numpy.abs(soft).max()


def _warp_case(rng: Rng) -> Case:
    h, w = sizes(rng, 2, 8, 13)
    flow = _smooth(rng, (2, h, w), 1.5) + rng.uniform(0.6, 2, (2, 1, 1)) * rng.choice([-1, 1])
    return rng.uniform(0, 1, (h, w, 3)), flow, float(rng.uniform(0.3, 0.7))


IN_LINE = Task(
    name='in_line',
    points=2,
    solve=in_line,
    cases=several(_warp_case),
    mistakes=(
        *_warp_mistakes(),
        Mistake(
            lambda img, flow, beyond: _in_line(img, flow, beyond, sign=-1),
            'the sign is wrong: the picture is looked at at p + w(p), not at p - w(p)',
        ),
        Mistake(
            lambda img, flow, beyond: _in_line(img, flow, beyond, nearest=True),
            'this takes the nearest pixel: between pixels, mix the four around by their distance',
        ),
        Mistake(
            lambda img, flow, beyond: in_line(img, flow, 0.0),
            'what comes from outside is black here: it is to be `beyond`',
        ),
    ),
)

# --- derive: the slopes of the term, for both frames --------------------------------------------


def two_slopes(x: Array, y: Array, c: Array, goes: Array) -> Tuple[Array, Array]:
    """Return the slopes of the term for a frame x and for the one before, y, all (h, w)."""
    row, column = goes
    slope = 2 * c * (x - y[row, column]) / x.size
    other = numpy.zeros_like(y)
    numpy.subtract.at(other, (row, column), slope)
    return slope, other


def _lost(x: Array, y: Array, c: Array, goes: Array) -> Tuple[Array, Array]:
    """Return slopes of which only the last one that arrives at a pixel counts."""
    slope, _ = two_slopes(x, y, c, goes)
    other = numpy.zeros_like(y)
    other[tuple(goes)] -= slope
    return slope, other


def _unmoved(x: Array, y: Array, c: Array, goes: Array) -> Tuple[Array, Array]:
    slope, _ = two_slopes(x, y, c, goes)
    return slope, -slope


def _fetched(x: Array, y: Array, c: Array, goes: Array) -> Tuple[Array, Array]:
    slope, _ = two_slopes(x, y, c, goes)
    return slope, -slope[tuple(goes)]


def _times(one: float, two: float = 1.0) -> Callable[..., Tuple[Array, Array]]:
    def slopes(x: Array, y: Array, c: Array, goes: Array) -> Tuple[Array, Array]:
        first, second = two_slopes(x, y, c, goes)
        return one * first, one * two * second

    return slopes


def _sums(x: Array, y: Array, c: Array, goes: Array) -> Tuple[Array, Array]:
    first, second = two_slopes(x, y, c, goes)
    return x.size * first, x.size * second


def _slopes_case(rng: Rng) -> Case:
    h, w = sizes(rng, 2, 6, 10)
    rows, columns = numpy.indices((h, w))
    row = (rows + rng.integers(-2, 3, (h, w))).clip(0, h - 1)
    column = (columns + rng.integers(-2, 3, (h, w))).clip(0, w - 1)
    x, y = rng.uniform(0, 1, (2, h, w))
    return x, y, rng.uniform(0.1, 1, (h, w)), numpy.stack([row, column])


TWO_SLOPES = Task(
    name='two_slopes',
    points=3,
    solve=two_slopes,
    cases=several(_slopes_case),
    mistakes=(
        Mistake(
            _lost,
            'the slope for x is right; for y, several pixels may look at the same one: with '
            'other[row, column] -= ... only one of them counts',
        ),
        Mistake(
            _unmoved,
            'the slope for x is right; that for y arrives where the flow goes: at goes, not at p',
        ),
        Mistake(
            _fetched,
            'the slope for x is right; for y you fetch from where the flow goes: it must be '
            'brought there',
        ),
        Mistake(_times(1, -1), 'the slope for y has the other sign: y is subtracted'),
        Mistake(_times(0.5), 'both slopes are twice as large: a square is differentiated'),
        Mistake(_times(-1), 'both slopes have the other sign'),
        Mistake(_sums, 'these are the slopes of a sum: the term is a mean over the pixels'),
        Mistake(
            lambda x, y, c, goes: two_slopes(x, y, c**2, goes),
            'c is squared here: it stands outside the square',
        ),
        Mistake(
            lambda x, y, c, goes: two_slopes(x, y, numpy.ones_like(c), goes),
            'c is missing',
        ),
        Mistake(
            lambda *case: two_slopes(*case)[::-1],
            'right, but turned round: the slope for x first, then that for y',
        ),
    ),
)

# --- read a figure: slices of six films ---------------------------------------------------------


def whose_slices() -> str:
    """Return the letters of the slices of films 1 to 6."""
    return 'DBFAEC'


def _examine_slices(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = whose_slices()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if not same_at(got, right, (6,)):
        return 'begin with the cut: what happens to every line of a slice there?'
    if {got[2], got[3]} != {right[2], right[3]}:
        return (
            'next the two without a memory: in which slices has a column nothing to do with its '
            'neighbour?'
        )
    if not same_at(got, right, (3, 4)):
        return (
            'two films have no memory: in one of them, is there an edge of the scene that climbs '
            'or falls from column to column?'
        )
    return (
        'three films have a memory: what becomes of a stroke, over time, if the camera stands, if '
        'it is carried along with the scene, and if it stays while the scene moves on?'
    )


WHOSE_SLICES = Task(name='whose_slices', points=2, solve=whose_slices, examine=_examine_slices)

# --- predict first: six films -------------------------------------------------------------------


def six_films() -> str:
    """Return the letters of the films a to f as the exercise lists them."""
    return 'CAFBED'


def _examine_films(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = six_films()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if not same_at(got, right, (1,)):
        return 'begin with the film without a memory: which number gives it away?'
    if not same_at(got, right, (2, 3, 4)):
        return (
            'four films differ in the weight alone: which column does a larger weight make '
            'smaller, and at the expense of which?'
        )
    return (
        'two films are left, of the same weight: one believes what cannot be known. Where does it '
        'do worse than the other, and in which column is that told?'
    )


SIX_FILMS = Task(name='six_films', points=2, solve=six_films, examine=_examine_films)

# --- capstone: steady a film that was painted frame by frame -------------------------------------

CLOSE = 1.01  # times the smallest loss that passes


def warp_matrix(flow: Array) -> Tuple[Array, Array]:
    """Return the matrix (hw, hw) that moves a picture along a flow, and where it is inside."""
    _, h, w = flow.shape
    numbers = numpy.arange(h * w).reshape(h, w)
    rows, columns = numpy.indices((h, w))
    y, x = rows + flow[0], columns + flow[1]
    inside = (y >= 0) & (y <= h - 1) & (x >= 0) & (x <= w - 1)
    y, x = y.clip(0, h - 1), x.clip(0, w - 1)
    top, left = numpy.minimum(y.astype(int), h - 2), numpy.minimum(x.astype(int), w - 2)
    matrix = numpy.zeros((h * w, h * w))
    for down in (0, 1):
        for right in (0, 1):
            share = numpy.abs(1 - down - (y - top)) * numpy.abs(1 - right - (x - left))
            matrix[numbers.ravel(), numbers[top + down, left + right].ravel()] += share.ravel()
    return matrix, inside


def trusted(flow: Array, back: Array) -> Array:
    """Return where a flow stays inside and returns: (h, w), bool."""
    matrix, inside = warp_matrix(flow)
    returned = (matrix @ back.reshape(2, -1).T).T.reshape(back.shape)
    length = (flow**2).sum(axis=0) + (returned**2).sum(axis=0)
    return inside & (((flow + returned) ** 2).sum(axis=0) < 0.01 * length + 0.5)


def steadied(frames: Array, flows: Array, backs: Array, weight: float) -> Array:
    """Return the film (n, h, w, 3) that is near to the frames and moves with the flow."""
    return _steadied(frames, flows, backs, weight, trusted)


def _everywhere(flow: Array, back: Array) -> Array:
    return numpy.ones(flow.shape[1:], bool)


def _inside_only(flow: Array, back: Array) -> Array:
    return warp_matrix(flow)[1]


def _system(
    flows: Array, backs: Array, weight: float, trust: Callable[[Array, Array], Array]
) -> Array:
    """Return the matrix of the quadratic form, without the division by the pixels."""
    n, pixels = len(flows) + 1, flows[0, 0].size
    A = numpy.eye(n * pixels)
    for t, (flow, back) in enumerate(zip(flows, backs), start=1):
        rest = numpy.zeros((pixels, n * pixels))
        rest[:, t * pixels : (t + 1) * pixels] = numpy.eye(pixels)
        rest[:, (t - 1) * pixels : t * pixels] = -warp_matrix(flow)[0]
        rest = rest[trust(flow, back).ravel()]
        A += weight * rest.T @ rest
    return A


def _steadied(
    frames: Array,
    flows: Array,
    backs: Array,
    weight: float,
    trust: Callable[[Array, Array], Array],
) -> Array:
    A = _system(flows, backs, weight, trust)
    return numpy.linalg.solve(A, frames.reshape(len(A), 3)).reshape(frames.shape)


def _onward(frames: Array, flows: Array, backs: Array, weight: float) -> Array:
    """Return frames of which each knows those before only."""
    done = [frames[0]]
    for frame, flow, back in zip(frames[1:], flows, backs):
        moved = (warp_matrix(flow)[0] @ done[-1].reshape(-1, 3)).reshape(frame.shape)
        c = weight * trusted(flow, back)[..., None]
        done.append((frame + c * moved) / (1 + c))
    return numpy.stack(done)


def film_loss(Y: Array, frames: Array, flows: Array, backs: Array, weight: float) -> float:
    """Return the loss of a film: a mean over the pixels of a frame."""
    flat = (Y - frames).reshape(-1, 3)
    A = _system(flows, backs, weight, trusted) - numpy.eye(len(flat))
    Y = Y.reshape(-1, 3)
    return float(((flat**2).sum() + (Y * (A @ Y)).sum()) / frames[0, ..., 0].size)


def _film(rng: Rng) -> Case:
    """Return frames painted each for itself, flows both ways, and a part that does not return."""
    h, w = sizes(rng, 2, 8, 11)
    n = int(rng.integers(3, 5))
    scene = _smooth(rng, (3, h, w), 0.4).transpose(1, 2, 0) + 0.5
    frames = scene + rng.normal(0, 0.15, (n, h, w, 3))
    while True:
        flows = _smooth(rng, (n - 1, 2, h, w), 1.4) + rng.uniform(-0.5, 0.5, (n - 1, 2, 1, 1))
        backs = -flows + rng.normal(0, 0.05, flows.shape)
        backs[:, :, : h // 3, : w // 2] += rng.uniform(2, 3, (n - 1, 2, 1, 1))
        if all(_clear(flow, back) for flow, back in zip(flows, backs)):
            return frames, flows, backs, float(rng.uniform(3, 8))


def _clear(flow: Array, back: Array) -> bool:
    """Tell whether no pixel is so near to the threshold that rounding decides."""
    matrix, _ = warp_matrix(flow)
    returned = (matrix @ back.reshape(2, -1).T).T.reshape(back.shape)
    most = 0.01 * ((flow**2).sum(axis=0) + (returned**2).sum(axis=0)) + 0.5
    return bool((numpy.abs(((flow + returned) ** 2).sum(axis=0) / most - 1) > 1e-3).all())


def _wrong_films(case: Case) -> Iterator[Tuple[str, Array]]:
    """Yield a hint and the film that earns it."""
    frames, flows, backs, weight = case
    yield 'these are the frames themselves: nothing holds one to the next', frames
    yield (
        'this is the best that each frame can do given the one before: but the one before can '
        'give way, too; the loss is of the whole film',
        _onward(*case),
    )
    yield (
        'the term counts everywhere here: it must not where the flow leaves the picture, or '
        'does not return',
        _steadied(frames, flows, backs, weight, _everywhere),
    )
    yield (
        'the term counts wherever the flow stays inside: it must not where it does not return',
        _steadied(frames, flows, backs, weight, _inside_only),
    )
    yield 'the term counts with a weight of 1 here', steadied(frames, flows, backs, 1.0)
    yield (
        'the flows are taken for those back: flows[t - 1] goes from frame t to frame t - 1',
        steadied(frames, backs, flows, weight),
    )
    yield (
        'right and down are exchanged: the step down comes first',
        steadied(frames, flows[:, ::-1], backs[:, ::-1], weight),
    )


def _examine_capstone(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    for _ in range(2):
        case = _film(rng)
        frames = case[0]
        given = copied(case)
        got = plain(answer(*given))
        if not all(map(numpy.array_equal, given, case)):
            return 'it spoils what it is given: work on a copy'
        if not isinstance(got, numpy.ndarray) or got.shape != frames.shape:
            return f'it must return an array of shape {frames.shape}, not {describe(got)}'
        if not numpy.isfinite(got).all():
            return 'some numbers are not finite: do your steps grow?'
        best = film_loss(steadied(*case), *case)
        l = film_loss(got.astype('float64'), *case)
        if l <= CLOSE * best:
            continue
        for hint, wrong in _wrong_films(case):
            if numpy.allclose(got, wrong, rtol=1e-2, atol=1e-3):
                return hint
        return (
            f'the loss is {l / best:.3g} times the smallest: at most {CLOSE} is right; with '
            'weight 0 it is that of the frames, and a film that moves with the flow has no term'
        )
    return None


STEADIED = Task(
    name='steadied',
    points=4,
    solve=steadied,
    examine=_examine_capstone,
    forbidden=('cv2', 'styletransfer.video.flow', 'styletransfer.video.temporal'),
)

TASKS = (IN_LINE, TWO_SLOPES, WHOSE_SLICES, SIX_FILMS, STEADIED)
