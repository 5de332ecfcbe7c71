"""The loop of painter and critic: who sees whom, what is told, resumed to the bit; the pool."""

import mxnet as mx
import numpy
import pytest
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.checkpoint import load_checkpoint, save_checkpoint
from styletransfer.errors import InputError
from styletransfer.gan.duel import Pool, duel
from styletransfer.gan.game import Game, Move, Player, Setting, learned_by, linear_decay


class Nets(nn.Block):
    def __init__(self):
        super().__init__()
        self.first = nn.Dense(1, in_units=1, use_bias=False)
        self.second = nn.Dense(1, in_units=1, use_bias=False)


class Toy(Game):
    """Two players with one number each: a wants to be b, b wants to be a + 1; with noise."""

    def __init__(self, seed=0, noise=0.0):
        nets = Nets()
        nets.initialize(mx.init.One())
        players = {
            'one': Player(learned_by(nets.first), 0.1),
            'other': Player(learned_by(nets.second), 0.2),
        }
        setting = Setting('toy', '', side=8, epochs=(2, 2), batch=2)
        super().__init__(setting, nets, players, 5, seed)
        self.noise, self.seen, self.sum = noise, [], numpy.zeros(1)

    def numbers(self):
        return [float(net.weight.data()) for net in (self.nets.first, self.nets.second)]

    def batch_at(self, k):
        return [np.full((1, 1), 1.0)]

    def play(self, k, batch):
        self.seen.append(self.numbers())
        (X,) = batch
        self.sum = self.sum + k
        a, b = self.nets.first(X), self.nets.second(X)
        drift = (np.random.normal(size=(1, 1)) * self.noise).sum() + float(self.sum) * self.noise
        yield Move('one', {'A': np.square(a - b.detach() - drift).sum()})
        self.seen.append(self.numbers())
        terms = {'B': np.square(b - self.nets.first(X).detach() - 1).sum(), 'C': 0.0 * b.sum()}
        yield Move('other', terms)

    def show(self):
        return {}

    def state(self):
        return {'sum': self.sum}

    def restore(self, arrays):
        self.sum = arrays['sum']


def test_players_move_in_turn_each_against_the_other_as_it_is_now():
    toy, told = Toy(), []
    duel(toy, 'toys', told.append)
    assert toy.num_steps == 12  # five pictures, two a step, four times
    (a, b), (moved, same), *_ = toy.seen
    assert (a, b) == (1, 1)
    assert moved == a  # it wants to be where it is
    assert same == b
    assert toy.numbers()[1] > 1.5
    first = told[0]
    assert (first.title, first.epoch, first.num_epochs, first.X) == ('toys', 1, 12, None)
    assert first.terms == pytest.approx({'A': 0, 'B': 1, 'C': 0})
    assert first.total == pytest.approx(1)
    # Adam's first step is as long as the step size
    second = toy.seen[2]
    assert second[1] == pytest.approx(1.2, abs=1e-4)
    for k, step in enumerate(told):
        assert step.lr == pytest.approx(0.1 * linear_decay(k, 6, 6))
        # and the second move saw the first
        seen = toy.seen[2 * k + 1]
        assert step.terms['B'] == pytest.approx((seen[1] - seen[0] - 1) ** 2, abs=1e-5)


@pytest.mark.parametrize('after', [0, 1, 5, 12])
def test_a_run_goes_on_bit_for_bit(after, tmp_path):
    """What a game keeps is put back, and the noise of a step depends on its number only."""
    path, whole, steps = tmp_path / 'run', Toy(noise=0.3), []

    def keep(step):
        steps.append(step)
        if step.epoch == after:
            save_checkpoint(path, step.state(), {'epoch': after})

    if not after:
        save_checkpoint(path, {}, {'epoch': 0})
    duel(whole, 'toys', keep)
    resumed, later = Toy(noise=0.3), []
    np.random.normal(size=3)  # nothing that happened before may count
    duel(resumed, 'toys', later.append, load_checkpoint(path))
    assert resumed.numbers() == whole.numbers()
    assert [step[:6] for step in later] == [step[:6] for step in steps[after:]]


def test_the_noise_depends_on_the_seed():
    one, other = Toy(noise=0.3), Toy(seed=1, noise=0.3)
    for toy in (one, other):
        duel(toy, 'toys', lambda step: None)
    assert one.numbers() != other.numbers()


def test_a_checkpoint_of_other_networks_is_refused(tmp_path):
    toy, told = Toy(), []
    duel(toy, 'toys', told.append)
    arrays = told[-1].state()
    arrays['first.weight'] = numpy.zeros((2, 1), 'float32')
    save_checkpoint(tmp_path / 'run', arrays, {'epoch': 3})
    with pytest.raises(InputError, match=r"no 'first.weight' of shape \(1, 1\)"):
        duel(Toy(), 'toys', told.append, load_checkpoint(tmp_path / 'run'))


def test_the_step_size_goes_down_in_a_line():
    shares = [linear_decay(k, 4, 5) for k in range(9)]
    assert shares == pytest.approx([1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert [linear_decay(k, 0, 2) for k in range(2)] == [1, 0.5]
    assert linear_decay(7, 9, 0) == 1


def pictures(*values):
    return np.array([[[[value]]] for value in values])


def values(X):
    return X.asnumpy().ravel().tolist()


def test_a_pool_is_filled_before_it_gives_back():
    pool = Pool(3)
    assert values(pool.exchanged(pictures(1, 2), 0)) == [1, 2]
    assert values(pool.exchanged(pictures(3), 0)) == [3]
    assert pool.arrays().ravel().tolist() == [1, 2, 3]


def test_what_a_pool_gives_back_it_had_and_has_no_more():
    pool, given_back = Pool(3), 0
    pool.exchanged(pictures(-1, -2, -3), 0)
    for value in range(400):
        before = set(values(np.array(pool.arrays())))
        (shown,) = values(pool.exchanged(pictures(value), value))
        after = set(values(np.array(pool.arrays())))
        if shown == value:
            assert after == before
        else:
            given_back += 1
            assert after == before - {shown} | {value}
    assert given_back == pytest.approx(200, abs=40)


def test_a_pool_of_nothing_shows_what_comes_without_its_slope():
    X = pictures(1, 2)
    X.attach_grad()
    with mx.autograd.record():
        l = (Pool(0).exchanged(X, 0) * X).sum()
    l.backward()
    assert values(X.grad) == [1, 2]  # of X * X it would be 2 X


def test_a_pool_comes_back_from_a_checkpoint():
    pool, again = Pool(2), Pool(2)
    again.restore(Pool(2).arrays())
    assert again.kept == []
    pool.exchanged(pictures(5), 0)
    again.restore(pool.arrays())
    for k in range(20):
        X = pictures(k)
        assert values(pool.exchanged(X, k)) == values(again.exchanged(X, k))
