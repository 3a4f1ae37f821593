"""The discord.py snippet of docs/bots.md, as it stands there, on a real database."""

import asyncio
import json
from pathlib import Path

import pytest
from discord_server import ANNA, FakeDiscord, discord_running, until
from snippets import load

from calls import Connection, process_all, value


def test_an_existing_discord_bot_keeps_its_commands_and_gets_ours(
    db: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DISCORD_TOKEN", "test")
    monkeypatch.chdir(tmp_path)
    fake = FakeDiscord()

    async def run() -> None:
        async with discord_running(fake):
            running = asyncio.create_task(load("existing_discord_bot", tmp_path).main())
            await until(lambda: fake.sockets)
            for name in ("ping", "profile"):
                asked = await fake.interact(ANNA, 2, {"id": "1", "name": name, "type": 1})
                await until(lambda token=asked["token"]: fake.called("POST|PATCH", token))  # type: ignore[misc]
            await fake.write(ANNA)
            await until(lambda: value(db, "SELECT count(*) FROM ttfd.cross_platform_events") == 1)
            await until(lambda: fake.called("PATCH", "@original"))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
    (registered,) = fake.called("PUT", "/commands$")
    names = {command["name"] for command in registered.body["list"]}
    assert names == {"ping", "profile", "rank", "daily", "link", "unlink"}
    assert "pong" in json.dumps([call.body for call in fake.calls])
    process_all(db)
    assert value(db, "SELECT messages_sent FROM ttfd.unified_users") == 1
