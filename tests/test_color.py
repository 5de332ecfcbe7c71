"""Keeping colours: chroma to the last bit, moments, histograms, grey and flat pictures."""

import itertools

import numpy
import pytest
from mxnet import numpy as np

from styletransfer.color import (
    PRESERVE_COLOR,
    keep_luminance,
    luminance,
    match_colors,
    match_histograms,
    match_luminance,
    recolored,
    restored,
)
from styletransfer.errors import InputError
from styletransfer.images import resized

# ITU/NTSC, as in scikit-image; I reaches from -0.596 to 0.596, Q from -0.523 to 0.523
YIQ = numpy.array(
    [
        [0.299, 0.587, 0.114],
        [0.59590059, -0.27455667, -0.32134392],
        [0.21153661, -0.52273617, 0.31119955],
    ]
)
ROOTS = ['symmetric', 'cholesky']


def picture(seed, height=9, width=7, low=0, high=256):
    pixels = numpy.random.default_rng(seed).integers(low, high, size=(height, width, 3))
    return np.array(pixels, dtype='uint8')


def correlated(seed, height=9, width=7):
    """Return a picture with related channels, far from black and white."""
    draws = numpy.random.default_rng(seed)
    mix = draws.normal(size=(3, 3)) + 2 * numpy.eye(3)
    pixels = draws.uniform(-1, 1, size=(height, width, 3)) @ mix.T * 5 + draws.uniform(110, 140, 3)
    assert 80 < pixels.min() < pixels.max() < 175
    return np.array(pixels, dtype='float32')


def flat(*rgb):
    return np.array(numpy.full((5, 6, 3), rgb), dtype='float32')


def grey(seed):
    return np.array(numpy.repeat(picture(seed, low=60, high=190).asnumpy()[..., :1], 3, axis=-1))


def plain(values):
    """Return values as NumPy's, whose comparisons do not know MXNet's arrays."""
    values = values.asnumpy() if isinstance(values, np.ndarray) else values
    return numpy.asarray(values, dtype='float64')


def close(got, wanted, rtol=0.0, atol=0.0):
    assert plain(wanted).shape in (plain(got).shape, ())
    numpy.testing.assert_allclose(plain(got), plain(wanted), rtol, atol)


def same(got, wanted):
    close(got, wanted)


def yiq(pixels):
    return plain(pixels) @ YIQ.T


def rounded(result):
    """Return the picture as `save_image` would write it, in 0-1."""
    return (result.asnumpy() * 255).round() / 255


def moments(img):
    pixels = plain(img).reshape(-1, 3)
    return pixels.mean(axis=0), numpy.cov(pixels.T, bias=True)


def assert_same_moments(img, other):
    for mine, theirs in zip(moments(img), moments(other)):
        close(mine, theirs, rtol=1e-4, atol=1e-2)


def test_luminance_by_hand():
    img = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 20, 30]]])
    Y = luminance(img.astype('uint8'))
    assert Y.dtype == 'float32'
    expected = [255 * 0.299, 255 * 0.587, 255 * 0.114, 255, 2.99 + 11.74 + 3.42]
    for channel in range(3):
        close(Y.asnumpy()[0, :, channel], expected, rtol=1e-6)


@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
def test_chroma_is_the_contents_even_of_saturated_colours_at_every_luminance(dtype):
    levels = (0, 1, 128, 254, 255)
    colours = numpy.array(list(itertools.product(levels, repeat=3)))
    shades = numpy.array([0, 0.003, 0.35, 0.5, 0.8, 1])
    content = np.array(numpy.repeat(colours[:, None], len(shades), axis=1), dtype=dtype)
    result = np.array(numpy.tile(shades[None, :, None], (len(colours), 1, 3)), dtype='float32')
    kept = keep_luminance(result, content)
    assert kept.dtype == 'float32'
    assert kept.shape == result.shape
    assert 0 <= float(kept.min()) <= float(kept.max()) <= 1
    expected = yiq(content)[..., 1:] / 255
    close(yiq(kept)[..., 1:], expected, atol=1e-6)
    # rounding moves each of R, G and B by half of 1/255 at most, I and Q by 0.6 of it
    saved = rounded(kept) @ YIQ.T
    assert abs(saved[..., 1:] - expected).max() <= 0.6 / 255


