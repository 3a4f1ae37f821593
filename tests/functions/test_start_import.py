import psycopg
import pytest

from calls import Connection, acting_as, refused, row, value
from legacy_records import load, unify

START = "SELECT * FROM ttfd.start_import(%s)"


def test_each_run_has_a_number_of_its_own_and_waits_for_records(db: Connection) -> None:
    first, second = row(db, START, "a").run_id, row(db, START, "b").run_id
    assert first != second
    assert value(db, "SELECT status FROM ttfd.import_runs WHERE id = %s", first) == "loading"
    assert value(db, "SELECT label FROM ttfd.import_runs WHERE id = %s", second) == "b"


def test_a_run_without_a_name_is_refused(db: Connection) -> None:
    with refused(db, "23502"):
        row(db, START, None)


def test_an_endless_name_is_shortened(db: Connection) -> None:
    assert row(db, START, "x" * 5000).run_id


def test_an_administrator_can_open_fill_and_unify_a_run_without_any_other_right(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        run_id = load(db, telegram=[{"id": "1", "username": "anna", "xp": 5}])
        assert unify(db, run_id).users_created == 1
        for forbidden in ("SELECT * FROM ttfd.import_rows", "DELETE FROM ttfd.import_rows"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
                db.execute(forbidden)  # type: ignore[arg-type]
