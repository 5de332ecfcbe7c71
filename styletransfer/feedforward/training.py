"""The job ``train``: a folder of photos and some paintings become a network that paints.

In its folder lie the network, a sheet of held-out pictures from time to time, the curves of its
losses, and a record; and while it learns, a checkpoint from which the same command goes on.
"""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections import Counter
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import numpy as np

import styletransfer
from styletransfer import trained
from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.command import Parser, argument, natural, positive
from styletransfer.errors import InputError, printable, unknown
from styletransfer.feedforward import adain, ghiasi, johnson
from styletransfer.feedforward.encoder import load_encoder
from styletransfer.feedforward.perceptual import loss_network
from styletransfer.files import file_hash, open_regular, replacing
from styletransfer.images import (
    FIRST_SAMPLES,
    find_pictures,
    load_image,
    picture_path,
    postprocess,
    preprocess,
    samples,
    save_image,
)
from styletransfer.learning import learn
from styletransfer.machine import peak_memory, total_memory
from styletransfer.outputs import (
    CHECKPOINT,
    FIGURE,
    NUMBER,
    RECORD,
    as_json,
    check_writable,
    is_record,
    locked,
    overwriting,
)
from styletransfer.progress import (
    Bar,
    Checkpoints,
    DivergedError,
    History,
    Interrupted,
    Listener,
    Step,
    StopAtNaN,
    StopAtSignal,
    save_figure,
    together,
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

SHEETS = 'sheets'
SHEET_SHAPE = (280, 160)  # of each picture on a sheet

# what may be another when a run is resumed
MANNER = ('resume', 'quiet', 'output', 'sheet_every', 'checkpoint_every')

# what the record of a checkpoint holds
STANDING = {
    'argv': [str],
    'fingerprint': {'method': str},
    'epoch': int,
    'history': [{'title': str, 'seconds': NUMBER, 'losses': [{'epoch': int, str: NUMBER}]}],
}


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
    add('--start', metavar='NET', help='a trained network of these layers, to go on from')
    add('--seed', type=argument(natural), default=0, help='of all randomness (%(default)s)')
    add('--sheet-every', type=argument(positive), default=250, metavar='N', help='steps')
    add('--checkpoint-every', type=argument(positive), default=100, metavar='N', help='steps')
    add('--resume', action='store_true', help='go on with the interrupted run in --output')
    add('--quiet', action='store_true', help='no bar and no messages')
    numbers = parser.add_argument_group("numbers of the setting (the setting's own)")
    for name, entry in numbers_of(*METHODS.values()).items():
        numbers.add_argument(
            '--' + name.replace('_', '-'),
            type=argument(entry.metadata['parse']),
            metavar=name.upper(),
            help=entry.metadata['help'],
        )
    return parser


def numbers_of(*methods: Method) -> Dict[str, Any]:
    """Return the fields of settings that are flags, by name."""
    return {
        entry.name: entry
        for method in methods
        for entry in fields(method.settings[method.default])
        if 'parse' in entry.metadata
    }


def setting_of(args: Any) -> Any:
    """Return the setting that was asked for, with the numbers that were given.

    Raises
    ------
    InputError
        If there is no such method or setting, or a number cannot be.
    """
    if args.method not in METHODS:
        raise unknown('method', args.method, METHODS)
    method = METHODS[args.method]
    for name in numbers_of(*METHODS.values()).keys() - numbers_of(method):
        if getattr(args, name) is not None:
            raise InputError(f'--{name.replace("_", "-")} is no number of {args.method}')
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
        name = args.setting or method.default
        if name not in method.settings:
            raise unknown(f'setting of {args.method}', name, method.settings)
        setting = method.settings[name]
    asked = {entry.name: getattr(args, entry.name, None) for entry in fields(setting)}
    changes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in asked.items()
        if value is not None and name not in ('name', 'description')
    }
    return replace(setting, **changes)


class Run(NamedTuple):
    """One training, with everything checked and read before the long work starts."""

    args: Any
    setting: Any
    before: Tuple[str, ...]  # rows that the network has already
    paintings: List[Path]
    photos: List[Path]
    lesson: Any
    folder: Path

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
    def network_path(self) -> Path:
        """Return where the network will be."""
        return self.folder / f'{self.args.method}.safetensors'

    def say(self, *lines: str) -> None:
        """Print lines, unless the user wants quiet."""
        if not self.args.quiet:
            print(*map(printable, lines), sep='\n', flush=True)


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
    return Run(args, setting, before, paths, photos, lesson, Path(args.output))


def begin(net: Any, painter: trained.Painter, name: str) -> None:
    """Give a network what a trained one has learned.

    Raises
    ------
    InputError
        If its layers, or its styles, are others.
    """
    known = trained.weights_of(painter.net)
    shapes = {key: array.shape for key, array in known.items()}
    if shapes != {key: array.shape for key, array in trained.weights_of(net).items()}:
        raise InputError(f"--start '{name}' has other layers or styles: name one of the same")
    trained.set_weights(net, known)


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
    """Paints held-out photos from time to time, and keeps them as one picture.

    The styles are those that get rows, or pictures that are held out too.
    """

    def __init__(self, run: Run, every: int) -> None:
        self.run, self.every = run, every
        names = FIRST_SAMPLES['content']
        photos = [load_image(samples('content')[name], SHEET_SHAPE) for name in names]
        self.photos = [preprocess(img, SHEET_SHAPE) for img in photos]
        self.painter = trained.fresh(run.args.method, run.setting, run.rows, {})
        self.styles = {
            name: self.painter.shares([name]) for name in run.styles or FIRST_SAMPLES['style']
        }

    def __call__(self, step: Step) -> None:
        """Paint a sheet if it is time for one."""
        if step.is_nth(self.every):
            name = f'step{step.epoch:06d}.jpg'
            save_image(self.run.folder / SHEETS / name, self.sheet())

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
    argv = list(argv)
    args, saved = make_parser().parse_args(argv), None
    if args.resume:
        args, saved = interrupted(args, argv)
        argv = saved.record['argv']
    job = make_run(args)
    if saved and saved.record['fingerprint'] != job.fingerprint:
        then, now = saved.record['fingerprint'], job.fingerprint
        changed = [name for name in now if now[name] != then.get(name)]
        raise InputError(
            f'cannot resume: {" and ".join(changed)} changed since the run was interrupted; put '
            'back what was there, or leave out --resume to start another run'
        )
    if not saved:
        check_folder(job)
    with locked(job.folder):
        return train(job, argv, saved)


