"""Random data that the tasks of several chapters are tried on."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence, Tuple

import numpy
from mxnet import numpy as np

from styletransfer import vgg
from styletransfer.exercises.task import Case

Rng = numpy.random.Generator
Blocks = Tuple[int, ...]


def several(one: Callable[[Rng], Case], count: int = 3) -> Callable[[Rng], List[Case]]:
    """Return a function that draws the arguments of `count` calls, one after the other."""
    return lambda rng: [one(rng) for _ in range(count)]


def array(values: Any) -> np.ndarray:
    """Return values as MXNet's array of 32-bit floats."""
    return np.array(numpy.asarray(values, 'float32'))


def sizes(rng: Rng, count: int, low: int = 3, high: int = 8) -> List[int]:
    """Return different sizes, so that no axis can be taken for another."""
    return [int(size) for size in rng.choice(numpy.arange(low, high + 1), count, replace=False)]


def features(rng: Rng) -> np.ndarray:
    """Return a layer's output for a batch of different pictures."""
    n, c, h, w = sizes(rng, 4)
    mean = rng.uniform(-1, 1, (n, c, 1, 1))
    return array(rng.normal(mean, rng.uniform(0.5, 2), (n, c, h, w)))


def layer_case(rng: Rng, kinds: Sequence[str] = ('conv', 'relu', 'pool')) -> Case:
    """Return the name of a layer of some kinds, and the blocks of a network that has it."""
    blocks = tuple(int(convs) for convs in rng.integers(2, 5, rng.integers(3, 6)))
    names = [name for name in vgg.vgg_layer_names(blocks) if name[:4] in kinds]
    return str(rng.choice(names)), blocks
