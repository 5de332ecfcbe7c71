"""The tasks of the notebooks, a module for each chapter.

Solutions are the package's own functions where it has them. Students write functions of the same
names in ``chapters/exercises``; these modules are where the answers are, so they are not for them.
"""

from __future__ import annotations

from typing import Dict

from styletransfer.exercises.checks import Task
from styletransfer.exercises.tasks import (
    neural_style,
    taking_control,
    the_original,
    what_the_layers_see,
)

CHAPTERS = (neural_style, what_the_layers_see, the_original, taking_control)

TASKS: Dict[str, Task] = {task.name: task for chapter in CHAPTERS for task in chapter.TASKS}
