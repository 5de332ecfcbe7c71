"""Valid inputs of every kind, damaged by a seed, and what may come of it.

Whatever is given, a command does its work or refuses it in one line that can be shown; it does
not end otherwise, wait for ever, or leave anything half done. `attack` makes one input and says
what is wrong with what came of it. The same kind and seed make the same input everywhere.
"""

import argparse
import hashlib
import io
import json
import os
import signal
import struct
import tempfile
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import h5py
import mxnet as mx
import numpy
from PIL import Image
from safetensors.numpy import save

from styletransfer.checkpoint import save_checkpoint
from styletransfer.command import exit_status
from styletransfer.images import load_image
from styletransfer.outputs import (
    BATCH,
    CHECKPOINT,
    RECORD,
    Book,
    check_folder,
    check_standing,
    find_interrupted,
)
from styletransfer.recipes import Stage
from styletransfer.train.batch import is_batch, make_batch
from styletransfer.train.job import read_pictures
from styletransfer.train.plan import make_plan
from styletransfer.train.wish import given, make_parser, wish_of
from styletransfer.weights.formats import read_notes, read_weights

SECONDS = 300  # after which something waits for ever, on however busy a machine

NUMBERS = (0, 1, -1, 2**31, 2**63, 10**400, 0.5, 1e30, 1e200, 1e308, float('inf'), float('nan'))
WORDS = ('', 'x', '\x1b[2J', 'a\nb', os.fsdecode(b'\xff'), 'é' * 3, 'x' * 300, 'x' * 5000, '--')


def chosen(rng, things):
    return things[rng.integers(len(things))]


def attack(kind, seed, folder):
    """Return None, or what is wrong with what came of an input of this kind."""

    def run():
        use()
        return 0

    rng = numpy.random.default_rng([list(KINDS).index(kind), seed])
    folder.mkdir()
    try:
        use = KINDS[kind](rng, folder)
        before = contents(folder)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), at_once():
            status = exit_status(run)
    except Exception:
        return traceback.format_exc()
    told = err.getvalue()
    if status not in (0, 2):
        return f'its status is {status}'
    if status == 2 and not (told.startswith('error: ') and told[:-1].isprintable()):
        return f'it is refused with {told!r}'
    if status == 2 and 'the system refuses' in told:
        return f'nobody foresaw: {told!r}'
    if len(told) > 1100:
        return f'it takes {len(told)} letters to refuse it'
    if status == 0 and told:
        return f'it is accepted, but with {told!r}'
    if contents(folder) != before:
        return 'something is left behind'
    return None


@contextmanager
def at_once():
    def waited(number, frame):
        raise TimeoutError('it waits')

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def contents(folder):
    """Return the size of each file in a folder, None of what is no ordinary file."""
    return {
        str(path): path.stat().st_size if path.is_file() else None for path in folder.rglob('*')
    }


# ---------------------------------------------------------------- bytes


def damaged(rng, whole):
    """Return bytes with something done to them, once or several times."""
    data = bytearray(whole)
    for _ in range(chosen(rng, (1, 1, 1, 3, 9))):
        at = int(rng.integers(len(data) + 1))
        length = int(rng.integers(1, 33))
        how = rng.integers(8)
        if how == 0:
            del data[at:]
        elif how == 1:
            del data[at : at + length]
        elif how == 2:
            data[at:at] = rng.bytes(length)
        elif how == 3:
            data[at : at + length] = rng.bytes(length)
        elif how == 4 and at < len(data):
            data[at] ^= 1 << rng.integers(8)
        elif how == 5:  # sizes and places in headers
            size = chosen(rng, (1, 2, 4, 8))
            number = chosen(rng, (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size) - 1))
            data[at : at + size] = number.to_bytes(size, chosen(rng, ('little', 'big')))
        elif how == 6:
            other = int(rng.integers(len(data) + 1))
            data[at : at + length] = data[other : other + length]
        elif how == 7:
            data[at : at + length] = bytes(length)
    return bytes(data)


# ---------------------------------------------------------------- JSON


def odd(rng):
    """Return something that JSON can hold where something else is expected."""
    how = rng.integers(6)
    if how == 0:
        return chosen(rng, (None, True, False))
    if how == 1:
        return chosen(rng, NUMBERS)
    if how == 2:
        return chosen(rng, WORDS)
    if how == 3:
        return [odd(rng) for _ in range(rng.integers(3))]
    if how == 4:
        return {chosen(rng, WORDS): odd(rng) for _ in range(rng.integers(3))}
    deep = []
    for _ in range(200):
        deep = [deep]
    return deep


