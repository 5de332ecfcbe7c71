"""The network that looks: VGG-19's layers by name and number, and their outputs for a picture.

Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import mxnet as mx
from mxnet import gluon, init
from mxnet import numpy as np
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import VGG

from styletransfer.errors import unknown
from styletransfer.images import rgb_mean, rgb_std
from styletransfer.machine import return_freed_memory
from styletransfer.weights.fetch import describe, fetch, local_weights
from styletransfer.weights.formats import Conv, WeightsError, read_weights
from styletransfer.weights.sources import SOURCES, Source

Layer = Union[int, str]  # 25 or 'conv4_4'
Features = Tuple[List[np.ndarray], List[np.ndarray]]

LAST_LAYER = 28  # conv5_1: the network is cut behind it unless a recipe looks further
SMALLEST_SIDE = 16  # four poolings halve it to one pixel


@dataclass(frozen=True)
class Backbone:
    """A network of the VGG family: how many convolutions each block has, and how wide they are."""

    title: str
    convs_per_block: Tuple[int, ...]
    widths: Tuple[int, ...]
    sources: Tuple[Source, ...]

    @property
    def multiplications(self) -> float:
        """How many of them all convolutions take for each pixel of a picture."""
        count, channels = 0.0, 3
        for block, (convs, width) in enumerate(zip(self.convs_per_block, self.widths)):
            count += 9 * width * (channels + (convs - 1) * width) / 4**block
            channels = width
        return count


VGG19, VGG16 = (2, 2, 4, 4, 4), (2, 2, 3, 3, 3)
SLIM = (16, 32, 64, 128, 128)

POOLINGS = ('max', 'average')  # of four numbers

BACKBONES = {
    'vgg19': Backbone('VGG-19', VGG19, (64, 128, 256, 512, 512), SOURCES['vgg19']),
    'vgg19_slim': Backbone('VGG-19 slim', VGG19, SLIM, SOURCES['vgg19_slim']),
    'vgg16': Backbone('VGG-16', VGG16, (64, 128, 256, 512, 512), SOURCES['vgg16']),
    # all of VGG-16's layers have namesakes in VGG-19, trained on the same pictures for the same
    # end; so no second slim network was trained, and VGG-19's stands in for it
    'vgg16_slim': Backbone('VGG-19 slim in place of VGG-16', VGG19, SLIM, SOURCES['vgg16_slim']),
}


def vgg_layer_names(convs_per_block: Sequence[int] = VGG19) -> Iterator[str]:
    """Yield 'conv1_1', 'relu1_1', ... in the order of Gluon's ``vgg19().features``."""
    for block, convs in enumerate(convs_per_block, start=1):
        for depth in range(1, convs + 1):
            yield f'conv{block}_{depth}'
            yield f'relu{block}_{depth}'
        yield f'pool{block}'


def layer_names(net: nn.HybridSequential) -> List[str]:
    """Return the names of the layers of a network of the VGG family, which may be cut short."""
    names, block, depth = [], 1, 0
    for layer in net:
        if isinstance(layer, nn.Conv2D):
            depth += 1
            names.append(f'conv{block}_{depth}')
        elif isinstance(layer, nn.Activation):
            names.append(f'relu{block}_{depth}')
        else:
            names.append(f'pool{block}')
            block, depth = block + 1, 0
    return names


def layer_index(layer: Layer, net: Optional[nn.HybridSequential] = None) -> int:
    """Return a layer's number in a network, by default VGG-19, given its name or its number.

    >>> layer_index('conv4_4'), layer_index(25)
    (25, 25)

    Raises
    ------
    InputError
        If the network has no such layer.
    """
    names = list(vgg_layer_names()) if net is None else layer_names(net)
    text = str(layer)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    if text not in names:
        raise unknown('VGG-19 layer' if net is None else 'layer of this network', text, names)
    return names.index(text)


def layer_indices(layers: Sequence[Layer], net: nn.HybridSequential) -> List[int]:
    """Return the numbers of layers of a network, in its order, each once."""
    return sorted({layer_index(layer, net) for layer in layers})


def poolings(layer: Layer) -> int:
    """Return how many times a picture was halved in VGG-19 up to a layer's output."""
    names = list(vgg_layer_names())[: layer_index(layer) + 1]
    return sum(name.startswith('pool') for name in names)


def nearest_layers(layers: Sequence[Layer], net: nn.HybridSequential) -> Tuple[Layer, ...]:
    """Return the layers as this network has them: one behind its end becomes the last of its kind.

    The slim network's weights end with conv5_1, and so do downloaded ones of the full network. A
    recipe that looks at relu5_2 looks at relu5_1 there; a layer is never looked at twice.
    """
    every = list(vgg_layer_names())
    names = layer_names(net)
    there: List[Layer] = []
    for layer in layers:
        name = layer if isinstance(layer, int) or layer.isdecimal() else str(layer)
        behind = name in every and every.index(str(name)) > every.index(names[-1])
        if behind and name not in names:
            name = next(n for n in reversed(names) if n[:4] == str(name)[:4])
        if name not in there:
            there.append(name)
    return tuple(there)


