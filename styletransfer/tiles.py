r"""Pictures larger than memory: the loss and its exact gradient, computed tile by tile.

What fills the memory is not the picture but what the network says of it, which has to be kept
until the gradient is known. Here the network looks at one tile of the picture at a time. The
tiles are not painted one by one: all of them serve one loss of the whole picture, the same number
as that of `objective.objective`, with the same gradient. So there are no seams to hide.

**Two passes.** The style needs them, because every pixel has a say in a layer's Gram matrix, and
the gradient of each depends on the whole matrix. Let the cores :math:`t` cut the picture into
tiles without overlap, :math:`F_{\ell t}` be what layer :math:`\ell` says of a core, one row for
each of the c channels, and h and w the size of the layer's whole output.

Pass 1, without a gradient, adds up the matrices and so knows the loss, and how it changes with
them:

.. math:: \mathbf{G}_\ell = \sum_t \frac{1}{chw} F_{\ell t} F_{\ell t}^\top, \quad
          L_\ell = \frac{w_s^\ell}{c^2} \sum (\mathbf{G}_\ell - \mathbf{A}_\ell)^2, \quad
          \mathbf{D}_\ell = \frac{\partial L_\ell}{\partial \mathbf{G}_\ell}
          = \frac{2 w_s^\ell}{c^2} (\mathbf{G}_\ell - \mathbf{A}_\ell).

The content loss is a sum over pixels, and needs no more than to be added up. Pass 2 looks at each
tile again, now with a gradient, and carries back to the picture

.. math:: \frac{\partial l}{\partial X} = \sum_t \sum_\ell \left\langle
          \frac{2}{chw} \mathbf{D}_\ell F_{\ell t}
          + \frac{2 w_c^\ell}{chw} (F_{\ell t} - P_{\ell t}),
          \frac{\partial F_{\ell t}}{\partial X} \right\rangle.

**Two parts.** A tile is shown with a halo, as wide as the network sees (`windows`), and what is
computed there is lost. conv5_1 sees 70 pixels to each side; the second pooling, behind which lies
half of the work, sees 6. So the network is cut there. What its first part says in the end, Z, is
put together from the cores for the whole picture. The second part is shown Z as if that were the
picture, in tiles that may be larger, as a pixel takes less memory there. On the way back it finds
Z's gradient, which the first part carries on to the picture, together with that of its layers:

.. math:: \sum_t \left\langle \frac{\partial l}{\partial Z_t},
          \frac{\partial Z_t}{\partial X} \right\rangle.

To keep only some outputs and compute the others again when their gradient is wanted is due to
Chen, Xu, Zhang, Guestrin: Training deep nets with sublinear memory cost, 2016.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import mxnet as mx
from mxnet import autograd, nd, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.errors import InputError
from styletransfer.images import ImageShape, preprocess
from styletransfer.losses import TV_MEANS, content_loss, gram, same_shape
from styletransfer.machine import return_freed_memory
from styletransfer.objective import (
    LayerTerm,
    Loss,
    Terms,
    check_terms,
    known_gradient,
    named,
    with_patches,
)
from styletransfer.recipes import Recipe
from styletransfer.vgg import compiled, layer_indices
from styletransfer.windows import ALIGNED, Geometry, Part, Place, Window, geometry, parts_of

Guides = Sequence[Sequence[np.ndarray]]  # [region][style layer], masks of shape (1, 1, h, w)


class _Whole:
    """Asks for a layer's output as a whole; has its gradient, when that is known."""

    def __init__(self, shape: Sequence[int], device: mx.Context) -> None:
        self.Y = np.zeros(shape, ctx=device)
        self.gradient: Any = None

    def see(self, core: np.ndarray, where: Place) -> None:
        """Take note of what is said of a core, and where that is in the whole."""
        self.Y[where] = core

    def slope(self, core: np.ndarray, where: Place) -> np.ndarray:
        """Return how the loss changes with that."""
        return self.gradient[where]

    def judged(self, term: LayerTerm) -> np.ndarray:
        """Return what a term says of the whole; from now on its gradient is known."""
        self.Y.attach_grad()
        with autograd.record():
            l = term(self.Y)
        l.backward()
        self.gradient = self.Y.grad
        return l.detach()


class _Content:
    """Asks how far a layer's output is from P, and adds it up."""

    def __init__(self, P: np.ndarray, weight: float) -> None:
        self.P, self.weight = P, weight
        self.l = np.zeros((), ctx=P.ctx)

    def see(self, core: np.ndarray, where: Place) -> None:
        self.l += content_loss(core, self.P[where]) * (self.weight * core.size / self.P.size)

    def slope(self, core: np.ndarray, where: Place) -> np.ndarray:
        return (core - self.P[where]) * (2 * self.weight / self.P.size)


