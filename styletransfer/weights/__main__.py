"""The command for weights: ``python -m styletransfer.weights list|get|verify|path``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List

from styletransfer.command import Parser, jobs
from styletransfer.errors import InputError, unknown
from styletransfer.vgg import BACKBONES, Backbone
from styletransfer.weights.fetch import fetch, local_weights
from styletransfer.weights.verifying import verify


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
