"""How an answer is checked: fresh data, our own solution beside it, and mistakes we know.

A student's function is called with the same random arguments as the task's own solution. Where
the two differ, each of the task's known mistakes is computed as well: the one that gives what the
student's function gave on every case is the one that the hint names.
"""

from __future__ import annotations

import inspect
import linecache
import os
import warnings
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.errors import InputError, unknown

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
    chapter : int
    points : int
    solve : callable
        Our own solution.
    cases : callable
        Takes a NumPy random generator and returns the arguments of several calls.
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
    """

    name: str
    chapter: int
    points: int
    solve: Callable[..., Any]
    cases: Callable[[numpy.random.Generator], List[Case]] = lambda rng: []
    mistakes: Sequence[Mistake] = ()
    view: Callable[[Any], Any] = lambda value: value
    judge: Optional[Callable[[Case, Any], Optional[str]]] = None
    examine: Optional[Callable[[Callable[..., Any], numpy.random.Generator], Optional[str]]] = None


class NotYetError(AssertionError):
    """An answer that is not right yet, raised where only an exception counts as a failure."""


@dataclass(frozen=True)
class Result:
    """What `check` found: true if the answer is right, with the points that it earns."""

    name: str
    passed: bool
    hint: str = ''
    points: int = 0
    out_of: int = 0

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return f'{self.name}: ' + ('correct' if self.passed else f'not yet - {self.hint}')

    def _ipython_display_(self) -> None:
        """Show nothing: `check` has printed it already."""


class _CrashError(Exception):
    """A student's function raised; the message says what, and where."""


def check(name: str, answer: Any = None) -> Result:
    """Try a student's answer to a task and print one line about it.

    Parameters
    ----------
    name : str
        Of the task.
    answer : callable
        The student's function.

    Returns
    -------
    Result
        True where the answer is right.

    Raises
    ------
    NotYetError
        If the answer is wrong and nbgrader is running the notebook: it takes a cell that does
        not raise for a right answer. Nothing is ever raised otherwise.

    Examples
    --------
    >>> def gram(X):
    ...     raise NotImplementedError
    >>> bool(check('gram', gram))
    gram: not yet - still empty: write your code in place of 'raise NotImplementedError'
    False
    """
    from styletransfer.exercises.tasks import TASKS

    if name not in TASKS:
        result = Result(str(name), False, str(unknown('task', name, TASKS)))
    else:
        task = TASKS[name]
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # nbgrader takes a warning for a failure
            hint = examine(task, answer)
        result = Result(name, hint is None, hint or '', 0 if hint else task.points, task.points)
    print(result)
    if not result and os.environ.get('NBGRADER_EXECUTION'):
        raise NotYetError(str(result))
    return result


def examine(task: Task, answer: Any) -> Optional[str]:
    """Return a hint at what is wrong with an answer, None if nothing is."""
    if answer is None:
        return f"give your function too: check('{task.name}', {task.name})"
    if not callable(answer):
        return (
            f"check needs the function itself, without brackets: check('{task.name}', "
            f'{task.name}); it was given {describe(answer)}'
        )
    if (getattr(answer, '__module__', None) or '').startswith('styletransfer.'):
        return "this is the package's own function: write yours, then compare the two"
    rng = numpy.random.default_rng()
    try:
        if task.examine:
            return task.examine(guarded(answer), rng)
        return compare(task, guarded(answer), rng)
    except _CrashError as crash:
        return str(crash)
    except Exception as error:  # what was returned is of a kind that nobody thought of
        return f'what it returned cannot be checked ({type(error).__name__}: {error})'


