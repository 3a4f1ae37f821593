"""`ttfd import`: legacy data into the unified database, with a report that people can act on."""

import codecs
import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import click
import psycopg
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ttfd.cli import CommandError, database_url
from ttfd.cli.import_page import web_page
from ttfd.cli.import_texts import COUNTS, METRICS, Texts, account, printable
from ttfd.cli.language import LANGUAGES
from ttfd.legacy import (
    ImportResult,
    LegacyError,
    LegacySource,
    list_conflicts,
    open_source,
    run_import,
    settle_conflict,
    undo_import,
)
from ttfd.names import marked

__all__ = ["import_"]

_SHOWN = 20  # conflicts and rejected records, without --json
_SAME_ROWS, _NO_SUCH_ZONE, _NO_SUCH_CONFLICT = "TI001", "22023", "P0002"
_ANSWER_COLUMNS = ("conflict_id", "answer", "platform", "external_id")
_POLICY_HELP = """XP and coins of a person with several accounts: sum adds them up, max takes the account with the most,
"prefer telegram" that of this source."""


class _Group(click.Group):
    """`ttfd import SOURCES` is `ttfd import run SOURCES`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


_language = click.option("--language", type=click.Choice(LANGUAGES), help="Of the texts. Default: that of the system.")


@click.group("import", cls=_Group, subcommand_metavar="PRESET=LOCATION... | COMMAND")
def import_() -> None:
    """Import legacy data: all of it or, after an error or an interruption, nothing.

    PRESET is a legacy format (telegram-json, discord-json, website-json, telegram-postgres, discord-postgres,
    website-postgres, unified-v1, mee6-json) or a mapping file of yours (my-bot.toml). LOCATION is a file, or
    several with commas between, or the address of a PostgreSQL database, or env:NAME for an environment variable
    that holds the address: a command line is no place for a password.

    \b
    ttfd import telegram-json=telegram.json discord-json=user_data.json,voice_data.json
    ttfd import --dry-run discord-postgres=env:DISCORD_DATABASE_URL
    """


@import_.command()
@click.argument("sources", nargs=-1, required=True, metavar="PRESET=LOCATION...")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and change nothing.")
@click.option("--policy", default="sum", show_default=True, metavar="POLICY", help=_POLICY_HELP)
@click.option("--no-username-links", is_flag=True, help="Link by stated ids only, never by equal names.")
@click.option("--time-zone", metavar="ZONE", help="Zone of legacy time stamps that name none. Default: UTC.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the whole report as a web page to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON document.")
@_language
def run(
    sources: tuple[str, ...],
    dry_run: bool,
    policy: str,
    no_username_links: bool,
    time_zone: str | None,
    report: Path | None,
    as_json: bool,
    language: str | None,
) -> None:
    """Import sources; this word may be left out."""
    texts = Texts(language)
    with _failures_translated(texts), ExitStack() as stack:
        opened = [stack.enter_context(_open(texts, argument)) for argument in sources]
        for source in opened:
            source.time_zone = time_zone or source.time_zone
        connection = stack.enter_context(psycopg.connect(database_url()))
        bars = stack.enter_context(_Bars(texts, opened))
        result = run_import(
            connection,
            opened,
            dry_run=dry_run,
            link_by_username=not no_username_links,
            policy=policy,
            progress=bars.show,
        )
    if report:
        report.write_text(web_page(texts, result), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(result), ensure_ascii=False, indent=2))
    else:
        _Report(texts, Console()).print(result)


@import_.command()
@click.argument("run_id", type=int, required=False)
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), help="Write a table to fill in, for: ttfd import settle --from."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@_language
def conflicts(run_id: int | None, table: Path | None, as_json: bool, language: str | None) -> None:
    """List what a run, or the last one, has left to a person."""
    texts = Texts(language)
    with psycopg.connect(database_url()) as connection:
        found = list_conflicts(connection, run_id)
    unsettled = [entry for entry in found if entry["kind"] == "conflict" and entry["settled_at"] is None]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))
    elif table:
        _write_answers(texts, table, unsettled)
    else:
        _Report(texts, Console()).conflicts(unsettled)


@import_.command()
@click.argument("conflict_id", type=int, required=False)
@click.argument("answer", type=click.Choice(["together", "apart"]), required=False)
@click.argument("platform", required=False)
@click.argument("external_id", required=False)
@click.option("--from", "table", type=click.Path(path_type=Path), help="A CSV with an answer a line: see conflicts.")
@_language
def settle(
    conflict_id: int | None,
    answer: str | None,
    platform: str | None,
    external_id: str | None,
    table: Path | None,
    language: str | None,
) -> None:
    """Answer a conflict: together PLATFORM ID (one of those it could belong to), or apart. A merge can be undone.

    \b
    ttfd import settle 17 together telegram 100200300
    ttfd import settle --from answers.csv
    """
    texts = Texts(language)
    if table:
        answers = _read_answers(texts, table)
    elif conflict_id is not None and answer:
        answers = [(conflict_id, answer, platform, external_id)]
    else:
        raise CommandError(
            texts.gettext("Neither an answer nor a table of answers is given."),
            texts.gettext("ttfd import settle --help shows examples."),
        )
    with _failures_translated(texts), psycopg.connect(database_url()) as connection:
        for one in answers:
            settle_conflict(connection, *one)
    click.echo(
        texts.ngettext("{count} conflict settled.", "{count} conflicts settled.", len(answers)).format(
            count=len(answers)
        )
    )


@import_.command()
@click.argument("run_id", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_language
def undo(run_id: int, yes: bool, language: str | None) -> None:
    """Take the last import back; what members have earned since stays theirs."""
    texts = Texts(language)
    if not yes:
        click.confirm(
            texts.gettext("Take back everything that run {run_id} has given?").format(run_id=run_id), abort=True
        )
    with psycopg.connect(database_url()) as connection:
        undone = undo_import(connection, run_id)
    for text in (
        marked("Run {run_id} is undone: {xp} XP and {coins} coins were taken back."),
        marked("Members gone: {users_removed}; members who go on: {users_kept}; accounts gone: {accounts_removed}."),
        marked("Not there any more, because it was spent: {spent_xp} XP, {spent_coins} coins."),
    ):
        click.echo(texts.gettext(text).format(**undone))


def _write_answers(texts: Texts, table: Path, unsettled: Sequence[Mapping[str, Any]]) -> None:
    """Write what a spreadsheet of this language opens by a double click, and never over answers that are there."""
    with table.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";" if texts.language == "ru" else ",")
        writer.writerow([*_ANSWER_COLUMNS, "reason", "account", "username", "candidates"])
        for entry in unsettled:
            candidates = " | ".join(account(candidate) for candidate in entry["candidates"])
            known = (entry["reason"], account(entry), entry["username"] or "", candidates)
            writer.writerow([entry["conflict_id"], "", "", "", *map(_as_text, known)])


def _as_text(value: str) -> str:
    """Keep a spreadsheet from taking for a formula what a stranger calls himself."""
    return printable(f"'{value}" if value.startswith(("=", "+", "-", "@")) else value)


def _read_answers(texts: Texts, table: Path) -> list[tuple[int, str, str | None, str | None]]:
    """Return the lines that hold an answer; the others are left for later."""
    lines = _read_table(table)
    try:
        return [
            (int(line["conflict_id"]), line["answer"].strip(), line["platform"] or None, line["external_id"] or None)
            for line in lines
            if line["answer"]
        ]
    except (KeyError, ValueError, AttributeError):
        raise CommandError(
            texts.gettext("The table has not the columns {columns}.").format(columns=", ".join(_ANSWER_COLUMNS)),
            "ttfd import conflicts --csv FILE",
        ) from None


def _read_table(table: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV as spreadsheets leave it: in UTF-8 or UTF-16, with comma, semicolon or tab between."""
    content = table.read_bytes()
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # In another code page names are lost, which nobody reads; an id that is lost is refused.
    text = content.decode("utf-16" if is_utf_16 else "utf-8-sig", errors="replace")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def _open(texts: Texts, argument: str) -> LegacySource:
    preset, equals, location = argument.partition("=")
    if not equals or not location:
        # Not quoted: it may be an address with a password.
        raise CommandError(
            texts.gettext("A source is not given as PRESET=LOCATION."),
            texts.gettext("ttfd import --help shows examples."),
        )
    return open_source(preset, location)


