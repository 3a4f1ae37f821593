"""What a visitor sees, asked from the application itself."""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

import ttfd.website
from community import text_of
from ttfd import Client, new_event_id
from ttfd.website import Provider, Settings, create_app, create_blueprint, database
from ttfd.website.words import METRICS

PACKAGE = Path(ttfd.website.__file__).parent
RUSSIAN = {"Accept-Language": "ru-RU,ru;q=0.9"}


def close(app: Flask) -> None:
    app.extensions["ttfd"].close()


@pytest.fixture
def site(database_url: str) -> Iterator[FlaskClient]:
    app = create_app(database_url)
    yield app.test_client()
    close(app)


@pytest.fixture
def ttfd_client(db: psycopg.Connection[Any]) -> Client:
    return Client(db)


def give(client: Client, external_id: str, event_type: str, **data: object) -> int:
    """Grant an event to a member on Telegram at once and give it its place in the feed."""
    user_id = client.apply_event(new_event_id(), "telegram", external_id, event_type, data).user_id
    client.process_events()
    return user_id


def plain(text: str | Sequence[str]) -> str | tuple[str, ...]:
    return text if isinstance(text, str) else tuple(text)


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_leaderboard_shows_place_name_rank_platform_and_value(site: FlaskClient, ttfd_client: Client) -> None:
    ttfd_client.get_or_create_user("telegram", "1", "anna", "Анна")
    ttfd_client.get_or_create_user("telegram", "2", "ben", None)
    give(ttfd_client, "1", "xp_change", xp=1234)
    give(ttfd_client, "2", "xp_change", xp=400)
    page = site.get("/")
    assert page.status_code == 200
    assert "1 Анна Rank F II Telegram 1,234 2 ben Rank F I Telegram 400" in text_of(page)
    colours = [attributes.get("fill") for tag, attributes in Tags(page.text).found if tag == "path"]
    assert {"#7f8c8d", "#95a5a6"} <= set(colours)
    assert 'aria-label="Telegram"' in page.text


@pytest.mark.parametrize(
    ("metric", "shown"),
    [("coins", "77"), ("messages", "1"), ("voice", "2.5 hr"), ("games", "2"), ("wins", "1"), ("season", "455")],
)
def test_every_metric_has_a_tab(site: FlaskClient, ttfd_client: Client, metric: str, shown: str) -> None:
    ttfd_client.start_season("Autumn")
    give(ttfd_client, "1", "coins_change", coins=77)
    give(ttfd_client, "1", "message_sent")
    give(ttfd_client, "1", "voice_time", seconds=9000)
    give(ttfd_client, "1", "game_played", won=True)
    give(ttfd_client, "1", "game_played", won=False)
    page = site.get(f"/?metric={metric}")
    assert f"Telegram {shown}" in text_of(page)
    tabs = [a for tag, a in Tags(page.text).found if (a.get("id") or "").startswith("tab-")]
    assert {a["id"] for a in tabs} == {f"tab-{name}" for name in METRICS}
    (current,) = [a for a in tabs if a.get("aria-current") == "page"]
    assert current["href"] == f"/?metric={metric}"


def test_an_unknown_metric_or_cursor_is_not_found(site: FlaskClient) -> None:
    addresses = ("/?metric=secrets", "/?after=nonsense", "/?after=99999999999999999999:1")
    assert [site.get(a).status_code for a in addresses] == [404, 404, 404]


def test_next_pages_list_every_member_once(site: FlaskClient, ttfd_client: Client) -> None:
    created = {ttfd_client.get_or_create_user("telegram", str(n), f"u{n}").user_id for n in range(1, 121)}
    address: str | None = "/?metric=coins"
    seen: list[int] = []
    while address:
        tags = Tags(site.get(address).text).found
        links = [a.get("href") or "" for tag, a in tags if tag == "a"]
        seen += [int(link.removeprefix("/members/")) for link in links if link.startswith("/members/")]
        address = next((a["href"] for tag, a in tags if a.get("rel") == "next"), None)
    assert len(seen) == 120
    assert set(seen) == created


def test_an_empty_community_gets_a_friendly_page(site: FlaskClient) -> None:
    assert "Nobody is here yet" in text_of(site.get("/"))


