"""Every task: right answers pass, wrong ones get their hint; and classes are marked in one go."""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

nbformat = pytest.importorskip('nbformat')
pytest.importorskip('jupytext')
pytest.importorskip('jupyter_client')
pytest.importorskip('ipykernel')

from wrong_answers import WRONG  # noqa: E402

from styletransfer.errors import InputError  # noqa: E402
from styletransfer.exercises import Result, check  # noqa: E402
from styletransfer.exercises.__main__ import main  # noqa: E402
from styletransfer.exercises.grade import (  # noqa: E402
    PRELUDE,
    Limits,
    Marked,
    chapters_of,
    code_cells,
    grade,
    mark,
    report,
    rows,
    write_csv,
)
from styletransfer.exercises.release import (  # noqa: E402
    nbgrader_metadata,
    read_notebook,
    release,
    student_source,
)
from styletransfer.exercises.tasks import TASKS  # noqa: E402

ROOT = Path(__file__).parent.parent.parent
EXERCISES = ROOT / 'chapters' / 'exercises'
SOURCES = sorted((EXERCISES / 'solutions').glob('[0-9][0-9]-*.md'))
ENGLISH = [path for path in SOURCES if not path.name.endswith('.zh.md')]
FIRST = EXERCISES / 'solutions' / '01-neural-style.md'
IMPORTS = PRELUDE.replace('matplotlib.use', '# ')


def namespace():
    names = {'__name__': 'student'}
    exec(IMPORTS, names)
    return names


@pytest.fixture(scope='module')
def imported():
    return namespace()


def written(name, arguments, body, names):
    """Return a function as a student would write it."""
    lines = '\n'.join('    ' + line for line in body.strip('\n').splitlines())
    names = dict(names)
    exec(compile(f'def {name}({arguments}):\n{lines}\n', '<cell>', 'exec'), names)
    return names[name]


def definitions(path):
    """Return the source of each function of a task in a notebook."""
    found = {}
    for source in code_cells(path):
        match = re.search(r'^def (\w+)', source, re.MULTILINE)
        if match and match[1] in TASKS:
            found[match[1]] = source
    return found


SOLUTIONS = {n: source for path in ENGLISH for n, source in definitions(path).items()}


def test_every_task_is_set_solved_and_tested():
    assert set(SOLUTIONS) == set(TASKS) == set(WRONG)
    assert len(TASKS) >= 12
    hints = [m.hint for task in TASKS.values() for m in task.mistakes]
    assert len(set(hints)) >= 100


@pytest.mark.parametrize('name', TASKS)
def test_the_solution_is_right_however_the_data_fall(name, imported, capsys):
    names = dict(imported)
    exec(SOLUTIONS[name], names)
    for _ in range(10):
        result = check(name, names[name])
        assert result, result.hint
        assert result.points == result.out_of > 0
    assert capsys.readouterr().out == f'{name}: correct\n' * 10


@pytest.mark.parametrize(
    ('name', 'body', 'hint'),
    [(name, body, hint) for name, (_, answers) in WRONG.items() for body, hint in answers],
)
def test_a_typical_mistake_gets_its_own_hint(name, body, hint, imported, capsys):
    answer = written(name, WRONG[name][0], body, imported)
    for _ in range(5):
        result = check(name, answer)
        assert not result
        assert result.points == 0
        assert hint in result.hint
    assert capsys.readouterr().out.startswith(f'{name}: not yet - ')


@pytest.mark.parametrize('name', TASKS)
def test_hints_are_told_apart(name):
    parts = [hint for _, hint in WRONG[name][1]]
    for i, task_hint in enumerate(m.hint for m in TASKS[name].mistakes):
        assert any(part in task_hint for part in parts), f'mistake {i} is not tested'


@pytest.mark.parametrize('name', TASKS)
def test_the_stub_is_answered_kindly(name, imported):
    names = dict(imported)
    exec(student_source(SOLUTIONS[name]), names)
    result = check(name, names[name])
    assert not result
    assert 'still empty' in result.hint


