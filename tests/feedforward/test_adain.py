"""AdaIN: counts, shapes, statistics, losses, a step, against plain writings; and its painter."""

import json
import os
import shlex
import signal
from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from conftest import photos_and_paintings
from mxnet import autograd, npx
from mxnet import numpy as np
from PIL import Image

from styletransfer import trained
from styletransfer.errors import InputError
from styletransfer.feedforward import adain as method
from styletransfer.feedforward import training
from styletransfer.feedforward.__main__ import main
from styletransfer.feedforward.adain import (
    ADAIN_2017,
    ADAIN_SLIM,
    SETTINGS,
    Judge,
    Lesson,
    adain,
    make_decoder,
    make_net,
    reach,
    statistics,
)
from styletransfer.feedforward.encoder import Encoder, load_encoder, moments
from styletransfer.files import read_json
from styletransfer.images import load_image, preprocess
from styletransfer.learning import learn
from styletransfer.networks import bundled_pictures
from styletransfer.trained import in_strips, keep_statistics, whole
from styletransfer.vgg import VGG19, Backbone, extract_features, freeze, truncated_vgg

TINY = Backbone('tiny', VGG19, (6, 8, 10, 12, 12), sources=())
SMALL = replace(ADAIN_SLIM, crops=((32, 3), (40, 2)), identity=1, own=0, batch=2, lr=2e-3)


def looking():
    mx.random.seed(1)
    net = truncated_vgg(TINY, 'relu4_1')
    net.initialize(mx.init.MSRAPrelu(slope=0))
    net(np.zeros((1, 3, 32, 32)))
    return freeze(net)


def tiny():
    return Encoder(looking())


