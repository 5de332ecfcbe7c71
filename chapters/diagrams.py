"""Draw the diagrams of the chapters: the method, and from feature maps to the Gram matrix.

    python chapters/diagrams.py [FOLDER]      (default: chapters/diagrams)

For chapter 13: AdaIN with its losses, and the network that reads rows. For chapter 5: patches,
their match, and how many have a position. For chapter 6: photographs with regions, and the
photo's matrix. For chapter 7: a frame, and the one before moved along the flow.
For chapter 21: painter and critic.

All labels are symbols and names of layers, so that one drawing serves every language; the
captions in the chapters say in words what is drawn. The picture that is shown as the result,
finished.jpg, is no drawing: it was painted by the command in the caption of Figure 1.1, and saved
with quality 90. any-style.jpg shows the otter after oil strokes, by a decoder that was trained
as in chapter 13. photograph.jpg shows the rooftops in the colours of the lake, as in chapter 6.
moving.jpg has side by side two frames of the clip cars, the flow between them, how far it can be
trusted, and both frames as chapter 7 paints them.
emoji.png shows a held-out drawing, what the bundled pix2pix made of it, and the emoji itself.
cyclegan.jpg and mixgan.jpg are squares, side by side, by the bundled painters of these names: an
emoji there and back, another back and there; a letter as its code says it, and mixed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Circle, FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).resolve().parent / 'diagrams'

INK, GREY, PALE = '#22303c', '#8a949e', '#eef1f4'
CONTENT, STYLE, SMOOTH, BACK = '#2b6cb0', '#c77d0a', '#3c8d5a', '#c0392b'
FONTS = {'font.family': 'DejaVu Sans', 'mathtext.fontset': 'stix', 'font.size': 11}

CONVS = ((30, 33), (39, 42), (48, 50.6, 53.2, 55.8), (61.5, 64.1, 66.7, 69.3), (75,))
HEIGHTS = (19, 15.5, 12.5, 10, 7.5)
AXIS = 31  # the height at which the network's layers are lined up


class Drawing:
    """A canvas of `width` by `height` units, 10 of them an inch, and what is drawn on it."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width / 10, height / 10), facecolor='white')
        FigureCanvasAgg(self.figure)
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set(xlim=(0, width), ylim=(0, height))
        self.ax.set_axis_off()

    def text(self, x: float, y: float, text: str, color: str = INK, **options: object) -> None:
        """Write symbols around a point."""
        self.ax.text(x, y, text, color=color, **{'ha': 'center', 'va': 'center', **options})

    def line(self, points: list, color: str = INK, head: bool = True, **options: object) -> None:
        """Draw a line through points, with an arrow's head at its end."""
        options = {'lw': 1.6, 'zorder': 3, **options}
        self.ax.plot(*zip(*points), color=color, solid_capstyle='round', **options)
        if head:
            tip = FancyArrowPatch(
                points[-2],
                points[-1],
                arrowstyle='-|>',
                mutation_scale=13,
                lw=0,
                color=color,
                shrinkA=0,
                shrinkB=0,
                zorder=options['zorder'],
            )
            self.ax.add_patch(tip)

    def box(self, x: float, y: float, text: str, color: str, width: float = 9) -> None:
        """Write symbols in a box around a point."""
        height = 5.6
        corner = (x - width / 2 + 0.8, y - height / 2 + 0.8)
        self.ax.add_patch(
            FancyBboxPatch(
                corner,
                width - 1.6,
                height - 1.6,
                boxstyle='round,pad=0.8',
                facecolor='white',
                edgecolor=color,
                lw=1.6,
                zorder=4,
            )
        )
        self.text(x, y, text, color, zorder=5, fontsize=14)

    def picture(self, path: Path, x: float, y: float, width: float, color: str, lw: float) -> None:
        """Show a picture in 7:4 with its lower left corner at a point, in a frame."""
        height = width * 4 / 7
        img = Image.open(path).convert('RGB').resize((350, 200), Image.Resampling.BOX)
        self.ax.imshow(
            numpy.asarray(img), extent=(x, x + width, y, y + height), aspect='auto', zorder=2
        )
        frame = Rectangle((x, y), width, height, fill=False, edgecolor=color, lw=lw, zorder=3)
        self.ax.add_patch(frame)

    def lock(self, x: float, y: float) -> None:
        """Draw a padlock."""
        self.ax.add_patch(Rectangle((x - 1.3, y - 1.6), 2.6, 2.2, facecolor=INK, zorder=5))
        self.ax.add_patch(
            Arc((x, y + 0.5), 1.7, 2.6, theta1=0, theta2=180, edgecolor=INK, lw=1.8, zorder=5)
        )
        self.ax.add_patch(Circle((x, y - 0.5), 0.32, facecolor='white', zorder=6))

    def cells(self, x: float, y: float, numbers: numpy.ndarray, colors: list, most: float) -> None:
        """Draw a matrix from its upper left corner, rows in their colours, deep where large."""
        for (row, column), number in numpy.ndenumerate(numbers):
            color = colors[row] if isinstance(colors[row], str) else colors[row][column]
            left, bottom = x + SIDE * column, y - SIDE * (row + 1)
            kwargs = {'edgecolor': 'white', 'lw': 2}
            self.ax.add_patch(Rectangle((left, bottom), SIDE, SIDE, facecolor=PALE, **kwargs))
            self.ax.add_patch(
                Rectangle(
                    (left, bottom),
                    SIDE,
                    SIDE,
                    facecolor=color,
                    alpha=0.75 * number / most,
                    **kwargs,
                )
            )
            self.text(left + SIDE / 2, bottom + SIDE / 2, f'{number:g}', fontsize=12)

    def save(self, path: Path) -> None:
        """Write the drawing as a PNG of 256 colours."""
        self.figure.canvas.draw()
        pixels = numpy.asarray(self.figure.canvas.buffer_rgba())[..., :3]
        image = Image.fromarray(pixels).quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        image.save(path, optimize=True)


