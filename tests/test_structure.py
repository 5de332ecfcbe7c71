"""The house's rules that a machine can check: imports point one way, the linters are content."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import styletransfer

PACKAGE = Path(styletransfer.__file__).parent
ROOT = Path(__file__).parent.parent

# each module may import those in the rows above its own; commands are imported by nobody
ROWS = (
    {'_compat', 'errors', 'faster', 'lbfgs', 'translation'},
    {'files', 'command'},
    {'images', 'weights.arrays'},
    {'weights.formats', 'weights.sources', 'machine', 'windows'},
    {'weights.session'},
    {'weights.transfer'},
    {'weights.fetch'},
    {'vgg'},
    {'losses', 'optimizers', 'color', 'blocks', 'regions', 'weights.verifying'},
    {'recipes'},
    {'objective', 'networks', 'canvas'},
    {'checkpoint'},
    {'progress'},
    {'synthesis', 'learning', 'photo'},
    {'tiles', 'mrf', 'gan.layers', 'gan.losses', 'gan.painters'},
    {
        'controls',
        'feedforward.perceptual',
        'feedforward.encoder',
        *('gan.game', 'gan.networks', 'gan.pictures'),
    },
    {'feedforward.adain', 'feedforward.johnson', 'gan.duel'},
    # of Ghiasi: johnson's network, whose rows a second one mixes
    {'feedforward.ghiasi', 'gan.pix2pix', 'gan.cyclegan', 'gan.mixgan'},
    {'train.memory', 'outputs', 'trained', 'cluster'},
    {'train.wish', 'runs', 'doctor.finding'},
    {'doctor.libraries', 'doctor.keeping', 'doctor.painting'},
    {'doctor.hardware'},
    {'feedforward.painting', 'feedforward.training', 'gan.training'},
    {'train.plan'},
    {'train.job'},
    {'train.sending'},
    {'train.run', 'train.batch', 'video.libraries', 'video.kept'},
    {'studio.limits', 'studio.chinese', 'studio.knobs'},
    {'studio.orders', 'studio.refusals'},
    {'studio.words'},
    {'studio.tasks'},
    {'studio.painter'},
    {'studio.line'},
    {'studio.pages', 'studio.views'},
    {'studio.layout'},
    {'studio.page'},
    {'studio.server'},
    {
        *('exercises.chinese.checks', 'exercises.chinese.reports'),
        *('exercises.chinese.neural_style', 'exercises.chinese.what_the_layers_see'),
        *('exercises.chinese.the_original', 'exercises.chinese.taking_control'),
        *('exercises.chinese.one_pass', 'exercises.chinese.many_styles'),
        *('exercises.chinese.any_style', 'exercises.chinese.patches'),
        *('exercises.chinese.photographs', 'exercises.chinese.by_hand'),
        *('exercises.chinese.figures', 'exercises.chinese.own_picture'),
        'exercises.chinese.whole_transfer',
        'exercises.chinese.moving_pictures',
        'exercises.chinese.pix2pix',
        *('exercises.chinese.cyclegan', 'exercises.chinese.mixgan'),
    },
    {'exercises.chinese'},
    {'exercises.language'},
    {'video.clips', 'video.flow'},
    {'video.encoding', 'video.temporal', 'video.onepass'},
    {'video.optimised', 'video.wish'},
    {'video.ways'},
    {'video.sending'},
    {'video.job'},
    {'exercises.values', 'exercises.jail'},
    {'exercises.task', 'exercises.calling'},
    {'exercises.wire'},
    {'exercises.inside', 'exercises.student'},
    {'exercises.tasks.data'},
    {'exercises.tasks.letters'},
    {'exercises.tasks.neural_style', 'exercises.tasks.the_original'},
    {'exercises.tasks.what_the_layers_see', 'exercises.tasks.taking_control'},
    {'exercises.tasks.one_pass', 'exercises.tasks.patches'},
    {'exercises.tasks.many_styles', 'exercises.tasks.any_style'},
    {'exercises.tasks.photographs', 'exercises.tasks.moving_pictures'},
    {'exercises.tasks.by_hand', 'exercises.tasks.figures'},
    {'exercises.tasks.own_picture', 'exercises.tasks.whole_transfer'},
    {'exercises.tasks.pix2pix', 'exercises.tasks.cyclegan', 'exercises.tasks.mixgan'},
    {'exercises.tasks'},
    {'exercises.checks'},
    {'exercises'},
    {'exercises.judge', 'exercises.marks', 'exercises.release'},
    {'exercises.grade'},
    {'exercises.gallery'},
    {
        *('train.__main__', 'weights.__main__', 'exercises.__main__', 'feedforward.__main__'),
        *('gan.__main__', 'video.__main__', 'studio.__main__', 'distill', '__main__'),
        'doctor.__main__',
    },
)


def module_name(path):
    """Return a file's name as a module within the package: 'vgg', 'train.plan'."""
    path = path.parent if path.name == '__init__.py' else path.with_suffix('')
    return '.'.join(path.relative_to(PACKAGE).parts)


