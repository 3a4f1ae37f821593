"""The administrators' part: what waits for a person, the rules, and how the machine does.

It works with a database login of its own (``admin_url``). Each transaction begins with ``act_for_session``, so the
database itself sees that the visitor is an administrator, and the audit log says who it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from uuid import UUID

import psycopg
from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..client import Client
from ..errors import TtfdError
from .changes import action_name, list_changes
from .forms import number_field, parse_number, tell
from .language import marked, translated
from .render import refuse, render
from .site import Site
from .visitor import require_admin, visitor

__all__ = ["add_admin"]

_PAGE_ROWS = 50
_RULE_NUMBERS = (
    *("xp", "coins", "per_seconds", "max_seconds", "cooldown_seconds", "daily_xp_cap", "stated_xp_max"),
    "stated_coins_max",
)
_LONGEST_SEASON_DAYS = 3660


def add_admin(blueprint: Blueprint, site: Site) -> None:
    """Add the pages of the administrators and their forms."""
    _add_overview(blueprint, site)
    _add_failed(blueprint, site)
    _add_conflicts(blueprint, site)
    _add_rules(blueprint, site)
    _add_seasons(blueprint, site)


@contextmanager
def _acting(site: Site) -> Iterator[Client]:
    """A client that acts for the administrator who asks, in one transaction."""
    asking = visitor(site)
    assert asking, "the view is for administrators"
    with site.admin_database.connection() as connection, connection.transaction():
        client = Client(connection)
        client.act_for_session(asking.token_hash)
        yield client


def _change(site: Site, page: str, action: Callable[[Client], object]) -> ResponseReturnValue:
    try:
        with _acting(site) as client:
            action(client)
        flash(translated(marked("Done.")), "good")
    except psycopg.errors.InsufficientPrivilege:
        raise
    except (TtfdError, psycopg.DatabaseError) as error:
        tell(error)
    return redirect(url_for(page))


def _add_overview(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/admin/")
    @require_admin(site)
    def admin() -> ResponseReturnValue:
        with _acting(site) as client:
            return render(
                site,
                "admin/overview.html",
                position=client.feed_state().head,
                stats=client.get_stats(),
                admins=client.list_website_admins(),
            )

    @blueprint.post("/admin/integrity")
    @require_admin(site)
    def integrity() -> ResponseReturnValue:
        with _acting(site) as client:
            return render(site, "admin/integrity.html", violations=client.verify_integrity())

    @blueprint.get("/admin/audit")
    @require_admin(site)
    def audit() -> ResponseReturnValue:
        with _acting(site) as client:
            lines = client.list_audit(number_field("before"), _PAGE_ROWS + 1)
        return render(
            site,
            "admin/audit.html",
            lines=[(line, action_name(line.action), list_changes(line)) for line in lines[:_PAGE_ROWS]],
            before=lines[_PAGE_ROWS - 1].audit_id if len(lines) > _PAGE_ROWS else None,
        )

    @blueprint.errorhandler(psycopg.errors.InsufficientPrivilege)
    def not_granted(_error: Exception) -> ResponseReturnValue:
        return refuse(site, "admin/not_granted.html", 503)


def _add_failed(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/admin/failed")
    @require_admin(site)
    def failed() -> ResponseReturnValue:
        with _acting(site) as client:
            return render(site, "admin/failed.html", events=client.list_failed_events(_PAGE_ROWS))

    @blueprint.post("/admin/failed/retry")
    @require_admin(site)
    def retry() -> ResponseReturnValue:
        event_id = _uuid("event_id")
        return _change(site, "ttfd.failed", lambda client: client.retry_failed_event(event_id))

    @blueprint.post("/admin/failed/discard")
    @require_admin(site)
    def discard() -> ResponseReturnValue:
        event_id, reason = _uuid("event_id"), _text("reason", 500)
        return _change(site, "ttfd.failed", lambda client: client.discard_failed_event(event_id, reason))


def _add_conflicts(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/admin/conflicts")
    @require_admin(site)
    def conflicts() -> ResponseReturnValue:
        with _acting(site) as client:
            return render(site, "admin/conflicts.html", conflicts=client.list_import_conflicts())

    @blueprint.post("/admin/conflicts/settle")
    @require_admin(site)
    def settle() -> ResponseReturnValue:
        conflict_id = _whole("conflict_id")
        settlement, _, candidate = _text("settlement", 400).partition(" ")
        platform, _, external_id = candidate.partition(" ")
        return _change(
            site,
            "ttfd.conflicts",
            lambda client: client.settle_import_conflict(
                conflict_id, settlement, platform or None, external_id or None
            ),
        )


def _add_rules(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/admin/rules")
    @require_admin(site)
    def rules() -> ResponseReturnValue:
        with _acting(site) as client:
            return render(
                site,
                "admin/rules.html",
                event_types=client.list_event_types(),
                numbers=_RULE_NUMBERS,
                boosts=client.list_boosts(),
                settings=client.list_settings(),
            )

    @blueprint.post("/admin/rules/event-type")
    @require_admin(site)
    def change_event_type() -> ResponseReturnValue:
        name = _text("name", 63)
        changes: dict[str, object] = {field: _whole_or_none(field) for field in _RULE_NUMBERS if field in request.form}
        changes |= {field: request.form.get(field) == "1" for field in ("is_boostable", "is_enabled")}
        return _change(site, "ttfd.rules", lambda client: client.change_event_type(name, changes))

    @blueprint.post("/admin/rules/setting")
    @require_admin(site)
    def change_setting() -> ResponseReturnValue:
        name = _text("name", 63)
        values = [_number(text) for text in request.form.getlist("value")[:2]]
        value = values[0] if len(values) == 1 else [int(number) for number in values]
        return _change(site, "ttfd.rules", lambda client: client.set_setting(name, value))

    @blueprint.post("/admin/rules/boost")
    @require_admin(site)
    def add_boost() -> ResponseReturnValue:
        factor = Decimal(str(_number(request.form.get("factor", ""))))
        hours = _whole("hours")
        types = request.form.getlist("event_types") or None
        if not 0 < hours <= 24 * 366:
            abort(400)
        ends_at = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
        return _change(site, "ttfd.rules", lambda client: client.add_boost(factor, None, ends_at, types))

    @blueprint.post("/admin/rules/boost/end")
    @require_admin(site)
    def end_boost() -> ResponseReturnValue:
        boost_id = _whole("boost_id")
        return _change(site, "ttfd.rules", lambda client: client.end_boost(boost_id))


def _add_seasons(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/admin/seasons")
    @require_admin(site)
    def admin_seasons() -> ResponseReturnValue:
        with _acting(site) as client:
            return render(site, "admin/seasons.html", seasons=client.list_seasons())

    @blueprint.post("/admin/seasons/start")
    @require_admin(site)
    def start_season() -> ResponseReturnValue:
        name, days = _text("name", 100), _whole("days")
        if not 0 < days <= _LONGEST_SEASON_DAYS:
            abort(400)
        now = dt.datetime.now(dt.UTC)
        return _change(
            site,
            "ttfd.admin_seasons",
            lambda client: client.start_season(name, None, now + dt.timedelta(days=days)),
        )

    @blueprint.post("/admin/seasons/close")
    @require_admin(site)
    def close_season() -> ResponseReturnValue:
        season_id = _whole("season_id")
        if season_id >= 2**31:
            abort(400)
        return _change(site, "ttfd.admin_seasons", lambda client: client.close_season(season_id))


def _text(name: str, longest: int) -> str:
    text = request.form.get(name, "").strip()
    if not text or len(text) > longest or "\0" in text:
        abort(400)
    return text


def _whole(name: str) -> int:
    value = parse_number(request.form.get(name, ""))
    return abort(400) if value is None else value


def _whole_or_none(name: str) -> int | None:
    return _whole(name) if request.form.get(name, "").strip() else None


def _number(text: str) -> int | float:
    try:
        number = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        abort(400)
    if not number.is_finite() or abs(number) > 10**15:
        abort(400)
    return int(number) if number == number.to_integral_value() else float(number)


def _uuid(name: str) -> UUID:
    try:
        return UUID(request.form.get(name, ""))
    except ValueError:
        abort(400)
