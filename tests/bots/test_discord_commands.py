"""Whole conversations with the Discord bot: every command, in both languages, with a real database."""

import asyncio
import hashlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from discord_chat import SITE_URL, Chat, chat
from discord_server import ANNA, BORIS, BOT_ID, CAROL, NAMES, ROBOT, FakeDiscord, until
from newcomers import begin_anew
from outage import outage
from PIL import Image

from calls import Connection, apply_event, get_user, process_all, row, rows, value, violations
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


@pytest.mark.parametrize("has_account", [True, False])
def test_the_link_of_login_logs_its_member_in_and_nobody_else_sees_it(
    db: Connection, database_url: str, tmp_path: Path, has_account: bool
) -> None:
    member_id = get_user(db, str(ANNA), "discord") if has_account else None

    async def story(talk: Chat) -> None:
        answer = await talk.send("login")
        assert talk.private
        assert "It is valid for 10 minutes and once. It is for nobody else" in answer
        found = re.search(rf"<{SITE_URL}/login/link/([0-9a-f]{{64}})>", answer)
        assert found is not None, answer
        link_hash = hashlib.sha256(found[1].encode()).digest()
        session = row(db, "SELECT * FROM ttfd.redeem_login_link(%s, %s)", link_hash, bytes(32))
        assert session.user_id == get_user(db, str(ANNA), "discord")
        assert member_id in (None, session.user_id)
        assert "срок: 10 минут. Она ни для кого другого" in await talk.send("login", BORIS, is_direct=True)

    chat(database_url, tmp_path, story, site_url=f"{SITE_URL}/")
    names = "SELECT array_agg(display_name ORDER BY id) FROM ttfd.unified_users"
    assert value(db, names) == ["Anna", "Борис"]


def test_many_login_links_are_refused(db: Connection, database_url: str, tmp_path: Path) -> None:
    for member in ANNA, BORIS:
        for _ in range(10):
            db.execute("SELECT ttfd.create_login_link('discord', %s)", [str(member)])

    async def story(talk: Chat) -> None:
        assert await talk.send("login") == "That were many links. Use the last one, or ask again later."
        assert talk.private
        assert (await talk.send("login", BORIS)).startswith("Это уже много ссылок.")

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


