r"""L-BFGS as a machine: told the loss and the gradient at a point, it names the next to look at.

Each of its steps goes down a line from a point :math:`\mathbf{x}`,

.. math:: \mathbf{x} \leftarrow \mathbf{x} - \alpha \mathbf{H} \nabla l(\mathbf{x}).

The direction is that of `two_loop`, and a line search finds :math:`\alpha`, the length. All that
is remembered is in one object, `Search`, which can be taken apart into arrays and put together
again. Vectors are in the precision of the picture, sums of products in double precision.

Nocedal, Wright: Numerical Optimization, second edition (2006), algorithms 7.4, 3.5 and 3.6.
Departures: both phases of the line search are one, and the interpolation is that of Moré, Thuente:
Line search algorithms with guaranteed sufficient decrease, ACM Transactions on Mathematical
Software 20 (1994), where the loss is higher than before. With it, and with the numbers below, the
way down is that of SciPy's ``L-BFGS-B`` without bounds.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Deque, Dict, NamedTuple, Optional, Sequence

import numpy

FALL = 1e-3  # the least share of the fall promised by the slope with which a step is accepted
FLAT = 0.9  # the largest share of the slope that may be left
FARTHER = 4  # times the way between the last two trials, if the last was not far enough
TRIALS = 20  # on one line, before it is given up
CURVED = 1e-7  # the least cosine between a step and the change of the gradient along it


class Pair(NamedTuple):
    """A step, the change of the gradient along it, and the product of the two."""

    s: numpy.ndarray
    y: numpy.ndarray
    sy: float


def dot(a: numpy.ndarray, b: numpy.ndarray) -> float:
    """Return the product of two vectors, summed up in double precision.

    BLAS is not asked: its sums may depend on how many threads share the work.
    """
    return float(numpy.einsum('i,i->', a, b, dtype='float64'))


def two_loop(g: numpy.ndarray, pairs: Sequence[Pair]) -> numpy.ndarray:
    r"""Return :math:`\mathbf{H} \mathbf{g}`, where H is what the pairs tell of the curvature.

    From :math:`\mathbf{H} = \mathbf{s}^\top \mathbf{y} / \mathbf{y}^\top \mathbf{y} \,
    \mathbf{I}`, with the newest pair, each one, the oldest first, makes

    .. math:: \mathbf{H} \leftarrow (\mathbf{I} - \rho \mathbf{s} \mathbf{y}^\top) \mathbf{H}
              (\mathbf{I} - \rho \mathbf{y} \mathbf{s}^\top) + \rho \mathbf{s} \mathbf{s}^\top,
              \qquad \rho = 1 / \mathbf{s}^\top \mathbf{y},

    but H is never written down. Where there is no pair, the result has the length 1.

    Parameters
    ----------
    g : numpy.ndarray of shape (n,)
    pairs : sequence of Pair
        The oldest first.
    """
    q, alphas = g.copy(), []
    for s, y, sy in reversed(pairs):
        alphas.append(dot(s, q) / sy)
        q -= alphas[-1] * y
    if pairs:
        _, y, sy = pairs[-1]
        q *= sy / dot(y, y)
    else:
        q /= math.sqrt(dot(g, g))
    for (s, y, sy), alpha in zip(pairs, reversed(alphas)):
        q += (alpha - dot(y, q) / sy) * s
    return q


class Point(NamedTuple):
    """What is known of a point on a line."""

    step: float  # how far it lies along the line
    loss: float
    slope: float  # of the loss along the line


class Line(NamedTuple):
    """A line from x, where somewhere between `low` and `high` there is a good point."""

    x: numpy.ndarray
    gradient: numpy.ndarray  # in x
    direction: numpy.ndarray
    start: Point  # x
    low: Point  # of those where the loss fell by enough, the one where it is lowest
    high: Point  # infinitely far as long as no step was too long
    step: float = 1.0  # that is tried next
    trials: int = 1

    def trial(self) -> numpy.ndarray:
        """Return the point that is tried next."""
        return self.x + self.step * self.direction

    def fell(self, point: Point) -> bool:
        """Return whether the loss fell by enough, Wolfe's first condition."""
        return point.loss <= self.start.loss + FALL * point.step * self.start.slope

    def accepts(self, point: Point) -> bool:
        """Return whether the loss fell by enough, and is flat enough: both, in the strong form."""
        return self.fell(point) and abs(point.slope) <= FLAT * abs(self.start.slope)

    def narrowed(self, point: Point) -> Line:
        """Return the line as it is after a trial that was not accepted, with the next one."""
        low, high = self.low, self.high
        if not self.fell(point) or point.loss >= low.loss:
            high = point
        else:
            if point.slope * (high.step - low.step) >= 0:  # the loss rises towards high
                high = low
            low = point
        if math.isinf(high.step):
            step = low.step + FARTHER * (low.step - self.low.step)
        else:
            step = between(low, high)
        return self._replace(low=low, high=high, step=step, trials=self.trials + 1)


