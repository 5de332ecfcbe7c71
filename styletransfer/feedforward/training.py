"""The job ``train``: a folder of photos and some paintings become a network that paints.

In its folder lie the network, a sheet of held-out pictures from time to time, the curves of its
losses, and a record; and while it learns, a checkpoint from which the same command goes on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import numpy as np

import styletransfer
from styletransfer import runs, trained
from styletransfer.checkpoint import Checkpoint
from styletransfer.command import Parser
from styletransfer.errors import InputError
from styletransfer.feedforward import adain, ghiasi, johnson
from styletransfer.feedforward.encoder import load_encoder
from styletransfer.feedforward.perceptual import loss_network
from styletransfer.files import file_hash, open_regular
from styletransfer.images import (
    FIRST_SAMPLES,
    find_pictures,
    load_image,
    picture_path,
    postprocess,
    preprocess,
    samples,
)
from styletransfer.learning import learn
from styletransfer.machine import total_memory
from styletransfer.outputs import as_json, check_writable
from styletransfer.progress import Listener
from styletransfer.runs import (
    add_flags,
    check_numbers,
    defaults,
    find_method,
    find_setting,
    with_numbers,
)
from styletransfer.train.memory import network_bytes


class Method(NamedTuple):
    """What can be trained: its published settings, and the lesson that `learn` is given."""

    settings: Dict[str, Any]
    default: str
    lesson: Any
    looking: Any
    network: Tuple[str, ...]  # numbers that a network has for good
    adding: Dict[str, Any]  # numbers with which rows are added
    rows: bool = True  # whether each painting gets a row; otherwise all teach one network


METHODS = {
    'johnson': Method(
        johnson.SETTINGS,
        johnson.JOHNSON_SLIM.name,
        johnson.Lesson,
        loss_network,
        ('widths', 'residuals'),
        johnson.ADDING,
    ),
    'adain': Method(
        adain.SETTINGS,
        adain.ADAIN_SLIM.name,
        adain.Lesson,
        load_encoder,
        network=(),
        adding={},
        rows=False,
    ),
    'ghiasi': Method(
        ghiasi.SETTINGS,
        ghiasi.GHIASI_SLIM.name,
        ghiasi.Lesson,
        loss_network,
        network=(),
        adding={},
        rows=False,
    ),
}

SHEET_SHAPE = (280, 160)  # of each picture on a sheet


def make_parser() -> Parser:
    """Return the job's parser; the numbers of the setting are flags too."""
    parser = Parser('feedforward train', 'Train a network that paints any photo in one pass.')
    add = parser.add_argument
    add('method', help=', '.join(METHODS))
    add(
        'photos',
        nargs='*',
        help='folders of photographs, with the folders in them; the last is of paintings for '
        'adain without --style',
    )
    add(
        '--style',
        nargs='+',
        help='paintings: files or samples (all samples), for adain folders too',
    )
    add('--output', default='outputs', metavar='FOLDER', help='for the results (%(default)s)')
    add('--setting', help='published numbers, by name (the slim one)')
    add(
        '--add-to',
        metavar='NET',
        help='a trained network, by name or file: nothing but rows for the paintings is learned',
    )
    add(
        '--start',
        metavar='NET',
        help='a trained network of these layers to go on from; kernels may have been larger there '
        'and inputs fewer',
    )
    add_flags(parser, defaults(METHODS))
    return parser


def setting_of(args: Any) -> Any:
    """Return the setting that was asked for, with the numbers that were given.

    Raises
    ------
    InputError
        If there is no such method or setting, or a number cannot be.
    """
    method = find_method(args, METHODS)
    check_numbers(args, method.settings[method.default], defaults(METHODS))
    if args.add_to and args.start:
        raise InputError('--add-to has the network that it begins with: leave out --start')
    if args.add_to and not method.rows:
        raise InputError(f'{args.method} paints in any style: leave out --add-to')
    if args.add_to:
        fixed = [name for name in ('setting', *method.network) if getattr(args, name)]
        if fixed:
            raise InputError(f'--{fixed[0]} is that of the network in --add-to: leave it out')
        setting = replace(trained.load(trained.find(args.add_to)).setting, **method.adding)
    else:
        setting = find_setting(args, METHODS)
    return with_numbers(setting, args)


