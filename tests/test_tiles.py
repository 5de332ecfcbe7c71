"""Tiles: the same loss and gradient as in one piece, at every size, for every recipe."""

from dataclasses import replace
from typing import NamedTuple, Tuple

import mxnet as mx
import numpy
import pytest
from conftest import TINY
from mxnet import autograd
from mxnet import numpy as np

from styletransfer import objective, synthesis, tiles, vgg
from styletransfer.errors import InputError
from styletransfer.images import preprocess
from styletransfer.losses import gram
from styletransfer.objective import balanced, compute_loss, named
from styletransfer.recipes import TUTORIAL, Stage
from styletransfer.vgg import extract_features, freeze, truncated_vgg
from styletransfer.windows import parts_of

CPU = mx.cpu()

# for so small a network, these give each term a say
BOOK = replace(TUTORIAL, content_weight=2e3, style_weight=1e3, tv_weight=5.0)
# layers that see 10 pixels far: small pictures have many tiles
NEAR = replace(BOOK, content_layers=('conv2_2',), style_layers=('conv1_1', 'conv2_1', 'conv3_1'))


@pytest.fixture(autouse=True)
def keep_freed_memory(monkeypatch):
    """Let nobody look for garbage: for pictures so small, that took most of the time."""
    for module in (tiles, vgg):
        monkeypatch.setattr(module, 'return_freed_memory', lambda: None)


def picture(seed, height=30, width=50):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return np.array(pixels, dtype='uint8')


def tiny(last='conv5_1', pooling='max'):
    mx.random.seed(1)
    net = truncated_vgg(TINY, last, pooling)
    net.initialize(mx.init.MSRAPrelu(slope=0))
    net(np.zeros((1, 3, 32, 32)))
    return freeze(net)


def targets(net, recipe, shape):
    _, contents_Y = objective.get_contents(net, recipe, picture(1), shape, CPU)
    _, styles_Y_gram = objective.get_styles(net, recipe, picture(2), shape, CPU)
    return contents_Y, styles_Y_gram


def outcome(loss, X):
    """Return all losses and the gradient."""
    X = X.copy()
    X.attach_grad()
    with autograd.record():
        terms, l = loss(X)
    l.backward()
    losses = [*terms.values(), l]
    # a term without layers is the number 0
    assert all(getattr(one, 'shape', ()) == () for one in losses)
    return numpy.array([float(one) for one in losses]), X.grad.asnumpy()


def difference(one, other):
    return numpy.abs(one - other).max() / numpy.abs(other).max()


def assert_same(tiled, whole, tolerance=1e-6):
    numpy.testing.assert_allclose(tiled[0], whole[0], rtol=tolerance)
    assert numpy.abs(whole[1]).max() > 0
    assert difference(tiled[1], whole[1]) < tolerance


def assert_tiles_equal_the_whole(net, recipe, shape, tile, tolerance=1e-6):
    X = preprocess(picture(3, shape[1], shape[0]), shape, *recipe.mean_std)
    wanted = targets(net, recipe, shape)
    whole = outcome(balanced(objective.objective(net, recipe, *wanted), recipe), X)
    assert_same(outcome(tiles.objective(net, recipe, *wanted, tile), X), whole, tolerance)


@pytest.mark.parametrize(
    ('recipe', 'shape', 'tile'),
    [
        (BOOK, (207, 223), 16),  # 3x4 tiles
        (BOOK, (417, 231), 48),
        (BOOK, (83, 61), 32),  # the halo is wider than the picture
        (BOOK, (83, 61), 512),  # and so is the tile
        (BOOK, (61, 301), 64),  # one tile wide
        (BOOK, (301, 16), 64),
        (NEAR, (83, 61), 32),
        (NEAR, (83, 61), 16),
        (NEAR, (96, 80), 16),
        (NEAR, (149, 17), 16),
        (NEAR, (66, 65), 32),
    ],
)
def test_loss_and_gradient_are_those_of_the_whole(tiny_net, recipe, shape, tile):
    assert_tiles_equal_the_whole(tiny_net, recipe, shape, tile)


