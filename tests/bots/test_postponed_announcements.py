"""One chat that takes nothing holds up no other; a platform that takes nothing loses nothing."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from discord_chat import Chat as DiscordChat
from discord_chat import chat as discord_chat
from discord_server import ANNA, BORIS, TEXT_CHANNEL, FakeDiscord
from telegram_chat import Chat, chat, refused

from calls import Connection, apply_event, get_user, process_all, rows, value
from ttfd.bots import announcer
from ttfd.bots.announcer import Announcer, PlatformAwayError
from ttfd.telegram import Herald

ILL = refused(502, "Bad Gateway")


def reach(db: Connection, user_id: int | str, xp: int = 500, platform: str = "telegram") -> None:
    apply_event(db, "xp_change", {"xp": xp}, external_id=str(user_id), platform=platform)
    process_all(db)


def begin(db: Connection, database_url: str, talk: Chat, channel_id: int | None = None) -> Announcer:
    """An announcer that reads from the present head on, as another process than the one before."""
    reader = Announcer(database_url, talk.client, "telegram", Herald(talk.application.bot, channel_id).deliver)
    db.execute("UPDATE ttfd.announcement_cursors SET leased_until = '-infinity'")
    db.execute("SELECT ttfd.take_announcements('telegram', %s)", [reader._reader])
    return reader


async def drain(reader: Announcer, times: int = 4) -> None:
    """As ``run()`` does, without its pauses."""
    for _ in range(times):
        with suppress(PlatformAwayError):
            await reader.drain()


def ill_in(talk: Chat, *chats: str) -> None:
    talk.telegram.fails = lambda _, said: ILL if said.get("chat_id") in chats else None


def told(talk: Chat, chat_id: str) -> int:
    return sum(said["chat_id"] == chat_id for said in talk.telegram.named("sendMessage"))


def make_due(db: Connection) -> None:
    db.execute("UPDATE ttfd.postponed_announcements SET due_at = '-infinity'")


def failures(db: Connection) -> list[int]:
    return [found.failures for found in rows(db, "SELECT failures FROM ttfd.postponed_announcements ORDER BY position")]


def test_what_one_chat_does_not_take_holds_up_no_other_and_is_told_later(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk)
        for user_id in ("1001", "1002", "1003"):
            reach(db, user_id)
        ill_in(talk, "1001")
        await drain(reader)
        assert (told(talk, "1002"), told(talk, "1003")) == (1, 1)
        reach(db, "1002", 1000)
        await drain(reader)
        assert told(talk, "1002") == 2
        make_due(db)
        before = told(talk, "1001")
        ill_in(talk)
        assert await reader.drain() == 1
        assert told(talk, "1001") == before + 1
        assert failures(db) == []

    chat(database_url, tmp_path, story)


def test_a_group_in_trouble_with_more_to_tell_than_is_read_at_once_holds_up_no_private_chat(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcer, "_BATCH", 2)
    for user_id in range(1, 6):
        get_user(db, str(user_id))
        db.execute("SELECT ttfd.set_announcements('telegram', %s, 'public')", [str(user_id)])

    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk, channel_id=-100500)
        for user_id in (*range(1, 6), 1002):
            reach(db, user_id)
        ill_in(talk, "-100500")
        await drain(reader, 6)
        assert told(talk, "1002") == 1
        assert failures(db) == [1] * 5

    chat(database_url, tmp_path, story)


def test_what_is_never_taken_is_given_up_and_named_by_its_event_alone(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    db.execute("SELECT ttfd.get_or_create_user('telegram', '1001', 'anna', 'Anna')")

    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk)
        ill_in(talk, "1001")
        reach(db, "1001")
        event_id = value(db, "SELECT id FROM ttfd.cross_platform_events_processed WHERE event_type = 'rank_up'")
        for number in range(12):
            assert "is given up" not in caplog.text
            make_due(db)
            reach(db, str(2000 + number))
            await drain(reader)
        assert failures(db) == []
        (line,) = (said for said in caplog.messages if "is given up" in said)
        assert f"event {event_id}, to a private chat" in line
        assert "Anna" not in line
        assert "1001" not in line
        before = told(talk, "1001")
        await drain(reader)
        assert told(talk, "1001") == before

    chat(database_url, tmp_path, story)


def test_an_outage_counts_for_nothing_however_long(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk)
        for user_id in ("1001", "1002", "1003"):
            reach(db, user_id)
        ill_in(talk, "1001")
        await drain(reader)
        before = failures(db)
        ill_in(talk, "1001", "1002", "1003", "1004")
        reach(db, "1004")
        for _ in range(30):
            make_due(db)
            with pytest.raises(PlatformAwayError):
                await reader.drain()
        assert failures(db) == before
        ill_in(talk)
        await drain(reader)
        make_due(db)
        await drain(reader)
        assert failures(db) == []
        said = [call["chat_id"] for call in talk.telegram.named("sendMessage")]
        assert sorted(said[-2:]) == ["1001", "1004"]
        assert (told(talk, "1002"), told(talk, "1003")) == (1, 1)

    chat(database_url, tmp_path, story)


def test_attempts_grow_rarer_while_nothing_is_taken(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk)
        reach(db, "1001")
        ill_in(talk, "1001")
        await drain(reader, 3)
        assert reader._rounds == 2
        reach(db, "1002")
        await drain(reader, 1)
        assert told(talk, "1002") == 1, "what is new is tried before what has failed"
        assert reader._rounds == 0

    chat(database_url, tmp_path, story)


def test_the_next_process_is_not_held_up_by_what_the_last_one_postponed(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk)
        reach(db, "1001")
        reach(db, "1002")
        ill_in(talk, "1001")
        await drain(reader)
        reach(db, "1003")
        make_due(db)
        await drain(begin(db, database_url, talk))
        assert (told(talk, "1002"), told(talk, "1003")) == (1, 1)
        assert failures(db) == [2]

    chat(database_url, tmp_path, story)


def test_a_limit_of_telegram_is_waited_for_and_leaves_nothing_out(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    too_many = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 0}}

    async def story(talk: Chat) -> None:
        reader = begin(db, database_url, talk)
        reach(db, "1001")
        talk.telegram.fails = lambda *_: httpx.Response(429, json=too_many)
        with pytest.raises(PlatformAwayError):
            await reader.drain()
        ill_in(talk)
        assert await reader.drain() == 1

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("answer", [(503, {"message": "away"}), (429, "banned")])
@pytest.mark.parametrize("place", ["private", "public"])
def test_a_chat_of_discord_in_trouble_holds_up_no_other(
    db: Connection, database_url: str, tmp_path: Path, answer: Any, place: str
) -> None:
    get_user(db, str(ANNA), "discord", "anna")
    db.execute("SELECT ttfd.set_announcements('discord', %s, %s)", [str(ANNA), place])
    ill = f"/channels/{TEXT_CHANNEL if place == 'public' else f'9{ANNA}'}/messages"
    fake = FakeDiscord()
    fake.fails = lambda call: answer if call.path == ill else None

    async def story(talk: DiscordChat) -> None:
        await talk.announcer.drain()
        for user_id in (ANNA, BORIS):
            reach(db, user_id, platform="discord")
        await drain(talk.announcer)
        assert len(fake.said_in(f"9{BORIS}")) == 1
        assert failures(db) == [1]
        fake.fails = lambda _: None
        await drain(talk.announcer)
        assert failures(db) == []

    discord_chat(database_url, tmp_path, story, fake, channel_id=TEXT_CHANNEL)
