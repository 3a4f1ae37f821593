"""What the tests of seasons share."""

from typing import Any

from calls import Connection, process_all, record_events, row, rows, sent, value

START = "2026-03-01 00:00Z"


def start_season(
    db: Connection, name: str = "Spring", starts_at: str | None = START, ends_at: str | None = "2026-03-31 00:00Z"
) -> int:
    """The id of a new season."""
    return row(db, "SELECT season_id FROM ttfd.start_season(%s, %s, %s)", name, starts_at, ends_at).season_id


def play(db: Connection, member: str, xp: int, at: str) -> None:
    """A game that happened at a time, applied now."""
    record_events(db, [sent("game_played", {"xp": xp}, external_id=member, occurred_at=at)])
    process_all(db)


def close_season(db: Connection, season_id: int) -> Any:
    return row(db, "SELECT * FROM ttfd.close_season(%s)", season_id)


def tend_seasons(db: Connection) -> tuple[int, int]:
    return tuple(row(db, "SELECT started, closed FROM ttfd.tend_seasons()"))


def results(db: Connection, season_id: int) -> list[tuple[int, int, int]]:
    """Place, member and XP."""
    return [
        (found.place, found.user_id, found.xp)
        for found in rows(db, "SELECT * FROM ttfd.list_season_results(%s, 0, 1000)", season_id)
    ]


def told(db: Connection, event_type: str) -> list[Any]:
    """Events of a type that are in the feed."""
    return rows(
        db,
        "SELECT user_id, data, xp, coins, occurred_at FROM ttfd.cross_platform_events_processed"
        " WHERE event_type = %s ORDER BY position",
        event_type,
    )


def season_ids(db: Connection) -> list[int]:
    return [found.season_id for found in rows(db, "SELECT season_id FROM ttfd.list_seasons() ORDER BY starts_at")]


def open_seasons(db: Connection) -> int:
    return value(db, "SELECT count(*) FROM ttfd.seasons WHERE closed_at IS NULL")
