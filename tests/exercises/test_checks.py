"""Every task: right answers pass and wrong ones get their hint, whatever data the seed gives."""

import ast
import random
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy
import pytest
from mxnet import autograd, gluon, init, np, npx
from student_notebooks import SOLUTIONS, STUBS, defined, english_left, namespace, written
from wrong_answers import COLORS, SYMMETRIC, WRONG

from styletransfer import losses, mrf
from styletransfer.exercises import Result, check, checks, tasks
from styletransfer.exercises.checks import drawn, examine
from styletransfer.exercises.language import translated
from styletransfer.exercises.task import Mistake, Task, copied
from styletransfer.exercises.tasks import (
    TASKS,
    neural_style,
    the_original,
    what_the_layers_see,
)
from styletransfer.vgg import vgg_layer_names

# the first data of the last three let two wrong answers to ramp_variation and to paper_style_loss
# look alike, and one to total_variation look right
SEEDS = (*range(47), 93, 200, 694)

MODULES = sorted(Path(tasks.__file__).parent.glob('*.py'))


@pytest.fixture(scope='module')
def imported():
    return namespace()


@pytest.fixture
def draw_once(monkeypatch):
    """Draw the data of a seed once for all answers: they are a function of task and seed."""
    monkeypatch.setattr(checks, 'drawn', lru_cache(maxsize=None)(drawn))


def test_every_task_is_set_solved_and_tested():
    assert set(SOLUTIONS) == set(TASKS) == set(WRONG)
    assert len(TASKS) >= 12
    hints = [m.hint for task in TASKS.values() for m in task.mistakes]
    assert len(set(hints)) >= 100


@pytest.mark.parametrize(
    'path', sorted(Path(tasks.__file__).parent.glob('*.py')), ids=lambda path: path.stem
)
def test_what_a_task_is_made_of_is_told_by_name(path):
    """Points and all else: ``points=2``, and no bare number."""
    calls = [n for n in ast.walk(ast.parse(path.read_text('utf-8'))) if isinstance(n, ast.Call)]
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == 'Task':
            assert not call.args
            assert {'name', 'points', 'solve'} <= {keyword.arg for keyword in call.keywords}


@pytest.mark.parametrize('name', TASKS)
def test_every_answer_gets_its_own_verdict_whatever_the_seed(name, imported, draw_once):
    arguments, wrong = WRONG[name]
    answers = [(body, hint, written(name, arguments, body, imported)) for body, hint in wrong]
    solution = defined(name, SOLUTIONS[name], imported)
    stub = defined(name, STUBS[name], imported)
    for seed in SEEDS:
        assert examine(TASKS[name], solution, seed) is None, f'seed {seed}'
        assert 'still empty' in examine(TASKS[name], stub, seed)
        for body, hint, answer in answers:
            given = examine(TASKS[name], answer, seed)
            assert given is not None, f'seed {seed}: right, it says, is\n{body}'
            assert hint in given, f'seed {seed}:\n{body}'
            chinese = translated(given, 'zh')
            assert chinese != given, f'there is no Chinese for: {given}'
            # what Python or MXNet says of a crash is theirs
            assert chinese.startswith('你的代码引发了') or not english_left(chinese), chinese


@pytest.mark.parametrize('name', TASKS)
def test_hints_are_told_apart(name):
    parts = [hint for _, hint in WRONG[name][1]]
    for i, task_hint in enumerate(m.hint for m in TASKS[name].mistakes):
        assert any(part in task_hint for part in parts), f'mistake {i} is not tested'


@pytest.mark.parametrize('name', [n for n in TASKS if not TASKS[n].examine])
def test_an_answer_copied_from_one_case_is_wrong(name, capsys):
    """The right result for one draw of the data is wrong for the next."""
    once = drawn(TASKS[name], 0).right[0]
    for seed in range(1, 6):
        assert not check(name, lambda *arguments: once, seed)