def normal(*shape, seed=0):
    return np.array(numpy.random.default_rng(seed).normal(0, 1, shape), dtype='float32')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Return the folders of some photos and paintings."""
    return photos_and_paintings(tmp_path_factory.mktemp('files'))


@pytest.fixture
def lesson(files):
    return lesson_of(files)


def lesson_of(files, setting=SMALL):
    photos, paintings = (sorted(folder.iterdir()) for folder in files)
    return Lesson(setting, tiny(), paintings, photos, seed=3)


# --- the published tables ------------------------------------------------------------------------


def test_the_decoder_has_the_published_layers_and_as_many_parameters():
    decoder = make_decoder((64, 128, 256, 512))
    decoder.initialize()
    shapes = []
    for block in decoder:
        block.register_forward_hook(lambda block, inputs, Y: shapes.append(Y.shape[1:]))
    assert decoder(np.zeros((1, 512, 2, 4))).shape == (1, 3, 16, 32)
    quarter, half, full = (4, 8), (8, 16), (16, 32)
    assert shapes == [
        (256, 2, 4),
        *[(256, *quarter)] * 3,
        (128, *quarter),
        (128, *half),
        (64, *half),
        (64, *full),
        (3, *full),
    ]
    sizes = {k: p.data().size for k, p in decoder._collect_params_with_prefix().items()}
    assert sum(sizes.values()) == 3_505_219
    assert sizes['0.conv.weight'] + sizes['0.conv.bias'] == 1_179_904  # 512-256
    assert sizes['8.weight'] + sizes['8.bias'] == 1_731  # 64-3


def test_the_published_numbers():
    s = ADAIN_2017
    assert (s.encoder, s.statistics, s.scaling) == ('vgg19', 'moments', 'sums')
    assert (s.content_weight, s.style_weight, s.tv_weight) == (1, 1e-2, 0)
    assert (s.crops, s.batch, s.identity, s.style_side) == (((256, 160_000),), 8, 0, 512)
    assert not s.soft
    lr_at = method.SCHEDULES[s.schedule]
    assert lr_at(0, 1, s.lr) == 1e-4
    assert lr_at(20_000, 1, s.lr) == pytest.approx(5e-5)


def test_the_slim_decoder_is_small():
    encoder = load_encoder(ADAIN_SLIM)
    assert encoder.widths == [16, 32, 64, 128]
    net = make_net(ADAIN_SLIM, encoder)
    assert 2 * sum(array.size for array in trained.weights_of(net).values()) < 450_000
    means = [Y.mean() for X in bundled_pictures(mx.cpu()) for Y in encoder(X)]
    assert 0.8 < float(sum(means)) / len(means) < 1.1  # borders are reflected, and rare filters


# --- the network ---------------------------------------------------------------------------------


def test_the_encoder_is_vgg_over_reflected_borders():
    net = looking()
    encoder, X = Encoder(net), normal(1, 3, 96, 96)
    layers = ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1')
    for side, Y, plain in zip((1, 2, 4, 8), encoder(X), extract_features(net, X, (), layers)[1]):
        inside = slice(40 // side, 56 // side)
        numpy.testing.assert_allclose(
            Y[:, :, inside, inside].asnumpy(), plain[:, :, inside, inside].asnumpy(), atol=1e-5
        )
    mirrored = np.array(numpy.pad(X.asnumpy(), [(0, 0), (0, 0), (1, 1), (1, 1)], 'reflect'))
    first = npx.relu(net[0](mirrored))[:, :, 1:-1, 1:-1]
    numpy.testing.assert_allclose(encoder(X)[0].asnumpy(), first.asnumpy(), atol=1e-5)
    assert [Y.shape[2:] for Y in encoder(normal(1, 3, 17, 33))] == [
        *((17, 33), (9, 17), (5, 9), (3, 5))
    ]
    assert {p.grad_req for p in encoder.collect_params().values()} == {'null'}


def test_moments_by_hand_and_of_any_size():
    X = np.array([0.0, 2.0, 4.0, 6.0]).reshape(1, 1, 2, 2)  # mean 3, variance 5
    mean, deviation = moments(X)
    assert float(mean) == 3
    assert float(deviation) == pytest.approx(5.00001**0.5)
    for shape in ((1, 1), (1, 7), (5, 3)):
        X = normal(2, 3, *shape)
        mean, deviation = moments(X)
        assert mean.shape == deviation.shape == (2, 3)
        numpy.testing.assert_allclose(mean.asnumpy(), X.asnumpy().mean((2, 3)), atol=1e-6)
        plain = numpy.sqrt(X.asnumpy().var((2, 3)) + 1e-5)
        numpy.testing.assert_allclose(deviation.asnumpy(), plain, atol=1e-6)


def test_the_result_has_the_statistics_of_the_style():
    content, style = normal(2, 5, 8, 12), 3 * normal(2, 5, 6, 4, seed=1) - 2
    result = adain(content, style)
    for found, wanted in zip(moments(result), moments(style)):
        numpy.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), rtol=1e-3, atol=1e-4)
    numpy.testing.assert_allclose(adain(content, content).asnumpy(), content.asnumpy(), atol=1e-5)
    # where things are is the content's
    one, two = result.asnumpy()[0, 0].ravel(), content.asnumpy()[0, 0].ravel()
    assert numpy.corrcoef(one, two)[0, 1] > 0.999
    with pytest.raises(InputError, match='shapes differ'):
        adain(content, style[:1])


def test_the_network_is_encoder_adain_decoder():
    net = make_net(SMALL, tiny())
    X, Z = normal(1, 3, 24, 32), 2 * normal(1, 3, 40, 33, seed=1) + 1
    t = adain(net.encoder(X)[-1], net.encoder(Z)[-1])
    S, own = statistics(net, Z), statistics(net, X)
    assert S.shape == (1, 24)
    painting = net.decoder(t).asnumpy()
    numpy.testing.assert_allclose(whole(net, X, S).asnumpy(), painting, atol=1e-5)
    # its own statistics: the auto-encoder
    same = net.decoder(net.encoder(X)[-1]).asnumpy()
    numpy.testing.assert_allclose(whole(net, X, own).asnumpy(), same, atol=1e-5)
    # between them: the published alpha
    between = net.decoder(0.3 * t + 0.7 * net.encoder(X)[-1]).asnumpy()
    numpy.testing.assert_allclose(whole(net, X, 0.3 * S + 0.7 * own).asnumpy(), between, atol=1e-5)
    assert numpy.abs(painting - same).max() > 0.1


@pytest.mark.parametrize('soft', [False, True])
def test_the_fast_network_is_the_trained_one(soft):
    setting = replace(SMALL, soft=soft)
    slow, fast = (make_net(setting, tiny(), fast=fast) for fast in (False, True))
    trained.set_weights(fast, trained.weights_of(slow))
    X, S = normal(1, 3, 24, 32), statistics(slow, normal(1, 3, 24, 24, seed=1))
    numpy.testing.assert_allclose(
        whole(fast, X, S).asnumpy(), whole(slow, X, S).asnumpy(), atol=1e-4
    )


@pytest.mark.parametrize('setting', [SMALL, replace(SMALL, soft=False)])
def test_no_pixel_is_looked_at_from_further_than_told(setting):
    net, far = make_net(setting, tiny()), reach(setting)
    for name, parameter in net._collect_params_with_prefix().items():
        if name.endswith('weight'):  # nothing is hidden behind a ReLU
            parameter.set_data(np.abs(parameter.data()))
    side = 8 * (far // 8 + 2) * 2
    X = np.abs(normal(1, 3, 16, side))
    S = statistics(net, X)
    keep_statistics(net, X, S)
    Y, furthest = net(X, S), 0
    for middle in range(side // 2, side // 2 + 8):
        changed = X.copy()
        changed[:, :, :, middle] += 50
        differ = (net(changed, S) != Y).asnumpy().any(axis=(0, 1, 2))
        seen = numpy.flatnonzero(differ)
        furthest = max(furthest, middle - seen[0], seen[-1] - middle)
    assert far - 8 <= furthest <= far


def test_strips_are_the_whole_with_the_same_statistics():
    net, X = make_net(SMALL, tiny()), normal(1, 3, 360, 16)
    S = statistics(net, normal(1, 3, 24, 24, seed=1))
    keep_statistics(net, X, S)
    halo = -(-reach(SMALL) // 8) * 8
    in_one = whole(net, X, S).asnumpy()
    for rows in (360, 104, 8):
        numpy.testing.assert_allclose(
            in_strips(net, X, S, rows, halo).asnumpy(), in_one, atol=1e-4
        )


def test_weights_are_those_of_he_and_half_in_the_end():
    net = make_net(SMALL, tiny(), seed=1)
    weight = net.decoder[0].conv.weight.data().asnumpy()
    fan = 9 * (10 + 12) / 2  # Gluon takes the mean of what goes in and what comes out
    assert weight.std() == pytest.approx((2 / fan) ** 0.5, rel=0.1)
    last = net.decoder[-1].weight.data()
    assert float(last.std()) == pytest.approx((2 / (9 * (6 + 3) / 2)) ** 0.5 / 2, rel=0.15)
    same, other = (make_net(SMALL, tiny(), seed=seed).decoder[-1].weight.data() for seed in (1, 2))
    assert last.tolist() == same.tolist() != other.tolist()


# --- the losses ----------------------------------------------------------------------------------


def measured(kind, Y):
    """Return the statistics of one picture's features (c, h, w), in plain NumPy."""
    Y = Y.reshape(len(Y), -1)
    if kind == 'gram':
        return (Y @ Y.T / Y.size).ravel()
    return numpy.concatenate([Y.mean(1), numpy.sqrt(Y.var(1) + 1e-5)])


