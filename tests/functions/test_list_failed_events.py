from calls import Connection, get_user, process_events, put_pending, row, rows

LIST = "SELECT * FROM ttfd.list_failed_events(%s)"


def test_nothing_has_failed_at_first(db: Connection) -> None:
    assert rows(db, "SELECT * FROM ttfd.list_failed_events()") == []


def test_a_failure_is_listed_with_its_content_and_its_reason(db: Connection) -> None:
    user_id = get_user(db)
    event_id = put_pending(db, user_id, "game_played", {"xp": 5000})
    process_events(db)
    failed = row(db, LIST, 10)
    assert (failed.event_id, failed.user_id, failed.event_type) == (event_id, user_id, "game_played")
    assert (failed.source_platform, failed.data, failed.sqlstate) == ("telegram", {"xp": 5000}, "TE003")
    assert failed.message
    assert failed.occurred_at <= failed.failed_at


def test_the_oldest_failures_come_first_up_to_the_limit(db: Connection) -> None:
    user_id = get_user(db)
    ids = [put_pending(db, user_id, "no_such_type") for _ in range(4)]
    while process_events(db, 2).remaining:
        pass
    assert [failed.event_id for failed in rows(db, LIST, 100)] == ids
    assert [failed.event_id for failed in rows(db, LIST, 3)] == ids[:3]
    assert rows(db, LIST, 0) == []
    assert rows(db, LIST, -5) == []