@pytest.mark.parametrize('name', [n for n in TASKS if not TASKS[n].examine])
def test_our_own_functions_leave_alone_what_they_are_given(name):
    cases = TASKS[name].cases(numpy.random.default_rng(1))
    before = copied(cases)
    for function in (TASKS[name].solve, *(m.wrong for m in TASKS[name].mistakes)):
        for case in cases:
            function(*case)
    assert checks.same(cases, before)


# --- seeds --------------------------------------------------------------------------------------


def test_right_and_wrong_are_told_with_points_and_seed(imported, capsys):
    name = 'channel_rows'
    result = check(name, defined(name, SOLUTIONS[name], imported), seed=7)
    assert result
    assert result == Result(name, passed=True, hint='', points=2, out_of=2, seed=7)
    assert capsys.readouterr().out == f'{name}: correct\n'
    result = check(name, lambda X: X.reshape(X.shape[0], -1), seed=7)
    assert (bool(result), result.points, result.out_of, result.seed) == (False, 0, 2, 7)
    line = 'this has one row per picture; one row per channel is asked for [seed 7]\n'
    assert capsys.readouterr().out == f'{name}: not yet - {line}'


def test_practice_is_checked_and_earns_nothing(imported, capsys):
    result = check('gram', defined('gram', SOLUTIONS['gram'], imported), seed=7)
    assert result == Result('gram', passed=True, hint='', points=0, out_of=0, seed=7)
    assert capsys.readouterr().out == 'gram: correct\n'


def test_the_same_seed_gives_the_same_data_and_another_gives_others():
    seen = []

    def answer(X):
        seen.append(X.asnumpy())
        return X

    assert check('gram', answer, seed=4) == check('gram', answer, seed=4)
    count = len(seen) // 2
    assert all(map(numpy.array_equal, seen[:count], seen[count:]))
    check('gram', answer, seed=5)
    assert not all(map(numpy.array_equal, seen[:count], seen[2 * count :]))


def test_each_check_has_a_fresh_seed_and_tells_it(monkeypatch, capsys):
    numbers = iter([31, 8])
    monkeypatch.setattr(checks.secrets, 'randbelow', lambda below: next(numbers))
    assert [check('gram', lambda X: X).seed for _ in range(2)] == [31, 8]
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(' [seed 31]')
    assert second.endswith(' [seed 8]')


def test_a_stub_and_what_is_no_function_name_no_seed(capsys):
    def gram(X):
        raise NotImplementedError

    check('gram', gram)
    check('gram', None)
    assert 'seed' not in capsys.readouterr().out


def test_what_an_answer_draws_itself_comes_from_the_seed_too():
    drew = []

    def shuffle(X):
        drew.append((random.random(), numpy.random.uniform(), float(np.random.uniform())))
        return X

    for seed in (1, 2, 1):
        examine(TASKS['shuffle_pixels'], shuffle, seed)
    assert drew[0] == drew[2]
    assert all(one != other for one, other in zip(drew[0], drew[1]))


def test_a_check_does_not_seed_what_the_notebook_draws_afterwards():
    def later(seed):
        random.seed(5), numpy.random.seed(5), npx.random.seed(5)
        examine(TASKS['shuffle_pixels'], lambda X: X, seed)
        return random.random(), numpy.random.uniform(), float(np.random.uniform())

    assert later(1) == later(2)


def test_data_on_which_two_mistakes_look_alike_are_drawn_again(imported):
    draws = iter([[(0,)], [(1,)], [(1,)], [(-1,)]])
    task = Task(
        name='doubled',
        points=1,
        solve=lambda x: 2 * x,
        cases=lambda rng: next(draws),
        mistakes=(Mistake(lambda x: x, 'not doubled'), Mistake(abs, 'not doubled, no sign')),
    )
    assert drawn(task, 0).cases == [(-1,)]
    with pytest.raises(RuntimeError, match='tell from each other: not doubled / not doubled, no'):
        drawn(replace(task, cases=lambda rng: [(1,)]), 0)
    with pytest.raises(RuntimeError, match='tell what is right from: not doubled'):
        drawn(replace(task, cases=lambda rng: [(0,)]), 0)


# --- what else is told --------------------------------------------------------------------------


