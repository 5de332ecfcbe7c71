"""How soon each recipe of the tutorial's objective gets where: loss against seconds, one figure.

``python tests/benchmarks/recipes.py --output FOLDER`` paints six pairs of bundled pictures with
``tutorial`` and ``fast``, one after the other for each pair, and writes ``recipes.png``,
``recipes.json`` and a table. Both end with the same objective at 560x320, so their losses compare;
the seconds are of this machine, and only their ratio is worth keeping.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import mxnet as mx
from matplotlib.figure import Figure
from tqdm import tqdm

from styletransfer.images import load_image, samples
from styletransfer.networks import network_for
from styletransfer.objective import objectives
from styletransfer.recipes import FAST, TUTORIAL, Recipe, with_shape
from styletransfer.synthesis import Step, coarse_to_fine

RECIPES = (TUTORIAL, FAST)
PAIRS = (
    ('lake', 'oil_strokes'),
    ('rooftops', 'ink_wash'),
    ('colosseum', 'woodblock'),
    ('otter', 'stained_glass'),
    ('lake', 'woodblock'),
    ('rooftops', 'oil_strokes'),
)


def paint(net: Any, recipe: Recipe, content_name: str, style_name: str) -> Dict[str, Any]:
    """Return seconds and total loss of each epoch of the last stage, and the seconds in all."""
    shape = recipe.stages[-1].image_shape
    content = load_image(samples('content')[content_name], shape)
    style = load_image(samples('style')[style_name], shape)
    curve: List[List[float]] = []
    bar = tqdm(
        desc=f'{recipe.name}, {content_name}, {style_name}',
        total=sum(stage.num_epochs for stage in recipe.stages),
        mininterval=2,
    )
    start = time.perf_counter()

    def on_step(step: Step) -> None:
        bar.update()
        if step.stage == step.of - 1:
            curve.append([time.perf_counter() - start, step.total])

    coarse_to_fine(
        objectives(net, recipe, content, style, mx.cpu()), recipe, content, mx.cpu(), on_step
    )
    bar.close()
    return {'seconds': time.perf_counter() - start, 'curve': curve}


def draw(results: Dict[str, Dict[str, Any]]) -> Figure:
    """Return the curves, one panel for each pair."""
    figure = Figure(figsize=(12, 6.5), layout='constrained')
    for axes, (pair, runs) in zip(figure.subplots(2, 3).ravel(), results.items()):
        for name, run in runs.items():
            seconds, losses = zip(*run['curve'])
            axes.plot(seconds, losses, label=name)
        axes.axhline(runs['tutorial']['curve'][-1][1], color='grey', linestyle=':', linewidth=1)
        axes.set_yscale('log')
        axes.set_title(pair, fontsize='medium')
        axes.set_xlabel('seconds')
        axes.set_ylabel('total loss at 560x320')
        axes.legend()
    return figure


def reached(curve: List[List[float]], loss: float) -> float:
    """Return the seconds after which a loss is reached, infinity if it never is."""
    return next((seconds for seconds, total in curve if total <= loss), float('inf'))


def main() -> int:
    """Run ``python tests/benchmarks/recipes.py``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--output', type=Path, default=Path('outputs/recipes'))
    parser.add_argument('--backbone', default='vgg19_slim')
    args = parser.parse_args()
    net, _, _ = network_for(TUTORIAL, args.backbone)
    quick = with_shape(FAST, (64, 48))
    paint(net, quick, *PAIRS[0])  # what is slow the first time is not the recipe's fault
    results: Dict[str, Dict[str, Any]] = {}
    lines = [f'{"pair":26}{"tutorial":>8}{"fast":>8}{"there":>8}{"share":>8}{"of all":>8}']
    for pair in PAIRS:
        runs = {recipe.name: paint(net, recipe, *pair) for recipe in RECIPES}
        results[', '.join(pair)] = runs
        wanted = runs['tutorial']['curve'][-1][1]
        there, whole = reached(runs['fast']['curve'], wanted), runs['tutorial']['seconds']
        lines.append(
            f'{", ".join(pair):26}{wanted:8.2f}{runs["fast"]["curve"][-1][1]:8.2f}'
            f'{there:7.1f}s{there / whole:8.2f}{runs["fast"]["seconds"] / whole:8.2f}'
        )
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / 'recipes.json').write_text(json.dumps(results) + '\n', encoding='utf-8')
    lines.append(
        'tutorial, fast: the last total loss of each; there: when fast has that of tutorial; '
        'share: of the seconds of tutorial; of all: all of fast against all of tutorial'
    )
    (args.output / 'recipes.txt').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    draw(results).savefig(args.output / 'recipes.png', dpi=80)
    print(*lines, sep='\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
