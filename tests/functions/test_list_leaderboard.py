from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    record_event,
    record_events,
    refused,
    row,
    rows,
    sent,
    set_time,
)

COLUMNS = {
    "xp": "xp",
    "coins": "coins",
    "messages": "messages_sent",
    "voice": "total_voice_time",
    "games": "games_played",
    "wins": "games_won",
}
# An event that gains some of each.
GAINS: dict[str, tuple[str, dict[str, object]]] = {
    "xp": ("message_sent", {}),
    "coins": ("game_played", {"coins": 7}),
    "messages": ("message_sent", {}),
    "voice": ("voice_time", {"seconds": 90}),
    "games": ("game_played", {}),
    "wins": ("game_played", {"won": True}),
}
Send = Callable[..., Any]


def board(db: Connection, metric: str = "xp", limit: int = 100, after: str | None = None) -> list[tuple[int, int, int]]:
    """Position, member, value."""
    found = rows(db, "SELECT * FROM ttfd.list_leaderboard(%s, %s, %s)", metric, limit, after)
    return [(seen.position, seen.user_id, seen.value) for seen in found]


def pages(db: Connection, metric: str, limit: int) -> list[tuple[int, int, int]]:
    """The whole board, page by page."""
    seen: list[tuple[int, int, int]] = []
    after = None
    while page := rows(db, "SELECT * FROM ttfd.list_leaderboard(%s, %s, %s)", metric, limit, after):
        assert len(page) <= limit
        seen += [(found.position, found.user_id, found.value) for found in page]
        after = page[-1].cursor
    return seen


def members(db: Connection, metric: str, *values: int) -> list[int]:
    """One member for each value."""
    ids = [get_user(db, str(number)) for number in range(1, len(values) + 1)]
    for user_id, amount in zip(ids, values, strict=True):
        db.execute(f"UPDATE ttfd.unified_users SET {COLUMNS[metric]} = %s WHERE id = %s", [amount, user_id])
    return ids


@pytest.mark.parametrize("metric", COLUMNS)
def test_the_best_come_first(db: Connection, metric: str) -> None:
    one, two, three, four = members(db, metric, 10, 300, 10, 700)
    assert board(db, metric) == [(1, four, 700), (2, two, 300), (3, one, 10), (4, three, 10)]


@pytest.mark.parametrize("metric", COLUMNS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_join_to_the_whole_board(db: Connection, metric: str, limit: int) -> None:
    members(db, metric, 5, 5, 5, 0, 256, 255, 257, 512, 511, 0, 5, 10**12)
    whole = board(db, metric)
    assert pages(db, metric, limit) == whole
    assert [position for position, _, _ in whole] == list(range(1, 13))


def test_each_metric_counts_what_it_says(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "message_sent")
    apply_event(db, "voice_time", {"seconds": 90})
    apply_event(db, "game_played", {"won": True, "coins": 7, "xp": 2})
    apply_event(db, "game_played", {"won": False})
    assert {metric: board(db, metric)[0][2] for metric in COLUMNS} == {
        "xp": 5 + 4 + 2,
        "coins": 7,
        "messages": 1,
        "voice": 90,
        "games": 2,
        "wins": 1,
    }
    assert {board(db, metric)[0][1] for metric in COLUMNS} == {user_id}


def test_a_row_shows_who_it_is(db: Connection) -> None:
    row(db, "SELECT * FROM ttfd.get_or_create_user('telegram', '1', 'anna', 'Anna K.')")
    row(db, "SELECT * FROM ttfd.get_or_create_user('discord', '2', 'boris')")
    apply_event(db, "xp_change", {"xp": 1300})
    first, second = rows(db, "SELECT * FROM ttfd.list_leaderboard('xp')")
    assert (first.display_name, first.rank_id, first.rank_name, first.rank_color) == ("Anna K.", 3, "F III", "#5d6d7e")
    assert first.platforms == ["telegram"]
    assert second.display_name == "boris"


@pytest.mark.parametrize("metric", ["xp", "coins"])
def test_merged_members_are_left_out(db: Connection, metric: str) -> None:
    one, two, three = members(db, metric, 30, 20, 10)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [one, two])
    assert board(db, metric) == [(1, one, 30), (2, three, 10)]
    assert pages(db, metric, 1) == board(db, metric)


@pytest.mark.parametrize("metric", ["xp", "coins"])
def test_the_next_page_is_right_though_the_last_member_seen_has_climbed(db: Connection, metric: str) -> None:
    one, two, three, four = members(db, metric, 40, 30, 20, 10)
    page = rows(db, "SELECT * FROM ttfd.list_leaderboard(%s, 2)", metric)
    assert [found.user_id for found in page] == [one, two]
    db.execute(f"UPDATE ttfd.unified_users SET {COLUMNS[metric]} = 50 WHERE id = %s", [two])
    assert board(db, metric, 2, page[-1].cursor) == [(3, three, 20), (4, four, 10)]


@pytest.mark.parametrize("metric", ["xp", "coins"])
def test_members_who_move_meanwhile_neither_hide_nor_repeat_the_others(db: Connection, metric: str) -> None:
    ids = members(db, metric, *range(100, 0, -10))
    page = rows(db, "SELECT * FROM ttfd.list_leaderboard(%s, 3)", metric)
    db.execute(f"UPDATE ttfd.unified_users SET {COLUMNS[metric]} = 1000 WHERE id = %s", [ids[8]])
    assert [user_id for _, user_id, _ in board(db, metric, 100, page[-1].cursor)] == [*ids[3:8], ids[9]]


def test_the_limit_is_kept(db: Connection) -> None:
    members(db, "xp", 3, 2, 1)
    assert board(db, "xp", 0) == []
    assert board(db, "xp", -1) == []
    assert len(board(db, "xp", 10**9)) == 3


