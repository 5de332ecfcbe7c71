"""What a run needs: a plan, pictures and a network become a `Job`, which can be painted."""

from __future__ import annotations

import math
import os
import time
from dataclasses import asdict, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from mxnet import numpy as np
from PIL import Image

from styletransfer import controls, mrf, photo, trained
from styletransfer.canvas import cut, mirrored
from styletransfer.checkpoint import Checkpoint
from styletransfer.color import luminance, recolored, restored
from styletransfer.errors import InputError, unknown
from styletransfer.feedforward import painting
from styletransfer.files import file_hash
from styletransfer.images import (
    NOISE,
    ImageShape,
    as_picture,
    load_image,
    noise,
    picture_path,
    postprocess,
    preprocess,
    resized,
    save_image,
)
from styletransfer.networks import Network, network_for
from styletransfer.objective import LossAt, objectives
from styletransfer.outputs import as_json
from styletransfer.progress import Bar, Listener, StopAtNaN, together
from styletransfer.recipes import Recipe, scaled_shape
from styletransfer.regions import Regions, colour_name, masks, proposed, read_regions
from styletransfer.synthesis import coarse_to_fine
from styletransfer.train.plan import Plan, make_plan, seconds_per_pixel
from styletransfer.train.wish import OPTIONS, STARTS, Wish, wish_of

Known = Dict[ImageShape, controls.Targets]


class Pictures(NamedTuple):
    """The pictures of a run, in 0-255, and masks, in 0-1; and the files they are from.

    Masks and start go on beyond the borders as far as the canvas does (`canvas.mirrored`). With
    regions from label pictures, or proposed, they are the masks, too.
    """

    content: np.ndarray
    styles: List[np.ndarray]
    content_masks: List[np.ndarray]
    style_masks: List[np.ndarray]
    regions: Optional[Regions]
    init: Optional[np.ndarray]  # None if it is none of its own
    files: Dict[str, List[Path]]


class Job(NamedTuple):
    """One run, with everything checked and read before the long work starts."""

    wish: Wish
    plan: Plan
    network: Network
    pictures: Pictures
    loss_at: LossAt
    init_img: np.ndarray

    @property
    def recipe(self) -> Recipe:
        """Return all numbers of the run, with layers that the network has."""
        return self.plan.recipe

    @property
    def fingerprint(self) -> Dict[str, Any]:
        """Return all that the result depends on: a resumed run must have the same."""
        asked = fingerprint(self.wish, self.plan, self.network)
        return {**asked, 'pictures': digests(self.pictures.files)}

    def finished(self, X: np.ndarray) -> np.ndarray:
        """Return a picture as it is saved: RGB in 0-1, cut, its colours restored if so wished."""
        img = cut(postprocess(X, *self.recipe.mean_std), self.recipe)
        content_img, method = self.pictures.content, self.wish.preserve_color
        img = photo.finished(img, content_img, self.recipe, self.wish.keep_detail)
        return restored(method, img, content_img) if method else img

    def start(self, saved: Optional[Checkpoint] = None) -> Tuple[int, np.ndarray]:
        """Return the stage, from 0, and the picture with which the work begins."""
        if saved and 'X' in saved.arrays:
            return saved.stage, np.array(saved.arrays['X'])
        first = self.recipe.stages[0]
        return 0, preprocess(self.init_img, first.image_shape, *self.recipe.mean_std)

    def paint(self, *on_step: Listener, saved: Optional[Checkpoint] = None) -> np.ndarray:
        """Do the work, and return the picture as it is trained, (1, 3, h, w).

        Raises
        ------
        DivergedError
            If the loss is not finite any more.
        """
        listeners = together(StopAtNaN(*self.start(saved)), *on_step)
        device = self.plan.device
        return coarse_to_fine(self.loss_at, self.recipe, self.init_img, device, listeners, saved)


