"""The migrations themselves: complete, in order, and each undone by its own rollback to the last comment and grant."""

import shutil
from pathlib import Path

import psycopg

from ttfd.migrate import migrate, migrations_folder, rollback

FOLDER = migrations_folder()
NAMES = sorted(path.stem for path in FOLDER.glob("*.sql") if not path.stem.endswith(".rollback"))

CATALOG = """
SELECT 'schema', nspname::text, nspowner::regrole::text, nspacl::text FROM pg_namespace WHERE nspname = 'ttfd'
 UNION ALL
SELECT 'relation', oid::regclass::text,
       relkind::text || ' ' || relowner::regrole || ' ' || coalesce(reloptions::text, ''), relacl::text
  FROM pg_class WHERE relnamespace = to_regnamespace('ttfd') AND relkind <> 'c'
 UNION ALL
SELECT 'column', attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod) || ' ' || attnotnull,
       attacl::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('ttfd')) AND attnum > 0
 UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid), NULL
  FROM pg_constraint WHERE connamespace = to_regnamespace('ttfd')
 UNION ALL
SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), NULL
  FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('ttfd'))
 UNION ALL
SELECT 'function', oid::regprocedure::text, CASE WHEN prokind <> 'a' THEN pg_get_functiondef(oid) END,
       proowner::regrole || coalesce(proacl::text, '')
  FROM pg_proc WHERE pronamespace = to_regnamespace('ttfd')
 UNION ALL
SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid), NULL
  FROM pg_trigger
 WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('ttfd')) AND NOT tgisinternal
 UNION ALL
SELECT 'type', oid::regtype::text, typtype::text, typowner::regrole::text
  FROM pg_type WHERE typnamespace = to_regnamespace('ttfd')
 UNION ALL
SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), description, NULL
  FROM pg_description WHERE pg_describe_object(classoid, objoid, objsubid) LIKE '%ttfd%'
 UNION ALL
SELECT 'default', defaclrole::regrole::text, defaclobjtype::text, defaclacl::text FROM pg_default_acl
 ORDER BY 1, 2, 3, 4
"""


def catalog(url: str) -> set[tuple[str | None, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(CATALOG).fetchall())


def test_each_migration_has_its_rollback_and_says_how_long_it_waits_for_locks() -> None:
    assert len(NAMES) > 5
    for name in NAMES:
        for path in (FOLDER / f"{name}.sql", FOLDER / f"{name}.rollback.sql"):
            assert "SET LOCAL lock_timeout" in path.read_text(encoding="utf-8"), path.name


def test_every_rollback_leads_back_to_the_catalog_before_it(empty_database_url: str, tmp_path: Path) -> None:
    before = {}
    for name in NAMES:
        before[name] = catalog(empty_database_url)
        for path in FOLDER.glob(f"{name}*"):
            shutil.copy(path, tmp_path)
        assert migrate(empty_database_url, folder=tmp_path) == [name]
    complete = catalog(empty_database_url)
    assert len(complete) > 500

    for name in reversed(NAMES):
        assert rollback(empty_database_url, folder=tmp_path) == [name]
        assert catalog(empty_database_url) == before[name], name

    assert migrate(empty_database_url) == NAMES
    assert catalog(empty_database_url) == complete
