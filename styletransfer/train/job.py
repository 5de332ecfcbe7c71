"""What a run needs: settings, pictures and a network become a `Job`, which can be painted."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer import controls, vgg
from styletransfer.checkpoint import Checkpoint
from styletransfer.color import recolored, restored
from styletransfer.files import file_hash
from styletransfer.images import (
    ImageShape,
    postprocess,
    preprocess,
    save_image,
)
from styletransfer.networks import network_for, replaced_layers
from styletransfer.outputs import as_json
from styletransfer.recipes import Recipe
from styletransfer.synthesis import LossAt, painting
from styletransfer.train.plan import seconds_per_pixel
from styletransfer.train.settings import NOISE, Pictures, Setting

# arguments on which the picture depends, besides the recipe, the network and the files
TASTES = ('seed', 'style_weights', 'style_scale', 'keep_style_aspect', 'preserve_color')

Grams = Dict[ImageShape, List[np.ndarray]]


class Network(NamedTuple):
    """The network, ready for a recipe, that recipe as it fits, and where the weights are from."""

    net: nn.HybridSequential
    recipe: Recipe
    weights: Dict[str, str]

    def fitted(self, recipe: Recipe) -> Recipe:
        """Return a recipe that may differ from this one in its stages, with layers that fit."""
        names = [
            f'{kind}_layer{what}' for kind in ('content', 'style') for what in ('s', '_weights')
        ]
        return replace(recipe, **{name: getattr(self.recipe, name) for name in names})

    def notes(self, recipe: Recipe) -> List[str]:
        """Return a line for each layer that takes the place of others, which are not there."""
        instead: Dict[vgg.Layer, List[str]] = {}
        for layer in dict.fromkeys(replaced_layers(recipe, self.recipe)):
            (nearest,) = vgg.nearest_layers((layer,), self.net)
            instead.setdefault(nearest, []).append(layer)
        return [
            f'{" and ".join(lacking)} {"is" if len(lacking) == 1 else "are"} behind the end of '
            f'these weights: {nearest} takes {"its" if len(lacking) == 1 else "their"} place.'
            for nearest, lacking in instead.items()
        ]


class Job(NamedTuple):
    """One run, with everything checked and read before the long work starts."""

    setting: Setting
    recipe: Recipe  # with layers that the network has
    network: Network
    pictures: Pictures
    loss_at: LossAt
    init_img: np.ndarray
    notes: List[str]  # what the user should know of it
    fingerprint: Dict[str, Any]  # what the result depends on: a resumed run must have the same

    @property
    def arguments(self) -> Dict[str, Any]:
        """Return what was given on the command line, by name."""
        return self.setting.arguments

    @property
    def folder(self) -> Path:
        """Return where the results go."""
        return Path(self.arguments['output'])

    @property
    def files(self) -> List[Path]:
        """Return the files for the pictures of the stages."""
        ending = self.arguments['format']
        return [self.folder / f'stage{n + 1}.{ending}' for n in range(len(self.recipe.stages))]

    def finished(self, X: np.ndarray) -> np.ndarray:
        """Return a picture as it is saved: RGB in 0-1, its colours restored if so wished."""
        img = postprocess(X, *self.recipe.mean_std)
        method = self.arguments['preserve_color']
        return restored(method, img, self.pictures.content) if method else img

    def save(self, stage: int, X: np.ndarray) -> Path:
        """Save the picture of a stage and return its file."""
        save_image(self.files[stage], self.finished(X))
        return self.files[stage]

    def start(self, saved: Optional[Checkpoint] = None) -> Tuple[int, np.ndarray]:
        """Return the stage, from 0, and the picture with which the work begins."""
        if saved and 'X' in saved.arrays:
            return saved.stage, np.array(saved.arrays['X'])
        first = self.recipe.stages[0]
        return 0, preprocess(self.init_img, first.image_shape, *self.recipe.mean_std)

    def say(self, *lines: str) -> None:
        """Print unless the user wants quiet."""
        if not self.arguments['quiet']:
            print(*lines, sep='\n', flush=True)


def load_network(setting: Setting) -> Network:
    """Return the network for a setting, downloaded if need be."""
    args = setting.arguments
    return Network(
        *network_for(
            setting.recipe,
            setting.backbone,
            args['weights'],
            setting.device,
            args['seed'],
            args['quiet'],
        )
    )


def make_job(
    setting: Setting, pictures: Pictures, network: Network, known: Optional[Grams] = None
) -> Job:
    """Put together a run.

    Parameters
    ----------
    setting, pictures, network
        From `make_setting`, `read_pictures` and `load_network`.
    known : dict, optional
        The style's Gram matrices, to be shared by jobs that have it (see `controls.controlled`).

    Raises
    ------
    InputError
        If a region is too small for the network.
    """
    args, plan, device = setting.arguments, setting.plan, setting.device
    recipe = network.fitted(setting.recipe)
    check_masks(args, recipe, pictures, network.net, device)
    content_img, style_imgs, method = pictures.content, pictures.styles, args['preserve_color']
    if method:
        pairs = [recolored(method, pictures.content, img) for img in pictures.styles]
        content_img, style_imgs = pairs[0][0], [style_img for _, style_img in pairs]
    loss_at = controls.controlled(
        network.net,
        recipe,
        content_img,
        style_parts(style_imgs, args['style_weights'], pictures.style_masks),
        device,
        pictures.content_masks,
        args['style_scale'],
        args['keep_style_aspect'],
        plan.tile,
        None if method else known,
    )
    start = args['init'] or recipe.init
    starts = {start: pictures.init, 'content': content_img, 'style': style_imgs[0]}
    if start in NOISE:
        starts[start] = noise(start, recipe.stages[0].image_shape, args['seed'])
    return Job(
        setting,
        recipe,
        network,
        pictures,
        loss_at,
        starts[start],
        [*network.notes(setting.recipe), *plan.notes()],
        {
            **fingerprint(setting, network),
            'pictures': digests(pictures.files),
        },
    )


def digests(files: Mapping[str, Sequence[Path]]) -> Dict[str, List[str]]:
    """Return the SHA-256 of each file."""
    return {role: [file_hash(path) for path in paths] for role, paths in files.items()}


def fingerprint(setting: Setting, network: Network) -> Dict[str, Any]:
    """Return all on which a result depends but the pictures, as it comes back from JSON."""
    recipe = network.fitted(setting.recipe)
    return as_json(
        {
            'recipe': asdict(recipe),
            'backbone': setting.backbone,
            'weights': network.weights,
            'init': setting.arguments['init'] or recipe.init,
            **{name: setting.arguments[name] for name in TASTES},
        }
    )


def stage_seconds(setting: Setting, network: Network) -> List[float]:
    """Return about how long each stage takes here; to know, one epoch is timed."""
    recipe = network.fitted(setting.recipe)
    grey = np.full((16, 16, 3), 128)
    loss_at = painting(network.net, recipe, grey, grey, setting.device)
    return setting.plan.seconds(seconds_per_pixel(loss_at, recipe, setting.device))


def noise(kind: str, shape: ImageShape, seed: int) -> np.ndarray:
    """Return a picture of one of the kinds of `NOISE`, in 0-255."""
    width, height = shape
    numbers = numpy.random.default_rng(seed).uniform(*NOISE[kind], (height, width, 3))
    return np.array(numbers, dtype='float32')


def style_parts(
    imgs: Sequence[np.ndarray], weights: Optional[Sequence[float]], masks: Sequence[np.ndarray]
) -> List[controls.Style]:
    """Return the paintings with their weights and masks; one painting may serve many masks."""
    if masks:
        return [controls.Style(img, mask=mask) for img, mask in zip(cycle(imgs), masks)]
    return [controls.Style(img, w) for img, w in zip(imgs, weights or cycle([1.0]))]


def check_masks(
    args: Dict[str, Any],
    recipe: Recipe,
    pictures: Pictures,
    net: nn.HybridSequential,
    device: mx.Context,
) -> None:
    """Refuse regions of which the network would see nothing in the smallest picture."""
    shape = min((stage.image_shape for stage in recipe.stages), key=math.prod)
    style_shape = controls.scaled_shape(shape, args['style_scale'])
    for k, mask in enumerate(pictures.content_masks, start=1):
        controls.guide(mask, net, recipe, shape, device, f'content mask {k}')
    for k, mask in enumerate(pictures.style_masks, start=1):
        if args['keep_style_aspect']:
            mask = controls.cropped(mask, style_shape)
        controls.guide(mask, net, recipe, style_shape, device, f'style mask {k}')
