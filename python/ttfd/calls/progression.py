# Generated from async_calls/progression.py by `make migration`: edit there, not here.
"""Leaderboards, history, achievements, seasons, role rewards."""

from __future__ import annotations

import datetime as dt

from .. import models
from .caller import Caller


class Progression(Caller):
    """Leaderboards, history, achievements, seasons, role rewards."""

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

    def report_role_given(self, platform: str, external_id: str, role_id: str) -> models.RoleReport:
        """An account has a role that it is to have. Raises PlatformNotAllowedError."""
        return self._one(
            models.RoleReport,
            "report_role_given",
            p_platform=platform,
            p_external_id=external_id,
            p_role_id=role_id,
        )

    def report_role_taken(self, platform: str, external_id: str, role_id: str) -> models.RoleReport:
        """The bot has taken a role that the account is not to have any more. Raises PlatformNotAllowedError."""
        return self._one(
            models.RoleReport,
            "report_role_taken",
            p_platform=platform,
            p_external_id=external_id,
            p_role_id=role_id,
        )

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
