"""The optimisers: by hand, in the book's loop, and after an interruption."""

import mxnet as mx
import numpy
import pytest
from mxnet import autograd, gluon, init, npx
from mxnet import numpy as np
from scipy.optimize import minimize

from styletransfer.checkpoint import load_checkpoint, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.lbfgs import Search
from styletransfer.optimizers import OPTIMIZERS, best_so_far, restore_trainer, trainer_state
from styletransfer.synthesis import GeneratedImage

SHAPE = (1, 3, 2, 2)
START = numpy.linspace(-1, 2, 12, dtype='float32').reshape(SHAPE)
# a narrow valley, in no direction of the axes
AXES = numpy.linalg.qr(numpy.random.default_rng(0).normal(size=(12, 12)))[0]
CURVATURE = (AXES * numpy.logspace(0, 3, 12) @ AXES.T).astype('float32')


def quadratic(X, curvature=CURVATURE):
    x = X.reshape(-1) - 1
    return 0.5 * np.dot(x, np.dot(np.array(curvature, dtype='float32'), x))


class Run:
    """The book's loop, with a loss of the picture alone."""

    def __init__(self, name, start=START, **params):
        gen_img = GeneratedImage(start.shape)
        gen_img.initialize(init.Constant(np.array(start)), force_reinit=True)
        self.trainer = gluon.Trainer(gen_img.collect_params(), name, params)
        self.X = gen_img()
        self.points, self.losses = [], []

    def step(self, loss=quadratic):
        self.points.append(self.X.asnumpy())
        with autograd.record():
            l = loss(self.X)
        l.backward()
        self.trainer.optimizer.loss = l
        self.trainer.step(1)
        npx.waitall()
        self.losses.append(float(l))


@pytest.fixture
def lbfgs():
    return mx.optimizer.get_updater(mx.optimizer.create('lbfgs'))


def rosenbrock(x):
    """Return a value and a gradient in single precision, as MXNet would."""
    x = x.astype('float32')
    a, b = x[:-1], x[1:]
    gradient = numpy.zeros_like(x)
    gradient[:-1] = -400 * a * (b - a**2) - 2 * (1 - a)
    gradient[1:] += 200 * (b - a**2)
    return float((100 * (b - a**2) ** 2 + (1 - a) ** 2).sum()), gradient.astype('float64')


def legacy(array):
    return np.array(array, dtype='float32').as_nd_ndarray()


def answer(updater, weight, loss, gradient):
    updater.optimizer.loss = loss
    updater(0, legacy(numpy.reshape(gradient, weight.shape)), weight)


def test_lbfgs_asks_for_the_points_of_the_search_and_tells_it_what_was_found(lbfgs):
    start = [-1.2, 1, -0.5, 0.75]
    search, weight = Search(numpy.array(start, 'float32'), 10), legacy(start)
    for _ in range(30):
        x = search.next_point()
        numpy.testing.assert_array_equal(weight.asnumpy(), x)
        loss, gradient = rosenbrock(x)
        answer(lbfgs, weight, loss, gradient)
        search.tell(x, loss, gradient.astype('float32'))


def test_lbfgs_in_the_books_loop_asks_for_the_points_of_scipy():
    curvature = numpy.diag(numpy.linspace(1, 4, 12))  # kind to single precision
    expected = []

    def by_hand(x):
        expected.append(x.copy())
        gradient = curvature @ (x - 1)
        return 0.5 * (x - 1) @ gradient, gradient

    run = Run('lbfgs')
    for _ in range(8):
        run.step(lambda X: quadratic(X, curvature))
    minimize(by_hand, START.ravel().astype('float64'), method='L-BFGS-B', jac=True)
    assert abs(expected[7] - 1).max() < 0.01 * abs(expected[0] - 1).max()
    points = numpy.reshape(run.points, (8, 12))
    numpy.testing.assert_allclose(points, expected[:8], rtol=0, atol=1e-6)


def test_lbfgs_takes_far_fewer_steps_than_adam():
    def steps(name, **params):
        run = Run(name, **params)
        while not run.losses or run.losses[-1] > 1e-4 * run.losses[0]:
            run.step()
            assert len(run.losses) < 500
        return len(run.losses)

    few = steps('lbfgs', learning_rate=0.05)
    assert few < 40
    assert min(steps('adam', learning_rate=lr) for lr in (0.1, 0.3, 1)) > 2 * few


def test_the_learning_rate_means_nothing_to_lbfgs():
    runs = [Run('lbfgs', learning_rate=lr) for lr in (0.01, 100)]
    for run in runs:
        for _ in range(5):
            run.step()
    numpy.testing.assert_array_equal(runs[0].points, runs[1].points)


