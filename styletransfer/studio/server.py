"""The server: the page on an address, what it refuses, and what is left behind: nothing."""

from __future__ import annotations

import hmac
import os
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, Awaitable, Callable, Dict, List, MutableMapping, Optional

from styletransfer.errors import InputError, printable, telling_line
from styletransfer.images import samples
from styletransfer.studio.limits import MOST_BYTES, MOST_PIXELS

LOOPBACK = ('127.0.0.1', 'localhost', '::1')
MOST_REQUEST = 3 * MOST_BYTES  # of all files that are dropped at once
GOODBYE = 2  # seconds that are left to pages when the server ends

# Before Gradio looks which language it speaks, the page says its own; who comes in a browser that
# speaks Chinese is led to the Chinese page, unless it was left by hand.
LANGUAGE = """<script>
(() => {
  const own = navigator.language || 'en', at = location.pathname.replace(/\\/$/, '');
  if (at === '' && own.startsWith('zh') && !location.search.includes('by=hand'))
    location.replace('/zh');
  const language = at.endsWith('/zh') ? 'zh-CN' : 'en';
  document.documentElement.lang = language;
  for (const [name, value] of [['language', language], ['languages', [language]]])
    Object.defineProperty(navigator, name, {get: () => value});
})();
</script>"""

CSS = """
.gradio-container { max-width: 1500px !important; margin: 0 auto !important; }
.nav-holder { display: none !important; }
header { display: flex; align-items: baseline; justify-content: space-between; }
header h1 { font-size: 1.6rem; font-weight: 600; margin: 0; }
.note { line-height: 1.5; overflow-wrap: anywhere; }
.note.bad { color: #b3261e; }
.note progress { width: 100%; height: 0.5rem; accent-color: currentColor; }
pre.plan { overflow-x: auto; font-size: 0.8rem; }
.mark { display: inline-block; width: 0.9em; height: 0.9em; margin: 0 0.3em 0 0.8em; }
#picture :is(.image-container, .image-frame, button, img) { width: 100% !important; }
#curves svg { width: 100%; height: auto; }
.shelf .grid-wrap { height: auto !important; min-height: 0 !important; max-height: none; }
.shelf .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important; }
.shelf .caption-label { font-size: 0.65rem; padding: 0 0.3em; max-width: 100%; }
.drop .wrap { font-size: 0.85rem; line-height: 1.3; padding-top: 1.2rem; }
.drop .icon-wrap { display: none; }
@media (max-width: 760px) { #desk { flex-direction: column; } #desk > * { width: 100%; } }
"""

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]


