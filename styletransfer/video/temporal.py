r"""What keeps a moving picture from flickering: a term that asks a frame to be as those before.

With x the frame as it is painted, and a frame k before it, painted and moved along the flow, as
:math:`W_k`, the term is

.. math:: L_k = \frac{1}{3hw} \sum_p c_k(p) \, |x(p) - W_k(p)|^2

with :math:`c_k` the `flow.reliability`. It is one more named term (`objective.with_term`).

Ruder et al.: Artistic style transfer for videos, GCPR 2016; International Journal of Computer
Vision 126, 2018. **Departures.** None in the formulas; where a frame starts, a pixel that comes
from beyond the border starts as the clip's frame, and not grey.
"""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Sequence

import numpy
from mxnet import numpy as np

from styletransfer.objective import Loss, with_term
from styletransfer.video.flow import Motion, inside, warped


class Reference(NamedTuple):
    """An earlier frame, or in passes to and fro any other, as a frame is held against it."""

    offset: int  # how many frames lie between, plus 1
    X: np.ndarray  # (1, 3, h, w), painted, in line with this frame, as the network reads it
    weights: numpy.ndarray  # (h, w), from 0 to 1: how far that can be trusted

    @property
    def name(self) -> str:
        """Return what its term is called."""
        return 'flow' if self.offset == 1 else f'flow {self.offset}'


def long_term(weights: Sequence[numpy.ndarray]) -> List[numpy.ndarray]:
    r"""Return weights of which each frame has only what nearer ones have left.

    .. math:: c_{long}^{k}(p) = \max\left(c_k(p) - \sum_{j < k} c_{long}^{j}(p), 0\right)

    So a pixel is held against the nearest frame in which it was seen: one that was hidden for a
    moment remembers what it was before.

    Parameters
    ----------
    weights : sequence of np.ndarray of shape (h, w)
        For each reference frame, the nearest first.
    """
    left = numpy.ones_like(weights[0])
    result = []
    for weight in weights:
        result.append(numpy.clip(weight - (1 - left), 0, None))
        left = left - result[-1]
    return result


def flow_loss(X: np.ndarray, Y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    r"""Return how far a picture is from another where it should be like it.

    .. math:: \frac{1}{3hw} \sum_p c(p) \, |X(p) - Y(p)|^2

    Parameters
    ----------
    X, Y : np.ndarray of shape (1, 3, h, w)
    weights : np.ndarray of shape (h, w)
        c.

    Returns
    -------
    np.ndarray of shape ()
    """
    return (weights * np.square(X - Y)).mean()


def with_flow(loss: Loss, references: Sequence[Reference], weight: float) -> Loss:
    """Return a loss with a term for each reference frame, all of the same weight.

    The terms are called 'flow' for the frame before, and 'flow 4' for the fourth before.
    """
    for reference in references:
        loss = with_term(loss, reference.name, _term(reference, weight))
    return loss


def _term(reference: Reference, weight: float) -> Callable[[np.ndarray], np.ndarray]:
    weights = np.array(reference.weights, ctx=reference.X.ctx)
    return lambda X: weight * flow_loss(X, reference.X, weights)


def beginning(content: numpy.ndarray, before: numpy.ndarray, motion: Motion) -> numpy.ndarray:
    """Return where a frame starts: as the one before was painted, moved along the flow.

    What comes from beyond the border starts as the clip's frame.

    Parameters
    ----------
    content, before : np.ndarray of shape (height, width, 3)
        The clip's frame, and the one before as it was painted; RGB in 0-255.
    motion : Motion
        Of the two frames of the clip.
    """
    return numpy.where(inside(motion.flow)[:, :, None], motion.brought(before), content)


def warping_error(
    now: numpy.ndarray, before: numpy.ndarray, flow: numpy.ndarray, visible: numpy.ndarray
) -> float:
    r"""Return how much two frames in a row differ where they should not.

    .. math:: E = \frac{\sum_p M(p) \, |O_t(p) - O_{t-1}(p + w(p))|^2}{\sum_p M(p)}

    Lai et al.: Learning blind video temporal consistency, ECCV 2018.

    Parameters
    ----------
    now, before : np.ndarray of shape (height, width, 3)
        O, RGB in 0-255.
    flow : np.ndarray of shape (height, width, 2)
        w, from this frame to the one before, of the clip.
    visible : np.ndarray of shape (height, width), bool
        M: what is seen in both (`flow.Motion.visible`).

    Returns
    -------
    float
        With colours from 0 to 1, and the squares of the three added.
    """
    difference = (now.astype('float32') - warped(before.astype('float32'), flow)) / 255
    return float((difference**2).sum(axis=2)[visible].mean())
