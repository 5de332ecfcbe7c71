"""Layer names against Gluon's own network, taps, weights, and the backbone table."""

import ctypes
import gc

import mxnet as mx
import numpy
import pytest
from mxnet import autograd, gluon
from mxnet import numpy as np
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import vgg19

from styletransfer.errors import InputError
from styletransfer.images import PIXELS, preprocess
from styletransfer.machine import return_freed_memory
from styletransfer.vgg import (
    BACKBONES,
    LAST_LAYER,
    VGG16,
    compiled,
    extract_features,
    find_backbone,
    get_net,
    layer_index,
    layer_names,
    nearest_layers,
    read_pixels,
    set_weights,
    truncated_vgg,
    vgg_layer_names,
)
from styletransfer.weights.formats import WeightsError

KINDS = {'conv': nn.Conv2D, 'relu': nn.Activation, 'pool': nn.MaxPool2D}


def test_layer_names_are_those_of_gluons_vgg19():
    features = vgg19().features
    names = list(vgg_layer_names())
    assert len(names) == len(features) - 4  # behind them: two dense layers, two dropouts
    for name, layer in zip(names, features):
        assert isinstance(layer, KINDS[name[:4]]), name
    widths = {name: layer._channels for name, layer in zip(names, features) if 'conv' in name}
    assert widths['conv1_1'] == 64
    assert widths['conv3_4'] == 256
    assert widths['conv5_1'] == 512


def test_the_books_numbers():
    style = ['conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1']
    assert [layer_index(name) for name in style] == [0, 5, 10, 19, 28]
    assert layer_index('conv4_4') == 25
    assert [layer_index(25), layer_index('25'), layer_index('relu4_2')] == [25, 25, 22]


@pytest.mark.parametrize(
    ('layer', 'message'),
    [('conv4_5', "did you mean 'conv4_4'"), (37, '37'), (-1, '-1'), ('conv6_1', 'conv5_1')],
)
def test_layers_that_are_not_there(layer, message):
    with pytest.raises(InputError, match=message):
        layer_index(layer)


def test_widths_of_the_table_are_the_networks():
    for backbone in BACKBONES.values():
        net = truncated_vgg(backbone)
        assert len(net) == LAST_LAYER + 1
        convs = [layer for layer in net if isinstance(layer, nn.Conv2D)]
        assert [conv._channels for conv in convs] == [
            width
            for width, count in zip(backbone.widths, backbone.convs_per_block)
            for _ in range(count)
        ][: len(convs)]
        assert len(convs) == 13


def test_the_layers_of_vgg16():
    names = list(vgg_layer_names(VGG16))
    assert [names.index(f'conv{block}_1') for block in range(1, 6)] == [0, 5, 10, 17, 24]
    net = truncated_vgg(BACKBONES['vgg16'])
    assert layer_names(net) == names[:29]
    assert layer_index('conv5_3', net) == 28
    with pytest.raises(InputError, match="did you mean 'conv4_3'"):
        layer_index('conv4_4', net)


def test_layers_behind_the_end_become_the_last_convolution(tiny_net):
    asked = ('conv3_1', 'conv5_1', 'relu5_2', 'conv5_3', 25)
    assert nearest_layers(asked, tiny_net) == ('conv3_1', 'conv5_1', 'relu4_4', 25)


def test_average_pooling_takes_the_mean_of_four(tiny_net):
    net = truncated_vgg(BACKBONES['vgg19_slim'], 'pool1', 'average')
    X = np.arange(16).reshape(1, 1, 4, 4)
    numpy.testing.assert_array_equal(net[-1](X).asnumpy(), [[[[2.5, 4.5], [10.5, 12.5]]]])
    with pytest.raises(InputError, match="did you mean 'average'"):
        truncated_vgg(BACKBONES['vgg19_slim'], 'pool1', 'averag')


