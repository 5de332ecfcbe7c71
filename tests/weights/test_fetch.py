"""Downloads: whole, verified, continued, one at a time, and from someone else if need be.

Every test asks a server on this machine, which serves files with the layout of the true ones.
"""

from __future__ import annotations

import errno
import io
import json
import zipfile
from dataclasses import replace
from email.utils import formatdate

import numpy
import pytest
from weights_files import (
    sha256,
    small_convs,
    torch_arrays,
    write_keras,
    write_params,
    write_timm,
)
from weights_server import WeightsServer, speaking

from styletransfer.errors import InputError
from styletransfer.files import file_hash
from styletransfer.weights import fetch as fetching
from styletransfer.weights import transfer
from styletransfer.weights.fetch import describe, fetch, local_weights
from styletransfer.weights.formats import read_notes, read_weights
from styletransfer.weights.sources import (
    SOURCES,
    cache_folder,
    conv_tensors,
)

HUB, KERAS, EXAMPLE, GLUON = SOURCES['vgg19']


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """No long pauses."""
    monkeypatch.setattr(transfer, 'PAUSES', (0.0, 0.0))
    monkeypatch.setattr(transfer, 'TIMEOUTS', (5.0, 5.0))


@pytest.fixture
def server(tmp_path):
    (tmp_path / 'served').mkdir()
    with WeightsServer(tmp_path / 'served') as running:
        yield running


@pytest.fixture
def hub(server):
    """A source like Hugging Face's, of a small network."""
    write_timm(server.folder / 'model.safetensors', torch_arrays())
    return replace(
        HUB,
        host=server.url,
        path='model.safetensors',
        tensors=conv_tensors(small_convs()),
        hash='sha256:' + sha256(server.folder / 'model.safetensors'),
    )


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(transfer, 'time', Clock())
    return transfer.time


def whole(server, name='vgg.h5', like=KERAS):
    """A source of a whole file, of a small network."""
    path = server.folder / name
    if name.endswith('.h5'):
        write_keras(path, torch_arrays())
    else:
        write_params(path, torch_arrays(), 'symbol')
    kind = like.hash.partition(':')[0]
    return replace(like, host=server.url, path=name, hash=f'{kind}:{file_hash(path, kind)}')


def cached():
    """The names of all files in the cache but the lock."""
    return sorted(path.name for path in cache_folder().iterdir() if path.suffix != '.lock')


def assert_small_network(path):
    arrays = list(torch_arrays().values())
    convs = read_weights(path)
    assert len(convs) == 13
    for k, (weight, bias) in enumerate(convs):
        numpy.testing.assert_array_equal(weight, arrays[2 * k])
        numpy.testing.assert_array_equal(bias, arrays[2 * k + 1])


# --- of Hugging Face's file, only what is used ---


def test_only_the_header_and_the_tensors_wanted_are_transferred(server, hub):
    path = fetch([hub], quiet=True)
    assert_small_network(path)
    served = (server.folder / 'model.safetensors').read_bytes()
    header = 8 + int.from_bytes(served[:8], 'little')
    numbers = sum(int(numpy.prod(shape)) for _, shape in hub.tensors)
    assert server.sent == header + 4 * numbers < len(served)
    assert len(server.requests) == 4  # features.30 to .34 lie between .28 and .5
    assert cached() == ['vgg19-11aea017.safetensors']


def test_what_is_here_is_not_asked_for_again(server, hub):
    assert fetch([hub], quiet=True) == fetch([hub], quiet=True) == local_weights([hub])
    assert len(server.requests) == 4


def test_the_file_says_where_it_is_from_but_not_by_which_mirror(server, hub, monkeypatch):
    first = fetch([hub], quiet=True)
    notes, name = read_notes(first), describe(first)['source']
    assert (notes['source'], name) == (HUB.name, HUB.name)
    assert notes['url'] == server.url + '/model.safetensors'
    digest = sha256(first)
    assert describe(first)['sha256'] == digest
    first.unlink()
    monkeypatch.setenv('HF_ENDPOINT', server.url.replace('127.0.0.1', 'localhost') + '/')
    monkeypatch.setenv('NO_PROXY', 'localhost')
    assert sha256(fetch([hub], quiet=True)) == digest


