"""How a user's mistake is told: one line that names what came and what to do."""

from __future__ import annotations

import difflib
from typing import Iterable


class InputError(ValueError):
    """What the user gave cannot be used; the message is one line and says what to do."""


def unknown(kind: str, name: object, known: Iterable[str], otherwise: str = '') -> InputError:
    """Return the error for a name that is not among those known, with the nearest that is.

    Where none is near, the message ends with `otherwise`, or with all names that are known.

    >>> print(unknown('recipe', 'd2l_hz', ['d2l_zh', 'd2l_en']))
    there is no recipe 'd2l_hz'; did you mean 'd2l_zh'?
    """
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else otherwise or f'known: {", ".join(known)}'
    return InputError(f"there is no {kind} '{name}'; {hint}")
