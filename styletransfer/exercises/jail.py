"""Start a program between walls: it sees little, changes nothing, reaches nobody, leaves nothing.

A script that needs Python's own library only, and Linux 5.12 or later for the walls: namespaces
of its own for what is mounted, for processes, for the network, for messages between processes and,
where the caller is not root, for users. The program sees a root folder that holds nothing but what
the plan names, all of it read-only, and an empty folder in memory, ``/student``. It is the first
process of its namespace, so whatever it has started ends with it.

The plan, a line of JSON on the command line::

    {"argv": [...], "env": {...}, "keep": 5, "folder": "/tmp/x", "walls": true,
     "shown": [...], "hidden": [...], "but": [...],
     "limits": {"NPROC": 300}, "bytes": 268435456, "uid": 61184}

``keep`` is the descriptor that the program keeps; ``folder`` is where it starts if there are no
walls; of ``shown``, ``hidden`` is covered up, ``but`` for some files; ``bytes`` is the size of
``/student``; ``uid`` is whom root becomes. As soon as nobody holds the other end of the standard
input any more, the program and all that it has started are killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List

# linux/sched.h, linux/mount.h, linux/prctl.h, asm/unistd.h
NEW_MOUNTS, NEW_UTS, NEW_IPC, NEW_USERS = 0x00020000, 0x04000000, 0x08000000, 0x10000000
NEW_PIDS, NEW_NETWORK = 0x20000000, 0x40000000
NOSUID, NODEV, BIND, DETACHED, RECURSIVE, PRIVATE = 2, 4, 4096, 2, 16384, 1 << 18
OPEN = 0o005  # of a folder: whoever it is may look into it
SUBREAPER, NO_NEW_PRIVILEGES = 36, 38
SET_MOUNT, AT_HERE, AT_RECURSIVE, READ_ONLY = 442, -100, 0x8000, 1
PIVOT_ROOT = {'x86_64': 155, 'aarch64': 41}
HOME = '/student'
DEVICES = ('null', 'zero', 'full', 'random', 'urandom')

libc = ctypes.CDLL(None, use_errno=True)


def must(result: int, what: str) -> None:
    """Raise what the system says of a call that failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f'{what}: {os.strerror(number)}')


def mount(source: str, target: str, kind: str = '', flags: int = 0, data: str = '') -> None:
    """Mount something; a kind of '' is none."""
    texts = [text.encode() or None for text in (source, target, kind, data)]
    made = libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    must(made, f'mount {kind or source} at {target}')


class Attributes(ctypes.Structure):
    """What mount_setattr(2) sets, and three things that it leaves alone."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ('set', 'clear', 'propagation', 'users'))


def read_only(path: str) -> None:
    """Make all that is mounted at a path and below it read-only."""
    wanted = Attributes(READ_ONLY | NOSUID, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    flags = ctypes.c_uint(AT_RECURSIVE)
    must(
        libc.syscall(SET_MOUNT, AT_HERE, path.encode(), flags, ctypes.byref(wanted), size),
        'mount_setattr',
    )


def unshare(root: bool) -> None:
    """Leave the namespaces of all others; who is not root needs one of their own for users."""
    flags = NEW_MOUNTS | NEW_UTS | NEW_IPC | NEW_PIDS | NEW_NETWORK | (0 if root else NEW_USERS)
    uid, gid = os.getuid(), os.getgid()
    must(libc.unshare(flags), 'unshare')
    if not root:
        Path('/proc/self/setgroups').write_text('deny')
        Path('/proc/self/uid_map').write_text(f'{uid} {uid} 1')
        Path('/proc/self/gid_map').write_text(f'{gid} {gid} 1')


def show(path: str, root: str) -> None:
    """Let a path of the system's be seen in a root folder; a link to a folder is made anew."""
    target = root + path
    if not os.path.exists(path) or (os.path.exists(target) and os.path.samefile(path, target)):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.realpath(os.path.dirname(target)).startswith(root):
        raise OSError(f'{path} leads out of the new root folder')
    if os.path.isdir(path) and os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path) and os.stat(path).st_mode & OPEN != OPEN:
        # closed to all but its owner, as a folder of `mktemp` is: what is in it is shown
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(path):
            show(os.path.join(path, name), root)
        return
    os.makedirs(target, exist_ok=True) if os.path.isdir(path) else Path(target).touch()
    mount(path, target, flags=BIND | RECURSIVE)


