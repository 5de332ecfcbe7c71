r"""Photographs that stay photographs: what a picture keeps of them is asked in their own colours.

Luan, Paris, Shechtman, Bala: Deep photo style transfer, CVPR 2017.

A painting may bend a line; a photograph may not. Any change of colours that is *locally affine*
leaves lines where they are: in each window of 3x3 pixels the new colours are a linear function of
the old ones, and a shift. How far a picture is from all such changes of a photo is a quadratic
form, whose matrix is the photo's matting Laplacian (`matting_laplacian`).

Two stages lead there. The first finds the colours: each region of the photo gets those of its
style, as a whole (`recolored`). The second trains the picture from there, with the quadratic form
as one term more (`photorealistic`). What is left over in the end is taken away by a filter: a
smooth, locally affine change of the photo takes the picture's place (`smooth_local_affine`).

Departures: the authors' first stage is the whole method without the term, from noise, and takes as
long as the second. Here the term is in the loss that L-BFGS is told, not in its gradient alone.
Masks are halved by plain means (`controls.guide`), and the style's gradient goes through them. The
filter draws its changes to the photo itself, not to black, so that a photo that is unchanged comes
out unchanged; its neighbourhood is round, not square. There is no total variation.
"""

from __future__ import annotations

from itertools import cycle, product, zip_longest
from typing import TYPE_CHECKING, Callable, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.color import match_colors
from styletransfer.images import ImageShape, resized
from styletransfer.objective import Loss, LossAt, known_gradient, with_term
from styletransfer.recipes import Recipe

if TYPE_CHECKING:
    from scipy import sparse  # type: ignore[import-untyped]

EPSILON = 1e-7  # how much a window's affine change costs by itself
RIDGE = 1e-3  # the same in the filter, which has to be sure of each change
DETAIL_RADIUS, DETAIL_EPSILON = 8, 0.01  # of the guided filter that finds a photo's detail


def matting_laplacian(photo: numpy.ndarray, epsilon: float = EPSILON) -> sparse.csr_matrix:
    r"""Return the matrix that knows which pictures are locally affine changes of a photo.

    .. math:: L_{ij} = \sum_{k \ni i, j} \left( \delta_{ij} - \tfrac{1}{9} \left(1 +
              (I_i - \mu_k)^\top (\Sigma_k + \tfrac{\varepsilon}{9} \mathbf{1})^{-1}
              (I_j - \mu_k) \right) \right)

    summed over the windows k of 3x3 pixels that have both pixels in them, with :math:`\mu_k` and
    :math:`\Sigma_k` mean and covariance of the window's colours. It is what is left of

    .. math:: V^\top L V = \min_{a, b} \sum_k \left( \sum_{i \in k}
              (V_i - a_k^\top I_i - b_k)^2 + \varepsilon \, |a_k|^2 \right).

    So a constant gives 0, and an affine function :math:`a^\top I + b` of the photo's colours no
    more than :math:`\varepsilon |a|^2` for each window.

    Parameters
    ----------
    photo : numpy.ndarray of shape (h, w, 3)
        RGB in 0-1.
    epsilon : float
        Luan et al. take 1e-7.

    Returns
    -------
    scipy.sparse.csr_matrix of shape (h w, h w), float64
        Pixels row by row: that in row y and column x is number x + y w. There are up to 25 numbers
        in each row, 12 bytes each.

    Notes
    -----
    Levin, Lischinski, Weiss: A closed-form solution to natural image matting, 2008. Computed by
    the library pymatting, which compiles itself when it is imported for the first time: that
    takes half a minute, once.
    """
    from pymatting import cf_laplacian

    laplacian = cf_laplacian(photo.astype('float64'), epsilon)
    laplacian.sum_duplicates()
    laplacian.eliminate_zeros()  # of neighbours beyond the border
    return laplacian


