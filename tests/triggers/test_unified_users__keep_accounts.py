from calls import Connection, get_user, refused, value


def test_a_member_with_accounts_is_not_deleted(db: Connection) -> None:
    get_user(db, "1")
    with refused(db, "23503"):
        db.execute("DELETE FROM ttfd.unified_users")
    db.execute("INSERT INTO ttfd.unified_users (id) VALUES (500)")
    db.execute("DELETE FROM ttfd.unified_users WHERE id = 500")
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 1
