"""`ttfd demo`: everything at once, on this machine."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from ttfd import Client
from ttfd.cli import EMBEDDED_DIRECTORY, CommandError, database_url
from ttfd.demo.check import CheckError, check
from ttfd.demo.programs import run_ttfd, running_ttfd
from ttfd.demo.sample import Sample, write_sample
from ttfd.demo.simulate import Members
from ttfd.embedded import start

__all__ = ["demo"]

_START_SECONDS = 30


@click.command()
@click.option("--port", default=8080, show_default=True, help="Of the website; another one if it is taken.")
@click.option("--check", "is_check", is_flag=True, help="No person watches: act, look, measure, and exit 0 or 1.")
def demo(port: int, is_check: bool) -> None:
    """Import a sample community, run the worker and the website, and let its members act.

    With DATABASE_URL set it runs on that database instead, and nothing of the sample is loaded.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    own = os.environ.get("DATABASE_URL")
    try:
        with ExitStack() as stack:
            if is_check:
                folder = Path(stack.enter_context(_public_temporary_folder()))
                url = stack.enter_context(_embedded(folder))
            elif own:
                url = database_url()
            else:
                folder = EMBEDDED_DIRECTORY
                url = stack.enter_context(_embedded(folder))
            run_ttfd(url, "migrate")
            sample = None if own and not is_check else _import_sample(url, folder)
            stack.enter_context(running_ttfd(url, "worker"))
            port = _free_port(port)
            website = stack.enter_context(running_ttfd(url, "serve", "--port", str(port)))
            _wait_for_website(website, port)
            if is_check:
                _run_check(url, port)
            else:
                _watch(url, port, sample)
    except KeyboardInterrupt:
        click.echo("\nStopped: the members, the website, the worker" + ("." if own else " and PostgreSQL."))


def _import_sample(url: str, folder: Path) -> Sample:
    (folder / "sample").mkdir(parents=True, exist_ok=True)
    sample = write_sample(folder / "sample")
    run_ttfd(url, "import", *(f"{preset}={location}" for preset, location in _arguments(folder / "sample")))
    run_ttfd(url, "verify")
    return sample


def _arguments(folder: Path) -> Iterator[tuple[str, str]]:
    yield "telegram-json", str(folder / "telegram.json")
    yield "discord-json", f"{folder / 'user_data.json'},{folder / 'voice_data.json'}"
    yield "website-json", str(folder / "accounts.json")


def _run_check(url: str, port: int) -> None:
    try:
        for line in check(url, port):
            click.echo(f"ok: {line}")
    except CheckError as error:
        click.echo(f"failed: {error}", err=True)
        sys.exit(1)


def _watch(url: str, port: int, sample: Sample | None) -> None:
    address = f"http://127.0.0.1:{port}/"
    with ExitStack() as stack:
        if sample is not None:
            stack.enter_context(Members(url, sample.accounts))
        client = stack.enter_context(Client(url))
        click.secho(f"\nOpen {address}", bold=True)
        click.echo("Members act; the page moves without reloading. Ctrl-C stops everything.\n")
        while True:
            stats = client.get_stats()
            line = f"{stats.users} members, {stats.head} events applied, {stats.pending} waiting"
            click.echo(f"\r{line}   ", nl=not sys.stdout.isatty())
            time.sleep(1 if sys.stdout.isatty() else 10)


@contextmanager
def _embedded(folder: Path) -> Iterator[str]:
    click.echo(f"Starting PostgreSQL in {folder}/ …")
    server = start(folder)
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def _public_temporary_folder() -> Iterator[str]:
    """Other users may pass through it: the server of a root user is not root."""
    with tempfile.TemporaryDirectory(prefix="ttfd-demo-") as folder:
        Path(folder).chmod(0o711)
        yield folder


def _free_port(wanted: int) -> int:
    """The wanted port, or any other when somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CommandError("no port is free on 127.0.0.1")


def _wait_for_website(website: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and website.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass  # not listening yet
        finally:
            connection.close()
        time.sleep(0.1)
    raise CommandError("The website did not start.", "Its own words are above.")
