"""The network that looks: VGG-19's layers by name and number, and their outputs for a picture.

Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import mxnet as mx
from mxnet import init
from mxnet import numpy as np
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import VGG

from styletransfer.errors import unknown
from styletransfer.fetch import describe, fetch, local_weights
from styletransfer.sources import VGG19_SLIM_SOURCES, VGG19_SOURCES, Source
from styletransfer.weight_files import Conv, WeightsError, read_weights

Layer = Union[int, str]  # 25 or 'conv4_4'

LAST_LAYER = 28  # conv5_1: the network is cut behind it, as no recipe looks further
SMALLEST_SIDE = 16  # four poolings halve it to one pixel


@dataclass(frozen=True)
class Backbone:
    """A network of the VGG family: how many convolutions each block has, and how wide they are."""

    title: str
    convs_per_block: Tuple[int, ...]
    widths: Tuple[int, ...]
    sources: Tuple[Source, ...]


BACKBONES = {
    'vgg19': Backbone('VGG-19', (2, 2, 4, 4, 4), (64, 128, 256, 512, 512), VGG19_SOURCES),
    'vgg19_slim': Backbone(
        'VGG-19 slim', (2, 2, 4, 4, 4), (16, 32, 64, 128, 128), VGG19_SLIM_SOURCES
    ),
}


def vgg_layer_names(convs_per_block: Sequence[int] = (2, 2, 4, 4, 4)) -> Iterator[str]:
    """Yield 'conv1_1', 'relu1_1', ... in the order of Gluon's ``vgg19().features``."""
    for block, convs in enumerate(convs_per_block, start=1):
        for depth in range(1, convs + 1):
            yield f'conv{block}_{depth}'
            yield f'relu{block}_{depth}'
        yield f'pool{block}'


def layer_index(layer: Layer) -> int:
    """Return a layer's number in VGG-19, given its name or its number.

    >>> layer_index('conv4_4'), layer_index(25)
    (25, 25)

    Raises
    ------
    InputError
        If VGG-19, cut behind conv5_1, has no such layer.
    """
    names = list(vgg_layer_names())[: LAST_LAYER + 1]
    text = str(layer)
    if text.isdigit() and int(text) < len(names):
        return int(text)
    if text not in names:
        raise unknown('VGG-19 layer', text, names)
    return names.index(text)


def truncated_vgg(backbone: Backbone, last: Layer = LAST_LAYER) -> nn.HybridSequential:
    """Return a VGG from its first layer to `last` as a Sequential, without weights yet.

    The layers are Gluon's own: 3x3 convolutions with zero padding of 1, ReLU, 2x2 max pooling.
    """
    net = VGG(list(backbone.convs_per_block), list(backbone.widths))
    return net.features[: layer_index(last) + 1]


def set_weights(net: nn.HybridSequential, convs: Sequence[Conv], device: mx.Context) -> None:
    """Give the convolutions of `net`, first to last, their weights.

    Raises
    ------
    WeightsError
        If `convs` has too few of them, or one's shape is not the network's.
    """
    layers = [layer for layer in net if isinstance(layer, nn.Conv2D)]
    if len(convs) < len(layers):
        raise WeightsError(f'{len(convs)} convolutions found, but the network has {len(layers)}')
    channels = 3
    for k, (layer, (weight, bias)) in enumerate(zip(layers, convs), start=1):
        expected = (layer.bias.shape[0], channels, 3, 3)
        if weight.shape != expected:
            raise WeightsError(
                f'weights of convolution {k} have shape {weight.shape}, not {expected}: '
                'do they belong to another network?'
            )
        layer.weight.shape = expected
        layer.initialize(ctx=device)
        layer.weight.set_data(np.array(weight, ctx=device))
        layer.bias.set_data(np.array(bias, ctx=device))
        channels = expected[0]