class Guard:
    """Stands before Gradio, and lets nothing through that is too large or leads elsewhere.

    A page that a stranger's server shows could ask for ours under a name of its own (DNS
    rebinding): on loopback only names of loopback are answered.

    Parameters
    ----------
    app : callable
        As ASGI has it.
    local : bool
        Whether the server is for this machine alone.
    """

    def __init__(self, app: App, local: bool) -> None:
        self.app, self.local = app, local

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer a request."""
        if scope['type'] != 'http':
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value.decode('latin-1') for name, value in scope['headers']}
        refusal = self.refusal(scope['path'], headers)
        if refusal:
            await answer(send, *refusal)
        elif scope['path'].strip('/') in ('', 'zh'):
            await self.page(scope, receive, send)
        else:
            await self.app(scope, counted(receive), send)

    def refusal(self, path: str, headers: Dict[bytes, str]) -> Optional[List[Any]]:
        """Return status and reason if a request is refused."""
        host = headers.get(b'host', '').rsplit(':', 1)[0].strip('[]')
        if self.local and host not in LOOPBACK:
            return [421, 'this server is for this machine alone']
        if 'file=http' in path or 'proxy=' in path:  # Gradio would fetch it for whoever asks
            return [403, 'no other machine is asked for anything']
        length = headers.get(b'content-length', '0')
        if not length.isdecimal() or int(length) > MOST_REQUEST:
            return [413, f'at most {MOST_REQUEST // 10**6} MB at once']
        return None

    async def page(self, scope: Scope, receive: Any, send: Send) -> None:
        """Let Gradio answer with its page, and put the choice of the language before all else."""
        kept = [pair for pair in scope['headers'] if pair[0].lower() != b'accept-encoding']
        start: Dict[str, Any] = {}
        body = b''

        async def changed(message: Any) -> None:
            nonlocal body
            if message['type'] == 'http.response.start':
                start.update(message)
                return
            body += message.get('body', b'')
            if message.get('more_body'):
                return
            body = body.replace(b'<head>', b'<head>' + LANGUAGE.encode(), 1)
            told = [pair for pair in start['headers'] if pair[0].lower() != b'content-length']
            start['headers'] = [*told, (b'content-length', str(len(body)).encode())]
            await send(start)
            await send({'type': 'http.response.body', 'body': body})

        await self.app({**scope, 'headers': kept}, receive, changed)


def counted(receive: Any) -> Any:
    """Return what receives a request, but ends it where it is larger than any may be."""
    seen = 0

    async def received() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get('body', b''))
        return {'type': 'http.disconnect'} if seen > MOST_REQUEST else message

    return received


async def answer(send: Send, status: int, reason: str) -> None:
    """Send a short answer."""
    headers = [(b'content-type', b'text/plain; charset=utf-8')]
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': reason.encode()})


def make_app(line: Any, root: Path, password: str = '', local: bool = True) -> Any:
    """Return the whole studio as ASGI has it.

    Parameters
    ----------
    line : Line
        Who paints.
    root : Path
        An empty folder, for all files that come and go.
    password : str, optional
        What one must know, by whatever name one calls oneself.
    local : bool
        As of `Guard`.
    """
    os.environ.update(GRADIO_ANALYTICS_ENABLED='False', GRADIO_TEMP_DIR=str(root / 'gradio'))
    os.environ.update(HF_HUB_OFFLINE='1', HF_HUB_DISABLE_TELEMETRY='1')
    import gradio as gr
    from fastapi import FastAPI

    from styletransfer.studio.page import build
    from styletransfer.studio.pages import Pages

    pages, small = root / 'pages', root / 'samples'
    pages.mkdir()
    folders = {path.parent for kind in ('content', 'style') for path in samples(kind).values()}
    gr.set_static_paths(
        [pages, small, *folders]
    )  # these are shown as they lie there, without a copy
    fonts: Dict[str, Any] = {
        'font': ['system-ui', 'sans-serif'],
        'font_mono': ['ui-monospace', 'monospace'],
    }

    def knows(name: str, word: str) -> bool:
        return hmac.compare_digest(word.encode(), password.encode())

    with warnings.catch_warnings():
        # it does without the other machinery for pages, Node, and says so though nobody asked
        warnings.filterwarnings('ignore', 'SSR mode is not supported')
        app = gr.mount_gradio_app(
            FastAPI(openapi_url=None),
            build(line, Pages(pages), small),
            path='/',
            auth=knows if password else None,
            theme=gr.themes.Base(primary_hue='stone', **fonts),
            css=CSS,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            mcp_server=False,
            ssr_mode=False,
            show_error=False,
            max_file_size=MOST_BYTES,
        )
    return Guard(app, local)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Raises
    ------
    InputError
        If the system refuses.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as failing:
            ours = failing.enter_context(socket.socket(family))
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ours.bind(address)
            failing.pop_all()  # it is open, for the caller to close
    except OSError as error:
        raise InputError(
            f'cannot listen at {host}:{port}: {telling_line(error)}; try another --port or --host'
        ) from error
    return ours


def serve(host: str, port: int, password: str) -> None:
    """Serve the studio until the process is asked to end; then all files go.

    Raises
    ------
    InputError
        If nothing can listen at that address.
    """
    import uvicorn
    from PIL import Image

    from styletransfer.studio.line import Line

    signal.signal(signal.SIGTERM, _end)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow raises at twice as many
    root = Path(tempfile.mkdtemp(prefix='styletransfer-studio-')).resolve()
    with listening(host, port) as ours:
        line = Line()
        try:
            app = make_app(line, root, password, local=host in LOOPBACK)
            config = uvicorn.Config(app, log_level='warning', timeout_graceful_shutdown=GOODBYE)
            place = f'[{host}]' if ':' in host else host
            words = f'The studio is at  http://{place}:{ours.getsockname()[1]}  (Ctrl-C ends it)'
            print(printable(words), flush=True)
            uvicorn.Server(config).run(sockets=[ours])
        finally:
            line.close()
            shutil.rmtree(root, ignore_errors=True)


def _end(number: int, frame: Optional[FrameType]) -> None:
    sys.exit(128 + number)
