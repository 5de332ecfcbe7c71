"""How good are painters that learned from a critic?

``python tests/benchmarks/adversarial.py FOLDER FOLDER --nets NET ... [--known FOLDER]``

The collections (folders, sheets or bundled names) hold pictures that no network has learned from:
as `gan train --held-out` takes them. Each network is measured at the side at which it was trained;
the table has a row for each, one for pictures that were left as they are, and one for the pictures
that are wanted. Name the network of a baseline beside the one it is for.

- pix2pix: *L1*, from the picture that is wanted, in levels of 256; *edges*, how well the edges are
  the lines of the given drawing (the F-score of Canny's, a pixel aside allowed); *colours*, the
  distance of the histogram of all pixels from that of the kind that is wanted (0 the same, 1
  nothing in common); *rough*, the mean change from a pixel to the next, in levels.
- cyclegan, each way: *back*, how far a picture is from itself after both ways, in levels;
  *identity*, how far one of the right kind is from itself after one way; *colours* as above;
  *edges*, how well they are those of the picture that was given.
- mixgan: *shape*, the share of glyphs of which a small classifier says what they are: that glyph
  of --known which, in any two colours and with or without a line around it, explains most of the
  picture (a file 'A-03.png' is an A; of sheets those of one column have one name); *colours* and
  *rough* as above; *variety*, the mean distance of the colours of one from those of all.
"""

import argparse

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import numpy
from mxnet import numpy as np
from scipy import ndimage
from skimage.feature import canny

from styletransfer import trained
from styletransfer.gan.pictures import Collection, pairs_in, sources_in
from styletransfer.images import postprocess, preprocess

BINS = 8  # of each colour in a histogram
SOFT = 2.0  # pixels by which shapes may be off
LINE = 0.75  # a pixel of a drawing that is darker belongs to a line


def pictures(sources, side):
    """Return pictures at a side, RGB in 0-255, (n, side, side, 3)."""
    collection = Collection(sources, side)
    return numpy.stack([collection[i] for i in range(len(collection))])


def painted(painter, imgs, style):
    """Return what a network makes of pictures, RGB in 0-255."""
    S = painter.shares([style])
    made = []
    for img in imgs:
        Y = painter(preprocess(np.array(img), img.shape[1::-1]), S)
        made.append((postprocess(Y) * 255).asnumpy())
    return numpy.stack(made)


def far(imgs, others):
    """Return the mean distance of pictures, in levels."""
    return float(abs(imgs.astype('float32') - others).mean())


def grey(img):
    return img.astype('float32') @ numpy.array([0.299, 0.587, 0.114], 'float32') / 255


def edges_of(imgs):
    """Return where pictures have edges."""
    return [canny(grey(img), 1) for img in imgs]


def edges_agree(maps, others):
    """Return the F-score of edges, where a pixel aside is allowed."""
    scores = []
    for found, wanted in zip(maps, others):
        near = [ndimage.binary_dilation(edges, iterations=1) for edges in (found, wanted)]
        right = (found & near[1]).sum() / max(1, found.sum())
        seen = (wanted & near[0]).sum() / max(1, wanted.sum())
        scores.append(2 * right * seen / max(1e-9, right + seen))
    return float(numpy.mean(scores))


def roughness(imgs):
    """Return the mean change from a pixel to the next."""
    imgs = imgs.astype('float32')
    return float(sum(abs(numpy.diff(imgs, axis=axis)).mean() for axis in (1, 2)) / 2)


def histogram(imgs):
    """Return which share of all pixels has which colour."""
    places = numpy.clip(imgs, 0, 255).astype(int).reshape(-1, 3) * BINS // 256
    counts = numpy.bincount(places @ [BINS * BINS, BINS, 1], minlength=BINS**3)
    return counts / counts.sum()


def colours_apart(imgs, others):
    """Return half the sum of how far apart two histograms of colours are."""
    return float(abs(histogram(imgs) - histogram(others)).sum() / 2)


def variety(imgs):
    """Return how far a picture's colours are from those of all, on average."""
    return float(numpy.mean([colours_apart(img, imgs) for img in imgs]))


