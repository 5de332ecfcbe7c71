"""Why something cannot be painted, in Chinese: nothing is missing or stale on the page's way."""

import ast
import re
from pathlib import Path

import pytest

import styletransfer
from styletransfer.controls import check_regions, check_weights
from styletransfer.errors import InputError
from styletransfer.studio import views
from styletransfer.studio.orders import make_order
from styletransfer.studio.refusals import KINDS, REFUSALS, in_chinese
from styletransfer.studio.tasks import Failed
from styletransfer.studio.words import Words

PACKAGE = Path(styletransfer.__file__).parent
# whose refusals a page can meet
MET = ['studio/orders', 'studio/limits', 'studio/pages', 'studio/painter', 'recipes', 'controls']
MET += ['regions', 'train/wish', 'train/plan', 'mrf']
# what only programs and commands ask for
ELSEWHERE = {f"there is no {kind} '{{}}'; known: {{}}" for kind in ('recipe', 'option')}


def told(call):
    """Return what a call says, {} for what it puts in; '' if it says nothing of its own."""
    words = [literal(argument) for argument in call.args]
    if call.func.id == 'unknown' and words and '{}' not in words[0]:
        return f"there is no {words[0]} '{{}}'; known: {{}}"
    return words[0] if call.func.id == 'InputError' and words else ''


def literal(node):
    if isinstance(node, ast.JoinedStr):
        return ''.join('{}' if isinstance(v, ast.FormattedValue) else v.value for v in node.values)
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    return str(node.value) if isinstance(node, ast.Constant) else '{}'


def said_in(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    calls = [c for c in calls if getattr(c.func, 'id', '') in ('InputError', 'unknown')]
    return {told(call) for call in calls} - {''}


@pytest.mark.parametrize('name', MET)
def test_what_a_page_can_meet_is_said_in_chinese(name):
    said = {text.replace('{}', '7') for text in said_in(PACKAGE / f'{name}.py') - ELSEWHERE}
    assert said
    assert not [text for text in said if in_chinese(text) == text]


def test_nothing_is_translated_that_nobody_says():
    said = {text for path in PACKAGE.rglob('*.py') for text in everything(path)}
    for text in REFUSALS:
        if not text.startswith('there is no {KIND}'):
            parts = [part for part in re.split(r'\{\w*\}', text) if part.strip()]
            assert any(all(part in one for part in parts) for one in said), text


def everything(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Constant)):
            yield literal(node)


def test_a_refusal_is_chinese_and_loses_nothing():
    for english, chinese in {**KINDS, **REFUSALS}.items():
        holes = [
            set(re.findall(r'\{(\w+)\}', text)) - {'SAME', 'folder'} for text in (english, chinese)
        ]
        assert holes[0] == holes[1], english
        assert re.search('[\u4e00-\u9fff]', chinese)
        assert not re.search('[,;:?] *[\u4e00-\u9fff]|[\u4e00-\u9fff][,;:?]', chinese), chinese


def refused(**changes):
    asked = {'how': 'fast', 'photo': 'lake', 'styles': ['ink_wash'], 'shares': [], 'page': {}}
    with pytest.raises(InputError) as caught:
        make_order(**{**asked, **changes}, files={})
    return Words('zh').refusal(caught.value)


def test_what_a_page_says():
    assert refused(photo='') == '请选一张照片，或拖入自己的'
    assert refused(photo='lakes') == '没有名为“lakes”的图片；是不是“lake”？'
    assert refused(photo='me.png') == '没有名为“me.png”的图片；请重新拖入'
    assert refused(page={'shape': '10by'}).startswith('“尺寸”：“10by”不是尺寸')
    assert refused(page={'lr': '0.1,x'}) == '“学习率”：“x”不是数'
    assert refused(page={'seed': '-1'}) == '“随机种子”：给的是 -1，不能小于 0'
    with pytest.raises(InputError) as caught:
        check_weights([1, 2], 3)
    assert Words('zh').refusal(caught.value) == '3 种风格给了 2 个风格权重'
    with pytest.raises(InputError) as caught:
        check_regions(1, 0, 1)
    assert Words('en').refusal(caught.value) == str(caught.value)


@pytest.mark.parametrize(('ours', 'before'), [(False, '无法画出：'), (True, '程序出错：')])
def test_what_a_page_says_of_a_painting_that_failed(ours, before):
    page = views.told(
        Failed('--epochs leaves out every stage: there is nothing to do', ours), Words('zh')
    )
    assert f'{before}所有阶段的轮数都是 0：没有可画的' in page


def test_a_text_of_others_stays_as_it_is():
    for text in ('cannot read it: nobody knows why', 'MXNetError: out of memory'):
        assert Words('zh').refusal(text) == text
