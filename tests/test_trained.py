"""Trained painters: saved and loaded unchanged, pictures of any size, strips, odd files."""

import json
from dataclasses import replace

import numpy
import pytest
from mxnet import numpy as np
from safetensors.numpy import load_file

from styletransfer import trained
from styletransfer.blocks import grained
from styletransfer.errors import InputError
from styletransfer.feedforward.ghiasi import GHIASI_SLIM
from styletransfer.feedforward.johnson import JOHNSON_SLIM, make_net, reach
from styletransfer.images import postprocess, preprocess
from styletransfer.trained import (
    Painter,
    digest,
    extended,
    find,
    in_strips,
    keep_statistics,
    largest,
    load,
    save,
    set_weights,
    weights_of,
    whole,
)
from styletransfer.weights.formats import read_notes, write_tensors

SETTING = replace(JOHNSON_SLIM, widths=(4, 6, 8), residuals=1)
STYLES = ('wash', 'oil', 'glass')


def lively(seed=1, setting=SETTING):
    """Return a network whose styles differ, as if it had learned."""
    net = make_net(setting, len(STYLES), seed=seed)
    rng = numpy.random.default_rng(seed)
    for name, parameter in net._collect_params_with_prefix().items():
        if name.split('.')[-1] in ('gamma', 'beta'):
            parameter.set_data(np.array(rng.normal(0.5, 0.5, parameter.shape), dtype='float32'))
    return net


def picture(width, height, seed=0):
    numbers = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype='uint8')
    return np.array(numbers, dtype='uint8')


def pixels(width, height, seed=0):
    numbers = numpy.random.default_rng(seed).normal(0, 1, (1, 3, height, width))
    return np.array(numbers, dtype='float32')


def painter(net=None):
    return Painter(net or lively(), STYLES, reach(SETTING), 4, {})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / 'net.safetensors'
    save(path, 'johnson', SETTING, STYLES, lively(), {'minutes': '3'})
    return path


def forge(path, **changes):
    """Write the file anew with other notes."""
    write_tensors(path, load_file(path), {**read_notes(path), **changes})


def test_a_photo_is_given_the_grain_that_the_network_was_trained_with():
    net, X, S = lively(), pixels(24, 16), np.array([[0, 1, 0]], dtype='float32')
    grainy = Painter(net, STYLES, reach(SETTING), 4, {}, grain=0.3)
    expected = whole(net, grained(X, 0.3, 0), S)
    numpy.testing.assert_array_equal(grainy(X, S).asnumpy(), expected.asnumpy())
    assert abs(painter(net)(X, S) - expected).max() > 0.01
    numpy.testing.assert_array_equal(painter(net)(X, S).asnumpy(), whole(net, X, S).asnumpy())


# --- files ---------------------------------------------------------------------------------------


def test_what_was_saved_paints_the_same(saved):
    net, loaded = lively(), load(saved)
    assert loaded.styles == STYLES
    assert loaded.notes['minutes'] == '3'
    assert loaded.reach == reach(SETTING)
    X, S = pixels(24, 16), loaded.shares(['oil'])
    set_weights(net, {k: v.astype('float16') for k, v in weights_of(net).items()})
    numpy.testing.assert_allclose(
        whole(loaded.net, X, S).asnumpy(), whole(net, X, S).asnumpy(), atol=1e-4
    )


def test_what_was_saved_is_given_its_grain(saved):
    assert load(saved).grain == SETTING.grain > 0