@pytest.mark.parametrize("send", [apply_event, record_event])
@pytest.mark.parametrize("metric", GAINS)
def test_among_equals_who_was_there_first_stands_above(db: Connection, metric: str, send: Send) -> None:
    one, two, three = (get_user(db, str(number)) for number in (1, 2, 3))
    for minute, external_id in enumerate("231"):
        set_time(db, f"2036-03-01 12:{minute:02}:00Z")
        send(db, *GAINS[metric], external_id=external_id)
    if send is record_event:
        process_all(db)
    gained = 5 if metric == "xp" else 90 if metric == "voice" else 7 if metric == "coins" else 1
    whole = [(1, two, gained), (2, three, gained), (3, one, gained)]
    assert board(db, metric) == pages(db, metric, 1) == whole
    process_all(db)
    assert board(db, metric) == pages(db, metric, 1) == whole


@pytest.mark.parametrize("metric", GAINS)
def test_who_was_there_first_counts_by_when_it_happened_not_by_when_it_was_processed(
    db: Connection, metric: str
) -> None:
    one, two = get_user(db, "1"), get_user(db, "2")
    set_time(db, "2036-03-01 12:00:00Z")
    for minute, external_id in ((1, "1"), (0, "2")):
        at = f"2036-03-01 11:{minute:02}:00Z"
        record_events(db, [sent(*GAINS[metric], external_id=external_id, occurred_at=at)])
        process_all(db)
    assert [user_id for _, user_id, _ in board(db, metric)] == [two, one]


@pytest.mark.parametrize("metric", [*GAINS])
def test_who_loses_it_and_gains_it_again_stands_below_those_who_kept_it(db: Connection, metric: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2")
    set_time(db, "2036-03-01 12:00:00Z")
    for external_id in "12":
        apply_event(db, *GAINS[metric], external_id=external_id)
    process_all(db)
    assert [user_id for _, user_id, _ in board(db, metric)] == [one, two]
    set_time(db, "2036-03-01 12:01:00Z")
    column = COLUMNS[metric]
    for step in (1, -1):
        db.execute(
            f"UPDATE ttfd.unified_users SET {column} = {column} + %s, xp_since = %s WHERE id = %s",
            [step, "2036-03-01 12:01:00Z", one],
        )
        process_all(db)
    assert [user_id for _, user_id, _ in board(db, metric)] == [two, one]


@pytest.mark.parametrize("metric", [metric for metric in GAINS if metric != "games"])
def test_an_event_without_it_costs_nobody_the_place_among_equals(db: Connection, metric: str) -> None:
    one, two = get_user(db, "1"), get_user(db, "2")
    for minute, external_id in enumerate("12"):
        set_time(db, f"2036-03-01 12:{minute:02}:00Z")
        apply_event(db, *GAINS[metric], external_id=external_id)
    set_time(db, "2036-03-01 13:00:00Z")
    apply_event(db, "game_played", {"won": False}, external_id="1")
    record_event(db, "game_played", {"won": False}, external_id="1")
    process_all(db)
    assert [user_id for _, user_id, _ in board(db, metric)] == [one, two]


@pytest.mark.parametrize("metric", COLUMNS)
def test_who_has_none_of_it_comes_last_in_the_order_of_joining(db: Connection, metric: str) -> None:
    one, two, three, four = members(db, metric, 0, 4, 0, 0)
    assert board(db, metric) == pages(db, metric, 1) == [(1, two, 4), (2, one, 0), (3, three, 0), (4, four, 0)]


@pytest.mark.parametrize("metric", GAINS)
def test_a_hidden_member_is_on_no_board_and_comes_back_to_the_old_place(db: Connection, metric: str) -> None:
    ids = [get_user(db, str(number)) for number in (1, 2, 3)]
    for minute, external_id in enumerate("231"):
        set_time(db, f"2036-03-01 12:{minute:02}:00Z")
        apply_event(db, *GAINS[metric], external_id=external_id)
    process_all(db)
    before = board(db, metric)
    row(db, "SELECT * FROM ttfd.set_hidden(%s, true)", ids[2])
    assert [user_id for _, user_id, _ in board(db, metric)] == [ids[1], ids[0]]
    process_all(db)
    assert [user_id for _, user_id, _ in board(db, metric)] == [ids[1], ids[0]]
    row(db, "SELECT * FROM ttfd.set_hidden(%s, false)", ids[2])
    assert board(db, metric) == before
    process_all(db)
    assert board(db, metric) == before


@pytest.mark.parametrize("metric", COLUMNS)
def test_a_forgotten_member_is_on_no_board(db: Connection, metric: str) -> None:
    one, two, three = members(db, metric, 3, 2, 1)
    db.execute("UPDATE ttfd.unified_users SET forgotten_at = now() WHERE id = %s", [two])
    assert board(db, metric) == [(1, one, 3), (2, three, 1)]
    process_all(db)
    assert board(db, metric) == [(1, one, 3), (2, three, 1)]


@pytest.mark.parametrize("metric", ["", "XP", "id", "username; DROP TABLE", None])
def test_an_unknown_metric_is_refused(db: Connection, metric: str | None) -> None:
    with refused(db, "22023"):
        board(db, metric)  # type: ignore[arg-type]


@pytest.mark.parametrize("cursor", ["x", "", "5", "5:x", ":", "99999999999999999999:1"])
def test_a_cursor_that_is_none_is_refused(db: Connection, cursor: str) -> None:
    members(db, "xp", 7, 5, 5, 1)
    with pytest.raises(psycopg.DataError):
        board(db, "xp", 10, cursor)
