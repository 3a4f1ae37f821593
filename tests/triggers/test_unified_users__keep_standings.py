"""verify_integrity() compares standings and counts with the members; here is every way to change one."""

import pytest

from calls import Connection, apply_event, get_user, process_all, process_events, record_event, rows, violations

CHANGES = {
    "xp": "UPDATE ttfd.unified_users SET xp = xp + 1000",
    "xp and back": "UPDATE ttfd.unified_users SET xp = 600 - xp",
    "time": "UPDATE ttfd.unified_users SET xp_since = xp_since + INTERVAL '1 hour'",
    "merged": "UPDATE ttfd.unified_users SET merged_into = (SELECT min(id) FROM ttfd.unified_users)"
    " WHERE id <> (SELECT min(id) FROM ttfd.unified_users)",
    "forgotten": "UPDATE ttfd.unified_users SET forgotten_at = now()",
    "hidden": "UPDATE ttfd.unified_users SET is_hidden = true",
    "new": "INSERT INTO ttfd.unified_users (xp) SELECT n FROM generate_series(1, 1000, 100) s (n)",
    "new and hidden": "INSERT INTO ttfd.unified_users (xp, is_hidden) VALUES (5, true)",
    "deleted": "DELETE FROM ttfd.unified_users",
    "nothing": "UPDATE ttfd.unified_users SET last_active = now()",
}


def board_violations(db: Connection) -> list[object]:
    return [found for found in violations(db) if found[0] in ("standing", "count")]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_settled", [False, True])
def test_standings_and_counts_follow_every_change(db: Connection, change: str, is_settled: bool) -> None:
    for number, xp in enumerate((1, 63, 64, 300, 300), start=1):
        get_user(db, str(number))
        apply_event(db, "xp_change", {"xp": xp}, external_id=str(number))
    if is_settled:
        process_all(db)
    db.execute("ALTER TABLE ttfd.platform_accounts DROP CONSTRAINT platform_accounts_user_id_fkey")
    db.execute(CHANGES[change])
    assert board_violations(db) == []
    get_user(db, "6")
    apply_event(db, external_id="6")
    process_all(db)
    assert board_violations(db) == []


def test_a_batch_counts_at_once_and_leaves_no_moves(db: Connection) -> None:
    get_user(db)
    process_all(db)
    db.execute("ALTER TABLE ttfd.xp_moves ADD CONSTRAINT nothing CHECK (false)")
    record_event(db, "xp_change", {"xp": 5})
    assert process_events(db).processed == 1
    assert board_violations(db) == []


def test_who_acts_after_a_batch_in_one_transaction_leaves_moves(db: Connection) -> None:
    record_event(db, "xp_change", {"xp": 5})
    process_all(db)
    apply_event(db, "xp_change", {"xp": 3})
    assert sorted(rows(db, "SELECT xp, members FROM ttfd.xp_moves")) == [(5, -1), (8, 1)]
    assert board_violations(db) == []


def test_a_batch_that_fails_leaves_the_counts_as_they_were(db: Connection) -> None:
    record_event(db, "xp_change", {"xp": -5})
    record_event(db, "xp_change", {"xp": 5}, external_id="2")
    process_all(db)
    assert board_violations(db) == []
