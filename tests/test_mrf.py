"""Patches: against plain NumPy, by property, by slope, by refusal; and with every control."""

import math
from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer import mrf
from styletransfer.controls import Style, Targets, controlled, guided_objective
from styletransfer.errors import InputError
from styletransfer.images import preprocess
from styletransfer.mrf import Matching, count, make_bank, make_region, patch_loss, patches
from styletransfer.recipes import CNNMRF, MRF, TUTORIAL, find_recipe
from styletransfer.vgg import extract_features

CPU = mx.cpu()
SHAPE = (64, 48)
RECIPE = replace(MRF, bleed=0.0, patch_rotations=0, patch_scales=0, style_layers=())


def output(seed, c=3, h=6, w=8):
    """Return what a layer might say: not below 0, as behind a ReLU."""
    values = numpy.random.default_rng(seed).normal(size=(1, c, h, w))
    return np.array(numpy.maximum(values, 0), dtype='float32')


def picture(seed, height=48, width=64):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return np.array(pixels, dtype='uint8')


def starts(length, stride):
    return sorted({*range(0, length - 2, stride), length - 3})


def corners(Y, stride):
    return [(i, j) for i in starts(Y.shape[2], stride) for j in starts(Y.shape[3], stride)]


def cut(Y, corner):
    i, j = corner
    return Y[0, :, i : i + 3, j : j + 3]


def plain(Y_hat, Y, stride, matches=None, m=None):
    """Return the matches, the loss and its gradient, as the formulas say, in plain NumPy."""
    Y_hat, Y = (each.asnumpy().astype('float64') for each in (Y_hat, Y))
    ours, theirs = corners(Y_hat, stride), corners(Y, stride)
    if matches is None:
        matches = []
        for corner in ours:
            p = cut(Y_hat, corner)
            scores = [
                (p * cut(Y, there)).sum() / numpy.linalg.norm(cut(Y, there)) for there in theirs
            ]
            matches.append(theirs[int(numpy.argmax(scores))])
    n = numpy.zeros(Y_hat.shape[2:])
    for i, j in ours:
        n[i : i + 3, j : j + 3] += 1
    loss, slope = 0.0, numpy.zeros_like(Y_hat)
    for k, ((i, j), there) in enumerate(zip(ours, matches)):
        share = (1 if m is None else m[k]) / n[i : i + 3, j : j + 3]
        apart = cut(Y_hat, (i, j)) - cut(Y, there)
        loss += (share * apart**2).sum() / Y_hat.size
        slope[0, :, i : i + 3, j : j + 3] += 2 * share * apart / Y_hat.size
    return matches, loss, slope


def judged(Y_hat, region, stride):
    Y_hat = Y_hat.copy()
    Y_hat.attach_grad()
    with autograd.record():
        l = patch_loss(Y_hat, region, stride)
    l.backward()
    return float(l), Y_hat.grad.asnumpy()


def whole(Y, shape, stride):
    return make_region(make_bank([patches(Y, stride)]), shape, stride)


SIZES = [(6, 8, 2), (7, 9, 2), (6, 9, 2), (5, 7, 1), (7, 8, 3), (3, 3, 2), (3, 4, 1)]


@pytest.mark.parametrize(('h', 'w', 'stride'), SIZES)
def test_patches_are_those_at_every_second_position_and_at_the_border(h, w, stride):
    Y = output(1, h=h, w=w)
    found = patches(Y, stride).asnumpy()
    expected = [cut(Y.asnumpy(), corner).ravel() for corner in corners(Y, stride)]
    assert sorted(map(tuple, found)) == sorted(map(tuple, expected))
    assert len(found) == count('relu1_1', (w, h), stride)


def test_the_numbers_of_a_position_are_shared_by_those_who_have_it():
    # columns 0-2, 2-4 and, for the border, 3-5
    n = mrf.overlaps((3, 6), 2, CPU).asnumpy()
    numpy.testing.assert_array_equal(n[0, 0], [[1, 1, 2, 2, 2, 1]] * 3)


