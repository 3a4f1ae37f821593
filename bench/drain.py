"""How fast a queue is drained, and what granting at once costs beside a bare UPDATE.

Starts a server of its own with fsync on, and prints medians of five runs with the least and the greatest.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from ttfd import embedded, new_event_id
from ttfd.migrate import migrate

USERS = 10_000
RUNS = 5
BATCHES = (100, 1_000, 5_000, 20_000)
SINGLE_CALLS = 2_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ttfd-bench-") as place:
        Path(place).chmod(0o711)
        server = embedded.start(Path(place), settings={"shared_buffers": "512MB", "max_wal_size": "4GB"})
        try:
            migrate(server.url)
            with psycopg.connect(server.url, autocommit=True) as connection:
                measure(connection)
        finally:
            server.stop()


def measure(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "SELECT ttfd.get_or_create_user('telegram', n::text, NULL, NULL) FROM generate_series(1, %s) AS numbers (n)",
        [USERS],
    )
    connection.execute("VACUUM ANALYZE ttfd.unified_users")
    connection.execute("VACUUM ANALYZE ttfd.platform_accounts")
    for batch in BATCHES:
        report(f"process_events, batches of {batch:,}", lambda batch=batch: drain(connection, batch))
    report("record_event, one client", lambda: single(connection, "record_event"))
    report("apply_event, one client", lambda: single(connection, "apply_event"))
    report("bare UPDATE of one row, one client", lambda: bare_update(connection))


def report(name: str, run: Callable[[], float]) -> None:
    rates = [run() for _ in range(RUNS)]
    print(f"{name:36} {statistics.median(rates):>10,.0f} /s   ({min(rates):,.0f} to {max(rates):,.0f})", flush=True)


def drain(connection: psycopg.Connection[Any], batch: int) -> float:
    """Events a second. Few members write most messages."""
    count = max(20_000, batch)
    connection.execute(
        "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform)"
        " SELECT ttfd.generate_event_id(), 1 + floor(power(random(), 3) * %s), 'message_sent', 'telegram'"
        "   FROM generate_series(1, %s)",
        [USERS - 1, count],
    )
    began = time.perf_counter()
    remaining = True
    while remaining:
        ((remaining,),) = connection.execute("SELECT remaining FROM ttfd.process_events(%s)", [batch]).fetchall()
    return count / (time.perf_counter() - began)


def single(connection: psycopg.Connection[Any], function: str) -> float:
    query = f"SELECT status FROM ttfd.{function}(%s, 'telegram', %s, 'message_sent', '{{}}')"
    began = time.perf_counter()
    for number in range(SINGLE_CALLS):
        connection.execute(query, [new_event_id(), str(1 + number * 7 % USERS)])
    seconds = time.perf_counter() - began
    connection.execute("SELECT processed FROM ttfd.process_events(100000)")
    return SINGLE_CALLS / seconds


def bare_update(connection: psycopg.Connection[Any]) -> float:
    began = time.perf_counter()
    for number in range(SINGLE_CALLS):
        connection.execute("UPDATE ttfd.unified_users SET last_active = now() WHERE id = %s", [1 + number * 7 % USERS])
    return SINGLE_CALLS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
