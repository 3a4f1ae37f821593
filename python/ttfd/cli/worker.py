"""`ttfd worker`: applies what was recorded, until it is stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable

import click

from ttfd import logs
from ttfd.cli import CommandError, database_url
from ttfd.models import BatchResult
from ttfd.processes import end_signals
from ttfd.worker import Worker

__all__ = ["worker"]


@click.command()
@click.option("--batch", default=2000, show_default=True, help="Most events in one transaction.")
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Answer Prometheus on this port.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address for --metrics-port.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def worker(batch: int, metrics_port: int | None, metrics_host: str, log_format: str) -> None:
    """Apply recorded events as they come. Several may run: one works, the others stand by."""
    logs.configure(log_format)
    url = database_url()
    on_batch = None if metrics_port is None else _serve_metrics(url, metrics_host, metrics_port)
    running = Worker(url, limit=batch, on_batch=on_batch)
    for number in end_signals():
        signal.signal(number, lambda *_: running.stop())
    click.echo("The worker runs. Ctrl-C stops it.")
    running.run()
    click.echo(f"Stopped after {running.processed} events, {running.failed} of which failed.")


def _serve_metrics(url: str, host: str, port: int) -> Callable[[BatchResult, float], None]:
    from ttfd.metrics import WorkerMetrics

    metrics = WorkerMetrics(url)
    try:
        metrics.serve(port, host)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}, port {port}: {error.strerror}", "choose another with --metrics-port."
        ) from None
    return metrics.observe
