"""Moving pictures by optimisation: frame by frame against straight lines, in passes, killed."""

from dataclasses import replace

import numpy
import pytest
from clip_files import folder_of, moving
from mxnet import numpy as np

from styletransfer.color import luminance
from styletransfer.images import load_image, postprocess, preprocess, samples
from styletransfer.machine import find_device
from styletransfer.networks import network_for
from styletransfer.objective import objectives, with_term
from styletransfer.recipes import find_recipe, with_shape, with_stages
from styletransfer.synthesis import coarse_to_fine
from styletransfer.video import optimised
from styletransfer.video.__main__ import main
from styletransfer.video.clips import Clip, frames
from styletransfer.video.flow import Motion
from styletransfer.video.kept import Kept
from styletransfer.video.optimised import find_cuts
from styletransfer.video.temporal import flow_loss

SHAPE = (48, 36)
QUICK = ['--backbone', 'vgg19_slim', '--recipe', 'fast', '--epochs', '2']


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    """Return a folder of five frames, with a cut behind the third."""
    imgs = moving(3) + moving(2, seed=4)
    return folder_of(tmp_path_factory.mktemp('clip') / 'frames', imgs)


def video(*arguments):
    return main([*QUICK, '--quiet', *map(str, arguments)])


def pictures(folder):
    return {path.name: path.read_bytes() for path in folder.glob('*.png')}


def test_frames_are_what_straight_lines_say(clip, tmp_path):
    out = tmp_path / 'out'
    given = ['--style', 'ink_wash', '--flow-weight', '7', '--offsets', '1,2']
    assert video(clip, '--output', out, *given) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        *(f'{k:06d}.png' for k in range(5)),
        'clip.json',
        'scenes.json',
    ]
    recipe = with_stages(with_shape(find_recipe('fast'), SHAPE), 'num_epochs', [2])
    last = replace(recipe, stages=recipe.stages[-1:])
    device = find_device('cpu')
    net = network_for(recipe, 'vgg19_slim').net
    style_img = load_image(samples('style')['ink_wash'], SHAPE)
    given, made = [frame.img for frame in frames(Clip(clip))], []
    for k, img in enumerate(given):
        alone_at = objectives(net, recipe, np.array(img), style_img, device)
        if k in (0, 3):
            X = coarse_to_fine(alone_at, recipe, np.array(img), device, lambda step: None)
        else:
            motion = Motion(img, given[k - 1])
            x, y = motion.flow[:, :, 0], motion.flow[:, :, 1]
            rows, columns = numpy.indices(x.shape, 'float32')
            known = (columns + x >= 0) & (columns + x <= 47) & (rows + y >= 0) & (rows + y <= 35)
            start = numpy.where(known[:, :, None], motion.brought(made[k - 1]), img)
            c = motion.reliability()
            terms = [('flow', preprocess(np.array(motion.brought(made[k - 1])), SHAPE), c)]
            if k == 2:
                far = Motion(img, given[0])
                rest = numpy.clip(far.reliability() - c, 0, None)
                terms.append(('far', preprocess(np.array(far.brought(made[0])), SHAPE), rest))
            loss = alone_at(SHAPE)
            for name, W, weights in terms:
                weights = np.array(weights)
                loss = with_term(
                    loss, name, lambda X, W=W, weights=weights: 7 * flow_loss(X, W, weights)
                )
            X = coarse_to_fine(lambda _, l=loss: l, last, np.array(start), device, lambda s: None)
        made.append(load_image(out / f'{k:06d}.png').asnumpy())
        assert numpy.abs(made[k] - 255 * postprocess(X).asnumpy()).max() < 1, k


def test_scenes_begin_where_cuts_are(clip, tmp_path):
    source = Kept(tmp_path / 'source')
    assert list(find_cuts(Clip(clip), source)) == [0, 3, 5]
    assert source.count(9) == 5
    numpy.testing.assert_array_equal(source[4], list(frames(Clip(clip)))[4].img)


class Killed(BaseException):
    """Ends a run as nothing else that a test can do without a process of its own."""


