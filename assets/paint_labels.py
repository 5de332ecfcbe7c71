"""Paint the label pictures of the photographs that chapter 6 uses: a plain colour for each region.

    python assets/paint_labels.py [--output FOLDER]      (default: assets/labels)

The outlines were drawn by hand over a copy of each photograph 1120 pixels wide. They are painted
four times as large and averaged down, as a painting program draws them: a pixel on an edge is a
mixture of two colours.
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from styletransfer.regions import COLOURS

WIDTH = 1120  # of the copies over which the outlines were drawn
SMALLER, FINER = 2, 4  # the labels are half as wide; painted with so many pixels for each one
SKY, LAND, WATER = (COLOURS[name] for name in ('lightblue', 'green', 'blue'))

# height of the copy; the outline of all that stands before the sky, from left to right; the line
# where water begins (or the wet sand, or none); further pieces of land
OUTLINES = {
    'beach_city': (
        629,
        '0,386 60,383 100,380 130,382 270,384 280,377 310,376 330,382 420,378 450,375 470,380 '
        '560,379 600,377 614,376 616,360 626,352 634,350 634,337 656,336 657,316 678,316 680,333 '
        '686,333 688,352 705,352 706,340 725,337 746,338 750,352 752,352 753,324 768,323 770,358 '
        '780,358 780,288 784,286 785,262 802,260 806,260 807,80 810,78 835,78 836,130 844,133 '
        '845,290 857,290 857,90 860,90 862,150 880,160 898,163 900,222 904,223 905,262 910,262 '
        '912,182 922,180 924,168 944,168 946,236 953,238 954,150 962,146 1018,146 1021,152 '
        '1021,292 1030,292 1034,262 1041,262 1044,232 1085,222 1100,218 1108,220 1120,222',
        '0,389 620,390 760,388 940,388 1080,372 1120,364',
        (),
    ),
    'lake': (
        640,
        '0,110 8,125 20,120 35,119 50,138 62,158 95,164 118,170 133,195 150,203 165,215 200,225 '
        '222,222 232,206 262,190 290,182 318,172 340,160 360,157 385,167 410,168 430,180 455,200 '
        '480,218 500,232 515,240 540,228 560,222 590,227 615,228 628,240 650,242 670,250 690,248 '
        '705,254 722,250 745,246 760,239 790,242 800,250 815,260 845,285 855,298 880,308 895,310 '
        '925,305 955,315 970,325 990,320 1015,332 1035,345 1050,345 1065,335 1090,335 1120,345',
        '0,485 1120,485',
        (),
    ),
    'rooftops': (
        640,
        '0,184 60,184 66,190 67,282 82,282 84,268 110,268 127,278 130,298 133,284 138,273 146,284 '
        '150,300 155,300 155,266 170,262 188,262 190,268 211,270 213,285 240,285 245,292 246,278 '
        '312,277 313,264 350,258 420,265 432,280 470,284 471,278 503,278 505,288 520,288 535,275 '
        '600,290 616,300 618,294 632,280 635,270 640,280 648,290 648,218 711,218 712,296 720,298 '
        '727,286 736,283 748,288 752,308 770,312 772,256 786,254 788,244 789,254 801,258 802,318 '
        '830,320 880,330 1000,334 1010,334 1060,336 1060,290 1045,230 1048,210 1085,160 1120,115',
        '0,640 1120,640',
        ('1096,0 1120,96 1120,0',),
    ),
}


def points(text):
    """Return the corners of an outline in the pixels in which it is painted."""
    scale = FINER / SMALLER
    return [tuple(scale * float(number) for number in pair.split(',')) for pair in text.split()]


def painted(height, skyline, waterline, pieces):
    """Return a label picture."""
    width, height = WIDTH // SMALLER, round(height / SMALLER)
    picture = Image.new('RGB', (FINER * width, FINER * height), SKY)
    drawing = ImageDraw.Draw(picture)
    below = [(FINER * width, FINER * height), (0, FINER * height)]
    drawing.polygon([*points(skyline), *below], LAND)
    for piece in pieces:
        drawing.polygon(points(piece), LAND)
    drawing.polygon([*points(waterline), *below], WATER)
    return picture.resize((width, height), Image.Resampling.BOX)


def main():
    """Paint all of them."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    folder = Path(__file__).parent / 'labels'
    parser.add_argument('--output', type=Path, default=folder)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for name, outline in OUTLINES.items():
        painted(*outline).save(args.output / f'{name}.png', optimize=True)


if __name__ == '__main__':
    main()