def test_the_same_for_different_arguments_is_named():
    fixed = np.ones((4, 4))
    result = check('explained', lambda stds, count: fixed.mean(), seed=1)
    assert 'same for different arguments' in result.hint


def test_what_was_given_must_not_be_changed(imported):
    source = SOLUTIONS['adam_step']
    changed = source.replace('m = 0.9 * m + 0.1 * g', 'm *= 0.9\n    m += 0.1 * g')
    assert changed != source
    answer = defined('adam_step', changed, imported)
    assert 'changes what it was given' in check('adam_step', answer, seed=1).hint


@pytest.mark.parametrize(
    ('answer', 'hint'),
    [
        (None, "give your function too: check('gram', gram)"),
        (3, 'without brackets'),
        (lambda X: None, 'is the return missing?'),
        (lambda: 1, 'is called with 1 argument, but'),
        (lambda X: X[0, 0, 0, 0], 'array of shape'),
        (lambda X: 'G', 'it must return an array'),
        (lambda X: X, 'not of shape'),
        (lambda X: np.zeros((X.shape[0], X.shape[1], X.shape[1])) / 0, 'NaN'),
        (lambda X: 1 / 0, 'your code raised ZeroDivisionError: division by zero (line'),
        (lambda X: sys.exit(1), 'your code raised SystemExit'),
        (lambda X: X.reshape(7, 7, 7, 7, 7, 7, 7, 7), 'your code raised'),
        (lambda X: unknown_name, 'NameError'),  # noqa: F821
    ],
)
def test_all_else_is_told_plainly(answer, hint, capsys):
    result = check('gram', answer, seed=1)
    assert not result
    assert hint in result.hint
    out, err = capsys.readouterr()
    assert 'Traceback' not in out + err
    assert out.count('\n') == 1


def test_the_packages_own_function_does_not_count():
    assert "the package's own" in check('gram', losses.gram).hint


@pytest.mark.parametrize(
    ('body', 'module'),
    [
        ('from mxnet import autograd\nreturn Y_hat', 'mxnet.autograd'),
        ('from styletransfer import mrf\nreturn Y_hat', 'styletransfer.mrf'),
        ('from styletransfer.mrf import patches\nreturn Y_hat', 'styletransfer.mrf'),
        ('import styletransfer.mrf as m\nreturn Y_hat', 'styletransfer.mrf'),
        ('with autograd.record():\n    return Y_hat', 'mxnet.autograd'),
        ('def inner():\n    return make_bank([Y])\nreturn inner()', 'styletransfer.mrf'),
        ('return [mrf.patches(X, 1) for X in (Y, Y_hat)]', 'styletransfer.mrf'),
    ],
)
def test_what_a_task_is_to_do_without_is_named(body, module, imported, capsys):
    names = {**imported, 'make_bank': mrf.make_bank, 'mrf': mrf}
    result = check('repaint', written('repaint', 'Y_hat, Y, alpha', body, names))
    assert result.hint == f'this task is to be solved without {module}: write it out'
    assert result.seed is None


def test_names_of_ones_own_are_allowed(imported):
    names = {**imported, 'patches': lambda Y, stride: Y}
    answer = written('repaint', 'Y_hat, Y, alpha', 'return patches(Y_hat, 1)', names)
    assert 'unchanged' in check('repaint', answer, seed=1).hint


def test_an_unknown_task_names_the_nearest(capsys):
    assert not check('gramm', None)
    assert "there is no task 'gramm'; did you mean 'gram'?" in capsys.readouterr().out


def test_under_nbgrader_a_wrong_answer_raises(monkeypatch):
    monkeypatch.setenv('NBGRADER_EXECUTION', 'autograde')
    with pytest.raises(AssertionError, match='gram: not yet'):
        check('gram', lambda X: X, seed=1)


def test_results_show_nothing_twice():
    assert str(Result('gram', False, 'no')) == 'gram: not yet - no'
    assert Result('gram', True)._ipython_display_() is None


