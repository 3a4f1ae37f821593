from calls import Connection, acting_as, get_user, refused, row, value
from sessions import start_session

CREATE = "SELECT * FROM ttfd.create_member_link_code(%s)"


def test_the_code_links_what_a_bot_redeems(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    with acting_as(db, "ttfd_website"):
        code = row(db, CREATE, user_id).code
    with acting_as(db, "ttfd_discord"):
        assert row(db, "SELECT * FROM ttfd.redeem_link_code(%s, 'discord', '9')", code).status == "linked"
    assert value(db, "SELECT count(*) FROM ttfd.platform_accounts WHERE user_id = %s", user_id) == 2


def test_the_eleventh_code_within_an_hour_is_refused(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    for _ in range(10):
        db.execute(CREATE, [user_id])
    with refused(db, "TL004"):
        db.execute(CREATE, [user_id])


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(CREATE, [user_id])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(CREATE, [user_id])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(CREATE, [user_id])
