"""The main job: ``python -m styletransfer.train`` turns a photo into a painting.

A command line becomes a `Wish`, the wish a `Job`, the job files (`styletransfer.train.run`). The
painting itself is done in `styletransfer.synthesis`, and that of whole folders in
`styletransfer.train.batch`.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Optional, Sequence

from styletransfer.command import exit_status
from styletransfer.errors import InputError, printable
from styletransfer.images import samples
from styletransfer.outputs import CHECKPOINT, FIGURE, RECORD, find_interrupted, locked
from styletransfer.progress import Bar, DivergedError, Interrupted, StopAtSignal
from styletransfer.recipes import find_recipe
from styletransfer.train.batch import is_batch, paint_all
from styletransfer.train.job import Job, stage_seconds
from styletransfer.train.plan import describe_choice
from styletransfer.train.run import Run, make_run, resumed
from styletransfer.train.wish import (
    Wish,
    given,
    make_parser,
    recipe_table,
    stages_text,
    wish_of,
)

LONG = 600  # seconds: a run that takes longer shows its plan before it starts
MUCH = 6e12  # multiplications, twice those of the main command: whatever takes less is not timed


def command(argv: Optional[Sequence[str]] = None) -> int:
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
    if wish.cluster:
        raise InputError('--cluster is for folders, not for one picture: leave it out')
    saved = None
    if asked.resume:
        saved = find_interrupted(Path(wish.output))
        wish = resumed(saved, {**given(asked), 'output': wish.output})
        argv = saved.record['argv']
    run = make_run(wish, argv, saved)
    if asked.plan:
        plan, network = run.job.plan, run.job.network
        print(*plan.notes(), *plan.table(stage_seconds(plan, network)), sep='\n')
        return 0
    with locked(run.folder):
        return paint(run)


def announce(job: Job, resumed: bool) -> None:
    """Say what will be painted, with which network, and the whole plan if there is much to do."""
    wish, plan = job.wish, job.plan
    title = f'{wish.content} in the style of {" and ".join(wish.style)}:'
    say(wish, f'{title} {stages_text(job.recipe)}')
    say(wish, describe_choice(plan.backbone, job.network.weights), *plan.notes())
    further = len(job.recipe.stages) > len(find_recipe(wish.recipe).stages)
    if wish.quiet or resumed or not (further or sum(plan.work()) > MUCH):
        return  # to time an epoch takes some seconds
    seconds = stage_seconds(plan, job.network)
    if further or sum(seconds) > LONG:
        say(wish, *plan.table(seconds))


def say(wish: Wish, *lines: str) -> None:
    """Print lines unless the user wants quiet."""
    if not wish.quiet:
        print(*map(printable, lines), sep='\n', flush=True)


def paint(run: Run) -> int:
    """Do the work of a run, say what became of it, and return the exit status."""
    wish, folder = run.job.wish, run.folder
    announce(run.job, resumed=bool(run.saved))
    if run.replaces:
        say(wish, f"The unfinished run in '{folder}' is replaced; --resume would go on with it.")
    go_on = f'python -m styletransfer.train --resume --output {shlex.quote(str(folder))}'
    try:
        # a signal that comes when all is painted is heard when all is written
        with StopAtSignal() as stop_at_signal, Bar() as bar:
            run.paint(*([] if wish.quiet else [bar]), stop_at_signal)
    except Interrupted as stop:
        path = run.files[stop.step.stage]
        words = f'{stop}; the picture so far is {path}. Go on with:  {go_on}'
        print(printable(words), file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        words = f'stopped. Go on from the last checkpoint with:  {go_on}'
        print(printable(words), file=sys.stderr)
        return 130
    except DivergedError as error:
        raise InputError(f'{error}; the last good picture is {run.files[error.stage]}') from error
    except InputError as error:  # the disk is full, most likely
        if not (folder / CHECKPOINT).is_file():
            raise
        raise InputError(f'{error}; then go on with:  {go_on}') from error
    say(
        wish,
        f'The painting is {run.files[-1]}; beside it are the stages before, {FIGURE} and '
        f'{RECORD}.',
    )
    return 0


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.train``."""
    return exit_status(lambda: command(argv))


if __name__ == '__main__':
    sys.exit(main())
