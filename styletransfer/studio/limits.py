"""What strangers may send, and how much of it: bounds, and the checks that keep to them."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Container

from PIL import Image, UnidentifiedImageError

from styletransfer.errors import InputError, telling_line
from styletransfer.files import open_regular
from styletransfer.images import READ_FORMATS

MOST_BYTES = 20_000_000  # of a file
MOST_PIXELS = 40_000_000  # of a picture: what a good camera takes
MOST_FILES = 20  # of a page
MOST_STYLES = 4  # that are mixed
ENDINGS = {'JPEG': '.jpg', 'PNG': '.png', 'WEBP': '.webp', 'TIFF': '.tif', 'BMP': '.bmp'}
LONGEST_NAME = 60  # characters


def picture_ending(path: Path) -> str:
    """Return what the name of a picture's file should end in, told from its first bytes.

    No pixel is decoded.

    Raises
    ------
    InputError
        If the file is too large, is no picture that the package reads, or has too many pixels.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError(
            f'the file has {size / 1e6:.1f} MB, but at most {MOST_BYTES / 1e6:.0f} MB are taken: '
            'save a smaller picture'
        )
    try:
        with warnings.catch_warnings(), open_regular(path) as file:
            warnings.simplefilter('ignore')  # of Pillow's own bound, which is higher
            with Image.open(file, formats=READ_FORMATS) as picture:
                (width, height), kind = picture.size, str(picture.format)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise InputError('this is no picture that can be read: use JPEG, PNG or WebP') from None
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f'the picture is damaged ({telling_line(error)})') from error
    if width * height > MOST_PIXELS:
        raise InputError(
            f'the picture has {width}x{height} pixels, but at most {MOST_PIXELS // 10**6} million '
            'are taken: save a smaller one'
        )
    return ENDINGS.get(kind, f'.{kind.lower()}')


def safe_name(name: str, ending: str, taken: Container[str]) -> str:
    """Return a file's name that is nothing but a name, as like the given one as may be.

    None of those `taken` is returned, which are in small letters: not every file system tells
    them from capitals.

    >>> safe_name('../My photo (1).JPG', '.jpg', {'my_photo_1.jpg'})
    'My_photo_1-2.jpg'
    """
    stem = re.sub(r'\W+', '_', Path(name).stem).strip('_')[:LONGEST_NAME] or 'picture'
    number, safe = 1, stem + ending
    while safe.casefold() in taken:
        number += 1
        safe = f'{stem}-{number}{ending}'
    return safe
