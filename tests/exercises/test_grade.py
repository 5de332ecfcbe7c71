"""Classes are marked in one go: accidents cost their own task, and nobody's notebook stops it."""

import csv
import io
import json
import time
from concurrent.futures import Future
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import pytest
from student_notebooks import (
    ENGLISH,
    IMPORTS,
    MALFORMED,
    SOLUTIONS,
    STUBS,
    submission,
)

from styletransfer.errors import printable
from styletransfer.exercises import Result
from styletransfer.exercises.__main__ import main
from styletransfer.exercises.grade import chapters_of, code_cells, grade, mark
from styletransfer.exercises.marks import Marked, rows
from styletransfer.exercises.release import release
from styletransfer.exercises.student import Limits
from styletransfer.exercises.tasks import CHAPTERS, TASKS

QUICK = Limits(cell=60, check=4, notebook=1200)
FULL = {name: task.points for name, task in TASKS.items()}
FIRST = [task.name for task in CHAPTERS[1]]


def points(class_):
    head, *body = rows(class_)
    return {row[0]: dict(zip(head[1:], row[1:])) for row in body}


def read_csv(path):
    with open(path, encoding='utf-8-sig', newline='') as file:
        return {row['student']: row for row in csv.DictReader(file)}


# --- a class, each notebook in a process of its own ---------------------------------------------

ACCIDENTS = {
    'standardise': 'def standardise(img): 1 / 0',
    'undo': STUBS['undo'],
    'layer_number': 'X =',
    'gram': 'import os\ndef gram(X):\n    os._exit(1)',
    'total_variation': 'def total_variation(X):\n    while True:\n        pass',
    'is_frozen': 'import numpy\ndef is_frozen(net):\n    return numpy.ones((10**6, 10**6))',
    'lr_at': 'import os\nos._exit(0)',
    'carry_over': 'def carry_over(X, shape):\n    raise ValueError("\\x1b[2J \\udcff | x")',
}
HINTS = {
    'standardise': 'ZeroDivisionError',
    'undo': 'still empty',
    'layer_number': 'there is no function layer_number',
    'gram': 'ended Python',
    'total_variation': 'ran longer than 4 seconds',
    'is_frozen': 'MemoryError',
    'lr_at': 'there is no function lr_at',
    'carry_over': r'ValueError: \x1b[2J \udcff \| x',
}
FEW = ('standardise', 'gram', 'total_variation', 'lr_at')


def edited(path):
    """Write a notebook without its first cell, backwards, with some of its cells twice."""
    notebook = submission(path, FEW, {'gram': STUBS['gram']})
    cells = [cell for cell in notebook.cells if 'import styletransfer' not in cell.source]
    for cell in cells:
        if cell.source.startswith("check('total"):
            cell.source = "check = print\nprint('total_variation: correct')"
    copied = {**notebook, 'cells': cells[::-1] + cells[:2]}  # with two cells of one id
    path.write_text(json.dumps(copied))


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    """What the command writes and prints for a class of four, two at a time."""
    folder = tmp_path_factory.mktemp('class')
    right = release(ENGLISH[0], folder, solutions=True)
    right.rename(folder / 'right.ipynb')
    submission(folder / 'accidents' / 'one.ipynb', FIRST, ACCIDENTS)
    edited(folder / 'edited.ipynb')
    (folder / 'broken.ipynb').write_text('{"cells": ')
    submission(folder / '.ipynb_checkpoints' / 'right-checkpoint.ipynb', FIRST)
    out = tmp_path_factory.mktemp('marks')
    files = ['--csv', str(out / 'grades.csv'), '--reports', str(out / 'reports')]
    limits = ['--cell', '60', '--check', '4', '--notebook', '1200', '--jobs', '2']
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()):
        assert main(['grade', str(folder), *files, *limits, '--seed', '7']) == 0
    reports = {path.stem: path.read_text('utf-8') for path in (out / 'reports').iterdir()}
    return SimpleNamespace(
        table=read_csv(out / 'grades.csv'), reports=reports, printed=printed.getvalue()
    )


def earned(row):
    return {name: int(row[name]) for name in FIRST}


def test_every_student_has_a_row_and_a_report(graded):
    assert list(graded.table) == ['accidents', 'broken', 'edited', 'right']
    assert set(graded.reports) == set(graded.table)
    assert all(f'\n{name} ' in graded.printed for name in graded.table)


def test_a_solved_notebook_earns_everything(graded):
    assert earned(graded.table['right']) == {name: FULL[name] for name in FIRST}
    assert int(graded.table['right']['points']) == sum(FULL[name] for name in FIRST)
    assert graded.table['right']['notes'] == ''
    assert '| lr_at | 1 / 1 | correct |' in graded.reports['right']


def test_an_accident_costs_its_own_task_only_and_the_report_says_which(graded):
    lost = dict.fromkeys(ACCIDENTS, 0)
    assert earned(graded.table['accidents']) == {**{n: FULL[n] for n in FIRST}, **lost}
    lines = graded.reports['accidents'].splitlines()
    for name, hint in HINTS.items():
        assert any(line.startswith(f'| {name} |') and hint in line for line in lines), name
    assert 'code cell' in graded.table['accidents']['notes']