def test_a_network_can_read_other_units():
    net, _ = get_net('vgg19_slim', last='conv1_1')
    img = np.array(numpy.random.default_rng(1).integers(0, 256, (20, 30, 3)), dtype='uint8')
    expected = net(preprocess(img, (30, 20))).asnumpy()
    caffe, _ = get_net('vgg19_slim', last='conv1_1')
    X = preprocess(img, (30, 20), *PIXELS['caffe'])
    assert 100 < float(X.max()) < 256
    numpy.testing.assert_allclose(
        read_pixels(caffe, *PIXELS['caffe'])(X).asnumpy()[:, :, 1:-1, 1:-1],
        expected[:, :, 1:-1, 1:-1],
        atol=1e-4 * abs(expected).max(),
    )


def test_taps_have_the_promised_order_and_shapes(tiny_net):
    X = np.ones((2, 3, 35, 50))
    contents, styles = extract_features(tiny_net, X, [25], ['conv2_1', 'conv1_1', 'conv5_1'])
    assert [Y.shape for Y in contents] == [(2, 4, 4, 6)]
    assert [Y.shape for Y in styles] == [(2, 2, 35, 50), (2, 3, 17, 25), (2, 4, 2, 3)]


def test_a_layer_may_be_content_and_style(tiny_net):
    contents, styles = extract_features(tiny_net, np.ones((1, 3, 16, 16)), ['conv4_4'], [25])
    numpy.testing.assert_array_equal(contents[0].asnumpy(), styles[0].asnumpy())


def test_taps_are_before_relu(tiny_net):
    rng = numpy.random.default_rng(0)
    X = np.array(rng.normal(size=(1, 3, 32, 32)), dtype='float32')
    (conv,), (relu,) = extract_features(tiny_net, X, ['conv1_1'], ['relu1_1'])
    assert conv.asnumpy().min() < 0
    numpy.testing.assert_array_equal(relu.asnumpy(), conv.asnumpy().clip(0))


def test_features_survive_the_next_call(tiny_net):
    rng = numpy.random.default_rng(0)
    a, b = (np.array(rng.normal(size=(1, 3, 32, 32)), dtype='float32') for _ in range(2))
    first, _ = extract_features(tiny_net, a, [25], [0])
    kept = first[0].asnumpy().copy()
    extract_features(tiny_net, b, [25], [0])
    numpy.testing.assert_array_equal(first[0].asnumpy(), kept)


def test_weights_get_no_gradient_and_the_picture_does(tiny_net):
    X = np.ones((1, 3, 16, 16))
    X.attach_grad()
    with autograd.record():
        contents, _ = extract_features(tiny_net, X, [25], [])
        l = contents[0].sum()
    l.backward()
    assert float(np.abs(X.grad).sum()) > 0
    assert {p.grad_req for p in tiny_net.collect_params().values()} == {'null'}


def test_set_weights_gives_each_convolution_its_own(cpu_convs):
    net = truncated_vgg(BACKBONES['vgg19_slim'])
    set_weights(net, cpu_convs, None)
    layers = [layer for layer in net if isinstance(layer, nn.Conv2D)]
    for layer, (weight, bias) in zip(layers, cpu_convs):
        numpy.testing.assert_array_equal(layer.weight.data().asnumpy(), weight)
        numpy.testing.assert_array_equal(layer.bias.data().asnumpy(), bias)


def test_weights_of_another_network_are_refused(cpu_convs):
    with pytest.raises(
        WeightsError, match=r'convolution 1 .*\(16, 3, 3, 3\), not \(64, 3, 3, 3\)'
    ):
        set_weights(truncated_vgg(BACKBONES['vgg19']), cpu_convs, None)
    with pytest.raises(WeightsError, match='12 convolutions'):
        set_weights(truncated_vgg(BACKBONES['vgg19_slim']), cpu_convs[:12], None)


@pytest.fixture
def cpu_convs():
    rng = numpy.random.default_rng(0)
    channels = [3, 16, 16, 32, 32, 64, 64, 64, 64, 128, 128, 128, 128, 128]
    return [
        (rng.normal(size=(o, i, 3, 3)).astype('float32'), rng.normal(size=o).astype('float32'))
        for i, o in zip(channels, channels[1:])
    ]


