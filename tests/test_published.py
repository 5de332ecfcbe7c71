"""The published objectives, written once more as their papers and programs have them.

Nothing of ours is used but the weights of a tiny network: legacy operators, sums where the sources
have sums, Gram matrices without a scale, the source's own units for the pixels.
"""

from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.images import preprocess
from styletransfer.networks import amplify, normalise
from styletransfer.objective import balanced, get_contents, get_styles, objective
from styletransfer.recipes import GATYS_2016, KERAS, PAINTERLY, TUTORIAL, VGG16_GD
from styletransfer.vgg import (
    VGG16,
    VGG19,
    Backbone,
    extract_features,
    freeze,
    layer_index,
    layer_names,
    read_pixels,
    truncated_vgg,
    vgg_layer_names,
)

CPU, SHAPE = mx.cpu(), (37, 50)  # odd, so that a pooling leaves out a column


def picture(seed):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (50, 37, 3))
    return np.array(pixels, dtype='uint8')


def network(convs_per_block, last, pooling='max'):
    mx.random.seed(1)
    net = truncated_vgg(Backbone('', convs_per_block, (3, 4, 4, 5, 5), ()), last, pooling)
    net.initialize(mx.init.MSRAPrelu(slope=0))
    net(np.zeros((1, 3, 16, 16)))
    for layer in net:
        if isinstance(layer, nn.Conv2D):
            layer.bias.set_data(np.random.normal(0, 0.1, layer.bias.shape))
    return freeze(net)


def features(net, X, convs_per_block, pool_type):
    """Return every layer's output by name: the network as its sources write it down."""
    outputs, params = {}, iter([layer for layer in net if isinstance(layer, nn.Conv2D)])
    for name in list(vgg_layer_names(convs_per_block))[: len(net)]:
        if name.startswith('conv'):
            layer = next(params)
            weight, bias = (p.data().as_nd_ndarray() for p in (layer.weight, layer.bias))
            X = mx.nd.Convolution(
                X, weight, bias, kernel=(3, 3), pad=(1, 1), num_filter=weight.shape[0]
            )
        elif name.startswith('relu'):
            X = mx.nd.relu(X)
        else:
            X = mx.nd.Pooling(X, kernel=(2, 2), stride=(2, 2), pool_type=pool_type)
        outputs[name] = X
    return outputs


def G(F):
    _, c, h, w = F.shape
    F = F.reshape((c, h * w))
    return mx.nd.dot(F, F.T)


def gatys(f, p, s, X):
    """Gatys et al. 2016, equations 1 to 7; alpha 1e-4, beta 1, w_l 1/5."""
    content = 0.5 * ((f['relu4_2'] - p['relu4_2']) ** 2).sum()
    style = 0
    for name in ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'):
        _, N, h, w = f[name].shape
        E = ((G(f[name]) - G(s[name])) ** 2).sum() / (4 * N**2 * (h * w) ** 2)
        style = style + E / 5
    return 1e-4 * content + style


def keras(f, p, s, X):
    """The Keras example: content 0.025, style 1, total variation 1; X in 0-255."""
    H, W = X.shape[2:]
    l = 0.025 * ((f['relu5_2'] - p['relu5_2']) ** 2).sum()
    for name in ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'):
        l = l + ((G(f[name]) - G(s[name])) ** 2).sum() / (4 * 3**2 * (H * W) ** 2) / 5
    cut = mx.nd.slice(X, begin=(0, 0, 0, 0), end=(1, 3, H - 1, W - 1))
    a = (cut - mx.nd.slice(X, begin=(0, 0, 1, 0), end=(1, 3, H, W - 1))) ** 2
    b = (cut - mx.nd.slice(X, begin=(0, 0, 0, 1), end=(1, 3, H - 1, W))) ** 2
    return l + ((a + b) ** 1.25).sum()


def vgg16_gd(f, p, s, X):
    """The VGG-16 variant: content at conv3_1, style the mean over all convolutions; 1.5 and 10."""
    content = ((f['conv3_1'] - p['conv3_1']) ** 2).mean()
    convs = [name for name in f if name.startswith('conv')]
    style = sum(((G(f[name]) - G(s[name])) ** 2).mean() for name in convs) / len(convs)
    return content, style


