"""What one chat does not take comes again with growing pauses, for a limited time, and holds up nothing."""

import datetime as dt
import uuid

import pytest

from announcements import READER, confirm, kinds, read
from calls import Connection, acting_as, apply_event, get_user, process_all, refused, row, rows, set_time, value
from shared_database import db, shared_database

__all__ = ["db", "shared_database"]

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
OTHER = uuid.UUID(int=2)


@pytest.fixture(autouse=True)
def begun(db: Connection) -> None:
    """The first reading begins at the head; then two members have something to hear."""
    at(db, 0)
    read(db)
    for external_id in ("1", "2"):
        reach(db, 500, external_id)


def at(db: Connection, minutes: float) -> None:
    set_time(db, (NOON + dt.timedelta(minutes=minutes)).isoformat())


def reach(db: Connection, xp: int, external_id: str) -> None:
    apply_event(db, "xp_change", {"xp": xp}, external_id=external_id)
    process_all(db)


def postpone(db: Connection, position: int, reader: uuid.UUID = READER) -> tuple[bool, bool]:
    done = row(db, "SELECT * FROM ttfd.postpone_announcement('telegram', %s, %s)", reader, position)
    return done.is_confirmed, done.is_given_up


def postponed(db: Connection) -> int:
    return int(value(db, "SELECT count(*) FROM ttfd.postponed_announcements"))


def test_what_is_postponed_comes_again_at_once_and_then_later_and_the_rest_goes_on(db: Connection) -> None:
    first, second = read(db)
    assert postpone(db, first.position) == (True, False)
    assert read(db) == [first, second]
    confirm(db, second.position)
    assert read(db) == [first]
    postpone(db, first.position)
    assert read(db) == []
    reach(db, 1000, "2")
    assert kinds(read(db)) == [("rank_up", "2")]
    at(db, 1)
    assert kinds(read(db)) == [("rank_up", "1"), ("rank_up", "2")]


def test_what_is_told_at_last_is_not_told_again(db: Connection) -> None:
    first, second = read(db)
    postpone(db, first.position)
    confirm(db, second.position)
    confirm(db, first.position)
    assert read(db) == []
    assert postponed(db) == 0


def test_pauses_grow_and_end_after_a_day_and_a_half(db: Connection) -> None:
    first, second = read(db)
    minutes, pauses = 0, []
    while not postpone(db, first.position)[1]:
        due_at = value(db, "SELECT due_at FROM ttfd.postponed_announcements")
        pauses.append(round((due_at - NOON).total_seconds() / 60) - minutes)
        minutes += pauses[-1]
        at(db, minutes)
    assert pauses == [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023]
    confirm(db, second.position)
    assert (read(db), postponed(db)) == ([], 0)


def test_another_process_goes_on_with_what_was_postponed(db: Connection) -> None:
    first, _ = read(db)
    assert postpone(db, first.position, OTHER) == (False, False)
    assert postponed(db) == 0
    postpone(db, first.position)
    at(db, 2.1)
    assert kinds(read(db, reader=OTHER)) == [("rank_up", "1"), ("rank_up", "2")]
    assert postpone(db, first.position) == (False, False), "who was slow does not count for the one who has taken over"
    assert not confirm(db, first.position)
    assert postponed(db) == 1


def test_what_nobody_wants_to_hear_by_then_is_forgotten(db: Connection) -> None:
    first, second = read(db)
    postpone(db, first.position)
    confirm(db, second.position)
    db.execute("SELECT ttfd.set_announcements('telegram', '1', 'off')")
    assert read(db) == []
    assert postponed(db) == 0


def test_what_was_to_be_public_is_private_when_it_is_old(db: Connection) -> None:
    first, second = read(db)
    get_user(db, "1")
    db.execute("SELECT ttfd.set_announcements('telegram', '1', 'public')")
    postpone(db, first.position)
    confirm(db, second.position)
    assert [told.audience for told in read(db)] == ["public"]
    at(db, 16)
    assert [told.audience for told in read(db)] == ["private"]


def test_a_restored_database_tells_nothing_that_was_postponed(db: Connection) -> None:
    first, _ = read(db)
    postpone(db, first.position)
    db.execute("UPDATE ttfd.feed_head SET epoch = gen_random_uuid()")
    assert read(db) == []
    assert postponed(db) == 0


def test_more_that_is_due_than_is_asked_for_hides_nothing(db: Connection) -> None:
    first, second = read(db)
    reach(db, 500, "3")
    postpone(db, first.position)
    postpone(db, second.position)
    assert kinds(read(db, limit=1)) == [("rank_up", "1")]
    confirm(db, first.position)
    assert kinds(read(db, limit=1)) == [("rank_up", "2")]
    confirm(db, second.position)
    assert kinds(read(db, limit=1)) == [("rank_up", "3")]


def test_only_the_platform_itself_postpones(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"), refused(db, "TP001"):
        rows(db, "SELECT * FROM ttfd.postpone_announcement('telegram', %s, 1)", READER)
