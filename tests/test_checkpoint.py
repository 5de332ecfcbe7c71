"""Checkpoints: what is written comes back, and a run that goes on from one is the same run."""

import hashlib
import os
import resource
import struct
from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd, gluon
from mxnet import numpy as np
from safetensors.numpy import save_file

from styletransfer.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from styletransfer.errors import InputError
from styletransfer.objective import objectives
from styletransfer.optimizers import OPTIMIZERS, restore_trainer, trainer_state
from styletransfer.recipes import TUTORIAL, Stage
from styletransfer.synthesis import coarse_to_fine, get_inits

ARRAYS = {
    'X': numpy.random.default_rng(0).normal(size=(1, 3, 4, 5)).astype('float32'),
    'steps': numpy.array([7], 'int64'),
}
RECORD = {'stage': 1, 'epoch': 50, 'history': [{'lr': 0.01, 'total': 1e-30}], 'name': 'ä'}


def picture(seed, height=30, width=50):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return np.array(pixels, dtype='uint8')


def test_what_is_saved_comes_back(tmp_path):
    path = tmp_path / 'run.safetensors'
    save_checkpoint(path, ARRAYS, RECORD)
    arrays, record = load_checkpoint(path)
    assert record == RECORD
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        numpy.testing.assert_array_equal(arrays[name], array)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_arrays_that_do_not_lie_in_one_piece(tmp_path):
    whole = numpy.arange(24, dtype='float32').reshape(4, 6)
    save_checkpoint(tmp_path / 'run', {'turned': whole.T, 'every other': whole[:, ::2]}, {})
    arrays, _ = load_checkpoint(tmp_path / 'run')
    numpy.testing.assert_array_equal(arrays['turned'], whole.T)
    numpy.testing.assert_array_equal(arrays['every other'], whole[:, ::2])


def test_a_checkpoint_may_hold_no_arrays_and_any_json(tmp_path):
    save_checkpoint(tmp_path / 'run', {}, [1, 'two', None])
    assert load_checkpoint(tmp_path / 'run') == Checkpoint({}, [1, 'two', None])


def test_every_damaged_byte_is_found_out(tmp_path):
    path = tmp_path / 'run.safetensors'
    save_checkpoint(path, ARRAYS, RECORD)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            arrays, record = load_checkpoint(path)
        except InputError as error:
            assert 'is not a checkpoint of this program, or damaged' in str(error)  # noqa: PT017
            continue
        # a bit that says nothing, such as a blank: all is as it was
        assert record == RECORD
        assert all((arrays[name] == ARRAYS[name]).all() for name in ARRAYS)


@pytest.mark.parametrize('length', [0, 5, 100, -1])
def test_truncated_file_is_refused(tmp_path, length):
    path = tmp_path / 'run.safetensors'
    save_checkpoint(path, ARRAYS, RECORD)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=r'run\.safetensors.* or damaged .*: remove it'):
        load_checkpoint(path)


def test_files_of_others_are_refused(tmp_path):
    save_file({'a': numpy.zeros(3)}, tmp_path / 'weights')
    save_file({'a': numpy.zeros(3)}, tmp_path / 'noted', metadata={'record': '{}'})
    (tmp_path / 'words').write_text('{"record": 1}')
    for name in ('weights', 'noted', 'words'):
        with pytest.raises(InputError, match='not a checkpoint of this program'):
            load_checkpoint(tmp_path / name)


def test_what_is_no_ordinary_file_is_refused(tmp_path, at_once):
    (tmp_path / 'folder').mkdir()
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'endless').symlink_to('/dev/zero')
    for name, why in {
        'folder': 'it is a folder',
        'missing': 'no such file',
        'pipe': 'it is no ordinary file',
        'endless': 'it is no ordinary file',
    }.items():
        with pytest.raises(InputError, match=f"cannot read '.*{name}': {why}"):
            load_checkpoint(tmp_path / name)


@pytest.mark.parametrize('kind', ['F8_E4M3', 'F8_E8M0', 'X9'])
def test_numbers_of_a_kind_that_numpy_has_not(tmp_path, kind):
    save_checkpoint(tmp_path / 'run', {'X': numpy.zeros(4, 'int8')}, {})
    whole = (tmp_path / 'run').read_bytes()
    header = whole[8:-4].replace(b'"I8"', f'"{kind}"'.encode())
    (tmp_path / 'run').write_bytes(struct.pack('<Q', len(header)) + header + whole[-4:])
    with pytest.raises(InputError, match='not a checkpoint of this program, or damaged'):
        load_checkpoint(tmp_path / 'run')


@pytest.mark.parametrize('text', ['[' * 100000, '{', ''], ids=['deep', 'cut', 'empty'])
def test_a_record_that_is_no_json_is_refused_though_its_digest_is_right(tmp_path, text):
    notes = {'record': text, 'sha256': hashlib.sha256(text.encode()).hexdigest()}
    save_file({}, tmp_path / 'run', metadata=notes)
    with pytest.raises(InputError, match='not a checkpoint of this program, or damaged'):
        load_checkpoint(tmp_path / 'run')


def test_a_record_of_another_command_is_refused(tmp_path):
    save_checkpoint(tmp_path / 'run', ARRAYS, RECORD)
    assert load_checkpoint(tmp_path / 'run', {'stage': int, 'name': str}).record == RECORD
    for pattern in ({'step': int}, {'stage': str}, [int]):
        with pytest.raises(InputError, match=r"run' is not of this command: choose another --out"):
            load_checkpoint(tmp_path / 'run', pattern)


