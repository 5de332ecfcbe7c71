"""The command that looks at the machine: ``python -m styletransfer.doctor``."""

from __future__ import annotations

import json
import sys
from typing import Callable, Iterator, List, Optional, Sequence

from styletransfer.command import Parser, exit_status
from styletransfer.doctor import hardware, keeping, libraries
from styletransfer.doctor.finding import BROKEN, Finding, as_lines, as_values, status, summary

# what each needs to be looked at is looked at before it
FIRST: Sequence[Callable[[], Finding]] = (libraries.python, libraries.numpy, libraries.mxnet)
THEN: Sequence[Callable[[], Finding]] = (
    libraries.dependencies,
    hardware.onednn,
    hardware.cores,
    hardware.memory,
    hardware.gpu,
)


def looked_at() -> Iterator[Finding]:
    """Look at one thing after the other; the rest needs an MXNet that runs."""
    works = True
    for look in FIRST:
        finding = look()
        works = works and finding.state != BROKEN
        yield finding
    if not works:
        yield Finding('the rest', 'is looked at when these are mended', 'note')
        return
    for look in THEN:
        yield look()
    from styletransfer.doctor import painting  # NumPy runs, as is known by now

    yield from libraries.optional()
    yield from keeping.folders()
    yield from keeping.backbones()
    yield from keeping.painters()
    yield painting.paint()


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; the status is 1 if something that is needed does not work."""

    def run() -> int:
        parser = Parser('doctor', 'Looks at what this machine has, and says what mends the rest.')
        parser.add_argument('--json', action='store_true', help='for another program')
        args = parser.parse_args(argv)
        findings: List[Finding] = []
        for finding in looked_at():
            findings.append(finding)
            if not args.json:  # as it comes: all of them take half a minute
                print(as_lines(finding), flush=True)
        print(json.dumps(as_values(findings), indent=2) if args.json else f'\n{summary(findings)}')
        return status(findings)

    return exit_status(run)


if __name__ == '__main__':
    sys.exit(main())
