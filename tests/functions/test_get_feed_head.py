from calls import Connection, apply_event, process_all, row


def test_it_is_what_feed_state_says(db: Connection) -> None:
    apply_event(db)
    process_all(db)
    apply_event(db)
    state = row(db, "SELECT * FROM ttfd.feed_state()")
    assert tuple(row(db, "SELECT * FROM ttfd.get_feed_head()")) == (state.head, state.epoch) == (1, state.epoch)
