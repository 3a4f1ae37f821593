"""Members who are updated one at a time; test_unified_users__keep_standings.py has every way to change one."""

import pytest

from calls import Connection, apply_event, get_user, process_all, rows, violations


@pytest.mark.parametrize("kind", ["", "bulk", "batch"])
@pytest.mark.parametrize(
    "change",
    [
        "xp = xp + 1000",
        "xp_since = xp_since - INTERVAL '1 hour'",
        "is_hidden = true",
        "forgotten_at = now()",
        "xp = xp + 1, is_hidden = true",
        "last_active = now()",
    ],
)
def test_the_board_follows_one_member_however_the_update_is_announced(db: Connection, kind: str, change: str) -> None:
    for number in ("1", "2"):
        apply_event(db, "xp_change", {"xp": 70}, external_id=number)
    process_all(db)
    db.execute("SELECT set_config('ttfd.update_kind', %s, true)", [kind])
    db.execute(f"UPDATE ttfd.unified_users SET {change} WHERE id = %s", [get_user(db, "1")])  # type: ignore[arg-type]
    assert [found for found in violations(db) if found[0] in ("standing", "count")] == []


def test_an_update_without_xp_leaves_no_trace_on_the_board(db: Connection) -> None:
    user_id = get_user(db)
    process_all(db)
    db.execute("UPDATE ttfd.unified_users SET last_active = now(), messages_sent = 5 WHERE id = %s", [user_id])
    db.execute("UPDATE ttfd.unified_users SET xp = xp WHERE id = %s", [user_id])
    assert rows(db, "SELECT * FROM ttfd.xp_moves") == []
