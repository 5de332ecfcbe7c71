"""Put the bundled collections together: contact sheets of squares, 64 pixels wide.

    python assets/collect_pictures.py DATA [--output FOLDER]     (default: assets/collections)

In DATA are the folders ``edges``, ``noto`` and ``twemoji``, with pictures of 128x128 of the same
names, drawn by rsvg-convert from the npm packages @iconify-json/noto 1.2.9 and
@iconify-json/twemoji 1.2.5 (edges are Canny's lines of the noto picture), a table ``index.csv``
of codepoint and split; and ``glyphs64.npz``: letters and digits in 56 faces, white on black.

The sheets of edges, noto and twemoji have the same order. Those called -test show what the others
do not: other things, and letters of other faces. A sheet has a palette, of at most 256 colours.
"""

import argparse
import csv
from pathlib import Path

import numpy
from PIL import Image

SIDE = 64  # of a square
EMOJI = {'train': (32, 24), 'test': (16, 6)}  # columns and rows
FACES = {'train': 12, 'test': 5}  # a row for each
COLOURS = {'edges': 16, 'noto': 256, 'twemoji': 256, 'glyphs': 16}


def main():
    """Make all sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data', type=Path)
    parser.add_argument('--output', type=Path, default=Path(__file__).parent / 'collections')
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for split, name in (('train', '{}.png'), ('test', '{}-test.png')):
        columns, rows = EMOJI[split]
        points = spread(codepoints(args.data / 'index.csv', split), columns * rows)
        for kind in ('edges', 'noto', 'twemoji'):
            squares = [square(args.data / kind / f'{point}.png') for point in points]
            save(args.output / name.format(kind), squares, columns, COLOURS[kind])
        squares, columns = glyphs(args.data / 'glyphs64.npz', split)
        save(args.output / name.format('glyphs'), squares, columns, COLOURS['glyphs'])


def codepoints(path, split):
    """Return the names of the pictures of a split."""
    with open(path, newline='', encoding='utf-8') as file:
        return sorted(row['codepoint'] for row in csv.DictReader(file) if row['split'] == split)


def spread(everything, count):
    """Return `count` of them, evenly spread."""
    return [everything[i * len(everything) // count] for i in range(count)]


def square(path):
    """Return a picture at the side of a square, averaged."""
    with Image.open(path) as picture:
        return picture.convert('RGB').reduce(picture.width // SIDE)


def glyphs(path, split):
    """Return the characters of some faces, a face after the other, and how many there are.

    Every tenth face is for the test.
    """
    with numpy.load(path) as stored:
        images, chars, fonts = stored['images'], stored['char'], stored['font']
    faces = [face for face in sorted(set(fonts)) if (face % 10 == 9) == (split == 'test')]
    order = [
        i
        for face in spread(faces, FACES[split])
        for i in sorted(numpy.flatnonzero(fonts == face), key=lambda i: chars[i])
    ]
    return [Image.fromarray(images[i]).convert('RGB') for i in order], len(set(chars))


def save(path, squares, columns, colours):
    """Write a sheet."""
    sheet = Image.new('RGB', (SIDE * columns, SIDE * (len(squares) // columns)))
    for i, picture in enumerate(squares):
        sheet.paste(picture, (SIDE * (i % columns), SIDE * (i // columns)))
    # the palette is moved to where the mean of its pixels is; dots would be a texture to learn
    few = sheet.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=3, dither=0)
    few.save(path, optimize=True)
    loss = numpy.abs(numpy.asarray(few.convert('RGB'), float) - numpy.asarray(sheet)).mean()
    print(f'{path.name}: {len(squares)} squares, {path.stat().st_size} bytes, off by {loss:.2f}')


if __name__ == '__main__':
    main()
