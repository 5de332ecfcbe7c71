"""The job ``train``: learns, survives what ends a run, tells who has won, refuses mistakes."""

import os
import re
import shlex
import signal
import subprocess
import sys

import numpy
import pytest
from PIL import Image

from styletransfer import trained
from styletransfer.checkpoint import load_checkpoint
from styletransfer.files import read_json
from styletransfer.gan import cyclegan, mixgan, pix2pix, training
from styletransfer.gan.__main__ import main
from styletransfer.images import load_image
from styletransfer.progress import Step

NUMBERS = {
    'pix2pix': '--side 16 --jitter 2 --widths 4,4,4 --dropouts 2 --batch 1 --critic-width 4 '
    '--critic-depth 1 --epochs 1,1',
    'cyclegan': '--side 16 --jitter 2 --widths 3,4,4 --residuals 1 --pool 2 --critic-width 4 '
    '--critic-depth 1 --epochs 1,1',
    'mixgan': '--side 64 --widths 2,3,3,3,4 --residuals 1 --code 4 --moods 2 --mixture-width 3 '
    '--critic-width 4 --batch 2 --epochs 2,2',
}
STEPS = {'pix2pix': 8, 'cyclegan': 8, 'mixgan': 8}
GAMES = {'pix2pix': pix2pix.Game, 'cyclegan': cyclegan.Game, 'mixgan': mixgan.Game}
METHODS = list(NUMBERS)


@pytest.fixture(scope='module')
def material(folders):
    """Return a function that gives the arguments for a small network of a method."""

    def arguments(method):
        often = '--sheet-every 4 --checkpoint-every 3'
        return [method, *folders, *NUMBERS[method].split(), *often.split()]

    return arguments


@pytest.fixture(scope='module')
def whole(material, tmp_path_factory):
    """Return the folder of a run of each method that nothing interrupts."""
    found = {}
    for method in METHODS:
        found[method] = tmp_path_factory.mktemp(method)
        assert main(['train', *material(method), '--output', str(found[method]), '--quiet']) == 0
    return found


def network(method, folder):
    return (folder / f'{method}.safetensors').read_bytes()


@pytest.mark.parametrize(
    ('method', 'rows', 'losses', 'styles'),
    [
        ('pix2pix', 3, {'d', 'g', 'l1'}, ('paintings',)),
        (
            'cyclegan',
            6,
            {'g a', 'g b', 'cycle', 'identity', 'd a', 'd b'},
            ('paintings', 'sketches'),
        ),
        ('mixgan', 6, {'d z', 'e', 'l1'}, ('paintings',)),
    ],
)
def test_a_run_leaves_network_sheets_curves_and_record(whole, method, rows, losses, styles):
    folder = whole[method]
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(['figure.png', f'{method}.safetensors', 'run.json', 'sheets'])
    sheets = sorted(path.name for path in (folder / 'sheets').iterdir())
    assert sheets == ['step000004.jpg', 'step000008.jpg']
    side = 64 if method == 'mixgan' else 16
    assert load_image(folder / 'sheets' / sheets[0]).shape == (rows * side, 8 * side, 3)
    painter = trained.load(folder / f'{method}.safetensors')
    assert painter.styles == styles
    record = read_json(folder / 'run.json')
    assert record['arguments']['method'] == method
    assert record['pictures'] == {'sketches': 4, 'paintings': 4}
    (stage,) = record['stages']
    assert set(stage['losses'][0]) == {'epoch', 'lr', 'total', *losses}


