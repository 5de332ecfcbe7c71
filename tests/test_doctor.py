"""The doctor, in worlds where one thing at a time is wrong."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from styletransfer import machine, trained
from styletransfer.doctor import __main__ as doctor
from styletransfer.doctor import hardware, keeping, libraries, painting
from styletransfer.doctor.finding import (
    BROKEN,
    NOTE,
    WORKS,
    Finding,
    as_lines,
    as_values,
    status,
    summary,
)
from styletransfer.files import assets_folder
from styletransfer.weights import fetch

ROOT = Path(__file__).parent.parent


def distribution(folder, name, version, source):
    """Put a package and what pip would note of it where Python looks first."""
    package = folder / name
    package.mkdir()
    (package / '__init__.py').write_text(source)
    notes = folder / f'{name}-{version}.dist-info'
    notes.mkdir()
    (notes / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')


def command(*flags, first='', name='doctor', **environment):
    """Run the command in a world of its own: what it printed, and its status."""
    paths = os.pathsep.join(filter(None, (str(first), str(ROOT))))
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', f'styletransfer.{name}', *flags],
        env={**os.environ, 'PYTHONPATH': paths, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def world_of(monkeypatch, **versions):
    """Let other distributions be installed than are."""
    known = {name.replace('_', '-'): version for name, version in versions.items()}
    for module in (libraries, hardware):
        monkeypatch.setattr(module, 'version', known.get)


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """Return what makes a driver that tells of a card."""

    def made(line, exit=0):
        path = tmp_path / 'nvidia-smi'
        path.write_text(f'#!/bin/sh\necho "{line}"\nexit {exit}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv('PATH', f'{tmp_path}{os.pathsep}{os.environ["PATH"]}')

    return made


# --- the page ------------------------------------------------------------------------------------


def test_a_finding_is_one_line_and_its_remedy_another():
    finding = Finding('NumPy', '2.1.0', BROKEN, "pip install 'numpy<2'")
    first, second = as_lines(finding).split('\n')
    assert first.split() == ['!', 'NumPy', '2.1.0']
    assert second.split(maxsplit=1) == ['->', "pip install 'numpy<2'"]
    assert as_lines(Finding('NumPy', 'odd\n\x1bname')).count('\n') == 0


def test_only_what_is_broken_makes_the_status_one():
    fine, note = Finding('a', '1'), Finding('b', '2', NOTE, 'better')
    bad = Finding('c', '3', BROKEN, 'mend')
    assert status([fine, note]) == 0
    assert status([fine, bad, note]) == 1
    assert 'c' in summary([fine, bad])
    assert 'Everything' in summary([fine, note])
    assert as_values([bad]) == {
        'works': False,
        'findings': [{'name': 'c', 'found': '3', 'state': 'broken', 'remedy': 'mend'}],
    }


def test_numpy_2_is_told_with_its_remedy_where_mxnet_cannot_run(tmp_path):
    distribution(tmp_path, 'numpy', '2.1.0', "__version__ = '2.1.0'\n")
    done = command(first=tmp_path)
    assert (done.returncode, done.stderr) == (1, '')
    assert '2.1.0: MXNet 1.9.1 needs one before 2' in done.stdout
    assert "-> pip install 'numpy>=1.20,<2'" in done.stdout
    assert done.stdout.splitlines()[-1] == 'To be mended, from the top: NumPy, MXNet.'
    values = json.loads(command('--json', first=tmp_path).stdout)
    assert values['works'] is False
    assert [f['state'] for f in values['findings']][:3] == [WORKS, BROKEN, BROKEN]


def test_other_commands_end_in_one_line_there_and_name_the_doctor(tmp_path):
    distribution(tmp_path, 'numpy', '2.1.0', "__version__ = '2.1.0'\n")
    done = command(first=tmp_path, name='train')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert "pip install 'numpy<2'; python -m styletransfer.doctor says more" in done.stderr


def test_a_mistake_in_a_flag_is_one_line():
    done = command('--jsn')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == "error: there is no flag '--jsn'; did you mean '--json'?\n"


def test_the_whole_page(capsys, monkeypatch):
    monkeypatch.setattr(painting, 'paint', lambda: Finding('painting', 'tried elsewhere'))
    assert doctor.main(['--json']) == 0
    findings = {f['name']: f for f in json.loads(capsys.readouterr().out)['findings']}
    expected = ('Python', 'NumPy', 'MXNet', 'libraries', 'oneDNN', 'cores', 'memory', 'GPU')
    assert set(expected) < set(findings)
    assert {*trained.networks(), 'vgg19', 'vgg19_slim', 'pictures', 'weights'} < set(findings)
    assert findings['vgg19_slim']['found'].startswith('whole, sha256 ')


# --- Python and libraries ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('version', 'state'),
    [((3, 7), BROKEN), ((3, 11), WORKS), ((3, 13), BROKEN)],
)
def test_pythons(monkeypatch, version, state):
    monkeypatch.setattr(libraries.sys, 'version_info', version)
    finding = libraries.python()
    assert finding.state == state
    assert ('python3.11 -m venv' in finding.remedy) == (state == BROKEN)


def test_windows_is_told_where_to_work(monkeypatch):
    monkeypatch.setattr(libraries.platform, 'system', lambda: 'Windows')
    finding = libraries.python()
    assert finding.state == BROKEN
    assert 'WSL2' in finding.remedy


def test_no_numpy(monkeypatch):
    world_of(monkeypatch)
    assert libraries.numpy().remedy == "pip install 'numpy>=1.20,<2'"


LIBRARY = 'OSError: {}: cannot open shared object file: No such file or directory'


@pytest.mark.parametrize(
    ('installed', 'reason', 'remedy'),
    [
        ({'mxnet_cu112': '1.9.1'}, LIBRARY.format('libcudart.so.11.0'), "'styletransfer[cu112]'"),
        ({'mxnet_cu112': '1.9.1'}, LIBRARY.format('libcuda.so.1'), 'driver of the NVIDIA card'),
        ({'mxnet': '1.9.1'}, LIBRARY.format('libgfortran.so.3'), 'libgfortran.so.3'),
        ({}, "ImportError: no module named mxnet: pip install 'styletransfer[cpu]'", '[cpu]'),
        ({'mxnet': '1.9.1'}, 'Python was ended by SIGILL while importing it', '--force-reinstall'),
    ],
)
def test_an_import_that_fails_is_told_with_what_mends_it(monkeypatch, installed, reason, remedy):
    world_of(monkeypatch, **installed)
    monkeypatch.setattr(libraries, 'import_fails', lambda: reason)
    finding = libraries.mxnet()
    assert finding.state == BROKEN
    assert reason in finding.found
    assert remedy in finding.remedy


def test_both_builds_at_once_are_told_before_anything_is_imported(monkeypatch):
    world_of(monkeypatch, mxnet='1.9.1', mxnet_cu112='1.9.1')
    monkeypatch.setattr(libraries, 'import_fails', lambda: pytest.fail('imported'))
    finding = libraries.mxnet()
    assert finding.state == BROKEN
    assert 'pip uninstall -y mxnet mxnet-cu112' in finding.remedy


@pytest.mark.parametrize(
    ('source', 'reason'),
    [
        (f'raise OSError("{LIBRARY.format("libcudart.so.11.0")[9:]}")', 'libcudart.so.11.0'),
        ('import os, signal; os.kill(os.getpid(), signal.SIGILL)', 'SIGILL'),
    ],
)
def test_an_mxnet_that_fails_or_kills_its_process(monkeypatch, tmp_path, source, reason):
    distribution(tmp_path, 'mxnet', '1.9.1', source + '\n')
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}{os.pathsep}{ROOT}')
    assert reason in libraries.import_fails()


def test_an_mxnet_that_runs(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    assert libraries.import_fails() is None


def test_libraries_are_compared_with_what_the_package_names(monkeypatch):
    wanted = ['numpy<2,>=1.20', 'pillow>=10', 'gone>=3', "mxnet==1.9.1; extra == 'cpu'"]
    monkeypatch.setattr(libraries.metadata, 'requires', lambda name: wanted)
    world_of(monkeypatch, numpy='1.26.4', pillow='9.5')
    finding = libraries.dependencies()
    assert finding.state == BROKEN
    assert finding.remedy == "pip install 'pillow>=10' 'gone>=3'"
    world_of(monkeypatch, numpy='1.26.4', pillow='12.0', gone='3')
    assert libraries.dependencies().state == WORKS


def test_what_only_some_need_breaks_nothing(monkeypatch):
    world_of(monkeypatch, d2l='1.0.3')
    states = {finding.name: finding.state for finding in libraries.optional()}
    assert states['book'] == WORKS
    assert states['video'] == NOTE


# --- hardware ------------------------------------------------------------------------------------


def test_two_cores_of_sixty_four(monkeypatch):
    monkeypatch.setattr(os, 'cpu_count', lambda: 64)
    monkeypatch.setattr('styletransfer._compat.usable_cores', lambda: 2)
    monkeypatch.setenv('OMP_NUM_THREADS', '2')
    assert hardware.cores() == Finding(
        'cores', '2 of 64 logical cores may be used, MXNet computes on 2 threads'
    )
    for threads in ('1', '64'):
        monkeypatch.setenv('OMP_NUM_THREADS', threads)
        finding = hardware.cores()
        assert (finding.state, finding.remedy) == (NOTE, 'export OMP_NUM_THREADS=2')


@pytest.mark.parametrize(('free', 'state'), [(0.3e9, BROKEN), (1.2e9, NOTE), (9e9, WORKS)])
def test_memory(monkeypatch, free, state):
    monkeypatch.setattr(machine, 'available_memory', lambda device: int(free))
    monkeypatch.setattr(machine, 'total_memory', lambda device: int(16e9))
    finding = hardware.memory()
    assert finding.state == state
    assert f'{free / 1e9:.1f} of 16.0 GB' in finding.found


def test_no_card(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    assert hardware.gpu().state == WORKS


@pytest.mark.parametrize('build', ['mxnet', 'mxnet-cu112'])
def test_a_hopper_card_is_too_new(monkeypatch, driver, build):
    driver('NVIDIA H100 80GB HBM3, 9.0, 81559, 550.54.15')
    world_of(monkeypatch, **{build: '1.9.1'})
    finding = hardware.gpu()
    assert 'compute capability is 9.0' in finding.found
    assert finding.state == (BROKEN if build == 'mxnet-cu112' else NOTE)


def test_a_card_that_the_mxnet_for_cpus_leaves_idle(monkeypatch, driver):
    driver('NVIDIA GeForce RTX 3060, 8.6, 12288, 535.1')
    world_of(monkeypatch, mxnet='1.9.1')
    finding = hardware.gpu()
    assert finding.state == NOTE
    assert 'styletransfer[cu112]' in finding.remedy


def test_a_card_that_cannot_be_computed_on(monkeypatch, driver):
    driver('NVIDIA GeForce RTX 3060, 8.6, 12288, 390.1')
    world_of(monkeypatch, mxnet_cu112='1.9.1')
    finding = hardware.gpu()  # this MXNet has no GPU in it
    assert finding.state == BROKEN
    assert 'driver' in finding.remedy


@pytest.mark.parametrize(('line', 'exit'), [('has failed', 9), ('no such thing', 0)])
def test_a_driver_out_of_order(driver, line, exit):
    driver(line, exit)
    assert hardware.gpu().state == NOTE


# --- the disk ------------------------------------------------------------------------------------


def test_a_home_that_cannot_be_written(monkeypatch):
    monkeypatch.setenv('MXNET_HOME', '/proc/nobody')  # not even root may write there
    finding = {finding.name: finding for finding in keeping.folders()}['weights']
    assert finding.state == BROKEN
    assert 'MXNET_HOME' in finding.remedy


def test_looking_leaves_nothing_behind(tmp_path):
    assert keeping.writable('pictures', tmp_path / 'a' / 'b', 'x').state == WORKS
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(keeping.shutil, 'disk_usage', lambda path: usage)
    assert keeping.writable('pictures', tmp_path, 'x').remedy == 'free some space'


def damaged(path, folder):
    """Return a copy of a file with a byte changed near its end."""
    data = bytearray(path.read_bytes())
    data[-10] ^= 0x40
    (folder / path.name).write_bytes(data)
    return folder / path.name


def test_damaged_weights(monkeypatch, tmp_path):
    wrong = damaged(assets_folder() / 'vgg19_slim.safetensors', tmp_path)
    monkeypatch.setattr(fetch, 'local_weights', lambda sources: wrong)
    findings = {finding.name: finding for finding in keeping.backbones()}
    assert findings['vgg19'].state == BROKEN
    assert findings['vgg19'].remedy == f"rm '{wrong}' && python -m styletransfer.weights get vgg19"
    assert findings['vgg19_slim'].state == BROKEN


def test_a_damaged_painter(monkeypatch, tmp_path):
    name, path = next(iter(trained.networks().items()))
    monkeypatch.setattr(trained, 'networks', lambda: {name: damaged(path, tmp_path)})
    (finding,) = keeping.painters()
    assert finding.state == BROKEN
    assert 'damaged' in finding.found
    assert finding.remedy


# --- a painting ----------------------------------------------------------------------------------

SMALL = ('--shape', '64x40', '--epochs', '2,2')


def test_a_painting_is_timed(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setattr(painting, 'product_rate', lambda: 1.0)
    assert painting.paint(SMALL).state == WORKS
    monkeypatch.setattr(painting, 'product_rate', lambda: 1e30)
    finding = painting.paint(SMALL)
    assert finding.state == NOTE
    assert 'seconds an epoch' in finding.found


def test_a_painting_that_fails_says_why(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    finding = painting.paint(('--shape', '5x5'))
    assert finding.state == BROKEN
    assert 'error: ' in finding.found
    assert finding.remedy.startswith('python -m styletransfer.train')


def test_the_rate_of_products_is_that_of_a_machine():
    assert 1e8 < painting.product_rate(n=300, rounds=2) < 1e14
