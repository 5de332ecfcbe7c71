"""One notebook's marking: its cells run in the student's process, its answers are judged here.

The students' cells are run from top to bottom; then our own checks, not theirs, are made of the
functions they defined. A cell or a function that ends the process or does not end itself is left
out when the notebook is run anew, so it costs its own task and no other.

The functions are called where they are. What they return comes as plain data, and is judged in
this process, which no code of a student's has ever been in: all that it can do is to answer.

Each notebook has a judge of its own, a process that `grade` starts, so that whatever an answer
does to it, or to the libraries it uses, costs nobody else anything.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from styletransfer.exercises.checks import judged
from styletransfer.exercises.student import SECONDS_TO_START, Limits, Student
from styletransfer.exercises.tasks import TASKS
from styletransfer.exercises.wire import GoneError

# what the notebooks import in their first cell, for those whose first cell is lost
PRELUDE = """
import styletransfer
import math
import numpy
from dataclasses import replace
import matplotlib
matplotlib.use('agg')
from matplotlib import pyplot as plt
from mxnet import autograd, gluon, image, init, np, npx
from mxnet.gluon import nn
from styletransfer import losses
from styletransfer.images import load_image, postprocess, preprocess, resized
from styletransfer.images import rgb_mean, rgb_std, samples
from styletransfer.losses import content_loss, style_loss
from styletransfer.objective import compute_loss
from styletransfer.recipes import TUTORIAL, Recipe, Stage
from styletransfer.vgg import extract_features, get_net, vgg_layer_names
"""

WHY = {
    'timeout': 'ran longer than {:.0f} seconds: does a loop never end?',
    'died': 'the function ended Python, or could not be stopped',
}


@dataclass
class Marking:
    """The marking of one notebook, which may need several processes, one after the other.

    What is found is told at once: `found` takes (name, hint, tried), with a hint of None for a
    right answer and whether it was tried on data; `noted` takes a line.
    """

    cells: Sequence[str]
    names: Sequence[str]
    limits: Limits
    seed: int
    walls: bool
    found: Callable[[str, Optional[str], bool], None]
    noted: Callable[[str], None]
    done: Set[str] = field(default_factory=set)
    skipped: Set[int] = field(default_factory=set)

    def mark(self) -> None:
        """Run the cells and check the tasks; nothing in them can stop this."""
        self.end = time.monotonic() + self.limits.notebook
        while not self.done.issuperset(self.names):
            if time.monotonic() >= self.end:
                self.noted(f'stopped: {self.limits.notebook:.0f} seconds were not enough')
                break
            with Student(self.limits, self.walls) as student:
                self.attempt(student)
        for name in self.names:
            if name not in self.done:
                self.found(name, 'not reached in the time that a notebook has', False)

    def attempt(self, student: Student) -> None:
        """Run all cells but those skipped, check what is not marked, until the process dies."""
        student.asked('cell', SECONDS_TO_START, source=PRELUDE)
        once_more: List[int] = []
        for first, order in ((True, range(len(self.cells))), (False, once_more)):
            for i in order:
                if i in self.skipped:
                    continue
                if time.monotonic() > self.end:
                    return
                reply = self.run_cell(student, i)
                if reply.get('name') == 'NameError' and first:
                    once_more.append(i)  # the cell it needs may stand further down
                if reply['done'] == 'died':
                    return
        for name in self.names:
            if name in self.done:
                continue
            if time.monotonic() > self.end or self.check(student, name) == 'died':
                return

    def run_cell(self, student: Student, i: int) -> Dict[str, Any]:
        """Run one cell; note one that does not end, or ends Python, and leave it out later."""
        seconds = self.limits.cell
        reply = student.asked('cell', seconds, source=self.cells[i])
        if reply['done'] in ('timeout', 'died'):
            late = f'ran longer than {seconds:.0f} seconds'
            what = late if reply['done'] == 'timeout' else 'ended Python'
            self.noted(f'code cell {i + 1} {what}: left out')
            self.skipped.add(i)
        return reply

    def check(self, student: Student, name: str) -> str:
        """Check one task, tell what was found, and return how the student's process is."""
        forbidden, seconds = list(TASKS[name].forbidden), self.limits.check
        look = student.asked('look', seconds, name=name, forbidden=forbidden, seed=self.seed)
        status, hint, tried = look['done'], look.get('hint'), False
        if status == 'ok' and not look.get('there'):
            hint = f'there is no function {name} in the notebook'
        elif status == 'ok' and hint is None:
            status, hint = self.judge(student, name)
            tried = True
        if status != 'ok':
            hint = WHY.get(status, 'the check broke off').format(seconds)
        self.done.add(name)
        self.found(name, hint, tried or status != 'ok')
        return status

    def judge(self, student: Student, name: str) -> Tuple[str, Optional[str]]:
        """Try a function; return how that ended, and what is wrong with it, None if nothing is."""
        answer = student.function(name, self.limits.check)
        try:
            hint = judged(TASKS[name], answer, self.seed)
        except GoneError as gone:
            return gone.status, None
        return student.line.gone or 'ok', hint


def main() -> None:
    """Mark the notebook that the standard input tells of; write a line for all that is found."""
    job = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr

    def tell(**what: Any) -> None:
        print(json.dumps(what), file=out, flush=True)

    Marking(
        cells=job['cells'],
        names=job['names'],
        limits=Limits(*job['limits']),
        seed=job['seed'],
        walls=job['walls'],
        found=lambda name, hint, tried: tell(name=name, hint=hint, tried=tried),
        noted=lambda note: tell(note=note),
    ).mark()


if __name__ == '__main__':
    main()
