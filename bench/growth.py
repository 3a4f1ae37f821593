"""What a million events leave behind: bytes of WAL, sizes of tables, and whether the last are as fast as the first."""

from __future__ import annotations

import time

from .figures import Results
from .server import Bench, prepare
from .workload import drain, queue_events

NAME = "growth"
BATCH = 5_000
DATABASE = "bench_growth"


def measure(bench: Bench, results: Results) -> None:
    total = bench.count(1_000_000, 200_000)
    tenth = total // 10
    with bench.connect() as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    prepare(bench.server.database_url(DATABASE))
    seconds: list[list[float]] = []
    wal: list[float] = []
    with bench.connect(DATABASE) as connection:
        for _ in range(10):
            queue_events(connection, tenth)
            ((before,),) = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchall()
            batches = []
            for _ in range(tenth // BATCH):
                began = time.perf_counter()
                connection.execute("SELECT processed FROM ttfd.process_events(%s)", [BATCH])
                batches.append(time.perf_counter() - began)
            drain(connection, BATCH)  # rank-ups are events too
            ((grown,),) = connection.execute(
                "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)::bigint", [before]
            ).fetchall()
            seconds.append(batches)
            wal.append(grown / tenth)
        sizes = connection.execute(
            """
            SELECT c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid)
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'ttfd' AND c.relkind = 'r' AND pg_total_relation_size(c.oid) > 1000000
             ORDER BY pg_total_relation_size(c.oid) DESC
            """
        ).fetchall()
        violations = connection.execute("SELECT kind FROM ttfd.verify_integrity()").fetchall()
    if violations:
        raise RuntimeError(f"the books are wrong: {violations[:5]}")
    first = results.add(NAME, f"first 10 % of {total:,} events, batch by batch", "events/s", _speeds(seconds[0]))
    last = results.add(NAME, f"last 10 % of {total:,} events, batch by batch", "events/s", _speeds(seconds[-1]))
    whole = sum(seconds[0]) / sum(seconds[-1])
    results.add(NAME, f"WAL of draining at {BATCH:,}, each tenth", "bytes/event", wal)
    for table, heap, indexes in sizes:
        results.add(NAME, f"{table}: table after {total:,} events", "MB", [heap / 1e6])
        results.add(NAME, f"{table}: its indexes", "MB", [indexes / 1e6])
    results.expect(f"{total:,} events: last 10 % × the first 10 %", whole, 0.8, unit="×")
    del first, last
    with bench.connect() as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _speeds(seconds: list[float]) -> list[float]:
    return [BATCH / each for each in seconds]
