"""Work sent to other processes: one is killed, one is slow, one has another version."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster_work import deadly, doubled, particular
from PIL import Image

import styletransfer
from styletransfer import cluster
from styletransfer.errors import InputError
from styletransfer.images import samples
from styletransfer.train import __main__ as train
from styletransfer.train.job import load_network
from styletransfer.train.plan import make_plan
from styletransfer.train.sending import piece_of
from styletransfer.train.wish import wish_of
from styletransfer.video import __main__ as video

pytest.importorskip('distributed')
pytestmark = pytest.mark.usefixtures('loops_of_others')
PACKAGE = Path(styletransfer.__file__).parent


def python(*argv, first='', **environment):
    """Start a program of Dask's; it finds this package, or another that comes first."""
    paths = os.pathsep.join(
        filter(None, (str(first), str(PACKAGE.parent), str(Path(__file__).parent)))
    )
    return subprocess.Popen(
        [sys.executable, '-m', *argv],
        env={
            **os.environ,
            'OMP_NUM_THREADS': str(cluster.threads()),
            'PYTHONPATH': paths,
            **environment,
        },
        cwd=Path(__file__).parent,  # or the package of this folder would come first
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope='module')
def start(tmp_path_factory):
    """Return what starts a scheduler with workers, and returns its address."""
    running = []

    def started(*workers):
        file = tmp_path_factory.mktemp('dask') / 'scheduler.json'
        running.append(
            python(
                *('distributed.cli.dask_scheduler', '--host', '127.0.0.1', '--port', '0'),
                *('--no-dashboard', '--scheduler-file', str(file)),
            )
        )
        while not file.exists() or not file.read_text().rstrip().endswith('}'):
            time.sleep(0.05)
        for environment in workers:
            running.append(
                python(
                    *('distributed.cli.dask_worker', '--scheduler-file', str(file)),
                    *('--nthreads', '1', '--no-nanny', '--no-dashboard'),
                    **environment,
                )
            )
        address = re.search('"address": "(.*?)"', file.read_text()).group(1)
        import distributed

        with distributed.Client(address, timeout=60) as client:
            client.wait_for_workers(len(workers), timeout=120)
        return address

    yield started
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope='module')
def address(start):
    """Return the address of three workers, of which one is slow."""
    return start({}, {}, {'SLOW': '0.5'})


# --- addresses and files -------------------------------------------------------------------------


@pytest.mark.parametrize('text', ['local', 'local:3', 'tcp://10.0.0.5:8786', 'host:8786'])
def test_addresses(text):
    assert cluster.parse_cluster(text) == text


@pytest.mark.parametrize('text', ['', 'locl', 'local:', 'local:0', 'local:x', 'local:-1', ':8786'])
def test_what_is_no_address(text):
    with pytest.raises(InputError, match=r'is no cluster: give local'):
        cluster.parse_cluster(text)


def test_files_go_as_bytes_and_come_out_under_their_names(tmp_path):
    for name in ('a.png', 'b.png'):
        (tmp_path / name).write_bytes(name.encode())
    same = tmp_path / 'c' / 'a.png'
    same.parent.mkdir()
    same.write_bytes(b'another')
    files = {'x': tmp_path / 'a.png', ('y', 1): tmp_path / 'b.png', 'z': same}
    luggage = cluster.packed(files)
    shutil.rmtree(tmp_path)
    with cluster.unpacked(luggage) as places:
        read = {key: (Path(path).name, Path(path).read_bytes()) for key, path in places.items()}
    assert read == luggage
    assert not Path(places['x']).exists()


def test_a_name_that_was_sent_leads_nowhere_else():
    with cluster.unpacked({'x': ('../../../escaped', b'1')}) as places:
        assert Path(places['x']).name == 'escaped'
        assert Path(places['x']).resolve().parent.parent.name.startswith('styletransfer-')


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"cannot read '.*none': No such file"):
        cluster.packed({'x': tmp_path / 'none'})


# --- workers -------------------------------------------------------------------------------------


def test_every_piece_is_done_once_though_a_worker_is_killed(start, tmp_path):
    at = start({}, {'SLOW': '0.5'}, {})
    with cluster.connected(at) as client:
        pieces = ((number, str(tmp_path / 'killed')) for number in range(12))
        results = list(cluster.outcomes(client, deadly, pieces))
        assert len(client.nthreads()) == 2
    assert sorted(number for number, _ in results) == list(range(12))
    assert all(double == 2 * number for number, (double, _) in results)
    # the piece at which the worker died was done by another; what it had done before counts
    killed = int((tmp_path / 'killed').read_text())
    assert dict(results)[3][1] != killed


def test_results_in_order_and_never_more_out_than_said(address):
    taken = []

    def pieces():
        for number in range(20):
            taken.append(number)
            yield number

    with cluster.connected(address) as client:
        for turn, (double, _) in enumerate(cluster.in_order(client, doubled, pieces())):
            assert double == 2 * turn
        ahead = cluster.outcomes(client, doubled, iter(pieces()))
        taken.clear()
        next(ahead)
        assert len(taken) <= cluster.AHEAD * 3
        ahead.close()


