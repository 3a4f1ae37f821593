from calls import Connection, acting_as, get_user, new_id, refused, row, value, violations
from sessions import start_session

CLAIM = "SELECT * FROM ttfd.claim_member_daily(%s, %s)"


def test_a_member_of_any_platform_claims_on_the_website_once_a_day(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    event_id = new_id()
    with acting_as(db, "ttfd_website"):
        first = row(db, CLAIM, event_id, user_id)
        again = row(db, CLAIM, event_id, user_id)
        with refused(db, "TC002"):
            db.execute(CLAIM, [new_id(), user_id])
    assert (first.status, first.xp, first.coins, again.status) == ("applied", 100, 50, "duplicate")
    with refused(db, "TC002"):
        db.execute("SELECT ttfd.claim_daily(%s, 'telegram', '1')", [new_id()])
    assert value(db, "SELECT source_platform FROM ttfd.cross_platform_events WHERE id = %s", event_id) == "website"
    assert violations(db) == []


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(CLAIM, [new_id(), user_id])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(CLAIM, [new_id(), user_id])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(CLAIM, [new_id(), user_id])
