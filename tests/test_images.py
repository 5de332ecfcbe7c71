"""Reading and writing pictures: every kind of file, and what becomes of damaged ones."""

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from threading import Event, Thread

import numpy
import pytest
from mxnet import image
from mxnet import numpy as np
from PIL import Image, ImageCms

from styletransfer import images
from styletransfer.errors import InputError
from styletransfer.images import (
    PICTURE_FORMATS,
    check_size,
    find_pictures,
    load_image,
    parse_shape,
    picture_path,
    postprocess,
    preprocess,
    resized,
    rgb_mean,
    rgb_std,
    samples,
    save_image,
    show,
    softened,
)

ROOT = Path(__file__).parent.parent
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (0,) * 3
COLOURS = [[RED, GREEN, BLUE], [WHITE, (10, 20, 30), (200, 150, 100)]]  # 3 wide, 2 high


def colours(scale=1):
    """Return six colours, each a square of `scale` pixels a side."""
    return numpy.array(COLOURS, dtype='uint8').repeat(scale, axis=0).repeat(scale, axis=1)


def noise(height, width, seed=0):
    return numpy.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype('uint8')


def load(path, image_shape=None):
    img = load_image(path, image_shape)
    assert isinstance(img, np.ndarray)
    assert img.dtype == numpy.uint8
    assert img.ndim == 3
    assert img.shape[2] == 3
    return img.asnumpy().astype(int)


def attribute(path, name):
    with Image.open(path) as picture:
        return getattr(picture, name)


def png(width, height, depth, kind, rows, chunks=()):
    """Return the bytes of a PNG file, put together by hand."""

    def chunk(name, data):
        return (
            struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
        )

    header = struct.pack('>IIBBBBB', width, height, depth, kind, 0, 0, 0)
    parts = [chunk(b'IHDR', header), *(chunk(*entry) for entry in chunks)]
    parts += [chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row for row in rows)))]
    return b'\x89PNG\r\n\x1a\n' + b''.join(parts) + chunk(b'IEND', b'')


def tiff(width, height, bits, rows, order='<'):
    """Return the bytes of an uncompressed TIFF file of three channels, put together by hand."""
    data = b''.join(rows)
    size = 8 + len(data)
    tags = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 3, size + 2 + 10 * 12 + 4),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 3, 1, height),
        (279, 4, 1, len(data)),
        (284, 3, 1, 1),
    ]
    file = (b'II*\0' if order == '<' else b'MM\0*') + struct.pack(order + 'I', size) + data
    file += struct.pack(order + 'H', len(tags))
    for tag, kind, count, value in tags:
        inline = struct.pack(order + 'HH', value, 0) if (kind, count) == (3, 1) else None
        file += struct.pack(order + 'HHI', tag, kind, count)
        file += inline or struct.pack(order + 'I', value)
    return file + struct.pack(order + 'IHHH', 0, bits, bits, bits)


@pytest.mark.parametrize('ending', ['png', 'tif', 'bmp', 'ppm', 'gif'])
def test_lossless_files_are_read_to_the_bit(tmp_path, ending):
    path = tmp_path / f'picture.{ending}'
    Image.fromarray(colours()).save(path)
    numpy.testing.assert_array_equal(load(path), colours())


@pytest.mark.parametrize(
    ('ending', 'options'),
    [
        ('jpg', {'quality': 100, 'subsampling': 0}),
        ('webp', {'quality': 100}),
        ('webp', {'lossless': True}),
        ('tif', {'compression': 'jpeg', 'quality': 100}),
    ],
)
def test_lossy_files_are_read(tmp_path, ending, options):
    path = tmp_path / f'picture.{ending}'
    Image.fromarray(colours(16)).save(path, **options)
    assert numpy.abs(load(path) - colours(16))[8::16, 8::16].max() <= 6  # in the squares' middle


def test_the_contents_tell_the_format_not_the_name(tmp_path):
    Image.fromarray(colours()).save(tmp_path / 'picture.jpg', format='PNG')
    numpy.testing.assert_array_equal(load(tmp_path / 'picture.jpg'), colours())


def test_greyscale(tmp_path):
    grey = numpy.array([[0, 100, 255]], dtype='uint8')
    Image.fromarray(grey).save(tmp_path / 'grey.png')
    Image.fromarray(grey).convert('1', dither=Image.Dither.NONE).save(tmp_path / 'bits.png')
    assert load(tmp_path / 'grey.png').tolist() == [[[0] * 3, [100] * 3, [255] * 3]]
    assert load(tmp_path / 'bits.png').tolist() == [[[0] * 3, [0] * 3, [255] * 3]]


