"""What the commands of this package do alike: mistakes in one line, and exit statuses."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, Callable, List, Mapping, NoReturn, Optional, Sequence

from styletransfer.errors import InputError, unknown


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
    what = 'a number' if parse is float else 'a whole number'

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"'{text}' is not {what}") from error

    return parsed


def listed(parse: Callable[[str], Any]) -> Callable[[str], List[Any]]:
    """Let a flag take several values with commas between them."""
    return lambda text: [parse(part) for part in text.split(',')]


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if int(text) < 1:
        raise InputError(f'it is {text}, but must be at least 1')
    return int(text)


def natural(text: str) -> int:
    """Return a whole number, 0 or above."""
    if int(text) < 0:
        raise InputError(f'it is {text}, but must not be below 0')
    return int(text)


def exit_status(run: Callable[[], int]) -> int:
    """Run a command and return its exit status: 2 and one line if the user made a mistake."""
    try:
        return run()
    except InputError as error:
        print('error: ' + ' '.join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 130


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
