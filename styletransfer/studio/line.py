"""Who is painted for when: all pages stand in one line, and one process paints."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from multiprocessing import get_context
from typing import Any, Deque, Optional

from styletransfer.studio.painter import serve
from styletransfer.studio.tasks import Event, Failed, Task

MOST_WAITING = 20
PATIENCE = 5  # seconds for the process to end by itself
SOON = 0.2  # seconds within which a wish to stop is passed on
GONE = (
    'the process that paints has ended, most likely for want of memory: try a smaller shape or '
    'another network'
)


class Ticket:
    """A task in the line, and what the one who waits for it may know and say."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.latest: Optional[Event] = None
        self.before = 0  # how many are painted before it
        self.stop = threading.Event()
        self.over = threading.Event()


class Line:
    """A thread that gives one task after another to a process, and starts it anew if it dies.

    To be closed in the end.
    """

    def __init__(self) -> None:
        self._waiting: Deque[Ticket] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._process: Any = None
        self._start()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def enter(self, task: Task) -> Ticket:
        """Return the ticket of a task that will be done when all before it are."""
        ticket = Ticket(task)
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                ticket.latest = Failed(f'{MOST_WAITING} paintings are waiting already: come later')
                ticket.over.set()
                return ticket
            self._waiting.append(ticket)
            self._count()
            self._changed.notify_all()
        return ticket

    def close(self) -> None:
        """End the process that paints, whatever it is at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._waiting:
            self._process.kill()
        self._thread.join()
        self._line.close()  # who hears this ends in peace
        self._process.join(PATIENCE)
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        context = get_context('spawn')  # a copy of this process would hang in MXNet's threads
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that we hear when the process ends

    def _count(self) -> None:
        for place, ticket in enumerate(self._waiting):
            ticket.before = place

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                ticket = self._waiting[0]
            if not ticket.stop.is_set():
                try:
                    self._do(ticket)
                except (EOFError, OSError):
                    ticket.latest = Failed(GONE, ours=True)
                    if not self._closed:
                        self._process.join()
                        self._start()
            with self._changed:
                self._waiting.popleft()
                self._count()
            ticket.over.set()

    def _do(self, ticket: Ticket) -> None:
        """Let the process do a task, and keep the latest that it tells."""
        self._line.send(ticket.task)
        asked = False
        while True:
            if ticket.stop.is_set() and not asked:
                asked = True
                self._line.send(None)
            if self._line.poll(SOON):
                told = self._line.recv()
                if told is None:
                    return
                ticket.latest = told


def closing(ticket: Ticket, then: Any) -> None:
    """Ask a task to stop, and call `then` as soon as it is over, without waiting for it."""

    def wait() -> None:
        ticket.over.wait()
        with suppress(OSError):
            then()

    ticket.stop.set()
    threading.Thread(target=wait, daemon=True).start()
