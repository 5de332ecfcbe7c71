"""The job ``train``: two folders of pictures become a painter, and a critic that it has to please.

How a run is asked for, resumed and recorded is that of every training (`runs`).
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

import mxnet as mx
from mxnet import numpy as np

import styletransfer
from styletransfer import runs, trained
from styletransfer.checkpoint import Checkpoint
from styletransfer.command import Parser
from styletransfer.errors import InputError
from styletransfer.gan import cyclegan, mixgan, pix2pix
from styletransfer.gan.duel import duel
from styletransfer.gan.game import coloured
from styletransfer.gan.losses import DRAWS
from styletransfer.gan.painters import Translator
from styletransfer.gan.pictures import Collection, Source, held_out, pairs_in, sources_in, spread
from styletransfer.machine import total_memory
from styletransfer.outputs import as_json, check_writable
from styletransfer.progress import History, Listener, Step
from styletransfer.runs import add_flags, check_numbers, defaults, find_setting, with_numbers

HELD_OUT = 8  # pictures that are looked at, and not learned from
Sources = Tuple[List[Source], List[Source]]  # of either collection

POINTS = 200  # of each curve in the figure


class Method(NamedTuple):
    """What can be trained: its settings, its game, and how its pictures belong together."""

    settings: Dict[str, Any]
    default: str
    game: Any
    paired: bool
    channels: Tuple[int, int]  # of the pictures of either folder
    painters: Callable[[Any], Tuple[Any, ...]]  # of a game, what goes into the file
    styles: Callable[[str, str], Tuple[str, ...]]  # of the folders' names, what each paints
    bytes: int  # measured: for a pixel of a batch, and a channel of the painter's first layer


METHODS = {
    'pix2pix': Method(
        pix2pix.SETTINGS,
        pix2pix.PIX2PIX_SMALL.name,
        pix2pix.Game,
        paired=True,
        channels=(3, 3),
        painters=lambda game: (game.painter,),
        styles=lambda first, second: (second,),
        bytes=65,
    ),
    'cyclegan': Method(
        cyclegan.SETTINGS,
        cyclegan.CYCLEGAN_SMALL.name,
        cyclegan.Game,
        paired=False,
        channels=(3, 3),
        painters=lambda game: (game.there, game.back),
        styles=lambda first, second: (second, first),
        bytes=900,
    ),
    'mixgan': Method(
        mixgan.SETTINGS,
        mixgan.MIXGAN_SMALL.name,
        mixgan.Game,
        paired=False,
        channels=(1, 3),
        painters=lambda game: (game.painter,),
        styles=lambda first, second: (second,),
        bytes=330,
    ),
}


def make_parser() -> Parser:
    """Return the job's parser; the numbers of the setting are flags too."""
    parser = Parser('gan train', 'Train a painter against a critic.')
    add = parser.add_argument
    add('method', help=', '.join(METHODS))
    add(
        'data',
        nargs='*',
        metavar='DATA',
        help='two collections, from the pictures of which those of the second are to be made: '
        'folders, sheets of squares, or bundled ones by name; for pix2pix of pictures of the same '
        'names or places, or one folder of pairs side by side',
    )
    add('--reverse', action='store_true', help='from the second to the first')
    add(
        '--held-out',
        nargs='+',
        metavar='DATA',
        help=f'as DATA, pictures to be looked at only ({HELD_OUT} of DATA)',
    )
    add('--output', default='outputs', metavar='FOLDER', help='for the results (%(default)s)')
    add('--setting', help='published numbers, by name (the small one)')
    add_flags(parser, defaults(METHODS))
    return parser


def setting_of(args: Any) -> Any:
    """Return the setting that was asked for, with the numbers that were given.

    Raises
    ------
    InputError
        If there is no such method or setting, or a number cannot be.
    """
    setting = find_setting(args, METHODS)
    check_numbers(args, setting, defaults(METHODS))
    return with_numbers(setting, args)


