"""Whole conversations with the Telegram bot: every command, in both languages, with a real database."""

import hashlib
import io
import json
import re
import sys
from pathlib import Path

import psycopg
import pytest
from newcomers import begin_anew
from outage import outage
from PIL import Image
from telegram_chat import ANNA, BORIS, GROUP, SITE_URL, TOKEN, Chat, chat, message_update, until
from telegram_chat import refused as refused_call

from calls import Connection, apply_event, enable_achievements, get_user, process_all, row, rows, value
from ttfd.bots.commands import COMMANDS
from ttfd.telegram import mount
from ttfd.telegram.account import HELP
from ttfd.telegram.bot import HANDLERS, PRIVATE, show_commands
from ttfd.telegram.run import build_application

LANGUAGES = {"en": ANNA, "ru": BORIS}

# What each command says to somebody who was never here, in each language.
FIRST_WORDS = {
    "start": ("Welcome, Anna!", "Добро пожаловать, Борис!"),
    "help": ("What I can do", "Что я умею"),
    "profile": ("Anna\nRank F I · 0 XP", "Борис\nРанг F I · 0 XP"),
    "rank": ("Anna\nRank F I · 0 XP", "Борис\nРанг F I · 0 XP"),
    "daily": ("Daily reward\n+100 XP · +50 coins", "Ежедневная награда\n+100 XP · +50 монет"),
    "leaderboard": ("Leaderboard: XP\n\n1. Anna — 0", "Таблица лидеров: Опыт\n\n1. Борис — 0"),
    "top": ("Leaderboard: XP\n\n1. Anna — 0", "Таблица лидеров: Опыт\n\n1. Борис — 0"),
    "season": ("Season: ", "Сезон: "),
    "achievements": ("Achievements: 0 of ", "Достижения: 0 из "),
    "shop": ("Shop\nYour coins: 0", "Магазин\nВаши монеты: 0"),
    "history": ("Nothing has happened yet.", "Пока ничего не произошло."),
    "language": ("Which language?", "На каком языке?"),
    "announcements": ("I tell you of ranks", "О рангах, достижениях и связях"),
    "link": ("Your code: ", "Ваш код: "),
    "unlink": ("This is your only account.", "Это ваш единственный аккаунт."),
    "login": (f"Log in on the website: {SITE_URL}/login/link/", f"Войти на сайт: {SITE_URL}/login/link/"),
    "guess": ("I think of a number from 1 to 10.", "Я загадываю число от 1 до 10."),
    "quiz": ("", ""),
    "spin": ("The wheel stops: ", "Колесо остановилось: "),
}


