r"""A network for any style: it gives a photo's features the statistics of a painting's.

A frozen VGG looks at the photo and at the painting; the photo's features get the mean and the
deviation that the painting's have, channel by channel (`adain`); a decoder g, which is all that is
trained, makes a picture of them. What it learns does not depend on any one painting, so it paints
in the style of any.

.. math:: t = \mathrm{AdaIN}(f(X), f(Z)), \quad
          l = w_c L_c(f(g(t)), t) + w_s \sum_\ell L_s(f_\ell(g(t)), f_\ell(Z))
              + w_{tv} L_{tv}(g(t))

Huang, Belongie: Arbitrary style transfer in real-time with adaptive instance normalization, ICCV
2017.

Departures: see `ADAIN_2017` and `ADAIN_SLIM`. Pictures are in the units of `images.preprocess`;
the published encoder reads pixels in 0-1 through a convolution of 1x1 that changes the units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
from mxnet import init
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import InstanceNorm, Layer, ToColours, Upsampling, subdue
from styletransfer.command import finite, listed, natural, positive
from styletransfer.errors import InputError, unknown
from styletransfer.feedforward.encoder import STYLE_LAYERS, Encoder, load_encoder, moments
from styletransfer.learning import crops, one_cycle, parse_crops, remembered, side_at
from styletransfer.losses import gram, same_shape, tv_loss
from styletransfer.objective import Terms
from styletransfer.recipes import option
from styletransfer.vgg import BACKBONES

MULTIPLE = 8  # of which the sides of a picture are, as it is halved three times
SMALLEST_STYLE = 16  # pixels: three halvings leave two, which have neighbours to be reflected


@dataclass(frozen=True)
class Setting:
    """Every number of this method: its networks, its losses, its training.

    Raises
    ------
    InputError
        If there is no part of a name, or a number cannot be.
    """

    name: str
    description: str
    # the networks; the decoder mirrors the encoder
    encoder: str = 'vgg19'  # a key of `vgg.BACKBONES`
    soft: bool = False  # mix neighbours where pixels were doubled, and in the picture
    style_side: int = 512  # shorter side of the painting, when a photo is painted
    # the losses
    statistics: str = 'moments'  # one of `STATISTICS`
    scaling: str = 'sums'  # one of `SCALINGS`
    content_weight: float = option(1.0, 'how closely the photo is kept')
    style_weight: float = option(1e-2, 'how strong the style is')
    style_layer_weights: Tuple[float, ...] = option(
        (), 'how much each style layer counts (each 1)', listed(finite)
    )
    tv_weight: float = option(0.0, 'how smooth the pictures are')
    pixel_weight: float = option(0.0, 'how closely a photo in its own style is to be repeated')
    # the training
    crops: Tuple[Tuple[int, int], ...] = option(
        ((256, 160_000),), 'side and steps: 128x5000,192x1500', parse_crops
    )
    identity: int = option(0, 'first steps, in which each photo is its own style', natural)
    own: int = option(0, 'crops a step that are their own style later, too', natural)
    batch: int = option(8, 'crops a step', positive)
    lr: float = option(1e-4, 'highest step size of Adam')
    schedule: str = 'inverse'  # one of `SCHEDULES`

    def __post_init__(self) -> None:
        for name, table in (
            ('encoder', [name for name in BACKBONES if name.startswith('vgg19')]),
            ('statistics', STATISTICS),
            ('scaling', SCALINGS),
            ('schedule', SCHEDULES),
        ):
            if getattr(self, name) not in table:
                raise unknown(name, getattr(self, name), table)
        for side, _ in self.crops:
            if side % MULTIPLE:
                raise InputError(f'crops of {side}: their side must be a multiple of {MULTIPLE}')
        if not SMALLEST_STYLE <= self.style_side <= 4096:
            raise InputError(f'style_side is {self.style_side}: it must be 16 to 4096')
        if len(self.style_layer_weights) not in (0, STYLE_LAYERS):
            raise InputError(f'style_layer_weights must be {STYLE_LAYERS} numbers')
        for name in ('content_weight', 'style_weight', 'tv_weight', 'pixel_weight', 'lr'):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f'{name} is {getattr(self, name)}: it must not be below 0')

    @property
    def num_steps(self) -> int:
        """Return the steps of the whole training."""
        return sum(steps for _, steps in self.crops)


# --- statistics ----------------------------------------------------------------------------------


def adain(content: np.ndarray, style: np.ndarray) -> np.ndarray:
    r"""Return features of a photo with the mean and the deviation of a painting's.

    .. math:: \mathrm{AdaIN}(x, y) = \sigma(y) \frac{x - \mu(x)}{\sigma(x)} + \mu(y)

    Parameters
    ----------
    content : np.ndarray of shape (n, c, h, w)
    style : np.ndarray of shape (n, c, h', w')

    Returns
    -------
    np.ndarray of the shape of `content`

    Raises
    ------
    InputError
        If there are not as many pictures and channels of the one as of the other.
    """
    same_shape(content[:, :, 0, 0], style[:, :, 0, 0])
    (mean, deviation), (mean_Z, deviation_Z) = (
        [part[:, :, None, None] for part in moments(X)] for X in (content, style)
    )
    return deviation_Z * (content - mean) / deviation + mean_Z


# by what a layer's output is compared with the painting's: (n, c, h, w) to (n, d)
STATISTICS: Dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'moments': lambda X: np.concatenate(moments(X), axis=1),  # d = 2 c
    'gram': lambda X: gram(X).reshape(X.shape[0], -1),  # d = c^2
}

# by what sums of squares of differences are divided: by nothing, or by what they are for
# photographs (`Judge`)
SCALINGS = ('sums', 'photographs')

# of a step, the number of steps, and the highest step size
SCHEDULES: Dict[str, Callable[[int, int, float], float]] = {
    'inverse': lambda k, num_steps, lr: lr / (1 + 5e-5 * k),
    'one_cycle': one_cycle,
}


# --- the settings --------------------------------------------------------------------------------

ADAIN_2017 = Setting(
    name='adain_2017',
    # Departures: first weights of He et al. (2015); filters of a mean activation of 1 over the
    # bundled pictures, not over ImageNet's.
    description='Huang and Belongie: normalised VGG-19, as their program trains it',
)

ADAIN_SLIM = Setting(
    name='adain_slim',
    # Departures: a decoder that is asked for means and deviations only answers with smears, so it
    # is asked for Gram matrices, as those of Johnson et al. are; and some photos it is to repeat,
    # which keeps their shapes and colours in all others (so do Park and Lee, CVPR 2019).
    description='trains on two cores: a sixteenth of the weights, losses that balance',
    encoder='vgg19_slim',
    soft=True,
    style_side=256,
    statistics='gram',
    scaling='photographs',
    style_weight=2.0,
    style_layer_weights=(0.5, 0.5, 1.0, 1.0),
    tv_weight=1.0,
    pixel_weight=10.0,
    crops=((96, 8000), (128, 6000)),
    identity=1000,
    own=1,
    batch=4,
    lr=1e-3,
    schedule='one_cycle',
)

SETTINGS = {setting.name: setting for setting in (ADAIN_2017, ADAIN_SLIM)}


# --- the network ---------------------------------------------------------------------------------


def make_decoder(
    widths: Sequence[int], soft: bool = False, fast: bool = False
) -> nn.HybridSequential:
    """Return the mirrored encoder: what it says at relu4_1 becomes a picture again.

    Parameters
    ----------
    widths : sequence of int
        Channels of the encoder's four blocks.
    soft, fast : bool
        As of `blocks.Upsampling`.
    """
    one, two, three, four = widths
    up = partial(Upsampling, soft=soft, fast=fast)
    decoder = nn.HybridSequential()
    decoder.add(
        Layer(three, four),
        up(three, three),
        Layer(three, three),
        Layer(three, three),
        Layer(two, three),
        up(two, two),
        Layer(one, two),
        up(one, one),
        ToColours(one, 3, soft=soft),
    )
    return decoder


class AnyStyleNet(nn.HybridBlock):
    """The whole: encoder, statistics as they are wanted, decoder.

    Parameters
    ----------
    setting : Setting
    encoder : Encoder
        It is not changed.
    fast : bool
        Upsample by one transposed convolution (`blocks.Upsampling`): the same function, but not to
        be trained.
    """

    def __init__(self, setting: Setting, encoder: Encoder, fast: bool = False) -> None:
        super().__init__()
        self.encoder = encoder
        self.norm = InstanceNorm()
        self.decoder = make_decoder(encoder.widths, setting.soft, fast)

    def hybrid_forward(self, F: Any, X: Any, S: Any) -> Any:
        r"""Return the pictures painted.

        Parameters
        ----------
        X : np.ndarray of shape (n, 3, h, w)
            Photos as of `preprocess`; h and w are multiples of 8.
        S : np.ndarray of shape (n, 2 c)
            `statistics` of the paintings. A mean of several is a mixture of styles: AdaIN is
            linear in them. With a share of the photo's own it is the published strength,
            :math:`g(\alpha t + (1 - \alpha) f(X))`; nothing but these is the auto-encoder.
        """
        mean, deviation = F.np.split(S, 2, axis=1)
        return self.decoder(self.norm(self.encoder(X)[-1], deviation, mean))


def make_net(
    setting: Setting, encoder: Optional[Encoder] = None, seed: int = 0, fast: bool = False
) -> AnyStyleNet:
    """Return a network whose decoder has random weights; by default with the setting's encoder."""
    net = AnyStyleNet(setting, encoder or load_encoder(setting), fast)
    mx.random.seed(seed)
    for part in (net.norm, net.decoder):
        part.initialize(init.MSRAPrelu(slope=0))
    X = np.zeros((1, 3, 32, 32))
    net(X, statistics(net, X))  # shapes are known now
    subdue(net.decoder[-1])
    return net