@pytest.mark.parametrize('name', [n for n in TASKS if not TASKS[n].examine])
def test_an_answer_copied_from_one_case_is_wrong(name, imported, capsys):
    """The right result for one draw of the data is wrong for the next."""
    import numpy

    task = TASKS[name]
    once = task.solve(*task.cases(numpy.random.default_rng())[0])
    for _ in range(5):
        assert not check(name, lambda *arguments: once)
    capsys.readouterr()


def test_the_same_for_different_arguments_is_named(imported):
    np = imported['np']
    fixed = np.ones((4, 4))
    result = check('total_variation', lambda X: fixed.mean())
    assert 'same for different arguments' in result.hint


def test_what_was_given_must_not_be_changed(imported):
    body = SOLUTIONS['adam_step'].split('### BEGIN SOLUTION')[1].split('### END')[0]
    body = body.replace('m = 0.9 * m + 0.1 * g', 'm *= 0.9\n    m += 0.1 * g')
    answer = written('adam_step', WRONG['adam_step'][0], body.replace('\n    ', '\n'), imported)
    assert 'changes what it was given' in check('adam_step', answer).hint


@pytest.mark.parametrize(
    ('answer', 'hint'),
    [
        (None, "give your function too: check('gram', gram)"),
        (3, 'without brackets'),
        (lambda X: None, 'is the return missing?'),
        (lambda: 1, 'is called with 1 argument, but'),
        (lambda X: X[0, 0, 0, 0], 'array of shape'),
        (lambda X: 'G', 'it must return an array'),
        (lambda X: X, 'not of shape'),
        (lambda X: 1 / 0, 'your code raised ZeroDivisionError: division by zero (line'),
        (lambda X: sys.exit(1), 'your code raised SystemExit'),
        (lambda X: X.reshape(7, 7, 7, 7, 7, 7, 7, 7), 'your code raised'),
        (lambda X: unknown_name, 'NameError'),  # noqa: F821
    ],
)
def test_all_else_is_told_plainly(answer, hint, capsys):
    result = check('gram', answer)
    assert not result
    assert hint in result.hint
    out, err = capsys.readouterr()
    assert 'Traceback' not in out + err
    assert out.count('\n') == 1


def test_nan_is_named(imported):
    np = imported['np']
    answer = written(
        'gram', 'X', 'return np.zeros((X.shape[0], X.shape[1], X.shape[1])) / 0', imported
    )
    assert np is not None
    assert 'NaN' in check('gram', answer).hint


def test_the_packages_own_function_does_not_count():
    from styletransfer.losses import gram

    assert "the package's own" in check('gram', gram).hint


def test_an_unknown_task_names_the_nearest(capsys):
    assert not check('gramm', None)
    assert "there is no task 'gramm'; did you mean 'gram'?" in capsys.readouterr().out


def test_under_nbgrader_a_wrong_answer_raises(monkeypatch):
    monkeypatch.setenv('NBGRADER_EXECUTION', 'autograde')
    with pytest.raises(AssertionError, match='gram: not yet'):
        check('gram', lambda X: X)


def test_results_show_nothing_twice():
    assert str(Result('gram', False, 'no')) == 'gram: not yet - no'
    assert Result('gram', True)._ipython_display_() is None


def test_our_adam_is_mxnets(imported):
    np, gluon = imported['np'], imported['gluon']
    from styletransfer.exercises.tasks.neural_style import adam_step

    parameter = gluon.Parameter('x', shape=(3,))
    parameter.initialize(imported['init'].One())
    trainer = gluon.Trainer({'x': parameter}, 'adam', {'learning_rate': 0.1})
    x, m, v = np.ones(3), np.zeros(3), np.zeros(3)
    for t in range(1, 6):
        with imported['autograd'].record():
            l = (parameter.data() ** 2 * np.array([1.0, 5.0, -2.0])).sum()
        l.backward()
        g = parameter.grad().copy()
        trainer.step(1)
        x, m, v = adam_step(x, g, m, v, t, 0.1)
        assert abs(x - parameter.data()).max() < 1e-5


