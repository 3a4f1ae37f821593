"""`ttfd import`: legacy data into the unified database, with a report that people can act on."""

import dataclasses
import gettext
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from typing import Any, Self

import click
import psycopg
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from ttfd.cli import CommandError, database_url
from ttfd.legacy import ImportResult, LegacyError, LegacySource, open_source, run_import
from ttfd.legacy.errors import marked

__all__ = ["import_"]

_LANGUAGES = ("en", "ru")
_SHOWN = 20  # conflicts and rejected records, without --json
_SAME_ROWS, _NO_SUCH_ZONE = "TI001", "22023"
_METRICS = {
    "xp": marked("XP"),
    "coins": marked("Coins"),
    "messages_sent": marked("Messages"),
    "total_voice_time": marked("Voice, s"),
}
_COUNTS = {
    "accounts": marked("Platform accounts in the sources"),
    "users_created": marked("New members"),
    "users_joined": marked("Members who were here before"),
    "linked_by_id": marked("Linked by a stated id"),
    "linked_by_username": marked("Linked by an equal name"),
    "conflicts": marked("Conflicts, for a person to settle"),
    "rejected": marked("Rejected records"),
}

# What the database says, in its own words: see import_conflicts.reason and import_rows.reject_reason.
_CONFLICTS = {
    "links_contradict": marked("stated ids contradict each other"),
    "two_users": marked("two members bear this name"),
    "ambiguous_username": marked("several accounts bear this name"),
    "other_id_known": marked("equal name, but another id is known"),
    "malformed_link": marked("the stated id has the wrong form"),
    "amount_below_zero": marked("a balance would fall below zero"),
}
_REJECTIONS = (
    marked("the platform is unknown"),
    marked("the id is missing"),
    marked("the id has the wrong form: {}"),
    marked("{} is negative: {}"),
    marked("{} is too large: {}"),
    marked("{} is not a number: {}"),
    marked("{} is no time stamp: {}"),
    marked("{} is no list: {}"),
    marked("duplicate of {}, with other values"),
    marked("duplicate of {}"),
)

_Catalogue = gettext.NullTranslations


@click.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="PRESET=LOCATION...")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and change nothing.")
@click.option("--no-username-links", is_flag=True, help="Link by stated ids only, never by equal names.")
@click.option("--time-zone", metavar="ZONE", help="Zone of legacy time stamps that name none. Default: UTC.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON document.")
@click.option("--language", type=click.Choice(_LANGUAGES), help="Of the report. Default: as the locale says.")
def import_(
    sources: tuple[str, ...],
    dry_run: bool,
    no_username_links: bool,
    time_zone: str | None,
    as_json: bool,
    language: str | None,
) -> None:
    """Import legacy data: all of it or, after an error or an interruption, nothing.

    PRESET is a legacy format: telegram-json, discord-json, website-json, telegram-postgres, discord-postgres
    or website-postgres. LOCATION is a file, or several with commas between, or the address of a PostgreSQL
    database, or env:NAME for an environment variable that holds the address: a command line is no place for
    a password.

    \b
    ttfd import telegram-json=telegram.json discord-json=user_data.json,voice_data.json
    ttfd import --dry-run discord-postgres=env:DISCORD_DATABASE_URL
    """
    catalogue = _catalogue(language or _locale_language())
    with _failures_translated(catalogue), ExitStack() as stack:
        opened = [stack.enter_context(_open(catalogue, argument)) for argument in sources]
        for source in opened:
            source.time_zone = time_zone or source.time_zone
        connection = stack.enter_context(psycopg.connect(database_url()))
        bars = stack.enter_context(_Bars(catalogue, opened))
        result = run_import(
            connection,
            opened,
            dry_run=dry_run,
            link_by_username=not no_username_links,
            progress=bars.show,
        )
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(result), ensure_ascii=False, indent=2))
    else:
        _Report(catalogue, Console()).print(result)


def _open(catalogue: _Catalogue, argument: str) -> LegacySource:
    preset, equals, location = argument.partition("=")
    if not equals or not location:
        # Not quoted: it may be an address with a password.
        raise CommandError(
            catalogue.gettext("A source is not given as PRESET=LOCATION."),
            catalogue.gettext("ttfd import --help shows examples."),
        )
    return open_source(preset, location)


# --- Languages ---


def _catalogue(language: str) -> _Catalogue:
    folder = resources.files("ttfd") / "locale"
    return gettext.translation("cli", localedir=str(folder), languages=[language], fallback=True)


