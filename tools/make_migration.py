"""Write the function and trigger migrations from sql/ (``--check``: only say whether they are up to date).

People read and edit ``sql/``; yoyo runs ``migrations/``. Until 1.0 the generated files are rewritten in place.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sql"
MIGRATIONS = ROOT / "migrations"

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
    r"^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER (\w+)\s.*?\sON (ttfd\.\w+)", re.MULTILINE | re.DOTALL
)


def rollback_of(path: Path) -> list[str]:
    """Statements that undo one source file; its COMMENT lines give the signatures."""
    text = path.read_text(encoding="utf-8")
    signatures = COMMENTED.findall(text)
    if [name.split("(")[0] for name in signatures] != CREATED.findall(text):
        raise SystemExit(f"{path.relative_to(ROOT)}: every function needs one COMMENT ON FUNCTION, in order")
    triggers = [f"DROP TRIGGER {name} ON {table};" for name, table in TRIGGER.findall(text)]
    return triggers + [f"DROP FUNCTION {signature};" for signature in signatures]


def generate(room: str) -> tuple[str, str]:
    """The up and the rollback text for one room."""
    paths = sorted((SOURCES / room).glob("*.sql"))
    for path in paths:
        first = CREATED.search(path.read_text(encoding="utf-8"))
        if room != "triggers" and (first is None or first[1] != f"ttfd.{path.stem}"):
            raise SystemExit(f"{path.relative_to(ROOT)}: a file is named after its function")
        if not path.read_text(encoding="utf-8").isascii():
            raise SystemExit(
                f"{path.relative_to(ROOT)}: yoyo reads migrations in the machine's encoding, keep to ASCII"
            )
    up = [PREAMBLE.format(room=room), *(path.read_text(encoding="utf-8") for path in paths), "RESET ROLE;\n"]
    down = [ROLLBACK_PREAMBLE.format(room=room)]
    down += ["\n".join(rollback_of(path)) + "\n" for path in reversed(paths)]
    return "\n".join(up), "\n".join(down)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when a file is out of date")
    check = parser.parse_args().check
    stale = []
    for room, stem in ROOMS.items():
        for suffix, text in zip((".sql", ".rollback.sql"), generate(room), strict=True):
            target = MIGRATIONS / (stem + suffix)
            if target.exists() and target.read_text(encoding="utf-8") == text:
                continue
            stale.append(target.name)
            if not check:
                target.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'out of date (run `make migration`)' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
