"""Make the gallery: ``python chapters/gallery.py`` runs every command that the page shows.

Each picture is one run of ``python -m styletransfer.train``, or of ``python -m
styletransfer.feedforward paint``, printed below its table. The page has it at half its size, and a
link to the whole. What is there already is left alone, so an interrupted run goes on; ``--again``
makes all anew.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, NamedTuple, Sequence, Tuple

import numpy
from PIL import Image, ImageDraw, ImageFilter
from tqdm import tqdm

CHAPTERS = Path(__file__).parent
PICTURES = CHAPTERS / 'gallery'
LARGE = PICTURES / 'large'
PAINTERLY = '--recipe painterly --oversample 1'
MASKS = '--content-mask chapters/gallery/above.png chapters/gallery/below.png'


class Text(NamedTuple):
    """The same in both languages; the fields are named as the pages' suffixes."""

    en: str
    zh: str


class Photo(NamedTuple):
    """A bundled photograph, and how large it is painted: 1120 pixels along its longer side."""

    name: Text
    shape: str


PHOTOS = {
    'lake': Photo(Text('the lake', '湖'), '1120x640'),
    'rooftops': Photo(Text('the rooftops', '屋顶'), '1120x640'),
    'bridge': Photo(Text('the bridge', '大桥'), '1120x520'),
    'beach_city': Photo(Text('the city by the beach', '海滨城市'), '1120x628'),
    'colosseum': Photo(Text('the Colosseum', '斗兽场'), '840x1120'),
    'otter': Photo(Text('the otter', '水獭'), '1120x640'),
    'cat': Photo(Text('the cat', '猫'), '1120x744'),
    'astronaut': Photo(Text('the astronaut', '宇航员'), '1120x1120'),
}
PAINTINGS = {
    'oil_strokes': Text('our oil strokes', '油画笔触（脚本绘）'),
    'ink_wash': Text('our ink wash', '水墨山水（脚本绘）'),
    'woodblock': Text('our woodblock', '木版画（脚本绘）'),
    'stained_glass': Text('our stained glass', '彩色玻璃窗（脚本绘）'),
    'starry_night': Text('The Starry Night', '《星夜》'),
    'irises': Text('Irises', '《鸢尾花》'),
    'great_wave': Text('The Great Wave', '《神奈川冲浪里》'),
    'grande_jatte': Text('La Grande Jatte', '《大碗岛的星期日下午》'),
    'sainte_victoire': Text('Mont Sainte-Victoire', '《圣维克多山》'),
    'the_kiss': Text('The Kiss', '《吻》'),
    'red_blue_horse': Text('Red and Blue Horse', '《红马与蓝马》'),
    'street_pavers': Text('The Street Pavers', '《铺路工》'),
}


class Picture(NamedTuple):
    """One picture of the page: its caption, and what makes it."""

    caption: Text
    content: str
    style: str  # several with spaces between them
    flags: str = ''  # those that differ from `PAINTERLY`; with --recipe, in its place

    @property
    def job(self) -> str:
        """Return what paints it."""
        return 'styletransfer.train'

    @property
    def result(self) -> str:
        """Return a pattern for the files of which it is the last."""
        return 'stage*.png'

    @property
    def own_size(self) -> bool:
        """Return whether it is painted as large as the page shows it: recipes are compared so."""
        return '--recipe' in self.flags

    @property
    def words(self) -> str:
        """Return what one types behind the command's name."""
        recipe = () if self.own_size else (PAINTERLY,)
        shape = '560x320' if self.own_size else PHOTOS[self.content].shape
        pair = f'--content {self.content} --style {self.style}'
        return ' '.join([*recipe, pair, *filter(None, [self.flags]), f'--shape {shape}'])

    @property
    def command(self) -> str:
        """Return what one types to make it, from the root of the project."""
        return f'python -m {self.job} {self.words}'

    @property
    def name(self) -> str:
        """Return the name of its files, made of what is particular about it."""
        words = f'{self.content} {self.style} {self.flags}'.split()
        names = (Path(re.sub(r'\.(png|jpg)$', '', word)).name for word in words)
        return '-'.join(name.lstrip('-') for name in names) + '.jpg'

    @property
    def shown(self) -> Path:
        """Return where the picture is that the page shows."""
        return PICTURES / self.name

    @property
    def whole(self) -> Path:
        """Return where the picture is as it was painted."""
        return self.shown if self.own_size else LARGE / self.name