def plain_terms(setting, encoder, some, X, Z, Y_hat):
    """Write the content and the style loss picture by picture, in double precision."""

    def look(X):
        return [[layer.astype('float64') for layer in layers] for layers in zip(*told(X))]

    def told(X):
        return [Y.asnumpy() for Y in encoder(X)]

    photos = [layers for batch in some for layers in look(batch)]
    deep = numpy.stack([layers[-1] for layers in photos])
    variance = ((deep - deep.mean((0, 2, 3), keepdims=True)) ** 2).mean()
    weights = setting.style_layer_weights or [1] * 4
    content, style = [], []
    for f, s, y in zip(look(X), look(Z), look(Y_hat)):
        (m, d), (m_s, d_s) = (
            (Y.mean((1, 2), keepdims=True), numpy.sqrt(Y.var((1, 2), keepdims=True) + 1e-5))
            for Y in (f[-1], s[-1])
        )
        content.append(((y[-1] - (d_s * (f[-1] - m) / d + m_s)) ** 2).mean())
        for l, weight in enumerate(weights):
            target = measured(setting.statistics, s[l])
            error = ((measured(setting.statistics, y[l]) - target) ** 2).sum()
            if setting.scaling == 'photographs':
                error /= numpy.mean(
                    [((measured(setting.statistics, p[l]) - target) ** 2).sum() for p in photos]
                )
            style.append(weight * error)
    factor = 1 / variance if setting.scaling == 'photographs' else 1
    return {
        'content': setting.content_weight * factor * numpy.mean(content),
        'style': setting.style_weight * sum(style) / len(X),
    }


