"""Announcements on Discord: to whom, where, once, and what becomes of those that cannot be sent."""

from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord_chat import Chat, chat, plain
from discord_server import ANNA, BORIS, GUILD_ID, OWNER_ID, TEXT_CHANNEL, Call, FakeDiscord, channel

from calls import Connection, apply_event, enable_achievements, get_user, process_all, value
from ttfd.bots import announcer
from ttfd.bots.announcer import PlatformAwayError

FORBIDDEN = (403, {"code": 50007, "message": "Cannot send messages to this user"})


def reach(db: Connection, xp: int = 500, user_id: int = ANNA) -> None:
    apply_event(db, "xp_change", {"xp": xp}, external_id=str(user_id), platform="discord")
    process_all(db)


def prefer(db: Connection, place: str, user_id: int = ANNA) -> None:
    get_user(db, str(user_id), "discord", "anna")
    db.execute("SELECT ttfd.set_announcements('discord', %s, %s)", [str(user_id), place])


def test_a_rank_is_told_to_its_member_in_the_language_that_was_chosen(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    db.execute("SELECT ttfd.set_language('discord', %s, 'ru')", [str(BORIS)])

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        reach(db, 500, BORIS)
        assert await talk.announcer.drain() == 2
        assert await talk.announcer.drain() == 0

    fake = chat(database_url, tmp_path, story)
    assert fake.said_in(f"9{ANNA}") == ["New rank: **F II**!"]
    assert fake.said_in(f"9{BORIS}") == ["Новый ранг: **F II**!"]
    nonces = [call.body["nonce"] for call in fake.called("POST", r"/channels/9\d+/messages$")]
    assert len(set(nonces)) == 2
    assert all(call.body["enforce_nonce"] for call in fake.called("POST", r"/channels/9\d+/messages$"))


def test_what_may_be_public_is_told_in_the_channel_by_name(db: Connection, database_url: str, tmp_path: Path) -> None:
    enable_achievements(db)
    prefer(db, "public")

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        apply_event(db, "game_played", {"won": True}, external_id=str(ANNA), platform="discord")
        process_all(db)
        season_id = value(db, "SELECT season_id FROM ttfd.list_seasons(1)")
        db.execute("SELECT ttfd.close_season(%s)", [season_id])
        process_all(db)
        await talk.announcer.drain()

    db.execute("SELECT ttfd.tend_seasons()")
    fake = chat(database_url, tmp_path, story, channel_id=TEXT_CHANNEL)
    said = [plain(text) for text in fake.said_in(TEXT_CHANNEL)]
    assert any(text.startswith("anna: Achievement") for text in said), said
    assert any(text.startswith("The season ") for text in said), said


def test_without_a_channel_members_are_told_privately_and_the_community_is_not(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    prefer(db, "public")

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        await talk.announcer.drain()

    fake = chat(database_url, tmp_path, story)
    assert fake.said_in(f"9{ANNA}") == ["New rank: **F II**!"]


def test_who_does_not_let_the_bot_write_is_left_alone_from_then_on(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    fake = FakeDiscord()
    fake.fails = lambda call: FORBIDDEN if call.path.startswith("/channels/9") and call.method == "POST" else None

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        await talk.announcer.drain()
        reach(db, 1000)
        assert await talk.announcer.drain() == 0

    chat(database_url, tmp_path, story, fake)
    assert len(fake.said_in(f"9{ANNA}")) == 1
    assert value(db, "SELECT announcements FROM ttfd.get_preferences('discord', %s)", str(ANNA)) == "off"


def test_who_is_told_in_public_goes_on_to_be_when_a_private_notice_is_refused(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    fake = FakeDiscord()
    fake.fails = lambda call: FORBIDDEN if call.path.startswith("/channels/9") and call.method == "POST" else None
    prefer(db, "public")

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        code = value(db, "SELECT code FROM ttfd.create_link_code('discord', %s)", str(ANNA))
        db.execute("SELECT ttfd.redeem_link_code(%s, 'telegram', '7')", [code])
        process_all(db)
        assert await talk.announcer.drain() == 1
        reach(db)
        assert await talk.announcer.drain() == 1

    chat(database_url, tmp_path, story, fake, channel_id=TEXT_CHANNEL)
    assert fake.said_in(f"9{ANNA}") == ["Accounts linked: Discord, Telegram. If that was not you: /unlink"]
    assert [plain(text) for text in fake.said_in(TEXT_CHANNEL)] == ["anna: New rank: F II!"]


def test_whoever_wants_to_hear_nothing_is_told_of_the_account_all_the_same(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    prefer(db, "off")

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        code = value(db, "SELECT code FROM ttfd.create_link_code('discord', %s)", str(ANNA))
        db.execute("SELECT ttfd.redeem_link_code(%s, 'telegram', '7')", [code])
        process_all(db)
        assert await talk.announcer.drain() == 1

    fake = chat(database_url, tmp_path, story, channel_id=TEXT_CHANNEL)
    assert fake.said_in(f"9{ANNA}") == ["Accounts linked: Discord, Telegram. If that was not you: /unlink"]


def test_a_refusal_that_is_not_the_members_doing_switches_nothing_off(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord refuses all private messages of a bot that it takes for a nuisance."""
    monkeypatch.setattr(announcer, "_PAUSES", (0.01, 0.01))
    fake = FakeDiscord()
    quarantined = (403, {"code": 20026, "message": "This bot has been flagged by our anti-spam system"})
    fake.fails = lambda call: quarantined if call.path == f"/channels/9{ANNA}/messages" else None

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        await talk.announcer.drain()

    chat(database_url, tmp_path, story, fake)
    assert len(fake.called("POST", f"/channels/9{ANNA}/messages$")) == 3
    assert value(db, "SELECT announcements FROM ttfd.get_preferences('discord', %s)", str(ANNA)) == "private"


def test_a_channel_that_the_library_has_forgotten_is_asked_for(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is for a moment when the bot connects anew."""
    prefer(db, "public")
    fake = FakeDiscord()
    here = {**channel(TEXT_CHANNEL, "general", 0), "guild_id": str(GUILD_ID)}
    fake.fails = lambda call: (200, here) if (call.method, call.path) == ("GET", f"/channels/{TEXT_CHANNEL}") else None

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        monkeypatch.setattr(talk.bot, "get_channel", lambda _: None)
        await talk.announcer.drain()

    chat(database_url, tmp_path, story, fake, channel_id=TEXT_CHANNEL)
    assert len(fake.said_in(TEXT_CHANNEL)) == 1
    assert fake.said_in(f"9{ANNA}") == []


def test_a_channel_that_is_not_there_is_told_to_the_administrator_and_members_privately(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prefer(db, "public")
    fake = FakeDiscord()
    unknown = (404, {"code": 10003, "message": "Unknown Channel"})
    fake.fails = lambda call: unknown if call.path == "/channels/12345" else None

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        for xp in (500, 1000):
            reach(db, xp)
        await talk.announcer.drain()

    chat(database_url, tmp_path, story, fake, channel_id=12345)
    assert len(fake.said_in(f"9{ANNA}")) == 2
    assert caplog.text.count("the bot sees no text channel 12345") == 1


def test_a_channel_that_is_closed_to_the_bot_is_reported_to_the_owner(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    prefer(db, "public")
    fake = FakeDiscord()
    fake.fails = lambda call: FORBIDDEN if call.path == f"/channels/{TEXT_CHANNEL}/messages" else None

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        for xp in (500, 1000):
            reach(db, xp)
        await talk.announcer.drain()

    chat(database_url, tmp_path, story, fake, channel_id=TEXT_CHANNEL)
    assert [plain(text) for text in fake.said_in(f"9{OWNER_ID}")] == ["I may not write in #general on Guild."]


def test_what_fails_is_tried_again_and_then_holds_up_no_other(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcer, "_PAUSES", (0.01, 0.01))
    fake = FakeDiscord()
    attempts: list[Call] = []

    def fail_for_anna(call: Call) -> tuple[int, object] | None:
        if call.method == "POST" and call.path == f"/channels/9{ANNA}/messages":
            attempts.append(call)
            return 400, {"code": 0, "message": "?"}
        return None

    fake.fails = fail_for_anna

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        reach(db, 500, BORIS)
        await talk.announcer.drain()
        assert await talk.announcer.drain() == 0

    chat(database_url, tmp_path, story, fake)
    assert len(attempts) == 3
    assert len({call.body["nonce"] for call in attempts}) == 1, "so that Discord would drop a repetition"
    assert len(fake.said_in(f"9{BORIS}")) == 1


class Unreachable:
    """Discord's part in a failure: an answer, or none at all."""

    def __init__(self, what: tuple[int, object] | type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
        self.what: tuple[int, object] | type[Exception] | None = what
        send = discord.abc.Messageable.send

        async def fail_or_send(*args: Any, **options: Any) -> Any:
            if isinstance(self.what, type):
                raise self.what
            return await send(*args, **options)

        monkeypatch.setattr(discord.abc.Messageable, "send", fail_or_send)

    def __call__(self, call: Call) -> tuple[int, object] | None:
        return self.what if isinstance(self.what, tuple) and call.path.endswith("/messages") else None


@pytest.mark.parametrize("place", ["private", "public"])
@pytest.mark.parametrize(
    "what",
    [(503, {"message": "away"}), (429, "banned"), aiohttp.ClientConnectionError, ConnectionResetError, TimeoutError],
)
def test_what_discord_did_not_take_is_told_when_it_is_back(
    db: Connection,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: tuple[int, object] | type[Exception],
    place: str,
) -> None:
    monkeypatch.setattr(announcer, "_PAUSES", (0.01, 0.01))
    prefer(db, place)
    fake = FakeDiscord()
    fake.fails = unreachable = Unreachable(what, monkeypatch)

    async def story(talk: Chat) -> None:
        await talk.announcer.drain()
        reach(db)
        for _ in range(4):
            with pytest.raises(PlatformAwayError):
                await talk.announcer.drain()
        unreachable.what = None
        assert await talk.announcer.drain() == 1
        assert await talk.announcer.drain() == 0

    chat(database_url, tmp_path, story, fake, channel_id=TEXT_CHANNEL)
    assert len(set(fake.said_in(TEXT_CHANNEL if place == "public" else f"9{ANNA}"))) == 1
    nonces = {call.body["nonce"] for call in fake.called("POST", r"/channels/\d+/messages$")}
    assert len(nonces) == 1, "so that Discord would drop a repetition of what it has after all"
