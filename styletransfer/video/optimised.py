"""Moving pictures by optimisation: the book's method frame by frame, with a memory.

The first frame of a scene is painted like a photograph, from coarse to fine. Each one after it
starts as the one before was painted, moved along the flow, goes through the recipe's last stage
only, and is held against those before (`temporal.with_flow`). A scene knows nothing of another: it
is a piece of work of its own.

Ruder et al., as of `temporal`. **Departures.** Several resolutions for a first frame, and whatever
recipe is wanted.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy
from mxnet import numpy as np

from styletransfer import controls
from styletransfer.color import recolored, restored
from styletransfer.files import read_json, replacing
from styletransfer.images import (
    NOISE,
    ImageShape,
    load_image,
    noise,
    picture_path,
    postprocess,
    preprocess,
)
from styletransfer.networks import Network
from styletransfer.objective import Loss, LossAt
from styletransfer.progress import Listener, Step, StopAtNaN, together
from styletransfer.recipes import Recipe, scaled_shape
from styletransfer.synthesis import coarse_to_fine
from styletransfer.train.job import stage_seconds
from styletransfer.train.plan import Plan
from styletransfer.train.wish import Wish
from styletransfer.video.clips import Clip, frames
from styletransfer.video.flow import Motion
from styletransfer.video.kept import FRAME_BYTES, Kept
from styletransfer.video.temporal import Reference, beginning, long_term, with_flow

# a pass has so many of the epochs that one pass over the clip would have, all passes together;
# Ruder et al.: 15 of 100 iterations in place of 1000, with half the weight, from the eighth on
PASSES_EPOCHS, PASSES_WEIGHT = 1.5, 0.5

SCENES, SOURCE = 'scenes.json', 'clip'
OnWork = Callable[[float], None]  # told of each share of a frame that is done


class Scene(NamedTuple):
    """The frames from one cut to the next, `last` not among them."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """Return what the folder of its unfinished frames is called."""
        return f'scene{self.first:06d}'


class Artist(NamedTuple):
    """All that the frames of a clip have in common."""

    wish: Wish  # of a frame
    plan: Plan
    network: Network
    flow_weight: float
    offsets: List[int]  # the nearest first
    passes: int
    known: Dict[ImageShape, controls.Targets]  # of the style, once for all frames

    @property
    def later(self) -> Recipe:
        """Return the recipe for a frame that does not begin with nothing: its last stage."""
        return replace(self.plan.recipe, stages=self.plan.recipe.stages[-1:])

    def loss_at(self, content: np.ndarray) -> LossAt:
        """Return what judges a frame, apart from other frames."""
        wish, plan = self.wish, self.plan
        shape = scaled_shape(plan.shape, wish.style_scale)
        imgs = [load_image(picture_path(name, 'style'), shape) for name in wish.style]
        known: Optional[Dict[ImageShape, controls.Targets]] = self.known
        if wish.preserve_color:  # the painting gets the colours of each frame
            pairs = [recolored(wish.preserve_color, content, img) for img in imgs]
            content, imgs, known = pairs[0][0], [img for _, img in pairs], None
        weights = wish.style_weights or [1.0] * len(imgs)
        return controls.controlled(
            self.network.net,
            plan.recipe,
            content,
            [controls.Style(img, weight) for img, weight in zip(imgs, weights)],
            plan.device,
            style_scale=wish.style_scale,
            crop=wish.keep_style_aspect,
            tile_at=plan.tiles.get,
            known=known,
        )

    def painted(
        self,
        frame: numpy.ndarray,
        start: Optional[numpy.ndarray],
        references: List[Reference],
        weight: float,
        share: float,
        on_work: OnWork,
    ) -> numpy.ndarray:
        """Return a frame as it is painted, RGB in 0-255, uint8.

        Parameters
        ----------
        frame : np.ndarray of shape (height, width, 3)
            As it is in the clip, RGB in 0-255, uint8.
        start : np.ndarray of shape (height, width, 3), optional
            Where it starts, for the last stage; None to go through all, from the recipe's start.
        references : list of Reference
            Frames against which it is held.
        weight : float
            Of each of their terms.
        share : float
            Of the recipe's epochs in the last stage.
        on_work : callable
            Told, all in all, of a whole frame.
        """
        content = np.array(frame, dtype='uint8')
        recipe = self.plan.recipe if start is None else self.later
        *before, last = recipe.stages
        last = replace(last, num_epochs=math.ceil(share * last.num_epochs))
        recipe = replace(recipe, stages=(*before, last))
        alone_at = self.loss_at(content)

        def loss_at(image_shape: ImageShape) -> Loss:
            held = references if image_shape == last.image_shape else []
            return with_flow(alone_at(image_shape), held, weight)

        init_img = self._start(content, recipe) if start is None else np.array(start, 'float32')
        X = preprocess(init_img, recipe.stages[0].image_shape, *recipe.mean_std)
        listeners = together(StopAtNaN(0, X), _told(on_work))
        X = coarse_to_fine(loss_at, recipe, init_img, self.plan.device, listeners)
        return rounded(255 * postprocess(X, *recipe.mean_std).asnumpy())

    def _start(self, content: np.ndarray, recipe: Recipe) -> np.ndarray:
        if recipe.init in NOISE:
            return noise(recipe.init, recipe.stages[0].image_shape, self.wish.seed)
        method = self.wish.preserve_color
        return recolored(method, content, content)[0] if method else content

    def finished(self, painted: numpy.ndarray, frame: numpy.ndarray) -> numpy.ndarray:
        """Return a painted frame as it is shown: with the colours of the clip, if so wished."""
        if not self.wish.preserve_color:
            return painted
        img = np.array(painted, dtype='float32') / 255
        content = np.array(frame, dtype='uint8')
        return rounded(255 * restored(self.wish.preserve_color, img, content).asnumpy())

    def seen(self, X: numpy.ndarray) -> np.ndarray:
        """Return a picture in 0-255 as the network reads it, on the device."""
        shape, mean_std = self.plan.shape, self.plan.recipe.mean_std
        return preprocess(np.array(X, 'float32'), shape, *mean_std).copyto(self.plan.device)

    def paint(self, clip: Clip, kept: Kept, on_work: OnWork) -> None:
        """Paint the frames of a clip that are not kept yet, scene by scene.

        The clip's own frames, and where its scenes begin, are kept, too, until all is done: a
        scene is painted to and fro, and may be as long as it likes.

        Parameters
        ----------
        on_work : callable
            Told of each share of a frame that is done.
        """
        source = kept.within(SOURCE)
        for scene in scenes_of(clip, kept):
            paint_scene(self, scene, source, kept, on_work)
        source.remove()

    def seconds(self, clip: Clip) -> Tuple[float, float]:
        """Return about how long the first frame of a scene takes here, and each other."""
        seconds = stage_seconds(self.plan, self.network)
        if self.passes == 1:
            return sum(seconds), seconds[-1]
        each = sum(seconds[:-1]) + PASSES_EPOCHS * seconds[-1]
        return each, each

    def bytes(self, shape: ImageShape) -> Tuple[float, float]:
        """Return about how much memory it takes, and how much disk each frame: there are three."""
        memory = self.plan.needs.tiled(shape, self.plan.tiles[shape])
        return memory, 3 * FRAME_BYTES * math.prod(shape)


def scenes_of(clip: Clip, kept: Kept) -> List[Scene]:
    """Return the scenes of a clip, which are looked for once; the clip's frames are kept, too."""
    source, listed = kept.within(SOURCE), kept.folder / SCENES
    if not listed.is_file():
        cuts = list(find_cuts(clip, source))
        with replacing(listed) as temporary:
            temporary.write_text(json.dumps(cuts), encoding='utf-8')
    cuts = read_json(listed)
    return [Scene(first, last) for first, last in zip(cuts, cuts[1:])]


