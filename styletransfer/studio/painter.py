"""The process that paints: it takes one task after another and tells how far it is.

It works in the folder of the page that asks, whose files are named as they are on the user's own
machine; so its command lines are the user's.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Tuple

from styletransfer import trained
from styletransfer.errors import InputError, printable, telling_line
from styletransfer.feedforward import painting
from styletransfer.files import replacing
from styletransfer.images import load_image, picture_path, resized, samples, save_image
from styletransfer.machine import return_freed_memory
from styletransfer.outputs import FIGURE, RECORD, find_interrupted, locked
from styletransfer.progress import History, Interrupted, Step, draw_losses
from styletransfer.studio.orders import Order
from styletransfer.studio.tasks import (
    Done,
    Failed,
    GoOn,
    Long,
    Paint,
    Painting,
    Pictures,
    Sheet,
    Stopped,
    Task,
    Tell,
)
from styletransfer.train.job import stage_seconds
from styletransfer.train.run import Run, make_run, resumed
from styletransfer.train.wish import given, make_parser, wish_of

OUTPUTS = 'outputs'  # where the commands put what they make
EASEL = 'easel'  # where what the page shows lies: on the way, and beside each other in the end
SHEET = 'contact-sheet.jpg'
LONG = 60  # seconds: what takes longer says so before it is begun
LITTLE = 3e11  # multiplications, some seconds of any machine: what takes less is not timed
SHEET_SHAPE = (320, 320)  # of the pictures of a contact sheet: a box
PAUSE = 1.0  # seconds between two pictures on the way, at least
SHARE = 10  # and so many times as long as it took to make one


def serve(line: Connection) -> None:
    """Do tasks as they come, until nobody is there any more who sends them.

    Whatever comes while a task is being done asks it to stop.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = line.recv()
            if task is not None:  # or it asked a task to stop that was done already
                do(task, line.send, line.poll)
                return_freed_memory()
                line.send(None)


def do(task: Task, tell: Tell, stop: Callable[[], bool]) -> None:
    """Do a task in its folder.

    Parameters
    ----------
    task : Task
    tell : callable
        Given events.
    stop : callable
        Tells whether someone asks to stop.
    """
    os.chdir(task.folder)
    shutil.rmtree(EASEL, ignore_errors=True)
    try:
        if isinstance(task, Sheet):
            sheet(task, tell, stop)
        elif isinstance(task, GoOn):
            go_on(tell, stop)
        elif task.order.in_one_pass:
            in_one_pass(task.order, tell)
        else:
            by_optimisation(task, tell, stop)
    except InputError as error:
        tell(Failed(str(error)))
    except Exception as error:  # the page says so, and the next one can be painted
        tell(Failed(f'{type(error).__name__}: {telling_line(error)}', ours=True))


def in_one_pass(order: Order, tell: Tell) -> None:
    """Let a network paint an order, by the command."""
    start = time.perf_counter()
    shutil.rmtree(OUTPUTS, ignore_errors=True)
    painting.run([*order.argv, '--quiet'], 'feedforward', order.how)
    (file,) = (path for path in Path(OUTPUTS).iterdir() if path.suffix != '.json')
    finish(order.photo, [file, painting.record_path(file)], tell, start)


def by_optimisation(task: Paint, tell: Tell, stop: Callable[[], bool]) -> None:
    """Paint an order by a recipe, as the command would, unless it is long and no one is sure."""
    wish = wish_of(given(make_parser().parse_args(task.order.argv)))
    run = make_run(wish, task.order.argv)
    if not task.sure and sum(run.job.plan.work()) > LITTLE:
        seconds = stage_seconds(run.job.plan, run.job.network)
        if sum(seconds) > LONG:
            tell(Long(sum(seconds), tuple(run.job.plan.table(seconds))))
            return
    shutil.rmtree(OUTPUTS, ignore_errors=True)
    paint(run, tell, stop)


def go_on(tell: Tell, stop: Callable[[], bool]) -> None:
    """Go on with the run in the folder."""
    saved = find_interrupted(Path(OUTPUTS))
    paint(make_run(resumed(saved, {}), saved.record['argv'], saved), tell, stop)


def paint(run: Run, tell: Tell, stop: Callable[[], bool]) -> None:
    """Paint a run, telling how far it is."""
    start = time.perf_counter()

    def stopping(step: Step) -> None:
        if stop():
            raise Interrupted(step)

    try:
        with locked(run.folder):
            run.paint(Easel(run, tell), stopping)
    except Interrupted as error:
        step = error.step
        tell(Stopped(step.epoch, str(run.files[step.stage])))
        return
    files = [run.files[-1], run.folder / RECORD, run.folder / FIGURE]
    finish(run.job.wish.content, files, tell, start)