class _Style:
    """Asks for a layer's Gram matrix, or a region's."""

    def __init__(self, shape: Sequence[int], mask: Optional[np.ndarray]) -> None:
        self.shape, self.mask = shape, mask
        self.G: Any = 0
        self.D: Any = None

    def seen(self, core: np.ndarray, where: Place) -> np.ndarray:
        """Return what of the core lies in the region."""
        return core if self.mask is None else core * self.mask[where]

    def judged(self, A: np.ndarray, weight: float) -> np.ndarray:
        """Return how far G is from A, weighted; from now on its gradient D is known."""
        same_shape(self.G, A)
        self.D = (self.G - A) * (2 * weight / A.size)
        return np.square(self.G - A).mean() * weight

    def see(self, core: np.ndarray, where: Place) -> None:
        # `gram` divides by the size of what it is given
        share = math.prod(core.shape[2:]) / math.prod(self.shape[2:])
        self.G = self.G + gram(self.seen(core, where)) * share

    def slope(self, core: np.ndarray, where: Place) -> np.ndarray:
        # of <D, G>, as both are symmetric
        F = self.seen(core, where).reshape(*core.shape[:2], -1).as_nd_ndarray()
        slope = nd.linalg.gemm2(self.D.as_nd_ndarray(), F, alpha=2 / math.prod(self.shape[1:]))
        return self.seen(slope.as_np_ndarray().reshape(core.shape), where)


Asked = Mapping[int, Sequence[Union[_Whole, _Content, _Style]]]  # by layer


class _Said(NamedTuple):
    """What a layer says of a crop; of it only the core counts."""

    Y: np.ndarray
    inside: Place  # where the core lies in Y
    where: Place  # and where in the layer's output for the whole picture


class _View(NamedTuple):
    """A crop, and what layers say of it."""

    crop: np.ndarray
    said: Dict[int, _Said]  # by layer


class _Eye:
    """A part of a network, which looks at its input tile by tile.

    Parameters
    ----------
    net : HybridSequential
        The whole network.
    part : Part
        Which of its layers.
    layers : sequence of int
        Those of the network whose outputs are asked for.
    tile : int
        In pixels of the picture.
    """

    def __init__(
        self, net: nn.HybridSequential, part: Part, layers: Sequence[int], tile: int
    ) -> None:
        self.part, self.tile = part, tile
        self.last = part.stop - 1
        inside = net[part.start : part.stop]
        found = dict(enumerate(geometry(inside), start=part.start))
        self.layers = {i: found[i] for i in found if i in layers or i == self.last}
        self.features = compiled(inside, [i - part.start for i in self.layers], (), static=False)

    def windows(self, X: np.ndarray) -> List[Window]:
        """Return where the tiles of an input lie."""
        return self.part.windows(X.shape[3], X.shape[2], self.tile)

    def whole(self, X: np.ndarray) -> _Whole:
        """Return what asks for the last layer's output for an input."""
        return _Whole(_output(X.shape, self.layers[self.last]), X.ctx)

    def look(self, X: np.ndarray, window: Window, recording: bool = False) -> _View:
        """Return what the layers say of a tile; recorded, if it is to be differentiated."""
        crop = X[window.crop]
        if recording:
            crop.attach_grad()
        with autograd.record() if recording else nullcontext():
            outputs, _ = self.features(crop)
        said = {
            i: _Said(Y, window.inside(g), window.whole(g))
            for (i, g), Y in zip(self.layers.items(), outputs)
        }
        return _View(crop, said)


def _output(shape: Sequence[int], layer: Geometry) -> Tuple[int, ...]:
    """Return the shape of a layer's output for an input of shape (n, c, h, w)."""
    n, _, h, w = shape
    return n, layer.channels, h // layer.stride, w // layer.stride


def _eyes(net: nn.HybridSequential, layers: Sequence[int], tile: int) -> List[_Eye]:
    """Return the network in parts, as far as the deepest layer that is asked.

    Raises
    ------
    InputError
        If `tile` is not a positive multiple of 16.
    """
    if tile < ALIGNED or tile % ALIGNED:
        raise InputError(f'a tile of {tile} pixels cannot be: give a multiple of {ALIGNED}')
    return_freed_memory()  # a stage before this one may have left much
    stop = max(layers, default=-1) + 1
    return [_Eye(net, part, layers, tile) for part in parts_of(net[:stop])]


