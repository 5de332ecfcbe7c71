"""The server without a browser: what can be read, what is refused, and who comes in."""

import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import fields
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from styletransfer.images import samples
from styletransfer.studio import __main__ as command
from styletransfer.studio import server
from styletransfer.studio.__main__ import PASSWORD, main
from styletransfer.studio.limits import MOST_BYTES
from styletransfer.studio.server import MOST_REQUEST, Guard, listening, make_app

# Gradio leaves event loops and their sockets to be closed when nobody refers to them any more
pytestmark = [
    pytest.mark.filterwarnings(
        'ignore::pytest.PytestUnraisableExceptionWarning', 'ignore::ResourceWarning'
    ),
    pytest.mark.usefixtures('loops_of_others'),
]

ROOT = Path(__file__).parent.parent.parent
FILE = '/gradio_api/file='
SECONDS = 120  # to wait for what takes none; many machines are slow and busy


class Nobody:
    """Stands for a line in which nothing is painted."""

    def enter(self, task):
        raise AssertionError('nothing is to be painted')


@contextmanager
def served(root, **how):
    """Serve the studio at a port of this machine, and give a client of it."""
    import httpx
    import uvicorn

    app = make_app(Nobody(), root, **how)
    running = uvicorn.Server(uvicorn.Config(app, log_level='error', timeout_graceful_shutdown=1))
    with listening('127.0.0.1', 0) as ours:
        thread = threading.Thread(target=running.run, kwargs={'sockets': [ours]})
        thread.start()
        url = f'http://127.0.0.1:{ours.getsockname()[1]}'
        try:
            with httpx.Client(base_url=url, timeout=SECONDS, trust_env=False) as client:
                yield client
        finally:
            running.should_exit = True
            thread.join()


def get(client, path):
    """Return status and body for a path just as it is: a client would tidy it up first."""
    with closing(HTTPConnection(client.base_url.host, client.base_url.port, SECONDS)) as line:
        line.request('GET', path)
        answer = line.getresponse()
        return answer.status, answer.read()


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return tmp_path_factory.mktemp('root')


@pytest.fixture(scope='module')
def client(root):
    """Return a client of the studio, which can reach no other machine."""
    connect = socket.socket.connect

    def nowhere(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ('127.0.0.1', '::1'):
            raise AssertionError(f'{address} is not this machine')
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, 'connect', nowhere)
        with served(root) as client:
            yield client


def config(client):
    return client.get('/config').json()


@pytest.mark.parametrize(('page', 'title'), [('', 'Studio'), ('zh', '画室')])
def test_the_page_is_there_in_both_languages_and_says_so_before_all_else(client, page, title):
    answer = client.get(f'/{page}')
    assert answer.status_code == 200
    assert answer.text.index('Object.defineProperty(navigator') < answer.text.index('<meta')
    assert title in answer.text


def test_the_page_names_no_other_machine_from_which_a_browser_would_load(client):
    pattern = r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//'
    loaded = re.findall(pattern, client.get('/').text)
    assert loaded == []
    theme = client.get('/theme.css').text
    assert '@import' not in theme
    assert not re.search(r'url\(.?(?:https?:)?//', theme)
    assert 'system-ui' in theme


def test_a_new_control_is_on_the_page_by_itself(tmp_path, monkeypatch):
    from test_orders import More

    from styletransfer.train.wish import OPTIONS

    for entry in fields(More):
        monkeypatch.setitem(OPTIONS, entry.name, entry)
    import gradio as gr

    from styletransfer.studio.page import build
    from styletransfer.studio.pages import Pages

    blocks = build(Nobody(), Pages(tmp_path), tmp_path / 'samples')
    found = {b.elem_id: type(b) for b in blocks.blocks.values() if getattr(b, 'elem_id', None)}
    assert found['knob-glow'] is found['knob-halos'] is gr.Number
    assert found['knob-haze'] is gr.Checkbox
    assert found['knob-mood'] is found['knob-stencil'] is gr.Dropdown


def test_what_lies_in_a_pages_folder_and_the_samples_can_be_read(client, root):
    own = root / 'pages' / 'unguessable' / 'x.png'
    own.parent.mkdir()
    Image.new('RGB', (3, 2)).save(own)
    for path in (own, samples('content')['lake'], root / 'samples' / 'style' / 'irises.jpg'):
        answer = client.get(FILE + quote(str(path)))
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()


@pytest.mark.parametrize(
    'path',
    [
        '/etc/passwd',
        str(ROOT / 'pyproject.toml'),
        'pyproject.toml',
        '../../../../../etc/passwd',
        '{pages}/../../../../../../etc/passwd',
        '{pages}/..%2f..%2f..%2f..%2f..%2fetc/passwd',
        '{pages}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
        '{pages}/link',
        '{pages}',
        '{pages}/../secret.txt',
        '{samples}/../CREDITS.csv',
        '//etc/passwd',
        'file:///etc/passwd',
        '/proc/self/environ',
        '/etc/passwd%00.png',
        'http://example.com/x.png',
        'https:/example.com/x.png',
    ],
)
def test_no_other_file_can_be_read(client, root, path):
    (root / 'secret.txt').write_text('secret')
    link = root / 'pages' / 'link'
    if not link.is_symlink():
        link.symlink_to('/etc/passwd')
    path = path.format(pages=root / 'pages', samples=samples('content')['lake'].parent)
    for prefix in (FILE, '/gradio_api/file/', '/file=', '/static/', '/gradio_api/stream/'):
        status, body = get(client, prefix + path)
        assert status in (400, 403, 404, 405, 422), prefix
        assert b'root:' not in body
        assert b'requires-python' not in body
        assert body != b'secret'