def freeze(net: nn.HybridSequential) -> nn.HybridSequential:
    """Declare that no gradient of the weights is wanted, compile the layers, and return `net`.

    Only the picture is trained. MXNet does not know that, and would compute a gradient for each
    weight in each epoch: a third of the time, for numbers that nobody looks at.
    """
    net.collect_params().setattr('grad_req', 'null')
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def extract_features(
    net: nn.HybridSequential,
    X: np.ndarray,
    content_layers: Sequence[Layer],
    style_layers: Sequence[Layer],
) -> Tuple[List[np.ndarray], List[np.ndarray]]:
    """Return what the network's content layers and style layers say of a picture.

    Parameters
    ----------
    net : HybridSequential
        The truncated VGG.
    X : np.ndarray of shape (n, 3, h, w)
        The output of `preprocess`, or the generated picture.
    content_layers, style_layers : sequences of int or str
        Numbers or names. A convolution is tapped before its ReLU, as in the book; Gatys et al.
        tap after it.

    Returns
    -------
    contents, styles : lists of np.ndarray, each of shape (n, c, h', w')
        In the order of the layers in the network. Block b has h' = h / 2^(b-1), rounded down.

    Raises
    ------
    InputError
        If the network has no such layer.
    """
    content_layers = [layer_index(layer) for layer in content_layers]
    style_layers = [layer_index(layer) for layer in style_layers]
    contents = []
    styles = []
    for i in range(len(net)):
        X = net[i](X)
        if i in style_layers:
            styles.append(X)
        if i in content_layers:
            contents.append(X)
    return contents, styles


def find_backbone(name: str) -> str:
    """Return the name of a network of the table; 'auto' is the best whose weights are here.

    Raises
    ------
    InputError
        If there is no network of that name.
    """
    if name == 'auto':
        return 'vgg19' if local_weights(BACKBONES['vgg19'].sources) else 'vgg19_slim'
    if name not in BACKBONES:
        raise unknown('backbone', name, ['auto', *BACKBONES])
    return name


def get_net(
    name: str,
    weights: Optional[str] = None,
    device: Optional[mx.Context] = None,
    seed: int = 0,
    quiet: bool = False,
) -> Tuple[nn.HybridSequential, Dict[str, str]]:
    """Return a network of the table with its weights, frozen, and where the weights are from.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`, or 'auto'.
    weights : str, optional
        A file of weights, or 'random'. By default the weights are those that came with this
        package, or those downloaded before; where there are none they are downloaded now.
    device : mx.Context, optional
        Default: the CPU.
    seed : int
        Of random weights.
    quiet : bool
        Download without a word.

    Returns
    -------
    net : HybridSequential
        Layers 0 (conv1_1) to 28 (conv5_1).
    origin : dict
        'source' and, but for random weights, 'sha256' of the file.
    """
    device = device or mx.cpu()
    backbone = BACKBONES[find_backbone(name)]
    net = truncated_vgg(backbone)
    if weights == 'random':
        mx.random.seed(seed)
        net.initialize(init.MSRAPrelu(slope=0), ctx=device)
        net(np.zeros((1, 3, SMALLEST_SIDE, SMALLEST_SIDE), ctx=device))  # shapes are known now
        return freeze(net), {'source': 'random', 'sha256': ''}
    path = Path(weights) if weights else local_weights(backbone.sources)
    path = path or fetch(backbone.sources, quiet=quiet)
    convs = read_weights(path)
    try:
        set_weights(net, convs, device)
    except WeightsError as error:
        raise WeightsError(f"'{path}' does not fit {backbone.title}: {error}") from error
    return freeze(net), describe(path)


def memory_estimate(name: str, image_shape: Tuple[int, int]) -> int:
    r"""Return about how many bytes a run with this network and shape of picture takes.

    .. math:: m = 450\,\mathrm{MB} + 3.4 \cdot 4 \cdot n w h

    with n the numbers that all layers together say of a pixel, of 4 bytes each. The two constants
    were fitted to measured peaks: MXNet itself and the pictures, and each output kept with its
    gradient, its rearranged copy for the convolution and the workspace.
    """
    backbone = BACKBONES[name]
    floats = 0.0
    for block, (convs, width) in enumerate(zip(backbone.convs_per_block, backbone.widths)):
        floats += 2 * convs * width / 4**block
    width, height = image_shape
    return int(450e6 + 3.4 * 4 * floats * width * height)


def describe_choice(name: str, origin: Dict[str, str]) -> str:
    """Return one line that says which network runs, and how to get the other."""
    title = BACKBONES[name].title
    if origin['source'] == 'random':
        return f'Network: {title}, untrained (random weights): expect noise, not a painting.'
    line = f'Network: {title} ({origin["source"]}).'
    if name == 'vgg19_slim':
        line += ' The full one, slower and finer:  python -m styletransfer.weights get vgg19'
    else:
        line += ' The quick one:  --backbone vgg19_slim'
    return line
