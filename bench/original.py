"""The original's pattern: read, add in Python, write, mark, one event at a time; only its sleep of 5 s is left out."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import psycopg

from .server import Bench
from .workload import DRAWS, USER, random_user

FETCH = 100


def install(bench: Bench) -> None:
    with bench.connect() as connection:
        for statement in (Path(__file__).parent / "sql" / "original.sql").read_text("utf-8").split(";\n"):
            if statement.strip():
                connection.execute(statement)


def drain(bench: Bench, count: int, backlog: int) -> float:
    """Events a second, for the first so many of a backlog."""
    with bench.connect() as connection:
        connection.execute("TRUNCATE original.cross_platform_events")
        connection.execute(
            f"{DRAWS} INSERT INTO original.cross_platform_events (user_id, event_type, source_platform, data)"
            f" SELECT {USER}, 'message_sent', 'telegram', '{{\"xp\": 5}}' FROM draws d",
            [backlog],
        )
        began = time.perf_counter()
        done = 0
        while done < count:
            events = connection.execute(
                "SELECT id, user_id, data FROM original.cross_platform_events"
                " WHERE processed = false ORDER BY created_at LIMIT %s",
                [FETCH],
            ).fetchall()
            for event_id, user_id, data in events:
                add_xp(connection, user_id, data["xp"])
                connection.execute(
                    "UPDATE original.cross_platform_events SET processed = true WHERE id = %s", [event_id]
                )
                done += 1
        return done / (time.perf_counter() - began)


def add_xp(connection: psycopg.Connection[Any], user_id: int, amount: int) -> None:
    ((xp, messages),) = connection.execute(
        "SELECT xp, messages_sent FROM original.unified_users WHERE id = %s", [user_id]
    ).fetchall()
    connection.execute(
        "UPDATE original.unified_users SET xp = %s, messages_sent = %s, last_active = now() WHERE id = %s",
        [xp + amount, messages + 1, user_id],
    )


def lost_percent(bench: Bench, writers: int, each: int) -> float:
    """XP that writers lose to one another, in percent of what they granted."""
    with bench.connect() as connection:
        connection.execute("UPDATE original.unified_users SET xp = 0")
        run_writers(bench, writers, each, lambda own, user_id: add_xp(own, user_id, 5))
        ((kept,),) = connection.execute("SELECT sum(xp)::bigint FROM original.unified_users").fetchall()
    return 100 * (1 - float(kept) / (writers * each * 5))


def run_writers(bench: Bench, writers: int, each: int, write: Any) -> None:
    def work() -> None:
        with bench.connect() as own:
            for _ in range(each):
                write(own, random_user())

    threads = [threading.Thread(target=work) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def import_speed(bench: Bench, present: int, count: int) -> float:
    """Rows a second of its import: a Discord user is looked up by id, then by name, then written and committed."""
    with bench.connect() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS original")
        connection.execute("DROP TABLE IF EXISTS original.members")
        connection.execute(
            "CREATE TABLE original.members (id text PRIMARY KEY, telegram_id text UNIQUE, discord_id text UNIQUE,"
            " username text, xp integer, coins integer)"
        )
        connection.execute(
            "INSERT INTO original.members SELECT 'telegram_' || n, n::text, NULL, 'member ' || n, 5, 5"
            "  FROM generate_series(1, %s) AS numbers (n)",
            [present],
        )
        connection.execute("ANALYZE original.members")
        began = time.perf_counter()
        for n in range(count):
            import_row(connection, str(10**17 + n), f"member {present + 1 if n % 3 else n + 1}")
        return count / (time.perf_counter() - began)


def import_row(connection: psycopg.Connection[Any], discord_id: str, username: str) -> None:
    known = connection.execute("SELECT id FROM original.members WHERE discord_id = %s", [discord_id]).fetchone()
    known = known or connection.execute("SELECT id FROM original.members WHERE username = %s", [username]).fetchone()
    if known:
        connection.execute("UPDATE original.members SET discord_id = %s WHERE id = %s", [discord_id, known[0]])
    else:
        connection.execute(
            "INSERT INTO original.members VALUES (%s, NULL, %s, %s, 5, 5)",
            [f"discord_{discord_id}", discord_id, f"{username} {discord_id}"],
        )
