"""``python -m styletransfer.video``: clips in, clips out, killed at any moment, bad input."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from clip_files import folder_of, moving, write

from styletransfer.feedforward.painting import Wish as Asked
from styletransfer.feedforward.painting import painted
from styletransfer.files import read_json
from styletransfer.images import load_image
from styletransfer.trained import load
from styletransfer.video.__main__ import main
from styletransfer.video.clips import Clip, facts, frames
from styletransfer.video.flow import Motion
from styletransfer.video.kept import Kept
from styletransfer.video.wish import parse_time


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    """Return a clip of ten frames with sound and a cut behind the sixth."""
    imgs = moving(6) + moving(4, seed=4)
    return write(tmp_path_factory.mktemp('clip') / 'clip.mp4', imgs, sound='aac')


def video(*arguments):
    return main([*map(str, arguments), '--quiet'])


def written(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_clip_becomes_a_painted_clip_and_a_record(clip, net, tmp_path):
    out = tmp_path / 'new' / 'out.mp4'
    assert video(clip, '--net', net, '--style', 'oil', '--output', out) == 0
    assert written(out.parent) == ['out.mp4', 'out.mp4.json']
    told = facts(Clip(out))
    assert told[:3] == facts(Clip(clip))[:3]
    assert told.sound == 'aac'
    record = read_json(out.with_name('out.mp4.json'))
    assert record['frames'] == 10
    assert record['arguments']['style'] == ['oil']
    assert record['image_shape'] == [48, 36]


def test_the_clip_is_named_after_the_one_it_is_made_of(clip, net, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([str(clip), '--net', str(net), '--every', '5']) == 0
    told = capsys.readouterr()
    assert told.out == 'The clip is outputs/clip.mp4.\n'
    assert '2/2 frames' in told.err
    assert (tmp_path / 'outputs' / 'clip.mp4').is_file()


def test_frames_are_what_straight_lines_say(clip, net, tmp_path):
    """The network's paintings, each with the frame before it mixed in, but not across the cut."""
    out = tmp_path / 'frames'
    given = ['--net', net, '--style', 'oil', '--output', out, '--blend', '0.4']
    assert video(clip, *given) == 0
    assert written(out) == [f'{k:06d}.png' for k in range(10)] + ['clip.json']
    painter, before, result = load(net), None, None
    for frame in frames(Clip(clip)):
        Y = painted(painter, numpy_to_mx(frame.img), Asked(('oil',))).asnumpy() * 255
        if before is not None and frame.number != 6:
            motion = Motion(frame.img, before)
            c = 0.4 * motion.reliability()[:, :, None]
            Y = (1 - c) * Y + c * motion.brought(result)
        before, result = frame.img, Y.round().clip(0, 255).astype('uint8')
        shown = load_image(out / f'{frame.number:06d}.png').asnumpy().astype('int')
        assert numpy.abs(shown - result).max() <= 1, frame.number


def numpy_to_mx(img):
    from mxnet import numpy as np

    return np.array(img, dtype='uint8')


def test_blending_makes_it_steadier(net, tmp_path):
    rng = numpy.random.default_rng(3)
    imgs = [(img + rng.normal(0, 4, img.shape)).clip(0, 255).astype('uint8') for img in moving(6)]
    folder = folder_of(tmp_path / 'noisy', imgs)
    errors = {}
    for blend in ('0', '0.6'):
        out = tmp_path / f'out{blend[-1]}'
        assert video(folder, '--net', net, '--blend', blend, '--output', out) == 0
        found = [img.img.astype('float') for img in frames(Clip(out))]
        # the camera goes two pixels to the right with each frame
        moves = [(now[:, :-2] - then[:, 2:])[4:-4, 4:-4] for then, now in zip(found, found[1:])]
        errors[blend] = numpy.mean([numpy.square(move).mean() for move in moves])
    assert errors['0.6'] < 0.6 * errors['0']


def test_part_of_a_clip_at_another_size(clip, net, tmp_path):
    out = tmp_path / 'out.webm'
    part = ['--start', '0.08', '--end', '0:00.3', '--every', '2', '--shape', '33x99']
    assert video(clip, '--net', net, '--output', out, *part, '--keep-aspect') == 0
    told = facts(Clip(out))
    assert told.shape == (34, 26)  # 33x25, and one more of each as yuv420p wants it
    assert told.frames == 3


