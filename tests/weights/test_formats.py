"""Files of weights: every format read to the same list, and every damage answered in one line."""

from __future__ import annotations

import pickle

import numpy
import pytest
from weights_server import NUMBERS, torch_arrays, write_keras, write_params, write_timm

from styletransfer.images import preprocess  # before MXNet
from styletransfer.weights.formats import (
    CAFFE_MEAN,
    WeightsError,
    fold_input,
    read_notes,
    read_weights,
    tensors_sha256,
    write_tensors,
)

import mxnet as mx  # isort: skip
from mxnet import numpy as np  # isort: skip
from mxnet import npx  # isort: skip


def expected_convs():
    arrays = torch_arrays()
    return [(arrays[f'features.{n}.weight'], arrays[f'features.{n}.bias']) for n in NUMBERS]


def assert_same(convs, expected):
    assert len(convs) == len(expected)
    for (weight, bias), (expected_weight, expected_bias) in zip(convs, expected):
        numpy.testing.assert_array_equal(weight, expected_weight)
        numpy.testing.assert_array_equal(bias, expected_bias)


@pytest.mark.parametrize('scheme', ['features', 'vgg0'])
def test_gluons_files_are_read_whichever_way_they_name_things(tmp_path, scheme):
    write_params(tmp_path / 'vgg.params', torch_arrays(), scheme)
    assert_same(read_weights(tmp_path / 'vgg.params'), expected_convs())


def test_what_gluon_saves_is_read(tmp_path):
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Conv2D(4, 3, in_channels=3), mx.gluon.nn.Conv2D(5, 3, in_channels=4))
    holder = mx.gluon.nn.HybridBlock()
    holder.features = net
    holder.initialize(mx.init.Normal(1))
    holder.save_parameters(str(tmp_path / 'vgg.params'))
    convs = read_weights(tmp_path / 'vgg.params')
    assert_same(convs, [(c.weight.data().asnumpy(), c.bias.data().asnumpy()) for c in net])


def test_safetensors_are_read_without_the_classifier(tmp_path):
    write_timm(tmp_path / 'model.safetensors', torch_arrays())
    assert_same(read_weights(tmp_path / 'model.safetensors'), expected_convs())


def test_npz_is_read_in_the_order_of_blocks_and_places(tmp_path):
    weights = {f'conv{b}_{p}': (b, p) for b, p in [(2, 1), (1, 2), (1, 1)]}
    arrays = {}
    for name, (block, place) in weights.items():
        arrays[f'{name}.weight'] = numpy.full((1, 1, 3, 3), 10 * block + place, 'float32')
        arrays[f'{name}.bias'] = numpy.zeros(1, 'float32')
    numpy.savez(tmp_path / 'teacher.npz', **arrays)
    assert [w[0, 0, 0, 0] for w, _ in read_weights(tmp_path / 'teacher.npz')] == [11, 12, 21]


@pytest.mark.parametrize(('name', 'channels'), [('vgg.h5', 'BGR'), ('vgg.params', 'RGB')])
def test_networks_for_other_colours_see_the_same_picture(tmp_path, name, channels):
    """What the first layer says of a picture is the same, read their way and read our way."""
    if name == 'vgg.h5':
        write_keras(tmp_path / name, torch_arrays())
    else:
        write_params(tmp_path / name, torch_arrays(), 'symbol')
    convs = read_weights(tmp_path / name)
    assert_same(convs[1:], expected_convs()[1:])
    img = np.array(numpy.random.default_rng(0).integers(0, 256, (9, 12, 3)), dtype='uint8')
    theirs = img.asnumpy().astype('float32') - numpy.float32(CAFFE_MEAN)
    if channels == 'BGR':
        theirs = theirs[:, :, ::-1]
    theirs = np.array(theirs.transpose(2, 0, 1)[None].copy())
    expected = convolve(theirs, expected_convs()[0])
    found = convolve(preprocess(img, (12, 9)), convs[0])
    numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def convolve(X, conv):
    weight, bias = (np.array(part) for part in conv)
    Y = npx.convolution(X, weight, bias, kernel=(3, 3), num_filter=len(bias))
    return Y.asnumpy()


