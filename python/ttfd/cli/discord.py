"""`ttfd discord`: the Discord bot, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import click

from ttfd.cli import EMBEDDED_DIRECTORY, CommandError, database_url

__all__ = ["discord"]


@click.command()
@click.option(
    "--announce-in", "channel_id", type=int, help="Id of the channel for what everybody may know; none by default."
)
@click.option(
    "--outbox",
    type=click.Path(dir_okay=False, path_type=Path),
    default=EMBEDDED_DIRECTORY / "discord.outbox",
    show_default=True,
    help="File that keeps what was earned while the database is away.",
)
def discord(channel_id: int | None, outbox: Path) -> None:
    """Run the Discord bot whose token is in DISCORD_TOKEN.

    One process works; another one waits until it ends.
    """
    from discord import LoginFailure, PrivilegedIntentsRequired

    from ttfd.discord import run

    token = os.environ.get("DISCORD_TOKEN", "").strip()
    if not token:
        raise CommandError(
            "DISCORD_TOKEN is not set",
            "create a bot on https://discord.com/developers/applications and put its token into the environment.",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("discord").setLevel(logging.WARNING)
    try:
        asyncio.run(run(token, database_url(), outbox, channel_id=channel_id))
    except LoginFailure:
        raise CommandError("Discord refuses the token", "make a new one on the page Bot of your application.") from None
    except PrivilegedIntentsRequired:
        raise CommandError(
            "The bot may not see who is on a server",
            "switch on Server Members Intent on the page Bot of your application.",
        ) from None
