"""Every page of the site, for whoever wants to look at all of them: the crawl, axe, and the screenshots."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from playwright.sync_api import Browser, Page

from calls import Connection, value
from oauth_server import OAuthServer, serving_app
from ttfd import Client
from ttfd.website import create_app, database
from ttfd.website.visitor import digest

PUBLIC = {
    "leaderboard": "/",
    "leaderboard-coins": "/?metric=coins",
    "leaderboard-season": "/?metric=season",
    "activity": "/activity",
    "seasons": "/seasons",
    "season": "/seasons/1",
    "member": "/members/{anna}",
    "shop-stranger": "/shop",
    "login": "/login",
    "not-found": "/nowhere",
    "login-link-used": "/login/link/used",
    "login-failed": "/login/discord/answer?error=access_denied",
}
MEMBERS = {
    "find-me": "/me",
    "shop": "/shop",
    "account": "/account",
    "forget": "/account/forget",
}
ADMINS = {
    "admin": "/admin/",
    "admin-failed": "/admin/failed",
    "admin-conflicts": "/admin/conflicts",
    "admin-rules": "/admin/rules",
    "admin-seasons": "/admin/seasons",
    "admin-audit": "/admin/audit",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is done, and what it takes."""

    page: Page
    db: Connection
    provider: OAuthServer

    @property
    def client(self) -> Client:
        """The SQL functions, as the owner of everything."""
        return Client(self.db)


def _show_code(at: Place) -> None:
    at.page.goto("/account")
    at.page.click("#make-code")


def _preview_link(at: Place) -> None:
    at.client.get_or_create_user("website", "guest@example.org", None, "Гость")
    code = at.client.create_link_code("website", "guest@example.org").code
    at.page.goto("/account")
    at.page.fill("#code", code)
    at.page.click("form:has(#code) button")


def _ask_to_merge(at: Place) -> None:
    at.client.get_or_create_user("discord", at.provider.person.discord_id, "anna", "Анна из Discord")
    at.page.goto("/account")
    at.page.click("#link-discord")


def _be_told(at: Place) -> None:
    at.page.goto("/account")
    at.page.fill("#zone", "Europe/Moscow")
    at.page.click("form:has(#zone) button")


def _be_refused_a_value(at: Place) -> None:
    at.page.goto("/account")
    at.page.fill("#zone", "Nowhere/Land")
    at.page.click("form:has(#zone) button")


def _be_refused_a_form(at: Place) -> None:
    at.page.goto("/account")
    at.page.evaluate("document.querySelector('form:has(#make-code) [name=csrf_token]').value = 'x'")
    at.page.click("#make-code")


def _be_refused_administration(at: Place) -> None:
    at.page.goto("/admin/")


def _verify(at: Place) -> None:
    at.page.goto("/admin/")
    at.page.click("#integrity")


def _find_violations(at: Place) -> None:
    at.db.execute("UPDATE ttfd.unified_users SET coins = coins + 1 WHERE id <= 2")
    _verify(at)
    at.db.execute("UPDATE ttfd.unified_users SET coins = coins - 1 WHERE id <= 2")


def _follow_login_link(at: Place) -> None:
    at.page.goto(f"/login/link/{at.client.create_login_link('telegram', '1003').token}")


def _come_too_often(at: Place) -> None:
    for _ in range(40):
        answer = at.page.request.get("/login/link/guess")
    assert answer.status == 429
    at.page.goto("/login/link/guess")


def _open(address: str, at: Place) -> None:
    anna = value(at.db, "SELECT user_id FROM ttfd.website_admins ORDER BY user_id LIMIT 1")
    at.page.goto(address.format(anna=anna))


Step = Callable[[Place], None]

STEPS: dict[str, dict[str, Step]] = {
    "member": {
        "code": _show_code,
        "link": _preview_link,
        "merge": _ask_to_merge,
        "told-good": _be_told,
        "told-bad": _be_refused_a_value,
        "refused-400": _be_refused_a_form,
        "refused-403": _be_refused_administration,
    },
    "administrator": {
        **{name: partial(_open, address) for name, address in {**MEMBERS, **ADMINS}.items()},
        "admin-sound": _verify,
        "admin-violations": _find_violations,
    },
    "stranger": {
        **{name: partial(_open, address) for name, address in PUBLIC.items()},
        "login-link": _follow_login_link,
        "refused-429": _come_too_often,  # the last one: nothing that has to do with logins is answered after it
    },
}
"""Who does what to see which page."""


def visit_all(
    browser: Browser, site: str, db: Connection, provider: OAuthServer, who: str, **screen: Any
) -> Iterator[tuple[str, Page]]:
    """Every page of a community that `fill` made, as one who may see it: its name, and a browser that shows it."""
    provider.redirect_uris.add(f"{site}/login/discord/answer")
    context = browser.new_context(base_url=site, **screen)
    if who != "stranger":
        member = "SELECT user_id FROM ttfd.platform_accounts WHERE external_id = %s"
        token = uuid.uuid4().hex
        Client(db).start_session(
            value(db, member, "1001" if who == "administrator" else "1002"), digest(token), "telegram"
        )
        context.add_cookies([{"name": "ttfd_session", "value": token, "url": site}])
    page = context.new_page()
    for name, do in STEPS[who].items():
        do(Place(page, db, provider))
        yield name, page
    context.close()


def visit_broken(browser: Browser, **screen: Any) -> Iterator[tuple[str, Page]]:
    """The pages of a site whose database does not answer, and of one with a mistake in it."""
    app = create_app("postgresql://nobody@/none?host=/nonexistent")
    app.get("/broken")(_fail)
    waits, database._WAIT_SECONDS = database._WAIT_SECONDS, 0.2
    try:
        with serving_app(app) as site:
            context = browser.new_context(base_url=site, **screen)
            page = context.new_page()
            for name, address in {"refused-500": "/broken", "unavailable": "/"}.items():
                page.goto(address)
                yield name, page
            context.close()
    finally:
        database._WAIT_SECONDS = waits
        app.extensions["ttfd"].close()


def _fail() -> str:
    raise RuntimeError("as a mistake of ours would")
