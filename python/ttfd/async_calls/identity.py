"""Members: who an account is, linking, merging, preferences, leaving."""

from __future__ import annotations

from typing import Any

from .. import models
from .caller import AsyncCaller


class AsyncIdentity(AsyncCaller):
    """Members: who an account is, linking, merging, preferences, leaving."""

    async def get_or_create_user(
        self, platform: str, external_id: str, username: str | None = None, display_name: str | None = None
    ) -> models.Contact:
        """The user behind a platform account, created at first contact; names that are given replace the known ones.

        Raises InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(
            models.Contact,
            "get_or_create_user",
            p_platform=platform,
            p_external_id=external_id,
            p_username=username,
            p_display_name=display_name,
        )

    async def find_user(self, platform: str, external_id: str) -> models.User | None:
        """The user behind a platform account, or None when the account is unknown."""
        rows = await self._all(models.User, "find_user", p_platform=platform, p_external_id=external_id)
        return rows[0] if rows else None

    async def get_profile(self, user_id: int) -> models.Profile:
        """All that a profile page shows; a merged user is followed to the survivor. Raises UserNotFoundError."""
        return await self._one(models.Profile, "get_profile", p_user_id=user_id)

    async def link_verified_account(
        self, user_id: int, platform: str, external_id: str, username: str | None = None
    ) -> models.Link:
        """Add an account that its provider has verified (OAuth) to a user.

        Raises UserNotFoundError, InvalidExternalIdError, AccountTakenError, AccountsCollideError.
        """
        return await self._one(
            models.Link,
            "link_verified_account",
            p_user_id=user_id,
            p_platform=platform,
            p_external_id=external_id,
            p_username=username,
        )

    async def export_user(self, user_id: int) -> dict[str, Any]:
        """Everything that is held on a member, table by table, for the member to have. Raises UserNotFoundError."""
        return (await self._one(models.Export, "export_user", p_user_id=user_id)).document

    async def forget_user(self, user_id: int) -> models.Forgotten:
        """Erase who a member is, on all platforms; only sums stay. There is no way back. Raises UserNotFoundError."""
        return await self._one(models.Forgotten, "forget_user", p_user_id=user_id)

    async def create_link_code(self, platform: str, external_id: str) -> models.LinkCode:
        """A code for the member to send from another account: valid for ten minutes and once.

        Raises TooManyLinkCodesError after ten within an hour, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(models.LinkCode, "create_link_code", p_platform=platform, p_external_id=external_id)

    async def preview_link(self, code: str, platform: str, external_id: str) -> models.LinkPreview:
        """What ``redeem_link_code`` would do, to show before asking; a wrong code counts as a failed attempt.

        Raises InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(
            models.LinkPreview, "preview_link", p_code=code, p_platform=platform, p_external_id=external_id
        )

    async def redeem_link_code(self, code: str, platform: str, external_id: str) -> models.Redemption:
        """Link the account that sends a code with the one it was made on. Look at ``status``.

        Raises AccountsCollideError, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(
            models.Redemption, "redeem_link_code", p_code=code, p_platform=platform, p_external_id=external_id
        )

    async def unlink_account(self, user_id: int, platform: str) -> models.Unlink:
        """Take a user's account on a platform away; it starts anew when it speaks again.

        Raises LastAccountError, UserNotFoundError, InvalidExternalIdError, PlatformNotAllowedError.
        """
        return await self._one(models.Unlink, "unlink_account", p_user_id=user_id, p_platform=platform)

    async def merge_users(self, into_id: int, from_id: int, reason: str | None = None) -> models.Redemption:
        """Make one user of two, the first surviving. Raises UserNotFoundError, AccountsCollideError."""
        return await self._one(models.Redemption, "merge_users", p_into_id=into_id, p_from_id=from_id, p_reason=reason)

    async def undo_merge(self, merge_id: int) -> models.UndoneMerge:
        """Make two users again of one, within seven days.

        Raises MergeTooOldError, MergeSpentError, psycopg.errors.NoDataFound.
        """
        return await self._one(models.UndoneMerge, "undo_merge", p_merge_id=merge_id)

    async def list_own_merges(self, platform: str, external_id: str) -> list[models.OwnMerge]:
        """Merges that the member behind an account may undo, the latest first. Raises PlatformNotAllowedError."""
        return await self._all(models.OwnMerge, "list_own_merges", p_platform=platform, p_external_id=external_id)

    async def undo_own_merge(self, merge_id: int, platform: str, external_id: str) -> models.UndoneMerge:
        """Undo a merge for the member behind an account, within seven days.

        Raises MergeTooOldError, MergeSpentError, PlatformNotAllowedError, psycopg.errors.NoDataFound (not its merge).
        """
        return await self._one(
            models.UndoneMerge,
            "undo_own_merge",
            p_merge_id=merge_id,
            p_platform=platform,
            p_external_id=external_id,
        )

    async def get_preferences(self, platform: str, external_id: str) -> models.Preferences:
        """What the member behind an account prefers; nothing for an unknown one. Raises PlatformNotAllowedError."""
        return await self._one(models.Preferences, "get_preferences", p_platform=platform, p_external_id=external_id)

    async def set_language(self, platform: str, external_id: str, language: str | None) -> models.Preferences:
        """Choose ``ru`` or ``en``. Raises psycopg.errors.CheckViolation for another, PlatformNotAllowedError."""
        return await self._one(
            models.Preferences, "set_language", p_platform=platform, p_external_id=external_id, p_language=language
        )

    async def set_announcements(self, platform: str, external_id: str, announcements: str) -> models.Preferences:
        """Choose where the member is told what happens: ``private``, ``public`` or ``off``.

        Raises psycopg.errors.CheckViolation for another place, PlatformNotAllowedError.
        """
        return await self._one(
            models.Preferences,
            "set_announcements",
            p_platform=platform,
            p_external_id=external_id,
            p_announcements=announcements,
        )
