from calls import Connection, acting_as, apply_event, get_user, profile, refused, row, violations
from sessions import start_session

MERGE = "SELECT * FROM ttfd.merge_verified_account(%s, 'discord', %s)"


def test_who_has_a_history_survives_who_has_none(db: Connection) -> None:
    mine = start_session(db, get_user(db))
    apply_event(db, "xp_change", {"xp": 5}, platform="discord", external_id="9")
    other = get_user(db, "9", "discord")
    with acting_as(db, "ttfd_website"):
        done = row(db, MERGE, mine, "9")
    assert (done.status, done.user_id) == ("linked", other)
    assert profile(db, mine).user_id == other
    assert violations(db) == []


def test_of_two_with_a_history_the_older_survives_and_it_can_be_undone(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 7})
    apply_event(db, "xp_change", {"xp": 5}, platform="discord", external_id="9")
    mine, other = start_session(db, get_user(db)), get_user(db, "9", "discord")
    done = row(db, MERGE, mine, "9")
    assert (done.status, done.user_id, profile(db, mine).xp) == ("merged", mine, 12)
    db.execute("SELECT ttfd.undo_merge(%s)", [done.merge_id])
    assert (profile(db, mine).xp, profile(db, other).xp) == (7, 5)


def test_an_account_of_nobody_is_no_member(db: Connection) -> None:
    mine = start_session(db, get_user(db))
    with refused(db, "TU001"):
        db.execute(MERGE, [mine, "9"])


def test_two_accounts_of_one_platform_do_not_merge(db: Connection) -> None:
    mine = start_session(db, get_user(db, "1", "discord"))
    get_user(db, "9", "discord")
    with refused(db, "TL002"):
        db.execute(MERGE, [mine, "9"])


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(MERGE, [user_id, "9"])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(MERGE, [user_id, "9"])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(MERGE, [user_id, "9"])
