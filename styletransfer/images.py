"""Files <-> RGB arrays <-> the network's input: load, preprocess, postprocess, save.

A picture in a file has a width and a height; an array has rows and columns. ``image_shape`` is
(width, height) everywhere in this package, as on the command line; arrays are (height, width, 3)
for pictures and (n, 3, height, width) for the network. The two meet in this module only.
"""

from __future__ import annotations

import math
import os
import re
import warnings
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple, Union

import numpy
from mxnet import image
from mxnet import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from styletransfer.errors import InputError, unknown
from styletransfer.files import assets_folder, open_regular, reading, replacing

ImageShape = Tuple[int, int]  # (width, height)

# of ImageNet's pictures, red, green, blue on a scale of 0-1: what VGG was trained to expect
rgb_mean = np.array([0.485, 0.456, 0.406])
rgb_std = np.array([0.229, 0.224, 0.225])

# what a network's input looks like: mean and standard deviation of red, green, blue on 0-1
PIXELS = {
    'imagenet': (rgb_mean, rgb_std),
    # Caffe's, and so Keras's: 0-255 less the mean colour
    'caffe': (np.array([123.68, 116.779, 103.939]) / 255, np.array([1 / 255] * 3)),
}

# where a picture may start besides the pictures: uniform noise between two levels of 0-255
NOISE = {'noise': (0, 255), 'grey_noise': (108, 148)}

READ_FORMATS = ('JPEG', 'PNG', 'WEBP', 'TIFF', 'BMP', 'GIF', 'PPM')
_SAVE_OPTIONS: Dict[str, Dict[str, Any]] = {
    '.png': {'format': 'PNG'},
    '.jpg': {'format': 'JPEG', 'quality': 95, 'subsampling': 0},
    '.jpeg': {'format': 'JPEG', 'quality': 95, 'subsampling': 0},
    '.webp': {'format': 'WEBP', 'quality': 95},
    '.tif': {'format': 'TIFF', 'compression': 'tiff_lzw'},
    '.tiff': {'format': 'TIFF', 'compression': 'tiff_lzw'},
}

PICTURE_FORMATS = tuple(suffix[1:] for suffix in _SAVE_OPTIONS)

_LARGEST = {'JPEG': 65500, 'WEBP': 16383}  # pixels a side; others take any picture
_DAMAGED = 'it may be damaged; save it anew, as PNG'
_BAND = 1 << 20  # pixels that are converted at a time
_one_at_a_time = Lock()


def parse_shape(text: str) -> ImageShape:
    """Return (width, height) from text such as '560x320'.

    Raises
    ------
    InputError
        If the text is not two positive whole numbers with an x between them.
    """
    match = re.fullmatch(r'\s*(\d{1,6})x(\d{1,6})\s*', text, flags=re.ASCII)
    if not match or not int(match[1]) or not int(match[2]):
        raise InputError(
            f"'{text}' is not a shape: give width and height in pixels with the letter x "
            'between them, such as 560x320'
        )
    return int(match[1]), int(match[2])


