"""``styletransfer`` and ``python -m styletransfer`` list the commands, or run one of them."""

from __future__ import annotations

import runpy
import sys
from typing import List

import styletransfer
from styletransfer.command import exit_status
from styletransfer.errors import unknown

COMMANDS = {
    'train': 'turn a photo into a painting, coarse to fine',
    'feedforward': 'train networks that paint any photo in a second, and paint with them',
    'gan': 'train painters against critics: pairs, collections, shapes in other colours',
    'video': 'turn a clip into a painting that moves and does not flicker',
    'studio': 'paint on a page in the browser',
    'weights': "list, download and check the networks' weights",
    'doctor': 'look at what this machine has, and say what mends what does not work',
    'distill': 'train a slim network of your own: what vgg19_slim was made with',
    'exercises': "for teachers: make the students' notebooks, and grade them",
}


def listed() -> str:
    """Return one line for each command."""
    lines = [f'  {name:<{max(map(len, COMMANDS))}}  {about}' for name, about in COMMANDS.items()]
    return '\n'.join(['python -m styletransfer.COMMAND --help\n', *lines])


def run(argv: List[str]) -> int:
    """List the commands, tell the version, or become the command that is named."""
    name, *rest = argv or ['--help']
    if name in ('-h', '--help'):
        print(listed())
    elif name == '--version':
        print(f'styletransfer {styletransfer.__version__}')
    elif name not in COMMANDS:
        raise unknown('command', name, COMMANDS)
    else:
        sys.argv[1:] = rest
        runpy.run_module(f'styletransfer.{name}', run_name='__main__', alter_sys=True)
    return 0


def main() -> int:
    """Run ``styletransfer``, the command that comes with the package."""
    return exit_status(lambda: run(sys.argv[1:]))


if __name__ == '__main__':
    sys.exit(main())
