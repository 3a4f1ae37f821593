"""Pages for strangers, who all see the same: kept for less than half a second.

That is what lets one process serve hundreds of page loads a second when a crowd opens a shared link. It delays
nothing: an open page loads itself anew half a second after it heard of an event (``QUIET_MS`` in ``website.js``), and
by then every copy from before the event is too old.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Response, request
from flask_babel import get_locale  # type: ignore[import-untyped]

from .language import LANGUAGE_COOKIE

__all__ = ["THEME_COOKIE", "PageCache"]

THEME_COOKIE = "ttfd_theme"
_SECONDS = 0.4
_MOST_PAGES = 500
_PAGES = {"ttfd.leaderboard", "ttfd.member", "ttfd.activity", "ttfd.seasons", "ttfd.season"}
_HARMLESS_COOKIES = {LANGUAGE_COOKIE, THEME_COOKIE}

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    expires_at: float


class PageCache:
    """Copies of pages by address, language and theme. Only for who has no other cookie: nothing personal gets in."""

    def __init__(self) -> None:
        self._pages: dict[Key, _Page] = {}

    def find(self) -> Response | None:
        """The copy of the page that is asked for, if there is one that is young enough."""
        key = _key()
        page = self._pages.get(key) if key else None
        if page is None or page.expires_at < time.monotonic():
            return None
        return Response(page.body, mimetype="text/html")

    def keep(self, response: Response) -> None:
        """Remember a page that was just made."""
        key = _key()
        if key is None or response.status_code != 200 or response.mimetype != "text/html":
            return
        if "Set-Cookie" in response.headers:
            return
        if len(self._pages) >= _MOST_PAGES:
            self._pages.clear()
        self._pages[key] = _Page(response.get_data(), time.monotonic() + _SECONDS)


def _key() -> Key | None:
    if request.method != "GET" or request.endpoint not in _PAGES or not _HARMLESS_COOKIES.issuperset(request.cookies):
        return None
    if "lang" in request.args or "theme" in request.args:
        return None
    return request.host_url, request.full_path, str(get_locale()), request.cookies.get(THEME_COOKIE, "")
