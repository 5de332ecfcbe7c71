"""A run as a value: everything one may ask for, and the flags, checks and records made of it.

Each field of `Wish` says what it is for, how it is read from a command line, and what part it has
in the result. From that come the command's flags, the arguments of `stylize`, what a run may be
resumed with, and the fingerprint that tells whether two pictures are of the same making. A new
control is one field more.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from styletransfer import vgg
from styletransfer.cluster import parse_cluster
from styletransfer.color import PRESERVE_COLOR, find_preservation
from styletransfer.command import Parser, argument, finite, listed, natural, positive, whole
from styletransfer.controls import check_regions, check_weights
from styletransfer.errors import InputError, unknown
from styletransfer.images import NOISE, PICTURE_FORMATS, ImageShape, parse_shape
from styletransfer.losses import SCALINGS
from styletransfer.optimizers import OPTIMIZERS
from styletransfer.recipes import RECIPES, Recipe, Stage, option
from styletransfer.regions import COLOURS
from styletransfer.train.memory import parse_tile

# the part that a field has in the result: the picture depends on its value; or on what is made of
# it, which has a place of its own in the fingerprint (the recipe, the network, the files' bytes);
# or not at all, so that it may be another when a run is resumed
VALUE, SOURCE, MANNER = 'value', 'source', 'manner'

CONTROLS = 'more say in the painting'
STARTS = ('content', 'style', 'recolored', *NOISE)  # by name; any file is a start, too


def parse_shares(text: str) -> List[float]:
    """Return numbers from text such as '0.7,0.3'."""
    return listed(finite)(text.strip(','))


@dataclass(frozen=True)
class Wish:
    """Everything that one may ask of a painting.

    A field that is read as text has a `table` of names to choose from, or it names files.

    The numbers of the recipe are asked for by `changes`, pairs of a field's name in `Recipe` or
    `Stage` and its value (for a stage a sequence, one value for all stages or one each).

    Raises
    ------
    InputError
        If a value cannot be, or two do not go together. Files are not looked at.
    """

    content: str = option('lake', 'photo: a file, a folder or a sample', str, part=SOURCE)
    style: Tuple[str, ...] = option(
        ('oil_strokes',),
        'painting: a file, a folder or a sample; several are mixed',
        str,
        part=SOURCE,
    )
    shape: Optional[ImageShape] = option(
        None, "of the result (the recipe's: 560x320)", parse_shape, part=SOURCE
    )
    coarse_shape: Optional[ImageShape] = option(
        None, 'of the first stage (in proportion to --shape)', parse_shape, part=SOURCE
    )
    keep_aspect: bool = option(False, 'take the height from the photo', bool)
    output: str = option(
        'outputs', 'folder for the results', str, metavar='FOLDER', part=MANNER, files=True
    )
    format: str = option(
        'png',
        ', '.join(PICTURE_FORMATS),
        str,
        part=SOURCE,
        files=True,
        table=PICTURE_FORMATS,
    )
    save_every: Optional[int] = option(
        None, 'epochs between previews', positive, metavar='N', part=MANNER, files=True
    )
    checkpoint_every: int = option(
        50, 'epochs between checkpoints', positive, metavar='N', part=MANNER, files=True
    )
    init: Optional[str] = option(
        None,
        f'start: {", ".join(STARTS)}, or a file: a picture, or a network '
        "that paints in one pass, which may be named, too (the recipe's)",
        str,
        part=SOURCE,
        table=STARTS,
    )
    seed: int = option(0, 'of all randomness', natural)
    backbone: str = option(
        'auto',
        f'network: {", ".join(vgg.BACKBONES)}, or auto: the full one where its weights are',
        str,
        part=SOURCE,
        table=('auto', *vgg.BACKBONES),
    )
    weights: Optional[str] = option(
        None, "of the network; 'random' leaves it untrained", str, metavar='FILE', part=SOURCE
    )
    device: str = option(
        'auto', 'cpu, gpu or auto', str, part=SOURCE, table=('auto', 'cpu', 'gpu')
    )
    tile: Union[int, str] = option(
        'auto',
        'side of the tiles in which a large picture is looked at, auto or none',
        parse_tile,
        part=MANNER,
    )
    cluster: Optional[str] = option(
        None,
        'paint a folder on local:N processes or a Dask scheduler',
        parse_cluster,
        metavar='ADDRESS',
        part=MANNER,
        files=True,
    )
    quiet: bool = option(False, 'no bars and no messages', bool, part=MANNER)
    recipe: str = option(
        'tutorial',
        '; '.join(f'{recipe.name}, {recipe.description}' for recipe in RECIPES.values()),
        str,
        part=SOURCE,
        table=RECIPES,
    )
    style_weights: Tuple[float, ...] = option(
        (),
        'how much of each style (the same of all)',
        parse_shares,
        group=CONTROLS,
        metavar='SHARE',
    )
    style_scale: float = option(
        1.0, 'size of the strokes; 2 makes them twice as large', finite, group=CONTROLS
    )
    keep_style_aspect: bool = option(
        False, 'crop paintings, do not squeeze them', bool, group=CONTROLS
    )
    preserve_color: Optional[str] = option(
        None,
        f"keep the photo's colours: {', '.join(PRESERVE_COLOR)}",
        str,
        group=CONTROLS,
        metavar='WAY',
        table=PRESERVE_COLOR,
    )
    content_mask: Tuple[str, ...] = option(
        (),
        'regions of the photo, white on black, one for each style',
        str,
        group=CONTROLS,
        metavar='FILE',
        part=SOURCE,
    )
    style_mask: Tuple[str, ...] = option(
        (),
        'from where in the painting the style for each region is taken',
        str,
        group=CONTROLS,
        metavar='FILE',
        part=SOURCE,
    )
    content_labels: Optional[str] = option(
        None,
        'the regions of the photo in one picture, each in a colour of its own: a file, or the '
        'name of a bundled photo that has them',
        str,
        group=CONTROLS,
        metavar='FILE',
        part=SOURCE,
    )
    style_labels: Optional[str] = option(
        None,
        'those of the painting, in the colours of the regions whose style they have',
        str,
        group=CONTROLS,
        metavar='FILE',
        part=SOURCE,
    )
    auto_masks: Optional[int] = option(
        None,
        f'propose so many regions, 2 to {len(COLOURS)}, and write them beside the result',
        whole,
        group=CONTROLS,
        metavar='N',
    )
    keep_detail: bool = option(
        False, "put the photo's fine detail back in the end", bool, group=CONTROLS
    )
    changes: Tuple[Tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.format not in PICTURE_FORMATS:
            raise unknown('picture format', self.format, PICTURE_FORMATS)
        check_regions(len(self.style), len(self.content_mask), len(self.style_mask))
        self._check_labels()
        if self.style_weights and self.content_mask:
            raise InputError(
                '--style-weights mixes styles, but masks keep them apart: leave one out'
            )
        if self.style_weights:
            check_weights(self.style_weights, len(self.style))
        if not 0 < self.style_scale < math.inf:
            raise InputError(f'--style-scale is {self.style_scale:g}: it must be above 0')
        if self.preserve_color:
            find_preservation(self.preserve_color)

    def _check_labels(self) -> None:
        names = ('content_mask', 'content_labels', 'auto_masks')
        ways = [flag(name) for name in names if getattr(self, name) not in (None, ())]
        if len(ways) > 1:
            raise InputError(f'{" and ".join(ways)} both say where the regions are: choose one')
        if (self.content_labels is None) != (self.style_labels is None):
            raise InputError(
                '--content-labels and --style-labels go together: what has the same colour in '
                'both is one region'
            )
        if (self.content_labels or self.auto_masks) and len(self.style) > 1:
            raise InputError(
                f'{ways[0]} is for one style, but {len(self.style)} are given: with '
                '--content-mask each goes to a region of its own'
            )
        if self.auto_masks is not None and not 2 <= self.auto_masks <= len(COLOURS):
            raise InputError(f'--auto-masks is {self.auto_masks}: it must be 2 to {len(COLOURS)}')

    def values(self) -> Dict[str, Any]:
        """Return the values on which the picture itself depends, for the fingerprint."""
        return {name: getattr(self, name) for name in OPTIONS if part(name) == VALUE}

    def arguments(self) -> Dict[str, Any]:
        """Return all that was asked for, by name, for the record of a run."""
        asked = asdict(self)
        return {**asked, **dict(asked.pop('changes'))}


OPTIONS = {entry.name: entry for entry in fields(Wish) if entry.metadata}
NUMBERS = {
    entry.name: entry
    for kind in (Recipe, Stage)
    for entry in fields(kind)
    if 'parse' in entry.metadata
}
STAGE_NUMBERS = {entry.name for entry in fields(Stage)} & set(NUMBERS)


def part(name: str) -> str:
    """Return what part an option has in the result; the recipe's numbers are in the recipe."""
    return OPTIONS[name].metadata.get('part', VALUE) if name in OPTIONS else SOURCE


