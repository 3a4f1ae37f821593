"""Idempotency keys for events."""

from __future__ import annotations

import secrets
import time
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f1d2f2c-6a0e-5c1b-9f43-0a6d5c7e8b10")


def new_event_id() -> UUID:
    """A new time-ordered event id: UUID version 7 (RFC 9562, section 5.7).

    Make it once per event, keep it, and send the event again with the same id when in doubt.
    """
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def event_id_for(*parts: object) -> UUID:
    """The event id that belongs to something with a name of its own, such as a platform's update id.

    The same parts give the same id, so that a redelivered update counts once without anything being remembered.
    """
    return uuid5(_NAMESPACE, "\x1f".join(map(str, parts)))
