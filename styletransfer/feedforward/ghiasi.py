r"""A network for any style: a second, small one reads the style from a painting.

Where a style is a row of each norm (`johnson`), a painting that nobody has trained with needs a
row that nobody has trained. So a network learns to read it: the means and the deviations that a
frozen VGG sees in a painting Z become a few numbers S, and S is how much of each row of each norm
a picture is to have. The rows are no styles now; they are what styles are mixed of.

.. math:: \Gamma_Z = S(Z)\, \Gamma, \quad B_Z = S(Z)\, B, \quad
          l = \frac{1}{n} \sum_n w_c L_c(f(X_n, S(Z_n)), X_n) + w_s L_s(f(X_n, S(Z_n)), Z_n) + ...

Both networks learn together, by `perceptual`, from many paintings.

Ghiasi, Lee, Kudlur, Dumoulin, Shlens: Exploring the structure of a real-time, arbitrary neural
artistic stylization network, BMVC 2017.

Departures: the painting is read by the bundled VGG and two layers, not by an Inception-v3 and one;
a style is 48 numbers, not 100. `perceptual.lattice` is ours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Optional, Sequence

import mxnet as mx
import numpy
from mxnet import init
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import learned, subdue
from styletransfer.command import positive
from styletransfer.errors import InputError
from styletransfer.feedforward import johnson, perceptual
from styletransfer.feedforward.encoder import Encoder, load_encoder, moments
from styletransfer.feedforward.perceptual import Batch
from styletransfer.images import rgb_mean, rgb_std
from styletransfer.learning import crops
from styletransfer.recipes import option


@dataclass(frozen=True)
class Setting(johnson.Setting):
    """Every number of this method: those of `johnson.Setting`, and of the network that reads.

    Raises
    ------
    InputError
        If there is no part of a name, or a number cannot be.
    """

    style_side: int = 256  # shorter side of the painting, when a photo is painted
    encoder: str = 'vgg19'  # that reads paintings; a key of `vgg.BACKBONES`
    hidden: int = option(128, 'numbers between the two layers that read a painting', positive)
    tint: float = option(0.0, 'share of the paintings that are shown in other colours')
    shares: int = option(100, 'numbers that a style is, with a 1', positive)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 < self.shares <= 4096 or self.hidden > 4096:
            raise InputError('a style is 2 to 4096 numbers, of at most 4096 hidden ones')


GHIASI_SLIM = Setting(
    **{
        **asdict(johnson.JOHNSON_SLIM),
        'name': 'ghiasi_slim',
        'description': 'trains on one core in an hour and a half: the slim network, any style',
        'residuals': 4,
        # shallow layers hold the palette, and the ripple for which johnson has less is cured
        'style_layer_weights': (1.0, 1.0, 1.0, 0.5, 0.5),
        'style_side': 320,
        'crops': ((96, 14_000), (128, 8000), (192, 400)),
    },
    encoder='vgg19_slim',
    shares=48,
    tint=0.75,  # two thousand paintings have few that are gaudy
)

GHIASI_QUICK = replace(
    GHIASI_SLIM,
    name='ghiasi_quick',
    description='paints in a quarter of the time: nothing is computed at full size',
    stride=2,
    skip=True,
    style_weight=8.0,
    crops=((128, 18_000), (192, 2000)),
)

SETTINGS = {setting.name: setting for setting in (GHIASI_SLIM, GHIASI_QUICK)}


# --- the network ---------------------------------------------------------------------------------


class Reader(nn.HybridBlock):
    r"""Two layers that make of what is seen in a painting the numbers of its style.

    .. math:: S = (1, \tanh(W_2 \max(0, W_1 \log(D + 0.1) + b_1) + b_2))

    The 1 is for the first row of each norm, which is what all styles have in common; the others
    say how a style differs.

    Parameters
    ----------
    hidden, shares : int
        Numbers between the layers, and in S.

    Notes
    -----
    Shares that add up to 1, by a softmax, were taken over by a handful of rows.
    """

    def __init__(self, hidden: int, shares: int) -> None:
        super().__init__()
        self.first = nn.Dense(hidden, activation='relu')
        self.second = nn.Dense(shares - 1, activation='tanh')

    def hybrid_forward(self, F: Any, D: Any) -> Any:
        """Return S, of shape (n, shares), for statistics D, of shape (n, 2 c)."""
        differences = self.second(self.first(F.np.log(D + 0.1)))
        one = F.np.ones_like(F.npx.slice(D, begin=(None, 0), end=(None, 1)))
        return F.np.concatenate([one, differences], axis=1)


class AnyStyleNet(nn.HybridBlock):
    """The whole: the network that paints, and the one that reads the style.

    Parameters
    ----------
    setting : Setting
    encoder : encoder.Encoder
        The frozen network that looks at paintings. It is not changed.
    fast : bool
        As of `johnson.TransformationNet`.
    """

    def __init__(self, setting: Setting, encoder: Encoder, fast: bool = False) -> None:
        super().__init__()
        self.encode = encoder.__call__  # a function, as it is no part of what is learned
        self.reader = Reader(setting.hidden, setting.shares)
        self.painter = johnson.TransformationNet(setting, setting.shares, fast)

    def hybrid_forward(self, F: Any, X: Any, D: Any) -> Any:
        """Return the pictures painted.

        Parameters
        ----------
        X : np.ndarray of shape (n, 3, h, w)
            Photos as of `preprocess`; h and w are multiples of 4.
        D : np.ndarray of shape (n, 2 c)
            `statistics` of the paintings. A mean of several is a mixture of styles.
        """
        return self.painter(X, self.reader(D))


def make_net(
    setting: Setting,
    encoder: Optional[Encoder] = None,
    batch: int = 1,
    seed: int = 0,
    fast: bool = False,
) -> AnyStyleNet:
    """Return a network that has learned nothing yet; by default with the setting's encoder.

    The first row of each norm leaves things as they are, and the others are random: if all began
    alike, all shares of a style would be pushed the same way.
    """
    encoder = encoder or load_encoder(setting)
    encoder.hybridize()
    net = AnyStyleNet(setting, encoder, fast)
    mx.random.seed(seed)
    for part in (net.reader, net.painter):
        part.initialize(init.MSRAPrelu(slope=0))
    X = np.zeros((batch, 3, 32, 32))
    net(X, statistics(net, X))  # shapes are known now
    subdue(net.painter.last)
    rng = numpy.random.default_rng(seed)
    for name, parameter in learned(net.painter).items():
        if name.endswith(('.gamma', '.beta')):
            table = rng.normal(0, 0.1, parameter.shape)
            table[0] = name.endswith('.gamma')
            parameter.set_data(np.array(table, dtype='float32'))
    return net


def statistics(net: AnyStyleNet, Z: np.ndarray) -> np.ndarray:
    """Return what is seen in paintings of any size: means and deviations, of shape (n, 2 c).

    They are those of relu1_1, relu2_1, relu3_1 and relu4_1, the channels of all of them c.
    """
    return np.concatenate([part for Y in net.encode(Z) for part in moments(Y)], axis=1)


# --- the training --------------------------------------------------------------------------------


def tinted(Z: np.ndarray, share: float, seed: Any) -> np.ndarray:
    r"""Return pictures of which some have other colours: their strokes are the same.

    .. math:: Z'_c = g + s (Z_{\pi(c)} - g), \quad s \sim U(0.7, 2.5)

    with g the mean of the three colours of each pixel, and :math:`\pi` a random order of them.

    Parameters
    ----------
    Z : np.ndarray of shape (n, 3, h, w)
        As of `preprocess`.
    share : float
        Of the pictures, on average.
    seed : int, or sequence of int
        The same gives the same.
    """
    rng = numpy.random.default_rng(seed)
    mean, std = (part.asnumpy()[:, None, None] for part in (rgb_mean, rgb_std))
    colours = Z.asnumpy() * std + mean
    for n, img in enumerate(colours):
        if rng.random() < share:
            img = img[rng.permutation(3)]
            grey = img.mean(axis=0)
            colours[n] = (grey + rng.uniform(0.7, 2.5) * (img - grey)).clip(0, 1)
    return np.array((colours - mean) / std, dtype='float32')


class Lesson(perceptual.Lesson):
    """What `learning.learn` needs to train both networks.

    Parameters
    ----------
    setting : Setting
    looking : HybridSequential
        As of `perceptual.loss_network`.
    paintings, photos : sequence of Path
    seed : int
    encoder : encoder.Encoder, optional
        The setting's by default.
    """

    def __init__(
        self,
        setting: Setting,
        looking: nn.HybridSequential,
        paintings: Sequence[Path],
        photos: Sequence[Path],
        seed: int = 0,
        encoder: Optional[Encoder] = None,
    ) -> None:
        net = make_net(setting, encoder, setting.batch, seed)
        super().__init__(setting, looking, photos, net, seed)
        self.paintings = paintings

    def batch_at(self, k: int) -> Batch:
        """Return the photographs of step k, and crops of paintings as their styles."""
        setting = self.setting
        side = setting.side_at(k)
        Z = crops(self.seed + 2, k, self.paintings, setting.batch, side, load=self.load)
        Z = tinted(Z, setting.tint, [self.seed, k, 3]) if setting.tint else Z
        return self.batch_of(k, statistics(self.net, Z), self.judge(side).grams(Z))
