"""A trained painter of this family in the units of all the others: what `trained` keeps and loads.

Its file holds the painters only; critics have done their work.
"""

from __future__ import annotations

from typing import Any

import mxnet as mx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.images import rgb_mean, rgb_std


class Translator(nn.Block):
    """Painters, each for a style of its own: Pix2Pix has one, CycleGAN one for each direction.

    Parameters
    ----------
    painters : Block
        Of pictures in [-1, 1]; in training mode they paint with their noise.
    """

    def __init__(self, *painters: nn.Block) -> None:
        super().__init__()
        self.painters = nn.Sequential()
        self.painters.add(*painters)

    def forward(self, X: np.ndarray, S: np.ndarray) -> np.ndarray:
        """Return pictures painted, the same ones each time.

        Parameters
        ----------
        X : np.ndarray of shape (1, 3, h, w)
            As of `images.preprocess`.
        S : np.ndarray of shape (1, painters)
            How much of each painter's picture is wanted.
        """
        mean, std = (colour.reshape(1, 3, 1, 1) for colour in (rgb_mean, rgb_std))
        X = 2 * (X * std + mean) - 1
        mx.random.seed(0)  # of dropout
        shares = S[0].asnumpy().tolist()
        parts: Any = [s * painter(X) for s, painter in zip(shares, self.painters) if s]
        return ((sum(parts) + 1) / 2 - mean) / std
