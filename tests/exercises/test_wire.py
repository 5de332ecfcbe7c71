"""Values go over the line and come back as they were; whatever else comes is no message."""

import json
import pickle
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from mxnet import autograd, np
from mxnet.gluon import nn

from styletransfer import losses
from styletransfer.exercises import checks, wire
from styletransfer.exercises.calling import CrashError
from styletransfer.exercises.tasks import TASKS, neural_style
from styletransfer.exercises.wire import GoneError, Line, answered
from styletransfer.recipes import TUTORIAL


@pytest.fixture
def ends():
    """The grader's end of a line, and a student's in a thread that calls what `answers` has."""
    ours, theirs = socket.socketpair()
    grader, student = Line(ours), Line(theirs, student=True)
    grader.answers = {}

    def serve(message):
        function = grader.answers.get(message.get('name'))
        function = function or student.functions.get(message.get('number'))
        return answered(function, message['arguments'])

    def run():
        from mxnet import npx

        npx.set_np()  # is each thread's own
        with suppress(GoneError):
            while True:
                student.reply(student.receive())

    student.serve = serve
    thread = threading.Thread(target=run)
    thread.start()
    grader.end = time.monotonic() + 20
    yield grader
    ours.close()
    thread.join()
    theirs.close()


def through(grader, value):
    """Return a value that went to the student's end and back."""
    grader.answers['same'] = lambda value: value
    return grader.asked({'do': 'answer', 'name': 'same'}, [value])


VALUES = [
    *(None, True, 3, -(2**70), 2.5, float('inf'), 'Größe\n', ''),
    *([1, [2, (3,)]], (), {'a': [1], 2: (None,)}),
    *(numpy.float32(1.5), numpy.int64(3), numpy.bool_(True), numpy.str_('D')),
    replace(TUTORIAL, style_weight=3.0),
]


@pytest.mark.parametrize('value', VALUES, ids=repr)
def test_values_come_back_as_they_were(value, ends):
    got = through(ends, value)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16', 'uint8', 'int64', 'bool'])
def test_arrays_come_back_as_they_were(dtype, ends):
    array = (numpy.arange(24).reshape(2, 3, 4) % 5).astype(dtype)
    got = through(ends, [array, array.transpose(2, 0, 1), array[:0], array[0, 0, 0]])
    assert [part.dtype for part in got] == [array.dtype] * 4
    assert got[0].tolist() == array.tolist()
    assert got[1].tolist() == array.transpose(2, 0, 1).tolist()
    assert got[2].shape == (0, 3, 4)
    assert isinstance(got[3], numpy.generic)


def test_what_mxnet_computed_comes_back_as_numpys_as_a_check_has_it(ends):
    ends.answers['kind'] = lambda X: (type(X) is np.ndarray, X * 2)
    there, doubled = ends.asked({'name': 'kind'}, [np.array([1.0, 2.0])])
    assert there
    assert type(doubled) is numpy.ndarray
    assert doubled.tolist() == [2, 4]


def test_numbers_of_other_kinds_are_numbers(ends):
    ends.answers['numbers'] = lambda: [Fraction(1, 2), Decimal('0.25')]
    assert ends.asked({'name': 'numbers'}, []) == [0.5, 0.25]


@pytest.mark.parametrize(
    'value',
    [{1}, range(3), b'x', object(), Exception(), numpy.array([object()]), iter([1]), dict],
    ids=lambda value: type(value).__name__,
)
def test_of_all_else_only_the_name_of_its_type_is_told(value, ends):
    ends.answers['odd'] = lambda: value
    got = ends.asked({'name': 'odd'}, [])
    assert type(got).__name__ == type(value).__name__
    assert not vars(got)
    assert checks.difference(got, 1.5).startswith('it must return one number, not a')


def test_functions_stay_where_they_are(ends):
    ends.answers['twice'] = lambda run, x: run(run(x))
    here = []
    assert ends.asked({'name': 'twice'}, [lambda x: here.append(x) or x + 1, 5]) == 7
    assert here == [5, 6]
    ends.answers['adder'] = lambda n: lambda x: x + n
    assert ends.asked({'name': 'adder'}, [3])(4) == 7
    ends.answers['of_package'] = lambda gram: gram is losses.gram
    assert ends.asked({'name': 'of_package'}, [losses.gram])


def test_an_error_of_either_side_is_told_on_the_other(ends):
    def fail():
        raise KeyError('no key')

    def calls(run):
        with pytest.raises(KeyError, match='no key'):
            run()
        raise ValueError('of the student')

    ends.answers['calls'] = calls
    with pytest.raises(CrashError, match='your code raised ValueError: of the student'):
        ends.asked({'name': 'calls'}, [fail])


def test_what_is_done_to_arguments_is_done_to_ours(ends):
    def spoil(x, pair, values):
        x += 1
        pair[0][:] = 5
        values.append(2)

    ends.answers['spoil'] = spoil
    x, y, values = np.zeros(2), numpy.zeros(2), [1]
    ends.asked({'name': 'spoil'}, [x, (y, 1), values])
    assert (x.tolist(), y.tolist(), values) == ([1, 1], [5, 5], [1, 2])


