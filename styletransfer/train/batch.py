"""Whole folders: each photo in each style, one file each, and a record of which are done.

A batch that was killed is started again by the same command: what is done is left alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

from styletransfer import cluster
from styletransfer.command import one_line
from styletransfer.errors import InputError, printable
from styletransfer.files import replacing
from styletransfer.images import find_pictures, picture_path
from styletransfer.networks import Network
from styletransfer.outputs import Book, check_writable, locked
from styletransfer.progress import Interrupted, Step, StopAtSignal, progress_bar, together
from styletransfer.recipes import Recipe
from styletransfer.train.job import (
    Known,
    digests,
    fingerprint,
    load_network,
    paint_one,
    picture_files,
    stage_seconds,
)
from styletransfer.train.plan import Plan, describe_choice, duration, make_plan
from styletransfer.train.sending import paint, piece_of
from styletransfer.train.wish import Wish, flag


class Entry(NamedTuple):
    """One painting of a batch: its file's name, and the wish for it."""

    name: str
    wish: Wish


def is_batch(wish: Wish) -> bool:
    """Tell whether the photo or a painting that was given is a folder."""
    return is_folder(wish.content, 'content') or any(
        is_folder(name, 'style') for name in wish.style
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
    found = [path for path in find_pictures(folder) if not path.name.startswith('.')]
    if not found:
        raise InputError(f"there are no pictures in --{kind} '{folder}'")
    return found


def labels(paths: Sequence[Path]) -> List[str]:
    """Return a short name for each file: without its ending, if no other has the same."""
    count = Counter(path.stem.casefold() for path in paths)
    return [path.stem if count[path.stem.casefold()] == 1 else path.name for path in paths]


def make_batch(wish: Wish) -> List[List[Entry]]:
    """Return what a batch will paint, style by style.

    Raises
    ------
    InputError
        If a folder has no pictures, or two results would have the same name.
    """
    folder = Path(wish.output)
    contents, styles = [wish.content], [wish.style]
    content_labels = labels([picture_path(wish.content, 'content')])
    if is_folder(wish.content, 'content'):
        paths = pictures_in(Path(wish.content), 'content', folder)
        contents, content_labels = [str(path) for path in paths], labels(paths)
    style_labels = ['+'.join(labels([picture_path(name, 'style') for name in wish.style]))]
    if any(is_folder(name, 'style') for name in wish.style):
        if len(wish.style) > 1:
            raise InputError(
                'a folder of styles must be the only --style: its paintings are not mixed'
            )
        paths = pictures_in(Path(wish.style[0]), 'style', folder)
        styles, style_labels = [(str(path),) for path in paths], labels(paths)
    batch = []
    for style, style_label in zip(styles, style_labels):
        names = [f'{label}--{style_label}.{wish.format}' for label in content_labels]
        batch.append(
            [
                Entry(name, replace(wish, content=photo, style=style, output=str(folder / name)))
                for name, photo in zip(names, contents)
            ]
        )
    for name, count in Counter(entry.name for row in batch for entry in row).items():
        if count > 1:
            raise InputError(f"two results would be called '{name}': rename a photo or a painting")
    return batch


def paint_all(wish: Wish, only_plan: bool = False) -> int:
    """Paint each photo of a folder in each style, and return the exit status.

    It is 1 if some could not be painted, 130 if the user stopped it.
    """
    if wish.save_every:
        raise InputError(f'{flag("save_every")} is for one picture, not for folders: leave it out')
    batch, folder = make_batch(wish), Path(wish.output)
    # what is wrong with the settings is told now, and not once for each photo
    first = replace(batch[0][0].wish, keep_aspect=False)
    plan = make_plan(first)
    check_writable(folder, plan.recipe.stages[-1].image_shape)
    network = load_network(first, plan)
    plan = plan.fitted(network)
    if only_plan:
        seconds = stage_seconds(plan, network)
        count = sum(map(len, batch))
        print(*plan.notes(), *plan.table(seconds), sep='\n')
        print(f'{count} pictures: {duration(count * sum(seconds))}')
        return 0
    with locked(folder):
        book = Book(folder, fingerprint(wish, plan, network))
        left = [[entry for entry in row if not is_done(entry, book, plan.recipe)] for row in batch]
        book.save()
        count = sum(map(len, left))
        if not wish.quiet:
            done = sum(map(len, batch)) - count
            done_too = f', {done} are done' if done else ''
            print(printable(f"{count} pictures to paint in '{folder}'{done_too}"))
            print(describe_choice(plan.backbone, network.weights), flush=True)
        if wish.cluster and count:
            return send_left(left, plan, network, book, wish)
        return paint_left(left, network, book, wish.quiet)


def is_done(entry: Entry, book: Book, recipe: Recipe) -> bool:
    """Tell whether a painting is there; whether its files can be read is found out later."""
    files: Dict[str, List[str]] = {}
    with suppress(InputError):
        files = digests(picture_files(entry.wish, recipe))
    return book.is_done(entry.name, files)


class Outcome:
    """What becomes of the pictures that are left: a bar over them, and what failed."""

    def __init__(self, left: Sequence[Sequence[Entry]], book: Book, quiet: bool) -> None:
        self.entries = [entry for row in left for entry in row]
        self.book, self.quiet = book, quiet
        self.done = 0
        self.failed: Dict[str, str] = {}
        self.bar = progress_bar(' [{elapsed}<{remaining}]', total=len(self.entries), disable=quiet)

    def show(self, name: str, painted: float = 0.0) -> None:
        """Show what is being painted, and which part of it is done."""
        words = f'picture {self.done + 1} of {len(self.entries)}, {name}'
        self.bar.set_description_str(printable(words), refresh=False)
        self.bar.update(self.done + painted - self.bar.n)

    def painted(self, name: str, seconds: float) -> None:
        """Note that a painting is there."""
        self.book.done(name, seconds)
        self._end()

    def fails(self, name: str, error: InputError) -> None:
        """Note that one cannot be painted."""
        self.failed[name] = str(error)
        self._end()

    def _end(self) -> None:
        self.done += 1
        self.bar.update(self.done - self.bar.n)

    def status(self) -> int:
        """Tell what failed, and return the exit status."""
        for name, reason in self.failed.items():
            print(one_line(f'{name} failed: {reason}'), file=sys.stderr)
        if self.failed:
            count = len(self.entries)
            print(f'error: {len(self.failed)} of {count} pictures failed', file=sys.stderr)
        elif not self.quiet:
            print(printable(f"All pictures are in '{self.book.folder}'."))
        return 1 if self.failed else 0

    def stopped(self) -> int:
        """Tell how far it went, and return the exit status."""
        words = f'stopped after {self.done} of {len(self.entries)} pictures.'
        print(f'{words} The same command again goes on.', file=sys.stderr)
        return 130


def paint_left(left: Sequence[Sequence[Entry]], network: Network, book: Book, quiet: bool) -> int:
    """Paint what is left of a batch; whatever becomes of one, go on with the next."""
    outcome = Outcome(left, book, quiet)
    name = ''

    def show(step: Step) -> None:
        outcome.show(name, (step.stage + step.epoch / step.num_epochs) / step.of)

    try:
        with outcome.bar, StopAtSignal() as stop_at_signal:
            for row in left:
                # of one style, whose targets are the same for all photos, unless its colours
                # are changed to each photo's, or its regions matched to them
                apart = row and (row[0].wish.preserve_color or row[0].wish.auto_masks)
                known: Optional[Known] = None if apart else {}
                for name, wish in row:
                    outcome.show(name)
                    try:
                        seconds = paint_one(wish, together(show, stop_at_signal), network, known)
                    except InputError as error:
                        outcome.fails(name, error)
                    else:
                        outcome.painted(name, seconds)
    except Interrupted:
        return outcome.stopped()
    return outcome.status()


def send_left(
    left: Sequence[Sequence[Entry]], plan: Plan, network: Network, book: Book, wish: Wish
) -> int:
    """Let a cluster paint what is left of a batch, and write what comes back."""
    outcome = Outcome(left, book, wish.quiet)
    try:
        with cluster.connected(wish.cluster or '') as client, outcome.bar:
            if not wish.quiet:
                outcome.bar.write(cluster.told(client), file=sys.stdout)
            pieces = (piece_of(entry.wish, plan, network) for entry in outcome.entries)
            for number, result in cluster.outcomes(client, paint, pieces):
                name, file = outcome.entries[number].name, outcome.entries[number].wish.output
                if isinstance(result, InputError):
                    outcome.fails(name, result)
                    continue
                with replacing(Path(file)) as temporary:
                    temporary.write_bytes(result.file)
                outcome.painted(name, result.seconds)
                outcome.show(name)
    except KeyboardInterrupt:
        return outcome.stopped()
    return outcome.status()
