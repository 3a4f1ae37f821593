"""procrastinate with a task that does one UPDATE, drained by its own worker in this process."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import time

from .server import Bench
from .workload import random_user

CONCURRENCY = 10  # its documentation: raise it for tasks that wait for I/O; more than this gained nothing here


def is_installed() -> bool:
    return importlib.util.find_spec("procrastinate") is not None


def install(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.execute("CREATE SCHEMA procrastinate")
        connection.execute("CREATE TABLE procrastinate.unified_users (LIKE ttfd.unified_users INCLUDING ALL)")
        connection.execute("INSERT INTO procrastinate.unified_users (id) SELECT id FROM ttfd.unified_users")
        connection.execute("VACUUM ANALYZE procrastinate.unified_users")
    asyncio.run(_apply_schema(bench))


def drain(bench: Bench, count: int) -> float:
    """Jobs a second."""
    return asyncio.run(_drain(bench, count))


def _app(bench: Bench):  # type: ignore[no-untyped-def]
    import procrastinate

    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    connector = procrastinate.PsycopgConnector(
        conninfo=bench.url, kwargs={"options": "-c search_path=procrastinate"}, min_size=4, max_size=CONCURRENCY + 4
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="add_xp")
    async def add_xp(user_id: int, xp: int) -> None:
        await app.connector.execute_query_async(
            "UPDATE unified_users SET xp = xp + %(xp)s, messages_sent = messages_sent + 1, last_active = now()"
            " WHERE id = %(user_id)s",
            user_id=user_id,
            xp=xp,
        )

    return app, add_xp


async def _apply_schema(bench: Bench) -> None:
    app, _ = _app(bench)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def _drain(bench: Bench, count: int) -> float:
    app, add_xp = _app(bench)
    async with app.open_async():
        await add_xp.batch_defer_async(*({"user_id": random_user(), "xp": 5} for _ in range(count)))
        began = time.perf_counter()
        with contextlib.suppress(asyncio.CancelledError):
            await app.run_worker_async(
                wait=False, concurrency=CONCURRENCY, install_signal_handlers=False, delete_jobs="never"
            )
        seconds = time.perf_counter() - began
    with bench.connect() as connection:
        ((left,),) = connection.execute(
            "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status <> 'succeeded'"
        ).fetchall()
        if left:
            raise RuntimeError(f"procrastinate left {left} jobs undone")
        connection.execute("TRUNCATE procrastinate.procrastinate_jobs CASCADE")
    return count / seconds