@pytest.mark.parametrize(('h', 'w', 'stride'), SIZES)
def test_match_loss_and_gradient_are_the_formulas(h, w, stride):
    Y_hat, Y = output(1, h=h, w=w), output(2, h=8, w=7)
    matches, loss, slope = plain(Y_hat, Y, stride)
    bank = make_bank([patches(Y, stride)])
    rows = bank.patches(bank.nearest(patches(Y_hat, stride))).asnumpy()
    found = dict(zip(map(tuple, patches(Y_hat, stride).asnumpy()), rows))
    for corner, there in zip(corners(Y_hat, stride), matches):
        ours = found[tuple(cut(Y_hat.asnumpy(), corner).ravel())]
        numpy.testing.assert_allclose(ours, cut(Y.asnumpy(), there).ravel(), rtol=1e-5, atol=1e-6)
    l, gradient = judged(Y_hat, whole(Y, (h, w), stride), stride)
    assert l == pytest.approx(loss, rel=1e-5)
    numpy.testing.assert_allclose(gradient, slope, atol=1e-6)


def test_by_hand():
    # one channel, two patches of which the second resembles p more, though the first is nearer
    p = np.ones((1, 1, 3, 3))
    bank = make_bank([np.array([[1, 1, 1, 1, 1, 1, 1, 1, 0], [3.0] * 9])])
    assert bank.nearest(patches(p, 2)).tolist() == [1]
    l, gradient = judged(p, make_region(bank, (3, 3), 2), 2)
    assert l == pytest.approx(4)
    numpy.testing.assert_allclose(gradient, numpy.full((1, 1, 3, 3), -4 / 9), rtol=1e-6)


def test_the_gradient_is_the_slope_with_the_match_held_fixed():
    Y_hat, Y = output(1), output(2)
    matches, _, _ = plain(Y_hat, Y, 2)
    _, gradient = judged(Y_hat, whole(Y, (6, 8), 2), 2)
    for seed in range(5):
        direction = numpy.random.default_rng(seed).normal(size=Y_hat.shape)
        step = np.array(1e-3 * direction, dtype='float32')
        ends = [plain(X, Y, 2, matches)[1] for X in (Y_hat + step, Y_hat - step)]
        slope = (ends[0] - ends[1]) / 2e-3
        assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_the_gradient_is_the_way_to_the_mean_of_the_matches():
    """The authors': divided by the overlap, whatever number of patches has a position."""
    Y_hat, Y = output(1), output(2)
    bank = make_bank([patches(Y, 1)])
    Q = bank.patches(bank.nearest(patches(Y_hat, 1)))
    together = np.zeros_like(Y_hat)
    together.attach_grad()
    with autograd.record():
        product = (patches(together, 1) * Q).sum()
    product.backward()
    mean = together.grad / mrf.overlaps((6, 8), 1, CPU)
    _, gradient = judged(Y_hat, make_region(bank, (6, 8), 1), 1)
    expected = 2 / Y_hat.size * (Y_hat - mean).asnumpy()
    numpy.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_little_memory_finds_the_same(monkeypatch):
    bank, P = make_bank([patches(output(2, h=20, w=20), 1)]), patches(output(1), 1)
    expected = bank.nearest(P).asnumpy()
    assert len(set(expected)) > 5
    monkeypatch.setattr(mrf, 'MATCHED', 4 * len(P) * 7)  # seven patches of the bank at a time
    numpy.testing.assert_array_equal(bank.nearest(P).asnumpy(), expected)
    monkeypatch.setattr(mrf, 'MATCHED', 1)
    numpy.testing.assert_array_equal(bank.nearest(P).asnumpy(), expected)


