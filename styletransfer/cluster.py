"""Work done by other processes and machines: the only file that knows Dask.

A piece of work is a value, and what does it is a function of the package: ``work(piece)``. The
pictures it needs go with it as bytes (`packed`), and what comes back are bytes, too, so that
workers need no disk in common with us, only the same package. What has come back is written here,
by whoever asked: a worker that dies costs the piece it was at, which another one does again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
import warnings
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Hashable, Iterable, Iterator, Mapping, Tuple

import mxnet as mx

import styletransfer
from styletransfer._compat import usable_cores
from styletransfer.errors import InputError, telling_line

LOCAL = 'local'
PATIENCE = 30  # seconds, for a scheduler and its first worker to answer
AHEAD = 2  # pieces sent out for each thread of the workers: one is done, the next is there

Luggage = Dict[Hashable, Tuple[str, bytes]]  # of files: their names and what is in them
Work = Callable[[Any], Any]

_one_at_a_time = threading.Lock()  # pieces of one worker, that may have several threads


class OtherWorldError(InputError):
    """A worker would paint other pictures than we."""


# --- files that go with a piece ------------------------------------------------------------------


def packed(files: Mapping[Hashable, Path]) -> Luggage:
    """Return files as values.

    Raises
    ------
    InputError
        If one cannot be read.
    """
    try:
        return {key: (path.name, path.read_bytes()) for key, path in files.items()}
    except OSError as error:
        raise InputError(f"cannot read '{error.filename}': {telling_line(error)}") from error


@contextmanager
def unpacked(luggage: Luggage) -> Iterator[Dict[Hashable, str]]:
    """Give files that were sent, each under its own name, for as long as the work takes."""
    with tempfile.TemporaryDirectory(prefix='styletransfer-') as folder:
        places: Dict[Hashable, str] = {}
        for k, (key, (name, content)) in enumerate(luggage.items()):
            path = Path(folder, str(k), Path(name).name)
            path.parent.mkdir()
            path.write_bytes(content)
            places[key] = str(path)
        yield places


# --- the cluster ---------------------------------------------------------------------------------


def parse_cluster(text: str) -> str:
    """Return an address as it was given, if it can be one.

    Raises
    ------
    InputError
        If it is neither ``local``, ``local:N`` nor an address with a port.
    """
    name, _, number = text.rpartition(':') if ':' in text else (text, '', '')
    if text == LOCAL or (name == LOCAL and number.isdigit() and 0 < int(number) < 1000):
        return text
    if name and name != LOCAL and number.isdigit():
        return text
    raise InputError(
        f"'{text}' is no cluster: give local, local:4 for four processes, or the address of a "
        'Dask scheduler, such as tcp://10.0.0.5:8786'
    )


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give a client of a cluster whose workers paint as we do; one of our own ends with us.

    Parameters
    ----------
    address : str
        Of a Dask scheduler; or 'local:N' for N processes here, each of them computing on as many
        threads as we do, for on another number the last bits are others. 'local' are two.

    Raises
    ------
    InputError
        If Dask is not installed, nobody answers, or a worker is not like us.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            "--cluster needs Dask: install it with  pip install 'styletransfer[cluster]'"
        ) from error
    logging.getLogger('distributed').setLevel(logging.CRITICAL)  # what matters is told by us
    with warnings.catch_warnings(), ExitStack() as ends:
        warnings.simplefilter('ignore')  # of ports in use, and of clients closed late
        try:
            if address.split(':')[0] == LOCAL:
                cluster = _local(distributed, int(address[len(LOCAL) + 1 :] or 2))
                ends.callback(cluster.close, timeout=PATIENCE)
                client = distributed.Client(cluster, timeout=PATIENCE)
            else:
                client = distributed.Client(address, timeout=PATIENCE)
            ends.callback(client.close, timeout=PATIENCE)
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, distributed.TimeoutError, ValueError) as error:
            raise InputError(
                f"no worker answers at --cluster '{address}': start a scheduler with  "
                f'dask scheduler  and workers with  dask worker {address}'
            ) from error
        check_workers(client)
        yield client


def _local(distributed: Any, workers: int) -> Any:
    """Return processes of our own, without a limit of memory: a plan knows better."""
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host='127.0.0.1',
        dashboard_address='127.0.0.1:0',
        memory_limit=None,
        silence_logs=logging.CRITICAL,
        env={'OMP_NUM_THREADS': str(threads()), 'DASK_LOGGING__DISTRIBUTED': 'critical'},
    )


def threads() -> int:
    """Return on how many threads MXNet computes here."""
    return int(os.environ.get('OMP_NUM_THREADS') or usable_cores())


@lru_cache(maxsize=None)
def world() -> Dict[str, str]:
    """Return all on which the bits of a picture depend, besides the piece and the processor."""
    digest = hashlib.sha256()
    for path in sorted(Path(styletransfer.__file__).parent.rglob('*.py')):
        digest.update(path.read_bytes())
    return {
        'styletransfer': f'{styletransfer.__version__} ({digest.hexdigest()[:8]})',
        'mxnet': mx.__version__,
        'threads': str(threads()),
    }


def difference(theirs: Mapping[str, str], where: str) -> str:
    """Return in one line how a worker is not like us, and what to do; nothing if it is."""
    ours = world()
    for name, value in ours.items():
        if theirs.get(name) != value:
            has = f'the worker at {where} has {name} {theirs.get(name)}, but here it is {value}'
            if name == 'threads':
                return f'{has}: pictures would differ; start both with OMP_NUM_THREADS={value}'
            return f'{has}: install the same there, or stop that worker'
    return ''


def check_workers(client: Any) -> None:
    """Refuse workers that would paint other pictures than we.

    Raises
    ------
    OtherWorldError
        If there is one.
    """
    for where, theirs in client.run(world, on_error='return').items():
        if isinstance(theirs, Exception):
            raise OtherWorldError(
                f'the worker at {where} cannot run styletransfer ({telling_line(theirs)}): '
                f'install version {styletransfer.__version__} there, or stop that worker'
            )
        if difference(theirs, where):
            raise OtherWorldError(difference(theirs, where))


def at_work(work: Work, piece: Any, ours: Mapping[str, str]) -> Any:
    """Do a piece, on a worker; it may have come after the others were looked at."""
    if world() != ours:
        raise OtherWorldError(
            f'a worker that came later has {world()}, but here it is {dict(ours)}: stop it'
        )
    with _one_at_a_time:
        mx.npx.set_np()  # it holds for one thread only
        return work(piece)


def outcomes(client: Any, work: Work, pieces: Iterable[Any]) -> Iterator[Tuple[int, Any]]:
    """Send pieces out, and yield the number of each that is done with what came of it.

    Never more than `AHEAD` for each thread are out, so that memory does not grow with their
    number. A piece whose worker died is done again by another.

    Yields
    ------
    number : int
    result
        What ``work(piece)`` returned, or the `InputError` that it raised.

    Raises
    ------
    OtherWorldError
        If a worker is not like us.
    """
    import distributed

    numbers: Dict[Any, int] = {}
    running = distributed.as_completed(with_results=False)
    left = enumerate(pieces)

    def send() -> None:
        free = AHEAD * max(1, sum(client.nthreads().values())) - len(numbers)
        for _, (number, piece) in zip(range(free), left):
            future = client.submit(at_work, work, piece, world(), pure=False)
            numbers[future] = number
            running.add(future)

    send()
    try:
        while numbers:
            future = next(running)
            try:
                result = future.result()
            except OtherWorldError:
                raise
            except InputError as error:
                result = error
            except distributed.KilledWorker:
                result = InputError('each worker that began it died: it may need more memory')
            yield numbers.pop(future), result
            future.release()
            send()
    finally:
        client.cancel(list(numbers))


def in_order(client: Any, work: Work, pieces: Iterable[Any]) -> Iterator[Any]:
    """Yield what comes of pieces, in their order.

    Raises
    ------
    InputError
        What the work raised.
    """
    waiting: Dict[int, Any] = {}
    turn = 0
    for number, result in outcomes(client, work, pieces):
        waiting[number] = result
        while turn in waiting:
            done = waiting.pop(turn)
            if isinstance(done, InputError):
                raise done
            yield done
            turn += 1


def told(client: Any) -> str:
    """Return one line on a cluster: how many workers there are, and where it can be watched."""
    workers = len(client.nthreads())
    return f'Cluster of {workers} workers; watch it at {client.dashboard_link}'
