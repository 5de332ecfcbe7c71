"""The search itself: against H written out, against SciPy, by hand, with hostile answers."""

import math
import warnings

import numpy
import pytest
from scipy.optimize import minimize

from styletransfer.lbfgs import FALL, FLAT, TRIALS, Line, Pair, Point, Search, dot, two_loop

START = [-1.2, 1, -0.5, 0.75]
NOWHERE = Point(math.inf, math.nan, math.nan)


def rosenbrock(x):
    a, b = x[:-1], x[1:]
    gradient = numpy.zeros_like(x)
    gradient[:-1] = -400 * a * (b - a**2) - 2 * (1 - a)
    gradient[1:] += 200 * (b - a**2)
    return float((100 * (b - a**2) ** 2 + (1 - a) ** 2).sum()), gradient


def valley(count=12, curvature=1e3):
    """Return a quadratic, in no direction of the axes, with its bottom at 1."""
    rng = numpy.random.default_rng(0)
    axes = numpy.linalg.qr(rng.normal(size=(count, count)))[0]
    A = axes * numpy.geomspace(1, curvature, count) @ axes.T

    def loss(x):
        gradient = (A @ (x - 1)).astype(x.dtype)
        return float((x - 1) @ gradient / 2), gradient

    return A, loss


def looked_at(function, start, count, memory=10, dtype='float64'):
    """Return a search that was told of so many points, the points, and the lines."""
    search, points, lines = Search(numpy.array(start, dtype), memory), [], []
    for _ in range(count):
        points.append(search.next_point())
        search.tell(points[-1], *function(points[-1]))
        lines.append(search.line)
    return search, points, lines


def written_out(g, pairs):
    """Return H g with H as a matrix."""
    *_, (s, y, _) = pairs
    H = numpy.eye(len(g)) * (s @ y) / (y @ y)
    for s, y, _ in pairs:
        V = numpy.eye(len(g)) - numpy.outer(y, s) / (s @ y)
        H = V.T @ H @ V + numpy.outer(s, s) / (s @ y)
    return H @ g


@pytest.mark.parametrize('count', [1, 2, 5])
@pytest.mark.parametrize(('dtype', 'error'), [('float64', 1e-12), ('float32', 1e-5)])
def test_two_loops_are_the_matrix(count, dtype, error):
    rng = numpy.random.default_rng(count)
    A, _ = valley(8, curvature=10)
    steps = rng.normal(size=(count, 8))
    pairs = [Pair(s, A @ s, s @ A @ s) for s in steps]
    g = rng.normal(size=8)
    expected = written_out(g, pairs)
    rounded = [Pair(s.astype(dtype), y.astype(dtype), sy) for s, y, sy in pairs]
    found = two_loop(g.astype(dtype), rounded)
    assert found.dtype == dtype
    assert numpy.linalg.norm(found - expected) < error * numpy.linalg.norm(expected)
    # what is known of the newest step is exact: its change leads back to it
    s, y, _ = pairs[-1]
    numpy.testing.assert_allclose(two_loop(y, pairs), s, rtol=1e-10)


def test_without_a_pair_the_direction_is_the_gradient_at_length_one():
    numpy.testing.assert_allclose(two_loop(numpy.array([3e-20, -4e-20]), []), [0.6, -0.8])


def test_products_are_summed_in_double_precision():
    a = numpy.full(10**5, 0.1, 'float32')
    a[0] = 1e5
    assert dot(a, a) == pytest.approx(1e10 + 99999 * float(a[1]) ** 2, rel=1e-13)
    tiny = numpy.full(3, 1e-30, 'float32')
    assert dot(tiny, tiny) == pytest.approx(3e-60)