# --- Failures ---


@contextmanager
def _failures_translated(texts: Texts) -> Iterator[None]:
    """Turn what people can mend into a `CommandError` in their language."""
    try:
        yield
    except LegacyError as error:
        message, hint = (printable(texts.gettext(text).format(**error.values)) for text in (error.message, error.hint))
        raise CommandError(message, hint, exit_code=error.exit_code) from None
    except psycopg.Error as error:
        hints = {
            _SAME_ROWS: texts.gettext(
                "Nothing was imported. Give only the source whose program wrote the rows, "
                "or both in one import where one of them is a website."
            ),
            _NO_SUCH_ZONE: texts.gettext("Give --time-zone a name such as Europe/Moscow."),
            _NO_SUCH_CONFLICT: texts.gettext("ttfd import conflicts lists them, with their numbers."),
        }
        if error.sqlstate not in hints or (error.diag.message_hint and error.sqlstate == _NO_SUCH_ZONE):
            raise
        raise CommandError(str(error.diag.message_primary), hints[error.sqlstate]) from None


# --- Progress ---


class _Rows(ProgressColumn):
    """Rows so far and, once a second has gone by, how many a second: of a shorter time that says nothing."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self.texts = texts

    def render(self, task: Task) -> Text:
        seconds = task.finished_time or task.elapsed
        rows = int(task.fields.get("rows", 0))
        unit = self.texts.gettext("rows/s")
        rate = f"  {rows / seconds:,.0f} {unit}" if seconds and seconds >= 1 else ""
        return Text(f"{self.texts.cell(rows)}{rate}" if rows else "")


class _Bars:
    """A bar a source on stderr, then a pulse while the database works; nothing when stderr is no terminal."""

    def __init__(self, texts: Texts, sources: Sequence[LegacySource]) -> None:
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            _Rows(texts),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.bars = {
            id(source): self.progress.add_task(source.label, total=source.total, start=False) for source in sources
        }
        self.last = sources[-1]
        self.pulse = texts.gettext("Matching and adding up")

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, source: LegacySource, rows: int) -> None:
        bar = self.bars[id(source)]
        self.progress.start_task(bar)
        self.progress.update(bar, completed=source.done, rows=rows)
        if source is self.last and source.done == source.total:
            self.progress.add_task(self.pulse, total=None)


# --- Report ---


class _Report:
    """The report for people, in their language."""

    def __init__(self, texts: Texts, console: Console) -> None:
        self.texts = texts
        self.console = console

    def print(self, result: ImportResult) -> None:
        _ = self.texts.gettext
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
            _("Amounts in the accepted records"),
            (_("Source"), *map(_, METRICS.values())),
            ([s[n] for n in ("source", *METRICS)] for s in sources),
        )
        self._table(
            _("What this run adds"),
            (_("Source"), _("XP"), _("Coins")),
            ([s[n] for n in ("source", "granted_xp", "granted_coins")] for s in sources),
        )
        self._table(
            _("All sources, before and after"),
            ("", _("In the sources"), _("In the ledger"), _("Difference")),
            ([_(title), before[n], after[n], after[n] - before[n]] for n, title in METRICS.items()),
        )
        self._table(
            _("Members"),
            ("", _("Number")),
            ([_(title), getattr(result, n)] for n, title in COUNTS.items()),
        )
        self.conflicts(result.report["conflicts"])
        self._table(
            _("Rejected records"),
            (_("Source"), _("Record"), _("Reason")),
            ((r["source"], r["source_key"], self.texts.rejection(r["reason"])) for r in result.report["rejected"]),
            most=_SHOWN,
        )
        for part in result.left_out:
            note = _("{source}: {part} was left out, because {reason}.")
            self.console.print(Text(note.format(source=part.source, part=part.part, reason=_(part.reason))))

    def conflicts(self, conflicts: Sequence[Mapping[str, Any]]) -> None:
        """Print what a person has to settle; with the numbers to settle it by, where they are known."""
        _ = self.texts.gettext
        is_numbered = any("conflict_id" in conflict for conflict in conflicts)
        self._table(
            _("Conflicts, for a person to settle"),
            (*([_("Number")] * is_numbered), _("Record"), _("Account"), _("Name"), _("Could belong to"), _("Reason")),
            ((*([c["conflict_id"]] if is_numbered else []), *self._conflict(c)) for c in conflicts),
            most=_SHOWN,
        )

    def _conflict(self, conflict: Mapping[str, Any]) -> Sequence[object]:
        return (
            conflict["source_key"],
            account(conflict),
            conflict["username"],
            "\n".join(account(candidate) for candidate in conflict["candidates"]),
            self.texts.conflict(conflict["reason"]),
        )

    def _table(
        self, title: str, headings: Iterable[str], rows: Iterable[Sequence[object]], most: int | None = None
    ) -> None:
        """Print a table of at most `most` rows, and how many more there are; nothing when there is no row."""
        body = list(rows)
        if not body:
            return
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
        cells = [[self.texts.cell(value) for value in row] for row in body[:most]]
        for heading, value, column in zip(headings, body[0], zip(*cells, strict=True), strict=True):
            is_number = isinstance(value, int)
            width = max(map(len, [*heading.split(), *column])) if is_number else None  # a number is never broken
            table.add_column(heading, justify="right" if is_number else "left", overflow="fold", width=width)
        for row in cells:
            table.add_row(*map(Text, row))
        self.console.print(table)
        hidden = len(body) - len(body[:most])
        if hidden:
            text = self.texts.ngettext(
                "… and {hidden} more: --json shows it.", "… and {hidden} more: --json shows them.", hidden
            )
            self.console.print(Text(text.format(hidden=self.texts.cell(hidden))))
