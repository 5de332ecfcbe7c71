"""MIXGAN: both phases against a straight line, the decoder that never learns, codes, refusals."""

from dataclasses import replace

import numpy
import plainly
import pytest
from mxnet import autograd
from mxnet import numpy as np
from plainly import distance, louder, play, square

from styletransfer.errors import InputError
from styletransfer.gan.mixgan import MIXGAN, MIXGAN_CODE, MIXGAN_SMALL, Game, make_painter

TOY = replace(
    MIXGAN_SMALL,
    side=64,
    batch=4,
    epochs=(1, 2),
    widths=(3, 4, 4, 4, 4),
    code=5,
    moods=2,
    residuals=1,
    mixture_width=4,
    critic_width=4,
    critic_depth=0,
    lr=1e-3,
    critic_lr=3e-3,
    code_critic_lr=2e-3,
)


@pytest.fixture
def game(collections):
    def make(**changes):
        setting = replace(TOY, **changes)
        return Game(
            setting, collections(setting.sides, (1, 3)), collections(2 * [64], (1, 3), count=2)
        )

    return make


@pytest.mark.parametrize('upsampling', ['resize', 'deconvolution'])
def test_the_first_phase_is_that_written_in_a_straight_line(game, upsampling):
    played, plain = game(upsampling=upsampling), game(upsampling=upsampling)
    louder(played.nets), louder(plain.nets)
    E, C, D = plain.painter.encoder, plain.painter.content, plain.code_critic
    coder, critic = plainly.Adam(1e-3, E, C), plainly.Adam(2e-3, D)
    X, _, z = plain.batch_at(0)
    own = np.array(E(X).asnumpy())
    l_D = critic.step(lambda: (square(D(z), True) + square(D(own), False)) / 2)
    terms = {'D z': l_D, 'E': square(D(own), True), 'L1': 10 * distance(C(own)[1], X)}
    terms = {name: float(term) for name, term in terms.items()}

    def missed():
        own = E(X)
        return square(D(own), True) + 10 * distance(C(own)[1], X)

    coder.step(missed)
    (told,) = play(played, 1)
    assert told.terms == pytest.approx(terms, rel=1e-4)
    coder.compare(played.painter.encoder, played.painter.content)
    critic.compare(played.code_critic)


@pytest.mark.parametrize('moods', [0, 2])
def test_the_second_phase_is_that_written_in_a_straight_line(game, moods):
    played, plain = (game(epochs=(0, 2), moods=moods) for _ in range(2))
    louder(played.nets), louder(plain.nets)
    E, C, M = plain.painter.encoder, plain.painter.content, plain.painter.mixture
    D = plain.patch_critic
    mixer, critic = plainly.Adam(1e-3, M, C), plainly.Adam(3e-3, D)
    X, Y, z = plain.batch_at(0)
    own = E(X).asnumpy()
    codes = np.array(numpy.concatenate([own[:2], z.asnumpy()[2:]]))  # half and half
    own, fake = np.array(own), np.array(M(*C(codes), codes).asnumpy())
    l_D = critic.step(lambda: (square(D(Y), True) + square(D(fake), False)) / 2)
    terms = {'D': l_D, 'G': square(D(fake), True), 'L1': 10 * distance(C(own)[1], X)}
    terms = {name: float(term) for name, term in terms.items()}
    mixer.step(lambda: square(D(M(*C(codes), codes)), True) + 10 * distance(C(own)[1], X))
    before = [p.data().asnumpy() for p in played.painter.encoder.collect_params().values()]
    (told,) = play(played, 1)
    assert told.terms == pytest.approx(terms, rel=1e-4)
    mixer.compare(played.painter.mixture, played.painter.content)
    critic.compare(played.patch_critic)
    after = [p.data().asnumpy() for p in played.painter.encoder.collect_params().values()]
    assert all((a == b).all() for a, b in zip(before, after))


def changed(net, before):
    return any(
        (before[name] != parameter.data().asnumpy()).any()
        for name, parameter in net._collect_params_with_prefix().items()
        if parameter.grad_req != 'null'
    )


@pytest.mark.parametrize(
    ('content', 'learned'),
    [('both', [True, True]), ('first', [True, False]), ('never', [False, False])],
)
def test_in_which_phases_the_content_decoder_learns(game, content, learned):
    found = []
    for epochs in ((1, 0), (0, 1)):
        toy = game(content=content, epochs=epochs)
        net = toy.painter.content
        named = net._collect_params_with_prefix().items()
        before = {name: parameter.data().asnumpy().copy() for name, parameter in named}
        (step,) = play(toy, 1)
        found.append(changed(net, before))
        assert ('L1' in step.terms) == (epochs == (1, 0) or content == 'both')
    assert found == learned


def test_phases_follow_each_other(game):
    told = play(game(), 5)
    assert [list(step.terms) for step in told] == [
        *2 * [['D z', 'E', 'L1']],
        *3 * [['D', 'G', 'L1']],
    ]
    assert {step.lr for step in told} == {1e-3}