def matting_loss(V: numpy.ndarray, laplacian: sparse.csr_matrix) -> Tuple[float, numpy.ndarray]:
    r"""Return how far a picture is from all locally affine changes of a photo, and the gradient.

    .. math:: l = \sum_c V_c^\top L V_c, \qquad \frac{\partial l}{\partial V_c} = 2 L V_c

    Parameters
    ----------
    V : numpy.ndarray of shape (3, h, w)
        Red, green, blue in 0-1, not clipped.
    laplacian : scipy.sparse.csr_matrix of shape (h w, h w)
        From `matting_laplacian`.

    Returns
    -------
    l : float
    gradient : numpy.ndarray of shape (3, h, w), float64
    """
    colours = V.reshape(3, -1).T.astype('float64', order='C')
    slope = laplacian @ colours
    return float((colours * slope).sum()), 2 * slope.T.reshape(V.shape)


def matting_term(
    recipe: Recipe, content_img: np.ndarray, image_shape: ImageShape
) -> Callable[[np.ndarray], np.ndarray]:
    r"""Return the term that asks a picture to be a photograph: of X it returns a weighted number.

    .. math:: \lambda \sum_c V_c^\top L V_c, \qquad V_c = X_c \sigma_c + \mu_c

    Its gradient is known, and needs no network: :math:`2 \lambda \sigma_c L V_c` for each channel.
    All of it is done by the CPU in double precision.

    Parameters
    ----------
    recipe : Recipe
        Its `matting_weight`, :math:`\lambda`, and its `mean_std` are used.
    content_img : np.ndarray of shape (height, width, 3)
        The photo, RGB in 0-255.
    image_shape : (int, int)
        Of the pictures that will be judged.
    """
    laplacian = matting_laplacian(resized(content_img, image_shape).asnumpy() / 255)
    mean, std = (part.asnumpy().astype('float64').reshape(3, 1, 1) for part in recipe.mean_std)

    def term(X: np.ndarray) -> np.ndarray:
        l, gradient = matting_loss(X[0].asnumpy() * std + mean, laplacian)
        gradient = recipe.matting_weight * std * gradient
        l, gradient = (
            np.array(part, dtype=X.dtype, ctx=X.ctx)
            for part in (recipe.matting_weight * l, gradient[None])
        )
        return known_gradient(l, X, gradient)

    return term


def photorealistic(loss_at: LossAt, recipe: Recipe, content_img: np.ndarray) -> LossAt:
    """Return the losses with the term 'matting', if the recipe gives it a weight.

    Parameters
    ----------
    loss_at : callable
        What judges a picture otherwise, such as `controls.controlled` returns.
    recipe : Recipe
    content_img : np.ndarray of shape (height, width, 3)
        The photo, RGB in 0-255.
    """
    if not recipe.matting_weight:
        return loss_at

    def more_at(image_shape: ImageShape) -> Loss:
        term = matting_term(recipe, content_img, image_shape)
        return with_term(loss_at(image_shape), 'matting', term)

    return more_at


def pixel_bytes(recipe: Recipe) -> int:
    """Return about how many bytes for each pixel all of this takes, fitted to measured peaks."""
    return 1000 if recipe.matting_weight or recipe.affine_radius else 0


# --- where the picture starts --------------------------------------------------------------------


