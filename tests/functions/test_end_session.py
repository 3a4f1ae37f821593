from calls import Connection, get_user, rows, value
from sessions import start_session, token_hash


def test_one_browser_is_logged_out(db: Connection) -> None:
    user_id = start_session(db, get_user(db), "one")
    start_session(db, user_id, "two")
    assert value(db, "SELECT ended FROM ttfd.end_session(%s)", token_hash("one")) == 1
    assert value(db, "SELECT ended FROM ttfd.end_session(%s)", token_hash("one")) == 0
    assert rows(db, "SELECT user_id FROM ttfd.find_session(%s)", token_hash("two"))
