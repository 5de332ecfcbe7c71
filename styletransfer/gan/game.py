"""What the methods of this family have alike: the numbers of a training, and who plays."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import mxnet as mx
from mxnet import autograd, gluon
from mxnet import numpy as np

from styletransfer.command import listed, natural, positive
from styletransfer.errors import InputError, unknown
from styletransfer.gan.layers import NORMS, UPSAMPLINGS
from styletransfer.gan.losses import JUDGES, Judge
from styletransfer.objective import Terms
from styletransfer.optimizers import Arrays
from styletransfer.recipes import choice, option


@dataclass(frozen=True)
class Setting:
    """The numbers of any training of this family; each method has more.

    Raises
    ------
    InputError
        If there is no part of a name, or a number cannot be.
    """

    name: str
    description: str
    side: int = option(256, 'of the pictures, in pixels', positive)
    jitter: int = option(30, 'pixels by which they are larger before they are cut', natural)
    flip: bool = True  # mirror half of them
    batch: int = option(1, 'pictures a step', positive)
    epochs: Tuple[int, ...] = option(
        (100, 100),
        'at full step size, and falling; of mixgan for content, and for the mixture',
        listed(natural),
    )
    lr: float = option(2e-4, 'step size of the painter')
    critic_lr: float = option(2e-4, 'step size of the critic: smaller if it wins')
    beta1: float = 0.5  # how much of the last steps' direction Adam keeps
    norm: str = choice('instance', 'over the batch or each picture', NORMS)
    affine: bool = True  # whether norms learn a scale and a shift
    upsampling: str = choice('deconvolution', 'as published, or free of patterns', UPSAMPLINGS)
    judge: str = choice('least_squares', "the critic's loss", JUDGES)

    def __post_init__(self) -> None:
        if len(self.epochs) != 2 or not sum(self.epochs):
            raise InputError('epochs are two numbers, such as 100,100, and not both 0')
        if not 8 <= self.side <= 2048 or self.jitter > 2048:
            raise InputError('side must be 8 to 2048 pixels, and jitter 2048 at most')
        for entry in fields(self):
            value = getattr(self, entry.name)
            table = entry.metadata.get('table')
            if table is not None and value not in table:
                raise unknown(entry.name, value, table)
            if isinstance(value, float) and not 0 <= value < math.inf:
                raise InputError(f'{entry.name} is {value}: it must not be below 0')

    @property
    def sides(self) -> Tuple[int, int]:
        """Return to which side pictures of either collection are brought before they are cut."""
        return self.side + self.jitter, self.side + self.jitter

    @property
    def loss(self) -> Judge:
        """Return what a critic's score costs."""
        return JUDGES[self.judge]


def check_critic(side: int, depth: int, width: int) -> None:
    """Refuse a critic that cannot be, or that finds no patch in pictures of this side.

    Raises
    ------
    InputError
        If it is so.
    """
    if depth > 5 or width > 256:
        raise InputError('a critic has at most 5 halvings, and 256 channels at first')
    if side < 4 * 2**depth:
        raise InputError(
            f'a critic of {depth} halvings finds no patch in {side} pixels: try a smaller '
            '--critic-depth'
        )


class Player(NamedTuple):
    """What one of the players may change, and in which steps."""

    parameters: List[gluon.Parameter]
    lr: float


class Move(NamedTuple):
    """One step of one player: the sum of the terms is what it makes smaller."""

    player: str
    terms: Terms


class Game(ABC):
    """What `duel` is given: networks, who may change which, and the moves of each step.

    Parameters
    ----------
    setting : Setting
    nets : Block
        All networks, as children by name.
    players : dict of str to Player
    count : int
        Pictures of the larger collection: in an epoch each is shown.
    seed : int
    """

    def __init__(
        self,
        setting: Any,
        nets: gluon.Block,
        players: Dict[str, Player],
        count: int,
        seed: int,
    ) -> None:
        self.setting, self.nets, self.players, self.seed = setting, nets, players, seed
        self.each = -(-count // setting.batch)  # steps of an epoch

    @property
    def num_steps(self) -> int:
        """Return the steps of the whole training."""
        return sum(self.setting.epochs) * self.each

    def share_at(self, k: int) -> float:
        """Return the share of the step size in step k, counted from 0."""
        constant, decaying = self.setting.epochs
        return linear_decay(k, constant * self.each, decaying * self.each)

    @abstractmethod
    def batch_at(self, k: int) -> List[np.ndarray]:
        """Return the pictures of step k, which depend on (seed, k) only."""

    @abstractmethod
    def play(self, k: int, batch: List[np.ndarray]) -> Iterator[Move]:
        """Yield the moves of step k in turn, while autograd records.

        What comes behind a ``yield`` sees the player as it is after that move.
        """

    @abstractmethod
    def show(self) -> Dict[str, np.ndarray]:
        """Return held-out pictures and what is made of them by name, (n, c, h, w) in [-1, 1]."""

    def state(self) -> Arrays:
        """Return what a checkpoint must keep besides networks and optimisers."""
        return {}

    def restore(self, arrays: Arrays) -> None:  # noqa: B027  (most keep nothing)
        """Put back what `state` has returned."""


def linear_decay(k: int, constant: int, decaying: int) -> float:
    r"""Return the share of the step size that is left: 1, and then down to 0 in a line.

    .. math:: 1 - \frac{\max(0, k - c)}{d}

    Isola et al. and Zhu et al. (2017), who take a step down after each epoch and not each step.

    Parameters
    ----------
    k : int
        The step's number, from 0.
    constant, decaying : int
        c, d: how many steps of each kind there are.
    """
    return 1 - max(0, k - constant) / max(1, decaying)


def learned_by(*nets: gluon.Block) -> List[gluon.Parameter]:
    """Return all parameters of networks, in the order of their layers."""
    return [parameter for net in nets for parameter in net.collect_params().values()]


def one_by_one(painter: Any, X: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return what a painter makes of pictures, each by itself, with its noise as in training."""
    mx.random.seed(seed)
    with autograd.train_mode():
        return np.concatenate([painter(X[i : i + 1]) for i in range(len(X))])


def coloured(X: np.ndarray) -> np.ndarray:
    """Return pictures with three channels, grey ones too."""
    return np.repeat(X, 3, axis=1) if X.shape[1] == 1 else X
