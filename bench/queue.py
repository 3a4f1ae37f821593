"""Draining a queue: ours with all its work, beside the original's pattern, procrastinate and PgQ."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import original, pgq, procrastinate_queue
from .figures import Results, interleave
from .server import Bench
from .workload import drain, queue_events

EVENTS = {100: 10_000, 1_000: 60_000, 5_000: 200_000, 20_000: 200_000}
"""How many are drained in one run, by size of the batch: some seconds' work, so that the noise of a moment is small."""
NAME = "queue"


def measure(bench: Bench, results: Results) -> None:
    original.install(bench)
    if procrastinate_queue.is_installed():
        procrastinate_queue.install(bench)
    if bench.has_pgq:
        pgq.install(bench)
    few = bench.count(2_000, 500)
    for batch, events in EVENTS.items():
        count = max(batch * 2, bench.count(events, 20_000) // batch * batch)
        measures: dict[str, Callable[[], float]] = {
            f"ttfd.process_events, {batch:,}": lambda batch=batch, count=count: ours(bench, batch, count)
        }
        if bench.has_pgq:
            measures[f"PgQ, the same work, {batch:,}"] = lambda b=batch, c=count: pgq.drain(bench, "consume", b, c)
            measures[f"PgQ, sums only, no ledger, {batch:,}"] = lambda b=batch, c=count: pgq.drain(
                bench, "consume_sums", b, c
            )
        if batch == 5_000:  # the other two know no batches
            measures["the original's pattern, no sleep"] = lambda count=count: original.drain(bench, few, count)
            if procrastinate_queue.is_installed():
                measures["procrastinate"] = lambda: procrastinate_queue.drain(bench, few)
        for measure_once in measures.values():
            measure_once()  # warm up
        values = interleave(bench.runs, measures)
        figures = {name: results.add(NAME, name, "events/s", found) for name, found in values.items()}
        if batch == 5_000:
            expect_ratios(results, {name: figure.median for name, figure in figures.items()})


def ours(bench: Bench, batch: int, count: int) -> float:
    with bench.connect() as connection:
        queue_events(connection, count)
        began = time.perf_counter()
        failed = drain(connection, batch)
        seconds = time.perf_counter() - began
    if failed:
        raise RuntimeError(f"{failed} events failed")
    return count / seconds


def expect_ratios(results: Results, medians: dict[str, float]) -> None:
    mine = medians["ttfd.process_events, 5,000"]
    for peer, title, limit in (
        ("PgQ, the same work, 5,000", "Draining at 5,000: × PgQ doing the same work", 0.9),
        ("procrastinate", "Draining at 5,000: × procrastinate", 50.0),
        ("the original's pattern, no sleep", "Draining at 5,000: × the original's pattern", 40.0),
    ):
        if peer in medians:
            results.expect(title, mine / medians[peer], limit, unit="×")
