from typing import Any

import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    new_id,
    process_all,
    put_pending,
    record_event,
    refused,
    value,
)
from legacy_records import load, owner, unify
from sessions import start_session, token_hash
from whole_state import user_references


def export(db: Connection, user_id: int) -> dict[str, object]:
    return value(db, "SELECT ttfd.export_user(%s)", user_id)


def test_every_table_that_names_a_member_is_in_the_export(db: Connection) -> None:
    assert user_references(db) <= set(export(db, get_user(db)))


def test_a_table_that_is_added_later_is_in_the_export_by_itself(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_owner"):
        db.execute("CREATE TABLE ttfd.gifts (giver bigint REFERENCES ttfd.unified_users, to_user_id bigint, what text)")
    db.execute("INSERT INTO ttfd.gifts VALUES (%s, 0, 'cake'), (NULL, %s, 'tea'), (NULL, 0, 'soup')", [user_id] * 2)
    assert [gift["what"] for gift in export(db, user_id)["gifts"]] == ["cake", "tea"]  # type: ignore[attr-defined]


def test_the_export_holds_what_was_sent_and_shown(db: Connection) -> None:
    user_id = get_user(db, "77001", username="anna")
    apply_event(db, "game_played", {"xp": 10, "opponent": "boris"}, external_id="77001")
    process_all(db)
    record_event(db, "voice_time", {"seconds": 60, "room": "lounge"}, external_id="77001")
    found = export(db, user_id)
    text = str(found)
    assert found["user_id"] == user_id
    for expected in ("anna", "77001", "boris", "lounge"):
        assert expected in text
    assert len(found["cross_platform_events"]) == 2  # type: ignore[arg-type]


def test_the_export_holds_what_could_not_be_applied(db: Connection) -> None:
    user_id = get_user(db)
    put_pending(db, user_id, "no_such_type", {"note": "strange"})
    process_all(db)
    assert "strange" in str(export(db, user_id)["failed_events"])


def test_the_export_holds_rejected_records_and_conflicts(db: Connection) -> None:
    run_id = load(
        db,
        telegram=[
            {"id": "1", "username": "anna", "xp": 5},
            {"id": "1", "username": "anna2", "xp": 6},
            {"id": "2", "discord_id": "not an id"},
        ],
    )
    unify(db, run_id)
    anna, other = (export(db, owner(db, "telegram", external_id)) for external_id in ("1", "2"))
    assert "anna2" in str(anna["import_rows"])
    assert (anna["import_conflicts"], other["import_rows"]) == ([], [])
    assert "malformed_link" in str(other["import_conflicts"])


def test_the_export_holds_audit_lines_about_the_member(db: Connection) -> None:
    user_id, other_id = get_user(db, "77001"), get_user(db, "2")
    for after in (f'{{"user_id": {user_id}}}', '{"account": {"external_id": "77001"}}', f'{{"user_id": {other_id}}}'):
        db.execute("SELECT ttfd.audit('something', NULL, %s)", [after])
    db.execute(
        "INSERT INTO ttfd.boosts (factor, starts_at, ends_at, user_id) VALUES (2, now(), 'infinity', %s)", [user_id]
    )
    found = export(db, user_id)
    assert [line["action"] for line in found["audit_log"]] == ["something", "something", "boost_insert"]  # type: ignore[attr-defined]
    assert len(found["boosts"]) == 1  # type: ignore[arg-type]


def test_the_export_is_of_one_member_and_nobody_else(db: Connection) -> None:
    user_id = get_user(db, "77001", username="anna")
    apply_event(db, external_id="77001")
    get_user(db, "77002", username="boris")
    apply_event(db, external_id="77002")
    assert not any(foreign in str(export(db, user_id)) for foreign in ("77002", "boris"))


def test_a_secret_is_not_in_the_export(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_owner"):
        db.execute("CREATE TABLE ttfd.codes (user_id bigint, code_hash text, expires_at date)")
    db.execute("INSERT INTO ttfd.codes VALUES (%s, 'abcdef', '2026-03-01')", [user_id])
    assert export(db, user_id)["codes"] == [{"user_id": user_id, "expires_at": "2026-03-01"}]


def test_who_was_merged_is_exported_with_the_survivor(db: Connection) -> None:
    merged, survivor = get_user(db, "1"), get_user(db, "2", "discord")
    put_pending(db, merged, "message_sent", {"text": "hello"})
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    for user_id in (merged, survivor):
        found = export(db, user_id)
        assert found["user_id"] == survivor
        assert len(found["unified_users"]) == 2  # type: ignore[arg-type]
        assert "hello" in str(found["cross_platform_events"])


def test_the_export_changes_nothing_and_is_the_same_again(db: Connection) -> None:
    user_id = get_user(db)
    for _ in range(5):
        apply_event(db)
    assert export(db, user_id) == export(db, user_id)


@pytest.mark.parametrize("user_id", [0, -1, None])
def test_an_unknown_member_is_refused(db: Connection, user_id: int | None) -> None:
    with refused(db, "TU001"):
        export(db, user_id)  # type: ignore[arg-type]


def test_a_forgotten_member_is_refused(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("SELECT ttfd.forget_user(%s)", [user_id])
    with refused(db, "TU001"):
        export(db, user_id)


def test_the_website_exports_and_a_bot_does_not(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"):
        assert export(db, user_id)["user_id"] == user_id
    for role in ("ttfd_telegram", "ttfd_discord", "ttfd_worker", "ttfd_reader"):
        with acting_as(db, role), refused(db, "42501"):
            export(db, user_id)


def test_the_export_holds_what_an_administrator_did_but_not_to_whom(db: Connection) -> None:
    user_id, other_id = start_session(db, get_user(db)), get_user(db, "77001", "discord")
    db.execute("SELECT ttfd.set_website_admin(%s, true)", [user_id])
    with db.transaction():
        db.execute("SELECT ttfd.act_for_session(%s)", [token_hash()])
        db.execute("SELECT ttfd.adjust_balance(%s, %s, 5, 0, 'for a friend')", [new_id(), other_id])
        db.execute("RESET ttfd.on_behalf_of")
    lines: Any = export(db, user_id)["audit_log"]
    assert [line["action"] for line in lines] == ["website_admin_changed", "balance_adjusted"]
    assert lines[0]["after"]["user_id"] == lines[1]["on_behalf_of"] == user_id
    assert "before" not in lines[1] and "after" not in lines[1]
    about: Any = export(db, other_id)["audit_log"]
    assert [line["after"]["reason"] for line in about] == ["for a friend"]
