"""The matting Laplacian against its formula, its term by slope, and the filter by hand."""

from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np

from styletransfer.images import postprocess, preprocess
from styletransfer.objective import objectives
from styletransfer.photo import (
    affine_models,
    detailed,
    finished,
    guided_filter,
    matting_laplacian,
    matting_loss,
    matting_term,
    photorealistic,
    pixel_bytes,
    recolored,
    smooth_local_affine,
)
from styletransfer.recipes import PHOTO, TUTORIAL

SHAPE = (20, 16)


def photo(height=16, width=20, seed=1):
    return numpy.random.default_rng(seed).uniform(0, 1, (height, width, 3))


def windows(height, width):
    """Yield the numbers of the pixels of each window of 3x3."""
    numbers = numpy.arange(height * width).reshape(height, width)
    for y in range(height - 2):
        for x in range(width - 2):
            yield numbers[y : y + 3, x : x + 3].ravel()


@pytest.mark.parametrize('epsilon', [1e-7, 1e-2])
def test_the_closed_form_on_a_small_picture(epsilon):
    img = photo(5, 5)
    expected = numpy.zeros((25, 25))
    for window in windows(5, 5):
        colours = img.reshape(-1, 3)[window]
        centred = colours - colours.mean(axis=0)
        covariance = centred.T @ centred / 9 + epsilon / 9 * numpy.eye(3)
        inner = centred @ numpy.linalg.inv(covariance) @ centred.T
        expected[numpy.ix_(window, window)] += numpy.eye(9) - (1 + inner) / 9
    found = matting_laplacian(img, epsilon)
    numpy.testing.assert_allclose(found.toarray(), expected, atol=1e-10)
    assert found.dtype == 'float64'
    assert found.nnz == (expected != 0).sum()  # nothing is kept of neighbours that are not there


def test_pixels_are_counted_row_by_row():
    # a picture that is not square, of which one pixel stands out: only its neighbours know it
    img = numpy.full((6, 9, 3), 0.5)
    V = numpy.zeros((3, 6, 9))
    V[:, 2, 6] = 1
    _, gradient = matting_loss(V, matting_laplacian(img))
    seen = abs(gradient[0]) > 1e-9
    expected = numpy.zeros((6, 9), bool)
    expected[0:5, 4:9] = True
    numpy.testing.assert_array_equal(seen, expected)


def test_what_is_left_is_the_misfit_of_the_best_affine_change_in_each_window():
    img, epsilon = photo(6, 7), 1e-3
    V, misfit = photo(6, 7, seed=2)[:, :, 0].ravel(), 0.0
    for window in windows(6, 7):
        A = numpy.hstack([img.reshape(-1, 3)[window], numpy.ones((9, 1))])
        A = numpy.vstack([A, numpy.sqrt(epsilon) * numpy.eye(3, 4)])
        target = numpy.append(V[window], [0, 0, 0])
        misfit += numpy.linalg.lstsq(A, target, rcond=None)[1][0]
    assert V @ matting_laplacian(img, epsilon) @ V == pytest.approx(misfit, rel=1e-9)


def test_a_constant_costs_nothing():
    laplacian = matting_laplacian(photo())
    assert abs(laplacian @ numpy.ones(16 * 20)).max() < 1e-9
    l, gradient = matting_loss(numpy.full((3, 16, 20), 0.7), laplacian)
    assert abs(l) < 1e-9
    assert abs(gradient).max() < 1e-9


@pytest.mark.parametrize('seed', range(3))
def test_a_global_affine_change_of_the_colours_costs_next_to_nothing(seed):
    img, rng = photo(), numpy.random.default_rng(seed)
    M, b = rng.normal(size=(3, 3)), rng.normal(size=3)
    laplacian = matting_laplacian(img)
    l, _ = matting_loss((img @ M + b).transpose(2, 0, 1), laplacian)
    assert l > -1e-12
    assert l < 1e-7 * numpy.square(M).sum() * 14 * 18  # epsilon |a|^2 for each window
    other, _ = matting_loss(photo(seed=9).transpose(2, 0, 1), laplacian)
    assert other > 1e4 * l


