"""How much longer does an epoch take in tiles than in one piece, and is it the same epoch?

``python tests/benchmarks/tiles.py [--shape WxH] [--tiles N,N,...] [--network NAME] [--rounds N]``

In each round one epoch is computed in one piece, and one in tiles of each size, in turn: loss and
gradient, without the optimiser's step. Of each round there is a ratio of seconds, and one of
seconds of the processor, which mind other programs less; the medians count. The largest difference
is told of the terms of the loss and their sum, and of the gradient, relative to the largest number
in it.
"""

import argparse
import statistics
import time

import numpy

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
from mxnet import autograd, npx
from mxnet import numpy as np

from styletransfer import objective, tiles, vgg
from styletransfer.images import load_image, preprocess, samples
from styletransfer.recipes import TUTORIAL


def epoch(loss, X):
    """Return an epoch's seconds (by the clock, of the processor), terms of the loss, gradient."""
    X.attach_grad()
    start = time.perf_counter(), time.process_time()
    with autograd.record():
        terms, l = loss(X)
    l.backward()
    npx.waitall()
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    return seconds, numpy.array([float(term) for term in (*terms.values(), l)]), X.grad.asnumpy()


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--shape', default='1200x800')
    parser.add_argument('--tiles', default='1024,768,512,384,256')
    parser.add_argument('--network', default='vgg19_slim')
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    width, height = map(int, args.shape.split('x'))

    net, _ = vgg.get_net(args.network)
    content, style = (
        preprocess(load_image(next(iter(samples(kind).values()))), (width, height))
        for kind in ('content', 'style')
    )
    contents_Y, _ = vgg.extract_features(net, content, TUTORIAL.content_layers, ())
    _, styles_Y = vgg.extract_features(net, style, (), TUTORIAL.style_layers)
    wanted = contents_Y, [objective.gram(Y) for Y in styles_Y]
    X = content + 0.1 * np.array(
        numpy.random.default_rng(0).normal(size=content.shape), dtype='float32'
    )
    del styles_Y, content, style

    losses = {'whole': objective.objective(net, TUTORIAL, *wanted)}
    for tile in map(int, args.tiles.split(',')):
        losses[tile] = tiles.objective(net, TUTORIAL, *wanted, tile)
    seconds, apart = {name: [] for name in losses}, {}
    for _ in range(args.rounds + 1):  # the first prepares
        for name, loss in losses.items():
            time_, *found = epoch(loss, X)
            seconds[name].append(time_)
            if name == 'whole':
                whole = found
            apart[name] = [
                numpy.abs(found[0] / whole[0] - 1).max(),
                numpy.abs(found[1] - whole[1]).max() / numpy.abs(whole[1]).max(),
            ]
    print(f'{args.network} {args.shape}, {args.rounds} rounds')
    print('  tile  s/epoch  x whole    min    max  x processor      loss  gradient')
    for name in losses:
        clock, processor = (
            [a[k] / b[k] for a, b in zip(seconds[name][1:], seconds['whole'][1:])] for k in (0, 1)
        )
        print(
            f'{name:>6}{statistics.median(s for s, _ in seconds[name][1:]):9.3f}'
            f'{statistics.median(clock):9.2f}{min(clock):7.2f}{max(clock):7.2f}'
            f'{statistics.median(processor):13.2f}{apart[name][0]:10.1e}{apart[name][1]:10.1e}'
        )


if __name__ == '__main__':
    main()