def wish_of(asked: Mapping[str, Any]) -> Wish:
    """Return the wish for values by name: fields of `Wish`, and numbers of recipe and stages.

    Text is read as on a command line; one value may stand for a sequence of one.

    Raises
    ------
    InputError
        If there is no such name, or as `Wish` says.
    """
    own: Dict[str, Any] = {}
    changes: Dict[str, Any] = {}
    for name, value in asked.items():
        if name in OPTIONS:
            own[name] = _read(OPTIONS[name], value, several=isinstance(_default(name), tuple))
        elif name in NUMBERS:
            changes[name] = _read(NUMBERS[name], value, several=name in STAGE_NUMBERS)
        else:
            raise unknown('option', name, [*OPTIONS, *NUMBERS])
    return Wish(**own, changes=tuple(changes.items()))


def _read(entry: Any, value: Any, several: bool) -> Any:
    """Return a value as its field holds it."""
    parse = entry.metadata['parse']
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str) and parse is not str:
        value = [parse(part) for part in value.split(',')] if several else parse(value)
    if several and (isinstance(value, str) or not isinstance(value, Sequence)):
        value = [value]
    if isinstance(value, (list, tuple)):
        return tuple(str(part) if isinstance(part, Path) else part for part in value)
    return value


def _default(name: str) -> Any:
    return OPTIONS[name].default


