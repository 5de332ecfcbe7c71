"""The training of a network as a job: asked for, refused, listened to, interrupted, resumed.

In its folder lie the network, a sheet of held-out pictures from time to time, the curves of its
losses, and a record; and while it learns, a checkpoint from which the same command goes on.
"""

from __future__ import annotations

import json
import platform
import shlex
import sys
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import mxnet as mx
import numpy
from mxnet import numpy as np

import styletransfer
from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.command import Parser, argument, natural, positive
from styletransfer.errors import InputError, printable, unknown
from styletransfer.files import file_hash, replacing
from styletransfer.images import save_image
from styletransfer.machine import peak_memory
from styletransfer.outputs import (
    CHECKPOINT,
    FIGURE,
    NUMBER,
    RECORD,
    as_json,
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

SHEETS = 'sheets'

# what may be another when a run is resumed
MANNER = ('resume', 'quiet', 'output', 'sheet_every', 'checkpoint_every')

# what the record of a checkpoint holds
STANDING = {
    'argv': [str],
    'fingerprint': {'method': str},
    'epoch': int,
    'history': [{'title': str, 'seconds': NUMBER, 'losses': [{'epoch': int, str: NUMBER}]}],
}


# --- what is asked -------------------------------------------------------------------------------


def add_flags(parser: Parser, settings: Iterable[Any]) -> None:
    """Give a parser the flags of any training, and those for the numbers of some settings."""
    add = parser.add_argument
    add('--seed', type=argument(natural), default=0, help='of all randomness (%(default)s)')
    add('--sheet-every', type=argument(positive), default=250, metavar='N', help='steps')
    add('--checkpoint-every', type=argument(positive), default=100, metavar='N', help='steps')
    add('--resume', action='store_true', help='go on with the interrupted run in --output')
    add('--quiet', action='store_true', help='no bar and no messages')
    numbers = parser.add_argument_group("numbers of the setting (the setting's own)")
    for name, entry in numbers_of(*settings).items():
        numbers.add_argument(
            '--' + name.replace('_', '-'),
            type=argument(entry.metadata['parse']),
            metavar=name.upper(),
            help=entry.metadata['help'],
        )


def numbers_of(*settings: Any) -> Dict[str, Any]:
    """Return the fields of settings that are flags, by name."""
    return {
        entry.name: entry
        for setting in settings
        for entry in fields(setting)
        if 'parse' in entry.metadata
    }


def defaults(methods: Mapping[str, Any]) -> List[Any]:
    """Return the settings that a family's methods have if nobody asks for another."""
    return [method.settings[method.default] for method in methods.values()]


def find_method(args: Any, methods: Mapping[str, Any]) -> Any:
    """Return the method that was asked for.

    Raises
    ------
    InputError
        If there is none of its name.
    """
    if args.method not in methods:
        raise unknown('method', args.method, methods)
    return methods[args.method]


def find_setting(args: Any, methods: Mapping[str, Any]) -> Any:
    """Return the setting of the method that was asked for, by name or its default.

    Raises
    ------
    InputError
        If there is no such method or setting.
    """
    method = find_method(args, methods)
    name = args.setting or method.default
    if name not in method.settings:
        raise unknown(f'setting of {args.method}', name, method.settings)
    return method.settings[name]


def check_numbers(args: Any, own: Any, all_of_them: Iterable[Any]) -> None:
    """Refuse a number that was given, but is none of this setting.

    Raises
    ------
    InputError
        If there is one.
    """
    for name in numbers_of(*all_of_them).keys() - numbers_of(own):
        if getattr(args, name) is not None:
            raise InputError(f'--{name.replace("_", "-")} is no number of {args.method}')


def with_numbers(setting: Any, args: Any) -> Any:
    """Return a setting with the numbers that were given.

    Raises
    ------
    InputError
        If one cannot be.
    """
    asked = {entry.name: getattr(args, entry.name, None) for entry in fields(setting)}
    changes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in asked.items()
        if value is not None and name not in ('name', 'description')
    }
    return replace(setting, **changes)


