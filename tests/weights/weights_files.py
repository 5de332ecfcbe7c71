"""Files laid out like the published ones, of whatever widths: random weights, every format.

Most of MXNet's were written by its older interface, so that is what is written here by default.
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy

NUMBERS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)  # of VGG-19's convolutions
VGG19, VGG16 = (2, 2, 4, 4, 4), (2, 2, 3, 3, 3)
SMALL = (2, 3, 4, 5, 6)
SLIM = (16, 32, 64, 128, 128)
FULL = (64, 128, 256, 512, 512)
CAFFE_MEAN = numpy.array([123.68, 116.779, 103.939])

Arrays = Dict[str, numpy.ndarray]


def places(blocks: Sequence[int] = VGG19) -> Iterator[Tuple[int, int, int]]:
    """Yield number, block and place in the block of each convolution: 28, 5, 1 is conv5_1."""
    number = 0
    for block, count in enumerate(blocks, start=1):
        for place in range(1, count + 1):
            yield number, block, place
            number += 2
        number += 1


def conv_widths(
    widths: Sequence[int], blocks: Sequence[int] = VGG19
) -> List[Tuple[int, int, int]]:
    """Return number, width in and width out of each convolution."""
    outs = [width for width, count in zip(widths, blocks) for _ in range(count)]
    numbers = [number for number, _, _ in places(blocks)]
    return list(zip(numbers, [3, *outs[:-1]], outs))


def small_convs() -> List[Tuple[int, int, int]]:
    """Return the same of the first thirteen, with which downloads end, of a small VGG-19."""
    return conv_widths(SMALL)[:13]


def torch_arrays(
    widths: Sequence[int] = SMALL, seed: int = 0, blocks: Sequence[int] = VGG19
) -> Arrays:
    """Return random weights of all convolutions, named as PyTorch names them."""
    random = numpy.random.default_rng(seed)
    arrays = {}
    for number, width_in, width_out in conv_widths(widths, blocks):
        scale = numpy.float32((2 / (9 * width_in)) ** 0.5)
        weight = random.standard_normal((width_out, width_in, 3, 3), dtype='float32') * scale
        arrays[f'features.{number}.weight'] = weight
        arrays[f'features.{number}.bias'] = random.standard_normal(width_out, dtype='float32') / 10
    return arrays


def for_caffe(arrays: Arrays, channels: str) -> Arrays:
    """Return the weights that do the same, but read colours 0-255 less Caffe's mean.

    `channels` is 'RGB' or 'BGR'. Of a picture p our network is given (p / 255 - mean) / std.
    """
    mean, std = numpy.array([0.485, 0.456, 0.406]), numpy.array([0.229, 0.224, 0.225])
    weight = arrays['features.0.weight'].astype('float64')
    shift = (weight.sum(axis=(2, 3)) * (CAFFE_MEAN / 255 - mean) / std).sum(axis=1)
    weight = weight / (255 * std)[:, None, None]
    if channels == 'BGR':
        weight = weight[:, ::-1]
    bias = arrays['features.0.bias'] + shift
    changed = {'features.0.weight': weight, 'features.0.bias': bias}
    return {**arrays, **{name: array.astype('float32') for name, array in changed.items()}}


def write_timm(path: Path, arrays: Arrays, classifier: Sequence[int] = (7, 4, 10)) -> None:
    """Write a safetensors file with timm's layout: sorted names, the classifier among them.

    The classifier's numbers are a hole in the file, which takes no room on the disk.
    """
    inputs, hidden, classes = classifier
    shapes = {name: array.shape for name, array in arrays.items()}
    shapes['head.fc.weight'], shapes['head.fc.bias'] = (classes, hidden), (classes,)
    shapes['pre_logits.fc1.weight'] = (hidden, inputs // 49, 7, 7) if inputs > 49 else (hidden, 7)
    shapes['pre_logits.fc1.bias'] = shapes['pre_logits.fc2.bias'] = (hidden,)
    shapes['pre_logits.fc2.weight'] = (hidden, hidden, 1, 1)
    header: Dict[str, object] = {'__metadata__': {'format': 'pt'}}
    begins, end = {}, 0
    for name in sorted(shapes):
        begins[name] = end
        end += 4 * int(numpy.prod(shapes[name]))
        header[name] = {
            'dtype': 'F32',
            'shape': list(shapes[name]),
            'data_offsets': [begins[name], end],
        }
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text)
        begin = file.tell()
        for name, array in arrays.items():
            file.seek(begin + begins[name])
            file.write(array.astype('<f4').tobytes())
        file.truncate(begin + end)


def write_keras(path: Path, arrays: Arrays, blocks: Sequence[int] = VGG19) -> None:
    """Write the HDF5 layout of Keras's release: kernels are HWIO, names are those of old Keras."""
    import h5py

    with h5py.File(path, 'w') as file:
        for number, block, place in places(blocks):
            group = file.create_group(f'block{block}_conv{place}')
            weight = arrays[f'features.{number}.weight'].transpose(2, 3, 1, 0)
            group.create_dataset(f'block{block}_conv{place}_W_1:0', data=weight)
            group.create_dataset(
                f'block{block}_conv{place}_b_1:0', data=arrays[f'features.{number}.bias']
            )
        file.create_group('block1_pool')


