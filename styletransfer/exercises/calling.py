"""How a student's function is looked at and called, in a notebook and when it is marked.

When it is marked, this runs in the student's own process, where a student can change it: what it
says can cost them points, and never earn any. What is returned is judged by `checks`, elsewhere.
"""

from __future__ import annotations

import inspect
import linecache
import random
from contextlib import contextmanager
from types import CodeType
from typing import Any, Callable, Iterator, Optional, Sequence

import numpy
from mxnet import npx
from mxnet import numpy as np

from styletransfer.exercises.values import describe, plain

EMPTY = "still empty: write your code in place of 'raise NotImplementedError'"


class CrashError(Exception):
    """A student's function raised; the message says what, and where."""


def unusable(name: str, forbidden: Sequence[str], answer: Any) -> Optional[str]:
    """Return why an answer to a task need not be tried at all, None if it must be."""
    if answer is None:
        return f"give your function too: check('{name}', {name})"
    if not callable(answer):
        return (
            f"check needs the function itself, without brackets: check('{name}', "
            f'{name}); it was given {describe(answer)}'
        )
    if (getattr(answer, '__module__', None) or '').startswith('styletransfer.'):
        return "this is the package's own function: write yours, then compare the two"
    for module in forbidden:
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


_GENERATORS = (random.seed, numpy.random.seed, npx.random.seed)


def seed_all(seed: int) -> None:
    """Seed whatever a student's function may draw from."""
    number = int(numpy.random.default_rng(seed).integers(2**31))
    for reseed in _GENERATORS:
        reseed(number)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what a student's function may draw from; each generator goes on by itself then."""
    after = random.getrandbits(31), numpy.random.randint(2**31), int(np.random.randint(2**31 - 1))
    seed_all(seed)
    try:
        yield
    finally:
        for reseed, own in zip(_GENERATORS, after):
            reseed(own)


def guarded(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return the answer, with every exception of it told in a line instead of a traceback."""

    def call(*arguments: Any) -> Any:
        try:
            inspect.signature(answer).bind(*arguments)
        except TypeError:
            raise CrashError(_wrong_signature(answer, len(arguments))) from None
        except ValueError:  # a function written in C does not tell its arguments
            pass
        try:
            return plain(answer(*arguments))
        except NotImplementedError:
            raise CrashError(EMPTY) from None
        except (Exception, SystemExit) as error:
            raise CrashError(told(error, answer)) from None

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
