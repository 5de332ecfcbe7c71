"""What the studio paints is what the command and the Python call paint, to the bit."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from styletransfer.errors import InputError
from styletransfer.feedforward.__main__ import main as feedforward
from styletransfer.files import read_json
from styletransfer.outputs import locked
from styletransfer.studio import painter
from styletransfer.studio.knobs import knobs, shown
from styletransfer.studio.orders import make_order
from styletransfer.studio.painter import do
from styletransfer.studio.tasks import (
    Done,
    Failed,
    GoOn,
    Long,
    Paint,
    Painting,
    Pictures,
    Sheet,
    Stopped,
)
from styletransfer.train import run as train_run
from styletransfer.train.__main__ import main as train

TOY = {'backbone': 'vgg19_slim', 'shape': '48x32', 'num_epochs': '3,4'}


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    """Work in a folder for a page; figures and curves take longer than the toys do."""
    monkeypatch.chdir(tmp_path)  # it is put back in the end, wherever the painter goes
    monkeypatch.setattr(train_run, 'save_figure', lambda path, *args: path.write_bytes(b'figure'))
    Path('page').mkdir()
    Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 50).save('page/own photo.png')


@pytest.fixture
def quick_curves(monkeypatch):
    monkeypatch.setattr(painter, 'save_curves', lambda path, *args: path.write_text('<svg/>'))


def order(how='tutorial', photo='own photo.png', styles=('ink_wash', 'irises'), shares=(), **page):
    turned = {**{knob.name: shown(knob, how) for knob in knobs()}, **page}
    return make_order(how, photo, styles, shares, turned, ['own photo.png'])


def told(task, stop=lambda: False):
    events = []
    do(task, events.append, stop)
    return events


def after(events):
    """Return the bytes of the painting that was told of."""
    assert isinstance(events[-1], Done), events[-1]
    return Path(events[-1].files[0]).read_bytes()


def paint(order, folder, **how):
    return told(Paint(str(folder / 'page'), order, **how))


def test_the_picture_is_the_commands_and_that_of_python(tmp_path, quick_curves):
    asked = order(shares=[1, 0.5], preserve_color='luminance', seed=4, **TOY)
    events = paint(asked, tmp_path)
    ours = after(events)
    shutil.rmtree('easel')
    assert train([*asked.argv, '--quiet', '--output', str(tmp_path / 'theirs')]) == 0
    assert ours == (tmp_path / 'theirs' / 'stage2.png').read_bytes()
    exec(asked.python, {})
    with Image.open('painting.png') as first, Image.open(events[-1].files[0]) as second:
        assert first.tobytes() == second.tobytes()
    records = [read_json(f) for f in (Path('outputs/run.json'), tmp_path / 'theirs' / 'run.json')]
    for record in records:
        assert record['arguments'].pop('content') == 'own photo.png'
        for name in ('output', 'quiet'):
            record['arguments'].pop(name)
    assert records[0]['arguments'] == records[1]['arguments']
    assert [s['losses'] for s in records[0]['stages']] == [
        s['losses'] for s in records[1]['stages']
    ]


def test_it_tells_how_far_it_is(tmp_path):
    events = paint(order(**TOY), tmp_path)
    steps = [event for event in events if isinstance(event, Painting)]
    assert [(step.stage, step.epoch, step.num_epochs) for step in steps] == [
        *((0, epoch, 3) for epoch in (1, 2, 3)),
        *((1, epoch, 4) for epoch in (1, 2, 3, 4)),
    ]
    assert all(step.of == 2 for step in steps)
    done = [step.done for step in steps]
    assert done == sorted(set(done))
    assert done[-1] == pytest.approx(1)
    assert steps[-1].seconds_left == pytest.approx(0)
    assert {name for name, _ in steps[-1].terms} >= {'content', 'style', 'TV'}
    with Image.open(steps[-1].picture) as picture:
        assert picture.size == (48, 32)
    assert '<svg' in Path(steps[-1].curves).read_text()
    assert len(list(Path('easel').iterdir())) <= 6  # two of each, and before and after
    with Image.open(events[-1].before) as before, Image.open(events[-1].after) as result:
        assert before.size == result.size == (48, 32)
    assert [Path(file).name for file in events[-1].files] == [
        'stage2.png',
        'run.json',
        'figure.png',
    ]


@pytest.mark.parametrize('epochs', [1, 3, 5])
def test_stopped_and_gone_on_with_it_is_the_same_picture(tmp_path, quick_curves, epochs):
    whole = after(paint(order(**TOY), tmp_path))
    asked = iter([False] * (epochs - 1) + [True])
    events = told(Paint(str(tmp_path / 'page'), order(**TOY)), lambda: next(asked))
    assert events[-1] == Stopped(
        epochs if epochs <= 3 else epochs - 3, f'outputs/stage{1 + (epochs > 3)}.png'
    )
    assert Path(events[-1].picture).is_file()
    events = told(GoOn(str(tmp_path / 'page')))
    assert len([e for e in events if isinstance(e, Painting)]) == 7 - epochs
    assert after(events) == whole


def test_no_other_run_comes_into_the_folder_meanwhile(tmp_path, quick_curves):
    refused = []

    def look():
        with pytest.raises(InputError) as error, locked(Path('outputs')):
            pass
        refused.append(str(error.value))
        return False

    assert isinstance(told(Paint(str(tmp_path / 'page'), order(**TOY)), look)[-1], Done)
    assert len(refused) == 7
    assert "another run is at work in --output 'outputs'" in refused[0]


def test_nothing_to_go_on_with_is_told(tmp_path):
    (failed,) = told(GoOn(str(tmp_path / 'page')))
    assert 'nothing to resume' in failed.message
    assert not failed.ours


def test_what_takes_long_says_so_and_waits_for_consent(tmp_path, monkeypatch, quick_curves):
    monkeypatch.setattr(painter, 'LITTLE', 0)
    monkeypatch.setattr(painter, 'stage_seconds', lambda plan, network: [40.0, 30.0])
    (event,) = paint(order(**TOY), tmp_path)
    assert isinstance(event, Long)
    assert event.seconds == 70
    assert event.table[-1] == 'all together: about 70 seconds'
    assert not Path('outputs').exists()
    assert isinstance(paint(order(**TOY), tmp_path, sure=True)[-1], Done)
    monkeypatch.setattr(painter, 'stage_seconds', lambda plan, network: [20.0, 30.0])
    assert isinstance(paint(order(**TOY), tmp_path)[-1], Done)


def test_in_one_pass_it_is_the_commands_and_that_of_python(tmp_path):
    asked = order('johnson', styles=['ink_wash', 'irises'], shares=[1, 0.5], shape='48x48')
    ours = after(paint(asked, tmp_path))
    assert feedforward(['paint', *asked.argv, '--quiet', '--output', str(tmp_path / 'a.png')]) == 0
    assert ours == (tmp_path / 'a.png').read_bytes()
    exec(asked.python, {})
    assert ours == Path('painting.png').read_bytes()


def test_a_contact_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(painter, 'SHEET_SHAPE', (32, 32))
    events = told(Sheet(str(tmp_path / 'page'), 'own photo.png', ('own photo.png',), 'ghiasi'))
    assert [type(event) for event in events] == [Pictures, Done]
    ((name, file),) = events[0].pictures
    assert name == 'own photo.png'
    with Image.open(file) as picture:
        assert picture.size == (32, 21)
    with Image.open(events[-1].files[0]) as sheet:
        assert sheet.width > 200


def test_a_network_of_few_styles_shows_those_until_it_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(painter, 'SHEET_SHAPE', (24, 24))
    asked = iter([False, False, True])
    task = Sheet(str(tmp_path / 'page'), 'lake', ('own photo.png',), 'johnson')
    events = told(task, lambda: next(asked))
    assert [type(event) for event in events] == [Pictures, Pictures, Done]
    assert [name for name, _ in events[1].pictures] == ['grande_jatte', 'great_wave']
    assert events[1].of == 12
    assert told(task, lambda: True) == [Failed('stopped before there was a picture')]


def test_mistakes_are_told_in_one_line_and_faults_as_ours(tmp_path, monkeypatch, quick_curves):
    (failed,) = paint(order(**TOY, style_scale=0), tmp_path)
    assert failed == Failed('--style-scale is 0: it must be above 0')

    def broken(*args):
        raise RuntimeError('no such luck')

    monkeypatch.setattr(painter, 'make_run', broken)
    (failed,) = paint(order(**TOY), tmp_path)
    assert failed == Failed('RuntimeError: no such luck', ours=True)
