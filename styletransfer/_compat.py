"""Everything that MXNet 1.9.1, an archived release, needs on today's machines.

Importing this module imports MXNet with these precautions, in this order:

1. NumPy 1.24 removed aliases such as ``np.bool`` that MXNet still uses: they are put back.
2. Python 3.12 removed ``distutils``, which MXNet imports: setuptools brings its own copy.
3. MXNet computes on half of the logical cores unless ``OMP_NUM_THREADS`` says otherwise:
   it is set to the number of cores this process may use, unless the user set it. Threads wait
   for each other asleep (``OMP_WAIT_POLICY``): awake, they are many times slower as soon as any
   other program wants a core.
4. Freed memory goes back to one place (``M_ARENA_MAX``). By default the C library keeps one
   for each thread, and what one of MXNet's threads has freed the others cannot have: a run
   takes a fifth more memory for nothing. And what is freed of blocks up to 64 MB is kept for
   the next epoch (``M_MMAP_THRESHOLD``), but for the last 64 MB (``M_TRIM_THRESHOLD``): memory
   that goes back to the system comes again page by page, which took a tenth of an epoch. MXNet's
   operators have four places for what they need for a moment (``MXNET_CPU_TEMP_COPY``), though
   one after the other they need only one.
5. ``mxnet-cu112`` carries no CUDA libraries: those of NVIDIA's ``nvidia-*-cu11`` packages,
   where installed, are loaded first, each before the ones that need it.

NumPy semantics (``npx.set_np()``) are switched on for the thread that imports this.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Optional

import numpy

_REMOVED_ALIASES = {
    'bool': bool,
    'int': int,
    'float': float,
    'complex': complex,
    'object': object,
    'str': str,
}

# glibc's malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
_MALLOC_OPTIONS = ((-8, 1), (-3, 64 << 20), (-1, 64 << 20))

# folder inside the nvidia package, then library, in the order in which they need each other
_CUDA_LIBRARIES = (
    ('cuda_runtime', 'libcudart.so.11.0'),
    ('nvtx', 'libnvToolsExt.so.1'),
    ('cublas', 'libcublasLt.so.11'),
    ('cublas', 'libcublas.so.11'),
    ('cuda_nvrtc', 'libnvrtc.so.11.2'),
    ('cudnn', 'libcudnn.so.8'),
    ('cufft', 'libcufft.so.10'),
    ('curand', 'libcurand.so.10'),
    ('cusolver', 'libcusolver.so.11'),
    ('nccl', 'libnccl.so.2'),
)


def _restore_numpy_aliases() -> None:
    if int(numpy.__version__.split('.')[0]) >= 2:
        raise ImportError(
            f'MXNet 1.9.1 cannot run with NumPy {numpy.__version__}: '
            "install an older one with  pip install 'numpy<2'"
        )
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # NumPy 1.20-1.23 warn when an alias is looked at
        for name, value in _REMOVED_ALIASES.items():
            if not hasattr(numpy, name):
                setattr(numpy, name, value)


def _cgroup_cores() -> Optional[int]:
    try:
        quota, period = Path('/sys/fs/cgroup/cpu.max').read_text().split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):  # no cgroup v2 here, or its quota is 'max'
        return None


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, capped by its cgroup."""
    affine = hasattr(os, 'sched_getaffinity')  # not on macOS
    cores = (len(os.sched_getaffinity(0)) if affine else os.cpu_count()) or 1
    return min(cores, _cgroup_cores() or cores)


def _keep_freed_memory() -> None:
    with suppress(OSError, AttributeError, TypeError):  # another C library than GNU's
        for option, value in _MALLOC_OPTIONS:
            ctypes.CDLL(None).mallopt(option, value)


def _load_cuda_libraries() -> None:
    spec = importlib.util.find_spec('nvidia')
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for folder, library in _CUDA_LIBRARIES:
            path = Path(root) / folder / 'lib' / library
            if path.exists():
                try:
                    ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
                except OSError:  # not this machine's; MXNet's own import names what is missing
                    return


def _import_mxnet() -> None:
    _restore_numpy_aliases()
    if sys.version_info >= (3, 12):
        import setuptools  # noqa: F401  (its import hook provides distutils)
    os.environ.setdefault('OMP_NUM_THREADS', str(usable_cores()))
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    os.environ.setdefault('MXNET_CPU_TEMP_COPY', '1')
    _keep_freed_memory()
    _load_cuda_libraries()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # MXNet's own import uses what NumPy deprecated
        try:
            import mxnet
        except ModuleNotFoundError as error:
            raise ImportError(
                f'no module named {error.name}: install MXNet with  '
                "pip install 'styletransfer[cpu]'  or, on an NVIDIA GPU,  "
                "pip install 'styletransfer[cu112]'"
            ) from error
    mxnet.npx.set_np()


_import_mxnet()
