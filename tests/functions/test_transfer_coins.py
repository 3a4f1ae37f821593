import random
import threading
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    get_user,
    new_id,
    process_all,
    refused,
    rows,
    set_time,
    together,
    value,
    violations,
    while_blocked,
)
from coins import coins_of, last_data, rich_user, set_setting, transfer


@pytest.fixture
def pair(db: Connection) -> tuple[int, int]:
    """A member with 100 coins and one with none."""
    return rich_user(db, "1"), get_user(db, "2")


def test_coins_change_hands_at_once(db: Connection, pair: tuple[int, int]) -> None:
    event_id = new_id()
    outcome = transfer(db, *pair, 30, event_id)
    assert tuple(outcome) == (event_id, pair[0], "applied", 0, -30, None, 0, 70, 1, False)
    assert [coins_of(db, user_id) for user_id in pair] == [70, 30]
    assert violations(db) == []


def test_both_sides_see_it_in_their_history(db: Connection, pair: tuple[int, int]) -> None:
    transfer(db, *pair, 30)
    process_all(db)
    seen = [
        rows(db, "SELECT event_type, coins, data FROM ttfd.list_history(%s, NULL, 1)", user_id)[0] for user_id in pair
    ]
    data = {"coins": 30, "fee": 0, "from_user_id": pair[0], "to_user_id": pair[1]}
    assert seen == [("transfer_sent", -30, data), ("transfer_received", 30, data)]


def test_the_sender_pays_the_fee_on_top_rounded_up_and_nobody_gets_it(db: Connection, pair: tuple[int, int]) -> None:
    set_setting(db, "transfer_fee_percent", 2.5)
    assert transfer(db, *pair, 41).coins == -43
    assert [coins_of(db, user_id) for user_id in pair] == [57, 41]
    assert last_data(db, "transfer_sent")["fee"] == 2
    assert violations(db) == []


def test_the_balance_has_to_cover_the_fee(db: Connection, pair: tuple[int, int]) -> None:
    set_setting(db, "transfer_fee_percent", 10)
    with refused(db, "TC001"):
        transfer(db, *pair, 91)
    assert transfer(db, *pair, 90).total_coins == 1


@pytest.mark.parametrize("is_processed", [False, True])
def test_a_resend_is_answered_with_the_first_outcome(db: Connection, pair: tuple[int, int], is_processed: bool) -> None:
    event_id = new_id()
    first = transfer(db, *pair, 100, event_id)
    if is_processed:
        process_all(db)
    set_setting(db, "transfer_fee_percent", 50)
    set_setting(db, "transfer_daily_limit", 0)
    assert transfer(db, *pair, 100, event_id) == first._replace(status="duplicate")
    assert [coins_of(db, user_id) for user_id in pair] == [0, 100]
    assert violations(db) == []


@pytest.mark.parametrize("is_processed", [False, True])
def test_the_same_id_with_other_content_is_refused(db: Connection, pair: tuple[int, int], is_processed: bool) -> None:
    third, event_id = rich_user(db, "3"), new_id()
    transfer(db, *pair, 30, event_id)
    if is_processed:
        process_all(db)
    for other in ((*pair, 31), (pair[0], third, 30), (third, pair[1], 30), (pair[1], pair[0], 30)):
        with refused(db, "TE002"):
            transfer(db, *other, event_id)


def test_a_resend_is_known_after_a_merge_of_the_receiver(db: Connection, pair: tuple[int, int]) -> None:
    survivor, event_id = get_user(db, "3"), new_id()
    transfer(db, *pair, 30, event_id)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, pair[1]])
    for receiver in (pair[1], survivor):
        assert transfer(db, pair[0], receiver, 30, event_id).status == "duplicate"


def test_coins_for_a_merged_member_reach_the_survivor(db: Connection, pair: tuple[int, int]) -> None:
    survivor = get_user(db, "3", "discord")
    db.execute("SELECT ttfd.merge_users(%s, %s)", [survivor, pair[1]])
    transfer(db, *pair, 30)
    assert coins_of(db, survivor) == 30
    assert violations(db) == []


def test_nobody_sends_to_themselves(db: Connection, pair: tuple[int, int]) -> None:
    with refused(db, "22023"):
        transfer(db, pair[0], pair[0], 1)
    merged = get_user(db, "3")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [pair[0], merged])
    with refused(db, "22023"):
        transfer(db, pair[0], merged, 1)