def run(client, name, data):
    """Do what a click would, and return the last that the server says of it."""
    made = config(client)
    part = next(p['id'] for p in made['components'] if p['props'].get('elem_id') == name)
    number = next(d['id'] for d in made['dependencies'] if [part, 'upload'] in d['targets'])
    client.post(
        '/gradio_api/queue/join', json={'fn_index': number, 'data': data, 'session_hash': 'abc'}
    )
    with client.stream('GET', '/gradio_api/queue/data?session_hash=abc') as stream:
        for line in stream.iter_lines():
            message = json.loads(line[6:]) if line.startswith('data: ') else {}
            if message.get('msg') == 'process_completed':
                return message
    return {}


@pytest.mark.parametrize(
    'path', ['/etc/passwd', str(ROOT / 'assets/CREDITS.csv'), '/tmp/../etc/passwd']
)
def test_no_file_that_was_not_dropped_can_be_taken(client, root, path):
    told = {'path': path, 'meta': {'_type': 'gradio.FileData'}, 'orig_name': 'x.png'}
    before = Path(path).read_bytes()
    done = run(client, 'own-photo', [[told], 'lake', ['irises']])
    assert done.get('success') is False
    assert Path(path).read_bytes() == before


def test_a_picture_that_is_dropped_is_the_pages_own_and_one_that_is_none_is_refused(client, root):
    Image.new('RGB', (5, 4), 'red').save(root / 'mine.png')
    for content, name in (
        (Path(root / 'mine.png').read_bytes(), 'mine.png'),
        (b'<svg>', 'bad.png'),
    ):
        answer = client.post('/gradio_api/upload', files={'files': (name, content)})
        (path,) = answer.json()
        told = {'path': path, 'meta': {'_type': 'gradio.FileData'}, 'orig_name': name}
        done = run(client, 'own-photo', [[told], 'lake', ['irises']])
        assert done['success'], done
        assert not Path(path).exists()
        _, photo, _, status, *_ = done['output']['data']
        if name == 'mine.png':
            assert photo['value'] == 'mine.png'
            (own,) = (root / 'pages').glob('*/mine.png')
            assert own.read_bytes() == content
        else:
            assert 'bad.png is not taken' in status


def test_what_is_too_large_is_refused(client):
    answer = client.post('/gradio_api/upload', files={'files': ('x.png', bytes(MOST_BYTES + 1))})
    assert answer.status_code == 413
    for length in (str(MOST_REQUEST + 1), '-1', 'many'):
        assert Guard(None, local=False).refusal('/', {b'content-length': length})[0] == 413


def test_a_body_that_does_not_say_how_long_it_is_is_counted():
    import asyncio

    messages = [{'type': 'http.request', 'body': bytes(MOST_REQUEST // 2), 'more_body': True}] * 3

    async def receive():
        return messages.pop()

    received = server.counted(receive)
    kinds = [asyncio.run(received())['type'] for _ in range(3)]
    assert kinds == ['http.request', 'http.request', 'http.disconnect']


def test_only_names_of_this_machine_are_answered(client):
    assert client.get('/', headers={'host': 'evil.example'}).status_code == 421
    for host in ('localhost:7860', '127.0.0.1', '[::1]:7860'):
        assert client.get('/', headers={'host': host}).status_code == 200


def test_others_need_the_password(tmp_path):
    with served(tmp_path, password='open sesame', local=False) as client:
        for path in ('/config', '/gradio_api/info', FILE + str(samples('content')['lake'])):
            assert client.get(path).status_code == 401
        wrong = client.post('/login', data={'username': 'me', 'password': 'open barley'})
        assert wrong.status_code == 400
        right = client.post('/login', data={'username': 'me', 'password': 'open sesame'})
        assert right.status_code == 200
        assert 'components' in config(client)


@pytest.mark.parametrize(
    ('argv', 'word', 'message'),
    [
        (['--host', '0.0.0.0'], '', 'there must be a password'),
        (['--host', '0.0.0.0'], 'short', 'at least 8 characters'),
        (['--port', '65536'], '', 'at most 65535'),
        (['--port', '-1'], '', 'must not be below 0'),
        (['--hots', 'x'], '', "did you mean '--host'"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(argv, word, message, capsys, monkeypatch):
    monkeypatch.setenv(PASSWORD, word)
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


def test_without_the_extra_it_is_told_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setattr(command.importlib.util, 'find_spec', lambda name: None)
    assert main([]) == 2
    expected = (
        "error: the studio needs Gradio, which is not here: pip install 'styletransfer[web]'\n"
    )
    assert capsys.readouterr().err == expected


def test_a_port_that_is_taken_is_told():
    from styletransfer.errors import InputError

    with listening('127.0.0.1', 0) as ours:
        ours.listen()
        with pytest.raises(InputError, match='try another --port'):
            listening('127.0.0.1', ours.getsockname()[1])


def test_the_help_needs_no_gradio():
    program = (
        'import sys; sys.modules["gradio"] = None\n'
        'from styletransfer.studio.__main__ import main; main(["--help"])'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert '--host' in done.stdout, done.stderr
