"""Make the gallery: ``python chapters/gallery.py`` runs every command that the page shows.

Each picture is one run of ``python -m styletransfer.train``, printed beside it. What
is there already is left alone, so an interrupted run goes on; ``--again`` makes all anew.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List, NamedTuple, Sequence, Tuple

import numpy
from PIL import Image, ImageDraw, ImageFilter
from tqdm import tqdm

CHAPTERS = Path(__file__).parent
PICTURES = CHAPTERS / 'gallery'
SHAPE = '224x128'
QUICK = '--recipe fast'

CONTENTS = ('lake', 'rooftops', 'colosseum', 'otter')
STYLES = ('oil_strokes', 'ink_wash', 'woodblock', 'stained_glass')
RECIPES = (
    ('tutorial', 'the two-resolution tutorial (the default)'),
    ('d2l', 'the book, current editions'),
    ('fast', 'the same objective by L-BFGS'),
    ('gatys_2016', 'the paper'),
    ('keras', 'the Keras example'),
    ('vgg16_gd', 'all layers of VGG-16, plain steps'),
)


class Picture(NamedTuple):
    """One picture of the page: its caption and the flags that make it."""

    caption: str
    flags: str

    @property
    def argv(self) -> List[str]:
        """Return the flags with the shape, which is the same for all."""
        return [*shlex.split(self.flags), '--shape', SHAPE]

    @property
    def command(self) -> str:
        """Return what one types to make it, from the root of the project."""
        return f'python -m styletransfer.train {self.flags} --shape {SHAPE}'

    @property
    def file(self) -> Path:
        """Return where it is kept, under a name made of its flags."""
        words = (Path(word.replace('.png', '')).name for word in self.flags.split())
        return PICTURES / f'{"-".join(word.lstrip("-") for word in words)}.jpg'


Row = Tuple[str, str, List[Picture]]  # title, what to see, pictures

SHEET = [
    Picture(f'{content}, {style}', f'--content {content} --style {style}')
    for content in CONTENTS
    for style in STYLES
]
ROWS: Sequence[Row] = (
    (
        'Recipes',
        'One pair under every recipe, on the bundled network. Chapter 3 says why they differ: the '
        "paper's printed ratio of the weights keeps the photograph (a tenth or a hundredth of its "
        'content weight lets go of it), and unscaled Gram matrices leave nothing but texture.',
        [Picture(about, f'--recipe {name}') for name, about in RECIPES]
        + [Picture('the paper, content 1e-6', '--recipe gatys_2016 --content-weight 1e-6')],
    ),
    (
        'Colour',
        'The painting lends its strokes, and the photograph keeps its colours.',
        [
            Picture('as it comes', QUICK),
            *(
                Picture(method, f'{QUICK} --preserve-color {method}')
                for method in ('luminance', 'linear', 'histogram')
            ),
        ],
    ),
    (
        'Scale of the strokes',
        'The same painting at half, one and two times the size of the picture.',
        [Picture(f'scale {s}', f'{QUICK} --style-scale {s}') for s in ('0.5', '1', '2')],
    ),
    (
        'Aspect ratio',
        'The painting squeezed into the shape of the photograph, and cropped to it.',
        [
            Picture('squeezed', f'{QUICK} --style woodblock'),
            Picture('cropped', f'{QUICK} --style woodblock --keep-style-aspect'),
        ],
    ),
    (
        'Several styles',
        'From one painting to another: a mixture of Gram matrices.',
        [
            Picture(
                f'{1 - share:.2g} oil, {share:.2g} ink',
                f'{QUICK} --style oil_strokes ink_wash '
                f'--style-weights {1 - share:.2g} {share:.2g}',
            )
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)
        ],
    ),
    (
        'Space',
        'One painting for what is above the ridge, another for what is below.',
        [
            Picture(
                'oil above, ink below',
                f'{QUICK} --style oil_strokes ink_wash '
                '--content-mask chapters/gallery/above.png chapters/gallery/below.png',
            ),
            Picture(
                'ink above, oil below',
                f'{QUICK} --style ink_wash oil_strokes '
                '--content-mask chapters/gallery/above.png chapters/gallery/below.png',
            ),
        ],
    ),
    (
        'Layers',
        'Which layers hold the style: shallow ones its colours and grain, deep ones its strokes.',
        [
            Picture('conv1_1 and conv2_1', f'{QUICK} --style-layers conv1_1,conv2_1'),
            Picture('conv4_1 and conv5_1', f'{QUICK} --style-layers conv4_1,conv5_1'),
            Picture('all, the shallow ones tenfold', f'{QUICK} --style-layer-weights 10,10,1,1,1'),
        ],
    ),
    (
        'Weights',
        'What is asked for, more and less of it.',
        [Picture(f'content weight {w}', f'{QUICK} --content-weight {w}') for w in ('0.1', '10')]
        + [Picture(f'style weight {w}', f'{QUICK} --style-weight {w}') for w in ('100', '10000')]
        + [Picture(f'TV weight {w}', f'{QUICK} --tv-weight {w}') for w in ('0', '500')],
    ),
)


def make_masks() -> None:
    """Draw the regions of the lake: above its ridge and below, with a soft border."""
    width, height = 560, 320
    ridge = [(0, 88), (60, 112), (120, 100), (180, 84), (260, 108), (330, 100), (390, 84)]
    ridge += [(450, 130), (510, 168), (560, 176)]
    above = Image.new('L', (width, height))
    ImageDraw.Draw(above).polygon([(0, 0), *ridge, (width, 0)], fill=255)
    above = above.filter(ImageFilter.GaussianBlur(6))
    above.save(PICTURES / 'above.png')
    Image.fromarray(255 - numpy.asarray(above)).save(PICTURES / 'below.png')


def paint(picture: Picture) -> None:
    """Run one command and keep its last picture, whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, '-m', 'styletransfer.train', *picture.argv]
        subprocess.run(
            [*run, '--output', folder, '--quiet'],
            cwd=CHAPTERS.parent,
            check=True,
        )
        last = sorted(Path(folder).glob('stage*.png'))[-1]
        with Image.open(last) as painted:
            whole = picture.file.with_suffix('.part')
            painted.convert('RGB').save(whole, format='JPEG', quality=88)
            whole.replace(picture.file)


