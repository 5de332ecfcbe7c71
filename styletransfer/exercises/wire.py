"""Between the grader and a student's process: values as plain data, and the line they go over.

A message is a line of JSON and the bytes of its arrays. Nothing in it can be run, as what is
pickled could, and whoever receives one bounds its size and checks all of it. A function stays
where it is: the other side gets one that asks for its results. So does what a student returns as
a network; one that a task gives is built anew, of the layers and numbers that it is made of.
"""

from __future__ import annotations

import builtins
import importlib
import json
import numbers
import socket
import struct
import time
from dataclasses import fields, is_dataclass
from decimal import Decimal
from math import prod
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
from mxnet import autograd, init, nd
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer import recipes
from styletransfer.exercises.calling import CrashError, guarded
from styletransfer.exercises.values import copied, plain

MOST = 64_000_000  # bytes of a message's arrays
LONGEST = 4_000_000  # bytes of its JSON, which as Python's objects is many times as large
GRACE = 3  # seconds that the other side has to say that its time was not enough
LONGEST_NAME = 80  # letters of a type's
TYPES = {numpy.dtype(name).str for name in ('?', 'B', 'H', 'I', 'L', 'b', 'h', 'i', 'l')}
TYPES |= {numpy.dtype(name).str for name in ('e', 'f', 'd', 'F', 'D')}
_HEAD = struct.Struct('>II')  # bytes of JSON, bytes of arrays

Message = Dict[str, Any]


class GoneError(BaseException):
    """The other side has ended ('died'), or what it was asked took too long ('timeout').

    No ``except Exception`` of a task's takes this for a student's mistake.
    """

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class MalformedError(Exception):
    """What came over the line is no message, or not one that may be there."""


class Elsewhere:
    """A function of the other side's: to call it is to ask for what it returns."""

    def __init__(self, line: Line, number: int) -> None:
        self.line, self.number = line, number

    def __call__(self, *arguments: Any) -> Any:
        """Ask for the result."""
        return self.line.asked({'do': 'call', 'number': self.number}, arguments)


class NetworkElsewhere(nn.Block):
    """A network of a student's: its weights are copied, and it is the student's that computes."""

    def __init__(self, outputs: Elsewhere, gradient: Elsewhere) -> None:
        super().__init__()
        self.outputs, self.gradient = outputs, gradient

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return what the student's network makes of X; its gradient is asked for, too."""
        return _OutputsElsewhere(self.outputs, self.gradient)(X)


class _OutputsElsewhere(autograd.Function):
    def __init__(self, outputs: Elsewhere, gradient: Elsewhere) -> None:
        super().__init__()
        self.outputs, self.gradient = outputs, gradient

    def forward(self, X: np.ndarray) -> np.ndarray:
        self.save_for_backward(X)
        return np.array(_floats(self.outputs(X)))

    def backward(self, head: nd.NDArray) -> nd.NDArray:
        (X,) = self.saved_tensors
        return np.array(_floats(self.gradient(X.asnumpy(), head.asnumpy()))).as_nd_ndarray()


def _floats(value: Any) -> numpy.ndarray:
    return numpy.asarray(value, 'float32')


def _slope_of(net: nn.Block) -> Callable[[numpy.ndarray, numpy.ndarray], numpy.ndarray]:
    """Return the function that leads a gradient back through a network."""

    def gradient(X: numpy.ndarray, head: numpy.ndarray) -> numpy.ndarray:
        x = np.array(X)
        x.attach_grad()
        with autograd.record():
            Y = net(x)
        Y.backward(np.array(head))
        return x.grad.asnumpy()

    return gradient


