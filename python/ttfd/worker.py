"""The worker: applies what was recorded, for as long as it runs."""

from __future__ import annotations

import logging
import threading
from typing import Any

import psycopg

from .client import Client
from .connect import open_connection

log = logging.getLogger("ttfd.worker")

_RETRY_SECONDS = 0.5


class Worker:
    """Calls ``process_events`` whenever the doorbell ``ttfd_events`` rings, and every ``poll_seconds`` anyway.

    Any number of workers may run; one works at a time. An error that may pass (a lost connection, a deadlock, a full
    disk) is logged and tried again: what was not committed is still in the queue.

    Parameters:
        url: a direct PostgreSQL address.
        limit: most events in one transaction.
        poll_seconds: longest wait without a bell.
    """

    def __init__(self, url: str, *, limit: int = 2000, poll_seconds: float = 0.2) -> None:
        self._url = url
        self._limit = limit
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self.processed = 0
        self.failed = 0

    def stop(self) -> None:
        """Make ``run()`` return after the present batch. May be called from another thread or a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until ``stop()``."""
        while not self._stop.is_set():
            try:
                with open_connection(self._url, "ttfd worker") as connection:
                    connection.execute("LISTEN ttfd_events")
                    while not self._stop.is_set():
                        self.drain(connection)
                        self._wait(connection)
            except psycopg.OperationalError as error:
                log.warning("%s; trying again in %.1f s", _describe(error), _RETRY_SECONDS)
                self._stop.wait(_RETRY_SECONDS)

    def drain(self, connection: psycopg.Connection[Any]) -> None:
        """Process until nothing is left that this worker can take."""
        client = Client(connection)
        while not self._stop.is_set():
            result = client.process_events(self._limit)
            self.processed += result.processed
            self.failed += result.failed
            if result.failed:
                log.warning("%d events could not be applied: see list_failed_events", result.failed)
            if not result.remaining or result.processed + result.failed == 0:
                return

    def _wait(self, connection: psycopg.Connection[Any]) -> None:
        for _ in connection.notifies(timeout=self._poll_seconds, stop_after=1):
            pass


def _describe(error: psycopg.Error) -> str:
    return f"{type(error).__name__} {error.sqlstate or ''}".strip()
