"""Flow and what is made of it: pictures moved by a known amount, an occlusion made by hand."""

import numpy
import pytest
from clip_files import scenery

from styletransfer.video import flow
from styletransfer.video.flow import Motion

STEP = (3, -2)  # to the right, and down


@pytest.fixture(scope='module')
def pair():
    """Return two cuts of one picture: what is at p in the first is at p + STEP in the second."""
    large = scenery(shape=(92, 116))
    x, y = STEP
    return large[10:82, 10:106], large[10 - y : 82 - y, 10 - x : 106 - x]


def of(step, shape=(72, 96)):
    return numpy.tile(numpy.array(step, 'float32'), (*shape, 1))


def test_flow_says_where_each_pixel_of_the_first_is_in_the_second(pair):
    found = flow.optical_flow(*pair)
    assert found.shape == (72, 96, 2)
    numpy.testing.assert_allclose(found[8:-8, 8:-8].mean((0, 1)), STEP, atol=0.1)
    assert numpy.linalg.norm(found - STEP, axis=2)[8:-8, 8:-8].mean() < 0.15


def test_warping_brings_the_second_into_line_with_the_first(pair):
    first, second = pair
    back = flow.warped(second, of(STEP))
    numpy.testing.assert_array_equal(back[2:, :-3], first[2:, :-3])
    there_and_back = flow.warped(flow.warped(first, of((2, 1))), of((-2, -1)))
    numpy.testing.assert_array_equal(there_and_back[1:, 2:], first[1:, 2:])


def test_warping_between_pixels_is_linear_and_keeps_the_border():
    ramp = numpy.tile(numpy.arange(8, dtype='float32'), (6, 1))
    numpy.testing.assert_allclose(
        flow.warped(ramp, of((0.25, 0), (6, 8)))[0, :7], ramp[0, :7] + 0.25
    )
    numpy.testing.assert_array_equal(flow.warped(ramp, of((50, 0), (6, 8))), 7)


def test_what_leaves_the_picture_is_not_inside():
    seen = flow.inside(of((3, -2), (6, 8)))
    assert not seen[:2].any()
    assert not seen[:, 5:].any()
    assert seen[2:, :5].all()


def square(left):
    """Return a picture with a square of 16 pixels on a ground that stays where it is."""
    img = scenery(1)
    img[28:44, left : left + 16] = scenery(2)[:16, :16] // 2 + 127
    return img


def flow_of_square(left, step):
    """Return the flow of `square` by hand: the square moves, all else does not."""
    result = of((0, 0))
    result[28:44, left : left + 16] = step
    return result


def test_what_was_hidden_is_not_to_be_trusted():
    """The square moves 8 pixels to the right: where it was, is ground that nobody had seen."""
    now, then = flow_of_square(48, (-8, 0)), flow_of_square(40, (8, 0))
    consistent = flow.consistent(now, then)
    assert not consistent[30:42, 40:48].any()  # what the square uncovers
    assert consistent[30:42, 48:64].all()  # the square itself
    assert consistent[:28].all()
    trust = flow.reliability(now, consistent)
    assert trust.dtype == numpy.float32
    assert not trust[30:42, 40:48].any()
    numpy.testing.assert_allclose(trust[33:39, 53:59], 1, atol=1e-3)
    numpy.testing.assert_allclose(trust[:20], 1, atol=1e-3)


def test_what_is_hidden_spreads_but_motion_boundaries_do_not(monkeypatch):
    now, then = of((0, 0)), of((0, 0))
    then[30:34, 40:44] = 9
    hidden = flow.reliability(now, flow.consistent(now, then))
    assert not hidden[30:34, 40:44].any()
    # a neighbour has this share of the Gaussian's weight on the other side of a straight edge
    gauss = numpy.exp(-(numpy.arange(-2, 3) ** 2) / (2 * 0.8**2))
    gauss /= gauss.sum()
    across = gauss[:2].sum() * gauss[:4].sum()
    assert hidden[31, 39] == pytest.approx(1 - 2 * across, abs=1e-3)
    edge = numpy.zeros((72, 96), bool)
    edge[30:34, 40:44] = True
    monkeypatch.setattr(flow, 'motion_boundaries', lambda _: edge)
    trusted = flow.reliability(now, numpy.ones((72, 96), bool))
    assert trusted[31, 39] == pytest.approx(1 - across, abs=1e-3)


def test_a_motion_boundary_is_where_the_flow_jumps():
    edges = flow.motion_boundaries(flow_of_square(48, (-8, 0)))
    assert edges[35, 47:49].all()  # differences to both sides reach one pixel to each
    assert edges[35, 63:65].all()
    assert not edges[35, 50:62].any()
    assert not edges[:26].any()
    # a zoom has slopes everywhere, but the longer the flow is, the more of a slope is excused
    rows, columns = numpy.indices((72, 96), dtype='float32')
    zoom = flow.motion_boundaries(0.05 * numpy.stack([columns - 48, rows - 36], axis=2))
    assert zoom[36, 45:52].all()
    assert not zoom[:, :36].any()


def test_of_real_motion_the_hidden_part_is_found():
    now, then = square(48), square(40)
    motion = Motion(now, then)
    assert not motion.visible()[32:40, 42:46].any()
    assert motion.visible()[:20].mean() > 0.9
    moved = motion.brought(then).astype('float')
    assert numpy.abs(moved - now)[32:40, 52:60].mean() < 5
    assert numpy.abs(moved - now)[:20].mean() < 2


def test_a_cut_is_where_nothing_is_seen_again(pair, monkeypatch):
    first, second = pair
    assert not Motion(first, second).is_cut()
    assert not Motion(square(48), square(40)).is_cut()
    assert not Motion(first, first).is_cut()
    assert all(Motion(first, scenery(seed)).is_cut() for seed in range(5, 10))
    darker = (second * 0.3).astype('uint8')  # a flash, or a film that flickers, is no cut
    assert not Motion(first, darker).is_cut()
    # what flow makes nothing of, as a pan that blurs all, is no cut where all looks alike
    monkeypatch.setattr(Motion, 'visible', lambda self: numpy.zeros((72, 96), bool))
    assert not Motion(first, second).is_cut()
    assert Motion(first, scenery(7)).is_cut()
