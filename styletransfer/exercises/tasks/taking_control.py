"""The tasks of chapter 4: our solutions, the data they are tried on, the usual mistakes."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy
from mxnet import image, npx
from mxnet import numpy as np

from styletransfer import color, controls, losses
from styletransfer.exercises.task import Case, Mistake, Task, difference, plain
from styletransfer.exercises.tasks.data import Rng, array, several, sizes

# --- colour -------------------------------------------------------------------------------------

LUMA = numpy.array([0.299, 0.587, 0.114])
Pictures = Callable[[np.ndarray, np.ndarray], Any]


def _channels_first(paint: Pictures) -> Pictures:
    """Return a function of two pictures (3, h, w) that does what `paint` does with (h, w, 3)."""

    def painted(result: np.ndarray, content: np.ndarray) -> Any:
        return paint(*(img.transpose(1, 2, 0) for img in (result, content))).transpose(2, 0, 1)

    return painted


def _all_channels_first(*mistakes: Mistake) -> Tuple[Mistake, ...]:
    return tuple(Mistake(_channels_first(wrong), hint) for wrong, hint in mistakes)


def _painted(result: np.ndarray, content: np.ndarray) -> np.ndarray:
    return color.keep_luminance(result, 255 * content)


def _light(img: np.ndarray, luma: numpy.ndarray = LUMA) -> numpy.ndarray:
    """Return the luminance of a picture, of shape (h, w, 1)."""
    return (img.asnumpy() @ luma)[..., None]


def _chroma(img: np.ndarray, luma: numpy.ndarray = LUMA) -> numpy.ndarray:
    return img.asnumpy() - _light(img, luma)


def _unbounded(
    result: np.ndarray, content: np.ndarray, luma: numpy.ndarray = LUMA
) -> numpy.ndarray:
    return _light(result, luma) + _chroma(content, luma)


def _bounded(
    result: np.ndarray,
    content: np.ndarray,
    luma: numpy.ndarray = LUMA,
    low: bool = True,
    high: bool = True,
    axis: Optional[int] = -1,
) -> numpy.ndarray:
    """Return the picture whose luminance is kept within bounds, all of them or some."""
    Y, m = _light(result, luma), _chroma(content, luma)
    if low:
        Y = numpy.maximum(Y, -m.min(axis=axis, keepdims=True))
    if high:
        Y = numpy.minimum(Y, 1 - m.max(axis=axis, keepdims=True))
    return Y + m


def _two_pictures(rng: Rng) -> Case:
    h, w = sizes(rng, 2, 5, 9)
    content = rng.uniform(0, 1, (h, w, 3))
    result = rng.uniform(0, 1, (h, w, 1)) + rng.normal(0, 0.2, (h, w, 3))
    return tuple(array(img.transpose(2, 0, 1)) for img in (result.clip(0, 1), content))


KEEP_LUMINANCE = Task(
    name='keep_luminance',
    points=3,
    solve=_channels_first(_painted),
    cases=several(_two_pictures),
    mistakes=_all_channels_first(
        Mistake(
            _unbounded,
            'luminance and chroma are right, but some of these colours are none: keep Y between '
            '-min m and 1 - max m of the pixel',
        ),
        Mistake(
            lambda result, content: _unbounded(result, content).clip(0, 1),
            'this clips red, green and blue one by one, which changes the hue: clip the luminance '
            'instead, before you add the chroma',
        ),
        Mistake(
            lambda result, content: _painted(content, result),
            'the roles are exchanged: the luminance is that of the result, the chroma that of the '
            'content picture',
        ),
        Mistake(
            lambda result, content: _unbounded(content, result),
            'the roles are exchanged: the luminance is that of the result, the chroma that of the '
            'content picture',
        ),
        Mistake(
            lambda result, content: _bounded(result, content, numpy.full(3, 1 / 3)),
            'this takes the mean of red, green and blue for the luminance: the eye sees green as '
            'lighter than blue, so take 0.299, 0.587 and 0.114',
        ),
        Mistake(
            lambda result, content: _bounded(result, content, LUMA[::-1]),
            'the weights of red and blue are exchanged: pictures here are in the order R, G, B',
        ),
        Mistake(
            lambda result, content: _bounded(result, content, high=False),
            'nothing is below 0 any more, but some of it is above 1: Y has an upper bound too, '
            '1 - max m',
        ),
        Mistake(
            lambda result, content: _bounded(result, content, low=False),
            'nothing is above 1 any more, but some of it is below 0: Y has a lower bound too, '
            '-min m',
        ),
        Mistake(
            lambda result, content: _bounded(result, content, axis=None),
            'one pair of bounds for the whole picture: each pixel has its own, so take min and '
            'max over the channels only',
        ),
        Mistake(
            lambda result, content: _light(result) + numpy.zeros(3),
            'this is grey: add the chroma of the content picture',
        ),
        Mistake(
            lambda result, content: content.asnumpy() * _light(result) / _light(content),
            'this multiplies the colours, so a lighter pixel gets more chroma: add to red, green '
            'and blue the same amount',
        ),
        Mistake(
            lambda result, content: result.asnumpy() + content.asnumpy() - _light(content),
            'of the result only the luminance is wanted: its own colours are still in there',
        ),
        Mistake(
            lambda result, content: 255 * _painted(result, content),
            'the result should lie in 0 to 1, not in 0 to 255',
        ),
    ),
)

Root = Callable[[numpy.ndarray], numpy.ndarray]


def match_colors(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Return the style picture with the mean and covariance of the content picture's colours."""
    return _matched(style, content, numpy.linalg.cholesky)