def test_a_server_that_ignores_ranges_is_heard_to_the_end(server, hub, capsys):
    by_ranges = fetch([hub], quiet=True)
    digest = sha256(by_ranges)
    by_ranges.unlink()
    server.ranges = False
    server.requests.clear()
    path = fetch([hub])
    size = (server.folder / 'model.safetensors').stat().st_size
    assert server.requests[-1].sent == size
    assert sha256(path) == digest
    assert cached() == ['vgg19-11aea017.safetensors']
    assert 'whole files only' in capsys.readouterr().err


def test_a_whole_file_with_another_hash_is_refused(server, hub):
    server.ranges = False
    with pytest.raises(InputError, match=r'not the published file .its sha256 hash differs'):
        fetch([replace(hub, hash=HUB.hash)], quiet=True)
    assert cached() == []


def test_redirects_are_followed_with_the_range(server, hub):
    server.redirects = {'/model.safetensors': '/cdn/blob'}
    server.redirect_headers = {'X-Linked-Etag': f'"{hub.hash[7:]}"'}
    (server.folder / 'cdn').mkdir()
    (server.folder / 'model.safetensors').rename(server.folder / 'cdn' / 'blob')
    assert_small_network(fetch([hub], quiet=True))
    assert {request.path for request in server.requests if request.sent} == {'/cdn/blob'}


def test_a_linked_hash_that_differs_is_refused_before_the_first_byte(server, hub):
    server.redirects = {'/model.safetensors': '/blob'}
    server.redirect_headers = {'X-Linked-Etag': '"' + '0' * 64 + '"'}
    (server.folder / 'model.safetensors').rename(server.folder / 'blob')
    with pytest.raises(InputError, match='not the published one'):
        fetch([hub], quiet=True)
    assert cached() == []


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda a: a.update({'features.5.bias': numpy.full(3, numpy.nan)}), 'not all finite'),
        (lambda a: a.update({'features.5.bias': numpy.zeros(9, 'float32')}), 'of shape .9,'),
        (lambda a: a.update({'features.5.weight': numpy.zeros((2, 3, 3, 3))}), 'of shape .2, 3,'),
        (lambda a: a.pop('features.5.bias'), "no 'features.5.bias'"),
    ],
)
def test_tensors_that_are_not_those_of_the_network_are_refused(server, hub, damage, message):
    arrays = torch_arrays()
    damage(arrays)
    write_timm(server.folder / 'model.safetensors', arrays)
    with pytest.raises(InputError, match=message):
        fetch([hub], quiet=True)
    assert cached() == []


@pytest.mark.parametrize(
    ('name', 'place'),
    [
        ('features.5.bias', [0.0, 12.0]),
        ('features.5.bias', [-(10**6), 12 - 10**6]),
        ('features.5.bias', [10**30, 10**30 + 12]),
        ('features.5.bias', ['', None]),
        ('head.fc.bias', []),
        ('head.fc.bias', {}),
    ],
)
def test_tensors_that_lie_nowhere_are_not_asked_for(server, hub, name, place):
    path = server.folder / 'model.safetensors'
    served = path.read_bytes()
    begin = 8 + int.from_bytes(served[:8], 'little')
    header = json.loads(served[8:begin])
    assert header['features.5.bias']['shape'] == [3]
    header[name]['data_offsets'] = place
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, 'little') + text + served[begin:])
    with pytest.raises(
        InputError, match=r'would lie at -|not a safetensors file|but the file has|has no 1'
    ):
        fetch([hub], quiet=True)
    assert cached() == []
    assert len(server.requests) == 2


def test_a_web_page_is_not_taken_for_weights(server, hub):
    (server.folder / 'model.safetensors').write_text('<html>please log in</html>' * 99)
    with pytest.raises(InputError, match='not a safetensors file'):
        fetch([hub], quiet=True)
    assert cached() == []


def test_a_file_that_is_not_as_long_as_its_header_says_is_refused(server, hub):
    with open(server.folder / 'model.safetensors', 'ab') as file:
        file.write(b'more')
    with pytest.raises(InputError, match='but the file has'):
        fetch([hub], quiet=True)
    assert cached() == []


