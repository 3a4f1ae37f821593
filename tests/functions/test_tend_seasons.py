import itertools

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    process_all,
    profile,
    record_events,
    rows,
    sent,
    set_time,
    together,
    violations,
)
from seasons import open_seasons, play, results, season_ids, start_season, tend_seasons, told


def test_the_first_call_starts_the_first_season_and_the_next_calls_do_nothing(db: Connection) -> None:
    set_time(db, "2026-03-01 00:00Z")
    assert [tend_seasons(db) for _ in range(3)] == [(1, 0), (0, 0), (0, 0)]
    process_all(db)
    (season,) = rows(db, "SELECT * FROM ttfd.list_seasons()")
    assert (season.status, (season.ends_at - season.starts_at).days) == ("running", 30)
    assert [(event.user_id, event.data["season_id"]) for event in told(db, "season_started")] == [(0, season.season_id)]
    assert violations(db) == []


def test_nothing_starts_by_itself_when_seasons_are_not_automatic(db: Connection) -> None:
    db.execute("UPDATE ttfd.season_settings SET is_automatic = false")
    assert tend_seasons(db) == (0, 0)
    set_time(db, "2026-03-01 00:00Z")
    start_season(db)
    set_time(db, "2026-05-01 00:00Z")
    apply_event(db)
    assert tend_seasons(db) == (0, 1)
    assert open_seasons(db) == 0


def test_a_season_is_closed_after_its_time_of_grace_and_the_next_begins_at_its_end(db: Connection) -> None:
    set_time(db, "2026-03-01 00:00Z")
    first = start_season(db)
    set_time(db, "2026-03-31 00:04:59Z")
    assert tend_seasons(db) == (1, 0)
    play(db, "1", 40, "2026-03-30 23:59:59Z")
    play(db, "2", 30, "2026-03-31 00:00Z")
    set_time(db, "2026-03-31 00:05Z")
    assert tend_seasons(db) == (0, 1)
    (_, second) = season_ids(db)
    assert results(db, first) == [(1, get_user(db, "1"), 40)]
    assert results(db, second) == [(1, get_user(db, "2"), 30)]


def test_the_score_of_the_old_season_survives_that_the_member_plays_the_next(db: Connection) -> None:
    set_time(db, "2026-03-30 12:00Z")
    first = start_season(db)
    for member in "123":
        apply_event(db, "game_played", {"xp": 50}, external_id=member)
    set_time(db, "2026-03-31 00:01Z")
    apply_event(db, "game_played", {"xp": 10}, external_id="1")
    play(db, "2", 20, "2026-03-31 00:00:30Z")
    play(db, "1", 5, "2026-03-30 23:00Z")
    play(db, "3", 3, "2026-03-30 23:00Z")
    (_, second) = season_ids(db)
    assert results(db, first) == [(1, get_user(db, "1"), 55), (2, get_user(db, "3"), 53), (3, get_user(db, "2"), 50)]
    assert results(db, second) == [(1, get_user(db, "2"), 20), (2, get_user(db, "1"), 10)]
    set_time(db, "2026-03-31 00:05Z")
    tend_seasons(db)
    assert [place[2] for place in results(db, first)] == [55, 53, 50]
    assert [place[2] for place in results(db, second)] == [20, 10]


def test_what_is_late_for_a_closed_season_counts_for_none(db: Connection) -> None:
    set_time(db, "2026-03-30 12:00Z")
    first = start_season(db)
    set_time(db, "2026-03-31 01:00Z")
    tend_seasons(db)
    play(db, "1", 5, "2026-03-30 23:00Z")
    (_, second) = season_ids(db)
    assert results(db, first) == results(db, second) == []
    assert profile(db, get_user(db)).xp == 5


