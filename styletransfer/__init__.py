"""Neural style transfer on Apache MXNet, as in the book: to read, to run, to teach with."""

import signal
import sys

if sys.argv[:1] == ['-m'] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Python is loading a command, which takes seconds: until it runs, Ctrl-C just ends it
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from styletransfer import _compat  # noqa: F401  (before anything imports MXNet)

__version__ = '0.1.0'