# --- transfers that break off ---


def test_a_transfer_that_breaks_off_goes_on_behind_the_last_byte(server, hub):
    fetch([hub], quiet=True).unlink()
    needed = server.sent
    server.requests.clear()
    server.cuts = [0, None, 1024, None, 2048, 1024]
    assert_small_network(fetch([hub], quiet=True))
    assert server.sent == needed
    assert len(server.requests) == 4 + 4


def test_the_next_run_goes_on_where_the_last_one_gave_up(server, hub):
    fetch([hub], quiet=True).unlink()
    needed = server.sent
    server.requests.clear()
    server.cuts = [None, None, 2048, 0, 0]
    with pytest.raises(InputError, match=r'broke off|IncompleteRead'):
        fetch([hub], quiet=True)
    assert cached() == ['vgg19-11aea017.safetensors.part']
    assert_small_network(fetch([hub], quiet=True))
    assert server.sent == needed
    assert cached() == ['vgg19-11aea017.safetensors']


@pytest.mark.parametrize('name', ['vgg.h5', 'vgg.params'])
def test_whole_files_are_continued_too(server, name):
    source = whole(server, name, KERAS if name == 'vgg.h5' else EXAMPLE)
    size = (server.folder / name).stat().st_size
    server.cuts = [2048, 0, 0]
    with pytest.raises(InputError):
        fetch([source], quiet=True)
    path = fetch([source], quiet=True)
    assert server.requests[-1].range == 'bytes=2048-'
    assert server.sent == size
    assert path.read_bytes() == (server.folder / name).read_bytes()


def test_a_server_may_send_less_than_is_asked_for(server, hub):
    server.slice = 4000
    assert_small_network(fetch([hub], quiet=True))
    source = whole(server)
    server.cuts = [2048]
    path = fetch([source], quiet=True)
    assert path.read_bytes() == (server.folder / 'vgg.h5').read_bytes()


def test_a_whole_file_from_a_server_without_ranges_starts_anew(server):
    source = whole(server)
    server.ranges = False
    server.cuts = [2048]
    path = fetch([source], quiet=True)
    assert path.read_bytes() == (server.folder / 'vgg.h5').read_bytes()


def test_a_part_that_is_complete_is_not_transferred_again(server):
    source = whole(server)
    cache_folder().mkdir(parents=True)
    part = cache_folder() / (source.file + '.part')
    part.write_bytes((server.folder / 'vgg.h5').read_bytes())
    assert fetch([source], quiet=True).is_file()
    assert server.sent == 0


@pytest.mark.parametrize('length', [5, 1000, 10**6])
def test_a_part_of_something_else_is_thrown_away(server, hub, length):
    for source in (hub, whole(server)):
        cache_folder().mkdir(parents=True, exist_ok=True)
        (cache_folder() / (source.file + '.part')).write_bytes(b'\1' * length)
        path = fetch([source], quiet=True)
        assert len(read_weights(path)) >= 13
        path.unlink()


# --- servers that do not deliver ---


@pytest.mark.parametrize('status', [403, 404, 410])
def test_a_no_is_taken_for_a_no_and_the_next_source_asked(server, hub, status, capsys):
    server.answers = [(status, {})]
    source = whole(server)
    assert fetch([hub, source]) == source.location
    assert len(server.requests) == 2
    assert f'no weights from {hub.name}: HTTP {status}' in capsys.readouterr().err


@pytest.mark.parametrize('status', [429, 500, 503])
def test_a_not_now_is_asked_again(server, hub, status):
    server.answers = [(status, {}), (status, {})]
    assert_small_network(fetch([hub], quiet=True))
    assert len(server.requests) == 6


def test_pauses_grow_and_a_server_may_ask_for_longer_ones(server, hub, clock, monkeypatch):
    monkeypatch.setattr(transfer, 'PAUSES', (1.0, 2.0, 4.0))
    server.answers = [(500, {}), (429, {'Retry-After': '7'}), (503, {'Retry-After': 'soon'})]
    fetch([hub], quiet=True)
    assert clock.slept == [1.0, 7.0, 4.0]


