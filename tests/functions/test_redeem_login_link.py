from calls import Connection, get_user, row, rows, set_time
from sessions import token_hash

REDEEM = "SELECT * FROM ttfd.redeem_login_link(%s, %s)"


def make(db: Connection, external_id: str = "5") -> bytes:
    return token_hash(row(db, "SELECT token FROM ttfd.create_login_link('telegram', %s)", external_id).token)


def test_a_link_logs_in_once(db: Connection) -> None:
    link, user_id = make(db), get_user(db, "5")
    assert row(db, REDEEM, link, token_hash("one")).user_id == user_id
    assert rows(db, REDEEM, link, token_hash("two")) == []
    session = row(db, "SELECT user_id, method FROM ttfd.website_sessions")
    assert tuple(session) == (user_id, "telegram")


def test_a_link_expires(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    link = make(db)
    set_time(db, "2026-01-01 12:10Z")
    assert rows(db, REDEEM, link, token_hash("one")) == []


def test_the_link_of_who_was_merged_logs_the_survivor_in(db: Connection) -> None:
    into, gone = get_user(db, "1", "discord"), get_user(db, "5")
    link = make(db)
    db.execute("SELECT ttfd.merge_users(%s, %s)", [into, gone])
    assert row(db, REDEEM, link, token_hash("one")).user_id == into
