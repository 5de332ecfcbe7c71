"""The loop of a trained network: against the same loop written in NumPy; resumed to the bit."""

import math

import mxnet as mx
import numpy
import pytest
from mxnet import numpy as np
from mxnet.gluon import nn
from PIL import Image

from styletransfer import learning
from styletransfer.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.images import rgb_mean, rgb_std
from styletransfer.learning import crops, learn, one_cycle, remembered
from styletransfer.progress import Bar, Checkpoints, DivergedError, History, StopAtNaN, together

STEPS = 12


def lr_at(k):
    return 0.05 / (k + 1)


def numbers(k):
    """Return batch k of a regression: X of shape (8, 3), and y of (8, 1) with some noise."""
    rng = numpy.random.default_rng([7, k])
    X = rng.normal(size=(8, 3)).astype('float32')
    y = X @ numpy.array([[1], [-2], [0.5]], 'float32') + 3
    return X, (y + rng.normal(0, 0.1, y.shape)).astype('float32')


def batch_at(k):
    return tuple(np.array(array) for array in numbers(k))


def line():
    """Return the network Y_hat = X w + b, from w = (0.1, 0.2, 0.3) and b = 0."""
    net = nn.Dense(1, in_units=3)
    net.initialize()
    net.weight.set_data(np.array([[0.1, 0.2, 0.3]]))
    return net


def deeper(made_before=0):
    """Return a network with running statistics, which no gradient reaches.

    Gluon names layers by a count of those that the process has made.
    """
    mx.random.seed(4)
    net = nn.HybridSequential()
    names = [f'dense{made_before + i}_' for i in range(2)]
    net.add(
        nn.Dense(5, in_units=3, prefix=names[0]),
        nn.BatchNorm(in_channels=5),
        nn.Dense(1, in_units=5, prefix=names[1]),
    )
    net.initialize()
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def run(net, on_step, saved=None, lr_at=lr_at, batch_at=batch_at):
    """Train: a squared error and, as a second term, a hundredth of the squared outputs."""

    def loss(batch):
        X, y = batch
        Y_hat = net(X)
        terms = {'error': np.square(Y_hat - y).mean(), 'Size': 0.01 * np.square(Y_hat).mean()}
        return terms, sum(terms.values())

    learn(net, loss, batch_at, lr_at, STEPS, 'a line', on_step, saved)


def parameters(net):
    return {
        name: parameter.data().asnumpy().copy()
        for name, parameter in net._collect_params_with_prefix().items()
    }


def written_in_numpy():
    """Return the terms of each step, and after the last w and b, and what Adam remembers of w."""
    theta = numpy.array([0.1, 0.2, 0.3, 0.0])
    mean, variance, told = numpy.zeros(4), numpy.zeros(4), []
    for k in range(STEPS):
        X, y = numbers(k)
        X, y = numpy.hstack([X, numpy.ones((8, 1))]), y[:, 0]
        y_hat = X @ theta
        told.append((numpy.mean((y_hat - y) ** 2), 0.01 * numpy.mean(y_hat**2)))
        g = X.T @ (2 * (y_hat - y) + 0.01 * 2 * y_hat) / 8
        mean, variance = 0.9 * mean + 0.1 * g, 0.999 * variance + 0.001 * g**2
        # MXNet's Adam puts epsilon beside the root of the biased variance
        rate = lr_at(k) * math.sqrt(1 - 0.999 ** (k + 1)) / (1 - 0.9 ** (k + 1))
        theta = theta - rate * mean / (numpy.sqrt(variance) + 1e-8)
    return told, theta, mean[:3]


def test_the_loop_is_that_written_in_numpy():
    net, steps = line(), []
    run(net, steps.append)
    told, theta, mean = written_in_numpy()
    numpy.testing.assert_allclose([(*step.terms.values(),) for step in steps], told, rtol=1e-4)
    found = [*net.weight.data().asnumpy()[0], float(net.bias.data())]
    numpy.testing.assert_allclose(found, theta, rtol=1e-4)
    state = steps[-1].state()
    numpy.testing.assert_allclose(state['adam.0.mean'][0], mean, rtol=1e-4)
    numpy.testing.assert_array_equal(state['weight'][0], found[:3])
    for k, step in enumerate(steps):
        assert (step.title, step.epoch, step.num_epochs) == ('a line', k + 1, STEPS)
        assert step.lr == lr_at(k)
        assert list(step.terms) == ['error', 'Size']
        assert step.total == pytest.approx(sum(step.terms.values()))
        assert step.X is None


