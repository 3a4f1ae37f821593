"""The site in a real browser: what a member lives through, on a phone and at a desk, light and dark."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from calls import Connection, get_user, value
from community import fill
from every_page import PUBLIC, STEPS, visit_all, visit_broken
from oauth_server import OAuthServer
from ttfd import Client, new_event_id

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def log_in_with(page: Page, provider: OAuthServer, platform: str) -> None:
    """As a person does it: press the button, agree at the provider, come back."""
    provider.asks = True
    page.goto("/login")
    page.get_by_role("button", name=re.compile(platform)).click()
    page.get_by_text("Allow").click()
    page.wait_for_url("**/account")


def test_scenario_1_a_new_member_on_telegram_is_there_at_once(page: Page, client: Client) -> None:
    page.goto("/")
    expect(page.get_by_text("Nobody is here yet")).to_be_visible()
    client.get_or_create_user("telegram", "770001", "anna", "Анна")
    client.apply_event(new_event_id(), "telegram", "770001", "message_sent")
    client.process_events()
    expect(page.get_by_role("link", name="Анна")).to_be_visible()


def test_scenarios_2_and_3_log_in_with_discord_link_telegram_and_see_voice_xp_arrive(
    page: Page, client: Client, provider: OAuthServer
) -> None:
    telegram = client.get_or_create_user("telegram", "770001", "anna_tg", "Анна").user_id
    client.apply_event(new_event_id(), "telegram", "770001", "xp_change", {"xp": 120})
    client.process_events()

    log_in_with(page, provider, "Discord")
    expect(page.get_by_text("0 XP")).to_be_visible()
    page.get_by_label("Code").fill(client.create_link_code("telegram", "770001").code)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Nothing is lost")).to_be_visible()
    page.get_by_role("button", name="Yes, link them").click()
    expect(page.get_by_text("Linked.")).to_be_visible()
    expect(page.get_by_text("120 XP")).to_be_visible()
    client.process_events()

    page.goto(f"/members/{telegram}")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    client.record_event(new_event_id(), "discord", provider.person.discord_id, "voice_time", {"seconds": 1200})
    client.process_events()
    expect(page.get_by_text("180 / 500 XP")).to_be_visible()
    expect(page.get_by_text("Time in voice")).to_be_visible()
    assert client.find_user("telegram", "770001").xp == 180  # type: ignore[union-attr]
    assert loads == [], "the page was not loaded anew"


def test_telegram_logs_in_by_openid_connect(page: Page, provider: OAuthServer, db: Connection) -> None:
    log_in_with(page, provider, "Telegram")
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    assert value(db, "SELECT external_id FROM ttfd.platform_accounts") == "770001"


def test_a_second_login_of_the_same_person_is_merged_and_undone(
    page: Page, provider: OAuthServer, client: Client
) -> None:
    client.apply_event(new_event_id(), "discord", provider.person.discord_id, "xp_change", {"xp": 40})
    client.apply_event(new_event_id(), "telegram", "770001", "xp_change", {"xp": 60})
    client.process_events()
    log_in_with(page, provider, "Discord")
    page.get_by_role("button", name="Link Telegram").click()
    page.get_by_text("Allow").click()
    expect(page.get_by_text("is a member already")).to_be_visible()
    page.get_by_role("button", name="Yes, link them").click()
    expect(page.get_by_text("100 XP")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("you are two members again")).to_be_visible()
    page.get_by_role("button", name="Continue with Telegram").click()
    page.get_by_text("Allow").click()
    expect(page.get_by_text("60 XP")).to_be_visible()


def test_the_daily_reward_and_the_shop(page: Page, provider: OAuthServer, client: Client) -> None:
    client.apply_event(new_event_id(), "discord", provider.person.discord_id, "coins_change", {"coins": 200})
    client.process_events()
    log_in_with(page, provider, "Discord")
    page.goto("/shop")
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_text("Daily reward: 100 XP and 50 coins.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Double rewards for an hour")).click()
    expect(page.get_by_text("It is yours.")).to_be_visible()
    expect(page.get_by_text("100 coins")).to_be_visible()
    expect(page.get_by_text("active")).to_be_visible()


def test_a_bots_link_logs_in_after_a_question(page: Page, client: Client) -> None:
    client.get_or_create_user("telegram", "5", "mira", "Mira")
    page.goto(f"/login/link/{client.create_login_link('telegram', '5').token}")
    expect(page.get_by_text("This link logs you in as")).to_be_visible()
    page.get_by_role("button", name="Yes, log me in").click()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()


def test_a_form_that_is_being_filled_in_is_not_taken_away(page: Page, provider: OAuthServer, client: Client) -> None:
    log_in_with(page, provider, "Discord")
    page.get_by_label("Code").fill("ABCDE")
    client.apply_event(new_event_id(), "discord", provider.person.discord_id, "xp_change", {"xp": 70})
    client.process_events()
    page.wait_for_timeout(1500)
    expect(page.get_by_label("Code")).to_have_value("ABCDE")
    page.get_by_label("Code").fill("")
    page.get_by_role("heading", name="My account").click()
    expect(page.get_by_text("70 XP")).to_be_visible()


def test_a_burst_moves_the_page_at_most_twice_a_second(page: Page, client: Client) -> None:
    client.get_or_create_user("telegram", "1", "anna")
    page.goto("/activity")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    fetches: list[str] = []
    page.on("request", lambda request: fetches.append(request.url) if request.resource_type == "fetch" else None)
    begun = page.evaluate("performance.now()")
    for _ in range(40):
        client.record_events(
            {"event_id": new_event_id(), "platform": "telegram", "external_id": "1", "event_type": "message_sent"}
            for _ in range(50)
        )
        head = client.process_events().head
    expect(page.locator(f'tr[data-key="{head}"]')).to_be_visible(timeout=20_000)
    seconds = (page.evaluate("performance.now()") - begun) / 1000
    assert 1 <= len(fetches) <= 2 * seconds + 1


@pytest.mark.parametrize("is_scripted", [True, False])
def test_pages_are_read_without_javascript_too(
    browser: Browser, running: str, db: Connection, is_scripted: bool
) -> None:
    anna = fill(db)
    context = browser.new_context(base_url=running, java_script_enabled=is_scripted, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto("/")
    page.get_by_role("link", name="Coins").click()
    page.get_by_role("link", name="Анна").click()
    expect(page.get_by_role("heading", name="Анна")).to_be_visible()
    assert page.url.endswith(f"/members/{anna}")
    page.get_by_role("link", name="Русский").click()
    expect(page.get_by_role("heading", name="История")).to_be_visible()
    context.close()


def test_the_theme_is_a_choice(page: Page) -> None:
    page.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url("**theme=dark")
    dark = page.evaluate(ground)
    page.goto("/seasons")
    assert page.evaluate(ground) == dark
    page.get_by_role("link", name="Light").click()
    page.wait_for_url("**theme=light")
    assert page.evaluate(ground) != dark


def complaints_of_axe(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
    assert result["passes"]
    return [(broken["id"], node["html"][:200]) for broken in result["violations"] for node in broken["nodes"]]


def too_wide(page: Page) -> list[tuple[str, str]]:
    """Whether a small phone would have to be scrolled sideways."""
    size = page.viewport_size
    assert size
    page.set_viewport_size({"width": 360, "height": 740})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(size)
    return [("too wide", str(width))] if width > 360 else []


def looked_at(pages: Iterator[tuple[str, Page]]) -> dict[str, list[tuple[str, str]]]:
    found = {}
    for name, page in pages:
        for summary in page.locator("main details > summary").all()[:2]:
            summary.click()
        if broken := complaints_of_axe(page) + too_wide(page):
            found[name] = broken
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("who", list(STEPS))
def test_axe_finds_nothing_on_any_page(
    browser: Browser, running: str, db: Connection, provider: OAuthServer, theme: str, who: str
) -> None:
    fill(db)
    screen = {"color_scheme": theme, "locale": "ru-RU", "reduced_motion": "reduce"}
    assert looked_at(visit_all(browser, running, db, provider, who, **screen)) == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_where_nothing_works_and_nothing_is(browser: Browser, running: str, theme: str) -> None:
    assert looked_at(visit_broken(browser, color_scheme=theme)) == {}
    context = browser.new_context(base_url=running, color_scheme=theme)
    page = context.new_page()
    for address in ("/", "/activity", "/seasons", "/shop"):
        page.goto(address)
        assert complaints_of_axe(page) == []
    context.close()


def test_nothing_is_asked_of_another_host(browser: Browser, running: str, db: Connection) -> None:
    anna = fill(db)
    context = browser.new_context(base_url=running)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in PUBLIC.values():
        page.goto(address.format(anna=anna))
    context.close()
    assert [url for url in asked if not url.startswith((running, "data:"))] == []


def test_a_name_is_never_markup(page: Page, client: Client) -> None:
    page.add_init_script("window.alert = () => console.error('a name was run')")
    hostile = "<img src=x onerror=alert(1)>\"'{{7*7}}</title><script>alert(1)</script>"
    user_id = client.get_or_create_user("telegram", "1", "x", hostile).user_id
    client.apply_event(new_event_id(), "telegram", "1", "message_sent")
    client.process_events()
    for address in ("/", f"/members/{user_id}", "/activity"):
        page.goto(address)
        expect(page.get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
        assert page.locator("main img").count() == 0


def test_keyboard_alone_reaches_the_content(page: Page, db: Connection) -> None:
    get_user(db)
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
