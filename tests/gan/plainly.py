"""A few steps of a game; and Adam and the losses written once more, in as few words as can be."""

import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.gan.duel import duel


class Adam:
    """Adam in NumPy, of networks whose loss is given as a function of nothing."""

    def __init__(self, lr, *nets):
        self.lr, self.t = lr, 0
        self.parameters = [
            p for net in nets for p in net.collect_params().values() if p.grad_req != 'null'
        ]
        self.m = [numpy.zeros(p.shape) for p in self.parameters]
        self.v = [numpy.zeros(p.shape) for p in self.parameters]
        self.least = [numpy.full(p.shape, numpy.inf) for p in self.parameters]

    def step(self, loss, lr=None):
        """Take a step, and return the loss as it was before."""
        with autograd.record():
            l = loss()
        l.backward()
        self.t += 1
        rate = (lr or self.lr) * (1 - 0.999**self.t) ** 0.5 / (1 - 0.5**self.t)
        for i, parameter in enumerate(self.parameters):
            g = parameter.grad().asnumpy().astype('float64')
            self.least[i] = numpy.minimum(self.least[i], abs(g))
            self.m[i] = 0.5 * self.m[i] + 0.5 * g
            self.v[i] = 0.999 * self.v[i] + 0.001 * g**2
            new = parameter.data().asnumpy() - rate * self.m[i] / (self.v[i] ** 0.5 + 1e-8)
            parameter.set_data(np.array(new, dtype='float32'))
        return float(l)

    def compare(self, *nets):
        """Assert that networks of the same layers have learned the same, to 1e-5.

        Where a slope is all rounding, Adam makes a whole step of it: there nothing is compared.
        """
        others = [p for net in nets for p in net.collect_params().values() if p.grad_req != 'null']
        assert len(others) == len(self.parameters)
        clear, all_of_them = 0, 0
        for mine, other, least in zip(self.parameters, others, self.least):
            far = numpy.abs(mine.data().asnumpy() - other.data().asnumpy())
            certain = least > 1e-6
            assert far[certain].max(initial=0) < 1e-5, mine.name
            clear, all_of_them = clear + certain.sum(), all_of_them + far.size
        assert clear > 0.8 * all_of_them


def surprise(score, real):
    """Return the cross-entropy by the sigmoid."""
    p = 1 / (1 + np.exp(-score))
    return -(np.log(p) if real else np.log(1 - p)).mean()


def square(score, real):
    return ((score - (1 if real else 0)) ** 2).mean()


def distance(A, B):
    return np.abs(A - B).mean()


def louder(net):
    """Make weights larger: an untrained small network says next to nothing, in any way."""
    for name, parameter in net._collect_params_with_prefix().items():
        if name.endswith('weight'):
            parameter.set_data(8 * parameter.data())
    return net


class Enough(Exception):  # noqa: N818
    pass


def play(game, steps):
    """Run so many steps; return what was told."""
    told = []

    def on_step(step):
        told.append(step)
        if step.epoch == steps:
            raise Enough

    with pytest.raises(Enough):
        duel(game, 'toy', on_step)
    return told