@pytest.mark.parametrize(
    'changes',
    [
        {'content_layers': ('conv2_2', 'conv1_2'), 'content_layer_weights': (1.0, 0.3)},
        {'content_layers': ('conv2_1',)},  # that is a style layer, too
        {'content_layers': ()},
        {'style_layers': ()},
        {'content_layers': (), 'style_layers': ()},
        {'content_layers': (), 'style_layers': ('conv1_1',)},
        {'style_layers': ('relu2_1', 'relu1_1'), 'style_layer_weights': (0.2, 0.5)},
        {'content_layers': ('relu2_2',), 'style_layers': ('pool1', 'pool2')},
        {'content_layers': ('pool2',), 'style_layers': ('pool2', 'conv3_1')},  # at the cut
        {'content_layers': ('conv3_2',), 'style_layers': ()},  # behind it alone
        {'scaling': 'gatys', 'content_weight': 1.0},
        {'scaling': 'keras', 'content_weight': 1.0, 'style_weight': 1e-2},
        {'scaling': 'unscaled', 'style_weight': 1e-5},
        {'scaling': 'reciprocal', 'content_weight': 1.5, 'style_weight': 10.0, 'tv_weight': 0.3},
        {'scaling': 'reciprocal', 'content_weight': 0.0, 'style_layers': ()},
        {'tv': 'power', 'tv_weight': 1.0, 'pixels': 'caffe', 'style_weight': 1e-8},
        {'tv_weight': 0.0},
        {'style_weight': 0.0},
    ],
    ids=lambda changes: ' '.join(changes),
)
def test_every_setting_of_a_recipe_counts(tiny_net, changes):
    assert_tiles_equal_the_whole(tiny_net, replace(NEAR, **changes), (83, 61), 16)


def test_average_pooling_and_a_deeper_layer():
    recipe = replace(
        BOOK,
        content_layers=('relu5_2',),
        style_layers=('relu1_1', 'relu4_1', 'pool4', 'relu5_1'),
        scaling='gatys',
    )
    # Gram matrices of numbers that are all positive: their sums round more than they differ
    assert_tiles_equal_the_whole(tiny('relu5_2', 'average'), recipe, (251, 217), 16, 2e-6)


def test_a_layer_behind_the_fifth_pooling():
    recipe = replace(BOOK, content_layers=('conv5_4',), style_layers=('pool5', 'conv2_1'))
    assert_tiles_equal_the_whole(tiny('pool5'), recipe, (435, 101), 16)


def test_sizes_may_alternate(tiny_net):
    """The compiled layers prepare themselves for one size of input, and then get another."""
    for shape, tile in [((83, 61), 16), ((96, 40), 32), ((83, 61), 32), ((83, 61), 16)]:
        assert_tiles_equal_the_whole(tiny_net, NEAR, shape, tile)


def test_the_contents_and_the_gram_matrices_are_those_of_the_whole(tiny_net):
    caffe = replace(NEAR, pixels='caffe')
    for recipe, shape, tile in [(BOOK, (287, 211), 16), (caffe, (93, 61), 16)]:
        contents_Y, styles_Y_gram = targets(tiny_net, recipe, shape)
        X, contents = tiles.get_contents(tiny_net, recipe, picture(1), shape, CPU, tile)
        expected = preprocess(picture(1), shape, *recipe.mean_std)
        numpy.testing.assert_array_equal(X.asnumpy(), expected.asnumpy())
        grams = tiles.get_grams(tiny_net, recipe, picture(2), shape, CPU, tile)
        assert len(contents) == 1
        assert len(grams) == len(styles_Y_gram)
        for tiled, whole in zip(contents + grams, contents_Y + styles_Y_gram):
            assert tiled.shape == whole.shape
            assert difference(tiled.asnumpy(), whole.asnumpy()) < 1e-5


def guides(net, recipe, X):
    """Return masks for two regions, left and right, which overlap in grey."""
    _, styles = extract_features(net, X, (), recipe.style_layers)
    regions = []
    for region in range(2):
        masks = []
        for Y in styles:
            h, w = Y.shape[2:]
            ramp = numpy.clip(numpy.linspace(-1, 2, w), 0, 1)
            ramp = numpy.broadcast_to(ramp if region else 1 - ramp, (1, 1, h, w))
            masks.append(np.array(ramp, dtype='float32'))
        regions.append(masks)
    return regions


def guided(net, recipe, contents_Y, styles_Y_gram, masks):
    """Return the loss of the whole picture with guides, written straight down."""

    def loss(X):
        contents, styles = extract_features(net, X, recipe.content_layers, recipe.style_layers)
        styles = [Y * mask for region in masks for Y, mask in zip(styles, region)]
        return named(*compute_loss(recipe, X, contents, styles, contents_Y, styles_Y_gram))

    return loss


