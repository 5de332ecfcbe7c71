"""Everything that listens to a run, fed with steps by hand or by a tiny run."""

import json
import os
import signal
from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import numpy as np
from PIL import Image

from styletransfer.checkpoint import load_checkpoint
from styletransfer.errors import InputError
from styletransfer.images import postprocess
from styletransfer.objective import objectives
from styletransfer.progress import (
    Bar,
    Checkpoints,
    DivergedError,
    History,
    Interrupted,
    Previews,
    Step,
    StopAtNaN,
    StopAtSignal,
    draw_figure,
    placed,
    save_figure,
    together,
)
from styletransfer.recipes import TUTORIAL, Stage
from styletransfer.synthesis import coarse_to_fine

COARSE = Stage((24, 16), num_epochs=25, lr_decay_epoch=10)
FINE = Stage((48, 32), num_epochs=12, lr_decay_epoch=10)
RECIPE = replace(TUTORIAL, stages=(COARSE, FINE))


def a_step(stage, epoch, total=1.0, value=0.0):
    width, height = stage.image_shape
    X = np.full((1, 3, height, width), value, dtype='float32')
    terms = {'content': 0.5 * total, 'style': 0.25 * total, 'TV': 0.25 * total}
    return Step(
        stage.title,
        epoch,
        stage.num_epochs,
        stage.lr_at(epoch),
        terms,
        total,
        X,
        lambda: {'X': X.asnumpy(), 'memory': numpy.array([epoch])},
        RECIPE.stages.index(stage),
        len(RECIPE.stages),
    )


def steps(recipe=RECIPE):
    for stage in recipe.stages:
        for epoch in range(1, stage.num_epochs + 1):
            yield a_step(stage, epoch, total=stage.num_epochs / epoch)


def picture(seed):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (30, 50, 3))
    return np.array(pixels, dtype='uint8')


def test_together_calls_each_in_turn():
    called = []
    on_step = together(
        lambda step: called.append(('first', step)), lambda step: called.append(('second', step))
    )
    on_step('a step')
    assert called == [('first', 'a step'), ('second', 'a step')]


def test_placed_says_which_stage_it_is():
    told = []
    placed(told.append, 2, 5)(a_step(COARSE, 3))
    assert (told[0].stage, told[0].of, told[0].epoch) == (2, 5, 3)


def test_history_summary_is_the_first_every_tenth_and_the_last():
    history = History()
    for step in steps():
        history(step)
    coarse, fine = history.summary()
    assert [losses['epoch'] for losses in coarse['losses']] == [1, 10, 20, 25]
    assert [losses['epoch'] for losses in fine['losses']] == [1, 10, 12]
    assert coarse['title'] == '24x16'
    assert coarse['losses'][1] == {
        'epoch': 10,
        'lr': 0.01,
        'content': 1.25,
        'style': 0.625,
        'tv': 0.625,
        'total': 2.5,
    }
    assert coarse['losses'][2]['lr'] == pytest.approx(0.001)
    assert len(history.stages[0]['losses']) == 25  # nothing is dropped from the history itself
    json.dumps(history.summary(), allow_nan=False)


def test_history_summary_while_a_stage_runs():
    history = History()
    for epoch in range(1, 14):
        history(a_step(COARSE, epoch))
    assert [losses['epoch'] for losses in history.summary()[0]['losses']] == [1, 10, 13]


def test_history_goes_on_from_what_was_saved(monkeypatch):
    now = [0.0]
    monkeypatch.setattr('time.perf_counter', lambda: now[0])
    before = History()
    for epoch in range(1, 6):
        now[0] += 2
        before(a_step(COARSE, epoch))
    saved = json.loads(json.dumps(before.stages))
    now[0] += 1000  # between the two runs
    after = History(saved)
    for epoch in range(6, 26):
        now[0] += 2
        after(a_step(COARSE, epoch))
    (stage,) = after.summary()
    assert stage['seconds'] == 50
    assert [losses['epoch'] for losses in stage['losses']] == [1, 10, 20, 25]


def test_stop_at_nan_lets_good_losses_pass():
    stop = StopAtNaN(0, np.zeros((1, 3, 16, 24)))
    for step in steps():
        stop(step)


@pytest.mark.parametrize('total', [float('nan'), float('inf'), float('-inf')])
def test_stop_at_nan_keeps_the_last_picture_with_a_finite_loss(total):
    stop = StopAtNaN(0, np.full((1, 3, 16, 24), 0.0))
    for epoch in range(1, 5):
        stop(a_step(COARSE, epoch, value=float(epoch)))
    # this loss is that of the picture after epoch 4; the one after epoch 3 had a finite loss
    with pytest.raises(DivergedError, match=rf'became {total} in epoch 5 at 24x16: try a sm') as e:
        stop(a_step(COARSE, 5, total=total, value=float('nan')))
    assert e.value.stage == 0
    assert (e.value.X.asnumpy() == 3).all()


