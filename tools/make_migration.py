"""Write the function and trigger migrations from sql/ (``--check``: only say whether they are up to date).

People read and edit ``sql/``; yoyo runs ``migrations/``. Until 1.0 the generated files are rewritten in place. From
then on ``migrations/SHA256SUMS`` names the files that are frozen, and a change of a source goes into a new pair: the
new text up, the previous one down (``freeze.py``).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Container
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Room under sql/ -> migration. Helpers come first, because triggers and API functions use them.
ROOMS = {
    "functions/internal": "0101.functions_internal",
    "triggers": "0102.triggers",
    "functions/identity": "0103.functions_identity",
    "functions/events": "0104.functions_events",
    "functions/progression": "0105.functions_progression",
    "functions/import": "0106.functions_import",
    "functions/operations": "0107.functions_operations",
    "functions/website": "0108.functions_website",
}

PREAMBLE = """-- Generated from sql/{room} by `make migration`: edit there, not here.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- Functions may use each other whatever their order in this file.
SET LOCAL check_function_bodies = off;
"""
ROLLBACK_PREAMBLE = """-- Generated from sql/{room} by `make migration`.
SET LOCAL lock_timeout = '10s';
"""

CREATED = re.compile(r"^CREATE OR REPLACE FUNCTION (ttfd\.\w+)", re.MULTILINE)
COMMENTED = re.compile(r"^COMMENT ON FUNCTION (ttfd\.\w+\([^)]*\)) IS", re.MULTILINE)
TRIGGER = re.compile(
    r"^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER (\w+)\s[^;]*?\sON (ttfd\.\w+)\s[^;]*;", re.MULTILINE
)

# Rights have these two forms alone, so that a release can grant and revoke no more than it changes.
RIGHT = re.compile(r"^(?:GRANT|REVOKE) [^;]*;", re.MULTILINE)
REVOKED = re.compile(r"REVOKE ALL ON FUNCTION ttfd\.\w+\([^)]*\) FROM PUBLIC;")
GRANTED = re.compile(r"GRANT EXECUTE ON FUNCTION ttfd\.\w+\([^)]*\)\s+TO ([\w, ]+);")

# Says in a migration where a text comes from, so that the last frozen text of each source can be found again.
MARK = re.compile(r"^-- (sql/[\w/]+\.sql)(: removed)?$", re.MULTILINE)

Texts = dict[str, str]
"""Name of a migration -> its text."""


def read_sources(root: Path, room: str) -> Texts:
    """The sources of a room by their path, checked for what every source must have."""
    found = {}
    for path in sorted((root / "sql" / room).glob("*.sql")):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        if CREATED.findall(text) != [f"ttfd.{path.stem}"]:
            raise SystemExit(f"{name}: a file holds one function and is named after it")
        if not text.isascii():
            raise SystemExit(f"{name}: yoyo reads migrations in the machine's encoding, keep to ASCII")
        if [signature.split("(")[0] for signature in COMMENTED.findall(text)] != CREATED.findall(text):
            raise SystemExit(f"{name}: every function needs one COMMENT ON FUNCTION")
        if not all(REVOKED.fullmatch(right) or GRANTED.fullmatch(right) for right in RIGHT.findall(text)):
            raise SystemExit(f"{name}: rights are REVOKE ALL ... FROM PUBLIC and GRANT EXECUTE ... TO roles, no others")
        found[name] = text
    return found


def read_triggers(text: str) -> set[str]:
    """The statements that make the triggers of a source."""
    return {trigger[0] for trigger in TRIGGER.finditer(text)}


def drop_triggers(text: str, kept: Container[str] = ()) -> list[str]:
    """Statements that drop the triggers of a source, except those that the statements in `kept` make."""
    return [f"DROP TRIGGER {found[1]} ON {found[2]};" for found in TRIGGER.finditer(text) if found[0] not in kept]


def drop_function(text: str) -> str:
    """The statement that drops the function of a source; its COMMENT gives the signature."""
    return f"DROP FUNCTION {read_signature(text)};"


def read_signature(text: str) -> str:
    """Name and types of the function of a source."""
    return COMMENTED.findall(text)[0]


def generate(root: Path, room: str) -> tuple[str, str]:
    """The up and the rollback text for one room."""
    sources = read_sources(root, room)
    up = [PREAMBLE.format(room=room), *(f"-- {name}\n{text}" for name, text in sources.items()), "RESET ROLE;\n"]
    down = [ROLLBACK_PREAMBLE.format(room=room)]
    down += ["\n".join([*drop_triggers(text), drop_function(text)]) + "\n" for text in reversed(sources.values())]
    return "\n".join(up), "\n".join(down)


def generate_all(root: Path) -> Texts:
    """Every generated file as it should be while nothing is frozen."""
    return {
        stem + suffix: text
        for room, stem in ROOMS.items()
        for suffix, text in zip((".sql", ".rollback.sql"), generate(root, room), strict=True)
    }


def main() -> int:
    import freeze

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when a file is out of date")
    parser.add_argument("--root", type=Path, default=ROOT, help="another copy of the repository")
    arguments = parser.parse_args()
    folder = arguments.root / "migrations"
    if faults := freeze.find_faults(arguments.root):
        print("\n".join(faults))
        return 1
    wanted = (
        freeze.generate_change(arguments.root) if freeze.is_frozen(arguments.root) else generate_all(arguments.root)
    )
    surplus = [name for name in freeze.find_loose(arguments.root) if name not in wanted]
    stale = [
        name
        for name, text in wanted.items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]
    if not arguments.check:
        for name in stale:
            (folder / name).write_text(wanted[name], encoding="utf-8", newline="\n")
        for name in surplus:
            (folder / name).unlink()
    if stale or surplus:
        print(f"{'out of date (run `make migration`)' if arguments.check else 'written'}: {', '.join(stale + surplus)}")
    return 1 if arguments.check and (stale or surplus) else 0


if __name__ == "__main__":
    sys.exit(main())
