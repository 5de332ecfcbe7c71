"""Scales may change, what the network sees may not."""

import mxnet as mx
import numpy
import pytest
from mxnet import numpy as np

from styletransfer.rescale import frozen, level, mean_activations, scaled
from styletransfer.vgg import extract_features

WIDTHS = [3, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6]
ALL = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)


@pytest.fixture
def convs():
    rng = numpy.random.default_rng(0)
    return [
        (
            (rng.normal(size=(o, i, 3, 3)) / i).astype('float32'),
            rng.uniform(0, 0.5, o).astype('float32'),
        )
        for i, o in zip(WIDTHS, WIDTHS[1:])
    ]


@pytest.fixture
def X():
    return np.array(numpy.random.default_rng(1).normal(size=(2, 3, 32, 48)), dtype='float32')


def taps(convs, X):
    outputs, _ = extract_features(frozen(convs), X, ALL, ())
    return [Y.asnumpy() for Y in outputs]


def test_each_output_is_scaled_by_its_own_factor_and_nothing_else(convs, X):
    factors = numpy.random.default_rng(2).uniform(0.2, 5, 13)
    for before, after, factor in zip(taps(convs, X), taps(scaled(convs, factors), X), factors):
        numpy.testing.assert_allclose(after, factor * before, rtol=1e-4, atol=1e-5)


def test_level_gives_the_promised_mean_activations(convs, X):
    means = mean_activations(level(convs, X), X)
    assert means == pytest.approx([width**0.75 for width in WIDTHS[1:]], rel=1e-4)


def test_mean_activations_are_means_behind_relu(convs, X):
    expected = [Y.clip(0).mean() for Y in taps(convs, X)]
    assert mean_activations(convs, X) == pytest.approx(expected, rel=1e-5)


def test_a_shorter_network_is_cut_behind_its_last_convolution(convs):
    net = frozen(convs[:5])
    assert len(net) == 11  # conv3_1 is layer 10
    assert net[-1].weight.shape == (4, 3, 3, 3)
    assert net(mx.np.zeros((1, 3, 16, 16))).shape == (1, 4, 4, 4)
