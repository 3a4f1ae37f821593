from calls import Connection, acting_as, get_user, refused, rows, set_time
from coins import add_item, buy, rich_user


def shop(db: Connection, user_id: int | None = None) -> dict[str, tuple[int, str]]:
    """Item: how many are owned, and the status."""
    return {seen.item: (seen.owned, seen.status) for seen in rows(db, "SELECT * FROM ttfd.list_shop(%s)", user_id)}


def test_the_shop_shows_what_is_on_sale_in_its_order(db: Connection) -> None:
    db.execute("UPDATE ttfd.shop_items SET is_enabled = false")
    add_item(db, "second", sort_order=2)
    add_item(db, "first", sort_order=1)
    add_item(db, "hidden", is_enabled=False)
    assert list(shop(db)) == ["first", "second"]


def test_the_shop_tells_a_member_what_can_be_bought(db: Connection) -> None:
    db.execute("DELETE FROM ttfd.shop_items")
    set_time(db, "2026-03-01 12:00Z")
    add_item(db, "fine")
    add_item(db, "dear", price=91)
    add_item(db, "gone", stock_total=0)
    add_item(db, "passing", member_limit=1, duration_seconds=60)
    user_id = rich_user(db)
    buy(db, user_id, "passing")
    wanted = {
        "fine": (0, "available"),
        "dear": (0, "too_expensive"),
        "gone": (0, "sold_out"),
        "passing": (1, "limit_reached"),
    }
    assert shop(db, user_id) == wanted
    assert shop(db) == wanted | {"dear": (0, "available"), "passing": (0, "available")}
    set_time(db, "2026-03-01 12:01Z")
    assert shop(db, user_id)["passing"] == (0, "available")


def test_the_stock_is_what_is_left(db: Connection) -> None:
    add_item(db, stock_total=3)
    buy(db, rich_user(db))
    found = rows(db, "SELECT in_stock FROM ttfd.list_shop() WHERE item IN ('thing', 'boost_hour') ORDER BY item DESC")
    assert [seen.in_stock for seen in found] == [2, None]


def test_titles_are_in_both_languages(db: Connection) -> None:
    found = rows(db, "SELECT title_ru, title_en FROM ttfd.list_shop() WHERE item = 'boost_hour'")
    assert found == [("Двойная награда на час", "Double rewards for an hour")]


def test_a_merged_member_sees_the_survivors_shop_and_a_stranger_none(db: Connection) -> None:
    survivor, merged = rich_user(db, "1"), get_user(db, "2")
    add_item(db)
    buy(db, survivor)
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert shop(db, merged)["thing"] == (1, "available")
    with refused(db, "TU001"):
        shop(db, 404)


def test_readers_may_look(db: Connection) -> None:
    with acting_as(db, "ttfd_reader"):
        assert len(shop(db)) == 4
