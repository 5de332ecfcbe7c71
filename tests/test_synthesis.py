"""The loop: against the same method written once more, straight down, with nothing of ours."""

from dataclasses import replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd, gluon
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.images import postprocess, preprocess, softened
from styletransfer.objective import (
    get_contents,
    get_styles,
    known_gradient,
    objective,
    objectives,
    with_term,
)
from styletransfer.recipes import PAINTERLY, TUTORIAL, Stage
from styletransfer.synthesis import (
    GeneratedImage,
    coarse_to_fine,
    get_inits,
    train,
)

CPU = mx.cpu()


def picture(seed, height=30, width=50):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return np.array(pixels, dtype='uint8')


def legacy(array):
    return np.array(array, dtype='float32').as_nd_ndarray()


def written_straight_down(net, X, content, style, stage, weights):
    """Return the losses of each epoch and the last picture: legacy operators, Adam by hand."""
    params = [
        (layer.weight.data().as_nd_ndarray(), layer.bias.data().as_nd_ndarray())
        for layer in net
        if isinstance(layer, nn.Conv2D)
    ]

    def features(X):
        outputs, k = [], 0
        for number in range(29):
            if number in (1, 3, 6, 8, 11, 13, 15, 17, 20, 22, 24, 26):
                X = mx.nd.relu(X)
            elif number in (4, 9, 18, 27):
                X = mx.nd.Pooling(X, kernel=(2, 2), stride=(2, 2), pool_type='max')
            else:
                weight, bias = params[k]
                X = mx.nd.Convolution(
                    X, weight, bias, kernel=(3, 3), pad=(1, 1), num_filter=weight.shape[0]
                )
                k += 1
            if number in (0, 5, 10, 19, 25, 28):
                outputs.append(X)
        return outputs

    def correlations(Y):
        _, c, h, w = Y.shape
        flat = Y.reshape((c, h * w))
        return mx.nd.dot(flat, flat.T) / (c * h * w)

    X = legacy(X)
    wanted = features(legacy(content))[4]
    targets = [correlations(Y) for i, Y in enumerate(features(legacy(style))) if i != 4]
    mean, variance = numpy.zeros(X.shape, 'float32'), numpy.zeros(X.shape, 'float32')
    # in single precision 1 - 0.999 is 0.00100005, in MXNet as here
    one, decay_1, decay_2 = numpy.array([1, 0.9, 0.999], 'float32')
    losses, lr = [], stage.lr
    for i in range(stage.num_epochs):
        X.attach_grad()
        with autograd.record():
            outputs = features(X)
            content_l = weights[0] * ((outputs.pop(4) - wanted) ** 2).mean()
            style_l = 0
            for Y, target in zip(outputs, targets):
                style_l = style_l + weights[1] * ((correlations(Y) - target) ** 2).mean()
            rows = mx.nd.slice_axis(X, axis=2, begin=1, end=None)
            rows = rows - mx.nd.slice_axis(X, axis=2, begin=0, end=-1)
            columns = mx.nd.slice_axis(X, axis=3, begin=1, end=None)
            columns = columns - mx.nd.slice_axis(X, axis=3, begin=0, end=-1)
            tv_l = weights[2] * 0.5 * (rows.abs().mean() + columns.abs().mean())
            total = content_l + style_l + tv_l
        total.backward()
        losses.append([float(l.asscalar()) for l in (content_l, style_l, tv_l, total)])
        gradient, t = X.grad.asnumpy(), i + 1
        mean = decay_1 * mean + (one - decay_1) * gradient
        variance = decay_2 * variance + (one - decay_2) * gradient**2
        rate = lr * numpy.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        X = legacy(X.asnumpy() - rate * mean / (numpy.sqrt(variance) + 1e-8))
        if i % stage.lr_decay_epoch == 0 and i != 0:
            lr *= stage.lr_decay
    return numpy.array(losses), X.asnumpy()


def run(net, stage, recipe=TUTORIAL, start=None):
    shape = stage.image_shape
    content_X, contents_Y = get_contents(net, recipe, picture(1), shape, CPU)
    style_X, styles_Y_gram = get_styles(net, recipe, picture(2), shape, CPU)
    steps = []
    X = content_X if start is None else start
    loss = objective(net, recipe, contents_Y, styles_Y_gram)
    output = train(loss, recipe, stage, X, CPU, steps.append)
    return content_X, style_X, steps, output


