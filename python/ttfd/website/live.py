"""Server-sent events: one listener a process, any number of streams, nothing missed and nothing twice.

Streams are written to at most twice a second, whatever happens: what the listener reads meanwhile is put into words
once and handed to all. Of a burst only its size is told; a page looks anew then, and whoever wants each event reads the
feed.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from ..listener import FeedListener
from ..models import FeedEvent
from .database import Database

log = logging.getLogger("ttfd.website")

HEARTBEAT_SECONDS = 15.0
UPDATE_SECONDS = 0.5
UNKNOWN_POSITION = 2**63 - 1
"""For a client that says it was somewhere, but not where."""

_RETRY_MILLISECONDS = 2000
_MOST_STREAMS = 1000
_MOST_WAITING = 60  # updates that a slow client may be behind: half a minute of a busy time
_MOST_TOLD = 100  # events of an update; of more than that, only their number
_MOST_REPLAYED = 10_000  # events; whoever is further behind is told to load the page afresh
_READ_LIMIT = 1000
_LOOK_SECONDS = 1.0  # how soon it is noticed that the database was restored, when nothing happens in it


class TooManyStreamsError(Exception):
    """The process serves as many streams as it may, or is about to stop."""


@dataclass(frozen=True, slots=True)
class Update:
    """Events of half a second, in words that all streams share."""

    events: Sequence[FeedEvent]
    text: str
    by_user: dict[int, str]

    @classmethod
    def of(cls, events: Sequence[FeedEvent]) -> Update:
        """Put events, which are in feed order and not none, into words."""
        by_user: dict[int, list[FeedEvent]] = {}
        for event in events:
            by_user.setdefault(event.user_id, []).append(event)
        return cls(events, _tell(events), {user_id: _tell(own) for user_id, own in by_user.items()})

    def after(self, position: int) -> Update | None:
        """What of it comes after a position: all, a part, or None."""
        if self.events[0].position > position:
            return self
        fresh = [event for event in self.events if event.position > position]
        return Update.of(fresh) if fresh else None

    def for_user(self, user_id: int | None) -> str:
        """What to say to a stream of one member (None: of all)."""
        return self.text if user_id is None else self.by_user.get(user_id, "")


class Stream:
    """One client's stream, from a position on. Iterate once; `Hub.leave` it at the end."""

    def __init__(self, database: Database, user_id: int | None, address: str) -> None:
        self.address = address
        self._database = database
        self._user_id = user_id
        self._updates: queue.Queue[Update | None] = queue.Queue(_MOST_WAITING)
        self._ended = False
        self._position = 0
        self._head = 0
        self._is_lost = False

    def begin(self, after: int | None, head: int) -> None:
        """Start after a position, None for the head. What lies between it and the head is read from the feed."""
        self._is_lost = after is not None and not 0 <= head - after <= _MOST_REPLAYED
        self._position = head if after is None or self._is_lost else after
        self._head = head

    def offer(self, update: Update | None) -> None:
        """Take an update, or end the stream when the client is too slow: it comes back and reads the feed."""
        try:
            self._updates.put_nowait(update)
        except queue.Full:
            self._ended = True

    def end(self) -> None:
        """Let the stream end now."""
        self._ended = True
        self.offer(None)

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
                update = self._updates.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                # The id lets a client that sees few events resume near the head.
                yield f": heartbeat\nid: {self._position}\n\n"
                continue
            if update and (text := self._advance(update)):
                yield text

    def _replay(self) -> Iterator[str]:
        """From the feed, event by event: whoever resumes is told all."""
        while self._position < self._head and not self._ended:
            limit = min(_READ_LIMIT, self._head - self._position)
            batch = self._database.client().read_feed(self._position, limit=limit)
            if batch:
                self._position = batch[-1].position
            text = "".join(_message(e) for e in batch if self._user_id is None or e.user_id == self._user_id)
            if text:
                yield text
            if len(batch) < limit:
                return

    def _advance(self, update: Update) -> str:
        fresh = update.after(self._position)
        if fresh is None:
            return ""
        self._position = fresh.events[-1].position
        return fresh.for_user(self._user_id)


