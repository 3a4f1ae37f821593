"""forget_user amid traffic: what is pending, late or under way is neither lost nor made up."""

from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    listening,
    new_id,
    process_all,
    record_event,
    refused,
    row,
    rows,
    together,
    value,
    violations,
    while_blocked,
)
from forgetting import forget
from whole_state import mentions


def test_what_is_pending_is_applied_and_counted_for_nobody(db: Connection) -> None:
    user_id = get_user(db)
    record_event(db, "game_played", {"xp": 30, "coins": 4, "against": "boris"})
    forget(db, user_id)
    assert tuple(row(db, "SELECT xp, coins, games_played FROM ttfd.unified_users")) == (30, 4, 1)
    assert mentions(db, "boris") == {}


def test_what_arrives_late_is_applied_and_blacked_out_by_another_call(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with psycopg.connect(database_url) as sender:
        record_event(sender, "game_played", {"xp": 30, "against": "boris"})
        forget(db, user_id)
        sender.commit()
    process_all(db)
    assert value(db, "SELECT xp FROM ttfd.unified_users WHERE id = %s", user_id) == 30
    assert forget(db, user_id) == "already_forgotten"
    assert mentions(db, "boris") == {}
    assert violations(db) == []


def test_the_doorbells_ring(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with listening(database_url, "ttfd_events") as events, listening(database_url, "ttfd_feed") as feed:
        record_event(db)
        events(db)
        forget(db, user_id)
        assert (events(db), feed(db)) == (1, 1)


def test_another_isolation_level_is_refused(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with psycopg.connect(database_url) as own:
        own.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with refused(own, "0A000"):
            forget(own, user_id)


def test_an_award_that_meets_the_forgetting_is_refused_and_leaves_nothing(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with psycopg.connect(database_url) as holder:
        forget(holder, user_id)
        with pytest.raises(psycopg.Error) as caught:
            while_blocked(database_url, holder, lambda own: apply_event(own, "game_played", {"xp": 5}))
    assert caught.value.sqlstate == "TU001"
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 0
    assert apply_event(db, "game_played", {"xp": 5}).status == "applied"
    assert violations(db) == []


def test_forgetting_in_the_midst_of_traffic_loses_and_makes_up_nothing(db: Connection, database_url: str) -> None:
    members = [str(number) for number in range(1, 9)]

    def send(own: Connection) -> int:
        applied = 0
        for number in range(60):
            try:
                apply_event(own, "xp_change", {"xp": 1}, new_id(), members[number % 8])
                applied += 1
            except psycopg.Error as error:
                assert error.sqlstate == "TU001"
            record_event(own, "xp_change", {"xp": 1}, external_id=members[number % 8])
        return applied + 60

    def work(own: Connection) -> int:
        for _ in range(40):
            own.execute("SELECT ttfd.process_events(50)")
        return 0

    def forget_all(own: Connection) -> int:
        for _ in range(4):
            for external_id in members:
                for found in rows(own, "SELECT user_id FROM ttfd.find_user('telegram', %s)", external_id):
                    forget(own, found.user_id)
        return 0

    jobs: list[Any] = [send] * 4 + [work, forget_all, forget_all]
    sent = sum(together(database_url, jobs))
    process_all(db)
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == sent
    assert value(db, "SELECT count(*) FROM ttfd.failed_events") == 0
    assert violations(db) == []
