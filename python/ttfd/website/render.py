"""From a template to an answer: languages, themes, headers, and what every page shows of its visitor."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from . import language
from .cache import THEME_COOKIE
from .site import Site
from .visitor import csrf_token, visitor

__all__ = ["RETRY_SECONDS", "finish", "plain", "public_root", "refuse", "render"]

RETRY_SECONDS = 10
_COOKIE_SECONDS = 365 * 86_400
_THEMES = ("light", "dark", "auto")
_SECURITY_HEADERS = {
    # Pico's marks of forms are pictures within its stylesheet.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'{}; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def render(site: Site, template: str, **context: object) -> str:
    """A page. ``position`` in the context makes it live from this place in the feed on."""
    return render_template(
        f"ttfd/{template}",
        **language.HELPERS,
        csrf_token=csrf_token,
        language_urls=_urls("lang", language.LANGUAGES),
        theme=_theme(),
        theme_urls=_urls("theme", _THEMES),
        visitor=visitor(site),
        root=public_root(site),
        **context,
    )


def refuse(site: Site, template: str, status: int, **context: object) -> ResponseReturnValue:
    """A page that says no."""
    return render(site, template, **context), status


def plain(text: str, status: int = 200) -> Response:
    """An answer for programs."""
    response = Response(text + "\n", status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def finish(site: Site, response: Response) -> Response:
    """Headers of every answer; the cookies of a choice that was just made."""
    logins = "".join(f" {provider.url}" for provider in site.settings.providers.values())
    for name, value in _SECURITY_HEADERS.items():
        response.headers[name] = value.format(logins)
    if (site.settings.site_url or "").startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.vary.update(("Accept-Language", "Cookie"))
        for name, cookie, choices in (
            ("lang", language.LANGUAGE_COOKIE, language.LANGUAGES),
            ("theme", THEME_COOKIE, _THEMES),
        ):
            if (chosen := request.args.get(name)) and chosen in choices:
                remember_choice(response, cookie, chosen)
    return response


def remember_choice(response: Response, cookie: str, value: str) -> None:
    """Keep a choice in the browser."""
    response.set_cookie(cookie, value, max_age=_COOKIE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax")


def _theme() -> str:
    for chosen in (request.args.get("theme"), request.cookies.get(THEME_COOKIE)):
        if chosen in _THEMES:
            return chosen
    return "auto"


def public_root(site: Site) -> str:
    """What goes before a path to make it an address for others: a provider of logins, or who is sent a link."""
    return site.settings.origin or request.host_url.rstrip("/")


def _urls(name: str, choices: Iterable[str]) -> dict[str, str]:
    """This page with every choice; of an address that no route knows or a sent form, the first page."""
    page, query = url_for("ttfd.leaderboard"), {}
    if request.method == "GET" and request.endpoint:
        page, query = url_for(request.endpoint, **(request.view_args or {})), request.args.to_dict()
    return {choice: f"{page}?{urlencode({**query, name: choice})}" for choice in choices}
