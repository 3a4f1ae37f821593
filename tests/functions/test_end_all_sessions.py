from calls import Connection, get_user, refused, value
from sessions import start_session


def test_every_browser_of_a_member_is_logged_out_and_no_other(db: Connection) -> None:
    user_id = start_session(db, get_user(db), "one")
    start_session(db, user_id, "two")
    start_session(db, get_user(db, "2"), "another")
    assert value(db, "SELECT ended FROM ttfd.end_all_sessions(%s)", user_id) == 2
    assert value(db, "SELECT count(*) FROM ttfd.website_sessions") == 1
    with refused(db, "TU001"):
        db.execute("SELECT ttfd.end_all_sessions(404)")