def test_a_member_page_shows_rank_progress_place_and_counters(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = ttfd_client.get_or_create_user("telegram", "1", "anna_t", "Анна").user_id
    give(ttfd_client, "2", "xp_change", xp=5000)
    give(ttfd_client, "1", "xp_change", xp=1500)
    give(ttfd_client, "1", "voice_time", seconds=5400)
    page = site.get(f"/members/{user_id}")
    text = text_of(page)
    assert "Анна @anna_t Rank F III Telegram Place 2 of 2 members" in text
    assert "1,770 / 2,250 XP" in text
    assert "480 XP to the next rank" in text
    assert "Voice 1.5 hr" in text
    (bar,) = [a for tag, a in Tags(page.text).found if tag == "progress"]
    assert (bar["value"], bar["max"], bar["aria-label"]) == ("520", "1000", "Progress to the next rank")


def test_the_highest_rank_has_a_full_bar(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = give(ttfd_client, "1", "xp_change", xp=60_000)
    page = site.get(f"/members/{user_id}")
    assert "60,000 XP The highest rank is reached" in text_of(page)


def test_the_history_is_newest_first_and_says_why_not_more(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = give(ttfd_client, "1", "message_sent")
    for _ in range(3):  # a minute's window may end between two of them
        give(ttfd_client, "1", "message_sent")
    give(ttfd_client, "1", "coins_change", coins=50)
    give(ttfd_client, "1", "coins_change", coins=-20)
    page = site.get(f"/members/{user_id}")
    history = text_of(page).partition("History")[2]
    assert re.search(r"administrator [^−+]*UTC 0 −20 .*administrator [^−+]*UTC 0 \+50 .*Message", history)
    assert "too soon after the last one 0 0" in history
    assert "UTC +5 0" in history
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[^"]+\+00:00">', page.text)


def test_older_pages_show_every_line_once(site: FlaskClient, ttfd_client: Client) -> None:
    for coins in range(1, 121):
        user_id = ttfd_client.apply_event(new_event_id(), "telegram", "1", "coins_change", {"coins": coins}).user_id
    ttfd_client.process_events()
    address: str | None = f"/members/{user_id}"
    seen: list[str] = []
    while address:
        page = site.get(address)
        seen += re.findall(r">\+(\d+)<", page.text)
        address = next((a["href"] for tag, a in Tags(page.text).found if a.get("rel") == "next"), None)
    assert seen == [str(coins) for coins in range(120, 0, -1)]


def test_unknown_members_and_addresses_are_not_found(site: FlaskClient) -> None:
    for address in ("/members/12345", "/members/9223372036854775808", "/members/x", "/nowhere"):
        page = site.get(address)
        assert page.status_code == 404
        assert "Nobody lives here" in text_of(page)


def test_a_merged_member_leads_to_the_survivor(
    site: FlaskClient, ttfd_client: Client, db: psycopg.Connection[Any]
) -> None:
    survivor = give(ttfd_client, "1", "message_sent")
    merged = give(ttfd_client, "2", "message_sent")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", (survivor, merged))
    answer = site.get(f"/members/{merged}")
    assert (answer.status_code, answer.location) == (302, f"/members/{survivor}")


def test_names_are_text_and_never_markup(site: FlaskClient, ttfd_client: Client) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    user_id = ttfd_client.get_or_create_user("telegram", "1", evil, evil).user_id
    for address in ("/", f"/members/{user_id}"):
        page = site.get(address)
        assert evil in unescape(page.text)
        tags = Tags(page.text).found
        assert [a.get("src") for tag, a in tags if tag == "script"] == ["/ttfd-static/website.js"]
        assert not any(name.startswith("on") for _, attributes in tags for name in attributes)


def test_addresses_and_ids_of_accounts_are_not_shown(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = ttfd_client.get_or_create_user(
        "website", "anna@example.org", "anna@example.org", "anna@example.org"
    ).user_id
    ttfd_client.link_verified_account(user_id, "telegram", "777000777")
    for address in ("/", f"/members/{user_id}"):
        page = site.get(address)
        assert "example.org" not in page.text
        assert "777000777" not in page.text
        assert f"Member {user_id}" in text_of(page)


def test_the_browsers_language_is_spoken(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = give(ttfd_client, "1", "xp_change", xp=1234)
    page = site.get(f"/members/{user_id}", headers=RUSSIAN)
    text = text_of(page)
    assert '<html lang="ru">' in page.text
    assert "Ранг F II" in text
    assert "1 234 / 1 250 XP" in text
    assert "1-е место из 1 участника" in text
    assert "Опыт изменил администратор" in text
    assert '<html lang="en">' in site.get("/", headers={"Accept-Language": "fr"}).text


def test_a_chosen_language_is_kept(site: FlaskClient) -> None:
    assert '<html lang="ru">' in site.get("/?lang=ru").text
    assert '<html lang="ru">' in site.get("/?metric=coins").text
    assert '<html lang="en">' in site.get("/?lang=en", headers=RUSSIAN).text
    assert '<html lang="en">' in site.get("/", headers=RUSSIAN).text
    assert '<html lang="en">' in site.get("/?lang=xx", headers=RUSSIAN).text


def test_the_language_links_keep_the_page(site: FlaskClient) -> None:
    links = [a["href"] for tag, a in Tags(site.get("/?metric=coins").text).found if a.get("hreflang")]
    assert links == ["/?metric=coins&lang=ru", "/?metric=coins&lang=en"]


@pytest.mark.parametrize(("members", "said"), [(2, "из 2 участников"), (21, "из 21 участника")])
def test_russian_plurals_are_right(site: FlaskClient, ttfd_client: Client, members: int, said: str) -> None:
    for n in range(1, members + 1):
        user_id = ttfd_client.get_or_create_user("telegram", str(n)).user_id
    assert said in text_of(site.get(f"/members/{user_id}", headers=RUSSIAN))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_text_is_translated_and_compiled(language: str) -> None:
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    keywords = {"_": None, "marked": None, "ngettext": (1, 2)}
    used = {row[2] for row in extract_from_dir(PACKAGE, methods, keywords=keywords)}
    used |= {row[1] for row in extract_from_file("python", PACKAGE.parent / "names.py", keywords=keywords)}
    folder = PACKAGE / "translations" / language / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as po, (folder / "messages.mo").open("rb") as mo:
        translated, compiled = (
            {plain(m.id): plain(m.string) for m in catalogue if m.id}
            for catalogue in (read_po(po, locale=language), read_mo(mo))
        )
    assert set(translated) == used
    assert all(all(s) if isinstance(s, tuple) else s for s in translated.values())
    assert compiled == translated


@pytest.mark.parametrize("address", ["/", "/members/1", "/nowhere", "/ttfd-static/website.css", "/healthz"])
def test_every_answer_carries_the_security_headers(site: FlaskClient, address: str) -> None:
    headers = site.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_nothing_is_inline_or_from_elsewhere(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = give(ttfd_client, "1", "message_sent")
    for address in ("/", f"/members/{user_id}", "/nowhere"):
        for tag, attributes in Tags(site.get(address).text).found:
            assert tag != "style"
            assert "style" not in attributes
            assert tag != "script" or attributes["src"]
            for name in ("src", "href"):
                assert not re.match(r"[a-z]+:|//", attributes.get(name) or "")
    for file in (PACKAGE / "static").glob("*.*"):
        assert not re.findall(r"(?<!xmlns=\")https?://|@import|url\((?!#)", file.read_text("utf-8"))


def test_a_lost_database_gives_a_friendly_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.2)
    app = create_app("postgresql://nobody@/none?host=/nonexistent")
    site = app.test_client()
    page = site.get("/", headers=RUSSIAN)
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "Сейчас вернёмся" in text_of(page)
    ready, alive = site.get("/readyz"), site.get("/healthz")
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert site.get("/events").status_code == 503
    close(app)


def test_it_is_ready_when_the_database_answers(site: FlaskClient) -> None:
    assert (site.get("/readyz").status_code, site.get("/readyz").text) == (200, "ready\n")


def test_a_hidden_member_is_shown_to_no_stranger(site: FlaskClient, ttfd_client: Client) -> None:
    user_id = give(ttfd_client, "1", "game_played", xp=5)
    addresses = (f"/members/{user_id}", f"/members/{user_id}/card-ru.png")
    assert [site.get(address).status_code for address in addresses] == [200, 200]
    ttfd_client.set_hidden(user_id, True)
    assert [site.get(address).status_code for address in addresses] == [404, 404]
    assert f"/members/{user_id}" not in site.get("/").text


def test_a_cut_connection_is_replaced_before_a_visitor_notices(site: FlaskClient, db: psycopg.Connection[Any]) -> None:
    assert site.get("/").status_code == 200
    killed = db.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'ttfd website'"
    ).fetchall()
    assert killed
    assert site.get("/").status_code == 200


def test_the_blueprint_lives_below_a_prefix_of_another_application(database_url: str) -> None:
    app = Flask("elsewhere")
    app.register_blueprint(create_blueprint(database_url), url_prefix="/community")
    site = app.test_client()
    page = site.get("/community/?metric=coins", headers=RUSSIAN)
    assert "Таблица лидеров" in page.text
    assert "/community/ttfd-static/website.css" in page.text
    assert site.get("/community/ttfd-static/website.js").status_code == 200
    close(app)


def test_below_a_prefix_the_public_address_is_the_one_that_the_bots_have(
    database_url: str, ttfd_client: Client
) -> None:
    user_id = give(ttfd_client, "1", "game_played", xp=5)
    app = Flask("elsewhere")
    settings = Settings(
        site_url="https://example.org/community", discord=Provider("id", "secret", "https://discord.com")
    )
    app.secret_key = "for tests"
    app.register_blueprint(create_blueprint(database_url, settings), url_prefix="/community")
    site = app.test_client()
    assert (
        f'content="https://example.org/community/members/{user_id}"' in site.get(f"/community/members/{user_id}").text
    )
    token = site.get("/community/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    asked = site.post("/community/login/discord", data={"csrf_token": token}).location
    assert parse_qs(urlsplit(asked).query)["redirect_uri"] == ["https://example.org/community/login/discord/answer"]
    close(app)
