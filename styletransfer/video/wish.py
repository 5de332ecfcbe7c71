"""What may be asked of a moving picture, as a value: flags, checks and records come of it.

What may be asked of each of its frames is asked as of ``styletransfer.train``, by the same flags.
"""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

from styletransfer.cluster import parse_cluster
from styletransfer.command import Parser, argument, finite, listed, positive, whole
from styletransfer.errors import InputError
from styletransfer.images import ImageShape, parse_shape
from styletransfer.recipes import option
from styletransfer.train import wish as train
from styletransfer.video.clips import Clip, clip_path, samples
from styletransfer.video.encoding import container_of

RECIPE = 'painterly'  # unless another is asked for
# what is as of `train`; of these a network can do the first
OF_FRAMES = ('style', 'style_weights', 'preserve_color')
OF_RECIPES = (
    *('recipe', 'style_scale', 'keep_style_aspect', 'seed'),
    *('backbone', 'weights', 'device', 'tile'),
)
# a frame is painted on its own area, for what is beyond it moves out of sight
PLAIN = {'oversample': 1.0, 'bleed': 0.0}
MOST_OFFSETS = 8


def parse_time(text: str) -> float:
    """Return seconds from text such as '90', '1:30' or '0:01:30.5'.

    Raises
    ------
    InputError
        If the text is something else.
    """
    if not re.fullmatch(r'(\d{1,4}:){0,2}\d{1,6}(\.\d{1,9})?', text, flags=re.ASCII):
        raise InputError(f"'{text}' is not a time: give seconds, or 1:30 for a minute and a half")
    seconds = 0.0
    for part in text.split(':'):
        seconds = 60 * seconds + float(part)
    return seconds


@dataclass(frozen=True)
class Wish:
    """Everything that one may ask of a moving picture.

    What is asked of its frames are pairs of a field's name in `train.wish.Wish`, or in `Recipe` or
    `Stage`, and its value.

    Raises
    ------
    InputError
        If a value cannot be, or two do not go together. Files are not looked at.
    """

    clip: str
    output: Optional[str] = option(
        None,
        'a file ending in .mp4 or .webm, or a folder for frames (outputs/CLIP.mp4)',
        str,
        metavar='FILE',
    )
    net: Optional[str] = option(
        None, 'a network that paints in one pass, bundled or a file, and not by optimisation', str
    )
    start: float = option(0.0, 'where to begin: seconds, or 1:30', parse_time, metavar='TIME')
    end: Optional[float] = option(None, 'where to end', parse_time, metavar='TIME')
    every: int = option(1, 'of so many frames one is taken', positive, metavar='N')
    rate: Optional[float] = option(None, 'frames a second of a folder of frames (25)', finite)
    shape: Optional[ImageShape] = option(None, "of the result (the clip's)", parse_shape)
    keep_aspect: bool = option(False, 'take the height from the clip', bool)
    flow_weight: float = option(
        10.0, 'how closely a frame keeps to the one before, moved along the flow', finite
    )
    offsets: Tuple[int, ...] = option(
        (1,), 'how many frames before are those that it keeps to: 1,2,4 for longer memory', whole
    )
    passes: int = option(
        1, 'times over each scene, to and fro, in place of once with more epochs', positive
    )
    blend: float = option(
        0.5, "share of the frame before in a network's, where the flow can be trusted", finite
    )
    cluster: Optional[str] = option(
        None, 'paint on local:N processes or a Dask scheduler', parse_cluster, metavar='ADDRESS'
    )
    quiet: bool = option(False, 'no bar and no messages', bool)
    painting: Tuple[Tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise InputError(f'--end is {self.end:g}, but must be after --start, {self.start:g}')
        if self.rate is not None and not 0.01 <= self.rate <= 1000:
            raise InputError(f'--rate is {self.rate:g}: it must be from 0.01 to 1000')
        if not 0 <= self.flow_weight < math.inf:
            raise InputError(f'--flow-weight is {self.flow_weight:g}: it must not be below 0')
        if not 0 <= self.blend < 1:
            raise InputError(f'--blend is {self.blend:g}: it must be from 0 to below 1')
        ordered = sorted(set(self.offsets))
        if not ordered or ordered[0] < 1 or len(ordered) > MOST_OFFSETS:
            raise InputError(
                f'--offsets are numbers of frames, at least 1, and at most {MOST_OFFSETS} of them'
            )
        if self.passes > 1 and self.offsets != (1,):
            raise InputError('--passes looks at the next frame only: leave out --offsets')
        if self.net:
            for name, _ in self.painting:
                if name not in OF_FRAMES:
                    raise InputError(
                        f'{train.flag(name)} is for painting by optimisation: leave it out, or '
                        '--net'
                    )
        if self.file.suffix:
            container_of(self.file)

    @property
    def file(self) -> Path:
        """Return where the result goes: a clip, or without an ending a folder of frames."""
        return Path(self.output or f'outputs/{Path(self.clip).stem}.mp4')

    @property
    def source(self) -> Clip:
        """Return the frames that are asked for, as they are in the clip."""
        return Clip(clip_path(self.clip), self.start, self.end, self.every, None, self.rate)

    def of_frames(self, shape: ImageShape) -> train.Wish:
        """Return what is asked of each frame, as of ``styletransfer.train``."""
        return train.wish_of({'recipe': RECIPE, **PLAIN, **dict(self.painting), 'shape': shape})

    def arguments(self) -> Dict[str, Any]:
        """Return all that was asked for, by name, for the record of a run."""
        asked = asdict(self)
        return {**asked, **dict(asked.pop('painting'))}


OPTIONS = {entry.name: entry for entry in fields(Wish) if entry.metadata}


def wish_of(asked: Mapping[str, Any]) -> Wish:
    """Return the wish for values by name, as a command line gives them."""
    own = {name: asked[name] for name in ('clip', *OPTIONS) if name in asked}
    if 'offsets' in own:
        own['offsets'] = tuple(own['offsets'])
    known = {*OF_FRAMES, *OF_RECIPES, *train.NUMBERS}
    painting = {name: value for name, value in asked.items() if name in known}
    return Wish(**own, painting=tuple(painting.items()))


def make_parser() -> Parser:
    """Return the command's parser; what was not given is not in what it returns."""
    parser = Parser('video', 'Turn a clip into a painting that moves and does not flicker.')
    known = ', '.join(samples())
    parser.add_argument('clip', help=f'a file, a folder of frames, or a sample: {known}')
    for name, entry in OPTIONS.items():
        facts, settings = entry.metadata, {'help': entry.metadata['help']}
        settings['default'] = argparse.SUPPRESS
        if facts['parse'] is bool:
            parser.add_argument(train.flag(name), action='store_true', **settings)
            continue
        if entry.default not in (None, ()):
            settings['help'] += f' ({train.as_text(name, entry.default)})'
        several = isinstance(entry.default, tuple)
        settings['type'] = argument(listed(facts['parse']) if several else facts['parse'])
        if 'metavar' in facts or facts['parse'] is parse_shape:
            settings['metavar'] = facts.get('metavar', 'WIDTHxHEIGHT')
        parser.add_argument(train.flag(name), **settings)
    parser.add_argument('--plan', action='store_true', help='print time and memory, and stop')
    frames = parser.add_argument_group('each frame, as of styletransfer.train')
    for name in (*OF_FRAMES, *OF_RECIPES):
        train.add_flag(frames, name, RECIPE if name == 'recipe' else None)
    train.add_numbers(parser)
    return parser
