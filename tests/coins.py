"""Calls of the functions that move coins, in as few words as a test wants them."""

import uuid
from typing import Any

from psycopg.types.json import Jsonb

from calls import Connection, get_user, new_id, row, value


def award(
    db: Connection, user_id: int, xp: int | None = 0, coins: int | None = 0, event_id: uuid.UUID | None = None
) -> Any:
    return row(db, "SELECT * FROM ttfd.award(%s, %s, %s, %s, 'a prize')", event_id or new_id(), user_id, xp, coins)


def spend(
    db: Connection, user_id: int, coins: int | None, event_id: uuid.UUID | None = None, reason: str = "a bet"
) -> Any:
    return row(db, "SELECT * FROM ttfd.spend_coins(%s, %s, %s, %s)", event_id or new_id(), user_id, coins, reason)


def transfer(db: Connection, from_id: int, to_id: int, coins: int | None, event_id: uuid.UUID | None = None) -> Any:
    return row(db, "SELECT * FROM ttfd.transfer_coins(%s, %s, %s, %s)", event_id or new_id(), from_id, to_id, coins)


def adjust(
    db: Connection,
    user_id: int,
    xp: int | None = 0,
    coins: int | None = 0,
    event_id: uuid.UUID | None = None,
    reason: str | None = "a mistake",
) -> Any:
    return row(
        db, "SELECT * FROM ttfd.adjust_balance(%s, %s, %s, %s, %s)", event_id or new_id(), user_id, xp, coins, reason
    )


def revert(db: Connection, of_id: uuid.UUID, event_id: uuid.UUID | None = None, reason: str = "it was right") -> Any:
    return row(db, "SELECT * FROM ttfd.revert_adjustment(%s, %s, %s)", event_id or new_id(), of_id, reason)


def buy(db: Connection, user_id: int, item: str = "thing", event_id: uuid.UUID | None = None) -> Any:
    return row(db, "SELECT * FROM ttfd.buy_item(%s, %s, %s)", event_id or new_id(), user_id, item)


def claim(
    db: Connection,
    event_id: uuid.UUID | None = None,
    external_id: str = "1",
    platform: str = "telegram",
    what: str = "claim_daily",
) -> Any:
    return row(db, f"SELECT * FROM ttfd.{what}(%s, %s, %s)", event_id or new_id(), platform, external_id)


def set_setting(db: Connection, name: str, new_value: object) -> Any:
    return row(db, "SELECT * FROM ttfd.set_setting(%s, %s)", name, Jsonb(new_value))


def add_item(db: Connection, name: str = "thing", price: int = 10, **columns: Any) -> None:
    """Put an item into the shop."""
    given = {"name": name, "title_ru": name, "title_en": name, "price": price, **columns}
    given = {column: Jsonb(given[column]) if column == "effect" else given[column] for column in given}
    db.execute(
        f"INSERT INTO ttfd.shop_items ({', '.join(given)}) VALUES ({', '.join(['%s'] * len(given))})",  # type: ignore[arg-type]
        list(given.values()),
    )


def rich_user(db: Connection, external_id: str = "1", coins: int = 100) -> int:
    """A member with this many coins."""
    user_id = get_user(db, external_id)
    award(db, user_id, coins=coins)
    return user_id


def coins_of(db: Connection, user_id: int) -> int:
    return int(value(db, "SELECT coins FROM ttfd.get_profile(%s)", user_id))


def last_data(db: Connection, event_type: str) -> Any:
    """The data of the latest event of a type."""
    return value(
        db, "SELECT data FROM ttfd.cross_platform_events WHERE event_type = %s ORDER BY seq DESC LIMIT 1", event_type
    )
