"""Server-sent events: one listener a process, any number of streams, nothing missed and nothing twice."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Sequence

import psycopg

from ..listener import FeedListener
from ..models import FeedEvent
from .database import Database

log = logging.getLogger("ttfd.website")

HEARTBEAT_SECONDS = 15.0
UNKNOWN_POSITION = 2**63 - 1
"""For a client that says it was somewhere, but not where."""

_RETRY_MILLISECONDS = 2000
_MOST_STREAMS = 500
_MOST_WAITING = 200  # batches that a slow client may be behind
_MOST_REPLAYED = 10_000  # events; whoever is further behind is told to load the page afresh
_READ_LIMIT = 1000


class TooManyStreamsError(Exception):
    """The process serves as many streams as it may, or is about to stop."""


class Stream:
    """One client's stream, from a position on. Iterate once; `Hub.leave` it at the end."""

    def __init__(self, database: Database, user_id: int | None) -> None:
        self._database = database
        self._user_id = user_id
        self._batches: queue.Queue[Sequence[FeedEvent]] = queue.Queue(_MOST_WAITING)
        self._ended = False
        self._position = 0
        self._head = 0
        self._is_lost = False

    def begin(self, after: int | None, head: int) -> None:
        """Start after a position, None for the head. What lies between it and the head is read from the feed."""
        self._is_lost = after is not None and not 0 <= head - after <= _MOST_REPLAYED
        self._position = head if after is None or self._is_lost else after
        self._head = head

    def offer(self, batch: Sequence[FeedEvent]) -> None:
        """Take a batch, or end the stream when the client is too slow: it comes back and reads the feed."""
        try:
            self._batches.put_nowait(batch)
        except queue.Full:
            self._ended = True

    def end(self) -> None:
        """Let the stream end now."""
        self._ended = True
        self.offer(())

    def __iter__(self) -> Iterator[str]:
        yield f"retry: {_RETRY_MILLISECONDS}\nid: {self._position}\n\n"
        if self._is_lost:
            yield f"event: resync\nid: {self._position}\ndata: {{}}\n\n"
        try:
            yield from self._replay()
        except psycopg.Error as error:
            log.warning("a stream ends: %s while reading the feed", type(error).__name__)
            return
        while not self._ended:
            try:
                batch = self._batches.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                # The id lets a client that sees few events resume near the head.
                yield f": heartbeat\nid: {self._position}\n\n"
                continue
            if text := self._advance(batch):
                yield text

    def _replay(self) -> Iterator[str]:
        while self._position < self._head and not self._ended:
            limit = min(_READ_LIMIT, self._head - self._position)
            batch = self._database.client().read_feed(self._position, limit=limit)
            if text := self._advance(batch):
                yield text
            if len(batch) < limit:
                return

    def _advance(self, batch: Sequence[FeedEvent]) -> str:
        fresh = [event for event in batch if event.position > self._position]
        if fresh:
            self._position = fresh[-1].position
        return "".join(_message(event) for event in fresh if self._user_id is None or event.user_id == self._user_id)


class Hub:
    """Hands every batch of the feed to every stream.

    The listener starts with the first stream, in the process that serves it. A stream is registered before the feed's
    head is read, so an event is either in the feed up to the head or comes by the listener; positions tell which.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._listener: FeedListener | None = None
        self._started_at = 0
        self._is_closed = False

    def join(self, after: int | None = None, user_id: int | None = None) -> Stream:
        """A new stream. Every stream must `leave`.

        Args:
            after: the last position that the client knows; None starts at the head.
            user_id: only this member's events; None for all.

        Raises:
            TooManyStreamsError: no room, or the process stops.
            psycopg.Error: the database does not answer.
        """
        stream = Stream(self._database, user_id)
        with self._lock:
            if self._is_closed or len(self._streams) >= _MOST_STREAMS:
                raise TooManyStreamsError
            self._streams.add(stream)
        try:
            state = self._database.client().feed_state()
        except BaseException:
            self.leave(stream)
            raise
        with self._lock:
            if self._listener is None and not self._is_closed:
                self._started_at = state.head
                self._listener = FeedListener(self._database.url, after=state.head, epoch=state.epoch)
                threading.Thread(target=self._pump, args=(self._listener,), name="ttfd feed", daemon=True).start()
            stream.begin(after, max(state.head, self._started_at))
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        with self._lock:
            self._streams.discard(stream)

    def close(self) -> None:
        """End all streams and the listener, and admit no more."""
        with self._lock:
            self._is_closed = True
            if self._listener is not None:
                self._listener.stop()
        self._end_streams()

    def _pump(self, listener: FeedListener) -> None:
        resyncs = 0
        try:
            for batch in listener.batches():
                if listener.resyncs != resyncs:
                    resyncs = listener.resyncs
                    self._end_streams()  # their positions belong to another history
                with self._lock:
                    streams = list(self._streams)
                for stream in streams:
                    stream.offer(batch)
        except Exception:
            log.exception("the feed listener failed; the next stream starts it again")
        with self._lock:
            self._listener = None
        self._end_streams()

    def _end_streams(self) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.end()


def _message(event: FeedEvent) -> str:
    """An event for everybody's eyes: ``data`` may hold anything, so it stays behind."""
    shown = {
        "position": event.position,
        "user_id": event.user_id,
        "event_type": event.event_type,
        "source_platform": event.source_platform,
        "xp": event.xp,
        "coins": event.coins,
        "note": event.note,
    }
    return f"id: {event.position}\ndata: {json.dumps(shown, separators=(',', ':'))}\n\n"
