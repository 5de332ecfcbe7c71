"""The command with label pictures, with proposed regions, and under the recipe `photo`."""

import json
from pathlib import Path

import numpy
import pytest
from PIL import Image

from styletransfer import photo
from styletransfer.images import samples
from styletransfer.photo import matting_laplacian, matting_loss
from styletransfer.recipes import PHOTO
from styletransfer.regions import COLOURS
from styletransfer.train import batch
from styletransfer.train import run as runs
from styletransfer.train.__main__ import main
from styletransfer.train.job import make_job, stage_seconds
from styletransfer.train.plan import make_plan
from styletransfer.train.wish import wish_of

TOY = ['--weights', 'random', '--backbone', 'vgg19_slim', '--shape', '96x64', '--quiet']
PHOTO_TOY = [*TOY, '--recipe', 'photo', '--epochs', '6', '--affine-radius', '3']
SHOWN = {}


@pytest.fixture(autouse=True)
def quick_figure(monkeypatch):
    """Let runs draw no figure, but say which pictures would be in it."""

    def save_figure(path, pictures, history):
        SHOWN.clear()
        SHOWN.update(pictures)
        path.write_bytes(b'a figure')

    monkeypatch.setattr(runs, 'save_figure', save_figure)


def paint(*flags, output, status=0):
    assert main([*map(str, flags), '--output', str(output)]) == status


def pixels(path):
    with Image.open(path) as picture:
        return numpy.asarray(picture.convert('RGB')).astype(int)


def losses(folder):
    record = json.loads((folder / 'run.json').read_text())
    return [stage['losses'] for stage in record['stages']]


@pytest.fixture
def labels(tmp_path):
    """Return the flags for labels: upper and lower half, and in the painting a third of no use."""
    for name, parts in (
        ('ours', ('white', 'red')),
        ('theirs', ('red', 'white', 'green')),
    ):
        img = numpy.concatenate(
            [numpy.full((30, 80, 3), COLOURS[part], 'uint8') for part in parts]
        )
        Image.fromarray(img).save(tmp_path / f'{name}.png')
    return ['--content-labels', tmp_path / 'ours.png', '--style-labels', tmp_path / 'theirs.png']


def test_a_photograph(tmp_path, labels):
    paint(*PHOTO_TOY, *labels, output=tmp_path / 'out')
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['figure.png', 'run.json', 'stage1.png']
    assert pixels(tmp_path / 'out' / 'stage1.png').shape == (64, 96, 3)
    assert list(SHOWN)[2:4] == ['regions of the content', 'of the style']
    record = json.loads((tmp_path / 'out' / 'run.json').read_text())
    assert record['recipe']['matting_weight'] == 1e4
    assert record['arguments']['style_labels'] == str(tmp_path / 'theirs.png')
    (told,) = losses(tmp_path / 'out')
    parts = ('content', 'style', 'tv', 'matting')
    for epoch in told:
        assert set(epoch) == {'epoch', 'lr', 'total', *parts}
        assert epoch['total'] == pytest.approx(sum(epoch[part] for part in parts), rel=1e-5)
    assert told[-1]['total'] < told[0]['total']


def test_it_is_nearer_to_the_photo_than_without(tmp_path, labels):
    for name, *flags in (
        ('photo',),
        ('plain', '--matting-weight', 0, '--affine-radius', 0),
        ('unfiltered', '--affine-radius', 0),
    ):
        # of random weights the style is little: it shall count
        more = ['--style-weight', 1e5, '--init', 'content', '--epochs', 25]
        paint(*PHOTO_TOY, *labels, *more, *flags, output=tmp_path / name)
    wish = wish_of({'shape': (96, 64), 'recipe': 'photo', 'weights': 'random'})
    content_img = make_job(wish).pictures.content.asnumpy()
    img = numpy.asarray(Image.fromarray(content_img).resize((96, 64), Image.BOX)) / 255
    energies = {}
    for name in ('photo', 'unfiltered', 'plain'):
        V = pixels(tmp_path / name / 'stage1.png').transpose(2, 0, 1) / 255
        energies[name], _ = matting_loss(V, matting_laplacian(img))
    assert energies['unfiltered'] < 0.5 * energies['plain']
    assert energies['photo'] < 0.5 * energies['plain']