@pytest.mark.parametrize('kind', ['moments', 'gram'])
@pytest.mark.parametrize('scaling', ['sums', 'photographs'])
def test_the_loss_is_that_written_plainly(kind, scaling, lesson):
    setting = replace(SMALL, statistics=kind, scaling=scaling, content_weight=1.5)
    some = [lesson.pictures(lesson.photos, 1, k, 32) for k in range(3)]
    judge = Judge(lesson.net.encoder, setting, some)
    X, Y_hat = (lesson.pictures(lesson.photos, 5, k, 32) for k in range(2))
    Z = lesson.pictures(lesson.paintings, 6, 0, 32)
    terms, l = judge(Y_hat, judge.aim(X, Z))
    expected = plain_terms(setting, lesson.net.encoder, some, X, Z, Y_hat)
    down, right = Y_hat[:, :, 1:] - Y_hat[:, :, :-1], Y_hat[:, :, :, 1:] - Y_hat[:, :, :, :-1]
    expected['TV'] = float(np.abs(down).mean() + np.abs(right).mean()) / 2
    assert list(terms) == ['content', 'style', 'TV']
    for name, term in expected.items():
        assert float(terms[name]) == pytest.approx(term, rel=2e-4), name
    assert float(l) == pytest.approx(sum(expected.values()), rel=2e-4)


@pytest.mark.parametrize('kind', ['moments', 'gram'])
def test_photographs_are_one_for_every_painting_and_the_style_is_nothing(kind, lesson):
    setting = replace(SMALL, statistics=kind, style_weight=1.0, style_layer_weights=())
    some = [lesson.pictures(lesson.photos, 1, k, 32) for k in range(4)]
    judge = Judge(lesson.net.encoder, setting, some)
    for k in range(2):
        Z = lesson.pictures(lesson.paintings, 6, k, 32)[:1]
        Z = np.concatenate([Z, Z])
        told = [float(judge(X, judge.aim(X, Z))[0]['style']) for X in some]
        assert numpy.mean(told) == pytest.approx(4, rel=1e-3)
        assert float(judge(Z, judge.aim(Z, Z))[1]) == pytest.approx(
            float(judge(Z, judge.aim(Z, Z))[0]['TV']), abs=1e-6
        )


# --- the training --------------------------------------------------------------------------------


