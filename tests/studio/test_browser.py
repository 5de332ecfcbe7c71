"""The studio as people use it: a headless Chromium on a server in a process of its own.

Not among the usual tests, as not every machine has a browser: ``pytest -m browser -n 0``, with
Playwright installed, and a Chromium of Playwright's or at the path that CHROMIUM names.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from styletransfer.studio.__main__ import PASSWORD

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent
SECONDS = 120  # to wait for what takes a few; many machines are slow and busy


class Server:
    """The studio in a process of its own, whose temporary files lie in a folder of the test's."""

    def __init__(self, folder, *flags, **environment):
        folder.mkdir()
        self.folder = folder
        program = [sys.executable, '-W', 'error::ResourceWarning', '-m', 'styletransfer.studio']
        self.process = subprocess.Popen(
            [*program, '--port', '0', *flags],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'TMPDIR': str(folder), **environment},
        )
        line = self.process.stdout.readline()
        self.url = re.search(r'http://\S+', line)[0].replace('0.0.0.0', '127.0.0.1')

    def pages(self):
        """Return the folders of all pages that are open."""
        return list(self.folder.glob('*/pages/*'))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        self.process.stdout.close()
        return status


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp('studio') / 'server')
    yield server
    assert server.end() == 128 + signal.SIGTERM
    assert list(server.folder.iterdir()) == []


@pytest.fixture(scope='module')
def browser():
    from playwright.sync_api import sync_playwright

    path = os.environ.get('CHROMIUM') or shutil.which('chromium')
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture
def open_page(server, browser):
    """Return a function that opens a page; in the end none may have asked another machine."""
    contexts, asked, wrong = [], set(), []

    def opened(path='/', width=1300, locale='en-US', url=None):
        context = browser.new_context(
            viewport={'width': width, 'height': 900}, locale=locale, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * SECONDS)
        page.on('request', lambda request: asked.add(urlsplit(request.url)[:2]))
        page.on('pageerror', lambda error: wrong.append(str(error)))
        page.goto((url or server.url) + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    hosts = {place for scheme, place in asked if scheme not in ('data', 'blob')}
    assert {place.split(':')[0] for place in hosts} <= {'127.0.0.1'}
    assert wrong == []


def said(page, pattern):
    """Wait until the page says something, and return it."""
    page.locator('#status', has_text=re.compile(pattern)).wait_for()
    return page.locator('#status').inner_text()


def press(page, name):
    page.get_by_role('button', name=name, exact=True).click()


def choose(page, label, text):
    page.get_by_label(label, exact=True).first.click()
    page.get_by_role('option', name=re.compile(text)).click()
    # nobody presses a button in the same instant; Gradio 6.31 may then lose the button's answer
    time.sleep(1)


def turn(page, group, knob, value):
    """Open a group of knobs, unless it is, and fill one in."""
    page.locator(f'#group-{group}').wait_for()
    field = page.locator(f'#knob-{knob} input, #knob-{knob} textarea').first
    if not field.is_visible():
        page.locator(f'#group-{group} button').first.click()
    field.fill(value)
    page.keyboard.press('Tab')
    time.sleep(1)  # the page sends it a moment later


def toy(page, recipe='tutorial', epochs='2,3'):
    """Choose a recipe, a small size and few epochs."""
    choose(page, 'How', f'^{recipe}:')
    turn(page, 'painting', 'shape', '48x32')
    turn(page, 'stages', 'num-epochs', epochs)


def command_on(page):
    if not page.locator('#same .cm-content').first.is_visible():
        page.locator('#same button').first.click()
    page.locator('#same .cm-content', has_text='python').first.wait_for()
    return ''.join(page.locator('#same .cm-content').first.all_inner_texts())


def download(page, tmp_path):
    """Fetch the first of the files to download, the painting."""
    with page.expect_download() as begun:
        page.locator('#downloads a[download]').first.click()
    begun.value.save_as(tmp_path / begun.value.suggested_filename)
    return tmp_path / begun.value.suggested_filename


def test_paint_in_one_pass_and_download(open_page, tmp_path):
    page = open_page()
    press(page, 'Paint')
    said(page, 'Painted in')
    page.locator('#slider img').first.wait_for()
    asked = command_on(page)
    assert asked == (
        'python -m styletransfer.feedforward paint lake --net johnson --style oil_strokes'
    )
    ours = download(page, tmp_path)
    program = [
        sys.executable,
        *shlex.split(asked)[1:],
        '--quiet',
        '--output',
        str(tmp_path / 'a.png'),
    ]
    subprocess.run(program, cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(ROOT)}, check=True)
    assert ours.read_bytes() == (tmp_path / 'a.png').read_bytes()


def test_stop_and_go_on_by_a_recipe(open_page, tmp_path):
    page = open_page()
    toy(page, epochs='400,3')
    press(page, 'Paint')
    text = said(page, r'epoch \d+ of 400')
    assert 'stage 1 of 2' in text
    assert 'content' in text
    page.locator('#curves svg').wait_for()
    press(page, 'Stop and keep')
    said(page, 'Stopped after epoch')
    press(page, 'Go on')
    said(page, 'Painted in')
    page.locator('#slider img').first.wait_for()
    assert '--epochs 400,3' in command_on(page)


