"""Is our L-BFGS as good as SciPy's? Both paint the same pictures, one after the other.

``python tests/benchmarks/lbfgs.py [--recipe fast] [--shape 280x160] [--output FOLDER]``

Six pairs of bundled pictures, all stages of a recipe, each stage from the photograph or from what
the same search made of the stage before. Both are driven with the same function and get the same
number of evaluations; SciPy's ``L-BFGS-B`` is started again from its best point whenever it gives
up. Of each pair the table gives

- loss: the lowest of the last stage after half of its evaluations, and after all;
- s/eval: seconds for each evaluation, of which only the ratio is worth keeping;
- own: milliseconds for each evaluation that are not the network's, at the last stage.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import Callable, List, NamedTuple, Tuple

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import mxnet as mx
import numpy
from mxnet import autograd
from mxnet import numpy as np
from recipes import PAIRS
from scipy.optimize import minimize

from styletransfer.images import load_image, parse_shape, postprocess, preprocess, samples
from styletransfer.lbfgs import Search
from styletransfer.networks import network_for
from styletransfer.objective import Loss, LossAt, objectives
from styletransfer.recipes import Recipe, find_recipe, with_shape

MEMORY = 10


class Enough(Exception):  # noqa: N818 (nothing has gone wrong)
    """Leads out of SciPy's loop."""


class Evaluations:
    """The function to be minimised; it counts, times and remembers, and ends when it is enough."""

    def __init__(self, loss: Loss, X: np.ndarray, count: int) -> None:
        self.loss, self.X, self.count = loss, X.copy(), count
        self.X.attach_grad()
        self.losses: List[float] = []
        self.best = X.asnumpy().ravel()
        self.seconds = 0.0  # that the network took

    def __call__(self, x: numpy.ndarray) -> Tuple[float, numpy.ndarray]:
        if len(self.losses) == self.count:
            raise Enough
        start = time.perf_counter()
        point = x.astype('float32')
        self.X[:] = point.reshape(self.X.shape)
        with autograd.record():
            *_, l = self.loss(self.X)
        l.backward()
        loss, gradient = float(l), self.X.grad.asnumpy().ravel()
        if loss < min(self.losses, default=math.inf):
            self.best = point
        self.losses.append(loss)
        self.seconds += time.perf_counter() - start
        return loss, gradient


def by_scipy(evaluate: Evaluations) -> None:
    """Search until it is enough, in double precision, as SciPy wants it."""

    def evaluate64(x: numpy.ndarray) -> Tuple[float, numpy.ndarray]:
        loss, gradient = evaluate(x)
        return loss, gradient.astype('float64')

    options = {'maxcor': MEMORY, 'ftol': 0, 'gtol': 0}
    options.update(maxiter=sys.maxsize, maxfun=sys.maxsize)
    while True:
        x = evaluate.best.astype('float64')
        minimize(evaluate64, x, method='L-BFGS-B', jac=True, options=options)


def by_ours(evaluate: Evaluations) -> None:
    """Search until it is enough."""
    search = Search(evaluate.best, MEMORY)
    while True:
        x = search.next_point()
        search.tell(x, *evaluate(x))


class Result(NamedTuple):
    """What a search made of a pair."""

    losses: List[float]  # of the last stage
    seconds: float
    own: float  # in the last stage


def paint(
    search: Callable[[Evaluations], None], recipe: Recipe, loss_at: LossAt, img: np.ndarray
) -> Result:
    """Paint all stages."""
    seconds = 0.0
    for stage in recipe.stages:
        X = preprocess(img, stage.image_shape, *recipe.mean_std)
        evaluate = Evaluations(loss_at(stage.image_shape), X, stage.num_epochs)
        start = time.perf_counter()
        try:
            search(evaluate)
        except Enough:
            took = time.perf_counter() - start
        seconds += took
        X = np.array(evaluate.best.reshape(X.shape))
        img = postprocess(X, *recipe.mean_std) * 255
    return Result(evaluate.losses, seconds, took - evaluate.seconds)


def main() -> int:
    """Run ``python tests/benchmarks/lbfgs.py``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--recipe', type=find_recipe, default='fast')
    parser.add_argument('--shape', type=parse_shape, default=(280, 160))
    parser.add_argument('--backbone', default='vgg19_slim')
    parser.add_argument('--output', type=Path, default=Path('outputs/lbfgs'))
    args = parser.parse_args()
    net, recipe, _ = network_for(args.recipe, args.backbone)
    recipe = with_shape(recipe, args.shape)
    evaluations = sum(stage.num_epochs for stage in recipe.stages)
    half = recipe.stages[-1].num_epochs // 2
    title = f'{recipe.name}, {args.shape[0]}x{args.shape[1]}, {evaluations} evaluations'
    losses, others = (f'{"SciPy":>{width}}{"ours":>{width}}' for width in (11, 8))
    lines = [
        f'{title:34}{"loss at half":>22}{"at the end":>30}{"s/eval":>24}{"own, ms":>16}',
        f'{"":34}{losses}{"":8}{losses}{"":8}{others}{others}',
    ]
    print(*lines, sep='\n', flush=True)
    ratios = []
    for pair in PAIRS:
        content, style = (
            load_image(samples(kind)[name]) for kind, name in zip(('content', 'style'), pair)
        )
        loss_at = objectives(net, recipe, content, style, mx.cpu())
        old, new = (paint(search, recipe, loss_at, content) for search in (by_scipy, by_ours))
        reached = [[min(run.losses[:n]) for run in (old, new)] for n in (half, len(old.losses))]
        ratios.append([b / a for a, b in reached] + [new.seconds / old.seconds])
        line = f'{", ".join(pair):34}'
        for a, b in reached:
            line += f'{a:11.5g}{b:11.5g}{b / a - 1:+8.1%}'
        line += ''.join(f'{run.seconds / evaluations:8.3f}' for run in (old, new))
        line += ''.join(f'{run.own / len(run.losses) * 1e3:8.1f}' for run in (old, new))
        lines.append(line)
        print(line, flush=True)
    means = numpy.exp(numpy.log(ratios).mean(axis=0)) - 1
    lines.append(
        'ours against SciPy, geometric mean: '
        f'loss {means[0]:+.2%} at half, {means[1]:+.2%} at the end; seconds {means[2]:+.1%}'
    )
    print(lines[-1])
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / 'lbfgs.txt').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