class OnePass(Picture):
    """One picture by a network that was trained once, painted as large as it is shown."""

    @property
    def job(self) -> str:
        """Return what paints it."""
        return 'styletransfer.feedforward paint'

    @property
    def result(self) -> str:
        """Return a pattern for the files of which it is the last."""
        return '*.png'

    @property
    def own_size(self) -> bool:
        """Return whether it is painted as large as the page shows it."""
        return True

    @property
    def words(self) -> str:
        """Return what one types behind the command's name."""
        width, height = (int(side) // 2 for side in PHOTOS[self.content].shape.split('x'))
        height += 1  # it is a box, in which the width is to decide
        given = [self.content, f'--style {self.style}', *filter(None, [self.flags])]
        return ' '.join([*given, f'--shape {width}x{height}'])

    @property
    def name(self) -> str:
        """Return the name of its files."""
        return f'onepass-{super().name}'


def one_pass(content: str, style: str, flags: str = '') -> Picture:
    """Return a photograph as a bundled network paints it."""
    names = [PAINTINGS[name] for name in style.split()]
    caption = Text(
        f'{PHOTOS[content].name.en}, {" and ".join(name.en for name in names)}',
        f'{PHOTOS[content].name.zh}，{"与".join(name.zh for name in names)}',
    )
    return OnePass(caption, content, style, flags)


def pair(content: str, style: str) -> Picture:
    """Return a photograph after a painting, with nothing special."""
    caption = Text(
        f'{PHOTOS[content].name.en}, {PAINTINGS[style].en}',
        f'{PHOTOS[content].name.zh}，{PAINTINGS[style].zh}',
    )
    return Picture(caption, content, style)


def knob(flag: str, value: str, content: str = 'lake', style: str = 'oil_strokes') -> Picture:
    """Return a picture for which one flag is given."""
    return Picture(Text(*[f'`{flag} {value}`'] * 2), content, style, f'{flag} {value}')


def plain(text: Text, content: str = 'lake', style: str = 'oil_strokes') -> Picture:
    """Return a pair again, for comparison."""
    return Picture(text, content, style)


def recipe(name: str, text: Text) -> Picture:
    """Return the lake in oil strokes under a recipe, at the recipes' size."""
    caption = Text(f'`{name}`: {text.en}', f'`{name}`：{text.zh}')
    return Picture(caption, 'lake', 'oil_strokes', f'--recipe {name}')


def patches(content: str, style: str) -> Picture:
    """Return a photograph put together of pieces of a painting."""
    return pair(content, style)._replace(flags='--recipe mrf')


def photograph(content: str, style: str, flags: str = '') -> Picture:
    """Return a photograph in the colours of another one, region by region."""
    one, other = PHOTOS[content].name, PHOTOS[style].name
    labels = f'--content-labels assets/labels/{content}.png'
    labels += f' --style-labels assets/labels/{style}.png'
    words = ' '.join(['--recipe photo', labels, *filter(None, [flags])])
    caption = Text(f'{one.en} in the colours of {other.en}', f'{one.zh}，取{other.zh}的颜色')
    if flags:
        caption = Text(f'{caption.en}, `{flags}`', f'{caption.zh}，`{flags}`')
    return Picture(caption, content, f'assets/content/{style}.jpg', words)


def weights(name: str, less: str, usual: str, more: str) -> List[Picture]:
    """Return the lake in oil strokes by `fast`, with less, as much and more of a weight."""
    flag = f'--{name}-weight'
    row = []
    for value in (less, usual, more):
        flags = '--recipe fast' if value == usual else f'--recipe fast {flag} {value}'
        row.append(Picture(Text(*[f'`{flag} {value}`'] * 2), 'lake', 'oil_strokes', flags))
    return row


PAIRS = [
    pair('lake', 'oil_strokes'),
    pair('lake', 'starry_night'),
    pair('rooftops', 'stained_glass'),
    pair('rooftops', 'starry_night'),
    pair('bridge', 'great_wave'),
    pair('bridge', 'sainte_victoire'),
    pair('beach_city', 'red_blue_horse'),
    pair('beach_city', 'street_pavers'),
    pair('cat', 'great_wave'),
    pair('cat', 'the_kiss'),
    pair('otter', 'woodblock'),
    pair('otter', 'irises'),
    pair('colosseum', 'ink_wash'),
    pair('colosseum', 'grande_jatte'),
    pair('astronaut', 'starry_night'),
    pair('astronaut', 'irises'),
]
RECIPES = [
    recipe('tutorial', Text('the default, in two resolutions', '默认，两个分辨率')),
    recipe('d2l_v1', Text("the book's first Chinese edition", '《动手学深度学习》中文第一版')),
    recipe('d2l', Text("the book's current editions", '《动手学深度学习》现行版')),
    recipe('fast', Text("the tutorial's losses by L-BFGS", '教程的损失，用 L-BFGS')),
    recipe('painterly', Text('the one to hang', '用来挂起来的')),
    recipe(
        'gatys_2016',
        Text(
            'from white noise; at the printed ratio the photograph stays',
            '从白噪声开始；按论文所印的比值，照片保留下来',
        ),
    ),
    recipe('keras', Text("Keras' example until 2020", '2020 年以前的 Keras 示例')),
    recipe('vgg16_gd', Text('the Hvass-Labs tutorial', 'Hvass-Labs 教程')),
]
Row = Tuple[Text, Text, Sequence[Picture]]  # title, what to see, pictures
ROWS: Sequence[Row] = (
    (
        Text('Photographs and paintings', '照片与画'),
        Text(
            'All with the same weights: `painterly` divides each loss by the size of its target, '
            'so no painting needs its own.',
            '所有图都用同样的权重：`painterly` 把每项损失除以其目标的大小，不必为每幅画另调。',
        ),
        PAIRS,
    ),
    (
        Text('Recipes', '配方'),
        Text(
            'One pair under every recipe, each painted at the 560x320 it is shown at. Chapter 3 '
            'says why they differ.',
            '同一对图像，每个配方画一遍，就画成这里显示的 560x320。第 3 章讲它们为什么不同。',
        ),
        RECIPES,
    ),
    (
        Text('One pass', '一次前向传播'),
        Text(
            'A network that was trained once, on twelve paintings, and paints any photograph in '
            'less than a second (chapters 11 and 12). The last two are by another, which reads '
            'the painting, and had seen neither (chapter 13).',
            '一个网络，在十二幅画上训练一次，之后不到一秒画一张照片（第 11、12 章）。'
            '最后两幅出自另一个网络：它现读画作，这两幅画它都没有见过（第 13 章）。',
        ),
        [
            one_pass('lake', 'oil_strokes'),
            one_pass('lake', 'stained_glass'),
            one_pass('lake', 'woodblock'),
            one_pass('cat', 'stained_glass'),
            one_pass('rooftops', 'starry_night'),
            one_pass('bridge', 'great_wave'),
            one_pass('otter', 'ink_wash woodblock', '--style-weights 0.5,0.5'),
            one_pass('beach_city', 'sainte_victoire'),
            one_pass('cat', 'irises', '--net ghiasi'),
            one_pass('lake', 'oil_strokes', '--net ghiasi'),
        ],
    ),
    (
        Text('Patches', '图块'),
        Text(
            'Pieces of the painting, put together anew where they resemble the photograph '
            '(chapter 5): a wave stays a wave, and nothing is mixed.',
            '画的碎片，在与照片相像的地方重新拼合（第 5 章）：浪仍是浪，不会混成一片。',
        ),
        [
            patches('cat', 'great_wave'),
            patches('lake', 'starry_night'),
            patches('otter', 'irises'),
            patches('astronaut', 'the_kiss'),
        ],
    ),
    (
        Text('Photographs', '照片'),
        Text(
            'One photograph in the colours of another, sky from sky and land from land, every '
            'line where it was (chapter 6). With a larger weight of the matting Laplacian more of '
            'it is kept.',
            '照片取另一张照片的颜色，天空取自天空，地面取自地面，每条线留在原处（第 6 章）。'
            '抠图拉普拉斯的权重大些，照片自己的就留得多些。',
        ),
        [
            photograph('rooftops', 'lake'),
            photograph('rooftops', 'lake', '--matting-weight 1e6'),
            photograph('lake', 'beach_city'),
            photograph('lake', 'beach_city', '--matting-weight 1e6'),
        ],
    ),
    (
        Text('Colour', '颜色'),
        Text(
            'The painting lends its strokes, and the photograph keeps its sunset.',
            '画作借出笔触，照片留住晚霞。',
        ),
        [
            plain(Text('as it comes', '不加限制'), 'rooftops', 'starry_night'),
            *(
                knob('--preserve-color', way, 'rooftops', 'starry_night')
                for way in ('luminance', 'linear', 'histogram')
            ),
        ],
    ),
    (
        Text('Scale of the strokes', '笔触的大小'),
        Text(
            'The same painting at half, one and two times the size of the picture.',
            '同一幅画取成图的一半、一倍和两倍大小。',
        ),
        [
            knob('--style-scale', '0.5'),
            plain(Text('1, the default', '1，默认值')),
            knob('--style-scale', '2'),
        ],
    ),
    (
        Text('Several styles', '多种风格'),
        Text(
            'Between two paintings: a mixture of their Gram matrices.',
            '在两幅画之间：格拉姆矩阵的混合。',
        ),
        [
            plain(PAINTINGS['great_wave'], 'cat', 'great_wave'),
            Picture(
                Text('half and half', '各一半'),
                'cat',
                'great_wave the_kiss',
                '--style-weights 0.5 0.5',
            ),
            plain(PAINTINGS['the_kiss'], 'cat', 'the_kiss'),
        ],
    ),
    (
        Text('Space', '空间'),
        Text(
            'One painting for the whole, and one above the ridge, another below.',
            '整幅用一幅画；山脊以上用一幅，以下用另一幅。',
        ),
        [
            plain(PAINTINGS['starry_night'], 'lake', 'starry_night'),
            Picture(
                Text(
                    'The Starry Night above, The Great Wave below',
                    '上《星夜》，下《神奈川冲浪里》',
                ),
                'lake',
                'starry_night great_wave',
                MASKS,
            ),
            Picture(
                Text(
                    'The Great Wave above, The Starry Night below',
                    '上《神奈川冲浪里》，下《星夜》',
                ),
                'lake',
                'great_wave starry_night',
                MASKS,
            ),
        ],
    ),
    (
        Text('Layers', '层'),
        Text(
            'Which layers hold the style: shallow ones its colours and grain, deep ones shapes.',
            '由哪些层承载风格：浅层是颜色和质地，深层是形状。',
        ),
        [
            knob('--style-layers', 'relu1_1,relu2_1'),
            plain(Text('all five', '全部五层')),
            knob('--style-layers', 'relu4_1,relu5_1'),
        ],
    ),
    (
        Text('Weight of the content', '内容权重'),
        Text(
            'How closely the photograph is kept. These three rows are painted by `fast`, at the '
            '560x320 they are shown at; in the middle is the number of the recipe.',
            '保留照片的程度。这三行用 `fast` 画成，大小就是这里显示的 560x320；中间是配方的数值。',
        ),
        weights('content', '0.1', '1', '10'),
    ),
    (
        Text('Weight of the style', '风格权重'),
        Text('How strongly the style is asked for.', '要求风格的强度。'),
        weights('style', '100', '1000', '10000'),
    ),
    (
        Text('Weight of the total variation', '全变分权重'),
        Text('How smooth the picture is.', '画面的平滑程度。'),
        weights('tv', '0', '50', '1000'),
    ),
)
TITLE = Text('Gallery', '画廊')
ABOUT = Text(
    'Every picture here was made by the command below its table, on a CPU, with the network and '
    'the pictures that come with the course; `python chapters/gallery.py` makes them all. A click '
    'shows it whole, 1120 pixels along its longer side. Where no other is named, the recipe is '
    '`painterly`; at this size it need not paint larger than the picture, `--oversample 1`. '
    'A picture takes about a minute on two cores.',
    '这里的每幅图都由表格下方的命令在 CPU 上画成，用的是随课程附带的网络和图像；'
    '`python chapters/gallery.py` 会把它们全部画一遍。点击可看原大（长边 1120 像素）。'
    '未注明时，配方是 `painterly`；这样大的图不必先画得更大再缩小，故加 `--oversample 1`。'
    '每幅在双核 CPU 上约需一分钟。',
)
COMMANDS = Text('The commands', '命令')
SAMPLES = Text('What they are made of', '素材')


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


def pictures() -> List[Picture]:
    """Return all pictures once, in the order of the page."""
    return list({p.name: p for _, _, row in ROWS for p in row}.values())


def paint(picture: Picture) -> None:
    """Run one command and keep its last picture, whole and halved, or none."""
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, '-m', *shlex.split(f'{picture.job} {picture.words}')]
        subprocess.run([*run, '--output', folder, '--quiet'], cwd=CHAPTERS.parent, check=True)
        last = sorted(Path(folder).glob(picture.result))[-1]
        with Image.open(last) as painted:
            whole = painted.convert('RGB')
    save(whole, picture.whole)
    if not picture.own_size:
        save(whole.reduce(2), picture.shown)


