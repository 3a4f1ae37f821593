"""What has served its time goes, what is still needed for an answer stays. "Now" is 2026-06-01 12:00Z."""

import uuid
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    put_pending,
    record_events,
    refused,
    row,
    rows,
    sent,
    set_time,
    value,
    violations,
)
from links import merge
from sessions import start_session

NOW = "2026-06-01 12:00Z"
KINDS = [
    "award_windows",
    "boosts",
    "failed_events",
    "forgotten_accounts",
    "import_rows",
    "link_codes",
    "link_failures",
    "login_links",
    "merge_journals",
    "transfer_days",
    "website_sessions",
]


def purge(db: Connection) -> dict[str, int]:
    """What was removed, kinds of which nothing was left out."""
    found = rows(db, "SELECT * FROM ttfd.purge_expired()")
    assert [one.kind for one in found] == KINDS
    return {one.kind: one.removed for one in found if one.removed}


def keep(db: Connection, kind: str, days: int) -> None:
    rows(db, "SELECT * FROM ttfd.set_setting(%s, %s::text::jsonb)", f"keep_{kind}_days", str(days))


def boost(db: Connection, ends_at: str) -> None:
    db.execute("INSERT INTO ttfd.boosts (factor, starts_at, ends_at) VALUES (2, '2020-01-01', %s)", [ends_at])


def discard(db: Connection, event_id: uuid.UUID) -> None:
    rows(db, "SELECT * FROM ttfd.discard_failed_event(%s, 'nonsense')", event_id)


def test_a_fresh_community_has_nothing_to_purge(db: Connection) -> None:
    assert purge(db) == {}


@pytest.mark.parametrize(
    ("kind", "setting", "days", "create"),
    [
        (
            "link_failures",
            "link_failures",
            1,
            "INSERT INTO ttfd.link_failures VALUES ('telegram', '\\x00', ttfd.current_time(), true)",
        ),
        (
            "transfer_days",
            "transfer_counts",
            8,
            "INSERT INTO ttfd.transfer_days VALUES (1, (ttfd.current_time() AT TIME ZONE 'UTC')::date, 5)",
        ),
        (
            "boosts",
            "boosts",
            90,
            "INSERT INTO ttfd.boosts (factor, starts_at, ends_at) VALUES (2, '2020-01-01', ttfd.current_time())",
        ),
        (
            "award_windows",
            "award_windows",
            90,
            "INSERT INTO ttfd.award_windows VALUES (1, ttfd.current_time(), 5, false, 'message_sent')",
        ),
    ],
)
def test_a_kind_is_kept_for_as_long_as_its_setting_says(
    db: Connection, kind: str, setting: str, days: int, create: Any
) -> None:
    longest_window = 1 if kind in ("award_windows", "boosts") else 0
    for age in (days + longest_window + 1, days + longest_window - 1):
        db.execute(
            "SELECT set_config('ttfd.now', (%s::timestamptz - make_interval(days => %s))::text, false)", [NOW, age]
        )
        db.execute(create)
    set_time(db, NOW)
    keep(db, setting, days + 2)
    assert purge(db) == {}
    keep(db, setting, days)
    assert purge(db) == {kind: 1}
    assert purge(db) == {}


def test_link_codes_that_are_long_void_go(db: Connection) -> None:
    set_time(db, "2026-05-24 12:00Z")
    rows(db, "SELECT * FROM ttfd.create_link_code('telegram', '1')")
    set_time(db, "2026-05-26 12:00Z")
    rows(db, "SELECT * FROM ttfd.create_link_code('telegram', '2')")
    set_time(db, NOW)
    assert purge(db) == {"link_codes": 1}
    assert value(db, "SELECT external_id FROM ttfd.link_codes") == "2"


def test_a_session_of_the_website_goes_when_it_expires(db: Connection) -> None:
    set_time(db, "2026-05-02 12:00Z")
    member = start_session(db, get_user(db), "old")
    set_time(db, "2026-05-02 12:00:01Z")
    start_session(db, member, "fresh")
    set_time(db, NOW)
    assert purge(db) == {"website_sessions": 1}
    assert purge(db) == {}
    set_time(db, "2026-06-01 12:00:01Z")
    assert purge(db) == {"website_sessions": 1}


def test_a_login_link_goes_when_it_is_void_and_counts_for_nothing(db: Connection) -> None:
    links = "SELECT * FROM ttfd.create_login_link('telegram', '1')"
    set_time(db, "2026-06-01 11:00Z")
    for _ in range(9):
        rows(db, links)
    set_time(db, "2026-06-01 11:59Z")
    rows(db, links)
    assert purge(db) == {}
    with refused(db, "TL004"):
        rows(db, links)
    set_time(db, NOW)
    assert purge(db) == {}, "the last link is good for nine minutes more"
    set_time(db, "2026-06-01 12:09Z")
    assert purge(db) == {"login_links": 1}
    rows(db, links)
    set_time(db, "2026-06-01 13:08:59Z")
    assert purge(db) == {}, "the count holds for an hour, the link for ten minutes"
    set_time(db, "2026-06-01 13:09Z")
    assert purge(db) == {"login_links": 1}


