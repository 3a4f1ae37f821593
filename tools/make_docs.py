"""Write docs/functions.md and docs/errors.md from the catalog of a database that was just migrated (``make docs``).

A function's COMMENT is its contract, so what is written there is what people read; tests/test_docs.py sees to it that
the files are up to date.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from ttfd import embedded
from ttfd.errors import ERRORS
from ttfd.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent

_FUNCTIONS = """
SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS parameters,
       pg_get_function_arguments(p.oid) AS stated, obj_description(p.oid, 'pg_proc') AS comment,
       ARRAY(SELECT a.grantee::regrole::text FROM aclexplode(p.proacl) a
              WHERE a.grantee NOT IN (0, p.proowner) ORDER BY 1) AS callers
  FROM pg_proc p
 WHERE p.pronamespace = 'ttfd'::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
 ORDER BY p.proname
"""
_FUNCTIONS_HEAD = """# Functions

Generated from the catalog by `make docs`. This is the whole API: there is no other way in. `p_…` are names, to be
used as `p_name => value`; what has a default may be left out. What the errors mean: [errors.md](errors.md)."""
_ERRORS_HEAD = """# Errors

Generated from the catalog by `make docs`. A client goes by the SQLSTATE, never by the text; the HINT says what to
do. Nothing of a call that was refused is kept."""
_ERRORS_TAIL = """
A lost connection, 40001 (serialization), 40P01 (deadlock), 53100 (disk full) and 57P01 (the server stops) pass: send
again, with the same event id."""
_CODE = re.compile(r"\b(T[A-Z]\d{3}|[02-9P][0-9A-Z]{4})\b")
# PostgreSQL's own codes, in our words.
_STANDARD = {
    "0A000": "the transaction runs under another isolation than READ COMMITTED",
    "22003": "a number is out of range",
    "22004": "a value that is required is NULL",
    "22007": "what should be a time is none",
    "22008": "a time is out of range",
    "22023": "a parameter has a value that is not allowed",
    "22P02": "what should be a number or an id is none",
    "23502": "a value that is required is NULL",
    "23514": "a value breaks a named constraint",
    "23P01": "a range overlaps with another",
    "42501": "the caller may not do this",
    "54000": "something is larger than allowed",
    "55000": "the object is not in a state that allows it",
    "P0002": "there is no such thing",
}


def render(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """The text of each file by its name under docs/."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        functions = cursor.execute(_FUNCTIONS).fetchall()
    return {
        "functions.md": "\n".join(_functions_page(functions)) + "\n",
        "errors.md": "\n".join(_errors_page(functions)) + "\n",
    }


def _functions_page(functions: list[Any]) -> Iterator[str]:
    yield _FUNCTIONS_HEAD
    by_name = {function.name: function for function in functions}
    for area in sorted(path.name for path in (ROOT / "sql/functions").iterdir() if path.name != "internal"):
        yield from ("", f"## {area.capitalize()}")
        for path in sorted((ROOT / "sql/functions" / area).glob("*.sql")):
            yield from _function(by_name[path.stem])


def _function(function: Any) -> Iterator[str]:
    yield from ("", f"### {function.name}", "", "```text", f"{function.name}({_parameters(function)})", "```", "")
    yield from (_as_text(function.comment), "", f"Callers: {', '.join(f'`{role}`' for role in function.callers)}.")


def _parameters(function: Any) -> str:
    """Name, type and default of each, without the columns of the result."""
    count = len(function.parameters.split(", ")) if function.parameters else 0
    stated = re.split(r", (?=p_)", function.stated.partition(", OUT ")[0])
    return ", ".join(part.removeprefix("IN ") for part in stated[:count]) if count else ""


def _as_text(comment: str) -> str:
    """Wrapped at no width: a paragraph is a line."""
    return comment.replace("*", "\\*").replace("<", "&lt;")


def _errors_page(functions: list[Any]) -> Iterator[str]:
    raised: dict[str, list[str]] = {}
    for function in functions:
        for code in dict.fromkeys(_CODE.findall(function.comment)):
            raised.setdefault(code, []).append(f"[{function.name}](functions.md#{function.name})")
    yield _ERRORS_HEAD
    yield from ("", "## Refusals of ttfd", "", "| SQLSTATE | meaning | in Python | raised by |", "|---|---|---|---|")
    for code, error in sorted(ERRORS.items()):
        yield f"| {code} | {error.__doc__} | `{error.__name__}` | {', '.join(raised.get(code, []))} |"
    yield from ("", "## PostgreSQL's own", "", "| SQLSTATE | meaning | raised by |", "|---|---|---|")
    for code in sorted(raised.keys() - ERRORS.keys()):
        meaning = _STANDARD.get(code) or psycopg.errors.lookup(code).__name__
        yield f"| {code} | {meaning} | {', '.join(raised[code])} |"
    yield _ERRORS_TAIL


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ttfd-docs-") as place:
        Path(place).chmod(0o711)
        server = embedded.start(Path(place), settings={"fsync": "off"})
        try:
            migrate(server.url)
            with psycopg.connect(server.url) as connection:
                pages = render(connection)
        finally:
            server.stop("immediate")
    for name, text in pages.items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
