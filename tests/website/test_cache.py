"""Strangers share pages for a moment; members share nothing."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from calls import Connection, apply_event, get_user, process_all
from community import closing, log_in
from ttfd.website import Settings, cache, create_app, pages

SECONDS = cache._SECONDS


class Clock:
    """Stands still until a test lets time pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(cache, "time", clock)
    return clock


@pytest.fixture
def site(database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    monkeypatch.setattr(cache, "_SECONDS", SECONDS)
    monkeypatch.setattr(cache, "_PATIENCE_SECONDS", 60)
    with closing(create_app(database_url, Settings(secret_key="for tests"))) as client:
        yield client


def test_strangers_share_a_page_and_no_longer_than_an_open_page_waits(
    site: FlaskClient, db: Connection, clock: Clock
) -> None:
    get_user(db, username="anna")
    apply_event(db)
    process_all(db)
    first = site.get("/").text
    apply_event(db, "xp_change", {"xp": 995})
    process_all(db)
    clock.now += 0.3
    assert site.get("/").text == first
    clock.now += 0.2  # QUIET_MS of website.js
    assert "1,000" in site.get("/").text


def test_a_page_that_is_asked_for_all_the_time_is_made_anew_all_the_same(
    site: FlaskClient, db: Connection, clock: Clock
) -> None:
    get_user(db, username="anna")
    apply_event(db, "xp_change", {"xp": 5})
    process_all(db)
    assert ">5<" in site.get("/").text
    apply_event(db, "xp_change", {"xp": 995})
    process_all(db)
    for _ in range(10):
        clock.now += 0.05
        page = site.get("/").text
    assert "1,000" in page


def test_a_copy_is_as_old_as_what_it_shows(site: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its age counts from before the database was asked: a slow page is old when it is made."""
    made = 0
    ask = pages.render

    def slowly(*parts: Any, **context: Any) -> str:
        nonlocal made
        made += 1
        clock.now += 0.5
        return ask(*parts, **context)

    monkeypatch.setattr(pages, "render", slowly)
    site.get("/")
    site.get("/")
    assert made == 2


def test_a_page_is_made_once_for_all_who_ask_at_a_time(site: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    ask = pages.render

    def slowly(*parts: Any, **context: Any) -> str:
        made.append(1)
        time.sleep(0.2)
        return ask(*parts, **context)

    monkeypatch.setattr(pages, "render", slowly)
    with ThreadPoolExecutor(max_workers=8) as crowd:
        answers = list(crowd.map(lambda _: site.application.test_client().get("/").status_code, range(8)))
    assert (answers, len(made)) == ([200] * 8, 1)


def test_who_waits_for_a_page_that_fails_makes_its_own(site: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = pages.render
    failures = iter([True])

    def fail_once(*parts: Any, **context: Any) -> str:
        time.sleep(0.2)
        if next(failures, False):
            raise psycopg.OperationalError
        return ask(*parts, **context)

    monkeypatch.setattr(pages, "render", fail_once)
    with ThreadPoolExecutor(max_workers=3) as crowd:
        answers = crowd.map(lambda _: site.application.test_client().get("/").status_code, range(3))
        assert sorted(answers) == [200, 200, 503]


def test_nobody_waits_for_a_page_whose_maker_is_gone(site: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever went wrong with it, and even where the page that says so failed, too."""
    ask = pages.render

    def vanish(*_parts: Any, **_context: Any) -> str:
        raise SystemExit

    monkeypatch.setattr(pages, "render", vanish)
    with pytest.raises(SystemExit):
        site.get("/")
    monkeypatch.setattr(pages, "render", ask)
    began = time.monotonic()
    assert site.get("/").status_code == 200
    assert time.monotonic() - began < 30


def test_a_copy_is_for_one_language_theme_and_address(site: FlaskClient) -> None:
    english = site.get("/").text
    assert "Таблица лидеров" in site.get("/", headers={"Accept-Language": "ru"}).text
    assert site.get("/?metric=coins").text != english
    assert 'data-theme="dark"' in site.get("/?theme=dark").text
    assert 'data-theme="dark"' in site.get("/").text, "now by the cookie"
    site.delete_cookie(cache.THEME_COOKIE)
    assert site.get("/").text == english


def test_what_a_member_sees_is_shown_to_nobody_else(site: FlaskClient, db: Connection) -> None:
    log_in(site, db, get_user(db, username="anna"))
    assert "anna" in site.get("/seasons").text
    site.delete_cookie("ttfd_session")
    assert "anna" not in site.get("/seasons").text
    log_in(site, db, get_user(db))
    assert "anna" in site.get("/seasons").text, "and a member is not shown a stranger's page"
    assert site.get("/login").headers["Cache-Control"].startswith("private")
