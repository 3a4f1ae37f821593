"""Single calls beside the barest statement that could do it, and the XP that the original's pattern loses."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg

from ttfd import new_event_id

from . import original
from .companion import attached
from .figures import Results, interleave
from .pgbench import APPLY, BARE_UPDATE, RECORD, rate
from .server import Bench
from .workload import drain, random_user

NAME = "calls"
BULK = 5_000


def measure(bench: Bench, results: Results) -> None:
    for clients in (1, 8):
        measure_apply(bench, results, clients)
    for clients in (1, 8):
        measure_record(bench, results, clients)
    measure_bulk(bench, results)
    measure_loss(bench, results)


def measure_apply(bench: Bench, results: Results, clients: int) -> None:
    people = "1 client" if clients == 1 else f"{clients} clients"
    mine, bare = f"apply_event, {people}, worker and listener", f"bare UPDATE of one row, {people}, the same around it"
    with attached(bench.url, listener=True):
        found = interleave(
            bench.runs,
            {mine: lambda: rate(bench, APPLY, clients), bare: lambda: rate(bench, BARE_UPDATE, clients)},
        )
    figures = {name: results.add(NAME, name, "calls/s", values) for name, values in found.items()}
    if clients == 8:
        results.expect(
            "apply_event, 8 clients, listener attached: × the bare UPDATE",
            figures[mine].median / figures[bare].median,
            0.5,
            unit="×",
        )


def measure_record(bench: Bench, results: Results, clients: int) -> None:
    def once() -> float:
        calls = rate(bench, RECORD, clients)
        with bench.connect() as connection:
            drain(connection, 5_000)
        return calls

    people = "1 client" if clients == 1 else f"{clients} clients"
    found = interleave(bench.runs, {f"record_event, {people}, nobody listens": once})
    for name, values in found.items():
        results.add(NAME, name, "calls/s", values)


def measure_bulk(bench: Bench, results: Results) -> None:
    with bench.connect() as connection:
        connection.execute(
            "CREATE TABLE bare_events (id uuid, user_id bigint, event_type text, source_platform text, data jsonb)"
        )
        calls = bench.count(8, 2)
        found = interleave(
            bench.runs,
            {
                f"record_events, {BULK:,} a call": lambda: record_bulk(connection, calls),
                f"COPY of the same rows into a bare table, {BULK:,} a call": lambda: copy_bulk(connection, calls),
            },
        )
    for name, values in found.items():
        results.add(NAME, name, "events/s", values)


def record_bulk(connection: psycopg.Connection[Any], calls: int) -> float:
    bodies = [
        json.dumps(
            [
                {
                    "event_id": str(new_event_id()),
                    "platform": "telegram",
                    "external_id": str(random_user()),
                    "event_type": "message_sent",
                    "data": {},
                }
                for _ in range(BULK)
            ]
        )
        for _ in range(calls)
    ]
    began = time.perf_counter()
    for body in bodies:
        connection.execute("SELECT count(*) FROM ttfd.record_events(%s)", [body])
    seconds = time.perf_counter() - began
    drain(connection, 5_000)
    return calls * BULK / seconds


def copy_bulk(connection: psycopg.Connection[Any], calls: int) -> float:
    bodies = [
        "".join(f"{new_event_id()}\t{random_user()}\tmessage_sent\ttelegram\t{{}}\n" for _ in range(BULK))
        for _ in range(calls)
    ]
    began = time.perf_counter()
    for body in bodies:
        with connection.cursor().copy("COPY bare_events FROM STDIN") as copy:
            copy.write(body)
    seconds = time.perf_counter() - began
    connection.execute("TRUNCATE bare_events")
    return calls * BULK / seconds


def measure_loss(bench: Bench, results: Results) -> None:
    each = bench.count(500, 100)
    with bench.connect() as connection:
        ((exists,),) = connection.execute("SELECT to_regclass('original.unified_users') IS NOT NULL").fetchall()
    if not exists:
        original.install(bench)
    found = interleave(
        bench.runs,
        {
            "XP lost, 8 writers, the original's read-add-write": lambda: original.lost_percent(bench, 8, each),
            "XP lost, 8 writers, apply_event": lambda: lost_percent(bench, 8, each),
        },
    )
    figures = {name: results.add(NAME, name, "%", values) for name, values in found.items()}
    results.expect(
        "XP lost by apply_event", max(figures["XP lost, 8 writers, apply_event"].values), 0, at_most=True, unit="%"
    )


def lost_percent(bench: Bench, writers: int, each: int) -> float:
    def write(own: psycopg.Connection[Any], user_id: int) -> None:
        own.execute(
            "SELECT xp FROM ttfd.apply_event(%s, 'telegram', %s, 'game_played', '{\"xp\": 5}')",
            [new_event_id(), str(user_id)],
        )

    played = (  # What achievements pay is not what the writers grant.
        "SELECT (SELECT sum(xp) FROM ttfd.unified_users)::bigint"
        " - (SELECT coalesce(sum(xp), 0) FROM ttfd.cross_platform_events WHERE event_type = 'achievement_unlock')::bigint"
    )
    with bench.connect() as connection:
        ((before,),) = connection.execute(played).fetchall()
        original.run_writers(bench, writers, each, write)
        ((after,),) = connection.execute(played).fetchall()
        drain(connection, 5_000)
    return 100 * (1 - (after - before) / (writers * each * 5))
