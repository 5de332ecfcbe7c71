r"""Where each pixel went: optical flow, how far it can be trusted, and pictures moved along it.

A flow w has for each pixel p of one picture how far right and down, in pixels, the same thing is
found in another: at :math:`p + w(p)`. So the other picture is brought into line with the one by
looking there (`warped`). Arrays are NumPy's: (height, width, 2), the step to the right first.

Kroeger et al.: Fast optical flow using dense inverse search, ECCV 2016, is the flow; Sundaram et
al.: Dense point trajectories by GPU-accelerated large displacement optical flow, ECCV 2010, and
Ruder et al.: Artistic style transfer for videos, GCPR 2016, are the tests of whether to trust it.

**Departures.** Ruder et al. take DeepFlow's flow, which is finer, and takes far longer.
"""

from __future__ import annotations

from typing import Tuple

import numpy

from styletransfer.video.libraries import library

SMALLEST = 16  # pixels a side of a picture in which motion is seen
# two frames are of two scenes where they have less than this share of the pixels in common, as far
# as flow can tell, and brought into line still differ by more than this share of the contrast;
# measured of one scene, with fast motion and three frames of four left out: 0.39 at least and 0.28
# at most; across cuts: 0.28 at most and 0.74 at least
IN_COMMON, UNLIKE = 0.4, 0.5


def optical_flow(first: numpy.ndarray, second: numpy.ndarray) -> numpy.ndarray:
    """Return for each pixel of a picture where it is in another: OpenCV's DIS, medium.

    Parameters
    ----------
    first, second : np.ndarray of shape (height, width, 3)
        RGB in 0-255, uint8; only the light is looked at.

    Returns
    -------
    np.ndarray of shape (height, width, 2), float32
        Pixels to the right, and pixels down.
    """
    cv2 = library('cv2')
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = (cv2.cvtColor(img, cv2.COLOR_RGB2GRAY) for img in (first, second))
    return search.calc(*grey, None)


def positions(flow: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Return the columns and rows at which a flow arrives, each of shape (height, width)."""
    rows, columns = numpy.indices(flow.shape[:2], dtype='float32')
    return columns + flow[:, :, 0], rows + flow[:, :, 1]


def warped(img: numpy.ndarray, flow: numpy.ndarray) -> numpy.ndarray:
    r"""Return a picture as seen along a flow: :math:`Y(p) = I(p + w(p))`, bilinear.

    Beyond its border a picture is as at its border. Positions are rounded to 1/32 of a pixel.

    Parameters
    ----------
    img : np.ndarray of shape (height, width) or (height, width, channels)
        Floats or 8-bit numbers.
    flow : np.ndarray of shape (height, width, 2)
        From the picture that is returned to `img`.
    """
    cv2 = library('cv2')
    x, y = positions(flow)
    return cv2.remap(img, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def inside(flow: numpy.ndarray) -> numpy.ndarray:
    """Return where a flow arrives within the picture: a mask of shape (height, width)."""
    (x, y), (h, w) = positions(flow), flow.shape[:2]
    return (x >= 0) & (x <= w - 1) & (y >= 0) & (y <= h - 1)


def consistent(flow: numpy.ndarray, back: numpy.ndarray) -> numpy.ndarray:
    r"""Return where following a flow there and back again ends where it began.

    .. math:: |w + \tilde w|^2 < 0.01 (|w|^2 + |\tilde w|^2) + 0.5,
              \quad \tilde w(p) = w'(p + w(p))

    What is hidden in the other picture fails: there something else is seen, which moved otherwise.

    Parameters
    ----------
    flow, back : np.ndarray of shape (height, width, 2)
        w, from this picture to the other, and w', from the other to this one.

    Returns
    -------
    np.ndarray of shape (height, width), bool
        It says nothing of what is not `inside`.
    """
    returned = warped(back, flow)
    length = (flow**2).sum(axis=2) + (returned**2).sum(axis=2)
    return ((flow + returned) ** 2).sum(axis=2) < 0.01 * length + 0.5


def motion_boundaries(flow: numpy.ndarray) -> numpy.ndarray:
    r"""Return where the flow changes so fast that two things move differently there.

    .. math:: |\nabla u|^2 + |\nabla v|^2 > 0.01 |w|^2 + 0.002

    with w = (u, v), and differences to both sides, halved.

    Returns
    -------
    np.ndarray of shape (height, width), bool
    """
    slopes = numpy.gradient(flow, axis=(0, 1))
    steepness = sum((slope**2).sum(axis=2) for slope in slopes)
    return steepness > 0.01 * (flow**2).sum(axis=2) + 0.002


def reliability(flow: numpy.ndarray, returns: numpy.ndarray) -> numpy.ndarray:
    r"""Return how far a flow can be trusted: 1 as it is, 0 not at all.

    It is -1 where the flow is not `consistent`, 0 at `motion_boundaries` and where it leaves the
    picture, 1 elsewhere; then it is blurred by a Gaussian of 0.8 pixels, five wide, and what is
    below 0 becomes 0. With -1 in place of 0 the neighbours of what was hidden lose trust, too.

    Parameters
    ----------
    flow : np.ndarray of shape (height, width, 2)
        From this picture to the other.
    returns : np.ndarray of shape (height, width), bool
        Where it is `consistent`.

    Returns
    -------
    np.ndarray of shape (height, width), float32

    Notes
    -----
    Ruder et al. say in the paper that all of these are 0; their program does this.
    """
    trust = numpy.where(motion_boundaries(flow), 0, 1)
    trust = numpy.where(returns, trust, -1)
    trust = numpy.where(inside(flow), trust, 0).astype('float32')
    return library('cv2').GaussianBlur(trust, (5, 5), 0.8).clip(0, 1)


class Motion:
    """How a picture and an earlier one are related: flow both ways, and what follows from it.

    Parameters
    ----------
    now, then : np.ndarray of shape (height, width, 3)
        RGB in 0-255, uint8.
    """

    def __init__(self, now: numpy.ndarray, then: numpy.ndarray) -> None:
        self.now, self.then = now, then
        self.flow = optical_flow(now, then)
        self.returns = consistent(self.flow, optical_flow(then, now))

    def brought(self, img: numpy.ndarray) -> numpy.ndarray:
        """Return what is in line with the earlier picture in line with the later one."""
        return warped(img, self.flow)

    def reliability(self) -> numpy.ndarray:
        """Return how far that can be trusted, as `reliability`."""
        return reliability(self.flow, self.returns)

    def visible(self) -> numpy.ndarray:
        """Return which pixels are seen in both pictures: a mask of shape (height, width)."""
        return inside(self.flow) & self.returns

    def is_cut(self) -> bool:
        r"""Tell whether the two are of two scenes: little of the one is found in the other.

        Less than the share `IN_COMMON` of the pixels is visible in both, and

        .. math:: \overline{|I - W(I')|} > u \, \sigma(I)

        with u `UNLIKE`, W the warp and :math:`\sigma` the standard deviation.
        """
        if self.visible().mean() >= IN_COMMON:
            return False
        now = self.now.astype('float32')
        return bool(numpy.abs(now - self.brought(self.then)).mean() > UNLIKE * now.std())
