# Generated from async_client.py by `make migration`: edit there, not here.
"""The SQL functions as methods of one object."""

from __future__ import annotations

from .calls.admin import Admin
from .calls.coins import Coins
from .calls.events import Events
from .calls.identity import Identity
from .calls.operations import Operations
from .calls.progression import Progression
from .calls.website import Website


class Client(Identity, Events, Progression, Coins, Admin, Website, Operations):
    """Speaks to ttfd through a connection or a pool.

    ``source`` is a PostgreSQL URL, a psycopg connection or a psycopg pool. A connection or pool stays its owner's: the
    client neither commits nor closes it (a pool commits each call by itself). For a URL the client keeps one connection
    of its own in autocommit, and opens it at the first call, and again when it was lost. A call that was under way then
    is made once more if it only reads, or carries event ids of the caller's; any other raises OutcomeUnknownError. A
    connection that leaves a call without an answer for 20 seconds is lost, too; but ``close_season``,
    ``compact_events``, ``tend_seasons`` and what verifies take as long as they need.

    Refusals raise the classes of :mod:`ttfd.errors`; everything else that fails raises ``psycopg.Error``.
    """
