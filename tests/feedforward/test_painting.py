"""The job ``paint``: files, folders, sizes, colours, records; and what is refused."""

import io
import json
import sys
from dataclasses import replace

import numpy
import pytest
from mxnet import np
from PIL import Image

from styletransfer import trained
from styletransfer.color import luminance
from styletransfer.errors import InputError
from styletransfer.feedforward.__main__ import main
from styletransfer.feedforward.johnson import JOHNSON_SLIM, make_net
from styletransfer.feedforward.painting import Wish, painted
from styletransfer.files import read_json
from styletransfer.images import load_image

STYLES = ('wash', 'oil')


@pytest.fixture(scope='module')
def net(tmp_path_factory):
    """Return the file of a small network whose two styles differ."""
    setting = replace(JOHNSON_SLIM, widths=(4, 6, 8), residuals=1)
    net, rng = make_net(setting, 2), numpy.random.default_rng(1)
    for name, parameter in net._collect_params_with_prefix().items():
        if name.split('.')[-1] in ('gamma', 'beta'):
            parameter.set_data(np.array(rng.normal(0.5, 0.5, parameter.shape), dtype='float32'))
    path = tmp_path_factory.mktemp('net') / 'net.safetensors'
    trained.save(path, 'johnson', setting, STYLES, net, {})
    return path


@pytest.fixture
def photos(tmp_path):
    """Return a folder with photos of several shapes, of which one is not what it says."""
    folder, rng = tmp_path / 'photos', numpy.random.default_rng(2)
    folder.mkdir()
    for name, (width, height) in (('one.png', (41, 30)), ('two.jpg', (24, 36))):
        coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype='uint8'))
        coarse.resize((width, height)).save(folder / name)
    return folder


def paint(*arguments):
    return main(['paint', *map(str, arguments), '--quiet'])


def test_a_photo_becomes_a_painting_and_a_record(net, photos, tmp_path):
    out = tmp_path / 'out'
    assert paint(photos / 'one.png', '--net', net, '--style', 'oil', '--output', out) == 0
    assert sorted(path.name for path in out.iterdir()) == ['one--oil.json', 'one--oil.png']
    assert load_image(out / 'one--oil.png').shape == (30, 41, 3)
    record = read_json(out / 'one--oil.json')
    assert record['style'] == ['oil']
    assert record['image_shape'] == [41, 30]
    assert record['net_sha256'] == trained.load(net).notes['sha256']
    assert record['seconds'] > 0
    first = (out / 'one--oil.png').read_bytes()
    assert paint(photos / 'one.png', '--net', net, '--style', 'oil', '--output', out) == 0
    assert (out / 'one--oil.png').read_bytes() == first


