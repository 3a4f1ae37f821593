from typing import Any

from calls import Connection, refused, rows, value, violations
from legacy_records import Source, add_rows, load, snapshot, unify

JUDGE = "SELECT ttfd.judge_import_rows(%s)"
FIRST: Source = [
    {"id": "1", "username": "anna", "xp": 5, "discord_id": "77"},
    {"id": "2", "xp": -1},
    {"id": "3", "xp": 7},
]
SECOND: Source = [
    {"id": "3", "xp": 8},
    {"id": "4", "xp": 9, "created_at": "2025-02-30"},
    {"id": "5", "username": "boris", "coins": 3},
]


def load_in_parts(db: Connection) -> int:
    run_id = load(db, telegram=FIRST)
    db.execute(JUDGE, [run_id])
    add_rows(db, run_id, "telegram", "users", SECOND)
    return run_id


def outcome(db: Connection, run_id: int, dry_run: bool = False) -> Any:
    return unify(db, run_id, dry_run=dry_run)._replace(run_id=0)


def test_records_judged_in_parts_come_to_the_same_as_all_at_once(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        at_once = outcome(db, load(db, telegram=FIRST + SECOND))
    in_parts = outcome(db, load_in_parts(db))
    keys = [f"users[{place}]" for place in range(3)]
    assert in_parts._replace(report=None) == at_once._replace(report=None)
    assert [found["source_key"] for found in in_parts.report["rejected"]] == [keys[1], keys[0], keys[1]]
    assert violations(db) == []


def test_records_are_judged_once_however_often_it_is_asked(db: Connection) -> None:
    run_id = load(db, telegram=FIRST)
    for _ in range(3):
        db.execute(JUDGE, [run_id])
    assert value(db, "SELECT count(*) FROM ttfd.import_accounts WHERE run_id = %s", run_id) == len(FIRST)


def test_judging_changes_nothing_that_members_would_notice(db: Connection) -> None:
    before = snapshot(db)
    run_id = load_in_parts(db)
    db.execute(JUDGE, [run_id])
    assert snapshot(db) == before


def test_a_crash_of_the_server_loses_no_record_that_was_judged(db: Connection) -> None:
    run_id = load_in_parts(db)
    unlogged = rows(
        db,
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'u'",
    )
    for table in unlogged:
        db.execute(f"TRUNCATE {table.name}")  # as recovery does
    assert outcome(db, run_id).accounts == 3


def test_a_dry_run_leaves_what_was_judged_to_the_real_one(db: Connection) -> None:
    run_id = load_in_parts(db)
    dry = outcome(db, run_id, dry_run=True)
    assert dry._replace(status="") == outcome(db, run_id)._replace(status="")


def test_a_finished_run_is_not_judged(db: Connection) -> None:
    run_id = load(db, telegram=FIRST)
    unify(db, run_id)
    with refused(db, "55000"):
        db.execute(JUDGE, [run_id])
