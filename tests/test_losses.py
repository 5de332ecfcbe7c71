"""The losses: by hand, by property, by slope, by refusal."""

import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.errors import InputError
from styletransfer.losses import content_loss, gram, style_loss, tv_loss
from styletransfer.objective import compute_loss
from styletransfer.recipes import TUTORIAL


def random(seed, *shape):
    return np.array(numpy.random.default_rng(seed).normal(size=shape), dtype='float32')


def test_content_loss_by_hand():
    Y_hat = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    Y = np.array([[[[1.0, 0.0], [0.0, 0.0]]]])
    assert float(content_loss(Y_hat, Y)) == (0 + 4 + 9 + 16) / 4


def test_gram_by_hand():
    X = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 1, 2)
    numpy.testing.assert_allclose(
        gram(X).asnumpy(), [[[5 / 4, 11 / 4], [11 / 4, 25 / 4]]], rtol=1e-6
    )


def test_style_loss_by_hand():
    X = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 1, 2)
    target = np.array([[[1.25, 2.75], [2.75, 4.25]]])
    assert float(style_loss(X, target)) == pytest.approx((6.25 - 4.25) ** 2 / 4)


def test_tv_loss_by_hand():
    # rows differ by 2 and 5, columns by 1 and 4
    X = np.array([[[[0.0, 1.0], [2.0, 6.0]]]])
    assert float(tv_loss(X)) == pytest.approx(0.5 * ((2 + 5) / 2 + (1 + 4) / 2))


def test_gram_is_symmetric_with_squares_on_its_diagonal():
    X = random(0, 1, 5, 4, 6)
    G = gram(X).asnumpy()[0]
    numpy.testing.assert_array_equal(G, G.T)
    squares = (X.asnumpy()[0] ** 2).sum(axis=(1, 2)) / (5 * 4 * 6)
    numpy.testing.assert_allclose(numpy.diag(G), squares, rtol=1e-5)


def test_gram_forgets_where():
    X = random(1, 1, 3, 4, 5).asnumpy()
    order = numpy.random.default_rng(2).permutation(20)
    shuffled = X.reshape(1, 3, 20)[:, :, order].reshape(1, 3, 4, 5)
    numpy.testing.assert_allclose(
        gram(np.array(shuffled)).asnumpy(), gram(np.array(X)).asnumpy(), rtol=1e-5, atol=1e-6
    )


def test_gram_keeps_the_pictures_of_a_batch_apart():
    a, b = random(3, 1, 3, 4, 5), random(4, 1, 3, 4, 5)
    both = gram(np.concatenate([a, b])).asnumpy()
    numpy.testing.assert_allclose(both, numpy.concatenate([gram(a).asnumpy(), gram(b).asnumpy()]))


def test_gram_means_the_same_at_every_size():
    X = random(5, 1, 3, 4, 5)
    tiled = np.array(numpy.tile(X.asnumpy(), (1, 1, 3, 2)))
    numpy.testing.assert_allclose(gram(tiled).asnumpy(), gram(X).asnumpy(), rtol=1e-5, atol=1e-6)


def test_losses_are_zero_where_nothing_differs():
    X = random(6, 2, 3, 4, 5)
    assert float(content_loss(X, X)) == 0
    assert float(style_loss(X, gram(X))) == 0
    assert float(tv_loss(np.full((1, 3, 4, 5), 0.7))) == 0


def test_tv_of_a_ramp_is_half_its_slope():
    ramp = np.array(numpy.tile(numpy.arange(8) * 0.25, (1, 3, 6, 1)), dtype='float32')
    assert float(tv_loss(ramp)) == pytest.approx(0.125)
    assert float(tv_loss(ramp.transpose(0, 1, 3, 2))) == pytest.approx(0.125)


@pytest.mark.parametrize(
    'loss',
    [
        lambda X: content_loss(X, random(8, 1, 3, 4, 5)),
        lambda X: style_loss(X, gram(random(9, 1, 3, 4, 5))),
        tv_loss,
        lambda X: gram(X).sum(),
        lambda X: (gram(X) * random(12, 2, 3, 3)).sum(),  # not symmetric
    ],
    ids=['content', 'style', 'tv', 'gram', 'each of gram'],
)
def test_slope(loss):
    X, direction = random(10, 1, 3, 4, 5), random(11, 1, 3, 4, 5)
    X.attach_grad()
    with autograd.record():
        l = loss(X)
    l.backward()
    slope = float((X.grad * direction).sum())
    step = 1e-2
    measured = (float(loss(X + step * direction)) - float(loss(X - step * direction))) / (2 * step)
    # total variation has kinks: a few of its 60 differences may change sign within the step
    assert slope == pytest.approx(measured, rel=2e-2, abs=2e-3)


def test_compute_loss_weights_each_term_and_adds_them():
    X = random(12, 1, 3, 6, 6)
    features = [random(20 + i, 1, 2, 3, 3) for i in range(6)]
    contents_Y = [random(30, 1, 2, 3, 3)]
    styles_Y_gram = [gram(random(40 + i, 1, 2, 5, 4)) for i in range(5)]
    contents_l, styles_l, tv_l, l = compute_loss(
        TUTORIAL, X, features[:1], features[1:], contents_Y, styles_Y_gram
    )
    assert len(contents_l) == 1
    assert len(styles_l) == 5
    assert float(contents_l[0]) == pytest.approx(float(content_loss(features[0], contents_Y[0])))
    for style_l, Y_hat, target in zip(styles_l, features[1:], styles_Y_gram):
        assert float(style_l) == pytest.approx(1000 * float(style_loss(Y_hat, target)), rel=1e-5)
    assert float(tv_l) == pytest.approx(50 * float(tv_loss(X)), rel=1e-5)
    terms = [*contents_l, *styles_l, tv_l]
    assert float(l) == pytest.approx(sum(float(term) for term in terms), rel=1e-5)


def test_shapes_that_do_not_fit_are_refused_with_both_shapes():
    with pytest.raises(InputError, match=r'\(1, 2, 3, 3\) and \(1, 2, 1, 1\)'):
        content_loss(np.zeros((1, 2, 3, 3)), np.zeros((1, 2, 1, 1)))
    with pytest.raises(InputError, match=r'\(1, 2, 2\) and \(1, 1, 1\)'):
        style_loss(np.zeros((1, 2, 3, 3)), np.zeros((1, 1, 1)))
    with pytest.raises(InputError, match=r'not \(2, 3\)'):
        gram(np.zeros((2, 3)))
    with pytest.raises(InputError, match=r'not \(1, 3, 1, 5\)'):
        tv_loss(np.zeros((1, 3, 1, 5)))