def rounded(img: numpy.ndarray) -> numpy.ndarray:
    """Return a picture in 0-255 in numbers of 8 bits."""
    return img.round().clip(0, 255).astype('uint8')


def _told(on_work: OnWork) -> Listener:
    def on_step(step: Step) -> None:
        on_work(1 / (step.num_epochs * step.of))

    return on_step


def find_cuts(clip: Clip, source: Kept) -> Iterator[int]:
    """Yield the first frame of each scene, and last how many frames there are; keep the frames."""
    before, count = None, 0
    for frame in frames(clip):
        if before is None or Motion(frame.img, before.img).is_cut():
            yield frame.number
        if frame.number not in source:
            source[frame.number] = frame.img
        before, count = frame, frame.number + 1
    yield count


def paint_scene(artist: Artist, scene: Scene, source: Kept, kept: Kept, on_work: OnWork) -> None:
    """Paint the frames of a scene that are not kept yet, and keep each as soon as it is done.

    Parameters
    ----------
    artist : Artist
    scene : Scene
    source, kept : Kept
        The frames of the clip, and those that are painted.
    on_work : callable
        Told of each share of a frame that is done.
    """

    def told(share: float) -> None:
        on_work(share / artist.passes)

    work, indices = kept.within(scene.name), range(scene.first, scene.last)
    # if a pass has begun, the one before it is complete, and may be gone
    begun = [k for k in range(1, artist.passes + 1) if any(i in _pass(work, k) for i in indices)]
    for k in range(max(begun, default=1), artist.passes + 1):
        done, before = _pass(work, k), _pass(work, k - 1)
        for index in indices if k % 2 else reversed(indices):
            if index in kept:
                continue
            if index not in done:
                if artist.passes == 1:
                    done[index] = _onward(artist, scene, index, source, done, told)
                else:
                    done[index] = _again(artist, scene, k, index, source, before, done, told)
            if k == artist.passes:
                kept[index] = artist.finished(done[index], source[index])
        before.remove()
    work.remove()


