"""forget_user and imports: none brings a forgotten member back, pays it, or keeps its records."""

from calls import Connection, get_user, profile, row, rows, set_time, value, violations
from forgetting import DISCORD_ID, TELEGRAM_ID, forget, make_anna
from legacy_records import conflicts, load, unify
from whole_state import mentions

NOON = "2026-03-01 12:00:00+00"


def test_an_import_does_not_bring_a_forgotten_member_back(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    run_id = load(
        db,
        telegram=[{"id": TELEGRAM_ID, "username": "anna_secret", "xp": 700}, {"id": "8", "xp": 3}],
        website=[{"id": "other@example.org", "discord_id": DISCORD_ID, "xp": 5}],
    )
    result = unify(db, run_id)
    assert (result.accounts, result.rejected) == (1, 2)
    listed = rows(db, "SELECT * FROM ttfd.list_import_conflicts(%s)", run_id)
    assert {(entry.reason, entry.source_key, entry.external_id) for entry in listed} == {
        ("forgotten", "forgotten", None)
    }
    for name in (TELEGRAM_ID, DISCORD_ID):
        assert mentions(db, name) == {}
    assert violations(db) == []


def test_a_later_import_neither_pays_nor_charges_the_forgotten_row(db: Connection) -> None:
    user_id = make_anna(db)
    set_time(db, NOON)
    forget(db, user_id)
    before = tuple(row(db, "SELECT xp, coins FROM ttfd.unified_users WHERE id = %s", user_id))
    set_time(db, "2027-03-01 12:00Z")
    unify(db, load(db, telegram=[{"id": TELEGRAM_ID, "xp": 700}]))
    assert tuple(row(db, "SELECT xp, coins FROM ttfd.unified_users WHERE id = %s", user_id)) == before
    assert profile(db, get_user(db, TELEGRAM_ID)).xp == 700
    assert violations(db) == []


def test_records_that_wait_for_their_import_are_forgotten_too(db: Connection) -> None:
    get_user(db, TELEGRAM_ID)
    run_id = load(db, telegram=[{"id": TELEGRAM_ID, "username": "anna_secret"}, {"id": "8", "username": "boris"}])
    forget(db, get_user(db, TELEGRAM_ID))
    assert mentions(db, "anna_secret") == {}
    assert unify(db, run_id).accounts == 1


def test_others_keep_their_conflicts(db: Connection) -> None:
    run_id = load(
        db,
        telegram=[{"id": "1", "username": "anna"}],
        discord=[{"id": "2", "username": "anna"}, {"id": "3", "username": "anna"}],
    )
    unify(db, run_id)
    assert len(conflicts(db, run_id)) == 3
    forget(db, get_user(db, "1"))
    left = rows(db, "SELECT external_id, candidates FROM ttfd.import_conflicts ORDER BY 1")
    assert [(entry.external_id, [c["external_id"] for c in entry.candidates]) for entry in left] == [
        ("2", ["3"]),
        ("3", ["2"]),
    ]
    report = value(db, "SELECT report FROM ttfd.import_runs")
    assert [[c["external_id"] for c in entry["candidates"]] for entry in report["conflicts"]] == [["3"], ["2"]]
