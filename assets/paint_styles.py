"""Paint the bundled style pictures from nothing but numbers.

Each painter below builds one picture with numpy, SciPy and Pillow from a fixed seed, so that
the same library versions give the same bytes.  No photograph is involved.

    python assets/paint_styles.py                       # repaint all pictures
    python assets/paint_styles.py ink_wash woodblock    # only these
    python assets/paint_styles.py --output my_styles    # somewhere else
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

WIDTH, HEIGHT = 800, 640
FINE = 2  # line work is drawn at this multiple of the final size, then reduced
MAX_BYTES = 300_000

Array = np.ndarray
Rng = np.random.Generator


# --------------------------------------------------------------------------- common tools


def grid(scale: int = 1) -> tuple[Array, Array]:
    """Pixel coordinates (y, x) in final-picture units, sampled `scale` times as densely."""
    y, x = np.mgrid[: HEIGHT * scale, : WIDTH * scale].astype(np.float64)
    return y / scale, x / scale


def noise(
    rng: Rng, shape: tuple[int, int], cell: float | tuple[float, float], octaves: int = 1
) -> Array:
    """Smooth fractal noise, about 0 +- 1; `cell` is the size (y, x) of its largest blobs."""
    cell_y, cell_x = cell if isinstance(cell, tuple) else (cell, cell)
    total = np.zeros(shape)
    power = 0.0
    for octave in range(octaves):
        size_y, size_x = cell_y / 2**octave, cell_x / 2**octave
        knots = rng.standard_normal((int(shape[0] / size_y) + 4, int(shape[1] / size_x) + 4))
        knots = ndimage.spline_filter(knots, order=3)
        rows = np.arange(shape[0])[:, None] / size_y + 1
        columns = np.arange(shape[1])[None, :] / size_x + 1
        where = np.broadcast_arrays(rows, columns)
        total += 0.5**octave * ndimage.map_coordinates(knots, where, order=3, prefilter=False)
        power += 0.25**octave
    return total / (0.62 * np.sqrt(power))


def palette(stops: Sequence[tuple[float, str]], value: Array) -> Array:
    """Colours (..., 3) in 0..255 for `value`, linear between hexadecimal colour stops."""
    places = [place for place, _ in stops]
    colours = np.array([rgb(colour) for _, colour in stops])
    return np.stack([np.interp(value, places, colours[:, c]) for c in range(3)], axis=-1)


def rgb(colour: str) -> Array:
    """'d04a20' -> array([208., 74., 32.])."""
    return np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)], dtype=np.float64)


def mix(first: Array, second: Array, share: Array) -> Array:
    """Blend two colour fields; `share` (0..1) of the second."""
    return first + (second - first) * np.clip(share, 0, 1)[..., None]


def step(value: Array, soft: float) -> Array:
    """A soft threshold: 0 where value << 0, 1 where value >> 0."""
    return 1 / (1 + np.exp(-np.clip(value / soft, -40, 40)))


def relief(height: Array, angle: float = 225.0, slope: float = 1.0) -> Array:
    """Lambertian shading of a height map lit from `angle`, 0 on flat ground."""
    dy, dx = np.gradient(height * slope)
    light = np.deg2rad(angle)
    facing = -(dx * np.cos(light) + dy * np.sin(light))
    return (facing * 0.7 + 0.7) / np.sqrt(1 + dx * dx + dy * dy) - 0.7


def reduce(picture: Array, factor: int = FINE) -> Array:
    """Average blocks of factor x factor pixels."""
    rows, columns = picture.shape[0] // factor, picture.shape[1] // factor
    blocks = picture.reshape(rows, factor, columns, factor, *picture.shape[2:])
    return blocks.mean(axis=(1, 3))


def sample(field: Array, points: Array) -> Array:
    """Values of a final-size field at points (..., 2) given as (x, y)."""
    column = np.clip(points[..., 0].astype(int), 0, field.shape[1] - 1)
    row = np.clip(points[..., 1].astype(int), 0, field.shape[0] - 1)
    return field[row, column]


def trace(angle: Array, starts: Array, lengths: Array, count: int = 9) -> Array:
    """Follow a direction field from the start points: paths (n, count, 2), centred on them."""
    halves = []
    for sign in (-1, 1):
        here, path = starts.copy(), [starts.copy()]
        for _ in range(count // 2):
            turn = sample(angle, here)
            move = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
            here = here + sign * move * (lengths / (count - 1))[:, None]
            path.append(here)
        halves.append(path)
    return np.stack(halves[0][:0:-1] + halves[1], axis=1)


def sideways(path: Array) -> Array:
    """Unit normals along one path (m, 2)."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    return np.stack([-tangent[:, 1], tangent[:, 0]], axis=-1)


def spread(rng: Rng, count: int) -> Array:
    """`count` points (x, y) covering the canvas evenly, in random order."""
    cell = np.sqrt(WIDTH * HEIGHT / count)
    y, x = np.mgrid[-0.5 : HEIGHT / cell + 0.5, -0.5 : WIDTH / cell + 0.5]
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    points = (points + rng.uniform(0, 1, points.shape)) * cell
    return rng.permutation(points)


# --------------------------------------------------------------------------- oil


