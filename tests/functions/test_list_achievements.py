from typing import Any

import pytest

from calls import Connection, acting_as, apply_event, enable_achievements, get_user, refused, row, rows, set_time


@pytest.fixture(autouse=True)
def switched_on(db: Connection) -> None:
    enable_achievements(db)
    set_time(db, "2026-03-01 12:00Z")


def listed(db: Connection, user_id: int) -> dict[str, Any]:
    return {found.name: found for found in rows(db, "SELECT * FROM ttfd.list_achievements(%s)", user_id)}


def test_what_ships_with_ttfd_is_what_members_know(db: Connection) -> None:
    found = listed(db, get_user(db))
    assert {name: (each.metric, each.threshold, each.xp, each.coins) for name, each in found.items()} == {
        "wins_1": ("wins", 1, 100, 50),
        "wins_10": ("wins", 10, 200, 100),
        "wins_50": ("wins", 50, 500, 300),
        "wins_100": ("wins", 100, 1000, 500),
        "wins_500": ("wins", 500, 5000, 2000),
        "games_100": ("games", 100, 300, 150),
        "games_500": ("games", 500, 1000, 500),
        "coins_10000": ("coins", 10000, 500, 1000),
        "xp_10000": ("xp", 10000, 1000, 500),
        "streak_3": ("streak", 3, 150, 75),
        "streak_7": ("streak", 7, 500, 250),
        "streak_30": ("streak", 30, 2000, 1000),
        "season_played": ("seasons", 1, 100, 50),
        "season_top_50": ("season_place", 50, 500, 250),
        "season_top_10": ("season_place", 10, 1500, 750),
        "season_champion": ("season_place", 1, 5000, 2500),
    }
    assert all(
        each.title_ru and each.title_en and each.description_ru and each.description_en for each in found.values()
    )
    assert found["wins_1"].title_ru == "Первая победа"


def test_it_shows_how_far_a_member_has_come(db: Connection) -> None:
    apply_event(db, "game_played", {"won": True})
    found = listed(db, get_user(db))
    assert (found["wins_1"].value, found["wins_1"].is_unlocked, str(found["wins_1"].unlocked_at)[:10]) == (
        1, True, "2026-03-01",
    )  # fmt: skip
    assert (found["wins_10"].value, found["wins_10"].is_unlocked, found["wins_10"].unlocked_at) == (1, False, None)
    assert (found["season_played"].value, found["season_champion"].value) == (0, None)


def test_a_hidden_one_is_shown_once_it_is_unlocked(db: Connection) -> None:
    db.execute("UPDATE ttfd.achievements SET is_hidden = true WHERE metric = 'wins'")
    user_id = get_user(db)
    assert "wins_1" not in listed(db, user_id)
    apply_event(db, "game_played", {"won": True})
    assert "wins_1" in listed(db, user_id)
    assert "wins_10" not in listed(db, user_id)


def test_one_that_is_switched_off_is_shown_to_those_who_have_it(db: Connection) -> None:
    apply_event(db, "game_played", {"won": True})
    db.execute("UPDATE ttfd.achievements SET is_enabled = false")
    assert list(listed(db, get_user(db))) == ["wins_1"]
    assert list(listed(db, get_user(db, "2"))) == []


def test_one_from_a_legacy_system_is_unlocked_at_a_time_unknown(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET achievements = '{wins_1}'")
    found = listed(db, user_id)["wins_1"]
    assert (found.is_unlocked, found.unlocked_at) == (True, None)


def test_a_merged_user_is_followed_to_the_survivor(db: Connection) -> None:
    user_id, survivor = get_user(db, "1"), get_user(db, "2")
    apply_event(db, "game_played", {"won": True}, external_id="2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, user_id])
    assert listed(db, user_id)["wins_1"].is_unlocked


def test_an_unknown_user_is_refused(db: Connection) -> None:
    with refused(db, "TU001"):
        row(db, "SELECT * FROM ttfd.list_achievements(12345)")


def test_a_reader_may_see_it(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_reader"):
        assert listed(db, user_id)
