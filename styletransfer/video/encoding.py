"""Frames back into a clip: H.264 in MP4, VP9 in WebM, with the sound of the clip they are from.

Both are made so that browsers play them: 4:2:0 with an even number of pixels a side, the colours
of HDTV (BT.709) and marked so, the index at the beginning of the file.
"""

from __future__ import annotations

import heapq
import math
from fractions import Fraction
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Optional, Tuple

import numpy

from styletransfer.errors import InputError
from styletransfer.video.clips import Clip, Facts, opened
from styletransfer.video.libraries import library


class Container(NamedTuple):
    """What a kind of file holds."""

    codec: str
    options: Dict[str, str]
    sounds: Tuple[str, ...]  # codecs of which it can hold the sound as it is
    sound: str  # the codec for any other
    flags: Dict[str, str]


CONTAINERS = {
    '.mp4': Container(
        'libx264',
        {'crf': '18', 'preset': 'medium'},
        ('aac', 'mp3', 'ac3', 'eac3', 'opus', 'flac', 'alac'),
        'aac',
        {'movflags': '+faststart'},
    ),
    '.webm': Container(
        'libvpx-vp9',
        {'crf': '24', 'b': '0', 'cpu-used': '4', 'row-mt': '1'},
        ('opus', 'vorbis'),
        'libopus',
        {'fflags': '+bitexact'},  # otherwise its streams have numbers drawn at random
    ),
}
THREADS = 4  # of the encoder, on any machine: with more or fewer the file would be another
SOUND_RATE = 48000  # samples a second of sound that is coded anew
BT709, LIMITED = 1, 1  # as FFmpeg counts colours and ranges


def container_of(path: Path) -> Container:
    """Return what a file's ending asks for.

    Raises
    ------
    InputError
        If it is another.
    """
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        raise InputError(
            f"cannot write a clip named '{path}': its name must end in "
            f'{" or ".join(CONTAINERS)}, or have no ending for a folder of frames'
        ) from None


def write_clip(
    path: Path,
    pictures: Iterable[Tuple[int, numpy.ndarray]],
    told: Facts,
    sound_of: Optional[Clip] = None,
) -> None:
    """Write a clip; the sound is copied as it is where the container can hold it.

    Parameters
    ----------
    path : Path
        Ending as one of `CONTAINERS`.
    pictures : iterable of (int, np.ndarray of shape (height, width, 3))
        When each is shown, in units of `told`, and RGB in 0-255, uint8. An odd side gets its last
        row or column twice, as both codecs have one colour for two by two pixels.
    told : Facts
        The rate, the unit, and whether there is sound.
    sound_of : Clip, optional
        Whose sound it gets, between its start and end.

    Raises
    ------
    InputError
        If the clip with the sound cannot be read.
    """
    kind = container_of(path)
    with library('av').open(str(path), 'w', options=kind.flags) as output:
        streams = [_coded(output, kind, pictures, told)]
        if sound_of and told.sound:
            streams.append(_sound(output, kind, sound_of))
        for packet in heapq.merge(*streams, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)


def _coded(
    output: Any, kind: Container, pictures: Iterable[Tuple[int, numpy.ndarray]], told: Facts
) -> Iterator[Any]:
    """Yield the packets of the pictures, in a stream that is added to the output."""
    av, stream = library('av'), None
    for time, img in pictures:
        img = numpy.pad(img, [(0, side % 2) for side in img.shape[:2]] + [(0, 0)], 'edge')
        if stream is None:
            stream = output.add_stream(kind.codec, rate=told.rate, options=kind.options)
            stream.height, stream.width = img.shape[:2]
            stream.pix_fmt = 'yuv420p'
            context = stream.codec_context
            context.time_base, context.thread_count = told.unit, THREADS
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = LIMITED
        frame = av.VideoFrame.from_ndarray(img, format='rgb24')
        frame = frame.reformat(format='yuv420p', dst_colorspace='ITU709', dst_color_range='MPEG')
        frame.pts, frame.time_base = time, told.unit
        yield from stream.encode(frame)
    if stream:
        yield from stream.encode(None)


def _sound(output: Any, kind: Container, clip: Clip) -> Iterator[Any]:
    """Yield the packets of a clip's sound, in a stream that is added to the output."""
    with opened(clip.path) as container:
        source, picture = container.streams.audio[0], container.streams.video[0]
        copied = source.codec_context.name in kind.sounds
        if copied:
            stream = output.add_stream_from_template(source)
        else:
            stream = output.add_stream(kind.sound, rate=SOUND_RATE)
            stream.layout = source.layout
        begin = (picture.start_time or 0) * picture.time_base + Fraction(clip.start)
        shift, last = round(begin / source.time_base), -math.inf
        for part in container.demux(source) if copied else container.decode(source):
            if part.pts is None or (part.dts or 0) <= last:  # the end, or damage
                continue
            last = part.dts or 0
            part.pts -= shift
            seconds = part.pts * source.time_base
            if clip.end is not None and seconds >= clip.end - clip.start:
                break
            if clip.start and seconds < 0:
                continue
            if copied:
                part.dts -= shift
                part.stream = stream
                yield part
            else:
                yield from stream.encode(part)
        if not copied:
            yield from stream.encode(None)
