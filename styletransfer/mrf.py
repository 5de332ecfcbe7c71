r"""Patches in place of Gram matrices: the picture is made of small pieces of the painting.

A Gram matrix forgets where anything is. Here each patch of a layer's output, 3x3 positions of it,
is asked to be like one patch of the painting's output: that which it resembles most. So what was
next to each other in the painting stays so, and an eye may become another eye, not a mixture.

.. math:: q(p) = \arg\max_{q} \frac{\langle p, q \rangle}{|q|}, \quad
          L = \frac{1}{chw} \sum_{x} \frac{1}{n(x)} \sum_{p \ni x}
              \left(\hat{Y}_x - q(p)_x\right)^2

with x the positions of all channels, and n(x) the number of patches that have x. Patches are
matched anew whenever the picture is looked at. Then q is held fixed, so that the gradient is

.. math:: \frac{\partial L}{\partial \hat{Y}_x} = \frac{2}{chw} \Big(\hat{Y}_x
          - \frac{1}{n(x)} \sum_{p \ni x} q(p)_x\Big),

the way to the mean of what the patches there should be. What a position should be depends on its
neighbours alone: the layer is a Markov random field.

Li, Wand: Combining Markov random fields and convolutional neural networks for image synthesis,
CVPR 2016.

Departures: their program takes steps of a fixed length down the gradient, and computes no loss;
L-BFGS searches here, so the loss is the one that has their gradient. A turned painting is cut to
the largest box of its own aspect ratio, theirs to the largest of all. Their numbers are
`recipes.CNNMRF`, ours `recipes.MRF`.
"""

from __future__ import annotations

import math
import time
from functools import partial
from itertools import zip_longest
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import autograd, nd, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.errors import InputError
from styletransfer.images import ImageShape, resized
from styletransfer.objective import LayerTerm
from styletransfer.recipes import Recipe, scaled_shape, shape_text
from styletransfer.vgg import BACKBONES, SMALLEST_SIDE, Layer, layer_indices, poolings
from styletransfer.windows import geometry

SIDE = 3  # of a patch, in positions of a layer's output
TURN = 7.5  # degrees from one rotation of a painting to the next: pi / 24
GROWTH = 1.05  # from one size of a painting to the next
MATCHED = 2**25  # bytes that the products of matching may take at a time


def patches(Y: np.ndarray, stride: int) -> np.ndarray:
    """Return the patches of a layer's output, one in each row.

    They begin at every `stride`-th row and column, and at the last of each, so that all positions
    up to the border are in one.

    Parameters
    ----------
    Y : np.ndarray of shape (1, c, h, w)
        With h and w at least 3.
    stride : int

    Returns
    -------
    np.ndarray of shape (m, 9 c)
        In each row nine numbers of the first channel, then nine of the second.
    """
    bands = [Y] if (Y.shape[2] - SIDE) % stride == 0 else [Y, Y[:, :, -SIDE:]]
    if (Y.shape[3] - SIDE) % stride:
        bands += [band[:, :, :, -SIDE:] for band in bands]
    window = {'kernel': (SIDE, SIDE), 'stride': (stride, stride)}
    columns = [nd.im2col(band.as_nd_ndarray(), **window).as_np_ndarray() for band in bands]
    return np.concatenate(columns, axis=2)[0].T


def overlaps(shape: Tuple[int, int], stride: int, device: mx.Context) -> np.ndarray:
    """Return how many of the `patches` have each position of an output of shape (h, w).

    That is how fast the sum of all patches grows with the number there.
    """
    ones = np.ones((1, 1, *shape), ctx=device)
    ones.attach_grad()
    with autograd.record():
        total = patches(ones, stride).sum()
    total.backward()
    return ones.grad


