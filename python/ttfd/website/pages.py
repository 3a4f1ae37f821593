"""Pages for everybody."""

from __future__ import annotations

import psycopg
from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..errors import TtfdError
from ..event_id import new_event_id
from . import language
from .forms import event_id_field, number_field, tell
from .pictures import draw_chart
from .render import plain, render
from .site import Site
from .visitor import may_see, require_login, visitor
from .words import METRICS

__all__ = ["add_pages"]

_PAGE_ROWS = 50
_NEIGHBOURS = 25
_CHART_DAYS = 30
_LARGEST_ID = 2**63 - 1
_LARGEST_INTEGER = 2**31 - 1


def add_pages(blueprint: Blueprint, site: Site) -> None:
    """Add the pages that need no login, and the two forms of the shop."""
    _add_boards(blueprint, site)
    _add_member(blueprint, site)
    _add_shop(blueprint, site)
    _add_health(blueprint, site)


def _add_boards(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/")
    def leaderboard() -> ResponseReturnValue:
        metric = request.args.get("metric", "xp")
        if metric not in METRICS:
            abort(404)
        with site.reading() as client:
            position = client.feed_state().head
            rows = client.list_leaderboard(metric, _PAGE_ROWS + 1, request.args.get("after"))
        return render(
            site,
            "leaderboard.html",
            position=position,
            metric=metric,
            rows=rows[:_PAGE_ROWS],
            next_cursor=rows[_PAGE_ROWS - 1].cursor if len(rows) > _PAGE_ROWS else None,
        )

    @blueprint.get("/me")
    @require_login(site)
    def find_me() -> ResponseReturnValue:
        metric = request.args.get("metric", "xp")
        asking = visitor(site)
        if metric not in METRICS or asking is None:
            abort(404)
        with site.reading() as client:
            position = client.feed_state().head
            rows = client.list_neighbours(asking.user_id, metric, _NEIGHBOURS)
        if not rows:
            flash(language.translated(language.marked("You are hidden, so you are on no leaderboard.")))
            return redirect(url_for("ttfd.leaderboard", metric=metric))
        return render(site, "leaderboard.html", position=position, metric=metric, rows=rows, around=asking.user_id)

    @blueprint.get("/activity")
    def activity() -> ResponseReturnValue:
        with site.reading() as client:
            position = client.feed_state().head
            rows = client.list_activity(_PAGE_ROWS)
        return render(site, "activity.html", position=position, rows=rows)

    @blueprint.get("/seasons")
    def seasons() -> ResponseReturnValue:
        return render(site, "seasons.html", seasons=site.client().list_seasons())

    @blueprint.get(f"/seasons/<int(max={_LARGEST_INTEGER}):season_id>")
    def season(season_id: int) -> ResponseReturnValue:
        after = min(number_field("after") or 0, _LARGEST_INTEGER)
        with site.reading() as client:
            position = client.feed_state().head
            found = next((known for known in client.list_seasons(1000) if known.season_id == season_id), None)
            if found is None:
                abort(404)
            rows = client.list_season_results(season_id, after, _PAGE_ROWS + 1)
        return render(
            site,
            "season.html",
            position=position,
            season=found,
            rows=rows[:_PAGE_ROWS],
            after=rows[_PAGE_ROWS - 1].place if len(rows) > _PAGE_ROWS else None,
        )


def _add_member(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get(f"/members/<int(max={_LARGEST_ID}):user_id>")
    def member(user_id: int) -> ResponseReturnValue:
        before = number_field("before")
        with site.reading() as client:
            position = client.feed_state().head
            profile = client.get_profile(user_id)
            if profile.user_id != user_id:
                return redirect(url_for("ttfd.member", user_id=profile.user_id))
            if not may_see(site, profile):
                abort(404)
            place = client.get_position(user_id)
            xp_history = client.list_xp_history(user_id, _CHART_DAYS)
            achievements = client.list_achievements(user_id)
            history = client.list_history(user_id, before, _PAGE_ROWS + 1)
        return render(
            site,
            "member.html",
            position=position,
            profile=profile,
            place=place,
            chart=draw_chart(xp_history),
            achievements=achievements,
            history=history[:_PAGE_ROWS],
            before=history[_PAGE_ROWS - 1].position if len(history) > _PAGE_ROWS else None,
        )


def _add_shop(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/shop")
    def shop() -> ResponseReturnValue:
        asking = visitor(site)
        mine: dict[str, object] = {}
        with site.reading() as client:
            if asking:
                mine = {
                    "position": client.feed_state().head,
                    "profile": client.get_profile(asking.user_id),
                    "account": client.get_account(asking.user_id),
                    "inventory": client.list_inventory(asking.user_id),
                }
            items = client.list_shop(asking.user_id if asking else None)
        return render(site, "shop.html", items=items, new_event_id=new_event_id, **mine)

    @blueprint.post("/shop/buy")
    @require_login(site)
    def buy() -> ResponseReturnValue:
        asking = visitor(site)
        assert asking
        try:
            site.client().buy_item(event_id_field(), asking.user_id, request.form.get("item", "")[:63])
            flash(language.translated(language.marked("It is yours.")), "good")
        except TtfdError as error:
            tell(error)
        return redirect(url_for("ttfd.shop"))

    @blueprint.post("/daily")
    @require_login(site)
    def daily() -> ResponseReturnValue:
        asking = visitor(site)
        assert asking
        try:
            outcome = site.client().claim_member_daily(event_id_field(), asking.user_id)
            flash(
                language.translated(
                    language.marked("Daily reward: %(xp)s XP and %(coins)s coins."),
                    xp=language.number(outcome.xp or 0),
                    coins=language.number(outcome.coins or 0),
                ),
                "good",
            )
        except TtfdError as error:
            tell(error)
        return redirect(url_for("ttfd.shop"))


def _add_health(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return plain("alive")

    @blueprint.get("/readyz")
    def readyz() -> ResponseReturnValue:
        try:
            site.client().feed_state()
        except psycopg.Error:
            return plain("the database does not answer", 503)
        return plain("ready")
