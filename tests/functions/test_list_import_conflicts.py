from calls import Connection, row, rows
from legacy_records import load, run, unify

LIST = "SELECT * FROM ttfd.list_import_conflicts(%s)"


def test_a_clean_run_leaves_nothing_to_decide(db: Connection) -> None:
    assert rows(db, LIST, run(db, telegram=[{"id": "1"}]).run_id) == []
    assert rows(db, LIST, 999) == []


def test_a_conflict_names_the_account_and_whom_it_might_belong_to(db: Connection) -> None:
    run_id = run(
        db,
        telegram=[{"id": "1", "username": "alex"}, {"id": "2", "username": "Alex"}],
        discord=[{"id": "9", "username": "alex"}],
    ).run_id
    found = next(seen for seen in rows(db, LIST, run_id) if seen.platform == "discord")
    assert (found.kind, found.reason, found.external_id, found.username) == (
        "conflict",
        "ambiguous_username",
        "9",
        "alex",
    )
    assert (found.source, found.source_key, found.settled_at) == ("discord", "users[0]", None)
    assert [(c["platform"], c["external_id"]) for c in found.candidates] == [("telegram", "1"), ("telegram", "2")]
    assert found.conflict_id is not None


def test_a_rejected_record_is_listed_with_its_place_and_reason(db: Connection) -> None:
    run_id = run(db, telegram=[{"id": "1"}, {"id": "anna", "username": "anna", "xp": 5}]).run_id
    found = row(db, LIST, run_id)
    assert (found.kind, found.source, found.source_key) == ("rejected", "telegram", "users[1]")
    assert (found.external_id, found.username) == ("anna", "anna")
    assert "wrong form" in found.reason


def test_a_record_that_the_reader_rejected_keeps_its_reason(db: Connection) -> None:
    run_id = load(db, telegram=[{"id": "1"}])
    db.execute(
        "INSERT INTO ttfd.import_rows (run_id, source, part, source_key, platform, reject_reason)"
        " VALUES (%s, 'telegram', 'users', 'line 7', 'telegram', 'broken JSON')",
        [run_id],
    )
    assert unify(db, run_id).rejected == 1
    assert row(db, LIST, run_id).reason == "broken JSON"


def test_each_run_has_its_own_list(db: Connection) -> None:
    first = run(db, telegram=[{"id": "x"}]).run_id
    second = run(db, telegram=[{"id": "y"}]).run_id
    assert [row(db, LIST, run_id).external_id for run_id in (first, second)] == ["x", "y"]
