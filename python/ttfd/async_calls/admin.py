"""What administrators decide: rules, boosts, settings, conflicts of imports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from .. import models
from .caller import AsyncCaller


class AsyncAdmin(AsyncCaller):
    """What administrators decide: rules, boosts, settings, conflicts of imports."""

    async def list_settings(self) -> list[models.Setting]:
        """The numbers that an administrator may turn."""
        return await self._all(models.Setting, "list_settings")

    async def set_setting(self, name: str, value: float | list[int]) -> models.Setting:
        """Change a setting, from now on. Audited.

        Raises psycopg.errors.CheckViolation (outside of its bounds), psycopg.errors.NoDataFound (no such setting).
        """
        return await self._one(models.Setting, "set_setting", p_name=name, p_value=Jsonb(value))

    async def set_website_admin(self, user_id: int, is_admin: bool) -> models.WebsiteAdmin:
        """Let a member use the administrators' part of the website, or no longer. Raises UserNotFoundError."""
        return await self._one(models.WebsiteAdmin, "set_website_admin", p_user_id=user_id, p_is_admin=is_admin)

    async def list_website_admins(self) -> list[models.ListedWebsiteAdmin]:
        """Who may use the administrators' part of the website."""
        return await self._all(models.ListedWebsiteAdmin, "list_website_admins")

    async def list_event_types(self) -> list[models.EventType]:
        """The rules of what events earn."""
        return await self._all(models.EventType, "list_event_types")

    async def change_event_type(self, name: str, changes: Mapping[str, Any]) -> models.EventType:
        """Change what an event earns, from now on. Audited.

        Raises psycopg.errors.NoDataFound (no such type), psycopg.errors.InvalidParameterValue (no such column),
        psycopg.errors.IntegrityError and psycopg.errors.DataError (a value that is not allowed).
        """
        return await self._one(models.EventType, "change_event_type", p_name=name, p_changes=Jsonb(dict(changes)))

    async def list_boosts(self) -> list[models.Boost]:
        """Multipliers for the whole community that hold or are to come."""
        return await self._all(models.Boost, "list_boosts")

    async def add_boost(
        self,
        factor: Decimal,
        starts_at: dt.datetime | None,
        ends_at: dt.datetime,
        event_types: list[str] | None = None,
        platforms: list[str] | None = None,
    ) -> models.ChangedBoost:
        """Multiply what events earn for a time. Audited. Raises psycopg.errors.CheckViolation."""
        return await self._one(
            models.ChangedBoost,
            "add_boost",
            p_factor=factor,
            p_starts_at=starts_at,
            p_ends_at=ends_at,
            p_event_types=event_types,
            p_platforms=platforms,
        )

    async def end_boost(self, boost_id: int) -> models.ChangedBoost:
        """End a boost now, or cancel it. Audited. Raises psycopg.errors.NoDataFound."""
        return await self._one(models.ChangedBoost, "end_boost", p_boost_id=boost_id)

    async def list_import_conflicts(self, run_id: int | None = None) -> list[models.ImportConflict]:
        """What an import run, the last one by default, left to a person."""
        return await self._all(models.ImportConflict, "list_import_conflicts", p_run_id=run_id)

    async def settle_import_conflict(
        self, conflict_id: int, settlement: str, platform: str | None = None, external_id: str | None = None
    ) -> models.SettledConflict:
        """Answer a conflict: ``together`` with one of its candidates, or ``apart``. Audited.

        Raises UserNotFoundError, AccountsCollideError, psycopg.errors.NoDataFound,
        psycopg.errors.ObjectNotInPrerequisiteState (settled already), psycopg.errors.InvalidParameterValue.
        """
        return await self._one(
            models.SettledConflict,
            "settle_import_conflict",
            p_conflict_id=conflict_id,
            p_settlement=settlement,
            p_platform=platform,
            p_external_id=external_id,
        )

    async def list_audit(self, before: int | None = None, limit: int = 50) -> list[models.AuditLine]:
        """Who changed what, newest first; ``before`` is a line's ``audit_id``."""
        return await self._all(models.AuditLine, "list_audit", p_before=before, p_limit=limit)