def _look(
    eyes: Sequence[_Eye],
    X: np.ndarray,
    asked: Asked,
    judge: Callable[[], None],
    gradient: Optional[np.ndarray] = None,
) -> None:
    """Show a picture to all parts of a network, and carry back the gradient.

    Parameters
    ----------
    eyes : sequence of _Eye
        The parts, first to last.
    X : np.ndarray of shape (n, c, h, w)
        The input of the first.
    asked : dict
        For each layer, who asks for what it says.
    judge : callable
        Called when all who ask have seen the whole: gives them their gradients.
    gradient : np.ndarray of the shape of X, optional
        To which that of X is added. None: it is not wanted.
    """
    if not eyes:
        judge()
        return
    eye, behind = eyes[0], eyes[1:]
    windows, whole = eye.windows(X), None
    if behind:
        whole = eye.whole(X)
        asked = {**asked, eye.last: [*asked.get(eye.last, ()), whole]}
    # where the gradient is asked for at once, a single tile need not be looked at again
    once = gradient is not None and not behind and len(windows) == 1
    view = eye.look(X, windows[0], recording=True) if once else None
    for window in windows:
        _tell(view or eye.look(X, window), asked)
        npx.waitall()  # or all would be under way, and in memory, at once
    if whole is None:
        judge()
    else:
        if gradient is not None:
            whole.gradient = np.zeros_like(whole.Y)
        _look(behind, whole.Y, asked, judge, whole.gradient)
    if gradient is None:
        return
    for window in windows:
        gradient[window.crop] += _gradient(view or eye.look(X, window, recording=True), asked)
        npx.waitall()


def _tell(view: _View, asked: Asked) -> None:
    """Tell all who ask what is said of a tile."""
    for i, (Y, inside, where) in view.said.items():
        core = Y[inside]
        for one in asked[i]:
            one.see(core, where)


def _gradient(view: _View, asked: Asked) -> np.ndarray:
    """Return how the loss changes with what the layers were shown."""
    heads = []
    for i, (Y, inside, where) in view.said.items():
        core, head = Y[inside], np.zeros_like(Y)
        head[inside] = sum(one.slope(core, where) for one in asked[i])
        heads.append(head)
    autograd.backward([Y for Y, *_ in view.said.values()], heads)
    return view.crop.grad


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
    layers = layer_indices(recipe.content_layers, net)
    wholes = [_Whole(Y.shape, device) for Y in _outputs(net, layers, content_X)]
    asked = {i: [whole] for i, whole in zip(layers, wholes)}
    _look(_eyes(net, layers, tile), content_X, asked, lambda: None)
    return content_X, [whole.Y for whole in wholes]


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
        Side of the tiles, a multiple of 16.
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
    layers = layer_indices(recipe.style_layers, net)
    styles = _styles(_outputs(net, layers, style_X), guides or ())
    asked = {i: styles[k :: len(layers)] for k, i in enumerate(layers)}
    _look(_eyes(net, layers, tile), style_X, asked, lambda: None)
    return [style.G for style in styles]


class _Shaped(NamedTuple):
    """Stands for an array of which only the shape is asked."""

    shape: Tuple[int, ...]


def _outputs(net: nn.HybridSequential, layers: Sequence[int], X: np.ndarray) -> List[_Shaped]:
    """Return the shapes of layers' outputs for a picture."""
    found = geometry(net)
    return [_Shaped(_output(X.shape, found[i])) for i in layers]


def _styles(outputs: Sequence[_Shaped], guides: Guides) -> List[_Style]:
    """Return who asks for the style layers' Gram matrices, region by region.

    Raises
    ------
    InputError
        Unless the masks have the sizes of the style layers' outputs.
    """
    for masks in guides:
        if len(masks) != len(outputs):
            raise InputError(f'a region has {len(masks)} masks for {len(outputs)} style layers')
        for mask, Y in zip(masks, outputs):
            same_shape(mask, _Shaped((1, 1, *Y.shape[2:])))
    return [
        _Style(Y.shape, mask)
        for masks in guides or [[None] * len(outputs)]
        for Y, mask in zip(outputs, masks)
    ]