def _pixels(img: Any) -> numpy.ndarray:
    return numpy.asarray(plain(img), 'float64').reshape(3, -1).T


def _covariance(pixels: numpy.ndarray) -> numpy.ndarray:
    return numpy.cov(pixels.T, bias=True)


def _symmetric(covariance: numpy.ndarray) -> numpy.ndarray:
    values, vectors = numpy.linalg.eigh(covariance)
    return (vectors * numpy.sqrt(values)) @ vectors.T


def _matrix(root_s: numpy.ndarray, root_c: numpy.ndarray) -> numpy.ndarray:
    return root_c @ numpy.linalg.inv(root_s)


def _exchanged(root_s: numpy.ndarray, root_c: numpy.ndarray) -> numpy.ndarray:
    return numpy.linalg.inv(root_s) @ root_c


def _matched(
    style: np.ndarray,
    content: np.ndarray,
    root: Root,
    product: Callable[[numpy.ndarray, numpy.ndarray], numpy.ndarray] = _matrix,
    centred: bool = True,
    moved: bool = True,
) -> np.ndarray:
    """Return A x + b for each pixel x, with A made of two roots by `product`."""
    s, c = _pixels(style), _pixels(content)
    A = product(root(_covariance(s)), root(_covariance(c)))
    matched = (s - centred * s.mean(axis=0)) @ A.T + moved * c.mean(axis=0)
    return array(matched.T.reshape(style.shape))


def _of_either_root(hint: str, **how: Any) -> List[Mistake]:
    """Return a mistake that looks different for each of the two usual roots, as both."""
    return [
        Mistake(lambda s, c, root=root: _matched(s, c, root, **how), hint)
        for root in (numpy.linalg.cholesky, _symmetric)
    ]


def _of_both_roots(hint: str, change: Callable[[np.ndarray], np.ndarray]) -> List[Mistake]:
    return [
        Mistake(lambda s, c, root=root: change(_matched(s, c, root)), hint)
        for root in (numpy.linalg.cholesky, _symmetric)
    ]


