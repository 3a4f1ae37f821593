"""PgQ, the fastest queue that Debian packages, with two consumers: see sql/pgq.sql."""

from __future__ import annotations

import time
from pathlib import Path

from psycopg import sql

from .server import Bench
from .workload import DATA, DRAWS, EVENT_TYPE, OCCURRED_AT, USER


def install(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.execute((Path(__file__).parent / "sql" / "pgq.sql").read_bytes())
        for table in ("unified_users", "sums"):
            connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier("pgq_peer", table)))


def drain(bench: Bench, consumer: str, batch: int, count: int) -> float:
    """Events a second. A batch is what lies between two ticks, so the queue is filled and ticked batch by batch."""
    query = sql.SQL("SELECT pgq_peer.{}('bench')").format(sql.Identifier(consumer))
    with bench.connect() as connection:
        connection.execute("SELECT pgq.create_queue('bench')")
        connection.execute("SELECT pgq.register_consumer('bench', 'bench')")
        for _ in range(count // batch):
            connection.execute(
                f"{DRAWS} SELECT count(pgq.insert_event('bench', {EVENT_TYPE}, {DATA}, ({USER})::text, 'telegram',"
                f" ({OCCURRED_AT})::text, ttfd.generate_event_id()::text)) FROM draws d",
                [batch],
            )
            connection.execute("SELECT pgq.force_tick('bench')")
            connection.execute("SELECT pgq.ticker('bench')")
        began = time.perf_counter()
        done = 0
        while done < count:
            ((taken,),) = connection.execute(query).fetchall()
            if taken is None:
                raise RuntimeError(f"PgQ handed out {done} of {count} events")
            done += taken
        seconds = time.perf_counter() - began
        connection.execute("SELECT pgq.unregister_consumer('bench', 'bench')")
        connection.execute("SELECT pgq.drop_queue('bench')")
    return count / seconds
