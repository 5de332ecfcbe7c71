"""How an answer is checked: fresh data, our own solution beside it, and mistakes we know.

A student's function is called with the same random arguments as the task's own solution. Where
the two differ, it is compared with each of the task's known mistakes: the one that gives what the
student's function gave on every case is the one that the hint names. All chance comes from a
seed, a fresh one for each check: the same seed finds the same again.
"""

from __future__ import annotations

import inspect
import linecache
import os
import random
import secrets
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import npx
from mxnet import numpy as np

from styletransfer.errors import InputError, unknown
from styletransfer.exercises.language import spoken
from styletransfer.exercises.task import Case, Task, copied, describe, difference, plain
from styletransfer.exercises.tasks import TASKS

EMPTY = "still empty: write your code in place of 'raise NotImplementedError'"
DRAWS = 20  # of the data of one check, until they tell the mistakes apart


class NotYetError(AssertionError):
    """An answer that is not right yet, raised where only an exception counts as a failure."""


@dataclass(frozen=True)
class Result:
    """What `check` found: true if the answer is right, with the points that it earns.

    `seed` is that of the data, None if the answer was not tried on any. The hint is English; as
    text, the result is in the language that `speak` has set.
    """

    name: str
    passed: bool
    hint: str = ''
    points: int = 0
    out_of: int = 0
    seed: Optional[int] = None

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        if self.passed:
            return spoken(f'{self.name}: correct')
        return spoken(f'{self.name}: not yet - {self.hint}' + self._of_seed())

    def _of_seed(self) -> str:
        known = self.seed is None or self.hint == EMPTY
        return '' if known else f' [seed {self.seed}]'

    def _ipython_display_(self) -> None:
        """Show nothing: `check` has printed it already."""


class _CrashError(Exception):
    """A student's function raised; the message says what, and where."""


def fresh_seed() -> int:
    """Return a seed that nobody can foresee, short enough to be typed."""
    return secrets.randbelow(1_000_000)


def check(name: str, answer: Any = None, seed: Optional[int] = None) -> Result:
    """Try a student's answer to a task and print one line about it.

    Parameters
    ----------
    name : str
        Of the task.
    answer : callable
        The student's function.
    seed : int, optional
        Of the data, from 0 on: that of an earlier result, to see the same again; fresh data else.

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
    if name not in TASKS:
        result = Result(str(name), False, str(unknown('task', name, TASKS)))
    else:
        task = TASKS[name]
        hint = unusable(task, answer)
        if hint:
            seed = None
        else:
            seed = fresh_seed() if seed is None else seed
            hint = examine(task, answer, seed)
        points = 0 if hint else task.points
        result = Result(name, hint is None, hint or '', points, task.points, seed)
    print(result)
    if not result and os.environ.get('NBGRADER_EXECUTION'):
        raise NotYetError(str(result))
    return result


def unusable(task: Task, answer: Any) -> Optional[str]:
    """Return why an answer need not be tried at all, None if it must be."""
    if answer is None:
        return f"give your function too: check('{task.name}', {task.name})"
    if not callable(answer):
        return (
            f"check needs the function itself, without brackets: check('{task.name}', "
            f'{task.name}); it was given {describe(answer)}'
        )
    if (getattr(answer, '__module__', None) or '').startswith('styletransfer.'):
        return "this is the package's own function: write yours, then compare the two"
    for module in task.forbidden:
        if uses(answer, module):
            return f'this task is to be solved without {module}: write it out'
    return None


def uses(answer: Callable[..., Any], module: str) -> bool:
    """Return whether a function's code names a module, or what a module defines.

    What it calls is not looked at: this is a reminder, no lock.
    """
    answer = inspect.unwrap(answer)
    codes, names = [getattr(answer, '__code__', None)], getattr(answer, '__globals__', {})
    for code in codes:
        if code is None:
            continue
        for name in code.co_names:
            if name in (module, module.rpartition('.')[2]):
                return True
            if getattr(names.get(name), '__module__', None) == module:
                return True
        codes.extend(const for const in code.co_consts if isinstance(const, CodeType))
    return False


def examine(task: Task, answer: Callable[..., Any], seed: int) -> Optional[str]:
    """Return a hint at what is wrong with an answer, None if nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # nbgrader takes a warning for a failure
        try:
            if task.examine:
                with seeded(seed):
                    return task.examine(guarded(answer), numpy.random.default_rng(seed))
            return compare(task, guarded(answer), drawn(task, seed))
        except _CrashError as crash:
            return str(crash)
        except Exception as error:  # what was returned is of a kind that nobody thought of
            return f'what it returned cannot be checked ({type(error).__name__}: {error})'


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what a student's function may draw from; each generator goes on by itself then."""
    number = int(numpy.random.default_rng(seed).integers(2**31))
    after = random.getrandbits(31), numpy.random.randint(2**31), int(np.random.randint(2**31 - 1))
    generators = (random.seed, numpy.random.seed, npx.random.seed)
    for reseed in generators:
        reseed(number)
    try:
        yield
    finally:
        for reseed, own in zip(generators, after):
            reseed(own)


