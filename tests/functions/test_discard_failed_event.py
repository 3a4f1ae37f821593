import uuid

import pytest

from calls import Connection, get_user, process_events, put_pending, record_event, refused, row, rows

DISCARD = "SELECT event_id, discarded_at FROM ttfd.discard_failed_event(%s, %s)"


@pytest.fixture
def failed(db: Connection) -> uuid.UUID:
    event_id = put_pending(db, get_user(db), "game_played", {"xp": 5000})
    process_events(db)
    return event_id


def test_a_discarded_event_is_listed_no_more_and_its_reason_is_kept(db: Connection, failed: uuid.UUID) -> None:
    row(db, DISCARD, failed, "a test of the bot")
    assert rows(db, "SELECT * FROM ttfd.list_failed_events()") == []
    assert row(db, "SELECT * FROM ttfd.get_stats()").failed == 0
    assert row(db, "SELECT discard_reason FROM ttfd.failed_events").discard_reason == "a test of the bot"


def test_a_resend_of_a_discarded_event_does_not_bring_it_back(db: Connection, failed: uuid.UUID) -> None:
    row(db, DISCARD, failed, "a test of the bot")
    outcome = record_event(db, "game_played", {"xp": 5000}, failed)
    assert (outcome.status, outcome.note) == ("duplicate", "failed")
    assert process_events(db).processed == 0


def test_a_reason_is_required(db: Connection, failed: uuid.UUID) -> None:
    for reason in (None, "", "  "):
        with refused(db, "22023"):
            row(db, DISCARD, failed, reason)


def test_only_what_has_failed_can_be_discarded_and_only_once(db: Connection, failed: uuid.UUID) -> None:
    row(db, DISCARD, failed, "a test of the bot")
    for unknown in (failed, uuid.uuid4(), None):
        with refused(db, "P0002"):
            row(db, DISCARD, unknown, "again")


def test_a_discard_is_audited(db: Connection, failed: uuid.UUID) -> None:
    row(db, DISCARD, failed, "a test of the bot")
    written = row(db, "SELECT action, after FROM ttfd.audit_log")
    assert written == ("failed_event_discarded", {"event_id": str(failed), "reason": "a test of the bot"})