def make_job(
    wish: Wish,
    plan: Optional[Plan] = None,
    network: Optional[Network] = None,
    known: Optional[Known] = None,
) -> Job:
    """Put together a run.

    Parameters
    ----------
    wish : Wish
    plan, network : optional
        What `make_plan` and `load_network` make of the wish, where that was done before; of
        several wishes that differ in their pictures only, the network is the same.
    known : dict, optional
        The style's targets, to be shared by jobs that have it (see `controls.controlled`).

    Raises
    ------
    InputError
        If anything the user asked for cannot be.
    """
    plan = plan or make_plan(wish)
    pictures = read_pictures(wish, plan.recipe)
    network = network or load_network(wish, plan)
    plan = plan.fitted(network)
    recipe = plan.recipe
    check_masks(wish, pictures, network, plan)
    content_img, style_imgs = pictures.content, pictures.styles
    if wish.preserve_color:
        pairs = [recolored(wish.preserve_color, content_img, img) for img in style_imgs]
        content_img, style_imgs = pairs[0][0], [style_img for _, style_img in pairs]
    content_img = mirrored(content_img, recipe)
    loss_at = controls.controlled(
        network.net,
        recipe,
        content_img,
        style_parts(style_imgs, wish.style_weights, pictures),
        plan.device,
        pictures.content_masks,
        wish.style_scale,
        wish.keep_style_aspect,
        plan.tiles.get,
        known,
    )
    loss_at = photo.photorealistic(loss_at, recipe, content_img)
    starts = {recipe.init: pictures.init, 'content': content_img, 'style': style_imgs[0]}
    if recipe.init == 'recolored':
        regions = pictures.content_masks, pictures.style_masks
        starts[recipe.init] = photo.recolored(content_img, style_imgs, *regions)
    if recipe.init in NOISE:
        starts[recipe.init] = noise(recipe.init, recipe.stages[0].image_shape, wish.seed)
    return Job(wish, plan, network, pictures, loss_at, starts[recipe.init])


def load_network(wish: Wish, plan: Plan) -> Network:
    """Return the network for a wish, downloaded if need be."""
    return network_for(
        plan.recipe, plan.backbone, wish.weights, plan.device, wish.seed, wish.quiet
    )


def picture_files(wish: Wish, recipe: Recipe) -> Dict[str, List[Path]]:
    """Return all files of pictures and masks that a run reads, by what they are.

    Raises
    ------
    InputError
        If a name is not that of a file or of a bundled picture.
    """
    starts, networks = STARTS, trained.networks()
    own, known = recipe.init not in starts, (*starts, *networks)
    if recipe.init not in known and not (Path(recipe.init).suffix or os.path.exists(recipe.init)):
        raise unknown('file or start', recipe.init, known)
    labels = {
        f'{kind} labels': [picture_path(name, 'labels')] if name else []
        for kind, name in (('content', wish.content_labels), ('style', wish.style_labels))
    }
    return {
        'content': [picture_path(wish.content, 'content')],
        'style': [picture_path(name, 'style') for name in wish.style],
        'content mask': [Path(name) for name in wish.content_mask],
        'style mask': [Path(name) for name in wish.style_mask],
        **labels,
        'init': [networks.get(recipe.init, Path(recipe.init))] if own else [],
    }


def read_pictures(wish: Wish, recipe: Recipe) -> Pictures:
    """Read the pictures and masks of a run.

    Raises
    ------
    InputError
        If one cannot be read or used.
    """
    files, shape = picture_files(wish, recipe), recipe.stages[-1].image_shape
    style_shape = scaled_shape(shape, wish.style_scale)
    content_img = load_image(files['content'][0], shape)
    start = start_of(files['init'][0], wish, content_img, shape) if files['init'] else None
    style_imgs = [load_image(path, style_shape) for path in files['style']]
    content_masks = [load_mask(path, shape) for path in files['content mask']]
    style_masks = [load_mask(path, style_shape) for path in files['style mask']]
    regions = None
    if wish.auto_masks:
        regions = proposed(content_img.asnumpy(), style_imgs[0].asnumpy(), wish.auto_masks)
    if wish.content_labels:
        (content_path,), (style_path,) = files['content labels'], files['style labels']
        label_imgs = load_image(content_path, shape), load_image(style_path, style_shape)
        regions = read_regions(*(img.asnumpy() for img in label_imgs))
    if regions:
        content_masks = [np.array(mask) for mask in masks(regions.content)]
        style_masks = [np.array(mask) for mask in masks(regions.style)]
    return Pictures(
        content_img,
        style_imgs,
        [mirrored(mask, recipe) for mask in content_masks],
        style_masks,
        regions,
        None if start is None else mirrored(start, recipe),
        files,
    )


def start_of(path: Path, wish: Wish, content_img: np.ndarray, shape: ImageShape) -> np.ndarray:
    """Return the picture in a file, or the painting that the network in it makes of the photo.

    A network's strokes are as many pixels long as those of the paintings that it was taught with,
    so it paints the photo at their size.

    Raises
    ------
    InputError
        If it cannot be read, or the network has no such style.
    """
    if path.suffix != '.safetensors':
        return load_image(path, shape)
    painter = trained.load(path)
    styles = wish.style if painter.statistics else [Path(name).stem for name in wish.style]
    asked = painting.Wish(tuple(styles), wish.style_weights, mask=wish.content_mask)
    img = resized(content_img, painter.shape_for(shape))
    return painting.painted(painter, img, asked) * 255


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


