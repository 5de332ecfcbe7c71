"""The tasks of chapter 1: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
from mxnet import autograd, init
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer import losses, vgg
from styletransfer.exercises.task import Case, Mistake, Task
from styletransfer.exercises.tasks.data import Blocks, Rng, array, features, several, sizes
from styletransfer.images import ImageShape, postprocess, preprocess, rgb_mean, rgb_std
from styletransfer.recipes import TUTORIAL, Recipe

# --- the picture ---------------------------------------------------------------------------------


def standardise(imgs: np.ndarray) -> np.ndarray:
    """Return pictures (n, h, w, 3) of 0-255 as the network reads them, (n, 3, h, w)."""
    return ((imgs.astype('float32') / 255 - rgb_mean) / rgb_std).transpose(0, 3, 1, 2)


def _pictures(rng: Rng) -> Case:
    return (array(rng.integers(0, 256, (*sizes(rng, 3, 2, 9), 3))),)


STANDARDISE = Task(
    name='standardise',
    points=2,
    solve=standardise,
    cases=several(_pictures),
    mistakes=(
        Mistake(
            lambda imgs: standardise(255 * imgs),
            'the values are 0 to 255, but mean and std are for 0 to 1: divide by 255 first',
        ),
        Mistake(
            lambda imgs: (imgs / 255 - rgb_mean) / rgb_std,
            'the numbers are right; now the axes: the network wants the channels behind the '
            'batch axis, (n, 3, h, w)',
        ),
        Mistake(
            lambda imgs: standardise(imgs)[:1],
            'this is the first picture only: the network reads the whole batch, (n, 3, h, w)',
        ),
        Mistake(
            lambda imgs: standardise(imgs)[0],
            'this is the first picture only: the network reads the whole batch, (n, 3, h, w)',
        ),
        Mistake(
            lambda imgs: ((imgs / 255 - rgb_mean) / rgb_std).reshape(-1, 3, *imgs.shape[1:3]),
            'the shape is right, but reshape only cuts the numbers anew, in the order they lie in '
            'memory: move the axes with transpose',
        ),
        Mistake(
            lambda imgs: standardise(imgs).transpose(0, 1, 3, 2),
            'rows and columns are swapped: (n, h, w, 3) becomes (n, 3, h, w), so '
            'transpose(0, 3, 1, 2)',
        ),
        Mistake(
            lambda imgs: standardise(imgs).transpose(1, 0, 2, 3),
            'the channels come first here, before the pictures: (n, 3, h, w)',
        ),
        Mistake(
            lambda imgs: standardise(imgs) * rgb_std.reshape(1, 3, 1, 1),
            'the mean is subtracted, but not divided by the standard deviation',
        ),
        Mistake(
            lambda imgs: (imgs / 255).transpose(0, 3, 1, 2),
            'the axes are right, but the pictures are not standardised: subtract rgb_mean, divide '
            'by rgb_std',
        ),
        Mistake(
            lambda imgs: (imgs / 255 / rgb_std - rgb_mean).transpose(0, 3, 1, 2),
            'subtract the mean first, then divide by the standard deviation',
        ),
        Mistake(
            lambda imgs: standardise(imgs[..., ::-1])[:, ::-1],
            'red and blue are exchanged: pictures and rgb_mean here are both in the order R, G, B',
        ),
    ),
)


def undo(X: np.ndarray) -> np.ndarray:
    """Return the pictures (n, h, w, 3) in 0-1 that `standardise` made X of, clipped."""
    return _unclipped(X).clip(0, 1)


def _unclipped(X: np.ndarray) -> np.ndarray:
    return X.transpose(0, 2, 3, 1) * rgb_std + rgb_mean


def _standardised(rng: Rng) -> Case:
    n, h, w = sizes(rng, 3, 2, 9)
    return (array(rng.normal(0, 2.5, (n, 3, h, w))),)  # so some of it is out of range


UNDO = Task(
    name='undo',
    points=2,
    solve=undo,
    cases=several(_standardised),
    mistakes=(
        Mistake(
            _unclipped,
            'right, but for the clipping: training can leave values below 0 and above 1, which no '
            'screen can show',
        ),
        Mistake(
            lambda X: ((X.transpose(0, 2, 3, 1) + rgb_mean) * rgb_std).clip(0, 1),
            'undo the steps in reverse order: the division came last, so multiply first and add '
            'the mean then',
        ),
        Mistake(
            lambda X: 255 * undo(X),
            'the result should lie in 0 to 1, not in 0 to 255',
        ),
        Mistake(
            lambda X: _unclipped(X).clip(0, 255),
            'clip to 0 and 1: the picture is not in 0 to 255 here',
        ),
        Mistake(
            lambda X: (X.reshape(len(X), *X.shape[2:], 3) * rgb_std + rgb_mean).clip(0, 1),
            'the shape is right, but reshape scatters the channels over the picture: move the '
            'axes with transpose',
        ),
        Mistake(
            lambda X: undo(X).transpose(0, 2, 1, 3),
            'rows and columns are swapped: (n, 3, h, w) becomes (n, h, w, 3), so '
            'transpose(0, 2, 3, 1)',
        ),
        Mistake(
            lambda X: undo(X).transpose(0, 3, 1, 2),
            'the colours are right; pictures for the screen have the channels last, (n, h, w, 3)',
        ),
        Mistake(
            lambda X: undo(X)[0],
            'this is the first picture only: return all of the batch, (n, h, w, 3)',
        ),
        Mistake(
            lambda X: ((X.transpose(0, 2, 3, 1) - rgb_mean) / rgb_std).clip(0, 1),
            'this standardises once more: undoing is X * rgb_std + rgb_mean',
        ),
    ),
)


def channel_rows(X: np.ndarray) -> np.ndarray:
    """Return (n, c, h, w) as a matrix of one row per channel, (c, n * h * w)."""
    return X.transpose(1, 0, 2, 3).reshape(X.shape[1], -1)


CHANNEL_ROWS = Task(
    name='channel_rows',
    points=2,
    solve=channel_rows,
    cases=several(lambda rng: (features(rng),)),
    mistakes=(
        Mistake(
            lambda X: X.reshape(X.shape[1], -1),
            'the trap: reshape cuts the numbers in the order they lie in memory, where all '
            'channels of picture 0 come before picture 1, so your rows mix channels. Bring the '
            'channel axis to the front first',
        ),
        Mistake(
            lambda X: channel_rows(X).T,
            'this has one column per channel: transpose it',
        ),
        Mistake(
            lambda X: X[0].reshape(X.shape[1], -1),
            'this looks at the first picture only; every row should hold its channel of all '
            'pictures',
        ),
        Mistake(
            lambda X: X.reshape(X.shape[0], -1),
            'this has one row per picture; one row per channel is asked for',
        ),
        Mistake(
            lambda X: X.reshape(X.shape[0], X.shape[1], -1),
            'this still has three axes: one matrix for the whole batch is asked for',
        ),
        Mistake(
            lambda X: X.transpose(1, 2, 3, 0).reshape(X.shape[1], -1),
            'each row holds the right numbers in another order: picture 0 comes first in each '
            'row, then picture 1, so put the axes in the order channel, picture, row, column',
        ),
    ),
)


# --- the network ---------------------------------------------------------------------------------


def layer_number(name: str, convs_per_block: Blocks = (2, 2, 4, 4, 4)) -> int:
    """Return the number of a layer of a VGG, counted from 0."""
    return list(vgg.vgg_layer_names(convs_per_block)).index(name)


def _layers(rng: Rng) -> List[Case]:
    names = ['conv4_2', 'relu3_1', 'pool2', 'conv1_2', 'conv5_1', 'relu2_2', 'pool4']
    return [(name, tuple(int(n) for n in rng.integers(2, 5, 5))) for name in names]


def _number_without(name: str, blocks: Blocks, pools: int, relus: int) -> int:
    """Return a layer's number if each pool counted `pools` layers and each ReLU `relus`."""
    before = list(vgg.vgg_layer_names(blocks))[: layer_number(name, blocks)]
    counted = {'conv': 1, 'relu': relus, 'pool': pools}
    return sum(counted[layer[:4]] for layer in before)


