"""Blocks of networks that paint: by hand, against a plain writing, and fast against plain."""

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.blocks import (
    ConditionalInstanceNorm,
    InstanceNorm,
    Layer,
    Residual,
    ToColours,
    Upsampling,
    doubled,
    grained,
    halves,
    learned,
    one_style,
    reflected,
    softened,
    softening,
)
from styletransfer.errors import InputError

STYLES = 3


def normal(*shape, seed=0, scale=1.0):
    numbers = numpy.random.default_rng(seed).normal(0, scale, shape)
    return np.array(numbers, dtype='float32')


def shares(n=2):
    """Return one style for the first picture, a mixture for the second."""
    return np.array([[0, 1, 0], [0.2, 0.3, 0.5]])[:n]


def ready(block, *inputs):
    """Give a block random weights, and its norms random rows, and call it once."""
    mx.random.seed(0)
    block.initialize(mx.init.Xavier())
    with autograd.train_mode():
        block(*inputs)
    for seed, (name, parameter) in enumerate(block._collect_params_with_prefix().items()):
        if name.split('.')[-1] in ('gamma', 'beta', 'bias'):
            parameter.set_data(normal(*parameter.shape, seed=seed) + 1)
    return block


def plain_norm(X, gamma, beta):
    """Write the norm in NumPy, for gamma and beta of shape (n, c)."""
    mean, variance = X.mean((2, 3), keepdims=True), X.var((2, 3), keepdims=True)
    return (
        gamma[:, :, None, None] * (X - mean) / numpy.sqrt(variance + 1e-5)
        + (beta[:, :, None, None])
    )


def plain_conv(X, weight, bias=0, stride=1):
    """Write a convolution over reflected borders in NumPy."""
    margin = weight.shape[2] // 2
    X = numpy.pad(X, [(0, 0), (0, 0), (margin, margin), (margin, margin)], mode='reflect')
    windows = numpy.lib.stride_tricks.sliding_window_view(X, weight.shape[2:], axis=(2, 3))
    Y = numpy.einsum('nchwij,ocij->nohw', windows[:, :, ::stride, ::stride], weight)
    return Y + numpy.reshape(bias, (1, -1, 1, 1))


def arrays(block):
    return {k: p.data().asnumpy() for k, p in block._collect_params_with_prefix().items()}


def close(found, expected, atol=1e-5):
    found = found.asnumpy() if isinstance(found, np.ndarray) else found
    numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=atol)


# --- by hand -------------------------------------------------------------------------------------


def test_reflection_by_hand():
    X = np.arange(3).reshape(1, 1, 1, 3) + 10 * np.arange(3).reshape(1, 1, 3, 1)
    row = [2, 1, 0, 1, 2, 1, 0]
    expected = [[10 * y + x for x in row] for y in row]
    numpy.testing.assert_array_equal(reflected(X, 2)[0, 0].asnumpy(), expected)
    row = [0, 0, 1, 2, 2]
    expected = [[10 * y + x for x in row] for y in row]
    numpy.testing.assert_array_equal(reflected(X, 1, 'edge')[0, 0].asnumpy(), expected)
    assert reflected(X, 0) is X


def test_grain():
    X = np.array(numpy.random.default_rng(1).normal(0, 1, (2, 3, 40, 50)), dtype='float32')
    grain = (grained(X, 0.2, [3, 4]) - X).asnumpy()
    assert abs(grain.mean()) < 0.005
    assert grain.std() == pytest.approx(0.2, rel=0.03)
    neighbours = numpy.corrcoef(grain[..., 1:].ravel(), grain[..., :-1].ravel())[0, 1]
    assert abs(neighbours) < 0.03
    numpy.testing.assert_array_equal(grained(X, 0.2, [3, 4]), X + np.array(grain))
    assert abs((grained(X, 0.2, [3, 5]) - X).asnumpy() - grain).max() > 0.5
    assert abs(grain[0] - grain[1]).max() > 0.5  # each picture has its own
    assert grained(X, 0.0, 1) is X


