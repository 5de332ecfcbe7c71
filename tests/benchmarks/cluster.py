"""How many pictures an hour does a cluster paint, and what is the limit where there are many?

``python tests/benchmarks/cluster.py [--pieces 200] [--output FOLDER]``

Measured is the road, without the work: pieces as large as a photo and the painting that comes back
(`SENT`, `BACK`) go through a scheduler to two workers on this machine, which do nothing; what
comes back is written like a painting. So many pieces a second go through one scheduler, and no
number of workers makes it more. The table is on paper: seconds of a picture on one worker of two
quiet cores, as measured elsewhere (`METHODS`), and for each number of workers the pictures an
hour, which are

    3600 * min(workers / seconds, pieces a second),

and what the limit is. The table goes to FOLDER/cluster.txt.
"""

import argparse
import tempfile
import time
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)
from styletransfer.cluster import connected, outcomes
from styletransfer.files import replacing

# bytes of a photo of 800x600 as JPEG, and of a painting of 560x320 as PNG
SENT, BACK = 150_000, 450_000
# seconds of a picture: README.md, two quiet cores, everything included that one more picture takes
METHODS = {
    'johnson 800x800': 0.7,
    'tutorial 560x320': 36,
    'painterly 560x320': 42,
    'mrf 560x320': 35,
    'photo 700x467': 75,
    'painterly 560x320, full VGG-19': 500,
}
WORKERS = (1, 10, 100, 1000)


def road(pieces):
    """Return how many pieces a second go there and come back, written to a file each."""
    content, answer = bytes(SENT), BACK

    def nothing(piece):
        return bytes(answer)

    with connected('local:2') as client, tempfile.TemporaryDirectory() as folder:
        for warm in (2, pieces):
            start = time.perf_counter()
            sent = ((content, number) for number in range(warm))
            for number, result in outcomes(client, nothing, sent):
                with replacing(Path(folder, f'{number}.png')) as temporary:
                    temporary.write_bytes(result)
        return pieces / (time.perf_counter() - start)


def writing(pieces):
    """Return how many of these files a second are written here, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        for number in range(pieces):
            with replacing(Path(folder, f'{number}.png')) as temporary:
                temporary.write_bytes(bytes(BACK))
        return pieces / (time.perf_counter() - start)


def main():
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--pieces', type=int, default=200)
    parser.add_argument('--output', type=Path, default=Path('outputs/cluster'))
    args = parser.parse_args()
    through, written = road(args.pieces), writing(args.pieces)
    megabytes = through * (SENT + BACK) / 1e6
    lines = [
        f'one scheduler: {through:.0f} pieces a second ({megabytes:.0f} MB); '
        f'files written alone: {written:.0f} a second',
        '',
        f'{"pictures an hour":<34}' + ''.join(f'{n:>11} w.' for n in WORKERS) + '   full from',
    ]
    for name, seconds in METHODS.items():
        rates = [3600 * min(n / seconds, through) for n in WORKERS]
        cells = ''.join(
            f'{rate:>12.0f}{" " if n / seconds < through else "*"}'
            for n, rate in zip(WORKERS, rates)
        )
        lines.append(f'{name:<34}{cells}   {through * seconds:.0f} workers')
    lines += ['', '* the scheduler is the limit, not the workers']
    print(*lines, sep='\n')
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / 'cluster.txt').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