def method() -> Drawing:
    """Draw pictures, network, taps and losses, and the way back to the pixels."""
    drawing = Drawing(122, 50)
    drawing.picture(ROOT / 'assets' / 'content' / 'lake.jpg', 4, 38, 17, CONTENT, 2)
    drawing.picture(ROOT / 'assets' / 'style' / 'oil_strokes.jpg', 4, 25.5, 17, STYLE, 2)
    drawing.picture(FOLDER / 'finished.jpg', 4, 11, 17, BACK, 3)
    for y, name, color in ((43, 'C', CONTENT), (30.3, 'S', STYLE), (16, 'X', BACK)):
        drawing.text(2, y, f'${name}$', color, fontsize=15)
    for y, color in ((42.9, CONTENT), (30.4, STYLE), (15.9, BACK)):
        drawing.line([(21.8, y), (25.8, AXIS + (y - AXIS) / 3)], color)
    drawing.ax.add_patch(
        FancyBboxPatch(
            (27, 16), 50, 30.5, boxstyle='round,pad=1', facecolor=PALE, edgecolor=GREY, lw=1.2
        )
    )
    drawing.lock(74.6, 18.2)
    layers(drawing)
    drawing.box(93, 43, r'$L_s$', STYLE)
    drawing.box(93, 21, r'$L_c$', CONTENT)
    drawing.box(93, 9, r'$L_{tv}$', SMOOTH)
    drawing.line([(21.8, 14), (24.3, 14), (24.3, 9), (88.3, 9)], SMOOTH)
    drawing.box(113, 24, r'$l$', INK, width=8)
    for y, end, name, color in (
        (43, 26, 's', STYLE),
        (21, 24, 'c', CONTENT),
        (9, 22, 'tv', SMOOTH),
    ):
        drawing.line([(97.7, y), (108.8, end)], color)
        label = (103.5, (y + end) / 2 + (3.4 if y > 10 else -3.4))
        if name == 'c':
            label = (103.2, 25)
        drawing.text(*label, rf'$w_{{{name}}}$', color, fontsize=14)
    drawing.line([(113, 21), (113, 3), (12.5, 3), (12.5, 10.6)], BACK, ls=(0, (4, 2.5)), lw=1.8)
    drawing.text(60, 5.2, r'$\partial l \,/\, \partial X$', BACK, fontsize=14)
    return drawing


def layers(drawing: Drawing) -> None:
    """Draw the convolutions as bars, halved between the blocks, and where they are tapped."""
    drawing.line([(26.6, AXIS), (75, AXIS)], GREY, head=False, lw=1, zorder=2)
    last = CONVS[-1][-1]
    for block, (positions, height) in enumerate(zip(CONVS, HEIGHTS), start=1):
        for depth, x in enumerate(positions, start=1):
            color = STYLE if depth == 1 else CONTENT if (block, depth) == (4, 4) else '#c3cbd3'
            drawing.ax.add_patch(
                Rectangle((x - 0.8, AXIS - height / 2), 1.6, height, facecolor=color, zorder=4)
            )
        x = positions[0]
        drawing.line([(x, AXIS + height / 2), (x, 43)], STYLE, head=False)
        drawing.ax.add_patch(Circle((x, 43), 0.45, facecolor=STYLE, zorder=5))
        drawing.text(x, AXIS - height / 2 - 1.5, f'conv{block}_1', STYLE, fontsize=8.5)
    drawing.line([(CONVS[0][0], 43), (88.3, 43)], STYLE)
    x = CONVS[3][3]
    drawing.line([(x, AXIS - HEIGHTS[3] / 2), (x, 21), (88.3, 21)], CONTENT)
    drawing.text(x - 0.9, 23, 'conv4_4', CONTENT, fontsize=8.5, ha='right')
    for x in (81, 83.6, 86.2):  # what is cut off
        drawing.ax.add_patch(
            Rectangle((x - 0.8, AXIS - 3.75), 1.6, 7.5, fill=False, edgecolor='#c3cbd3', ls=':')
        )
    drawing.line([(last + 3, AXIS - 5), (last + 3, AXIS + 5)], GREY, head=False, ls=':', lw=2)


SIDE = 4.2  # of a matrix' cell
MAPS = numpy.array([[[2, 0], [1, 0]], [[1, 0], [2, 0]], [[0, 3], [0, 1]]])


def gram() -> Drawing:
    """Draw three maps, the matrix of which they are the rows, and its product with itself."""
    drawing = Drawing(110, 36.5)
    colors = [CONTENT, STYLE, SMOOTH]
    X = MAPS.reshape(3, 4)
    top = AXIS - 3
    for k, (M, color) in enumerate(zip(MAPS, colors)):
        y = 33.5 - 10.6 * k
        drawing.cells(5, y, M, [color] * 2, 3)
        drawing.line([(14.2, y - SIDE), (21.5, top - SIDE * (k + 0.5) - 4)], color, lw=1.3)
    drawing.text(2.6, 33.5 - SIDE, '$h$', GREY, fontsize=13)
    drawing.text(5 + SIDE, 34.8, '$w$', GREY, fontsize=13)
    top -= 4
    drawing.cells(23, top, X, colors, 3)
    drawing.text(31.4, top + 2.2, '$hw$', GREY, fontsize=13)
    drawing.text(41.6, top - 1.5 * SIDE, '$c$', GREY, fontsize=13)
    drawing.text(31.4, 5.2, r'$\mathbf{X}$', fontsize=16)
    drawing.text(46.3, top - 1.5 * SIDE, r'$\times$', fontsize=17)
    drawing.cells(50, top + SIDE / 2, X.T, [colors] * 4, 3)
    drawing.text(56.3, 5.2, r'$\mathbf{X}^{\top}$', fontsize=16)
    drawing.text(67.4, top - 1.5 * SIDE, '$=$', fontsize=17)
    drawing.cells(72, top, X @ X.T, [INK] * 3, 16)
    drawing.text(78.3, top + 2.2, '$c$', GREY, fontsize=13)
    drawing.text(86.4, top - 1.5 * SIDE, '$c$', GREY, fontsize=13)
    drawing.text(79.5, 5.2, r'$\mathbf{X}\mathbf{X}^{\top} = chw\,\mathbf{G}$', fontsize=16)
    drawing.text(
        99,
        top - 1.5 * SIDE,
        '$4 = 2\\cdot 1 + 0\\cdot 0$\n$\\quad\\;\\,+\\,1\\cdot 2 + 0\\cdot 0$',
        fontsize=12,
    )
    return drawing


