"""Draw the figures of the exercises of chapters 1 to 4: pictures to be told apart.

    python chapters/exercises/figures.py [FOLDER]      (default: chapters/exercises/figures)

Every picture is made here, by the package, of pictures that come with the course. Which letter a
picture gets is for the tasks to say, as they have the answers. On two quiet cores this takes about
a minute.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import styletransfer  # noqa: F401  before MXNet

# isort: split
import numpy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mxnet import autograd, cpu, gluon
from mxnet import numpy as np

from styletransfer import color, losses
from styletransfer.controls import Style, controlled
from styletransfer.exercises.tasks import figures
from styletransfer.images import load_image, noise, postprocess, preprocess, samples
from styletransfer.objective import objectives
from styletransfer.recipes import TUTORIAL, Recipe, Stage
from styletransfer.synthesis import coarse_to_fine
from styletransfer.vgg import extract_features, get_net

FOLDER = Path(__file__).resolve().parent / 'figures'
SHAPE = (200, 112)
TRIAL = Stage(SHAPE, lr=0.03, num_epochs=80)
LAYERS = ('conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1')
DEVICE = cpu()


def photo(name: str) -> np.ndarray:
    """Return a photograph that comes with the course."""
    return load_image(samples('content')[name])


def painting(name: str) -> np.ndarray:
    """Return a painting that comes with the course."""
    return load_image(samples('style')[name])


def made(recipe: Recipe, content: np.ndarray, style: np.ndarray, **start: Any) -> np.ndarray:
    """Return the picture that a recipe makes in one small stage, in 0-1."""
    net, _ = get_net('vgg19_slim', device=DEVICE)
    recipe = replace(recipe, stages=(start.pop('stage', TRIAL),))
    loss_at = objectives(net, recipe, content, style, DEVICE)
    init = start.get('init', content)
    X = coarse_to_fine(loss_at, recipe, init, DEVICE, lambda step: None)
    return postprocess(X)


def page(rows: int, columns: int, width: float, height: float) -> Tuple[Figure, Any]:
    """Return a figure of axes in rows and columns, without frames."""
    figure = Figure(figsize=(width, height), layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, axes


def lettered(pictures: Sequence[np.ndarray], answer: str, columns: int = 3) -> Figure:
    """Draw pictures, given in the order of the exercise's list, in that of their letters."""
    rows = -(-len(pictures) // columns)
    height, width = pictures[0].shape[:2]
    figure, axes = page(rows, columns, 9, rows * (9 / columns * height / width + 0.3))
    for ax in axes.flat:
        ax.set_axis_off()
    for img, letter in zip(pictures, answer):
        ax = axes.flat['ABCDEF'.index(letter)]
        ax.imshow(img.asnumpy().clip(0, 1))
        ax.set_title(letter)
    return figure


# --- chapter 1 ----------------------------------------------------------------------------------


def settings() -> Figure:
    """Draw what becomes of one photograph by six settings."""
    lake, oil = photo('lake'), painting('oil_strokes')
    changes: List[Dict[str, Any]] = [
        {},
        {'content_weight': 0.0},
        {'style_weight': 0.0, 'tv_weight': 5.0},
        {'tv_weight': 2000.0},
        {'style_layers': ('conv1_1',)},
    ]
    pictures = [made(replace(TUTORIAL, **change), lake, oil) for change in changes]
    pictures.append(made(TUTORIAL, lake, oil, init=noise('grey_noise', SHAPE, seed=0)))
    return lettered(pictures, figures.six_settings())


class Loop:
    """A batch of two photographs, each painted in its own style, by a loop with one fault."""

    shape, epochs, lr = (130, 78), 70, 0.05

    def __init__(self, fault: str = '') -> None:
        self.fault = fault
        self.net, _ = get_net('vgg19_slim', device=DEVICE)
        self.photos = self.inputs([photo('lake'), photo('otter')])
        paintings = self.inputs([painting('stained_glass'), painting('ink_wash')])
        (self.contents_Y,), _ = extract_features(self.net, self.photos, ['conv4_4'], ())
        _, styles = extract_features(self.net, paintings, (), LAYERS)
        self.grams = [self.gram(Y) for Y in styles]

    def inputs(self, imgs: Sequence[np.ndarray]) -> np.ndarray:
        """Return pictures as the network reads them."""
        if self.fault == 'bgr':
            imgs = [img[:, :, ::-1] for img in imgs]
        X = np.concatenate([preprocess(img, self.shape) for img in imgs])
        return X.transpose(0, 1, 3, 2) if self.fault == 'axes' else X

    def gram(self, Y: np.ndarray) -> np.ndarray:
        """Return a Gram matrix for each picture, or one for all."""
        if self.fault != 'batch':
            return losses.gram(Y)
        rows = Y.transpose(1, 0, 2, 3).reshape(Y.shape[1], -1)
        return np.dot(rows, rows.T) / rows.size

    def loss(self, X: np.ndarray) -> np.ndarray:
        """Return the weighted sum of content, style and total variation."""
        contents, styles = extract_features(self.net, X, ['conv4_4'], LAYERS)
        content = losses.content_loss(contents[0], self.contents_Y)
        style = sum(np.square(self.gram(Y) - G).mean() for Y, G in zip(styles, self.grams))
        return content + 1000 * style + 50 * losses.tv_loss(X)

    def run(self) -> Tuple[List[numpy.ndarray], List[float]]:
        """Return the two pictures and the loss of each epoch."""
        picture = gluon.Parameter('picture', shape=self.photos.shape)
        picture.initialize(ctx=DEVICE)
        picture.set_data(self.photos)
        trained = {'picture': picture}
        if self.fault == 'weights':
            weights = self.net.collect_params()
            weights.setattr('grad_req', 'write')
            trained.update(weights)
        trainer = gluon.Trainer(trained, 'adam', {'learning_rate': self.lr})
        if self.fault == 'weights':
            weights.setattr('lr_mult', 0.005)
        curve = []
        for _ in range(self.epochs):
            with autograd.record():
                l = self.loss(picture.data())
            l.backward()
            trainer.step(1)
            curve.append(float(l))
            if self.fault == 'clipped':
                picture.set_data(picture.data().clip(0, 1))
        return [self.shown(X) for X in picture.data()], curve

    def shown(self, X: np.ndarray) -> numpy.ndarray:
        """Return one picture for the screen."""
        return postprocess(X[None]).asnumpy()


def faults() -> Figure:
    """Draw the pictures and the losses of five broken loops, and of the loop as it should be."""
    kinds = ('batch', 'clipped', 'weights', 'bgr', 'axes')
    runs = {kind: Loop(kind).run() for kind in kinds}
    _, right = Loop().run()
    figure, axes = page(3, 5, 11, 6.2)
    for ax in axes[:2].flat:
        ax.set_axis_off()
    for kind, letter in zip(kinds, figures.which_fault()):
        column = axes[:, 'ABCDE'.index(letter)]
        imgs, curve = runs[kind]
        for ax, img in zip(column, imgs):
            ax.imshow(img)
        column[0].set_title(letter)
        column[2].loglog(range(1, len(right) + 1), right, color='0.7', lw=3)
        column[2].loglog(range(1, len(curve) + 1), curve, color='C3')
        column[2].set(ylim=(5, 2000), xlabel='epoch')
    axes[2, 0].set_ylabel('loss')
    for ax in axes[2, 1:]:
        ax.set_yticklabels([])
    return figure


# --- chapter 2 ----------------------------------------------------------------------------------

LOOK = Stage((160, 96), lr=0.1, num_epochs=120, lr_decay_epoch=50, lr_decay=0.3)


def layers() -> Figure:
    """Draw a photograph that was rebuilt from each of five layers, beginning with noise."""
    rome, start = photo('colosseum'), noise('grey_noise', LOOK.image_shape, seed=0)
    rome = cropped_to(rome, LOOK.image_shape)
    pictures = []
    for layer in LAYERS:
        asked = replace(TUTORIAL, content_layers=(layer,), style_layers=(), tv_weight=0.0)
        pictures.append(made(asked, rome, rome, stage=LOOK, init=start))
    return lettered(pictures, figures.which_layer())


def cropped_to(img: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """Return the middle of a picture, of another aspect."""
    height = min(img.shape[0], round(img.shape[1] * shape[1] / shape[0]))
    top = (img.shape[0] - height) // 2
    return img[top : top + height]


def textures() -> Figure:
    """Draw a painting's texture, by the style of more and more layers, beginning with noise."""
    starry, start = painting('starry_night'), noise('grey_noise', LOOK.image_shape, seed=0)
    pictures = []
    for count in (1, 2, 3, 5):
        asked = replace(
            TUTORIAL,
            content_layers=(),
            style_layers=LAYERS[:count],
            tv_weight=30.0,
            scaling='relative',
        )
        pictures.append(made(asked, starry, starry, stage=LOOK, init=start))
    return lettered(pictures, figures.which_texture(), columns=2)


# --- chapter 3 ----------------------------------------------------------------------------------

A = numpy.diag([1.0, 40.0])
Walk = Callable[[], numpy.ndarray]


def plain(lr: float, count: int = 60, momentum: float = 0.0) -> Walk:
    """Return the walk of gradient descent, with or without momentum."""

    def walk() -> numpy.ndarray:
        points, speed = [numpy.array([-4.0, 1.0])], numpy.zeros(2)
        for _ in range(count):
            speed = momentum * speed - lr * (A @ points[-1])
            points.append(points[-1] + speed)
        return numpy.array(points)

    return walk


def adam(lr: float, count: int = 60) -> Walk:
    """Return the walk of Adam."""

    def walk() -> numpy.ndarray:
        points, m, v = [numpy.array([-4.0, 1.0])], numpy.zeros(2), numpy.zeros(2)
        for t in range(1, count + 1):
            g = A @ points[-1]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            step = m / (1 - 0.9**t) / (numpy.sqrt(v / (1 - 0.999**t)) + 1e-8)
            points.append(points[-1] - lr * step)
        return numpy.array(points)

    return walk


def newton() -> numpy.ndarray:
    """Return the walk that divides by the curvature, the whole way at once."""
    return numpy.array([[-4.0, 1.0], [0.0, 0.0]])


def walkers() -> Figure:
    """Draw the walks of six methods through one narrow valley."""
    walks = (plain(0.049), plain(0.01), plain(0.01, momentum=0.9), adam(0.1), adam(1.0), newton)
    figure, axes = page(2, 3, 9, 3.6)
    x, y = numpy.meshgrid(numpy.linspace(-4.6, 2.6, 200), numpy.linspace(-1.6, 1.6, 200))
    height = (x * x + 40 * y * y) / 2
    for walk, letter in zip(walks, figures.which_walker()):
        ax = axes.flat['ABCDEF'.index(letter)]
        ax.contour(x, y, height, levels=numpy.logspace(-1, 2, 10), colors='0.75', linewidths=0.6)
        ax.plot(*walk().T, 'o-', ms=2.5, lw=0.9, color='C3')
        ax.plot(0, 0, '+', color='black')
        ax.set(xlim=(-4.6, 2.6), ylim=(-1.6, 1.6), xticks=[], yticks=[], aspect='equal')
        ax.set_title(letter)
    return figure


# --- chapter 4 ----------------------------------------------------------------------------------


def controls() -> Figure:
    """Draw what becomes of one photograph by six controls."""
    lake, oil = photo('lake'), painting('oil_strokes')
    ink = painting('ink_wash')
    net, _ = get_net('vgg19_slim', device=DEVICE)
    recipe = replace(TUTORIAL, stages=(TRIAL,))

    def by(styles: Sequence[Style], masks: Sequence[np.ndarray] = (), **more: Any) -> np.ndarray:
        loss_at = controlled(net, recipe, lake, styles, DEVICE, masks, **more)
        return postprocess(coarse_to_fine(loss_at, recipe, lake, DEVICE, lambda step: None))

    plainly = by([Style(oil)])
    top = np.zeros(lake.shape[:2])
    top[: lake.shape[0] * 7 // 10] = 1
    pictures = [
        plainly,
        color.keep_luminance(plainly, lake),
        by([Style(color.match_colors(oil, lake))]),
        by([Style(oil)], style_scale=2.0),
        by([Style(oil), Style(ink)]),
        by([Style(oil), Style(ink)], [top, 1 - top]),
    ]
    return lettered(pictures, figures.six_controls())


FIGURES: Dict[str, Callable[[], Figure]] = {
    '01-settings': settings,
    '01-faults': faults,
    '02-layers': layers,
    '02-textures': textures,
    '03-walkers': walkers,
    '04-controls': controls,
}


def main(folder: Path, names: Sequence[str] = tuple(FIGURES)) -> None:
    """Write the figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f'{name}.jpg'
        FIGURES[name]().savefig(path, dpi=100, pil_kwargs={'quality': 82})
        print(path)


if __name__ == '__main__':
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER, sys.argv[2:] or tuple(FIGURES))
