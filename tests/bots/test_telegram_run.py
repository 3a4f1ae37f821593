"""The whole Telegram bot and its command: one poller at a time, a start that waits, an end without loss."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
from outage import outage
from telegram.error import InvalidToken, TelegramError
from telegram_chat import ANNA, GROUP, TOKEN, Chat, FakeTelegram, as_telegram, chat, message_update, refused, until

from calls import Connection, process_all, value
from ttfd.bots import lease
from ttfd.telegram.run import TelegramBot, _log_error


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(lease, "_PROBE_SECONDS", 0.05)


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
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    telegram = FakeTelegram()
    may_ask = asyncio.Event()
    may_ask.set()

    class Held(lease.Lease):
        async def _attempt(self) -> str:
            await may_ask.wait()
            return await super()._attempt()

    monkeypatch.setattr("ttfd.telegram.run.Lease", Held)

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: telegram.pollers > 0)
        rival = lease.Lease(database_url, "telegram 4242")
        may_ask.clear()
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        await asyncio.wait_for(rival.acquire(), 20)
        may_ask.set()
        await until(lambda: any("Standing by until it ends" in said for said in caplog.messages))
        telegram.most_pollers = 0
        await asyncio.sleep(0.3)
        assert telegram.most_pollers == 0
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


@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")  # the library's own, of how it keeps the wait
@pytest.mark.parametrize("method", ["deleteWebhook", "setMyCommands"])
def test_it_ends_while_it_tries_to_begin(db: Connection, database_url: str, tmp_path: Path, method: str) -> None:
    """Telegram went away between saying who the bot is and letting it poll, or asks it to wait."""
    telegram = FakeTelegram()
    answers = {
        "deleteWebhook": refused(502, "Bad Gateway"),
        "setMyCommands": httpx.Response(429, json={"ok": False, "error_code": 429, "description": "Too Many Requests",
                                                   "parameters": {"retry_after": 600}}),
    }  # fmt: skip
    telegram.fails = lambda called, _: answers[method] if called == method else None

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: bool(telegram.named(method)))
        bot.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(run())


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


def start_command(place: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    inherited = {key: text for key, text in os.environ.items() if key not in ("DATABASE_URL", "TELEGRAM_TOKEN")}
    return subprocess.Popen(
        [sys.executable, "-m", "ttfd", "telegram", *arguments],
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


def test_its_log_may_be_for_machines(db: Connection, database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "TELEGRAM_TOKEN": "4242:secret"}
    with start_command(tmp_path, "--log-format", "json", **environment) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert json.loads(next(line for line in lines if line.startswith("{")))["logger"].startswith("ttfd.")


@pytest.mark.parametrize("what", [psycopg.errors.UniqueViolation("1001"), TelegramError("Nope")])
def test_of_a_mistake_the_log_has_what_telegram_says_and_no_data(
    what: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(_log_error(None, SimpleNamespace(error=what)))
    assert type(what).__name__ in caplog.text
    assert ("Nope" in caplog.text, "1001" in caplog.text) == (isinstance(what, TelegramError), False)


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