def test_after_a_week_without_a_worker_everything_counts_where_it_happened(db: Connection) -> None:
    """Events waited in the queue, others were applied at once, and nobody had started the next season."""
    set_time(db, "2026-03-25 12:00Z")
    first = start_season(db)
    set_time(db, "2026-04-01 12:00Z")
    record_events(
        db,
        [
            sent("game_played", {"xp": 20}, external_id="1", occurred_at="2026-03-26 12:00Z"),
            sent("game_played", {"xp": 20}, external_id="2", occurred_at="2026-03-25 13:00Z"),
            sent("game_played", {"xp": 60}, external_id="1", occurred_at="2026-04-01 11:00Z"),
            sent("game_played", {"xp": 70}, external_id="3", occurred_at="2026-03-31 00:00Z"),
        ],
    )
    apply_event(db, "game_played", {"xp": 90}, external_id="2")
    assert tend_seasons(db) == (1, 0), "the first season waits for its events"
    process_all(db)
    assert tend_seasons(db) == (0, 1)
    assert tend_seasons(db) == (0, 0)
    (_, second) = season_ids(db)
    one, two, three = (get_user(db, member) for member in "123")
    assert results(db, first) == [(1, two, 20), (2, one, 20)]
    assert results(db, second) == [(1, two, 90), (2, three, 70), (3, one, 60)]
    process_all(db)
    assert [(event.user_id, event.xp) for event in told(db, "season_reward")] == [(two, 5000), (one, 3000)]
    assert violations(db) == []


def test_three_turns_are_caught_up_at_once(db: Connection) -> None:
    set_time(db, "2026-03-01 00:00Z")
    first = start_season(db)
    apply_event(db, "game_played", {"xp": 40})
    set_time(db, "2026-06-15 00:00Z")
    assert tend_seasons(db) == (1, 3)
    assert tend_seasons(db) == (0, 0)
    process_all(db)
    found = rows(db, "SELECT * FROM ttfd.list_seasons() ORDER BY starts_at")
    assert [season.status for season in found] == ["closed", "closed", "closed", "running"]
    assert all(after.starts_at == before.ends_at for before, after in itertools.pairwise(found))
    assert len(told(db, "season_closed")) == 3
    assert [event.data["season_id"] for event in told(db, "season_started")] == [first, found[-1].season_id]
    assert len(told(db, "season_reward")) == 1


def test_streaks_survive_a_season(db: Connection) -> None:
    set_time(db, "2026-03-01 00:00Z")
    start_season(db)
    apply_event(db, "game_played", {"xp": 40})
    db.execute("UPDATE ttfd.unified_users SET daily_streak = 9, last_daily = '2026-03-30'")
    set_time(db, "2026-04-01 00:00Z")
    tend_seasons(db)
    apply_event(db, "game_played", {"xp": 40})
    process_all(db)
    assert profile(db, get_user(db)).daily_streak == 9


def test_fifty_at_once_do_it_once(db: Connection, database_url: str) -> None:
    start_season(db, starts_at=None, ends_at=None)
    for member in "123":
        apply_event(db, "game_played", {"xp": 10}, external_id=member)
    db.execute(
        "UPDATE ttfd.seasons SET starts_at = starts_at - INTERVAL '40 days', ends_at = now() - INTERVAL '10 days'"
    )
    together(database_url, [tend_seasons] * 50)
    process_all(db)
    assert len(told(db, "season_closed")) == 1
    assert len(told(db, "season_reward")) == 3
    assert len(season_ids(db)) == 2
    assert violations(db) == []


def test_fifty_who_apply_events_after_the_end_start_one_season(db: Connection, database_url: str) -> None:
    start_season(db, starts_at=None, ends_at=None)
    db.execute(
        "UPDATE ttfd.seasons SET starts_at = starts_at - INTERVAL '40 days', ends_at = now() - INTERVAL '10 days'"
    )
    together(
        database_url,
        [lambda own, n=n: apply_event(own, "game_played", {"xp": 1}, external_id=str(n)) for n in range(1, 51)],
    )
    (_, second) = season_ids(db)
    assert len(results(db, second)) == 50


def test_a_worker_may_call_it(db: Connection) -> None:
    with acting_as(db, "ttfd_worker"):
        assert tend_seasons(db) == (1, 0)