@pytest.mark.parametrize('method', METHODS)
def test_a_killed_run_resumes_to_the_same_network(material, whole, method, tmp_path):
    program = (
        'import os, signal, sys\n'
        f'from styletransfer.gan import {method}, __main__\n'
        'def batch_at(self, k):\n'
        '    if k == 7:\n'
        '        os.kill(os.getpid(), signal.SIGKILL)\n'
        '    return real(self, k)\n'
        f'real, {method}.Game.batch_at = {method}.Game.batch_at, batch_at\n'
        '__main__.main(sys.argv[1:])\n'
    )
    arguments = ['train', *material(method), '--output', str(tmp_path)]
    done = subprocess.run([sys.executable, '-c', program, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    assert load_checkpoint(tmp_path / 'checkpoint.safetensors').record['epoch'] == 6
    assert main(['train', method, '--resume', '--output', str(tmp_path), '--quiet']) == 0
    assert network(method, tmp_path) == network(method, whole[method])
    assert not (tmp_path / 'checkpoint.safetensors').exists()


@pytest.fixture
def at_step(monkeypatch):
    """Return a function that lets something happen before a step of the training is taken."""

    def arrange(step, happen):
        real = pix2pix.Game.batch_at

        def batch_at(self, k):
            if k == step:
                happen()
            return real(self, k)

        monkeypatch.setattr(pix2pix.Game, 'batch_at', batch_at)

    return arrange


def test_a_stopped_run_goes_on_by_the_command_that_it_prints(
    material, whole, tmp_path, at_step, capsys
):
    arguments = ['train', *material('pix2pix'), '--output', str(tmp_path), '--quiet']
    with pytest.MonkeyPatch.context() as patch:
        real = pix2pix.Game.batch_at

        def batch_at(self, k):
            if k == 4:
                os.kill(os.getpid(), signal.SIGINT)
            return real(self, k)

        patch.setattr(pix2pix.Game, 'batch_at', batch_at)
        assert main(arguments) == 130
    told = capsys.readouterr().err
    assert re.match(r'stopped after epoch 5; go on with:  python -m styletransfer\.gan', told)
    command = shlex.split(told.split('go on with:')[1])[3:]
    assert main([*command, '--lr', '0.1']) == 2
    assert 'had another lr' in capsys.readouterr().err
    at_step(4, lambda: pytest.fail('step 4 is taken again'))
    assert main([*command, '--quiet']) == 0
    assert network('pix2pix', tmp_path) == network('pix2pix', whole['pix2pix'])


def test_what_is_told(material, tmp_path, capsys):
    assert main(['train', *material('pix2pix'), '--output', str(tmp_path)]) == 0
    told = capsys.readouterr()
    first = 'pix2pix, pix2pix_small: sketches to paintings, 4 pairs, 8 steps of 1\n'
    assert told.out.startswith(first)
    assert '8/8' in told.err
    assert all(f'{name} ' in told.err for name in ('D', 'G', 'L1'))
    assert main(['train', *material('pix2pix'), '--output', str(tmp_path), '--quiet']) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ('', '')


def test_pairs_side_by_side_are_the_same_pairs(material, folders, whole, tmp_path):
    (tmp_path / 'pairs').mkdir()
    first, second = (
        [Image.open(f'{folder}/{i:02d}.png') for i in range(12)] for folder in folders
    )
    for i, (left, right) in enumerate(zip(first, second)):
        both = Image.new('RGB', (80, 36))
        both.paste(left, (0, 0))
        both.paste(right, (40, 0))
        both.save(tmp_path / 'pairs' / f'{i:02d}.png')
    arguments = ['pix2pix', str(tmp_path / 'pairs'), *material('pix2pix')[3:], '--quiet']
    assert main(['train', *arguments, '--output', str(tmp_path / 'out')]) == 0
    found, wanted = (
        trained.load(folder / 'pix2pix.safetensors')
        for folder in (tmp_path / 'out', whole['pix2pix'])
    )
    assert found.notes['sha256'] == wanted.notes['sha256']
    assert found.styles == ('right',)


def test_the_other_direction(material, folders, tmp_path):
    arguments = [*material('pix2pix'), '--reverse', '--output', str(tmp_path / 'a'), '--quiet']
    assert main(['train', *arguments]) == 0
    swapped = ['pix2pix', *folders[::-1], *material('pix2pix')[3:], '--quiet']
    assert main(['train', *swapped, '--output', str(tmp_path / 'b')]) == 0
    assert network('pix2pix', tmp_path / 'a') == network('pix2pix', tmp_path / 'b')
    assert trained.load(tmp_path / 'a' / 'pix2pix.safetensors').styles == ('sketches',)


def test_other_pictures_may_be_held_out(material, folders, tmp_path):
    arguments = [*material('pix2pix'), '--held-out', *folders, '--output', str(tmp_path)]
    assert main(['train', *arguments, '--epochs', '1,0', '--quiet']) == 0
    assert read_json(tmp_path / 'run.json')['pictures'] == {'sketches': 12, 'paintings': 12}


def test_as_many_of_either_are_shown(material, folders, tmp_path):
    (tmp_path / 'few').mkdir()
    for i in range(3):
        Image.new('RGB', (9, 9)).save(tmp_path / 'few' / f'{i}.png')
    few = str(tmp_path / 'few')
    arguments = [*material('cyclegan'), '--held-out', folders[0], few, '--epochs', '0,1']
    assert main(['train', *arguments, '--output', str(tmp_path / 'out'), '--quiet']) == 0
    assert load_image(tmp_path / 'out' / 'sheets' / 'step000012.jpg').shape == (96, 48, 3)


def test_collections_are_called_as_folders_or_sheets(tmp_path):
    (tmp_path / 'a.b').mkdir()
    (tmp_path / 'c.png').touch()
    assert training.named([str(tmp_path / 'a.b'), str(tmp_path / 'c.png')]) == ('a.b', 'c')
    assert training.named(['edges', 'noto']) == ('edges', 'noto')
    assert training.named([str(tmp_path / 'x' / 'noto'), 'noto']) == ('first', 'second')
    assert training.named(['pairs']) == ('left', 'right')


def test_bundled_collections_are_named(material, tmp_path, capsys):
    asked = ['pix2pix', 'edges', 'noto', '--held-out', 'edges-test', 'noto-test']
    numbers = [*NUMBERS['pix2pix'].split(), '--batch', '384', '--output', str(tmp_path)]
    assert main(['train', *asked, *numbers, '--epochs', '1,0']) == 0
    first = 'pix2pix, pix2pix_small: edges to noto, 768 pairs, 2 steps of 384\n'
    assert capsys.readouterr().out.startswith(first)
    assert trained.load(tmp_path / 'pix2pix.safetensors').styles == ('noto',)
    assert read_json(tmp_path / 'run.json')['pictures'] == {'edges': 768, 'noto': 768}


def test_a_run_of_other_pictures_is_not_resumed(material, folders, tmp_path, at_step, capsys):
    for folder in folders:
        copy = tmp_path / os.path.basename(folder)
        copy.mkdir()
        for i in range(12):
            Image.open(f'{folder}/{i:02d}.png').save(copy / f'{i:02d}.png')
    mine = [str(tmp_path / os.path.basename(folder)) for folder in folders]
    arguments = ['pix2pix', *mine, *material('pix2pix')[3:]]
    at_step(1, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(['train', *arguments, '--output', str(tmp_path / 'out'), '--quiet']) == 130
    Image.new('RGB', (9, 9)).save(tmp_path / 'sketches' / '03.png')
    capsys.readouterr()
    assert main(['train', 'pix2pix', '--resume', '--output', str(tmp_path / 'out')]) == 2
    assert 'cannot resume: held_out changed' in capsys.readouterr().err


def test_divergence_is_told_in_one_line(material, tmp_path, capsys):
    far = ['--upsampling', 'deconvolution', '--lr', '1e30']  # with the other, norms keep it finite
    arguments = [*material('pix2pix'), *far, '--output', str(tmp_path), '--quiet']
    assert main(['train', *arguments]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(
        r'error: the loss became nan in epoch \d at .* or smaller weights\n', error
    )


def steps(D, count, first=0, name='D'):
    for k in range(first, first + count):
        yield Step('', k + 1, count, 0.1, {name: D, 'G': 0.001, 'L1': 3.0}, 1.0, None, dict)


def told_by(referee, some, capsys):
    """Return the lines that are told, each with the step after which it came."""
    lines = []
    for step in some:
        referee(step)
        lines += [(step.epoch, line) for line in capsys.readouterr().err.splitlines() if line]
    return lines


def test_a_critic_that_has_won_is_told_in_one_line_when_it_happens(capsys):
    ((epoch, line),) = told_by(training.Referee(0.69, False), steps(0.0001, 3000), capsys)
    # a mean over 100 steps falls from a draw to a hundredth of it
    assert epoch == pytest.approx(100 * numpy.log(100), rel=0.05)
    said = rf'the critic has won at step {epoch}: D is 0\.0069 .* try a smaller --critic-lr'
    assert re.match(said, line)


def test_the_critic_of_codes_has_a_step_size_of_its_own(capsys):
    ((_, line),) = told_by(training.Referee(0.69, False), steps(0.0001, 900, name='D z'), capsys)
    assert line.endswith(': try a smaller --code-critic-lr, or more pictures')


def test_each_critic_is_told_and_told_again_if_it_wins_again(capsys):
    referee = training.Referee(0.69, quiet=False)
    assert len(told_by(referee, steps(0.0001, 900, name='D A'), capsys)) == 1
    ((_, line),) = told_by(referee, steps(0.0001, 900, name='D B'), capsys)
    assert 'D B is' in line
    assert not told_by(referee, steps(0.03, 900, first=900, name='D A'), capsys)  # not yet back
    assert not told_by(referee, steps(0.0001, 900, first=1800, name='D A'), capsys)
    assert not told_by(referee, steps(0.5, 900, first=2700, name='D A'), capsys)
    ((epoch, line),) = told_by(referee, steps(0.0001, 900, first=3600, name='D A'), capsys)
    assert 3600 < epoch < 4200
    assert f'at step {epoch}: D A is' in line


@pytest.mark.parametrize(
    ('D', 'count', 'quiet'), [(0.1, 3000, False), (1e-4, 100, False), (0, 3000, True)]
)
def test_a_critic_that_has_not_won_is_not_told(D, count, quiet, capsys):
    referee = training.Referee(0.69, quiet)
    for step in steps(D, count):
        referee(step)
    assert capsys.readouterr().err == ''


def test_curves_are_means_and_each_phase_has_its_own():
    losses = [{'epoch': k, 'lr': k / 9, 'd': float(k), 'total': 1.0} for k in range(1, 1001)]
    others = [{'epoch': k, 'lr': 1.0, 'g': 2.0, 'total': 1.0} for k in range(1001, 1101)]
    history = training.History([{'title': 'x', 'seconds': 11.0, 'losses': losses + others}])
    first, second = training.curves_of(history).stages
    assert len(first['losses']) == training.POINTS
    assert first['losses'][0]['d'] == pytest.approx(numpy.mean([1, 2, 3, 4, 5]))
    assert {entry['lr'] for entry in first['losses']} == {first['losses'][0]['lr']}
    assert set(second['losses'][0]) == {'epoch', 'lr', 'g'}
    assert (first['seconds'], second['seconds']) == pytest.approx((10, 1))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--setting', 'pix2pixs'], "did you mean 'pix2pix'"),
        (['--side', '20'], 'must be a multiple of 8'),
        (['--side', '2048', '--batch', '9999'], 'need about'),
        (['--lr', '-1'], 'must not be below 0'),
        (['--widths', '4,x,4'], 'not a whole number'),
        (['--epochs', '1'], 'epochs are two numbers'),
        (['--norm', 'bach'], "did you mean 'batch'"),
        (['--cycle-weight', '1'], '--cycle-weight is no number of pix2pix'),
        (
            ['--held-out', 'nowhere'],
            "no folder, sheet or bundled collection of pictures 'nowhere'",
        ),
        (['--held-out', 'file', 'file'], "'file' is not a picture"),
        (['--resume'], 'nothing to resume'),
        (['--output', 'file'], 'a file, not a folder'),
        (['--output', 'foreign'], "'pix2pix.safetensors' in --output 'foreign' is not of"),
        (['--output', 'strange'], "'checkpoint.safetensors' in --output 'strange' is not of"),
        (['--outptu', 'x'], "did you mean '--output'"),
    ],
)
def test_mistakes_are_told_in_one_line(material, change, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, 'duel', lambda *args: pytest.fail('it has begun to learn'))
    (tmp_path / 'file').write_text('')
    for name, file in (('foreign', 'pix2pix'), ('strange', 'checkpoint')):
        (tmp_path / name).mkdir()
        (tmp_path / name / f'{file}.safetensors').write_text('mine')
    assert main(['train', *material('pix2pix'), *change]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'the following arguments are required: method'),
        (['pix2pix'], 'name two folders of pictures or one of pairs'),
        (['cyclegan', '.'], 'name two folders of pictures'),
        (['cyclegan', '.', '.', '.'], 'name two folders of pictures'),
        (['cycelgan', '.'], "did you mean 'cyclegan'"),
        (['pix2pix', '.'], "there are no pictures in '.'"),
        (['pix2pix', 'edges'], "'edges' is a sheet, which pairs with another sheet"),
        (['pix2pix', 'edge', 'noto'], "did you mean 'edges'"),
    ],
)
def test_what_is_missing_is_told(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['train', *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_flag_of_several_methods_has_one_meaning():
    told = {}
    for method in training.METHODS.values():
        for name, entry in training.runs.numbers_of(*method.settings.values()).items():
            assert told.setdefault(name, entry.metadata['help']) == entry.metadata['help'], name
