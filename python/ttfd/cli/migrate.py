"""``ttfd migrate``."""

import json
import sys

import click

from ttfd.cli import database_url


@click.command()
@click.option("--json", "as_json", is_flag=True, help='Print {"applied": [ids]}, or the differences, instead of text.')
@click.option("--drift", is_flag=True, help="Apply nothing: say what in the database is not as the migrations make it.")
def migrate(as_json: bool, drift: bool) -> None:
    """Bring the database to this version.

    With --drift, compare it with a second database that is made for the purpose, and exit with 1 when they differ.
    """
    if drift:
        _show_drift(as_json)
        return
    from ttfd.migrate import migrate as apply

    applied = apply(database_url())
    if as_json:
        click.echo(json.dumps({"applied": applied}))
    else:
        for name in applied:
            click.echo(f"applied {name}")
        click.echo(f"{len(applied)} applied." if applied else "Nothing to apply: the database is up to date.")


def _show_drift(as_json: bool) -> None:
    import dataclasses

    from ttfd.drift import find_drift
    from ttfd.migrate import pending

    url = database_url()
    waiting = pending(url)
    found = find_drift(url)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
    else:
        for name in waiting:
            click.echo(f"not applied yet: {name}")
        for one in found:
            click.echo(f"{one.problem}: {one.kind} {one.name}")
        click.echo(f"{len(found)} differences." if found else "No drift: the database is as the migrations make it.")
    sys.exit(1 if found else 0)
