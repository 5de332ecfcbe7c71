"""The main job: ``python -m styletransfer.train`` turns a photo into a painting.

Arguments become a `Job`, the job a run, the run files. The painting itself is done in
`styletransfer.synthesis`, and that of whole folders in `styletransfer.train.batch`.
"""

from __future__ import annotations

import argparse
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
from styletransfer import vgg
from styletransfer.checkpoint import Checkpoint
from styletransfer.command import Parser, exit_status
from styletransfer.errors import InputError
from styletransfer.files import replacing
from styletransfer.images import PICTURE_FORMATS, samples
from styletransfer.machine import peak_memory
from styletransfer.outputs import (
    CHECKPOINT,
    FIGURE,
    LEFTOVER,
    PREVIEWS,
    RECORD,
    as_json,
    check_folder,
    find_interrupted,
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
    StopAtNaN,
    StopAtSignal,
    save_figure,
    together,
)
from styletransfer.recipes import find_recipe, shape_text
from styletransfer.synthesis import coarse_to_fine
from styletransfer.train.arguments import (
    UNTIED,
    as_text,
    flag,
    make_parser,
    recipe_table,
    stages_text,
)
from styletransfer.train.batch import is_batch, paint_all
from styletransfer.train.job import Job, load_network, make_job, stage_seconds
from styletransfer.train.settings import make_setting, read_pictures

LONG = 600  # seconds: a run that takes longer shows its plan before it starts


