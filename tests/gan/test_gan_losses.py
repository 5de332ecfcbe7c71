"""What players are judged by: by hand, against probabilities, by slope."""

import math

import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.gan.losses import (
    DRAWS,
    JUDGES,
    critic_loss,
    cross_entropy,
    l1,
    least_squares,
    painter_loss,
)

SCORES = [[-2.0, 0.0], [0.5, 3.0]]


@pytest.mark.parametrize('real', [True, False])
def test_cross_entropy_is_that_of_the_sigmoid(real):
    p = 1 / (1 + numpy.exp(-numpy.array(SCORES)))
    wanted = -numpy.log(p if real else 1 - p).mean()
    assert float(cross_entropy(np.array(SCORES), real)) == pytest.approx(wanted, rel=1e-5)


def test_least_squares_by_hand():
    assert float(least_squares(np.array(SCORES), True)) == pytest.approx((9 + 1 + 0.25 + 4) / 4)
    assert float(least_squares(np.array(SCORES), False)) == pytest.approx((4 + 0 + 0.25 + 9) / 4)


def test_a_critic_that_is_sure_does_not_overflow():
    for score in (1e4, -1e4):
        X = np.array([score])
        X.attach_grad()
        with autograd.record():
            l = cross_entropy(X, True)
        l.backward()
        assert float(l) == pytest.approx(max(0, -score))
        assert float(X.grad) == pytest.approx(-1 if score < 0 else 0, abs=1e-6)


@pytest.mark.parametrize('name', JUDGES)
def test_the_draw_is_what_a_guess_costs(name):
    guess = np.zeros((3, 1)) + (0.0 if name == 'cross_entropy' else 0.5)
    l = critic_loss(JUDGES[name], guess, guess)
    assert float(l) == pytest.approx(DRAWS[name], abs=0.005)
    assert DRAWS['cross_entropy'] == pytest.approx(math.log(2), abs=0.005)


@pytest.mark.parametrize('judge', JUDGES.values())
def test_who_wants_what(judge):
    """The critic wants real up and painted down, half as much; the painter wants painted up."""
    real, fake = np.array([0.3, 0.2]), np.array([0.1, 0.4])
    for score in (real, fake):
        score.attach_grad()
    with autograd.record():
        l = critic_loss(judge, real, fake)
    l.backward()
    assert float(l) == pytest.approx(0.5 * float(judge(real, True) + judge(fake, False)))
    assert (real.grad.asnumpy() < 0).all()
    assert (fake.grad.asnumpy() > 0).all()
    with autograd.record():
        l = painter_loss(judge, fake)
    l.backward()
    assert (fake.grad.asnumpy() < 0).all()


def test_l1_by_hand():
    assert float(l1(np.array([[1.0, -2.0]]), np.array([[0.0, 1.0]]))) == pytest.approx(2)
