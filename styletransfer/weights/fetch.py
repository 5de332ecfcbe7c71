"""From the network to the cache: weights are transferred, verified, and only then put in place.

Nothing here is called unless the user asks for weights that are not on this machine. Sources are
asked in turn. Of Hugging Face's file, 575 MB, only the tensors that are used are transferred:
safetensors begins with a list of what lies where, and HTTP can ask for a range of bytes.

A transfer grows a ``.part`` file beside its goal: the bytes wanted, laid end to end. However a
transfer ends, the next one continues behind the last byte that arrived.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import time
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy

from styletransfer.errors import InputError, printable
from styletransfer.files import file_hash, replacing
from styletransfer.weights.formats import (
    WeightsError,
    read_notes,
    read_weights,
    tensors_sha256,
    write_tensors,
)
from styletransfer.weights.sources import SOURCES, Source, cache_folder

TIMEOUTS = (10.0, 20.0)  # seconds to connect, and without a byte
PAUSES = (1.0, 2.0, 4.0)  # seconds before each further attempt
LONGEST_WAIT = 60.0  # seconds that a busy server may ask for; one that wants more is passed over
SLOWEST = 10_000.0  # bytes per second, below which another source is better
PATIENCE = 30.0  # seconds after which the speed is looked at

_CHUNK = 1 << 10  # bytes; little, as a slow server is noticed only when one is complete
_PROGRESS = 1 << 20  # bytes after which a transfer that broke off may break off again
_LONGEST_HEADER = 10_000_000  # bytes; VGG-19's has about 4000


class _RefusedError(Exception):
    """A source does not give what is wanted; the message says why."""


class _InterruptedError(_RefusedError):
    """The same, but another attempt may succeed, after so many seconds."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class _DamagedError(_RefusedError):
    """What has arrived is not what is wanted, and of no use for another attempt."""


class _RangesIgnoredError(_RefusedError):
    """The server sends whole files only."""


def local_weights(sources: Sequence[Source]) -> Optional[Path]:
    """Return the first file of weights that is on this machine, bundled or downloaded before.

    Files are looked for, not into: whatever lies at a source's place was verified when it came.
    """
    return next((source.location for source in sources if source.location.is_file()), None)


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
            f"cannot keep weights in '{cache_folder()}': {error.strerror or error}; free some "
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
        _say(quiet, 'another process is fetching weights: waiting for it')
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _say(quiet: bool, line: str) -> None:
    if not quiet:
        print(line, file=sys.stderr, flush=True)


def _from_first(sources: Sequence[Source], quiet: bool) -> Path:
    """Ask one source after the other."""
    failures = []
    for source in sources:
        try:
            _from_source(source, quiet)
            for each in sources:
                _part(each).unlink(missing_ok=True)
            return source.location
        except _RefusedError as refusal:
            failures.append(f'{source.name}: {refusal}')
            _say(quiet, f'no weights from {failures[-1]}')
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
        except _DamagedError:
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
    with _Transfer(source, part, source.size, quiet) as transfer:
        transfer.whole()
    if not source.path.endswith('.zip'):
        _check_hash(source, part)
        part.replace(source.location)
        return
    try:
        with zipfile.ZipFile(part) as archive, replacing(source.location) as temporary:
            with archive.open(source.file) as packed, open(temporary, 'wb') as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            _check_hash(source, temporary)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
        raise _DamagedError(f'its zip cannot be unpacked ({error})') from error


def _check_hash(source: Source, path: Path) -> None:
    if source.hash and not source.published(path):
        kind = source.hash.partition(':')[0]
        raise _DamagedError(f'what it sent is not the published file (its {kind} hash differs)')


def _obtain_tensors(source: Source, part: Path, quiet: bool) -> None:
    """Download the tensors that are wanted, by ranges if the server knows how to."""
    with _Transfer(source, part, source.size, quiet) as transfer:
        places = _ranges(source, transfer)
    if places:
        _save_tensors(source, part, places)
        return
    part.unlink(missing_ok=True)
    _say(quiet, 'the server sends whole files only, so all of it is transferred')
    # under a name of its own: continued as ranges it would be taken for what it is not
    whole = part.with_suffix('.whole')
    try:
        with _Transfer(source, whole, transfer.remote_size, quiet) as transfer:
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