def _locale_language() -> str:
    names = (os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return next((name for name in names if name), "en")[:2]


# --- Failures ---


@contextmanager
def _failures_translated(catalogue: _Catalogue) -> Iterator[None]:
    """Turn what people can mend into a `CommandError` in their language."""
    try:
        yield
    except LegacyError as error:
        message, hint = (
            _printable(catalogue.gettext(text).format(**error.values)) for text in (error.message, error.hint)
        )
        raise CommandError(message, hint, exit_code=error.exit_code) from None
    except psycopg.Error as error:
        hints = {
            _SAME_ROWS: catalogue.gettext(
                "Nothing was imported. Give only the source whose program wrote the rows, "
                "or both in one import where one of them is a website."
            ),
            _NO_SUCH_ZONE: catalogue.gettext("Give --time-zone a name such as Europe/Moscow."),
        }
        if error.sqlstate not in hints:
            raise
        raise CommandError(str(error.diag.message_primary), hints[error.sqlstate]) from None


# --- Progress ---


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        seconds = task.finished_time or task.elapsed
        return Text(f"{task.completed / seconds:,.0f} {self.unit}" if seconds and task.completed else "")


class _Bars:
    """A bar a source on stderr, then a pulse while the database works; nothing when stderr is no terminal."""

    def __init__(self, catalogue: _Catalogue, sources: Sequence[LegacySource]) -> None:
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(catalogue.gettext("rows/s")),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.bars = {
            id(source): self.progress.add_task(source.label, total=source.total, start=False) for source in sources
        }
        self.last = sources[-1]
        self.pulse = catalogue.gettext("Matching and adding up")

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, source: LegacySource, done: int) -> None:
        bar = self.bars[id(source)]
        self.progress.start_task(bar)
        self.progress.update(bar, completed=done)
        if source is self.last and done == source.total:
            self.progress.add_task(self.pulse, total=None)


# --- Report ---


class _Report:
    """The report for people, in their language."""

    def __init__(self, catalogue: _Catalogue, console: Console) -> None:
        self.catalogue = catalogue
        self.console = console

    def print(self, result: ImportResult) -> None:
        _ = self.catalogue.gettext
        sources, before, after = (result.report[name] for name in ("sources", "totals_before", "totals_after"))
        is_dry = result.status == "dry_run"
        headline = _("Dry run: nothing was changed.") if is_dry else _("Imported as run {run_id}.")
        self.console.print(Text(headline.format(run_id=result.run_id)))
        self._table(
            _("Records"),
            (_("Source"), _("Read"), _("Accepted"), _("Rejected"), _("Accounts")),
            ([s[n] for n in ("source", "rows", "accepted", "rejected", "accounts")] for s in sources),
        )
        self._table(
            _("Amounts in the accepted records, and what this run adds"),
            (_("Source"), *map(_, _METRICS.values()), _("XP added"), _("Coins added")),
            ([s[n] for n in ("source", *_METRICS, "granted_xp", "granted_coins")] for s in sources),
        )
        self._table(
            _("All sources, before and after"),
            ("", _("In the sources"), _("In the ledger"), _("Difference")),
            ([_(title), before[n], after[n], after[n] - before[n]] for n, title in _METRICS.items()),
        )
        self._table(
            _("Members"),
            ("", _("Number")),
            ([_(title), getattr(result, n)] for n, title in _COUNTS.items()),
        )
        self._table(
            _("Conflicts, for a person to settle"),
            (_("Record"), _("Account"), _("Name"), _("Could belong to"), _("Reason")),
            (self._conflict(conflict) for conflict in result.report["conflicts"]),
            most=_SHOWN,
        )
        self._table(
            _("Rejected records"),
            (_("Source"), _("Record"), _("Reason")),
            ((r["source"], r["source_key"], self._rejection(r["reason"])) for r in result.report["rejected"]),
            most=_SHOWN,
        )
        for part in result.left_out:
            note = _("{source}: {part} was left out, because {reason}.")
            self.console.print(Text(note.format(source=part.source, part=part.part, reason=_(part.reason))))

    def _conflict(self, conflict: Mapping[str, Any]) -> Sequence[object]:
        code, candidates = conflict["reason"], conflict["candidates"]
        return (
            conflict["source_key"],
            _account(conflict),
            conflict["username"],
            "\n".join(_account(candidate) for candidate in candidates),
            self.catalogue.gettext(_CONFLICTS.get(code, code)),
        )

    def _rejection(self, reason: str) -> str:
        for template in _REJECTIONS:
            found = re.fullmatch(re.escape(template).replace(r"\{\}", "(.*)"), reason, re.DOTALL)
            if found:
                return self.catalogue.gettext(template).format(*found.groups())
        return self.catalogue.gettext(reason)

    def _table(
        self, title: str, headings: Iterable[str], rows: Iterable[Sequence[object]], most: int | None = None
    ) -> None:
        """Print a table of at most `most` rows, and how many more there are; nothing when there is no row."""
        body = list(rows)
        if not body:
            return
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
        for heading, value in zip(headings, body[0], strict=True):
            table.add_column(heading, justify="right" if isinstance(value, int) else "left", overflow="fold")
        for row in body[:most]:
            table.add_row(*(Text(self._cell(value)) for value in row))
        self.console.print(table)
        hidden = len(body) - len(body[:most])
        if hidden:
            text = self.catalogue.ngettext(
                "… and {hidden} more: --json shows it.", "… and {hidden} more: --json shows them.", hidden
            )
            self.console.print(Text(text.format(hidden=self._cell(hidden))))

    def _cell(self, value: object) -> str:
        if isinstance(value, int):
            return f"{value:,}".replace(",", self.catalogue.gettext(","))
        return "" if value is None else _printable(str(value))


def _account(entry: Mapping[str, Any]) -> str:
    return f"{entry['platform']} {entry['external_id']}"


def _printable(text: str) -> str:
    """Disarm control characters: names come from strangers, and a terminal obeys them."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
