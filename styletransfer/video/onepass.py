r"""Moving pictures in one pass: a trained network paints each frame, and what it sees stays put.

A network has no memory. Of two frames that differ by nothing but the camera's noise it makes two
paintings that differ in their strokes. So what the frame before became is moved along the flow and
mixed in, where the flow can be trusted:

.. math:: O_t = (1 - b c_t) N(I_t) + b c_t \, W(O_{t-1})

with N the network, W the warp, c the `reliability` and b a share.

Chen et al.: Coherent online video style transfer, ICCV 2017, mix so within a network.
**Departures.** Theirs learns where to mix, and mixes what its layers say; here the tests of Ruder
et al. tell where, and pixels are mixed, so that any network will do that was trained on pictures.
"""

from __future__ import annotations

import math
import time
from itertools import count, islice, tee
from typing import Callable, Iterable, Iterator, NamedTuple, Optional, Tuple

import numpy
from mxnet import numpy as np

from styletransfer import trained
from styletransfer.feedforward import painting
from styletransfer.images import ImageShape
from styletransfer.video.clips import Clip, Frame, frames
from styletransfer.video.flow import Motion
from styletransfer.video.kept import FRAME_BYTES, Kept

BASE_BYTES = 400e6  # of memory, that the libraries take
TIMED = 3  # frames: the first compiles the network


Each = Callable[[Iterable[numpy.ndarray]], Iterator[numpy.ndarray]]


class Painter(NamedTuple):
    """A network, and what it is asked for."""

    net: trained.Painter
    wish: painting.Wish
    blend: float

    def painted(self, img: numpy.ndarray) -> numpy.ndarray:
        """Return a frame as the network paints it, of which no other frame knows.

        Parameters
        ----------
        img : np.ndarray of shape (height, width, 3)
            RGB in 0-255, uint8.

        Returns
        -------
        np.ndarray of the same shape
            RGB in 0-255, floats.
        """
        result = painting.painted(self.net, np.array(img, dtype='uint8'), self.wish)
        return 255 * result.asnumpy()

    def paint(
        self,
        clip: Clip,
        kept: Kept,
        on_work: Callable[[float], None],
        each: Optional[Each] = None,
    ) -> None:
        """Paint the frames of a clip that are not kept yet, and keep each as soon as it is done.

        Parameters
        ----------
        on_work : callable
            Told of each frame that is done.
        each : callable, optional
            Given frames, yields in their order what `painted` would return; default: here, one
            after the other.
        """
        missing = next(number for number in count() if number not in kept)
        before: Optional[Frame] = None
        shown, sent = tee(frames(clip, max(0, missing - 1)))
        imgs = (frame.img for frame in sent if frame.number not in kept)
        painted = each(imgs) if each else map(self.painted, imgs)
        for frame in shown:
            if frame.number not in kept:
                img = next(painted)
                if before and self.blend:
                    motion = Motion(frame.img, before.img)
                    img = blended(img, kept[before.number], motion, self.blend)
                kept[frame.number] = img.round().clip(0, 255).astype('uint8')
                on_work(1.0)
            before = frame

    def seconds(self, clip: Clip) -> Tuple[float, float]:
        """Return about how long the first frame takes here, and each other; some are painted."""
        ends = [time.perf_counter()]
        for frame in islice(frames(clip), TIMED):
            self.painted(frame.img)
            ends.append(time.perf_counter())
        return ends[1] - ends[0], ends[-1] - ends[-2]

    def bytes(self, shape: ImageShape) -> Tuple[float, float]:
        """Return about how much memory it takes, and how much disk each frame."""
        pixels = math.prod(shape)
        return BASE_BYTES + self.net.bytes * pixels, FRAME_BYTES * pixels


def blended(
    painted: numpy.ndarray, before: numpy.ndarray, motion: Motion, share: float
) -> numpy.ndarray:
    """Return a painted frame with what the frame before became mixed in; across a cut, as it is.

    Parameters
    ----------
    painted, before : np.ndarray of shape (height, width, 3)
        The frame as the network paints it, and what the frame before became.
    motion : Motion
        Of the two frames of the clip.
    share : float
        b, from 0 to 1.
    """
    if motion.is_cut():
        return painted
    weight = share * motion.reliability()[:, :, None]
    return painted + weight * (motion.brought(before).astype('float32') - painted)
