from typing import Any

from calls import Connection, apply_event, process_all, rows


def sums(db: Connection, after: int = 0) -> dict[tuple[str, str], tuple[Any, ...]]:
    found = rows(db, "SELECT * FROM ttfd.sum_grants(%s)", after)
    return {(one.event_type, one.source_platform): (one.position, *one[3:]) for one in found}


def test_grants_are_summed_by_type_and_platform_and_what_was_taken_apart(db: Connection) -> None:
    apply_event(db, "game_played", {"xp": 10, "coins": 3})
    apply_event(db, "game_played", {"xp": 20, "coins": 4})
    apply_event(db, "coins_change", {"coins": -5})
    apply_event(db, "message_sent", external_id="2", platform="discord")
    process_all(db)
    assert sums(db) == {
        ("game_played", "telegram"): (4, 2, 30, 0, 7, 0),
        ("coins_change", "telegram"): (4, 1, 0, 0, 0, 5),
        ("message_sent", "discord"): (4, 1, 5, 0, 0, 0),
    }


def test_counting_goes_on_where_it_ended(db: Connection) -> None:
    apply_event(db, "game_played", {"xp": 10, "coins": 3})
    process_all(db)
    apply_event(db, "game_played", {"xp": 1, "coins": 1})
    process_all(db)
    assert sums(db, 1) == {("game_played", "telegram"): (2, 1, 1, 0, 1, 0)}
    assert sums(db, 2) == {}
