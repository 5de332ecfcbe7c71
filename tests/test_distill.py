"""Distillation: the student learns, survives what ends a run, and is folded without loss."""

import math
import os
import re
import shlex
import signal
import subprocess
import sys

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np
from mxnet.gluon import nn
from PIL import Image

from styletransfer import distill
from styletransfer.checkpoint import load_checkpoint, save_checkpoint
from styletransfer.distill import SLIM, TAPS, Student, balance, load_teachers, main
from styletransfer.errors import InputError
from styletransfer.networks import frozen
from styletransfer.progress import Step
from styletransfer.vgg import BACKBONES, extract_features, layer_index
from styletransfer.weights.formats import read_weights

WIDTHS = [3, 4, 4, 6, 6, 8, 8, 8, 8, 8, 8, 8, 8, 8]
NAMES = [f'conv{b}_{d}' for b, count in enumerate((2, 2, 4, 4, 1), 1) for d in range(1, count + 1)]


def write_teacher(path, convs=13):
    rng = numpy.random.default_rng(0)
    arrays = {}
    for name, i, o in zip(NAMES[:convs], WIDTHS, WIDTHS[1:]):
        arrays[f'{name}.weight'] = rng.normal(0, math.sqrt(2 / 9 / i), (o, i, 3, 3))
        arrays[f'{name}.bias'] = rng.uniform(0, 0.1, o)
    numpy.savez(path, **{name: array.astype('float32') for name, array in arrays.items()})
    return str(path)


@pytest.fixture(scope='module')
def material(tmp_path_factory):
    """Return the arguments for a small teacher and a folder of smooth coloured pictures."""
    folder = tmp_path_factory.mktemp('material')
    (folder / 'pictures').mkdir()
    rng = numpy.random.default_rng(3)
    for i in range(6):
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype='uint8'))
        coarse.resize((96, 72), Image.Resampling.BICUBIC).save(folder / 'pictures' / f'{i}.png')
    teacher = write_teacher(folder / 'teacher.npz')
    small = ['--batch', '2', '--crop', '32', '--balance-rounds', '0']
    return ['--teacher', teacher, '--pictures', str(folder / 'pictures'), *small]


SHORT = ['--steps', '8', '--examine-every', '3', '--quiet']


@pytest.fixture(scope='module')
def whole(material, tmp_path_factory):
    """Return what a short run makes that nothing interrupts."""
    output = tmp_path_factory.mktemp('whole') / 'whole.safetensors'
    assert main([*material, *SHORT, '--output', str(output)]) == 0
    return output.read_bytes()


def test_every_tap_is_learned(material, tmp_path, capsys):
    output = tmp_path / 'slim.safetensors'
    arguments = ['--steps', '120', '--examine-every', '10', '--output', str(output)]
    assert main([*material, *arguments]) == 0
    told = capsys.readouterr()
    assert '120/120' in told.err
    assert all(f', {tap} ' in told.err for tap in TAPS)
    lines = [line for line in told.out.split('\n') if re.match(r'\d+: ', line)]
    marks = [[float(mark) for mark in re.findall(r' (-?\d+\.\d+)', line)] for line in lines]
    assert len(marks) == 12
    for tap, first, last in zip(TAPS, marks[0], marks[-1]):
        assert last > first, tap
        assert last > 0, tap
    convs = read_weights(output)
    expected = [w for w, count in zip(SLIM.widths, (2, 2, 4, 4, 1)) for _ in range(count)]
    assert [len(bias) for _, bias in convs] == expected
    assert not list(tmp_path.glob('*.checkpoint.*'))


