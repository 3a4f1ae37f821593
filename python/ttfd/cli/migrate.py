"""``ttfd migrate``."""

import json
import sys

import click

from ttfd.cli import CommandError, database_url


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the ids, or the differences, as JSON.")
@click.option("--drift", is_flag=True, help="Apply nothing: say what in the database is not as the migrations make it.")
@click.option("--to", metavar="MIGRATION", help="Go back instead: roll back whatever is newer than this migration.")
@click.option("--yes", is_flag=True, help="With --to: do not ask.")
def migrate(as_json: bool, drift: bool, to: str | None, yes: bool) -> None:
    """Bring the database to this version.

    With --to, go back to an older release: stop worker, bots and website, run this with the newer version of ttfd,
    then install the older one.

    With --drift, compare it with a second database that is made for the purpose, and exit with 1 when they differ.
    """
    if (drift and to is not None) or (yes and to is None):
        raise click.UsageError("--to and --drift exclude each other; --yes belongs to --to.")
    if drift:
        _show_drift(as_json)
        return
    if to is not None:
        _go_back(to, yes, as_json)
        return
    from ttfd.migrate import migrate as apply

    applied = apply(database_url())
    if as_json:
        click.echo(json.dumps({"applied": applied}))
    else:
        for name in applied:
            click.echo(f"applied {name}")
        click.echo(f"{len(applied)} applied." if applied else "Nothing to apply: the database is up to date.")


def _go_back(to: str, yes: bool, as_json: bool) -> None:
    from ttfd.migrate import rollback, to_roll_back

    if not to.strip():  # of an unset variable in a script; it would mean everything
        raise CommandError("--to needs the name of a migration", "Name the one that becomes the newest.")
    url = database_url()
    names = to_roll_back(url, to)
    if names and not yes:
        question = f"Roll back {', '.join(names)}? Tables and columns that they made go, with what is in them."
        click.confirm(question, abort=True, err=True)
    undone = rollback(url, to)
    if as_json:
        click.echo(json.dumps({"rolled_back": undone}))
    else:
        for name in undone:
            click.echo(f"rolled back {name}")
        click.echo(f"{len(undone)} rolled back." if undone else f"Nothing to roll back: {to} is the newest.")


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