def statistics(net: AnyStyleNet, X: np.ndarray) -> np.ndarray:
    """Return the style of pictures of any size as the network reads it, of shape (n, 2 c)."""
    return np.concatenate(moments(net.encoder(X)[-1]), axis=1)


def reach(setting: Setting) -> int:
    """Return how many pixels away, at most, a pixel of the result looks at the photo."""
    sides = (1, 2, 4, 8)  # of a pixel of each block
    encoder = sum(side * convs for side, convs in zip(sides, (2, 2, 4, 1)))
    decoder = sum(side * convs for side, convs in zip(sides, (2, 2, 4, 1)))
    halved = sum(sides[:3])  # pixels that are no centre of any kernel, on the way down and up
    soft = (halved + 1) * setting.soft
    return encoder + decoder + 2 * halved + soft


# --- the training --------------------------------------------------------------------------------


class Batch(NamedTuple):
    """What the loss is given in one step."""

    t: np.ndarray  # (n, c, h/8, w/8): the photos' features with the paintings' statistics
    targets: List[np.ndarray]  # (n, d) for each style layer: statistics of the paintings
    factors: List[np.ndarray]  # (n,) for each: how much a difference from them counts
    repeated: np.ndarray  # (m, 3, h, w): the first m photos, if they are their own style


