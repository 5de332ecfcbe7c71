"""In which language the exercises speak: English, in which all is written, or by a table."""

from __future__ import annotations

from typing import Dict

from styletransfer.errors import unknown
from styletransfer.exercises.chinese import CHINESE
from styletransfer.translation import Translation

LANGUAGES: Dict[str, Translation] = {'en': Translation({}), 'zh': Translation(CHINESE)}

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
    """Return an English text in a language; what its table does not have stays as it is."""
    return LANGUAGES[lang](text)
