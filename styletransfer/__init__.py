"""Neural style transfer on Apache MXNet, as in the book: to read, to run, to teach with.

In reading order, first the book's method:

- `images`: files, arrays, and what a network reads;
- `vgg`: the network that looks, layer by layer; `networks`: as a recipe wants it;
- `losses`: content, style and smoothness as numbers; `recipes`: every published number, once;
- `objective`: what judges a picture; `optimizers` and `lbfgs`: what changes it besides Adam;
- `synthesis`: the picture as the only parameter, and the loop that trains it, coarse to fine;
- `color`, `controls`, `tiles`: the photo's colours, several styles and regions, large pictures;
  `regions`: read from label pictures, or proposed; `canvas`: painted larger than the picture, and
  cut;
- `mrf`: patches in place of Gram matrices; `photo`: a photograph that stays one.

What any training shares: `progress` (what a loop tells, and who listens) and `checkpoint`.

Networks that paint in one pass: `learning` is the loop that trains one, `blocks` are what they
are made of, `feedforward` holds the methods, and `trained` is a network that has learned. `gan`
holds those that learn from a critic what looks real. Either is trained as a job: `runs`.

Moving pictures: `video`, by optimisation or in one pass. A page in the browser: `studio`.

What the commands rest on: `errors`, `files`, `machine`, `command`, `outputs`, `translation`, and
the folders `weights`, `train` and `exercises`; `doctor` looks at the machine. ``python -m
styletransfer`` lists the commands.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

_is_script = os.path.basename(sys.argv[0] if sys.argv else '') == 'styletransfer'
_is_command = _is_script or sys.argv[:1] == ['-m']  # which Python is loading
if _is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # that takes seconds: until it runs, Ctrl-C just ends it
    signal.signal(signal.SIGINT, signal.SIG_DFL)

_called = sys.argv[1:2] if _is_script else getattr(sys, 'orig_argv', ())  # from Python 3.10 on
# the doctor comes where MXNet does not run
if not (_is_command and {'doctor', 'styletransfer.doctor'} & set(_called)):
    try:
        from styletransfer import _compat  # noqa: F401  (before anything imports MXNet)
    except (ImportError, OSError) as error:
        if not _is_command:
            raise
        print(f'error: {error}; python -m styletransfer.doctor says more', file=sys.stderr)
        sys.exit(2)

if TYPE_CHECKING:
    from PIL.Image import Image

__version__ = '0.1.0'
__all__ = ['stylize']


def stylize(content: Any = 'lake', style: Any = 'oil_strokes', **wish: Any) -> Image:
    """Return a photo in the style of a painting, as ``python -m styletransfer.train`` paints it.

    >>> stylize('photo.jpg', 'painting.jpg', shape=(280, 160), recipe='fast')  # doctest: +SKIP
    <PIL.Image.Image image mode=RGB size=280x160>

    Parameters
    ----------
    content : str or Path
        The photo: a file, or the name of a sample ('lake').
    style : str or Path, or several
        The painting: a file, or the name of a sample; several are mixed.
    wish
        All that the command's flags ask for, by the names of the fields of `train.wish.Wish`,
        `recipes.Recipe` and `recipes.Stage`: ``shape=(560, 320)``, ``num_epochs=(100, 50)``,
        ``style_weight=1e4``, ``preserve_color='luminance'``, ``quiet=True`` for no bar.

    Returns
    -------
    PIL.Image.Image
        To look at, or to `save`. No file is written.

    Raises
    ------
    InputError
        If something cannot be, or is about files; the message says what to do.
    """
    from styletransfer.train.job import painted

    return painted({'content': content, 'style': style, **wish})
