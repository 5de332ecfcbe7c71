"""What this machine has: a device to compute on, and memory."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Optional

import mxnet as mx

from styletransfer.errors import InputError, unknown


def find_device(name: str) -> mx.Context:
    """Return the device called 'cpu' or 'gpu'; 'auto' is the first GPU if there is one.

    Raises
    ------
    InputError
        If the name is another, or a GPU is asked for where MXNet finds none.
    """
    if name not in ('cpu', 'gpu', 'auto'):
        raise unknown('device', name, ('cpu', 'gpu', 'auto'))
    try:
        gpus = mx.context.num_gpus() if name != 'cpu' else 0
    except mx.MXNetError:  # a driver that is too old, or out of order
        gpus = 0
    if name == 'gpu' and not gpus:
        raise InputError(
            'no GPU found: this needs an NVIDIA GPU and mxnet-cu112 in place of mxnet '
            '(see "On a GPU" in the README); leave out --device gpu to run on the CPU'
        )
    return mx.gpu() if gpus else mx.cpu()


def total_memory(device: mx.Context) -> Optional[int]:
    """Return the bytes of memory a run may have there, None where the system does not say."""
    if device.device_type == 'gpu':
        return mx.context.gpu_memory_info(device.device_id)[1]
    try:
        limits = [os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')]
    except (ValueError, OSError, AttributeError):
        return None
    for name in ('memory.max', 'memory/memory.limit_in_bytes'):  # of cgroups, version 2 and 1
        with suppress(OSError, ValueError):  # there is none of that version, or no limit ('max')
            limits.append(int(Path('/sys/fs/cgroup', name).read_text()))
    return min(limits)


def available_memory(device: mx.Context) -> Optional[int]:
    """Return the bytes of memory that are free there, None where the system does not say."""
    if device.device_type == 'gpu':
        return mx.context.gpu_memory_info(device.device_id)[0]
    total = total_memory(device)
    with suppress(OSError, ValueError, IndexError):  # no Linux
        text = Path('/proc', 'meminfo').read_text()
        free = 1024 * int(text.split('MemAvailable:')[1].split()[0])
        return min(free, total) if total else free
    return total


def peak_memory() -> int:
    """Return the most bytes of memory this process has held at once."""
    with suppress(OSError):  # not Linux
        for line in Path('/proc/self/status').read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
    import resource

    # on Linux this would be the parent's if that held more when it started us
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024  # bytes there, kilobytes elsewhere


def return_freed_memory() -> None:
    """Wait for what is under way, and give back to the system what memory is not in use."""
    gc.collect()  # a Gluon block refers to itself
    mx.npx.waitall()
    with suppress(OSError, AttributeError, TypeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)
