"""A fresh Python process that runs a notebook's code, whatever kernels are installed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any, Dict, NamedTuple, Sequence, Tuple

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

import styletransfer

SECONDS_TO_START = 120


class ThisPython(KernelSpecManager):
    """Starts the Python that runs this."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how ipykernel is started."""
        argv = [sys.executable, '-m', 'ipykernel_launcher', '-f', '{connection_file}']
        argv.append('--log-level=ERROR')  # of the kernel itself: its notices are not ours
        return KernelSpec(argv=argv, display_name='Python 3', language='python')


def environment() -> Dict[str, str]:
    """Return the variables of a process that is to import this package, wherever it runs."""
    package = str(Path(styletransfer.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [package, os.environ.get('PYTHONPATH')]))
    return {**os.environ, 'PYTHONPATH': path}


class Reply(NamedTuple):
    """How a piece of code ended: 'ok', 'error', 'timeout', 'died'; and what was asked of it."""

    status: str
    name: str = ''  # of the exception
    values: Tuple[Any, ...] = ()


class Kernel:
    """A fresh Python process of Jupyter's, in an empty folder of its own."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.manager = KernelManager(kernel_name='python3', kernel_spec_manager=ThisPython())

    def __enter__(self) -> Kernel:
        variables = {**environment(), 'MPLBACKEND': 'agg'}
        variables.pop('NBGRADER_EXECUTION', None)
        self.manager.start_kernel(
            cwd=self.folder.name,
            env=variables,
            stdout=subprocess.DEVNULL,  # what the students print
            stderr=subprocess.DEVNULL,
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS_TO_START)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.folder.cleanup()

    def run(self, code: str, seconds: float, asked: Sequence[str] = ()) -> Reply:
        """Run code for at most so many seconds, then evaluate the expressions asked for."""
        sent = self.client.execute(
            code,
            store_history=False,
            allow_stdin=False,
            stop_on_error=False,
            user_expressions={str(i): expression for i, expression in enumerate(asked)},
        )
        reply = self._wait(sent, seconds)
        if reply.status == 'timeout':
            self.manager.interrupt_kernel()
            if self._wait(sent, 3).status in ('timeout', 'died'):
                return Reply('died')  # it does not listen: as good as dead
        return reply

    def _wait(self, sent: str, seconds: float) -> Reply:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                message = self.client.get_shell_msg(timeout=0.2)
            except Empty:
                if not self.manager.is_alive():
                    return Reply('died')
                continue
            if message['parent_header'].get('msg_id') == sent:
                return _reply(message['content'])
        return Reply('timeout')


def _reply(content: Dict[str, Any]) -> Reply:
    if content['status'] != 'ok':
        return Reply('error', content.get('ename', ''))
    values = []
    for i in range(len(content.get('user_expressions', {}))):
        answer = content['user_expressions'][str(i)]
        text = answer.get('data', {}).get('text/plain', 'None')
        try:
            values.append(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            values.append(None)
    return Reply('ok', '', tuple(values))
