"""``python -m styletransfer`` lists the commands."""

from __future__ import annotations

COMMANDS = {
    'train': 'turn a photo into a painting, coarse to fine',
    'weights': "list, download and check the networks' weights",
    'distill': 'train a slim network of your own: what vgg19_slim was made with',
    'exercises': "for teachers: make the students' notebooks, and grade them",
}


def main() -> None:
    """Print one line for each command."""
    print('python -m styletransfer.COMMAND --help\n')
    for name, about in COMMANDS.items():
        print(f'  {name:<{max(map(len, COMMANDS))}}  {about}')


if __name__ == '__main__':
    main()