def resized(img: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Return a picture of another size: averaged where it gets smaller, smooth where larger.

    A side that gets shorter is averaged by area: each new pixel is the mean of all that it
    covers, so that fine detail becomes an even tone and not noise. A side that gets longer is
    drawn along cubic splines, curves through the old pixels that show no trace of their grid.
    The curves swing over at edges; what gets darker or lighter than the picture was is clipped.

    Parameters
    ----------
    img : np.ndarray of shape (height, width, channels)
        Integers or floats: a picture, or a mask with one channel.
    image_shape : (int, int)
        Width and height; the aspect ratio is not kept.

    Returns
    -------
    np.ndarray of shape (new height, new width, channels), float32

    Notes
    -----
    MXNet's ``imresize`` is bilinear unless told otherwise: each new pixel is a mean of the four
    old ones next to it, and what lies between is not looked at. A picture made much smaller so
    becomes noise where it had fine detail; made larger, it bends at each of its old pixels.
    OpenCV's cubic curves, which have a slope of their own at each pixel, bend a plain slope into
    steps of the old pixels' length. A spline does neither.
    """
    from scipy import ndimage  # type: ignore[import-untyped]

    img = img.astype('float32')
    darkest, lightest = img.min(), img.max()
    width, height = (min(sides) for sides in zip(image_shape, img.shape[1::-1]))
    img = image.imresize(img, width, height, interp=3)  # OpenCV's INTER_AREA
    if image_shape != (width, height):
        factors = image_shape[1] / height, image_shape[0] / width
        planes = [
            ndimage.zoom(plane, factors, mode='reflect', grid_mode=True)
            for plane in img.transpose(2, 0, 1).asnumpy()
        ]
        img = np.array(numpy.stack(planes, axis=2), ctx=img.ctx)
    return np.minimum(np.maximum(img, darkest), lightest)


def softened(img: np.ndarray, radius: float) -> np.ndarray:
    """Return a picture without its finest detail: under a Gaussian of this radius in pixels.

    Parameters
    ----------
    img : np.ndarray of shape (height, width, channels)
    radius : float
        The standard deviation; 0 leaves the picture as it is.
    """
    if not radius:
        return img
    from scipy import ndimage

    soft = ndimage.gaussian_filter(img.asnumpy(), (radius, radius, 0))
    return np.array(soft, ctx=img.ctx)


def preprocess(
    img: np.ndarray,
    image_shape: ImageShape,
    mean: np.ndarray = rgb_mean,
    std: np.ndarray = rgb_std,
) -> np.ndarray:
    r"""Return a picture as the network reads it: resized, standardised, channels first.

    .. math:: X_c = \frac{I_c / 255 - \mu_c}{\sigma_c}

    with :math:`\mu` and :math:`\sigma` the mean and standard deviation of channel c.

    Parameters
    ----------
    img : np.ndarray of shape (height, width, 3)
        RGB in 0-255, integers or floats.
    image_shape : (int, int)
        Width and height; the aspect ratio is not kept.
    mean, std : np.ndarray of shape (3,)
        ImageNet's, unless the network wants others (`PIXELS`).

    Returns
    -------
    np.ndarray of shape (1, 3, height, width), float32
    """
    img = (resized(img, image_shape) / 255 - mean) / std
    return np.expand_dims(img.transpose(2, 0, 1), axis=0)


def postprocess(
    img: np.ndarray, mean: np.ndarray = rgb_mean, std: np.ndarray = rgb_std
) -> np.ndarray:
    r"""Undo the standardisation of `preprocess` and clip to what a screen can show.

    .. math:: I_c = \min(\max(X_c \sigma_c + \mu_c, 0), 1)

    Parameters
    ----------
    img : np.ndarray of shape (1, 3, height, width)
    mean, std : np.ndarray of shape (3,)
        As they were given to `preprocess`.

    Returns
    -------
    np.ndarray of shape (height, width, 3)
        RGB in 0-1, on the CPU.
    """
    img = img[0].as_in_ctx(std.ctx)
    return (img.transpose(1, 2, 0) * std + mean).clip(0, 1)


def load_image(path: Union[str, Path], image_shape: Optional[ImageShape] = None) -> np.ndarray:
    """Return the picture in a file as sRGB, the way up it was taken, over white if see-through.

    Parameters
    ----------
    path : str or Path
        JPEG, PNG, WebP, TIFF (and BMP, GIF, PPM); grey, palette, CMYK, 8 or 16 bits a channel.
        Embedded colour profiles are converted to sRGB. Of several frames the first is taken.
    image_shape : (int, int), optional
        What it will be resized to. A picture more than twice as large is averaged down to no
        less than twice that size, so that nobody works on pixels by the million that will not
        be seen; `preprocess` does the rest.

    Returns
    -------
    np.ndarray of shape (height, width, 3), uint8

    Raises
    ------
    InputError
        If there is no such file, it is not a picture, it is damaged, or it has more than
        89 million pixels (Pillow's limit; found out before any pixel is decoded).
    """
    name = f"picture '{path}'"
    with open_regular(path) as file, reading(f'cannot read {name}', _DAMAGED):
        try:
            pixels = _decoded(file, image_shape)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise InputError(
                f'{name} has more than {Image.MAX_IMAGE_PIXELS} pixels: save a smaller one'
            ) from None
        except UnidentifiedImageError:
            raise InputError(
                f"'{path}' is not a picture that can be read here: use JPEG, PNG, WebP or TIFF"
            ) from None
    return np.array(pixels, dtype='uint8')


def _decoded(file: BinaryIO, image_shape: Optional[ImageShape]) -> numpy.ndarray:
    """Return a file's picture as 8-bit sRGB without transparency, averaged down if it is large.

    Of the whole picture there is one copy, as the file has it; all that becomes of it is done
    band by band.
    """
    with warnings.catch_warnings():
        # a damaged tag of a readable picture is nobody's concern; a bomb is
        warnings.simplefilter('ignore')
        warnings.simplefilter('error', Image.DecompressionBombWarning)
        with Image.open(file, formats=READ_FORMATS) as picture:
            with _silent(picture.format):
                picture.load()
            with suppress(Exception):  # a damaged tag in a readable picture: it stays as it lies
                ImageOps.exif_transpose(picture, in_place=True)
            width, height = picture.size
            factor = 1
            if image_shape:
                factor = max(1, min(width // image_shape[0], height // image_shape[1]) // 2)
            pixels = numpy.empty((-(-height // factor), -(-width // factor), 3), 'uint8')
            rows = factor * max(1, _BAND // (factor * width))
            for top in range(0, height, rows):
                band = picture.crop((0, top, width, min(height, top + rows)))
                band = _to_srgb(band)
                band = band.reduce(factor) if factor > 1 else band
                pixels[top // factor :][: band.height] = band
    return pixels


@contextmanager
def _silent(kind: Optional[str]) -> Iterator[None]:
    """Keep libtiff, a library in C, from printing what it thinks of a damaged file: we say it."""
    if kind != 'TIFF':
        yield
        return
    with _one_at_a_time, open(os.devnull, 'w') as nowhere:
        kept = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _to_srgb(picture: Image.Image) -> Image.Image:
    """Return a picture, or a band of one, as 8-bit sRGB without transparency."""
    profile = picture.info.get('icc_profile')
    if picture.mode.startswith('I'):  # 16-bit grey, which Pillow would clip at 255
        grey = numpy.asarray(picture).astype('float64')
        if grey.min() < 0 or grey.max() > 65535:
            raise ValueError('more than 16 bits a channel')
        picture = Image.fromarray((grey / 257).round().astype('uint8'))
    elif picture.mode == 'F':
        raise ValueError('floating-point numbers for pixels')
    alpha = None
    if 'A' in picture.mode or 'a' in picture.mode or 'transparency' in picture.info:
        alpha = picture.convert('RGBA').getchannel('A')
        picture = picture.convert('L' if picture.mode == 'LA' else 'RGB')
    elif picture.mode not in ('L', 'CMYK'):
        picture = picture.convert('RGB')
    if profile:
        picture = _apply_profile(picture, profile)
    picture = picture.convert('RGB')
    if alpha is not None:
        white = Image.new('RGB', picture.size, 'white')
        picture = Image.composite(picture, white, alpha)
    return picture


def _apply_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert to sRGB by the colour profile that came with a picture, if it fits its colours."""
    spaces = {'RGB': 'RGB', 'L': 'GRAY', 'CMYK': 'CMYK'}
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != spaces[picture.mode]:
            return picture
        target = ImageCms.createProfile('sRGB')
        return ImageCms.profileToProfile(picture, source, target, outputMode='RGB') or picture
    except (ImageCms.PyCMSError, OSError):  # a damaged profile: the colours as they are
        return picture


def as_picture(img: np.ndarray) -> Image.Image:
    """Return RGB in 0-1, of shape (height, width, 3), rounded to Pillow's 256 levels."""
    return Image.fromarray((img.asnumpy() * 255).round().astype('uint8'))


def check_size(ending: str, image_shape: ImageShape) -> None:
    """Refuse a picture with more pixels a side than the format has room for.

    Raises
    ------
    InputError
        If it has; the message names a format that has room.
    """
    most = _LARGEST.get(_SAVE_OPTIONS[f'.{ending}']['format'], math.inf)
    if max(image_shape) > most:
        raise InputError(
            f'a {ending} has room for {most} pixels a side, but the picture has '
            f'{max(image_shape)}: choose png'
        )


def save_image(path: Union[str, Path], img: np.ndarray) -> None:
    """Write a picture to a file, in the format its ending says, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Ending in .png, .jpg or .jpeg (quality 95), .webp, .tif or .tiff.
    img : np.ndarray of shape (height, width, 3)
        RGB in 0-1, as `postprocess` returns it; rounded to the nearest of 256 levels.

    Raises
    ------
    InputError
        If the ending is another, the picture is too large, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SAVE_OPTIONS:
        known = ', '.join(_SAVE_OPTIONS)
        raise InputError(f"cannot write a picture named '{path}': its name must end in {known}")
    check_size(suffix[1:], img.shape[1::-1])
    options = _SAVE_OPTIONS[suffix]
    with replacing(Path(path)) as temporary, _silent(options['format']):
        as_picture(img).save(temporary, **options)


def show(pictures: Dict[str, np.ndarray], width: float = 10, **options: Any) -> None:
    """Show a dictionary of pictures, title to array, in a row of equal height.

    Parameters
    ----------
    pictures : dict of str to np.ndarray of shape (height, width, 3) or (height, width)
        RGB in 0-255 if whole numbers, in 0-1 if not; or one number for each pixel.
    width : float
        Of the whole row, in inches.
    options
        As of matplotlib's ``imshow``.
    """
    from matplotlib import pyplot as plt

    shapes = [img.shape[1] / img.shape[0] for img in pictures.values()]
    _, axes = plt.subplots(
        1,
        len(shapes),
        figsize=(width, width / sum(shapes) + 0.3),
        width_ratios=shapes,
        squeeze=False,
        layout='constrained',
    )
    for ax, (title, img) in zip(axes[0], pictures.items()):
        ax.imshow(img.asnumpy(), **options)
        ax.set_title(title, fontsize='medium')
        ax.set_axis_off()


def noise(kind: str, shape: ImageShape, seed: int) -> np.ndarray:
    """Return a picture (height, width, 3) of one of the kinds of `NOISE`, in 0-255."""
    width, height = shape
    numbers = numpy.random.default_rng(seed).uniform(*NOISE[kind], (height, width, 3))
    return np.array(numbers, dtype='float32')


def find_pictures(folder: Union[str, Path], deep: bool = False) -> List[Path]:
    """Return all files in a folder that are called as pictures are, sorted by name.

    With `deep` also those in the folders in it. What the system does not let us look into holds
    none.
    """
    found, folders = [], [str(folder)]
    while folders:  # a list, as folders lie in folders deeper than functions may call each other
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if deep:
                        folders.append(entry.path)
                elif Path(entry.name).suffix.lower() in _SAVE_OPTIONS:
                    found.append(Path(entry.path))
    return sorted(found)


# the pictures that came first: what is measured over them does not change when others join them
FIRST_SAMPLES = {
    'content': ('colosseum', 'lake', 'otter', 'rooftops'),
    'style': ('ink_wash', 'oil_strokes', 'stained_glass', 'woodblock'),
}


def samples(kind: str) -> Dict[str, Path]:
    """Return the bundled pictures, name to file.

    `kind` is 'content', 'style', 'labels' or 'collections'. Labels are label pictures (see
    `regions`) of photographs that have the same name; collections are sheets of small pictures.
    """
    return {path.stem: path for path in find_pictures(assets_folder() / kind)}


def picture_path(name: str, kind: str) -> Path:
    """Return the file meant by `name`: a file, or the name of a bundled sample.

    Raises
    ------
    InputError
        If it is neither; the message names the sample or file it may have meant.
    """
    known = samples(kind)
    if name in known:
        return known[name]
    if Path(name).suffix or os.path.exists(name) or '/' in name:
        return Path(name)
    raise unknown(f'file or bundled {kind} picture', name, known)