@pytest.mark.parametrize("coins", [0, -1, 4, None])
def test_less_than_the_minimum_is_refused(db: Connection, pair: tuple[int, int], coins: int | None) -> None:
    set_setting(db, "transfer_minimum", 5)
    with refused(db, "TE003"):
        transfer(db, *pair, coins)
    assert transfer(db, *pair, 5).status == "applied"


def test_the_daily_limit_counts_what_was_sent_in_the_utc_day(db: Connection, pair: tuple[int, int]) -> None:
    set_setting(db, "transfer_daily_limit", 50)
    set_time(db, "2026-03-01 23:00Z")
    transfer(db, *pair, 20)
    transfer(db, *pair, 30)
    with refused(db, "TE003") as caught:
        transfer(db, *pair, 1)
    assert caught.value.diag.message_hint == "Allowed now: from 1 to 0."
    assert transfer(db, pair[1], pair[0], 50).status == "applied"
    set_time(db, "2026-03-02 00:00Z")
    assert transfer(db, *pair, 50).status == "applied"


def test_a_refused_transfer_does_not_count(db: Connection, pair: tuple[int, int]) -> None:
    set_setting(db, "transfer_daily_limit", 150)
    with refused(db, "TC001"):
        transfer(db, *pair, 101)
    assert transfer(db, *pair, 100).status == "applied"


def test_a_platform_speaks_for_the_sender_and_pays_to_anybody(db: Connection, pair: tuple[int, int]) -> None:
    stranger = get_user(db, "3", "discord")
    with acting_as(db, "ttfd_telegram"):
        assert transfer(db, pair[0], stranger, 10).status == "applied"
        with refused(db, "TP001"):
            transfer(db, stranger, pair[0], 10)


@pytest.mark.parametrize("ids", [(1, 404), (404, 1), (1, None)])
def test_nobody_sends_or_receives_who_does_not_exist(db: Connection, ids: tuple[int, int | None]) -> None:
    user_id = rich_user(db)
    with refused(db, "TU001"):
        transfer(db, *(user_id if number == 1 else number for number in ids), 1)  # type: ignore[arg-type]


def test_an_event_that_sits_on_the_receivers_id_undoes_the_whole_transfer(
    db: Connection, pair: tuple[int, int]
) -> None:
    event_id = new_id()
    taken = value(db, "SELECT ttfd.derive_event_id(%s, 'transfer_received')", event_id)
    rows(db, "SELECT * FROM ttfd.apply_event(%s, 'telegram', '9', 'message_sent')", taken)
    with refused(db, "TE002"):
        transfer(db, *pair, 10, event_id)
    assert [coins_of(db, user_id) for user_id in pair] == [100, 0]


def test_a_member_who_is_merged_while_we_wait_is_paid_as_the_survivor(
    db: Connection, database_url: str, pair: tuple[int, int]
) -> None:
    survivor = get_user(db, "3", "discord")
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT status FROM ttfd.merge_users(%s, %s)", [survivor, pair[1]])
        while_blocked(database_url, holder, lambda own: transfer(own, *pair, 30))
    assert (coins_of(db, pair[0]), coins_of(db, survivor)) == (70, 30)
    assert violations(db) == []


def test_transfers_crosswise_from_many_threads_never_deadlock_and_keep_the_sum(
    db: Connection, database_url: str
) -> None:
    users = [rich_user(db, str(number), 1000) for number in range(1, 5)]
    set_setting(db, "transfer_daily_limit", 1_000_000)
    seeds = iter(range(100))
    lock = threading.Lock()

    def send(own: Connection) -> list[Any]:
        with lock:
            dice = random.Random(next(seeds))
        states = []
        for _ in range(40):
            pair = dice.sample(users[:2] if dice.random() < 0.5 else users, 2)
            try:
                states.append(transfer(own, *pair, dice.randint(1, 400)).status)
            except psycopg.Error as error:
                states.append(error.sqlstate)
        return states

    def work(own: Connection) -> list[Any]:
        for _ in range(40):
            rows(own, "SELECT * FROM ttfd.process_events(5)")
        return []

    states = {state for answer in together(database_url, [send] * 16 + [work]) for state in answer}
    assert states <= {"applied", "TC001"}
    assert "applied" in states
    assert sum(coins_of(db, user_id) for user_id in users) == 4000
    process_all(db)
    assert violations(db) == []
