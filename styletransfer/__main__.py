"""``python -m styletransfer`` lists the commands."""

from __future__ import annotations

import sys

from styletransfer.command import exit_status

COMMANDS = {
    'train': 'turn a photo into a painting, coarse to fine',
    'feedforward': 'train networks that paint any photo in a second, and paint with them',
    'gan': 'train painters against critics: pairs, collections, shapes in other colours',
    'video': 'turn a clip into a painting that moves and does not flicker',
    'weights': "list, download and check the networks' weights",
    'doctor': 'look at what this machine has, and say what mends what does not work',
    'distill': 'train a slim network of your own: what vgg19_slim was made with',
    'exercises': "for teachers: make the students' notebooks, and grade them",
}


def run() -> int:
    """Print one line for each command."""
    print('python -m styletransfer.COMMAND --help\n')
    for name, about in COMMANDS.items():
        print(f'  {name:<{max(map(len, COMMANDS))}}  {about}')
    return 0


if __name__ == '__main__':
    sys.exit(exit_status(run))