def test_codes_are_drawn_as_is_asked(game):
    normal = game(prior='normal', code=50).codes(200, 1).asnumpy()
    assert normal.std() == pytest.approx(1, abs=0.03)
    assert abs(normal).max() > 2
    uniform = game(prior='uniform', code=50).codes(200, 1).asnumpy()
    assert abs(uniform).max() < 1
    assert uniform.std() == pytest.approx(3**-0.5, abs=0.02)


def test_a_single_picture_is_painted_as_it_is_among_others(game):
    """Dense layers have batch norm, and a single picture no statistics."""
    toy = game(dense=(6, 6))
    louder(toy.painter)
    play(toy, 3)
    X = np.array(numpy.random.default_rng(0).uniform(-1, 1, (3, 3, 64, 64)), dtype='float32')
    with autograd.train_mode():
        together = toy.painter(X).asnumpy()
        alone = toy.painter(X[1:2]).asnumpy()
    numpy.testing.assert_allclose(alone[0], together[1], atol=1e-5)
    assert (abs(together[0] - together[1]) > 1e-2).any()


def test_a_painter_sees_no_colours():
    painter = louder(make_painter(TOY))
    grey = numpy.random.default_rng(0).uniform(-0.5, 0.5, (1, 1, 64, 64))
    X = np.repeat(np.array(grey, dtype='float32'), 3, axis=1)
    other = (
        X + np.array([0.587, -0.299, 0.0], dtype='float32').reshape(1, 3, 1, 1) * 0.3
    )  # of the same light
    numpy.testing.assert_allclose(painter(X).asnumpy(), painter(other).asnumpy(), atol=1e-3)
    assert float(np.abs(painter(X) - painter(-X)).max()) > 0.1


@pytest.mark.parametrize('moods', [0, 2])
def test_moods_say_in_which_colours(game, moods):
    toy = game(moods=moods)
    mixture = louder(toy.painter.mixture)
    rng = numpy.random.default_rng(0)
    Z, X = (np.array(rng.uniform(0, 1, (1, c, 64, 64)), dtype='float32') for c in (3, 1))
    z = rng.normal(0, 1, (4, 5)).astype('float32')
    z[1, :2], z[2, 2:], z[3] = z[0, :2], z[0, 2:], z[0]
    Y = [mixture(Z, X, np.array(code[None])).asnumpy() for code in z]
    for other, same in enumerate([True, moods == 0, True], start=1):
        assert (numpy.abs(Y[0] - Y[other]).max() < 1e-6) == same
    for net in (mixture, toy.patch_critic):  # a norm takes away what is the same all over
        names = net._collect_params_with_prefix()
        assert any(name.endswith('gamma') for name in names) == (moods == 0)
    biases = [name for name in names if name.endswith('bias')]  # of the critic's convolutions
    assert len(biases) == (4 if moods else 2)  # where no norm comes behind


def test_what_is_shown(game):
    shown = game().show()
    assert list(shown) == ['content', 'said', 'mixed', 'drawn', 'drawn, mixed', 'style']
    assert [X.shape[1] for X in shown.values()] == [1, 1, 3, 1, 3, 3]


def test_style_may_be_cut_from_larger_pictures(game):
    toy = game(style_side=68)
    assert [collection.side for collection in toy.collections] == [64, 68]
    assert [X.shape for X in toy.batch_at(0)] == [(4, 1, 64, 64), (4, 3, 64, 64), (4, 5)]


def test_the_authors_numbers():
    assert (MIXGAN.side, MIXGAN.batch, MIXGAN.epochs) == (64, 64, (100, 200))
    assert (MIXGAN.lr, MIXGAN.critic_lr, MIXGAN.code_critic_lr) == (2e-4, 2e-5, 4e-6)
    assert (MIXGAN.code, MIXGAN.prior, MIXGAN.l1_weight) == (2048, 'uniform', 10)
    assert (MIXGAN.judge, MIXGAN.norm, MIXGAN.affine) == ('least_squares', 'instance', True)
    assert (MIXGAN_CODE.content, MIXGAN_CODE.own_share) == ('never', 0)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'side': 96 + 16}, 'multiple of 32'),
        ({'side': 32}, 'at least 64'),
        ({'widths': (4, 4)}, 'five widths'),
        ({'code': 5000}, 'at most 4096'),
        ({'side': 1024, 'code': 4096}, 'too many weights'),
        ({'style_side': 60}, 'style_side is 60, less than side'),
        ({'own_share': 1.5}, 'between 0 and 1'),
        ({'moods': 65}, 'moods is 65, but a code has 64 numbers'),
        ({'prior': 'norml'}, "did you mean 'normal'"),
        ({'content': 'always'}, 'there is no content'),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(MIXGAN_SMALL, **change)
