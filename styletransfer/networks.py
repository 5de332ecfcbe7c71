"""The network as a recipe wants it: cut, pooled, scaled, and reading the recipe's units."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterable, List, NamedTuple, Optional

import mxnet as mx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.images import load_image, preprocess, rgb_std, samples
from styletransfer.recipes import Recipe
from styletransfer.rescale import louder, normalised
from styletransfer.vgg import (
    Layer,
    find_backbone,
    get_net,
    layer_index,
    nearest_layers,
    read_pixels,
)

# the slim network's outputs have the scale that suits the book's weights; the weights of recipes
# in units of 0-255 were chosen for a network whose outputs are larger, about as their pixels are
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
        names = [
            f'{kind}_layer{what}' for kind in ('content', 'style') for what in ('s', '_weights')
        ]
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
    layers = (*recipe.content_layers, *recipe.style_layers, 'conv5_1')
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
        normalised(net, bundled_pictures(device))
    elif recipe.pixels == 'caffe' and backbone.endswith('_slim'):
        louder(net, SLIM_FACTOR)
    return Network(read_pixels(net, *recipe.mean_std), recipe, origin)


def _with_layers_of(net: nn.HybridSequential, recipe: Recipe) -> Recipe:
    changed: Dict[str, Any] = {}
    for kind in ('content', 'style'):
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
    there = {*fitted.content_layers, *fitted.style_layers}
    return [
        str(layer) for layer in (*asked.content_layers, *asked.style_layers) if layer not in there
    ]


def bundled_pictures(device: mx.Context) -> List[np.ndarray]:
    """Return all bundled pictures as the network reads them, 224 pixels square."""
    paths: Iterable[Any] = [*samples('content').values(), *samples('style').values()]
    return [preprocess(load_image(path), (224, 224)).copyto(device) for path in paths]