def table(pictures: Sequence[Picture], columns: int) -> str:
    """Return pictures with their captions as a table in Markdown, then their commands."""
    lines = ['| ' * columns + '|', '|---' * columns + '|']
    for first in range(0, len(pictures), columns):
        cells = [
            f'<img src="gallery/{p.file.name}" alt="{p.caption}"><br>{p.caption}'
            for p in pictures[first : first + columns]
        ]
        lines.append('| ' + ' | '.join(cells + [''] * (columns - len(cells))) + ' |')
    commands = '\n'.join(picture.command for picture in pictures)
    fold = f'<details><summary>The commands</summary>\n\n```sh\n{commands}\n```\n\n</details>'
    return '\n'.join(lines) + f'\n\n{fold}\n'


def page() -> str:
    """Return the gallery's page."""
    parts = [
        '# Gallery\n\n'
        'Every picture here was made by the command below its table, on a CPU, with the network '
        'and the pictures that come with the course. `python chapters/gallery.py` makes '
        'them all.\n',
        '## Every photograph in every style\n\nThe default recipe. Rows: '
        + ', '.join(CONTENTS)
        + '; columns: '
        + ', '.join(STYLES)
        + '.\n',
        table(SHEET, len(STYLES)),
    ]
    for title, about, pictures in ROWS:
        parts += [f'## {title}\n\n{about}\n', table(pictures, min(len(pictures), 4))]
    return '\n'.join(parts)


def main() -> int:
    """Make what is missing, or all, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--again', action='store_true', help='make all pictures anew')
    parser.add_argument('--jobs', type=int, default=1, help='runs side by side (%(default)s)')
    args = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    make_masks()
    pictures = [*SHEET, *(picture for _, _, row in ROWS for picture in row)]
    missing = {p.file: p for p in pictures if args.again or not p.file.exists()}
    # small pictures do not keep several cores busy, several runs do
    os.environ['OMP_NUM_THREADS'] = str(max(1, (os.cpu_count() or 1) // args.jobs))
    with ThreadPoolExecutor(args.jobs) as pool:
        runs = pool.map(paint, missing.values())
        for _ in tqdm(runs, total=len(missing), unit=' pictures'):
            pass
    (CHAPTERS / 'gallery.md').write_text(page(), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