def test_at_the_bottom_lbfgs_goes_on_for_ever_and_loses_nothing():
    run = Run('lbfgs')
    for _ in range(250):
        run.step()
    assert min(run.losses[:100]) < 1e-8 * run.losses[0]
    # with an empty memory, the first trial goes as far as 1, all numbers together
    far = [numpy.linalg.norm(x - 1) for x in run.points[100:]]
    assert 0.99 < max(far) < 1.01
    assert numpy.median(far) < 1e-4
    run.trainer.optimizer.best(run.X)
    assert float(quadratic(run.X)) == min(run.losses)


def test_where_the_gradient_is_zero_the_picture_stays():
    run = Run('lbfgs')
    for _ in range(20):
        run.step(lambda X: (0 * X).sum() + 3)
    run.step()
    numpy.testing.assert_array_equal(run.points, [START] * 21)
    assert (run.X.asnumpy() != START).any()  # and goes on where there is a slope again


def test_best_is_the_point_of_the_lowest_loss(lbfgs):
    weight, points = legacy([3.0, -2.0]), []
    losses = [5.0, 9.0, 4.0, float('nan'), 6.0]
    for loss in losses:
        points.append(weight.asnumpy())
        answer(lbfgs, weight, loss, [1.0, -1.0])
    assert len({tuple(x) for x in points}) == len(points)
    best = legacy([0, 0])
    lbfgs.optimizer.best(best)
    numpy.testing.assert_array_equal(best.asnumpy(), points[2])
    best = np.zeros((1, 2))  # of the other kind
    lbfgs.optimizer.best(best)
    numpy.testing.assert_array_equal(best.asnumpy(), [points[2]])


def test_best_before_the_first_step_is_the_start(lbfgs):
    weight = legacy([3.0, -2.0])
    lbfgs.optimizer.best(weight)
    numpy.testing.assert_array_equal(weight.asnumpy(), [3, -2])


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('good_steps', [0, 4])
def test_losses_that_are_no_numbers_do_not_hang(lbfgs, value, good_steps):
    weight, points = legacy([-1.2, 1.0]), []
    for i in range(60):
        points.append(weight.asnumpy())
        good = i < good_steps
        answer(lbfgs, weight, *(rosenbrock(points[-1]) if good else (value, [value] * 2)))
    lbfgs.optimizer.best(weight)
    values = [rosenbrock(x)[0] for x in points[: max(1, good_steps)]]
    numpy.testing.assert_array_equal(weight.asnumpy(), points[numpy.argmin(values)])


def test_step_of_many_scales_the_loss_as_it_scales_the_gradient():
    def points(rescale_grad, factor):
        optimizer, weight, found = mx.optimizer.create('lbfgs'), legacy([-1.2, 1.0]), []
        optimizer.rescale_grad = rescale_grad
        updater = mx.optimizer.get_updater(optimizer)
        for _ in range(10):
            found.append(weight.asnumpy())
            loss, gradient = rosenbrock(found[-1])
            answer(updater, weight, factor * loss, factor * gradient)
        return found

    numpy.testing.assert_array_equal(points(0.25, 4), points(1, 1))


def test_a_step_without_the_loss_is_refused():
    run = Run('lbfgs')
    for _ in range(2):
        with autograd.record():
            l = quadratic(run.X)
        l.backward()
        with pytest.raises(InputError, match=r'trainer\.optimizer\.loss = l'):
            run.trainer.step(1)
        run.step()  # takes the loss away


def test_lbfgs_refuses_a_second_parameter(lbfgs):
    weight = legacy([1, 1, 1])
    answer(lbfgs, weight, 1.0, numpy.ones(3))
    lbfgs.optimizer.loss = 1.0
    with pytest.raises(InputError, match='one parameter'):
        lbfgs(1, weight, weight)


def test_scaled_gradient_by_hand():
    optimizer = mx.optimizer.create('scaledgradient', learning_rate=0.5)
    weight, gradient = legacy([1.0, 2.0, 3.0, 4.0]), legacy([1.0, -1.0, 3.0, 5.0])
    optimizer.update(0, weight, gradient, optimizer.create_state(0, weight))
    # the mean is 2, the squared deviations 1, 9, 1, 9, their mean 5
    step = 0.5 / 5**0.5
    expected = [1 - step, 2 + step, 3 - 3 * step, 4 - 5 * step]
    numpy.testing.assert_allclose(weight.asnumpy(), expected, rtol=1e-6)


