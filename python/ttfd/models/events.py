"""What is answered about events and the feed, and what bots would otherwise have to remember."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """Answer to an event.

    ``status`` is ``queued``, ``applied`` or ``duplicate``. ``xp`` and ``coins`` are what the event was granted, None
    while it waits; ``note`` says why not more. Totals and rank are the member's at the moment of the answer.
    """

    event_id: UUID
    user_id: int
    status: str
    xp: int | None
    coins: int | None
    note: str | None
    total_xp: int
    total_coins: int
    rank_id: int
    rank_up: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Answer of ``process_events``: events applied and refused, whether more wait, the last feed position."""

    processed: int
    failed: int
    remaining: bool
    head: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Answer of ``silence_doorbell``: new events ring again from this time on."""

    silent_until: dt.datetime


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One applied event, in feed order."""

    position: int
    event_id: UUID
    user_id: int
    event_type: str
    source_platform: str
    data: dict[str, Any]
    xp: int
    coins: int
    note: str | None
    occurred_at: dt.datetime
    processed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FeedState:
    """Where the feed stands. Another ``epoch`` than before means that the database was restored: start afresh."""

    head: int
    epoch: UUID
    pending: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something for a bot to tell: to the community where ``external_id`` is None, else about that member.

    ``audience`` is ``private`` (for the member) or ``public``; ``language`` is None where none was chosen. ``data`` is
    that of the event, with ``rank_name``, ``titles_ru``, ``titles_en`` or ``winner_names`` where the text needs them.
    """

    position: int
    event_id: UUID
    event_type: str
    user_id: int
    external_id: str | None
    display_name: str | None
    language: str | None
    audience: str
    data: dict[str, Any]
    xp: int
    coins: int
    occurred_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Answer of ``confirm_announcements``: False when another process has taken over."""

    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Postponement:
    """Answer of ``postpone_announcement``: whether it has now failed for too long; as ``Confirmation`` otherwise."""

    is_confirmed: bool
    is_given_up: bool


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """Answer of ``report_voice``: members in the channel, and events that were queued."""

    present: int
    queued: int


@dataclass(frozen=True, slots=True)
class ClosedVoice:
    """Answer of ``close_stale_voice``: sessions that were closed, and events that were queued."""

    closed: int
    queued: int


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An event that could not be applied, with the SQLSTATE that says why."""

    event_id: UUID
    user_id: int
    event_type: str
    source_platform: str
    data: Any
    sqlstate: str
    message: str
    occurred_at: dt.datetime
    failed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Discarded:
    """Answer of ``discard_failed_event``."""

    event_id: UUID
    discarded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Compaction:
    """Answer of ``compact_events``: members and events that were compacted, up to which feed position."""

    users: int
    events: int
    position: int


@dataclass(frozen=True, slots=True)
class FeedHead:
    """The last position of the feed, and its epoch."""

    head: int
    epoch: UUID