def test_the_gradient_is_the_slope():
    laplacian = matting_laplacian(photo(6, 7))
    V, direction = (photo(6, 7, seed).transpose(2, 0, 1) for seed in (2, 3))
    _, gradient = matting_loss(V, laplacian)
    after, before = (matting_loss(V + h * direction, laplacian)[0] for h in (1e-5, -1e-5))
    slope = (after - before) / 2e-5
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize('pixels', ['caffe', 'imagenet'])
def test_the_term_is_weighted_and_differentiated(pixels):
    recipe = replace(PHOTO, pixels=pixels, matting_weight=7.0)
    content_img = np.array(255 * photo(), dtype='float32')
    term = matting_term(recipe, content_img, SHAPE)
    other = np.array(255 * photo(seed=2), dtype='float32')
    X = preprocess(other, SHAPE, *recipe.mean_std)
    X.attach_grad()
    with autograd.record():
        l = term(X)
    l.backward()
    V = other.asnumpy().transpose(2, 0, 1).astype('float64') / 255
    laplacian = matting_laplacian(content_img.asnumpy() / 255)
    assert float(l) == pytest.approx(7 * matting_loss(V, laplacian)[0], rel=1e-4)
    # a step in the picture's own units
    direction = numpy.sign(X.grad.asnumpy())
    std = recipe.mean_std[1].asnumpy().reshape(3, 1, 1)
    ends = (V + h * direction[0] * std for h in (1e-3, -1e-3))
    after, before = (7 * matting_loss(end, laplacian)[0] for end in ends)
    slope = (X.grad.asnumpy() * direction).sum()
    assert slope == pytest.approx((after - before) / 2e-3, rel=1e-3)
    assert float(term(preprocess(content_img, SHAPE, *recipe.mean_std))) < 1e-3 * float(l)


def test_the_losses_get_one_term_more_at_every_size(tiny_net):
    img = np.array(255 * photo(32, 40), dtype='uint8')
    plain = objectives(tiny_net, TUTORIAL, img, img, mx.cpu())
    recipe = replace(TUTORIAL, matting_weight=100.0)
    loss_at = photorealistic(plain, recipe, img)
    for shape in ((32, 24), (40, 32)):
        X = preprocess(np.array(255 * photo(32, 40, seed=2), dtype='uint8'), shape)
        terms, l = loss_at(shape)(X)
        before, l_before = plain(shape)(X)
        assert list(terms) == ['content', 'style', 'TV', 'matting']
        assert float(l) == pytest.approx(float(l_before) + float(terms['matting']))
        assert {name: float(terms[name]) for name in before} == {
            name: float(term) for name, term in before.items()
        }
        expected = matting_term(recipe, img, shape)(X)
        assert float(terms['matting']) == float(expected) > 0


def test_without_a_weight_nothing_is_added():
    def loss_at(shape):
        raise AssertionError('not asked')

    assert photorealistic(loss_at, TUTORIAL, np.zeros((4, 4, 3))) is loss_at
    assert pixel_bytes(TUTORIAL) == 0 < pixel_bytes(PHOTO)


def test_each_region_starts_in_the_colours_of_its_own_style():
    rng = numpy.random.default_rng(0)
    content_img = np.array(rng.integers(0, 256, (30, 40, 3)), dtype='uint8')
    styles = [np.array(rng.normal(m, 12, (20, 25, 3)).clip(0, 255)) for m in (90, 150)]
    left, middle = numpy.zeros((15, 20), 'float32'), numpy.zeros((30, 40), 'float32')
    left[:, :8], middle[:, 20:30] = 1, 1
    upper = numpy.zeros((20, 25), 'float32')
    upper[:10] = 1
    nothing = numpy.zeros((30, 40), 'float32')
    result = recolored(
        content_img,
        [*styles, styles[0]],
        [np.array(mask) for mask in (left, middle, nothing)],
        [np.array(upper), np.ones((20, 25)), np.ones((20, 25))],
    ).asnumpy()
    for ours, theirs in (
        (result[:, :16], styles[0].asnumpy()[:10]),
        (result[:, 20:30], styles[1].asnumpy()),
    ):
        ours, theirs = ours.reshape(-1, 3), theirs.reshape(-1, 3)
        numpy.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.2)
        covariances = (numpy.cov(pixels.T, bias=True) for pixels in (ours, theirs))
        numpy.testing.assert_allclose(*covariances, atol=1)
    numpy.testing.assert_array_equal(result[:, 30:], content_img.asnumpy()[:, 30:])
    whole = recolored(content_img, styles).asnumpy()
    expected = styles[0].asnumpy().mean(axis=(0, 1))
    numpy.testing.assert_allclose(whole.mean(axis=(0, 1)), expected, atol=0.2)


# --- the filters ---------------------------------------------------------------------------------


def test_the_filter_leaves_the_photo_as_it_is():
    img = photo()
    flat = img.copy()
    flat[4:12, 4:12] = 0.5  # a plain region, of which no window tells anything
    flat[6, 6] += 0.004  # but grain
    for same in (img, flat):
        numpy.testing.assert_allclose(smooth_local_affine(same, same, 6), same, atol=1e-6)