@dataclass(frozen=True)
class Run(runs.Run):
    """The training of a painter and a critic."""

    sources: Sources
    shown: Sources
    names: Tuple[str, str]  # of the two collections
    game: Any

    command: ClassVar[str] = 'gan'

    @property
    def method(self) -> Method:
        """Return the method's entry."""
        return METHODS[self.args.method]

    @property
    def fingerprint(self) -> Dict[str, Any]:
        """Return all that the result depends on: a resumed run must have the same."""
        return as_json(
            {
                'method': self.args.method,
                'setting': asdict(self.setting),
                'pictures': [described(sources) for sources in self.sources],
                'held_out': [described(sources) for sources in self.shown],
                'seed': self.args.seed,
            }
        )

    @property
    def about(self) -> str:
        """Return in one line what is going to be learned."""
        first, second = map(len, self.sources)
        pictures = f'{first} pairs' if self.method.paired else f'{first} and {second} pictures'
        return (
            f'{self.args.method}, {self.setting.name}: {self.names[0]} to {self.names[1]}, '
            f'{pictures}, {self.game.num_steps} steps of {self.setting.batch}'
        )

    def learn(self, on_step: Listener, saved: Optional[Checkpoint]) -> None:
        """Let the players learn, from where they stood if they were interrupted."""
        side = self.setting.side
        duel(self.game, f'{self.setting.batch} of {side}x{side} a step', on_step, saved)

    def sheet(self) -> np.ndarray:
        """Return the sheet, RGB in 0-1: a column for each held-out picture."""
        rows = [np.concatenate([*pictures], axis=2) for pictures in self.shown_now().values()]
        return np.concatenate(rows, axis=1).transpose(1, 2, 0)

    def shown_now(self) -> Dict[str, np.ndarray]:
        """Return held-out pictures and what is made of them by name, (n, 3, h, w), in 0-1."""
        return {name: (coloured(X) + 1) / 2 for name, X in self.game.show().items()}

    def pictures(self) -> Dict[str, np.ndarray]:
        """Return the first held-out picture and what is made of it, RGB in 0-1."""
        return {name: X[0].transpose(1, 2, 0) for name, X in self.shown_now().items()}

    def save(self) -> None:
        """Write the painters."""
        method = self.args.method
        painter = Translator(*self.method.painters(self.game))
        notes = {
            'trained_by': f'styletransfer {styletransfer.__version__}',
            'pictures': f'{len(self.sources[0])}, {len(self.sources[1])}',
        }
        styles = self.method.styles(*self.names)
        trained.save(self.network_path, method, self.setting, styles, painter, notes)

    def facts(self) -> Dict[str, Any]:
        """Return what the record says of the pictures."""
        return {'pictures': dict(zip(self.names, map(len, self.sources)))}

    def curves(self, history: History) -> History:
        """Return the losses as the figure shows them."""
        return curves_of(history)

    def listeners(self) -> List[Listener]:
        """Return who looks at the critic."""
        return [Referee(DRAWS[self.setting.judge], self.args.quiet)]


def described(sources: Sequence[Source]) -> List[Any]:
    """Return name and size of the files, which is quicker than to read them."""
    return [[s.path.name, s.path.stat().st_size, s.half, s.square] for s in sources]


def curves_of(history: History) -> History:
    """Return losses as means over parts of the run, as those of single steps jump.

    Where other players take over, a new stage begins.
    """
    stages = []
    for stage in history.stages:
        for _, group in groupby(stage['losses'], key=tuple):
            losses = [*group]
            seconds = stage['seconds'] * len(losses) / len(stage['losses'])
            stages.append({**stage, 'losses': smoothed(losses), 'seconds': seconds})
    return History(stages)


