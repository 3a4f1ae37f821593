"""Every command of the Discord bot, in both languages: to a newcomer, in private, and while something is wrong."""

from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from discord_chat import SITE_URL, Chat, chat
from discord_server import ANNA, BORIS, BOT_ID, CAROL, NAMES, until
from newcomers import begin_anew
from outage import outage

from calls import Connection, process_all, value
from ttfd.bots.commands import COMMANDS
from ttfd.discord.cog import BUTTONS

LANGUAGES = {"en": ANNA, "ru": BORIS}

# What each command says to somebody who was never here, in each language, and whether others see it.
FIRST_WORDS: dict[str, tuple[str, str, bool, dict[str, Any]]] = {
    "help": ("What I can do\n\n/help", "Что я умею\n\n/help", False, {}),
    "profile": ("Anna\nRank F I · 0 XP", "Борис\nРанг F I · 0 XP", True, {}),
    "rank": ("Anna", "Борис", True, {}),
    "top": ("Leaderboard: XP\n\n1. Anna — 0", "Таблица лидеров: Опыт\n\n1. Борис — 0", True, {}),
    "season": ("Season: ", "Сезон: ", True, {}),
    "achievements": ("Achievements: 0 of ", "Достижения: 0 из ", False, {}),
    "history": ("Nothing has happened yet.", "Пока ничего не произошло.", False, {}),
    "language": ("I speak English from now on.", "Теперь я говорю по-русски.", False, {"language": "?"}),
    "announcements": ("I tell you only what happens to", "Я сообщаю только о том, что", False, {"where": "off"}),
    "daily": ("Daily reward\n+100 XP · +50 coins", "Ежедневная награда\n+100 XP · +50 монет", False, {}),
    "work": ("Work\n+", "Работа\n+", False, {}),
    "pay": ("You have not enough coins.", "Не хватает монет.", False, {"member": CAROL, "amount": 5}),
    "shop": ("Shop\nYour coins: 0", "Магазин\nВаши монеты: 0", False, {}),
    "buy": ("This is not on sale, or sold out.", "Этого нет в продаже", False, {"item": "the moon"}),
    "inventory": ("You have bought nothing yet.", "Вы пока ничего не купили.", False, {}),
    "link": ("Your code: ", "Ваш код: ", False, {}),
    "unlink": ("This is your only account.", "Это ваш единственный аккаунт.", False, {}),
    "login": (f"Log in on the website: <{SITE_URL}/login", f"Войти на сайт: <{SITE_URL}/login", False, {}),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_answers_a_newcomer(db: Connection, database_url: str, tmp_path: Path, language: str) -> None:
    async def story(talk: Chat) -> None:
        assert set(FIRST_WORDS) == {command.name for command in talk.bot.tree.get_commands()}
        for name, (english, russian, is_public, options) in FIRST_WORDS.items():
            begin_anew(db)
            given = {key: language if option == "?" else option for key, option in options.items()}
            answer = await talk.send(name, LANGUAGES[language], **given)
            assert answer.startswith(english if language == "en" else russian), (name, answer)
            assert talk.private is not is_public, name

    chat(database_url, tmp_path, story)


def test_without_a_website_login_is_not_offered(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert "/login" not in await talk.send("help")

    fake = chat(database_url, tmp_path, story, site_url=None)
    (registered,) = fake.called("PUT", r"/commands$")
    assert {command["name"] for command in registered.body["list"]} == set(FIRST_WORDS) - {"login"}


def test_commands_work_in_the_private_chat_too(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        assert (await talk.send("profile", BORIS, is_direct=True)).startswith("Борис\nРанг F I")
        assert (await talk.send("link", is_direct=True)).startswith("Your code: ")

    chat(database_url, tmp_path, story)


def test_discord_is_told_of_every_command_in_russian_too(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(_: Chat) -> None: ...

    fake = chat(database_url, tmp_path, story)
    (registered,) = fake.called("PUT", r"/commands$")
    for command in registered.body["list"]:
        assert command["description"] == COMMANDS[command["name"]]
        assert command["description_localizations"]["ru"] not in ("", command["description"])
        assert not command.get("name_localizations")
        for option in command["options"]:
            assert option["description_localizations"]["ru"], (command["name"], option)
            for choice in option.get("choices", ()):
                assert choice["name"] in ("Русский", "English") or choice["name_localizations"]["ru"], choice


def test_names_cannot_write_markup_nor_call_anybody(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, CAROL, "**x** @everyone <@1> `c` [a](https://b.c) discord.gg/abc")

    async def story(talk: Chat) -> None:
        await talk.send("profile", CAROL)
        assert talk.shown is not None
        first = talk.shown["content"].split("\n")[0]
        assert first.startswith("**") and first.endswith("**")
        inside = first[2:-2]
        assert "@everyone" not in inside and "<@1>" not in inside.replace("\\<", "")
        for sign in ("*", "`", "["):
            assert all(inside[index - 1] == "\\" for index, found in enumerate(inside) if found == sign), inside
        assert "https://" not in inside and "discord.gg/abc" not in inside, "no link, no preview of where it leads"
        assert talk.shown["allowed_mentions"] == {"parse": []}

    chat(database_url, tmp_path, story)


def test_every_button_has_a_handler(db: Connection, database_url: str, tmp_path: Path) -> None:
    assert set(BUTTONS) == {"history", "redeem", "cancel", "unlink", "undo"}

    async def story(talk: Chat) -> None:
        assert await talk.press_id(f"ttfd:nothing::{ANNA}") == "This is somebody else's button."

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_polite_while_the_database_is_down(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr("ttfd.bots.database._WAIT_SECONDS", 0.3)
    polite = {"en": "I cannot look that up at the moment.", "ru": "Сейчас я не могу это узнать."}[language]

    async def story(talk: Chat) -> None:
        with outage(database_url):
            names = [name for name in FIRST_WORDS if name != "help"]
            for name in names:
                answer = await talk.send(name, LANGUAGES[language], **{**FIRST_WORDS[name][3], **_valid(name)})
                assert answer.startswith(polite), (name, answer)
            assert await talk.suggest("buy", "item", "") == []
            await talk.discord.write(LANGUAGES[language])
            await until(lambda: talk.outbox.waiting == 1)
        await until(lambda: talk.outbox.waiting == 0)
        assert "5 XP" in await _later(talk, LANGUAGES[language])

    chat(database_url, tmp_path, story)


def _valid(name: str) -> dict[str, str]:
    return {"language": "ru"} if name == "language" else {}


async def _later(talk: Chat, member: int) -> str:
    """The profile once the worker has been there."""
    with psycopg.connect(talk.url, autocommit=True) as worker:
        process_all(worker)
    return await talk.send("profile", member)


def test_a_failure_of_discord_ends_one_answer_and_not_the_bot(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(talk: Chat) -> None:
        unknown = (404, {"code": 10062, "message": "Unknown interaction"})
        talk.discord.fails = lambda call: unknown if call.path.endswith("/callback") else None
        await talk.discord.interact(ANNA, 2, {"id": "1", "name": "daily", "type": 1})
        await until(lambda: "was not answered" in caplog.text)
        talk.discord.fails = lambda call: None
        assert (await talk.send("profile")).startswith("Anna")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT coalesce(sum(xp), 0) FROM ttfd.unified_users") == 0, "unanswered is undone"


def test_a_mistake_in_the_bot_is_noted_and_answered(
    db: Connection,
    database_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(talk: Chat) -> None:
        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(talk.client, "get_profile", broken)
        assert await talk.send("profile") == "This did not work. It has been noted."
        assert "ZeroDivisionError" in caplog.text

    chat(database_url, tmp_path, story)


def test_what_is_written_to_the_bot_is_no_command_and_no_mistake(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(talk: Chat) -> None:
        mentioned = talk.discord.message(f"<@{BOT_ID}> hello", 600, ANNA)
        await talk.discord.dispatch("MESSAGE_CREATE", mentioned)
        await talk.send("profile")

    chat(database_url, tmp_path, story)
    assert "CommandNotFound" not in caplog.text


def test_an_answer_that_does_not_reach_discord_is_not_called_a_failure_of_what_was_done(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise aiohttp.ClientConnectionError

    async def story(talk: Chat) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("discord.Interaction.edit_original_response", away)
            await talk.discord.interact(ANNA, 2, {"id": "1", "name": "daily", "type": 1})
            await until(lambda: "was not answered" in caplog.text)
        assert "100 XP" in await talk.send("profile")

    fake = chat(database_url, tmp_path, story)
    assert not any("did not work" in str(call.body) for call in fake.calls)
