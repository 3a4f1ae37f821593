"""What is confirmed is announced once, whatever is killed and however many processes try."""

import uuid
from typing import Any

import psycopg

from announcements import confirm, read
from calls import Connection, apply_event, process_all, together, value


def test_of_eight_processes_that_announce_at_once_one_tells_everything(db: Connection, database_url: str) -> None:
    read(db, reader=uuid.UUID(int=99))
    db.execute("UPDATE ttfd.announcement_cursors SET leased_until = '-infinity'")
    for external_id in range(1, 11):
        apply_event(db, "xp_change", {"xp": 500}, external_id=str(external_id))
    process_all(db)
    told: list[Any] = []

    def announce(own: Connection, number: int) -> None:
        reader = uuid.UUID(int=number + 1)
        for _ in range(20):
            for announcement in read(own, reader=reader, limit=3):
                told.append(announcement.external_id)
                assert confirm(own, announcement.position, reader=reader)

    together(database_url, [lambda own, n=n: announce(own, n) for n in range(8)])
    assert sorted(told, key=int) == [str(n) for n in range(1, 11)]


def test_a_kill_between_sending_and_confirming_repeats_that_one_and_no_other(db: Connection, database_url: str) -> None:
    read(db)
    for external_id in range(1, 5):
        apply_event(db, "xp_change", {"xp": 500}, external_id=str(external_id))
    process_all(db)
    sent: list[str] = []
    with psycopg.connect(database_url, autocommit=True) as bot:
        for announcement in read(bot):
            sent.append(announcement.external_id)
            if len(sent) == 2:
                break  # killed: the second was sent and is not confirmed
            confirm(bot, announcement.position)
        pid = bot.info.backend_pid
        db.execute("SELECT pg_terminate_backend(%s)", [pid])
    db.execute("SELECT set_config('ttfd.now', (now() + interval '3 minutes')::text, false)")
    for announcement in read(db, reader=uuid.UUID(int=2)):
        sent.append(announcement.external_id)
        assert confirm(db, announcement.position, reader=uuid.UUID(int=2))
    assert sent == ["1", "2", "2", "3", "4"]
    assert value(db, "SELECT count(*) FROM ttfd.take_announcements('telegram', %s)", uuid.UUID(int=2)) == 0
