"""The job ``paint``: any size, the size of one network, directions, noise, what is too large."""

from dataclasses import asdict, replace

import mxnet as mx
import numpy
import pytest
from mxnet import autograd
from mxnet import numpy as np
from PIL import Image

from styletransfer import trained
from styletransfer.errors import InputError
from styletransfer.gan import cyclegan, mixgan, pix2pix
from styletransfer.gan.__main__ import main
from styletransfer.gan.painters import Translator
from styletransfer.gan.pictures import SQUARE, Collection, sources_in, spread
from styletransfer.images import load_image, preprocess
from styletransfer.outputs import as_json

SETTINGS = {
    'pix2pix': replace(pix2pix.PIX2PIX_SMALL, side=16, widths=(4, 4, 4), dropouts=2),
    'cyclegan': replace(cyclegan.CYCLEGAN_SMALL, widths=(3, 4, 4), residuals=1),
    'mixgan': replace(mixgan.MIXGAN_SMALL, widths=(2, 3, 3, 3, 4), residuals=1, code=4, moods=2),
}
MAKE = {
    'pix2pix': lambda setting: [pix2pix.make_painter(setting)],
    'cyclegan': lambda setting: [cyclegan.make_painter(setting, seed) for seed in (1, 2)],
    'mixgan': lambda setting: [mixgan.make_painter(setting)],
}
STYLES = {'pix2pix': ('photo',), 'cyclegan': ('zebra', 'horse'), 'mixgan': ('texture',)}


@pytest.fixture(scope='module')
def nets(tmp_path_factory):
    """Return the files of a small network of each method."""
    folder, found = tmp_path_factory.mktemp('nets'), {}
    for method, setting in SETTINGS.items():
        found[method] = folder / f'{method}.safetensors'
        painters = MAKE[method](setting)
        for painter in painters:
            for name, parameter in painter._collect_params_with_prefix().items():
                if name.endswith('weight'):
                    parameter.set_data(6 * parameter.data())
        trained.save(found[method], method, setting, STYLES[method], Translator(*painters), {})
    return found


@pytest.fixture
def photo(tmp_path):
    coarse = numpy.random.default_rng(2).integers(0, 256, (5, 6, 3), dtype='uint8')
    path = tmp_path / 'one.png'
    Image.fromarray(coarse).resize((41, 30)).save(path)
    return path


def paint(*arguments):
    return main(['paint', *map(str, arguments), '--quiet'])


@pytest.mark.parametrize(
    ('method', 'shape'), [('pix2pix', (30, 41)), ('cyclegan', (30, 41)), ('mixgan', (64, 64))]
)
def test_a_picture_of_any_size_is_painted(nets, photo, tmp_path, method, shape):
    out = tmp_path / 'out.png'
    assert paint(photo, '--net', nets[method], '--output', out) == 0
    first = load_image(out).asnumpy()
    assert first.shape == (*shape, 3)
    assert first.std() > 3
    assert paint(photo, '--net', nets[method], '--output', out) == 0
    numpy.testing.assert_array_equal(load_image(out).asnumpy(), first)


