"""A session of requests in which somebody may look up whenever bytes come, headers' too.

The time-outs of requests are for each piece of an answer. A server that sends one byte now and
then, or ``100 Continue`` without end, keeps within them for ever. Here `look` is called with each
piece, however small, and may raise.
"""

from __future__ import annotations

import http.client
import io
from typing import Any, Callable

import requests
from requests.adapters import HTTPAdapter


def watched_session(look: Callable[[], None]) -> requests.Session:
    """Return a session that calls `look` after each piece that a socket gives."""
    session = requests.Session()
    adapter = _WatchedAdapter(look)
    session.mount('https://', adapter)
    session.mount('http://', adapter)
    session.hooks['response'].append(_leave_what_only_redirects)
    return session


def _leave_what_only_redirects(response: requests.Response, **options: object) -> None:
    # requests would read all of it, to the memory and unpacked, to use the connection again
    if response.is_redirect:
        response.raw.close()


class _WatchedAdapter(HTTPAdapter):
    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        if proxy not in self.proxy_manager:
            self._watch(super().proxy_manager_for(proxy, **options))
        return self.proxy_manager[proxy]

    def _watch(self, manager: Any) -> None:
        look = self.look

        class Answer(http.client.HTTPResponse):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                self.fp = io.BufferedReader(_WatchedStream(self.fp.detach(), look))

        # a manager makes pools, these make connections, and these make answers
        manager.pool_classes_by_scheme = {
            scheme: _with(pool, ConnectionCls=_with(pool.ConnectionCls, response_class=Answer))
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


def _with(base: type, **attributes: object) -> type:
    return type(base.__name__, (base,), attributes)


class _WatchedStream(io.RawIOBase):
    def __init__(self, stream: io.RawIOBase, look: Callable[[], None]) -> None:
        self.stream = stream
        self.look = look

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        count = self.stream.readinto(buffer)
        self.look()
        return count

    def close(self) -> None:
        self.stream.close()
        super().close()
