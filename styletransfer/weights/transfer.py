"""Bytes of a remote file, over HTTP, in as many attempts as it takes, and within bounds.

A server may be slow, or wrong, or worse. How much it may send is bounded by what the file weighs,
how long that may take by a lowest pace, and how often it is asked by a number. What it says is
printed by nobody before it is made printable.
"""

from __future__ import annotations

import math
import re
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional

from styletransfer.errors import telling_line
from styletransfer.weights.sources import Source

TIMEOUTS = (10.0, 20.0)  # seconds to connect, and without a byte
PAUSES = (1.0, 2.0, 4.0)  # seconds before each further attempt
LONGEST_WAIT = 60.0  # seconds that a busy server may ask for; one that wants more is passed over
SLOWEST = 10_000.0  # bytes per second, below which another source is better
PATIENCE = 30.0  # seconds after which the speed is looked at
MOST_REQUESTS = 1000  # of one transfer; ten do where nothing breaks off

_CHUNK = 1 << 10  # bytes; of one that is not complete when a transfer breaks off all is lost
_PROGRESS = 1 << 20  # bytes after which a transfer that broke off may break off again
_REPEATS = 3  # how often as many bytes as the file may have are listened to


class RefusedError(Exception):
    """A source does not give what is wanted; the message says why."""


class DamagedError(RefusedError):
    """What has arrived is not what is wanted, and of no use for another attempt."""


class RangesIgnoredError(RefusedError):
    """The server sends whole files only."""


