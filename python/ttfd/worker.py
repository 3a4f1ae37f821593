"""The worker: applies what was recorded, for as long as it runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

from .client import Client
from .connect import END_SILENT_SESSION, open_connection
from .models import BatchResult, FailedEvent

log = logging.getLogger("ttfd.worker")

_RETRY_SECONDS = 0.5
_ANSWER_SECONDS = 60.0  # the longest of its calls, on a slow machine, stays well below
_STANDBY_SECONDS = 0.5  # how soon a worker that stands by notices that nobody leads

# With so many events in one batch the queue is busy: more of them are worth a rest, and the bell a silence.
_BUSY_EVENTS = 16
_SHORTEST_REST, _LONGEST_REST = 0.04, 0.1
_NAMED_FAILURES = 20
_MOST_LISTED = 1000
# Events whose sender took the silence at its word commit within this many seconds.
_COMMIT_SECONDS = 0.02


class Worker:
    """Calls ``process_events`` whenever the doorbell ``ttfd_events`` rings, and every ``poll_seconds`` anyway.

    An event that comes alone is applied at once. When many come, the worker rests between batches, four times as long
    as the last one took (40 to 100 ms), and silences the bell meanwhile: larger batches cost less for each event, and
    a NOTIFY in every writer's transaction would cost the writers half their rate.

    Any number of workers may run: one leads, the others stand by, and one of them leads within two seconds when the
    first is gone. An error that may pass (a lost connection, a deadlock, a full disk) is logged and tried again: what
    was not committed is still in the queue.

    Parameters:
        url: a direct PostgreSQL address.
        limit: most events in one transaction.
        poll_seconds: longest wait without a bell, a few seconds at most.
        tend_seconds: how often seasons and new achievements are looked after.
        purge_seconds: how often what has served its time is removed.
        on_batch: called after each batch with its result and the seconds that it took.
    """

    def __init__(
        self,
        url: str,
        *,
        limit: int = 2000,
        poll_seconds: float = 0.2,
        tend_seconds: float = 30,
        purge_seconds: float = 3600,
        on_batch: Callable[[BatchResult, float], None] | None = None,
    ) -> None:
        self._url = url
        self._limit = limit
        self._poll_seconds = poll_seconds
        self._tend_seconds = tend_seconds
        self._tend_at = time.monotonic() + tend_seconds
        self._purge_seconds = purge_seconds
        self._purge_at = time.monotonic() + purge_seconds
        self._on_batch = on_batch
        self._stop = threading.Event()
        self.processed = 0
        self.failed = 0
        self.leads = False
        """Whether this is the worker that works."""

    def stop(self) -> None:
        """Make ``run()`` return after the present batch. May be called from another thread or a signal handler."""
        # A handler interrupts the main thread, perhaps while that holds the lock of the very event it waits for.
        threading.Thread(target=self._stop.set, daemon=True).start()

    def run(self) -> None:
        """Work until ``stop()``."""
        while not self._stop.is_set():
            try:
                with open_connection(self._url, "ttfd worker") as connection:
                    connection.answer_seconds = _ANSWER_SECONDS
                    connection.execute(END_SILENT_SESSION)
                    Client(connection).renew_epoch()
                    self._stand_by(connection)
                    connection.execute("LISTEN ttfd_events")
                    while not self._stop.is_set():
                        rest = self.drain(connection)
                        if rest:
                            Client(connection).silence_doorbell(rest - _COMMIT_SECONDS)
                        self._wait(connection, rest or self._poll_seconds)
            except psycopg.OperationalError as error:
                log.warning("%s; trying again in %.1f s", _describe(error), _RETRY_SECONDS)
                self._stop.wait(_RETRY_SECONDS)
            finally:
                self.leads = False

    def _stand_by(self, connection: psycopg.Connection[Any]) -> None:
        """Return once this worker leads. Does not listen meanwhile: nobody would read what arrives."""
        is_told = False
        while not self._stop.is_set():
            lead = Client(connection).take_lead()
            if lead.leads:
                self.leads = True
                if is_told:
                    log.info("leading now")
                return
            if not is_told:
                log.info("another worker leads: standing by")
                is_told = True
            if lead.helps:
                self.drain(connection)
            self._stop.wait(_STANDBY_SECONDS)

    def drain(self, connection: psycopg.Connection[Any]) -> float:
        """Process until nothing is left that this worker can take.

        Returns:
            seconds to rest before the next look, 0 when the next event is to be taken at once.
        """
        client = Client(connection)
        while not self._stop.is_set():
            self._tend(connection)
            began = time.monotonic()
            result = client.process_events(self._limit)
            self._note(client, result, time.monotonic() - began)
            if not result.remaining or result.processed + result.failed == 0:
                if result.processed < _BUSY_EVENTS:
                    return 0
                return min(_LONGEST_REST, max(_SHORTEST_REST, 4 * (time.monotonic() - began)))
        return 0

    def _note(self, client: Client, result: BatchResult, seconds: float) -> None:
        self.processed += result.processed
        self.failed += result.failed
        if self._on_batch is not None:
            self._on_batch(result, seconds)
        if result.processed:
            log.debug("batch", extra={"events": result.processed, "head": result.head, "seconds": round(seconds, 4)})
        if result.failed:
            newest = _newest_failures(client, min(result.failed, _NAMED_FAILURES))
            log.warning(
                "%d events could not be applied: see list_failed_events",
                result.failed,
                extra={
                    "event_ids": [str(one.event_id) for one in newest],
                    "sqlstates": [one.sqlstate for one in newest],
                },
            )

    def _tend(self, connection: psycopg.Connection[Any]) -> None:
        """One slice at a time of what takes long. What goes wrong here must not hold up the events."""
        if time.monotonic() < self._tend_at:
            return
        self._tend_at = time.monotonic() + self._tend_seconds
        client = Client(connection)
        try:
            client.tend_seasons()
            if client.unlock_achievements().remaining or self._purge(client):
                self._tend_at = 0
        except psycopg.OperationalError:
            raise
        except psycopg.DatabaseError as error:
            log.error("seasons, achievements and purging: %s", _describe(error))

    def _purge(self, client: Client) -> bool:
        """Whether there is more to remove."""
        if time.monotonic() < self._purge_at:
            return False
        found = client.purge_expired()
        if removed := ", ".join(f"{one.removed} {one.kind}" for one in found if one.removed):
            log.info("purged %s", removed)
        if any(one.remaining for one in found):
            return True
        self._purge_at = time.monotonic() + self._purge_seconds
        return False

    def _wait(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        for _ in connection.notifies(timeout=seconds, stop_after=1):
            pass


def _newest_failures(client: Client, count: int) -> list[FailedEvent]:
    """None when so many wait that listing all, oldest first, to the last ones would take long."""
    if client.get_metrics().failed > _MOST_LISTED:
        return []
    return client.list_failed_events(_MOST_LISTED)[-count:]


def _describe(error: psycopg.Error) -> str:
    return f"{type(error).__name__} {error.sqlstate or ''}".strip()
