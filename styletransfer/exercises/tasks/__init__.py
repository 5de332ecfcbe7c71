"""The tasks of the notebooks, a module for each chapter.

Solutions are the package's own functions where it has them. Students write functions of the same
names in ``chapters/exercises``; these modules are where the answers are, so they are not for them.
"""

from __future__ import annotations

from typing import Container, Dict, List, Sequence, Set

from styletransfer.exercises.task import Task
from styletransfer.exercises.tasks import (
    any_style,
    by_hand,
    cyclegan,
    figures,
    many_styles,
    mixgan,
    moving_pictures,
    neural_style,
    one_pass,
    own_picture,
    patches,
    photographs,
    pix2pix,
    taking_control,
    the_original,
    what_the_layers_see,
    whole_transfer,
)

CHAPTERS: Dict[int, Sequence[Task]] = {
    1: (
        *neural_style.TASKS,
        by_hand.GRAM_GRADIENT,
        by_hand.SAME_WEIGHTS,
        figures.SIX_SETTINGS,
        figures.FOUR_RUNS,
        figures.WHICH_FAULT,
        whole_transfer.MENDED_LOOP,
        whole_transfer.TRANSFER,
        own_picture.MY_PICTURE,
    ),
    2: (*what_the_layers_see.TASKS, figures.WHICH_LAYER, figures.WHICH_TEXTURE),
    3: (*the_original.TASKS, by_hand.PAPER_GRADIENT, figures.WHICH_WALKER),
    4: (*taking_control.TASKS, figures.SIX_CONTROLS),
    5: patches.TASKS,
    6: photographs.TASKS,
    7: moving_pictures.TASKS,
    11: one_pass.TASKS,
    12: many_styles.TASKS,
    13: any_style.TASKS,
    21: pix2pix.TASKS,
    22: cyclegan.TASKS,
    23: mixgan.TASKS,
}

TASKS: Dict[str, Task] = {task.name: task for tasks in CHAPTERS.values() for task in tasks}


def chapters_with(names: Container[str]) -> Set[int]:
    """Return the numbers of the chapters that have a task of one of the names."""
    return {n for n, tasks in CHAPTERS.items() if any(task.name in names for task in tasks)}


def names_in(chapters: Container[int]) -> List[str]:
    """Return the names of all tasks of some chapters, in order."""
    return [task.name for n, tasks in CHAPTERS.items() if n in chapters for task in tasks]