def shapes_of(imgs):
    """Return, for each glyph, an orthonormal basis of what a picture of it can be: (pixels, 2).

    It has one tone inside and one outside, and perhaps a line between; each softened.
    """
    bases = []
    for img in imgs:
        body = ndimage.gaussian_filter(grey(img), SOFT)
        line = ndimage.gaussian_gradient_magnitude(grey(img), SOFT)
        features = numpy.stack([body.ravel(), line.ravel()], axis=1)
        bases.append(numpy.linalg.qr(features - features.mean(axis=0))[0])
    return numpy.stack(bases)


def explained(imgs, bases):
    """Return which share of the variance of each picture each glyph explains, in any colours."""
    shares = []
    for img in imgs:
        pixels = ndimage.gaussian_filter(img.astype('float32'), (SOFT, SOFT, 0)).reshape(-1, 3)
        pixels -= pixels.mean(axis=0)
        parts = bases.transpose(0, 2, 1) @ pixels
        shares.append((parts**2).sum(axis=(1, 2)) / (pixels**2).sum().clip(1e-9))
    return numpy.stack(shares)


def named(sources):
    return numpy.array(
        [str(s.square[0]) if s.square else s.path.stem.split('-')[0] for s in sources]
    )


def pix2pix(net, painter, folders, args):
    X, Y = (pictures(sources, painter.setting.side) for sources in pairs_in(folders))
    drawn = [grey(img) < LINE for img in X]
    Y_hat = painted(painter, X, painter.styles[0])
    for name, imgs in ((net, Y_hat), ('as they are', X), ('wanted', Y)):
        yield (
            name,
            {
                'L1': far(imgs, Y),
                'edges': edges_agree(edges_of(imgs), drawn),
                'colours': colours_apart(imgs, Y),
                'rough': roughness(imgs),
            },
        )


def cyclegan(net, painter, folders, args):
    A, B = (pictures(sources_in(folder), painter.setting.side) for folder in folders)
    to_B, to_A = painter.styles
    for X, Y, there, back in ((A, B, to_B, to_A), (B, A, to_A, to_B)):
        Y_hat, edges = painted(painter, X, there), edges_of(X)
        figures = {
            'back': far(painted(painter, Y_hat, back), X),
            'identity': far(painted(painter, Y, there), Y),
            'colours': colours_apart(Y_hat, Y),
            'edges': edges_agree(edges_of(Y_hat), edges),
        }
        yield f'{net}, to {there}', figures
        unchanged = {'back': 0.0, 'identity': 0.0, 'colours': colours_apart(X, Y), 'edges': 1.0}
        yield f'as they are, to {there}', unchanged


def mixgan(net, painter, folders, args):
    sources, side = sources_in(folders[0]), painter.setting.side
    X, Y = pictures(sources, side), pictures(sources_in(folders[1]), side)
    known = sources_in(args.known or folders[0])
    bases, names, wanted = shapes_of(pictures(known, side)), named(known), named(sources)
    Y_hat = painted(painter, X, painter.styles[0])
    for name, imgs in ((net, Y_hat), ('as they are', X)):
        shape = (names[explained(imgs, bases).argmax(axis=1)] == wanted).mean()
        yield name, {'shape': float(shape), 'colours': colours_apart(imgs, Y), **texture(imgs)}
    yield 'style', {'shape': 1 / len(set(names)), 'colours': 0.0, **texture(Y)}


def texture(imgs):
    return {'rough': roughness(imgs), 'variety': variety(imgs)}


MEASURES = {'pix2pix': pix2pix, 'cyclegan': cyclegan, 'mixgan': mixgan}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folders', nargs='+')
    parser.add_argument('--nets', nargs='+', required=True)
    parser.add_argument('--known', help='glyphs that name those of the first folder')
    args, told = parser.parse_args(), {}
    for net in args.nets:
        painter = trained.load(trained.find(net))
        told.update(MEASURES[painter.notes['method']](net, painter, args.folders, args))
    columns = next(iter(told.values()))
    print('|', ' | '.join(['network', *columns]), '|')
    print('|' + '---|' * (1 + len(columns)))
    for name, figures in told.items():
        print('|', ' | '.join([name, *(f'{value:.3g}' for value in figures.values())]), '|')


if __name__ == '__main__':
    main()
