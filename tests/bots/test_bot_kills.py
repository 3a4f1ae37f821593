"""Bots that are killed under load: what a platform has handed over counts once, and what was to be told is told."""

import asyncio
import contextlib
import os
import random
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from discord_chat import as_discord
from discord_server import ANNA as DISCORD_ANNA
from discord_server import PROGRAM as DISCORD
from discord_server import FakeDiscord, discord_running
from kept import discord_event, is_gone, is_kept
from outage import outage
from telegram_chat import ANNA, BOT, GROUP, TOKEN, FakeTelegram, as_telegram, message_update, until

from calls import Connection, apply_event, process_all, rows, value, violations
from soaking import report, scaled
from ttfd import event_id_for
from ttfd.bots.outbox import Outbox
from ttfd.telegram.run import TelegramBot
from ttfd.worker import Worker

KILLS = scaled("BOT_KILLS", 4)
MESSAGES = max(400, scaled("BOT_MESSAGES", 0))
MEMBERS = 20

TELEGRAM = """
import sys
from telegram.ext import ExtBot
initialise, place = ExtBot.__init__, f"http://127.0.0.1:{sys.argv[1]}/bot"
def initialise_here(self, token, **options):
    initialise(self, token, base_url=place, **options)
ExtBot.__init__ = initialise_here
sys.argv[:] = ["ttfd", "telegram", "--outbox", sys.argv[2]]
from ttfd.cli import main
main()
"""


class Program:
    """A bot as it is run, which is killed and started anew, as by a service manager."""

    def __init__(self, text: str, port: int, outbox: Path, **environment: str) -> None:
        self._command = (sys.executable, "-c", text, str(port), str(outbox))
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Program":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        devnull = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, stdout=devnull, stderr=devnull
        )

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()