def test_the_norm_by_hand():
    norm = ConditionalInstanceNorm(1, 2)
    norm.initialize()
    norm.gamma.set_data(np.array([[2.0], [10.0]]))
    norm.beta.set_data(np.array([[1.0], [0.0]]))
    X = np.array([0.0, 2.0, 4.0, 6.0]).reshape(1, 1, 2, 2)  # mean 3, variance 5
    with autograd.train_mode():
        one, mixed = norm(X, one_style(0, 2)), norm(X, np.array([[0.5, 0.5]]))
    unit = numpy.array([-3, -1, 1, 3]) / 5**0.5
    close(one.reshape(-1), 2 * unit + 1)
    close(mixed.reshape(-1), 6 * unit + 0.5)


def test_doubling_by_hand():
    X = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 1, 2, 2)
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    numpy.testing.assert_array_equal(doubled(X)[0, 0].asnumpy(), expected)


def test_one_style():
    numpy.testing.assert_array_equal(one_style(1, 3).asnumpy(), [[0, 1, 0]])


# --- against a plain writing ---------------------------------------------------------------------


@pytest.mark.parametrize('compiled', [False, True])
def test_the_norm_is_that_written_in_numpy(compiled):
    X, S = normal(2, 4, 6, 7) * 3 + 1, shares()
    norm = ready(ConditionalInstanceNorm(4, STYLES), X, S)
    if compiled:
        norm.hybridize(static_alloc=True, static_shape=True)
    with autograd.train_mode():
        Z = norm(X, S)
    gamma, beta = (S.asnumpy() @ arrays(norm)[name] for name in ('gamma', 'beta'))
    close(Z, plain_norm(X.asnumpy(), gamma, beta))


def test_the_norm_of_given_numbers_is_that_written_in_numpy():
    X, gamma, beta = normal(2, 4, 6, 7) * 3 + 1, normal(2, 4, seed=1), normal(2, 4, seed=2)
    norm = ready(InstanceNorm(), X, gamma, beta)
    with autograd.train_mode():
        Z = norm(X, gamma, beta)
    close(Z, plain_norm(X.asnumpy(), gamma.asnumpy(), beta.asnumpy()))


@pytest.mark.parametrize(('kernel', 'stride'), [(3, 1), (3, 2), (5, 1), (9, 1)])
def test_a_layer_is_that_written_in_numpy(kernel, stride):
    X, S = normal(2, 3, 12, 8), shares()
    layer = ready(Layer(4, 3, kernel, stride, styles=STYLES), X, S)
    with autograd.train_mode():
        Y = layer(X, S)
    told = arrays(layer)
    Z = plain_conv(X.asnumpy(), told['conv.weight'], told['conv.bias'], stride)
    gamma, beta = (S.asnumpy() @ told[f'norm.{name}'] for name in ('gamma', 'beta'))
    close(Y, numpy.maximum(plain_norm(Z, gamma, beta), 0), atol=1e-4)


def test_a_residual_block_is_that_written_in_numpy():
    X, S = normal(2, 4, 6, 5), shares()
    block = ready(Residual(4, STYLES, bias=False), X, S)
    with autograd.train_mode():
        Y = block(X, S)
    told, Z = arrays(block), X.asnumpy()
    for name in ('first', 'second'):
        Z = plain_conv(Z, told[f'{name}.conv.weight'])
        Z = plain_norm(
            Z, *(S.asnumpy() @ told[f'{name}.norm.{part}'] for part in ('gamma', 'beta'))
        )
        Z = numpy.maximum(Z, 0) if name == 'first' else Z
    close(Y, X.asnumpy() + Z, atol=1e-4)
    assert (Y.asnumpy() < 0).any()  # no ReLU behind the sum


def plain_soft(X):
    """Write the mixing of neighbours in NumPy; a pixel on each side is lost."""
    for axis in (2, 3):
        windows = numpy.lib.stride_tricks.sliding_window_view(X, 3, axis=axis)
        X = windows @ numpy.array([1, 2, 1]) / 4
    return X


def plain_doubled(X, weight, bias, soft):
    """Write in NumPy a convolution of 3x3 of a picture in which each pixel stands four times."""
    Z = X.repeat(2, axis=2).repeat(2, axis=3)
    # of doubled pixels the first is the second mirrored, too
    Z = numpy.pad(Z, [(0, 0), (0, 0), (1 + soft,) * 2, (1 + soft,) * 2], mode='edge')
    windows = numpy.lib.stride_tricks.sliding_window_view(Z, (3, 3), axis=(2, 3))
    Z = numpy.einsum('nchwij,ocij->nohw', windows, weight) + bias.reshape(1, -1, 1, 1)
    return plain_soft(Z) if soft else Z


