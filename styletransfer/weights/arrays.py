"""Files of named arrays, of four kinds: opened, but read only where somebody wants the numbers.

A file may be damaged, or made to do harm. So what it says of itself is looked at before memory is
taken for it, and whoever wants numbers knows the shape before.
"""

from __future__ import annotations

import math
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple, Tuple

import numpy

MOST_ARRAYS = 10_000  # that one file may hold; VGG-19 has 38


class Stored(NamedTuple):
    """An array that lies in a file: its shape, the name of its type, and how to read it."""

    shape: Tuple[int, ...]
    dtype: str
    read: Callable[[], numpy.ndarray]

    def transposed(self, *axes: int) -> Stored:
        """Return the same array with its axes in another order."""
        shape = tuple(self.shape[axis] for axis in axes)
        return Stored(shape, self.dtype, lambda: self.read().transpose(axes))


Arrays = Dict[str, Stored]


@contextmanager
def open_safetensors(path: Path) -> Iterator[Arrays]:
    """Give the arrays of a safetensors file, by name."""
    from safetensors import safe_open

    types = {'F16': 'float16', 'F32': 'float32', 'F64': 'float64'}
    with safe_open(str(path), framework='numpy') as file:
        names = file.keys()
        _check_count(len(names))
        arrays = {}
        for name in names:
            part = file.get_slice(name)
            dtype = types.get(part.get_dtype(), part.get_dtype())
            arrays[name] = Stored(tuple(part.get_shape()), dtype, partial(file.get_tensor, name))
        yield arrays


@contextmanager
def open_hdf5(path: Path) -> Iterator[Arrays]:
    """Give the arrays of an HDF5 file, by the names of their groups and their own."""
    import h5py

    with h5py.File(path, 'r') as file:
        arrays: Arrays = {}

        def collect(name: str, node: object) -> None:
            _check_count(len(arrays))
            if isinstance(node, h5py.Dataset) and node.shape:
                arrays[name] = Stored(node.shape, node.dtype.name, partial(_hdf5_array, node))

        file.visititems(collect)
        yield arrays


def _hdf5_array(dataset: Any) -> numpy.ndarray:
    if dataset.external or dataset.is_virtual:
        raise ValueError('its numbers lie in other files')
    if dataset.id.get_create_plist().get_nfilters():
        # HDF5 unpacks whatever there is, also a thousand times what the shape tells
        raise ValueError('its arrays are compressed: save them without compression')
    if math.prod(dataset.chunks or ()) > math.prod(dataset.shape):
        raise ValueError('its arrays lie in chunks that are larger than they are')
    return numpy.asarray(dataset)


@contextmanager
def open_npz(path: Path) -> Iterator[Arrays]:
    """Give the arrays of a file by ``numpy.savez``, by name."""
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith('.npy')]
        _check_count(len(members))
        yield {info.filename[:-4]: _npz_array(archive, info) for info in members}


def _npz_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Stored:
    with archive.open(info) as file:
        if numpy.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f'its {info.filename} is of a kind that plain arrays are not')
        shape, _, dtype = numpy.lib.format.read_array_header_1_0(file)

    def read() -> numpy.ndarray:
        with archive.open(info) as file:
            return numpy.lib.format.read_array(file, allow_pickle=False)

    return Stored(shape, dtype.name, read)


def _check_count(count: int) -> None:
    if count > MOST_ARRAYS:
        raise ValueError(f'it holds more than {MOST_ARRAYS} arrays: no VGG has so many')


@contextmanager
def open_params(path: Path) -> Iterator[Arrays]:
    """Give the arrays of a file by MXNet's ``nd.save`` or Gluon's ``save_parameters``, by name.

    All numbers are little-endian::

        uint64  0x112, 0
        uint64  number of arrays, and for each:
                uint32  version
                int32   0 for an array that is not sparse       not in versions 0 and 1
                int32   number of dimensions                    in version 0 in place of `version`
                int64   each dimension                          uint32 in version 0
                int32   kind and number of its device, type
                the numbers
        uint64  number of names, and for each its length (uint64) and its letters

    Notes
    -----
    ``mx.nd.load`` is not used. It reads version 3, which is written under ``npx.set_np()``, only
    under that switch, and the others only without it; the switch is one of each thread. And it
    takes the memory that a damaged file announces: a minute, and more than there is.
    """
    file = _Bytes(path)
    magic, _, count = file.take('<u8', 3).tolist()
    if magic != 0x112:
        raise ValueError('it is not a file that MXNet wrote')
    _check_count(count)
    arrays = [_params_array(file) for _ in range(count)]
    if file.number('<u8') != count:
        raise ValueError('it holds arrays without names')
    names = [bytes(file.take('u1', file.number('<u8'))).decode() for _ in range(count)]
    yield dict(zip(names, arrays))


_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_TYPES = ('float32', 'float64', 'float16', 'uint8', 'int32', 'int8', 'int64')


def _params_array(file: _Bytes) -> Stored:
    version = file.number('<u4')
    if version in (_V2, _V3) and file.number('<i4'):
        raise ValueError('it holds sparse arrays')
    known = version in (_V1, _V2, _V3)
    dimensions = file.number('<i4') if known else version
    if not 0 <= dimensions <= 32:
        raise ValueError('it is damaged, or not a file that MXNet wrote')
    shape = tuple(file.take('<i8' if known else '<u4', dimensions).tolist())
    *_, kind = file.take('<i4', 3).tolist()  # wherever it was, it is read to the memory here
    if min(shape, default=0) < 0 or not 0 <= kind < len(_TYPES):
        raise ValueError('it holds an array of a shape or type that is not known')
    numbers = file.take(_TYPES[kind], math.prod(shape))
    return Stored(shape, _TYPES[kind], lambda: numbers.reshape(shape))


class _Bytes:
    """The bytes of a file, taken one after the other, but read only when they are used."""

    def __init__(self, path: Path) -> None:
        self.all = numpy.memmap(path, 'u1', 'r')
        self.at = 0

    def take(self, dtype: str, count: int) -> numpy.ndarray:
        """Return the next `count` numbers."""
        begin, self.at = self.at, self.at + count * numpy.dtype(dtype).itemsize
        if self.at > len(self.all):
            raise ValueError('it ends before its arrays do')
        return self.all[begin : self.at].view(dtype)

    def number(self, dtype: str) -> int:
        """Return the next number."""
        return int(self.take(dtype, 1)[0])