def one_pass() -> Drawing:
    """Draw the network that paints and the one that looks, and the way back to the weights."""
    drawing = Drawing(122, 50)
    for k, name in enumerate(('colosseum', 'bridge', 'lake')):  # a batch of photographs
        path = ROOT / 'assets' / 'content' / f'{name}.jpg'
        drawing.picture(path, 5 - k, 30.4 - 1.5 * k, 15, CONTENT, 2)
    drawing.picture(FOLDER / 'finished.jpg', 47.5, 27.4, 15, INK, 2)
    drawing.picture(ROOT / 'assets' / 'style' / 'oil_strokes.jpg', 47.5, 39, 15, STYLE, 2)
    for x, y, name, color in (
        (10.5, 24.6, 'X', CONTENT),
        (55, 24.6, r'\hat{Y}', INK),
        (45.3, 43.3, 'S', STYLE),
    ):
        drawing.text(x, y, f'${name}$', color, fontsize=15)
    drawing.line([(19.4, AXIS), (22.6, AXIS)], CONTENT)
    drawing.ax.add_patch(
        FancyBboxPatch(
            (24, 22),
            17.6,
            18,
            boxstyle='round,pad=0.8',
            facecolor='#fbeae8',
            edgecolor=BACK,
            lw=1.8,
        )
    )
    for x, height in zip(numpy.linspace(25.5, 40.2, 8), (16, 11, 7, 7, 7, 7, 11, 16)):
        drawing.ax.add_patch(
            Rectangle((x - 0.6, AXIS - height / 2), 1.2, height, facecolor=BACK, zorder=4)
        )
    drawing.text(32.8, 23.6, r'$f_W$', BACK, fontsize=15)
    drawing.line([(42.8, AXIS), (46.9, AXIS)], INK)
    drawing.ax.add_patch(
        FancyBboxPatch(
            (71, 14), 17, 33, boxstyle='round,pad=1', facecolor=PALE, edgecolor=GREY, lw=1.2
        )
    )
    for x, height in zip(numpy.linspace(73, 86, 5), (18, 14.5, 11.5, 9, 7)):
        drawing.ax.add_patch(
            Rectangle((x - 0.8, AXIS - height / 2), 1.6, height, facecolor='#c3cbd3', zorder=4)
        )
    drawing.lock(86, 16.6)
    drawing.line([(63, AXIS), (69.4, AXIS)], INK)
    drawing.line([(63, 43.3), (66, 43.3), (69.4, 40)], STYLE)
    drawing.line([(10.5, 23), (10.5, 18.6), (69.4, 18.6)], CONTENT)
    for y, name, color in ((42, 's', STYLE), (AXIS, 'c', CONTENT), (9, 'tv', SMOOTH)):
        drawing.box(98, y, rf'$L_{{{name}}}$', color)
        drawing.line([(102.7, y), (110.6, {42: 28, AXIS: 26, 9: 23}[y])], color)
    drawing.line([(89.4, 36), (93.3, 41)], STYLE)
    drawing.line([(89.4, AXIS), (93.3, AXIS)], CONTENT)
    drawing.line([(55, 22.9), (55, 9), (93.3, 9)], SMOOTH)
    drawing.box(114.6, 25.6, r'$l$', INK, width=8)
    drawing.line(
        [(114.6, 22.6), (114.6, 3), (32.8, 3), (32.8, 20.8)], BACK, ls=(0, (4, 2.5)), lw=1.8
    )
    drawing.text(78, 5.2, r'$\partial l \,/\, \partial W$', BACK, fontsize=14)
    return drawing


STYLES = ('ink_wash', 'oil_strokes', 'great_wave', 'stained_glass')


def rows() -> Drawing:
    """Draw a network that all styles share, one of its norms with its tables, and the losses."""
    drawing = Drawing(122, 53)
    middle = 39.5
    drawing.picture(ROOT / 'assets' / 'content' / 'lake.jpg', 3, middle - 4.9, 17, CONTENT, 2)
    drawing.picture(FOLDER / 'finished.jpg', 101, middle - 4.9, 17, BACK, 2)
    drawing.text(11.5, middle - 7, '$X$', CONTENT, fontsize=15)
    drawing.line([(20.5, middle), (100.4, middle)], GREY, zorder=2)
    for x, height in zip(range(27, 97, 9), (14, 11, 8, 8, 8, 8, 11, 14)):
        for left, width, color in ((x, 2.4, '#c3cbd3'), (x + 2.6, 0.9, STYLE)):
            corner = (left, middle - height / 2)
            drawing.ax.add_patch(Rectangle(corner, width, height, facecolor=color, zorder=4))
    top = 23.5
    second = top - 1.5 * SIDE
    for k, name in enumerate(STYLES):
        y = top - SIDE * (k + 1) + 0.3
        path = ROOT / 'assets' / 'style' / f'{name}.jpg'
        drawing.picture(path, 7, y, 6.3, STYLE if k == 1 else GREY, 2 if k == 1 else 0.5)
    drawing.cells(20, top, numpy.eye(4)[:, 1:2], [STYLE] * 4, 1)
    drawing.text(22.1, 4.3, '$S$', fontsize=15)
    rng = numpy.random.default_rng(3)
    for left, name in ((34, r'$\Gamma$'), (64, r'$B$')):
        for (row, column), number in numpy.ndenumerate(rng.uniform(0.15, 0.9, (4, 5))):
            corner = (left + SIDE * column, top - SIDE * (row + 1))
            color = STYLE if row == 1 else GREY
            options = {'facecolor': color, 'alpha': number, 'edgecolor': 'white', 'lw': 2}
            drawing.ax.add_patch(Rectangle(corner, SIDE, SIDE, zorder=4, **options))
        corner = (left, second - SIDE / 2)
        frame = Rectangle(corner, 5 * SIDE, SIDE, fill=False, edgecolor=STYLE, lw=2, zorder=5)
        drawing.ax.add_patch(frame)
        drawing.text(left + 2.5 * SIDE, 4.3, name, fontsize=15)
        drawing.text(left + 2.5 * SIDE, top + 1.6, '$c$', GREY, fontsize=12)
    drawing.line([(24.8, second), (33.4, second)], STYLE)
    for start, name, shift in ((55.4, r'$\gamma$', -2), (63.6, r'$\beta$', 2)):
        drawing.line([(start, second), (57.05, second), (57.05, middle - 4.3)], STYLE)
        drawing.text(57.05 + shift, 29, name, STYLE, fontsize=14)
    drawing.box(109.5, 24.5, r'$L_c$', CONTENT)
    drawing.box(109.5, 12.5, r'$L_s$', STYLE)
    drawing.line([(109.5, middle - 5.4), (109.5, 28)], BACK)
    drawing.line([(103, middle - 5.4), (103, 14), (104.8, 14)], BACK)
    drawing.line(
        [(11.5, middle + 5.2), (11.5, 51.5), (120, 51.5), (120, 24.5), (114.3, 24.5)], CONTENT
    )
    drawing.line([(6.6, second), (3, second), (3, 1.6), (109.5, 1.6), (109.5, 9.4)], STYLE)
    drawing.text(105.5, middle - 7, '$Y$', BACK, fontsize=15)
    return drawing


