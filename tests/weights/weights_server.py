"""For the tests of downloads: a server that serves the files of a folder, well or badly.

Nothing leaves the machine: the server listens on 127.0.0.1.
"""

from __future__ import annotations

import re
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple


@dataclass
class Request:
    """What was asked of the server, and how many bytes of body it sent."""

    path: str
    range: Optional[str]
    sent: int = 0


class WeightsServer:
    """Serve the files of a folder; the attributes say how well.

    ranges : whether ranges of bytes are honoured
    answers : statuses, with headers, that the next requests get instead of a file
    cuts : after how many bytes the next bodies break off; None for one that does not
    redirects : from path to path, with `redirect_headers`
    slice : how many bytes of a range are sent at most
    silent : requests get no answer at all
    gate : what the first body waits for
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ranges = True
        self.answers: List[Tuple[int, Dict[str, str]]] = []
        self.cuts: List[Optional[int]] = []
        self.redirects: Dict[str, str] = {}
        self.redirect_headers: Dict[str, str] = {}
        self.slice: Optional[int] = None
        self.silent = False
        self.gate: Optional[threading.Event] = None
        self.closing = threading.Event()
        self.requests: List[Request] = []
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), self._handler())
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> WeightsServer:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def sent(self) -> int:
        return sum(request.sent for request in self.requests)

    def _handler(server: WeightsServer) -> type:  # noqa: N805  (self is the handler's)
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(handler.path, handler.headers.get('Range'))
        self.requests.append(request)
        if self.silent:
            self.closing.wait()
            return
        if handler.path in self.redirects:
            handler.send_response(302)
            handler.send_header('Location', self.redirects[handler.path])
            self._end(handler, {**self.redirect_headers, 'Content-Length': '0'})
            return
        path = self.folder / handler.path.lstrip('/')
        if self.answers or not path.is_file():
            status, headers = self.answers.pop(0) if self.answers else (404, {})
            handler.send_response(status)
            self._end(handler, {'Content-Length': '0', **headers})
            return
        size = path.stat().st_size
        first, last = 0, size - 1
        asked = re.fullmatch(r'bytes=(\d+)-(\d*)', request.range or '') if self.ranges else None
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            last = min(last, first + self.slice - 1) if self.slice else last
        if first >= size:
            handler.send_response(416)
            self._end(handler, {'Content-Range': f'bytes */{size}', 'Content-Length': '0'})
            return
        handler.send_response(206 if asked else 200)
        if asked:
            handler.send_header('Content-Range', f'bytes {first}-{last}/{size}')
        self._end(handler, {'Content-Length': str(last + 1 - first)})
        cut = self.cuts.pop(0) if self.cuts else None
        stop = last + 1 if cut is None else min(last + 1, first + cut)
        if self.gate:
            self.gate.wait(60)
        with suppress(BrokenPipeError, ConnectionResetError):  # the client has heard enough
            self._send(handler, request, path, first, stop)
        handler.close_connection = True

    def _end(self, handler: BaseHTTPRequestHandler, headers: Dict[str, str]) -> None:
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    def _send(
        self, handler: BaseHTTPRequestHandler, request: Request, path: Path, first: int, stop: int
    ) -> None:
        step = 1 << 16
        with open(path, 'rb') as file:
            file.seek(first)
            for start in range(first, stop, step):
                block = file.read(min(step, stop - start))
                request.sent += len(block)  # before the client can have them and look
                handler.wfile.write(block)


@contextmanager
def speaking(speak: Callable[[bytes], Iterable[bytes]]) -> Iterator[str]:
    """Answer each request by the bytes that `speak` makes of it, whatever they are.

    Given is the address. Who has heard enough hangs up, which ends the answer.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = self.rfile.readline()
            while self.rfile.readline() not in (b'\r\n', b''):
                pass
            with suppress(OSError):
                for piece in speak(request):
                    self.wfile.write(piece)

    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_address[1]}'
        finally:
            server.shutdown()
            thread.join()


def wait_for(condition, seconds: float = 30) -> bool:
    """Wait until a condition holds; return whether it does."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()
