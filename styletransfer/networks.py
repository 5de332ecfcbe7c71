r"""The network as a recipe wants it: cut, pooled, scaled, and reading the recipe's units.

ReLU and pooling are positively homogeneous: :math:`f(ax) = a f(x)` for :math:`a > 0`. So a
convolution may speak `a` times louder if the next one listens `a` times less, and nothing changes
but the scale of what is tapped in between. Gatys et al. (2016) use this freedom to give each
filter a mean activation of 1 (`normalise`); a network of our own is given scales by which no
style layer drowns another (`level`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import mxnet as mx
from mxnet import npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.images import FIRST_SAMPLES, load_image, preprocess, rgb_std, samples
from styletransfer.recipes import LAYER_KINDS, Recipe
from styletransfer.vgg import (
    VGG19,
    Backbone,
    Layer,
    find_backbone,
    freeze,
    get_net,
    layer_index,
    nearest_layers,
    read_pixels,
    set_weights,
    truncated_vgg,
)
from styletransfer.weights.formats import Conv

# the slim network's outputs have the scale that suits the tutorial's weights; the weights of
# recipes in units of 0-255 were chosen for a network whose outputs are larger, about as their
# pixels are
SLIM_FACTOR = 255 * float(rgb_std.mean())


class Network(NamedTuple):
    """A network ready for a recipe, that recipe as it fits, and where the weights are from.

    `net` is frozen, and cut behind the last layer that the recipe looks at. In `recipe` a layer
    behind the end of the weights is replaced by the last one there is (`vgg.nearest_layers`).
    `weights` is the origin that `vgg.get_net` returns.
    """

    net: nn.HybridSequential
    recipe: Recipe
    weights: Dict[str, str]

    def fitted(self, recipe: Recipe) -> Recipe:
        """Return a recipe that may differ from this one in its stages, with layers that fit."""
        names = [f'{kind}_layer{what}' for kind in LAYER_KINDS for what in ('s', '_weights')]
        return replace(recipe, **{name: getattr(self.recipe, name) for name in names})

    def notes(self, recipe: Recipe) -> List[str]:
        """Return a line for each layer that takes the place of others, which are not there."""
        instead: Dict[Layer, List[str]] = {}
        for layer in dict.fromkeys(replaced_layers(recipe, self.recipe)):
            (nearest,) = nearest_layers((layer,), self.net)
            instead.setdefault(nearest, []).append(layer)
        return [
            f'{" and ".join(lacking)} {"is" if len(lacking) == 1 else "are"} behind the end of '
            f'these weights: {nearest} takes {"its" if len(lacking) == 1 else "their"} place.'
            for nearest, lacking in instead.items()
        ]


def network_for(
    recipe: Recipe,
    backbone: str = 'auto',
    weights: Optional[str] = None,
    device: Optional[mx.Context] = None,
    seed: int = 0,
    quiet: bool = False,
) -> Network:
    """Return a network, the recipe with layers that it has, and where its weights are from.

    Parameters
    ----------
    recipe : Recipe
        Its layers, `pooling`, `pixels`, `family` and `normalised` are used.
    backbone, weights, device, seed, quiet
        As of `vgg.get_net`.

    Raises
    ------
    InputError
        If the network has no layer of a name.
    """
    device = device or mx.cpu()
    backbone = find_backbone(backbone, recipe.family)
    layers = (*_layers(recipe), 'conv5_1')
    net, origin = get_net(
        backbone,
        weights,
        device,
        seed,
        quiet,
        last=max(layers, key=layer_index),
        pooling=recipe.pooling,
    )
    recipe = _with_layers_of(net, recipe)
    if recipe.normalised:
        normalise(net, bundled_pictures(device))
    elif recipe.pixels == 'caffe' and backbone.endswith('_slim'):
        amplify(net, SLIM_FACTOR)
    return Network(read_pixels(net, *recipe.mean_std), recipe, origin)


def _with_layers_of(net: nn.HybridSequential, recipe: Recipe) -> Recipe:
    changed: Dict[str, Any] = {}
    for kind in LAYER_KINDS:
        layers = getattr(recipe, f'{kind}_layers')
        weights = getattr(recipe, f'{kind}_layer_weights')
        there: Dict[Layer, float] = {}
        for layer, weight in zip(layers, weights or [1.0] * len(layers)):
            (nearest,) = nearest_layers((layer,), net)
            layer_index(nearest, net)
            there.setdefault(nearest, weight)  # a layer is never looked at twice
        changed[f'{kind}_layers'] = tuple(there)
        changed[f'{kind}_layer_weights'] = tuple(there.values()) if weights else ()
    return replace(recipe, **changed)


def replaced_layers(asked: Recipe, fitted: Recipe) -> List[str]:
    """Return the layers that a recipe asked for and the network does not have."""
    there = set(_layers(fitted))
    return [str(layer) for layer in _layers(asked) if layer not in there]


def _layers(recipe: Recipe) -> List[Layer]:
    return [layer for kind in LAYER_KINDS for layer in getattr(recipe, f'{kind}_layers')]


def bundled_pictures(device: mx.Context) -> List[np.ndarray]:
    """Return the first bundled pictures as the network reads them, 224 pixels square."""
    paths = (samples(kind)[name] for kind, names in FIRST_SAMPLES.items() for name in names)
    return [preprocess(load_image(path), (224, 224)).copyto(device) for path in paths]


def normalise(net: nn.HybridSequential, X: Sequence[np.ndarray]) -> nn.HybridSequential:
    r"""Scale every filter of a network so that its mean activation over pictures is 1.

    .. math:: W'_{k,j,i} = \frac{m_{k-1,i}}{m_{k,j}} W_{k,j,i}, \quad
              b'_{k,j} = \frac{b_{k,j}}{m_{k,j}}, \quad m_0 = 1

    with m the mean, over pictures and positions, of filter j of convolution k behind its ReLU. The
    network sees what it saw before; only the scale of each output is another. Gatys et al. (2016)
    do this for VGG-19 on ImageNet's pictures.

    Departure: a filter that hardly ever fires would become louder than all the others together
    on the rare occasion; so no mean counts as less than a tenth of its layer's.

    Parameters
    ----------
    net : HybridSequential
        Of the VGG family, with either pooling. It is changed.
    X : sequence of np.ndarray of shape (1, 3, h, w)
        Pictures as the network reads them, such as `bundled_pictures`.
    """
    outputs, before = list(X), None
    for layer in net:
        if not isinstance(layer, nn.Conv2D):
            outputs = [layer(Y) for Y in outputs]
            continue
        weight, bias = layer.weight.data(), layer.bias.data()
        if before is not None:
            weight = weight * before.reshape(1, -1, 1, 1)
            layer.weight.set_data(weight)
        outputs = [layer(Y) for Y in outputs]
        count = sum(Y.shape[2] * Y.shape[3] for Y in outputs)
        before = sum(npx.relu(Y).sum(axis=(0, 2, 3)) for Y in outputs) / count
        before = np.maximum(before, before.mean() / 10)
        layer.weight.set_data(weight / before.reshape(-1, 1, 1, 1))
        layer.bias.set_data(bias / before)
        outputs = [Y / before.reshape(1, -1, 1, 1) for Y in outputs]
    return net


def amplify(net: nn.HybridSequential, factor: float) -> nn.HybridSequential:
    r"""Multiply all outputs of a network by a factor, and change nothing else.

    .. math:: W'_1 = a W_1, \quad b'_k = a b_k
    """
    convs = [layer for layer in net if isinstance(layer, nn.Conv2D)]
    convs[0].weight.set_data(convs[0].weight.data() * factor)
    for layer in convs:
        layer.bias.set_data(layer.bias.data() * factor)
    return net


def frozen(convs: Sequence[Conv]) -> nn.HybridSequential:
    """Return the VGG-19 with these convolutions, cut behind the last of them."""
    widths, k = [], 0
    for count in VGG19:
        widths.append(len(convs[min(k, len(convs) - 1)][1]))
        k += count
    whole = truncated_vgg(Backbone('', VGG19, tuple(widths), sources=()))
    ends = [i for i, layer in enumerate(whole) if isinstance(layer, nn.Conv2D)]
    net = whole[: ends[len(convs) - 1] + 1]
    set_weights(net, convs, mx.cpu())
    return freeze(net)


def scaled(convs: Sequence[Conv], factors: Sequence[float]) -> List[Conv]:
    r"""Return the convolutions of a network whose k-th output is `factors[k]` times as large.

    .. math:: W'_k = \frac{a_k}{a_{k-1}} W_k, \quad b'_k = a_k b_k, \quad a_0 = 1
    """
    pairs = zip(convs, factors, [1.0, *factors])
    return [(weight * (new / old), bias * new) for (weight, bias), new, old in pairs]


def mean_activations(convs: Sequence[Conv], X: np.ndarray) -> List[float]:
    """Return the mean of each convolution's output behind its ReLU, for pictures X."""
    means = []
    for layer in frozen(convs):
        X = layer(X)
        if isinstance(layer, nn.Conv2D):
            means.append(float(npx.relu(X).mean()))
    return means


def level(convs: Sequence[Conv], X: np.ndarray) -> List[Conv]:
    r"""Return the network with mean activations :math:`c^{3/4}`, c the channels of the layer.

    An entry of a Gram matrix is the product of two activations over c, and the style loss is its
    square (see `styletransfer.losses`). So the loss of a layer goes as
    :math:`(c^{3/4} c^{3/4} / c)^2 = c`: each layer has a say in proportion to its channels. With
    an equal say for all, the shallow layers' fine texture drowns the deep layers' large strokes,
    and they paint a frame along the border, where the zero padding lets them do so cheaply.

    Parameters
    ----------
    convs : sequence of (weight, bias)
    X : np.ndarray of shape (n, 3, h, w)
        Preprocessed pictures of the kind the network will see.
    """
    wanted = [len(bias) ** 0.75 for _, bias in convs]
    means = mean_activations(convs, X)
    return scaled(convs, [goal / mean for goal, mean in zip(wanted, means)])
