"""How far off is the flow that moving pictures rest on? Beside ground truth.

``python tests/benchmarks/flow_error.py FOLDER``

FOLDER has pairs of pictures as FlyingChairs publishes them: NAMEimg0 and NAMEimg1, PNG, PPM or
JPEG, and NAMEgt.flo. Told are, of each pair, the mean distance in pixels between the flow and the
truth, over all pixels and over those that `flow.Motion.visible` has; what share these are; the
distance of a flow that is 0 everywhere; and how long both flows took.
"""

import argparse
import time
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import numpy

from styletransfer.images import load_image
from styletransfer.video.flow import Motion


def read_flo(path):
    """Return the flow in a file of Middlebury's kind, (height, width, 2)."""
    data = path.read_bytes()
    assert numpy.frombuffer(data[:4], '<f4') == 202021.25, path
    width, height = numpy.frombuffer(data[4:12], '<i4')
    return numpy.frombuffer(data[12:], '<f4').reshape(height, width, 2)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', type=Path)
    args = parser.parse_args()
    print('| pair | distance | where trusted | share trusted | of no flow | milliseconds |')
    print('|---|---|---|---|---|---|')
    for path in sorted(args.folder.rglob('*.flo')):
        name = path.stem.replace('gt', '')
        first, second = (
            load_image(next(path.parent.glob(f'{name}img{k}.*'))).asnumpy() for k in (0, 1)
        )
        truth, start = read_flo(path), time.perf_counter()
        motion = Motion(first, second)
        seconds = time.perf_counter() - start
        distance = numpy.linalg.norm(motion.flow - truth, axis=2)
        trusted = motion.visible()
        cells = [
            *(distance.mean(), distance[trusted].mean(), trusted.mean()),
            *(numpy.linalg.norm(truth, axis=2).mean(), 1000 * seconds),
        ]
        print('|', ' | '.join([str(path), *(f'{cell:.3g}' for cell in cells)]), '|')


if __name__ == '__main__':
    main()
