"""One flooding platform does not starve the others."""

from calls import Connection, get_user, process_events, record_events, row, rows, sent


def test_a_batch_takes_from_every_platform_in_turn(db: Connection) -> None:
    get_user(db, "1", "telegram")
    record_events(db, [sent() for _ in range(500)])
    late = [sent(platform="discord", external_id="2") for _ in range(5)]
    record_events(db, late)
    process_events(db, 20)
    done = rows(db, "SELECT * FROM ttfd.read_feed(0)")
    assert [event.source_platform for event in done].count("discord") == 5
    assert [event.source_platform for event in done].count("telegram") == 15


def test_what_one_platform_leaves_goes_to_the_other(db: Connection) -> None:
    record_events(db, [sent() for _ in range(50)])
    assert process_events(db, 40).processed == 40
    assert row(db, "SELECT * FROM ttfd.feed_state()").pending == 10


def test_within_a_platform_the_oldest_come_first(db: Connection) -> None:
    events = [sent() for _ in range(30)]
    record_events(db, events)
    process_events(db, 10)
    done = rows(db, "SELECT * FROM ttfd.read_feed(0)")
    assert [str(event.event_id) for event in done] == [event["event_id"] for event in events[:10]]
