"""The book's loop: a picture is the only parameter, and is trained from coarse to fine."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
from mxnet import autograd, gluon, init, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.checkpoint import Checkpoint
from styletransfer.images import ImageShape, postprocess, preprocess
from styletransfer.losses import compute_loss, gram
from styletransfer.recipes import Recipe, Stage
from styletransfer.vgg import extract_features


class GeneratedImage(nn.Block):
    """A picture as a Gluon Block: its pixels are its only parameter.

    Parameters
    ----------
    img_shape : (int, int, int, int)
        (1, 3, height, width).
    """

    def __init__(self, img_shape: Tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = self.params.get('weight', shape=img_shape)

    def forward(self) -> np.ndarray:
        """Return the picture, of shape `img_shape`, standardised as by `preprocess`."""
        return self.weight.data()


def get_contents(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Return the content picture, preprocessed, and what the content layers say of it.

    Neither changes while the picture is trained, so both are computed once for each stage.
    """
    content_X = preprocess(content_img, image_shape).copyto(device)
    contents_Y, _ = extract_features(net, content_X, recipe.content_layers, recipe.style_layers)
    return content_X, contents_Y


def get_styles(
    net: nn.HybridSequential,
    recipe: Recipe,
    style_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Return the style picture, preprocessed, and what the style layers say of it."""
    style_X = preprocess(style_img, image_shape).copyto(device)
    _, styles_Y = extract_features(net, style_X, recipe.content_layers, recipe.style_layers)
    return style_X, styles_Y


def get_inits(
    X: np.ndarray, device: mx.Context, lr: float, styles_Y: Sequence[np.ndarray]
) -> Tuple[np.ndarray, List[np.ndarray], gluon.Trainer]:
    """Return the picture as a parameter that starts at X, the styles' Gram matrices, a trainer.

    Parameters
    ----------
    X : np.ndarray of shape (1, 3, h, w)
        Where the picture starts.
    device : mx.Context
    lr : float
        Step size of Adam; its other settings are MXNet's defaults.
    styles_Y : sequence of np.ndarray
        What the style layers say of the style picture.
    """
    gen_img = GeneratedImage(X.shape)
    gen_img.initialize(init.Constant(X), ctx=device, force_reinit=True)
    trainer = gluon.Trainer(gen_img.collect_params(), 'adam', {'learning_rate': lr})
    styles_Y_gram = [gram(Y) for Y in styles_Y]
    return gen_img(), styles_Y_gram, trainer


class Step(NamedTuple):
    """What a listener is told after each epoch."""

    stage: Stage
    epoch: int  # counted from 1
    lr: float  # the step size that was used
    content: float  # the terms and their sum, weighted, as they were before the step
    style: float
    tv: float
    total: float
    X: np.ndarray  # the picture after the step, (1, 3, h, w)
    trainer: gluon.Trainer


Listener = Callable[[Step], None]


def train(
    net: nn.HybridSequential,
    recipe: Recipe,
    stage: Stage,
    X: np.ndarray,
    contents_Y: Sequence[np.ndarray],
    styles_Y: Sequence[np.ndarray],
    device: mx.Context,
    on_step: Listener,
    saved: Optional[Checkpoint] = None,
) -> np.ndarray:
    """Train the picture for one stage: record, loss, backward, step, decay.

    Parameters
    ----------
    net : HybridSequential
        The truncated VGG, frozen.
    recipe : Recipe
        Layers and weights of the loss.
    stage : Stage
        Number of epochs, and the step size at each.
    X : np.ndarray of shape (1, 3, h, w)
        Where the picture starts. It is not changed.
    contents_Y, styles_Y : sequences of np.ndarray
        From `get_contents` and `get_styles` at the same shape.
    device : mx.Context
    on_step : callable
        Told a `Step` after each epoch: bars, previews, curves and checkpoints all listen here.
    saved : Checkpoint, optional
        Where an interrupted run of this stage stood.

    Returns
    -------
    np.ndarray of shape (1, 3, h, w)
        The picture, not clipped: `postprocess` does that.

    Notes
    -----
    MXNet computes behind the program's back. A loop that never waits would hand it epoch after
    epoch faster than it can work them off, and fill the memory with what is still to be done;
    hence one wait in each epoch.
    """
    X, styles_Y_gram, trainer = get_inits(X, device, stage.lr, styles_Y)
    first_epoch = saved.restore(X, trainer) + 1 if saved else 1
    for epoch in range(first_epoch, stage.num_epochs + 1):
        trainer.set_learning_rate(stage.lr_at(epoch))
        with autograd.record():
            contents_Y_hat, styles_Y_hat = extract_features(
                net, X, recipe.content_layers, recipe.style_layers
            )
            contents_l, styles_l, tv_l, l = compute_loss(
                recipe, X, contents_Y_hat, styles_Y_hat, contents_Y, styles_Y_gram
            )
        l.backward()
        trainer.step(1)
        npx.waitall()
        losses = (float(sum(contents_l)), float(sum(styles_l)), float(tv_l), float(l))
        on_step(Step(stage, epoch, stage.lr_at(epoch), *losses, X, trainer))
    return X


def coarse_to_fine(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    style_img: np.ndarray,
    init_img: np.ndarray,
    device: mx.Context,
    on_step: Listener,
    saved: Optional[Checkpoint] = None,
) -> np.ndarray:
    """Train the picture at each resolution of a recipe, starting from the one before.

    A small picture is cheap, and the network sees more of it at once: large shapes and colours
    are settled there. Scaled up, it leaves only the fine strokes to the expensive stage.

    Parameters
    ----------
    content_img, style_img, init_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255: what to paint, how, and where to start (the book: from `content_img`).
    saved : Checkpoint, optional
        Where an interrupted run stood.

    Returns
    -------
    np.ndarray of shape (1, 3, h, w), as of `train`, at the last stage's shape
    """
    first_stage = saved.stage if saved else 0
    for stage in recipe.stages[first_stage:]:
        _, contents_Y = get_contents(net, recipe, content_img, stage.image_shape, device)
        _, styles_Y = get_styles(net, recipe, style_img, stage.image_shape, device)
        X = preprocess(init_img, stage.image_shape).copyto(device)
        X = train(net, recipe, stage, X, contents_Y, styles_Y, device, on_step, saved)
        init_img, saved = postprocess(X) * 255, None
    return X
