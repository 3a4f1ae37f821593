"""The administrators' part: what it does, who did it, and that members are refused."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from calls import Connection, get_user, process_all, put_pending, row, rows, value
from community import closing, fill, log_in, only, send, text_of
from every_page import ADMINS
from legacy_records import load, unify
from ttfd import Client
from ttfd.website import Settings, create_app, words


@pytest.fixture
def site(database_url: str) -> Iterator[FlaskClient]:
    with closing(create_app(database_url, Settings(secret_key="for tests"))) as client:
        yield client


@pytest.fixture
def admin(site: FlaskClient, db: Connection, client: Client) -> int:
    user_id = get_user(db, "1", "telegram", "boss")
    client.set_website_admin(user_id, True)
    log_in(site, db, user_id)
    return user_id


def forms(site: FlaskClient) -> list[str]:
    return [
        str(rule)
        for rule in site.application.url_map.iter_rules()
        if str(rule).startswith("/admin/") and "POST" in (rule.methods or ())
    ]


def test_a_member_and_a_stranger_are_refused_every_page_and_form(site: FlaskClient, db: Connection) -> None:
    fill(db)
    assert len(forms(site)) >= 10
    for address in ADMINS.values():
        assert site.get(address).location.startswith("/login?next=/admin/")
    for address in forms(site):
        assert site.post(address).status_code == 400
        assert send(site, address).location == "/login"
    log_in(site, db, get_user(db, "1002"))
    before = rows(db, "SELECT id FROM ttfd.audit_log ORDER BY id")
    for address in ADMINS.values():
        assert site.get(address).status_code == 403
    for address in forms(site):
        assert send(site, address, name="message_sent", xp=1, season_id=1, days=1).status_code == 403
    assert rows(db, "SELECT id FROM ttfd.audit_log ORDER BY id") == before


def test_who_is_no_administrator_any_more_is_refused_at_once(site: FlaskClient, admin: int, client: Client) -> None:
    assert site.get("/admin/").status_code == 200
    client.set_website_admin(admin, False)
    assert site.get("/admin/").status_code == 403


def test_a_rule_is_changed_and_the_audit_log_says_by_whom(site: FlaskClient, admin: int, db: Connection) -> None:
    send(site, "/admin/rules/event-type", name="message_sent", xp=7, coins=0, cooldown_seconds=30, is_enabled=1)
    rule = row(db, "SELECT * FROM ttfd.event_types WHERE name = 'message_sent'")
    assert (rule.xp, rule.cooldown_seconds, rule.is_enabled, rule.is_boostable) == (7, 30, True, False)
    line = row(db, "SELECT * FROM ttfd.audit_log ORDER BY id DESC LIMIT 1")
    assert (line.action, line.on_behalf_of) == ("event_type_update", admin)
    page = site.get("/admin/audit").text
    assert "Rule of an event changed" in page and f'href="/members/{admin}"' in page


def test_a_rule_takes_no_nonsense(site: FlaskClient, admin: int, db: Connection) -> None:
    before = rows(db, "SELECT * FROM ttfd.event_types ORDER BY name")
    for fields in (
        {"name": "message_sent", "xp": "-1"},
        {"name": "message_sent", "xp": "9" * 30},
        {"name": "message_sent", "xp": "x"},
        {"name": "no_such", "xp": "1"},
        {"name": "message_sent", "xp": "1", "cooldown_seconds": "0"},
        {"name": "message_sent\0", "xp": "1"},
        {},
    ):
        assert send(site, "/admin/rules/event-type", **fields).status_code in (302, 400)
    assert rows(db, "SELECT * FROM ttfd.event_types ORDER BY name") == before


def test_a_setting_is_changed_within_its_bounds(site: FlaskClient, admin: int, db: Connection) -> None:
    send(site, "/admin/rules/setting", name="daily_xp", value=120)
    send(site, "/admin/rules/setting", name="daily_xp", value=10**9)
    send(site, "/admin/rules/setting", name="work_xp", value=["5", "15"])
    found = dict(rows(db, "SELECT name, value FROM ttfd.settings WHERE name IN ('daily_xp', 'work_xp')"))
    assert found == {"daily_xp": 120, "work_xp": [5, 15]}
    assert "not allowed" in site.get("/admin/rules").text


def test_a_boost_is_started_and_ended(site: FlaskClient, admin: int, db: Connection) -> None:
    send(site, "/admin/rules/boost", factor="2,5", hours=3, event_types=["message_sent", "voice_time"])
    boost = row(db, "SELECT * FROM ttfd.boosts")
    assert (float(boost.factor), boost.event_types) == (2.5, ["message_sent", "voice_time"])
    assert "×2.5" in site.get("/admin/rules").text
    send(site, "/admin/rules/boost/end", boost_id=boost.id)
    assert value(db, "SELECT ends_at <= now() FROM ttfd.boosts")


def test_a_failed_event_is_discarded_with_a_reason_or_tried_again(
    site: FlaskClient, admin: int, db: Connection
) -> None:
    first, second = put_pending(db, admin, "no_such_type"), put_pending(db, admin, "no_such_type")
    process_all(db)
    assert site.get("/admin/failed").text.count("no such type".capitalize()) >= 2
    assert send(site, "/admin/failed/discard", event_id=first).status_code == 400
    send(site, "/admin/failed/discard", event_id=first, reason="a mistake")
    db.execute("INSERT INTO ttfd.event_types (name, xp) VALUES ('no_such_type', 3)")
    db.execute("UPDATE ttfd.event_type_versions SET valid_from = '-infinity' WHERE name = 'no_such_type'")
    send(site, "/admin/failed/retry", event_id=second)
    process_all(db)
    assert only(db, "SELECT xp FROM ttfd.cross_platform_events WHERE id = %s", second) == 3
    assert only(db, "SELECT discard_reason FROM ttfd.failed_events WHERE id = %s", first) == "a mistake"
    assert "No event has failed" in site.get("/admin/failed").text


def test_an_import_conflict_is_settled(site: FlaskClient, admin: int, db: Connection) -> None:
    run_id = load(
        db,
        telegram=[{"id": "2001", "username": "doubtful", "xp": 5}],
        discord=[{"id": "99001", "username": "doubtful"}, {"id": "99002", "username": "Doubtful"}],
    )
    unify(db, run_id)
    ids = [found.id for found in rows(db, "SELECT id FROM ttfd.import_conflicts ORDER BY id")]
    page = site.get("/admin/conflicts").text
    for conflict_id in ids:
        assert f'name="conflict_id" value="{conflict_id}"' in page
    send(site, "/admin/conflicts/settle", conflict_id=ids[0], settlement="apart")
    assert only(db, "SELECT settlement FROM ttfd.import_conflicts WHERE id = %s", ids[0]) == "apart"
    send(site, "/admin/conflicts/settle", conflict_id=ids[0], settlement="together telegram 1")
    assert "settled already" in site.get("/admin/conflicts").text


def test_seasons_are_started_and_closed(site: FlaskClient, admin: int, db: Connection) -> None:
    send(site, "/admin/seasons/start", name="Winter <3", days=10)
    season = row(db, "SELECT * FROM ttfd.seasons")
    assert season.name == "Winter <3"
    send(site, "/admin/seasons/start", name="Another", days=10)
    assert "in the way" in site.get("/admin/seasons").text
    send(site, "/admin/seasons/close", season_id=season.id)
    assert only(db, "SELECT closed_at IS NOT NULL FROM ttfd.seasons WHERE id = %s", season.id)


def test_the_overview_and_the_integrity(site: FlaskClient, admin: int, db: Connection) -> None:
    fill(db)
    page = site.get("/admin/").text
    assert "Lag of the queue" in page and "boss" in page
    assert "All is sound" in send(site, "/admin/integrity").text
    db.execute("UPDATE ttfd.unified_users SET coins = coins + 1 WHERE id = %s", [admin])
    assert "All is sound" not in send(site, "/admin/integrity").text


def test_a_website_login_without_the_right_says_what_is_missing(
    db: Connection, client: Client, database_url: str
) -> None:
    """The site's own login may call what members need; administration is for a login of its own."""
    db.execute("CREATE ROLE site_login LOGIN PASSWORD 'x' IN ROLE ttfd_website")
    own = make_conninfo(**{**conninfo_to_dict(database_url), "user": "site_login", "password": "x"})
    user_id = get_user(db)
    client.set_website_admin(user_id, True)
    try:
        with closing(create_app(own, Settings(secret_key="k"))) as site:
            log_in(site, db, user_id)
            for address in ("/", "/account", "/shop", "/activity", f"/members/{user_id}", "/me", "/seasons"):
                assert site.get(address).status_code == 200, address
            refused = site.get("/admin/")
            assert (refused.status_code, "TTFD_ADMIN_DATABASE_URL" in refused.text) == (503, True)
        with closing(create_app(own, Settings(secret_key="k", admin_url=database_url))) as site:
            log_in(site, db, user_id)
            for address in ADMINS.values():
                assert site.get(address).status_code == 200, address
    finally:
        db.execute("DROP ROLE site_login")


