"""Painters and critics: layer by layer against the published tables, and norms against NumPy."""

import math

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer.gan import cyclegan, mixgan, pix2pix
from styletransfer.gan.layers import FewFilters, Norm, Upsampling, Zeros, begin
from styletransfer.gan.networks import PatchGAN, Residual, UNet, patch_rows, receptive_field


def numbers(net):
    """Return how many numbers a network learns."""
    parameters = net.collect_params().values()
    return sum(math.prod(p.shape) for p in parameters if p.grad_req != 'null')


def noise(*shape, seed=0):
    return np.array(numpy.random.default_rng(seed).normal(size=shape), dtype='float32')


def listed(block):
    """Return the layers of a chain as text: kinds, and channels with sides and strides."""
    told = []
    for layer in block:
        if isinstance(layer, (nn.Conv2D, nn.Conv2DTranspose)):
            kernel, stride = layer._kwargs['kernel'][0], layer._kwargs['stride'][0]
            kind = 'deconv' if isinstance(layer, nn.Conv2DTranspose) else 'conv'
            told.append(f'{kind}{kernel} {layer._channels} /{stride}')
        elif isinstance(layer, Upsampling):
            kind = 'deconv' if layer.way == 'deconvolution' else 'doubled, conv'
            told.append(f'{kind}{layer.conv._kwargs["kernel"][0]} {layer.conv._channels} /2')
        elif isinstance(layer, FewFilters):
            told.append(f'conv{layer.kernel} {layer.channels} /1')
        elif isinstance(layer, Norm):
            told.append(layer.kind)
        elif isinstance(layer, nn.Activation):
            told.append('relu')
        elif isinstance(layer, nn.Dropout):
            told.append(f'dropout {layer._rate}')
        else:
            told.append(type(layer).__name__)
    return told


# the tables ------------------------------------------------------------------------------------


def test_the_painter_of_pix2pix_is_the_published_one():
    setting = pix2pix.PIX2PIX
    painter = UNet(setting.widths, norm=setting.norm)
    assert numbers(painter) == 54_413_955  # as the authors' program in PyTorch counts it
    downs = [listed(down) for down in painter.downs]
    widths = [64, 128, 256, 512, 512, 512, 512, 512]
    assert downs[0] == ['conv4 64 /2']
    assert downs[-1] == ['LeakyReLU', 'conv4 512 /2']  # no norm
    for width, down in zip(widths[1:-1], downs[1:-1]):
        assert down == ['LeakyReLU', f'conv4 {width} /2', 'batch']
    ups = [listed(up) for up in painter.ups]
    for width, up in zip([512, 512, 512], ups[:3]):
        assert up == ['relu', f'deconv4 {width} /2', 'batch', 'dropout 0.5']
    for width, up in zip([512, 256, 128, 64], ups[3:7]):
        assert up == ['relu', f'deconv4 {width} /2', 'batch']
    assert ups[7] == ['relu', 'deconv4 3 /2']
    entering = [up[1].conv.weight.shape[0] for up in painter.ups]
    assert entering == [512, 1024, 1024, 1024, 1024, 512, 256, 128]  # with the bridges


def test_the_painter_of_cyclegan_is_the_published_one():
    painter = cyclegan.ResidualGenerator((64, 128, 256), 9)
    assert numbers(painter) == 11_378_179
    layers = listed(painter.body)
    assert layers[:4] == ['Reflection', 'conv7 64 /1', 'instance', 'relu']
    assert layers[4:10] == ['conv3 128 /2', 'instance', 'relu', 'conv3 256 /2', 'instance', 'relu']
    assert layers[10:19] == ['Residual'] * 9
    assert layers[19:22] == ['deconv3 128 /2', 'instance', 'relu']
    assert layers[22:] == ['deconv3 64 /2', 'instance', 'relu', 'Reflection', 'conv7 3 /1']
    block = ['Reflection', 'conv3 256 /1', 'instance', 'relu']
    assert listed(painter.body[10].body) == block + block[:-1]


