"""unify_import refuses one table that is given as two sources: it would count everybody twice."""

from calls import Connection, refused, rows
from legacy_records import load, run, unify

TRAP = [
    {"id": str(number), "username": f"user{number}", "xp": 10 * number, "coins": number, "created_at": "2025-01-01"}
    for number in range(1, 8)
]


def test_one_table_given_as_two_sources_is_refused(db: Connection) -> None:
    run_id = load(
        db, identities=dict.fromkeys(("telegram", "discord"), "db/users"), telegram=[{"id": "1"}], discord=[{"id": "2"}]
    )
    with refused(db, "TI001"):
        unify(db, run_id)
    with refused(db, "TI001"):
        unify(db, run_id, dry_run=True)
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []


def test_a_copy_of_one_table_given_as_two_sources_is_refused(db: Connection) -> None:
    with refused(db, "TI001"):
        run(db, telegram=TRAP, discord=TRAP)


def test_a_copy_that_has_moved_on_a_little_is_refused(db: Connection) -> None:
    moved_on = [TRAP[0] | {"xp": 999}, *TRAP[1:], {"id": "50", "username": "late", "xp": 1}]
    with refused(db, "TI001"):
        run(db, telegram=TRAP, discord=moved_on)


def test_one_table_given_in_two_runs_as_two_programs_is_refused(db: Connection) -> None:
    unify(db, load(db, identities={"telegram": "db/users"}, telegram=TRAP))
    with refused(db, "TI001"):
        unify(db, load(db, identities={"discord": "db/users"}, discord=TRAP))


def test_the_same_people_with_other_progress_are_two_sources(db: Connection) -> None:
    discord = [record | {"id": f"9{record['id']}", "xp": 5, "created_at": "2025-02-02"} for record in TRAP]
    result = run(db, telegram=TRAP, discord=discord)
    assert (result.linked_by_username, result.users_created) == (7, 7)
