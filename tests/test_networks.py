"""The network that a recipe gets: how deep, which pooling, what scale, what stands in for what.

Scales may change, what the network sees may not.
"""

from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.errors import InputError
from styletransfer.images import load_image, preprocess, samples
from styletransfer.networks import (
    SLIM_FACTOR,
    frozen,
    level,
    mean_activations,
    network_for,
    replaced_layers,
    scaled,
)
from styletransfer.recipes import GATYS_2016, KERAS, MRF, RECIPES, TUTORIAL, VGG16_GD
from styletransfer.vgg import extract_features, layer_names

WIDTHS = [3, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6]
ALL = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)


@pytest.mark.parametrize('recipe', RECIPES.values(), ids=list(RECIPES))
def test_every_recipe_runs_on_the_bundled_network(recipe):
    net, fitted, origin = network_for(recipe, f'{recipe.family}_slim')
    X = preprocess(np.zeros((16, 16, 3)), (32, 32), *recipe.mean_std)
    style_layers = fitted.style_layers or fitted.patch_layers
    contents, styles = extract_features(net, X, fitted.content_layers, style_layers)
    assert len(contents) == len(fitted.content_layers) > 0
    assert len(styles) == len(style_layers) > 0
    assert origin['source'] == 'distilled by styletransfer.distill'
    pools = {type(layer) for layer in net if not isinstance(layer, (nn.Conv2D, nn.Activation))}
    assert pools == {nn.AvgPool2D if recipe.pooling == 'average' else nn.MaxPool2D}


def test_the_books_network_is_cut_behind_conv5_1():
    net, fitted, _ = network_for(TUTORIAL, 'vgg19_slim')
    assert layer_names(net)[-1] == 'conv5_1'
    assert fitted == TUTORIAL


def test_a_layer_behind_the_end_of_the_weights_is_replaced():
    net, fitted, _ = network_for(KERAS, 'vgg19_slim')
    assert fitted.content_layers == ('relu5_1',)
    assert fitted.style_layers == KERAS.style_layers
    assert replaced_layers(KERAS, fitted) == ['relu5_2']
    assert layer_names(net)[-1] == 'relu5_1'


def test_patch_layers_are_replaced_with_their_weights():
    deep = replace(MRF, patch_layers=('relu5_3', 'relu4_1'), patch_layer_weights=(3.0, 2.0))
    network = network_for(deep, 'vgg19_slim')
    assert layer_names(network.net)[-1] == 'relu5_1'
    assert network.recipe.patch_layers == ('relu5_1', 'relu4_1')
    assert network.recipe.patch_layer_weights == (3.0, 2.0)
    assert network.fitted(deep).patch_layers == ('relu5_1', 'relu4_1')
    said = 'relu5_3 is behind the end of these weights: relu5_1 takes its place.'
    assert network.notes(deep) == [said]


def test_vgg16s_layers_on_the_network_that_stands_in_for_it():
    _, fitted, _ = network_for(VGG16_GD, 'vgg16_slim')
    assert len(fitted.style_layers) == len(fitted.style_layer_weights) == 11
    assert replaced_layers(VGG16_GD, fitted) == ['conv5_2', 'conv5_3']
    whole, fitted, _ = network_for(VGG16_GD, 'vgg16', weights='random')
    assert fitted == VGG16_GD
    assert len([layer for layer in whole if isinstance(layer, nn.Conv2D)]) == 13


def test_a_layer_of_another_network_is_refused():
    recipe = replace(TUTORIAL, family='vgg16')
    with pytest.raises(InputError, match="did you mean 'conv4_3'"):
        network_for(recipe, 'vgg16', weights='random')


def test_the_slim_network_is_as_loud_as_its_pixels():
    asked = replace(TUTORIAL, content_layers=('conv2_1',), style_layers=())
    plain, _, _ = network_for(asked, 'vgg19_slim')
    loud, _, _ = network_for(replace(asked, pixels='caffe'), 'vgg19_slim')
    img = load_image(samples('content')['lake'])
    (quiet_Y,), _ = extract_features(plain, preprocess(img, (64, 48)), ('conv2_1',), ())
    X = preprocess(img, (64, 48), *KERAS.mean_std)
    (loud_Y,), _ = extract_features(loud, X, ('conv2_1',), ())
    inside = numpy.s_[:, :, 2:-2, 2:-2]
    expected = SLIM_FACTOR * quiet_Y.asnumpy()[inside]
    numpy.testing.assert_allclose(loud_Y.asnumpy()[inside], expected, atol=1e-4 * expected.max())
    assert pytest.approx(57.63) == SLIM_FACTOR


def test_the_papers_network_is_normalised_over_the_bundled_pictures():
    net, fitted, _ = network_for(GATYS_2016, 'vgg19_slim', device=mx.cpu())
    first = {
        'content': ('lake', 'rooftops', 'colosseum', 'otter'),
        'style': ('oil_strokes', 'ink_wash', 'woodblock', 'stained_glass'),
    }  # and no pictures that joined them later
    paths = [samples(kind)[name] for kind, names in first.items() for name in names]
    means = []
    for path in paths:
        X = preprocess(load_image(path), (224, 224))
        (Y,), _ = extract_features(net, X, ('relu2_1',), ())
        means.append(Y.mean(axis=(0, 2, 3)).asnumpy())
    numpy.testing.assert_allclose(numpy.mean(means, axis=0), 1, rtol=1e-3)
    assert fitted.content_layers == ('relu4_2',)


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
