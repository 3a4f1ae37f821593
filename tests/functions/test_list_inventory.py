from calls import Connection, get_user, refused, rows, set_time
from coins import add_item, buy, rich_user


def inventory(db: Connection, user_id: int) -> list[tuple[str, str]]:
    """Item and status."""
    return [(seen.item, seen.status) for seen in rows(db, "SELECT * FROM ttfd.list_inventory(%s)", user_id)]


def test_the_inventory_shows_what_holds_what_waits_and_what_is_over(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    add_item(db, "passing", duration_seconds=3600)
    add_item(db, "lasting")
    user_id = rich_user(db)
    buy(db, user_id, "lasting")
    set_time(db, "2026-03-01 12:30Z")
    buy(db, user_id, "passing")
    buy(db, user_id, "passing")
    assert inventory(db, user_id) == [("passing", "waiting"), ("passing", "active"), ("lasting", "active")]
    set_time(db, "2026-03-01 13:30Z")
    assert inventory(db, user_id) == [("passing", "active"), ("passing", "expired"), ("lasting", "active")]


def test_a_purchase_keeps_its_price_and_effect_whatever_the_shop_says_later(db: Connection) -> None:
    add_item(db, price=10, effect={"role": {"discord": "1"}})
    user_id = rich_user(db)
    buy(db, user_id)
    db.execute("UPDATE ttfd.shop_items SET price = 99, effect = '{}', is_enabled = false")
    (seen,) = rows(db, "SELECT price, effect, expires_at FROM ttfd.list_inventory(%s)", user_id)
    assert tuple(seen) == (10, {"role": {"discord": "1"}}, None)


def test_an_item_that_was_sold_is_taken_off_sale_not_deleted(db: Connection) -> None:
    add_item(db)
    buy(db, rich_user(db))
    with refused(db, "23503"):
        db.execute("DELETE FROM ttfd.shop_items WHERE name = 'thing'")


def test_everybody_has_an_inventory_of_their_own(db: Connection) -> None:
    add_item(db)
    buy(db, rich_user(db))
    assert inventory(db, get_user(db, "2")) == []
    with refused(db, "TU001"):
        inventory(db, 404)
