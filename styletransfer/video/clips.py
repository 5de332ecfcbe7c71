"""Clips as people have them: what frames there are, and when each is shown.

A clip is a file that PyAV reads, or a folder of pictures. Its frames come as they are shown:
turned as a telephone held upright asks for, with square pixels, over white where they are
see-through.
"""

from __future__ import annotations

import math
import os
import re
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy
from mxnet import numpy as np

from styletransfer.errors import InputError, unknown
from styletransfer.files import assets_folder, file_hash, open_regular, reading
from styletransfer.images import ImageShape, find_pictures, load_image, resized
from styletransfer.video.libraries import library

RATE = Fraction(25)  # frames a second of a folder, or of a clip that does not say
_REMEDY = 'it may be damaged, or of a kind that is not read here; save it anew, as MP4'


class Clip(NamedTuple):
    """Which frames are asked for: a value, which may be sent to another machine."""

    path: Path
    start: float = 0.0  # seconds from the clip's beginning
    end: Optional[float] = None
    every: int = 1  # of so many frames the first is taken
    shape: Optional[ImageShape] = None  # if they are to be of another size
    rate: Optional[float] = None  # frames a second of a folder

    def has(self, seconds: Fraction) -> bool:
        """Tell whether a time is between start and end."""
        return exact(self.start) <= seconds and (self.end is None or seconds < exact(self.end))


def exact(seconds: float) -> Fraction:
    """Return the number that was meant: 0.92 is 23/25, which no float is."""
    return Fraction(seconds).limit_denominator(10**6)


class Facts(NamedTuple):
    """What is known of a clip before a frame is decoded."""

    shape: ImageShape  # of a frame, as it is shown
    frames: int  # how many are asked for
    rate: Fraction  # how many of them are shown in a second, on average
    unit: Fraction  # seconds, of which the frames' times are whole multiples
    sound: Optional[str]  # its codec


class Frame(NamedTuple):
    """One of the frames that are asked for."""

    number: int  # among them, from 0
    time: int  # when it is shown, after the first of them, in units of `Facts`
    img: numpy.ndarray  # (height, width, 3), RGB in 0-255, uint8


def samples() -> Dict[str, Path]:
    """Return the bundled clips, name to file."""
    return {path.stem: path for path in sorted((assets_folder() / 'video').glob('*.mp4'))}


def clip_path(name: str) -> Path:
    """Return the file or folder meant by a name: its own, or that of a bundled clip.

    Raises
    ------
    InputError
        If it is neither.
    """
    known = samples()
    if name in known:
        return known[name]
    if Path(name).suffix or os.path.exists(name) or '/' in name:
        return Path(name)
    raise unknown('file or bundled clip', name, known)


