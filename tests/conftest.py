"""For all tests: a core for each process, nothing skipped unnoticed, and a tiny VGG."""

import gc
import os

# several processes share the cores; MXNet reads this when it is imported
if 'PYTEST_XDIST_WORKER' in os.environ:
    os.environ.setdefault('OMP_NUM_THREADS', '1')

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import signal
import warnings

import mxnet as mx
import numpy
import pytest
from mxnet import numpy as np
from PIL import Image

from styletransfer.recipes import Stage
from styletransfer.vgg import SMALLEST_SIDE, Backbone, freeze, truncated_vgg

pytest_plugins = ('gan_pictures', 'video_net')  # a conftest of theirs would hide this one

TINY = Backbone('tiny', (2, 2, 4, 4, 4), (2, 3, 3, 4, 4), sources=())


def pytest_collection_finish():
    """Look for garbage among what the tests make, not again and again among all their imports."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session):
    """Fail a run of continuous integration that skipped anything."""
    reporter = session.config.pluginmanager.get_plugin('terminalreporter')
    if os.environ.get('CI') and reporter and reporter.stats.get('skipped'):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope='module')
def loops_of_others():
    """Let event loops that Dask and Gradio leave behind go with their file, not in the next."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ResourceWarning)
        gc.collect()


@pytest.fixture
def tiny_net():
    """Return the layers and numbers of VGG-19, two to four channels, random weights."""
    mx.random.seed(1)
    net = truncated_vgg(TINY)
    net.initialize(mx.init.MSRAPrelu(slope=0))
    net(np.zeros((1, 3, SMALLEST_SIDE, SMALLEST_SIDE)))
    return freeze(net)


@pytest.fixture
def tiny_stage():
    return Stage((40, 24), lr=0.05, num_epochs=20, lr_decay_epoch=6, lr_decay_start=1)


@pytest.fixture
def at_once():
    """Let a test fail that waits, as for someone who writes into a pipe."""

    def waited(number, frame):
        raise AssertionError('it waits')

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def photos_and_paintings(folder):
    """Make two folders, four photos and three paintings: coarse coloured spots."""
    rng = numpy.random.default_rng(4)
    for kind, count in (('photos', 4), ('paintings', 3)):
        (folder / kind).mkdir()
        for i in range(count):
            coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype='uint8'))
            coarse.resize((64, 48)).save(folder / kind / f'{kind[:5]}{i}.png')
    return [folder / 'photos', folder / 'paintings']
