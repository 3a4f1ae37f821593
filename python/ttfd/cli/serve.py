"""``ttfd serve``: the website on an address of this machine."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

import click

from ttfd.cli import CommandError, database_url
from ttfd.processes import end_signals

__all__ = ["listen", "serve"]

_BACKLOG = 1024
_DEAD_CLIENT_MILLISECONDS = 30_000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 for any that is free.",
)
def serve(host: str, port: int) -> None:
    """Serve the website until Ctrl-C.

    The database is that of DATABASE_URL, or the embedded server.
    """
    import ttfd.website  # noqa: F401  says what is missing before anything starts

    listening = listen(host, port)
    url = database_url()
    if importlib.util.find_spec("gunicorn") is None or sys.platform == "win32":
        _serve_threaded(listening, url)
    else:
        _become_gunicorn(listening, url)


def listen(host: str, port: int) -> socket.socket:
    """Bind here, not in gunicorn: it would try a port that is taken for five seconds.

    Raises:
        CommandError: the port is taken, or the address is not of this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":  # where it would let two programs share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # accepted connections inherit it: who vanished frees the place
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_CLIENT_MILLISECONDS)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}, port {port}: {error.strerror}", "choose another with --port."
        ) from None
    return listening


def _become_gunicorn(listening: socket.socket, url: str) -> NoReturn:
    """Start afresh: gevent must patch the process before psycopg is imported, and here it has been."""
    config = Path(__file__).parent.parent / "website" / "gunicorn_config.py"
    listening.set_inheritable(True)
    command = [sys.executable, "-m", "gunicorn", "--config", str(config)]
    command += ["--bind", f"fd://{listening.fileno()}", "ttfd.website:create_app()"]
    sys.stdout.flush()
    os.execve(sys.executable, command, {**os.environ, "DATABASE_URL": url})  # noqa: S606


def _serve_threaded(listening: socket.socket, url: str) -> None:
    """For Windows, where gunicorn does not exist: a thread for each visitor."""
    from werkzeug.serving import make_server

    from ttfd.website import create_app

    host, port = listening.getsockname()[:2]
    server = make_server(host, port, create_app(url), threaded=True, fd=listening.fileno())
    for number in end_signals():
        signal.signal(number, signal.default_int_handler)
    try:
        click.echo(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        click.echo("Fit for some dozens of visitors: without gunicorn, each open page holds a thread.", err=True)
        server.serve_forever()
    except KeyboardInterrupt:
        pass  # before it served
    finally:
        server.server_close()
