"""Distillation: the student learns, survives a kill, and is folded without loss."""

import math
import os
import re
import signal
import subprocess
import sys
import time

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np
from PIL import Image
from safetensors.numpy import load_file

from styletransfer.distill import SLIM, TAPS, Student, load_teachers, main, one_cycle
from styletransfer.errors import InputError
from styletransfer.networks import frozen
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


@pytest.fixture
def material(tmp_path):
    """Return the arguments for a small teacher and a folder of smooth coloured pictures."""
    folder = tmp_path / 'pictures'
    folder.mkdir()
    rng = numpy.random.default_rng(3)
    for i in range(6):
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype='uint8'))
        coarse.resize((96, 72), Image.Resampling.BICUBIC).save(folder / f'{i}.png')
    teacher = write_teacher(tmp_path / 'teacher.npz')
    small = ['--batch', '2', '--crop', '32', '--balance-rounds', '0']
    return ['--teacher', teacher, '--pictures', str(folder), *small]


def test_every_tap_is_learned(material, tmp_path, capsys):
    output = tmp_path / 'slim.safetensors'
    arguments = ['--steps', '120', '--examine-every', '10', '--output', str(output)]
    assert main([*material, *arguments]) == 0
    lines = [line for line in capsys.readouterr().out.split('\n') if re.match(r'\d+: ', line)]
    marks = [[float(mark) for mark in re.findall(r' (-?\d+\.\d+)', line)] for line in lines]
    assert len(marks) == 12
    for tap, first, last in zip(TAPS, marks[0], marks[-1]):
        assert last > first, tap
        assert last > 0, tap
    convs = read_weights(output)
    expected = [w for w, count in zip(SLIM.widths, (2, 2, 4, 4, 1)) for _ in range(count)]
    assert [len(bias) for _, bias in convs] == expected
    assert not list(tmp_path.glob('*.checkpoint.*'))


def test_a_killed_run_resumes_to_the_same_network(material, tmp_path):
    arguments = [*material, '--steps', '24', '--examine-every', '2', '--quiet']
    whole = tmp_path / 'whole.safetensors'
    assert main([*arguments, '--output', str(whole)]) == 0
    output = tmp_path / 'killed.safetensors'
    command = [sys.executable, '-m', 'styletransfer.distill', *arguments, '--output', str(output)]
    process = subprocess.Popen(command)
    checkpoint = tmp_path / 'killed.checkpoint.safetensors'
    deadline = time.monotonic() + 300
    while not checkpoint.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not output.exists()
    assert main([*arguments, '--output', str(output), '--resume']) == 0
    a, b = load_file(whole), load_file(output)
    for name in a:
        numpy.testing.assert_array_equal(a[name], b[name])


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


def test_one_cycle_rises_then_falls_to_nearly_nothing():
    rates = [one_cycle(step, 100, 4e-3) for step in range(100)]
    assert max(rates) == pytest.approx(4e-3, rel=1e-3)
    assert rates.index(max(rates)) == 10
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-5


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--crop', '8'], 'at least 16'),
        (['--lr', 'nan'], 'finite'),
        (['--steps', '0'], 'at least 1'),
        (['--output', 'slim.params'], '.safetensors'),
        (['--pictures', 'nowhere'], 'nowhere'),
        (['--teacher', 'nobody.npz'], 'nobody.npz'),
        (['--resume'], 'nothing to resume'),
    ],
)
def test_mistakes_are_told_in_one_line(material, change, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
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
