"""Files of weights: every format read to the same list, and every damage answered in one line."""

from __future__ import annotations

import json
import os
import pickle
import threading
import tracemalloc
import zipfile
from dataclasses import replace

import h5py
import numpy
import pytest
from weights_files import (
    SCHEMES,
    conv_widths,
    for_caffe,
    params_bytes,
    places,
    renamed,
    save,
    torch_arrays,
    write_keras,
    write_params,
    write_timm,
)

from styletransfer.images import preprocess  # before MXNet
from styletransfer.vgg import BACKBONES, set_weights, truncated_vgg
from styletransfer.weights import arrays as arrays_module
from styletransfer.weights.arrays import Stored
from styletransfer.weights.formats import (
    CAFFE_MEAN,
    MOST_NUMBERS,
    WeightsError,
    fold_input,
    in_order,
    read_notes,
    read_weights,
    tensors_sha256,
    write_tensors,
)

import mxnet as mx  # isort: skip
from mxnet import numpy as np  # isort: skip
from mxnet import npx  # isort: skip


def expected_convs(blocks=None):
    blocks = blocks or BACKBONES['vgg19'].convs_per_block
    arrays = torch_arrays(blocks=blocks)
    numbers = [number for number, _, _ in places(blocks)]
    return [(arrays[f'features.{n}.weight'], arrays[f'features.{n}.bias']) for n in numbers]


def assert_same(convs, expected, **tolerance):
    assert len(convs) == len(expected)
    for (weight, bias), (expected_weight, expected_bias) in zip(convs, expected):
        numpy.testing.assert_allclose(weight, expected_weight, **(tolerance or {'rtol': 0}))
        numpy.testing.assert_allclose(bias, expected_bias, **(tolerance or {'rtol': 0}))
        assert weight.dtype == bias.dtype == 'float32'


@pytest.mark.parametrize('network', ['vgg19', 'vgg16'])
@pytest.mark.parametrize('legacy', [True, False])
@pytest.mark.parametrize('scheme', SCHEMES)
def test_mxnets_files_are_read_whichever_way_they_name_things(tmp_path, scheme, legacy, network):
    blocks = BACKBONES[network].convs_per_block
    arrays = torch_arrays(blocks=blocks)
    caffe = scheme.startswith('symbol')
    path = tmp_path / 'vgg.params'
    write_params(path, for_caffe(arrays, 'RGB') if caffe else arrays, scheme, blocks, legacy)
    tolerance = {'rtol': 1e-5, 'atol': 1e-5} if caffe else {}
    convs = read_weights(path)
    assert_same(convs, expected_convs(blocks), **tolerance)
    set_weights(
        truncated_vgg(replace(BACKBONES[network], widths=(2, 3, 4, 5, 6))), convs, mx.cpu()
    )


def mxnets_own(path):
    """What MXNet itself reads."""
    with mx.util.np_array(False), mx.util.np_shape(False):
        return {name: array.asnumpy() for name, array in mx.nd.load(str(path)).items()}


@pytest.mark.parametrize('dtype', ['float16', 'float32', 'float64'])
@pytest.mark.parametrize('device', [(1, 0), (2, 3)], ids=['cpu', 'gpu'])
@pytest.mark.parametrize('version', [0, 1, 2, 3])
def test_files_of_every_version_device_and_type_are_read(tmp_path, version, device, dtype):
    arrays = {n: a.astype(dtype) for n, a in renamed(torch_arrays(), 'vgg0').items()}
    path = tmp_path / 'vgg.params'
    path.write_bytes(params_bytes(arrays, version, device))
    if version < 3:  # those that it reads without np semantics
        for name, array in mxnets_own(path).items():
            numpy.testing.assert_array_equal(array, arrays[name])
    expected = [[part.astype(dtype).astype('float32') for part in c] for c in expected_convs()]
    assert_same(read_weights(path), expected)


