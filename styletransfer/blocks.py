r"""What networks that paint are made of: norms with a row for each style, padding, upsampling.

Every layer takes pictures X of shape (n, c, h, w) and shares S of shape (n, styles): how much of
each style each picture is to have. A row of S with a single 1 is one style; any other that sums to
1 is a mixture.
"""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

import mxnet as mx
import numpy
from mxnet import autograd, gluon, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.errors import InputError


def reflected(X: Any, margin: int, mode: str = 'reflect') -> Any:
    """Return pictures that go on beyond their borders as in a mirror.

    The pixels of the border itself are not repeated: ``abc`` becomes ``cbabcba`` with a margin of
    2. In the mode 'edge' nothing but the border is repeated: ``aaabccc``.

    Parameters
    ----------
    X : np.ndarray of shape (n, c, h, w), or its symbol
        With h and w above the margin.
    margin : int
        Pixels on each side; 0 leaves X as it is.

    Notes
    -----
    With zeros outside instead, a network paints a frame along the border: it sees there what no
    photograph has.
    """
    if not margin:
        return X
    F = mx.nd if isinstance(X, np.ndarray) else mx.sym
    width = (0, 0, 0, 0, *4 * (margin,))
    # the operator that knows reflection is of MXNet's older kind
    return F.pad(X.as_nd_ndarray(), mode=mode, pad_width=width).as_np_ndarray()


def grained(X: np.ndarray, deviation: float, seed: Any) -> np.ndarray:
    r"""Return pictures with grain: :math:`X + \sigma N`, with N normal noise.

    What a network of convolutions makes of a flat sky is the same everywhere but for its own
    lattice, that of its halvings: a stroke has nothing to begin at, and a ripple of that period
    takes its place. Grain gives it something, as in the texture networks of Ulyanov et al. (2016).

    Parameters
    ----------
    X : np.ndarray of shape (n, c, h, w)
    deviation : float
        :math:`\sigma`, in the units of X; 0 leaves X as it is.
    seed : int, or sequence of int
        The same seed and shape give the same grain.
    """
    if not deviation:
        return X
    grain = numpy.random.default_rng(seed).standard_normal(X.shape, 'float32')
    return X + deviation * np.array(grain, ctx=X.ctx)


class InstanceNorm(nn.HybridBlock):
    r"""Give each channel of each picture the mean and the deviation that are asked for.

    .. math:: Z_{nc} = \gamma_{nc} \frac{X_{nc} - \mu_{nc}}{\sqrt{v_{nc} + 10^{-5}}} + \beta_{nc}

    with :math:`\mu` and v the mean and the variance over the pixels of channel c of picture n.

    Ulyanov et al.: Instance normalization, 2016.

    Notes
    -----
    MXNet's own instance norm is ten times as slow. This is its batch norm over a single picture of
    n c channels, in training mode also where nothing is trained. In prediction mode it takes the
    statistics that it was given last in place of X's own: so a part of a picture can be painted
    with the statistics of the whole. They are given by a call in training mode, outside of
    ``autograd.record``, while the block is not hybridized.

    A block hybridized with ``static_alloc`` and ``static_shape`` has one mode, that of its last
    call: MXNet sets it at once, though an earlier call may still have to be computed. So wait for
    what was called in one mode before calling it in the other.
    """

    def __init__(self) -> None:
        super().__init__()
        with self.name_scope():
            seen = {'grad_req': 'null', 'allow_deferred_init': True, 'differentiable': False}
            self.mean = self.params.get('mean', shape=(0,), init='zeros', **seen)
            self.variance = self.params.get('variance', shape=(0,), init='ones', **seen)

    def hybrid_forward(
        self, F: Any, X: Any, gamma: Any, beta: Any, mean: Any, variance: Any
    ) -> Any:
        """Return Z, of the shape of X.

        Parameters
        ----------
        X : np.ndarray of shape (n, c, h, w)
        gamma, beta : np.ndarray of shape (n, c)
        """
        row = F.npx.reshape(F.np.expand_dims(X, axis=0), newshape=(-2, -5, -4))  # (1, n c, h, w)
        gamma, beta = (F.npx.reshape(wanted, newshape=(-1,)) for wanted in (gamma, beta))
        eps = 1e-5
        Z, centre, rate = F.npx.batch_norm(
            *(row, gamma, beta, mean, variance), eps=eps, fix_gamma=False, output_mean_var=True
        )
        eager = isinstance(X, np.ndarray) and autograd.is_training()
        if eager and not autograd.is_recording():
            self.mean.set_data(centre)
            self.variance.set_data(rate**-2 - eps)  # it tells one over the deviation
        return F.npx.reshape_like(Z, X)


