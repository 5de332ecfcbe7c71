"""How good and how quick is a network that paints in one pass?

``python tests/benchmarks/onepass.py --judge FILE [--net NAME] --output FOLDER``

Six bundled photos are painted in each of the network's styles that is a bundled painting. The
judge, the true VGG-19 up to conv3_1, painted none of them (`quality.judge`). The table has a row
for each style, the mean over the photos:

- style, content: the distances of the painting's Gram matrices from the style's, and of conv3_1
  from the photo's, each over its size;
- nearest: of how many photos the result is nearer to its own style than to any other;
- grid, less what the photo itself has, and frame, in levels: see `figures.py`.

Below are seconds and memory of the first and the best of three pictures, each shape in a process
of its own. Table, record and contact sheet go to FOLDER.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import numpy
from figures import frame, grid
from quality import JUDGED, contact_sheet

from styletransfer import trained
from styletransfer.images import as_picture, load_image, postprocess, preprocess, samples
from styletransfer.losses import gram
from styletransfer.networks import frozen
from styletransfer.vgg import extract_features
from styletransfer.weights.formats import read_weights

PHOTOS = ('lake', 'rooftops', 'colosseum', 'otter', 'cat', 'astronaut')
SHAPE = (560, 320)
TIMED = ('560x320', '800x800', '1920x1080', '3840x2160')
COLUMNS = ('style', 'content', 'nearest', 'grid', 'frame')

PROGRAM = """
import sys, time
start = time.perf_counter()
import styletransfer
from mxnet import np
from styletransfer import trained
from styletransfer.images import parse_shape
from styletransfer.machine import peak_memory
width, height = parse_shape(sys.argv[2])
painter = trained.load(trained.find(sys.argv[1]))
img = np.random.uniform(0, 255, (height, width, 3)).astype('uint8')
S, times = painter.shares(painter.styles[:1]), []
for _ in range(3):
    begin = time.perf_counter()
    painter.paint(img, S).wait_to_read()
    end = time.perf_counter()
    cold = cold if times else end - start
    times.append(end - begin)
print(cold, min(times), peak_memory() / 1e6)
"""


def told(judging, X):
    """Return what the judge says of a picture: conv3_1, and Gram matrices."""
    (content,), styles = extract_features(judging, X, ['conv3_1'], JUDGED)
    return content.asnumpy(), [gram(Y).asnumpy() for Y in styles]


def distance(Y_hat, Y):
    """Return how far an array is from another, over the other's size."""
    return float(numpy.linalg.norm(Y_hat - Y) / numpy.linalg.norm(Y))


def marks_of(painter, judging, names):
    """Return the figures of every painting by photo and style, and the rows of the sheet."""
    targets = [
        told(judging, preprocess(load_image(samples('style')[name], SHAPE), SHAPE))[1]
        for name in names
    ]
    marks, rows = {}, []
    for photo in PHOTOS:
        X = preprocess(load_image(samples('content')[photo], SHAPE), SHAPE)
        content, _ = told(judging, X)
        photo_img, pictures = postprocess(X), [as_picture(postprocess(X))]
        for k, name in enumerate(names):
            img = postprocess(painter(X, painter.shares([name])))
            content_hat, styles_hat = told(judging, preprocess(img * 255, SHAPE))
            far = [
                numpy.mean([distance(*pair) for pair in zip(styles_hat, target)])
                for target in targets
            ]
            marks[photo, name] = (
                float(far[k]),
                distance(content_hat, content),
                float(numpy.argmin(far) == k),
                grid(img.asnumpy()) - grid(photo_img.asnumpy()),
                255 * frame(img.asnumpy(), photo_img.asnumpy()),
            )
            pictures.append(as_picture(img))
        rows.append([picture.resize((280, 160)) for picture in pictures])
    return marks, rows


def main():
    """Paint, judge, time, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--judge', type=Path, required=True)
    parser.add_argument('--net', default='johnson')
    parser.add_argument('--output', type=Path, default=Path('outputs/onepass'))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    painter = trained.load(trained.find(args.net))
    names = [name for name in painter.styles if name in samples('style')]
    marks, rows = marks_of(painter, frozen(read_weights(args.judge)[:5]), names)
    contact_sheet(rows, ['photo', *names]).save(args.output / 'sheet.jpg', quality=90)

    print(f'| style | {" | ".join(COLUMNS)} |')
    print('|---|' + '---|' * len(COLUMNS))
    table = {n: numpy.mean([marks[photo, n] for photo in PHOTOS], axis=0) for n in names}
    table['mean'] = numpy.mean([*table.values()], axis=0)
    for name, row in table.items():
        print(f'| {name} | ' + ' | '.join(f'{figure:.3f}' for figure in row) + ' |')

    print('\n| shape | first picture, from the start | best | memory |\n|---|---|---|---|')
    times = {}
    for shape in TIMED:
        done = subprocess.run(
            [sys.executable, '-c', PROGRAM, args.net, shape],
            capture_output=True,
            text=True,
            check=True,
        )
        times[shape] = [float(number) for number in done.stdout.split()]
        cold, best, megabytes = times[shape]
        print(f'| {shape} | {cold:.2f} s | {best:.2f} s | {megabytes:.0f} MB |', flush=True)
    record = {
        'net': args.net,
        'sha256': painter.notes['sha256'],
        'photos': PHOTOS,
        'marks': {name: row.tolist() for name, row in table.items()},
        'times': times,
    }
    (args.output / 'onepass.json').write_text(json.dumps(record, indent=2))


if __name__ == '__main__':
    main()
