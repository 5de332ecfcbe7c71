r"""What is asked of the picture: content, style and smoothness, each as a number.

Gatys, Ecker, Bethge: Image style transfer using convolutional neural networks, CVPR 2016.

Departures: the scalings are those of the book (d2l.ai), where every loss is a mean, so that the
same weights serve pictures of any size.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from mxnet import numpy as np

from styletransfer.errors import InputError
from styletransfer.faster import absolute, mean, products


def content_loss(Y_hat: np.ndarray, Y: np.ndarray) -> np.ndarray:
    r"""Return how far a layer's output is from that of the content picture.

    .. math:: L = \frac{1}{nchw} \sum (\hat{Y} - Y)^2

    Parameters
    ----------
    Y_hat, Y : np.ndarray of shape (n, c, h, w)
        A layer's output for the generated picture and for the content picture.

    Returns
    -------
    np.ndarray of shape ()

    Raises
    ------
    InputError
        If the shapes differ: broadcasting would compare one picture with another's average.

    Notes
    -----
    Gatys et al. (2016) take half the sum instead of the mean.
    """
    same_shape(Y_hat, Y)
    return mean(np.square(Y_hat - Y))


def gram(X: np.ndarray) -> np.ndarray:
    r"""Return how strongly each two channels of a layer's output fire together.

    With the output for one picture written as a matrix :math:`\mathbf{X}` of one row per
    channel and one column per pixel,

    .. math:: \mathbf{G} = \frac{1}{chw} \mathbf{X} \mathbf{X}^\top.

    Where in the picture they fire is forgotten; that is why G can stand for style.

    Parameters
    ----------
    X : np.ndarray of shape (n, c, h, w)
        Or (n, c, h w): a matrix for each picture already.

    Returns
    -------
    np.ndarray of shape (n, c, c), symmetric

    Raises
    ------
    InputError
        If X has neither four axes nor three.

    Notes
    -----
    Gatys et al. (2016) leave G unscaled and divide in the loss, by :math:`4 c^2 (hw)^2`. The
    book scales here, so that a style weight means nearly the same at every size. The book's
    ``gram`` is for one picture; this one keeps the pictures of a batch apart.
    """
    if X.ndim not in (3, 4):
        raise InputError(f'gram needs an array of shape (n, c, h, w), not {X.shape}')
    n, c = X.shape[:2]
    X = X if X.ndim == 3 else X.reshape(n, c, -1)
    return products(X) / (c * X.shape[2])


def style_loss(Y_hat: np.ndarray, gram_Y: np.ndarray) -> np.ndarray:
    r"""Return how far a layer's Gram matrix is from that of the style picture.

    .. math:: L = \frac{1}{nc^2} \sum (\mathbf{G}(\hat{Y}) - \mathbf{G}_Y)^2

    Parameters
    ----------
    Y_hat : np.ndarray of shape (n, c, h, w) or (n, c, h w)
        A layer's output for the generated picture.
    gram_Y : np.ndarray of shape (n, c, c)
        `gram` of the layer's output for the style picture, which may have another size.

    Returns
    -------
    np.ndarray of shape ()

    Raises
    ------
    InputError
        If Y_hat does not have as many pictures and channels as gram_Y.
    """
    gram_Y_hat = gram(Y_hat)
    same_shape(gram_Y_hat, gram_Y)
    return np.square(gram_Y_hat - gram_Y).mean()


def tv_loss(Y_hat: np.ndarray) -> np.ndarray:
    r"""Return the total variation: how much neighbouring pixels differ, on average.

    .. math:: L = \frac{1}{2} \left( \mathrm{mean}\,|x_{i+1,j} - x_{i,j}|
                                   + \mathrm{mean}\,|x_{i,j+1} - x_{i,j}| \right)

    Parameters
    ----------
    Y_hat : np.ndarray of shape (n, c, h, w)
        The generated picture itself.

    Returns
    -------
    np.ndarray of shape ()

    Raises
    ------
    InputError
        If the picture has fewer than two rows or columns, which have no neighbours.

    Notes
    -----
    The absolute value lets an edge cost as much in one step as in many, so edges stay sharp;
    Mahendran and Vedaldi (2015), who introduced it here, take a power of the squared gradient.
    """
    if Y_hat.ndim != 4 or min(Y_hat.shape[2:]) < 2:
        raise InputError(f'tv_loss needs (n, c, h, w) with h and w over 1, not {Y_hat.shape}')
    return 0.5 * (
        mean(absolute(Y_hat[:, :, 1:, :] - Y_hat[:, :, :-1, :]))
        + mean(absolute(Y_hat[:, :, :, 1:] - Y_hat[:, :, :, :-1]))
    )


def squared_tv_loss(Y_hat: np.ndarray) -> np.ndarray:
    r"""Return the total variation of the Keras example, a sum of powers of the slope.

    .. math:: L = \sum_{i,j} \left( (x_{i+1,j} - x_{i,j})^2
                                   + (x_{i,j+1} - x_{i,j})^2 \right)^{1.25}

    over all pixels but those of the last row and column.

    Parameters
    ----------
    Y_hat : np.ndarray of shape (n, c, h, w)
        The generated picture itself, in the units of the recipe (Keras: 0-255).

    Returns
    -------
    np.ndarray of shape ()

    Raises
    ------
    InputError
        If the picture has fewer than two rows or columns.

    Notes
    -----
    Mahendran and Vedaldi (2015). An exponent above 1 makes steep edges dear, so they blur.
    """
    return (_squared_slopes(Y_hat) ** 1.25).sum()


def half_tv_loss(Y_hat: np.ndarray) -> np.ndarray:
    r"""Return the total variation of Johnson's programs, half a sum of squares of the slope.

    .. math:: L = \frac{1}{2} \sum_{i,j} \left( (x_{i+1,j} - x_{i,j})^2
                                               + (x_{i,j+1} - x_{i,j})^2 \right)

    over all pixels but those of the last row and column.

    Parameters
    ----------
    Y_hat : np.ndarray of shape (n, c, h, w)
        The generated picture itself, in the units of the recipe.

    Returns
    -------
    np.ndarray of shape ()

    Raises
    ------
    InputError
        If the picture has fewer than two rows or columns.

    Notes
    -----
    Johnson, Alahi, Fei-Fei (2016), and before them Johnson's neural-style (2015).
    """
    return 0.5 * _squared_slopes(Y_hat).sum()


def _squared_slopes(Y_hat: np.ndarray) -> np.ndarray:
    if Y_hat.ndim != 4 or min(Y_hat.shape[2:]) < 2:
        raise InputError(f'tv_loss needs (n, c, h, w) with h and w over 1, not {Y_hat.shape}')
    corner = Y_hat[:, :, :-1, :-1]
    down, right = Y_hat[:, :, 1:, :-1] - corner, Y_hat[:, :, :-1, 1:] - corner
    return np.square(down) + np.square(right)


# of a layer's shape, a picture's shape and a target: a number, or an array of shape ()
Factor = Callable[[Sequence[int], Sequence[int], np.ndarray], Any]

TV_LOSSES: Dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'absolute': tv_loss,
    'power': squared_tv_loss,
    'squares': half_tv_loss,
}
TV_MEANS = ('absolute',)  # a mean over the channels; the others are sums


class Scaling(NamedTuple):
    r"""How a published objective scales the two losses of a layer.

    `content_loss` is a mean of squares and `style_loss` a mean of squares of Gram matrices that
    are themselves means. What others write as sums is the same up to a factor, which depends on
    the shapes alone; what is measured relative to the target is the same up to one that depends
    on the target. `content` gives it for a layer's output of shape (n, c, h, w), a picture of
    shape (n, 3, H, W) and a target, that is what `content_loss` is given as Y, and so does
    `style`, whose target is a Gram matrix. So does `patches` for `mrf.patch_loss`, whose target
    is the painting's patches; None: as for the content, of which it is the like. `reciprocal`:
    each term is divided by its own value besides (`reciprocals`).
    """

    description: str
    content: Factor
    style: Factor
    reciprocal: bool = False
    patches: Optional[Factor] = None


def _gram_size(shape: Sequence[int]) -> int:
    return math.prod(shape[1:])  # c h w, whether h and w are two axes or one


SCALINGS: Dict[str, Scaling] = {
    'book': Scaling(
        'means: ((F - P)^2).mean() and ((G - A)^2).mean() with G = F F^T / (c h w)',
        lambda layer, picture, target: 1.0,
        lambda layer, picture, target: 1.0,
    ),
    # 1/2 sum (F - P)^2 and sum (G - A)^2 / (4 c^2 (h w)^2), G = F F^T
    'gatys': Scaling(
        'sums: ((F - P)^2).sum() / 2 and ((G - A)^2).sum() / (4 c^2 (h w)^2) with G = F F^T',
        lambda layer, picture, target: _gram_size(layer) / 2,
        lambda layer, picture, target: layer[1] ** 2 / 4,
    ),
    # sum (F - P)^2 and sum (G - A)^2 / (4 3^2 (H W)^2), H W the picture's
    'keras': Scaling(
        'sums: ((F - P)^2).sum() and ((G - A)^2).sum() / (4 3^2 (H W)^2) with G = F F^T',
        lambda layer, picture, target: float(_gram_size(layer)),
        lambda layer, picture, target: (
            (layer[1] * _gram_size(layer) / (6 * picture[2] * picture[3])) ** 2
        ),
    ),
    'unscaled': Scaling(
        'means of unscaled: ((F - P)^2).mean() and ((G - A)^2).mean() with G = F F^T',
        lambda layer, picture, target: 1.0,
        lambda layer, picture, target: float(_gram_size(layer)) ** 2,
    ),
    # a share of what there is to reach: the same weights for any painting and any network
    'relative': Scaling(
        'relative: ((F - P)^2).mean() / (P^2).mean() and ((G - A)^2).mean() / (A^2).mean()',
        lambda layer, picture, target: 1 / np.square(target).mean(),
        lambda layer, picture, target: 1 / np.square(target).mean(),
    ),
}
# half a sum over the patches, whose gradient is a mean over those that overlap
SCALINGS['cnnmrf'] = SCALINGS['book']._replace(
    description='as book, but half a sum over all positions for the patches',
    patches=SCALINGS['gatys'].content,
)
# of whatever size the terms are, their slopes count as their weights do
SCALINGS['reciprocal'] = SCALINGS['unscaled']._replace(
    description='as unscaled, and each term over its own value at that moment, held constant',
    reciprocal=True,
)


def reciprocals(terms: Sequence[Any], weights: Sequence[float]) -> List[Any]:
    r"""Return by what to multiply each weighted term so that it becomes its weight.

    .. math:: r_k = \frac{w_k}{\overline{w_k L_k} + 10^{-10}}

    where the bar holds the value constant. But for the small number, which keeps a term of 0 a 0,
    the product :math:`r_k \, w_k L_k` is always :math:`w_k`, while its gradient is
    :math:`w_k \nabla L_k / L_k = w_k \nabla \log L_k`.

    Parameters
    ----------
    terms : sequence of np.ndarray of shape (), or of numbers
        :math:`w_k L_k`, each the sum of its layers.
    weights : sequence of float
        :math:`w_k`.

    Notes
    -----
    From the TensorFlow tutorial on style transfer by Hvass-Labs (2016), which adds its 1e-10 to
    the loss without the weight. The sum of the terms is the same number at every picture, so that
    nothing can be read from it; what falls is the sum of the :math:`w_k \log L_k`.
    """
    values = [term.detach() if isinstance(term, np.ndarray) else term for term in terms]
    return [weight / (value + 1e-10) for value, weight in zip(values, weights)]


def same_shape(Y_hat: np.ndarray, Y: np.ndarray) -> None:
    """Raise InputError unless two arrays have the same shape."""
    if Y_hat.shape != Y.shape:
        raise InputError(f'shapes differ: {Y_hat.shape} and {Y.shape}')