class _InterruptedError(RefusedError):
    """Another attempt may succeed, after so many seconds."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class _Pace:
    """How fast a file comes, over all attempts; what was waited for on purpose is left out."""

    def __init__(self) -> None:
        self.since, self.count = time.monotonic(), 0

    def wait(self, seconds: float) -> None:
        """Sleep."""
        before = time.monotonic()
        time.sleep(seconds)
        self.since += time.monotonic() - before

    def check(self) -> None:
        """Refuse a source that was too slow for a while."""
        seconds = time.monotonic() - self.since
        if seconds > PATIENCE:
            if self.count < SLOWEST * seconds:
                raise RefusedError(f'it sent {self.count / seconds / 1e3:.1f} kB a second only')
            self.since, self.count = time.monotonic(), 0


class Transfer:
    """A file that grows by bytes of another at an address, in as many attempts as it takes.

    To be used in a ``with`` statement, which announces it and shows a bar.

    Parameters
    ----------
    source : Source
        Its address is asked.
    part : Path
        The file that grows.
    size : int
        About how many bytes are transferred. More than a tenth above that are refused.
    quiet : bool
        Without announcement and bar.
    """

    def __init__(self, source: Source, part: Path, size: int, quiet: bool) -> None:
        self.source = source
        self.part = part
        self.size = size
        self.limit = size + size // 10
        self.quiet = quiet
        self.remote_size: Optional[int] = None
        self.requests = self.received = 0

    def __enter__(self) -> Transfer:
        from tqdm import tqdm

        from styletransfer.weights.session import watched_session

        here = f' ({self.here / 1e6:.0f} MB of it are here)' if self.here else ''
        about = f'{self.source.file}, {self.size / 1e6:.0f} MB{here}'
        say(self.quiet, f'fetching {about} from {self.source.url}')
        self.pace = _Pace()
        self.session = watched_session(self.pace.check)
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
                    raise RefusedError(str(interruption)) from interruption
                self.pace.wait(max(pauses.pop(0), interruption.wait))

    def _request(self, first: int, stop: Optional[int]) -> None:
        """Ask once for bytes first..stop, or for all from `first` on, and append what comes."""
        import requests

        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise RefusedError(f'{MOST_REQUESTS} requests were not enough')
        self.pace.check()
        headers = {'Accept-Encoding': 'identity'}  # a range of compressed bytes were of no use
        if first or stop:
            headers['Range'] = f'bytes={first}-{stop - 1 if stop else ""}'
        try:
            with self.session.get(
                self.source.url, headers=headers, stream=True, timeout=TIMEOUTS
            ) as response:
                self._check_identity(response)
                self._check_encoding(response)
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
            raise RefusedError(_reason(error)) from error
        except requests.RequestException as error:
            raise _InterruptedError(_reason(error)) from error

    def _check_identity(self, response: Any) -> None:
        """Compare the hash that Hugging Face tells, before any byte of the file, if it does."""
        for answer in (*response.history, response):
            told = answer.headers.get('X-Linked-Etag', '').strip('"')
            kind, _, value = self.source.hash.partition(':')
            if kind == 'sha256' and re.fullmatch('[0-9a-f]{64}', told) and told != value:
                raise DamagedError(
                    'the file it offers is not the published one (its hash differs)'
                )

    def _check_encoding(self, response: Any) -> None:
        """Refuse what would have to be unpacked: there might be no end of it."""
        encoding = response.headers.get('Content-Encoding', '')
        if encoding not in ('', 'identity'):
            raise RefusedError(f'it was asked for the file as it is, and sends {encoding}')

    def _check_complete(self, response: Any) -> None:
        """Find out why nothing can be sent: `part` is all of the file, or none of it."""
        size = response.headers.get('Content-Range', '').rpartition('/')[2]
        if size != str(self.here):
            raise DamagedError('what arrived before is not a part of the file it offers')

    def _receive(self, response: Any, first: int, stop: Optional[int]) -> None:
        """Append the body of an answer to `part`."""
        mode, here = 'ab', self.here
        if response.status_code == 200:
            told = response.headers.get('Content-Length', '')
            length = self.remote_size = int(told) if told.isdigit() else None
            if stop is not None:
                raise RangesIgnoredError
            mode, here = 'wb', 0  # all of it comes, whatever was asked for
            self.bar.reset(total=length or self.size)
        else:
            length = self._ranged_length(response, first, stop)
            if stop is None:
                self.expect(here + length)
        if stop is None:
            self._check_size(self.remote_size or 0)
        end = math.inf if length is None else here + length
        with open(self.part, mode) as file:
            for chunk in response.iter_content(_CHUNK):
                here += len(chunk)
                if here > end:
                    raise DamagedError('it sent more than it announced')
                self._check_size(here)
                file.write(chunk)
                self.bar.update(len(chunk))
                self.pace.count += len(chunk)
                self.received += len(chunk)
                if self.received > _REPEATS * self.limit:
                    raise RefusedError('it sent the same again and again')
        if here < end < math.inf:
            raise _InterruptedError('the transfer broke off')

    def _check_size(self, size: float) -> None:
        if size > self.limit:
            raise DamagedError(
                f'it sends {size / 1e6:.0f} MB or more, but the file has about '
                f'{self.size / 1e6:.0f} MB'
            )

    def _ranged_length(self, response: Any, first: int, stop: Optional[int]) -> int:
        """Return how many bytes a partial answer has; they must be those asked for."""
        told = response.headers.get('Content-Range', '')
        match = re.fullmatch(r'bytes (\d+)-(\d+)/(\d+|\*)', told)
        if not match or not int(match[1]) == first <= int(match[2]) < (stop or math.inf):
            raise DamagedError(f"asked for the bytes from {first} on, it sent others ('{told}')")
        if match[3] != '*':
            size = int(match[3])
            if self.remote_size not in (None, size):
                raise DamagedError('the file it offers was replaced by another in the meantime')
            self.remote_size = size
        return int(match[2]) + 1 - first


def _check_status(response: Any) -> None:
    """Sort answers into those that bring bytes, those to wait for, and those that never will."""
    status = response.status_code
    if status in (200, 206):
        return
    told = f'HTTP {status} {response.reason or ""}'.strip()
    if status not in (408, 429, 500, 502, 503, 504):
        raise RefusedError(told)
    wait = _retry_after(response)
    if wait > LONGEST_WAIT:
        raise RefusedError(f'{told}, wait for {wait:.0f} seconds')
    raise _InterruptedError(told, wait)


def _retry_after(response: Any) -> float:
    """Return how many seconds a server asks to wait, given as a number or a date; else 0."""
    from urllib3.exceptions import HTTPError
    from urllib3.util.retry import Retry

    try:
        return Retry().parse_retry_after(response.headers.get('Retry-After', '0'))
    except (HTTPError, ValueError, OverflowError):
        return 0


def _reason(error: BaseException) -> str:
    """Return what the system said, which lies under the layers of three libraries."""
    while error.__context__ is not None:
        error = error.__context__
    return telling_line(error)


def say(quiet: bool, line: str) -> None:
    """Tell people on the standard error stream what happens."""
    if not quiet:
        print(line, file=sys.stderr, flush=True)
