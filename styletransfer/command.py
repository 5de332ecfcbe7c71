"""What the commands of this package do alike: mistakes in one line, and exit statuses."""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import sys
from typing import Any, Callable, List, Mapping, NoReturn, Optional, Sequence, TextIO

from styletransfer.errors import InputError, printable, telling_line, unknown

LONGEST = 1000  # characters of a message
MOST, MOST_WHOLE = 1e30, 2**31 - 1  # MXNet computes in float32, and counts in 32 bits


class Parser(argparse.ArgumentParser):
    """An argument parser that tells a mistake in one line, without the whole usage."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            prog=f'python -m styletransfer.{name}',
            description=description,
            allow_abbrev=False,
        )

    def parse_args(  # type: ignore[override]
        self, argv: Optional[Sequence[str]] = None, namespace: Optional[argparse.Namespace] = None
    ) -> argparse.Namespace:
        """Return the arguments; an unknown flag is told with the known one most like it."""
        argv = joined(sys.argv[1:] if argv is None else argv)
        for name in (text[:-3] for text in argv if re.fullmatch('--.+=--', text)):
            # argparse would make an empty list of it
            raise InputError(f"argument {name}: '--' is no value (--help lists all flags)")
        args, rest = self.parse_known_args(argv, namespace)
        for name in (text.split('=')[0] for text in rest if text.startswith('-')):
            raise unknown('flag', name, self._option_string_actions, '--help lists all flags')
        if rest:
            raise InputError(f"'{rest[0]}' stands alone: which flag is it for? --help lists all")
        return args

    def error(self, message: str) -> NoReturn:
        """Raise the mistake like any other of the user's."""
        raise InputError(f'{message} (--help lists all flags)')


def joined(argv: Sequence[str]) -> List[str]:
    """Return arguments with '--shape', '-1x5' made one, which argparse would take for two flags.

    No flag but -h has a single hyphen, so whatever else has one is the value of the flag before.
    """
    done: List[str] = []
    for text in argv:
        if re.match('-[^-]', text) and text != '-h' and done and re.match('--[^=]+$', done[-1]):
            done[-1] += '=' + text
        else:
            done.append(text)
    return done


def argument(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse show what `parse` says of a value that it cannot use."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number") from error

    return parsed


def listed(parse: Callable[[str], Any]) -> Callable[[str], List[Any]]:
    """Let a flag take several values with commas between them."""
    return lambda text: [parse(part) for part in text.split(',')]


def finite(text: str) -> float:
    """Return a number that MXNet can compute with."""
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"'{text}' is not a number") from None
    if not abs(number) <= MOST:
        raise InputError(f'it is {text}, but must be a finite number, at most {MOST:g}')
    return number


def whole(text: str) -> int:
    """Return a whole number that MXNet can count with."""
    try:
        number = int(text)
    except ValueError:
        raise InputError(f"'{text}' is not a whole number") from None
    if number > MOST_WHOLE:
        raise InputError(f'it is {text}, but must be at most {MOST_WHOLE}')
    return number


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if whole(text) < 1:
        raise InputError(f'it is {text}, but must be at least 1')
    return whole(text)


def natural(text: str) -> int:
    """Return a whole number, 0 or above."""
    if whole(text) < 0:
        raise InputError(f'it is {text}, but must not be below 0')
    return whole(text)


def exit_status(run: Callable[[], int]) -> int:
    """Run a command and return its exit status: 2 and one line if the user made a mistake.

    So it is, too, if the system refuses what nobody has foreseen, such as to print on a full disk.
    Ctrl-C is 130. If nobody reads any more what is printed, as behind ``| head -1``, the command
    ends without a word and with 141, like other programs.
    """
    begin()
    status, words = 2, ''
    try:
        try:
            return run()
        finally:
            sys.stdout.flush()  # what cannot be printed is known only now
    except InputError as error:
        words = f'error: {error}'
    except KeyboardInterrupt:
        status, words = 130, 'stopped'
    except BrokenPipeError:
        status = 128 + signal.SIGPIPE
    except OSError as error:
        name = f" '{error.filename}'" if error.filename else ''
        words = f'error: the system refuses{name}: {telling_line(error)}'
    for stream, line in (('stdout', ''), ('stderr', words and one_line(words) + '\n')):
        try:
            print(line, end='', flush=True, file=getattr(sys, stream))
        except OSError:  # or Python would say so when it ends
            setattr(sys, stream, nowhere())
    return status


def begin() -> None:
    """Let whatever is printed be printable, and let Ctrl-C be told in one word from now on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # see the package's __init__
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ('stdout', 'stderr'):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we began
            setattr(sys, name, nowhere())
        elif isinstance(stream, io.TextIOWrapper):
            # names may hold what the terminal's encoding has no sign for
            stream.reconfigure(errors='backslashreplace')


def nowhere() -> TextIO:
    """Return a stream on which what is printed is lost."""
    return open(os.devnull, 'w', encoding='utf-8')


def one_line(words: str) -> str:
    """Return a message as one printable line, of a long one the beginning and the end.

    The beginning says what is wrong, the end what to do; between are names that were given.
    """
    line = printable(words)
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f'{line[:half]} ... {line[-half:]}'


def jobs(
    name: str, about: str, table: Mapping[str, Callable[[List[str]], int]]
) -> Callable[..., int]:
    """Return the ``main`` of a command whose first argument names one of several jobs.

    Parameters
    ----------
    name : str
        Of the command, behind ``python -m styletransfer.``
    about : str
        What it is for, in one line.
    table : mapping of str to callable
        Each job is given the arguments behind its name and returns the exit status; the first
        line of its docstring says what it does.
    """

    def run(argv: Sequence[str]) -> int:
        job, *rest = argv or ['--help']
        if job in ('-h', '--help'):
            print(f'python -m styletransfer.{name} JOB ...\n\n{about}\n')
            width = max(map(len, table))
            for known, work in table.items():
                print(f'  {known:<{width}}  {(work.__doc__ or "").splitlines()[0]}')
            print('\nJOB --help says more.')
            return 0
        if job not in table:
            raise unknown('job', job, table)
        return table[job](rest)

    def main(argv: Optional[Sequence[str]] = None) -> int:
        return exit_status(lambda: run(sys.argv[1:] if argv is None else argv))

    return main
