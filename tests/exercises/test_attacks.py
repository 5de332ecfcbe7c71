"""No mark is stolen and none is lost: what F. Ault would hand in, with walls and without.

Without walls, as on a system that has no namespaces, answers are judged elsewhere all the same:
what the tests of forgeries ask holds there too. What only walls keep anybody from is tried without
them as well, where that harms nobody, so that the attempts themselves are known to work.
"""

import csv
import gc
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import attacks
import nbformat
import pytest
from student_notebooks import EXERCISES, ROOT, SOLUTIONS, namespace, submission

from styletransfer.exercises import check, checks
from styletransfer.exercises import student as students
from styletransfer.exercises.__main__ import main
from styletransfer.exercises.judge import Marking
from styletransfer.exercises.student import Limits, Student

LIMITS = Limits(cell=20, check=20, notebook=300)
PACKAGE = ROOT / 'styletransfer'
WALLS = pytest.mark.parametrize('walls', [True, False], ids=['walls', 'no walls'])


@pytest.fixture(scope='module')
def processes():
    """Return what gives a student's process, with walls or without; the same to all who ask."""
    kept = {}

    def process(walls):
        if walls not in kept:
            kept[walls] = Student(LIMITS, walls).__enter__()
        return kept[walls]

    yield process
    for one in kept.values():
        one.__exit__()


def verdict(student, name, source):
    """Return the hint that a notebook of one cell is given, None if it passes."""
    told = {}
    marking = Marking(
        [], [name], LIMITS, 7, True, lambda n, hint, tried: told.update({n: hint}), 0
    )
    student.asked('cell', 20, source=f'{name} = None')
    student.asked('cell', 20, source=source)
    marking.check(student, name)
    return told[name]


def attempt(student, source, **about):
    """Return what a student's attempt at something tells."""
    assert student.asked('cell', 20, source=source.format(**about)) == {'done': 'ok'}
    return student.function('attempt', 40)()


def test_this_machine_has_walls():
    assert students.why_no_walls() is None


# --- marks that are not theirs ------------------------------------------------------------------


@WALLS
@pytest.mark.parametrize('name', attacks.FORGERIES)
def test_a_forgery_earns_nothing(name, walls, processes):
    assert verdict(processes(walls), 'gram', attacks.FORGERIES[name]) is not None


@WALLS
def test_nor_do_all_of_them_together_and_what_knows_our_process(walls):
    with Student(LIMITS, walls) as student:
        for source in attacks.LATER_FORGERIES.values():
            assert verdict(student, 'gram', source) is not None


@WALLS
def test_an_honest_answer_beside_forgeries_is_right(walls, processes):
    verdict(processes(walls), 'gram', attacks.FORGERIES['a thread'])
    honest = 'from styletransfer import losses\n' + SOLUTIONS['lr_at']
    assert verdict(processes(walls), 'lr_at', honest) is None


@pytest.mark.parametrize('name', attacks.FORGERIES)
def test_each_forgery_would_succeed_in_one_process_with_the_check(name, monkeypatch, capsys):
    for module in [m for n, m in sys.modules.items() if n.startswith('styletransfer.exercises')]:
        for part in ('compare', 'difference', 'fault', 'same', 'examine'):
            if hasattr(module, part):
                monkeypatch.setattr(module, part, getattr(module, part))  # to undo what is done
    monkeypatch.setattr(checks.Result, '__init__', checks.Result.__init__)
    gc.unfreeze()  # see conftest
    names = namespace()
    exec(attacks.FORGERIES[name], names)
    assert check('gram', names['gram'], seed=7)


# --- what a student's process sees, changes, reaches and leaves ---------------------------------


@pytest.fixture
def others(tmp_path):
    """What is somebody else's: a notebook in a folder, a process, and a port that listens."""
    (tmp_path / 'class').mkdir()
    notebook = tmp_path / 'class' / 'ada.ipynb'
    notebook.write_text('of Ada')
    process = subprocess.Popen(['sleep', '100'])
    with socket.create_server(('127.0.0.1', 0)) as server, process:
        yield SimpleNamespace(
            secret=str(notebook),
            folder=str(tmp_path / 'class'),
            process=process.pid,
            port=server.getsockname()[1],
            poll=process.poll,
        )
        process.kill()


