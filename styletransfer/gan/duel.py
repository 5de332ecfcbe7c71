r"""The loop of a painter and a critic: each moves in turn, against the other as it is now.

What one of them calls good the other calls bad, so there is no loss that falls. A method is a
`Game`: it says who moves and what the move is to make small, and the loop takes the steps. Like
`learning.learn`, of which it is the sister, it tells a `Step` to whoever listens, and whatever is
random about a step k is a function of (seed, k).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Optional

import mxnet as mx
import numpy
from mxnet import autograd, gluon, npx
from mxnet import numpy as np

from styletransfer.checkpoint import Checkpoint, parameters_of
from styletransfer.gan.game import Game
from styletransfer.optimizers import Arrays, restore_trainer, trainer_state
from styletransfer.progress import Listener, Step


def duel(
    game: Game,
    title: str,
    on_step: Listener,
    saved: Optional[Checkpoint] = None,
) -> None:
    r"""Let the players of a game learn, each with an Adam of its own.

    Parameters
    ----------
    game : Game
        Its networks are changed.
    title : str
        For people, such as '4 pictures a step'.
    on_step : callable
        Told a `Step` after each, whose `epoch` counts the steps from 1, whose `lr` is that of the
        first player, and whose `total` is the sum of all terms: it means nothing but that it is a
        number as long as all are.
    saved : Checkpoint, optional
        Where an interrupted run stood.

    Notes
    -----
    Adam keeps half of the last steps' direction (`Setting.beta1`). With its usual 0.9 a player
    would run on when the other one has turned (Radford et al., 2016).
    """
    trainers = {
        name: gluon.Trainer(parameters, 'adam', {'learning_rate': lr, 'beta1': game.setting.beta1})
        for name, (parameters, lr) in game.players.items()
    }
    first_lr = next(iter(game.players.values())).lr
    for k in range(_restored(game, trainers, saved), game.num_steps):
        mx.random.seed((1_000_003 * game.seed + k) % 2**31)  # of dropout
        batch, terms = game.batch_at(k), {}
        with autograd.record():
            for player, wanted in game.play(k, batch):
                l: Any = sum(wanted.values())
                with autograd.pause():
                    lr = game.players[player].lr * game.share_at(k)
                    trainers[player].set_learning_rate(lr)
                    # or what a later move looks at once more, such as X, could not be looked at
                    l.backward(retain_graph=True)
                    trainers[player].step(1)
                    terms.update(wanted)
        npx.waitall()
        told = {name: float(term) for name, term in terms.items()}
        on_step(
            Step(
                title,
                k + 1,
                game.num_steps,
                first_lr * game.share_at(k),
                told,
                sum(told.values()),
                None,
                partial(_state, game, trainers),
            )
        )


def _state(game: Game, trainers: Dict[str, gluon.Trainer]) -> Arrays:
    """Return all that `_restored` needs."""
    arrays = {**parameters_of(game.nets), **game.state()}
    for player, trainer in trainers.items():
        kept = trainer_state(trainer)
        arrays.update({f'{player}:{name}': array for name, array in kept.items()})
    return arrays


def _restored(game: Game, trainers: Dict[str, gluon.Trainer], saved: Optional[Checkpoint]) -> int:
    """Put a game back where it stood; return after how many steps."""
    if not saved:
        return 0
    if saved.arrays:  # or it was kept before the first step
        saved.restore_parameters(game.nets)
        game.restore(saved.arrays)
        for player, trainer in trainers.items():
            own = {
                name[len(player) + 1 :]: array
                for name, array in saved.arrays.items()
                if name.startswith(f'{player}:')
            }
            restore_trainer(trainer, own)
    return saved.record['epoch']


class Pool:
    """Pictures that were painted before, for a critic not to forget what it has learned.

    Until it is full, each picture that comes is kept, and shown. Then it is shown with a chance of
    one half; otherwise it takes the place of one that was kept, which is shown for the last time.

    Shrivastava et al.: Learning from simulated and unsupervised images through adversarial
    training, CVPR 2017.

    Parameters
    ----------
    size : int
        How many are kept; with 0 each picture is shown as it comes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: List[numpy.ndarray] = []

    def exchanged(self, Y_hat: np.ndarray, seed: Any) -> np.ndarray:
        """Return, for pictures (n, c, h, w), those that the critic is shown in their place."""
        if not self.size:
            return Y_hat.detach()
        rng, shown = numpy.random.default_rng(seed), []
        for X in Y_hat.asnumpy():
            if len(self.kept) < self.size:
                self.kept.append(X)
            elif rng.random() < 0.5:
                place = rng.integers(self.size)
                self.kept[place], X = X, self.kept[place]
            shown.append(X)
        return np.array(numpy.stack(shown))

    def arrays(self) -> numpy.ndarray:
        """Return all that is kept, (pictures, c, h, w), for a checkpoint."""
        return numpy.stack(self.kept) if self.kept else numpy.zeros((0, 1, 1, 1), 'float32')

    def restore(self, kept: numpy.ndarray) -> None:
        """Keep what `arrays` has returned."""
        self.kept = [*kept]
