"""What of a clip is sent to other processes and machines: frames in one pass, or whole scenes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, Hashable, Iterable, Iterator, NamedTuple, Union

import numpy

from styletransfer import trained
from styletransfer.cluster import (
    Luggage,
    OtherWorldError,
    in_order,
    outcomes,
    packed,
    unpacked,
)
from styletransfer.errors import InputError
from styletransfer.feedforward import painting
from styletransfer.files import replacing
from styletransfer.images import picture_path
from styletransfer.outputs import as_json
from styletransfer.video import onepass, optimised
from styletransfer.video.clips import Clip
from styletransfer.video.kept import Kept
from styletransfer.video.optimised import Scene, paint_scene, scenes_of
from styletransfer.video.ways import by_optimisation
from styletransfer.video.wish import Wish

OnWork = Callable[[float], None]


def send(
    client: Any,
    way: Union[onepass.Painter, optimised.Artist],
    wish: Wish,
    clip: Clip,
    kept: Kept,
    on_work: OnWork,
) -> None:
    """Let a cluster paint the frames of a clip that are not kept yet."""
    if isinstance(way, onepass.Painter):
        way.paint(clip, kept, on_work, frames_by(client, wish, way))
    else:
        send_scenes(client, way, wish, clip, kept, on_work)


# --- in one pass ---------------------------------------------------------------------------------


class FramePiece(NamedTuple):
    """A frame to be painted in one pass, of which no other knows."""

    img: numpy.ndarray
    wish: painting.Wish
    luggage: Luggage  # the network, and the pictures that it reads


def frames_by(client: Any, wish: Wish, painter: onepass.Painter) -> onepass.Each:
    """Return what paints frames on a cluster, in their order."""
    files: Dict[Hashable, Path] = {'net': trained.find(wish.net or '')}
    if painter.net.statistics:
        files.update({name: picture_path(name, 'style') for name in painter.wish.style})
    luggage = packed(files)

    def each(imgs: Iterable[numpy.ndarray]) -> Iterator[numpy.ndarray]:
        pieces = (FramePiece(img, painter.wish, luggage) for img in imgs)
        return in_order(client, paint_frame, pieces)

    return each


def paint_frame(piece: FramePiece) -> numpy.ndarray:
    """Paint a frame that was sent, on a worker."""
    with unpacked(piece.luggage) as places:
        style = tuple(places.get(name, name) for name in piece.wish.style)
        wish = replace(piece.wish, style=style)
        painter = onepass.Painter(network_in(piece.luggage['net'][1]), wish, 0.0)
        return painter.painted(piece.img)


@lru_cache(maxsize=1)
def network_in(content: bytes) -> trained.Painter:
    """Return the painter in a file: it is compiled once, and not for each frame."""
    with unpacked({'net': ('network.safetensors', content)}) as places:
        return trained.load(Path(places['net']))


# --- by optimisation -----------------------------------------------------------------------------


class ScenePiece(NamedTuple):
    """A scene to be painted by optimisation."""

    wish: Wish
    made: Dict[str, Any]  # on what its frames depend, as of `by_optimisation`
    scene: Scene
    luggage: Luggage  # the paintings
    frames: Luggage  # of the clip, and those that are painted already


Frames = Dict[int, bytes]  # by number, what is in their files


def send_scenes(
    client: Any, artist: optimised.Artist, wish: Wish, clip: Clip, kept: Kept, on_work: OnWork
) -> None:
    """Let a cluster paint the scenes of a clip whose frames are not all kept yet.

    Raises
    ------
    InputError
        If one cannot be painted.
    """
    wish = settled(wish, artist)
    left = [
        scene
        for scene in scenes_of(clip, kept)
        if not all(index in kept for index in range(scene.first, scene.last))
    ]
    made = as_json(by_optimisation(wish, artist.plan.shape)[1])
    luggage = packed(files_of(wish))
    pieces = (
        ScenePiece(wish, made, scene, luggage, packed(frames_of(scene, kept))) for scene in left
    )
    for number, result in outcomes(client, paint_sent_scene, pieces):
        if isinstance(result, InputError):
            raise result
        for index, content in result.items():
            with replacing(kept.path(index)) as temporary:
                temporary.write_bytes(content)
            on_work(1.0)
        kept.within(left[number].name).remove()
    kept.within(optimised.SOURCE).remove()


def settled(wish: Wish, artist: optimised.Artist) -> Wish:
    """Return a wish in which what depends on the machine is said."""
    plan = artist.plan
    here = {'backbone': plan.backbone, 'device': plan.device.device_type}
    asked = {**dict(wish.painting), **here}
    return replace(wish, painting=tuple(asked.items()), cluster=None, quiet=True)


def files_of(wish: Wish) -> Dict[Hashable, Path]:
    """Return the files that a wish names besides the clip, by field and name."""
    asked = dict(wish.painting)
    styles = wish.of_frames((64, 64)).style
    files: Dict[Hashable, Path] = {('style', name): picture_path(name, 'style') for name in styles}
    if asked.get('weights') not in (None, 'random'):
        files['weights', asked['weights']] = Path(asked['weights'])
    return files


def frames_of(scene: Scene, kept: Kept) -> Dict[Hashable, Path]:
    """Return the files of a scene, by their place among the frames that are kept."""
    indices = range(scene.first, scene.last)
    folders = (kept, kept.within(optimised.SOURCE))
    found = [f.path(index) for f in folders for index in indices if index in f]
    found += [path for path in (kept.folder / scene.name).rglob('*.png') if path.is_file()]
    return {path.relative_to(kept.folder).as_posix(): path for path in found}


def paint_sent_scene(piece: ScenePiece) -> Frames:
    """Paint a scene that was sent, on a worker; return the frames that were missing.

    Raises
    ------
    OtherWorldError
        If its network is not ours.
    """
    with unpacked(piece.luggage) as places, TemporaryDirectory() as folder:
        kept = Kept(Path(folder))
        for place, (_, content) in piece.frames.items():
            path = Path(folder, str(place))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        height, width, _ = kept.within(optimised.SOURCE)[piece.scene.first].shape
        artist, made = by_optimisation(moved(piece.wish, places), (width, height))
        if as_json(made) != piece.made:
            raise OtherWorldError(
                'a worker has another network than is here: compare with  '
                'python -m styletransfer.doctor'
            )
        missing = [i for i in range(*piece.scene) if i not in kept]
        paint_scene(artist, piece.scene, kept.within(optimised.SOURCE), kept, lambda share: None)
        return {index: kept.path(index).read_bytes() for index in missing}


def moved(wish: Wish, places: Dict[Hashable, str]) -> Wish:
    """Return a wish whose files lie somewhere else."""
    asked = dict(wish.painting)
    styles = wish.of_frames((64, 64)).style
    asked['style'] = tuple(places['style', name] for name in styles)
    if 'weights' in asked:
        asked['weights'] = places.get(('weights', asked['weights']), asked['weights'])
    return replace(wish, painting=tuple(asked.items()))