def test_guides(tiny_net):
    recipe = replace(NEAR, style_layer_weights=(1.0, 0.5, 0.25))
    shape = (115, 61)
    style_X = preprocess(picture(2), shape)
    masks = guides(tiny_net, recipe, style_X)
    _, styles_Y = extract_features(tiny_net, style_X, (), recipe.style_layers)
    expected = [gram(Y * mask) for region in masks for Y, mask in zip(styles_Y, region)]
    grams = tiles.get_grams(tiny_net, recipe, picture(2), shape, CPU, 16, masks)
    assert len(grams) == 6
    for tiled, whole in zip(grams, expected):
        assert difference(tiled.asnumpy(), whole.asnumpy()) < 1e-5
    contents_Y, _ = targets(tiny_net, recipe, shape)
    X = preprocess(picture(3, 61, 115), shape)
    whole = outcome(guided(tiny_net, recipe, contents_Y, grams, masks), X)
    tiled = outcome(tiles.objective(tiny_net, recipe, contents_Y, grams, 16, masks), X)
    assert len(grams) == len(masks) * len(recipe.style_layers)
    assert_same(tiled, whole)
    exchanged = outcome(tiles.objective(tiny_net, recipe, contents_Y, grams, 16, masks[::-1]), X)
    assert difference(exchanged[1], whole[1]) > 1e-3


def test_training_in_tiles_is_training(tiny_net):
    stage = Stage((115, 61), lr=0.05, num_epochs=3)
    contents_Y, styles_Y_gram = targets(tiny_net, NEAR, stage.image_shape)
    start = preprocess(picture(3, 61, 115), stage.image_shape)
    results = []
    for loss in (
        objective.objective(tiny_net, NEAR, contents_Y, styles_Y_gram),
        tiles.objective(tiny_net, NEAR, contents_Y, styles_Y_gram, 16),
    ):
        steps = []
        X = synthesis.train(loss, NEAR, stage, start, CPU, steps.append)
        totals = [[*step.terms.values(), step.total] for step in steps]
        results.append((numpy.array(totals), X.asnumpy()))
    (whole, whole_X), (tiled, tiled_X) = results
    assert (whole[2] != whole[0]).all()
    numpy.testing.assert_allclose(tiled, whole, rtol=1e-4)
    moved = numpy.abs(whole_X - start.asnumpy()).max()
    assert numpy.abs(tiled_X - whole_X).max() < 1e-2 * moved  # next to a gradient of 0, Adam jumps
    assert numpy.abs(tiled_X - whole_X).mean() < 1e-4 * moved


def test_the_loss_is_one_to_calculate_with(tiny_net):
    """Its derivative reaches the picture through whatever is done before and after."""
    shape = (83, 61)
    loss = tiles.objective(tiny_net, NEAR, *targets(tiny_net, NEAR, shape), 16)
    X = preprocess(picture(3, 61, 83), shape)
    _, once = outcome(loss, X)
    X.attach_grad()
    with autograd.record():
        l = loss(X * 1)[-1] * 3
    l.backward()
    assert difference(X.grad.asnumpy(), 3 * once) < 1e-6


def test_without_recording_there_is_no_second_pass(tiny_net, monkeypatch):
    shape = (83, 61)
    loss = tiles.objective(tiny_net, NEAR, *targets(tiny_net, NEAR, shape), 16)
    X = preprocess(picture(3, 61, 83), shape)
    expected, _ = outcome(loss, X)
    monkeypatch.setattr(autograd, 'backward', None)
    terms, l = loss(X)
    found = [float(one) for one in (*terms.values(), l)]
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)


class Look(NamedTuple):
    """What a part of the network was shown, and when."""

    part: int
    shape: Tuple[int, ...]
    recording: bool
    training: bool
    waits: int


@pytest.fixture
def looks(monkeypatch):
    """Let each look of a part of the network be noted."""
    noted, waits = [], []

    def compiled(net, *args, **kwargs):
        features, part = vgg.compiled(net, *args, **kwargs), int(len(net) != 10)

        def look(X):
            mode = autograd.is_recording(), autograd.is_training()
            noted.append(Look(part, X.shape, *mode, len(waits)))
            return features(X)

        return look

    monkeypatch.setattr(tiles, 'compiled', compiled)
    monkeypatch.setattr(tiles.npx, 'waitall', lambda: waits.append(mx.nd.waitall()))
    return noted