def test_fold_by_hand():
    """w = 2, 3 and bias 5 read x swapped, doubled, plus (1, -1): 2(2 x2 + 1) + 3(2 x1 - 1) + 5."""
    weight = numpy.zeros((1, 2, 3, 3), 'float32')
    weight[0, :, 1, 1] = 2, 3
    matrix, offset = numpy.array([[0.0, 2.0], [2.0, 0.0]]), numpy.array([1.0, -1.0])
    folded, bias = fold_input((weight, numpy.float32([5])), matrix, offset)
    assert folded[0, :, 1, 1].tolist() == [6, 4]
    assert bias.tolist() == [4]
    assert folded.dtype == bias.dtype == 'float32'


@pytest.mark.parametrize('ending', ['.pth', '.pt', '.bin', '.pkl'])
def test_a_pickle_is_refused_unopened_and_with_the_way_out(tmp_path, ending):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / 'sprung'), 'w')

    path = tmp_path / f'vgg19{ending}'
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WeightsError, match=r'can run any program.*safetensors'):
        read_weights(path)
    assert not (tmp_path / 'sprung').exists()


def test_npz_with_a_pickle_inside_is_refused(tmp_path):
    numpy.savez(tmp_path / 'vgg.npz', **{'conv1_1.weight': numpy.array([{}], dtype=object)})
    with pytest.raises(WeightsError, match='cannot read'):
        read_weights(tmp_path / 'vgg.npz')


@pytest.mark.parametrize('name', ['vgg.safetensors', 'vgg.params', 'vgg.h5', 'vgg.npz'])
@pytest.mark.parametrize('damage', ['empty', 'cut', 'page'])
def test_a_damaged_file_is_answered_in_one_line(tmp_path, name, damage):
    path = tmp_path / name
    if path.suffix == '.npz':
        numpy.savez(path, **{'conv1_1.weight': numpy.zeros((1, 3, 3, 3))})
    else:
        write = {'.safetensors': write_timm, '.params': write_params, '.h5': write_keras}
        write[path.suffix](path, torch_arrays())
    content = path.read_bytes()
    path.write_bytes(
        {'empty': b'', 'cut': content[: len(content) // 2], 'page': b'<html>'}[damage]
    )
    with pytest.raises(WeightsError, match=name) as caught:
        read_weights(path)
    assert '\n' not in str(caught.value)


def test_files_that_are_not_there_or_of_an_unknown_kind(tmp_path):
    with pytest.raises(WeightsError, match='no such file'):
        read_weights(tmp_path / 'vgg.params')
    with pytest.raises(WeightsError, match=r'must end in \.safetensors'):
        read_weights(tmp_path / 'vgg.onnx')


def write(path, **arrays):
    write_tensors(path, {k.replace('_', '.'): np_(v) for k, v in arrays.items()}, {})
    return path


def np_(array):
    return numpy.asarray(array, 'float32')


def test_what_a_file_lacks_is_named(tmp_path):
    path = tmp_path / 'vgg.safetensors'
    good = {'features_0_weight': numpy.ones((2, 3, 3, 3)), 'features_0_bias': numpy.ones(2)}
    assert len(read_weights(write(path, **good))) == 1
    with pytest.raises(WeightsError, match='convolution 0 has no bias'):
        read_weights(write(path, features_0_weight=good['features_0_weight']))
    with pytest.raises(WeightsError, match='holds no convolutions'):
        read_weights(write(path, head_weight=[1]))
    with pytest.raises(WeightsError, match='do not belong together'):
        read_weights(write(path, **{**good, 'features_0_bias': numpy.ones(3)}))
    with pytest.raises(WeightsError, match='not all finite'):
        read_weights(write(path, **{**good, 'features_0_bias': [1, numpy.inf]}))


def test_notes_come_back_and_the_same_content_makes_the_same_bytes(tmp_path):
    notes = {'source': 'somewhere', 'licence': 'some', 'url': 'none', 'more': 'yes'}
    tensors = {'features.0.bias': np_([1, 2])}
    for name in 'abcdef':
        write_tensors(tmp_path / name, tensors, notes)
    assert len({(tmp_path / name).read_bytes() for name in 'abcdef'}) == 1
    assert read_notes(tmp_path / 'a') == notes
    (tmp_path / 'a').write_bytes(b'not safetensors')
    assert read_notes(tmp_path / 'a') == read_notes(tmp_path / 'gone') == {}


def test_the_digest_of_numbers_sees_every_number_and_their_order():
    convs = expected_convs()
    digest = tensors_sha256(convs)
    assert digest == tensors_sha256(expected_convs())
    assert digest != tensors_sha256(convs[::-1])
    convs[3][1][0] += 1e-3
    assert digest != tensors_sha256(convs)
