"""Make the README's pictures: the hero, and for each knob a row in which only it moves.

``python assets/readme/make.py`` (about five minutes on two cores)
"""

from dataclasses import replace
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import mxnet as mx
import numpy
from PIL import Image

from styletransfer import vgg
from styletransfer.images import load_image, postprocess, preprocess, samples
from styletransfer.recipes import TUTORIAL, with_shape, with_stages
from styletransfer.synthesis import coarse_to_fine, painting

FOLDER = Path(__file__).parent
KNOBS = {
    'content_weight': (0.1, 1.0, 10.0),
    'style_weight': (100.0, 1000.0, 10000.0),
    'tv_weight': (5.0, 50.0, 500.0),
}


def pixels(img: mx.np.ndarray) -> Image.Image:
    """Return a picture with values in 0-1 as Pillow has it."""
    return Image.fromarray((img * 255).asnumpy().round().astype('uint8'))


def row(pictures: list) -> Image.Image:
    """Return pictures of one size side by side."""
    width, height = pictures[0].size
    strip = Image.new('RGB', (len(pictures) * (width + 6) - 6, height), 'white')
    for i, picture in enumerate(pictures):
        strip.paste(picture, (i * (width + 6), 0))
    return strip


def main() -> None:
    """Paint, and save as JPEG."""
    net, _ = vgg.get_net('vgg19_slim')
    content = load_image(samples('content')['lake'])
    style = load_image(samples('style')['oil_strokes'])

    def paint(recipe):
        X = coarse_to_fine(
            painting(net, recipe, content, style, mx.cpu()),
            recipe,
            content,
            mx.cpu(),
            lambda step: None,
        )
        return pixels(postprocess(X))

    shape = (560, 320)
    shown = [pixels(postprocess(preprocess(img, shape))) for img in (content, style)]
    hero = row([*shown, paint(TUTORIAL)])
    hero.save(FOLDER / 'hero.jpg', quality=88)
    small = with_stages(with_shape(TUTORIAL, (280, 160)), 'num_epochs', (250, 150))
    for knob, values in KNOBS.items():
        pictures = [paint(replace(small, **{knob: value})) for value in values]
        row(pictures).save(FOLDER / f'{knob}.jpg', quality=88)
        print(knob, *(round(float(numpy.asarray(picture).std()), 1) for picture in pictures))


if __name__ == '__main__':
    main()