class ConditionalInstanceNorm(nn.HybridBlock):
    r"""Give each channel of each picture a mean and a deviation that its style has learned.

    .. math:: \gamma = S \Gamma, \quad \beta = S B

    for `InstanceNorm`, with :math:`\Gamma` and B tables with a row for each style. With one row it
    is an instance norm whose numbers are learned.

    Dumoulin et al.: A learned representation for artistic style, ICLR 2017.

    Parameters
    ----------
    channels : int
        c.
    styles : int
        Rows of the tables, `gamma` (all 1 at first) and `beta` (all 0), of shape (styles, c).
    """

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        with self.name_scope():
            self.gamma = self.params.get('gamma', shape=(styles, channels), init='ones')
            self.beta = self.params.get('beta', shape=(styles, channels), init='zeros')
        self.instance = InstanceNorm()

    def hybrid_forward(self, F: Any, X: Any, S: Any, gamma: Any, beta: Any) -> Any:
        """Return Z, of the shape of X."""
        return self.instance(X, F.np.dot(S, gamma), F.np.dot(S, beta))


class Layer(nn.HybridBlock):
    """A convolution over reflected borders, conditional instance norm, ReLU.

    Parameters
    ----------
    channels, in_channels : int
        Behind and before.
    kernel : int
        Side of the convolution's kernel; it is odd.
    stride : int
        2 halves the picture.
    styles : int
        Rows of the norm; 0 for none, and then the convolution has a bias if `bias` says so.
    relu : bool
    bias : bool
        Whether the convolution has one. Before a norm it has no effect.
    """

    def __init__(
        self,
        channels: int,
        in_channels: int,
        kernel: int = 3,
        stride: int = 1,
        styles: int = 0,
        relu: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise InputError(f'the side of a kernel is {kernel}: it must be odd')
        self.margin, self.relu = kernel // 2, relu
        self.conv = nn.Conv2D(channels, kernel, stride, in_channels=in_channels, use_bias=bias)
        self.norm = ConditionalInstanceNorm(channels, styles) if styles else None

    def hybrid_forward(self, F: Any, X: Any, S: Any = None) -> Any:
        """Return an array of shape (n, channels, h / stride, w / stride), rounded up."""
        X = self.conv(reflected(X, self.margin))
        X = self.norm(X, S) if self.norm else X
        return F.npx.relu(X) if self.relu else X


class Residual(nn.HybridBlock):
    """Two layers whose result is added to what came in; no ReLU behind the sum.

    Johnson et al. (2016), after Gross and Wilber.

    Parameters
    ----------
    channels, styles, bias
        As of `Layer`.
    """

    def __init__(self, channels: int, styles: int, bias: bool = True) -> None:
        super().__init__()
        self.first = Layer(channels, channels, styles=styles, bias=bias)
        self.second = Layer(channels, channels, styles=styles, bias=bias, relu=False)

    def hybrid_forward(self, F: Any, X: Any, S: Any) -> Any:
        """Return an array of the shape of X."""
        return X + self.second(self.first(X, S), S)


def stretched(F: Any, weight: Any, axis: int) -> Any:
    r"""Return, along an axis, the kernel that does to pixels what `weight` does to them doubled.

    .. math:: (w_0, w_1, w_2) \mapsto (w_2, w_1 + w_2, w_0 + w_1, w_0)

    A convolution with w of a row in which each pixel stands twice is a transposed convolution of
    stride 2 of the row itself, with this kernel.
    """
    first, middle, last = F.np.split(weight, 3, axis=axis)
    return F.np.concatenate([last, middle + last, first + middle, first], axis=axis)


def softened(F: Any, X: Any) -> Any:
    r"""Return pictures in which each pixel is mixed with its neighbours, :math:`(1, 2, 1) / 4`.

    A wave of a period of 2 pixels is gone, of one of 4 pixels half is left, of longer ones nearly
    all. It is the mean of two by two, twice; a pixel on each side is lost.
    """
    mean = {'kernel': (2, 2), 'pool_type': 'avg'}
    return F.npx.pooling(F.npx.pooling(X, **mean), **mean)


def softening(F: Any, weight: Any, axis: int) -> Any:
    """Return, along an axis, the kernel that does in one what `weight` and then `softened` do."""
    first = [None] * axis
    nothing = 0 * F.npx.slice(weight, begin=(*first, 0), end=(*first, 1))
    shifted = [
        F.np.concatenate(parts, axis=axis)
        for parts in (
            (weight, nothing, nothing),
            (nothing, weight, nothing),
            (nothing, nothing, weight),
        )
    ]
    return (shifted[0] + 2 * shifted[1] + shifted[2]) / 4


class Upsampling(nn.HybridBlock):
    """Each pixel four times, then a convolution of 3x3 over reflected borders, norm, ReLU.

    Odena et al.: Deconvolution and checkerboard artifacts, Distill 2016: a transposed convolution
    whose weights are learned freely reaches some pixels more often than others, and leaves their
    pattern in the picture; this reaches all equally often.

    Parameters
    ----------
    channels, in_channels, styles, bias
        As of `Layer`.
    soft : bool
        Mix neighbours behind the convolution (`softened`). Pixels that stand four times are steps,
        and a network that is asked for fine strokes makes them of the steps' edges, as a grid.
    fast : bool
        Do the same as one transposed convolution, whose kernel is made of that of 3x3
        (`stretched`): it works on the small picture, with 4/9 of the multiplications, and the
        enlarged one with all its channels is never made. It is for painting, not for training:
        MXNet 1.9.1 fails at the gradient of a transposed convolution next to this norm.
    """

    def __init__(
        self,
        channels: int,
        in_channels: int,
        styles: int = 0,
        bias: bool = True,
        soft: bool = False,
        fast: bool = False,
    ) -> None:
        super().__init__()
        self.channels, self.soft, self.fast = channels, soft, fast
        with self.name_scope():
            shape = (channels, in_channels, 3, 3)
            self.weight = self.params.get('weight', shape=shape)
            self.bias = self.params.get('bias', shape=(channels,), init='zeros') if bias else None
        self.norm = ConditionalInstanceNorm(channels, styles) if styles else None

    def hybrid_forward(
        self, F: Any, X: Any, S: Any = None, weight: Any = None, bias: Any = None
    ) -> Any:
        """Return an array of shape (n, channels, 2 h, 2 w)."""
        biases = [] if bias is None else [bias]
        options: Dict[str, Any] = {'num_filter': self.channels, 'no_bias': bias is None}
        # the mirrored second row of a doubled picture is the first row of the picture
        X = reflected(X, 1, 'edge')
        if self.fast:
            for axis in (2, 3):
                weight = stretched(F, weight, axis)
                weight = softening(F, weight, axis) if self.soft else weight
            # what comes of the border is cut off
            side, pad = (6, 4) if self.soft else (4, 3)
            options.update(kernel=(side, side), stride=(2, 2), pad=(pad, pad))
            X = F.npx.deconvolution(X, weight.transpose(1, 0, 2, 3), *biases, **options)
        else:
            X = F.npx.convolution(doubled(X), weight, *biases, kernel=(3, 3), **options)
            if self.soft:
                X = softened(F, X)
            else:
                X = F.npx.slice(X, begin=(None, None, 1, 1), end=(None, None, -1, -1))
        return F.npx.relu(self.norm(X, S) if self.norm else X)


def doubled(X: Any) -> Any:
    """Return pictures with each pixel four times, as a square of two by two."""
    F = mx.nd if isinstance(X, np.ndarray) else mx.sym
    return F.UpSampling(X.as_nd_ndarray(), scale=2, sample_type='nearest').as_np_ndarray()


def halves(F: Any, weight: Any, axis: int, soft: bool = False) -> List[Any]:
    r"""Return, along an axis, the two kernels that see pixels for what `weight` sees doubled.

    .. math:: (w_0, w_1, w_2) \mapsto (w_0, w_1 + w_2, 0), \; (0, w_0 + w_1, w_2)

    The first makes every even pixel of the large picture from three pixels of the small one, the
    second every odd one. With `soft` they also do what `softened` does behind `weight`.
    """
    nothing = 0 * F.npx.slice(weight, begin=(*[None] * axis, 0), end=(*[None] * axis, 1))
    taps = stretched(F, weight, axis)
    taps = softening(F, taps, axis) if soft else F.np.concatenate([nothing, taps, nothing], axis)
    taps = F.np.split(taps, 6, axis=axis)
    # a transposed convolution writes to where a convolution reads from: the order is turned round
    return [F.np.concatenate([*taps[first::-2]], axis=axis) for first in (4, 5)]


class ToColours(nn.HybridBlock):
    """A convolution over reflected borders to the three channels of a picture, and perhaps a norm.

    Parameters
    ----------
    in_channels, kernel, styles, bias
        As of `Layer`.
    soft : bool
        Mix neighbours behind the convolution (`softened`).
    double : bool
        Let each pixel stand four times before the convolution, which must be of 3x3. What it says
        is computed on the small picture, four pixels of the large one in each place (`halves`):
        Shi et al.: Real-time single image and video super-resolution using an efficient sub-pixel
        convolutional neural network, CVPR 2016; here with the weights of `Upsampling`.

    Notes
    -----
    oneDNN has no quick convolution for three filters, but one for eight: filters of zeros join
    them, and what they say is cut off.
    """

    def __init__(
        self,
        in_channels: int,
        kernel: int,
        styles: int = 0,
        bias: bool = True,
        soft: bool = False,
        double: bool = False,
    ) -> None:
        super().__init__()
        if double and kernel != 3:
            raise InputError(f'a kernel for doubled pixels has a side of 3, not of {kernel}')
        self.kernel, self.soft, self.double = kernel, soft, double
        with self.name_scope():
            shape = (3, in_channels, kernel, kernel)
            self.weight = self.params.get('weight', shape=shape)
            self.bias = self.params.get('bias', shape=(3,), init='zeros') if bias else None
        self.norm = ConditionalInstanceNorm(3, styles) if styles else None

    def hybrid_forward(
        self, F: Any, X: Any, S: Any = None, weight: Any = None, bias: Any = None
    ) -> Any:
        """Return an array of shape (n, 3, h, w), or (n, 3, 2 h, 2 w)."""
        X = self._doubled(F, X, weight, bias) if self.double else self._same(F, X, weight, bias)
        return self.norm(X, S) if self.norm else X

    def _same(self, F: Any, X: Any, weight: Any, bias: Any) -> Any:
        """Return three channels, as large as X."""
        side = self.kernel
        if self.soft:
            side, weight = side + 2, softening(F, softening(F, weight, 2), 3)
        return _convolved(F, reflected(X, side // 2), [weight], bias, side)[0]

    def _doubled(self, F: Any, X: Any, weight: Any, bias: Any) -> Any:
        """Return three channels, twice as large as X."""
        rows = halves(F, weight, 2, self.soft)
        kernels = [kernel for row in rows for kernel in halves(F, row, 3, self.soft)]
        one, two, three, four = _convolved(F, reflected(X, 1, 'edge'), kernels, bias, 3)
        rows = [F.np.stack(pair, axis=4) for pair in ((one, two), (three, four))]
        return F.npx.reshape(F.np.stack(rows, axis=3), newshape=(-2, -2, -5, -5))


def subdue(last: ToColours) -> None:
    """Halve the weights of an untrained network's last layer: its first pictures are not gaudy."""
    last.weight.set_data(last.weight.data() / 2)


def _convolved(F: Any, X: Any, kernels: Sequence[Any], bias: Any, side: int) -> List[Any]:
    """Return the three channels that each of some kernels, of three filters, makes of X."""
    parts = [_of_eights(F, kernels)]
    if bias is not None:
        parts.append(_of_eights(F, [bias] * len(kernels)))
    options = {'num_filter': 3 * len(kernels) + -3 * len(kernels) % 8, 'no_bias': bias is None}
    X = F.npx.convolution(X, *parts, kernel=(side, side), **options).as_nd_ndarray()
    firsts = range(0, 3 * len(kernels), 3)
    return [X.slice_axis(axis=1, begin=i, end=i + 3).as_np_ndarray() for i in firsts]


def _of_eights(F: Any, parts: Sequence[Any]) -> Any:
    """Return weights or biases of filters, and of filters of zeros until they are a multiple."""
    zero = 0 * F.np.split(parts[0], 3, axis=0)[0]
    return F.np.concatenate([*parts, *-3 * len(parts) % 8 * [zero]], axis=0)


def one_style(k: int, styles: int) -> np.ndarray:
    """Return the shares S, of shape (1, styles), that ask for the style of row k."""
    return npx.one_hot(np.array([k]), styles)


def learned(net: nn.HybridBlock) -> Dict[str, gluon.Parameter]:
    """Return, by name, all parameters of a network that are its own.

    So there are no statistics that its norms keep, and nothing of an `encoder`, which is a frozen
    network of its own.
    """
    return {
        name: parameter
        for name, parameter in net._collect_params_with_prefix().items()
        if name.rpartition('.')[2] not in ('mean', 'variance') and not name.startswith('encoder.')
    }
