"""All tables at once: where a text stands, and whether anything has changed."""

from calls import Connection, rows, value


def tables(db: Connection) -> list[str]:
    """Every table of the schema; a partitioned one stands for its parts."""
    found = rows(
        db,
        "SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'ttfd'::regnamespace"
        " AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
    )
    return [table.name for table in found]


def mentions(db: Connection, text: str) -> dict[str, int]:
    """In how many rows of which tables a text stands, whatever the column."""
    found = {
        table: value(db, f"SELECT count(*) FROM ttfd.{table} t WHERE strpos(to_jsonb(t)::text, %s) > 0", text)
        for table in tables(db)
    }
    return {table: count for table, count in found.items() if count}


def state(db: Connection) -> dict[str, str]:
    """A digest of the rows of every table."""
    return {
        table: value(db, f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM ttfd.{table} t")
        for table in tables(db)
    }


def user_references(db: Connection) -> set[str]:
    """Tables that name a member, found by another way than the function."""
    found = rows(
        db,
        "SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'ttfd'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        "   AND NOT a.attisdropped AND a.atttypid = 'bigint'::regtype AND a.attname LIKE '%%user%%'"
        " UNION SELECT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'ttfd.unified_users'::regclass"
        " UNION SELECT 'unified_users'",
    )
    return {table.name.removeprefix("ttfd.") for table in found}
