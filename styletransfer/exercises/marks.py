"""What a class earned: a table for the teacher, a file for spreadsheets, a report a student."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from styletransfer.errors import printable
from styletransfer.exercises.checks import Result
from styletransfer.exercises.language import translated
from styletransfer.exercises.tasks import TASKS, chapters_with, names_in
from styletransfer.files import replacing


@dataclass
class Marked:
    """What a student's notebooks earned: a result for each task, and what was noticed."""

    student: str
    results: Dict[str, Result] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)

    @property
    def seed(self) -> str:
        """The seed of the data that the functions were tried on, '' if none was tried."""
        seeds = {one.seed for one in self.results.values() if one.seed is not None}
        return ', '.join(map(str, sorted(seeds)))

    def add(self, other: Marked) -> None:
        """Take in what another notebook of the same student earned; the better answer counts."""
        for name, result in other.results.items():
            if result or name not in self.results:
                self.results[name] = result
        self.notes += other.notes


def failed(name: str, hint: str, seed: Optional[int] = None) -> Result:
    """Return the result of a task that earns nothing, and why."""
    return Result(name, False, printable(hint), 0, TASKS[name].points, seed)


def columns(class_: Sequence[Marked]) -> List[str]:
    """Return the tasks that anybody handed in something for, in the order of the chapters."""
    return names_in(chapters_with({name for one in class_ for name in one.results}) or {1})


def rows(class_: Sequence[Marked]) -> List[List[Any]]:
    """Return the table of points, its head first: student, points of each task, sum, seed."""
    names = columns(class_)
    table: List[List[Any]] = [['student', *names, 'points', 'out_of', 'seed', 'notes']]
    out_of = sum(TASKS[name].points for name in names)
    for one in class_:
        points = [one.results[name].points for name in names]
        last = [sum(points), out_of, one.seed, '; '.join(one.notes)]
        table.append([one.student, *points, *last])
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


def report(one: Marked, lang: str = 'en') -> str:
    """Return what a student is told, in a language: a line for each task, in Markdown."""
    say = partial(translated, lang=lang)
    points = sum(result.points for result in one.results.values())
    out_of = sum(result.out_of for result in one.results.values())
    lines = [say(f'# {one.student}: {points} of {out_of} points'), '']
    lines += [say('| task | points | |'), '|---|---|---|']
    for name in (name for name in TASKS if name in one.results):
        result = one.results[name]
        said = say('correct' if result else f'not yet - {result.hint}').replace('|', '\\|')
        lines.append(f'| {name} | {result.points} / {result.out_of} | {said} |')
    lines += ['', *(f'- {say(note)}' for note in one.notes)] if one.notes else []
    if one.seed:
        again = say(f'`check(name, function, seed={one.seed})` tries the same data again.')
        lines += ['', again]
    return '\n'.join(lines) + '\n'


def write_reports(folder: Path, class_: Sequence[Marked], lang: str = 'en') -> None:
    """Write one report for each student into a folder, in a language."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in class_:
        with replacing(folder / f'{one.student}.md') as temporary:
            temporary.write_text(report(one, lang), encoding='utf-8')


def table(class_: Sequence[Marked]) -> str:
    """Return the points of a class as text, one line for each student, one column a task."""
    head, *body = [row[:-2] for row in rows(class_)]
    short = [head[0], *(f'{i}' for i in range(1, len(head) - 2)), *head[-2:]]
    grid = [[str(value) for value in row] for row in (short, *body)]
    widths = [max(map(len, column)) for column in zip(*grid)]
    lines = [
        ' '.join([row[0].ljust(widths[0]), *(v.rjust(w) for v, w in zip(row[1:], widths[1:]))])
        for row in grid
    ]
    names = ', '.join(f'{i} {name}' for i, name in enumerate(head[1:-2], start=1))
    seeds = sorted({one.seed for one in class_} - {''})
    again = [f'seed: {seed} (--seed {seed} gives these marks again)' for seed in seeds]
    return '\n'.join([*lines, '', f'tasks: {names}', *again])


def lost(class_: Sequence[Marked]) -> Optional[str]:
    """Return a line on notebooks in which something went wrong, None if there are none."""
    count = sum(bool(one.notes) for one in class_)
    return f'{count} with notes: see the reports' if count else None
