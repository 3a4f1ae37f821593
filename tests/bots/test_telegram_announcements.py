"""Announcements on Telegram: to whom, where, once, and what becomes of those that cannot be sent."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from telegram_chat import BORIS, TOKEN, Chat, FakeTelegram, as_telegram, chat, membership_update, refused, until

from calls import Connection, apply_event, process_all, row, value
from ttfd import models
from ttfd.bots import announcer
from ttfd.bots.announcer import Announcer, Deliver, PlatformAwayError
from ttfd.bots.writer import Safe
from ttfd.telegram import Herald, announce
from ttfd.telegram.run import TelegramBot


@pytest.mark.parametrize(
    ("answer", "arrives"),
    [
        (None, True),
        (refused(403, "Forbidden: bot can't initiate conversation with a user"), False),
        (refused(403, "Forbidden: bot was blocked by the user"), False),
        (refused(400, "Bad Request: chat not found"), False),
    ],
)
def test_who_cannot_be_told_today_has_chosen_nothing_by_that(
    db: Connection, database_url: str, tmp_path: Path, answer: Any, arrives: bool
) -> None:
    """Most members earn in a group before they write to the bot: from then on they are to be told."""
    db.execute("SELECT ttfd.set_announcements('telegram', '1002', 'public')")

    async def story(talk: Chat) -> None:
        talk.telegram.fails = lambda method, _: answer
        await talk.feed(membership_update({"id": 1002, "type": "private"}, "member", "kicked"))
        assert await announce(talk.application.bot, "1002", Safe("<b>New</b>")) is arrives
        said = talk.telegram.calls[-1][1]
        assert (said["chat_id"], said["text"], said["parse_mode"]) == ("1002", "<b>New</b>", "HTML")
        assert said["link_preview_options"] == '{"is_disabled": true}'

    chat(database_url, tmp_path, story)
    assert value(db, "SELECT announcements FROM ttfd.get_preferences('telegram', '1002')") == "public"


def test_members_are_told_in_their_language_and_the_community_in_its_group(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    telegram = FakeTelegram()
    db.execute("SELECT ttfd.set_language('telegram', '1002', 'ru')")
    db.execute("SELECT ttfd.set_announcements('telegram', '1003', 'public')")
    db.execute("SELECT ttfd.set_announcements('telegram', '1004', 'off')")
    db.execute("SELECT ttfd.get_or_create_user('telegram', '1003', NULL, 'Carl <3')")
    season = row(db, "SELECT * FROM ttfd.start_season('Весна')")

    async def run() -> None:
        bot = TelegramBot(
            TOKEN,
            as_telegram(database_url),
            tmp_path / "outbox",
            channel_id=-100500,
            language="ru",
            new_request=telegram.request,
        )
        running = asyncio.create_task(bot.run())
        await until(lambda: bool(value(db, "SELECT count(*) FROM ttfd.announcement_cursors")))
        for external_id in ("1001", "1002", "1003", "1004"):
            for _ in range(5):
                apply_event(db, "game_played", {"xp": 100}, external_id=external_id)
        db.execute("SELECT ttfd.close_season(%s)", [season.season_id])
        process_all(db)
        await until(lambda: any("Сезон Весна завершён" in call["text"] for call in telegram.named("sendMessage")))
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())
    said = [(call["chat_id"], call["text"]) for call in telegram.named("sendMessage") if "F II" in call["text"]]
    assert said == [
        ("1001", "New rank: <b>F II</b>!"),
        ("1002", "Новый ранг: <b>F II</b>!"),
        ("-100500", "<b>Carl &lt;3</b>: Новый ранг: <b>F II</b>!"),
    ]


def announcing(
    db: Connection, database_url: str, talk: Chat, deliver: Deliver | None = None, channel_id: int | None = None
) -> Announcer:
    """An announcer that has something to tell: a rank to Anna."""
    reader = Announcer(
        database_url, talk.client, "telegram", deliver or Herald(talk.application.bot, channel_id).deliver
    )
    db.execute("SELECT ttfd.take_announcements('telegram', %s)", [reader._reader])
    apply_event(db, "xp_change", {"xp": 500}, external_id="1001")
    process_all(db)
    return reader


@pytest.mark.parametrize("what", [refused(502, "Bad Gateway"), httpx.ConnectError("away"), httpx.ConnectTimeout("")])
def test_what_telegram_did_not_take_is_told_when_it_is_back(
    db: Connection, database_url: str, tmp_path: Path, what: Any
) -> None:
    def fail(method: str, _: dict[str, Any]) -> httpx.Response:
        if isinstance(what, Exception):
            raise what
        return what

    async def story(talk: Chat) -> None:
        reader = announcing(db, database_url, talk)
        talk.telegram.fails = fail
        for _ in range(4):
            with pytest.raises(PlatformAwayError):
                await reader.drain()
        talk.telegram.fails = lambda method, _: None
        assert await reader.drain() == 1
        assert await reader.drain() == 0

    assert chat(database_url, tmp_path, story).named("sendMessage")[-1]["text"] == "New rank: <b>F II</b>!"


def test_a_bell_that_is_broken_ends_no_announcements(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when a function is dropped and made again, or a backup is restored in place."""
    monkeypatch.setattr(announcer, "_DEAF_SECONDS", 0.05)
    told: list[str] = []

    async def story(talk: Chat) -> None:
        async def deliver(found: models.Announcement) -> None:
            told.append(found.event_type)

        db.execute("ALTER FUNCTION ttfd.get_feed_head() RENAME TO gone")
        reader = announcing(db, database_url, talk, deliver)
        running = asyncio.create_task(reader.run())
        await until(lambda: len(told) == 1 and "announcements hear no bell: UndefinedFunction" in caplog.messages)
        db.execute("ALTER FUNCTION ttfd.gone() RENAME TO get_feed_head")
        monkeypatch.setattr(announcer, "_POLL_SECONDS", 60.0)
        made_again = value(db, "SELECT clock_timestamp()")
        hears = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'ttfd listener' AND backend_start > %s AND query ~ 'get_feed_head'"
        )
        await until(lambda: bool(value(db, hears, made_again)))
        apply_event(db, "xp_change", {"xp": 1000}, external_id="1001")
        process_all(db)
        await until(lambda: len(told) == 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    chat(database_url, tmp_path, story)


def test_what_waits_too_long_for_telegrams_limits_is_told_later(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcer, "_DELIVERY_SECONDS", 0.05)
    may_send = asyncio.Event()

    async def story(talk: Chat) -> None:
        async def deliver(_: models.Announcement) -> None:
            await may_send.wait()

        reader = announcing(db, database_url, talk, deliver)
        with pytest.raises(PlatformAwayError):
            await reader.drain()
        may_send.set()
        assert await reader.drain() == 1

    chat(database_url, tmp_path, story)


@pytest.mark.parametrize("what", [refused(400, "Bad Request: nope"), httpx.ReadTimeout("")])
def test_what_may_have_arrived_or_cannot_be_is_not_sent_for_ever(
    db: Connection, database_url: str, tmp_path: Path, what: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcer, "_PAUSES", (0.01, 0.01))

    def fail(method: str, _: dict[str, Any]) -> httpx.Response:
        if isinstance(what, Exception):
            raise what
        return what

    async def story(talk: Chat) -> None:
        reader = announcing(db, database_url, talk)
        talk.telegram.fails = fail
        assert await reader.drain() == 1
        assert await reader.drain() == 0

    assert len(chat(database_url, tmp_path, story).named("sendMessage")) == 3


def test_a_group_that_has_put_the_bot_out_is_named_in_the_log(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    db.execute("SELECT ttfd.set_announcements('telegram', '1001', 'public')")

    async def story(talk: Chat) -> None:
        reader = announcing(db, database_url, talk, channel_id=-100500)
        talk.telegram.fails = lambda method, _: refused(403, "Forbidden: bot was kicked from the supergroup chat")
        assert await reader.drain() == 1

    assert len(chat(database_url, tmp_path, story).named("sendMessage")) == 1
    assert "I may not write in -100500" in caplog.text


def test_who_is_stopped_while_sending_confirms_what_was_sent(db: Connection, database_url: str, tmp_path: Path) -> None:
    async def story(talk: Chat) -> None:
        sending, may_end, sent = asyncio.Event(), asyncio.Event(), []

        async def deliver(told: models.Announcement) -> None:
            sending.set()
            await may_end.wait()
            sent.append(told.event_type)

        reader = announcing(db, database_url, talk, deliver)
        running = asyncio.create_task(reader.run())
        await asyncio.wait_for(sending.wait(), 20)
        running.cancel()
        await asyncio.sleep(0.05)
        may_end.set()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()
        assert sent == ["rank_up"]
        assert await reader.drain() == 0

    chat(database_url, tmp_path, story)


def test_who_starts_the_bot_is_told_in_the_language_of_that_start(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    async def story(talk: Chat) -> None:
        await talk.send("/start", BORIS)
        assert (await talk.client.get_preferences("telegram", "1002")).language == "ru"
        await talk.send("/language en", BORIS)
        await talk.send("/start", BORIS)
        assert (await talk.client.get_preferences("telegram", "1002")).language == "en"

    chat(database_url, tmp_path, story)
