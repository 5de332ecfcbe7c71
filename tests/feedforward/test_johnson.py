"""Johnson's network and Dumoulin's: counts, shapes, losses, a step, against plain writings."""

from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from conftest import TINY
from mxnet import autograd, npx
from mxnet import numpy as np
from PIL import Image

from styletransfer.errors import InputError
from styletransfer.feedforward import johnson
from styletransfer.feedforward.johnson import (
    DUMOULIN_2017,
    JOHNSON_2016,
    JOHNSON_QUICK,
    JOHNSON_SLIM,
    SETTINGS,
    Lesson,
    make_net,
    parse_crops,
    reach,
    rows_at,
)
from styletransfer.feedforward.perceptual import Batch, Judge, lattice, squares, style_grams
from styletransfer.images import rgb_mean, rgb_std
from styletransfer.learning import learn
from styletransfer.losses import gram, tv_loss
from styletransfer.vgg import extract_features, freeze, truncated_vgg

SMALL = replace(
    JOHNSON_SLIM,
    widths=(4, 6, 8),
    residuals=1,
    content_layer='relu3_3',
    style_layers=JOHNSON_2016.style_layers,
    style_layer_weights=(),
    crops=((32, 3), (40, 2)),
    style_crops=3,
    batch=2,
)
QUICK = replace(SMALL, stride=2, skip=True)


def tiny():
    mx.random.seed(1)
    net = truncated_vgg(TINY, 'relu4_3')
    net.initialize(mx.init.MSRAPrelu(slope=0))
    net(np.zeros((1, 3, 32, 32)))
    return freeze(net)


def picture(seed, height=48, width=64):
    """Return coarse coloured spots, RGB in 0-255."""
    coarse = numpy.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype='uint8')
    return np.array(numpy.asarray(Image.fromarray(coarse).resize((width, height))))


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photos')
    for seed in range(5):
        Image.fromarray(picture(seed).asnumpy()).save(folder / f'{seed}.png')
    return sorted(folder.iterdir())


@pytest.fixture(scope='module')
def lesson(photos):
    return Lesson(SMALL, tiny(), [picture(8), picture(9)], photos, seed=3)


def learned(net):
    """Return the sizes of all that a network learns, by name."""
    return {
        name: parameter.data().size
        for name, parameter in net._collect_params_with_prefix().items()
        if parameter.grad_req != 'null'
    }


# --- the published tables ------------------------------------------------------------------------


def test_johnsons_network_has_as_many_parameters_as_published():
    sizes = learned(make_net(JOHNSON_2016, 1))
    assert sum(sizes.values()) == 1_679_235
    assert sizes['body.0.conv.weight'] + sizes['body.0.conv.bias'] == 7_808  # c9s1-32
    assert sizes['body.3.first.conv.weight'] == 128 * 128 * 9  # R128
    assert sizes['last.weight'] + sizes['last.bias'] == 7_779  # c9s1-3


def test_a_style_is_as_many_numbers_as_published():
    one, two = (sum(learned(make_net(DUMOULIN_2017, styles)).values()) for styles in (1, 2))
    assert two - one == 3_206
    rows = {k: n for k, n in learned(make_net(DUMOULIN_2017, 1)).items() if 'norm' in k}
    assert sum(rows.values()) == 3_206
    assert not any(name.endswith('bias') for name in rows)


@pytest.mark.parametrize('setting', [JOHNSON_SLIM, JOHNSON_QUICK])
def test_the_slim_network_is_a_megabyte_with_a_dozen_styles(setting):
    sizes = learned(make_net(setting, 12))
    assert 2 * sum(sizes.values()) < 1_000_000


def test_the_published_numbers():
    for setting in (JOHNSON_2016, DUMOULIN_2017):
        assert setting.widths == (32, 64, 128)
        assert (setting.residuals, setting.kernel) == (5, 9)
        assert setting.content_layer == 'relu3_3'
        assert setting.style_layers == ('relu1_2', 'relu2_2', 'relu3_3', 'relu4_3')
        assert (setting.crops, setting.lr, setting.decay) == (((256, 40_000),), 1e-3, False)
    assert (JOHNSON_2016.style_weight, JOHNSON_2016.tv_weight) == (5, 1e-6)
    assert (DUMOULIN_2017.style_weight, DUMOULIN_2017.tv_weight) == (1e-4, 0)
    assert (JOHNSON_2016.batch, DUMOULIN_2017.batch) == (4, 16)
    assert (JOHNSON_2016.pooling, DUMOULIN_2017.pooling) == ('max', 'average')