@pytest.mark.parametrize('after', [0, 1, 5, STEPS - 1, STEPS])
def test_a_run_goes_on_bit_for_bit(after, tmp_path):
    whole, path, steps = deeper(made_before=9), tmp_path / 'run', []

    def keep(step):
        steps.append(step)
        if step.epoch == after:
            save_checkpoint(path, step.state(), {'epoch': after})

    if not after:
        save_checkpoint(path, {}, {'epoch': 0})
    run(whole, keep)
    resumed, later = deeper(), []
    run(resumed, later.append, load_checkpoint(path))
    expected, found = parameters(whole), parameters(resumed)
    assert '1.running_var' in expected
    for name, array in expected.items():
        numpy.testing.assert_array_equal(found[name], array, err_msg=name)
    assert [step[:6] for step in later] == [step[:6] for step in steps[after:]]


def test_a_parameter_of_which_no_gradient_is_wanted_stays():
    whole, resumed, states = line(), line(), []
    for net in (whole, resumed):
        net.bias.grad_req = 'null'
    run(whole, lambda step: states.append(step.state()))
    run(resumed, lambda step: None, Checkpoint(states[4], {'epoch': 5}))
    for net in (whole, resumed):
        assert float(net.bias.data()) == 0
        weight = net.weight.data().asnumpy()
        numpy.testing.assert_array_equal(weight, states[-1]['weight'])
        assert (weight != states[4]['weight']).all()


def test_checkpoints_keep_a_network_and_its_history(tmp_path):
    net, path, kept = deeper(), tmp_path / 'run', {}
    history = History()
    checkpoints = Checkpoints(path, 5, history, {'seed': 7})

    def note(step):
        kept[step.epoch] = load_checkpoint(path) if path.exists() else None

    run(net, together(history, checkpoints, note))
    assert [kept[k] and kept[k].record['epoch'] for k in (4, 5, 9, 10, 11, 12)] == [
        *(None, 5, 5, 10, 10, 12)
    ]
    numpy.testing.assert_array_equal(kept[12].arrays['0.weight'], parameters(net)['0.weight'])
    assert kept[12].record['seed'] == 7
    losses = kept[12].record['history'][0]['losses']
    assert len(losses) == STEPS
    assert set(losses[0]) == {'epoch', 'lr', 'error', 'size', 'total'}


def test_a_terms_name_reaches_the_bar(capsys, monkeypatch):
    with Bar() as bar:
        run(line(), bar)
    err = capsys.readouterr().err
    assert 'a line' in err
    assert f'{STEPS}/{STEPS}' in err
    assert ', error ' in err
    assert ', Size ' in err


def test_divergence_ends_the_run():
    net, steps = line(), []
    with pytest.raises(DivergedError, match=r'in epoch \d+ at a line: try a smaller --lr'):
        run(net, together(steps.append, StopAtNaN(0, None)), lr_at=lambda k: 1e25)
    assert len(steps) < STEPS
    assert not math.isfinite(steps[-1].total)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    steps = []
    run(line(), steps.append)
    save_checkpoint(tmp_path / 'run', steps[-1].state(), {'epoch': 1})
    saved = load_checkpoint(tmp_path / 'run')
    with pytest.raises(InputError, match=r"another network: it has no '0\.weight' of shape"):
        run(deeper(), steps.append, saved)
    wider = nn.Dense(2, in_units=3)
    wider.initialize()
    with pytest.raises(InputError, match=r"no 'weight' of shape \(2, 3\)"):
        run(wider, steps.append, saved)
    assert len(steps) == STEPS


def test_one_cycle_rises_then_falls_to_nearly_nothing():
    rates = [one_cycle(k, 100, 4e-3) for k in range(100)]
    assert rates[0] == pytest.approx(1e-6)
    assert rates[5] == pytest.approx(2e-3 + 1e-6)  # half of the way up
    assert rates[10] == max(rates) == pytest.approx(4e-3 + 1e-6)
    assert rates[55] == pytest.approx(2e-3 + 1e-6)  # half of the way down
    assert rates[85] == pytest.approx(1e-6 + 4e-3 * (1 - math.sqrt(3) / 2) / 2)  # 5/6 of it
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-5


COLOURS = [(250, 10, 20), (30, 240, 50), (60, 70, 230)]


@pytest.fixture(scope='module')
def plain_pictures(tmp_path_factory):
    """Return files of one colour each, of several shapes, one of them smaller than a crop."""
    folder = tmp_path_factory.mktemp('plain')
    paths = []
    for i, (colour, shape) in enumerate(zip(COLOURS, [(60, 40), (20, 50), (9, 7)])):
        paths.append(folder / f'{i}.png')
        Image.new('RGB', shape, colour).save(paths[-1])
    return paths


