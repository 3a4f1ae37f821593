import pytest

from calls import Connection, acting_as, rows, value

NEXT = "SELECT next_user_id FROM ttfd.achievement_scan"


@pytest.mark.parametrize(
    ("change", "action", "expected"),
    [
        ("INSERT INTO ttfd.achievements SELECT (jsonb_populate_record(a, '{\"name\": \"new\"}')).*"
         "  FROM ttfd.achievements a WHERE name = 'wins_1'", "achievement_insert", 0),
        ("UPDATE ttfd.achievements SET threshold = 2 WHERE name = 'wins_10'", "achievement_update", 0),
        ("DELETE FROM ttfd.achievements WHERE name = 'wins_10'", "achievement_delete", None),
    ],
)  # fmt: skip
def test_a_change_has_members_checked_anew_and_is_audited(
    db: Connection, change: str, action: str, expected: int | None
) -> None:
    with acting_as(db, "ttfd_admin"):
        db.execute(change)  # type: ignore[arg-type]
    assert value(db, NEXT) == expected
    (line,) = rows(db, "SELECT action, before, after FROM ttfd.audit_log")
    assert line.action == action
    assert (line.before is None, line.after is None) == (action.endswith("insert"), action.endswith("delete"))