def test_cmyk(tmp_path):
    inks = {'red': (0, 255, 255, 0), 'white': (0, 0, 0, 0), 'black': (0, 0, 0, 255)}
    expected = {'red': RED, 'white': WHITE, 'black': BLACK}
    for name, ink in inks.items():
        for ending in ('jpg', 'tif'):
            path = tmp_path / f'{name}.{ending}'
            Image.new('CMYK', (8, 8), ink).save(path)
            assert numpy.abs(load(path) - expected[name]).max() <= 3, path.name


def test_palette(tmp_path):
    picture = Image.fromarray(colours()).quantize(6)
    assert picture.mode == 'P'
    picture.save(tmp_path / 'palette.png')
    numpy.testing.assert_array_equal(load(tmp_path / 'palette.png'), colours())


@pytest.mark.parametrize('ending', ['png', 'tif'])
def test_16_bit_grey(tmp_path, ending):
    grey = numpy.array([[0, 128, 129, 100 * 257, 65535]], dtype='uint16')
    Image.fromarray(grey).save(tmp_path / f'grey.{ending}')
    assert load(tmp_path / f'grey.{ending}')[0, :, 0].tolist() == [0, 0, 1, 100, 255]


def test_16_bit_colour(tmp_path):
    pixels = colours().astype('uint16') * 257
    big = [row.astype('>u2').tobytes() for row in pixels]
    little = [row.astype('<u2').tobytes() for row in pixels]
    (tmp_path / 'deep.png').write_bytes(png(3, 2, 16, 2, big))
    (tmp_path / 'little.tif').write_bytes(tiff(3, 2, 16, little))
    (tmp_path / 'big.tif').write_bytes(tiff(3, 2, 16, big, '>'))
    for path in tmp_path.iterdir():
        numpy.testing.assert_array_equal(load(path), colours(), err_msg=path.name)


@pytest.mark.parametrize('ending', ['png', 'webp', 'tif'])
def test_alpha_is_laid_over_white(tmp_path, ending):
    pixels = numpy.array([[[*RED, 255], [*RED, 0], [*BLACK, 51]]], dtype='uint8')
    options = {'lossless': True, 'exact': True} if ending == 'webp' else {}
    Image.fromarray(pixels).save(tmp_path / f'alpha.{ending}', **options)
    assert load(tmp_path / f'alpha.{ending}').tolist() == [[[*RED], [*WHITE], [204] * 3]]


def test_grey_alpha_is_laid_over_white(tmp_path):
    pixels = numpy.array([[[100, 255], [100, 0], [0, 51]]], dtype='uint8')
    Image.fromarray(pixels).save(tmp_path / 'alpha.png')
    assert attribute(tmp_path / 'alpha.png', 'mode') == 'LA'
    assert load(tmp_path / 'alpha.png').tolist() == [[[100] * 3, [255] * 3, [204] * 3]]
    deep = (pixels.astype('>u2') * 257).astype('>u2').tobytes()
    (tmp_path / 'deep.png').write_bytes(png(3, 1, 16, 4, [deep]))
    assert load(tmp_path / 'deep.png').tolist() == [[[100] * 3, [255] * 3, [204] * 3]]


def test_transparency_of_a_palette(tmp_path):
    picture = Image.new('P', (3, 1))
    picture.putpalette([*RED, *GREEN, *BLACK])
    picture.putdata([0, 1, 2])
    picture.save(tmp_path / 'one.png', transparency=1)
    picture.save(tmp_path / 'many.png', transparency=bytes([255, 0, 51]))
    picture.save(tmp_path / 'one.gif', transparency=1)
    assert load(tmp_path / 'one.png').tolist() == [[[*RED], [*WHITE], [*BLACK]]]
    assert load(tmp_path / 'many.png').tolist() == [[[*RED], [*WHITE], [204] * 3]]
    assert load(tmp_path / 'one.gif').tolist() == [[[*RED], [*WHITE], [*BLACK]]]


def test_a_colour_that_means_transparent(tmp_path):
    Image.fromarray(colours()).save(tmp_path / 'rgb.png', transparency=GREEN)
    expected = colours()
    expected[0, 1] = WHITE
    numpy.testing.assert_array_equal(load(tmp_path / 'rgb.png'), expected)
    Image.new('L', (1, 1), 9).save(tmp_path / 'grey.png', transparency=9)
    assert load(tmp_path / 'grey.png').tolist() == [[[*WHITE]]]


