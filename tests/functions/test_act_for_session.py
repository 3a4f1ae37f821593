from calls import Connection, get_user, refused, rows, value
from sessions import start_session, token_hash

ACT = "SELECT user_id FROM ttfd.act_for_session(%s)"


def test_the_audit_log_names_the_member_until_the_transaction_ends(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    db.execute("SELECT ttfd.set_website_admin(%s, true)", [user_id])
    with db.transaction():
        assert value(db, ACT, token_hash()) == user_id
        db.execute("SELECT ttfd.audit('one', NULL, NULL)")
    db.execute("RESET ttfd.on_behalf_of")
    db.execute("SELECT ttfd.audit('two', NULL, NULL)")
    lines = rows(db, "SELECT action, on_behalf_of FROM ttfd.audit_log WHERE action IN ('one', 'two') ORDER BY id")
    assert lines == [("one", user_id), ("two", None)]


def test_a_member_who_is_no_administrator_is_refused(db: Connection) -> None:
    start_session(db, get_user(db))
    for token in (token_hash(), token_hash("another"), None):
        with refused(db, "TP001"):
            db.execute(ACT, [token])