@numpy.errstate(all='ignore')
def between(low: Point, high: Point) -> float:
    """Return a step between two: where the cubic through both, slopes and all, has its minimum.

    If that is nearer to `high` than the minimum of the parabola that leaves the slope there out of
    account, the middle of the two is taken. It keeps off the ends by a tenth of the interval.
    Where one of the numbers is none, it is the middle of the interval.
    """
    width = numpy.float64(high.step - low.step)  # by which one may divide, even if it is 0
    rise = (high.loss - low.loss) / width
    c = low.slope + high.slope - 3 * rise
    root = math.copysign(numpy.sqrt(c * c - low.slope * high.slope), width)
    cubic = (c - low.slope + root) / (high.slope - low.slope + 2 * root)
    parabola = low.slope / (low.slope - rise) / 2
    share = float(cubic if cubic < parabola else (cubic + parabola) / 2)
    share = min(max(share, 0.1), 0.9) if math.isfinite(share) else 0.5
    return float(low.step + share * width)


class Search:
    """Where L-BFGS stands.

    Parameters
    ----------
    x : numpy.ndarray of shape (n,)
        Where it starts.
    memory : int
        How many pairs are remembered.

    Attributes
    ----------
    best, best_loss
        The point of the lowest loss that was told; x if none was a number.
    pairs : deque of Pair
    line : Line, optional
        None before the first answer and after a line on which nothing was found. From `best`,
        which is then looked at once more, another line begins.
    """

    def __init__(self, x: numpy.ndarray, memory: int) -> None:
        self.best, self.best_loss = x, math.inf
        self.pairs: Deque[Pair] = deque(maxlen=memory)
        self.line: Optional[Line] = None

    def next_point(self) -> numpy.ndarray:
        """Return the point to be looked at."""
        return self.line.trial() if self.line else self.best

    @numpy.errstate(all='ignore')  # what is not a number fails every comparison
    def tell(self, x: numpy.ndarray, loss: float, gradient: numpy.ndarray) -> None:
        """Learn what was found at x, the `next_point`; the arrays are kept, not copied."""
        if loss < self.best_loss:
            self.best, self.best_loss = x, loss
        if self.line is None:
            self.line = self._line(x, loss, gradient)
            return
        point = Point(self.line.step, loss, dot(gradient, self.line.direction))
        if self.line.accepts(point):
            self._remember(x - self.line.x, gradient - self.line.gradient)
            self.line = self._line(x, loss, gradient)
        elif self.line.trials < TRIALS:
            self.line = self.line.narrowed(point)
        else:
            self.pairs.clear()
            self.line = None

    def _remember(self, s: numpy.ndarray, y: numpy.ndarray) -> None:
        sy = dot(s, y)
        if sy > CURVED * math.sqrt(dot(s, s) * dot(y, y)):  # else H might lead uphill
            self.pairs.append(Pair(s, y, sy))

    def _line(self, x: numpy.ndarray, loss: float, gradient: numpy.ndarray) -> Optional[Line]:
        """Return the line down from x; None if there is none: the gradient is 0, or no number."""
        direction = two_loop(gradient, self.pairs)
        direction *= -1
        start = Point(0.0, loss, dot(gradient, direction))
        if start.slope < 0:
            return Line(x, gradient, direction, start, start, Point(math.inf, math.nan, math.nan))
        if not self.pairs:
            return None
        self.pairs.clear()
        return self._line(x, loss, gradient)

    def arrays(self) -> Dict[str, numpy.ndarray]:
        """Return all that is remembered, taken apart."""
        arrays = {'best': self.best, 'best_loss': numpy.array([self.best_loss])}
        for k, (s, y, sy) in enumerate(self.pairs):
            arrays.update({f's{k}': s, f'y{k}': y, f'sy{k}': numpy.array([sy])})
        if self.line:
            x, gradient, direction, *points, step, trials = self.line
            arrays.update(x=x, gradient=gradient, direction=direction)
            arrays['line'] = numpy.array([*numpy.ravel(points), step, trials])
        return arrays

    def restore(self, arrays: Dict[str, numpy.ndarray]) -> None:
        """Remember what was taken apart by `arrays`, and nothing else."""
        self.best, self.best_loss = arrays['best'], float(arrays['best_loss'][0])
        self.pairs.clear()
        for k in range(sum(name.startswith('sy') for name in arrays)):
            self.pairs.append(Pair(arrays[f's{k}'], arrays[f'y{k}'], float(arrays[f'sy{k}'][0])))
        self.line = None
        if 'line' in arrays:
            x, gradient, direction = (arrays[name] for name in ('x', 'gradient', 'direction'))
            *numbers, step, trials = arrays['line'].tolist()
            start, low, high = (Point(*numbers[i : i + 3]) for i in (0, 3, 6))
            self.line = Line(x, gradient, direction, start, low, high, step, int(trials))
