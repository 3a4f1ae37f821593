"""`ttfd discord` as a program: one process works, and it ends in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from discord_server import ANNA, PROGRAM, FakeDiscord, discord_running, until
from kept import discord_event, is_kept

from calls import Connection, process_all, value
from ttfd.discord import DiscordBot


def with_program(fake: FakeDiscord, story: Callable[[asyncio.subprocess.Process], Awaitable[None]], *arguments: str,
                 **environment: str) -> tuple[int, str]:  # fmt: skip
    """Start the command against the fake; its exit code and what it wrote."""

    async def run() -> tuple[int, str]:
        async with discord_running(fake):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", PROGRAM, str(fake.port), *arguments),
                env={**os.environ, **environment},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                await story(process)
                written, _ = await asyncio.wait_for(process.communicate(), 30)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return process.returncode or 0, written.decode()

    return asyncio.run(run())


def test_a_program_counts_what_it_was_told_and_ends_when_it_is_asked_to(
    db: Connection, database_url: str, tmp_path: Path
) -> None:
    fake = FakeDiscord()

    async def story(process: asyncio.subprocess.Process) -> None:
        await until(lambda: fake.sockets, 40)
        ids = [discord_event(await fake.write(ANNA)) for _ in range(10)]
        await until(lambda: is_kept(db, tmp_path / "outbox", ids))
        process.send_signal(signal.SIGTERM)

    token = "not to be seen"  # noqa: S105
    code, written = with_program(fake, story, str(tmp_path / "outbox"), DATABASE_URL=database_url, DISCORD_TOKEN=token)
    assert (code, written.splitlines()[-1]) == (0, "Stopped."), written
    assert token not in written
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 10


@pytest.mark.parametrize(
    ("token", "words"), [("", "DISCORD_TOKEN is not set"), ("wrong", "Discord does not know this token")]
)
def test_a_token_that_is_missing_or_wrong_is_said_in_a_line(
    db: Connection, database_url: str, tmp_path: Path, token: str, words: str
) -> None:
    fake = FakeDiscord()
    fake.fails = lambda call: (401, {"message": "401: Unauthorized", "code": 0}) if call.path == "/users/@me" else None

    async def story(_: asyncio.subprocess.Process) -> None: ...

    code, written = with_program(fake, story, str(tmp_path / "outbox"), DATABASE_URL=database_url, DISCORD_TOKEN=token)
    assert code == 2
    assert f"ttfd: {words}. Next: " in written.splitlines()[-1]


def test_a_missing_intent_is_said_in_a_line(db: Connection, database_url: str, tmp_path: Path) -> None:
    fake = FakeDiscord()
    fake.refuses_intents = True

    async def story(_: asyncio.subprocess.Process) -> None: ...

    code, written = with_program(fake, story, str(tmp_path / "outbox"), DATABASE_URL=database_url, DISCORD_TOKEN="t")  # noqa: S106
    assert code == 2
    assert "Next: Switch on Server Members Intent" in written.splitlines()[-1]


def test_of_two_processes_one_works_and_the_other_takes_over(db: Connection, database_url: str, tmp_path: Path) -> None:
    fake = FakeDiscord()

    async def run() -> None:
        async def tell_and_stop(number: int) -> None:
            await until(lambda: fake.sockets)
            socket = fake.sockets[0]
            ids = [discord_event(await fake.write(ANNA))]
            await until(lambda: is_kept(db, tmp_path / f"outbox{number + 1}", ids))
            bots[number].stop()
            await asyncio.wait_for(running[number], 20)
            await until(lambda: socket not in fake.sockets)

        async with discord_running(fake):
            bots = [DiscordBot("test", database_url, tmp_path / f"outbox{number}") for number in (1, 2)]
            running = [asyncio.create_task(bot.run()) for bot in bots]
            await until(lambda: fake.sockets)
            await asyncio.sleep(1)
            assert len(fake.sockets) == 1
            first = 0 if (tmp_path / "outbox1").exists() else 1
            await tell_and_stop(first)
            await tell_and_stop(1 - first)

    asyncio.run(run())
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 2
