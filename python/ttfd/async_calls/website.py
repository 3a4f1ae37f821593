"""Logging in on the website, and what a member does there."""

from __future__ import annotations

from uuid import UUID

from .. import models
from .caller import AsyncCaller


class AsyncWebsite(AsyncCaller):
    """Logging in on the website, and what a member does there."""

    async def log_in(
        self, platform: str, external_id: str, username: str | None, display_name: str | None, token_hash: bytes
    ) -> models.Login:
        """Start a session for an account that its provider has verified in this very login.

        ``token_hash`` is the SHA-256 of a random token that only the browser has. Raises InvalidExternalIdError.
        """
        return await self._one(
            models.Login,
            "log_in",
            p_platform=platform,
            p_external_id=external_id,
            p_username=username,
            p_display_name=display_name,
            p_token_hash=token_hash,
        )

    async def start_session(self, user_id: int, token_hash: bytes, method: str) -> models.StartedSession:
        """Start a session of a member whom the website knows already. Raises UserNotFoundError."""
        return await self._one(
            models.StartedSession, "start_session", p_user_id=user_id, p_token_hash=token_hash, p_method=method
        )

    async def find_session(self, token_hash: bytes) -> models.Session | None:
        """Who a browser is, or None when its session is unknown, has ended or expired."""
        rows = await self._all(models.Session, "find_session", p_token_hash=token_hash)
        return rows[0] if rows else None

    async def end_session(self, token_hash: bytes) -> models.EndedSessions:
        """Log a browser out."""
        return await self._one(models.EndedSessions, "end_session", p_token_hash=token_hash)

    async def end_all_sessions(self, user_id: int) -> models.EndedSessions:
        """Log a member out of every browser. Raises UserNotFoundError."""
        return await self._one(models.EndedSessions, "end_all_sessions", p_user_id=user_id)

    async def create_login_link(self, platform: str, external_id: str) -> models.LoginLink:
        """A token that logs the member in to the website: valid for ten minutes and once.

        Raises TooManyLinkCodesError after ten within an hour, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(models.LoginLink, "create_login_link", p_platform=platform, p_external_id=external_id)

    async def preview_login_link(self, link_hash: bytes) -> models.LoginLinkOwner | None:
        """Whom a login link would log in, or None when it is unknown, used or expired."""
        rows = await self._all(models.LoginLinkOwner, "preview_login_link", p_link_hash=link_hash)
        return rows[0] if rows else None

    async def redeem_login_link(self, link_hash: bytes, token_hash: bytes) -> models.StartedSession | None:
        """Start a session for whom a bot has sent a link, or None when it is unknown, used or expired."""
        rows = await self._all(
            models.StartedSession, "redeem_login_link", p_link_hash=link_hash, p_token_hash=token_hash
        )
        return rows[0] if rows else None

    async def act_for_session(self, token_hash: bytes) -> models.ActingMember:
        """Have the audit log name the member of this session until the transaction ends.

        Raises PlatformNotAllowedError unless the session is live and its member an administrator of the website.
        """
        return await self._one(models.ActingMember, "act_for_session", p_token_hash=token_hash)

    async def get_account(self, user_id: int) -> models.Account:
        """What only the member sees. Raises UserNotFoundError."""
        return await self._one(models.Account, "get_account", p_user_id=user_id)

    async def list_accounts(self, user_id: int) -> list[models.PlatformAccount]:
        """A member's accounts, without their ids. Raises UserNotFoundError."""
        return await self._all(models.PlatformAccount, "list_accounts", p_user_id=user_id)

    async def claim_member_daily(self, event_id: UUID, user_id: int) -> models.EventOutcome:
        """``claim_daily`` on the website, for a member who is logged in. Raises what ``claim_daily`` raises."""
        return await self._one(models.EventOutcome, "claim_member_daily", p_event_id=event_id, p_user_id=user_id)

    async def create_member_link_code(self, user_id: int) -> models.LinkCode:
        """``create_link_code`` for a member who is logged in to the website.

        Raises TooManyLinkCodesError, UserNotFoundError, PlatformNotAllowedError.
        """
        return await self._one(models.LinkCode, "create_member_link_code", p_user_id=user_id)

    async def preview_member_link(self, code: str, user_id: int) -> models.LinkPreview:
        """``preview_link`` for a member who is logged in to the website.

        Raises UserNotFoundError, PlatformNotAllowedError.
        """
        return await self._one(models.LinkPreview, "preview_member_link", p_code=code, p_user_id=user_id)

    async def redeem_member_link(self, code: str, user_id: int) -> models.Redemption:
        """``redeem_link_code`` for a member who is logged in to the website, and is logged out by a merge.

        Raises AccountsCollideError, UserNotFoundError, PlatformNotAllowedError.
        """
        return await self._one(models.Redemption, "redeem_member_link", p_code=code, p_user_id=user_id)

    async def merge_verified_account(self, user_id: int, platform: str, external_id: str) -> models.Redemption:
        """Make one of a member who is logged in and the member of an account that was verified in the same session.

        Raises AccountsCollideError, UserNotFoundError, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(
            models.Redemption,
            "merge_verified_account",
            p_user_id=user_id,
            p_platform=platform,
            p_external_id=external_id,
        )

    async def list_member_merges(self, user_id: int) -> list[models.OwnMerge]:
        """Merges that a member of the website may undo, the latest first. Raises UserNotFoundError."""
        return await self._all(models.OwnMerge, "list_member_merges", p_user_id=user_id)

    async def undo_member_merge(self, merge_id: int, user_id: int) -> models.UndoneMerge:
        """Undo a merge for its member, who is logged in to the website, within seven days.

        Raises MergeTooOldError, MergeSpentError, UserNotFoundError, PlatformNotAllowedError,
        psycopg.errors.NoDataFound (not its merge).
        """
        return await self._one(models.UndoneMerge, "undo_member_merge", p_merge_id=merge_id, p_user_id=user_id)

    async def set_member_language(self, user_id: int, language: str | None) -> models.MemberLanguage:
        """Choose the language (``ru``, ``en``) of the website and of all bots. Raises UserNotFoundError."""
        return await self._one(models.MemberLanguage, "set_member_language", p_user_id=user_id, p_language=language)

    async def list_xp_history(self, user_id: int, days: int = 30) -> list[models.XpDay]:
        """A member's XP at the end of each of the last days, oldest first. Raises UserNotFoundError."""
        return await self._all(models.XpDay, "list_xp_history", p_user_id=user_id, p_days=days)

    async def list_activity(self, limit: int = 50) -> list[models.Activity]:
        """What has happened lately, newest first, at most 200; without members who hide."""
        return await self._all(models.Activity, "list_activity", p_limit=limit)