def test_the_match_is_not_recorded(monkeypatch):
    # or the products would be kept in memory for a gradient that nobody asks for
    recorded, nearest = [], mrf.Bank.nearest

    def noted(bank, P):
        recorded.append(autograd.is_recording())
        return nearest(bank, P)

    monkeypatch.setattr(mrf.Bank, 'nearest', noted)
    judged(output(1), whole(output(2), (6, 8), 2), 2)
    assert recorded == [False]


def test_products_are_no_larger_than_allowed(monkeypatch):
    asked, dot = [], mx.nd.dot

    def noted(P, units, **settings):
        asked.append(4 * len(P) * len(units))
        return dot(P, units, **settings)

    monkeypatch.setattr(mrf.nd, 'dot', noted)
    monkeypatch.setattr(mrf, 'MATCHED', 5000)
    make_bank([patches(output(2, h=20, w=20), 1)]).nearest(patches(output(1), 1))
    assert len(asked) > 3
    assert max(asked) <= 5000


@pytest.mark.parametrize('stride', [1, 2, 3])
def test_the_painting_itself_has_nothing_to_ask(stride):
    Y = output(3, c=5, h=9, w=12)
    l, gradient = judged(Y, whole(Y, (9, 12), stride), stride)
    assert l < 1e-12
    assert abs(gradient).max() < 1e-7
    assert judged(output(4, c=5, h=9, w=12), whole(Y, (9, 12), stride), stride)[0] > 0.1


def test_a_shuffled_bank_changes_nothing():
    Y_hat, P = output(1), patches(output(2, h=12, w=12), 1)
    order = np.array(numpy.random.default_rng(1).permutation(len(P)), dtype='int32')
    results = [
        judged(Y_hat, make_region(make_bank([each]), (6, 8), 2), 2)
        for each in (P, np.take(P, order, axis=0))
    ]
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-6)
    numpy.testing.assert_allclose(results[0][1], results[1][1], atol=1e-7)


def test_how_loud_a_patch_is_does_not_matter_for_the_match():
    P = patches(output(1), 1)
    bank, Q = (make_bank([patches(output(2), 1) * k]) for k in (1.0, 50.0))
    numpy.testing.assert_array_equal(bank.nearest(P).asnumpy(), Q.nearest(3 * P).asnumpy())


def test_where_nothing_fires_there_is_no_nan():
    silent = np.zeros((1, 3, 6, 8))
    for Y_hat, Y in ((silent, output(1)), (output(1), silent), (silent, silent)):
        l, gradient = judged(Y_hat, whole(Y, (6, 8), 2), 2)
        assert math.isfinite(l)
        assert numpy.isfinite(gradient).all()


def test_a_region_counts_as_much_as_the_mask_and_nothing_outside():
    Y_hat, Y = output(1, h=8, w=12), output(2, h=8, w=12)
    mask = np.zeros((1, 1, 8, 12))
    mask[..., :6], mask[..., 6] = 1, 0.5
    inside, bank = mrf.insides(mask, 2, 'relu3_1'), make_bank([patches(Y, 2)])
    l, gradient = judged(Y_hat, make_region(bank, (8, 12), 2, inside), 2)
    m = [mask.asnumpy()[0, 0, i : i + 3, j : j + 3].mean() for i, j in corners(Y_hat, 2)]
    _, loss, slope = plain(Y_hat, Y, 2, m=m)
    assert l == pytest.approx(loss, rel=1e-5)
    numpy.testing.assert_allclose(gradient, slope, atol=1e-6)
    assert abs(gradient[..., 9:]).max() == 0
    _, rest = judged(Y_hat, make_region(bank, (8, 12), 2, 1 - inside), 2)
    _, all_of_it = judged(Y_hat, whole(Y, (8, 12), 2), 2)
    numpy.testing.assert_allclose(gradient + rest, all_of_it, atol=1e-6)