def _pass(work: Kept, k: int) -> Kept:
    return work.within(f'pass{k}')


def _onward(
    artist: Artist, scene: Scene, index: int, source: Kept, done: Kept, on_work: OnWork
) -> numpy.ndarray:
    """Paint a frame of the only pass: from the frame before, held against those before."""
    frame = source[index]
    offsets = [offset for offset in artist.offsets if index - offset >= scene.first]
    if index == scene.first:
        return artist.painted(frame, None, [], 0.0, 1.0, on_work)
    motions = {offset: Motion(frame, source[index - offset]) for offset in {1, *offsets}}
    start = beginning(frame, done[index - 1], motions[1])
    weights = long_term([motions[offset].reliability() for offset in offsets])
    references = [
        Reference(offset, artist.seen(motions[offset].brought(done[index - offset])), weight)
        for offset, weight in zip(offsets, weights)
    ]
    return artist.painted(frame, start, references, artist.flow_weight, 1.0, on_work)


def _again(
    artist: Artist,
    scene: Scene,
    k: int,
    index: int,
    source: Kept,
    before: Kept,
    done: Kept,
    on_work: OnWork,
) -> numpy.ndarray:
    r"""Paint a frame of one of several passes, to and fro.

    In the first each frame is alone. In any other it starts between itself and the neighbour that
    was just painted, moved along the flow, :math:`(x + c W) / (1 + c)`; in the second half it is
    held against that, too.
    """
    frame, share = source[index], PASSES_EPOCHS / artist.passes
    if k == 1:
        return artist.painted(frame, None, [], 0.0, share, on_work)
    x, neighbour = before[index].astype('float32'), index - 1 if k % 2 else index + 1
    if not scene.first <= neighbour < scene.last:
        return artist.painted(frame, x, [], 0.0, share, on_work)
    motion = Motion(frame, source[neighbour])
    moved, trust = motion.brought(done[neighbour]), motion.reliability()
    start = (x + trust[:, :, None] * moved) / (1 + trust[:, :, None])
    references = [Reference(1, artist.seen(moved), trust)] if k > artist.passes / 2 else []
    weight = PASSES_WEIGHT * artist.flow_weight
    return artist.painted(frame, start, references, weight, share, on_work)