def network(drawing: Drawing, x: float, y: float, text: str, down: bool, frozen: bool) -> None:
    """Draw a network around a point as a wedge: it makes a picture smaller, or larger."""
    left, right = (5.5, 2.8) if down else (2.8, 5.5)
    corners = [
        (x - 4.5, y - left),
        (x + 4.5, y - right),
        (x + 4.5, y + right),
        (x - 4.5, y + left),
    ]
    edge = INK if frozen else BACK
    drawing.ax.add_patch(Polygon(corners, facecolor=PALE, edgecolor=edge, lw=1.6, zorder=4))
    drawing.text(x - (0.9 if down else -0.7), y, text, edge, zorder=5, fontsize=15)
    if frozen:
        drawing.lock(x + 2.6, y)


def adain() -> Drawing:
    """Draw encoder, change of statistics, decoder, the encoder again, the losses, the way back."""
    drawing = Drawing(122, 50)
    drawing.picture(ROOT / 'assets' / 'content' / 'otter.jpg', 4, 34, 14, CONTENT, 2)
    drawing.picture(ROOT / 'assets' / 'style' / 'oil_strokes.jpg', 4, 15, 14, STYLE, 2)
    for y, name, color in ((38, 'X', CONTENT), (19, 'Z', STYLE)):
        drawing.text(2, y, f'${name}$', color, fontsize=15)
        drawing.line([(18.4, y), (21.6, y)], color)
        network(drawing, 26.4, y, '$f$', down=True, frozen=True)
    drawing.box(44, 38, 'AdaIN', INK, width=14)
    drawing.line([(31.2, 38), (36.6, 38)], CONTENT)
    drawing.text(33.8, 40.4, '$f(X)$', CONTENT, fontsize=12)
    drawing.line([(31.2, 19), (44, 19), (44, 34.8)], STYLE)
    drawing.text(40.3, 27, r'$\mu, \sigma$', STYLE, fontsize=14)
    drawing.line([(51.4, 38), (57.6, 38)], INK)
    drawing.text(54.2, 40.4, '$t$', INK, fontsize=15)
    network(drawing, 62.4, 38, '$g$', down=False, frozen=False)
    drawing.line([(67.2, 38), (70.6, 38)], BACK)
    drawing.picture(FOLDER / 'any-style.jpg', 71, 34, 14, BACK, 3)
    drawing.text(78, 44.3, '$Y = g(t)$', BACK, fontsize=14)
    drawing.line([(85.6, 38), (89.4, 38)], BACK)
    network(drawing, 94.2, 38, '$f$', down=True, frozen=True)
    drawing.box(110, 38, '$L_c$', CONTENT)
    drawing.line([(99, 38), (105.2, 38)], CONTENT)
    drawing.line([(55.6, 38), (55.6, 47.6), (110, 47.6), (110, 41.2)], CONTENT)
    drawing.box(110, 19, '$L_s$', STYLE)
    drawing.line([(99, 36.4), (101.5, 36.4), (101.5, 20.5), (105.2, 20.5)], STYLE)
    drawing.line([(44, 19), (105.2, 19)], STYLE)
    drawing.ax.add_patch(Circle((55.6, 38), 0.45, facecolor=CONTENT, zorder=5))
    drawing.ax.add_patch(Circle((44, 19), 0.45, facecolor=STYLE, zorder=5))
    back = {'ls': (0, (4, 2.5)), 'lw': 1.8}
    drawing.line([(115, 38), (118.5, 38), (118.5, 9)], BACK, head=False, **back)
    drawing.line([(115, 19), (118.2, 19)], BACK, head=False, **back)
    drawing.line([(118.5, 9), (118.5, 7), (62.4, 7), (62.4, 33.4)], BACK, **back)
    drawing.text(88, 9.2, r'$\partial l \,/\, \partial g$', BACK, fontsize=14)
    return drawing


def reader() -> Drawing:
    """Draw how rows of norms are read from a painting, and what paints with them."""
    drawing = Drawing(122, 42)
    drawing.picture(ROOT / 'assets' / 'style' / 'oil_strokes.jpg', 4, 27, 14, STYLE, 2)
    drawing.picture(ROOT / 'assets' / 'content' / 'otter.jpg', 4, 5, 14, CONTENT, 2)
    for y, name, color in ((31, 'Z', STYLE), (9, 'X', CONTENT)):
        drawing.text(2, y, f'${name}$', color, fontsize=15)
    drawing.line([(18.4, 31), (21.6, 31)], STYLE)
    network(drawing, 26.4, 31, '$f$', down=True, frozen=True)
    drawing.line([(31.2, 31), (41, 31)], STYLE)
    drawing.text(35.6, 33.4, r'$D = (\mu, \sigma)$', STYLE, fontsize=12)
    drawing.box(47.8, 31, '$W_1, W_2$', BACK, width=13)
    drawing.line([(54.6, 31), (61, 31)], STYLE)
    shares = (0.2, 0.8, 0.1, 0.5, 0.3)
    for k, share in enumerate(shares):
        kwargs = {'edgecolor': 'white', 'lw': 1.5, 'zorder': 4}
        corner = (62, 35 - 2 * k)
        drawing.ax.add_patch(Rectangle(corner, 2.4, 2, facecolor=PALE, **kwargs))
        drawing.ax.add_patch(Rectangle(corner, 2.4, 2, facecolor=STYLE, alpha=share, **kwargs))
    drawing.text(63.2, 39, '$S$', STYLE, fontsize=15)
    drawing.line([(65.2, 31), (71, 31)], STYLE)
    drawing.box(78, 31, r'$\Gamma,\ B$', BACK, width=13)
    drawing.line([(18.4, 9), (26.4, 9)], CONTENT)
    bars = ((28, 12), (32, 9), (36, 6.5), (42, 6.5), (48, 6.5), (54, 6.5), (60, 6.5))
    bars += ((66, 6.5), (72, 6.5), (76, 9), (80, 12), (84, 12))
    drawing.line([(27, 9), (100.6, 9)], GREY, head=False, lw=1, zorder=2)
    for x, height in bars[:-1]:
        corner = (x - 0.8, 9 - height / 2)
        drawing.ax.add_patch(Rectangle(corner, 1.6, height, facecolor=BACK, alpha=0.8, zorder=4))
        drawing.line([(x, 21), (x, 9.6 + height / 2)], STYLE, lw=1.1)
    drawing.line([(28, 21), (80, 21)], STYLE, head=False, lw=1.6)
    drawing.line([(78, 27.8), (78, 21)], STYLE, head=False)
    drawing.text(87, 24, r'$\gamma = S\,\Gamma,\ \ \beta = S\,B$', STYLE, fontsize=13)
    x, height = bars[-1]
    corner = (x - 0.8, 9 - height / 2)
    drawing.ax.add_patch(Rectangle(corner, 1.6, height, facecolor=BACK, alpha=0.8, zorder=4))
    drawing.line([(96, 9), (101.6, 9)], BACK)
    drawing.picture(FOLDER / 'any-style.jpg', 102, 5, 14, BACK, 3)
    drawing.text(119, 9, '$Y$', BACK, fontsize=15)
    return drawing


