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
from styletransfer.optimizers import best_so_far
from styletransfer.recipes import Recipe, Stage
from styletransfer.vgg import compiled, extract_features

Losses = Tuple[List[np.ndarray], List[np.ndarray], np.ndarray, np.ndarray]
Loss = Callable[[np.ndarray], Losses]
LossAt = Callable[[ImageShape], Loss]


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
    content_X = preprocess(content_img, image_shape, *recipe.mean_std).copyto(device)
    contents_Y, _ = extract_features(net, content_X, recipe.content_layers, ())
    return content_X, contents_Y


def get_styles(
    net: nn.HybridSequential,
    recipe: Recipe,
    style_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Return the style picture, preprocessed, and the Gram matrices of the style layers.

    The matrices are all that is asked of the style picture; the layers' outputs are forgotten.
    """
    style_X = preprocess(style_img, image_shape, *recipe.mean_std).copyto(device)
    _, styles_Y = extract_features(net, style_X, (), recipe.style_layers)
    return style_X, [gram(Y) for Y in styles_Y]


def objective(
    net: nn.HybridSequential,
    recipe: Recipe,
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
) -> Loss:
    """Return the function that judges a picture: `compute_loss` of what the network says of it.

    Parameters
    ----------
    net : HybridSequential
        The truncated VGG, frozen.
    recipe : Recipe
        Layers and weights of the loss.
    contents_Y, styles_Y_gram : sequences of np.ndarray
        From `get_contents` and `get_styles` at the shape of the picture.
    """
    features = compiled(net, recipe.content_layers, recipe.style_layers)

    def loss(X: np.ndarray) -> Losses:
        contents_Y_hat, styles_Y_hat = features(X)
        return compute_loss(recipe, X, contents_Y_hat, styles_Y_hat, contents_Y, styles_Y_gram)

    return loss


def get_inits(
    recipe: Recipe, X: np.ndarray, device: mx.Context, lr: float
) -> Tuple[np.ndarray, gluon.Trainer]:
    """Return the picture as a parameter that starts at X, and the trainer that will change it.

    Parameters
    ----------
    recipe : Recipe
        Its `optimizer` is used: the book's is Adam, with MXNet's defaults but for the step size.
    X : np.ndarray of shape (1, 3, h, w)
        Where the picture starts.
    device : mx.Context
    lr : float
        Step size.
    """
    gen_img = GeneratedImage(X.shape)
    gen_img.initialize(init.Constant(X), ctx=device, force_reinit=True)
    settings = {'learning_rate': lr, **recipe.optimizer_params}
    trainer = gluon.Trainer(gen_img.collect_params(), recipe.optimizer, settings)
    return gen_img(), trainer


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
    loss: Loss,
    recipe: Recipe,
    stage: Stage,
    X: np.ndarray,
    device: mx.Context,
    on_step: Listener,
    saved: Optional[Checkpoint] = None,
) -> np.ndarray:
    """Train the picture for one stage: record, loss, backward, step, decay.

    Parameters
    ----------
    loss : callable
        What judges the picture, such as `objective` returns: of X it returns the weighted losses
        of the content layers, of the style layers, the total variation, and their sum.
    recipe : Recipe
        Its `optimizer` is used.
    stage : Stage
        Number of epochs, and the step size at each.
    X : np.ndarray of shape (1, 3, h, w)
        Where the picture starts. It is not changed.
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
    X, trainer = get_inits(recipe, X, device, stage.lr)
    first_epoch = saved.restore(X, trainer) + 1 if saved else 1
    for epoch in range(first_epoch, stage.num_epochs + 1):
        trainer.set_learning_rate(stage.lr_at(epoch))
        with autograd.record():
            contents_l, styles_l, tv_l, l = loss(X)
        l.backward()
        trainer.optimizer.loss = l  # L-BFGS asks for it
        trainer.step(1)
        npx.waitall()
        losses = (float(sum(contents_l)), float(sum(styles_l)), float(tv_l), float(l))
        on_step(Step(stage, epoch, stage.lr_at(epoch), *losses, best_so_far(X, trainer), trainer))
    return best_so_far(X, trainer)


def painting(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    style_img: np.ndarray,
    device: mx.Context,
) -> LossAt:
    """Return the function that makes the `objective` for a shape: these two pictures at that size.

    Parameters
    ----------
    content_img, style_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255: what to paint, and how.
    """

    def loss_at(image_shape: ImageShape) -> Loss:
        _, contents_Y = get_contents(net, recipe, content_img, image_shape, device)
        _, styles_Y_gram = get_styles(net, recipe, style_img, image_shape, device)
        return objective(net, recipe, contents_Y, styles_Y_gram)

    return loss_at


def coarse_to_fine(
    loss_at: LossAt,
    recipe: Recipe,
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
    loss_at : callable
        Given an image shape, returns what judges a picture of that shape: see `painting`.
    init_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255: where to start (the book: from the content picture).
    saved : Checkpoint, optional
        Where an interrupted run stood.

    Returns
    -------
    np.ndarray of shape (1, 3, h, w), as of `train`, at the last stage's shape
    """
    first_stage = saved.stage if saved else 0
    for stage in recipe.stages[first_stage:]:
        X = preprocess(init_img, stage.image_shape, *recipe.mean_std).copyto(device)
        X = train(loss_at(stage.image_shape), recipe, stage, X, device, on_step, saved)
        init_img, saved = postprocess(X, *recipe.mean_std) * 255, None
    return X
