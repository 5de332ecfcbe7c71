"""The tasks of chapters 1 to 4 in which pictures are told apart before anything is run.

The answers are letters, one for each thing in the exercise's list. The pictures are made by
``chapters/exercises/figures.py``, which asks here which picture gets which letter.
"""

from __future__ import annotations

from styletransfer.exercises.task import Task
from styletransfer.exercises.tasks.letters import matching

# --- chapter 1 ----------------------------------------------------------------------------------


def six_settings() -> str:
    """Return the letters of six settings: which picture each has made."""
    return 'DBFAEC'


SIX_SETTINGS = Task(
    name='six_settings',
    points=2,
    solve=six_settings,
    examine=matching(
        six_settings(),
        (
            (
                '34',
                'begin with the two that have lost their fine texture: in one of them there is no '
                'colour that the photograph has not',
            ),
            (
                '2',
                'nothing holds the outlines of the photograph in one of the runs: in which '
                'picture do the shores go over into strokes?',
            ),
            (
                '5',
                'the layer sees 3 by 3 pixels: it can ask for colours, and for no stroke',
            ),
            (
                '6',
                'who begins with noise has a long way to the photograph: which picture is not '
                'there yet?',
            ),
            ('1', 'what is left is the recipe as it is'),
        ),
    ),
)


def four_runs() -> str:
    """Return the letters of four runs, that with the smallest style loss first."""
    return 'CADB'


FOUR_RUNS = Task(
    name='four_runs',
    points=2,
    solve=four_runs,
    examine=matching(
        four_runs(),
        (
            (
                '1',
                'the smallest first: in which run does nothing pull against the style, and '
                'nothing keep the picture from moving?',
            ),
            (
                '4',
                'the largest last: Adam moves a pixel by about its step size in each epoch. How '
                'far can each of the runs come?',
            ),
            ('23', 'of the two in the middle one is pulled harder by something else than style'),
        ),
    ),
)


def which_fault() -> str:
    """Return the letters of five faults: which loop has each."""
    return 'CEADB'


WHICH_FAULT = Task(
    name='which_fault',
    points=2,
    solve=which_fault,
    examine=matching(
        which_fault(),
        (
            (
                '45',
                'two of the faults are in the way in and out, and the loop does not notice: '
                'look for a curve that is as it should be, and for what lies or looks wrong',
            ),
            (
                '3',
                'a loss can become small without the picture: which curve is too good for what '
                'its pictures show?',
            ),
            (
                '2',
                'standardised colours go from about -2 to 2.6: what is missing in a picture that '
                'may not leave 0 to 1?',
            ),
            ('1', 'do the two pictures of the batch have a style each?'),
        ),
    ),
)

# --- chapter 2 ----------------------------------------------------------------------------------


def which_layer() -> str:
    """Return the letters of five layers: which picture was rebuilt from each."""
    return 'DACEB'


WHICH_LAYER = Task(
    name='which_layer',
    points=2,
    solve=which_layer,
    examine=matching(
        which_layer(),
        (
            ('12', 'the first layers forget next to nothing: in which two is all of it there?'),
            (
                '5',
                'the deepest layer has one place for 16 by 16 pixels: where is least to be '
                'recognised?',
            ),
            ('34', 'two are left: which of them has kept more of the stones and of the sky?'),
        ),
    ),
)


def which_texture() -> str:
    """Return the letters of four sets of layers: which texture was made by each."""
    return 'BDAC'


WHICH_TEXTURE = Task(
    name='which_texture',
    points=2,
    solve=which_texture,
    examine=matching(
        which_texture(),
        (
            (
                '12',
                'begin with the smallest sets: what sees 3 pixels, or 10, knows colours and '
                'specks, and no line that goes on',
            ),
            (
                '34',
                'two are left: the largest set has seen 156 pixels at once. Where are the pieces '
                'of the painting larger?',
            ),
        ),
    ),
)

# --- chapter 3 ----------------------------------------------------------------------------------


def which_walker() -> str:
    """Return the letters of six methods: which walk through the valley is whose."""
    return 'EBFCAD'


WHICH_WALKER = Task(
    name='which_walker',
    points=2,
    solve=which_walker,
    examine=matching(
        which_walker(),
        (
            ('6', 'who knows the curvatures needs one step: which walk has a single one?'),
            (
                '12',
                'both of the plain walks go straight down the slope at each point: one with steps '
                'that are nearly too long across the valley, one with steps too short along it',
            ),
            (
                '45',
                'Adam moves both coordinates by nearly the same at first, however steep they '
                'are: look for walks that begin at 45 degrees',
            ),
            ('3', 'momentum shoots past its aim and comes back in a curve'),
        ),
    ),
)

# --- chapter 4 ----------------------------------------------------------------------------------


def six_controls() -> str:
    """Return the letters of six controls: which picture each has made."""
    return 'CFAEBD'


SIX_CONTROLS = Task(
    name='six_controls',
    points=2,
    solve=six_controls,
    examine=matching(
        six_controls(),
        (
            (
                '23',
                'two pictures have the colours of the photograph: in one of them the colours are '
                "exactly the photograph's at each pixel, in the other only on the whole",
            ),
            (
                '6',
                'in one picture the style changes at a line: there the paintings have a region '
                'each',
            ),
            ('5', 'a mixture of two paintings has the colours of both everywhere'),
            ('14', 'two are left: which of them has the larger strokes?'),
        ),
    ),
)
