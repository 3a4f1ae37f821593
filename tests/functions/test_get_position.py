import random

import pytest

from calls import Connection, apply_event, get_user, process_all, process_events, refused, row, rows, value

METRICS = ["xp", "coins", "messages", "voice", "games", "wins"]
POSITION = "SELECT * FROM ttfd.get_position(%s, %s)"


def community(db: Connection) -> None:
    """Sixty members with many ties; every tenth was merged into another."""
    dice = random.Random(7)
    for number in range(1, 61):
        user_id = get_user(db, str(number))
        amounts = [dice.choice([0, 0, 1, 255, 256, 257, 500, 10**6]) for _ in METRICS]
        db.execute(
            "UPDATE ttfd.unified_users SET xp = %s, coins = %s, messages_sent = %s, total_voice_time = %s,"
            " games_played = %s, games_won = %s WHERE id = %s",
            [*amounts, user_id],
        )
    db.execute(
        "UPDATE ttfd.unified_users SET merged_into = (SELECT min(id) FROM ttfd.unified_users)"
        " WHERE mod(id - (SELECT min(id) FROM ttfd.unified_users), 10) = 5"
    )


@pytest.mark.parametrize("metric", METRICS)
def test_everybody_stands_where_the_leaderboard_says(db: Connection, metric: str) -> None:
    community(db)
    board = rows(db, "SELECT * FROM ttfd.list_leaderboard(%s)", metric)
    assert len(board) == 54
    for listed in board:
        assert tuple(row(db, POSITION, listed.user_id, metric)) == (listed.position, listed.value, 54)


@pytest.mark.parametrize("is_settled", [False, True])
def test_positions_are_exact_at_the_edges_of_every_bucket(db: Connection, is_settled: bool) -> None:
    edges = {step + offset for shift in range(0, 63, 6) for step in (1 << shift, 63 << shift) for offset in (-1, 0, 1)}
    amounts = sorted(amount for amount in edges if 0 <= amount < 2**63)
    ids = [get_user(db, str(number)) for number in range(1, len(amounts) + 1)]
    for user_id, amount in zip(ids, amounts, strict=True):
        db.execute("UPDATE ttfd.unified_users SET xp = %s WHERE id = %s", [amount, user_id])
    if is_settled:
        process_events(db)
        assert value(db, "SELECT count(*) FROM ttfd.xp_moves") == 0
    found = [row(db, POSITION, user_id, "xp").position for user_id in ids]
    assert found == list(range(len(ids), 0, -1))


def test_a_position_is_exact_while_part_of_the_moves_is_settled(db: Connection) -> None:
    one, two = get_user(db, "1"), get_user(db, "2")
    apply_event(db, "xp_change", {"xp": 300}, external_id="1")
    process_all(db)
    apply_event(db, "xp_change", {"xp": 400}, external_id="2")
    apply_event(db, "xp_change", {"xp": -50}, external_id="1")
    assert tuple(row(db, POSITION, one, "xp")) == (2, 250, 2)
    assert tuple(row(db, POSITION, two, "xp")) == (1, 400, 2)


def test_a_merged_member_stands_where_the_survivor_does(db: Connection) -> None:
    survivor, merged = get_user(db, "1"), get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert row(db, POSITION, merged, "xp") == row(db, POSITION, survivor, "xp") == (1, 0, 1)


def test_xp_is_what_is_asked_for_by_default(db: Connection) -> None:
    user_id = get_user(db)
    assert row(db, "SELECT * FROM ttfd.get_position(%s)", user_id) == row(db, POSITION, user_id, "xp")


@pytest.mark.parametrize("user_id", [0, 999, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        row(db, POSITION, user_id, "xp")


@pytest.mark.parametrize("metric", ["", "XP", None])
def test_an_unknown_metric_is_refused(db: Connection, metric: str | None) -> None:
    user_id = get_user(db)
    with refused(db, "22023"):
        row(db, POSITION, user_id, metric)
