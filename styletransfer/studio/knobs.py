"""What may be turned on the page: one knob for each field of a wish and each number of a recipe.

Nothing is listed here: a field more in `train.wish.Wish`, in `feedforward.painting.Wish`, or in
`Recipe` and `Stage` is a knob more.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from styletransfer.command import finite, natural, positive, whole
from styletransfer.errors import InputError
from styletransfer.feedforward import painting
from styletransfer.recipes import RECIPES, shape_text
from styletransfer.train import wish as train
from styletransfer.train.wish import MANNER, NUMBERS, OPTIONS, STAGE_NUMBERS, as_text, flag, part

# what the page has a place of its own for, and what is the machine's owner's to say
PLACED = {'content', 'style', 'style_weights', 'recipe'}
OWNERS = {'weights', 'device'}

PAINTING, CONTROLS, RECIPE, STAGES = GROUPS = ('painting', 'controls', 'recipe', 'stages')


class Knob(NamedTuple):
    """One thing that may be turned."""

    name: str
    kind: str  # 'switch', 'choice', 'number', 'whole', 'text', 'file' or 'files'
    group: str  # one of `GROUPS`
    help: str
    default: Any  # None where it is the recipe's
    choices: Tuple[str, ...]
    for_recipes: bool
    for_networks: bool

    def read(self, shown: Any) -> Any:
        """Return what is asked for by what stands on the page; None for nothing.

        Raises
        ------
        InputError
            If it cannot be.
        """
        if shown is None or shown == '' or shown == []:
            return None
        if self.kind in ('switch', 'choice', 'file'):
            return shown
        if self.kind == 'files':
            return tuple(shown)
        text = str(int(shown) if self.kind == 'whole' and shown == int(shown) else shown)
        parse = _entries()[self.name].metadata['parse']
        try:
            value = [parse(word) for word in text.split(',')] if self.group == STAGES else None
            value = parse(text) if value is None else value
        except InputError as error:
            raise InputError(f'{flag(self.name)}: {error}') from error
        except ValueError:
            raise InputError(f"{flag(self.name)}: '{text}' is not a number") from None
        return tuple(value) if isinstance(value, list) else value


def _entries() -> Dict[str, Any]:
    """Return all fields that knobs are made of, by name."""
    return {**painting.OPTIONS, **OPTIONS, **NUMBERS}


def knobs() -> List[Knob]:
    """Return all knobs, in the order in which the fields are declared."""
    return [
        _knob(name, entry)
        for name, entry in _entries().items()
        if name not in PLACED | OWNERS and (name in painting.OPTIONS or part(name) != MANNER)
    ]


def _knob(name: str, entry: Any) -> Knob:
    facts, default = entry.metadata, entry.default
    group = CONTROLS if facts.get('group') == train.CONTROLS else PAINTING
    if name in NUMBERS:
        group = STAGES if name in STAGE_NUMBERS else RECIPE
    return Knob(
        name,
        _kind(facts, default, group),
        group,
        facts['help'].replace(' (%(default)s)', ''),
        None if name in NUMBERS else default,
        tuple(facts.get('table', ())),
        name in OPTIONS or name in NUMBERS,
        name in painting.OPTIONS,
    )


def _kind(facts: Mapping[str, Any], default: Any, group: str) -> str:
    parse, several = facts['parse'], isinstance(default, tuple)
    if parse is bool:
        return 'switch'
    if 'table' in facts:
        return 'choice'
    if parse is str:  # text of which there is no table is the name of a file
        return 'files' if several else 'file'
    if group == STAGES or several or parse not in (finite, whole, natural, positive):
        return 'text'
    return 'number' if parse is finite else 'whole'


def shown(knob: Knob, how: str) -> Any:
    """Return what stands on the page for a knob at first, if one paints by this recipe."""
    value = default_of(knob, how)
    if knob.kind != 'text':
        return list(value) if isinstance(value, tuple) else value
    if value is None or value == ():
        return ''
    return as_text(knob.name, value)


def default_of(knob: Knob, how: str) -> Any:
    """Return the value that a knob has if it is not turned; of stages, one value if all agree."""
    recipe = RECIPES.get(how)
    if knob.group not in (RECIPE, STAGES) or recipe is None:
        return knob.default
    if knob.group == RECIPE:
        return getattr(recipe, knob.name)
    values = tuple(getattr(stage, knob.name) for stage in recipe.stages)
    return values if len(set(values)) > 1 else values[:1]


def size_of(how: str) -> str:
    """Return the shape that a recipe paints, for where nothing is asked; nothing for a network."""
    recipe: Any = RECIPES.get(how)
    return shape_text(recipe.stages[-1].image_shape) if recipe else ''


def asked(how: str, page: Mapping[str, Any], standing: str = '') -> Dict[str, Any]:
    """Return what a page asks for by its knobs, by name: whatever is turned.

    Parameters
    ----------
    how : str
        A recipe or a network.
    page : mapping of str to Any
        What stands on the page, by the knobs' names.
    standing : str, optional
        The recipe whose numbers were put there last, which is another for a moment after the
        choice of a recipe: what stands as in that was not turned. By default it is `how`.

    Raises
    ------
    InputError
        If a value cannot be.
    """
    told = {}
    for knob in knobs():
        fits = knob.for_recipes if how in RECIPES else knob.for_networks
        value = knob.read(page.get(knob.name)) if fits else None
        if value is not None and value != default_of(knob, standing or how):
            told[knob.name] = value
    return told
