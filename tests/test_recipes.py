"""The published settings, value by value, and what a change of shape does to them."""

from dataclasses import replace

import pytest

from styletransfer.errors import InputError
from styletransfer.recipes import (
    D2L,
    D2L_V1,
    GATYS_2016,
    PAINTERLY,
    PHOTO,
    RECIPES,
    TUTORIAL,
    VGG16_GD,
    Stage,
    find_recipe,
    parse_layers,
    parse_weights,
    with_shape,
    with_stages,
)
from styletransfer.vgg import layer_index


def test_tutorial():
    coarse, fine = TUTORIAL.stages
    assert (coarse.image_shape, fine.image_shape) == ((200, 100), (560, 320))
    assert (coarse.lr, coarse.num_epochs, coarse.lr_decay_epoch, coarse.lr_decay) == (
        0.01,
        500,
        200,
        0.1,
    )
    assert (fine.lr, fine.num_epochs, fine.lr_decay_epoch, fine.lr_decay) == (0.01, 300, 100, 0.1)
    assert (TUTORIAL.content_weight, TUTORIAL.style_weight, TUTORIAL.tv_weight) == (1, 1e3, 50)
    assert [layer_index(layer) for layer in TUTORIAL.content_layers] == [25]
    assert [layer_index(layer) for layer in TUTORIAL.style_layers] == [0, 5, 10, 19, 28]


def test_d2l():
    (stage,) = D2L.stages
    assert stage.image_shape == (450, 300)
    assert (stage.lr, stage.num_epochs, stage.lr_decay_epoch, stage.lr_decay) == (
        0.9,
        500,
        50,
        0.8,
    )
    assert (D2L.content_weight, D2L.style_weight, D2L.tv_weight) == (1, 1e4, 10)


def test_d2l_v1():
    coarse, fine = D2L_V1.stages
    assert (coarse.image_shape, fine.image_shape) == ((225, 150), (450, 300))
    steps = [(stage.lr, stage.num_epochs, stage.lr_decay_epoch) for stage in (coarse, fine)]
    assert steps == [(0.01, 500, 200), (0.01, 300, 100)]
    assert {(stage.lr_decay, stage.lr_decay_start) for stage in (coarse, fine)} == {(0.1, 1)}
    assert (D2L_V1.content_weight, D2L_V1.style_weight, D2L_V1.tv_weight) == (1, 1e3, 10)


def test_photo():
    # the values of the authors' program, deepmatting_seg.lua, and of its README's command
    assert (PHOTO.content_weight, PHOTO.style_weight, PHOTO.matting_weight) == (5, 100, 1e4)
    assert PHOTO.content_layers == ('relu4_2',)
    assert PHOTO.style_layers == tuple(f'relu{block}_1' for block in range(1, 6))
    assert (PHOTO.affine_radius, PHOTO.affine_edge) == (15, 0.01)
    assert (PHOTO.pixels, PHOTO.optimizer, PHOTO.scaling) == ('caffe', 'lbfgs', 'book')
    for recipe in RECIPES.values():
        assert (recipe.matting_weight > 0) == (recipe.affine_radius > 0) == (recipe is PHOTO)
    with pytest.raises(InputError, match='affine_edge is 0: it must be above 0'):
        replace(PHOTO, affine_edge=0.0)


def test_step_size_of_the_tutorial_drops_after_the_201st_epoch():
    # there epochs count from 0, and the drop comes after those that are multiples of 200
    lr, seen = 0.01, []
    for i in range(500):
        seen.append(lr)
        if i % 200 == 0 and i != 0:
            lr *= 0.1
    coarse = TUTORIAL.stages[0]
    assert [coarse.lr_at(epoch) for epoch in range(1, 501)] == pytest.approx(seen)


def test_step_size_of_the_current_editions_drops_after_every_50th_epoch():
    lr, seen = 0.9, []
    for epoch in range(1, 501):
        seen.append(lr)
        if epoch % 50 == 0:
            lr *= 0.8
    assert [D2L.stages[0].lr_at(epoch) for epoch in range(1, 501)] == pytest.approx(seen)


@pytest.mark.parametrize('name', ['vgg16_gd', 'VGG16_GD', 'vgg16-gd'])
def test_capitals_and_hyphens_are_forgiven(name):
    assert find_recipe(name) is VGG16_GD


def test_unknown_recipe():
    with pytest.raises(InputError, match="no recipe 'tutoral'; did you mean 'tutorial'"):
        find_recipe('tutoral')


