"""What tests of announcements share."""

import uuid
from typing import Any

from calls import Connection, rows, value

READER = uuid.UUID(int=1)


def read(db: Connection, platform: str = "telegram", reader: uuid.UUID = READER, limit: int = 100) -> list[Any]:
    return rows(db, "SELECT * FROM ttfd.take_announcements(%s, %s, %s)", platform, reader, limit)


def confirm(db: Connection, position: int, platform: str = "telegram", reader: uuid.UUID = READER) -> bool:
    return bool(
        value(db, "SELECT is_confirmed FROM ttfd.confirm_announcements(%s, %s, %s)", platform, reader, position)
    )


def kinds(found: list[Any]) -> list[tuple[str, str | None]]:
    return [(told.event_type, told.external_id) for told in found]
