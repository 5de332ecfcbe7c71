"""The slides show what the chapters show."""

import re
import sys
from pathlib import Path

import numpy
import pytest

from styletransfer.errors import InputError

CHAPTERS = Path(__file__).parent.parent.parent / 'chapters'
sys.path.insert(0, str(CHAPTERS))
import slides  # noqa: E402


@pytest.mark.parametrize('slide', slides.SLIDES, ids=lambda slide: slide.figure)
def test_each_figure_is_in_its_chapter(slide):
    pictures = slides.pictures_of(slide.figure)
    assert pictures
    if slide.covered:
        panels = [panel for picture in pictures for panel in slides.panels_of(picture)]
        assert len(panels) in (2, 4, 6)
        covered = slides.covered(panels, slide.covered, 0)
        for k, panel in enumerate(covered):  # a letter, and nothing of the title beside it
            top = round(slide.covered * panel.height)
            edge = numpy.asarray(panel)[:top, : panel.width // 3]
            assert (edge == 255).all(), k
            below = numpy.asarray(panel)[top:]
            cut = [numpy.asarray(p)[top:] for p in panels if p.size == panel.size]
            assert sum((one == below).all() for one in cut) == 1
        assert [c.tobytes() for c in covered] != [p.tobytes() for p in panels]


def test_a_figure_that_is_not_there():
    with pytest.raises(InputError, match=r'no Figure 1\.99'):
        slides.pictures_of('1.99')


@pytest.mark.parametrize('name', ['slides.pdf', 'slides.zh.pdf'])
def test_the_files_have_all_pages(name):
    data = (CHAPTERS / name).read_bytes()
    pages = sum(2 if slide.covered else 1 for slide in slides.SLIDES)
    assert len(re.findall(rb'/Type /Page\b', data)) == pages
    assert len(data) < 2.5e6
