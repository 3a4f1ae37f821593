"""The season's leaderboard beside what its members have, whatever happens to them and to seasons.

``TTFD_STANDING_STEPS=20000`` takes more steps than the default run.
"""

import contextlib
import itertools
import os
import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    process_events,
    record_event,
    record_events,
    row,
    rows,
    sent,
    set_time,
    value,
    violations,
)
from seasons import close_season, play, start_season, tend_seasons

STEPS = int(os.environ.get("TTFD_STANDING_STEPS", "400"))
PLATFORMS = ["telegram", "discord"]
MEMBERS = 8


def truth(db: Connection) -> list[tuple[int, int, int]]:
    """Position, member, XP: every member read and sorted."""
    found = rows(
        db, "SELECT user_id, xp, reached_at FROM ttfd.list_season_players(ttfd.running_season()) WHERE is_listed"
    )
    order = sorted(found, key=lambda one: (-one.xp, one.reached_at, one.user_id))
    return [(number, one.user_id, one.xp) for number, one in enumerate(order, 1)]


def pages(db: Connection, limit: int, after: str | None = None) -> list[tuple[int, int, int]]:
    seen: list[tuple[int, int, int]] = []
    while page := rows(db, "SELECT * FROM ttfd.list_leaderboard('season', %s, %s)", limit, after):
        seen += [(found.position, found.user_id, found.value) for found in page]
        after = page[-1].cursor
    return seen


def check(db: Connection, dice: random.Random) -> None:
    """Pages, positions and neighbours say the same, and what the members have."""
    board = truth(db)
    assert pages(db, dice.randint(1, 5)) == pages(db, 100) == board
    for index in dice.sample(range(len(board)), min(2, len(board))):
        position, user_id, xp = board[index]
        found = row(db, "SELECT * FROM ttfd.get_position(%s, 'season')", user_id)
        assert tuple(found) == (position, xp, len(board))
        near = rows(db, "SELECT position, user_id, value FROM ttfd.list_neighbours(%s, 'season', 2)", user_id)
        assert near == board[max(0, index - 2) : index + 3]
    playing = {user_id for _, user_id, _ in board}
    for found in rows(db, "SELECT id FROM ttfd.unified_users WHERE forgotten_at IS NULL AND merged_into IS NULL"):
        if found.id not in playing:
            place = row(db, "SELECT * FROM ttfd.get_position(%s, 'season')", found.id)
            assert (place.position, place.total) == (None, len(board))
            assert rows(db, "SELECT * FROM ttfd.list_neighbours(%s, 'season')", found.id) == []


def settle(db: Connection) -> None:
    """Batches until nothing is left to do, not even to clear."""
    for _ in range(20):
        process_all(db)


def astray(db: Connection) -> list[tuple[Any, ...]]:
    return [found for found in violations(db) if found[0] in ("standing", "count")]


def boards(db: Connection) -> list[int]:
    """The seasons of which anything is kept in standings or counts."""
    return [
        found.season_id
        for found in rows(
            db,
            "SELECT board - ttfd.season_board(0) AS season_id FROM ttfd.standings WHERE board > ttfd.season_board(0)"
            " UNION SELECT board - ttfd.season_board(0) FROM ttfd.board_counts WHERE board > ttfd.season_board(0)"
            " ORDER BY 1",
        )
    ]


