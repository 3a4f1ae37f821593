"""Achievements: unlocked once, as events are applied, and for those who were there before.

``TTFD_UNLOCK_MEMBERS=10000`` checks as many members as the project promises; fewer run by default.
"""

import os
import threading
import time
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    enable_achievements,
    get_user,
    process_all,
    process_events,
    profile,
    record_event,
    refused,
    row,
    rows,
    together,
    value,
    violations,
)

MEMBERS = int(os.environ.get("TTFD_UNLOCK_MEMBERS", "2000"))


@pytest.fixture
def game(db: Connection) -> Connection:
    """A database whose achievements are those that ship with ttfd."""
    enable_achievements(db)
    return db


def win(db: Connection, send: Any = record_event, **account: str) -> Any:
    return send(db, "game_played", {"xp": 0, "won": True}, **account)


def unlocks(db: Connection) -> list[Any]:
    return rows(
        db,
        "SELECT user_id, data -> 'achievements' AS names, xp, coins FROM ttfd.cross_platform_events"
        " WHERE event_type = 'achievement_unlock' ORDER BY seq",
    )


def unlock(db: Connection, limit: int = 1000) -> Any:
    return row(db, "SELECT * FROM ttfd.unlock_achievements(%s)", limit)


def add_achievement(db: Connection, name: str, metric: str, threshold: int, xp: int = 0, coins: int = 0) -> None:
    db.execute(
        "INSERT INTO ttfd.achievements"
        " (name, metric, threshold, xp, coins, title_ru, title_en, description_ru, description_en)"
        " VALUES (%s, %s, %s, %s, %s, 'т', 't', 'о', 'd')",
        [name, metric, threshold, xp, coins],
    )


@pytest.mark.parametrize("send", [apply_event, record_event])
def test_an_achievement_is_unlocked_and_paid_with_the_event_that_reaches_it(game: Connection, send: Any) -> None:
    win(game, send)
    process_all(game)
    seen = profile(game, get_user(game))
    assert (seen.achievements, seen.xp, seen.coins) == (["wins_1"], 100, 50)
    assert [tuple(told) for told in unlocks(game)] == [(get_user(game), ["wins_1"], 100, 50)]
    assert violations(game) == []


def test_an_event_that_is_applied_at_once_answers_with_the_reward_in_the_totals(game: Connection) -> None:
    outcome = win(game, apply_event)
    assert (outcome.xp, outcome.coins, outcome.total_xp, outcome.total_coins) == (0, 0, 100, 50)


def test_one_event_tells_all_that_a_batch_unlocked_for_a_member(game: Connection) -> None:
    for _ in range(10):
        win(game)
    process_events(game)
    assert [told.names for told in unlocks(game)] == [["wins_1", "wins_10"]]
    assert (unlocks(game)[0].xp, unlocks(game)[0].coins) == (300, 150)


def test_it_is_unlocked_once_only(game: Connection) -> None:
    for _ in range(3):
        win(game)
        win(game, apply_event)
        process_all(game)
    assert len(unlocks(game)) == 1


def test_a_threshold_is_reached_exactly_and_not_before(game: Connection) -> None:
    add_achievement(game, "chatter", "messages", 3)
    for expected in ([], [], ["chatter"], ["chatter"]):
        record_event(game)
        process_all(game)
        assert profile(game, get_user(game)).achievements == expected


def test_a_reward_that_reaches_the_next_achievement_unlocks_it_too(game: Connection) -> None:
    add_achievement(game, "hundred", "xp", 100, coins=7)
    add_achievement(game, "rich", "coins", 57, coins=1)
    win(game)
    process_all(game)
    seen = profile(game, get_user(game))
    assert (sorted(seen.achievements), seen.coins) == (["hundred", "rich", "wins_1"], 58)
    assert violations(game) == []


def test_a_reward_raises_the_rank_and_the_rank_is_paid(game: Connection) -> None:
    add_achievement(game, "leap", "messages", 1, xp=2250)
    record_event(game)
    process_all(game)
    seen = profile(game, get_user(game))
    assert (seen.rank_id, seen.coins) == (4, 50 + 100 + 150)
    assert violations(game) == []


def test_what_was_granted_in_another_way_counts_when_its_event_comes_by(game: Connection) -> None:
    """A daily claim, an award, a purchase: each is an event that was granted already."""
    user_id = get_user(game)
    game.execute("UPDATE ttfd.unified_users SET daily_streak = 7 WHERE id = %s", [user_id])
    game.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, xp, coins)"
        " VALUES (gen_random_uuid(), %s, 'daily_claim', 'telegram', 0, 0)",
        [user_id],
    )
    process_all(game)
    assert profile(game, user_id).achievements == ["streak_3", "streak_7"]


def test_what_a_member_has_shown_from_a_legacy_system_is_not_paid_for(game: Connection) -> None:
    user_id = get_user(game)
    game.execute("UPDATE ttfd.unified_users SET achievements = '{wins_1}' WHERE id = %s", [user_id])
    win(game)
    process_all(game)
    assert unlocks(game) == []


