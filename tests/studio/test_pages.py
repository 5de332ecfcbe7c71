"""Pages: what may be dropped, what it is called then, and that all of it goes."""

import os
import struct
import zlib

import pytest
from PIL import Image

from styletransfer.errors import InputError
from styletransfer.studio import limits, pages
from styletransfer.studio.limits import picture_ending, safe_name
from styletransfer.studio.line import Ticket
from styletransfer.studio.pages import MOST_PAGES, Pages

SECONDS = 60


def png(path, size=(4, 3)):
    Image.new('RGB', size, 'teal').save(path)
    return path


def huge(path, width, height):
    """Write a PNG of a hundred bytes that says it is as large as this."""

    def chunk(kind, data):
        return (
            struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        )

    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    body = chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b'')
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + body)
    return path


@pytest.fixture
def page(tmp_path):
    return Pages(tmp_path).of('a')


def test_the_ending_is_what_the_file_is(tmp_path):
    Image.new('RGB', (4, 3)).save(tmp_path / 'a.png', format='JPEG')
    assert picture_ending(tmp_path / 'a.png') == '.jpg'


def test_what_is_no_picture_is_refused(tmp_path):
    bad = tmp_path / 'bad.png'
    for content in (b'', b'<html><script>alert(1)</script></html>', b'\x89PNG\r\n\x1a\n', b'GIF'):
        bad.write_bytes(content)
        with pytest.raises(InputError, match=r'no picture|damaged'):
            picture_ending(bad)


def test_pictures_are_bounded_before_a_pixel_is_decoded(tmp_path, monkeypatch):
    with pytest.raises(InputError, match='10000x10000 pixels'):
        picture_ending(huge(tmp_path / 'many.png', 10000, 10000))
    with pytest.raises(InputError, match='no picture'):  # Pillow's own bound
        picture_ending(huge(tmp_path / 'more.png', 100_000, 100_000))
    monkeypatch.setattr(limits, 'MOST_BYTES', 100)
    (tmp_path / 'large.png').write_bytes(bytes(101))
    with pytest.raises(InputError, match='MB are taken'):
        picture_ending(tmp_path / 'large.png')


@pytest.mark.parametrize(
    ('given', 'name'),
    [
        ('photo.PNG', 'photo.jpg'),
        ('../../etc/passwd', 'passwd.jpg'),
        ('--output.png', 'output.jpg'),
        ('.hidden', 'hidden.jpg'),
        ('a b\n;rm.png', 'a_b_rm.jpg'),
        ('lac, été.png', 'lac_été.jpg'),
        ('湖.png', '湖.jpg'),
        ('...', 'picture.jpg'),
        (300 * 'x' + '.png', 60 * 'x' + '.jpg'),
    ],
)
def test_names_are_nothing_but_names(given, name):
    assert safe_name(given, '.jpg', ()) == name
    assert '/' not in name
    assert not name.startswith(('-', '.'))


def test_files_are_moved_and_named_apart(page, tmp_path):
    names = []
    for place, name in enumerate(('My Photo.png', 'my photo.PNG', 'MY_PHOTO.png')):
        (tmp_path / str(place)).mkdir()
        source = png(tmp_path / str(place) / name)
        names.append(page.take(source))
        assert not source.exists()
    assert names == ['My_Photo.png', 'my_photo-2.png', 'MY_PHOTO-3.png']
    assert sorted(os.listdir(page.folder)) == sorted(names)


def test_what_is_refused_is_gone(page, tmp_path, monkeypatch):
    (tmp_path / 'bad.png').write_bytes(b'no')
    with pytest.raises(InputError):
        page.take(tmp_path / 'bad.png')
    monkeypatch.setattr(pages, 'MOST_FILES', 0)
    with pytest.raises(InputError, match='enough for a page'):
        page.take(png(tmp_path / 'good.png'))
    assert [path.name for path in tmp_path.iterdir()] == [page.folder.name]
    assert page.files == []


def test_a_closed_page_leaves_nothing(tmp_path):
    kept = Pages(tmp_path)
    first, second = kept.of('a'), kept.of('b')
    assert kept.of('a') is first
    assert len(first.folder.name) >= 20  # what cannot be guessed
    png(first.folder / 'x.png')
    assert kept.close('a')
    assert [path.name for path in tmp_path.iterdir()] == [second.folder.name]
    assert not kept.close('b')
    assert not kept.close('never')
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_painting_is_removed_when_that_has_stopped(page):
    page.ticket = Ticket('a task')
    page.close()
    assert page.ticket.stop.is_set()
    assert page.folder.exists()
    page.ticket.over.set()
    for _ in range(100 * SECONDS):
        if not page.folder.exists():
            return
        page.ticket.stop.clear()
        page.ticket.stop.wait(0.01)
    raise AssertionError('it is still there')


def test_the_longest_idle_of_too_many_pages_is_closed(tmp_path):
    kept = Pages(tmp_path)
    opened = [kept.of(str(number)) for number in range(MOST_PAGES)]
    kept.of('0')
    kept.of('one more')
    assert opened[0].folder.exists()
    assert not opened[1].folder.exists()
    assert len(list(tmp_path.iterdir())) == MOST_PAGES