class Line:
    """One end of the line.

    Parameters
    ----------
    connection : socket
    student : bool
        Whether this is the student's end: only there are networks built, and functions found, by
        what comes over the line.
    """

    def __init__(self, connection: socket.socket, student: bool = False) -> None:
        self.connection, self.student = connection, student
        self.functions: Dict[int, Callable[..., Any]] = {}  # that the other side may call
        self.end: Optional[float] = None  # of the time that the other side has for what is asked
        self.gone = ''  # how the other side ended
        self.count = 0  # of the questions asked
        self.serve: Callable[[Message], Message] = self.called

    def begin(self, seconds: float) -> None:
        """Give the other side some time, from now on, and none of the functions it had."""
        self.functions.clear()
        self.end, self.gone = time.monotonic() + seconds, ''

    # --- messages ---------------------------------------------------------------------------

    def send(self, message: Message) -> None:
        """Send a message; its entries ``value`` and ``arguments`` may be any values."""
        arrays: List[numpy.ndarray] = []
        tree = {
            key: self._tree(part, arrays) if key in ('value', 'arguments') else part
            for key, part in message.items()
        }
        kinds = [(array.dtype.str, array.shape) for array in arrays]
        text = json.dumps([tree, kinds]).encode()
        data = b''.join(array.tobytes() for array in arrays)
        if len(text) > LONGEST or len(data) > MOST:
            raise CrashError('what it returned is too large: more than 4 MB, of arrays 64 MB')
        try:
            self.connection.settimeout(self._wait())
            self.connection.sendall(_HEAD.pack(len(text), len(data)) + text + data)
        except OSError:
            raise self._lost() from None

    def receive(self) -> Message:
        """Return the next message.

        Raises
        ------
        GoneError
            If none comes in time, what comes is none, or the other side has ended.
        """
        sizes = _HEAD.unpack(self._bytes(_HEAD.size))
        if sizes[0] > LONGEST or sizes[1] > MOST:
            raise self._lost()
        text, data = (self._bytes(size) for size in sizes)
        try:
            tree, kinds = json.loads(text)
            arrays = list(_arrays(kinds, data))
            return {
                key: self._value(part, arrays) if key in ('value', 'arguments') else part
                for key, part in tree.items()
            }
        except Exception:  # of hostile data each kind ends in another one
            raise self._lost() from None

    def _bytes(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                self.connection.settimeout(self._wait())
                part = self.connection.recv(min(count, 1 << 20))
            except OSError:  # it took too long, or the line is cut
                part = b''
            if not part:
                raise self._lost()
            parts.append(part)
            count -= len(part)
        return b''.join(parts)

    def _wait(self) -> Optional[float]:
        """Return for how long to wait: a little longer than the other side was given."""
        return None if self.end is None else max(0.001, self.end + GRACE - time.monotonic())

    def _lost(self, status: str = 'died') -> GoneError:
        self.gone = status
        return GoneError(status)

    # --- questions and answers --------------------------------------------------------------

    def ask(self, message: Message) -> Message:
        """Send a message, answer what the other side asks meanwhile, and return its answer.

        Raises
        ------
        GoneError
            As of `receive`; also if the answer is to another question.
        """
        self.count += 1
        question = self.count
        self.send({**message, 'question': question})
        while True:
            got = self.receive()
            if 'done' in got:
                if got.get('question') != question:
                    raise self._lost()
                return got
            self.reply(got)

    def reply(self, message: Message) -> None:
        """Answer a message of the other side's."""
        to = {'question': message.get('question')}
        answer = self.serve(message)
        try:
            self.send({**answer, **to})
        except CrashError as crash:
            self.send({'done': 'crash', 'text': str(crash), **to})
        except Exception as error:
            text = f'what it returned cannot be checked ({type(error).__name__}: {error})'
            self.send({'done': 'crash', 'text': text[:1000], **to})

    def asked(self, message: Message, arguments: Sequence[Any]) -> Any:
        """Return what a function of the other side's returns, with what it did to arguments.

        Raises
        ------
        CrashError
            If it raised, and it is a student's.
        """
        if self.end is not None:
            message = {**message, 'seconds': max(0.01, self.end - time.monotonic())}
        got = self.ask({**message, 'arguments': tuple(arguments)})
        if got['done'] == 'timeout':
            raise self._lost('timeout')
        if got['done'] == 'crash':
            raise CrashError(str(got.get('text'))[:1000])
        if got['done'] == 'error':
            kind = getattr(builtins, str(got.get('name')), RuntimeError)
            known = isinstance(kind, type) and issubclass(kind, Exception)
            raise (kind if known else RuntimeError)(got.get('text'))
        if 'arguments' in got:
            _spoil(tuple(arguments), got['arguments'])
        return got.get('value')

    def called(self, message: Message) -> Message:
        """Call one of the functions that the other side was given, and return the answer."""
        number = message.get('number')
        function = self.functions.get(number) if isinstance(number, int) else None
        if message.get('do') != 'call' or function is None:
            raise self._lost()
        arguments = message.get('arguments', ())
        try:
            return {'done': 'ok', 'value': function(*arguments)}
        except CrashError as crash:
            return {'done': 'crash', 'text': str(crash)}
        except Exception as error:
            return {'done': 'error', 'name': type(error).__name__, 'text': str(error)[:1000]}

    def _number(self, function: Callable[..., Any]) -> int:
        self.functions[id(function)] = function
        return id(function)

    # --- values -----------------------------------------------------------------------------

    def _tree(self, value: Any, arrays: List[numpy.ndarray]) -> Any:
        """Return a value as JSON has it, its arrays in a list beside it."""
        if value is None or type(value) in (bool, str, float):
            return value
        if type(value) is int and value.bit_length() < 10_000:
            return value
        if isinstance(value, numpy.str_):
            return {'str_': str(value)}
        if isinstance(value, np.ndarray):
            return {'mxnet': _put(value.asnumpy(), arrays)}
        if isinstance(value, (numpy.ndarray, numpy.generic)):
            kind = 'numpy' if isinstance(value, numpy.ndarray) else 'number'
            value = numpy.asarray(value)
            if value.dtype == numpy.longdouble:
                value = value.astype('float64')
            if value.dtype.newbyteorder('=').str not in TYPES:
                return {'other': 'ndarray'}
            return {kind: _put(value, arrays)}
        if isinstance(value, (numbers.Real, Decimal)):
            return float(value)
        if isinstance(value, (list, tuple)):
            kind = 'list' if isinstance(value, list) else 'tuple'
            return {kind: [self._tree(part, arrays) for part in value]}
        if isinstance(value, dict):
            return {'dict': [[self._tree(p, arrays) for p in pair] for pair in value.items()]}
        if is_dataclass(value) and type(value).__module__ == recipes.__name__:
            parts = {
                one.name: self._tree(getattr(value, one.name), arrays) for one in _told(value)
            }
            return {'recipe': [type(value).__name__, parts]}
        return self._active(value, arrays)

    def _active(self, value: Any, arrays: List[numpy.ndarray]) -> Any:
        """Return what does something as what can be said of it."""
        if isinstance(value, Elsewhere):
            return {'yours': value.number}
        if isinstance(value, NetworkElsewhere):
            return {'yours': value.outputs.number}
        if isinstance(value, nn.Block):
            if not self.student:
                return {'network': [_layers(value), self._weights(value, arrays)]}
            slope = _slope_of(value)
            numbers_ = [self._number(value), self._number(slope)]
            return {'block': [type(value).__name__, *numbers_, self._weights(value, arrays)]}
        if callable(value) and not isinstance(value, type):
            found = getattr(value, '__module__', None), getattr(value, '__qualname__', '')
            if not self.student and _of_package(*found) is value:
                return {'named': found}
            return {'function': self._number(value)}
        return {'other': type(value).__name__[:LONGEST_NAME]}

    def _weights(self, net: nn.Block, arrays: List[numpy.ndarray]) -> List[Any]:
        return [
            [_put(weight.data().asnumpy(), arrays), weight.grad_req, float(weight.lr_mult)]
            for weight in net.collect_params().values()
        ]

    def _value(self, tree: Any, arrays: List[numpy.ndarray]) -> Any:
        """Return the value that `_tree` made a tree of."""
        if not isinstance(tree, dict):
            if isinstance(tree, list):
                raise MalformedError
            return tree
        ((kind, part),) = tree.items()
        if kind in ('list', 'tuple'):
            values = [self._value(one, arrays) for one in part]
            return values if kind == 'list' else tuple(values)
        if kind == 'dict':
            return {self._value(key, arrays): self._value(one, arrays) for key, one in part}
        if kind == 'str_':
            return numpy.str_(part)
        if kind in ('numpy', 'mxnet', 'number'):
            array = arrays[part]
            if kind == 'mxnet':
                return np.array(array, dtype=array.dtype)
            return array if kind == 'numpy' else array[()]
        if kind == 'recipe':
            made = {name: self._value(one, arrays) for name, one in part[1].items()}
            return _of_recipes(part[0])(**made)
        if kind == 'function':
            return Elsewhere(self, part)
        if kind == 'yours':
            return self.functions[part]
        if kind == 'other':
            return type(str(part)[:LONGEST_NAME], (), {})()
        return self._built(kind, part, arrays)

    def _built(self, kind: str, part: Any, arrays: List[numpy.ndarray]) -> Any:
        """Return a network, or the package's function of a name."""
        if kind == 'block':
            name, outputs, slope, weights = part
            made = type(str(name)[:LONGEST_NAME], (NetworkElsewhere,), {})
            block = made(Elsewhere(self, outputs), Elsewhere(self, slope))
            for i, (at, _, _) in enumerate(weights):
                if arrays[at].dtype.kind != 'f' or not arrays[at].size:
                    raise MalformedError
                block.params.get(f'weight{i}', shape=arrays[at].shape, dtype=arrays[at].dtype)
            _set(block, weights, arrays)
            return block
        if kind == 'network' and self.student:
            layers, weights = part
            net = _network(layers)
            _set(net, weights, arrays)
            return net
        if kind == 'named' and self.student:
            return _of_package(*part)
        raise MalformedError


def _put(array: numpy.ndarray, arrays: List[numpy.ndarray]) -> int:
    arrays.append(array.astype(array.dtype.newbyteorder('=')))
    return len(arrays) - 1


def _arrays(kinds: Any, data: bytes) -> Any:
    """Yield the arrays whose numbers lie in a row; they must fill it."""
    at = 0
    for name, shape in kinds:
        if name not in TYPES or len(shape) > 16 or min(shape, default=0) < 0:
            raise MalformedError
        dtype = numpy.dtype(name)
        size = prod(shape) * dtype.itemsize
        if at + size > len(data):
            raise MalformedError
        yield numpy.frombuffer(data[at : at + size], dtype).reshape(shape).copy()
        at += size
    if at != len(data):
        raise MalformedError


def _told(value: Any) -> Any:
    return [one for one in fields(value) if one.init]


def _of_recipes(name: Any) -> Any:
    made = getattr(recipes, str(name))
    if not (isinstance(made, type) and is_dataclass(made)):
        raise MalformedError
    return made


def _of_package(module: Any, name: Any) -> Any:
    """Return the package's function of a name, None if it is of the exercises or is not there."""
    module, name = str(module), str(name)
    inside = module.startswith('styletransfer.') and '.exercises' not in module
    return getattr(importlib.import_module(module), name, None) if inside else None


def _spoil(before: Any, after: Any) -> None:
    """Do to arguments what was done to their copies on the other side."""
    if isinstance(before, (np.ndarray, numpy.ndarray)):
        if getattr(after, 'shape', None) == before.shape:
            before[...] = after
    elif isinstance(before, list):
        before[:] = after
    elif isinstance(before, tuple):
        for old, new in zip(before, after):
            _spoil(old, new)


# --- networks, layer by layer -------------------------------------------------------------------

_POOLINGS = {'max': nn.MaxPool2D, 'avg': nn.AvgPool2D}


def _layers(net: nn.Block) -> List[Any]:
    """Return of what layers a network is made, as JSON has it."""
    if type(net) in (nn.HybridSequential, nn.Sequential):
        return [type(net).__name__, [_layers(layer) for layer in net]]
    if type(net) is nn.Activation:
        return ['Activation', {'activation': net._act_type}]
    if type(net) is nn.Conv2D:
        how = net._kwargs
        told = {'channels': net._channels, 'in_channels': net._in_channels}
        told.update(kernel_size=how['kernel'], strides=how['stride'], padding=how['pad'])
        told.update(dilation=how['dilate'], groups=how['num_group'], use_bias=not how['no_bias'])
        return ['Conv2D', {**told, 'activation': net.act and net.act._act_type}]
    if type(net) in _POOLINGS.values():
        how = net._kwargs
        told = {'pool_size': how['kernel'], 'strides': how['stride'], 'padding': how['pad']}
        return [type(net).__name__, {**told, 'ceil_mode': how['pooling_convention'] == 'full'}]
    raise TypeError(f'a {type(net).__name__} cannot be sent to a student: say in wire how')


def _network(told: Any) -> nn.Block:
    name, how = told
    if not isinstance(how, list):
        lists = {key: tuple(part) if isinstance(part, list) else part for key, part in how.items()}
        return getattr(nn, name)(**lists)
    net = getattr(nn, name)()
    for layer in how:
        net.add(_network(layer))
    return net


def _set(net: nn.Block, weights: Any, arrays: Sequence[numpy.ndarray]) -> None:
    """Give a network's weights their numbers, and what is said of their gradients."""
    parameters = list(net.collect_params().values())
    for weight, (at, grad_req, lr_mult) in zip(parameters, weights):
        weight.initialize(init.Zero())
        weight.set_data(np.array(arrays[at]))
        weight.grad_req = grad_req
        weight.lr_mult = lr_mult


def answered(answer: Callable[..., Any], arguments: Tuple[Any, ...]) -> Message:
    """Call a student's function, and return the answer to send, with what became of arguments."""
    before = copied(arguments)
    try:
        message: Message = {'done': 'ok', 'value': guarded(answer)(*arguments)}
    except CrashError as crash:
        return {'done': 'crash', 'text': str(crash)}
    if not _alike(before, arguments):
        message['arguments'] = arguments
    return message


def _alike(before: Any, after: Any) -> bool:
    """Return whether arrays and lists are as they were; of all else nothing is asked."""
    if isinstance(before, (np.ndarray, numpy.ndarray)):
        return numpy.array_equal(plain(before), plain(after), equal_nan=True)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_alike, before, after))
    return before is after or (isinstance(before, (int, float, str)) and before == after)
