"""What is wrong with a painted picture, as numbers: grid, fringe, frame, bent lines.

Pictures are arrays of shape (height, width, 3) in 0-255, unless said otherwise. Each figure is
small for a photograph.
"""

import numpy
from scipy.ndimage import gaussian_filter

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
from mxnet import numpy as np

from styletransfer.images import resized
from styletransfer.photo import matting_laplacian, matting_loss

LUMA = numpy.array([0.299, 0.587, 0.114])
BAND = 8  # pixels along the border
FINE = 3.0  # pixels; what is finer is no colour of the painting


def grid(img):
    """Return how far a regular grid of pixels stands out, in times the median of all periods.

    The steepness of the luminance, averaged over rows and over columns, is looked at as a wave
    under a Hann window; a grid of period p is a peak at p. The largest at periods of 4 pixels and
    below counts.
    """
    luminance, peaks = numpy.asarray(img, 'float64') @ LUMA, [0.0]
    for axis in (0, 1):
        steepness = abs(numpy.diff(luminance, axis=axis)).mean(axis=1 - axis)
        wave = (steepness - steepness.mean()) * numpy.hanning(len(steepness))
        spectrum = abs(numpy.fft.rfft(wave))
        fine = numpy.fft.rfftfreq(len(wave)) >= 1 / 4
        median = numpy.median(spectrum[1:])
        if median > 1e-9 * luminance.max():  # a constant picture has no waves at all
            peaks.append(spectrum[fine].max() / median)
    return max(peaks)


def fringe(img):
    """Return how strong the colours are that change within 3 pixels, in levels."""
    img = numpy.asarray(img, 'float64')
    chroma = img - (img @ LUMA)[..., None]
    # a Gaussian of this deviation lets pass what is longer than the period
    return (chroma - gaussian_filter(chroma, (FINE / 2, FINE / 2, 0), mode='reflect')).std()


def frame(img, photo):
    """Return how much the border differs from what is next to it, beyond the photo, in levels.

    Compared are the mean luminances of a band of 8 pixels along each border and of the band beside
    it; a sky is lighter than the land, so the photo's own difference is taken away.
    """
    change = (numpy.asarray(img, 'float64') - photo) @ LUMA
    differences = []
    for side in (change, change[::-1], change.T, change.T[::-1]):
        differences.append(abs(side[:BAND].mean() - side[BAND : 2 * BAND].mean()))
    return numpy.mean(differences)


def matting_energy(img, photo):
    """Return how far a picture is from all locally affine changes of a photo, both in 0-1.

    The mean over pixels of what the matting Laplacian says of all three colours; the photo is
    brought to the picture's size.
    """
    photo = resized(np.array(photo, dtype='float32'), img.shape[1::-1]).asnumpy()
    l, _ = matting_loss(numpy.asarray(img).transpose(2, 0, 1), matting_laplacian(photo))
    return l / numpy.prod(img.shape[:2])
