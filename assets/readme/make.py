"""Make the README's pictures: two strips, one for each chapter, and for each knob a row.

``python assets/readme/make.py`` cuts them from the gallery's, which ``python chapters/gallery.py``
paints.
"""

from pathlib import Path

from PIL import Image, ImageOps

FOLDER = Path(__file__).parent
ASSETS = FOLDER.parent
GALLERY = ASSETS.parent / 'chapters' / 'gallery'
STRIP = (
    ('bridge', 'great_wave', (0.6, 0.5)),  # and where in it to look, from the top left corner
    ('lake', 'starry_night', (0.3, 0.5)),
    ('cat', 'the_kiss', (0.5, 0.5)),
    ('beach_city', 'red_blue_horse', (1.0, 0.5)),
    ('rooftops', 'stained_glass', (0.9, 0.5)),
)
# the lake: what it is made of from the left to the right, photograph or gallery
CHAPTERS = {
    'chapter1': ('content/lake', 'lake-oil_strokes-recipe-tutorial'),
    'chapter2': (
        'lake-oil_strokes-style-layers-relu1_1,relu2_1',
        'lake-oil_strokes-style-layers-relu4_1,relu5_1',
    ),
    'chapter3': tuple(
        f'lake-oil_strokes-recipe-{name}'
        for name in ('vgg16_gd', 'gatys_2016', 'd2l', 'painterly')
    ),
    'chapter4': ('lake-starry_night-great_wave-content-mask-above-below',),
    'chapter5': ('content/lake', 'lake-starry_night-recipe-mrf'),
    'chapter6': (
        'content/lake',
        'lake-beach_city-recipe-photo-content-labels-lake-style-labels-beach_city-matting-weight-1e6',
    ),
    'chapter11': ('content/lake', 'onepass-lake-oil_strokes'),
    'chapter12': tuple(
        f'onepass-lake-{name}' for name in ('oil_strokes', 'stained_glass', 'woodblock')
    ),
    'chapter13': ('style/great_wave', 'content/lake', 'style/the_kiss'),
}
# of the sheets of the networks' cards: the columns that are shown, of the first row and the second
SQUARES = {
    'chapter21': ('networks/pix2pix', (2, 3, 14, 15)),
    'chapter22': ('networks/cyclegan', (3, 4, 5, 7)),
    'chapter23': ('networks/mixgan', (1, 2, 3, 13)),
}
MOVING = 'diagrams/moving'  # six pictures side by side: the second a frame, the last a painting
ONE_PASS = ('lake-oil_strokes', 'cat-stained_glass', 'rooftops-starry_night', 'bridge-great_wave')
KNOBS = {  # in the middle the recipe's own number
    'content_weight': ('content-weight-0.1', '', 'content-weight-10'),
    'style_weight': ('style-weight-100', '', 'style-weight-10000'),
    'tv_weight': ('tv-weight-0', '', 'tv-weight-1000'),
}
GAP = 5


def row(pictures: list) -> Image.Image:
    """Return pictures of one height side by side."""
    width = sum(picture.width + GAP for picture in pictures) - GAP
    strip = Image.new('RGB', (width, pictures[0].height), 'white')
    left = 0
    for picture in pictures:
        strip.paste(picture, (left, 0))
        left += picture.width + GAP
    return strip


def column(content: str, style: str, centre: tuple) -> Image.Image:
    """Return what was painted, 220 pixels wide, above its photograph and its painting."""
    whole = Image.new('RGB', (220, 220 + GAP + 80), 'white')
    for path, size, where, corner in (
        (GALLERY / f'{content}-{style}.jpg', (220, 220), centre, (0, 0)),
        (ASSETS / 'content' / f'{content}.jpg', (107, 80), centre, (0, 220 + GAP)),
        (ASSETS / 'style' / f'{style}.jpg', (107, 80), (0.5, 0.5), (113, 220 + GAP)),
    ):
        with Image.open(path) as img:
            whole.paste(ImageOps.fit(img.convert('RGB'), size, centering=where), corner)
    return whole


def bands(names: tuple) -> Image.Image:
    """Return one lake, 224 pixels wide, from the left to the right out of several pictures."""
    whole = Image.new('RGB', (224, 128))
    for i, name in enumerate(names):
        path = ASSETS / f'{name}.jpg' if '/' in name else GALLERY / f'{name}.jpg'
        with Image.open(path) as img:
            small = img.convert('RGB').resize(whole.size, Image.Resampling.BOX)
        left, right = (whole.width * side // len(names) for side in (i, i + 1))
        whole.paste(small.crop((left, 0, right, whole.height)), (left, 0))
    return whole


def squares(sheet: str, columns: tuple) -> Image.Image:
    """Return what was given and what was painted, four times, 224 pixels wide."""
    whole = Image.new('RGB', (224, 128))
    with Image.open(ASSETS / f'{sheet}.jpg') as img:
        for place, column in enumerate(columns):
            for top in (0, 64):
                box = (64 * column + 4, top, 64 * column + 60, top + 64)
                whole.paste(img.convert('RGB').crop(box), (56 * place, top))
    return whole


def moving() -> Image.Image:
    """Return a frame of a clip, its right half as it was painted, 224 pixels wide."""
    with Image.open(GALLERY.parent / f'{MOVING}.jpg') as img:
        width = img.width // 6
        frame, painted = (
            img.convert('RGB').crop((k * width, 0, (k + 1) * width, img.height)) for k in (1, 5)
        )
    frame.paste(painted.crop((width // 2, 0, width, frame.height)), (width // 2, 0))
    return ImageOps.fit(frame, (224, 128))


def one_pass(name: str) -> Image.Image:
    """Return what a network painted in one pass, 224 pixels wide."""
    with Image.open(GALLERY / f'onepass-{name}.jpg') as img:
        return ImageOps.fit(img.convert('RGB'), (224, 128))


def knob(name: str, setting: str) -> Image.Image:
    """Return the lake with one number changed: half as large, or of `tv_weight` a detail."""
    words = filter(None, ['lake-oil_strokes-recipe-fast', setting])
    with Image.open(GALLERY / f'{"-".join(words)}.jpg') as img:
        return img.crop((60, 40, 340, 200)) if name == 'tv_weight' else img.reduce(2)


def main() -> None:
    """Cut, and save as JPEG."""
    made = {'strip': row([column(*each) for each in STRIP])}
    made['onepass'] = row([one_pass(name) for name in ONE_PASS])
    made.update((name, bands(names)) for name, names in CHAPTERS.items())
    made.update((name, squares(*shown)) for name, shown in SQUARES.items())
    made['chapter7'] = moving()
    made.update((name, row([knob(name, s) for s in settings])) for name, settings in KNOBS.items())
    for name, picture in made.items():
        picture.save(FOLDER / f'{name}.jpg', quality=88)


if __name__ == '__main__':
    main()
