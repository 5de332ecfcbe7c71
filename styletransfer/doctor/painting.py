"""A painting as a test: whether the main command paints, and as fast as this machine should."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Sequence

import numpy

from styletransfer.doctor.finding import BROKEN, NOTE, Finding

COMMAND = ('--backbone', 'vgg19_slim', '--shape', '280x160', '--epochs', '30,25')
# multiplications and additions of an epoch: those of the convolutions of the slim network at
# 280x160, forward and backward (tests/benchmarks/speed.py counts them)
WORK = 4.1e9
SHARE = 0.2  # of the rate of matrix products, that these epochs reach, the first one included
SLOW = 2.5  # times the seconds that are expected: then something is wrong
PATIENCE = 300


def paint(command: Sequence[str] = COMMAND) -> Finding:
    """Paint for about ten seconds, and compare the seconds of an epoch with what is expected.

    Expected are ``WORK / (SHARE * rate)`` seconds an epoch, `rate` being the multiplications and
    additions a second of a matrix product on this machine, measured now.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = [sys.executable, '-m', 'styletransfer.train', *command, '--device', 'cpu']
        try:
            done = subprocess.run(
                [*whole, '--quiet', '--output', folder],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            words = f'280x160 was not painted within {PATIENCE} seconds'
            return Finding('painting', words, BROKEN, 'wait until other programs are done')
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f'status {done.returncode}']
            words = 'nothing was painted: ' + lines[-1]
            return Finding('painting', words, BROKEN, ' '.join(('python', *whole[1:])))
        stage = json.loads(Path(folder, 'run.json').read_text())['stages'][-1]
    seconds = stage['seconds'] / stage['losses'][-1]['epoch']
    expected = WORK / (SHARE * product_rate())
    found = f'280x160 at {seconds:.3f} seconds an epoch; {expected:.3f} are expected here'
    if seconds > SLOW * expected:
        return Finding('painting', found, NOTE, 'end other programs that compute (see  top)')
    return Finding('painting', found)


def product_rate(n: int = 1500, rounds: int = 5) -> float:
    """Return how many multiplications and additions a second NumPy's matrix product does here."""
    A = numpy.ones((n, n), 'float32')
    least = float('inf')
    for _ in range(rounds):  # other programs make it longer, never shorter
        start = time.perf_counter()
        A @ A
        least = min(least, time.perf_counter() - start)
    return 2 * n**3 / least