@pytest.mark.parametrize(
    ('critic', 'count', 'kind'),
    [
        (lambda: pix2pix.make_critic(pix2pix.PIX2PIX), 2_768_705, 'batch'),
        (lambda: cyclegan.make_critic(cyclegan.CYCLEGAN), 2_764_737, 'instance'),
    ],
    ids=['pix2pix', 'cyclegan'],
)
def test_the_critics_are_the_published_ones(critic, count, kind):
    critic = critic()
    assert numbers(critic) == count
    layers = ['conv4 64 /2', 'LeakyReLU']
    for width, stride in ((128, 2), (256, 2), (512, 1)):
        layers += [f'conv4 {width} /{stride}', kind, 'LeakyReLU']
    assert listed(critic.body) == [*layers, 'conv4 1 /1']
    assert critic.body[1]._alpha == 0.2
    X = noise(1, critic.body[0].weight.shape[1], 256, 256)
    assert critic(X).shape == (1, 1, 30, 30)


def test_mixgan_is_that_of_the_authors_program():
    setting = mixgan.MIXGAN
    encoder, decoder = mixgan.Encoder(setting), mixgan.ContentDecoder(setting)
    layers = ['Reflection', 'conv7 32 /1', 'relu']
    for width in (64, 128, 128, 256):
        layers += [f'conv3 {width} /2', 'instance', 'relu']
    layers += ['Flatten', *3 * ['Dense', 'BatchNorm', 'relu'], 'Dense']
    assert listed(encoder.body) == layers
    dense = [layer.weight.shape for layer in encoder.body if isinstance(layer, nn.Dense)]
    assert dense == [(2048, 4096), (2048, 2048), (1024, 2048), (2048, 1024)]
    dense = [layer.weight.shape for layer in decoder.dense if isinstance(layer, nn.Dense)]
    assert dense == [(1024, 2048), (2048, 1024), (2048, 2048), (4096, 2048)]
    ups = [f'deconv3 {width} /2' for width in (256, 128, 64, 32)]
    found = listed(decoder.body)
    assert [layer for layer in found if layer.startswith('deconv')] == ups
    assert found.count('Residual') == 6
    assert decoder.body[8].body[1].weight.shape == (128, 128, 3, 3)
    assert listed(decoder.last) == ['Reflection', 'conv7 1 /1']
    mixture = mixgan.MixtureDecoder(setting)
    assert mixture.body[0].weight.shape == (33, 64, 3, 3)
    assert mixture.last[1].weight.shape == (3, 97, 7, 7)
    rows = mixgan.critic_rows(setting)
    assert receptive_field(rows) == 8
    assert [(row.channels, row.kernel) for row in rows] == [(64, 4), (128, 2), (256, 1), (1, 4)]
    critic = mixgan.CodeCritic(setting)
    assert critic.laid_out.weight.shape == (32 * 32 * 32, 2048)
    convs = [layer for layer in listed(critic.body) if layer.startswith('conv')]
    assert convs == [f'conv4 {width} /2' for width in (64, 128, 256, 512)]
    assert critic.body[-1].weight.shape == (1, 2 * 2 * 512)


def test_scores_of_the_critic_of_patches_are_one_for_each_pixel():
    setting = mixgan.Setting('small', '', critic_width=4)
    critic = PatchGAN(mixgan.critic_rows(setting))
    begin(critic, 0)
    assert critic(noise(2, 3, 16, 16)).shape == (2, 1, 16, 16)


def seen_from(critic, side):
    """Return the sides of the patch on which the score in the middle depends."""
    X = noise(1, 3, side, side)
    X.attach_grad()
    with autograd.record():
        scores = critic(X)
        middle = scores.shape[2] // 2
        score = scores[0, 0, middle, middle]
    score.backward()
    touched = numpy.abs(X.grad.asnumpy()).sum((0, 1)) > 0
    return [int(touched.any(axis).sum()) for axis in (0, 1)]


