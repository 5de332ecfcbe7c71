r"""A canvas that is larger than the picture: painted finer and beyond the border, then cut.

Where a picture is optimised, two places are never good. Its smallest details, a pixel or two, are
noise and grids of the poolings, since a network that halves the picture four times hardly sees
them. And along its border, where the convolutions see zeros outside, it gets a frame. A recipe may
have the picture painted `oversample` times as large, with a `bleed` of mirrored picture beyond
each border; then the bleed is cut off, as printers do, and the rest averaged down. A side of
:math:`n` pixels becomes

.. math:: n' = n \, k \, (1 + 2b)

with k the oversampling and b the bleed, a share of the side.
"""

from __future__ import annotations

from dataclasses import replace

import numpy
from mxnet import numpy as np

from styletransfer.images import ImageShape, resized
from styletransfer.recipes import Recipe, scaled_shape


def enlargement(recipe: Recipe) -> float:
    """Return how many times as long as the picture's sides those of the canvas are."""
    return recipe.oversample * (1 + 2 * recipe.bleed)


def on_canvas(recipe: Recipe) -> Recipe:
    """Return the recipe with the shapes of the canvas in place of those of the picture."""
    stages = tuple(
        replace(stage, image_shape=scaled_shape(stage.image_shape, enlargement(recipe)))
        for stage in recipe.stages
    )
    return replace(recipe, stages=stages)


def picture_shape(recipe: Recipe, canvas_shape: ImageShape) -> ImageShape:
    """Return the shape of the picture that will be cut from a canvas."""
    return scaled_shape(canvas_shape, 1 / enlargement(recipe))


def mirrored(img: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Return a picture or a mask, (height, width, ...), that goes on beyond its borders.

    What is outside of a border is what is inside, as in a mirror that stands on it.
    """
    height, width = img.shape[:2]
    margins = [(round(side * recipe.bleed),) * 2 for side in (height, width)]
    margins += [(0, 0)] * (img.ndim - 2)
    return np.array(numpy.pad(img.asnumpy(), margins, mode='symmetric'), dtype=img.dtype)


def cut(img: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Return the picture on a canvas, (height, width, channels), without bleed, averaged down."""
    height, width = img.shape[:2]
    share = recipe.bleed / (1 + 2 * recipe.bleed)
    y, x = round(height * share), round(width * share)
    inside = img[y : height - y, x : width - x]
    return resized(inside, picture_shape(recipe, (width, height)))
