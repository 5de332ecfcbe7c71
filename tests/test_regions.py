"""Label pictures: any colours, soft edges, what is missing; and regions that are proposed."""

import numpy
import pytest
from scipy.ndimage import gaussian_filter

from styletransfer.errors import InputError
from styletransfer.regions import (
    COLOURS,
    colour_name,
    masks,
    palette,
    proposed,
    read_regions,
    segments,
)

BLUE, GREEN, RED, YELLOW = (COLOURS[name] for name in ('blue', 'green', 'red', 'yellow'))
ORANGE, PINK = (250, 130, 10), (240, 90, 160)


def labelled(*colours, height=40, width=60):
    """Return a label picture of stripes side by side, each of one colour."""
    img = numpy.zeros((height, width, 3), 'uint8')
    edges = numpy.linspace(0, width, len(colours) + 1).astype(int)
    for colour, left, right in zip(colours, edges, edges[1:]):
        img[:, left:right] = colour
    return img


def soft(img, radius=2):
    """Return a label picture with the edges of a soft brush."""
    return gaussian_filter(img.astype(float), (radius, radius, 0)).round().astype('uint8')


def as_set(colours):
    return {tuple(colour) for colour in colours.tolist()}


def test_the_palette_is_what_was_painted_with():
    assert as_set(palette(labelled(BLUE, ORANGE, PINK))) == {BLUE, ORANGE, PINK}
    assert as_set(palette(labelled(BLUE, RED), labelled(YELLOW))) == {BLUE, RED, YELLOW}
    assert palette(labelled(BLUE, BLUE, RED))[0].tolist() == list(BLUE)  # the commonest first


@pytest.mark.parametrize('seed', range(5))
def test_a_file_that_does_not_keep_colours_exactly(seed):
    rng, img = numpy.random.default_rng(seed), labelled(BLUE, ORANGE, (20, 20, 20))
    noisy = (img + rng.integers(-3, 4, img.shape)).clip(0, 255).astype('uint8')
    found = palette(noisy)
    assert len(found) == 3
    assert [colour_name(colour) for colour in found].count('blue') == 1
    regions = read_regions(noisy, noisy)
    exact = read_regions(img, img)
    assert sorted(regions.shares) == sorted(exact.shares)


def test_soft_edges_are_read_by_the_nearest_colour():
    # between black and white there is grey, but nobody painted with it
    img = labelled((0, 0, 0), (255, 255, 255), ORANGE)
    assert (abs(soft(img)[:, 18:22].astype(int) - 128) < 40).all(axis=2).any()
    regions, exact = read_regions(soft(img), soft(img)), read_regions(img, img)
    assert as_set(regions.colours) == as_set(exact.colours)
    order = [exact.colours.tolist().index(colour) for colour in regions.colours.tolist()]
    different = numpy.array(order)[regions.content] != exact.content
    assert different.mean() < 0.04  # an edge may move by a pixel
    assert (
        numpy.array(order)[regions.content][20, ::12].tolist() == exact.content[20, ::12].tolist()
    )


def test_regions_have_the_same_number_in_both():
    regions = read_regions(labelled(BLUE, ORANGE), labelled(ORANGE, BLUE, BLUE))
    assert regions.content[0, 0] == regions.style[0, -1]
    assert regions.content[0, -1] == regions.style[0, 0]
    assert sum(regions.shares) == pytest.approx(1)
    for k, (ours, theirs) in enumerate(zip(masks(regions.content), masks(regions.style))):
        assert ours.dtype == 'float32'
        assert ours.mean() == pytest.approx(regions.shares[k])
        numpy.testing.assert_array_equal(ours, regions.content == k)
        numpy.testing.assert_array_equal(theirs, regions.style == k)


@pytest.mark.parametrize(
    ('colour', 'name'), [(RED, 'red'), ((250, 10, 5), 'red'), (ORANGE, '#fa820a')]
)
def test_a_region_without_a_style_is_refused_by_its_name(colour, name):
    content = labelled(BLUE, colour, GREEN)
    with pytest.raises(InputError, match=f'region in {name}, .* has green, blue') as refusal:
        read_regions(content, labelled(GREEN, GREEN, BLUE))
    assert '\n' not in str(refusal.value)


