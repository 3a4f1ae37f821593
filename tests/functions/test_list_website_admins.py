from calls import Connection, get_user, rows


def test_administrators_are_listed_until_they_are_forgotten(db: Connection) -> None:
    first, second = get_user(db, "1", username="anna"), get_user(db, "2", username="ben")
    for user_id in (first, second):
        db.execute("SELECT ttfd.set_website_admin(%s, true)", [user_id])
    listed = rows(db, "SELECT user_id, display_name FROM ttfd.list_website_admins()")
    assert listed == [(first, "anna"), (second, "ben")]
    db.execute("SELECT ttfd.forget_user(%s)", [first])
    assert rows(db, "SELECT user_id FROM ttfd.list_website_admins()") == [(second,)]
