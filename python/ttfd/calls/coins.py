# Generated from async_calls/coins.py by `make migration`: edit there, not here.
"""Coins: granting, spending, the daily claim, games and the shop."""

from __future__ import annotations

from uuid import UUID

from .. import models
from .caller import Caller


class Coins(Caller):
    """Coins: granting, spending, the daily claim, games and the shop."""

    def award(
        self, event_id: UUID, user_id: int, xp: int, coins: int, reason: str | None = None
    ) -> models.EventOutcome:
        """Grant XP and coins by hand. Raises UserNotFoundError, EventIdReusedError, AmountNotAllowedError."""
        return self._one(
            models.EventOutcome,
            "award",
            p_event_id=event_id,
            p_user_id=user_id,
            p_xp=xp,
            p_coins=coins,
            p_reason=reason,
        )

    def spend_coins(self, event_id: UUID, user_id: int, coins: int, reason: str | None = None) -> models.EventOutcome:
        """Take coins, all or nothing.

        Raises NotEnoughCoinsError, UserNotFoundError, EventIdReusedError, AmountNotAllowedError,
        PlatformNotAllowedError.
        """
        return self._one(
            models.EventOutcome,
            "spend_coins",
            p_event_id=event_id,
            p_user_id=user_id,
            p_coins=coins,
            p_reason=reason,
        )

    def transfer_coins(self, event_id: UUID, from_id: int, to_id: int, coins: int) -> models.EventOutcome:
        """Send coins to another member; the outcome is the sender's, any fee included.

        Raises NotEnoughCoinsError, UserNotFoundError, EventIdReusedError, AmountNotAllowedError (below the minimum, or
        over the limit of the day), PlatformNotAllowedError, psycopg.errors.InvalidParameterValue (to oneself).
        """
        return self._one(
            models.EventOutcome,
            "transfer_coins",
            p_event_id=event_id,
            p_from_id=from_id,
            p_to_id=to_id,
            p_coins=coins,
        )

    def adjust_balance(self, event_id: UUID, user_id: int, xp: int, coins: int, reason: str) -> models.EventOutcome:
        """Correct a balance by any amounts, also below zero. Audited.

        Raises NotEnoughCoinsError, UserNotFoundError, EventIdReusedError, psycopg.errors.CheckViolation (XP would fall
        below zero).
        """
        return self._one(
            models.EventOutcome,
            "adjust_balance",
            p_event_id=event_id,
            p_user_id=user_id,
            p_xp=xp,
            p_coins=coins,
            p_reason=reason,
        )

    def revert_adjustment(self, event_id: UUID, of_event_id: UUID, reason: str) -> models.EventOutcome:
        """Take back an adjustment, once. Audited.

        Raises NotEnoughCoinsError, EventIdReusedError, psycopg.errors.NoDataFound (no such adjustment, or reverted),
        psycopg.errors.CheckViolation (XP would fall below zero).
        """
        return self._one(
            models.EventOutcome,
            "revert_adjustment",
            p_event_id=event_id,
            p_of_event_id=of_event_id,
            p_reason=reason,
        )

    def claim_daily(self, event_id: UUID, platform: str, external_id: str) -> models.EventOutcome:
        """The daily reward, once a day of the member's time zone, whatever the platform.

        Raises AlreadyClaimedError (its hint says from when the next can be claimed), EventIdReusedError,
        InvalidExternalIdError, PlatformNotAllowedError.
        """
        return self._one(
            models.EventOutcome, "claim_daily", p_event_id=event_id, p_platform=platform, p_external_id=external_id
        )

    def claim_work(self, event_id: UUID, platform: str, external_id: str) -> models.EventOutcome:
        """Pay for work, a random amount once an hour. Raises what ``claim_daily`` raises."""
        return self._one(
            models.EventOutcome, "claim_work", p_event_id=event_id, p_platform=platform, p_external_id=external_id
        )

    def set_time_zone(self, user_id: int, time_zone: str) -> models.MemberTimeZone:
        """Set where a member's days begin: a name such as ``Europe/Moscow``.

        Raises UserNotFoundError, PlatformNotAllowedError, psycopg.errors.InvalidParameterValue (unknown zone).
        """
        return self._one(models.MemberTimeZone, "set_time_zone", p_user_id=user_id, p_time_zone=time_zone)

    def list_games(self) -> list[models.Game]:
        """The games that can be played."""
        return self._all(models.Game, "list_games")

    def draw_question(self) -> models.Question | None:
        """A question of the quiz, by chance; None when there is none."""
        rows = self._all(models.Question, "draw_question")
        return rows[0] if rows else None

    def play_game(
        self,
        event_id: UUID,
        platform: str,
        external_id: str,
        game: str,
        choice: int | None = None,
        bet: int = 0,
        question_id: int | None = None,
    ) -> models.GameOutcome:
        """Play a game; the server draws. ``choice`` is a number, or an option of a question, from 1; ``bet`` coins.

        Raises NotEnoughCoinsError, AlreadyClaimedError (too soon; its hint says from when), EventIdReusedError,
        AmountNotAllowedError (the bet), InvalidExternalIdError, PlatformNotAllowedError, psycopg.errors.NoDataFound (no
        such game), psycopg.errors.InvalidParameterValue (no possible choice).
        """
        return self._one(
            models.GameOutcome,
            "play_game",
            p_event_id=event_id,
            p_platform=platform,
            p_external_id=external_id,
            p_game=game,
            p_choice=choice,
            p_bet=bet,
            p_question_id=question_id,
        )

    def list_shop(self, user_id: int | None = None) -> list[models.ShopItem]:
        """What is on sale, for a member or for anybody. Raises UserNotFoundError."""
        return self._all(models.ShopItem, "list_shop", p_user_id=user_id)

    def buy_item(self, event_id: UUID, user_id: int, item: str) -> models.EventOutcome:
        """Buy an item of the shop.

        Raises NotEnoughCoinsError, ItemNotAvailableError, ItemLimitError, UserNotFoundError, EventIdReusedError,
        PlatformNotAllowedError.
        """
        return self._one(models.EventOutcome, "buy_item", p_event_id=event_id, p_user_id=user_id, p_item=item)

    def list_inventory(self, user_id: int) -> list[models.InventoryItem]:
        """What a member has bought, newest first. Raises UserNotFoundError."""
        return self._all(models.InventoryItem, "list_inventory", p_user_id=user_id)
