"""An import that is killed at any moment, or whose server is, leaves nothing, and the next one completes.

Full size: TTFD_IMPORT_KILLS=20 pytest tests/reliability/test_import_kills.py
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from calls import Connection, row, value, violations
from support import temporary_directory
from ttfd import embedded
from ttfd.demo.sample import Sample, write_sample
from ttfd.migrate import migrate

KILLS = int(os.environ.get("TTFD_IMPORT_KILLS", "3"))


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


def require_nothing_left(db: Connection, runs: int) -> None:
    """Take back an import that had ended before it was killed; of any other there is nothing."""
    if value(db, "SELECT count(*) FROM ttfd.import_runs") > runs:
        undo_last(db)
    assert value(db, "SELECT count(*) FROM ttfd.platform_accounts") == 0
    assert value(db, "SELECT count(*) FROM ttfd.import_runs WHERE status = 'loading'") == 0


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
        require_nothing_left(db, runs)
    finish(start(database_url, sample))
    assert totals(db) == expected
    assert violations(db) == []


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for a server of our own."""
    with temporary_directory() as folder:
        yield folder
        embedded.stop(folder, mode="immediate")


def connect(server: embedded.Server) -> Connection:
    return psycopg.connect(server.url, autocommit=True, row_factory=namedtuple_row)


def kill(server: embedded.Server) -> None:
    (pid_file,) = server.directory.glob("pg*/data/postmaster.pid")
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)


def start_again(place: Path) -> embedded.Server:
    """Start the server as soon as the last of its killed processes is gone."""
    for _ in range(300):
        with contextlib.suppress(embedded.EmbeddedError, psycopg.OperationalError):
            server = embedded.start(place)
            connect(server).close()
            return server
        time.sleep(0.1)
    pytest.fail("the server does not start again")


def test_the_next_import_completes_wherever_the_server_was_killed(place: Path, tmp_path: Path) -> None:
    sample = write_sample(tmp_path)
    server = embedded.start(place)
    migrate(server.url)
    begin = time.monotonic()
    finish(start(server.url, sample))
    whole = time.monotonic() - begin
    with connect(server) as db:
        expected = totals(db)
        undo_last(db)
    chance = random.Random(11)
    for _ in range(KILLS):
        with connect(server) as db:
            runs = value(db, "SELECT count(*) FROM ttfd.import_runs")
        process = start(server.url, sample)
        time.sleep(chance.uniform(0, whole))
        kill(server)
        process.communicate(timeout=60)
        server = start_again(place)
        with connect(server) as db:
            require_nothing_left(db, runs)
    finish(start(server.url, sample))
    with connect(server) as db:
        assert totals(db) == expected
        assert violations(db) == []
