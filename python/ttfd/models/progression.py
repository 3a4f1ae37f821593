"""What is answered about leaderboards, history, achievements, seasons, role rewards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """One place of a leaderboard. ``cursor`` of the last row asks for the next page."""

    position: int
    user_id: int
    display_name: str | None
    value: int
    rank_id: int
    rank_name: str
    rank_color: str
    platforms: list[str]
    cursor: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a member stands: place (None when hidden), value and the number of members listed."""

    position: int | None
    value: int
    total: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One place of a leaderboard near a member, who is among them."""

    position: int
    user_id: int
    display_name: str | None
    value: int
    rank_id: int
    rank_name: str
    rank_color: str
    platforms: list[str]


@dataclass(frozen=True, slots=True)
class Visibility:
    """Answer of ``set_hidden``: whether the member is off the leaderboards."""

    user_id: int
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of a member's ledger: what an event granted, and why not more."""

    position: int
    event_type: str
    source_platform: str
    xp: int
    coins: int
    note: str | None
    occurred_at: dt.datetime
    event_id: UUID
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Achievement:
    """An achievement as one member sees it: ``value`` of ``threshold``, and the reward in ``xp`` and ``coins``."""

    name: str
    title_ru: str
    title_en: str
    description_ru: str
    description_en: str
    metric: str
    value: int | None
    threshold: int
    xp: int
    coins: int
    is_unlocked: bool
    unlocked_at: dt.datetime | None
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Unlocking:
    """Answer of ``unlock_achievements``: members looked at, members who unlocked something, whether more are left."""

    checked: int
    unlocked: int
    remaining: bool


@dataclass(frozen=True, slots=True)
class Season:
    """A season; ``status`` is ``planned``, ``running``, ``ended`` or ``closed``."""

    season_id: int
    name: str
    status: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    closed_at: dt.datetime | None
    participants: int | None


@dataclass(frozen=True, slots=True)
class StartedSeason:
    """Answer of ``start_season``."""

    season_id: int
    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ClosedSeason:
    """Answer of ``close_season``: ``status`` is ``closed`` or ``already_closed``."""

    season_id: int
    status: str
    participants: int
    champion_id: int | None


@dataclass(frozen=True, slots=True)
class SeasonTurn:
    """Answer of ``tend_seasons``: how many seasons have started and were closed."""

    started: int
    closed: int


@dataclass(frozen=True, slots=True)
class SeasonResult:
    """One place of a season."""

    place: int
    user_id: int
    display_name: str | None
    rank_id: int
    xp: int
    reached_at: dt.datetime
    reward_xp: int
    reward_coins: int


@dataclass(frozen=True, slots=True)
class DesiredRoles:
    """Roles to have, and roles that ttfd gives to others only; neither names what was removed by hand.

    ``given_role_ids`` are those of both that the account was given, ``given_at`` when. An account without ``user_id``
    was unlinked.
    """

    user_id: int | None
    external_id: str
    role_ids: list[str]
    other_role_ids: list[str]
    given_role_ids: list[str]
    given_at: list[dt.datetime]


@dataclass(frozen=True, slots=True)
class RoleReport:
    """Answer of the functions ``report_role_…``."""

    is_changed: bool