def test_a_network_is_built_anew_and_one_that_comes_back_computes_where_it_is(ends):
    net = neural_style.toy_net(numpy.random.default_rng(3))
    net[2].weight.grad_req, net[0].bias.lr_mult = 'null', 0.5
    X = np.random.normal(0, 1, (1, 3, 6, 7))
    seen = []

    def doubled(there):
        assert there is not net
        seen[:] = [(w.grad_req, w.lr_mult) for w in there.collect_params().values()]

        class Doubled(nn.Block):
            def __init__(self):
                super().__init__()
                self.net = there

            def forward(self, X):
                return 2 * self.net(X)

        return Doubled()

    ends.answers['doubled'] = doubled
    got = ends.asked({'name': 'doubled'}, [net])
    assert seen == [(w.grad_req, w.lr_mult) for w in net.collect_params().values()]
    assert type(got).__name__ == 'Doubled'
    assert isinstance(got, nn.Block)
    ours, theirs = (
        [(w.data().asnumpy().tolist(), w.grad_req) for w in one.collect_params().values()]
        for one in (net, got)
    )
    assert ours == theirs
    slopes = []
    for one in (net, got):
        x = X.copy()
        x.attach_grad()
        with autograd.record():
            l = np.square(one(x)).mean()
        l.backward()
        slopes.append((float(l), x.grad.asnumpy()))
    assert slopes[1][0] == pytest.approx(4 * slopes[0][0], rel=1e-5)
    assert abs(slopes[1][1] - 4 * slopes[0][1]).max() < 1e-6


def test_all_that_tasks_give_can_be_sent():
    line = Line(None)
    for task in TASKS.values():
        for case in task.cases(numpy.random.default_rng(1)):
            json.dumps(line._tree(case, []))


@pytest.mark.parametrize('value', ['x' * 5_000_000, numpy.zeros(10**7)], ids=['text', 'array'])
def test_what_is_too_large_is_told(value, ends):
    ends.answers['large'] = lambda: value
    with pytest.raises(CrashError, match='too large'):
        ends.asked({'name': 'large'}, [])


# --- what is no message -------------------------------------------------------------------------


def framed(text, data=b''):
    return struct.pack('>II', len(text), len(data)) + text + data


def message(value, kinds=(), data=b'', question=1):
    told = {'done': 'ok', 'value': value, 'question': question}
    return framed(json.dumps([told, list(kinds)]).encode(), data)


def test_what_these_are_made_of_is_a_message():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(message({'numpy': 0}, [('<f4', [2])], bytes(8)))
        assert Line(ours).asked({'do': 'answer'}, []).tolist() == [0, 0]


HOSTILE = {
    'nothing': b'',
    'a part': framed(b'[{}, []]')[:9],
    'a pickle': framed(pickle.dumps(print)),
    'too large': struct.pack('>II', 2**31, 2**31),
    'too long': struct.pack('>II', 5_000_000, 0),
    'not json': framed(b'{'),
    'deep': framed(b'[' * 10**6),
    'a list': framed(b'[1, 2, 3]'),
    'a number': framed(b'5'),
    'another kind': message({'run': 'print'}),
    'two kinds': message({'list': [], 'tuple': []}),
    'a bare list': message([1]),
    'an array of objects': message({'numpy': 0}, [('|O', [1])], bytes(8)),
    'an array too short': message({'numpy': 0}, [('<f4', [3])], bytes(8)),
    'an array too long': message({'numpy': 0}, [('<f4', [1])], bytes(8)),
    'an array below nothing': message({'numpy': 0}, [('<f4', [-1, -2])], bytes(8)),
    'an array with too many axes': message({'numpy': 0}, [('<f4', [1] * 33)], bytes(4)),
    'an array of text': message({'numpy': 0}, [('<f4', 'ab')], bytes(4)),
    'no array': message({'numpy': 3}),
    'a function of the package': message({'named': ['styletransfer.files', 'remove_unfinished']}),
    'a network': message({'network': [['HybridSequential', []], []]}),
    'a recipe that is none': message({'recipe': ['replace', {}]}),
    'a recipe with odd parts': message({'recipe': ['Recipe', {'odd': 1}]}),
    'keys that are none': message({'dict': [[{'list': []}, 1]]}),
    'our function of another number': message({'yours': 12}),
    'a weight that is none': message(
        {'block': ['Net', 1, 2, [[0, 'write', 1.0]]]}, [('<i4', [0])], b''
    ),
    'a huge number': framed(b'[{"done": "ok", "value": ' + b'9' * 10**5 + b'}, []]'),
    'a call of what was not given': framed(b'[{"do": "call", "number": 5}, []]'),
    'an answer to another question': message(5, question=2),
    'another wish': framed(b'[{"do": "cell", "source": "1"}, []]'),
    'a call of a list': framed(b'[{"do": "call", "number": []}, []]'),
}


@pytest.mark.parametrize('name', HOSTILE)
def test_what_is_no_message_ends_the_line_and_harms_nobody(name):
    ours, theirs = socket.socketpair()
    line = Line(ours)
    line.end = time.monotonic() + 20
    sent = threading.Thread(target=_send, args=(theirs, HOSTILE[name]))
    sent.start()
    with ours, pytest.raises(GoneError, match='died'):
        line.asked({'do': 'answer'}, [])
    assert line.gone == 'died'
    sent.join()


def _send(connection, data):
    with connection:
        connection.recv(1 << 20)
        with suppress(OSError):  # nobody reads on
            connection.sendall(data)


def test_who_waits_does_not_wait_longer_than_said(monkeypatch):
    monkeypatch.setattr(wire, 'GRACE', 0)
    ours, theirs = socket.socketpair()
    line = Line(ours)
    line.end = time.monotonic() + 0.05
    with ours, theirs, pytest.raises(GoneError):
        line.asked({'do': 'answer'}, [])
