"""The command for weights: ``python -m styletransfer.weights list|get|verify|path``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List, Sequence

import mxnet as mx

from styletransfer.command import Parser, jobs
from styletransfer.errors import InputError, unknown
from styletransfer.vgg import BACKBONES, Backbone, set_weights, truncated_vgg
from styletransfer.weights.fetch import describe, fetch, local_weights
from styletransfer.weights.formats import (
    Conv,
    WeightsError,
    read_notes,
    read_weights,
    tensors_sha256,
)
from styletransfer.weights.sources import Source


def table() -> str:
    """Return all sources of all networks, in the order in which they are asked."""
    rows = [('NETWORK', 'SOURCE', 'FILE', 'MB', 'LICENCE', 'HERE')]
    for name, backbone in BACKBONES.items():
        rows.append((name, 'your own: --weights FILE', '', '', '', ''))
        for source in backbone.sources:
            here = 'yes' if os.path.isfile(source.location) else 'no'
            size = f'{source.size / 1e6:.0f}'
            rows.append((name, source.name, source.file, size, source.licence, here))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ('  '.join(f'{cell:<{w}}' for cell, w in zip(row, widths)) for row in rows)
    return '\n'.join(line.rstrip() for line in lines)


def known(name: str) -> Backbone:
    """Return a network of the table, or raise `InputError` if there is none of that name."""
    if name not in BACKBONES:
        raise unknown('network', name, BACKBONES)
    return BACKBONES[name]


def here(name: str) -> Path:
    """Return the file of a network's weights.

    Raises
    ------
    InputError
        If there is no network of that name, or its weights are not on this machine.
    """
    path = local_weights(known(name).sources)
    if path is None:
        raise InputError(
            f'the weights of {name} are not on this machine: '
            f'python -m styletransfer.weights get {name}'
        )
    return path


def verify(path: Path) -> str:
    """Check a file of weights as far as it can be, and return what was found.

    Raises
    ------
    WeightsError
        If it is damaged, fits no network, or is not what is published under its name.
    """
    convs = read_weights(path)
    lines = [f'{path}', f'fits {fitting(convs)}; all of its numbers are finite']
    noted = read_notes(path).get('tensors_sha256')
    if noted and noted != tensors_sha256(convs):
        raise WeightsError(
            f"'{path}' has changed since it was written: delete it, and get it again"
        )
    if noted:
        lines.append('its numbers are those that were downloaded')
    lines += [f'is the file published by {source.name}' for source in publishers(path)]
    origin = describe(path)
    return '\n'.join([*lines, f'source {origin["source"]}', f'sha256 {origin["sha256"]}'])


def fitting(convs: Sequence[Conv]) -> str:
    """Return the name of the network that these weights belong to."""
    reasons = []
    for name, backbone in BACKBONES.items():
        try:
            set_weights(truncated_vgg(backbone), convs, mx.cpu())
            return name
        except WeightsError as error:
            reasons.append(f'{name}: {error}')
    raise WeightsError('they fit no network (' + '; '.join(reasons) + ')')


def publishers(path: Path) -> List[Source]:
    """Return the sources whose published hash a file has.

    Raises
    ------
    WeightsError
        If it lies at a source's place and has another hash.
    """
    found = []
    for source in (source for backbone in BACKBONES.values() for source in backbone.sources):
        if not source.hash or path.suffix != source.location.suffix:
            continue
        if source.published(path):
            found.append(source)
        # of a file from which tensors were taken, the hash published is not that of the tensors
        elif path.name == source.file and not source.tensors:
            raise WeightsError(
                f"'{path}' is not the file published by {source.name}: delete it, and get it again"
            )
    return found


NETWORKS = '|'.join(BACKBONES)


def run_list(argv: List[str]) -> int:
    """Show who offers the weights of each network, and which are on this machine."""
    Parser('weights list', run_list.__doc__ or '').parse_args(argv)
    print(table())
    return 0


def run_get(argv: List[str]) -> int:
    """Download a network's weights if they are not here, and tell where they lie."""
    parser = Parser('weights get', run_get.__doc__ or '')
    parser.add_argument('name', metavar=NETWORKS, help='the network')
    parser.add_argument('--quiet', action='store_true', help='no messages, no bar')
    args = parser.parse_args(argv)
    print(fetch(known(args.name).sources, quiet=args.quiet))
    return 0


def run_verify(argv: List[str]) -> int:
    """Check a file of weights, or those of a network: what they fit, where they are from."""
    parser = Parser('weights verify', run_verify.__doc__ or '')
    parser.add_argument('name', metavar=f'{NETWORKS}|FILE', help='the network, or a file')
    name = parser.parse_args(argv).name
    print(verify(Path(name) if name not in BACKBONES and is_file_name(name) else here(name)))
    return 0


def run_path(argv: List[str]) -> int:
    """Tell where a network's weights lie on this machine."""
    parser = Parser('weights path', run_path.__doc__ or '')
    parser.add_argument('name', metavar=NETWORKS, help='the network')
    print(here(parser.parse_args(argv).name))
    return 0


def is_file_name(name: str) -> bool:
    """Return whether what was given can only mean a file."""
    return os.path.exists(name) or bool(Path(name).suffix) or len(Path(name).parts) > 1


main = jobs(
    'weights',
    'The weights of the networks: who offers them, how they get here, whether they are whole.',
    {'list': run_list, 'get': run_get, 'verify': run_verify, 'path': run_path},
)

if __name__ == '__main__':
    sys.exit(main())
