from calls import Connection, apply_event, refused, row, value

ADD = "SELECT * FROM ttfd.add_boost(%s, NULL, now() + interval '1 h', %s)"


def test_a_boost_holds_from_now_on_for_its_events(db: Connection) -> None:
    row(db, ADD, 3, ["message_sent"])
    assert apply_event(db).xp == 15
    assert value(db, "SELECT count(*) FROM ttfd.audit_log WHERE action = 'boost_insert'") == 1


def test_nonsense_is_refused(db: Connection) -> None:
    for factor in (0, -1, 101):
        with refused(db, "23514"):
            db.execute(ADD, [factor, None])
    with refused(db, "23514"):
        db.execute("SELECT ttfd.add_boost(2, NULL, now() - interval '1 h')")
    with refused(db, "23502"):
        db.execute("SELECT ttfd.add_boost(2, NULL, NULL)")
