from calls import Connection, get_user, new_id, process_events, put_pending, refused, row, rows

RETRY = "SELECT * FROM ttfd.retry_failed_event(%s)"


def test_an_event_whose_cause_is_mended_is_applied_by_the_rule_of_its_time(db: Connection) -> None:
    event_id = put_pending(db, get_user(db), "gift")
    process_events(db)
    db.execute("INSERT INTO ttfd.event_types (name, xp) VALUES ('gift', 12)")
    assert row(db, RETRY, event_id).status == "queued"
    assert process_events(db).processed == 1
    assert row(db, "SELECT * FROM ttfd.find_user('telegram', '1')").xp == 12
    assert rows(db, "SELECT * FROM ttfd.list_failed_events()") == []


def test_an_event_that_still_cannot_be_applied_fails_again(db: Connection) -> None:
    event_id = put_pending(db, get_user(db), "gift")
    process_events(db)
    row(db, RETRY, event_id)
    assert process_events(db).failed == 1
    assert [failed.event_id for failed in rows(db, "SELECT * FROM ttfd.list_failed_events()")] == [event_id]


def test_only_what_has_failed_can_be_retried_and_only_once(db: Connection) -> None:
    event_id = put_pending(db, get_user(db), "gift")
    process_events(db)
    row(db, RETRY, event_id)
    for unknown in (event_id, new_id(), None):
        with refused(db, "P0002"):
            row(db, RETRY, unknown)


def test_a_retry_is_audited(db: Connection) -> None:
    event_id = put_pending(db, get_user(db), "gift")
    process_events(db)
    row(db, RETRY, event_id)
    written = row(db, "SELECT action, after FROM ttfd.audit_log")
    assert written == ("failed_event_retried", {"event_id": str(event_id)})