def test_walls_hide_the_notebooks_of_others_and_the_solutions(processes, others):
    files = [others.secret, EXERCISES / 'solutions' / '01-neural-style.md', __file__]
    files += [PACKAGE / 'exercises' / name for name in ('checks.py', 'task.py', 'judge.py')]
    files += [PACKAGE / 'exercises' / 'tasks' / 'neural_style.py', Path.home() / '.bashrc']
    for file in map(str, files):
        assert attempt(processes(True), attacks.READ, secret=file) == 'FileNotFoundError', file
    assert attempt(processes(False), attacks.READ, secret=others.secret) == 'of Ada'


@WALLS
def test_what_students_import_has_no_tasks(walls, processes):
    for name in ('tasks', 'checks', 'grade'):
        source = f'import styletransfer.exercises.{name}'
        assert processes(walls).asked('cell', 20, source=source)['name'] == 'ModuleNotFoundError'
    source = "from styletransfer.exercises import check, speak\nspeak('zh')\ncheck('gram', print)"
    assert processes(walls).asked('cell', 20, source=source) == {'done': 'ok'}


def test_walls_keep_what_is_not_theirs_from_being_changed(processes, others):
    files = [others.secret, PACKAGE / 'losses.py', PACKAGE / 'new.py', ROOT / 'new', '/usr/new']
    files += [
        Path(nbformat.__file__),
        '/new',
        '/etc/new',
        str(Path.home() / 'new'),
        PACKAGE / 'exercises/new',
    ]
    for file in map(str, files):
        there = Path(file).read_bytes() if Path(file).exists() else None
        assert attempt(processes(True), attacks.WRITE, secret=file) != 'done', file
        assert (Path(file).read_bytes() if Path(file).exists() else None) == there
    assert attempt(processes(True), attacks.WRITE, secret='mine') == 'done'
    attempt(processes(True), attacks.DELETE, folder=others.folder)
    assert Path(others.secret).read_text() == 'of Ada'
    assert attempt(processes(False), attacks.WRITE, secret=others.secret) == 'done'
    assert Path(others.secret).read_text() == 'forged'
    attempt(processes(False), attacks.DELETE, folder=others.folder)
    assert not Path(others.folder).exists()


def test_walls_cannot_be_dug_through(processes, others):
    exercises = PACKAGE / 'exercises'
    solutions = exercises / 'tasks' / 'neural_style.py'
    dug, why = attempt(processes(True), attacks.DIG, folder=str(exercises), secret=str(solutions))
    assert 'tasks' not in dug
    assert 'def ' not in dug
    assert f'cat: {solutions}: No such file' in why or 'unshare' in why


def test_walls_have_no_network(processes, others):
    assert attempt(processes(True), attacks.CONNECT, **vars(others)) != 'done'
    assert attempt(processes(False), attacks.CONNECT, **vars(others)) == 'done'


def test_walls_keep_others_processes_alive(processes, others):
    assert attempt(processes(True), attacks.KILL, **vars(others)) == 'ProcessLookupError'
    assert others.poll() is None
    assert attempt(processes(False), attacks.KILL, **vars(others)) == 'done'
    time.sleep(0.1)
    assert others.poll() is not None


@WALLS
def test_nothing_outlives_the_marking(walls, others):
    with Student(LIMITS, walls) as student:
        assert attempt(student, attacks.STAY, **vars(others))
        written = Path(others.secret).read_text()
    assert (written == 'of Ada') == walls
    Path(others.secret).write_text('marks')
    time.sleep(0.2)
    assert Path(others.secret).read_text() == 'marks'


