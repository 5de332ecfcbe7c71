"""The chapters: sources and notebooks agree, the editions agree, page and package agree."""

import ast
import importlib.util
import re
import shutil
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKERS = {'same_shape'}  # functions of the package that only raise

# what chapter 1 builds: each must stand on a page in a cell tagged `package`
BUILT = {
    'show', 'preprocess', 'postprocess', 'extract_features', 'get_contents', 'get_styles',
    'content_loss', 'gram', 'style_loss', 'tv_loss', 'compute_loss', 'objective',
    'objectives', 'named',
    'GeneratedImage', 'get_inits', 'train', 'coarse_to_fine',
}  # fmt: skip


def load_build():
    spec = importlib.util.spec_from_file_location('build', ROOT / 'chapters' / 'build.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules['build'] = module  # dataclasses and the like look a module up by its name
    spec.loader.exec_module(module)
    return module


build = load_build()
SOURCES = build.chapters([])


@pytest.fixture(params=SOURCES, ids=lambda source: source.stem)
def source(request):
    return request.param


# --- page and package -----------------------------------------------------------------------


def is_argument_check(statement):
    """Whether a statement only refuses arguments: `if ...: raise ...`, or a call to a checker."""
    if isinstance(statement, ast.If):
        return not statement.orelse and all(isinstance(s, ast.Raise) for s in statement.body)
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and getattr(statement.value.func, 'id', None) in CHECKERS
    )


class Bare(ast.NodeTransformer):
    """Takes away what a page may leave out: docstrings, annotations and argument checks."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = None
        self.strip_body(node)
        node.body = [s for s in node.body if not is_argument_check(s)]
        return node

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        self.strip_body(node)
        return node

    def visit_arg(self, node):
        node.annotation = None
        return node

    def strip_body(self, node):
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]


def definitions(code):
    """Yield name and bare syntax tree of each function, class and constant of a module or cell."""
    for statement in ast.parse(code).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            name = statement.name
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
        else:
            continue
        yield name, ast.dump(Bare().visit(statement))


@lru_cache(maxsize=None)
def package_definitions():
    found = {}
    for path in sorted((ROOT / 'styletransfer').rglob('*.py')):
        for name, tree in definitions(path.read_text(encoding='utf-8')):
            found.setdefault(name, set()).add(tree)
    return found


def without_magics(code):
    """Return a cell's code with the lines that only IPython understands made harmless."""
    return re.sub(r'^(\s*)[%!].*', r'\1pass', code, flags=re.MULTILINE)


def cells(source, tagged):
    for code, tags in build.code_of(build.read_source(source)):
        if ('package' in tags) == tagged:
            yield without_magics(code)


def disagreements(codes, package):
    """Yield the name of each definition in cells that the package has otherwise."""
    for code in codes:
        for name, tree in definitions(code):
            if name in package and tree not in package[name]:
                yield name


def test_page_and_package_agree(source):
    assert list(disagreements(cells(source, tagged=True), package_definitions())) == []


def test_a_function_of_the_package_is_built_in_a_marked_cell_only(source):
    package = package_definitions()
    built = {
        node.name
        for code in cells(source, tagged=False)
        for node in ast.parse(code).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    assert sorted(name for name in built if name in BUILT and name in package) == []


def test_every_function_of_the_first_chapter_is_marked():
    (first,) = build.chapters(['01'])
    marked = {name for code in cells(first, tagged=True) for name, _ in definitions(code)}
    assert BUILT - marked == set()
    assert BUILT - set(package_definitions()) == set()


ORIGINAL = '''
def gram(X: np.ndarray, scale: float = 1) -> np.ndarray:
    """Return the Gram matrix."""
    if X.ndim != 4:
        raise InputError('four axes')
    same_shape(X, X)
    n, c, h, w = X.shape
    if scale:
        return 1
    return X / (c * h * w)
'''
ON_PAGE = """
def gram(X, scale=1):
    n, c, h, w = X.shape
    if scale:
        return 1
    return X / (c * h * w)
"""


@pytest.mark.parametrize(
    ('page', 'agrees'),
    [
        (ON_PAGE, True),
        (ON_PAGE.replace('/ (c * h * w)', '/ (h * w)'), False),
        (ON_PAGE.replace('scale=1', 'scale=2'), False),
        (ON_PAGE.replace('n, c, h, w =', 'n, c, w, h ='), False),
        (ON_PAGE.replace('    if scale:\n        return 1\n', ''), False),
    ],
)
def test_the_comparison_can_fail(page, agrees):
    package = {name: {tree} for name, tree in definitions(ORIGINAL)}
    assert (list(disagreements([page], package)) == []) == agrees


# --- sources, notebooks, editions -----------------------------------------------------------


def test_notebooks_agree_with_their_sources(source):
    assert build.problems(source) == {}


CHAPTER = """---
jupyter:
  kernelspec: {display_name: Python 3, language: python, name: python3}
  quick: number = 2
---

# Title

```python tags=["parameters"]
number = 40
```

```python
print(number + 2)
```
"""


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """The folder of a chapter of its own, built."""
    folder = tmp_path_factory.mktemp('chapters')
    source = folder / '01-small.md'
    source.write_text(CHAPTER, encoding='utf-8')
    build.twin(source).write_text(CHAPTER.replace('Title', '标题'), encoding='utf-8')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, 'FOLDER', folder)
        assert build.main([]) == 0
    return folder