def test_luminance_is_the_results_where_a_screen_can_show_it_and_else_the_nearest():
    content, result = picture(1), picture(2).astype('float32') / 255
    kept = keep_luminance(result, content)
    wanted, got = yiq(result)[..., 0], yiq(kept)[..., 0]
    fine = picture(1).asnumpy() / 255 + (wanted - yiq(content)[..., 0] / 255)[..., None]
    fits = ((fine >= 0) & (fine <= 1)).all(axis=-1)
    assert 0 < fits.sum() < fits.size
    close(got[fits], wanted[fits], atol=1e-6)
    close(kept.asnumpy()[fits], fine[fits], atol=1e-6)
    # elsewhere one channel is at its end: nothing lighter or darker has the same chroma
    lighter, darker = (got < wanted - 1e-6), (got > wanted + 1e-6)
    same(lighter | darker, ~fits)
    close(kept.asnumpy()[lighter].max(axis=-1), 1, atol=1e-6)
    close(kept.asnumpy()[darker].min(axis=-1), 0, atol=1e-6)


def test_grey_content_gives_a_grey_result_and_its_own_luminance_gives_the_content():
    result = picture(3).astype('float32') / 255
    close(keep_luminance(result, grey(4)).asnumpy(), luminance(result).asnumpy(), atol=1e-6)
    content = picture(5)
    painted = luminance(content) / 255
    same((rounded(keep_luminance(painted, content)) * 255).round(), content)


@pytest.mark.parametrize('size', [(4, 3), (9, 20), (30, 14)])
def test_content_of_another_size_is_resized_as_for_the_network(size):
    content = picture(6, *size)
    result = picture(7, 9, 14).astype('float32') / 255
    kept = keep_luminance(result, content)
    assert kept.shape == (9, 14, 3)
    expected = yiq(resized(content, (14, 9)))[..., 1:] / 255
    assert abs((rounded(kept) @ YIQ.T)[..., 1:] - expected).max() <= 0.6 / 255


def test_matched_luminance_has_the_contents_mean_and_contrast():
    style, content = correlated(8), correlated(9, 5, 11)
    matched = match_luminance(style, content)
    assert matched.shape == style.shape
    assert matched.dtype == 'float32'
    Y, wanted, before = (yiq(img)[..., 0] for img in (matched, content, style))
    assert Y.mean() == pytest.approx(wanted.mean(), rel=1e-5)
    assert Y.std() == pytest.approx(wanted.std(), rel=1e-4)
    assert numpy.corrcoef(Y.ravel(), before.ravel())[0, 1] == pytest.approx(1)
    same(matched.asnumpy().max(axis=-1), matched.asnumpy()[..., 0])
    same(matched.asnumpy().min(axis=-1), matched.asnumpy()[..., 0])


@pytest.mark.parametrize('root', ROOTS)
def test_matched_colours_have_the_contents_mean_and_covariance(root):
    style, content = correlated(10), correlated(11, 6, 13)
    matched = match_colors(style, content, root)
    assert matched.shape == style.shape
    assert matched.dtype == 'float32'
    assert 0 < float(matched.min()) < float(matched.max()) < 255
    assert_same_moments(matched, content)
    # neither is so by accident
    assert abs(moments(style)[1] - moments(content)[1]).max() > 5


def test_roots_are_what_they_are_called():
    style, content = correlated(12), correlated(13)

    def matrix(root):
        before = plain(style).reshape(-1, 3)
        after = plain(match_colors(style, content, root)).reshape(-1, 3)
        solved = numpy.linalg.lstsq(before - before.mean(0), after - after.mean(0), rcond=None)
        return solved[0].T

    lower = matrix('cholesky')
    close(lower, numpy.tril(lower), atol=1e-5)
    assert (numpy.diag(lower) > 0).all()
    # A = C S^-1 with C, S symmetric and positive: so is A S, and its square is the content's
    values, vectors = numpy.linalg.eigh(moments(style)[1])
    root = matrix('symmetric') @ (vectors * numpy.sqrt(values)) @ vectors.T
    close(root, root.T, atol=1e-3)
    assert (numpy.linalg.eigvalsh(root) > 0).all()
    same(match_colors(style, content), match_colors(style, content, 'symmetric'))
    assert abs(matrix('symmetric') - lower).max() > 0.01


MATCHES = {
    'luminance': match_luminance,
    'symmetric': match_colors,
    'cholesky': lambda style, content: match_colors(style, content, 'cholesky'),
    'histogram': match_histograms,
}
each_match = pytest.mark.parametrize('match', MATCHES.values(), ids=MATCHES)


@each_match
def test_a_picture_matched_to_itself_stays_as_it_is(match):
    for img in (picture(14), correlated(15), grey(16), flat(40, 200, 90), flat(7, 7, 7)):
        expected = luminance(img) if match is match_luminance else img
        close(match(img, img).asnumpy(), expected.asnumpy(), atol=1e-3)


@each_match
def test_what_would_leave_the_range_is_clipped(match):
    style, content = picture(17, 30, 8, high=5), picture(18, 8, 8)
    style[0, 0] = 255  # one spark
    content[:5] = 255
    matched = match(style, content)
    assert float(matched.min()) >= 0
    assert float(matched.max()) == 255


