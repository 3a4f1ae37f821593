import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    enable_achievements,
    get_user,
    process_all,
    profile,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
)
from seasons import close_season, play, results, start_season, tend_seasons, told


@pytest.fixture
def season(db: Connection) -> int:
    set_time(db, "2026-03-01 00:01Z")
    return start_season(db)


def test_places_go_by_xp_then_by_who_had_it_first_then_by_id(db: Connection, season: int) -> None:
    first, second, third, fourth = (get_user(db, member) for member in "1234")
    set_time(db, "2026-03-10 12:00Z")
    play(db, "1", 50, "2026-03-05 12:00Z")
    play(db, "4", 50, "2026-03-04 12:00Z")
    play(db, "3", 50, "2026-03-04 12:00Z")
    play(db, "2", 80, "2026-03-09 12:00Z")
    close_season(db, season)
    assert results(db, season) == [(1, second, 80), (2, third, 50), (3, fourth, 50), (4, first, 50)]


def test_it_pays_by_place_and_tells_everybody_who_took_part(db: Connection, season: int) -> None:
    members = [get_user(db, str(number)) for number in range(1, 53)]
    set_time(db, "2026-03-10 12:00Z")
    for number in range(1, 53):
        play(db, str(number), 100 - number, "2026-03-05 12:00Z")
    assert tuple(close_season(db, season)) == (season, "closed", 52, members[0])
    process_all(db)
    paid = {event.user_id: (event.data["place"], event.xp, event.coins) for event in told(db, "season_reward")}
    assert len(told(db, "season_reward")) == 52
    for number, reward in ((1, (5000, 1000)), (2, (3000, 500)), (3, (3000, 500)), (4, (2000, 300)), (10, (2000, 300)),
                           (11, (1000, 150)), (50, (1000, 150)), (51, (0, 0)), (52, (0, 0))):  # fmt: skip
        assert paid[members[number - 1]] == (number, *reward)
    assert profile(db, members[0]).xp == 99 + 5000
    (closed,) = told(db, "season_closed")
    assert (closed.user_id, closed.data["participants"]) == (0, 52)
    assert [winner["user_id"] for winner in closed.data["winners"]] == members[:3]
    assert violations(db) == []


def test_rewards_of_the_season_itself_go_first_and_of_two_ranges_the_later(db: Connection, season: int) -> None:
    db.execute(
        "INSERT INTO ttfd.season_rewards (season_id, from_place, to_place, xp, coins)"
        " VALUES (%(season)s, 1, 2, 7, 8), (%(season)s, 2, 2, 3, 4)",
        {"season": season},
    )
    for member in "123":
        play(db, member, 5, "2026-03-01 00:00Z")
    close_season(db, season)
    assert [
        (found.reward_xp, found.reward_coins)
        for found in rows(db, "SELECT * FROM ttfd.list_season_results(%s)", season)
    ] == [(7, 8), (3, 4), (0, 0)]


def test_fifty_at_once_close_it_once(db: Connection, database_url: str) -> None:
    season = start_season(db, starts_at=None, ends_at=None)
    for member in "123":
        apply_event(db, "game_played", {"xp": 10}, external_id=member)
    answers = together(database_url, [lambda own: close_season(own, season).status] * 50)
    assert sorted(answers) == ["already_closed"] * 49 + ["closed"]
    process_all(db)
    assert len(told(db, "season_reward")) == 3
    assert len(told(db, "season_closed")) == 1
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 30 + 5000 + 2 * 3000
    assert violations(db) == []


def test_achievements_of_a_season_are_unlocked_with_its_rewards(db: Connection, season: int) -> None:
    enable_achievements(db)
    for number in range(1, 53):
        play(db, str(number), 100 - number, "2026-03-01 00:00Z")
    close_season(db, season)
    process_all(db)

    def unlocked(member: int) -> list[str]:
        return [name for name in profile(db, get_user(db, str(member))).achievements if name.startswith("season")]

    assert unlocked(1) == ["season_played", "season_top_50", "season_top_10", "season_champion"]
    assert unlocked(2) == unlocked(10) == ["season_played", "season_top_50", "season_top_10"]
    assert unlocked(11) == unlocked(50) == ["season_played", "season_top_50"]
    assert unlocked(51) == ["season_played"]
    assert violations(db) == []


def test_only_what_was_earned_by_playing_counts(db: Connection, season: int) -> None:
    enable_achievements(db)
    user_id = get_user(db)
    apply_event(db, "xp_change", {"xp": 5000})
    apply_event(db, "game_played", {"xp": 30, "won": True})
    apply_event(db, "xp_change", {"xp": -10})
    process_all(db)
    assert profile(db, user_id).xp == 5120
    assert results(db, season) == [(1, user_id, 30)]


def test_a_season_that_ends_early_ends_now_and_the_next_one_follows(db: Connection, season: int) -> None:
    set_time(db, "2026-03-10 12:00Z")
    close_season(db, season)
    apply_event(db, "game_played", {"xp": 30})
    assert tend_seasons(db) == (1, 0)
    next_season = row(db, "SELECT * FROM ttfd.list_seasons() LIMIT 1")
    assert next_season.starts_at == row(db, "SELECT ends_at FROM ttfd.seasons WHERE id = %s", season).ends_at
    assert results(db, next_season.season_id) == [(1, get_user(db), 30)]


def test_rewards_of_a_member_who_was_merged_meanwhile_go_to_the_survivor(db: Connection, season: int) -> None:
    play(db, "1", 50, "2026-03-01 00:00Z")
    close_season(db, season)
    survivor = get_user(db, "2")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, get_user(db, "1")])
    process_all(db)
    assert profile(db, survivor).xp == 5000
    assert results(db, season) == [(1, survivor, 50)]


def test_a_season_without_anybody_is_closed_too(db: Connection, season: int) -> None:
    set_time(db, "2026-03-02 00:00Z")
    assert tuple(close_season(db, season)) == (season, "closed", 0, None)


def test_what_does_not_exist_or_has_not_begun_is_refused(db: Connection, season: int) -> None:
    planned = start_season(db, "Summer", "2026-06-01 00:00Z", "2026-07-01 00:00Z")
    set_time(db, "2026-03-02 00:00Z")
    with refused(db, "TS001"):
        close_season(db, 12345)
    with refused(db, "22023"):
        close_season(db, planned)


def test_a_platform_may_not_close_a_season(db: Connection, season: int) -> None:
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        close_season(db, season)
