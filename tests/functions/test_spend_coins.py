import uuid
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    new_id,
    process_all,
    process_events,
    refused,
    rows,
    together,
    violations,
)
from coins import coins_of, last_data, rich_user, spend


def test_coins_are_taken_at_once(db: Connection) -> None:
    event_id, user_id = new_id(), rich_user(db)
    outcome = spend(db, user_id, 30, event_id)
    assert tuple(outcome) == (event_id, user_id, "applied", 0, -30, None, 0, 70, 1, False)
    assert last_data(db, "coins_spent") == {"coins": 30, "reason": "a bet"}
    assert violations(db) == []


def test_the_last_coin_can_be_spent_and_not_one_more(db: Connection) -> None:
    user_id = rich_user(db)
    with refused(db, "TC001"):
        spend(db, user_id, 101)
    assert spend(db, user_id, 100).total_coins == 0
    with refused(db, "TC001"):
        spend(db, user_id, 1)
    assert violations(db) == []


@pytest.mark.parametrize("is_processed", [False, True])
def test_a_resend_is_answered_with_the_first_outcome_though_the_coins_are_gone(
    db: Connection, is_processed: bool
) -> None:
    event_id, user_id = new_id(), rich_user(db)
    first = spend(db, user_id, 100, event_id)
    if is_processed:
        process_all(db)
    assert spend(db, user_id, 100, event_id) == first._replace(status="duplicate")


def test_a_resend_of_a_compacted_spend_takes_nothing(db: Connection) -> None:
    event_id, user_id = new_id(), rich_user(db)
    spend(db, user_id, 10, event_id)
    process_all(db)
    rows(db, "SELECT * FROM ttfd.compact_events(now() + interval '1 day')")
    assert (lambda again: (again.status, again.note, again.total_coins))(spend(db, user_id, 10, event_id)) == (
        "duplicate",
        "compacted",
        90,
    )
    assert violations(db) == []


@pytest.mark.parametrize("other", [{"coins": 31}, {"reason": "a loss"}, {"user_id": 2}])
@pytest.mark.parametrize("is_processed", [False, True])
def test_the_same_id_with_other_content_is_refused(db: Connection, other: dict[str, Any], is_processed: bool) -> None:
    sent: dict[str, Any] = {"user_id": rich_user(db, "1"), "coins": 30, "event_id": new_id()}
    second = rich_user(db, "2")
    spend(db, **sent)
    if is_processed:
        process_all(db)
    with refused(db, "TE002"):
        spend(db, **(sent | other | ({"user_id": second} if "user_id" in other else {})))


def test_the_id_of_an_event_of_another_kind_is_refused(db: Connection) -> None:
    event_id, user_id = new_id(), rich_user(db)
    apply_event(db, "message_sent", event_id=event_id)
    with refused(db, "TE002"):
        spend(db, user_id, 30, event_id)


@pytest.mark.parametrize("coins", [0, -5, None])
def test_less_than_one_coin_is_refused(db: Connection, coins: int | None) -> None:
    with refused(db, "TE003"):
        spend(db, rich_user(db), coins)


def test_a_platform_speaks_for_those_who_have_an_account_there(db: Connection) -> None:
    user_id = rich_user(db)
    with acting_as(db, "ttfd_telegram"):
        assert spend(db, user_id, 1).status == "applied"
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        spend(db, user_id, 1)
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '7')", user_id)
    with acting_as(db, "ttfd_discord"):
        assert spend(db, user_id, 1).status == "applied"


def test_nobody_spends_who_does_not_exist(db: Connection) -> None:
    with refused(db, "TU001"):
        spend(db, 404, 1)


def test_a_spend_needs_read_committed(db: Connection, database_url: str) -> None:
    user_id = rich_user(db)
    with psycopg.connect(database_url) as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            spend(own, user_id, 1)


def test_100_simultaneous_spends_of_a_balance_for_10_succeed_10_times(db: Connection, database_url: str) -> None:
    user_id = rich_user(db, coins=100)

    def try_to_spend(own: Connection) -> str:
        try:
            return str(spend(own, user_id, 10).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    def work(own: Connection) -> str:
        for _ in range(20):
            process_events(own, 3)
        return "worked"

    answers = [answer for _ in range(2) for answer in together(database_url, [try_to_spend] * 50 + [work])]
    assert (answers.count("applied"), answers.count("TC001")) == (10, 90)
    assert coins_of(db, user_id) == 0
    process_all(db)
    assert violations(db) == []


def test_the_same_spend_sent_by_20_threads_takes_once(db: Connection, database_url: str) -> None:
    event_id, user_id = new_id(), rich_user(db)
    outcomes = together(database_url, [lambda own: spend(own, user_id, 60, event_id)] * 20)
    assert [outcome.status for outcome in outcomes].count("applied") == 1
    assert coins_of(db, user_id) == 40


def test_the_same_id_sent_for_two_members_at_once_is_one_spend(db: Connection, database_url: str) -> None:
    users = [rich_user(db, str(number)) for number in range(1, 3)]

    def try_to_spend(own: Connection, user_id: int, event_id: uuid.UUID) -> str:
        try:
            return str(spend(own, user_id, 10, event_id).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    for _ in range(10):
        event_id = new_id()
        jobs = [
            lambda own, user_id=user_id, event_id=event_id: try_to_spend(own, user_id, event_id) for user_id in users
        ]
        assert sorted(together(database_url, jobs)) == ["TE002", "applied"]
    assert sum(coins_of(db, user_id) for user_id in users) == 100
    assert violations(db) == []
