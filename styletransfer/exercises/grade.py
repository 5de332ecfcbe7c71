"""Marking a class: every notebook by a judge of its own, marks written when all have ended.

All notebooks are read before any of them is run, and the marks are those that the judges tell.
Nothing that a student's code leaves behind, or does to the files of others, is looked at again.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from styletransfer.errors import InputError, printable
from styletransfer.exercises.checks import Result, fresh_seed
from styletransfer.exercises.marks import Marked, columns, failed
from styletransfer.exercises.release import read_notebook
from styletransfer.exercises.student import (
    DEFAULT_LIMITS,
    SECONDS_TO_START,
    Limits,
    environment,
    why_no_walls,
)
from styletransfer.exercises.tasks import TASKS, chapters_with, names_in

NO_WALLS = (
    "students' code runs without walls here ({}): it could read and change what you can; "
    'chapters/exercises/README.md tells of a container that has them'
)


class Submission(NamedTuple):
    """A notebook that was handed in, as it was before any was run."""

    student: str
    path: Path
    cells: List[str]
    error: str = ''  # why there are none


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


def read(student: str, path: Path) -> Submission:
    """Return the notebook in a file; one that cannot be read is noted, not lost."""
    try:
        return Submission(student, path, code_cells(path))
    except InputError as error:
        return Submission(student, path, [], str(error))


def mark(cells: Sequence[str], names: Sequence[str], limits: Limits, seed: int) -> Marked:
    """Mark the code cells of one notebook by a judge of its own; nothing in them can stop this."""
    job = {'cells': cells, 'names': names, 'limits': limits, 'seed': seed}
    judge = subprocess.Popen(
        [sys.executable, '-m', 'styletransfer.exercises.judge'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    with judge:
        text = json.dumps({**job, 'walls': why_no_walls() is None}).encode()
        try:
            told, _ = judge.communicate(text, limits.notebook + 4 * SECONDS_TO_START)
        except subprocess.TimeoutExpired:
            judge.kill()
            told, _ = judge.communicate()
    marked = Marked('')
    for line in told.decode().split('\n')[:-1]:  # without one that was never finished
        found = json.loads(line)
        if 'note' in found:
            marked.notes.append(found['note'])
        else:
            marked.results[found['name']] = _result(**found, seed=seed)
    for name in names:
        if name not in marked.results:
            marked.results[name] = failed(name, 'not graded')
    if judge.returncode:
        marked.notes.append(f'its judge broke off (status {judge.returncode}): mark it again')
    return marked


def _result(name: str, hint: Optional[str], tried: bool, seed: int) -> Result:
    """Return the result of a task, as its judge told."""
    if hint is not None:
        return failed(name, hint, seed if tried else None)
    return Result(name, True, '', TASKS[name].points, TASKS[name].points, seed)


def mark_one(submission: Submission, limits: Limits, seed: int) -> Marked:
    """Mark a notebook that was handed in; one that could not be read earns nothing."""
    if submission.error:
        return Marked(submission.student, notes=[submission.error])
    names = names_in(chapters_of(submission.cells))
    shown = submission.path.name
    try:
        marked = mark(submission.cells, names, limits, seed)
        if not names:
            marked.notes.append(printable(f'{shown} holds no function of any task'))
    except Exception as error:  # of the grader's own: the other students' marks must not be lost
        why = f'grading of {shown} broke off ({type(error).__name__}: {error})'
        marked = Marked('', {name: failed(name, 'not graded') for name in names}, [printable(why)])
    marked.student = submission.student
    return marked


def grade(
    paths: Sequence[Path],
    limits: Limits = DEFAULT_LIMITS,
    jobs: int = 1,
    at_end: Callable[[List[Marked]], None] = lambda class_: None,
    seed: Optional[int] = None,
) -> List[Marked]:
    """Mark all notebooks in files and folders; return one entry for each student, by name.

    Everybody's functions are tried on the same data, those of `seed` if it is given, fresh ones
    else. In the end `at_end` is called with the entries; if it comes early, after Ctrl-C, with
    those of the students whose notebooks are all marked.
    """
    seed = fresh_seed() if seed is None else seed
    found = list(submissions(paths))
    if why_no_walls():
        print(printable(NO_WALLS.format(why_no_walls())), file=sys.stderr, flush=True)
    handed_in = [read(student, path) for student, path in found]  # all, before any can run
    parts: Dict[int, Marked] = {}
    try:
        with ThreadPoolExecutor(jobs) as pool:
            runs = {
                pool.submit(mark_one, submission, limits, seed): i
                for i, submission in enumerate(handed_in)
            }
            try:
                for run in as_completed(runs):
                    i = runs[run]
                    parts[i] = run.result()
                    points = sum(result.points for result in parts[i].results.values())
                    line = f'{found[i][1]}: {points} points'
                    print(printable(line), file=sys.stderr, flush=True)
            finally:  # after Ctrl-C, too: what has not begun need not begin
                for run in runs:
                    run.cancel()
    finally:
        class_ = _assembled(found, parts)
        at_end(class_)
    return class_


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
