r"""What painter and critic are judged by: is this real, and is this the picture that is wanted.

A critic's score s of a patch is any number: the higher, the more real. All losses are means over
the batch, the patches or the pixels.
"""

from __future__ import annotations

from typing import Callable

from mxnet import npx
from mxnet import numpy as np

Judge = Callable[[np.ndarray, bool], np.ndarray]


def cross_entropy(score: np.ndarray, real: bool) -> np.ndarray:
    r"""Return how surprised a critic is who takes :math:`p = 1 / (1 + e^{-s})` as probability.

    .. math:: -\log p = \log(1 + e^{-s}) \text{ if real}, \quad
              -\log(1 - p) = \log(1 + e^{s}) \text{ if not}

    A critic that knows nothing has :math:`\log 2 = 0.69`.

    Goodfellow et al.: Generative adversarial nets, NIPS 2014. The painter's loss is the one that
    they recommend: :math:`-\log p` of what it painted, in place of :math:`\log(1 - p)`, whose
    slope is 0 where the critic is sure.

    Parameters
    ----------
    score : np.ndarray of any shape
    real : bool
        What the critic ought to say.

    Returns
    -------
    np.ndarray of shape ()
    """
    return npx.activation(-score if real else score, act_type='softrelu').mean()


def least_squares(score: np.ndarray, real: bool) -> np.ndarray:
    r"""Return :math:`(s - 1)^2` if real, :math:`s^2` if not.

    A critic that knows nothing says 1/2, and has 1/4.

    Mao et al.: Least squares generative adversarial networks, ICCV 2017.

    Parameters
    ----------
    score, real
        As of `cross_entropy`.

    Returns
    -------
    np.ndarray of shape ()
    """
    return np.square(score - 1 if real else score).mean()


JUDGES = {'cross_entropy': cross_entropy, 'least_squares': least_squares}
DRAWS = {'cross_entropy': 0.69, 'least_squares': 0.25}  # what `critic_loss` is of one that guesses


def critic_loss(judge: Judge, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    r"""Return half of what a critic's scores of real and of painted pictures cost together.

    .. math:: l_D = \tfrac{1}{2} \left( l(s, 1) + l(\hat{s}, 0) \right)

    Halved, it learns half as fast as the painter (Isola et al., 2017).
    """
    return 0.5 * (judge(real, True) + judge(fake, False))


def painter_loss(judge: Judge, fake: np.ndarray) -> np.ndarray:
    r"""Return :math:`l(\hat{s}, 1)`: how far from real the critic takes what was painted."""
    return judge(fake, True)


def l1(Y_hat: np.ndarray, Y: np.ndarray) -> np.ndarray:
    r"""Return the mean of :math:`|\hat{Y} - Y|`.

    So far is a picture from the one that is wanted; of a picture that went to the other side and
    back from the one that it was, it is the cycle loss, and of one that was on the right side
    before it was painted, the identity loss (Zhu et al., 2017).
    """
    return np.abs(Y_hat - Y).mean()
