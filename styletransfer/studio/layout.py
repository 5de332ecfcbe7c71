"""What is where on the page, and what stands there at first."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import gradio as gr
from PIL import Image, ImageOps

from styletransfer.images import picture_path, samples
from styletransfer.recipes import RECIPES
from styletransfer.studio import views
from styletransfer.studio.knobs import GROUPS, PAINTING, Knob, knobs, shown
from styletransfer.studio.limits import MOST_STYLES
from styletransfer.studio.orders import ways
from styletransfer.studio.words import Words

FIRST_WAY, FIRST_PHOTO, FIRST_STYLES = 'johnson', 'lake', ['oil_strokes']
FIRST_RECIPE = 'tutorial'  # whose numbers stand at the knobs before another is chosen
THUMBNAIL = (160, 120)  # pixels of a small sample


class Layout:
    """All of a page that is read or changed later.

    It is put in its place inside a page of Gradio's.

    Parameters
    ----------
    words : Words
    small : Path
        The folder of `save_thumbnails`.
    """

    def __init__(self, words: Words, small: Path) -> None:
        self.words, self.small = words, small
        self.how: Any = None
        self.photo: Any = None
        self.styles: Any = None
        self.shares: List[Any] = []
        self.knobs: Dict[str, Tuple[Knob, Any]] = {}
        self.standing: Any = None
        self.groups: Dict[str, Any] = {}
        self.drops: Dict[str, Any] = {}
        self.shelves: Dict[str, Any] = {}
        self.brush: Any = None
        self.canvas: Any = None
        self.use: Any = None
        self.legend: Any = None
        self.buttons: Dict[str, Any] = {}
        self.asking: Any = None
        self.status: Any = None
        self.picture: Any = None
        self.slider: Any = None
        self.curves: Any = None
        self.sheet: Any = None
        self.downloads: Any = None
        self.command: Any = None
        self.python: Any = None
        self._build()

    @property
    def asked(self) -> List[Any]:
        """Return all that an order is made of, in the order in which `Studio.painter` takes it."""
        turned = [widget for _, widget in self.knobs.values()]
        return [self.how, self.photo, self.styles, self.standing, *self.shares, *turned]

    @property
    def shown(self) -> List[Any]:
        """Return all that a painting changes."""
        results = [self.status, self.picture, self.slider, self.curves, self.sheet]
        said = [self.downloads, self.command, self.python, self.asking]
        return [*results, *said, *self.buttons.values()]

    def _build(self) -> None:
        words = self.words
        other = '/' if words.chinese else '/zh'
        gr.HTML(
            f'<header><h1>{words("title")}</h1><a href="{other}?by=hand">{words("other")}</a>'
            f'</header><p>{words("about")} {words("goes")}</p>'
        )
        with gr.Row(elem_id='desk'):
            with gr.Column(scale=2, min_width=320):
                self.photo = self._shelf('content', 'photo', FIRST_PHOTO)
                self.styles = self._shelf('style', 'style', FIRST_STYLES)
                self.shares = [
                    gr.Slider(0, 1, 1, step=0.05, visible=False) for _ in range(MOST_STYLES)
                ]
                choices = [(words.way(name), name) for name in ways()]
                self.how = gr.Dropdown(choices, value=FIRST_WAY, label=words('how'))
                # of which recipe the numbers at the knobs are: it comes and goes with them
                self.standing = gr.Textbox(FIRST_RECIPE, visible='hidden')
                self._knobs()
                self._masks()
            with gr.Column(scale=3, min_width=320):
                self._results()

    def _shelf(self, kind: str, key: str, first: Any) -> Any:
        """Return where pictures of a kind are chosen: samples to tap, a list, a place to drop."""
        words, several = self.words, isinstance(first, list)
        chosen = gr.Dropdown(
            sorted(samples(kind)),
            value=first,
            multiselect=several,
            max_choices=MOST_STYLES if several else None,
            label=words(key),
            elem_id=f'chosen-{key}',
        )
        self.shelves[key] = gr.Gallery(
            self.thumbnails(kind),
            columns=4,
            height='auto',
            allow_preview=False,
            show_label=False,
            object_fit='cover',
            buttons=[],
            elem_classes='shelf',
            elem_id=f'shelf-{key}',
        )
        self.drops[key] = self._drop(f'own_{key}')
        return chosen

    def thumbnails(self, kind: str) -> List[Any]:
        """Return the samples of a kind as a gallery has them: pairs of file and name."""
        return [(str(self.small / kind / f'{name}.jpg'), name) for name in sorted(samples(kind))]

    def _drop(self, key: str) -> Any:
        return gr.File(
            file_count='multiple',
            file_types=['image'],
            label=self.words(key),
            height=120,
            elem_id=key.replace('_', '-'),
            elem_classes='drop',
        )

    def _knobs(self) -> None:
        """Make a widget of each knob, in the accordion of its group."""
        for group in GROUPS:
            title, name = self.words(group), f'group-{group}'
            some = any(knob.group == group and fits(knob, FIRST_WAY) for knob in knobs())
            with gr.Accordion(title, open=False, visible=some, elem_id=name) as accordion:
                self.groups[group] = accordion
                for knob in knobs():
                    if knob.group == group:
                        self.knobs[knob.name] = knob, self._widget(knob)
                if group == PAINTING:
                    self.drops['file'] = self._drop('own_file')

    def _widget(self, knob: Knob) -> Any:
        """Return the widget of a knob, by its kind."""
        told: Dict[str, Any] = {
            'label': self.words.label(knob),
            'info': self.words.help(knob),
            'value': shown(knob, FIRST_RECIPE),
            'visible': fits(knob, FIRST_WAY),
            'elem_id': f'knob-{knob.name.replace("_", "-")}',
        }
        if knob.kind == 'switch':
            return gr.Checkbox(**told)
        if knob.kind == 'choice':
            unset = [('—', '')] if shown(knob, FIRST_RECIPE) is None else []
            told['value'] = told['value'] or ('' if unset else None)
            return gr.Dropdown([*unset, *((name, name) for name in knob.choices)], **told)
        if knob.kind in ('file', 'files'):
            return gr.Dropdown([], multiselect=knob.kind == 'files', **told)
        if knob.kind in ('number', 'whole'):
            return gr.Number(precision=0 if knob.kind == 'whole' else None, **told)
        return gr.Textbox(**told)

    def _masks(self) -> None:
        """Make the place where regions are painted."""
        words = self.words
        with gr.Accordion(words('masks'), open=False, elem_id='masks'):
            self.legend = gr.HTML(views.legend(FIRST_STYLES, words))
            with gr.Row():
                self.canvas = gr.Button(words('canvas'))
                self.use = gr.Button(words('use_masks'))
            self.brush = gr.ImageEditor(
                type='numpy',
                brush=gr.Brush(colors=list(views.BRUSHES), default_size=40, color_mode='fixed'),
                sources=(),
                transforms=(),
                layers=False,
                buttons=[],
                show_label=False,
            )

    def _results(self) -> None:
        """Make the buttons, and what they show."""
        words = self.words
        with gr.Row():
            self.buttons['paint'] = gr.Button(words('paint'), variant='primary', min_width=120)
            for key in ('stop', 'go_on', 'sheet'):
                live = key == 'sheet'
                self.buttons[key] = gr.Button(words(key), interactive=live, min_width=120)
        self.status = gr.HTML(elem_id='status')
        with gr.Row(visible=False) as self.asking:
            self.buttons['sure'] = gr.Button(words('sure'), variant='primary')
            self.buttons['not_now'] = gr.Button(words('not_now'))
        self.picture = gr.Image(
            str(picture_path(FIRST_PHOTO, 'content')),
            label=words('picture'),
            interactive=False,
            buttons=['fullscreen'],
            elem_id='picture',
        )
        self.slider = gr.ImageSlider(
            label=words('slider'),
            interactive=False,
            visible=False,
            buttons=['fullscreen'],
            elem_id='slider',
        )
        self.curves = gr.HTML(elem_id='curves')
        self.sheet = gr.Gallery(
            label=words('gallery'),
            columns=4,
            height='auto',
            allow_preview=False,
            visible=False,
            buttons=[],
            elem_id='sheet',
        )
        self.downloads = gr.File(
            label=words('downloads'), visible=False, interactive=False, elem_id='downloads'
        )
        with gr.Accordion(words('same'), open=False, elem_id='same'):
            self.command = gr.Code(
                language='shell',
                label=words('command'),
                interactive=False,
                wrap_lines=True,
                lines=2,
                max_lines=6,
            )
            self.python = gr.Code(
                language='python',
                label=words('python'),
                interactive=False,
                wrap_lines=True,
                lines=3,
                max_lines=12,
            )


def fits(knob: Knob, how: str) -> bool:
    """Tell whether a knob means something to a way to paint."""
    return knob.for_recipes if how in RECIPES else knob.for_networks


def save_thumbnails(folder: Path) -> None:
    """Write small pictures of all samples: a page should not wait for the large ones."""
    for kind in ('content', 'style'):
        (folder / kind).mkdir(parents=True)
        for name, path in samples(kind).items():
            with Image.open(path) as picture:
                small = ImageOps.fit(picture.convert('RGB'), THUMBNAIL)
            small.save(folder / kind / f'{name}.jpg')
