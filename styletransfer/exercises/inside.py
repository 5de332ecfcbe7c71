"""What runs in a student's process: their cells, then their functions, on what the line brings.

It is started as a script, by `student`, where the tasks and their solutions are not, and knows
nothing of them. A student can change all of it; what they get out of that is their own answers.
"""

from __future__ import annotations

import signal
import socket
import sys
import types
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List

if TYPE_CHECKING:
    from styletransfer.exercises.wire import Line

EXERCISES = 'styletransfer.exercises'


class OutOfTimeError(BaseException):
    """What a student's code is interrupted by; no ``except Exception`` of theirs keeps it."""


def stand_in() -> types.ModuleType:
    """Return what students import as `exercises`: their own checks do nothing here.

    A function that never returns is so waited for only once.
    """
    module = types.ModuleType(EXERCISES)
    module.__path__ = [str(Path(__file__).parent)]  # while this file's own imports are made
    told: Dict[str, Any] = {
        'check': lambda name, *_, **__: None,
        'speak': lambda lang: None,
        'NotYetError': type('NotYetError', (AssertionError,), {}),
    }
    vars(module).update(told)
    sys.modules[EXERCISES] = module
    return module


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, again and again, as code may go on after the first time."""

    def ring(*_: object) -> None:
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def without(modules: List[str]) -> Iterator[None]:
    """Let nobody import some modules for a while."""
    kept = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(dict.fromkeys(modules))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def new_shell() -> Any:
    """Return what runs a notebook's cells, magic commands too, and shows nothing."""
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    HistoryManager.enabled = False  # type: ignore[assignment]

    class Shell(InteractiveShell):
        def ask_exit(self) -> None:
            raise SystemExit  # as in a program: at once, and not while a later cell runs

        def enable_gui(self, gui: Any = None) -> None:
            pass

        def showtraceback(self, *_: Any, **__: Any) -> None:
            pass

        showsyntaxerror = _showtraceback = showtraceback

    return Shell.instance(ast_node_interactivity='none')


class Inside:
    """A student's notebook, and what may be asked of it."""

    def __init__(self, line: Line) -> None:
        self.line, self.shell = line, new_shell()

    def serve(self, message: Dict[str, Any]) -> Dict[str, Any]:
        """Do what a message says and return the answer to send."""
        try:
            with alarm(message['seconds']):
                return getattr(self, message['do'])(message)
        except OutOfTimeError:
            return {'done': 'timeout'}

    def cell(self, message: Dict[str, Any]) -> Dict[str, Any]:
        """Run a cell."""
        result = self.shell.run_cell(message['source'], silent=True)
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, OutOfTimeError):
            return {'done': 'timeout'}
        return {'done': 'error', 'name': type(error).__name__} if error else {'done': 'ok'}

    def look(self, message: Dict[str, Any]) -> Dict[str, Any]:
        """Tell whether there is a function of a name, and why it need not be tried."""
        from styletransfer.exercises.calling import seed_all, unusable

        name = message['name']
        seed_all(message['seed'])
        if name not in self.shell.user_ns:
            return {'done': 'ok', 'there': False}
        hint = unusable(name, message['forbidden'], self.shell.user_ns[name])
        return {'done': 'ok', 'there': True, 'hint': hint}

    def answer(self, message: Dict[str, Any]) -> Dict[str, Any]:
        """Call the function of a name."""
        from styletransfer.exercises.wire import answered

        with without(message['absent']):
            return answered(self.shell.user_ns[message['name']], message['arguments'])

    def call(self, message: Dict[str, Any]) -> Dict[str, Any]:
        """Call what a function has returned."""
        from styletransfer.exercises.wire import answered

        return answered(self.line.functions[message['number']], message['arguments'])


def main(descriptor: int) -> None:
    """Answer until the line is cut."""
    module = stand_in()
    import styletransfer
    from styletransfer.exercises.wire import GoneError, Line

    styletransfer.exercises = module  # type: ignore[attr-defined]
    line = Line(socket.socket(fileno=descriptor), student=True)
    inside = Inside(line)
    line.serve = inside.serve
    del module.__path__
    line.send({'done': 'ok'})
    while True:
        try:
            line.reply(line.receive())
        except GoneError:
            return


if __name__ == '__main__':
    sys.path.pop(0)  # this file's folder: its modules are the package's
    main(int(sys.argv[1]))
