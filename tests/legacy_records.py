"""Import runs at the level of SQL: what the readers of legacy data write, in as few words as a test wants them."""

from typing import Any

from psycopg.types.json import Jsonb

from calls import Connection, row, rows, value

Source = list[dict[str, object]]


def load(db: Connection, part: str = "users", identities: dict[str, str] | None = None, **sources: Source) -> int:
    """Open a run with one source for each platform; a record is what a test says, its id under ``id``."""
    run_id: int = value(db, "SELECT run_id FROM ttfd.start_import('test')")
    for platform, records in sources.items():
        db.execute(
            "INSERT INTO ttfd.import_sources (run_id, source, preset, origin, identity) VALUES (%s, %s, %s, %s, %s)",
            [run_id, platform, f"{platform}-json", platform, (identities or {}).get(platform, f"file of {platform}")],
        )
        add_rows(db, run_id, platform, part, records)
    return run_id


def add_rows(db: Connection, run_id: int, platform: str, part: str, records: Source) -> None:
    for number, record in enumerate(records):
        fields = {"external_id" if name == "id" else name: content for name, content in record.items()}
        db.execute(
            "INSERT INTO ttfd.import_rows (run_id, source, part, source_key, platform, record)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [run_id, platform, part, f"{part}[{number}]", platform, Jsonb(fields)],
        )


def unify(db: Connection, run_id: int, dry_run: bool = False, link_by_username: bool = True) -> Any:
    return row(db, "SELECT * FROM ttfd.unify_import(%s, %s, %s)", run_id, dry_run, link_by_username)


def run(db: Connection, link_by_username: bool = True, **sources: Source) -> Any:
    """Load and unify."""
    return unify(db, load(db, **sources), link_by_username=link_by_username)


def owner(db: Connection, platform: str, external_id: str) -> int:
    """The member behind an account."""
    user_id: int = row(db, "SELECT user_id FROM ttfd.find_user(%s, %s)", platform, external_id).user_id
    return user_id


def conflicts(db: Connection, run_id: int) -> set[tuple[str, str, str]]:
    """Reason, platform and id of what a person has to decide."""
    found = rows(db, "SELECT * FROM ttfd.list_import_conflicts(%s)", run_id)
    return {(seen.reason, seen.platform, seen.external_id) for seen in found if seen.kind == "conflict"}


def snapshot(db: Connection) -> dict[str, list[Any]]:
    """All that members would notice."""
    queries = {
        "members": "SELECT * FROM ttfd.unified_users ORDER BY id",
        "accounts": "SELECT * FROM ttfd.platform_accounts ORDER BY platform, external_id",
        "log": "SELECT * FROM ttfd.cross_platform_events ORDER BY seq",
        "imported": "SELECT * FROM ttfd.import_balances ORDER BY origin, platform, external_id",
    }
    return {name: rows(db, query) for name, query in queries.items()}
