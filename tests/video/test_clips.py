"""Clips as people have them: rates, rotation, see-through and odd frames, sound, damage."""

import sys
from fractions import Fraction

import av
import numpy
import pytest
from clip_files import folder_of, moving, scenery, write

from styletransfer.errors import InputError
from styletransfer.video import clips
from styletransfer.video.clips import Clip, digest, facts, frames, frames_in, times
from styletransfer.video.encoding import container_of, write_clip


@pytest.fixture(scope='module')
def imgs():
    return moving(8)


@pytest.fixture(scope='module')
def file(imgs, tmp_path_factory):
    return write(tmp_path_factory.mktemp('clip') / 'clip.mp4', imgs, sound='aac')


def close(ours, theirs, most=4.0):
    """Compare pictures that went through YUV: some levels are lost."""
    assert ours.shape == theirs.shape
    assert numpy.abs(ours.astype('float') - theirs).mean() < most


def test_a_file(file, imgs):
    told = facts(Clip(file))
    assert told[:3] == ((48, 36), 8, 25)
    assert told.sound == 'aac'
    found = list(frames(Clip(file)))
    assert [frame.number for frame in found] == list(range(8))
    assert [frame.time * told.unit for frame in found] == [Fraction(k, 25) for k in range(8)]
    for frame, img in zip(found, imgs):
        close(frame.img, img)
        assert frame.img.dtype == numpy.uint8


def test_a_folder_of_frames_in_the_order_of_their_numbers(tmp_path):
    imgs = moving(12)
    clip = Clip(folder_of(tmp_path / 'frames', imgs), rate=24 / 1.001)
    assert [path.name for path in frames_in(clip.path)][:3] == ['1.png', '2.png', '3.png']
    told = facts(clip)
    assert told == ((48, 36), 12, Fraction(24000, 1001), Fraction(1001, 24000), None)
    for frame, img in zip(frames(clip), imgs):
        numpy.testing.assert_array_equal(frame.img, img)
    assert len(digest(clip)) == 12


@pytest.mark.parametrize('kind', ['file', 'folder'])
def test_part_of_a_clip(kind, file, imgs, tmp_path):
    path = file if kind == 'file' else folder_of(tmp_path / 'frames', imgs)
    clip = Clip(path, start=0.07, end=0.28, every=2)  # 2 and 7 are the first and last within
    told = facts(clip)
    assert told.frames == 3
    assert told.rate == Fraction(25, 2)
    found = list(frames(clip))
    assert [frame.time * told.unit for frame in found] == [0, Fraction(2, 25), Fraction(4, 25)]
    assert list(times(clip)) == [frame.time for frame in found]
    for frame, k in zip(found, (2, 4, 6)):
        close(frame.img, imgs[k])
    later = list(frames(clip, 1))
    assert [frame.number for frame in later] == [1, 2]
    assert later[0].time == found[1].time
    numpy.testing.assert_array_equal(later[0].img, found[1].img)


def test_a_start_behind_a_key_frame_is_found(tmp_path):
    imgs = moving(30)
    path = write(tmp_path / 'long.mp4', imgs, g='10')
    (frame,) = frames(Clip(path, start=0.92, end=0.95))
    close(frame.img, imgs[23])
    assert frame.time == 0


def test_frames_that_come_when_they_like(tmp_path):
    moments = [0, 3, 4, 9, 20]
    path = write(tmp_path / 'phone.mp4', moving(5), moments, unit=(1, 100))
    told = facts(Clip(path))
    assert [time * told.unit * 100 for time in times(Clip(path))] == moments
    out = tmp_path / 'out.mp4'
    write_clip(out, ((frame.time, frame.img) for frame in frames(Clip(path))), told)
    again = facts(Clip(out))
    assert [time * again.unit * 100 for time in times(Clip(out))] == moments


