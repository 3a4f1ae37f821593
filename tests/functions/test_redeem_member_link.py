from calls import Connection, acting_as, apply_event, get_user, profile, refused, row, value, violations
from sessions import start_session

REDEEM = "SELECT * FROM ttfd.redeem_member_link(%s, %s)"


def test_two_become_one_and_are_logged_out_everywhere(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 7})
    apply_event(db, "xp_change", {"xp": 5}, platform="discord")
    mine = start_session(db, get_user(db, "1", "discord"), method="discord")
    start_session(db, get_user(db), "another")
    code = row(db, "SELECT code FROM ttfd.create_link_code('telegram', '1')").code
    with acting_as(db, "ttfd_website"):
        done = row(db, REDEEM, code, mine)
    assert done.status == "merged"
    assert profile(db, mine).xp == 12
    assert value(db, "SELECT count(*) FROM ttfd.website_sessions") == 0
    assert violations(db) == []


def test_a_code_of_ones_own_is_not_valid(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    code = row(db, "SELECT code FROM ttfd.create_member_link_code(%s)", user_id).code
    assert row(db, REDEEM, code, user_id).status == "invalid"


def test_two_accounts_of_one_platform_do_not_merge(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    code = row(db, "SELECT code FROM ttfd.create_link_code('telegram', '2')").code
    with refused(db, "TL002"):
        db.execute(REDEEM, [code, user_id])


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(REDEEM, ["0000000000", user_id])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(REDEEM, ["0000000000", user_id])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(REDEEM, ["0000000000", user_id])