def test_stop_at_nan_in_the_second_epoch_keeps_the_start():
    stop = StopAtNaN(1, np.full((1, 3, 32, 48), 7.0))
    stop(a_step(FINE, 1))
    with pytest.raises(DivergedError) as caught:
        stop(a_step(FINE, 2, total=float('nan')))
    assert caught.value.stage == 1
    assert (caught.value.X.asnumpy() == 7).all()


def test_stop_at_nan_early_in_the_second_stage_keeps_the_first_stages_picture():
    stop = StopAtNaN(0, np.zeros((1, 3, 16, 24)))
    stop(a_step(COARSE, 24, value=24.0))
    stop(a_step(COARSE, 25, value=25.0))
    stop(a_step(FINE, 1, value=1.0))
    with pytest.raises(DivergedError) as caught:
        stop(a_step(FINE, 2, total=float('inf')))
    assert caught.value.stage == 0
    assert caught.value.X.shape == (1, 3, 16, 24)
    assert (caught.value.X.asnumpy() == 25).all()


def test_stop_at_nan_is_not_misled_by_a_picture_that_changes_in_place():
    stop, X = StopAtNaN(0, np.zeros((1, 3, 16, 24))), np.zeros((1, 3, 16, 24))
    for epoch in range(1, 4):
        X[:] = epoch
        stop(a_step(COARSE, epoch)._replace(X=X))
    X[:] = float('nan')
    with pytest.raises(DivergedError) as caught:
        stop(a_step(COARSE, 4, total=float('nan'))._replace(X=X))
    assert (caught.value.X.asnumpy() == 2).all()


def test_a_step_size_too_large_ends_a_real_run(tiny_net):
    recipe = replace(TUTORIAL, stages=(Stage((24, 16), lr=1e25, num_epochs=50),))
    start = np.zeros((1, 3, 16, 24))
    stop = StopAtNaN(0, start)
    seen = []
    with pytest.raises(DivergedError) as caught:
        coarse_to_fine(
            objectives(tiny_net, recipe, picture(1), picture(2), mx.cpu()),
            recipe,
            picture(1),
            mx.cpu(),
            together(lambda step: seen.append(step.total), stop),
        )
    assert numpy.isfinite(seen[:-1]).all()
    assert not numpy.isfinite(seen[-1])
    assert numpy.isfinite(caught.value.X.asnumpy()).all()


def test_previews_are_of_the_first_and_every_nth_epoch(tmp_path):
    previews = Previews(tmp_path / 'previews', 10, postprocess)
    for step in steps():
        previews(step)
    names = sorted(path.name for path in (tmp_path / 'previews').iterdir())
    assert names == [
        'stage1-epoch0001.png',
        'stage1-epoch0010.png',
        'stage1-epoch0020.png',
        'stage2-epoch0001.png',
        'stage2-epoch0010.png',
    ]


def test_a_preview_is_the_picture_so_far(tmp_path):
    step = a_step(FINE, 10, value=0.7)
    Previews(tmp_path, 10, postprocess)(step)
    with Image.open(tmp_path / 'stage2-epoch0010.png') as preview:
        pixels = numpy.asarray(preview)
    assert pixels.shape == (32, 48, 3)
    assert numpy.abs(pixels / 255 - postprocess(step.X).asnumpy()).max() <= 0.5 / 255 + 1e-6


def test_checkpoints_are_of_every_nth_and_the_last_epoch(tmp_path):
    recipe, path = RECIPE, tmp_path / 'run'
    history = History()
    checkpoints = Checkpoints(path, 10, history, {'seed': 5})
    checkpoints.save()
    saved = load_checkpoint(path)
    assert saved.record == {'seed': 5, 'stage': 0, 'epoch': 0, 'history': []}
    kept = []
    for stage in recipe.stages:
        for epoch in range(1, stage.num_epochs + 1):
            path.unlink(missing_ok=True)
            step = a_step(stage, epoch, value=float(epoch))
            together(history, checkpoints)(step)
            if path.exists():
                saved = load_checkpoint(path)
                kept.append((saved.stage, saved.record['epoch']))
                assert (saved.arrays['X'] == epoch).all()
                assert saved.arrays['memory'] == [epoch]
                assert saved.record['history'] == history.stages
    assert kept == [(0, 10), (0, 20), (0, 25), (1, 10), (1, 12)]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_step(number):
    before = signal.getsignal(number)
    with StopAtSignal() as stop:
        stop(a_step(COARSE, 1))
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted, match='stopped after epoch 2') as caught:
            stop(a_step(COARSE, 2))
    assert caught.value.step.epoch == 2
    assert signal.getsignal(number) == before