def test_failure_to_write_leaves_the_checkpoint_before(tmp_path):
    save_checkpoint(tmp_path / 'run', ARRAYS, RECORD)
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path / 'run', {}, {'not for JSON': object()})
    assert load_checkpoint(tmp_path / 'run').record == RECORD


def test_a_disk_that_takes_no_more_is_told_in_one_line(tmp_path):
    save_checkpoint(tmp_path / 'run', ARRAYS, RECORD)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10000, limit[1]))
    try:
        with pytest.raises(
            InputError, match=r"^cannot write '.*run': .*too large.*another folder$"
        ):
            save_checkpoint(tmp_path / 'run', {'X': numpy.zeros(10**6)}, RECORD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert load_checkpoint(tmp_path / 'run').record == RECORD
    assert [entry.name for entry in tmp_path.iterdir()] == ['run']


@pytest.mark.parametrize(
    'arrays',
    [
        {'X': numpy.zeros((1, 3, 9, 8), 'float32')},
        {'X': numpy.zeros((1, 3, 2, 2), 'float32'), 'adam.0.steps': numpy.array([5])},
    ],
    ids=['other shape', 'no averages'],
)
def test_arrays_that_do_not_fit_the_run_are_refused(arrays):
    X, trainer = get_inits(TUTORIAL, np.ones((1, 3, 2, 2)), mx.cpu(), 0.1)
    with pytest.raises(InputError, match=r'of another run \(.*\): leave out --resume to start a'):
        Checkpoint(arrays, {'stage': 0, 'epoch': 5}).restore(X, trainer)


def minimise(steps, arrays=None):
    """Take steps with Adam over two parameters; return them and what Adam remembers."""
    parameters = gluon.ParameterDict()
    for name, shape in (('a', (3,)), ('b', (2, 2))):
        parameters.get(name, shape=shape, init=mx.init.Constant(1))
    parameters.initialize()
    trainer = gluon.Trainer(parameters, 'adam', {'learning_rate': 0.1})
    values = [parameter.data() for parameter in parameters.values()]
    first = 0
    if arrays:
        for i, value in enumerate(values):
            value[:] = np.array(arrays[f'value{i}'])
        restore_trainer(trainer, arrays)
        first = int(arrays['adam.0.steps'][0])
    for step in range(first, steps):
        with autograd.record():
            l = sum((np.square(value - step).sum() for value in values), start=np.zeros(()))
        l.backward()
        trainer.step(1)
    kept = {f'value{i}': value.asnumpy() for i, value in enumerate(values)}
    return {**kept, **trainer_state(trainer)}


def test_adam_goes_on_as_if_never_stopped(tmp_path):
    save_checkpoint(tmp_path / 'run', minimise(7), {})
    uninterrupted, arrays = minimise(20), load_checkpoint(tmp_path / 'run').arrays
    resumed = minimise(20, arrays)
    assert set(resumed) == set(uninterrupted)
    for name, array in uninterrupted.items():
        numpy.testing.assert_array_equal(resumed[name], array, err_msg=name)
    # and Adam's memory matters: without it the values differ
    forgetful = {**arrays, 'adam.0.mean': arrays['adam.0.mean'] * 0}
    assert (minimise(20, forgetful)['value0'] != uninterrupted['value0']).any()
    late = {**arrays, 'adam.0.steps': numpy.array([7]), 'adam.1.steps': numpy.array([1])}
    assert (minimise(20, late)['value1'] != uninterrupted['value1']).any()


def test_adam_before_its_first_step_remembers_nothing():
    _, trainer = get_inits(TUTORIAL, np.ones((1, 3, 2, 2)), mx.cpu(), 0.1)
    assert trainer_state(trainer) == {}
    restore_trainer(trainer, {})


@pytest.mark.parametrize('optimizer', OPTIMIZERS)
def test_a_run_goes_on_bit_for_bit(tiny_net, tmp_path, optimizer):
    coarse = Stage((24, 16), lr=0.1, num_epochs=7, lr_decay_epoch=3)
    fine = Stage((48, 32), lr=0.1, num_epochs=5, lr_decay_epoch=2)
    recipe = replace(TUTORIAL, stages=(coarse, fine), optimizer=optimizer)
    loss_at = objectives(tiny_net, recipe, picture(1), picture(2), mx.cpu())
    args, expected = (loss_at, recipe, picture(1), mx.cpu()), []

    def told(step):
        return step.stage, step.epoch, step.lr, step.terms, step.total

    def keep(step):
        expected.append(told(step))
        record = {'stage': step.stage, 'epoch': step.epoch}
        save_checkpoint(tmp_path / f'{step.stage}-{step.epoch}', step.state(), record)

    uninterrupted = coarse_to_fine(*args, keep)
    for stage, epoch in ((0, 1), (0, 4), (0, 7), (1, 2), (1, 5)):
        steps, saved = [], load_checkpoint(tmp_path / f'{stage}-{epoch}')
        resumed = coarse_to_fine(*args, lambda step, to=steps: to.append(told(step)), saved)
        numpy.testing.assert_array_equal(resumed.asnumpy(), uninterrupted.asnumpy())
        assert steps == expected[7 * stage + epoch :]


def test_a_run_kept_before_its_first_epoch_starts_from_the_beginning(tiny_net):
    recipe = replace(TUTORIAL, stages=(Stage((24, 16), num_epochs=2),))
    loss_at = objectives(tiny_net, recipe, picture(1), picture(2), mx.cpu())
    args = (loss_at, recipe, picture(1), mx.cpu(), lambda step: None)
    resumed = coarse_to_fine(*args, Checkpoint({}, {'stage': 0, 'epoch': 0}))
    numpy.testing.assert_array_equal(resumed.asnumpy(), coarse_to_fine(*args).asnumpy())