@WALLS
def test_processes_memory_and_files_have_limits(walls, monkeypatch):
    few = {'NPROC': 40, **({} if walls else {'FSIZE': 10**7})}
    limits_of = students.limits_of
    monkeypatch.setattr(students, 'limits_of', lambda limits: {**limits_of(limits), **few})
    with Student(LIMITS, walls) as student:
        assert attempt(student, attacks.GROW) == 'MemoryError'
        kind, written = attempt(student, attacks.FILL)
        assert (kind, written) == ('OSError', pytest.approx(2.5e8 if walls else 10**7, rel=0.01))
        if walls:  # root, who may be running this, has as many processes as root likes
            assert attempt(student, attacks.MULTIPLY) < 40


def test_a_students_process_knows_no_secrets_of_the_teachers(monkeypatch):
    monkeypatch.setenv('API_TOKEN', 'abc')
    assert 'API_TOKEN' not in students.variables('/student')
    told = str(students.plan(['x'], LIMITS, '/tmp/x', True, 5))
    assert 'abc' not in told


def test_python_is_seen_where_only_its_owner_may_look(tmp_path, monkeypatch):
    closed = tmp_path / 'environment'  # as `mktemp -d` makes it, in which CI has its environment
    closed.mkdir()
    (closed / 'library.txt').write_text('seen')
    closed.chmod(0o700)
    everything = [*students.shown(), str(closed)]
    monkeypatch.setattr(students, 'shown', lambda: everything)
    source = f"def attempt():\n    return open('{closed}/library.txt').read()"
    with Student(LIMITS, True) as student:
        assert attempt(student, source) == 'seen'


# --- a class ------------------------------------------------------------------------------------


def read_csv(path):
    with open(path, encoding='utf-8-sig', newline='') as file:
        return {row['student']: row for row in csv.DictReader(file)}


@pytest.fixture
def class_(tmp_path, others):
    """Write a class, hostile and honest, and return its folder; the honest are right."""
    folder = tmp_path / 'handed-in'
    about_ = {'secret': str(folder / 'zoe.ipynb'), 'folder': str(folder), 'process': os.getpid()}

    def write(hostile):
        for name, source in hostile.items():
            cells = {'lr_at': source.format(**{**about_, 'process': others.process})}
            submission(folder / f'{name}.ipynb', ('lr_at', 'undo'), cells)
        for name in ('ada', 'zoe'):
            submission(folder / f'{name}.ipynb', ('lr_at', 'undo'))
        return folder

    return write


def test_whatever_one_does_the_others_are_marked(tmp_path, class_):
    names = ('killer', 'overwriter', 'stayer', 'slayer')
    hostile = {n: {**attacks.HOSTILE, **attacks.WALLED_ONLY}[n] for n in names}
    folder = class_(hostile)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    arguments = [str(folder), '--csv', str(tmp_path / 'grades.csv'), '--jobs', '2', '--cell', '5']
    assert main(['grade', *arguments]) == 0
    table = read_csv(tmp_path / 'grades.csv')
    assert {name: row['points'] for name, row in table.items() if name in ('ada', 'zoe')} == {
        'ada': '3',
        'zoe': '3',
    }
    assert all(table[name]['lr_at'] == '0' for name in names)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_without_walls_a_notebook_is_marked_as_it_was_handed_in(
    tmp_path, class_, monkeypatch, capsys
):
    monkeypatch.setattr('styletransfer.exercises.grade.why_no_walls', lambda: 'none today')
    folder = class_({'killer': attacks.HOSTILE['killer'], 'eraser': attacks.HOSTILE['eraser']})
    arguments = [str(folder), '--csv', str(tmp_path / 'grades.csv'), '--cell', '5']
    assert main(['grade', *arguments]) == 0
    assert not folder.exists()
    table = read_csv(tmp_path / 'grades.csv')
    assert {row['points'] for name, row in table.items() if name in ('ada', 'zoe')} == {'3'}
    told = capsys.readouterr().err.splitlines()[0]
    assert told.startswith("students' code runs without walls here (none today): it could read")
