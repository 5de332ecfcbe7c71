"""Mistakes of every kind: one line that says what to do, status 2, and nothing is left behind."""

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import mxnet as mx
import numpy
import pytest
from PIL import Image
from safetensors.numpy import save_file

from styletransfer import outputs
from styletransfer.train import memory
from styletransfer.train import run as runs
from styletransfer.train.__main__ import main

ROOT = Path(__file__).parent.parent.parent
TOY = ['--weights', 'random', '--backbone', 'vgg19_slim', '--shape', '48x32', '--epochs', '1,1']


def contents(folder):
    """Return the paths of all there is in a folder, with the bytes of the files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob('*'))
        if not path.is_fifo()
    }


@pytest.fixture(autouse=True)
def quick_figure(monkeypatch):
    """Let runs draw no figure: it takes longer than they do."""
    monkeypatch.setattr(runs, 'save_figure', lambda path, *args: path.write_bytes(b'a figure'))


@pytest.fixture
def refused(tmp_path, monkeypatch, capfd):
    """Return a function that runs the command and checks that it is refused as it should be."""
    monkeypatch.chdir(tmp_path)

    def check(*flags, says=(), toy=TOY):
        before = contents(tmp_path)
        status = main([*toy, *map(str, flags)])
        out, err = capfd.readouterr()
        assert status == 2
        assert out == ''
        assert err.startswith('error: ')
        assert err.count('\n') == 1
        assert err.endswith('\n')
        for words in [says] if isinstance(says, str) else says:
            assert words in err
        assert contents(tmp_path) == before
        return err

    return check


FLAGS = {
    'shape without height': ('--shape', '560', ["'560' is not a shape", '560x320']),
    'shape of no width': ('--shape', '0x10', ["'0x10' is not a shape", '560x320']),
    'shape below 0': ('--shape', '-1x5', ["'-1x5' is not a shape", '560x320']),
    'shape with a cross': ('--shape', '560×320', ['is not a shape', 'the letter x']),  # noqa: RUF001
    'shape of nothing': ('--shape', '', ["'' is not a shape"]),
    'shape too small': ('--shape', '300x15', ['300x15 is too small', 'at least 16x16']),
    'coarse shape too small': ('--coarse-shape', '8x8', ['8x8 is too small', 'least 16x16']),
    'shape far too large': (
        *('--shape', '300000x200000', '--epochs', '1'),
        ['about', 'GB of memory', 'would fit'],
    ),
    'epochs without those of the further stage': (
        *('--shape', '1120x640', '--epochs', '500,300'),
        ['2 values', '3 stages here: 200x100, 560x320, 1120x640'],
    ),
    'coarse shape too large': ('--coarse-shape', '300000x200000', ['300000x200000', 'would fit']),
    'unknown photo': ('--content', 'laek', ["'laek'; did you mean 'lake'?"]),
    'unknown painting': ('--style', 'oilstrokes', ["did you mean 'oil_strokes'?"]),
    'painting like no other': ('--style', 'zzz', ["'zzz'; known:", 'ink_wash']),
    'missing photo': ('--content', 'photo.jpg', ["'photo.jpg'", 'no such file']),
    'missing painting': ('--style', 'a/b.png', ["'a/b.png'", 'no such file']),
    'photo of too long a name': ('--content', 'x' * 300, ['known:', 'lake']),
    'start of too long a name': ('--init', 'x' * 300, ['known:', 'noise']),
    'missing start': ('--init', 'start.png', ["'start.png'", 'no such file']),
    'unknown start': ('--init', 'nosie', ["'nosie'; did you mean 'noise'?"]),
    'folder for a start': ('--init', '.', ['it is a folder']),
    'unknown recipe': ('--recipe', 'tutoral', ["did you mean 'tutorial'?"]),
    'unknown backbone': ('--backbone', 'vgg99', ["'vgg99'; did you mean 'vgg19'?"]),
    'unknown device': ('--device', 'tpu', ["no device 'tpu'", 'gpu']),
    'unknown format': ('--format', 'jgp', ["'jgp'; did you mean 'jpg'?"]),
    'format with a path': ('--format', '/tmp/x.png', ['no picture format']),
    'unknown flag': ('--contnet', 'lake', ["'--contnet'; did you mean '--content'?"]),
    'book flag': ('--num-epochs', '5', ["'--num-epochs'; did you mean"]),
    'weights missing': ('--weights', 'no.safetensors', ["'no.safetensors'", 'no such file']),
    'weights of no format': ('--weights', 'weights', ["'weights'", '.safetensors']),
    'too many epochs': ('--epochs', '1,2,3', ['3 values', '2 stages']),
    'too many step sizes': ('--lr', '1,2,3', ['3 values', '2 stages']),
    'nothing to do': ('--epochs', '0,0', ['every stage', 'nothing to do']),
    'epochs in words': ('--epochs', 'many', ["'many' is not a whole number"]),
    'half an epoch': ('--epochs', '1.5', ["'1.5' is not a whole number"]),
    'an epoch missing': ('--epochs', '5,', ["'' is not a whole number"]),
    'save-every 0': ('--save-every', '0', ['--save-every', 'at least 1']),
    'checkpoint-every 0': ('--checkpoint-every', '0', ['--checkpoint-every', 'at least 1']),
    'seed below 0': ('--seed', '-1', ['--seed', 'must not be below 0']),
    'seed in words': ('--seed', 'x', ["'x' is not a whole number"]),
    'unknown layer': ('--style-layers', 'conv1_1,conv4_5', ["'conv4_5'; did you mean"]),
    'layer beyond the last': ('--content-layers', '37', ["layer '37'"]),
    'layer of a raised number': ('--style-layers', '²', ["layer '²'"]),
    'layer below the first': ('--content-layers', '-1', ["layer '-1'"]),
    'no layer': ('--style-layers', 'x', ["layer 'x'"]),
    'weights for too few layers': (
        *('--style-layer-weights', '1,1'),
        ['2 style layer weights given for 5 style layers'],
    ),
    'optimizer': ('--optimizer', 'lbgfs', ["no optimizer 'lbgfs'; did you mean 'lbfgs'?"]),
    'nothing remembered': ('--remembered', '0', ['remembered is 0: it must be 1 or above']),
    'pooling': ('--pooling', 'mean', ["no pooling 'mean'; known: max, average"]),
    'scaling': ('--scaling', 'gaty', ["did you mean 'gatys'?"]),
    'pixels': ('--pixels', 'cafe', ["did you mean 'caffe'?"]),
    'style weights for another style': (
        *('--style-weights', '0.5', '0.5'),
        ['2 style weights given for 1 styles'],
    ),
    'style weights that mix nothing': (
        *('--style', 'oil_strokes', 'ink_wash', '--style-weights', '0,0'),
        ['not all 0'],
    ),
    'style weights below 0': (
        *('--style', 'oil_strokes', 'ink_wash', '--style-weights', '1', '-0.5'),
        ['not below 0'],
    ),
    'style weights in words': ('--style-weights', 'much', ["'much' is not a number"]),
    'one of two styles misspelled': (
        *('--style', 'oil_strokes', 'ink_wahs'),
        ["did you mean 'ink_wash'?"],
    ),
    'no scale': ('--style-scale', '0', ['--style-scale is 0', 'above 0']),
    'scale of no number': ('--style-scale', 'nan', ['--style-scale', 'finite']),
    'unknown way to keep colours': (
        *('--preserve-color', 'luminence'),
        ["did you mean 'luminance'?"],
    ),
    'style mask alone': ('--style-mask', 'a.png', ['without --content-mask']),
    'styles for other masks': (
        *('--style', 'oil_strokes', 'ink_wash', '--content-mask', 'a.png', 'b.png', 'c.png'),
        ['2 styles given for 3 content masks'],
    ),
    'style masks for other masks': (
        *('--content-mask', 'a.png', 'b.png', '--style-mask', 'a.png'),
        ['1 style masks given for 2 content masks'],
    ),
    'weights and masks': (
        *('--content-mask', 'a.png', '--style-weights', '1'),
        ['--style-weights mixes', 'leave one out'],
    ),
    'masks without a style': (
        *('--content-mask', 'a.png', '--style-layers', ''),
        ['--content-mask', 'no style layers'],
    ),
    'weights and patches': (
        *('--recipe', 'mrf', '--epochs', '1', '--style', 'oil_strokes', 'ink_wash'),
        *('--style-weights', '1,1'),
        ['--style-weights mixes Gram matrices', '--patch-layers'],
    ),
    'patches of a tiny picture': (
        *('--recipe', 'mrf', '--shape', '80x48', '--epochs', '1'),
        ['relu4_1 sees a', 'a patch has 3x3', '--epochs', '--patch-layers'],
    ),
    'patches too far apart': ('--patch-stride', '4', ['patch_stride is 4', 'from 1 to 3']),
    'patches at no distance': ('--patch-stride', '0', ['patch_stride is 0', 'from 1 to 3']),
    'more than all rotations': ('--patch-rotations', '25', ['patch_rotations', '0 to 24']),
    'sizes below 0': ('--patch-scales', '-1', ['patch_scales', 'not below 0']),
    'unknown patch layer': ('--patch-layers', 'relu3_9', ["'relu3_9'; did you mean"]),
    'two ways to say where': (
        *('--content-mask', 'a.png', '--auto-masks', '2'),
        ['--content-mask and --auto-masks', 'choose one'],
    ),
    'labels of one picture': ('--content-labels', 'a.png', ['--style-labels', 'go together']),
    'labels of the other picture': ('--style-labels', 'a.png', ['--content-labels']),
    'labels for several styles': (
        *('--style', 'oil_strokes', 'ink_wash', '--content-labels', 'a.png'),
        *('--style-labels', 'b.png', ['--content-labels is for one style, but 2 are given']),
    ),
    'one region': ('--auto-masks', '1', ['--auto-masks is 1: it must be 2 to 9']),
    'ten regions': ('--auto-masks', '10', ['--auto-masks is 10: it must be 2 to 9']),
    'no number of regions': ('--auto-masks', 'sky', ["'sky'"]),
    'regions without a style': (
        *('--auto-masks', '2', '--style-layers', ''),
        ['--auto-masks says where', 'no style layers'],
    ),
    'missing labels': (
        *('--content-labels', 'a.png', '--style-labels', 'b.png'),
        ["'a.png'", 'no such file'],
    ),
    'missing mask': ('--content-mask', 'a.png', ["'a.png'", 'no such file']),
    'tile in words': ('--tile', 'large', ["'large' is not a tile", 'auto, none']),
    'odd tile': ('--tile', '100', ["'100' is not a tile", 'multiple of 16']),
    'tile too small': ('--tile', '48', ["'48' is not a tile", 'at least 64']),
    'folder without pictures': ('--content', '.', ["no pictures in --content '.'"]),
}


@pytest.mark.parametrize('name', FLAGS)
def test_flags(refused, name):
    *flags, says = FLAGS[name]
    refused(*flags, says=says)


NUMBERS = ('lr', 'lr-decay', 'content-weight', 'style-weight', 'tv-weight')
WHOLE_NUMBERS = ('epochs', 'lr-decay-epoch', 'lr-decay-start')


@pytest.mark.parametrize('value', ['nan', 'inf', '-inf', '1e999', '1e31'])
@pytest.mark.parametrize('name', NUMBERS)
def test_numbers_of_a_recipe(refused, name, value):
    refused(f'--{name}', value, says=[f'argument --{name}: it is {value}', 'finite number'])


@pytest.mark.parametrize('name', NUMBERS)
def test_numbers_below_0(refused, name):
    refused(f'--{name}', '-1', says=[name.replace('-', '_'), 'finite number, not below 0'])


@pytest.mark.parametrize('name', WHOLE_NUMBERS)
def test_whole_numbers_of_a_recipe(refused, name):
    for value in ('nan', 'inf', '1e3'):
        refused(f'--{name}', value, says=[f"argument --{name}: '{value}' is not a whole number"])
    refused(f'--{name}', '9' * 401, says=[f'argument --{name}: it is 99', 'at most 2147483647'])
    refused(f'--{name}', -1, says='not below 0')


@pytest.mark.parametrize('name', ['lr', 'lr-decay', 'lr-decay-epoch'])
def test_numbers_that_must_not_be_0(refused, name):
    refused(f'--{name}', 0, says=[name.replace('-', '_'), 'above 0'])


def test_a_coarse_shape_for_one_stage(refused):
    flags = ['--recipe', 'd2l', '--epochs', 1, '--coarse-shape', '32x32']
    refused(*flags, says=["'d2l' has one stage"])


def test_a_value_that_belongs_to_no_flag(refused):
    refused('photo.jpg', says="'photo.jpg' stands alone")


def test_a_flag_without_its_value(refused):
    refused('--style', says='argument --style: expected at least one argument')


def test_the_shape_that_is_said_to_fit_fits(refused, monkeypatch):
    monkeypatch.setattr(memory, 'total_memory', lambda device: 2 * 10**9)
    err = refused(
        '--shape', '9000x3000', '--epochs', 1, says=['9000x3000 needs about', 'there are 2.0 GB']
    )
    fits = err.split('GB: ')[1].split(' would')[0]
    width, height = map(int, fits.split('x'))
    assert 2 < width / height < 4
    assert memory.Needs('vgg19_slim', 'adam').tiled((width, height), 128) < 2e9
    refused('--shape', '999999x16', '--epochs', 1, says=' would fit')


def test_what_fits_in_tiles_only(refused, monkeypatch):
    monkeypatch.setattr(memory, 'total_memory', lambda device: 10**9)
    large = ['--shape', '1120x640', '--epochs', 1]
    refused(*large, '--tile', 'none', says=['1120x640 needs about 1.4 GB', 'are 1.0 GB'])
    large += ['--content', 'no.png']  # which is found out later
    refused(*large, '--tile', '256', says='no such file')


def test_masks(refused, tmp_path):
    black = Image.new('L', (40, 30))
    black.save(tmp_path / 'black.png')
    black.putpixel((5, 5), 255)
    black.save(tmp_path / 'speck.png')
    (tmp_path / 'words.png').write_text('not a picture at all')
    for name, says in {
        'black.png': ["'black.png' is empty", 'paint white'],
        'speck.png': ['content mask 1 vanishes at conv', 'make the region or the picture larger'],
        'words.png': 'not a picture',
    }.items():
        refused('--content-mask', name, says=says)
    Image.new('L', (40, 30), 255).save(tmp_path / 'white.png')
    masks = ['--content-mask', 'white.png', '--style-mask']
    refused(*masks, 'speck.png', says='style mask 1 vanishes')
    refused(*masks, 'speck.png', '--keep-style-aspect', says='style mask 1 vanishes')


def test_gpu_where_there_is_none(refused, monkeypatch):
    monkeypatch.setattr(mx.context, 'num_gpus', lambda: 0)
    refused('--device', 'gpu', says=['no GPU found', 'leave out --device gpu'])


def test_pictures(refused, tmp_path):
    pixels = numpy.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype('uint8')
    Image.fromarray(pixels).save(tmp_path / 'whole.jpg')
    whole = (tmp_path / 'whole.jpg').read_bytes()
    (tmp_path / 'cut.jpg').write_bytes(whole[: len(whole) // 2])
    (tmp_path / 'empty.png').write_bytes(b'')
    (tmp_path / 'words.png').write_text('not a picture at all')
    header = b'\0\0\0\rIHDR' + (60000).to_bytes(4, 'big') * 2 + b'\x08\2\0\0\0'
    crc = zlib.crc32(header[4:]).to_bytes(4, 'big')
    (tmp_path / 'bomb.png').write_bytes(b'\x89PNG\r\n\x1a\n' + header + crc + b'\0\0\0\0IDAT')
    os.mkfifo(tmp_path / 'pipe.png')
    for name, says in {
        'cut.jpg': 'it may be damaged',
        'empty.png': 'not a picture',
        'words.png': 'not a picture',
        'bomb.png': 'save a smaller one',
        'pipe.png': 'no ordinary file',
    }.items():
        for flag in ('--content', '--style', '--init'):
            refused(flag, name, says=[name, says])
        refused('--content', name, '--keep-aspect', says=[name, says])


def test_weights(refused, tmp_path):
    def weights(name, convs, width):
        arrays, channels = {}, 3
        for number in range(convs):
            shape = (width, channels, 3, 3)
            arrays[f'features.{number}.weight'] = numpy.zeros(shape, 'float32')
            arrays[f'features.{number}.bias'] = numpy.zeros(width, 'float32')
            channels = width
        save_file(arrays, tmp_path / name)

    weights('few.safetensors', 1, 16)
    weights('wide.safetensors', 13, 17)
    save_file({'something': numpy.zeros(3)}, tmp_path / 'other.safetensors')
    (tmp_path / 'pickle.pth').write_bytes(b'\x80\x02}q\x00.')
    (tmp_path / 'damaged.safetensors').write_bytes(b'\xff' * 100)
    (tmp_path / 'damaged.params').write_bytes(b'\xff' * 100)
    (tmp_path / 'damaged.h5').write_bytes(b'\xff' * 100)
    (tmp_path / 'damaged.npz').write_bytes(b'\xff' * 100)
    (tmp_path / 'empty.safetensors').write_bytes(b'')
    for name, says in {
        'few.safetensors': '1 convolutions',
        'wide.safetensors': '(17, 3, 3, 3)',
        'other.safetensors': 'no convolutions',
        'pickle.pth': 'pickle',
        'damaged.safetensors': 'cannot read',
        'damaged.params': 'cannot read',
        'damaged.h5': 'cannot read',
        'damaged.npz': 'cannot read',
        'empty.safetensors': 'cannot read',
    }.items():
        refused('--weights', name, says=says)


def test_output_that_is_a_file_or_below_one(refused, tmp_path):
    (tmp_path / 'file').write_text('mine')
    refused('--output', 'file', says=["'file' is a file, not a folder", 'choose another'])
    refused('--output', 'file/deeper', says=['cannot write', 'file/deeper', 'choose another'])


def test_output_where_nobody_may_write(refused):
    folder = '/proc/nothing/here'
    refused('--output', folder, says=['cannot write to --output', folder, 'choose another'])
    refused('--output', 'x' * 300, says=['cannot write', 'choose another'])


@pytest.mark.parametrize(
    'name', ['run.json', 'figure.png', 'stage1.png', 'stage7.jpg', 'checkpoint.safetensors']
)
def test_output_that_holds_what_is_not_ours(refused, tmp_path, name):
    (tmp_path / 'out').mkdir()
    for text in ('mine', '{"stages": 3}', '5', '"stages"', '[]', ''):
        (tmp_path / 'out' / name).write_text(text)
        refused('--output', 'out', says=[f"'{name}'", 'not of an earlier run', 'choose another'])


def test_output_that_holds_a_foreign_checkpoint_beside_a_run_of_ours(refused, tmp_path):
    assert main([*TOY, '--quiet', '--output', 'out']) == 0
    save_file({'weights': numpy.zeros(3)}, tmp_path / 'out' / 'checkpoint.safetensors')
    refused('--output', 'out', says=["'checkpoint.safetensors'", 'not of an earlier run'])
    refused('--output', 'out', '--resume', says='not a checkpoint of this program', toy=())


def test_output_that_holds_other_files_is_used(tmp_path):
    for name in ('stages.txt', 'stage.png', 'notes'):
        (tmp_path / name).write_text('mine')
    assert main([*TOY, '--quiet', '--output', str(tmp_path)]) == 0
    assert (tmp_path / 'stages.txt').read_text() == 'mine'


def test_a_disk_that_is_nearly_full(refused, monkeypatch):
    usage = shutil.disk_usage('.')._replace(free=1000)
    monkeypatch.setattr(outputs.shutil, 'disk_usage', lambda path: usage)
    refused(says=['MB free', 'free some space or choose another folder'])


def test_nothing_to_resume(refused):
    refused('--resume', toy=(), says=["nothing to resume in 'outputs'", 'leave out --resume'])
    assert main([*TOY, '--quiet']) == 0
    refused('--resume', toy=(), says=['its run is complete', 'leave out --resume'])


@pytest.fixture
def unfinished(tmp_path, monkeypatch):
    """Leave a run in the folder 'outputs' that stopped before its last file was written."""
    monkeypatch.chdir(tmp_path)
    photo = ROOT / 'assets' / 'content' / 'otter.jpg'
    shutil.copy(photo, tmp_path / 'photo.jpg')

    def stop(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, 'save_figure', stop)
        assert main([*TOY, '--quiet', '--content', 'photo.jpg', '--seed', '5']) == 130
    return tmp_path / 'outputs'


@pytest.mark.parametrize(
    ('flags', 'says'),
    [
        (['--seed', 6], ['had --seed 5, not 6', 'leave it out']),
        (['--seed', 0], ['had --seed 5, not 0']),  # the default, but it was asked for
        (['--shape', '64x64'], ['had --shape 48x32, not 64x64']),
        (['--epochs', '1,2'], ['had --epochs 1,1, not 1,2']),
        (['--tv-weight', 3], ['had no --tv-weight: leave it out']),
        (['--recipe', 'd2l'], ['had --recipe tutorial, not d2l']),
        (['--content', 'lake'], ['had --content photo.jpg, not lake']),
        (['--coarse-shape', '16x16'], ['had no --coarse-shape']),
        (['--keep-aspect'], ['had no --keep-aspect']),
        (['--format', 'jpg'], ['had --format png, not jpg']),
        (
            ['--style', 'oil_strokes', 'ink_wash'],
            ['--style oil_strokes, not oil_strokes ink_wash'],
        ),
        (['--style-weights', '1 '], ['had no --style-weights']),
        (['--style-scale', 2], ['had --style-scale 1.0, not 2.0']),
        (['--preserve-color', 'linear'], ['had no --preserve-color']),
        (['--content-mask', 'photo.jpg'], ['had no --content-mask']),
        (['--optimizer', 'lbfgs'], ['had no --optimizer']),
    ],
)
def test_resume_as_another_run(unfinished, refused, capfd, flags, says):
    capfd.readouterr()
    refused('--resume', *flags, toy=(), says=[*says, 'leave out --resume'])


def test_resume_after_the_photo_changed(unfinished, refused, capfd):
    capfd.readouterr()
    shutil.copy(ROOT / 'assets' / 'content' / 'lake.jpg', 'photo.jpg')
    refused('--resume', toy=(), says=['cannot resume: pictures changed', 'leave out --resume'])
    os.remove('photo.jpg')
    refused('--resume', toy=(), says=["'photo.jpg'", 'no such file'])


def test_resume_from_a_damaged_checkpoint(unfinished, refused, capfd):
    capfd.readouterr()
    path = unfinished / 'checkpoint.safetensors'
    whole = path.read_bytes()
    for damaged in (b'', whole[:50], whole[:-1], whole[:-500] + bytes(500), b'{}'):
        path.write_bytes(damaged)
        refused('--resume', toy=(), says=['checkpoint.safetensors', 'damaged', 'remove it'])
        refused(says=["'checkpoint.safetensors'", 'not of an earlier run'])
    path.write_bytes(whole)
    assert main(['--resume', '--quiet']) == 0


def test_resume_from_a_checkpoint_of_another_command(refused, tmp_path):
    from styletransfer.checkpoint import save_checkpoint

    for record in ({'settings': {}, 'step': 3}, [], 5):
        save_checkpoint(tmp_path / 'outputs' / 'checkpoint.safetensors', {}, record)
        refused('--resume', toy=(), says='not of this command')


def test_mistakes_are_found_before_a_run_is_touched(unfinished, refused, capfd):
    capfd.readouterr()
    refused('--style', 'zzz', says='known:')
    refused('--weights', 'no.safetensors', says='no such file')


@pytest.mark.parametrize(
    ('flags', 'says'),
    [
        (['--shape', '560'], "'560' is not a shape"),
        (['--style', 'oil_stroke'], "did you mean 'oil_strokes'?"),
    ],
)
def test_in_a_process_of_its_own(tmp_path, flags, says):
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'styletransfer.train', '--output', 'out', *flags],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ''
    assert says in done.stderr
    assert done.stderr.count('\n') == 1
    assert list(tmp_path.iterdir()) == []
