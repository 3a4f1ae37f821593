"""`ttfd demo`: everything at once, on this machine."""

from __future__ import annotations

import http.client
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click

from ttfd import Client, embedded
from ttfd.cli import EMBEDDED_DIRECTORY, CommandError, database_url
from ttfd.cli.serve import listen
from ttfd.demo.check import CheckError, check
from ttfd.demo.programs import run_ttfd, running_ttfd
from ttfd.demo.sample import Sample, write_sample
from ttfd.demo.simulate import Members
from ttfd.processes import end_signals

__all__ = ["demo"]

_FOLDER = EMBEDDED_DIRECTORY / "demo"  # what lies beside it may be somebody's
_START_SECONDS = 30


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Of the website; another one if it is taken.",
)
@click.option("--check", "is_check", is_flag=True, help="No person watches: act, look, measure, and exit 0 or 1.")
@click.option("--remove", "is_removal", is_flag=True, help="Run nothing: delete what earlier demos left here.")
def demo(port: int, is_check: bool, is_removal: bool) -> None:
    """Import a sample community, run the worker and the website, and let its members act.

    All of it is in ./.ttfd/demo, with a PostgreSQL of its own. With DATABASE_URL set it runs on that database
    instead: it migrates it, loads nothing of the sample, and nobody acts but your members.
    """
    if is_removal:
        embedded.remove(_FOLDER)
        shutil.rmtree(_FOLDER, ignore_errors=True)
        with suppress(OSError):  # absent, or somebody's things are in it
            EMBEDDED_DIRECTORY.rmdir()
        return
    for number in [*end_signals(), *([] if sys.platform == "win32" else [signal.SIGHUP])]:
        signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            if is_check:
                _check(stack, port)
            else:
                _show(stack, port)
    except KeyboardInterrupt:
        click.echo("\nStopped: all that the demo had started.")
        if is_check:
            sys.exit(1)


def _check(stack: ExitStack, port: int) -> None:
    folder = Path(stack.enter_context(_public_temporary_folder()))
    url = stack.enter_context(_embedded(folder))
    run_ttfd(url, "migrate")
    _import_sample(url, folder)
    port = _start_programs(stack, url, port)
    try:
        for line in check(url, port):
            click.echo(f"ok: {line}")
    except CheckError as error:
        click.echo(f"failed: {error}", err=True)
        sys.exit(1)


def _show(stack: ExitStack, port: int) -> None:
    sample = None
    if os.environ.get("DATABASE_URL"):
        url = database_url()
        click.echo("DATABASE_URL is set: this is about that database. Unset it to see the sample community.")
        run_ttfd(url, "migrate")
    else:
        url = stack.enter_context(_embedded(_FOLDER))
        run_ttfd(url, "migrate")
        sample = _import_sample(url, _FOLDER)
    port = _start_programs(stack, url, port)
    if sample is not None:
        stack.enter_context(Members(url, sample.accounts))
    client = stack.enter_context(Client(url))
    who_acts = "Members act" if sample else "What your members do is shown"
    click.secho(f"\nOpen http://127.0.0.1:{port}/", bold=True)
    click.echo(f"{who_acts}; the page moves without reloading. Ctrl-C stops everything.\n")
    while True:
        stats = client.get_stats()
        line = f"{stats.users} members, {stats.head} events applied, {stats.pending} waiting"
        click.echo(f"\r{line}   ", nl=not sys.stdout.isatty())
        time.sleep(1 if sys.stdout.isatty() else 10)


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


def _start_programs(stack: ExitStack, url: str, port: int) -> int:
    """Run the worker and the website; the port on which it answers."""
    stack.enter_context(running_ttfd(url, "worker"))
    port = _free_port(port)
    website = stack.enter_context(running_ttfd(url, "serve", "--port", str(port)))
    _wait_for_website(website, port)
    return port


@contextmanager
def _embedded(folder: Path) -> Iterator[str]:
    """A server that is stopped afterwards, unless somebody had started it before."""
    was_running = embedded.status(folder) is not None
    click.echo(
        f"PostgreSQL runs in {folder}/ already: the demo uses it and leaves it running."
        if was_running
        else f"Starting PostgreSQL in {folder}/ …"
    )
    try:
        url = embedded.start(folder).url
        click.echo(f"\n$ export DATABASE_URL={shlex.quote(url)}")
        yield url
    finally:
        if not was_running:
            embedded.stop(folder)


@contextmanager
def _public_temporary_folder() -> Iterator[str]:
    """Other users may pass through it: the server of a root user is not root."""
    with tempfile.TemporaryDirectory(prefix="ttfd-demo-") as folder:
        Path(folder).chmod(0o711)
        yield folder


def _free_port(wanted: int) -> int:
    """The wanted port, or any other when somebody has it."""
    for port in (wanted, 0):
        with suppress(CommandError), listen("127.0.0.1", port) as probe:
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