def test_the_audit_log_reads_as_sentences_and_not_as_columns(site: FlaskClient, admin: int, db: Connection) -> None:
    send(site, "/admin/rules/event-type", name="message_sent", xp=7, coins=0, is_enabled=1, is_boostable=1)
    send(site, "/admin/rules/setting", name="daily_xp", value=12000)
    send(site, "/admin/seasons/start", name="Winter", days=10)
    client = Client(db)
    client.link_verified_account(admin, "discord", "99", "boss")
    page = text_of(site.get("/admin/audit"))
    assert "Account linked Member: Member 1 Platform: Discord Platforms: Discord, Telegram How: by logging in" in page
    assert re.search(r"Season started Name: Winter From: \w+ \d+, \d{4}, [^T]+ UTC Until: [^T]+ UTC Season: \d+", page)
    assert "Setting changed XP of a daily claim, before the bonus.: 100 → 12,000" in page
    (rule,) = re.findall(r"Rule of an event changed (.*)", page)
    assert "XP: 5 → 7" in rule and "Name: Message" in rule and "Boosts multiply it" not in rule
    russian = text_of(site.get("/admin/audit", headers={"Accept-Language": "ru"}))
    assert "Аккаунт связан" in russian and "Опыта за ежедневную награду, без надбавки.: 100 → 12 000" in russian
    assert not re.search(r"event_type|is_enabled|True|None|[{}]", page)