def test_scaled_gradient_keeps_each_channel_within_its_bounds():
    low = numpy.array([-0.5, -9, 0]).reshape(1, 3, 1, 1)
    high = np.array([9, 0.25, 1]).reshape(1, 3, 1, 1)
    steepness = numpy.full(SHAPE, 4, 'float32')
    steepness[..., 1] = -2
    run = Run('scaledgradient', learning_rate=0.3, low=low, high=high)
    run.step(lambda X: (np.array(steepness) * X).sum())
    free = START - 0.3 * steepness / 3
    expected = numpy.clip(free, low, high.asnumpy())
    assert ((expected != free).sum(axis=(0, 2, 3)) > 0).all()
    assert (expected == free).any()
    numpy.testing.assert_allclose(run.X.asnumpy(), expected, rtol=1e-6, atol=1e-6)


def test_scaled_gradient_asks_for_the_learning_rate_at_each_step():
    run = Run('scaledgradient', learning_rate=0.3)
    run.trainer.set_learning_rate(0)
    run.step()
    numpy.testing.assert_array_equal(run.X.asnumpy(), START)


def test_scaled_gradient_of_zero_stays():
    run = Run('scaledgradient', learning_rate=0.3)
    run.step(lambda X: (0 * X).sum())
    numpy.testing.assert_array_equal(run.X.asnumpy(), START)


def bent(X):
    """Return Rosenbrock's function, whose lines take more than one trial."""
    x = X.reshape(-1)
    return (100 * np.square(x[1:] - np.square(x[:-1])) + np.square(1 - x[:-1])).sum()


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    """Return a run of L-BFGS and the folder with a checkpoint after each of its 40 steps."""
    folder, run = tmp_path_factory.mktemp('lbfgs'), Run('lbfgs', memory=4)
    for k in range(1, 41):
        run.step(bent)
        best = best_so_far(run.X, run.trainer).asnumpy()
        save_checkpoint(folder / f'{k}', {'X': best, **trainer_state(run.trainer)}, {'epoch': k})
    return run, folder


def test_lbfgs_goes_on_to_the_bit_after_every_evaluation(uninterrupted):
    run, folder = uninterrupted
    search = run.trainer._updaters[0].states[0]
    assert len(search.pairs) == 4
    saved = [load_checkpoint(folder / f'{k}') for k in range(1, 41)]
    trials = [checkpoint.arrays['lbfgs.0.line'][-1] for checkpoint in saved]
    assert {1, 2, 3} <= set(trials)  # also of those that were kept within a line
    for k, checkpoint in enumerate(saved, start=1):
        again = Run('lbfgs', memory=4)
        assert checkpoint.restore(again.X, again.trainer) == k
        for _ in range(k, 40):
            again.step(bent)
        numpy.testing.assert_array_equal(again.points, run.points[k:])
        assert again.losses == run.losses[k:]
        numpy.testing.assert_array_equal(again.X.asnumpy(), run.X.asnumpy())
        best = best_so_far(again.X, again.trainer).asnumpy()
        numpy.testing.assert_array_equal(best, search.best.reshape(SHAPE))


def test_lbfgs_goes_another_way_if_it_forgets(uninterrupted):
    run, folder = uninterrupted
    saved, again = load_checkpoint(folder / '20'), Run('lbfgs', memory=4)
    old = saved._replace(arrays={'X': saved.arrays['X']})  # as earlier releases kept it
    assert old.restore(again.X, again.trainer) == 20
    for _ in range(20):
        again.step(bent)
    numpy.testing.assert_array_equal(again.points[0], saved.arrays['X'])
    assert (again.points[5] != run.points[25]).any()


def test_before_the_first_step_there_is_nothing_to_remember():
    run = Run('lbfgs')
    assert trainer_state(run.trainer) == {}
    restore_trainer(run.trainer, {})
    numpy.testing.assert_array_equal(best_so_far(run.X, run.trainer).asnumpy(), START)


def test_what_adam_remembers_keeps_its_names():
    run = Run('adam')  # checkpoints of earlier releases have them
    run.step()
    names = {'adam.0.mean', 'adam.0.variance', 'adam.0.steps'}
    assert set(trainer_state(run.trainer)) == names


def test_scaled_gradient_remembers_how_many_steps_it_made():
    run, other = Run('scaledgradient'), Run('scaledgradient')
    for _ in range(3):
        run.step()
    state = trainer_state(run.trainer)
    restore_trainer(other.trainer, {**state, 'X': START})
    other.step()
    assert other.trainer.optimizer.num_update == 4
    assert trainer_state(other.trainer) == {'scaledgradient.0.steps': numpy.array([4])}


@pytest.mark.parametrize('name', OPTIMIZERS)
def test_each_works_in_the_books_loop(name):
    run = Run(name, learning_rate=0.05)
    for _ in range(15):
        run.step()
    assert min(run.losses) < 0.9 * run.losses[0]
    # one device: no store holds a copy, and the loss reaches the optimiser that takes the step
    assert run.trainer._kvstore is None
    assert run.trainer._updaters[0].optimizer is run.trainer.optimizer
