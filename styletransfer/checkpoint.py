"""Where a run stands, in one file that is always whole: picture, optimiser, a record.

The file is safetensors: opening it cannot run anything, unlike a pickle.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple

import numpy
from mxnet import gluon
from mxnet import numpy as np

from styletransfer.errors import InputError
from styletransfer.files import fits, open_regular, reading, replacing
from styletransfer.optimizers import Arrays, best_so_far, restore_trainer, trainer_state


class Checkpoint(NamedTuple):
    """A run as it stood after some epoch.

    `arrays` holds what numbers were trained and what the optimiser remembered of them; `record`
    anything that fits into JSON.
    """

    arrays: Arrays
    record: Dict[str, Any]

    @property
    def stage(self) -> int:
        """Return the index of the stage that was running."""
        return self.record['stage']

    def restore(self, X: np.ndarray, trainer: gluon.Trainer) -> int:
        """Put picture and optimiser back where they stood; return after which epoch that was.

        Raises
        ------
        InputError
            If they do not fit.
        """
        with reading('the checkpoint is of another run', 'leave out --resume to start a new one'):
            if 'X' in self.arrays:  # not if it was kept before the first epoch
                X[:] = np.array(self.arrays['X'], ctx=X.ctx)
            restore_trainer(trainer, self.arrays)
        return self.record['epoch']

    def restore_network(self, net: gluon.Block, trainer: gluon.Trainer) -> int:
        """Put a network and its optimiser back where they stood; return after how many steps.

        Raises
        ------
        InputError
            As of `restore_parameters`.
        """
        if self.arrays:  # or it was kept before the first step
            self.restore_parameters(net)
            restore_trainer(trainer, self.arrays)
        return self.record['epoch']

    def restore_parameters(self, net: gluon.Block) -> None:
        """Put the numbers of a network back where they stood.

        Raises
        ------
        InputError
            If a parameter of the network is not there, or has another shape.
        """
        for name, parameter in net._collect_params_with_prefix().items():
            array = self.arrays.get(name)
            if array is None or array.shape != parameter.shape:
                raise InputError(
                    f"the checkpoint is of another network: it has no '{name}' of shape "
                    f'{parameter.shape}'
                )
            parameter.set_data(np.array(array, ctx=parameter.list_ctx()[0]))


def save_checkpoint(path: Path, arrays: Mapping[str, numpy.ndarray], record: Any) -> None:
    """Write arrays and a JSON-able record to `path`, replacing what was there in one step."""
    from safetensors.numpy import save_file

    tensors = {name: numpy.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(record)
    metadata = {'record': text, 'sha256': _digest(tensors, text)}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata=metadata)


def load_checkpoint(path: Path, pattern: Any = object) -> Checkpoint:
    """Return what `save_checkpoint` wrote.

    Parameters
    ----------
    path : Path
    pattern : optional
        How the record must be made: see `fits`.

    Raises
    ------
    InputError
        If the file is not a checkpoint of this package, or not as it was written, or its record
        is made otherwise.
    """
    from safetensors import safe_open

    open_regular(path).close()  # safetensors, which opens it by name, would wait for a pipe
    damaged = f"'{path}' is not a checkpoint of this program, or damaged"
    with reading(damaged, 'remove it, and start again'):
        with safe_open(str(path), framework='numpy') as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata()
        if metadata['sha256'] != _digest(arrays, metadata['record']):
            raise ValueError('its contents have changed since')
        record = json.loads(metadata['record'])
    if not fits(record, pattern):
        raise InputError(f"'{path}' is not of this command: choose another --output")
    return Checkpoint(arrays, record)


def _digest(arrays: Mapping[str, numpy.ndarray], text: str) -> str:
    """Return the SHA-256 of all that a checkpoint holds."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].data.cast('B'))  # without a copy
    return digest.hexdigest()


def state_of(X: np.ndarray, trainer: gluon.Trainer) -> Arrays:
    """Return what `Checkpoint.restore` needs: a picture, and what its trainer remembers."""
    return {'X': best_so_far(X, trainer).asnumpy(), **trainer_state(trainer)}


def network_state(net: gluon.Block, trainer: gluon.Trainer) -> Arrays:
    """Return what `Checkpoint.restore_network` needs: all parameters, and the trainer's memory."""
    return {**parameters_of(net), **trainer_state(trainer)}


def parameters_of(net: gluon.Block) -> Arrays:
    """Return all parameters of a network, by name.

    Among them are the running statistics of batch normalisation, which no gradient reaches.
    """
    parameters = net._collect_params_with_prefix().items()
    return {name: parameter.data().asnumpy() for name, parameter in parameters}
