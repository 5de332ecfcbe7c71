"""The page: what is where on it, and what happens at which click."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import gradio as gr
from PIL import Image, ImageOps

from styletransfer.errors import InputError
from styletransfer.images import picture_path, samples
from styletransfer.recipes import RECIPES
from styletransfer.studio import views
from styletransfer.studio.knobs import (
    GROUPS,
    PAINTING,
    RECIPE,
    STAGES,
    Knob,
    knobs,
    shown,
    size_of,
)
from styletransfer.studio.limits import MOST_STYLES
from styletransfer.studio.line import Line, Ticket
from styletransfer.studio.orders import make_order, ways
from styletransfer.studio.pages import Page, Pages
from styletransfer.studio.painter import (
    Done,
    GoOn,
    Long,
    Paint,
    Painting,
    Pictures,
    Sheet,
    Stopped,
    Task,
    all_styles,
    any_style,
)
from styletransfer.studio.words import Words

FIRST_WAY, FIRST_PHOTO, FIRST_STYLES = 'johnson', 'lake', ['oil_strokes']
FIRST_RECIPE = 'tutorial'  # whose numbers stand at the knobs before another is chosen
MOMENT = 0.3  # seconds between two looks at how far a painting is
THUMBNAIL = (160, 120)  # pixels of a small sample
CANVAS = 640  # pixels of the longer side of the photo under the brush

Update = Dict[Any, Any]


@dataclass
class Widgets:
    """All of a page that is read or changed later."""

    how: Any = None
    photo: Any = None
    styles: Any = None
    shares: List[Any] = field(default_factory=list)
    knobs: Dict[str, Tuple[Knob, Any]] = field(default_factory=dict)
    groups: Dict[str, Any] = field(default_factory=dict)
    drops: Dict[str, Any] = field(default_factory=dict)
    shelves: Dict[str, Any] = field(default_factory=dict)
    brush: Any = None
    canvas: Any = None
    use: Any = None
    legend: Any = None
    buttons: Dict[str, Any] = field(default_factory=dict)
    asking: Any = None
    status: Any = None
    picture: Any = None
    slider: Any = None
    curves: Any = None
    sheet: Any = None
    downloads: Any = None
    command: Any = None
    python: Any = None

    @property
    def asked(self) -> List[Any]:
        """Return all that an order is made of, in the order in which `Studio.order` takes it."""
        turned = [widget for _, widget in self.knobs.values()]
        return [self.how, self.photo, self.styles, *self.shares, *turned]

    @property
    def shown(self) -> List[Any]:
        """Return all that a painting changes."""
        results = [self.status, self.picture, self.slider, self.curves, self.sheet]
        said = [self.downloads, self.command, self.python, self.asking]
        return [*results, *said, *self.buttons.values()]


class Studio:
    """What happens on one language's page; the line and the pages are common to all."""

    def __init__(self, line: Line, pages: Pages, small: Path, words: Words) -> None:
        self.line, self.pages, self.small, self.words = line, pages, small, words
        self.widgets = Widgets()

    # --- what is where ---------------------------------------------------------------------------

    def build(self) -> None:
        """Put everything in its place, inside a page of Gradio's."""
        words, widgets = self.words, self.widgets
        other = '/' if words.chinese else '/zh'
        gr.HTML(
            f'<header><h1>{words("title")}</h1><a href="{other}?by=hand">{words("other")}</a>'
            f'</header><p>{words("about")} {words("goes")}</p>'
        )
        with gr.Row(elem_id='desk'):
            with gr.Column(scale=2, min_width=320):
                widgets.photo = self._shelf('content', 'photo', FIRST_PHOTO)
                widgets.styles = self._shelf('style', 'style', FIRST_STYLES)
                widgets.shares = [
                    gr.Slider(0, 1, 1, step=0.05, visible=False) for _ in range(MOST_STYLES)
                ]
                choices = [(words.way(name), name) for name in ways()]
                widgets.how = gr.Dropdown(choices, value=FIRST_WAY, label=words('how'))
                self._knobs()
                self._masks()
            with gr.Column(scale=3, min_width=320):
                self._results()
        self._wire()

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
        self.widgets.shelves[key] = gr.Gallery(
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
        self.widgets.drops[key] = self._drop(f'own_{key}')
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
            with gr.Accordion(
                self.words(group), open=False, elem_id=f'group-{group}'
            ) as accordion:
                self.widgets.groups[group] = accordion
                for knob in knobs():
                    if knob.group == group:
                        self.widgets.knobs[knob.name] = knob, self._widget(knob)
                if group == PAINTING:
                    self.widgets.drops['file'] = self._drop('own_file')

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
        words, widgets = self.words, self.widgets
        with gr.Accordion(words('masks'), open=False, elem_id='masks'):
            widgets.legend = gr.HTML(views.legend(FIRST_STYLES, words))
            with gr.Row():
                widgets.canvas = gr.Button(words('canvas'))
                widgets.use = gr.Button(words('use_masks'))
            widgets.brush = gr.ImageEditor(
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
        words, widgets = self.words, self.widgets
        with gr.Row():
            widgets.buttons['paint'] = gr.Button(words('paint'), variant='primary', min_width=120)
            for key in ('stop', 'go_on', 'sheet'):
                live = key == 'sheet'
                widgets.buttons[key] = gr.Button(words(key), interactive=live, min_width=120)
        widgets.status = gr.HTML(elem_id='status')
        with gr.Row(visible=False) as widgets.asking:
            widgets.buttons['sure'] = gr.Button(words('sure'), variant='primary')
            widgets.buttons['not_now'] = gr.Button(words('not_now'))
        widgets.picture = gr.Image(
            str(picture_path(FIRST_PHOTO, 'content')),
            label=words('picture'),
            interactive=False,
            buttons=['fullscreen'],
            elem_id='picture',
        )
        widgets.slider = gr.ImageSlider(
            label=words('slider'),
            interactive=False,
            visible=False,
            buttons=['fullscreen'],
            elem_id='slider',
        )
        widgets.curves = gr.HTML(elem_id='curves')
        widgets.sheet = gr.Gallery(
            label=words('gallery'),
            columns=4,
            height='auto',
            allow_preview=False,
            visible=False,
            buttons=[],
            elem_id='sheet',
        )
        widgets.downloads = gr.File(
            label=words('downloads'), visible=False, interactive=False, elem_id='downloads'
        )
        with gr.Accordion(words('same'), open=False, elem_id='same'):
            widgets.command = gr.Code(
                language='shell', label=words('command'), interactive=False, wrap_lines=True
            )
            widgets.python = gr.Code(
                language='python', label=words('python'), interactive=False, wrap_lines=True
            )

    # --- what happens at which click -------------------------------------------------------------

    def _wire(self) -> None:
        widgets, buttons = self.widgets, self.widgets.buttons
        many = {'concurrency_limit': None, 'show_progress': 'hidden', 'api_visibility': 'private'}
        for key in ('photo', 'style'):
            shelf = widgets.shelves[key]
            chosen = widgets.photo if key == 'photo' else widgets.styles
            tapped = self.tap_photo if key == 'photo' else self.tap_style
            shelf.select(tapped, chosen, chosen, **many)
        for key, drop in widgets.drops.items():
            inputs = [drop, widgets.photo, widgets.styles]
            outputs = [drop, widgets.photo, widgets.styles, widgets.status, *self._file_knobs()]
            drop.upload(self.taker(key), inputs, outputs, **many)
        widgets.photo.change(self.show_photo, widgets.photo, widgets.picture, **many)
        outputs = [*widgets.shares, widgets.legend]
        widgets.styles.change(self.show_shares, widgets.styles, outputs, **many)
        turned = [widget for _, widget in widgets.knobs.values()]
        widgets.how.change(
            self.show_knobs, widgets.how, [*turned, *widgets.groups.values()], **many
        )
        for key, sure in (('paint', False), ('sure', True)):
            buttons[key].click(self.painter(sure), widgets.asked, widgets.shown, **many)
        buttons['not_now'].click(self.not_now, None, [widgets.asking, widgets.status], **many)
        buttons['stop'].click(self.stop, None, None, **many)
        buttons['go_on'].click(self.go_on, None, widgets.shown, **many)
        inputs = [widgets.how, widgets.photo, widgets.styles]
        buttons['sheet'].click(self.paint_sheet, inputs, widgets.shown, **many)
        widgets.sheet.select(self.tap_sheet, widgets.styles, widgets.styles, **many)
        widgets.canvas.click(self.put_canvas, widgets.photo, widgets.brush, **many)
        outputs = [*self._file_knobs(), widgets.status]
        widgets.use.click(self.use_masks, widgets.brush, outputs, **many)

    def _file_knobs(self) -> List[Any]:
        return [w for knob, w in self.widgets.knobs.values() if knob.kind in ('file', 'files')]

    def page(self, request: gr.Request) -> Page:
        """Return the page that asks."""
        return self.pages.of(str(request.session_hash))

    def tap_photo(self, chosen: str, tapped: gr.SelectData) -> Any:
        """Choose the sample that was tapped."""
        return sorted(samples('content'))[tapped.index]

    def tap_style(self, chosen: List[str], tapped: gr.SelectData) -> Any:
        """Choose the sample that was tapped alone."""
        return [sorted(samples('style'))[tapped.index]]

    def tap_sheet(
        self, chosen: List[str], tapped: gr.SelectData, request: gr.Request
    ) -> List[str]:
        """Choose the style of the picture on the contact sheet that was tapped."""
        sheet = self.page(request).sheet
        return [sheet[tapped.index]] if tapped.index < len(sheet) else chosen

    def taker(self, key: str) -> Any:
        """Return what takes the files that were dropped at a place."""

        def take(
            paths: Sequence[str], photo: str, styles: List[str], request: gr.Request
        ) -> Update:
            page, refused, names = self.page(request), [], []
            for path in map(Path, paths or ()):
                try:
                    names.append(page.take(path))
                except InputError as error:
                    refused.append(self.words('refused', name=path.name, message=error))
            widgets = self.widgets
            if key == 'photo' and names:
                photo = names[-1]
            if key == 'style' and names:
                styles = names[:MOST_STYLES]
            said = views.note(*refused, bad=True) if refused else ''
            own = list(page.files)
            return {
                widgets.drops[key]: None,
                widgets.photo: gr.update(choices=[*sorted(samples('content')), *own], value=photo),
                widgets.styles: gr.update(choices=[*sorted(samples('style')), *own], value=styles),
                widgets.status: said,
                **{widget: gr.update(choices=own) for widget in self._file_knobs()},
            }

        return take

    def show_photo(self, photo: str, request: gr.Request) -> Any:
        """Show the photo that was chosen."""
        with suppress(InputError):
            return self._file(photo, 'content', self.page(request))
        return None

    def _file(self, name: str, kind: str, page: Page) -> str:
        """Return the path of a sample, or of a page's own file."""
        if name in page.files:
            return page.path(name)
        return str(samples(kind)[name]) if name in samples(kind) else ''

    def show_shares(self, styles: List[str]) -> Update:
        """Show a slider for each style, if there are several."""
        styles, several = styles or [], len(styles or ()) > 1
        updates: Update = {self.widgets.legend: views.legend(styles, self.words)}
        for place, slider in enumerate(self.widgets.shares):
            name = styles[place] if place < len(styles) else ''
            label = f'{self.words("shares")} {name}'
            updates[slider] = gr.update(visible=several and bool(name), label=label)
        return updates

    def show_knobs(self, how: str) -> Update:
        """Show the knobs of a way to paint, those of a recipe where they stand in it."""
        updates: Update = {}
        for knob, widget in self.widgets.knobs.values():
            told: Dict[str, Any] = {'visible': fits(knob, how)}
            if knob.group in (RECIPE, STAGES) and how in RECIPES:
                told['value'] = shown(knob, how)
            if knob.name == 'shape':
                told['placeholder'] = size_of(how)
            updates[widget] = gr.update(**told)
        for group, accordion in self.widgets.groups.items():
            some = any(knob.group == group and fits(knob, how) for knob in knobs())
            updates[accordion] = gr.update(visible=some)
        return updates

    def put_canvas(self, photo: str, request: gr.Request) -> Any:
        """Put the photo under the brush, small."""
        page = self.page(request)
        path = self._file(photo, 'content', page)
        if not path:
            return None
        with Image.open(path) as picture:
            small = picture.convert('RGB')
        small.thumbnail((CANVAS, CANVAS))
        return {'background': small, 'layers': [], 'composite': None}

    def use_masks(self, painted: Any, request: gr.Request) -> Update:
        """Keep what was painted as masks, and ask for them."""
        page, names = self.page(request), []
        for place, mask in enumerate(views.regions(painted), start=1):
            names.append(f'region{place}.png')
            Image.fromarray(mask).save(page.put(names[-1]))
        updates: Update = {}
        for knob, widget in self.widgets.knobs.values():
            if knob.kind in ('file', 'files'):
                told: Dict[str, Any] = {}
                if knob.name in ('mask', 'content_mask'):
                    told['value'] = names
                updates[widget] = gr.update(choices=list(page.files), **told)
        said = f'{self.words("masks_used")} {", ".join(names) or "-"}'
        return {**updates, self.widgets.status: views.note(said)}

    # --- painting --------------------------------------------------------------------------------

    def painter(self, sure: bool) -> Any:
        """Return what paints what the page asks for; if that is long, only when one is sure."""

        def paint(*values: Any) -> Iterator[Update]:
            *told, request = values
            page, widgets = self.page(request), self.widgets
            how, photo, styles, *rest = told
            shares, turned = rest[:MOST_STYLES], rest[MOST_STYLES:]
            try:
                order = make_order(
                    how,
                    photo,
                    styles or [],
                    shares[: len(styles or [])],
                    dict(zip(widgets.knobs, turned)),
                    page.files,
                )
            except InputError as error:
                yield {widgets.status: views.note(str(error), bad=True)}
                return
            said = {widgets.command: order.command, widgets.python: order.python}
            yield from self.follow(page, Paint(str(page.folder), order, sure), said)

        return with_request(paint)

    def go_on(self, request: gr.Request) -> Iterator[Update]:
        """Go on with what was stopped."""
        page = self.page(request)
        yield from self.follow(page, GoOn(str(page.folder)), {})

    def paint_sheet(
        self, how: str, photo: str, styles: List[str], request: gr.Request
    ) -> Iterator[Update]:
        """Paint the photo in every style, small."""
        page = self.page(request)
        if not self._file(photo, 'content', page):
            yield {self.widgets.status: views.note(self.words('nothing'), bad=True)}
            return
        own = [name for name in styles or () if name in page.files]
        net = how if how not in RECIPES and not own else any_style()
        task = Sheet(str(page.folder), photo, all_styles(own), net)
        yield from self.follow(page, task, {})

    def stop(self, request: gr.Request) -> None:
        """Ask what is under way to stop."""
        ticket = self.page(request).ticket
        if ticket:
            ticket.stop.set()

    def not_now(self) -> Update:
        """Forget what would take long."""
        return {self.widgets.asking: gr.update(visible=False), self.widgets.status: ''}

    def follow(self, page: Page, task: Task, said: Update) -> Iterator[Update]:
        """Put a task into the line, and show how far it is until it is over."""
        widgets = self.widgets
        if page.ticket and not page.ticket.over.is_set():
            yield {widgets.status: views.note(self.words('busy'), bad=True)}
            return
        ticket = page.ticket = self.line.enter(task)
        yield {**said, **self.buttons(working=True), widgets.asking: gr.update(visible=False)}
        before = ''
        while not ticket.over.wait(MOMENT):
            now = views.status(ticket, self.words)
            if now != before:
                before = now
                yield {widgets.status: now, **self.on_the_way(page, ticket)}
        can_go_on = isinstance(ticket.latest, Stopped)
        yield {
            widgets.status: views.status(ticket, self.words) if ticket.latest else '',
            **self.on_the_way(page, ticket),
            **self.in_the_end(page, ticket),
            **self.buttons(working=False, can_go_on=can_go_on),
        }

    def buttons(self, working: bool, can_go_on: bool = False) -> Update:
        """Let those buttons be pressed that mean something now."""
        live = {'paint': not working, 'sheet': not working, 'stop': working, 'go_on': can_go_on}
        buttons = self.widgets.buttons
        return {buttons[key]: gr.update(interactive=on) for key, on in live.items()}

    def on_the_way(self, page: Page, ticket: Ticket) -> Update:
        """Show the picture, the curves and the contact sheet so far."""
        widgets, event = self.widgets, ticket.latest
        updates: Update = {}
        if isinstance(event, Painting) and event.picture:
            with suppress(OSError):  # it is gone already: the next look shows the next
                curves = Path(page.path(event.curves)).read_text(encoding='utf-8')
                updates = {
                    widgets.picture: gr.update(value=page.path(event.picture), visible=True),
                    widgets.curves: curves[curves.index('<svg') :],
                    widgets.slider: gr.update(visible=False),
                }
        if isinstance(event, Pictures):
            page.sheet = [name for name, _ in event.pictures]
            value = [(page.path(file), name) for name, file in event.pictures]
            updates = {widgets.sheet: gr.update(value=value, visible=True)}
        return updates

    def in_the_end(self, page: Page, ticket: Ticket) -> Update:
        """Show what came of a task."""
        widgets, event = self.widgets, ticket.latest
        if isinstance(event, Long):
            return {widgets.asking: gr.update(visible=True)}
        if isinstance(event, Stopped):
            return {widgets.picture: gr.update(value=page.path(event.picture), visible=True)}
        if not isinstance(event, Done):
            return {}
        files = [page.path(file) for file in event.files]
        updates: Update = {widgets.downloads: gr.update(value=files, visible=True)}
        if event.after:
            both = page.path(event.before), page.path(event.after)
            updates[widgets.slider] = gr.update(value=both, visible=True)
            updates[widgets.picture] = gr.update(visible=False)
        return updates


def fits(knob: Knob, how: str) -> bool:
    """Tell whether a knob means something to a way to paint."""
    return knob.for_recipes if how in RECIPES else knob.for_networks


def with_request(function: Any) -> Any:
    """Return a function of all inputs of an event as Gradio calls it: with the request besides."""

    def called(request: gr.Request, *values: Any) -> Iterator[Update]:
        yield from function(*values, request)

    return called


def save_thumbnails(folder: Path) -> None:
    """Write small pictures of all samples: a page should not wait for the large ones."""
    for kind in ('content', 'style'):
        (folder / kind).mkdir(parents=True)
        for name, path in samples(kind).items():
            with Image.open(path) as picture:
                small = ImageOps.fit(picture.convert('RGB'), THUMBNAIL)
            small.save(folder / kind / f'{name}.jpg')


def build(line: Line, pages: Pages, small: Path) -> gr.Blocks:
    """Return the page, in both languages; `small` is the folder for small samples."""
    save_thumbnails(small)
    with gr.Blocks(title='styletransfer', analytics_enabled=False, fill_width=True) as blocks:
        Studio(line, pages, small, Words('en')).build()
        blocks.unload(leaver(blocks, pages))
    with blocks.route('中文', 'zh', show_in_navbar=False):
        Studio(line, pages, small, Words('zh')).build()
    return blocks


def leaver(blocks: gr.Blocks, pages: Pages) -> Any:
    """Return what is done when a page closes: its files go, and with the last one Gradio's."""

    def leave(request: gr.Request) -> None:
        if not pages.close(str(request.session_hash)):
            cache = Path(blocks.GRADIO_CACHE)
            for path in cache.rglob('*'):
                if path.is_file() and str(path) not in blocks.keep_in_cache:
                    path.unlink(missing_ok=True)

    return leave
