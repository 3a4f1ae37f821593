"""Prometheus metrics, for the worker's own port or for a page of the website. Needs the extra ``metrics``.

Everything about the database is asked for when a monitor asks, so a process that is stuck shows it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from .client import Client

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from .models import BatchResult, Grants

__all__ = ["CONTENT_TYPE_LATEST", "DatabaseMetrics", "SiteMetrics", "WorkerMetrics", "render"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_GRANTED = {
    "ttfd_events": ("Events applied.", "events"),
    "ttfd_granted_xp": ("XP granted.", "xp_granted"),
    "ttfd_taken_xp": ("XP taken away.", "xp_taken"),
    "ttfd_granted_coins": ("Coins granted.", "coins_granted"),
    "ttfd_taken_coins": ("Coins spent or taken away.", "coins_taken"),
}


class Listening(Protocol):
    """A feed listener, as far as metrics go."""

    hears: bool
    looked_at: float | None


class DatabaseMetrics:
    """Collects from the database at each request: queue, feed, failed events, and what was granted by type.

    Register it with a registry, one in a process. Counters begin at 0 when the process does, which Prometheus expects.

    Parameters:
        source: what `ttfd.Client` takes; a URL or a pool, because a monitor asks from a thread of its own.
        counts_grants: whether to count what is granted. One process is enough: the worker does.
        listener: a feed listener of this process whose age is shown.
    """

    def __init__(
        self,
        source: str | ConnectionPool[psycopg.Connection[Any]],
        *,
        counts_grants: bool = False,
        listener: Listening | None = None,
    ) -> None:
        self._client = Client(source)
        self._counts_grants = counts_grants
        self._listener = listener
        self._lock = threading.Lock()
        self._position: int | None = None
        self._granted: dict[tuple[str, str], dict[str, int]] = {}

    def describe(self) -> list[Metric]:
        """Nothing, so that registering does not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What Prometheus calls. A database that cannot be reached is ``ttfd_up 0``, not an error."""
        with self._lock:
            try:
                found = list(self._ask())
            except (psycopg.Error, OSError):
                found = []
        yield GaugeMetricFamily("ttfd_up", "Whether the database answers.", value=bool(found))
        yield from found
        if self._listener is not None:
            yield from _of_listener(self._listener)

    def _ask(self) -> Iterator[Metric]:
        now = self._client.get_metrics()
        gauges = {
            "ttfd_queue_length": ("Events that wait.", now.pending),
            "ttfd_lag_seconds": ("Age of the oldest event that waits.", now.lag_seconds),
            "ttfd_failed_events": ("Events that could not be applied and wait for somebody to look.", now.failed),
            "ttfd_feed_head": ("Last position of the feed.", now.head),
            "ttfd_idle_seconds": ("Time since the last event was applied.", now.idle_seconds),
            "ttfd_members": ("Members, estimated.", now.members),
            "ttfd_worker_leads": ("Whether a worker is there.", now.has_leader),
        }
        for name, (text, value) in gauges.items():
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
        if self._counts_grants:
            yield from self._count(now.head)

    def _count(self, head: int) -> Iterator[Metric]:
        if self._position is None or self._position > head:  # the beginning, or a restore
            self._position = head
        while self._position < head and (found := self._client.sum_grants(self._position)):
            self._position = found[0].position
            for grants in found:
                self._add(grants)
        for name, (text, column) in _GRANTED.items():
            family = CounterMetricFamily(name, text, labels=["event_type", "platform"])
            for labels, sums in sorted(self._granted.items()):
                family.add_metric(labels, sums[column])
            yield family

    def _add(self, grants: Grants) -> None:
        sums = self._granted.setdefault((grants.event_type, grants.source_platform), {})
        for _, column in _GRANTED.values():
            sums[column] = sums.get(column, 0) + getattr(grants, column)


def _of_listener(listener: Listening) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "ttfd_listener_hears", "Whether notifications arrive; else the listener polls.", value=listener.hears
    )
    if listener.looked_at is not None:
        age = time.monotonic() - listener.looked_at
        yield GaugeMetricFamily("ttfd_listener_age_seconds", "Time since the listener read the feed.", value=age)


class WorkerMetrics:
    """What a worker shows of itself and of the database; ``observe`` is its ``on_batch``."""

    def __init__(self, url: str) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(DatabaseMetrics(url, counts_grants=True))
        self._batches = Histogram(
            "ttfd_batch_seconds", "Time that a batch took.", buckets=_BUCKETS, registry=self.registry
        )

    def observe(self, result: BatchResult, seconds: float) -> None:
        """Count a batch; a look at an empty queue is none."""
        if result.processed or result.failed:
            self._batches.observe(seconds)

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer on ``/metrics``, from a thread of its own, until the process ends."""
        start_http_server(port, host, registry=self.registry)


class SiteMetrics:
    """What the website shows at one request: the database, its listener if it has one by now, its open streams."""

    def __init__(self, pool: ConnectionPool[psycopg.Connection[Any]], listener: Listening | None, streams: int) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(DatabaseMetrics(pool, listener=listener))
        Gauge("ttfd_streams", "Open event streams.", registry=self._registry).set(streams)

    def render(self) -> bytes:
        """The page, to be sent with ``CONTENT_TYPE_LATEST``."""
        return render(self._registry)


def render(registry: CollectorRegistry) -> bytes:
    """The page of a registry, to be sent with ``CONTENT_TYPE_LATEST``."""
    return generate_latest(registry)