@pytest.fixture(scope='module')
def ramp(tmp_path_factory):
    """Return a picture whose red grows from left to right and whose green grows downwards."""
    path = tmp_path_factory.mktemp('ramp') / 'ramp.png'
    red, green = numpy.meshgrid(numpy.arange(200), numpy.arange(160))
    pixels = numpy.stack([red, green, 0 * red], axis=2).astype('uint8')
    Image.fromarray(pixels).save(path)
    return [path]


def test_a_batch_depends_on_seed_and_step_only(plain_pictures, ramp):
    paths = [*plain_pictures, *ramp]
    batches = {(seed, k): crops(seed, k, paths, 3, 16, 0.5) for seed in (0, 1) for k in (0, 1, 2)}
    for (seed, k), X in reversed(list(batches.items())):
        numpy.random.seed(5)  # nothing of what others draw from
        mx.random.seed(5)
        numpy.testing.assert_array_equal(crops(seed, k, paths, 3, 16, 0.5).asnumpy(), X.asnumpy())
    assert len({X.asnumpy().tobytes() for X in batches.values()}) == 6
    assert batches[0, 0].shape == (3, 3, 16, 16)


def test_crops_are_drawn_in_the_order_in_which_the_bundled_network_saw_them(plain_pictures):
    """Without this order the command of `vgg19_slim` would make another network."""
    rng = numpy.random.default_rng([3, 11])
    noisy = 0
    for crop in crops(3, 11, plain_pictures, 40, 16, noisy=0.3).asnumpy():
        colour = numpy.array(COLOURS[rng.integers(3)], 'float32') / 255
        expected = (colour - rgb_mean.asnumpy()) / rgb_std.asnumpy()
        rng.random(4)  # scale, x, y, mirrored: what is plain looks the same in all of them
        expected = numpy.broadcast_to(expected, (16, 16, 3))
        if rng.random() < 0.3:
            expected = expected + rng.normal(0, rng.uniform(0, 0.5), expected.shape)
            noisy += 1
        numpy.testing.assert_array_equal(crop, expected.transpose(2, 0, 1).astype('float32'))
    assert 5 < noisy < 20


def test_crops_are_scaled_moved_and_mirrored_within_bounds(ramp):
    X = crops(0, 0, ramp, 60, 32).asnumpy()
    red, green = (
        (X * rgb_std.asnumpy()[:, None, None] + rgb_mean.asnumpy()[:, None, None]) * 255
    )[:, :2].transpose(1, 0, 2, 3)
    across, down = numpy.diff(red, axis=2), numpy.diff(green, axis=1)
    middle = numpy.s_[:, 4:-4, 4:-4]
    slope = across[middle].mean(axis=(1, 2))
    assert 15 < (slope < 0).sum() < 45  # mirrored
    assert (down[middle].mean(axis=(1, 2)) > 0).all()  # never turned upside down
    scales = 1 / numpy.abs(slope)
    numpy.testing.assert_allclose(down[middle].mean(axis=(1, 2)), 1 / scales, rtol=0.05)
    assert 0.38 < scales.min() < 0.5
    assert 1 < scales.max() < 1.15
    assert (red.max(axis=(1, 2)) - red.min(axis=(1, 2)) < 32 / 0.4 + 2).all()
    assert numpy.ptp(red.mean(axis=(1, 2))) > 80  # from all over the picture
    assert numpy.ptp(green.mean(axis=(1, 2))) > 50


def test_a_picture_that_is_gone_is_told(tmp_path):
    with pytest.raises(InputError, match=r"'.*gone\.png': no such file"):
        crops(0, 0, [tmp_path / 'gone.png'], 1, 16)


def test_pictures_are_remembered_within_bounds(plain_pictures, monkeypatch):
    read = []

    def load_image(path, shape):
        read.append(path)
        return real(path, shape)

    real = learning.load_image
    monkeypatch.setattr(learning, 'load_image', load_image)
    everything, little = remembered(16), remembered(16, most=3 * 50 * 20)
    paths = [plain_pictures[1], plain_pictures[0], plain_pictures[1]]
    for load, times in ((everything, 2), (little, 3)):
        read.clear()
        batches = [crops(0, k, paths, 3, 16, load=load).asnumpy() for k in (0, 1)]
        for k, batch in enumerate(batches):
            numpy.testing.assert_array_equal(batch, crops(0, k, paths, 3, 16).asnumpy())
        assert len(set(read)) == 2
        assert len(read) >= times if load is little else len(read) == times


def test_large_pictures_are_remembered_smaller(tmp_path):
    Image.new('RGB', (900, 700), (9, 9, 9)).save(tmp_path / 'large.png')
    assert remembered(16)(tmp_path / 'large.png').shape == (70, 90, 3)
    assert remembered(100)(tmp_path / 'large.png').shape == (700, 900, 3)
