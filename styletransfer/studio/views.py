"""What the page shows of an event, as HTML; and regions out of what was painted with the brush."""

from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Optional, Sequence

import numpy

from styletransfer.studio.line import Ticket
from styletransfer.studio.tasks import Done, Event, Failed, Long, Painting, Pictures, Stopped
from styletransfer.studio.words import Words

# of the brush: the k-th is where the k-th style goes
BRUSHES = ('#d62728', '#1f77b4', '#2ca02c', '#ff9900')


def status(ticket: Ticket, words: Words) -> str:
    """Return what is to be said of a task."""
    event = ticket.latest
    if event is None:
        if ticket.before:
            return note(words('waiting', before=ticket.before))
        return note(words('beginning'), bar=0.0)
    return told(event, words)


def told(event: Event, words: Words) -> str:
    """Return what is to be said of an event."""
    if isinstance(event, Painting):
        return progress(event, words)
    if isinstance(event, Pictures):
        done = len(event.pictures)
        return note(words('sheet_step', done=done, of=event.of), bar=done / event.of)
    if isinstance(event, Done):
        return note(words('done', time=words.time(event.seconds)))
    if isinstance(event, Stopped):
        return note(words('stopped', epoch=event.epoch))
    if isinstance(event, Long):
        text = note(words('long', time=words.time(event.seconds)))
        return text + f'<pre class="plan">{escape(chr(10).join(event.table))}</pre>'
    assert isinstance(event, Failed)
    message = words.refusal(event.message)
    return note(words('fault' if event.ours else 'failed', message=message), bad=True)


def progress(event: Painting, words: Words) -> str:
    """Return how far a painting is: stage, epoch, time left, and the terms of the loss."""
    parts = [
        words('stage', stage=event.stage + 1, of=event.of, title=event.title),
        words('epoch', epoch=event.epoch, num_epochs=event.num_epochs),
    ]
    if event.seconds_left:
        parts.append(words('left', time=words.time(event.seconds_left)))
    terms = ' · '.join(f'{name} {value:.3g}' for name, value in event.terms)
    return note(' · '.join(parts), terms, bar=event.done)


def note(*lines: str, bar: Optional[float] = None, bad: bool = False) -> str:
    """Return lines of text, escaped, over a bar if there is one."""
    text = ''.join(f'<div>{escape(line)}</div>' for line in lines)
    if bar is not None:
        text += f'<progress max="1" value="{bar:.3f}"></progress>'
    return f'<div class="note{" bad" if bad else ""}" role="status">{text}</div>'


def legend(styles: Sequence[str], words: Words) -> str:
    """Return which colour of the brush is for which style."""
    names = list(styles) if len(styles) > 1 else [*styles] * len(BRUSHES)
    marks = [
        f'<span class="mark" style="background:{colour}"></span>{escape(name)}'
        for colour, name in zip(BRUSHES, names)
    ]
    return f'<div class="note">{escape(words("masks_about"))}<br>{" ".join(marks)}</div>'


def regions(painted: Optional[Dict[str, Any]]) -> List[numpy.ndarray]:
    """Return the masks of what was painted, 0 and 255, for each colour that was used.

    Parameters
    ----------
    painted : dict
        With `layers`, each of shape (height, width, 4): red, green, blue, opacity.

    Returns
    -------
    list of numpy.ndarray of shape (height, width), uint8
        In the order of `BRUSHES`. A pixel belongs to the colour next to its own, on the highest
        layer that is rather opaque there.
    """
    layers = (painted or {}).get('layers') or []
    if not layers:
        return []
    colours = numpy.array([[int(b[i : i + 2], 16) for i in (1, 3, 5)] for b in BRUSHES])
    owner = numpy.full(layers[0].shape[:2], -1)
    for layer in layers:
        apart = numpy.abs(layer[:, :, None, :3].astype(int) - colours).sum(axis=3)
        owner = numpy.where(layer[:, :, 3] > 127, apart.argmin(axis=2), owner)
    return [(255 * (owner == k)).astype('uint8') for k in numpy.unique(owner[owner >= 0])]
