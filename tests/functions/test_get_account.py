from calls import Connection, get_user, new_id, refused, row, set_time

GET = "SELECT * FROM ttfd.get_account(%s)"


def test_the_daily_reward_is_due_until_it_is_claimed(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    user_id = get_user(db)
    fresh = row(db, GET, user_id)
    assert (fresh.is_daily_due, fresh.next_daily_at, fresh.daily_streak) == (True, None, 0)
    db.execute("SELECT ttfd.claim_daily(%s, 'telegram', '1')", [new_id()])
    claimed = row(db, GET, user_id)
    assert (claimed.is_daily_due, claimed.next_daily_at.isoformat(), claimed.daily_streak) == (
        False,
        "2026-01-02T00:00:00+00:00",
        1,
    )


def test_settings_are_shown(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("SELECT ttfd.set_hidden(%s, true), ttfd.set_time_zone(%s, 'Europe/Moscow')", [user_id, user_id])
    found = row(db, GET, user_id)
    assert (found.is_hidden, found.time_zone, found.language) == (True, "Europe/Moscow", None)
    with refused(db, "TU001"):
        db.execute(GET, [404])
