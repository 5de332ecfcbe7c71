"""What the machine has: told by the system, or by a stand-in for it."""

import os

import mxnet as mx
import numpy
import pytest

from styletransfer import machine
from styletransfer.errors import InputError
from styletransfer.machine import available_memory, find_device, peak_memory, total_memory


@pytest.fixture
def gpus(monkeypatch):
    """Let MXNet find as many GPUs as the test says."""

    def found(number):
        def num_gpus():
            if number is None:
                raise mx.MXNetError('CUDA driver version is insufficient')
            return number

        monkeypatch.setattr(mx.context, 'num_gpus', num_gpus)

    return found


@pytest.mark.parametrize(
    ('name', 'number', 'device'),
    [
        ('cpu', 0, mx.cpu()),
        ('cpu', 2, mx.cpu()),
        ('auto', 0, mx.cpu()),
        ('auto', None, mx.cpu()),
        ('auto', 2, mx.gpu(0)),
        ('gpu', 1, mx.gpu(0)),
    ],
)
def test_find_device(gpus, name, number, device):
    gpus(number)
    assert find_device(name) == device


@pytest.mark.parametrize('number', [0, None])
def test_gpu_where_there_is_none(gpus, number):
    gpus(number)
    with pytest.raises(InputError, match=r'no GPU found: .*mxnet-cu112.*leave out --device gpu'):
        find_device('gpu')


def test_misspelled_device():
    with pytest.raises(InputError, match=r"no device 'gpuu'; did you mean 'gpu'\?"):
        find_device('gpuu')


def test_total_memory_is_within_reason():
    physical = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    assert 2**28 < total_memory(mx.cpu()) <= physical


@pytest.mark.parametrize('name', ['memory.max', 'memory/memory.limit_in_bytes'])
def test_total_memory_is_that_of_the_container(tmp_path, monkeypatch, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    monkeypatch.setattr(machine, 'Path', lambda root, name: tmp_path / name)
    physical = total_memory(mx.cpu())
    (tmp_path / name).write_text('123456789\n')
    assert total_memory(mx.cpu()) == 123456789
    (tmp_path / name).write_text('max\n')
    assert total_memory(mx.cpu()) == physical


def test_total_memory_where_the_system_does_not_say(monkeypatch):
    def refuse(name):
        raise ValueError('unrecognized configuration name')

    monkeypatch.setattr(os, 'sysconf', refuse)
    assert total_memory(mx.cpu()) is None


def test_total_memory_of_a_gpu_is_its_own(monkeypatch):
    monkeypatch.setattr(mx.context, 'gpu_memory_info', lambda number: (5, 8 + number))
    assert total_memory(mx.gpu(1)) == 9


def test_free_memory_is_no_more_than_all(tmp_path, monkeypatch):
    assert 2**24 < available_memory(mx.cpu()) <= total_memory(mx.cpu())
    monkeypatch.setattr(machine, 'Path', lambda root, name: tmp_path / name)
    assert available_memory(mx.cpu()) == total_memory(mx.cpu())  # where there is no meminfo
    (tmp_path / 'meminfo').write_text('MemTotal: 9 kB\nMemAvailable:    4321 kB\n')
    assert available_memory(mx.cpu()) == 4321 * 1024
    (tmp_path / 'memory.max').write_text('1000000')
    assert available_memory(mx.cpu()) == 1000000


def test_free_memory_of_a_gpu_is_its_own(monkeypatch):
    monkeypatch.setattr(mx.context, 'gpu_memory_info', lambda number: (5, 8 + number))
    assert available_memory(mx.gpu(1)) == 5


def test_peak_memory_grows_with_what_is_held():
    before = peak_memory()
    assert 2**24 < before < 2**40
    held = numpy.ones(2**25)  # 256 MB, more than all the tests before have held at once
    assert peak_memory() > before - 1
    assert peak_memory() >= held.nbytes
