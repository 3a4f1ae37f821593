from calls import Connection, process_events, put_pending, record_event, row, value

STATE = "SELECT * FROM ttfd.feed_state()"


def test_a_new_feed_stands_at_zero(db: Connection) -> None:
    state = row(db, STATE)
    assert (state.head, state.pending) == (0, 0)
    assert state.epoch is not None


def test_the_head_is_the_last_position_and_pending_is_what_waits(db: Connection) -> None:
    for _ in range(5):
        record_event(db)
    assert (row(db, STATE).head, row(db, STATE).pending) == (0, 5)
    process_events(db, 3)
    assert (row(db, STATE).head, row(db, STATE).pending) == (3, 2)
    assert row(db, STATE).head == value(db, "SELECT max(position) FROM ttfd.read_feed(0)")


def test_a_failed_event_neither_waits_nor_moves_the_head(db: Connection) -> None:
    put_pending(db, 999)
    process_events(db)
    assert (row(db, STATE).head, row(db, STATE).pending) == (0, 0)


def test_the_epoch_stays_while_the_feed_goes_on(db: Connection) -> None:
    before = row(db, STATE).epoch
    record_event(db)
    process_events(db)
    assert row(db, STATE).epoch == before
