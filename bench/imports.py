"""A living community moves: three legacy files, three in ten rows of somebody who is in two of them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from ttfd.migrate import migrate

from . import original
from .figures import Results
from .server import Bench

NAME = "imports"
DATABASE = "bench_imports"
PRESENT = 100_000  # members who are there when ttfd is compared with the original's pattern
LEFT_BEHIND = ("unified_users", "xp_standings", "platform_accounts", "import_balances", "cross_platform_events_pending")


@dataclass(frozen=True, slots=True)
class Run:
    """What reading, unifying and verifying took."""

    rows: int
    seconds: float
    import_seconds: float  # without verifying
    client_seconds: float  # of processor time
    megabytes: float
    bare_seconds: float  # what it leaves behind, written once more with nothing to decide


def measure(bench: Bench, results: Results) -> None:
    small, large = bench.count(100_000, 20_000), bench.count(1_000_000, 100_000)
    few = [import_files(bench, small) for _ in range(bench.runs)]
    many = [import_files(bench, large)]
    for rows, runs in ((small, few), (large, many)):
        results.add(NAME, f"ttfd import and verify, {rows:,} rows", "s", [run.seconds for run in runs])
        results.add(NAME, f"processor time of the client, {rows:,} rows", "s", [run.client_seconds for run in runs])
        results.add(NAME, f"memory of the client, {rows:,} rows", "MB", [run.megabytes for run in runs])
        results.add(
            NAME, f"what they leave behind, written bare, {rows:,} rows", "s", [run.bare_seconds for run in runs]
        )
    beside = [import_files(bench, small, PRESENT) for _ in range(bench.runs)]
    speed = results.add(
        NAME, f"ttfd, {PRESENT:,} users present", "rows/s", [run.rows / run.import_seconds for run in beside]
    ).median
    theirs = results.add(
        NAME,
        f"original's pattern, {PRESENT:,} users present",
        "rows/s",
        [original.import_speed(bench, PRESENT, bench.count(1_000, 300)) for _ in range(bench.runs)],
    ).median
    if not bench.quick:
        results.expect(f"{large:,} rows read, unified and verified", many[0].seconds, 40, at_most=True, unit="s")
    results.expect(f"memory of the client, {large:,} rows", many[0].megabytes, 300, at_most=True, unit="MB")
    results.expect(
        f"time a row: {large:,} rows × {small:,} rows",
        many[0].seconds / large / (sorted(run.seconds for run in few)[len(few) // 2] / small),
        1.5,
        at_most=True,
        unit="×",
    )
    results.expect("an import × the original's pattern", speed / theirs, 100, unit="×")


def import_files(bench: Bench, rows: int, present: int = 0) -> Run:
    """Import files of so many rows by the command that owners use, and verify the whole; `present` are there already."""
    with bench.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    url = bench.server.database_url(DATABASE)
    migrate(url)
    with bench.connect(DATABASE) as connection:
        for first in range(1, present + 1, 1000):  # a lock an account, until the end of the transaction
            connection.execute(
                "SELECT ttfd.get_or_create_user('telegram', n::text, 'member ' || n)"
                "  FROM generate_series(%s::integer, %s::integer) AS numbers (n)",
                [first, first + 999],
            )
        connection.execute("VACUUM ANALYZE")
    with tempfile.TemporaryDirectory(prefix="ttfd-bench-") as folder:
        sources = write_files(Path(folder), rows)
        began = time.perf_counter()
        usage = run_command(url, "import", "--json", *sources)
        import_seconds = time.perf_counter() - began
        run_command(url, "verify", "--json")
        seconds = time.perf_counter() - began
    with bench.connect(DATABASE) as connection:
        ((read, members),) = connection.execute(
            "SELECT (SELECT sum((s ->> 'rows')::bigint) FROM jsonb_array_elements(r.report -> 'sources') s)::bigint,"
            "       (SELECT count(*) FROM ttfd.unified_users) FROM ttfd.import_runs r"
        ).fetchall()
        bare_seconds = write_bare(connection)
    if (read, members) != (rows, present + rows * 7 // 10):
        raise RuntimeError(f"{read} rows became {members} members")
    with bench.connect() as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    return Run(rows, seconds, import_seconds, usage[0], usage[1], bare_seconds)


def write_bare(connection: psycopg.Connection[Any]) -> float:
    """Copy what an import leaves behind into tables like its own, in one transaction; return the seconds.

    With the same indexes, checks and foreign keys, but no triggers and nothing to find out: below that no import can go
    that writes in one transaction.
    """
    connection.execute("CREATE SCHEMA bare")
    for table in LEFT_BEHIND:
        connection.execute(f"CREATE TABLE bare.{table} (LIKE ttfd.{table} INCLUDING ALL)")
    connection.execute("ALTER TABLE bare.unified_users SET (fillfactor = 50)")
    connection.execute(
        "ALTER TABLE bare.platform_accounts ADD FOREIGN KEY (user_id) REFERENCES bare.unified_users (id),"
        " ADD FOREIGN KEY (platform) REFERENCES ttfd.platforms (name)"
    )
    began = time.perf_counter()
    with connection.transaction():
        for table in LEFT_BEHIND:
            connection.execute(f"INSERT INTO bare.{table} SELECT * FROM ttfd.{table}")
    return time.perf_counter() - began


def run_command(url: str, *arguments: str) -> tuple[float, float]:
    """Run `ttfd`, and return its processor time in seconds and its memory in megabytes."""
    with subprocess.Popen(
        [sys.executable, "-m", "ttfd", *arguments],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"ttfd {arguments[0]} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_files(folder: Path, rows: int) -> list[str]:
    """Two fifths on Telegram, two on Discord, a fifth on the website.

    Half of the website's accounts and half of Telegram's are of somebody who is on Discord too: Telegram's by id and by
    name in turn.
    """
    chance = random.Random(1)
    telegram = write_records(folder / "telegram.json", "users", rows * 2 // 5, lambda n: telegram_user(chance, n))
    discord = write_records(folder / "user_data.json", "users", rows * 2 // 5, lambda n: discord_user(chance, n))
    website = write_records(folder / "accounts.json", "accounts", rows // 5, lambda n: website_account(chance, n))
    return [f"telegram-json={telegram}", f"discord-json={discord}", f"website-json={website}"]


def write_records(path: Path, name: str, count: int, make: Callable[[int], tuple[str, dict[str, object]]]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"{name}": {{')
        for n in range(count):
            key, record = make(n)
            file.write(f'{"," if n else ""}\n"{key}": {json.dumps(record, ensure_ascii=False)}')
        file.write("}}")
    return path


def telegram_user(chance: random.Random, n: int) -> tuple[str, dict[str, object]]:
    external_id = str(10**6 + n)
    return external_id, {
        "telegram_id": external_id,
        "username": f"discord_{n}" if n % 4 == 1 else f"telegram_{n}",
        "first_name": f"Имя {n}",
        **progress(chance),
        "discord_id": str(10**17 + n) if n % 4 == 3 else None,
        "last_daily": moment(chance),
        "last_spin": None,
        "inventory": [],
        "achievements": ["first_win"] if n % 3 == 0 else [],
        "total_coins_won": chance.randint(0, 5000),
    }


def discord_user(chance: random.Random, n: int) -> tuple[str, dict[str, object]]:
    external_id = str(10**17 + n)
    return external_id, {
        "id": external_id,
        "username": f"discord_{n}",
        **progress(chance),
        "clicks": chance.randint(0, 500),
        "tasks_completed": chance.randint(0, 50),
        "last_daily": None,
        "achievements": ["streak_3"] if n % 4 == 0 else [],
        "daily_tasks": [],
        "daily_streak": chance.randint(0, 30),
        "last_daily_date": "2026-01-02",
        "game_stats": {},
    }


def website_account(chance: random.Random, n: int) -> tuple[str, dict[str, object]]:
    return str(n), {
        "id": n,
        "email": f"member{n}@example.org",
        "username": f"website_{n}",
        "display_name": f"Member {n}",
        "discord_id": str(10**17 + 2 * n) if n % 2 == 0 else None,
        "created_at": moment(chance),
        "profile": {},
    }


def progress(chance: random.Random) -> dict[str, object]:
    return {
        "xp": chance.randint(0, 50_000),
        "coins": chance.randint(0, 9_000),
        "rank_id": 1,
        "created_at": moment(chance),
        "last_active": moment(chance),
        "games_played": chance.randint(0, 99),
        "games_won": chance.randint(0, 50),
    }


def moment(chance: random.Random) -> str:
    day = f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return f"{day}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:11.123456"
