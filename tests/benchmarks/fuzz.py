"""The attacks of ``tests/test_fuzz.py``, as many as you have time for.

``python tests/benchmarks/fuzz.py COUNT [--kind KIND ...] [--first SEED]``

Prints what is wrong with what came of an input, and how to see it again: the kind and the seed.
A minute is enough for some ten thousand pictures or a few thousand of the others.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing import KINDS, attack
from tqdm import trange


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('count', type=int, metavar='COUNT', help='inputs of each kind')
    parser.add_argument('--kind', nargs='+', choices=KINDS, default=list(KINDS), help='only these')
    parser.add_argument('--first', type=int, default=0, metavar='SEED', help='(%(default)s)')
    args = parser.parse_args()
    wrong = 0
    for kind in args.kind:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            for seed in trange(args.first, args.first + args.count, desc=kind, mininterval=5):
                found = attack(kind, seed, Path(folder, str(seed)))
                if found:
                    wrong += 1
                    print(f'{kind} {seed}: {found}')
            os.chdir('/')
    print(f'{wrong} of {args.count * len(args.kind)} went wrong')
    return int(wrong > 0)


if __name__ == '__main__':
    sys.exit(main())
