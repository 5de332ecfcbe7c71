"""Several paintings, the scale of their strokes, and regions: by property."""

import math
from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.controls import (
    Style,
    controlled,
    cropped,
    guide,
    guided,
    guided_objective,
    mixed,
    style_grams,
)
from styletransfer.errors import InputError
from styletransfer.images import preprocess
from styletransfer.losses import gram
from styletransfer.objective import compute_loss, get_contents, get_styles, named, objectives
from styletransfer.recipes import TUTORIAL, scaled_shape
from styletransfer.vgg import extract_features

CPU = mx.cpu()
SHAPE = (64, 48)


def picture(seed, height=30, width=40):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return np.array(pixels, dtype='uint8')


def left_half(height=48, width=64):
    mask = np.zeros((height, width))
    mask[:, : width // 2] = 1
    return mask


def losses(loss_at, X):
    X = X.copy()
    X.attach_grad()
    with autograd.record():
        terms, l = loss_at(SHAPE)(X)
    l.backward()
    return [float(term) for term in (*terms.values(), l)], X.grad.asnumpy()


def test_one_style_is_the_plain_painting(tiny_net):
    X = preprocess(picture(3), SHAPE)
    plain = losses(objectives(tiny_net, TUTORIAL, picture(1), picture(2), CPU), X)
    same = losses(controlled(tiny_net, TUTORIAL, picture(1), [Style(picture(2))], CPU), X)
    assert plain[0] == same[0]
    numpy.testing.assert_array_equal(plain[1], same[1])


@pytest.mark.parametrize('weights', [(0.7, 0.3), (7, 3), (1, 0)])
def test_a_mixture_is_the_weighted_mean_of_the_matrices(tiny_net, weights):
    paintings = [picture(2), picture(3)]
    _, first = get_styles(tiny_net, TUTORIAL, paintings[0], SHAPE, CPU)
    _, second = get_styles(tiny_net, TUTORIAL, paintings[1], SHAPE, CPU)
    share = weights[0] / sum(weights)
    for G, one, other in zip(mixed([first, second], weights), first, second):
        expected = share * one + (1 - share) * other
        numpy.testing.assert_allclose(G.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-9)


def test_the_mixtures_gradient_is_the_mixture_of_the_gradients(tiny_net):
    X, shares = preprocess(picture(5), SHAPE), (0.25, 0.75)
    recipe = replace(TUTORIAL, content_weight=0.0, tv_weight=0.0)
    styles = [Style(picture(seed), share) for seed, share in zip((2, 3), shares)]
    together = losses(controlled(tiny_net, recipe, picture(1), styles, CPU), X)[1]
    each = [losses(controlled(tiny_net, recipe, picture(1), [s], CPU), X)[1] for s in styles]
    expected = sum(share * gradient for share, gradient in zip(shares, each))
    numpy.testing.assert_allclose(together, expected, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize(
    ('weights', 'message'),
    [((1,), '1 style weights given for 2'), ((0, 0), 'not all 0'), ((1, -0.5), 'not below 0')],
)
def test_weights_that_mean_nothing_are_refused(weights, message):
    with pytest.raises(InputError, match=message):
        mixed([[np.ones((1, 2, 2))]] * 2, weights)


def test_a_guide_of_the_whole_picture_leaves_the_matrix_as_it_is(tiny_net):
    everywhere = guide(np.ones((10, 20)), tiny_net, TUTORIAL, SHAPE, CPU)
    X = preprocess(picture(1), SHAPE)
    _, styles_Y = extract_features(tiny_net, X, (), TUTORIAL.style_layers)
    for Y, same in zip(styles_Y, guided(styles_Y, [everywhere])):
        numpy.testing.assert_allclose(gram(same).asnumpy(), gram(Y).asnumpy(), rtol=1e-6)


def test_a_guided_matrix_is_the_mean_over_the_region_alone():
    Y = np.array(numpy.random.default_rng(1).normal(size=(1, 3, 8, 8)))
    T = np.zeros((1, 1, 8, 8))
    T[:, :, :, :2] = 1
    (Y_guided,) = guided([Y], [[T / np.sqrt(np.square(T).mean())]])
    expected = gram(Y[:, :, :, :2]).asnumpy()
    numpy.testing.assert_allclose(gram(Y_guided).asnumpy(), expected, rtol=1e-5)


def test_masks_shrink_with_the_layers_and_get_soft_borders(tiny_net):
    mask = np.zeros((48, 64))
    mask[:, :33] = 1
    masks = guide(mask, tiny_net, TUTORIAL, SHAPE, CPU)
    assert [T.shape for T in masks] == [
        (1, 1, 48 >> b, 64 >> b) for b in range(5)
    ]  # one for each block
    for T in masks:
        assert float(np.square(T).mean()) == pytest.approx(1, rel=1e-5)
    second = masks[1][0, 0, 5].asnumpy()
    second /= second.max()
    numpy.testing.assert_allclose(second[14:18], [1, 1, 0.5, 0], atol=1e-6)


def test_a_region_too_small_for_a_layer_is_an_error_with_both_names(tiny_net):
    mask = np.zeros((48, 64))
    mask[:5, :5] = 1
    with pytest.raises(InputError, match=r'content mask 2 vanishes at conv4_1.*8x6 positions'):
        guide(mask, tiny_net, TUTORIAL, SHAPE, CPU, 'content mask 2')
    shallow = replace(TUTORIAL, style_layers=('conv1_1', 'conv2_1'))
    assert len(guide(mask, tiny_net, shallow, SHAPE, CPU)) == 2


def test_outside_of_its_region_a_style_asks_for_nothing(tiny_net):
    recipe = replace(
        TUTORIAL, content_weight=0.0, tv_weight=0.0, style_layers=('conv1_1', 'conv2_1')
    )
    loss_at = controlled(
        tiny_net, recipe, picture(1), [Style(picture(2))], CPU, content_masks=[left_half()]
    )
    _, gradient = losses(loss_at, preprocess(picture(4), SHAPE))
    assert abs(gradient[:, :, :, :32]).max() > 0
    assert abs(gradient[:, :, :, 40:]).max() == 0  # conv2_1 sees three pixels to each side


def test_each_region_has_its_own_style(tiny_net):
    masks = [left_half(), 1 - left_half()]
    styles = [Style(picture(2)), Style(picture(3))]
    X = preprocess(picture(4), SHAPE)
    both = losses(controlled(tiny_net, TUTORIAL, picture(1), styles, CPU, masks), X)[0]
    one, other = (
        losses(controlled(tiny_net, TUTORIAL, picture(1), [style], CPU, [mask]), X)[0]
        for style, mask in zip(styles, masks)
    )
    assert both[1] == pytest.approx(one[1] + other[1])
    assert one[1] != pytest.approx(other[1])
    with pytest.raises(InputError, match='2 styles given for 3 content masks'):
        controlled(tiny_net, TUTORIAL, picture(1), styles, CPU, [left_half()] * 3)


@pytest.mark.parametrize('tile', [None, 32])
def test_a_region_counts_as_its_weight_says(tiny_net, tile):
    masks, X = [left_half(), 1 - left_half()], preprocess(picture(4), SHAPE)

    def judged(*weights):
        styles = [Style(picture(2), weights[0]), Style(picture(3), weights[1])]
        args = (tiny_net, replace(TUTORIAL, content_weight=0.0, tv_weight=0.0), picture(1))
        loss_at = controlled(*args, styles, CPU, masks, tile_at=lambda shape: tile)
        found, gradient = losses(loss_at, X)
        assert found[-1] == pytest.approx(found[1])
        return found[1], gradient

    (first, slope), (second, other) = judged(1.0, 1e-9), judged(1e-9, 1.0)
    both, together = judged(0.25, 0.5)
    assert both == pytest.approx(0.25 * first + 0.5 * second, rel=1e-4)
    expected = 0.25 * slope + 0.5 * other
    numpy.testing.assert_allclose(together, expected, atol=1e-4 * abs(expected).max())


def test_the_compiled_graph_judges_regions_as_the_layers_do(tiny_net):
    masks = [left_half(), 1 - 0.5 * left_half()]
    X = preprocess(picture(4), SHAPE)
    guides = [guide(mask, tiny_net, TUTORIAL, SHAPE, CPU) for mask in masks]
    content_X, contents_Y = get_contents(tiny_net, TUTORIAL, picture(1), SHAPE, CPU)
    _, styles_Y = extract_features(tiny_net, content_X, (), TUTORIAL.style_layers)
    styles_Y_gram = [0.5 * gram(Y) for Y in guided(styles_Y, guides)]
    args = (tiny_net, TUTORIAL, contents_Y, styles_Y_gram, guides)

    def layer_by_layer(X):
        contents, styles = extract_features(
            tiny_net, X, TUTORIAL.content_layers, TUTORIAL.style_layers
        )
        styles = guided(styles, guides)
        return named(*compute_loss(TUTORIAL, X, contents, styles, contents_Y, styles_Y_gram))

    found, gradient = losses(lambda shape: guided_objective(*args), X)
    expected, expected_gradient = losses(lambda shape: layer_by_layer, X)
    assert found == expected
    largest = abs(expected_gradient).max()
    numpy.testing.assert_allclose(gradient, expected_gradient, atol=1e-6 * largest)


def test_a_style_mask_chooses_what_is_looked_at(tiny_net):
    halves = np.concatenate([picture(2, 48, 32), picture(3, 48, 32)], axis=1)
    masked = style_grams(tiny_net, TUTORIAL, Style(halves, mask=left_half()), SHAPE, CPU)
    _, styles_Y = extract_features(tiny_net, preprocess(halves, SHAPE), (), ('conv1_1',))
    expected = gram(styles_Y[0][:, :, :, :32]).asnumpy()
    numpy.testing.assert_allclose(masked[0].asnumpy(), expected, rtol=1e-5)


def test_the_scale_of_the_strokes_is_the_size_of_the_painting(tiny_net):
    assert scaled_shape((560, 320), 0.5) == (280, 160)
    assert scaled_shape((20, 40), 0.1) == (16, 16)
    for scale in (25000, 1e200, math.inf, math.nan):
        with pytest.raises(InputError, match=r'20x40 made .* times as large is no picture'):
            scaled_shape((20, 40), scale)
    X = preprocess(picture(4), SHAPE)
    style = [Style(picture(2))]
    loss_at = controlled(tiny_net, TUTORIAL, picture(1), style, CPU, style_scale=2.0)
    _, larger = get_styles(tiny_net, TUTORIAL, picture(2), (128, 96), CPU)
    _, styles_Y = extract_features(tiny_net, X, (), TUTORIAL.style_layers)
    expected = sum(1000 * float(np.square(gram(Y) - G).mean()) for Y, G in zip(styles_Y, larger))
    assert losses(loss_at, X)[0][1] == pytest.approx(expected, rel=1e-5)


def test_cropping_keeps_the_middle_and_the_aspect_ratio():
    img = np.arange(10 * 40).reshape(10, 40)
    assert cropped(img, (20, 10)).shape == (10, 20)
    numpy.testing.assert_array_equal(cropped(img, (20, 10)).asnumpy(), img[:, 10:30].asnumpy())
    assert cropped(img, (100, 20)).shape == (8, 40)
    assert cropped(img, (40, 10)).shape == (10, 40)
    assert cropped(img, (1, 1000)).shape == (10, 1)


def test_a_cropped_painting_is_not_squeezed(tiny_net):
    wide = picture(2, 48, 200)
    kept = style_grams(tiny_net, TUTORIAL, Style(wide), SHAPE, CPU, crop=True)
    _, expected = get_styles(tiny_net, TUTORIAL, wide[:, 68:132], SHAPE, CPU)
    for G, other in zip(kept, expected):
        numpy.testing.assert_array_equal(G.asnumpy(), other.asnumpy())


@pytest.mark.parametrize('masks', [None, [], [left_half(), 1 - left_half()]])
def test_with_reciprocals_each_term_is_its_weight(tiny_net, masks):
    recipe = replace(
        TUTORIAL, scaling='reciprocal', content_weight=1.5, style_weight=10.0, tv_weight=0.3
    )
    if masks is None:
        loss_at = objectives(tiny_net, recipe, picture(1), picture(2), CPU)
    else:
        styles = [Style(picture(2)), Style(picture(3))]
        loss_at = controlled(tiny_net, recipe, picture(1), styles, CPU, masks)
    terms, gradient = losses(loss_at, preprocess(picture(4), SHAPE))
    assert terms == pytest.approx([1.5, 10.0, 0.3, 11.8], rel=1e-4)
    assert abs(gradient).max() > 0


@pytest.mark.parametrize('masks', [[], [left_half(), 1 - left_half()]])
def test_tiles_change_nothing(tiny_net, masks):
    X = preprocess(picture(4), SHAPE)
    styles = [Style(picture(2), mask=left_half()), Style(picture(3))]
    args = (tiny_net, TUTORIAL, picture(1), styles, CPU, masks)
    whole, in_tiles = (
        losses(controlled(*args), X),
        losses(controlled(*args, tile_at=lambda shape: 32), X),
    )
    assert in_tiles[0] == pytest.approx(whole[0], rel=1e-4)
    numpy.testing.assert_allclose(in_tiles[1], whole[1], atol=1e-4 * abs(whole[1]).max())
