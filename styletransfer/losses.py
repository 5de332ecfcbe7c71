r"""What is asked of the picture: content, style, smoothness, and their weighted sum.

Gatys, Ecker, Bethge: Image style transfer using convolutional neural networks, CVPR 2016.

Departures: the scalings are those of the book (d2l.ai), where every loss is a mean, so that the
same weights serve pictures of any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Sequence, Tuple

from mxnet import numpy as np

from styletransfer.errors import InputError

if TYPE_CHECKING:
    from styletransfer.recipes import Recipe


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
    return np.square(Y_hat - Y).mean()


def gram(X: np.ndarray) -> np.ndarray:
    r"""Return how strongly each two channels of a layer's output fire together.

    With the output for one picture written as a matrix :math:`\mathbf{X}` of one row per
    channel and one column per pixel,

    .. math:: \mathbf{G} = \frac{1}{chw} \mathbf{X} \mathbf{X}^\top.

    Where in the picture they fire is forgotten; that is why G can stand for style.

    Parameters
    ----------
    X : np.ndarray of shape (n, c, h, w)

    Returns
    -------
    np.ndarray of shape (n, c, c), symmetric

    Raises
    ------
    InputError
        If X does not have four axes.

    Notes
    -----
    Gatys et al. (2016) leave G unscaled and divide in the loss, by :math:`4 c^2 (hw)^2`. The
    book scales here, so that a style weight means nearly the same at every size. The book's
    ``gram`` is for one picture; this one keeps the pictures of a batch apart.
    """
    if X.ndim != 4:
        raise InputError(f'gram needs an array of shape (n, c, h, w), not {X.shape}')
    n, c, h, w = X.shape
    X = X.reshape(n, c, h * w)
    return np.matmul(X, X.transpose(0, 2, 1)) / (c * h * w)


def style_loss(Y_hat: np.ndarray, gram_Y: np.ndarray) -> np.ndarray:
    r"""Return how far a layer's Gram matrix is from that of the style picture.

    .. math:: L = \frac{1}{nc^2} \sum (\mathbf{G}(\hat{Y}) - \mathbf{G}_Y)^2

    Parameters
    ----------
    Y_hat : np.ndarray of shape (n, c, h, w)
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
        np.abs(Y_hat[:, :, 1:, :] - Y_hat[:, :, :-1, :]).mean()
        + np.abs(Y_hat[:, :, :, 1:] - Y_hat[:, :, :, :-1]).mean()
    )


def compute_loss(
    recipe: Recipe,
    X: np.ndarray,
    contents_Y_hat: Sequence[np.ndarray],
    styles_Y_hat: Sequence[np.ndarray],
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
) -> Tuple[List[np.ndarray], List[np.ndarray], np.ndarray, np.ndarray]:
    r"""Return every weighted term and their plain sum, the number that training makes small.

    .. math:: l = \sum_{\ell} w_c L_c^\ell + \sum_{\ell} w_s L_s^\ell + w_{tv} L_{tv}

    Parameters
    ----------
    recipe : Recipe
        Its `content_weight`, `style_weight` and `tv_weight` are used.
    X : np.ndarray of shape (1, 3, h, w)
        The generated picture.
    contents_Y_hat, styles_Y_hat : sequences of np.ndarray
        `extract_features` of the generated picture.
    contents_Y, styles_Y_gram : sequences of np.ndarray
        What they should be: features of the content picture, Gram matrices of the style picture.

    Returns
    -------
    contents_l, styles_l : lists with one number for each layer
    tv_l, l : np.ndarray of shape ()
    """
    contents_l = [
        content_loss(Y_hat, Y) * recipe.content_weight
        for Y_hat, Y in zip(contents_Y_hat, contents_Y)
    ]
    styles_l = [
        style_loss(Y_hat, Y) * recipe.style_weight for Y_hat, Y in zip(styles_Y_hat, styles_Y_gram)
    ]
    tv_l = tv_loss(X) * recipe.tv_weight
    l = sum(contents_l + styles_l + [tv_l])
    return contents_l, styles_l, tv_l, l


def same_shape(Y_hat: np.ndarray, Y: np.ndarray) -> None:
    """Raise InputError unless two arrays have the same shape."""
    if Y_hat.shape != Y.shape:
        raise InputError(f'shapes differ: {Y_hat.shape} and {Y.shape}')
