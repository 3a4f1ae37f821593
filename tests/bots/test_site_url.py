"""Both programs take the website's address from the variable that the website itself goes by."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ttfd.cli.discord import discord
from ttfd.cli.telegram import telegram


@pytest.mark.parametrize("site_url", ["https://example.org", None])
@pytest.mark.parametrize(
    ("command", "bot"), [(telegram, "ttfd.cli.telegram.TelegramBot"), (discord, "ttfd.cli.discord.DiscordBot")]
)
def test_a_bot_knows_the_website_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: click.Command, bot: str, site_url: str | None
) -> None:
    seen: list[str | None] = []

    class Started:
        def __init__(self, *_: object, site_url: str | None, **__: Any) -> None:
            seen.append(site_url)

        async def run(self) -> None: ...

    monkeypatch.setattr(bot, Started)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    environment = {
        "TELEGRAM_TOKEN": "1:x",
        "DISCORD_TOKEN": "x",
        "DATABASE_URL": "postgresql://nowhere.invalid/x",
        "TTFD_SITE_URL": site_url,
    }
    result = CliRunner().invoke(command, ["--outbox", str(tmp_path / "outbox")], env=environment)
    assert result.exit_code == 0, result.output
    assert seen == [site_url]