class Clock:
    """The minute that it is, of a walk through some months."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._minute = 0
        self.forward(0)

    def forward(self, minutes: int) -> None:
        self._minute += minutes
        set_time(self._db, self.at(0))

    def at(self, minutes: int) -> str:
        """A moment some minutes from now."""
        return str(
            value(
                self._db,
                "SELECT (TIMESTAMPTZ '2036-03-01 00:00Z' + %s * INTERVAL '1 minute')::text",
                self._minute + minutes,
            )
        )


def some_game(dice: random.Random) -> dict[str, object]:
    return {"xp": dice.choice([0, 1, 1, 5, 64, 70])}


def some_step(db: Connection, dice: random.Random, clock: Clock, has_worker: bool) -> Callable[[], object]:
    ids = [found.id for found in rows(db, "SELECT id FROM ttfd.unified_users WHERE forgotten_at IS NULL ORDER BY id")]
    one, two = dice.choice(ids), dice.choice(ids)
    who = {"external_id": str(dice.randint(1, MEMBERS)), "platform": dice.choice(PLATFORMS)}
    late = sent("game_played", some_game(dice), occurred_at=clock.at(dice.choice([-50_000, -2_000, -5, 2, 4])), **who)  # type: ignore[arg-type]
    season_id = value(db, "SELECT ttfd.running_season()")
    steps: list[Callable[[], object]] = [
        *[lambda: apply_event(db, "game_played", some_game(dice), **who)] * 4,  # type: ignore[arg-type]
        *[lambda: record_event(db, "game_played", some_game(dice), **who)] * 2,  # type: ignore[arg-type]
        *[lambda: record_events(db, [late])] * 2,
        lambda: apply_event(db, **who),  # type: ignore[arg-type]
        lambda: apply_event(db, "xp_change", {"xp": 50}, **who),  # type: ignore[arg-type]
        lambda: rows(db, "SELECT * FROM ttfd.set_hidden(%s, %s)", one, dice.random() < 0.5),
        lambda: rows(db, "SELECT * FROM ttfd.merge_users(%s, %s, 'test')", one, two),
        lambda: rows(db, "SELECT ttfd.undo_merge((SELECT max(id) FROM ttfd.user_merges WHERE undone_at IS NULL))"),
        lambda: rows(db, "SELECT * FROM ttfd.forget_user(%s)", one) if dice.random() < 0.1 else None,
        lambda: db.execute("UPDATE ttfd.unified_users SET season_xp = %s WHERE id = %s", [dice.choice([0, 9]), one]),
        lambda: clock.forward(dice.choice([1, 3, 600])),
        lambda: clock.forward(dice.choice([1, 3, 600])),
        lambda: clock.forward(60 * 24 * 30) if dice.random() < 0.5 else None,
        lambda: close_season(db, season_id) if dice.random() < 0.2 else None,
        lambda: start_season(db, "Planned", clock.at(dice.choice([0, 3])), None),
    ]
    if has_worker:
        steps += [
            lambda: tend_seasons(db),
            *[lambda: process_events(db, dice.choice([1, 3, 1000]))] * 3,
        ]
    return dice.choice(steps)


@pytest.mark.parametrize("has_worker", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_board_is_what_the_members_have_whatever_happens(db: Connection, seed: int, has_worker: bool) -> None:
    dice = random.Random(seed)
    clock = Clock(db)
    db.execute("UPDATE ttfd.season_settings SET length = '2 days'")
    tend_seasons(db)
    for number in range(1, MEMBERS + 1):
        for platform in PLATFORMS:
            get_user(db, str(number), platform)
    for step in range(STEPS // 4):
        with contextlib.suppress(psycopg.DatabaseError), db.transaction():
            some_step(db, dice, clock, has_worker)()
        check(db, dice)
        assert step % 10 or astray(db) == []
    settle(db)
    check(db, dice)
    assert astray(db) == []
    closed = [found.id for found in rows(db, "SELECT id FROM ttfd.seasons WHERE closed_at IS NOT NULL")]
    assert not set(boards(db)) & set(closed)


@pytest.fixture
def season(db: Connection) -> int:
    """A season that runs for a month, which three have played, two of them equals, and nothing waits."""
    set_time(db, "2026-03-02 12:00Z")
    season_id = start_season(db)
    for member, xp, at in (("1", 50, "11:00"), ("2", 70, "11:30"), ("3", 50, "10:00")):
        play(db, member, xp, f"2026-03-02 {at}Z")
    get_user(db, "4")
    settle(db)
    return season_id


def reads(db: Connection, query: str, *params: Any) -> int:
    """How many rows of tables a query has to look at."""
    looked = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
    with db.transaction():
        before = value(db, looked)
        rows(db, query, *params)
        return int(value(db, looked) - before)


@pytest.mark.parametrize(
    "call", ["list_leaderboard('season', 10)", "get_position(%s, 'season')", "list_neighbours(%s, 'season')"]
)
def test_more_members_are_no_more_to_read(db: Connection, season: int, call: str) -> None:
    params = [get_user(db, "1")] if "%s" in call else []
    query = f"SELECT * FROM ttfd.{call}"
    few = reads(db, query, *params)
    db.execute(
        "INSERT INTO ttfd.unified_users (season_id, season_xp, season_reached_at)"
        " SELECT %s, 100 + n, now() FROM generate_series(1, 3000) s (n)",
        [season],
    )
    settle(db)
    assert astray(db) == []
    assert reads(db, query, *params) <= few + 40


def test_events_that_wait_and_those_that_are_not_settled_count_at_once(db: Connection, season: int) -> None:
    one, three = get_user(db, "1"), get_user(db, "3")
    apply_event(db, "game_played", {"xp": 25}, external_id="1")
    assert truth(db)[0] == (1, one, 75)
    check(db, random.Random(1))
    for number in range(3):
        record_event(db, "game_played", {"xp": 10}, external_id="3")
        process_events(db, 1)  # A backlog is settled later.
        check(db, random.Random(number))
    process_all(db)
    assert pages(db, 1)[:2] == [(1, three, 80), (2, one, 75)]


def test_a_late_event_moves_its_member_to_when_it_happened(db: Connection, season: int) -> None:
    one, two, three = (get_user(db, str(number)) for number in range(1, 4))
    play(db, "3", 20, "2026-03-02 11:45Z")
    assert pages(db, 2) == [(1, two, 70), (2, three, 70), (3, one, 50)]
    play(db, "1", 20, "2026-03-02 10:30Z")  # and has come to its last XP before the two
    assert pages(db, 2) == truth(db) == [(1, one, 70), (2, two, 70), (3, three, 70)]


@pytest.mark.parametrize("is_settled", [True, False])
def test_an_undone_merge_gives_both_their_old_place_back(db: Connection, season: int, is_settled: bool) -> None:
    one, nine = get_user(db, "1"), get_user(db, "9", "discord")
    apply_event(db, "game_played", {"xp": 50}, external_id="9", platform="discord")
    before = pages(db, 100)
    set_time(db, "2026-03-03 12:00Z")
    merged = row(db, "SELECT * FROM ttfd.merge_users(%s, %s, 'the same person')", one, nine)
    assert pages(db, 1) == truth(db) != before
    if is_settled:
        settle(db)
        assert pages(db, 1) == truth(db) != before
    rows(db, "SELECT * FROM ttfd.undo_merge(%s)", merged.merge_id)
    assert pages(db, 1) == truth(db) == before
    settle(db)
    assert pages(db, 1) == truth(db) == before
    assert violations(db) == []


@pytest.mark.parametrize("is_settled", [True, False])
def test_who_is_hidden_or_forgotten_leaves_the_others_where_they_stand(
    db: Connection, season: int, is_settled: bool
) -> None:
    one, two, three = (get_user(db, str(number)) for number in range(1, 4))
    rows(db, "SELECT * FROM ttfd.set_hidden(%s, true)", two)
    rows(db, "SELECT * FROM ttfd.forget_user(%s)", three)
    if is_settled:
        settle(db)
    assert pages(db, 1) == truth(db) == [(1, one, 50)]
    rows(db, "SELECT * FROM ttfd.set_hidden(%s, false)", two)
    if is_settled:
        settle(db)
    assert pages(db, 1) == truth(db) == [(1, two, 70), (2, one, 50)]
    assert astray(db) == []


def test_what_an_administrator_changes_by_hand_counts(db: Connection, season: int) -> None:
    one = get_user(db, "1")
    db.execute("UPDATE ttfd.unified_users SET season_xp = 90, season_reached_at = NULL WHERE id = %s", [one])
    for _ in range(2):
        assert pages(db, 2)[0] == truth(db)[0] == (1, one, 90)
        settle(db)
    db.execute("INSERT INTO ttfd.unified_users (id, season_id, season_xp) VALUES (999, %s, 80)", [season])
    for _ in range(2):
        assert pages(db, 2)[1] == truth(db)[1] == (2, 999, 80)
        settle(db)
    db.execute("DELETE FROM ttfd.unified_users WHERE id = 999")
    for _ in range(2):
        assert len(pages(db, 2)) == len(truth(db)) == 3
        settle(db)
    assert astray(db) == []


def test_seasons_turn_twice_in_a_row_without_any_worker(db: Connection, season: int) -> None:
    one, four = get_user(db, "1"), get_user(db, "4")
    for turn, moment in enumerate(("2026-04-05 12:00Z", "2026-05-20 12:00Z")):
        set_time(db, moment)
        assert pages(db, 2) == truth(db) == []
        apply_event(db, "game_played", {"xp": 10 + turn}, external_id="1")
        apply_event(db, "game_played", {"xp": 20 + turn}, external_id="4")
        assert pages(db, 1) == truth(db) == [(1, four, 20 + turn), (2, one, 10 + turn)]
    settle(db)
    assert pages(db, 1) == truth(db) == [(1, four, 21), (2, one, 11)]
    assert violations(db) == []


def test_a_cursor_of_the_season_before_goes_on_in_the_new_one(db: Connection, season: int) -> None:
    last = rows(db, "SELECT cursor FROM ttfd.list_leaderboard('season', 1)")[0].cursor  # of who has 70
    set_time(db, "2026-04-05 12:00Z")
    for member, xp in (("1", 71), ("2", 69), ("3", 5)):
        apply_event(db, "game_played", {"xp": xp}, external_id=member)
    for _ in range(2):
        assert pages(db, 1, last) == truth(db)[1:]
        settle(db)


@pytest.mark.parametrize("is_settled_before", [True, False])
def test_what_was_played_a_minute_too_early_is_there_when_the_season_begins(
    db: Connection, season: int, is_settled_before: bool
) -> None:
    one = get_user(db, "1")
    set_time(db, "2026-03-30 23:59Z")
    start_season(db, "Summer", "2026-03-31 00:00Z", "2026-04-30 00:00Z")
    record_events(db, [sent("game_played", {"xp": 8}, external_id="1", occurred_at="2026-03-31 00:01Z")])
    if is_settled_before:
        settle(db)
    set_time(db, "2026-03-31 00:02Z")
    settle(db)
    assert pages(db, 1) == truth(db) == [(1, one, 8)]


def test_late_events_reach_the_board_of_a_season_that_has_ended_until_it_is_closed(db: Connection, season: int) -> None:
    set_time(db, "2026-04-01 00:00Z")
    apply_event(db, "game_played", {"xp": 10}, external_id="1")
    play(db, "1", 5, "2026-03-30 23:59Z")
    settle(db)
    assert boards(db) == [season, value(db, "SELECT ttfd.running_season()")]
    assert astray(db) == []


def test_a_season_that_is_planned_before_the_running_one_does_not_stand_in_its_way(db: Connection) -> None:
    """Their ids are not in the order of their times, and have gaps."""
    set_time(db, "2026-03-02 12:00Z")
    autumn = start_season(db, "Autumn", "2026-05-01 00:00Z", "2026-06-01 00:00Z")
    for _ in range(3):
        with contextlib.suppress(psycopg.DatabaseError):
            start_season(db, "Autumn again", "2026-05-01 00:00Z", "2026-06-01 00:00Z")
    spring = start_season(db, "Spring", "2026-03-01 00:00Z", "2026-05-01 00:00Z")
    assert spring > autumn + 1
    play(db, "1", 5, "2026-03-02 11:00Z")
    set_time(db, "2026-05-02 12:00Z")
    play(db, "1", 7, "2026-05-02 11:00Z")
    assert pages(db, 1) == truth(db) == [(1, get_user(db, "1"), 7)]
    settle(db)
    tend_seasons(db)
    settle(db)
    assert boards(db) == [autumn]
    assert violations(db) == []


def test_the_board_of_a_closed_season_is_cleared_piece_by_piece(db: Connection, season: int) -> None:
    db.execute(
        "INSERT INTO ttfd.unified_users (season_id, season_xp, season_reached_at)"
        " SELECT %s, 100 + n, now() FROM generate_series(1, 4500) s (n)",
        [season],
    )
    settle(db)
    set_time(db, "2026-04-01 00:00Z")
    apply_event(db, "game_played", {"xp": 10}, external_id="1")
    settle(db)
    close_season(db, season)
    left = [4503]
    while left[-1]:
        process_events(db, 10_000)
        left.append(value(db, "SELECT count(*) FROM ttfd.standings WHERE board = ttfd.season_board(%s)", season))
        assert pages(db, 100) == truth(db)
        assert astray(db) == []
    assert max(before - after for before, after in itertools.pairwise(left)) == 2000
    settle(db)
    assert boards(db) == [value(db, "SELECT ttfd.running_season()")]


def test_nobody_stands_on_a_board_when_no_season_runs(db: Connection, season: int) -> None:
    db.execute("UPDATE ttfd.season_settings SET is_automatic = false")
    close_season(db, season)
    apply_event(db, "game_played", {"xp": 10}, external_id="1")
    for _ in range(2):
        assert pages(db, 1) == []
        assert tuple(row(db, "SELECT * FROM ttfd.get_position(%s, 'season')", get_user(db, "1"))) == (None, 0, 0)
        settle(db)
    assert boards(db) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE ttfd.standings SET minus_value = minus_value - 1",
        "UPDATE ttfd.standings SET since = since - INTERVAL '1 second'",
        "DELETE FROM ttfd.standings",
    ],
)
def test_verify_integrity_sees_a_member_elsewhere_on_it(db: Connection, season: int, wrong: str) -> None:
    one = get_user(db, "1")
    db.execute(f"{wrong} WHERE board = ttfd.season_board(%s) AND user_id = %s", [season, one])  # type: ignore[arg-type]
    assert ("standing", one) in {found[:2] for found in violations(db)}


def test_verify_integrity_sees_who_does_not_belong_on_it(db: Connection, season: int) -> None:
    db.execute(
        "INSERT INTO ttfd.standings (board, minus_value, since, user_id)"
        " VALUES (ttfd.season_board(%s), -5, now(), 999)",
        [season],
    )
    assert ("standing", 999) in {found[:2] for found in violations(db)}
