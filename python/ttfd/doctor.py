"""What is wrong with an installation, and what to do about it: a finding for each thing that was looked at.

Looking changes nothing. Only the comparison of the schema makes a database of its own, and drops it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import psycopg

from .client import Client
from .connect import AnsweredConnection, open_connection
from .connection import redact
from .listener import _hears_itself
from .names import marked

__all__ = ["Finding", "examine"]

Status = Literal["ok", "warning", "failure"]

OLDEST_VERSION, NEWEST_VERSION = 15, 18
ROLES = ("ttfd_owner", "ttfd_admin", "ttfd_worker", "ttfd_reader", "ttfd_telegram", "ttfd_discord", "ttfd_website")
_SLOW_LAG, _BAD_LAG = 30.0, 300.0
_OFF_CLOCK, _BAD_CLOCK = 5.0, 60.0
_LONG_TRANSACTION_MINUTES = 10
_ANSWER_SECONDS, _LONG_ANSWER_SECONDS = 10.0, 600.0  # before a silent server is given up; the second for what is long


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found.

    Attributes:
        check: its name.
        status: ``ok``; ``warning``: it works, but not as it should; ``failure``: somebody has to act.
        message: what was found, in English, with ``{}`` fields for ``values``: a translation takes its place.
        todo: what to do, in the same form; empty when nothing.
        values: of the fields.
    """

    check: str
    status: Status
    message: str
    todo: str = ""
    values: dict[str, Any] = field(default_factory=dict)


class _Patient:
    """The database, as the checks see it."""

    has_schema = True

    def __init__(self, url: str, connection: AnsweredConnection) -> None:
        self.url = url
        self.connection = connection
        self.client = Client(connection)

    def ask(self, query: str, *parameters: object) -> tuple[Any, ...]:
        row = self.connection.execute(query, parameters or None).fetchone()
        assert row is not None
        return tuple(row)


def examine(url: str, *, is_quick: bool = False) -> Iterator[Finding]:
    """Look at everything, one finding after the other; no more once the database does not answer, or if it is not made.

    A server that falls silent is given up after 10 s; in the midst of what may take long, after 10 minutes.

    Args:
        url: a direct address; its user should be an administrator (``ttfd_admin``), or own the database.
        is_quick: leave out what takes seconds on a large community: the comparison of the schema and the proof of the
            balances.
    """
    began = time.monotonic()
    try:
        connection = open_connection(url, "ttfd doctor")
    except psycopg.OperationalError as error:
        yield _no_answer(url, error)
        return
    with connection:
        values = {"address": redact(url), "milliseconds": round((time.monotonic() - began) * 1000)}
        yield Finding("connection", "ok", marked("{address} answers in {milliseconds} ms"), values=values)
        patient = _Patient(url, connection)
        for check in [*_CHECKS, *([] if is_quick else _LONG_CHECKS)]:
            connection.answer_seconds = _LONG_ANSWER_SECONDS if check in _LONG_CHECKS else _ANSWER_SECONDS
            yield _look(check, patient)
            if connection.closed or not patient.has_schema:
                return


def _no_answer(url: str, error: psycopg.Error) -> Finding:
    return Finding(
        "connection",
        "failure",
        marked("{address} does not answer: {reason}"),
        marked("Check DATABASE_URL, and whether the server runs."),
        {"address": redact(url), "reason": str(error).strip().partition("\n")[0]},
    )


def _look(check: Callable[[_Patient], Finding], patient: _Patient) -> Finding:
    """The finding of a check; what it was not allowed to see, or stumbled over, is a finding, too."""
    from .migrate import MigrationError

    name = check.__name__.removeprefix("_check_")
    try:
        return check(patient)
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable):
        return Finding(name, "failure", marked("the schema is not there, or too old"), marked("Run: ttfd migrate"))
    except (psycopg.Error, MigrationError) as error:
        if error.sqlstate == psycopg.errors.InsufficientPrivilege.sqlstate:
            return Finding(
                name,
                "warning",
                marked("this user is not allowed to look"),
                marked("Run it as a member of ttfd_admin, or as the owner of the database."),
            )
        if isinstance(error, psycopg.Error) and patient.connection.closed:
            return _no_answer(patient.url, error)
        is_told = isinstance(error, MigrationError)  # Says which migration; a server's own words may quote a row.
        values = {"reason": str(error) if is_told else f"{type(error).__name__} {error.sqlstate or ''}".strip()}
        return Finding(
            name, "failure", marked("cannot be found out: {reason}"), marked("See the server's log."), values
        )


