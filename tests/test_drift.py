"""What somebody changed by hand is found and named, whatever it was; and nothing else is."""

import psycopg
import pytest
from click.testing import CliRunner

from ttfd.cli.app import app
from ttfd.drift import find_drift

# A change by hand -> what has to be said of it.
CHANGES: dict[str, list[str]] = {
    """DO $$ BEGIN
         EXECUTE replace(pg_get_functiondef('ttfd.find_user'::regproc), 'u.xp, u.coins', 'u.xp, u.coins + 1');
       END $$""": ["changed function ttfd.find_user(text,text)"],
    "ALTER FUNCTION ttfd.get_stats() SECURITY INVOKER": ["changed function ttfd.get_stats()"],
    "REVOKE EXECUTE ON FUNCTION ttfd.feed_state() FROM ttfd_reader": [
        "missing grant EXECUTE on ttfd.feed_state() to ttfd_reader"
    ],
    "GRANT SELECT ON ttfd.platform_accounts TO ttfd_reader": [
        "stray grant SELECT on ttfd.platform_accounts to ttfd_reader"
    ],
    "SET ROLE ttfd_owner; CREATE FUNCTION ttfd.stray() RETURNS int LANGUAGE sql AS 'SELECT 1'; RESET ROLE": [
        "stray function ttfd.stray()",
        "stray grant EXECUTE on ttfd.stray() to ttfd_owner",
    ],
    "ALTER TABLE ttfd.unified_users DISABLE TRIGGER follow_rank": ["changed trigger ttfd.unified_users.follow_rank"],
    "DROP TRIGGER audit ON ttfd.boosts": ["missing trigger ttfd.boosts.audit"],
    "ALTER TABLE ttfd.link_codes DROP CONSTRAINT link_codes_expires_after_its_start": [
        "missing constraint ttfd.link_codes.link_codes_expires_after_its_start"
    ],
    "COMMENT ON TABLE ttfd.ranks IS 'mine'": ["changed comment table ttfd.ranks"],
    "DROP INDEX ttfd.boosts_ends_at": ["missing index ttfd.boosts_ends_at", "missing relation ttfd.boosts_ends_at"],
    "ALTER TABLE ttfd.ranks ADD COLUMN mine int": ["stray column ttfd.ranks.mine"],
    "ALTER TABLE ttfd.shop_items ALTER COLUMN price SET DEFAULT 0": ["changed column ttfd.shop_items.price"],
}


def test_every_change_by_hand_is_found_and_named(db: psycopg.Connection, database_url: str) -> None:
    databases = db.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
    for statement in CHANGES:
        db.execute(statement)  # type: ignore[arg-type]
    found = [f"{one.problem} {one.kind} {one.name}" for one in find_drift(database_url)]
    assert sorted(found) == sorted(name for names in CHANGES.values() for name in names)
    assert db.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall() == databases, "nothing is left behind"


def test_the_command_names_the_difference_and_fails(
    db: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    result = CliRunner().invoke(app, ["migrate", "--drift"])
    assert (result.exit_code, result.output) == (0, "No drift: the database is as the migrations make it.\n")
    db.execute("REVOKE EXECUTE ON FUNCTION ttfd.feed_state() FROM ttfd_reader")
    result = CliRunner().invoke(app, ["migrate", "--drift"])
    assert result.exit_code == 1
    assert "missing: grant EXECUTE on ttfd.feed_state() to ttfd_reader" in result.output


def test_a_database_that_is_not_migrated_is_told_to_migrate_in_one_line(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    for arguments in (["--drift"], ["--drift", "--json"]):
        result = CliRunner().invoke(app, ["migrate", *arguments])
        assert (result.exit_code, result.stdout, result.stderr) == (
            3,
            "",
            "ttfd: There is no schema ttfd. Next: The database is not migrated to this version. Run: ttfd migrate\n",
        )


def test_a_schema_that_somebody_dropped_is_drift(db: psycopg.Connection, database_url: str) -> None:
    db.execute("DROP SCHEMA ttfd CASCADE")
    assert "missing schema ttfd" in [f"{one.problem} {one.kind} {one.name}" for one in find_drift(database_url)]
