from calls import Connection, acting_as, rows
from coins import add_item, buy, rich_user


def test_every_change_of_an_item_is_audited(db: Connection) -> None:
    with acting_as(db, "ttfd_admin"):
        add_item(db)
        db.execute("UPDATE ttfd.shop_items SET price = 20 WHERE name = 'thing'")
        db.execute("DELETE FROM ttfd.shop_items WHERE name = 'thing'")
    written = rows(db, "SELECT action, role, before, after FROM ttfd.audit_log ORDER BY id")
    assert [line.action for line in written] == ["shop_item_insert", "shop_item_update", "shop_item_delete"]
    assert {line.role for line in written} == {"ttfd_admin"}
    assert (written[1].before["price"], written[1].after["price"]) == (10, 20)
    assert (written[0].before, written[2].after) == (None, None)


def test_a_sale_is_not(db: Connection) -> None:
    add_item(db)
    buy(db, rich_user(db))
    assert [line.action for line in rows(db, "SELECT action FROM ttfd.audit_log")] == ["shop_item_insert"]
