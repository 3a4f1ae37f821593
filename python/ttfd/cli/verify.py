"""`ttfd verify`: is everything as it must be."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from ttfd import Client
from ttfd.cli import database_url

__all__ = ["verify"]

_SHOWN = 20


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print every violation as one JSON document.")
def verify(as_json: bool) -> None:
    """Check that balances equal the ledger, ranks follow XP, and the feed has no gap. Exit code 1 when not."""
    with Client(database_url()) as client:
        violations = client.verify_integrity()
        stats = client.get_stats()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(found) for found in violations], ensure_ascii=False, indent=2))
    elif violations:
        for found in violations[:_SHOWN]:
            click.echo(f"{found.kind}: user {found.user_id}, expected {found.expected}, found {found.actual}")
        if len(violations) > _SHOWN:
            click.echo(f"… and {len(violations) - _SHOWN} more (--json shows all)")
    else:
        click.echo(
            f"Sound: {stats.users} members with {stats.accounts} accounts hold {stats.total_xp} XP and "
            f"{stats.total_coins} coins, exactly what the event log says."
        )
    sys.exit(1 if violations else 0)
