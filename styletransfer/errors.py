"""How a user's mistake is told: one line that names what came and what to do."""

from __future__ import annotations

import difflib
import re
from typing import Iterable


class InputError(ValueError):
    """What the user gave cannot be used; the message is one line and says what to do."""


def unknown(kind: str, name: object, known: Iterable[str], otherwise: str = '') -> InputError:
    """Return the error for a name that is not among those known, with the nearest that is.

    Where none is near, the message ends with `otherwise`, or with all names that are known.

    >>> print(unknown('recipe', 'tutoral', ['tutorial', 'd2l']))
    there is no recipe 'tutoral'; did you mean 'tutorial'?
    """
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else otherwise or f'known: {", ".join(known)}'
    return InputError(f"there is no {kind} '{name}'; {hint}")


def printable(text: str) -> str:
    r"""Return a stranger's words as one line that a terminal only shows: what rules it is escaped.

    >>> print(printable('\x1b[2J\rready\n'))
    \x1b[2J\rready\n
    """
    escaped = (c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)
    return ''.join(escaped)


def telling_line(error: BaseException, longest: int = 200) -> str:
    """Return the one line of a library's error that says what is wrong, printable.

    That is the reason the system gave, if it gave one; of MXNet's errors, which carry a traceback
    in their text, the last line without the condition that failed; of all others the first line.
    """
    lines = [line for line in str(error).split('\n') if line.strip()]
    line = lines[-1 if lines[0].startswith('Traceback') else 0] if lines else ''
    line = re.sub(r'^(\w+: )?Check failed: .*?: (?!:)', '', line.replace('MXNetError: ', ''))
    line = getattr(error, 'strerror', None) or line.strip() or type(error).__name__
    return printable(line if len(line) <= longest else line[:longest] + ' ...')
