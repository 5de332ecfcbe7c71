"""A picture's regions, each in a colour of its own: read from a label picture, or proposed.

A *label picture* is painted over a copy of a photo or a painting, one plain colour for each kind
of thing. What has the same colour in both belongs together: the sky of the one takes the style of
the other's sky.

Luan, Paris, Shechtman, Bala: Deep photo style transfer, CVPR 2017. Departure: any colours may be
painted with, and a pixel between two of them, as at an edge drawn softly, belongs to the nearer.
"""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

import numpy

from styletransfer.errors import InputError

# those of Luan et al., in which regions are proposed, too
COLOURS = {
    'blue': (0, 0, 255),
    'green': (0, 255, 0),
    'black': (0, 0, 0),
    'white': (255, 255, 255),
    'red': (255, 0, 0),
    'yellow': (255, 255, 0),
    'grey': (128, 128, 128),
    'lightblue': (0, 255, 255),
    'purple': (255, 0, 255),
}
PLAIN = 16  # levels by which pixels side by side may differ in a plain area
APART = 64  # levels between two colours that are not the same
COLOUR_SHARE = 0.01  # of a label picture's plain areas: what is less is no colour of its own
REGION_SHARE = 0.005  # of a label picture: what is less joins what is next to it
PIECES = 400  # of which proposed regions are made
REACH = 40  # units of Lab between the upper and the lower border of a picture


class Regions(NamedTuple):
    """The regions of a photo and of a painting, number by number the same."""

    colours: numpy.ndarray  # (k, 3), uint8
    content: numpy.ndarray  # (height, width), numbers from 0 to k - 1
    style: numpy.ndarray  # the same of the painting, of another size; -1 where it is in none

    @property
    def shares(self) -> List[float]:
        """Return how much of the photo each region is; the sum is 1."""
        return [float((self.content == k).mean()) for k in range(len(self.colours))]

    def painted(self) -> Tuple[numpy.ndarray, numpy.ndarray]:
        """Return the label pictures of photo and painting; what nothing asks for is dark grey."""
        colours = numpy.concatenate([self.colours, numpy.full((1, 3), 64, 'uint8')])
        return colours[self.content], colours[self.style]


def masks(labels: numpy.ndarray) -> List[numpy.ndarray]:
    """Return a mask for each number in labels (h, w): 1 where it stands, 0 elsewhere."""
    return [(labels == k).astype('float32') for k in range(labels.max() + 1)]


def palette(*imgs: numpy.ndarray) -> numpy.ndarray:
    """Return the colours of label pictures, the commonest first.

    Only plain areas are looked at, as an edge drawn softly has many colours between two. The
    commonest colour stands for all that are less than 64 levels from it, as in a file that does
    not keep colours exactly; then the commonest of those left, and so on.

    Parameters
    ----------
    imgs : numpy.ndarray of shape (height, width, 3), uint8

    Returns
    -------
    numpy.ndarray of shape (k, 3), uint8
    """
    from scipy.ndimage import maximum_filter, minimum_filter  # type: ignore[import-untyped]

    size, plain = (3, 3, 1), []
    for img in imgs:
        spread = maximum_filter(img, size) - minimum_filter(img, size)
        plain.append(img[spread.max(axis=2) <= PLAIN])
    found, counts = numpy.unique(numpy.concatenate(plain), axis=0, return_counts=True)
    fewest, colours = COLOUR_SHARE * min(map(len, plain)), []
    while counts.any():
        colour = found[counts.argmax()]
        near = _distances(found, colour) < APART**2
        if counts[near].sum() >= fewest:
            colours.append(colour)
        counts[near] = 0
    return numpy.array(colours, 'uint8').reshape(-1, 3)


def _distances(img: numpy.ndarray, colour: numpy.ndarray) -> numpy.ndarray:
    return numpy.square(img.astype('int32') - colour).sum(axis=-1)


def colour_name(colour: numpy.ndarray) -> str:
    """Return what a colour is called: the nearest of the nine, or its code if none is near."""
    named = numpy.array(list(COLOURS.values()))
    distances = _distances(named, colour)
    if distances.min() < APART**2:
        return list(COLOURS)[distances.argmin()]
    return '#{:02x}{:02x}{:02x}'.format(*colour)


