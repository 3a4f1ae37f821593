"""What a member chooses on Telegram: the language, and where announcements go."""

from pathlib import Path

from telegram_chat import BORIS, Chat, chat
from telegram_chat import refused as refused_call

from calls import Connection, value


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


def test_a_button_that_was_pressed_long_ago_still_does_its_work(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/language")
        late = refused_call(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        talk.telegram.fails = lambda method, _: late if method == "answerCallbackQuery" else None
        assert await talk.press("Русский") == "Теперь я говорю по-русски."

    chat(database_url, tmp_path, story)