def _judge_colors(case: Case, value: Any) -> Optional[str]:
    """Return what is wrong with recoloured pixels, None for any root of the covariances."""
    style, content = case
    wanted = match_colors(style, content)
    line = difference(value, wanted)
    if line is None or 'must return' in line or 'NaN' in line:
        return line
    got = _pixels(value)
    before, goal = _pixels(style), _pixels(content)
    spread = goal.std()
    if not numpy.allclose(got.mean(axis=0), goal.mean(axis=0), atol=0.01 * spread):
        off = numpy.abs(got.mean(axis=0) - goal.mean(axis=0)).max()
        return f"the mean colour is not the content picture's: red, green or blue is {off:.3g} off"
    error = numpy.abs(_covariance(got) - _covariance(goal)).max() / spread**2
    if error > 0.01:
        return (
            "the mean is right, the covariance is not: A S A^T should be the content picture's, "
            f'and an entry of it is {100 * error:.3g} % of a variance off'
        )
    ones = numpy.column_stack([before, numpy.ones(len(before))])
    rest = got - ones @ numpy.linalg.lstsq(ones, got, rcond=None)[0]
    if rest.std() > 0.02 * spread:
        return (
            'mean and covariance are right, but pixels of one colour no longer get one colour: '
            'the same A and b are for all pixels of the style picture'
        )
    return None


def _palette(rng: Rng, spread: float, outliers: bool = False) -> np.ndarray:
    """Return a picture of colours that vary together, as those of photographs do."""
    h, w = sizes(rng, 2, 14, 22)
    mixing = numpy.eye(3) + rng.uniform(0.3, 0.9, (3, 3))
    mixing /= numpy.sqrt(numpy.square(mixing).sum(axis=1, keepdims=True))
    pixels = rng.uniform(100, 156, 3) + rng.normal(0, spread, (h, w, 3)) @ mixing.T
    if outliers:  # light and dark enough to leave 0-255 in any other picture's colours
        pixels[0, 0], pixels[1, 1] = 128 + 6 * spread, 128 - 6 * spread
    return array(pixels.clip(0, 255).transpose(2, 0, 1))


MATCH_COLORS = Task(
    name='match_colors',
    points=3,
    solve=match_colors,
    cases=several(lambda rng: (_palette(rng, rng.uniform(8, 14), True), _palette(rng, 45))),
    mistakes=(
        *_of_both_roots(
            'right, but for the clipping: leave it to the caller, who shows the picture',
            lambda matched: matched.clip(0, 255),
        ),
        Mistake(
            lambda s, c: _matched(s, c, lambda covariance: numpy.eye(3)),
            'the mean is right, the spread is still that of the style picture: multiply by A',
        ),
        Mistake(
            lambda s, c: _matched(s, c, lambda covariance: numpy.sqrt(covariance * numpy.eye(3))),
            'this matches red, green and blue one by one: their covariances count as well, so '
            'take the root of the whole matrix',
        ),
        Mistake(
            lambda s, c: _matched(s, c, numpy.sqrt),
            'np.sqrt takes the root of every entry: a root R of a matrix has R R^T = S, such as '
            'np.linalg.cholesky gives',
        ),
        Mistake(
            lambda s, c: _matched(s, c, lambda covariance: covariance),
            'this takes the covariances themselves: A is made of their roots',
        ),
        Mistake(
            lambda s, c: _matched(
                s, c, numpy.linalg.cholesky, lambda R_s, R_c: _matrix(R_s, R_c).T
            ),
            'A is turned round: with one pixel in each row it is x @ A.T',
        ),
        Mistake(
            lambda s, c: _matched(s, c, numpy.linalg.cholesky, _exchanged),
            'the factors of A are exchanged: what is done first, undoing the style picture, '
            'stands on the right',
        ),
        Mistake(
            lambda s, c: _matched(
                s, c, numpy.linalg.cholesky, lambda R_s, R_c: _exchanged(R_s, R_c).T
            ),
            'the factors of A are exchanged, and A is turned round',
        ),
        Mistake(  # with symmetric roots the first two are the same
            lambda s, c: _matched(s, c, _symmetric, _exchanged),
            'the factors of A are exchanged, or A is turned round: what is done first, undoing '
            'the style picture, stands on the right, and with one pixel in each row it is x @ A.T',
        ),
        *_of_either_root(
            "the inverse is of the wrong root: divide by the style picture's, which is to go",
            product=lambda root_s, root_c: _matrix(root_c, root_s),
        ),
        *_of_either_root(
            "subtract the style picture's mean before you multiply by A", centred=False
        ),
        *_of_either_root("add the content picture's mean in the end", moved=False),
        Mistake(
            lambda s, c: match_colors(c, s),
            'this recolours the content picture: the style picture is to be recoloured',
        ),
        Mistake(
            lambda s, c: _matched(c, s, _symmetric),
            'this recolours the content picture: the style picture is to be recoloured',
        ),
        Mistake(lambda s, c: s, 'the style picture still has its own colours'),
    ),
    judge=_judge_colors,
)