def test_a_folder_and_files_become_a_folder(net, photos, tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = ['paint', str(photos), 'lake', '--net', str(net), '--shape', '40x40']
    assert main([*arguments, '--output', str(out), '--format', 'jpg']) == 0
    told = capsys.readouterr()
    assert told.out == f'The paintings are in {out}.\n'
    assert '100%' in told.err
    names = sorted(path.name for path in out.glob('*.jpg'))
    assert names == ['lake--wash.jpg', 'one--wash.jpg', 'two--wash.jpg']
    assert load_image(out / 'one--wash.jpg').shape == (29, 40, 3)  # within the box
    assert load_image(out / 'two--wash.jpg').shape == (40, 27, 3)


def test_one_file(net, photos, tmp_path):
    file = tmp_path / 'new' / 'painting.webp'
    assert paint(photos / 'two.jpg', '--net', net, '--output', file) == 0
    assert load_image(file).shape == (36, 24, 3)
    assert file.with_suffix('.json').is_file()


def test_the_picture_is_printed(net, photos, monkeypatch):
    class Stream(io.StringIO):
        buffer = io.BytesIO()

    monkeypatch.setattr(sys, 'stdout', Stream())
    assert paint(photos / 'two.jpg', '--net', net, '--output', '-') == 0
    with Image.open(io.BytesIO(Stream.buffer.getvalue())) as picture:
        assert picture.format == 'PNG'
        assert picture.size == (24, 36)
    assert sys.stdout.getvalue() == ''


def test_styles_are_mixed_by_shares(net, photos, tmp_path):
    def result(*arguments):
        out = tmp_path / 'out.png'
        assert paint(photos / 'one.png', '--net', net, '--output', out, *arguments) == 0
        return load_image(out).asnumpy().astype('float')

    wash, oil = result('--style', 'wash'), result('--style', 'oil')
    mixed = result('--style', 'wash', 'oil', '--style-weights', '0.5,0.5')
    assert numpy.abs(wash - oil).mean() > 5
    numpy.testing.assert_array_equal(
        result('--style', 'wash', 'oil', '--style-weights', '1,0'), wash
    )
    numpy.testing.assert_array_equal(result('--style', 'wash', 'oil'), mixed)
    photo = load_image(photos / 'one.png').asnumpy()
    numpy.testing.assert_array_equal(result('--strength', '0'), photo)


@pytest.mark.parametrize('way', ['luminance', 'linear', 'histogram'])
def test_the_colours_of_the_photo_are_kept(way, net, photos):
    painter, img, given = trained.load(net), load_image(photos / 'one.png'), []
    paint = painter.paint
    painter.paint = lambda img, *rest: given.append(img) or paint(img, *rest)
    plain = painted(painter, img, Wish(('oil',))).asnumpy()
    kept = painted(painter, img, Wish(('oil',), preserve_color=way)).asnumpy()
    colours = img.asnumpy() / 255
    distance = [numpy.abs(Y.mean((0, 1)) - colours.mean((0, 1))).max() for Y in (plain, kept)]
    assert distance[1] < 0.6 * distance[0]
    assert 0 <= kept.min() <= kept.max() <= 1
    assert bool((given[1] == given[1][:, :, :1]).all()) == (
        way == 'luminance'
    )  # the photo in grey
    if way == 'luminance':  # the light is the painting's all the same
        light = luminance(np.array(kept * 255))[:, :, 0] - luminance(img)[:, :, 0]
        assert float(np.abs(light).mean()) > 5


def test_each_region_has_its_style(net, photos, tmp_path):
    painter, img = trained.load(net), load_image(photos / 'one.png')
    left, right = (numpy.zeros((30, 41), 'uint8') for _ in range(2))
    left[:, :20], right[:, 20:30] = 255, 255
    for name, mask in (('left', left), ('right', right)):
        Image.fromarray(mask).save(tmp_path / f'{name}.png')
    masks = tuple(str(tmp_path / f'{name}.png') for name in ('left', 'right'))
    wash, oil = (painted(painter, img, Wish((style,))).asnumpy() for style in STYLES)
    result = painted(painter, img, Wish(STYLES, mask=masks)).asnumpy()
    numpy.testing.assert_allclose(result[:, :20], wash[:, :20], atol=1e-5)
    numpy.testing.assert_allclose(result[:, 20:30], oil[:, 20:30], atol=1e-5)
    numpy.testing.assert_allclose(result[:, 30:] * 255, img[:, 30:].asnumpy(), atol=1e-3)
    twice = painted(painter, img, Wish(STYLES, mask=masks[:1] * 2)).asnumpy()
    numpy.testing.assert_allclose(twice[:, :20], (wash + oil)[:, :20] / 2, atol=1e-5)
    alone = painted(painter, img, Wish(('oil',), mask=masks)).asnumpy()
    numpy.testing.assert_allclose(alone[:, :30], oil[:, :30], atol=1e-5)


def test_what_would_be_painted(net, photos, tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = [str(photos), '--net', str(net), '--output', str(out), '--shape', '20x20']
    assert main(['paint', *arguments, '--plan']) == 0
    assert capsys.readouterr().out.split('\n') == [
        f'{photos / "one.png"}: 20x15, into {out / "one--wash.png"}',
        f'{photos / "two.jpg"}: 13x20, into {out / "two--wash.png"}',
        '',
    ]
    assert not out.exists()
    assert main(['paint', *arguments, '--list']) == 0
    assert capsys.readouterr().out == 'wash oil\n'


def test_what_cannot_be_read_does_not_stop_the_others(net, photos, tmp_path, capsys):
    (photos / 'bad.png').write_text('no picture')
    out = tmp_path / 'out'
    assert paint(photos, '--net', net, '--output', out) == 1
    assert capsys.readouterr().err.startswith('bad.png failed: ')
    assert len(list(out.glob('*.png'))) == 2


def test_other_files_are_not_overwritten(net, photos, tmp_path, capsys):
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'one--wash.png').write_text('mine')
    assert paint(photos, '--net', net, '--output', out) == 2
    assert 'would be overwritten' in capsys.readouterr().err
    assert (out / 'one--wash.png').read_text() == 'mine'
    (out / 'one--wash.json').write_text(json.dumps({'net': 3}))
    assert paint(photos, '--net', net, '--output', out) == 2


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--style', 'wish'], "did you mean 'wash'"),
        (['--style', 'wash', 'oil', '--style-weights', '1'], '1 style weights given for 2'),
        (['--style', 'wash', 'oil', '--mask', 'a.png'], '2 styles given for 1 content masks'),
        (['--mask', 'a.png', '--style-weights', '1'], 'masks keep them apart'),
        (['--mask', 'a.png', '--output', 'one'], "cannot read 'a.png': no such file"),
        (['--strength', '1.5'], 'between 0 and 1'),
        (['--strength', 'nan'], 'finite'),
        (['--preserve-color', 'luminence'], "did you mean 'luminance'"),
        (['--shape', '0x5'], 'not a shape'),
        (['--format', 'gif'], "--format is 'gif', not one of png"),
        (['--net', 'none.safetensors'], 'no such file'),
        (['--net', 'jonson'], "no file or bundled network 'jonson'"),
        (['--output', 'x.png'], 'is for one picture, not for 2'),
        (['--output', '-'], 'is for one picture, not for 2'),
        (['--output', 'file'], 'a file, not a folder'),
        (['gone.png'], 'no such file'),
        (['empty'], "no pictures in 'empty'"),
    ],
)
def test_mistakes_are_told_in_one_line(
    net, photos, change, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file').write_text('')
    (tmp_path / 'empty').mkdir()
    given = [change[0]] if change[0][0] != '-' else [photos, *change]
    assert paint(*given, *([] if '--net' in change else ['--net', net])) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


def test_a_wish_is_checked():
    with pytest.raises(InputError, match='between 0 and 1'):
        Wish(('oil',), strength=-0.1)
