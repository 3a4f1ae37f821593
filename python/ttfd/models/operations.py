"""What is answered to those who run ttfd: differences, metrics, purges."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that ``verify_integrity`` found wrong."""

    kind: str
    user_id: int | None
    expected: str | None
    actual: str | None


@dataclass(frozen=True, slots=True)
class ImportComparison:
    """What imports gave from an origin, in all (kind ``source``) or to a member who differs, and what is in the log."""

    kind: str
    origin: str
    user_id: int | None
    expected_xp: int
    actual_xp: int
    expected_coins: int
    actual_coins: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The community and the queue in one row; ``lag_seconds`` is the age of the oldest pending event."""

    users: int
    accounts: int
    linked_users: int
    total_xp: Decimal
    total_coins: Decimal
    head: int
    pending: int
    failed: int
    lag_seconds: float
    last_processed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Purge:
    """What was removed of one kind; ``remaining`` is whether there may be more to remove."""

    kind: str
    removed: int
    remaining: bool


@dataclass(frozen=True, slots=True)
class Epoch:
    """The epoch of the feed, and whether it is a new one."""

    epoch: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class Lead:
    """Whether this worker leads, and whether it should help out although it does not."""

    leads: bool
    helps: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a monitor watches; ``members`` is an estimate, ``idle_seconds`` None when nothing was ever applied."""

    head: int
    pending: int
    lag_seconds: float
    failed: int
    idle_seconds: float | None
    members: int
    is_restored: bool
    has_leader: bool


@dataclass(frozen=True, slots=True)
class Grants:
    """What events of one type from one platform have granted, up to ``position``."""

    position: int
    event_type: str
    source_platform: str
    events: int
    xp_granted: int
    xp_taken: int
    coins_granted: int
    coins_taken: int
