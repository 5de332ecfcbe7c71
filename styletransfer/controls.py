r"""What one may ask for besides a recipe: several paintings, their scale, and where each goes.

Gatys, Ecker, Bethge, Hertzmann, Shechtman: Controlling perceptual factors in neural style
transfer, CVPR 2017. (Their control of colour is in `styletransfer.color`.)

All of it comes down to other Gram matrices: a mixture of paintings is a mixture of their matrices,
a larger stroke is the matrix of a larger painting, and a region has matrices of its own. The
loss and the training loop stay what they are.
"""

from __future__ import annotations

import math
from itertools import repeat
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
from mxnet import npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer import tiles
from styletransfer.errors import InputError
from styletransfer.images import ImageShape, resized
from styletransfer.losses import gram
from styletransfer.objective import (
    Loss,
    LossAt,
    Terms,
    balanced,
    compute_loss,
    get_contents,
    get_styles,
    named,
    objective,
)
from styletransfer.recipes import Recipe, scaled_shape, shape_text
from styletransfer.vgg import compiled, extract_features, layer_index, layer_names

Guide = List[np.ndarray]  # one mask (1, 1, h, w) for each style layer, in the network's order
TileAt = Callable[[ImageShape], Optional[int]]


class Style(NamedTuple):
    """A painting to take the style from, how much of it, and from where in it."""

    img: np.ndarray  # (height, width, 3), RGB in 0-255
    weight: float = 1.0  # with regions: of the region to which it goes
    mask: Optional[np.ndarray] = None  # (height, width), 0 where not to look, 1 where to


