"""Are the pictures of two versions of this package the same, to the last bit?

    python tests/benchmarks/same.py OTHER_CHECKOUT [--toy]

Runs one command after the other in this checkout and in another, each in a process of its own, and
compares the pixels of all pictures and the losses of all recorded epochs. For whoever changes the
code and not what it does. `--toy` leaves out the main command at full size.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SMALL = ['--backbone', 'vgg19_slim', '--quiet', '--shape', '64x48']
MASKS = ['chapters/gallery/above.png', 'chapters/gallery/below.png']
TWO = ['--style', 'oil_strokes', 'ink_wash']
CASES = {
    **{
        f'recipe {recipe}': ['--recipe', recipe, '--epochs', '12']
        for recipe in ('tutorial', 'd2l', 'fast', 'gatys_2016', 'keras', 'vgg16_gd')
    },
    'drops': ['--epochs', '12', '--lr-decay-epoch', '3,4', '--lr-decay', '0.5'],
    'noise': ['--init', 'noise', '--seed', '3', '--epochs', '6'],
    'style as start': ['--init', 'style', '--epochs', '6'],
    'random weights': ['--weights', 'random', '--epochs', '6'],
    'one stage left out': ['--epochs', '0,6'],
    'own shapes': ['--coarse-shape', '32x24', '--keep-aspect', '--epochs', '6'],
    'further stages': ['--shape', '1120x640', '--epochs', '3,2,1', '--format', 'jpg'],
    'layers': [
        *['--style-layers', 'relu1_1,10', '--style-layer-weights', '2,1'],
        *['--content-layers', 'conv4_2,conv3_1', '--epochs', '6'],
    ],
    'two styles': [*TWO, '--style-weights', '0.7', '0.3', '--epochs', '6'],
    'larger strokes': ['--style-scale', '1.5', '--keep-style-aspect', '--epochs', '6'],
    'luminance': ['--preserve-color', 'luminance', '--epochs', '6'],
    'linear': ['--preserve-color', 'linear', '--epochs', '6'],
    'histogram': ['--preserve-color', 'histogram', '--epochs', '6'],
    'masks': [*TWO, '--content-mask', *MASKS, '--shape', '160x96', '--epochs', '6'],
    'style masks': [
        *['--content-mask', MASKS[0], '--style-mask', MASKS[1]],
        *['--shape', '160x96', '--epochs', '6'],
    ],
    'tiles': ['--tile', '64', '--shape', '320x240', '--epochs', '4'],
    'tiles and masks': [
        *[*TWO, '--content-mask', *MASKS, '--tile', '64', '--shape', '320x240', '--epochs', '4']
    ],
    'tiles of keras': ['--recipe', 'keras', '--tile', '64', '--shape', '320x240', '--epochs', '4'],
    'folder of photos': ['--content', 'assets/content', '--epochs', '3'],
    'folder of styles': ['--style', 'assets/style', '--recipe', 'fast', '--epochs', '3'],
    'resumed': ['--epochs', '40,20', '--checkpoint-every', '7'],
    'main command': ['--shape', '560x320'],
}

PROGRAM = """
import json, os, sys, threading, signal
import styletransfer
try:
    from styletransfer.train.__main__ import main
except ImportError:
    from styletransfer.train import main
for name, argv in json.load(sys.stdin):
    if name == 'resumed':
        threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert main(argv) == 130, 'it was not interrupted'
        argv = ['--resume', '--quiet', '--output', argv[-1]]
    assert main(argv) == 0, name
"""


def paint(checkout, folder, cases):
    """Run all cases of a checkout, each into a folder of its own."""
    commands = [
        (name, [*SMALL, *argv, '--output', str(folder / name)]) for name, argv in cases.items()
    ]
    subprocess.run(
        [sys.executable, '-c', PROGRAM],
        input=json.dumps(commands),
        text=True,
        check=True,
        cwd=checkout,
        env={**os.environ, 'PYTHONPATH': str(checkout)},
    )


def outcome(folder):
    """Return the digest of each picture's pixels, and the losses of each stage as they stand."""
    import numpy
    from PIL import Image

    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in ('.png', '.jpg') and path.name != 'figure.png':
            with Image.open(path) as picture:
                found[path.name] = hashlib.sha256(numpy.asarray(picture).tobytes()).hexdigest()
        elif path.name == 'run.json':
            for number, stage in enumerate(json.loads(path.read_text())['stages'], start=1):
                found[f'losses of stage {number}'] = stage['losses']
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('other', type=Path, help='another checkout of this project')
    parser.add_argument('--toy', action='store_true', help='leave out the main command')
    args = parser.parse_args()
    cases = {name: argv for name, argv in CASES.items() if name[:4] != 'main' or not args.toy}
    print('| case | pictures | epochs compared | the same to the bit |\n|---|---|---|---|')
    different = 0
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / name for name in ('here', 'there')]
        for checkout, folder in zip((ROOT, args.other.resolve()), folders):
            paint(checkout, folder, cases)
        for name in cases:
            here, there = (outcome(folder / name) for folder in folders)
            losses = [value for key, value in here.items() if key.startswith('losses')]
            pictures = len(here) - len(losses)
            same = here == there
            different += not same
            print(f'| {name} | {pictures} | {sum(map(len, losses))} | {"yes" if same else "NO"} |')
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main())
