r"""Pictures larger than memory: the loss and its exact gradient, computed tile by tile.

What fills the memory is not the picture but what the network says of it, which has to be kept
until the gradient is known. Here the network looks at one part of the picture at a time. The
parts are not painted one by one: all of them serve one loss of the whole picture, the same number
as that of `objective.objective`, with the same gradient. So there are no seams to hide.

The style needs two passes, because every pixel has a say in a layer's Gram matrix, and the
gradient of each depends on the whole matrix. Let the cores :math:`t` cut the picture into parts
without overlap, :math:`F_{\ell t}` be the part of layer :math:`\ell`'s output over a core, one row
for each of the c channels, and h and w the size of the whole output.

Pass 1, without a gradient, adds up the matrices and so knows the loss, and how it changes with
them:

.. math:: \mathbf{G}_\ell = \sum_t \frac{1}{chw} F_{\ell t} F_{\ell t}^\top, \quad
          L_\ell = \frac{w_s^\ell}{c^2} \sum (\mathbf{G}_\ell - \mathbf{A}_\ell)^2, \quad
          \mathbf{D}_\ell = \frac{\partial L_\ell}{\partial \mathbf{G}_\ell}
          = \frac{2 w_s^\ell}{c^2} (\mathbf{G}_\ell - \mathbf{A}_\ell).

The content loss is a sum over pixels, and needs no more than to be added up. Pass 2 looks at each
part again, now with a gradient, and carries back to the picture

.. math:: \frac{\partial l}{\partial X} = \sum_t \sum_\ell \left(
          \left\langle \mathbf{D}_\ell, \frac{\partial}{\partial X}
          \frac{1}{chw} F_{\ell t} F_{\ell t}^\top \right\rangle
          + \left\langle \frac{2 w_c^\ell}{chw} (F_{\ell t} - P_{\ell t}),
          \frac{\partial F_{\ell t}}{\partial X} \right\rangle \right).

For its core the network is shown a crop, larger by a halo: as far as the deepest layer that is
asked sees to a side. Then what it says of the core is what it says of it in the whole picture.
Crops begin where the windows of all poolings begin, and end at the picture's borders or at such a
line, so that pixels are pooled with the same neighbours, and an odd row or column at the end is
left out as in the whole; at the picture's borders there is no halo, so the zero padding of the
convolutions is there, and only there, as in the whole.
"""

from __future__ import annotations

import math
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
from mxnet import autograd, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.errors import InputError
from styletransfer.images import ImageShape, preprocess
from styletransfer.losses import TV_MEANS, content_loss, gram, same_shape
from styletransfer.machine import return_freed_memory
from styletransfer.objective import Loss, Terms, known_gradient, named
from styletransfer.recipes import Recipe
from styletransfer.vgg import Layer, extract_features, layer_index

Guides = Sequence[Sequence[np.ndarray]]  # [region][style layer], masks of shape (1, 1, h, w)

ALIGNED = 16  # tiles and halos are multiples: the four poolings before conv5_1 halve it to 1
WIDER = 2  # the first pass keeps nothing for a gradient, so its tiles may be larger
HALO = 80  # of conv5_1, for estimates only


class Geometry(NamedTuple):
    """What a layer's outputs stand for in pixels of the picture."""

    stride: int  # pixels from one output to the next, and so the side of an output's cell
    radius: int  # pixels that an output sees on each side of its cell
    channels: int


def geometry(net: nn.HybridSequential) -> List[Geometry]:
    r"""Return the geometry of each layer of a network.

    A convolution of kernel k adds :math:`s (k - 1) / 2` to the radius, with s the stride there.
    A pooling of stride 2 makes of four cells one, which sees no further than they do together.
    """
    layers, here = [], Geometry(1, 0, 3)
    for layer in net:
        if isinstance(layer, nn.Conv2D):
            reach = here.stride * (layer.weight.shape[2] - 1) // 2
            here = Geometry(here.stride, here.radius + reach, layer.weight.shape[0])
        elif not isinstance(layer, nn.Activation):
            here = here._replace(stride=here.stride * layer._kwargs.get('stride')[0])
        layers.append(here)
    return layers


class Span(NamedTuple):
    """Part of a side of the picture, in pixels: a core, and the crop that has it and its halo."""

    start: int
    stop: int
    core_start: int
    core_stop: int


