import uuid

import psycopg

from calls import Connection, acting_as, get_user, new_id, process_events, record_event, record_events, row, rows, sent

FEED = "SELECT * FROM ttfd.read_feed(%s, %s, %s)"


def positions(
    db: Connection, after: int | None = 0, types: list[str] | None = None, limit: int | None = 100
) -> list[int]:
    return [found.position for found in rows(db, FEED, after, types, limit)]


def fill(db: Connection) -> None:
    """Five events: message, game, message, game, message."""
    for number in range(5):
        record_event(db, "game_played" if number % 2 else "message_sent")
    process_events(db)


def test_an_event_is_told_with_all_that_happened(db: Connection) -> None:
    event_id = new_id()
    data = {"xp": 3, "coins": 4, "game": "quiz"}
    record_events(db, [sent("game_played", data, event_id, occurred_at="2026-03-01T12:00:00Z")])
    process_events(db)
    found = row(db, FEED, 0, None, 10)
    assert (found.position, found.event_id, found.user_id) == (1, event_id, get_user(db))
    assert (found.event_type, found.source_platform) == ("game_played", "telegram")
    assert (found.data, found.xp, found.coins, found.note) == (data, 3, 4, None)
    assert found.occurred_at.isoformat().startswith("2026-03-01T")
    assert found.processed_at > found.occurred_at


def test_a_consumer_reads_on_from_its_last_position(db: Connection) -> None:
    fill(db)
    assert positions(db, 0) == [1, 2, 3, 4, 5]
    assert positions(db, 3) == [4, 5]
    assert positions(db, 5) == []
    assert positions(db, 10**15) == []


def test_no_position_reads_from_the_start(db: Connection) -> None:
    fill(db)
    assert positions(db, None) == [1, 2, 3, 4, 5]


def test_pages_follow_each_other(db: Connection) -> None:
    fill(db)
    assert positions(db, 0, None, 2) == [1, 2]
    assert positions(db, 2, None, 2) == [3, 4]
    assert positions(db, 4, None, 2) == [5]
    assert positions(db, 0, None, 0) == []
    assert positions(db, 0, None, -1) == []


def test_types_limit_what_is_told(db: Connection) -> None:
    fill(db)
    assert positions(db, 0, ["game_played"]) == [2, 4]
    assert positions(db, 2, ["game_played", "rank_up"]) == [4]
    assert positions(db, 0, ["no_such_type"]) == []
    assert positions(db, 0, []) == []


def test_the_limit_counts_what_the_types_let_through(db: Connection) -> None:
    fill(db)
    assert positions(db, 0, ["game_played"], 2) == [2, 4]


def test_what_waits_is_not_told(db: Connection) -> None:
    fill(db)
    record_event(db)
    assert positions(db, 5) == []


def test_reading_again_tells_the_same(db: Connection) -> None:
    fill(db)
    assert rows(db, FEED, 0, None, 100) == rows(db, FEED, 0, None, 100)


def test_a_page_has_ten_thousand_events_at_most(db: Connection) -> None:
    db.execute(
        "INSERT INTO ttfd.cross_platform_events"
        " (id, user_id, event_type, source_platform, xp, coins, position, processed)"
        " SELECT gen_random_uuid(), 1, 'x', 'telegram', 0, 0, n, true FROM generate_series(1, 10010) n"
    )
    assert len(positions(db, 0, None, 10**6)) == 10_000


def test_events_commit_in_feed_order_so_that_nothing_appears_behind_a_reader(db: Connection, database_url: str) -> None:
    record_event(db)
    record_event(db)
    with psycopg.connect(database_url) as slow:
        process_events(slow, 1)
        process_events(db)
        assert positions(db) == []
        slow.commit()
    assert positions(db) == [1]
    process_events(db)
    assert positions(db, 1) == [2]


def test_every_reader_role_sees_the_whole_feed(db: Connection) -> None:
    fill(db)
    for role in ("ttfd_telegram", "ttfd_reader", "ttfd_worker"):
        with acting_as(db, role):
            assert positions(db) == [1, 2, 3, 4, 5]


def test_event_ids_are_uuids(db: Connection) -> None:
    fill(db)
    assert all(isinstance(found.event_id, uuid.UUID) for found in rows(db, FEED, 0, None, 100))