def hide(path: str, root: str, but: List[str]) -> None:
    """Cover up a folder that is seen in a root folder, but for some of its files."""
    if not os.path.isdir(root + path):
        return
    mount('none', root + path, 'tmpfs', NOSUID | NODEV)
    for file in but:
        if file.startswith(path + '/'):
            show(file, root)


def wall_in(plan: Dict[str, Any]) -> None:
    """Go into a new root folder that shows what the plan says."""
    mount('none', '/', flags=RECURSIVE | PRIVATE)  # nothing of this is seen outside
    root = os.path.realpath(plan['folder'])
    mount('none', root, 'tmpfs', NOSUID | NODEV)
    shown = [*plan['shown'], *(f'/dev/{name}' for name in DEVICES)]
    for path in sorted(shown, key=len):  # an outer folder before what it holds
        show(path, root)
    for path in plan['hidden']:
        hide(path, root, plan['but'])
    for name in (HOME, '/dev/shm', '/proc'):
        os.makedirs(root + name, exist_ok=True)
    if not os.path.lexists(root + '/tmp'):
        os.symlink(HOME, root + '/tmp')
    read_only(root)
    for name in (HOME, '/dev/shm'):
        mount('none', root + name, 'tmpfs', NOSUID | NODEV, f'size={plan["bytes"]},mode=1777')
    with suppress(OSError):  # in some containers it is refused; hardly anything needs it
        mount('none', root + '/proc', 'proc', NOSUID | NODEV)
    os.chdir(root)
    must(libc.syscall(PIVOT_ROOT[platform.machine()], b'.', b'.'), 'pivot_root')
    must(libc.umount2(b'.', DETACHED), 'umount')
    os.chdir(HOME)


def restrict(plan: Dict[str, Any], root: bool) -> None:
    """Keep this process and its children to the plan's limits, and give all rights away."""
    for name, most in plan['limits'].items():
        kind = getattr(resource, f'RLIMIT_{name}', None)
        if kind is not None:
            _, hard = resource.getrlimit(kind)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
    if not sys.platform.startswith('linux'):
        return
    with suppress(OSError):  # when the memory ends, this ends first
        Path('/proc/self/oom_score_adj').write_text('1000')
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if plan['walls'] and root:
        os.setgroups([])
        os.setgid(plan['uid'])
        os.setuid(plan['uid'])


def children() -> List[int]:
    """Return the processes that are this one's children, or have come to be."""
    with suppress(OSError):
        own = Path(f'/proc/self/task/{os.getpid()}/children')
        return [int(number) for number in own.read_text().split()]
    return []


def wait_for(child: int) -> int:
    """Wait for the program, or for the standard input's end; then end all that is left of it."""
    status = None
    while status is None:
        ended, code = os.waitpid(child, os.WNOHANG)
        if ended:
            status = code
        elif select.select([0], [], [], 0.05)[0] and not os.read(0, 1):
            break
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(500):
        for left in {*children(), *([child] if status is None else [])}:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(left, signal.SIGKILL)
        try:
            ended, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        status = code if ended == child else status
        time.sleep(0 if ended else 0.01)
    return 0 if status == 0 else 1


def start(plan: Dict[str, Any]) -> int:
    """Do what the plan says; return 0 if the program ended with 0, 1 else."""
    walls, root = plan['walls'], os.getuid() == 0
    if walls:
        unshare(root)
    if sys.platform.startswith('linux'):
        libc.prctl(SUBREAPER, 1, 0, 0, 0)  # whoever loses its parent becomes a child of this
    child = os.fork()
    if child:
        os.close(plan['keep'])
        return wait_for(child)
    os.setsid()
    with open(os.devnull, 'r+b') as nothing:
        os.dup2(nothing.fileno(), 0)
    wall_in(plan) if walls else os.chdir(plan['folder'])
    restrict(plan, root)
    os.set_inheritable(plan['keep'], True)
    os.execve(plan['argv'][0], plan['argv'], plan['env'])


if __name__ == '__main__':
    sys.exit(start(json.loads(sys.argv[1])))
