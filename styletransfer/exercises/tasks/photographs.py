"""The tasks of chapter 6: our solutions, the data they are tried on, the usual mistakes.

Pictures are NumPy's arrays here, in double precision, as in `photo`.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

import numpy

from styletransfer.exercises.task import Case, Mistake, Task, copied, describe, plain
from styletransfer.exercises.tasks.data import Rng, several, sizes
from styletransfer.exercises.tasks.letters import letters_of, same_at

# --- derive: one window, and its slope ----------------------------------------------------------


def fit_and_slope(
    colours: numpy.ndarray, v: numpy.ndarray, epsilon: float
) -> Tuple[float, numpy.ndarray]:
    """Return what the best affine function of colours (n, 3) leaves of v (n,), and its slope."""
    return _fitted(colours, v, epsilon)


def _fitted(
    colours: numpy.ndarray,
    v: numpy.ndarray,
    epsilon: float,
    ridge: Sequence[float] = (1, 1, 1, 0),
    told: bool = True,
    constant: bool = True,
    slope: float = 2,
) -> Tuple[float, numpy.ndarray]:
    """Return the energy and a multiple of what is left over, with some other penalty."""
    A = numpy.column_stack([colours, numpy.full(len(v), float(constant))])
    penalty = epsilon * numpy.diag(ridge)
    best = numpy.linalg.pinv(A.T @ A + penalty) @ (A.T @ v)
    rest = v - A @ best
    return float(rest @ rest + told * (best @ penalty @ best)), slope * rest


def _scaled(divide: Callable[[numpy.ndarray], float]) -> Callable[..., Any]:
    def energy(colours: numpy.ndarray, v: numpy.ndarray, epsilon: float) -> Any:
        l, slope = fit_and_slope(colours, v, epsilon)
        return l / divide(v), slope / divide(v)

    return energy


def _as_if_fixed(
    colours: numpy.ndarray, v: numpy.ndarray, epsilon: float
) -> Tuple[float, numpy.ndarray]:
    """Return the slope that comes of differentiating a fit without epsilon."""
    l, _ = fit_and_slope(colours, v, epsilon)
    return l, _fitted(colours, v, 0)[1]


def _window(rng: Rng) -> Case:
    n = int(rng.choice([9, 12, 15]))
    colours = rng.uniform(0, 1, (n, 3))
    v = colours @ rng.uniform(-1, 1, 3) + rng.uniform(0.4, 1) + rng.normal(0, 0.2, n)
    return colours, v, float(rng.uniform(0.1, 0.6))


FIT_AND_SLOPE = Task(
    name='fit_and_slope',
    points=3,
    solve=fit_and_slope,
    cases=several(_window),
    mistakes=(
        Mistake(
            lambda I, v, e: _fitted(I, v, e, slope=1),
            'the energy is right; its slope is twice as large',
        ),
        Mistake(
            lambda I, v, e: _fitted(I, v, e, slope=-2),
            'the energy is right; its slope has the other sign: what is left is v less the fit',
        ),
        Mistake(
            _as_if_fixed,
            'the energy is right; the slope is that of the fit without epsilon: a and b are those '
            'of the energy',
        ),
        Mistake(
            lambda I, v, e: _fitted(I, v, e, told=False),
            'a and b are right: the price of a, epsilon |a|^2, is a part of the energy',
        ),
        Mistake(
            lambda I, v, e: _fitted(I, v, 0),
            'this is the fit without epsilon: with it a is drawn to 0',
        ),
        Mistake(
            lambda I, v, e: _fitted(I, v, e, ridge=(1, 1, 1, 1)),
            'epsilon draws b to 0, too: only a has a price',
        ),
        Mistake(
            lambda I, v, e: _fitted(I, v, e, constant=False),
            'b is missing: without it a constant would cost something',
        ),
        Mistake(
            _scaled(len),
            'these are means over the pixels of the window: take sums',
        ),
        Mistake(
            lambda I, v, e: fit_and_slope(I, v, e**2),
            'this adds the square of epsilon to the squares of the colours: a row of the system '
            'that is to cost epsilon a^2 has the root of epsilon in it',
        ),
        Mistake(
            lambda I, v, e: fit_and_slope(I, v, e)[::-1],
            'right, but turned round: the energy first, then the slope',
        ),
    ),
)

# --- read a figure: rows of a Laplacian ---------------------------------------------------------


def whose_rows() -> str:
    """Return the letters of the rows of pixels 1 to 6."""
    return 'CFAEDB'


def _examine_rows(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = whose_rows()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if not same_at(got, right, (1, 2, 5)):
        return (
            'begin with the three pixels at an edge: what lies beyond it does not count, so a '
            'part of the panel is empty; which part, seen from the pixel?'
        )
    if got[3] != right[3]:
        return (
            'the carpet has another colour at each pixel: would what resembles the pixel lie in '
            'any order around it?'
        )
    return (
        'two panels are left: where the light falls off, some of the neighbours have the very '
        'colour of the pixel and others have not'
    )


WHOSE_ROWS = Task(name='whose_rows', points=2, solve=whose_rows, examine=_examine_rows)

# --- debug: a label picture that is read wrongly ------------------------------------------------


def label_masks(img: numpy.ndarray, colours: numpy.ndarray, least: float) -> numpy.ndarray:
    """Return a mask (h, w) for each colour: 1 where it is nearest of those that are common."""
    return _labelled(img, colours, least)


def _labelled(
    img: numpy.ndarray,
    colours: numpy.ndarray,
    least: float,
    kind: str = 'int64',
    power: int = 2,
    rare: str = 'next',
) -> numpy.ndarray:
    """Return masks by distances that are computed in some type, rare colours treated some way."""
    distances = ((img[None].astype(kind) - colours[:, None, None].astype(kind)) ** power).sum(-1)
    return _masks(distances, least, rare)


def _masks(distances: numpy.ndarray, least: float, rare: str = 'next') -> numpy.ndarray:
    k, h, w = distances.shape
    nearest = distances.argmin(axis=0)
    shares = numpy.bincount(nearest.ravel(), minlength=k) / (h * w)
    kept = shares >= least
    if rare == 'next':
        far = numpy.where(kept[:, None, None], distances, numpy.inf)
        nearest = far.argmin(axis=0)
    masks = (nearest == numpy.arange(k)[:, None, None]).astype('float64')
    if rare == 'lost':
        masks *= kept[:, None, None]
    return masks


def _painted(rng: Rng) -> Case:
    """Return a label picture with soft edges and a few specks of a rare colour."""
    h, w = sizes(rng, 2, 24, 34)
    colours = rng.permutation(
        numpy.array(
            [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0), (0, 255, 255), (128, 128, 128)],
            'uint8',
        )
    )[: int(rng.integers(4, 6))]
    k = len(colours)
    y, x = numpy.mgrid[:h, :w]
    tilt = rng.uniform(-0.25, 0.25)
    number = ((y + tilt * x - tilt * w / 2) / h * (k - 1)).clip(0, k - 2).astype(int)
    img = colours[number].astype('float64')
    img = (img + numpy.roll(img, 1, axis=0)) / 2
    img += rng.normal(0, 6, img.shape)  # as in a file that does not keep colours
    top, left = (int(rng.integers(2, side - 6)) for side in (h, w))
    img[top : top + 3, left : left + 4] = colours[k - 1]
    least = float(rng.uniform(20, 28)) / (h * w)
    return img.round().clip(0, 255).astype('uint8'), colours, least


LABEL_MASKS = Task(
    name='label_masks',
    points=2,
    solve=label_masks,
    cases=several(_painted, 4),
    mistakes=(
        Mistake(
            lambda img, colours, least: _labelled(img, colours, least, 'uint8', rare='kept'),
            'this is the broken function still: begin with the distance of two colours that you '
            'know, such as (10, 0, 0) and (0, 0, 0)',
        ),
        Mistake(
            lambda img, colours, least: _labelled(img, colours, least, 'uint8'),
            'the distances are wrong: what is 3 - 5 in the type of the arrays?',
        ),
        Mistake(
            lambda img, colours, least: _labelled(img, colours, least, 'uint8', rare='lost'),
            'two faults are left: add up the masks, and look where the sum is not 1; then look '
            'at the distance of two colours that you know',
        ),
        Mistake(
            lambda img, colours, least: _labelled(img, colours, least, rare='lost'),
            'some pixels are in no mask at all: add up the masks, and look where the sum is not 1',
        ),
        Mistake(
            lambda img, colours, least: _labelled(img, colours, least, rare='kept'),
            'a colour that is rarer than `least` has a mask still: is the share a share of the '
            'picture?',
        ),
        Mistake(
            lambda img, colours, least: _labelled(img, colours, least, power=1),
            'the differences of red, green and blue cancel each other: square them',
        ),
        Mistake(
            lambda img, colours, least: label_masks(img, colours, least).argmax(axis=0),
            'these are numbers of colours: return a mask for each',
        ),
        Mistake(
            lambda img, colours, least: label_masks(img, colours, least).transpose(1, 2, 0),
            'the colours come first: (k, h, w)',
        ),
    ),
)

# --- predict first: which run is which ----------------------------------------------------------


def six_runs() -> str:
    """Return the letters of the runs a to f as the exercise lists them."""
    return 'DAFBEC'


def _examine_runs(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    right = six_runs()
    got, hint = letters_of(answer(), right)
    if hint or got == right:
        return hint
    if not same_at(got, right, (1, 2, 3, 4)):
        return (
            'begin with the four runs that differ in the matting weight alone: which column does '
            'it make smaller, and at the expense of which?'
        )
    return (
        'two runs are left: one has never been told which part of the photo is sky, the other '
        'had a longer way to go'
    )


SIX_RUNS = Task(name='six_runs', points=2, solve=six_runs, examine=_examine_runs)

# --- capstone: colours from a few strokes -------------------------------------------------------

EPSILON = 1e-3  # of the task: enough for a dense solver to be sure of itself
CLOSE = 1.01  # times the smallest loss that passes


def laplacian_of(photo: numpy.ndarray, epsilon: float = EPSILON) -> numpy.ndarray:
    """Return the matting Laplacian of a small photo (h, w, 3), dense."""
    h, w, _ = photo.shape
    numbers, L = numpy.arange(h * w).reshape(h, w), numpy.zeros((h * w, h * w))
    for y in range(h - 2):
        for x in range(w - 2):
            window = numbers[y : y + 3, x : x + 3].ravel()
            A = numpy.column_stack([photo.reshape(-1, 3)[window], numpy.ones(9)])
            inner = numpy.linalg.solve(A.T @ A + epsilon * numpy.diag([1, 1, 1, 0]), A.T)
            L[numpy.ix_(window, window)] += numpy.eye(9) - A @ inner
    return L


def colourised(
    photo: numpy.ndarray, strokes: numpy.ndarray, known: numpy.ndarray, weight: float
) -> numpy.ndarray:
    """Return the picture whose changes are locally affine and that keeps to a few strokes."""
    return _solved(laplacian_of(photo), strokes, known, weight)


def _solved(
    L: numpy.ndarray, strokes: numpy.ndarray, known: numpy.ndarray, weight: float
) -> numpy.ndarray:
    D = weight * numpy.diag(known.ravel().astype('float64'))
    return numpy.linalg.solve(L + D, D @ strokes.reshape(-1, 3)).reshape(strokes.shape)


def stroke_loss(
    V: numpy.ndarray,
    L: numpy.ndarray,
    strokes: numpy.ndarray,
    known: numpy.ndarray,
    weight: float,
) -> float:
    """Return how far a picture is from locally affine changes, and from the strokes."""
    flat = V.reshape(-1, 3)
    missed = (V - strokes) ** 2 * known[..., None]
    return float((flat * (L @ flat)).sum() + weight * missed.sum())


def _scene(rng: Rng) -> Case:
    """Return a small photo of two things, and strokes of paint on some of its pixels."""
    h, w = sizes(rng, 2, 9, 12)
    y, x = numpy.mgrid[:h, :w]
    side = (y + rng.uniform(-0.8, 0.8) * (x - w / 2) > h * rng.uniform(0.4, 0.6)).astype(int)
    colours = rng.uniform(0.1, 0.9, (2, 3))
    photo = colours[side] + rng.normal(0, 0.03, (h, w, 3))
    strokes = rng.uniform(0, 1, (2, 3))[side] + rng.normal(0, 0.02, (h, w, 3))
    known = rng.uniform(0, 1, (h, w)) < 0.15
    known[0, :3] = known[-1, -3:] = True
    strokes = strokes * known[..., None]
    return photo, strokes, known.astype('float64'), float(rng.uniform(5, 20))


@contextmanager
def _by_hand() -> Iterator[None]:
    """Let nobody import the library, nor the package's module that calls it, for a while."""
    forbidden = 'pymatting', 'styletransfer.photo'
    kept = {name: sys.modules[name] for name in forbidden if name in sys.modules}
    sys.modules.update(dict.fromkeys(forbidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in forbidden:
            del sys.modules[name]
        sys.modules.update(kept)


def _wrong_pictures(L: numpy.ndarray, *asked: Any) -> Iterator[Tuple[str, numpy.ndarray]]:
    """Yield a hint and the picture that earns it."""
    strokes, known, weight = asked
    yield 'these are the strokes themselves: the pixels between them are not painted', strokes
    yield (
        'the strokes count with a weight of 1 here: multiply them by `weight`',
        _solved(L, strokes, known, 1),
    )
    yield (
        'all pixels count as strokes here, the black ones too: only those where `known` is 1 do',
        _solved(L, strokes, numpy.ones_like(known), weight),
    )


def _examine_capstone(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    for _ in range(2):
        case = _scene(rng)
        photo, *asked = case
        given = copied(case)
        try:
            with _by_hand():
                got = plain(answer(*given))
        except Exception as error:
            if 'pymatting' in str(error) or 'styletransfer.photo' in str(error):
                return 'write the Laplacian yourself: neither pymatting nor the package is there'
            raise
        if not all(map(numpy.array_equal, given, case)):
            return 'it spoils what it is given: work on a copy'
        if not isinstance(got, numpy.ndarray) or got.shape != photo.shape:
            return f'it must return an array of shape {photo.shape}, not {describe(got)}'
        if not numpy.isfinite(got).all():
            return 'some numbers are not finite: is the matrix singular?'
        L = laplacian_of(photo)
        best = stroke_loss(colourised(*case), L, *asked)
        l = stroke_loss(got.astype('float64'), L, *asked)
        if l <= CLOSE * best:
            continue
        for hint, wrong in _wrong_pictures(L, *asked):
            if numpy.allclose(got, wrong, rtol=1e-2, atol=1e-2):
                return hint
        return (
            f'the loss is {l / best:.3g} times the smallest: at most {CLOSE} is right; check L '
            'first: L times a picture of one colour is 0, and so is the sum of each row'
        )
    return None


COLOURISED = Task(name='colourised', points=4, solve=colourised, examine=_examine_capstone)

TASKS = (FIT_AND_SLOPE, WHOSE_ROWS, LABEL_MASKS, SIX_RUNS, COLOURISED)