class Hub:
    """Hands every batch of the feed to every stream.

    The listener starts with the first stream, in the process that serves it. A stream is registered before the feed's
    head is read, so an event is either in the feed up to the head or comes by the listener; positions tell which.
    """

    def __init__(self, database: Database, streams_per_address: int = _MOST_STREAMS) -> None:
        self._database = database
        self._streams_per_address = streams_per_address
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._addresses: Counter[str] = Counter()
        self._heard: list[FeedEvent] = []
        self._has_heard = threading.Event()
        self._listener: FeedListener | None = None
        self._started_at = 0
        self._resyncs = 0
        self._is_closed = False

    def join(self, after: int | None = None, user_id: int | None = None, address: str = "") -> Stream:
        """A new stream. Every stream must `leave`.

        Args:
            after: the last position that the client knows; None starts at the head.
            user_id: only this member's events; None for all.
            address: the client's, of which there may be some only.

        Raises:
            TooManyStreamsError: no room, or the process stops.
            psycopg.Error: the database does not answer.
        """
        stream = Stream(self._database, user_id, address)
        with self._lock:
            if self._is_closed or len(self._streams) >= _MOST_STREAMS:
                raise TooManyStreamsError
            if self._addresses[address] >= self._streams_per_address:
                raise TooManyStreamsError
            self._streams.add(stream)
            self._addresses[address] += 1
        try:
            state = self._database.client().feed_state()
        except BaseException:
            self.leave(stream)
            raise
        with self._lock:
            if self._listener is None and not self._is_closed:
                self._started_at, self._resyncs = state.head, 0
                self._listener = FeedListener(self._database.url, after=state.head, epoch=state.epoch)
                for job in (self._pump, self._tell_all):
                    threading.Thread(target=job, args=(self._listener,), name="ttfd feed", daemon=True).start()
            stream.begin(after, max(state.head, self._started_at))
        return stream

    @property
    def listener(self) -> FeedListener | None:
        """The process's listener; None before the first stream."""
        return self._listener

    def count_streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)
                self._addresses[stream.address] -= 1
                if not self._addresses[stream.address]:
                    del self._addresses[stream.address]

    def close(self) -> None:
        """End all streams and the listener, and admit no more."""
        with self._lock:
            self._is_closed = True
            if self._listener is not None:
                self._listener.stop()
        self._end_streams()

    def _pump(self, listener: FeedListener) -> None:
        try:
            for batch in listener.batches():
                self._notice_restore(listener)
                with self._lock:
                    self._heard += batch
                self._has_heard.set()
        except Exception:
            log.exception("the feed listener failed; the next stream starts it again")
        with self._lock:
            self._listener = None
        self._has_heard.set()
        self._end_streams()

    def _tell_all(self, listener: FeedListener) -> None:
        """The first event goes out at once; what follows it waits for its half second."""
        while self._listener is listener:
            self._has_heard.wait(_LOOK_SECONDS)
            self._has_heard.clear()
            self._notice_restore(listener)
            with self._lock:
                heard, self._heard = self._heard, []
                streams = list(self._streams)
            if heard:
                update = Update.of(heard)
                for stream in streams:
                    stream.offer(update)
                time.sleep(UPDATE_SECONDS)

    def _notice_restore(self, listener: FeedListener) -> None:
        """Send everybody away whose position belongs to another history. They come back, and load their page afresh."""
        with self._lock:
            if listener.resyncs == self._resyncs or listener is not self._listener:
                return
            self._resyncs = listener.resyncs
            self._started_at = listener.position or 0
            self._heard.clear()
        self._end_streams()

    def _end_streams(self) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.end()


def _tell(events: Sequence[FeedEvent]) -> str:
    if len(events) <= _MOST_TOLD:
        return "".join(_message(event) for event in events)
    position = events[-1].position
    told = json.dumps({"position": position, "events": len(events)}, separators=(",", ":"))
    return f"event: burst\nid: {position}\ndata: {told}\n\n"


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
