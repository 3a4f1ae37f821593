"""Leaderboards while members climb: beside Redis at three sizes, and what they cost draining a queue."""

from __future__ import annotations

import contextlib
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from .figures import Results, interleave
from .server import Bench, prepare
from .workload import drain, queue_events

NAME = "boards"
DATABASE = "bench_boards"
WITHOUT = "bench_boards_without"
BATCH = 1_000
CALLS = 300
MOST_XP = 1_000_000
TOP = "SELECT position, user_id, display_name, value FROM ttfd.list_leaderboard('{}', 100)"
POSITION = "SELECT position, value, total FROM ttfd.get_position(%s, '{}')"
COINS = "ttfd.board_number('coins')"
SEASON = "ttfd.board_number('season')"


def measure(bench: Bench, results: Results) -> None:
    with bench.connect() as connection:
        for name in (DATABASE, WITHOUT):
            connection.execute(f"CREATE DATABASE {name}")
    for name in (DATABASE, WITHOUT):
        prepare(bench.server.database_url(name))
        with bench.connect(name) as connection:
            connection.execute("SELECT ttfd.tend_seasons()")
    measure_drain(bench, results)
    with _redis() as redis:
        sizes = [20_000, 100_000] if bench.quick else [100_000, 1_000_000, 5_000_000]
        found = {size: measure_calls(bench, results, redis, size) for size in sizes}
    for call in ("list_leaderboard", "get_position"):
        small, large = (found[size][call] for size in (sizes[0], sizes[-1]))
        results.expect(
            f"{call}, {sizes[-1]:,} members: × the time at {sizes[0]:,}", large / small, 1.5, at_most=True, unit="×"
        )
    with bench.connect() as connection:
        for name in (DATABASE, WITHOUT):
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure_drain(bench: Bench, results: Results) -> None:
    """In turns: a database that keeps the leaderboard, and one whose members change unseen."""
    count = bench.count(100_000, 20_000)
    with bench.connect(DATABASE) as kept, bench.connect(WITHOUT) as unkept:
        unkept.execute("ALTER TABLE ttfd.unified_users DISABLE TRIGGER keep_standings_updated")

        def once(connection: psycopg.Connection[Any]) -> float:
            queue_events(connection, count)
            began = time.perf_counter()
            drain(connection, BATCH)
            return count / (time.perf_counter() - began)

        with_it, without = f"draining at {BATCH:,}, leaderboard kept", f"draining at {BATCH:,}, no leaderboard"
        values = interleave(bench.runs, {with_it: lambda: once(kept), without: lambda: once(unkept)})
    figures = {name: results.add(NAME, name, "events/s", each) for name, each in values.items()}
    results.expect(
        "draining with the leaderboard: × without", figures[with_it].median / figures[without].median, 0.7, unit="×"
    )


def measure_calls(bench: Bench, results: Results, redis: Any, size: int) -> dict[str, float]:
    """Medians in ms by function, while a worker is busy."""
    with bench.connect(DATABASE) as connection, busy_worker(bench):
        grow(connection, size)
        if redis:
            copy_to_redis(connection, redis)
        members = [random.randint(1, size) for _ in range(CALLS)]
        calls: dict[str, Callable[[int], object]] = {
            f"{name}{by}": _call(connection, query, metric)
            for by, metric in (("", "xp"), (" by coins", "coins"))
            for name, query in (("list_leaderboard", TOP), ("get_position", POSITION))
        }
        if redis:
            calls["ZREVRANGE"] = lambda _: redis.zrevrange("xp", 0, 99, withscores=True)
            calls["ZREVRANK"] = lambda member: redis.zrevrank("xp", str(member))
        values = interleave(bench.runs, {name: _timed(call, members) for name, call in calls.items()})
        crowd = connection.execute(
            "SELECT user_id FROM ttfd.xp_standings WHERE minus_xp = 0 ORDER BY since DESC, user_id DESC LIMIT 1"
        ).fetchall()
        for (last,) in crowd:
            values["get_position, last of the most crowded XP"] = [_timed(calls["get_position"], [last] * 20)()]
        values["list_leaderboard by season"] = [_timed(_call(connection, TOP, "season"), [0] * 5)()]
    medians = {name: results.add(NAME, f"{name}, {size:,} members", "ms", each).median for name, each in values.items()}
    if redis:
        for mine, peer, limit in (("list_leaderboard", "ZREVRANGE", 1.0), ("get_position", "ZREVRANK", 3.0)):
            ratio = medians[mine] / medians[peer]
            results.expect(f"{mine}, {size:,} members: × {peer}", ratio, limit, at_most=True, unit="×")
    return medians


