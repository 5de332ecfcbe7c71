"""The two ways in which a clip is painted, made of a wish: a network, or optimisation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Tuple

from styletransfer import trained
from styletransfer.errors import InputError
from styletransfer.feedforward import painting
from styletransfer.images import NOISE, ImageShape, picture_path
from styletransfer.recipes import Recipe
from styletransfer.train.job import digests, load_network
from styletransfer.train.job import fingerprint as frame_fingerprint
from styletransfer.train.plan import make_plan
from styletransfer.video import onepass, optimised
from styletransfer.video.wish import Wish


def one_pass(wish: Wish) -> Tuple[onepass.Painter, Dict[str, Any]]:
    """Return the network that paints, and all on which its frames depend."""
    path = trained.find(wish.net or '')
    net = trained.load(path)
    asked = dict(wish.painting)
    style = tuple(asked.get('style') or net.styles[:1])
    weights = tuple(asked.get('style_weights') or ())
    of_frame = painting.Wish(style, weights, preserve_color=asked.get('preserve_color'))
    net.shares(style, weights)  # what is wrong with these is told now
    made = {
        'network': net.notes['sha256'],
        'painting': asdict(of_frame),
        'blend': wish.blend,
    }
    if net.statistics:
        made['pictures'] = digests({'style': [picture_path(name, 'style') for name in style]})
    return onepass.Painter(net, of_frame, wish.blend), made


def by_optimisation(wish: Wish, shape: ImageShape) -> Tuple[optimised.Artist, Dict[str, Any]]:
    """Return all that frames have in common, and all on which they depend."""
    of_frame = wish.of_frames(shape)
    plan = make_plan(of_frame)
    check_recipe(plan.recipe)
    network = load_network(of_frame, plan)
    plan = plan.fitted(network)
    offsets = sorted(set(wish.offsets))
    made = {
        **frame_fingerprint(of_frame, plan, network),
        'pictures': digests({'style': [picture_path(name, 'style') for name in of_frame.style]}),
        'coherence': [wish.flow_weight, offsets, wish.passes],
    }
    artist = optimised.Artist(of_frame, plan, network, wish.flow_weight, offsets, wish.passes, {})
    return artist, made


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that is for one picture only.

    Raises
    ------
    InputError
        If it is.
    """
    if recipe.matting_weight or recipe.affine_radius or recipe.init not in ('content', *NOISE):
        raise InputError(f"recipe '{recipe.name}' is for one photograph: choose another --recipe")
    if recipe.oversample != 1 or recipe.bleed:
        raise InputError(
            'the frames of a clip are painted as large as they are: leave out '
            '--oversample and --bleed'
        )
