from calls import Connection, acting_as, get_user, refused, row, rows
from sessions import start_session

SET = "SELECT * FROM ttfd.set_member_language(%s, %s)"


def test_it_holds_for_all_accounts(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    db.execute("SELECT ttfd.link_verified_account(%s, 'discord', '9')", [user_id])
    db.execute("SELECT ttfd.set_language('discord', '9', 'en')")
    with acting_as(db, "ttfd_website"):
        assert tuple(row(db, SET, user_id, "ru")) == (user_id, "ru")
    assert rows(db, "SELECT language FROM ttfd.account_preferences") == [("ru",), ("ru",)]
    assert row(db, "SELECT language FROM ttfd.get_account(%s)", user_id).language == "ru"


def test_another_language_is_refused(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    with refused(db, "23514"):
        db.execute(SET, [user_id, "xx"])


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(SET, [user_id, "ru"])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(SET, [user_id, "ru"])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(SET, [user_id, "ru"])
