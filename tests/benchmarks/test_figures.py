"""The figures by which pictures are compared: near nothing for a photo, large for each fault."""

import numpy
import pytest
from figures import frame, fringe, grid, matting_energy
from scipy.ndimage import gaussian_filter


def photo(height=160, width=280):
    """Return a soft picture with some grain."""
    rng = numpy.random.default_rng(0)
    soft = gaussian_filter(rng.uniform(-1, 1, (height, width, 3)), (6, 6, 0)) * 900 + 128
    return soft + rng.normal(0, 2, (height, width, 1))


def test_a_constant_picture_has_no_faults():
    grey = numpy.full((64, 96, 3), 100.0)
    assert grid(grey) == 0
    assert fringe(grey) == pytest.approx(0)
    assert frame(grey, grey) == 0
    assert frame(grey + 20, grey) == 0  # lighter all over


@pytest.mark.parametrize('axis', [0, 1])
@pytest.mark.parametrize('period', [2.0, 2.8, 3.2, 4.0])
def test_a_grid_stands_out(period, axis):
    img = photo()
    assert grid(img) < 4.5
    places = numpy.arange(img.shape[axis])
    # the first pixel of each of a coarser picture's is lighter by some of 256 levels
    lines = 4 * numpy.diff(numpy.floor(places / period), prepend=0)
    lines = lines.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    assert grid(img + lines) > grid(img) + 3


def test_a_grid_of_a_longer_period_is_no_fault():
    img = photo()
    wave = 3 * numpy.sin(numpy.arange(280) * 2 * numpy.pi / 9).reshape(1, -1, 1)
    assert grid(img + wave) < grid(img) + 1


def test_fringes_are_fine_colours():
    img = photo()
    noise = numpy.random.default_rng(1).normal(0, 10, img.shape)
    grey_noise = noise.mean(axis=2, keepdims=True)
    coloured = numpy.array([10.0, 0, -10]) * numpy.sin(numpy.arange(280) / 5).reshape(1, -1, 1)
    assert fringe(img + noise) > 5 * fringe(img)
    assert fringe(img + grey_noise) == pytest.approx(fringe(img))
    assert fringe(img + coloured) < 2 * fringe(img)  # that is the painting


def test_a_frame_is_a_border_that_the_photo_has_not():
    img = photo()
    framed = img.copy()
    framed[:8] += 30
    assert frame(img, img) == 0
    # at one of four borders, and at the corners of two others
    assert frame(framed, img) == pytest.approx(30 / 4 * (1 + 2 * 8 / 160), rel=0.2)
    assert frame(framed, framed) == 0


def test_a_bent_line_costs_and_other_colours_do_not():
    img = photo(48, 64).clip(0, 255) / 255
    changed = img @ numpy.array([[0.5, 0.2, 0], [0, 0.6, 0.1], [0.1, 0, 0.4]]) + 0.1
    bent = numpy.stack([numpy.roll(row, y % 3, axis=0) for y, row in enumerate(changed)])
    assert matting_energy(img, img) < 1e-6
    assert matting_energy(changed, img) < 1e-6
    assert matting_energy(bent, img) > 1e-3
