"""The page: what happens at which click."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import gradio as gr
from PIL import Image

from styletransfer.errors import InputError
from styletransfer.images import samples
from styletransfer.recipes import RECIPES
from styletransfer.studio import views
from styletransfer.studio.knobs import (
    RECIPE,
    STAGES,
    knobs,
    shown,
    size_of,
)
from styletransfer.studio.layout import Layout, fits, save_thumbnails
from styletransfer.studio.limits import MOST_STYLES
from styletransfer.studio.line import Line, Ticket
from styletransfer.studio.orders import make_order
from styletransfer.studio.pages import Page, Pages
from styletransfer.studio.painter import all_styles, any_style
from styletransfer.studio.tasks import (
    Done,
    GoOn,
    Long,
    Paint,
    Painting,
    Pictures,
    Sheet,
    Stopped,
    Task,
)
from styletransfer.studio.words import Words

MOMENT = 0.3  # seconds between two looks at how far a painting is
CANVAS = 640  # pixels of the longer side of the photo under the brush

Update = Dict[Any, Any]


class Studio:
    """What happens on one language's page; the line and the pages are common to all."""

    def __init__(self, line: Line, pages: Pages, small: Path, words: Words) -> None:
        self.line, self.pages, self.words = line, pages, words
        self.widgets = Layout(words, small)
        self._wire()

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
        outputs = [widget for _, widget in widgets.knobs.values()]
        outputs += [widgets.standing, *widgets.groups.values()]
        widgets.how.change(self.show_knobs, widgets.how, outputs, **many)
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
                    why = self.words.refusal(error)
                    refused.append(self.words('refused', name=path.name, message=why))
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
        updates: Update = {self.widgets.standing: how} if how in RECIPES else {}
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
            how, photo, styles, standing, *rest = told
            shares, turned = rest[:MOST_STYLES], rest[MOST_STYLES:]
            try:
                order = make_order(
                    how,
                    photo,
                    styles or [],
                    shares[: len(styles or [])],
                    dict(zip(widgets.knobs, turned)),
                    page.files,
                    standing,
                )
            except InputError as error:
                yield {widgets.status: views.note(self.words.refusal(error), bad=True)}
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


def with_request(function: Any) -> Any:
    """Return a function of all inputs of an event as Gradio calls it: with the request besides."""

    def called(request: gr.Request, *values: Any) -> Iterator[Update]:
        yield from function(*values, request)

    return called


def build(line: Line, pages: Pages, small: Path) -> gr.Blocks:
    """Return the page, in both languages; `small` is the folder for small samples."""
    save_thumbnails(small)
    with gr.Blocks(title='styletransfer', analytics_enabled=False, fill_width=True) as blocks:
        Studio(line, pages, small, Words('en'))
        blocks.unload(leaver(blocks, pages))
    with blocks.route('中文', 'zh', show_in_navbar=False):
        Studio(line, pages, small, Words('zh'))
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
