"""What holds for every address: forms are ours, nobody floods, refusals and failures have a page."""

from __future__ import annotations

import logging

import psycopg
from flask import Blueprint, Flask, Response, abort, current_app, g, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import Babel  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException

from ..errors import PlatformNotAllowedError, SeasonNotFoundError, UserNotFoundError
from . import language
from .render import RETRY_SECONDS, finish, refuse
from .site import Site
from .visitor import check_form, visitor

__all__ = ["add_app_guard", "add_guard"]

log = logging.getLogger("ttfd.website")

_LIMITED_LOGINS = {"ttfd.login_with", "ttfd.login_answer", "ttfd.login_link", "ttfd.login_by_link"}


def add_guard(blueprint: Blueprint, site: Site) -> None:
    """Add what happens before and after every view, and the pages of errors."""

    @blueprint.record_once
    def set_up(state: BlueprintSetupState) -> None:
        state.app.extensions["ttfd"] = site
        state.app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # a page may stay open for days
        if "babel" not in state.app.extensions:
            Babel(state.app, locale_selector=language.select_language)

    @blueprint.before_request
    def check() -> Response | None:
        address = request.remote_addr or ""
        _notice_proxy(site)
        if request.endpoint in _LIMITED_LOGINS and not site.limits.is_allowed("login", address):
            abort(429)
        if any("\0" in text for text in (*request.args.values(), *request.form.values())):
            abort(400)  # PostgreSQL has no such text
        if request.method == "POST":
            asking = visitor(site)
            if not site.limits.is_allowed("change", str(asking.user_id) if asking else address):
                abort(429)
            check_form()
        return site.cache.find()

    @blueprint.errorhandler(UserNotFoundError)
    @blueprint.errorhandler(SeasonNotFoundError)
    @blueprint.errorhandler(psycopg.errors.InvalidTextRepresentation)  # a cursor that is none of ours
    @blueprint.errorhandler(psycopg.errors.NumericValueOutOfRange)
    @blueprint.errorhandler(psycopg.errors.DatetimeFieldOverflow)
    @blueprint.errorhandler(psycopg.errors.IntervalFieldOverflow)
    @blueprint.errorhandler(psycopg.errors.InvalidParameterValue)
    def not_found(_error: Exception) -> ResponseReturnValue:
        return refuse(site, "not_found.html", 404)

    @blueprint.errorhandler(PlatformNotAllowedError)  # logged out, or no administrator any more, since the page began
    def not_allowed(_error: Exception) -> ResponseReturnValue:
        return refuse(site, "refused.html", 403, code=403)

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        return _refused(site, error)

    @blueprint.errorhandler(psycopg.Error)
    def unavailable(error: psycopg.Error) -> ResponseReturnValue:
        log.warning("no answer from the database: %s %s", type(error).__name__, error.sqlstate or "")
        g.ttfd_visitor = None  # nobody is known, and the page that says so must not ask
        answer = current_app.make_response(refuse(site, "unavailable.html", 503))
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer

    @blueprint.after_request
    def finish_all(response: Response) -> Response:
        site.cache.keep(response)
        return finish(site, response)

    @blueprint.teardown_request
    def give_up(_error: BaseException | None) -> None:
        site.cache.give_up()


def add_app_guard(app: Flask) -> None:
    """Answer addresses that no route knows in the same way; only where the application is all ours."""
    site: Site = app.extensions["ttfd"]
    app.register_error_handler(HTTPException, lambda error: _refused(site, error))
    app.after_request(lambda response: response if request.blueprint else finish(site, response))


def _notice_proxy(site: Site) -> None:
    """Behind a proxy that is not known as one, all visitors are one address, and share its limits."""
    is_forwarded = "X-Forwarded-For" in request.headers and "werkzeug.proxy_fix.orig" not in request.environ
    if is_forwarded and site.limits.is_allowed("warning", "proxy"):
        log.warning("requests come through a proxy: set TTFD_PROXIES, or all visitors share the limits of one address")


def _refused(site: Site, error: HTTPException) -> ResponseReturnValue:
    status = error.code
    if status is None or status < 400:  # an answer that somebody aborted with, or a redirect
        return error
    if status == 404:
        return refuse(site, "not_found.html", 404)
    if status >= 500:
        g.ttfd_visitor = None  # the page that says so must not fail as well
    answer = current_app.make_response(refuse(site, "refused.html", status, code=status))
    answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    if status == 429:
        answer.headers["Retry-After"] = "60"
    return answer
