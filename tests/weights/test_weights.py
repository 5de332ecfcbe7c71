"""The command for weights, and the whole way at full size: server, cache, network, features."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
from weights_files import FULL, torch_arrays, write_keras, write_params, write_timm
from weights_server import WeightsServer, wait_for

from styletransfer import vgg
from styletransfer.files import file_hash
from styletransfer.weights import __main__ as weights
from styletransfer.weights import fetch as fetching
from styletransfer.weights.formats import read_notes, read_weights, write_tensors
from styletransfer.weights.sources import SOURCES, cache_folder

HUB, KERAS, EXAMPLE, GLUON = SOURCES['vgg19']


@pytest.fixture(scope='module')
def full_size(tmp_path_factory):
    """A server that holds VGG-19 as Hugging Face does: 575 MB, of which 495 are a hole."""
    folder = tmp_path_factory.mktemp('served')
    path = folder / 'timm/vgg19.tv_in1k/resolve/main/model.safetensors'
    path.parent.mkdir(parents=True)
    write_timm(path, torch_arrays(FULL), classifier=(25088, 4096, 1000))
    with WeightsServer(folder) as server:
        server.file = path
        yield server


def put(name, arrays=None):
    """Write weights of the slim network's shapes into the cache, and return the file."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    path = cache_folder() / name
    arrays = arrays or torch_arrays((16, 32, 64, 128, 128))
    if path.suffix == '.params':
        write_params(path, arrays)
    elif path.suffix == '.h5':
        write_keras(path, arrays)
    else:
        write_tensors(path, arrays, {})
    return path


def test_two_processes_get_vgg19_at_full_size_by_a_tenth_of_the_bytes(
    full_size, tmp_path, monkeypatch
):
    """One downloads, the other waits; what they get are the numbers of the whole file."""
    assert full_size.file.stat().st_size == pytest.approx(574_673_000, rel=1e-4)
    full_size.gate = threading.Event()
    monkeypatch.setenv('HF_ENDPOINT', full_size.url)
    said = []

    def say(quiet, line):
        said.append(line)
        full_size.gate.set()

    monkeypatch.setattr(fetching, 'say', say)
    command = [sys.executable, '-m', 'styletransfer.weights', 'get', 'vgg19', '--quiet']
    root = Path(vgg.__file__).parents[1]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert wait_for(lambda: len(full_size.requests) == 1)
        path = fetching.fetch(SOURCES['vgg19'])
    finally:
        full_size.gate.set()
        told, _ = process.communicate(timeout=120)
        full_size.gate = None
    assert said == ['another process is fetching weights: waiting for it']
    assert (process.returncode, told) == (0, f'{path}\n')
    assert path == HUB.location
    assert 51_780_000 < full_size.sent < 52_000_000
    assert path.stat().st_size < 52_000_000
    assert sorted(file.suffix for file in cache_folder().iterdir()) in (
        ['.lock', '.safetensors'],
        ['.safetensors'],
    )
    for ours, theirs in zip(read_weights(path), read_weights(full_size.file)[:13]):
        numpy.testing.assert_array_equal(ours[0], theirs[0])
        numpy.testing.assert_array_equal(ours[1], theirs[1])
    assert weights.verify(path).splitlines()[1:3] == [
        'fits vgg19; all of its numbers are finite',
        'its numbers are those that were downloaded',
    ]


def test_the_tensors_wanted_are_those_the_network_has():
    convs = [n for n in vgg.vgg_layer_names() if not n.startswith('relu')]
    layers = list(vgg.vgg_layer_names())
    numbers = [layers.index(n) for n in convs if n.startswith('conv')][:13]
    names = [f'features.{number}.{part}' for number in numbers for part in ('weight', 'bias')]
    assert [name for name, _ in HUB.tensors] == names
    total = sum(4 * int(numpy.prod(shape)) for _, shape in HUB.tensors)
    assert total < HUB.size < total + 10_000
    widths = [w for w, n in zip(FULL, (2, 2, 4, 4, 4)) for _ in range(n)][:13]
    assert [shape[0] for _, shape in HUB.tensors] == [w for w in widths for _ in range(2)]


def test_every_source_has_its_facts():
    assert {name: backbone.sources for name, backbone in vgg.BACKBONES.items()} == SOURCES
    sources = {source for sources in SOURCES.values() for source in sources}
    assert len({source.file for source in sources}) == len(sources)
    for network in ('vgg19', 'vgg16'):
        for source in SOURCES[network]:
            kind, _, value = source.hash.partition(':')
            assert len(value) == {'sha256': 64, 'sha1': 40, 'git': 40, 'md5': 32}[kind]
            assert source.file.startswith(f'{network}-{value[:8]}.')  # as Gluon names its files
            assert source.published_url.startswith('https://')
            assert source.licence
            assert source.size > 50e6
    from mxnet.gluon.model_zoo.model_store import short_hash

    for network in ('vgg19', 'vgg16'):
        assert SOURCES[network][-1].file == f'{network}-{short_hash(network)}.params'


@pytest.mark.parametrize('network', SOURCES)
def test_the_source_of_every_published_file_is_known(tmp_path, network):
    for source in SOURCES[network]:
        path = tmp_path / source.file
        path.write_bytes(b'weights')
        assert fetching.describe(path) == {'source': source.name, 'sha256': file_hash(path)}


