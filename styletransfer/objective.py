r"""What judges a picture: its content, its style and its smoothness, weighted and added.

A loss is a function of the picture. It returns its terms, by name and weighted, and the number
that training makes small; listeners show whatever terms there are. A further term is a further
wrapper (`with_term`).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

import mxnet as mx
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.errors import InputError
from styletransfer.images import ImageShape, preprocess
from styletransfer.losses import content_loss, gram, style_loss
from styletransfer.recipes import Recipe
from styletransfer.vgg import compiled, extract_features, layer_indices

Terms = Dict[str, Any]  # the weighted terms by name: arrays of shape (), or numbers
Loss = Callable[[np.ndarray], Tuple[Terms, np.ndarray]]
LossAt = Callable[[ImageShape], Loss]
LayerTerm = Callable[[np.ndarray], np.ndarray]  # of a layer's output: weighted, of shape ()


def get_contents(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Return the content picture, preprocessed, and what the content layers say of it.

    Neither changes while the picture is trained, so both are computed once for each stage.
    """
    content_X = preprocess(content_img, image_shape, *recipe.mean_std).copyto(device)
    contents_Y, _ = extract_features(net, content_X, recipe.content_layers, ())
    return content_X, contents_Y


def get_styles(
    net: nn.HybridSequential,
    recipe: Recipe,
    style_img: np.ndarray,
    image_shape: ImageShape,
    device: mx.Context,
) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Return the style picture, preprocessed, and the Gram matrices of the style layers.

    The matrices are all that is asked of the style picture; the layers' outputs are forgotten.
    """
    style_X = preprocess(style_img, image_shape, *recipe.mean_std).copyto(device)
    _, styles_Y = extract_features(net, style_X, (), recipe.style_layers)
    return style_X, [gram(Y) for Y in styles_Y]


def compute_loss(
    recipe: Recipe,
    X: np.ndarray,
    contents_Y_hat: Sequence[np.ndarray],
    styles_Y_hat: Sequence[np.ndarray],
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
) -> Tuple[List[np.ndarray], List[np.ndarray], np.ndarray, np.ndarray]:
    r"""Return every weighted loss and their plain sum, the number that training makes small.

    .. math:: l = \sum_{\ell} w_c^\ell L_c^\ell + \sum_{\ell} w_s^\ell L_s^\ell + w_{tv} L_{tv}

    Parameters
    ----------
    recipe : Recipe
        Its `content_weights`, `style_weights`, `tv_loss` and `tv_weight` are used. In the book's
        recipes all content layers have one weight, and all style layers have one.
    X : np.ndarray of shape (1, 3, h, w)
        The generated picture.
    contents_Y_hat, styles_Y_hat : sequences of np.ndarray
        `extract_features` of the generated picture, or what `compiled` makes of it.
    contents_Y, styles_Y_gram : sequences of np.ndarray
        What they should be: features of the content picture, Gram matrices of the style picture.

    Returns
    -------
    contents_l, styles_l : lists with one number for each layer
    tv_l, l : np.ndarray of shape ()
    """
    content_weights = recipe.content_weights(contents_Y_hat, contents_Y, X)
    style_weights = recipe.style_weights(styles_Y_hat, styles_Y_gram, X)
    contents_l = [
        content_loss(Y_hat, Y) * weight
        for Y_hat, Y, weight in zip(contents_Y_hat, contents_Y, content_weights)
    ]
    styles_l = [
        style_loss(Y_hat, Y) * weight
        for Y_hat, Y, weight in zip(styles_Y_hat, styles_Y_gram, style_weights)
    ]
    tv_l = recipe.tv_loss(X) * recipe.tv_weight
    l = sum(contents_l + styles_l + [tv_l])
    return contents_l, styles_l, tv_l, l


def objective(
    net: nn.HybridSequential,
    recipe: Recipe,
    contents_Y: Sequence[np.ndarray],
    styles_Y_gram: Sequence[np.ndarray],
) -> Loss:
    """Return the function that judges a picture: `compute_loss` of what the network says of it.

    Parameters
    ----------
    net : HybridSequential
        The truncated VGG, frozen.
    recipe : Recipe
        Layers and weights of the loss.
    contents_Y, styles_Y_gram : sequences of np.ndarray
        From `get_contents` and `get_styles` at the shape of the picture.

    Returns
    -------
    callable
        Given the picture, of shape (1, 3, h, w), it returns the terms 'content', 'style' and
        'TV', weighted and summed over the layers (0 where there are none), and the sum of all.
    """
    features = compiled(net, recipe.content_layers, recipe.style_layers)

    def loss(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        contents_Y_hat, styles_Y_hat = features(X)
        return named(
            *compute_loss(recipe, X, contents_Y_hat, styles_Y_hat, contents_Y, styles_Y_gram)
        )

    return loss


def all_features(
    net: nn.HybridSequential, recipe: Recipe, patch_terms: Sequence[LayerTerm]
) -> Callable[[np.ndarray], Tuple[List[np.ndarray], List[np.ndarray], List[np.ndarray]]]:
    """Return `compiled` for a recipe's layers; it also returns what the patch layers are worth.

    Raises
    ------
    InputError
        If there is not one of `patch_terms` for each patch layer.
    """
    content_layers = layer_indices(recipe.content_layers, net)
    patch_layers = layer_indices(recipe.patch_layers, net)
    check_terms(patch_terms, patch_layers)
    layers = sorted({*content_layers, *patch_layers})
    features = compiled(net, layers, recipe.style_layers)

    def seen(X: np.ndarray) -> Tuple[List[np.ndarray], List[np.ndarray], List[np.ndarray]]:
        outputs, styles_Y_hat = features(X)
        Y_hat = dict(zip(layers, outputs))
        patches_l = [term(Y_hat[i]) for term, i in zip(patch_terms, patch_layers)]
        return [Y_hat[i] for i in content_layers], styles_Y_hat, patches_l

    return seen


def check_terms(patch_terms: Sequence[LayerTerm], patch_layers: Sequence[int]) -> None:
    """Raise InputError unless there is a term for each patch layer."""
    if len(patch_terms) != len(patch_layers):
        raise InputError(
            f'{len(patch_terms)} patch terms are given for {len(patch_layers)} patch layers'
        )


def named(
    contents_l: Sequence[np.ndarray],
    styles_l: Sequence[np.ndarray],
    tv_l: np.ndarray,
    l: np.ndarray,
) -> Tuple[Terms, np.ndarray]:
    """Return the four values of `compute_loss` as a loss returns them: terms by name, and l."""
    return {'content': sum(contents_l), 'style': sum(styles_l), 'TV': tv_l}, l


def with_patches(
    terms: Terms, l: np.ndarray, patches_l: Sequence[np.ndarray]
) -> Tuple[Terms, np.ndarray]:
    """Return terms and their sum with what patch layers are worth, if there are any."""
    if not patches_l:
        return terms, l
    further_l = sum(patches_l)
    return {**terms, 'patches': further_l}, l + further_l


def with_term(loss: Loss, name: str, term: Callable[[np.ndarray], np.ndarray]) -> Loss:
    """Return a loss with one term more: of the picture X, `term(X)`, weighted, of shape ()."""

    def more(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        terms, l = loss(X)
        further_l = term(X)
        return {**terms, name: further_l}, l + further_l

    return more


def balanced(loss: Loss, recipe: Recipe) -> Loss:
    """Return a loss with each term over its own value, where the recipe asks for it."""
    if not recipe.reciprocal:
        return loss

    def of_equal_say(X: np.ndarray) -> Tuple[Terms, np.ndarray]:
        terms, _ = loss(X)
        factors = recipe.reciprocals(*terms.values())
        terms = {name: term * factor for (name, term), factor in zip(terms.items(), factors)}
        return terms, sum(terms.values())

    return of_equal_say


def known_gradient(l: np.ndarray, X: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    r"""Return a number whose gradient is known already, for ``backward`` to hand out.

    .. math:: l + \langle X, g \rangle - \overline{\langle X, g \rangle}

    where the last term is the one before as a mere number. The two cancel to the bit, but the
    derivative of the first with respect to X is g.

    Parameters
    ----------
    l : np.ndarray of shape ()
        Its value, through which nothing is differentiated.
    X, gradient : np.ndarray of the same shape
        The picture as it is recorded, and g.
    """
    slope = (X * gradient).sum()
    return l + (slope - slope.detach())


def objectives(
    net: nn.HybridSequential,
    recipe: Recipe,
    content_img: np.ndarray,
    style_img: np.ndarray,
    device: mx.Context,
) -> LossAt:
    """Return the function that makes the `objective` for a shape: these two pictures at that size.

    Parameters
    ----------
    content_img, style_img : np.ndarray of shape (height, width, 3)
        RGB in 0-255: what to paint, and how.
    """

    def loss_at(image_shape: ImageShape) -> Loss:
        _, contents_Y = get_contents(net, recipe, content_img, image_shape, device)
        _, styles_Y_gram = get_styles(net, recipe, style_img, image_shape, device)
        return balanced(objective(net, recipe, contents_Y, styles_Y_gram), recipe)

    return loss_at