@pytest.mark.parametrize('wait', ['3600', formatdate(4e9, usegmt=True)])
def test_a_server_that_asks_for_an_hour_is_passed_over(server, hub, wait):
    server.answers = [(429, {'Retry-After': wait})]
    with pytest.raises(InputError, match=r'HTTP 429 .*, wait for \d+ seconds'):
        fetch([hub], quiet=True)
    assert len(server.requests) == 1


def test_a_dead_server_is_named_with_the_reason(server, hub):
    with WeightsServer(server.folder) as dead:
        pass
    source = whole(server)
    assert fetch([replace(hub, host=dead.url), source], quiet=True) == source.location
    source.location.unlink()
    with pytest.raises(InputError) as caught:
        fetch([replace(hub, host=dead.url)], quiet=True)
    assert 'Connection refused' in str(caught.value)
    assert '--weights FILE' in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_silent_server_is_not_waited_for(server, hub, monkeypatch):
    monkeypatch.setattr(transfer, 'TIMEOUTS', (0.2, 0.2))
    source = whole(server)
    with WeightsServer(server.folder) as silent:
        silent.silent = True
        path = fetch([replace(hub, host=silent.url), source], quiet=True)
        assert len(silent.requests) == 3
    assert path == source.location


# --- servers that would never end ---

OK = b'HTTP/1.1 200 OK\r\n'


def endlessly(piece, seconds=0.0):
    while True:
        yield piece
        transfer.time.now += seconds


def then(*parts):
    """Make an answer of bytes, and of generators of bytes."""
    for part in parts:
        yield from [part] if isinstance(part, bytes) else part


MB = bytes(1 << 20)
DRIP = 'kB a second only'
SPEECHES = {
    'no length': (lambda r: then(OK, b'\r\n', endlessly(MB)), 'sends 2 MB or more'),
    'a length that is none': (
        lambda r: then(OK, b'Content-Length: -1\r\n\r\n', endlessly(MB)),
        'sends 2 MB or more',
    ),
    'pieces without end': (
        lambda r: then(
            OK, b'Transfer-Encoding: chunked\r\n\r\n', endlessly(b'7\r\nweights\r\n' * 9999)
        ),
        'sends 2 MB or more',
    ),
    'a false length': (
        lambda r: then(OK, b'Content-Length: 9000000000\r\n\r\n', endlessly(MB)),
        'sends 9000 MB or more, but the file has about 2 MB',
    ),
    'a false range': (
        lambda r: then(
            b'HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-99999/9000000000\r\n\r\n',
            endlessly(MB),
        ),
        'sends 9000 MB or more',
    ),
    'something packed': (
        lambda r: then(OK, b'Content-Encoding: gzip\r\n\r\n', endlessly(MB)),
        'and sends gzip',
    ),
    'a length that is short': (
        lambda r: then(OK, b'Content-Length: 2000\r\n\r\n', endlessly(MB)),
        'not the published file',
    ),
    'a drip': (lambda r: then(OK, b'\r\n', endlessly(b'!', 5)), DRIP),
    'a dripping header': (lambda r: then(OK, b'Why: ', endlessly(b'!', 5)), DRIP),
    'continue': (lambda r: endlessly(b'HTTP/1.1 100 Continue\r\n\r\n' * 999, 1), DRIP),
    'more headers': (
        lambda r: then(
            OK, b'Transfer-Encoding: chunked\r\n\r\n0\r\n', endlessly(b'a: b\r\n' * 999, 1)
        ),
        DRIP,
    ),
    'commands to a terminal': (
        lambda r: then(b'HTTP/1.1 404 \x1b[2J\x9bgone\r\n\r\n'),
        r'HTTP 404 \x1b[2J\x9bgone',
    ),
    'a long story': (
        lambda r: then(b'HTTP/1.1 404 ' + b'alas ' * 999 + b'\r\n\r\n'),
        'HTTP 404 alas alas',
    ),
    'a wait of a thousand years': (
        lambda r: then(
            b'HTTP/1.1 503 no\r\nRetry-After: Mon, 01 Jan 99999999999 00:00:00 GMT\r\n\r\n'
        ),
        'HTTP 503 no',
    ),
}


