"""The house's rules that a machine can check: imports point one way, the linters are content."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import styletransfer

PACKAGE = Path(styletransfer.__file__).parent
ROOT = Path(__file__).parent.parent

# each module may import those in the rows above its own; commands are imported by nobody
ROWS = (
    {'_compat', 'errors'},
    {'files'},
    {'images'},
    {'weights.formats', 'weights.sources', 'machine', 'windows'},
    {'weights.fetch'},
    {'vgg'},
    {'losses', 'optimizers', 'color'},
    {'recipes'},
    {'objective'},
    {'checkpoint'},
    {'progress'},
    {'synthesis'},
    {'tiles'},
    {'controls'},
    {'rescale'},
    {'networks'},
    {'command'},
    {'train.plan', 'outputs'},
    {'train.settings'},
    {'train.job', 'train.arguments'},
    {'train.batch'},
    {'exercises'},
    {'train.__main__', 'weights.__main__', 'distill', '__main__'},
)
ONE_ROOM = ('exercises',)  # a folder that counts as one module


def module_name(path):
    """Return a file's name as a module within the package: 'vgg', 'train.plan'."""
    name = '.'.join(path.relative_to(PACKAGE).with_suffix('').parts)
    return next((room for room in ONE_ROOM if name.startswith(f'{room}.')), name)


def imported(path):
    """Yield the modules of the package that a module imports when it runs."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.dump(node.test):
            node.body = []  # ast.walk has not gone there yet
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f'{node.module}.{alias.name}' for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            inside = PACKAGE.parent.joinpath(*name.split('.')).with_suffix('.py')
            if name.startswith('styletransfer.') and inside.is_file():
                yield module_name(inside)


def test_imports_point_one_way():
    row_of = {name: number for number, row in enumerate(ROWS) for name in row}
    files = [path for path in PACKAGE.rglob('*.py') if path.name != '__init__.py']
    assert {module_name(path) for path in files} == set(row_of)
    for path in files:
        name = module_name(path)
        for other in imported(path):
            if other != name:
                assert row_of[other] < row_of[name], f'{name} imports {other}'


def test_importing_the_package_loads_nothing_that_only_some_runs_need():
    heavy = ['matplotlib', 'h5py', 'requests.sessions', 'scipy', 'skimage', 'tqdm', 'safetensors']
    program = (
        'import sys, mxnet; before = set(sys.modules)\n'
        'import styletransfer.synthesis\n'
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