class Judge:
    r"""The loss of a batch.

    With the scaling 'photographs' each term is measured against what it is where nothing was
    painted: the content term over the variance of what the encoder says of photographs, and the
    style term of each layer and painting over what it is, on average, for photographs.

    .. math:: L_c = \frac{\mathrm{mean}\,(f(Y) - t)^2}{\mathrm{var}\,f}, \quad
              L_s = \frac{\sum (D_\ell(Y) - D_\ell(Z))^2}
                    {\mathrm{E}_X \sum (D_\ell(X) - D_\ell(Z))^2}, \quad
              \mathrm{E}_X \|D(X) - D(Z)\|^2 = \|\bar{D} - D(Z)\|^2
                    + \mathrm{E}_X \|D(X) - \bar{D}\|^2

    with D the `STATISTICS` and :math:`\bar{D}` their mean over photographs: by the last line it
    takes no photographs to measure another painting. With 'sums' nothing is divided.

    Parameters
    ----------
    encoder : Encoder
    setting : Setting
    photos : sequence of np.ndarray of shape (n, 3, side, side)
        Some batches, from which the balance is taken.
    """

    def __init__(self, encoder: Encoder, setting: Setting, photos: Sequence[np.ndarray]) -> None:
        self.encoder, self.setting = encoder, setting
        self.measure = STATISTICS[setting.statistics]
        self.weights = setting.style_layer_weights or (1.0,) * STYLE_LAYERS
        self.content_factor = 1.0
        if setting.scaling == 'photographs':
            self._balance(photos)

    def _balance(self, photos: Sequence[np.ndarray]) -> None:
        """Measure what the terms are for photographs."""
        layers = [np.concatenate(outputs) for outputs in zip(*map(self.encoder, photos))]
        features = layers[-1]
        centre = features.mean(axis=(0, 2, 3), keepdims=True)
        self.content_factor = 1 / float(np.square(features - centre).mean())
        told = [self.measure(Y) for Y in layers]
        self.centres = [D.mean(axis=0, keepdims=True) for D in told]
        self.spreads = [
            float(np.square(D - mean).sum(axis=1).mean()) for D, mean in zip(told, self.centres)
        ]

    def aim(self, X: np.ndarray, Z: np.ndarray, own: int = 0) -> Batch:
        """Return what is asked for, of photos X and paintings Z, each (n, 3, side, side).

        The first `own` of both are the same.
        """
        layers = self.encoder(Z)
        t = adain(self.encoder(X)[-1], layers[-1])
        targets = [self.measure(Y) for Y in layers]
        if self.setting.scaling == 'photographs':
            away = [np.square(D - mean).sum(axis=1) for D, mean in zip(targets, self.centres)]
            factors = [1 / (d + spread) for d, spread in zip(away, self.spreads)]
        else:
            factors = [np.ones(len(X))] * STYLE_LAYERS
        factors = [factor * weight for factor, weight in zip(factors, self.weights)]
        return Batch(t, targets, factors, X[:own])

    def __call__(self, Y_hat: np.ndarray, batch: Batch) -> Tuple[Terms, np.ndarray]:
        """Return the weighted terms of painted pictures, and their sum.

        They are 'content', 'style', 'TV' and, if some pictures are to be repeated, 'pixels'.
        """
        setting = self.setting
        layers = self.encoder(Y_hat)
        content_l = np.square(layers[-1] - batch.t).mean() * self.content_factor
        style_l = sum(
            (np.square(self.measure(Y) - target).sum(axis=1) * factor).mean()
            for Y, target, factor in zip(layers, batch.targets, batch.factors)
        )
        terms = {
            'content': content_l * setting.content_weight,
            'style': style_l * setting.style_weight,
            'TV': tv_loss(Y_hat) * setting.tv_weight,
        }
        own = len(batch.repeated)
        if own:
            error = np.square(Y_hat[:own] - batch.repeated).mean()
            terms['pixels'] = error * setting.pixel_weight
        return terms, sum(terms.values())


