from calls import Connection, acting_as, get_user, refused, row, rows, value
from sessions import start_session, token_hash

SET = "SELECT * FROM ttfd.set_website_admin(%s, %s)"


def is_admin(db: Connection, token: str = "a token") -> bool:  # noqa: S107
    return bool(value(db, "SELECT is_admin FROM ttfd.find_session(%s)", token_hash(token)))


def test_a_member_is_an_administrator_as_long_as_it_is_said(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    assert not is_admin(db)
    for wanted in (True, True, False, False):
        assert tuple(row(db, SET, user_id, wanted)) == (user_id, wanted)
        assert is_admin(db) is wanted
    lines = rows(
        db, "SELECT after -> 'is_admin' FROM ttfd.audit_log WHERE action = 'website_admin_changed' ORDER BY id"
    )
    assert lines == [(True,), (False,)]


def test_the_right_follows_a_merge_and_its_undoing(db: Connection) -> None:
    into, gone = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute(SET, [gone, True])
    merge_id = row(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s)", into, gone).merge_id
    start_session(db, into)
    assert is_admin(db)
    db.execute("SELECT ttfd.undo_merge(%s)", [merge_id])
    start_session(db, into)
    assert not is_admin(db)
    start_session(db, gone, "other")
    assert is_admin(db, "other")


def test_taking_it_from_the_survivor_takes_it_from_all(db: Connection) -> None:
    into, gone = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute(SET, [gone, True])
    db.execute("SELECT ttfd.merge_users(%s, %s)", [into, gone])
    assert tuple(row(db, SET, into, False)) == (into, False)


def test_the_website_cannot_make_one(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "42501"):
        db.execute(SET, [user_id, True])
