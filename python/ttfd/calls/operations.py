# Generated from async_calls/operations.py by `make migration`: edit there, not here.
"""What those who run ttfd ask and do."""

from __future__ import annotations

from .. import models
from .caller import Caller


class Operations(Caller):
    """What those who run ttfd ask and do."""

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
