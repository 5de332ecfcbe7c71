r"""Keep the content picture's colours: paint by luminance alone, or recolour the style first.

Gatys, Bethge, Hertzmann, Shechtman: Preserving color in neural artistic style transfer,
arXiv:1606.05897, 2016.

A style brings its colours along. To keep those of the content picture, either the transfer runs
on grey pictures and the result is coloured afterwards (``luminance``), or the style picture is
given the content picture's colours before the transfer (``linear``, ``histogram``), and the
result follows by itself, more or less.

Colours are split as in YIQ, the paper's choice:

.. math:: Y = 0.299 R + 0.587 G + 0.114 B

is the luminance, I and Q are the chroma. The rows of I and Q add up to 0, so the chroma stays
the same exactly when red, green and blue move by the same amount. Hence no more of the YIQ matrix
is needed here than its first row.

Departures: where the luminance of the result and the chroma of the content picture make no
colour that a screen can show, the luminance gives way (see `keep_luminance`); histograms can be
matched too, channel by channel, which the paper does not try.
"""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.errors import InputError, unknown
from styletransfer.images import resized

_luma = numpy.array([0.299, 0.587, 0.114])

# Added to variances, in squared levels of 255. Rounding to 8 bits alone brings a variance of
# 1/12, so no picture's colours change visibly; yet a grey picture's covariance has an inverse.
_TINY = 1e-5


def luminance(img: np.ndarray) -> np.ndarray:
    r"""Return a picture in grey, each pixel as light as before.

    .. math:: R' = G' = B' = Y = 0.299 R + 0.587 G + 0.114 B

    Parameters
    ----------
    img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, integers or floats.

    Returns
    -------
    np.ndarray of shape (height, width, 3), float32
        RGB in 0-255, all three channels equal.
    """
    return _grey(_pixels(img) @ _luma)


def match_luminance(style_img: np.ndarray, content_img: np.ndarray) -> np.ndarray:
    r"""Return the style picture in grey, as light and as rich in contrast as the content picture.

    .. math:: Y' = \frac{\sigma_c}{\sigma_s} (Y_s - \mu_s) + \mu_c

    with :math:`\mu` and :math:`\sigma` the mean and the standard deviation of the luminance of
    the content picture (c) and the style picture (s).

    Parameters
    ----------
    style_img, content_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, integers or floats; the sizes may differ.

    Returns
    -------
    np.ndarray of shape (height, width, 3), float32
        Of the style picture's size; RGB in 0-255 (clipped), all three channels equal.

    Notes
    -----
    A style picture of one luminance everywhere has no contrast to scale: it becomes a grey of
    the content picture's mean.
    """
    style, content = _pixels(style_img) @ _luma, _pixels(content_img) @ _luma
    # the mean of many equal numbers may be off in the last digit: that is no contrast
    scale = content.std() / numpy.sqrt(style.var() + _TINY**2)
    return _grey(scale * (style - style.mean()) + content.mean())


def keep_luminance(result: np.ndarray, content_img: np.ndarray) -> np.ndarray:
    r"""Return the finished picture's luminance in the content picture's colours.

    With :math:`c` a pixel of the content picture in 0-1 and :math:`m = c - Y(c)` what makes it
    differ from grey,

    .. math:: c'_k = Y' + m_k, \qquad
              Y' = \min\bigl(\max(Y, -\min_k m_k), 1 - \max_k m_k\bigr), \qquad k = R, G, B

    where Y is the luminance of the result. I and Q are those of the content picture everywhere;
    rounded to 8 bits they still are, to less than 1/255.

    Parameters
    ----------
    result : np.ndarray of shape (height, width, 3)
        RGB in 0-1, as `postprocess` returns it.
    content_img : np.ndarray of shape (any height, any width, 3)
        RGB in 0-255, integers or floats; `resized` to the result's size.

    Returns
    -------
    np.ndarray of shape (height, width, 3), float32
        RGB in 0-1.

    Notes
    -----
    Departure: not every luminance goes with every chroma; there is no bright, saturated blue.
    The paper says nothing about such pixels, and clipping R, G and B one by one would change
    their hue. Here the chroma is kept and the luminance gives way: it is clipped to the interval
    in which all of R, G and B lie in 0-1. The interval is never empty, for the luminance of the
    content picture's own pixel lies in it.
    """
    painted = _pixels(result) @ _luma
    height, width = painted.shape
    content = _pixels(resized(content_img, (width, height))).clip(0, 255) / 255
    chroma = content - (content @ _luma)[..., None]
    Y = painted.clip(-chroma.min(axis=-1), 1 - chroma.max(axis=-1))
    return np.array((Y[..., None] + chroma).clip(0, 1), dtype='float32')


def _symmetric_root(covariance: numpy.ndarray) -> numpy.ndarray:
    """Return the symmetric matrix with positive eigenvalues whose square this is."""
    values, vectors = numpy.linalg.eigh(covariance)
    return (vectors * numpy.sqrt(values)) @ vectors.T


_ROOTS: Dict[str, Callable[[numpy.ndarray], numpy.ndarray]] = {
    'symmetric': _symmetric_root,
    'cholesky': numpy.linalg.cholesky,
}


