"""Write the same random weights in every format that people have, and paint with each file.

One picture comes out: to the byte where the network reads colours as ours does, and to a level or
two where its first layer had to be changed. As a script this is done at the full size of VGG-19::

    python tests/weights/same_picture.py FOLDER

The files of MXNet are written by its older interface, as those of its model zoo were.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Callable, Dict

import numpy
from weights_files import (
    FULL,
    SCHEMES,
    Arrays,
    for_caffe,
    params_bytes,
    renamed,
    torch_arrays,
    write_keras,
    write_params,
    write_timm,
)

import styletransfer  # noqa: F401  (before MXNet)

# isort: split
from PIL import Image

from styletransfer.train import __main__ as train

CAFFE = ('symbol', 'symbol alone', 'Keras')  # whose networks read other colours


def formats(arrays: Arrays) -> Dict[str, Callable[[Path], object]]:
    """Return how to write VGG-19's weights in each format: functions of a file without ending."""

    def params(path, scheme, legacy=True):
        mine = for_caffe(arrays, 'RGB') if scheme in CAFFE else arrays
        write_params(path.with_suffix('.params'), mine, scheme, legacy=legacy)

    def old_params(path, version):
        data = params_bytes(renamed(arrays, 'vgg0'), version, device=(2, 0))
        path.with_suffix('.params').write_bytes(data)

    def npz(path):
        numpy.savez(path.with_suffix('.npz'), **arrays)

    return {
        'timm': lambda path: write_timm(path.with_suffix('.safetensors'), arrays),
        **{scheme: partial(params, scheme=scheme) for scheme in SCHEMES},
        'of np semantics': partial(params, scheme='features', legacy=False),
        'of 2016': partial(old_params, version=0),
        'of 2017': partial(old_params, version=1),
        'NumPy': npz,
        'Keras': lambda path: write_keras(path.with_suffix('.h5'), for_caffe(arrays, 'BGR')),
    }


def paint(write: Callable[[Path], object], folder: Path, backbone: str) -> Path:
    """Write weights, paint a little with them by the command, and return the picture's file."""
    folder.mkdir()
    write(folder / 'vgg')
    (weights,) = folder.iterdir()
    flags = ['--weights', str(weights), '--backbone', backbone, '--output', str(folder / 'out')]
    status = train.main([*flags, '--shape', '48x32', '--epochs', '4', '--quiet'])
    weights.unlink()  # at full size each is 80 MB
    assert status == 0
    return folder / 'out' / 'stage2.png'


def pixels(picture: Path) -> numpy.ndarray:
    with Image.open(picture) as image:
        return numpy.asarray(image).astype(int)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path, help='new, for the pictures')
    folder = parser.parse_args().folder
    folder.mkdir()
    pictures = {}
    for name, write in formats(torch_arrays(FULL)).items():
        pictures[name] = pixels(paint(write, folder / name.replace(' ', '-'), 'vgg19'))
        apart = abs(pictures[name] - pictures['timm'])
        print(f'{name:<16} up to {apart.max()} of 255, {apart.mean():.4f} on average', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