@pytest.mark.parametrize(
    ('depth', 'field'), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)]
)
def test_the_field_of_a_critic(depth, field):
    rows = patch_rows(depth, 1)
    assert receptive_field(rows) == field
    if field < 100:  # by slopes, where norms, which see everything, are left out
        rows = [
            row._replace(channels=2 if row.kernel > 1 or row.channels > 1 else 1) for row in rows
        ]
        critic = PatchGAN([*rows[:-1], rows[-1]._replace(channels=1)])
        begin(critic, 1)
        for block in list(critic.body._children.values()):
            if isinstance(block, Norm):
                block.forward = lambda X: X
        assert seen_from(critic, 2 * field + 16) == [field, field]


# the layers ------------------------------------------------------------------------------------


@pytest.mark.parametrize('affine', [True, False])
@pytest.mark.parametrize('kind', ['batch', 'instance'])
def test_norms_have_the_statistics_of_what_they_are_given(kind, affine):
    norm, X = Norm(3, kind, affine), noise(2, 3, 4, 5) * 3 + 1
    norm.initialize()
    gamma, beta = numpy.ones(3), numpy.zeros(3)
    if affine:
        gamma, beta = numpy.array([1, 2, 3.0]), numpy.array([0, -1, 1.0])
        norm.gamma.set_data(np.array(gamma))
        norm.beta.set_data(np.array(beta))
    axes = (0, 2, 3) if kind == 'batch' else (2, 3)
    given = X.asnumpy().astype('float64')
    mean, variance = (f(given, axis=axes, keepdims=True) for f in (numpy.mean, numpy.var))
    wanted = (given - mean) / numpy.sqrt(variance + 1e-5)
    wanted = wanted * gamma[:, None, None] + beta[:, None, None]
    for mode in (autograd.train_mode, autograd.predict_mode):
        with mode():
            numpy.testing.assert_allclose(norm(X).asnumpy(), wanted, atol=1e-5)
    assert len(norm.collect_params().values()) == 2 * affine


def test_of_a_single_picture_both_norms_are_the_same():
    X = noise(1, 3, 4, 5)
    one, other = Norm(3, 'batch'), Norm(3, 'instance')
    for norm in (one, other):
        norm.initialize()
    numpy.testing.assert_allclose(one(X).asnumpy(), other(X).asnumpy(), atol=1e-6)


def test_the_slope_of_a_norm_is_right():
    norm, X, weights = Norm(2), noise(2, 2, 3, 3), noise(2, 2, 3, 3, seed=1)
    norm.initialize()
    norm.gamma.set_data(np.array([2.0, -1.0]))
    X.attach_grad()
    with autograd.record():
        l = (norm(X) * weights).sum()
    l.backward()
    for place in ((0, 0, 1, 1), (1, 1, 2, 0)):
        step = numpy.zeros(X.shape, 'float32')
        step[place] = 1e-2
        above, below = ((norm(X + s * np.array(step)) * weights).sum() for s in (1, -1))
        assert float(above - below) / 2e-2 == pytest.approx(float(X.grad[place]), abs=2e-3)


@pytest.mark.parametrize(
    ('kernel', 'way'), [(3, 'deconvolution'), (4, 'deconvolution'), (3, 'resize')]
)
def test_upsampling_doubles(kernel, way):
    up = Upsampling(5, 2, kernel, way, bias=True)
    up.initialize()
    assert up(noise(2, 2, 4, 6)).shape == (2, 5, 8, 12)


def test_zeros_between_pixels_make_a_transposed_convolution():
    up, X = Upsampling(4, 3, 3, 'deconvolution', bias=True), noise(2, 3, 5, 6)
    begin(up, 2)
    transposed = nn.Conv2DTranspose(4, 3, 2, 1, 1, in_channels=3)  # as published
    transposed.initialize()
    weight = up.conv.weight.data().asnumpy()
    transposed.weight.set_data(np.array(weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]))
    numpy.testing.assert_allclose(up(X).asnumpy(), transposed(X).asnumpy(), atol=1e-6)