@pytest.mark.parametrize('speech', SPEECHES)
def test_a_server_that_would_never_end_is_left_for_another(server, clock, speech, capsys):
    other = whole(server)
    speak, message = SPEECHES[speech]
    with speaking(speak) as address:
        bad = replace(EXAMPLE, name='bad', host=address, size=2_000_000)
        path = fetch([bad, other])
    assert path == other.location
    assert cached() == [other.file]
    told = capsys.readouterr().err
    (line,) = [line for line in told.splitlines() if line.startswith('no weights from bad: ')]
    assert message in line
    assert '\x1b' not in line
    assert len(line) < 250


def test_what_is_sent_beside_a_redirect_is_not_read():
    rest = iter(100 * [MB])

    def speak(request):
        if b'/there' in request:
            return then(b'HTTP/1.1 404 gone\r\n\r\n')
        found = b'HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Encoding: gzip\r\n\r\n'
        return then(found, rest)

    with speaking(speak) as address, pytest.raises(InputError, match='HTTP 404 gone'):
        fetch([replace(EXAMPLE, host=address)], quiet=True)
    assert len(list(rest)) > 50  # some of it the system takes


def test_a_proxy_is_watched_too(clock, monkeypatch):
    monkeypatch.setattr(transfer, 'PAUSES', ())
    monkeypatch.setenv('NO_PROXY', '')
    with speaking(SPEECHES['a dripping header'][0]) as address:
        monkeypatch.setenv('HTTP_PROXY', address)
        with pytest.raises(InputError, match=DRIP):
            fetch([replace(EXAMPLE, host='http://weights.invalid')], quiet=True)


def test_a_byte_for_each_request_is_not_gone_on_with(server, hub, monkeypatch):
    monkeypatch.setattr(transfer, 'MOST_REQUESTS', 20)
    server.slice = 1
    for source in (hub, whole(server)):
        server.requests.clear()
        server.cuts = [1024]  # so that the whole file is continued by a range
        with pytest.raises(InputError, match='20 requests were not enough'):
            fetch([source], quiet=True)
        assert len(server.requests) == 20


def test_a_server_that_begins_again_and_again_is_left(monkeypatch):
    """It goes a little further each time, so that there is always progress."""
    monkeypatch.setattr(transfer, '_PROGRESS', 1)
    sizes = iter(range(100_000, 2_000_000, 100_000))
    length = b'Content-Length: 2000000\r\n\r\n'
    with speaking(lambda r: then(OK, length, bytes(next(sizes)))) as address:
        bad = replace(EXAMPLE, host=address, size=2_000_000)
        with pytest.raises(InputError, match='the same again and again'):
            fetch([bad], quiet=True)
    assert next(sizes) == 1_300_000  # 0.1 + ... + 1.2 MB are more than three times 2.2 MB


def test_the_pace_is_that_of_all_attempts(clock, monkeypatch):
    """Each answer is quick but short, and takes its time to come."""
    monkeypatch.setattr(transfer, '_PROGRESS', 1)
    sizes = iter(range(1024, 1_000_000, 1024))

    def speak(request):
        clock.now += 9
        return then(OK, b'Content-Length: 1000000\r\n\r\n', bytes(next(sizes)))

    with speaking(speak) as address, pytest.raises(InputError, match=DRIP):
        fetch([replace(EXAMPLE, host=address)], quiet=True)
    assert next(sizes) == 5 * 1024  # a fourth answer came, too late


def test_a_server_that_is_fast_enough_is_heard_to_the_end(server, clock, monkeypatch):
    monkeypatch.setattr(transfer, 'PATIENCE', 0.5)
    source = whole(server, 'vgg.params', EXAMPLE)
    for pace in (11_000, 9_000):

        def update(bar, count, pace=pace):
            clock.now += count / pace

        monkeypatch.setattr('tqdm.tqdm.update', update)
        if pace > transfer.SLOWEST:
            fetch([source], quiet=True).unlink()
        else:
            with pytest.raises(InputError, match=r'it sent [89]\.\d kB a second only'):
                fetch([source], quiet=True)


