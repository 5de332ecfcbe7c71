"""Marking a class: every notebook in a process of its own, every task for itself.

The students' cells are run from top to bottom; then our own checks, not theirs, are made of the
functions they defined. A cell or a check that ends the process or does not end itself is left out
when the notebook is run anew, so it costs its own task and no other.

This keeps accidents from harming anybody. It is no defence against a student who sets out to
forge marks: their code runs beside the check, as in every autograder that runs in one process.
"""

from __future__ import annotations

import ast
import asyncio
import csv
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import (
    Any,
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

from styletransfer.errors import InputError
from styletransfer.exercises.checks import Result
from styletransfer.exercises.release import read_notebook
from styletransfer.exercises.tasks import TASKS
from styletransfer.files import replacing

# what the notebooks import in their first cell, for those whose first cell is lost
PRELUDE = """
import styletransfer
import math
from dataclasses import replace
import matplotlib
matplotlib.use('agg')
from matplotlib import pyplot as plt
from mxnet import autograd, gluon, image, init, np, npx
from mxnet.gluon import nn
from styletransfer import losses
from styletransfer.images import load_image, postprocess, preprocess, rgb_mean, rgb_std, samples
from styletransfer.losses import content_loss, style_loss
from styletransfer.objective import compute_loss
from styletransfer.recipes import D2L_ZH, Recipe, Stage
from styletransfer.vgg import extract_features, get_net, vgg_layer_names
"""

# the true check is kept under a name that nobody guesses; the students' own checks do nothing,
# so that a function that never returns is waited for only once
SETUP = """
import styletransfer.exercises as {token}
{token}_check = {token}.check
{token}.check = lambda name, answer=None: {token}.Result(str(name), False, 'checked later')
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


SECONDS_TO_START = 120


class Limits(NamedTuple):
    """What one notebook may use."""

    cell: float = 30.0  # seconds for one cell of the student's
    check: float = 30.0  # seconds for one check
    notebook: float = 600.0  # seconds for all of them, starts included
    memory: float = 4.0  # GB of address space; MXNet itself takes about one


DEFAULT_LIMITS = Limits()


class Reply(NamedTuple):
    """How a piece of code ended: 'ok', 'error', 'timeout', 'died'; and what was asked of it."""

    status: str
    name: str = ''  # of the exception
    values: Tuple[Any, ...] = ()


class Kernel:
    """A fresh Python process of Jupyter's, in an empty folder of its own."""

    def __init__(self, limits: Limits) -> None:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import KernelManager

        class ThisPython(KernelSpecManager):
            """Starts the Python that runs this, whatever kernels are installed."""

            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                argv = [sys.executable, '-m', 'ipykernel_launcher', '-f', '{connection_file}']
                return KernelSpec(argv=argv, display_name='Python 3', language='python')

        self.limits = limits
        self.folder = tempfile.TemporaryDirectory()
        self.manager = KernelManager(kernel_name='python3', kernel_spec_manager=ThisPython())

    def __enter__(self) -> Kernel:
        import styletransfer

        package = str(Path(styletransfer.__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [package, os.environ.get('PYTHONPATH')]))
        environment = {**os.environ, 'PYTHONPATH': path, 'MPLBACKEND': 'agg'}
        environment.pop('NBGRADER_EXECUTION', None)
        self.manager.start_kernel(
            cwd=self.folder.name,
            env=environment,
            stdout=subprocess.DEVNULL,  # what the students print
            stderr=subprocess.DEVNULL,
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS_TO_START)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.folder.cleanup()

    def run(self, code: str, seconds: float, asked: Sequence[str] = ()) -> Reply:
        """Run code for at most so many seconds, then evaluate the expressions asked for."""
        sent = self.client.execute(
            code,
            store_history=False,
            allow_stdin=False,
            stop_on_error=False,
            user_expressions={str(i): expression for i, expression in enumerate(asked)},
        )
        reply = self._wait(sent, seconds)
        if reply.status == 'timeout':
            self.manager.interrupt_kernel()
            if self._wait(sent, 3).status in ('timeout', 'died'):
                return Reply('died')  # it does not listen: as good as dead
        return reply

    def _wait(self, sent: str, seconds: float) -> Reply:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                message = self.client.get_shell_msg(timeout=0.2)
            except Empty:
                if not self.manager.is_alive():
                    return Reply('died')
                continue
            if message['parent_header'].get('msg_id') == sent:
                return _reply(message['content'])
        return Reply('timeout')


def _reply(content: Dict[str, Any]) -> Reply:
    if content['status'] != 'ok':
        return Reply('error', content.get('ename', ''))
    values = []
    for i in range(len(content.get('user_expressions', {}))):
        answer = content['user_expressions'][str(i)]
        text = answer.get('data', {}).get('text/plain', 'None')
        try:
            values.append(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            values.append(None)
    return Reply('ok', '', tuple(values))


@dataclass
class Marked:
    """What a student's notebooks earned: a result for each task, and what was noticed."""

    student: str
    results: Dict[str, Result] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)

    def add(self, other: Marked) -> None:
        """Take in what another notebook of the same student earned; the better answer counts."""
        for name, result in other.results.items():
            if result or name not in self.results:
                self.results[name] = result
        self.notes += other.notes


def _failed(name: str, hint: str) -> Result:
    return Result(name, False, hint, 0, TASKS[name].points)


def mark(cells: Sequence[str], names: Sequence[str], limits: Limits) -> Marked:
    """Run the code cells of one notebook and check the tasks; nothing in them can stop this."""
    marked = Marked('')
    skipped: Set[int] = set()
    end = time.monotonic() + limits.notebook
    while len(marked.results) < len(names):
        left = end - time.monotonic()
        if left <= 0:
            marked.notes.append(f'stopped: {limits.notebook:.0f} seconds were not enough')
            break
        with Kernel(limits) as kernel:
            _attempt(kernel, cells, names, marked, skipped, end)
    for name in names:
        if name not in marked.results:
            marked.results[name] = _failed(name, 'not reached in the time that a notebook has')
    return marked


def _attempt(
    kernel: Kernel,
    cells: Sequence[str],
    names: Sequence[str],
    marked: Marked,
    skipped: Set[int],
    end: float,
) -> None:
    """Run all cells but those skipped, then check what is not marked, until the kernel dies."""
    limits, token = kernel.limits, f'_{secrets.token_hex(8)}'
    kernel.run(NO_LATE_EXIT + PRELUDE + SETUP.format(token=token), SECONDS_TO_START)
    if sys.platform.startswith('linux'):
        kernel.run(LIMIT_MEMORY.format(limit=int(limits.memory * 1e9)), 10)
    once_more: List[int] = []
    for first, order in ((True, range(len(cells))), (False, once_more)):
        for i in order:
            if i in skipped:
                continue
            if time.monotonic() > end:
                return
            reply = kernel.run(cells[i], limits.cell)
            if reply.status == 'error' and reply.name == 'NameError' and first:
                once_more.append(i)  # the cell it needs may stand further down
            if reply.status in ('timeout', 'died'):
                late = f'ran longer than {limits.cell:.0f} seconds'
                what = late if reply.status == 'timeout' else 'ended Python'
                marked.notes.append(f'code cell {i + 1} {what}: left out')
                skipped.add(i)
            if reply.status == 'died':
                return
    for name in names:
        if name in marked.results:
            continue
        if time.monotonic() > end:
            return
        reply = _checked(kernel, token, name, marked)
        if reply.status == 'died':
            return


def _checked(kernel: Kernel, token: str, name: str, marked: Marked) -> Reply:
    """Check one task and keep the result."""
    seconds = kernel.limits.check
    reply = kernel.run(
        f'{token} = {token}_check({name!r}, globals().get({name!r}))',
        seconds,
        [f'({token}.passed, {token}.hint)', f'{name!r} in globals()'],
    )
    if reply.status == 'ok' and reply.values[0] is not None:
        (passed, hint), there = reply.values
        if not there:
            hint = f'there is no function {name} in the notebook'
        points = TASKS[name].points
        result = Result(name, passed is True, hint, points * (passed is True), points)
    else:
        why = {
            'timeout': f'ran longer than {seconds:.0f} seconds: does a loop never end?',
            'died': 'the function ended Python, or could not be stopped',
        }
        result = _failed(name, why.get(reply.status, f'the check broke off ({reply.name})'))
    marked.results[name] = result
    return reply


def chapters_of(cells: Sequence[str]) -> Set[int]:
    """Return the chapters whose tasks a notebook defines functions for.

    A name counts with the cell that checks it, if there are such cells: in chapter 4 many a
    student calls a variable `gram`, and does not mean the task of chapter 1.
    """
    text = '\n'.join(cells)
    defined = set(re.findall(r'^\s*(?:def\s+)?(\w+)\s*[(=]', text, re.MULTILINE))
    checked = set(re.findall(r"""\bcheck\(\s*['"](\w+)""", text))
    names = (defined & checked & set(TASKS)) or defined
    return {task.chapter for name, task in TASKS.items() if name in names}


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
            raise InputError(f"cannot grade '{path}': no such file or folder")
        if path.is_file():
            found.append((path.stem, path))
            continue
        for notebook in sorted(path.rglob('*.ipynb')):
            inside = notebook.relative_to(path)
            if not any(part.startswith('.') for part in inside.parts):
                found.append((inside.parts[0] if inside.parts[1:] else inside.stem, notebook))
    if not found:
        raise InputError('no notebooks (.ipynb) found in ' + ', '.join(map(str, paths)))
    yield from found


def mark_file(student: str, path: Path, limits: Limits) -> Marked:
    """Mark the notebook in a file; one that cannot be read earns nothing, but is not lost."""
    try:
        cells = code_cells(path)
    except InputError as error:
        return Marked(student, notes=[str(error)])
    chapters = chapters_of(cells)
    names = [name for name, task in TASKS.items() if task.chapter in chapters]
    try:
        marked = mark(cells, names, limits)
    except Exception as error:  # of the grader's own: the other students' marks must not be lost
        marked = Marked(student, notes=[f'grading broke off ({type(error).__name__}: {error})'])
        marked.results = {name: _failed(name, 'not graded') for name in names}
    finally:
        with suppress(RuntimeError):  # where jupyter_client made no event loop for this thread
            asyncio.get_event_loop().close()
    marked.student = student
    if not names:
        marked.notes.append(f'{path.name} holds no function of any task')
    return marked


def grade(
    paths: Sequence[Path],
    limits: Limits = DEFAULT_LIMITS,
    jobs: int = 1,
    on_student: Optional[Callable[[List[Marked]], None]] = None,
) -> List[Marked]:
    """Mark all notebooks in files and folders; return one entry for each student, by name.

    As soon as all notebooks of a student are marked, `on_student` is called with the entries of
    all students who are done, so that they can be kept.
    """
    found = list(submissions(paths))
    parts: Dict[int, Marked] = {}
    with ThreadPoolExecutor(jobs) as pool:
        runs = {
            pool.submit(mark_file, student, path, limits): i
            for i, (student, path) in enumerate(found)
        }
        try:
            for run in as_completed(runs):
                i = runs[run]
                student, path = found[i]
                parts[i] = run.result()
                points = sum(result.points for result in parts[i].results.values())
                print(f'{path}: {points} points', file=sys.stderr, flush=True)
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
            one.results.setdefault(name, _failed(name, 'not handed in'))
    return class_


def columns(class_: Sequence[Marked]) -> List[str]:
    """Return the tasks that anybody handed in something for, in the order of the chapters."""
    chapters = {TASKS[name].chapter for one in class_ for name in one.results}
    return [name for name, task in TASKS.items() if task.chapter in (chapters or {1})]


def rows(class_: Sequence[Marked]) -> List[List[Any]]:
    """Return the table of points, its head first: student, points of each task, sum."""
    names = columns(class_)
    table: List[List[Any]] = [['student', *names, 'points', 'out_of', 'notes']]
    out_of = sum(TASKS[name].points for name in names)
    for one in class_:
        points = [one.results[name].points for name in names]
        table.append([one.student, *points, sum(points), out_of, '; '.join(one.notes)])
    return table


def write_csv(path: Path, class_: Sequence[Marked]) -> None:
    """Write the table of points to a file that spreadsheets read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # with the mark by which spreadsheets tell UTF-8, so that names keep their accents
    with replacing(path) as temporary, open(temporary, 'w', newline='', encoding='utf-8-sig') as f:
        csv.writer(f).writerows([_harmless(value) for value in row] for row in rows(class_))


def _harmless(value: Any) -> Any:
    """Keep a spreadsheet from taking a name or note for a formula."""
    return "'" + value if isinstance(value, str) and value[:1] in ('=', '+', '-', '@') else value


def report(one: Marked) -> str:
    """Return what a student is told: a line for each task, in Markdown."""
    points = sum(result.points for result in one.results.values())
    out_of = sum(result.out_of for result in one.results.values())
    lines = [f'# {one.student}: {points} of {out_of} points', '']
    lines += ['| task | points | |', '|---|---|---|']
    for name in (name for name in TASKS if name in one.results):
        result = one.results[name]
        said = 'correct' if result else 'not yet - ' + result.hint
        said = said.replace('|', '\\|')
        lines.append(f'| {name} | {result.points} of {result.out_of} | {said} |')
    lines += ['', *(f'- {note}' for note in one.notes)] if one.notes else []
    return '\n'.join(lines) + '\n'


def write_reports(folder: Path, class_: Sequence[Marked]) -> None:
    """Write one report for each student into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in class_:
        with replacing(folder / f'{one.student}.md') as temporary:
            temporary.write_text(report(one), encoding='utf-8')


def table(class_: Sequence[Marked]) -> str:
    """Return the points of a class as text, one line for each student, one column a task."""
    head, *body = [row[:-1] for row in rows(class_)]
    short = [head[0], *(f'{i}' for i in range(1, len(head) - 2)), *head[-2:]]
    grid = [[str(value) for value in row] for row in (short, *body)]
    widths = [max(map(len, column)) for column in zip(*grid)]
    lines = [
        ' '.join([row[0].ljust(widths[0]), *(v.rjust(w) for v, w in zip(row[1:], widths[1:]))])
        for row in grid
    ]
    names = ', '.join(f'{i} {name}' for i, name in enumerate(head[1:-2], start=1))
    return '\n'.join([*lines, '', f'tasks: {names}'])


def lost(class_: Sequence[Marked]) -> Optional[str]:
    """Return a line on notebooks in which something went wrong, None if there are none."""
    count = sum(bool(one.notes) for one in class_)
    return f'{count} with notes: see the reports' if count else None
