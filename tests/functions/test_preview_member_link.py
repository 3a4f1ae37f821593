from calls import Connection, acting_as, apply_event, get_user, refused, row, value
from sessions import start_session

PREVIEW = "SELECT * FROM ttfd.preview_member_link(%s, %s)"


def test_it_says_what_would_happen_and_does_nothing(db: Connection) -> None:
    user_id = start_session(db, get_user(db, "1", "discord"), method="discord")
    apply_event(db)
    code = row(db, "SELECT code FROM ttfd.create_link_code('telegram', '1')").code
    with acting_as(db, "ttfd_website"):
        preview = row(db, PREVIEW, code, user_id)
    assert (preview.status, preview.other_xp, preview.own_xp) == ("linked", 5, 0)
    assert value(db, "SELECT count(*) FROM ttfd.website_sessions") == 1


def test_wrong_codes_lock(db: Connection) -> None:
    user_id = start_session(db, get_user(db))
    answers = [row(db, PREVIEW, "0000000000", user_id).status for _ in range(6)]
    assert answers == ["invalid"] * 5 + ["locked"]


def test_only_who_is_logged_in_may(db: Connection) -> None:
    user_id = get_user(db)
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(PREVIEW, ["0000000000", user_id])
    start_session(db, user_id)
    db.execute("UPDATE ttfd.website_sessions SET started_at = '2020-01-01', expires_at = '2020-01-02'")
    with acting_as(db, "ttfd_website"), refused(db, "TP001"):
        db.execute(PREVIEW, ["0000000000", user_id])
    with acting_as(db, "ttfd_telegram"), refused(db, "42501"):
        db.execute(PREVIEW, ["0000000000", user_id])