@pytest.mark.parametrize('soft', [False, True])
def test_upsampling_is_that_written_in_numpy(soft):
    X, S = normal(2, 4, 5, 6), shares()
    block = ready(Upsampling(3, 4, STYLES, soft=soft), X, S)
    with autograd.train_mode():
        Y = block(X, S)
    told = arrays(block)
    Z = plain_doubled(X.asnumpy(), told['weight'], told['bias'], soft)
    gamma, beta = (S.asnumpy() @ told[f'norm.{name}'] for name in ('gamma', 'beta'))
    close(Y, numpy.maximum(plain_norm(Z, gamma, beta), 0), atol=1e-4)


@pytest.mark.parametrize('fast', [False, True])
def test_upsampling_without_rows_has_no_norm(fast):
    X = normal(1, 2, 4, 4)
    block = ready(Upsampling(2, 2, fast=fast), X)
    told, Z = arrays(block), X.asnumpy().repeat(2, axis=2).repeat(2, axis=3)
    assert sorted(told) == ['bias', 'weight']
    Z = plain_conv(Z, told['weight'], told['bias'])
    close(block(X), numpy.maximum(Z, 0))


def test_the_finest_waves_are_gone():
    waves = np.array([[1, -1] * 8, [1, 0, -1, 0] * 4, [1] * 16]).reshape(3, 1, 1, 16)
    X = np.array(waves + np.zeros((3, 1, 9, 1)), dtype='float32')
    soft = softened(mx.nd, X)[:, 0, 4].asnumpy()
    assert soft.shape == (3, 14)
    numpy.testing.assert_allclose(soft[0], 0, atol=1e-6)
    numpy.testing.assert_allclose(soft[1], [0, -0.5, 0, 0.5] * 3 + [0, -0.5], atol=1e-6)
    numpy.testing.assert_allclose(soft[2], 1, atol=1e-6)


def test_a_kernel_is_softened_by_hand():
    kernel = np.array([[0, 0, 0], [4, 0, 0], [0, 0, 0]], dtype='float32').reshape(1, 1, 3, 3)
    row = softening(mx.nd, kernel, 3)[0, 0, 1].asnumpy()
    numpy.testing.assert_array_equal(row, [1, 2, 1, 0, 0])


@pytest.mark.parametrize(('styles', 'soft'), [(0, False), (0, True), (STYLES, False)])
def test_the_last_convolution_is_that_written_in_numpy(styles, soft):
    X, S = normal(2, 4, 9, 8), shares()
    block = ready(ToColours(4, 5, styles, soft=soft), X, S)
    with autograd.train_mode():
        Y = block(X, S)
    told = arrays(block)
    margin = 1 if soft else 0  # on which the picture is mirrored for both
    Z = numpy.pad(X.asnumpy(), [(0, 0), (0, 0), (margin + 2,) * 2, (margin + 2,) * 2], 'reflect')
    Z = plain_conv(Z, told['weight'], told['bias'])[:, :, 2:-2, 2:-2]
    Z = plain_soft(Z) if soft else Z
    if styles:
        Z = plain_norm(Z, *(S.asnumpy() @ told[f'norm.{name}'] for name in ('gamma', 'beta')))
    close(Y, Z, atol=1e-4)


@pytest.mark.parametrize(('styles', 'soft'), [(0, False), (0, True), (STYLES, True)])
@pytest.mark.parametrize('compiled', [False, True])
def test_the_last_convolution_of_doubled_pixels_is_that_written_in_numpy(styles, soft, compiled):
    X, S = normal(2, 4, 5, 6), shares()
    inputs = [X, S] if styles else [X]
    block = ready(ToColours(4, 3, styles, soft=soft, double=True), *inputs)
    if compiled:
        block.hybridize(static_alloc=True, static_shape=True)
    with autograd.train_mode():
        Y = block(*inputs)
    told = arrays(block)
    Z = plain_doubled(X.asnumpy(), told['weight'], told['bias'], soft)
    if styles:
        Z = plain_norm(Z, *(S.asnumpy() @ told[f'norm.{name}'] for name in ('gamma', 'beta')))
    assert Y.shape == (2, 3, 10, 12)
    close(Y, Z, atol=1e-4)


