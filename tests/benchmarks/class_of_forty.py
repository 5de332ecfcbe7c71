"""A class of forty, honest and hostile, graded in one command: no mark lost, none stolen.

    PYTHONPATH=tests/exercises python tests/benchmarks/class_of_forty.py FOLDER --jobs 2

Fifteen students have solved some of chapter 1 each, others forge marks in fourteen ways, and the
rest do harm in eleven. All that is honest must earn its points, and nothing else any; only what a
forger has spoilt of their own may be lost. The folder must be new; the table is left in it. How
long it took is told at the end.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'exercises'))

import attacks
from student_notebooks import STUBS, submission

from styletransfer.exercises.__main__ import main as command
from styletransfer.exercises.tasks import CHAPTERS, TASKS

FIRST = [task.name for task in CHAPTERS[1]]
SHORT = ('undo', 'gram', 'lr_at')


def write_class(folder: Path, process: int) -> dict[str, dict[str, int]]:
    """Write the notebooks, and return the points that each student's tasks must earn."""
    earned = {}
    rng = numpy.random.default_rng(40)

    def write(name, names, edits):
        submission(folder / f'{name}.ipynb', names, edits)
        earned[name] = {n: 0 if n in edits else TASKS[n].points for n in names}

    for i in range(15):
        unsolved = rng.permutation(FIRST)[: rng.integers(0, 5)]
        write(f'honest{i:02d}', FIRST, {str(n): STUBS[n] for n in unsolved})
    forgeries = {**attacks.FORGERIES, **attacks.LATER_FORGERIES}
    for i, source in enumerate(forgeries.values()):
        write(f'forger{i:02d}', SHORT, {'gram': source})
    about = {'secret': str(folder / 'honest14.ipynb'), 'folder': str(folder), 'process': process}
    for name, source in {**attacks.HOSTILE, **attacks.WALLED_ONLY}.items():
        write(name, SHORT, {'lr_at': source.format(**about)})
    return earned


def main() -> int:
    """Write, grade, compare; return how many marks are not as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--jobs', default='2')
    arguments = parser.parse_args()
    handed_in, table = arguments.folder / 'handed-in', arguments.folder / 'grades.csv'
    bystander = subprocess.Popen(['sleep', '7200'])
    try:
        earned = write_class(handed_in, bystander.pid)
        before = {path: path.read_bytes() for path in handed_in.iterdir()}
        start = time.monotonic()
        code = command(
            [
                'grade',
                str(handed_in),
                '--csv',
                str(table),
                '--jobs',
                arguments.jobs,
                '--cell',
                '20',
            ]
        )
        seconds = time.monotonic() - start
        alive = bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    with open(table, encoding='utf-8-sig', newline='') as file:
        rows = {row['student']: row for row in csv.DictReader(file)}
    wrong = 0
    for student, points in earned.items():
        for name, most in points.items():
            got = rows.get(student, {}).get(name)
            spoilt = student.startswith('forger') and got == '0'
            if got != str(most) and not spoilt:
                wrong += 1
                print(f'{student}: {name} {got}, not {most}')
    changed = before != {path: path.read_bytes() for path in handed_in.iterdir()}
    print(f'{len(rows)} students, {seconds:.0f} s; marks that are not as they should be: {wrong}')
    print(f'exit {code}; bystander alive: {alive}; notebooks changed: {changed}')
    return wrong


if __name__ == '__main__':
    sys.exit(main())