def test_a_region_without_a_patch_is_refused():
    mask = np.zeros((1, 1, 8, 12))
    mask[..., :1] = 1
    with pytest.raises(InputError, match='mask 2 has no patch of 3x3 positions at relu4_1'):
        mrf.insides(mask, 2, 'relu4_1', 'mask 2')


# --- the paintings, turned and resized -----------------------------------------------------------


def test_variants_have_the_shapes_that_are_planned():
    recipe = replace(RECIPE, patch_rotations=2, patch_scales=1)
    shapes = list(mrf.variant_shapes(recipe, (90, 60)))
    assert len(shapes) == 15
    assert shapes[7] == (90, 60)
    found = list(mrf.variants(recipe, picture(1), (90, 60)))
    assert [img.shape[1::-1] for img in found] == shapes
    assert len({img.asnumpy().tobytes() for img in found}) == 15
    assert all(width < 86 and height < 58 for width, height in shapes[:2])  # 1 / 1.05, and turned


@pytest.mark.parametrize('size', [(60, 60), (120, 40), (40, 120)])
@pytest.mark.parametrize('degrees', [7.5, -22.5, 45, 90])
def test_what_is_turned_has_nothing_from_outside(size, degrees):
    white = np.ones((size[1], size[0], 1))
    from scipy import ndimage

    whole = ndimage.rotate(white.asnumpy(), degrees, reshape=False, order=1, cval=0)
    height, width = mrf.turned(white, degrees).shape[:2]
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    assert whole[top : top + height, left : left + width].min() > 0.99
    assert width / height == pytest.approx(size[0] / size[1], rel=0.15)


def test_to_turn_is_to_turn_and_no_angle_is_none():
    ramp = np.array(numpy.tile(numpy.arange(60.0)[:, None], (1, 80)), dtype='float32')[..., None]
    assert mrf.turned(ramp, 0) is ramp
    img = mrf.turned(ramp, 30).asnumpy()[..., 0]
    down, right = numpy.gradient(img)
    assert abs(down[5:-5, 5:-5].mean()) == pytest.approx(math.cos(math.pi / 6), rel=1e-3)
    assert abs(right[5:-5, 5:-5].mean()) == pytest.approx(math.sin(math.pi / 6), rel=1e-3)


@pytest.mark.parametrize('setting', ['patch_rotations', 'patch_scales'])
def test_a_patchs_own_rotation_and_size_are_found(tiny_net, setting):
    """The painting, turned or made larger, is made of its own patches only with the variants."""
    painting, terms = picture(2, 96, 128), {}
    *_, img = mrf.variants(replace(RECIPE, **{setting: 1}), painting, (128, 96))
    shape = img.shape[1::-1]
    assert shape != (128, 96)
    for k in (0, 1):
        recipe = replace(RECIPE, **{setting: k})
        banks = banks_of(tiny_net, recipe, painting, (128, 96))
        loss = guided_objective(
            tiny_net,
            replace(recipe, content_layers=()),
            [],
            [],
            [],
            mrf.layer_terms(tiny_net, recipe, shape, [banks]),
        )
        terms[k] = float(loss(preprocess(img, shape))[0]['patches'])
    # not 0: in a few patches one number fires alone, and those resemble each other at any length
    assert terms[1] < 0.02 * terms[0]


def banks_of(net, recipe, painting, shape):
    known = {}
    controlled(net, recipe, painting, [Style(painting)], CPU, known=known)(shape)
    (targets,) = known.values()
    (banks,) = targets.banks
    return banks


# --- with the network, and with every control ----------------------------------------------------


def losses(loss_at, X, shape=SHAPE):
    X = X.copy()
    X.attach_grad()
    with autograd.record():
        terms, l = loss_at(shape)(X)
    l.backward()
    return {**{name: float(term) for name, term in terms.items()}, 'l': float(l)}, X.grad.asnumpy()