@pytest.mark.parametrize('memory', [2, 10])
@pytest.mark.parametrize('start', [START, [0.1, 0.2], [3, -2, 1, 1, 5]])
def test_the_way_is_that_of_scipy(memory, start):
    expected = []

    def listened_to(x):
        expected.append(x.copy())
        return rosenbrock(x)

    options = {'maxcor': memory, 'ftol': 0, 'gtol': 0}
    minimize(listened_to, start, method='L-BFGS-B', jac=True, options=options)
    _, points, _ = looked_at(rosenbrock, start, 15, memory)
    numpy.testing.assert_allclose(points, expected[:15], rtol=0, atol=1e-6)


@pytest.mark.parametrize('start', [START, [0.1, 0.2], [3, -2, 1, 1, 5]])
def test_the_bottom_of_a_bent_valley_is_found(start):
    search, _, _ = looked_at(rosenbrock, start, 80)
    assert search.best_loss < 1e-12


@pytest.mark.parametrize(('curvature', 'count'), [(10, 20), (100, 40), (1e3, 80)])
def test_the_bottom_of_a_quadratic_in_twelve_dimensions_is_found(curvature, count):
    _, loss = valley(curvature=curvature)
    search, points, _ = looked_at(loss, numpy.zeros(12), count)
    assert search.best_loss < 1e-8 * loss(points[0])[0]


def accepted(lines):
    """Yield each line with the point where the next one starts."""
    for line, following in zip(lines, lines[1:]):
        if line and following and following.x is not line.x:
            yield line, following


@pytest.mark.parametrize('seed', range(5))
def test_what_is_accepted_fulfils_wolfes_conditions(seed):
    start = numpy.random.default_rng(seed).uniform(-2, 2, 6)
    _, _, lines = looked_at(rosenbrock, start, 60)
    steps = list(accepted(lines))
    assert len(steps) > 25
    assert any(following.start.loss > 0 and line.trials > 1 for line, following in steps)
    for line, following in steps:
        (before, g), (after, h) = rosenbrock(line.x), rosenbrock(following.x)
        moved = following.x - line.x
        assert g @ moved < 0
        assert after <= before + FALL * g @ moved
        assert abs(h @ moved) <= FLAT * abs(g @ moved) * (1 + 1e-9)


def on_line(function, first):
    """Search a line that is a function of the step; return all steps that were tried."""
    start, nothing = Point(0, *function(0)), numpy.zeros(1)
    line, steps = Line(nothing, nothing, nothing, start, start, NOWHERE, first), []
    while True:
        steps.append(line.step)
        point = Point(line.step, *function(line.step))
        if line.accepts(point):
            return steps
        assert line.trials < TRIALS
        line = line.narrowed(point)


FUNCTIONS = {  # the first two are Moré's and Thuente's, of their tests
    'shallow': lambda a: (-a / (a**2 + 2), (a**2 - 2) / (a**2 + 2) ** 2),
    'late': lambda a: ((a + 0.004) ** 5 - 2 * (a + 0.004) ** 4, (a + 0.004) ** 3 * (5 * a - 7.98)),
    'flat': lambda a: ((a - 1) ** 4, 4 * (a - 1) ** 3),
    'wall': lambda a: (math.exp(min(a, 700)) - 5 * a, math.exp(min(a, 700)) - 5),
}


@pytest.mark.parametrize('first', [1e-3, 0.1, 1, 10, 1e3])
@pytest.mark.parametrize('name', FUNCTIONS)
def test_a_line_is_searched_from_any_first_step(name, first):
    assert len(on_line(FUNCTIONS[name], first)) <= 15


@pytest.mark.parametrize(
    ('loss', 'slope', 'accepted'),
    [
        (9.99, 0, True),  # a slope of -1 promised a fall of 4, and a thousandth is asked for
        (9.997, 0, False),
        (11, 0, False),
        (7, -0.9, True),
        (7, -0.91, False),
        (7, 0.9, True),
        (7, 0.91, False),
        (math.nan, 0, False),
        (7, math.nan, False),
    ],
)
def test_what_is_accepted_by_hand(loss, slope, accepted):
    start, nothing = Point(0, 10, -1), numpy.zeros(1)
    line = Line(nothing, nothing, nothing, start, start, NOWHERE)
    assert line.accepts(Point(4, loss, slope)) == accepted


