"""The command for teachers: ``python -m styletransfer.exercises grade FOLDER --csv grades.csv``.

``release`` makes the students' notebooks from the teacher's, ``grade`` marks what comes back, and
``gallery`` puts the pictures that the class made on one page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Sequence

from styletransfer.command import Parser, argument, finite, jobs, natural, positive
from styletransfer.exercises.language import LANGUAGES, known
from styletransfer.exercises.marks import Marked, lost, table, write_csv, write_reports
from styletransfer.exercises.release import is_answers, release


def release_parser() -> Parser:
    """Return the parser of the command that makes the students' notebooks."""
    parser = Parser('exercises release', "Make the students' notebooks of the teacher's.")
    add = parser.add_argument
    add('paths', nargs='+', type=Path, metavar='NOTEBOOK', help="the teacher's, .md or .ipynb")
    add('--output', type=Path, required=True, metavar='FOLDER', help='where they go')
    add('--solutions', action='store_true', help='keep the solutions, as nbgrader wants them')
    return parser


def grade_parser() -> Parser:
    """Return the parser of the command that marks; its limits are those of `Limits`."""
    from styletransfer.exercises.student import Limits

    parser = Parser('exercises grade', 'Mark notebooks: a row a student, a column a task.')
    add = parser.add_argument
    add('paths', nargs='+', type=Path, metavar='FOLDER', help='folders or notebooks')
    add('--csv', type=Path, metavar='FILE', help='write the points to this file')
    add('--reports', type=Path, metavar='FOLDER', help='write a report for each student there')
    languages = ' or '.join(LANGUAGES)
    add(
        '--lang',
        type=argument(known),
        default='en',
        help=f'of the reports: {languages} (%(default)s)',
    )
    add('--jobs', type=argument(positive), default=1, help='notebooks at a time (%(default)s)')
    add('--seed', type=argument(natural), help='of the data, to see earlier marks again')
    limits = {
        'cell': 'seconds for one cell',
        'check': 'seconds for one check',
        'notebook': 'seconds for one notebook',
        'memory': 'GB of address space for one notebook (Linux)',
    }
    for name, about in limits.items():
        default = Limits._field_defaults[name]
        add(f'--{name}', type=argument(finite), default=default, help=f'{about} (%(default)g)')
    return parser


def gallery_parser() -> Parser:
    """Return the parser of the command that puts the pictures of a class on one page."""
    parser = Parser('exercises gallery', 'Put the pictures that a class made on one page.')
    add = parser.add_argument
    add('paths', nargs='+', type=Path, metavar='FOLDER', help='folders or notebooks')
    add('--output', type=Path, default=Path('gallery.html'), metavar='FILE', help='%(default)s')
    languages = ' or '.join(LANGUAGES)
    add('--lang', type=argument(known), default='en', help=f'of the page: {languages}')
    return parser


def run_gallery(argv: List[str]) -> int:
    """Write the page of what the class made; run no code of the students'."""
    from styletransfer.exercises.gallery import write_gallery

    arguments = gallery_parser().parse_args(argv)
    count = write_gallery(arguments.paths, arguments.output, arguments.lang)
    print(f'{arguments.output}: {count} {"entry" if count == 1 else "entries"}')
    return 0


def run_release(argv: List[str]) -> int:
    """Make the students' notebooks of the teacher's; pass over the answers among them."""
    arguments = release_parser().parse_args(argv)
    notebooks = [path for path in arguments.paths if not is_answers(path)]
    for path in notebooks or arguments.paths:
        print(release(path, arguments.output, arguments.solutions))
    return 0


def run_grade(argv: List[str]) -> int:
    """Mark notebooks: a row a student, a column a task."""
    from styletransfer.exercises.grade import grade
    from styletransfer.exercises.student import Limits

    arguments = grade_parser().parse_args(argv)
    limits = Limits(arguments.cell, arguments.check, arguments.notebook, arguments.memory)

    def keep(class_: Sequence[Marked]) -> None:
        print(table(class_))
        if lost(class_):
            print(lost(class_))
        if arguments.csv:
            write_csv(arguments.csv, class_)
        if arguments.reports:
            write_reports(arguments.reports, class_, arguments.lang)

    grade(arguments.paths, limits, arguments.jobs, keep, seed=arguments.seed)
    return 0


main = jobs(
    'exercises',
    'For teachers: the notebooks that students fill in, and their marks.',
    {'grade': run_grade, 'release': run_release, 'gallery': run_gallery},
)

if __name__ == '__main__':
    sys.exit(main())
