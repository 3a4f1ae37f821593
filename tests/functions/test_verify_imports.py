import pytest

from calls import Connection, apply_event, process_all, rows, value
from legacy_records import owner, run


def found(db: Connection) -> list[tuple[object, ...]]:
    return [tuple(seen) for seen in rows(db, "SELECT * FROM ttfd.verify_imports()")]


@pytest.fixture
def imported(db: Connection) -> int:
    return int(
        run(
            db,
            telegram=[{"id": "1", "username": "anna", "xp": 5, "coins": 1}, {"id": "2", "xp": 7}],
            discord=[{"id": "9", "username": "anna", "xp": 30}],
        ).run_id
    )


def test_each_source_is_compared_with_the_ledger(db: Connection, imported: int) -> None:
    apply_event(db, "xp_change", {"xp": 100})
    sound = [("source", "discord", None, 30, 30, 0, 0), ("source", "telegram", None, 12, 12, 1, 1)]
    assert found(db) == sound
    process_all(db)
    assert found(db) == sound


def test_a_difference_names_the_source_and_the_member(db: Connection, imported: int) -> None:
    anna = owner(db, "telegram", "1")
    db.execute(
        "UPDATE ttfd.cross_platform_events SET xp = 3 WHERE user_id = %s AND source_platform = 'discord'", [anna]
    )
    assert [seen for seen in found(db) if seen[3:5] != (12, 12)] == [
        ("source", "discord", None, 30, 3, 0, 0),
        ("user", "discord", anna, 30, 3, 0, 0),
    ]


def test_an_import_that_was_undone_leaves_no_difference(db: Connection, imported: int) -> None:
    apply_event(db, "coins_change", {"coins": -1})
    db.execute("SELECT ttfd.undo_import(%s)", [imported])
    assert found(db) == [("source", "discord", None, 0, 0, 0, 0), ("source", "telegram", None, 0, 0, 1, 1)]


def test_nothing_imported_is_nothing_to_compare(db: Connection) -> None:
    assert found(db) == []
    assert value(db, "SELECT count(*) FROM ttfd.import_runs") == 0
