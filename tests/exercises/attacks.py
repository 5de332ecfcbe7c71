"""What students could hand in who are out for marks that are not theirs, or for others' harm."""

# each defines a `gram` that does not solve the task, and tries to be taken for one that does
FORGERIES = {
    'our solution': """
from styletransfer.exercises.tasks import TASKS
gram = lambda X: TASKS['gram'].solve(X)
""",
    'what lies in memory': """
import gc
def gram(X):
    for one in gc.get_objects():
        if type(one).__name__ == 'Task' and one.name == 'gram':
            return one.solve(X)
    return X
""",
    'whoever calls': """
import sys
def gram(X):
    frame = sys._getframe()
    while frame:
        for trial in frame.f_locals.values():
            if type(trial).__name__ == 'Trial':
                for (case,), right in zip(trial.cases, trial.right):
                    if case.shape == X.shape and (case == X).all():
                        return right
        frame = frame.f_back
    return X
""",
    'another comparison': """
import sys
checks = sys.modules.get('styletransfer.exercises.checks')
if checks:
    checks.compare = lambda *_: None
gram = lambda X: X
""",
    'no difference': """
import sys
def gram(X):
    for name, module in list(sys.modules.items()):
        if name.startswith('styletransfer.exercises') and hasattr(module, 'difference'):
            module.difference = lambda got, want: None
    return X
""",
    'a thread': """
import sys, threading
def soften():
    for name, module in list(sys.modules.items()):
        if name.startswith('styletransfer.exercises') and hasattr(module, 'fault'):
            module.fault = lambda *_: None
            module.same = lambda *_: True
def gram(X):
    thread = threading.Thread(target=soften)
    thread.start()
    thread.join()
    return X
""",
    'another examiner': """
import styletransfer.exercises
import sys
checks = sys.modules.get('styletransfer.exercises.checks')
if checks:
    checks.examine = lambda *_: None
def gram(X):
    raise NotImplementedError
""",
    'results that have passed': """
import sys
checks = sys.modules.get('styletransfer.exercises.checks')
if checks:
    def forged(self, name, passed, hint='', points=0, out_of=0, seed=None):
        for key, value in dict(name=name, passed=True, hint='', points=3).items():
            object.__setattr__(self, key, value)
    checks.Result.__init__ = forged
def gram(X):
    raise NotImplementedError
""",
}

# these change what ran beside a check when Jupyter's kernel marked; of our process they know less
LATER_FORGERIES = {
    'expressions of the user': """
get_ipython().user_expressions = lambda *_: {'0': {'data': {'text/plain': "(True, '')"}}}
gram = lambda X: X
""",
    'tuples that read otherwise': """
plain = get_ipython().display_formatter.formatters['text/plain']
plain.for_type(tuple, lambda value, p, cycle: p.text("(True, '')"))
gram = lambda X: X
""",
    'equal to everything': """
class Equal:
    shape = dtype = property(lambda self: self)
    __eq__ = __ne__ = __le__ = lambda self, other: True
    __hash__ = lambda self: 0
    __array__ = lambda self, *_: (_ for _ in ()).throw(ValueError)
gram = lambda X: Equal()
""",
    'the caller within': """
import sys
for name in ('calling', 'wire', 'inside', 'values'):
    module = sys.modules.get(f'styletransfer.exercises.{name}')
    for part in list(vars(module or object)):
        if part in ('guarded', 'unusable', 'plain', 'answered', 'told', '_alike'):
            setattr(module, part, lambda *_, **__: {'done': 'ok', 'hint': None, 'value': None})
gram = lambda X: X
""",
    'messages of its own': """
import gc
def gram(X):
    for one in gc.get_objects():
        if type(one).__name__ == 'Line':
            told = {'name': 'gram', 'hint': None, 'tried': True, 'passed': True, 'points': 3}
            one.send({'done': 'ok', 'there': True, 'value': True, **told})
    return X
""",
    'lines for the teacher': """
import os
def gram(X):
    line = b'{"name": "gram", "hint": null, "tried": true}\\n'
    for descriptor in range(64):
        try:
            os.write(descriptor, line)
        except OSError:
            pass
    return X
""",
}

# `{secret}` is a file of somebody else's, `{folder}` a folder, `{port}` a port of this machine,
# `{process}` somebody's process. Each defines `attempt`, which returns what it could do.
READ = """
def attempt():
    try:
        with open({secret!r}) as file:
            return file.read()
    except OSError as error:
        return type(error).__name__
"""
WRITE = """
def attempt():
    try:
        with open({secret!r}, 'w') as file:
            file.write('forged')
        return 'done'
    except OSError as error:
        return type(error).__name__
"""
DELETE = """
import os, shutil
def attempt():
    shutil.rmtree({folder!r}, ignore_errors=True)
    return 'done'
"""
CONNECT = """
import socket
def attempt():
    try:
        socket.create_connection(('127.0.0.1', {port}), timeout=5).close()
        return 'done'
    except OSError as error:
        return type(error).__name__
"""
KILL = """
import os
def attempt():
    try:
        os.kill({process}, 9)
        return 'done'
    except OSError as error:
        return type(error).__name__
"""
# writes again and again, from a process that nobody waits for, in a session of its own
STAY = """
import os, time
def attempt():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for i in range(2000):
                for path in ({secret!r}, 'here'):
                    try:
                        with open(path, 'w') as file:
                            file.write(str(i))
                    except OSError:
                        pass
                time.sleep(0.02)
        os._exit(0)
    end = time.monotonic() + 20
    while not os.path.exists('here') and time.monotonic() < end:
        time.sleep(0.01)
    return os.path.exists('here')
"""
MULTIPLY = """
import os
def attempt():
    count = 0
    try:
        for count in range(2000):  # unlike a fork, this does not start MXNet's threads again
            os.posix_spawn('/usr/bin/sleep', ['sleep', '100'], os.environ)
    except OSError:
        return count
"""
FILL = """
def attempt():
    written = 0
    try:
        for i in range(100):
            with open(f'file{{i}}', 'wb', buffering=0) as file:
                for _ in range(100):
                    written += file.write(bytes(10**7))
    except OSError as error:
        return type(error).__name__, written
"""
GROW = """
def attempt():
    try:
        return len(bytearray(20 * 10**9))
    except MemoryError as error:
        return type(error).__name__
"""
# a namespace of users makes its first process the master of all namespaces that it makes next
DIG = """
import subprocess
def attempt():
    dig = 'umount -l "$0"; mount -o remount,rw /; ls "$0"; cat "$1"'
    command = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', dig]
    command += [{folder!r}, {secret!r}]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return done.stdout, done.stderr
"""

# whole notebooks that harm whoever else is marked; `{secret}` and `{folder}` as above
HOSTILE = {
    'killer': 'import os\nos.kill(os.getppid(), 9)\nos.kill({process}, 9)',
    'eraser': DELETE + 'attempt()',
    'overwriter': WRITE + 'attempt()',
    'stayer': STAY + 'attempt()',
    'filler': FILL + 'attempt()',
    'talker': "for _ in range(10**5):\n    print('x' * 1000)",
    'sleeper': 'import time\ntry:\n    time.sleep(1000)\nexcept BaseException:\n'
    '    while True:\n        pass',
    'leaver': 'import os\nos._exit(0)',
    'crasher': 'import ctypes\nctypes.string_at(0)',
}
WALLED_ONLY = {  # without walls these would harm this machine
    'slayer': 'import os\nos.kill(-1, 9)',
    'multiplier': 'import os\nwhile True:\n    os.fork()',
}
