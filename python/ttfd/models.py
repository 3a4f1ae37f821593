"""What the SQL functions answer, as frozen objects.

Field names are column names; times are aware, durations are in seconds.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID


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

    ``place`` is ``private`` (to the member) or ``public``; ``language`` is None where none was chosen. ``data`` is
    that of the event, with ``rank_name``, ``titles_ru``, ``titles_en`` or ``winner_names`` where the text needs them.
    """

    position: int
    event_id: UUID
    event_type: str
    user_id: int
    external_id: str | None
    display_name: str | None
    language: str | None
    place: str
    data: dict[str, Any]
    xp: int
    coins: int
    occurred_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Answer of ``confirm_announcements``: False when another process has taken over."""

    is_confirmed: bool


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
class ShopItem:
    """Something on sale.

    ``in_stock`` and ``member_limit`` are None for any number, ``duration_seconds`` for good. ``status`` is
    ``available``, ``too_expensive``, ``limit_reached`` or ``sold_out``.
    """

    item: str
    title_ru: str
    title_en: str
    description_ru: str
    description_en: str
    price: int
    in_stock: int | None
    member_limit: int | None
    duration_seconds: int | None
    effect: dict[str, Any]
    owned: int
    status: str


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """Something that a member has bought; ``status`` is ``active``, ``waiting`` or ``expired``."""

    event_id: UUID
    item: str
    title_ru: str
    title_en: str
    price: int
    effect: dict[str, Any]
    bought_at: dt.datetime
    starts_at: dt.datetime
    expires_at: dt.datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class Game:
    """A game: ``choices`` is None where nothing is chosen; a winner gets the bet ``factor`` times."""

    game: str
    choices: int | None
    asks_questions: bool
    win_xp: int
    loss_xp: int
    factor: int
    max_bet: int
    cooldown_seconds: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the quiz; options are counted from 1."""

    question_id: int
    question_ru: str
    question_en: str
    options_ru: list[str]
    options_en: list[str]


@dataclass(frozen=True, slots=True)
class GameOutcome:
    """Answer of ``play_game``.

    As ``EventOutcome`` (``coins`` is what was won, the bet not taken off), with the number that was ``drawn``: that of
    the guess, of the right option, or the coins of a prize. ``won`` and ``drawn`` are None for a duplicate of long ago.
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
    won: bool | None
    drawn: int | None
    bet: int


@dataclass(frozen=True, slots=True)
class MemberTimeZone:
    """Answer of ``set_time_zone``."""

    user_id: int
    time_zone: str


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
class FeedHead:
    """The last position of the feed, and its epoch."""

    head: int
    epoch: UUID


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
    """Roles to have, and roles that ttfd gives to others only; neither names what was removed by hand."""

    user_id: int
    external_id: str
    role_ids: list[str]
    other_role_ids: list[str]


@dataclass(frozen=True, slots=True)
class RoleReport:
    """Answer of ``report_role_removed`` and ``report_role_restored``."""

    is_changed: bool


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


@dataclass(frozen=True, slots=True)
class MemberLanguage:
    """Answer of ``set_member_language``."""

    user_id: int
    language: str | None