@pytest.mark.parametrize('setting', SETTINGS.values(), ids=SETTINGS)
def test_every_layer_has_its_shape(setting):
    setting = replace(setting, widths=(4, 6, 8), kernel=5)
    net, shapes = make_net(setting, 2), []
    for block in [*net.body, net.last]:
        block.register_forward_hook(lambda block, inputs, Y: shapes.append(Y.shape[1:]))
    with autograd.train_mode():
        Y = net(np.zeros((1, 3, 24, 32)), np.array([[0.5, 0.5]]))
    (one, two, four), across = (
        (
            [(channels, 24 // size // setting.stride, 32 // size // setting.stride)]
            for channels, size in ((4, 1), (6, 2), (8, 4))
        ),
        (1 + setting.residuals),
    )
    assert shapes == [*one, *two, *four * across, *two, *one, (3, 24, 32)]
    assert Y.shape == (1, 3, 24, 32)


def test_endings_stay_within_their_bounds():
    X = np.array(numpy.random.default_rng(0).normal(0, 9, (1, 3, 16, 16)), dtype='float32')
    std, mean = (part.reshape(1, 3, 1, 1) for part in (rgb_std, rgb_mean))
    numpy.testing.assert_allclose(
        johnson.tanh(mx.nd, X).asnumpy(), (150 * np.tanh(X) / 255 / std).asnumpy(), rtol=1e-4
    )
    colours = (johnson.sigmoid(mx.nd, X) * std + mean).asnumpy()
    numpy.testing.assert_allclose(colours, npx.sigmoid(X).asnumpy(), atol=1e-5)
    assert johnson.linear(mx.nd, X) is X


def test_weights_are_drawn_as_told():
    he, published = make_net(JOHNSON_SLIM, 1), make_net(DUMOULIN_2017, 1)
    for net, deviation in ((he, (2 / (9 * 64)) ** 0.5), (published, 0.01)):
        weight = net.body[3].first.conv.weight.data().asnumpy()
        assert weight.std() == pytest.approx(deviation, rel=0.05)
    weight = he.last.weight.data().asnumpy()
    fan = 25 * (16 + 3) / 2  # Gluon takes the mean of what goes in and what comes out
    assert weight.std() == pytest.approx((2 / fan) ** 0.5 / 2, rel=0.1)  # of the last, half
    one, two, other = (make_net(SMALL, 1, seed=seed).last.weight.data() for seed in (1, 1, 2))
    assert one.tolist() == two.tolist() != other.tolist()


@pytest.mark.parametrize('skip', [False, True])
def test_what_is_seen_before_the_last_halving_is_shown_to_the_last_layers(skip):
    net = make_net(replace(QUICK, skip=skip), 1)
    X = np.array(numpy.random.default_rng(0).normal(0, 1, (1, 3, 24, 32)), dtype='float32')
    S = np.ones((1, 1))
    with autograd.train_mode():
        Y = net(X, S)
        first, second, third, residual, doubling, last = net.body
        seen = second(first(X, S), S)
        painted = doubling(residual(third(seen, S), S), S)
        shown = np.concatenate([painted, seen], axis=1) if skip else painted
        expected = net.last(last(shown, S), S)
    numpy.testing.assert_allclose(Y.asnumpy(), expected.asnumpy(), atol=1e-5)


@pytest.mark.parametrize('setting', [SMALL, QUICK])
def test_the_fast_network_is_the_trained_one(setting):
    slow, fast = make_net(setting, 3), make_net(setting, 3, fast=True)
    for name, parameter in fast._collect_params_with_prefix().items():
        parameter.set_data(slow._collect_params_with_prefix()[name].data())
    X = np.array(numpy.random.default_rng(0).normal(0, 1, (1, 3, 24, 40)), dtype='float32')
    S = np.array([[0.1, 0.2, 0.7]])
    fast.hybridize(static_alloc=True, static_shape=True)
    with autograd.train_mode():
        numpy.testing.assert_allclose(fast(X, S).asnumpy(), slow(X, S).asnumpy(), atol=1e-4)


@pytest.mark.parametrize(
    'setting', [SMALL, replace(SMALL, kernel=9, residuals=2), QUICK, replace(QUICK, soft=False)]
)
def test_no_pixel_is_looked_at_from_further_than_told(setting):
    net = make_net(setting, 1)
    far, multiple = reach(setting), setting.multiple
    side = multiple * (far // multiple + 2) * 2
    X = np.array(numpy.random.default_rng(0).normal(0, 1, (1, 3, 16, side)), dtype='float32')
    Y, furthest = net(X, np.ones((1, 1))), 0  # with the statistics of another picture
    for middle in range(side // 2, side // 2 + multiple):
        changed = X.copy()
        changed[:, :, :, middle] += 5
        differ = (net(changed, np.ones((1, 1))) != Y).asnumpy().any(axis=(0, 1, 2))
        seen = numpy.flatnonzero(differ)
        furthest = max(furthest, middle - seen[0], seen[-1] - middle)
    assert far - multiple <= furthest <= far


# --- the losses ----------------------------------------------------------------------------------


def batch_of(judge, X, Z):
    """Return a batch of photos X that are to have the styles of Z."""
    targets = judge.grams(Z)
    return Batch(X, np.zeros((len(X), 1)), judge.say(X), targets, judge.factors(targets))


def test_total_variation_by_hand():
    Y = np.zeros((2, 3, 2, 2))
    Y[0, 0, 0, 0] = 1 / (255 * rgb_std[0])  # one level of red: a step down, a step right
    assert float(squares(Y)) == pytest.approx(2 / (2 * 2))


def plain_loss(setting, net, judge, Y_hat, batch):
    """Write the loss for the pictures of a batch, one after the other."""
    contents, styles = [], []
    count = len(batch.X)
    for n in range(count):
        (content,), layers = extract_features(
            net, Y_hat[n : n + 1], (setting.content_layer,), setting.style_layers
        )
        contents.append(((content - batch.said[n]) ** 2).mean())
        errors = [((gram(Y)[0] - G[n]) ** 2).mean() for Y, G in zip(layers, batch.targets)]
        styles.append(sum(e * f[n] for e, f in zip(errors, batch.factors)))
    return {
        'content': setting.content_weight * judge.content_factor * sum(contents) / count,
        'style': setting.style_weight * sum(styles) / count,
    }


@pytest.mark.parametrize(
    ('scaling', 'stride'), [('chw', 1), ('hw', 1), ('photographs', 1), ('photographs', 2)]
)
def test_the_loss_is_that_written_plainly(scaling, stride, lesson):
    setting = replace(
        SMALL, stride=stride, scaling=scaling, style_weight=7.0, tv_weight=0.3, lattice_weight=2.0
    )
    some = [lesson.photographs(1, k, 32) for k in range(2)]
    judge = Judge(lesson.looking, setting, some)
    Y_hat, X, Z = (lesson.photographs(5, k, 32) for k in range(3))
    batch = batch_of(judge, X, Z)
    terms, l = judge(Y_hat, batch)
    expected = plain_loss(setting, lesson.looking, judge, Y_hat, batch)
    expected['TV'] = 0.3 * tv_loss(Y_hat)
    expected['lattice'] = 2 * plain_lattice(Y_hat, 4 * stride)
    assert list(terms) == ['content', 'style', 'TV', 'lattice']
    for name, term in expected.items():
        assert float(terms[name]) == pytest.approx(float(term), rel=1e-4)
    assert float(l) == pytest.approx(sum(float(term) for term in expected.values()), rel=1e-4)


def test_factors_of_the_published_scalings(lesson):
    X = lesson.photographs(1, 0, 32)
    for scaling, factor in (('chw', lambda c: 1), ('hw', lambda c: c**2)):  # (c G)^2 is c^2 G^2
        judge = Judge(lesson.looking, replace(SMALL, scaling=scaling), [X])
        targets = judge.grams(X)
        for G, found in zip(targets, judge.factors(targets)):
            assert found.tolist() == [factor(G.shape[1])] * 2
        assert judge.content_factor == 1


def test_layers_count_as_much_as_told(lesson):
    some, weights = [lesson.photographs(1, 0, 32)], (0.5, 2.0, 1.0, 0.0)
    plain, weighted = (
        Judge(lesson.looking, setting, some)
        for setting in (SMALL, replace(SMALL, style_layer_weights=weights))
    )
    targets = plain.grams(some[0])
    for one, two, weight in zip(plain.factors(targets), weighted.factors(targets), weights):
        numpy.testing.assert_allclose(two.asnumpy(), weight * one.asnumpy(), rtol=1e-6)


def test_photographs_are_one_and_the_style_is_nothing(lesson):
    some = [lesson.photographs(1, k, 32) for k in range(4)]
    judge = Judge(lesson.looking, replace(SMALL, style_weight=1.0, tv_weight=0.0), some)
    painting, told = lesson.photographs(9, 0, 32)[:1], []
    for X in some:
        terms, _ = judge(X, batch_of(judge, X, np.concatenate([painting, painting])))
        told.append(float(terms['style']))
        assert float(terms['content']) == 0
        terms, _ = judge(X, batch_of(judge, X, X))
        assert float(terms['style']) == pytest.approx(0, abs=1e-9)
    assert numpy.mean(told) == pytest.approx(len(SMALL.style_layers), rel=1e-3)


def plain_lattice(Y_hat, period=4):
    """Write the term for one picture after the other, with loops over the places."""
    mean, std = rgb_mean.asnumpy(), rgb_std.asnumpy()
    total = 0
    for picture in Y_hat.asnumpy().astype('float64'):
        Y = (picture.transpose(1, 2, 0) * std + mean) @ [0.299, 0.587, 0.114]
        for lines in (Y, Y.T):
            whole = (lines.shape[1] - 1) // period * period
            steep = [
                numpy.mean([abs(lines[:, i + 1] - lines[:, i]) for i in range(p, whole, period)])
                for p in range(period)
            ]
            total += numpy.var(steep) / (numpy.mean(steep) ** 2 + 1e-6)
    return total / len(Y_hat)


def test_a_ripple_on_the_lattice_is_seen_and_one_beside_it_is_not():
    def waves(period):
        wave = numpy.sin(2 * numpy.pi * numpy.arange(48) / period)
        return np.array(numpy.tile(wave, (1, 3, 48, 1)), dtype='float32')

    noise = np.array(numpy.random.default_rng(0).normal(0, 1, (1, 3, 96, 96)), dtype='float32')
    told = {period: float(lattice(waves(period))) for period in (4, 5, 7)}
    ripple = np.array(noise)
    ripple[:, :, :, ::4] += 1.5
    assert float(lattice(np.ones((2, 3, 16, 16)))) == 0
    assert float(lattice(noise)) < 0.002 < 0.05 < float(lattice(ripple))
    assert float(lattice(ripple)) == pytest.approx(plain_lattice(ripple), rel=1e-4)
    turned = ripple.transpose(0, 1, 3, 2)
    assert float(lattice(turned)) == pytest.approx(float(lattice(ripple)), rel=1e-4)
    assert max(told[5], told[7]) < 0.02
    square = np.array(numpy.tile([0.0, 0, 1, 1], (1, 3, 32, 8)), dtype='float32')
    assert float(lattice(square)) == pytest.approx(1, rel=0.05)  # steep at two places of four


def test_the_style_is_taken_from_crops_or_from_the_whole(lesson):
    whole = replace(SMALL, style_crops=0, style_side=64)
    one = replace(SMALL, style_crops=1, style_side=64)
    grams = style_grams(lesson.looking, whole, lesson.paintings[0], 32)
    assert [matrix.shape[0] for matrix in grams] == [1] * 4
    crop = style_grams(lesson.looking, one, lesson.paintings[0], 32)
    assert float(np.abs(crop[0] - grams[0]).max()) > 1e-6
    # a painting that is no larger than a crop is taken as a whole
    large = style_grams(lesson.looking, one, lesson.paintings[0], 48)
    numpy.testing.assert_array_equal(large[0].asnumpy(), grams[0].asnumpy())


# --- the training --------------------------------------------------------------------------------


@pytest.mark.parametrize('setting', [SMALL, QUICK])
def test_a_step_is_that_written_in_a_straight_line(setting, lesson, photos):
    setting = replace(setting, decay=False)
    run = Lesson(setting, lesson.looking, lesson.paintings, photos, seed=3)
    parameters = {
        name: parameter
        for name, parameter in run.net._collect_params_with_prefix().items()
        if parameter.grad_req != 'null'
    }
    before = {name: p.data().asnumpy().astype('float64') for name, p in parameters.items()}
    batch, judge = run.batch_at(0), run.judge(32)
    S = np.zeros((2, 2))
    for n, row in enumerate(rows_at(3, 0, 2, 2)):
        S[n, row] = 1
    assert batch.S.tolist() == S.tolist()
    run.net.hybridize(active=False)
    with autograd.record():
        Y_hat = run.net(batch.X, S)
        terms = plain_loss(setting, run.looking, judge, Y_hat, batch)
        l = sum(terms.values()) + setting.tv_weight * tv_loss(Y_hat)
        l = l + setting.lattice_weight * lattice(Y_hat, 4 * setting.stride)
    l.backward()
    slopes = {name: p.grad().asnumpy().astype('float64') for name, p in parameters.items()}

    told = []
    run.net.hybridize(static_alloc=True, static_shape=True)
    learn(run.net, run.loss, run.batch_at, run.lr_at, 1, 'x', told.append)
    assert told[0].total == pytest.approx(float(l), rel=1e-5)
    # what is 0 but for rounding has no sign: a shift before a convolution and a norm is forgotten
    least = 1e-5 * max(numpy.abs(g).max() for g in slopes.values())
    clear = {name: numpy.abs(g) > least for name, g in slopes.items()}
    unclear = [name for name in clear if clear[name].mean() < 0.9]
    assert unclear == ['body.3.second.norm.beta']
    for name, g in slopes.items():
        # MXNet's Adam, at its first step: the step size, against the sign of the slope
        mean, variance = 0.1 * g, 0.001 * g**2
        rate = setting.lr * numpy.sqrt(0.001) / 0.1
        step = rate * mean / (numpy.sqrt(variance) + 1e-8)
        found, expected = parameters[name].data().asnumpy(), before[name] - step
        numpy.testing.assert_allclose(
            found[clear[name]], expected[clear[name]], atol=1e-5, err_msg=name
        )


def test_learning_makes_the_loss_smaller_and_goes_on_with_larger_crops(lesson, photos):
    setting = replace(SMALL, crops=((32, 12), (40, 4)), decay=False, lr=0.01)
    run, steps = Lesson(setting, lesson.looking, lesson.paintings, photos), []
    learn(run.net, run.loss, run.batch_at, run.lr_at, setting.num_steps, 'x', steps.append)
    totals = [step.total for step in steps]
    assert numpy.median(totals[8:12]) < 0.8 * numpy.median(totals[:4])
    assert run.batch_at(11).X.shape == (2, 3, 32, 32)
    assert run.batch_at(12).X.shape == (2, 3, 40, 40)
    assert set(steps[0].terms) == {'content', 'style', 'TV', 'lattice'}


def test_a_batch_depends_on_seed_and_step_only(lesson):
    def flat(batch):
        return [*batch[:3], *batch.targets, *batch.factors]

    def kept(k):
        return [numpy.array(part) for part in flat(lesson.batch_at(k))]

    held = lesson.batch_at(0)
    batches = {k: kept(k) for k in (0, 1, 2)}
    for k, batch in reversed(batches.items()):
        for one, two in zip(batch, kept(k)):
            numpy.testing.assert_array_equal(one, two)
    for one, two in zip(flat(held), batches[0]):  # what was handed out is not written over
        numpy.testing.assert_array_equal(numpy.array(one), two)
    assert numpy.abs(batches[0][2] - batches[1][2]).max() > 1e-3


def test_every_style_is_painted_equally_often():
    rows = [row for k in range(30) for row in rows_at(5, k, 4, 12)]
    assert numpy.bincount(rows).tolist() == [10] * 12
    assert sorted(rows[:12]) == list(range(12))
    assert rows[:12] != rows[12:24]
    assert sorted(rows_at(0, 0, 16, 3).tolist())[:5] == [0] * 5  # more pictures than styles


def test_crops_grow_with_the_steps():
    setting = replace(JOHNSON_SLIM, crops=((128, 3), (192, 2)))
    assert setting.num_steps == 5
    assert [setting.side_at(k) for k in range(6)] == [128, 128, 128, 192, 192, 192]
    assert parse_crops('128x5000,192x1500') == ((128, 5000), (192, 1500))


def test_what_cannot_be_is_refused():
    for text in ('130x5', '16x5', '2048x1', '128', 'x'):
        with pytest.raises(InputError):
            parse_crops(text)
    for change, words in (
        ({'widths': (4, 8)}, 'three widths'),
        ({'ending': 'cubic'}, "no ending 'cubic'"),
        ({'scaling': 'photos'}, "did you mean 'photographs'"),
        ({'style_layer_weights': (1.0, 2.0)}, 'must be 4 numbers'),
        ({'style_weight': -1.0}, 'must not be below 0'),
        ({'lr': float('nan')}, 'must not be below 0'),
        ({'stride': 3}, 'stride is 3'),
        ({'stride': 2, 'crops': ((36, 1),)}, 'crops of 36: this network takes multiples of 8'),
    ):
        with pytest.raises(InputError, match=words):
            replace(SMALL, **change)