def test_a_style_that_nothing_asks_for_is_left_out():
    regions = read_regions(labelled(BLUE, RED), labelled(BLUE, GREEN, RED))
    assert as_set(regions.colours) == {BLUE, RED}
    assert (regions.style[:, 20:40] == -1).all()
    assert len(masks(regions.style)) == 2
    content, style = regions.painted()
    numpy.testing.assert_array_equal(content, labelled(BLUE, RED))
    assert as_set(style[:, 20:40].reshape(-1, 3)) == {(64, 64, 64)}


def test_a_speck_joins_what_is_next_to_it():
    content = labelled(BLUE, RED)
    content[10:13, 10:13] = GREEN  # 9 of 2400 pixels, and one of them is plain
    assert len(palette(content)) == 2
    style = labelled(BLUE, RED, GREEN)  # where it is a region, so that it is a colour
    regions = read_regions(content, style)
    assert as_set(regions.colours) == {BLUE, RED}
    assert (regions.content[10:13, 10:13] == regions.content[0, 0]).all()


def test_a_picture_without_plain_areas_has_no_labels():
    noise = numpy.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype('uint8')
    with pytest.raises(InputError, match='no plain areas'):
        read_regions(noise, noise)


# --- proposals -----------------------------------------------------------------------------------


def landscape(sky, land, horizon, seed=0, height=60, width=80):
    """Return a sky above a land, both with some grain."""
    img = numpy.empty((height, width, 3))
    img[:horizon], img[horizon:] = sky, land
    img += numpy.random.default_rng(seed).normal(0, 4, img.shape)
    return img.clip(0, 255).round().astype('uint8')


def test_what_is_light_and_above_goes_with_what_is_light_and_above():
    day = landscape((150, 190, 240), (60, 90, 40), 20)
    night = landscape((40, 30, 70), (8, 6, 10), 40, seed=1)  # lighter than its land, still
    regions = proposed(day, night, 2)
    assert as_set(regions.colours) <= set(COLOURS.values())
    ours, theirs = regions.content[0, 0], regions.style[0, 0]
    assert ours == theirs
    assert (regions.content[:18] == ours).mean() > 0.97
    assert (regions.content[22:] == ours).mean() < 0.03
    assert (regions.style[:38] == theirs).mean() > 0.97
    assert (regions.style[42:] == theirs).mean() < 0.03


@pytest.mark.parametrize('count', [2, 3, 5])
def test_a_proposal_can_be_painted_edited_and_read(count):
    content = landscape((150, 190, 240), (60, 90, 40), 25)
    content[40:50, 20:40] = (200, 30, 30)
    style = landscape((230, 120, 80), (40, 30, 60), 35, seed=1, width=70)
    style[45:55, 40:60] = (120, 160, 60)
    regions = proposed(content, style, count)
    assert (
        len(regions.colours) == count == len(masks(regions.content)) == len(masks(regions.style))
    )
    assert min(regions.shares) > 0
    assert regions.content.shape == content.shape[:2]
    assert regions.style.shape == style.shape[:2]
    again = proposed(content, style, count)
    numpy.testing.assert_array_equal(again.content, regions.content)
    numpy.testing.assert_array_equal(again.style, regions.style)
    if min(regions.shares) > 0.05:
        ours, theirs = regions.painted()
        read = read_regions(ours, theirs)
        assert as_set(read.colours) == as_set(regions.colours)
        assert sorted(read.shares) == pytest.approx(sorted(regions.shares))


def test_more_parts_than_there_are_cannot_be_told_apart():
    plain = numpy.full((30, 40, 3), 120, 'uint8')
    assert segments(plain, 2).max() == 1  # above and below
    with pytest.raises(InputError, match=r'200 regions cannot be told apart .* only'):
        segments(plain[:12, :12], 200)
