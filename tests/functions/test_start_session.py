from calls import Connection, get_user, refused, row
from sessions import start_session, token_hash


def test_a_merged_member_is_let_in_as_the_survivor(db: Connection) -> None:
    into, gone = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute("SELECT ttfd.merge_users(%s, %s)", [into, gone])
    assert start_session(db, gone) == into
    assert row(db, "SELECT user_id FROM ttfd.find_session(%s)", token_hash()).user_id == into


def test_nobody_gets_no_session(db: Connection) -> None:
    with refused(db, "TU001"):
        start_session(db, 404)