def test_a_line_is_narrowed_by_hand():
    start, nothing = Point(0, 0, -1), numpy.zeros(1)
    first = Line(nothing, nothing, nothing, start, start, NOWHERE)
    low = Point(1, -1, -0.95)
    second = first.narrowed(low)  # downhill still
    assert (second.low, second.high, second.step, second.trials) == (low, NOWHERE, 5, 2)
    higher = Point(5, -0.5, 2)  # has fallen by enough, but less than before
    third = second.narrowed(higher)
    assert (third.low, third.high) == (low, higher)
    assert 1 < third.step < 5
    lower = Point(2, -2, 3)  # the bottom is between this and where it was low before
    fourth = third.narrowed(lower)
    assert (fourth.low, fourth.high) == (lower, low)
    assert 1 < fourth.step < 2
    lower = Point(1.5, -3, -1)  # and now between the last two
    fifth = fourth.narrowed(lower)
    assert (fifth.low, fifth.high) == (lower, Point(2, -2, 3))
    assert 1.5 < fifth.step < 2


def test_a_line_by_hand():
    def parabola(a):  # its bottom is at 1
        return (a - 1) ** 2, 2 * (a - 1)

    assert on_line(parabola, 0.04)[:2] == [0.04, 0.2]  # not far enough: four times as far again
    assert on_line(parabola, 3)[1] == pytest.approx(1)  # too far: the bottom of the cubic
    assert on_line(parabola, 100)[1] == pytest.approx(10)  # but not nearer than a tenth

    def with_a_cliff(a):
        return parabola(a) if a < 2 else (math.nan, math.nan)

    assert on_line(with_a_cliff, 6) == [6, 3, 1.5]  # nothing is known there: the middle


def test_a_line_on_which_nothing_is_found_is_given_up():
    def higher_everywhere_else(x):
        return float((x != 2).any()), numpy.array([1.0, -3.0])

    search, points, lines = looked_at(higher_everywhere_else, [2, 2], TRIALS + 1)
    assert all(lines[:-1])
    assert lines[-1] is None
    distances = [numpy.linalg.norm(x - 2) for x in points[1:10]]
    assert distances[0] == pytest.approx(1)
    assert all(0.09 < after / before < 0.91 for before, after in zip(distances, distances[1:]))
    numpy.testing.assert_array_equal(search.next_point(), [2, 2])
    search.tell(search.next_point(), *higher_everywhere_else(search.best))  # and from there again
    numpy.testing.assert_array_equal(search.next_point(), points[1])


def test_a_line_may_shrink_to_nothing():
    def cliff(x):  # downhill everywhere, but at 1 it begins again far above
        return float(-x[0] if x[0] <= 1 else 1e9 - x[0]), numpy.array([-1.0])

    search, points, lines = looked_at(cliff, [0], 50)
    assert any(line.low.step == line.high.step for line in lines if line)
    assert search.best_loss == -1
    assert max(points) == 5


def test_after_a_line_in_vain_the_memory_is_empty_and_the_best_point_is_taken():
    search, _, _ = looked_at(rosenbrock, START, 8)
    assert len(search.pairs) > 3
    best = search.best
    for _ in range(TRIALS):
        if search.line is None:
            break
        search.tell(search.next_point(), math.inf, numpy.zeros(4))
    assert not search.pairs
    assert search.line is None
    numpy.testing.assert_array_equal(search.next_point(), best)


def test_a_memory_that_leads_uphill_is_given_up():
    search = Search(numpy.zeros(2), 10)
    search.pairs.append(Pair(numpy.array([1.0, 0.0]), numpy.array([1.0, 0.0]), -1.0))
    search.tell(search.next_point(), 1.0, numpy.array([3.0, 0.0]))
    assert not search.pairs
    numpy.testing.assert_array_equal(search.next_point(), [-1, 0])


