"""Accounts linked, unlinked and parted again in a chat with the Telegram bot."""

from pathlib import Path

import pytest
from telegram_chat import BORIS, Chat, chat

from calls import Connection, apply_event, get_user, process_all, row, value


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
