"""What a training loop tells, and who may listen: bar, losses, previews, checkpoints, stops.

A listener is called with a `Step` after each epoch. It may look at everything and change nothing;
to stop the run it raises. No listener knows what is trained: a picture, a network, or two.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, NamedTuple, Optional

from mxnet import numpy as np

from styletransfer.checkpoint import Arrays, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.files import replacing
from styletransfer.images import save_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Step(NamedTuple):
    """What a training loop tells its listeners after each epoch."""

    title: str  # of the stage, for people
    epoch: int  # counted from 1
    num_epochs: int
    lr: float  # the step size that was used
    terms: Dict[str, float]  # by name, weighted, as they were before the step
    total: float
    X: Optional[np.ndarray]  # a picture to look at, (1, 3, h, w), after the step
    state: Callable[[], Arrays]  # returns what a checkpoint has to keep
    stage: int = 0  # which stage it is, from 0,
    of: int = 1  # and of how many

    def is_nth(self, n: int) -> bool:
        """Tell whether it is time for what is done after every n-th epoch, and after the last."""
        return self.epoch % n == 0 or self.epoch == self.num_epochs


Listener = Callable[[Step], None]


def placed(on_step: Listener, stage: int, of: int) -> Listener:
    """Return a listener that tells `on_step` which of all stages each step belongs to."""
    return lambda step: on_step(step._replace(stage=stage, of=of))


def together(*listeners: Listener) -> Listener:
    """Return one listener that calls each of these in turn."""

    def on_step(step: Step) -> None:
        for listener in listeners:
            listener(step)

    return on_step


def progress_bar(counter: str = '', **options: Any) -> Any:
    """Return a bar of tqdm's as this package draws it, on the standard error stream.

    Parameters
    ----------
    counter : str
        What is shown behind the bar, in tqdm's words.
    options
        As of ``tqdm.tqdm``: `total`, `desc`, `initial`, `disable`.
    """
    from tqdm import tqdm

    return tqdm(
        mininterval=0.2 if sys.stderr.isatty() else 10,
        bar_format='{desc} {percentage:3.0f}%|{bar:20}|' + counter,
        **options,
    )


class Bar:
    """One progress bar for each stage, with its terms and the time left.

    To be used in a ``with`` statement: at its end the bar's line is ended, so that what is printed
    next stands on its own.
    """

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, step: Step) -> None:
        """Show one epoch more."""
        if self.bar is None:
            self.bar = progress_bar(
                ' {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]',
                desc=f'stage {step.stage + 1} of {step.of}, {step.title}',
                total=step.num_epochs,
                initial=step.epoch - 1,
            )
        terms = ', '.join(f'{name} {value:.2f}' for name, value in step.terms.items())
        self.bar.set_postfix_str(terms, refresh=False)
        self.bar.update()
        if step.epoch == step.num_epochs:
            self.close()

    def close(self) -> None:
        """End the line of a stage."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class History:
    """The terms of every epoch and the seconds of every stage, as JSON can keep them.

    A stage is a dict of its `title`, its `seconds` and its `losses`: for each epoch a dict of
    `epoch`, `lr`, each term under its name in small letters, and `total`.
    """

    def __init__(self, stages: Iterable[Dict[str, Any]] = ()) -> None:
        self.stages = list(stages)
        self._then = time.perf_counter()

    def __call__(self, step: Step) -> None:
        """Note the terms of an epoch."""
        if step.epoch == 1:
            self.stages.append({'title': step.title, 'seconds': 0.0, 'losses': []})
        now = time.perf_counter()
        self.stages[-1]['seconds'] += now - self._then
        self._then = now
        terms = {name.lower(): value for name, value in step.terms.items()}
        losses = {'epoch': step.epoch, 'lr': step.lr, **terms, 'total': step.total}
        self.stages[-1]['losses'].append(losses)

    def summary(self) -> List[Dict[str, Any]]:
        """Return the stages with the losses of the first, every tenth and the last epoch."""
        return [
            {
                **stage,
                'seconds': round(stage['seconds'], 3),
                'losses': [
                    losses
                    for losses in stage['losses']
                    if losses['epoch'] in (1, len(stage['losses'])) or losses['epoch'] % 10 == 0
                ],
            }
            for stage in self.stages
        ]


class DivergedError(InputError):
    """The numbers of a run are not finite any more.

    `X` is the last picture whose loss was, and `stage` its stage, from 0.
    """

    def __init__(self, step: Step, stage: int, X: Optional[np.ndarray]) -> None:
        super().__init__(
            f'the loss became {step.total} in epoch {step.epoch} at {step.title}: try a smaller '
            '--lr or smaller weights'
        )
        self.stage, self.X = stage, X


class StopAtNaN:
    """Stops a run whose loss became infinite or NaN, keeping the last picture that was good.

    Parameters
    ----------
    stage : int
        The one that comes first, from 0.
    X : np.ndarray of shape (1, 3, h, w)
        The picture from which it starts.
    """

    def __init__(self, stage: int, X: Optional[np.ndarray]) -> None:
        self.good = self.unseen = (stage, X)  # unseen: made by the last step, its loss not known

    def __call__(self, step: Step) -> None:
        """Raise DivergedError if the loss is none any more."""
        if not math.isfinite(step.total):
            raise DivergedError(step, *self.good)
        X = None if step.X is None else step.X.copy()
        self.good, self.unseen = self.unseen, (step.stage, X)


