"""The task that nobody can mark by machine: a picture one likes. The machine sees if all is there.

What the function returns is plain words, written down in the notebook; the pictures are what the
cell behind it shows. ``python -m styletransfer.exercises gallery`` puts a class on one page.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Optional

from styletransfer.exercises.task import Task, describe
from styletransfer.exercises.tasks.data import Rng

PARTS = ('title', 'photo', 'style', 'settings', 'words')
WORDS = 40  # of the paragraph, at least; a Chinese character counts as one


EXAMPLE = {
    'title': 'The lake in ink',
    'photo': 'Lake Sherburne, by Jacob W. Frank (US National Park Service)',
    'style': 'ink_wash, made for this course',
    'settings': ['style weight 1000', 'style weight 5000', 'style weight 5000, TV weight 200'],
    'words': 'I had expected that a larger style weight would bring more ink. It brought more '
    'grain as well: the empty sky has no strokes that could be taken over, so it was filled with '
    'grey specks. With four times the total variation they were gone, and the shores stayed. The '
    'third picture is the one that I would hang up.',
}


def my_picture() -> Dict[str, Any]:
    """Return what there is to say of one's own picture."""
    return dict(EXAMPLE)


def words_in(text: str) -> int:
    """Return how many words a text has; each Chinese character is one."""
    return len(re.findall(r'[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+', text))


def _examine(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
    got = answer()
    if not isinstance(got, dict) or set(got) != set(PARTS):
        keys = ', '.join(repr(part) for part in PARTS)
        return f'it must return a dict with the keys {keys}'
    for part in ('title', 'photo', 'style', 'words'):
        if not isinstance(got[part], str) or not got[part].strip():
            return f'{part!r} is still empty: write it as a text in quotes'
    settings = got['settings']
    if not isinstance(settings, (list, tuple)) or len(settings) != 3:
        return f"'settings' must be a list of three, not {describe(settings)}"
    if len(set(map(repr, settings))) < 3:
        return 'the three settings must differ: change one thing at a time'
    count = words_in(got['words'])
    if count < WORDS:
        return (
            f'the paragraph has {count} words, and needs {WORDS}: what did you expect, what came, '
            'and which of the three do you like?'
        )
    return None


MY_PICTURE = Task(name='my_picture', points=1, solve=my_picture, examine=_examine)