def test_a_step_along_which_the_gradient_does_not_change_is_not_remembered():
    search = Search(numpy.zeros(2), 10)
    flatter = {0: [1.0, 0.0], 1: [0.5, 0.0]}
    for k, gradient in flatter.items():
        search.tell(search.next_point(), -k, numpy.array(gradient))
    assert len(search.pairs) == 1
    # the loss fell by enough, the slope is the same but turned round: no bottom between the two
    line = search.line
    s = search.next_point() - line.x
    across = numpy.array([0.0, 1e9])  # changes much, but hardly along the step
    assert abs(s @ across) < 1e-7 * numpy.linalg.norm(s) * numpy.linalg.norm(across)
    search.tell(search.next_point(), -9, line.gradient * 0.5 + across)
    assert search.line is not line
    assert len(search.pairs) == 1


@pytest.mark.parametrize('memory', [1, 4])
def test_memory_is_as_long_as_said(memory):
    search, _, lines = looked_at(rosenbrock, START, 30, memory)
    steps = [following.x - line.x for line, following in accepted(lines)]
    numpy.testing.assert_array_equal([s for s, _, _ in search.pairs], steps[-memory:])
    vectors = [array for array in search.arrays().values() if array.shape == (4,)]
    assert len(vectors) == 2 * memory + 4  # point, gradient, direction and the best


def test_all_stays_in_the_precision_of_the_picture():
    search, points, _ = looked_at(valley()[1], numpy.zeros(12), 30, dtype='float32')
    vectors = [array for array in search.arrays().values() if len(array) == 12]
    assert {array.dtype for array in (*vectors, *points)} == {numpy.dtype('float32')}


def test_the_scale_of_the_loss_does_not_matter():
    expected = looked_at(rosenbrock, START, 12, dtype='float32')[1]

    def scaled(factor):
        def function(x):
            loss, gradient = rosenbrock(x)
            return factor * loss, factor * gradient

        return looked_at(function, START, 12, dtype='float32')[1]

    for exponent in (-80, 60):  # powers of two change no digit
        numpy.testing.assert_array_equal(scaled(2.0**exponent), expected)


@pytest.mark.parametrize('seed', range(20))
def test_no_answer_is_too_hostile(seed):
    rng = numpy.random.default_rng(seed)
    search = Search(rng.normal(size=3).astype('float32'), 3)
    odd = [0, 1e-45, 1e38, -1e38, math.inf, -math.inf, math.nan]

    def answer():
        loss, gradient = rng.normal(), rng.normal(size=3)
        if rng.random() < 0.3:
            loss = rng.choice(odd)
        if rng.random() < 0.3:
            gradient[rng.integers(3)] = rng.choice(odd)
        if rng.random() < 0.1:
            gradient[:] = 0
        return float(loss) * 10.0 ** rng.integers(-3, 4), gradient.astype('float32')

    with warnings.catch_warnings():
        warnings.simplefilter('error')
        told = []
        for _ in range(400):
            x = search.next_point()
            told.append(answer())
            search.tell(x, *told[-1])
    assert search.best_loss == numpy.nanmin([loss for loss, _ in told])
    assert len(search.pairs) <= 3
    assert all(sy > 0 for *_, sy in search.pairs)


def test_taken_apart_and_put_together_it_goes_on():
    for count in range(1, 45):
        search, _, _ = looked_at(rosenbrock, START, count, 3, 'float32')
        again, _, _ = looked_at(rosenbrock, START[::-1], 7, 3, 'float32')  # soon forgotten
        again.restore(search.arrays())
        assert set(again.arrays()) == set(search.arrays())
        for name, array in search.arrays().items():
            numpy.testing.assert_array_equal(again.arrays()[name], array)
        for _ in range(5):
            x, y = search.next_point(), again.next_point()
            numpy.testing.assert_array_equal(x, y)
            search.tell(x, *rosenbrock(x))
            again.tell(y, *rosenbrock(y))
        assert again.best_loss == search.best_loss
        numpy.testing.assert_array_equal(again.best, search.best)