def left_half(height=48, width=64):
    mask = np.zeros((height, width))
    mask[:, : width // 2] = 1
    return mask


@pytest.mark.parametrize('scaling', ['book', 'relative', 'cnnmrf', 'gatys', 'unscaled', 'keras'])
def test_the_term_is_the_weighted_loss_of_each_layer(tiny_net, scaling):
    recipe = replace(RECIPE, scaling=scaling, patch_weight=3.0, patch_layer_weights=(2.0, 0.5))
    X = preprocess(picture(3), SHAPE)
    found, _ = losses(controlled(tiny_net, recipe, picture(1), [Style(picture(2))], CPU), X)
    ours, theirs = (
        extract_features(tiny_net, each, recipe.patch_layers, ())[0]
        for each in (X, preprocess(picture(2), SHAPE))
    )
    expected = 0
    for weight, Y_hat, Y in zip((6.0, 1.5), ours, theirs):
        P = patches(Y, 2).asnumpy()
        factor = {'relative': 1 / (P**2).mean(), 'keras': Y.size}.get(scaling, 1)
        factor = Y.size / 2 if scaling in ('cnnmrf', 'gatys') else factor
        expected += weight * factor * plain(Y_hat, Y, 2)[1]
    assert found['patches'] == pytest.approx(expected, rel=1e-4)
    parts = found['content'] + found['style'] + found['TV'] + found['patches']
    assert found['l'] == pytest.approx(parts, rel=1e-6)


def test_patches_and_gram_matrices_together(tiny_net):
    X, style = preprocess(picture(3), SHAPE), [Style(picture(2))]
    both = replace(TUTORIAL, patch_layers=('relu3_1',), patch_weight=2.0)
    terms, gradient = losses(controlled(tiny_net, both, picture(1), style, CPU), X)
    plain_terms, rest = losses(controlled(tiny_net, TUTORIAL, picture(1), style, CPU), X)
    alone = replace(both, content_layers=(), style_layers=(), tv_weight=0.0)
    more, part = losses(controlled(tiny_net, alone, picture(1), style, CPU), X)
    assert terms['style'] == pytest.approx(plain_terms['style'], rel=1e-6)
    assert terms['patches'] == pytest.approx(more['patches'], rel=1e-6)
    numpy.testing.assert_allclose(gradient, rest + part, atol=1e-5 * abs(gradient).max())


def test_the_painting_is_what_is_asked_for(tiny_net):
    painting = picture(2)
    loss_at = controlled(tiny_net, RECIPE, picture(1), [Style(painting)], CPU)
    assert losses(loss_at, preprocess(painting, SHAPE))[0]['patches'] < 1e-10
    assert losses(loss_at, preprocess(picture(1), SHAPE))[0]['patches'] > 1e-2


def test_several_paintings_are_one_bank(tiny_net):
    styles = [Style(picture(2)), Style(picture(3))]
    loss_at = controlled(tiny_net, RECIPE, picture(1), styles, CPU)
    for style in styles:
        assert losses(loss_at, preprocess(style.img, SHAPE))[0]['patches'] < 1e-10


@pytest.mark.parametrize('tile', [None, 32])
def test_each_region_has_the_patches_of_its_painting(tiny_net, tile):
    recipe = replace(RECIPE, patch_layers=('relu1_1', 'relu2_1'), content_layers=())
    masks, styles = [left_half(), 1 - left_half()], [Style(picture(2)), Style(picture(3))]
    known = {}
    loss_at = controlled(
        *(tiny_net, recipe, picture(1), styles, CPU, masks), tile_at=lambda s: tile, known=known
    )
    X = preprocess(picture(2), SHAPE)
    _, gradient = losses(loss_at, X)
    smooth = replace(recipe, patch_layers=())
    _, of_tv = losses(controlled(tiny_net, smooth, picture(1), styles[:1], CPU), X)
    asked = abs(gradient - of_tv)
    assert asked[..., :24].max() < 1e-6 < 1e-4 < asked[..., 40:].max()
    (targets,) = known.values()
    assert isinstance(targets, Targets)
    assert [len(banks) for banks in targets.banks] == [2, 2]


def test_a_style_mask_chooses_the_patches(tiny_net):
    halves = np.concatenate([picture(2)[:, :32], picture(3)[:, :32]], axis=1)
    recipe = replace(RECIPE, patch_layers=('relu1_1',), patch_stride=1)
    known = {}
    style = Style(halves, mask=left_half())
    controlled(*(tiny_net, recipe, picture(1), [style], CPU, [left_half() * 0 + 1]), known=known)(
        SHAPE
    )
    ((bank,),) = known[SHAPE].banks
    (Y,), _ = extract_features(tiny_net, preprocess(halves, SHAPE), ('relu1_1',), ())
    left = make_bank([patches(Y[..., :33], 1)])  # two of three columns are in it
    assert len(bank.units) == len(left.units)
    found, expected = (
        numpy.sort((each.units * each.lengths).asnumpy().sum(axis=1)) for each in (bank, left)
    )
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_cropped_painting_is_not_squeezed(tiny_net):
    wide, mask = picture(2, 48, 200), np.zeros((48, 200))
    mask[:, 90:] = 1
    banks = []
    for style in (Style(wide, mask=mask), Style(wide[:, 68:132], mask=mask[:, 68:132])):
        known = {}
        controlled(
            *(tiny_net, RECIPE, picture(1), [style], CPU, [left_half()]), crop=True, known=known
        )(SHAPE)
        banks.append(known[SHAPE].banks[0])
    for bank, expected in zip(*banks):
        numpy.testing.assert_array_equal(bank.units.asnumpy(), expected.units.asnumpy())


@pytest.mark.parametrize('masks', [(), (left_half(), 1 - 0.5 * left_half())])
@pytest.mark.parametrize('scaling', ['relative', 'reciprocal'])
def test_tiles_leave_no_trace(tiny_net, masks, scaling):
    recipe = replace(
        TUTORIAL, patch_layers=('relu3_1', 'relu4_1'), scaling=scaling, content_weight=2.0
    )
    X = preprocess(picture(4, 96, 160), (160, 96))
    results = [
        losses(
            controlled(
                *(tiny_net, recipe, picture(1), [Style(picture(2))], CPU, list(masks)),
                tile_at=lambda shape, tile=tile: tile,
            ),
            X,
            (160, 96),
        )
        for tile in (None, 32)
    ]
    (terms, gradient), (tiled, other) = results
    assert tiled == pytest.approx(terms, rel=1e-4)
    numpy.testing.assert_allclose(other, gradient, atol=1e-4 * abs(gradient).max())


def test_a_larger_painting_has_larger_patches(tiny_net):
    X = preprocess(picture(4), SHAPE)
    style = [Style(picture(2))]
    loss_at = controlled(tiny_net, RECIPE, picture(1), style, CPU, style_scale=2.0)
    banks = banks_of(tiny_net, RECIPE, picture(2), (128, 96))
    terms = mrf.layer_terms(tiny_net, RECIPE, SHAPE, [banks])
    ours, _ = extract_features(tiny_net, X, RECIPE.patch_layers, ())
    expected = sum(float(term(Y)) for term, Y in zip(terms, ours))
    assert losses(loss_at, X)[0]['patches'] == pytest.approx(expected, rel=1e-5)


def test_a_loss_without_its_patches_is_refused(tiny_net):
    with pytest.raises(InputError, match='0 patch terms are given for 2 patch layers'):
        guided_objective(tiny_net, RECIPE, [], [], [])


# --- settings, and what it takes -----------------------------------------------------------------


def test_the_authors_numbers():
    assert find_recipe('cnnmrf') is CNNMRF
    shapes = [stage.image_shape for stage in CNNMRF.stages]
    assert [max(shape) for shape in shapes] == [96, 192, 384]
    assert [stage.num_epochs for stage in CNNMRF.stages] == [100, 100, 100]
    assert (CNNMRF.content_weight, CNNMRF.patch_weight, CNNMRF.tv_weight) == (20, 1e-4, 1e-3)
    assert (CNNMRF.patch_layers, CNNMRF.content_layers) == (('relu3_1', 'relu4_1'), ('relu4_2',))
    assert (CNNMRF.patch_stride, CNNMRF.patch_rotations, CNNMRF.patch_scales) == (2, 1, 1)
    assert (CNNMRF.optimizer, CNNMRF.pixels, CNNMRF.init) == ('lbfgs', 'caffe', 'content')
    assert (mrf.SIDE, mrf.TURN, mrf.GROWTH) == (3, 180 / 24, 1.05)


def test_ours_is_of_the_same_kind():
    assert MRF.patch_layers == CNNMRF.patch_layers
    assert len(MRF.stages) >= 3
    assert (MRF.optimizer, CNNMRF.style_layers) == ('lbfgs', ())
    assert MRF.style_layers == ('relu1_1', 'relu2_1')  # the palette; patches have the rest


@pytest.mark.parametrize(
    ('setting', 'value', 'bounds'),
    [
        ('patch_stride', 0, 'from 1 to 3'),
        ('patch_stride', 4, 'from 1 to 3'),
        ('patch_rotations', 25, 'from 0 to 24'),
        ('patch_scales', 13, 'from 0 to 12'),
    ],
)
def test_settings_that_cannot_be(setting, value, bounds):
    with pytest.raises(InputError, match=f'{setting} is {value}: it must be {bounds}'):
        replace(MRF, **{setting: value})


def test_weights_of_layers_must_be_one_each():
    with pytest.raises(InputError, match='1 patch layer weights given for 2 patch layers'):
        replace(MRF, patch_layer_weights=(1.0,))


def test_a_picture_too_small_for_a_patch_is_refused():
    matching = Matching(RECIPE, 'vgg19_slim')
    matching.check((24, 24))
    with pytest.raises(InputError, match=r'relu4_1 sees a picture of 48x16 as 6x2 positions'):
        matching.check((48, 16))
    turned = Matching(replace(RECIPE, patch_rotations=1), 'vgg19_slim')
    with pytest.raises(InputError, match=r'relu4_1 sees a painting of 2\dx2\d as 2x2 positions'):
        turned.check((24, 24))
    shallow = replace(RECIPE, patch_layers=('relu3_1',))
    Matching(shallow, 'vgg19_slim').check((48, 16))
    with pytest.raises(InputError, match=r'a painting of 3\dx1\d is too small'):
        Matching(replace(shallow, patch_rotations=1), 'vgg19_slim').check((48, 16))


def test_the_work_is_that_of_all_pairs():
    matching = Matching(replace(RECIPE, patch_layers=('relu3_1',)), 'vgg19_slim', paintings=2)
    n = 40 * 70  # of the 80x140 positions of relu3_1, every second; and the last of 140
    assert count('relu3_1', (560, 320), 2) == n
    assert matching.multiplications((560, 320)) == n * 2 * n * 9 * 64
    larger = matching._replace(style_scale=2.0, paintings=1)
    assert larger.multiplications((560, 320)) == n * (80 * 140) * 9 * 64


def test_memory_grows_with_the_bank():
    def needed(shape=(560, 320), **settings):
        return Matching(replace(RECIPE, **settings), 'vgg19').bytes(shape)

    assert needed(patch_layers=()) == 0
    assert needed(patch_rotations=3, patch_scales=3) > 5 * needed()
    assert needed((1120, 640)) > 2 * needed()
    regions = Matching(RECIPE, 'vgg19', regions=3).bytes((560, 320))
    assert regions > needed()


def test_time_is_measured():
    assert 1e-13 < mrf.seconds_per_multiplication(CPU) < 1e-7
