"""The notebooks: both languages, what is handed out, what the pages say, what nbgrader makes."""

import ast
import base64
import json
import re
import shutil
import sys

import nbformat
import pytest
from student_notebooks import (
    ENGLISH,
    EXERCISES,
    MALFORMED,
    ROOT,
    SOLUTIONS,
    SOURCES,
    definitions,
    namespace,
)

from styletransfer.errors import InputError, printable
from styletransfer.exercises.grade import code_cells
from styletransfer.exercises.judge import PRELUDE
from styletransfer.exercises.release import (
    nbgrader_metadata,
    read_notebook,
    release,
    student_source,
)
from styletransfer.exercises.tasks import CHAPTERS, TASKS

FIRST, SECOND, *_ = ENGLISH


SPEAK = "\n\nstyletransfer.exercises.speak('zh')"


@pytest.mark.parametrize('path', ENGLISH, ids=lambda path: path.name)
def test_the_chinese_notebook_has_the_same_code_and_sets_its_language(path):
    english, chinese = code_cells(path), code_cells(path.with_suffix('.zh.md'))
    first = next(i for i, source in enumerate(english) if 'exercises import check' in source)
    english[first] += SPEAK
    assert english == chinese


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


def test_weight_effect_can_be_tried_on_the_real_network(capsys):
    """The cell below the check: its `run` has the keys that the task promises."""
    (cell,) = [source for source in code_cells(FIRST) if '\ndef run(recipe)' in source]
    names = namespace()
    exec(SOLUTIONS['weight_effect'], names)
    exec(cell.replace('num_epochs=40', 'num_epochs=2'), names)
    assert len(re.findall(r"'content'.*'style'.*'tv'", capsys.readouterr().out)) == 3


# --- figures ------------------------------------------------------------------------------------


FIGURES = sorted((EXERCISES / 'figures').glob('*.jpg'))


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.name)
def test_figures_are_inside_of_the_notebook(path):
    asked = re.findall(r'\(\.\./figures/(.+?)\)', path.read_text(encoding='utf-8'))
    notebook = nbformat.read(EXERCISES / path.with_suffix('.ipynb').name, as_version=4)
    cells = [cell for cell in notebook.cells if cell.get('attachments')]
    assert [name for cell in cells for name in cell.attachments] == asked
    for cell in cells:
        for name, data in cell.attachments.items():
            assert f'](attachment:{name})' in cell.source
            content = base64.b64decode(data['image/jpeg'])
            assert content == (EXERCISES / 'figures' / name).read_bytes()
    assert {figure.name for figure in FIGURES if figure.name[:2] == path.name[:2]} == set(asked)


def test_figures_are_small():
    assert len(FIGURES) == 6
    assert all(figure.stat().st_size < 150_000 for figure in FIGURES)


def test_a_figure_that_is_not_there_is_refused(tmp_path):
    source = tmp_path / 'a.md'
    source.write_text('# Title\n\n![a figure](nowhere.jpg)\n')
    with pytest.raises(InputError, match=re.escape("'nowhere.jpg', but there is no such file")):
        release(source, tmp_path / 'out')


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize('page', ['teaching.md', 'teaching.zh.md'])
def test_the_marking_scheme_is_the_one_that_marks(page):
    text = (EXERCISES.parent / page).read_text(encoding='utf-8')
    row = r'^\| (\d+), \d+ \| (`.+`) \| ([\d +]+) \|'
    scheme = {}
    for chapter, names, points in re.findall(row, text, re.MULTILINE):
        for name, each in zip(re.findall(r'`(\w+)`', names), points.split('+')):
            scheme[name] = int(chapter), int(each)
    assert scheme == {t.name: (n, t.points) for n, tasks in CHAPTERS.items() for t in tasks}
    by_machine = points_of(1, 2)  # the assignment's
    answer, *experiment = map(int, re.findall(r'^\| [^|`]+ \| (\d) \|', text, re.MULTILINE))
    by_hand = 3 * answer + sum(experiment)
    (said,) = re.findall(r'^(?:\d+ points: |共 \d+ 分).*', text, re.MULTILINE)
    numbers = [int(number) for number in re.findall(r'\d+', said)[:3]]
    assert numbers == [by_machine + by_hand, by_machine, by_hand]
    (said,) = re.findall(r'(?:another|另外) (\d+) (?:points|分)', text)
    assert int(said) == points_of(3, 4)