@contextlib.asynccontextmanager
async def telegram_running(fake: FakeTelegram) -> AsyncIterator[int]:
    """The port on which the fake answers other processes."""

    async def handle(request: web.Request) -> web.Response:
        asked = httpx.Request(request.method, str(request.url), headers=request.headers, content=await request.read())
        answer = await fake.handle(asked)
        return web.Response(body=answer.content, status=answer.status_code, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Careful(FakeTelegram):
    """Looks, when it is told that messages have arrived, whether they are anywhere."""

    def __init__(self, outbox: Path) -> None:
        super().__init__()
        self.outbox = outbox
        self.lost: set[int] = set()

    async def _poll(self, parameters: dict[str, Any]) -> httpx.Response:
        before = {update["update_id"] for update in self.updates if update["message"]["chat"] == GROUP}
        answer = await super()._poll(parameters)
        if confirmed := before - {update["update_id"] for update in self.updates}:
            with contextlib.closing(sqlite3.connect(self.outbox)) as file:
                kept = {row[0] for row in file.execute("SELECT event_id FROM waiting")}
            self.lost |= {n for n in confirmed if str(event_id_for("telegram", BOT["id"], n)) not in kept}
        return answer


def test_a_message_is_in_the_file_before_telegram_is_told_that_it_has_arrived(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    telegram = Careful(tmp_path / "outbox")

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        await until(lambda: telegram.pollers > 0)
        with outage(database_url):
            # More commands than are dealt with at a time, and each waits for the database.
            telegram.updates = [message_update(number, "/profile") for number in range(1, 301)]
            telegram.updates += [message_update(number, "hello", chat=GROUP) for number in range(301, 311)]
            await until(lambda: not telegram.updates)
        bot.stop()
        await asyncio.wait_for(running, 40)

    asyncio.run(run())
    assert telegram.lost == set()


def test_what_cannot_be_kept_is_asked_for_again(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of the bot is full for a moment."""
    telegram, put, failures = FakeTelegram(), Outbox.put, iter([True, True])

    def fail(*args: Any, **options: Any) -> None:
        if next(failures, False):
            raise sqlite3.OperationalError("database or disk is full")
        put(*args, **options)

    monkeypatch.setattr(Outbox, "put", fail)

    async def run() -> None:
        bot = TelegramBot(TOKEN, as_telegram(database_url), tmp_path / "outbox", new_request=telegram.request)
        running = asyncio.create_task(bot.run())
        telegram.updates = [message_update(number, "hello", chat=GROUP) for number in range(1, 4)]
        await until(lambda: not telegram.updates)
        bot.stop()
        await asyncio.wait_for(running, 40)

    asyncio.run(run())
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 3


@contextlib.contextmanager
def worker(url: str) -> Iterator[None]:
    at_work = Worker(url)
    thread = threading.Thread(target=at_work.run)
    thread.start()
    try:
        yield
    finally:
        at_work.stop()
        thread.join()


def counted(db: Connection) -> int:
    return int(value(db, "SELECT coalesce(sum(messages_sent), 0) FROM ttfd.unified_users"))


def promote(db: Connection, platform: str, member: int) -> None:
    """A new member reaches a rank, which is to be told."""
    for _ in range(5):
        apply_event(db, "game_played", {"xp": 100}, platform=platform, external_id=str(member))


def messages(db: Connection) -> list[str]:
    """The ids of all that were applied."""
    query = "SELECT id::text FROM ttfd.cross_platform_events WHERE event_type = 'message_sent'"
    return [row.id for row in rows(db, query)]


def check_all(db: Connection, ids: list[str]) -> None:
    """Each message once, and the ledger exact."""
    assert Counter(messages(db)) == Counter(ids)
    assert violations(db) == []


def test_a_telegram_bot_that_is_killed_loses_and_doubles_nothing(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    fake, dice = FakeTelegram(), random.Random(1)
    everything = [message_update(n, "hello", {**ANNA, "id": n % MEMBERS + 1}, GROUP) for n in range(1, MESSAGES + 1)]
    share = -(-MESSAGES // (KILLS + 1))

    async def run() -> None:
        async with (
            telegram_running(fake) as port,
            Program(
                TELEGRAM, port, tmp_path / "outbox", DATABASE_URL=as_telegram(database_url), TELEGRAM_TOKEN=TOKEN
            ) as program,
        ):
            await until(lambda: value(db, "SELECT count(*) FROM ttfd.announcement_cursors") == 1)
            for turn in range(KILLS + 1):
                promote(db, "telegram", 9000 + turn)
                await until(lambda: fake.pollers > 0, 40)
                fake.updates += everything[turn * share : (turn + 1) * share]
                if turn < KILLS:
                    await until(lambda: len(fake.updates) < share)
                    await asyncio.sleep(dice.random() * 0.05)
                    await program.kill()
                    await until(lambda: is_gone(db, "telegram"))
                    # Two minutes pass, after which another process may announce.
                    db.execute("UPDATE ttfd.announcement_cursors SET leased_until = ttfd.current_time()")
                    await program.start()
            await until(lambda: counted(db) >= MESSAGES, 60)
            await until(lambda: len({call["chat_id"] for call in fake.named("sendMessage")}) > KILLS, 60)

    with worker(database_url):
        asyncio.run(run())
    told = Counter(call["chat_id"] for call in fake.named("sendMessage"))
    assert sum(told.values()) - len(told) <= KILLS, "more than what was on its way was told again"
    check_all(db, [str(event_id_for("telegram", BOT["id"], n)) for n in range(1, MESSAGES + 1)])
    report(
        "Telegram's bot killed under load",
        scale=f"{MESSAGES:,} messages, {KILLS} kills, {len(told)} announcements",
        result=f"0 lost, 0 doubled; all announced, {sum(told.values()) - len(told)} of them twice; integrity sound",
    )


def test_a_discord_bot_that_is_killed_doubles_nothing_and_keeps_what_it_was_given(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    """Discord repeats nothing: what it says while nobody listens is lost, and what is on its way at a kill may be."""
    fake = FakeDiscord()
    sure: list[str] = []
    doubtful: list[str] = []

    async def write(count: int, ids: list[str]) -> None:
        for _ in range(count):
            ids.append(discord_event(await fake.write(DISCORD_ANNA)))

    async def run() -> None:
        async with (
            discord_running(fake),
            Program(
                DISCORD,
                fake.port,
                tmp_path / "outbox",
                DATABASE_URL=as_discord(database_url),
                DISCORD_TOKEN="t",  # noqa: S106
            ) as program,
        ):
            for turn in range(KILLS + 1):
                await until(lambda: fake.sockets, 40)
                await until(lambda: value(db, "SELECT count(*) FROM ttfd.announcement_cursors") == 1)
                promote(db, "discord", 9000 + turn)
                await write(MESSAGES // (KILLS + 1), sure)
                await until(lambda: is_kept(db, tmp_path / "outbox", sure))
                if turn < KILLS:
                    await write(20, doubtful)
                    await program.kill()
                    await until(lambda: not fake.sockets and is_gone(db, "discord"))
                    db.execute("UPDATE ttfd.announcement_cursors SET leased_until = ttfd.current_time()")
                    await program.start()
            await until(lambda: counted(db) >= len(sure), 60)
            await until(lambda: all(fake.said_in(f"9{9000 + turn}") for turn in range(KILLS + 1)), 60)

    with worker(database_url):
        asyncio.run(run())
    found = messages(db)
    assert len(found) == len(set(found)), "doubled"
    assert set(sure) <= set(found) <= {*sure, *doubtful}
    assert violations(db) == []
    told = [len(fake.said_in(f"9{9000 + turn}")) for turn in range(KILLS + 1)]
    assert sum(told) - len(told) <= KILLS, "more than what was on its way was told again"
    report(
        "Discord's bot killed under load",
        scale=f"{len(sure):,} messages that it was given, {len(doubtful)} on their way, {KILLS} kills",
        result=f"0 of the first lost, {len(set(found) & set(doubtful))} of the second counted, 0 doubled; all"
        f" announced, {sum(told) - len(told)} of them twice; integrity sound",
    )
