"""What all rooms of the site share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..client import Client
from .cache import PageCache
from .database import Database
from .limits import Limits
from .live import Hub
from .settings import Settings

__all__ = ["Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of one blueprint. ``admin_database`` is where the administrators' part works."""

    settings: Settings
    database: Database
    admin_database: Database
    hub: Hub
    limits: Limits
    cache: PageCache

    def client(self) -> Client:
        """A client on the site's pool."""
        return self.database.client()

    @contextmanager
    def reading(self) -> Iterator[Client]:
        """A client on one connection of the pool, for a page that asks several things."""
        with self.database.connection() as connection:
            yield Client(connection)

    def close(self) -> None:
        """End all streams and connections."""
        self.hub.close()
        self.database.close()
        self.admin_database.close()
