"""Answers in letters: which picture, run or row belongs to which name on a list."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, Tuple

from styletransfer.exercises.task import describe
from styletransfer.exercises.tasks.data import Rng

Steps = Sequence[Tuple[str, str]]  # places in the list, from 1, and what to look at for them


def letters_of(got: Any, right: str) -> Tuple[str, Optional[str]]:
    """Return what was answered, in capitals, and what is wrong with its form."""
    if not isinstance(got, str):
        return '', f'it must return {len(right)} letters in one string, not {describe(got)}'
    got, letters = got.upper(), ''.join(sorted(right))
    if ''.join(sorted(got)) != letters:
        return '', f'each of the letters {letters} belongs there once: it returned {got[:20]!r}'
    return got, None


def same_at(got: str, right: str, places: Sequence[int]) -> bool:
    """Tell whether an answer is right at some places, counted from 1."""
    return all(got[place - 1] == right[place - 1] for place in places)


def matching(right: str, steps: Steps) -> Callable[..., Optional[str]]:
    """Return what examines an answer: it tells the first of the steps that has a wrong letter."""

    def examine(answer: Callable[..., Any], rng: Rng) -> Optional[str]:
        got, hint = letters_of(answer(), right)
        wrong = (told for at, told in steps if not same_at(got, right, [int(k) for k in at]))
        return hint or next(wrong, None)

    return examine
