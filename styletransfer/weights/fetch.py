"""From the network to the cache: weights are transferred, verified, and only then put in place.

Nothing here is called unless the user asks for weights that are not on this machine. Sources are
asked in turn. Of Hugging Face's file, 575 MB, only the tensors that are used are transferred:
safetensors begins with a list of what lies where, and HTTP can ask for a range of bytes.

A transfer grows a ``.part`` file beside its goal: the bytes wanted, laid end to end. However a
transfer ends, the next one continues behind the last byte that arrived.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy

from styletransfer.errors import InputError, printable, telling_line
from styletransfer.files import file_hash, remove_unfinished, replacing
from styletransfer.weights.formats import (
    WeightsError,
    read_notes,
    read_weights,
    tensors_sha256,
    write_tensors,
)
from styletransfer.weights.sources import LARGEST_FILE, SOURCES, Source, cache_folder
from styletransfer.weights.transfer import (
    DamagedError,
    RangesIgnoredError,
    RefusedError,
    Transfer,
    say,
)

_LONGEST_HEADER = 10_000_000  # bytes; VGG-19's has about 4000


def local_weights(sources: Sequence[Source]) -> Optional[Path]:
    """Return the first file of weights that is on this machine, bundled or downloaded before.

    Files are looked for, not into: whatever lies at a source's place was verified when it came.
    """
    return next((s.location for s in sources if os.path.isfile(s.location)), None)


def describe(path: Path) -> Dict[str, str]:
    """Return where a file of weights is from, and its SHA-256, for the record of a run.

    The name of the source stands in the file or is known by the file's name; of other files the
    name is given.
    """
    known = {source.file: source.name for sources in SOURCES.values() for source in sources}
    name = read_notes(path).get('source') or known.get(path.name, path.name)
    return {'source': printable(name), 'sha256': file_hash(path)}


def fetch(sources: Sequence[Source], quiet: bool = False) -> Path:
    """Return a file of weights, downloaded from the first source that delivers if need be.

    Parameters
    ----------
    sources : sequence of Source
        Asked in this order. Each is announced in one line on the standard error stream.
    quiet : bool
        Without that line, and without a bar.

    Returns
    -------
    Path
        Verified, whole, and to be read by `read_weights`. Of two processes that want the same
        file one downloads it and the other waits.

    Raises
    ------
    InputError
        If no source delivers (the message says why for each), or the file cannot be kept.
    """
    found = local_weights(sources)
    if found:
        return found
    remote = [source for source in sources if source.host]
    if not remote:
        missing = ', '.join(str(source.location) for source in sources)
        raise InputError(f"'{missing}' came with this package and is gone: install it again")
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with _only_one(quiet):
            return local_weights(sources) or _from_first(remote, quiet)
    except OSError as error:
        raise InputError(
            f"cannot keep weights in '{cache_folder()}': {telling_line(error)}; free some "
            'space, or set MXNET_HOME to a folder that can be written, or give --weights FILE'
        ) from error


@contextmanager
def _only_one(quiet: bool) -> Iterator[None]:
    """Keep other processes from downloading at the same time; wait for one that does."""
    from filelock import FileLock, Timeout

    lock = FileLock(str(cache_folder() / 'styletransfer.lock'))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(quiet, 'another process is fetching weights: waiting for it')
        lock.acquire()
    try:
        remove_unfinished(cache_folder())  # what a killed process was writing
        yield
    finally:
        lock.release()


def _from_first(sources: Sequence[Source], quiet: bool) -> Path:
    """Ask one source after the other."""
    failures = []
    for source in sources:
        try:
            _from_source(source, quiet)
            for each in sources:
                _part(each).unlink(missing_ok=True)
            return source.location
        except RefusedError as refusal:
            failures.append(f'{source.name}: {telling_line(refusal)}')
            say(quiet, f'no weights from {failures[-1]}')
    raise InputError(
        f'no source delivers the weights ({"; ".join(failures)}): try again later, which '
        'continues what was begun, or give a file that you have with --weights FILE'
    )


def _from_source(source: Source, quiet: bool) -> None:
    """Download, verify and put in place what one source offers."""
    part = _part(source)
    obtain = _obtain_tensors if source.tensors else _obtain_file
    for continued in (part.exists(), False):
        try:
            obtain(source, part, quiet)
            break
        except DamagedError:
            part.unlink(missing_ok=True)
            # begun when the server had another file, perhaps: once more, from the first byte
            if not continued:
                raise
        except (OSError, InputError):
            part.unlink(missing_ok=True)  # a full disk shall not stay full
            raise


def _part(source: Source) -> Path:
    return source.location.with_name(source.file + '.part')


def _obtain_file(source: Source, part: Path, quiet: bool) -> None:
    """Download the whole of a file, and unpack it if it is a zip."""
    with Transfer(source, part, source.size, quiet) as transfer:
        transfer.whole()
    if not source.path.endswith('.zip'):
        _check_hash(source, part)
        part.replace(source.location)
        return
    try:
        with zipfile.ZipFile(part) as archive, replacing(source.location) as temporary:
            info = archive.getinfo(source.file)
            if info.file_size > LARGEST_FILE:
                raise DamagedError(f'its zip would unpack to {info.file_size / 1e6:.0f} MB')
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DamagedError('its zip is packed in an unusual way')
            with archive.open(info) as packed, open(temporary, 'wb') as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            _check_hash(source, temporary)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
        raise DamagedError(f'its zip cannot be unpacked ({telling_line(error)})') from error


def _check_hash(source: Source, path: Path) -> None:
    if source.hash and not source.published(path):
        kind = source.hash.partition(':')[0]
        raise DamagedError(f'what it sent is not the published file (its {kind} hash differs)')


def _obtain_tensors(source: Source, part: Path, quiet: bool) -> None:
    """Download the tensors that are wanted, by ranges if the server knows how to."""
    with Transfer(source, part, source.size, quiet) as transfer:
        places = _ranges(source, transfer)
    if places:
        _save_tensors(source, part, places)
        return
    part.unlink(missing_ok=True)
    say(quiet, 'the server sends whole files only, so all of it is transferred')
    # under a name of its own: continued as ranges it would be taken for what it is not
    whole = part.with_suffix('.whole')
    try:
        size = min(transfer.remote_size or LARGEST_FILE, LARGEST_FILE)
        with Transfer(source, whole, size, quiet) as transfer:
            transfer.whole()
        _check_hash(source, whole)
        extents, _ = _wanted(source, whole)
        _save_tensors(source, whole, {extent.name: extent.first for extent in extents})
    finally:
        # from a server without ranges it could not be continued
        whole.unlink(missing_ok=True)


class _Extent(NamedTuple):
    """Which bytes of a file a tensor takes."""

    first: int
    stop: int
    name: str


def _ranges(source: Source, transfer: Transfer) -> Dict[str, int]:
    """Transfer a safetensors file's header, then the tensors wanted, end to end.

    The header is 8 bytes that say how long the JSON behind them is. Returned is where in `part`
    each tensor starts; nothing, if the server ignores ranges.
    """
    try:
        transfer.extend(0, 8, at=0)
        at = 8 + _header_length(transfer.part)
        transfer.extend(8, at, at=8)
        extents, size = _wanted(source, transfer.part)
        if transfer.remote_size not in (None, size):
            raise DamagedError(f'it offers {transfer.remote_size} bytes, but the file has {size}')
        places, end = {}, at
        for extent in extents:
            places[extent.name] = end
            end += extent.stop - extent.first
        transfer.expect(end)
        for first, stop in _joined(extents):
            transfer.extend(first, stop, at)
            at += stop - first
    except RangesIgnoredError:
        return {}
    return places


def _joined(extents: Sequence[_Extent]) -> List[Tuple[int, int]]:
    """Return as few stretches of bytes as cover all extents: each is a request of its own."""
    stretches: List[Tuple[int, int]] = []
    for extent in extents:
        if stretches and stretches[-1][1] == extent.first:
            stretches[-1] = (stretches[-1][0], extent.stop)
        else:
            stretches.append((extent.first, extent.stop))
    return stretches


def _header_length(part: Path) -> int:
    with open(part, 'rb') as file:
        length = int.from_bytes(file.read(8), 'little')
    if not 2 <= length <= _LONGEST_HEADER:
        raise DamagedError('what it sent is not a safetensors file')
    return length


def _wanted(source: Source, part: Path) -> Tuple[List[_Extent], int]:
    """Return the extents of the tensors wanted, sorted, and the size of the whole file."""
    begin = 8 + _header_length(part)
    try:
        with open(part, 'rb') as file:
            header: Dict[str, Any] = json.loads(file.read(begin)[8:].decode())
        header.pop('__metadata__', None)
        extents = []
        for name, shape in source.tensors:
            first, stop = header[name]['data_offsets']
            found = header[name]['dtype'], tuple(header[name]['shape'])
            if found != ('F32', shape):
                raise DamagedError(
                    f'its {name} is {found[0]} of shape {found[1]}, not F32 of {shape}'
                )
            taken = 4 * int(numpy.prod(shape))
            if first < 0 or range(first, stop) != range(first, first + taken):
                raise DamagedError(f'its {name} would lie at {first}-{stop}, of {taken} bytes')
            extents.append(_Extent(begin + first, begin + stop, name))
        size = begin + max(entry['data_offsets'][1] for entry in header.values())
    except KeyError as error:
        raise DamagedError(f'its file has no {error}') from error
    except (ValueError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise DamagedError('what it sent is not a safetensors file') from error
    return sorted(extents), size


def _save_tensors(source: Source, part: Path, places: Dict[str, int]) -> None:
    """Write the tensors that lie at these places of `part` as a safetensors file of their own."""
    tensors = {}
    with open(part, 'rb') as file:
        for name, shape in source.tensors:
            file.seek(places[name])
            data = numpy.frombuffer(file.read(4 * int(numpy.prod(shape))), dtype='<f4')
            tensors[name] = data.reshape(shape)
    ordered = list(tensors.values())
    notes = {
        'source': source.name,
        # not the mirror's, so that the file is the same on every machine
        'url': source.published_url,
        'licence': source.licence,
        'tensors_sha256': tensors_sha256(zip(ordered[::2], ordered[1::2])),
    }
    with replacing(source.location) as temporary:
        write_tensors(temporary, tensors, notes)
        try:
            read_weights(temporary)
        except WeightsError as error:
            raise DamagedError(str(error)) from error
