from calls import Connection, refused, row, rows, set_time, value


def test_one_that_holds_ends_now_and_one_to_come_is_gone(db: Connection) -> None:
    set_time(db, "2026-01-01 12:00Z")
    ids = [
        row(db, "SELECT * FROM ttfd.add_boost(2, %s::timestamptz, '2026-01-03')", start).boost_id
        for start in ("2026-01-01", "2026-01-02")
    ]
    for boost_id in ids:
        assert value(db, "SELECT boost_id FROM ttfd.end_boost(%s)", boost_id) == boost_id
        with refused(db, "P0002"):
            db.execute("SELECT ttfd.end_boost(%s)", [boost_id])
    assert rows(db, "SELECT id, ends_at = '2026-01-01 12:00Z' FROM ttfd.boosts") == [(ids[0], True)]