def vgg16_gd_with_reciprocals(f, p, s, X):
    """The same, each loss times the reciprocal of its own value, a number of its own."""
    content, style = vgg16_gd(f, p, s, X)
    adjust_content, adjust_style = (1 / (float(l.asscalar()) + 1e-10) for l in (content, style))
    return 1.5 * adjust_content * content + 10 * adjust_style * style


def vgg16_gd_retold(f, p, s, X):
    """The same without."""
    content, style = vgg16_gd(f, p, s, X)
    return 1.5 * content + 10 * style


def painterly(f, p, s, X):
    """Each loss over the size of its target; content 1/2 and 1, style 8, total variation 4."""
    l = 0.5 * ((f['relu3_1'] - p['relu3_1']) ** 2).sum() / (p['relu3_1'] ** 2).sum()
    l = l + ((f['relu4_2'] - p['relu4_2']) ** 2).sum() / (p['relu4_2'] ** 2).sum()
    for name in ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'):
        ours, theirs = (G(F[name]) / F[name].size for F in (f, s))
        l = l + 8 * ((ours - theirs) ** 2).sum() / (theirs**2).sum()
    down, right = X[:, :, 1:] - X[:, :, :-1], X[:, :, :, 1:] - X[:, :, :, :-1]
    return l + 4 * 0.5 * (mx.nd.abs(down).mean() + mx.nd.abs(right).mean())


PUBLISHED = [
    (PAINTERLY, painterly, VGG19, 'relu5_1', 'avg'),
    (GATYS_2016, gatys, VGG19, 'relu5_1', 'avg'),
    (KERAS, keras, VGG19, 'relu5_2', 'max'),
    (VGG16_GD, vgg16_gd_with_reciprocals, VGG16, 'conv5_3', 'max'),
    (replace(VGG16_GD, scaling='unscaled'), vgg16_gd_retold, VGG16, 'conv5_3', 'max'),
]


@pytest.mark.parametrize(
    ('recipe', 'formula', 'convs_per_block', 'last', 'pool_type'),
    PUBLISHED,
    ids=[formula.__name__ for _, formula, *_ in PUBLISHED],
)
def test_objective_and_gradient(recipe, formula, convs_per_block, last, pool_type):
    net = network(convs_per_block, last, recipe.pooling)
    assert {'max': 'max', 'average': 'avg'}[recipe.pooling] == pool_type
    content_X, contents_Y = get_contents(net, recipe, picture(1), SHAPE, CPU)
    style_X, styles_Y_gram = get_styles(net, recipe, picture(2), SHAPE, CPU)
    X = preprocess(picture(3), SHAPE, *recipe.mean_std)
    X.attach_grad()
    with autograd.record():
        *_, l = balanced(objective(net, recipe, contents_Y, styles_Y_gram), recipe)(X)
    l.backward()

    theirs = X.copy().as_nd_ndarray()
    theirs.attach_grad()
    p, s = (
        features(net, Y.as_nd_ndarray(), convs_per_block, pool_type) for Y in (content_X, style_X)
    )
    with autograd.record():
        expected = formula(features(net, theirs, convs_per_block, pool_type), p, s, theirs)
    expected.backward()
    assert float(l) == pytest.approx(float(expected.asscalar()), rel=1e-5)
    gradient = theirs.grad.asnumpy()
    numpy.testing.assert_allclose(X.grad.asnumpy(), gradient, atol=1e-5 * abs(gradient).max())


def test_what_is_relative_is_the_same_for_a_louder_network():
    # so that a weight that suits one network suits another
    told = []
    for factor in (1.0, 57.0):
        net = network(VGG19, 'relu5_1', PAINTERLY.pooling)
        amplify(net, factor)
        _, contents_Y = get_contents(net, PAINTERLY, picture(1), SHAPE, CPU)
        _, styles_Y_gram = get_styles(net, PAINTERLY, picture(2), SHAPE, CPU)
        terms, _ = objective(net, PAINTERLY, contents_Y, styles_Y_gram)(
            preprocess(picture(3), SHAPE)
        )
        told.append([float(term) for term in terms.values()])
    assert told[1] == pytest.approx(told[0], rel=1e-3)
    assert min(told[0]) > 0.005