def frames_in(folder: Path) -> List[Path]:
    """Return the pictures in a folder in their order: 2.png comes before 10.png.

    Raises
    ------
    InputError
        If there are none.
    """
    found = [path for path in find_pictures(folder) if path.name[0] != '.']
    if not found:
        raise InputError(f"there are no pictures in '{folder}': name a clip, or another folder")
    return sorted(found, key=lambda path: [int(n) for n in re.findall(r'\d+', path.stem)])


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a clip's file with PyAV; whatever it says against it is told in one line.

    Raises
    ------
    InputError
        If it cannot be read, or has no picture.
    """
    av = library('av')
    # what the file says must not make us open others, here or in the network
    alone = {'protocol_whitelist': 'none'}
    with open_regular(path) as file, reading(f"cannot read the clip '{path}'", _REMEDY):  # noqa: SIM117
        with av.open(file, options=alone) as container:
            if not container.streams.video:
                raise InputError(f"there is no picture in '{path}': name a clip")
            yield container


def facts(clip: Clip) -> Facts:
    """Return what there is to know of a clip.

    Raises
    ------
    InputError
        If it cannot be read, or has no frame between start and end.
    """
    if clip.path.is_dir():
        rate, sound = _folder_rate(clip), None
        unit, times = 1 / rate, list(range(len(frames_in(clip.path))))
    else:
        with opened(clip.path) as container:
            stream, sounds = container.streams.video[0], container.streams.audio
            rate, unit = _rate(stream), stream.time_base
            sound = sounds[0].codec_context.name if sounds else None
            packets = (packet for packet in container.demux(stream) if packet.size)
            times = [_time(packet.pts, k, stream) for k, packet in enumerate(packets)]
    count = -(-sum(clip.has(time * unit) for time in times) // clip.every)
    for frame in frames(clip):
        height, width, _ = frame.img.shape
        return Facts((width, height), count, rate / clip.every, unit, sound)
    raise InputError(
        f"'{clip.path}' has no frame from {clip.start:g} seconds to "
        f'{"its end" if clip.end is None else f"{clip.end:g}"}'
    )


def frames(clip: Clip, first: int = 0) -> Iterator[Frame]:
    """Yield the frames that are asked for, from the one of this number on.

    Raises
    ------
    InputError
        If one cannot be read, or a folder has pictures of different sizes.
    """
    for number, (time, read) in enumerate(_chosen(clip)):
        if number >= first:
            yield Frame(number, time, _of_shape(read(), clip.shape))


def times(clip: Clip) -> Iterator[int]:
    """Yield when each frame that is asked for is shown, as of `Frame`, without looking at it."""
    return (time for time, _ in _chosen(clip))


def _chosen(clip: Clip) -> Iterator[Tuple[int, Callable[[], numpy.ndarray]]]:
    """Yield the frames that are asked for: when each is shown, and how it is read.

    Each is shown later than the one before, whatever a damaged file says.
    """
    begin: Optional[int] = None
    last = -1
    for time, read in islice(_from_start(clip), 0, None, clip.every):
        begin = time if begin is None else begin
        last = max(time - begin, last + 1)
        yield last, read


def _of_shape(img: numpy.ndarray, shape: Optional[ImageShape]) -> numpy.ndarray:
    """Return a picture of a shape, rounded to 8 bits."""
    if shape in (None, img.shape[1::-1]):
        return img
    return resized(np.array(img, dtype='uint8'), shape).asnumpy().round().astype('uint8')


def _from_start(clip: Clip) -> Iterator[Tuple[int, Callable[[], numpy.ndarray]]]:
    """Yield the times of all frames between start and end, each with how it is read."""
    if clip.path.is_dir():
        files, rate = frames_in(clip.path), _folder_rate(clip)
        shape = load_image(files[0]).shape
        for k, file in enumerate(files):
            if clip.has(k / rate):
                yield k, partial(_still, file, shape)
        return
    with opened(clip.path) as container:
        stream = container.streams.video[0]
        stream.thread_type = 'AUTO'
        if clip.start and stream.start_time is not None:
            to = stream.start_time + math.floor(exact(clip.start) / stream.time_base)
            container.seek(to, stream=stream)  # to the last whole frame before
        for k, frame in enumerate(container.decode(stream)):
            time = _time(frame.pts, k, stream)
            if clip.end is not None and time * stream.time_base >= exact(clip.end):
                return
            if clip.has(time * stream.time_base):
                yield time, partial(_shown, frame, stream.sample_aspect_ratio)


def _time(pts: Optional[int], k: int, stream: Any) -> int:
    """Return when a frame is shown, after the clip's beginning, in the stream's unit."""
    if pts is None:  # as in a bare stream: then the k-th frame has the k-th place
        return round(k / _rate(stream) / stream.time_base)
    return pts - (stream.start_time or 0)


def _rate(stream: Any) -> Fraction:
    return stream.average_rate or stream.guessed_rate or RATE


def _folder_rate(clip: Clip) -> Fraction:
    return Fraction(clip.rate).limit_denominator(1001) if clip.rate else RATE


def _still(file: Path, shape: Tuple[int, ...]) -> numpy.ndarray:
    """Return the picture in a file, if it is of the shape."""
    img = load_image(file).asnumpy()
    if img.shape != shape:
        raise InputError(
            f"'{file}' is {img.shape[1]}x{img.shape[0]}, but the folder's first picture "
            f'{shape[1]}x{shape[0]}: frames are of one size'
        )
    return img


def _shown(frame: Any, aspect: Optional[Fraction]) -> numpy.ndarray:
    """Return a decoded frame as it is shown: over white, with square pixels, turned."""
    if any(part.is_alpha for part in frame.format.components):
        img = frame.to_ndarray(format='rgba').astype('uint16')
        alpha = img[:, :, 3:]
        img = ((img[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype('uint8')
    else:
        img = frame.to_ndarray(format='rgb24')
    if aspect and aspect != 1:
        img = _of_shape(img, (max(1, round(img.shape[1] * aspect)), img.shape[0]))
    return numpy.ascontiguousarray(numpy.rot90(img, round(frame.rotation / 90)))


def digest(clip: Clip) -> List[str]:
    """Return the SHA-256 of a clip's file, or of each of the files in its folder."""
    files = frames_in(clip.path) if clip.path.is_dir() else [clip.path]
    return [file_hash(path) for path in files]
