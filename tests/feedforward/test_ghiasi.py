"""The network that reads styles: shares, a step, its painter and its command."""

import json
from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from conftest import TINY, photos_and_paintings
from mxnet import autograd
from mxnet import numpy as np
from test_johnson import plain_loss

from styletransfer import trained
from styletransfer.errors import InputError
from styletransfer.feedforward import johnson, training
from styletransfer.feedforward.__main__ import main
from styletransfer.feedforward.encoder import Encoder, load_encoder
from styletransfer.feedforward.ghiasi import (
    GHIASI_QUICK,
    GHIASI_SLIM,
    SETTINGS,
    Lesson,
    Reader,
    make_net,
    statistics,
    tinted,
)
from styletransfer.feedforward.perceptual import lattice
from styletransfer.images import load_image, rgb_mean, rgb_std
from styletransfer.learning import crops, learn
from styletransfer.losses import tv_loss
from styletransfer.vgg import VGG19, Backbone, freeze, truncated_vgg

READING = Backbone('tiny', VGG19, (4, 5, 6, 7, 7), sources=())
SMALL = replace(
    GHIASI_SLIM,
    widths=(4, 6, 8),
    residuals=1,
    hidden=5,
    shares=3,
    content_layer='relu3_3',
    style_layers=('relu1_2', 'relu2_2', 'relu3_3', 'relu4_3'),
    style_layer_weights=(),
    crops=((32, 3), (40, 2)),
    batch=2,
)


QUICK = replace(SMALL, stride=2, skip=True)


def looking(backbone, last):
    mx.random.seed(1)
    net = truncated_vgg(backbone, last)
    net.initialize(mx.init.MSRAPrelu(slope=0))
    net(np.zeros((1, 3, 32, 32)))
    return freeze(net)


