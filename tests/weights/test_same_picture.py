"""One picture comes out of the same weights, whatever file they are in."""

import pytest
from same_picture import CAFFE, formats, paint, pixels
from weights_files import SLIM, torch_arrays

from styletransfer.train import run as runs


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """The picture that each format gives."""
    with pytest.MonkeyPatch.context() as patch:
        # runs draw no figure: it takes longer than they do
        patch.setattr(runs, 'save_figure', lambda path, *args: path.write_bytes(b'a figure'))
        folder = tmp_path_factory.mktemp('pictures')
        return {
            name: paint(write, folder / name, 'vgg19_slim')
            for name, write in formats(torch_arrays(SLIM)).items()
        }


def test_networks_for_the_same_colours_paint_the_same_bytes(pictures):
    same = {name: path.read_bytes() for name, path in pictures.items() if name not in CAFFE}
    assert len(same) == 10
    assert len(set(same.values())) == 1


@pytest.mark.parametrize('name', CAFFE)
def test_networks_for_other_colours_paint_nearly_the_same(pictures, name):
    apart = abs(pixels(pictures[name]) - pixels(pictures['timm']))
    assert apart.max() <= 2
    assert apart.mean() < 0.005


def test_other_weights_paint_another_picture(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, 'save_figure', lambda path, *args: path.write_bytes(b'a figure'))
    other = paint(formats(torch_arrays(SLIM, seed=1))['timm'], tmp_path / 'other', 'vgg19_slim')
    assert abs(pixels(other) - pixels(pictures['timm'])).mean() > 0.3
