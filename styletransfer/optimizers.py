"""What may train the picture in place of Adam: L-BFGS as Gatys used it, and a scaled gradient.

Importing this module registers both with MXNet, so that the book's loop takes them by name::

    trainer = gluon.Trainer(gen_img.collect_params(), 'lbfgs', {'learning_rate': lr})
    ...
    l.backward()
    trainer.optimizer.loss = l  # L-BFGS asks for it; the others do not look
    trainer.step(1)
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import mxnet as mx
import numpy
from mxnet import gluon
from mxnet import numpy as np

from styletransfer.errors import InputError
from styletransfer.lbfgs import Search

Arrays = Dict[str, numpy.ndarray]


class Method(NamedTuple):
    """What the rest of the package has to know of an optimiser."""

    description: str
    # what it is made with besides a step size, given mean and standard deviation of the colours
    params: Callable[[np.ndarray, np.ndarray], Dict[str, Any]] = lambda mean, std: {}
    searches: bool = False  # it finds the length of its steps by trials; the step size is idle
    # in float32, that it holds beyond the two of Adam, and beyond two for each remembered step
    pictures: int = 0
    # the arrays in what it remembers of a parameter, and the way back into a fresh such memory;
    # into the parameter, too, where that is not the picture but the next one to be tried
    kept: Callable[[Any], Arrays] = lambda memory: {}
    put_back: Callable[[Any, Arrays, mx.nd.NDArray], None] = lambda memory, arrays, weight: None


def black_and_white(mean: np.ndarray, std: np.ndarray) -> Dict[str, np.ndarray]:
    """Return the bounds between which a standardised picture has colours that can be shown."""
    mean, std = mean.reshape(1, 3, 1, 1), std.reshape(1, 3, 1, 1)
    return {'low': (0 - mean) / std, 'high': (1 - mean) / std}


def _averages(memory: Sequence[mx.nd.NDArray]) -> Arrays:
    mean, variance = memory
    return {'mean': mean.asnumpy(), 'variance': variance.asnumpy()}


def _restore_averages(
    memory: Sequence[mx.nd.NDArray], arrays: Arrays, weight: mx.nd.NDArray
) -> None:
    mean, variance = memory
    mean[:], variance[:] = arrays['mean'], arrays['variance']


def _restore_search(search: Search, arrays: Arrays, weight: mx.nd.NDArray) -> None:
    search.restore(arrays)
    weight[:] = search.next_point().reshape(weight.shape)


OPTIMIZERS = {
    'adam': Method(
        "each number of the picture has a step size of its own (the book's choice)",
        kept=_averages,
        put_back=_restore_averages,
    ),
    'lbfgs': Method(
        'learns the curvature from the last steps: fewer steps, each chosen by a line search',
        searches=True,
        pictures=5,  # measured: what is known of the line
        kept=Search.arrays,
        put_back=_restore_search,
    ),
    'scaledgradient': Method(
        'plain descent, the gradient divided by its standard deviation', params=black_and_white
    ),
}


@mx.optimizer.register
class LBFGS(mx.optimizer.Optimizer):
    r"""L-BFGS: descent that knows how the slope changes.

    .. math:: \mathbf{x} \leftarrow \mathbf{x} - \alpha \mathbf{H} \nabla l(\mathbf{x})

    where :math:`\mathbf{H}` stands for the inverse of the matrix of second derivatives. It is
    never written down: the last `memory` steps, and how the gradient changed along each, say all
    that is known of it. A line search chooses :math:`\alpha`.

    Where a valley is narrow, a gradient points across it, and Adam takes hundreds of steps to
    the bottom; H turns the gradient along the valley, so that L-BFGS takes few. But the line
    search has to see whether a step was too long, and no gradient tells that: it needs the loss.

    Parameters
    ----------
    learning_rate : float, optional
        Taken, as all optimisers do, and without any effect: the line search chooses the step.
    memory : int
        How many steps are remembered; each costs two copies of the picture.
    lr_scheduler, param_dict
        As of all of MXNet's optimisers.

    Attributes
    ----------
    loss : np.ndarray of shape (), or float
        The loss whose gradient the next step is given. Each step takes it away.

    Raises
    ------
    InputError
        By a step: if `loss` was not set since the step before; if there is more than one
        parameter, as `loss` depends on all of them at once.

    Notes
    -----
    One step of the trainer is one evaluation of the loss, which in a line search is a trial: the
    picture after a step is the next point to be tried, not one that was found good. When the
    loop is over, `best` gives the point of the lowest loss. Nobody else may change the picture
    between two steps.

    The search is never content. If nothing is found on a line, most often where single precision
    can tell no two losses apart, it starts again from the best point, with an empty memory; with
    that, its first trial goes as far as 1, all numbers of the picture together, whatever the
    gradient. Where the gradient is 0, the picture stays. A loss that is not a number is too high,
    and never the best; to stop the run is the listener's part.

    All that is remembered is the parameter's state, a `lbfgs.Search`. SciPy's ``L-BFGS-B`` goes
    the same way, but owns the loop, and what it remembers cannot be kept: an interrupted run
    would become another picture.

    It is meant for one device. There a trainer keeps no store, whatever its ``kvstore`` says, and
    the optimiser that takes the step is ``trainer.optimizer`` itself, not a copy.

    Liu, Nocedal: On the limited memory BFGS method for large scale optimization, Mathematical
    Programming 45 (1989). Gatys, Ecker, Bethge (CVPR 2016) found it the best for pictures.
    """

    def __init__(
        self,
        learning_rate: Optional[float] = None,
        memory: int = 10,
        lr_scheduler: Any = None,
        param_dict: Any = None,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, lr_scheduler=lr_scheduler, param_dict=param_dict
        )
        self.memory = memory
        self.loss: Any = None
        self._search: Optional[Search] = None  # the state, for `best` to find it

    def create_state(self, index: int, weight: mx.nd.NDArray) -> Search:
        """Return a search that starts at `weight`."""
        self._search = Search(weight.asnumpy().ravel(), self.memory)
        return self._search

    def update(
        self, index: int, weight: mx.nd.NDArray, grad: mx.nd.NDArray, state: Search
    ) -> None:
        """Tell the search loss and gradient; write into `weight` where it wants to look next."""
        self._update_count(index)
        if len(self._index_update_count) > 1:
            raise InputError("'lbfgs' trains one parameter, not several: choose 'adam'")
        if self.loss is None:
            raise InputError(
                "'lbfgs' needs the loss: say `trainer.optimizer.loss = l` before each step"
            )
        loss, self.loss = self.rescale_grad * float(self.loss), None
        gradient = self.rescale_grad * grad.asnumpy().ravel()
        state.tell(weight.asnumpy().ravel(), loss, gradient)
        weight[:] = state.next_point().reshape(weight.shape)

    def best(self, weight: mx.nd.NDArray) -> None:
        """Write into `weight` the point of the lowest loss that any step was told of.

        Before the first step there is none, and `weight` stays as it is; where no loss was a
        number, it is where the search began.

        Parameters
        ----------
        weight : array of the parameter's shape, of either of MXNet's kinds
        """
        if self._search is not None:
            weight[:] = self._search.best.reshape(weight.shape)


@mx.optimizer.register
class ScaledGradient(mx.optimizer.Optimizer):
    r"""Plain descent, with the gradient divided by its standard deviation.

    .. math:: \mathbf{x} \leftarrow \mathrm{clip} \left( \mathbf{x} - \eta
              \frac{\mathbf{g}}{\mathrm{std}(\mathbf{g}) + 10^{-8}},
              \mathrm{low}, \mathrm{high} \right)

    The standard deviation is that of all numbers of the gradient (divided by their count, not by
    one less). The step is then as long for a small loss as for a large one, and the learning rate
    says how far a typical number of the picture moves. Nothing is remembered from step to step.

    Parameters
    ----------
    learning_rate : float, optional
        :math:`\eta`; the default is MXNet's, 0.01.
    low, high : array that broadcasts to the picture, optional
        The bounds: for one in each channel of shape (1, 3, 1, 1). None is no bound.
    lr_scheduler, param_dict
        As of all of MXNet's optimisers.

    Notes
    -----
    The scaling is that of TensorFlow's DeepDream tutorial. A gradient that is the same number
    everywhere has no deviation: the step is then as long as the bounds allow.
    """

    def __init__(
        self,
        learning_rate: Optional[float] = None,
        low: Any = None,
        high: Any = None,
        lr_scheduler: Any = None,
        param_dict: Any = None,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, lr_scheduler=lr_scheduler, param_dict=param_dict
        )
        self.low, self.high = low, high

    def create_state(self, index: int, weight: mx.nd.NDArray) -> None:
        """Return None: nothing is remembered."""

    def update(self, index: int, weight: mx.nd.NDArray, grad: mx.nd.NDArray, state: None) -> None:
        """Make one step in `weight`."""
        self._update_count(index)
        X, g = weight.as_np_ndarray(), self.rescale_grad * grad.as_np_ndarray()
        moved = X - self._get_lr(index) * g / (g.std() + 1e-8)
        if self.low is not None:
            moved = np.maximum(moved, np.array(self.low, dtype=X.dtype, ctx=X.ctx))
        if self.high is not None:
            moved = np.minimum(moved, np.array(self.high, dtype=X.dtype, ctx=X.ctx))
        X[:] = moved


def best_so_far(X: np.ndarray, trainer: gluon.Trainer) -> np.ndarray:
    """Return the picture as it stands: X, or with L-BFGS the best of those that were tried.

    The point that a line search asks for next has not been judged yet, and may be worse.
    """
    optimizer = trainer.optimizer
    if not isinstance(optimizer, LBFGS):
        return X
    X = X.copy()
    optimizer.best(X)
    return X


def trainer_state(trainer: gluon.Trainer) -> Arrays:
    """Return what a trainer's optimiser remembers of each parameter, and how many steps it made.

    Before the first step there is nothing. The names are such as 'adam.0.mean'.
    """
    updater = trainer._updaters[0]
    name = _registered_name(updater.optimizer)
    arrays = {}
    for i, memory in updater.states.items():
        steps = updater.optimizer._index_update_count[i]
        kept = {**OPTIMIZERS[name].kept(memory), 'steps': numpy.array([steps], 'int64')}
        arrays.update({f'{name}.{i}.{part}': array for part, array in kept.items()})
    return arrays


def restore_trainer(trainer: gluon.Trainer, arrays: Arrays) -> None:
    """Let a trainer go on where `trainer_state` found it; `arrays` may hold other things too.

    With L-BFGS the parameter becomes the point that it was about to try.
    """
    updater = trainer._updaters[0]
    optimizer, name = updater.optimizer, _registered_name(updater.optimizer)
    for i, parameter in enumerate(trainer._params):
        prefix = f'{name}.{i}.'
        if f'{prefix}steps' not in arrays:  # kept before the first step
            continue
        own = {key[len(prefix) :]: arrays[key] for key in arrays if key.startswith(prefix)}
        if own['steps'][0] < 1:
            raise ValueError('its optimiser has made no step')
        weight = parameter.data().as_nd_ndarray()  # of the older kind, as optimisers expect
        memory = optimizer.create_state_multi_precision(i, weight)
        OPTIMIZERS[name].put_back(memory, own, weight)
        updater.states[i], updater.states_synced[i] = memory, True
        optimizer._index_update_count[i] = int(own['steps'][0])


def _registered_name(optimizer: mx.optimizer.Optimizer) -> str:
    return type(optimizer).__name__.lower()
