r"""One network for one style, or for many: trained to paint any photo in a single pass.

The book trains a picture; here the weights of a network f are trained, by the same two losses,
over many photographs X, so that what it answers is what the picture would have become:

.. math:: l = \frac{1}{n} \sum_n w_c L_c(f(X_n, s_n), X_n) + w_s L_s(f(X_n, s_n), s_n) + ...

`perceptual` has the losses in full.

Johnson, Alahi, Fei-Fei: Perceptual losses for real-time style transfer, ECCV 2016: the network and
the losses, one network for each style. Dumoulin, Shlens, Kudlur: A learned representation for
artistic style, ICLR 2017: all weights but those of the norms serve every style.

Departures: see `JOHNSON_2016` and `DUMOULIN_2017`. All networks read and write pictures in the
units of `images.preprocess`, which differ from those of the papers by a factor and a shift for
each colour; the norm behind the first convolution forgets the one and the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import init, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import Layer, Residual, ToColours, Upsampling, learned, subdue
from styletransfer.command import finite, listed, natural, positive
from styletransfer.errors import InputError, unknown
from styletransfer.feedforward import perceptual
from styletransfer.feedforward.perceptual import SCALINGS, TV_LOSSES, Batch, style_grams
from styletransfer.images import rgb_mean, rgb_std
from styletransfer.learning import parse_crops, rows_at, side_at
from styletransfer.recipes import option


@dataclass(frozen=True)
class Setting:
    """Every number of a network of this family: its layers, its losses, its training.

    Raises
    ------
    InputError
        If there is no part of a name, or a number cannot be.
    """

    name: str
    description: str
    # the network
    widths: Tuple[int, ...] = option(
        (32, 64, 128), 'channels at full size, a half, a quarter', listed(positive)
    )
    # 2: the first convolution halves too, and the last one doubles, so that no layer is at full
    # size, and the widths are those of half as large pictures
    stride: int = 1
    # show the last upsampling what was seen before the last halving, too: with a stride of 2 the
    # blocks are at an eighth, where less is left of a photo than its content
    skip: bool = False
    residuals: int = option(5, 'residual blocks', natural)
    kernel: int = 9  # side of the first and the last convolution's; of a last that doubles it is 3
    bias: bool = True
    grain: float = option(0.0, 'noise in the photos: places for strokes to begin')
    soft: bool = False  # mix neighbours where pixels were doubled, and in the picture
    ending: str = 'linear'  # one of `ENDINGS`
    initial: float = 0.0  # deviation of the weights at first; 0 for that of He et al. (2015)
    # the losses
    family: str = 'vgg16'
    pooling: str = 'max'
    pixels: str = 'caffe'
    content_layer: str = 'relu3_3'
    style_layers: Tuple[str, ...] = ('relu1_2', 'relu2_2', 'relu3_3', 'relu4_3')
    style_layer_weights: Tuple[float, ...] = option(
        (), 'how much each style layer counts (each 1)', listed(finite)
    )
    scaling: str = 'chw'  # one of `SCALINGS`
    content_weight: float = option(1.0, 'how closely the photo is kept')
    style_weight: float = option(5.0, 'how strong the style is')
    tv: str = 'squares'  # one of `TV_LOSSES`
    tv_weight: float = option(0.0, 'how smooth the pictures are')
    lattice_weight: float = option(0.0, "how little of a ripple of the network's is allowed")
    style_side: int = option(256, 'longest side of the paintings: of the strokes', positive)
    style_crops: int = option(
        0, 'from how many crops a style is taken; 0 for the painting as a whole', natural
    )
    # the training
    crops: Tuple[Tuple[int, int], ...] = option(
        ((256, 40_000),), 'side and steps: 128x5000,192x1500', parse_crops
    )
    batch: int = option(4, 'crops a step', positive)
    lr: float = option(1e-3, 'highest step size of Adam')
    decay: bool = False  # the step size of `learning.one_cycle`, not the same in all steps

    def __post_init__(self) -> None:
        if len(self.widths) != 3 or max(self.widths) > 1024 or self.residuals > 64:
            raise InputError('a network has three widths, of at most 1024, and 64 blocks at most')
        if self.stride not in (1, 2):
            raise InputError(f'stride is {self.stride}: it must be 1 or 2')
        for side, _ in self.crops:
            if side % self.multiple:
                raise InputError(
                    f'crops of {side}: this network takes multiples of {self.multiple}'
                )
        for name, table in (('ending', ENDINGS), ('scaling', SCALINGS), ('tv', TV_LOSSES)):
            if getattr(self, name) not in table:
                raise unknown(name, getattr(self, name), table)
        if len(self.style_layer_weights) not in (0, len(self.style_layers)):
            raise InputError(f'style_layer_weights must be {len(self.style_layers)} numbers')
        for name in (
            'content_weight',
            'style_weight',
            'tv_weight',
            'lattice_weight',
            'lr',
            'grain',
        ):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f'{name} is {getattr(self, name)}: it must not be below 0')

    @property
    def multiple(self) -> int:
        """Return of which number the sides of a picture are multiples: as often it is halved."""
        return 4 * self.stride

    @property
    def num_steps(self) -> int:
        """Return the steps of the whole training."""
        return sum(steps for _, steps in self.crops)

    def side_at(self, k: int) -> int:
        """Return the side of the crops of step k, counted from 0."""
        return side_at(self.crops, k)


# --- the network ---------------------------------------------------------------------------------


def _colours(F: Any, X: Any, factor: Callable[[float, float], float], shift: Any) -> Any:
    """Return X with each colour c times `factor(mean, deviation)`, plus `shift` of the same."""
    pairs = [*zip(rgb_mean.asnumpy().tolist(), rgb_std.asnumpy().tolist())]
    planes = zip(F.np.split(X, 3, axis=1), pairs)
    return F.np.concatenate([C * factor(*pair) + shift(*pair) for C, pair in planes], axis=1)


def linear(F: Any, X: Any) -> Any:
    """Return the picture as it is: bounds are for `postprocess` to set."""
    return X


def tanh(F: Any, X: Any) -> Any:
    r"""Return :math:`150 \tanh x`, meant in 0-255 less the mean colour (Johnson et al.)."""
    return _colours(F, F.np.tanh(X), lambda mean, std: 150 / 255 / std, lambda mean, std: 0.0)


def sigmoid(F: Any, X: Any) -> Any:
    """Return the logistic function of X, meant in 0-1 (Dumoulin et al.)."""
    return _colours(F, F.npx.sigmoid(X), lambda mean, std: 1 / std, lambda mean, std: -mean / std)


class Ending(NamedTuple):
    """What becomes of the three channels of the last convolution."""

    picture: Callable[[Any, Any], Any]  # in the units of `preprocess`
    norm: bool = False  # whether a conditional instance norm comes before


ENDINGS = {'linear': Ending(linear), 'tanh': Ending(tanh), 'sigmoid': Ending(sigmoid, norm=True)}


class TransformationNet(nn.HybridBlock):
    """The network: down to a quarter, residual blocks, up again, in as many styles as wanted.

    Parameters
    ----------
    setting : Setting
    styles : int
        Rows of each norm.
    fast : bool
        Upsample by one transposed convolution (`blocks.Upsampling`): the same function, but not to
        be trained.
    """

    def __init__(self, setting: Setting, styles: int, fast: bool = False) -> None:
        super().__init__()
        self.ending, self.skip = ENDINGS[setting.ending].picture, setting.skip
        one, two, four = setting.widths
        options: Dict[str, Any] = {'styles': styles, 'bias': setting.bias}
        self.body = nn.HybridSequential()
        self.body.add(
            Layer(one, 3, setting.kernel, setting.stride, **options),
            Layer(two, one, stride=2, **options),
            Layer(four, two, stride=2, **options),
            *(Residual(four, **options) for _ in range(setting.residuals)),
            Upsampling(two, four, soft=setting.soft, fast=fast, **options),
            Upsampling(one, two * (1 + setting.skip), soft=setting.soft, fast=fast, **options),
        )
        rows, double = styles if ENDINGS[setting.ending].norm else 0, setting.stride == 2
        kernel, bias = 3 if double else setting.kernel, setting.bias or not rows
        self.last = ToColours(one, kernel, rows, bias, setting.soft, double)

    def hybrid_forward(self, F: Any, X: Any, S: Any) -> Any:
        """Return the pictures painted.

        Parameters
        ----------
        X : np.ndarray of shape (n, 3, h, w)
            Photos as of `preprocess`; h and w are multiples of the setting's `multiple`.
        S : np.ndarray of shape (n, styles)
            How much of each style each is to have.
        """
        first, second, *inside, last = self.body
        seen = X = second(first(X, S), S)
        for block in inside:
            X = block(X, S)
        X = F.np.concatenate([X, seen], axis=1) if self.skip else X
        return self.ending(F, self.last(last(X, S), S))


def make_net(
    setting: Setting, styles: int, batch: int = 1, seed: int = 0, fast: bool = False
) -> TransformationNet:
    """Return a network with random weights, for batches of so many pictures."""
    mx.random.seed(seed)
    net = TransformationNet(setting, styles, fast)
    he = init.MSRAPrelu(slope=0)
    net.initialize(init.Normal(setting.initial) if setting.initial else he)
    net(np.zeros((batch, 3, 32, 32)), np.ones((batch, styles)) / styles)  # shapes are known now
    subdue(net.last)
    return net


def reach(setting: Setting) -> int:
    """Return how many pixels away, at most, a pixel of the result looks at the photo."""
    # the first convolution and the last; the halving one and that of doubled pixels; the same two
    # at half the size; the blocks; as pixels are doubled, some that are no centre of any kernel
    size, first = setting.stride, setting.kernel // 2
    ends = first + (first if size == 1 else 1)
    inside = size * (1 + 1) + 2 * size * (1 + 1) + 4 * size * 2 * setting.residuals
    return ends + inside + setting.multiple - 1 + (2 * size + size + 1) * setting.soft


def margin(setting: Setting) -> int:
    """Return by how many pixels a photo is to be mirrored beyond each border.

    At an eighth, one pixel of padding is a stroke wide, and what is painted along it is a frame.
    """
    return setting.multiple if setting.stride == 2 else 0


def bytes_of(setting: Setting) -> int:
    """Return how much memory painting takes for each pixel of a picture, as it was measured."""
    return 400 if setting.stride == 1 else 180


# --- the settings --------------------------------------------------------------------------------

JOHNSON_2016 = Setting(
    name='johnson_2016',
    # Departures: every convolution reflects the border, where Johnson pads once by 40 pixels;
    # upsampling as of Odena et al., not by free transposed convolutions. So does PyTorch's
    # example, and the parameters are as many.
    description='Johnson et al.: one style, instance norm',
    ending='tanh',
    tv_weight=1e-6,
)

DUMOULIN_2017 = Setting(
    name='dumoulin_2017',
    description='Dumoulin et al.: many styles, a row of each norm for each',
    bias=False,
    ending='sigmoid',
    initial=0.01,
    pooling='average',
    scaling='hw',
    style_weight=1e-4,
    batch=16,
)

JOHNSON_SLIM = Setting(
    name='johnson_slim',
    description='trains on two cores in an hour: a quarter of the weights, losses that balance',
    widths=(16, 32, 64),
    kernel=5,
    bias=False,
    soft=True,
    grain=0.2,
    family='vgg19',
    pooling='average',
    pixels='imagenet',
    content_layer='relu4_2',  # further from the pixels: strokes may move what is small
    style_layers=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'),
    style_layer_weights=(0.5, 0.5, 1.0, 1.0, 1.0),  # or a ripple makes up for fine strokes
    scaling='photographs',
    tv='absolute',
    tv_weight=1.0,
    style_weight=6.0,
    lattice_weight=20.0,
    style_side=560,
    style_crops=64,
    crops=((128, 5000), (192, 1500)),
    lr=2e-3,
    decay=True,
)

JOHNSON_QUICK = replace(
    JOHNSON_SLIM,
    name='johnson_quick',
    description='paints in a quarter of the time: nothing is computed at full size',
    stride=2,
    skip=True,
    style_layer_weights=(),  # its ripple is a coarser one, and no cheap fine stroke
    style_weight=8.0,
    crops=((128, 18000), (192, 4500)),
    lr=1.5e-3,
)

SETTINGS = {
    setting.name: setting for setting in (JOHNSON_2016, DUMOULIN_2017, JOHNSON_SLIM, JOHNSON_QUICK)
}

# with which rows are added to a trained network
ADDING: Dict[str, Any] = {'crops': ((128, 300),), 'lr': 5e-3}


# --- the training --------------------------------------------------------------------------------


def rows_of(known: Mapping[str, numpy.ndarray]) -> int:
    """Return how many styles a network has learned."""
    return next(len(array) for name, array in known.items() if name.endswith('.gamma'))


def keep(net: nn.HybridBlock, known: Mapping[str, numpy.ndarray]) -> None:
    """Give a network what another with fewer rows has learned; let it learn nothing but rows.

    A new row starts as the mean of those that there are. In a table the old rows are never painted
    with, so their slopes are 0, and Adam leaves them where they are, to the bit.
    """
    for name, parameter in learned(net).items():
        array = known[name]
        if name.endswith(('.gamma', '.beta')):
            new = [array.mean(axis=0, keepdims=True)] * (parameter.shape[0] - len(array))
            array = numpy.concatenate([array, *new])
        else:
            parameter.grad_req = 'null'
        parameter.set_data(np.array(array, dtype='float32'))


class Lesson(perceptual.Lesson):
    """What `learning.learn` needs to train a network of this family.

    Parameters
    ----------
    setting : Setting
    looking : HybridSequential
        As of `loss_network`.
    paintings : sequence of np.ndarray of shape (height, width, 3)
        RGB in 0-255, one for each row that is to be learned.
    photos : sequence of Path
    seed : int
    known : mapping of str to numpy.ndarray, optional
        What a trained network of this setting has learned. It stays, and the paintings get rows
        of their own behind those that there are: nothing but these is trained.

    Notes
    -----
    Dumoulin et al. (2017) add a style in this way in a small share of the steps.
    """

    def __init__(
        self,
        setting: Setting,
        looking: nn.HybridSequential,
        paintings: Sequence[np.ndarray],
        photos: Sequence[Path],
        seed: int = 0,
        known: Optional[Mapping[str, numpy.ndarray]] = None,
    ) -> None:
        self.before = rows_of(known) if known else 0
        net = make_net(setting, self.before + len(paintings), setting.batch, seed)
        if known:
            keep(net, known)
        super().__init__(setting, looking, photos, net, seed)
        self.paintings = paintings
        self._styles: Tuple[int, List[np.ndarray]] = (0, [])

    def styles(self, side: int) -> List[np.ndarray]:
        """Return the Gram matrices of all paintings, (styles, c, c), for crops of a side."""
        if self._styles[0] != side:
            each = [style_grams(self.looking, self.setting, img, side) for img in self.paintings]
            self._styles = side, [np.concatenate(matrices) for matrices in zip(*each)]
        return self._styles[1]

    def batch_at(self, k: int) -> Batch:
        """Return the photographs of step k, and what is known of them."""
        rows = rows_at(self.seed, k, self.setting.batch, len(self.paintings))
        S = npx.one_hot(np.array(self.before + rows), self.before + len(self.paintings))
        return self.batch_of(k, S, [G[rows] for G in self.styles(self.setting.side_at(k))])
