"""How coins come and go on Telegram: the daily reward, games, the shop."""

from pathlib import Path

import pytest
from telegram_chat import ANNA, BORIS, Chat, chat, message_update

from calls import Connection, apply_event, value


def test_the_second_daily_claim_says_when_the_next_can_be(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert "+100 XP" in await talk.send("/daily")
        assert (await talk.send("/daily")).startswith("It is too soon. Next time in ")
        assert (await talk.send("/daily", {**ANNA, "language_code": "ru"})).startswith("Ещё рано. До следующего раза: ")

    chat(database_url, tmp_path, story)


def test_an_update_that_telegram_sends_again_claims_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        update = message_update(5, "/daily")
        first, second = await talk.feed(update), await talk.feed(update)
        assert first == second
        assert "+100 XP" in first[0]

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT xp FROM ttfd.unified_users") == 100


def test_a_button_of_the_shop_sells_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    db.execute("DELETE FROM ttfd.shop_items")
    name = "a_badge_with_a_name_that_is_longer_than_any_button_can_hold"
    db.execute(
        "INSERT INTO ttfd.shop_items (name, title_ru, title_en, price) VALUES (%s, 'Знак', 'Badge <3', 30)", [name]
    )
    apply_event(db, "game_played", {"coins": 100}, external_id="1001")

    async def story(talk: Chat) -> None:
        assert "Badge <3 — 30 coins" in await talk.send("/shop")
        data = talk.buttons()[0]["callback_data"]
        assert len(data.encode()) <= 64
        assert await talk.press("Badge <3 — 30") == "Bought: Badge <3\nCoins left: 70"
        assert await talk.press_data(data) == "Bought: Badge <3\nCoins left: 70"  # the same message: pressed twice
        assert await talk.press_data(data, message_id=78) == "Bought: Badge <3\nCoins left: 40"
        assert await talk.press_data(data, message_id=79) == "Bought: Badge <3\nCoins left: 10"
        assert await talk.press_data(data, message_id=80) == "You have not enough coins."
        assert talk.telegram.calls[-1][0] == "answerCallbackQuery"

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(*) FROM ttfd.purchases") == 3


def test_a_guess_is_drawn_and_paid_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    db.execute("UPDATE ttfd.games SET choices = 2 WHERE name = 'guess'")
    apply_event(db, "game_played", {"coins": 100}, external_id="1001")

    async def story(talk: Chat) -> None:
        assert "Bet: 10, win pays 30 coins" in await talk.send("/guess 10")
        one, two = (button["callback_data"] for button in talk.buttons())
        answer = await talk.press_data(one)
        won = value(db, "SELECT (data -> 'won')::boolean FROM ttfd.cross_platform_events WHERE data ? 'drawn'")
        assert ("You guessed it!\n+50 XP · +30 coins" if won else "Not this time.\n+5 XP") in answer
        assert f"coins: {120 if won else 90}" in answer
        assert await talk.press_data(one) == answer
        assert await talk.press_data(two) == "This was answered already."
        assert (await talk.press_data(two, message_id=78)).startswith("It is too soon.")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT games_played FROM ttfd.unified_users") == 2


def test_a_bet_beyond_ones_coins_takes_nothing(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/guess 10")
        assert await talk.press("7") == "You have not enough coins."

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(*) FROM ttfd.cross_platform_events") == 0


@pytest.mark.parametrize(("option", "title"), [("Меркурий", "Верно!\n+30 XP"), ("Венера", "Неверно.\n+5 XP")])
def test_a_quiz_knows_the_answer(db: Connection, database_url: str, tmp_path: Path, option: str, title: str) -> None:
    db.execute("UPDATE ttfd.quiz_questions SET is_enabled = (answer = 2 AND options_en[2] = 'Mercury')")

    async def story(talk: Chat) -> None:
        assert (await talk.send("/quiz", BORIS)).startswith("Какая планета ближе всех к Солнцу?\nВыигрыш: 30 XP")
        assert title in await talk.press(option, BORIS)

    chat(database_url, tmp_path, story)


def test_the_wheel_spins_once_in_24_hours(db: Connection, database_url: str, tmp_path: Path) -> None:
    db.execute("UPDATE ttfd.games SET prizes = '{100}' WHERE name = 'spin'")

    async def story(talk: Chat) -> None:
        assert (await talk.send("/spin")).startswith("The wheel stops: a prize!\n+20 XP · +100 coins")
        assert (await talk.send("/spin")).startswith("It is too soon. Next time in ")
        db.execute("UPDATE ttfd.award_windows SET starts_at = starts_at - INTERVAL '23 hours 59 minutes'")
        assert (await talk.send("/spin")).startswith("It is too soon. Next time in ")
        db.execute("UPDATE ttfd.award_windows SET starts_at = starts_at - INTERVAL '1 minute'")
        assert (await talk.send("/spin")).startswith("The wheel stops: a prize!")

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("game", ["guess", "quiz"])
def test_a_game_that_is_switched_off_says_so(db: Connection, database_url: str, tmp_path: Path, game: str) -> None:
    db.execute("UPDATE ttfd.games SET is_enabled = false")

    async def story(talk: Chat) -> None:
        assert await talk.send(f"/{game}") == "This game is switched off."

    chat(database_url, tmp_path, story)
