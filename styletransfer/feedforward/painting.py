"""The job ``paint``: photos become paintings, each in one pass of a trained network."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Hashable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from mxnet import numpy as np

import styletransfer
from styletransfer import trained
from styletransfer.cluster import (
    Luggage,
    connected,
    outcomes,
    packed,
    parse_cluster,
    told,
    unpacked,
)
from styletransfer.color import PRESERVE_COLOR, find_preservation, luminance
from styletransfer.command import Parser, argument, finite, one_line
from styletransfer.controls import check_regions, check_weights
from styletransfer.errors import InputError, printable
from styletransfer.files import file_hash, fits, read_json, replacing
from styletransfer.images import (
    PICTURE_FORMATS,
    ImageShape,
    check_size,
    find_pictures,
    load_image,
    parse_shape,
    picture_path,
    resized,
    save_image,
)
from styletransfer.outputs import check_writable, is_there
from styletransfer.progress import progress_bar
from styletransfer.recipes import option, shape_text
from styletransfer.train.wish import flag, parse_shares

STDOUT = '-'
OURS = {'net': str, 'content': str, 'style': [str]}  # how a record is made


def make_parser(command: str, first: str) -> Parser:
    """Return the job's parser, for the command of a family and the network that it has first."""
    parser = Parser(f'{command} paint', 'Paint photos in one pass.')
    add = parser.add_argument
    add('photos', nargs='+', help='files, folders or samples')
    add('--net', default=first, help='a bundled network or a file (%(default)s)')
    for name, entry in OPTIONS.items():
        facts = dict(entry.metadata)
        several = facts['parse'] is str and isinstance(entry.default, tuple)
        add(
            flag(name),
            nargs='+' if several else None,
            type=argument(facts['parse']),
            metavar=facts.get('metavar'),
            default=entry.default,
            help=facts['help'],
        )
    add(
        '--output',
        default='outputs',
        help="a folder, a file for one picture, or '-' to print it as PNG (%(default)s)",
    )
    add('--format', default='png', help=', '.join(PICTURE_FORMATS))
    add(
        '--cluster',
        type=argument(parse_cluster),
        metavar='ADDRESS',
        help='paint on local:N processes or a Dask scheduler',
    )
    add('--list', action='store_true', help="list the network's styles, and stop")
    add('--plan', action='store_true', help='say what would be painted, and stop')
    add('--quiet', action='store_true', help='no bar and no messages')
    return parser


@dataclass(frozen=True)
class Wish:
    """What may be asked of a painting, besides the photo and the network.

    Raises
    ------
    InputError
        If a value cannot be, or two do not go together.
    """

    style: Tuple[str, ...] = option(
        (),
        "the network's, by name (its first), or any pictures for one that reads them; "
        'several are mixed',
        str,
    )
    style_weights: Tuple[float, ...] = option((), '0.7,0.3', parse_shares, metavar='SHARES')
    strength: float = option(
        1.0,
        '0 is the photo, as well as a network for any style can repeat it (%(default)s)',
        finite,
    )
    preserve_color: Optional[str] = option(
        None, ', '.join(PRESERVE_COLOR), str, metavar='WAY', table=PRESERVE_COLOR
    )
    shape: Optional[ImageShape] = option(
        None,
        "a box for the result, in the photo's proportions (the photo's size)",
        parse_shape,
        metavar='WIDTHxHEIGHT',
    )
    mask: Tuple[str, ...] = option(
        (), 'where each style goes, white on black', str, metavar='FILE'
    )

    def __post_init__(self) -> None:
        check_regions(len(self.style), len(self.mask))
        if self.style_weights and self.mask:
            raise InputError(
                '--style-weights mixes styles, but masks keep them apart: leave one out'
            )
        if self.style_weights:
            check_weights(self.style_weights, len(self.style))
        if not 0 <= self.strength <= 1:
            raise InputError(f'--strength is {self.strength:g}: it must be between 0 and 1')
        if self.preserve_color:
            find_preservation(self.preserve_color)


OPTIONS = {entry.name: entry for entry in fields(Wish)}


