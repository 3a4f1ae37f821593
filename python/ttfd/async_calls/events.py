"""Events and the feed, and what bots would otherwise have to remember."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from .. import models
from .caller import AsyncCaller


class AsyncEvents(AsyncCaller):
    """Events and the feed, and what bots would otherwise have to remember."""

    async def record_event(
        self,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None = None,
    ) -> models.EventOutcome:
        """Queue an event; it is granted within a moment, by the worker. Send it again with the same id when in doubt.

        Raises UnknownEventTypeError, EventIdReusedError, AmountNotAllowedError, InvalidExternalIdError,
        PlatformNotAllowedError.
        """
        return await self._event("record_event", event_id, platform, external_id, event_type, data)

    async def apply_event(
        self,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None = None,
    ) -> models.EventOutcome:
        """Grant an event at once, for what the member waits to see. Raises what ``record_event`` raises."""
        return await self._event("apply_event", event_id, platform, external_id, event_type, data)

    async def record_events(self, events: Iterable[Mapping[str, Any]]) -> list[models.EventOutcome]:
        """Queue many events at once, all or none; the outcomes come in the same order.

        Each event is a mapping with ``event_id``, ``platform``, ``external_id``, ``event_type``, ``data`` and, where it
        is known, ``occurred_at`` (ISO 8601 text with an offset). Raises what ``record_event`` raises.
        """
        listed = [{**event, "event_id": str(event["event_id"])} for event in events]
        return await self._all(models.EventOutcome, "record_events", p_events=Jsonb(listed))

    async def process_events(self, limit: int = 1000) -> models.BatchResult:
        """Apply up to ``limit`` pending events (1 to 100,000). The worker calls this in a loop."""
        return await self._one(models.BatchResult, "process_events", p_limit=limit)

    async def silence_doorbell(self, seconds: float) -> models.Silence:
        """Promise to call ``process_events`` again within 0 to 1 seconds: until then nobody rings for it."""
        return await self._one(models.Silence, "silence_doorbell", p_for=dt.timedelta(seconds=seconds))

    async def read_feed(
        self, after: int, types: Iterable[str] | None = None, limit: int = 100
    ) -> list[models.FeedEvent]:
        """Applied events after a feed position, in feed order, at most 10,000."""
        return await self._all(
            models.FeedEvent,
            "read_feed",
            p_after=after,
            p_types=None if types is None else list(types),
            p_limit=limit,
        )

    async def feed_state(self) -> models.FeedState:
        """Where the feed stands."""
        return await self._one(models.FeedState, "feed_state")

    async def get_feed_head(self) -> models.FeedHead:
        """The last position and the epoch of the feed; cheaper than ``feed_state``."""
        return await self._one(models.FeedHead, "get_feed_head")

    async def list_failed_events(self, limit: int = 100) -> list[models.FailedEvent]:
        """Events that could not be applied, oldest first."""
        return await self._all(models.FailedEvent, "list_failed_events", p_limit=limit)

    async def retry_failed_event(self, event_id: UUID) -> models.EventOutcome:
        """Queue an event anew that could not be applied. Raises psycopg.errors.NoDataFound when none has failed."""
        return await self._one(models.EventOutcome, "retry_failed_event", p_event_id=event_id)

    async def discard_failed_event(self, event_id: UUID, reason: str) -> models.Discarded:
        """Decide that an event that could not be applied never will be. Raises psycopg.errors.NoDataFound."""
        return await self._one(models.Discarded, "discard_failed_event", p_event_id=event_id, p_reason=reason)

    async def compact_events(self, before: dt.datetime) -> models.Compaction:
        """Replace each member's events that were applied before a time by one with the same sums."""
        return await self._one(models.Compaction, "compact_events", p_before=before)

    async def take_announcements(self, platform: str, reader: UUID, limit: int = 20) -> list[models.Announcement]:
        """What to tell next; the same again until it is confirmed. Nothing while another ``reader`` is at it.

        Raises PlatformNotAllowedError.
        """
        return await self._all(
            models.Announcement, "take_announcements", p_platform=platform, p_reader=reader, p_limit=limit
        )

    async def confirm_announcements(self, platform: str, reader: UUID, position: int) -> models.Confirmation:
        """Say that all was told up to a position: call it after each. Raises PlatformNotAllowedError."""
        return await self._one(
            models.Confirmation, "confirm_announcements", p_platform=platform, p_reader=reader, p_position=position
        )

    async def postpone_announcement(self, platform: str, reader: UUID, position: int) -> models.Postponement:
        """Say that one was not taken although another was, before that is confirmed. Raises PlatformNotAllowedError."""
        return await self._one(
            models.Postponement, "postpone_announcement", p_platform=platform, p_reader=reader, p_position=position
        )

    async def report_voice(
        self,
        platform: str,
        channel_id: str,
        is_afk: bool,
        members: Iterable[Mapping[str, Any]],
        seconds_ago: float = 0,
    ) -> models.VoiceReport:
        """Who is in a voice channel, bots left out; the time in between is counted by the database.

        Each member is a mapping with ``external_id``, ``session_id`` (the platform's name of the connection),
        ``is_muted`` and ``is_deafened``. Report both channels when somebody moves, the new one first, and every channel
        once a minute; what could not be reported at its time, in its order, with how long ago that was. Raises
        InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(
            models.VoiceReport,
            "report_voice",
            p_platform=platform,
            p_channel_id=channel_id,
            p_is_afk=is_afk,
            p_members=Jsonb([dict(member) for member in members]),
            p_seconds_ago=seconds_ago,
        )

    async def close_stale_voice(self, platform: str) -> models.ClosedVoice:
        """End voice sessions that nobody has reported for five minutes. Raises PlatformNotAllowedError."""
        return await self._one(models.ClosedVoice, "close_stale_voice", p_platform=platform)