def test_a_source_is_told_without_what_rules_a_terminal(tmp_path):
    write_tensors(tmp_path / 'vgg.safetensors', {}, {'source': '\x1b[2Jtimm'})
    assert fetching.describe(tmp_path / 'vgg.safetensors')['source'] == r'\x1b[2Jtimm'


def test_the_cache_is_where_gluon_looks(tmp_path, monkeypatch):
    assert cache_folder() == tmp_path / 'home' / 'models'
    monkeypatch.setenv('MXNET_HOME', '~/elsewhere')
    assert cache_folder() == Path.home() / 'elsewhere' / 'models'


# --- the command ---


def run(capsys, *arguments):
    status = weights.main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError('asked the network')

    monkeypatch.setattr(socket, 'create_connection', refuse)
    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    monkeypatch.setattr(socket.socket, 'connect', refuse)


def test_list_shows_every_source_and_what_is_here(capsys, no_network):
    put(GLUON.file)
    status, out, _ = run(capsys, 'list')
    assert status == 0
    lines = out.splitlines()
    for source in SOURCES['vgg19']:
        (line,) = [line for line in lines if source.file in line]
        assert line.startswith('vgg19 ')
        assert source.name in line
        assert source.licence in line
        assert line.endswith('yes' if source is GLUON else 'no')
    assert any('--weights FILE' in line for line in lines)
    assert any('vgg19_slim.safetensors' in line for line in lines)


def test_path_says_where_or_how_to_get_it(capsys, no_network):
    status, out, err = run(capsys, 'path', 'vgg19')
    assert (status, out) == (2, '')
    assert err.splitlines() == [
        'error: the weights of vgg19 are not on this machine: '
        'python -m styletransfer.weights get vgg19'
    ]
    path = put(GLUON.file)
    assert run(capsys, 'path', 'vgg19') == (0, f'{path}\n', '')


def test_get_says_where_what_is_here_lies_without_the_network(capsys, no_network):
    path = put(GLUON.file)
    assert run(capsys, 'get', 'vgg19') == (0, f'{path}\n', '')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['gett', 'vgg19'], "there is no job 'gett'; did you mean 'get'?"),
        (['get', 'vgg91'], "there is no network 'vgg91'; did you mean 'vgg19'?"),
        (['path', 'vgg'], "there is no network 'vgg'"),
        (['verify', 'vgg19_slin'], "did you mean 'vgg19_slim'?"),
        (['verify', 'gone.params'], "'gone.params': no such file"),
        (['verify', 'x' * 300 + '.h5'], 'no such file'),
        (['get'], 'required: vgg19|vgg19_slim|vgg16|vgg16_slim'),
        (['verify'], 'vgg16_slim|FILE'),
        (['list', '--verbose'], '--verbose'),
        (['list', 'vgg19'], "'vgg19' stands alone"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, no_network, arguments, message):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, '')
    assert err.startswith('error: ')
    assert err.count('\n') == 1
    assert message in err


def test_without_a_job_all_are_listed(capsys, no_network):
    status, out, _ = run(capsys)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith('  ')] == [
        'list',
        'get',
        'verify',
        'path',
    ]


def test_verify_tells_what_a_file_fits_and_where_it_is_from(capsys, no_network, tmp_path):
    path = put('mine.params')
    status, out, _ = run(capsys, 'verify', str(path))
    assert status == 0
    assert out.splitlines() == [
        str(path),
        'fits vgg19_slim; all of its numbers are finite',
        'source mine.params',
        f'sha256 {file_hash(path)}',
    ]


def test_verify_knows_a_published_file_under_any_name(capsys, monkeypatch):
    path = put('mine.h5')
    source = replace(KERAS, hash='md5:' + file_hash(path, 'md5'))
    full = vgg.BACKBONES['vgg19']
    monkeypatch.setitem(vgg.BACKBONES, 'vgg19', replace(full, sources=(source,)))
    assert f'is the file published by {KERAS.name}' in run(capsys, 'verify', str(path))[1]


@pytest.mark.parametrize('source', [KERAS, EXAMPLE, GLUON])
def test_verify_finds_that_a_file_is_not_the_published_one(capsys, source):
    put(source.file)
    status, _, err = run(capsys, 'verify', 'vgg19')
    assert status == 2
    assert f'is not the file published by {source.name}' in err


def test_verify_finds_numbers_that_changed(capsys, tmp_path):
    arrays = torch_arrays((16, 32, 64, 128, 128))
    path = tmp_path / 'vgg.safetensors'
    write_tensors(path, arrays, {'tensors_sha256': '0' * 64})
    assert read_notes(path)
    status, _, err = run(capsys, 'verify', str(path))
    assert status == 2
    assert 'has changed since it was written' in err


def test_verify_refuses_what_fits_no_network(capsys, tmp_path):
    path = put('tiny.params', torch_arrays((2, 3, 4, 5, 6)))
    status, _, err = run(capsys, 'verify', str(path))
    assert status == 2
    assert 'fit no network' in err
    assert err.count('\n') == 1


def test_verify_refuses_numbers_that_are_not_finite(capsys):
    arrays = torch_arrays((16, 32, 64, 128, 128))
    arrays['features.7.weight'][0, 0, 0, 0] = numpy.nan
    status, _, err = run(capsys, 'verify', str(put('mine.params', arrays)))
    assert status == 2
    assert 'not all finite' in err
