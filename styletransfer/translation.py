"""A finished English text in another language, by a table.

The code composes English texts and knows no other language. A text is translated whole: the
table's entry that it was made from is found, and what stands at its placeholders goes into the
translation. What the code puts into a text, a number or a name, is a placeholder in braces, in
both languages; one in capitals stands for a text that is in the table itself::

    'it must return {count} things, not {number}': '应当返回 {count} 样东西，现在有 {number} 样'
    'it must return an array, not {GOT}': '应当返回数组，现在返回的是：{GOT}'
"""

from __future__ import annotations

import re
from functools import cached_property
from string import Formatter
from typing import List, Mapping, Pattern, Tuple

LONGEST = 2000  # letters of a text that entries are sought for: whoever forges one, hangs nobody


class Translation:
    """A function of a text: its translation, or the text itself if the table does not have it.

    Parameters
    ----------
    table : mapping of str to str
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self.table = table

    def __call__(self, text: str) -> str:
        """Return a text in the other language."""
        if text in self.table:
            return self.table[text]
        for pattern, translation in self._patterns if len(text) <= LONGEST else ():
            found = pattern.fullmatch(text)
            if found:
                parts = found.groupdict()
                for name in filter(str.isupper, parts):
                    parts[name] = self(parts[name])
                return translation.format(**parts)
        return text

    @cached_property
    def _patterns(self) -> List[Tuple[Pattern[str], str]]:
        """Return the entries with placeholders, those with the most words of their own first."""
        entries = []
        for english, translation in self.table.items():
            parts = [(literal, name) for literal, name, _, _ in Formatter().parse(english)]
            if any(name for _, name in parts):
                pattern = ''.join(
                    re.escape(literal) + (f'(?P<{name}>.+?)' if name else '')
                    for literal, name in parts
                )
                words = sum(len(literal) for literal, _ in parts)
                entries.append((words, re.compile(pattern, re.DOTALL), translation))
        entries.sort(key=lambda entry: -entry[0])
        return [(pattern, translation) for _, pattern, translation in entries]