def oil_scene(rng: Rng) -> tuple[Array, Array]:
    """Colours and stroke directions of a wheat field under a turning night sky."""
    y, x = grid()
    shape = y.shape
    flow = 0.9 * y + 26 * noise(rng, shape, 230)
    for cx, cy, size, push in (
        (300, 165, 76, 215),
        (530, 150, 62, -185),
        (95, 335, 60, -150),
        (665, 290, 64, 185),
        (455, 330, 50, 120),
    ):
        flow += push * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * size**2))
    lights = (
        (694, 96, 50),
        (84, 84, 27),
        (192, 46, 13),
        (402, 52, 18),
        (150, 218, 15),
        (412, 248, 19),
        (566, 262, 13),
        (24, 196, 12),
        (776, 232, 17),
        (286, 318, 11),
    )
    glow = np.zeros(shape)
    for cx, cy, size in lights:
        distance = np.hypot(x - cx, y - cy)
        flow += 7 * size * np.exp(-((distance / (1.9 * size)) ** 2))
        ripple = 0.12 * np.cos(distance / size * 5.5)
        glow = np.maximum(glow, np.exp(-((distance / (1.45 * size)) ** 2)) * (1 + ripple))
    bands = 0.5 + 0.5 * np.sin(flow / 13 + noise(rng, shape, 120))
    drift = np.clip(0.72 + 0.3 * noise(rng, shape, 130), 0.25, 1.15)
    tone = 0.1 + 0.66 * bands * drift + 0.2 * y / HEIGHT
    colour = palette(
        [
            (0, '0b1440'),
            (0.18, '17307c'),
            (0.38, '2458ab'),
            (0.56, '4189c0'),
            (0.72, '7fbcc4'),
            (0.86, 'c4d9b4'),
            (1, 'f0e2a0'),
        ],
        tone,
    )
    halo = palette(
        [(0, '4d8fc4'), (0.28, '7fb4b0'), (0.5, 'd9cf74'), (0.72, 'f2b422'), (0.95, 'fdf0a0')],
        glow,
    )
    colour = mix(colour, halo, (glow - 0.12) * 3.2)
    dy, dx = np.gradient(flow)
    angle = np.arctan2(dy, dx) + np.pi / 2

    ridge_line = 398 - 34 * np.sin(x / 150 + 0.6) - 16 * np.sin(x / 61)
    for lift, tones in ((0, ('10204f', '1f4a78', '3f7c92')), (44, ('0e2c3a', '2a6654', '7f9a4c'))):
        top = ridge_line + lift + 10 * np.sin(x / 47 + lift)
        depth = y - top
        inside = depth > 0
        blend = 0.5 + 0.32 * np.sin(depth / 7 + 1.6 * noise(rng, shape, 70)) - depth / 160
        hills = palette([(0, tones[0]), (0.5, tones[1]), (1, tones[2])], blend)
        colour[inside] = hills[inside]
        slope = np.gradient(top, axis=1) + 0.5 * np.sin(x / 40 + lift)
        angle[inside] = np.arctan(slope)[inside]

    edge = 482 + 12 * np.sin(x / 120 + 2) + 6 * np.sin(x / 37)
    near = np.clip((y - edge) / (HEIGHT - edge), 0, 1)
    wind = noise(rng, shape, (90, 150), 2)
    stalks = noise(rng, shape, (34, 9), 2)
    furrow = np.sin((x - 420) / (0.25 + near) / 46)
    tone = 0.52 + 0.15 * wind + 0.2 * stalks + 0.13 * furrow - 0.12 * near
    wheat = palette(
        [
            (0, '4a2412'),
            (0.18, '9a4a16'),
            (0.38, 'd58018'),
            (0.6, 'f0b428'),
            (0.82, 'f9dc62'),
            (1, 'fff3b4'),
        ],
        tone,
    )
    wheat = mix(wheat, np.broadcast_to(rgb('3b6f57'), wheat.shape), 1.2 * (-furrow * wind - 0.6))
    inside = y > edge
    colour[inside] = wheat[inside]
    angle[inside] = (-np.pi / 2 + 0.55 * wind + (x - 420) / 900)[inside]
    return colour, angle


def oil_strokes(rng: Rng) -> Array:
    """Thick oil strokes along a flow field, lit from the upper left as impasto."""
    colour, angle = oil_scene(rng)
    size = (WIDTH * FINE, HEIGHT * FINE)
    canvas = Image.new('RGB', size, (58, 40, 34))
    paint = Image.new('L', size, 20)
    brush, knife = ImageDraw.Draw(canvas), ImageDraw.Draw(paint)
    detail = ndimage.gaussian_gradient_magnitude(colour.mean(axis=2), 3)
    for count, width, length, jitter in (
        (1500, 19, 84, 15),
        (3600, 12, 56, 17),
        (6500, 7.5, 38, 19),
        (5200, 4.6, 24, 22),
    ):
        starts = spread(rng, count)
        if width < 7:
            busy = sample(detail, starts)
            starts = starts[busy > np.quantile(busy, 0.5)]
        lengths = length * rng.uniform(0.65, 1.3, len(starts))
        paths = trace(angle, starts, lengths)
        tints = sample(colour, starts) + rng.normal(0, jitter, (len(starts), 1))
        tints += rng.normal(0, jitter * 0.6, tints.shape)
        seconds = sample(colour, starts + rng.normal(0, 9, starts.shape))
        bristles = max(5, round(width * 0.85))
        for number, path in enumerate(paths):
            tint, second = tints[number], seconds[number]
            normal = sideways(path)
            body = rng.uniform(90, 165)
            lean = rng.uniform(-1, 1)
            for offset in rng.permutation(np.linspace(-1, 1, bristles)):
                short = int(rng.integers(0, 2 + (abs(offset) > 0.6)))
                line = path[short : len(path) - int(rng.integers(0, 2))]
                line = line + normal[short : short + len(line)] * offset * width / 2
                share = np.clip(0.5 + 0.5 * lean * offset, 0, 1) * 0.7
                value = tint + (second - tint) * share + rng.normal(0, 9)
                points = [tuple(point) for point in line * FINE]
                thick = max(2, round(FINE * width / bristles * 1.5))
                brush.line(points, tuple(np.clip(value, 0, 255).astype(int)), thick)
                rise = body + 38 * abs(offset) ** 3 + rng.normal(0, 26)
                knife.line(points, int(np.clip(rise, 0, 255)), thick)
    height = ndimage.gaussian_filter(np.asarray(paint, dtype=np.float64), 1.1)
    height += 6 * ndimage.gaussian_filter(rng.standard_normal(height.shape), 1.2)
    shade = relief(height, slope=0.035)
    picture = np.asarray(canvas, dtype=np.float64)
    picture = picture * (1 + 0.75 * shade[..., None])
    picture += 150 * np.clip(shade - 0.16, 0, 1)[..., None]
    return reduce(picture)