def test_every_command_is_tested_here_listed_and_described() -> None:
    assert set(FIRST_WORDS) == set(HANDLERS)
    assert set(HELP) | {"start", "top"} == set(HANDLERS)
    assert set(HELP) <= set(COMMANDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_answers_a_newcomer(db: Connection, database_url: str, tmp_path: Path, language: str) -> None:
    db.execute("SELECT ttfd.tend_seasons()")

    async def story(talk: Chat) -> None:
        for name, words in FIRST_WORDS.items():
            answer = await talk.send(f"/{name}", LANGUAGES[language])
            expected = words[list(LANGUAGES).index(language)]
            assert answer.startswith(expected), (name, answer)
            assert answer
            begin_anew(db)

    chat(database_url, tmp_path, story)


# What is different for a member who was here before.
NEXT_WORDS = {
    "start": ("Hello, Anna!", "Здравствуйте, Борис!"),
    "profile": ("Anna\nRank F I · ", "Борис\nРанг F I · "),
    "rank": ("Anna\nRank F I · ", "Борис\nРанг F I · "),
    "daily": ("It is too soon. Next time in ", "Ещё рано. До следующего раза: "),
    "leaderboard": ("Leaderboard: XP\n\n1. Anna — 1", "Таблица лидеров: Опыт\n\n1. Борис — 1"),
    "top": ("Leaderboard: XP\n\n1. Anna — 1", "Таблица лидеров: Опыт\n\n1. Борис — 1"),
    "shop": ("Shop\nYour coins: ", "Магазин\nВаши монеты: "),
    "history": ("History\n\n", "История\n\n"),
    "unlink": ("Take accounts apart?", "Разделить аккаунты?"),
    "spin": ("It is too soon. Next time in ", "Ещё рано. До следующего раза: "),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_answers_a_member(db: Connection, database_url: str, tmp_path: Path, language: str) -> None:
    db.execute("SELECT ttfd.tend_seasons()")
    user = LANGUAGES[language]
    member_id = get_user(db, str(user["id"]))
    db.execute("SELECT ttfd.link_verified_account(%s, 'discord', '9', NULL)", [member_id])

    async def story(talk: Chat) -> None:
        await talk.send("/daily", user)
        await talk.send("/spin", user)
        process_all(db)
        for name, words in {**FIRST_WORDS, **NEXT_WORDS}.items():
            answer = await talk.send(f"/{name}", user)
            assert answer.startswith(words[list(LANGUAGES).index(language)]), (name, answer)
            assert answer

    chat(database_url, tmp_path, story)


def test_the_profile_of_a_member_shows_all_of_it(db: Connection, database_url: str, tmp_path: Path) -> None:
    get_user(db, "1001")
    apply_event(db, "game_played", {"xp": 100, "coins": 500, "won": True}, external_id="1001")
    apply_event(db, "voice_time", {"seconds": 5400}, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        english = await talk.send("/profile")
        assert english.startswith("Anna\nRank F I · 370 XP\n▰▰▰▰▰▰▰▱▱▱ 130 XP to the next rank\n\nCoins: 500\n")
        assert "Place: 1 of 1" in english
        assert "Voice: 1.5 hr\nGames: 1, won: 1" in english
        russian = await talk.send("/profile", {**ANNA, "language_code": "ru"})
        assert russian.startswith("Anna\nРанг F I · 370 XP\n▰▰▰▰▰▰▰▱▱▱ 130 XP до следующего ранга\n\nМонеты: 500\n")
        assert "Аккаунты: Telegram" in russian

    chat(database_url, tmp_path, story)


def picture(red: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (320, 320), (red, 0, 0)).save(made, "PNG")
    return made.getvalue()


def test_the_rank_card_shows_the_avatar_and_says_the_same_in_words(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    size = {"file_id": "f", "file_unique_id": "u", "width": 320, "height": 320}

    async def story(talk: Chat) -> None:
        words = await talk.send("/profile")
        assert await talk.send("/rank") == words
        talk.telegram.photos = {"total_count": 1, "photos": [[size, size]]}
        for red in (90, 200):
            talk.telegram.files["1.png"] = picture(red)
            assert await talk.send("/rank") == words
        talk.telegram.files["1.png"] = b"no picture"
        assert await talk.send("/rank") == words

    fake = chat(database_url, tmp_path, story)
    cards = [next(part for part in call.values() if isinstance(part, bytes)) for call in fake.named("sendPhoto")]
    assert all(card.startswith(b"\x89PNG") for card in cards)
    assert len(set(cards)) == 3  # without an avatar (or with one that is none), and with each of two


def test_without_the_drawing_installed_the_rank_is_said_in_words(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ttfd.bots.rank_card", None)

    async def story(talk: Chat) -> None:
        assert await talk.send("/rank") == await talk.send("/profile")

    assert chat(database_url, tmp_path, story).named("sendPhoto") == []


def test_a_group_that_takes_no_pictures_gets_the_rank_in_words(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    no_right = refused_call(400, "Bad Request: not enough rights to send photos to the chat")

    async def story(talk: Chat) -> None:
        talk.telegram.fails = lambda method, _: no_right if method == "sendPhoto" else None
        _, words = await talk.feed(message_update(1, "/rank", chat=GROUP))
        assert words == await talk.send("/profile")

    assert chat(database_url, tmp_path, story).named("sendMessage") != []


def test_a_command_that_was_deleted_meanwhile_is_answered_all_the_same(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/daily", chat=GROUP)
        await talk.send("/rank", chat=GROUP)

    fake = chat(database_url, tmp_path, story)
    for call in (*fake.named("sendMessage"), *fake.named("sendPhoto")):
        assert json.loads(call["reply_parameters"])["allow_sending_without_reply"] is True


def test_help_names_the_commands_that_the_bot_has(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        other = build_application(TOKEN, talk.telegram.request)
        mount(other, talk.client, talk.outbox, commands=["help", "daily", "login"])
        talk.application = other
        await other.initialize()
        answer = await talk.send("/help")
        assert re.findall("^/([a-z]+)", answer, re.MULTILINE) == ["daily", "help"]
        await other.shutdown()

    chat(database_url, tmp_path, story)


def test_names_are_text_and_not_markup(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/profile", {**ANNA, "first_name": "<b>Anna</b> & <i>"})
        assert "&lt;b&gt;Anna&lt;/b&gt; &amp; &lt;i&gt;" in talk.telegram.calls[-1][1]["text"]

    chat(database_url, tmp_path, story)


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


def test_the_leaderboard_turns_by_its_buttons_in_the_same_message(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    get_user(db, "1002", username="boris")
    apply_event(db, "game_played", {"coins": 7}, external_id="1002")

    async def story(talk: Chat) -> None:
        assert "You: place 2 of 2" in await talk.send("/top")
        assert (await talk.press("Coins")).startswith("Leaderboard: Coins\n\n1. boris — 7\n")
        assert [name for name, _ in talk.telegram.calls[-2:]] == ["editMessageText", "answerCallbackQuery"]
        assert [button["text"] for button in talk.buttons()] == ["XP", "Messages", "Voice", "Games", "Wins"]
        assert (await talk.send("/leaderboard wins")).startswith("Leaderboard: Wins")

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("text", ["/leaderboard money", "/top xp2", "/guess -5", "/guess many", "/guess 1 2",
                                  "/guess 301", "/guess 99999999999999999999", "/quiz 101", "/quiz ٣"])  # fmt: skip
@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_arguments_are_explained(
    db: Connection, database_url: str, tmp_path: Path, text: str, language: str
) -> None:
    async def story(talk: Chat) -> None:
        answer = await talk.send(text, LANGUAGES[language])
        usage = {"en": ("Write it like this: ", "A bet is "), "ru": ("Пишите так: ", "Ставка — ")}
        assert answer.startswith(usage[language])
        assert talk.buttons() == []

    chat(database_url, tmp_path, story)


def test_the_season_shows_the_best_and_oneself(db: Connection, database_url: str, tmp_path: Path) -> None:
    db.execute("SELECT ttfd.start_season('Весна')")
    apply_event(db, "game_played", {"xp": 70}, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        answer = await talk.send("/season")
        assert "Season: Весна\nEnds in 30 days" in answer
        assert "You: place 1 with 70 XP" in answer

    chat(database_url, tmp_path, story)


def test_who_is_off_the_leaderboards_is_not_named_in_the_season(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    db.execute("SELECT ttfd.start_season('Весна')")
    db.execute("SELECT ttfd.get_or_create_user('telegram', '1002', 'boris', 'Boris')")
    apply_event(db, "game_played", {"xp": 90}, external_id="1002")
    apply_event(db, "game_played", {"xp": 70}, external_id="1001")
    process_all(db)
    db.execute("SELECT ttfd.set_hidden(%s, true)", [get_user(db, "1002")])

    async def story(talk: Chat) -> None:
        answer = await talk.send("/season", chat=GROUP)
        assert "Boris" not in answer
        assert "1. Anna — 70 XP\nYou: place 1 with 70 XP" in answer
        assert "You:" not in await talk.send("/season", {**BORIS, "language_code": "en"})

    chat(database_url, tmp_path, story)


def test_achievements_show_what_is_unlocked_and_how_far_the_rest_is(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    enable_achievements(db)
    apply_event(db, "game_played", {"won": True}, external_id="1002")

    async def story(talk: Chat) -> None:
        answer = await talk.send("/achievements", BORIS)
        assert answer.startswith("Достижения: 1 из ")
        assert "✅ Первая победа" in answer
        assert "▫️ Десять побед — Выиграй 10 игр. (1 / 10)" in answer

    chat(database_url, tmp_path, story)


def test_the_history_is_paged_and_says_why_not_more(db: Connection, database_url: str, tmp_path: Path) -> None:
    for _ in range(16):
        apply_event(db, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        answer = await talk.send("/history")
        assert answer.count("Message") == 15
        assert "(too soon after the last one)" in answer
        assert "Message: +5 XP" in await talk.press("Older")

    chat(database_url, tmp_path, story)


# The shop


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


# Preferences


def test_the_language_that_is_chosen_holds(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert await talk.send("/language", BORIS) == "На каком языке?"
        assert await talk.press("English", BORIS) == "I speak English from now on."
        assert (await talk.send("/profile", BORIS)).startswith("Борис\nRank F I")
        assert await talk.send("/language RU", BORIS) == "Теперь я говорю по-русски."
        assert await talk.send("/language klingon", BORIS) == "На каком языке?"

    chat(database_url, tmp_path, story)


def test_announcements_are_switched_by_a_button(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/announcements")
        assert [button["text"] for button in talk.buttons()] == ["Accounts only"]
        assert await talk.press("Accounts only") == "I tell you only what happens to your accounts, privately."
        assert await talk.press("Privately") == "I tell you of ranks, achievements and links privately."

    chat(database_url, tmp_path, story)


def test_where_there_is_a_group_for_them_announcements_can_be_public(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/announcements", BORIS)
        assert [button["text"] for button in talk.buttons()] == ["При всех", "Только об аккаунтах"]
        assert await talk.press("При всех", BORIS) == "О ваших рангах и достижениях я сообщаю всем."
        assert [button["text"] for button in talk.buttons()] == ["Лично", "Только об аккаунтах"]

    chat(database_url, tmp_path, story, channel_id=-100500)
    assert value(db, "SELECT announcements FROM ttfd.get_preferences('telegram', '1002')") == "public"


# Games


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


# Groups


@pytest.mark.parametrize("command", sorted(PRIVATE))
def test_what_is_private_is_not_said_in_a_group(
    db: Connection, database_url: str, tmp_path: Path, command: str
) -> None:
    async def story(talk: Chat) -> None:
        answer = await talk.send(f"/{command} ABCDEFGHJK", chat=GROUP)
        assert answer == "That is between you and me: write to me privately."
        assert talk.buttons()[0]["url"] == "https://t.me/ttfd_bot?start=link"
        assert talk.telegram.calls[-1][0] == "deleteMessage"  # with the code that others might use

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT (SELECT count(*) FROM ttfd.link_codes) + (SELECT count(*) FROM ttfd.login_links)") == 0


def test_start_in_a_group_shows_no_code(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert "code" not in await talk.send("/start", chat=GROUP)
        assert "code" in await talk.send("/start")

    chat(database_url, tmp_path, story)


def test_the_buttons_of_another_member_do_nothing(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/guess", chat=GROUP)
        assert await talk.press("7", BORIS, GROUP) == "Это чужая кнопка."

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(*) FROM ttfd.cross_platform_events") == 0


@pytest.mark.parametrize("data", ["history|99", "announcements|off", "language|en", "unlink", "cancel"])
def test_a_forged_button_shows_nothing_private_in_a_group(
    db: Connection, database_url: str, tmp_path: Path, data: str
) -> None:
    apply_event(db, external_id="1001")
    process_all(db)

    async def story(talk: Chat) -> None:
        answer = await talk.press_data(f"{data}|1001", ANNA, GROUP)
        assert answer == "That is between you and me: write to me privately."

    assert chat(database_url, tmp_path, story).named("editMessageText") == []


def test_a_forged_button_does_not_use_up_the_game_of_another(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/guess", chat=GROUP)
        data = talk.buttons()[6]["callback_data"]
        await talk.press_data("guess|3|0|1002", BORIS, GROUP)
        assert "My number was" in await talk.press_data(data, ANNA, GROUP)

    chat(database_url, tmp_path, story)
    assert [seen.games_played for seen in rows(db, "SELECT games_played FROM ttfd.unified_users")] == [1, 1]


# Linking


def test_a_code_from_here_links_an_account_elsewhere_and_can_be_undone(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    apply_event(db, "game_played", {"xp": 60, "coins": 5}, external_id="1001")
    apply_event(db, "game_played", {"xp": 40, "coins": 7}, external_id="9", platform="discord")
    process_all(db)

    async def story(talk: Chat) -> None:
        answer = await talk.send("/link")
        (copy,) = talk.buttons()
        code = copy["copy_text"]["text"]
        assert f"Your code: {code}" in answer
        assert row(db, "SELECT * FROM ttfd.redeem_link_code(%s, 'discord', '9')", code).status == "merged"
        process_all(db)
        assert "100 XP" in await talk.send("/profile")
        question = await talk.send("/unlink")
        assert "Undo, until " in question
        assert "Discord takes 40 XP, coins: 7" in question
        assert await talk.press("Undo the link") == "Undone. Both accounts have back what they had before."
        process_all(db)
        assert "60 XP" in await talk.send("/profile")

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("command", ["/link", "/start"])
def test_a_code_from_elsewhere_is_previewed_then_confirmed(
    db: Connection, database_url: str, tmp_path: Path, command: str
) -> None:
    db.execute("SELECT ttfd.get_or_create_user('discord', '9', 'dora', 'Dora <3')")
    apply_event(db, "game_played", {"xp": 40}, external_id="9", platform="discord")
    code = row(db, "SELECT * FROM ttfd.create_link_code('discord', '9')").code

    async def story(talk: Chat) -> None:
        question = await talk.send(f"{command} {code}")
        assert question.startswith("Link these accounts?\n\n• Dora <3 (Discord): 40 XP, coins: 0\n• Anna (Telegram)")
        assert value(db, "SELECT count(*) FROM ttfd.user_merges") == 0
        assert (await talk.press("Link")).startswith("Linked!")
        assert (await talk.press("Undo the link")).startswith("Undone.")

    chat(database_url, tmp_path, story)


def test_who_presses_link_twice_keeps_the_answer_and_the_way_back(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    apply_event(db, "game_played", {"xp": 40}, external_id="9", platform="discord")
    code = row(db, "SELECT * FROM ttfd.create_link_code('discord', '9')").code

    async def story(talk: Chat) -> None:
        await talk.send(f"/link {code}")
        data = talk.buttons()[0]["callback_data"]
        assert (await talk.press_data(data)).startswith("Linked!")
        assert (await talk.press_data(data)).startswith("This code is wrong, used or too old.")

    fake = chat(database_url, tmp_path, story)
    assert len(fake.named("editMessageText")) == 1
    assert fake.calls[-1][0] == "answerCallbackQuery"


def test_who_presses_unlink_twice_is_answered_twice(db: Connection, database_url: str, tmp_path: Path) -> None:
    db.execute("SELECT ttfd.link_verified_account(%s, 'telegram', '1001', NULL)", [get_user(db, "9", "discord")])

    async def story(talk: Chat) -> None:
        await talk.send("/unlink")
        data = talk.buttons()[0]["callback_data"]
        assert (await talk.press_data(data)).startswith("Unlinked.")
        assert await talk.press_data(data) == "This account is not linked."

    chat(database_url, tmp_path, story)


def test_a_link_that_is_not_confirmed_changes_nothing(db: Connection, database_url: str, tmp_path: Path) -> None:
    code = row(db, "SELECT * FROM ttfd.create_link_code('discord', '9')").code

    async def story(talk: Chat) -> None:
        await talk.send(f"/link {code}")
        assert await talk.press("Cancel") == "Nothing was changed."

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(DISTINCT user_id) FROM ttfd.platform_accounts") == 2


@pytest.mark.parametrize("code", ["WRONG", "0000000000", "💥", "a" * 60])
def test_a_wrong_code_gets_one_answer(db: Connection, database_url: str, tmp_path: Path, code: str) -> None:
    async def story(talk: Chat) -> None:
        assert (await talk.send(f"/link {code}")).startswith("This code is wrong, used or too old.")
        assert (await talk.send(f"/link {code}", BORIS)).startswith("Код неверный, использован или устарел.")

    chat(database_url, tmp_path, story)


def test_many_codes_are_refused_and_start_still_greets(db: Connection, database_url: str, tmp_path: Path) -> None:
    for _ in range(10):
        db.execute("SELECT ttfd.create_link_code('telegram', '1001')")

    async def story(talk: Chat) -> None:
        assert (await talk.send("/link")).startswith("That were many codes.")
        assert (await talk.send("/start")).startswith("Hello, Anna!")

    chat(database_url, tmp_path, story)


def test_unlinking_takes_this_account_away(db: Connection, database_url: str, tmp_path: Path) -> None:
    user_id = get_user(db, "9", "discord")
    db.execute("SELECT ttfd.link_verified_account(%s, 'telegram', '1001', NULL)", [user_id])

    async def story(talk: Chat) -> None:
        assert "this account (Telegram) starts anew; XP and coins stay with Discord." in await talk.send("/unlink")
        assert (await talk.press("Unlink this account")).startswith("Unlinked.")
        assert (await talk.send("/start")).startswith("Welcome, Anna!")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT platforms FROM ttfd.unified_users WHERE id = %s", user_id) == ["discord"]


def test_a_merge_of_others_cannot_be_undone_by_a_forged_button(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    merged = row(db, "SELECT * FROM ttfd.merge_users(%s, %s)", get_user(db, "5"), get_user(db, "6", "discord"))

    async def story(talk: Chat) -> None:
        assert (await talk.press_data(f"undo|{merged.merge_id}|1001")).startswith("This did not work.")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT undone_at FROM ttfd.user_merges") is None


def test_a_button_that_was_pressed_long_ago_still_does_its_work(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/language")
        late = refused_call(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        talk.telegram.fails = lambda method, _: late if method == "answerCallbackQuery" else None
        assert await talk.press("Русский") == "Теперь я говорю по-русски."

    chat(database_url, tmp_path, story)


# The website


def session_of(db: Connection, answer: str) -> int:
    """Whom the link of an answer logs in."""
    found = re.search(rf"{SITE_URL}/login/link/([0-9a-f]{{64}})(?![^\s>])", answer)
    assert found is not None, answer
    link_hash = hashlib.sha256(found[1].encode()).digest()
    redeemed = row(db, "SELECT * FROM ttfd.redeem_login_link(%s, %s)", link_hash, bytes(32))
    return int(redeemed.user_id)


@pytest.mark.parametrize("has_account", [True, False])
def test_the_link_of_login_logs_its_member_in(
    db: Connection, database_url: str, tmp_path: Path, has_account: bool
) -> None:
    member_id = get_user(db, "1001") if has_account else None

    async def story(talk: Chat) -> None:
        answer = await talk.send("/login")
        assert "It is valid for 10 minutes and once. It is for nobody else" in answer
        assert json.loads(talk.telegram.named("sendMessage")[-1]["link_preview_options"]) == {"is_disabled": True}
        assert session_of(db, answer) == value(
            db, "SELECT user_id FROM ttfd.platform_accounts WHERE external_id = '1001'"
        )
        assert "срок: 10 минут. Она ни для кого другого" in await talk.send("/login", BORIS)

    chat(database_url, tmp_path, story, site_url=f"{SITE_URL}/")
    assert member_id is None or value(db, "SELECT user_id FROM ttfd.website_sessions") == member_id
    names = "SELECT array_agg(display_name ORDER BY id) FROM ttfd.unified_users"
    assert value(db, names) == ["Anna", "Борис"]


def test_many_login_links_are_refused(db: Connection, database_url: str, tmp_path: Path) -> None:
    for member in "1001", "1002":
        for _ in range(10):
            db.execute("SELECT ttfd.create_login_link('telegram', %s)", [member])

    async def story(talk: Chat) -> None:
        assert await talk.send("/login") == "That were many links. Use the last one, or ask again later."
        assert (await talk.send("/login", BORIS)).startswith("Это уже много ссылок.")

    chat(database_url, tmp_path, story)


def test_without_a_website_login_is_not_offered_and_says_so(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert await talk.send("/login") == "This community has no website."
        assert await talk.send("/login", BORIS) == "У этого сообщества нет сайта."
        assert "/login" not in await talk.send("/help")

    chat(database_url, tmp_path, story, site_url=None)
    assert value(db, "SELECT count(*) FROM ttfd.login_links") == 0


@pytest.mark.parametrize("site_url", [SITE_URL, None])
def test_telegram_lists_login_where_there_is_a_website_and_in_private_only(
    db: Connection, database_url: str, tmp_path: Path, site_url: str | None
) -> None:
    async def story(talk: Chat) -> None:
        await show_commands(talk.application.bot, site_url=site_url)
        assert ("/login" in await talk.send("/help")) is (site_url is not None)

    listed = chat(database_url, tmp_path, story, site_url=site_url).named("setMyCommands")
    scopes = [json.loads(call["scope"])["type"] for call in listed if '"login"' in call["commands"]]
    assert scopes == (["default", "default"] if site_url else [])


# Outages


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_answered_politely_while_the_database_is_away(
    db: Connection, database_url: str, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttfd.bots.database._WAIT_SECONDS", 0.2)
    words = {"en": "I cannot look that up at the moment.", "ru": "Сейчас я не могу это узнать."}[language]
    user = LANGUAGES[language]

    async def story(talk: Chat) -> None:
        await talk.send("/profile", user)
        with outage(database_url):
            for name in HANDLERS:
                answer = await talk.send(f"/{name}", user)
                assert answer.startswith(words), (name, answer)
            assert (await talk.press_data(f"guess|3|0|{user['id']}", user)).startswith(words)
            await talk.send("a message that still counts", user, GROUP)
            assert talk.outbox.waiting == 1
        await until(lambda: talk.outbox.waiting == 0)
        assert "XP" in await talk.send("/profile", user)

    chat(database_url, tmp_path, story)
    with psycopg.connect(database_url, autocommit=True) as again:
        process_all(again)
        assert value(again, "SELECT messages_sent FROM ttfd.unified_users") == 1


# What happens when something else goes wrong


def test_a_bug_is_answered_and_logged_without_the_words_of_the_database(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    db.execute("ALTER FUNCTION ttfd.list_shop(bigint) RENAME TO list_shop_no_more")

    async def story(talk: Chat) -> None:
        assert await talk.send("/shop") == "This did not work. It has been noted."

    chat(database_url, tmp_path, story)
    assert "list_shop" in caplog.text