class Lesson:
    """What `learning.learn` needs to train a decoder.

    Parameters
    ----------
    setting : Setting
    encoder : Encoder
    paintings, photos : sequence of Path
    seed : int
    """

    def __init__(
        self,
        setting: Setting,
        encoder: Encoder,
        paintings: Sequence[Path],
        photos: Sequence[Path],
        seed: int = 0,
    ) -> None:
        self.setting, self.paintings, self.photos, self.seed = setting, paintings, photos, seed
        self.net = make_net(setting, encoder, seed)
        self.net.encoder.hybridize()
        self.net.decoder.hybridize(static_alloc=True, static_shape=True)
        self.load = remembered(max(side for side, _ in setting.crops))
        self._judge: Tuple[int, Optional[Judge]] = (0, None)

    def pictures(self, paths: Sequence[Path], seed: int, k: int, side: int) -> np.ndarray:
        """Return crops (batch, 3, side, side), which depend on seed and k only."""
        return crops(seed, k, paths, self.setting.batch, side, load=self.load)

    def judge(self, side: int) -> Judge:
        """Return the loss for crops of a side; it is kept until another side is asked for."""
        if self._judge[0] != side:
            some = [self.pictures(self.photos, self.seed + 1, k, side) for k in range(8)]
            self._judge = side, Judge(self.net.encoder, self.setting, some)
        assert self._judge[1]
        return self._judge[1]

    def batch_at(self, k: int) -> Batch:
        """Return what is asked for in step k, of other photos and paintings than before."""
        side = side_at(self.setting.crops, k)
        X = self.pictures(self.photos, self.seed, k, side)
        own = self.setting.batch if k < self.setting.identity else self.setting.own
        Z = self.pictures(self.paintings, self.seed + 2, k, side)
        Z[:own] = X[:own]
        return self.judge(side).aim(X, Z, own)

    def loss(self, batch: Batch) -> Tuple[Terms, np.ndarray]:
        """Return the terms of what the network paints, and their sum."""
        return self.judge(MULTIPLE * batch.t.shape[2])(self.net.decoder(batch.t), batch)

    def lr_at(self, k: int) -> float:
        """Return the step size of step k."""
        return SCHEDULES[self.setting.schedule](k, self.setting.num_steps, self.setting.lr)