# --------------------------------------------------------------------------- ink


def rice_paper(rng: Rng) -> tuple[Array, Array]:
    """Colour and tooth (about 0 +- 1) of a sheet of fibrous paper."""
    shape = (HEIGHT, WIDTH)
    fibres = Image.new('L', (WIDTH * FINE, HEIGHT * FINE), 0)
    pen = ImageDraw.Draw(fibres)
    swirl = 3 * noise(rng, shape, 60)
    starts = spread(rng, 1500)
    for path in trace(swirl, starts, rng.uniform(10, 46, len(starts))):
        pen.line([tuple(p) for p in path * FINE], int(rng.integers(40, 200)), 2)
    strands = reduce(ndimage.gaussian_filter(np.asarray(fibres, dtype=np.float64), 0.8)) / 255
    tooth = 0.7 * noise(rng, shape, 3.2, 2) + 0.3 * noise(rng, shape, 14) + 1.2 * strands
    tone = 0.5 + 0.13 * noise(rng, shape, 260, 3) + 0.05 * tooth - 0.22 * strands
    return palette([(0, 'd8c8a4'), (0.5, 'eee3c8'), (1, 'fbf5e6')], tone), tooth


def ridges(rng: Rng, base: float, rise: float, cell: float) -> Array:
    """The skyline of one mountain range: a height in pixels for every column."""
    line = np.zeros(WIDTH)
    for octave in range(6):
        wave = noise(rng, (1, WIDTH), (1, cell / 2**octave))[0]
        line += 0.47**octave * (-np.abs(wave) if octave < 2 else 0.55 * wave)
    return base - rise * (line - line.min()) / (line.max() - line.min())


def dry_brush(rng: Rng, pen: ImageDraw.ImageDraw, path: Array, width: float, load: float) -> None:
    """Drag one brush of separate hairs along a path; hairs run dry towards the end."""
    normal = sideways(path)
    for offset in np.linspace(-1, 1, max(3, int(width * 1.3))):
        dark = min(1, load * rng.uniform(0.45, 1.25))
        last = max(3, int(len(path) * rng.uniform(0.4, 1.3)))
        pressure = np.sin(np.linspace(0.5, 2.7, len(path)))[:, None]
        hair = (path + normal * pressure * offset * width / 2)[:last] * FINE
        for part in range(len(hair) - 1):
            value = dark * (1 - 0.7 * (part / len(path)) ** 2)
            pen.line([tuple(hair[part]), tuple(hair[part + 1])], int(255 * value), 2)


def lay_strokes(ink: Array, strokes: Image.Image, tooth: Array, dark: float) -> None:
    """Add drawn marks to the ink; where the load is thin they skip over the paper's tooth."""
    drawn = np.asarray(strokes, dtype=np.float64)
    drawn = reduce(ndimage.gaussian_filter(drawn, 0.8)) / 255
    skips = step(drawn - 0.16 + 0.12 * tooth, 0.05)
    ink += dark * drawn * skips + 0.2 * dark * ndimage.gaussian_filter(drawn, 2.5)


