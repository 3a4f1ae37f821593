# Generated from async_client.py by `make migration`: edit there, not here.
"""The SQL functions as methods. Every method is one call of one function and one mapping of its rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from . import models
from .connect import open_connection
from .errors import translate

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

Model = TypeVar("Model")


class Client:
    """Speaks to ttfd through a connection or a pool.

    ``source`` is a PostgreSQL URL, a psycopg connection or a psycopg pool. A connection or pool stays its owner's: the
    client neither commits nor closes it (a pool commits each call by itself). For a URL the client keeps one connection
    of its own in autocommit, opens it at the first call, opens it again when it was lost, and sends the call that found
    it lost once more: every call can be repeated, because events carry ids.

    Refusals raise the classes of :mod:`ttfd.errors`; everything else that fails raises ``psycopg.Error``.
    """

    def __init__(self, source: str | psycopg.Connection[Any] | ConnectionPool[psycopg.Connection[Any]]) -> None:
        self._source = source
        self._own: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client's own connection, if it has one."""
        if self._own is not None:
            self._own.close()
            self._own = None

    # Identity

    def get_or_create_user(
        self, platform: str, external_id: str, username: str | None = None, display_name: str | None = None
    ) -> models.Contact:
        """The user behind a platform account, created at first contact; names that are given replace the known ones.

        Raises InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.Contact,
            "get_or_create_user",
            p_platform=platform,
            p_external_id=external_id,
            p_username=username,
            p_display_name=display_name,
        )

    def find_user(self, platform: str, external_id: str) -> models.User | None:
        """The user behind a platform account, or None when the account is unknown."""
        rows = self._all(models.User, "find_user", p_platform=platform, p_external_id=external_id)
        return rows[0] if rows else None

    def get_profile(self, user_id: int) -> models.Profile:
        """All that a profile page shows; a merged user is followed to the survivor. Raises UserNotFoundError."""
        return self._one(models.Profile, "get_profile", p_user_id=user_id)

    def link_verified_account(
        self, user_id: int, platform: str, external_id: str, username: str | None = None
    ) -> models.Link:
        """Add an account that its provider has verified (OAuth) to a user.

        Raises UserNotFoundError, InvalidExternalIdError, AccountTakenError, AccountsCollideError.
        """
        return self._one(
            models.Link,
            "link_verified_account",
            p_user_id=user_id,
            p_platform=platform,
            p_external_id=external_id,
            p_username=username,
        )

    def export_user(self, user_id: int) -> dict[str, Any]:
        """Everything that is held on a member, table by table, for the member to have. Raises UserNotFoundError."""
        return (self._one(models.Export, "export_user", p_user_id=user_id)).document

    def forget_user(self, user_id: int) -> models.Forgotten:
        """Erase who a member is, on all platforms; only sums stay. There is no way back. Raises UserNotFoundError."""
        return self._one(models.Forgotten, "forget_user", p_user_id=user_id)

    def create_link_code(self, platform: str, external_id: str) -> models.LinkCode:
        """A code for the member to send from another account: valid for ten minutes and once.

        Raises TooManyLinkCodesError after ten within an hour, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(models.LinkCode, "create_link_code", p_platform=platform, p_external_id=external_id)

    def preview_link(self, code: str, platform: str, external_id: str) -> models.LinkPreview:
        """What ``redeem_link_code`` would do, to show before asking; a wrong code counts as a failed attempt.

        Raises InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.LinkPreview, "preview_link", p_code=code, p_platform=platform, p_external_id=external_id
        )

    def redeem_link_code(self, code: str, platform: str, external_id: str) -> models.Redemption:
        """Link the account that sends a code with the one it was made on. Look at ``status``.

        Raises AccountsCollideError, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.Redemption, "redeem_link_code", p_code=code, p_platform=platform, p_external_id=external_id
        )

    def unlink_account(self, user_id: int, platform: str) -> models.Unlink:
        """Take a user's account on a platform away; it starts anew when it speaks again.

        Raises LastAccountError, UserNotFoundError, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(models.Unlink, "unlink_account", p_user_id=user_id, p_platform=platform)

    def merge_users(self, into_id: int, from_id: int, reason: str | None = None) -> models.Redemption:
        """Make one user of two, the first surviving. Raises UserNotFoundError, AccountsCollideError."""
        return self._one(models.Redemption, "merge_users", p_into_id=into_id, p_from_id=from_id, p_reason=reason)

    def undo_merge(self, merge_id: int) -> models.UndoneMerge:
        """Make two users again of one, within seven days.

        Raises MergeTooOldError, MergeSpentError, psycopg.errors.NoDataFound.
        """
        return self._one(models.UndoneMerge, "undo_merge", p_merge_id=merge_id)

    def list_own_merges(self, platform: str, external_id: str) -> list[models.OwnMerge]:
        """Merges that the member behind an account may undo, the latest first. Raises PlatformNotAllowedError."""
        return self._all(models.OwnMerge, "list_own_merges", p_platform=platform, p_external_id=external_id)

    def undo_own_merge(self, merge_id: int, platform: str, external_id: str) -> models.UndoneMerge:
        """Undo a merge for the member behind an account, within seven days.

        Raises MergeTooOldError, MergeSpentError, PlatformNotAllowedError, psycopg.errors.NoDataFound (not its merge).
        """
        return self._one(
            models.UndoneMerge,
            "undo_own_merge",
            p_merge_id=merge_id,
            p_platform=platform,
            p_external_id=external_id,
        )

    # Preferences

    def get_preferences(self, platform: str, external_id: str) -> models.Preferences:
        """What the member behind an account prefers; nothing for an unknown one. Raises PlatformNotAllowedError."""
        return self._one(models.Preferences, "get_preferences", p_platform=platform, p_external_id=external_id)

    def set_language(self, platform: str, external_id: str, language: str | None) -> models.Preferences:
        """Choose ``ru`` or ``en``. Raises psycopg.errors.CheckViolation for another, PlatformNotAllowedError."""
        return self._one(
            models.Preferences, "set_language", p_platform=platform, p_external_id=external_id, p_language=language
        )

    def set_announcements(self, platform: str, external_id: str, announcements: str) -> models.Preferences:
        """Choose where the member is told what happens: ``private``, ``public`` or ``off``.

        Raises psycopg.errors.CheckViolation for another place, PlatformNotAllowedError.
        """
        return self._one(
            models.Preferences,
            "set_announcements",
            p_platform=platform,
            p_external_id=external_id,
            p_announcements=announcements,
        )

    # Events

    def record_event(
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
        return self._event("record_event", event_id, platform, external_id, event_type, data)

    def apply_event(
        self,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None = None,
    ) -> models.EventOutcome:
        """Grant an event at once, for what the member waits to see. Raises what ``record_event`` raises."""
        return self._event("apply_event", event_id, platform, external_id, event_type, data)

    def record_events(self, events: Iterable[Mapping[str, Any]]) -> list[models.EventOutcome]:
        """Queue many events at once, all or none; the outcomes come in the same order.

        Each event is a mapping with ``event_id``, ``platform``, ``external_id``, ``event_type``, ``data`` and, where it
        is known, ``occurred_at`` (ISO 8601 text with an offset). Raises what ``record_event`` raises.
        """
        listed = [{**event, "event_id": str(event["event_id"])} for event in events]
        return self._all(models.EventOutcome, "record_events", p_events=Jsonb(listed))

    def process_events(self, limit: int = 1000) -> models.BatchResult:
        """Apply up to ``limit`` pending events (1 to 100,000). The worker calls this in a loop."""
        return self._one(models.BatchResult, "process_events", p_limit=limit)

    def silence_doorbell(self, seconds: float) -> models.Silence:
        """Promise to call ``process_events`` again within 0 to 1 seconds: until then nobody rings for it."""
        return self._one(models.Silence, "silence_doorbell", p_for=dt.timedelta(seconds=seconds))

    def read_feed(self, after: int, types: Iterable[str] | None = None, limit: int = 100) -> list[models.FeedEvent]:
        """Applied events after a feed position, in feed order, at most 10,000."""
        return self._all(
            models.FeedEvent,
            "read_feed",
            p_after=after,
            p_types=None if types is None else list(types),
            p_limit=limit,
        )

    def feed_state(self) -> models.FeedState:
        """Where the feed stands."""
        return self._one(models.FeedState, "feed_state")

    def get_feed_head(self) -> models.FeedHead:
        """The last position and the epoch of the feed; cheaper than ``feed_state``."""
        return self._one(models.FeedHead, "get_feed_head")

    def list_failed_events(self, limit: int = 100) -> list[models.FailedEvent]:
        """Events that could not be applied, oldest first."""
        return self._all(models.FailedEvent, "list_failed_events", p_limit=limit)

    def retry_failed_event(self, event_id: UUID) -> models.EventOutcome:
        """Queue an event anew that could not be applied. Raises psycopg.errors.NoDataFound when none has failed."""
        return self._one(models.EventOutcome, "retry_failed_event", p_event_id=event_id)

    def discard_failed_event(self, event_id: UUID, reason: str) -> models.Discarded:
        """Decide that an event that could not be applied never will be. Raises psycopg.errors.NoDataFound."""
        return self._one(models.Discarded, "discard_failed_event", p_event_id=event_id, p_reason=reason)

    def compact_events(self, before: dt.datetime) -> models.Compaction:
        """Replace each member's events that were applied before a time by one with the same sums."""
        return self._one(models.Compaction, "compact_events", p_before=before)

    # What bots would otherwise have to remember

    def take_announcements(self, platform: str, reader: UUID, limit: int = 20) -> list[models.Announcement]:
        """What to tell next; the same again until it is confirmed. Nothing while another ``reader`` is at it.

        Raises PlatformNotAllowedError.
        """
        return self._all(models.Announcement, "take_announcements", p_platform=platform, p_reader=reader, p_limit=limit)

    def confirm_announcements(self, platform: str, reader: UUID, position: int) -> models.Confirmation:
        """Say that all was told up to a position: call it after each. Raises PlatformNotAllowedError."""
        return self._one(
            models.Confirmation, "confirm_announcements", p_platform=platform, p_reader=reader, p_position=position
        )

    def report_voice(
        self, platform: str, channel_id: str, is_afk: bool, members: Iterable[Mapping[str, Any]]
    ) -> models.VoiceReport:
        """Who is in a voice channel now, bots left out; the time in between is counted by the database.

        Each member is a mapping with ``external_id``, ``session_id`` (the platform's name of the connection),
        ``is_muted`` and ``is_deafened``. Report both channels when somebody moves, the new one first, and every channel
        once a minute. Raises InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.VoiceReport,
            "report_voice",
            p_platform=platform,
            p_channel_id=channel_id,
            p_is_afk=is_afk,
            p_members=Jsonb([dict(member) for member in members]),
        )

    def close_stale_voice(self, platform: str) -> models.ClosedVoice:
        """End voice sessions that nobody has reported for five minutes. Raises PlatformNotAllowedError."""
        return self._one(models.ClosedVoice, "close_stale_voice", p_platform=platform)

    # Progression

    def list_leaderboard(
        self, metric: str = "xp", limit: int = 100, after: str | None = None
    ) -> list[models.LeaderboardRow]:
        """The best by xp, season, coins, messages, voice (seconds), games or wins; ``after`` is a row's cursor."""
        return self._all(models.LeaderboardRow, "list_leaderboard", p_metric=metric, p_limit=limit, p_after=after)

    def get_position(self, user_id: int, metric: str = "xp") -> models.Position:
        """Where a member stands by a metric. Raises UserNotFoundError."""
        return self._one(models.Position, "get_position", p_user_id=user_id, p_metric=metric)

    def list_neighbours(self, user_id: int, metric: str = "xp", count: int = 3) -> list[models.Neighbour]:
        """A member and up to ``count`` (at most 100) above and below; empty if not on it. Raises UserNotFoundError."""
        return self._all(models.Neighbour, "list_neighbours", p_user_id=user_id, p_metric=metric, p_count=count)

    def set_hidden(self, user_id: int, is_hidden: bool) -> models.Visibility:
        """Take a member off all leaderboards, or put one back. Raises UserNotFoundError, PlatformNotAllowedError."""
        return self._one(models.Visibility, "set_hidden", p_user_id=user_id, p_is_hidden=is_hidden)

    def list_history(self, user_id: int, before: int | None = None, limit: int = 50) -> list[models.HistoryRow]:
        """A member's ledger, newest first; ``before`` is a row's position. Raises UserNotFoundError."""
        return self._all(models.HistoryRow, "list_history", p_user_id=user_id, p_before=before, p_limit=limit)

    # Coins

    def award(
        self, event_id: UUID, user_id: int, xp: int, coins: int, reason: str | None = None
    ) -> models.EventOutcome:
        """Grant XP and coins by hand. Raises UserNotFoundError, EventIdReusedError, AmountNotAllowedError."""
        return self._one(
            models.EventOutcome,
            "award",
            p_event_id=event_id,
            p_user_id=user_id,
            p_xp=xp,
            p_coins=coins,
            p_reason=reason,
        )

    def spend_coins(self, event_id: UUID, user_id: int, coins: int, reason: str | None = None) -> models.EventOutcome:
        """Take coins, all or nothing.

        Raises NotEnoughCoinsError, UserNotFoundError, EventIdReusedError, AmountNotAllowedError,
        PlatformNotAllowedError.
        """
        return self._one(
            models.EventOutcome,
            "spend_coins",
            p_event_id=event_id,
            p_user_id=user_id,
            p_coins=coins,
            p_reason=reason,
        )

    def transfer_coins(self, event_id: UUID, from_id: int, to_id: int, coins: int) -> models.EventOutcome:
        """Send coins to another member; the outcome is the sender's, any fee included.

        Raises NotEnoughCoinsError, UserNotFoundError, EventIdReusedError, AmountNotAllowedError (below the minimum, or
        over the limit of the day), PlatformNotAllowedError, psycopg.errors.InvalidParameterValue (to oneself).
        """
        return self._one(
            models.EventOutcome,
            "transfer_coins",
            p_event_id=event_id,
            p_from_id=from_id,
            p_to_id=to_id,
            p_coins=coins,
        )

    def adjust_balance(self, event_id: UUID, user_id: int, xp: int, coins: int, reason: str) -> models.EventOutcome:
        """Correct a balance by any amounts, also below zero. Audited.

        Raises NotEnoughCoinsError, UserNotFoundError, EventIdReusedError, psycopg.errors.CheckViolation (XP would fall
        below zero).
        """
        return self._one(
            models.EventOutcome,
            "adjust_balance",
            p_event_id=event_id,
            p_user_id=user_id,
            p_xp=xp,
            p_coins=coins,
            p_reason=reason,
        )

    def revert_adjustment(self, event_id: UUID, of_event_id: UUID, reason: str) -> models.EventOutcome:
        """Take back an adjustment, once. Audited.

        Raises NotEnoughCoinsError, EventIdReusedError, psycopg.errors.NoDataFound (no such adjustment, or reverted),
        psycopg.errors.CheckViolation (XP would fall below zero).
        """
        return self._one(
            models.EventOutcome,
            "revert_adjustment",
            p_event_id=event_id,
            p_of_event_id=of_event_id,
            p_reason=reason,
        )

    # Daily claim and work

    def claim_daily(self, event_id: UUID, platform: str, external_id: str) -> models.EventOutcome:
        """The daily reward, once a day of the member's time zone, whatever the platform.

        Raises AlreadyClaimedError (its hint says from when the next can be claimed), EventIdReusedError,
        InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.EventOutcome, "claim_daily", p_event_id=event_id, p_platform=platform, p_external_id=external_id
        )

    def claim_work(self, event_id: UUID, platform: str, external_id: str) -> models.EventOutcome:
        """Pay for work, a random amount once an hour. Raises what ``claim_daily`` raises."""
        return self._one(
            models.EventOutcome, "claim_work", p_event_id=event_id, p_platform=platform, p_external_id=external_id
        )

    def set_time_zone(self, user_id: int, time_zone: str) -> models.MemberTimeZone:
        """Set where a member's days begin: a name such as ``Europe/Moscow``.

        Raises UserNotFoundError, PlatformNotAllowedError, psycopg.errors.InvalidParameterValue (unknown zone).
        """
        return self._one(models.MemberTimeZone, "set_time_zone", p_user_id=user_id, p_time_zone=time_zone)

    # Games

    def list_games(self) -> list[models.Game]:
        """The games that can be played."""
        return self._all(models.Game, "list_games")

    def draw_question(self) -> models.Question | None:
        """A question of the quiz, by chance; None when there is none."""
        rows = self._all(models.Question, "draw_question")
        return rows[0] if rows else None

    def play_game(
        self,
        event_id: UUID,
        platform: str,
        external_id: str,
        game: str,
        choice: int | None = None,
        bet: int = 0,
        question_id: int | None = None,
    ) -> models.GameOutcome:
        """Play a game; the server draws. ``choice`` is a number, or an option of a question, from 1; ``bet`` coins.

        Raises NotEnoughCoinsError, AlreadyClaimedError (too soon; its hint says from when), EventIdReusedError,
        AmountNotAllowedError (the bet), InvalidExternalIdError, PlatformNotAllowedError, psycopg.errors.NoDataFound (no
        such game), psycopg.errors.InvalidParameterValue (no possible choice).
        """
        return self._one(
            models.GameOutcome,
            "play_game",
            p_event_id=event_id,
            p_platform=platform,
            p_external_id=external_id,
            p_game=game,
            p_choice=choice,
            p_bet=bet,
            p_question_id=question_id,
        )

    # Shop

    def list_shop(self, user_id: int | None = None) -> list[models.ShopItem]:
        """What is on sale, for a member or for anybody. Raises UserNotFoundError."""
        return self._all(models.ShopItem, "list_shop", p_user_id=user_id)

    def buy_item(self, event_id: UUID, user_id: int, item: str) -> models.EventOutcome:
        """Buy an item of the shop.

        Raises NotEnoughCoinsError, ItemNotAvailableError, ItemLimitError, UserNotFoundError, EventIdReusedError,
        PlatformNotAllowedError.
        """
        return self._one(models.EventOutcome, "buy_item", p_event_id=event_id, p_user_id=user_id, p_item=item)

    def list_inventory(self, user_id: int) -> list[models.InventoryItem]:
        """What a member has bought, newest first. Raises UserNotFoundError."""
        return self._all(models.InventoryItem, "list_inventory", p_user_id=user_id)

    # Settings

    def list_settings(self) -> list[models.Setting]:
        """The numbers that an administrator may turn."""
        return self._all(models.Setting, "list_settings")

    def set_setting(self, name: str, value: float | list[int]) -> models.Setting:
        """Change a setting, from now on. Audited.

        Raises psycopg.errors.CheckViolation (outside of its bounds), psycopg.errors.NoDataFound (no such setting).
        """
        return self._one(models.Setting, "set_setting", p_name=name, p_value=Jsonb(value))

    def list_achievements(self, user_id: int) -> list[models.Achievement]:
        """What a member has unlocked and what is left; hidden ones once unlocked. Raises UserNotFoundError."""
        return self._all(models.Achievement, "list_achievements", p_user_id=user_id)

    def unlock_achievements(self, limit: int = 1000) -> models.Unlocking:
        """After achievements have changed: unlock them for the next ``limit`` members who have reached them already."""
        return self._one(models.Unlocking, "unlock_achievements", p_limit=limit)

    def start_season(
        self, name: str, starts_at: dt.datetime | None = None, ends_at: dt.datetime | None = None
    ) -> models.StartedSeason:
        """Start a season now, or plan it. Raises psycopg.errors.ExclusionViolation when another is in the way."""
        return self._one(models.StartedSeason, "start_season", p_name=name, p_starts_at=starts_at, p_ends_at=ends_at)

    def close_season(self, season_id: int) -> models.ClosedSeason:
        """End a season now and settle it, once. Raises SeasonNotFoundError."""
        return self._one(models.ClosedSeason, "close_season", p_season_id=season_id)

    def tend_seasons(self) -> models.SeasonTurn:
        """Close what has ended and start what follows. The worker calls this now and then."""
        return self._one(models.SeasonTurn, "tend_seasons")

    def list_seasons(self, limit: int = 100) -> list[models.Season]:
        """Seasons, the latest first."""
        return self._all(models.Season, "list_seasons", p_limit=limit)

    def list_season_results(self, season_id: int, after: int = 0, limit: int = 100) -> list[models.SeasonResult]:
        """The places of a season after a place, as it stands or as it ended. Raises SeasonNotFoundError."""
        return self._all(
            models.SeasonResult, "list_season_results", p_season_id=season_id, p_after=after, p_limit=limit
        )

    def list_desired_roles(
        self, platform: str, after: str | None = None, limit: int = 100
    ) -> list[models.DesiredRoles]:
        """The roles that accounts of a platform are to have, after an external id. Raises PlatformNotAllowedError."""
        return self._all(models.DesiredRoles, "list_desired_roles", p_platform=platform, p_after=after, p_limit=limit)

    def list_member_roles(self, user_id: int, platform: str) -> models.DesiredRoles | None:
        """The roles that a member is to have on a platform; None without an account there.

        Raises UserNotFoundError, PlatformNotAllowedError.
        """
        rows = self._all(models.DesiredRoles, "list_member_roles", p_user_id=user_id, p_platform=platform)
        return rows[0] if rows else None

    def report_role_removed(self, platform: str, external_id: str, role_id: str) -> models.RoleReport:
        """A person has taken a role by hand: do not ask for it again. Raises PlatformNotAllowedError."""
        return self._one(
            models.RoleReport,
            "report_role_removed",
            p_platform=platform,
            p_external_id=external_id,
            p_role_id=role_id,
        )

    def report_role_restored(self, platform: str, external_id: str, role_id: str) -> models.RoleReport:
        """A role that was taken by hand may be given again. Raises PlatformNotAllowedError."""
        return self._one(
            models.RoleReport,
            "report_role_restored",
            p_platform=platform,
            p_external_id=external_id,
            p_role_id=role_id,
        )

    # Website

    def log_in(
        self, platform: str, external_id: str, username: str | None, display_name: str | None, token_hash: bytes
    ) -> models.Login:
        """Start a session for an account that its provider has verified in this very login.

        ``token_hash`` is the SHA-256 of a random token that only the browser has. Raises InvalidExternalIdError.
        """
        return self._one(
            models.Login,
            "log_in",
            p_platform=platform,
            p_external_id=external_id,
            p_username=username,
            p_display_name=display_name,
            p_token_hash=token_hash,
        )

    def start_session(self, user_id: int, token_hash: bytes, method: str) -> models.StartedSession:
        """Start a session of a member whom the website knows already. Raises UserNotFoundError."""
        return self._one(
            models.StartedSession, "start_session", p_user_id=user_id, p_token_hash=token_hash, p_method=method
        )

    def find_session(self, token_hash: bytes) -> models.Session | None:
        """Who a browser is, or None when its session is unknown, has ended or expired."""
        rows = self._all(models.Session, "find_session", p_token_hash=token_hash)
        return rows[0] if rows else None

    def end_session(self, token_hash: bytes) -> models.EndedSessions:
        """Log a browser out."""
        return self._one(models.EndedSessions, "end_session", p_token_hash=token_hash)

    def end_all_sessions(self, user_id: int) -> models.EndedSessions:
        """Log a member out of every browser. Raises UserNotFoundError."""
        return self._one(models.EndedSessions, "end_all_sessions", p_user_id=user_id)

    def create_login_link(self, platform: str, external_id: str) -> models.LoginLink:
        """A token that logs the member in to the website: valid for ten minutes and once.

        Raises TooManyLinkCodesError after ten within an hour, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(models.LoginLink, "create_login_link", p_platform=platform, p_external_id=external_id)

    def preview_login_link(self, link_hash: bytes) -> models.LoginLinkOwner | None:
        """Whom a login link would log in, or None when it is unknown, used or expired."""
        rows = self._all(models.LoginLinkOwner, "preview_login_link", p_link_hash=link_hash)
        return rows[0] if rows else None

    def redeem_login_link(self, link_hash: bytes, token_hash: bytes) -> models.StartedSession | None:
        """Start a session for whom a bot has sent a link, or None when it is unknown, used or expired."""
        rows = self._all(models.StartedSession, "redeem_login_link", p_link_hash=link_hash, p_token_hash=token_hash)
        return rows[0] if rows else None

    def set_website_admin(self, user_id: int, is_admin: bool) -> models.WebsiteAdmin:
        """Let a member use the administrators' part of the website, or no longer. Raises UserNotFoundError."""
        return self._one(models.WebsiteAdmin, "set_website_admin", p_user_id=user_id, p_is_admin=is_admin)

    def list_website_admins(self) -> list[models.ListedWebsiteAdmin]:
        """Who may use the administrators' part of the website."""
        return self._all(models.ListedWebsiteAdmin, "list_website_admins")

    def act_for_session(self, token_hash: bytes) -> models.ActingMember:
        """Have the audit log name the member of this session until the transaction ends.

        Raises PlatformNotAllowedError unless the session is live and its member an administrator of the website.
        """
        return self._one(models.ActingMember, "act_for_session", p_token_hash=token_hash)

    def get_account(self, user_id: int) -> models.Account:
        """What only the member sees. Raises UserNotFoundError."""
        return self._one(models.Account, "get_account", p_user_id=user_id)

    def list_accounts(self, user_id: int) -> list[models.PlatformAccount]:
        """A member's accounts, without their ids. Raises UserNotFoundError."""
        return self._all(models.PlatformAccount, "list_accounts", p_user_id=user_id)

    def claim_member_daily(self, event_id: UUID, user_id: int) -> models.EventOutcome:
        """``claim_daily`` on the website, for a member who is logged in. Raises what ``claim_daily`` raises."""
        return self._one(models.EventOutcome, "claim_member_daily", p_event_id=event_id, p_user_id=user_id)

    def create_member_link_code(self, user_id: int) -> models.LinkCode:
        """``create_link_code`` for a member who is logged in to the website.

        Raises TooManyLinkCodesError, UserNotFoundError, PlatformNotAllowedError.
        """
        return self._one(models.LinkCode, "create_member_link_code", p_user_id=user_id)

    def preview_member_link(self, code: str, user_id: int) -> models.LinkPreview:
        """``preview_link`` for a member who is logged in to the website.

        Raises UserNotFoundError, PlatformNotAllowedError.
        """
        return self._one(models.LinkPreview, "preview_member_link", p_code=code, p_user_id=user_id)

    def redeem_member_link(self, code: str, user_id: int) -> models.Redemption:
        """``redeem_link_code`` for a member who is logged in to the website, and is logged out by a merge.

        Raises AccountsCollideError, UserNotFoundError, PlatformNotAllowedError.
        """
        return self._one(models.Redemption, "redeem_member_link", p_code=code, p_user_id=user_id)

    def merge_verified_account(self, user_id: int, platform: str, external_id: str) -> models.Redemption:
        """Make one of a member who is logged in and the member of an account that was verified in the same session.

        Raises AccountsCollideError, UserNotFoundError, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.Redemption,
            "merge_verified_account",
            p_user_id=user_id,
            p_platform=platform,
            p_external_id=external_id,
        )

    def list_member_merges(self, user_id: int) -> list[models.OwnMerge]:
        """Merges that a member of the website may undo, the latest first. Raises UserNotFoundError."""
        return self._all(models.OwnMerge, "list_member_merges", p_user_id=user_id)

    def undo_member_merge(self, merge_id: int, user_id: int) -> models.UndoneMerge:
        """Undo a merge for its member, who is logged in to the website, within seven days.

        Raises MergeTooOldError, MergeSpentError, UserNotFoundError, PlatformNotAllowedError,
        psycopg.errors.NoDataFound (not its merge).
        """
        return self._one(models.UndoneMerge, "undo_member_merge", p_merge_id=merge_id, p_user_id=user_id)

    def set_member_language(self, user_id: int, language: str | None) -> models.MemberLanguage:
        """Choose the language (``ru``, ``en``) of the website and of all bots. Raises UserNotFoundError."""
        return self._one(models.MemberLanguage, "set_member_language", p_user_id=user_id, p_language=language)

    def list_xp_history(self, user_id: int, days: int = 30) -> list[models.XpDay]:
        """A member's XP at the end of each of the last days, oldest first. Raises UserNotFoundError."""
        return self._all(models.XpDay, "list_xp_history", p_user_id=user_id, p_days=days)

    def list_activity(self, limit: int = 50) -> list[models.Activity]:
        """What has happened lately, newest first, at most 200; without members who hide."""
        return self._all(models.Activity, "list_activity", p_limit=limit)

    # Rules

    def list_event_types(self) -> list[models.EventType]:
        """The rules of what events earn."""
        return self._all(models.EventType, "list_event_types")

    def change_event_type(self, name: str, changes: Mapping[str, Any]) -> models.EventType:
        """Change what an event earns, from now on. Audited.

        Raises psycopg.errors.NoDataFound (no such type), psycopg.errors.InvalidParameterValue (no such column),
        psycopg.errors.IntegrityError and psycopg.errors.DataError (a value that is not allowed).
        """
        return self._one(models.EventType, "change_event_type", p_name=name, p_changes=Jsonb(dict(changes)))

    def list_boosts(self) -> list[models.Boost]:
        """Multipliers for the whole community that hold or are to come."""
        return self._all(models.Boost, "list_boosts")

    def add_boost(
        self,
        factor: Decimal,
        starts_at: dt.datetime | None,
        ends_at: dt.datetime,
        event_types: list[str] | None = None,
        platforms: list[str] | None = None,
    ) -> models.ChangedBoost:
        """Multiply what events earn for a time. Audited. Raises psycopg.errors.CheckViolation."""
        return self._one(
            models.ChangedBoost,
            "add_boost",
            p_factor=factor,
            p_starts_at=starts_at,
            p_ends_at=ends_at,
            p_event_types=event_types,
            p_platforms=platforms,
        )

    def end_boost(self, boost_id: int) -> models.ChangedBoost:
        """End a boost now, or cancel it. Audited. Raises psycopg.errors.NoDataFound."""
        return self._one(models.ChangedBoost, "end_boost", p_boost_id=boost_id)

    def list_import_conflicts(self, run_id: int | None = None) -> list[models.ImportConflict]:
        """What an import run, the last one by default, left to a person."""
        return self._all(models.ImportConflict, "list_import_conflicts", p_run_id=run_id)

    def settle_import_conflict(
        self, conflict_id: int, settlement: str, platform: str | None = None, external_id: str | None = None
    ) -> models.SettledConflict:
        """Answer a conflict: ``together`` with one of its candidates, or ``apart``. Audited.

        Raises UserNotFoundError, AccountsCollideError, psycopg.errors.NoDataFound,
        psycopg.errors.ObjectNotInPrerequisiteState (settled already), psycopg.errors.InvalidParameterValue.
        """
        return self._one(
            models.SettledConflict,
            "settle_import_conflict",
            p_conflict_id=conflict_id,
            p_settlement=settlement,
            p_platform=platform,
            p_external_id=external_id,
        )

    def list_audit(self, before: int | None = None, limit: int = 50) -> list[models.AuditLine]:
        """Who changed what, newest first; ``before`` is a line's ``audit_id``."""
        return self._all(models.AuditLine, "list_audit", p_before=before, p_limit=limit)

    # Operations

    def verify_integrity(self) -> list[models.Violation]:
        """What should never be: empty when balances, ranks, accounts and the feed are sound."""
        return self._all(models.Violation, "verify_integrity")

    def verify_imports(self) -> list[models.ImportComparison]:
        """A row for each origin that was imported, and one for each member whose balance is not what imports gave."""
        return self._all(models.ImportComparison, "verify_imports")

    def get_stats(self) -> models.Stats:
        """The community and the queue in one row."""
        return self._one(models.Stats, "get_stats")

    def purge_expired(self) -> list[models.Purge]:
        """Remove what has served its time, a slice of each kind; how long each is kept is a setting."""
        return self._all(models.Purge, "purge_expired")

    def renew_epoch(self, is_forced: bool = False) -> models.Epoch:
        """Give the feed a new epoch if this database was restored from a backup, or if an administrator forces it."""
        return self._one(models.Epoch, "renew_epoch", p_is_forced=is_forced)

    def take_lead(self) -> models.Lead:
        """Be the one worker that works, while this connection lives. Once it leads, it must not ask again."""
        return self._one(models.Lead, "take_lead")

    def get_metrics(self) -> models.Metrics:
        """What a monitor watches; cheap enough for every few seconds."""
        return self._one(models.Metrics, "get_metrics")

    def sum_grants(self, after: int) -> list[models.Grants]:
        """What the next events of the feed after a position have granted, by type and platform."""
        return self._all(models.Grants, "sum_grants", p_after=after)

    # How a call is made

    def _event(
        self,
        function: str,
        event_id: UUID,
        platform: str,
        external_id: str,
        event_type: str,
        data: Mapping[str, Any] | None,
    ) -> models.EventOutcome:
        return self._one(
            models.EventOutcome,
            function,
            p_event_id=event_id,
            p_platform=platform,
            p_external_id=external_id,
            p_event_type=event_type,
            p_data=Jsonb(dict(data or {})),
        )

    def _one(self, model: type[Model], function: str, **parameters: object) -> Model:
        (row,) = self._all(model, function, **parameters)
        return row

    def _all(self, model: type[Model], function: str, **parameters: object) -> list[Model]:
        """Columns are named, never ``*``: a function may grow one without breaking its callers."""
        query = sql.SQL("SELECT {} FROM ttfd.{}({})").format(
            sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(model)),  # type: ignore[arg-type, misc]
            sql.Identifier(function),
            sql.SQL(", ").join(
                sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in parameters
            ),
        )
        try:
            return self._fetch(model, query, parameters)
        except psycopg.OperationalError:
            if self._own is None or not self._own.broken:
                raise
            return self._fetch(model, query, parameters)
        except psycopg.DatabaseError as error:
            raise translate(error) from error

    def _fetch(self, model: type[Model], query: sql.Composed, parameters: dict[str, object]) -> list[Model]:
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return [model(*row) for row in cursor.fetchall()]

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        if isinstance(self._source, str):
            if self._own is None or self._own.closed:
                self._own = open_connection(self._source)
            yield self._own
        elif isinstance(self._source, psycopg.Connection):
            yield self._source
        else:
            with self._source.connection() as connection:
                yield connection
