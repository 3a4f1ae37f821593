"""The whole bot: one poller at a time, an end without loss, and what it says of its own accord."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from outage import outage
from telegram.error import InvalidToken
from telegram_chat import (
    ANNA,
    BORIS,
    BOT,
    GROUP,
    TOKEN,
    Chat,
    FakeTelegram,
    as_telegram,
    chat,
    message_update,
    refused,
    until,
)

from calls import Connection, apply_event, process_all, row, value
from ttfd import models
from ttfd.bots import announcer, lease
from ttfd.bots.announcer import Announcer, Deliver, PlatformAwayError
from ttfd.bots.writer import Safe
from ttfd.telegram import Herald, announce
from ttfd.telegram.run import TelegramBot


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(lease, "_PROBE_SECONDS", 0.05)


def membership_update(chat: dict[str, Any], old: str, new: str, user: dict[str, Any] = BORIS) -> dict[str, Any]:
    def member(status: str) -> dict[str, Any]:
        extra = {"kicked": {"until_date": 0}, "administrator": dict.fromkeys(ADMINISTRATOR_RIGHTS, False)}
        return {"user": BOT, "status": status, **extra.get(status, {})}

    change = {"chat": chat, "from": user, "date": 1, "old_chat_member": member(old), "new_chat_member": member(new)}
    return {"update_id": 1, "my_chat_member": change}


ADMINISTRATOR_RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
    *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"),
    *("can_edit_stories", "can_delete_stories"),
)


# One poller


def test_of_two_pollers_one_works_and_the_other_takes_over_without_a_loss(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    telegram = FakeTelegram()
    everything = [message_update(number, "hello", ANNA, GROUP) for number in range(1, 201)]

    async def run() -> None:
        bots = [
            TelegramBot(TOKEN, as_telegram(database_url), tmp_path / name, new_request=telegram.request)
            for name in ("a", "b")
        ]
        telegram.updates = everything[:100]
        running = [asyncio.create_task(bot.run()) for bot in bots]
        await until(lambda: not telegram.updates)
        assert len(telegram.named("getMe")) == 1
        telegram.updates = everything[100:]
        first = next(number for number, name in enumerate("ab") if (tmp_path / name).exists())
        bots[first].stop()
        await asyncio.wait_for(running[first], 20)
        await until(lambda: not telegram.updates)
        bots[1 - first].stop()
        await asyncio.wait_for(running[1 - first], 20)

    asyncio.run(run())
    assert telegram.most_pollers == 1
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 200


def test_a_bot_whose_lease_was_taken_stops_polling_and_stands_by(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = FakeTelegram()

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: telegram.pollers > 0)
        rival = lease.Lease(database_url, "telegram 4242")
        waiting = asyncio.create_task(rival.acquire())
        await asyncio.sleep(0.2)
        monkeypatch.setattr(lease, "_PROBE_SECONDS", 1)
        await asyncio.sleep(0.2)
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        await asyncio.wait_for(waiting, 10)
        await asyncio.sleep(1.5)
        polls = telegram.pollers
        await asyncio.sleep(0.3)
        assert (polls, telegram.pollers) == (0, 0)
        await rival.release()
        await until(lambda: telegram.pollers > 0)
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())


def test_what_arrives_while_the_database_is_away_is_counted_after(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    telegram = FakeTelegram()

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: telegram.pollers > 0)
        with outage(database_url):
            telegram.updates = [message_update(number, "hello", ANNA, GROUP) for number in range(1, 51)]
            await until(lambda: not telegram.updates)
        with psycopg.connect(database_url, autocommit=True) as again:
            await until(lambda: bool(value(again, "SELECT pending >= 50 FROM ttfd.feed_state()")))
            process_all(again)
            assert value(again, "SELECT messages_sent FROM ttfd.unified_users") == 50
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())


def test_it_waits_for_a_telegram_that_cannot_be_reached(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ttfd.telegram.run._RETRY_SECONDS", 0.05)
    telegram = FakeTelegram(fails=lambda method, _: refused(502, "Bad Gateway") if method == "getMe" else None)

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: len(telegram.named("getMe")) > 2)
        telegram.fails = lambda method, _: None
        await until(lambda: telegram.pollers > 0)
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())
    assert len([said for said in caplog.messages if "cannot be reached" in said]) == 1


def test_a_wrong_token_is_said_at_once(db: Connection, database_url: str, tmp_path: Path) -> None:
    telegram = FakeTelegram(fails=lambda method, _: refused(401, "Unauthorized") if method == "getMe" else None)

    async def run() -> None:
        with pytest.raises(InvalidToken):
            await TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request).run()

    asyncio.run(run())


@pytest.mark.parametrize("status", [401, 404])
def test_a_token_that_is_denied_for_a_moment_does_not_silence_the_bot(
    db: Connection, database_url: str, tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    denied: list[str] = []

    def deny_once(method: str, _: dict[str, Any]) -> httpx.Response | None:
        if method == "getUpdates" and not denied:
            denied.append(method)
            return refused(status, "Unauthorized")
        return None

    telegram = FakeTelegram(updates=[message_update(1, "/help")])
    telegram.fails = deny_once

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: bool(telegram.named("sendMessage")))
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())
    assert denied == ["getUpdates"]
    assert TOKEN not in caplog.text


def test_commands_are_shown_in_both_languages_and_private_ones_not_in_groups(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    telegram = FakeTelegram()

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: telegram.pollers > 0)
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())
    shown = telegram.named("setMyCommands")
    assert [call.get("language_code") for call in shown] == ["ru", "ru", None, None]
    assert "история" not in shown[0]["commands"]
    assert "history" in shown[0]["commands"]
    assert "history" not in shown[1]["commands"]


# Privacy mode, membership, announcements


@pytest.mark.parametrize(("sees_all", "warnings"), [(True, 0), (False, 1)])
def test_privacy_mode_is_said_at_the_start(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, sees_all: bool, warnings: int
) -> None:
    telegram = FakeTelegram(sees_all=sees_all)

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: telegram.pollers > 0)
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())
    assert len([record for record in caplog.records if "privacy mode is on" in record.message]) == warnings


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


# The command


def start_command(place: Path, **environment: str) -> "subprocess.Popen[str]":
    inherited = {key: text for key, text in os.environ.items() if key not in ("DATABASE_URL", "TELEGRAM_TOKEN")}
    return subprocess.Popen(
        [sys.executable, "-m", "ttfd", "telegram"],
        cwd=place,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_without_a_token_the_command_says_what_to_do(tmp_path: Path) -> None:
    with start_command(tmp_path, DATABASE_URL="postgresql:///nowhere") as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said == "ttfd: TELEGRAM_TOKEN is not set. Next: talk to @BotFather, then: export TELEGRAM_TOKEN=…\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_gracefully_and_never_shows_its_token(
    db: Connection, database_url: str, tmp_path: Path, number: int
) -> None:
    """There is no Telegram here, so it tries to reach it until it is told to stop."""
    token = "4242:verysecrettoken"  # noqa: S105
    with start_command(tmp_path, DATABASE_URL=database_url, TELEGRAM_TOKEN=token) as process:
        assert process.stdout is not None
        said = ""
        while "cannot be reached" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(number)
        said += process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert said.endswith("Stopped.\n")
    assert "verysecrettoken" not in said


def test_the_log_of_a_failed_call_has_no_token(
    db: Connection, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(talk: Chat) -> None:
        talk.telegram.fails = lambda method, _: refused(400, "Bad Request: nope")
        await talk.send("/help")

    with caplog.at_level(logging.WARNING):
        chat(database_url, tmp_path, story)
    assert "Nope" in caplog.text
    assert "4242:test" not in caplog.text


# Announcements from the feed


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