def test_the_same_again_is_told_and_not_made(clip, net, tmp_path, capsys):
    out = tmp_path / 'out.mp4'
    given = [str(clip), '--net', str(net), '--output', str(out), '--every', '5']
    assert main(given) == 0
    before = out.stat().st_mtime_ns
    capsys.readouterr()
    assert main(given) == 0
    assert capsys.readouterr().out == f'{out} is complete; remove it to make it anew.\n'
    assert out.stat().st_mtime_ns == before
    assert main([*given, '--style', 'oil']) == 0  # our own is replaced
    assert out.stat().st_mtime_ns != before
    out.unlink()
    assert main(given) == 0


def test_only_what_is_missing_is_made(clip, net, tmp_path, monkeypatch):
    out = tmp_path / 'frames'
    given = [clip, '--net', net, '--output', out]
    assert video(*given) == 0
    whole = {name: (out / name).read_bytes() for name in written(out) if name.endswith('png')}
    made = []
    keep = Kept.__setitem__
    monkeypatch.setattr(
        Kept, '__setitem__', lambda self, k, img: made.append(k) or keep(self, k, img)
    )
    for k in (3, 4, 9):
        (out / f'{k:06d}.png').unlink()
    assert video(*given) == 0
    assert made == [3, 4, 9]
    assert {name: (out / name).read_bytes() for name in whole} == whole


COMMAND = [sys.executable, '-m', 'styletransfer.video']


