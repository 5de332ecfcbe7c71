"""Make the slides for the three lessons, of the figures that the built chapters show.

``python chapters/slides.py``
writes chapters/slides.pdf and chapters/slides.zh.pdf: a page for each figure, and where a class is
to vote first, a page before it with letters in place of titles, in another order.

The Chinese pages need a font with Chinese characters on this machine: Noto Sans CJK SC is looked
for, or give ``--font FILE``.
"""

import base64
import io
import json
import sys
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy
from matplotlib import get_data_path
from matplotlib.font_manager import findSystemFonts
from PIL import Image, ImageDraw, ImageFont

from styletransfer.command import Parser, exit_status
from styletransfer.errors import InputError
from styletransfer.files import replacing

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1600, 900
MARGIN, GAP = 70, 14
WHITE, NARROWEST = 250, 40  # of a column between pictures, and of a picture
INK, GREY, PAPER = (20, 20, 20), (110, 110, 110), (255, 255, 255)
SIMPLIFIED = 2  # of the faces in the files of Noto Sans CJK


class Slide(NamedTuple):
    """A figure of a chapter, and what is asked of it, in English and in Chinese."""

    figure: str
    title: Tuple[str, str]
    question: Tuple[str, str]
    covered: float = 0.0  # of each picture's height, at the top: where the titles are


SLIDES = (
    Slide(
        '1.1',
        ('What we are after', '我们要做什么'),
        (
            'What has been kept of the photograph, and what of the painting?',
            '照片留下了什么？画又留下了什么？',
        ),
    ),
    Slide(
        '1.7',
        ('Three changed photographs', '三张改动过的照片'),
        (
            'Which layers will mind which change? Vote before the next page.',
            '哪些层会在意哪种改动？先表决，再翻页。',
        ),
    ),
    Slide(
        '1.8',
        ('How far they are from the photograph', '它们离原照片有多远'),
        (
            'Who stops minding the colours, and where? Who minds the shuffled tiles most?',
            '从哪一层起不再在意颜色？打乱的小块在哪里最刺眼？',
        ),
    ),
    Slide(
        '1.25',
        ('The weight of the style', '风格的权重'),
        (
            'Only one number changes. Which picture has the largest?',
            '只有一个数不同。哪一幅的数最大？',
        ),
        covered=0.16,
    ),
    Slide(
        '1.27',
        ('The same time, in one stage and in two', '同样的时间，一个阶段与两个阶段'),
        ('Which one was painted small first? How can one tell?', '哪一幅先画了小图？怎么看出来？'),
        covered=0.085,
    ),
    Slide(
        '2.4',
        ('Content, rebuilt from one layer', '由单独一层重建的内容'),
        (
            'Which picture is from which layer? What does the deepest one still know?',
            '哪一幅出自哪一层？最深的一层还知道什么？',
        ),
        covered=0.135,
    ),
    Slide(
        '2.6',
        ('Texture, from one layer to five', '由一层到五层的纹理'),
        (
            'Why are five layers needed here, and one for the content?',
            '为什么这里需要五层，而内容只需要一层？',
        ),
        covered=0.135,
    ),
    Slide(
        '4.14',
        ('Scissors against masks', '剪刀与掩码'),
        (
            'Which one was cut and pasted? Look along the ridge.',
            '哪一幅是剪贴的？沿着山脊看。',
        ),
        covered=0.16,
    ),
)


def pictures_of(figure: str) -> List[Image.Image]:
    """Return the pictures of a figure: all that cells show between the caption before and its own.

    Figure 1.1 is no cell's, but a picture of its own.
    """
    if figure == '1.1':
        return [Image.open(HERE / 'diagrams' / 'finished.jpg').convert('RGB')]
    (notebook,) = HERE.glob(f'{int(figure.split(".")[0]):02d}-*[!h].ipynb')
    shown: List[Image.Image] = []
    for cell in json.loads(notebook.read_text(encoding='utf-8'))['cells']:
        text = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            if f'*Figure {figure}.' in text:
                return shown
            if '*Figure ' in text:
                shown = []
        for output in cell.get('outputs', ()):
            data = output.get('data', {})
            found = [data[kind] for kind in ('image/jpeg', 'image/png') if kind in data]
            shown += [
                Image.open(io.BytesIO(base64.b64decode(text))).convert('RGB') for text in found
            ]
    raise InputError(f"chapter {figure.split('.')[0]}'s notebook has no Figure {figure}")


