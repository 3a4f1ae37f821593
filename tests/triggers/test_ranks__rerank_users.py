import contextlib

import psycopg
import pytest

from calls import Connection, apply_event, get_user, profile, value, violations


@pytest.fixture
def member(db: Connection) -> int:
    """600 XP: rank 2, whose 50 coins are paid."""
    user_id = get_user(db)
    apply_event(db, "xp_change", {"xp": 600})
    return user_id


def test_a_threshold_that_rises_takes_the_rank(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.ranks SET required_xp = 601 WHERE id = 2")
    seen = profile(db, member)
    assert (seen.rank_id, seen.rank_xp, seen.next_rank_xp, seen.coins) == (1, 0, 601, 50)
    assert violations(db) == []


def test_a_rank_won_back_after_the_change_is_not_paid_again(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.ranks SET required_xp = 601 WHERE id = 2")
    apply_event(db, "xp_change", {"xp": 1})
    assert (profile(db, member).rank_id, profile(db, member).coins) == (2, 50)


def test_a_threshold_that_falls_gives_the_rank_without_the_reward(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.ranks SET required_xp = 600 WHERE id = 3")
    seen = profile(db, member)
    assert (seen.rank_id, seen.highest_rank_id, seen.coins) == (3, 3, 50)
    assert value(db, "SELECT count(*) FROM ttfd.cross_platform_events WHERE event_type = 'rank_up'") == 1
    assert violations(db) == []


def test_the_next_threshold_follows_too(db: Connection, member: int) -> None:
    db.execute("UPDATE ttfd.ranks SET required_xp = 700 WHERE id = 3")
    assert profile(db, member).next_rank_xp == 700
    apply_event(db, "xp_change", {"xp": 100})
    assert (profile(db, member).rank_id, profile(db, member).coins) == (3, 150)


def test_a_further_rank_on_top_is_reached_by_climbing(db: Connection, member: int) -> None:
    apply_event(db, "xp_change", {"xp": 60000})
    coins = profile(db, member).coins
    db.execute("INSERT INTO ttfd.ranks VALUES (21, 'S III', 70000, 20000, '#ff0000')")
    assert (profile(db, member).rank_id, profile(db, member).next_rank_xp) == (20, 70000)
    apply_event(db, "xp_change", {"xp": 10000})
    assert (profile(db, member).rank_id, profile(db, member).coins) == (21, coins + 20000)


def test_a_rank_that_is_removed_leaves_its_members_one_below(db: Connection, member: int) -> None:
    db.execute("DELETE FROM ttfd.ranks WHERE id = 2")
    assert (profile(db, member).rank_id, profile(db, member).next_rank_xp) == (1, 1250)
    assert violations(db) == []


@pytest.mark.parametrize("change", ["DELETE FROM ttfd.ranks", "UPDATE ttfd.ranks SET required_xp = 1"])
def test_no_change_of_the_ladder_leaves_a_member_without_a_rank(db: Connection, change: str) -> None:
    user_id = get_user(db)
    with contextlib.suppress(psycopg.Error), db.transaction():
        db.execute(f"{change} WHERE id = 1")  # type: ignore[arg-type]
    assert profile(db, user_id).rank_id is not None
    assert get_user(db, "2") != user_id
    assert violations(db) == []