# --- a run ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run(ABC):
    """One training, with everything checked and read before the long work starts.

    Parameters
    ----------
    args
        What the command was given.
    setting : dataclass
        The numbers.
    """

    args: Any
    setting: Any

    command: ClassVar[str]  # behind ``python -m styletransfer.``

    @property
    def folder(self) -> Path:
        """Return where everything will be."""
        return Path(self.args.output)

    @property
    def network_path(self) -> Path:
        """Return where the network will be."""
        return self.folder / f'{self.args.method}.safetensors'

    @property
    @abstractmethod
    def fingerprint(self) -> Dict[str, Any]:
        """Return all that the result depends on, as JSON: a resumed run must have the same."""

    @property
    @abstractmethod
    def about(self) -> str:
        """Return in one line what is going to be learned."""

    @abstractmethod
    def learn(self, on_step: Listener, saved: Optional[Checkpoint]) -> None:
        """Train the network, from where it stood if it was interrupted."""

    @abstractmethod
    def sheet(self) -> np.ndarray:
        """Return what the network paints of held-out pictures, RGB in 0-1."""

    @abstractmethod
    def save(self) -> None:
        """Write the network to `network_path`."""

    @abstractmethod
    def pictures(self) -> Dict[str, np.ndarray]:
        """Return some of the sheet's pictures by name, for the figure."""

    @abstractmethod
    def facts(self) -> Dict[str, Any]:
        """Return what else belongs in the record."""

    def curves(self, history: History) -> History:
        """Return the losses as the figure shows them."""
        return history

    def listeners(self) -> List[Listener]:
        """Return who else listens."""
        return []

    def say(self, *lines: str) -> None:
        """Print lines, unless the user wants quiet."""
        if not self.args.quiet:
            print(*map(printable, lines), sep='\n', flush=True)


def run(
    argv: Sequence[str], make_parser: Callable[[], Parser], make_run: Callable[[Any], Run]
) -> int:
    """Run a job and return its exit status."""
    argv = list(argv)
    args, saved = make_parser().parse_args(argv), None
    if args.resume:
        args, saved = interrupted(args, make_parser())
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


def interrupted(args: Any, parser: Parser) -> Tuple[Any, Checkpoint]:
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


class Sheets:
    """Keeps a sheet of held-out pictures from time to time."""

    def __init__(self, job: Run) -> None:
        self.job = job

    def __call__(self, step: Step) -> None:
        """Paint a sheet if it is time for one."""
        if step.is_nth(self.job.args.sheet_every):
            name = f'step{step.epoch:06d}.jpg'
            save_image(self.job.folder / SHEETS / name, self.job.sheet())


def train(job: Run, argv: Sequence[str], saved: Optional[Checkpoint]) -> int:
    """Do the work of a run, write its files, and return the exit status."""
    args, folder = job.args, job.folder
    history = History(saved.record['history'] if saved else ())
    record = {'argv': list(argv), 'fingerprint': job.fingerprint}
    checkpoints = Checkpoints(folder / CHECKPOINT, args.checkpoint_every, history, record)
    job.say(job.about)
    if not saved:
        checkpoints.save()  # if it cannot be written, better now than in an hour
    words = shlex.join(['train', args.method, '--resume', '--output', str(folder)])
    go_on = f'go on with:  python -m styletransfer.{job.command} {words}'
    listeners: List[Listener] = [
        StopAtNaN(0, None),
        history,
        checkpoints,
        Sheets(job),
        *job.listeners(),
    ]
    try:
        with Bar() as bar, StopAtSignal() as stop_at_signal:
            if not args.quiet:
                listeners.append(bar)
            job.learn(together(*listeners, stop_at_signal), saved)
            write_results(job, history)
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


def write_results(job: Run, history: History) -> None:
    """Write the network, the curves and, last, the record of a run that is complete."""
    job.save()
    save_figure(job.folder / FIGURE, job.pictures(), job.curves(history))
    record = {
        'arguments': as_json({k: v for k, v in vars(job.args).items() if k != 'resume'}),
        'recipe': asdict(job.setting),
        **job.facts(),
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