def test_regions_count_by_their_size(tmp_path, labels):
    # two halves, each of which is judged by itself when the other is as it should be
    flags = ['--matting-weight', 0, '--epochs', 1, '--init', 'content', '--affine-radius', 0]
    paint(*PHOTO_TOY, *labels, *flags, output=tmp_path / 'labels')
    for name, rows in (('upper', slice(0, 30)), ('lower', slice(30, 60))):
        mask = numpy.zeros((60, 80), 'uint8')
        mask[rows] = 255
        Image.fromarray(mask).save(tmp_path / f'{name}.png')
    masks = [tmp_path / 'upper.png', tmp_path / 'lower.png']
    thirds = []
    for k in (1, 0):  # white, which is the second third of the painting, and red
        mask = numpy.zeros((90, 80), 'uint8')
        mask[30 * k : 30 * k + 30] = 255
        thirds.append(tmp_path / f'third{k}.png')
        Image.fromarray(mask).save(thirds[-1])
    each = ['--content-mask', *masks, '--style-mask', *thirds]
    paint(*PHOTO_TOY, *each, *flags, output=tmp_path / 'masks')
    by_labels, by_masks = (losses(tmp_path / name)[0][0] for name in ('labels', 'masks'))
    assert by_labels['content'] == by_masks['content'] == pytest.approx(0, abs=1e-3)
    assert by_labels['style'] == pytest.approx(by_masks['style'] / 2, rel=0.02)


def test_the_start_has_the_colours_of_each_region(tmp_path, labels):
    flags = ['--matting-weight', 0, '--affine-radius', 0, '--epochs', 1]
    paint(*PHOTO_TOY, *labels, *flags, output=tmp_path / 'out')
    result = pixels(tmp_path / 'out' / 'stage1.png')
    style = pixels(Path(__file__).parents[2] / 'assets' / 'style' / 'oil_strokes.jpg')
    third = len(style) // 3
    halves = result[:31], result[33:]
    theirs = style[third + 5 : 2 * third - 5], style[: third - 5]  # white, red
    for ours, same in zip(halves, theirs):
        difference = ours.mean(axis=(0, 1)) - same.mean(axis=(0, 1))
        assert abs(difference).max() < 4
        assert abs(ours.std(axis=(0, 1)) - same.std(axis=(0, 1))).max() < 15


def test_proposed_regions_lie_beside_the_result_and_can_be_given_back(tmp_path):
    out, again = tmp_path / 'out', tmp_path / 'again'
    paint(*PHOTO_TOY, '--auto-masks', 3, output=out)
    names = sorted(path.name for path in out.iterdir())
    files = ['content-labels.png', 'style-labels.png']
    assert names == [files[0], 'figure.png', 'run.json', 'stage1.png', files[1]]
    for name, title in zip(files, ('regions of the content', 'of the style')):
        colours = {tuple(colour) for colour in pixels(out / name).reshape(-1, 3).tolist()}
        assert colours == set(list(COLOURS.values())[:3])
        assert (SHOWN[title].asnumpy() * 255).round().astype(int).tolist() == pixels(
            out / name
        ).tolist()
    flags = ['--content-labels', out / files[0], '--style-labels', out / files[1]]
    paint(*PHOTO_TOY, *flags, output=again)
    # the regions are counted in another order, and sums differ in their last digits
    difference = pixels(out / 'stage1.png') - pixels(again / 'stage1.png')
    assert abs(difference).max() < 4
    first, second = losses(out)[0][0], losses(again)[0][0]
    assert first == pytest.approx(second, rel=1e-3)


def test_labels_that_are_not_ours_are_not_replaced(tmp_path, capsys):
    (tmp_path / 'content-labels.png').write_bytes(b'precious')
    paint(*PHOTO_TOY, '--auto-masks', 2, output=tmp_path, status=2)
    assert "'content-labels.png' in --output" in capsys.readouterr().err
    assert (tmp_path / 'content-labels.png').read_bytes() == b'precious'
    paint(*PHOTO_TOY, '--epochs', 1, output=tmp_path)  # without regions it is nobody's concern
    assert (tmp_path / 'content-labels.png').read_bytes() == b'precious'