def recolored(
    content_img: np.ndarray,
    style_imgs: Sequence[np.ndarray],
    content_masks: Sequence[np.ndarray] = (),
    style_masks: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Return the photo in the colours of the style, region by region: an affine change of each.

    Every region gets the mean and the covariance of its style's colours (`color.match_colors`).
    What is in no region stays as it is.

    Parameters
    ----------
    content_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255.
    style_imgs : sequence of np.ndarray of shape (any height, any width, 3)
        One for each content mask, or one for all.
    content_masks, style_masks : sequences of np.ndarray of shape (any height, any width)
        From 0 to 1; without them the whole pictures are meant.

    Returns
    -------
    np.ndarray of shape (height, width, 3), float32
        RGB in 0-255.
    """
    if not content_masks:
        return match_colors(content_img, style_imgs[0])
    result = content_img.asnumpy().astype('float32')
    parts = zip_longest(content_masks, style_masks)
    for (mask, style_mask), style_img in zip(parts, cycle(style_imgs)):
        where = _inside(mask, content_img)
        ours, theirs = content_img.asnumpy()[where], style_img.asnumpy()
        theirs = theirs[_inside(style_mask, style_img)] if style_mask is not None else theirs
        if len(ours) and len(theirs):  # a small picture may have none of a small region
            pixels = (np.array(part.reshape(-1, 1, 3)) for part in (ours, theirs))
            result[where] = match_colors(*pixels)[:, 0].asnumpy()
    return np.array(result)


def _inside(mask: np.ndarray, img: np.ndarray) -> numpy.ndarray:
    return resized(mask[:, :, None], img.shape[1::-1])[:, :, 0].asnumpy() >= 0.5


# --- when the picture is done --------------------------------------------------------------------


def finished(
    img: np.ndarray, content_img: np.ndarray, recipe: Recipe, keep_detail: bool = False
) -> np.ndarray:
    """Return a picture as the recipe finishes it: filtered, or as it is.

    Parameters
    ----------
    img : np.ndarray of shape (height, width, 3)
        RGB in 0-1.
    content_img : np.ndarray of shape (any height, any width, 3)
        The photo, RGB in 0-255.
    recipe : Recipe
        Its `affine_radius` and `affine_edge` are used.
    keep_detail : bool
        Put the photo's detail back, see `detailed`.
    """
    if not recipe.affine_radius and not keep_detail:
        return img
    O, I = img.asnumpy(), resized(content_img, img.shape[1::-1]).asnumpy() / 255
    if recipe.affine_radius:
        O = smooth_local_affine(I, O, recipe.affine_radius, recipe.affine_edge)
    if keep_detail:
        O = detailed(I, O)
    return np.array(O.clip(0, 1), dtype=img.dtype)


def smooth_local_affine(
    photo: numpy.ndarray, img: numpy.ndarray, radius: int = 15, edge: float = 0.01
) -> numpy.ndarray:
    r"""Return the smooth, locally affine change of a photo that is nearest to a picture.

    Around each pixel j the change is fitted in a window of n = 9 pixels, fewer at the border,

    .. math:: (M_j, b_j) = \arg\min \frac{1}{n} \sum_{i} |M^\top I_i + b - (O_i - I_i)|^2
              + \frac{10^{-3}}{9} |M|^2,

    and the change that is made of a pixel is the mean of those around it which have its colour:

    .. math:: O'_i = I_i + \frac{\sum_j w_{ij} (M_j^\top I_i + b_j)}{\sum_j w_{ij}}, \qquad
              w_{ij} = \exp \left( -\frac{|i - j|^2}{2 (r/3)^2}
              - \frac{|I_i - I_j|^2}{6 s^2} \right).

    Parameters
    ----------
    photo, img : numpy.ndarray of shape (h, w, 3)
        I and O, RGB in 0-1.
    radius : int
        :math:`r`, in pixels; what is farther away does not count.
    edge : float
        :math:`s`: how different colours may be to count as the same.

    Returns
    -------
    numpy.ndarray of shape (h, w, 3), float32, not clipped

    Notes
    -----
    Luan et al. draw M, which they fit to O itself, to 0: then a plain region loses its grain, and
    the photo does not come out as it was.
    """
    h, w, _ = photo.shape
    photo = photo.astype('float32')
    changes = affine_models(photo, img - photo, 1, RIDGE / 9).astype('float32')
    total, weights = numpy.zeros((h, w, 4, 3), 'float32'), numpy.zeros((h, w, 1), 'float32')
    for dy, dx in product(range(-radius, radius + 1), repeat=2):
        if dy * dy + dx * dx > radius * radius:
            continue
        here = _overlap(h, -dy), _overlap(w, -dx)
        there = _overlap(h, dy), _overlap(w, dx)
        difference = numpy.square(photo[here] - photo[there]).sum(axis=2, keepdims=True)
        near = (dy * dy + dx * dx) / (2 * (radius / 3) ** 2)
        weight = numpy.exp(-near - difference / (6 * edge**2))
        total[here] += weight[..., None] * changes[there]
        weights[here] += weight
    return photo + applied(total / weights[..., None], photo)


def _overlap(size: int, shift: int) -> slice:
    """Return the places, of so many, to which others come by a shift."""
    return slice(max(0, shift), size + min(0, shift))


def detailed(photo: numpy.ndarray, img: numpy.ndarray) -> numpy.ndarray:
    r"""Return a picture with the photo's fine detail put back, where it came in few, flat tones.

    .. math:: O' = O + I - \mathrm{GF}_I(I)

    with GF the guided filter: what it takes from the photo is its detail.

    Parameters
    ----------
    photo, img : numpy.ndarray of shape (h, w, 3)
        I and O, RGB in 0-1.

    Notes
    -----
    An option in the program of Luan et al. He, Sun, Tang: Guided image filtering, PAMI 2013.
    """
    return img + photo - guided_filter(photo, photo, DETAIL_RADIUS, DETAIL_EPSILON)


def guided_filter(
    photo: numpy.ndarray, img: numpy.ndarray, radius: int, epsilon: float
) -> numpy.ndarray:
    """Return a picture smoothed but at the photo's edges: the mean of all windows' models of it.

    Parameters
    ----------
    photo, img : numpy.ndarray of shape (h, w, 3)
    radius, epsilon
        As of `affine_models`.
    """
    models = affine_models(photo, img, radius, epsilon)
    return applied(_mean(models, radius), photo)


def affine_models(
    photo: numpy.ndarray, img: numpy.ndarray, radius: int, epsilon: float
) -> numpy.ndarray:
    r"""Return, for the window around each pixel, the affine function of the photo nearest to img.

    .. math:: M = (\Sigma_{II} + \varepsilon \mathbf{1})^{-1} \Sigma_{IO}, \qquad
              b = \mu_O - M^\top \mu_I

    with the means and covariances of the window, as far as it lies in the picture.

    Parameters
    ----------
    photo, img : numpy.ndarray of shape (h, w, 3)
        I and O.
    radius : int
        The window has 2 r + 1 pixels a side.
    epsilon : float
        Draws M to 0.

    Returns
    -------
    numpy.ndarray of shape (h, w, 4, 3), float64
        The three rows of M, then b.
    """
    photo, img = photo.astype('float64'), img.astype('float64')
    mean_photo, mean_img = _mean(photo, radius), _mean(img, radius)

    def covariance(P: numpy.ndarray, mean_P: numpy.ndarray) -> numpy.ndarray:
        products = photo[..., :, None] * P[..., None, :]
        return _mean(products, radius) - mean_photo[..., :, None] * mean_P[..., None, :]

    ridge = covariance(photo, mean_photo) + epsilon * numpy.eye(3)
    M = numpy.linalg.solve(ridge, covariance(img, mean_img))
    b = mean_img - numpy.einsum('hwi,hwio->hwo', mean_photo, M)
    return numpy.concatenate([M, b[..., None, :]], axis=2)


def applied(models: numpy.ndarray, photo: numpy.ndarray) -> numpy.ndarray:
    """Return what models (h, w, 4, 3) make of a photo, each of its own pixel."""
    return numpy.einsum('hwi,hwio->hwo', photo, models[..., :3, :]) + models[..., 3, :]


def _mean(numbers: numpy.ndarray, radius: int) -> numpy.ndarray:
    """Return the mean, over the window around each pixel, of numbers of shape (h, w, ...)."""
    from scipy.ndimage import uniform_filter  # type: ignore[import-untyped]

    size = (2 * radius + 1,) * 2
    count = uniform_filter(numpy.ones(numbers.shape[:2]), size, mode='constant')
    rest = numbers.ndim - 2
    total = uniform_filter(numbers, (*size, *[1] * rest), mode='constant')
    return total / count.reshape(*count.shape, *[1] * rest)