def _check_version(patient: _Patient) -> Finding:
    major = patient.connection.info.server_version // 10_000
    values = {"version": major, "oldest": OLDEST_VERSION, "newest": NEWEST_VERSION}
    if major < OLDEST_VERSION:
        todo = marked("Move to PostgreSQL {oldest} to {newest}: pg_dump here, pg_restore there.")
        return Finding("version", "failure", marked("PostgreSQL {version} is too old"), todo, values)
    if major > NEWEST_VERSION:
        return Finding(
            "version",
            "warning",
            marked("ttfd was never tried with PostgreSQL {version}"),
            marked("Look for a newer ttfd."),
            values,
        )
    return Finding("version", "ok", marked("PostgreSQL {version}"), values=values)


def _check_durability(patient: _Patient) -> Finding:
    """Without these a power cut can ruin the whole database."""
    off = [
        name for name in ("fsync", "full_page_writes") if patient.ask("SELECT current_setting(%s)", name) == ("off",)
    ]
    if off:
        return Finding(
            "durability",
            "failure",
            marked("a power cut may ruin the database: {settings} is off"),
            marked("Switch it on in postgresql.conf and reload."),
            {"settings": ", ".join(off)},
        )
    return Finding("durability", "ok", marked("what is committed survives a power cut"))


def _check_schema(patient: _Patient) -> Finding:
    from .migrate import pending_on

    patient.has_schema = patient.ask("SELECT to_regnamespace('ttfd') IS NOT NULL") == (True,)
    waiting = pending_on(patient.connection)
    if waiting:
        values = {"count": len(waiting), "first": waiting[0]}
        message = marked("migrations are not applied: {count}, the first is {first}")
        return Finding("schema", "failure", message, marked("Run: ttfd migrate"), values)
    return Finding("schema", "ok", marked("every migration is applied"))


def _check_roles(patient: _Patient) -> Finding:
    rows = patient.connection.execute(
        "SELECT rolname, rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb"
        "  FROM pg_roles WHERE rolname = ANY (%s)",
        [list(ROLES)],
    )
    powers = {str(name): bool(is_powerful) for name, is_powerful in rows}
    if missing := [role for role in ROLES if role not in powers]:
        return Finding(
            "roles",
            "failure",
            marked("roles are missing: {roles}"),
            marked("Roles do not come with a dump. Create them (CREATE ROLE … NOLOGIN), then restore again."),
            {"roles": ", ".join(missing)},
        )
    if powerful := [role for role, is_powerful in powers.items() if is_powerful]:
        return Finding(
            "roles",
            "failure",
            marked("roles have more power than they should: {roles}"),
            marked("ALTER ROLE … NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB; programs have logins of their own."),
            {"roles": ", ".join(powerful)},
        )
    return Finding("roles", "ok", marked("all roles are there, and modest"))


def _check_listener(patient: _Patient) -> Finding:
    if _hears_itself(patient.connection, patient.url):
        return Finding("listener", "ok", marked("notifications arrive"))
    return Finding(
        "listener",
        "warning",
        marked("notifications do not arrive: this is a pooler in transaction mode that swallows LISTEN"),
        marked("Give workers, bots and website the direct address of PostgreSQL; until then they poll once a second."),
    )


def _check_clock(patient: _Patient) -> Finding:
    ((is_set,), (seconds,)) = (
        patient.ask("SELECT coalesce(current_setting('ttfd.now', true), '') <> ''"),
        patient.ask("SELECT extract(epoch FROM clock_timestamp())::double precision"),
    )
    off = round(seconds - time.time(), 1)
    if is_set:
        return Finding(
            "clock",
            "failure",
            marked("ttfd.now is set: rules go by a clock that stands still"),
            marked("ALTER DATABASE … RESET ttfd.now, and the same for the role."),
        )
    if abs(off) > _OFF_CLOCK:
        return Finding(
            "clock",
            "failure" if abs(off) > _BAD_CLOCK else "warning",
            marked("the server's clock is {seconds} s off this machine's"),
            marked("Switch on NTP on both; events from more than five minutes ahead are refused."),
            {"seconds": off},
        )
    return Finding("clock", "ok", marked("the server's clock is right"))