def test_train_equals_the_loop_written_straight_down(tiny_net, tiny_stage):
    weights = (2e3, 1e3, 5.0)  # for so small a network, they give each term a say
    recipe = replace(
        TUTORIAL, content_weight=weights[0], style_weight=weights[1], tv_weight=weights[2]
    )
    stage = replace(tiny_stage, lr=0.01)
    start = preprocess(picture(3), stage.image_shape)  # where no loss is a difference of equals
    content_X, style_X, steps, output = run(tiny_net, stage, recipe, start)
    expected, X = written_straight_down(tiny_net, start, content_X, style_X, stage, weights)
    losses = numpy.array([[*step.terms.values(), step.total] for step in steps])
    assert list(steps[0].terms) == ['content', 'style', 'TV']
    assert losses.shape == (20, 4)
    assert (losses[-1, :3] > 0.01 * losses[-1, 3]).all()
    numpy.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-7)
    # where a gradient is next to nothing, Adam makes steps of rounding errors
    numpy.testing.assert_allclose(output.asnumpy(), X, atol=1e-3)


def test_the_loss_goes_down_and_the_start_is_not_changed(tiny_net, tiny_stage):
    start = preprocess(picture(3), tiny_stage.image_shape)
    before = start.asnumpy().copy()
    _, _, steps, output = run(tiny_net, tiny_stage, start=start)
    assert steps[-1].total < 0.9 * steps[0].total
    numpy.testing.assert_array_equal(start.asnumpy(), before)
    assert (output.asnumpy() != before).any()


def test_steps_count_from_one_and_tell_the_step_size_used(tiny_net, tiny_stage):
    _, _, steps, _ = run(tiny_net, tiny_stage)
    assert [step.epoch for step in steps] == list(range(1, 21))
    assert [step.lr for step in steps] == pytest.approx(
        [0.05] * 7 + [0.005] * 6 + [5e-4] * 6 + [5e-5]
    )


def test_the_first_losses_are_those_of_the_start(tiny_net, tiny_stage):
    _, _, steps, _ = run(tiny_net, tiny_stage)
    assert steps[0].terms['content'] == 0  # the start is the content picture
    assert steps[0].terms['style'] > 0


def test_two_runs_are_the_same_to_the_bit(tiny_net, tiny_stage):
    first, second = run(tiny_net, tiny_stage)[-1], run(tiny_net, tiny_stage)[-1]
    numpy.testing.assert_array_equal(first.asnumpy(), second.asnumpy())


def test_a_listener_can_stop_the_run(tiny_net, tiny_stage):
    def stop(step):
        if step.epoch == 3:
            raise StopIteration

    shape = tiny_stage.image_shape
    content_X, contents_Y = get_contents(tiny_net, TUTORIAL, picture(1), shape, CPU)
    _, styles_Y_gram = get_styles(tiny_net, TUTORIAL, picture(2), shape, CPU)
    loss = objective(tiny_net, TUTORIAL, contents_Y, styles_Y_gram)
    with pytest.raises(StopIteration):
        train(loss, TUTORIAL, tiny_stage, content_X, CPU, stop)


def test_weights_of_zero_leave_their_term_out(tiny_net, tiny_stage):
    recipe = replace(TUTORIAL, style_weight=0.0, tv_weight=0.0)
    _, _, steps, output = run(tiny_net, tiny_stage, recipe)
    assert steps[-1].total == 0
    content_X, _ = get_contents(tiny_net, recipe, picture(1), tiny_stage.image_shape, CPU)
    numpy.testing.assert_array_equal(output.asnumpy(), content_X.asnumpy())


def test_layers_can_be_left_out(tiny_net, tiny_stage):
    recipe = replace(TUTORIAL, content_layers=(), style_layers=('conv2_1',))
    _, _, steps, _ = run(tiny_net, tiny_stage, recipe)
    assert steps[-1].terms['content'] == 0
    assert 0 < steps[-1].terms['style'] < steps[0].terms['style']


def test_the_picture_is_the_only_parameter():
    X = preprocess(picture(1), (20, 10))
    gen_img = GeneratedImage(X.shape)
    gen_img.initialize(mx.init.Constant(X))
    (parameter,) = gen_img.collect_params().values()
    assert parameter.shape == (1, 3, 10, 20)
    numpy.testing.assert_array_equal(gen_img().asnumpy(), X.asnumpy())


