"""The methods that move coins: each names columns that its function has, each refusal has its class."""

import psycopg
import pytest

from ttfd import Client, errors, new_event_id


def test_every_method_names_columns_that_its_function_has(database_url: str) -> None:
    with Client(database_url) as client:
        ann, bob = (client.get_or_create_user("telegram", name).user_id for name in ("1", "2"))
        assert client.award(new_event_id(), ann, 5, 1000).total_coins == 1000
        assert client.spend_coins(new_event_id(), ann, 100, "a bet").total_coins == 900
        assert client.transfer_coins(new_event_id(), ann, bob, 200).coins == -200
        adjustment = new_event_id()
        assert client.adjust_balance(adjustment, bob, 0, -50, "a slip").total_coins == 150
        assert client.revert_adjustment(new_event_id(), adjustment, "it was right").total_coins == 200
        assert client.set_time_zone(ann, "Asia/Tokyo").time_zone == "Asia/Tokyo"
        assert client.claim_daily(new_event_id(), "telegram", "1").xp == 100
        assert client.claim_work(new_event_id(), "telegram", "1").status == "applied"
        assert client.list_shop()[0].item == client.list_shop(ann)[0].item == "boost_hour"
        assert client.buy_item(new_event_id(), ann, "boost_hour").coins == -150
        assert [bought.status for bought in client.list_inventory(ann)] == ["active"]
        assert client.set_setting("work_xp", [1, 2]).value == [1, 2]
        assert client.set_setting("transfer_fee_percent", 2.5).value == 2.5
        assert client.list_settings()[0].name == "award_maximum"
        assert client.verify_integrity() == []


def test_every_refusal_has_its_class(db: psycopg.Connection, database_url: str) -> None:
    db.execute("UPDATE ttfd.shop_items SET price = 0 WHERE member_limit = 1")
    with Client(database_url) as client:
        user_id = client.get_or_create_user("telegram", "1").user_id
        client.claim_daily(new_event_id(), "telegram", "1")
        client.buy_item(new_event_id(), user_id, "collector_badge")
        with pytest.raises(errors.NotEnoughCoinsError):
            client.spend_coins(new_event_id(), user_id, 1000)
        with pytest.raises(errors.AlreadyClaimedError) as claimed:
            client.claim_daily(new_event_id(), "telegram", "1")
        assert claimed.value.hint is not None
        assert claimed.value.hint.startswith("Possible again from ")
        with pytest.raises(errors.ItemNotAvailableError):
            client.buy_item(new_event_id(), user_id, "no_such_item")
        with pytest.raises(errors.ItemLimitError):
            client.buy_item(new_event_id(), user_id, "collector_badge")
