"""The page of a class: strangers' words and pictures, and none of their code is run."""

import base64
import re
from io import BytesIO

import nbformat
import pytest
from PIL import Image
from student_notebooks import MALFORMED, SOLUTIONS, STUBS

from styletransfer.errors import InputError, printable
from styletransfer.exercises import gallery
from styletransfer.exercises.__main__ import main
from styletransfer.exercises.gallery import write_gallery
from styletransfer.exercises.tasks.own_picture import EXAMPLE

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(color=RED, size=(60, 40), kind='PNG'):
    """Return a picture of one colour as notebooks keep it."""
    file = BytesIO()
    Image.new('RGB', size, color).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def handed_in(path, source=SOLUTIONS['my_picture'], pictures=None, before=()):
    """Write a notebook with a cell of words, and a cell behind it that has left pictures."""

    def cell(source, shown=()):
        outputs = [nbformat.v4.new_output('display_data', {'image/png': p}) for p in shown]
        return nbformat.v4.new_code_cell(source, outputs=outputs)

    cells = [
        cell('import os', before),
        cell(source),
        cell("open('ran', 'w')", pictures or [picture()]),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), str(path))


def colors(page):
    """Return the first pixel of each picture on a page."""
    found = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)"', page)
    imgs = [Image.open(BytesIO(base64.b64decode(data))) for data in found]
    return [img.getpixel((5, 5)) for img in imgs]


def near(one, other):
    return all(abs(a - b) < 12 for a, b in zip(one, other))


def test_a_class_is_put_on_one_page(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    handed_in(tmp_path / 'class' / 'bob.ipynb', before=[picture(BLUE)])
    handed_in(tmp_path / 'class' / 'ada' / '01.ipynb', pictures=[picture(BLUE), picture(RED)])
    assert main(['gallery', 'class', '--output', 'page.html']) == 0
    assert capsys.readouterr().out == 'page.html: 2 entries\n'
    page = (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert page.index('by: ada') < page.index('by: bob')
    assert page.count(EXAMPLE['title']) == 5  # heading and text of each picture
    assert page.count(EXAMPLE['words']) == 2
    assert page.count('; '.join(EXAMPLE['settings'])) == 2
    shown = colors(page)
    # what stood before the words is not of the task
    assert [near(c, BLUE) for c in shown] == [True, False, False]
    assert [near(c, RED) for c in shown] == [False, True, True]


def test_no_code_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = SOLUTIONS['my_picture'] + "\nopen('ran', 'w')\n"
    handed_in(tmp_path / 'a.ipynb', source)
    assert write_gallery([tmp_path / 'a.ipynb'], tmp_path / 'page.html') == 1
    assert not (tmp_path / 'ran').exists()


def test_a_page_in_chinese(tmp_path):
    handed_in(tmp_path / '安.ipynb')
    write_gallery([tmp_path], tmp_path / 'page.html', 'zh')
    page = (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert '<html lang="zh">' in page
    assert '全班的画廊' in page
    assert '作者: 安' in page


def test_the_page_loads_nothing_and_runs_nothing(tmp_path):
    evil = '<script>alert(1)</script><img src=x onerror=alert(2)>"\x1b[2J'
    words = {**EXAMPLE, 'title': evil, 'words': evil, 'settings': [evil, '2', '3']}
    handed_in(tmp_path / '<b>eve.ipynb', f'def my_picture():\n    return {words!r}\n')
    write_gallery([tmp_path], tmp_path / 'page.html')
    page = (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert '<script' not in page
    assert 'onerror=alert(2)&gt;' in page
    assert page.count('<img') == page.count('<img src="data:image/jpeg;base64,') == 1
    assert '<b>' not in page
    assert '\x1b' not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    'source',
    [
        STUBS['my_picture'],
        'def my_picture():\n    return words',
        'def my_picture():\n    return {"title": open("x")}',
        'def my_picture(:',
        'def my_picture ():\n    pass',
        'def my_picture():\n    return {"title": "only"}',
        'def my_picture():\n    return ' + '(' * 5000,
        'my_picture = 5',
    ],
)
def test_words_that_are_not_there_in_plain_are_left_out_in_a_line(source, tmp_path, capsys):
    handed_in(tmp_path / 'class' / 'bob.ipynb', source)
    handed_in(tmp_path / 'class' / 'ada.ipynb')
    assert write_gallery([tmp_path / 'class'], tmp_path / 'page.html') == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'bob.ipynb has no my_picture in plain words' in line


@pytest.mark.parametrize(
    'data',
    [
        'no base64 at all',
        base64.b64encode(b'GIF89a').decode(),
        picture()[:80],
        base64.b64encode(b'<svg onload="alert(1)"/>').decode(),
        '',
    ],
)
def test_a_picture_that_is_none_is_left_out(data, tmp_path, capsys):
    handed_in(tmp_path / 'bob.ipynb', pictures=[data])
    assert write_gallery([tmp_path], tmp_path / 'page.html') == 1
    assert '<img' not in (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert 'no picture behind them' in capsys.readouterr().err


def test_pictures_are_made_small_and_too_large_ones_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, 'PIXELS', 1500 * 1000)
    large, huge = picture(RED, (1400, 1000)), picture(BLUE, (1600, 1000))
    handed_in(tmp_path / 'bob.ipynb', pictures=[large, huge])
    write_gallery([tmp_path], tmp_path / 'page.html')
    page = (tmp_path / 'page.html').read_text(encoding='utf-8')
    (data,) = re.findall(r'base64,([^"]+)"', page)
    assert Image.open(BytesIO(base64.b64decode(data))).width == gallery.WIDTH


def test_only_the_last_three_pictures_count(tmp_path):
    handed_in(tmp_path / 'bob.ipynb', pictures=[picture(BLUE), *3 * [picture(RED)]])
    write_gallery([tmp_path], tmp_path / 'page.html')
    shown = colors((tmp_path / 'page.html').read_text(encoding='utf-8'))
    assert [near(color, RED) for color in shown] == [True] * 3


@pytest.mark.parametrize('name', MALFORMED)
def test_what_is_no_notebook_is_left_out_in_a_line(name, tmp_path, capsys):
    handed_in(tmp_path / 'ada.ipynb')
    MALFORMED[name](tmp_path / f'{name}.ipynb')
    assert write_gallery([tmp_path], tmp_path / 'page.html') == 1
    for line in capsys.readouterr().err.splitlines():
        assert line.startswith('left out: ')
        assert printable(name) in line


def test_bad_input_is_refused_in_a_line(tmp_path, capsys):
    page = tmp_path / 'page.html'
    assert main(['gallery', str(tmp_path / 'nowhere'), '--output', str(page)]) == 2
    handed_in(tmp_path / 'bob.ipynb', STUBS['my_picture'])
    with pytest.raises(InputError, match=r'no notebook in .* has a my_picture'):
        write_gallery([tmp_path], page)
    assert main(['gallery', str(tmp_path), '--lang', 'fr', '--output', str(page)]) == 2
    assert not page.exists()


def test_a_page_is_not_half_written(tmp_path, monkeypatch):
    page = tmp_path / 'page.html'
    page.write_text('the old one')
    handed_in(tmp_path / 'bob.ipynb')

    def failing(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(gallery, 'page', failing)
    with pytest.raises(InputError, match='cannot write'):
        write_gallery([tmp_path], page)
    assert page.read_text() == 'the old one'