@each_match
def test_grey_and_flat_and_single_pixels_make_no_holes(match):
    pictures = [
        picture(19),
        grey(20),
        flat(0, 0, 0),
        flat(255, 255, 255),
        flat(0.1, 200.3, 90.7),
        picture(21, 1, 1),
    ]
    for style, content in itertools.product(pictures, repeat=2):
        matched = match(style, content)
        assert matched.shape == style.shape
        assert numpy.isfinite(matched.asnumpy()).all()
        assert 0 <= float(matched.min()) <= float(matched.max()) <= 255


@pytest.mark.parametrize('root', ROOTS)
def test_flat_style_takes_the_contents_mean_and_flat_content_gives_itself(root):
    content = correlated(22)
    mean = numpy.broadcast_to(moments(content)[0], (5, 6, 3))
    close(match_colors(flat(3, 250, 90), content, root), mean, rtol=1e-5)
    Y = match_luminance(flat(3.3, 250.1, 90.7), content).asnumpy()
    close(Y, yiq(content)[..., 0].mean(), rtol=1e-5)
    matched = match_colors(content, flat(40, 200, 90), root).asnumpy()
    close(matched, numpy.broadcast_to((40, 200, 90), (9, 7, 3)), atol=0.1)


@pytest.mark.parametrize('root', ROOTS)
def test_grey_content_gives_a_grey_style(root):
    content = grey(23)
    matched = match_colors(correlated(24), content, root)
    assert_same_moments(matched, content)
    assert float((matched.max(axis=-1) - matched.min(axis=-1)).max()) < 0.1


@pytest.mark.parametrize('root', ROOTS)
def test_grey_style_gets_colours_on_one_line(root):
    content = correlated(25)
    matched = match_colors(grey(26), content, root)
    close(moments(matched)[0], moments(content)[0], rtol=1e-5)
    values = numpy.linalg.eigvalsh(moments(matched)[1])
    assert values[2] > 10
    assert abs(values[:2]).max() < 1e-3


def test_histograms_are_the_contents_channel_by_channel():
    # no two numbers of a channel alike: F has a step for each pixel
    style, content = correlated(27), correlated(28)
    matched = match_histograms(style, content)
    assert matched.dtype == 'float32'
    for channel in range(3):
        before, got, wanted = (
            img.asnumpy()[..., channel].ravel() for img in (style, matched, content)
        )
        close(numpy.sort(got), numpy.sort(wanted), atol=1e-3)
        assert (numpy.diff(got[numpy.argsort(before)]) >= 0).all()


def test_histograms_of_other_sizes_and_of_8_bits():
    style, content = picture(29, 20, 30, high=100), picture(30, 24, 15, low=90)
    matched = match_histograms(style, content)
    assert matched.shape == style.shape
    quantiles = numpy.linspace(0.05, 0.95, 10)
    for channel in range(3):
        got, wanted = (
            numpy.quantile(img.asnumpy()[..., channel], quantiles) for img in (matched, content)
        )
        close(got, wanted, atol=5)
    # not cut off to whole numbers
    assert (matched.asnumpy() % 1).max() > 0.1


def test_recoloured_pictures_are_each_methods():
    content, style = picture(31), picture(32, 4, 12)
    assert list(PRESERVE_COLOR) == ['luminance', 'linear', 'histogram']
    new_content, new_style = recolored('luminance', content, style)
    same(new_content, luminance(content))
    same(new_style, match_luminance(style, content))
    for method, match in (('linear', match_colors), ('histogram', match_histograms)):
        new_content, new_style = recolored(method, content, style)
        same(new_content, content)
        same(new_style, match(style, content))


def test_only_luminance_changes_the_finished_picture():
    content, result = picture(33, 4, 12), picture(34).astype('float32') / 255
    same(restored('luminance', result, content), keep_luminance(result, content))
    for method in ('linear', 'histogram'):
        same(restored(method, result, content), result)


def test_what_is_not_known_is_refused():
    img = picture(35)
    with pytest.raises(InputError, match=r"no way to preserve color 'linaer'.*mean 'linear'"):
        recolored('linaer', img, img)
    with pytest.raises(InputError, match="no way to preserve color 'rgb'; known: luminance, "):
        restored('rgb', img.astype('float32') / 255, img)
    with pytest.raises(InputError, match="no root 'choleski'; did you mean 'cholesky'"):
        match_colors(img, img, 'choleski')
    with pytest.raises(InputError, match=r'not \(9, 7\)'):
        luminance(img[..., 0])
    with pytest.raises(InputError, match=r'not \(9, 7, 2\)'):
        match_colors(img, img[..., :2])
