"""What goes into a student's function and comes out of it: copies, plain values, their names.

Where students' code runs when it is marked, this module is there and the tasks are not.
"""

from __future__ import annotations

from typing import Any

import numpy
from mxnet import numpy as np


def copied(value: Any) -> Any:
    """Return a copy that a student's function may spoil."""
    if isinstance(value, (np.ndarray, numpy.ndarray)):
        return value.copy()
    if isinstance(value, (tuple, list)):
        return type(value)(copied(part) for part in value)
    return value


def plain(value: Any) -> Any:
    """Return a value with NumPy's arrays in place of MXNet's, which may not be computed yet."""
    if isinstance(value, np.ndarray):
        return value.asnumpy()
    if type(value) in (tuple, list):
        return type(value)(plain(part) for part in value)
    return value


def describe(value: Any) -> str:
    """Return in a few words what a value is."""
    if isinstance(value, (np.ndarray, numpy.ndarray)):
        return f'an array of shape {tuple(value.shape)}'
    if isinstance(value, (bool, str, int, float)):
        return f'{type(value).__name__} {str(value)[:40]!r}' if value != '' else 'an empty str'
    if isinstance(value, (tuple, list)):
        return f'a {type(value).__name__} of {len(value)}'
    return f'a {type(value).__name__}'
