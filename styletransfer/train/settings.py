"""Arguments become settings that go together, and pictures that can be read."""

from __future__ import annotations

import math
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import mxnet as mx
from mxnet import numpy as np

from styletransfer import controls, vgg
from styletransfer.color import PRESERVE_COLOR, luminance
from styletransfer.errors import InputError, unknown
from styletransfer.images import PICTURE_FORMATS, ImageShape, load_image, picture_path
from styletransfer.machine import find_device
from styletransfer.recipes import Recipe, Stage, find_recipe, with_stages
from styletransfer.train.plan import Plan, make_plan, planned

# where a picture may start besides the pictures: uniform noise between two levels of 0-255
NOISE = {'noise': (0, 255), 'grey_noise': (108, 148)}


class Setting(NamedTuple):
    """What the arguments say before any picture is read: whatever can be wrong there is right."""

    arguments: Dict[str, Any]
    recipe: Recipe
    device: mx.Context
    backbone: str
    plan: Plan


class Pictures(NamedTuple):
    """The pictures of a run, in 0-255, and masks, in 0-1; and the files they are from."""

    content: np.ndarray
    styles: List[np.ndarray]
    content_masks: List[np.ndarray]
    style_masks: List[np.ndarray]
    init: Optional[np.ndarray]  # None if it is none of its own
    files: Dict[str, List[Path]]


def make_recipe(args: Dict[str, Any], content: Path) -> Recipe:
    """Return the recipe that the arguments ask for, complete and checked."""
    recipe = find_recipe(args['recipe'])
    shape = args['shape'] or recipe.stages[-1].image_shape
    if args['keep_aspect']:
        width, height = load_image(content).shape[1::-1]
        shape = (shape[0], max(1, round(shape[0] * height / width)))
    recipe = planned(recipe, shape, args['coarse_shape'])
    for entry in fields(Recipe):
        if args.get(entry.name) is not None and 'parse' in entry.metadata:
            recipe = replace(recipe, **{entry.name: args[entry.name]})
    for entry in fields(Stage):
        if args.get(entry.name) is not None:
            recipe = with_stages(recipe, entry.name, args[entry.name])
    stages = tuple(stage for stage in recipe.stages if stage.num_epochs)
    if not stages:
        raise InputError('--epochs leaves out every stage: there is nothing to do')
    return replace(recipe, stages=stages)


def make_setting(args: Dict[str, Any]) -> Setting:
    """Check all that can be checked without the pictures.

    Raises
    ------
    InputError
        If anything the user gave cannot be used.
    """
    content = picture_path(args['content'], 'content')
    for style in args['style']:
        picture_path(style, 'style')
    if args['format'] not in PICTURE_FORMATS:
        raise unknown('picture format', args['format'], PICTURE_FORMATS)
    check_controls(args)
    recipe = make_recipe(args, content)
    if args['content_mask'] and not recipe.style_layers:
        raise InputError('--content-mask says where styles go, but there are no style layers')
    device = find_device(args['device'])
    backbone = vgg.find_backbone(args['backbone'], recipe.family)
    plan = make_plan(recipe, backbone, args['tile'], device, args['style_scale'])
    return Setting(args, recipe, device, backbone, plan)


def check_controls(args: Dict[str, Any]) -> None:
    """Refuse styles, weights and masks that do not go together."""
    styles, weights = args['style'], args['style_weights']
    masks, style_masks = args['content_mask'] or [], args['style_mask'] or []
    if style_masks and not masks:
        raise InputError(
            '--style-mask is given without --content-mask: say with it where in the photo each '
            'style goes'
        )
    if masks and len(styles) not in (1, len(masks)):
        raise InputError(
            f'{len(styles)} styles given for {len(masks)} content masks: give one style for each, '
            'or one for all'
        )
    if style_masks and len(style_masks) != len(masks):
        raise InputError(
            f'{len(style_masks)} style masks given for {len(masks)} content masks: give one for '
            'each, or none'
        )
    if weights and masks:
        raise InputError('--style-weights mixes styles, but masks keep them apart: leave one out')
    controls.mixed([[]] * len(styles), weights or [1.0] * len(styles))  # refuses odd weights
    if not math.isfinite(args['style_scale']) or args['style_scale'] <= 0:
        raise InputError(f'--style-scale is {args["style_scale"]:g}: it must be above 0')
    method = args['preserve_color']
    if method and method not in PRESERVE_COLOR:
        raise unknown('way to preserve color', method, PRESERVE_COLOR)


def picture_files(args: Dict[str, Any], recipe: Recipe) -> Dict[str, List[Path]]:
    """Return all files of pictures and masks that a run reads, by what they are.

    Raises
    ------
    InputError
        If a name is not that of a file or of a bundled picture.
    """
    start = args['init'] or recipe.init
    own = start not in ('content', 'style', *NOISE)
    if own and not (Path(start).suffix or os.path.exists(start)):
        raise unknown('file or start', start, ('content', 'style', *NOISE))
    return {
        'content': [picture_path(args['content'], 'content')],
        'style': [picture_path(name, 'style') for name in args['style']],
        'content mask': [Path(name) for name in args['content_mask'] or ()],
        'style mask': [Path(name) for name in args['style_mask'] or ()],
        'init': [Path(start)] if own else [],
    }


def read_pictures(setting: Setting) -> Pictures:
    """Read the pictures and masks of a run.

    Raises
    ------
    InputError
        If one cannot be read or used.
    """
    args, recipe = setting.arguments, setting.recipe
    files, shape = picture_files(args, recipe), recipe.stages[-1].image_shape
    style_shape = controls.scaled_shape(shape, args['style_scale'])
    return Pictures(
        load_image(files['content'][0], shape),
        [load_image(path, style_shape) for path in files['style']],
        [load_mask(path, shape) for path in files['content mask']],
        [load_mask(path, style_shape) for path in files['style mask']],
        load_image(files['init'][0], shape) if files['init'] else None,
        files,
    )


def load_mask(path: Path, shape: ImageShape) -> np.ndarray:
    """Return the mask in a file: 1 where the picture is white, 0 where it is black.

    Raises
    ------
    InputError
        If it cannot be read, or nothing in it is lighter than half.
    """
    mask = luminance(load_image(path, shape))[:, :, 0] / 255
    if float(mask.max()) < 0.5:
        raise InputError(f"mask '{path}' is empty: paint white where its style is to go")
    return mask
