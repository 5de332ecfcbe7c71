"""What MXNet needs from its surroundings, each need taken away once."""

import ctypes
import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy
import pytest

from styletransfer import _compat


def python(program, **environment):
    env = {name: value for name, value in os.environ.items() if not name.startswith('OMP_')}
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', program],
        env={**env, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_import_gives_every_core_to_mxnet_and_warns_of_nothing():
    printed = python(
        'import os, styletransfer; from styletransfer._compat import usable_cores\n'
        'print(os.environ["OMP_NUM_THREADS"], usable_cores())'
    )
    assert printed[0] == printed[1]


def test_the_users_number_of_threads_is_respected():
    program = 'import os, styletransfer; print(os.environ["OMP_NUM_THREADS"])'
    assert python(program, OMP_NUM_THREADS='1') == ['1']


def test_numpy_semantics_are_on():
    assert python('import styletransfer, mxnet; print(mxnet.util.is_np_array())') == ['True']


def test_aliases_that_newer_numpys_removed_are_put_back(monkeypatch):
    bare = SimpleNamespace(__version__='1.26.4')
    monkeypatch.setattr(_compat, 'numpy', bare)
    _compat._restore_numpy_aliases()
    assert (bare.bool, bare.int, bare.float, bare.object) == (bool, int, float, object)


def test_numpy_2_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(numpy, '__version__', '2.1.0')
    with pytest.raises(ImportError, match=r"NumPy 2.1.0.*pip install 'numpy<2'"):
        _compat._restore_numpy_aliases()


def test_cores_are_capped_by_affinity(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: {0, 1, 2}, raising=False)
    monkeypatch.setattr(_compat, '_cgroup_cores', lambda: None)
    assert _compat.usable_cores() == 3
    monkeypatch.setattr(_compat, '_cgroup_cores', lambda: 2)
    assert _compat.usable_cores() == 2


def test_cuda_libraries_are_loaded_each_before_those_that_need_it(monkeypatch, tmp_path):
    for folder, library in _compat._CUDA_LIBRARIES:
        path = tmp_path / folder / 'lib' / library
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    loaded = []
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: spec)
    monkeypatch.setattr(ctypes, 'CDLL', lambda path, mode: loaded.append(path.rsplit('/', 1)[1]))
    _compat._load_cuda_libraries()
    assert len(loaded) == 10
    assert loaded.index('libcublasLt.so.11') < loaded.index('libcublas.so.11')
    assert loaded.index('libcublas.so.11') < loaded.index('libcudnn.so.8')
    assert loaded[0] == 'libcudart.so.11.0'


def test_without_mxnet_the_error_says_what_to_install():
    program = (
        'import sys; sys.modules["mxnet"] = None\n'
        'try:\n    import styletransfer\nexcept ImportError as error:\n    print(error)'
    )
    assert 'styletransfer[cpu]' in ' '.join(python(program))
