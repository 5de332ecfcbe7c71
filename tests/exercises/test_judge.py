"""What is judged outside is what a notebook's check says: for every task, right and wrong."""

from functools import lru_cache

import pytest
from student_notebooks import IMPORTS, SOLUTIONS, STUBS
from wrong_answers import WRONG

from styletransfer.exercises import checks
from styletransfer.exercises.checks import drawn
from styletransfer.exercises.judge import Marking
from styletransfer.exercises.student import Limits, Student
from styletransfer.exercises.tasks import TASKS

LIMITS = Limits(cell=60, check=60)


@pytest.fixture(scope='module')
def student():
    """Return a student's process in which nothing but the notebooks' first cell was run."""
    with Student(LIMITS, walls=True) as process:
        assert process.asked('cell', 100, source=IMPORTS) == {'done': 'ok'}
        yield process


@pytest.fixture
def hint(student, monkeypatch):
    """Return what tells a function's hint, None if it is right, on data that are drawn once."""
    monkeypatch.setattr(checks, 'drawn', lru_cache(maxsize=None)(drawn))

    def told(name, source):
        found = []
        marking = Marking([], [name], LIMITS, 7, True, lambda *what: found.append(what), print)
        assert student.asked('cell', 60, source=source) == {'done': 'ok'}
        assert marking.check(student, name) == 'ok'
        return found[0][1]

    return told


def source_of(name, arguments, body):
    return f'def {name}({arguments}):\n' + '\n'.join('    ' + line for line in body.splitlines())


@pytest.mark.parametrize('name', TASKS)
def test_verdicts_are_those_of_a_notebook(name, hint):
    assert hint(name, SOLUTIONS[name]) is None
    assert 'still empty' in hint(name, STUBS[name])
    arguments, wrong = WRONG[name]
    # our solutions, on which a few wrong answers of the tests are built, are not there
    tried = [pair for pair in wrong if 'styletransfer.exercises' not in pair[0]]
    for body, part in tried[:3] + tried[-1:]:
        assert part in hint(name, source_of(name, arguments, body.strip('\n')))


def test_what_an_answer_draws_itself_comes_from_the_seed(student):
    source = 'def drew():\n    return numpy.random.uniform(), float(np.random.uniform())'
    student.asked('cell', 20, source='import random\n' + source)
    seen = []
    for seed in (1, 2, 1):
        student.asked('look', 20, name='drew', forbidden=[], seed=seed)
        seen.append([student.function('drew', 20)() for _ in range(2)])
    assert seen[0] == seen[2]
    assert seen[0][0] != seen[0][1] != seen[1][0]


def test_what_a_task_takes_away_is_taken_away_there(hint):
    source = 'def colourised(*_):\n    import pymatting'
    assert 'write the Laplacian yourself' in hint('colourised', source)


def test_a_function_that_takes_too_long_costs_no_other_task(student, monkeypatch):
    found = {}
    limits = Limits(check=0.5)
    marking = Marking(
        [], [], limits, 7, True, lambda n, hint, tried: found.update({n: hint}), print
    )
    loop = (
        'def gram(X):\n    while True:\n        try:\n            pass\n        except Exception:'
    )
    student.asked('cell', 20, source=loop + '\n            pass')
    student.asked('cell', 20, source=SOLUTIONS['lr_at'])
    assert marking.check(student, 'gram') == 'timeout'
    marking.limits = LIMITS
    assert marking.check(student, 'lr_at') == 'ok'
    assert 'ran longer than 0 seconds' in found['gram']
    assert found['lr_at'] is None