def style_parts(
    imgs: Sequence[np.ndarray], weights: Sequence[float], pictures: Pictures
) -> List[controls.Style]:
    """Return the paintings with their weights and masks; one painting may serve many masks.

    Regions that are given by labels count by their size, so that together they count as one.
    """
    if pictures.regions:
        weights = pictures.regions.shares
    each: Iterable[float] = weights or cycle([1.0])
    if pictures.style_masks:
        parts = zip(cycle(imgs), each, pictures.style_masks)
        return [controls.Style(img, weight, mask) for img, weight, mask in parts]
    return [controls.Style(img, weight) for img, weight in zip(imgs, each)]


def check_masks(wish: Wish, pictures: Pictures, network: Network, plan: Plan) -> None:
    """Refuse regions of which the network would see nothing in the smallest picture."""
    net, recipe = network.net, plan.recipe
    shape = min((stage.image_shape for stage in recipe.stages), key=math.prod)
    style_shape = scaled_shape(shape, wish.style_scale)
    for k, mask in enumerate(pictures.content_masks):
        name = mask_name(pictures, 'content', k)
        controls.guide(mask, net, recipe, shape, plan.device, name)
        controls.patch_guide(mask, net, recipe, shape, plan.device, name)
    for k, mask in enumerate(pictures.style_masks):
        if wish.keep_style_aspect:
            mask = controls.cropped(mask, style_shape)
        name = mask_name(pictures, 'style', k)
        controls.guide(mask, net, recipe, style_shape, plan.device, name)
        for turned in mrf.variants(recipe, np.expand_dims(mask, axis=2), style_shape):
            size = turned.shape[1::-1]
            controls.patch_guide(turned, net, recipe, size, plan.device, name)


def mask_name(pictures: Pictures, kind: str, k: int) -> str:
    """Return what the k-th mask of the photo or of the painting is called, counted from 0."""
    if pictures.regions is None:
        return f'{kind} mask {k + 1}'
    whose = {'content': "the photo's", 'style': "the painting's"}[kind]
    return f'{whose} region in {colour_name(pictures.regions.colours[k])}'


def fingerprint(wish: Wish, plan: Plan, network: Network) -> Dict[str, Any]:
    """Return all on which a result depends but the pictures, as it comes back from JSON."""
    return as_json(
        {
            'recipe': asdict(plan.recipe),
            'backbone': plan.backbone,
            'weights': network.weights,
            **wish.values(),
        }
    )


def digests(files: Mapping[str, Sequence[Path]]) -> Dict[str, List[str]]:
    """Return the SHA-256 of each file."""
    return {role: [file_hash(path) for path in paths] for role, paths in files.items()}


def stage_seconds(plan: Plan, network: Network) -> List[float]:
    """Return about how long each stage takes here; to know, some epochs are timed."""
    recipe = plan.recipe
    grey = np.full((16, 16, 3), 128)
    alone = replace(recipe, patch_layers=(), patch_layer_weights=())
    loss_at = objectives(network.net, alone, grey, grey, plan.device)
    loss_at = photo.photorealistic(loss_at, recipe, grey)
    per_pixel = seconds_per_pixel(loss_at, recipe, plan.device)
    per_match = mrf.seconds_per_multiplication(plan.device) if recipe.patch_layers else 0.0
    return [
        per_pixel * pixels + per_match * matched
        for pixels, matched in zip(plan.looked_at(), plan.matched())
    ]


def paint_one(
    wish: Wish,
    on_step: Listener = lambda step: None,
    network: Optional[Network] = None,
    known: Optional[Known] = None,
) -> float:
    """Paint a wish into the one file that its `output` names, and return the seconds it took.

    Nothing else is written, printed or kept, and all it depends on is in the wish, so that it can
    be sent to another process or machine.

    Parameters
    ----------
    wish : Wish
    on_step : callable
        Told a `Step` after each epoch; to stop the run it raises.
    network, known : optional
        As of `make_job`.

    Raises
    ------
    InputError
        If it cannot be painted.
    """
    start = time.perf_counter()
    job = make_job(wish, network=network, known=known)
    save_image(wish.output, job.finished(job.paint(on_step)))
    return time.perf_counter() - start


def painted(asked: Mapping[str, Any]) -> Image.Image:
    """Return the picture of a wish given by names and values, as Pillow has it: `stylize`.

    Raises
    ------
    InputError
        If it cannot be painted, or an option about files is given.
    """
    for name in asked:
        if name in OPTIONS and OPTIONS[name].metadata.get('files'):
            raise InputError(f'stylize writes no file, so leave out {name}: save what it returns')
    wish = wish_of(asked)
    with Bar() as bar:
        job = make_job(wish)
        return as_picture(job.finished(job.paint(*([] if wish.quiet else [bar]))))