def normal(*shape, seed=0):
    return np.array(numpy.random.default_rng(seed).normal(0, 1, shape), dtype='float32')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Return the folders of some photos and paintings."""
    return photos_and_paintings(tmp_path_factory.mktemp('files'))


@pytest.fixture(scope='module')
def lesson(files):
    return lesson_of(files)


def lesson_of(files, setting=SMALL):
    photos, paintings = (sorted(folder.iterdir()) for folder in files)
    encoder = Encoder(looking(READING, 'relu4_1'))
    return Lesson(setting, looking(TINY, 'relu4_3'), paintings, photos, 3, encoder)


@pytest.mark.parametrize('setting', [GHIASI_SLIM, GHIASI_QUICK])
def test_the_slim_network_is_a_megabyte(setting):
    net = make_net(setting, load_encoder(setting))
    arrays = trained.weights_of(net)
    assert 2 * sum(array.size for array in arrays.values()) < 1_000_000
    assert not [name for name in arrays if name.startswith('enc')]
    assert arrays['reader.first.weight'].shape == (128, 2 * (16 + 32 + 64 + 128))
    assert arrays['painter.body.0.norm.gamma'].shape == (48, 16)


def test_a_painting_becomes_numbers():
    reader = Reader(5, 4)
    mx.random.seed(0)
    reader.initialize(mx.init.Normal(0.5))
    D = np.abs(normal(4, 8))
    S = reader(D).asnumpy()
    W, b, V, c = (p.data().asnumpy() for p in reader.collect_params().values())
    hidden = numpy.maximum(0, numpy.log(D.asnumpy() + 0.1) @ W.T + b)
    numpy.testing.assert_allclose(S[:, 1:], numpy.tanh(hidden @ V.T + c), rtol=1e-4, atol=1e-6)
    assert S[:, 0].tolist() == [1] * 4


def test_at_first_a_norm_leaves_things_nearly_as_they_are(lesson):
    norm = make_net(SMALL, Encoder(looking(READING, 'relu4_1'))).painter.body[0].norm
    gamma, beta = norm.gamma.data().asnumpy(), norm.beta.data().asnumpy()
    assert gamma[0].tolist() == [1] * 4
    assert beta[0].tolist() == [0] * 4
    assert 0.02 < gamma[1:].std() < 0.3
    assert numpy.abs(gamma[1] - gamma[2]).max() > 0.01  # rows that are alike would stay so


def test_what_is_seen_in_a_painting_are_means_and_deviations_of_all_layers(lesson):
    Z = normal(2, 3, 24, 40)
    D = statistics(lesson.net, Z)
    assert D.shape == (2, 2 * (4 + 5 + 6 + 7))
    layers = lesson.net.encode(Z)
    flat = layers[1].reshape(2, 5, -1).asnumpy()
    numpy.testing.assert_allclose(D[:, 8:13].asnumpy(), flat.mean(2), rtol=1e-4)
    deviation = numpy.sqrt(flat.var(2) + 1e-5)
    numpy.testing.assert_allclose(D[:, 13:18].asnumpy(), deviation, rtol=1e-3)


def test_the_network_paints_with_the_rows_that_the_reader_mixes(lesson):
    X, D = normal(2, 3, 16, 24), statistics(lesson.net, normal(2, 3, 32, 32, seed=1))
    lesson.net.hybridize(active=False)
    with autograd.train_mode():
        expected = lesson.net.painter(X, lesson.net.reader(D))
        found = lesson.net(X, D)
    numpy.testing.assert_array_equal(found.asnumpy(), expected.asnumpy())
    assert isinstance(lesson.net.painter, johnson.TransformationNet)


@pytest.mark.parametrize('setting', [SMALL, QUICK])
def test_the_fast_network_is_the_trained_one(setting):
    encoder = Encoder(looking(READING, 'relu4_1'))
    slow, fast = make_net(setting, encoder), make_net(setting, encoder, seed=1, fast=True)
    trained.set_weights(fast, trained.weights_of(slow))
    X, D = normal(1, 3, 24, 32), statistics(slow, normal(1, 3, 32, 32))
    with autograd.train_mode():
        numpy.testing.assert_allclose(fast(X, D).asnumpy(), slow(X, D).asnumpy(), atol=1e-4)


@pytest.mark.parametrize('setting', [SMALL, QUICK])
def test_a_step_is_that_written_in_a_straight_line(files, setting):
    run = lesson_of(files, replace(setting, decay=False))
    setting, batch, judge = run.setting, run.batch_at(0), run.judge(32)
    parameters = {
        name: parameter
        for name, parameter in run.net._collect_params_with_prefix().items()
        if parameter.grad_req != 'null'
    }
    before = {name: p.data().asnumpy().astype('float64') for name, p in parameters.items()}
    run.net.hybridize(active=False)
    with autograd.record():
        S = run.net.reader(batch.S)
        Y_hat = run.net.painter(batch.X, S)
        terms = plain_loss(setting, run.looking, judge, Y_hat, batch)
        l = sum(terms.values()) + setting.tv_weight * tv_loss(Y_hat)
        l = l + setting.lattice_weight * lattice(Y_hat, setting.multiple)
    l.backward()
    slopes = {name: p.grad().asnumpy() for name, p in parameters.items()}
    told = []
    run.net.hybridize(static_alloc=True, static_shape=True)
    learn(run.net, run.loss, run.batch_at, run.lr_at, 1, 'x', told.append)
    assert told[0].total == pytest.approx(float(l), rel=1e-5)
    for part in ('reader.second.bias', 'painter.body.0.conv.weight', 'painter.last.weight'):
        step = parameters[part].data().asnumpy() - before[part]
        slope = parameters[part].grad().asnumpy()
        clear = numpy.abs(slope) > 1e-3 * numpy.abs(slope).max()
        # Adam's first step is the step size, against the slope
        numpy.testing.assert_allclose(
            step[clear], -setting.lr * numpy.sign(slopes[part][clear]), rtol=0.02
        )


def test_some_paintings_are_seen_in_other_colours():
    rng = numpy.random.default_rng(0)
    grey = rng.uniform(0.4, 0.6, (40, 1, 8, 8))
    colours = grey + rng.uniform(-0.03, 0.03, (40, 3, 8, 8))  # so little that nothing is cut
    mean, std = (part.reshape(1, 3, 1, 1).asnumpy() for part in (rgb_mean, rgb_std))
    Z = np.array((colours - mean) / std, dtype='float32')
    found = tinted(Z, 0.75, 5).asnumpy() * std + mean
    numpy.testing.assert_allclose(found.mean(1), colours.mean(1), atol=1e-5)  # as light as before
    changed = numpy.abs(found - colours).max(axis=(1, 2, 3)) > 1e-3
    assert 20 < changed.sum() < 38
    away, was = (img - img.mean(1, keepdims=True) for img in (found, colours))
    scale = away.std(axis=(1, 2, 3)) / was.std(axis=(1, 2, 3))
    assert scale.min() > 0.69
    assert 2 < scale.max() < 2.51
    numpy.testing.assert_array_equal(found, tinted(Z, 0.75, 5).asnumpy() * std + mean)
    assert float(np.abs(tinted(Z, 0.0, 5) - Z).max()) < 1e-5
    gaudy = tinted(np.array(normal(20, 3, 8, 8)), 1.0, 0).asnumpy() * std + mean
    assert gaudy.min() >= -1e-6
    assert gaudy.max() <= 1 + 1e-6


def test_targets_are_of_the_paintings_that_are_read(lesson):
    batch, judge = lesson.batch_at(1), lesson.judge(32)
    Z = paintings_of(lesson, 1)
    numpy.testing.assert_array_equal(batch.S.asnumpy(), statistics(lesson.net, Z).asnumpy())
    for found, expected in zip(batch.targets, judge.grams(Z)):
        numpy.testing.assert_array_equal(found.asnumpy(), expected.asnumpy())
    again = lesson.batch_at(1)
    numpy.testing.assert_array_equal(batch.X.asnumpy(), again.X.asnumpy())
    assert float(np.abs(lesson.batch_at(2).S - batch.S).max()) > 1e-3


def paintings_of(lesson, k):
    """Return the crops of paintings of step k, as they are shown."""
    Z = crops(lesson.seed + 2, k, lesson.paintings, lesson.setting.batch, 32)
    return tinted(Z, lesson.setting.tint, [lesson.seed, k, 3])


def test_learning_tells_styles_apart(files):
    setting = replace(SMALL, crops=((32, 60),), decay=False, lr=0.004)
    run, steps = lesson_of(files, setting), []
    learn(run.net, run.loss, run.batch_at, run.lr_at, setting.num_steps, 'x', steps.append)
    totals = [step.total for step in steps]
    assert numpy.median(totals[-8:]) < 0.8 * numpy.median(totals[:8])
    Z = np.concatenate([paintings_of(run, k) for k in range(4)])
    S = run.net.reader(statistics(run.net, Z)).asnumpy()
    assert S[:, 1:].std(0).max() > 0.01


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match='2 to 4096 numbers'):
        replace(SMALL, shares=5000)
    with pytest.raises(InputError, match='three widths'):
        replace(SMALL, widths=(4, 8))
    assert set(SETTINGS) == {'ghiasi_slim', 'ghiasi_quick'}


# --- the painter and the command -----------------------------------------------------------------


@pytest.fixture(scope='module')
def net(files, tmp_path_factory):
    """Return the file of a network that the command has trained."""
    output = tmp_path_factory.mktemp('net')
    numbers = '--crops 32x2,40x1 --widths 4,4,6 --residuals 1 --shares 3 --hidden 4 --batch 2'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, 'SHEET_SHAPE', (40, 24))
        given = ['train', 'ghiasi', *map(str, files), *numbers.split(), '--quiet']
        assert main([*given, '--sheet-every', '2', '--output', str(output)]) == 0
    return output / 'ghiasi.safetensors'


def test_a_run_leaves_a_network_that_paints_in_any_style(net, files, tmp_path):
    names = sorted(path.name for path in net.parent.iterdir())
    assert names == ['figure.png', 'ghiasi.safetensors', 'run.json', 'sheets']
    photo, painting = files[0] / 'photo0.png', files[1] / 'paint0.png'
    out = tmp_path / 'out.png'
    given = ['paint', str(photo), '--net', str(net), '--output', str(out), '--quiet']
    assert main([*given, '--style', str(painting), 'woodblock']) == 0
    assert load_image(out).shape == (48, 64, 3)
    assert json.loads(out.with_suffix('.json').read_text())['style'] == [
        str(painting),
        'woodblock',
    ]
    painter = trained.load(net)
    assert painter.styles == ()
    assert painter.grain == GHIASI_SLIM.grain
    one, two = painter.shares([str(painting)]), painter.shares(['woodblock'])
    mixed = painter.shares([str(painting), 'woodblock'], [1, 3])
    numpy.testing.assert_allclose(mixed.asnumpy(), (one + 3 * two).asnumpy() / 4, rtol=1e-5)
    # half the strength is half of the photo's own style
    img = load_image(photo)
    half, full = (painter.paint(img, one, strength) for strength in (0.5, 1.0))
    assert half.shape == img.shape
    assert float(np.abs(half - full).max()) > 1e-4
