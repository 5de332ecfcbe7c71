"""A student's process, as the grader sees it: started between walls, asked, and ended."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from styletransfer.exercises.wire import GoneError, Line
from styletransfer.files import assets_folder

SECONDS_TO_START = 120
HERE = Path(__file__).resolve().parent
INSIDE = ('inside', 'wire', 'calling', 'values')  # the modules that a student's process has
HOME = '/student'  # between walls
SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32']
SYSTEM += [f'/etc/{name}' for name in ('ld.so.cache', 'alternatives', 'fonts', 'localtime')]
KEPT = ('PATH', 'LANG', 'TZ', 'LD_LIBRARY_PATH')  # variables; others may hold secrets
KEPT_KINDS = ('LC_', 'OMP_', 'MXNET_', 'STYLETRANSFER_')
# user ids of nobody's, as systemd gives to what comes and goes; each process has one of its own,
# as the limit of processes counts those of one id
NOBODY, NOBODIES = 61184, 4000
GIGABYTE = 10**9


class Limits(NamedTuple):
    """What one notebook may use."""

    cell: float = 30.0  # seconds for one cell of the student's
    check: float = 30.0  # seconds for one check
    notebook: float = 600.0  # seconds for all of them, starts included
    memory: float = 4.0  # GB of address space for a process; MXNet itself takes about one


DEFAULT_LIMITS = Limits()


def shown() -> List[str]:
    """Return what a student's process sees of the system: Python, the libraries, the package."""
    libraries = [*site.getsitepackages(), site.getusersitepackages()]
    for name in ('numpy', 'mxnet', 'IPython', 'matplotlib'):  # wherever they come from
        found = importlib.util.find_spec(name)
        if found and found.origin:
            libraries.append(str(Path(found.origin).parent.parent))
    python = [sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)]
    paths = [*SYSTEM, *python, *libraries, str(HERE.parent), str(assets_folder())]
    paths += os.environ.get('LD_LIBRARY_PATH', '').split(os.pathsep)
    real = [os.path.realpath(path) for path in paths if path and os.path.isdir(path)]
    forbidden = {'/', os.path.realpath(Path.home())}
    return sorted({*filter(os.path.isabs, paths), *real} - forbidden)


def hidden() -> List[str]:
    """Return which parts of that a student does not see: the exercises of this and any package."""
    packages = [path for path in shown() if os.path.isdir(path)]
    found = {str(HERE), *(f'{path}/styletransfer/exercises' for path in packages)}
    beside = HERE.parent.parent  # the course's folder, if this is no installed package
    found |= {f'{beside}/chapters', f'{beside}/tests'}
    return sorted(filter(os.path.isdir, found))


def limits_of(limits: Limits) -> Dict[str, int]:
    """Return what the system is told of the limits of a student's process."""
    cores = os.cpu_count() or 1
    return {
        'CPU': int(limits.notebook) * cores + 60,  # seconds; those on the clock end it before
        'AS': int(limits.memory * GIGABYTE),
        'FSIZE': GIGABYTE // 4,
        'NPROC': 256 + 8 * cores,  # threads count; MXNet needs some for each core
        'NOFILE': 1024,
        'CORE': 0,
    }


def variables(home: str) -> Dict[str, str]:
    """Return the variables of a student's process: none that may hold a secret."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith(KEPT_KINDS)
    }
    own = {'PYTHONPATH': str(HERE.parent.parent), 'PYTHONDONTWRITEBYTECODE': '1'}
    own.update(HOME=home, TMPDIR=home, USER='student', MPLBACKEND='agg')
    return {**kept, **own}


def environment() -> Dict[str, str]:
    """Return the variables of a judge, which is to import this package, wherever it runs."""
    path = os.pathsep.join(filter(None, [str(HERE.parent.parent), os.environ.get('PYTHONPATH')]))
    judges = {name: value for name, value in os.environ.items() if name != 'NBGRADER_EXECUTION'}
    return {**judges, 'PYTHONPATH': path}


def plan(
    program: List[str], limits: Limits, folder: str, walls: bool, keep: int
) -> Dict[str, Any]:
    """Return what `jail` is told about a program to start."""
    return {
        'argv': [sys.executable, *program],
        'env': variables(HOME if walls else folder),
        'keep': keep,
        'folder': folder,
        'walls': walls,
        'shown': shown(),
        'hidden': hidden(),
        'but': [str(HERE / f'{name}.py') for name in INSIDE],
        'limits': limits_of(limits),
        'bytes': GIGABYTE // 4,
        'uid': NOBODY + os.getpid() % NOBODIES,
    }


@lru_cache(maxsize=None)
def why_no_walls() -> Optional[str]:
    """Return why students' processes cannot be walled in on this system, None if they can."""
    if not sys.platform.startswith('linux'):
        return f'{sys.platform} has no namespaces'
    try:
        with Process(['-c', 'import styletransfer'], DEFAULT_LIMITS, walls=True) as process:
            code = process.jail.wait(SECONDS_TO_START)
            said = process.said()
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return None if code == 0 else said or 'the package cannot be imported there'


class Process:
    """A program of Python's in a jail, with a line to it; leaving it ends all that it started."""

    def __init__(self, program: List[str], limits: Limits, walls: bool) -> None:
        self.folder = tempfile.mkdtemp(prefix='student-')
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed on leaving)
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [*program, str(theirs.fileno())]
            told = plan(argv, limits, self.folder, walls, theirs.fileno())
            self.jail = subprocess.Popen(
                [sys.executable, '-I', '-S', str(HERE / 'jail.py'), json.dumps(told)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # what the students print
                stderr=self.errors if program[0] == '-c' else subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.line = Line(ours)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.connection.close()
        self.jail.stdin.close()  # type: ignore[union-attr]
        try:
            self.jail.wait(10)
        except subprocess.TimeoutExpired:
            self.jail.kill()
            self.jail.wait()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        """Return the last line that a program wrote of its errors."""
        self.errors.seek(0)
        lines = self.errors.read(100_000).decode(errors='replace').split('\n')
        return ([line for line in lines if line.strip()] or [''])[-1]


class Student(Process):
    """The process in which a student's notebook runs."""

    def __init__(self, limits: Limits, walls: bool) -> None:
        super().__init__([str(HERE / 'inside.py')], limits, walls)

    def __enter__(self) -> Student:
        self.line.end = time.monotonic() + SECONDS_TO_START
        try:
            self.line.receive()
        except GoneError:
            self.__exit__()
            raise RuntimeError("the student's process does not start") from None
        return self

    def asked(self, do: str, seconds: float, **more: Any) -> Dict[str, str]:
        """Ask the process to do something in some time; of its answer, return what is said."""
        self.line.begin(seconds)
        try:
            told = self.line.ask({'do': do, 'seconds': seconds, **more})
        except GoneError as gone:
            return {'done': gone.status}
        told.pop('question')
        return {key: str(part)[:1000] for key, part in told.items() if part not in (None, False)}

    def function(self, name: str, seconds: float) -> Callable[..., Any]:
        """Return the student's function of a name: it is called there, for some time in all.

        What passes between the calls is the grader's time, and is not counted.
        """
        left = [seconds]
        self.line.begin(seconds)

        def answer(*arguments: Any) -> Any:
            # what a task takes away while it calls an answer is taken away there
            absent = [module for module, there in sys.modules.items() if there is None]
            start = time.monotonic()
            self.line.end = start + left[0]
            try:
                return self.line.asked({'do': 'answer', 'name': name, 'absent': absent}, arguments)
            finally:
                left[0] -= time.monotonic() - start

        return answer
