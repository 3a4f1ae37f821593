"""Behind PgBouncer in transaction mode everything works but LISTEN, which is named and replaced by polling."""

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from soaking import report
from support import limit, temporary_directory
from ttfd import Client, FeedListener, new_event_id
from ttfd.doctor import examine
from ttfd.embedded import Server

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed (apt-get install pgbouncer)")

CONFIGURATION = """
[databases]
pooled = host={host} port={port} dbname={database} user=ttfd password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {pooler_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
logfile =
pidfile =
"""


@pytest.fixture
def pooled_url(server: Server, db: psycopg.Connection[Any]) -> Iterator[str]:
    """The address of the test's database, through the pooler."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with temporary_directory() as place:
        file = place / "pgbouncer.ini"
        file.write_text(
            CONFIGURATION.format(
                host=server.host,
                port=server.port,
                database=db.info.dbname,
                password=server.password,
                pooler_port=port,
            )
        )
        with started(file, server):
            url = f"postgresql://ttfd@127.0.0.1:{port}/pooled"
            wait_until_it_answers(url)
            yield url


@contextlib.contextmanager
def started(file: Path, server: Server) -> Iterator[None]:
    """Like PostgreSQL, PgBouncer does not run as root; and it has to reach the server's socket."""
    owner = Path(server.host).stat()
    os.chown(file, owner.st_uid, owner.st_gid)
    assert PGBOUNCER is not None
    is_root = os.geteuid() == 0
    process = subprocess.Popen(
        [PGBOUNCER, "--quiet", str(file)],
        user=owner.st_uid if is_root else None,
        group=owner.st_gid if is_root else None,
        extra_groups=[] if is_root else None,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                connection.execute("SELECT 1")
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "pgbouncer does not answer"
            time.sleep(0.1)


def test_every_call_works_through_a_pool(pooled_url: str) -> None:
    arguments = {"prepare_threshold": None, "autocommit": True}
    with ConnectionPool(pooled_url, kwargs=arguments, min_size=2, max_size=8, open=True) as pool:
        client = Client(pool)

        def play(member: int) -> None:
            for _ in range(25):
                client.apply_event(new_event_id(), "telegram", str(member), "game_played", {"xp": 1, "coins": 2})
                client.record_event(new_event_id(), "telegram", str(member), "game_played", {"xp": 1})

        threads = [threading.Thread(target=play, args=(member,)) for member in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        while client.process_events(1000).remaining:
            pass
        member = client.find_user("telegram", "1")
        assert member is not None
        assert (member.xp, member.coins) == (50, 50)
        code = client.create_link_code("telegram", "1").code
        assert client.redeem_link_code(code, "discord", "1").status == "linked"
        client.claim_daily(new_event_id(), "telegram", "1")
        assert len(client.list_leaderboard()) == 8
        assert client.verify_integrity() == []


def test_a_listener_says_that_it_is_deaf_and_polls(
    db: psycopg.Connection, pooled_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    listener = FeedListener(pooled_url, after=0)
    seen: list[int] = []
    thread = threading.Thread(target=lambda: [seen.extend(e.position for e in batch) for batch in listener.batches()])
    with caplog.at_level(logging.WARNING, "ttfd.listener"):
        thread.start()
        try:
            deadline = time.monotonic() + 60
            while listener.looked_at is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            # More rounds than it takes for a statement to be prepared on the server.
            for expected in range(1, 9):
                Client(db).apply_event(new_event_id(), "telegram", "1", "message_sent")
                Client(db).process_events()
                began = time.monotonic()
                while len(seen) < expected:
                    assert time.monotonic() - began < limit(6)
                    time.sleep(0.01)
        finally:
            listener.stop()
            thread.join()
    assert not listener.hears
    assert "pooler in transaction mode" in caplog.text
    assert "connection lost" not in caplog.text
    assert seen == list(range(1, 9))
    report(
        "Behind PgBouncer in transaction mode",
        scale="400 calls from 8 threads, a listener",
        result="every call works; LISTEN is named as swallowed and replaced by polling, 0 missed",
    )


def test_the_doctor_names_the_pooler(pooled_url: str) -> None:
    found = {one.check: one for one in examine(pooled_url, is_quick=True)}
    assert found["listener"].status == "warning"
    assert "pooler" in found["listener"].message
