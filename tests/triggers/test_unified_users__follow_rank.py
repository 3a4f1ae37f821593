import pytest

from calls import Connection, apply_event, get_user, process_all, profile, record_event, rows, value, violations

# Rank, its name, XP from which it holds, coins paid once: what members know.
LADDER = [
    (1, "F I", 0, 0),
    (2, "F II", 500, 50),
    (3, "F III", 1250, 100),
    (4, "E I", 2250, 150),
    (5, "E II", 3500, 200),
    (6, "E III", 5000, 300),
    (7, "D I", 6750, 400),
    (8, "D II", 8750, 500),
    (9, "D III", 11000, 700),
    (10, "C I", 13500, 900),
    (11, "C II", 16250, 1200),
    (12, "C III", 19250, 1500),
    (13, "B I", 22500, 2000),
    (14, "B II", 26000, 2500),
    (15, "B III", 29750, 3000),
    (16, "A I", 33750, 4000),
    (17, "A II", 38000, 5000),
    (18, "A III", 42500, 7000),
    (19, "S I", 47250, 10000),
    (20, "S II", 52250, 15000),
]


def rank_ups(db: Connection) -> list[tuple[int, int, int]]:
    """From, to and coins of each rank_up, in feed order."""
    found = rows(db, "SELECT data, coins FROM ttfd.read_feed(0) WHERE event_type = 'rank_up' ORDER BY position")
    return [(seen.data["from_rank_id"], seen.data["to_rank_id"], seen.coins) for seen in found]


@pytest.mark.parametrize(("rank_id", "name", "required_xp", "coins"), LADDER)
@pytest.mark.parametrize("way", [apply_event, record_event])
def test_a_rank_holds_from_its_threshold(
    db: Connection, way: object, rank_id: int, name: str, required_xp: int, coins: int
) -> None:
    user_id = get_user(db)
    paid = sum(reward for lower, _, _, reward in LADDER if lower < rank_id)
    if rank_id > 1:
        way(db, "xp_change", {"xp": required_xp - 1})  # type: ignore[operator]
        process_all(db)
        seen = profile(db, user_id)
        assert (seen.rank_id, seen.coins, seen.next_rank_xp) == (rank_id - 1, paid, required_xp)
        way(db, "xp_change", {"xp": 1})  # type: ignore[operator]
        process_all(db)
    for more in (0, 1):
        way(db, "xp_change", {"xp": more})  # type: ignore[operator]
        process_all(db)
        seen = profile(db, user_id)
        assert (seen.xp, seen.rank_id, seen.rank_name, seen.rank_xp) == (required_xp + more, rank_id, name, required_xp)
        assert (seen.coins, seen.highest_rank_id) == (paid + coins, rank_id)
    assert violations(db) == []


@pytest.mark.parametrize("way", [apply_event, record_event])
def test_a_jump_over_several_ranks_pays_each_once(db: Connection, way: object) -> None:
    way(db, "xp_change", {"xp": 5000})  # type: ignore[operator]
    process_all(db)
    assert profile(db, get_user(db)).coins == 50 + 100 + 150 + 200 + 300
    assert rank_ups(db) == [(1, 6, 800)]
    assert violations(db) == []


def test_the_whole_ladder_in_one_jump_pays_every_rank(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 10**9})
    assert profile(db, get_user(db)).coins == sum(coins for _, _, _, coins in LADDER) == 54500


@pytest.mark.parametrize("way", [apply_event, record_event])
def test_xp_that_falls_and_rises_again_pays_nothing_twice(db: Connection, way: object) -> None:
    user_id = get_user(db)
    for xp in (1300, -1000, 1000, -1300, 1250, 1000):
        way(db, "xp_change", {"xp": xp})  # type: ignore[operator]
        process_all(db)
    seen = profile(db, user_id)
    assert (seen.xp, seen.rank_id, seen.highest_rank_id, seen.coins) == (2250, 4, 4, 50 + 100 + 150)
    assert rank_ups(db) == [(1, 3, 150), (3, 4, 150)]
    assert violations(db) == []


def test_a_fall_takes_the_rank_and_keeps_the_coins(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "xp_change", {"xp": 1300})
    apply_event(db, "xp_change", {"xp": -801})
    seen = profile(db, user_id)
    assert (seen.rank_id, seen.rank_xp, seen.next_rank_xp, seen.highest_rank_id, seen.coins) == (1, 0, 500, 3, 150)


def test_a_rank_up_is_an_event_of_its_own_in_the_feed(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 500})
    process_all(db)
    found = rows(db, "SELECT * FROM ttfd.read_feed(0) WHERE event_type = 'rank_up'")
    assert [(seen.user_id, seen.source_platform, seen.xp, seen.coins) for seen in found] == [
        (get_user(db), "system", 0, 50)
    ]
    assert found[0].event_id.version == 7


def test_members_who_rise_in_one_batch_are_each_paid(db: Connection) -> None:
    for number in range(1, 21):
        record_event(db, "xp_change", {"xp": 500 * number}, external_id=str(number))
    process_all(db)
    for number in range(1, 21):
        expected = sum(coins for _, _, required_xp, coins in LADDER if required_xp <= 500 * number)
        assert profile(db, get_user(db, str(number))).coins == expected
    assert violations(db) == []


def test_a_statement_that_settles_the_highest_rank_itself_pays_nothing(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET xp = 5000, highest_rank_id = 6")
    seen = profile(db, user_id)
    assert (seen.rank_id, seen.coins) == (6, 0)
    assert value(db, "SELECT pending FROM ttfd.feed_state()") == 0


def test_a_new_row_with_xp_takes_its_rank_without_a_reward(db: Connection) -> None:
    found = rows(db, "INSERT INTO ttfd.unified_users (xp) VALUES (1300) RETURNING rank_id, highest_rank_id, coins")
    assert [tuple(seen) for seen in found] == [(3, 3, 0)]
