"""A member's own page: what is linked, what is preferred, and the way out."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable

import psycopg
from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..errors import TtfdError
from .forms import parse_number, tell
from .language import LANGUAGE_COOKIE, LANGUAGES, marked, translated
from .login import log_in_again
from .render import remember_choice, render
from .site import Site
from .visitor import Visitor, empty_session, forget_browser, require_login, visitor

__all__ = ["add_account"]

_LONGEST_CODE = 40
_ZONES = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))
"""To choose from; the database knows which exist."""

_PREVIEWS = {
    "linked": marked("Nothing is lost: both become one."),
    "merged": marked("XP, coins and counters add up. You can undo this for seven days."),
}
_REDEMPTIONS = {
    "linked": marked("Linked. You were logged out everywhere else."),
    "merged": marked("Linked. You were logged out everywhere else."),
    "already_linked": marked("This account was linked already."),
    "accounts_collide": marked(
        "Both members have an account on the same platform, so they cannot become one. Unlink one of them first."
    ),
    "invalid": marked("This code is not valid. Ask for a new one: it is good for ten minutes, and once."),
    "locked": marked("Too many wrong codes. Please wait a quarter of an hour."),
}


def add_account(blueprint: Blueprint, site: Site) -> None:
    """Add the member's own page and its forms."""
    _add_overview(blueprint, site)
    _add_linking(blueprint, site)
    _add_preferences(blueprint, site)
    _add_leaving(blueprint, site)


def _member(site: Site) -> Visitor:
    asking = visitor(site)
    assert asking, "the view is for members"
    return asking


def _back(action: Callable[[], object], done: str | None = None) -> ResponseReturnValue:
    """Do what a form asks, say how it went, and show the page again."""
    try:
        action()
        if done:
            flash(translated(done), "good")
    except (TtfdError, psycopg.DatabaseError) as error:
        tell(error)
    return redirect(url_for("ttfd.account"))


def _add_overview(blueprint: Blueprint, site: Site) -> None:
    @blueprint.get("/account")
    @require_login(site)
    def account() -> ResponseReturnValue:
        asking = _member(site)
        with site.reading() as client:
            accounts = client.list_accounts(asking.user_id)
            mine = {
                "position": client.feed_state().head,
                "profile": client.get_profile(asking.user_id),
                "account": client.get_account(asking.user_id),
                "merges": client.list_member_merges(asking.user_id),
            }
        linked = {known.platform for known in accounts}
        linkable = [platform for platform in site.settings.providers if platform not in linked]
        return render(site, "account.html", accounts=accounts, linkable=linkable, zones=_ZONES, **mine)


