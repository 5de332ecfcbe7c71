"""What workers do in the tests of the cluster: they import it from here."""

import os
import signal
import time
from pathlib import Path

from styletransfer.errors import InputError


def doubled(number):
    """Return twice a number; a worker that was told to is slow."""
    time.sleep(float(os.environ.get('SLOW', 0)))
    return 2 * number, os.getpid()


def deadly(piece):
    """Kill the process in which this is done, unless somebody has been killed before."""
    number, marker = piece
    if number == 3 and marker and not Path(marker).exists():
        Path(marker).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(number)


def particular(number):
    """Refuse odd numbers."""
    if number % 2:
        raise InputError(f'{number} is odd')
    return number
