"""Knobs come from the fields by themselves; an order is a command line that says the same."""

import shlex
from dataclasses import dataclass, fields, replace

import pytest

from styletransfer.command import finite, natural
from styletransfer.errors import InputError
from styletransfer.feedforward import painting
from styletransfer.recipes import RECIPES, option
from styletransfer.studio.chinese import HELP, NAMES, WAYS
from styletransfer.studio.knobs import OWNERS, PLACED, asked, knobs, shown
from styletransfer.studio.orders import Order, make_order, ways
from styletransfer.studio.words import TEXTS, Words
from styletransfer.train import wish
from styletransfer.train.wish import MANNER, NUMBERS, OPTIONS, argv_of, given, make_parser, part


@dataclass
class More:
    glow: float = option(0.5, 'how it glows', finite, group=wish.CONTROLS)
    halos: int = option(3, 'how many there are', natural)
    haze: bool = option(False, 'make it hazy', bool)
    mood: str = option('calm', 'calm, wild', str, table=('calm', 'wild'))
    stencil: str = option(None, 'a picture with holes', str)


def page_of(how):
    return {knob.name: shown(knob, how) for knob in knobs()}


def order_of(how='fast', photo='lake', styles=('oil_strokes',), shares=(), files=(), **page):
    return make_order(how, photo, styles, shares, {**page_of(how), **page}, files)


def test_every_field_is_a_knob_or_has_a_place_of_its_own():
    names = {knob.name for knob in knobs()}
    elsewhere = PLACED | OWNERS | {name for name in OPTIONS if part(name) == MANNER}
    assert names | elsewhere == {*OPTIONS, *NUMBERS, *painting.OPTIONS}
    assert not names & elsewhere


def test_a_new_field_is_a_new_knob_by_itself(monkeypatch):
    before = {knob.name for knob in knobs()}
    for entry in fields(More):
        monkeypatch.setitem(OPTIONS, entry.name, entry)
    new = {knob.name: knob for knob in knobs() if knob.name not in before}
    kinds = {name: (knob.kind, knob.group) for name, knob in new.items()}
    assert kinds == {
        'glow': ('number', 'controls'),
        'halos': ('whole', 'painting'),
        'haze': ('switch', 'painting'),
        'mood': ('choice', 'painting'),
        'stencil': ('file', 'painting'),
    }
    assert new['mood'].choices == ('calm', 'wild')
    order = order_of(glow=0.75, haze=True, mood='wild', stencil='s.png', files=['s.png'])
    assert order.argv[-7:] == (
        *('--glow', '0.75', '--haze', '--mood', 'wild'),
        *('--stencil', 's.png'),
    )
    with pytest.raises(InputError, match="no picture on this page '/etc/passwd'"):
        order_of(stencil='/etc/passwd', files=['s.png'])


@pytest.mark.parametrize('how', ways())
def test_a_page_that_nobody_touched_asks_for_nothing(how):
    assert asked(how, page_of(how)) == {}
    assert order_of(how).turned == ()


def test_numbers_of_the_recipe_before_are_not_asked_of_the_next():
    page = page_of('tutorial')  # it takes a moment until those of the next stand there
    assert asked('fast', page, 'tutorial') == {}
    page['num_epochs'] = '7'
    assert asked('fast', page, 'tutorial') == {'num_epochs': (7,)}
    assert 'num_epochs' in asked('fast', page_of('tutorial'), 'fast')


def test_knobs_that_mean_nothing_to_a_way_are_not_asked_for():
    page = {'strength': 0.5, 'style_scale': 2.0, 'preserve_color': 'linear'}
    assert asked('johnson', page) == {'strength': 0.5, 'preserve_color': 'linear'}
    assert asked('fast', page) == {'style_scale': 2.0, 'preserve_color': 'linear'}


