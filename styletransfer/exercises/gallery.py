"""One page of the pictures that a class made: ``exercises gallery FOLDER``.

Of each notebook it takes what `my_picture` returns, as it is written in the cell, and the pictures
that the cells behind it have left. No student's code is run, and none gets into the page: words
are escaped, and pictures are decoded and written anew. The page is one file and loads nothing.
"""

from __future__ import annotations

import ast
import base64
import html
import sys
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from PIL import Image

from styletransfer.errors import InputError, printable
from styletransfer.exercises.grade import submissions
from styletransfer.exercises.language import translated
from styletransfer.exercises.release import read_notebook
from styletransfer.exercises.tasks.own_picture import MY_PICTURE, PARTS
from styletransfer.files import replacing

WIDTH = 1100  # of a picture on the page, at most
PIXELS = 40_000_000  # of a picture that is decoded, at most
PICTURES = 3  # of one student, at most: the last ones
LONGEST = 3000  # letters of one part of the words

_PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 70rem; margin: auto; padding: 1rem; }}
article {{ border-top: 1px solid #ccc; padding: 1rem 0; }}
img {{ max-width: 100%; }}
small {{ color: #555; }}
p {{ max-width: 45rem; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{title}</h1>
{entries}
</body>
</html>
"""


class Entry(NamedTuple):
    """What a student hands in for the page: words, and pictures as JPEG files."""

    student: str
    words: Dict[str, Any]
    pictures: List[bytes]


def words_of(cells: Sequence[Any]) -> Tuple[int, Optional[Dict[str, Any]]]:
    """Return the number of the last cell that says in plain words what `my_picture` returns.

    With it, return these words; None if there is no such cell.
    """
    for i, cell in reversed(list(enumerate(cells))):
        if cell.cell_type == 'code' and MY_PICTURE.name in cell.source:
            try:
                tree = ast.parse(cell.source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef) and function.name == MY_PICTURE.name:
                    found = _returned(function)
                    if found:
                        return i, found
    return len(cells), None


def _returned(function: ast.FunctionDef) -> Optional[Dict[str, Any]]:
    for statement in ast.walk(function):
        if isinstance(statement, ast.Return) and statement.value:
            try:
                value = ast.literal_eval(statement.value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                return None
            return value if isinstance(value, dict) and set(PARTS) <= set(value) else None
    return None


def pictures_of(cells: Sequence[Any]) -> Iterator[bytes]:
    """Yield the last pictures that some cells have left."""
    found = []
    for cell in cells:
        for output in cell.get('outputs') or []:
            data = output.get('data') if isinstance(output, dict) else None
            for kind in ('image/png', 'image/jpeg'):
                if isinstance(data, dict) and isinstance(data.get(kind), str):
                    found.append(data[kind])
    for text in found[-PICTURES:]:
        picture = _thumbnail(text)
        if picture:
            yield picture


def _thumbnail(text: str) -> Optional[bytes]:
    """Return a picture in base64 as a small JPEG file, None if it cannot be decoded."""
    try:
        file = Image.open(BytesIO(base64.b64decode(text)), formats=('PNG', 'JPEG'))
        if file.width * file.height > PIXELS:
            return None
        img = file.convert('RGB')
    except Exception:  # every kind of damage ends in another exception
        return None
    img.thumbnail((WIDTH, WIDTH))
    made = BytesIO()
    img.save(made, 'JPEG', quality=85)
    return made.getvalue()


def entries(paths: Sequence[Path]) -> Iterator[Entry]:
    """Yield what each notebook in files and folders has for the page; tell of those left out."""
    for student, path in submissions(paths):
        shown = printable(str(path))
        try:
            cells = read_notebook(path).cells
        except InputError as error:
            print(f'left out: {error}', file=sys.stderr)
            continue
        i, words = words_of(cells)
        if words is None:
            print(f'left out: {shown} has no {MY_PICTURE.name} in plain words', file=sys.stderr)
            continue
        pictures = list(pictures_of(cells[i:]))
        if not pictures:
            print(f'{shown} has words, but no picture behind them', file=sys.stderr)
        yield Entry(student, words, pictures)


def page(class_: Sequence[Entry], lang: str = 'en') -> str:
    """Return the page of a class, in HTML."""
    say = partial(translated, lang=lang)
    title = html.escape(say('The gallery of the class'))
    shown = '\n'.join(_article(entry, lang) for entry in class_)
    return _PAGE.format(lang=lang, title=title, entries=shown)


def _article(entry: Entry, lang: str) -> str:
    """Return one student's part of the page."""
    say = partial(translated, lang=lang)
    lines = [f'<article>\n<h2>{_words(entry.words["title"])}</h2>']
    for picture in entry.pictures:
        data = base64.b64encode(picture).decode()
        alt = _words(entry.words['title'])
        lines.append(f'<img src="data:image/jpeg;base64,{data}" alt="{alt}">')
    lines.append(f'<p>{_words(entry.words["words"])}</p>')
    settings = entry.words['settings']
    parts = {
        say('by'): entry.student,
        say('photograph'): entry.words['photo'],
        say('style picture'): entry.words['style'],
        say('settings'): '; '.join(map(str, settings)) if _is_list(settings) else settings,
    }
    told = ' · '.join(f'{html.escape(name)}: {_words(part)}' for name, part in parts.items())
    return '\n'.join([*lines, f'<small>{told}</small>\n</article>'])


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _words(value: Any) -> str:
    """Return a stranger's words as text of a page."""
    return html.escape(printable(str(value)[:LONGEST]))


def write_gallery(paths: Sequence[Path], target: Path, lang: str = 'en') -> int:
    """Write the page of all notebooks in files and folders; return how many entries it has.

    Raises
    ------
    InputError
        If a path does not exist, or no notebook has an entry.
    """
    class_ = sorted(entries(paths), key=lambda entry: entry.student)
    if not class_:
        where = printable(', '.join(map(str, paths)))
        raise InputError(f'no notebook in {where} has a {MY_PICTURE.name} in plain words')
    with replacing(target) as temporary:
        temporary.write_text(page(class_, lang), encoding='utf-8')
    return len(class_)