def interrupted(args: Any, argv: Sequence[str]) -> Any:
    """Return the arguments of the interrupted run in --output, and where it stood.

    Raises
    ------
    InputError
        If there is none, or something is given that would make it another run.
    """
    path = Path(args.output, CHECKPOINT)
    if not path.is_file():
        raise InputError(f"nothing to resume in '{args.output}': leave out --resume")
    saved = load_checkpoint(path, STANDING)
    parser = make_parser()
    then = parser.parse_args(saved.record['argv'])
    for name, value in vars(args).items():
        given = name not in MANNER and value not in (None, [], parser.get_default(name))
        if given and value != getattr(then, name):
            raise InputError(
                f'the interrupted run had another {name.replace("_", " ")}: leave it out to go on '
                'with that run, or leave out --resume to start another'
            )
    then.output, then.quiet = args.output, args.quiet
    return then, saved


def check_folder(job: Run) -> None:
    """Refuse a folder with files that are not of an earlier training."""
    if (job.folder / RECORD).exists() and not is_record(job.folder / RECORD):
        raise overwriting(RECORD, job.folder)
    if (job.folder / CHECKPOINT).exists():
        try:
            load_checkpoint(job.folder / CHECKPOINT, STANDING)
        except InputError:
            raise overwriting(CHECKPOINT, job.folder) from None
        job.say(f"The unfinished run in '{job.folder}' is replaced; --resume would go on with it.")
    elif not (job.folder / RECORD).exists():
        for name in (FIGURE, SHEETS, job.network_path.name):
            if (job.folder / name).exists():
                raise overwriting(name, job.folder)


def train(job: Run, argv: Sequence[str], saved: Optional[Checkpoint]) -> int:
    """Do the work of a run, write its files, and return the exit status."""
    args, setting, folder = job.args, job.setting, job.folder
    history = History(saved.record['history'] if saved else ())
    record = {'argv': list(argv), 'fingerprint': job.fingerprint}
    checkpoints = Checkpoints(folder / CHECKPOINT, args.checkpoint_every, history, record)
    count = len(job.paintings)
    job.say(
        f'{args.method}, {setting.name}: {count} style{"s" * (count > 1)}, {len(job.photos)} '
        f'photos, {setting.num_steps} steps of {setting.batch} crops'
    )
    if not saved:
        checkpoints.save()  # if it cannot be written, better now than in an hour
    words = shlex.join(['train', args.method, '--resume', '--output', str(folder)])
    go_on = f'go on with:  python -m styletransfer.feedforward {words}'
    sheets = Sheets(job, args.sheet_every)
    listeners: List[Listener] = [StopAtNaN(0, None), history, checkpoints, sheets]
    try:
        with Bar() as bar, StopAtSignal() as stop_at_signal:
            if not args.quiet:
                listeners.append(bar)
            learn(
                job.lesson.net,
                job.lesson.loss,
                job.lesson.batch_at,
                job.lesson.lr_at,
                setting.num_steps,
                f'{setting.batch} crops a step',
                together(*listeners, stop_at_signal),
                saved,
            )
            write_results(job, history, sheets)
    except Interrupted as stop:
        checkpoints.save(stop.step)
        print(printable(f'{stop}; {go_on}'), file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print(printable(f'stopped; {go_on}'), file=sys.stderr)
        return 130
    except DivergedError:
        raise
    except InputError as error:  # the disk is full, most likely
        raise InputError(f'{error}; then {go_on}') from error
    (folder / CHECKPOINT).unlink(missing_ok=True)
    job.say(f'The network is {job.network_path}; beside it are sheets, {FIGURE} and {RECORD}.')
    return 0


def write_results(job: Run, history: History, sheets: Sheets) -> None:
    """Write the network, the curves and, last, the record of a run that is complete."""
    notes = {
        'trained_by': f'styletransfer {styletransfer.__version__}',
        'photos': str(len(job.photos)),
    }
    trained.save(job.network_path, job.args.method, job.setting, job.rows, job.lesson.net, notes)
    pictures = [*sheets.row(sheets.photos[0]).items()][:6]  # more would be too small to see
    save_figure(job.folder / FIGURE, dict(pictures), history)
    record = {
        'arguments': as_json({k: v for k, v in vars(job.args).items() if k != 'resume'}),
        'recipe': asdict(job.setting),
        'styles': job.described if job.styles else len(job.paintings),
        'photos': len(job.photos),
        'network_sha256': file_hash(job.network_path),
        'versions': {
            'styletransfer': styletransfer.__version__,
            'mxnet': mx.__version__,
            'numpy': numpy.__version__,
            'python': platform.python_version(),
        },
        'peak_memory_bytes': peak_memory(),
        'stages': history.summary(),
    }
    with replacing(job.folder / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')
