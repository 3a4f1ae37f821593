"""Pages for strangers, who all see the same: kept for less than half a second, and made once for all who ask meanwhile.

That is what lets one process serve hundreds of page loads a second when a crowd opens a shared link. It delays
nothing: an open page loads itself anew half a second after it heard of an event (``QUIET_MS`` in ``website.js``), and
by then every copy whose making began before the event is too old.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from flask import Response, g, request

from .language import LANGUAGE_COOKIE, current_language

__all__ = ["THEME_COOKIE", "PageCache"]

THEME_COOKIE = "ttfd_theme"
_SECONDS = 0.4
_PATIENCE_SECONDS = 2.0  # for a page that another visitor's request is making
_MOST_PAGES = 500
_PAGES = {"ttfd.leaderboard", "ttfd.member", "ttfd.activity", "ttfd.seasons", "ttfd.season"}
_HARMLESS_COOKIES = {LANGUAGE_COOKIE, THEME_COOKIE}

Key = tuple[str, ...]


@dataclass(slots=True)
class _Page:
    begun_at: float
    body: bytes | None = None
    made: threading.Event = field(default_factory=threading.Event)


class PageCache:
    """Copies of pages by address, language and theme. Only for who has no other cookie: nothing personal gets in."""

    def __init__(self) -> None:
        self._pages: dict[Key, _Page] = {}

    def find(self) -> Response | None:
        """The copy of the page that is asked for; None when this request has to make the page."""
        key = _key()
        if key is None:
            return None
        now = time.monotonic()
        page = self._pages.get(key)
        if page is None or page.begun_at + _SECONDS < now:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            self._pages[key] = g.ttfd_page = _Page(now)
            return None
        page.made.wait(_PATIENCE_SECONDS)
        return None if page.body is None else Response(page.body, mimetype="text/html")

    def keep(self, response: Response) -> None:
        """Give the page that this request has made, if it was to make one, to all who wait for it and come soon."""
        page: _Page | None = g.pop("ttfd_page", None)
        if page is None:
            return
        if response.status_code == 200 and response.mimetype == "text/html" and "Set-Cookie" not in response.headers:
            page.body = response.get_data()
        page.made.set()

    def give_up(self) -> None:
        """Let nobody wait for a page that this request was to make and has not."""
        page: _Page | None = g.pop("ttfd_page", None)
        if page is not None:
            page.made.set()


def _key() -> Key | None:
    if request.method != "GET" or request.endpoint not in _PAGES or not _HARMLESS_COOKIES.issuperset(request.cookies):
        return None
    if "lang" in request.args or "theme" in request.args:
        return None
    return request.host_url, request.full_path, current_language(), request.cookies.get(THEME_COOKIE, "")