def test_a_second_signal_ends_the_run_at_once():
    with StopAtSignal():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_signals_are_as_before_when_the_run_fails():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(InputError), StopAtSignal():
        raise InputError
    assert signal.getsignal(signal.SIGINT) == before


def test_bar_tells_stage_losses_and_epochs(capsys):
    bar = Bar()
    with bar:
        for step in steps():
            bar(step)
    text = capsys.readouterr().err
    for part in ('stage 1 of 2, 24x16', '25/25', 'stage 2 of 2, 48x32', '12/12'):
        assert part in text
    assert 'content 0.50, style 0.25, TV 0.25' in text
    assert text.endswith('\n')
    bar.close()  # once more does nothing
    assert capsys.readouterr().err == ''


def test_bar_and_history_take_whatever_terms_there_are(capsys):
    step = a_step(COARSE, 25)._replace(terms={'G': 1.5, 'D': 0.25, 'cycle': 3.0}, X=None)
    bar, history = Bar(), History()
    together(bar, history)(step._replace(epoch=1))
    together(bar, history, StopAtNaN(0, None))(step)
    assert 'G 1.50, D 0.25, cycle 3.00' in capsys.readouterr().err
    names = ['epoch', 'lr', 'g', 'd', 'cycle', 'total']
    assert list(history.stages[0]['losses'][0]) == names
    curves = draw_figure(pictures(), history).get_axes()[-1].lines
    assert {line.get_label() for line in curves} >= {'G', 'D', 'cycle', 'total'}


def test_bar_of_a_resumed_run_starts_where_it_was(capsys):
    with Bar() as bar:
        bar(a_step(COARSE, 21))
    assert '21/25' in capsys.readouterr().err


@pytest.fixture
def history():
    history = History()
    for step in steps():
        history(step)
    return history


def pictures():
    return {
        'content': np.full((20, 30, 3), 0.25),
        'style': np.full((30, 20, 3), 0.5),
        'result': np.full((32, 48, 3), 0.75),
    }


def test_figure_shows_pictures_and_the_losses_of_each_stage(history):
    axes = draw_figure(pictures(), history).get_axes()
    assert [one.get_title() for one in axes[:3]] == ['content', 'style', 'result']
    for one, img in zip(axes, pictures().values()):
        numpy.testing.assert_array_equal(one.images[0].get_array(), img.asnumpy())
    coarse, fine = axes[3:]
    assert coarse.get_title().startswith('24x16')
    assert fine.get_title().startswith('48x32')
    for one, stage in zip((coarse, fine), history.stages):
        assert one.get_yscale() == 'log'
        curves = {line.get_label(): line for line in one.lines if line.get_label()[0] != '_'}
        assert set(curves) == {'content', 'style', 'TV', 'total'}
        epochs, totals = curves['total'].get_data()
        assert list(epochs) == list(range(1, len(stage['losses']) + 1))
        assert list(totals) == [losses['total'] for losses in stage['losses']]


def test_figure_marks_the_drops_of_the_step_size(history):
    coarse, fine = draw_figure(pictures(), history).get_axes()[3:]
    for one, epochs in ((coarse, [11, 21]), (fine, [11])):
        marks = [line.get_xdata()[0] for line in one.lines if line.get_label()[0] == '_']
        assert marks == epochs
    assert [text.get_text() for text in coarse.texts] == ['step size 0.001', 'step size 0.0001']


def test_save_figure(tmp_path, history):
    save_figure(tmp_path / 'figure.png', pictures(), history)
    with Image.open(tmp_path / 'figure.png') as figure:
        assert figure.format == 'PNG'
        assert figure.size == (1200, 700)
        grey = numpy.asarray(figure.convert('L'))
    for level in (64, 128, 191):  # the three pictures
        assert (numpy.abs(grey.astype(int) - level) <= 1).sum() > 5000
    assert (grey[400:] < 100).sum() > 1000  # lines and letters below
    assert [path.name for path in tmp_path.iterdir()] == ['figure.png']


def test_figure_of_losses_that_are_zero(tmp_path):
    history = History()
    for epoch in range(1, 4):
        history(a_step(COARSE, epoch, total=0.0))
    save_figure(tmp_path / 'figure.png', pictures(), history)
    assert (tmp_path / 'figure.png').stat().st_size > 1000


def test_figure_of_a_single_epoch(tmp_path):
    history = History()
    history(a_step(COARSE, 1))
    save_figure(tmp_path / 'figure.png', pictures(), history)
    assert (tmp_path / 'figure.png').stat().st_size > 1000
