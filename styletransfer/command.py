"""What the commands of this package do alike: mistakes in one line, and exit statuses."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Callable, List, NoReturn

from styletransfer.errors import InputError


class Parser(argparse.ArgumentParser):
    """An argument parser that tells a mistake in one line, without the whole usage."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            prog=f'python -m styletransfer.{name}',
            description=description,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise the mistake like any other of the user's."""
        raise InputError(f'{message} (--help lists all options)')


def argument(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse show what a function of ours says of a value; of others it says enough."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    parsed.__name__ = {'int': 'whole number', 'float': 'number'}.get(parse.__name__, 'value')
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