def painted(painter: trained.Painter, img: np.ndarray, wish: Wish) -> np.ndarray:
    r"""Return a photo as a network paints it.

    With masks it is painted once for each style, and each place has what its masks say; where they
    leave something to say, that is the photo:

    .. math:: Y = \sum_k m_k Y_k + (1 - \sum_k m_k) X,

    with the masks over their sum where that is above 1.

    Where colours are to be kept, the ways of `color.PRESERVE_COLOR` are used with the painting in
    place of the style picture, as the network was trained on that long ago.

    Parameters
    ----------
    painter : Painter
    img : np.ndarray of shape (height, width, 3)
        RGB in 0-255.
    wish : Wish

    Returns
    -------
    np.ndarray of shape (height, width, 3)
        RGB in 0-1.

    Raises
    ------
    InputError
        If the network has no such style, or a mask cannot be used.
    """
    if wish.mask:
        masks = [load_mask(Path(name), img.shape[1::-1])[:, :, None] for name in wish.mask]
        total = np.maximum(sum(masks), 1)
        styles = wish.style if len(wish.style) > 1 else wish.style * len(masks)
        regions = [painted(painter, img, replace(wish, style=(s,), mask=())) for s in styles]
        result = sum(m / total * Y for m, Y in zip(masks, regions))
        return result + (1 - sum(masks) / total) * img / 255
    S = painter.shares(wish.style, wish.style_weights)
    if not wish.preserve_color:
        return painter.paint(img, S, wish.strength)
    steps = find_preservation(wish.preserve_color)
    result = painter.paint(steps.content(img), S, wish.strength)
    return steps.result((steps.style(result * 255, img) / 255).clip(0, 1), img)


def load_mask(path: Path, shape: ImageShape) -> np.ndarray:
    """Return the mask in a file at a shape: 1 where the picture is white, 0 where it is black."""
    return resized(luminance(load_image(path, shape)), shape)[:, :, 0] / 255


class Entry(NamedTuple):
    """One painting to be made: of which photo, into which file (none: to be printed)."""

    photo: Path
    file: Optional[Path]

    @property
    def format(self) -> str:
        """Return the format of its picture."""
        return self.file.suffix.lower()[1:] if self.file else 'png'


def entries(args: Any, style: Sequence[str]) -> List[Entry]:
    """Return what there is to paint.

    Raises
    ------
    InputError
        If there are no pictures, two results would have the same name, or --output is for one.
    """
    photos: List[Path] = []
    for name in args.photos:
        path = picture_path(name, 'content')
        found = [p for p in find_pictures(path) if p.name[0] != '.'] if path.is_dir() else [path]
        if not found:
            raise InputError(f"there are no pictures in '{path}'")
        photos += found
    output = Path(args.output)
    single = args.output == STDOUT or output.suffix.lower()[1:] in PICTURE_FORMATS
    if single and len(photos) > 1:
        raise InputError(f"--output '{args.output}' is for one picture, not for {len(photos)}")
    if args.output == STDOUT:
        return [Entry(photos[0], None)]
    if single:
        return [Entry(photos[0], output)]
    if args.format not in PICTURE_FORMATS:
        raise InputError(f"--format is '{args.format}', not one of {', '.join(PICTURE_FORMATS)}")
    made: Dict[str, Path] = {}
    for photo in photos:
        name = f'{photo.stem}--{"+".join(Path(name).stem for name in style)}.{args.format}'
        if name in made:
            raise InputError(
                f"'{made[name]}' and '{photo}' would both become '{name}': paint them into "
                'folders of their own'
            )
        made[name] = photo
    return [Entry(photo, output / name) for name, photo in made.items()]


def record_path(file: Path) -> Path:
    """Return where the record of a painting lies: beside it."""
    return file.with_suffix('.json')


def check_files(found: Sequence[Entry]) -> None:
    """Refuse to write over pictures that this job has not made."""
    for _, file in found:
        if not file:
            continue
        check_writable(file.parent, (1000, 1000))
        for path in (file, record_path(file)):
            if is_there(path) and not _is_record(record_path(file)):
                raise InputError(
                    f"'{path}' is not of an earlier painting and would be overwritten: choose "
                    'another --output'
                )


def _is_record(path: Path) -> bool:
    try:
        return fits(read_json(path), OURS)
    except InputError:
        return False


def read(painter: trained.Painter, photo: Path, shape: Optional[ImageShape]) -> np.ndarray:
    """Return a photo, RGB in 0-255, as large as fits into a box, or without one as it is.

    A painter of pictures of one size gets it at that.
    """
    if painter.side:
        shape = (painter.side, painter.side)
        return resized(load_image(photo, shape), shape)
    if not shape:
        return load_image(photo)
    img = load_image(photo, shape)
    height, width = img.shape[:2]
    scale = min(shape[0] / width, shape[1] / height)
    return resized(img, (max(1, round(width * scale)), max(1, round(height * scale))))


