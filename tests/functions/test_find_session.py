from calls import Connection, get_user, row, rows, set_time
from sessions import start_session, token_hash

FIND = "SELECT * FROM ttfd.find_session(%s)"


def test_a_session_is_known_by_its_token(db: Connection) -> None:
    user_id = start_session(db, get_user(db, username="anna"), method="discord")
    found = row(db, FIND, token_hash())
    assert (found.user_id, found.display_name, found.method, found.is_admin) == (user_id, "anna", "discord", False)


def test_another_token_is_nobody(db: Connection) -> None:
    start_session(db, get_user(db))
    for other in (token_hash("another"), b"", None):
        assert rows(db, FIND, other) == []


def test_an_expired_session_is_nobody(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    start_session(db, get_user(db))
    set_time(db, "2026-01-31 11:59Z")
    assert rows(db, FIND, token_hash())
    set_time(db, "2026-01-31 12:00Z")
    assert rows(db, FIND, token_hash()) == []
