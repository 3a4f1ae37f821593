"""Every command of the Telegram bot, in both languages: to a newcomer, to a member, and while something is wrong."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from newcomers import begin_anew
from outage import outage
from telegram_chat import ANNA, BORIS, GROUP, SITE_URL, TOKEN, Chat, chat, until

from calls import Connection, get_user, process_all, value
from ttfd.bots.commands import COMMANDS
from ttfd.telegram import mount
from ttfd.telegram.account import HELP
from ttfd.telegram.bot import HANDLERS
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


def test_a_bug_is_answered_and_logged_without_the_words_of_the_database(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    db.execute("ALTER FUNCTION ttfd.list_shop(bigint) RENAME TO list_shop_no_more")

    async def story(talk: Chat) -> None:
        assert await talk.send("/shop") == "This did not work. It has been noted."

    chat(database_url, tmp_path, story)
    assert "list_shop" in caplog.text
