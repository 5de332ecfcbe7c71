"""Operators in a faster form: their numbers and their slopes are those of the plain form."""

import numpy
import pytest
from mxnet import autograd, nd
from mxnet import numpy as np

from styletransfer.faster import absolute, mean, products


def random(seed, *shape):
    return np.array(numpy.random.RandomState(seed).standard_normal(shape), dtype='float32')


def value_and_slope(function, X, slope):
    X.attach_grad()
    with autograd.record():
        Y = function(X)
    Y.backward(slope)
    return Y.asnumpy(), X.grad.asnumpy()


def plain_products(X):
    return np.matmul(X, X.transpose(0, 2, 1))


@pytest.mark.parametrize(
    ('faster', 'plain', 'shape', 'result'),
    [
        (mean, lambda X: X.mean(), (2, 3, 5, 7), ()),
        (mean, lambda X: X.mean(), (1, 1, 1, 1), ()),
        (absolute, np.abs, (2, 3, 5, 7), (2, 3, 5, 7)),
        (products, plain_products, (1, 4, 30), (1, 4, 4)),
        (products, plain_products, (3, 4, 30), (3, 4, 4)),
    ],
    ids=['mean', 'mean of one', 'absolute', 'products', 'products of three'],
)
def test_value_and_slope_are_those_of_the_plain_form(faster, plain, shape, result):
    X, slope = random(1, *shape), random(2, *result)  # a slope that is not symmetric
    for ours, theirs in zip(value_and_slope(faster, X, slope), value_and_slope(plain, X, slope)):
        assert ours.shape == theirs.shape
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_the_slope_of_an_absolute_value_is_0_where_there_is_nothing():
    X, ones = np.array([[-2.0, 0.0, 3.0]]), np.ones((1, 3))
    _, slope = value_and_slope(absolute, X, ones)
    assert slope.tolist() == [[-1.0, 0.0, 1.0]]


def test_what_carries_the_missing_slope_adds_nothing_to_the_bit():
    X = random(3, 1, 8, 40)
    with autograd.record():
        recorded = products(X)
    rows = X[0].as_nd_ndarray()
    plain = nd.FullyConnected(rows, rows, num_hidden=8, no_bias=True).asnumpy()
    assert (recorded[0].asnumpy() == plain).all()