@dataclass(frozen=True)
class Run(runs.Run):
    """The training of a network that paints in one pass."""

    before: Tuple[str, ...]  # rows that the network has already
    paintings: List[Path]
    photos: List[Path]
    lesson: Any

    command: ClassVar[str] = 'feedforward'

    @property
    def styles(self) -> List[str]:
        """Return the names of the rows that are learned, if paintings get rows."""
        rows = METHODS[self.args.method].rows
        return [path.stem for path in self.paintings] if rows else []

    @property
    def rows(self) -> List[str]:
        """Return the names of all rows that the network will have."""
        return [*self.before, *self.styles]

    @property
    def described(self) -> Any:
        """Return what tells the paintings from others: each one's hash, or of many the sizes."""
        if self.styles:
            return dict(zip(self.styles, map(file_hash, self.paintings)))
        return sizes(self.paintings)

    @property
    def fingerprint(self) -> Dict[str, Any]:
        """Return all that the result depends on: a resumed run must have the same."""
        return as_json(
            {
                'method': self.args.method,
                'setting': asdict(self.setting),
                'styles': self.described,
                'photos': sizes(self.photos),
                'add_to': file_hash(trained.find(self.args.add_to)) if self.args.add_to else None,
                'start': file_hash(trained.find(self.args.start)) if self.args.start else None,
                'seed': self.args.seed,
            }
        )

    @property
    def about(self) -> str:
        """Return in one line what is going to be learned."""
        setting, count = self.setting, len(self.paintings)
        return (
            f'{self.args.method}, {setting.name}: {count} style{"s" * (count > 1)}, '
            f'{len(self.photos)} photos, {setting.num_steps} steps of {setting.batch} crops'
        )

    def learn(self, on_step: Listener, saved: Optional[Checkpoint]) -> None:
        """Train the network, from where it stood if it was interrupted."""
        lesson, setting = self.lesson, self.setting
        learn(
            lesson.net,
            lesson.loss,
            lesson.batch_at,
            lesson.lr_at,
            setting.num_steps,
            f'{setting.batch} crops a step',
            on_step,
            saved,
        )

    @cached_property
    def sheets(self) -> Sheets:
        """Return the held-out photos, and the network to paint them with."""
        return Sheets(self)

    def sheet(self) -> np.ndarray:
        """Return the sheet, RGB in 0-1: a row for each photo, which is its first picture."""
        return self.sheets.sheet()

    def pictures(self) -> Dict[str, np.ndarray]:
        """Return a photo and its paintings in a few styles, RGB in 0-1."""
        pictures = [*self.sheets.row(self.sheets.photos[0]).items()]
        return dict(pictures[:6])  # more would be too small to see

    def save(self) -> None:
        """Write the network."""
        notes = {
            'trained_by': f'styletransfer {styletransfer.__version__}',
            'photos': str(len(self.photos)),
        }
        method, net = self.args.method, self.lesson.net
        trained.save(self.network_path, method, self.setting, self.rows, net, notes)

    def facts(self) -> Dict[str, Any]:
        """Return what the record says of the pictures."""
        return {
            'styles': self.described if self.styles else len(self.paintings),
            'photos': len(self.photos),
        }


def sizes(paths: Sequence[Path]) -> List[Any]:
    """Return name and size of files, which is quicker than to read them."""
    return [[path.name, path.stat().st_size] for path in paths]


def pictures_in(folders: Sequence[str]) -> List[Path]:
    """Return the pictures in folders, and in the folders in them.

    Raises
    ------
    InputError
        If there are none in one.
    """
    pictures: List[Path] = []
    for folder in folders:
        found = find_pictures(folder, deep=True)
        if not found:
            raise InputError(f"there are no pictures in '{folder}'")
        pictures += found
    return pictures


def folders_of(args: Any) -> Tuple[List[str], List[str]]:
    """Return the folders of photographs, and the names of paintings, of which some are folders.

    Raises
    ------
    InputError
        If there is nothing to learn from.
    """
    photos, paintings = args.photos, args.style
    if not METHODS[args.method].rows and not paintings:
        photos, paintings = photos[:-1], photos[-1:]
        if len(args.photos) == 1:
            raise InputError('name a folder of paintings behind that of photographs')
    if not photos:
        raise InputError('name a folder of photographs behind the method')
    return photos, paintings or list(samples('style'))


def paintings_of(names: Sequence[str], rows: bool) -> List[Path]:
    """Return the files of paintings; where they get no rows, a folder stands for all in it.

    Raises
    ------
    InputError
        If there is none of a name, or no file.
    """
    if rows:
        return [picture_path(name, 'style') for name in names]
    many = [name for name in names if Path(name).is_dir()]
    paths = [picture_path(name, 'style') for name in names if name not in many]
    for path in paths:
        open_regular(path).close()  # they are not read before their turn
    return pictures_in(many) + paths


