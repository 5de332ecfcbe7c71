r"""What painters and critics are made of: the U-Net, the residual generator, the PatchGAN.

Pictures are arrays X of shape (n, c, h, w) in [-1, 1].

Isola, Zhu, Zhou, Efros: Image-to-image translation with conditional adversarial networks, CVPR
2017. Zhu, Park, Isola, Efros: Unpaired image-to-image translation using cycle-consistent
adversarial networks, ICCV 2017.

Departures: the sigmoid at a critic's end is part of the loss (`losses.cross_entropy`), where it
cannot overflow. Upsampling may be by doubled pixels (`UPSAMPLINGS`), not only as published.
"""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.gan.layers import FewFilters, Norm, Reflection, Upsampling, Zeros, chain

SLOPE = 0.2  # of the leaky ReLU below 0


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
        As of `Norm`; None for no norm.
    bias : bool
        Whether convolutions before a norm have one.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        channels: int = 3,
        norm: Optional[str] = 'instance',
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
            kind = norm if i else None
            options = {'in_channels': before, 'use_bias': bias or kind is None}
            layers.append(nn.Conv2D(width, kernel, row.stride, row.before, **options))
            if kind:
                layers.append(Norm(width, kind, affine))
            layers.append(nn.LeakyReLU(SLOPE))
        self.body = chain(*layers)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return scores of shape (n, 1, h', w'): the higher, the more real."""
        return self.body(X)