def test_a_notebook_in_disorder_is_marked_and_a_broken_one_noted(graded):
    nothing = dict.fromkeys(FIRST, 0)
    few = {name: FULL[name] for name in FEW}
    assert earned(graded.table['edited']) == {**nothing, **few, 'gram': 0}
    assert earned(graded.table['broken']) == nothing
    assert 'is not a notebook' in graded.table['broken']['notes']
    assert 'there is no function undo' in graded.reports['edited']


def test_the_seed_is_told_everywhere(graded):
    assert {row['seed'] for row in graded.table.values()} == {'7', ''}
    assert graded.table['broken']['seed'] == ''
    assert 'seed: 7 (--seed 7 gives these marks again)' in graded.printed
    assert '`check(name, function, seed=7)` tries the same data' in graded.reports['accidents']


@pytest.mark.parametrize('path', ENGLISH[1:], ids=lambda path: path.name)
def test_the_solved_notebooks_of_later_chapters_earn_everything(path, tmp_path):
    number = int(path.name[:2])
    ((name, row),) = points(
        grade([release(path, tmp_path, solutions=True)], QUICK, seed=7)
    ).items()
    assert name == path.stem
    assert row['points'] == row['out_of'] == sum(task.points for task in CHAPTERS[number])


def test_exit_ends_its_own_cell_and_no_later_one():
    # Jupyter's exit() lets the cell go on, and stops the kernel while a later one runs
    calls = ['def gram(X):\n    exit()', 'gram(1)', 'quit()', 'import time\ntime.sleep(1)']
    marked = mark([IMPORTS, *calls, SOLUTIONS['lr_at']], ['gram', 'lr_at'], QUICK, 7)
    assert marked.notes == []
    assert marked.results['lr_at']
    assert not marked.results['gram']
    assert 'SystemExit' in marked.results['gram'].hint


# --- files that are no notebooks, and odd names -------------------------------------------------


@pytest.fixture
def all_right(monkeypatch):
    """Grade without a kernel: whatever can be read is right."""

    def right(cells, names, limits, seed):
        return Marked('', {n: Result(n, True, '', FULL[n], FULL[n], seed) for n in names})

    monkeypatch.setattr('styletransfer.exercises.grade.mark', right)


def test_nobodys_notebook_stops_the_grading_of_the_others(tmp_path, all_right, capsys):
    folder = tmp_path / 'class'
    submission(folder / 'ada.ipynb', FEW)
    submission(folder / 'zoe.ipynb', FEW)
    submission(folder / 'zo\udcff.ipynb', FEW)
    submission(folder / '=1+\x1b]0;owned\x07.ipynb', FEW)
    for name, write in MALFORMED.items():
        write(folder / f'{name}.ipynb')
    files = ['--csv', str(tmp_path / 'grades.csv'), '--reports', str(tmp_path / 'reports')]
    assert main(['grade', str(folder), *files]) == 0
    table = read_csv(tmp_path / 'grades.csv')
    right = {'ada', 'zoe', r'zo\udcff', r"'=1+\x1b]0;owned\x07"}
    broken = {printable(name) for name in MALFORMED}
    assert set(table) == right | broken
    assert {table[student]['points'] for student in right} == {'39'}
    assert {table[student]['points'] for student in broken} == {'0'}
    assert all(table[student]['notes'] for student in broken)
    assert len(list((tmp_path / 'reports').iterdir())) == len(table)
    out, err = capsys.readouterr()
    assert f'{len(broken)} with notes' in out
    assert all(line.isprintable() for line in (out + err).splitlines())


def test_a_fault_of_the_graders_own_costs_one_student(tmp_path, monkeypatch, capsys):
    for name in ('ada', 'bob'):
        submission(tmp_path / f'{name}.ipynb', ('lr_at',))

    def failing(cells, names, limits, seed):
        if 'bob' in cells[-1]:
            raise RuntimeError('no kernel\x1b[2J')
        return Marked('', {n: Result(n, True, '', FULL[n], FULL[n], seed) for n in names})

    monkeypatch.setattr('styletransfer.exercises.grade.mark', failing)
    monkeypatch.setattr(
        'styletransfer.exercises.grade.code_cells', lambda path: [*code_cells(path), path.stem]
    )
    ada, bob = grade([tmp_path])
    assert (ada.notes, bob.notes) == (
        [],
        [r'grading of bob.ipynb broke off (RuntimeError: no kernel\x1b[2J)'],
    )
    assert not bob.results['lr_at']


# --- what is kept, and when ---------------------------------------------------------------------


def test_a_variable_called_like_a_task_of_another_chapter_is_none():
    cells = ['def guided_grams(X, T):\n    gram = 1', "check('guided_grams', guided_grams)"]
    assert chapters_of(cells) == {4}
    assert chapters_of(['gram = 1', *cells, "check('gram', gram)"]) == {1, 4}
    assert chapters_of(['lr_at = 1']) == {1}
    assert chapters_of(['x = 1']) == set()