def test_a_known_receptive_field():
    from styletransfer.exercises.tasks.what_the_layers_see import receptive_field

    assert [receptive_field(n) for n in ('conv1_1', 'conv1_2', 'pool1', 'conv4_4', 'conv5_1')] == [
        3,
        5,
        6,
        116 - 0,
        156,
    ]


@pytest.mark.parametrize('answer', ['COLORS', 'SYMMETRIC'])
def test_either_root_of_the_covariance_will_do(answer, imported):
    import wrong_answers

    body = getattr(wrong_answers, answer)
    unbiased = body.replace('/ len(centred)', '/ (len(centred) - 1)')
    turned = body.replace('A = np.dot(root_c,', 'Q = np.eye(3)[[2, 0, 1]]\nA = np.dot(root_c @ Q,')
    for other in (body, unbiased, turned):
        function = written('match_colors', 'style, content', other, imported)
        assert all(check('match_colors', function) for _ in range(5))


def test_the_colours_may_come_as_numpys_array(imported):
    names = dict(imported)
    exec(SOLUTIONS['match_colors'], names)
    assert check(
        'match_colors', lambda style, content: names['match_colors'](style, content).asnumpy()
    )


def test_the_newest_step_is_what_its_change_leads_back_to(imported):
    """The secant condition, H y = s, holds for our direction -H g."""
    import numpy

    from styletransfer.exercises.tasks.the_original import TWO_LOOP, two_loop

    for _, steps, changes in TWO_LOOP.cases(numpy.random.default_rng())[:3]:
        assert abs(two_loop(changes[-1], steps, changes) + steps[-1]).max() < 1e-4


def test_our_guided_gram_is_that_of_the_region(imported):
    np, losses = imported['np'], imported['losses']
    from styletransfer.exercises.tasks.taking_control import GUIDED_GRAM

    X, half = np.random.normal(0, 1, (2, 3, 4, 6)), np.zeros((4, 6))
    half[:, :3] = 1
    for T, region in ((np.ones((4, 6)), X), (half, X[..., :3]), (half / 2, X[..., :3])):
        assert abs(GUIDED_GRAM.solve(X, T) - losses.gram(region)).max() < 1e-5


# --- the notebooks ------------------------------------------------------------------------------


@pytest.mark.parametrize('path', ENGLISH, ids=lambda path: path.name)
def test_the_chinese_notebook_has_the_same_code(path):
    assert code_cells(path) == code_cells(path.with_suffix('.zh.md'))


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.name)
def test_the_student_file_is_built_and_holds_no_solution(path, tmp_path):
    built = EXERCISES / path.with_suffix('.ipynb').name
    assert release(path, tmp_path).read_bytes() == built.read_bytes()
    text = built.read_text(encoding='utf-8')
    assert 'SOLUTION' not in text
    for name, source in definitions(path).items():
        inside = source.split('### BEGIN SOLUTION')[1].split('### END SOLUTION')[0]
        student = '\n'.join(code_cells(built))
        for line in (line.strip() for line in inside.splitlines()):
            if len(line) > 25:
                assert line not in student, f'{name}: {line}'
        assert f"check('{name}', {name})" in student
        assert 'raise NotImplementedError' in definitions(built)[name]


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.name)
def test_points_and_names_of_the_cells(path):
    notebook = nbformat.read(EXERCISES / path.with_suffix('.ipynb').name, as_version=4)
    nbformat.validate(notebook)
    notes = [cell.metadata.get('nbgrader', {}) for cell in notebook.cells]
    points = {n.grade_id: n.points for n in notes if n.get('grade')}
    names = list(definitions(path))
    assert points == {f'check-{name}': TASKS[name].points for name in names}
    assert [n.grade_id for n in notes if n.get('solution')] == names
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert not any(cell.get('outputs') for cell in notebook.cells)


