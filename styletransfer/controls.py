r"""What one may ask for besides a recipe: several paintings, their scale, and where each goes.

Gatys, Ecker, Bethge, Hertzmann, Shechtman: Controlling perceptual factors in neural style
transfer, CVPR 2017. (Their control of colour is in `styletransfer.color`.)

All of it comes down to other Gram matrices: a mixture of paintings is a mixture of their matrices,
a larger stroke is the matrix of a larger painting, and a region has matrices of its own. The
loss and the training loop stay what they are. With patches (`mrf`) it comes down to other patches:
of all paintings together, of a larger one, or of one for each region.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import repeat
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
from mxnet import npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer import mrf, tiles
from styletransfer.errors import InputError
from styletransfer.images import ImageShape, resized
from styletransfer.losses import gram
from styletransfer.objective import (
    LayerTerm,
    Loss,
    LossAt,
    Terms,
    all_features,
    balanced,
    compute_loss,
    get_contents,
    get_styles,
    named,
    objective,
    with_patches,
)
from styletransfer.recipes import Recipe, scaled_shape, shape_text
from styletransfer.vgg import extract_features, layer_indices, layer_names

Guide = List[np.ndarray]  # one mask (1, 1, h, w) for each style layer, in the network's order
TileAt = Callable[[ImageShape], Optional[int]]


class Targets(NamedTuple):
    """What is asked of a picture of some shape in the style of paintings, region by region."""

    grams: List[np.ndarray]  # all those of the first region, then those of the second
    banks: List[List[mrf.Bank]]  # of each region, one for each patch layer


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
    r"""Return a mask as every style layer sees it (`at_layers`), scaled for a guided Gram matrix.

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
        As `at_layers`.
    """
    masks = at_layers(mask, net, recipe, 'style', image_shape, device, name)
    return [T / np.sqrt(np.square(T).mean()) for T in masks]


def at_layers(
    mask: np.ndarray,
    net: nn.HybridSequential,
    recipe: Recipe,
    kind: str,
    image_shape: ImageShape,
    device: mx.Context,
    name: str = 'region',
) -> Guide:
    """Return a mask at the resolution of the layers of a kind (`recipes.LAYER_KINDS`).

    At each pooling of the network four numbers of the mask become their mean, so borders turn
    soft, as it should be: the layer's outputs there have seen both sides.

    Raises
    ------
    InputError
        If nothing of the region is left at some layer: no position of it lies at least half in
        the region.
    """
    numbers = layer_indices(getattr(recipe, f'{kind}_layers'), net)
    names, pooled = layer_names(net), []
    T = resized(mask.reshape(*mask.shape[:2], 1), image_shape)
    T = T.reshape(1, 1, image_shape[1], image_shape[0]).copyto(device)
    for i, layer in enumerate(names[: max(numbers, default=-1) + 1]):
        if layer.startswith('pool'):
            T = npx.pooling(T, kernel=(2, 2), stride=(2, 2), pool_type='avg')
        if i in numbers:
            if float(T.max()) < 0.5:
                raise InputError(
                    f'{name} vanishes at {layer}, which sees a picture of '
                    f'{shape_text(image_shape)} as {T.shape[3]}x{T.shape[2]} positions: make the '
                    f'region or the picture larger, or leave that layer out with --{kind}-layers'
                )
            pooled.append(T)
    return pooled


def patch_guide(
    mask: np.ndarray,
    net: nn.HybridSequential,
    recipe: Recipe,
    image_shape: ImageShape,
    device: mx.Context,
    name: str = 'region',
) -> Guide:
    """Return how much of each patch lies in a mask, (m,), for every patch layer.

    Raises
    ------
    InputError
        As `at_layers` and `mrf.insides`.
    """
    names, stride = layer_names(net), recipe.patch_stride
    masks = at_layers(mask, net, recipe, 'patch', image_shape, device, name)
    layers = layer_indices(recipe.patch_layers, net)
    return [mrf.insides(T, stride, names[i], name) for T, i in zip(masks, layers)]


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
    patch_terms: Sequence[LayerTerm] = (),
    shares: Sequence[float] = (),
) -> Loss:
    """Return `objective.objective` with the style asked for region by region, and with patches.

    Parameters
    ----------
    guides : list of Guide
        One for each region. None: the picture as a whole.
    patch_terms : sequence of callables
        What judges the patch layers' outputs, in the order of the network (`mrf.layer_terms`).
    shares : sequence of float
        By what the style losses of each region are multiplied; by default by 1.

    Raises
    ------
    InputError
        If there is not one of `patch_terms` for each patch layer.
    """
    features = all_features(net, recipe, patch_terms)
    each = [share for masks, share in zip(guides, shares or repeat(1.0)) for _ in masks]
    guides = [[T.reshape(1, 1, -1) for T in masks] for masks in guides]  # as the features come

    def loss(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        contents_Y_hat, styles_Y_hat, patches_l = features(X)
        styles_Y_hat = guided(styles_Y_hat, guides) if guides else styles_Y_hat
        contents_l, styles_l, tv_l, _ = compute_loss(
            recipe, X, contents_Y_hat, styles_Y_hat, contents_Y, styles_Y_gram
        )
        if each:
            styles_l = [l * share for l, share in zip(styles_l, each)]
        l = sum(contents_l + styles_l + [tv_l])
        return with_patches(*named(contents_l, styles_l, tv_l, l), patches_l)

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


def patch_banks(
    net: nn.HybridSequential,
    recipe: Recipe,
    styles: Sequence[Style],
    image_shape: ImageShape,
    device: mx.Context,
    crop: bool = False,
    tile: Optional[int] = None,
) -> List[mrf.Bank]:
    """Return all patches of some paintings at each patch layer, those in the masks if there are.

    Parameters
    ----------
    image_shape, crop, tile
        As of `style_grams`.
    """
    if not recipe.patch_layers:
        return []
    looking = replace(recipe, content_layers=recipe.patch_layers, content_layer_weights=())
    found = []
    for img, mask in _variants(recipe, styles, image_shape, crop):
        shape = img.shape[1::-1]
        outputs = outputs_of(net, looking, img, shape, device, tile)
        P = [mrf.patches(Y, recipe.patch_stride) for Y in outputs]
        if mask is not None:
            insides = patch_guide(mask, net, recipe, shape, device, 'style mask')
            P = [mrf.half_inside(rows, inside) for rows, inside in zip(P, insides)]
        found.append(P)
        npx.waitall()  # or all paintings would be looked at, and in memory, at once
    return [mrf.make_bank(P) for P in zip(*found)]


def _variants(
    recipe: Recipe, styles: Sequence[Style], image_shape: ImageShape, crop: bool
) -> Iterator[Tuple[np.ndarray, Optional[np.ndarray]]]:
    """Yield each painting and its mask in all sizes and rotations."""
    for img, _, mask in styles:
        if crop:
            img = cropped(img, image_shape)
            mask = mask if mask is None else cropped(mask, image_shape)
        masks: Iterator[Optional[np.ndarray]] = repeat(None)
        if mask is not None:
            masks = mrf.variants(recipe, np.expand_dims(mask, axis=2), image_shape)
        yield from zip(mrf.variants(recipe, img, image_shape), masks)


def outputs_of(
    net: nn.HybridSequential,
    recipe: Recipe,
    img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
    tile: Optional[int],
) -> List[np.ndarray]:
    """Return what the content layers say of a picture, in tiles if there are any."""
    if tile:
        return tiles.get_contents(net, recipe, img, image_shape, device, tile)[1]
    return get_contents(net, recipe, img, image_shape, device)[1]


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
    known: Optional[Dict[ImageShape, Targets]] = None,
) -> LossAt:
    """Return `objective.objectives` with all controls: what judges a picture, at any shape.

    Parameters
    ----------
    content_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255.
    styles : sequence of Style
        Without masks their Gram matrices are `mixed`, and their patches are together in one bank;
        with masks the k-th goes where the k-th content mask says, or the only one everywhere, and
        its weight is that of the region's Gram matrices.
    content_masks : sequence of np.ndarray of shape (height, width)
        The regions of the picture, from 0 to 1.
    style_scale : float
        The paintings are resized to this many times the picture's size; so are their strokes.
    crop : bool
        Keep the paintings' aspect ratio.
    tile_at : callable, optional
        Of an image shape, it returns the side of the tiles in which to work, or None.
    known : dict, optional
        Where to look for the targets of a shape, and to put them: pictures that are painted in
        the same styles can share it.

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

    def style_targets(image_shape: ImageShape, size: Optional[int]) -> Targets:
        style_shape = scaled_shape(image_shape, style_scale)
        targets = Targets([], [])
        for group in regions:
            grams = [
                style_grams(net, recipe, style, style_shape, device, crop, size) for style in group
            ]
            targets.grams.extend(mixed(grams, [style.weight for style in group]))
            targets.banks.append(patch_banks(net, recipe, group, style_shape, device, crop, size))
        return targets

    def guides_at(image_shape: ImageShape, made_by: Callable[..., Guide]) -> List[Guide]:
        return [
            made_by(mask, net, recipe, image_shape, device, f'content mask {k}')
            for k, mask in enumerate(content_masks, start=1)
        ]

    def loss_at(image_shape: ImageShape) -> Loss:
        size = tile_at(image_shape)
        contents_Y = outputs_of(net, recipe, content_img, image_shape, device, size)
        targets = {} if known is None else known
        if image_shape not in targets:
            targets[image_shape] = style_targets(image_shape, size)
        styles_Y_gram, banks = targets[image_shape]
        guides = guides_at(image_shape, guide)
        insides = guides_at(image_shape, patch_guide)
        terms = mrf.layer_terms(net, recipe, image_shape, banks, insides)
        if size:
            given = contents_Y, styles_Y_gram, size, guides, terms, shares
            return tiles.objective(net, recipe, *given)
        if guides or terms:
            loss = guided_objective(net, recipe, contents_Y, styles_Y_gram, guides, terms, shares)
        else:
            loss = objective(net, recipe, contents_Y, styles_Y_gram)
        return balanced(loss, recipe)

    return loss_at
