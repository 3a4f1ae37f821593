"""``ttfd pg``: the embedded PostgreSQL in ./.ttfd."""

import os
import subprocess
import sys

import click

from ttfd import embedded
from ttfd.cli import EMBEDDED_DIRECTORY, EXIT_DATABASE
from ttfd.connection import yoyo_url


@click.group()
def pg() -> None:
    """Start, stop and use the PostgreSQL in ./.ttfd."""


@pg.command()
def start() -> None:
    """Start it, or find it running."""
    was_running = embedded.status(EMBEDDED_DIRECTORY) is not None
    server = embedded.start(EMBEDDED_DIRECTORY)
    click.echo("It runs already." if was_running else "It runs now; ttfd pg stop ends it.")
    click.echo(server.url)


@pg.command()
@click.option(
    "--mode",
    type=click.Choice(["smart", "fast", "immediate"]),
    default="fast",
    show_default=True,
    help="Wait for clients, disconnect them, or skip the checkpoint too.",
)
def stop(mode: embedded.StopMode) -> None:
    """Stop it; the data stays."""
    click.echo("Stopped." if embedded.stop(EMBEDDED_DIRECTORY, mode=mode) else "It was not running.")


@pg.command()
def status() -> None:
    """Say whether it runs; the exit code is 3 when it does not."""
    server = embedded.status(EMBEDDED_DIRECTORY)
    if server is None:
        click.echo("It does not run. Start it with: ttfd pg start")
        sys.exit(EXIT_DATABASE)
    click.echo(f"It runs in {server.directory}.")
    click.echo(server.url)


@pg.command()
@click.option("--yoyo", is_flag=True, help="In the form that yoyo reads, postgresql+psycopg://…")
def url(yoyo: bool) -> None:
    """Print its address, starting it when needed. It holds no password, only the password file's path."""
    address = embedded.start(EMBEDDED_DIRECTORY).url
    click.echo(yoyo_url(address) if yoyo else address)


@pg.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql, with any of its own arguments."""
    server = embedded.start(EMBEDDED_DIRECTORY)
    command = [str(server.binaries / "psql"), server.url, *arguments]
    if sys.platform == "win32":  # exec there returns to the shell at once
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)  # noqa: S606