def points_of(*chapters):
    return sum(task.points for number in chapters for task in CHAPTERS[number])


@pytest.mark.parametrize('page', ['README.md', 'README.zh.md'])
def test_the_page_for_students_counts_right(page):
    text = (EXERCISES / page).read_text(encoding='utf-8')
    row = r'^\| `(\d\d)-.*?\| (\d+) \| (\d+) \|'
    rows_ = [tuple(map(int, found)) for found in re.findall(row, text, re.MULTILINE)]
    assert rows_ == [(n, len(tasks), points_of(n)) for n, tasks in CHAPTERS.items()]
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


REFUSALS = {
    **dict.fromkeys(('folder', 'pipe', 'endless'), 'not a regular file'),
    'dangling': 'no such file',
    'huge': 'has more than 20 MB',
}


@pytest.mark.parametrize('name', MALFORMED)
def test_what_is_no_notebook_is_refused_in_a_line(name, tmp_path):
    MALFORMED[name](tmp_path / f'{name}.ipynb')
    with pytest.raises(InputError, match=REFUSALS.get(name, 'is not a notebook')) as refusal:
        read_notebook(tmp_path / f'{name}.ipynb')
    assert f'{printable(name)}.ipynb' in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_an_older_notebook_is_read(tmp_path):
    old = {'nbformat': 3, 'nbformat_minor': 0, 'metadata': {'name': ''}}
    cell = {'cell_type': 'code', 'language': 'python', 'input': 'x = 1', 'outputs': []}
    old['worksheets'] = [{'metadata': {}, 'cells': [{**cell, 'collapsed': False}]}]
    (tmp_path / 'old.ipynb').write_text(json.dumps(old))
    assert code_cells(tmp_path / 'old.ipynb') == ['x = 1']


def test_a_teachers_markdown_needs_jupytext(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'jupytext', None)
    with pytest.raises(InputError, match='is read with jupytext: pip install jupytext'):
        read_notebook(FIRST)


# --- nbgrader -----------------------------------------------------------------------------------


@pytest.mark.filterwarnings('ignore')  # nbgrader's, of SQLAlchemy
def test_nbgrader_takes_the_notebooks_as_they_are(tmp_path, monkeypatch):
    """What nbgrader's commands do, in this process: release, autograde, read the scores."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    monkeypatch.setenv('PYTHONPATH', str(ROOT))  # for its kernel
    monkeypatch.delenv('NBGRADER_EXECUTION', raising=False)  # it sets it, and leaves it so
    source = release(SECOND, tmp_path / 'source' / 'style', solutions=True)
    seeded = re.sub(r"(check\('\w+', \w+)\)", r'\1, seed=7)', source.read_text(encoding='utf-8'))
    assert seeded.count('seed=7)') == len(CHAPTERS[2])
    source.write_text(seeded, encoding='utf-8')
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.Exchange.root = str(tmp_path / 'exchange')
    nbgrader = NbGraderAPI(config=config)

    assert nbgrader.generate_assignment('style', create=True)['success']
    handed_out = tmp_path / 'release' / 'style' / SECOND.with_suffix('.ipynb').name
    stubs = definitions(handed_out)
    assert not any('SOLUTION' in source for source in stubs.values())

    handed_in = tmp_path / 'submitted' / 'ada' / 'style' / handed_out.name
    shutil.copytree(tmp_path / 'source' / 'style', handed_in.parent)
    notebook = nbformat.read(handed_in, 4)
    for cell in notebook.cells:
        if cell.source == definitions(handed_in)['relative_error']:
            cell.source = stubs['relative_error']
    nbformat.write(notebook, handed_in)
    assert nbgrader.autograde('style', 'ada')['success']
    with nbgrader.gradebook as book:
        score = book.find_submission('style', 'ada').score
    assert score == points_of(2) - TASKS['relative_error'].points
