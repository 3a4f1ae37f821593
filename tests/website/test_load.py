"""Many open pages and many visitors at once on one process, and what happens to them when things are torn down.

The default is small. ``TTFD_WEB_STREAMS=500 TTFD_WEB_PAGES=200 TTFD_WEB_SECONDS=20`` is what the site has to bear.
"""

import asyncio
import os
import re
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from community import fill
from serving import Listener, Server, serving
from support import limit
from ttfd import Client, new_event_id

STREAMS = int(os.environ.get("TTFD_WEB_STREAMS", "60"))
PAGES = int(os.environ.get("TTFD_WEB_PAGES", "20"))
SECONDS = float(os.environ.get("TTFD_WEB_SECONDS", "4"))
LIMIT_SECONDS = float(os.environ.get("TTFD_WEB_P99", limit(1)))


async def load(port: int, address: str) -> float:
    """Seconds that one page takes, on a connection of its own."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert b" 200 " in answer[:20], answer[:200]
    return time.perf_counter() - begun


def processes(server: Server) -> list[int]:
    """The process that was started and its children."""
    found = [server.process.pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == server.process.pid:
            found.append(int(stat.parent.name))
    return found


def memory(server: Server) -> int:
    """Bytes that the server's processes hold."""
    return sum(
        1024 * int(re.findall(r"VmRSS:\s+([0-9]+)", Path(f"/proc/{pid}/status").read_text())[0])
        for pid in processes(server)
    )


def cpu(server: Server) -> float:
    """Seconds of CPU that the server's processes have used."""
    ticks = 0
    for pid in processes(server):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def crowd(database_url: str, db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    monkeypatch.setenv("TTFD_STREAMS_PER_ADDRESS", "1000")
    return database_url, fill(db)


async def visit(port: int, anna: int, rate: int, seconds: float) -> list[float]:
    """Pages at an even pace, however long each takes."""
    addresses = ("/", f"/members/{anna}", "/?metric=coins", "/activity")
    begun, jobs = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        jobs.append(asyncio.create_task(load(port, addresses[number % len(addresses)])))
    return list(await asyncio.gather(*jobs))


def feed_a_while(database_url: str, seconds: float) -> int:
    """Events at about a hundred a second; gives the head."""
    with Client(database_url) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for number in range(10):
                client.record_event(new_event_id(), "telegram", str(1001 + number), "message_sent")
            client.process_events()
            time.sleep(0.1)
        return client.feed_state().head


def test_a_crowd_of_streams_and_visitors_is_served_by_one_process(crowd: tuple[str, int]) -> None:
    database_url, anna = crowd

    async def run(server: Server, port: int) -> None:
        await asyncio.gather(*(load(port, "/") for _ in range(5)))
        before = memory(server)
        with Client(database_url) as client:
            start = client.feed_state().head
        over = asyncio.Event()
        listeners = [Listener(port) for _ in range(STREAMS)]
        for listener in listeners:
            listener.position = start
        tasks = [asyncio.create_task(listener.run(over)) for listener in listeners]
        while any(listener.connects == 0 for listener in listeners):
            await asyncio.sleep(0.05)
        each = (memory(server) - before) / STREAMS
        used, begun = cpu(server), time.monotonic()
        feeding = asyncio.create_task(asyncio.to_thread(feed_a_while, database_url, SECONDS))
        times = await visit(port, anna, PAGES, SECONDS)
        head = await feeding
        busy = (cpu(server) - used) / (time.monotonic() - begun)
        for _ in range(1200):
            if all(listener.position == head for listener in listeners):
                break
            await asyncio.sleep(0.05)
        assert {(listener.position, listener.told) for listener in listeners} == {(head, head - start)}
        assert max(listener.updates for listener in listeners) <= 2 * (time.monotonic() - begun) + 3
        p99 = statistics.quantiles(times, n=100)[98]
        print(
            f"\n{STREAMS} streams, {len(times)} pages at {PAGES}/s: median {statistics.median(times) * 1000:.0f} ms,"
            f" p99 {p99 * 1000:.0f} ms; {busy:.2f} cores of CPU; {each / 1024:.0f} KiB a stream"
        )
        over.set()
        assert server.stop() < limit(5)
        await asyncio.gather(*tasks)
        assert p99 < LIMIT_SECONDS

    with serving(database_url) as server:
        assert server.address.port
        asyncio.run(run(server, server.address.port))
