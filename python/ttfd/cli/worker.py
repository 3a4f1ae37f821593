"""`ttfd worker`: applies what was recorded, until it is stopped."""

from __future__ import annotations

import logging
import signal

import click

from ttfd.cli import database_url
from ttfd.worker import Worker

__all__ = ["worker"]


@click.command()
@click.option("--batch", default=2000, show_default=True, help="Most events in one transaction.")
def worker(batch: int) -> None:
    """Apply recorded events as they come. Several may run; one works at a time."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    running = Worker(database_url(), limit=batch)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: running.stop())
    click.echo("The worker runs. Ctrl-C stops it.")
    running.run()
    click.echo(f"Stopped after {running.processed} events, {running.failed} of which failed.")
