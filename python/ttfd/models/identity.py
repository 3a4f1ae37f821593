"""What is answered about members: who an account is, linking, merging, preferences, leaving."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Contact:
    """Answer of ``get_or_create_user``."""

    user_id: int
    created: bool


@dataclass(frozen=True, slots=True)
class User:
    """Answer of ``find_user``: who a platform account is."""

    user_id: int
    username: str | None
    display_name: str | None
    xp: int
    coins: int
    rank_id: int


@dataclass(frozen=True, slots=True)
class Link:
    """Answer of ``link_verified_account``: ``status`` is ``linked`` or ``already_linked``."""

    status: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Export:
    """Answer of ``export_user``: an array of rows for each table that holds something on the member."""

    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Answer of ``forget_user``: ``status`` is ``forgotten`` or ``already_forgotten``."""

    user_id: int
    status: str


@dataclass(frozen=True, slots=True)
class LinkCode:
    """Answer of ``create_link_code``. The code is shown to its member and to nobody else."""

    code: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """Answer of ``preview_link``: what redeeming would do.

    ``status`` is as in ``Redemption``, or ``accounts_collide`` where redeeming would raise AccountsCollideError.
    ``other`` is who made the code; all is None where the status is ``invalid`` or ``locked``, and ``own`` is where the
    account is new.
    """

    status: str
    other_display_name: str | None
    other_platforms: list[str] | None
    other_xp: int | None
    other_coins: int | None
    other_rank_id: int | None
    own_display_name: str | None
    own_platforms: list[str] | None
    own_xp: int | None
    own_coins: int | None
    own_rank_id: int | None


@dataclass(frozen=True, slots=True)
class Redemption:
    """Answer of ``redeem_link_code`` and ``merge_users``.

    ``status`` is ``linked``, ``merged``, ``already_linked``, ``invalid`` or ``locked``; ``merge_id`` is for
    ``undo_merge``, where two users became one.
    """

    status: str
    user_id: int | None
    merge_id: int | None


@dataclass(frozen=True, slots=True)
class Unlink:
    """Answer of ``unlink_account``: ``status`` is ``unlinked`` or ``not_linked``."""

    status: str
    user_id: int


@dataclass(frozen=True, slots=True)
class UndoneMerge:
    """Answer of ``undo_merge``: the two users that are apart again."""

    merge_id: int
    into_id: int
    from_id: int
    undone_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OwnMerge:
    """A merge that its member may undo: ``other_xp``, ``other_coins`` and ``other_platforms`` would go back."""

    merge_id: int
    merged_at: dt.datetime
    undo_until: dt.datetime
    platforms: list[str]
    other_platforms: list[str]
    other_xp: int
    other_coins: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a member prefers on an account.

    ``language`` is ``ru``, ``en`` or None for none chosen; ``announcements`` is ``private``, ``public`` or ``off``.
    """

    language: str | None
    announcements: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Answer of ``get_profile``. ``next_rank_xp`` is None at the top rank; ``total_voice_time`` is in seconds."""

    user_id: int
    username: str | None
    display_name: str | None
    xp: int
    coins: int
    rank_id: int
    rank_name: str
    rank_color: str
    rank_xp: int
    next_rank_xp: int | None
    highest_rank_id: int
    messages_sent: int
    total_voice_time: int
    games_played: int
    games_won: int
    daily_streak: int
    last_daily: dt.date | None
    achievements: list[str]
    platforms: list[str]
    primary_platform: str | None
    time_zone: str
    created_at: dt.datetime
    last_active: dt.datetime
