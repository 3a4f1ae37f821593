from calls import Connection, apply_event, get_user, new_id, process_all, record_event, row, rows, set_time

COMPACT = "SELECT * FROM ttfd.compact_events(%s)"


def play(db: Connection, count: int, external_id: str = "1") -> None:
    for _ in range(count):
        apply_event(db, "game_played", {"xp": 10, "coins": 3}, external_id=external_id)
    process_all(db)


def test_many_events_become_one_with_the_same_sums(db: Connection) -> None:
    play(db, 5)
    play(db, 3, "2")
    done = row(db, COMPACT, "infinity")
    assert (done.users, done.events, done.position) == (2, 8, 8)
    feed = rows(db, "SELECT * FROM ttfd.read_feed(0)")
    assert [(event.position, event.event_type, event.xp, event.coins) for event in feed] == [
        (5, "opening_balance", 50, 15),
        (8, "opening_balance", 30, 9),
    ]
    assert feed[0].data["events"] == 5
    assert rows(db, "SELECT * FROM ttfd.verify_integrity()") == []


def test_what_was_applied_since_then_stays_as_it_is(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00Z")
    play(db, 4)
    set_time(db, "2026-03-05 12:00Z")
    play(db, 2)
    assert row(db, COMPACT, "2026-03-02 00:00Z").events == 4
    assert [event.position for event in rows(db, "SELECT * FROM ttfd.read_feed(0)")] == [4, 5, 6]
    assert rows(db, "SELECT * FROM ttfd.verify_integrity()") == []


def test_a_consumer_who_is_further_on_notices_nothing(db: Connection) -> None:
    play(db, 6)
    before = rows(db, "SELECT * FROM ttfd.read_feed(6)")
    row(db, COMPACT, "infinity")
    assert rows(db, "SELECT * FROM ttfd.read_feed(6)") == before == []
    play(db, 2)
    assert [event.position for event in rows(db, "SELECT * FROM ttfd.read_feed(6)")] == [7, 8]
    assert row(db, "SELECT * FROM ttfd.feed_state()").head == 8


def test_a_resend_of_a_compacted_event_counts_no_second_time(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "game_played", {"xp": 10}, event_id)
    play(db, 2)
    row(db, COMPACT, "infinity")
    for send in (apply_event, record_event):
        outcome = send(db, "game_played", {"xp": 10}, event_id)
        assert (outcome.status, outcome.note, outcome.total_xp) == ("duplicate", "compacted", 30)
    process_all(db)
    assert row(db, "SELECT * FROM ttfd.find_user('telegram', '1')").xp == 30


def test_compacting_again_adds_up(db: Connection) -> None:
    play(db, 3)
    row(db, COMPACT, "infinity")
    play(db, 3)
    row(db, COMPACT, "infinity")
    (left,) = rows(db, "SELECT * FROM ttfd.read_feed(0)")
    assert (left.position, left.xp, left.data["events"]) == (6, 60, 6)
    assert row(db, COMPACT, "infinity").events == 0
    assert rows(db, "SELECT * FROM ttfd.verify_integrity()") == []


def test_cooldowns_go_on_after_it(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00:10Z")
    apply_event(db, "message_sent")
    play(db, 1)
    row(db, COMPACT, "infinity")
    set_time(db, "2026-03-01 12:00:50Z")
    assert apply_event(db, "message_sent").note == "cooldown"


def test_nothing_to_do_does_nothing(db: Connection) -> None:
    get_user(db)
    assert tuple(row(db, COMPACT, "infinity")) == (0, 0, 0)
    play(db, 1)
    assert row(db, COMPACT, "infinity").events == 0