def test_a_step_is_that_written_in_a_straight_line(files):
    run = lesson_of(files, replace(SMALL, identity=0, own=1, schedule='inverse'))
    encoder, decoder, setting = run.net.encoder, run.net.decoder, run.setting
    parameters = decoder._collect_params_with_prefix()
    before = {k: p.data().asnumpy().astype('float64') for k, p in parameters.items()}
    judge = run.judge(32)
    X = run.pictures(run.photos, 3, 0, 32)
    Z = run.pictures(run.paintings, 5, 0, 32)
    Z[0] = X[0]
    with autograd.record():
        (f, *_), layers_Z = encoder(X)[::-1], encoder(Z)
        mean, mean_Z = (Y.mean((2, 3), keepdims=True) for Y in (f, layers_Z[-1]))
        variance, variance_Z = (
            np.square(Y - m).mean((2, 3), keepdims=True)
            for Y, m in ((f, mean), (layers_Z[-1], mean_Z))
        )
        t = (f - mean) * np.sqrt((variance_Z + 1e-5) / (variance + 1e-5)) + mean_Z
        Y_hat = decoder(t)
        layers = encoder(Y_hat)
        l = judge.content_factor * np.square(layers[-1] - t).mean()
        for i, (Y, S) in enumerate(zip(layers, layers_Z)):
            G, A = (np.einsum('nihw,njhw->nij', P, P) / P[0].size for P in (Y, S))
            centre = judge.centres[i].reshape(1, *A.shape[1:])
            away = np.square(A - centre).sum((1, 2)) + judge.spreads[i]
            share = (np.square(G - A).sum((1, 2)) / away).mean()
            l = l + setting.style_weight * setting.style_layer_weights[i] * share
        down = np.abs(Y_hat[:, :, 1:] - Y_hat[:, :, :-1]).mean()
        right = np.abs(Y_hat[:, :, :, 1:] - Y_hat[:, :, :, :-1]).mean()
        l = l + setting.tv_weight * (down + right) / 2
        l = l + setting.pixel_weight * np.square(Y_hat[0] - X[0]).mean()
    l.backward()
    slopes = {k: p.grad().asnumpy().astype('float64') for k, p in parameters.items()}

    told = []
    learn(run.net, run.loss, run.batch_at, run.lr_at, 1, 'x', told.append)
    assert told[0].total == pytest.approx(float(l), rel=1e-5)
    least = 1e-4 * max(numpy.abs(g).max() for g in slopes.values())
    for name, g in slopes.items():
        # MXNet's Adam, at its first step: the step size, against the sign of the slope
        rate = setting.lr * numpy.sqrt(0.001) / 0.1
        step = rate * 0.1 * g / (numpy.sqrt(0.001 * g**2) + 1e-8)
        clear = numpy.abs(g) > least  # what is 0 but for rounding has no sign
        found, expected = parameters[name].data().asnumpy(), before[name] - step
        numpy.testing.assert_allclose(found[clear], expected[clear], atol=1e-5, err_msg=name)
    assert sum((numpy.abs(g) > least).sum() for g in slopes.values()) > 300


def test_learning_makes_the_loss_smaller_and_leaves_the_encoder(files):
    setting = replace(SMALL, crops=((32, 30), (40, 2)), identity=4, lr=0.01)
    run, steps = lesson_of(files, setting), []
    frozen = {k: p.data().copy() for k, p in run.net.encoder.collect_params().items()}
    learn(run.net, run.loss, run.batch_at, run.lr_at, setting.num_steps, 'x', steps.append)
    totals = [step.total for step in steps]
    assert numpy.median(totals[20:30]) < 0.9 * numpy.median(totals[:6])
    for name, parameter in run.net.encoder.collect_params().items():
        numpy.testing.assert_array_equal(parameter.data().asnumpy(), frozen[name].asnumpy())
    assert run.batch_at(29).t.shape == (2, 12, 4, 4)
    assert run.batch_at(30).t.shape == (2, 12, 5, 5)


def test_a_batch_depends_on_seed_and_step_only(lesson):
    def kept(k):
        t, targets, factors, _ = lesson.batch_at(k)
        return [part.asnumpy().copy() for part in (t, *targets, *factors)]

    held = lesson.batch_at(0)
    batches = {k: kept(k) for k in (0, 1, 2)}
    for k, batch in reversed(batches.items()):
        for one, two in zip(batch, kept(k)):
            numpy.testing.assert_array_equal(one, two)
    numpy.testing.assert_array_equal(held.t.asnumpy(), batches[0][0])  # not written over
    assert numpy.abs(batches[1][0] - batches[2][0]).max() > 1e-3
    assert numpy.abs(batches[1][1] - batches[2][1]).max() > 1e-6


