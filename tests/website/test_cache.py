"""Strangers share pages for a moment; members share nothing."""

import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from calls import Connection, apply_event, get_user, process_all
from community import closing, log_in
from ttfd.website import Settings, cache, create_app


@pytest.fixture
def site(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    monkeypatch.setattr(cache, "_SECONDS", 0.4)
    with closing(create_app(database_url, Settings(secret_key="for tests"))) as client:
        yield client


def test_strangers_share_a_page_and_no_longer_than_an_open_page_waits(site: FlaskClient, db: Connection) -> None:
    get_user(db, username="anna")
    apply_event(db)
    process_all(db)
    first = site.get("/").text
    apply_event(db, "xp_change", {"xp": 995})
    process_all(db)
    assert site.get("/").text == first
    time.sleep(0.5)
    assert "1,000" in site.get("/").text
    assert cache._SECONDS < 0.5


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
