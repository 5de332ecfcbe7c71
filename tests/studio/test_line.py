"""The line: one at a time, in order; a stop is passed on, and a painter that dies is told."""

from threading import Thread

import pytest
from fake_painter import serve

from styletransfer.studio import line as module
from styletransfer.studio.line import GONE, MOST_WAITING, Line, closing
from styletransfer.studio.tasks import Failed

SECONDS = 120  # to wait for what takes none; many machines are slow and busy


@pytest.fixture
def line(monkeypatch):
    monkeypatch.setattr(module, 'serve', serve)
    line = Line()
    yield line
    line.close()


def over(ticket):
    assert ticket.over.wait(SECONDS), 'waited too long'
    return ticket.latest


def begun(ticket):
    for _ in range(100 * SECONDS):
        if ticket.latest:
            return ticket.latest
        ticket.over.wait(0.01)
    raise AssertionError('waited too long')


def test_one_is_painted_after_the_other(line):
    first, second, third = (line.enter(task) for task in ('wait', 'wait', 'third'))
    assert begun(first) == ('begun', 'wait')
    assert [ticket.before for ticket in (first, second, third)] == [0, 1, 2]
    assert second.latest is None
    first.stop.set()
    assert over(first) == ('done', 'wait')
    assert begun(second) == ('begun', 'wait')
    assert third.before == 1
    second.stop.set()
    assert over(third) == ('done', 'third')


def test_who_stops_while_waiting_is_never_painted(line):
    first, second, third = (line.enter(task) for task in ('wait', 'second', 'third'))
    second.stop.set()
    begun(first)
    first.stop.set()
    assert over(third) == ('done', 'third')
    assert over(second) is None


def test_a_painter_that_dies_is_told_and_another_takes_its_place(line):
    first, second = line.enter('die'), line.enter('second')
    assert over(first) == Failed(GONE, ours=True)
    assert over(second) == ('done', 'second')


def test_a_stop_that_comes_too_late_is_not_the_next_ones(line):
    first = line.enter('first')
    over(first)
    line._line.send(None)  # as if it had been sent the moment before
    assert over(line.enter('second')) == ('done', 'second')


def test_who_closes_waits_for_no_painting(line):
    ticket = line.enter('wait')  # which nobody asks to stop
    begun(ticket)
    closer = Thread(target=line.close, daemon=True)
    closer.start()
    assert over(ticket) == Failed(GONE, ours=True)
    closer.join(SECONDS)
    assert not closer.is_alive()


def test_too_many_are_sent_away(line):
    tickets = [line.enter('wait') for _ in range(MOST_WAITING + 1)]
    assert 'come later' in over(tickets[-1]).message
    for ticket in tickets:
        ticket.stop.set()
    assert over(tickets[-2]) is None


def test_what_follows_a_stop_waits_for_it(line):
    done = []
    ticket = line.enter('wait')
    begun(ticket)
    closing(ticket, lambda: done.append(ticket.latest))
    over(ticket)
    for _ in range(1000):
        if done:
            break
        ticket.stop.wait(0.01)
        __import__('time').sleep(0.01)
    assert done == [('done', 'wait')]
