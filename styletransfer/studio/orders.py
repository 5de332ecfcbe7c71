"""What a page asks for, as a value; and the command line and the Python that ask for the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Collection, Dict, List, Mapping, Tuple

from styletransfer import trained
from styletransfer.errors import InputError, unknown
from styletransfer.feedforward import painting
from styletransfer.images import samples
from styletransfer.recipes import RECIPES
from styletransfer.studio.knobs import asked, knobs
from styletransfer.studio.limits import MOST_STYLES
from styletransfer.train import wish as train

STYLIZE = """from styletransfer import stylize

stylize({arguments}).save('painting.png')
"""
PAINTER = """from styletransfer import trained
from styletransfer.feedforward.painting import Wish, painted, read
from styletransfer.images import picture_path, save_image

painter = trained.load(trained.find({net!r}))
wish = Wish({arguments})
photo = read(painter, picture_path({photo!r}, 'content'), wish.shape)
save_image('painting.png', painted(painter, photo, wish))
"""


def ways() -> List[str]:
    """Return all ways to paint: the bundled networks, and the recipes, the finest first."""
    first = [name for name in ('painterly', 'tutorial') if name in RECIPES]
    return [*trained.networks(), *first, *(name for name in RECIPES if name not in first)]


@dataclass(frozen=True)
class Order:
    """One painting that is asked for; names are of samples, or of files in the page's folder.

    `turned` are pairs of the name of a knob and the value that is asked for.
    """

    how: str  # a bundled network or a recipe
    photo: str
    styles: Tuple[str, ...]
    shares: Tuple[float, ...] = ()
    turned: Tuple[Tuple[str, Any], ...] = ()

    @property
    def in_one_pass(self) -> bool:
        """Tell whether a network paints it."""
        return self.how not in RECIPES

    @property
    def argv(self) -> Tuple[str, ...]:
        """Return the arguments of the command."""
        told: Dict[str, Any] = {'style': self.styles}
        if self.shares:
            told['style_weights'] = self.shares
        told.update(self.turned)
        if self.in_one_pass:
            flags = train.argv_of(told, painting.OPTIONS)
            return (self.photo, '--net', self.how, *flags)
        return tuple(train.argv_of({'content': self.photo, 'recipe': self.how, **told}))

    @property
    def command(self) -> str:
        """Return the command line."""
        command = 'styletransfer.feedforward paint' if self.in_one_pass else 'styletransfer.train'
        return f'python -m {command} {shlex.join(self.argv)}'

    @property
    def python(self) -> str:
        """Return a program in Python that paints the same."""
        told: Dict[str, Any] = {'style_weights': self.shares} if self.shares else {}
        told.update(pair for pair in self.turned if pair[0] != 'format')
        words = [f'{name}={value!r}' for name, value in told.items()]
        if self.in_one_pass:
            arguments = ', '.join([f'style={self.styles!r}', *words])
            return PAINTER.format(net=self.how, photo=self.photo, arguments=arguments)
        style = list(self.styles) if len(self.styles) > 1 else self.styles[0]
        words = [repr(self.photo), repr(style), f'recipe={self.how!r}', *words]
        return STYLIZE.format(arguments=', '.join(words))


def make_order(
    how: str,
    photo: str,
    styles: Collection[str],
    shares: Collection[float],
    page: Mapping[str, Any],
    files: Collection[str],
    standing: str = '',
) -> Order:
    """Return the order for what stands on a page.

    Parameters
    ----------
    how, photo, styles
        As chosen.
    shares : collection of float
        One for each style; equal ones say nothing.
    page : mapping of str to Any
        What stands at the knobs, by their names.
    files : collection of str
        The page's own files: beside the samples no others can be named.
    standing : str, optional
        As of `asked`.

    Raises
    ------
    InputError
        If something is not chosen, not known, or cannot be.
    """
    if how not in ways():
        raise unknown('way to paint', how, ways())
    if not photo:
        raise InputError('choose a photo, or drop one')
    if not styles:
        raise InputError('choose a style, or drop a painting')
    if len(styles) > MOST_STYLES:
        raise InputError(f'{len(styles)} styles are too many to mix: choose up to {MOST_STYLES}')
    turned = asked(how, page, standing)
    check_names([photo], [*samples('content'), *files])
    check_names(styles, [*samples('style'), *files])
    for knob in knobs():
        if knob.kind in ('file', 'files') and knob.name in turned:
            value = turned[knob.name]
            check_names([value] if knob.kind == 'file' else value, files)
    told = tuple(float(share) for share in shares)
    if len(set(told)) <= 1 or 'content_mask' in turned or 'mask' in turned:
        told = ()  # all the same, or each in a region of its own
    return Order(how, photo, tuple(styles), told, tuple(turned.items()))


def check_names(names: Collection[str], known: Collection[str]) -> None:
    """Refuse what is neither a sample nor a file that was dropped on this page."""
    for name in names:
        if name not in known:
            raise unknown('picture on this page', name, known, 'drop it again')
