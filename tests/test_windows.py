"""Where tiles lie: cores cut the picture, crops have their halo, and are no larger than asked."""

import mxnet as mx
import numpy
import pytest
from conftest import TINY
from mxnet import autograd
from mxnet import numpy as np
from mxnet.gluon import nn

from styletransfer import windows
from styletransfer.vgg import extract_features, layer_index, truncated_vgg
from styletransfer.windows import VGG, Part, geometry, looked_at, parts_of, spans


def test_geometry_of_vgg(tiny_net):
    layers = geometry(tiny_net)
    of = {name: layers[layer_index(name)] for name in ('conv1_1', 'pool1', 'conv4_4', 'conv5_1')}
    assert of['conv1_1'] == (1, 1, 2)
    assert of['pool1'] == (2, 2, 2)
    assert of['conv4_4'] == (8, 54, 4)
    assert of['conv5_1'] == (16, 70, 4)


def test_an_output_sees_as_far_as_geometry_says_and_no_further():
    net = truncated_vgg(TINY, pooling='average')
    net.initialize(mx.init.One())
    net(np.zeros((1, 3, 32, 32)))
    for layer in net:
        if isinstance(layer, nn.Conv2D):  # with nothing below 0, every way through is open
            layer.weight.set_data(np.ones(layer.weight.shape) / layer.weight.shape[1] / 9)
            layer.bias.set_data(np.ones(layer.bias.shape))
    X = np.ones((1, 3, 176, 192))
    for name in ('conv1_1', 'pool2', 'conv3_1', 'conv5_1'):
        g = geometry(net)[layer_index(name)]
        X.attach_grad()
        with autograd.record():
            (Y,), _ = extract_features(net, X, (name,), ())
            l = Y[:, :, 80 // g.stride, 80 // g.stride].sum()
        l.backward()
        for axis in (2, 3):
            others = tuple({0, 1, 2, 3} - {axis})
            (seen,) = numpy.nonzero(X.grad.asnumpy().sum(axis=others))
            assert (seen[0], seen[-1]) == (80 - g.radius, 80 + g.stride - 1 + g.radius)


def test_the_network_is_cut_behind_the_second_pooling(tiny_net):
    assert tuple(parts_of(tiny_net)) == VGG
    names = ['conv1_2', 'pool2', 'conv3_1', 'pool5']
    lengths = [layer_index(name) + 1 for name in names]
    nets = [truncated_vgg(TINY, name) for name in names]
    parts = [[(part.start, part.stop) for part in parts_of(net)] for net in nets]
    assert parts == [[(0, lengths[0])], [(0, 10)], [(0, 10), (10, 11)], [(0, 10), (10, 37)]]
    assert parts_of(nets[2])[1] == Part(10, 11, 4, 1, 1)
    assert parts_of(nets[3])[1] == Part(10, 37, 4, 32, 8)
    assert parts_of(tiny_net[:0]) == []


def test_spans():
    assert spans(300, 512, 80, 16) == [(0, 300, 0, 300)]
    assert spans(672, 512, 80, 16) == [(0, 672, 0, 672)]
    # 680 is the least that two crops with two halos have to be, 688 is a multiple of 16
    assert spans(1200, 528, 80, 16) == [(0, 688, 0, 608), (512, 1200, 608, 1200)]
    # 5 pixels are left over: both crops have them, and the halo besides
    assert spans(1205, 528, 80, 16) == [(0, 693, 0, 608), (512, 1205, 608, 1205)]


@pytest.mark.parametrize('halo', [0, 16, 80, 96])
@pytest.mark.parametrize('tile', [16, 48, 512])
def test_cores_cut_the_side_and_crops_have_the_halo(tile, halo):
    for length in [*range(16, 700, 7), 1080, 2160, 3841]:
        found = spans(length, tile, halo, 16)
        assert found[0].core_start == 0
        assert found[-1].core_stop == length
        for left, right in zip(found, found[1:]):
            assert left.core_stop == right.core_start
        for start, stop, core_start, core_stop in found:
            assert 0 <= start <= core_start < core_stop <= stop <= length
            assert core_stop - core_start >= 16 or len(found) == 1
            assert start % 16 == core_start % 16 == 0
            assert core_stop == length or core_stop % 16 == 0
            assert start == 0 or core_start - start >= halo
            assert core_stop == length or stop // 16 * 16 - core_stop >= halo
            assert stop - start < tile + 2 * halo + 16
        assert len({stop - start for start, stop, _, _ in found}) == 1
        whole = length // 16 * 16
        fewest = 1 if whole <= tile + 2 * halo else -(-(whole - 2 * halo) // tile)
        assert len(found) == fewest


def area(window):
    rows, columns = window
    return (rows.stop - rows.start) * (columns.stop - columns.start)


def test_windows_look_at_as_little_as_they_may():
    """Against a second writing: all ways to cut two sides, each in crops of one length."""
    for width, height, tile in [(200, 90, 32), (203, 61, 48), (64, 64, 20), (900, 20, 16)]:
        halo, aligned = 8, 4
        found = windows.windows(width, height, tile, halo, aligned)
        most = (tile + 2 * halo) ** 2
        ways = []
        for columns, rows in [(c, r) for c in range(1, 99) for r in range(1, 40)]:
            crop = [
                -(-(side // aligned * aligned + 2 * (n - 1) * halo) // (n * aligned)) * aligned
                for side, n in ((width, columns), (height, rows))
            ]
            if min(crop) > 2 * halo and crop[0] * crop[1] <= most:
                ways.append(columns * rows * crop[0] * crop[1])
        for window in found:
            rows, columns = ((s.stop - s.start) // aligned * aligned for s in window)
            assert rows * columns <= most
        assert len(found) * rows * columns == min(ways)
        cores = {(w.rows.core_start, w.columns.core_start): w for w in found}
        assert len(cores) == len(found)
        assert width * height == sum(
            (rows.core_stop - rows.core_start) * (columns.core_stop - columns.core_start)
            for rows, columns in found
        )


def test_a_crop_need_not_be_a_square():
    def crops(*shape_and_tile):
        return [area(window) for window in windows.windows(*shape_and_tile, 8, 4)]

    assert crops(600, 400, 512) == [600 * 400]
    assert crops(20, 1000, 128) == [20 * 1000]
    assert len(crops(600, 400, 256)) == 4


def test_the_second_part_has_tiles_twice_as_wide():
    first, second = VGG
    assert len(first.windows(1200, 800, 512)) == 4
    assert len(second.windows(300, 200, 512)) == 1
    crops = {area(window) for window in second.windows(3000, 2000, 512)}
    assert max(crops) <= (512 * 2 / 4 + 2 * 16) ** 2
    assert max(crops) > 0.8 * (512 * 2 / 4 + 2 * 16) ** 2


def test_work_of_tiles():
    # the first part twice, the second once: a pass without a gradient is half of one with it
    assert looked_at((200, 100), 512) == pytest.approx(200 * 100 * (0.5 * 1.5 + 0.5))
    more, fewer = looked_at((4096, 4096), 256), looked_at((4096, 4096), 1024)
    assert more > fewer > 1.5 * 4096**2
    # 2x2 crops of 608x408 for the first part
    assert looked_at((1200, 800), 512) == pytest.approx(
        4 * 608 * 408 * 0.5 * 1.5 + 1200 * 800 * 0.5
    )