class Previews:
    """Saves the picture so far on the first and every n-th epoch of each stage.

    Parameters
    ----------
    folder : Path
    every : int
        The n.
    finished : callable
        Given the picture as it is trained, returns RGB in 0-1, as `postprocess` does.
    """

    def __init__(self, folder: Path, every: int, finished: Callable[[Any], np.ndarray]) -> None:
        self.folder, self.every, self.finished = folder, every, finished

    def __call__(self, step: Step) -> None:
        """Save a picture if it is time for one."""
        if step.epoch == 1 or step.epoch % self.every == 0:
            name = f'stage{step.stage + 1}-epoch{step.epoch:04d}.png'
            save_image(self.folder / name, self.finished(step.X))


class Checkpoints:
    """Keeps where the run stands on every n-th and the last epoch of each stage."""

    def __init__(self, path: Path, every: int, history: History, record: Dict[str, Any]) -> None:
        self.path, self.every, self.history, self.record = path, every, history, record

    def __call__(self, step: Step) -> None:
        """Write a checkpoint if it is time for one."""
        if step.is_nth(self.every):
            self.save(step)

    def save(self, step: Optional[Step] = None) -> None:
        """Keep the run as it is after this step, or, without one, as it is before the first."""
        arrays: Arrays = {}
        record = {**self.record, 'stage': 0, 'epoch': 0, 'history': []}
        if step:
            arrays = step.state()
            record.update(stage=step.stage, epoch=step.epoch, history=self.history.stages)
        save_checkpoint(self.path, arrays, record)


class Interrupted(Exception):  # noqa: N818  (nothing is wrong)
    """The user, or the system, asked the run to end; `step` is the last one that is whole."""

    def __init__(self, step: Step) -> None:
        super().__init__(f'stopped after epoch {step.epoch}')
        self.step = step


class StopAtSignal:
    """Ends a run between two epochs when Ctrl-C or SIGTERM came; a second one ends it at once."""

    def __init__(self) -> None:
        self.came = False

    def __enter__(self) -> StopAtSignal:
        self._before = {s: signal.signal(s, self._note) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: Optional[FrameType]) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True

    def __call__(self, step: Step) -> None:
        """Raise Interrupted if a signal has come."""
        if self.came:
            raise Interrupted(step)


def draw_figure(pictures: Dict[str, np.ndarray], history: History) -> Figure:
    """Draw pictures in a row and, below, the losses of every stage on a logarithmic axis.

    Parameters
    ----------
    pictures : dict of str to np.ndarray of shape (height, width, 3)
        Title to RGB in 0-1.
    history : History
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7), layout='constrained')
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    top, bottom = parts
    for axes, (title, img) in zip(top.subplots(1, len(pictures)), pictures.items()):
        step = max(1, max(img.shape[:2]) // 1000)  # what would not show would only take memory
        axes.imshow(img[::step, ::step].asnumpy())
        axes.set_title(title)
        axes.set_axis_off()
    draw_losses(bottom, history)
    return figure


def draw_losses(figure: Any, history: History) -> None:
    """Draw the losses of every stage into a figure of matplotlib's, or a part of one."""
    from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

    stages = history.stages
    for axes, stage in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages):
        epochs = [losses['epoch'] for losses in stage['losses']]
        for name in (name for name in stage['losses'][0] if name not in ('epoch', 'lr')):
            style = {'color': 'black', 'linewidth': 1} if name == 'total' else {}
            label = name.upper() if len(name) < 3 else name  # TV, G, D
            values = [losses[name] for losses in stage['losses']]
            axes.plot(epochs, values, label=label, **style)
        for before, after in zip(stage['losses'], stage['losses'][1:]):
            if after['lr'] != before['lr']:
                axes.axvline(after['epoch'], color='grey', linestyle=':', linewidth=1)
                axes.annotate(
                    f'step size {after["lr"]:.1g}',
                    (after['epoch'], 0.98),
                    xycoords=('data', 'axes fraction'),
                    rotation=90,
                    verticalalignment='top',
                    fontsize='small',
                )
        # if all are 0 there is no log; what players of a game want has no total
        if any(losses.get('total', 1) for losses in stage['losses']):
            axes.set_yscale('log')
            # plain numbers: for powers of ten matplotlib would load its reader of formulas
            axes.yaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
            axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f'{stage["title"]}: {stage["seconds"]:.0f} seconds')
        axes.set_xlabel('epoch')
        axes.legend()


def save_figure(path: Path, pictures: Dict[str, np.ndarray], history: History) -> None:
    """Write `draw_figure` of these to a PNG file."""
    figure = draw_figure(pictures, history)
    with replacing(path) as temporary:
        figure.savefig(temporary, format='png', dpi=100)