def test_the_filter_against_its_formula():
    I, O, radius, edge = photo(6, 5), photo(6, 5, seed=2), 2, 0.4
    places = [(y, x) for y in range(6) for x in range(5)]

    def change(y, x):
        window = [p for p in places if max(abs(p[0] - y), abs(p[1] - x)) <= 1]
        A = numpy.array([[*I[p], 1] for p in window])
        D = numpy.array([O[p] - I[p] for p in window])
        ridge = 1e-3 * len(window) / 9 * numpy.diag([1, 1, 1, 0])
        return numpy.linalg.solve(A.T @ A + ridge, A.T @ D)

    expected = numpy.zeros_like(I)
    for i in places:
        total, weights = 0, 0
        for j in places:
            far = (i[0] - j[0]) ** 2 + (i[1] - j[1]) ** 2
            if far <= radius**2:
                alike = numpy.square(I[i] - I[j]).sum() / 3
                w = numpy.exp(-far / (2 * (radius / 3) ** 2) - alike / (2 * edge**2))
                total, weights = total + w * change(*j), weights + w
        expected[i] = I[i] + numpy.append(I[i], 1) @ (total / weights)
    found = smooth_local_affine(I, O, radius, edge)
    numpy.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_filter_keeps_a_change_of_colours_and_takes_noise_away():
    rng = numpy.random.default_rng(0)
    ramp = numpy.linspace(0.2, 0.8, 40)
    I = numpy.stack([ramp + 0.1 * k * numpy.ones((30, 1)) for k in range(3)], axis=2)
    I[:, 20:] = I[:, 20:, ::-1]  # an edge
    changed = I @ numpy.array([[0.5, 0.1, 0], [0, 0.7, 0], [0.2, 0, 0.4]]) + 0.1
    noisy = changed + rng.normal(0, 0.05, changed.shape)
    clean = smooth_local_affine(I, noisy, 9, 0.05)
    assert numpy.abs(clean - changed).mean() < 0.4 * numpy.abs(noisy - changed).mean()
    laplacian = matting_laplacian(I)
    before, after = (matting_loss(img.transpose(2, 0, 1), laplacian)[0] for img in (noisy, clean))
    assert after < 0.01 * before


def test_models_find_an_affine_function():
    I = photo()
    M, b = numpy.random.default_rng(0).normal(size=(3, 3)), numpy.array([0.1, 0.2, 0.3])
    models = affine_models(I, I @ M + b, 2, 1e-9)
    numpy.testing.assert_allclose(
        models[:, :, :3], numpy.broadcast_to(M, (16, 20, 3, 3)), atol=1e-4
    )
    numpy.testing.assert_allclose(models[:, :, 3], numpy.broadcast_to(b, (16, 20, 3)), atol=1e-4)


def test_the_guided_filter_is_a_mean_where_nothing_guides():
    grey, img = numpy.full((9, 9, 3), 0.5), photo(9, 9)
    found = guided_filter(grey, img, 1, 0.01)
    once = numpy.array(
        [[img[y : y + 3, x : x + 3].mean((0, 1)) for x in range(7)] for y in range(7)]
    )
    twice = numpy.array(
        [[once[y : y + 3, x : x + 3].mean((0, 1)) for x in range(5)] for y in range(5)]
    )
    numpy.testing.assert_allclose(found[2:7, 2:7], twice, atol=1e-12)


def test_the_detail_comes_from_the_photo():
    x, inside = numpy.arange(60), (slice(17, 23), slice(17, 43))
    smooth = numpy.broadcast_to((x / 120)[None, :, None], (40, 60, 3))
    I = smooth + 0.02 * (-1.0) ** x[None, :, None]  # fine stripes
    O = 0.3 + 0.5 * smooth  # another tone, without them
    numpy.testing.assert_allclose(detailed(smooth, O)[inside], O[inside], atol=0.002)
    back = detailed(I, O) - O
    # the window's variance of a grey tone, counted three times, against the 0.01 that draws to 0
    variance = 3 * I[20, 20:37, 0].var()
    share = 0.01 / (variance + 0.01)
    numpy.testing.assert_allclose(back[inside], share * (I - smooth)[inside], atol=0.001)


def test_a_picture_is_finished_as_the_recipe_says():
    content_img = np.array(255 * photo(32, 40), dtype='uint8')
    X = preprocess(np.array(255 * photo(seed=2), dtype='uint8'), SHAPE)
    img = postprocess(X)
    assert finished(img, content_img, TUTORIAL) is img
    recipe = replace(PHOTO, affine_radius=4, affine_edge=0.2)
    done = finished(img, content_img, recipe)
    assert done.shape == img.shape
    assert done.dtype == img.dtype
    assert 0 <= float(done.min()) < float(done.max()) <= 1
    assert float(np.abs(done - img).mean()) > 0.05
    more = finished(img, content_img, recipe, keep_detail=True)
    assert float(np.abs(more - done).mean()) > 0.01
    same = postprocess(preprocess(content_img, SHAPE))
    numpy.testing.assert_allclose(
        finished(same, content_img, recipe).asnumpy(), same.asnumpy(), atol=1e-5
    )