def grid(
    drawing: Drawing, x: float, y: float, size: tuple, color: str, strong: dict, side: float = 2.6
) -> None:
    """Draw a layer's output of `size` columns and rows from its upper left corner.

    `strong` has how dark single positions are, by column and row.
    """
    for column, row in numpy.ndindex(size):
        corner = (x + side * column, y - side * (row + 1))
        kwargs = {'edgecolor': 'white', 'lw': 1.5, 'zorder': 3}
        drawing.ax.add_patch(Rectangle(corner, side, side, facecolor=PALE, **kwargs))
        alpha = strong.get((column, row), 0.12)
        kwargs['alpha'] = alpha
        drawing.ax.add_patch(Rectangle(corner, side, side, facecolor=color, **kwargs))


def patch(
    drawing: Drawing,
    x: float,
    y: float,
    at: tuple,
    color: str,
    side: float = 2.6,
    **options: object,
) -> None:
    """Draw the frame of a patch of 3 by 3 positions of a grid."""
    corner = (x + side * at[0], y - side * (at[1] + 3))
    options = {'lw': 2.4, 'zorder': 5, **options}
    drawing.ax.add_patch(
        Rectangle(corner, 3 * side, 3 * side, fill=False, edgecolor=color, **options)
    )


EYE = {(0, 0): 0.2, (1, 0): 0.6, (2, 0): 0.2, (0, 1): 0.6, (1, 1): 0.95, (2, 1): 0.6}
EYE.update({(0, 2): 0.2, (1, 2): 0.6, (2, 2): 0.2})


def matching() -> Drawing:
    """Draw outputs, patches, the match of one, and what two that overlap ask of a position."""
    drawing = Drawing(122, 52)
    side, top, low = 2.6, 49, 22
    drawing.picture(ROOT / 'assets' / 'content' / 'bridge.jpg', 3, 37.5, 16, BACK, 2)
    drawing.picture(ROOT / 'assets' / 'style' / 'starry_night.jpg', 3, 10, 16, STYLE, 2)
    for y, name, color in ((34.8, 'X', BACK), (7.4, 'Z', STYLE)):
        drawing.text(11, y, f'${name}$', color, fontsize=15)
    for y, color in ((42, BACK), (14.5, STYLE)):
        drawing.line([(19.6, y), (31.4, y)], color)
        drawing.ax.add_patch(
            Rectangle((23, y - 4), 4.6, 8, facecolor=PALE, edgecolor=GREY, lw=1.2, zorder=4)
        )
        drawing.lock(25.3, y)
    ours = {(c + 2, r + 1): 0.75 * dark for (c, r), dark in EYE.items()}
    theirs = {(c + 4, r + 1): dark for (c, r), dark in EYE.items()}
    grid(drawing, 32, top, (8, 6), BACK, ours)
    grid(drawing, 32, low, (8, 6), STYLE, theirs)
    drawing.text(42.4, 31.2, r'$\hat{Y}$', BACK, fontsize=15)
    drawing.text(42.4, 3.9, '$Y$', STYLE, fontsize=15)
    patch(drawing, 32, top, (2, 1), BACK)
    patch(drawing, 32, top, (4, 1), BACK, ls=(0, (2, 1.5)), lw=1.8)
    patch(drawing, 32, low, (4, 1), STYLE)
    for y, color, dark, name in ((42.4, BACK, 0.75, 'p'), (15.5, STYLE, 1, 'q')):
        strong = {(3 * r + c, 0): dark * d for (c, r), d in EYE.items()}
        grid(drawing, 60, y, (9, 1), color, strong, 2.2)
        drawing.text(69.9, y + (2 if name == 'p' else -4.2), f'${name}$', color, fontsize=14)
        drawing.line([(53.2, y - 1.1), (59.2, y - 1.1)], color)
    drawing.box(69.9, 28.6, r'$\mathrm{arg\,max}_q\ \ \langle p, q\rangle\,/\,|q|$', INK, 25)
    drawing.line([(69.9, 39.6), (69.9, 32)], BACK)
    drawing.line([(69.9, 17.9), (69.9, 25.2)], STYLE)
    drawing.line([(83, 28.6), (90, 28.6)], INK)
    drawing.text(104, 50.2, r'$q(p)$', STYLE, fontsize=14)
    left, height = 93.6, 47
    grid(drawing, left, height, (8, 6), STYLE, ours)
    patch(drawing, left, height, (2, 1), STYLE)
    patch(drawing, left, height, (4, 1), STYLE, ls=(0, (2, 1.5)), lw=1.8)
    for column, text in ((2, '1'), (3, '1'), (4, '2'), (5, '1'), (6, '1')):
        x = left + side * (column + 0.5)
        drawing.text(x, height - side * 2.5, text, 'white' if column == 3 else INK, zorder=6)
    drawing.text(104, 29.4, r'$n(x)$', GREY, fontsize=13)
    drawing.line([(104, 27), (104, 20)], STYLE)
    drawing.box(104, 16.6, r'$L$', STYLE)
    drawing.line(
        [(104, 13.4), (104, 2.6), (21.4, 2.6), (21.4, 39.6), (19.7, 39.6)],
        BACK,
        ls=(0, (4, 2.5)),
        lw=1.8,
    )
    drawing.text(84, 5.2, r'$\partial L \,/\, \partial X$', BACK, fontsize=14)
    return drawing


