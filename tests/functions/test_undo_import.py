from collections.abc import Callable

import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    profile,
    refused,
    row,
    rows,
    set_time,
    value,
    violations,
)
from legacy_records import Source, add_rows, load, owner, run, unify

SOURCES: dict[str, Source] = {
    "telegram": [
        {
            "id": "1",
            "username": "anna",
            "xp": 600,
            "coins": 40,
            "games_played": 7,
            "achievements": ["a"],
            "discord_id": "9",
        },
        {"id": "2", "username": "boris", "xp": 20000, "coins": 5, "daily_streak": 4, "last_daily": "2025-05-01"},
        {"id": "3", "created_at": "2020-01-01"},
    ],
    "discord": [{"id": "9", "xp": 30, "coins": 3, "total_voice_time": 60}, {"id": "8", "username": "boris", "xp": 1}],
}


def undo(db: Connection, run_id: int) -> object:
    return row(db, "SELECT * FROM ttfd.undo_import(%s)", run_id)


def members(db: Connection) -> list[object]:
    """Everybody who is somebody, with all that they have."""
    return rows(
        db,
        "SELECT u.id, to_jsonb(u) - 'id', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.platform)"
        " FROM ttfd.platform_accounts a WHERE a.user_id = u.id)"
        " FROM ttfd.unified_users u WHERE u.forgotten_at IS NULL ORDER BY u.id",
    )


def contributed(db: Connection) -> int:
    return int(value(db, "SELECT count(*) FROM ttfd.import_balances"))


def test_an_import_into_an_empty_database_leaves_nobody(db: Connection) -> None:
    result = run(db, **SOURCES)
    undone = undo(db, result.run_id)
    assert undone == (result.run_id, "undone", 3, 0, 5, 20631, 48, 0, 0)
    assert members(db) == []
    assert value(db, "SELECT count(*) FROM ttfd.platform_accounts") == contributed(db) == 0
    assert violations(db) == []
    process_all(db)
    assert violations(db) == []


@pytest.mark.parametrize("processes", [True, False])
def test_members_who_were_there_are_as_they_were(db: Connection, processes: bool) -> None:
    set_time(db, "2025-04-01 12:00Z")
    get_user(db, "2", username="boris")
    get_user(db, "9", "discord")
    apply_event(db, "xp_change", {"xp": 510}, external_id="2")
    before = members(db)
    result = run(db, **SOURCES)
    assert members(db) != before
    if processes:
        process_all(db)
    undone = undo(db, result.run_id)
    assert members(db) == before
    assert (undone.users_removed, undone.users_kept, undone.accounts_removed) == (1, 2, 3)  # type: ignore[attr-defined]
    process_all(db)
    assert violations(db) == []


@pytest.mark.parametrize(
    "record",
    [
        {"achievements": ["first"]},
        {"daily_streak": 3},
        {"last_daily": "2025-05-01"},
        {"created_at": "2019-01-01"},
        {"last_active": "2029-01-01"},
        {"discord_id": "9"},
        {"games_won": 1},
        {"messages_sent": 1},
    ],
)
def test_whatever_alone_an_import_changes_of_a_member_is_taken_back(db: Connection, record: dict[str, object]) -> None:
    get_user(db, "1")
    set_time(db, "2029-06-01T00:00:00Z")
    before = members(db)
    result = run(db, telegram=[{"id": "1", **record}])
    assert members(db) != before
    undo(db, result.run_id)
    assert members(db) == before
    process_all(db)
    assert violations(db) == []


def test_what_was_earned_since_is_kept(db: Connection) -> None:
    get_user(db, "2", username="boris")
    result = run(db, **SOURCES)
    apply_event(db, "xp_change", {"xp": 7}, external_id="1")
    apply_event(db, "coins_change", {"coins": 9}, external_id="2")
    undone = undo(db, result.run_id)
    assert (undone.users_removed, undone.users_kept) == (1, 2)  # type: ignore[attr-defined]
    anna, boris = (profile(db, owner(db, "telegram", external_id)) for external_id in ("1", "2"))
    assert (anna.xp, anna.coins, anna.platforms, anna.achievements) == (7, 0, ["discord", "telegram"], [])
    assert (boris.xp, boris.coins, boris.platforms) == (0, 9, ["telegram"])
    process_all(db)
    assert violations(db) == []


