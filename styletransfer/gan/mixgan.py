r"""MIXGAN: shapes of one collection in the colours and textures of another.

First, with content pictures X, grey, alone: an encoder E and a content decoder C learn to say a
picture as a code z and back, and a critic sees to it that codes look like draws of a known
distribution (an adversarial auto-encoder, Makhzani et al., 2016):

.. math:: l_{E, C} &= l(D_z(E(X)), 1) + \lambda \, \overline{|C(E(X)) - X|} \\
          l_{D_z} &= \tfrac{1}{2} \left( l(D_z(z), 1) + l(D_z(E(X)), 0) \right)

Then a mixture decoder M paints over what C hands on, and a critic who sees no more than a few
pixels at once, so that colours and textures are all that it can know, compares with pictures Y of
the other collection:

.. math:: l_{M, C} &= l(D_p(M(C(z))), 1) + \lambda \, \overline{|C(E(X)) - X|} \\
          l_{D_p} &= \tfrac{1}{2} \left( l(D_p(Y), 1) + l(D_p(M(C(z))), 0) \right)

Hao, Yu, Zheng: MIXGAN: Learning concepts from different domains for mixture generation, IJCAI
2018.

Departures: the authors' program gives no optimiser the weights of C, which stay random; the
setting `MIXGAN_CODE` does the same, and shows why C is trained here. The second phase keeps the
content by the loss of the first, and takes a share of its codes from pictures (the program:
none). Convolutions of stride 2 and transposed ones pad both sides alike, first weights are normal
without truncation, and when a picture is painted the dense layers have running statistics, as a
single picture has none.

A departure that `MIXGAN_SMALL` makes and the others do not are `moods`: the first few numbers of
the code, of which M is told everywhere. An instance norm takes away what is the same all over a
picture. So M, painting after norms, gives all letters the same colours, and a critic with norms
does not see it. With moods neither M nor the critic of patches has a norm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy
from mxnet import autograd
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.command import listed, natural, positive
from styletransfer.errors import InputError
from styletransfer.gan import game
from styletransfer.gan.game import Move, Player, learned_by
from styletransfer.gan.layers import FewFilters, Norm, Reflection, Upsampling, begin, chain
from styletransfer.gan.losses import critic_loss, l1, painter_loss
from styletransfer.gan.networks import SLOPE, PatchGAN, Residual, Row, patch_rows
from styletransfer.gan.pictures import GREY, Collection, batch_of, whole
from styletransfer.recipes import choice, option

HALVINGS = 4  # of the encoder
PRIORS = ('normal', 'uniform')
CONTENT = ('both', 'first', 'never')  # in which phases the content decoder learns


@dataclass(frozen=True)
class Setting(game.Setting):
    """Every number of MIXGAN; at first those of the authors' program.

    Raises
    ------
    InputError
        If a number cannot be.
    """

    side: int = option(64, 'of the pictures, in pixels', positive)
    jitter: int = option(0, 'pixels by which they are larger before they are cut', natural)
    flip: bool = False  # letters have a left and a right
    batch: int = option(64, 'pictures a step', positive)
    epochs: Tuple[int, ...] = option(
        (100, 200),
        'at full step size, and falling; of mixgan for content, and for the mixture',
        listed(natural),
    )
    critic_lr: float = option(2e-5, 'step size of the critic: smaller if it wins')
    code_critic_lr: float = option(4e-6, 'step size of the critic of codes')
    style_side: int = option(
        0,
        'to which style pictures are brought before they are cut; 0 for that of content',
        natural,
    )
    widths: Tuple[int, ...] = option(
        (32, 64, 128, 128, 256),
        "the painter's channels, from the largest map to the smallest",
        listed(positive),
    )
    dense: Tuple[int, ...] = (2048, 2048, 1024)  # layers between the smallest map and the code
    code: int = option(2048, 'numbers of a code', positive)
    residuals: int = option(6, 'residual blocks', natural)
    mixture_width: int = option(64, 'channels of the mixture decoder', positive)
    moods: int = option(0, 'numbers of a code that say in which colours; 0: alike', natural)
    critic_width: int = option(64, "channels of the critic's first layer", positive)
    critic_depth: int = option(
        0, 'halvings of the critic: 0 sees 1 pixel (of mixgan 8), 1 16, 2 34, 3 70', natural
    )
    l1_weight: float = option(10.0, 'how near the picture is to the one that is wanted')
    prior: str = choice('uniform', 'how codes are drawn', PRIORS)
    own_share: float = option(0.5, "share of pictures' own codes in the second phase")
    content: str = choice('both', 'in which phases the content decoder learns', CONTENT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) != HALVINGS + 1 or max(*self.widths, self.mixture_width) > 1024:
            raise InputError('MIXGAN has five widths, of at most 1024')
        if self.moods > self.code:
            raise InputError(
                f'moods is {self.moods}, but a code has {self.code} numbers: try a smaller --moods'
            )
        if max(*self.dense, self.code, 0) > 4096 or len(self.dense) > 8 or self.residuals > 64:
            raise InputError('MIXGAN has codes and 8 dense layers of at most 4096, and 64 blocks')
        # with 32 the critic of codes would have a norm of single pixels, and see nothing
        if self.side < 64 or self.side % 2 ** (HALVINGS + 1):
            raise InputError(f'side is {self.side}: it must be a multiple of 32, at least 64')
        units = self.widths[-1] * (self.side // 2**HALVINGS) ** 2
        if units * (*self.dense, self.code)[0] > 2**26:
            raise InputError(
                f'between the smallest map, of {units} numbers, and the code there would be too '
                'many weights: try a smaller --side, --widths or --code'
            )
        if self.style_side and self.style_side < self.side:
            raise InputError(f'style_side is {self.style_side}, less than side, {self.side}')
        if self.own_share > 1:
            raise InputError(f'own_share is {self.own_share}: it must be between 0 and 1')
        game.check_critic(self.side, self.critic_depth, self.critic_width)

    @property
    def sides(self) -> Tuple[int, int]:
        """Return to which side content and style are brought before they are cut."""
        content, _ = super().sides
        return content, self.style_side or content


MIXGAN = Setting(
    name='mixgan', description="Hao et al.: the authors' numbers, the content decoder trained"
)

MIXGAN_CODE = replace(
    MIXGAN,
    name='mixgan_code',
    description='as the program of Hao et al. does it: the content decoder stays random',
    own_share=0.0,
    content='never',
)

MIXGAN_SMALL = replace(
    MIXGAN,
    name='mixgan_small',
    description='trains on two cores in less than an hour: codes of 64, 0.4 million weights',
    batch=16,
    epochs=(30, 7),  # longer, and the critic asks for more than colours: letters go under
    critic_lr=1e-4,
    code_critic_lr=2e-4,
    upsampling='resize',
    widths=(16, 32, 48, 48, 64),
    dense=(),
    code=64,
    residuals=2,
    mixture_width=32,
    moods=8,
    critic_width=32,
    critic_depth=1,
    prior='normal',
)

SETTINGS = {setting.name: setting for setting in (MIXGAN, MIXGAN_CODE, MIXGAN_SMALL)}


# --- the networks --------------------------------------------------------------------------------


def normed(setting: Setting, layer: nn.Block, width: int) -> List[nn.Block]:
    """Return a layer with its instance norm and ReLU."""
    return [layer, Norm(width, setting.norm, setting.affine), nn.Activation('relu')]


def dense_layers(widths: Sequence[int], before: int) -> List[nn.Block]:
    """Return dense layers, each with batch norm and ReLU."""
    layers: List[nn.Block] = []
    for width, entering in zip(widths, (before, *widths)):
        layers += [
            nn.Dense(width, in_units=entering, use_bias=False),
            nn.BatchNorm(momentum=0.9, epsilon=1e-5, in_channels=width),
            nn.Activation('relu'),
        ]
    return layers


class Encoder(nn.Block):
    """E: from a grey picture to its code."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        widths, smallest = setting.widths, setting.side // 2**HALVINGS
        layers: List[nn.Block] = [
            Reflection(3),
            nn.Conv2D(widths[0], 7, in_channels=1, use_bias=False),
            nn.Activation('relu'),
        ]
        for before, width in zip(widths, widths[1:]):
            conv = nn.Conv2D(width, 3, 2, 1, in_channels=before, use_bias=False)
            layers += normed(setting, conv, width)
        units = widths[-1] * smallest**2
        layers += [nn.Flatten(), *dense_layers(setting.dense, units)]
        self.body = chain(*layers, nn.Dense(setting.code, in_units=(units, *setting.dense)[-1]))

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return codes of shape (n, code) of pictures (n, 1, side, side)."""
        return self.body(X)


class ContentDecoder(nn.Block):
    """C: from a code to a grey picture, and to the map from which it is painted."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        widths, way = setting.widths, setting.upsampling
        self.shape = (widths[4], *2 * (setting.side // 2**HALVINGS,))
        units, dense = int(numpy.prod(self.shape)), setting.dense[::-1]
        self.dense = chain(
            *dense_layers(dense, setting.code),
            nn.Dense(units, in_units=(setting.code, *dense)[-1], use_bias=False),
        )

        def up(width: int, before: int) -> List[nn.Block]:
            return normed(setting, Upsampling(width, before, 3, way, bias=False), width)

        blocks = range(setting.residuals)
        self.body = chain(
            Norm(widths[4], setting.norm, setting.affine),
            nn.Activation('relu'),
            *up(widths[4], widths[4]),
            *up(widths[3], widths[4]),
            *(Residual(widths[3], setting.norm, setting.affine, bias=False) for _ in blocks),
            *up(widths[1], widths[3]),
            *up(widths[0], widths[1]),
        )
        self.last = chain(Reflection(3), FewFilters(1, widths[0], 7, bias=False))

    def forward(self, z: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Return a map (n, c, side, side) and the picture (n, 1, side, side) made of it."""
        Z = self.body(self.dense(z).reshape(-1, *self.shape))
        return Z, np.tanh(self.last(Z))


class MixtureDecoder(nn.Block):
    """M: from what the content decoder hands on to a picture in colours."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.moods, width, bias = setting.moods, setting.mixture_width, setting.moods > 0
        handed = setting.widths[0] + 1 + self.moods
        conv = nn.Conv2DTranspose(width, 3, 1, 1, in_channels=handed, use_bias=bias)
        plain = [conv, nn.Activation('relu')]
        self.body = chain(*(plain if self.moods else normed(setting, conv, width)))
        self.last = chain(Reflection(3), FewFilters(3, width + handed, 7, bias=bias))

    def forward(self, Z: np.ndarray, X: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return pictures (n, 3, side, side) of a map, a grey picture, and their code."""
        moods = z[:, : self.moods, None, None]
        everywhere = np.broadcast_to(moods, (*moods.shape[:2], *X.shape[2:]))
        handed = np.concatenate([Z, X, everywhere], axis=1)
        return np.tanh(self.last(np.concatenate([self.body(handed), handed], axis=1)))


class CodeCritic(nn.Block):
    """The critic of codes: lays a code out as a picture, and looks at it."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        width, self.side = setting.critic_width, setting.side // 2
        self.laid_out = nn.Dense(width // 2 * self.side**2, in_units=setting.code, use_bias=False)
        layers: List[nn.Block] = []
        for i in range(HALVINGS):
            before, after = width * 2**i // 2, width * 2**i
            layers.append(nn.Conv2D(after, 4, 2, 1, in_channels=before, use_bias=False))
            if i:
                layers.append(Norm(after, setting.norm, setting.affine))
            layers.append(nn.LeakyReLU(SLOPE))
        units = width * 2 ** (HALVINGS - 1) * (self.side // 2**HALVINGS) ** 2
        self.body = chain(*layers, nn.Flatten(), nn.Dense(1, in_units=units, use_bias=False))

    def forward(self, z: np.ndarray) -> np.ndarray:
        """Return scores (n, 1) of codes (n, code)."""
        return self.body(self.laid_out(z).reshape(len(z), -1, self.side, self.side))


def critic_rows(setting: Setting) -> Tuple[Row, ...]:
    """Return the convolutions of the critic of patches."""
    if setting.critic_depth:
        return patch_rows(setting.critic_depth, setting.critic_width)
    width = setting.critic_width  # it sees 8 pixels, and has a score for each pixel
    return (
        Row(width, 4, before=1, after=2),
        Row(2 * width, 2, before=0, after=1),
        Row(4 * width, 1, before=0, after=0),
        Row(1, 4, before=1, after=2),
    )


class Painter(nn.Block):
    """All that paints: encoder, content decoder, mixture decoder."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.encoder = Encoder(setting)
        self.content = ContentDecoder(setting)
        self.mixture = MixtureDecoder(setting)

    def mixed(self, z: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Return, of codes, pictures in colours (n, 3, h, w) and their content (n, 1, h, w)."""
        Z, X = self.content(z)
        return self.mixture(Z, X, z), X

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return pictures of the content of X, (n, 3, side, side), which may have colours."""
        grey = sum(weight * X[:, i : i + 1] for i, weight in enumerate(GREY))
        with autograd.predict_mode():
            return self.mixed(self.encoder(grey))[0]


def make_painter(setting: Setting, seed: int = 0) -> Painter:
    """Return a painter that has learned nothing yet."""
    painter = Painter(setting)
    begin(painter, seed)
    return painter


class Nets(nn.Block):
    """A painter, and the critics of codes and of patches."""

    def __init__(self, setting: Setting, seed: int) -> None:
        super().__init__()
        self.painter = make_painter(setting, 3 * seed)
        self.code_critic = CodeCritic(setting)
        norm = None if setting.moods else setting.norm
        self.patch_critic = PatchGAN(critic_rows(setting), 3, norm, setting.affine)
        begin(self.code_critic, 3 * seed + 1)
        begin(self.patch_critic, 3 * seed + 2)


# --- the training --------------------------------------------------------------------------------


class Game(game.Game):
    """The game of `duel`, in two phases.

    Parameters
    ----------
    setting : Setting
    collections : sequence of 2 Collection
        Content, of one channel, and style.
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
        self.painter = painter = nets.painter
        self.code_critic, self.patch_critic = nets.code_critic, nets.patch_critic
        first = [painter.content] * (setting.content != 'never')
        second = [painter.content] * (setting.content == 'both')
        players = {
            'coder': Player(learned_by(painter.encoder, *first), setting.lr),
            'code critic': Player(learned_by(nets.code_critic), setting.code_critic_lr),
            'mixer': Player(learned_by(painter.mixture, *second), setting.lr),
            'patch critic': Player(learned_by(nets.patch_critic), setting.critic_lr),
        }
        super().__init__(setting, nets, players, max(map(len, collections)), seed)
        self.collections, self.held_out = collections, held_out
        self.coding = setting.epochs[0] * self.each  # steps of the first phase

    def share_at(self, k: int) -> float:
        """Return 1: all steps are of the same size."""
        return 1.0

    def batch_at(self, k: int) -> List[np.ndarray]:
        """Return content X, style Y and codes z of step k, `batch` of each."""
        setting, batch = self.setting, []
        for i, collection in enumerate(self.collections):
            seed = 2 * self.seed + i
            batch += batch_of([collection], seed, k, setting.batch, setting.side, setting.flip)
        return [*batch, self.codes(setting.batch, [self.seed, k, 3])]

    def codes(self, count: int, seed: Any) -> np.ndarray:
        """Return codes as they are drawn, (count, code)."""
        rng, shape = numpy.random.default_rng(seed), (count, self.setting.code)
        normal = self.setting.prior == 'normal'
        drawn = rng.standard_normal(shape) if normal else rng.uniform(-1, 1, shape)
        return np.array(drawn, dtype='float32')

    def play(self, k: int, batch: List[np.ndarray]) -> Iterator[Move]:
        """Return the moves of the phase to which step k belongs."""
        return self.code(*batch) if k < self.coding else self.mix(*batch)

    def code(self, X: np.ndarray, Y: np.ndarray, z: np.ndarray) -> Iterator[Move]:
        """Yield the moves of the first phase: content."""
        loss, own = self.setting.loss, self.painter.encoder(X)
        real, fake = self.code_critic(z), self.code_critic(own.detach())
        yield Move('code critic', {'D z': critic_loss(loss, real, fake)})
        score = self.code_critic(own)
        yield Move('coder', {'E': painter_loss(loss, score), 'L1': self.kept(own, X)})

    def mix(self, X: np.ndarray, Y: np.ndarray, z: np.ndarray) -> Iterator[Move]:
        """Yield the moves of the second phase: colours and textures."""
        setting = self.setting
        own = self.painter.encoder(X).detach()
        count = round(setting.own_share * len(z))
        mixed, _ = self.painter.mixed(np.concatenate([own[:count], z[count:]]))
        real, fake = self.patch_critic(Y), self.patch_critic(mixed.detach())
        yield Move('patch critic', {'D': critic_loss(setting.loss, real, fake)})
        terms = {'G': painter_loss(setting.loss, self.patch_critic(mixed))}
        if setting.content == 'both':
            terms['L1'] = self.kept(own, X)
        yield Move('mixer', terms)

    def kept(self, own: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Return how far pictures are from what their codes say."""
        return self.setting.l1_weight * l1(self.painter.content(own)[1], X)

    def show(self) -> Dict[str, np.ndarray]:
        """Return held-out content, what its codes say and their mixtures; drawn ones; style."""
        X, Y = (whole(collection) for collection in self.held_out)
        mixed, said = self.painter.mixed(self.painter.encoder(X))
        drawn, content = self.painter.mixed(self.codes(len(X), [self.seed, 4]))
        return {
            'content': X,
            'said': said,
            'mixed': mixed,
            'drawn': content,
            'drawn, mixed': drawn,
            'style': Y,
        }