class Trial(NamedTuple):
    """What an answer is tried on: cases, and what our solution and each mistake make of them."""

    cases: List[Case]
    right: List[Any]
    wrong: List[Tuple[str, List[Any]]]  # a hint, and the results that earn it


def drawn(task: Task, seed: int) -> Trial:
    """Return cases on which each mistake of a task shows, and looks like no other.

    On some data two wrong answers are the same: abs(a + b) is a + b where both are above 0. There
    one would be given the other's hint, so such data are drawn again.
    """
    rng = numpy.random.default_rng(seed)
    for _ in range(DRAWS):
        cases = task.cases(rng)
        right = [task.view(plain(task.solve(*case))) for case in cases]
        trial = Trial(cases, right, list(told_wrong(task, cases)))
        alike = confused(task, trial)
        if not alike:
            return trial
    raise RuntimeError(f'no data for {task.name} tell {alike}')


def told_wrong(task: Task, cases: Sequence[Case]) -> Iterator[Tuple[str, List[Any]]]:
    """Yield hint and results of each mistake that can be made with all of the cases."""
    for mistake in task.mistakes:
        with suppress(Exception):
            yield mistake.hint, [task.view(plain(mistake.wrong(*case))) for case in cases]


def confused(task: Task, trial: Trial) -> Optional[str]:
    """Return which two kinds of results are the same on the cases, None if all are different."""
    for i, (hint, values) in enumerate(trial.wrong):
        if not any(map(partial(fault, task), trial.cases, values, trial.right)):
            return f'what is right from: {hint}'
        for earlier, others in trial.wrong[:i]:
            if earlier != hint and same(values, others):
                return f'from each other: {earlier} / {hint}'
    return None


def fault(task: Task, case: Case, got: Any, right: Any) -> Optional[str]:
    """Return what is wrong with the result of one case, None if nothing is."""
    return task.judge(case, got) if task.judge else difference(got, right)


def same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Return whether two lists of results do not differ."""
    return all(difference(value, other) is None for value, other in zip(some, others))


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
            return plain(answer(*arguments))
        except NotImplementedError:
            raise _CrashError(EMPTY) from None
        except (Exception, SystemExit) as error:
            raise _CrashError(told(error, answer)) from None

    return call


def _wrong_signature(answer: Callable[..., Any], count: int) -> str:
    arguments = '1 argument' if count == 1 else f'{count} arguments'
    return (
        f'your function is called with {arguments}, but is defined as '
        f'{getattr(answer, "__name__", "it")}{inspect.signature(answer)}: keep the first line as '
        'it was given'
    )


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


def compare(task: Task, answer: Callable[..., Any], trial: Trial) -> Optional[str]:
    """Return what is wrong with an answer that should return what our solution returns."""
    given = [copied(case) for case in trial.cases]
    got = []
    for arguments in given:
        value = answer(*arguments)
        if value is None:
            return 'it returned nothing (None): is the return missing?'
        try:
            got.append(task.view(value))
        except InputError as error:
            return str(error)
    faults = list(filter(None, map(partial(fault, task), trial.cases, got, trial.right)))
    if not faults:
        if not same(given, trial.cases):
            return (
                'the result is right, but your function changes what it was given: compute new '
                'arrays, for instance x - y in place of x -= y'
            )
        return None
    for hint, values in trial.wrong:
        if same(got, values):
            return hint
    if 'must return' not in faults[0] and _constant(got) and not _constant(trial.right):
        return 'it returns the same for different arguments: compute it from what it is given'
    return faults[0]


def _constant(values: Sequence[Any]) -> bool:
    return same(values, [values[0]] * len(values))
