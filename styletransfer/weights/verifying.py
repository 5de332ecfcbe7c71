"""Whether a file of weights is whole, which network it fits, and who published it."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

import mxnet as mx

from styletransfer.vgg import BACKBONES, set_weights, truncated_vgg
from styletransfer.weights.fetch import describe
from styletransfer.weights.formats import (
    Conv,
    WeightsError,
    read_notes,
    read_weights,
    tensors_sha256,
)
from styletransfer.weights.sources import Source


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
