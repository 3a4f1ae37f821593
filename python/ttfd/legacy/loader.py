"""Hands legacy sources to the database, which does all the rest of an import."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ttfd.legacy.ahead import ahead
from ttfd.legacy.source import LeftOut, LegacySource
from ttfd.names import marked

__all__ = ["ImportResult", "Progress", "list_conflicts", "run_import", "settle_conflict", "undo_import"]

Progress = Callable[[LegacySource, int], None]
"""Called with a source and the number of its rows that are loaded so far; how far it is, the source knows."""

_ROWS_A_BLOCK = 1000
_CHARACTERS_A_BLOCK = 1 << 20
_BLOCKS_AHEAD = 80  # much more than a judgement takes, so that neither side waits for the other
_BLOCKS_A_JUDGEMENT = 20
_COPY = "COPY ttfd.import_rows (run_id, source, part, source_key, platform, record, reject_reason) FROM STDIN"
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or with `dry_run` would do.

    Attributes:
        run_id: the run, for `ttfd.undo_import`.
        status: `unified` or `dry_run`.
        rows: legacy records read.
        rejected: records that were not imported; each is listed in the report.
        accounts: platform accounts that the records speak of.
        users_created: members who are new.
        users_joined: members of these accounts who were there before.
        linked_by_id: accounts linked because a legacy program stated the id.
        linked_by_username: accounts linked by an unambiguous name.
        conflicts: what a person has to settle.
        report: everything by source, as `ttfd.unify_import` returns it.
        left_out: parts that were not read, and why.
    """

    run_id: int
    status: str
    rows: int
    rejected: int
    accounts: int
    users_created: int
    users_joined: int
    linked_by_id: int
    linked_by_username: int
    conflicts: int
    report: dict[str, Any]
    left_out: tuple[LeftOut, ...]


def run_import(
    conn: psycopg.Connection[Any],
    sources: Sequence[LegacySource],
    *,
    dry_run: bool = False,
    link_by_username: bool = True,
    policy: str = "sum",
    progress: Progress | None = None,
) -> ImportResult:
    """Import `sources` in one transaction: an interruption leaves nothing behind.

    Args:
        conn: connection to the unified database, as a member of `ttfd_admin`.
        sources: open sources. Two that are the same rows are refused; a further part of one (voice, visitors)
            that another source reads too is left out.
        dry_run: report what would happen, and change nothing.
        link_by_username: whether an unambiguous equal name links accounts.
        policy: what becomes of the XP and coins of a person with several accounts: "sum", "max", or "prefer ORIGIN".
        progress: called every 1,000 rows of a source and at its end.

    Raises:
        LegacyError: a source broke off.
        psycopg.Error: the database refused; SQLSTATE TI001 when two sources hold the same rows.
    """
    _leave_out_repeated(sources)
    labels = _labels(sources)
    with conn.transaction(force_rollback=dry_run), conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT run_id FROM ttfd.start_import(p_source => %s)", [" + ".join(labels)])
        (started,) = cursor
        run_id = started["run_id"]
        cursor.execute("SELECT ttfd.set_import_policy(p_run_id => %s, p_policy => %s)", [run_id, policy])
        for label, source in zip(labels, sources, strict=True):
            _copy(cursor, run_id, _register(cursor, run_id, label, source), source, progress)
        cursor.execute(
            "SELECT run_id, status, rows, rejected, accounts, users_created, users_joined,"
            " linked_by_id, linked_by_username, conflicts, report"
            " FROM ttfd.unify_import(p_run_id => %s, p_dry_run => %s, p_link_by_username => %s)",
            [run_id, dry_run, link_by_username],
        )
        (outcome,) = cursor
    left_out = tuple(part for source in sources for part in source.left_out)
    return ImportResult(**outcome, left_out=left_out)


def _register(cursor: psycopg.Cursor[Any], run_id: int, label: str, source: LegacySource) -> dict[str, str]:
    """Write what the run reads, and return the label for each part.

    A part about another platform (a website's table of visitors) is a source of its own: it may be the table of
    that platform's bot, and only its own identity tells.
    """
    main = source.parts[0]
    labels = {part.name: label if part.platform == main.platform else f"{label} {part.name}" for part in source.parts}
    # Backwards, so that the main part has the last word.
    identities = {labels[part.name]: part.identity for part in reversed(source.parts)}
    preset = source.preset
    cursor.executemany(
        "INSERT INTO ttfd.import_sources (run_id, source, preset, origin, identity, time_zone)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [
            (run_id, name, preset.name, preset.origin, identity, source.time_zone)
            for name, identity in identities.items()
        ],
    )
    return labels