def test_a_kernel_is_halved_by_hand():
    kernel = np.array([1.0, 10, 100]).reshape(1, 1, 1, 3)
    even, odd = (half.reshape(-1).tolist() for half in halves(mx.nd, kernel, 3))
    assert (even, odd) == ([1, 110, 0], [0, 11, 100])


def test_the_last_convolution_of_doubled_pixels_has_a_kernel_of_three():
    with pytest.raises(InputError, match='a side of 3, not of 5'):
        ToColours(4, 5, double=True)


# --- by property ---------------------------------------------------------------------------------


@pytest.mark.parametrize('bias', [False, True])
@pytest.mark.parametrize('compiled', [False, True])
@pytest.mark.parametrize('soft', [False, True])
@pytest.mark.parametrize(('n', 'shape'), [(1, (4, 4)), (1, (5, 9)), (2, (8, 6))])
def test_the_fast_form_is_equal_to_the_training_form(bias, compiled, soft, n, shape):
    X, S = normal(n, 4, *shape), shares(n)
    plain = ready(Upsampling(6, 4, STYLES, bias, soft), X, S)
    fast = ready(Upsampling(6, 4, STYLES, bias, soft, fast=True), X, S)
    for name, parameter in fast._collect_params_with_prefix().items():
        parameter.set_data(arrays(plain)[name])
    if compiled:
        for block in (plain, fast):
            block.hybridize(static_alloc=True, static_shape=True)
    with autograd.train_mode():
        Y, Y_fast = plain(X, S), fast(X, S)
    assert Y_fast.shape == (n, 6, 2 * shape[0], 2 * shape[1])
    close(Y_fast, Y.asnumpy())


def test_pictures_and_styles_of_a_batch_stay_apart():
    X, S = normal(2, 3, 8, 8), shares()
    layer = ready(Layer(4, 3, styles=STYLES), X, S)
    with autograd.train_mode():
        together = layer(X, S).asnumpy()
        layer_alone = ready(Layer(4, 3, styles=STYLES), X[:1], S[:1])
        for name, parameter in layer_alone._collect_params_with_prefix().items():
            if parameter.grad_req != 'null':
                parameter.set_data(arrays(layer)[name])
        for n in range(2):
            alone = layer_alone(X[n : n + 1], S[n : n + 1]).asnumpy()
            close(alone[0], together[n])


def test_the_norm_forgets_contrast_and_shift():
    X, S = normal(2, 4, 6, 7), shares()
    norm = ready(ConditionalInstanceNorm(4, STYLES), X, S)
    with autograd.train_mode():
        close(norm(5 * X - 2, S), norm(X, S).asnumpy(), atol=1e-4)


def test_only_the_rows_of_the_styles_that_were_painted_learn():
    X, S = normal(2, 4, 6, 7), np.array([[1.0, 0, 0], [0, 0, 1.0]])
    norm = ready(ConditionalInstanceNorm(4, STYLES), X, S)
    with autograd.record():
        l = (norm(X, S) * normal(*X.shape, seed=9)).sum()
    l.backward()
    for table in (norm.gamma, norm.beta):
        slope = numpy.abs(table.grad().asnumpy()).max(axis=1)
        assert (slope > 1e-4).tolist() == [True, False, True]


def test_a_part_is_painted_with_the_statistics_of_the_whole():
    X, S = normal(1, 4, 8, 6), shares(1)
    norm = ready(ConditionalInstanceNorm(4, STYLES), X, S)
    with autograd.train_mode():
        norm(X, S)
        whole = norm(X, S).asnumpy()
    close(norm(X, S), whole)
    close(norm(X[:, :, 2:5], S), whole[:, :, 2:5])
    norm.hybridize(static_alloc=True, static_shape=True)
    with autograd.train_mode():
        # compiled, it keeps what it had; MXNet sets the mode even of what it has yet to compute
        norm(7 * X[:, :, :3], S).wait_to_read()
    close(norm(X[:, :, 2:5], S), whole[:, :, 2:5])


def test_a_network_has_not_learned_what_norms_and_encoders_know():
    class Net(mx.gluon.nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.encoder, self.last = Layer(2, 3), Layer(2, 3, styles=1)

    names = ['last.conv.bias', 'last.conv.weight', 'last.norm.beta', 'last.norm.gamma']
    assert sorted(learned(Net())) == names


def test_a_kernel_without_a_middle_is_refused():
    with pytest.raises(InputError, match='it must be odd'):
        Layer(4, 3, kernel=4)
