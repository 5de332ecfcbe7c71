"""``python -m styletransfer.feedforward``: train a network that paints in one pass, or paint."""

from __future__ import annotations

import sys
from typing import List

from styletransfer.command import jobs
from styletransfer.feedforward import painting, training


def train(argv: List[str]) -> int:
    """Train a network on a folder of photos, in the style of one painting or of many."""
    return training.run(argv)


def paint(argv: List[str]) -> int:
    """Paint photos of any size with a trained network, each in about a second."""
    return painting.run(argv, 'feedforward', 'johnson')


main = jobs(
    'feedforward',
    'Networks that are trained once and paint in one pass.',
    {'train': train, 'paint': paint},
)

if __name__ == '__main__':
    sys.exit(main())
