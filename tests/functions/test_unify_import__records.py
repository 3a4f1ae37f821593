"""unify_import reads records: times, parts, repetitions, and what is rejected."""

import pytest

from calls import Connection, profile, set_time, violations
from legacy_records import add_rows, load, owner, run, unify


def test_times_without_a_zone_are_of_the_zone_of_their_source(db: Connection) -> None:
    run_id = load(
        db,
        telegram=[
            {"id": "1", "created_at": "2025-01-01T02:30:00", "last_daily": "2025-01-01T00:30:00"},
            {"id": "2", "created_at": "2025-01-01T02:30:00Z"},
        ],
    )
    db.execute("UPDATE ttfd.import_sources SET time_zone = 'Europe/Moscow'")
    unify(db, run_id)
    one, two = (profile(db, owner(db, "telegram", external_id)) for external_id in ("1", "2"))
    assert (two.created_at - one.created_at).total_seconds() == 3 * 3600
    assert str(one.last_daily) == "2025-01-01"


def test_two_parts_of_one_source_are_one_account(db: Connection) -> None:
    run_id = load(db, discord=[{"id": "9", "username": "anna", "xp": 5, "achievements": ["a", "z"]}])
    add_rows(db, run_id, "discord", "voice", [{"id": "9", "total_voice_time": 60, "achievements": ["b"]}])
    result = unify(db, run_id)
    assert (result.rows, result.accounts, result.users_created) == (2, 1, 1)
    seen = profile(db, owner(db, "discord", "9"))
    assert (seen.xp, seen.total_voice_time, seen.username) == (5, 60, "anna")
    assert seen.achievements == ["a", "b", "z"]


def test_of_the_same_account_twice_in_one_part_the_first_record_counts(db: Connection) -> None:
    result = run(db, telegram=[{"id": "1", "xp": 5}, {"id": " 1 ", "xp": 7}, {"id": "1", "xp": 5}])
    assert (result.rejected, result.accounts) == (2, 1)
    assert profile(db, owner(db, "telegram", "1")).xp == 5
    assert [(seen["source_key"], seen["reason"]) for seen in result.report["rejected"]] == [
        ("users[1]", "duplicate of users[0], with other values"),
        ("users[2]", "duplicate of users[0]"),
    ]


def test_of_a_key_that_stands_twice_the_last_record_counts(db: Connection) -> None:
    run_id = load(db, telegram=[{"id": "1", "xp": 5}])
    add_rows(db, run_id, "telegram", "users", [{"id": "1", "xp": 7}])
    assert unify(db, run_id).rejected == 1
    assert profile(db, owner(db, "telegram", "1")).xp == 7


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "anna"},
        {"id": None},
        {"xp": 5},
        {"id": "1", "xp": -5},
        {"id": "1", "xp": "many"},
        {"id": "1", "xp": True},
        {"id": "1", "coins": 10**16},
        {"id": "1", "coins": [1]},
        {"id": "1", "created_at": "yesterday"},
        {"id": "1", "created_at": "2025-02-30T00:00:00"},
        {"id": "1", "created_at": "infinity"},
        {"id": "1", "created_at": "2025-01-01|2025-01-02"},
        {"id": "1", "last_active": "|"},
        {"id": "1", "last_daily": 1735689600},
        {"id": "1", "achievements": "first_win"},
    ],
)
def test_a_bad_record_is_rejected_with_a_reason_and_the_others_are_imported(
    db: Connection, bad: dict[str, object]
) -> None:
    result = run(db, telegram=[bad, {"id": "2", "xp": 5}])
    assert (result.rows, result.rejected, result.accounts, result.users_created) == (2, 1, 1, 1)
    (rejected,) = result.report["rejected"]
    assert rejected["source"] == "telegram"
    assert rejected["source_key"] == "users[0]"
    assert rejected["reason"]
    assert violations(db) == []


def test_missing_and_null_fields_are_nothing(db: Connection) -> None:
    empty = dict.fromkeys(
        ("username", "xp", "coins", "daily_streak", "last_daily", "created_at", "achievements", "discord_id")
    )
    result = run(db, telegram=[{"id": "1", **empty}, {"id": 2}, {"id": "3", "created_at": "", "discord_id": ""}])
    assert (result.rejected, result.users_created, result.conflicts) == (0, 3, 0)


def test_a_claim_in_the_future_cannot_come_in(db: Connection) -> None:
    set_time(db, "2026-01-31T12:00:00Z")
    result = run(
        db,
        telegram=[
            {"id": "1", "last_daily": "2026-02-02"},
            {"id": "2", "created_at": "2099-01-01T00:00:00"},
            {"id": "3", "last_active": "2026-02-01"},
        ],
    )
    reasons = [found["reason"] for found in result.report["rejected"]]
    assert reasons == ["a time lies in the future: 2026-02-02", "a time lies in the future: 2099-01-01T00:00:00"]
    assert result.accounts == 1