def _check_worker(patient: _Patient) -> Finding:
    now = patient.client.get_metrics()
    if now.has_leader:
        return Finding("worker", "ok", marked("a worker is there"))
    return Finding(
        "worker",
        "failure" if now.pending else "warning",
        marked("no worker is there; {pending} events wait"),
        marked("Start one: ttfd worker"),
        {"pending": now.pending},
    )


def _check_queue(patient: _Patient) -> Finding:
    now = patient.client.get_metrics()
    values = {"pending": now.pending, "seconds": round(now.lag_seconds, 1), "head": now.head}
    if now.lag_seconds <= _SLOW_LAG:
        message = marked("{pending} events wait, the oldest for {seconds} s; the feed is at {head}")
        return Finding("queue", "ok", message, values=values)
    return Finding(
        "queue",
        "failure" if now.lag_seconds > _BAD_LAG else "warning",
        marked("{pending} events wait, the oldest for {seconds} s"),
        marked("Is a worker there, is the disk full, is a transaction open for long? See the other lines."),
        values,
    )


def _check_transactions(patient: _Patient) -> Finding:
    """An open snapshot keeps dead rows of the queue alive: everything becomes slow."""
    (pid, minutes) = patient.ask(
        "SELECT (array_agg(pid ORDER BY xact_start))[1], extract(epoch FROM now() - min(xact_start))::integer / 60"
        "  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        "   AND xact_start < now() - make_interval(mins => %s)",
        _LONG_TRANSACTION_MINUTES,
    )
    if pid is not None:
        return Finding(
            "transactions",
            "warning",
            marked("a transaction has been open for {minutes} minutes (process {pid}): it slows everything down"),
            marked("See who it is in pg_stat_activity; SELECT pg_terminate_backend({pid}) ends it."),
            {"minutes": minutes, "pid": pid},
        )
    return Finding("transactions", "ok", marked("no transaction is open for long"))


def _check_failed_events(patient: _Patient) -> Finding:
    failed = patient.client.get_metrics().failed
    if not failed:
        return Finding("failed_events", "ok", marked("no event has failed"))
    return Finding(
        "failed_events",
        "warning",
        marked("{count} events could not be applied"),
        marked("SELECT * FROM ttfd.list_failed_events() says why; then retry_failed_event or discard_failed_event."),
        {"count": failed},
    )


def _check_epoch(patient: _Patient) -> Finding:
    epoch = patient.client.feed_state().epoch
    if patient.client.get_metrics().is_restored:
        return Finding(
            "epoch",
            "failure",
            marked("this is a restored backup, and the feed still has the epoch of the original"),
            marked("Start a worker: it renews the epoch. Or run: SELECT * FROM ttfd.renew_epoch()"),
        )
    return Finding("epoch", "ok", marked("the feed's epoch is {epoch}"), values={"epoch": str(epoch)})


def _check_drift(patient: _Patient) -> Finding:
    from .drift import find_drift

    schema = _check_schema(patient)
    if schema.status != "ok":  # What is missing was not changed by hand.
        return replace(schema, check="drift")
    found = find_drift(patient.url)
    if not found:
        return Finding("drift", "ok", marked("the schema is as the migrations make it"))
    first = found[0]
    return Finding(
        "drift",
        "failure",
        marked("{count} things were changed by hand, the first: {problem} {kind} {name}"),
        marked("ttfd migrate --drift shows all. Change them back, or make a migration of it."),
        {"count": len(found), "problem": first.problem, "kind": first.kind, "name": first.name},
    )


def _check_integrity(patient: _Patient) -> Finding:
    found = patient.client.verify_integrity()
    if not found:
        return Finding("integrity", "ok", marked("balances are exactly what the event log says"))
    return Finding(
        "integrity",
        "failure",
        marked("{count} violations, the first: {kind}, user {user_id}"),
        marked("Stop the worker, take a backup, and look at: ttfd verify. Somebody wrote past the functions."),
        {"count": len(found), "kind": found[0].kind, "user_id": found[0].user_id},
    )


_CHECKS: list[Callable[[_Patient], Finding]] = [
    _check_version,
    _check_durability,
    _check_schema,
    _check_roles,
    _check_listener,
    _check_clock,
    _check_worker,
    _check_queue,
    _check_transactions,
    _check_failed_events,
    _check_epoch,
]
_LONG_CHECKS: list[Callable[[_Patient], Finding]] = [_check_drift, _check_integrity]
