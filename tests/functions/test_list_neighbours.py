import pytest

from calls import Connection, get_user, refused, rows

METRICS = {
    "xp": "xp",
    "coins": "coins",
    "messages": "messages_sent",
    "voice": "total_voice_time",
    "games": "games_played",
    "wins": "games_won",
}


def members(db: Connection, metric: str, *values: int) -> list[int]:
    """One member for each value."""
    ids = [get_user(db, str(number)) for number in range(1, len(values) + 1)]
    for user_id, amount in zip(ids, values, strict=True):
        db.execute(f"UPDATE ttfd.unified_users SET {METRICS[metric]} = %s WHERE id = %s", [amount, user_id])
    return ids


def neighbours(
    db: Connection, user_id: int | None, metric: str = "xp", count: int | None = 3
) -> list[tuple[object, ...]]:
    """All columns that a leaderboard has too."""
    return [
        tuple(found) for found in rows(db, "SELECT * FROM ttfd.list_neighbours(%s, %s, %s)", user_id, metric, count)
    ]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_neighbours_are_a_part_of_the_leaderboard(db: Connection, metric: str, count: int) -> None:
    ids = members(db, metric, 5, 5, 5, 0, 256, 255, 0, 10**12)
    board = [tuple(found)[:-1] for found in rows(db, "SELECT * FROM ttfd.list_leaderboard(%s)", metric)]
    places = {place[1]: index for index, place in enumerate(board)}
    for user_id in ids:
        index = places[user_id]
        assert neighbours(db, user_id, metric, count) == board[max(index - count, 0) : index + count + 1]


@pytest.mark.parametrize("metric", ["xp", "coins"])
def test_a_merged_member_has_the_neighbours_of_the_survivor(db: Connection, metric: str) -> None:
    one, two, three = members(db, metric, 30, 20, 10)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [one, two])
    assert [found[1] for found in neighbours(db, two, metric)] == [one, three]


@pytest.mark.parametrize("metric", ["xp", "coins"])
def test_a_hidden_member_is_nobodys_neighbour_and_has_none(db: Connection, metric: str) -> None:
    one, two, three = members(db, metric, 30, 20, 10)
    rows(db, "SELECT * FROM ttfd.set_hidden(%s, true)", two)
    assert [found[:2] for found in neighbours(db, one, metric)] == [(1, one), (2, three)]
    assert neighbours(db, two, metric) == []


@pytest.mark.parametrize("count", [-1, None])
def test_a_count_below_zero_shows_the_member_alone(db: Connection, count: int | None) -> None:
    one, _ = members(db, "xp", 2, 1)
    assert [found[1] for found in neighbours(db, one, "xp", count)] == [one]


@pytest.mark.parametrize("user_id", [0, 999, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        neighbours(db, user_id)


def test_an_unknown_metric_is_refused(db: Connection) -> None:
    user_id = get_user(db)
    with refused(db, "22023"):
        neighbours(db, user_id, "id")
