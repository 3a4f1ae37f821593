"""Calls of the SQL API in as few words as a test wants them."""

import contextlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]
T = TypeVar("T")


def rows(db: Connection, query: str, *params: Any) -> list[Any]:
    """All rows of a query, columns by name."""
    with db.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query, params).fetchall()


def row(db: Connection, query: str, *params: Any) -> Any:
    """The one row that a query has."""
    found = rows(db, query, *params)
    assert len(found) == 1, found
    return found[0]


def value(db: Connection, query: str, *params: Any) -> Any:
    """The one column of the one row that a query has."""
    (found,) = row(db, query, *params)
    return found


def new_id() -> uuid.UUID:
    return uuid.uuid4()


@contextlib.contextmanager
def refused(db: Connection, sqlstate: str) -> Iterator[pytest.ExceptionInfo[psycopg.Error]]:
    """The block has to be refused with this SQLSTATE; nothing of it is kept."""
    with pytest.raises(psycopg.Error) as caught, db.transaction():
        yield caught
    assert caught.value.sqlstate == sqlstate, caught.value


@contextlib.contextmanager
def acting_as(db: Connection, role: str) -> Iterator[None]:
    """In the block the connection has the rights of this role and no others."""
    db.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        db.execute("RESET ROLE")


def set_time(db: Connection, moment: str) -> None:
    """The time that all rules go by from now on, on this connection."""
    db.execute("SELECT set_config('ttfd.now', %s, false)", [moment])


def get_user(db: Connection, external_id: str = "1", platform: str = "telegram", username: str | None = None) -> int:
    """The id of a member, created when it is new."""
    return row(db, "SELECT * FROM ttfd.get_or_create_user(%s, %s, %s)", platform, external_id, username).user_id


def _send(
    function: str,
    db: Connection,
    event_type: str,
    data: object,
    event_id: uuid.UUID | None,
    external_id: str,
    platform: str,
) -> Any:
    return row(
        db,
        f"SELECT * FROM ttfd.{function}(%s, %s, %s, %s, %s)",
        event_id or new_id(),
        platform,
        external_id,
        event_type,
        None if data is None else Jsonb(data),
    )


def apply_event(
    db: Connection,
    event_type: str = "message_sent",
    data: object = None,
    event_id: uuid.UUID | None = None,
    external_id: str = "1",
    platform: str = "telegram",
) -> Any:
    return _send("apply_event", db, event_type, data, event_id, external_id, platform)


def granted(outcome: Any) -> tuple[int, int, str | None]:
    """What an event has earned."""
    return outcome.xp, outcome.coins, outcome.note


def record_event(
    db: Connection,
    event_type: str = "message_sent",
    data: object = None,
    event_id: uuid.UUID | None = None,
    external_id: str = "1",
    platform: str = "telegram",
) -> Any:
    return _send("record_event", db, event_type, data, event_id, external_id, platform)


def sent(
    event_type: str = "message_sent",
    data: object = None,
    event_id: uuid.UUID | None = None,
    external_id: str = "1",
    platform: str = "telegram",
    **more: object,
) -> dict[str, object]:
    """One element for record_events."""
    return {
        "event_id": str(event_id or new_id()),
        "platform": platform,
        "external_id": external_id,
        "event_type": event_type,
        "data": {} if data is None else data,
        **more,
    }


def record_events(db: Connection, events: Sequence[dict[str, object]]) -> list[Any]:
    return rows(db, "SELECT * FROM ttfd.record_events(%s)", json.dumps(events))


def process_events(db: Connection, limit: int = 1000) -> Any:
    """One batch."""
    return row(db, "SELECT * FROM ttfd.process_events(%s)", limit)


def process_all(db: Connection) -> None:
    """Batches until nothing waits."""
    while process_events(db).remaining:
        pass


def put_pending(db: Connection, user_id: int, event_type: str = "message_sent", data: object = None) -> uuid.UUID:
    """Put an event into the queue past all checks, as only a mistake could."""
    event_id = new_id()
    db.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data)"
        " VALUES (%s, %s, %s, 'telegram', %s)",
        [event_id, user_id, event_type, Jsonb({} if data is None else data)],
    )
    return event_id


def enable_achievements(db: Connection) -> None:
    """Have the achievements that ship with ttfd; the template of the tests has them switched off."""
    db.execute("UPDATE ttfd.achievements SET is_enabled = true")
    db.execute("UPDATE ttfd.achievement_scan SET next_user_id = NULL")


def profile(db: Connection, user_id: int) -> Any:
    return row(db, "SELECT * FROM ttfd.get_profile(%s)", user_id)


def violations(db: Connection) -> list[tuple[str, int | None, str | None, str | None]]:
    """What verify_integrity finds; nothing when all is sound."""
    return [tuple(found) for found in rows(db, "SELECT * FROM ttfd.verify_integrity()")]


def together(url: str, jobs: Sequence[Callable[[Connection], T]]) -> list[T]:
    """Run every job at the same moment, each on a connection of its own; their results in order."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[Connection], T]) -> T:
        with psycopg.connect(url, autocommit=True) as connection:
            barrier.wait(timeout=60)
            return job(connection)

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def wait_until_blocked(db: Connection, pid: int) -> None:
    """Return once this server process waits for another one's lock; fail after 10 seconds."""
    for _ in range(1000):
        if value(db, "SELECT cardinality(pg_blocking_pids(%s)) > 0", pid):
            return
        db.execute("SELECT pg_sleep(0.01)")
    pytest.fail(f"process {pid} waits for nobody")


def while_blocked(url: str, holder: Connection, job: Callable[[Connection], T]) -> T:
    """Start the job on a connection of its own, see it wait for the holder's open transaction, commit that one."""
    with psycopg.connect(url, autocommit=True) as own, ThreadPoolExecutor(1) as pool:
        future = pool.submit(job, own)
        wait_until_blocked(holder, own.info.backend_pid)
        holder.commit()
        return future.result(timeout=30)


@contextlib.contextmanager
def listening(url: str, channel: str) -> Iterator[Callable[[Connection], int]]:
    """Gives a function that counts the notifications of the channel since it was last asked."""
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {channel}")

        def count(db: Connection) -> int:
            # Notifications arrive in commit order, so what was sent before this one has arrived before it.
            end = str(uuid.uuid4())
            db.execute("SELECT pg_notify(%s, %s)", [channel, end])
            heard: list[str] = []
            while end not in heard:
                found = [notify.payload for notify in listener.notifies(timeout=10, stop_after=1)]
                assert found, f"nothing arrives on {channel}"
                heard += found
            return len(heard) - 1

        yield count
