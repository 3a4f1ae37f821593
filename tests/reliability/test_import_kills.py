"""An import that is killed at any moment leaves nothing, and the next one completes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calls import Connection, row, value, violations
from ttfd.demo.sample import Sample, write_sample

KILLS = int(os.environ.get("TTFD_IMPORT_KILLS", "4"))


def start(url: str, sample: Sample) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ttfd", "import", "--json", *sample.arguments]
    return subprocess.Popen(
        command, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()


def totals(db: Connection) -> tuple[int, ...]:
    found = row(
        db,
        "SELECT count(*), sum(xp)::bigint AS xp, sum(coins)::bigint AS coins, sum(total_voice_time)::bigint AS voice"
        "  FROM ttfd.unified_users WHERE forgotten_at IS NULL",
    )
    return tuple(found)


def undo_last(db: Connection) -> None:
    db.execute("SELECT ttfd.undo_import(max(id)) FROM ttfd.import_runs")


def wait_until_alone(db: Connection) -> None:
    """Return once no process of a killed client is left in this database."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for _ in range(3000):
        if value(db, others) == 0:
            return
        db.execute("SELECT pg_sleep(0.02)")
    pytest.fail("the server still works for a client that was killed")


def test_the_next_import_completes_wherever_the_last_one_was_killed(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    sample = write_sample(tmp_path)
    begin = time.monotonic()
    finish(start(database_url, sample))
    whole = time.monotonic() - begin
    expected = totals(db)
    undo_last(db)
    chance = random.Random(7)
    for _ in range(KILLS):
        runs = value(db, "SELECT count(*) FROM ttfd.import_runs")
        process = start(database_url, sample)
        time.sleep(chance.uniform(0, whole))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_until_alone(db)
        if value(db, "SELECT count(*) FROM ttfd.import_runs") > runs:  # it had ended before
            undo_last(db)
        assert value(db, "SELECT count(*) FROM ttfd.platform_accounts") == 0
        assert value(db, "SELECT count(*) FROM ttfd.import_runs WHERE status = 'loading'") == 0
    finish(start(database_url, sample))
    assert totals(db) == expected
    assert violations(db) == []
