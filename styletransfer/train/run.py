"""One run in its folder: what is kept there while a job is painted, and what is there in the end.

The command and the studio paint by it, and so the same files.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import mxnet as mx
import numpy
from mxnet import numpy as np

import styletransfer
from styletransfer.checkpoint import Checkpoint
from styletransfer.errors import InputError
from styletransfer.files import replacing
from styletransfer.images import PICTURE_FORMATS, save_image
from styletransfer.machine import peak_memory
from styletransfer.optimizers import OPTIMIZERS
from styletransfer.outputs import (
    CHECKPOINT,
    FIGURE,
    LABELS,
    PREVIEWS,
    RECORD,
    as_json,
    check_folder,
    check_standing,
    remove,
)
from styletransfer.progress import (
    Checkpoints,
    DivergedError,
    History,
    Interrupted,
    Listener,
    Previews,
    Step,
    save_figure,
)
from styletransfer.recipes import shape_text
from styletransfer.train.job import Job, Pictures, make_job
from styletransfer.train.plan import make_plan
from styletransfer.train.wish import (
    MANNER,
    Wish,
    as_text,
    flag,
    given,
    make_parser,
    part,
    wish_of,
)


def resumed(saved: Checkpoint, now: Mapping[str, Any]) -> Wish:
    """Return the wish of an interrupted run, changed by what is given now where it may be.

    Raises
    ------
    InputError
        If something is given that would make it another run.
    """
    then = given(make_parser().parse_args(saved.record['argv']))
    then['backbone'] = saved.record['fingerprint']['backbone']  # what 'auto' was at that time
    before, after = wish_of(then).arguments(), wish_of(now).arguments()
    for name in now:
        if part(name) != MANNER and after[name] != before.get(name):
            said = f'no {flag(name)}'
            if before.get(name) not in (None, False, ()):
                told = as_text(name, before[name])
                said = f'{flag(name)} {told}, not {as_text(name, after[name])}'
            raise InputError(
                f'the interrupted run had {said}: leave it out to go on with that run, or leave '
                'out --resume to start another'
            )
    return wish_of({**then, **now})


def make_run(wish: Wish, argv: Sequence[str], saved: Optional[Checkpoint] = None) -> Run:
    """Put together a run in the folder that a wish names; nothing is written yet.

    Parameters
    ----------
    wish : Wish
    argv : sequence of str
        The flags that asked for it, for the checkpoint.
    saved : Checkpoint, optional
        Of the interrupted run to go on with, whose wish it is (`resumed`).

    Raises
    ------
    InputError
        If anything the user asked for cannot be, or the checkpoint is of another run.
    """
    plan = make_plan(wish)
    kept = OPTIMIZERS[plan.recipe.optimizer].pictures
    labels = LABELS if wish.auto_masks else ()
    check_folder(Path(wish.output), plan.recipe.stages[-1].image_shape, kept, labels)
    job = make_job(wish, plan)
    if saved and saved.record['fingerprint'] != job.fingerprint:
        then, now = saved.record['fingerprint'], job.fingerprint
        changed = [name for name in now if now[name] != then.get(name)]
        raise InputError(
            f'cannot resume: {" and ".join(changed)} changed since the run was interrupted; put '
            'back what was there, or leave out --resume to start another run'
        )
    if saved:
        check_standing(saved, job.recipe.stages)
    return Run(job, argv, saved)


class Run:
    """A job on its way into its folder, which must be locked while it is painted.

    Parameters
    ----------
    job : Job
    argv : sequence of str
        As of `make_run`.
    saved : Checkpoint, optional
        Where to go on.
    """

    def __init__(self, job: Job, argv: Sequence[str], saved: Optional[Checkpoint] = None) -> None:
        self.job, self.argv, self.saved = job, list(argv), saved
        self.folder = Path(job.wish.output)
        self.history = History()

    @property
    def files(self) -> List[Path]:
        """Return the files for the pictures of all stages; the last is the painting."""
        ending = self.job.wish.format
        numbers = range(1, len(self.job.recipe.stages) + 1)
        return [self.folder / f'stage{number}.{ending}' for number in numbers]

    @property
    def replaces(self) -> bool:
        """Tell whether an unfinished run in the folder will be lost."""
        return not self.saved and (self.folder / CHECKPOINT).exists()

    def paint(self, *on_step: Listener) -> None:
        """Do the work and write its files; `on_step` are told last.

        Raises
        ------
        Interrupted
            As a listener has raised it; the run can be resumed, and the picture so far is there.
        DivergedError
            If the loss is not finite any more; the last good picture is in its stage's file.
        InputError
            If a file cannot be written.
        """
        self.history = History(self.saved.record['history'] if self.saved else ())
        checkpoints = self._begun()
        try:
            X = self.job.paint(*self._keepers(checkpoints), *on_step, saved=self.saved)
        except Interrupted as stop:
            checkpoints.save(stop.step)
            self._save(stop.step.stage, stop.step.X)
            raise
        except DivergedError as error:
            self._save(error.stage, error.X)
            raise
        stages = r'stage\d+\.' + f'({"|".join(PICTURE_FORMATS)})'
        remove(self.folder, stages, self.files)
        write_results(self.job, X, self.history)
        (self.folder / CHECKPOINT).unlink(missing_ok=True)

    def _begun(self) -> Checkpoints:
        """Return what keeps the checkpoints, with a first one where the run is new."""
        record = {'argv': self.argv, 'fingerprint': self.job.fingerprint}
        every = self.job.wish.checkpoint_every
        checkpoints = Checkpoints(self.folder / CHECKPOINT, every, self.history, record)
        if not self.saved:
            checkpoints.save()
            remove(self.folder / PREVIEWS, r'stage\d+-epoch\d+\.png')
            if self.job.wish.auto_masks:
                for name, img in zip(LABELS, label_pictures(self.job.pictures).values()):
                    save_image(self.folder / name, img)
        return checkpoints

    def _keepers(self, checkpoints: Checkpoints) -> List[Listener]:
        """Return the listeners that keep something, in the order in which they are told."""

        def save_stage(step: Step) -> None:
            if step.epoch == step.num_epochs:
                self._save(step.stage, step.X)

        keepers: List[Listener] = [self.history, save_stage, checkpoints]
        if self.job.wish.save_every:
            folder, every = self.folder / PREVIEWS, self.job.wish.save_every
            keepers.append(Previews(folder, every, self.job.finished))
        return keepers

    def _save(self, stage: int, X: Optional[np.ndarray]) -> None:
        """Write the picture of a stage, counted from 0."""
        save_image(self.files[stage], self.job.finished(X))


def write_results(job: Job, X: np.ndarray, history: History) -> None:
    """Write the figure and, last, the record of a run that is complete."""
    styles, folder = job.pictures.styles, Path(job.wish.output)
    titles = ['style'] if len(styles) == 1 else [f'style {k + 1}' for k in range(len(styles))]
    pictures = {
        'content': job.pictures.content / 255,
        **{title: img / 255 for title, img in zip(titles, styles)},
        **label_pictures(job.pictures),
        f'result, {shape_text(job.plan.shape)}': job.finished(X),
    }
    save_figure(folder / FIGURE, pictures, history)
    with replacing(folder / RECORD) as temporary:
        text = json.dumps(record(job, history), indent=2)
        temporary.write_text(text + '\n', encoding='utf-8')


def label_pictures(pictures: Pictures) -> Dict[str, np.ndarray]:
    """Return the regions of photo and painting as pictures in 0-1, where there are labels."""
    if pictures.regions is None:
        return {}
    imgs = (np.array(img) / 255 for img in pictures.regions.painted())
    return dict(zip(('regions of the content', 'of the style'), imgs))


def record(job: Job, history: History) -> Dict[str, Any]:
    """Return the record of a run: every argument, number, version and loss."""
    return {
        'arguments': as_json(job.wish.arguments()),
        'recipe': job.fingerprint['recipe'],
        'backbone': job.plan.backbone,
        'weights': job.network.weights,
        'versions': {
            'styletransfer': styletransfer.__version__,
            'mxnet': mx.__version__,
            'numpy': numpy.__version__,
            'python': platform.python_version(),
        },
        'seed': job.wish.seed,
        'device': str(job.plan.device),
        'peak_memory_bytes': peak_memory(),
        'stages': [
            {
                'image_shape': stage.image_shape,
                'seconds': told['seconds'],
                'losses': told['losses'],
            }
            for stage, told in zip(job.recipe.stages, history.summary())
        ],
    }
