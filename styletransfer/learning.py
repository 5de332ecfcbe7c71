"""The loop of one trained network, and what it is given: crops of pictures, and a step size.

It is the book's loop with one difference. A picture that is trained is judged against the same two
pictures in every epoch; a network sees another batch of pictures in each step, so that it learns
what holds for all of them.

Whatever is random about a step k is a function of (seed, k), and of nothing that happened before.
So a run that was killed goes on from its last checkpoint to the same network, to the bit, and no
state of a data loader has to be kept.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import numpy
from mxnet import autograd, gluon, npx
from mxnet import numpy as np
from PIL import Image

from styletransfer.checkpoint import Checkpoint, network_state
from styletransfer.errors import InputError
from styletransfer.images import load_image, parse_shape, rgb_mean, rgb_std
from styletransfer.objective import Terms
from styletransfer.progress import Listener, Step


def learn(
    net: gluon.Block,
    loss: Callable[[Any], Tuple[Terms, np.ndarray]],
    batch_at: Callable[[int], Any],
    lr_at: Callable[[int], float],
    num_steps: int,
    title: str,
    on_step: Listener,
    saved: Optional[Checkpoint] = None,
) -> None:
    """Train a network with Adam: for each batch record, loss, backward, step.

    Parameters
    ----------
    net : Block
        The network, with all its shapes known. It is changed, but for parameters of which no
        gradient is wanted (``grad_req='null'``).
    loss : callable
        Of a batch it returns weighted terms by name, and the number to be made small. It runs
        `net` while autograd records. The number is a mean over the batch: nobody divides by the
        batch's size any more.
    batch_at : callable
        Of a step's number k, counted from 0, it returns what `loss` takes: pictures, and whatever
        is known of them before the network has seen them, such as what its teachers say. To be
        resumed to the bit, it must depend on k only.
    lr_at : callable
        Of k it returns the step size, such as `one_cycle` does.
    num_steps : int
    title : str
        For people, such as '8 crops of 96x96'.
    on_step : callable
        Told a `Step` after each, whose `epoch` counts the batches from 1. Its `X` is None, as a
        network has no picture of its own: a listener that wants to show some runs the network.
    saved : Checkpoint, optional
        Where an interrupted run stood.
    """
    # a list keeps the order of the layers; those of a dictionary the trainer would sort by names
    # that count what this process has made before, and a checkpoint knows them by their order
    parameters = list(net.collect_params().values())
    trainer = gluon.Trainer(parameters, 'adam', {'learning_rate': lr_at(0)})
    first = saved.restore_network(net, trainer) if saved else 0
    for k in range(first, num_steps):
        trainer.set_learning_rate(lr_at(k))
        batch = batch_at(k)
        with autograd.record():
            terms, l = loss(batch)
        l.backward()
        trainer.step(1)
        npx.waitall()
        on_step(
            Step(
                title,
                k + 1,
                num_steps,
                lr_at(k),
                {name: float(term) for name, term in terms.items()},
                float(l),
                None,
                partial(network_state, net, trainer),
            )
        )


def one_cycle(k: int, num_steps: int, lr: float) -> float:
    r"""Return the step size: up in a line over the first tenth, down along a cosine to nearly 0.

    .. math:: \eta_k = 10^{-6} + \eta \begin{cases} 10 t & t < 0.1 \\
              \frac{1}{2} \left( 1 + \cos \pi \frac{t - 0.1}{0.9} \right) & t \ge 0.1 \end{cases},
              \quad t = \frac{k}{n}

    Smith, Topin: Super-convergence, 2018. Departures: no second cycle of the momentum, a cosine
    in place of the line down.

    Parameters
    ----------
    k : int
        The step's number, from 0.
    num_steps : int
        n, of all steps.
    lr : float
        The largest step size.
    """
    done = k / num_steps
    if done < 0.1:
        return lr * done / 0.1 + 1e-6
    return lr * 0.5 * (1 + math.cos(math.pi * (done - 0.1) / 0.9)) + 1e-6


def parse_crops(text: str) -> Tuple[Tuple[int, int], ...]:
    """Return pairs (side, steps) from text such as '128x5000,192x1500'.

    Raises
    ------
    InputError
        If the text is something else.
    """
    pairs = [parse_shape(part) for part in text.split(',')]
    for side, _ in pairs:
        if side % 4 or not 32 <= side <= 1024:
            raise InputError(f'crops of {side}: their side must be a multiple of 4, 32 to 1024')
    return tuple(pairs)


def side_at(pairs: Sequence[Tuple[int, int]], k: int) -> int:
    """Return the side of the crops of step k, counted from 0, of pairs as of `parse_crops`."""
    for side, steps in pairs:
        if k < steps:
            return side
        k -= steps
    return pairs[-1][0]


def rows_at(seed: int, k: int, batch: int, styles: int) -> numpy.ndarray:
    """Return in which styles the pictures of step k are painted: each in turn, in random order.

    So they are dealt like cards: all in a random order, and then all in another. What is dealt may
    be anything that is counted, such as the pictures themselves.
    """
    turns = [divmod(place, styles) for place in range(k * batch, (k + 1) * batch)]
    orders = {
        turn: numpy.random.default_rng([seed, turn, 1]).permutation(styles) for turn, _ in turns
    }
    return numpy.array([orders[turn][place] for turn, place in turns])


def remembered(side: int, most: int = 1 << 30) -> Callable[[Path], np.ndarray]:
    """Return a `load_image` that reads each file once, while what it keeps is no more than `most`.

    Parameters
    ----------
    side : int
        Of crops: a picture whose sides are all more than eight times as long is averaged down to
        no less than four times, for crops of larger ones would show little.
    most : int
        Bytes.
    """
    kept: Dict[Path, np.ndarray] = {}

    def load(path: Path) -> np.ndarray:
        nonlocal most
        if path in kept:
            return kept[path]
        img = load_image(path, (2 * side, 2 * side))
        if img.size <= most:
            most -= img.size
            kept[path] = img
        return img

    return load


def crops(
    seed: int,
    k: int,
    paths: Sequence[Path],
    count: int,
    size: int,
    noisy: float = 0,
    load: Callable[[Path], np.ndarray] = load_image,
) -> np.ndarray:
    """Return batch k of a training: crops of random pictures, scaled and mirrored at random.

    A crop is square, and its pixels are those of the picture at 0.4 to 1.1 times its size, or at
    whatever larger size is needed for the crop to lie inside.

    Parameters
    ----------
    seed, k : int
        All that the choice depends on, besides the pictures.
    paths : sequence of Path
    count, size : int
        How many, and their side in pixels.
    noisy : float
        Share of crops with normal noise added, of a standard deviation between 0 and 0.5.
    load : callable
        Reads a picture, such as `remembered` does.

    Returns
    -------
    np.ndarray of shape (count, 3, size, size)
        As the network reads them (`images.preprocess`).

    Raises
    ------
    InputError
        If a picture cannot be read.
    """
    rng = numpy.random.default_rng([seed, k])
    mean, std = rgb_mean.asnumpy(), rgb_std.asnumpy()
    X = numpy.empty((count, 3, size, size), 'float32')
    for crop in X:
        picture = Image.fromarray(load(paths[rng.integers(len(paths))]).asnumpy())
        width, height = picture.size
        scale = max(size / min(width, height), rng.uniform(0.4, 1.1))
        side = size / scale
        x, y = rng.uniform(0, max(0, width - side)), rng.uniform(0, max(0, height - side))
        box = (x, y, min(x + side, width), min(y + side, height))
        picture = picture.resize((size, size), Image.Resampling.BICUBIC, box=box)
        pixels = (numpy.asarray(picture, 'float32') / 255 - mean) / std
        if rng.random() < 0.5:
            pixels = pixels[:, ::-1]
        if rng.random() < noisy:
            pixels = pixels + rng.normal(0, rng.uniform(0, 0.5), pixels.shape)
        crop[...] = pixels.transpose(2, 0, 1)
    return np.array(X)