def resumed(parser: Parser, saved: Checkpoint, given: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the arguments of an interrupted run, changed by those given now where they may be.

    Raises
    ------
    InputError
        If an argument is given that would make it another run.
    """
    args = vars(parser.parse_args(saved.record['argv']))
    args['backbone'] = saved.record['fingerprint']['backbone']  # what 'auto' was at that time
    for name, now in given.items():
        if name not in UNTIED and now != args[name]:
            before = args[name]
            then = f'no {flag(name)}'
            if before not in (None, False):
                then = f'{flag(name)} {as_text(name, before)}, not {as_text(name, now)}'
            raise InputError(
                f'the interrupted run had {then}: leave it out to go on with that run, or leave '
                'out --resume to start another'
            )
    return {**args, **given}


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = make_parser()
    args = vars(parser.parse_args(argv))
    if args['list_samples']:
        for kind in ('content', 'style'):
            print(f'--{kind}', *sorted(samples(kind)))
        return 0
    if args['list_recipes']:
        print(*recipe_table(), sep='\n')
        return 0
    if is_batch(args):
        return paint_all(args)
    saved = None
    if args['resume']:
        saved = find_interrupted(Path(args['output']))
        # argparse puts defaults only where there is nothing yet
        nothing = argparse.Namespace(**dict.fromkeys(args))
        given = vars(parser.parse_args(argv, nothing))
        given = {name: value for name, value in given.items() if value is not None}
        args = resumed(parser, saved, {**given, 'output': args['output']})
        argv = saved.record['argv']
    setting = make_setting(args)
    check_folder(Path(args['output']), setting.recipe.stages[-1].image_shape)
    job = make_job(setting, read_pictures(setting), load_network(setting))
    if saved and saved.record['fingerprint'] != job.fingerprint:
        then, now = saved.record['fingerprint'], job.fingerprint
        changed = [name for name in now if now[name] != then.get(name)]
        raise InputError(
            f'cannot resume: {" and ".join(changed)} changed since the run was interrupted; put '
            'back what was there, or leave out --resume to start another run'
        )
    if args['plan']:
        print(*job.notes, *setting.plan.table(stage_seconds(setting, job.network)), sep='\n')
        return 0
    return paint(job, argv, saved)


def announce(job: Job, resumed: bool) -> None:
    """Say what will be painted, with which network, and the whole plan if there is much to do."""
    args, plan = job.arguments, job.setting.plan
    if args['quiet']:
        return
    title = f'{args["content"]} in the style of {" and ".join(args["style"])}:'
    seconds = [] if resumed else stage_seconds(job.setting, job.network)
    further = len(plan.recipe.stages) > len(find_recipe(args['recipe']).stages)
    if sum(seconds) > LONG or (further and seconds):
        job.say(title, *plan.table(seconds))
    else:
        job.say(f'{title} {stages_text(job.recipe)}')
    job.say(vgg.describe_choice(job.setting.backbone, job.fingerprint['weights']), *job.notes)


def paint(job: Job, argv: Sequence[str], saved: Optional[Checkpoint] = None) -> int:
    """Do the work of a job, write its files, and return the exit status."""
    folder = job.folder
    announce(job, resumed=bool(saved))
    mx.random.seed(job.arguments['seed'])
    history = History(saved.record['history'] if saved else ())
    record = {'argv': list(argv), 'fingerprint': job.fingerprint}
    checkpoints = Checkpoints(
        folder / CHECKPOINT, job.arguments['checkpoint_every'], history, record
    )
    if not saved:
        if (folder / CHECKPOINT).exists():
            job.say(f"The unfinished run in '{folder}' is replaced; --resume would go on with it.")
        checkpoints.save()
        remove(folder / PREVIEWS, r'stage\d+-epoch\d+\.png')
    bar = Bar()
    go_on = f'python -m styletransfer.train --resume --output {shlex.quote(str(folder))}'
    try:
        with StopAtSignal() as stop_at_signal:
            X = coarse_to_fine(
                job.loss_at,
                job.recipe,
                job.init_img,
                job.setting.device,
                together(*listeners(job, saved, history, checkpoints, bar), stop_at_signal),
                saved,
            )
        remove(folder, r'stage\d+\.' + f'({"|".join(PICTURE_FORMATS)})', job.files)
        write_results(job, X, history)
        remove(folder, LEFTOVER)
        remove(folder / PREVIEWS, LEFTOVER)
    except Interrupted as stop:
        bar.close()
        checkpoints.save(stop.step)
        path = job.save(stop.step.stage, stop.step.X)
        print(f'{stop}; the picture so far is {path}. Go on with:  {go_on}', file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        bar.close()
        print(f'stopped. Go on from the last checkpoint with:  {go_on}', file=sys.stderr)
        return 130
    except DivergedError as error:
        bar.close()
        path = job.save(error.stage, error.X)
        raise InputError(f'{error}; the last good picture is {path}') from error
    except InputError as error:  # the disk is full, most likely
        bar.close()
        raise InputError(f'{error}; then go on with:  {go_on}') from error
    (folder / CHECKPOINT).unlink(missing_ok=True)
    job.say(
        f'The painting is {job.files[-1]}; beside it are the stages before, {FIGURE} and {RECORD}.'
    )
    return 0


def listeners(
    job: Job,
    saved: Optional[Checkpoint],
    history: History,
    checkpoints: Checkpoints,
    bar: Bar,
) -> List[Listener]:
    """Return who listens to a run, in the order in which they are told."""

    def save_stage(step: Step) -> None:
        if step.epoch == step.num_epochs:
            job.save(step.stage, step.X)

    stop_at_nan = StopAtNaN(*job.start(saved))
    always: List[Listener] = [stop_at_nan, history, save_stage, checkpoints]
    if job.arguments['save_every']:
        every = job.arguments['save_every']
        always.append(Previews(job.folder / PREVIEWS, every, job.finished))
    if not job.arguments['quiet']:
        always.append(bar)
    return always


def write_results(job: Job, X: np.ndarray, history: History) -> None:
    """Write the figure and, last, the record of a run that is complete."""
    styles = job.pictures.styles
    titles = ['style'] if len(styles) == 1 else [f'style {k + 1}' for k in range(len(styles))]
    pictures = {
        'content': job.pictures.content / 255,
        **{title: img / 255 for title, img in zip(titles, styles)},
        f'result, {shape_text(job.recipe.stages[-1].image_shape)}': job.finished(X),
    }
    save_figure(job.folder / FIGURE, pictures, history)
    record = {
        'arguments': as_json(job.arguments),
        'recipe': job.fingerprint['recipe'],
        'backbone': job.setting.backbone,
        'weights': job.fingerprint['weights'],
        'versions': {
            'styletransfer': styletransfer.__version__,
            'mxnet': mx.__version__,
            'numpy': numpy.__version__,
            'python': platform.python_version(),
        },
        'seed': job.arguments['seed'],
        'device': str(job.setting.device),
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
    with replacing(job.folder / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.train``."""
    return exit_status(lambda: run(argv))


if __name__ == '__main__':
    sys.exit(main())
