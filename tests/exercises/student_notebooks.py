"""The teacher's solutions, and functions and notebooks as students write them."""

import json
import os
import re
from pathlib import Path

import nbformat

from styletransfer.exercises.grade import code_cells
from styletransfer.exercises.judge import PRELUDE
from styletransfer.exercises.release import LARGEST, is_answers, student_source
from styletransfer.exercises.tasks import TASKS

ROOT = Path(__file__).parent.parent.parent
EXERCISES = ROOT / 'chapters' / 'exercises'
_BESIDE = sorted((EXERCISES / 'solutions').glob('[0-9][0-9]-*.md'))
SOURCES = [path for path in _BESIDE if not is_answers(path)]
ANSWERS = [path for path in _BESIDE if is_answers(path)]
ENGLISH = [path for path in SOURCES if not path.name.endswith('.zh.md')]
IMPORTS = PRELUDE.replace('matplotlib.use', '# ')
# as in the Chinese notebooks, whose language is not that of the marks
CHECK = "from styletransfer.exercises import check\nstyletransfer.exercises.speak('zh')"


def definitions(path):
    """Return the source of each function of a task in a notebook."""
    found = {}
    for source in code_cells(path):
        match = re.search(r'^def (\w+)', source, re.MULTILINE)
        if match and match[1] in TASKS:
            found[match[1]] = source
    return found


SOLUTIONS = {n: source for path in ENGLISH for n, source in definitions(path).items()}
STUBS = {name: student_source(source) for name, source in SOLUTIONS.items()}


def english_left(text):
    """Return words of English that stand side by side in a text, and not in quotes."""
    return re.findall(r'\b[a-z]{2,} [a-z]{2,}\b', re.sub("'[^']*'", '', text))


def namespace():
    """Return the names that a student's notebook has after its first cell."""
    names = {'__name__': 'student'}
    exec(IMPORTS, names)
    return names


def defined(name, source, names):
    """Return a function that a cell defines."""
    names = dict(names)
    exec(compile(source, '<cell>', 'exec'), names)
    return names[name]


def written(name, arguments, body, names):
    """Return a function as a student would write it."""
    lines = '\n'.join('    ' + line for line in body.strip('\n').splitlines())
    return defined(name, f'def {name}({arguments}):\n{lines}\n', names)


def submission(path, names, edits=None):
    """Write a solved notebook of a few tasks, some of its cells edited, and return it."""
    edits = edits or {}
    cells = [nbformat.v4.new_code_cell(IMPORTS + CHECK)]
    for name in names:
        cells.append(nbformat.v4.new_code_cell(edits.get(name, SOLUTIONS[name])))
        cells.append(nbformat.v4.new_code_cell(f"check('{name}', {name})"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    path.parent.mkdir(exist_ok=True, parents=True)
    nbformat.write(notebook, str(path))
    return notebook


def _of(cells):
    """Return what writes a notebook of these cells."""
    notebook = {'cells': cells, 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 5}
    return _bytes(json.dumps(notebook).encode())


def _code(**more):
    cell = {'cell_type': 'code', 'metadata': {}, 'outputs': [], 'execution_count': None}
    return _of([{**cell, **more}])


def _bytes(content):
    return lambda path: path.write_bytes(content)


def _huge(path):
    with open(path, 'wb') as file:
        file.truncate(LARGEST + 1)


# what students hand in that is no notebook, by name, as functions that write it to a path
MALFORMED = {
    'empty': _bytes(b''),
    'cut': _bytes(b'{"cells": '),
    'list': _bytes(b'[]'),
    'number': _bytes(b'5'),
    'no-cells': _bytes(b'{"metadata": {}, "nbformat": 4, "nbformat_minor": 5}'),
    'no-list-of-cells': _of({}),
    'cell-is-no-dict': _of([5]),
    'no-cell-type': _of([{'source': 'x = 1'}]),
    'source-is-a-number': _code(source=5),
    'source-is-none': _code(source=None),
    'source-of-numbers': _code(source=['x = 1', 5]),
    'no-source': _code(),
    'no-version': _bytes(b'{"cells": [], "nbformat": [], "nbformat_minor": 5}'),
    'deep': _bytes(b'[' * 100_000),
    'deep-cells': _bytes(b'{"nbformat": 4, "cells": ' + b'[' * 50_000 + b']' * 50_000 + b'}'),
    'binary': _bytes(bytes(range(256))),
    'latin-1': _bytes('{"nbformat": 4, "cells": [], "by": "André"}'.encode('latin-1')),
    'huge': _huge,
    'folder': os.mkdir,
    'pipe': os.mkfifo,
    'dangling': lambda path: path.symlink_to('nowhere'),
    'endless': lambda path: path.symlink_to('/dev/zero'),
    'unreadable': lambda path: path.symlink_to('/proc/self/mem'),
    '\x1b[2Jerase\r': _code(source=5),
    'not-utf-8-\udcff': _code(source=5),
}
