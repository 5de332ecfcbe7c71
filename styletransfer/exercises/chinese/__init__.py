"""What the exercises say, in Chinese: a table from each English text to its translation.

A text is looked up as it stands in the code, with placeholders as of `translation`. The tasks of a
chapter have a module of hints here, as they have one in `tasks`. What two of them say in the same
words is translated once, where it comes first. Terms are those of the book's Chinese edition.
"""

from __future__ import annotations

from typing import Dict

from styletransfer.exercises.chinese import (
    any_style,
    by_hand,
    checks,
    cyclegan,
    figures,
    many_styles,
    mixgan,
    moving_pictures,
    neural_style,
    one_pass,
    own_picture,
    patches,
    photographs,
    pix2pix,
    reports,
    taking_control,
    the_original,
    what_the_layers_see,
    whole_transfer,
)

TABLES: Dict[str, Dict[str, str]] = {
    module.__name__: module.TEXTS
    for module in (
        checks,
        reports,
        neural_style,
        by_hand,
        figures,
        whole_transfer,
        own_picture,
        what_the_layers_see,
        the_original,
        taking_control,
        patches,
        photographs,
        moving_pictures,
        one_pass,
        many_styles,
        any_style,
        pix2pix,
        cyclegan,
        mixgan,
    )
}

CHINESE: Dict[str, str] = {
    english: text for table in TABLES.values() for english, text in table.items()
}
