r"""What painters and critics are made of: the U-Net, the residual generator, the PatchGAN.

Pictures are arrays X of shape (n, c, h, w) in [-1, 1]. The networks are plain blocks of Gluon,
which run as they are read: a convolution takes most of the time in either case, and a network that
is not compiled needs to know nothing of the number of pictures.

Isola, Zhu, Zhou, Efros: Image-to-image translation with conditional adversarial networks, CVPR
2017. Zhu, Park, Isola, Efros: Unpaired image-to-image translation using cycle-consistent
adversarial networks, ICCV 2017.

Departures: the sigmoid at a critic's end is part of the loss (`losses.cross_entropy`), where it
cannot overflow. Upsampling may be by doubled pixels (`UPSAMPLINGS`), not only as published.
"""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import autograd, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import doubled, reflected

SLOPE = 0.2  # of the leaky ReLU below 0
DEVIATION = 0.02  # of the weights at first
NORMS = ('batch', 'instance')
UPSAMPLINGS = ('deconvolution', 'resize')


class Norm(nn.Block):
    r"""Give each channel the mean and the deviation that it has learned.

    .. math:: Z = \gamma \frac{X - \mu}{\sqrt{v + 10^{-5}}} + \beta

    with :math:`\mu` and v the mean and the variance of the channel over the pixels of all pictures
    in the batch, or of each picture.

    Ioffe, Szegedy: Batch normalization, ICML 2015. Ulyanov et al.: Instance normalization, 2016.

    Parameters
    ----------
    channels : int
    kind : str
        One of `NORMS`.
    affine : bool
        Whether :math:`\gamma` and :math:`\beta` are learned; they are 1 and 0 if not.

    Notes
    -----
    It has the statistics of what it is given, always: Pix2Pix and MIXGAN paint as they were
    trained, and keep no running ones, as MXNet's own batch norm would outside of a training. Of a
    single picture both kinds are the same.
    """

    def __init__(self, channels: int, kind: str = 'instance', affine: bool = True) -> None:
        super().__init__()
        self.kind, self.affine = kind, affine
        if affine:
            with self.name_scope():
                self.gamma = self.params.get('gamma', shape=(channels,), init='ones')
                self.beta = self.params.get('beta', shape=(channels,), init='zeros')

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return Z, of the shape of X, (n, c, h, w) or (n, c)."""
        n, c = X.shape[:2]
        gamma, beta = (
            (self.gamma.data(), self.beta.data()) if self.affine else (np.ones(c), np.zeros(c))
        )
        row = X
        if self.kind == 'instance':  # MXNet's own is ten times as slow as its batch norm
            row = X.reshape(1, n * c, *X.shape[2:])
            gamma, beta = (
                np.broadcast_to(wanted, (n, c)).reshape(n * c) for wanted in (gamma, beta)
            )
        running = np.zeros(row.shape[1]), np.ones(row.shape[1])  # asked for, and never used
        with autograd.train_mode():
            Z = npx.batch_norm(row, gamma, beta, *running, eps=1e-5, fix_gamma=False)
        return Z.reshape(X.shape)


class Reflection(nn.Block):
    """Lets pictures go on beyond their borders as in a mirror (`blocks.reflected`)."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return an array of shape (n, c, h + 2 margin, w + 2 margin)."""
        return reflected(X, self.margin)


class FewFilters(nn.Block):
    """A convolution of stride 1 with fewer than eight filters, such as to the three colours.

    Parameters
    ----------
    channels, in_channels, kernel : int
    padding : int
        Zeros on each side.
    bias : bool

    Notes
    -----
    oneDNN has no quick convolution for so few, but one for eight: filters of zeros join them, and
    what they say is cut off.
    """

    def __init__(
        self, channels: int, in_channels: int, kernel: int, padding: int = 0, bias: bool = True
    ) -> None:
        super().__init__()
        self.channels, self.kernel, self.padding = channels, kernel, padding
        with self.name_scope():
            shape = (channels, in_channels, kernel, kernel)
            self.weight = self.params.get('weight', shape=shape)
            self.bias = self.params.get('bias', shape=(channels,), init='zeros') if bias else None

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return an array of shape (n, channels, h', w')."""
        parts = [part.data() for part in (self.weight, self.bias) if part is not None]
        eight = [
            np.concatenate([part, np.zeros((8 - self.channels, *part.shape[1:]))])
            for part in parts
        ]
        Z = npx.convolution(
            X,
            *eight,
            kernel=2 * (self.kernel,),
            pad=2 * (self.padding,),
            num_filter=8,
            no_bias=self.bias is None,
        )
        # the slope of NumPy's way to cut divides by zero in MXNet 1.9.1
        return Z.as_nd_ndarray().slice_axis(axis=1, begin=0, end=self.channels).as_np_ndarray()


class Upsampling(nn.Block):
    """Doubles the sides of a picture, without norm or activation.

    Parameters
    ----------
    channels, in_channels : int
        Behind and before.
    kernel : int
        3 or 4, of the transposed convolution of stride 2.
    way : str
        'deconvolution' as published, or 'resize': each pixel four times, then a convolution of 3x3
        over reflected borders, which leaves no chequered pattern (Odena et al.: Deconvolution and
        checkerboard artifacts, Distill 2016).
    bias : bool

    Notes
    -----
    The transposed convolution of 3x3 is a convolution of the picture with zeros between its pixels
    (`between_zeros`), as MXNet 1.9.1 fails at the slope of one that a painter goes through twice,
    there and back. That of 4x4, whose painter is asked once, is MXNet's own, and quicker.
    """

    def __init__(self, channels: int, in_channels: int, kernel: int, way: str, bias: bool) -> None:
        super().__init__()
        options = {'in_channels': in_channels, 'use_bias': bias}
        self.way, self.transposed = way, way == 'deconvolution' and kernel == 4
        if self.transposed:
            self.conv = nn.Conv2DTranspose(channels, 4, 2, 1, **options)
        else:
            self.conv = nn.Conv2D(channels, 3, padding=int(way == 'deconvolution'), **options)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return an array of shape (n, channels, 2 h, 2 w)."""
        if self.way == 'resize':
            return self.conv(reflected(doubled(X), 1))
        return self.conv(X if self.transposed else between_zeros(X))