def imported(path):
    """Yield the modules of the package that a module imports when it runs."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f'{node.module}.{alias.name}' for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            inside = PACKAGE.parent.joinpath(*name.split('.'))
            for file in (inside.with_suffix('.py'), inside / '__init__.py'):
                if name.startswith('styletransfer.') and file.is_file():
                    yield module_name(file)


def test_imports_point_one_way():
    row_of = {name: number for number, row in enumerate(ROWS) for name in row}
    files = [path for path in PACKAGE.rglob('*.py') if path != PACKAGE / '__init__.py']
    # a folder's own file that imports nothing is no more than the folder's name
    empty = {module_name(f) for f in files if f.name == '__init__.py' and not set(imported(f))}
    files = [path for path in files if module_name(path) not in empty]
    assert {module_name(path) for path in files} == set(row_of)
    for path in files:
        name = module_name(path)
        for other in imported(path):
            if other != name and other not in empty:
                assert row_of[other] < row_of[name], f'{name} imports {other}'


def identifiers(tree):
    """Yield every name that code defines, takes or uses."""
    for node in ast.walk(tree):
        for kind in ('id', 'attr', 'arg', 'name', 'module'):
            name = getattr(node, kind, None)
            if isinstance(name, str):
                yield from name.split('.')


def test_names_in_docstrings_mean_something():
    """What a docstring names in back quotes is to be found in the package."""
    trees = {path: ast.parse(path.read_text(encoding='utf-8')) for path in PACKAGE.rglob('*.py')}
    known = {name for tree in trees.values() for name in identifiers(tree)}
    known |= {part for path in trees for part in path.relative_to(PACKAGE).with_suffix('').parts}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
                text = ast.get_docstring(node) or ''
                for name in re.findall(r'(?<![`:])`([A-Za-z_][\w.]*)`(?!`)', text):
                    assert set(name.split('.')) <= known, f'{path.name} speaks of `{name}`'


def test_no_wish_is_looked_up_by_text():
    for path in PACKAGE.rglob('*.py'):
        assert "args['" not in path.read_text(encoding='utf-8'), path.name


def test_importing_the_package_loads_nothing_that_only_some_runs_need():
    heavy = ['matplotlib', 'h5py', 'requests.sessions', 'scipy', 'skimage', 'tqdm', 'safetensors']
    heavy += ['pymatting', 'numba', 'av', 'cv2', 'gradio', 'fastapi', 'uvicorn']
    program = (
        'import sys, mxnet; before = set(sys.modules)\n'
        'import styletransfer.synthesis, styletransfer.train.job, styletransfer.studio.painter\n'
        f'print(*[name for name in {heavy} if name in set(sys.modules) - before])'
    )
    program = 'import styletransfer\n' + program
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ''


@pytest.mark.parametrize(
    'command',
    [['ruff', 'check', '.'], ['ruff', 'format', '--check', '.'], ['mypy']],
    ids=['lint', 'format', 'types'],
)
def test_linters(command):
    done = subprocess.run(
        [sys.executable, '-m', *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