@pytest.mark.parametrize('name', ['gram_gradient', 'paper_gradient'])
def test_a_derivation_is_made_without_autograd(name, imported, capsys):
    body = 'with autograd.record():\n    l = X.sum()\nl.backward()\nreturn X.grad'
    assert 'without mxnet.autograd' in check(name, written(name, 'X, A', body, imported)).hint


# --- our own solutions --------------------------------------------------------------------------


def test_our_adam_is_mxnets():
    parameter = gluon.Parameter('x', shape=(3,))
    parameter.initialize(init.One())
    trainer = gluon.Trainer({'x': parameter}, 'adam', {'learning_rate': 0.1})
    x, m, v = np.ones(3), np.zeros(3), np.zeros(3)
    for t in range(1, 6):
        with autograd.record():
            l = (parameter.data() ** 2 * np.array([1.0, 5.0, -2.0])).sum()
        l.backward()
        g = parameter.grad().copy()
        trainer.step(1)
        x, m, v = neural_style.adam_step(x, g, m, v, t, 0.1)
        assert abs(x - parameter.data()).max() < 1e-5


def test_a_known_receptive_field():
    sides = {'conv1_1': 3, 'conv1_2': 5, 'pool1': 6, 'conv4_4': 116, 'conv5_1': 156}
    for name, side in sides.items():
        first, last = what_the_layers_see.receptive_field(name, 3)
        assert last - first + 1 == side


@pytest.mark.parametrize(('name', 'place'), [('conv2_2', 5), ('pool2', 4), ('conv3_1', 3)])
def test_a_receptive_field_is_where_a_place_changes(name, place):
    """Change one column of a wide picture after the other, and see which ones are felt."""
    rng, width = numpy.random.default_rng(0), 64
    x, felt = rng.normal(0, 1, (width,)), []

    def at_layer(x):
        for layer in vgg_layer_names((2, 2, 2)):
            if layer.startswith('conv'):
                x = numpy.convolve(x, [0.3, 1, 0.5], 'same')
            elif layer.startswith('pool'):
                x = x.reshape(-1, 2).mean(axis=1)
            if layer == name:
                return x[place]

    for column in range(width):
        changed = x.copy()
        changed[column] += 1
        if at_layer(changed) != at_layer(x):
            felt.append(column)
    first, last = what_the_layers_see.receptive_field(name, place, (2, 2, 2))
    assert felt == list(range(max(0, first), last + 1))


@pytest.mark.parametrize('body', [COLORS, SYMMETRIC], ids=['triangular', 'symmetric'])
def test_either_root_of_the_covariance_will_do(body, imported, draw_once):
    unbiased = body.replace('/ len(centred)', '/ (len(centred) - 1)')
    turned = body.replace('A = np.dot(root_c,', 'Q = np.eye(3)[[2, 0, 1]]\nA = np.dot(root_c @ Q,')
    for other in (body, unbiased, turned):
        answer = written('match_colors', 'style, content', other, imported)
        for seed in SEEDS:
            assert examine(TASKS['match_colors'], answer, seed) is None


def test_the_colours_may_come_as_numpys_array(imported):
    answer = defined('match_colors', SOLUTIONS['match_colors'], imported)
    assert check('match_colors', lambda style, content: answer(style, content).asnumpy(), seed=1)


def test_the_newest_step_is_what_its_change_leads_back_to():
    """The secant condition, H y = s, holds for our direction -H g."""
    for _, pairs in drawn(TASKS['descent_direction'], 1).cases[:3]:
        s, y = pairs[0]
        assert abs(the_original.descent_direction(y, pairs) + s).max() < 1e-4


def test_our_guided_gram_is_that_of_the_region():
    X = np.array(numpy.random.default_rng(1).normal(0, 1, (3, 4, 6)), dtype='float32')
    half = np.zeros((4, 6))
    half[:, :3] = 1
    for T, region in ((np.ones((4, 6)), X), (half, X[..., :3]), (half / 2, X[..., :3])):
        got = TASKS['guided_grams'].solve(X, T[None])
        assert abs(got - losses.gram(region[None])).max() < 1e-5
