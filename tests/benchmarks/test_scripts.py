"""The scripts beside this file are run by hand; what they import from the package must exist."""

import runpy
from pathlib import Path

import pytest

SCRIPTS = sorted(
    path for path in Path(__file__).parent.glob('*.py') if not path.name.startswith('test_')
)


@pytest.mark.parametrize('script', SCRIPTS, ids=lambda path: path.stem)
def test_a_script_can_be_loaded(script):
    assert runpy.run_path(str(script), run_name=script.stem)['__doc__']
