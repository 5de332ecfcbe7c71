"""The canvas: larger than the picture, mirrored beyond its borders, cut back to it."""

from dataclasses import replace

import numpy
import pytest
from mxnet import numpy as np

from styletransfer.canvas import cut, mirrored, on_canvas, picture_shape
from styletransfer.errors import InputError
from styletransfer.images import resized
from styletransfer.recipes import TUTORIAL, with_shape

LARGER = replace(TUTORIAL, oversample=2.0, bleed=0.1)


def picture(height=40, width=60):
    return np.array(
        numpy.random.default_rng(0).integers(0, 256, (height, width, 3)), dtype='uint8'
    )


def test_shapes_by_hand():
    shapes = [stage.image_shape for stage in on_canvas(LARGER).stages]
    assert shapes == [(480, 240), (1344, 768)]  # 2 times 1.2
    assert on_canvas(TUTORIAL) == TUTORIAL


@pytest.mark.parametrize('oversample', [1.0, 1.37, 2.0, 3.0])
@pytest.mark.parametrize('bleed', [0.0, 0.03, 0.31])
def test_the_picture_has_the_shape_that_was_asked_for(oversample, bleed):
    for shape in [(16, 16), (17, 33), (560, 320), (559, 321), (1023, 97)]:
        recipe = replace(with_shape(TUTORIAL, shape), oversample=oversample, bleed=bleed)
        canvas = on_canvas(recipe).stages[-1].image_shape
        assert picture_shape(recipe, canvas) == shape
        blank = np.zeros((canvas[1], canvas[0], 1))
        assert cut(blank, recipe).shape == (shape[1], shape[0], 1)


def test_beyond_the_border_the_picture_is_mirrored():
    img = picture()
    canvas = mirrored(img, LARGER)
    assert canvas.shape == (48, 72, 3)
    assert canvas.dtype == img.dtype
    numpy.testing.assert_array_equal(canvas[4:-4, 6:-6], img)
    numpy.testing.assert_array_equal(canvas[3, 6:-6], img[0])
    numpy.testing.assert_array_equal(canvas[0, 6:-6], img[3])
    numpy.testing.assert_array_equal(canvas[4:-4, -1], img[:, -6])
    numpy.testing.assert_array_equal(mirrored(img[:, :, 0], LARGER), canvas[:, :, 0])  # a mask
    numpy.testing.assert_array_equal(mirrored(img, TUTORIAL), img)


def test_cut_takes_away_what_was_added():
    # a slope, because to enlarge and to average is to smooth what has finer detail
    slope = np.array(numpy.indices((40, 60)).sum(axis=0)[..., None], dtype='float32')
    back = cut(resized(mirrored(slope, LARGER), (144, 96)), LARGER)
    inside = numpy.s_[8:-8, 8:-8]  # of the bend in the mirror
    numpy.testing.assert_allclose(back.asnumpy()[inside], slope.asnumpy()[inside], atol=0.01)
    numpy.testing.assert_array_equal(cut(picture(), TUTORIAL).asnumpy(), picture().asnumpy())


def test_cut_averages_the_pixels_of_the_canvas():
    canvas = picture(48, 60)
    expected = canvas.asnumpy().reshape(16, 3, 20, 3, 3).mean(axis=(1, 3))
    ours = cut(canvas, replace(TUTORIAL, oversample=3.0))
    numpy.testing.assert_allclose(ours.asnumpy(), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'oversample': 0.5}, 'oversample is 0.5: it must be 1 or above'),
        ({'bleed': 0.6}, 'bleed is 0.6: it must be a share from 0 to 0.5'),
        ({'bleed': -0.1}, 'bleed is -0.1'),
    ],
)
def test_what_cannot_be(change, said):
    with pytest.raises(InputError, match=said):
        replace(TUTORIAL, **change)
