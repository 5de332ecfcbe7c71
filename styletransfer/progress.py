"""What may listen to a run: bar, losses, previews, checkpoints, and two reasons to stop.

A listener is called with a `Step` after each epoch. It may look at everything and change nothing;
to stop the run it raises.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

import numpy
from mxnet import numpy as np

from styletransfer.checkpoint import save_checkpoint
from styletransfer.errors import InputError
from styletransfer.files import replacing
from styletransfer.images import postprocess, save_image
from styletransfer.optimizers import trainer_state
from styletransfer.recipes import Recipe, shape_text
from styletransfer.synthesis import Listener, Step

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def together(*listeners: Listener) -> Listener:
    """Return one listener that calls each of these in turn."""

    def on_step(step: Step) -> None:
        for listener in listeners:
            listener(step)

    return on_step


def stage_index(recipe: Recipe, step: Step) -> int:
    """Return which stage a step belongs to, from 0; two stages may have the same numbers."""
    return [stage is step.stage for stage in recipe.stages].index(True)


class Bar:
    """One progress bar for each stage, with the three losses and the time left."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.bar: Any = None

    def __call__(self, step: Step) -> None:
        """Show one epoch more."""
        from tqdm import tqdm

        if self.bar is None:
            number = stage_index(self.recipe, step) + 1
            self.bar = tqdm(
                desc=f'stage {number} of {len(self.recipe.stages)}, '
                + shape_text(step.stage.image_shape),
                total=step.stage.num_epochs,
                initial=step.epoch - 1,
                mininterval=0.2 if sys.stderr.isatty() else 10,
                unit=' epochs',
                bar_format='{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}'
                ' [{elapsed}<{remaining}{postfix}]',
            )
        self.bar.set_postfix_str(
            f'content {step.content:.2f}, style {step.style:.2f}, TV {step.tv:.2f}', refresh=False
        )
        self.bar.update()
        if step.epoch == step.stage.num_epochs:
            self.close()

    def close(self) -> None:
        """End the bar's line, so that what is printed next stands on its own."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class History:
    """The losses of every epoch and the seconds of every stage."""

    def __init__(self, recipe: Recipe, stages: Optional[List[Dict[str, Any]]] = None) -> None:
        self.recipe = recipe
        self.stages: List[Dict[str, Any]] = stages or []
        self._then = time.perf_counter()

    def __call__(self, step: Step) -> None:
        """Note the losses of an epoch."""
        if step.epoch == 1:
            shape = list(step.stage.image_shape)
            self.stages.append({'image_shape': shape, 'seconds': 0.0, 'losses': []})
        now = time.perf_counter()
        self.stages[-1]['seconds'] += now - self._then
        self._then = now
        names = ('epoch', 'lr', 'content', 'style', 'tv', 'total')
        self.stages[-1]['losses'].append({name: getattr(step, name) for name in names})

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

    `X` is the last picture whose loss was, and `index` its stage, from 0.
    """

    def __init__(self, step: Step, index: int, X: np.ndarray) -> None:
        super().__init__(
            f'the loss became {step.total} in epoch {step.epoch} at '
            f'{shape_text(step.stage.image_shape)}: try a smaller --lr or smaller weights'
        )
        self.index, self.X = index, X


class StopAtNaN:
    """Stops a run whose loss became infinite or NaN, keeping the last picture that was good.

    Parameters
    ----------
    recipe : Recipe
    index : int
        Of the stage that comes first, from 0.
    X : np.ndarray of shape (1, 3, h, w)
        The picture from which it starts.
    """

    def __init__(self, recipe: Recipe, index: int, X: np.ndarray) -> None:
        self.recipe = recipe
        self.good = self.unseen = (index, X)  # unseen: made by the last step, its loss not known

    def __call__(self, step: Step) -> None:
        """Raise DivergedError if the loss is none any more."""
        if not math.isfinite(step.total):
            raise DivergedError(step, *self.good)
        self.good, self.unseen = self.unseen, (stage_index(self.recipe, step), step.X.copy())


class Previews:
    """Saves the picture so far on the first and every n-th epoch of each stage.

    Parameters
    ----------
    recipe : Recipe
    folder : Path
    every : int
        The n.
    suffix : str
        The format of the files.
    finished : callable, optional
        Given the picture as it is trained, returns RGB in 0-1; by default `postprocess` does.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        every: int,
        suffix: str = '.png',
        finished: Optional[Callable[[np.ndarray], np.ndarray]] = None,
    ) -> None:
        self.recipe, self.folder, self.every, self.suffix = recipe, folder, every, suffix
        self.finished = finished or (lambda X: postprocess(X, *recipe.mean_std))

    def __call__(self, step: Step) -> None:
        """Save a picture if it is time for one."""
        if step.epoch == 1 or step.epoch % self.every == 0:
            number = stage_index(self.recipe, step) + 1
            name = f'stage{number}-epoch{step.epoch:04d}{self.suffix}'
            save_image(self.folder / name, self.finished(step.X))


class Checkpoints:
    """Keeps where the run stands on every n-th and the last epoch of each stage."""

    def __init__(self, path: Path, every: int, history: History, record: Dict[str, Any]) -> None:
        self.path, self.every, self.history, self.record = path, every, history, record

    def __call__(self, step: Step) -> None:
        """Write a checkpoint if it is time for one."""
        if step.epoch % self.every == 0 or step.epoch == step.stage.num_epochs:
            self.save(step)

    def save(self, step: Optional[Step] = None) -> None:
        """Keep the run as it is after this step, or, without one, as it is before the first."""
        arrays: Dict[str, numpy.ndarray] = {}
        record = {**self.record, 'stage': 0, 'epoch': 0, 'history': []}
        if step:
            arrays = {'X': step.X.asnumpy(), **trainer_state(step.trainer)}
            stage = stage_index(self.history.recipe, step)
            record.update(stage=stage, epoch=step.epoch, history=self.history.stages)
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
    from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

    figure = Figure(figsize=(12, 7), layout='constrained')
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    for axes, (title, img) in zip(top.subplots(1, len(pictures)), pictures.items()):
        step = max(1, max(img.shape[:2]) // 1000)  # what would not show would only take memory
        axes.imshow(img[::step, ::step].asnumpy())
        axes.set_title(title)
        axes.set_axis_off()
    stages = history.stages
    for axes, stage in zip(bottom.subplots(1, len(stages), squeeze=False)[0], stages):
        epochs = [losses['epoch'] for losses in stage['losses']]
        for name in ('content', 'style', 'tv', 'total'):
            style = {'color': 'black', 'linewidth': 1} if name == 'total' else {}
            label = 'TV' if name == 'tv' else name
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
        if any(losses['total'] for losses in stage['losses']):  # if all are 0 there is no log
            axes.set_yscale('log')
            # plain numbers: for powers of ten matplotlib would load its reader of formulas
            axes.yaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
            axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(
            f'{shape_text(tuple(stage["image_shape"]))}: {stage["seconds"]:.0f} seconds'
        )
        axes.set_xlabel('epoch')
        axes.legend()
    return figure


def save_figure(path: Path, pictures: Dict[str, np.ndarray], history: History) -> None:
    """Write `draw_figure` of these to a PNG file."""
    figure = draw_figure(pictures, history)
    with replacing(path) as temporary:
        figure.savefig(temporary, format='png', dpi=100)