def test_settings_by_value():
    (stage,) = GATYS_2016.stages
    assert (GATYS_2016.content_weight, GATYS_2016.style_weight) == (1e-4, 1.0)
    assert (GATYS_2016.init, GATYS_2016.optimizer, GATYS_2016.normalised) == (
        'noise',
        'lbfgs',
        True,
    )
    (stage,) = KERAS.stages
    assert (stage.image_shape[1], stage.num_epochs) == (400, 10 * 20)
    assert (KERAS.content_weight, KERAS.tv_weight, KERAS.init) == (0.025, 1.0, 'content')
    (stage,) = VGG16_GD.stages
    assert (stage.lr_at(1), stage.lr_at(120), stage.num_epochs) == (10, 10, 120)
    assert (VGG16_GD.content_weight, VGG16_GD.style_weight, VGG16_GD.tv_weight) == (1.5, 10, 0)
    assert len(VGG16_GD.style_layers) == 13
    assert (VGG16_GD.family, VGG16_GD.init) == ('vgg16', 'grey_noise')


def test_pixels_of_keras_are_0_to_255_less_the_mean():
    X = preprocess(picture(1), SHAPE, *KERAS.mean_std)
    pixels = picture(1).asnumpy().transpose(2, 0, 1)
    expected = pixels - numpy.array([123.68, 116.779, 103.939]).reshape(3, 1, 1)
    numpy.testing.assert_allclose(X[0].asnumpy(), expected, atol=1e-3)


def test_plain_steps_stay_between_black_and_white():
    low, high = VGG16_GD.optimizer_params['low'], VGG16_GD.optimizer_params['high']
    numpy.testing.assert_allclose(low.asnumpy().ravel(), [-123.68, -116.779, -103.939], rtol=1e-6)
    numpy.testing.assert_allclose((high - low).asnumpy().ravel(), [255] * 3, rtol=1e-6)
    assert TUTORIAL.optimizer_params == {}


@pytest.mark.parametrize('pooling', ['max', 'average'])
def test_a_normalised_network_has_mean_activations_of_one_and_sees_the_same(pooling):
    plain, net = (network(VGG19, 'conv5_1', pooling) for _ in range(2))
    pictures = [preprocess(picture(seed), SHAPE) for seed in (1, 2)]
    normalise(net, pictures)
    names = layer_names(net)
    relus = [name for name in names if name.startswith('relu')]
    outputs = [extract_features(net, X, relus, ())[0] for X in pictures]
    before = [extract_features(plain, X, relus, ())[0] for X in pictures]
    for first, second, *others in zip(*outputs, *before):
        mean = ((first + second) / 2).mean(axis=(0, 2, 3)).asnumpy()
        then = sum(other.mean(axis=(0, 2, 3)) for other in others).asnumpy()
        fires = then > then.mean() / 10
        assert fires.any()
        numpy.testing.assert_allclose(mean[fires], 1, rtol=1e-4)
        assert (mean[~fires] < 1).all()
        for now, then in zip((first, second), others):  # channel by channel a multiple
            now, then = now[0].asnumpy(), then[0].asnumpy()
            factor = now.sum(axis=(1, 2)) / numpy.maximum(then.sum(axis=(1, 2)), 1e-30)
            numpy.testing.assert_allclose(
                now, then * factor[:, None, None], atol=1e-4 * now.max() + 1e-6
            )
    assert layer_index('conv5_1', net) == 28


def test_an_amplified_network_says_the_same():
    plain, net = network(VGG19, 'conv5_1'), network(VGG19, 'conv5_1')
    amplify(net, 57.0)
    X, every = preprocess(picture(1), SHAPE), layer_names(plain)
    before, after = (extract_features(each, X, every, ())[0] for each in (plain, net))
    for then, now in zip(before, after):
        numpy.testing.assert_allclose(
            now.asnumpy(), 57 * then.asnumpy(), atol=1e-4 * float(np.abs(now).max())
        )


def test_other_units_are_the_same_network_away_from_the_border():
    net, other = network(VGG19, 'conv2_1'), network(VGG19, 'conv2_1')
    read_pixels(other, *KERAS.mean_std)
    (ours,), _ = extract_features(net, preprocess(picture(1), SHAPE), ['conv2_1'], ())
    X = preprocess(picture(1), SHAPE, *KERAS.mean_std)
    (theirs,), _ = extract_features(other, X, ['conv2_1'], ())
    inside = numpy.s_[:, :, 2:-2, 2:-2]
    numpy.testing.assert_allclose(theirs.asnumpy()[inside], ours.asnumpy()[inside], atol=1e-5)