LAYER_NUMBER = Task(
    name='layer_number',
    points=0,
    solve=layer_number,
    cases=_layers,
    mistakes=(
        Mistake(
            lambda name, blocks: layer_number(name, blocks) + 1,
            'one too many: layers are counted from 0',
        ),
        Mistake(
            lambda name, blocks: _number_without(name, blocks, 0, 1),
            'the pooling at the end of each block is a layer too: count it',
        ),
        Mistake(
            lambda name, blocks: _number_without(name, blocks, 0, 0),
            'this counts the convolutions only: each is followed by a ReLU, which is a layer of '
            'its own, and each block ends with a pooling',
        ),
        Mistake(
            lambda name, blocks: _number_without(name, blocks, 1, 0),
            'each convolution is followed by a ReLU, which is a layer of its own',
        ),
        Mistake(
            lambda name, blocks: layer_number(name, (2, 2, 4, 4, 4)),
            'this is right for VGG-19 only: count with the convs_per_block that is given',
        ),
    ),
)


# --- the losses ----------------------------------------------------------------------------------


def _unscaled_gram(X: np.ndarray) -> np.ndarray:
    return losses.gram(X) * X[0].size


def _mixed_gram(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.matmul(rows, rows.T) / X.size


def _pixel_gram(X: np.ndarray) -> np.ndarray:
    n, c, h, w = X.shape
    rows = X.reshape(n, c, h * w)
    return np.matmul(rows.transpose(0, 2, 1), rows) / (c * h * w)


def _centred_gram(X: np.ndarray) -> np.ndarray:
    return losses.gram(X - X.mean(axis=(2, 3), keepdims=True))


GRAM = Task(
    name='gram',
    points=0,
    solve=losses.gram,
    cases=several(lambda rng: (features(rng),)),
    mistakes=(
        Mistake(
            lambda X: _mixed_gram(X, X.reshape(X.shape[1], -1)),
            'your reshape mixes pictures and channels of the batch: keep the batch axis, '
            '(n, c, h * w), and multiply the matrices of each picture by itself',
        ),
        Mistake(
            lambda X: _mixed_gram(X, channel_rows(X)),
            'this is one matrix for the whole batch: each picture has a style of its own, so the '
            'result is (n, c, c)',
        ),
        Mistake(
            lambda X: losses.gram(X)[0],
            'this is the matrix of the first picture only: the result is (n, c, c)',
        ),
        Mistake(
            _unscaled_gram,
            'the product is right, but not divided by c * h * w: larger pictures would count more',
        ),
        Mistake(
            lambda X: _unscaled_gram(X) / X.shape[1] ** 2,
            'divided by the number of elements of G, c * c, instead of those of one picture of X: '
            'c * h * w',
        ),
        Mistake(
            lambda X: _unscaled_gram(X) / X.size,
            'divided by the size of the whole batch: leave n out, c * h * w',
        ),
        Mistake(
            lambda X: losses.gram(X) * X.shape[1],
            'divided by h * w only: the number of channels belongs there too',
        ),
        Mistake(
            _pixel_gram,
            'this compares each two pixels, (h * w, h * w): compare each two channels, X times '
            'its transpose and not the other way round',
        ),
        Mistake(
            _centred_gram,
            "this is the covariance: the Gram matrix does not subtract the channels' means",
        ),
    ),
)


def shuffle_pixels(X: np.ndarray) -> np.ndarray:
    """Return X with its pixels in a random order, the same in every channel."""
    n, c, h, w = X.shape
    order = array(numpy.random.permutation(h * w)).astype('int32')
    return X.reshape(n, c, h * w)[:, :, order].reshape(X.shape)


def _examine_shuffle(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    for _ in range(3):
        n, c, h, w = sizes(rng, 4, 4, 8)
        X = array(rng.normal(rng.uniform(-1, 1, (n, c, 1, 1)), 1, (n, c, h, w)))
        value = answer(X.copy())
        if value is None:
            return 'it returned nothing (None): is the return missing?'
        if tuple(getattr(value, 'shape', ())) != X.shape:
            what = tuple(getattr(value, 'shape', ())) or type(value).__name__
            return f'the shape must stay as it was, {X.shape}, but it is {what}'
        hint = _shuffle_hint(numpy.asarray(X.asnumpy()), array(value.tolist()).asnumpy())
        if hint:
            return hint
        again = array(answer(X.copy()).tolist()).asnumpy()
        if (again == array(value.tolist()).asnumpy()).all():
            return 'it returns the same order every time: shuffle at random'
    return None


def _shuffle_hint(X: numpy.ndarray, Y: numpy.ndarray) -> Optional[str]:
    if (X == Y).all():
        return 'nothing has moved: every pixel is where it was'
    n, c = X.shape[:2]
    rows, moved = X.reshape(n, c, -1), Y.reshape(n, c, -1)
    if not numpy.allclose(numpy.sort(X.ravel()), numpy.sort(Y.ravel())):
        return 'these are not the same numbers any more: move pixels, do not change them'
    if numpy.allclose(losses.gram(array(X)).asnumpy(), losses.gram(array(Y)).asnumpy(), atol=1e-5):
        return None
    if numpy.allclose(numpy.sort(rows, axis=2), numpy.sort(moved, axis=2)):
        return (
            'each channel was shuffled in its own order, so the channels do not fire together any '
            'more, and G changes: use one order for all of them'
        )
    if numpy.allclose(numpy.sort(rows, axis=1), numpy.sort(moved, axis=1)):
        return 'the channels were shuffled, not the pixels: the order belongs to the last two axes'
    return 'numbers moved from one channel or picture to another: only their place may change'


SHUFFLE_PIXELS = Task(
    name='shuffle_pixels', points=0, solve=shuffle_pixels, examine=_examine_shuffle
)


def total_variation(X: np.ndarray) -> np.ndarray:
    """Return the total variation of each picture of X, of shape (n, h, w, 3)."""
    return _variation(X)


def _variation(
    X: np.ndarray,
    size: Callable[[np.ndarray], np.ndarray] = np.abs,
    axes: Sequence[int] = (1, 2),
    total: bool = False,
) -> np.ndarray:
    """Return half the means, or sums, of the sizes of the steps along some axes, by picture."""
    parts = [size(np.diff(X, axis=axis)).reshape(len(X), -1) for axis in axes]
    return 0.5 * sum(part.sum(axis=1) if total else part.mean(axis=1) for part in parts)


def _rolled_tv(X: np.ndarray) -> np.ndarray:
    return 0.5 * sum(np.abs(X - np.roll(X, 1, axis)).mean(axis=(1, 2, 3)) for axis in (1, 2))


def _some_pictures(rng: Rng) -> Case:
    n, h, w = sizes(rng, 3, 4, 9)
    spread = rng.uniform(0.5, 3, (n, 1, 1, 1))
    return (array(rng.normal(0, spread, (n, h, w, 3)).cumsum(axis=3)),)


TOTAL_VARIATION = Task(
    name='total_variation',
    points=2,
    solve=total_variation,
    cases=several(_some_pictures),
    mistakes=(
        Mistake(lambda X: 2 * _variation(X), 'twice too much: the formula halves the sum'),
        Mistake(
            lambda X: _variation(X).mean(),
            'this is one number for the whole batch: each picture has a total variation of its '
            'own, (n,)',
        ),
        Mistake(
            lambda X: _variation(X, total=True),
            'this is the sum of the differences: take their mean, or a large picture is asked to '
            'be smoother than a small one',
        ),
        Mistake(
            lambda X: 2 * _variation(X, total=True),
            'this is the sum of the differences: take half the sum of the two means',
        ),
        Mistake(
            lambda X: _variation(X, lambda d: d),
            'without the absolute value, steps up and steps down cancel each other',
        ),
        Mistake(
            lambda X: _variation(X, np.square),
            'this squares the differences: the formula takes their absolute value, which lets an '
            'edge stay sharp',
        ),
        Mistake(
            lambda X: _variation(X, axes=(1,)),
            'this looks at neighbours above each other only: those side by side count as well',
        ),
        Mistake(
            lambda X: _variation(X, axes=(2,)),
            'this looks at neighbours side by side only: those above each other count as well',
        ),
        Mistake(
            _rolled_tv,
            'np.roll makes the first pixel a neighbour of the last: compare slices instead',
        ),
        Mistake(
            lambda X: _variation(X, axes=(2, 3)),
            'this compares columns and colours, as if the channels came second: here they are '
            'last, and rows and columns are the axes 1 and 2',
        ),
        Mistake(
            lambda X: losses.tv_loss(X),
            'this is the loss of the chapter, for (n, c, h, w) and for a whole batch: here the '
            'channels are last, and each picture has a number of its own',
        ),
    ),
)


def ramp_variation(h: int, w: int, a: float, b: float) -> float:
    """Return the total variation of the picture x[i, j] = a * i + b * j, from thought alone."""
    return 0.5 * (abs(a) + abs(b))


def _ramps(rng: Rng) -> List[Case]:
    cases = []
    for i in range(4):
        a, b = rng.uniform(0.5, 3, 2) * ((1, -1) if i % 2 else (-1, 1))
        cases.append((*sizes(rng, 2, 3, 30), float(a), float(2 * b)))
    return cases


RAMP_VARIATION = Task(
    name='ramp_variation',
    points=1,
    solve=ramp_variation,
    cases=_ramps,
    mistakes=(
        Mistake(
            lambda h, w, a, b: 0.5 * (a + b),
            'a ramp that falls varies as much as one that rises: take absolute values',
        ),
        Mistake(
            lambda h, w, a, b: 0.5 * abs(a + b),
            'the two directions are measured apart, each with its absolute value: they cannot '
            'cancel',
        ),
        Mistake(lambda h, w, a, b: abs(a) + abs(b), 'twice too much: the formula halves the sum'),
        Mistake(
            lambda h, w, a, b: 0.5 * (abs(a) * (h - 1) + abs(b) * (w - 1)),
            'this is the height of the whole ramp: the loss is the mean step from one pixel to '
            'the next',
        ),
        Mistake(
            lambda h, w, a, b: 0.5 * (abs(a) * (h - 1) * w + abs(b) * h * (w - 1)),
            'this is the sum of all steps: the loss takes their mean',
        ),
        Mistake(
            lambda h, w, a, b: 0.5 * (abs(a) * (h - 1) / h + abs(b) * (w - 1) / w),
            'h rows have h - 1 steps between them, and the mean is over those',
        ),
        Mistake(
            lambda h, w, a, b: 0.5 * (a * a + b * b),
            'the loss takes absolute values, not squares',
        ),
    ),
)


# --- the optimisation ----------------------------------------------------------------------------


def toy_net(rng: Rng, convs: int = 3) -> nn.HybridSequential:
    """Return a small network with random weights, of the kind that VGG begins with."""
    net = nn.HybridSequential()
    for i in range(convs):
        net.add(nn.Conv2D(4, 3, padding=1, in_channels=3 if i == 0 else 4), nn.Activation('relu'))
    net.initialize(init.Zero())
    for weight in net.collect_params().values():
        weight.set_data(array(rng.normal(0.1, 0.3, weight.shape)))
    return net


def _picture_gradient(net: nn.Block, X: np.ndarray) -> numpy.ndarray:
    X = X.copy()
    X.attach_grad()
    with autograd.record():
        l = np.square(net(X)).mean()
    l.backward()
    return X.grad.asnumpy()


def _weights(net: nn.Block) -> List[numpy.ndarray]:
    return [weight.data().asnumpy() for weight in net.collect_params().values()]


def _examine_freeze(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    net, X = toy_net(rng), array(rng.normal(0, 1, (1, 3, 7, 9)))
    before, gradient = _weights(net), _picture_gradient(net, X)
    frozen = answer(net)
    if frozen is None:
        return 'it returned nothing (None): return the network'
    if not isinstance(frozen, nn.Block):
        return f'it must return the network, not a {type(frozen).__name__}'
    weights = list(frozen.collect_params().values())
    if len(weights) != len(before) or any(
        not numpy.array_equal(now, then) for now, then in zip(_weights(frozen), before)
    ):
        return 'the weights themselves have changed: only their gradient is to be switched off'
    writing = [weight for weight in weights if weight.grad_req != 'null']
    if len(writing) == len(weights):
        if any(weight.lr_mult == 0 for weight in weights):
            return (
                'lr_mult = 0 keeps the weights as they are, but their gradients are computed all '
                "the same, which is the time to be saved: set grad_req to 'null'"
            )
        return (
            'MXNet still computes a gradient for every weight: collect_params() has setattr, and '
            "the attribute is 'grad_req'"
        )
    if writing:
        return (
            f'{len(weights) - len(writing)} of {len(weights)} weights and biases are frozen, '
            f'{len(writing)} are not: freeze all of them'
        )
    try:
        same = numpy.allclose(_picture_gradient(frozen, X), gradient, rtol=1e-3, atol=1e-6)
    except Exception:  # MXNet refuses a backward pass without anything to differentiate by
        same = False
    if not same:
        return (
            'the weights are frozen, but the gradient does not reach the picture any more: '
            'freezing must not cut the network off'
        )
    return None


FREEZE = Task(name='freeze', points=0, solve=vgg.freeze, examine=_examine_freeze)


def is_frozen(net: nn.Block) -> bool:
    """Return whether no weight of a network gets a gradient."""
    return all(weight.grad_req == 'null' for weight in net.collect_params().values())


def _half_frozen(rng: Rng) -> List[Case]:
    cases = []
    for keep in ('none', 'all', 'first', 'last', 'weights', 'biases'):
        net = toy_net(rng)
        weights = list(net.collect_params().values())
        for i, weight in enumerate(weights):
            kind = 'weights' if weight.name.endswith('weight') else 'biases'
            place = 'first' if i < 2 else 'last' if i >= len(weights) - 2 else ''
            if keep not in ('all', kind, place):
                weight.grad_req = 'null'
        cases.append((net,))
    return [cases[i] for i in rng.permutation(len(cases))]


def _reqs(net: nn.Block, only: str = '') -> List[bool]:
    weights = net.collect_params().values()
    return [weight.grad_req == 'null' for weight in weights if weight.name.endswith(only)]


IS_FROZEN = Task(
    name='is_frozen',
    points=1,
    solve=is_frozen,
    cases=_half_frozen,
    mistakes=(
        Mistake(
            lambda net: any(_reqs(net)),
            'one frozen weight is not enough: ask all of them',
        ),
        Mistake(lambda net: _reqs(net)[0], 'this asks the first layer only: ask all weights'),
        Mistake(lambda net: _reqs(net)[-1], 'this asks the last layer only: ask all weights'),
        Mistake(
            lambda net: _reqs(net, 'weight')[-1], 'this asks the last layer only: ask all weights'
        ),
        Mistake(lambda net: not is_frozen(net), 'the other way round: True means frozen'),
        Mistake(
            lambda net: all(_reqs(net, 'weight')),
            'the biases are trained as well: ask them too',
        ),
        Mistake(lambda net: True, 'it says True even for a network that is not frozen at all'),
        Mistake(lambda net: False, 'it says False even for a network that is frozen'),
    ),
)

Moments = Tuple[np.ndarray, np.ndarray, np.ndarray]


def adam_step(
    x: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, lr: float
) -> Moments:
    """Return the picture after step t of Adam (counted from 1), and Adam's two averages."""
    return _adam(x, g, m, v, t, lr)


def _adam(
    x: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float,
    betas: Tuple[float, float] = (0.9, 0.999),
    square: bool = True,
    correct: Tuple[bool, bool] = (True, True),
    power: float = 0.5,
) -> Moments:
    """Return Adam's step, or one that goes wrong as the arguments behind `lr` say."""
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g if square else g)
    m_hat = m / (1 - beta1**t) if correct[0] else m
    v_hat = v / (1 - beta2**t) if correct[1] else v
    return x - lr * m_hat / (v_hat**power + 1e-8), m, v


def _late_adam(*case: Any, later: int) -> Moments:
    x, g, m, v, t, lr = case
    return _adam(x, g, m, v, t + later, lr)


def _adam_case(rng: Rng) -> Case:
    shape = tuple(sizes(rng, 2, 2, 5))
    x, g, m = (array(rng.normal(0, 1, shape)) for _ in range(3))
    v = array(rng.uniform(0.1, 1, shape))
    return x, g, m, v, int(rng.integers(2, 20)), float(rng.uniform(0.01, 0.5))


def _adam_cases(rng: Rng) -> List[Case]:
    x, g, m, v, _, lr = _adam_case(rng)
    return [(x, g, 0 * m, 0 * v, 1, lr), *(_adam_case(rng) for _ in range(3))]


def _adam_mistake(hint: str, **how: Any) -> Mistake:
    return Mistake(lambda *case: _adam(*case, **how), hint)


ADAM_STEP = Task(
    name='adam_step',
    points=3,
    solve=adam_step,
    cases=_adam_cases,
    mistakes=(
        _adam_mistake(
            'both averages start at 0 and are too small at first: divide m by 1 - 0.9 ** t and v '
            'by 1 - 0.999 ** t before you use them',
            correct=(False, False),
        ),
        _adam_mistake(
            'v needs the correction as well: v / (1 - 0.999 ** t)', correct=(True, False)
        ),
        _adam_mistake('m needs the correction as well: m / (1 - 0.9 ** t)', correct=(False, True)),
        _adam_mistake('v averages the squares of the gradient: g * g, not g', square=False),
        _adam_mistake('the step is divided by the square root of v, not by v', power=1),
        _adam_mistake('the betas are swapped: 0.9 for m, 0.999 for v', betas=(0.999, 0.9)),
        Mistake(
            lambda x, g, m, v, t, lr: (
                2 * x - _adam(x, g, m, v, t, lr)[0],
                *_adam(x, g, m, v, t, lr)[1:],
            ),
            'this goes uphill: the step is subtracted from x',
        ),
        Mistake(
            lambda x, g, m, v, t, lr: (_adam(x, g, m, v, t, lr)[0], m, v),
            'x is right, but the averages that you return are the old ones: the next step needs '
            'the new m and v',
        ),
        Mistake(
            lambda *case: _adam(*case)[0],
            'x is right; return the new m and v with it: x, m, v',
        ),
        Mistake(
            lambda x, g, m, v, t, lr: (x - lr * g, m, v),
            "this is plain gradient descent: Adam's step is lr * m / sqrt(v), both corrected",
        ),
        Mistake(
            lambda *case: _late_adam(*case, later=1),
            't is the number of this step already, 1 for the first: do not add 1',
        ),
        Mistake(
            lambda x, g, m, v, t, lr: (
                _adam(x, g, m, v, t, lr)[0],
                _adam(x, g, m, v, t, lr)[1] / (1 - 0.9**t),
                _adam(x, g, m, v, t, lr)[2] / (1 - 0.999**t),
            ),
            'x is right; but return m and v as they are before the correction, or the next step '
            'corrects them twice',
        ),
    ),
)


def lr_at(epoch: int, lr: float, lr_decay: float, lr_decay_epoch: int) -> float:
    """Return the step size of an epoch, counted from 0, that drops like a staircase."""
    return lr * lr_decay ** (epoch // lr_decay_epoch)


def _schedules(rng: Rng) -> List[Case]:
    cases = []
    for _ in range(2):
        n = int(rng.integers(5, 60))
        lr, decay = float(rng.uniform(0.01, 1)), float(rng.uniform(0.1, 0.8))
        inside = int(rng.integers(2 * n + 2, 3 * n))
        cases += [(e, lr, decay, n) for e in (0, 1, n - 1, n, 2 * n, inside, 4 * n + 1)]
    return cases


LR_AT = Task(
    name='lr_at',
    points=1,
    solve=lr_at,
    cases=_schedules,
    mistakes=(
        Mistake(
            lambda e, lr, d, n: lr * d ** (max(0, e - 1) // n),
            "one epoch late: here they are counted from 0, as the book's loop does, so the first "
            'drop is in the epoch with the number lr_decay_epoch',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d ** ((e - 1) // n),
            "one epoch late: here they are counted from 0, as the book's loop does, so the first "
            'drop is in the epoch with the number lr_decay_epoch',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d ** ((e + 1) // n),
            'one epoch early: the first lr_decay_epoch epochs, with the numbers from 0 to '
            'lr_decay_epoch - 1, run at the full step size',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d**e,
            'this drops after every epoch: it should drop after every lr_decay_epoch epochs',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d ** (e / n),
            'this glides down a little in each epoch: a staircase needs whole powers, so //',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d if e >= n else lr,
            'right as far as the first drop, but it drops once only: each further lr_decay_epoch '
            'epochs multiply once more',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d * (e // n) if e >= n else lr,
            'drops multiply: two of them are lr_decay ** 2, not 2 * lr_decay',
        ),
        Mistake(
            lambda e, lr, d, n: lr * d if e % n == 0 and e > 0 else lr,
            'it drops for one epoch and is back in the next: the step size stays down',
        ),
        Mistake(
            lambda e, lr, d, n: lr / d ** (e // n),
            'this grows: multiply by lr_decay',
        ),
    ),
)


def carry_over(X: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Return the coarse stage's picture as the start of a stage of another shape."""
    return preprocess(postprocess(X) * 255, image_shape)


def _carry_case(rng: Rng) -> Case:
    h, w = sizes(rng, 2, 6, 12)
    return array(rng.normal(0, 2.5, (1, 3, h, w))), (2 * w, 2 * h + 3)


CARRY_OVER = Task(
    name='carry_over',
    points=0,
    solve=carry_over,
    cases=several(_carry_case),
    mistakes=(
        Mistake(
            lambda X, shape: preprocess(postprocess(X), shape),
            'postprocess gives 0 to 1, preprocess expects 0 to 255: the picture becomes almost '
            'black',
        ),
        Mistake(
            lambda X, shape: carry_over(X, shape[::-1]),
            'width and height are swapped: image_shape is (width, height), preprocess takes it as '
            'it is',
        ),
        Mistake(
            lambda X, shape: preprocess(X[0].transpose(1, 2, 0), shape),
            'X is standardised already, and preprocess standardises once more: undo it first',
        ),
        Mistake(
            lambda X, shape: preprocess(255 * X[0].transpose(1, 2, 0), shape),
            'X is standardised already, and preprocess standardises once more: undo it first',
        ),
        Mistake(
            lambda X, shape: preprocess(255 * _unclipped(X)[0], shape),
            'right, but not clipped: use postprocess, so that the next stage starts from a '
            'picture that could be shown',
        ),
        Mistake(
            lambda X, shape: postprocess(carry_over(X, shape)),
            'this is a picture for the screen: the next stage starts from standardised numbers, '
            '(1, 3, h, w)',
        ),
        Mistake(
            lambda X, shape: X,
            'the picture still has the old size',
        ),
    ),
)

Run = Callable[[Recipe], Dict[str, float]]
WEIGHTS = {'content': 'content_weight', 'style': 'style_weight', 'tv': 'tv_weight'}


def weight_effect(run: Run, recipe: Recipe, weight: str, factor: float) -> Dict[str, float]:
    """Return by what each loss, its weight divided out, is multiplied if a weight is."""
    other = _with(recipe, weight, factor * getattr(recipe, weight))
    before, after = _bare_losses(run, recipe), _bare_losses(run, other)
    return {name: after[name] / before[name] for name in WEIGHTS}


def _with(recipe: Recipe, field: str, value: float) -> Recipe:
    changes: Any = {field: value}
    return replace(recipe, **changes)


def _bare_losses(run: Run, recipe: Recipe) -> Dict[str, float]:
    weighted = run(recipe)
    return {name: weighted[name] / getattr(recipe, WEIGHTS[name]) for name in WEIGHTS}


def _weighted_effect(run: Run, recipe: Recipe, weight: str, factor: float) -> Dict[str, float]:
    before = run(recipe)
    after = run(_with(recipe, weight, factor * getattr(recipe, weight)))
    return {name: after[name] / before[name] for name in WEIGHTS}


def _set_effect(run: Run, recipe: Recipe, weight: str, factor: float) -> Dict[str, float]:
    other = _with(recipe, weight, factor)
    before, after = _bare_losses(run, recipe), _bare_losses(run, other)
    return {name: after[name] / before[name] for name in WEIGHTS}


def toy_run(rng: Rng) -> Run:
    """Return a stand-in for a training run: a term is the smaller, the larger its weight is."""
    scale = dict(zip(WEIGHTS, rng.uniform(0.5, 2, 3)))
    power = dict(zip(WEIGHTS, rng.uniform(0.2, 0.8, 3)))

    def run(recipe: Recipe) -> Dict[str, float]:
        weights = {name: getattr(recipe, field) for name, field in WEIGHTS.items()}
        mean = math.prod(weights.values()) ** (1 / 3)
        return {
            name: weights[name] * scale[name] * (mean / weights[name]) ** power[name]
            for name in WEIGHTS
        }

    return run


def _weight_cases(rng: Rng) -> List[Case]:
    cases = []
    for field in rng.permutation(list(WEIGHTS.values())):
        weights: Dict[str, Any] = dict(zip(WEIGHTS.values(), rng.uniform(0.5, 30, 3).tolist()))
        recipe = replace(TUTORIAL, **weights)
        cases.append((toy_run(rng), recipe, str(field), float(rng.uniform(2, 10))))
    return cases


WEIGHT_EFFECT = Task(
    name='weight_effect',
    points=3,
    solve=weight_effect,
    cases=_weight_cases,
    mistakes=(
        Mistake(
            _weighted_effect,
            'these are ratios of weighted terms: the one whose weight you changed is multiplied '
            'by it whatever the picture does. Divide each term by its own weight first',
        ),
        Mistake(
            lambda *case: {name: 1 / value for name, value in weight_effect(*case).items()},
            'the other way round: after over before',
        ),
        Mistake(
            lambda *case: {name: 1 / value for name, value in _weighted_effect(*case).items()},
            'divide each term by its own weight, and take after over before',
        ),
        Mistake(
            lambda run, recipe, weight, factor: weight_effect(run, recipe, 'style_weight', factor),
            'this always changes style_weight: change the field that is named',
        ),
        Mistake(
            _set_effect,
            'this sets the weight to factor: multiply the weight that the recipe has',
        ),
        Mistake(
            lambda run, recipe, weight, factor: _bare_losses(
                run, _with(recipe, weight, factor * getattr(recipe, weight))
            ),
            'these are the losses after the change: divide each by what it was before',
        ),
    ),
)


def judge_curve(losses: Sequence[float]) -> str:
    """Return 'diverged', 'falling' or 'settled' for the total losses of a run's epochs."""
    if not all(math.isfinite(l) for l in losses) or losses[-1] > losses[0]:
        return 'diverged'
    tenth = len(losses) // 10
    before = sum(losses[-2 * tenth : -tenth]) / tenth
    after = sum(losses[-tenth:]) / tenth
    return 'falling' if after < 0.99 * before else 'settled'


def curve(rng: Rng, kind: str, tricky: bool = False) -> List[float]:
    """Return the losses of a made-up run of a kind: of 60 to 200 epochs, with a little noise.

    In a tricky one the last two epochs say the opposite of the trend, as noise may.
    """
    epochs = 10 * int(rng.integers(6, 20))
    e, scale = numpy.arange(epochs), float(10 ** rng.uniform(-3.5, -2.5))
    # one large loss that falls, one small: only a limit that is relative calls both so
    scale *= 1e5 if kind == 'falling' and not tricky else 1
    noise = 1 + 0.004 * rng.uniform(-1, 1, epochs)
    if kind == 'settled':
        values = 1 + 9 * numpy.exp(-e / (epochs / 20))
    elif kind == 'falling':
        values = 1 + 9 * numpy.exp(-e / (epochs / 3))
    else:
        values = 1 + 9 * numpy.exp(-e / (epochs / 20))
        values[epochs // 2 :] *= numpy.exp((e[epochs // 2 :] - epochs // 2) / (epochs / 20))
    values = scale * values * noise
    if tricky:
        values[-1] = values[-2] * (1.004 if kind == 'falling' else 0.98)
    if kind == 'not a number':
        values[int(0.7 * epochs) :] = float('nan')
    if kind == 'spike':
        values[: epochs // 2] = scale * (1 + 9 * numpy.exp(-e[: epochs // 2] / (epochs / 20)))
        values[epochs // 2 :] = float('inf')
    return [float(value) for value in values]


def _curves(rng: Rng) -> List[Case]:
    kinds = ['settled', 'falling', 'rising', 'not a number', 'spike', 'settled', 'falling']
    cases = [(curve(rng, kind, tricky=i < 2),) for i, kind in enumerate(kinds)]
    return [cases[i] for i in rng.permutation(len(cases))]


def _judged(
    losses: Sequence[float], finite: bool = True, rises: bool = True, last: int = 0
) -> str:
    """Judge without one of the rules, or by the last few epochs only."""
    if finite and not all(math.isfinite(l) for l in losses):
        return 'diverged'
    if rises and losses[-1] > losses[0]:
        return 'diverged'
    tenth = last or len(losses) // 10
    before, after = sum(losses[-2 * tenth : -tenth]), sum(losses[-tenth:])
    return 'falling' if after < 0.99 * before else 'settled'


def _absolute_judge(losses: Sequence[float]) -> str:
    if judge_curve(losses) == 'diverged':
        return 'diverged'
    tenth = len(losses) // 10
    fall = (sum(losses[-2 * tenth : -tenth]) - sum(losses[-tenth:])) / tenth
    return 'falling' if fall > 0.01 else 'settled'


JUDGE_CURVE = Task(
    name='judge_curve',
    points=2,
    solve=judge_curve,
    cases=_curves,
    mistakes=(
        Mistake(
            lambda l: _judged(l, finite=False),
            'NaN slips through: every comparison with it is False, so ask math.isfinite of each '
            'loss',
        ),
        Mistake(
            lambda l: _judged(l, rises=False),
            'a loss that ends higher than it began has diverged too, even if it is finite',
        ),
        Mistake(
            lambda l: _judged(l, last=1),
            'two single epochs are mostly noise: compare the mean of the last tenth of the epochs '
            'with that of the tenth before',
        ),
        Mistake(
            _absolute_judge,
            'how much is 1 % depends on the size of the loss: compare the ratio of the two means',
        ),
        Mistake(
            lambda l: judge_curve(l) if judge_curve(l) == 'diverged' else 'falling',
            'it never says settled: a curve that falls by less than 1 % from one tenth of the '
            'epochs to the next has settled',
        ),
        Mistake(
            lambda l: {'falling': 'settled', 'settled': 'falling'}.get(
                judge_curve(l), judge_curve(l)
            ),
            'falling and settled are exchanged',
        ),
    ),
)

TASKS = (
    STANDARDISE,
    UNDO,
    CHANNEL_ROWS,
    LAYER_NUMBER,
    GRAM,
    SHUFFLE_PIXELS,
    TOTAL_VARIATION,
    RAMP_VARIATION,
    FREEZE,
    IS_FROZEN,
    ADAM_STEP,
    LR_AT,
    CARRY_OVER,
    WEIGHT_EFFECT,
    JUDGE_CURVE,
)