def test_what_one_piece_is_refused_for_stops_no_other(address):
    with cluster.connected(address) as client:
        results = dict(cluster.outcomes(client, particular, range(5)))
        with pytest.raises(InputError, match='1 is odd'):
            list(cluster.in_order(client, particular, range(5)))
    assert {n: str(r) if n % 2 else r for n, r in results.items()} == {
        **{0: 0, 2: 2, 4: 4},
        **{1: '1 is odd', 3: '3 is odd'},
    }


def test_a_worker_of_another_version_is_refused(start, tmp_path):
    other = tmp_path / 'styletransfer'
    shutil.copytree(PACKAGE, other, ignore=shutil.ignore_patterns('__pycache__', 'assets'))
    init = other / '__init__.py'
    init.write_text(init.read_text().replace(styletransfer.__version__, '0.0.9'))
    at = start({}, {'first': tmp_path})
    with pytest.raises(InputError, match=r'has styletransfer 0\.0\.9 .*: install the same there'):
        ExitStack().enter_context(cluster.connected(at))


def test_a_worker_on_another_number_of_threads_is_refused(start):
    at = start({'OMP_NUM_THREADS': str(cluster.threads() + 1)})
    with pytest.raises(InputError, match=r'pictures would differ; start both with OMP_NUM_THR'):
        ExitStack().enter_context(cluster.connected(at))


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(cluster, 'PATIENCE', 1)
    with pytest.raises(InputError, match=r'no worker answers at --cluster .* dask scheduler'):
        ExitStack().enter_context(cluster.connected('tcp://127.0.0.1:9'))


def test_without_dask_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'distributed', None)
    with pytest.raises(InputError, match=r"pip install 'styletransfer\[cluster\]'"):
        ExitStack().enter_context(cluster.connected('local'))


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path):
    """Return a folder of four small photos, of which one is damaged."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name, path in list(samples('content').items())[:3]:
        Image.open(path).resize((48, 32)).save(folder / f'{name}.png')
    (folder / 'zzz.png').write_bytes(b'not a picture')
    return folder


def test_a_folder_is_painted_to_the_bit_as_without_a_cluster(address, photos, tmp_path, capsys):
    command = [
        '--content',
        str(photos),
        '--style',
        'irises',
        '--shape',
        '48x32',
        '--epochs',
        '2,2',
    ]
    outputs = tmp_path / 'here', tmp_path / 'there'
    assert train.main([*command, '--output', str(outputs[0])]) == 1
    capsys.readouterr()
    sent = [*command, '--output', str(outputs[1]), '--cluster', address]
    assert train.main(sent) == 1
    told = capsys.readouterr()
    assert 'Cluster of 3 workers; watch it at http://' in told.out
    assert 'zzz--irises.png failed: ' in told.err
    ours, theirs = (sorted(output.glob('*.png')) for output in outputs)
    assert [path.name for path in ours] == [path.name for path in theirs]
    assert len(ours) == 3
    for one, other in zip(ours, theirs):
        assert one.read_bytes() == other.read_bytes()
    (photos / 'zzz.png').unlink()
    before = [path.stat().st_mtime_ns for path in theirs]
    assert train.main(sent) == 0  # what is done is not done again
    assert [path.stat().st_mtime_ns for path in theirs] == before


def test_what_depends_on_the_machine_is_settled_before_a_wish_is_sent():
    asked = {'content': 'lake', 'style': 'irises', 'shape': (48, 32), 'cluster': 'local:2'}
    wish = wish_of({**asked, 'weights': None})
    plan = make_plan(wish)
    sent = piece_of(wish, plan, load_network(wish, plan))
    assert (wish.backbone, wish.device) == ('auto', 'auto')
    assert (sent.wish.backbone, sent.wish.device) == (plan.backbone, 'cpu')
    assert sent.wish.cluster is None
    assert {key: name for key, (name, _) in sent.luggage.items()} == {
        ('content', 'lake'): 'lake.jpg',
        ('style', 'irises'): 'irises.jpg',
    }


def test_one_picture_needs_no_cluster(capsys, tmp_path):
    assert train.main(['--cluster', 'local', '--output', str(tmp_path / 'x')]) == 2
    assert '--cluster is for folders' in capsys.readouterr().err


@pytest.mark.parametrize(
    'way', [['--net', 'johnson'], ['--style', 'irises', '--epochs', '2,2,2,2']], ids=' '.join
)
def test_a_clip_is_painted_to_the_bit_as_without_a_cluster(address, way, tmp_path, capsys):
    pytest.importorskip('av')
    pytest.importorskip('cv2')
    command = ['cars', '--shape', '64x48', '--every', '8', *way]
    outputs = tmp_path / 'here', tmp_path / 'there'
    assert video.main([*command, '--quiet', '--output', str(outputs[0])]) == 0
    assert video.main([*command, '--cluster', address, '--output', str(outputs[1])]) == 0
    assert 'Cluster of 3 workers' in ''.join(capsys.readouterr())
    ours, theirs = (sorted(output.glob('*.png')) for output in outputs)
    assert [path.name for path in ours] == [path.name for path in theirs]
    assert len(ours) == 3
    for one, other in zip(ours, theirs):
        assert one.read_bytes() == other.read_bytes()
