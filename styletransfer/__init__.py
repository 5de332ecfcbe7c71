"""Neural style transfer on Apache MXNet, as in the book: to read, to run, to teach with."""

from styletransfer import _compat  # noqa: F401  (before anything imports MXNet)

__version__ = '0.1.0'