# --- the command line ----------------------------------------------------------------------------


def flag(name: str) -> str:
    """Return the flag for an option, or for a number of a recipe or of its stages."""
    return '--' + {'num_epochs': 'epochs'}.get(name, name).replace('_', '-')


def as_text(name: str, value: Any) -> str:
    """Return the value of a flag as it is written on the command line."""
    if isinstance(value, (list, tuple)):
        if name in OPTIONS and OPTIONS[name].metadata['parse'] is str:
            return ' '.join(value)
        return ('x' if name.endswith('shape') else ',').join(map(str, value))
    return str(value)


def argv_of(asked: Mapping[str, Any], entries: Mapping[str, Any] = {}) -> List[str]:
    """Return the flags that ask for values by name, as a command line has them.

    Parameters
    ----------
    asked : mapping of str to Any
        As of `wish_of`.
    entries : mapping of str to Field, optional
        Those of another wish than `Wish`.

    Examples
    --------
    >>> argv_of({'style': ('oil_strokes', 'ink_wash'), 'shape': (60, 40), 'keep_aspect': True})
    ['--style', 'oil_strokes', 'ink_wash', '--shape', '60x40', '--keep-aspect']
    """
    argv: List[str] = []
    for name, value in asked.items():
        parse = {**OPTIONS, **NUMBERS, **entries}[name].metadata['parse']
        if parse is bool:
            argv += [flag(name)] if value else []
        elif parse is str and not isinstance(value, str):
            argv += [flag(name), *value]
        else:
            argv += [flag(name), as_text(name, value) or ',']
    return argv


class _Flat(argparse.Action):
    """Takes numbers with spaces or commas between them."""

    def __call__(
        self, parser: Any, namespace: Any, values: Any, option_string: Any = None
    ) -> None:
        setattr(namespace, self.dest, [number for numbers in values for number in numbers])


def make_parser() -> Parser:
    """Return the command's parser: a flag for each option and number, and some questions.

    What was not given is not in what it returns: the defaults are the fields' own.
    """
    parser = Parser('train', 'Turn a photo into a painting, coarse to fine.')
    groups = {None: parser, CONTROLS: parser.add_argument_group(CONTROLS)}
    for name, entry in OPTIONS.items():
        add_flag(groups[entry.metadata.get('group')], name)
    parser.add_argument('--resume', action='store_true', help=RESUME)
    for name, about in QUESTIONS.items():
        parser.add_argument(flag(name), action='store_true', help=f'{about}, and stop')
    add_numbers(parser)
    return parser