def _add_linking(blueprint: Blueprint, site: Site) -> None:
    @blueprint.post("/account/code")
    @require_login(site)
    def make_code() -> ResponseReturnValue:
        try:
            code = site.client().create_member_link_code(_member(site).user_id)
        except TtfdError as error:
            tell(error)
            return redirect(url_for("ttfd.account"))
        return render(site, "code.html", code=code)

    @blueprint.post("/account/link")
    @require_login(site)
    def preview_code() -> ResponseReturnValue:
        asking = _member(site)
        if not site.limits.is_allowed("code", str(asking.user_id)):
            abort(429)
        code = request.form.get("code", "").strip()[:_LONGEST_CODE]
        try:
            preview = site.client().preview_member_link(code, asking.user_id)
        except TtfdError as error:
            tell(error)
            return redirect(url_for("ttfd.account"))
        if preview.status not in _PREVIEWS:
            flash(translated(_REDEMPTIONS[preview.status]), "bad")
            return redirect(url_for("ttfd.account"))
        return render(site, "link.html", code=code, preview=preview, promise=translated(_PREVIEWS[preview.status]))

    @blueprint.post("/account/link/confirm")
    @require_login(site)
    def redeem_code() -> ResponseReturnValue:
        asking = _member(site)
        if not site.limits.is_allowed("code", str(asking.user_id)):
            abort(429)
        code = request.form.get("code", "").strip()[:_LONGEST_CODE]
        try:
            done = site.client().redeem_member_link(code, asking.user_id)
        except TtfdError as error:
            tell(error)
            return redirect(url_for("ttfd.account"))
        is_done = done.status in ("linked", "merged")
        flash(translated(_REDEMPTIONS[done.status]), "good" if is_done else "bad")
        if not is_done or done.user_id is None:
            return redirect(url_for("ttfd.account"))
        return log_in_again(site, done.user_id, asking.session.method, url_for("ttfd.account"))

    @blueprint.post("/account/unlink")
    @require_login(site)
    def unlink() -> ResponseReturnValue:
        asking = _member(site)
        try:
            done = site.client().unlink_account(asking.user_id, request.form.get("platform", "")[:30])
        except TtfdError as error:
            tell(error)
            return redirect(url_for("ttfd.account"))
        if done.status != "unlinked":
            return redirect(url_for("ttfd.account"))
        flash(translated(marked("Unlinked. You were logged out everywhere else.")), "good")
        return log_in_again(site, asking.user_id, asking.session.method, url_for("ttfd.account"))

    @blueprint.post("/account/undo")
    @require_login(site)
    def undo() -> ResponseReturnValue:
        asking = _member(site)
        merge_id = parse_number(request.form.get("merge_id", ""))
        if merge_id is None:
            abort(400)
        try:
            site.client().undo_member_merge(merge_id, asking.user_id)
        except (TtfdError, psycopg.errors.NoDataFound) as error:
            tell(error)
            return redirect(url_for("ttfd.account"))
        empty_session()
        flash(translated(marked("Undone: you are two members again. Log in as the one you want to be.")), "good")
        return forget_browser(site, redirect(url_for("ttfd.login")))


def _add_preferences(blueprint: Blueprint, site: Site) -> None:
    @blueprint.post("/account/language")
    @require_login(site)
    def choose_language() -> ResponseReturnValue:
        chosen = request.form.get("language", "")
        if chosen not in LANGUAGES:
            abort(400)
        response = _back(lambda: site.client().set_member_language(_member(site).user_id, chosen))
        remember_choice(response, LANGUAGE_COOKIE, chosen)  # type: ignore[arg-type]
        return response

    @blueprint.post("/account/zone")
    @require_login(site)
    def choose_zone() -> ResponseReturnValue:
        zone = request.form.get("zone", "")[:100]
        return _back(lambda: site.client().set_time_zone(_member(site).user_id, zone), marked("Saved."))

    @blueprint.post("/account/hidden")
    @require_login(site)
    def choose_hidden() -> ResponseReturnValue:
        is_hidden = request.form.get("hidden") == "1"
        return _back(lambda: site.client().set_hidden(_member(site).user_id, is_hidden), marked("Saved."))


def _add_leaving(blueprint: Blueprint, site: Site) -> None:
    @blueprint.post("/account/export")
    @require_login(site)
    def export() -> ResponseReturnValue:
        asking = _member(site)
        if not site.limits.is_allowed("export", str(asking.user_id)):
            abort(429)
        document = site.client().export_user(asking.user_id)
        response = Response(json.dumps(document, ensure_ascii=False, indent=2), mimetype="application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="ttfd-{asking.user_id}.json"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.post("/account/logout-everywhere")
    @require_login(site)
    def logout_everywhere() -> ResponseReturnValue:
        site.client().end_all_sessions(_member(site).user_id)
        empty_session()
        flash(translated(marked("You are logged out everywhere.")))
        return forget_browser(site, redirect(url_for("ttfd.leaderboard")))

    @blueprint.get("/account/forget")
    @require_login(site)
    def confirm_forget() -> ResponseReturnValue:
        return render(site, "forget.html", profile=site.client().get_profile(_member(site).user_id))

    @blueprint.post("/account/forget")
    @require_login(site)
    def forget() -> ResponseReturnValue:
        asking = _member(site)
        if request.form.get("sure") != str(asking.user_id):
            flash(translated(marked("Nothing was erased: the number was another one.")), "bad")
            return redirect(url_for("ttfd.confirm_forget"))
        site.client().forget_user(asking.user_id)
        empty_session()
        flash(translated(marked("You are forgotten. Farewell!")))
        return forget_browser(site, redirect(url_for("ttfd.leaderboard")))
