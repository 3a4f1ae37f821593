"""``ttfd migrate``."""

import json

import click

from ttfd.cli import database_url


@click.command()
@click.option("--json", "as_json", is_flag=True, help='Print {"applied": [ids]} instead of text.')
def migrate(as_json: bool) -> None:
    """Bring the database to this version."""
    from ttfd.migrate import migrate as apply

    applied = apply(database_url())
    if as_json:
        click.echo(json.dumps({"applied": applied}))
    else:
        for name in applied:
            click.echo(f"applied {name}")
        click.echo(f"{len(applied)} applied." if applied else "Nothing to apply: the database is up to date.")