def test_labels_of_the_bundled_photographs_go_by_name(tmp_path):
    flags = [*PHOTO_TOY, '--epochs', '1', '--content', 'lake']
    flags += ['--style', samples('content')['beach_city']]
    paint(
        *flags, '--content-labels', 'lake', '--style-labels', 'beach_city', output=tmp_path / 'a'
    )
    files = [samples('labels')[name] for name in ('lake', 'beach_city')]
    named = ['--content-labels', files[0], '--style-labels', files[1]]
    paint(*flags, *named, output=tmp_path / 'b')
    assert (pixels(tmp_path / 'a/stage1.png') == pixels(tmp_path / 'b/stage1.png')).all()


def test_a_region_that_the_painting_lacks(tmp_path, capsys, labels):
    ours = tmp_path / 'ours.png'
    img = pixels(ours).astype('uint8')
    img[:, 60:] = COLOURS['purple']
    Image.fromarray(img).save(ours)
    paint(*PHOTO_TOY, *labels, output=tmp_path / 'out', status=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert 'region in purple' in line
    assert 'red, white, green' in line
    assert not (tmp_path / 'out').exists()


def test_a_region_that_the_network_does_not_see(tmp_path, capsys, labels):
    img = pixels(tmp_path / 'ours.png').astype('uint8')
    img[20:26, 20:26] = COLOURS['green']  # to the deepest layer, of 6x4 positions, too little
    Image.fromarray(img).save(tmp_path / 'ours.png')
    paint(*PHOTO_TOY, *labels, output=tmp_path / 'out', status=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert "the photo's region in green vanishes at relu" in line


@pytest.mark.parametrize('flags', [[], ['--auto-masks', 2, '--keep-detail', '--tile', 64]])
def test_resumed_photographs_are_the_same(tmp_path, flags):
    shape = ['--shape', '80x64', '--epochs', 8, '--checkpoint-every', 4]
    paint(*PHOTO_TOY, *flags, *shape, output=tmp_path / 'whole')

    class Cut(BaseException):
        pass

    def cut(path, *args):
        raise Cut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, 'save_figure', cut)
        with pytest.raises(Cut):
            paint(*PHOTO_TOY, *flags, *shape, output=tmp_path / 'cut')
    paint('--resume', '--quiet', output=tmp_path / 'cut')
    whole, resumed = ((tmp_path / name / 'stage1.png').read_bytes() for name in ('whole', 'cut'))
    assert whole == resumed


def test_a_batch_proposes_regions_for_each_photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('photos').mkdir()
    day = numpy.full((32, 48, 3), (60, 80, 40), 'uint8')
    day[:12] = (200, 220, 250)
    for name, img in (('a', day), ('b', day[::-1])):
        Image.fromarray(img).save(f'photos/{name}.png')
    # of random weights the style is little: it shall count
    flags = [*PHOTO_TOY, '--auto-masks', '2', '--style-weight', '1e6']
    paint(*flags, '--content', 'photos', output='out')
    for name in 'ab':
        paint(*flags, '--content', f'photos/{name}.png', output=name)
        alone = Path(name, 'stage1.png').read_bytes()
        assert Path('out', f'{name}--oil_strokes.png').read_bytes() == alone
    assert not list(Path('out').glob('*labels*'))
    assert batch.is_batch(wish_of({'content': 'photos'}))


def test_the_plan_counts_the_laplacian():
    plans = [
        make_plan(wish_of({'recipe': 'photo', 'matting_weight': weight, 'affine_radius': radius}))
        for weight, radius in ((1e4, 0), (0, 15), (0, 0))
    ]
    shape = PHOTO.stages[-1].image_shape
    first, second, none = (plan.needs.whole(shape) for plan in plans)
    assert first == second
    assert first - none == pytest.approx(plans[0].needs.further * 700 * 467)
    assert plans[0].needs.further > 400
    assert plans[2].needs.further == 0


def test_the_plan_times_the_term(monkeypatch):
    asked, term = [], photo.matting_term
    monkeypatch.setattr(photo, 'matting_term', lambda *args: asked.append(args) or term(*args))
    job = make_job(wish_of({'weights': 'random', 'recipe': 'photo', 'shape': '96x64'}))
    assert not asked
    assert stage_seconds(job.plan, job.network)[0] > 0
    assert len(asked) == 1
