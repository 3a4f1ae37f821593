import datetime as dt

import pytest

from calls import Connection, apply_event, listening, process_events, record_event, refused, value

SILENCE = "SELECT silent_until FROM ttfd.silence_doorbell(%s)"


def test_nobody_rings_during_the_silence(db: Connection, database_url: str) -> None:
    value(db, SILENCE, dt.timedelta(seconds=1))
    db.execute("UPDATE ttfd.doorbell SET silent_until = silent_until + interval '1 hour'")  # For a slow machine.
    with listening(database_url, "ttfd_events") as count:
        record_event(db)
        apply_event(db)
        assert count(db) == 0


def test_the_bell_rings_again_when_the_silence_has_ended(db: Connection, database_url: str) -> None:
    value(db, SILENCE, dt.timedelta(seconds=1))
    value(db, SILENCE, dt.timedelta(0))
    with listening(database_url, "ttfd_events") as count:
        record_event(db)
        assert count(db) == 1


def test_what_came_in_silence_is_there_for_the_next_look(db: Connection) -> None:
    value(db, SILENCE, dt.timedelta(seconds=1))
    record_event(db)
    assert process_events(db).processed == 1


def test_it_answers_when_the_silence_ends(db: Connection) -> None:
    began = value(db, "SELECT clock_timestamp()")
    until = value(db, SILENCE, dt.timedelta(milliseconds=250))
    assert dt.timedelta(milliseconds=250) <= until - began < dt.timedelta(seconds=60)


@pytest.mark.parametrize("seconds", [-0.001, 1.001, None])
def test_nobody_promises_more_than_a_second(db: Connection, seconds: float | None) -> None:
    with refused(db, "22023"):
        value(db, SILENCE, None if seconds is None else dt.timedelta(seconds=seconds))