def test_random_weights_follow_the_seed():
    def first(seed):
        net, origin = get_net('vgg19_slim', 'random', seed=seed)
        assert origin['source'] == 'random'
        return net[0].weight.data().asnumpy()

    numpy.testing.assert_array_equal(first(1), first(1))
    assert (first(1) != first(2)).any()


def test_unknown_backbone():
    with pytest.raises(InputError, match="did you mean 'vgg19_slim'"):
        find_backbone('vgg19-slim')


# --- compiled -------------------------------------------------------------------------------


def outcome(features, X):
    """Return contents, styles, and the gradient of a number that depends on all of them."""
    X = X.copy()
    X.attach_grad()
    with autograd.record():
        contents, styles = features(X)
        l = sum((Y * Y).sum() for Y in contents + styles)
    l.backward()
    return contents, styles, X.grad


@pytest.mark.parametrize('static', [True, False])
def test_compiled_sees_what_the_layers_see(tiny_net, static):
    mx.random.seed(3)
    compiled_features = compiled(tiny_net, ['conv4_4'], [0, 'conv2_1', 28], static)
    for _ in range(3):  # memory is kept from one picture to the next, numbers are not
        X = np.random.normal(size=(2, 3, 33, 48))
        contents, styles, gradient = outcome(
            lambda X: extract_features(tiny_net, X, ['conv4_4'], [0, 'conv2_1', 28]), X
        )
        same_contents, same_styles, same_gradient = outcome(compiled_features, X)
        assert [Y.shape for Y in same_contents] == [Y.shape for Y in contents]
        for Y, Y_same in zip(contents + styles, same_contents + same_styles):
            flat = Y.reshape(Y_same.shape).asnumpy()
            numpy.testing.assert_allclose(Y_same.asnumpy(), flat, rtol=1e-5, atol=1e-6)
        assert [Y.shape for Y in same_styles] == [
            (2, Y.shape[1], Y.shape[2] * Y.shape[3]) for Y in styles
        ]
        largest = float(np.abs(gradient).max())
        assert abs(same_gradient - gradient).max() < 1e-5 * largest


@pytest.mark.parametrize('layers', [((25,), ()), ((), (0,)), ((), ())])
def test_compiled_for_one_layer_or_none(tiny_net, layers):
    contents, styles = compiled(tiny_net, *layers)(np.ones((1, 3, 16, 16)))
    assert (len(contents), len(styles)) == tuple(map(len, layers))


def bytes_in_use():
    """Return how much memory of the C library is in use, None where it does not say."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, 'mallinfo2'):
        return None
    names = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'
    fields = [(name, ctypes.c_size_t) for name in names.split()]
    libc.mallinfo2.restype = type('mallinfo2', (ctypes.Structure,), {'_fields_': fields})
    info = libc.mallinfo2()
    return info.uordblks + info.hblkhd


@pytest.mark.skipif(bytes_in_use() is None, reason='not the C library of GNU')
def test_a_graph_that_is_not_static_keeps_no_memory(tiny_net):
    X = np.ones((1, 3, 320, 320))

    def kept(static):
        features = compiled(tiny_net, (25,), (0,), static)
        outcome(features, X)
        return_freed_memory()
        before = bytes_in_use()
        del features
        return_freed_memory()
        return before - bytes_in_use()

    # a thread of the engine may let go of what it ran only after the wait has returned, and what
    # goes late is counted as kept: a graph that does keep memory keeps it every time
    picture = X.size * 4
    assert max(kept(static=True) for _ in range(5)) > 2 * picture
    assert min(kept(static=False) for _ in range(5)) < picture / 2


def test_a_compiled_graph_leaves_with_its_memory(tiny_net):
    """Stage after stage makes one: those of earlier stages must not stay."""

    def graphs():
        return sum(isinstance(thing, gluon.SymbolBlock) for thing in gc.get_objects())

    return_freed_memory()
    before = graphs()
    for _ in range(3):
        features = compiled(tiny_net, (25,), (0,))
        features(np.ones((1, 3, 16, 16)))
        return_freed_memory()
        assert graphs() == before + 1
