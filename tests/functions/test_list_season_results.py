from typing import Any

import pytest

from calls import Connection, acting_as, apply_event, get_user, refused, rows, set_time
from seasons import close_season, start_season


@pytest.fixture
def season(db: Connection) -> int:
    set_time(db, "2026-03-01 12:00Z")
    season_id = start_season(db)
    for number in range(1, 6):
        apply_event(db, "game_played", {"xp": 60 - number}, external_id=str(number))
    return season_id


def listed(db: Connection, season_id: int, after: int | None = None, limit: int = 100) -> list[Any]:
    return rows(db, "SELECT * FROM ttfd.list_season_results(%s, %s, %s)", season_id, after, limit)


def test_it_says_how_a_season_stands_and_then_how_it_ended(db: Connection, season: int) -> None:
    before = listed(db, season)
    close_season(db, season)
    assert listed(db, season) == before
    assert [(found.place, found.user_id, found.xp, found.reward_xp) for found in before[:2]] == [
        (1, get_user(db, "1"), 59, 5000),
        (2, get_user(db, "2"), 58, 3000),
    ]


def test_results_stay_what_they_were(db: Connection, season: int) -> None:
    close_season(db, season)
    before = listed(db, season)
    db.execute("UPDATE ttfd.season_rewards SET xp = 1")
    db.execute("UPDATE ttfd.unified_users SET season_xp = 0")
    assert listed(db, season) == before


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_hidden_member_is_left_out_and_keeps_the_place(db: Connection, season: int, is_closed: bool) -> None:
    if is_closed:
        close_season(db, season)
    db.execute("SELECT ttfd.set_hidden(%s, true)", [get_user(db, "2")])
    assert [found.place for found in listed(db, season)] == [1, 3, 4, 5]
    assert [found.place for found in listed(db, season, 1, 2)] == [3, 4]


@pytest.mark.parametrize("is_closed", [False, True])
def test_pages_continue_after_a_place(db: Connection, season: int, is_closed: bool) -> None:
    if is_closed:
        close_season(db, season)
    first = listed(db, season, limit=2)
    assert [found.place for found in first + listed(db, season, first[-1].place)] == [1, 2, 3, 4, 5]


def test_a_season_that_does_not_exist_is_refused(db: Connection) -> None:
    with refused(db, "TS001"):
        listed(db, 12345)


def test_a_reader_may_see_it(db: Connection, season: int) -> None:
    with acting_as(db, "ttfd_reader"):
        assert len(listed(db, season)) == 5