@pytest.fixture
def chapter(built, tmp_path, monkeypatch):
    """A copy of it, for one test."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(build, 'FOLDER', tmp_path)
    return tmp_path / '01-small.md'


def test_a_chapter_is_built_with_outputs_in_both_editions(chapter):
    for edition in (chapter, build.twin(chapter)):
        notebook = build.nbformat.read(build.built(edition), as_version=4)
        assert notebook.cells[-1].outputs[0].text == '42\n'
    assert '标题' in notebook.cells[0].source


def test_a_rebuild_gives_the_same_bytes(chapter):
    before = build.built(chapter).read_bytes()
    assert build.main([]) == 0
    assert build.built(chapter).read_bytes() == before


def test_quick_mode_replaces_parameters_and_writes_nothing(chapter, kernel):
    before = build.built(chapter).read_bytes()
    ran = build.execute(build.quick_version(build.read_source(chapter)), kernel)
    assert ran.cells[-1].outputs[0].text == '4\n'
    assert build.main(['--quick']) == 0  # the same in a kernel of its own
    assert build.built(chapter).read_bytes() == before


def edit(path, before, after):
    text = path.read_text(encoding='utf-8')
    assert before in text
    path.write_text(text.replace(before, after), encoding='utf-8')


@pytest.mark.parametrize(
    ('file', 'before', 'after', 'complaint'),
    [
        ('01-small.md', 'Title', 'Other title', 'differs from its source'),
        ('01-small.md', '["parameters"]', '["package"]', 'differs from its source'),
        ('01-small.zh.md', '+ 2', '+ 3', 'code cell 2 is not that of 01-small.md'),
        ('01-small.zh.md', '标题', '题', 'differs from its source'),
        ('01-small.ipynb', '42\\n', '/home/me/picture\\n', "shows '/home/me/picture'"),
        ('01-small.ipynb', '42\\n', '2026-11-21\\n', "shows '2026-11-21'"),
        ('01-small.ipynb', '"stdout"', '"stderr"', 'has stderr in its output'),
        ('01-small.ipynb', '"execution_count": 2', '"execution_count": 7', 'top to bottom'),
        ('01-small.ipynb', '42\\n', '4' * 2_000_000, 'more than 2000000'),
    ],
)
def test_check_finds(chapter, capsys, file, before, after, complaint):
    edit(chapter.parent / file, before, after)
    assert build.main(['--check']) == 1
    assert complaint in capsys.readouterr().out


@pytest.mark.parametrize(('kind', 'fits'), [('gif', True), ('jpeg', True), ('png', False)])
def test_pictures_are_jpeg_and_moving_ones_gif(kind, fits):
    v4 = build.nbformat.v4
    shown = v4.new_output('display_data', {f'image/{kind}': 'AAAA', 'text/plain': 'a picture'})
    notebook = v4.new_notebook(cells=[v4.new_code_cell(outputs=[shown], id='one')])
    wrong = [] if fits else ['one has image/png in its output: pictures are JPEG, moving ones GIF']
    assert list(build.output_problems(notebook)) == wrong


def test_a_missing_edition_is_found(chapter):
    build.twin(chapter).unlink()
    assert build.main(['--check']) == 1


# --- every chapter runs ---------------------------------------------------------------------


@pytest.fixture(scope='module')
def kernel():
    """One kernel for all chapters: what each imports is imported once."""
    with build.kernel() as client:
        yield client


def test_every_chapter_runs_on_small_pictures(source, kernel):
    assert build.tried(source, kernel) == []


def test_a_chapter_does_not_see_the_names_of_the_one_before(chapter, kernel):
    edit(chapter, 'print(number + 2)', 'kept = number')
    assert build.tried(chapter, kernel) == []
    edit(chapter, 'kept = number', 'print(kept)')
    with pytest.raises(build.CellExecutionError, match="'kept' is not defined"):
        build.tried(chapter, kernel)


def test_an_unfit_output_of_a_chapter_is_found_in_quick_mode(chapter, kernel):
    edit(chapter, 'print(number + 2)', "print('/home/me/picture')")
    assert build.tried(chapter, kernel) == [
        "cell-3 shows '/home/me/picture', which differs from machine to machine"
    ]