def _ranges(source: Source, transfer: _Transfer) -> Dict[str, int]:
    """Transfer a safetensors file's header, then the tensors wanted, end to end.

    The header is 8 bytes that say how long the JSON behind them is. Returned is where in `part`
    each tensor starts; nothing, if the server ignores ranges.
    """
    try:
        transfer.extend(0, 8, at=0)
        at = 8 + _header_length(transfer.part)
        transfer.extend(8, at, at=8)
        extents, size = _wanted(source, transfer.part)
        places, end = {}, at
        for extent in extents:
            places[extent.name] = end
            end += extent.stop - extent.first
        transfer.expect(end)
        for first, stop in _joined(extents):
            transfer.extend(first, stop, at)
            at += stop - first
    except _RangesIgnoredError:
        return {}
    if transfer.remote_size not in (None, size):
        raise _DamagedError(f'it offers {transfer.remote_size} bytes, but the file has {size}')
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
        raise _DamagedError('what it sent is not a safetensors file')
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
            if found != ('F32', shape) or stop - first != 4 * int(numpy.prod(shape)):
                raise _DamagedError(
                    f'its {name} is {found[0]} of shape {found[1]}, not F32 of {shape}'
                )
            extents.append(_Extent(begin + first, begin + stop, name))
        size = begin + max(entry['data_offsets'][1] for entry in header.values())
    except KeyError as error:
        raise _DamagedError(f'its file has no {error}') from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _DamagedError('what it sent is not a safetensors file') from error
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
            raise _DamagedError(str(error)) from error