def test_pauses_are_not_held_against_a_server(server, clock, monkeypatch):
    monkeypatch.setattr(transfer, 'PAUSES', (1.0, 2.0))
    server.answers = [(503, {'Retry-After': '60'}), (500, {})]
    source = whole(server)
    assert fetch([source], quiet=True) == source.location
    assert clock.slept == [60, 2]


def test_a_pace_that_is_just_enough_is_borne_and_looked_at_again_and_again(clock):
    pace = transfer._Pace()
    for count in (300_001, 330_000):
        clock.now += 30.0001
        pace.count += count
        pace.check()
    clock.now += 29
    pace.check()
    clock.now += 2
    with pytest.raises(transfer.RefusedError, match=r'0\.0 kB a second only'):
        pace.check()


def test_an_address_that_is_none_is_named(hub):
    with pytest.raises(InputError, match='htp:'):
        fetch([replace(hub, host='htp://nowhere')], quiet=True)


def test_all_failures_are_told_in_one_line(server, hub):
    server.answers = [(403, {}), (404, {})]
    with pytest.raises(InputError) as caught:
        fetch([hub, whole(server)], quiet=True)
    assert f'{HUB.name}: HTTP 403' in str(caught.value)
    assert f'{KERAS.name}: HTTP 404' in str(caught.value)


# --- whole files ---


@pytest.mark.parametrize(('name', 'like'), [('vgg.h5', KERAS), ('vgg.params', EXAMPLE)])
def test_a_whole_file_is_kept_as_it_is_published(server, name, like):
    path = fetch([whole(server, name, like)], quiet=True)
    assert path.name == like.file
    assert path.read_bytes() == (server.folder / name).read_bytes()
    assert describe(path) == {'source': like.name, 'sha256': sha256(path)}
    assert len(read_weights(path)) == 16


@pytest.mark.parametrize(('name', 'like'), [('vgg.h5', KERAS), ('vgg.params', EXAMPLE)])
def test_a_whole_file_with_a_wrong_hash_does_not_stay(server, name, like):
    source = replace(whole(server, name, like), hash=like.hash)
    with pytest.raises(InputError, match='hash differs'):
        fetch([source], quiet=True)
    assert cached() == []
    assert len(server.requests) == 1


def zipped(server, member='vgg19-ad2f660d.params'):
    write_params(server.folder / 'weights.params', torch_arrays())
    content = (server.folder / 'weights.params').read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    path = server.folder / 'gluon' / 'models' / 'vgg19-ad2f660d.zip'
    path.parent.mkdir(parents=True)
    path.write_bytes(packed.getvalue())
    return path, content


def test_gluons_zoo_is_unpacked_to_where_gluon_looks_for_it(server, monkeypatch):
    _, content = zipped(server)
    monkeypatch.setenv('MXNET_GLUON_REPO', server.url + '/')
    digest = file_hash(server.folder / 'weights.params', 'sha1')
    path = fetch([replace(GLUON, hash=f'sha1:{digest}')], quiet=True)
    assert path == cache_folder() / 'vgg19-ad2f660d.params'
    assert path.read_bytes() == content
    assert cached() == ['vgg19-ad2f660d.params']
    assert_small_network_begins(path)


def assert_small_network_begins(path):
    numpy.testing.assert_array_equal(
        read_weights(path)[12][0], torch_arrays()['features.28.weight']
    )


@pytest.mark.parametrize('damage', ['hash', 'member', 'bytes', 'page', 'size', 'kind'])
def test_a_damaged_zip_is_refused(server, monkeypatch, damage):
    path, _ = zipped(server, 'other.params' if damage == 'member' else 'vgg19-ad2f660d.params')
    monkeypatch.setenv('MXNET_GLUON_REPO', server.url)
    source = replace(GLUON, hash=f'sha1:{file_hash(server.folder / "weights.params", "sha1")}')
    if damage == 'hash':
        source = GLUON
    elif damage == 'bytes':
        content = path.read_bytes()
        path.write_bytes(content[:200] + b'\0' * 50 + content[250:])
    elif damage == 'page':
        path.write_text('<html>')
    elif damage == 'size':
        monkeypatch.setattr(fetching, 'LARGEST_FILE', 10_000)
    elif damage == 'kind':
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_BZIP2) as archive:
            archive.write(server.folder / 'weights.params', GLUON.file)
    expected = {
        'hash': 'hash differs',
        'size': 'would unpack to 0 MB',
        'kind': 'in an unusual way',
    }
    with pytest.raises(InputError, match=expected.get(damage, 'cannot be unpacked')):
        fetch([source], quiet=True)
    assert cached() == []


