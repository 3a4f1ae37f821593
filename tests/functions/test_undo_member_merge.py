from calls import Connection, acting_as, get_user, refused, row, value
from sessions import start_session

UNDO = "SELECT * FROM ttfd.undo_member_merge(%s, %s)"


def test_a_member_undoes_a_merge_of_its_own_and_of_nobody_else(db: Connection) -> None:
    mine, other = get_user(db), get_user(db, "9", "discord")
    merge_id = row(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s)", mine, other).merge_id
    start_session(db, mine)
    stranger = start_session(db, get_user(db, "3"), "stranger")
    with acting_as(db, "ttfd_website"):
        with refused(db, "P0002"):
            db.execute(UNDO, [merge_id, stranger])
        assert row(db, UNDO, merge_id, mine).from_id == other
    assert value(db, "SELECT count(*) FROM ttfd.website_sessions WHERE user_id IN (%s, %s)", mine, other) == 0


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(UNDO, [1, user_id])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(UNDO, [1, user_id])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(UNDO, [1, user_id])
