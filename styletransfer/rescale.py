r"""Choose the scale of every layer of a VGG without changing what it sees.

ReLU and max pooling are positively homogeneous: :math:`f(ax) = a f(x)` for :math:`a > 0`. So a
convolution may speak `a` times louder if the next one listens `a` times less, and nothing changes
but the scale of what is tapped in between. Gatys et al. (2016) use this freedom to give each
filter a mean activation of 1; here it serves two ends: no style layer drowns another (`level`),
and the book's own weights suit the network (`balance`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Callable, List, Sequence, Tuple

import mxnet as mx
from mxnet import npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.objective import objectives
from styletransfer.progress import Step
from styletransfer.recipes import D2L_ZH
from styletransfer.synthesis import coarse_to_fine
from styletransfer.vgg import VGG19, Backbone, freeze, layer_index, set_weights, truncated_vgg
from styletransfer.weights.formats import Conv

# terms at the end of the coarse stage as the book's tutorial prints them for the full VGG-19,
# on its own pictures (epoch 450)
BOOK_CONTENT, BOOK_STYLE = 50.59, 35.19
CONTENT = layer_index('conv4_4')  # of the book's recipes


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


def normalised(net: nn.HybridSequential, X: Sequence[np.ndarray]) -> nn.HybridSequential:
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
        Pictures as the network reads them, such as of `bundled_pictures`.
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


def louder(net: nn.HybridSequential, factor: float) -> nn.HybridSequential:
    r"""Multiply all outputs of a network by a factor, and change nothing else.

    .. math:: W'_1 = a W_1, \quad b'_k = a b_k
    """
    convs = [layer for layer in net if isinstance(layer, nn.Conv2D)]
    convs[0].weight.set_data(convs[0].weight.data() * factor)
    for layer in convs:
        layer.bias.set_data(layer.bias.data() * factor)
    return net


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


def balance(
    convs: Sequence[Conv],
    pairs: Sequence[Tuple[np.ndarray, np.ndarray]],
    rounds: int = 4,
    tell: Callable[[str], None] = print,
) -> List[Conv]:
    """Return the network for which the book's weights give the book's balance of losses.

    All layers but conv4_4 share one factor, conv4_4 has another. The coarse stage of `D2L_ZH` is
    run on each pair; then the factors change so that, the picture being the same, its content and
    style losses would be the book's. As the picture changes with them this takes some rounds.

    Parameters
    ----------
    convs : sequence of (weight, bias)
        From `level`.
    pairs : sequence of (content_img, style_img)
        Pictures of shape (height, width, 3), RGB in 0-255.
    rounds : int
    tell : callable
        Told one line a round.
    """
    # behind the first drop of the step size, at epoch 201, the losses hardly move any more
    coarse = replace(D2L_ZH.stages[0], num_epochs=250)
    recipe = replace(D2L_ZH, stages=(coarse,))
    names = [i for i, layer in enumerate(frozen(convs)) if isinstance(layer, nn.Conv2D)]
    content_factor = style_factor = 0.12  # near where vgg19_slim ended
    for turn in range(rounds + 1):
        factors = [content_factor if i == CONTENT else style_factor for i in names]
        result = scaled(convs, factors)
        net, last = frozen(result), []
        for content_img, style_img in pairs:
            steps: List[Step] = []
            loss_at = objectives(net, recipe, content_img, style_img, mx.cpu())
            coarse_to_fine(loss_at, recipe, content_img, mx.cpu(), steps.append)
            last.append(steps[-1])
        content, style, tv = (
            math.exp(sum(math.log(step.terms[name]) for step in last) / len(last))
            for name in ('content', 'style', 'TV')
        )
        tell(
            f'balance, round {turn}: factors {content_factor:.3f} and {style_factor:.3f}, '
            f'content {content:.2f}, style {style:.2f}, TV {tv:.2f}'
        )
        # the content loss is quadratic in its layer's scale, the style loss goes with its power 4
        content_factor *= (BOOK_CONTENT / content) ** (1 / 2)
        style_factor *= (BOOK_STYLE / style) ** (1 / 4)
    return result