def match_colors(
    style_img: np.ndarray, content_img: np.ndarray, root: str = 'symmetric'
) -> np.ndarray:
    r"""Return the style picture with the mean and covariance of the content picture's colours.

    .. math:: x' = A x + b, \qquad A = \Sigma_c^{1/2} \Sigma_s^{-1/2}, \qquad b = \mu_c - A \mu_s

    with :math:`\mu` and :math:`\Sigma` the mean and the covariance of the pixels' RGB in the
    content picture (c) and the style picture (s). Then
    :math:`A \Sigma_s A^\top = \Sigma_c` for every root with
    :math:`\Sigma^{1/2} (\Sigma^{1/2})^\top = \Sigma`.

    Parameters
    ----------
    style_img, content_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, integers or floats; the sizes may differ.
    root : 'symmetric' or 'cholesky'
        The symmetric root by eigenvalues, as in Image Analogies (Hertzmann et al., 2001), which
        treats all channels alike; or the lower triangular one, with which red follows from red
        alone, green from red and green.

    Returns
    -------
    np.ndarray of shape (height, width, 3), float32
        Of the style picture's size; RGB in 0-255 (clipped).

    Raises
    ------
    InputError
        If there is no such root.

    Notes
    -----
    Departure: :math:`10^{-5} I` is added to both covariances, so that a grey or flat picture's
    has an inverse too. Colours that the style picture does not tell apart stay alike: a grey
    picture becomes one of a single line of colours, a flat one takes the content picture's mean.
    """
    if root not in _ROOTS:
        raise unknown('root', root, _ROOTS)
    style, content = _pixels(style_img), _pixels(content_img)
    root_s, root_c = (
        _ROOTS[root](numpy.cov(pixels.reshape(-1, 3).T, bias=True) + _TINY * numpy.eye(3))
        for pixels in (style, content)
    )
    A = root_c @ numpy.linalg.inv(root_s)
    matched = (style - style.mean(axis=(0, 1))) @ A.T + content.mean(axis=(0, 1))
    return np.array(matched.clip(0, 255), dtype='float32')


def match_histograms(style_img: np.ndarray, content_img: np.ndarray) -> np.ndarray:
    r"""Return the style picture with the content picture's histogram in each of R, G and B.

    .. math:: x' = F_c^{-1}(F_s(x))

    with :math:`F(x)` the share of the picture's pixels that are no lighter than x, for each
    channel on its own.

    Parameters
    ----------
    style_img, content_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, integers or floats; the sizes may differ.

    Returns
    -------
    np.ndarray of shape (height, width, 3), float32
        Of the style picture's size; RGB in 0-255.

    Notes
    -----
    By scikit-image, which draws straight lines between the steps of F. Equal numbers stay equal.
    So the histograms are the same where no two pixels have the same number; of 8-bit pictures
    they are alike up to the gaps between the content picture's levels. A flat channel has F = 1
    and becomes the content picture's lightest.
    """
    from skimage import exposure

    style, content = _pixels(style_img), _pixels(content_img)
    return np.array(exposure.match_histograms(style, content, channel_axis=-1), dtype='float32')


def _first(img: np.ndarray, *_: np.ndarray) -> np.ndarray:
    """Return a picture as it is."""
    return img


class Preservation(NamedTuple):
    """What a way of keeping the content picture's colours does to each of the three pictures."""

    style: Callable[[np.ndarray, np.ndarray], np.ndarray]  # (style_img, content_img) in 0-255
    content: Callable[[np.ndarray], np.ndarray] = _first  # in 0-255
    result: Callable[[np.ndarray, np.ndarray], np.ndarray] = _first  # (in 0-1, content in 0-255)


PRESERVE_COLOR: Dict[str, Preservation] = {
    'luminance': Preservation(match_luminance, luminance, keep_luminance),
    'linear': Preservation(match_colors),
    'histogram': Preservation(match_histograms),
}


def recolored(
    method: str, content_img: np.ndarray, style_img: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the content and the style picture that the transfer should run on.

    Parameters
    ----------
    method : str
        One of `PRESERVE_COLOR`: 'luminance', 'linear' or 'histogram'.
    content_img, style_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, integers or floats; the sizes may differ.

    Returns
    -------
    content_img, style_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, each of its own size; both grey with 'luminance', and else the content
        picture as it came.

    Raises
    ------
    InputError
        If there is no such method.
    """
    steps = find_preservation(method)
    return steps.content(content_img), steps.style(style_img, content_img)


def restored(method: str, result: np.ndarray, content_img: np.ndarray) -> np.ndarray:
    """Return the finished picture with the content picture's colours.

    Parameters
    ----------
    method : str
        The one that was given to `recolored`. Only 'luminance' has anything left to do.
    result : np.ndarray of shape (height, width, 3)
        RGB in 0-1, as `postprocess` returns it.
    content_img : np.ndarray of shape (any height, any width, 3)
        The content picture as it was before `recolored`, RGB in 0-255.

    Returns
    -------
    np.ndarray of shape (height, width, 3)
        RGB in 0-1.

    Raises
    ------
    InputError
        If there is no such method.
    """
    return find_preservation(method).result(result, content_img)


def find_preservation(method: str) -> Preservation:
    """Return what a method does.

    Raises
    ------
    InputError
        If there is no such method.
    """
    if method not in PRESERVE_COLOR:
        raise unknown('way to preserve color', method, PRESERVE_COLOR)
    return PRESERVE_COLOR[method]


def _pixels(img: np.ndarray) -> numpy.ndarray:
    """Return a picture in float64, for sums over many pixels and for inverses."""
    if img.ndim != 3 or img.shape[2] != 3:
        raise InputError(f'a picture has the shape (height, width, 3), not {img.shape}')
    return img.asnumpy().astype('float64')


def _grey(Y: numpy.ndarray) -> np.ndarray:
    """Return the RGB picture with this luminance, of shape (height, width), clipped to 0-255."""
    return np.array(numpy.stack([Y, Y, Y], axis=-1).clip(0, 255), dtype='float32')