def _copy(
    cursor: psycopg.Cursor[Any],
    run_id: int,
    labels: dict[str, str],
    source: LegacySource,
    progress: Progress | None,
) -> None:
    """Load the rows of `source`: a thread reads on while the database takes in and judges what was read."""
    count = 0
    with closing(ahead(_blocks(run_id, labels, source), _BLOCKS_AHEAD)) as blocks:
        while part := list(islice(blocks, 1)):
            with cursor.copy(_COPY) as copy:
                for rows, text in chain(part, islice(blocks, _BLOCKS_A_JUDGEMENT - 1)):
                    copy.write(text)
                    count += rows
                    if progress:
                        progress(source, count)
            cursor.execute("SELECT ttfd.judge_import_rows(p_run_id => %s)", [run_id])
    if progress:
        progress(source, count)


def _blocks(run_id: int, labels: dict[str, str], source: LegacySource) -> Iterator[tuple[int, bytes]]:
    """Yield the rows of `source` as COPY wants them, many at a time, each time with their number."""
    lines: list[str] = []
    size = 0
    for row in source.rows():
        fields = (labels[row.part], row.part, row.source_key, row.platform, row.record, row.reject_reason)
        lines.append(f"{run_id}\t" + "\t".join(map(_escaped, fields)) + "\n")
        size += len(lines[-1])
        if len(lines) == _ROWS_A_BLOCK or size > _CHARACTERS_A_BLOCK:
            yield len(lines), "".join(lines).encode()
            lines, size = [], 0
    if lines:
        yield len(lines), "".join(lines).encode()


def _escaped(text: str | None) -> str:
    if text is None:
        return "\\N"
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def _leave_out_repeated(sources: Sequence[LegacySource]) -> None:
    """Read a table or file only once, where for one of the sources it is but an addition.

    Sources whose main parts are the same are left as they are: the database refuses them.
    """
    taken = {source.identity for source in sources}
    for source in sources:
        for part in source.parts[1:]:
            if part.identity in taken - {source.identity}:
                source.leave_out(part.name, marked("another source of this import reads the same data"))
            taken.add(part.identity)


def _labels(sources: Sequence[LegacySource]) -> list[str]:
    """Return the labels, numbered from the second on where several sources have the same."""
    seen: dict[str, int] = {}
    labels = []
    for source in sources:
        seen[source.label] = count = seen.get(source.label, 0) + 1
        labels.append(source.label if count == 1 else f"{source.label} ({count})")
    return labels


def list_conflicts(conn: psycopg.Connection[Any], run_id: int | None = None) -> list[dict[str, Any]]:
    """Return what a run, or the last one, has left to a person: conflicts and rejected records."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT conflict_id, kind, reason, source, source_key, platform, external_id, username, candidates,"
            " settled_at FROM ttfd.list_import_conflicts(p_run_id => %s)",
            [run_id],
        ).fetchall()


def settle_conflict(
    conn: psycopg.Connection[Any], conflict_id: int, answer: str, platform: str | None, external_id: str | None
) -> dict[str, Any]:
    """Answer a conflict: `together` with one of its candidates, or `apart`."""
    with conn.cursor(row_factory=dict_row) as cursor:
        (settled,) = cursor.execute(
            "SELECT conflict_id, settlement, user_id, merge_id FROM ttfd.settle_import_conflict("
            "p_conflict_id => %s, p_settlement => %s, p_platform => %s, p_external_id => %s)",
            [conflict_id, answer, platform, external_id],
        )
    return settled


def undo_import(conn: psycopg.Connection[Any], run_id: int) -> dict[str, Any]:
    """Take the last import back."""
    with conn.cursor(row_factory=dict_row) as cursor:
        (undone,) = cursor.execute(
            "SELECT run_id, status, users_removed, users_kept, accounts_removed, xp, coins, spent_xp, spent_coins"
            " FROM ttfd.undo_import(p_run_id => %s)",
            [run_id],
        )
    return undone