def photograph() -> Drawing:
    """Draw two photographs with their regions, the losses, the photo's matrix, and the filter."""
    drawing = Drawing(122, 54)
    for y, name, letter, color in ((43, 'rooftops', 'I', CONTENT), (15, 'lake', 'S', STYLE)):
        drawing.picture(ROOT / 'assets' / 'content' / f'{name}.jpg', 4, y, 15, color, 2)
        drawing.picture(ROOT / 'assets' / 'labels' / f'{name}.png', 4, y - 9.4, 15, color, 1)
        drawing.text(2, y + 4, f'${letter}$', color, fontsize=15)
    drawing.picture(FOLDER / 'photograph.jpg', 35, 24, 15, BACK, 3)
    drawing.text(51.6, 34.4, '$V$', BACK, fontsize=15)
    for y, end, color in ((43, 30.5, CONTENT), (15, 26.5, STYLE)):  # the start
        drawing.line([(19.6, y), (23.5, y), (29.6, end), (34.2, end)], color)
    drawing.text(29.6, 37.4, r'$A_k I + b_k$', fontsize=13, ha='left')
    corner = (58, 27)
    box = FancyBboxPatch(
        corner, 17, 22, boxstyle='round,pad=1', facecolor=PALE, edgecolor=GREY, lw=1.2
    )
    drawing.ax.add_patch(box)
    for x, height in zip(numpy.linspace(60, 73, 5), (17, 14, 11, 9, 7)):
        corner = (x - 0.8, 39 - height / 2)
        drawing.ax.add_patch(Rectangle(corner, 1.6, height, facecolor='#c3cbd3', zorder=4))
    drawing.lock(73, 29.6)
    drawing.line([(50.8, 30), (56.4, 32)], INK)
    drawing.line([(19.6, 49), (56.4, 49)], CONTENT)
    drawing.line([(19.6, 21), (51, 21), (56.4, 28)], STYLE)
    side, left, top = 1.7, 60, 21.5
    for row in range(8):  # the matrix: a band, as each pixel knows its neighbours only
        for column in range(8):
            near = abs(row - column)
            color = CONTENT if near < 3 else PALE
            options = {'facecolor': color, 'alpha': 1 - 0.28 * near if near < 3 else 1}
            corner = (left + side * column, top - side * (row + 1))
            square = Rectangle(corner, side, side, edgecolor='white', lw=1, zorder=4, **options)
            drawing.ax.add_patch(square)
    drawing.text(left + 4 * side, 5.2, r'$L_I$', CONTENT, fontsize=15)
    drawing.line([(21, 49), (21, 2.6), (54, 2.6), (54, 9), (59, 9)], CONTENT)
    drawing.line([(50.8, 26), (54, 26), (54, 16), (59, 16)], INK)
    drawing.box(90, 47, r'$L_c$', CONTENT)
    drawing.box(90, 37, r'$\sum_k L_s^k$', STYLE, width=12)
    drawing.box(90, 15, r'$V^{\top} L_I V$', SMOOTH, width=13)
    drawing.line([(76.4, 44), (85.4, 47)], CONTENT)
    drawing.line([(76.4, 37), (83.6, 37)], STYLE)
    drawing.line([(74.2, 15), (83.2, 15)], SMOOTH)
    drawing.box(108, 33, '$l$', INK, width=8)
    for start, y, end, color in ((94.8, 47, 36, CONTENT), (96.4, 37, 34, STYLE)):
        drawing.line([(start, y), (103.8, end)], color)
    drawing.line([(96.8, 16), (104.4, 29.8)], SMOOTH)
    drawing.text(98, 24.2, r'$\lambda$', SMOOTH, fontsize=15)
    drawing.line(
        [(112.2, 33), (118.5, 33), (118.5, 51.8), (42.5, 51.8), (42.5, 33.2)],
        BACK,
        ls=(0, (4, 2.5)),
        lw=1.8,
    )
    drawing.text(107, 49.6, r'$\partial l \,/\, \partial V$', BACK, fontsize=14)
    return drawing


def moving() -> Drawing:
    """Draw two frames, the flow between them, and what holds the later painting to the earlier."""
    drawing = Drawing(122, 54)
    strip = Image.open(FOLDER / 'moving.jpg').convert('RGB')
    width = strip.width // 6

    def piece(k: int, x: float, y: float, color: str, lw: float = 2) -> None:
        img = strip.crop((k * width, 0, (k + 1) * width, strip.height))
        extent = (x, x + 16, y, y + 9)
        drawing.ax.imshow(numpy.asarray(img), extent=extent, aspect='auto', zorder=2)
        frame = Rectangle((x, y), 16, 9, fill=False, edgecolor=color, lw=lw, zorder=3)
        drawing.ax.add_patch(frame)

    for k, x, y, color, name, below in (
        (0, 5, 41, CONTENT, '$I_{t-1}$', False),
        (1, 5, 24, CONTENT, '$I_t$', False),
        (4, 5, 5, STYLE, '$O_{t-1}$', True),
        (2, 33, 32.5, INK, '$w$', False),
        (3, 60, 32.5, INK, '$c$', False),
        (5, 60, 5, BACK, '$O_t$', False),
    ):
        piece(k, x, y, color)
        drawing.text(x + 8, y + (-2.2 if below else 11), name, color, fontsize=14)
    drawing.line([(21.6, 45.5), (27, 45.5), (27, 39), (32.4, 38)], CONTENT)
    drawing.line([(21.6, 28.5), (27, 28.5), (27, 35), (32.4, 36)], CONTENT)
    drawing.line([(49.6, 37), (59.4, 37)], INK)
    drawing.box(41, 9.5, '$W$', INK, 8)
    drawing.line([(21.6, 9.5), (36.6, 9.5)], STYLE)
    drawing.line([(41, 32), (41, 12.8)], INK)
    drawing.line([(45.4, 9.5), (51, 9.5), (51, 20.5), (83.2, 20.5)], STYLE)
    drawing.line([(68, 32), (68, 23), (83.2, 23)], INK)
    drawing.line([(76.6, 11), (80, 11), (80, 18), (83.2, 18)], BACK)
    drawing.box(95, 20.5, r'$\frac{1}{3hw}\sum c\,|O_t - W|^2$', SMOOTH, 23.5)
    drawing.box(95, 37, '$L_c + L_s + L_{tv}$', STYLE, 22)
    drawing.line([(76.6, 8), (82, 8), (82, 37), (83.8, 37)], BACK)
    drawing.line([(21.6, 26), (29, 26), (29, 28.6), (86, 28.6), (86, 33.8)], CONTENT)
    drawing.box(114, 28.6, '$l$', INK, 8)
    drawing.line([(106.2, 37), (114, 37), (114, 31.9)], STYLE)
    drawing.line([(106.9, 20.5), (114, 20.5), (114, 25.3)], SMOOTH)
    drawing.line(
        [(118.2, 28.6), (120.4, 28.6), (120.4, 2.2), (68, 2.2), (68, 4.6)],
        BACK,
        ls=(0, (4, 2.5)),
        lw=1.8,
    )
    drawing.text(104, 4.8, r'$\partial l \,/\, \partial O_t$', BACK, fontsize=14)
    return drawing