def add_numbers(parser: Parser) -> None:
    """Add the flags of all numbers of recipes and their stages."""
    numbers = parser.add_argument_group('numbers of the recipe')
    stages = parser.add_argument_group('numbers of its stages: one for all, or one,one,... each')
    for name, entry in NUMBERS.items():
        parse = argument(entry.metadata['parse'])
        (stages if name in STAGE_NUMBERS else numbers).add_argument(
            flag(name),
            dest=name,
            type=listed(parse) if name in STAGE_NUMBERS else parse,
            help=entry.metadata['help'],
            default=argparse.SUPPRESS,
        )


RESUME = 'go on with the interrupted run in --output'
QUESTIONS = {
    'plan': 'print the stages, memory and time',
    'list_samples': 'list the bundled pictures',
    'list_recipes': 'print what each recipe does',
}


def add_flag(group: Any, name: str, shown: Any = None) -> None:
    """Add the flag of an option; its help shows the field's default, or another command's."""
    facts, default = OPTIONS[name].metadata, _default(name)
    settings: Dict[str, Any] = {'help': facts['help'], 'default': argparse.SUPPRESS}
    if facts['parse'] is bool:
        group.add_argument(flag(name), action='store_true', **settings)
        return
    if default not in (None, ()):
        settings['help'] += f' ({as_text(name, shown or default)})'
    settings['type'] = argument(facts['parse'])
    if facts['parse'] is parse_shape:
        settings['metavar'] = 'WIDTHxHEIGHT'
    if 'metavar' in facts:
        settings['metavar'] = facts['metavar']
    if isinstance(default, tuple):
        settings['nargs'] = '+'
    if facts['parse'] is parse_shares:
        settings['action'] = _Flat
    group.add_argument(flag(name), **settings)


def given(asked: argparse.Namespace) -> Dict[str, Any]:
    """Return the options and numbers that a command line gives, without its questions."""
    return {name: value for name, value in vars(asked).items() if name in {**OPTIONS, **NUMBERS}}


def stages_text(recipe: Recipe) -> str:
    """Return the stages of a recipe in words."""
    return ', then '.join(
        f'{stage.title} for {stage.num_epochs} epochs' for stage in recipe.stages
    )


def recipe_table() -> Iterator[str]:
    """Yield the lines that describe all recipes."""
    for recipe in RECIPES.values():
        yield f'{recipe.name}: {recipe.description}'
        for title, text in describe_recipe(recipe).items():
            yield f'  {title:<12}{text}'


def describe_recipe(recipe: Recipe) -> Dict[str, str]:
    """Return what a recipe does, part by part."""

    def layers(kind: str, weights: Sequence[float]) -> str:
        names: List[Any] = list(getattr(recipe, f'{kind}_layers'))
        if not names:
            return 'none'
        each = f', each times {weights[0]:.2g}' if weights else ''
        return f'{", ".join(names)}; weight {getattr(recipe, f"{kind}_weight"):g}{each}'

    patches = (
        f'{layers("patch", recipe.patch_layer_weights)}; every {recipe.patch_stride} positions; '
        f'{recipe.patch_rotations} rotations and {recipe.patch_scales} sizes to each side'
    )
    realism = {}
    if recipe.matting_weight or recipe.affine_radius:
        realism['realism'] = (
            f'matting Laplacian, weight {recipe.matting_weight:g}; smooth local affine filter '
            f'over {recipe.affine_radius} pixels, colours within {recipe.affine_edge:g}'
        )
    return {
        'network': f'{recipe.family}, {recipe.pooling} pooling, {recipe.pixels} pixels'
        + (', its filters normalised' if recipe.normalised else ''),
        'content': layers('content', recipe.content_layer_weights),
        'style': layers('style', recipe.style_layer_weights),
        **({'patches': patches} if recipe.patch_layers else {}),
        'smoothness': f'{recipe.tv} total variation; weight {recipe.tv_weight:g}',
        **realism,
        'scaling': f'{recipe.scaling}, {SCALINGS[recipe.scaling].description}',
        'optimizer': f'{recipe.optimizer}: {OPTIMIZERS[recipe.optimizer].description}',
        'canvas': f'{recipe.oversample:g} times as large as the picture, '
        f'{recipe.bleed:g} of each side beyond the border; '
        f'softened by {recipe.softening:g} pixels between stages',
        'start': recipe.init,
        'stages': stages_text(recipe),
    }