def test_what_was_remembered_of_a_forgotten_account_goes_when_it_expires(db: Connection) -> None:
    set_time(db, "2026-03-03 12:00:01Z")
    rows(db, "SELECT * FROM ttfd.forget_user(%s)", get_user(db))
    set_time(db, NOW)
    assert purge(db) == {}
    set_time(db, "2026-06-01 12:00:01Z")
    assert purge(db) == {"forgotten_accounts": 1}


def test_a_window_stays_while_an_event_that_it_judges_waits_or_has_failed(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    apply_event(db)
    set_time(db, NOW)
    record_events(db, [sent(occurred_at="2026-01-01 12:00:30Z")])
    assert purge(db) == {}
    process_all(db)
    member = get_user(db)
    assert value(db, "SELECT xp FROM ttfd.unified_users WHERE id = %s", member) == 5, "the window has earned already"
    failed = put_pending(db, 999)
    db.execute("UPDATE ttfd.cross_platform_events SET occurred_at = '2026-01-01 12:00:40Z' WHERE id = %s", [failed])
    process_all(db)
    assert purge(db) == {}
    discard(db, failed)
    assert purge(db) == {"award_windows": 1}


def test_a_window_that_is_still_open_stays_however_long_it_is(db: Connection) -> None:
    db.execute("UPDATE ttfd.event_types SET cooldown_seconds = 400 * 86400 WHERE name = 'message_sent'")
    set_time(db, "2027-01-01 12:00Z")
    apply_event(db)
    set_time(db, "2027-05-01 12:00Z")
    assert purge(db) == {}
    assert apply_event(db).note == "cooldown"


def test_a_discarded_event_goes_and_its_id_still_counts_once(db: Connection) -> None:
    get_user(db)
    set_time(db, "2026-03-01 12:00Z")
    kept, gone = put_pending(db, 999), put_pending(db, 999)
    process_all(db)
    discard(db, gone)
    set_time(db, NOW)
    assert purge(db) == {"failed_events": 1}
    assert value(db, "SELECT id FROM ttfd.failed_events") == kept
    assert apply_event(db, event_id=gone).status == "duplicate"
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 0
    assert violations(db) == []


def test_records_that_an_import_has_rejected_go_and_those_that_wait_stay(db: Connection) -> None:
    for status, finished_at in (("unified", "2026-02-01"), ("unified", "2026-05-01"), ("loading", None)):
        db.execute(
            "WITH run AS (INSERT INTO ttfd.import_runs (label, status, started_at, finished_at)"
            "             VALUES ('old', %s, '2026-02-01', %s) RETURNING id)"
            " INSERT INTO ttfd.import_rows (run_id, source, part, source_key, platform, reject_reason)"
            " SELECT id, 's', 'users', 'users/1', 'telegram', 'the id is missing' FROM run",
            [status, finished_at],
        )
    set_time(db, NOW)
    assert purge(db) == {"import_rows": 1}
    assert value(db, "SELECT count(*) FROM ttfd.import_runs r JOIN ttfd.import_rows w ON w.run_id = r.id") == 2
    keep(db, "import_rows", 7)
    assert purge(db) == {"import_rows": 1}


def test_of_a_merge_that_cannot_be_undone_only_that_it_was_is_kept(db: Connection) -> None:
    into, away = get_user(db, "1"), get_user(db, "2", "discord")
    apply_event(db, external_id="2", platform="discord")
    set_time(db, "2026-05-01 12:00Z")
    old = merge(db, into, away).merge_id
    other = get_user(db, "someone@example.org", "website")
    set_time(db, "2026-05-30 12:00Z")
    fresh = merge(db, into, other).merge_id
    set_time(db, NOW)
    assert purge(db) == {"merge_journals": 1}
    assert purge(db) == {}
    journal = row(db, "SELECT * FROM ttfd.user_merges WHERE id = %s", old)
    assert (journal.into_id, journal.from_id) == (into, away)
    assert "xp" not in str(journal)
    with refused(db, "TM001"):
        rows(db, "SELECT * FROM ttfd.undo_merge(%s)", old)
    rows(db, "SELECT * FROM ttfd.undo_merge(%s)", fresh)
    assert violations(db) == []


def test_a_slice_has_an_end_and_says_so(db: Connection) -> None:
    db.execute(
        "INSERT INTO ttfd.link_failures SELECT 'telegram', '\\x00', '2020-01-01', true FROM generate_series(1, 10001)"
    )
    found = [one for one in rows(db, "SELECT * FROM ttfd.purge_expired()") if one.removed]
    assert [(one.removed, one.remaining) for one in found] == [(10000, True)]
    found = [one for one in rows(db, "SELECT * FROM ttfd.purge_expired()") if one.removed]
    assert [(one.removed, one.remaining) for one in found] == [(1, False)]


def test_what_somebody_is_using_is_left_for_the_next_time(db: Connection, database_url: str) -> None:
    boost(db, "2020-02-01")
    with psycopg.connect(database_url) as other:
        other.execute("SELECT 1 FROM ttfd.boosts FOR UPDATE")
        assert purge(db) == {}
        other.rollback()
    assert purge(db) == {"boosts": 1}


def test_workers_and_administrators_purge_and_nobody_else(db: Connection) -> None:
    with acting_as(db, "ttfd_worker"):
        purge(db)
    with acting_as(db, "ttfd_website"), refused(db, "42501"):
        purge(db)
