"""What was found, in one line, and how it is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Sequence

from styletransfer.errors import printable

WORKS, NOTE, BROKEN = 'works', 'note', 'broken'
SIGNS = {WORKS: '+', NOTE: '-', BROKEN: '!'}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What was looked at: 'NumPy'.
    found : str
        What is there: '1.26.4'.
    state : str
        'works', 'note' (it works, or is not needed; something may be better) or 'broken'.
    remedy : str
        What mends it: one command, or one sentence. Nothing for what works.
    """

    name: str
    found: str
    state: str = WORKS
    remedy: str = ''


def as_lines(finding: Finding, width: int = 16) -> str:
    """Return a finding in one line, and its remedy below it."""
    line = f'{SIGNS[finding.state]} {finding.name:<{width}} {printable(finding.found)}'
    if not finding.remedy:
        return line
    return f'{line}\n  {"":<{width}} -> {printable(finding.remedy)}'


def summary(findings: Sequence[Finding]) -> str:
    """Return what all findings come to."""
    broken = [finding.name for finding in findings if finding.state == BROKEN]
    if broken:
        return f'To be mended, from the top: {", ".join(broken)}.'
    return 'Everything that is needed works.'


def as_values(findings: Sequence[Finding]) -> Dict[str, Any]:
    """Return all findings, for another program."""
    return {'works': status(findings) == 0, 'findings': [asdict(finding) for finding in findings]}


def status(findings: Sequence[Finding]) -> int:
    """Return 1 if something that is needed does not work, or 0."""
    return int(any(finding.state == BROKEN for finding in findings))
