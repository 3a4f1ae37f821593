import json

import pytest

from calls import Connection, apply_event, refused, row, value

CHANGE = "SELECT * FROM ttfd.change_event_type(%s, %s)"


def test_what_is_named_is_changed_from_now_on_and_audited(db: Connection) -> None:
    before = row(db, "SELECT * FROM ttfd.event_types WHERE name = 'message_sent'")
    changed = row(db, CHANGE, "message_sent", '{"xp": 9, "cooldown_seconds": null}')
    assert (changed.xp, changed.cooldown_seconds, changed.coins) == (9, None, before.coins)
    assert apply_event(db).xp == 9
    assert value(db, "SELECT after ->> 'xp' FROM ttfd.audit_log WHERE action = 'event_type_update'") == "9"


@pytest.mark.parametrize(
    ("name", "changes", "sqlstate"),
    [
        ("message_sent", {"name": "other"}, "22023"),
        ("message_sent", {"is_admin_only": True}, "22023"),
        ("message_sent", {"xp": -1}, "23514"),
        ("message_sent", {"xp": None}, "23502"),
        ("message_sent", {"xp": "many"}, "22P02"),
        ("message_sent", {"cooldown_seconds": 0}, "23514"),
        ("no_such", {"xp": 1}, "P0002"),
    ],
)
def test_nonsense_is_refused(db: Connection, name: str, changes: dict[str, object], sqlstate: str) -> None:
    with refused(db, sqlstate):
        db.execute(CHANGE, [name, json.dumps(changes)])