class _Transfer:
    """A file that grows by bytes of another at an address, in as many attempts as it takes.

    To be used in a ``with`` statement, which announces it and shows a bar.
    """

    def __init__(self, source: Source, part: Path, size: Optional[int], quiet: bool) -> None:
        self.source = source
        self.part = part
        self.size = size
        self.quiet = quiet
        self.remote_size: Optional[int] = None

    def __enter__(self) -> _Transfer:
        import requests
        from tqdm import tqdm

        size = f', {self.size / 1e6:.0f} MB' if self.size else ''
        here = f' ({self.here / 1e6:.0f} MB of it are here)' if self.here else ''
        _say(self.quiet, f'fetching {self.source.file}{size}{here} from {self.source.url}')
        self.session = requests.Session()
        self.bar = tqdm(
            total=self.size,
            initial=self.here,
            disable=self.quiet,
            unit='B',
            unit_scale=True,
            mininterval=0.5,
            leave=False,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()
        self.session.close()

    @property
    def here(self) -> int:
        """How many bytes have arrived, in this transfer and those before it."""
        return self.part.stat().st_size if self.part.exists() else 0

    def expect(self, size: int) -> None:
        """Tell the bar how many bytes there will be."""
        self.bar.total = size
        self.bar.refresh()

    def whole(self) -> None:
        """Let `part` be all of the remote file."""
        self._persist(lambda: self._request(self.here, None))
        while self.here < (self.remote_size or 0):  # a server may send less than is asked for
            self._persist(lambda: self._request(self.here, None))

    def extend(self, first: int, stop: int, at: int) -> None:
        """Let bytes first..stop of the remote file lie in `part`, behind its first `at` bytes.

        Those that are there already are not transferred again.
        """
        while self.here < at + stop - first:
            self._persist(lambda: self._request(first + self.here - at, stop))

    def _persist(self, attempt: Callable[[], None]) -> None:
        """Try, and try again after a pause, until it succeeds or no pause is left."""
        pauses = list(PAUSES)
        while True:
            before = self.here
            try:
                attempt()
                return
            except _InterruptedError as interruption:
                if self.here - before >= _PROGRESS:
                    pauses = list(PAUSES)
                if not pauses:
                    raise _RefusedError(str(interruption)) from interruption
                time.sleep(max(pauses.pop(0), interruption.wait))

    def _request(self, first: int, stop: Optional[int]) -> None:
        """Ask once for bytes first..stop, or for all from `first` on, and append what comes."""
        import requests

        headers = {'Accept-Encoding': 'identity'}  # a range of compressed bytes were of no use
        if first or stop:
            headers['Range'] = f'bytes={first}-{stop - 1 if stop else ""}'
        try:
            with self.session.get(
                self.source.url, headers=headers, stream=True, timeout=TIMEOUTS
            ) as response:
                self._check_identity(response)
                if response.status_code == 416 and stop is None:
                    self._check_complete(response)
                    return
                _check_status(response)
                self._receive(response, first, stop)
        except (
            requests.exceptions.ConnectTimeout,  # the system has tried several times by then
            requests.exceptions.SSLError,
            requests.exceptions.TooManyRedirects,
            ValueError,  # an address that is none
        ) as error:
            raise _RefusedError(_reason(error)) from error
        except requests.RequestException as error:
            raise _InterruptedError(_reason(error)) from error

    def _check_identity(self, response: Any) -> None:
        """Compare the hash that Hugging Face tells, before any byte of the file, if it does."""
        for answer in (*response.history, response):
            told = answer.headers.get('X-Linked-Etag', '').strip('"')
            kind, _, value = self.source.hash.partition(':')
            if kind == 'sha256' and re.fullmatch('[0-9a-f]{64}', told) and told != value:
                raise _DamagedError(
                    'the file it offers is not the published one (its hash differs)'
                )

    def _check_complete(self, response: Any) -> None:
        """Find out why nothing can be sent: `part` is all of the file, or none of it."""
        size = response.headers.get('Content-Range', '').rpartition('/')[2]
        if size != str(self.here):
            raise _DamagedError('what arrived before is not a part of the file it offers')

    def _receive(self, response: Any, first: int, stop: Optional[int]) -> None:
        """Append the body of an answer to `part`."""
        mode = 'ab'
        if response.status_code == 200:
            told = response.headers.get('Content-Length', '')
            length = self.remote_size = int(told) if told.isdigit() else None
            if stop is not None:
                raise _RangesIgnoredError
            mode = 'wb'  # all of it comes, whatever was asked for
            self.bar.reset(total=length or self.size)
        else:
            length = self._ranged_length(response, first, stop)
            if stop is None:
                self.expect(self.here + length)
        received = 0
        since, counted = time.monotonic(), 0
        with open(self.part, mode) as file:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                received += len(chunk)
                counted += len(chunk)
                self.bar.update(len(chunk))
                if length is not None and received > length:
                    raise _DamagedError('it sent more than it announced')
                seconds = time.monotonic() - since
                if seconds > PATIENCE:
                    if counted < SLOWEST * seconds:
                        raise _RefusedError(
                            f'it sent {counted / seconds / 1e3:.1f} kB a second only'
                        )
                    since, counted = time.monotonic(), 0
        if length is not None and received < length:
            raise _InterruptedError('the transfer broke off')

    def _ranged_length(self, response: Any, first: int, stop: Optional[int]) -> int:
        """Return how many bytes a partial answer has; they must be those asked for."""
        told = response.headers.get('Content-Range', '')
        match = re.fullmatch(r'bytes (\d+)-(\d+)/(\d+|\*)', told)
        if not match or not int(match[1]) == first <= int(match[2]) < (stop or math.inf):
            raise _DamagedError(f"asked for the bytes from {first} on, it sent others ('{told}')")
        if match[3] != '*':
            size = int(match[3])
            if self.remote_size not in (None, size):
                raise _DamagedError('the file it offers was replaced by another in the meantime')
            self.remote_size = size
        return int(match[2]) + 1 - first


def _check_status(response: Any) -> None:
    """Sort answers into those that bring bytes, those to wait for, and those that never will."""
    status = response.status_code
    if status in (200, 206):
        return
    told = f'HTTP {status} {response.reason or ""}'.strip()
    if status not in (408, 429, 500, 502, 503, 504):
        raise _RefusedError(told)
    wait = _retry_after(response)
    if wait > LONGEST_WAIT:
        raise _RefusedError(f'{told}, wait for {wait:.0f} seconds')
    raise _InterruptedError(told, wait)


def _retry_after(response: Any) -> float:
    """Return how many seconds a server asks to wait, given as a number or a date; else 0."""
    from urllib3.exceptions import HTTPError
    from urllib3.util.retry import Retry

    try:
        return Retry().parse_retry_after(response.headers.get('Retry-After', '0'))
    except HTTPError:
        return 0


def _reason(error: BaseException) -> str:
    """Return what the system said, which lies under the layers of three libraries."""
    while error.__context__ is not None:
        error = error.__context__
    return getattr(error, 'strerror', None) or str(error)[:200] or type(error).__name__