def panels_of(picture: Image.Image) -> List[Image.Image]:
    """Return the pictures that stand in a row, each with its title: between columns of white."""
    white = numpy.asarray(picture).mean(axis=(0, 2)) > WHITE
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[1], white, [1]])))
    spans = [(left, right) for left, right in edges.reshape(-1, 2) if right - left > NARROWEST]
    return [picture.crop((left, 0, right, picture.height)) for left, right in spans]


def covered(panels: Sequence[Image.Image], share: float, seed: int) -> List[Image.Image]:
    """Return panels without their titles, in another order, with letters in place of titles."""
    order = numpy.random.RandomState(seed).permutation(len(panels))
    if (order == numpy.arange(len(panels))).all():
        order = order[::-1]
    result = []
    for letter, k in zip('ABCDEFGH', order):
        panel = panels[k].copy()
        top = round(share * panel.height)
        panel.paste(PAPER, (0, 0, panel.width, top))
        draw = ImageDraw.Draw(panel)
        draw.text((panel.width / 2, top * 0.45), letter, INK, plain(0.8 * top), anchor='mm')
        result.append(panel)
    return result


def page(
    panels: Sequence[Image.Image], words: Sequence[str], font: ImageFont.FreeTypeFont
) -> Image.Image:
    """Return a page: a title, the pictures, as large as they can be, a question, the source."""
    sheet = Image.new('RGB', (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(sheet)
    title, question, source = words
    draw.text((MARGIN, 40), title, INK, font.font_variant(size=46))
    draw.text((MARGIN, HEIGHT - 125), question, INK, font.font_variant(size=32))
    draw.text((MARGIN, HEIGHT - 62), source, GREY, font.font_variant(size=22))
    room = WIDTH - 2 * MARGIN, HEIGHT - 260
    width, height = panels[0].size

    def scale_of(columns: int) -> float:
        rows = -(-len(panels) // columns)
        return min((room[0] / columns - GAP) / width, (room[1] / rows - GAP) / height)

    columns = max(range(1, len(panels) + 1), key=scale_of)
    rows, scale = -(-len(panels) // columns), scale_of(columns)
    shape = round(scale * width), round(scale * height)
    left = (WIDTH - columns * (shape[0] + GAP) + GAP) // 2
    top = 115 + (room[1] - rows * (shape[1] + GAP) + GAP) // 2
    for k, panel in enumerate(panels):
        row, column = divmod(k, columns)
        at = left + column * (shape[0] + GAP), top + row * (shape[1] + GAP)
        sheet.paste(panel.resize(shape, Image.Resampling.LANCZOS), at)
    return sheet


def plain(size: float) -> ImageFont.FreeTypeFont:
    """Return a font for letters, at a size in pixels."""
    return ImageFont.truetype(str(Path(get_data_path(), 'fonts', 'ttf', 'DejaVuSans.ttf')), size)


def slides(language: int, font: ImageFont.FreeTypeFont) -> List[Image.Image]:
    """Return all pages in a language: 0 is English, 1 Chinese."""
    pages = []
    for seed, slide in enumerate(SLIDES):
        pictures = pictures_of(slide.figure)
        chapter = slide.figure.split('.')[0]
        sources = f'Chapter {chapter}, Figure {slide.figure}', f'第{chapter}章，图{slide.figure}'
        words = slide.title[language], slide.question[language], sources[language]
        if slide.covered:
            pictures = [panel for picture in pictures for panel in panels_of(picture)]
            pages.append(page(covered(pictures, slide.covered, seed), words, font))
        pages.append(page(pictures, words, font))
    return pages


def font_for(language: int, file: Optional[str]) -> ImageFont.FreeTypeFont:
    """Return the font of a language.

    Raises
    ------
    InputError
        If there is none with Chinese characters.
    """
    if not language:
        return plain(10)
    found = [file] if file else [p for p in findSystemFonts() if 'NotoSansCJK-Regular' in p]
    if not found:
        raise InputError('no font with Chinese characters is here: name one by --font FILE')
    index = SIMPLIFIED if found[0].endswith('.ttc') else 0
    return ImageFont.truetype(found[0], index=index)


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Write both files."""
    parser = Parser('slides', 'Make the slides of the lessons.')
    parser.prog = 'python chapters/slides.py'
    parser.add_argument('--font', metavar='FILE', help='with Chinese characters')
    parser.add_argument('--output', type=Path, default=HERE, help='folder (chapters)')
    args = parser.parse_args(argv)
    for language, name in enumerate(('slides.pdf', 'slides.zh.pdf')):
        first, *rest = slides(language, font_for(language, args.font))
        with replacing(args.output / name) as temporary:
            first.save(
                temporary, 'PDF', save_all=True, append_images=rest, resolution=120, quality=74
            )
    return 0


if __name__ == '__main__':
    sys.exit(exit_status(run))
