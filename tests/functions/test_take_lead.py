import psycopg

from calls import Connection, record_event, row, value


def take_lead(db: Connection) -> tuple[bool, bool]:
    lead = row(db, "SELECT * FROM ttfd.take_lead()")
    return lead.leads, lead.helps


def test_one_session_leads_and_the_next_one_once_that_is_gone(db: Connection, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as second:
        with psycopg.connect(database_url, autocommit=True) as first:
            assert take_lead(first) == (True, False)
            assert take_lead(second) == (False, False)
        while value(db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"):
            pass
        assert take_lead(second) == (True, False)


def test_the_others_help_when_events_have_waited_for_long(db: Connection, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as first:
        take_lead(first)
        record_event(db)
        assert take_lead(db) == (False, False)
        db.execute("UPDATE ttfd.cross_platform_events SET created_at = now() - interval '6 seconds'")
        assert take_lead(db) == (False, True)