def smoothed(losses: List[Dict[str, float]]) -> List[Dict[str, float]]:
    """Return the means of `POINTS` parts of the losses of a stage, or of all there are."""
    length = -(-len(losses) // POINTS)
    parts = [losses[i : i + length] for i in range(0, len(losses), length)]
    means = [
        {name: sum(entry[name] for entry in part) / len(part) for name in part[0]}
        for part in parts
    ]
    for entry in means:
        entry['lr'] = means[0]['lr']  # what changes all the time is no event to be marked
        del entry['total']  # of what players want against each other
    return means


class Referee:
    """Says that a critic has won, when it happens: the painter learns nothing from it any more.

    If the painter comes back, and loses once more, that is said as well.

    Parameters
    ----------
    draw : float
        The loss of a critic that guesses.
    quiet : bool
    """

    LASTING = 500  # steps over which the mean is looked at
    WON = 0.01  # of the loss of a critic that guesses
    BACK = 0.1  # likewise: from here on it can win once more

    def __init__(self, draw: float, quiet: bool) -> None:
        self.draw, self.quiet = draw, quiet
        self.means: Dict[str, float] = {}
        self.winners: Set[str] = set()

    def __call__(self, step: Step) -> None:
        """Say it if it is so."""
        for name, l in step.terms.items():
            if not name.startswith('D'):
                continue
            # a mean that forgets: what is long ago counts little
            mean = self.means.get(name, self.draw)
            self.means[name] = mean = mean + (l - mean) / (self.LASTING / 5)
            if mean > self.BACK * self.draw:
                self.winners.discard(name)
            elif mean < self.WON * self.draw and name not in self.winners:
                self.winners.add(name)
                if not self.quiet:
                    self.tell(name, step.epoch)

    def tell(self, name: str, epoch: int) -> None:
        """Print the line, above the bar if there is one."""
        from tqdm import tqdm

        weaker = 'a smaller --critic-lr, a smaller --critic-depth'
        if name == 'D z':  # MIXGAN's other critic, which looks at codes
            weaker = 'a smaller --code-critic-lr'
        tqdm.write(
            f'the critic has won at step {epoch}: {name} is {self.means[name]:.2g} since long, '
            f'where {self.draw:g} would be a draw; the painter learns little from it now: '
            f'try {weaker}, or more pictures',
            file=sys.stderr,
        )


def make_run(args: Any) -> Run:
    """Find the pictures, and make the networks.

    Raises
    ------
    InputError
        If anything that was asked for cannot be.
    """
    setting = setting_of(args)
    method = METHODS[args.method]
    sources, shown = found_in(args, method.paired, setting.side)
    names = named(args.data)
    if args.reverse:
        sources, shown, names = sources[::-1], shown[::-1], names[::-1]
    check_memory(setting, method)
    check_writable(Path(args.output), (1000, 1000))
    learned = [*map(Collection, sources, setting.sides, method.channels)]
    seen = [Collection(s, setting.side, channels) for s, channels in zip(shown, method.channels)]
    for collection in (*learned, *seen):
        collection[0]  # what cannot be read at all is told now
    return Run(
        args, setting, sources, shown, names, method.game(setting, learned, seen, args.seed)
    )


def check_memory(setting: Any, method: Method) -> None:
    """Refuse pictures of which a step would not fit into memory."""
    need = method.bytes * setting.widths[0] * setting.batch * setting.side**2
    have = total_memory(mx.cpu())
    if have and need > have:
        raise InputError(
            f'{setting.batch} pictures of {setting.side}x{setting.side} need about '
            f'{need / 1e9:.1f} GB of memory, but there are {have / 1e9:.1f} GB: try a smaller '
            '--side or a smaller --batch'
        )


def found_in(args: Any, paired: bool, side: int) -> Tuple[Sources, Sources]:
    """Return what is to be learned from, and what is only looked at.

    Raises
    ------
    InputError
        As of `collections_of`, or if there are too few pictures to hold some out.
    """
    found = collections_of(args.data, paired, side, 'name')
    if args.held_out:
        asked = collections_of(args.held_out, paired, side, '--held-out takes')
        count = min(HELD_OUT, *map(len, asked))  # as many of either
        first, second = ([part[i] for i in spread(len(part), count)] for part in asked)
        return found, (first, second)
    (first, shown), (second, shown_too) = (held_out(sources, HELD_OUT) for sources in found)
    return (first, second), (shown, shown_too)


def collections_of(names: Sequence[str], paired: bool, side: int, word: str) -> Sources:
    """Return the pictures of two collections, or the pairs of one.

    Raises
    ------
    InputError
        If there are none, or the collections are too few or too many.
    """
    if not names or len(names) > 2 or (len(names) == 1 and not paired):
        raise InputError(f'{word} two folders of pictures{" or one of pairs" * paired}')
    if paired:
        return pairs_in(names, side)
    return sources_in(names[0], side), sources_in(names[1], side)


def named(names: Sequence[str]) -> Tuple[str, str]:
    """Return what the two collections are called: as folders or sheets, or left and right."""
    if len(names) == 1:
        return 'left', 'right'
    paths = (Path(name).resolve() for name in names)
    first, second = (path.stem if path.is_file() else path.name for path in paths)
    return (first, second) if first != second else ('first', 'second')


def run(argv: Sequence[str]) -> int:
    """Run the job and return its exit status."""
    return runs.run(argv, make_parser, make_run)