def grow(connection: psycopg.Connection[Any], size: int) -> None:
    """Members up to this number: many with few XP, few with many. Triggers would take an hour, so all is done by hand."""
    ((last,),) = connection.execute("SELECT max(id) FROM ttfd.unified_users").fetchall()
    connection.execute("CREATE TEMPORARY TABLE newcomers (id bigint, xp bigint)")
    connection.execute(
        "INSERT INTO newcomers SELECT n, floor(power(random(), 3) * %s) FROM generate_series(%s::bigint, %s) s (n)",
        [MOST_XP, last + 1, size],
    )
    with connection.transaction():
        connection.execute("SELECT FROM ttfd.feed_head FOR UPDATE")  # so nobody else counts
        connection.execute("ALTER TABLE ttfd.unified_users DISABLE TRIGGER USER")
        connection.execute(
            "INSERT INTO ttfd.unified_users"
            " (id, xp, coins, next_rank_xp, username, season_id, season_xp, season_reached_at)"
            " SELECT id, xp, xp, 1 << 40, 'm' || id, ttfd.running_season(), xp, now() FROM newcomers"
        )
        connection.execute("ALTER TABLE ttfd.unified_users ENABLE TRIGGER USER")
        connection.execute(
            "INSERT INTO ttfd.xp_standings SELECT -n.xp, u.xp_since, n.id FROM newcomers n JOIN ttfd.unified_users u USING (id)"
        )
        connection.execute("INSERT INTO ttfd.xp_moves SELECT xp, count(*) FROM newcomers GROUP BY xp")
        connection.execute("SELECT ttfd.settle_moves()")  # now, so that the vacuum below finds them
        for board, since in ((COINS, "u.xp_since"), (SEASON, "u.season_reached_at")):
            connection.execute(
                "INSERT INTO ttfd.standings (board, minus_value, since, user_id)"
                f" SELECT {board}, -n.xp, {since}, n.id FROM newcomers n JOIN ttfd.unified_users u USING (id) WHERE n.xp > 0"
            )
            connection.execute(
                f"SELECT ttfd.count_moves(array_agg(xp), array_agg(members), {board})"
                "  FROM (SELECT xp, count(*) AS members FROM newcomers WHERE xp > 0 GROUP BY xp) c"
            )
    connection.execute("DROP TABLE newcomers")
    for table in ("unified_users", "xp_standings", "standings", "board_counts", "xp_moves"):
        connection.execute(f"VACUUM ANALYZE ttfd.{table}")


def copy_to_redis(connection: psycopg.Connection[Any], redis: Any) -> None:
    redis.delete("xp")
    with connection.transaction(), connection.cursor("members") as cursor:
        cursor.execute("SELECT id, xp FROM ttfd.unified_users")
        while rows := cursor.fetchmany(10_000):
            redis.zadd("xp", {str(member): xp for member, xp in rows})


@contextlib.contextmanager
def busy_worker(bench: Bench) -> Iterator[None]:
    """Events come and are processed until the block ends."""
    done = threading.Event()

    def work() -> None:
        with bench.connect(DATABASE) as connection:
            while not done.is_set():
                queue_events(connection, BATCH)
                drain(connection, BATCH)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join()


def _call(connection: psycopg.Connection[Any], query: str, metric: str) -> Callable[[int], object]:
    text, has_member = query.format(metric), "%s" in query
    return lambda member: connection.execute(text, [member] if has_member else None, prepare=True).fetchall()


def _timed(call: Callable[[int], object], members: list[int]) -> Callable[[], float]:
    """The median time of one call, in ms."""

    def once() -> float:
        times = []
        for member in members:
            began = time.perf_counter()
            call(member)
            times.append((time.perf_counter() - began) * 1e3)
        return statistics.median(times)

    return once


@contextlib.contextmanager
def _redis() -> Iterator[Any]:
    """A client of a Redis of our own; None where Redis is not installed."""
    program = shutil.which("redis-server")
    try:
        import redis
    except ImportError:
        program = None
    if program is None:
        print("  redis-server (Debian) and redis (PyPI) are not installed: ttfd alone", flush=True)
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="ttfd-bench-") as place:
        socket = Path(place) / "redis"
        server = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", place],
            stdout=subprocess.DEVNULL,
        )
        try:
            while not socket.exists() and server.poll() is None:
                time.sleep(0.01)
            with redis.Redis(unix_socket_path=str(socket)) as client:
                yield client
        finally:
            server.terminate()
            server.wait()
