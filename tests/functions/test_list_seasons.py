from calls import Connection, apply_event, rows, set_time
from seasons import close_season, start_season


def test_seasons_are_listed_with_what_has_become_of_them(db: Connection) -> None:
    set_time(db, "2026-02-01 12:00Z")
    first = start_season(db, "First", "2026-02-01 00:00Z", "2026-02-10 00:00Z")
    apply_event(db, "game_played", {"xp": 1})
    start_season(db, "Second", "2026-02-10 00:00Z", "2026-02-20 00:00Z")
    start_season(db, "Third", "2026-02-20 00:00Z", "2026-03-20 00:00Z")
    start_season(db, "Fourth", "2026-03-20 00:00Z", "2026-04-20 00:00Z")
    set_time(db, "2026-02-21 00:00Z")
    close_season(db, first)
    assert [
        (found.name, found.status, found.participants) for found in rows(db, "SELECT * FROM ttfd.list_seasons()")
    ] == [
        ("Fourth", "planned", None),
        ("Third", "running", None),
        ("Second", "ended", None),
        ("First", "closed", 1),
    ]
    assert [found.name for found in rows(db, "SELECT * FROM ttfd.list_seasons(1)")] == ["Fourth"]
