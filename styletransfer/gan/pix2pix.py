r"""Pix2Pix: a painter that learns from pairs, and a critic that sees what it makes of one half.

The painter G turns X into :math:`\hat{Y} = G(X)`; the critic D is shown X with Y, or X with
:math:`\hat{Y}`, and says of each patch whether that is the real one:

.. math:: l_D &= \tfrac{1}{2} \left( l(D(X, Y), 1) + l(D(X, \hat{Y}), 0) \right) \\
          l_G &= w_G \, l(D(X, \hat{Y}), 1) + w_1 \, \overline{|\hat{Y} - Y|}

with l one of `losses.JUDGES`. The second term alone would paint the mean of all that is possible,
which is a blur; the critic knows that no photograph is blurred.

Isola, Zhu, Zhou, Efros: Image-to-image translation with conditional adversarial networks, CVPR
2017.

Departures: none in `PIX2PIX` but those of `networks`. Where the paper and the published programs
differ, it follows the former and the authors' later one in PyTorch: the critic's loss is halved,
the painter's is that against the critic as it is after its move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.command import listed, natural, positive
from styletransfer.errors import InputError
from styletransfer.gan import game
from styletransfer.gan.game import Move, Player, learned_by, one_by_one
from styletransfer.gan.layers import NORMS, begin
from styletransfer.gan.losses import JUDGES, critic_loss, l1, painter_loss
from styletransfer.gan.networks import PatchGAN, UNet, patch_rows
from styletransfer.gan.pictures import Collection, batch_of, whole
from styletransfer.recipes import choice, option


@dataclass(frozen=True)
class Setting(game.Setting):
    """Every number of Pix2Pix; at first those of the paper.

    Raises
    ------
    InputError
        If a number cannot be.
    """

    norm: str = choice('batch', 'over the batch or each picture', NORMS)
    judge: str = choice('cross_entropy', "the critic's loss", JUDGES)
    widths: Tuple[int, ...] = option(
        (64, 128, 256, 512, 512, 512, 512, 512),
        "the painter's channels, from the largest map to the smallest",
        listed(positive),
    )
    dropouts: int = option(3, 'layers with dropout, the only noise', natural)
    critic_width: int = option(64, "channels of the critic's first layer", positive)
    critic_depth: int = option(
        3, 'halvings of the critic: 0 sees 1 pixel (of mixgan 8), 1 16, 2 34, 3 70', natural
    )
    conditional: bool = True  # whether the critic sees X, too
    gan_weight: float = option(1.0, 'what the critic says; 0 for no critic')
    l1_weight: float = option(100.0, 'how near the picture is to the one that is wanted')

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= len(self.widths) <= 10 or max(self.widths) > 1024:
            raise InputError('the painter has 2 to 10 widths, each 1024 at most')
        if self.side % self.multiple:
            raise InputError(
                f'side is {self.side}: with {len(self.widths)} widths it must be a multiple of '
                f'{self.multiple}'
            )
        game.check_critic(self.side, self.critic_depth, self.critic_width)
        if not self.gan_weight and not self.l1_weight:
            raise InputError('gan_weight and l1_weight are both 0: nothing would be learned')

    @property
    def multiple(self) -> int:
        """Return of what the sides of a picture are multiples."""
        return 2 ** len(self.widths)


PIX2PIX = Setting(name='pix2pix', description='Isola et al.: 256 pixels, 54 million weights')

PIX2PIX_SMALL = Setting(
    name='pix2pix_small',
    description='trains on two cores in less than an hour: 64 pixels, 0.35 million weights',
    side=64,
    jitter=8,
    batch=4,
    epochs=(40, 40),
    lr=1e-3,  # a small painter takes long steps well, and the critic must not win at once
    critic_lr=5e-5,
    norm='instance',  # of single pictures, as with the published batch, the two are the same
    upsampling='resize',  # a critic this small does not drive out a transposed one's lattice
    widths=(24, 48, 60, 60, 60),
    dropouts=1,
    critic_width=32,
    critic_depth=2,
)

SETTINGS = {setting.name: setting for setting in (PIX2PIX, PIX2PIX_SMALL)}


def make_painter(setting: Setting, seed: int = 0) -> UNet:
    """Return a painter that has learned nothing yet."""
    painter = UNet(
        setting.widths,
        setting.dropouts,
        norm=setting.norm,
        affine=setting.affine,
        way=setting.upsampling,
    )
    begin(painter, seed)
    return painter


def make_critic(setting: Setting, seed: int = 1) -> PatchGAN:
    """Return a critic that has learned nothing yet."""
    rows = patch_rows(setting.critic_depth, setting.critic_width)
    channels = 6 if setting.conditional else 3
    critic = PatchGAN(rows, channels, setting.norm, setting.affine)
    begin(critic, seed)
    return critic


class Nets(nn.Block):
    """Painter and critic."""

    def __init__(self, setting: Setting, seed: int) -> None:
        super().__init__()
        self.painter = make_painter(setting, 2 * seed)
        self.critic = make_critic(setting, 2 * seed + 1)


class Game(game.Game):
    """The game of `duel`.

    Parameters
    ----------
    setting : Setting
    collections : sequence of 2 Collection
        X and Y, in pairs, `jitter` larger than `side`.
    held_out : sequence of 2 Collection
        Pairs that are only looked at, of `side`.
    seed : int
    """

    def __init__(
        self,
        setting: Setting,
        collections: Sequence[Collection],
        held_out: Sequence[Collection],
        seed: int = 0,
    ) -> None:
        nets = Nets(setting, seed)
        self.painter, self.critic = nets.painter, nets.critic
        players = {
            'painter': Player(learned_by(nets.painter), setting.lr),
            'critic': Player(learned_by(nets.critic), setting.critic_lr),
        }
        super().__init__(setting, nets, players, len(collections[0]), seed)
        self.collections, self.held_out = collections, held_out

    def batch_at(self, k: int) -> List[np.ndarray]:
        """Return pairs X and Y of step k, each of shape (batch, 3, side, side)."""
        setting = self.setting
        return batch_of(self.collections, self.seed, k, setting.batch, setting.side, setting.flip)

    def play(self, k: int, batch: List[np.ndarray]) -> Iterator[Move]:
        """Yield the critic's move, and then the painter's."""
        setting, terms = self.setting, {}
        X, Y = batch
        Y_hat = self.painter(X)
        if setting.gan_weight:
            real, fake = self.scores(X, Y), self.scores(X, Y_hat.detach())
            yield Move('critic', {'D': critic_loss(setting.loss, real, fake)})
            score = self.scores(X, Y_hat)
            terms['G'] = setting.gan_weight * painter_loss(setting.loss, score)
        terms['L1'] = setting.l1_weight * l1(Y_hat, Y)
        yield Move('painter', terms)

    def scores(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return what the critic says of Y, as of X where it is told."""
        return self.critic(np.concatenate([X, Y], axis=1) if self.setting.conditional else Y)

    def show(self) -> Dict[str, np.ndarray]:
        """Return the held-out pictures, what is painted of them, and what they ought to become."""
        X, Y = (whole(collection) for collection in self.held_out)
        return {'shown': X, 'painted': one_by_one(self.painter, X), 'wanted': Y}
