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
    {'weight_files', 'sources', 'machine'},
    {'fetch'},
    {'vgg'},
    {'losses'},
    {'recipes'},
    {'checkpoint'},
    {'synthesis'},
    {'progress'},
    {'exercises'},
    {'command'},
    {'train', 'weights', 'distill'},
)


def imported(path):
    """Yield the modules of the package that a module imports when it runs."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.dump(node.test):
            node.body = []  # ast.walk has not gone there yet
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == 'styletransfer':
                yield from (alias.name for alias in node.names)
            elif node.module.startswith('styletransfer.'):
                yield node.module.split('.')[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith('styletransfer.'):
                    yield alias.name.split('.')[1]


def test_imports_point_one_way():
    row_of = {name: number for number, row in enumerate(ROWS) for name in row}
    modules = {path.stem: path for path in PACKAGE.glob('*.py') if path.stem != '__init__'}
    assert set(modules) == set(row_of)
    for name, path in modules.items():
        for other in imported(path):
            if other in row_of:
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