def between_zeros(X: np.ndarray) -> np.ndarray:
    """Return pictures of twice the size with zeros behind and below each pixel."""
    n, c, h, w = X.shape
    rows = np.concatenate([X.reshape(n, c, h, 1, w), np.zeros((n, c, h, 1, w))], axis=3)
    pixels = rows.reshape(n, c, 2 * h, w, 1)
    both = np.concatenate([pixels, np.zeros((n, c, 2 * h, w, 1))], axis=4)
    return both.reshape(n, c, 2 * h, 2 * w)


# --- painters ------------------------------------------------------------------------------------


class UNet(nn.Block):
    """The painter of Pix2Pix: down to almost nothing and up again, with a bridge at each size.

    On the way down, but for the first layer: leaky ReLU, convolution of 4x4 and stride 2, norm; on
    the way up: ReLU, `Upsampling`, norm, perhaps dropout, and then the map of the same size from
    the way down is put behind. The innermost map has no norm, as a single pixel less its mean is
    0. The last layer has neither norm nor dropout, but tanh.

    Parameters
    ----------
    widths : sequence of int
        Channels on the way down, from half the size to the smallest; on the way up the same.
    dropouts : int
        How many layers of the way up have dropout: the only noise that a painter has.
    dropout : float
        Share of the numbers that are 0 there. It works in training mode.
    norm, affine
        As of `Norm`.
    way : str
        As of `Upsampling`.
    channels : int
        Of the pictures.
    """

    def __init__(
        self,
        widths: Sequence[int],
        dropouts: int = 3,
        dropout: float = 0.5,
        norm: str = 'batch',
        affine: bool = True,
        way: str = 'deconvolution',
        channels: int = 3,
    ) -> None:
        super().__init__()
        depth = len(widths)
        self.downs, self.ups = nn.Sequential(), nn.Sequential()
        for i, (before, width) in enumerate(zip((channels, *widths), widths)):
            layers: List[Any] = [nn.LeakyReLU(SLOPE)] if i else []
            layers.append(nn.Conv2D(width, 4, 2, 1, in_channels=before, use_bias=False))
            if 0 < i < depth - 1:
                layers.append(Norm(width, norm, affine))
            self.downs.add(chain(*layers))
        for i, width in enumerate((*widths[-2::-1], channels)):
            last, before = i == depth - 1, widths[-1 - i] * (2 if i else 1)
            layers = [nn.Activation('relu'), Upsampling(width, before, 4, way, bias=last)]
            if not last:
                layers.append(Norm(width, norm, affine))
            if i < dropouts and dropout and not last:
                layers.append(nn.Dropout(dropout))
            self.ups.add(chain(*layers))

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return pictures of the shape of X, whose sides are multiples of 2 to the depth."""
        seen = []
        for down in self.downs:
            X = down(X)
            seen.append(X)
        X = seen.pop()
        for up in self.ups:
            X = up(X)
            if seen:
                X = np.concatenate([X, seen.pop()], axis=1)
        return np.tanh(X)


class Residual(nn.Block):
    """Two convolutions of 3x3 over reflected borders, whose result is added to what came in.

    Parameters
    ----------
    width : int
    norm, affine
        As of `Norm`.
    bias : bool
    """

    def __init__(self, width: int, norm: str, affine: bool, bias: bool) -> None:
        super().__init__()
        layers: List[Any] = []
        for _ in range(2):
            conv = nn.Conv2D(width, 3, in_channels=width, use_bias=bias)
            layers += [Reflection(1), conv, Norm(width, norm, affine), nn.Activation('relu')]
        self.body = chain(*layers[:-1])

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return an array of the shape of X."""
        return X + self.body(X)


