import pytest

from calls import Connection, acting_as, apply_event, process_all, refused, row, set_time, value
from seasons import play, results, start_season, told


@pytest.fixture(autouse=True)
def today(db: Connection) -> None:
    set_time(db, "2026-03-01 00:00Z")


def test_without_an_end_it_lasts_as_long_as_the_settings_say(db: Connection) -> None:
    db.execute("UPDATE ttfd.season_settings SET length = '14 days'")
    started = row(db, "SELECT * FROM ttfd.start_season('Spring')")
    assert (started.ends_at - started.starts_at).days == 14
    assert value(db, "SELECT %s = '2026-03-01 00:00Z'::timestamptz", started.starts_at)


def test_its_beginning_is_told_to_the_community_and_audited(db: Connection) -> None:
    season_id = start_season(db)
    process_all(db)
    (event,) = told(db, "season_started")
    assert (event.user_id, event.data["season_id"], event.data["season"]) == (0, season_id, "Spring")
    assert value(db, "SELECT count(*) FROM ttfd.audit_log WHERE action = 'season_started'") == 1


def test_a_planned_season_is_told_of_when_it_begins(db: Connection) -> None:
    start_season(db, starts_at="2026-03-02 00:00Z")
    process_all(db)
    assert told(db, "season_started") == []
    set_time(db, "2026-03-02 00:00Z")
    row(db, "SELECT * FROM ttfd.tend_seasons()")
    process_all(db)
    assert len(told(db, "season_started")) == 1


def test_two_seasons_do_not_overlap(db: Connection) -> None:
    start_season(db)
    with refused(db, "23P01") as caught:
        start_season(db, "Other", "2026-03-30 00:00Z", "2026-04-30 00:00Z")
    assert caught.value.diag.constraint_name == "seasons_do_not_overlap"
    start_season(db, "Next", "2026-03-31 00:00Z", "2026-04-30 00:00Z")


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        ("2026-03-05 00:00Z", "2026-03-05 00:00Z"),
        ("2026-03-05 00:00Z", "2026-03-04 00:00Z"),
        ("2026-01-01 00:00Z", "2026-02-01 00:00Z"),
    ],
)
def test_a_season_ends_after_it_starts_and_not_in_the_past(db: Connection, starts_at: str, ends_at: str) -> None:
    with refused(db, "22023"):
        start_season(db, starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize(("name", "sqlstate"), [("", "23514"), ("x" * 101, "23514"), (None, "23502")])
def test_a_name_of_the_wrong_form_is_refused(db: Connection, name: str, sqlstate: str) -> None:
    with refused(db, sqlstate):
        start_season(db, name)


def test_what_happened_outside_of_it_does_not_count(db: Connection) -> None:
    apply_event(db, "game_played", {"xp": 10})
    season_id = start_season(db)
    set_time(db, "2026-03-01 00:01Z")
    play(db, "1", 20, "2026-02-28 23:59Z")
    assert results(db, season_id) == []
    play(db, "1", 30, "2026-03-01 00:00Z")
    assert [place[2] for place in results(db, season_id)] == [30]


def test_only_an_administrator_starts_a_season(db: Connection) -> None:
    with acting_as(db, "ttfd_worker"), refused(db, "42501"):
        start_season(db)
