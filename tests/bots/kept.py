"""What has become of messages that a bot was given, and of a bot that was killed."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from calls import Connection, rows, value
from ttfd import event_id_for


def discord_event(sent: dict[str, Any]) -> str:
    """The id of the event of a message that the fake has sent."""
    return str(event_id_for("discord", "message", int(sent["id"])))


def is_kept(db: Connection, outbox: Path, ids: Iterable[str]) -> bool:
    """Whether each of these events is in the file of the bot or in the database."""
    with contextlib.closing(sqlite3.connect(outbox)) as file:
        waiting = {row[0] for row in file.execute("SELECT event_id FROM waiting")}
    return set(ids) <= waiting | {str(row.id) for row in rows(db, "SELECT id FROM ttfd.cross_platform_events")}


def is_gone(db: Connection, bot: str) -> bool:
    """Whether the database has done all that a killed bot has asked of it."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
    return bool(value(db, query, f"ttfd {bot}") == 0)
