from calls import Connection, get_user, row, rows, set_time
from sessions import token_hash

PREVIEW = "SELECT * FROM ttfd.preview_login_link(%s)"


def test_it_says_whose_link_it_is_as_often_as_it_is_asked(db: Connection) -> None:
    user_id = get_user(db, "5", username="anna")
    token = row(db, "SELECT token FROM ttfd.create_login_link('telegram', '5')").token
    for _ in range(3):
        assert tuple(row(db, PREVIEW, token_hash(token))) == (user_id, "anna")
    assert rows(db, PREVIEW, token_hash("another")) == []


def test_after_ten_minutes_it_says_nothing(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    token = row(db, "SELECT token FROM ttfd.create_login_link('telegram', '5')").token
    set_time(db, "2026-01-01 12:10Z")
    assert rows(db, PREVIEW, token_hash(token)) == []
