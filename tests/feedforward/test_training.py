"""The job ``train``: learns, survives what ends a run, and refuses what cannot be."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import replace

import numpy
import pytest
from PIL import Image

from styletransfer import trained
from styletransfer.checkpoint import load_checkpoint
from styletransfer.errors import InputError
from styletransfer.feedforward import johnson, training
from styletransfer.feedforward.__main__ import main
from styletransfer.files import read_json
from styletransfer.images import load_image


@pytest.fixture(scope='module')
def material(tmp_path_factory):
    """Return the arguments for a small network, two small paintings and some photos."""
    folder = tmp_path_factory.mktemp('material')
    rng = numpy.random.default_rng(3)
    for kind, count in (('photos', 4), ('paintings', 2)):
        (folder / kind).mkdir()
        for i in range(count):
            coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype='uint8'))
            coarse.resize((64, 48)).save(folder / kind / f'{kind[:5]}{i}.png')
    paintings = [str(path) for path in sorted((folder / 'paintings').iterdir())]
    numbers = '--widths 4,4,6 --residuals 1 --crops 32x5,40x2 --batch 2 --style-crops 2'
    often = '--sheet-every 4 --checkpoint-every 3'
    return [
        *('johnson', str(folder / 'photos'), '--style', *paintings),
        *(*numbers.split(), *often.split()),
    ]


@pytest.fixture(scope='module')
def whole(material, tmp_path_factory):
    """Return the folder of a run that nothing interrupts."""
    output = tmp_path_factory.mktemp('whole')
    assert main(['train', *material, '--output', str(output), '--quiet']) == 0
    return output


def network(folder):
    return (folder / 'johnson.safetensors').read_bytes()


def test_a_run_leaves_network_sheets_curves_and_record(whole):
    names = sorted(path.name for path in whole.iterdir())
    assert names == ['figure.png', 'johnson.safetensors', 'run.json', 'sheets']
    sheets = sorted(path.name for path in (whole / 'sheets').iterdir())
    assert sheets == ['step000004.jpg', 'step000007.jpg']
    assert load_image(whole / 'sheets' / sheets[0]).shape == (4 * 160, 3 * 280, 3)
    painter = trained.load(whole / 'johnson.safetensors')
    assert painter.styles == ('paint0', 'paint1')
    assert json.loads(painter.notes['setting'])['crops'] == [[32, 5], [40, 2]]
    record = read_json(whole / 'run.json')
    assert record['recipe']['widths'] == [4, 4, 6]
    assert record['arguments']['method'] == 'johnson'
    assert list(record['styles']) == ['paint0', 'paint1']
    (stage,) = record['stages']
    assert set(stage['losses'][0]) == {'epoch', 'lr', 'content', 'style', 'tv', 'lattice', 'total'}


def test_a_training_starts_from_a_network(material, whole, tmp_path, capsys):
    start = whole / 'johnson.safetensors'
    out, changed = tmp_path / 'out', [*material[:-1], '3', '--crops', '32x1', '--lr', '1e-9']
    given = ['train', *changed, '--start', str(start), '--output', str(out), '--quiet']
    assert main(given) == 0
    before, after = (
        trained.weights_of(trained.load(path).net) for path in (start, out / start.name)
    )
    for name, array in before.items():  # a step of next to nothing leaves what there was
        numpy.testing.assert_allclose(after[name], array, atol=1e-5)
    assert main([*given, '--widths', '4,4,8']) == 2
    assert 'has other layers or styles' in capsys.readouterr().err
    assert main([*given, '--add-to', str(start)]) == 2
    assert 'leave out --start' in capsys.readouterr().err


def test_a_kernel_is_folded_and_new_inputs_count_nothing():
    row = numpy.array([1, 10, 100, 1000, 10_000]).reshape(1, 1, 1, 5)
    weight = row * row.transpose(0, 1, 3, 2)
    small = numpy.array([11, 100, 11_000])
    numpy.testing.assert_array_equal(training.adapted(weight, (1, 1, 3, 3))[0, 0, 1], 100 * small)
    wider = training.adapted(weight, (1, 3, 3, 3))
    numpy.testing.assert_array_equal(wider[0, 0], small[:, None] * small)
    assert wider.shape == (1, 3, 3, 3)
    assert not wider[:, 1:].any()
    assert training.adapted(weight, (1, 1, 5, 5)).tolist() == weight.tolist()
    for shape in ((2, 1, 5, 5), (1, 1, 7, 7), (1, 1, 4, 4)):  # what does not fit stays so
        assert training.adapted(weight, shape).shape != shape


def test_a_quick_network_starts_from_a_slim_one(tmp_path):
    slim = replace(johnson.JOHNSON_SLIM, widths=(4, 6, 8), residuals=1)
    quick = replace(johnson.JOHNSON_QUICK, widths=(4, 6, 8), residuals=1)
    painter = trained.fresh('johnson', slim, ['a', 'b'], {})
    net = johnson.make_net(quick, 2, seed=1)
    training.begin(net, painter, 'slim')
    before, after = trained.weights_of(painter.net), trained.weights_of(net)
    for name, array in before.items():
        if name not in ('last.weight', 'body.5.weight'):
            numpy.testing.assert_array_equal(after[name], array)
    numpy.testing.assert_array_equal(after['body.5.weight'][:, :6], before['body.5.weight'])
    assert not after['body.5.weight'][:, 6:].any()
    sums = [weights['last.weight'].sum(axis=(2, 3)) for weights in (before, after)]
    numpy.testing.assert_allclose(*sums, atol=1e-5)
    with pytest.raises(InputError, match='has other layers or styles'):
        training.begin(johnson.make_net(quick, 3), painter, 'slim')


def test_what_is_told(material, tmp_path, capsys):
    assert main(['train', *material, '--output', str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith('johnson, johnson_slim: 2 styles, 4 photos, 7 steps of 2 crops\n')
    assert '7/7' in told.err
    assert all(f'{name} ' in told.err for name in ('content', 'style', 'TV'))
    assert main(['train', *material, '--output', str(tmp_path), '--quiet']) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ('', '')


def test_a_killed_run_resumes_to_the_same_network(material, whole, tmp_path):
    program = (
        'import os, signal, sys\n'
        'from styletransfer.feedforward import johnson, __main__\n'
        'def rows_at(seed, k, *args):\n'
        '    if k == 6:\n'
        '        os.kill(os.getpid(), signal.SIGKILL)\n'
        '    return real(seed, k, *args)\n'
        'real, johnson.rows_at = johnson.rows_at, rows_at\n'
        '__main__.main(sys.argv[1:])\n'
    )
    arguments = ['train', *material, '--output', str(tmp_path)]
    done = subprocess.run([sys.executable, '-c', program, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    assert load_checkpoint(tmp_path / 'checkpoint.safetensors').record['epoch'] == 6
    assert main(['train', 'johnson', '--resume', '--output', str(tmp_path), '--quiet']) == 0
    assert network(tmp_path) == network(whole)
    assert not (tmp_path / 'checkpoint.safetensors').exists()


@pytest.fixture
def at_step(monkeypatch):
    """Return a function that lets something happen before a step of the training is taken."""

    def arrange(step, happen):
        def rows_at(seed, k, *args):
            if k == step:
                happen()
            return real(seed, k, *args)

        monkeypatch.setattr(johnson, 'rows_at', rows_at)

    real = johnson.rows_at
    return arrange


def test_a_stopped_run_goes_on_by_the_command_that_it_prints(
    material, whole, tmp_path, at_step, capsys
):
    arguments = ['train', *material, '--output', str(tmp_path), '--quiet']
    at_step(4, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(arguments) == 130
    told = capsys.readouterr().err
    assert re.match(r'stopped after epoch 5; go on with:  python -m styletransfer\.feed', told)
    command = shlex.split(told.split('go on with:')[1])[3:]
    assert main([*command, '--lr', '0.1']) == 2
    assert 'had another lr' in capsys.readouterr().err
    at_step(4, lambda: pytest.fail('step 4 is taken again'))
    assert main([*command, '--quiet']) == 0
    assert network(tmp_path) == network(whole)


def test_a_run_of_other_pictures_is_not_resumed(material, tmp_path, at_step, capsys):
    photos = tmp_path / 'photos'
    photos.mkdir()
    for i in range(2):
        Image.new('RGB', (50, 40), (90 * i, 10, 20)).save(photos / f'{i}.png')
    arguments = [material[0], str(photos), *material[2:]]
    at_step(1, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(['train', *arguments, '--output', str(tmp_path / 'out'), '--quiet']) == 130
    (photos / '1.png').unlink()
    capsys.readouterr()
    assert main(['train', 'johnson', '--resume', '--output', str(tmp_path / 'out')]) == 2
    assert 'cannot resume: photos changed' in capsys.readouterr().err


def test_divergence_is_told_in_one_line(material, tmp_path, capsys):
    arguments = ['train', *material, '--lr', '1e30', '--output', str(tmp_path), '--quiet']
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(
        r'error: the loss became nan in epoch \d at .* or smaller weights\n', error
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--setting', 'johnson_2017'], "did you mean 'johnson_2016'"),
        (['--crops', '130x5'], 'multiple of 4'),
        (['--crops', '1024x5', '--batch', '99999'], 'need more than'),
        (['--lr', '-1'], 'must not be below 0'),
        (['--widths', '4,4'], 'three widths'),
        (['--widths', '4,x,4'], 'not a whole number'),
        (['--style', 'oil_stroke'], "did you mean 'oil_strokes'"),
        (['--style', 'woodblock', 'woodblock'], "two styles would be called 'woodblock'"),
        (['--resume'], 'nothing to resume'),
        (['--output', 'file'], 'a file, not a folder'),
        (['--output', 'foreign'], "'johnson.safetensors' in --output 'foreign' is not of"),
        (['--output', 'strange'], "'checkpoint.safetensors' in --output 'strange' is not of"),
        (['--outptu', 'x'], "did you mean '--output'"),
    ],
)
def test_mistakes_are_told_in_one_line(material, change, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, 'learn', lambda *args: pytest.fail('it has begun to learn'))
    (tmp_path / 'file').write_text('')
    for name, file in (('foreign', 'johnson'), ('strange', 'checkpoint')):
        (tmp_path / name).mkdir()
        (tmp_path / name / f'{file}.safetensors').write_text('mine')
    assert main(['train', *material, *change]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'the following arguments are required: method'),
        (['johnson'], 'name a folder of photographs'),
        (['jonson', '.'], "did you mean 'johnson'"),
        (['johnson', 'nowhere'], "no pictures in 'nowhere'"),
    ],
)
def test_what_is_missing_is_told(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['train', *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_style_is_added_and_the_others_stay(material, whole, tmp_path, capsys):
    known = trained.load(whole / 'johnson.safetensors')
    photos = material[1]
    arguments = ['johnson', photos, '--style', 'oil_strokes', '--add-to']
    arguments += [str(whole / 'johnson.safetensors'), '--crops', '32x3', '--output', str(tmp_path)]
    assert main(['train', *arguments, '--quiet']) == 0
    more = trained.load(tmp_path / 'johnson.safetensors')
    assert more.styles == ('paint0', 'paint1', 'oil_strokes')
    before, after = trained.weights_of(known.net), trained.weights_of(more.net)
    for name, array in before.items():
        if name.endswith(('gamma', 'beta')):
            numpy.testing.assert_array_equal(after[name][:2], array, err_msg=name)
            assert (after[name][2] != array.mean(axis=0)).any(), name
        else:
            numpy.testing.assert_array_equal(after[name], array, err_msg=name)
    for changes, message in (
        (['--widths', '4,4,4'], '--widths is that of the network in --add-to'),
        (['--setting', 'johnson_slim'], '--setting is that of the network'),
        (['--style', 'paint0.png'], "two styles would be called 'paint0'"),
    ):
        assert main(['train', *arguments, *changes]) == 2
        assert message in capsys.readouterr().err