def emoji(
    drawing: Drawing, which: int, x: float, y: float, side: float, color: str, lw: float = 2
) -> None:
    """Show one of the three squares of emoji.png with its lower left corner at a point."""
    img = Image.open(FOLDER / 'emoji.png').convert('RGB')
    img = img.crop((64 * which, 0, 64 * which + 64, 64))
    drawing.ax.imshow(
        numpy.asarray(img), extent=(x, x + side, y, y + side), aspect='auto', zorder=4
    )
    frame = Rectangle((x, y), side, side, fill=False, edgecolor=color, lw=lw, zorder=5)
    drawing.ax.add_patch(frame)


def scores(drawing: Drawing, x: float, y: float, color: str, dark: tuple) -> None:
    """Draw a critic's scores of nine patches around a point."""
    for (row, column), number in numpy.ndenumerate(numpy.reshape(dark, (3, 3))):
        corner = (x - 3.9 + 2.6 * column, y + 1.3 - 2.6 * row)
        options = {'edgecolor': 'white', 'lw': 1.5, 'zorder': 4}
        drawing.ax.add_patch(Rectangle(corner, 2.6, 2.6, facecolor=PALE, **options))
        drawing.ax.add_patch(Rectangle(corner, 2.6, 2.6, facecolor=color, alpha=number, **options))


def pix2pix() -> Drawing:
    """Draw a painter with bridges, a critic who is shown both pairs, and the way back to each."""
    drawing = Drawing(122, 54)
    high, low = 37, 14
    emoji(drawing, 0, 4, high - 6, 12, CONTENT)
    emoji(drawing, 1, 47, high - 6, 12, BACK, 3)
    emoji(drawing, 2, 47, low - 6, 12, CONTENT)
    for x, y, name, color in (
        (10, 28.6, 'X', CONTENT),
        (53, 46, r'\hat{Y}', BACK),
        (45, low, 'Y', CONTENT),
    ):
        drawing.text(x, y, f'${name}$', color, fontsize=15)
    corner = (22, high - 10)
    options = {'boxstyle': 'round,pad=0.8', 'facecolor': '#fbeae8', 'edgecolor': BACK, 'lw': 1.8}
    drawing.ax.add_patch(FancyBboxPatch(corner, 18.6, 20, **options))
    places, heights = numpy.linspace(23.6, 39, 8), (14, 10, 6.5, 3.5, 3.5, 6.5, 10, 14)
    for x, height in zip(places, heights):
        corner = (x - 0.65, high - height / 2)
        drawing.ax.add_patch(Rectangle(corner, 1.3, height, facecolor=BACK, zorder=4))
    for left, right, height in zip(places[:3], places[:4:-1], heights):
        y = high + height / 2 - 0.7
        drawing.line([(left + 0.9, y), (right - 0.9, y)], GREY, lw=1.2)
    drawing.text(31.3, high - 8.6, '$G$', BACK, fontsize=15)
    drawing.line([(16.4, high), (21, high)], CONTENT)
    drawing.line([(41.6, high), (46.2, high)], BACK)
    for y, which, color in ((high, 1, BACK), (low, 2, CONTENT)):
        drawing.line([(59.6, y), (66, y)], color)
        emoji(drawing, 0, 66.6, y - 3.5, 7, CONTENT, 1.2)
        emoji(drawing, which, 73.8, y - 3.5, 7, color, 1.2)
        drawing.line([(81.4, y), (85, y)], color)
    drawing.line([(10, high + 6.4), (10, 51), (70, 51), (70, high + 4)], CONTENT)
    drawing.line([(10, 26.6), (10, 3), (70, 3), (70, low - 4.1)], CONTENT)
    corner = (86.8, low - 6)
    options = {
        'boxstyle': 'round,pad=0.8',
        'facecolor': '#e8eff8',
        'edgecolor': CONTENT,
        'lw': 1.8,
    }
    drawing.ax.add_patch(FancyBboxPatch(corner, 6.4, high - low + 12, **options))
    for y in (high, low):
        for x, height in zip((87.6, 90, 92.4), (10, 7, 4.5)):
            corner = (x - 0.65, y - height / 2)
            drawing.ax.add_patch(Rectangle(corner, 1.3, height, facecolor=CONTENT, zorder=4))
    drawing.text(90, (high + low) / 2, '$D$', CONTENT, fontsize=15)
    scores(drawing, 102, high, BACK, (0.2, 0.7, 0.3, 0.5, 0.9, 0.6, 0.3, 0.8, 0.2))
    scores(drawing, 102, low, CONTENT, (0.9, 0.7, 0.9, 0.8, 0.6, 0.9, 0.9, 0.8, 0.7))
    for y, name, color in ((high, r'\hat{s}', BACK), (low, 's', CONTENT)):
        drawing.line([(94.8, y), (97.6, y)], color)
        drawing.text(102, y - 6, f'${name}$', color, fontsize=14)
    drawing.box(115, high, '$l_G$', BACK)
    drawing.box(115, low, '$l_D$', CONTENT)
    drawing.line([(106.4, high), (110, high)], BACK)
    drawing.line([(106.4, low), (110, low)], CONTENT)
    drawing.line([(106.4, high - 3), (112, low + 3.4)], CONTENT)
    drawing.box(53, 25.5, '$L_1$', SMOOTH, width=8)
    drawing.line([(53, high - 6.4), (53, 29)], SMOOTH)
    drawing.line([(53, low + 6.4), (53, 22)], SMOOTH)
    drawing.line([(57.4, 25.5), (83, 25.5), (83, 46.6), (115, 46.6), (115, 40.4)], SMOOTH)
    back = {'ls': (0, (4, 2.5)), 'lw': 1.8}
    drawing.line([(118, 40.4), (118, 49), (31.3, 49), (31.3, 48.4)], BACK, **back)
    drawing.text(96, 51.4, r'$\partial l_G \,/\, \partial G$', BACK, fontsize=14)
    drawing.line([(115, 10.6), (115, 4), (90, 4), (90, 6.8)], CONTENT, **back)
    drawing.text(103, 1.8, r'$\partial l_D \,/\, \partial D$', CONTENT, fontsize=14)
    return drawing