def read_regions(content_img: numpy.ndarray, style_img: numpy.ndarray) -> Regions:
    """Return the regions of two label pictures.

    A region of less than half a percent joins what is next to it. A colour that only the painting
    has is left out: nothing in the photo asks for it.

    Parameters
    ----------
    content_img, style_img : numpy.ndarray of shape (height, width, 3), uint8
        The label pictures of the photo and of the painting, in the same colours.

    Raises
    ------
    InputError
        If the photo has a region of a colour that the painting has not.
    """
    colours = palette(content_img, style_img)
    if not len(colours):
        raise InputError('the label pictures have no plain areas: paint each region in one colour')
    content, style = (_labels(img, colours) for img in (content_img, style_img))
    asked, given = numpy.unique(content), numpy.unique(style)
    for k in asked:
        if k not in given:
            raise InputError(
                f"the photo's labels have a region in {colour_name(colours[k])}, the painting's "
                'have none: paint it there, too, or join it to another region; the painting has '
                + ', '.join(colour_name(colours[k]) for k in given)
            )
    # what only the painting has stays without a number, which is never looked for
    number = numpy.full(len(colours), -1)
    number[asked] = range(len(asked))
    return Regions(colours[asked], number[content], number[style])


def _labels(img: numpy.ndarray, colours: numpy.ndarray) -> numpy.ndarray:
    """Return the number of each pixel's nearest colour, without regions that are too small."""
    from scipy.ndimage import distance_transform_edt

    labels = numpy.argmin([_distances(img, colour) for colour in colours], axis=0)
    shares = numpy.bincount(labels.ravel(), minlength=len(colours)) / labels.size
    small = shares[labels] < REGION_SHARE
    nearest = distance_transform_edt(small, return_distances=False, return_indices=True)
    return labels[tuple(nearest)]


def proposed(content_img: numpy.ndarray, style_img: numpy.ndarray, count: int) -> Regions:
    """Return regions for a photo and a painting that nobody has labelled: a proposal to edit.

    Each is cut into `segments` by itself; then those go together that are most alike in lightness
    and height, measured against their own picture: the lightest and uppermost of the one with
    that of the other. Their hues may differ, as these are what the style will change.

    Parameters
    ----------
    content_img, style_img : numpy.ndarray of shape (height, width, 3), uint8
    count : int
        2 to 9.

    Raises
    ------
    InputError
        If there are not so many different parts in a picture.
    """
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]
    from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

    both = []
    for img in (content_img, style_img):
        labels, features = segments(img, count), _features(img)[..., [0, 3]]  # L and y
        centres = numpy.array([features[labels == k].mean(axis=0) for k in range(count)])
        middle, spread = (part((0, 1)) for part in (features.mean, features.std))
        both.append((labels, (centres - middle) / (spread + 1e-6)))
    (content, ours), (style, theirs) = both
    _, partners = linear_sum_assignment(cdist(ours, theirs, 'sqeuclidean'))
    colours = numpy.array(list(COLOURS.values())[:count], 'uint8')
    return Regions(colours, content, numpy.argsort(partners)[style])


def _features(img: numpy.ndarray) -> numpy.ndarray:
    """Return colour and height of each pixel, (h, w, 4): L, a, b, and y in the same units."""
    from skimage.color import rgb2lab

    y = numpy.indices(img.shape[:2])[0] * (REACH / img.shape[0])
    return numpy.concatenate([rgb2lab(img), y[..., None]], axis=2)


def segments(img: numpy.ndarray, count: int) -> numpy.ndarray:
    """Return a picture cut into parts of similar colour and place, as numbers (h, w) from 0.

    Superpixels, small pieces along whose borders the colour changes, are joined two by two, always
    those by which the variance within the parts grows least, until so many are left.

    Notes
    -----
    Achanta et al.: SLIC superpixels, PAMI 2012, as scikit-image has it; Ward's method, as SciPy
    has it.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # type: ignore[import-untyped]
    from skimage.segmentation import slic

    features = _features(img)
    pieces = slic(img, PIECES, compactness=10, start_label=0)
    means = numpy.array([features[pieces == k].mean(axis=0) for k in range(pieces.max() + 1)])
    joined = fcluster(linkage(means, 'ward'), count, 'maxclust') - 1
    if joined.max() + 1 < count:
        raise InputError(
            f'{count} regions cannot be told apart in one of the pictures, only '
            f'{joined.max() + 1}: ask for fewer with --auto-masks'
        )
    return joined[pieces]
