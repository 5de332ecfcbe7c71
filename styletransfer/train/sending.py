"""A wish that is sent to another process or machine, with all files that it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Hashable, NamedTuple, Tuple

from styletransfer.cluster import Luggage, OtherWorldError, packed, unpacked
from styletransfer.networks import Network
from styletransfer.train.job import load_network, paint_one, picture_files
from styletransfer.train.plan import Plan, make_plan
from styletransfer.train.wish import Wish

# the fields of a wish that name files, and what the files are called in `picture_files`
FILES = {
    'content': 'content',
    'style': 'style',
    'content_mask': 'content mask',
    'style_mask': 'style mask',
    'content_labels': 'content labels',
    'style_labels': 'style labels',
}


class Piece(NamedTuple):
    """One painting to be made somewhere else."""

    wish: Wish
    weights: Dict[str, str]  # of the network, as of `Network`
    luggage: Luggage


class Painted(NamedTuple):
    """What comes back: what is in the picture's file, and the seconds that it took."""

    file: bytes
    seconds: float


def named(wish: Wish, name: str) -> Tuple[str, ...]:
    """Return the files that a field of a wish names, as it names them."""
    value = getattr(wish, name)
    return value if isinstance(value, tuple) else (value,) if value else ()


def piece_of(wish: Wish, plan: Plan, network: Network) -> Piece:
    """Return a wish as it is sent: what depends on the machine is settled here.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    found = picture_files(wish, plan.recipe)
    files: Dict[Hashable, Path] = {}
    for name, kind in FILES.items():
        files.update(zip(((name, given) for given in named(wish, name)), found[kind]))
    if found['init']:
        files['init', wish.init] = found['init'][0]
    if wish.weights and wish.weights != 'random':
        files['weights', wish.weights] = Path(wish.weights)
    device = plan.device.device_type
    settled = replace(wish, backbone=plan.backbone, device=device, cluster=None, quiet=True)
    return Piece(settled, network.weights, packed(files))


def moved(wish: Wish, places: Dict[Hashable, str]) -> Wish:
    """Return a wish whose files lie somewhere else."""
    there: Dict[str, Any] = {}
    for name in (*FILES, 'init', 'weights'):
        value = getattr(wish, name)
        if isinstance(value, tuple):
            there[name] = tuple(places.get((name, given), given) for given in value)
        else:
            there[name] = places.get((name, value), value)
    return replace(wish, **there)


def paint(piece: Piece) -> Painted:
    """Paint what was sent, on a worker.

    Raises
    ------
    OtherWorldError
        If its network is not ours.
    InputError
        As of `paint_one`.
    """
    with unpacked(piece.luggage) as places, TemporaryDirectory() as folder:
        output = Path(folder, f'painting.{piece.wish.format}')
        wish = replace(moved(piece.wish, places), output=str(output))
        network = load_network(wish, make_plan(wish))
        if network.weights['sha256'] != piece.weights['sha256']:
            raise OtherWorldError(
                f'a worker has other weights of {wish.backbone}: python -m styletransfer.weights '
                f'get {wish.backbone}  there'
            )
        seconds = paint_one(wish, network=network)
        return Painted(output.read_bytes(), seconds)
