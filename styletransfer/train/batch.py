"""Whole folders: each photo in each style, one file each, and a record of which are done.

A batch that was killed is started again by the same command: what is done is left alone.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence

from styletransfer import vgg
from styletransfer.errors import InputError
from styletransfer.images import find_pictures, picture_path, save_image
from styletransfer.outputs import Book, check_writable
from styletransfer.progress import (
    Interrupted,
    Listener,
    Step,
    StopAtNaN,
    StopAtSignal,
    together,
)
from styletransfer.recipes import Recipe
from styletransfer.synthesis import coarse_to_fine
from styletransfer.train.job import (
    Grams,
    Network,
    digests,
    fingerprint,
    load_network,
    make_job,
    stage_seconds,
)
from styletransfer.train.plan import duration
from styletransfer.train.settings import make_setting, picture_files, read_pictures

Arguments = Dict[str, Any]


class Painting(NamedTuple):
    """One of a batch: its file's name, and the arguments of its run."""

    name: str
    args: Arguments


def is_batch(args: Arguments) -> bool:
    """Tell whether the photo or a painting that was given is a folder."""
    return is_folder(args['content'], 'content') or any(
        is_folder(name, 'style') for name in args['style']
    )


def is_folder(name: str, kind: str) -> bool:
    """Tell whether a name means a folder, and not a bundled picture."""
    try:
        return picture_path(name, kind).is_dir()
    except (InputError, OSError):  # no such name, or one too long
        return False


def pictures_in(folder: Path, kind: str, output: Path) -> List[Path]:
    """Return the pictures in a folder, but not in folders within it.

    Raises
    ------
    InputError
        If there are none, or the results would become some of them.
    """
    if folder.resolve() == output.resolve():
        raise InputError(
            f"--output is the folder of --{kind}, '{folder}': choose another, or the results "
            'would be painted again'
        )
    found = [path for path in find_pictures(folder) if path.parent == folder]
    found = [path for path in found if not path.name.startswith('.')]
    if not found:
        raise InputError(f"there are no pictures in --{kind} '{folder}'")
    return found


def labels(paths: Sequence[Path]) -> List[str]:
    """Return a short name for each file: without its ending, if no other has the same."""
    count = Counter(path.stem.casefold() for path in paths)
    return [path.stem if count[path.stem.casefold()] == 1 else path.name for path in paths]


def make_batch(args: Arguments) -> List[List[Painting]]:
    """Return what a batch will paint, style by style.

    Raises
    ------
    InputError
        If a folder has no pictures, or two results would have the same name.
    """
    output = Path(args['output'])
    contents, styles = [args['content']], [args['style']]
    content_labels = labels([picture_path(args['content'], 'content')])
    if is_folder(args['content'], 'content'):
        paths = pictures_in(Path(args['content']), 'content', output)
        contents, content_labels = [str(path) for path in paths], labels(paths)
    style_labels = ['+'.join(labels([picture_path(name, 'style') for name in args['style']]))]
    if any(is_folder(name, 'style') for name in args['style']):
        if len(args['style']) > 1:
            raise InputError(
                'a folder of styles must be the only --style: its paintings are not mixed'
            )
        paths = pictures_in(Path(args['style'][0]), 'style', output)
        styles, style_labels = [[str(path)] for path in paths], labels(paths)
    batch = [
        [
            Painting(
                f'{content_label}--{style_label}.{args["format"]}',
                {**args, 'content': content, 'style': style},
            )
            for content, content_label in zip(contents, content_labels)
        ]
        for style, style_label in zip(styles, style_labels)
    ]
    for name, count in Counter(painting.name for row in batch for painting in row).items():
        if count > 1:
            raise InputError(f"two results would be called '{name}': rename a photo or a painting")
    return batch


class Bar:
    """One progress bar for all paintings that are left to do."""

    def __init__(self, count: int, quiet: bool) -> None:
        from tqdm import tqdm

        self.bar: Any = tqdm(
            total=count,
            disable=quiet,
            mininterval=0.2 if sys.stderr.isatty() else 10,
            bar_format='{desc} {percentage:3.0f}%|{bar:20}| [{elapsed}<{remaining}]',
        )
        self.begun = 0

    def begin(self, name: str) -> None:
        """Say which painting comes next; those before it are over, done or not."""
        self.bar.update(self.begun - self.bar.n)
        self.begun += 1
        self.bar.set_description_str(f'picture {self.begun} of {self.bar.total}, {name}')

    def show(self, share: float) -> None:
        """Show how much of a painting is done, from 0 to 1."""
        self.bar.update(self.begun - 1 + share - self.bar.n)