def test_a_killed_run_resumes_to_the_same_network(material, whole, tmp_path):
    program = (
        'import os, signal, sys\n'
        'from styletransfer import distill\n'
        'def crops(seed, k, *args, noisy=0):\n'
        '    if noisy and k == 4:\n'
        '        os.kill(os.getpid(), signal.SIGKILL)\n'
        '    return real(seed, k, *args, noisy)\n'
        'real, distill.crops = distill.crops, crops\n'
        'distill.main(sys.argv[1:])\n'
    )
    output, checkpoint = tmp_path / 'slim.safetensors', tmp_path / 'slim.checkpoint.safetensors'
    arguments = [*material, *SHORT, '--output', str(output)]
    done = subprocess.run([sys.executable, '-c', program, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.name]
    assert load_checkpoint(checkpoint).record['epoch'] == 3
    assert main([*arguments, '--resume']) == 0
    assert output.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


@pytest.fixture
def at_step(monkeypatch):
    """Return a function that lets something happen before a step of the training is taken."""

    def arrange(step, happen):
        def crops(seed, k, paths, count, size, noisy=0):
            if noisy and k == step:  # those of the examiner are without noise
                happen()
            return real(seed, k, paths, count, size, noisy)

        monkeypatch.setattr(distill, 'crops', crops)

    real = distill.crops
    return arrange


def test_a_stopped_run_goes_on_by_the_command_that_it_prints(
    material, whole, tmp_path, at_step, capsys
):
    output = tmp_path / 'slim.safetensors'
    arguments = [*material, *SHORT, '--output', str(output)]
    at_step(4, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(arguments) == 130
    told = capsys.readouterr().err
    assert told.startswith('stopped after epoch 5; go on with:  python -m styletransfer.distill ')
    assert main([*arguments, '--lr', '0.1', '--resume']) == 2
    assert 'other settings' in capsys.readouterr().err
    command = shlex.split(told.split('go on with:')[1])[3:]
    at_step(4, lambda: pytest.fail('step 4 is taken again'))
    assert main(command) == 0
    assert output.read_bytes() == whole


def test_a_run_stopped_after_its_last_step_learns_nothing_more(
    material, whole, tmp_path, at_step, monkeypatch, capsys
):
    def stop(convs, X):
        raise KeyboardInterrupt

    output = tmp_path / 'slim.safetensors'
    arguments = [*material, *SHORT, '--output', str(output)]
    with monkeypatch.context() as patch:
        patch.setattr(distill, 'level', stop)
        assert main(arguments) == 130
    assert capsys.readouterr().err.startswith('stopped; go on with: ')
    assert not output.exists()
    check_history(load_checkpoint(tmp_path / 'slim.checkpoint.safetensors').record['history'])
    at_step(7, lambda: pytest.fail('a step is taken again'))
    assert main([*arguments, '--resume']) == 0
    assert output.read_bytes() == whole


def check_history(stages):
    (stage,) = stages
    assert stage['title'] == '2 crops of 32x32'
    assert [losses['epoch'] for losses in stage['losses']] == [*range(1, 9)]
    for losses in stage['losses']:
        assert losses['total'] == pytest.approx(sum(losses[tap] for tap in TAPS), rel=1e-5)
    assert [exam['epoch'] for exam in stage['r_squared']] == [3, 6, 8]
    assert set(stage['r_squared'][0]) == {'epoch', *TAPS}


def test_divergence_is_told_in_one_line(material, tmp_path, capsys):
    output = tmp_path / 'slim.safetensors'
    assert main([*material, *SHORT, '--lr', '1e30', '--output', str(output)]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(
        r'error: the loss became nan in epoch \d at .* or smaller weights\n', error
    )
    assert not output.exists()


def test_a_failure_on_the_way_tells_how_to_go_on(material, whole, tmp_path, at_step, capsys):
    def fail():
        raise InputError('the disk is full')

    output = tmp_path / 'slim.safetensors'
    arguments = [*material, *SHORT, '--output', str(output)]
    at_step(4, fail)
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith('error: the disk is full; then go on with: ')
    assert told.count('\n') == 1
    at_step(2, lambda: pytest.fail('nothing was kept'))
    assert main(shlex.split(told.split('go on with:')[1])[3:]) == 0
    assert output.read_bytes() == whole


def test_a_checkpoint_of_another_command_is_refused(material, tmp_path, capsys):
    output = str(tmp_path / 'slim.safetensors')
    standing = {'settings': {}, 'epoch': 3, 'history': []}
    for record, says in (
        ({'argv': [], 'stage': 0}, 'not of this command'),
        ([standing], 'not of this command'),
        ({**standing, 'epoch': '3'}, 'not of this command'),
        ({**standing, 'history': [5]}, 'not of this command'),
        (standing, 'other settings'),
    ):
        save_checkpoint(tmp_path / 'slim.checkpoint.safetensors', {}, record)
        assert main([*material, *SHORT, '--output', output, '--resume']) == 2
        error = capsys.readouterr().err
        assert says in error
        assert error.count('\n') == 1


def test_balance_finds_the_factors_that_give_the_books_losses(monkeypatch):
    """With losses that go exactly as the powers it expects, one round is enough."""
    rng = numpy.random.default_rng(0)
    convs = [
        (rng.normal(size=(o, i, 3, 3)).astype('float32'), numpy.ones(o, 'float32'))
        for i, o in zip(WIDTHS, WIDTHS[1:])
    ]
    told = []

    def coarse_to_fine(net, recipe, content_img, device, on_step):
        biases = [layer.bias.data() for layer in net if isinstance(layer, nn.Conv2D)]
        content = 900 * float(biases[NAMES.index('conv4_4')][0]) ** 2 * content_img
        style = 3e5 * float(biases[0][0]) ** 4 / content_img
        terms = {'content': content, 'style': style, 'TV': 1.0}
        on_step(Step('', 250, 250, 0.1, terms, 0.0, None, dict))

    monkeypatch.setattr(distill, 'objectives', lambda net, *_: net)
    monkeypatch.setattr(distill, 'coarse_to_fine', coarse_to_fine)
    # two pairs of which one has four times the other's losses: their geometric mean counts
    balanced = balance(convs, [(0.5, None), (2.0, None)], 1, told.append)
    assert len(told) == 2
    assert 'factors 0.120 and 0.120' in told[0]
    assert told[1].endswith('content 50.59, style 35.19, TV 1.00')
    for name, (_, bias) in zip(NAMES, balanced):
        factor = (50.59 / 900) ** (1 / 2) if name == 'conv4_4' else (35.19 / 3e5) ** (1 / 4)
        numpy.testing.assert_allclose(bias, factor, rtol=1e-5)


def test_batch_normalisation_is_folded_without_loss():
    mx.random.seed(0)
    student = Student(SLIM.widths, [3] * 6)
    student.initialize(mx.init.MSRAPrelu(slope=0))
    X = np.array(numpy.random.default_rng(0).normal(size=(2, 3, 32, 32)), dtype='float32')
    for _ in range(3):
        with autograd.record():  # moves the running means and variances
            student(X)
    contents, styles = extract_features(
        frozen(student.convs()), X, ['conv4_4'], [tap for tap in TAPS if tap != 'conv4_4']
    )
    folded = [*styles[:4], contents[0], styles[4]]
    for Y, Y_folded in zip(student.taps(X), folded):
        numpy.testing.assert_allclose(Y_folded.asnumpy(), Y.asnumpy(), rtol=1e-3, atol=1e-4)


def test_each_tap_has_the_first_teacher_that_reaches_it(tmp_path):
    short = write_teacher(tmp_path / 'short.npz', convs=5)
    long = write_teacher(tmp_path / 'long.npz')
    teachers = load_teachers([short, long])
    assert [teacher.taps for teacher in teachers] == [TAPS[:3], TAPS[3:]]
    assert teachers[0].channels == (4, 6, 8)
    with pytest.raises(InputError, match='no teacher reaches conv4_1'):
        load_teachers([short])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--crop', '8'], 'at least 16'),
        (['--crop', '999999'], 'need more than'),
        (['--batch', '99999999'], 'try a smaller --crop or --batch'),
        (['--lr', 'nan'], 'finite'),
        (['--lr', '0'], '--lr is 0: it must be above 0'),
        (['--steps', '0'], 'at least 1'),
        (['--output', 'slim.params'], '.safetensors'),
        (['--pictures', 'nowhere'], 'nowhere'),
        (['--teacher', 'nobody.npz'], 'nobody.npz'),
        (['--resume'], 'nothing to resume'),
        (['--output', 'file/slim.safetensors'], 'cannot write'),
    ],
)
def test_mistakes_are_told_in_one_line(material, change, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(distill, 'learn', lambda *args: pytest.fail('it has begun to learn'))
    (tmp_path / 'file').write_text('')
    assert main([*material, *change]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


def test_the_bundled_network_is_the_tables():
    source = BACKBONES['vgg19_slim'].sources[0]
    convs = read_weights(source.location)
    assert len(convs) == 13
    assert source.location.stat().st_size <= 4_000_000
    assert source.location.stat().st_size == source.size
    assert [layer_index(tap) for tap in TAPS] == [0, 5, 10, 19, 25, 28]