@pytest.mark.parametrize('more', [[], ['--passes', '2', '--end', '0.1']], ids=['once', 'passes'])
def test_killed_anywhere_it_becomes_the_same(more, clip, tmp_path, monkeypatch):
    given = [clip, '--style', 'woodblock', '--epochs', '0,0,1', *more, '--output']
    assert video(*given, tmp_path / 'whole') == 0
    keep, out, kills = Kept.__setitem__, tmp_path / 'out', 0

    def once(self, k, img):
        """Kill when a file is about to be written, and, in turns, when it just was."""
        nonlocal left
        left -= 1
        if left == 0 and kills % 2:
            raise Killed
        keep(self, k, img)
        if left == 0:
            raise Killed

    monkeypatch.setattr(Kept, '__setitem__', once)
    for _ in range(100):
        left = 2
        try:
            assert video(*given, out) == 0
            break
        except Killed:
            kills += 1
            (out / '.styletransfer.lock').unlink(missing_ok=True)
    assert 5 <= kills < 100
    assert pictures(out) == pictures(tmp_path / 'whole')
    assert not [path for path in out.iterdir() if path.is_dir()]


def test_passes_go_to_and_fro(clip, tmp_path, monkeypatch):
    told = []
    paint = optimised.Artist.painted

    def spy(self, frame, start, references, *rest):
        told.append((start is None, [reference.name for reference in references]))
        return paint(self, frame, start, references, *rest)

    keep, kept = Kept.__setitem__, []

    def note(self, k, img):
        kept.append((self.folder.name, k))
        keep(self, k, img)

    monkeypatch.setattr(optimised.Artist, 'painted', spy)
    monkeypatch.setattr(Kept, '__setitem__', note)
    assert video(clip, '--passes', '4', '--end', '0.1', '--output', tmp_path / 'out') == 0
    in_passes = [(name, k) for name, k in kept if name.startswith('pass')]
    assert in_passes == [
        *(('pass1', k) for k in (0, 1, 2)),
        *(('pass2', k) for k in (2, 1, 0)),
        *(('pass3', k) for k in (0, 1, 2)),
        *(('pass4', k) for k in (2, 1, 0)),
    ]
    alone, with_neighbour = (True, []), (False, [])
    assert told[:3] == [alone] * 3
    assert told[3:6] == [with_neighbour] * 3
    assert told[6:] == [(False, []), *[(False, ['flow'])] * 2] * 2


def test_a_stronger_term_makes_it_steadier(clip, tmp_path):
    differences = {}
    given = ['--end', '0.1', '--recipe', 'd2l', '--epochs', '8', '--lr', '0.1']
    seen = list(frames(Clip(clip)))[:3]
    for weight in ('0', '10000'):
        out = tmp_path / weight
        assert video(clip, *given, '--flow-weight', weight, '--output', out) == 0
        made = [load_image(out / f'{k:06d}.png').asnumpy() for k in range(3)]
        pairs = [(Motion(seen[k].img, seen[k - 1].img), made[k - 1], made[k]) for k in (1, 2)]
        differences[weight] = numpy.mean(
            [
                numpy.abs(motion.brought(then).astype('float') - now)[
                    motion.reliability() == 1
                ].mean()
                for motion, then, now in pairs
            ]
        )
    assert differences['10000'] < 0.5 * differences['0']


def test_the_colours_of_the_clip_are_kept(clip, tmp_path):
    out = tmp_path / 'out'
    given = ['--preserve-color', 'luminance', '--end', '0.1', '--style', 'the_kiss']
    assert video(clip, *given, '--output', out) == 0
    for k, frame in enumerate(list(frames(Clip(clip)))[:3]):
        img = load_image(out / f'{k:06d}.png')
        ours, theirs = (np.array(i, dtype='float32') for i in (img, frame.img))
        ours, theirs = (i - luminance(i) for i in (ours, theirs))
        assert float(np.abs(ours - theirs).mean()) < 6


def test_a_plan_has_the_time_of_both_kinds_of_frames(clip, tmp_path, capsys):
    out = tmp_path / 'out'
    assert main([str(clip), *QUICK, '--output', str(out), '--plan']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '5 frames of 48x36, 25 a second; no sound'
    assert lines[1].startswith('a frame: about')
    assert not out.exists()