def guarded(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return the answer, with every exception of it told in a line instead of a traceback."""

    def call(*arguments: Any) -> Any:
        try:
            inspect.signature(answer).bind(*arguments)
        except TypeError:
            raise _CrashError(_wrong_signature(answer, len(arguments))) from None
        except ValueError:  # a function written in C does not tell its arguments
            pass
        try:
            return settled(answer(*arguments))
        except NotImplementedError:
            raise _CrashError(
                "still empty: write your code in place of 'raise NotImplementedError'"
            ) from None
        except (Exception, SystemExit) as error:
            raise _CrashError(told(error, answer)) from None

    return call


def _wrong_signature(answer: Callable[..., Any], count: int) -> str:
    return (
        f'your function is called with {count} argument{"s" * (count != 1)}, but is defined as '
        f'{getattr(answer, "__name__", "it")}{inspect.signature(answer)}: keep the first line as '
        'it was given'
    )


def settled(value: Any) -> Any:
    """Wait for MXNet, which computes behind the program's back and raises only when asked."""
    if isinstance(value, np.ndarray):
        return np.array(value.asnumpy(), dtype=value.dtype)
    if type(value) in (tuple, list):
        return type(value)(settled(part) for part in value)
    return value


def told(error: BaseException, answer: Callable[..., Any]) -> str:
    """Return in one line what a student's function raised, and in which line of it."""
    lines = str(error).strip().splitlines() or ['']
    # MXNet's messages carry a traceback of their own, with what is wrong at its end
    text = ' '.join(lines[-1 if lines[0].startswith('Traceback') else 0].split())
    text = text.replace('MXNetError: ', '')
    if len(text) > 160:
        text = text[:160] + ' ...'
    line = f'your code raised {type(error).__name__}' + (f': {text}' if text else '')
    code = getattr(inspect.unwrap(answer), '__code__', None)
    traceback, place = error.__traceback__, None
    while traceback:
        if code and traceback.tb_frame.f_code.co_filename == code.co_filename:
            place = traceback.tb_lineno
        traceback = traceback.tb_next
    if code and place:
        source = linecache.getline(code.co_filename, place).strip()
        line += f' (line {place}' + (f': {source})' if source else ')')
    return line


def compare(task: Task, answer: Callable[..., Any], rng: numpy.random.Generator) -> Optional[str]:
    """Return what is wrong with an answer that should return what our solution returns."""
    cases = task.cases(rng)
    got, want, changed = [], [], False
    for case in cases:
        arguments = copied(case)
        value = answer(*arguments)
        if value is None:
            return 'it returned nothing (None): is the return missing?'
        try:
            got.append(task.view(value))
        except InputError as error:
            return str(error)
        want.append(task.view(task.solve(*copied(case))))
        changed = changed or difference(arguments, case) is not None
    if task.judge:
        wrong = [task.judge(case, value) for case, value in zip(cases, got)]
    else:
        wrong = [difference(g, w) for g, w in zip(got, want)]
    if not any(wrong):
        if changed:
            return (
                'the result is right, but your function changes what it was given: compute new '
                'arrays, for instance x - y in place of x -= y'
            )
        return None
    for mistake in task.mistakes:
        if all(_fits(task, mistake, case, value) for case, value in zip(cases, got)):
            return mistake.hint
    first = next(line for line in wrong if line)
    if 'must return' not in first and _constant(got) and not _constant(want):
        return 'it returns the same for different arguments: compute it from what it is given'
    return first


def _fits(task: Task, mistake: Mistake, case: Case, value: Any) -> bool:
    try:
        return difference(value, task.view(mistake.wrong(*copied(case)))) is None
    except Exception:  # a mistake need not work on every case; then it is not this one
        return False


def _constant(values: Sequence[Any]) -> bool:
    return all(difference(value, values[0]) is None for value in values[1:])


def copied(value: Any) -> Any:
    """Return a copy that a student's function may spoil."""
    if isinstance(value, (np.ndarray, numpy.ndarray)):
        return value.copy()
    if isinstance(value, (tuple, list)):
        return type(value)(copied(part) for part in value)
    return value


def describe(value: Any) -> str:
    """Return in a few words what a value is."""
    if isinstance(value, (np.ndarray, numpy.ndarray)):
        return f'an array of shape {tuple(value.shape)}'
    if isinstance(value, (bool, str, int, float)):
        return f'{type(value).__name__} {str(value)[:40]!r}' if value != '' else 'an empty str'
    if isinstance(value, (tuple, list)):
        return f'a {type(value).__name__} of {len(value)}'
    return f'a {type(value).__name__}'


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
        pairs = [(f.name, getattr(got, f.name), getattr(want, f.name)) for f in fields(want)]
        return _first_difference(pairs)
    if type(got) is not type(want):
        return f'it must return a {type(want).__name__}, not {describe(got)}'
    return None if got == want else f'it returned {got!r}, which is not right here'


def _keys(got: Any) -> str:
    return 'one with ' + ', '.join(map(repr, got)) if isinstance(got, dict) else describe(got)


def _first_difference(parts: Sequence[Tuple[str, Any, Any]]) -> Optional[str]:
    for name, got, want in parts:
        line = difference(got, want)
        if line:
            return f'{name}: {line}'
    return None


def _numbers_differ(got: Any, want: Any) -> Optional[str]:
    kind = 'an array' if getattr(want, 'shape', ()) else 'a number'
    try:
        value = got.asnumpy() if isinstance(got, np.ndarray) else numpy.asarray(got)
        value = value.astype('float64')
    except (TypeError, ValueError):
        return f'it must return {kind}, not {describe(got)}'
    right = (want.asnumpy() if isinstance(want, np.ndarray) else numpy.asarray(want)) * 1.0
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