def spans(length: int, tile: int, halo: int, aligned: int = ALIGNED) -> List[Span]:
    r"""Cut a side of the picture into cores, each in a crop with its halo.

    There are as few crops as possible, of the same length, which is `tile` and two halos at most:

    .. math:: p = \frac{\mathrm{length} + 2 (n - 1) \, \mathrm{halo}}{n}

    rounded up to a multiple of `aligned`. MXNet prepares anew for each size of its input, so many
    sizes would be slow: only the last crop may be a little longer, by what is left of the length.
    A core at the picture's border has its crop's halo on one side only, and is larger.

    Parameters
    ----------
    length : int
        Of the side.
    tile, halo, aligned : int
        `halo` is a multiple of `aligned`. A tile smaller than `aligned` is taken as that.
    """
    limit = max(tile // aligned, 1) * aligned + 2 * halo
    if length <= limit:
        return [Span(0, length, 0, length)]
    n = 1 + math.ceil((length - limit) / (limit - 2 * halo))
    crop = _round_up(math.ceil((length + 2 * (n - 1) * halo) / n), aligned)
    core = crop - 2 * halo
    starts = [i * core for i in range(n - 1)]
    cuts = [0, *(start + crop - halo for start in starts), length]
    starts.append((length - crop) // aligned * aligned)
    stops = [start + crop for start in starts[:-1]] + [length]
    return [Span(*span) for span in zip(starts, stops, cuts[:-1], cuts[1:])]


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


class Window(NamedTuple):
    """A tile: rows and columns of the picture."""

    rows: Span
    columns: Span

    @property
    def crop(self) -> Tuple[slice, ...]:
        """Return where the crop lies in an array of shape (n, 3, h, w)."""
        return _last_axes(*(slice(span.start, span.stop) for span in self))

    def inside(self, layer: Geometry) -> Tuple[slice, ...]:
        """Return where the core lies in a layer's output for the crop."""
        return _last_axes(
            *(
                slice(
                    (span.core_start - span.start) // layer.stride,
                    (span.core_stop - span.start) // layer.stride,
                )
                for span in self
            )
        )

    def whole(self, layer: Geometry) -> Tuple[slice, ...]:
        """Return where the core lies in a layer's output for the whole picture."""
        return _last_axes(
            *(
                slice(span.core_start // layer.stride, span.core_stop // layer.stride)
                for span in self
            )
        )

    def cells(self, layer: Geometry) -> int:
        """Return how many pixels the core has in a layer's output."""
        return math.prod(part.stop - part.start for part in self.whole(layer)[2:])


def _last_axes(rows: slice, columns: slice) -> Tuple[slice, ...]:
    return slice(None), slice(None), rows, columns


class _Shaped(NamedTuple):
    """Stands for an array of which only the shape is asked."""

    shape: Tuple[int, ...]


class _Tiler:
    """A network that says of a picture, tile by tile, what `extract_features` says of it whole.

    Parameters
    ----------
    net : HybridSequential
        The truncated VGG, frozen.
    content_layers, style_layers : sequences of int or str
    tile : int
        Side of the cores.
    guides : list of lists of np.ndarray
        For each region a mask for each style layer, in the order of the network.
    """

    def __init__(
        self,
        net: nn.HybridSequential,
        content_layers: Sequence[Layer],
        style_layers: Sequence[Layer],
        tile: int,
        guides: Guides = (),
    ) -> None:
        if tile < ALIGNED or tile % ALIGNED:
            raise InputError(f'a tile of {tile} pixels cannot be: give a multiple of {ALIGNED}')
        self.tile, self.guides = tile, guides
        self.content_layers = sorted({layer_index(layer, net) for layer in content_layers})
        self.style_layers = sorted({layer_index(layer, net) for layer in style_layers})
        deepest = max([*self.content_layers, *self.style_layers], default=-1)
        # what lies behind is not asked
        self.net = net[: deepest + 1]
        layers = geometry(self.net)
        self.contents = [layers[i] for i in self.content_layers]
        self.styles = [layers[i] for i in self.style_layers]
        self.aligned = max([ALIGNED, *(layer.stride for layer in layers)])
        self.halo = _round_up(layers[-1].radius, self.aligned) if layers else 0

    def shapes(self, layers: Sequence[Geometry], X: np.ndarray) -> List[_Shaped]:
        """Return the shapes of layers' outputs for a picture."""
        n, _, h, w = X.shape
        return [_Shaped((n, g.channels, h // g.stride, w // g.stride)) for g in layers]

    def check(self, X: np.ndarray) -> None:
        """Raise InputError unless the masks have the sizes of the style layers' outputs."""
        for masks in self.guides:
            if len(masks) != len(self.styles):
                raise InputError(
                    f'a region has {len(masks)} masks for {len(self.styles)} style layers'
                )
            for mask, Y in zip(masks, self.shapes(self.styles, X)):
                same_shape(mask, _Shaped((1, 1, *Y.shape[2:])))

    def windows(self, X: np.ndarray, tile: int) -> Iterator[Window]:
        """Yield where each tile is; when the next is asked for, wait until one is done with."""
        if not len(self.net):  # nobody asks the network
            return
        height, width = X.shape[2:]
        for rows in spans(height, tile, self.halo, self.aligned):
            for columns in spans(width, tile, self.halo, self.aligned):
                yield Window(rows, columns)
                npx.waitall()  # or all would be under way, and in memory, at once

    def look(self, crop: np.ndarray, window: Window) -> Tuple[List[np.ndarray], List[np.ndarray]]:
        """Return what the network says of a crop's core.

        Returns
        -------
        contents : list of np.ndarray
            The content layers' outputs over the core.
        grams : list of np.ndarray
            The style layers' Gram matrices of the core; with guides one for each region and
            layer, all layers of the first region first.
        """
        contents, styles = extract_features(self.net, crop, self.content_layers, self.style_layers)
        contents = [Y[window.inside(g)] for Y, g in zip(contents, self.contents)]
        styles = [Y[window.inside(g)] for Y, g in zip(styles, self.styles)]
        if not self.guides:
            return contents, [gram(Y) for Y in styles]
        return contents, [
            gram(Y * mask[window.whole(g)])
            for masks in self.guides
            for Y, mask, g in zip(styles, masks, self.styles)
        ]

    def grams(
        self, X: np.ndarray, on_contents: Callable[[List[np.ndarray], Window], None]
    ) -> List[np.ndarray]:
        r"""Return the Gram matrices of a whole picture: the first pass.

        `gram` divides by the size of what it is given, hence

        .. math:: \mathbf{G} = \sum_t \frac{h_t w_t}{hw} \, \mathbf{G}_t.

        Parameters
        ----------
        X : np.ndarray of shape (n, 3, h, w)
        on_contents : callable
            Told the content layers' outputs over each core, and where it is.
        """
        total: List[np.ndarray] = []
        for window in self.windows(X, WIDER * self.tile):
            contents, grams = self.look(X[window.crop], window)
            on_contents(contents, window)
            shares = self.shares(window, X)
            if not total:
                total = [G * share for G, share in zip(grams, shares)]
                continue
            for G, sum_G, share in zip(grams, total, shares):
                sum_G += G * share
        return total

    def shares(self, window: Window, X: np.ndarray) -> List[float]:
        """Return the core's share of each style layer's output, regions as in `look`."""
        shares = [
            window.cells(g) / math.prod(Y.shape[2:])
            for g, Y in zip(self.styles, self.shapes(self.styles, X))
        ]
        return shares * max(len(self.guides), 1)


def get_contents(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
    tile: int,
) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Return what `objective.get_contents` does, computed in tiles.

    Raises
    ------
    InputError
        If `tile` is not a positive multiple of 16.
    """
    content_X = preprocess(content_img, image_shape, *recipe.mean_std).copyto(device)
    tiler = _Tiler(net, recipe.content_layers, (), tile)
    contents_Y = [np.zeros(Y.shape, ctx=device) for Y in tiler.shapes(tiler.contents, content_X)]

    def keep(cores: List[np.ndarray], window: Window) -> None:
        for Y, core, g in zip(contents_Y, cores, tiler.contents):
            Y[window.whole(g)] = core

    tiler.grams(content_X, keep)
    return content_X, contents_Y


def get_grams(
    net: nn.HybridSequential,
    recipe: Recipe,
    style_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
    tile: int,
    guides: Optional[Guides] = None,
) -> List[np.ndarray]:
    """Return the Gram matrices of the style layers, computed in tiles.

    Parameters
    ----------
    tile : int
        Side of a tile's core, a multiple of 16.
    guides : list of lists of np.ndarray, optional
        As those of `objective`, for the style picture.

    Returns
    -------
    list of np.ndarray of shape (1, c, c)
        One for each layer in the order of the network; with guides, all those of the first
        region, then all those of the second.

    Raises
    ------
    InputError
        If `tile` is not a positive multiple of 16, or the guides do not fit the layers.
    """
    style_X = preprocess(style_img, image_shape, *recipe.mean_std).copyto(device)
    tiler = _Tiler(net, (), recipe.style_layers, tile, guides or ())
    tiler.check(style_X)
    return tiler.grams(style_X, lambda contents, window: None)


def objective(
    net: nn.HybridSequential,
    recipe: Recipe,
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
    tile: int,
    guides: Guides = (),
) -> Loss:
    r"""Return the function that judges a picture as that of `objective.objective`, in tiles.

    Parameters
    ----------
    net : HybridSequential
        The truncated VGG, frozen.
    recipe : Recipe
        Layers and weights of the loss.
    contents_Y, styles_Y_gram : sequences of np.ndarray
        From `get_contents` and `get_grams`, or their namesakes that compute in one piece.
    tile : int
        Side of a tile's core, a multiple of 16. It sets the memory: with the halos, a tile of
        the full VGG-19 at 512 takes what a whole picture of 672x672 would.
    guides : list of lists of np.ndarray
        For each region of the picture a mask for each style layer, in the order of the network,
        of shape (1, 1, h, w) as the layer's output. The style is then asked of each region by
        itself, by the Gram matrix of the output times the mask. None: of the picture as a whole.

    Returns
    -------
    callable
        Given the picture, inside ``autograd.record``, it does all the work at once, the gradient
        included: the sum it returns only hands out, when ``backward`` is called, what is known
        already. Outside, it computes no gradient.

    Raises
    ------
    InputError
        If `tile` is not a positive multiple of 16; by the function, if a picture does not fit
        `contents_Y`, `styles_Y_gram` or the guides.
    """
    tiler = _Tiler(net, recipe.content_layers, recipe.style_layers, tile, guides)

    def loss(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        recording = autograd.is_recording()
        with autograd.pause(train_mode=False):
            contents_l, styles_l, tv_l, gradient = _judge(
                tiler, recipe, X.detach(), contents_Y, styles_Y_gram, recording
            )
            terms, l = named(contents_l, styles_l, tv_l, sum(contents_l + styles_l + [tv_l]))
        return terms, known_gradient(l, X, gradient) if recording else l

    return loss


def _judge(
    tiler: _Tiler,
    recipe: Recipe,
    X: np.ndarray,
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
    with_gradient: bool,
) -> Tuple[List[np.ndarray], List[np.ndarray], np.ndarray, Optional[np.ndarray]]:
    """Return the weighted losses and, if wanted, the gradient of their sum: both passes."""
    tiler.check(X)
    shapes = tiler.shapes(tiler.contents, X)
    style_shapes = tiler.shapes(tiler.styles, X) * max(len(tiler.guides), 1)
    given, asked = (len(contents_Y), len(styles_Y_gram)), (len(shapes), len(style_shapes))
    if given != asked:
        raise InputError(
            f'{given[0]} contents and {given[1]} Gram matrices are given, but the layers and '
            f'regions ask for {asked[0]} and {asked[1]}'
        )
    for shape, Y in zip(shapes, contents_Y):
        same_shape(shape, Y)
    content_weights = recipe.content_weights(shapes, contents_Y, X)
    style_weights = recipe.style_weights(style_shapes, styles_Y_gram, X)

    # first of all, so that what it needs is free again when the tiles come
    return_freed_memory()
    tv_l, gradient = _total_variation(recipe, X)
    return_freed_memory()

    contents_l = [np.zeros((), ctx=X.ctx) for _ in shapes]

    def add_content(cores: List[np.ndarray], window: Window) -> None:
        for i, (core, g) in enumerate(zip(cores, tiler.contents)):
            share = window.cells(g) / math.prod(shapes[i].shape[2:])
            mean = content_loss(core, contents_Y[i][window.whole(g)])
            contents_l[i] += mean * (share * content_weights[i])

    grams = tiler.grams(X, add_content)
    styles_l, slopes = [], []
    for G, A, weight in zip(grams, styles_Y_gram, style_weights):
        same_shape(G, A)
        styles_l.append(np.square(G - A).mean() * weight)
        slopes.append((G - A) * (2 * weight / G.size))
    if not with_gradient:
        return contents_l, styles_l, tv_l, None

    def add_gradient(window: Window) -> None:
        crop = X[window.crop]
        crop.attach_grad()
        with autograd.record():  # not for prediction: max pooling would not note what it took
            cores, core_grams = tiler.look(crop, window)
        head_grads = []
        for Y, P, g, weight in zip(cores, contents_Y, tiler.contents, content_weights):
            head_grads.append((Y - P[window.whole(g)]) * (2 * weight / P.size))
        for D, share in zip(slopes, tiler.shares(window, X)):
            head_grads.append(D * share)
        autograd.backward([*cores, *core_grams], head_grads)
        gradient[window.crop] += crop.grad

    for window in tiler.windows(X, tiler.tile):
        add_gradient(window)  # whose variables are forgotten before the next tile
    return contents_l, styles_l, tv_l, gradient


def _total_variation(recipe: Recipe, X: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the weighted total variation of the whole picture, and its gradient.

    Channels have nothing to do with each other there: one at a time takes a third of the memory.
    """
    channels = X.shape[1]
    weight = recipe.tv_weight / (channels if recipe.tv in TV_MEANS else 1)
    tv_l, gradient = np.zeros((), ctx=X.ctx), np.zeros_like(X)
    for c in range(channels):
        channel = X[:, c : c + 1]
        channel.attach_grad()
        with autograd.record():
            l = recipe.tv_loss(channel) * weight
        l.backward()
        tv_l += l
        gradient[:, c : c + 1] = channel.grad
        npx.waitall()  # or the next one would be under way, and in memory, too
    return tv_l, gradient
