"""Who asks: sessions, forms that only our own pages can send, and addresses that lead nowhere else."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf, validate_csrf  # type: ignore[import-untyped]
from werkzeug.wrappers import Response
from wtforms import ValidationError  # type: ignore[import-untyped]

from ..models import Profile, Session
from .language import marked, translated
from .site import Site

__all__ = [
    "Visitor",
    "check_form",
    "csrf_token",
    "digest",
    "empty_session",
    "forget_browser",
    "local_path",
    "may_see",
    "new_token",
    "remember_browser",
    "require_admin",
    "require_login",
    "visitor",
]

_SESSION_SECONDS = 30 * 86_400
_LONGEST_PATH = 2000
_OUR_KEYS = ("ttfd_", "csrf_token", "_state_discord_", "_state_telegram_")  # the last are Authlib's


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in, and the hash of the token that says so."""

    session: Session
    token_hash: bytes

    @property
    def user_id(self) -> int:
        """The member."""
        return self.session.user_id


def digest(token: str) -> bytes:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


def visitor(site: Site) -> Visitor | None:
    """Who is logged in, asked of the database once a request; None for a stranger, who costs no query."""
    if "ttfd_visitor" not in g:
        token = request.cookies.get(_cookie_name(site))
        token_hash = digest(token) if token else b""
        found = site.client().find_session(token_hash) if token else None
        g.ttfd_visitor = Visitor(found, token_hash) if found else None
    return g.ttfd_visitor  # type: ignore[no-any-return]


def may_see(site: Site, profile: Profile) -> bool:
    """Whether a visitor may see a member's page: whoever is hidden is seen by themselves and by administrators."""
    if not profile.is_hidden:
        return True
    asking = visitor(site)
    return asking is not None and (asking.user_id == profile.user_id or asking.session.is_admin)


def remember_browser(site: Site, response: Response, token: str) -> Response:
    """Give a browser that has just logged in its token. Whatever it had before, a login gets a new one."""
    response.set_cookie(
        _cookie_name(site),
        token,
        max_age=_SESSION_SECONDS,
        secure=_is_secure(site),
        httponly=True,
        samesite="Lax",
    )
    return response


def empty_session() -> None:
    """Take everything of ours out of the form cookie; an application around us may have its own things in it."""
    for key in [key for key in session if key.startswith(_OUR_KEYS)]:
        del session[key]


def forget_browser(site: Site, response: Response) -> Response:
    """Take the token away."""
    response.delete_cookie(_cookie_name(site), secure=_is_secure(site), httponly=True, samesite="Lax")
    return response


def _is_secure(site: Site) -> bool:
    return request.is_secure or (site.settings.site_url or "").startswith("https:")


def _cookie_name(site: Site) -> str:
    """The prefix makes browsers refuse such a cookie from a subdomain or an unencrypted page."""
    return "__Host-ttfd_session" if _is_secure(site) else "ttfd_session"


def csrf_token() -> str:
    """For a hidden field of every form."""
    return str(generate_csrf())


def check_form() -> None:
    """Refuse a form that none of our pages has sent. Aborts with 400."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        abort(400)


def local_path(path: str | None) -> str | None:
    """An address on this site, or None for one that leads elsewhere, however it is disguised."""
    if not path or len(path) > _LONGEST_PATH or not path.startswith("/") or path.startswith("//"):
        return None
    if "\\" in path or any(ord(character) <= 32 or ord(character) == 127 for character in path):
        return None
    parts = urlsplit(path)
    return None if parts.scheme or parts.netloc else path


P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def require_login(site: Site) -> Callable[[View[P]], View[P]]:
    """A page for members: strangers are sent to log in and then back."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if visitor(site) is None:
                return _ask_to_log_in()
            return view(*args, **kwargs)

        return guarded

    return decorate


def require_admin(site: Site) -> Callable[[View[P]], View[P]]:
    """A page for administrators: the database says who is one."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            asking = visitor(site)
            if asking is None:
                return _ask_to_log_in()
            if not asking.session.is_admin:
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return decorate


def _ask_to_log_in() -> ResponseReturnValue:
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    flash(translated(marked("Please log in first.")))
    return redirect(url_for("ttfd.login", next=local_path(back)))
