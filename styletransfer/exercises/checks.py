"""How an answer is checked: fresh data, our own solution beside it, and mistakes we know.

A student's function is called with the same random arguments as the task's own solution. Where
the two differ, it is compared with each of the task's known mistakes: the one that gives what the
student's function gave on every case is the one that the hint names. All chance comes from a
seed, a fresh one for each check: the same seed finds the same again.
"""

from __future__ import annotations

import os
import secrets
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy

from styletransfer.errors import InputError, unknown
from styletransfer.exercises.calling import EMPTY, CrashError, guarded, seeded, unusable
from styletransfer.exercises.language import spoken
from styletransfer.exercises.task import Case, Task, copied, difference, plain
from styletransfer.exercises.tasks import TASKS

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
        hint = unusable(name, task.forbidden, answer)
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


def examine(task: Task, answer: Callable[..., Any], seed: int) -> Optional[str]:
    """Return a hint at what is wrong with an answer, None if nothing is."""
    return judged(task, guarded(answer), seed)


def judged(task: Task, answer: Callable[..., Any], seed: int) -> Optional[str]:
    """Return a hint at what is wrong with an answer that tells its crashes as `guarded` does.

    The answer may be computed elsewhere: nothing here looks into it, only at what it returns.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # nbgrader takes a warning for a failure
        try:
            if task.examine:
                with seeded(seed):
                    return task.examine(answer, numpy.random.default_rng(seed))
            return compare(task, answer, drawn(task, seed))
        except CrashError as crash:
            return str(crash)
        except Exception as error:  # what was returned is of a kind that nobody thought of
            return f'what it returned cannot be checked ({type(error).__name__}: {error})'


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
