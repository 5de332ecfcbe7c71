"""The frozen network that looks at paintings, and what it says of them: means and deviations.

Two methods read the style of any picture from it: `adain`, whose decoder makes pictures of what it
says, and `ghiasi`.
"""

from __future__ import annotations

from typing import Any, List, Tuple

import mxnet as mx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import Layer
from styletransfer.networks import bundled_pictures, normalise
from styletransfer.vgg import get_net, layer_names

LAST = 'relu4_1'  # where it ends
STYLE_LAYERS = 4  # relu1_1, relu2_1, relu3_1, relu4_1


class Encoder(nn.HybridBlock):
    """A VGG-19 to relu4_1 that reflects borders at every convolution.

    Parameters
    ----------
    looking : HybridSequential
        Of `vgg.get_net`, with zeros around its pictures. Its weights are taken.
    """

    def __init__(self, looking: nn.HybridSequential) -> None:
        super().__init__()
        self.layers = nn.HybridSequential()
        self.taps, self.widths = [], []
        for name, layer in zip(layer_names(looking), looking):
            if name.startswith('conv'):
                channels, in_channels = layer.weight.shape[:2]
                self.layers.add(reflecting(layer, channels, in_channels))
                if name.endswith('_1'):
                    self.taps.append(len(self.layers) - 1)
                    self.widths.append(channels)
            elif name.startswith('pool'):
                self.layers.add(nn.MaxPool2D(2, 2, ceil_mode=True))
        self.collect_params().setattr('grad_req', 'null')

    def hybrid_forward(self, F: Any, X: Any) -> List[Any]:
        """Return the outputs of relu1_1, relu2_1, relu3_1 and relu4_1 for pictures (n, 3, h, w).

        Their sides are those of the pictures, a half, a quarter, an eighth, rounded up.
        """
        outputs = []
        for i, layer in enumerate(self.layers):
            X = layer(X)
            if i in self.taps:
                outputs.append(X)
        return outputs


def reflecting(conv: nn.Conv2D, channels: int, in_channels: int) -> Layer:
    """Return a convolution with the weights of another and its ReLU, over reflected borders."""
    layer = Layer(channels, in_channels)
    layer.initialize()
    layer.conv.weight.set_data(conv.weight.data())
    layer.conv.bias.set_data(conv.bias.data())
    return layer


def load_encoder(setting: Any, quiet: bool = True) -> Encoder:
    """Return the network that looks, frozen, each filter with a mean activation of 1."""
    looking, _ = get_net(setting.encoder, quiet=quiet, last=LAST)
    return Encoder(normalise(looking, bundled_pictures(mx.cpu())))


def moments(X: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    r"""Return the mean and the deviation of each channel of each picture.

    .. math:: \mu_{nc} = \frac{1}{hw} \sum X_{nc}, \quad
              \sigma_{nc} = \sqrt{\frac{1}{hw} \sum (X_{nc} - \mu_{nc})^2 + 10^{-5}}

    Parameters
    ----------
    X : np.ndarray of shape (n, c, h, w)
        Of any h and w.

    Returns
    -------
    mean, deviation : np.ndarray of shape (n, c)

    Notes
    -----
    In the published program the small number is not in the deviation of a style. With it also
    there, a photo with its own statistics is the photo.
    """
    n, c, h, w = X.shape
    X = X.reshape(n, c, h * w)
    mean = X.mean(axis=2, keepdims=True)
    variance = np.square(X - mean).mean(axis=2)
    return mean.reshape(n, c), np.sqrt(variance + 1e-5)