def test_at_first_each_photo_is_its_own_style(lesson):
    X = lesson.pictures(lesson.photos, 3, 0, 32)
    own, later = lesson.batch_at(0), lesson.batch_at(1)
    numpy.testing.assert_allclose(own.t.asnumpy(), lesson.net.encoder(X)[-1].asnumpy(), atol=1e-4)
    X = lesson.pictures(lesson.photos, 3, 1, 32)
    assert float(np.abs(later.t - lesson.net.encoder(X)[-1]).max()) > 0.01


def test_what_cannot_be_is_refused():
    for change, words in (
        ({'encoder': 'vgg16'}, "no encoder 'vgg16'"),
        ({'statistics': 'grams'}, "did you mean 'gram'"),
        ({'scaling': 'photos'}, "did you mean 'photographs'"),
        ({'schedule': 'onecycle'}, "did you mean 'one_cycle'"),
        ({'crops': ((100, 5),)}, 'multiple of 8'),
        ({'style_side': 8}, 'it must be 16 to 4096'),
        ({'style_layer_weights': (1.0, 2.0)}, 'must be 4 numbers'),
        ({'style_weight': -1.0}, 'must not be below 0'),
        ({'lr': float('nan')}, 'must not be below 0'),
    ):
        with pytest.raises(InputError, match=words):
            replace(SMALL, **change)
    assert set(SETTINGS) == {'adain_2017', 'adain_slim'}


# --- the painter and the command -----------------------------------------------------------------


@pytest.fixture(scope='module')
def arguments(files):
    numbers = '--crops 32x3,40x1 --identity 1 --batch 2 --sheet-every 99 --checkpoint-every 2'
    return ['train', 'adain', *map(str, files), *numbers.split(), '--quiet']


@pytest.fixture(scope='module', autouse=True)
def small_sheets():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, 'SHEET_SHAPE', (40, 24))
        yield


@pytest.fixture(scope='module')
def net(arguments, tmp_path_factory):
    """Return the file of a network that nothing interrupted while it was trained."""
    output = tmp_path_factory.mktemp('net')
    assert main([*arguments, '--output', str(output)]) == 0
    return output / 'adain.safetensors'


def test_a_run_leaves_network_sheets_curves_and_record(net):
    names = sorted(path.name for path in net.parent.iterdir())
    assert names == ['adain.safetensors', 'figure.png', 'run.json', 'sheets']
    assert load_image(net.parent / 'sheets' / 'step000004.jpg').shape == (4 * 24, 5 * 40, 3)
    record = read_json(net.parent / 'run.json')
    assert (record['styles'], record['photos']) == (3, 4)
    painter = trained.load(net)
    assert painter.styles == ()
    assert json.loads(painter.notes['setting'])['crops'] == [[32, 3], [40, 1]]


def test_a_stopped_run_goes_on_to_the_same_network(arguments, net, tmp_path, monkeypatch, capsys):
    batch_at = Lesson.batch_at

    def stopping(self, k):
        if k == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return batch_at(self, k)

    monkeypatch.setattr(Lesson, 'batch_at', stopping)
    assert main([*arguments, '--output', str(tmp_path)]) == 130
    command = shlex.split(capsys.readouterr().err.split('go on with:')[1])[3:]
    monkeypatch.setattr(Lesson, 'batch_at', batch_at)
    assert main([*command, '--quiet']) == 0
    assert (tmp_path / 'adain.safetensors').read_bytes() == net.read_bytes()