# where MXNet's files have other names: the stem of the k-th convolution, and of layers behind them
SCHEMES = {
    'features': ('features.{number}.', ['features.37.', 'features.40.', 'output.']),
    'layers alone': ('{number}.', []),
    'vgg0': ('vgg0_conv{k}_', ['vgg0_dense0_', 'vgg0_dense1_', 'vgg0_dense2_']),
    'exported': ('arg:vgg0_conv{k}_', ['arg:vgg0_dense0_', 'arg:vgg0_dense1_']),
    'stripped': ('conv{k}_', ['dense0_']),
    'symbol': ('arg:conv{block}_{place}_', ['arg:fc6_', 'arg:fc7_']),
    'symbol alone': ('conv{block}_{place}_', []),
}


def renamed(arrays: Arrays, scheme: str, blocks: Sequence[int] = VGG19) -> Arrays:
    """Return weights under the names of one of `SCHEMES`, behind some for classes."""
    stem, classifier = SCHEMES[scheme]
    random = numpy.random.default_rng(99)
    found = {}
    for name in classifier:
        found[f'{name}weight'] = random.standard_normal((5, 7), dtype='float32')
        found[f'{name}bias'] = random.standard_normal(5, dtype='float32')
    for k, (number, block, place) in enumerate(places(blocks)):
        for part in ('weight', 'bias'):
            name = stem.format(k=k, number=number, block=block, place=place) + part
            found[name] = arrays[f'features.{number}.{part}']
    return found


def write_params(
    path: Path,
    arrays: Arrays,
    scheme: str = 'features',
    blocks: Sequence[int] = VGG19,
    legacy: bool = True,
) -> None:
    """Write MXNet's own format, as the older interface did or as it is done under `set_np`."""
    save(path, renamed(arrays, scheme, blocks), legacy)


def save(path: Path, arrays: object, legacy: bool = True) -> None:
    """Let MXNet save arrays: a dictionary, or a list of them without names."""
    import mxnet as mx

    def there(array):
        return mx.np.array(array, dtype=array.dtype).as_nd_ndarray()

    made = (
        {name: there(array) for name, array in arrays.items()}
        if isinstance(arrays, dict)
        else [there(array) for array in arrays]
    )
    # the true files are older than the other way
    with mx.util.np_array(not legacy), mx.util.np_shape(not legacy):
        mx.nd.save(str(path), made)


TYPES = {'float32': 0, 'float64': 1, 'float16': 2, 'int8': 5}


def params_bytes(arrays: Arrays, version: int = 2, device: Tuple[int, int] = (1, 0)) -> bytes:
    """Return what any version of MXNet would write, 0 to 3, by hand; device (2, 0) is a GPU."""
    magic = {1: 0xF993FAC8, 2: 0xF993FAC9, 3: 0xF993FACA}
    data = struct.pack('<3Q', 0x112, 0, len(arrays))
    for array in arrays.values():
        if version:
            data += struct.pack('<I', magic[version])
            data += struct.pack('<i', 0) if version > 1 else b''
            data += struct.pack(f'<i{array.ndim}q', array.ndim, *array.shape)
        else:
            data += struct.pack(f'<I{array.ndim}I', array.ndim, *array.shape)
        data += struct.pack('<3i', *device, TYPES[array.dtype.name]) + array.tobytes()
    names = [name.encode() for name in arrays]
    data += struct.pack('<Q', len(names))
    return data + b''.join(struct.pack('<Q', len(name)) + name for name in names)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
