"""The addresses of the site."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import psycopg
from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import Babel  # type: ignore[import-untyped]

from ..errors import UserNotFoundError
from . import language
from .database import Database
from .live import UNKNOWN_POSITION, Hub, TooManyStreamsError

log = logging.getLogger("ttfd.website")

_PAGE_ROWS = 50
_RETRY_SECONDS = 10
_COOKIE_SECONDS = 365 * 86_400
_LARGEST_ID = 2**63 - 1
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def add_pages(blueprint: Blueprint, database: Database, hub: Hub) -> None:
    """Add every page, its errors and its headers to the blueprint."""

    @blueprint.record_once
    def set_up(state: BlueprintSetupState) -> None:
        state.app.extensions["ttfd"] = {"hub": hub, "database": database}
        if "babel" not in state.app.extensions:
            Babel(state.app, locale_selector=language.select_language)

    @blueprint.get("/")
    def leaderboard() -> ResponseReturnValue:
        metric = request.args.get("metric", "xp")
        if metric not in language.METRICS:
            abort(404)
        client = database.client()
        position = client.feed_state().head
        rows = client.list_leaderboard(metric, _PAGE_ROWS + 1, request.args.get("after"))
        return _render(
            "leaderboard.html",
            position=position,
            metric=metric,
            rows=rows[:_PAGE_ROWS],
            next_cursor=rows[_PAGE_ROWS - 1].cursor if len(rows) > _PAGE_ROWS else None,
        )

    @blueprint.get(f"/members/<int(max={_LARGEST_ID}):user_id>")
    def member(user_id: int) -> ResponseReturnValue:
        client = database.client()
        position = client.feed_state().head
        profile = client.get_profile(user_id)
        if profile.user_id != user_id:
            return redirect(url_for("ttfd.member", user_id=profile.user_id))
        history = client.list_history(user_id, _number("before"), _PAGE_ROWS + 1)
        return _render(
            "member.html",
            position=position,
            profile=profile,
            place=client.get_position(user_id),
            history=history[:_PAGE_ROWS],
            before=history[_PAGE_ROWS - 1].position if len(history) > _PAGE_ROWS else None,
        )

    @blueprint.get("/events")
    def events() -> ResponseReturnValue:
        try:
            stream = hub.join(_known_position(), _number("user"))
        except TooManyStreamsError:
            return _plain("too many streams", 503)
        response = Response(
            iter(stream),
            mimetype="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        response.call_on_close(lambda: hub.leave(stream))
        return response

    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return _plain("alive")

    @blueprint.get("/readyz")
    def readyz() -> ResponseReturnValue:
        try:
            database.client().feed_state()
        except psycopg.Error:
            return _plain("the database does not answer", 503)
        return _plain("ready")

    @blueprint.errorhandler(404)
    @blueprint.errorhandler(UserNotFoundError)
    @blueprint.errorhandler(psycopg.DataError)  # a cursor that is none of ours
    def not_found(_error: Exception) -> ResponseReturnValue:
        return _not_found()

    @blueprint.errorhandler(psycopg.Error)
    def unavailable(error: psycopg.Error) -> ResponseReturnValue:
        log.warning("no answer from the database: %s %s", type(error).__name__, error.sqlstate or "")
        return _render("unavailable.html"), 503, {"Retry-After": str(_RETRY_SECONDS)}

    blueprint.after_request(_finish)


def add_app_pages(app: Flask) -> None:
    """Answer addresses that no route knows in the same way; only where the application is all ours."""
    app.register_error_handler(404, lambda _error: _not_found())
    app.after_request(lambda response: response if request.blueprint else _finish(response))


def _not_found() -> ResponseReturnValue:
    return _render("not_found.html"), 404


def _render(template: str, **context: object) -> str:
    here = {**(request.view_args or {}), **request.args.to_dict()}
    return render_template(f"ttfd/{template}", **language.HELPERS, language_urls=_language_urls(here), **context)


def _language_urls(here: Mapping[str, Any]) -> dict[str, str]:
    """This page in every language; of an address that no route knows, the first page."""
    endpoint = request.endpoint or "ttfd.leaderboard"
    return {code: url_for(endpoint, **{**here, "lang": code}) for code in language.LANGUAGES}


def _finish(response: Response) -> Response:
    response.headers.update(_SECURITY_HEADERS)
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-cache")
        response.vary.update(("Accept-Language", "Cookie"))
        chosen = request.args.get("lang")
        if chosen in language.LANGUAGES:
            response.set_cookie(
                language.LANGUAGE_COOKIE,
                chosen,
                max_age=_COOKIE_SECONDS,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
            )
    return response


def _plain(text: str, status: int = 200) -> Response:
    response = Response(text + "\n", status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    value = _parse(text)
    return abort(404) if value is None else value


def _known_position() -> int | None:
    """Where the client was: the browser's own header counts more than the address, which is older."""
    text = request.headers.get("Last-Event-ID") or request.args.get("after")
    if text is None:
        return None
    value = _parse(text)
    return UNKNOWN_POSITION if value is None else value


def _parse(text: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,19}", text):
        return None
    value = int(text)
    return value if value <= _LARGEST_ID else None