def test_what_is_written_by_hand_is_what_mxnet_writes(tmp_path):
    arrays = renamed(torch_arrays(), 'vgg0')
    for version, legacy in ((2, True), (3, False)):
        save(tmp_path / 'vgg.params', arrays, legacy)
        assert (tmp_path / 'vgg.params').read_bytes() == params_bytes(arrays, version)


def test_arrays_may_come_in_any_order(tmp_path):
    arrays = renamed(torch_arrays(), 'exported')
    shuffled = numpy.random.default_rng(3).permutation(list(arrays))
    save(tmp_path / 'vgg.params', {name: arrays[name] for name in shuffled})
    assert_same(read_weights(tmp_path / 'vgg.params'), expected_convs())


def test_a_thread_without_np_semantics_reads_the_same_and_keeps_its_own(tmp_path):
    """`npx.set_np` is one thread's only; neither kind of file must depend on it, or change it."""
    paths = [tmp_path / 'legacy.params', tmp_path / 'new.params']
    for path in paths:
        write_params(path, torch_arrays(), legacy=path.stem == 'legacy')
    found = []

    def read():
        found.extend(read_weights(path) for path in paths)
        found.append((npx.is_np_array(), npx.is_np_shape()))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert found[2] == (False, False)
    for convs in (*found[:2], *map(read_weights, paths)):
        assert_same(convs, expected_convs())
    assert (npx.is_np_array(), npx.is_np_shape()) == (True, True)


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
    trap = numpy.full((1, 3, 3, 3), {}, dtype=object)
    numpy.savez(tmp_path / 'vgg.npz', **{'conv1_1.weight': trap, 'conv1_1.bias': trap[:, 0, 0, 0]})
    with pytest.raises(WeightsError, match='numbers of type object'):
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


# --- files that are damaged, or made to do harm ---


def test_what_is_no_ordinary_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / 'pipe.params')
    (tmp_path / 'folder.h5').mkdir()
    (tmp_path / 'zero.npz').symlink_to('/dev/zero')
    for name in ('pipe.params', 'folder.h5', 'zero.npz'):
        with pytest.raises(WeightsError, match=f'{name}.*no ordinary file'):
            read_weights(tmp_path / name)
    for name in ('x' * 300 + '.params', 'a\0b.params'):
        with pytest.raises(WeightsError, match='no such file'):
            read_weights(tmp_path / name)


@pytest.mark.parametrize('name', ['vgg19-0000.params.gz', 'vgg19-ad2f660d.zip'])
def test_packed_files_are_to_be_unpacked(tmp_path, name):
    with pytest.raises(WeightsError, match='unpack it'):
        read_weights(tmp_path / name)


def refusal(path):
    with pytest.raises(WeightsError) as caught:
        read_weights(path)
    message = str(caught.value)
    assert path.name in message
    assert '\n' not in message
    assert 'Traceback' not in message
    return message


def test_params_that_hold_something_else_are_refused(tmp_path):
    path = tmp_path / 'vgg.params'
    arrays = torch_arrays()
    save(path, list(arrays.values()))
    assert 'arrays without names' in refusal(path)
    with mx.util.np_array(False), mx.util.np_shape(False):
        mx.nd.save(str(path), {'conv0_weight': mx.nd.zeros((4, 4)).tostype('row_sparse')})
    assert 'sparse arrays' in refusal(path)
    path.write_bytes(params_bytes({n: a.astype('int8') for n, a in arrays.items()}))
    assert 'numbers of type int8' in refusal(path)
    save(path, {**arrays, 'vgg0_conv0_weight': arrays['features.0.weight']})
    assert 'more than one weight 0' in refusal(path)
    save(path, {**arrays, 'features.1.running_mean': arrays['features.0.bias']})
    assert 'batch normalisation' in refusal(path)
    save(path, {'conv0_weight': numpy.ones(32 * (1,)), 'conv0_bias': numpy.ones(1)})
    assert 'do not belong together' in refusal(path)