def test_a_grading_draws_one_seed_for_all_and_takes_the_one_it_is_given(
    tmp_path, all_right, monkeypatch
):
    numbers = iter([31, 8])
    monkeypatch.setattr('secrets.randbelow', lambda below: next(numbers))
    for name in ('ada', 'bob'):
        submission(tmp_path / f'{name}.ipynb', ('lr_at',))
    assert {one.seed for one in grade([tmp_path])} == {'31'}
    assert {one.seed for one in grade([tmp_path], seed=12)} == {'12'}


def wait_for(condition):
    """Wait for another thread, which may be held up but not for a minute."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def test_an_interrupted_grading_keeps_who_was_done(tmp_path, monkeypatch, capsys):
    students = ['ada', 'bob', 'cai', 'dan', 'eve']
    for name in students:
        submission(tmp_path / 'class' / f'{name}.ipynb', ('lr_at',))
    reports, begun, cancelled = tmp_path / 'reports', [], []

    def slowly(handed_in, limits, seed):
        begun.append(handed_in.student)
        if handed_in.student == 'bob':  # Ctrl-C, when Ada's marks are there
            wait_for(lambda: 'ada.ipynb' in capsys.readouterr().err)
            raise KeyboardInterrupt
        if handed_in.student == 'cai':  # who is begun with meanwhile
            wait_for(lambda: len(cancelled) == len(students))
        return Marked(handed_in.student, {'lr_at': Result('lr_at', True, '', 1, 1)})

    def cancel(run):
        original(run)
        cancelled.append(run)

    original = Future.cancel
    monkeypatch.setattr(Future, 'cancel', cancel)
    monkeypatch.setattr('styletransfer.exercises.grade.mark_one', slowly)
    table = tmp_path / 'grades.csv'
    files = ['--csv', str(table), '--reports', str(reports)]
    assert main(['grade', str(tmp_path / 'class'), *files]) == 130
    assert {name: row['points'] for name, row in read_csv(table).items()} == {'ada': '1'}
    assert [path.name for path in reports.iterdir()] == ['ada.md']
    assert 'eve' not in begun


def test_marks_are_told_once_when_all_notebooks_of_all_students_are_marked(tmp_path, monkeypatch):
    for name in ('ada/one', 'ada/two', 'bob'):
        submission(tmp_path / f'{name}.ipynb', ('lr_at',))
    earned = {'one.ipynb': ('gram', 3), 'two.ipynb': ('lr_at', 1), 'bob.ipynb': ('gram', 3)}

    def at_once(handed_in, limits, seed):
        name, points = earned[handed_in.path.name]
        result = Result(name, True, '', points, points)
        return Marked(handed_in.student, {name: result}, [handed_in.path.name])

    monkeypatch.setattr('styletransfer.exercises.grade.mark_one', at_once)
    kept = []
    class_ = grade([tmp_path], at_end=kept.append)
    assert kept == [class_]
    assert points(class_)['ada']['points'] == 4
    assert [one.notes for one in class_] == [['one.ipynb', 'two.ipynb'], ['bob.ipynb']]


def test_a_table_that_cannot_be_written_loses_no_mark(tmp_path, monkeypatch, capsys):
    for name in ('ada', 'bob'):
        submission(tmp_path / 'class' / f'{name}.ipynb', ('lr_at',))
    (tmp_path / 'grades.csv').mkdir()  # nothing can take its place
    monkeypatch.setattr(
        'styletransfer.exercises.grade.mark_one',
        lambda handed_in, limits, seed: Marked(handed_in.student),
    )
    arguments = ['grade', str(tmp_path / 'class'), '--csv', str(tmp_path / 'grades.csv')]
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert 'ada' in out
    assert 'bob' in out
    assert 'cannot write' in err


def test_reports_are_in_the_language_asked_for(tmp_path, all_right, capsys):
    submission(tmp_path / 'class' / 'ada.ipynb', ('lr_at',))
    arguments = ['grade', str(tmp_path / 'class'), '--reports', str(tmp_path / 'reports')]
    for lang, line in (('zh', '| lr_at | 1 / 1 | 正确 |'), ('en', '| lr_at | 1 / 1 | correct |')):
        assert main([*arguments, '--lang', lang]) == 0
        assert line in (tmp_path / 'reports' / 'ada.md').read_text(encoding='utf-8')


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['grad', '.'], "did you mean 'grade'?"),
        (['grade', 'nowhere'], 'no such file or folder'),
        (['release', 'nothing.md', '--output', 'x'], 'no such file'),
        (['grade', '.', '--jobs', '0'], 'at least 1'),
        (['grade', '.', '--seed', '-1'], 'must not be below 0'),
        (['grade', '.', '--lang', 'fr'], "there is no language 'fr'; known: en, zh"),
        (['grade', 'no\x1b[2Jwhere'], r'no\x1b[2Jwhere'),
    ],
)
def test_a_users_mistake_is_one_line(argv, message, capsys):
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count('\n') == 1


def test_a_folder_without_notebooks_is_refused(tmp_path, capsys):
    assert main(['grade', str(tmp_path)]) == 2
    assert 'no notebooks' in capsys.readouterr().err
