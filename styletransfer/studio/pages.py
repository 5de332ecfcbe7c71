"""The pages that are open: a folder for each, what was dropped there, and what it waits for."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections import OrderedDict
from pathlib import Path
from typing import List, Optional

from styletransfer.errors import InputError
from styletransfer.studio.limits import MOST_FILES, picture_ending, safe_name
from styletransfer.studio.line import Ticket, closing

MOST_PAGES = 50  # that are open at once: for one more, that which was longest idle is closed


class Page:
    """One open page.

    Its folder has a name that cannot be guessed, for whoever knows it may read what is there.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / secrets.token_urlsafe(16)
        self.folder.mkdir(mode=0o700)
        self.files: List[str] = []
        self.sheet: List[str] = []  # the styles of the contact sheet that is shown
        self.ticket: Optional[Ticket] = None

    def take(self, path: Path) -> str:
        """Move a picture into the folder, and return its name there.

        Raises
        ------
        InputError
            If it is none that is taken; then it is gone, too.
        """
        try:
            if len(self.files) >= MOST_FILES:
                raise InputError(f'{MOST_FILES} files are enough for a page: open another')
            ending = picture_ending(path)
            safe = safe_name(path.name, ending, {file.casefold() for file in self.files})
            shutil.move(str(path), self.folder / safe)
        finally:
            path.unlink(missing_ok=True)
        self.files.append(safe)
        return safe

    def put(self, name: str) -> Path:
        """Return the path of a file of the page's own making, which may be there already."""
        if name not in self.files:
            self.files.append(name)
        return self.folder / name

    def path(self, name: str) -> str:
        """Return the path of a file in the folder, '' if it has no name."""
        return str(self.folder / name) if name else ''

    def close(self) -> None:
        """Stop what is under way for it, and remove its folder."""

        def remove() -> None:
            shutil.rmtree(self.folder, ignore_errors=True)

        if self.ticket and not self.ticket.over.is_set():
            closing(self.ticket, remove)
        else:
            remove()


class Pages:
    """All open pages, by what Gradio calls their session."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: str) -> Page:
        """Return a page; one that is not known is opened."""
        with self._lock:
            page = self._pages.pop(session, None) or Page(self.root)
            self._pages[session] = page  # as the last
            if len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)[1].close()
            return page

    def close(self, session: str) -> bool:
        """Close a page, if it is known, and tell whether any is open still."""
        with self._lock:
            page = self._pages.pop(session, None)
            if page:
                page.close()
            return bool(self._pages)
