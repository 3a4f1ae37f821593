import psycopg

from calls import Connection, get_user, listening, process_events, put_pending, record_event, together


def test_the_first_of_a_queue_rings_and_the_others_do_not(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    with listening(database_url, "ttfd_events") as count:
        for expected in (1, 0, 0):
            put_pending(db, user_id)
            assert count(db) == expected


def test_a_queue_that_was_emptied_rings_again(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        for _ in range(3):
            record_event(db)
            process_events(db)
            assert count(db) == 1


def test_a_queue_whose_events_failed_rings_again(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        for _ in range(3):
            put_pending(db, 999)
            process_events(db)
            assert count(db) == 1


def test_a_queue_that_is_not_empty_after_a_batch_does_not_ring(db: Connection, database_url: str) -> None:
    for _ in range(3):
        record_event(db)
    process_events(db, 2)
    with listening(database_url, "ttfd_events") as count:
        record_event(db)
        assert count(db) == 0


def test_an_event_that_a_batch_leaves_behind_rings(db: Connection, database_url: str) -> None:
    record_event(db, "xp_change", {"xp": 600})
    with listening(database_url, "ttfd_events") as count:
        assert process_events(db).remaining
        assert count(db) == 1


def test_one_transaction_rings_once(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        with db.transaction():
            for _ in range(5):
                record_event(db)
        assert count(db) == 1


def test_an_older_event_that_commits_late_is_not_lost_to_the_worker(db: Connection, database_url: str) -> None:
    with psycopg.connect(database_url) as slow:
        record_event(slow, external_id="1")
        record_event(db, external_id="2")
        assert process_events(db).processed == 1
        with listening(database_url, "ttfd_events") as count:
            slow.commit()
            assert count(db) >= 1
    assert process_events(db).processed == 1


def test_many_writers_at_once_ring_at_least_once(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        together(database_url, [lambda own, n=str(number): record_event(own, external_id=n) for number in range(1, 17)])
        assert count(db) >= 1