def save(img: Image.Image, path: Path) -> None:
    """Write a JPEG, completely or not at all."""
    part = path.with_suffix('.part')
    img.save(part, format='JPEG', quality=88)
    part.replace(path)


def table(row: Sequence[Picture], language: str) -> str:
    """Return pictures with their captions as a table in Markdown, then their commands."""
    columns = 3 if len(row) % 2 else 2
    lines = ['| ' * columns + '|', '|---' * columns + '|']
    for first in range(0, len(row), columns):
        cells = []
        for picture in row[first : first + columns]:
            caption = getattr(picture.caption, language)
            whole = picture.whole.relative_to(CHAPTERS).as_posix()
            img = f'<img src="gallery/{picture.name}" alt="{caption.replace("`", "")}">'
            cells.append(f'<a href="{whole}">{img}</a><br>{caption}')
        lines.append('| ' + ' | '.join(cells + [''] * (columns - len(cells))) + ' |')
    commands = '\n'.join(picture.command for picture in row)
    summary = getattr(COMMANDS, language)
    fold = f'<details><summary>{summary}</summary>\n\n```sh\n{commands}\n```\n\n</details>'
    return '\n'.join(lines) + f'\n\n{fold}\n'


def samples(language: str) -> str:
    """Return the photographs and the paintings, small, with their names."""

    def img(kind: str, name: str, text: Text) -> str:
        path = f'../assets/{kind}/{name}.jpg'
        title = getattr(text, language)
        return f'<a href="{path}"><img src="{path}" height="90" alt="{title}" title="{name}"></a>'

    photos = [img('content', name, photo.name) for name, photo in PHOTOS.items()]
    paintings = [img('style', name, text) for name, text in PAINTINGS.items()]
    return '\n'.join(photos) + '\n\n' + '\n'.join(paintings) + '\n'


def page(language: str) -> str:
    """Return the gallery's page."""
    parts = [
        f'# {getattr(TITLE, language)}\n\n{getattr(ABOUT, language)}\n',
        f'## {getattr(SAMPLES, language)}\n\n{samples(language)}',
    ]
    for title, about, row in ROWS:
        parts.append(f'## {getattr(title, language)}\n\n{getattr(about, language)}\n')
        parts.append(table(row, language))
    return '\n'.join(parts)


def main() -> int:
    """Make what is missing, or all, and write the page in both languages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--again', action='store_true', help='make all pictures anew')
    args = parser.parse_args()
    LARGE.mkdir(parents=True, exist_ok=True)
    make_masks()
    missing = [p for p in pictures() if args.again or not (p.shown.exists() and p.whole.exists())]
    for picture in tqdm(missing, unit=' pictures'):
        paint(picture)
    for language, name in (('en', 'gallery.md'), ('zh', 'gallery.zh.md')):
        (CHAPTERS / name).write_text(page(language), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
