"""What is answered about logging in on the website, and about what a member does there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """Answer of ``log_in``: a session of the website has begun."""

    user_id: int
    created: bool
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StartedSession:
    """Answer of ``start_session`` and ``redeem_login_link``."""

    user_id: int
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Answer of ``find_session``: who a browser is. ``method`` is the platform of the login."""

    user_id: int
    display_name: str | None
    method: str
    is_admin: bool
    started_at: dt.datetime
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EndedSessions:
    """Answer of ``end_session`` and ``end_all_sessions``."""

    ended: int


@dataclass(frozen=True, slots=True)
class LoginLink:
    """Answer of ``create_login_link``. The token is for its member alone."""

    token: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LoginLinkOwner:
    """Answer of ``preview_login_link``: whom the link would log in."""

    user_id: int
    display_name: str | None


@dataclass(frozen=True, slots=True)
class ActingMember:
    """Answer of ``act_for_session``."""

    user_id: int


@dataclass(frozen=True, slots=True)
class Account:
    """Answer of ``get_account``: what only the member sees. ``next_daily_at`` is None before the first claim."""

    user_id: int
    is_hidden: bool
    time_zone: str
    daily_streak: int
    streak_freezes: int
    is_daily_due: bool
    next_daily_at: dt.datetime | None
    language: str | None


@dataclass(frozen=True, slots=True)
class PlatformAccount:
    """One of a member's accounts."""

    platform: str
    username: str | None
    display_name: str | None
    link_method: str
    linked_at: dt.datetime


@dataclass(frozen=True, slots=True)
class XpDay:
    """A day of a member: XP gained in it, and the XP at its end."""

    day: dt.date
    gained: int
    xp: int


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that has happened, with the name of its member."""

    position: int
    user_id: int
    display_name: str | None
    rank_name: str
    rank_color: str
    event_type: str
    source_platform: str
    xp: int
    coins: int
    note: str | None
    occurred_at: dt.datetime


@dataclass(frozen=True, slots=True)
class MemberLanguage:
    """Answer of ``set_member_language``."""

    user_id: int
    language: str | None