def run(argv: Sequence[str], command: str, first: str) -> int:
    """Run the job and return its exit status: 1 if some pictures could not be painted.

    Parameters
    ----------
    argv : sequence of str
    command, first : str
        What is run, and which network it has if none is asked for.
    """
    args = make_parser(command, first).parse_args(argv)
    net = trained.find(args.net)
    painter = trained.load(net)
    if args.list:
        print(*painter.styles or ['any picture'])
        return 0
    given = {name: getattr(args, name) for name in OPTIONS}
    given['style'] = given['style'] or painter.styles[:1]
    asked: Dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    wish = Wish(**asked)
    # what is wrong with these is told now, and not once for each photo
    painter.shares(wish.style, wish.style_weights)
    for name in wish.mask:
        load_image(name)
    found = entries(args, wish.style)
    check_files(found)
    if args.plan:
        for photo, file in found:
            width, height = read(painter, photo, wish.shape).shape[1::-1]
            print(printable(f'{photo}: {shape_text((width, height))}, into {file or "stdout"}'))
        return 0
    failed: Dict[str, str] = {}
    ways = sent(args.cluster, net, wish, found) if args.cluster else here(painter, wish, found)
    with ways as (words, results), progress_bar(
        ' [{elapsed}<{remaining}]', total=len(found), disable=args.quiet
    ) as bar:
        if words and not args.quiet:
            bar.write(words)
        for number, made in results:
            entry = found[number]
            try:
                if isinstance(made, InputError):
                    raise made
                write(made, painter, net, wish, entry)
            except InputError as error:
                if len(found) == 1:
                    raise
                failed[entry.photo.name] = str(error)
            bar.set_description_str(printable(entry.photo.name), refresh=False)
            bar.update()
    for name, reason in failed.items():
        print(one_line(f'{name} failed: {reason}'), file=sys.stderr)
    if not args.quiet and args.output != STDOUT and len(failed) < len(found):
        what = 'paintings are' if len(found) > 1 else 'painting is'
        print(printable(f'The {what} in {args.output}.'))
    return 1 if failed else 0


class Made(NamedTuple):
    """A painting: what is in its file, its width and height, and the seconds that it took."""

    file: bytes
    shape: ImageShape
    seconds: float


Results = Iterator[Tuple[int, Any]]  # the number of an entry, and what `paint_one` made or raised


@contextmanager
def here(
    painter: trained.Painter, wish: Wish, found: Sequence[Entry]
) -> Iterator[Tuple[str, Results]]:
    """Give what comes of each entry, painted here one after the other."""

    def results() -> Results:
        for number, entry in enumerate(found):
            try:
                yield number, paint_one(painter, entry.photo, entry.format, wish)
            except InputError as error:
                yield number, error

    yield '', results()


class Piece(NamedTuple):
    """One painting to be made somewhere else."""

    wish: Wish
    format: str
    luggage: Luggage  # the photo, the network, and what the wish names


@contextmanager
def sent(
    address: str, net: Path, wish: Wish, found: Sequence[Entry]
) -> Iterator[Tuple[str, Results]]:
    """Give what comes of each entry, as each is done by a cluster, and a line on the cluster."""
    common: Dict[Hashable, Path] = {'net': net}
    common.update({('mask', name): Path(name) for name in wish.mask})
    if trained.load(net).statistics:
        common.update({('style', name): picture_path(name, 'style') for name in wish.style})
    luggage = packed(common)

    def pieces() -> Iterator[Piece]:
        for entry in found:
            yield Piece(wish, entry.format, {**luggage, **packed({'photo': entry.photo})})

    with connected(address) as client:
        yield told(client), outcomes(client, paint_sent, pieces())


def paint_sent(piece: Piece) -> Made:
    """Paint what was sent, on a worker."""
    with unpacked(piece.luggage) as places:
        wish = replace(
            piece.wish,
            style=tuple(places.get(('style', name), name) for name in piece.wish.style),
            mask=tuple(places['mask', name] for name in piece.wish.mask),
        )
        painter = trained.load(Path(places['net']))
        return paint_one(painter, Path(places['photo']), piece.format, wish)


def paint_one(painter: trained.Painter, photo: Path, format: str, wish: Wish) -> Made:
    """Paint one photo.

    Raises
    ------
    InputError
        If the photo cannot be read, or is too large for a picture of that format.
    """
    start = time.perf_counter()
    img = read(painter, photo, wish.shape)
    check_size(format, img.shape[1::-1])
    result = painted(painter, img, wish)
    with TemporaryDirectory() as folder:
        path = Path(folder, f'painting.{format}')
        save_image(path, result)
        return Made(path.read_bytes(), result.shape[1::-1], time.perf_counter() - start)


def write(made: Made, painter: trained.Painter, net: Path, wish: Wish, entry: Entry) -> None:
    """Write a painting and its record, or print it.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    if not entry.file:
        sys.stdout.buffer.write(made.file)
        return
    with replacing(entry.file) as temporary:
        temporary.write_bytes(made.file)
    record = {
        'net': str(net),
        'net_sha256': painter.notes['sha256'],
        'content': str(entry.photo),
        'content_sha256': file_hash(entry.photo),
        'image_shape': made.shape,
        'style': wish.style,
        'style_weights': wish.style_weights,
        'strength': wish.strength,
        'preserve_color': wish.preserve_color,
        'mask': wish.mask,
        'seconds': round(made.seconds, 3),
        'version': styletransfer.__version__,
    }
    with replacing(record_path(entry.file)) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')
