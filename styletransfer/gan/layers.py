"""The layers of painters and critics, and the numbers that they have at first.

They are plain blocks of Gluon, which run as they are read: a convolution takes most of the time in
either case, and a network that is not compiled needs to know nothing of the number of pictures.
Pictures are arrays X of shape (n, c, h, w).
"""

from __future__ import annotations

import mxnet as mx
import numpy
from mxnet import autograd, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import doubled, reflected

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
    oneDNN has no quick convolution for so few, but one for eight, of channels by eights: filters
    and channels of zeros join them, and what those filters say is cut off.
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
        X, weight = (by_eights(array, axis=1) for array in (X, self.weight.data()))
        parts = [weight] if self.bias is None else [weight, self.bias.data()]
        eight = [by_eights(part, axis=0) for part in parts]
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


def by_eights(X: np.ndarray, axis: int) -> np.ndarray:
    """Return an array with zeros behind, until it is a multiple of eight long along an axis."""
    missing = -X.shape[axis] % 8
    if not missing:
        return X
    shape = (*X.shape[:axis], missing, *X.shape[axis + 1 :])
    return np.concatenate([X, np.zeros(shape, ctx=X.ctx)], axis=axis)


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