def test_frames_that_a_file_says_are_shown_at_once_are_not(tmp_path, monkeypatch):
    path, out = write(tmp_path / 'clip.mp4', moving(5), unit=(1, 100)), tmp_path / 'out.mp4'
    told = facts(Clip(path))
    scale = int(Fraction(1, 100) / told.unit)
    damaged = iter([0, 3 * scale, 2 * scale, 3 * scale, 9 * scale])
    monkeypatch.setattr(clips, '_time', lambda *_: next(damaged))
    found = list(frames(Clip(path)))
    assert [frame.time for frame in found] == [
        *(0, 3 * scale, 3 * scale + 1, 3 * scale + 2, 9 * scale)
    ]
    write_clip(out, ((frame.time, frame.img) for frame in found), told)


def turned(path):
    """Write into an MP4 what a telephone held upright writes: turn me by 90 degrees, clockwise."""
    data = path.read_bytes()
    unity = b''.join(n.to_bytes(4, 'big') for n in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    clockwise = (0, 1 << 16, 0, (1 << 32) - (1 << 16), 0, 0, 0, 0, 1 << 30)
    at = data.index(unity, data.index(b'tkhd'))
    matrix = b''.join(n.to_bytes(4, 'big') for n in clockwise)
    path.write_bytes(data[:at] + matrix + data[at + len(matrix) :])
    return path


def test_a_clip_of_a_telephone_held_upright(tmp_path, imgs):
    path = turned(write(tmp_path / 'phone.mp4', imgs[:2]))
    assert facts(Clip(path)).shape == (36, 48)
    close(next(frames(Clip(path))).img, numpy.rot90(imgs[0], -1))


def test_pixels_that_are_not_square(tmp_path, imgs):
    path = write(tmp_path / 'wide.mp4', imgs[:2], aspect=Fraction(4, 3))
    assert facts(Clip(path)).shape == (64, 36)


def test_what_is_see_through_is_over_white(tmp_path):
    img = numpy.zeros((16, 24, 4), 'uint8')
    img[:, :12] = (200, 100, 0, 255)
    img[:, 12:18] = (0, 0, 0, 128)
    path = write(tmp_path / 'alpha.mov', [img] * 2, codec='qtrle', pix_fmt='argb')
    seen = next(frames(Clip(path))).img
    numpy.testing.assert_array_equal(seen[0, 0], (200, 100, 0))
    numpy.testing.assert_allclose(seen[0, 14], 127, atol=1)
    numpy.testing.assert_array_equal(seen[0, 20], 255)


def test_frames_of_another_size_are_averaged(file, imgs):
    clip = Clip(file, shape=(24, 18))
    halves = imgs[0].reshape(18, 2, 24, 2, 3).mean((1, 3))
    close(next(frames(clip)).img, halves)


@pytest.mark.parametrize('ending', ['.mp4', '.webm'])
def test_a_clip_keeps_its_colours_and_gets_even_sides(ending, tmp_path):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128), (250, 200, 20)]
    imgs = [numpy.tile(numpy.array(colour, 'uint8'), (17, 21, 1)) for colour in colours]
    folder = folder_of(tmp_path / 'frames', imgs)
    path = tmp_path / f'clip{ending}'
    write_clip(path, enumerate(imgs), facts(Clip(folder)))
    found = list(frames(Clip(path)))
    assert len(found) == len(colours)
    for frame, colour in zip(found, colours):
        assert frame.img.shape == (18, 22, 3)
        numpy.testing.assert_allclose(frame.img[9, 11], colour, atol=4)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == {'.mp4': 'h264', '.webm': 'vp9'}[ending]
        assert stream.codec_context.pix_fmt == 'yuv420p'
        assert stream.codec_context.colorspace == 1  # BT.709, said aloud


def test_an_mp4_begins_with_its_index(tmp_path, imgs, file):
    path = tmp_path / 'out.mp4'
    write_clip(path, enumerate(imgs), facts(Clip(file)), Clip(file))
    data = path.read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')


