r"""CycleGAN: two painters, there and back, for two collections in which nothing belongs together.

G paints pictures A as if they were of the other kind, F pictures B the other way. Each has a
critic who knows its kind; and who goes there and back must come back to where he was:

.. math:: l_{G, F} &= l(D_B(G(A)), 1) + l(D_A(F(B)), 1) \\
                   &+ \lambda \left( \overline{|F(G(A)) - A|} + \overline{|G(F(B)) - B|} \right) \\
                   &+ \mu \left( \overline{|G(B) - B|} + \overline{|F(A) - A|} \right) \\
          l_D &= \tfrac{1}{2} \left( l(D_B(B), 1) + l(D_B(\tilde{B}), 0) \right) + ...

with l one of `losses.JUDGES`, and :math:`\tilde{B}` of a `duel.Pool` of what G has painted lately.
The last line of the first loss, identity, keeps colours: a picture that is of the kind already
must stay.

Zhu, Park, Isola, Efros: Unpaired image-to-image translation using cycle-consistent adversarial
networks, ICCV 2017.

Departures: the larger collection is shown once in an epoch, and the other as often, each in an
order of its own. As in the authors' program in PyTorch both painters take one step, then both
critics, whose loss is halved, and the norms learn no scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.command import listed, natural, positive
from styletransfer.errors import InputError
from styletransfer.gan import game
from styletransfer.gan.duel import Pool
from styletransfer.gan.game import Move, Player, learned_by, one_by_one
from styletransfer.gan.layers import begin
from styletransfer.gan.losses import critic_loss, l1, painter_loss
from styletransfer.gan.networks import PatchGAN, ResidualGenerator, patch_rows
from styletransfer.gan.pictures import Collection, batch_of, whole
from styletransfer.optimizers import Arrays
from styletransfer.recipes import option

MULTIPLE = 4  # of which the sides of a picture are, as it is halved twice


@dataclass(frozen=True)
class Setting(game.Setting):
    """Every number of CycleGAN; at first those of the paper.

    Raises
    ------
    InputError
        If a number cannot be.
    """

    affine: bool = False
    widths: Tuple[int, ...] = option(
        (64, 128, 256),
        "the painter's channels, from the largest map to the smallest",
        listed(positive),
    )
    residuals: int = option(9, 'residual blocks', natural)
    critic_width: int = option(64, "channels of the critic's first layer", positive)
    critic_depth: int = option(
        3, 'halvings of the critic: 0 sees 1 pixel (of mixgan 8), 1 16, 2 34, 3 70', natural
    )
    cycle_weight: float = option(10.0, 'how closely there and back must be the same')
    identity_weight: float = option(5.0, 'how much stays what is of the kind already')
    pool: int = option(50, 'painted pictures that are shown once more', natural)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) != 3 or max(self.widths) > 1024 or self.residuals > 64:
            raise InputError('a painter has three widths, of at most 1024, and 64 blocks at most')
        if self.side % MULTIPLE:
            raise InputError(f'side is {self.side}: it must be a multiple of {MULTIPLE}')
        game.check_critic(self.side, self.critic_depth, self.critic_width)


CYCLEGAN = Setting(name='cyclegan', description='Zhu et al.: 256 pixels, 11 million weights each')

CYCLEGAN_SMALL = Setting(
    name='cyclegan_small',
    description='trains on two cores in less than an hour: 64 pixels, a quarter million weights',
    side=64,
    jitter=8,
    epochs=(10, 10),
    upsampling='resize',
    widths=(16, 32, 48),
    residuals=4,
    critic_width=32,
    critic_depth=2,
)

SETTINGS = {setting.name: setting for setting in (CYCLEGAN, CYCLEGAN_SMALL)}


def make_painter(setting: Setting, seed: int = 0) -> ResidualGenerator:
    """Return a painter that has learned nothing yet."""
    painter = ResidualGenerator(
        setting.widths,
        setting.residuals,
        setting.norm,
        setting.affine,
        setting.upsampling,
        bias=not setting.affine,
    )
    begin(painter, seed)
    return painter


def make_critic(setting: Setting, seed: int = 0) -> PatchGAN:
    """Return a critic that has learned nothing yet."""
    rows = patch_rows(setting.critic_depth, setting.critic_width)
    critic = PatchGAN(rows, 3, setting.norm, setting.affine, bias=not setting.affine)
    begin(critic, seed)
    return critic


class Nets(nn.Block):
    """Two painters, `there` and `back`, and the critics of A and B."""

    def __init__(self, setting: Setting, seed: int) -> None:
        super().__init__()
        self.there = make_painter(setting, 4 * seed)
        self.back = make_painter(setting, 4 * seed + 1)
        self.critic_a = make_critic(setting, 4 * seed + 2)
        self.critic_b = make_critic(setting, 4 * seed + 3)


class Game(game.Game):
    """The game of `duel`.

    Parameters
    ----------
    setting : Setting
    collections : sequence of 2 Collection
        A and B, `jitter` larger than `side`.
    held_out : sequence of 2 Collection
        Pictures of both kinds that are only looked at, of `side`.
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
        self.there, self.back = nets.there, nets.back
        self.critic_a, self.critic_b = nets.critic_a, nets.critic_b
        players = {
            'painters': Player(learned_by(nets.there, nets.back), setting.lr),
            'critics': Player(learned_by(nets.critic_a, nets.critic_b), setting.critic_lr),
        }
        super().__init__(setting, nets, players, max(map(len, collections)), seed)
        self.collections, self.held_out = collections, held_out
        self.pools = {'A': Pool(setting.pool), 'B': Pool(setting.pool)}

    def batch_at(self, k: int) -> List[np.ndarray]:
        """Return pictures A and B of step k, each of shape (batch, 3, side, side)."""
        setting, batch = self.setting, []
        for i, collection in enumerate(self.collections):
            seed = 2 * self.seed + i
            batch += batch_of([collection], seed, k, setting.batch, setting.side, setting.flip)
        return batch

    def play(self, k: int, batch: List[np.ndarray]) -> Iterator[Move]:
        """Yield the painters' move, and then the critics'."""
        setting, (A, B) = self.setting, batch
        B_hat, A_hat = self.there(A), self.back(B)
        terms = {
            'G A': painter_loss(setting.loss, self.critic_b(B_hat)),
            'G B': painter_loss(setting.loss, self.critic_a(A_hat)),
        }
        if setting.cycle_weight:
            cycle = l1(self.back(B_hat), A) + l1(self.there(A_hat), B)
            terms['cycle'] = setting.cycle_weight * cycle
        if setting.identity_weight:
            identity = l1(self.there(B), B) + l1(self.back(A), A)
            terms['identity'] = setting.identity_weight * identity
        yield Move('painters', terms)
        shown_A = self.pools['A'].exchanged(A_hat, [self.seed, k, 0])
        shown_B = self.pools['B'].exchanged(B_hat, [self.seed, k, 1])
        judged = {
            'D A': critic_loss(setting.loss, self.critic_a(A), self.critic_a(shown_A)),
            'D B': critic_loss(setting.loss, self.critic_b(B), self.critic_b(shown_B)),
        }
        yield Move('critics', judged)

    def state(self) -> Arrays:
        """Return the pools, for a checkpoint."""
        return {f'pool {name}': pool.arrays() for name, pool in self.pools.items()}

    def restore(self, arrays: Arrays) -> None:
        """Put the pools back."""
        for name, pool in self.pools.items():
            pool.restore(arrays[f'pool {name}'])

    def show(self) -> Dict[str, np.ndarray]:
        """Return held-out pictures of both kinds, each painted, and painted back."""
        A, B = (whole(collection) for collection in self.held_out)
        B_hat, A_hat = one_by_one(self.there, A), one_by_one(self.back, B)
        return {
            'A': A,
            'to B': B_hat,
            'and back': one_by_one(self.back, B_hat),
            'B': B,
            'to A': A_hat,
            'and back again': one_by_one(self.there, A_hat),
        }