@pytest.mark.parametrize('page', ['teaching.md', 'teaching.zh.md'])
def test_the_marking_scheme_is_the_one_that_marks(page):
    text = (EXERCISES.parent / page).read_text(encoding='utf-8')
    row = r'^\| (\d), \d+ \| (`.+`) \| ([\d +]+) \|'
    scheme = {}
    for chapter, names, points in re.findall(row, text, re.MULTILINE):
        for name, each in zip(re.findall(r'`(\w+)`', names), points.split('+')):
            scheme[name] = int(chapter), int(each)
    assert scheme == {name: (task.chapter, task.points) for name, task in TASKS.items()}
    by_machine = points_of(1, 2)  # the assignment's
    answer, *experiment = map(int, re.findall(r'^\| [^|`]+ \| (\d) \|', text, re.MULTILINE))
    by_hand = 3 * answer + sum(experiment)
    (said,) = re.findall(r'^(?:50 points|共 50 分).*', text, re.MULTILINE)
    numbers = [int(number) for number in re.findall(r'\d+', said)]
    assert numbers == [by_machine + by_hand, by_machine, by_hand]
    (said,) = re.findall(r'(?:another|另外) (\d+) (?:points|分)', text)
    assert int(said) == points_of(3, 4)


def points_of(*chapters):
    return sum(task.points for task in TASKS.values() if task.chapter in chapters)


@pytest.mark.parametrize('page', ['README.md', 'README.zh.md'])
def test_the_page_for_students_counts_right(page):
    text = (EXERCISES / page).read_text(encoding='utf-8')
    row = r'^\| `0(\d)-.*?\| (\d+) \| (\d+) \|'
    rows_ = [tuple(map(int, found)) for found in re.findall(row, text, re.MULTILINE)]
    chapters = sorted({task.chapter for task in TASKS.values()})
    counts = {n: sum(task.chapter == n for task in TASKS.values()) for n in chapters}
    assert rows_ == [(n, counts[n], points_of(n)) for n in chapters]
    assert re.search(rf'\b{len(TASKS)} (?:tasks|道题)', text)


@pytest.mark.parametrize('path', ENGLISH, ids=lambda path: path.name)
def test_the_prelude_imports_what_the_notebooks_import(path):
    prelude = {ast.dump(node) for node in imports(PRELUDE)}
    for source in code_cells(path):
        if 'import styletransfer ' in source:
            assert {ast.dump(node) for node in imports(source)} <= prelude
            return
    pytest.fail('no cell imports the package')


