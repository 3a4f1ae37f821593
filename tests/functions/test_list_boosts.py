from calls import Connection, get_user, rows


def test_boosts_of_all_that_have_not_ended_are_listed(db: Connection) -> None:
    get_user(db)
    db.execute(
        "INSERT INTO ttfd.boosts (factor, starts_at, ends_at, user_id) VALUES"
        " (2, now() - interval '2 h', now() - interval '1 h', NULL), (3, now(), now() + interval '1 h', NULL),"
        " (4, now() + interval '1 h', now() + interval '2 h', NULL), (5, now(), now() + interval '1 h', 1)"
    )
    assert [int(found.factor) for found in rows(db, "SELECT * FROM ttfd.list_boosts()")] == [3, 4]
