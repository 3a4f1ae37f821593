from typing import Any

import psycopg

from calls import (
    Connection,
    acting_as,
    get_user,
    new_id,
    process_all,
    profile,
    refused,
    row,
    rows,
    set_time,
    together,
    violations,
)
from coins import claim, set_setting


def work(db: Connection, *arguments: Any, **keywords: Any) -> Any:
    return claim(db, *arguments, what="claim_work", **keywords)


def test_work_pays_within_its_ranges_and_reaches_both_ends(db: Connection) -> None:
    set_setting(db, "work_coins", [50, 53])
    set_setting(db, "work_xp", [10, 12])
    paid = []
    for hour in range(24 * 5):
        set_time(db, f"2026-03-{1 + hour // 24:02} {hour % 24:02}:30Z")
        paid.append(work(db))
    assert {outcome.coins for outcome in paid} == {50, 51, 52, 53}
    assert {outcome.xp for outcome in paid} == {10, 11, 12}
    process_all(db)
    assert violations(db) == []


def test_the_ranges_are_those_that_members_know(db: Connection) -> None:
    outcome = work(db)
    assert 50 <= outcome.coins <= 150
    assert 10 <= outcome.xp <= 30


def test_work_pays_once_an_hour_and_the_hint_says_when_again(db: Connection) -> None:
    set_time(db, "2026-03-01 12:30Z")
    work(db)
    set_time(db, "2026-03-01 12:59:59Z")
    with refused(db, "TC002") as caught:
        work(db)
    assert caught.value.diag.message_hint == "Possible again from 2026-03-01T13:00:00Z."
    set_time(db, "2026-03-01 13:00Z")
    assert work(db).status == "applied"


def test_the_hour_is_a_setting(db: Connection) -> None:
    set_setting(db, "work_cooldown_seconds", 86400)
    set_time(db, "2026-03-01 01:00Z")
    work(db)
    set_time(db, "2026-03-01 23:00Z")
    with refused(db, "TC002"):
        work(db)
    set_time(db, "2026-03-02 00:00Z")
    assert work(db).status == "applied"


def test_a_resend_is_answered_with_the_first_draw(db: Connection) -> None:
    event_id = new_id()
    first = work(db, event_id)
    assert work(db, event_id) == first._replace(status="duplicate")
    process_all(db)
    assert work(db, event_id) == first._replace(status="duplicate")
    with refused(db, "TE002"):
        work(db, event_id, external_id="2")


def test_three_platforms_in_the_same_instant_are_paid_once(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", user_id)

    def try_to_work(own: Connection, platform: str, external_id: str) -> str:
        try:
            return str(work(own, platform=platform, external_id=external_id).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    # The clock stands still, so that no hour can begin between two of them.
    def at_noon(own: Connection, *account: str) -> str:
        set_time(own, "2026-03-01 12:00Z")
        return try_to_work(own, *account)

    accounts = [("telegram", "1"), ("discord", "2")] * 5
    answers = together(database_url, [lambda own, account=account: at_noon(own, *account) for account in accounts])
    assert (answers.count("applied"), answers.count("TC002")) == (1, 9)
    assert violations(db) == []


def test_work_speaks_for_its_platform_and_shows_that_the_member_is_there(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        work(db)
    set_time(db, "2031-01-01 00:00Z")
    work(db)
    assert profile(db, get_user(db)).last_active.year == 2031
    assert row(db, "SELECT event_type FROM ttfd.cross_platform_events").event_type == "work"
