"""Checks and reports in Chinese: nothing is missing, stale, or lost on the way."""

import ast
import re
import string
from pathlib import Path

import numpy
import pytest
from mxnet import np
from student_notebooks import EXERCISES, english_left

from styletransfer import exercises, losses
from styletransfer.errors import InputError
from styletransfer.exercises import Result, check, language, speak
from styletransfer.exercises.chinese import CHINESE, TABLES
from styletransfer.exercises.language import translated
from styletransfer.exercises.marks import Marked, failed, report
from styletransfer.exercises.task import describe, difference
from styletransfer.exercises.tasks import TASKS
from styletransfer.translation import LONGEST

HAN = '\u4e00-\u9fff'
PACKAGE = Path(exercises.__file__).parent
SPEAKING = ['checks.py', 'calling.py', 'values.py', 'task.py', 'wire.py', 'judge.py']
SPEAKING += ['marks.py', 'grade.py', 'release.py']
# what the grader and the author of a task are told, and what only builds code or a table
OURS = {
    *('no data for {} tell {}', 'what is right from: {}', 'from each other: {} / {}'),
    *("cannot grade '{}': no such file or folder", 'no notebooks (.ipynb) found in {}'),
    *("'{}' is read with {}: pip install {}", "a cell checks '{}', but there is no such task"),
    *("a cell has '{}' where the other mark should be", "a cell has no '{}'"),
    *('{} with notes: see the reports', 'a {} cannot be sent to a student: say in wire how'),
    "a cell shows '{}', but there is no such file",
}


@pytest.fixture(autouse=True)
def english_afterwards(monkeypatch):
    monkeypatch.setattr(language, '_spoken', 'en')


def chinese(text):
    return translated(text, 'zh')


def placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


# --- the table ----------------------------------------------------------------------------------


def test_each_text_is_translated_once():
    assert sum(map(len, TABLES.values())) == len(CHINESE)


def test_a_translation_is_chinese_and_keeps_all_placeholders():
    for english, text in CHINESE.items():
        assert placeholders(text) == placeholders(english)
        assert text != english
        assert not english_left(text), text
        assert not re.search(f'[,;:?] *[{HAN}]|[{HAN}][,;:?]', text), f'a Latin mark: {text}'


@pytest.mark.parametrize('name', TASKS)
def test_every_hint_of_a_task_is_translated(name):
    missing = {mistake.hint for mistake in TASKS[name].mistakes} - set(CHINESE)
    assert not missing