# --- space --------------------------------------------------------------------------------------


def soft_mask(mask: np.ndarray, layer: str) -> np.ndarray:
    """Return a mask (h, w) at the resolution of a convolution, such as 'conv3_1'."""
    return _pooled(mask, _block(layer) - 1)


def _block(layer: str) -> int:
    return int(layer[4])


def _pooled(mask: np.ndarray, times: int, kind: str = 'avg') -> np.ndarray:
    T = mask.reshape(1, 1, *mask.shape)
    for _ in range(times):
        T = npx.pooling(T, kernel=(2, 2), stride=(2, 2), pool_type=kind)
    return T[0, 0]


def _nearest(mask: np.ndarray, layer: str) -> np.ndarray:
    for _ in range(_block(layer) - 1):
        mask = mask[: mask.shape[0] // 2 * 2 : 2, : mask.shape[1] // 2 * 2 : 2]
    return mask


def _resized(mask: np.ndarray, layer: str) -> np.ndarray:
    h, w = soft_mask(mask, layer).shape
    return image.imresize(mask.reshape(*mask.shape, 1), w, h).reshape(h, w)


def _disk(rng: Rng) -> np.ndarray:
    h, w = (int(side) for side in rng.integers(40, 70, 2))
    y, x = numpy.mgrid[:h, :w]
    radius = rng.uniform(0.3, 0.45) * min(h, w)
    return array((y - h * rng.uniform(0.4, 0.6)) ** 2 + (x - w * 0.5) ** 2 < radius**2)


def _masks(rng: Rng) -> List[Case]:
    layers = ['conv3_1', 'conv2_2', 'conv5_1', 'conv1_2', 'conv4_3']
    return [(_disk(rng), layers[i]) for i in rng.permutation(len(layers))]


SOFT_MASK = Task(
    name='soft_mask',
    points=2,
    solve=soft_mask,
    cases=_masks,
    mistakes=(
        Mistake(
            lambda mask, layer: _pooled(mask, _block(layer)),
            'one pooling too many: the one that ends a block comes behind its convolutions',
        ),
        Mistake(
            lambda mask, layer: _pooled(mask, int(layer[-1]) - 1),
            'the number of the block is the one in front of the underscore',
        ),
        Mistake(
            lambda mask, layer: _pooled(mask, int(layer[-1])),
            'the number of the block is the one in front of the underscore',
        ),
        Mistake(
            lambda mask, layer: _pooled(mask, 1),
            'this is one pooling for every layer: a layer of block 4 is behind three',
        ),
        Mistake(
            lambda mask, layer: mask,
            'the mask still has the size of the picture',
        ),
        Mistake(
            _nearest,
            'this looks at one number of four at each pooling, and the border stays hard: take '
            'their mean',
        ),
        Mistake(
            lambda mask, layer: _pooled(mask, _block(layer) - 1, 'max'),
            'the mean of the four numbers, not their maximum: with that the region grows at each '
            'pooling',
        ),
        Mistake(
            lambda mask, layer: (soft_mask(mask, layer) >= 0.5).astype('float32'),
            'right, but rounded: a place that sees both sides of the border should count in part',
        ),
        Mistake(
            lambda mask, layer: (soft_mask(mask, layer) > 0.5).astype('float32'),
            'right, but rounded: a place that sees both sides of the border should count in part',
        ),
        Mistake(
            _resized,
            'resizing in one go looks at a few pixels near each place only: take the mean of two '
            'by two again and again, as the network does',
        ),
    ),
)


def guided_grams(X: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the Gram matrices (k, c, c) of one output (c, h, w) in regions (k, h, w)."""
    return _by_region(lambda X, T: _guided(X, T))(X, masks)


def _guided(
    X: np.ndarray,
    T: np.ndarray,
    power: int = 1,
    divide: Callable[[np.ndarray], np.ndarray] = lambda T: np.sqrt(np.square(T).mean()),
) -> np.ndarray:
    """Return the Gram matrices of X times a power of T, T divided by some number first."""
    return losses.gram(X * (T / divide(T)) ** power)


def _by_region(gram: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """Return a function of (c, h, w) and masks, made of one of (1, c, h, w) and a single mask."""
    return lambda X, masks: np.concatenate([gram(X[None], T) for T in masks])


def _masked_output(rng: Rng) -> Case:
    """Return an output, and masks of all of it, of half of it, and two soft ones."""
    c, h, w = sizes(rng, 3, 4, 8)
    X = rng.normal(rng.uniform(-1, 1, (c, 1, 1)), rng.uniform(0.5, 2), (c, h, w))
    masks = numpy.ones((4, h, w))
    masks[1, :, w // 2 :] = 0
    masks[2:] *= rng.uniform(0, 1, (2, h, w))
    masks[3] *= rng.uniform(0, 1, (h, w)) > 0.3
    masks[3, 0, 0] = 0.5
    return array(X), array(masks[rng.permutation(4)])


GUIDED_GRAMS = Task(
    name='guided_grams',
    points=2,
    solve=guided_grams,
    cases=several(_masked_output),
    mistakes=(
        Mistake(
            _by_region(lambda X, T: losses.gram(X)),
            'this is the plain Gram matrix: the mask is not used',
        ),
        Mistake(
            _by_region(lambda X, T: losses.gram(X * T)),
            'right but for the scale: a small region gets a small matrix. Divide T by the root of '
            'its mean square first',
        ),
        Mistake(
            lambda X, masks: losses.gram(X * (masks / np.sqrt(np.square(masks).mean()))[:, None]),
            'each mask is divided by the root of its own mean square, not of that of all masks',
        ),
        Mistake(
            _by_region(lambda X, T: _guided(X, T, divide=lambda T: T.mean())),
            'this divides T by its mean: of a soft mask that is not the root of its mean square',
        ),
        Mistake(
            _by_region(lambda X, T: _guided(X, T, divide=lambda T: np.sqrt(T.mean()))),
            'this divides by the root of the mean of T: of a soft mask that is less than T counts '
            'for, as T stands in the product twice; take the mean of T * T',
        ),
        Mistake(
            _by_region(lambda X, T: _guided(X, T, divide=lambda T: np.square(T).mean())),
            'this divides T by its mean square: take the root of that',
        ),
        Mistake(
            _by_region(lambda X, T: _guided(X, T, divide=lambda T: np.sqrt(np.square(T).sum()))),
            'this divides by the root of the sum of squares, so larger pictures get a smaller '
            'matrix: take their mean',
        ),
        Mistake(
            _by_region(lambda X, T: _guided(X, T, divide=lambda T: T.sum())),
            'this divides by the sum of T: take the root of the mean of its squares',
        ),
        Mistake(
            _by_region(lambda X, T: losses.gram(X * np.sqrt(T)) / T.mean()),
            'this multiplies by T once in all, but both factors of the product are masked: X * T, '
            'then the Gram matrix',
        ),
        Mistake(
            _by_region(lambda X, T: losses.gram(X * np.sqrt(T))),
            'the mask is on one side of the product only, and it is not scaled: gram of X * T, '
            'with T divided by the root of its mean square',
        ),
        Mistake(
            _by_region(lambda X, T: losses.gram(X * (T > 0)) / (T > 0).mean()),
            'this takes a soft mask for a hard one: what is half inside should count in part',
        ),
        Mistake(
            _by_region(lambda X, T: losses.gram(X * (T >= 0.5)) / (T >= 0.5).mean()),
            'this takes a soft mask for a hard one: what is half inside should count in part',
        ),
        Mistake(
            lambda X, masks: guided_grams(X, masks)[0],
            'this is the matrix of the first region only: the result is (k, c, c)',
        ),
        Mistake(
            lambda X, masks: guided_grams(X, masks).sum(axis=0),
            'this adds up the regions: each has a matrix of its own, (k, c, c)',
        ),
        Mistake(
            lambda X, masks: guided_grams(X, masks) * X.shape[0],
            'the number of channels belongs to what G is divided by: c * h * w',
        ),
    ),
)


# --- several styles -----------------------------------------------------------------------------

Grams = Sequence[Sequence[np.ndarray]]


def mix_grams(grams: Grams, weights: Sequence[float]) -> List[np.ndarray]:
    """Return for each layer the weighted mean of its matrices, one of each painting."""
    return controls.mixed(list(zip(*grams)), weights)


def _weighted(grams: Grams, weights: Sequence[float]) -> List[np.ndarray]:
    return [sum(G * weight for G, weight in zip(layer, weights)) for layer in grams]


def _some_grams(rng: Rng) -> Case:
    paintings, *channels = sizes(rng, int(rng.integers(4, 6)), 2, 7)
    grams = [
        [
            losses.gram(array(rng.normal(0, rng.uniform(0.5, 2), (1, c, 5, 6))))
            for _ in range(paintings)
        ]
        for c in channels
    ]
    return grams, [float(weight) for weight in rng.uniform(0.3, 4, paintings)]


MIX_GRAMS = Task(
    name='mix_grams',
    points=2,
    solve=mix_grams,
    cases=several(_some_grams),
    mistakes=(
        Mistake(
            _weighted,
            'this is the weighted sum: divide by the sum of the weights, which need not be 1',
        ),
        Mistake(
            lambda grams, weights: mix_grams(grams, [1] * len(weights)),
            'this is the plain mean: the weights are not used',
        ),
        Mistake(
            lambda grams, weights: [G / len(weights) for G in _weighted(grams, weights)],
            'this divides by the number of paintings: divide by the sum of the weights',
        ),
        Mistake(
            lambda grams, weights: [G / max(weights) for G in _weighted(grams, weights)],
            'this divides by the largest weight: divide by the sum of the weights',
        ),
        Mistake(
            lambda grams, weights: mix_grams(grams, numpy.exp(weights).tolist()),
            'a softmax changes what the weights mean: 2 and 1 should be two parts and one part',
        ),
        Mistake(
            lambda grams, weights: mix_grams(grams, [w * w for w in weights]),
            'the weights are used twice',
        ),
        Mistake(
            lambda grams, weights: mix_grams(grams, weights[::-1]),
            'the weights are in the wrong order: the first is that of the first painting',
        ),
        Mistake(
            lambda grams, weights: [layer[0] for layer in grams],
            'these are the matrices of the first painting alone',
        ),
        Mistake(
            lambda grams, weights: [
                [G * (weight / sum(weights)) for G, weight in zip(layer, weights)]
                for layer in grams
            ],
            'these are still the matrices of each painting, weighted: add them up, layer by layer',
        ),
        Mistake(
            lambda grams, weights: mix_grams(grams, weights)[0],
            'this is the first layer only: return a list of all layers',
        ),
    ),
)

TASKS = (
    KEEP_LUMINANCE,
    MATCH_COLORS,
    SOFT_MASK,
    GUIDED_GRAMS,
    MIX_GRAMS,
)