def test_no_more_than_a_tile_and_its_halo_is_shown_at_once(tiny_net, looks):
    shape, tile = (437, 261), 32
    loss = tiles.objective(tiny_net, BOOK, *targets(tiny_net, BOOK, shape), tile)
    outcome(loss, preprocess(picture(3), shape))
    for part, limit, channels in [(0, tile + 2 * 8, 3), (1, 2 * tile // 4 + 2 * 16, 3)]:
        first, second = (
            [look.shape for look in looks if look.part == part and look.recording == recording]
            for recording in (False, True)
        )
        assert first == second
        assert len(first) > 4
        ((n, c, h, w),) = set(first)  # MXNet prepares anew for each size
        assert (n, c) == (1, channels)
        assert h // 4 * 4 * (w // 4 * 4) <= limit**2
    waits = [look.waits for look in looks]
    assert len(set(waits)) == len(waits)  # something was waited for between any two


@pytest.mark.parametrize(('tile', 'first'), [(64, 3), (512, 1)])
def test_a_last_part_in_one_tile_is_looked_at_once(tiny_net, looks, tile, first):
    shape = (120, 100)
    loss = tiles.objective(tiny_net, BOOK, *targets(tiny_net, BOOK, shape), tile)
    outcome(loss, preprocess(picture(3), shape))
    order = [(look.part, look.recording) for look in looks]
    assert order == [(0, False)] * first + [(1, True)] + [(0, True)] * first


def test_the_first_pass_sees_what_the_second_will(tiny_net, looks):
    """For prediction oneDNN may compute other last bits, and a pooling choose another pixel."""
    shape = (83, 61)
    loss = tiles.objective(tiny_net, NEAR, *targets(tiny_net, NEAR, shape), 16)
    X = preprocess(picture(3, 61, 83), shape)
    outcome(loss, X)
    assert {look.recording for look in looks} == {True, False}
    assert all(look.training for look in looks)
    looks.clear()
    loss(X)
    assert looks
    assert not any(look.training for look in looks)


@pytest.mark.parametrize('part', [0, 1])
def test_a_smaller_halo_would_not_do(tiny_net, monkeypatch, part):
    shape = (251, 83)
    recipe = replace(BOOK, content_layers=(), style_layers=('conv5_1',), tv_weight=0.0)
    wanted = targets(tiny_net, recipe, shape)
    X = preprocess(picture(3, 83, 251), shape)
    whole = outcome(objective.objective(tiny_net, recipe, *wanted), X)
    assert_same(outcome(tiles.objective(tiny_net, recipe, *wanted, 16), X), whole)

    def nearer(net):
        parts = parts_of(net)
        parts[part] = parts[part]._replace(halo=parts[part].halo - parts[part].aligned)
        return parts

    monkeypatch.setattr(tiles, 'parts_of', nearer)
    tiled = outcome(tiles.objective(tiny_net, recipe, *wanted, 16), X)
    assert difference(tiled[1], whole[1]) > 1e-3


@pytest.mark.parametrize('tile', [0, -16, 8, 100])
def test_a_tile_that_cannot_be_is_refused(tiny_net, tile):
    with pytest.raises(InputError, match=rf'tile of {tile} .*multiple of 16'):
        tiles.objective(tiny_net, NEAR, (), (), tile)
    with pytest.raises(InputError, match='multiple of 16'):
        tiles.get_contents(tiny_net, NEAR, picture(1), (40, 24), CPU, tile)
    with pytest.raises(InputError, match='multiple of 16'):
        tiles.get_grams(tiny_net, NEAR, picture(1), (40, 24), CPU, tile)


def test_what_does_not_fit_the_picture_is_refused(tiny_net):
    contents_Y, styles_Y_gram = targets(tiny_net, NEAR, (40, 24))
    X = preprocess(picture(1), (56, 24))
    masks = guides(tiny_net, NEAR, X)

    def refused(*arguments, match):
        loss = tiles.objective(tiny_net, NEAR, *arguments)
        with pytest.raises(InputError, match=match):
            loss(X)

    refused(contents_Y, styles_Y_gram, 16, match='shapes differ: .1, 3, 12, 28. and .1, 3, 12, 20')
    larger, _ = targets(tiny_net, NEAR, (72, 24))  # every core would find its part in it
    refused(larger, styles_Y_gram, 16, match='shapes differ: .1, 3, 12, 28. and .1, 3, 12, 36')
    fitting, _ = targets(tiny_net, NEAR, (56, 24))
    refused(fitting, styles_Y_gram[::-1], 16, match='shapes differ')
    refused(fitting, styles_Y_gram[1:], 16, match='1 contents and 2 Gram .* ask for 1 and 3')
    refused([], styles_Y_gram, 16, match='0 contents and 3 Gram')
    refused(fitting, styles_Y_gram, 16, masks, match='ask for 1 and 6')
    refused(fitting, styles_Y_gram * 2, 16, [masks[0], masks[1][1:]], match='2 masks for 3 style')
    smaller = guides(tiny_net, NEAR, preprocess(picture(1), (40, 24)))
    refused(fitting, styles_Y_gram * 2, 16, smaller, match='shapes differ')
    with pytest.raises(InputError, match='shapes differ'):
        tiles.get_grams(tiny_net, NEAR, picture(2), (56, 24), CPU, 16, smaller)