def test_the_command_asks_for_what_the_page_does():
    order = order_of(
        'tutorial',
        'my photo.jpg',
        ['oil_strokes', 'a.png'],
        [1, 0.25],
        files=['my photo.jpg', 'a.png'],
        shape='60x40',
        num_epochs='5, 6',
        lr='0.1',
        style_layers='conv1_1,5',
        patch_layers=',',
        style_weight=2000,
        auto_masks=None,
        keep_aspect=True,
        optimizer='lbfgs',
        seed=3,
    )
    words = shlex.split(order.command)
    assert words[:3] == ['python', '-m', 'styletransfer.train']
    told = given(make_parser().parse_args(words[3:]))
    assert wish.wish_of(told) == wish.wish_of(
        {
            'content': 'my photo.jpg',
            'style': ('oil_strokes', 'a.png'),
            'style_weights': (1.0, 0.25),
            'recipe': 'tutorial',
            'shape': (60, 40),
            'keep_aspect': True,
            'seed': 3,
            'style_weight': 2000.0,
            'style_layers': ('conv1_1', 5),
            'optimizer': 'lbfgs',
            'lr': (0.1,),
            'num_epochs': (5, 6),
        }
    )


@pytest.mark.parametrize('recipe', RECIPES)
def test_flags_of_all_numbers_are_read_back(recipe):
    numbers = {
        name: getattr(RECIPES[recipe], name) for name in NUMBERS if name not in wish.STAGE_NUMBERS
    }
    numbers = {name: value for name, value in numbers.items() if value != ()}
    read = given(make_parser().parse_args(argv_of(numbers)))
    as_tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in read.items()}
    assert as_tuples == numbers


def test_in_one_pass(monkeypatch):
    order = order_of('johnson', styles=['ink_wash'], strength=0.5, shape='80x60')
    expected = 'lake --net johnson --style ink_wash --strength 0.5 --shape 80x60'
    assert order.command == f'python -m styletransfer.feedforward paint {expected}'
    assert 'strength=0.5, shape=(80, 60)' in order.python


def test_shares_that_are_all_the_same_are_not_said():
    assert order_of(styles=['oil_strokes', 'ink_wash'], shares=[0.4, 0.4]).shares == ()
    assert order_of(styles=['oil_strokes', 'ink_wash'], shares=[0.4, 0.8]).shares == (0.4, 0.8)


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        ({'how': 'nonesuch'}, 'no way to paint'),
        ({'photo': None}, 'choose a photo'),
        ({'styles': []}, 'choose a style'),
        ({'styles': ['oil_strokes'] * 5}, 'too many'),
        ({'photo': '/etc/passwd'}, 'no picture on this page'),
        ({'photo': '../lake.jpg'}, 'no picture on this page'),
        ({'styles': ['/etc/hostname.png']}, 'no picture on this page'),
        ({'content_mask': ['/etc/mask.png']}, 'no picture on this page'),
        ({'shape': '60'}, '--shape: .*not a shape'),
        ({'num_epochs': 'many'}, '--epochs: .*not a whole number'),
        ({'style_weight': float('nan')}, '--style-weight: .*finite'),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(changed, message):
    with pytest.raises(InputError, match=message) as caught:
        order_of(**{'files': ['own.png'], **changed})
    assert '\n' not in str(caught.value)


def test_an_order_is_a_value():
    order = order_of()
    assert order == Order('fast', 'lake', ('oil_strokes',))
    assert len({order, replace(order), replace(order, photo='otter')}) == 2


def test_all_is_said_in_chinese():
    """What lacks here is shown in English: add it to `styletransfer/studio/chinese.py`."""
    names = {knob.name for knob in knobs()}
    assert set(NAMES) == set(HELP) == names
    assert set(WAYS) == set(RECIPES)
    for english, chinese in TEXTS.values():
        assert set(holes(english)) == set(holes(chinese))
    for seconds, said in ((5, '约 5 秒'), (600, '约 10 分钟'), (60 * 200, '约 3 小时')):
        assert Words('zh').time(seconds) == said


def holes(text):
    return [word.split('}')[0] for word in text.split('{')[1:]]
