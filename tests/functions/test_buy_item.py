from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    new_id,
    process_all,
    record_event,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
)
from coins import add_item, buy, coins_of, last_data, rich_user

HOUR = 3600


def try_to_buy(own: Connection, user_id: int) -> str:
    try:
        return str(buy(own, user_id).status)
    except psycopg.Error as error:
        return str(error.sqlstate)


def test_a_purchase_takes_the_price_and_is_in_the_inventory(db: Connection) -> None:
    add_item(db, price=30)
    event_id, user_id = new_id(), rich_user(db)
    assert tuple(buy(db, user_id, event_id=event_id)) == (event_id, user_id, "applied", 0, -30, None, 0, 70, 1, False)
    assert value(db, "SELECT event_id FROM ttfd.list_inventory(%s)", user_id) == event_id
    assert value(db, "SELECT sold FROM ttfd.shop_items WHERE name = 'thing'") == 1
    process_all(db)
    assert violations(db) == []


def test_the_feed_tells_the_bots_what_to_do(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    add_item(db, price=30, duration_seconds=HOUR, effect={"role": {"discord": "123"}})
    buy(db, rich_user(db))
    assert last_data(db, "purchase") == {
        "item": "thing",
        "price": 30,
        "effect": {"role": {"discord": "123"}},
        "starts_at": "2026-03-01T12:00:00+00:00",
        "expires_at": "2026-03-01T13:00:00+00:00",
    }


def test_the_balance_has_to_cover_the_price(db: Connection) -> None:
    add_item(db, price=101, stock_total=1)
    user_id = rich_user(db)
    with refused(db, "TC001"):
        buy(db, user_id)
    assert rows(db, "SELECT * FROM ttfd.list_inventory(%s)", user_id) == []
    assert value(db, "SELECT sold FROM ttfd.shop_items WHERE name = 'thing'") == 0


@pytest.mark.parametrize("columns", [{"is_enabled": False}, {"stock_total": 0}])
def test_what_is_not_on_sale_or_sold_out_is_refused(db: Connection, columns: dict[str, Any]) -> None:
    add_item(db, **columns)
    for item in ("thing", "nothing", None):
        with refused(db, "TC003"):
            buy(db, rich_user(db), item)  # type: ignore[arg-type]


def test_a_member_has_no_more_than_the_limit_at_a_time(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    add_item(db, member_limit=2, duration_seconds=HOUR)
    user_id = rich_user(db)
    buy(db, user_id)
    buy(db, user_id)
    with refused(db, "TC004"):
        buy(db, user_id)
    assert buy(db, rich_user(db, "2")).status == "applied"
    set_time(db, "2026-03-01 13:00Z")
    assert buy(db, user_id).status == "applied"
    with refused(db, "TC004"):
        buy(db, user_id)


def test_a_resend_is_answered_with_the_first_outcome_whatever_became_of_the_item(db: Connection) -> None:
    add_item(db, price=100, stock_total=1, member_limit=1)
    event_id, user_id = new_id(), rich_user(db)
    first = buy(db, user_id, event_id=event_id)
    db.execute("UPDATE ttfd.shop_items SET price = 7, is_enabled = false")
    assert buy(db, user_id, event_id=event_id) == first._replace(status="duplicate")
    process_all(db)
    assert buy(db, user_id, event_id=event_id) == first._replace(status="duplicate")
    assert coins_of(db, user_id) == 0


def test_the_same_id_with_other_content_is_refused(db: Connection) -> None:
    add_item(db)
    add_item(db, "other")
    event_id, user_id = new_id(), rich_user(db)
    buy(db, user_id, event_id=event_id)
    with refused(db, "TE002"):
        buy(db, user_id, "other", event_id)
    with refused(db, "TE002"):
        buy(db, rich_user(db, "2"), event_id=event_id)


@pytest.mark.parametrize("send", [apply_event, record_event])
def test_a_bought_boost_multiplies_what_its_buyer_earns_while_it_lasts(db: Connection, send: Any) -> None:
    set_time(db, "2026-03-01 12:00Z")
    add_item(db, duration_seconds=HOUR, effect={"boost": 2.5, "event_types": ["game_played"]})
    buy(db, rich_user(db))
    get_user(db, "2")
    for moment, external_id, event_type in [
        ("12:59", "1", "game_played"),
        ("12:59", "2", "game_played"),
        ("12:59", "1", "message_sent"),
        ("13:00", "1", "game_played"),
    ]:
        set_time(db, f"2026-03-01 {moment}Z")
        send(db, event_type, {"xp": 10} if event_type == "game_played" else None, external_id=external_id)
    process_all(db)
    earned = rows(db, "SELECT xp FROM ttfd.read_feed(0, ARRAY['game_played', 'message_sent'])")
    assert [event.xp for event in earned] == [25, 10, 5, 10]


def test_a_second_boost_begins_when_the_first_ends(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    add_item(db, duration_seconds=HOUR, effect={"boost": 2})
    user_id = rich_user(db)
    buy(db, user_id)
    buy(db, user_id)
    set_time(db, "2026-03-01 13:59Z")
    assert apply_event(db, "game_played", {"xp": 10}).xp == 20
    set_time(db, "2026-03-01 14:00Z")
    assert apply_event(db, "game_played", {"xp": 10}).xp == 10
    set_time(db, "2026-03-01 15:00Z")
    buy(db, user_id)
    assert apply_event(db, "game_played", {"xp": 10}).xp == 20


def test_the_shop_opens_with_items_that_work(db: Connection) -> None:
    user_id = rich_user(db, coins=100_000)
    for item in rows(db, "SELECT item FROM ttfd.list_shop()"):
        assert buy(db, user_id, item.item).status == "applied"
    assert violations(db) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"effect": {"boost": 2}},
        {"effect": {"boost": 0}, "duration_seconds": HOUR},
        {"effect": {"boost": 101}, "duration_seconds": HOUR},
        {"effect": {"boost": "2"}, "duration_seconds": HOUR},
        {"effect": {"boost": 2, "event_types": []}, "duration_seconds": HOUR},
        {"effect": {"boost": 2, "event_types": [1]}, "duration_seconds": HOUR},
        {"effect": {"boost": 2, "event_types": "work"}, "duration_seconds": HOUR},
        {"effect": {"event_types": ["work"]}},
        {"effect": {"role": "123"}},
        {"effect": []},
        {"price": -1},
        {"stock_total": 1, "sold": 2},
        {"member_limit": 0},
    ],
)
def test_an_item_that_could_not_be_sold_cannot_be_put_into_the_shop(db: Connection, columns: dict[str, Any]) -> None:
    with refused(db, "23514"):
        add_item(db, **columns)