class ResidualGenerator(nn.Block):
    """The painter of CycleGAN: down to a quarter, residual blocks, up again; no bridges.

    Parameters
    ----------
    widths : sequence of 3 int
        Channels at full size, a half, a quarter.
    residuals : int
        Blocks.
    norm, affine
        As of `Norm`.
    way : str
        As of `Upsampling`.
    bias : bool
        Whether convolutions before a norm have one.
    channels : int
        Of the pictures.
    """

    def __init__(
        self,
        widths: Sequence[int],
        residuals: int,
        norm: str = 'instance',
        affine: bool = False,
        way: str = 'deconvolution',
        bias: bool = True,
        channels: int = 3,
    ) -> None:
        super().__init__()
        one, two, four = widths

        def normed(conv: nn.Block, width: int) -> List[nn.Block]:
            return [conv, Norm(width, norm, affine), nn.Activation('relu')]

        def halved(width: int, before: int) -> nn.Block:
            return nn.Conv2D(width, 3, 2, 1, in_channels=before, use_bias=bias)

        self.body = chain(
            Reflection(3),
            *normed(nn.Conv2D(one, 7, in_channels=channels, use_bias=bias), one),
            *normed(halved(two, one), two),
            *normed(halved(four, two), four),
            *(Residual(four, norm, affine, bias) for _ in range(residuals)),
            *normed(Upsampling(two, four, 3, way, bias), two),
            *normed(Upsampling(one, two, 3, way, bias), one),
            Reflection(3),
            FewFilters(channels, one, 7),
        )

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return pictures of the shape of X, whose sides are multiples of 4."""
        return np.tanh(self.body(X))


# --- critics -------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A convolution of a critic."""

    channels: int
    kernel: int
    stride: int = 1
    before: int = 1  # pixels of zeros at the upper and left border,
    after: int = 1  # and at the lower and right one


def patch_rows(depth: int, width: int = 64) -> Tuple[Row, ...]:
    """Return the convolutions of the PatchGAN that halves the picture so many times.

    Parameters
    ----------
    depth : int
        0 is the PixelGAN, which sees each pixel for itself; 3 is the published one, which sees
        patches of 70 pixels.
    width : int
        Channels of the first convolution; they double to eight times as many at most.
    """
    if not depth:
        return Row(width, 1, 1, 0, 0), Row(2 * width, 1, 1, 0, 0), Row(1, 1, 1, 0, 0)
    widths = [width * min(2**i, 8) for i in range(depth + 1)]
    return (*(Row(w, 4, 2) for w in widths[:-1]), Row(widths[-1], 4), Row(1, 4))


def receptive_field(rows: Sequence[Row]) -> int:
    r"""Return the side of the patch that a critic's score is about, in pixels.

    .. math:: r = 1 + \sum_i (k_i - 1) \prod_{j < i} s_j

    with k the kernels and s the strides.
    """
    field, stride = 1, 1
    for row in rows:
        field += (row.kernel - 1) * stride
        stride *= row.stride
    return field


class PatchGAN(nn.Block):
    """A critic that says of each patch of a picture, for itself, how real it looks.

    After each convolution but the last there is a leaky ReLU, and before that a norm but after
    the first.

    Parameters
    ----------
    rows : sequence of Row
        Such as of `patch_rows`.
    channels : int
        Of the pictures; 6 for pairs, one behind the other.
    norm, affine
        As of `Norm`.
    bias : bool
        Whether convolutions before a norm have one.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        channels: int = 3,
        norm: str = 'instance',
        affine: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        layers: List[nn.Block] = []
        for i, (row, before) in enumerate(zip(rows, (channels, *(row.channels for row in rows)))):
            width, kernel = row.channels, row.kernel
            if row.after != row.before:
                layers.append(Zeros(row.after - row.before))
            if i == len(rows) - 1:
                layers.append(FewFilters(width, before, kernel, row.before))
                break
            options = {'in_channels': before, 'use_bias': i == 0 or bias}
            layers.append(nn.Conv2D(width, kernel, row.stride, row.before, **options))
            if i:
                layers.append(Norm(width, norm, affine))
            layers.append(nn.LeakyReLU(SLOPE))
        self.body = chain(*layers)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return scores of shape (n, 1, h', w'): the higher, the more real."""
        return self.body(X)


class Zeros(nn.Block):
    """Puts rows and columns of zeros behind the lower and the right border."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return an array of shape (n, c, h + margin, w + margin)."""
        width = (0, 0, 0, 0, 0, self.margin, 0, self.margin)
        padded = mx.nd.pad(X.as_nd_ndarray(), mode='constant', pad_width=width)
        return padded.as_np_ndarray()


# --- both ----------------------------------------------------------------------------------------


def chain(*layers: nn.Block) -> nn.Sequential:
    """Return layers as one block."""
    net = nn.Sequential()
    net.add(*layers)
    return net


def begin(net: nn.Block, seed: int) -> None:
    """Give a network its first numbers, which depend on the seed only.

    Weights are normal with a deviation of 0.02 around 0, the scales of norms around 1; everything
    else is 0.
    """
    rng = numpy.random.default_rng(seed)
    net.initialize(mx.init.Zero())
    for name, parameter in net._collect_params_with_prefix().items():
        kind = name.rpartition('.')[2]
        if kind in ('weight', 'gamma'):
            numbers = rng.normal(float(kind == 'gamma'), DEVIATION, parameter.shape)
            parameter.set_data(np.array(numbers, dtype='float32'))
