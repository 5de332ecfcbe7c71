"""The flags of ``python -m styletransfer.train``, and the recipes as it prints them."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any, Dict, Iterator, List, Sequence

from styletransfer import vgg
from styletransfer.color import PRESERVE_COLOR
from styletransfer.command import Parser, argument, listed, natural, positive
from styletransfer.images import PICTURE_FORMATS, parse_shape
from styletransfer.recipes import RECIPES, Recipe, Stage, shape_text
from styletransfer.train.plan import parse_tile
from styletransfer.train.settings import NOISE

# what may differ between a run and its resumption
UNTIED = ('resume', 'quiet', 'output', 'save_every', 'checkpoint_every', 'tile', 'plan')


def flag(name: str) -> str:
    """Return the flag for a field of a recipe or of its stages."""
    return '--' + {'num_epochs': 'epochs'}.get(name, name).replace('_', '-')


class Flat(argparse.Action):
    """Takes numbers with spaces or commas between them."""

    def __call__(  # noqa: D102
        self, parser: Any, namespace: Any, values: Any, option_string: Any = None
    ) -> None:
        setattr(namespace, self.dest, [number for numbers in values for number in numbers])


def make_parser() -> Parser:
    """Return the command's parser; flags for a recipe's numbers come from its dataclasses."""
    parser = Parser('train', 'Turn a photo into a painting, coarse to fine.')
    add_run(parser)
    add_controls(parser.add_argument_group('more say in the painting'))
    numbers = parser.add_argument_group('numbers of the recipe')
    stages = parser.add_argument_group('numbers of its stages: one for all, or one,one,... each')
    for group, kind in ((numbers, Recipe), (stages, Stage)):
        for entry in fields(kind):
            parse = entry.metadata.get('parse')
            if parse:
                parse = argument(parse)
                group.add_argument(
                    flag(entry.name),
                    dest=entry.name,
                    type=parse if kind is Recipe else listed(parse),
                    help=entry.metadata['help'],
                )
    return parser


def add_run(parser: Parser) -> None:
    """Add the flags that say what is painted, where, and with which means."""
    add = parser.add_argument
    shape: Dict[str, Any] = {'type': argument(parse_shape), 'metavar': 'WIDTHxHEIGHT'}
    add('--content', default='lake', help='photo: a file, a folder or a sample (%(default)s)')
    add(
        '--style',
        nargs='+',
        default=['oil_strokes'],
        help='painting: a file, a folder or a sample (oil_strokes); several are mixed',
    )
    add('--list-samples', action='store_true', help='list the bundled pictures and stop')
    add('--shape', help="of the result (the recipe's: 560x320)", **shape)
    add('--coarse-shape', help='of the first stage (in proportion to --shape)', **shape)
    add('--keep-aspect', action='store_true', help='take the height from the photo')
    add('--output', default='outputs', metavar='FOLDER', help='for the results (%(default)s)')
    add('--format', default='png', help=f'{", ".join(PICTURE_FORMATS)} (%(default)s)')
    add('--save-every', type=argument(positive), metavar='N', help='epochs between previews')
    add(
        '--checkpoint-every',
        type=argument(positive),
        default=50,
        metavar='N',
        help='epochs between checkpoints (%(default)s)',
    )
    add(
        '--resume',
        action='store_true',
        help='go on with the interrupted run in --output (L-BFGS begins its memory anew)',
    )
    starts = ', '.join(('content', 'style', *NOISE))
    add('--init', help=f"start: {starts} or a file (the recipe's)")
    add('--seed', type=argument(natural), default=0, help='of all randomness (%(default)s)')
    add(
        '--backbone',
        default='auto',
        help=f'network: {", ".join(vgg.BACKBONES)}, or auto: the full one where its weights are',
    )
    add('--weights', metavar='FILE', help="of the network; 'random' leaves it untrained")
    add('--device', default='auto', help='cpu, gpu or auto')
    add(
        '--tile',
        type=argument(parse_tile),
        default='auto',
        help='side of the tiles in which a large picture is looked at, auto or none (%(default)s)',
    )
    add('--plan', action='store_true', help='print the stages, memory and time, and stop')
    add('--quiet', action='store_true', help='no bars and no messages')
    about = '; '.join(f'{recipe.name}, {recipe.description}' for recipe in RECIPES.values())
    add('--recipe', default='d2l_zh', help=about)
    add('--list-recipes', action='store_true', help='print what each recipe does and stop')


def add_controls(group: Any) -> None:
    """Add the flags of `styletransfer.controls` and `styletransfer.color`."""
    add = group.add_argument
    add(
        '--style-weights',
        type=lambda text: listed(argument(float))(text.strip(',')),
        nargs='+',
        action=Flat,
        metavar='SHARE',
        help='how much of each style (the same of all)',
    )
    add(
        '--style-scale',
        type=argument(float),
        default=1.0,
        help='size of the strokes; 2 makes them twice as large (%(default)s)',
    )
    add('--keep-style-aspect', action='store_true', help='crop paintings, do not squeeze them')
    add(
        '--preserve-color',
        metavar='WAY',
        help=f"keep the photo's colours: {', '.join(PRESERVE_COLOR)}",
    )
    add(
        '--content-mask',
        nargs='+',
        metavar='FILE',
        help='regions of the photo, white on black, one for each style',
    )
    add(
        '--style-mask',
        nargs='+',
        metavar='FILE',
        help='from where in the painting the style for each region is taken',
    )


def as_text(name: str, value: Any) -> str:
    """Return the value of a flag as it is written on the command line."""
    if isinstance(value, (list, tuple)):
        if name in ('style', 'content_mask', 'style_mask'):
            return ' '.join(value)
        return ('x' if name.endswith('shape') else ',').join(map(str, value))
    return str(value)


def stages_text(recipe: Recipe) -> str:
    """Return the stages of a recipe in words."""
    return ', then '.join(
        f'{shape_text(stage.image_shape)} for {stage.num_epochs} epochs' for stage in recipe.stages
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
        each = f', each times {weights[0]:.2g}' if weights else ''
        return f'{", ".join(names)}; weight {getattr(recipe, f"{kind}_weight"):g}{each}'

    return {
        'network': f'{recipe.family}, {recipe.pooling} pooling, {recipe.pixels} pixels'
        + (', its filters normalised' if recipe.normalised else ''),
        'content': layers('content', recipe.content_layer_weights),
        'style': layers('style', recipe.style_layer_weights),
        'smoothness': f'{recipe.tv} total variation; weight {recipe.tv_weight:g}',
        'scaling': recipe.scaling,
        'optimizer': recipe.optimizer,
        'start': recipe.init,
        'stages': stages_text(recipe),
    }
