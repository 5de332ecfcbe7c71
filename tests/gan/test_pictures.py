"""What players are shown: batches of (seed, k), cut and mirrored; folders, pairs, held out."""

import numpy
import pytest
from PIL import Image

from styletransfer.errors import InputError
from styletransfer.gan import pictures
from styletransfer.gan.pictures import (
    SQUARE,
    Collection,
    Source,
    batch_of,
    held_out,
    pairs_in,
    scaled,
    sources_in,
    spread,
    whole,
)
from styletransfer.images import load_image, samples


@pytest.fixture
def numbered(tmp_path):
    """Return a collection of pictures with another number in each pixel: 5 of 20x20."""
    for i in range(5):
        img = numpy.zeros((20, 20, 3), 'uint8')
        img[:, :, 0], img[:, :, 1] = numpy.arange(20) * 10, numpy.arange(20)[:, None] * 10
        img[:, :, 2] = 50 * i
        Image.fromarray(img).save(tmp_path / f'{i}.png')
    return Collection(sources_in(str(tmp_path)), 20)


def test_values_are_from_minus_one_to_one():
    X = scaled(numpy.array([[[0, 255, 51]]], 'uint8'))
    assert X.shape == (3, 1, 1)
    assert X.ravel() == pytest.approx([-1, 1, -0.6])


def test_a_batch_is_a_cut_of_a_picture_perhaps_mirrored(numbered):
    mirrored = 0
    for k in range(20):
        (X,) = batch_of([numbered], 3, k, 2, 12)
        assert X.shape == (2, 3, 12, 12)
        for red, green, blue in ((X.asnumpy() + 1) * 12.75).round():
            columns = red[0] if red[0, 0] < red[0, 1] else red[0, ::-1]
            mirrored += red[0, 0] > red[0, 1]
            assert (numpy.diff(columns) == 1).all()
            assert (numpy.diff(green[:, 0]) == 1).all()
            assert (blue == blue[0, 0]).all()
            assert 0 <= columns[0] <= 8
    assert 8 <= mirrored <= 32


def test_a_batch_depends_on_seed_and_step_only(numbered):
    again = Collection(numbered.sources, 20)
    for k in (4, 0, 9):
        (X,), (Y,) = (batch_of([c], 1, k, 3, 16) for c in (numbered, again))
        numpy.testing.assert_array_equal(X.asnumpy(), Y.asnumpy())
        (Z,) = batch_of([numbered], 2, k, 3, 16)
        assert (X.asnumpy() != Z.asnumpy()).any()


def test_each_step_cuts_elsewhere(numbered):
    numbered.sources = numbered.sources[:1]
    cuts = [batch_of([numbered], 0, k, 1, 12, flip=False)[0].asnumpy()[0, :2] for k in range(20)]
    assert len({cut[:, 0, 0].tobytes() for cut in cuts}) > 10


def test_all_pictures_are_shown_and_then_all_again(numbered):
    order = []
    for k in range(5):
        (X,) = batch_of([numbered], 0, k, 2, 20, flip=False)
        order += [round(float((x[2, 0, 0] + 1) * 127.5) / 50) for x in X.asnumpy()]
    assert sorted(order[:5]) == sorted(order[5:]) == [0, 1, 2, 3, 4]


def test_nothing_is_mirrored_if_it_must_not_be(numbered):
    for k in range(8):
        (X,) = batch_of([numbered], 0, k, 1, 20, flip=False)
        numpy.testing.assert_array_equal(X.asnumpy()[0, :2], whole(numbered).asnumpy()[0, :2])


def test_grey_is_the_light_of_a_picture(tmp_path):
    Image.new('RGB', (8, 8), (100, 50, 200)).save(tmp_path / 'a.png')
    img = Collection([Source(tmp_path / 'a.png')], 8, 1)[0]
    assert img.shape == (8, 8, 1)
    assert (img == round(0.299 * 100 + 0.587 * 50 + 0.114 * 200)).all()


def test_pictures_are_brought_to_the_side_and_read_once(tmp_path, monkeypatch):
    Image.new('RGB', (30, 10), (9, 9, 9)).save(tmp_path / 'a.png')
    collection = Collection([Source(tmp_path / 'a.png')], 12)
    assert collection[0].shape == (12, 12, 3)
    monkeypatch.setattr(pictures, 'load_image', lambda *args: pytest.fail('read once more'))
    assert collection[0].shape == (12, 12, 3)
    monkeypatch.undo()
    monkeypatch.setattr(pictures, 'MOST', -1)
    few = Collection([Source(tmp_path / 'a.png')], 12)
    few[0]
    assert not few._kept


def test_halves_of_a_picture(tmp_path):
    both = Image.new('RGB', (20, 10), (200, 0, 0))
    both.paste((0, 0, 200), (10, 0, 20, 10))
    both.save(tmp_path / 'a.png')
    left, right = pairs_in([str(tmp_path)])
    assert Collection(left, 8)[0][4, 6].tolist() == [200, 0, 0]
    assert Collection(right, 8)[0][4, 1].tolist() == [0, 0, 200]


def folder_of(path, names):
    path.mkdir(parents=True)
    for name in names:
        (path / name).parent.mkdir(exist_ok=True)
        Image.new('RGB', (4, 4)).save(path / name)
    return str(path)


def test_pairs_have_the_same_names_whatever_their_kind(tmp_path):
    folders = [
        folder_of(tmp_path / 'a', ['x/1.png', 'x/1.k.png', 'y/1.png']),
        folder_of(tmp_path / 'b', ['y/1.jpg', 'x/1.k.jpg', 'x/1.jpg']),
    ]
    first, second = pairs_in(folders)
    assert [s.path.parent.name + s.path.stem for s in first] == ['x1.k', 'x1', 'y1']
    assert [s.path.parent.name + s.path.stem for s in second] == ['x1.k', 'x1', 'y1']