def texts(path):
    """Yield what a module returns, yields or raises as words, with {} for what it puts in."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, (ast.Return, ast.Yield, ast.Raise)):
            yield from literals(node)


def literals(node):
    if isinstance(node, ast.JoinedStr):
        yield ''.join('{}' if isinstance(v, ast.FormattedValue) else v.value for v in node.values)
    elif isinstance(node, ast.Constant):
        yield node.value if isinstance(node.value, str) else ''
    elif not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from literals(child)


@pytest.mark.parametrize(
    'path',
    [*sorted(PACKAGE.glob('tasks/*.py')), *(PACKAGE / name for name in SPEAKING)],
    ids=lambda path: path.name,
)
def test_what_the_code_says_otherwise_is_translated(path):
    for text in texts(path):
        if re.search('[a-z] [a-z]', text) and text not in OURS:
            english = text.replace('{}', '7')
            assert chinese(english) != english
            assert not english_left(chinese(english)), text


def test_nothing_is_translated_that_nobody_says():
    said = {mistake.hint for task in TASKS.values() for mistake in task.mistakes}
    trees = [ast.parse(path.read_text(encoding='utf-8')) for path in PACKAGE.glob('*.py')]
    trees += [ast.parse(path.read_text(encoding='utf-8')) for path in PACKAGE.glob('tasks/*.py')]
    trees.append(ast.parse((PACKAGE.parent / 'errors.py').read_text(encoding='utf-8')))
    parts = ' '.join(
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    for english in set(CHINESE) - said:
        for literal, *_ in string.Formatter().parse(english):
            assert literal in parts, english


# --- finding the entry of a text ----------------------------------------------------------------


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('gram: correct', 'gram：正确'),
        (
            'gram: not yet - it returned nothing (None): is the return missing? [seed 7]',
            'gram：还不对——什么也没有返回（None）：是不是缺少 return？ [seed 7]',
        ),
        # longer entries come first: this is not '{name}' with a hint that ends in '[seed 7]'
        ('gram: not yet - nobody says this [seed 7]', 'gram：还不对——nobody says this [seed 7]'),
        # what a student's code says is left alone, though 'a {kind}' is in the table
        ('your code raised a b (line 3: a = b)', '你的代码引发了 a b（第 3 行：a = b）'),
        ('your code raised a b', '你的代码引发了 a b'),
        (
            '2 of 6 weights and biases are frozen, 4 are not: freeze all of them',
            '6 个权重和偏置中有 2 个已冻结，4 个没有：全部都要冻结',
        ),
        ('nobody says this', 'nobody says this'),
    ],
)
def test_the_entry_with_the_most_words_is_taken(text, expected):
    assert chinese(text) == expected
    assert translated(text, 'en') == text


def test_a_text_without_end_is_left_as_it_is():
    text = 'it returned 1' + ' where 1' * LONGEST + ' is right'
    assert chinese(text) == text


def test_texts_within_texts_are_found_as_deep_as_they_go():
    depth = (LONGEST - len('an array')) // len("'a': ")
    assert chinese("'a': " * depth + 'an array') == "'a'：" * depth + '数组'


@pytest.mark.parametrize(
    ('got', 'want', 'expected'),
    [
        ('G', 1.5, "应当返回一个数，现在返回的是：str 'G'"),
        ('', numpy.ones(2), '应当返回数组，现在返回的是：空的 str'),
        ([1, 'x'], numpy.ones(2), '应当返回数组，现在返回的是：含 2 项的 list'),
        (numpy.ones(2), 1.5, '应当返回一个数，形状为 ()，现在的形状是 (2,)'),
        (1.5, numpy.ones(2), '应当返回形状为 (2,) 的数组，现在的形状是 ()'),
        (3.0, 1.5, '数不对：返回了 3，应当是 1.5'),
        (numpy.zeros(2), numpy.ones(2), '形状对了，数不对：最多相差 1'),
        (float('nan'), 1.5, '返回了 NaN，它不是数：是不是除以了 0？'),
        (numpy.ones(2), True, '应当返回 True 或 False，现在返回的是：形状为 (2,) 的数组'),
        (False, True, '返回了 False，应当是 True'),
        (
            {'a': 1},
            {'a': 1, 'b': 2},
            "应当返回键为 'a', 'b' 的字典，现在返回的是：键为 'a' 的字典",
        ),
        ({}, {'a': 1}, "应当返回键为 'a' 的字典，现在返回的是：一个 dict"),
        (3, {'a': 1}, "应当返回键为 'a' 的字典，现在返回的是：int '3'"),
        ({'a': 2}, {'a': 1}, "'a'：数不对：返回了 2，应当是 1"),
        (None, [1, 2], '应当返回 2 样东西，放在列表或元组里，现在返回的是：一个 NoneType'),
        ([1], [1, 2], '应当返回 2 样东西，现在有 1 样'),
        ([1, [2, 4]], [1, [2, 3]], '第 1 项：第 1 项：数不对：返回了 4，应当是 3'),
        (7, 'sound', "应当返回 str，现在返回的是：int '7'"),
        ('not sound', 'sound', "返回了 'not sound'，在这里不对"),
    ],
)
def test_a_difference_is_told_in_chinese(got, want, expected):
    assert chinese(difference(got, want)) == expected


def test_what_is_given_instead_of_a_function_is_told_in_chinese():
    values = numpy.ones((2, 3)), np.ones(3), [], '', len
    said = '形状为 (2, 3) 的数组', '形状为 (3,) 的数组', '含 0 项的 list', '空的 str'
    assert tuple(chinese(describe(value)) for value in values[:4]) == said
    assert chinese(describe(len)) == '一个 builtin_function_or_method'


# --- what students see --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        (losses.gram, 'gram：还不对——这是软件包自己的函数：请先写你自己的，再比较两者'),
        (None, "gram：还不对——还要给出你的函数：check('gram', gram)"),
        (3, "check 需要函数本身，不带括号：check('gram', gram)；现在给的是：int '3'"),
        (lambda: 1, '调用你的函数时给出 1 个参数，而它的定义是 <lambda>()：第一行请保持原样'),
        (lambda X, Y: 1, '而它的定义是 <lambda>(X, Y)：'),
        (lambda X: 1 / 0, '你的代码引发了 ZeroDivisionError: division by zero（第 '),
        (lambda X: X / X.shape[1], ' 的数组，现在的形状是 ('),
        (lambda X: losses.gram(X)[0], '这只是第一幅图像的矩阵：结果应当是 (n, c, c) [seed 7]'),
    ],
)
def test_checks_answer_in_the_language_that_was_set(answer, expected, capsys):
    english = check('gram', answer, 7)
    assert f'gram: not yet - {english.hint}' in capsys.readouterr().out
    speak('zh')
    result = check('gram', answer, 7)
    assert expected in capsys.readouterr().out
    assert expected in str(result)
    assert result.hint == english.hint  # what marks are compared by


def test_right_empty_and_unknown_are_told_in_chinese(capsys):
    def gram(X):
        raise NotImplementedError

    speak('zh')
    check('gram', gram)
    check('gramm', gram)
    check('gram', lambda X: np.matmul(*[X.reshape(len(X), -1)] * 2), 7)
    assert str(Result('gram', True)) == 'gram：正确'
    empty, unknown, crash = capsys.readouterr().out.splitlines()
    assert empty == "gram：还不对——还是空的：把 'raise NotImplementedError' 换成你的代码"
    assert unknown == "gramm：还不对——没有名为 'gramm' 的题；是不是 'gram'？"
    assert crash.startswith('gram：还不对——你的代码引发了 ')


def test_under_nbgrader_the_failure_is_chinese_too(monkeypatch):
    monkeypatch.setenv('NBGRADER_EXECUTION', 'autograde')
    speak('zh')
    with pytest.raises(AssertionError, match='gram：还不对'):
        check('gram', lambda X: X, seed=1)


def test_a_language_without_a_table_is_refused():
    with pytest.raises(InputError, match="no language 'fr'; known: en, zh"):
        speak('fr')
    assert str(Result('gram', True)) == 'gram: correct'


@pytest.mark.parametrize(('page', 'lang'), [('README.md', 'en'), ('README.zh.md', 'zh')])
def test_the_page_shows_what_check_says(page, lang):
    hint = 'divided by h * w only: the number of channels belongs there too'
    line = translated(str(Result('gram', False, hint, 0, 3, 41903)), lang)
    assert f'\n{line}\n' in (EXERCISES / page).read_text(encoding='utf-8')


# --- reports ------------------------------------------------------------------------------------


def test_a_report_in_chinese():
    results = {
        'gram': Result('gram', True, '', 3, 3, 7),
        'lr_at': failed('lr_at', 'this grows: multiply by lr_decay', 7),
        'undo': failed('undo', 'ran longer than 30 seconds: does a loop never end?'),
        'freeze': failed('freeze', 'your code raised ValueError: | (line 2)'),
    }
    notes = [
        'code cell 3 ran longer than 30 seconds: left out',
        'code cell 4 ended Python: left out',
    ]
    assert report(Marked('安', results, notes), 'zh').splitlines() == [
        '# 安：3 分，满分 6 分',
        '',
        '| 题目 | 得分 | |',
        '|---|---|---|',
        '| undo | 0 / 2 | 还不对——运行超过了 30 秒：是不是有一个永不结束的循环？ |',
        '| gram | 3 / 3 | 正确 |',
        '| freeze | 0 / 0 | 还不对——你的代码引发了 ValueError: \\|（第 2 行） |',
        '| lr_at | 0 / 1 | 还不对——这里是在增大：应当乘以 lr_decay |',
        '',
        '- 第 3 个代码单元运行超过了 30 秒：已略去',
        '- 第 4 个代码单元结束了 Python：已略去',
        '',
        '`check(name, function, seed=7)` 会再用同样的数据试一次。',
    ]


@pytest.mark.parametrize(
    ('note', 'expected'),
    [
        (
            "cannot read notebook 'a.ipynb': not a regular file",
            "无法读取笔记本 'a.ipynb'：不是普通文件",
        ),
        ("'a.ipynb' has more than 20 MB: clear its outputs", "'a.ipynb' 超过 20 MB：请清除输出"),
        ("'a.ipynb' is not a notebook (KeyError)", "'a.ipynb' 不是笔记本（KeyError）"),
        ('stopped: 600 seconds were not enough', '已停止：600 秒不够'),
        ('a.ipynb holds no function of any task', 'a.ipynb 里没有任何一道题的函数'),
    ],
)
def test_notes_in_chinese(note, expected):
    assert chinese(note) == expected
