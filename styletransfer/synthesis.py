"""The book's loop: a picture is the only parameter, and is trained from coarse to fine."""

from __future__ import annotations

from functools import partial
from typing import Any, Optional, Tuple

import mxnet as mx
from mxnet import autograd, gluon, init, npx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.checkpoint import Checkpoint, state_of
from styletransfer.images import postprocess, preprocess, softened
from styletransfer.objective import Loss, LossAt
from styletransfer.optimizers import best_so_far
from styletransfer.progress import Listener, Step, placed
from styletransfer.recipes import Recipe, Stage


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
        What judges the picture, such as `objective` returns: of X it returns weighted terms by
        name, and the number to be made small.
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
            terms, l = loss(X)
        l.backward()
        trainer.optimizer.loss = l  # L-BFGS asks for it
        trainer.step(1)
        npx.waitall()
        on_step(
            Step(
                stage.title,
                epoch,
                stage.num_epochs,
                stage.lr_at(epoch),
                {name: float(term) for name, term in terms.items()},
                float(l),
                best_so_far(X, trainer),
                partial(state_of, X, trainer),
            )
        )
    return best_so_far(X, trainer)


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
    are settled there. Scaled up, it leaves only the fine strokes to the expensive stage. Its own
    finest strokes, a pixel wide, would become a grid there: `softened` takes them away.

    Parameters
    ----------
    loss_at : callable
        Given an image shape, returns what judges a picture of that shape: see `objectives`.
    init_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255: where to start (the book: from the content picture).
    saved : Checkpoint, optional
        Where an interrupted run stood.

    Returns
    -------
    np.ndarray of shape (1, 3, h, w), as of `train`, at the last stage's shape
    """
    of, first = len(recipe.stages), saved.stage if saved else 0
    for index, stage in enumerate(recipe.stages[first:], start=first):
        X = preprocess(init_img, stage.image_shape, *recipe.mean_std).copyto(device)
        loss = loss_at(stage.image_shape)
        X = train(loss, recipe, stage, X, device, placed(on_step, index, of), saved)
        init_img, saved = postprocess(X, *recipe.mean_std) * 255, None
        init_img = softened(init_img, recipe.softening)
    return X