@pytest.mark.parametrize('ending', ['jpg', 'png', 'webp', 'tif'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation(tmp_path, ending, orientation):
    upright = colours(16)  # 48 wide, 32 high
    # how each of the eight kinds lies in the file, from the standard's table
    lying = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: numpy.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: numpy.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f'turned.{ending}'
    options = {'quality': 100} if ending in ('jpg', 'webp') else {}
    Image.fromarray(numpy.ascontiguousarray(lying)).save(path, exif=exif, **options)
    img = load(path)
    assert img.shape == upright.shape
    assert numpy.abs(img - upright)[8::16, 8::16].max() <= 6


def test_damaged_exif_is_nobodys_concern(tmp_path):
    for ending, exif in (
        ('jpg', b'Exif\0\0garbage that is not a table of tags'),
        ('png', b'Exif\0\0II*\0\xff\xff\xff\xff'),
        ('webp', b'Exif\0\0MM\0*\0\0\0\x08\xff\xff'),
    ):
        path = tmp_path / f'picture.{ending}'
        Image.fromarray(colours(8)).save(path, exif=exif)
        assert load(path).shape == (16, 24, 3)


def icc(space):
    """Return a colour profile, put together by hand: 'RGB ' or 'GRAY', gamma 1 (linear light)."""

    def s15f16(number):
        return struct.pack('>i', round(number * 65536))

    def xyz(values):
        return b'XYZ \0\0\0\0' + b''.join(map(s15f16, values))

    curve = b'curv\0\0\0\0' + struct.pack('>I', 0)
    tags = {b'wtpt': xyz((0.9642, 1, 0.8249))}
    if space == 'GRAY':
        tags[b'kTRC'] = curve
    else:  # sRGB's primaries, adapted to D50
        primaries = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
        for channel, primary in zip(b'rgb', primaries):
            tags[bytes([channel]) + b'XYZ'] = xyz(primary)
            tags[bytes([channel]) + b'TRC'] = curve
    text = b'desc\0\0\0\0' + struct.pack('>I', 5) + b'test\0' + bytes(79)
    tags[b'desc'] = text
    tags[b'cprt'] = b'text\0\0\0\0none\0'
    table, data = b'', b''
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack('>II', start + len(data), len(value))
        data += value
    header = bytearray(128)
    header[0:4] = struct.pack('>I', start + len(data))
    header[8:12] = b'\x02\x10\0\0'
    header[12:16], header[16:20], header[20:24] = b'mntr', space.ljust(4).encode(), b'XYZ '
    header[24:36] = struct.pack('>6H', 2000, 1, 1, 0, 0, 0)
    header[36:40] = b'acsp'
    header[68:80] = b''.join(map(s15f16, (0.9642, 1, 0.8249)))
    return bytes(header) + struct.pack('>I', len(tags)) + table + data


def to_srgb(linear):
    """Return sRGB's 0-255 for light in 0-255, by the standard's formula."""
    light = numpy.asarray(linear) / 255
    srgb = numpy.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return 255 * srgb


@pytest.mark.parametrize('ending', ['png', 'jpg', 'webp', 'tif'])
def test_colour_profile_is_converted_to_srgb(tmp_path, ending):
    path = tmp_path / f'linear.{ending}'
    options = {'quality': 100, 'lossless': True} if ending == 'webp' else {}
    grey = numpy.full((16, 16, 3), 60, dtype='uint8')
    Image.fromarray(grey).save(path, icc_profile=icc('RGB'), **options)
    assert numpy.abs(load(path) - to_srgb(60)).max() <= 2  # 133


def test_colour_profile_acts_on_each_channel(tmp_path):
    pixels = numpy.array([[(60, 120, 30), (5, 250, 128)]], dtype='uint8')
    Image.fromarray(pixels).save(tmp_path / 'linear.png', icc_profile=icc('RGB'))
    assert numpy.abs(load(tmp_path / 'linear.png') - to_srgb(pixels)).max() <= 2


def test_srgb_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    Image.fromarray(noise(20, 30)).save(tmp_path / 'srgb.png', icc_profile=profile)
    assert numpy.abs(load(tmp_path / 'srgb.png') - noise(20, 30)).max() <= 1


@pytest.mark.parametrize('mode', ['L', 'LA', 'I;16'])
def test_grey_profile(tmp_path, mode):
    pixels = {
        'L': numpy.full((2, 2), 60, 'uint8'),
        'LA': numpy.full((2, 2, 2), (60, 255), 'uint8'),
        'I;16': numpy.full((2, 2), 60 * 257, 'uint16'),
    }[mode]
    Image.fromarray(pixels).save(tmp_path / 'grey.png', icc_profile=icc('GRAY'))
    assert numpy.abs(load(tmp_path / 'grey.png') - to_srgb(60)).max() <= 2


@pytest.mark.parametrize(
    'profile', [b'not a profile', b'', icc('RGB')[:200], icc('GRAY')], ids=range(4)
)
def test_profile_that_is_damaged_or_for_other_colours_is_left_aside(tmp_path, profile):
    Image.fromarray(colours()).save(tmp_path / 'picture.png', icc_profile=profile)
    numpy.testing.assert_array_equal(load(tmp_path / 'picture.png'), colours())


@pytest.mark.parametrize('ending', ['gif', 'webp', 'png', 'tif'])
def test_of_an_animation_the_first_picture_is_taken(tmp_path, ending):
    frames = [Image.new('RGB', (8, 8), colour) for colour in (RED, BLUE)]
    path = tmp_path / f'frames.{ending}'
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert attribute(path, 'n_frames') == 2
    assert numpy.abs(load(path) - RED).max() <= 2


def test_photo_of_several_pictures_in_one_file(tmp_path):  # as some cameras write
    frames = [Image.new('RGB', (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / 'photo.jpg', 'MPO', save_all=True, append_images=frames[1:])
    assert attribute(tmp_path / 'photo.jpg', 'format') == 'MPO'
    assert numpy.abs(load(tmp_path / 'photo.jpg') - RED).max() <= 2


@pytest.mark.parametrize(('width', 'height'), [(10000, 10000), (20000, 10000), (60000, 60000)])
def test_decompression_bomb_is_refused_before_it_is_decoded(tmp_path, width, height):
    # there are no pixels in the file: had they been asked for, it would be called damaged
    (tmp_path / 'bomb.png').write_bytes(png(width, height, 8, 2, []))
    with pytest.raises(InputError, match=r'bomb\.png.* has more than \d+ pixels: save a smaller'):
        load_image(tmp_path / 'bomb.png')


@pytest.mark.parametrize('ending', ['png', 'jpg', 'webp', 'tif', 'gif', 'bmp', 'ppm'])
@pytest.mark.parametrize('part', [0.1, 0.5, 0.95])
def test_truncated_file(tmp_path, capfd, ending, part):
    path = tmp_path / f'cut.{ending}'
    Image.fromarray(noise(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match=r"'.*cut\.\w+'"):
        load_image(path)
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('ending', ['png', 'jpg', 'webp', 'tif'])
def test_damaged_file_is_read_or_refused(tmp_path, ending):
    Image.fromarray(noise(32, 32)).save(tmp_path / f'whole.{ending}')
    whole = (tmp_path / f'whole.{ending}').read_bytes()
    rng = numpy.random.default_rng(1)
    refused = 0
    for _ in range(40):
        damaged = bytearray(whole)
        for place in rng.integers(0, min(len(damaged), 600), 6):
            damaged[place] = rng.integers(256)
        (tmp_path / f'damaged.{ending}').write_bytes(damaged)
        try:
            load(tmp_path / f'damaged.{ending}')
        except InputError:
            refused += 1
    assert refused


@pytest.mark.parametrize(
    ('contents', 'message'),
    [(b'', 'not a picture'), (b'words, not pixels', 'not a picture'), (bytes(5000), 'not a')],
)
def test_file_that_is_no_picture(tmp_path, contents, message):
    (tmp_path / 'words.png').write_bytes(contents)
    with pytest.raises(InputError, match=rf"words\.png' is {message}.* use JPEG, PNG"):
        load_image(tmp_path / 'words.png')


def test_kinds_of_file_that_pillow_knows_and_we_refuse(tmp_path):
    # some of its readers start other programs
    Image.fromarray(colours()).save(tmp_path / 'picture.eps')
    with pytest.raises(InputError, match='not a picture that can be read here'):
        load_image(tmp_path / 'picture.eps')


def test_pixels_that_are_not_8_or_16_bits(tmp_path):
    Image.fromarray(numpy.zeros((4, 4), 'float32')).save(tmp_path / 'float.tif')
    Image.fromarray(numpy.full((4, 4), 70000, 'int32')).save(tmp_path / 'deep.tif')
    with pytest.raises(InputError, match='floating-point'):
        load_image(tmp_path / 'float.tif')
    with pytest.raises(InputError, match='more than 16 bits'):
        load_image(tmp_path / 'deep.tif')


def test_missing_file_folder_and_pipe(tmp_path):
    with pytest.raises(InputError, match=r'gone\.jpg.*no such file'):
        load_image(tmp_path / 'gone.jpg')
    with pytest.raises(InputError, match='it is a folder'):
        load_image(tmp_path)
    os.mkfifo(tmp_path / 'pipe.png')
    # which would wait for someone who writes
    with pytest.raises(InputError, match=r'pipe\.png.*no ordinary file'):
        load_image(tmp_path / 'pipe.png')
    with pytest.raises(InputError, match='cannot read'):
        load_image(tmp_path / ('x' * 300 + '.png'))


def test_device_and_name_that_is_not_utf_8(tmp_path, at_once):
    (tmp_path / 'endless.png').symlink_to('/dev/zero')
    with pytest.raises(InputError, match=r'endless\.png.*no ordinary file'):
        load_image(tmp_path / 'endless.png')
    path = tmp_path / os.fsdecode(b'\xff\xfe.png')
    save_image(path, np.array(colours()) / 255)
    numpy.testing.assert_array_equal(load(path), colours())


@pytest.mark.parametrize('compression', ['tiff_lzw', 'tiff_adobe_deflate', 'jpeg'])
def test_what_libtiff_thinks_of_a_damaged_file_is_not_printed(tmp_path, capfd, compression):
    path = tmp_path / 'picture.tif'
    Image.fromarray(noise(64, 64)).save(path, compression=compression)
    whole = path.read_bytes()
    rng = numpy.random.default_rng(0)
    refused = 0
    for _ in range(20):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(damaged), 9):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load_image(path)
        except InputError:
            refused += 1
    assert refused
    assert capfd.readouterr() == ('', '')
    os.write(2, b'heard')
    assert capfd.readouterr() == ('', 'heard')


def test_threads_that_read_tiffs_wait_for_each_other(capfd):
    one_in, both_in, one_out = Event(), Event(), Event()

    def first():
        with images._silent('TIFF'):
            one_in.set()
            both_in.wait(0.2)  # in vain
        one_out.set()

    def second():
        one_in.wait()
        with images._silent('TIFF'):
            both_in.set()
            one_out.wait()

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b'heard')
    assert capfd.readouterr() == ('', 'heard')


def kinds_of_picture(folder):
    """Yield files of every kind that is converted in a way of its own."""
    pixels = noise(45, 31)
    alpha = numpy.dstack([pixels, noise(45, 31, seed=1)[:, :, 0]])
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = {
        'colours.png': Image.fromarray(pixels),
        'grey.png': Image.fromarray(pixels[:, :, 0]),
        'bits.png': Image.fromarray(pixels[:, :, 0]).convert('1'),
        'palette.png': Image.fromarray(pixels).quantize(50),
        'inks.tif': Image.fromarray(alpha, 'CMYK'),
        'deep.png': Image.fromarray(pixels[:, :, 0].astype('uint16') * 257),
        'alpha.png': Image.fromarray(alpha),
        'grey_alpha.png': Image.fromarray(alpha).convert('LA'),
    }
    for name, picture in pictures.items():
        picture.save(folder / name)
        yield folder / name
    for name, options in {
        'turned.png': {'exif': exif},
        'transparent.png': {'transparency': (0, 0, 0)},
        'profile.png': {'icc_profile': icc('RGB')},
    }.items():
        pictures['colours.png'].save(folder / name, **options)
        yield folder / name


@pytest.mark.parametrize('image_shape', [None, (8, 8), (7, 3)])
def test_bands_make_the_same_picture_as_the_whole(tmp_path, monkeypatch, image_shape):
    for path in kinds_of_picture(tmp_path):
        whole = load(path, image_shape)
        for pixels in (1, 100, 333):
            with monkeypatch.context() as patch:
                patch.setattr(images, '_BAND', pixels)
                numpy.testing.assert_array_equal(load(path, image_shape), whole, path.name)


def test_a_large_picture_takes_little_more_memory_than_its_pixels(tmp_path):
    """8 million see-through pixels of 4 bytes: what becomes of them is made band by band."""
    alpha = numpy.dstack([noise(40, 40), noise(40, 40, seed=1)[:, :, 0]])
    picture = Image.fromarray(numpy.tile(alpha, (70, 70, 1)))
    picture.save(tmp_path / 'large.png', compress_level=1)
    program = (
        'from styletransfer.images import load_image; from styletransfer.machine import *\n'
        f'before = peak_memory(); load_image({str(tmp_path / "large.png")!r}, (560, 320))\n'
        'print(peak_memory() - before)'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert int(done.stdout) < 12 * 8e6


def test_large_pictures_are_averaged_down_to_no_less_than_twice_the_size(tmp_path):
    pixels = noise(128, 192)
    Image.fromarray(pixels).save(tmp_path / 'picture.png')
    img = load(tmp_path / 'picture.png', (16, 8))  # twice that, six times over
    assert img.shape == (22, 32, 3)
    by_hand = pixels[:126].reshape(21, 6, 32, 6, 3).mean(axis=(1, 3))
    assert numpy.abs(img[:21] - by_hand).max() <= 0.51
    numpy.testing.assert_array_equal(load(tmp_path / 'picture.png', (64, 48)), pixels)
    numpy.testing.assert_array_equal(load(tmp_path / 'picture.png', (999, 999)), pixels)


def test_fine_detail_of_a_large_picture_does_not_become_noise(tmp_path):
    board = numpy.indices((400, 400)).sum(axis=0) % 2 * 255
    Image.fromarray(board.astype('uint8')).save(tmp_path / 'board.png')
    X = preprocess(load_image(tmp_path / 'board.png', (20, 20)), (20, 20))
    grey = postprocess(X).asnumpy()
    assert numpy.abs(grey - 0.5).max() < 0.01


@pytest.mark.parametrize('ending', PICTURE_FORMATS)
def test_save_and_load(tmp_path, ending):
    path = tmp_path / f'picture.{ending}'
    save_image(path, np.array(colours(16), dtype='float32') / 255)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    kinds = {'jpg': 'JPEG', 'tif': 'TIFF'}
    assert attribute(path, 'format') == kinds.get(ending, ending.upper())
    distance = numpy.abs(load(path) - colours(16))
    exact = ending in ('png', 'tif', 'tiff')
    assert distance[8::16, 8::16].max() <= (0 if exact else 6)
    assert not exact or distance.max() == 0


def test_png_keeps_all_256_levels_and_rounds_to_the_nearest(tmp_path):
    levels = numpy.arange(256).reshape(1, 256, 1).repeat(3, axis=2)
    for offset in (-0.49, 0, 0.49):
        save_image(tmp_path / 'levels.png', np.array((levels + offset).clip(0, 255) / 255))
        numpy.testing.assert_array_equal(load(tmp_path / 'levels.png'), levels)


def test_jpeg_is_of_quality_95(tmp_path):
    save_image(tmp_path / 'picture.jpg', np.array(noise(32, 32)) / 255)
    Image.fromarray(noise(32, 32)).save(tmp_path / 'other.jpg', quality=95)
    ours, other = (
        attribute(tmp_path / name, 'quantization') for name in ('picture.jpg', 'other.jpg')
    )
    assert ours == other


@pytest.mark.parametrize('name', ['picture', 'picture.gif', 'picture.pngx', '.png'])
def test_save_under_another_ending(tmp_path, name):
    with pytest.raises(InputError, match=r'must end in \.png, \.jpg'):
        save_image(tmp_path / name, np.zeros((2, 2, 3)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('ending', 'most'), [('jpg', 65500), ('jpeg', 65500), ('webp', 16383)])
def test_pictures_too_large_for_a_format(tmp_path, capfd, ending, most):
    path = tmp_path / f'picture.{ending}'
    for shape in ((1, most), (most, 1)):
        check_size(ending, shape)
        save_image(path, np.zeros((*shape, 3)))
        assert attribute(path, 'size') == shape[::-1]
    for shape in ((1, most + 1), (most + 1, 1)):
        with pytest.raises(InputError, match=f'a {ending} has room for {most} .* choose png'):
            save_image(path, np.zeros((*shape, 3)))
    check_size('png', (10**6, 1))
    assert capfd.readouterr() == ('', '')


def test_preprocess_by_hand():
    img = np.array([[[255, 0, 51]]], dtype='uint8')
    X = preprocess(img, (1, 1))
    assert X.shape == (1, 3, 1, 1)
    assert X.dtype == numpy.float32
    expected = [(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    numpy.testing.assert_allclose(X.asnumpy().ravel(), expected, rtol=1e-5)


def test_postprocess_by_hand():
    X = np.array([(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, 100.0]).reshape(1, 3, 1, 1)
    numpy.testing.assert_allclose(postprocess(X).asnumpy(), [[[1, 0, 1]]], atol=1e-6)
    assert (postprocess(-X * 100).asnumpy() >= 0).all()


@pytest.mark.parametrize('kind', ['uint8', 'float32'])
def test_postprocess_undoes_preprocess_at_the_same_size(kind):
    img = np.array(noise(17, 23), dtype=kind)
    back = postprocess(preprocess(img, (23, 17)))
    assert back.shape == (17, 23, 3)
    numpy.testing.assert_allclose(back.asnumpy(), noise(17, 23) / 255, atol=1e-6)


def test_image_shape_is_width_and_height_and_arrays_are_rows_and_columns():
    assert preprocess(np.array(noise(30, 50)), (56, 32)).shape == (1, 3, 32, 56)
    assert postprocess(np.zeros((1, 3, 32, 56))).shape == (32, 56, 3)


def averaging(new, old):
    """Return the matrix that averages `old` pixels in a row to `new`, by shares of each."""
    edges, pixel = numpy.arange(new + 1) * old / new, numpy.arange(old)
    starts = numpy.maximum(edges[:-1, None], pixel)
    stops = numpy.minimum(edges[1:, None], pixel + 1)
    return (stops - starts).clip(0) * new / old


@pytest.mark.parametrize('shape', [(25, 10), (23, 7), (50, 3), (50, 30), (1, 1)])
def test_preprocess_equals_its_independent_writing(shape):
    img = noise(30, 50).astype('float32')
    expected = numpy.einsum(
        'yr,xc,rcd->yxd', averaging(shape[1], 30), averaging(shape[0], 50), img
    )
    expected = (expected / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    X = preprocess(np.array(img), shape).asnumpy()
    numpy.testing.assert_allclose(X[0].transpose(1, 2, 0), expected, atol=1e-4)
    # bytes are not rounded to bytes on the way
    of_bytes = preprocess(np.array(img, dtype='uint8'), shape)
    numpy.testing.assert_array_equal(of_bytes, X)


def test_a_smaller_checkerboard_is_grey():
    board = np.array(numpy.indices((400, 400)).sum(axis=0) % 2 * 255)[..., None]
    assert abs(resized(board, (200, 100)).asnumpy() - 127.5).max() < 1e-3
    # 2 and 2/3 of the old ones: of a row of three the middle one has most of the say
    assert abs(resized(board, (150, 150)).asnumpy() - 127.5).max() < 20


@pytest.mark.parametrize('shape', [(25, 10), (23, 7), (50, 3)])
def test_a_smaller_picture_is_as_light_as_the_large_one(shape):
    mean = resized(np.array(noise(30, 50)), shape).asnumpy().mean(axis=(0, 1))
    numpy.testing.assert_allclose(mean, noise(30, 50).mean(axis=(0, 1)), rtol=1e-5)


def variation(img):
    """Return by how many levels neighbouring pixels differ, as `tv_loss` counts."""
    return sum(abs(numpy.diff(img, axis=axis)).mean() for axis in (0, 1)) / 2


@pytest.mark.parametrize(
    ('name', 'levels', 'of_four'),
    [
        ('oil_strokes', 16.1, 25.0),
        ('woodblock', 17.9, 30.0),
        ('ink_wash', 13.1, 18.6),
        ('stained_glass', 25.2, 30.9),
    ],
)
def test_a_small_painting_is_not_noisier_than_the_painting(name, levels, of_four):
    img = load_image(samples('style')[name])
    assert variation(resized(img, (200, 100)).asnumpy()) == pytest.approx(levels, abs=0.06)
    # what comes of a look at four pixels of twenty-six, which is what bilinear means here
    bilinear = image.imresize(img, 200, 100).asnumpy().astype(float)
    assert variation(bilinear) == pytest.approx(of_four, abs=0.06)


def test_a_larger_picture_goes_through_the_old_pixels():
    img = noise(6, 9)
    large = resized(np.array(img), (27, 18)).asnumpy()  # three for each: one in the middle
    numpy.testing.assert_allclose(large[1::3, 1::3], img, atol=1e-3)


def test_a_larger_slope_is_a_slope():
    slope = numpy.arange(40.0).reshape(1, 40, 1).repeat(20, axis=0)
    steps = numpy.diff(resized(np.array(slope), (112, 20)).asnumpy()[:, :, 0], axis=1)
    numpy.testing.assert_allclose(steps[:, 25:-25], 40 / 112, atol=1e-4)


def test_a_larger_wave_shows_no_grid_of_the_old_pixels():
    # a pixel becomes 2.8, as between the stages of the default
    wave = numpy.sin(numpy.arange(200) / 2.3).reshape(1, 200, 1).repeat(9, axis=0)

    def grid(img):
        steepness = numpy.diff(img[4, :, 0])[30:-30] ** 2
        spectrum = abs(numpy.fft.rfft(steepness * numpy.hanning(len(steepness))))
        at = round(len(steepness) / 2.8)
        return spectrum[at - 3 : at + 4].max() / spectrum[0]

    wave = np.array(wave, dtype='float32')
    bilinear = image.imresize(wave, 560, 9).asnumpy()
    assert grid(resized(wave, (560, 9)).asnumpy()) < grid(bilinear) / 20


def test_one_side_may_get_shorter_and_the_other_longer():
    img = noise(30, 50)
    both = resized(np.array(img), (100, 10)).asnumpy()
    averaged = img.reshape(10, 3, 50, 3).mean(axis=1)
    expected = resized(np.array(averaged), (100, 10)).asnumpy()
    assert both.shape == (10, 100, 3)
    inside = (expected > averaged.min()) & (expected < averaged.max())
    numpy.testing.assert_allclose(both[inside], expected[inside], atol=1e-3)


def test_softened_by_hand():
    point = numpy.zeros((41, 41, 2))
    point[20, 20] = 100, 50
    soft = softened(np.array(point), 2.0).asnumpy()
    away = numpy.arange(-20, 21)
    bell = numpy.exp(-(away**2) / 8) / numpy.sqrt(8 * numpy.pi)
    expected = bell[:, None, None] * bell[None, :, None] * [100, 50]
    assert abs(soft - expected).max() < 1e-3 * expected.max()
    numpy.testing.assert_array_equal(softened(np.array(point), 0.0).asnumpy(), point)


def test_nothing_gets_darker_or_lighter_than_it_was():
    steps = numpy.array([0.0, 0, 255, 255, 0, 0]).reshape(1, 6, 1).repeat(6, axis=0)
    large = resized(np.array(steps), (60, 60)).asnumpy()
    assert (large.min(), large.max()) == (0, 255)
    mask = resized(np.array(steps / 255), (60, 60)).asnumpy()
    assert mask.shape == (60, 60, 1)
    assert (mask.min(), mask.max()) == (0, 1)


def test_preprocess_does_not_change_the_picture():
    img = np.array(noise(8, 8))
    preprocess(img, (8, 8))
    numpy.testing.assert_array_equal(img.asnumpy(), noise(8, 8))


def test_numbers_of_imagenet():
    assert rgb_mean.asnumpy().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert rgb_std.asnumpy().tolist() == pytest.approx([0.229, 0.224, 0.225])


@pytest.mark.parametrize(
    ('text', 'shape'),
    [('560x320', (560, 320)), ('1x1', (1, 1)), (' 48x32 ', (48, 32)), ('048x032', (48, 32))],
)
def test_parse_shape(text, shape):
    assert parse_shape(text) == shape


@pytest.mark.parametrize(
    'text',
    [
        '',
        'x',
        '560',
        '560x',
        'x320',
        '0x10',
        '10x0',
        '0x0',
        '-1x5',
        '5x-1',
        '560×320',  # noqa: RUF001
        '560*320',
        '560 x 320',
        '1.5x2',
        '5x5x5',
        '1e3x5',
        '٣x٤',
        'nanxnan',
        '9999999x1',
        '1_0x10',
    ],
)
def test_parse_shape_refuses(text):
    with pytest.raises(InputError, match=r'is not a shape: .* such as 560x320') as caught:
        parse_shape(text)
    assert f"'{text}'" in str(caught.value)


def test_samples_are_found_by_name():
    for kind, name in (('content', 'lake'), ('style', 'oil_strokes')):
        assert name in samples(kind)
        assert picture_path(name, kind) == samples(kind)[name]
        assert min(load(samples(kind)[name]).shape[:2]) > 300


def test_names_of_files_and_misspelled_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(picture_path('photo.jpg', 'content')) == 'photo.jpg'
    assert str(picture_path('some/photo', 'content')) == os.path.join('some', 'photo')
    (tmp_path / 'photo').write_bytes(b'')
    assert str(picture_path('photo', 'content')) == 'photo'
    with pytest.raises(InputError, match=r"no .*content picture 'laek'; did you mean 'lake'"):
        picture_path('laek', 'content')
    with pytest.raises(InputError, match=r"'zzz'; known: .*oil_strokes"):
        picture_path('zzz', 'style')


def test_find_pictures(tmp_path):
    for name in ('b.JPG', 'a.png', 'deep/c.webp', 'notes.txt', 'd.tiff', 'folder.png/e.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'link').symlink_to(tmp_path)

    def found(**options):
        paths = find_pictures(tmp_path, **options)
        return [path.relative_to(tmp_path).as_posix() for path in paths]

    assert found() == ['a.png', 'b.JPG', 'd.tiff']
    assert found(deep=True) == ['a.png', 'b.JPG', 'd.tiff', 'deep/c.webp', 'folder.png/e.jpg']
    assert find_pictures(tmp_path / 'nowhere', deep=True) == []


def test_pictures_deeper_than_functions_may_call_each_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    depth, limit = 300, sys.getrecursionlimit()
    for _ in range(depth):
        os.mkdir('d')
        os.chdir('d')
    Path('a.png').touch()
    try:
        sys.setrecursionlimit(depth)
        assert find_pictures(tmp_path, deep=True) == [tmp_path.joinpath(*'d' * depth, 'a.png')]
    finally:  # not left to pytest, which calls functions
        sys.setrecursionlimit(limit)
        os.remove('a.png')
        for _ in range(depth):
            os.chdir('..')
            os.rmdir('d')


def test_folders_of_the_system_hold_no_pictures():
    assert find_pictures('/proc') == []


def test_bytes_of_a_picture_do_not_depend_on_the_day(tmp_path):
    for name in ('a.png', 'b.png'):
        save_image(tmp_path / name, np.array(noise(9, 9)) / 255)
    assert (tmp_path / 'a.png').read_bytes() == (tmp_path / 'b.png').read_bytes()


def test_show_sets_pictures_side_by_side_at_equal_height():
    from matplotlib import pyplot as plt

    plt.switch_backend('agg')  # no window
    wide, tall = np.zeros((20, 40, 3)), np.ones((20, 10)) * 0.5
    show({'wide': wide, 'tall': tall}, width=6, cmap='gray')
    figure = plt.gcf()
    figure.canvas.draw()
    first, second = figure.axes
    assert [first.get_title(), second.get_title()] == ['wide', 'tall']
    numpy.testing.assert_array_equal(first.images[0].get_array(), wide.asnumpy())
    assert second.images[0].get_cmap().name == 'gray'
    assert figure.get_size_inches()[0] == 6
    heights = [ax.get_window_extent().height for ax in (first, second)]
    assert heights[0] == pytest.approx(heights[1], rel=0.1)
    assert not first.axison
    plt.close(figure)
