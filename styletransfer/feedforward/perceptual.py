r"""The perceptual losses: what a network that paints is judged by while it learns.

They are the book's three losses for a batch of pictures, each in a style of its own, and a fourth
against a fault that only networks have (`lattice`):

.. math:: l = \frac{1}{n} \sum_n w_c L_c(Y_n, X_n) + w_s L_s(Y_n, s_n)
              + w_{tv} L_{tv}(Y_n) + w_p L_p(Y_n)

Johnson, Alahi, Fei-Fei: Perceptual losses for real-time style transfer, ECCV 2016.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.blocks import grained
from styletransfer.images import ImageShape, preprocess, resized, rgb_std
from styletransfer.learning import crops, one_cycle, remembered
from styletransfer.losses import gram, half_tv_loss, tv_loss
from styletransfer.networks import SLIM_FACTOR, amplify
from styletransfer.objective import Terms
from styletransfer.vgg import compiled, extract_features, find_backbone, get_net

# by what the squares of the differences of features, and of Gram matrices G / (c h w), of c
# channels are multiplied; None if that is for photographs to say (`Judge`)
SCALINGS: Dict[str, Optional[Callable[[int], float]]] = {
    'chw': lambda c: 1.0,  # as in Johnson's program
    'hw': lambda c: float(c) ** 2,  # for G / (h w), as in Dumoulin's
    'photographs': None,
}


def squares(Y_hat: np.ndarray) -> np.ndarray:
    r"""Return the total variation of Johnson's program: half a sum of squares, for each picture.

    .. math:: L = \frac{1}{2n} \sum (x_{i+1,j} - x_{i,j})^2 + (x_{i,j+1} - x_{i,j})^2

    over all pixels but those of the last row and column, with colours in 0-255.
    """
    return half_tv_loss(Y_hat * (255 * rgb_std).reshape(1, 3, 1, 1)) / len(Y_hat)


TV_LOSSES = {'absolute': tv_loss, 'squares': squares}


def lattice(Y_hat: np.ndarray, period: int = 4) -> np.ndarray:
    r"""Return how much the place of a pixel on a network's lattice tells of it.

    .. math:: L = \sum_{x, y} \frac{1}{n} \sum_n
                  \frac{\mathrm{var}_p\, s_{np}}{\bar{s}_n^2 + 10^{-6}}, \quad
              s_{np} = \mathrm{mean}_{i \equiv p}\, |y_{n,i+1} - y_{n,i}|

    with y the luminance along rows, and along columns, and p = 0 ... `period` - 1. It is 0 for a
    picture that is as steep at each of the places, on average; noise is near it.

    Parameters
    ----------
    Y_hat : np.ndarray of shape (n, 3, h, w)
        As of `preprocess`; the sides are more than `period`.
    period : int
        Of the lattice: by so much the network makes a picture smaller.

    Notes
    -----
    A network that halves a picture twice and doubles it twice treats the four pixels between two
    of its own differently, and a style loss, which does not know where a pixel is, lets it paint
    them differently: a ripple of 4 pixels is the cheapest fine stroke. Upsampling by Odena et al.
    (2016) only takes away the ripple that is there before anything is learned. With three
    halvings there are eight such pixels, and shorter ripples fit into them. This term is ours.
    """
    light = rgb_std * np.array([0.299, 0.587, 0.114])  # as in `color.luminance`
    Y = (Y_hat * light.reshape(1, 3, 1, 1)).sum(axis=1)
    return sum(_uneven(lines, period) for lines in (Y, Y.transpose(0, 2, 1)))


def _uneven(lines: np.ndarray, period: int) -> np.ndarray:
    """Return how unevenly steep lines, of shape (n, lines, pixels), are over a period."""
    n, _, pixels = lines.shape
    whole = (pixels - 1) // period * period
    steepness = np.abs(lines[:, :, 1:] - lines[:, :, :-1])[:, :, :whole].mean(axis=1)
    places = steepness.reshape(n, -1, period).mean(axis=1)
    centre = places.mean(axis=1, keepdims=True)
    least = 1e-6  # so that a picture of one colour is even
    return (np.square(places - centre).mean(axis=1) / (np.square(centre[:, 0]) + least)).mean()


class Batch(NamedTuple):
    """What the loss is given in one step."""

    X: np.ndarray  # (n, 3, side, side): photographs, with grain
    S: np.ndarray  # (n, d): what the network is told of the style of each
    said: np.ndarray  # what the looking network says of the photographs
    targets: List[np.ndarray]  # (n, c, c) for each style layer: Gram matrices of the styles
    factors: List[np.ndarray]  # (n,) for each: how much a difference from them counts


def loss_network(setting: Any, quiet: bool = False) -> nn.HybridSequential:
    """Return the network that looks, frozen: the full one where its weights are, or the slim."""
    backbone = find_backbone('auto', setting.family)
    last = max((setting.content_layer, *setting.style_layers))
    net, _ = get_net(backbone, quiet=quiet, last=last, pooling=setting.pooling)
    if setting.pixels == 'caffe' and backbone.endswith('_slim'):
        amplify(net, SLIM_FACTOR)
    return net


class Judge:
    r"""The loss of a batch of crops of one side.

    With the scaling 'photographs' each term is measured against what it is where nothing was
    painted: the content term over the variance of what the network says of photographs, and the
    style term of each layer and style over what it is, on average, for photographs.

    .. math:: L_c = \frac{\mathrm{mean}\,(F(Y) - F(X))^2}{\mathrm{var}\,F}, \quad
              L_s = \sum_\ell \frac{\|G_\ell(Y) - G_{\ell s}\|^2}
                    {\mathrm{E}_X \|G_\ell(X) - G_{\ell s}\|^2}, \quad
              \mathrm{E}_X \|G(X) - G_s\|^2 = \|\bar{G} - G_s\|^2
                    + \mathrm{E}_X \|G(X) - \bar{G}\|^2

    So 1 is a photograph and 0 the style, for every layer of every network and every painting, and
    one weight serves all. With :math:`\bar{G}`, the mean over photographs, it takes no photographs
    to measure another painting. With another scaling the means of squares are taken as they are,
    times the factor of the table.

    Parameters
    ----------
    looking : HybridSequential
        As of `loss_network`.
    setting : johnson.Setting
    photos : sequence of np.ndarray of shape (n, 3, side, side)
        Some batches, from which the balance is taken.
    """

    def __init__(
        self, looking: nn.HybridSequential, setting: Any, photos: Sequence[np.ndarray]
    ) -> None:
        self.setting = setting
        layers = (setting.content_layer,), setting.style_layers
        self.features = compiled(looking, *layers)
        self.content = compiled(looking, layers[0], ())
        self.style = compiled(looking, (), layers[1])
        self.weights = setting.style_layer_weights or (1.0,) * len(setting.style_layers)
        self.content_factor = 1.0
        if SCALINGS[setting.scaling] is None:
            self._balance(photos)

    def _balance(self, photos: Sequence[np.ndarray]) -> None:
        """Measure what the terms are for photographs."""
        variances, told = [], []
        for X in photos:
            (content_Y,), styles_Y = self.features(X)
            centre = content_Y.mean(axis=(0, 2, 3), keepdims=True)
            variances.append(float(np.square(content_Y - centre).mean()))
            told.append([gram(Y) for Y in styles_Y])
        self.content_factor = 1 / float(numpy.mean(variances))
        layers = [np.concatenate(grams) for grams in zip(*told)]
        self.centres = [G.mean(axis=0, keepdims=True) for G in layers]
        self.spreads = [
            float(np.square(G - centre).mean()) for G, centre in zip(layers, self.centres)
        ]

    def say(self, X: np.ndarray) -> np.ndarray:
        """Return what the network says of photographs, at the content layer."""
        return self.content(X)[0][0]

    def grams(self, Z: np.ndarray) -> List[np.ndarray]:
        """Return the style of pictures: Gram matrices, each of shape (n, c, c)."""
        return [gram(Y) for Y in self.style(Z)[1]]

    def factors(self, targets: Sequence[np.ndarray]) -> List[np.ndarray]:
        """Return how much a difference from Gram matrices (n, c, c) counts, each of shape (n,)."""
        factor = SCALINGS[self.setting.scaling]
        if factor:
            each = [np.full((len(G),), factor(G.shape[1])) for G in targets]
        else:
            measured = zip(targets, self.centres, self.spreads)
            each = [1 / (np.square(G - C).mean(axis=(1, 2)) + spread) for G, C, spread in measured]
        return [counts * weight for counts, weight in zip(each, self.weights)]

    def __call__(self, Y_hat: np.ndarray, batch: Batch) -> Tuple[Terms, np.ndarray]:
        """Return the weighted terms of painted pictures, and their sum.

        They are 'content', 'style', 'TV' and, if the setting has a weight for it, 'lattice'.
        """
        setting = self.setting
        (content_Y_hat,), styles_Y_hat = self.features(Y_hat)
        content_l = np.square(content_Y_hat - batch.said).mean() * self.content_factor
        style_l = sum(
            (np.square(gram(Y) - target).mean(axis=(1, 2)) * factor).mean()
            for Y, target, factor in zip(styles_Y_hat, batch.targets, batch.factors)
        )
        terms = {
            'content': content_l * setting.content_weight,
            'style': style_l * setting.style_weight,
            'TV': TV_LOSSES[setting.tv](Y_hat) * setting.tv_weight,
        }
        if setting.lattice_weight:
            terms['lattice'] = lattice(Y_hat, setting.multiple) * setting.lattice_weight
        return terms, sum(terms.values())


def style_grams(
    looking: nn.HybridSequential, setting: Any, img: np.ndarray, side: int
) -> List[np.ndarray]:
    """Return a painting's Gram matrices, each of shape (1, c, c): of the whole, or of crops.

    Crops have the side of those that are painted: a network that pads with zeros sees more of its
    padding in a small picture, and the two are to be compared.
    """
    width, height = fitted(img.shape[1::-1], setting.style_side)
    X = preprocess(resized(img, (width, height)), (width, height))
    if not setting.style_crops or side >= min(width, height):
        return [gram(Y) for Y in extract_features(looking, X, (), setting.style_layers)[1]]
    rng = numpy.random.default_rng(side)
    sums: List[np.ndarray] = []
    for _ in range(setting.style_crops):
        x, y = rng.integers(width - side + 1), rng.integers(height - side + 1)
        crop = X[:, :, y : y + side, x : x + side]
        grams = [gram(Y) for Y in extract_features(looking, crop, (), setting.style_layers)[1]]
        sums = [a + b for a, b in zip(sums, grams)] if sums else grams
    return [matrix / setting.style_crops for matrix in sums]


def fitted(image_shape: ImageShape, longest: int) -> ImageShape:
    """Return a shape of the same aspect whose longest side is this."""
    scale = longest / max(image_shape)
    width, height = (max(1, round(side * scale)) for side in image_shape)
    return width, height


class Lesson:
    """What `learning.learn` needs to train a network by these losses, but for its batches.

    Parameters
    ----------
    setting : johnson.Setting
    looking : HybridSequential
        As of `loss_network`.
    photos : sequence of Path
    net : HybridBlock
        Of photographs X and S, what it is told of the style of each.
    seed : int
    """

    def __init__(
        self,
        setting: Any,
        looking: nn.HybridSequential,
        photos: Sequence[Path],
        net: nn.HybridBlock,
        seed: int,
    ) -> None:
        self.setting, self.looking, self.photos = setting, looking, photos
        self.net, self.seed = net, seed
        self.net.hybridize(static_alloc=True, static_shape=True)
        self.load = remembered(max(side for side, _ in setting.crops))
        self._judge: Tuple[int, Optional[Judge]] = (0, None)

    def photographs(self, seed: int, k: int, side: int) -> np.ndarray:
        """Return crops of photographs, (batch, 3, side, side): they depend on seed and k only."""
        return crops(seed, k, self.photos, self.setting.batch, side, load=self.load)

    def judge(self, side: int) -> Judge:
        """Return the loss for crops of a side; it is kept until another side is asked for."""
        if self._judge[0] != side:
            some = [self.photographs(self.seed + 1, k, side) for k in range(8)]
            self._judge = side, Judge(self.looking, self.setting, some)
        assert self._judge[1]
        return self._judge[1]

    def batch_of(self, k: int, S: np.ndarray, targets: List[np.ndarray]) -> Batch:
        """Return the photographs of step k, to be painted in these styles."""
        side = self.setting.side_at(k)
        X, judge = self.photographs(self.seed, k, side), self.judge(side)
        X_grained = grained(X, self.setting.grain, [self.seed, k, 2])
        return Batch(X_grained, S, judge.say(X), targets, judge.factors(targets))

    def loss(self, batch: Batch) -> Tuple[Terms, np.ndarray]:
        """Return the terms of what the network paints, and their sum."""
        return self.judge(batch.X.shape[2])(self.net(batch.X, batch.S), batch)

    def lr_at(self, k: int) -> float:
        """Return the step size of step k."""
        setting = self.setting
        return one_cycle(k, setting.num_steps, setting.lr) if setting.decay else setting.lr