def altered(rng, value):
    """Return a value out of JSON, something in it changed, taken away or added."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.2:
        return odd(rng)
    names = list(value) if isinstance(value, dict) else list(range(len(value)))
    name = chosen(rng, names)
    value = value.copy()
    how = rng.random()
    if how < 0.15:
        del value[name]
    elif how < 0.25 and isinstance(value, dict):
        value[chosen(rng, WORDS)] = odd(rng)
    elif how < 0.25:
        value.append(odd(rng))
    else:
        value[name] = altered(rng, value[name])
    return value


def as_bytes(rng, value):
    """Return JSON, perhaps damaged."""
    text = json.dumps(value).encode()
    how = rng.random()
    if how < 0.3:
        return damaged(rng, text)
    if how < 0.35:
        return chosen(rng, (b'[', b'{"a":')) * int(rng.integers(1, 200000))
    return text


# ---------------------------------------------------------------- kinds of input


def picture_files():
    """Return the bytes of small pictures of every kind."""
    rng = numpy.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 40, 4)).astype('uint8')
    colours, exif = Image.fromarray(pixels[:, :, :3]), Image.Exif()
    exif[0x0112] = 6
    made = [
        (colours, {'format': kind})
        for kind in ('PNG', 'JPEG', 'WEBP', 'BMP', 'GIF', 'PPM', 'TIFF')
    ]
    for compression in ('tiff_lzw', 'tiff_adobe_deflate', 'jpeg', 'packbits'):
        made.append((colours, {'format': 'TIFF', 'compression': compression}))
    made += [
        (Image.fromarray(pixels), {'format': 'PNG'}),
        (Image.fromarray(pixels), {'format': 'WEBP', 'lossless': True}),
        (Image.fromarray(pixels, 'CMYK'), {'format': 'JPEG'}),
        (Image.fromarray(pixels[:, :, 0].astype('uint16') * 257), {'format': 'PNG'}),
        (colours.quantize(9), {'format': 'PNG', 'transparency': 3}),
        (colours, {'format': 'JPEG', 'exif': exif, 'progressive': True}),
        (colours, {'format': 'PNG', 'exif': exif}),
    ]
    files = []
    for picture, options in made:
        file = io.BytesIO()
        picture.save(file, **options)
        files.append(file.getvalue())
    return files


def a_picture(rng, folder):
    path = folder / 'picture.png'
    path.write_bytes(damaged(rng, chosen(rng, PICTURES)))
    return lambda: load_image(path, chosen(rng, (None, (4, 4), (16, 9))))


STAGES = (Stage((24, 16), num_epochs=2), Stage((48, 32), num_epochs=9))
LOSSES = [
    {'epoch': k, 'lr': 0.1, 'content': 1.0, 'style': 2.0, 'tv': 3.0, 'total': 6.0} for k in (1, 2)
]
HISTORY = [
    {'image_shape': list(stage.image_shape), 'seconds': 1.5, 'losses': LOSSES} for stage in STAGES
]
STANDING = {
    'argv': ['--shape', '48x32', '--epochs', '2,9'],
    'fingerprint': {'backbone': 'vgg19_slim', 'recipe': {}},
    'stage': 1,
    'epoch': 2,
    'history': HISTORY,
}


def a_checkpoint(rng, folder):
    """Put a checkpoint into a folder: damaged, or of odd contents that its digest confirms."""
    path = folder / CHECKPOINT
    arrays = {'X': numpy.zeros((1, 3, 32, 48), chosen(rng, ('float32', 'float64', 'int8')))}
    arrays['adam.0.mean'] = numpy.zeros(chosen(rng, ((1, 3, 32, 48), (7,), ())), 'float32')
    if rng.random() < 0.2:
        arrays['X'] = arrays['X'][:, :, rng.integers(32) :, rng.integers(48) :]
    how = rng.random()
    if how < 0.4:
        save_checkpoint(path, arrays, altered(rng, STANDING))
    elif how < 0.5:  # notes of any kind
        text = as_bytes(rng, odd(rng)).decode('latin-1')
        digest = hashlib.sha256(text.encode()).hexdigest()
        path.write_bytes(save({}, metadata={'record': text, 'sha256': digest}))
    elif how < 0.6:  # a header of any kind
        header = as_bytes(rng, {'X': {'dtype': 'F8_E4M3', 'shape': [4], 'data_offsets': [0, 4]}})
        path.write_bytes(struct.pack('<Q', len(header)) + header + bytes(4))
    else:
        save_checkpoint(path, arrays, STANDING)
        path.write_bytes(damaged(rng, path.read_bytes()))

    def use():
        saved = find_interrupted(folder)
        check_standing(saved, STAGES)
        parsed(saved.record['argv'])

    return chosen(rng, (use, use, lambda: check_folder(folder, (48, 32))))


def a_record(rng, folder):
    """Put the record of a run or of a batch into a folder."""
    files = {'content': ['ab' * 32], 'style': ['cd' * 32]}
    paintings = {f'{k}.png': {'files': files, 'seconds': (None, 1.5)[k]} for k in range(2)}
    run = {'arguments': {'seed': 0}, 'recipe': {'name': 'x'}, 'stages': HISTORY, 'seed': 0}
    name, record = chosen(
        rng,
        ((RECORD, run), (BATCH, {'settings': {'seed': 0}, 'paintings': paintings})),
    )
    (folder / name).write_bytes(as_bytes(rng, altered(rng, record)))
    (folder / '1.png').write_bytes(b'')

    def use():
        book = Book(folder, {'seed': 0})
        for painting in ('1.png', '2.png'):
            book.is_done(painting, files)

    return use if name == BATCH else lambda: check_folder(folder, (48, 32))


def weights_files():
    """Return the bytes of a small network's weights in every format, by ending."""
    rng = numpy.random.default_rng(0)
    arrays, keras, channels = {}, {}, 3
    for number in range(5):
        weight = rng.normal(size=(4, channels, 3, 3)).astype('float32')
        bias = rng.normal(size=4).astype('float32')
        arrays.update({f'features.{number}.weight': weight, f'features.{number}.bias': bias})
        keras[f'block1_conv{number + 1}/kernel:0'] = weight.transpose(2, 3, 1, 0)
        keras[f'block1_conv{number + 1}/bias:0'] = bias
        channels = 4
    npz, h5 = io.BytesIO(), io.BytesIO()
    numpy.savez(npz, **arrays)
    with h5py.File(h5, 'w') as file:
        for name, array in keras.items():
            file[name] = array
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'weights.params')
        mx.npx.save(str(path), {name: mx.np.array(array) for name, array in arrays.items()})
        params = path.read_bytes()
    return {
        '.safetensors': save(arrays, metadata={'notes': json.dumps({'source': 'x'})}),
        '.npz': npz.getvalue(),
        '.h5': h5.getvalue(),
        '.params': params,
    }


