"""``ttfd doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import dataclasses
import gettext
import json
import sys
from collections.abc import Callable
from importlib import resources

import click

from ttfd.cli import database_url
from ttfd.cli.language import LANGUAGES, system_language
from ttfd.doctor import Finding, examine

__all__ = ["doctor"]

_SIGNS = {"ok": "✓", "warning": "!", "failure": "✗"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON document.")
@click.option("--quick", is_flag=True, help="Leave out what takes seconds: drift of the schema, and integrity.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the texts. Default: that of the system.")
def doctor(as_json: bool, quick: bool, language: str | None) -> None:
    """Look at everything and say what to do. Exit code 1 when somebody has to act.

    Run it as an administrator, with the direct address of the server in DATABASE_URL.
    """
    translate = gettext.translation(
        "doctor", str(resources.files("ttfd") / "locale"), [language or system_language()], fallback=True
    ).gettext
    found = []
    for finding in examine(database_url(), is_quick=quick):
        found.append(finding)
        if not as_json:
            _show(finding, translate)
    if as_json:
        click.echo(json.dumps([_as_dict(finding, translate) for finding in found], ensure_ascii=False, indent=2))
    sys.exit(1 if any(finding.status == "failure" for finding in found) else 0)


def _as_dict(finding: Finding, translate: Callable[[str], str]) -> dict[str, object]:
    texts = {name: _say(getattr(finding, name), finding, translate) for name in ("message", "todo")}
    return dataclasses.asdict(finding) | texts


def _show(finding: Finding, translate: Callable[[str], str]) -> None:
    click.echo(f"{_SIGNS[finding.status]} {translate(finding.check)}: {_say(finding.message, finding, translate)}")
    if finding.todo:
        click.echo(f"    → {_say(finding.todo, finding, translate)}")


def _say(text: str, finding: Finding, translate: Callable[[str], str]) -> str:
    return translate(text).format(**finding.values) if text else ""
