"""The SQL functions as methods of one object."""

from __future__ import annotations

from .async_calls.admin import AsyncAdmin
from .async_calls.coins import AsyncCoins
from .async_calls.events import AsyncEvents
from .async_calls.identity import AsyncIdentity
from .async_calls.operations import AsyncOperations
from .async_calls.progression import AsyncProgression
from .async_calls.website import AsyncWebsite


class AsyncClient(AsyncIdentity, AsyncEvents, AsyncProgression, AsyncCoins, AsyncAdmin, AsyncWebsite, AsyncOperations):
    """Speaks to ttfd through a connection or a pool.

    ``source`` is a PostgreSQL URL, a psycopg connection or a psycopg pool. A connection or pool stays its owner's: the
    client neither commits nor closes it (a pool commits each call by itself). For a URL the client keeps one connection
    of its own in autocommit, and opens it at the first call, and again when it was lost. A call that was under way then
    is made once more if it only reads, or carries event ids of the caller's; any other raises OutcomeUnknownError. A
    connection that leaves a call without an answer for 20 seconds is lost, too; but ``close_season``,
    ``compact_events``, ``tend_seasons`` and what verifies take as long as they need.

    Refusals raise the classes of :mod:`ttfd.errors`; everything else that fails raises ``psycopg.Error``.
    """