@pytest.mark.parametrize('method', MAKE)
def test_a_saved_painter_paints_as_before(nets, photo, method):
    """In its file numbers have 16 bits, and pictures are in the units of all painters."""
    painter = trained.load(nets[method])
    assert painter.styles == STYLES[method]
    assert as_json(asdict(painter.setting)) == as_json(asdict(SETTINGS[method]))
    side = (64, 64) if method == 'mixgan' else (32, 24)
    img = load_image(photo, side)
    X = preprocess(img, side)
    Y = painter(X, painter.shares(painter.styles[:1]))
    # written out: to [-1, 1] and back
    mean = numpy.array([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    std = numpy.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    given = np.array(2 * (X.asnumpy() * std + mean) - 1, dtype='float32')
    mx.random.seed(0)
    with autograd.train_mode():
        wanted = (painter.net.painters[0](given).asnumpy() + 1) / 2
    numpy.testing.assert_allclose(Y.asnumpy(), (wanted - mean) / std, atol=1e-3)


def test_the_size_of_the_pictures_that_it_knows(nets):
    shapes = [trained.load(nets[method]).shape_for((80, 40)) for method in nets]
    assert shapes == [(32, 16), (128, 64), (64, 64)]


def test_each_direction_has_its_painter(nets, photo, tmp_path):
    results = {}
    for style in ('zebra', 'horse'):
        out = tmp_path / f'{style}.png'
        assert paint(photo, '--net', nets['cyclegan'], '--style', style, '--output', out) == 0
        results[style] = load_image(out).asnumpy().astype('float')
    assert abs(results['zebra'] - results['horse']).mean() > 1
    assert paint(photo, '--net', nets['cyclegan'], '--output', tmp_path / 'first.png') == 0
    numpy.testing.assert_array_equal(load_image(tmp_path / 'first.png'), results['zebra'])


def test_a_folder_is_painted_and_the_plan_says_how(nets, photo, tmp_path, capsys):
    arguments = [str(photo.parent), '--net', str(nets['mixgan']), '--output', str(tmp_path / 'o')]
    assert main(['paint', *arguments, '--plan']) == 0
    assert capsys.readouterr().out == f'{photo}: 64x64, into {tmp_path / "o/one--texture.png"}\n'
    assert paint(*arguments) == 0
    assert (tmp_path / 'o' / 'one--texture.png').is_file()
    assert main(['paint', *arguments, '--list']) == 0
    assert capsys.readouterr().out == 'texture\n'


def test_what_cannot_be_painted_in_one_piece_is_refused(nets, photo):
    painter = trained.load(nets['pix2pix'])
    X = preprocess(load_image(photo), (41, 30))
    with pytest.raises(InputError, match=r'41x30 pixels are too many .* try a smaller --shape'):
        painter(X, painter.shares(['photo']), most=1000)


def test_a_mistake_is_told_in_one_line(nets, photo, tmp_path, capsys):
    assert paint(photo, '--net', nets['pix2pix'], '--style', 'phto', '--output', tmp_path) == 2
    assert "did you mean 'photo'" in capsys.readouterr().err


# --- the bundled ones ----------------------------------------------------------------------------


def shown(name, count=8):
    """Return some squares of a bundled sheet, RGB in 0-255."""
    collection = Collection(sources_in(name), SQUARE)
    return [collection[i].astype('float32') for i in spread(len(collection), count)]


def painted_by(net, imgs, style=0):
    """Return what a bundled network makes of pictures, RGB in 0-255."""
    painter = trained.load(trained.find(net))
    S = painter.shares([painter.styles[style]])
    return [(painter.paint(np.array(img), S) * 255).asnumpy() for img in imgs]


def test_the_bundled_pix2pix_colours_drawings_that_it_has_not_seen():
    X, Y = shown('edges-test'), shown('noto-test')
    Y_hat = painted_by('pix2pix', X)
    found, unpainted = [], []
    for x, y, y_hat in zip(X, Y, Y_hat):
        assert numpy.ptp(y_hat, axis=2).mean() > 5  # there is colour
        inside = y.min(axis=2) < 200
        found.append(abs(y_hat - y)[inside].mean())
        unpainted.append(abs(x - y)[inside].mean())
    assert numpy.mean(found) < 0.7 * numpy.mean(unpainted)


@pytest.mark.parametrize(('there', 'kind'), [(0, 'noto-test'), (1, 'twemoji-test')])
def test_the_bundled_cyclegan_comes_back_to_where_it_was(there, kind):
    X = shown(kind)
    Y_hat = painted_by('cyclegan', X, there)
    X_hat = painted_by('cyclegan', Y_hat, 1 - there)
    for x, y, back, other in zip(X, Y_hat, X_hat, X[1:] + X[:1]):
        assert abs(y - x).mean() > 1
        assert abs(back - x).mean() < 0.4 * abs(back - other).mean()


def test_the_bundled_mixgan_keeps_shapes_and_paints_them_in_colours():
    X = shown('glyphs-test', 12)
    Y_hat = painted_by('mixgan', X)
    near = numpy.zeros((len(X), len(X)))
    for i, y in enumerate(Y_hat):
        assert numpy.ptp(y, axis=2).max() > 50  # of a grey picture it is 0
        for j, x in enumerate(X):
            near[i, j] = max(
                abs(numpy.corrcoef(x[..., 0].ravel(), y[..., c].ravel())[0, 1]) for c in range(3)
            )
    assert (near.argmax(axis=1) == numpy.arange(len(X))).mean() > 0.6