def paint_all(args: Arguments) -> int:
    """Paint each photo of a folder in each style, and return the exit status.

    It is 1 if some could not be painted, 130 if the user stopped it.
    """
    for name in ('resume', 'save_every'):
        if args[name]:
            raise InputError(
                f'--{name.replace("_", "-")} is for one picture, not for folders: leave it out'
                + ('; the same command again goes on where it stopped' if name == 'resume' else '')
            )
    batch, folder = make_batch(args), Path(args['output'])
    # what is wrong with the settings is told now, and not once for each photo
    setting = make_setting({**batch[0][0].args, 'keep_aspect': False})
    check_writable(folder, setting.recipe.stages[-1].image_shape)
    network = load_network(setting)
    if args['plan']:
        seconds = stage_seconds(setting, network)
        count = sum(map(len, batch))
        print(*setting.plan.notes(), *setting.plan.table(seconds), sep='\n')
        print(f'{count} pictures: {duration(count * sum(seconds))}')
        return 0
    settings = {**fingerprint(setting, network), 'keep_aspect': args['keep_aspect']}
    book = Book(folder, settings)
    left = [
        [p for p in row if not book.is_done(p.name, readable(p.args, setting.recipe))]
        for row in batch
    ]
    book.save()
    count = sum(map(len, left))
    if not args['quiet']:
        done = sum(map(len, batch)) - count
        print(f"{count} pictures to paint in '{folder}'" + (f', {done} are done' if done else ''))
        print(vgg.describe_choice(setting.backbone, network.weights), flush=True)
    return paint_left(left, network, book, args['quiet'])


def readable(args: Arguments, recipe: Recipe) -> Dict[str, List[str]]:
    """Return the digests of the files of a painting; none if one cannot be read."""
    with suppress(OSError):
        return digests(picture_files(args, recipe))
    return {}


def paint_left(
    left: Sequence[Sequence[Painting]], network: Network, book: Book, quiet: bool
) -> int:
    """Paint what is left of a batch; whatever becomes of one, go on with the next."""
    count, failed = sum(map(len, left)), {}
    bar = Bar(count, quiet)
    try:
        with StopAtSignal() as stop_at_signal:
            for row in left:
                known: Grams = {}  # of one style, whose matrices are the same for all photos
                for painting in row:
                    bar.begin(painting.name)
                    try:
                        paint_one(painting, network, known, book, bar, stop_at_signal)
                    except InputError as error:
                        failed[painting.name] = str(error)
    except Interrupted:
        bar.bar.close()
        print(
            f'stopped after {bar.begun - 1} of {count} pictures. The same command again goes on.',
            file=sys.stderr,
        )
        return 130
    finally:
        bar.bar.close()
    for name, reason in failed.items():
        print(f'{name} failed: {reason}', file=sys.stderr)
    if failed:
        print(f'error: {len(failed)} of {count} pictures failed', file=sys.stderr)
    elif not quiet:
        print(f"All pictures are in '{book.folder}'.")
    return 1 if failed else 0


def paint_one(
    painting: Painting,
    network: Network,
    known: Grams,
    book: Book,
    bar: Bar,
    stop_at_signal: Listener,
) -> None:
    """Paint one picture of a batch, save it, and note it.

    Raises
    ------
    InputError
        If it cannot be painted.
    """
    start = time.perf_counter()
    setting = make_setting(painting.args)
    job = make_job(setting, read_pictures(setting), network, known)
    stages = job.recipe.stages
    total = sum(stage.num_epochs for stage in stages)

    def show(step: Step) -> None:
        before = sum(stage.num_epochs for stage in stages[: step.stage])
        bar.show((before + step.epoch) / total)

    X = coarse_to_fine(
        job.loss_at,
        job.recipe,
        job.init_img,
        setting.device,
        together(StopAtNaN(*job.start()), show, stop_at_signal),
    )
    save_image(book.folder / painting.name, job.finished(X))
    book.done(painting.name, time.perf_counter() - start)