def test_an_achievement_that_is_switched_off_is_not_unlocked(game: Connection) -> None:
    game.execute("UPDATE ttfd.achievements SET is_enabled = false WHERE name = 'wins_1'")
    win(game)
    win(game, apply_event)
    process_all(game)
    unlock(game)
    assert unlocks(game) == []


@pytest.mark.parametrize("change", ["new", "lowered"])
def test_a_new_or_lowered_achievement_is_unlocked_for_those_who_are_there_already(
    game: Connection, change: str
) -> None:
    record_event(game)
    record_event(game, external_id="2")
    record_event(game, external_id="2")
    process_all(game)
    add_achievement(game, "chatter", "messages", 2 if change == "new" else 1000, xp=3, coins=4)
    if change == "lowered":
        unlock(game)
        game.execute("UPDATE ttfd.achievements SET threshold = 2 WHERE name = 'chatter'")
    assert tuple(unlock(game)) == (2, 1, False)
    assert [tuple(told) for told in unlocks(game)] == [(get_user(game, "2"), ["chatter"], 3, 4)]
    process_all(game)
    assert violations(game) == []


def test_nothing_is_looked_through_unless_achievements_have_changed(game: Connection) -> None:
    get_user(game)
    assert tuple(unlock(game)) == (0, 0, False)
    add_achievement(game, "chatter", "messages", 2)
    assert unlock(game).checked == 1
    assert tuple(unlock(game)) == (0, 0, False)


def test_an_achievement_that_was_deleted_and_comes_back_is_not_paid_again(game: Connection) -> None:
    win(game)
    process_all(game)
    game.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM ttfd.achievements WHERE name = 'wins_1'")
    game.execute("DELETE FROM ttfd.achievements WHERE name = 'wins_1'")
    game.execute("UPDATE ttfd.unified_users SET achievements = '{}'")
    game.execute("INSERT INTO ttfd.achievements SELECT * FROM kept")
    unlock(game)
    assert len(unlocks(game)) == 1
    assert profile(game, get_user(game)).achievements == ["wins_1"]


def test_everybody_gets_one_event_slice_by_slice(game: Connection) -> None:
    game.execute(
        "SELECT ttfd.record_event(gen_random_uuid(), 'telegram', n::text, 'message_sent')"
        "  FROM generate_series(1, %s) AS numbers (n)",
        [MEMBERS],
    )
    while process_events(game, 5000).remaining:
        pass
    add_achievement(game, "hello", "messages", 1, xp=10, coins=1)
    slices = []
    while True:
        found = unlock(game, MEMBERS // 4)
        slices.append(found.unlocked)
        if not found.remaining:
            break
    assert slices == [MEMBERS // 4] * 4 + [0]
    assert len(unlocks(game)) == len({told.user_id for told in unlocks(game)}) == MEMBERS
    process_all(game)
    assert value(game, "SELECT count(*) FROM ttfd.unified_users WHERE (xp, coins) = (15, 1)") == MEMBERS
    assert violations(game) == []


@pytest.mark.parametrize("limit", [0, 100_001, None])
def test_a_limit_out_of_range_is_refused(db: Connection, limit: int | None) -> None:
    with refused(db, "22023"):
        row(db, "SELECT * FROM ttfd.unlock_achievements(%s)", limit)


def test_a_worker_may_call_it(game: Connection) -> None:
    add_achievement(game, "chatter", "messages", 2)
    get_user(game)
    with acting_as(game, "ttfd_worker"):
        assert unlock(game).checked == 1


def test_eight_writers_and_a_worker_unlock_each_achievement_once(db: Connection, database_url: str) -> None:
    enable_achievements(db)
    members, games = 20, 30
    done = threading.Event()

    def write(number: int) -> Any:
        def send(own: Connection) -> None:
            for turn in range(games):
                member = str((number + turn) % members + 1)
                win(own, (apply_event, record_event)[(turn + number) % 2], external_id=member)

        return send

    def work() -> None:
        with psycopg.connect(database_url, autocommit=True) as own:
            while not done.is_set() or process_events(own).remaining:
                process_events(own, 50)
                unlock(own, 7)
                time.sleep(0.001)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        together(database_url, [write(number) for number in range(8)])
        add_achievement(db, "five", "wins", 5, xp=1, coins=1)
    finally:
        done.set()
        for worker in workers:
            worker.join()
    while unlock(db).remaining or process_events(db).remaining:
        pass
    paid = rows(
        db,
        "SELECT e.user_id, n.name FROM ttfd.cross_platform_events e,"
        " jsonb_array_elements_text(e.data -> 'achievements') n (name) WHERE e.event_type = 'achievement_unlock'",
    )
    wins = rows(db, "SELECT id, games_won FROM ttfd.unified_users")
    expected = [
        (member.id, name)
        for member in wins
        for name, threshold in (("wins_1", 1), ("five", 5), ("wins_10", 10), ("wins_50", 50))
        if member.games_won >= threshold
    ]
    assert sorted(tuple(found) for found in paid) == sorted(expected)
    assert sum(member.games_won for member in wins) == 8 * games
    assert violations(db) == []
