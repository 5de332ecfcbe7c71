"""How good does each recipe paint? Many pairs, one contact sheet and one table.

``python tests/benchmarks/pictures.py [--recipes painterly fast] [--judge FILE] --output FOLDER``

Each pair of a photo and a painting is painted by each recipe with the command's own code, at
560x320. What is already in FOLDER is not painted again, so that a run may be interrupted. With
``--photos`` and ``--paintings``, folders, each photo there is painted after each painting, too.

The figures, all of them better if smaller:

- style, content: relative distances from both pictures, as the judge of `quality.py` has them
  (``--judge``: a file of weights up to conv3_1, such as the true VGG-19);
- grid, less what the photo itself has; fringe, over that of the painting; frame: see `figures.py`;
- seconds, of this machine; only their ratio is worth keeping.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import numpy
from figures import frame, fringe, grid
from mxnet import numpy as np
from PIL import Image
from quality import contact_sheet, judge

from styletransfer import stylize
from styletransfer.images import (
    find_pictures,
    load_image,
    parse_shape,
    picture_path,
    preprocess,
    resized,
)
from styletransfer.networks import frozen
from styletransfer.recipes import RECIPES
from styletransfer.weights.formats import read_weights

PAIRS = (
    ('lake', 'oil_strokes'),
    ('lake', 'starry_night'),
    ('otter', 'woodblock'),
    ('rooftops', 'stained_glass'),
    ('rooftops', 'starry_night'),
    ('colosseum', 'ink_wash'),
    ('colosseum', 'grande_jatte'),
    ('bridge', 'great_wave'),
    ('beach_city', 'red_blue_horse'),
    ('beach_city', 'street_pavers'),
    ('cat', 'great_wave'),
    ('cat', 'the_kiss'),
    ('astronaut', 'starry_night'),
    ('astronaut', 'irises'),
)
FIGURES = ('style', 'content', 'grid', 'fringe', 'frame', 'seconds')


def measured(img, content, style, shape, judging):
    """Return all figures of a picture but the seconds; those of the judge if there is one."""
    photo, painting = (resized(load_image(path), shape).asnumpy() for path in (content, style))
    found = {
        'grid': grid(img) - grid(photo),
        'fringe': fringe(img) / fringe(painting),
        'frame': frame(img, photo),
    }
    if judging:
        pictures = (preprocess(np.array(each), shape) for each in (img, photo, painting))
        found['style'], found['content'] = map(float, judge(judging, *pictures))
    return found


def paint(path, content, style, recipe, shape):
    """Paint a picture into a file, unless it is there, and return it and the seconds it took."""
    notes = path.with_suffix('.json')
    if not notes.exists():
        start = time.perf_counter()
        img = stylize(content, style, shape=shape, recipe=recipe, quiet=True)
        img.save(path)
        notes.write_text(json.dumps(time.perf_counter() - start), encoding='utf-8')
    with Image.open(path) as img:
        return numpy.asarray(img.convert('RGB')), json.loads(notes.read_text(encoding='utf-8'))


def table(rows):
    """Return a table: for each recipe the mean of each figure over all pairs, and each pair."""
    lines = ['| picture | ' + ' | '.join(FIGURES) + ' |', '|---' * (len(FIGURES) + 1) + '|']

    def line(name, found):
        values = [[one[key] for one in found if key in one] for key in FIGURES]
        cells = [f'{numpy.mean(each):.3f}' if each else '-' for each in values]
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')

    for recipe in dict.fromkeys(recipe for recipe, _ in rows):
        line(f'**{recipe}**', [found for (name, _), found in rows.items() if name == recipe])
    for (recipe, pair), found in rows.items():
        line(f'{recipe}: {pair}', [found])
    return lines


def main():
    """Paint, measure, and write the sheet and the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--recipes', nargs='+', choices=RECIPES, default=list(RECIPES))
    parser.add_argument('--judge', type=Path)
    parser.add_argument('--photos', type=Path)
    parser.add_argument('--paintings', type=Path)
    parser.add_argument('--shape', type=parse_shape, default=(560, 320))
    parser.add_argument('--output', type=Path, default=Path('outputs/pictures'))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    judging = frozen(read_weights(args.judge)[:5]) if args.judge else None
    pairs = [(picture_path(c, 'content'), picture_path(s, 'style')) for c, s in PAIRS]
    if args.photos and args.paintings:
        paintings = find_pictures(args.paintings)
        pairs += [(photo, style) for photo in find_pictures(args.photos) for style in paintings]

    rows, sheet = {}, []
    for content, style in pairs:
        name = f'{content.stem}--{style.stem}'
        shown = [resized(load_image(path), args.shape).asnumpy() for path in (content, style)]
        for recipe in args.recipes:
            path = args.output / f'{name}--{recipe}.png'
            img, seconds = paint(path, content, style, recipe, args.shape)
            found = measured(img, content, style, args.shape, judging)
            rows[recipe, name] = {**found, 'seconds': seconds}
            print(table({(recipe, name): rows[recipe, name]})[-1], flush=True)
            shown.append(img)
        sheet.append([Image.fromarray(numpy.uint8(img.round())) for img in shown])
        contact_sheet(sheet, ['photo', 'painting', *args.recipes]).save(
            args.output / 'sheet.jpg', quality=90
        )
        text = '\n'.join(table(rows)) + '\n'
        (args.output / 'table.md').write_text(text, encoding='utf-8')
    print(text)


if __name__ == '__main__':
    main()
