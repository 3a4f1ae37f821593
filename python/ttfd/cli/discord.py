"""`ttfd discord`: the Discord bot, until it is stopped."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click
from discord import LoginFailure, PrivilegedIntentsRequired

from ttfd import logs
from ttfd.cli import EMBEDDED_DIRECTORY, CommandError, database_url
from ttfd.cli.run_bot import log_format, read_token, run_bot
from ttfd.discord import DiscordBot

__all__ = ["discord"]


@click.command()
@click.option("--announce-in", "channel_id", type=int, help="Id of the channel for what everybody may know.")
@click.option(
    "--outbox",
    type=click.Path(dir_okay=False, path_type=Path),
    default=EMBEDDED_DIRECTORY / "discord-outbox.sqlite",
    show_default=True,
    help="File for what the database does not have yet. Keep it when the bot moves.",
)
@log_format
def discord(channel_id: int | None, outbox: Path, log_format: str) -> None:
    """Run the Discord bot until Ctrl-C.

    The environment has its token in DISCORD_TOKEN, the database in DATABASE_URL and, for /login, the website's
    address in TTFD_SITE_URL. Several may run; one works at a time. Start `ttfd worker` as well: it applies what
    members earn.
    """
    hint = "make a bot at https://discord.com/developers/applications, then: export DISCORD_TOKEN=…"
    token = read_token("DISCORD_TOKEN", hint)
    logs.configure(log_format)
    logging.getLogger("discord").setLevel(logging.WARNING)
    logging.getLogger("discord.client").setLevel(logging.ERROR)  # it warns that it cannot speak in voice channels
    url = database_url()
    bot = DiscordBot(token, url, outbox, channel_id=channel_id, site_url=os.environ.get("TTFD_SITE_URL"))
    click.echo("The Discord bot runs. Ctrl-C stops it.")
    try:
        run_bot(bot)
    except LoginFailure:
        message = "Discord does not know this token"
        raise CommandError(message, "Correct the environment variable DISCORD_TOKEN.") from None
    except PrivilegedIntentsRequired:
        hint = "Switch on Server Members Intent on the page Bot of your application."
        raise CommandError("Discord does not tell the bot who is on a server", hint) from None
    click.echo("Stopped.")
