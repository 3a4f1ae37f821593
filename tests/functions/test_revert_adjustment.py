import uuid

import psycopg
import pytest

from calls import Connection, get_user, new_id, process_all, profile, refused, row, rows, together, violations
from coins import adjust, coins_of, last_data, revert, rich_user, spend
from links import merge, undo


@pytest.fixture
def adjustment(db: Connection) -> uuid.UUID:
    """An adjustment of +50 XP and -30 coins of member 1, who had 100."""
    event_id = new_id()
    adjust(db, rich_user(db), 50, -30, event_id)
    return event_id


def test_an_adjustment_is_taken_back(db: Connection, adjustment: uuid.UUID) -> None:
    event_id = new_id()
    outcome = revert(db, adjustment, event_id)
    assert tuple(outcome) == (event_id, get_user(db), "applied", -50, 30, None, 0, 100, 1, False)
    assert last_data(db, "adjustment_reverted") == {"of_event_id": str(adjustment), "reason": "it was right"}
    process_all(db)
    assert violations(db) == []


def test_an_adjustment_is_taken_back_once(db: Connection, adjustment: uuid.UUID) -> None:
    event_id = new_id()
    first = revert(db, adjustment, event_id)
    with refused(db, "P0002"):
        revert(db, adjustment)
    assert revert(db, adjustment, event_id) == first._replace(status="duplicate")
    assert coins_of(db, get_user(db)) == 100


def test_a_resend_is_known_after_the_merge_it_fell_into_is_undone(db: Connection, adjustment: uuid.UUID) -> None:
    event_id, into_id = new_id(), get_user(db, "200000000000000001", "discord")
    adjust(db, into_id, 50, 0)  # what is taken back is not what the merge moved
    merged = merge(db, into_id, get_user(db))
    first = revert(db, adjustment, event_id)
    undo(db, merged.merge_id)
    assert revert(db, adjustment, event_id)[:6] == (event_id, into_id, "duplicate", -50, 30, None)
    assert first.user_id == into_id
    assert violations(db) == []


def test_ten_reverts_at_once_take_it_back_once(db: Connection, database_url: str, adjustment: uuid.UUID) -> None:
    def try_to_revert(own: Connection) -> str:
        try:
            return str(revert(own, adjustment).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    answers = together(database_url, [try_to_revert] * 10)
    assert (answers.count("applied"), answers.count("P0002")) == (1, 9)
    assert violations(db) == []


def test_only_adjustments_are_taken_back_and_a_revert_is_none(db: Connection, adjustment: uuid.UUID) -> None:
    spent, reverted = new_id(), new_id()
    spend(db, get_user(db), 1, spent)
    revert(db, adjustment, reverted)
    for event_id in (spent, reverted, new_id()):
        with refused(db, "P0002"):
            revert(db, event_id)


def test_what_was_spent_cannot_be_taken_back(db: Connection) -> None:
    event_id, user_id = new_id(), get_user(db)
    adjust(db, user_id, 0, 40, event_id)
    spend(db, user_id, 1)
    with refused(db, "TC001"):
        revert(db, event_id)
    adjust(db, user_id, 0, 1)
    assert revert(db, event_id).total_coins == 0


def test_the_same_id_with_another_reason_is_refused(db: Connection, adjustment: uuid.UUID) -> None:
    event_id = new_id()
    revert(db, adjustment, event_id)
    with refused(db, "TE002"):
        revert(db, adjustment, event_id, "a whim")


def test_a_reason_is_required(db: Connection, adjustment: uuid.UUID) -> None:
    with refused(db, "22023"):
        revert(db, adjustment, reason=" ")


def test_it_is_taken_back_after_the_log_was_compacted(db: Connection, adjustment: uuid.UUID) -> None:
    process_all(db)
    rows(db, "SELECT * FROM ttfd.compact_events(now() + interval '1 day')")
    assert (revert(db, adjustment).xp, coins_of(db, get_user(db))) == (-50, 100)
    assert violations(db) == []


def test_it_is_taken_back_from_the_survivor_of_a_merge(db: Connection) -> None:
    survivor, merged, event_id = rich_user(db, "1"), get_user(db, "2"), new_id()
    adjust(db, merged, 0, 0, event_id)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert revert(db, event_id).user_id == survivor


def test_a_revert_is_audited(db: Connection, adjustment: uuid.UUID) -> None:
    event_id = new_id()
    revert(db, adjustment, event_id)
    line = row(db, "SELECT before, after FROM ttfd.audit_log WHERE action = 'adjustment_reverted'")
    assert line.before["event_id"] == str(adjustment)
    assert line.after == {"event_id": str(event_id), "of_event_id": str(adjustment), "reason": "it was right"}
    assert profile(db, get_user(db)).xp == 0
