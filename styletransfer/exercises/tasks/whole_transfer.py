"""The tasks of chapter 1 that are whole programs: the transfer in 25 lines, and a loop to mend.

Networks are given as the kernels of their convolutions, and pictures as arrays, so that all that
goes into an answer and comes out of it is plain numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Container, List, Optional, Sequence

import numpy
from mxnet import autograd, npx
from mxnet import numpy as np

from styletransfer import losses
from styletransfer.errors import InputError
from styletransfer.exercises.task import Case, Mistake, Task, plain
from styletransfer.exercises.tasks.data import Rng, array, several, sizes
from styletransfer.images import rgb_mean, rgb_std

# --- capstone -----------------------------------------------------------------------------------

Kernels = Sequence[np.ndarray]
ENOUGH = 0.25  # of the loss of the photograph
EPOCHS = 40


def transfer(
    content: np.ndarray, style: np.ndarray, kernels: Kernels, weights: Sequence[float]
) -> numpy.ndarray:
    """Return a picture (h, w, 3), in 0-255 but for what is beyond, of a small loss."""
    return painted(content, style, kernels, weights)


def standardised(img: np.ndarray) -> np.ndarray:
    """Return a picture of 0-255 as the network reads it, (1, 3, h, w)."""
    return np.expand_dims(((img / 255 - rgb_mean) / rgb_std).transpose(2, 0, 1), 0)


def outputs(X: np.ndarray, kernels: Kernels) -> List[np.ndarray]:
    """Return what each convolution says of a picture, behind its ReLU."""
    found = []
    for W in kernels:
        c = W.shape[0]
        X = npx.relu(npx.convolution(X, W, kernel=(3, 3), pad=(1, 1), num_filter=c, no_bias=True))
        found.append(X)
    return found


class Judge:
    """What a picture of a pair is judged by."""

    def __init__(
        self, content: np.ndarray, style: np.ndarray, kernels: Kernels, weights: Sequence[float]
    ) -> None:
        self.kernels, self.weights = kernels, weights
        self.target = outputs(standardised(content), kernels)[-1]
        self.grams = [losses.gram(Y) for Y in outputs(standardised(style), kernels)]

    def terms(self, X: np.ndarray) -> List[np.ndarray]:
        """Return the weighted content loss, style loss and total variation."""
        Ys = outputs(X, self.kernels)
        style = sum(losses.style_loss(Y, G) for Y, G in zip(Ys, self.grams))
        found = losses.content_loss(Ys[-1], self.target), style, losses.tv_loss(X)
        return [weight * l for weight, l in zip(self.weights, found)]


def painted(
    content: np.ndarray,
    style: np.ndarray,
    kernels: Kernels,
    weights: Sequence[float],
    epochs: int = EPOCHS,
    lr: float = 0.15,
    clipped: bool = False,
) -> numpy.ndarray:
    """Return the picture that Adam makes of the content picture."""
    judge, X = Judge(content, style, kernels, weights), standardised(content)
    X.attach_grad()
    m = v = np.zeros_like(X)
    for t in range(1, epochs + 1):
        with autograd.record():
            l = sum(judge.terms(X))
        l.backward()
        m, v = 0.9 * m + 0.1 * X.grad, 0.999 * v + 0.001 * np.square(X.grad)
        X[:] = X - lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        if clipped:
            X[:] = standardised(_shown(X).clip(0, 255))
    return _shown(X).asnumpy()


def _shown(X: np.ndarray) -> np.ndarray:
    return (X[0].transpose(1, 2, 0) * rgb_std + rgb_mean) * 255


def _picture(rng: Rng, h: int, w: int, low: float, high: float) -> numpy.ndarray:
    """Return a picture of a few waves, between two levels."""
    y, x = numpy.mgrid[:h, :w, :1][:2]
    waves = sum(
        numpy.sin(rng.uniform(0.2, 2) * y + rng.uniform(0.2, 2) * x + rng.uniform(0, 6, 3))
        for _ in range(3)
    )
    return low + (high - low) * (waves + 3) / 6


def _pair(rng: Rng) -> Case:
    """Return a dark, flat photograph and a glaring painting, kernels and weights."""
    (h, w), (high, wide) = sizes(rng, 2, 9, 13), sizes(rng, 2, 9, 13)
    content = _picture(rng, h, w, 0, 120)
    style = numpy.where(_picture(rng, high, wide, 0, 1) > 0.5, 255.0, 0.0)
    first, second = (int(count) for count in rng.choice(numpy.arange(5, 9), 2, replace=False))
    kernels = [
        array(rng.normal(0, 0.35, (first, 3, 3, 3))),
        array(rng.normal(0, 0.25, (second, first, 3, 3))),
    ]
    judge = Judge(array(content), array(style), kernels, (1, 1, 1))
    _, style_l, tv_l = (float(l) for l in judge.terms(standardised(array(content))))
    return array(content), array(style), kernels, [0.05, 10 / style_l, 0.2 / tv_l]


def _as_picture(value: Any) -> numpy.ndarray:
    try:
        return numpy.asarray(plain(value), 'float64')
    except (TypeError, ValueError):
        raise InputError('it must return a picture: an array of numbers') from None


def _judge_transfer(case: Case, got: numpy.ndarray) -> Optional[str]:
    """Return what is wrong with a picture: its form, that it was clipped, its loss."""
    content, *_ = case
    if got.shape != content.shape:
        return f'it must return a picture of shape {content.shape}, not of shape {got.shape}'
    if not numpy.isfinite(got).all():
        return 'it returned numbers that are not finite: is the step size too large?'
    if numpy.abs(got).max() < 5:
        return 'the picture goes from 0 to 255 here: undo the division by 255 too'
    start, reached = losses_of(case, content.asnumpy()), losses_of(case, got)
    if numpy.allclose(got, content.asnumpy(), atol=0.5):
        return 'this is the photograph still: nothing has been trained'
    if got.min() >= -0.01 and got.max() <= 255.01:
        return (
            'no number of it is below 0 or above 255, as if it had been clipped: that is for who '
            'shows it, and never for the loop'
        )
    if sum(reached) <= ENOUGH * sum(start):
        return None
    share = sum(reached) / sum(start)
    return (
        f'the loss is {share:.2f} of that of the photograph, at most {ENOUGH} will do; most of it '
        f'is {_largest(reached)}'
    )


def losses_of(case: Case, img: numpy.ndarray) -> List[float]:
    """Return the three weighted losses of a picture."""
    return [float(l) for l in Judge(*case).terms(standardised(array(img)))]


def _largest(terms: Sequence[float]) -> str:
    return ('content', 'style', 'total variation')[int(numpy.argmax(terms))]


TRANSFER = Task(
    name='transfer',
    points=5,
    solve=transfer,
    cases=several(_pair, 1),
    judge=_judge_transfer,
    view=_as_picture,
)

# --- debug --------------------------------------------------------------------------------------

FAULTS = {
    'batch': 'one fault is left: two pictures, and how many Gram matrices?',
    'clipped': 'one fault is left: which range do standardised colours have in the loop?',
    'weights': 'one fault is left: what has a gradient, and what is changed by it?',
    'bgr': 'one fault is left: are the photographs and the paintings read in the same order of '
    'colours?',
    'axes': 'one fault is left: where are rows, and where are columns, on the way in and on the '
    'way out?',
}
STYLE = 20.0  # the weight of the style


def mended_loop(
    photos: np.ndarray, paintings: np.ndarray, kernel: np.ndarray, num_epochs: int, lr: float
) -> numpy.ndarray:
    """Return photos (n, h, w, 3) in 0-1, each in the style of the painting of its number."""
    return _looped(photos, paintings, kernel, num_epochs, lr)


def _looped(
    photos: np.ndarray,
    paintings: np.ndarray,
    kernel: np.ndarray,
    num_epochs: int,
    lr: float,
    faults: Container[str] = (),
) -> numpy.ndarray:
    """Run the loop of the exercise, with some of its faults."""
    order = (0, 3, 2, 1) if 'axes' in faults else (0, 3, 1, 2)

    def read(imgs: np.ndarray) -> np.ndarray:
        return ((imgs - rgb_mean) / rgb_std).transpose(*order)

    def gram(F: np.ndarray) -> np.ndarray:
        if 'batch' not in faults:
            return losses.gram(F)
        rows = F.transpose(1, 0, 2, 3).reshape(F.shape[1], -1)
        return np.dot(rows, rows.T) / rows.size

    def says(X: np.ndarray) -> np.ndarray:
        return outputs(X, [W])[0]

    X, W = read(photos[..., ::-1] if 'bgr' in faults else photos), kernel.copy()
    content, target = says(X), gram(says(read(paintings)))
    trained = (X, W) if 'weights' in faults else (X,)
    for _ in range(num_epochs):
        for P in trained:
            P.attach_grad()
        with autograd.record():
            F = says(X)
            l = losses.content_loss(F, content) + STYLE * np.square(gram(F) - target).mean()
        l.backward()
        for P in trained:
            P[:] = P - lr * P.grad / np.abs(P.grad).max()
        if 'clipped' in faults:
            X[:] = X.clip(0, 1)
    imgs = X.transpose(0, 2, 3, 1) * rgb_std + rgb_mean
    return (imgs if 'unclipped' in faults else imgs.clip(0, 1)).asnumpy()


def _with_faults(*faults: str) -> Any:
    return partial(_looped, faults=faults)


def _batch(rng: Rng) -> Case:
    n = int(rng.integers(2, 4))
    (h, w), (high, wide) = sizes(rng, 2, 5, 9), sizes(rng, 2, 5, 9)
    photos = [_picture(rng, h, w, 0.1, 0.9) for _ in range(n)]
    paintings = [_picture(rng, high, wide, 0, 1) ** rng.uniform(0.3, 3) for _ in range(n)]
    kernel = rng.normal(0, 0.4, (int(rng.integers(4, 7)), 3, 3, 3))
    arrays = (array(values) for values in (photos, paintings, kernel))
    return (*arrays, int(rng.integers(3, 6)), float(rng.uniform(0.1, 0.3)))


MENDED_LOOP = Task(
    name='mended_loop',
    points=3,
    solve=mended_loop,
    cases=several(_batch, 2),
    mistakes=(
        Mistake(
            _with_faults(*FAULTS),
            'this is the broken loop still, with all its faults: begin with the picture, does it '
            'come out in the shape in which it went in?',
        ),
        *(Mistake(_with_faults(fault), hint) for fault, hint in FAULTS.items()),
        Mistake(
            _with_faults('unclipped'),
            'right, but not clipped at the end, where the pictures are to be shown',
        ),
    ),
)
