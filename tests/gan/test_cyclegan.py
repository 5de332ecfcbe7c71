"""CycleGAN: a step against one written in a straight line, who is detached, what the pool does."""

from dataclasses import replace

import numpy
import plainly
import pytest
from mxnet import numpy as np
from plainly import distance, play, square, surprise

from styletransfer.errors import InputError
from styletransfer.gan.cyclegan import CYCLEGAN, CYCLEGAN_SMALL, Game

TOY = replace(
    CYCLEGAN_SMALL,
    side=16,
    jitter=4,
    batch=2,
    epochs=(0, 2),
    affine=True,
    widths=(4, 4, 6),
    residuals=1,
    critic_width=4,
    critic_depth=1,
    pool=3,
    lr=1e-3,
    critic_lr=3e-3,
)


@pytest.fixture
def game(collections):
    def make(**changes):
        setting = replace(TOY, **changes)
        return Game(setting, collections(setting.sides), collections(2 * [16], count=2))

    return make


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'judge': 'cross_entropy'},
        {'cycle_weight': 0.0},
        {'identity_weight': 0.0},
        {'upsampling': 'deconvolution'},
        {'batch': 1, 'pool': 0},
    ],
    ids=['all', 'cross_entropy', 'no cycle', 'no identity', 'deconvolution', 'single'],
)
def test_steps_are_those_written_in_a_straight_line(game, options):
    played, plain = game(**options), game(**options)
    setting = plain.setting
    l = surprise if setting.judge == 'cross_entropy' else square
    G, F, D_A, D_B = plain.there, plain.back, plain.critic_a, plain.critic_b
    painters, critics = plainly.Adam(1e-3, G, F), plainly.Adam(3e-3, D_A, D_B)

    def step(k):
        A, B = plain.batch_at(k)
        terms = {}

        def missed():
            fake_B, fake_A = G(A), F(B)
            terms['G A'], terms['G B'] = l(D_B(fake_B), True), l(D_A(fake_A), True)
            if setting.cycle_weight:
                terms['cycle'] = 10 * (distance(F(fake_B), A) + distance(G(fake_A), B))
            if setting.identity_weight:
                terms['identity'] = 5 * (distance(G(B), B) + distance(F(A), A))
            return sum(terms.values())

        fake_B, fake_A = (np.array(net(X).asnumpy()) for net, X in ((G, A), (F, B)))
        share = 1 - k / played.num_steps
        painters.step(missed, 1e-3 * share)
        # as many as have come fit into the pool: the critics see what the painters painted first
        critics.step(
            lambda: (
                (l(D_A(A), True) + l(D_A(fake_A), False)) / 2
                + (l(D_B(B), True) + l(D_B(fake_B), False)) / 2
            ),
            3e-3 * share,
        )
        return {name: float(term) for name, term in terms.items()}

    steps = 1 if setting.batch > 1 else 2
    for told, k in zip(play(played, steps), range(steps)):
        wanted = step(k)
        assert {name: told.terms[name] for name in wanted} == pytest.approx(wanted, rel=1e-4)
        assert list(told.terms) == [*wanted, 'D A', 'D B']
    painters.compare(played.there, played.back)
    critics.compare(played.critic_a, played.critic_b)


def test_the_critics_see_what_was_painted_before(game):
    """When the pool is full, some of what the critics see was painted in earlier steps."""
    toy, shown = game(pool=2, epochs=(3, 0)), []
    critic = toy.critic_b.forward
    toy.critic_b.forward = lambda X: shown.append(X.asnumpy()) or critic(X)
    play(toy, 8)
    # in each step: what is painted, what is real, what is shown as painted
    painted, pooled = shown[0::3], shown[2::3]
    numpy.testing.assert_array_equal(pooled[0], painted[0])
    old = sum((a != b).any() for a, b in zip(pooled, painted))
    assert 2 <= old < 8
    for place, X in enumerate(pooled):
        for picture in X:
            assert any((picture == other).all() for Y in painted[: place + 1] for other in Y)


def test_collections_are_not_shown_in_pairs(game):
    toy = game()
    toy.collections = [toy.collections[0]] * 2
    A, B = (X.asnumpy() for X in toy.batch_at(0))
    assert (A != B).any()


def test_what_is_shown(game):
    shown = game().show()
    assert list(shown) == ['A', 'to B', 'and back', 'B', 'to A', 'and back again']
    assert {X.shape for X in shown.values()} == {(2, 3, 16, 16)}


def test_the_papers_numbers():
    assert (CYCLEGAN.side, CYCLEGAN.jitter, CYCLEGAN.batch) == (256, 30, 1)
    assert (CYCLEGAN.epochs, CYCLEGAN.lr, CYCLEGAN.critic_lr) == ((100, 100), 2e-4, 2e-4)
    assert (CYCLEGAN.cycle_weight, CYCLEGAN.identity_weight, CYCLEGAN.pool) == (10, 5, 50)
    assert (CYCLEGAN.judge, CYCLEGAN.norm, CYCLEGAN.affine) == ('least_squares', 'instance', False)
    assert (CYCLEGAN.upsampling, CYCLEGAN.residuals, CYCLEGAN.beta1) == ('deconvolution', 9, 0.5)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'side': 66}, 'multiple of 4'),
        ({'widths': (4, 4)}, 'three widths'),
        ({'critic_depth': 5}, 'finds no patch'),
        ({'cycle_weight': -1.0}, 'cycle_weight is -1.0'),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(CYCLEGAN_SMALL, **change)
