"""What is answered about coins: granting, spending, the daily claim, games and the shop."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ShopItem:
    """Something on sale.

    ``in_stock`` and ``member_limit`` are None for any number, ``duration_seconds`` for good. ``status`` is
    ``available``, ``too_expensive``, ``limit_reached`` or ``sold_out``.
    """

    item: str
    title_ru: str
    title_en: str
    description_ru: str
    description_en: str
    price: int
    in_stock: int | None
    member_limit: int | None
    duration_seconds: int | None
    effect: dict[str, Any]
    owned: int
    status: str


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """Something that a member has bought; ``status`` is ``active``, ``waiting`` or ``expired``."""

    event_id: UUID
    item: str
    title_ru: str
    title_en: str
    price: int
    effect: dict[str, Any]
    bought_at: dt.datetime
    starts_at: dt.datetime
    expires_at: dt.datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class Game:
    """A game: ``choices`` is None where nothing is chosen; a winner gets the bet ``factor`` times."""

    game: str
    choices: int | None
    asks_questions: bool
    win_xp: int
    loss_xp: int
    factor: int
    max_bet: int
    cooldown_seconds: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the quiz; options are counted from 1."""

    question_id: int
    question_ru: str
    question_en: str
    options_ru: list[str]
    options_en: list[str]


@dataclass(frozen=True, slots=True)
class GameOutcome:
    """Answer of ``play_game``.

    As ``EventOutcome`` (``coins`` is what was won, the bet not taken off), with the number that was ``drawn``: that of
    the guess, of the right option, or the coins of a prize. ``won`` and ``drawn`` are None for a duplicate of long ago.
    """

    event_id: UUID
    user_id: int
    status: str
    xp: int | None
    coins: int | None
    note: str | None
    total_xp: int
    total_coins: int
    rank_id: int
    rank_up: bool
    won: bool | None
    drawn: int | None
    bet: int


@dataclass(frozen=True, slots=True)
class MemberTimeZone:
    """Answer of ``set_time_zone``."""

    user_id: int
    time_zone: str
