"""What lies on the disk: where may be written, and whether the networks are whole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import List

from styletransfer.doctor.finding import BROKEN, NOTE, Finding
from styletransfer.errors import InputError, telling_line

LEAST_FREE = 200_000_000  # bytes on the disk


def writable(name: str, folder: Path, remedy: str) -> Finding:
    """Tell whether a file can be written there, where the folder may still be missing."""
    there = next((f for f in (folder, *folder.parents) if f.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b'doctor')
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(name, f'{folder}: {telling_line(error)}', BROKEN, remedy)
    if free < LEAST_FREE:
        words = f'{folder}: {free / 1e6:.0f} MB are free on that disk'
        return Finding(name, words, NOTE, 'free some space')
    return Finding(name, f'{folder}')


def folders() -> List[Finding]:
    """Try the folders of pictures, of weights and of what is unfinished."""
    from styletransfer.weights.sources import cache_folder

    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as error:
        return [Finding('temporary files', telling_line(error), BROKEN, 'export TMPDIR=FOLDER')]
    return [
        writable('pictures', Path.cwd() / 'outputs', 'cd to a folder of your own, or --output'),
        writable('weights', cache_folder(), 'export MXNET_HOME=FOLDER  (one you may write to)'),
        writable('temporary files', temporary, 'export TMPDIR=FOLDER  (one you may write to)'),
    ]


def backbones() -> List[Finding]:
    """Tell whether the networks that look at pictures are here, and whole."""
    from styletransfer.vgg import BACKBONES
    from styletransfer.weights.fetch import local_weights
    from styletransfer.weights.verifying import verify

    findings = []
    for name, backbone in BACKBONES.items():
        path = local_weights(backbone.sources)
        bundled = name.endswith('_slim')
        if path is None:
            found = f'not here ({backbone.title}: slower and finer than the bundled one)'
            command = f'python -m styletransfer.weights get {name}'
            findings.append(Finding(name, found, BROKEN if bundled else NOTE, command))
            continue
        again = reinstall() if bundled else f'python -m styletransfer.weights get {name}'
        try:
            sha256 = verify(path).rsplit('sha256 ', 1)[1]
        except (InputError, OSError) as error:
            remedy = again if bundled else f"rm '{path}' && {again}"
            findings.append(Finding(name, telling_line(error), BROKEN, remedy))
        else:
            findings.append(Finding(name, f'whole, sha256 {sha256[:12]}...'))
    return findings


def painters() -> List[Finding]:
    """Tell whether the bundled networks that paint in one pass are whole."""
    from styletransfer import trained

    findings = []
    for name, path in trained.networks().items():
        try:
            sha256 = trained.load(path).notes['sha256']
        except (InputError, OSError) as error:
            findings.append(Finding(name, telling_line(error), BROKEN, reinstall()))
        else:
            findings.append(Finding(name, f'whole, sha256 {sha256[:12]}...'))
    return findings


def reinstall() -> str:
    """Return what brings back a file that came with the package."""
    from styletransfer.files import assets_folder

    if (assets_folder().parent / '.git').exists():
        return 'git checkout -- assets'
    return 'pip install --force-reinstall --no-deps styletransfer'
