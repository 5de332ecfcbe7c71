"""The command as users run it: in a process of its own, on small pictures, killed at will."""

import errno
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import mxnet
import numpy
import pytest
from PIL import Image

import styletransfer.files
from styletransfer import mrf, trained
from styletransfer.checkpoint import load_checkpoint, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.feedforward import johnson, painting
from styletransfer.images import load_image, postprocess, preprocess, resized, save_image
from styletransfer.outputs import locked
from styletransfer.progress import Checkpoints
from styletransfer.recipes import RECIPES, TUTORIAL
from styletransfer.train import run as runs
from styletransfer.train.__main__ import main
from styletransfer.train.wish import flag, make_parser

ROOT = Path(__file__).parent.parent.parent
TOY = ['--weights', 'random', '--backbone', 'vgg19_slim', '--shape', '48x32']
SECONDS = 120  # to wait for what takes a few; many machines are slow and busy


def command(*flags, output):
    program = [sys.executable, '-W', 'error', '-m', 'styletransfer.train']
    return [*program, '--output', str(output), *map(str, flags)]


def run(*flags, output, status=0):
    """Run the command to its end, check its exit status, and return what it printed."""
    done = subprocess.run(
        command(*flags, output=output),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=3 * SECONDS,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture(autouse=True)
def quick_figure(monkeypatch):
    """Let runs in this process draw no figure: it takes longer than they do."""
    monkeypatch.setattr(runs, 'save_figure', lambda path, *args: path.write_bytes(b'a figure'))


def paint(*flags, output, status=0):
    """Do the same in this process, which is quicker."""
    assert main([*TOY, '--quiet', '--output', str(output), *map(str, flags)]) == status


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def size(path):
    with Image.open(path) as picture:
        return picture.size


def losses(folder):
    record = json.loads((folder / 'run.json').read_text())
    return [stage['losses'] for stage in record['stages']]


def until(condition, process):
    """Wait until a condition holds while a process runs."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, 'the run was over too soon'
        assert time.monotonic() < end, 'waited too long'
        time.sleep(0.02)


def stand(folder):
    """Return the stage, from 0, and the epoch of the checkpoint in a folder."""
    try:
        record = load_checkpoint(folder / 'checkpoint.safetensors').record
    except InputError:  # none yet
        return -1, 0
    return record['stage'], record['epoch']


@pytest.fixture(scope='module')
def painted(tmp_path_factory):
    folder = tmp_path_factory.mktemp('painted')
    done = run(*TOY, '--epochs', '25,12', '--save-every', 10, '--seed', 3, output=folder)
    return folder, done


def test_files(painted):
    folder, done = painted
    assert names(folder) == ['figure.png', 'previews', 'run.json', 'stage1.png', 'stage2.png']
    assert size(folder / 'stage2.png') == (48, 32)
    assert names(folder / 'previews') == [
        'stage1-epoch0001.png',
        'stage1-epoch0010.png',
        'stage1-epoch0020.png',
        'stage2-epoch0001.png',
        'stage2-epoch0010.png',
    ]
    assert done.stdout.splitlines()[-1].startswith(f'The painting is {folder}/stage2.png')
    assert 'untrained (random weights)' in done.stdout
    assert 'stage 1 of 2' in done.stderr
    assert 'stage 2 of 2, 48x32' in done.stderr


def test_record(painted):
    folder, _ = painted
    record = json.loads((folder / 'run.json').read_text())
    wanted = {'arguments', 'recipe', 'backbone', 'weights', 'versions', 'seed', 'stages'}
    assert wanted | {'peak_memory_bytes'} <= set(record)
    assert record['arguments']['num_epochs'] == [25, 12]
    assert record['arguments']['shape'] == [48, 32]
    assert record['recipe']['name'] == 'tutorial'
    assert record['recipe']['style_weight'] == TUTORIAL.style_weight
    assert [stage['num_epochs'] for stage in record['recipe']['stages']] == [25, 12]
    assert record['backbone'] == 'vgg19_slim'
    assert record['weights']['source'] == 'random'
    assert 'sha256' in record['weights']
    assert record['versions']['mxnet'] == mxnet.__version__
    assert record['versions']['numpy'] == numpy.__version__
    assert record['versions']['python'] == platform.python_version()
    assert record['seed'] == 3
    assert 5e7 < record['peak_memory_bytes'] < 5e9
    coarse, fine = record['stages']
    assert set(coarse) == {'image_shape', 'seconds', 'losses'}
    assert fine['image_shape'] == [48, 32]
    assert coarse['image_shape'] == list(size(folder / 'stage1.png'))
    assert coarse['seconds'] > 0
    assert [losses['epoch'] for losses in coarse['losses']] == [1, 10, 20, 25]
    assert [losses['epoch'] for losses in fine['losses']] == [1, 10, 12]
    for epoch in coarse['losses'] + fine['losses']:
        assert set(epoch) == {'epoch', 'lr', 'content', 'style', 'tv', 'total'}
        parts = epoch['content'] + epoch['style'] + epoch['tv']
        assert epoch['total'] == pytest.approx(parts, rel=1e-5)
        assert epoch['lr'] == 0.01
    assert coarse['losses'][-1]['total'] < coarse['losses'][0]['total']


def test_record_names_the_file_of_weights(tmp_path):
    from safetensors.numpy import save_file

    rng, arrays = numpy.random.default_rng(0), {}
    widths = [3, 16, 16, 32, 32, *[64] * 4, *[128] * 5]
    numbers = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    for number, n, m in zip(numbers, widths, widths[1:]):
        scale = numpy.sqrt(2 / 9 / n)
        arrays[f'features.{number}.weight'] = rng.normal(0, scale, (m, n, 3, 3)).astype('float32')
        arrays[f'features.{number}.bias'] = numpy.zeros(m, 'float32')
    file = tmp_path / 'mine.safetensors'
    save_file(arrays, file)
    paint('--weights', file, '--epochs', '2,2', output=tmp_path / 'out')
    record = json.loads((tmp_path / 'out' / 'run.json').read_text())
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert record['weights'] == {'source': 'mine.safetensors', 'sha256': sha256}


def test_losses_carry_their_weights(tmp_path):
    once = ['--epochs', '0,1', '--init', 'noise']
    paint(*once, output=tmp_path / 'a')
    heavy = ['--content-weight', 3, '--style-weight', 4e3, '--tv-weight', 250]
    paint(*once, *heavy, output=tmp_path / 'b')
    first, second = (
        json.loads((tmp_path / name / 'run.json').read_text())['stages'][0]['losses'][0]
        for name in 'ab'
    )
    for name, factor in (('content', 3), ('style', 4), ('tv', 5)):
        assert second[name] == pytest.approx(factor * first[name], rel=1e-4)


def test_same_seed_same_bytes_whatever_listens(painted, tmp_path):
    folder, _ = painted
    paint('--epochs', '25,12', '--seed', 3, output=tmp_path)
    for name in ('stage1.png', 'stage2.png'):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_noise_depends_on_the_seed(tmp_path):
    for name, seed in (('a', 1), ('b', 2), ('c', 1)):
        paint('--init', 'noise', '--epochs', '0,2', '--seed', seed, output=tmp_path / name)
    a, b, c = ((tmp_path / name / 'stage1.png').read_bytes() for name in 'abc')
    assert a == c
    assert a != b


def test_where_the_picture_starts(tmp_path):
    starts = {'content': 'content/lake.jpg', 'style': 'style/oil_strokes.jpg'}
    for init, sample in starts.items():
        paint('--init', init, '--epochs', '0,1', output=tmp_path / init)
        file = ROOT / 'assets' / sample
        paint('--init', file, '--epochs', '0,1', output=tmp_path / f'{init}-file')
        by_name, by_file = (
            (tmp_path / name / 'stage1.png').read_bytes() for name in (init, f'{init}-file')
        )
        assert by_name == by_file
    assert (tmp_path / 'content' / 'stage1.png').read_bytes() != by_name


def test_a_networks_painting_is_a_start(tmp_path, capsys):
    setting = replace(johnson.JOHNSON_SLIM, widths=(4, 6, 8), residuals=1, style_side=40)
    net = tmp_path / 'net.safetensors'
    styles = ('oil_strokes', 'woodblock')
    trained.save(net, 'johnson', setting, styles, johnson.make_net(setting, 2, seed=5), {})
    paint('--init', net, '--epochs', '0,1', output=tmp_path / 'a')
    lake = resized(load_image(ROOT / 'assets' / 'content' / 'lake.jpg'), (40, 27))
    out = tmp_path / 'small.png'  # in strokes as large as in a painting of 40 pixels
    save_image(out, painting.painted(trained.load(net), lake, painting.Wish(styles[:1])))
    paint('--init', out, '--epochs', '0,1', output=tmp_path / 'b')
    paint('--epochs', '0,1', output=tmp_path / 'c')
    a, b, c = (pixels(tmp_path / name / 'stage1.png') for name in 'abc')
    assert numpy.abs(a - b).mean() < 0.2 * numpy.abs(a - c).mean()
    record = json.loads((tmp_path / 'a' / 'run.json').read_text())
    assert record['arguments']['init'] == str(net)

    styles = ('--style', 'ink_wash')
    paint('--init', net, '--epochs', '0,1', *styles, output=tmp_path / 'd', status=2)
    assert "no style of this network 'ink_wash'; known: oil_strokes" in capsys.readouterr().err


def test_a_stage_of_no_epochs_is_left_out(tmp_path):
    paint('--epochs', '0,5', output=tmp_path / 'fine')
    paint('--epochs', '5,0', output=tmp_path / 'coarse')
    for name, shape in (('fine', (48, 32)), ('coarse', (16, 16))):
        assert names(tmp_path / name) == ['figure.png', 'run.json', 'stage1.png']
        assert size(tmp_path / name / 'stage1.png') == shape
        record = json.loads((tmp_path / name / 'run.json').read_text())
        assert [stage['image_shape'] for stage in record['stages']] == [list(shape)]


def test_recipe_of_one_stage_and_numbers_by_flags(tmp_path):
    paint('--recipe', 'D2L', '--epochs', 3, '--lr', 0.5, output=tmp_path)
    assert names(tmp_path) == ['figure.png', 'run.json', 'stage1.png']
    record = json.loads((tmp_path / 'run.json').read_text())
    assert record['recipe']['name'] == 'd2l'
    assert record['recipe']['style_weight'] == 1e4
    assert record['stages'][0]['losses'][0]['lr'] == 0.5


def test_every_number_of_a_recipe_has_a_flag(tmp_path):
    given = {
        'lr': (0.02, [0.02, 0.02]),
        'num_epochs': ('2,3', [2, 3]),
        'lr_decay_epoch': ('1,2', [1, 2]),
        'lr_decay': (0.5, [0.5, 0.5]),
        'lr_decay_start': ('1,0', [1, 0]),
        'content_weight': (2, 2),
        'style_weight': (5, 5),
        'tv_weight': (0, 0),
        'content_layers': ('conv3_1', ['conv3_1']),
        'style_layers': ('conv1_1,5', ['conv1_1', 5]),
        'content_layer_weights': ('2', [2]),
        'style_layer_weights': ('1,0.5', [1, 0.5]),
        'patch_weight': (2, 2),
        'patch_layers': ('relu1_1', ['relu1_1']),
        'patch_layer_weights': ('3', [3]),
        'patch_stride': (1, 1),
        'patch_rotations': (1, 1),
        'patch_scales': (2, 2),
        'scaling': ('gatys', 'gatys'),
        'tv': ('power', 'power'),
        'optimizer': ('lbfgs', 'lbfgs'),
        'remembered': (3, 3),
        'pooling': ('average', 'average'),
        'pixels': ('caffe', 'caffe'),
    }
    flags = [part for name, (text, _) in given.items() for part in (flag(name), text)]
    paint(*flags, '--coarse-shape', '40x30', output=tmp_path)
    recipe = json.loads((tmp_path / 'run.json').read_text())['recipe']
    for name, (_, value) in given.items():
        if name in recipe:
            assert recipe[name] == value, name
        else:
            assert [stage[name] for stage in recipe['stages']] == value, name


@pytest.mark.parametrize('ending', ['jpg', 'webp', 'tiff'])
def test_formats(tmp_path, ending):
    paint('--epochs', '1,1', '--format', ending, output=tmp_path)
    assert names(tmp_path) == ['figure.png', 'run.json', f'stage1.{ending}', f'stage2.{ending}']
    assert size(tmp_path / f'stage2.{ending}') == (48, 32)


def test_shapes(tmp_path):
    # the bundled lake is wider than high
    width, height = size(ROOT / 'assets' / 'content' / 'lake.jpg')
    flags = ['--shape', '96x999', '--keep-aspect', '--coarse-shape', '32x24', '--epochs', '1,1']
    paint(*flags, output=tmp_path)
    assert size(tmp_path / 'stage1.png') == (32, 24)
    assert size(tmp_path / 'stage2.png') == (96, round(96 * height / width))


def test_two_stages_that_are_the_same(tmp_path):
    same = ['--coarse-shape', '48x32', '--epochs', '3,3', '--lr-decay-epoch', 100]
    paint(*same, '--checkpoint-every', 1, output=tmp_path)
    assert (tmp_path / 'stage1.png').read_bytes() != (tmp_path / 'stage2.png').read_bytes()


def test_quiet_is_quiet(tmp_path):
    done = run(*TOY, '--epochs', '1,1', '--quiet', output=tmp_path)
    assert (done.stdout, done.stderr) == ('', '')


def test_list_samples():
    done = run('--list-samples', output='outputs')
    assert done.stderr == ''
    content, style = done.stdout.splitlines()
    assert content.split()[0] == '--content'
    assert 'lake' in content
    assert style.split()[0] == '--style'
    assert 'oil_strokes' in style


def test_list_recipes(capsys):
    assert main(['--list-recipes']) == 0
    text = capsys.readouterr().out
    for recipe in RECIPES.values():
        assert f'{recipe.name}: {recipe.description}' in text
    assert '  network     vgg19, average pooling, imagenet pixels, its filters normalised' in text
    assert '  patches     relu3_1, relu4_1; weight 0.0001; every 2 positions; 1 rotations' in text
    assert text.count('  style       none') == 1  # cnnmrf
    assert '  style       relu1_1, relu2_1, relu3_1, relu4_1, relu5_1; weight 1, each' in text
    assert '  stages      200x100 for 500 epochs, then 560x320 for 300 epochs' in text


def pixels(path):
    with Image.open(path) as picture:
        return numpy.asarray(picture).astype(float)


def test_several_styles_are_mixed(tmp_path):
    both = ['--style', 'oil_strokes', 'ink_wash', '--style-weights']
    for name, flags in {
        'one': ['--style', 'oil_strokes'],
        'first': [*both, '1', '0'],
        'commas': [*both, '3,', '1'],
        'spaces': [*both, '0.75', '0.25'],
    }.items():
        paint(*flags, '--epochs', '0,3', output=tmp_path / name)
    one, first, commas, spaces = (
        (tmp_path / name / 'stage1.png').read_bytes()
        for name in ('one', 'first', 'commas', 'spaces')
    )
    assert first == one
    assert commas == spaces
    assert commas != one


def test_scale_and_aspect_of_the_style(tmp_path):
    kinds = {'plain': [], 'large': ['--style-scale', 2], 'cropped': ['--keep-style-aspect']}
    for name, flags in kinds.items():
        paint(*flags, '--shape', '96x32', '--epochs', '0,2', output=tmp_path / name)
    pictures = {(tmp_path / name / 'stage1.png').read_bytes() for name in kinds}
    assert len(pictures) == 3


def test_masks(tmp_path):
    for name, box in {
        'all': (0, 0, 40, 30),
        'left': (0, 0, 20, 30),
        'right': (20, 0, 40, 30),
    }.items():
        mask = Image.new('L', (40, 30))
        mask.paste(255, box)
        mask.save(tmp_path / f'{name}.png')
    everywhere, left, right = (tmp_path / f'{name}.png' for name in ('all', 'left', 'right'))
    two = ['--style', 'oil_strokes', 'ink_wash', '--content-mask', left, right]
    for name, flags in {
        'none': [],
        'all': ['--content-mask', everywhere],
        'two': two,
        'four': [*two, '--style-mask', right, everywhere],
        'one': ['--content-mask', left, right],
    }.items():
        paint(*flags, '--epochs', '0,4', output=tmp_path / name)
    none, whole, apart, four, one = (
        pixels(tmp_path / name / 'stage1.png') for name in ('none', 'all', 'two', 'four', 'one')
    )
    assert abs(whole - none).max() <= 1
    assert abs(apart - one)[:, 36:].max() > abs(apart - one)[:, :12].max()  # where the ink went
    assert (four != apart).any()


def test_tiles_leave_no_trace(tmp_path):
    for tile in ('64', 'none'):
        flags = ['--shape', '256x32', '--epochs', '0,3', '--tile', tile]
        paint(*flags, output=tmp_path / tile)
        flags = ['--recipe', 'painterly', '--shape', '128x16', '--epochs', '0,0,0,3']
        paint(*flags, '--tile', tile, output=tmp_path / 'canvas' / tile)
    for folder in (tmp_path, tmp_path / 'canvas'):
        tiled, whole = (pixels(folder / tile / 'stage1.png') for tile in ('64', 'none'))
        assert abs(tiled - whole).max() <= 1


def test_every_control_works_on_a_canvas_larger_than_the_picture(tmp_path):
    for name, box in {'left': (0, 0, 20, 30), 'right': (20, 0, 40, 30)}.items():
        mask = Image.new('L', (40, 30))
        mask.paste(255, box)
        mask.save(tmp_path / f'{name}.png')
    masks = ['--content-mask', tmp_path / 'left.png', tmp_path / 'right.png']
    two = ['--style', 'oil_strokes', 'ink_wash']
    for name, flags in {
        'mixed': two,
        'masks': [*two, *masks],
        'colours': ['--preserve-color', 'luminance'],
    }.items():
        paint('--recipe', 'painterly', '--epochs', '0,0,2,2', *flags, output=tmp_path / name)
        assert size(tmp_path / name / 'stage1.png') == (24, 16)
        assert size(tmp_path / name / 'stage2.png') == (48, 32)
    assert losses(tmp_path / 'mixed')[0] != losses(tmp_path / 'masks')[0]
    photo = load_image(ROOT / 'assets' / 'content' / 'lake.jpg', (102, 68))  # of the canvas
    photo = postprocess(preprocess(photo, (48, 32))).asnumpy() * 255
    kept = pixels(tmp_path / 'colours' / 'stage2.png')
    assert abs(chroma(kept) - chroma(photo)).max() < 1


def test_a_canvas_that_is_hardly_painted_is_the_photo(tmp_path):
    # where the cut is a pixel off, or the mirror, an edge would stand elsewhere
    flags = ['--recipe', 'painterly', '--optimizer', 'adam', '--lr', '1e-6', '--epochs', '0,0,0,1']
    paint(*flags, '--shape', '90x60', '--bleed', '0.2', output=tmp_path)
    photo = resized(load_image(ROOT / 'assets/content/lake.jpg'), (90, 60))
    assert abs(pixels(tmp_path / 'stage1.png') - photo.asnumpy()).mean() < 3


def chroma(img):
    """Return what makes each pixel differ from grey, in 0-255."""
    return img - (img @ [0.299, 0.587, 0.114])[..., None]


def test_every_picture_keeps_the_colours_of_the_photo(tmp_path):
    flags = ['--content', 'otter', '--preserve-color', 'luminance', '--epochs', '0,3']
    paint(*flags, '--save-every', 2, output=tmp_path)
    photo = load_image(ROOT / 'assets' / 'content' / 'otter.jpg', (48, 32))
    photo = postprocess(preprocess(photo, (48, 32))).asnumpy() * 255
    for name in ('stage1.png', 'previews/stage1-epoch0002.png'):
        assert abs(chroma(pixels(tmp_path / name)) - chroma(photo)).max() < 1
    assert abs(pixels(tmp_path / 'stage1.png') - photo).max() > 2


@pytest.mark.parametrize('way', ['linear', 'histogram'])
def test_other_ways_to_keep_colours(tmp_path, way):
    for name, flags in {'plain': [], way: ['--preserve-color', way]}.items():
        paint(*flags, '--epochs', '0,2', output=tmp_path / name)
    assert (pixels(tmp_path / way / 'stage1.png') != pixels(tmp_path / 'plain/stage1.png')).any()


@pytest.mark.parametrize('units', ['imagenet', 'caffe'])
def test_pictures_are_right_in_other_units(tmp_path, units):
    # hardly a step is made, so what is saved is the photo
    paint('--pixels', units, '--epochs', '0,1', '--lr', '1e-6', '--save-every', 1, output=tmp_path)
    photo = load_image(ROOT / 'assets' / 'content' / 'lake.jpg', (48, 32))
    photo = postprocess(preprocess(photo, (48, 32))).asnumpy() * 255
    for name in ('stage1.png', 'previews/stage1-epoch0001.png'):
        assert abs(pixels(tmp_path / name) - photo).max() < 1


def test_layers_that_the_weights_lack(tmp_path, capsys):
    bundled = ['--backbone', 'vgg19_slim', '--shape', '48x32', '--epochs', '1']
    said = 'relu5_2 is behind the end of these weights: relu5_1 takes its place.'
    assert main([*bundled, '--recipe', 'keras', '--output', str(tmp_path)]) == 0
    assert said in capsys.readouterr().out.splitlines()
    recipe = json.loads((tmp_path / 'run.json').read_text())['recipe']
    assert recipe['content_layers'] == ['relu5_1']
    assert recipe['style_layers'][-1] == 'relu5_1'


def test_vgg16_by_its_stand_in(tmp_path, capsys):
    flags = ['--recipe', 'vgg16_gd', '--backbone', 'vgg16_slim', '--shape', '48x32']
    assert main([*flags, '--epochs', '2', '--output', str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert 'VGG-19 slim in place of VGG-16' in text
    assert 'No slim VGG-16 was trained' in text
    assert 'conv5_2 and conv5_3 are behind the end of these weights' in text


def test_layers_keep_their_own_weights(tmp_path, capsys):
    flags = ['--backbone', 'vgg19_slim', '--shape', '48x32', '--epochs', '1,0']
    flags += ['--style-layers', 'conv5_1,conv5_2,conv1_1', '--style-layer-weights', '1,2,3']
    assert main([*flags, '--output', str(tmp_path)]) == 0
    recipe = json.loads((tmp_path / 'run.json').read_text())['recipe']
    assert recipe['style_layers'] == ['conv5_1', 'conv1_1']
    assert recipe['style_layer_weights'] == [1, 3]
    said = 'conv5_2 is behind the end of these weights: conv5_1 takes its place.'
    assert said in capsys.readouterr().out.splitlines()


PATCHES = ['--recipe', 'mrf', '--shape', '128x96', '--epochs', '3,2,2']
PATCHES += ['--patch-rotations', '0', '--patch-scales', '0']


def test_patches(tmp_path, capsys):
    flags = [*TOY, *PATCHES, '--output', str(tmp_path)]
    assert main(flags) == 0
    assert [size(tmp_path / f'stage{k}.png') for k in (1, 2, 3)] == [(32, 24), (64, 48), (128, 96)]
    record = json.loads((tmp_path / 'run.json').read_text())
    for epoch in (losses for stage in record['stages'] for losses in stage['losses']):
        assert min(epoch['patches'], epoch['style']) > 0
        parts = sum(epoch[name] for name in ('content', 'style', 'tv', 'patches'))
        assert epoch['total'] == pytest.approx(parts, rel=1e-5)
    assert 'patches ' in capsys.readouterr().err  # on the bar


def test_patches_of_the_authors(tmp_path):
    paint('--recipe', 'cnnmrf', '--shape', '160x128', '--epochs', '2,1,1', output=tmp_path)
    coarse, _, _ = losses(tmp_path)
    assert coarse[1]['total'] < coarse[0]['total']


def test_patches_with_every_control(tmp_path):
    for name, box in {'left': (0, 0, 20, 30), 'right': (20, 0, 40, 30)}.items():
        mask = Image.new('L', (40, 30))
        mask.paste(255, box)
        mask.save(tmp_path / f'{name}.png')
        labels = Image.new('RGB', (40, 30), 'red')
        labels.paste('blue', box)
        labels.save(tmp_path / f'{name}-labels.png')
    sides = tmp_path / 'left.png', tmp_path / 'right.png'
    labels = ['--content-labels', tmp_path / 'left-labels.png']
    labels += ['--style-labels', tmp_path / 'right-labels.png']
    two = ['--style', 'oil_strokes', 'ink_wash']
    for name, flags in {
        'one': [],
        'two': two,
        'masks': [*two, '--content-mask', *sides],
        'both masks': [*two, '--content-mask', *sides, '--style-mask', *reversed(sides)],
        'labels': labels,
        'turned': ['--patch-rotations', 1, '--patch-scales', 1, '--style-scale', 1.5],
        'cropped': ['--keep-style-aspect', '--patch-stride', 1],
        'colours': ['--preserve-color', 'linear'],
    }.items():
        flags = [*PATCHES, '--epochs', '0,2,2', *flags]
        paint(*flags, output=tmp_path / name)
        paint(*flags, '--tile', 64, output=tmp_path / 'tiles' / name)
        tiled, whole = (pixels(tmp_path / part / name / 'stage2.png') for part in ('tiles', '.'))
        assert abs(tiled - whole).max() <= 1, name
    pictures = [path.read_bytes() for path in tmp_path.glob('*/stage2.png')]
    assert len(pictures) == len(set(pictures)) == 8


def test_a_mask_without_a_patch_is_refused_before_anything_is_painted(tmp_path, capsys):
    for name, box in {'spot': (60, 40, 76, 56), 'edge': (0, 0, 40, 96)}.items():
        mask = Image.new('L', (128, 96))
        mask.paste(255, box)
        mask.save(tmp_path / f'{name}.png')
    spot, edge = tmp_path / 'spot.png', tmp_path / 'edge.png'
    flags = [*PATCHES, '--patch-layers', 'relu3_1', '--style-layers', 'relu1_1']
    paint(*flags, '--content-mask', spot, output=tmp_path / 'out', status=2)
    said = 'content mask 1 has no patch of 3x3 positions at relu3_1'
    assert said in capsys.readouterr().err
    flags += ['--content-mask', edge, '--style-mask', spot]
    paint(*flags, output=tmp_path / 'out', status=2)
    assert 'style mask 1 has no patch of 3x3 positions at relu3_1' in capsys.readouterr().err
    assert not (tmp_path / 'out' / 'stage1.png').exists()


def test_a_batch_shares_the_patches(tmp_path, monkeypatch):
    made, make_bank = [], mrf.make_bank
    monkeypatch.setattr(mrf, 'make_bank', lambda P: made.append(len(P)) or make_bank(P))
    (tmp_path / 'photos').mkdir()
    for colour in ('red', 'blue'):
        Image.new('RGB', (64, 48), colour).save(tmp_path / 'photos' / f'{colour}.png')
    flags = [*PATCHES, '--epochs', '0,1,1', '--content', tmp_path / 'photos']
    paint(*flags, output=tmp_path / 'out')
    assert len(names(tmp_path / 'out')) >= 2
    assert made == [1] * 4  # two layers in two stages, once for both photos


@pytest.mark.parametrize(
    'recipe', ['fast', 'painterly', 'mrf', 'gatys_2016', 'keras', 'vgg16_gd', 'cnnmrf']
)
def test_other_optimizers_go_on_to_the_same_picture(tmp_path, recipe, monkeypatch):
    flags = ['--recipe', recipe, '--epochs', 9, '--checkpoint-every', 4]
    if RECIPES[recipe].patch_layers:
        flags += ['--shape', '160x128', '--epochs', '9,5,0']
    paint(*flags, output=tmp_path / 'whole')

    def killed(self, step=None):
        """Stand for the end of a process in the middle of a stage."""
        save(self, step)
        if step and step.epoch == 4:
            raise Cut

    save = Checkpoints.save
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, 'save', killed)
        with pytest.raises(Cut):
            paint(*flags, output=tmp_path / 'killed')
    assert main(['--resume', '--quiet', '--output', str(tmp_path / 'killed')]) == 0
    pictures = [name for name in names(tmp_path / 'whole') if name.startswith('stage')]
    for name in pictures:
        ours, other = (tmp_path / folder / name for folder in ('killed', 'whole'))
        assert ours.read_bytes() == other.read_bytes()
    assert losses(tmp_path / 'killed') == losses(tmp_path / 'whole')


def test_a_second_run_in_a_folder_is_refused(tmp_path, capsys):
    with locked(tmp_path):
        paint('--epochs', '1,1', output=tmp_path, status=2)
    err = capsys.readouterr().err
    assert err.startswith(f"error: another run is at work in --output '{tmp_path}'")
    assert err.count('\n') == 1
    assert names(tmp_path) == []
    paint('--epochs', '1,1', output=tmp_path)


def test_a_checkpoint_of_other_stages_is_refused(tmp_path, cut, capsys):
    """As if somebody had changed it, and made its digest anew."""
    cut('stage2', '--epochs', '3,3', output=tmp_path)
    path = tmp_path / 'checkpoint.safetensors'
    saved = load_checkpoint(path)
    save_checkpoint(path, saved.arrays, {**saved.record, 'epoch': 7})
    capsys.readouterr()
    assert main(['--resume', '--output', str(tmp_path)]) == 2
    assert 'not of a run with these stages' in capsys.readouterr().err


def test_help_names_every_flag():
    text = make_parser().format_help()
    for name in ('content', 'style', 'shape', 'resume', 'epochs', 'style-weight', 'lr-decay'):
        assert f'--{name}' in text


# A stage is killed soon after it began: some seventy epochs, a second or two, are left of it then,
# and a look at where it stands takes a few milliseconds.
LONG = [*TOY, '--epochs', '80,80', '--coarse-shape', '40x24', '--checkpoint-every', 7]


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp('uninterrupted')
    run(*LONG, '--quiet', output=folder)
    return folder


@pytest.mark.parametrize('stage', [0, 1])
def test_kill_and_resume(tmp_path, uninterrupted, stage):
    process = subprocess.Popen(command(*LONG, '--quiet', output=tmp_path), cwd=ROOT)
    try:
        until(lambda: stand(tmp_path) >= (stage, 7), process)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(SECONDS) == -signal.SIGKILL
    assert stand(tmp_path)[0] == stage
    assert not (tmp_path / 'run.json').exists()
    assert not (tmp_path / 'stage2.png').exists()
    (tmp_path / '.unfinished-abcd1234').mkdir()  # had it been killed while it wrote
    (tmp_path / '.unfinished-abcd1234' / 'stage1.png').write_bytes(b'half')
    run('--resume', output=tmp_path)
    for name in ('stage1.png', 'stage2.png'):
        assert (tmp_path / name).read_bytes() == (uninterrupted / name).read_bytes()
    assert names(tmp_path) == ['figure.png', 'run.json', 'stage1.png', 'stage2.png']
    assert losses(tmp_path) == losses(uninterrupted)


def test_ctrl_c_keeps_the_picture_and_resumes(tmp_path, uninterrupted):
    process = subprocess.Popen(
        command(*LONG, output=tmp_path / 'my paintings'),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    folder = tmp_path / 'my paintings'
    try:
        until(lambda: stand(folder) >= (1, 7), process)
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130
    stage, epoch = stand(folder)
    assert stage == 1
    last = text.splitlines()[-1]
    assert last.startswith(f'stopped after epoch {epoch}; the picture so far is {folder}/stage2')
    assert last.endswith(f"python -m styletransfer.train --resume --output '{folder}'")
    assert 'Traceback' not in text
    assert size(folder / 'stage2.png') == (48, 32)
    unfinished = (folder / 'stage2.png').read_bytes()
    assert unfinished != (uninterrupted / 'stage2.png').read_bytes()
    run('--resume', '--quiet', output=folder)
    assert (folder / 'stage2.png').read_bytes() == (uninterrupted / 'stage2.png').read_bytes()


class Cut(BaseException):
    """Stands for the end of a process."""


@pytest.fixture
def cut(monkeypatch):
    """Return a function that runs the command and ends it, as if killed, at some file's turn."""

    def cut_run(name, *flags, output):
        def guarded(save):
            def saver(path, *args):
                if Path(path).name.startswith(name):
                    raise Cut
                save(path, *args)

            return saver

        with monkeypatch.context() as patch:
            for module, saver in ((runs, 'save_image'), (runs, 'save_figure')):
                patch.setattr(module, saver, guarded(getattr(module, saver)))
            with pytest.raises(Cut):
                paint(*flags, output=output)

    return cut_run


def test_resume_with_every_control(tmp_path, cut):
    Image.new('L', (40, 30), 255).save(tmp_path / 'mask.png')
    flags = ['--epochs', '4,3', '--checkpoint-every', 1, '--preserve-color', 'linear']
    flags += ['--content-mask', tmp_path / 'mask.png', tmp_path / 'mask.png']
    flags += ['--style', 'oil_strokes', 'ink_wash', '--style-scale', 1.5, '--keep-style-aspect']
    paint(*flags, output=tmp_path / 'whole')
    cut('stage2', *flags, output=tmp_path / 'cut')
    again = ['--resume', '--quiet', '--output', str(tmp_path / 'cut')]
    Image.new('L', (40, 30), 250).save(tmp_path / 'mask.png')
    assert main(again) == 2
    Image.new('L', (40, 30), 255).save(tmp_path / 'mask.png')
    assert main([*again, '--style', 'oil_strokes', 'ink_wash']) == 0
    ours, other = (tmp_path / folder / 'stage2.png' for folder in ('cut', 'whole'))
    assert ours.read_bytes() == other.read_bytes()


@pytest.mark.parametrize('name', ['stage1', 'stage2', 'figure'])
def test_resume_wherever_the_run_was_cut_off(tmp_path, cut, name):
    flags = ['--epochs', '6,5', '--checkpoint-every', 4, '--seed', 9]
    paint(*flags, output=tmp_path / 'whole')
    cut(name, *flags, output=tmp_path / 'cut')
    assert main(['--resume', '--output', str(tmp_path / 'cut')]) == 0
    assert names(tmp_path / 'cut') == names(tmp_path / 'whole')
    for picture in ('stage1.png', 'stage2.png'):
        ours, other = (tmp_path / folder / picture for folder in ('cut', 'whole'))
        assert ours.read_bytes() == other.read_bytes()
    assert losses(tmp_path / 'cut') == losses(tmp_path / 'whole')  # no epoch was done twice


def test_resume_with_every_kind_of_flag(tmp_path, cut):
    # values come back from the checkpoint as what they were: numbers, shapes, layers, lists
    flags = ['--shape', '560x320', '--epochs', '1,0', '--style-layers', 'conv1_1', '--lr', '0.1,1']
    flags += ['--init', 'noise', '--format', 'tiff', '--content-weight', '2']
    cut('stage1', *flags, output=tmp_path)
    again = ['--resume', '--quiet', '--output', str(tmp_path)]
    assert main([*again, '--shape', '560x320', '--lr', '0.1,1.0', '--seed', '0']) == 0
    assert size(tmp_path / 'stage1.tiff') == (200, 100)


def test_a_folder_with_an_unfinished_run_can_be_moved(tmp_path, cut):
    cut('stage2', '--epochs', '3,3', output=tmp_path / 'before')
    (tmp_path / 'before').rename(tmp_path / 'after')
    assert main(['--resume', '--quiet', '--output', str(tmp_path / 'after')]) == 0
    assert names(tmp_path) == ['after']


def test_a_new_run_replaces_an_unfinished_one_and_says_so(tmp_path, cut, capsys):
    cut('stage2', '--epochs', '3,3', output=tmp_path)
    capsys.readouterr()
    assert main([*TOY, '--epochs', '1,1', '--output', str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum('The unfinished run' in line and '--resume' in line for line in lines) == 1
    assert 'checkpoint.safetensors' not in names(tmp_path)


def test_a_new_run_leaves_nothing_of_the_one_before(tmp_path):
    paint('--epochs', '2,2', '--format', 'jpg', '--save-every', 1, output=tmp_path)
    (tmp_path / 'notes.txt').write_text('mine')
    (tmp_path / 'previews' / 'film.gif').write_text('mine')
    paint('--epochs', '0,2', '--save-every', 2, output=tmp_path)
    assert names(tmp_path) == ['figure.png', 'notes.txt', 'previews', 'run.json', 'stage1.png']
    assert names(tmp_path / 'previews') == [
        'film.gif',
        'stage1-epoch0001.png',
        'stage1-epoch0002.png',
    ]


def test_divergence_stops_the_run_and_keeps_a_picture(tmp_path, capsys):
    paint('--epochs', '50,50', '--lr', '1e30', output=tmp_path, status=2)
    out, err = capsys.readouterr()
    assert out == ''
    assert err.count('\n') == 1
    assert 'try a smaller --lr' in err
    assert f'the last good picture is {tmp_path}/stage1.png' in err
    with Image.open(tmp_path / 'stage1.png') as kept:  # the start, as the first step went astray
        assert numpy.asarray(kept).std() > 10
    paint('--epochs', '1,1', output=tmp_path)  # and a new run may take its place


def test_divergence_in_the_second_stage_keeps_the_first_ones_picture(tmp_path, capsys):
    paint('--epochs', '3,1', output=tmp_path / 'first')
    paint('--epochs', '3,9', '--lr', '0.01,1e30', output=tmp_path / 'both', status=2)
    assert 'the last good picture is' in capsys.readouterr().err
    kept, expected = (tmp_path / name / 'stage1.png' for name in ('both', 'first'))
    assert kept.read_bytes() == expected.read_bytes()
    assert 'stage2.png' not in names(tmp_path / 'both')


def test_a_disk_that_fills_up_ends_the_run_in_one_line(tmp_path, monkeypatch, capsys):
    flags = ['--epochs', '6,5', '--checkpoint-every', 2]
    paint(*flags, output=tmp_path / 'whole')
    replace, left = os.replace, [3]

    def fill(source, target):
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        replace(source, target)

    monkeypatch.setattr(styletransfer.files.os, 'replace', fill)
    paint(*flags, output=tmp_path / 'full', status=2)
    out, err = capsys.readouterr()
    assert out == ''
    assert err.count('\n') == 1
    assert 'No space left on device' in err
    assert '--resume' in err
    assert stand(tmp_path / 'full') == (0, 4)
    left[0] = 100
    assert main(['--resume', '--output', str(tmp_path / 'full')]) == 0
    ours, other = (tmp_path / folder / 'stage2.png' for folder in ('full', 'whole'))
    assert ours.read_bytes() == other.read_bytes()