def imports(source):
    """Yield one import statement for each name that is imported."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module != 'styletransfer.exercises':
            for alias in node.names:
                yield ast.ImportFrom(node.module, [alias], node.level)
        if isinstance(node, ast.Import):
            yield node


@pytest.mark.parametrize(
    'source',
    ['### END SOLUTION', '### BEGIN SOLUTION', '### BEGIN SOLUTION\n### BEGIN SOLUTION'],
)
def test_marks_that_do_not_pair_are_refused(source):
    with pytest.raises(InputError, match='SOLUTION'):
        student_source(source)


def test_a_check_of_no_task_is_refused():
    with pytest.raises(InputError, match="'grm'"):
        nbgrader_metadata("check('grm', grm)")


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [('a.ipynb', '{', 'not a notebook'), ('b.ipynb', None, 'no such file')],
)
def test_what_is_no_notebook_is_refused(name, text, message, tmp_path):
    if text:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_notebook(tmp_path / name)


# --- marking ------------------------------------------------------------------------------------

QUICK = Limits(cell=20, check=4, notebook=300)
FEW = ('standardise', 'gram', 'total_variation', 'lr_at')


def submission(path, edits=None, names=FEW):
    """Write a solved notebook of a few tasks, some of its cells edited, and return it."""
    edits = edits or {}
    first = IMPORTS + 'from styletransfer.exercises import check'
    cells = [nbformat.v4.new_code_cell(first)]
    for name in names:
        cells.append(nbformat.v4.new_code_cell(edits.get(name, SOLUTIONS[name])))
        cells.append(nbformat.v4.new_code_cell(f"check('{name}', {name})"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    path.parent.mkdir(exist_ok=True, parents=True)
    nbformat.write(notebook, str(path))
    return notebook


def points(class_):
    head, *body = rows(class_)
    return {row[0]: dict(zip(head[1:], row[1:])) for row in body}


@pytest.fixture(scope='module')
def marked(tmp_path_factory):
    folder = tmp_path_factory.mktemp('class')
    submission(folder / 'right.ipynb')
    stubs = {name: student_source(source) for name, source in SOLUTIONS.items()}
    submission(folder / 'empty.ipynb', stubs)
    loop = 'def gram(X):\n    while True:\n        pass'
    submission(
        folder / 'crash.ipynb',
        {'gram': 'import os\ndef gram(X):\n    os._exit(1)', 'lr_at': 'X ='},
    )
    submission(folder / 'loop.ipynb', {'gram': loop, 'standardise': 'def standardise(img): 1 / 0'})
    ended = 'import os\nos._exit(0)'
    submission(folder / 'ada' / 'one.ipynb', {'lr_at': ended}, FEW[2:])
    submission(folder / 'ada' / 'two.ipynb', {}, FEW[:2])
    greedy = 'import numpy\ndef gram(X):\n    return numpy.ones((10**6, 10**6))'
    notebook = submission(folder / 'edited.ipynb', {'gram': greedy})
    cells = [cell for cell in notebook.cells if 'import styletransfer' not in cell.source]
    for cell in cells:
        if cell.source.startswith("check('total"):
            cell.source = "check = print\nprint('total_variation: correct')"
    cells = cells[::-1] + cells[:2]  # without the first cell, backwards, and some of it twice
    copied = {**notebook, 'cells': cells}  # with two cells of one id, as copies have
    (folder / 'edited.ipynb').write_text(json.dumps(copied))
    (folder / 'broken.ipynb').write_text('{"cells": ')
    (folder / '.ipynb_checkpoints').mkdir()
    submission(folder / '.ipynb_checkpoints' / 'right-checkpoint.ipynb')
    return folder, grade([folder], QUICK)


def test_every_student_has_a_row(marked):
    _, class_ = marked
    names = ['ada', 'broken', 'crash', 'edited', 'empty', 'loop', 'right']
    assert [one.student for one in class_] == names


def test_an_accident_costs_its_own_task_only(marked):
    table = points(marked[1])
    full = {name: TASKS[name].points for name in FEW}

    def earned(student):
        return {name: table[student][name] for name in FEW}

    assert earned('right') == full
    assert earned('empty') == dict.fromkeys(FEW, 0)
    assert earned('crash') == {**full, 'gram': 0, 'lr_at': 0}
    assert earned('loop') == {**full, 'gram': 0, 'standardise': 0}
    assert earned('ada') == {**full, 'lr_at': 0}
    assert earned('edited') == {**full, 'gram': 0}
    assert earned('broken') == dict.fromkeys(FEW, 0)


def test_a_variable_called_like_a_task_of_another_chapter_is_none():
    cells = ['def guided_gram(X, T):\n    gram = 1', "check('guided_gram', guided_gram)"]
    assert chapters_of(cells) == {4}
    assert chapters_of(['gram = 1', *cells, "check('gram', gram)"]) == {1, 4}
    assert chapters_of(['lr_at = 1']) == {1}
    assert chapters_of(['x = 1']) == set()


def test_exit_ends_its_own_cell_and_no_later_one():
    # Jupyter's exit() lets the cell go on, and stops the kernel while a later one runs
    calls = ['def gram(X):\n    exit()', 'gram(1)', 'quit()', 'import time\ntime.sleep(1)']
    marked = mark([IMPORTS, *calls, SOLUTIONS['lr_at']], ['gram', 'lr_at'], QUICK)
    assert marked.notes == []
    assert marked.results['lr_at']
    assert not marked.results['gram']
    assert 'SystemExit' in marked.results['gram'].hint


def test_the_report_says_what_happened(marked):
    reports = {one.student: report(one) for one in marked[1]}
    assert 'ended Python' in reports['crash']
    assert 'ran longer than 4 seconds' in reports['loop']
    assert 'ZeroDivisionError' in reports['loop']
    assert 'MemoryError' in reports['edited'] or 'ended Python' in reports['edited']
    assert 'still empty' in reports['empty']
    assert 'is not a notebook' in reports['broken']
    assert 'there is no function undo' in reports['right']


def test_the_table_can_be_read_by_spreadsheets(marked, tmp_path):
    write_csv(tmp_path / 'grades.csv', marked[1])
    with open(tmp_path / 'grades.csv', encoding='utf-8-sig', newline='') as file:
        table = list(csv.DictReader(file))
    assert [row['student'] for row in table] == [one.student for one in marked[1]]
    right = next(row for row in table if row['student'] == 'right')
    assert int(right['points']) == sum(TASKS[name].points for name in FEW)


def test_commands(tmp_path, capsys):
    assert main(['release', str(FIRST), '--output', str(tmp_path)]) == 0
    assert (tmp_path / '01-neural-style.ipynb').exists()
    submission(tmp_path / 'class' / 'ada.ipynb', names=('lr_at',))
    files = ['--csv', str(tmp_path / 'g.csv'), '--reports', str(tmp_path / 'reports')]
    assert main(['grade', str(tmp_path / 'class'), *files]) == 0
    assert (tmp_path / 'g.csv').exists()
    assert '| lr_at | 1 of 1 | correct |' in (tmp_path / 'reports' / 'ada.md').read_text()
    assert 'ada' in capsys.readouterr().out


def test_an_interrupted_grading_keeps_who_was_done(tmp_path, monkeypatch, capsys):
    students = ['ada', 'bob', 'cai', 'dan', 'eve']
    for name in students:
        submission(tmp_path / 'class' / f'{name}.ipynb', names=('lr_at',))
    table, begun = tmp_path / 'grades.csv', []

    def slowly(student, path, limits):
        begun.append(student)
        if student == 'bob':  # Ctrl-C, when Ada's row is there, or in ten seconds
            wait_for(table)
            raise KeyboardInterrupt
        time.sleep(0.2 if student == 'ada' else 1)
        return Marked(student, {'lr_at': Result('lr_at', True, '', 1, 1)})

    monkeypatch.setattr('styletransfer.exercises.grade.mark_file', slowly)
    files = ['--csv', str(table), '--reports', str(tmp_path / 'reports')]
    assert main(['grade', str(tmp_path / 'class'), *files]) == 130
    with open(table, encoding='utf-8-sig', newline='') as file:
        assert [(row['student'], row['points']) for row in csv.DictReader(file)] == [('ada', '1')]
    assert [path.name for path in (tmp_path / 'reports').iterdir()] == ['ada.md']
    assert 'eve' not in begun


def wait_for(path, seconds=10):
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)  # for the report, which comes next


def test_a_student_with_two_notebooks_is_kept_when_both_are_marked(tmp_path, monkeypatch):
    for name in ('ada/one', 'ada/two', 'bob'):
        submission(tmp_path / f'{name}.ipynb', names=('lr_at',))
    earned = {'one.ipynb': ('gram', 3), 'two.ipynb': ('lr_at', 1), 'bob.ipynb': ('gram', 3)}

    def at_once(student, path, limits):
        name, points = earned[path.name]
        return Marked(student, {name: Result(name, True, '', points, points)}, [path.name])

    monkeypatch.setattr('styletransfer.exercises.grade.mark_file', at_once)
    kept = []
    class_ = grade([tmp_path], on_student=kept.append)
    assert sorted(len(done) for done in kept) == [1, 2]
    assert points(kept[-1]) == points(class_)
    assert points(class_)['ada']['points'] == 4
    assert [one.notes for one in class_] == [['one.ipynb', 'two.ipynb'], ['bob.ipynb']]


def test_a_table_that_cannot_be_written_stops_no_marking(tmp_path, monkeypatch, capsys):
    for name in ('ada', 'bob'):
        submission(tmp_path / 'class' / f'{name}.ipynb', names=('lr_at',))
    (tmp_path / 'grades.csv').mkdir()  # nothing can take its place
    monkeypatch.setattr(
        'styletransfer.exercises.grade.mark_file',
        lambda student, path, limits: Marked(student),
    )
    arguments = ['grade', str(tmp_path / 'class'), '--csv', str(tmp_path / 'grades.csv')]
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert 'ada' in out
    assert 'bob' in out
    assert 'trying again after the next student' in err


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['grad', '.'], "did you mean 'grade'?"),
        (['grade', 'nowhere'], 'no such file or folder'),
        (['release', 'nothing.md', '--output', 'x'], 'no such file'),
        (['grade', '.', '--jobs', '0'], 'at least 1'),
    ],
)
def test_a_users_mistake_is_one_line(argv, message, capsys):
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count('\n') == 1


def test_a_folder_without_notebooks_is_refused(tmp_path, capsys):
    assert main(['grade', str(tmp_path)]) == 2
    assert 'no notebooks' in capsys.readouterr().err


@pytest.mark.parametrize('path', ENGLISH, ids=lambda path: path.name)
def test_solved_notebooks_earn_everything_and_empty_ones_nothing(path, tmp_path):
    name = path.with_suffix('.ipynb').name
    shutil.copy(release(path, tmp_path / 'teacher', solutions=True), tmp_path / 'solved.ipynb')
    shutil.copy(EXERCISES / name, tmp_path / 'stubs.ipynb')
    table = points(grade([tmp_path / 'solved.ipynb', tmp_path / 'stubs.ipynb']))
    assert table['solved']['points'] == table['solved']['out_of'] > 0
    assert table['stubs']['points'] == 0


def test_nbgrader_takes_the_notebooks_as_they_are(tmp_path):
    pytest.importorskip('nbgrader')
    release(FIRST, tmp_path / 'source' / 'style', solutions=True)
    (tmp_path / 'nbgrader_config.py').write_text('c = get_config()\n')
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'PATH': path}

    def nbgrader(*arguments):
        subprocess.run(
            [sys.executable, '-m', 'nbgrader', *arguments],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
        )

    nbgrader('generate_assignment', 'style', '--create')
    handed_out = nbformat.read(tmp_path / 'release' / 'style' / '01-neural-style.ipynb', 4)
    assert not any('SOLUTION' in cell.source for cell in handed_out.cells)
    for student, source in (('solved', 'source'), ('empty', 'release')):
        folder = tmp_path / 'submitted' / student / 'style'
        folder.mkdir(parents=True)
        shutil.copy(tmp_path / source / 'style' / '01-neural-style.ipynb', folder)
    nbgrader('autograde', 'style')
    nbgrader('export')
    with open(tmp_path / 'grades.csv', newline='') as file:
        scores = {row['student_id']: float(row['score']) for row in csv.DictReader(file)}
    assert scores == {
        'solved': sum(t.points for t in TASKS.values() if t.chapter == 1),
        'empty': 0,
    }
