"""Pix2Pix: a step against one written in a straight line, its ablations, its refusals."""

from dataclasses import replace

import numpy
import plainly
import pytest
from mxnet import numpy as np
from plainly import distance, play, square, surprise

from styletransfer.errors import InputError
from styletransfer.gan.pix2pix import PIX2PIX, PIX2PIX_SMALL, Game

TOY = replace(
    PIX2PIX_SMALL,
    side=16,
    jitter=4,
    batch=2,
    epochs=(1, 1),
    widths=(4, 6, 6),
    dropouts=0,
    critic_width=4,
    critic_depth=1,
    lr=1e-3,
    critic_lr=3e-3,
)


@pytest.fixture
def game(collections):
    def make(**changes):
        setting = replace(TOY, **changes)
        return Game(setting, collections(setting.sides), collections(2 * [16], count=2))

    return make


@pytest.mark.parametrize('judge', ['cross_entropy', 'least_squares'])
@pytest.mark.parametrize('norm', ['batch', 'instance'])
@pytest.mark.parametrize('conditional', [True, False])
def test_steps_are_those_written_in_a_straight_line(game, judge, norm, conditional):
    options = {'judge': judge, 'norm': norm, 'conditional': conditional, 'epochs': (0, 1)}
    played, plain = game(**options), game(**options)
    l = surprise if judge == 'cross_entropy' else square
    G, D = plain.painter, plain.critic
    painter, critic = plainly.Adam(1e-3, G), plainly.Adam(3e-3, D)

    def scores(X, Y):
        return D(np.concatenate([X, Y], axis=1) if conditional else Y)

    def step(k):
        X, Y = plain.batch_at(k)
        fake = np.array(G(X).asnumpy())
        share = 1 - k / 4  # of the step size, as the four steps are all decaying
        l_D = critic.step(
            lambda: (l(scores(X, Y), True) + l(scores(X, fake), False)) / 2, 3e-3 * share
        )
        terms = {'D': l_D, 'G': l(scores(X, fake), True), 'L1': 100 * distance(fake, Y)}

        def missed():
            Y_hat = G(X)
            return l(scores(X, Y_hat), True) + 100 * distance(Y_hat, Y)

        painter.step(missed, 1e-3 * share)
        return {name: float(term) for name, term in terms.items()}, 1e-3 * share

    for told, k in zip(play(played, 2), range(2)):
        terms, lr = step(k)
        assert told.terms == pytest.approx(terms, rel=1e-4)
        assert told.lr == pytest.approx(lr)
    painter.compare(played.painter)
    critic.compare(played.critic)


def test_without_a_critic_there_is_l1_only(game):
    toy = game(gan_weight=0.0)
    before = toy.critic.body[0].weight.data().asnumpy()
    (step,) = play(toy, 1)
    assert list(step.terms) == ['L1']
    numpy.testing.assert_array_equal(toy.critic.body[0].weight.data().asnumpy(), before)


def test_without_l1_there_is_the_critic_only(game):
    toy = game(l1_weight=0.0)
    assert play(toy, 1)[0].terms['L1'] == 0


def test_pairs_stay_pairs(game):
    """Both pictures of a pair are cut at the same place and mirrored together."""
    toy = game()
    toy.collections = [toy.collections[0]] * 2
    for k in range(6):
        X, Y = toy.batch_at(k)
        numpy.testing.assert_array_equal(X.asnumpy(), Y.asnumpy())


def test_the_painter_is_shown_with_its_noise_and_always_the_same(game):
    toy = game(dropouts=2)
    first, second = (toy.show()['painted'].asnumpy() for _ in range(2))
    numpy.testing.assert_array_equal(first, second)
    calm = toy.painter(toy.show()['shown'][:1]).asnumpy()
    assert (first[:1] != calm).any()
    assert list(toy.show()) == ['shown', 'painted', 'wanted']


def test_the_papers_numbers():
    assert (PIX2PIX.side, PIX2PIX.jitter, PIX2PIX.batch, PIX2PIX.epochs) == (
        256,
        30,
        1,
        (100, 100),
    )
    assert (PIX2PIX.lr, PIX2PIX.critic_lr, PIX2PIX.beta1) == (2e-4, 2e-4, 0.5)
    assert (PIX2PIX.l1_weight, PIX2PIX.gan_weight, PIX2PIX.judge) == (100, 1, 'cross_entropy')
    assert (PIX2PIX.norm, PIX2PIX.upsampling, PIX2PIX.dropouts) == ('batch', 'deconvolution', 3)
    assert (PIX2PIX.critic_depth, PIX2PIX.conditional, PIX2PIX.flip) == (3, True, True)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'side': 60}, 'side is 60: with 5 widths it must be a multiple of 32'),
        ({'widths': (4,)}, '2 to 10 widths'),
        ({'critic_depth': 6}, 'at most 5 halvings'),
        ({'critic_depth': 5}, 'finds no patch in 64 pixels'),
        ({'gan_weight': 0.0, 'l1_weight': 0.0}, 'nothing would be learned'),
        ({'l1_weight': -1.0}, 'l1_weight is -1.0: it must not be below 0'),
        ({'lr': float('nan')}, 'lr is nan'),
        ({'epochs': (0, 0)}, 'epochs are two numbers'),
        ({'epochs': (5,)}, 'epochs are two numbers'),
        ({'judge': 'cross_entrpy'}, "did you mean 'cross_entropy'"),
        ({'upsampling': 'bilinear'}, 'there is no upsampling'),
        ({'side': 4}, '8 to 2048'),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(PIX2PIX_SMALL, **change)
