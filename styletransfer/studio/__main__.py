"""``python -m styletransfer.studio``: a page in the browser on which photos become paintings."""

from __future__ import annotations

import getpass
import importlib.util
import os
import sys
from typing import Optional, Sequence

from styletransfer.command import Parser, argument, exit_status, natural
from styletransfer.errors import InputError

PASSWORD = 'STYLETRANSFER_PASSWORD'
SHORTEST = 8  # characters of a password


def make_parser() -> Parser:
    """Return the command's parser."""
    parser = Parser('studio', 'Paint on a page in the browser.')
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen at; any but that of this machine alone asks for a password, or '
        f'takes it from {PASSWORD} (%(default)s)',
    )
    parser.add_argument(
        '--port',
        type=argument(natural),
        default=7860,
        help='0 for one that is free (%(default)s)',
    )
    return parser


def find_password(local: bool) -> str:
    """Return the password that is wanted, '' for none.

    Raises
    ------
    InputError
        If there must be one and there is none, or it is short.
    """
    word = os.environ.get(PASSWORD, '')
    if not word and not local and sys.stdin and sys.stdin.isatty():
        word = getpass.getpass('A password for the studio: ')
    if not word and not local:
        raise InputError(
            f'others may come in at this --host, so there must be a password: set {PASSWORD}, or '
            'leave out --host'
        )
    if word and len(word) < SHORTEST:
        raise InputError(f'the password is short: it must have at least {SHORTEST} characters')
    return word


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    asked = make_parser().parse_args(argv)
    if asked.port > 65535:
        raise InputError(f'--port is {asked.port}, but must be at most 65535')
    if importlib.util.find_spec('gradio') is None:
        raise InputError(
            "the studio needs Gradio, which is not here: pip install 'styletransfer[web]'"
        )
    from styletransfer.studio.server import LOOPBACK, serve

    serve(asked.host, asked.port, find_password(asked.host in LOOPBACK))
    return 0


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.studio``."""
    return exit_status(lambda: run(argv))


if __name__ == '__main__':
    sys.exit(main())
