"""What those who run ttfd ask and do."""

from __future__ import annotations

from .. import models
from .caller import AsyncCaller


class AsyncOperations(AsyncCaller):
    """What those who run ttfd ask and do."""

    async def verify_integrity(self) -> list[models.Violation]:
        """What should never be: empty when balances, ranks, accounts and the feed are sound."""
        return await self._all(models.Violation, "verify_integrity")

    async def verify_imports(self) -> list[models.ImportComparison]:
        """A row for each origin that was imported, and one for each member whose balance is not what imports gave."""
        return await self._all(models.ImportComparison, "verify_imports")

    async def get_stats(self) -> models.Stats:
        """The community and the queue in one row."""
        return await self._one(models.Stats, "get_stats")

    async def purge_expired(self) -> list[models.Purge]:
        """Remove what has served its time, a slice of each kind; how long each is kept is a setting."""
        return await self._all(models.Purge, "purge_expired")

    async def renew_epoch(self, is_forced: bool = False) -> models.Epoch:
        """Give the feed a new epoch if this database was restored from a backup, or if an administrator forces it."""
        return await self._one(models.Epoch, "renew_epoch", p_is_forced=is_forced)

    async def take_lead(self) -> models.Lead:
        """Be the one worker that works, while this connection lives. Once it leads, it must not ask again."""
        return await self._one(models.Lead, "take_lead")

    async def get_metrics(self) -> models.Metrics:
        """What a monitor watches; cheap enough for every few seconds."""
        return await self._one(models.Metrics, "get_metrics")

    async def sum_grants(self, after: int) -> list[models.Grants]:
        """What the next events of the feed after a position have granted, by type and platform."""
        return await self._all(models.Grants, "sum_grants", p_after=after)