def make_run(args: Any) -> Run:
    """Read the paintings and the network that looks, and make the one that learns.

    Raises
    ------
    InputError
        If anything that was asked for cannot be.
    """
    setting = setting_of(args)
    folders, names = folders_of(args)
    method = METHODS[args.method]
    paths = paintings_of(names, method.rows)
    painter = trained.load(trained.find(args.add_to)) if args.add_to else None
    before = painter.styles if painter else ()
    for name, count in Counter([*before, *(path.stem for path in paths)]).items():
        if count > 1 and method.rows:
            raise InputError(f"two styles would be called '{name}': rename one")
    photos = pictures_in(folders)
    check_memory(setting)
    check_writable(Path(args.output), (1000, 1000))
    paintings = [load_image(path) for path in paths] if method.rows else paths
    looking = method.looking(setting, args.quiet)
    known = [trained.weights_of(painter.net)] if painter else []
    lesson = method.lesson(setting, looking, paintings, photos, args.seed, *known)
    if args.start:
        begin(lesson.net, trained.load(trained.find(args.start)), args.start)
    return Run(args, setting, before, paths, photos, lesson)


def begin(net: Any, painter: trained.Painter, name: str) -> None:
    """Give a network what a trained one has learned, each array as of `adapted`.

    Raises
    ------
    InputError
        If its layers, or its styles, are others.
    """
    known = trained.weights_of(painter.net)
    shapes = {key: array.shape for key, array in trained.weights_of(net).items()}
    given = {key: adapted(known[key], shapes[key]) for key in known.keys() & shapes.keys()}
    if known.keys() != shapes.keys() or any(g.shape != shapes[key] for key, g in given.items()):
        raise InputError(f"--start '{name}' has other layers or styles: name one of the same")
    trained.set_weights(net, given)


def adapted(weight: numpy.ndarray, shape: Sequence[int]) -> numpy.ndarray:
    r"""Return the weights of a convolution for one with a smaller kernel, or with more inputs.

    .. math:: (w_0, w_1, w_2, w_3, w_4) \mapsto (w_0 + w_1, w_2, w_3 + w_4)

    so that of a flat picture it says the same; and what is new in the input counts nothing at
    first. Arrays of anything else, or of other convolutions, are left as they are.

    Chen et al.: Net2Net, ICLR 2016, begins a larger network with what a smaller one has learned.

    Parameters
    ----------
    weight : numpy.ndarray of shape (outputs, inputs, side, side)
    shape : sequence of int
        That is wanted.
    """
    if weight.ndim != 4 or weight.shape[1] > shape[1]:
        return weight
    for axis in (2, 3):
        while weight.shape[axis] >= shape[axis] + 2:
            first, inner, last = numpy.split(weight, [1, -1], axis=axis)
            width = [(0, 0)] * 4
            width[axis] = (0, inner.shape[axis] - 1)
            inner = inner + numpy.pad(first, width)
            width[axis] = (inner.shape[axis] - 1, 0)
            weight = inner + numpy.pad(last, width)
    return numpy.pad(weight, [(0, 0), (0, shape[1] - weight.shape[1]), (0, 0), (0, 0)])


def check_memory(setting: Any) -> None:
    """Refuse crops of which a step would not fit into memory."""
    side = max(side for side, _ in setting.crops)
    # the network that paints takes about as much as the slim one that looks
    need = 2 * network_bytes('vgg19_slim', (side, setting.batch * side))
    have = total_memory(mx.cpu())
    if have and need > have:
        raise InputError(
            f'{setting.batch} crops of {side}x{side} need more than {need / 1e9:.1f} GB of '
            f'memory, but there are {have / 1e9:.1f} GB: try smaller --crops or a smaller --batch'
        )


class Sheets:
    """Held-out photos, and a network that paints them as the one that learns would now.

    The styles are those that get rows, or pictures that are held out too.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        names = FIRST_SAMPLES['content']
        photos = [load_image(samples('content')[name], SHEET_SHAPE) for name in names]
        self.photos = [preprocess(img, SHEET_SHAPE) for img in photos]
        self.painter = trained.fresh(run.args.method, run.setting, run.rows, {})
        self.styles = {
            name: self.painter.shares([name]) for name in run.styles or FIRST_SAMPLES['style']
        }

    def sheet(self) -> np.ndarray:
        """Return the sheet, RGB in 0-1: a row for each photo, which is its first picture."""
        trained.set_weights(self.painter.net, trained.weights_of(self.run.lesson.net))
        rows = [np.concatenate([*self.row(X).values()], axis=1) for X in self.photos]
        return np.concatenate(rows, axis=0)

    def row(self, X: np.ndarray) -> Dict[str, np.ndarray]:
        """Return a photo and its paintings in all styles, RGB in 0-1, by name."""
        pictures = {'photo': postprocess(X)}
        for name, S in self.styles.items():
            pictures[name] = postprocess(trained.whole(self.painter.net, X, S))
        return pictures


def run(argv: Sequence[str]) -> int:
    """Run the job and return its exit status."""
    return runs.run(argv, make_parser, make_run)
