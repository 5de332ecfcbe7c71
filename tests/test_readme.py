"""What the README prints is what runs."""

import contextlib
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ('README.md', 'README.zh.md')
PAGES = (*READMES, 'chapters/gallery.md', 'chapters/gallery.zh.md')


def code_blocks(name):
    text = (ROOT / name).read_text(encoding='utf-8')
    return re.findall(r'^```sh\n(.*?)^```$', text, flags=re.MULTILINE | re.DOTALL)


def commands(name, start):
    """Return the shell commands of a README that begin with these words."""
    lines = '\n'.join(code_blocks(name)).replace('\\\n', ' ').split('\n')
    parts = [part.strip() for line in lines for part in line.split('&&')]
    return [part.split('  #')[0].strip() for part in parts if part.startswith(start)]


def test_the_chinese_readme_has_the_same_commands():
    def bare(name):
        return [re.sub(r'\s+#.*', '', block) for block in code_blocks(name)]

    assert bare('README.md') == bare('README.zh.md')


def test_the_main_command(tmp_path):
    (command, *_) = commands('README.md', 'python -m styletransfer.train')
    assert command == 'python -m styletransfer.train --shape 560x320'
    arguments = shlex.split(command)[1:]
    quick = ['--epochs', '2,1', '--output', str(tmp_path)]
    subprocess.run([sys.executable, *arguments, *quick], check=True, cwd=ROOT, timeout=600)
    assert (tmp_path / 'stage2.png').stat().st_size > 100_000


def test_every_command_of_the_readme_is_understood(capsys):
    for command in commands('README.md', 'python -m styletransfer.'):
        _, _, name, *words = shlex.split(command)
        folder = importlib.util.find_spec(name).submodule_search_locations
        module = importlib.import_module(f'{name}.__main__' if folder else name)
        job = [word for word in words[:1] if not word.startswith('-')]
        with contextlib.suppress(SystemExit):  # argparse's way to end
            module.main([*job, '--help'])
        told = capsys.readouterr().out
        for flag in re.findall(r'--[a-z][a-z-]+', command):
            assert flag in told, command
        assert told


def headings(text):
    """Return the anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r'^#+ (.*)$', text, flags=re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-') for title in titles}


@pytest.mark.parametrize('name', PAGES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    text = page.read_text(encoding='utf-8')
    links = re.findall(r'\]\(([^)]+)\)', text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    assert links
    for link in links:
        if '://' in link:
            continue
        path, _, anchor = link.partition('#')
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target.read_text(encoding='utf-8')), link


def test_the_chinese_readme_shows_the_same_pictures():
    english, chinese = (
        re.findall(r'src="([^"]+)"', (ROOT / name).read_text(encoding='utf-8')) for name in READMES
    )
    assert english == chinese


def test_continuous_integration_runs_the_test_command_as_printed():
    found = subprocess.run(
        ['bash', '-c', "sed -n '/^tests=/p' .ci/run"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    printed = subprocess.run(
        ['bash', '-c', found + 'printf "%s" "$tests"'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip().split('\n')[-1] == 'python -m pytest'
    assert printed in '\n'.join(code_blocks('README.md'))
