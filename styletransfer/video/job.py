"""A moving picture from wish to file: what is kept, what is missing, and the clip in the end."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Union

import styletransfer
from styletransfer import cluster
from styletransfer.errors import InputError, telling_line
from styletransfer.files import file_hash, reading, replacing
from styletransfer.images import ImageShape
from styletransfer.outputs import as_json, check_writable, is_there
from styletransfer.progress import progress_bar
from styletransfer.recipes import shape_text
from styletransfer.train.plan import duration
from styletransfer.video import onepass, optimised
from styletransfer.video.clips import Clip, Facts, digest, facts, times
from styletransfer.video.encoding import write_clip
from styletransfer.video.flow import SMALLEST
from styletransfer.video.kept import RECORD, Kept, read_record, write_record
from styletransfer.video.sending import send
from styletransfer.video.ways import by_optimisation, one_pass
from styletransfer.video.wish import Wish


class Job(NamedTuple):
    """One run, with everything checked and read before the long work starts."""

    wish: Wish
    clip: Clip
    facts: Facts
    way: Union[onepass.Painter, optimised.Artist]
    fingerprint: Dict[str, Any]

    @property
    def file(self) -> Path:
        """Return where the result goes."""
        return self.wish.file

    @property
    def kept(self) -> Kept:
        """Return the frames that are done: beside the clip, or the result itself."""
        name = self.file.name
        return Kept(self.file.with_name(f'{name}.frames') if self.file.suffix else self.file)

    @property
    def record_path(self) -> Path:
        """Return where the record of a complete run lies."""
        if self.file.suffix:
            return self.file.with_name(f'{self.file.name}.json')
        return self.file / RECORD


def make_job(wish: Wish) -> Job:
    """Put together a run.

    Raises
    ------
    InputError
        If anything the user asked for cannot be.
    """
    told = facts(wish.source)
    shape = shape_of(wish, told.shape)
    clip = wish.source._replace(shape=shape)
    way, made = one_pass(wish) if wish.net else by_optimisation(wish, shape)
    asked = {name: getattr(wish, name) for name in ('start', 'end', 'every', 'rate')}
    fingerprint = as_json({'clip': digest(clip), **asked, 'shape': shape, **made})
    return Job(wish, clip, told._replace(shape=shape), way, fingerprint)


def shape_of(wish: Wish, shape: ImageShape) -> ImageShape:
    """Return the shape of the result for a clip of this shape.

    Raises
    ------
    InputError
        If it is too small for motion to be seen.
    """
    if wish.keep_aspect and wish.shape:
        shape = wish.shape[0], max(1, round(wish.shape[0] * shape[1] / shape[0]))
    else:
        shape = wish.shape or shape
    if min(shape) < SMALLEST:
        raise InputError(
            f'frames of {shape_text(shape)} are too small: they need at least {SMALLEST} pixels a '
            'side; give a larger --shape'
        )
    return shape


def check_files(job: Job) -> bool:
    """Refuse to write over what is not of an earlier run; tell whether all is done already.

    Raises
    ------
    InputError
        If something is in the way, or frames of another run are.
    """
    folder, file = job.kept.folder, job.file
    # what begins with a dot may be left of a run that was killed before it had written anything
    names = [name for name in check_writable(folder, job.facts.shape) if name[0] != '.']
    standing = read_record(folder / RECORD)
    if names and not standing:
        raise InputError(
            f"'{folder}' holds files that are not of an earlier run, such as '{names[0]}': choose "
            'another --output'
        )
    if standing and standing['fingerprint'] != job.fingerprint:
        then = standing['fingerprint']
        changed = [name for name in job.fingerprint if job.fingerprint[name] != then.get(name)]
        raise InputError(
            f"the frames in '{folder}' were made with another {' and '.join(changed)}: choose "
            'another --output, or remove that folder'
        )
    if not file.suffix:
        return bool(standing) and job.kept.count(job.facts.frames) == standing.get('frames')
    record = read_record(job.record_path)
    if is_there(file) and not record:
        raise InputError(
            f"'{file}' is not of an earlier run and would be overwritten: choose another --output"
        )
    return (
        record is not None
        and record['fingerprint'] == job.fingerprint
        and file.is_file()
        and file_hash(file) == record.get('clip_sha256')
    )


def paint(job: Job) -> None:
    """Make the frames that are missing, then the clip, then its record; the folder is locked."""
    start, kept, wish = time.perf_counter(), job.kept, job.wish
    record = {'arguments': as_json(wish.arguments()), 'fingerprint': job.fingerprint}
    if not is_there(kept.folder / RECORD):
        write_record(kept.folder / RECORD, record)
    total = job.facts.frames
    with progress_bar(
        ' {n:.0f}/{total_fmt} frames [{elapsed}<{remaining}]',
        total=total,
        initial=kept.count(total),
        disable=wish.quiet,
    ) as bar:
        if wish.cluster:
            with cluster.connected(wish.cluster) as client:
                if not wish.quiet:
                    bar.write(cluster.told(client))
                send(client, job.way, wish, job.clip, kept, bar.update)
        else:
            job.way.paint(job.clip, kept, bar.update)
        bar.update(total - bar.n)
    done = {
        **record,
        'frames': sum(1 for _ in times(job.clip)),
        'image_shape': job.facts.shape,
        'seconds': round(time.perf_counter() - start, 3),
        'version': styletransfer.__version__,
    }
    if job.file.suffix:
        finish_clip(job, done)
    else:
        write_record(job.record_path, done)


def finish_clip(job: Job, record: Dict[str, Any]) -> None:
    """Write the clip of frames that are all there, whole or not at all, and its record.

    The record comes first: a clip without one would be taken for somebody else's.
    """
    # among the frames, where whatever is left when we are killed goes with them
    whole = job.kept.folder / job.file.name
    remedy = 'name a folder in place of a clip, to have its frames'
    # the encoder gets a process of its own: where MXNet has computed before, x264 now and then, in
    # about one of fifteen clips, makes another file of the same pictures
    pool = ProcessPoolExecutor(1, get_context('spawn'))
    with pool, replacing(whole) as temporary, reading(f"cannot write '{job.file}'", remedy):
        pool.submit(write_kept, temporary, job.kept, job.clip, job.facts).result()
    write_record(job.record_path, {**record, 'clip_sha256': file_hash(whole)})
    try:
        os.replace(whole, job.file)
    except OSError as error:
        raise InputError(f"cannot write '{job.file}': {telling_line(error)}") from error
    job.kept.remove()


def write_kept(path: Path, kept: Kept, clip: Clip, told: Facts) -> None:
    """Write a clip of the frames that are kept of another, with its sound."""
    pictures = ((moment, kept[index]) for index, moment in enumerate(times(clip)))
    write_clip(path, pictures, told, clip)


def plan_lines(job: Job) -> List[str]:
    """Return what a run will take, in lines; to know, some work is done and timed."""
    told = job.facts
    first, later = job.way.seconds(job.clip)
    memory, disk = job.way.bytes(told.shape)
    what = f'{told.frames} frames of {shape_text(told.shape)}, {float(told.rate):.4g} a second'
    return [
        f'{what}; {f"sound: {told.sound}" if told.sound else "no sound"}',
        f'a frame: {duration(later)}; the first of a scene: {duration(first)}',
        f'all together: {duration(first + (told.frames - 1) * later)}, '
        f'{memory / 1e9:.1f} GB of memory, about {math.ceil(told.frames * disk / 1e6)} MB of disk '
        'for frames',
    ]