def a_weights_file(rng, folder):
    ending = chosen(rng, list(WEIGHTS))
    path = folder / f'weights{ending}'
    path.write_bytes(damaged(rng, WEIGHTS[ending]))

    def use():
        read_notes(path)
        read_weights(path)

    return use


# what is worth trying for many flags; what is right for one is right for few
VALUES = (
    *('0', '1', '2', '-1', '0.5', '1,2', '1,1,1', ',', '1e3', '1e30', '1e31', '1e200', '1e308'),
    *('1e999', '-1e999', 'nan', 'inf', '-inf', '9' * 12, '9' * 401, '9' * 5000, '1_0', '٣', '²'),
    *('560x320', '48x32', '16x16', '15x15', '0x0', '999999x999999', '999999x16', '-1x5', '5'),
    *('lake', 'oil_strokes', 'ink_wash', 'laek', 'noise', 'style', 'content', 'random', 'auto'),
    *('none', '64', '128', '100', 'cpu', 'gpu', 'tpu', 'png', 'jpg', 'webp', 'gif', '.', '/proc'),
    *('tutorial', 'd2l', 'fast', 'gatys_2016', 'keras', 'vgg16_gd', 'TUTORIAL', 'vgg19', 'vgg16'),
    *('vgg19_slim', 'conv1_1', 'relu4_2', 'conv1_1,conv9_9', '0', '28', '37', 'lbfgs', 'adam'),
    *('average', 'gatys', 'caffe', 'luminance', 'linear', 'power', '--', '-', '--shape', '-h '),
)


def accepted(action, value):
    try:
        (action.type or str)(value)
    except (argparse.ArgumentTypeError, ValueError):
        return False
    return True


def some_flags(rng, folder):
    """Return the use of several flags of ``styletransfer.train``, most of which can be read."""
    files = [str(folder / name) for name in ('photo.png', 'mask.png', 'cut.png', 'no.png', 'pipe')]
    Image.fromarray(numpy.full((24, 32, 3), 99, 'uint8')).save(files[0])
    Image.fromarray(numpy.eye(32, dtype='uint8') * 255).save(files[1])
    (folder / 'cut.png').write_bytes(PICTURES[0][:99])
    os.mkfifo(files[4])
    actions = [action for action in make_parser()._actions if action.dest != 'help']
    argv = ['--content', files[0], '--style', files[0]]
    for _ in range(rng.integers(1, 6)):
        action = chosen(rng, actions)
        pool = chosen(rng, (VALUES, VALUES, VALUES, files, WORDS))
        if rng.random() < 0.9:
            pool = [value for value in pool if accepted(action, value)] or pool
        count = 0 if action.nargs == 0 else rng.integers(1, 4) if action.nargs else 1
        if rng.random() < 0.05:
            count = rng.integers(3)
        values = [chosen(rng, pool) for _ in range(count)]
        flag = action.option_strings[0]
        if len(values) == 1 and rng.random() < 0.3:
            argv.append(f'{flag}={values[0]}')
        else:
            argv += [flag, *values]
    return lambda: parsed(argv)


def parsed(argv):
    """Read and check the flags of ``styletransfer.train``, as far as no network is needed."""
    wish = wish_of(given(make_parser().parse_args(argv)))
    if is_batch(wish):
        make_batch(wish)
        return
    recipe = make_plan(wish).recipe
    check_folder(Path(wish.output), recipe.stages[-1].image_shape)
    read_pictures(wish, recipe)


PICTURES, WEIGHTS = picture_files(), weights_files()

KINDS = {
    'pictures': a_picture,
    'checkpoints': a_checkpoint,
    'records': a_record,
    'weights': a_weights_file,
    'flags': some_flags,
}
