"""What a merge does to scores and achievements, and that undoing it leaves nothing behind."""

from typing import Any

import pytest

from calls import (
    Connection,
    apply_event,
    enable_achievements,
    get_user,
    process_all,
    profile,
    row,
    rows,
    set_time,
    value,
)
from seasons import play, results, start_season, tend_seasons
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

TABLES = (
    "SELECT to_jsonb(u) FROM ttfd.unified_users u ORDER BY id",
    "SELECT to_jsonb(k) FROM ttfd.user_achievements k ORDER BY user_id, achievement",
    "SELECT to_jsonb(k) FROM ttfd.season_scores k ORDER BY user_id, season_id",
)


def everything(db: Connection) -> list[Any]:
    return [rows(db, query) for query in TABLES]


def carry(db: Connection, from_id: int, into_id: int) -> Any:
    return value(db, "SELECT ttfd.carry_progress(%s, %s)::text", from_id, into_id)


@pytest.fixture
def two(db: Connection) -> tuple[int, int, int, int]:
    """Two members with a score in a season that has ended and in the present one; the ids of all four."""
    enable_achievements(db)
    set_time(db, "2026-03-30 12:00Z")
    past = start_season(db)
    for member, xp in (("1", 30), ("2", 40)):
        apply_event(db, "game_played", {"xp": xp, "won": member == "1"}, external_id=member)
    set_time(db, "2026-03-31 00:01Z")
    apply_event(db, "game_played", {"xp": 5}, external_id="1")
    play(db, "2", 6, "2026-03-31 00:00:30Z")
    process_all(db)
    present = row(db, "SELECT season_id FROM ttfd.list_seasons() WHERE status = 'running'").season_id
    return get_user(db, "1"), get_user(db, "2"), past, present


@pytest.mark.parametrize("is_forward", [True, False])
def test_scores_of_both_add_up_in_every_open_season(
    db: Connection, two: tuple[int, int, int, int], is_forward: bool
) -> None:
    from_id, into_id, past, present = two if is_forward else (two[1], two[0], two[2], two[3])
    carry(db, from_id, into_id)
    assert results(db, past) == [(1, into_id, 70)]
    assert results(db, present) == [(1, into_id, 11)]


@pytest.mark.parametrize("is_forward", [True, False])
def test_undoing_it_leaves_everything_as_it_was(
    db: Connection, two: tuple[int, int, int, int], is_forward: bool
) -> None:
    from_id, into_id = two[:2] if is_forward else two[1::-1]
    before = everything(db)
    journal = carry(db, from_id, into_id)
    assert everything(db) != before
    db.execute("SELECT ttfd.return_progress(%s::jsonb)", [journal])
    assert everything(db) == before


def test_what_was_earned_since_stays_with_the_survivor(db: Connection, two: tuple[int, int, int, int]) -> None:
    from_id, into_id, past, present = two
    journal = carry(db, from_id, into_id)
    apply_event(db, "game_played", {"xp": 50}, external_id="2")
    db.execute("SELECT ttfd.return_progress(%s::jsonb)", [journal])
    assert results(db, past) == [(1, into_id, 40), (2, from_id, 30)]
    assert results(db, present) == [(1, into_id, 56), (2, from_id, 5)]


def test_achievements_go_to_the_survivor_and_are_not_paid_again(db: Connection, two: tuple[int, int, int, int]) -> None:
    from_id, into_id, _, _ = two
    coins = profile(db, into_id).coins
    carry(db, from_id, into_id)
    apply_event(db, "game_played", {"won": True}, external_id="2")
    process_all(db)
    assert (profile(db, into_id).achievements, profile(db, into_id).coins) == (["wins_1"], coins)


def test_what_both_reach_together_is_unlocked_in_silence(db: Connection, two: tuple[int, int, int, int]) -> None:
    from_id, into_id, _, _ = two
    before = profile(db, into_id)
    db.execute("UPDATE ttfd.unified_users SET games_won = 10 WHERE id = %s", [into_id])
    carry(db, from_id, into_id)
    after = profile(db, into_id)
    assert (after.achievements, after.xp, after.coins) == (["wins_1", "wins_10"], before.xp, before.coins)


def test_a_score_in_a_season_that_was_closed_meanwhile_stays(db: Connection, two: tuple[int, int, int, int]) -> None:
    from_id, into_id, past, present = two
    journal = carry(db, from_id, into_id)
    set_time(db, "2026-03-31 00:05Z")
    assert tend_seasons(db) == (1, 1)
    db.execute("SELECT ttfd.return_progress(%s::jsonb)", [journal])
    assert results(db, past) == [(1, into_id, 70)]
    assert results(db, present) == [(1, into_id, 6), (2, from_id, 5)]


def test_merging_and_undoing_leaves_scores_achievements_and_streaks_as_they_were(db: Connection) -> None:
    enable_achievements(db)
    set_time(db, "2026-03-30 12:00Z")
    start_season(db)
    for platform, member, xp in (("telegram", "1", 30), ("discord", "2", 40)):
        apply_event(db, "game_played", {"xp": xp, "won": member == "1"}, platform=platform, external_id=member)
        value(db, "SELECT status FROM ttfd.claim_daily(gen_random_uuid(), %s, %s)", platform, member)
    process_all(db)
    into, gone = get_user(db, "1"), get_user(db, "2", "discord")
    before = everything(db)
    merge_id = value(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s)", into, gone)
    merged = row(db, "SELECT season_xp, achievements FROM ttfd.unified_users WHERE id = %s", into)
    assert (merged.season_xp, merged.achievements) == (70, ["wins_1"])
    process_all(db)
    db.execute("SELECT ttfd.undo_merge(%s)", [merge_id])
    process_all(db)
    assert everything(db) == before
    assert value(db, "SELECT count(*) FROM ttfd.verify_integrity()") == 0
