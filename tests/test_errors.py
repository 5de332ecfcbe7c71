"""Errors are told in one line, whoever raised them and whatever they wrote into it."""

import doctest

import mxnet as mx
import pytest
from mxnet import numpy as np

from styletransfer import errors
from styletransfer.errors import printable, telling_line


def test_the_examples_are_right():
    assert doctest.testmod(errors) == (0, 2)  # failed, attempted


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('café 图 ~', 'café 图 ~'),
        ('\x1b]0;title\x07', r'\x1b]0;title\x07'),
        ('a\nb\r\tc\x85', r'a\nb\r\tc\x85'),
        ('\udcff\u202egnp.exe', r'\udcff\u202egnp.exe'),
    ],
)
def test_what_rules_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown
    shown.encode()


def test_of_mxnets_errors_the_line_behind_the_traceback_is_told(tmp_path):
    path = tmp_path / 'junk.params'
    path.write_bytes(b'junk' * 9)
    for call, line in (
        (lambda: mx.nd.load(str(path)), 'Invalid NDArray file format'),
        (lambda: mx.nd.load(str(path) + 'x'), 'No such file or directory'),
        (lambda: np.ones(6).reshape(7), 'Cannot reshape array of size 6 into shape [7]'),
        (lambda: np.dot(np.ones((2, 3)), np.ones((2, 3))), 'Shape inconsistent, Provided'),
    ):
        with pytest.raises(mx.MXNetError) as caught:
            call().asnumpy()
        assert telling_line(caught.value).startswith(line)


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (OSError(28, 'No space left on device', 'x.png'), 'No space left on device'),
        (ValueError('\n  first\nsecond'), 'first'),
        (EOFError(), 'EOFError'),
        (ValueError('\x1b[2J'), r'\x1b[2J'),
        (ValueError('Check failed: x == y'), 'Check failed: x == y'),
        (ValueError('12' * 200), '12' * 100 + ' ...'),
    ],
)
def test_of_other_errors_the_reason_is_told(error, line):
    assert telling_line(error) == line