def cropped(img: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Return the middle of a picture or mask, as much as has the aspect ratio of `image_shape`.

    Resized without it, a painting of another shape is squeezed, and its strokes with it.
    """
    height, width = img.shape[:2]
    aspect = image_shape[0] / image_shape[1]
    new_width = min(width, max(1, round(height * aspect)))
    new_height = min(height, max(1, round(width / aspect)))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return img[top : top + new_height, left : left + new_width]


def mixed(grams: Sequence[Sequence[np.ndarray]], weights: Sequence[float]) -> List[np.ndarray]:
    r"""Return, layer by layer, the weighted mean of several paintings' Gram matrices.

    .. math:: \mathbf{G} = \frac{\sum_k w_k \mathbf{G}_k}{\sum_k w_k}

    Being near to the mean is the same as being near to each: with weights that sum to 1,
    :math:`\sum_k w_k \|\mathbf{X} - \mathbf{G}_k\|^2` is :math:`\|\mathbf{X} - \mathbf{G}\|^2`
    and something that does not depend on X.

    Raises
    ------
    InputError
        If the weights are not one for each painting, or all are 0.
    """
    check_weights(weights, len(grams))
    total = sum(weights)
    return [
        sum(matrix * (weight / total) for matrix, weight in zip(layer, weights))
        for layer in zip(*grams)
    ]


def check_weights(weights: Sequence[float], styles: int) -> None:
    """Raise InputError unless there is a weight for each style, none below 0, and not all 0."""
    if len(weights) != styles:
        raise InputError(f'{len(weights)} style weights given for {styles} styles')
    total = sum(weights)
    if not math.isfinite(total) or total <= 0 or min(weights) < 0:
        raise InputError('style weights must be numbers not below 0, and not all 0')


def check_regions(styles: int, content_masks: int, style_masks: int = 0) -> None:
    """Raise InputError unless so many styles and masks can go together."""
    if style_masks and not content_masks:
        raise InputError(
            '--style-mask is given without --content-mask: say with it where in the photo each '
            'style goes'
        )
    if content_masks and styles not in (1, content_masks):
        raise InputError(
            f'{styles} styles given for {content_masks} content masks: give one style for each, '
            'or one for all'
        )
    if style_masks not in (0, content_masks):
        raise InputError(
            f'{style_masks} style masks given for {content_masks} content masks: give one for '
            'each, or none'
        )


def guide(
    mask: np.ndarray,
    net: nn.HybridSequential,
    recipe: Recipe,
    image_shape: ImageShape,
    device: mx.Context,
    name: str = 'region',
) -> Guide:
    r"""Return a mask at the resolution of every style layer, scaled for a guided Gram matrix.

    At each pooling of the network four numbers of the mask become their mean, so borders turn
    soft, as it should be: the layer's outputs there have seen both sides. Then

    .. math:: T \leftarrow T \Big/ \sqrt{\tfrac{1}{hw} \textstyle\sum T^2},

    so that `gram` of an output times T is a mean over the region, whatever its size, and the
    plain matrix if the region is the whole picture.

    Parameters
    ----------
    mask : np.ndarray of shape (height, width)
        0 outside of the region, 1 inside, between at soft borders.
    net, recipe, image_shape, device
        The network, whose style layers are meant; the size of the picture.
    name : str
        Of the region, for the error.

    Raises
    ------
    InputError
        If nothing of the region is left at some layer: no position of it lies at least half in
        the region.
    """
    layers = sorted({layer_index(layer, net) for layer in recipe.style_layers})
    names, pooled = layer_names(net), []
    T = resized(mask.reshape(*mask.shape, 1), image_shape)
    T = T.reshape(1, 1, image_shape[1], image_shape[0]).copyto(device)
    for i, layer in enumerate(names[: layers[-1] + 1]):
        if layer.startswith('pool'):
            T = npx.pooling(T, kernel=(2, 2), stride=(2, 2), pool_type='avg')
        if i in layers:
            if float(T.max()) < 0.5:
                raise InputError(
                    f'{name} vanishes at {layer}, which sees a picture of '
                    f'{shape_text(image_shape)} as {T.shape[3]}x{T.shape[2]} positions: make the '
                    'region or the picture larger, or leave that layer out with --style-layers'
                )
            pooled.append(T / np.sqrt(np.square(T).mean()))
    return pooled


def guided(styles_Y: Sequence[np.ndarray], guides: Sequence[Guide]) -> List[np.ndarray]:
    r"""Return the style layers' outputs times each region's masks, region by region.

    .. math:: Y_{r,\ell} = T_{r,\ell} \circ Y_\ell
    """
    return [Y * T for masks in guides for Y, T in zip(styles_Y, masks)]


def guided_objective(
    net: nn.HybridSequential,
    recipe: Recipe,
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
    guides: Sequence[Guide],
    shares: Sequence[float] = (),
) -> Loss:
    """Return `objective.objective` with the style asked for region by region.

    `shares` says for each region by what its style losses are multiplied; by default by 1.
    """
    features = compiled(net, recipe.content_layers, recipe.style_layers)
    each = [share for masks, share in zip(guides, shares or repeat(1.0)) for _ in masks]
    guides = [[T.reshape(1, 1, -1) for T in masks] for masks in guides]  # as the features come

    def loss(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        contents_Y_hat, styles_Y_hat = features(X)
        contents_l, styles_l, tv_l, _ = compute_loss(
            recipe, X, contents_Y_hat, guided(styles_Y_hat, guides), contents_Y, styles_Y_gram
        )
        styles_l = [l * share for l, share in zip(styles_l, each)]
        return named(contents_l, styles_l, tv_l, sum(contents_l + styles_l + [tv_l]))

    return loss


def style_grams(
    net: nn.HybridSequential,
    recipe: Recipe,
    style: Style,
    image_shape: ImageShape,
    device: mx.Context,
    crop: bool = False,
    tile: Optional[int] = None,
) -> List[np.ndarray]:
    """Return a painting's Gram matrices, guided by its mask if it has one.

    Parameters
    ----------
    image_shape : (int, int)
        To which the painting is resized.
    crop : bool
        Take the middle that has this aspect ratio, in place of squeezing it.
    tile : int, optional
        Work in tiles of this many pixels.
    """
    img, mask = style.img, style.mask
    if crop:
        img = cropped(img, image_shape)
        mask = mask if mask is None else cropped(mask, image_shape)
    masks = mask if mask is None else guide(mask, net, recipe, image_shape, device, 'style mask')
    if tile:
        regions = [masks] if masks else None
        return tiles.get_grams(net, recipe, img, image_shape, device, tile, regions)
    style_X, styles_Y_gram = get_styles(net, recipe, img, image_shape, device)
    if masks is None:
        return styles_Y_gram
    _, styles_Y = extract_features(net, style_X, (), recipe.style_layers)
    return [gram(Y) for Y in guided(styles_Y, [masks])]


def controlled(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    styles: Sequence[Style],
    device: mx.Context,
    content_masks: Sequence[np.ndarray] = (),
    style_scale: float = 1.0,
    crop: bool = False,
    tile_at: TileAt = lambda image_shape: None,
    known: Optional[Dict[ImageShape, List[np.ndarray]]] = None,
) -> LossAt:
    """Return `objective.objectives` with all controls: what judges a picture, at any shape.

    Parameters
    ----------
    content_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255.
    styles : sequence of Style
        Without masks their Gram matrices are `mixed`; with masks the k-th goes where the k-th
        content mask says, or the only one everywhere, and its weight is that of the region.
    content_masks : sequence of np.ndarray of shape (height, width)
        The regions of the picture, from 0 to 1.
    style_scale : float
        The paintings are resized to this many times the picture's size; so are their strokes.
    crop : bool
        Keep the paintings' aspect ratio.
    tile_at : callable, optional
        Of an image shape, it returns the side of the tiles in which to work, or None.
    known : dict, optional
        Where to look for the Gram matrices of a shape, and to put them: pictures that are painted
        in the same styles can share it.

    Raises
    ------
    InputError
        If there are neither one nor as many styles as regions.
    """
    check_regions(len(styles), len(content_masks))
    regions = [[style] for style in styles] if content_masks else [list(styles)]
    if content_masks and len(regions) == 1:
        regions *= len(content_masks)
    shares = [style.weight for style, *_ in regions] if content_masks else []

    def style_targets(image_shape: ImageShape, size: Optional[int]) -> List[np.ndarray]:
        style_shape = scaled_shape(image_shape, style_scale)
        styles_Y_gram: List[np.ndarray] = []
        for group in regions:
            grams = [
                style_grams(net, recipe, style, style_shape, device, crop, size) for style in group
            ]
            styles_Y_gram += mixed(grams, [style.weight for style in group])
        return styles_Y_gram

    def loss_at(image_shape: ImageShape) -> Loss:
        size = tile_at(image_shape)
        if size:
            _, contents_Y = tiles.get_contents(net, recipe, content_img, image_shape, device, size)
        else:
            _, contents_Y = get_contents(net, recipe, content_img, image_shape, device)
        grams = {} if known is None else known
        if image_shape not in grams:
            grams[image_shape] = style_targets(image_shape, size)
        styles_Y_gram = grams[image_shape]
        guides = [
            guide(mask, net, recipe, image_shape, device, f'content mask {k}')
            for k, mask in enumerate(content_masks, start=1)
        ]
        if size:
            return tiles.objective(net, recipe, contents_Y, styles_Y_gram, size, guides, shares)
        if guides:
            loss = guided_objective(net, recipe, contents_Y, styles_Y_gram, guides, shares)
        else:
            loss = objective(net, recipe, contents_Y, styles_Y_gram)
        return balanced(loss, recipe)

    return loss_at
