"""What there is to compute with: cores, memory, a card."""

from __future__ import annotations

import os
import subprocess
from typing import List, NamedTuple, Optional

from styletransfer.doctor.finding import BROKEN, NOTE, Finding
from styletransfer.doctor.libraries import version

GB = 1e9
LEAST, COMFORTABLE = 0.7 * GB, 2 * GB  # what 560x320 takes with the slim network, and the full one
# mxnet-cu112 1.9.1 has machine code for compute capabilities 5.0 to 8.6, which 8.9 runs too,
# and no intermediate code from which the driver of a newer card could make its own
OLDEST_CARD, NEWEST_CARD = 5.0, 8.9


class Card(NamedTuple):
    """An NVIDIA card, as its driver tells."""

    name: str
    capability: float
    megabytes: int
    driver: str


def cores() -> Finding:
    """Count the cores that may be used, and the threads on which MXNet computes."""
    from styletransfer._compat import usable_cores

    machine, usable = os.cpu_count() or 1, usable_cores()
    threads = int(os.environ.get('OMP_NUM_THREADS', usable))
    found = f'{usable} of {machine} logical cores may be used' if usable < machine else f'{usable}'
    found += f', MXNet computes on {threads} threads'
    if threads < usable:
        return Finding('cores', found, NOTE, f'export OMP_NUM_THREADS={usable}')
    if threads > usable:
        words = f'{found}: they wait for each other'
        return Finding('cores', words, NOTE, f'export OMP_NUM_THREADS={usable}')
    return Finding('cores', found)


def onednn() -> Finding:
    """Tell whether MXNet's convolutions are those of oneDNN."""
    import mxnet as mx

    if mx.runtime.Features().is_enabled('MKLDNN'):
        return Finding('oneDNN', 'computes the convolutions')
    words = 'not in this build: convolutions on the CPU are many times slower'
    return Finding('oneDNN', words, NOTE, 'pip install --force-reinstall --no-deps mxnet==1.9.1')


def memory() -> Finding:
    """Tell whether the memory, with a container's limit, is enough for a picture."""
    import mxnet as mx

    from styletransfer.machine import available_memory, total_memory

    free, total = available_memory(mx.cpu()), total_memory(mx.cpu())
    if free is None or total is None:
        return Finding('memory', 'the system does not say')
    found = f'{free / GB:.1f} of {total / GB:.1f} GB are free'
    if free < LEAST:
        return Finding(
            'memory', f'{found}: 560x320 takes 0.6', BROKEN, 'close programs, or --shape 280x160'
        )
    if free < COMFORTABLE:
        words = f'{found}: enough for the slim network'
        return Finding('memory', words, NOTE, 'for larger pictures: --tile 512')
    return Finding('memory', found)


def cards() -> Optional[List[Card]]:
    """Return the NVIDIA cards that the driver knows; None where there is no driver.

    Raises
    ------
    OSError, subprocess.SubprocessError, ValueError
        If the driver is out of order.
    """
    fields = 'name,compute_cap,memory.total,driver_version'
    command = ['nvidia-smi', f'--query-gpu={fields}', '--format=csv,noheader,nounits']
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except FileNotFoundError:
        return None
    found = []
    for line in done.stdout.strip().splitlines():
        name, capability, megabytes, driver = (part.strip() for part in line.split(','))
        found.append(Card(name, float(capability), int(megabytes), driver))
    return found


def gpu() -> Finding:
    """Tell whether there is a card, and whether this MXNet can compute on it."""
    try:
        known = cards()
    except (OSError, subprocess.SubprocessError, ValueError):
        return Finding('GPU', 'nvidia-smi fails: the driver is out of order', NOTE, 'nvidia-smi')
    if not known:
        return Finding('GPU', 'no NVIDIA card: pictures are painted on the CPU')
    card = known[0]
    found = f'{card.name}, {card.megabytes / 1000:.0f} GB, driver {card.driver}'
    if not OLDEST_CARD <= card.capability <= NEWEST_CARD:
        words = (
            f'{found}: its compute capability is {card.capability}, and mxnet-cu112 has code for '
            f'{OLDEST_CARD} to {NEWEST_CARD} only'
        )
        unusable = version('mxnet-cu112') is not None
        remedy = 'pip uninstall -y mxnet-cu112 && pip install mxnet==1.9.1' if unusable else ''
        return Finding('GPU', words, BROKEN if unusable else NOTE, remedy or 'paint on the CPU')
    if version('mxnet-cu112') is None:
        words = f'{found}: this MXNet is the one for CPUs'
        return Finding(
            'GPU', words, NOTE, "pip uninstall -y mxnet && pip install 'styletransfer[cu112]'"
        )
    return usable(found)


def usable(found: str) -> Finding:
    """Compute on the card: a sum that is known."""
    import mxnet as mx

    try:
        total = float(mx.np.ones(8, ctx=mx.gpu()).sum())
    except (mx.MXNetError, ValueError):
        total = 0.0
    if total != 8.0:
        words = f'{found}: MXNet cannot compute on it'
        return Finding('GPU', words, BROKEN, 'install a driver of version 450 or newer')
    return Finding('GPU', f'{found}: MXNet computes on it')
