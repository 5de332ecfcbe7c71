"""``python -m styletransfer.video``: a clip becomes a painting that does not flicker.

A command line becomes a `Wish`, the wish a `Job`, the job frames and a clip. The same command
again does what is missing.
"""

from __future__ import annotations

import sys
from typing import Optional, Sequence

from styletransfer.command import exit_status
from styletransfer.errors import printable
from styletransfer.outputs import locked
from styletransfer.video.job import Job, check_files, make_job, paint, plan_lines
from styletransfer.video.optimised import Artist
from styletransfer.video.wish import make_parser, wish_of


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    asked = make_parser().parse_args(argv)
    job = make_job(wish_of(vars(asked)))
    done = check_files(job)
    if asked.plan:
        print(*plan_lines(job), sep='\n')
        return 0
    if done:
        say(job, f'{job.file} is complete; remove it to make it anew.')
        return 0
    if isinstance(job.way, Artist) and not job.wish.quiet:
        say(job, *plan_lines(job))
    with locked(job.kept.folder):
        try:
            paint(job)
        except KeyboardInterrupt:
            there = job.kept.count(job.facts.frames)
            words = f'stopped after {there} of {job.facts.frames} frames. '
            print(printable(words + 'The same command again goes on.'), file=sys.stderr)
            return 130
    say(job, f'The clip is {job.file}.' if job.file.suffix else f'The frames are in {job.file}.')
    if job.facts.sound and not job.file.suffix:
        say(job, 'Frames have no sound: name a clip ending in .mp4 to keep it.')
    return 0


def say(job: Job, *lines: str) -> None:
    """Print lines unless the user wants quiet."""
    if not job.wish.quiet:
        print(*map(printable, lines), sep='\n', flush=True)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.video``."""
    return exit_status(lambda: run(argv))


if __name__ == '__main__':
    sys.exit(main())