def test_the_rank_card_is_a_picture_with_words_for_who_cannot_see_it(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(talk: Chat) -> None:
        pictures = []
        for member in (ANNA, BORIS):
            await talk.send("rank", member)
            assert talk.files is not None and talk.shown is not None
            pictures.append(talk.files["rank.png"])
            assert Image.open(io.BytesIO(pictures[-1])).size == (1200, 630)
            description = talk.shown["attachments"][0]["description"]
            assert "0 XP" in description and "*" not in description and "\\" not in description
        assert pictures[0] != pictures[1]
        monkeypatch.setitem(sys.modules, "ttfd.bots.rank_card", None)  # as where Pillow is missing
        assert (await talk.send("rank")).startswith("Anna\nRank F I · 0 XP")
        assert talk.files == {}

    chat(database_url, tmp_path, story)


def test_others_are_shown_when_they_are_known(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        for command in ("profile", "rank"):
            assert await talk.send(command, member=CAROL) == "I do not know this member."
            assert talk.private
        get_user(db, str(CAROL), "discord", "carol")
        assert (await talk.send("profile", member=CAROL)).startswith("carol\nRank F I")
        assert await talk.send("rank", member=CAROL) == "carol"

    chat(database_url, tmp_path, story)


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


def test_a_claim_that_is_delivered_twice_counts_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        interaction = await talk.discord.interact(ANNA, 2, {"id": "1", "name": "daily", "type": 1})
        await until(lambda: talk.discord.called("PATCH", interaction["token"]))
        await talk.discord.dispatch("INTERACTION_CREATE", interaction)
        await until(lambda: len(talk.discord.called("PATCH", interaction["token"])) == 2)
        first, second = (call.body["content"] for call in talk.discord.called("PATCH", interaction["token"]))
        assert first == second
        assert (await talk.send("daily")).startswith("It is too soon. Next time in ")
        assert (await talk.send("daily", locale="ru")).startswith("Ещё рано. До следующего раза: ")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT xp FROM ttfd.unified_users") == 100
    assert violations(db) == []


def test_coins_are_sent_to_another_member_and_to_nobody_else(db: Connection, database_url: str, tmp_path: Path) -> None:
    apply_event(db, "coins_change", {"coins": 100}, external_id=str(ANNA), platform="discord")

    async def story(talk: Chat) -> None:
        assert await talk.send("pay", member=ANNA, amount=5) == "You cannot pay yourself."
        assert talk.private
        assert await talk.send("pay", member=ROBOT, amount=5) == "Bots have no account."
        assert talk.private
        assert await talk.send("pay", member=BORIS, amount=30) == "30 coins sent to Борис.\nCoins left: 70"
        assert not talk.private
        assert (await talk.send("pay", BORIS, member=ANNA, amount=1)).startswith("1 монета отправлена: Anna")
        assert await talk.send("pay", member=BORIS, amount=10**9) in (
            "You have not enough coins.",
            "This amount is not allowed.",
        )
        assert talk.private

    chat(database_url, tmp_path, story)
    found = rows(db, "SELECT discord_id, coins FROM ttfd.unified_users ORDER BY discord_id")
    assert [tuple(member) for member in found] == [(str(ANNA), 71), (str(BORIS), 29)]
    assert violations(db) == []


def test_the_shop_sells_what_is_suggested(db: Connection, database_url: str, tmp_path: Path) -> None:
    apply_event(db, "coins_change", {"coins": 100_000}, external_id=str(ANNA), platform="discord")
    first = row(db, "SELECT item, title_en, title_ru, price FROM ttfd.list_shop(NULL) LIMIT 1")

    async def story(talk: Chat) -> None:
        offered = await talk.suggest("buy", "item", first.title_en[:4].lower())
        assert first.item in [choice["value"] for choice in offered]
        russian = await talk.suggest("buy", "item", "", BORIS)
        assert any(choice["name"].startswith(first.title_ru) for choice in russian)
        assert await talk.suggest("buy", "item", "no such thing") == []
        await talk.send("language", BORIS, language="en")
        english = await talk.suggest("buy", "item", "", BORIS)
        assert any(choice["name"].startswith(first.title_en) for choice in english)
        assert (await talk.send("buy", item=first.item)).startswith(f"Bought: {first.title_en}\nCoins left: ")
        assert first.title_en in await talk.send("inventory")
        assert first.title_en in await talk.send("shop")
        await talk.send("buy", item=first.title_ru.upper())

    chat(database_url, tmp_path, story)
    assert violations(db) == []


@pytest.mark.parametrize("metric", ["xp", "coins", "messages", "voice", "games", "wins"])
def test_leaderboards_are_by_any_metric(db: Connection, database_url: str, tmp_path: Path, metric: str) -> None:
    async def story(talk: Chat) -> None:
        english, russian = await talk.send("top", by=metric), await talk.send("top", locale="ru", by=metric)
        assert english.startswith("Leaderboard: ") and "You: place 1 of 1" in english
        assert russian.startswith("Таблица лидеров: ")

    chat(database_url, tmp_path, story)


def test_history_is_read_page_by_page_by_its_member_alone(db: Connection, database_url: str, tmp_path: Path) -> None:
    for coins in range(1, 21):
        apply_event(db, "coins_change", {"coins": coins}, external_id=str(ANNA), platform="discord")
    process_all(db)

    async def story(talk: Chat) -> None:
        newest = await talk.send("history")
        assert talk.private and "+20 coins" in newest and "+5 coins" not in newest
        button = talk.buttons()["Older"]
        oldest = await talk.press("Older")
        assert "+5 coins" in oldest and "+1 coin\n" in oldest + "\n" and talk.buttons() == {}
        assert await talk.press_id(button, BORIS) == "Это чужая кнопка."
        assert talk.private

    chat(database_url, tmp_path, story)


def test_a_language_that_is_chosen_holds_whatever_discord_says(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        assert await talk.send("language", language="ru") == "Теперь я говорю по-русски."
        assert "Ранг F I" in await talk.send("profile", locale="en-US")
        assert (await talk.send("help", locale="de")).startswith("Что я умею")

    chat(database_url, tmp_path, story)


def test_a_member_says_where_announcements_go(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        for place, words in [
            ("public", "I tell everybody of your ranks and achievements."),
            ("private", "I tell you of ranks, achievements and links privately."),
            ("off", "I tell you only what happens to your accounts, privately."),
        ]:
            assert await talk.send("announcements", where=place) == words
            assert value(db, "SELECT announcements FROM ttfd.get_preferences('discord', %s)", str(ANNA)) == place

    chat(database_url, tmp_path, story)


# Linking


def make_code(db: Connection, telegram_id: str = "7") -> str:
    return str(value(db, "SELECT code FROM ttfd.create_link_code('telegram', %s)", telegram_id))


def test_a_code_of_telegram_is_shown_confirmed_and_undone(db: Connection, database_url: str, tmp_path: Path) -> None:
    get_user(db, "7", username="anna_on_telegram")
    apply_event(db, "game_played", {"xp": 100}, external_id="7")
    apply_event(db, "game_played", {"xp": 50}, external_id=str(ANNA), platform="discord")
    process_all(db)
    code = make_code(db)

    async def story(talk: Chat) -> None:
        preview = await talk.send("link", code=f"{code[:5]}-{code[5:]}".lower())
        assert preview.startswith("Link these accounts?\n\n• anna_on_telegram (Telegram): 100 XP")
        assert talk.private and set(talk.buttons()) == {"Link", "Cancel"}
        assert (await talk.press("Link")).startswith("Linked! Both accounts are one from now on. You can undo it")
        assert "150 XP" in await talk.send("profile")
        assert (await talk.send("unlink")).startswith("Take accounts apart?")
        assert set(talk.buttons()) == {"Undo the link", "Unlink this account", "Cancel"}
        assert await talk.press("Undo the link") == "Undone. Both accounts have back what they had before."
        assert "50 XP" in await talk.send("profile")

    chat(database_url, tmp_path, story)
    process_all(db)
    assert violations(db) == []


def test_a_code_of_discord_is_redeemed_on_telegram(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        code = (await talk.send("link")).split()[2]
        assert talk.private
        redeemed = row(db, "SELECT * FROM ttfd.redeem_link_code(%s, 'telegram', '7')", code)
        assert redeemed.status == "linked"
        assert "Accounts: Discord, Telegram" in await talk.send("profile")
        await talk.send("unlink")
        assert (await talk.press("Unlink this account")).startswith("Unlinked.")

    chat(database_url, tmp_path, story)


def test_buttons_work_after_a_restart(db: Connection, database_url: str, tmp_path: Path) -> None:
    get_user(db, "7")
    kept: list[str] = []

    async def before(talk: Chat) -> None:
        await talk.send("link", code=make_code(db))
        kept.append(talk.buttons()["Link"])

    async def after(talk: Chat) -> None:
        assert (await talk.press_id(kept[0])).startswith("Linked!")

    chat(database_url, tmp_path, before)
    chat(database_url, tmp_path, after)


def test_a_button_that_is_pressed_twice_leaves_the_answer_to_the_first(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("link", code=make_code(db))
        button = talk.buttons()["Link"]
        assert (await talk.press_id(button)).startswith("Linked!")
        assert (await talk.press_id(button)).startswith("This code is wrong, used or too old.")
        assert talk.private
        assert talk.discord.calls[-1].method == "POST", "a message of its own"

    chat(database_url, tmp_path, story)


def test_nothing_is_linked_by_a_wrong_code_a_stranger_or_a_change_of_mind(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    get_user(db, "7")

    async def story(talk: Chat) -> None:
        for wrong in ("0000000000", "…", "x" * 6000, "a:b:1"):
            assert (await talk.send("link", code=wrong)).startswith("This code is wrong, used or too old."), wrong
            assert talk.buttons() == {}
        await talk.send("link", code=make_code(db))
        assert await talk.press_id(talk.buttons()["Link"], BORIS) == "Это чужая кнопка."
        await talk.send("link", code=make_code(db))
        assert await talk.press("Cancel") == "Nothing was changed."
        assert "Accounts: Discord" in await talk.send("profile")

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT count(*) FROM ttfd.unified_users WHERE merged_into IS NOT NULL") == 0


def test_a_refusal_after_a_button_leaves_the_message_with_its_buttons(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        assert await talk.press_id(f"ttfd:unlink::{ANNA}", ANNA) if await talk.send("profile") else ""
        assert talk.private
        assert talk.discord.calls[-1].method == "POST", "a message of its own"

    chat(database_url, tmp_path, story)


def test_every_button_has_a_handler(db: Connection, database_url: str, tmp_path: Path) -> None:
    assert set(BUTTONS) == {"history", "redeem", "cancel", "unlink", "undo"}

    async def story(talk: Chat) -> None:
        assert await talk.press_id(f"ttfd:nothing::{ANNA}") == "This is somebody else's button."

    chat(database_url, tmp_path, story)


# When something is away


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


def test_suggestions_that_take_too_long_are_not_waited_for(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttfd.discord.cog._SUGGEST_SECONDS", 0.05)

    async def story(talk: Chat) -> None:
        monkeypatch.setattr(talk.client, "find_user", lambda *_: asyncio.sleep(60))
        assert await talk.suggest("buy", "item", "") == []

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


def test_thirty_members_who_ask_at_once_are_all_answered(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        data = {"id": "1", "name": "work", "type": 1}
        asked = await asyncio.gather(*(talk.discord.interact(ANNA, 2, data) for _ in range(30)))
        await until(lambda: all(talk.discord.called("PATCH", one["token"]) for one in asked))

    fake: FakeDiscord = chat(database_url, tmp_path, story)
    paid = [call for call in fake.called("PATCH", f"/webhooks/{BOT_ID}/") if call.body["content"].startswith("**Work")]
    assert len(paid) == 1
    assert violations(db) == []
