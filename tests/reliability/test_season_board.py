"""The leaderboard of the running season: list_leaderboard, get_position and list_neighbours by the metric season."""

from typing import Any

import pytest

from calls import Connection, apply_event, get_user, process_all, record_event, row, rows, set_time
from seasons import close_season, play, results, start_season, tend_seasons


@pytest.fixture
def season(db: Connection) -> int:
    """A season in which three have played, two of them equals, and the fourth has not."""
    set_time(db, "2026-03-02 12:00Z")
    season_id = start_season(db)
    play(db, "1", 50, "2026-03-02 11:00Z")
    play(db, "2", 70, "2026-03-02 11:30Z")
    play(db, "3", 50, "2026-03-02 10:00Z")
    get_user(db, "4")
    return season_id


def board(db: Connection, limit: int = 100, after: str | None = None) -> list[Any]:
    return rows(db, "SELECT * FROM ttfd.list_leaderboard('season', %s, %s)", limit, after)


def places(db: Connection) -> list[tuple[int, int, int]]:
    """Position, member, XP."""
    return [(found.position, found.user_id, found.value) for found in board(db)]


def position(db: Connection, user_id: int) -> tuple[int | None, int, int]:
    return tuple(row(db, "SELECT * FROM ttfd.get_position(%s, 'season')", user_id))


def test_who_had_the_xp_first_stands_above_and_who_has_not_played_nowhere(db: Connection, season: int) -> None:
    one, two, three, four = (get_user(db, str(number)) for number in range(1, 5))
    assert places(db) == [(1, two, 70), (2, three, 50), (3, one, 50)]
    assert [position(db, user_id) for user_id in (two, three, one)] == [(1, 70, 3), (2, 50, 3), (3, 50, 3)]
    assert position(db, four) == (None, 0, 3)
    assert rows(db, "SELECT * FROM ttfd.list_neighbours(%s, 'season')", four) == []


def test_the_board_is_how_the_season_stands(db: Connection, season: int) -> None:
    assert places(db) == results(db, season)


def test_only_what_counts_for_the_season_is_there(db: Connection, season: int) -> None:
    before = places(db)
    apply_event(db, "xp_change", {"xp": 10_000}, external_id="1")
    process_all(db)
    assert places(db) == before
    record_event(db, external_id="1")
    process_all(db)
    assert position(db, get_user(db, "1")) == (2, 55, 3)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_join_to_the_whole_board(db: Connection, season: int, limit: int) -> None:
    whole = places(db)
    seen = []
    after = None
    while page := board(db, limit, after):
        assert len(page) <= limit
        seen += [(found.position, found.user_id, found.value) for found in page]
        after = page[-1].cursor
    assert seen == whole


@pytest.mark.parametrize("count", [0, 1, 2])
def test_neighbours_are_a_part_of_the_board(db: Connection, season: int, count: int) -> None:
    whole = places(db)
    for index, (_, user_id, _) in enumerate(whole):
        found = rows(db, "SELECT * FROM ttfd.list_neighbours(%s, 'season', %s)", user_id, count)
        assert [tuple(line)[:2] for line in found] == [
            line[:2] for line in whole[max(index - count, 0) : index + count + 1]
        ]


def test_hidden_members_are_left_out_but_see_what_they_have(db: Connection, season: int) -> None:
    one, two, three = (get_user(db, str(number)) for number in range(1, 4))
    rows(db, "SELECT * FROM ttfd.set_hidden(%s, true)", two)
    assert places(db) == [(1, three, 50), (2, one, 50)]
    assert position(db, two) == (None, 70, 2)
    assert position(db, one) == (2, 50, 2)


def test_the_score_of_a_merged_member_counts_for_the_survivor(db: Connection, season: int) -> None:
    one, two = get_user(db, "1"), get_user(db, "9", "discord")
    apply_event(db, "game_played", {"xp": 30}, external_id="9", platform="discord")
    rows(db, "SELECT * FROM ttfd.merge_users(%s, %s, 'the same person')", one, two)
    assert position(db, one) == position(db, two) == (1, 80, 3)


def test_it_begins_anew_with_the_season(db: Connection, season: int) -> None:
    one = get_user(db, "1")
    set_time(db, "2026-03-31 00:00Z")
    tend_seasons(db)
    assert places(db) == []
    apply_event(db, "game_played", {"xp": 10}, external_id="1")
    assert places(db) == [(1, one, 10)]
    play(db, "2", 5, "2026-03-30 23:59Z")  # late, and for the season before
    assert places(db) == [(1, one, 10)]


def test_an_event_that_waited_for_its_season_counts_too(db: Connection, season: int) -> None:
    """A clock that is a minute fast plays the next season already."""
    one = get_user(db, "1")
    set_time(db, "2026-03-30 23:59Z")
    start_season(db, "Summer", "2026-03-31 00:00Z", "2026-04-30 00:00Z")
    play(db, "1", 8, "2026-03-31 00:01Z")
    assert position(db, one) == (3, 50, 3)
    set_time(db, "2026-03-31 00:02Z")
    assert places(db) == [(1, one, 8)]
    play(db, "1", 2, "2026-03-31 00:01Z")
    assert places(db) == [(1, one, 10)]


def test_without_a_season_it_is_empty(db: Connection, season: int) -> None:
    one = get_user(db, "1")
    db.execute("UPDATE ttfd.season_settings SET is_automatic = false")
    close_season(db, season)
    assert places(db) == []
    assert position(db, one) == (None, 0, 0)
