"""How good are painters that learned from a critic?

``python tests/benchmarks/adversarial.py FOLDER FOLDER --nets NET ... [--known FOLDER]``

The folders hold pictures that no network has learned from: as `gan train --held-out` takes them.
Each network is measured at the side at which it was trained; the table has a row for each, and one
for pictures that were left as they are. Name the network of a baseline beside the one it is for.

- pix2pix: *L1*, from the picture that is wanted, in levels of 256; *edges*, how well its edges are
  those of the wanted one (the F-score of Canny's, a pixel aside allowed).
- cyclegan, each way: *back*, how far a picture is from itself after both ways, in levels;
  *identity*, how far one of the right kind is from itself after one way; *colours*, the distance
  of the histogram of all pixels from that of the kind that is wanted (0 the same, 1 nothing in
  common).
- mixgan: *shape*, the share of glyphs that are nearest to one of the same name among those of
  --known, by their outlines, whatever the colours (a file 'A-03.png' is an A); *colours* as above.
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


def edges_agree(imgs, others):
    """Return the F-score of the edges of pictures, where a pixel aside is allowed."""
    scores = []
    for img, other in zip(imgs, others):
        found, wanted = (canny(grey(picture), 1) for picture in (img, other))
        near = [ndimage.binary_dilation(edges, iterations=1) for edges in (found, wanted)]
        right = (found & near[1]).sum() / max(1, found.sum())
        seen = (wanted & near[0]).sum() / max(1, wanted.sum())
        scores.append(2 * right * seen / max(1e-9, right + seen))
    return float(numpy.mean(scores))


def colours_apart(imgs, others):
    """Return half the sum of how far apart two histograms of colours are."""
    told = []
    for pixels in (imgs, others):
        places = numpy.clip(pixels, 0, 255).astype(int).reshape(-1, 3) * BINS // 256
        counts = numpy.bincount(places @ [BINS * BINS, BINS, 1], minlength=BINS**3)
        told.append(counts / counts.sum())
    return float(abs(told[0] - told[1]).sum() / 2)


def outlines(imgs):
    """Return where pictures change, softened and of length 1: colours are forgotten."""
    maps = [
        ndimage.gaussian_filter(
            numpy.sqrt(
                sum(ndimage.sobel(plane, axis) ** 2 for plane in planes for axis in (0, 1))
            ),
            1.5,
        ).ravel()
        for planes in imgs.astype('float32').transpose(0, 3, 1, 2)
    ]
    rows = numpy.stack(maps)
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True).clip(1e-9)


def named(sources):
    return numpy.array([source.path.stem.split('-')[0] for source in sources])


def pix2pix(net, painter, folders, args):
    X, Y = (pictures(sources, painter.setting.side) for sources in pairs_in(folders))
    Y_hat = painted(painter, X, painter.styles[0])
    for name, imgs in ((net, Y_hat), ('as they are', X)):
        yield name, {'L1': far(imgs, Y), 'edges': edges_agree(imgs, Y)}


def cyclegan(net, painter, folders, args):
    A, B = (pictures(sources_in(folder), painter.setting.side) for folder in folders)
    to_B, to_A = painter.styles
    for X, Y, there, back in ((A, B, to_B, to_A), (B, A, to_A, to_B)):
        Y_hat = painted(painter, X, there)
        figures = {
            'back': far(painted(painter, Y_hat, back), X),
            'identity': far(painted(painter, Y, there), Y),
            'colours': colours_apart(Y_hat, Y),
        }
        yield f'{net}, to {there}', figures
        unchanged = {'back': 0.0, 'identity': 0.0, 'colours': colours_apart(X, Y)}
        yield f'as they are, to {there}', unchanged


def mixgan(net, painter, folders, args):
    sources, side = sources_in(folders[0]), painter.setting.side
    X, Y = pictures(sources, side), pictures(sources_in(folders[1]), side)
    known = sources_in(args.known or folders[0])
    table, names, wanted = outlines(pictures(known, side)), named(known), named(sources)
    Y_hat = painted(painter, X, painter.styles[0])
    for name, imgs in ((net, Y_hat), ('as they are', X)):
        shape = (names[(outlines(imgs) @ table.T).argmax(axis=1)] == wanted).mean()
        yield name, {'shape': float(shape), 'colours': colours_apart(imgs, Y)}


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