def new_sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty mask at line-work size and its pen."""
    sheet = Image.new('L', (WIDTH * FINE, HEIGHT * FINE), 0)
    return sheet, ImageDraw.Draw(sheet)


def mountain_strokes(rng: Rng, skyline: Array, tone: float, fade: float) -> Image.Image:
    """Contour, hemp-fibre texture strokes and moss dots of one range."""
    sheet, pen = new_sheet()
    slope = np.gradient(ndimage.gaussian_filter1d(skyline, 4))
    column = 0.0
    while column < WIDTH - 8:
        length = int(rng.uniform(30, 130))
        xs = np.arange(column, min(column + length, WIDTH))
        path = np.stack([xs, skyline[xs.astype(int)] + rng.normal(0, 0.8)], axis=-1)[::3]
        if len(path) > 4 and rng.uniform() < 0.8:
            dry_brush(rng, pen, path, rng.uniform(2, 3 + 3 * tone), rng.uniform(0.4, 0.95))
        column += length * rng.uniform(0.5, 1.1)
    for _ in range(int(240 + 420 * tone)):
        start = int(rng.uniform(0, WIDTH - 1))
        fall = rng.exponential(0.45) * fade
        lean = np.clip(1.3 * slope[start], -1.1, 1.1) + rng.normal(0, 0.15)
        way = np.linspace(0, 1, 9)
        reach = rng.uniform(16, 60) * (0.6 + 0.5 * tone)
        run = reach * way * (np.sign(lean) * 0.25 + 0.45 * lean)
        drop = reach * (0.55 * way + 0.45 * way**2)
        path = np.stack([start + run, skyline[start] + fall + drop], axis=-1)
        load = rng.uniform(0.25, 0.8) * np.exp(-0.5 * fall / fade)
        dry_brush(rng, pen, path, rng.uniform(1.5, 2 + 5 * tone), load)
    for _ in range(int(9 + 20 * tone)):
        centre = int(rng.uniform(0, WIDTH - 1))
        for _ in range(int(rng.integers(5, 16))):
            cx = np.clip(centre + rng.normal(0, 12), 0, WIDTH - 1)
            cy = skyline[int(cx)] + rng.normal(2, 5)
            wide = rng.uniform(0.8, 2.6) * (0.6 + 0.6 * tone)
            box = [
                (cx - wide) * FINE,
                (cy - wide * 0.7) * FINE,
                (cx + wide) * FINE,
                (cy + wide * 0.7) * FINE,
            ]
            pen.ellipse(box, int(rng.uniform(130, 255)))
    return sheet


def ink_wash(rng: Rng) -> Array:
    """Mountains in mist: ink washes with wet edges, blooms and dry-brush marks on paper."""
    y, x = grid()
    shape = y.shape
    paper, tooth = rice_paper(rng)
    bleed_x, bleed_y = (1.3 * noise(rng, shape, 11, 3) for _ in range(2))
    ink = np.zeros(shape)

    # Sky: broad wet washes and the cauliflower rings of water dropped into them.
    for level in (0.0, 0.55, 1.1):
        cloud = noise(rng, shape, (110, 360), 4) - level + 0.5 - y / HEIGHT
        ink += 0.1 * step(cloud, 0.08) * (0.7 + 0.3 * np.tanh(cloud))
        ink += 0.07 * np.exp(-((cloud / 0.035) ** 2))

    ranges = (
        (225, 130, 330, 0.2),
        (300, 205, 260, 0.33),
        (385, 150, 210, 0.52),
        (470, 215, 290, 0.8),
        (628, 90, 330, 1.1),
    )
    sky = np.ones(shape)
    for order, (base, rise, cell, tone) in enumerate(ranges):
        skyline = ridges(rng, base, rise, cell)
        rows, columns = y + bleed_y, np.clip(x + bleed_x, 0, WIDTH - 1)
        depth = rows - np.interp(columns, np.arange(WIDTH), skyline)
        inside = step(depth, 0.5 + 0.3 / tone)
        sky *= 1 - inside
        fade = 24 + 0.42 * rise
        mist = np.exp(-np.clip(depth, 0, None) / fade)
        wash = 0.85 * tone * mist * (1 + 0.16 * noise(rng, shape, 60, 3))
        pool = ndimage.gaussian_filter1d(noise(rng, shape, (70, 22), 2), 3, axis=0)
        wash += 0.4 * tone * mist**0.6 * step(pool - 0.35, 0.12)
        edge = 0.3 * tone * np.exp(-((np.clip(depth - 1.5, -30, 30) / 1.8) ** 2))
        ink = ink * (1 - 0.92 * inside) + inside * np.clip(wash, 0, None) + edge
        lay_strokes(ink, mountain_strokes(rng, skyline, tone, fade), tooth, 0.4 + 0.9 * tone)
        if order == 3:  # water: level strokes of a wide brush, in front of the last far range
            sheet, pen = new_sheet()
            for _ in range(54):
                row = 478 + 150 * rng.uniform() ** 0.8
                start, length = rng.uniform(-160, WIDTH - 80), rng.uniform(120, 420)
                way = np.linspace(0, 1, 16)
                wave = rng.normal(0, 3) * np.sin(2 * np.pi * way + rng.uniform(0, 6))
                path = np.stack([start + length * way, row + wave], axis=-1)
                dry_brush(rng, pen, path, rng.uniform(3, 20), rng.uniform(0.14, 0.55))
            lay_strokes(ink, sheet, tooth, 0.9)

    # Reeds in front and a shower of spatter.
    sheet, pen = new_sheet()
    for _ in range(230):
        root = np.array(
            [rng.choice([40, 110, 160, 640, 700, 770]) + rng.normal(0, 26), HEIGHT + 6]
        )
        tall, lean = rng.uniform(40, 200), rng.normal(0, 0.4)
        way = np.linspace(0, 1, 12)
        path = root + np.stack([lean * tall * way**2.2, -tall * way], axis=-1)
        dry_brush(rng, pen, path, rng.uniform(1.5, 4.5), rng.uniform(0.5, 1))
    for _ in range(260):
        cx, cy = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        size = min(rng.pareto(2.6) * 0.45 + 0.3, 2.6)
        box = [(cx - size) * FINE, (cy - size) * FINE, (cx + size) * FINE, (cy + size) * FINE]
        pen.ellipse(box, int(rng.uniform(60, 200)))
    lay_strokes(ink, sheet, tooth, 1.5)
    ink = np.clip(ink * (1 + 0.11 * tooth + 0.06 * noise(rng, shape, 2.4)), 0, None)
    picture = paper * np.exp(-ink[..., None] * np.array([1.5, 1.4, 1.26]))

    # A vermilion sun with a wet rim and the painter's seal.
    radius = np.hypot(x + 0.5 * bleed_x - 596, y + 0.5 * bleed_y - 92) / 46
    red = step(1 - radius, 0.02) * (0.8 + 0.12 * noise(rng, shape, 26, 3) + 0.06 * tooth)
    red += 0.3 * np.exp(-(((radius - 0.97) / 0.03) ** 2))
    red *= 0.08 + 0.92 * sky
    square = np.maximum(abs(x - 58), abs(y - 70) * 0.85)
    seal = step(16 - square + 0.4 * bleed_x, 0.4)
    marks = np.maximum(np.cos((x - 58) / 2.9) * np.cos((y - 70) / 4.1), (square > 13) - 0.1)
    red += seal * (0.12 + 0.9 * step(marks - 0.05, 0.1)) * (0.9 + 0.1 * tooth)
    return picture * np.exp(-np.clip(red, 0, None)[..., None] * np.array([0.16, 1.25, 1.55]))


# --------------------------------------------------------------------------- woodblock


class Blocks:
    """The carved blocks of one print: an area number per pixel and the dark key lines."""

    def __init__(self) -> None:
        """Start with uncut blocks."""
        self.areas, self.area_pen = new_sheet()
        self.lines, self.line_pen = new_sheet()

    def fill(self, outline: Array, area: int) -> None:
        """Cut a flat area (a polygon) that covers what lies below it, lines included."""
        corners = [tuple(point) for point in outline * FINE]
        self.area_pen.polygon(corners, area)
        self.line_pen.polygon(corners, 0)

    def disc(self, cx: float, cy: float, radius: float, area: int, line: int) -> None:
        """Cut a disc with a contour."""
        box = [
            (cx - radius) * FINE,
            (cy - radius) * FINE,
            (cx + radius) * FINE,
            (cy + radius) * FINE,
        ]
        self.area_pen.ellipse(box, area)
        self.line_pen.ellipse(box, 0, 255 if line else 0, line)

    def line(self, path: Array, thick: float) -> None:
        """A contour that swells in the middle and thins out at both ends."""
        swell = (0.3 + 0.7 * np.sin(np.linspace(0, np.pi, len(path))) ** 0.7) * thick * FINE
        dots = path * FINE
        for place, (px, py) in enumerate(dots):
            width = swell[place] / 2
            self.line_pen.ellipse([px - width, py - width, px + width, py + width], 255)
        for part in range(len(path) - 1):
            ends = [tuple(dots[part]), tuple(dots[part + 1])]
            self.line_pen.line(ends, 255, max(1, round(swell[part])))


def breaker(cx: float, base: float, size: float) -> Array:
    """The profile of one curling wave, from its left foot over the crest to its right foot."""
    t = np.linspace(-np.pi, np.pi, 200)
    lift = 0.5 + 0.5 * np.cos(t)
    hook = size * (1.05 * lift**3 + 0.1 * lift) * step(t + 0.9, 0.5)
    droop = 1 - 0.3 * lift**4 * step(t - 0.25, 0.25)
    return np.stack([cx + t * size * 0.46 + hook, base - size * lift * droop], axis=-1)


def cut_wave(rng: Rng, blocks: Blocks, cx: float, base: float, size: float) -> None:
    """One breaker: indigo body, pale bands that follow the curl, scalloped foam."""
    crest = breaker(cx, base, size)
    floor = np.array([[crest[-1, 0], HEIGHT + 300], [crest[0, 0], HEIGHT + 300]])
    blocks.fill(np.concatenate([crest, floor]), 6)
    pace = np.clip(8 / size, 0.055, 0.1)
    for ring, share in enumerate(np.arange(0.93, 0.16, -pace)):
        sink = 1 - share
        inner = breaker(cx - 0.12 * size * sink, base + 0.3 * size * sink, size * share)
        if ring % 3 == 1:
            share -= 0.8 * pace
            under = breaker(cx - 0.12 * size * sink, base + 0.3 * size * sink, size * share)
            blocks.fill(np.concatenate([inner, under[::-1]]), 7)
        blocks.line(inner[6:-6:2], 2.3 if ring % 3 else 1.5)
    blocks.line(crest[::2], 3.2)
    foam = []
    for place in range(82, 152, 2):
        swell = np.sin(np.pi * (place - 80) / 74) ** 1.1
        radius = size * (0.01 + 0.062 * swell) * rng.uniform(0.7, 1.3)
        px, py = crest[place] + rng.normal(0, 0.25, 2) * radius
        foam.append((px - 0.4 * radius, py + 0.5 * radius, radius))
        if place > 92 and rng.uniform() < 0.8:  # fingers that reach down the hollow
            for step_down in (1, 2):
                reach = 1.25 * radius * step_down
                foam.append((px + 0.5 * reach, py + 0.9 * reach, radius * 0.8**step_down))
    for cx_foam, cy_foam, radius in foam:
        blocks.disc(cx_foam, cy_foam, radius + 1.6, 8, 5)
    for cx_foam, cy_foam, radius in foam:
        blocks.disc(cx_foam, cy_foam, radius, 8, 0)
    for cx_foam, cy_foam, radius in foam[::4]:
        turn = np.linspace(0.3, 3.4, 9)
        arc = np.stack([np.cos(turn), np.sin(turn)], axis=-1) * radius * 0.55
        blocks.line(np.array([cx_foam, cy_foam]) + arc, 1.3)
    for _ in range(int(8 + size / 9)):
        px, py = crest[int(rng.uniform(90, 150))]
        spray = rng.uniform(0.008, 0.02) * size + 0.7
        blocks.disc(
            px + rng.exponential(0.2) * size, py + rng.normal(-0.1, 0.14) * size, spray, 8, 2
        )


def cut_hill(rng: Rng, blocks: Blocks, centre: float, top: float, half: float, area: int) -> None:
    """One bell-shaped hill with contour lines and rows of small tree marks."""
    xs = np.linspace(centre - 2.4 * half, centre + 2.4 * half, 140)
    bell = np.exp(-((np.abs(xs - centre) / half) ** 1.7))
    wobble = 3 * noise(rng, (1, 140), (1, 18), 2)[0]
    foot = 440.0
    edge = np.stack([xs, foot - (foot - top) * bell + wobble], axis=-1)
    blocks.fill(np.concatenate([edge, [[xs[-1], 700], [xs[0], 700]]]), area)
    for ring in range(1, 9):
        share = 1 - 0.115 * ring
        inside = np.stack(
            [
                centre + (xs - centre) * (0.35 + 0.65 * share),
                foot - (foot - top) * bell * share + wobble * share,
            ],
            axis=-1,
        )
        for start in range(0, 120, 14):
            if rng.uniform() < 0.72:
                blocks.line(inside[start : start + int(rng.integers(7, 16))], 1.7)
        for _ in range(7):
            px, py = inside[int(rng.uniform(25, 115))]
            for tick in (-2.4, 0, 2.4):
                blocks.line(
                    np.array(
                        [
                            [px + tick, py - 1],
                            [px + 1.6 * tick, py - 4],
                            [px + 1.8 * tick, py - 8 + abs(tick)],
                        ]
                    ),
                    1.9,
                )
    blocks.line(edge, 2.8)


def cut_cloud(rng: Rng, blocks: Blocks, cx: float, cy: float, size: float) -> None:
    """A flat-bottomed cloud of scrolls."""
    for row, share in enumerate((0.5, 0.8, 1.0)):
        for cx_part in np.arange(-1, 1.01, 0.26) * size * share:
            radius = size * rng.uniform(0.1, 0.22) * (1.1 - 0.4 * abs(cx_part) / size)
            px, py = cx + cx_part, cy + (row - 1) * size * 0.13 + rng.normal(0, 3)
            blocks.disc(px, py, radius, 8, 4)
            turn = np.linspace(0.6, 2.6 * np.pi, 26)
            scroll = radius * (0.85 - 0.1 * turn)[:, None]
            spiral = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
            blocks.line(np.array([px, py]) + spiral * scroll, 1.5)


def woodblock(rng: Rng) -> Array:
    """A print of hills and breakers: flat bokashi colours, key lines and wood grain."""
    blocks = Blocks()
    blocks.fill(np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]]), 1)
    blocks.disc(250, 168, 88, 2, 5)
    xs = np.arange(-20, WIDTH + 20, 8.0)
    for row in np.arange(8, 400, 11.5):  # wind: broken lines that part around the sun
        push = 34 * np.exp(-(((row - 168) / 90) ** 2)) * np.exp(-(((xs - 250) / 150) ** 2))
        ys = row + np.where(row < 168, -push, push) + 9 * np.sin(xs / 95 + row / 60)
        start = int(rng.integers(0, 12))
        while start < len(xs) - 6:
            stop = start + int(rng.integers(8, 34))
            path = np.stack([xs, ys], axis=-1)[start:stop]
            if len(path) > 3 and np.hypot(*(path - [250, 168]).T).min() > 92:
                blocks.line(path, rng.uniform(1.1, 2.0))
            start = stop + int(rng.integers(2, 14))
    for cx, cy, size in (
        (84, 92, 100),
        (424, 132, 96),
        (660, 72, 118),
        (318, 258, 84),
        (764, 214, 96),
        (30, 236, 92),
        (300, 30, 80),
    ):
        cut_cloud(rng, blocks, cx, cy, size)
    for centre, top, half, area in (
        (575, 172, 118, 4),
        (80, 292, 92, 5),
        (760, 276, 100, 3),
        (300, 312, 104, 3),
        (470, 330, 84, 5),
        (160, 356, 88, 4),
        (650, 350, 96, 3),
    ):
        cut_hill(rng, blocks, centre, top, half, area)
    for base, size in ((446, 58), (505, 88), (590, 132), (715, 190)):
        for cx in np.arange(-1.6 * size, WIDTH + size, size * 1.5) + rng.uniform(-size, 0):
            cut_wave(rng, blocks, cx, base + rng.normal(0, 5), size * rng.uniform(0.85, 1.15))

    # Printing: every colour is one block, inked with a gradation and rubbed through the paper.
    y, _ = grid(FINE)
    shape = y.shape
    bend = noise(rng, shape, (110, 900), 2)
    rings = np.sin(2 * np.pi * (y / 8.5 + 2.6 * bend + 0.12 * noise(rng, shape, (30, 300))))
    grain = 0.6 * np.abs(rings) ** 3 + 0.4 * noise(rng, shape, (2.2, 150), 2)
    speckle = noise(rng, shape, (3.5, 9), 3)
    patches = noise(rng, shape, 170, 3)
    tone = 0.5 + 0.16 * noise(rng, shape, 300, 2) + 0.12 * noise(rng, shape, (3, 8), 2)
    picture = palette([(0, 'e2d2ae'), (0.5, 'f1e5c9'), (1, 'faf3e0')], tone)
    areas = np.asarray(blocks.areas)
    level = y / HEIGHT
    inks = {
        1: (
            [(0, '1f3f78'), (0.17, '4f86ad'), (0.36, 'b9cdc0'), (0.5, 'efd9a8'), (0.66, 'e59a6a')],
            level,
        ),
        2: ([(0.1, 'b3261d'), (0.3, 'd8452a'), (0.42, 'ec8a55')], level),
        3: ([(0.4, '9c6a1e'), (0.55, 'd29a35'), (0.72, 'efd08c')], level),
        4: ([(0.25, '8f2a22'), (0.45, 'bf4a2e'), (0.68, 'e8a877')], level),
        5: ([(0.4, '2f5a4e'), (0.58, '6d9479'), (0.85, '9fb89a')], level),
        6: ([(0.6, '2a568c'), (0.75, '1c3d73'), (1, '11264f')], level + 0.02 * patches),
        7: ([(0.6, '93bcc6'), (0.8, '6fa3bd'), (1, '4f88b0')], level),
        8: ([(0, 'f6ecd2'), (1, 'f3e6c6')], level),
    }
    for area, (stops, place) in inks.items():
        cut = (areas == area).astype(np.float64)
        mask = ndimage.shift(cut, rng.uniform(-1.6, 1.6, 2), order=1, mode='nearest')
        rim = np.exp(-ndimage.distance_transform_edt(mask > 0.5) / 2.5) * (mask > 0.5)
        load = 0.93 - 0.2 * grain + 0.07 * patches - 0.45 * step(speckle - 1.6, 0.14) + 0.22 * rim
        colour = palette(stops, place) / 245
        picture *= np.exp(np.log(colour) * (mask * np.clip(load, 0, 1.3))[..., None])
    lines = ndimage.gaussian_filter(np.asarray(blocks.lines, dtype=np.float64), 0.7) / 255
    key = lines * np.clip(0.97 - 0.16 * grain - 0.35 * step(speckle - 1.5, 0.15), 0, 1)
    picture = mix(picture, np.broadcast_to(rgb('171a2c'), picture.shape), key)
    picture *= 1 + 0.035 * relief(noise(rng, shape, 5, 2) + 0.6 * grain, slope=0.9)[..., None]
    return reduce(picture)


# --------------------------------------------------------------------------- stained glass


def polar_tiles(
    rng: Rng, radius: Array, turn: Array, rings: Sequence[float], pieces: Sequence[int]
) -> Array:
    """Tile numbers of a rose: ring by ring, each cut into so many pieces."""
    ring = np.searchsorted(rings, radius)
    count = np.asarray(pieces)[np.clip(ring, 0, len(pieces) - 1)]
    start = rng.uniform(0, 1, len(pieces))[np.clip(ring, 0, len(pieces) - 1)]
    cut = np.floor(((turn / (2 * np.pi)) % 1 + start) % 1 * count)
    return ring * 1000 + cut


def band_tiles(rng: Rng, depth: Array, along: Array, thick: float, length: float) -> Array:
    """Tile numbers of wavy courses, like bricks of uneven length."""
    course = np.floor(depth / thick)
    row = (course - course.min()).astype(int)
    start = rng.uniform(0, length, row.max() + 1)[row]
    size = length * rng.uniform(0.7, 1.4, row.max() + 1)[row]
    return row * 1000 + np.floor((along + start) / size)


def glass_design(rng: Rng) -> tuple[Array, Array, Array]:
    """Tile numbers, field numbers and a 0..1 tone for a sunrise over hills and a river.

    All three are drawn at line-work size.
    """
    y, x = grid(FINE)
    warp_x, warp_y = (2.2 * noise(rng, y.shape, 80 * FINE) for _ in range(2))
    x, y = x + warp_x, y + warp_y
    radius, turn = np.hypot(x - 505, y - 232), np.arctan2(y - 232, x - 505)
    radius = radius * (1 + 0.012 * np.sin(12 * turn))
    rings = (22, 44, 72, 104, 142, 188, 242, 306, 380, 470, 580, 700)
    pieces = (1, 6, 10, 14, 18, 22, 26, 30, 34, 36, 40, 44, 48)
    tiles = polar_tiles(rng, radius, turn, rings, pieces)
    field = np.where(radius < 104, 0, 1)
    tone = np.where(field == 0, radius / 104, (radius - 104) / 500)
    courses = (
        (398 + 34 * np.sin(x / 118 + 0.4), 27, 44),
        (446 + 30 * np.sin(x / 96 + 2.4), 25, 38),
        (500 + 20 * np.sin(x / 150 + 4), 15, 60),
        (566 + 24 * np.sin(x / 130 + 1), 24, 34),
    )
    for number, (top, thick, length) in enumerate(courses, start=2):
        depth = y - top
        slant = x + 0.25 * depth * np.sin(x / 120 + number)
        inside = depth > 0
        bricks = number * 1e5 + band_tiles(rng, depth, slant, thick, length)
        tiles = np.where(inside, bricks, tiles)
        field = np.where(inside, number, field)
        tone = np.where(inside, depth / 110, tone)
    return tiles, field, tone


def stained_glass(rng: Rng) -> Array:
    """A leaded window: streaky glass of many tints, rippled, with light spilling through."""
    tiles, field, tone = glass_design(rng)

    # Lead: thin cames between tiles, thicker ones between the parts of the design.
    def borders(numbers: Array) -> Array:
        """Distance of every pixel from the nearest change of number, in final pixels."""
        change = np.zeros(numbers.shape, dtype=bool)
        change[:, 1:] |= numbers[:, 1:] != numbers[:, :-1]
        change[1:] |= numbers[1:] != numbers[:-1]
        return ndimage.distance_transform_edt(~change) / FINE

    waver = 0.4 * noise(rng, tiles.shape, 26 * FINE)
    gap = np.minimum(borders(tiles) - 2.3, borders(field) - 4.2) + waver
    lead = reduce(step(-gap, 0.25))
    gap = reduce(gap)

    tiles, field, tone = (layer[::FINE, ::FINE] for layer in (tiles, field, tone))
    y, x = grid()
    shape = y.shape
    _, labels = np.unique(tiles, return_inverse=True)
    labels = labels.reshape(shape)
    count = labels.max() + 1

    ramps = {
        0: [(0, 'fff6c0'), (0.4, 'ffd23c'), (0.75, 'ff9a1c'), (1, 'e8501a')],
        1: [(0, 'f0522a'), (0.14, 'd03060'), (0.32, '7a3aa8'), (0.6, '2a56c8'), (1, '123a9c')],
        2: [(0, '1f7f74'), (0.5, '155a6a'), (1, '0d3a56')],
        3: [(0, '9cc03a'), (0.5, '3f9440'), (1, '14603c')],
        4: [(0, '6fd6d8'), (0.4, '2a8fd0'), (1, '1a4fb0')],
        5: [(0, 'f0b028'), (0.4, 'c8501c'), (1, '8a1a2c')],
    }
    shift, gain = rng.normal(0, 0.11, count)[labels], rng.normal(1, 0.16, count)[labels]
    hue = rng.normal(0, 1, (count, 3))[labels]
    glass = np.zeros((*shape, 3))
    for number, stops in ramps.items():
        inside = field == number
        glass[inside] = palette(stops, np.clip(tone + shift, 0, 1))[inside]

    # Each tile is cut from its own sheet: streaks at its own angle, ripples and seeds.
    angle = rng.uniform(0, np.pi, count)[labels]
    offset = rng.uniform(200, 1200, (2, count))[:, labels]
    tile_x, tile_y = (
        at - np.asarray(ndimage.mean(at, labels, np.arange(count)))[labels] for at in (x, y)
    )
    along = tile_x * np.cos(angle) + tile_y * np.sin(angle)
    across = tile_y * np.cos(angle) - tile_x * np.sin(angle)
    sheet = noise(rng, (1400, 1400), (10, 60), 3)
    where = np.stack([across, along]) + offset
    streak = ndimage.map_coordinates(sheet, where, order=1)
    ripple = relief(3.2 * noise(rng, shape, 9, 2) + 1.4 * streak, slope=0.35)
    seeds = ndimage.gaussian_laplace((rng.uniform(size=shape) > 0.9975).astype(float), 1.2)
    light = gain * (1 + 0.2 * streak + 0.42 * ripple) - 1.6 * seeds
    glass = glass * (1 + 0.05 * hue) * np.clip(light, 0.25, 2)[..., None]
    glass += 46 * np.clip(streak - 0.5, 0, 2)[..., None]
    sun = np.exp(-np.hypot(x - 505, y - 232) / 330)
    glass *= (0.72 + 0.55 * sun)[..., None]
    glass *= (1 - 0.42 * np.exp(-np.clip(gap, 0, None) / 2.6))[..., None]

    # Rounded, hammered lead; then the glow that spills over it.
    came = np.sqrt(np.clip(-gap, 0, 4))
    bumps = relief(2.4 * came + 0.25 * noise(rng, shape, 7), slope=0.8)
    metal = 34 + 60 * np.clip(bumps, -0.5, 1)
    picture = mix(glass, metal[..., None] * np.array([0.95, 0.98, 1.08]), lead)
    shine = np.clip(glass * (1 - lead)[..., None], 0, 255)
    glow = sum(ndimage.gaussian_filter(shine, (size, size, 0)) for size in (4, 14)) / 2
    return 255 - (255 - np.clip(picture, 0, 255)) * (1 - 0.24 * glow / 255)


# --------------------------------------------------------------------------- command line

PAINTERS: dict[str, tuple[Callable[[Rng], Array], int]] = {
    'oil_strokes': (oil_strokes, 7),
    'ink_wash': (ink_wash, 7),
    'woodblock': (woodblock, 7),
    'stained_glass': (stained_glass, 7),
}


def paint(name: str) -> Image.Image:
    """Paint one picture by name."""
    painter, seed = PAINTERS[name]
    picture = painter(np.random.default_rng(seed))
    return Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8))


def save(picture: Image.Image, path: Path) -> int:
    """Write a JPEG at the best quality that stays within MAX_BYTES; returns that quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in range(92, 59, -1):
        picture.save(path, quality=quality, optimize=True)
        if path.stat().st_size <= MAX_BYTES:
            return quality
    raise ValueError(f'{path.name} does not fit into {MAX_BYTES} bytes')


def main(arguments: Sequence[str] | None = None) -> None:
    """Paint the pictures named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description='Paint the bundled style pictures.')
    parser.add_argument(
        'names',
        nargs='*',
        metavar='name',
        help=f'pictures to paint: {", ".join(PAINTERS)} (default: all)',
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path(__file__).parent / 'style',
        help='folder for the JPEG files (default: style beside this script)',
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in PAINTERS:
            parser.error(f'unknown picture {name!r}; choose from {", ".join(PAINTERS)}')
    for name in options.names or PAINTERS:
        started = time.perf_counter()
        path = options.output / f'{name}.jpg'
        quality = save(paint(name), path)
        print(
            f'{path}: {path.stat().st_size} bytes, quality {quality}, '
            f'{time.perf_counter() - started:.0f} s'
        )


if __name__ == '__main__':
    main()
