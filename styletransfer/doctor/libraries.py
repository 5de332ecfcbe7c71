"""Python and the libraries: of the versions that were tested, and whether they run."""

from __future__ import annotations

import platform
import re
import signal
import subprocess
import sys
from importlib import metadata
from typing import List, Optional

from styletransfer.doctor.finding import BROKEN, NOTE, WORKS, Finding
from styletransfer.errors import telling_line

OLDEST, NEWEST = (3, 8), (3, 12)  # of Python, that were tested
PATIENCE = 120  # seconds for MXNet to be imported

# what only some need: what for, the library that shows it is here, and how it comes
OPTIONAL = {
    'book': ('d2l', 'pip install -r requirements.txt', 'the book beside the chapters'),
    'Jupyter': ('jupyterlab', 'pip install jupyterlab', 'chapters and exercises as notebooks'),
    'grading': ('nbclient', "pip install 'styletransfer[dev]'", 'a class'),
    'video': ('av', "pip install 'styletransfer[video]'", 'clips'),
    'studio': ('gradio', "pip install 'styletransfer[web]'", 'the page in the browser'),
    'cluster': ('distributed', "pip install 'styletransfer[cluster]'", 'many machines'),
}


def version(library: str) -> Optional[str]:
    """Return the version of an installed distribution, or None if there is none."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def python() -> Finding:
    """Tell whether MXNet 1.9.1 runs on this Python and system."""
    found = f'{platform.python_version()}, {platform.system()} {platform.machine()}'
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        least, most = ('.'.join(map(str, pair)) for pair in (OLDEST, NEWEST))
        remedy = f'make the environment with Python 3.11 (tested: {least} to {most})'
        return Finding('Python', found, BROKEN, f'{remedy}: python3.11 -m venv .venv')
    if platform.system() == 'Windows':
        return Finding(
            'Python', found, BROKEN, 'MXNet 1.9.1 has no wheel for Windows: work in WSL2'
        )
    return Finding('Python', found)


def numpy() -> Finding:
    """Tell whether MXNet 1.9.1 can run with this NumPy."""
    found = version('numpy')
    if found is None:
        return Finding('NumPy', 'not installed', BROKEN, "pip install 'numpy>=1.20,<2'")
    if int(found.split('.')[0]) >= 2:
        words = f'{found}: MXNet 1.9.1 needs one before 2'
        return Finding('NumPy', words, BROKEN, "pip install 'numpy>=1.20,<2'")
    return Finding('NumPy', found)


def mxnet() -> Finding:
    """Import MXNet in a process of its own, which may die of it."""
    builds = [build for build in ('mxnet', 'mxnet-cu112') if version(build)]
    found = ', '.join(f'{build} {version(build)}' for build in builds) or 'not installed'
    if len(builds) == 2:
        remedy = f'pip uninstall -y {" ".join(builds)} && pip install mxnet==1.9.1'
        words = f'{found}: both install the same folder, so neither is whole'
        return Finding('MXNet', words, BROKEN, f"{remedy}  (or 'styletransfer[cu112]')")
    reason = import_fails()
    if reason is None:
        return Finding('MXNet', found or 'of no known build')
    return Finding('MXNet', f'{found}: {reason}', BROKEN, remedy_of(reason, builds))


def import_fails() -> Optional[str]:
    """Return why the package cannot be imported in a fresh process, or None if it can."""
    program = 'import styletransfer._compat'
    try:
        done = subprocess.run(
            [sys.executable, '-c', program], capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return f'it was not imported within {PATIENCE} seconds'
    if done.returncode < 0:
        return f'Python was ended by {signal.Signals(-done.returncode).name} while importing it'
    lines = done.stderr.strip().splitlines()
    return lines[-1] if done.returncode and lines else None


def remedy_of(reason: str, builds: List[str]) -> str:
    """Return what mends an import that failed with these words."""
    library = re.search(r'lib[\w.+-]+\.so[\d.]*', reason)
    if 'pip install' in reason:  # it says so itself
        return reason[reason.index('pip install') :]
    if library and library.group() == 'libcuda.so.1':
        return (
            'install the driver of the NVIDIA card, or paint on the CPU: '
            'pip uninstall -y mxnet-cu112 && pip install mxnet==1.9.1'
        )
    if library and 'mxnet-cu112' in builds:
        return "pip install 'styletransfer[cu112]'  (it brings NVIDIA's libraries)"
    if library:
        return f'apt-get install libgomp1 libquadmath0  (or what holds {library.group()} here)'
    return 'pip install --force-reinstall --no-deps mxnet==1.9.1'


def dependencies() -> Finding:
    """Compare the libraries that are here with the versions that were tested."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        texts = metadata.requires('styletransfer') or []
    except metadata.PackageNotFoundError:  # run from a clone; requirements.txt has the list
        return Finding('libraries', 'the package itself is not installed: they were not compared')
    wrong = []
    for text in texts:
        try:
            wanted = Requirement(text)
        except InvalidRequirement as error:
            return Finding('libraries', telling_line(error), NOTE)
        if wanted.marker is None or wanted.marker.evaluate({'extra': ''}):
            here = version(wanted.name)
            if here is None or not wanted.specifier.contains(here, prereleases=True):
                wrong.append(f"'{wanted.name}{wanted.specifier}'")
    if wrong:
        words = f'not here, or of other versions than tested: {", ".join(wrong)}'
        return Finding('libraries', words, BROKEN, f'pip install {" ".join(wrong)}')
    return Finding('libraries', 'here, in versions that were tested')


def optional() -> List[Finding]:
    """Look for what only some need."""
    findings = []
    for name, (library, command, purpose) in OPTIONAL.items():
        here = version(library)
        found = f'{library} {here}' if here else f'no {library}: for {purpose}'
        findings.append(Finding(name, found, WORKS if here else NOTE, '' if here else command))
    return findings