def truncated_vgg(
    backbone: Backbone, last: Layer = LAST_LAYER, pooling: str = 'max'
) -> nn.HybridSequential:
    """Return a VGG from its first layer to `last` as a Sequential, without weights yet.

    The layers are Gluon's own: 3x3 convolutions with zero padding of 1, ReLU, 2x2 pooling, which
    passes on the 'max' of four numbers, as VGG was trained, or their 'average', as Gatys et al.
    (2016) prefer.
    """
    if pooling not in POOLINGS:
        raise unknown('pooling', pooling, POOLINGS)
    features = VGG(list(backbone.convs_per_block), list(backbone.widths)).features
    names = list(vgg_layer_names(backbone.convs_per_block))
    features = features[: layer_index(last, features[: len(names)]) + 1]
    if pooling == 'max':
        return features
    net = nn.HybridSequential()
    for layer in features:
        net.add(nn.AvgPool2D(strides=2) if isinstance(layer, nn.MaxPool2D) else layer)
    return net


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
) -> Features:
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
    content_layers = [layer_index(layer, net) for layer in content_layers]
    style_layers = [layer_index(layer, net) for layer in style_layers]
    contents = []
    styles = []
    for i in range(len(net)):
        X = net[i](X)
        if i in style_layers:
            styles.append(X)
        if i in content_layers:
            contents.append(X)
    return contents, styles


def compiled(
    net: nn.HybridSequential,
    content_layers: Sequence[Layer],
    style_layers: Sequence[Layer],
    static: bool = True,
) -> Callable[[np.ndarray], Features]:
    """Return `extract_features` as one compiled graph, for a picture seen hundreds of times.

    The graph is made by sending a symbol through the same function in place of a picture. MXNet
    then plans the memory of all layers at once, a ReLU taking the place of what it was given, and
    keeps it from epoch to epoch. Layer by layer, each output is memory that the system has to hand
    out anew, page by page.

    Parameters
    ----------
    net, content_layers, style_layers
        As of `extract_features`.
    static : bool
        Keep the memory from call to call. Otherwise it is free for others in between.

    Returns
    -------
    callable
        Of a picture it returns contents and styles as `extract_features`, but the styles as
        matrices of shape (n, c, h w), which is what `gram` makes of them: inside the graph one
        copy changes the order in memory and the shape.
    """
    X = mx.sym.var('X', dtype='float32').as_np_ndarray()
    contents, styles = extract_features(net, X, content_layers, style_layers)
    # the styles first: a matrix is made where its layer is, whose place the ReLU then takes
    outputs = [mx.sym.npx.reshape(Y, newshape=(-2, -2, -1)) for Y in styles] + contents
    if not outputs:
        return lambda X: ([], [])
    if static:
        return_freed_memory()  # the graph takes much at once
    graph = gluon.SymbolBlock(outputs, [X], params=net.collect_params())
    graph.hybridize(static_alloc=static, static_shape=static)

    def features(X: np.ndarray) -> Features:
        Y = graph(X)
        Y = Y if isinstance(Y, list) else [Y]
        return Y[len(styles) :], Y[: len(styles)]

    return features


def find_backbone(name: str, family: str = 'vgg19') -> str:
    """Return the name of a network of the table; 'auto' is the best whose weights are here.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`, or 'auto'.
    family : str
        'vgg19' or 'vgg16': what the recipe was made for, of which 'auto' chooses.

    Raises
    ------
    InputError
        If there is no network of that name.
    """
    if name == 'auto':
        return family if local_weights(BACKBONES[family].sources) else f'{family}_slim'
    if name not in BACKBONES:
        raise unknown('backbone', name, ['auto', *BACKBONES])
    return name


def get_net(
    name: str,
    weights: Optional[str] = None,
    device: Optional[mx.Context] = None,
    seed: int = 0,
    quiet: bool = False,
    last: Layer = LAST_LAYER,
    pooling: str = 'max',
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
    last : int or str
        The layer behind which the network is cut. If the weights do not reach so far, it is cut
        behind the last convolution that has some, and its ReLU.
    pooling : str
        'max' or 'average'.

    Returns
    -------
    net : HybridSequential
        By default layers 0 (conv1_1) to 28 (conv5_1).
    origin : dict
        'source' and, but for random weights, 'sha256' of the file.
    """
    device = device or mx.cpu()
    backbone = BACKBONES[find_backbone(name)]
    net = truncated_vgg(backbone, last, pooling)
    if weights == 'random':
        mx.random.seed(seed)
        net.initialize(init.MSRAPrelu(slope=0), ctx=device)
        net(np.zeros((1, 3, SMALLEST_SIDE, SMALLEST_SIDE), ctx=device))  # shapes are known now
        return freeze(net), {'source': 'random', 'sha256': ''}
    path = Path(weights) if weights else local_weights(backbone.sources)
    path = path or fetch(backbone.sources, quiet=quiet)
    convs = read_weights(path)
    ends = [i for i, layer in enumerate(net) if isinstance(layer, nn.Conv2D)]
    if len(net) - 1 > LAST_LAYER and len(convs) < len(ends):
        net = net[: ends[len(convs) - 1] + 2]
    try:
        set_weights(net, convs, device)
    except WeightsError as error:
        raise WeightsError(f"'{path}' does not fit {backbone.title}: {error}") from error
    return freeze(net), describe(path)


def read_pixels(
    net: nn.HybridSequential, mean: np.ndarray, std: np.ndarray
) -> nn.HybridSequential:
    r"""Let a network that reads ImageNet's units read another recipe's (`images.PIXELS`).

    .. math:: W'_c = \frac{\sigma'_c}{\sigma_c} W_c, \quad
              b' = b + \sum_c \frac{\mu'_c - \mu_c}{\sigma_c} \sum_{i,j} W_{c,i,j}

    The same picture in other units is a line away, and a convolution is linear: all the change
    is in the first one. Only the padding differs, as 0 now means another colour.
    """
    if mean is rgb_mean:
        return net
    weight, bias = net[0].weight.data(), net[0].bias.data()
    shift = (mean - rgb_mean) / rgb_std
    bias = bias + np.dot(weight.sum(axis=(2, 3)), shift.as_in_ctx(weight.ctx))
    net[0].weight.set_data(weight * (std / rgb_std).as_in_ctx(weight.ctx).reshape(1, 3, 1, 1))
    net[0].bias.set_data(bias)
    return net
