"""The worker: at once when the bell rings, soon when it does not, and after whatever goes wrong."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from calls import enable_achievements
from support import limit
from ttfd import Client, new_event_id
from ttfd.worker import Worker


@contextmanager
def working(worker: Worker) -> Iterator[Worker]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        worker._stop.wait(60)
        with psycopg.connect(worker._url, autocommit=True) as connection:
            connection.execute("NOTIFY ttfd_events")  # It may be about to wait for long.
        thread.join(60)
        assert not thread.is_alive()


def wait_until_done(db: psycopg.Connection, count: int, seconds: float = 60) -> None:
    client = Client(db)
    deadline = time.monotonic() + seconds
    while client.get_stats().pending or client.get_stats().head + client.get_stats().failed < count:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def record(db: psycopg.Connection, count: int) -> None:
    Client(db).record_events(
        {"event_id": new_event_id(), "platform": "telegram", "external_id": "1", "event_type": "message_sent"}
        for _ in range(count)
    )


def test_it_applies_what_waited_and_what_comes(db: psycopg.Connection, database_url: str) -> None:
    record(db, 5)
    with working(Worker(database_url)) as worker:
        wait_until_done(db, 5)
        record(db, 5)
        wait_until_done(db, 10)
    assert worker.processed == 10


def test_the_bell_wakes_it_long_before_the_poll(db: psycopg.Connection, database_url: str) -> None:
    with working(Worker(database_url, poll_seconds=14)):
        record(db, 1)
        wait_until_done(db, 1)
        record(db, 1)
        wait_until_done(db, 2, limit(1))


def test_a_busy_queue_silences_the_bell_and_loses_nothing(db: psycopg.Connection, database_url: str) -> None:
    with working(Worker(database_url, poll_seconds=0.5)):
        for expected in range(100, 501, 100):
            record(db, 100)
            wait_until_done(db, expected)
    ((silenced,),) = db.execute("SELECT silent_until > '-infinity' FROM ttfd.doorbell").fetchall()
    assert silenced


def test_a_lone_event_does_not_silence_the_bell(db: psycopg.Connection, database_url: str) -> None:
    with working(Worker(database_url)):
        record(db, 1)
        wait_until_done(db, 1)
    ((silenced,),) = db.execute("SELECT silent_until > '-infinity' FROM ttfd.doorbell").fetchall()
    assert not silenced


def test_a_batch_that_is_larger_than_its_limit_is_done_in_several(db: psycopg.Connection, database_url: str) -> None:
    record(db, 25)
    with working(Worker(database_url, limit=10)) as worker:
        wait_until_done(db, 25)
    assert worker.processed == 25


def test_it_goes_on_after_its_connection_was_cut(db: psycopg.Connection, database_url: str) -> None:
    with working(Worker(database_url)):
        for number in range(1, 6):
            record(db, 1)
            db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ttfd worker'")
            wait_until_done(db, number)
    assert Client(db).verify_integrity() == []


def test_a_failed_event_is_counted_and_named_in_the_log(
    db: psycopg.Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    record(db, 1)
    db.execute("UPDATE ttfd.cross_platform_events SET event_type = 'no_such_type'")
    with working(Worker(database_url)) as worker:
        wait_until_done(db, 1)
    assert worker.failed == 1
    assert "list_failed_events" in caplog.text


@pytest.mark.parametrize(("most_listed", "are_named"), [(3, True), (2, False)])
def test_it_names_the_failures_of_the_last_batch_and_rather_none_than_others(
    db: psycopg.Connection,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    most_listed: int,
    are_named: bool,
) -> None:
    monkeypatch.setattr("ttfd.worker._MOST_LISTED", most_listed)
    worker = Worker(database_url)
    for count in (1, 2):
        record(db, count)
        db.execute("UPDATE ttfd.cross_platform_events SET event_type = 'no_such_type'")
        worker.drain(db)
    ids = [str(one.event_id) for one in Client(db).list_failed_events()]
    assert getattr(caplog.records[-1], "event_ids", None) == (ids[1:] if are_named else [])


def test_it_starts_seasons_and_unlocks_new_achievements(db: psycopg.Connection, database_url: str) -> None:
    record(db, 1)
    with working(Worker(database_url)):
        wait_until_done(db, 1)
    enable_achievements(db)
    db.execute("UPDATE ttfd.achievements SET metric = 'messages' WHERE name = 'wins_1'")
    with working(Worker(database_url, tend_seconds=0.1)):
        wait_until_done(db, 3)
    (season,) = Client(db).list_seasons()
    assert season.status == "running"
    assert Client(db).get_profile(1).achievements == ["wins_1"]


def test_a_worker_that_does_not_rest_looks_after_seasons_all_the_same(
    db: psycopg.Connection, database_url: str
) -> None:
    record(db, 300)
    with working(Worker(database_url, limit=2, tend_seconds=0.05)):
        wait_until_done(db, 301)
    (started,) = Client(db).read_feed(0, ["season_started"])
    assert started.position < 300


def test_trouble_with_seasons_does_not_hold_up_the_events(
    db: psycopg.Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    db.execute("REVOKE EXECUTE ON FUNCTION ttfd.tend_seasons() FROM ttfd_worker")
    db.execute("CREATE ROLE tested_worker IN ROLE ttfd_worker")
    try:
        with working(Worker(database_url + "&options=-c%20role%3Dtested_worker", tend_seconds=0.05)):
            record(db, 5)
            wait_until_done(db, 5)
            time.sleep(0.2)
            record(db, 5)
            wait_until_done(db, 10)
    finally:
        db.execute("DROP ROLE tested_worker")
    assert "seasons, achievements" in caplog.text


def test_it_purges_what_has_served_its_time(db: psycopg.Connection, database_url: str) -> None:
    db.execute(
        "INSERT INTO ttfd.link_failures SELECT 'telegram', '\\x00', '2020-01-01', true FROM generate_series(1, 20001)"
    )
    with working(Worker(database_url, tend_seconds=0.05, purge_seconds=0)):
        deadline = time.monotonic() + 60
        while db.execute("SELECT count(*) FROM ttfd.link_failures").fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_it_tells_a_restored_feed_before_it_gives_a_position(db: psycopg.Connection, database_url: str) -> None:
    db.execute("UPDATE ttfd.epoch_origin SET origin = '1/2/3'")
    before = Client(db).feed_state().epoch
    record(db, 1)
    with working(Worker(database_url)):
        wait_until_done(db, 1)
    assert Client(db).feed_state().epoch != before


def test_one_leads_and_the_others_stand_by_without_listening(db: psycopg.Connection, database_url: str) -> None:
    with working(Worker(database_url)) as first:
        while not first.leads:
            time.sleep(0.01)
        with working(Worker(database_url)) as second:
            with db.transaction():
                record(db, 50)  # Young enough for the other not to help, however slow the machine is.
                db.execute("UPDATE ttfd.cross_platform_events SET created_at = now() + interval '1 hour'")
            wait_until_done(db, 50)
            assert (first.leads, second.leads) == (True, False)
    assert (first.processed, second.processed) == (50, 0)


def test_a_standby_takes_over_from_one_that_was_killed(db: psycopg.Connection, database_url: str) -> None:
    code = "import sys; from ttfd.worker import Worker; Worker(sys.argv[1]).run()"
    with subprocess.Popen([sys.executable, "-c", code, database_url]) as leader:
        record(db, 1)
        wait_until_done(db, 1)
        with working(Worker(database_url)) as standby:
            record(db, 1)
            wait_until_done(db, 2)
            assert not standby.leads
            leader.kill()
            record(db, 1)
            wait_until_done(db, 3, limit(2))
            while not standby.leads:  # It may have helped out before.
                time.sleep(0.01)


def test_a_leader_that_is_stuck_does_not_hold_up_the_events(db: psycopg.Connection, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as stuck:
        assert Client(stuck).take_lead().leads
        record(db, 3)
        db.execute("UPDATE ttfd.cross_platform_events SET created_at = now() - interval '6 seconds'")
        with working(Worker(database_url)) as standby:
            wait_until_done(db, 3)
            assert not standby.leads


def test_a_signal_handler_may_stop_it_whatever_it_interrupts() -> None:
    worker = Worker("postgresql://nobody@127.0.0.1:1/nothing")
    with worker._stop._cond:  # as a thread has it that is about to wait
        worker.stop()
    assert worker._stop.wait(60)
