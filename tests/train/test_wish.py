"""A run as a value: flags, keywords, checks and the fingerprint all come from its fields."""

import pickle
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import numpy
import pytest
from PIL import Image

from styletransfer import stylize
from styletransfer.errors import InputError
from styletransfer.recipes import Recipe, Stage
from styletransfer.train.__main__ import main
from styletransfer.train.job import paint_one
from styletransfer.train.run import resumed
from styletransfer.train.wish import (
    MANNER,
    NUMBERS,
    OPTIONS,
    VALUE,
    Wish,
    given,
    make_parser,
    part,
    wish_of,
)

TOY = {'weights': 'random', 'backbone': 'vgg19_slim', 'shape': (48, 32), 'quiet': True}


def parsed(*argv):
    return wish_of(given(make_parser().parse_args(argv)))


def test_nothing_given_is_nothing_but_defaults():
    assert parsed() == Wish() == wish_of({})


def test_a_wish_is_a_value():
    wish = wish_of({'style': ['a.png', 'b.png'], 'num_epochs': 5, 'style_weights': [1, 2]})
    assert pickle.loads(pickle.dumps(wish)) == wish
    assert len({wish, replace(wish), replace(wish, seed=1)}) == 2  # it can be a key
    with pytest.raises(FrozenInstanceError):
        wish.seed = 3


def test_every_field_has_a_flag_and_every_flag_a_field():
    dests = {action.dest for action in make_parser()._actions} - {'help', 'resume'}
    assert dests - {'plan', 'list_samples', 'list_recipes'} == {*OPTIONS, *NUMBERS}
    assert {*OPTIONS, 'changes'} == {field.name for field in fields(Wish)}
    stages = {field.name for field in fields(Stage)} - {'image_shape'}
    assert stages < set(NUMBERS)
    assert {'style_weight', 'pooling'} < set(NUMBERS) < {f.name for f in fields(Recipe)} | stages


def test_flags_and_keywords_make_the_same_wish(tmp_path):
    flags = '--content a.png --style b.png c.png --shape 60x40 --epochs 5,6 '
    flags += '--lr 0.1 --style-layers conv1_1,5 --keep-aspect --style-scale 2 --init noise '
    flags += '--content-mask d.png e.png --tile 64 --seed 3 --style-layer-weights 1,0.5'
    by_words = wish_of(
        {
            'content': Path('a.png'),
            'style': ('b.png', Path('c.png')),
            'shape': [60, 40],
            'num_epochs': (5, 6),
            'lr': 0.1,
            'style_layers': ('conv1_1', 5),
            'keep_aspect': True,
            'style_scale': 2.0,
            'init': 'noise',
            'content_mask': ['d.png', 'e.png'],
            'tile': 64,
            'seed': 3,
            'style_layer_weights': [1, 0.5],
        }
    )
    by_flags = parsed(*flags.split())
    assert dict(by_flags.changes) == dict(by_words.changes)
    assert replace(by_flags, changes=()) == replace(by_words, changes=())
    assert wish_of({'shape': '60x40', 'tile': '64'}) == wish_of({'shape': (60, 40), 'tile': 64})
    shares = parsed('--style', 'b.png', 'c.png', '--style-weights', '1,', '3')
    assert shares == wish_of({'style': ['b.png', 'c.png'], 'style_weights': [1.0, 3.0]})


def test_a_new_control_counts_unless_it_says_otherwise():
    """What nobody thought about is part of the fingerprint, and of what a run is resumed with."""
    thoughtless = [name for name in OPTIONS if 'part' not in OPTIONS[name].metadata]
    assert thoughtless
    for name in thoughtless:
        assert part(name) == VALUE
        assert name in Wish().values()
    assert not {'output', 'tile', 'quiet', 'content'} & set(Wish().values())