def test_the_file_is_small_and_the_same_for_the_same_network(saved, tmp_path):
    again = tmp_path / 'again.safetensors'
    save(again, 'johnson', SETTING, STYLES, lively(), {'minutes': '3'})
    assert again.read_bytes() == saved.read_bytes()
    arrays = load_file(saved)
    assert {array.dtype.name for array in arrays.values()} == {'float16'}
    assert not [name for name in arrays if name.endswith(('mean', 'variance'))]
    notes = read_notes(saved)
    assert notes['sha256'] == digest(arrays)
    assert json.loads(notes['styles']) == list(STYLES)
    assert json.loads(notes['setting'])['widths'] == [4, 6, 8]


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'method': 'adaout'}, 'holds no painter'),
        ({'styles': '["wash", "oil"]'}, 'no .*gamma of shape'),
        ({'styles': '[1, 2, 3]'}, 'no names'),
        ({'styles': '{'}, 'holds no painter'),
        ({'setting': '{}'}, 'holds no painter'),
        ({'setting': '{"name": "x", "description": "y", "widths": [9999, 1, 1]}'}, '1024'),
        ({'sha256': '0' * 64}, 'damaged'),
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(saved, changes, words):
    forge(saved, **changes)
    with pytest.raises(InputError, match=words) as error:
        load(saved)
    assert '\n' not in str(error.value)


def test_numbers_that_are_not_finite_are_refused(saved):
    arrays = load_file(saved)
    arrays['last.weight'][0, 0, 0, 0] = numpy.nan
    write_tensors(saved, arrays, read_notes(saved))
    with pytest.raises(InputError, match=r'last\.weight is not all finite'):
        load(saved)


def test_other_files_are_refused(tmp_path, at_once):
    text = tmp_path / 'text.safetensors'
    text.write_text('no network')
    for path, words in ((text, 'holds no painter'), (tmp_path, 'folder'), (tmp_path / 'x', 'no')):
        with pytest.raises(InputError, match=words):
            load(path)


def test_networks_are_found_by_name_or_file(tmp_path, monkeypatch):
    (tmp_path / 'networks').mkdir()
    (tmp_path / 'networks' / 'johnson.safetensors').write_text('')
    monkeypatch.setattr(trained, 'assets_folder', lambda: tmp_path)
    assert find('johnson') == tmp_path / 'networks' / 'johnson.safetensors'
    assert find('some/file').name == 'file'
    with pytest.raises(InputError, match="did you mean 'johnson'"):
        find('jonson')


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize('shape', [(24, 16), (25, 17), (3, 5), (1, 1), (70, 19)])
def test_pictures_of_any_size(shape):
    img = picture(*shape)
    result = painter().paint(img, painter().shares(['oil']))
    assert result.shape == img.shape
    assert 0 <= float(result.min()) <= float(result.max()) <= 1


def test_a_picture_is_mirrored_and_cut():
    X = pixels(21, 18)
    Y = extended(X, 4).asnumpy()
    assert Y.shape == (1, 3, 20, 24)
    numpy.testing.assert_array_equal(Y[:, :, 18:, :21], X.asnumpy()[:, :, [16, 15]])
    numpy.testing.assert_array_equal(Y[:, :, :18, 21:], X.asnumpy()[:, :, :, [19, 18, 17]])
    even = pixels(24, 16)
    assert extended(even, 4) is even
    p, S = painter(), painter().shares(['glass'])
    numpy.testing.assert_array_equal(
        p(X, S).asnumpy(), whole(p.net, extended(X, 4), S)[:, :, :18, :21].asnumpy()
    )