def test_a_platform_speaks_for_those_who_have_an_account_there(db: Connection) -> None:
    add_item(db)
    user_id = rich_user(db)
    with acting_as(db, "ttfd_telegram"):
        assert buy(db, user_id).status == "applied"
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        buy(db, user_id)


def test_50_buyers_of_an_item_with_stock_10_get_10(db: Connection, database_url: str) -> None:
    add_item(db, stock_total=10)
    users = [rich_user(db, str(number)) for number in range(1, 51)]
    answers = together(database_url, [lambda own, user_id=user_id: try_to_buy(own, user_id) for user_id in users])
    assert (answers.count("applied"), answers.count("TC003")) == (10, 40)
    assert tuple(
        row(db, "SELECT sold, (SELECT count(*) FROM ttfd.purchases) FROM ttfd.shop_items WHERE stock_total = 10")
    ) == (
        10,
        10,
    )
    assert sum(coins_of(db, user_id) for user_id in users) == 50 * 100 - 10 * 10
    assert violations(db) == []


def test_a_member_who_buys_20_times_at_once_gets_the_limit(db: Connection, database_url: str) -> None:
    add_item(db, member_limit=3)
    user_id = rich_user(db, coins=1000)
    answers = together(database_url, [lambda own: try_to_buy(own, user_id)] * 20)
    assert (answers.count("applied"), answers.count("TC004")) == (3, 17)
    assert violations(db) == []


def test_the_same_id_sent_for_two_buyers_at_once_is_one_purchase(db: Connection, database_url: str) -> None:
    add_item(db)
    users, event_id = [rich_user(db, "1"), rich_user(db, "2")], new_id()

    def try_to(own: Connection, user_id: int) -> str:
        try:
            return str(buy(own, user_id, event_id=event_id).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    answers = together(database_url, [lambda own, user_id=user_id: try_to(own, user_id) for user_id in users])
    assert sorted(answers) == ["TE002", "applied"]
