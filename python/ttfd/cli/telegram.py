"""`ttfd telegram`: the Telegram bot, until it is stopped."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from ttfd import logs
from ttfd.cli import EMBEDDED_DIRECTORY, CommandError, database_url
from ttfd.cli.run_bot import log_format, read_token, run_bot
from ttfd.telegram.run import InvalidToken, TelegramBot

__all__ = ["telegram"]


@click.command()
@click.option("--announce-in", "channel_id", type=int, help="Id of the group or channel for what everybody may know.")
@click.option(
    "--language",
    type=click.Choice(["ru", "en"]),
    default="ru",
    show_default=True,
    help="Language of what is announced there.",
)
@click.option(
    "--outbox",
    type=click.Path(dir_okay=False, path_type=Path),
    default=EMBEDDED_DIRECTORY / "telegram-outbox.sqlite",
    show_default=True,
    help="File for what the database does not have yet. Keep it when the bot moves.",
)
@log_format
def telegram(channel_id: int | None, language: str, outbox: Path, log_format: str) -> None:
    """Run the Telegram bot until Ctrl-C.

    The environment has its token in TELEGRAM_TOKEN (BotFather gives one), the database in DATABASE_URL and, for
    /login, the website's address in TTFD_SITE_URL. Several may run; one works at a time. Start `ttfd worker` as well:
    it applies what members earn.
    """
    token = read_token("TELEGRAM_TOKEN", "talk to @BotFather, then: export TELEGRAM_TOKEN=…")
    logs.configure(log_format)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes addresses, and the token is in them
    url = database_url()
    site_url = os.environ.get("TTFD_SITE_URL")
    bot = TelegramBot(token, url, outbox, channel_id=channel_id, language=language, site_url=site_url)
    click.echo("The Telegram bot runs. Ctrl-C stops it.")
    try:
        run_bot(bot)
    except InvalidToken:
        message = "Telegram does not know this token"
        raise CommandError(message, "Correct the environment variable TELEGRAM_TOKEN.") from None
    click.echo("Stopped.")
