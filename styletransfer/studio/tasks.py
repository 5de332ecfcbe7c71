"""What pages ask the process that paints, and what it tells them: tasks and events."""

from __future__ import annotations

from typing import Callable, NamedTuple, Tuple, Union

from styletransfer.studio.orders import Order


class Paint(NamedTuple):
    """The task to paint an order; if it takes long, only if the user is sure."""

    folder: str
    order: Order
    sure: bool = False


class GoOn(NamedTuple):
    """The task to go on with the painting that was stopped."""

    folder: str


class Sheet(NamedTuple):
    """The task to paint one photo in each of many styles, small, in one pass."""

    folder: str
    photo: str
    styles: Tuple[str, ...]
    net: str


Task = Union[Paint, GoOn, Sheet]


class Long(NamedTuple):
    """It would take long: nothing is painted yet."""

    seconds: float
    table: Tuple[str, ...]


class Painting(NamedTuple):
    """How far a painting is."""

    title: str
    stage: int  # from 0
    of: int
    epoch: int
    num_epochs: int
    done: float  # 0-1, of all stages together
    seconds_left: float
    terms: Tuple[Tuple[str, float], ...]
    picture: str = ''  # a file in the folder, and one of curves, as soon as there are
    curves: str = ''


class Pictures(NamedTuple):
    """The pictures of a contact sheet so far: pairs of style and file; and of how many."""

    pictures: Tuple[Tuple[str, str], ...]
    of: int


class Done(NamedTuple):
    """It is painted: pictures before and after, and the files to download, in the folder.

    Of a contact sheet there is no before and after.
    """

    before: str
    after: str
    files: Tuple[str, ...]
    seconds: float


class Stopped(NamedTuple):
    """It was stopped, and can be gone on with."""

    epoch: int
    picture: str


class Failed(NamedTuple):
    """It cannot be; `ours` tells that the fault is the program's."""

    message: str
    ours: bool = False


Event = Union[Long, Painting, Pictures, Done, Stopped, Failed]
Tell = Callable[[Event], None]
