"""`ttfd verify`: is everything as it must be."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import click

from ttfd import Client
from ttfd.cli import database_url
from ttfd.models import ImportComparison

__all__ = ["verify"]

_SHOWN = 20
_T = TypeVar("_T")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print every violation as one JSON document.")
def verify(as_json: bool) -> None:
    """Check that balances equal the ledger, ranks follow XP, the feed has no gap, and imports arrived whole.

    Exit code 1 when not.
    """
    # Side by side: each takes seconds of a processor on a large community.
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(_ask, Client.verify_imports)
        violations = _ask(Client.verify_integrity)
        imports = asked.result()
    stats = _ask(Client.get_stats)
    differing = [
        found for found in imports if (found.expected_xp, found.expected_coins) != (found.actual_xp, found.actual_coins)
    ]
    if as_json:
        shown = [dataclasses.asdict(one) for one in violations] + [dataclasses.asdict(one) for one in differing]
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        sys.exit(1 if violations or differing else 0)
    _show_imports(imports)
    if violations:
        for found in violations[:_SHOWN]:
            click.echo(f"{found.kind}: user {found.user_id}, expected {found.expected}, found {found.actual}")
        if len(violations) > _SHOWN:
            click.echo(f"… and {len(violations) - _SHOWN} more (--json shows all)")
    else:
        click.echo(
            f"Sound: {stats.users} members with {stats.accounts} accounts hold {stats.total_xp} XP and "
            f"{stats.total_coins} coins, exactly what the event log says."
        )
    sys.exit(1 if violations or differing else 0)


def _ask(question: Callable[[Client], _T]) -> _T:
    with Client(database_url()) as client:
        return question(client)


def _show_imports(imports: list[ImportComparison]) -> None:
    """Say for each source what was imported and what the ledger has of it, then who differs."""
    for found in imports:
        place = found.origin if found.user_id is None else f"{found.origin}, user {found.user_id}"
        click.echo(
            f"Imported from {place}: {found.expected_xp} XP and {found.expected_coins} coins; "
            f"in the event log: {found.actual_xp} XP and {found.actual_coins} coins."
        )
