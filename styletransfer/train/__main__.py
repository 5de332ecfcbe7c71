"""The main job: ``python -m styletransfer.train`` turns a photo into a painting.

A command line becomes a `Wish`, the wish a `Job`, the job files. The painting itself is done in
`styletransfer.synthesis`, and that of whole folders in `styletransfer.train.batch`.
"""

from __future__ import annotations

import json
import platform
import shlex
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import mxnet as mx
import numpy
from mxnet import numpy as np

import styletransfer
from styletransfer.checkpoint import Checkpoint
from styletransfer.command import exit_status
from styletransfer.errors import InputError, printable
from styletransfer.files import replacing
from styletransfer.images import PICTURE_FORMATS, samples, save_image
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
    find_interrupted,
    locked,
    remove,
)
from styletransfer.progress import (
    Bar,
    Checkpoints,
    DivergedError,
    History,
    Interrupted,
    Listener,
    Previews,
    Step,
    StopAtSignal,
    save_figure,
)
from styletransfer.recipes import find_recipe, shape_text
from styletransfer.train.batch import is_batch, paint_all
from styletransfer.train.job import Job, Pictures, make_job, stage_seconds
from styletransfer.train.plan import describe_choice, make_plan
from styletransfer.train.wish import (
    MANNER,
    Wish,
    as_text,
    flag,
    given,
    make_parser,
    part,
    recipe_table,
    stages_text,
    wish_of,
)

LONG = 600  # seconds: a run that takes longer shows its plan before it starts
MUCH = 6e12  # multiplications, twice those of the main command: whatever takes less is not timed


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


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    asked = make_parser().parse_args(argv)
    if asked.list_samples:
        for kind in ('content', 'style'):
            print(f'--{kind}', *sorted(samples(kind)))
        return 0
    if asked.list_recipes:
        print(*recipe_table(), sep='\n')
        return 0
    wish = wish_of(given(asked))
    if is_batch(wish):
        if asked.resume:
            raise InputError(
                '--resume is for one picture, not for folders: leave it out; the same command '
                'again goes on where it stopped'
            )
        return paint_all(wish, asked.plan)
    saved = None
    if asked.resume:
        saved = find_interrupted(Path(wish.output))
        wish = resumed(saved, {**given(asked), 'output': wish.output})
        argv = saved.record['argv']
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
    if asked.plan:
        print(*job.plan.notes(), *job.plan.table(stage_seconds(job.plan, job.network)), sep='\n')
        return 0
    with locked(Path(wish.output)):
        return paint(job, argv, saved)


def announce(job: Job, resumed: bool) -> None:
    """Say what will be painted, with which network, and the whole plan if there is much to do."""
    wish, plan = job.wish, job.plan
    title = f'{wish.content} in the style of {" and ".join(wish.style)}:'
    say(wish, f'{title} {stages_text(job.recipe)}')
    say(wish, describe_choice(plan.backbone, job.network.weights), *plan.notes())
    further = len(job.recipe.stages) > len(find_recipe(wish.recipe).stages)
    if wish.quiet or resumed or not (further or plan.work() > MUCH):
        return  # to time an epoch takes some seconds
    seconds = stage_seconds(plan, job.network)
    if further or sum(seconds) > LONG:
        say(wish, *plan.table(seconds))


def say(wish: Wish, *lines: str) -> None:
    """Print lines unless the user wants quiet."""
    if not wish.quiet:
        print(*map(printable, lines), sep='\n', flush=True)


def stage_file(wish: Wish, stage: int) -> Path:
    """Return the file for the picture of a stage, counted from 0."""
    return Path(wish.output, f'stage{stage + 1}.{wish.format}')


def paint(job: Job, argv: Sequence[str], saved: Optional[Checkpoint] = None) -> int:
    """Do the work of a job, write its files, and return the exit status."""
    wish, folder = job.wish, Path(job.wish.output)
    announce(job, resumed=bool(saved))
    history = History(saved.record['history'] if saved else ())
    record = {'argv': list(argv), 'fingerprint': job.fingerprint}
    checkpoints = Checkpoints(folder / CHECKPOINT, wish.checkpoint_every, history, record)
    if not saved:
        if (folder / CHECKPOINT).exists():
            say(
                wish,
                f"The unfinished run in '{folder}' is replaced; --resume would go on with it.",
            )
        checkpoints.save()
        remove(folder / PREVIEWS, r'stage\d+-epoch\d+\.png')
        if wish.auto_masks:
            for name, img in zip(LABELS, label_pictures(job.pictures).values()):
                save_image(folder / name, img)
    go_on = f'python -m styletransfer.train --resume --output {shlex.quote(str(folder))}'
    files = [stage_file(wish, stage) for stage in range(len(job.recipe.stages))]
    try:
        with StopAtSignal() as stop_at_signal:
            with Bar() as bar:
                told = listeners(job, history, checkpoints, bar)
                X = job.paint(*told, stop_at_signal, saved=saved)
            # a signal that comes now is heard when all is written, as little is left to do
            remove(folder, r'stage\d+\.' + f'({"|".join(PICTURE_FORMATS)})', files)
            write_results(job, X, history)
    except Interrupted as stop:
        checkpoints.save(stop.step)
        path = stage_file(wish, stop.step.stage)
        save_image(path, job.finished(stop.step.X))
        words = f'{stop}; the picture so far is {path}. Go on with:  {go_on}'
        print(printable(words), file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        words = f'stopped. Go on from the last checkpoint with:  {go_on}'
        print(printable(words), file=sys.stderr)
        return 130
    except DivergedError as error:
        path = stage_file(wish, error.stage)
        save_image(path, job.finished(error.X))
        raise InputError(f'{error}; the last good picture is {path}') from error
    except InputError as error:  # the disk is full, most likely
        if not (folder / CHECKPOINT).is_file():
            raise
        raise InputError(f'{error}; then go on with:  {go_on}') from error
    (folder / CHECKPOINT).unlink(missing_ok=True)
    say(
        wish,
        f'The painting is {files[-1]}; beside it are the stages before, {FIGURE} and {RECORD}.',
    )
    return 0


def listeners(job: Job, history: History, checkpoints: Checkpoints, bar: Bar) -> List[Listener]:
    """Return who listens to a run, in the order in which they are told."""
    wish = job.wish

    def save_stage(step: Step) -> None:
        if step.epoch == step.num_epochs:
            save_image(stage_file(wish, step.stage), job.finished(step.X))

    always: List[Listener] = [history, save_stage, checkpoints]
    if wish.save_every:
        folder = Path(wish.output, PREVIEWS)
        always.append(Previews(folder, wish.save_every, job.finished))
    if not wish.quiet:
        always.append(bar)
    return always


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


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.train``."""
    return exit_status(lambda: run(argv))


if __name__ == '__main__':
    sys.exit(main())
