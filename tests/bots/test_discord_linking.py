"""Accounts linked, unlinked and parted again with the Discord bot, by commands and buttons."""

from pathlib import Path

from discord_chat import Chat, chat
from discord_server import ANNA, BORIS

from calls import Connection, apply_event, get_user, process_all, row, value, violations


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
