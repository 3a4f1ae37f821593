import datetime as dt

import pytest

from calls import Connection, apply_event, get_user, process_all, refused, rows, set_time

LIST = "SELECT * FROM ttfd.list_xp_history(%s, %s)"


def test_every_day_has_what_was_gained_and_the_xp_at_its_end(db: Connection) -> None:
    for moment, xp in (("2026-01-01 10:00Z", 10), ("2026-01-01 20:00Z", 5), ("2026-01-03 10:00Z", -3)):
        set_time(db, moment)
        apply_event(db, "xp_change", {"xp": xp})
    process_all(db)
    set_time(db, "2026-01-04 10:00Z")
    found = [(f.day.day, f.gained, f.xp) for f in rows(db, LIST, get_user(db), 30)]
    assert found == [(1, 15, 15), (2, 0, 15), (3, -3, 12), (4, 0, 12)]
    assert [f.day for f in rows(db, LIST, get_user(db), 2)] == [dt.date(2026, 1, 3), dt.date(2026, 1, 4)]


def test_a_day_is_one_of_the_members(db: Connection) -> None:
    set_time(db, "2026-01-01 22:00Z")
    apply_event(db, "xp_change", {"xp": 10})
    process_all(db)
    user_id = get_user(db)
    db.execute("SELECT ttfd.set_time_zone(%s, 'Europe/Moscow')", [user_id])
    set_time(db, "2026-01-02 12:00Z")
    assert [(f.day.day, f.gained) for f in rows(db, LIST, user_id, 30)] == [(2, 10)]


def test_a_day_of_which_not_all_was_read_is_left_out(db: Connection) -> None:
    user_id = get_user(db)
    db.execute(
        "INSERT INTO ttfd.cross_platform_events_processed"
        " (id, user_id, event_type, source_platform, xp, coins, position, occurred_at, processed_at, processed)"
        " SELECT gen_random_uuid(), %s, 'message_sent', 'telegram', 1, 0, n,"
        " now() - (10000 - n) / 5000 * interval '1 day', now(), true FROM generate_series(-2000, 10000) n",
        [user_id],
    )
    db.execute("UPDATE ttfd.unified_users SET xp = 12001 WHERE id = %s", [user_id])
    days = [(found.gained, found.xp) for found in rows(db, LIST, user_id, 30)]
    assert days == [(5000, 12001)]


@pytest.mark.parametrize("days", [0, -1, 100000, None])
def test_any_number_of_days_is_answered(db: Connection, days: int | None) -> None:
    assert len(rows(db, LIST, get_user(db), days)) == 1


def test_nobody_has_no_history(db: Connection) -> None:
    with refused(db, "TU001"):
        db.execute(LIST, [404, 30])