def finish(photo: str, files: Sequence[Path], tell: Tell, start: float) -> None:
    """Tell that the first of these files is the painting, beside the photo at its size."""
    after = load_image(files[0])
    shape = after.shape[1::-1]
    before = resized(load_image(picture_path(photo, 'content'), shape), shape)
    shown = []
    for img in (before, after):
        shown.append(fresh_file('png'))
        save_image(shown[-1], img / 255)
    seconds = time.perf_counter() - start
    tell(Done(str(shown[0]), str(shown[1]), tuple(map(str, files)), seconds))


def sheet(task: Sheet, tell: Tell, stop: Callable[[], bool]) -> None:
    """Paint the pictures of a contact sheet, and put them together."""
    start = time.perf_counter()
    net = trained.find(task.net)
    painter = trained.load(net)
    names = task.styles if painter.statistics else painter.styles
    photo, made = picture_path(task.photo, 'content'), []
    for style in names:
        if stop():
            break
        file = fresh_file('jpg')
        wish = painting.Wish((style,), shape=SHEET_SHAPE)
        entry = painting.Entry(photo, file)
        result = painting.paint_one(painter, photo, entry.format, wish)
        painting.write(result, painter, net, wish, entry)
        made.append((style, str(file)))
        tell(Pictures(tuple(made), len(names)))
    if not made:
        raise InputError('stopped before there was a picture')
    shutil.rmtree(OUTPUTS, ignore_errors=True)
    save_sheet(Path(OUTPUTS, SHEET), dict(made))
    seconds = time.perf_counter() - start
    tell(Done('', '', (str(Path(OUTPUTS, SHEET)),), seconds))


def save_sheet(path: Path, pictures: Dict[str, str]) -> None:
    """Write one picture of all these files, each with its name."""
    from matplotlib.figure import Figure

    imgs = {name: load_image(file) for name, file in pictures.items()}
    columns = min(4, len(imgs))
    rows = -(-len(imgs) // columns)
    height, width = (max(img.shape[axis] for img in imgs.values()) for axis in (0, 1))
    size = (3.2 * columns, (3.2 * height / width + 0.35) * rows)
    figure = Figure(figsize=size, layout='constrained')
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for cell, name in zip(cells, [*imgs, *[''] * len(cells)]):
        cell.set_axis_off()
        if name:
            cell.imshow(imgs[name].asnumpy())
            cell.set_title(printable(name))
    with replacing(path) as temporary:
        figure.savefig(temporary, format='jpg', dpi=100)


class Easel:
    """Tells of each epoch; now and then with the picture and the curves so far, as files.

    Making them takes no more than about a tenth of the time.
    """

    def __init__(self, run: Run, tell: Tell) -> None:
        self.run, self.tell = run, tell
        self.work = run.job.plan.work()
        self.next = time.perf_counter()
        self.begun: Optional[Tuple[float, float]] = None
        self.files: Tuple[str, ...] = ()
        self.older: Tuple[str, ...] = ()

    def __call__(self, step: Step) -> None:
        """Tell of an epoch."""
        now = time.perf_counter()
        if now >= self.next or step.epoch == step.num_epochs:
            self.files = self.draw(step)
            took = time.perf_counter() - now
            self.next = now + max(PAUSE, SHARE * took)
        before, here = sum(self.work[: step.stage]), self.work[step.stage]
        done = (before + here * step.epoch / step.num_epochs) / sum(self.work)
        self.tell(
            Painting(
                step.title,
                step.stage,
                step.of,
                step.epoch,
                step.num_epochs,
                done,
                self.seconds_left(done),
                tuple(step.terms.items()),
                *self.files,
            )
        )

    def seconds_left(self, done: float) -> float:
        """Return about how long the rest takes, judged by what was done since the first epoch."""
        now = time.perf_counter()
        if self.begun is None:
            self.begun = done, now  # with the first drawing behind us, which loads what draws
        since, then = self.begun
        return (now - then) / (done - since) * (1 - done) if done > since else 0.0

    def draw(self, step: Step) -> Tuple[str, ...]:
        """Write the picture and the curves, and return the names of the files."""
        for old in self.older:
            Path(old).unlink()
        self.older = self.files  # the page may be about to ask for these
        picture, curves = fresh_file('jpg'), fresh_file('svg')
        save_image(picture, self.run.job.finished(step.X))
        save_curves(curves, self.run.history)
        return str(picture), str(curves)


def fresh_file(ending: str) -> Path:
    """Return a file for what the page shows, of a name that no browser has seen before."""
    return Path(EASEL, f'{time.time_ns()}.{ending}')


def save_curves(path: Path, history: History) -> None:
    """Write the losses of every stage as curves, in a file that browsers show at any size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout='constrained')
    draw_losses(figure, history)
    with replacing(path) as temporary:
        figure.savefig(temporary, format='svg')


def any_style() -> str:
    """Return the first bundled network that paints in the style of any picture."""
    for name, path in trained.networks().items():
        if trained.load(path).statistics:
            return name
    raise InputError('no bundled network paints in any style')


def all_styles(own: Sequence[str]) -> Tuple[str, ...]:
    """Return the styles of a contact sheet: one's own first, and the samples."""
    return (*own, *(name for name in samples('style') if name not in own))
