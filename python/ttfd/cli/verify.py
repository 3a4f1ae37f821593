"""`ttfd verify`: is everything as it must be."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from ttfd import Client
from ttfd.cli import database_url
from ttfd.models import ImportComparison

__all__ = ["verify"]

_SHOWN = 20


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print every violation as one JSON document.")
def verify(as_json: bool) -> None:
    """Check that balances equal the ledger, ranks follow XP, the feed has no gap, and imports arrived whole.

    Exit code 1 when not.
    """
    with Client(database_url()) as client:
        violations = client.verify_integrity()
        imports = client.verify_imports()
        stats = client.get_stats()
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


def _show_imports(imports: list[ImportComparison]) -> None:
    """Say for each source what was imported and what the ledger has of it, then who differs."""
    for found in imports:
        place = found.origin if found.user_id is None else f"{found.origin}, user {found.user_id}"
        click.echo(
            f"Imported from {place}: {found.expected_xp} XP and {found.expected_coins} coins; "
            f"in the event log: {found.actual_xp} XP and {found.actual_coins} coins."
        )
