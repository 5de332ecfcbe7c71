"""From the teacher's notebook to the students': solutions out, nbgrader's metadata in.

In the source a solution stands between two comments, as nbgrader has them too:

    def gram(X):
        ### BEGIN SOLUTION
        ...
        ### END SOLUTION

The cell that calls ``check('gram', gram)`` is the one that earns points. Figures that a text shows
go into the notebook, so that it can be handed out alone. Beside the notebooks
lie the model answers, ``NN-answers.md``; they are for teachers, and no notebook is made of them.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

from styletransfer.errors import InputError, printable
from styletransfer.exercises.tasks import TASKS
from styletransfer.files import replacing

BEGIN, END = '### BEGIN SOLUTION', '### END SOLUTION'
LARGEST = 20_000_000  # bytes of a notebook that is read
STUB = ('# YOUR CODE HERE', 'raise NotImplementedError')
_FIGURE = re.compile(r'!\[[^\]]*\]\(([^):]+\.jpg)\)')
_CHECK = re.compile(r"^check\('(\w+)', \w+\)$", re.MULTILINE)


def read_notebook(path: Path) -> Any:
    """Return the notebook in an .ipynb, or in a Markdown file that jupytext reads.

    Raises
    ------
    InputError
        If there is no such file, it is too large, or it is not a notebook.
    """
    path, shown = Path(path), printable(str(path))
    if not path.is_file():
        why = 'not a regular file' if path.exists() else 'no such file'
        raise InputError(f"cannot read notebook '{shown}': {why}")
    if path.stat().st_size > LARGEST:
        raise InputError(f"'{shown}' has more than {LARGEST // 10**6} MB: clear its outputs")
    try:
        notebook = _read(path)
    except ImportError as error:  # jupytext is needed for Markdown only
        raise InputError(
            f"'{shown}' is read with {error.name}: pip install {error.name}"
        ) from None
    except Exception as error:  # every kind of damage ends in another exception
        raise InputError(f"'{shown}' is not a notebook ({type(error).__name__})") from error
    if not isinstance(notebook.get('cells'), list):
        raise InputError(f"'{shown}' is not a notebook: it has no list of cells")
    for number, cell in enumerate(notebook.cells, start=1):
        if not _is_cell(cell):
            raise InputError(f"'{shown}' is not a notebook: its cell {number} has no text")
    return notebook


def _is_cell(cell: Any) -> bool:
    return isinstance(cell, dict) and all(
        isinstance(cell.get(part), str) for part in ('cell_type', 'source')
    )


def _read(path: Path) -> Any:
    """Return the notebook in a file, converted to version 4 of the format, but not examined."""
    import nbformat

    if path.suffix == '.md':
        import jupytext

        return jupytext.read(path)
    return nbformat.convert(nbformat.reader.reads(path.read_text(encoding='utf-8')), 4)


def student_source(source: str) -> str:
    """Return a cell's code with the stub in place of each solution.

    Raises
    ------
    InputError
        If a solution begins that does not end, or the other way round.
    """
    lines: List[str] = []
    inside = False
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside is (mark == BEGIN):
                raise InputError(f"a cell has '{mark}' where the other mark should be")
            inside = mark == BEGIN
            if inside:
                indent = line[: len(line) - len(line.lstrip())]
                lines += [indent + stub for stub in STUB]
        elif not inside:
            lines.append(line)
    if inside:
        raise InputError(f"a cell has no '{END}'")
    return '\n'.join(lines)


def nbgrader_metadata(source: str) -> Dict[str, Any]:
    """Return nbgrader's note on a code cell of the teacher's, empty if it is not of a task.

    Raises
    ------
    InputError
        If the cell checks a task that does not exist.
    """
    note = {'schema_version': 3, 'task': False}
    checked = _CHECK.findall(source)
    if checked:
        name = checked[0]
        if name not in TASKS:
            raise InputError(f"a cell checks '{name}', but there is no such task")
        points = TASKS[name].points
        kind = {'grade': True, 'solution': False, 'locked': True, 'points': points}
        return {**note, **kind, 'grade_id': f'check-{name}'}
    if BEGIN in source:
        name = re.search(r'^def (\w+)', source, re.MULTILINE)[1]  # type: ignore[index]
        return {**note, 'grade': False, 'solution': True, 'locked': False, 'grade_id': name}
    return {}


def figures_inside(text: str, folder: Path) -> Tuple[str, Dict[str, Any]]:
    """Return a text whose figures are attached to its cell, and the attachments.

    Raises
    ------
    InputError
        If there is no such figure.
    """
    attached = {}
    for shown in _FIGURE.findall(text):
        path = folder / shown
        if not path.is_file():
            raise InputError(f"a cell shows '{shown}', but there is no such file")
        attached[path.name] = {'image/jpeg': base64.b64encode(path.read_bytes()).decode()}
        text = text.replace(f']({shown})', f'](attachment:{path.name})')
    return text, attached


def is_answers(path: Path) -> bool:
    """Return whether a file has model answers, as ``01-answers.zh.md``, and no tasks."""
    return path.name.split('.')[0].endswith('-answers')


def release(path: Path, folder: Path, solutions: bool = False) -> Path:
    """Write the students' notebook of a teacher's notebook, and return its path.

    Parameters
    ----------
    path : Path
        The teacher's notebook, .md or .ipynb.
    folder : Path
        Where the notebook goes, under the same name; it is made if need be.
    solutions : bool
        Keep the solutions: what ``nbgrader generate_assignment`` reads.

    Raises
    ------
    InputError
        If the file has model answers, which no student is to have, is not a notebook, or shows a
        figure that is not there.
    """
    import nbformat

    if is_answers(path):
        raise InputError(f"'{printable(str(path))}' has the model answers: it stays with teachers")

    notebook = read_notebook(path)
    for i, cell in enumerate(notebook.cells):
        note = nbgrader_metadata(cell.source) if cell.cell_type == 'code' else {}
        cell.metadata = {'nbgrader': note} if note else {}
        cell['id'] = f'{i:02d}-{note["grade_id"]}' if note else f'{i:02d}'
        if cell.cell_type == 'markdown':
            cell.source, attached = figures_inside(cell.source, Path(path).parent)
            if attached:
                cell['attachments'] = attached
        if cell.cell_type == 'code':
            cell.execution_count, cell.outputs = None, []
            if not solutions:
                cell.source = student_source(cell.source)
    notebook.metadata = {
        'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'},
        'language_info': {'name': 'python'},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(path).with_suffix('.ipynb').name
    with replacing(target) as temporary:
        nbformat.write(notebook, str(temporary))
    return target