def square(
    drawing: Drawing, path: Path, number: int, x: float, y: float, side: float, color: str
) -> None:
    """Show a square of 64 pixels of a sheet with its lower left corner at a point, in a frame."""
    with Image.open(path) as sheet:
        columns = sheet.width // 64
        left, top = 64 * (number % columns), 64 * (number // columns)
        img = sheet.convert('RGB').crop((left, top, left + 64, top + 64))
    extent = (x, x + side, y, y + side)
    drawing.ax.imshow(numpy.asarray(img), extent=extent, aspect='auto', zorder=2)
    frame = Rectangle((x, y), side, side, fill=False, edgecolor=color, lw=2, zorder=3)
    drawing.ax.add_patch(frame)


SHEETS = ROOT / 'assets' / 'collections'


def cyclegan() -> Drawing:
    """Draw two painters, there and back and back and there, both critics, and the cycles."""
    drawing = Drawing(122, 50)
    painted = FOLDER / 'cyclegan.jpg'
    rows = (
        (37, 'noto-test', NOTO, 'A', r'\hat{B}', ('G', 'F'), (CONTENT, STYLE), 0),
        (13, 'twemoji-test', TWEMOJI, 'B', r'\hat{A}', ('F', 'G'), (STYLE, CONTENT), 2),
    )
    for y, sheet, number, name, hat, painters, colors, strip in rows:
        square(drawing, SHEETS / f'{sheet}.png', number, 5, y - 6.5, 13, colors[0])
        square(drawing, painted, strip, 44, y - 6.5, 13, colors[1])
        square(drawing, painted, strip + 1, 83, y - 6.5, 13, colors[0])
        for x, text in ((3, name), (41.9, hat)):
            drawing.text(x, y + 4.5, f'${text}$', colors[x > 9], fontsize=15)
        for x, painter in zip((31, 70), painters):
            drawing.line([(x - 12.4, y), (x - 4.9, y)], INK)
            drawing.box(x, y, f'${painter}$', BACK)
            drawing.line([(x + 4.7, y), (x + 12.4, y)], INK)
        drawing.box(111, y, r'$L_1$', SMOOTH)
        drawing.line([(96.6, y), (106.2, y)], SMOOTH)
        up = 1 if y > 25 else -1
        over = y + 9.5 * up
        path = [(11.5, y + 6.8 * up), (11.5, over), (111, over), (111, y + 3.2 * up)]
        drawing.line(path, SMOOTH)
        drawing.text(111, y - 5.3 * up, r'$10$', SMOOTH, fontsize=13)
    critics = ((38, 'B', STYLE, 'twemoji-test', TWEMOJI), (63, 'A', CONTENT, 'noto-test', NOTO))
    for x, name, color, sheet, number in critics:
        left = name == 'B'
        drawing.box(x, 25, f'$D_{name}$', color)
        square(drawing, SHEETS / f'{sheet}.png', number, x - 19 if left else x + 12, 22, 6, color)
        ends = (x - 12.4, x - 4.8) if left else (x + 11.4, x + 4.8)
        drawing.line([(ends[0], 25), (ends[1], 25)], color)
        tip = (x + 5, 26.2) if left else (x - 5, 23.8)
        drawing.line([(47, 30.2) if left else (54, 19.8), tip], color)
    return drawing


NOTO, TWEMOJI = 17, 40  # which emoji of the held-out ones


def mixgan() -> Drawing:
    """Draw the way from a letter to its code, to a grey picture, to colours, and two critics."""
    drawing = Drawing(122, 46)
    painted, y = FOLDER / 'mixgan.jpg', 16
    square(drawing, SHEETS / 'glyphs-test.png', LETTER, 4, y - 6.5, 13, CONTENT)
    square(drawing, painted, 0, 61, y - 6.5, 13, CONTENT)
    square(drawing, painted, 1, 100, y - 6.5, 13, STYLE)
    for x, text, color in (
        (10.5, 'X', CONTENT),
        (67.5, r'\hat{X}', CONTENT),
        (116, r'\hat{Y}', STYLE),
    ):
        drawing.text(x, y - 9 if x < 100 else y, f'${text}$', color, fontsize=15)
    for x, name in ((26, 'E'), (50, 'C'), (87, 'M')):
        drawing.box(x, y, f'${name}$', BACK, width=8)
    drawing.line([(17.5, y), (21.6, y)], CONTENT)
    drawing.line([(30.2, y), (45.6, y)], INK)
    drawing.text(38, y + 2.4, '$z$', INK, fontsize=15)
    drawing.line([(54.2, y), (60.4, y)], CONTENT)
    drawing.line([(74.6, y), (82.6, y)], CONTENT)
    drawing.line([(52, y + 3.2), (52, y + 11), (87, y + 11), (87, y + 3.4)], GREY)
    drawing.text(60, y + 13, '$Z$', GREY, fontsize=14)
    drawing.line([(91.2, y), (99.4, y)], STYLE)
    drawing.box(38, 35, '$D_z$', INK)
    drawing.line([(38, y + 4.6), (38, 31.8)], INK)
    drawing.text(18, 35, r'$z \sim N(0, 1)$', INK, fontsize=14)
    drawing.line([(25.6, 35), (33.2, 35)], INK)
    drawing.box(106.5, 35, '$D_p$', STYLE)
    drawing.line([(106.5, y + 7), (106.5, 31.8)], STYLE)
    square(drawing, SHEETS / 'noto.png', NOTO, 82, 29, 12, STYLE)
    drawing.text(79.6, 35, '$Y$', STYLE, fontsize=15)
    drawing.line([(94.6, 35), (101.7, 35)], STYLE)
    drawing.box(39, 3.8, r'$L_1$', SMOOTH)
    drawing.line([(10.5, 5.6), (10.5, 3.8), (34.2, 3.8)], SMOOTH)
    drawing.line([(67.5, 5.6), (67.5, 3.8), (43.8, 3.8)], SMOOTH)
    return drawing


LETTER = 135  # of the held-out letters


DIAGRAMS = {
    'method.png': method,
    'gram.png': gram,
    'one-pass.png': one_pass,
    'rows.png': rows,
    'adain.png': adain,
    'reader.png': reader,
    'patches.png': matching,
    'photograph.png': photograph,
    'moving.png': moving,
    'pix2pix.png': pix2pix,
    'cyclegan.png': cyclegan,
    'mixgan.png': mixgan,
}


def main(folder: Path = FOLDER) -> None:
    """Draw all diagrams into a folder."""
    with matplotlib.rc_context({**FONTS, 'figure.dpi': 150}):
        for name, draw in DIAGRAMS.items():
            draw().save(folder / name)


if __name__ == '__main__':
    main(*map(Path, sys.argv[1:2]))