def test_a_loss_that_is_always_the_same_cannot_be_searched():
    assert replace(PAINTERLY, scaling='reciprocal', optimizer='adam').reciprocal
    with pytest.raises(InputError, match="'reciprocal' gives every picture the same loss"):
        replace(GATYS_2016, scaling='reciprocal')


def shapes(recipe):
    return [stage.image_shape for stage in recipe.stages]


def test_the_coarse_shape_follows_the_shape():
    assert shapes(with_shape(TUTORIAL, (560, 320))) == [(200, 100), (560, 320)]
    assert shapes(with_shape(TUTORIAL, (560, 320), (240, 120))) == [(240, 120), (560, 320)]
    (width, height), _ = shapes(with_shape(TUTORIAL, (1200, 1200)))
    assert width == height
    assert width * height == pytest.approx(20_000, rel=0.02)
    (width, height), _ = shapes(with_shape(TUTORIAL, (1920, 1080)))
    assert width / height == pytest.approx(16 / 9, rel=0.02)
    assert width * height == pytest.approx(20_000, rel=0.02)


def test_the_coarse_stage_stays_the_smaller_one():
    for shape in [(16, 16), (32, 24), (112, 64), (200, 100)]:
        (width, height), fine = shapes(with_shape(TUTORIAL, shape))
        assert width <= fine[0]
        assert height <= fine[1]


def test_a_coarse_shape_needs_a_coarse_stage():
    with pytest.raises(InputError, match='one stage'):
        with_shape(D2L, (450, 300), (200, 100))


def test_too_small_a_shape_is_told_the_smallest():
    with pytest.raises(InputError, match='at least 16x16'):
        with_shape(TUTORIAL, (15, 320))


def test_one_value_for_all_stages_or_one_each():
    assert [s.lr for s in with_stages(TUTORIAL, 'lr', [0.5]).stages] == [0.5, 0.5]
    assert [s.num_epochs for s in with_stages(TUTORIAL, 'num_epochs', [3, 0]).stages] == [3, 0]
    with pytest.raises(InputError, match='3 values'):
        with_stages(TUTORIAL, 'num_epochs', [1, 2, 3])


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -1.0])
def test_numbers_must_be_finite_and_not_negative(bad):
    with pytest.raises(InputError, match='style_weight'):
        replace(TUTORIAL, style_weight=bad)
    with pytest.raises(InputError, match='lr'):
        Stage((32, 32), lr=bad)


def test_a_step_size_of_zero_is_refused():
    with pytest.raises(InputError, match='lr is 0'):
        Stage((32, 32), lr=0.0)
    with pytest.raises(InputError, match='lr_decay_epoch is 0'):
        Stage((32, 32), lr_decay_epoch=0)


@pytest.mark.parametrize(
    'settings',
    [
        {'lr_decay': 1e200, 'lr_decay_epoch': 1, 'num_epochs': 4},
        {'lr_decay': 10.0, 'lr_decay_epoch': 1, 'num_epochs': 34},
        {'lr': 1e30, 'lr_decay': 1.01},
    ],
)
def test_a_step_size_that_grows_beyond_what_mxnet_counts_with(settings):
    with pytest.raises(InputError, match=r'lr_decay is .*: with it .* would grow beyond 1e\+30'):
        Stage((32, 32), **settings)


def test_a_step_size_that_grows_is_no_mistake():
    stage = Stage((32, 32), lr=0.01, lr_decay=10.0, lr_decay_epoch=1, num_epochs=33)
    assert stage.lr_at(33) == pytest.approx(1e30)
    assert Stage((32, 32), lr_decay=1e30, num_epochs=200).lr_at(200) == 0.01  # it never does


@pytest.mark.parametrize('name', ['lr_decay_epoch', 'lr_decay_start'])
def test_whole_numbers_of_any_length_are_numbers(name):
    assert getattr(Stage((32, 32), **{name: 10**400}), name) == 10**400


def test_layers_are_names_or_numbers():
    assert parse_layers('conv1_1, 5,,٣') == ('conv1_1', 5, 3)
    assert parse_layers('²,-1') == ('²', '-1')
    with pytest.raises(InputError, match='must be at most 2147483647'):
        parse_layers('9' * 11)


def test_weights_of_layers_are_numbers():
    assert parse_weights('1,0.5') == (1, 0.5)
    for text in ('1,', 'x', '1,nan', '1e31'):
        with pytest.raises(InputError, match=r'is not a number|must be a finite number'):
            parse_weights(text)