def test_what_no_page_knows_is_shown_by_its_own_name(site: FlaskClient, admin: int, db: Connection) -> None:
    db.execute(
        'SELECT ttfd.audit(\'new_thing\', \'{"user_id": 1, "some_at": "infinity"}\', %s)',
        ['{"user_id": 1, "parts": [{"xp": 1, "odd_key": null}], "some_at": "infinity", "is_new": false}'],
    )
    page = text_of(site.get("/admin/audit"))
    assert "New thing Member: Member 1 Parts: XP: 1, Odd key: – Is new: no" in page


@pytest.mark.parametrize("known", ["settings", "event_types"])
def test_all_that_an_administrator_may_turn_has_a_name_in_both_languages(db: Connection, known: str) -> None:
    names = {found.name for found in rows(db, f"SELECT name FROM ttfd.{known}")}
    assert names <= set({"settings": words.SETTINGS, "event_types": words.EVENTS}[known])


def test_settings_are_told_in_russian(site: FlaskClient, admin: int) -> None:
    page = site.get("/admin/rules", headers={"Accept-Language": "ru"}).text
    assert "Опыта за ежедневную награду" in page
    assert "XP of a daily claim" not in page


def test_violations_and_failures_are_told_in_russian(site: FlaskClient, admin: int, db: Connection) -> None:
    db.execute("UPDATE ttfd.unified_users SET coins = coins + 1 WHERE id = %s", [admin])
    put_pending(db, admin, "no_such_type")
    process_all(db)
    site.set_cookie("ttfd_lang", "ru")
    assert "Монеты не равны сумме событий" in send(site, "/admin/integrity").text
    assert "Такого события нет, или оно выключено." in site.get("/admin/failed").text