def test_inits():
    X = preprocess(picture(1), (20, 10))
    gen, trainer = get_inits(TUTORIAL, X, CPU, 0.25)
    numpy.testing.assert_array_equal(gen.asnumpy(), X.asnumpy())
    assert isinstance(trainer, gluon.Trainer)
    assert trainer.learning_rate == 0.25


def test_lbfgs_remembers_as_many_steps_as_the_recipe_says():
    X = np.zeros((1, 3, 4, 5))
    for recipe, steps in ((PAINTERLY, 10), (replace(PAINTERLY, remembered=4), 4)):
        assert get_inits(recipe, X, CPU, 1.0)[1].optimizer.memory == steps


@pytest.mark.parametrize('softening', [0.0, 0.8])
def test_each_stage_starts_from_the_one_before(tiny_net, softening):
    coarse, fine = Stage((24, 16), lr=0.1, num_epochs=3), Stage((48, 32), lr=0.1, num_epochs=2)
    recipe = replace(TUTORIAL, stages=(coarse, fine), softening=softening)
    steps = []
    loss_at = objectives(tiny_net, recipe, picture(1), picture(2), CPU)
    output = coarse_to_fine(loss_at, recipe, picture(1), CPU, steps.append)
    places = [(step.stage, step.of, step.title, step.num_epochs) for step in steps]
    assert places == [(0, 2, '24x16', 3)] * 3 + [(1, 2, '48x32', 2)] * 2
    alone = replace(recipe, stages=(coarse,))
    X = coarse_to_fine(loss_at, alone, picture(1), CPU, lambda step: None)
    scaled_up = preprocess(softened(postprocess(X) * 255, softening), (48, 32))
    by_hand = run(tiny_net, fine, recipe, start=scaled_up)[-1]
    assert output.shape == (1, 3, 32, 48)
    numpy.testing.assert_array_equal(output.asnumpy(), by_hand.asnumpy())


def test_the_start_may_be_any_picture(tiny_net):
    recipe = replace(TUTORIAL, stages=(Stage((24, 16), num_epochs=1),))

    def outcome(init_img):
        loss_at = objectives(tiny_net, recipe, picture(1), picture(2), CPU)
        return coarse_to_fine(loss_at, recipe, init_img, CPU, lambda step: None).asnumpy()

    start = preprocess(picture(9), (24, 16)).asnumpy()
    # Adam's first step moves each number by the step size at most
    assert numpy.abs(outcome(picture(9)) - start).max() < 0.0101
    assert (outcome(picture(9)) != outcome(picture(1))).any()


def test_a_further_term_is_added_and_has_its_say_in_the_gradient(tiny_net, tiny_stage):
    shape = tiny_stage.image_shape
    _, contents_Y = get_contents(tiny_net, TUTORIAL, picture(1), shape, CPU)
    _, styles_Y_gram = get_styles(tiny_net, TUTORIAL, picture(2), shape, CPU)
    loss = objective(tiny_net, TUTORIAL, contents_Y, styles_Y_gram)
    darker = with_term(loss, 'darkness', lambda X: 3 * X.sum())
    X = preprocess(picture(3), shape)
    gradients = []
    for judge in (loss, darker):
        X.attach_grad()
        with autograd.record():
            terms, l = judge(X)
        l.backward()
        gradients.append(X.grad.asnumpy())
    assert list(terms) == ['content', 'style', 'TV', 'darkness']
    assert float(terms['darkness']) == pytest.approx(3 * float(X.sum()))
    assert float(l) == pytest.approx(sum(float(term) for term in terms.values()), rel=1e-5)
    numpy.testing.assert_allclose(gradients[1] - gradients[0], 3, rtol=1e-3)


def test_a_known_gradient_is_handed_out_and_changes_no_value():
    X = preprocess(picture(3), (20, 10))
    known = preprocess(picture(4), (20, 10))
    X.attach_grad()
    with autograd.record():
        l = known_gradient(np.array(5.0), X, known) * 2
    l.backward()
    assert float(l) == 10
    numpy.testing.assert_allclose(X.grad.asnumpy(), 2 * known.asnumpy(), rtol=1e-6)
