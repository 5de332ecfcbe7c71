"""The term that keeps frames alike: by hand, by slope, and what it does to a picture."""

import mxnet as mx
import numpy
import pytest
from clip_files import moving
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.video.flow import Motion
from styletransfer.video.temporal import (
    Reference,
    beginning,
    flow_loss,
    long_term,
    warping_error,
    with_flow,
)


def test_the_loss_by_hand():
    X, Y = np.zeros((1, 3, 1, 2)), np.zeros((1, 3, 1, 2))
    X[0, :, 0, 0] = np.array([1, 2, 3])
    X[0, :, 0, 1] = 10
    weights = np.array([[0.5, 0]])
    # half of 1 + 4 + 9, over 3 colours and 2 pixels; what cannot be trusted does not count
    assert float(flow_loss(X, Y, weights)) == pytest.approx(7 / 6)


def test_the_slope_of_the_loss():
    rng = numpy.random.default_rng(0)
    X, Y = (np.array(rng.normal(size=(1, 3, 4, 5)), dtype='float32') for _ in range(2))
    weights = np.array(rng.uniform(size=(4, 5)), dtype='float32')
    X.attach_grad()
    with autograd.record():
        l = flow_loss(X, Y, weights)
    l.backward()
    for place in ((0, 0, 0, 0), (0, 1, 2, 3), (0, 2, 3, 4)):
        step = np.zeros_like(X)
        step[place] = 1e-2
        slope = (flow_loss(X + step, Y, weights) - flow_loss(X - step, Y, weights)) / 2e-2
        assert float(X.grad[place]) == pytest.approx(float(slope), rel=1e-2, abs=1e-5)


def test_each_reference_is_a_term_of_its_own():
    X = np.ones((1, 3, 2, 2))
    half = numpy.full((2, 2), 0.5, 'float32')
    references = [Reference(1, np.zeros_like(X), half), Reference(4, 3 * X, half)]
    loss = with_flow(lambda X: ({'content': 1.0}, np.array(1.0)), references, 10.0)
    terms, l = loss(X)
    assert {name: float(term) for name, term in terms.items()} == {
        'content': 1.0,
        'flow': 5.0,
        'flow 4': 20.0,
    }
    assert float(l) == 26


def test_a_pixel_is_held_against_the_nearest_frame_that_saw_it():
    near, middle, far = (
        numpy.array([row]) for row in ([1, 0, 0.3, 0], [1, 1, 0.5, 0], [1, 1, 1, 0])
    )
    result = long_term([near, middle, far])
    # what is left for the far one of the third: 1 - 0.3 - (0.5 - 0.3)
    for found, wanted in zip(result, ([1, 0, 0.3, 0], [0, 1, 0.2, 0], [0, 0, 0.5, 0])):
        numpy.testing.assert_allclose(found, [wanted])


def test_a_frame_begins_as_the_one_before_but_for_what_comes_into_sight():
    then, now = moving(2, shape=(64, 96), step=4)
    motion = Motion(now, then)
    painted = 255 - then
    start = beginning(now, painted, motion)
    middle = numpy.abs(start[8:-8, 8:-12].astype('float') - (255 - now)[8:-8, 8:-12])
    assert middle.mean() < 6
    # the last columns were not there before
    assert numpy.abs(start[:, -2:].astype('float') - now[:, -2:]).mean() < 3


def test_the_warping_error_by_hand():
    before = numpy.zeros((4, 6, 3), 'uint8')
    before[:, 2] = 255
    now = numpy.roll(before, 1, axis=1)
    flow = numpy.tile(numpy.float32((-1, 0)), (4, 6, 1))
    everything = numpy.ones((4, 6), bool)
    assert warping_error(now, before, flow, everything) == 0
    now[0, 0] = (51, 102, 0)  # 0.2 and 0.4
    assert warping_error(now, before, flow, everything) == pytest.approx((0.04 + 0.16) / 24)
    everything[0, 0] = False
    assert warping_error(now, before, flow, everything) == 0


def test_the_term_pulls_a_picture_where_it_is_trusted():
    X, Y = np.zeros((1, 3, 4, 4)), np.ones((1, 3, 4, 4))
    weights = numpy.zeros((4, 4), 'float32')
    weights[:, :2] = 1
    loss = with_flow(lambda X: ({}, (X * 0).sum()), [Reference(1, Y, weights)], 24.0)
    X.attach_grad()
    with autograd.record():
        _, l = loss(X)
    l.backward()
    mx.npx.waitall()
    # 24 times 2 (X - Y) over 3 * 16
    numpy.testing.assert_allclose(X.grad[0, 0].asnumpy(), [[-1, -1, 0, 0]] * 4, rtol=1e-6)