def test_what_was_spent_since_is_not_taken_twice_and_not_given_again(db: Connection) -> None:
    result = run(db, **SOURCES)
    apply_event(db, "coins_change", {"coins": -33}, external_id="1")
    undone = undo(db, result.run_id)
    assert (undone.coins, undone.spent_coins) == (15, 33)  # type: ignore[attr-defined]
    anna = profile(db, owner(db, "telegram", "1"))
    assert (anna.coins, anna.xp) == (0, 0)
    assert violations(db) == []
    run(db, **SOURCES)
    assert profile(db, owner(db, "telegram", "1")).coins == 10
    process_all(db)
    assert violations(db) == []


def test_ranks_of_the_import_are_paid_for_when_they_are_earned_after_its_undoing(db: Connection) -> None:
    get_user(db, "2", username="boris")
    result = run(db, **SOURCES)
    assert profile(db, owner(db, "telegram", "2")).highest_rank_id == 12
    undo(db, result.run_id)
    boris = profile(db, owner(db, "telegram", "2"))
    assert (boris.rank_id, boris.highest_rank_id) == (1, 1)
    apply_event(db, "xp_change", {"xp": 500}, external_id="2")
    assert profile(db, boris.user_id).coins == 50


def test_a_rank_that_was_paid_since_is_not_paid_twice(db: Connection) -> None:
    result = run(db, telegram=[{"id": "2", "xp": 400}])
    apply_event(db, "xp_change", {"xp": 100}, external_id="2")
    undo(db, result.run_id)
    apply_event(db, "xp_change", {"xp": 400}, external_id="2")
    boris = profile(db, owner(db, "telegram", "2"))
    assert (boris.xp, boris.coins) == (500, 50)
    assert violations(db) == []


def test_the_difference_of_the_last_run_alone_is_taken_back(db: Connection) -> None:
    first = run(db, **SOURCES).run_id
    before = members(db)
    second = run(db, telegram=[{"id": "1", "xp": 650, "coins": 30}, {"id": "5", "xp": 1}]).run_id
    with refused(db, "55000") as caught:
        undo(db, first)
    assert f"Undo run {second} first" in str(caught.value.diag.message_hint)
    undo(db, second)
    assert members(db) == before
    undo(db, first)
    assert members(db) == []
    assert violations(db) == []


def test_the_same_data_can_come_again(db: Connection) -> None:
    first = run(db, **SOURCES)
    undo(db, first.run_id)
    again = run(db, **SOURCES)
    assert again._replace(run_id=0, report=None) == first._replace(run_id=0, report=None)
    assert profile(db, owner(db, "telegram", "1")).xp == 630
    process_all(db)
    assert violations(db) == []


@pytest.mark.parametrize("prepare", [lambda db: None, lambda db: load(db, telegram=[{"id": "1"}])])
def test_what_was_not_carried_out_cannot_be_undone(db: Connection, prepare: Callable[[Connection], object]) -> None:
    prepare(db)
    for run_id in (value(db, "SELECT max(id) FROM ttfd.import_runs"), 10**9, None):
        with refused(db, "55000"):
            undo(db, run_id)


def test_an_import_is_undone_once(db: Connection) -> None:
    run_id = run(db, **SOURCES).run_id
    undo(db, run_id)
    with refused(db, "55000"):
        undo(db, run_id)


def test_a_forgotten_member_is_left_alone(db: Connection) -> None:
    result = run(db, **SOURCES)
    db.execute("SELECT ttfd.forget_user(%s)", [owner(db, "telegram", "2")])
    undo(db, result.run_id)
    assert members(db) == []
    process_all(db)
    assert violations(db) == []


def test_a_part_of_an_account_is_taken_back_with_the_run_that_brought_it(db: Connection) -> None:
    run(db, discord=[{"id": "9", "xp": 100}])
    second = load(db, discord=[{"id": "9", "xp": 100}])
    add_rows(db, second, "discord", "voice", [{"id": "9", "total_voice_time": 600}])
    unify(db, second)
    undo(db, second)
    member = profile(db, owner(db, "discord", "9"))
    assert (member.xp, member.total_voice_time) == (100, 0)