def objective(
    net: nn.HybridSequential,
    recipe: Recipe,
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
    tile: int,
    guides: Guides = (),
    patch_terms: Sequence[LayerTerm] = (),
    shares: Sequence[float] = (),
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
        Side of the tiles, a multiple of 16: it sets the memory. The first part of the network is
        shown as many pixels at once as a square of it has, and a halo, the second four times as
        many.
    guides : list of lists of np.ndarray
        For each region of the picture a mask for each style layer, in the order of the network,
        of shape (1, 1, h, w) as the layer's output. The style is then asked of each region by
        itself, by the Gram matrix of the output times the mask. None: of the picture as a whole.
    patch_terms : sequence of callables
        What judges the patch layers' outputs, as a whole.
    shares : list of float
        By what the style losses of each region are multiplied; by default by 1.

    Returns
    -------
    callable
        Given the picture, inside ``autograd.record``, it does all the work at once, the gradient
        included: the sum it returns only hands out, when ``backward`` is called, what is known
        already. Outside, it computes no gradient.

    Raises
    ------
    InputError
        If `tile` is not a positive multiple of 16, or `patch_terms` are not one for each patch
        layer; by the function, if a picture does not fit `contents_Y`, `styles_Y_gram` or the
        guides.
    """
    content_layers = layer_indices(recipe.content_layers, net)
    style_layers = layer_indices(recipe.style_layers, net)
    patch_layers = layer_indices(recipe.patch_layers, net)
    check_terms(patch_terms, patch_layers)
    eyes = _eyes(net, content_layers + style_layers + patch_layers, tile)
    each = [share for share in shares or [1.0] * max(1, len(guides)) for _ in style_layers]

    def judged(X: np.ndarray, with_gradient: bool) -> Tuple[Any, ...]:
        outputs = _outputs(net, content_layers, X)
        styles = _styles(_outputs(net, style_layers, X), guides)
        given, wanted = (len(contents_Y), len(styles_Y_gram)), (len(outputs), len(styles))
        if given != wanted:
            raise InputError(
                f'{given[0]} contents and {given[1]} Gram matrices are given, but the layers and '
                f'regions ask for {wanted[0]} and {wanted[1]}'
            )
        for Y, P in zip(outputs, contents_Y):
            same_shape(Y, P)
        weights = recipe.content_weights(outputs, contents_Y, X)
        contents = [_Content(P, weight) for P, weight in zip(contents_Y, weights)]
        asked: Dict[int, List[Any]] = {}
        for i, content in zip(content_layers, contents):
            asked.setdefault(i, []).append(content)
        for k, i in enumerate(style_layers):
            asked.setdefault(i, []).extend(styles[k :: len(style_layers)])
        patches = [_Whole(Y.shape, X.ctx) for Y in _outputs(net, patch_layers, X)]
        for i, whole in zip(patch_layers, patches):
            asked.setdefault(i, []).append(whole)
        styles_l: List[np.ndarray] = []
        patches_l: List[np.ndarray] = []
        tv_l, gradient = _total_variation(recipe, X)

        def judge() -> None:
            nonlocal tv_l, gradient
            weights = recipe.style_weights(styles, styles_Y_gram, X)
            for style, A, weight, share in zip(styles, styles_Y_gram, weights, each):
                styles_l.append(style.judged(A, weight * share))
            for whole, term in zip(patches, patch_terms):
                patches_l.append(whole.judged(term))
            if recipe.reciprocal:
                content_l = sum(content.l for content in contents)
                by_content, by_style, by_tv, by_patches = recipe.reciprocals(
                    content_l, sum(styles_l), tv_l, sum(patches_l)
                )
                for content in contents:
                    content.l *= by_content
                    content.weight = content.weight * by_content
                for style, l in zip(styles, styles_l):
                    style.D *= by_style
                    l *= by_style
                for whole, l in zip(patches, patches_l):
                    whole.gradient *= by_patches
                    l *= by_patches
                tv_l *= by_tv
                gradient *= by_tv  # of nothing else as yet

        _look(eyes, X, asked, judge, gradient if with_gradient else None)
        return [content.l for content in contents], styles_l, patches_l, tv_l, gradient

    def loss(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        recording = autograd.is_recording()
        # the first pass, too, is for training if there is a second: for prediction oneDNN has
        # other ways to convolve, whose last bits differ, and a pooling might pass on another pixel
        with autograd.pause(train_mode=recording):
            contents_l, styles_l, patches_l, tv_l, gradient = judged(X.detach(), recording)
            l = sum(contents_l + styles_l + [tv_l])
            terms, l = with_patches(*named(contents_l, styles_l, tv_l, l), patches_l)
        return terms, known_gradient(l, X, gradient) if recording else l

    return loss


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
