"""What is answered about the rules, boosts, settings and conflicts that administrators decide."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that an administrator may turn; ``kind`` is ``integer``, ``number`` or ``range`` (two whole numbers)."""

    name: str
    value: int | float | list[int]
    kind: str
    minimum: Decimal
    maximum: Decimal
    description: str


@dataclass(frozen=True, slots=True)
class WebsiteAdmin:
    """Answer of ``set_website_admin``."""

    user_id: int
    is_admin: bool


@dataclass(frozen=True, slots=True)
class ListedWebsiteAdmin:
    """A member who may use the administrators' part of the website."""

    user_id: int
    display_name: str | None
    granted_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EventType:
    """A rule: what an event earns. Limits are None where there is none."""

    name: str
    xp: int
    coins: int
    per_seconds: int | None
    max_seconds: int | None
    cooldown_seconds: int | None
    daily_xp_cap: int | None
    stated_xp_max: int | None
    stated_coins_max: int | None
    allows_negative: bool
    is_admin_only: bool
    is_boostable: bool
    counter: str | None
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Boost:
    """A multiplier for the whole community; types and platforms are None for all."""

    boost_id: int
    factor: Decimal
    starts_at: dt.datetime
    ends_at: dt.datetime
    event_types: list[str] | None
    platforms: list[str] | None


@dataclass(frozen=True, slots=True)
class ChangedBoost:
    """Answer of ``add_boost`` and ``end_boost``."""

    boost_id: int


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who changed what; ``on_behalf_of`` is the member for whom the website acted."""

    audit_id: int
    at: dt.datetime
    actor: str
    role: str
    on_behalf_of: int | None
    action: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ImportConflict:
    """A question that an import left to a person, or (kind ``rejected``) a record that it refused."""

    conflict_id: int | None
    kind: str
    reason: str
    source: str
    source_key: str
    platform: str | None
    external_id: str | None
    username: str | None
    candidates: list[dict[str, Any]]
    settled_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SettledConflict:
    """Answer of ``settle_import_conflict``."""

    conflict_id: int
    settlement: str
    user_id: int | None
    merge_id: int | None