@pytest.mark.parametrize(
    ('first', 'second', 'message'),
    [
        (['1.png', '2.png'], ['1.png'], "/b' has no picture '2', but the other folder has one"),
        (['1.png'], ['1.png', '2.png'], "/a' has no picture '2'"),
        (['1.png', '1.jpg'], ['1.png'], "/a' has two pictures '1': rename one"),
        (['1.png'], [], "there are no pictures in '.*/b'"),
        (['1.png'], None, 'does not show two pictures side by side: name two folders'),
    ],
)
def test_what_is_no_pair_is_refused(first, second, message, tmp_path):
    folders = [folder_of(tmp_path / 'a', first)]
    if second is not None:
        folders.append(folder_of(tmp_path / 'b', second))
    with pytest.raises(InputError, match=message):
        pairs_in(folders)


@pytest.fixture
def sheet(tmp_path):
    """Return a function that writes a sheet of squares of 8, each of a grey of its own."""

    def write(name, columns=3, rows=2, across=0):
        img = Image.new('RGB', (8 * columns + across, 8 * rows))
        for i in range(columns * rows):
            square = Image.new('RGB', (8, 8), (10 * i, 10 * i, 10 * i))
            img.paste(square, (8 * (i % columns), 8 * (i // columns)))
        img.save(tmp_path / name)
        return str(tmp_path / name)

    return write


def test_a_sheet_is_squares_row_by_row(sheet, monkeypatch):
    collection = Collection(sources_in(sheet('a.png'), 8), 8)
    assert len(collection) == 6
    for i in range(6):
        assert (collection[i] == 10 * i).all()
    enlarged = Collection(collection.sources, 12)
    enlarged[0]
    monkeypatch.setattr(pictures, 'load_image', lambda *args: pytest.fail('read once more'))
    assert (enlarged[5] == 50).all()
    assert enlarged[5].shape == (12, 12, 3)


def test_squares_at_the_same_place_are_pairs(sheet):
    first, second = pairs_in([sheet('a.png'), sheet('b.png')], 8)
    assert [s.path.stem for s in (first[0], second[0])] == ['a', 'b']
    assert [s.square for s in first] == [s.square for s in second]
    assert first[4].square == (8, 8, 8)


@pytest.mark.parametrize(
    ('make', 'side', 'message'),
    [
        (lambda sheet: [sheet('a.png')] * 2, 16, "a.png' has 24x16 pixels: .* of 16x16"),
        (lambda sheet: [sheet('a.png', across=3)] * 2, 8, 'has 27x16 pixels: .* another --side'),
        (lambda sheet: [sheet('a.png'), sheet('b.png', 2)], 8, "has 6 squares, but '.*' has 4"),
        (lambda sheet: [sheet('a.png')], 8, "a.png' is a sheet, .* two sheets or two folders"),
        (lambda sheet: [sheet('a.png'), 'folder'], 8, "a.png' is a sheet, .* two sheets"),
        (lambda sheet: ['folder', sheet('a.png')], 8, "a.png' is a sheet, .* two sheets"),
        (lambda sheet: ['eges', 'noto'], 8, "bundled collection .* 'eges'; did you mean 'edges'"),
        (lambda sheet: ['folder/text.txt'] * 2, 8, 'is not a picture that can be read here'),
    ],
)
def test_what_is_no_sheet_is_refused(make, side, message, sheet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / 'folder', ['1.png'])
    (tmp_path / 'folder' / 'text.txt').write_text('no picture')
    with pytest.raises(InputError, match=message):
        pairs_in(make(sheet), side)


def test_bundled_sheets_are_found_by_name_at_any_side():
    sheets = samples('collections')
    for kind in ('edges', 'noto', 'twemoji', 'glyphs'):
        train, test = sources_in(kind, 256), sources_in(f'{kind}-test', 256)
        assert {s.path for s in train + test} == {sheets[kind], sheets[f'{kind}-test']}
        assert all(s.square[2] == SQUARE for s in train + test)
    assert len(pairs_in(['edges', 'noto'])[0]) == len(sources_in('twemoji')) == 768
    assert len(sources_in('glyphs')) % 36 == len(sources_in('glyphs-test')) % 36 == 0


def test_a_folder_of_a_bundled_name_is_what_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / 'noto', ['1.png'])
    assert [s.path.name for s in sources_in('noto')] == ['1.png']
    (tmp_path / 'noto' / '1.png').unlink()
    with pytest.raises(InputError, match="there are no pictures in 'noto'"):
        sources_in('noto')


def test_bundled_drawings_show_what_their_pictures_show():
    """Where a line is, the picture changes: at the same place more than at that of the next."""
    for suffix in ('', '-test'):
        X, Y = (
            load_image(samples('collections')[kind + suffix]).asnumpy().mean(axis=2)
            for kind in ('edges', 'noto')
        )
        slope = sum(numpy.abs(numpy.gradient(Y, axis=axis)) for axis in (0, 1))
        drawn = X < 128
        assert slope[drawn].mean() > 2 * slope[numpy.roll(drawn, SQUARE, axis=1)].mean()


def test_what_is_held_out_is_spread_evenly():
    kept, shown = held_out([*range(20)], 4)
    assert shown == [2, 7, 12, 17]
    assert sorted(kept + shown) == [*range(20)]
    assert spread(3, 8) == [0, 1, 2]
    with pytest.raises(InputError, match='there are 9 pictures, of which 8 are held out'):
        held_out([*range(9)], 8)