def test_a_shape_is_not_told_at_any_length(tmp_path):
    path = tmp_path / 'vgg.safetensors'
    header = {
        f'conv0_{part}': {'dtype': 'F32', 'shape': 9999 * [1], 'data_offsets': [at, at + 4]}
        for part, at in {'weight': 0, 'bias': 4}.items()
    }
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, 'little') + text + bytes(8))
    assert len(refusal(path)) < 400


def test_params_cut_anywhere_are_refused(tmp_path):
    whole = params_bytes({n: a for n, a in torch_arrays().items() if n < 'features.1'})
    path = tmp_path / 'vgg.params'
    path.write_bytes(whole)
    read_weights(path)
    for size in (*range(1, 150, 7), *range(len(whole) - 150, len(whole), 7)):
        path.write_bytes(whole[:size])
        assert 'ends before its arrays do' in refusal(path)


@pytest.mark.parametrize('version', [0, 1, 2, 3])
def test_params_that_announce_what_they_do_not_hold_are_refused(tmp_path, version):
    """MXNet takes minutes and all memory for some of these."""
    whole = params_bytes({n: a for n, a in torch_arrays().items() if n < 'features.1'}, version)
    path = tmp_path / 'vgg.params'
    answers = []
    for seed in range(100):
        random = numpy.random.default_rng(seed)
        damaged = bytearray(whole)
        place = int(random.integers(0, 60))
        damaged[place : place + 4] = random.integers(0, 256, 4, dtype='u1').tobytes()
        path.write_bytes(damaged)
        try:
            read_weights(path)
        except WeightsError as error:
            answers.append(str(error).partition('vgg.params')[2])
    assert len(answers) > 50
    assert len(set(answers)) > 3
    assert max(map(len, answers)) < 200


HUGE = (64, 3, 1250, 1250)  # 1.2 GB


def test_more_numbers_than_a_vgg_has_are_not_read():
    def read():
        raise AssertionError('it was read')

    arrays = {
        'features.0.weight': Stored(HUGE, 'float32', read),
        'features.0.bias': Stored((64,), 'float32', read),
    }
    with pytest.raises(WeightsError, match='have 300000064 numbers, more than any VGG'):
        in_order(arrays)
    full = conv_widths(BACKBONES['vgg19'].widths)
    assert sum((9 * channels + 1) * width for _, channels, width in full) == MOST_NUMBERS


def write_npz(path, shape, version=(1, 0)):
    with zipfile.ZipFile(path, 'w') as archive:
        for part, told in {'weight': shape, 'bias': shape[:1]}.items():
            with archive.open(f'conv1_1.{part}.npy', 'w') as file:
                header = {'descr': '<f4', 'fortran_order': False, 'shape': told}
                numpy.lib.format._write_array_header(file, header, version)


def write_hdf5(path, shape, **options):
    with h5py.File(path, 'w') as file:
        file.create_dataset('block1_conv1/W', shape[2:] + shape[1::-1], 'f4', **options)
        file.create_dataset('block1_conv1/b', shape[:1], 'f4')


@pytest.mark.parametrize(
    ('name', 'write', 'options'),
    [
        ('vgg.npz', write_npz, {}),
        ('vgg.h5', write_hdf5, {}),
        ('vgg.h5', write_hdf5, {'chunks': True, 'compression': 'gzip'}),
    ],
)
def test_little_files_of_large_arrays_take_no_memory(tmp_path, name, write, options):
    path = tmp_path / name
    write(path, HUGE, **options)
    assert path.stat().st_size < 1e5
    read_notes(path)  # what is imported only once is not counted
    tracemalloc.start()
    try:
        assert 'more than any VGG' in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 3e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'compression': 'gzip', 'chunks': True}, 'compressed'),
        ({'chunks': (1000, 1000, 3, 64), 'maxshape': (None,) * 4}, 'in chunks that are larger'),
        ({'external': [('elsewhere', 0, 4 * 64 * 27)]}, 'in other files'),
    ],
)
def test_hdf5_may_not_take_more_than_its_shapes_say(tmp_path, options, message):
    write_hdf5(tmp_path / 'vgg.h5', (64, 3, 3, 3))
    read_weights(tmp_path / 'vgg.h5')
    write_hdf5(tmp_path / 'vgg.h5', (64, 3, 3, 3), **options)
    assert message in refusal(tmp_path / 'vgg.h5')


