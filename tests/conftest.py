"""A tiny VGG: the layers and numbers of VGG-19, two to four channels, random weights."""

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import signal

import mxnet as mx
import pytest
from mxnet import numpy as np

from styletransfer.recipes import Stage
from styletransfer.vgg import SMALLEST_SIDE, Backbone, freeze, truncated_vgg

TINY = Backbone('tiny', (2, 2, 4, 4, 4), (2, 3, 3, 4, 4), sources=())


@pytest.fixture
def tiny_net():
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
