"""In which language the exercises speak: English, in which all is written, or by a table.

The code composes English texts and knows no other language. A finished text is translated whole:
the table's entry that it was made from is found, and what stands at its placeholders goes into
the translation.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import Formatter
from typing import Dict, List, Pattern, Tuple

from styletransfer.errors import unknown
from styletransfer.exercises.chinese import CHINESE

LANGUAGES: Dict[str, Dict[str, str]] = {'en': {}, 'zh': CHINESE}
LONGEST = 2000  # letters of a text that entries are sought for: whoever forges one, hangs nobody

_spoken = 'en'


def speak(lang: str) -> None:
    """Let `check` answer in a language from now on: 'en' or 'zh'.

    Raises
    ------
    InputError
        If it is another.
    """
    global _spoken
    _spoken = known(lang)


def known(lang: str) -> str:
    """Return a language that there is a table for; raise `InputError` for any other."""
    if lang not in LANGUAGES:
        raise unknown('language', lang, LANGUAGES)
    return lang


def spoken(text: str) -> str:
    """Return an English text in the language that `speak` has set."""
    return translated(text, _spoken)


def translated(text: str, lang: str) -> str:
    """Return an English text in a language; what the table does not have stays as it is."""
    table = LANGUAGES[lang]
    if text in table:
        return table[text]
    for pattern, translation in _patterns(lang) if len(text) <= LONGEST else ():
        found = pattern.fullmatch(text)
        if found:
            parts = found.groupdict()
            for name in filter(str.isupper, parts):
                parts[name] = translated(parts[name], lang)
            return translation.format(**parts)
    return text


@lru_cache(maxsize=None)
def _patterns(lang: str) -> List[Tuple[Pattern[str], str]]:
    """Return the entries with placeholders, those with the most words of their own first."""
    entries = []
    for english, translation in LANGUAGES[lang].items():
        parts = [(literal, name) for literal, name, _, _ in Formatter().parse(english)]
        if any(name for _, name in parts):
            pattern = ''.join(
                re.escape(literal) + (f'(?P<{name}>.+?)' if name else '')
                for literal, name in parts
            )
            words = sum(len(literal) for literal, _ in parts)
            entries.append((words, re.compile(pattern, re.DOTALL), translation))
    entries.sort(key=lambda entry: -entry[0])
    return [(pattern, translation) for _, pattern, translation in entries]
