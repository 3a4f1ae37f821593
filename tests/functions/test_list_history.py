import pytest

from calls import Connection, apply_event, get_user, process_all, profile, record_event, refused, rows, set_time

HISTORY = "SELECT * FROM ttfd.list_history(%s, %s, %s)"


def test_the_newest_comes_first_with_what_it_earned_and_why_not_more(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00:00+00")
    record_event(db, "message_sent")
    record_event(db, "message_sent")
    record_event(db, "voice_time", {"seconds": 60, "idle_seconds": 20})
    record_event(db, "voice_time", {"seconds": 20000})
    apply_event(db, "game_played", {"coins": 9})
    process_all(db)
    found = rows(db, HISTORY, get_user(db), None, 10)
    assert [tuple(seen)[1:6] for seen in found if seen.event_type != "rank_up"] == [
        ("game_played", "telegram", 0, 9, None),
        ("voice_time", "telegram", 598, 0, "daily_cap"),
        ("voice_time", "telegram", 2, 0, "idle"),
        ("message_sent", "telegram", 0, 0, "cooldown"),
        ("message_sent", "telegram", 5, 0, None),
    ]
    assert [seen.position for seen in found] == sorted((seen.position for seen in found), reverse=True)


def test_the_history_adds_up_to_the_balance(db: Connection) -> None:
    for xp in (700, 700, -100):
        record_event(db, "xp_change", {"xp": xp})
    record_event(db, "coins_change", {"coins": 11})
    process_all(db)
    found = rows(db, HISTORY, get_user(db), None, 100)
    seen = profile(db, get_user(db))
    assert (sum(event.xp for event in found), sum(event.coins for event in found)) == (seen.xp, seen.coins)
    assert seen.coins == 11 + 50 + 100


def test_pages_follow_each_other_by_position(db: Connection) -> None:
    for xp in range(7):
        record_event(db, "game_played", {"xp": xp}, external_id=str(xp % 2 + 1))
    process_all(db)
    user_id = get_user(db, "1")
    first = rows(db, HISTORY, user_id, None, 3)
    second = rows(db, HISTORY, user_id, first[-1].position, 3)
    assert [seen.xp for seen in first + second] == [6, 4, 2, 0]
    assert rows(db, HISTORY, user_id, second[-1].position, 3) == []


def test_only_the_members_own_events_are_listed(db: Connection) -> None:
    record_event(db)
    record_event(db, external_id="2")
    process_all(db)
    assert len(rows(db, HISTORY, get_user(db, "1"), None, 10)) == 1


def test_the_limit_is_kept(db: Connection) -> None:
    for _ in range(3):
        record_event(db)
    process_all(db)
    user_id = get_user(db)
    assert [len(rows(db, HISTORY, user_id, None, limit)) for limit in (0, -1, 2, 10**9)] == [0, 0, 2, 3]


def test_a_merged_member_leads_to_the_survivors_history(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2")
    record_event(db)
    process_all(db)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert rows(db, HISTORY, merged, None, 10) == rows(db, HISTORY, survivor, None, 10) != []


@pytest.mark.parametrize("user_id", [0, 999, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        rows(db, HISTORY, user_id, None, 10)