@pytest.mark.parametrize('stride', [1, 2])
def test_strips_are_the_whole_with_the_same_statistics(stride):
    setting = replace(SETTING, stride=stride, skip=stride == 2)
    net, X, S = lively(setting=setting), pixels(24, 144), painter().shares(['oil', 'wash'], [1, 3])
    keep_statistics(net, X, S)
    halo = -(-reach(setting) // 8) * 8
    in_one = whole(net, X, S).asnumpy()
    for rows in (144, 64, 24, 8):
        numpy.testing.assert_allclose(
            in_strips(net, X, S, rows, halo).asnumpy(), in_one, atol=1e-4
        )
    too_near = in_strips(net, X, S, 24, 8).asnumpy()
    assert numpy.abs(too_near - in_one).max() > 1e-3  # the halo is needed


def test_a_picture_larger_than_memory_is_painted_in_strips(monkeypatch):
    told = []
    monkeypatch.setattr(
        trained, 'in_strips', lambda *args: told.append(args[3:]) or in_strips(*args)
    )
    # smooth, so that its small version has much the same statistics
    ramp = numpy.linspace(-1, 1, 160)[:, None] * numpy.linspace(-1, 1, 40)
    X = np.array([[ramp, -ramp, ramp**2]], dtype='float32')
    p, S = painter(), painter().shares(['glass'])
    Y = p(X, S, most=40 * 120)
    assert told == [(64, 28)]
    in_one = p(X, S)
    assert Y.shape == X.shape
    assert float(np.abs(Y - in_one).mean()) < 0.2 * float(in_one.std())
    assert len(told) == 1


def test_a_painter_that_takes_less_memory_paints_more_in_one_piece(monkeypatch):
    monkeypatch.setattr(trained, 'available_memory', lambda device: None)
    assert [largest(size) for size in (800, 400, 200)] == [4_000_000, 4_000_000, 8_000_000]
    monkeypatch.setattr(trained, 'available_memory', lambda device: 800_000_000)
    assert [largest(size) for size in (800, 400, 200)] == [500_000, 1_000_000, 2_000_000]


def test_the_border_that_is_cut_off_is_painted_like_any_other_part():
    net, X = lively(), pixels(21, 18)
    wide = Painter(net, STYLES, reach(SETTING), 4, {}, margin=8)
    S = wide.shares(['glass'])
    Z = numpy.pad(X.asnumpy(), [(0, 0), (0, 0), (8, 10), (8, 11)], mode='reflect')
    expected = whole(net, np.array(Z), S)[:, :, 8:26, 8:29]
    numpy.testing.assert_array_equal(wide(X, S).asnumpy(), expected.asnumpy())
    assert Z.shape == (1, 3, 36, 40)
    assert extended(X, 4, 8).shape == Z.shape
    for shape in ((1, 1), (3, 5), (24, 16)):
        assert wide.paint(picture(*shape), S).shape == (shape[1], shape[0], 3)


@pytest.mark.parametrize(('method', 'setting'), [('johnson', SETTING), ('ghiasi', GHIASI_SLIM)])
def test_a_network_without_layers_at_full_size_paints_beyond_the_border(method, setting):
    painters = [
        trained.fresh(method, replace(setting, stride=stride), STYLES, {}) for stride in (1, 2)
    ]
    assert [(p.margin, p.multiple, p.bytes) for p in painters] == [(0, 4, 400), (8, 8, 180)]


def test_strength_goes_from_the_photo_to_the_painting():
    p, img = painter(), picture(24, 16)
    S = p.shares(['oil'])
    photo, half, painting = (p.paint(img, S, a).asnumpy() for a in (0.0, 0.5, 1.0))
    numpy.testing.assert_allclose(photo * 255, img.asnumpy(), atol=1e-3)
    numpy.testing.assert_array_equal(
        painting, postprocess(p(preprocess(img, (24, 16)), S)).asnumpy()
    )
    inside = (painting > 0) & (painting < 1)  # not clipped
    numpy.testing.assert_allclose(half[inside], (photo + painting)[inside] / 2, atol=1e-4)


def test_styles_by_name_and_share():
    p = painter()
    assert p.shares(['oil']).tolist() == [[0, 1, 0]]
    assert p.shares(['glass', 'wash'], [3, 1]).tolist() == [[0.25, 0, 0.75]]
    assert p.shares(['oil', 'oil', 'wash', 'wash']).tolist() == [[0.5, 0.5, 0]]
    with pytest.raises(InputError, match="did you mean 'glass'"):
        p.shares(['gass'])
    with pytest.raises(InputError, match='1 style weights given for 2'):
        p.shares(['oil', 'wash'], [1])
    with pytest.raises(InputError, match='not all 0'):
        p.shares(['oil'], [0])


def test_styles_differ_and_mix():
    p, X = painter(), pixels(24, 16)
    one, two, mixed = (p(X, p.shares(names)) for names in (['oil'], ['wash'], ['oil', 'wash']))
    assert float(np.abs(one - two).mean()) > 0.1
    between = float(np.abs(mixed - one).mean()), float(np.abs(mixed - two).mean())
    assert max(between) < float(np.abs(one - two).mean())
