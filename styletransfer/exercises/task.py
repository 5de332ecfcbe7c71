"""What an exercise is: a task, the data it is tried on, and when two results are the same."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.exercises.values import copied as copied
from styletransfer.exercises.values import describe as describe
from styletransfer.exercises.values import plain as plain

Case = Tuple[Any, ...]  # the arguments of one call


class Mistake(NamedTuple):
    """A typical wrong answer, as a function with the task's arguments, and what to say of it."""

    wrong: Callable[..., Any]
    hint: str


@dataclass(frozen=True)
class Task:
    """One exercise: what it asks for, on which data it is tried, and how it goes wrong.

    Parameters
    ----------
    name : str
        Of the task and of the student's function alike.
    points : int
        For a right answer; a wrong one earns nothing.
    solve : callable
        Our own solution.
    cases : callable
        Takes a NumPy random generator, where all chance comes from, and returns the arguments
        of several calls.
    mistakes : sequence of Mistake
        The first that fits is told, so the more special ones come first.
    view : callable
        Takes what was returned to what is compared; raises `InputError` for the wrong kind.
    judge : callable, optional
        For a task with several right results: takes (arguments, what was returned) and returns
        what is wrong with it, or None.
    examine : callable, optional
        Checks the answer in its own way, for what cannot be compared with one right result;
        takes (answer, generator) and returns a hint, or None.
    forbidden : sequence of str
        Modules that the answer's code must do without.
    """

    name: str
    points: int
    solve: Callable[..., Any]
    cases: Callable[[numpy.random.Generator], List[Case]] = lambda rng: []
    mistakes: Sequence[Mistake] = ()
    view: Callable[[Any], Any] = lambda value: value
    judge: Optional[Callable[[Case, Any], Optional[str]]] = None
    examine: Optional[Callable[[Callable[..., Any], numpy.random.Generator], Optional[str]]] = None
    forbidden: Sequence[str] = ()


def difference(got: Any, want: Any) -> Optional[str]:
    """Return in plain words how a value differs from the one wanted, None if it does not.

    Numbers are the same within a thousandth: float32, and the order of a sum, cost less.
    """
    if isinstance(want, (np.ndarray, numpy.ndarray, float, int)) and not isinstance(want, bool):
        return _numbers_differ(got, want)
    if isinstance(want, bool):
        if not isinstance(got, (bool, numpy.bool_)):
            return f'it must return True or False, not {describe(got)}'
        return None if got == want else f'it returned {got} where {want} is right'
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            keys = ', '.join(repr(key) for key in want)
            return f'it must return a dict with the keys {keys}, not {_keys(got)}'
        return _first_difference([(repr(key), got[key], want[key]) for key in want])
    if isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)):
            return f'it must return {len(want)} things, in a list or tuple, not {describe(got)}'
        if len(got) != len(want):
            return f'it must return {len(want)} things, not {len(got)}'
        return _first_difference([(f'item {i}', g, w) for i, (g, w) in enumerate(zip(got, want))])
    if is_dataclass(want):
        if type(got) is not type(want):
            return f'it must return a {type(want).__name__}, not {describe(got)}'
        names = [field.name for field in fields(want)]
        return _first_difference([(repr(n), getattr(got, n), getattr(want, n)) for n in names])
    if type(got) is not type(want):
        return f'it must return a {type(want).__name__}, not {describe(got)}'
    return None if got == want else f'it returned {got!r}, which is not right here'


def _keys(got: Any) -> str:
    if isinstance(got, dict) and got:
        return f'one with {", ".join(map(repr, got))}'
    return describe(got)


def _first_difference(parts: Sequence[Tuple[str, Any, Any]]) -> Optional[str]:
    for name, got, want in parts:
        line = difference(got, want)
        if line:
            return f'{name}: {line}'
    return None


def _numbers_differ(got: Any, want: Any) -> Optional[str]:
    kind = 'an array' if getattr(want, 'shape', ()) else 'one number'
    try:
        value = numpy.asarray(plain(got)).astype('float64')
    except (TypeError, ValueError):
        return f'it must return {kind}, not {describe(got)}'
    right = numpy.asarray(plain(want)) * 1.0
    if isinstance(got, (str, bool)):
        return f'it must return {kind}, not {describe(got)}'
    if value.shape != right.shape:
        wanted = f'{kind} of shape {right.shape}' if right.shape else 'one number, of shape ()'
        return f'it must return {wanted}, not of shape {value.shape}'
    scale = float(numpy.abs(right[numpy.isfinite(right)]).max(initial=0))
    if numpy.isnan(value).any() and not numpy.isnan(right).any():
        return 'it returned NaN, which is not a number: was something divided by 0?'
    if numpy.allclose(value, right, rtol=1e-3, atol=1e-4 * scale, equal_nan=True):
        return None
    if not right.shape:
        return f'the number is not right: it returned {float(value):.6g} for {float(right):.6g}'
    error = float(numpy.abs(value - right).max())
    return f'the shape is right, the numbers are not: they are up to {error:.3g} off'
