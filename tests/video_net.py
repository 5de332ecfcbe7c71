"""For the tests of moving pictures: a small network that paints in one pass."""

from dataclasses import replace

import numpy
import pytest
from mxnet import numpy as np

from styletransfer import trained
from styletransfer.feedforward.johnson import JOHNSON_SLIM, make_net

STYLES = ('wash', 'oil')


@pytest.fixture(scope='session')
def net(tmp_path_factory):
    """Return the file of a small network whose two styles differ."""
    setting = replace(JOHNSON_SLIM, widths=(4, 6, 8), residuals=1)
    net, rng = make_net(setting, 2), numpy.random.default_rng(1)
    for name, parameter in net._collect_params_with_prefix().items():
        if name.split('.')[-1] in ('gamma', 'beta'):
            parameter.set_data(np.array(rng.normal(0.5, 0.5, parameter.shape), dtype='float32'))
    path = tmp_path_factory.mktemp('net') / 'net.safetensors'
    trained.save(path, 'johnson', setting, STYLES, net, {})
    return path
