"""``python -m styletransfer.gan``: train a painter against a critic, or paint."""

from __future__ import annotations

import sys
from typing import List

from styletransfer.command import jobs
from styletransfer.feedforward import painting
from styletransfer.gan import training


def train(argv: List[str]) -> int:
    """Train a painter on pairs of pictures, or on two collections that know no pairs."""
    return training.run(argv)


def paint(argv: List[str]) -> int:
    """Paint pictures with a trained painter."""
    return painting.run(argv, 'gan', 'pix2pix')


main = jobs(
    'gan',
    'Painters that have learned from a critic what looks real.',
    {'train': train, 'paint': paint},
)

if __name__ == '__main__':
    sys.exit(main())
