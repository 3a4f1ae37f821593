"""An import takes the memory of a few records, however many there are.

Full size: TTFD_IMPORT_ROWS=1000000 pytest tests/reliability/test_import_size.py -s
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calls import Connection, value, violations

ROWS = int(os.environ.get("TTFD_IMPORT_ROWS", "10000"))
MOST_MEGABYTES = 300

# Its own peak: what wait4() reports of a child begins with the memory of the process that started it.
COMMAND = """
import os, pathlib, re, runpy
try:
    runpy.run_module("ttfd", run_name="__main__", alter_sys=True)
finally:
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
    pathlib.Path(os.environ["PEAK"]).write_text(peak[1])
"""


def write_files(folder: Path) -> list[str]:
    """Two fifths of the rows on Telegram, two on Discord, a fifth in voice; some state the id or bear the name."""
    chance = random.Random(1)

    def moment() -> str:
        return f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T{chance.randint(0, 23):02}:15:11.123456"

    def telegram(n: int) -> dict[str, object]:
        return {
            "telegram_id": str(10**6 + n),
            "username": f"both{n}" if n % 10 == 0 else f"tg_user{n}",
            "first_name": f"Имя {n}",
            "xp": chance.randint(0, 50000),
            "coins": chance.randint(0, 9000),
            "discord_id": str(10**17 + n) if n % 5 == 0 else None,
            "created_at": moment(),
            "last_active": moment(),
            "inventory": [],
            "achievements": ["first_win"] if n % 3 == 0 else [],
            "games_played": chance.randint(0, 99),
            "games_won": chance.randint(0, 50),
        }

    def discord(n: int) -> dict[str, object]:
        return {
            "id": str(10**17 + n),
            "username": f"both{n}" if n % 20 == 0 else f"dc_user{n}",
            "xp": chance.randint(0, 50000),
            "coins": chance.randint(0, 9000),
            "created_at": moment(),
            "last_active": moment(),
            "achievements": ["streak_3"] if n % 4 == 0 else [],
            "daily_streak": chance.randint(0, 30),
            "last_daily_date": "2026-01-02",
            "games_played": chance.randint(0, 99),
            "games_won": chance.randint(0, 50),
        }

    def voice(n: int) -> dict[str, object]:
        return {"total_time": chance.random() * 1e5, "sessions": [], "username": f"dc_user{n}"}

    for name, make, first, count in (
        ("telegram", telegram, 10**6, ROWS * 2 // 5),
        ("discord", discord, 10**17, ROWS * 2 // 5),
        ("voice", voice, 10**17, ROWS // 5),
    ):
        with (folder / f"{name}.json").open("w", encoding="utf-8") as file:
            file.write('{"users": {')
            for n in range(count):
                file.write(f'{"," if n else ""}\n"{first + n}": {json.dumps(make(n), ensure_ascii=False)}')
            file.write("}}")
    return [f"telegram-json={folder}/telegram.json", f"discord-json={folder}/discord.json,{folder}/voice.json"]


@pytest.mark.parametrize("kind", ["json", "postgres"])
def test_an_import_of_any_size_takes_little_memory(
    db: Connection, database_url: str, tmp_path: Path, kind: str
) -> None:
    arguments = write_files(tmp_path)
    if kind == "postgres":
        arguments = make_table(db, database_url)
    begin = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "import", *arguments],
        env={**os.environ, "DATABASE_URL": database_url, "PEAK": str(tmp_path / "peak")},
        stdout=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
    megabytes = int((tmp_path / "peak").read_text()) / 1024
    processor = usage.ru_utime + usage.ru_stime
    print(
        f"{kind}: {ROWS:,} rows in {time.monotonic() - begin:.1f} s, {processor:.1f} s of it Python, {megabytes:.0f} MB"
    )
    assert status == 0
    assert megabytes < MOST_MEGABYTES
    assert (
        value(db, "SELECT sum((s ->> 'rows')::int) FROM ttfd.import_runs, jsonb_array_elements(report -> 'sources') s")
        == ROWS
    )
    assert violations(db) == []


def make_table(db: Connection, database_url: str) -> list[str]:
    db.execute(
        "CREATE TABLE public.users AS SELECT (10 ^ 17)::bigint + n AS id, 'dc_user' || n AS username,"
        " (n * 7919) %% 50000 AS xp, (n * 104729) %% 9000 AS coins, (n %% 99)::int AS games_played,"
        " timestamp '2025-01-01' + n * interval '1 second' AS created_at, '[]'::jsonb AS achievements"
        " FROM generate_series(1, %s) n",
        [ROWS],
    )
    return [f"discord-postgres={database_url}"]