# --- this machine ---


def test_what_gluon_has_downloaded_is_found_without_a_request(server, hub):
    cache_folder().mkdir(parents=True)
    write_params(cache_folder() / GLUON.file, torch_arrays())
    assert local_weights([hub, GLUON]) == cache_folder() / 'vgg19-ad2f660d.params'
    assert fetch([hub, GLUON]) == cache_folder() / 'vgg19-ad2f660d.params'
    assert server.requests == []


def test_bundled_weights_that_are_gone_are_not_looked_for_in_the_network():
    gone = replace(SOURCES['vgg19_slim'][0], file='gone.safetensors')
    assert local_weights([gone]) is None
    with pytest.raises(InputError, match='install it again'):
        fetch([gone])


def test_a_cache_that_cannot_be_written_is_named(server, hub, tmp_path):
    (tmp_path / 'home').write_text('a file where the folder should be')
    with pytest.raises(InputError, match=r'home/models.*MXNET_HOME.*--weights'):
        fetch([hub], quiet=True)
    assert server.requests == []


def test_a_lock_that_cannot_be_taken_is_told(server, hub):
    (cache_folder() / 'styletransfer.lock').mkdir(parents=True)
    with pytest.raises(InputError, match='MXNET_HOME'):
        fetch([hub], quiet=True)
    assert server.requests == []


class FullDisk:
    """A file that takes so many bytes and no more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()

    def write(self, block):
        self.room -= len(block)
        if self.room < 0:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return self.file.write(block)


def test_a_full_disk_is_told_and_left_as_it_was(server, hub, monkeypatch):
    def open_on_full_disk(path, mode='r'):
        file = open(path, mode)  # noqa: SIM115  (FullDisk closes it)
        return file if 'r' in mode else FullDisk(file, room=500)

    monkeypatch.setattr(transfer, 'open', open_on_full_disk, raising=False)
    with pytest.raises(InputError, match=r'No space left on device.*free some space'):
        fetch([hub, whole(server)], quiet=True)
    assert cached() == []
    assert {request.path for request in server.requests} == {'/model.safetensors'}


def test_a_disk_that_fills_while_the_file_is_put_in_place(server, hub, monkeypatch):
    def write_bytes(self, data):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(fetching.Path, 'write_bytes', write_bytes)
    with pytest.raises(InputError, match='No space left on device'):
        fetch([hub], quiet=True)
    assert cached() == []


# --- what the user sees ---


def test_one_line_says_what_from_where_and_how_much_and_a_bar_how_far(server, hub, capsys):
    url = server.url + '/model.safetensors'
    fetch([hub])
    captured = capsys.readouterr()
    line, bar = captured.err.split('\n', 1)
    assert line == f'fetching vgg19-11aea017.safetensors, 52 MB from {url}'
    assert '%|' in bar
    assert captured.out == ''


def test_quiet_is_quiet(server, hub, capsys):
    server.answers = [(404, {})]
    fetch([hub, whole(server)], quiet=True)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ''


def test_mirrors_are_taken_from_the_environment(monkeypatch):
    assert HUB.url == 'https://huggingface.co/timm/vgg19.tv_in1k/resolve/main/model.safetensors'
    assert GLUON.url.endswith('.amazonaws.com/gluon/models/vgg19-ad2f660d.zip')
    monkeypatch.setenv('HF_ENDPOINT', 'https://mirror.example/hf/')
    monkeypatch.setenv('MXNET_GLUON_REPO', 'https://mirror.example/mx')
    base = 'https://mirror.example'
    assert HUB.url == f'{base}/hf/timm/vgg19.tv_in1k/resolve/main/model.safetensors'
    assert GLUON.url == f'{base}/mx/gluon/models/vgg19-ad2f660d.zip'
    assert HUB.published_url.startswith('https://huggingface.co/')
    assert KERAS.url == KERAS.published_url
