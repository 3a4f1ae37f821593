"""The Telegram bot among others: whether messages count, what stays private, and whose buttons are whose."""

import logging
from pathlib import Path

import pytest
from telegram_chat import ANNA, BORIS, GROUP, Chat, chat, membership_update

from calls import Connection, apply_event, process_all, rows, value
from ttfd.telegram.bot import PRIVATE


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


@pytest.mark.parametrize(
    ("sees_all", "status", "words"),
    [
        (False, "member", "Здесь я вижу только команды"),
        (False, "administrator", "Здравствуйте! Сообщения здесь приносят опыт."),
        (True, "member", "Здравствуйте! Сообщения здесь приносят опыт."),
    ],
)
def test_a_group_is_told_whether_its_messages_count(
    db: Connection,
    database_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    sees_all: bool,
    status: str,
    words: str,
) -> None:
    async def story(talk: Chat) -> None:
        (said,) = await talk.feed(membership_update(GROUP, "left", status))
        assert said.startswith(words)
        assert await talk.feed(membership_update(GROUP, "member", "administrator")) == []
        assert await talk.feed(membership_update(GROUP, "member", "left")) == []

    with caplog.at_level(logging.INFO, "ttfd.telegram"):
        chat(database_url, tmp_path, story, sees_all=sees_all)
    assert "added to the supergroup -100500" in caplog.messages
