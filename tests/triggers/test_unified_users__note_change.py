"""The leaderboards other than by XP: whatever changes a member, the next batch knows."""

import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    process_events,
    record_events,
    row,
    rows,
    sent,
    set_time,
    value,
    violations,
)


@pytest.mark.parametrize(
    "change",
    [
        "coins = 70",
        "messages_sent = 0",
        "total_voice_time = total_voice_time + 1",
        "games_played = 9, games_won = 8",
        "is_hidden = true",
        "forgotten_at = now()",
        "xp = xp + 20000",
    ],
)
@pytest.mark.parametrize("is_first_settled", [False, True])
def test_the_boards_follow_every_change_of_a_member(db: Connection, change: str, is_first_settled: bool) -> None:
    for number in ("1", "2"):
        apply_event(db, external_id=number)
        apply_event(db, "game_played", {"coins": 3, "won": True}, external_id=number)
    if is_first_settled:
        process_all(db)
    db.execute(f"UPDATE ttfd.unified_users SET {change} WHERE id = %s", [get_user(db, "1")])  # type: ignore[arg-type]
    assert [found for found in violations(db) if found[0] in ("standing", "count")] == []
    process_all(db)
    assert [found for found in violations(db) if found[0] in ("standing", "count")] == []
    assert value(db, "SELECT count(*) FROM ttfd.standing_changes") == 0


def test_a_member_who_is_deleted_or_inserted_by_hand_is_noticed(db: Connection) -> None:
    db.execute("INSERT INTO ttfd.unified_users (id, coins) SELECT n, n FROM generate_series(901, 903) s (n)")
    process_events(db)
    db.execute("DELETE FROM ttfd.unified_users WHERE id = 903")
    for _ in range(2):
        assert [found.user_id for found in rows(db, "SELECT * FROM ttfd.list_leaderboard('coins')")] == [902, 901]
        process_events(db)
    assert [found for found in violations(db) if found[0] in ("standing", "count")] == []


def test_what_an_event_tells_is_not_noted_as_well(db: Connection) -> None:
    set_time(db, "2036-03-01 12:00Z")
    get_user(db)
    set_time(db, "2036-03-01 12:01Z")
    apply_event(db, "game_played", {"coins": 3})
    assert rows(db, "SELECT * FROM ttfd.standing_changes") == []


def test_many_changes_are_settled_over_several_batches(db: Connection) -> None:
    db.execute("INSERT INTO ttfd.unified_users (id, coins) SELECT n, n FROM generate_series(1000001, 1015000) s (n)")
    before = row(db, "SELECT * FROM ttfd.get_position(1000007, 'coins')")
    process_events(db)
    assert value(db, "SELECT count(*) FROM ttfd.standing_changes") == 5000
    assert row(db, "SELECT * FROM ttfd.get_position(1000007, 'coins')") == before == (14994, 1000007, 15000)
    process_events(db)
    assert value(db, "SELECT count(*) FROM ttfd.standing_changes") == 0
    assert row(db, "SELECT * FROM ttfd.get_position(1000007, 'coins')") == before


def test_a_batch_notes_nobody_even_when_its_events_are_late(db: Connection) -> None:
    set_time(db, "2036-03-01 12:00Z")
    apply_event(db, "game_played", {"coins": 3})
    process_all(db)
    record_events(
        db, [sent("game_played", {"coins": 5}, occurred_at="2036-03-01 11:00Z"), sent(occurred_at="2036-03-01 11:00Z")]
    )
    assert process_events(db, 1).remaining
    assert rows(db, "SELECT * FROM ttfd.standing_changes") == []
    process_all(db)
    assert row(db, "SELECT value FROM ttfd.list_leaderboard('coins')") == (8,)
    assert [found for found in violations(db) if found[0] in ("standing", "count")] == []