class Saved:
    """A checkpoint, as far as `resumed` looks at it."""

    record = {  # noqa: RUF012
        'argv': ['--style', 'ink_wash', '--epochs', '5', '--seed', '3'],
        'fingerprint': {'backbone': 'vgg19_slim'},
    }


def test_a_run_is_resumed_with_what_does_not_matter_only():
    for name in OPTIONS:
        if part(name) == MANNER:
            value = {'quiet': True, 'output': 'elsewhere', 'tile': 64}.get(name, 7)
            assert getattr(resumed(Saved, {name: value}), name) == value
    wish = resumed(Saved, {'seed': 3, 'num_epochs': [5], 'style': ['ink_wash']})
    assert (wish.seed, wish.style, wish.changes) == (3, ('ink_wash',), (('num_epochs', (5,)),))
    assert wish.backbone == 'vgg19_slim'
    for name, value, said in (
        ('seed', 4, 'had --seed 3, not 4'),
        ('num_epochs', [6], 'had --epochs 5, not 6'),
        ('style', ['lake.png'], 'had --style ink_wash, not lake.png'),
        ('keep_aspect', True, 'had no --keep-aspect'),
        ('lr', [0.5], 'had no --lr'),
        ('content', 'otter', 'had --content lake, not otter'),
    ):
        with pytest.raises(InputError, match=said):
            resumed(Saved, {name: value})


@pytest.mark.parametrize(
    ('asked', 'says'),
    [
        ({'contnet': 'lake'}, "'contnet'; did you mean 'content'"),
        ({'style_wieght': 3}, "did you mean 'style_weight'"),
        ({'shape': '60'}, "'60' is not a shape"),
        ({'format': 'gfi'}, "no picture format 'gfi'"),
        ({'preserve_color': 'linaer'}, "did you mean 'linear'"),
        ({'style_scale': float('inf')}, 'must be above 0'),
        ({'style': ['a', 'b'], 'style_weights': [1]}, '1 style weights given for 2 styles'),
        ({'style_mask': 'a.png'}, 'without --content-mask'),
    ],
)
def test_what_cannot_be_is_refused(asked, says):
    with pytest.raises(InputError, match=says):
        wish_of(asked)


@pytest.fixture(scope='module')
def painting(tmp_path_factory):
    """Return the file that the command makes of the wish that the tests below have."""
    folder = tmp_path_factory.mktemp('painting')
    flags = ['--weights=random', '--backbone=vgg19_slim', '--shape=48x32', '--quiet']
    assert main([*flags, '--epochs=3,2', f'--output={folder}']) == 0
    return folder / 'stage2.png'


def test_paint_one_leaves_nothing_but_its_file(painting, tmp_path, capfd):
    wish = wish_of({**TOY, 'num_epochs': (3, 2), 'output': tmp_path / 'one.png'})
    seconds = paint_one(pickle.loads(pickle.dumps(wish)))
    assert 0 < seconds < 100
    assert (tmp_path / 'one.png').read_bytes() == painting.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ['one.png']
    assert capfd.readouterr() == ('', '')


def test_stylize_returns_the_commands_picture(painting, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    picture = stylize('lake', ['oil_strokes'], **TOY, num_epochs=[3, 2])
    with Image.open(painting) as expected:
        numpy.testing.assert_array_equal(numpy.asarray(picture), numpy.asarray(expected))
    assert isinstance(picture, Image.Image)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ('', '')


def test_stylize_shows_a_bar(monkeypatch, capsys):
    stylize(**{**TOY, 'quiet': False}, num_epochs=(0, 2))
    assert 'stage 1 of 1, 48x32' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['output', 'format', 'save_every', 'checkpoint_every'])
def test_stylize_writes_no_file(name):
    with pytest.raises(InputError, match=f'stylize writes no file, so leave out {name}'):
        stylize(**{name: 'png'})


def test_stylize_names_the_nearest_keyword():
    with pytest.raises(InputError, match="did you mean 'style_weight'"):
        stylize(style_wieght=3)
