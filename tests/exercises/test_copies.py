"""What is copied from a chapter, or from the package, earns next to nothing."""

import ast
import importlib
import inspect
import types
from functools import lru_cache

import numpy
import pytest
from student_notebooks import ENGLISH, EXERCISES, namespace

from styletransfer.exercises import checks
from styletransfer.exercises.checks import examine
from styletransfer.exercises.grade import code_cells
from styletransfer.exercises.tasks import CHAPTERS, TASKS

SHARE = 0.2  # of a chapter's points, at most
SEED = 5
# where what a task asks for could be found
MODULES = (
    *('images', 'losses', 'vgg', 'color', 'controls', 'lbfgs', 'canvas', 'mrf', 'photo'),
    *('feedforward.adain', 'feedforward.encoder', 'feedforward.johnson', 'feedforward.ghiasi'),
)
PAGES = {int(path.name[:2]): EXERCISES.parent / path.name for path in ENGLISH}


def statements(page):
    """Yield the statements of a chapter's code cells, those inside of functions included."""
    for source in code_cells(page):
        lines = ('pass' if line.startswith('%') else line for line in source.splitlines())
        try:
            yield from ast.walk(ast.parse('\n'.join(lines)))
        except SyntaxError:  # a cell of the shell's: it installs what is missing
            continue


def run(statement, names):
    """Run a statement of a chapter, if it can be run without those before it."""
    try:
        exec(compile(ast.Module([statement], []), '<chapter>', 'exec'), names)
    except Exception:
        return


def functions_of_chapter(number):
    """Return all functions that a chapter defines, wherever in a cell, by name."""
    names, found = namespace(), {}
    for statement in statements(PAGES[number]):
        assigned = isinstance(statement, ast.Assign) and is_constant(statement.value)
        if assigned or isinstance(statement, (ast.Import, ast.ImportFrom)):
            run(statement, names)
    for statement in statements(PAGES[number]):
        if isinstance(statement, ast.FunctionDef):
            run(statement, names)
            if statement.name in names:
                found[statement.name] = names[statement.name]
    return found


def is_constant(value):
    """Return whether an expression is made of numbers and words alone: rgb_mean, say."""
    called = ('np.array', 'numpy.array')
    parts = (n for n in ast.walk(value) if isinstance(n, ast.Call))
    return all(ast.unparse(part.func) in called for part in parts) and not any(
        isinstance(n, (ast.Subscript, ast.Lambda)) for n in ast.walk(value)
    )


def functions_of_package():
    """Return the functions of the package's modules on pictures and losses, by name."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(f'styletransfer.{name}')
        for function in vars(module).values():
            if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                found[f'{name}.{function.__name__}'] = function
    return found


def fits(function, cases):
    """Return whether a function can be called as a task calls it, as far as one can tell."""
    try:
        inspect.signature(function).bind(*cases[0])
    except TypeError:
        return False
    return True


def copies(task, functions):
    """Return the names of the functions that pass for an answer to a task."""
    cases, right = task.cases(numpy.random.default_rng(SEED)), []
    for name, function in functions.items():
        if cases and not fits(function, cases):
            continue
        if examine(task, lambda *given, f=function: f(*given), SEED) is None:
            right.append(name)
    return right


@pytest.mark.parametrize('number', CHAPTERS)
def test_copies_from_a_chapter_earn_next_to_nothing(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, 'drawn', lru_cache(maxsize=None)(checks.drawn))
    functions = {**functions_of_chapter(number), **functions_of_package()}
    assert len(functions) > 20
    found = {task.name: copies(task, functions) for task in CHAPTERS[number]}
    copied = {name for name, right in found.items() if right}
    earned = sum(TASKS[name].points for name in copied)
    assert earned <= SHARE * sum(task.points for task in CHAPTERS[number]), found
