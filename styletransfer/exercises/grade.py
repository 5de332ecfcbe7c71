"""Marking a class: every notebook in a process of its own, every task for itself.

The students' cells are run from top to bottom; then our own checks, not theirs, are made of the
functions they defined. A cell or a check that ends the process or does not end itself is left out
when the notebook is run anew, so it costs its own task and no other.

This keeps accidents from harming anybody. It is no defence against a student who sets out to
forge marks: their code runs beside the check, as in every autograder that runs in one process.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from styletransfer.errors import InputError, printable
from styletransfer.exercises.checks import Result, fresh_seed
from styletransfer.exercises.kernel import SECONDS_TO_START, Kernel, Reply
from styletransfer.exercises.marks import Marked, columns, failed
from styletransfer.exercises.release import read_notebook
from styletransfer.exercises.tasks import TASKS, chapters_with, names_in

# what the notebooks import in their first cell, for those whose first cell is lost
PRELUDE = """
import styletransfer
import math
import numpy
from dataclasses import replace
import matplotlib
matplotlib.use('agg')
from matplotlib import pyplot as plt
from mxnet import autograd, gluon, image, init, np, npx
from mxnet.gluon import nn
from styletransfer import losses
from styletransfer.images import load_image, postprocess, preprocess, resized
from styletransfer.images import rgb_mean, rgb_std, samples
from styletransfer.losses import content_loss, style_loss
from styletransfer.objective import compute_loss
from styletransfer.recipes import TUTORIAL, Recipe, Stage
from styletransfer.vgg import extract_features, get_net, vgg_layer_names
"""

# the true check is kept under a name that nobody guesses; the students' own checks do nothing,
# so that a function that never returns is waited for only once
SETUP = """
import styletransfer.exercises as {token}
{token}_check = {token}.check
{token}.check = lambda name, *_, **__: {token}.Result(str(name), False, 'checked later')
"""

# Jupyter's exit() and quit() stop the kernel a moment later, in a cell that has nothing to do with
# it; here they raise SystemExit at once, as in a program
NO_LATE_EXIT = """
def _leave():
    raise SystemExit
