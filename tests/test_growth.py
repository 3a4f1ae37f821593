"""What a later version may add at the end of tables and types before it replaces any function."""

from collections.abc import Callable
from typing import Any

import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    new_id,
    process_all,
    put_pending,
    record_event,
    record_events,
    row,
    rows,
    sent,
    set_time,
    value,
    violations,
)
from coins import add_item, adjust, award, buy, claim, revert, rich_user, spend, transfer
from forgetting import forget
from links import merge, undo
from sessions import start_session
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]


def columns(db: Connection, table: str) -> set[tuple[str, str]]:
    """Name and type of each column."""
    found = rows(
        db,
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        f"ttfd.{table}",
    )
    return {(name, kind) for name, kind in found}


def test_a_version_of_a_rule_has_the_columns_of_the_rule_and_its_time(db: Connection) -> None:
    times = {(name, "timestamp with time zone") for name in ("valid_from", "valid_to")}
    assert columns(db, "event_type_versions") == columns(db, "event_types") | times


def test_a_column_that_rules_get_later_is_kept_in_their_versions(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    apply_event(db)
    for table in ("event_types", "event_type_versions"):
        db.execute(f"ALTER TABLE ttfd.{table} ADD COLUMN channel text NOT NULL DEFAULT 'any'")  # type: ignore[arg-type]
    db.execute("UPDATE ttfd.event_types SET channel = 'quiet', xp = 7 WHERE name = 'message_sent'")
    kept = rows(
        db,
        "SELECT channel, xp, valid_from::text, valid_to::text FROM ttfd.event_type_versions"
        " WHERE name = 'message_sent' ORDER BY valid_from",
    )
    assert [tuple(version) for version in kept] == [
        ("any", 5, "-infinity", "2026-03-01 12:00:00+00"),
        ("quiet", 7, "2026-03-01 12:00:00+00", "infinity"),
    ]
    set_time(db, "2026-03-01 12:05Z")
    assert apply_event(db).xp == 7
    record_event(db, external_id="2")
    process_all(db)
    assert violations(db) == []


def revert_new(db: Connection, event_id: Any) -> Any:
    """Take back an adjustment that was made just now, unless that was sent before."""
    made_id = value(db, "SELECT ttfd.derive_event_id(%s, 'made')", event_id)
    adjust(db, get_user(db), 1, 1, made_id)
    return revert(db, made_id, event_id)


def retry(db: Connection, event_id: Any) -> Any:
    """Queue an event anew that has failed."""
    failed_id = put_pending(db, get_user(db), "no_such_type")
    process_all(db)
    return row(db, "SELECT * FROM ttfd.retry_failed_event(%s)", failed_id)


# One call of each function that answers with an outcome, for member 1 (telegram) and an id.
OUTCOMES: dict[str, Callable[[Connection, Any], Any]] = {
    "record_event": lambda db, event_id: record_event(db, event_id=event_id),
    "record_events": lambda db, event_id: record_events(db, [sent(event_id=event_id), sent(event_id=event_id)])[1],
    "apply_event": lambda db, event_id: apply_event(db, "game_played", {"xp": 1, "coins": 1}, event_id),
    "retry_failed_event": retry,
    "award": lambda db, event_id: award(db, get_user(db), 1, 1, event_id),
    "spend_coins": lambda db, event_id: spend(db, get_user(db), 1, event_id),
    "transfer_coins": lambda db, event_id: transfer(db, get_user(db), get_user(db, "2"), 10, event_id),
    "adjust_balance": lambda db, event_id: adjust(db, get_user(db), 1, 1, event_id),
    "revert_adjustment": revert_new,
    "buy_item": lambda db, event_id: buy(db, get_user(db), event_id=event_id),
    "claim_daily": lambda db, event_id: claim(db, event_id),
    "claim_work": lambda db, event_id: claim(db, event_id, what="claim_work"),
    "claim_member_daily": lambda db, event_id: row(
        db, "SELECT * FROM ttfd.claim_member_daily(%s, %s)", event_id, get_user(db)
    ),
    "play_game": lambda db, event_id: row(
        db, "SELECT * FROM ttfd.play_game(%s, 'telegram', '1', 'guess', 5, 0)", event_id
    ),
}


def test_no_function_that_answers_with_an_outcome_is_left_out(db: Connection) -> None:
    found = rows(
        db,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'ttfd'::regnamespace AND prosecdef"
        " AND (prorettype = 'ttfd.event_outcome'::regtype OR 'rank_up' = ANY (proargnames))",
    )
    assert {name for (name,) in found} == OUTCOMES.keys()


def add_attributes(db: Connection, keeps_plans: bool) -> None:
    """Each type that functions make rows of gets another attribute at its end."""
    for name in ("event_outcome", "event_grant", "speaker"):
        db.execute(f"ALTER TYPE ttfd.{name} ADD ATTRIBUTE later text")  # type: ignore[arg-type]
    if not keeps_plans:
        db.execute("DISCARD PLANS")


@pytest.mark.parametrize("keeps_plans", [False, True], ids=["new session", "session with plans"])
@pytest.mark.parametrize("name", OUTCOMES)
def test_a_function_answers_as_before_when_outcomes_get_another_attribute(
    db: Connection, name: str, keeps_plans: bool
) -> None:
    rich_user(db)
    start_session(db, get_user(db))
    add_item(db)
    call = OUTCOMES[name]
    if keeps_plans:
        set_time(db, "2026-03-01 12:00Z")
        call(db, new_id())
    set_time(db, "2026-03-02 12:00Z")
    add_attributes(db, keeps_plans)
    event_id = new_id()
    first, again = call(db, event_id), call(db, event_id)
    assert first.status in ("queued", "applied", "duplicate")
    assert again.status == ("queued" if name == "retry_failed_event" else "duplicate")
    assert first.user_id == again.user_id == get_user(db)
    assert first.rank_up is False
    process_all(db)
    assert violations(db) == []


@pytest.mark.parametrize("table", ["unified_users", "platform_accounts", "user_merges"])
def test_members_are_exported_merged_and_forgotten_as_before_when_their_tables_get_a_column(
    db: Connection, table: str
) -> None:
    for turn, discord_id in enumerate(("8", "9")):
        user_id, other_id = get_user(db), get_user(db, discord_id, "discord")
        apply_event(db)
        undo(db, merge(db, user_id, other_id).merge_id)
        merge(db, user_id, other_id)
        assert len(value(db, "SELECT document FROM ttfd.export_user(%s)", user_id)["platform_accounts"]) == 2
        assert forget(db, user_id) == "forgotten"
        if turn == 0:
            db.execute(f"ALTER TABLE ttfd.{table} ADD COLUMN later text NOT NULL DEFAULT ''")  # type: ignore[arg-type]
    process_all(db)
    assert violations(db) == []


def test_a_merge_from_before_a_counter_was_added_can_be_undone(db: Connection) -> None:
    into_id, from_id = get_user(db), get_user(db, "9", "discord")
    apply_event(db, "game_played", {"xp": 20, "won": True}, external_id="9", platform="discord")
    apply_event(db)
    merged = merge(db, into_id, from_id)
    db.execute("ALTER TABLE ttfd.unified_users ADD COLUMN steps bigint NOT NULL DEFAULT 0")
    moves = value(db, "SELECT pg_get_functiondef('ttfd.move_progress'::regproc)")
    assert "games_won =" in moves
    db.execute(moves.replace("games_won =", "steps = u.steps + s.sign * p_moved.steps, games_won ="))
    db.execute("UPDATE ttfd.unified_users SET steps = 7 WHERE id = %s", [into_id])
    assert undo(db, merged.merge_id).from_id == from_id
    found = rows(db, "SELECT id, xp, games_won, steps FROM ttfd.unified_users WHERE merged_into IS NULL ORDER BY id")
    assert [tuple(user) for user in found] == [(into_id, 5, 0, 7), (from_id, 20, 1, 0)]
    process_all(db)
    assert violations(db) == []
