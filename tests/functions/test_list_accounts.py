from calls import Connection, get_user, refused, rows


def test_accounts_are_listed_without_their_ids(db: Connection) -> None:
    user_id = get_user(db, "770077", username="anna")
    db.execute("SELECT ttfd.link_verified_account(%s, 'discord', '880088', 'disco')", [user_id])
    found = rows(db, "SELECT * FROM ttfd.list_accounts(%s)", user_id)
    assert {(f.platform, f.username, f.link_method) for f in found} == {
        ("telegram", "anna", "first_contact"),
        ("discord", "disco", "verified"),
    }
    assert "770077" not in str(found) and "880088" not in str(found)
    with refused(db, "TU001"):
        db.execute("SELECT ttfd.list_accounts(404)")
