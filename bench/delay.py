"""From record_event to a listener that holds the row, and what a listener costs the writers."""

from __future__ import annotations

import statistics
import threading
import time
from uuid import UUID

import psycopg

from ttfd import FeedListener, new_event_id

from .companion import attached
from .figures import Results, interleave
from .pgbench import RECORD, rate
from .server import Bench
from .workload import drain, random_user

NAME = "delay"


def measure(bench: Bench, results: Results) -> None:
    samples = bench.count(300, 100)
    delays: dict[str, list[list[float]]] = {"ours": [], "bare": []}
    with attached(bench.url, listener=False):
        for _ in range(bench.runs):
            delays["ours"].append(end_to_end(bench, samples))
            delays["bare"].append(bare_notify(bench, samples))
    for key, name in (("ours", "record_event to the listener's row"), ("bare", "bare NOTIFY to the listener")):
        for percent in (50, 99):
            values = [statistics.quantiles(run, n=100)[percent - 1] * 1000 for run in delays[key]]
            figure = results.add(NAME, f"{name}, p{percent}", "ms", values)
            if key == "ours":
                results.expect(
                    f"End to end, p{percent}", figure.median, 10 if percent == 50 else 50, at_most=True, unit="ms"
                )
    measure_writers(bench, results)


def end_to_end(bench: Bench, samples: int) -> list[float]:
    seen: dict[UUID, float] = {}
    arrived = threading.Condition()
    listener = FeedListener(bench.url)

    def listen() -> None:
        for batch in listener.batches():
            now = time.perf_counter()
            with arrived:
                seen.update((event.event_id, now) for event in batch)
                arrived.notify()

    thread = threading.Thread(target=listen)
    thread.start()
    delays = []
    try:
        with bench.connect() as connection:
            while not listener.hears or listener.position is None:
                time.sleep(0.01)
            time.sleep(0.2)
            for _ in range(samples):
                event_id = new_event_id()
                began = time.perf_counter()
                connection.execute(
                    "SELECT status FROM ttfd.record_event(%s, 'telegram', %s, 'message_sent')",
                    [event_id, str(random_user())],
                )
                with arrived:
                    if not arrived.wait_for(lambda event_id=event_id: event_id in seen, timeout=30):
                        raise RuntimeError("an event never reached the listener")
                delays.append(seen[event_id] - began)
                time.sleep(0.005)
    finally:
        listener.stop()
        thread.join()
    return delays


def bare_notify(bench: Bench, samples: int) -> list[float]:
    arrivals: list[float] = []
    arrived = threading.Condition()

    def listen(connection: psycopg.Connection) -> None:
        while len(arrivals) < samples:
            for _ in connection.notifies(timeout=30, stop_after=1):
                with arrived:
                    arrivals.append(time.perf_counter())
                    arrived.notify()

    delays = []
    with bench.connect() as connection, bench.connect() as listening:
        listening.execute("LISTEN bench_bare")
        thread = threading.Thread(target=listen, args=[listening])
        thread.start()
        for number in range(samples):
            began = time.perf_counter()
            connection.execute("NOTIFY bench_bare")
            with arrived:
                if not arrived.wait_for(lambda number=number: len(arrivals) > number, timeout=30):
                    raise RuntimeError("a notification never arrived")
            delays.append(arrivals[number] - began)
            time.sleep(0.005)
        thread.join()
    return delays


def measure_writers(bench: Bench, results: Results) -> None:
    def alone() -> float:
        calls = rate(bench, RECORD, 8)
        with bench.connect() as connection:
            drain(connection, 5_000)
        return calls

    def heard(listener: bool) -> float:
        with attached(bench.url, listener=listener):
            calls = rate(bench, RECORD, 8)
        with bench.connect() as connection:
            drain(connection, 5_000)
        return calls

    found = interleave(
        bench.runs,
        {
            "commits of 8 writers (record_event), no worker, no listener": alone,
            "commits of 8 writers, worker": lambda: heard(False),
            "commits of 8 writers, worker and listener": lambda: heard(True),
        },
    )
    for name, values in found.items():
        results.add(NAME, name, "commits/s", values)