def sound(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        return [bytes(packet) for packet in packets], [float(p.pts * p.time_base) for p in packets]


def test_sound_is_carried_over_as_it_is(file, imgs, tmp_path):
    told, out = facts(Clip(file)), tmp_path / 'out.mp4'
    unit = told._replace(unit=Fraction(1, 25))
    write_clip(out, enumerate(imgs), unit, Clip(file))
    assert sound(out) == sound(file)
    part = Clip(file, start=0.1, end=0.25)
    write_clip(out, enumerate(imgs[3:7]), unit, part)
    (data, moments), (whole, then) = sound(out), sound(file)
    within = [k for k, moment in enumerate(then) if 0.1 <= moment < 0.25]
    assert data == [whole[k] for k in within]
    numpy.testing.assert_allclose(moments, [then[k] - 0.1 for k in within], atol=1e-3)


def test_sound_that_the_container_has_no_room_for_is_coded_anew(file, imgs, tmp_path):
    told, out = facts(Clip(file)), tmp_path / 'out.webm'
    write_clip(out, enumerate(imgs), told._replace(unit=Fraction(1, 25)), Clip(file))
    again = facts(Clip(out))
    assert again.sound == 'opus'
    assert sound(out)[1][-1] == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize('ending', ['.mp4', '.webm'])
def test_the_same_frames_make_the_same_file(ending, file, imgs, tmp_path):
    told = facts(Clip(file))
    paths = [tmp_path / f'{name}{ending}' for name in 'ab']
    for path in paths:
        write_clip(path, enumerate(imgs), told, Clip(file))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_is_no_clip_is_told_in_one_line(tmp_path, file, at_once, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'text.mp4').write_text('no clip')
    (tmp_path / 'cut.mp4').write_bytes(file.read_bytes()[:-2000])
    (tmp_path / 'other.mp4').write_bytes(file.read_bytes())
    (tmp_path / 'list.mp4').write_text(
        'ffconcat version 1.0\nfile other.mp4\n'
    )  # not ours to open
    (tmp_path / 'empty').mkdir()
    for name, words in (
        ('text.mp4', 'cannot read the clip'),
        ('cut.mp4', 'cannot read the clip'),
        ('list.mp4', 'cannot read the clip'),
        ('gone.mp4', 'no such file'),
        ('empty', 'there are no pictures'),
    ):
        with pytest.raises(InputError, match=words) as told:
            facts(Clip(tmp_path / name))
        assert str(told.value).isprintable(), name
    assert capfd.readouterr() == ('', '')


def test_a_clip_that_ends_before_it_begins(file, tmp_path):
    with pytest.raises(InputError, match='has no frame from 5 seconds to its end'):
        facts(Clip(file, start=5))
    with av.open(str(tmp_path / 'sound.m4a'), 'w') as output:
        stream = output.add_stream('aac', rate=48000, layout='mono')
        frame = av.AudioFrame.from_ndarray(numpy.zeros((1, 4800), 'int16'), 's16', 'mono')
        frame.sample_rate, frame.pts = 48000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(InputError, match='there is no picture'):
        facts(Clip(tmp_path / 'sound.m4a'))


def test_frames_of_different_sizes(tmp_path):
    folder = folder_of(tmp_path / 'frames', [*moving(2), scenery(shape=(20, 30))])
    with pytest.raises(InputError, match=r"3\.png' is 30x20, but the folder's first"):
        list(frames(Clip(folder)))


def test_an_ending_that_is_none_of_a_clip(tmp_path):
    with pytest.raises(InputError, match=r'must end in \.mp4 or \.webm, or have no ending'):
        container_of(tmp_path / 'clip.avi')


def test_without_the_libraries_the_remedy_is_told(monkeypatch, file):
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(InputError, match=r"pip install 'styletransfer\[video\]'"):
        facts(Clip(file))
