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
    {'losses', 'optimizers', 'color'},
    {'recipes'},
    {'checkpoint'},
    {'synthesis'},
    {'tiles'},
    {'controls'},
    {'progress'},
    {'rescale'},
    {'networks'},
    {'command'},
    {'plan', 'outputs'},
    {'settings'},
    {'job', 'arguments'},
    {'batch'},
    {'exercises'},
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
    files = [path for path in PACKAGE.rglob('*.py') if path != PACKAGE / '__init__.py']
    # a folder counts as one module
    names = {path: path.relative_to(PACKAGE).parts[0].partition('.')[0] for path in files}
    assert set(names.values()) == set(row_of)
    for path, name in names.items():
        for other in imported(path):
            if other in row_of and other != name:
                assert row_of[other] < row_of[name], f'{path.name} imports {other}'


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
