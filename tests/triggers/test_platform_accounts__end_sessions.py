from calls import Connection, get_user, row, value
from sessions import start_session


def sessions(db: Connection) -> int:
    return int(value(db, "SELECT count(*) FROM ttfd.website_sessions"))


def test_a_merge_and_its_undoing_log_both_out(db: Connection) -> None:
    mine, other = get_user(db), get_user(db, "9", "discord")
    start_session(db, mine, "one")
    start_session(db, other, "two")
    merge_id = row(db, "SELECT merge_id FROM ttfd.merge_users(%s, %s)", mine, other).merge_id
    assert sessions(db) == 0
    start_session(db, mine, "three")
    db.execute("SELECT ttfd.undo_merge(%s)", [merge_id])
    assert sessions(db) == 0


def test_unlinking_and_being_forgotten_log_out(db: Connection) -> None:
    mine = get_user(db)
    db.execute("SELECT ttfd.link_verified_account(%s, 'discord', '9')", [mine])
    start_session(db, mine, "one")
    db.execute("SELECT ttfd.unlink_account(%s, 'discord')", [mine])
    assert sessions(db) == 0
    start_session(db, mine, "two")
    db.execute("SELECT ttfd.forget_user(%s)", [mine])
    assert sessions(db) == 0


def test_others_stay_and_an_account_that_joins_logs_nobody_out(db: Connection) -> None:
    mine, other = get_user(db), get_user(db, "2")
    start_session(db, mine, "one")
    start_session(db, other, "two")
    db.execute("SELECT ttfd.link_verified_account(%s, 'discord', '9')", [mine])
    assert sessions(db) == 2
    db.execute("SELECT ttfd.unlink_account(%s, 'discord')", [mine])
    assert sessions(db) == 1
