"""The click group behind ``ttfd``: loads commands when they are used, and turns failures into one clear line."""

import importlib
import os
import sys
from typing import Any, NoReturn

import click

from ttfd.cli import COMMANDS, EXIT_DATABASE, EXIT_USAGE, CommandError

# Distribution's import name -> extra of ttfd that brings it.
_EXTRAS = {
    "yoyo": "cli",
    "rich": "cli",
    "flask": "website",
    "flask_babel": "website",
    "gunicorn": "website",
    "gevent": "website",
    "psycopg_pool": "website",
    "prometheus_client": "metrics",
    "telegram": "telegram",
    "discord": "discord",
}

_SQLSTATE_HINTS = {
    "3D000": "Create that database, or correct DATABASE_URL.",
    "28P01": "Correct the password in DATABASE_URL.",
    "28000": "Correct user and password in DATABASE_URL.",
    "42501": "Use a user who has the right, or have it granted.",
    **dict.fromkeys(("3F000", "42P01", "42883"), "The database is not migrated to this version. Run: ttfd migrate"),
}


class Group(click.Group):
    """Commands by name, imported on use; every expected failure ends here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            return _not_installed(cmd_name, error)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _fail(error)


class Failure(click.ClickException):
    """What the user sees of an expected failure."""

    def __init__(self, message: str, hint: str, exit_code: int) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code  # type: ignore[misc]  # click's own way to say it

    def show(self, file: Any = None) -> None:
        next_step = f" Next: {self.hint}" if self.hint else ""
        click.echo(f"ttfd: {self.message.rstrip('.')}.{next_step}", file=file or sys.stderr)


def _not_installed(name: str, error: ModuleNotFoundError) -> click.Command:
    """Stand in for a command whose extra is missing, so that `ttfd --help` still lists the others."""
    if (error.name or "").startswith("ttfd."):  # not an extra: a bug
        raise error

    def explain(**_: object) -> NoReturn:
        raise error

    return click.Command(
        name,
        callback=explain,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
        help=f"(not installed: {error.name})",
    )


def _fail(error: Exception) -> NoReturn:
    """Raise the error as a `Failure` when it is an expected one, else as it is: a bug deserves its traceback."""
    explained = _explain(error)
    if explained is None:
        raise error
    message, hint, exit_code = explained
    raise Failure(" ".join(message.split()), hint, exit_code) from None


def _explain(error: Exception) -> tuple[str, str, int] | None:
    if isinstance(error, CommandError):
        return str(error), error.hint, error.exit_code
    if isinstance(error, ModuleNotFoundError):
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        install = f"pip install 'ttfd[{extra}]'" if extra else f"pip install {error.name}"
        return f"This command needs the package {error.name}", install, EXIT_USAGE
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", "Check the path and your rights to it.", EXIT_USAGE
    if isinstance(error, UnicodeDecodeError):
        return "The input is not UTF-8 text", "Save the file as UTF-8, then try again.", EXIT_USAGE
    if isinstance(error, ValueError) and type(error).__name__ == "JSONDecodeError":
        return f"The input is not valid JSON: {error}", "Correct it, then try again.", EXIT_USAGE
    return _explain_database(error)


def _explain_database(error: Exception) -> tuple[str, str, int] | None:
    import psycopg

    from ttfd.embedded import EmbeddedError

    if isinstance(error, EmbeddedError):
        return str(error), "", EXIT_DATABASE
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(error, psycopg.OperationalError) and sqlstate is None:
        return f"The database cannot be reached: {_first_line(error)}", _connection_hint(), EXIT_DATABASE
    if isinstance(error, psycopg.Error):
        message = error.diag.message_primary or _first_line(error)
        return message, error.diag.message_hint or _SQLSTATE_HINTS.get(sqlstate or "", ""), EXIT_DATABASE
    if hasattr(error, "sqlstate"):  # MigrationError, and the refusals in ttfd.errors
        hint = getattr(error, "hint", None) or _SQLSTATE_HINTS.get(sqlstate or "", "")
        return str(error), str(hint), EXIT_DATABASE
    return None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _connection_hint() -> str:
    from ttfd.connection import redact

    url = os.environ.get("DATABASE_URL")
    return f"Check DATABASE_URL, now {redact(url)}" if url else "ttfd pg status"


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ttfd")
def app() -> None:
    """One account and one progression for Telegram, Discord and a website.

    The database is the one in the environment variable DATABASE_URL; without it, a PostgreSQL of its own in
    ./.ttfd is started.
    """