get_ipython().ask_exit = _leave
del _leave
"""

LIMIT_MEMORY = """
import resource
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
"""


class Limits(NamedTuple):
    """What one notebook may use."""

    cell: float = 30.0  # seconds for one cell of the student's
    check: float = 30.0  # seconds for one check
    notebook: float = 600.0  # seconds for all of them, starts included
    memory: float = 4.0  # GB of address space; MXNet itself takes about one


DEFAULT_LIMITS = Limits()


def mark(cells: Sequence[str], names: Sequence[str], limits: Limits, seed: int) -> Marked:
    """Run the code cells of one notebook and check the tasks; nothing in them can stop this."""
    end = time.monotonic() + limits.notebook
    marking = Marking(cells, names, limits, seed, end)
    marked = marking.marked
    while len(marked.results) < len(names):
        if time.monotonic() >= end:
            marked.notes.append(f'stopped: {limits.notebook:.0f} seconds were not enough')
            break
        with Kernel() as kernel:
            marking.attempt(kernel)
    for name in names:
        if name not in marked.results:
            marked.results[name] = failed(name, 'not reached in the time that a notebook has')
    return marked


@dataclass
class Marking:
    """The marking of one notebook, which may need several kernels, one after the other."""

    cells: Sequence[str]
    names: Sequence[str]
    limits: Limits
    seed: int
    end: float  # of its time
    marked: Marked = field(default_factory=lambda: Marked(''))
    skipped: Set[int] = field(default_factory=set)

    def attempt(self, kernel: Kernel) -> None:
        """Run all cells but those skipped, check what is not marked, until the kernel dies."""
        token = f'_{secrets.token_hex(8)}'
        kernel.run(NO_LATE_EXIT + PRELUDE + SETUP.format(token=token), SECONDS_TO_START)
        if sys.platform.startswith('linux'):
            kernel.run(LIMIT_MEMORY.format(limit=int(self.limits.memory * 1e9)), 10)
        once_more: List[int] = []
        for first, order in ((True, range(len(self.cells))), (False, once_more)):
            for i in order:
                if i in self.skipped:
                    continue
                if time.monotonic() > self.end:
                    return
                reply = self.run_cell(kernel, i)
                if reply.status == 'error' and reply.name == 'NameError' and first:
                    once_more.append(i)  # the cell it needs may stand further down
                if reply.status == 'died':
                    return
        for name in self.names:
            if name in self.marked.results:
                continue
            if time.monotonic() > self.end or self.check(kernel, token, name).status == 'died':
                return

    def run_cell(self, kernel: Kernel, i: int) -> Reply:
        """Run one cell; note one that does not end, or ends Python, and leave it out later."""
        seconds = self.limits.cell
        reply = kernel.run(self.cells[i], seconds)
        if reply.status in ('timeout', 'died'):
            late = f'ran longer than {seconds:.0f} seconds'
            what = late if reply.status == 'timeout' else 'ended Python'
            self.marked.notes.append(f'code cell {i + 1} {what}: left out')
            self.skipped.add(i)
        return reply

    def check(self, kernel: Kernel, token: str, name: str) -> Reply:
        """Check one task and keep the result."""
        seconds = self.limits.check
        reply = kernel.run(
            f'{token} = {token}_check({name!r}, globals().get({name!r}), {self.seed})',
            seconds,
            [f'({token}.passed, {token}.hint)', f'{name!r} in globals()'],
        )
        points = TASKS[name].points
        if reply.status == 'ok' and reply.values[0] is not None:
            (passed, hint), there = reply.values
            if passed is True:
                result = Result(name, True, '', points, points, self.seed)
            elif there:
                result = failed(name, str(hint), self.seed)
            else:
                result = failed(name, f'there is no function {name} in the notebook')
        else:
            why = {
                'timeout': f'ran longer than {seconds:.0f} seconds: does a loop never end?',
                'died': 'the function ended Python, or could not be stopped',
            }
            hint = why.get(reply.status, f'the check broke off ({reply.name})')
            result = failed(name, hint, self.seed)
        self.marked.results[name] = result
        return reply


def chapters_of(cells: Sequence[str]) -> Set[int]:
    """Return the chapters whose tasks a notebook defines functions for.

    A name counts with the cell that checks it, if there are such cells: in chapter 4 many a
    student calls a variable `gram`, and does not mean the task of chapter 1.
    """
    text = '\n'.join(cells)
    defined = set(re.findall(r'^[ \t]*(?:def[ \t]+)?(\w+)[ \t]*[(=]', text, re.MULTILINE))
    checked = set(re.findall(r"""\bcheck\(\s*['"](\w+)""", text))
    names = (defined & checked & set(TASKS)) or defined
    return chapters_with(names)


def code_cells(path: Path) -> List[str]:
    """Return the source of a notebook's code cells."""
    cells = read_notebook(path).cells
    return [cell.source for cell in cells if cell.cell_type == 'code' and cell.source.strip()]


def submissions(paths: Sequence[Path]) -> Iterator[Tuple[str, Path]]:
    """Yield the student and the path of every notebook in files and folders.

    In a folder, ``FOLDER/ada/01.ipynb`` is Ada's, and so is ``FOLDER/ada.ipynb``.

    Raises
    ------
    InputError
        If a path does not exist, or there is no notebook at all.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise InputError(f"cannot grade '{printable(str(path))}': no such file or folder")
        if path.is_file():
            found.append((path.stem, path))
            continue
        for notebook in sorted(path.rglob('*.ipynb')):
            inside = notebook.relative_to(path)
            if not any(part.startswith('.') for part in inside.parts):
                found.append((inside.parts[0] if inside.parts[1:] else inside.stem, notebook))
    if not found:
        where = printable(', '.join(map(str, paths)))
        raise InputError(f'no notebooks (.ipynb) found in {where}')
    for student, path in found:
        yield printable(student), path


def mark_file(student: str, path: Path, limits: Limits, seed: int) -> Marked:
    """Mark the notebook in a file; one that cannot be read earns nothing, but is not lost."""
    names: List[str] = []
    try:
        cells = code_cells(path)
        names = names_in(chapters_of(cells))
        marked = mark(cells, names, limits, seed)
        if not names:
            marked.notes.append(printable(f'{path.name} holds no function of any task'))
    except InputError as error:
        marked = Marked('', notes=[str(error)])
    except Exception as error:  # of the grader's own: the other students' marks must not be lost
        why = f'grading of {path.name} broke off ({type(error).__name__}: {error})'
        results = {name: failed(name, 'not graded') for name in names}
        marked = Marked('', results, [printable(why)])
    finally:
        with suppress(RuntimeError):  # where jupyter_client made no event loop for this thread
            asyncio.get_event_loop().close()
    marked.student = student
    return marked


def grade(
    paths: Sequence[Path],
    limits: Limits = DEFAULT_LIMITS,
    jobs: int = 1,
    on_student: Optional[Callable[[List[Marked]], None]] = None,
    seed: Optional[int] = None,
) -> List[Marked]:
    """Mark all notebooks in files and folders; return one entry for each student, by name.

    Everybody's functions are tried on the same data, those of `seed` if it is given, fresh ones
    else. As soon as all notebooks of a student are marked, `on_student` is called with the
    entries of all students who are done, so that they can be kept.
    """
    seed = fresh_seed() if seed is None else seed
    found = list(submissions(paths))
    parts: Dict[int, Marked] = {}
    with ThreadPoolExecutor(jobs) as pool:
        runs = {
            pool.submit(mark_file, student, path, limits, seed): i
            for i, (student, path) in enumerate(found)
        }
        try:
            for run in as_completed(runs):
                i = runs[run]
                student, path = found[i]
                parts[i] = run.result()
                points = sum(result.points for result in parts[i].results.values())
                print(printable(f'{path}: {points} points'), file=sys.stderr, flush=True)
                if on_student and student not in _waited_for(found, parts):
                    on_student(_assembled(found, parts))
        finally:  # after Ctrl-C, too: what has not begun need not begin
            for run in runs:
                run.cancel()
    return _assembled(found, parts)


def _waited_for(found: Sequence[Tuple[str, Path]], parts: Dict[int, Marked]) -> Set[str]:
    """Return the students who have a notebook that is not marked yet."""
    return {student for i, (student, _) in enumerate(found) if i not in parts}


def _assembled(found: Sequence[Tuple[str, Path]], parts: Dict[int, Marked]) -> List[Marked]:
    """Put together what each student's notebooks earned, for the students who are done."""
    marked: Dict[str, Marked] = {}
    unfinished = _waited_for(found, parts)
    for i, (student, _) in enumerate(found):
        if student not in unfinished:
            marked.setdefault(student, Marked(student)).add(parts[i])
    class_ = sorted(marked.values(), key=lambda one: one.student)
    given = columns(class_)
    for one in class_:
        for name in given:
            one.results.setdefault(name, failed(name, 'not handed in'))
    return class_
