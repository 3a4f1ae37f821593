"""Static checks of the SQL: squawk on migrations, pgspot on functions, plpgsql_check on what is installed.

squawk and pgspot come from PyPI into a virtual environment of their own (``make check`` makes it). plpgsql_check is a
server extension: it runs where a PostgreSQL has it (Debian's postgresql-15-plpgsql-check), and elsewhere says that it
does not. ``check_sql.toml`` lists what is allowed, with reasons.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from ttfd import embedded
from ttfd.migrate import migrate, migrations_folder

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv-check" / "bin"
ALLOWED: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

# pgspot knows one safe path. Ours is as safe, because nobody may create in ttfd: a test proves that.
_OUR_PATH, _ITS_PATH = "SET search_path = ttfd, pg_temp", "SET search_path = pg_catalog, pg_temp"
# Its parser loses the quotes of a variable, and stumbles over the keyword.
_QUOTED_KEYWORD = re.compile(r'"(position)"')
# Types that SQL finds in pg_catalog whatever the path; pgspot asks for the name in full.
_TYPES = r"(?:text|name|date|uuid|jsonb|bigint|timestamptz|regclass|regrole|regnamespace|tid)"
_CAST_TO_CATALOG_TYPE = re.compile(rf"^PS017: Unqualified object reference: {_TYPES} in CAST\(")

# A trigger function is checked with its table and with the transition tables that any of its triggers gives it.
_CHECK_FUNCTIONS = """
SELECT p.oid::regprocedure || coalesce(' on ' || t.relid::regclass, ''), c.level || ': ' || c.message
       || coalesce(' (line ' || c.lineno || ')', '')
  FROM pg_proc p
  JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
  LEFT JOIN (SELECT tgfoid, tgrelid AS relid, max(tgoldtable::text) AS old_table, max(tgnewtable::text) AS new_table
               FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0 GROUP BY 1, 2) t ON t.tgfoid = p.oid
 CROSS JOIN LATERAL plpgsql_check_function_tb(
         p.oid, coalesce(t.relid, 0), oldtable => t.old_table::name, newtable => t.new_table::name,
         other_warnings => true, extra_warnings => true, security_warnings => true) c
 WHERE p.pronamespace = 'ttfd'::regnamespace
 ORDER BY 1, 2
"""


def run_squawk(paths: Iterable[Path]) -> list[str]:
    """What squawk finds in migrations."""
    found = []
    for is_rollback in (False, True):
        chosen = [str(path) for path in paths if path.name.endswith(".rollback.sql") is is_rollback]
        allowed = [*ALLOWED["squawk"], *(ALLOWED["squawk_rollback"] if is_rollback else ())]
        if not chosen:
            continue
        done = _run("squawk", "--reporter=gcc", "--assume-in-transaction", "--pg-version=15",
                    f"--exclude={','.join(allowed)}", *chosen)  # fmt: skip
        if done.returncode:
            found += [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return found


def run_pgspot(paths: Iterable[Path]) -> list[str]:
    """What pgspot finds in migrations with functions; what it cannot parse counts as found."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        for path in paths:
            text = path.read_text("utf-8").replace(_OUR_PATH, _ITS_PATH)
            copy = Path(place) / path.name
            copy.write_text(_QUOTED_KEYWORD.sub(r"v_\1", text), "utf-8")
            done = _run("pgspot", *(f"--ignore={code}" for code in ALLOWED["pgspot"]), str(copy))
            lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
            found += [
                f"{path.name}: {line}"
                for line in lines
                if line and not line.startswith("Errors: ") and not _CAST_TO_CATALOG_TYPE.match(line)
            ]
            if not any(line.startswith("Errors: ") for line in lines):
                found.append(f"{path.name}: pgspot did not finish")
    return found


def find_functions(folder: Path) -> list[Path]:
    """The migrations that are generated from sql/, those of later releases included."""
    return [
        path
        for path in sorted(folder.glob("*.sql"))
        if not path.name.endswith(".rollback.sql") and path.read_text("utf-8").startswith("-- Generated from sql/")
    ]


def run_plpgsql_check(binaries: Path, extra_sql: str = "") -> list[str]:
    """What plpgsql_check finds in the installed functions."""
    with _server(binaries) as server:
        migrate(server.url)
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE EXTENSION plpgsql_check")
            connection.execute(extra_sql)
            lines = [f"{name}: {message}" for name, message in connection.execute(_CHECK_FUNCTIONS)]
    return [line for line in lines if not any(re.search(known, line) for known in ALLOWED["plpgsql_check"])]


def find_plpgsql_check() -> Path | None:
    """The ``bin`` folder of a PostgreSQL that has plpgsql_check: the one of TTFD_TEST_PG_BIN, or Debian's newest."""
    named = os.environ.get("TTFD_TEST_PG_BIN")
    candidates = [Path(named)] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((path for path in candidates if (path.parent / "lib" / "plpgsql_check.so").exists()), None)


@contextmanager
def _server(binaries: Path) -> Iterator[embedded.Server]:
    with tempfile.TemporaryDirectory(prefix="ttfd-check-") as place:
        directory = Path(place)
        directory.chmod(0o711)  # the server of a root user is not root
        try:
            yield embedded.start(directory, settings={"fsync": "off"}, binaries=binaries)
        finally:
            embedded.stop(directory, mode="immediate")


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment: dict[str, Any] = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run([TOOLS / program, *arguments], capture_output=True, text=True, env=environment, check=False)


def main() -> int:
    folder = migrations_folder()
    found = run_squawk(sorted(folder.glob("*.sql")))
    found += run_pgspot(find_functions(folder))
    binaries = find_plpgsql_check()
    if binaries:
        found += run_plpgsql_check(binaries)
    else:
        print("plpgsql_check did NOT run: no PostgreSQL here has it (Debian: postgresql-15-plpgsql-check)")
    print("\n".join(found) or f"squawk, pgspot{' and plpgsql_check' if binaries else ''}: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