def test_paintings_are_named_or_in_folders(files, arguments, monkeypatch, tmp_path):
    told = []

    def lesson(setting, encoder, paintings, photos, seed):
        told.append(([p.name for p in paintings], len(photos)))
        raise InputError('enough')

    changed = training.METHODS['adain']._replace(lesson=lesson)
    monkeypatch.setitem(training.METHODS, 'adain', changed)
    photos, paintings = map(str, files)
    names = ['paint0.png', 'paint1.png', 'paint2.png']
    for given, expected in (
        ([photos, paintings], (names, 4)),
        ([photos, '--style', paintings], (names, 4)),
        ([photos, '--style', f'{paintings}/paint1.png', 'woodblock'], (['paint1.png'], 4)),
    ):
        assert main(['train', 'adain', *given, '--output', str(tmp_path), '--quiet']) == 2
        assert (told[-1][0][: len(expected[0])], told[-1][1]) == expected


def test_any_picture_is_a_style(net, files, tmp_path, capsys):
    photo, painting = files[0] / 'photo0.png', files[1] / 'paint0.png'
    out = tmp_path / 'out'
    given = ['paint', str(photo), '--net', str(net), '--output', str(out), '--quiet']
    assert main([*given, '--style', str(painting), 'woodblock']) == 0
    assert load_image(out / 'photo0--paint0+woodblock.png').shape == (48, 64, 3)
    assert main([*given, '--list']) == 0
    assert capsys.readouterr().out == 'any picture\n'

    painter, img = trained.load(net), load_image(photo)
    names = [str(painting), 'woodblock']
    one, two = (painter.shares([name]) for name in names)
    mixed = painter.shares(names, [1, 3])
    numpy.testing.assert_allclose(mixed.asnumpy(), (one + 3 * two).asnumpy() / 4, rtol=1e-5)
    assert one.shape == (1, 256)
    assert float(np.abs(one - two).max()) > 0.1
    Z = preprocess(load_image(painting), (341, 256))  # its shorter side is that of the setting
    expected = statistics(painter.net, Z).asnumpy()
    assert numpy.abs(one.asnumpy() - expected).mean() < 0.05 * numpy.abs(expected).mean()
    X = preprocess(img, (64, 48))
    same = painter.net.decoder(painter.net.encoder(X)[-1])
    numpy.testing.assert_allclose(
        painter.paint(img, one, 0.0).asnumpy(), trained.postprocess(same).asnumpy(), atol=1e-4
    )


@pytest.mark.parametrize('shape', [(33, 18), (3, 5), (1, 1)])
def test_pictures_of_any_size(shape, net, tmp_path):
    painter = trained.load(net)
    rng = numpy.random.default_rng(0)
    img = np.array(rng.integers(0, 256, (*shape, 3), dtype='uint8'), dtype='uint8')
    Image.fromarray(img.asnumpy()).save(tmp_path / 'style.png')
    S = painter.shares([str(tmp_path / 'style.png')])
    assert numpy.isfinite(S.asnumpy()).all()
    for strength in (1.0, 0.5):
        assert painter.paint(img, S, strength).shape == img.shape


@pytest.mark.parametrize(
    ('command', 'message'),
    [
        ('train adain photos', 'name a folder of paintings'),
        ('train adain', 'name a folder of photographs'),
        ('train adain --style woodblock', 'name a folder of photographs'),
        ('train adain photos empty', "no pictures in 'empty'"),
        ('train adain photos --style nowhere/x.png', 'no such file'),
        ('train adain photos paintings --residuals 3', '--residuals is no number of adain'),
        ('train adain photos paintings --add-to johnson', 'leave out --add-to'),
        ('train adain photos paintings --setting adain_2018', "did you mean 'adain_2017'"),
        ('train adain photos paintings --crops 100x5', 'multiple of 8'),
        ('train johnson photos --identity 3', '--identity is no number of johnson'),
        ('paint photos --net NET', 'name a picture with --style'),
        ('paint photos --net NET --style starry_nigt', "did you mean 'starry_night'"),
        ('paint photos --net NET --style gone.png', 'no such file'),
    ],
)
def test_mistakes_are_told_in_one_line(
    command, message, net, files, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(files[0].parent)
    (files[0].parent / 'empty').mkdir(exist_ok=True)
    words = [str(net) if word == 'NET' else word for word in command.split()]
    assert main([*words, '--output', str(tmp_path / 'out'), '--quiet']) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1