class Bank(NamedTuple):
    """The patches of paintings at a layer: their directions, and how long they are."""

    units: np.ndarray  # (m, 9 c), each row of length 1; or 0, where nothing fires
    lengths: np.ndarray  # (m, 1)

    @property
    def loudness(self) -> np.ndarray:
        """Return the root mean square of each patch, (m, 1)."""
        return self.lengths / math.sqrt(self.units.shape[1])

    def nearest(self, P: np.ndarray) -> np.ndarray:
        r"""Return for each row p of P, (n, 9 c), the number of the patch that it resembles most.

        .. math:: \arg\max_{q} \frac{\langle p, q \rangle}{|q|}

        To divide by the length of p, too, would change nothing. All pairs are one product of two
        matrices, computed for so many of the bank's patches at a time that it fits `MATCHED`.
        """
        rows = max(1, MATCHED // (4 * len(P)))
        best = np.full((len(P), 1), -np.inf, ctx=P.ctx)
        number = np.zeros_like(best)
        for start in range(0, len(self.units), rows):
            units = self.units[start : start + rows].as_nd_ndarray()
            scores = nd.dot(P.as_nd_ndarray(), units, transpose_b=True)  # (n, rows)
            score, place = (Y.as_np_ndarray() for Y in nd.topk(scores, axis=1, ret_typ='both'))
            number = np.where(score > best, place + start, number)
            best = np.maximum(score, best)
            npx.waitall()  # or all products would be under way, and in memory, at once
        return number[:, 0].astype('int32')

    def patches(self, numbers: np.ndarray) -> np.ndarray:
        """Return the patches of these numbers, one in each row."""
        return np.take(self.units, numbers, axis=0) * np.take(self.lengths, numbers, axis=0)


def make_bank(P: Sequence[np.ndarray]) -> Bank:
    """Return the bank of the patches of several paintings, each of shape (m, 9 c)."""
    lengths = np.concatenate([np.sqrt(np.square(p).sum(axis=1, keepdims=True)) for p in P])
    units = np.concatenate(P)
    units /= np.maximum(lengths, 1e-30)
    return Bank(units, lengths)


class Region(NamedTuple):
    """A part of a layer's output, or all of it, and the patches of which it is to be made."""

    bank: Bank
    kept: np.ndarray  # (n,), the numbers of the output's patches that are in the region
    shares: np.ndarray  # (n, 1, 9), how much each position of each of them counts


def make_region(
    bank: Bank, shape: Tuple[int, int], stride: int, inside: Optional[np.ndarray] = None
) -> Region:
    """Return a region of an output of shape (1, c, h, w), where `shape` is (h, w).

    A position counts 1, shared by all patches that have it; in a region a patch counts as much of
    that as it is inside.

    Parameters
    ----------
    inside : np.ndarray of shape (m,), optional
        Of `insides`, for all patches of the output. None: the region is the whole.
    """
    device = bank.units.ctx
    shares = patches(1 / overlaps(shape, stride, device), stride)
    if inside is None:
        inside = np.ones(len(shares), ctx=device)
    kept = np.array(numpy.flatnonzero(inside.asnumpy()), dtype='int32', ctx=device)
    shares = np.take(shares * inside.reshape(-1, 1), kept, axis=0)
    return Region(bank, kept, shares.reshape(-1, 1, SIDE**2))


def insides(mask: np.ndarray, stride: int, layer: Layer, name: str = 'region') -> np.ndarray:
    """Return how much of each of a layer's patches lies in a mask: its mean there, (m,).

    Parameters
    ----------
    mask : np.ndarray of shape (1, 1, h, w)
        As the layer sees it.
    layer, name
        Of what, for the error.

    Raises
    ------
    InputError
        If no patch lies at least half in it.
    """
    inside = patches(mask, stride).mean(axis=1)
    if float(inside.max()) < 0.5:
        raise InputError(
            f'{name} has no patch of {SIDE}x{SIDE} positions at {layer}: make the region or the '
            'picture larger, or leave that layer out with --patch-layers'
        )
    return inside


def half_inside(P: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return those of the patches P, (m, 9 c), that lie at least half in a mask (`insides`)."""
    kept = np.array(numpy.flatnonzero(inside.asnumpy() >= 0.5), dtype='int32', ctx=P.ctx)
    return np.take(P, kept, axis=0)


def patch_loss(Y_hat: np.ndarray, region: Region, stride: int) -> np.ndarray:
    r"""Return how far the patches of a layer's output are from those that they resemble most.

    .. math:: L = \frac{1}{chw} \sum_{p} m_p \sum_{x \in p} \frac{1}{n(x)}
                  \left(\hat{Y}_x - q(p)_x\right)^2

    with n(x) the number of patches that have the position x, and m how much of a patch is in the
    region. The match q is held fixed when this is differentiated.

    Parameters
    ----------
    Y_hat : np.ndarray of shape (1, c, h, w)
        A layer's output for the generated picture.
    region : Region
        Made for that shape.
    stride : int

    Returns
    -------
    np.ndarray of shape ()
    """
    P = np.take(patches(Y_hat, stride), region.kept, axis=0)
    with autograd.pause():
        Q = region.bank.patches(region.bank.nearest(P))
    squares = np.square(P - Q).reshape(len(P), -1, SIDE**2)
    return (squares * region.shares).sum() / Y_hat.size


def layer_terms(
    net: nn.HybridSequential,
    recipe: Recipe,
    image_shape: ImageShape,
    banks: Sequence[Sequence[Bank]],
    inside: Sequence[Sequence[np.ndarray]] = (),
) -> List[LayerTerm]:
    """Return what judges the output of each patch layer, in the order of the network.

    Parameters
    ----------
    net, recipe, image_shape
        The network; layers, stride and weights of the patches; the size of the picture.
    banks : list of lists of Bank
        For each region a bank for each layer.
    inside : list of lists of np.ndarray, optional
        As the banks: `insides` of the region. None: the only region is the whole picture.
    """
    stride, found = recipe.patch_stride, geometry(net)
    terms: List[LayerTerm] = []
    for k, i in enumerate(layer_indices(recipe.patch_layers, net)):
        width, height = (side // found[i].stride for side in image_shape)
        regions = [
            make_region(bank[k], (height, width), stride, shares[k] if shares else None)
            for bank, shares in zip_longest(banks, inside)
        ]
        weight = partial(recipe.patch_weight_at, k)
        terms.append(partial(_term, regions=regions, stride=stride, weight=weight))
    return terms


def _term(
    Y_hat: np.ndarray, regions: Sequence[Region], stride: int, weight: Callable[..., Any]
) -> np.ndarray:
    return sum(
        patch_loss(Y_hat, region, stride) * weight(Y_hat.shape, region.bank.loudness)
        for region in regions
    )


# --- the paintings, turned and resized -----------------------------------------------------------


def variant_shapes(recipe: Recipe, image_shape: ImageShape) -> Iterator[ImageShape]:
    """Yield the shapes of the `variants` of a painting."""
    for scale, degrees in _variations(recipe):
        yield _inner_shape(scaled_shape(image_shape, scale), degrees)


def variants(recipe: Recipe, img: np.ndarray, image_shape: ImageShape) -> Iterator[np.ndarray]:
    """Yield a painting, (height, width, channels), in all sizes and rotations of a recipe."""
    for scale, degrees in _variations(recipe):
        yield turned(resized(img, scaled_shape(image_shape, scale)), degrees)


def _variations(recipe: Recipe) -> Iterator[Tuple[float, float]]:
    for k in range(-recipe.patch_scales, recipe.patch_scales + 1):
        for r in range(-recipe.patch_rotations, recipe.patch_rotations + 1):
            yield GROWTH**k, TURN * r


def turned(img: np.ndarray, degrees: float) -> np.ndarray:
    """Return a picture, turned, without what has come from outside of it."""
    if not degrees:
        return img
    from scipy import ndimage  # type: ignore[import-untyped]

    height, width = img.shape[:2]
    new_width, new_height = _inner_shape((width, height), degrees)
    top, left = (height - new_height) // 2, (width - new_width) // 2
    whole = ndimage.rotate(img.asnumpy(), degrees, reshape=False, order=1, mode='nearest')
    return np.array(whole[top : top + new_height, left : left + new_width], ctx=img.ctx)


def _inner_shape(image_shape: ImageShape, degrees: float) -> ImageShape:
    r"""Return the largest shape of the same aspect ratio that fits into a picture, turned.

    A box of s times the picture's sides w and h, turned by :math:`\alpha`, is
    :math:`s (w |\cos\alpha| + h |\sin\alpha|)` wide, which must not be more than w, and
    :math:`s (w |\sin\alpha| + h |\cos\alpha|)` high. On either side as many pixels are left over.
    """
    (w, h), angle = image_shape, math.radians(degrees)
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    share = min(w / (w * cos + h * sin), h / (w * sin + h * cos))
    width, height = (side - 2 * math.ceil(side * (1 - share) / 2) for side in image_shape)
    return width, height


# --- what it takes -------------------------------------------------------------------------------


def count(layer: Layer, image_shape: ImageShape, stride: int) -> int:
    """Return how many patches a layer's output for a picture of this shape has."""
    return math.prod(
        math.ceil(((side >> poolings(layer)) - SIDE) / stride) + 1 for side in image_shape
    )


def check_shape(recipe: Recipe, image_shape: ImageShape, of: str = 'picture') -> None:
    """Raise InputError if a patch layer's output for a picture of this shape has no patch."""
    if min(image_shape) < SMALLEST_SIDE:
        raise InputError(
            f'a {of} of {shape_text(image_shape)} is too small: make it larger, leave out that '
            'stage with --epochs, or turn and resize the painting less'
        )
    for layer in recipe.patch_layers:
        width, height = (side >> poolings(layer) for side in image_shape)
        if min(width, height) < SIDE:
            raise InputError(
                f'{layer} sees a {of} of {shape_text(image_shape)} as {width}x{height} positions, '
                f'but a patch has {SIDE}x{SIDE}: make it larger, leave out that stage with '
                '--epochs, or that layer with --patch-layers'
            )


class Matching(NamedTuple):
    """How much work and memory it takes to match all patches of a picture.

    `paintings` is how many a patch is matched with, `regions` how many times there are so many.
    """

    recipe: Recipe
    backbone: str  # a key of `vgg.BACKBONES`
    style_scale: float = 1.0
    paintings: int = 1
    regions: int = 1

    def check(self, image_shape: ImageShape) -> None:
        """Raise InputError if a layer has no patch of the picture, or of a painting."""
        check_shape(self.recipe, image_shape)
        for shape in variant_shapes(self.recipe, scaled_shape(image_shape, self.style_scale)):
            check_shape(self.recipe, shape, 'painting')

    def _layers(self, image_shape: ImageShape) -> Iterator[Tuple[int, int, int]]:
        """Yield for each layer the patches of the picture, of paintings, and their numbers."""
        stride, widths = self.recipe.patch_stride, BACKBONES[self.backbone].widths
        shapes = list(variant_shapes(self.recipe, scaled_shape(image_shape, self.style_scale)))
        for layer in self.recipe.patch_layers:
            numbers = SIDE**2 * widths[min(poolings(layer), len(widths) - 1)]
            bank = self.paintings * sum(count(layer, shape, stride) for shape in shapes)
            yield count(layer, image_shape, stride), bank, numbers

    def multiplications(self, image_shape: ImageShape) -> float:
        """Return how many of them an epoch takes."""
        return float(sum(math.prod(numbers) for numbers in self._layers(image_shape)))

    def bytes(self, image_shape: ImageShape) -> int:
        """Return about how many bytes the patches take: a model, fitted to measured peaks.

        Those of the paintings are there three times while they are put together. Those of the
        picture are there with their matches, and what is between them; and so are some products.
        """
        layers = list(self._layers(image_shape))
        banks = self.regions * sum(bank * numbers for _, bank, numbers in layers)
        ours = max((n * numbers for n, _, numbers in layers), default=0)
        scores = max((min(MATCHED, 4 * n * bank) for n, bank, _ in layers), default=0)
        return 4 * (3 * banks + 4 * ours) + 2 * scores


def seconds_per_multiplication(device: mx.Context) -> float:
    """Return how long one takes here when patches are matched: the quickest of some tries."""
    P = np.random.uniform(size=(1000, 1000), ctx=device)
    bank, ends = make_bank([P]), []
    for _ in range(4):
        bank.nearest(P).wait_to_read()
        ends.append(time.perf_counter())
    return min(end - start for start, end in zip(ends, ends[1:])) / P.size / len(P)