@pytest.mark.parametrize('after', [4, 10])
def test_killed_and_run_again_it_is_the_same_clip(after, clip, net, tmp_path):
    """Kill -9 as soon as so many frames are there; the tenth is killed when it writes the clip."""
    given = [str(clip), '--net', str(net), '--style', 'oil', '--quiet', '--output']
    assert main([*given, str(tmp_path / 'whole.mp4')]) == 0
    out = tmp_path / 'out.mp4'
    work = Kept(tmp_path / 'out.mp4.frames')
    program = (
        'import os, signal, sys; from styletransfer.video import kept, __main__\n'
        'keep = kept.Kept.__setitem__\n'
        'def once(self, k, img):\n'
        '    keep(self, k, img)\n'
        f'    if k == {after - 1}: os.kill(os.getpid(), signal.SIGKILL)\n'
        'kept.Kept.__setitem__ = once\n'
        '__main__.main(sys.argv[1:])'
    )
    killed = subprocess.run([sys.executable, '-c', program, *given, str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert work.count(10) == after
    assert not out.exists()
    (work.folder / '.unfinished-12345678').mkdir()  # as of a frame that was being written
    assert main([*given, str(out)]) == 0
    assert out.read_bytes() == (tmp_path / 'whole.mp4').read_bytes()
    assert not work.folder.exists()


def test_killed_before_anything_or_behind_everything(clip, net, tmp_path, monkeypatch):
    out, given = tmp_path / 'out.mp4', [clip, '--net', net, '--every', '5']
    work = Kept(tmp_path / 'out.mp4.frames')
    work.folder.mkdir()
    (work.folder / '.styletransfer.lock').touch()
    (work.folder / '.unfinished-12345678').mkdir()
    monkeypatch.setattr(Kept, 'remove', lambda self: None)  # killed before that
    assert video(*given, '--output', out) == 0
    whole = out.read_bytes()
    out.unlink()  # or between the record and the clip
    assert video(*given, '--output', out) == 0
    assert out.read_bytes() == whole


def test_a_frame_that_is_gone_is_made_again(clip, net, tmp_path):
    given = [clip, '--net', net, '--every', '3', '--output', tmp_path / 'out']
    assert video(*given) == 0
    path = Kept(tmp_path / 'out').path(2)
    before = path.read_bytes()
    path.unlink()
    assert video(*given) == 0
    assert path.read_bytes() == before


def test_ctrl_c_tells_how_to_go_on(clip, net, tmp_path, monkeypatch, capsys):
    keep = Kept.__setitem__

    def stop(self, k, img):
        if k == 3:
            raise KeyboardInterrupt
        keep(self, k, img)

    monkeypatch.setattr(Kept, '__setitem__', stop)
    out = tmp_path / 'out.mp4'
    assert video(clip, '--net', net, '--output', out) == 130
    assert capsys.readouterr().err == (
        'stopped after 3 of 10 frames. The same command again goes on.\n'
    )
    monkeypatch.setattr(Kept, '__setitem__', keep)
    assert video(clip, '--net', net, '--output', out) == 0


def test_frames_of_another_run_are_not_mixed_in(clip, net, tmp_path, capsys):
    out = tmp_path / 'frames'
    assert video(clip, '--net', net, '--output', out, '--every', '5') == 0
    assert video(clip, '--net', net, '--output', out, '--every', '5', '--blend', '0.1') == 2
    assert 'were made with another blend' in capsys.readouterr().err


def test_a_plan(clip, net, tmp_path, capsys):
    out = tmp_path / 'out.mp4'
    assert main([str(clip), '--net', str(net), '--output', str(out), '--plan']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '10 frames of 48x36, 25 a second; sound: aac'
    assert 'all together: about' in lines[2]
    assert 'GB of memory' in lines[2]
    assert not any(tmp_path.iterdir())


def test_frames_have_no_sound(clip, net, tmp_path, capsys):
    given = [str(clip), '--net', str(net), '--every', '5', '--output', str(tmp_path / 'out')]
    assert main(given) == 0
    assert 'Frames have no sound: name a clip ending in .mp4' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--style', 'wish'], "did you mean 'wash'"),
        (['--net', 'jonson'], "no file or bundled network 'jonson'"),
        (['--output', 'out.avi'], 'must end in .mp4 or .webm'),
        (['--output', 'mine.mp4'], 'is not of an earlier run and would be overwritten'),
        (['--output', 'folder'], "holds files that are not of an earlier run, such as 'note.txt'"),
        (['--output', 'mine.mp4/out'], "cannot write to --output 'mine.mp4/out'"),
        (['--start', '5'], 'has no frame from 5 seconds to its end'),
        (['--start', '1', '--end', '1'], '--end is 1, but must be after --start, 1'),
        (['--start', 'soon'], 'not a time: give seconds'),
        (['--every', '0'], 'must be at least 1'),
        (['--shape', '8x8'], 'frames of 8x8 are too small'),
        (['--blend', '1'], 'from 0 to below 1'),
        (['--rate', '0'], '--rate is 0'),
        (['--flow-weight', '-1'], 'must not be below 0'),
        (['--offsets', '0,1'], '--offsets are numbers of frames, at least 1'),
        (['--passes', '2', '--offsets', '1,2'], 'leave out --offsets'),
        (['--recipe', 'fast'], '--recipe is for painting by optimisation'),
        (['--epochs', '3'], '--epochs is for painting by optimisation'),
        (['--flow'], 'there is no flag'),
        (['text.mp4'], "cannot read the clip 'text.mp4'"),
        (['gone.mp4'], 'no such file'),
        (['empty'], "there are no pictures in 'empty'"),
    ],
)
def test_mistakes_are_told_in_one_line(clip, net, change, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('text.mp4').write_text('no clip')
    Path('mine.mp4').write_text('mine')
    for name in ('empty', 'folder'):
        Path(name).mkdir()
    Path('folder', 'note.txt').write_text('mine')
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob('*')}
    given = change if change[0][0] != '-' else [clip, *change]
    assert video(*given, *([] if '--net' in change else ['--net', net])) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob('*')} == before


def test_a_recipe_for_one_picture_is_refused(clip, capsys):
    for change, message in (
        (['--recipe', 'photo'], "recipe 'photo' is for one photograph"),
        (['--oversample', '2'], 'leave out --oversample and --bleed'),
        (['--backbone', 'vgg'], 'vgg'),
    ):
        assert video(clip, *change) == 2
        assert message in capsys.readouterr().err


def test_times():
    assert parse_time('90') == parse_time('1:30') == parse_time('0:01:30.0') == 90
    assert parse_time('0.5') == 0.5