def test_files_of_very_many_arrays_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays_module, 'MOST_ARRAYS', 50)
    for count in (50, 52):
        many = {f'{k:02}': numpy.float32([k]) for k in range(count)}
        (tmp_path / 'vgg.params').write_bytes(params_bytes(many))
        numpy.savez(tmp_path / 'vgg.npz', **many)
        write_tensors(tmp_path / 'vgg.safetensors', many, {})
        with h5py.File(tmp_path / 'vgg.h5', 'w') as file:
            for name, array in many.items():
                file[name] = array
        expected = 'holds no convolutions' if count == 50 else 'holds more than 50 arrays'
        for path in tmp_path.iterdir():
            assert expected in refusal(path)


def test_names_in_a_file_are_told_without_what_rules_a_terminal(tmp_path):
    with zipfile.ZipFile(tmp_path / 'vgg.npz', 'w') as archive:
        archive.writestr('\x1b[2J.npy', b'\x93NUMPY\2\0')
    assert r'its \x1b[2J.npy is of a kind' in refusal(tmp_path / 'vgg.npz')


def test_npz_of_odd_headers_is_refused(tmp_path):
    path = tmp_path / 'vgg.npz'
    write_npz(path, (64, 3, 3, 3), version=(2, 0))
    assert 'conv1_1.weight.npy is of a kind' in refusal(path)
    write_npz(path, (64, 3, 3, 3))
    assert 'cannot read weights' in refusal(path)  # numpy tells that numbers are missing
    colours = {'rgb_to_bgr.weight': np_(numpy.ones((9, 9, 1, 1))), 'rgb_to_bgr.bias': np_([1])}
    weights = {'conv1_1.weight': np_(numpy.ones((2, 3, 3, 3))), 'conv1_1.bias': np_([1, 2])}
    numpy.savez(path, **weights, **colours)
    assert 'does not make three colours' in refusal(path)


def test_numbers_too_large_for_float32_are_not_finite(tmp_path):
    arrays = {'conv1_1.weight': numpy.full((1, 3, 3, 3), 1e300), 'conv1_1.bias': numpy.ones(1)}
    numpy.savez(tmp_path / 'vgg.npz', **arrays)
    assert 'not all finite' in refusal(tmp_path / 'vgg.npz')
    arrays = torch_arrays()
    arrays['features.0.weight'][:] = numpy.inf
    write_keras(tmp_path / 'vgg.h5', arrays)
    assert 'not all finite' in refusal(tmp_path / 'vgg.h5')


def test_what_keras_keeps_for_its_optimizer_is_passed_over(tmp_path):
    write_keras(tmp_path / 'vgg.h5', for_caffe(torch_arrays(), 'BGR'))
    with h5py.File(tmp_path / 'vgg.h5', 'a') as file:
        file['optimizer_weights/m/block1_conv1/kernel:0'] = numpy.zeros((3, 3, 3, 2))
        file['optimizer_weights/m/block1_conv1/bias:0'] = numpy.zeros(2)
        file['optimizer_weights/iteration:0'] = 5
    assert_same(read_weights(tmp_path / 'vgg.h5'), expected_convs(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('notes', ['[1]', '5', 'null', '"text"', '[' * 100_000, '{"source": 5}'])
def test_notes_that_are_none_are_no_notes(tmp_path, notes):
    from safetensors.numpy import save_file

    path = tmp_path / 'vgg.safetensors'
    save_file({'features.0.bias': np_([1])}, path, metadata={'notes': notes})
    assert read_notes(path) == {}


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