def test_a_file_that_is_no_picture_is_refused_and_the_next_is_taken(open_page, server, tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'no picture')
    Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 50).save(tmp_path / 'mine.png')
    page = open_page()
    page.locator('#own-photo input[type=file]').set_input_files(tmp_path / 'bad.png')
    said(page, 'bad.png is not taken')
    page.locator('#own-photo input[type=file]').set_input_files(tmp_path / 'mine.png')
    page.wait_for_function("document.querySelector('#chosen-photo input').value === 'mine.png'")
    page.locator('#own-style input[type=file]').set_input_files(tmp_path / 'mine.png')
    page.locator('#chosen-style', has_text='mine-2.png').wait_for()
    choose(page, 'How', '^ghiasi:')
    press(page, 'Paint')
    said(page, 'Painted in')
    assert 'paint mine.png --net ghiasi --style mine-2.png' in command_on(page)
    assert len(list(server.folder.glob('*/pages/*/mine.png'))) == 1
    page.context.close()
    until(lambda: not server.pages())


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, 'waited too long'
        time.sleep(0.2)


def test_two_tabs_stand_in_one_line_and_know_nothing_of_each_other(open_page, server):
    first, second = open_page(), open_page()
    toy(first, epochs='4000,3')
    press(first, 'Paint')
    said(first, r'epoch \d+ of 4000')
    press(second, 'Paint')
    said(second, 'Paintings before yours: 1')
    assert 'epoch' in first.locator('#status').inner_text()
    first.context.close()  # so it stops, and its files go
    said(second, 'Painted in')
    until(lambda: len(server.pages()) == 1)


def test_what_takes_long_says_so_before(open_page):
    page = open_page()
    choose(page, 'How', '^gatys_2016:')
    page.locator('#group-painting button').first.click()
    page.locator('#knob-shape input, #knob-shape textarea').first.fill('1600x900')
    page.keyboard.press('Tab')
    time.sleep(1)
    press(page, 'Paint')
    said(page, 'This takes about')
    press(page, 'Not now')
    page.get_by_role('button', name='Paint it').wait_for(state='hidden')


def test_a_contact_sheet_from_which_a_style_is_chosen(open_page):
    page = open_page()
    press(page, 'All styles')
    said(page, r'[3-9] of 12 styles')
    press(page, 'Stop and keep')
    said(page, 'Painted in')
    page.locator('#sheet button img').nth(1).click()
    page.locator('#chosen-style', has_text='great_wave').wait_for()


def test_regions_painted_with_the_brush(open_page):
    page = open_page()
    page.locator('#masks button').first.click()
    press(page, 'Put the photo here')
    canvas = page.locator('#masks canvas').first
    canvas.wait_for()
    time.sleep(3)  # it draws itself
    box = canvas.bounding_box()
    page.mouse.move(box['x'] + box['width'] / 3, box['y'] + box['height'] / 2)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width'] / 2, box['y'] + box['height'] / 2, steps=8)
    page.mouse.up()
    time.sleep(2)
    press(page, 'Use these regions')
    said(page, 'Regions in use: region1.png')
    press(page, 'Paint')
    said(page, 'Painted in')
    assert '--mask region1.png' in command_on(page)


@pytest.mark.parametrize(('path', 'word'), [('/', 'Paint'), ('/zh', '开始画')])
def test_it_fits_on_a_phone(open_page, path, word):
    page = open_page(path, width=375)
    page.get_by_role('button', name=word, exact=True).wait_for()
    assert page.evaluate('document.documentElement.scrollWidth') <= 375


def test_who_speaks_chinese_is_led_to_the_chinese_page_and_may_leave_it(open_page):
    page = open_page('/', locale='zh-CN')
    page.get_by_role('button', name='开始画', exact=True).wait_for()
    page.get_by_text('将文件拖放到此处').first.wait_for()  # Gradio's own words
    page.get_by_role('link', name='English').click()
    page.get_by_role('button', name='Paint', exact=True).wait_for()
    page.get_by_text('Drop File Here').first.wait_for()


def test_the_chinese_page_says_in_chinese_why_not(open_page, tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'no picture')
    page = open_page('/zh')
    page.locator('#own-photo input[type=file]').set_input_files(tmp_path / 'bad.png')
    said(page, '无法接受 bad.png：无法作为图片读取')
    turn(page, 'painting', 'shape', '10by')
    press(page, '开始画')
    said(page, '“尺寸”：“10by”不是尺寸')


def test_others_are_asked_for_the_password(open_page, tmp_path):
    server = Server(tmp_path / 'open', '--host', '0.0.0.0', **{PASSWORD: 'open sesame'})
    try:
        page = open_page('/', url=server.url)
        page.get_by_label('username').fill('anyone')
        page.get_by_label('password').fill('open sesame')
        page.get_by_role('button', name='Login').click()
        page.get_by_role('button', name='Paint', exact=True).wait_for()
        time.sleep(2)  # until the last of it is loaded
        page.context.close()
    finally:
        server.end(signal.SIGINT)
    assert list(server.folder.iterdir()) == []