def test_doubled_pixels_leave_no_pattern():
    flat = np.ones((1, 2, 6, 6))
    up = Upsampling(1, 2, 3, 'resize', bias=False)
    up.initialize(mx.init.Normal(1))
    assert float(up(flat).max() - up(flat).min()) < 1e-5
    other = Upsampling(1, 2, 3, 'deconvolution', bias=False)
    other.initialize(mx.init.Normal(1))
    inner = other(flat)[:, :, 2:-2, 2:-2]
    assert float(inner.max() - inner.min()) > 0.1  # chequered


@pytest.mark.parametrize('bias', [True, False])
def test_few_filters_are_a_plain_convolution(bias):
    few, plain = (
        FewFilters(3, 4, 3, 1, bias),
        nn.Conv2D(3, 3, padding=1, in_channels=4, use_bias=bias),
    )
    begin(few, 3)
    plain.initialize()
    for name, parameter in few._collect_params_with_prefix().items():
        plain._collect_params_with_prefix()[name].set_data(parameter.data())
    X = noise(2, 4, 6, 6)
    grads = []
    for net in (few, plain):
        with autograd.record():
            Y = net(X)
            l = (Y * noise(*Y.shape, seed=2)).sum()
        l.backward()
        grads.append((Y.asnumpy(), net.weight.grad().asnumpy()))
    for found, wanted in zip(*grads):
        numpy.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_bridges_of_a_unet_lead_to_the_same_size():
    painter = UNet((3, 4, 5), dropouts=0)
    begin(painter, 0)
    X = noise(1, 3, 16, 8)
    Y = painter(X)
    assert Y.shape == X.shape
    assert float(np.abs(Y).max()) < 1
    # written out
    L = lambda X: np.where(X > 0, X, 0.2 * X)  # noqa: E731
    R = lambda X: np.maximum(X, 0)  # noqa: E731
    d, u = painter.downs, painter.ups
    e1 = d[0][0](X)
    e2 = d[1][2](d[1][1](L(e1)))
    e3 = d[2][1](L(e2))
    d1 = np.concatenate([u[0][2](u[0][1](R(e3))), e2], axis=1)
    d2 = np.concatenate([u[1][2](u[1][1](R(d1))), e1], axis=1)
    wanted = np.tanh(u[2][1](R(d2)))
    numpy.testing.assert_allclose(Y.asnumpy(), wanted.asnumpy(), atol=1e-6)


def test_dropout_is_noise_in_training_mode_only():
    painter = UNet((3, 4, 5), dropouts=1)
    begin(painter, 0)
    X = noise(1, 3, 16, 16)
    calm = painter(X).asnumpy()
    numpy.testing.assert_array_equal(calm, painter(X).asnumpy())
    mx.random.seed(3)
    with autograd.train_mode():
        first, second = painter(X).asnumpy(), painter(X).asnumpy()
        mx.random.seed(3)
        again = painter(X).asnumpy()
    assert (first != second).any()
    numpy.testing.assert_array_equal(first, again)


def test_a_residual_block_adds():
    block, X = Residual(3, 'instance', affine=True, bias=False), noise(1, 3, 5, 5)
    begin(block, 0)
    block.body[-1].gamma.set_data(np.zeros(3))
    numpy.testing.assert_array_equal(block(X).asnumpy(), X.asnumpy())


def test_zeros_are_behind():
    X = Zeros(1)(np.ones((1, 1, 2, 2))).asnumpy()[0, 0]
    assert X.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_first_numbers_come_from_the_seed():
    nets = [UNet((8, 16, 16)) for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2)):
        begin(net, seed)
    weights, same, other = (net.ups[0][1].conv.weight.data().asnumpy() for net in nets)
    numpy.testing.assert_array_equal(weights, same)
    assert (weights != other).all()
    assert weights.mean() == pytest.approx(0, abs=1e-3)
    assert weights.std() == pytest.approx(0.02, rel=0.05)
    gammas = nets[0].downs[1][2].gamma.data().asnumpy()
    assert gammas.mean() == pytest.approx(1, abs=0.02)
    assert gammas.std() > 0
    assert float(np.abs(nets[0].downs[1][2].beta.data()).max()) == 0
