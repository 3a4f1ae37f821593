"""A connection keeps its plans as long as it lives; those of a worker may be from when the tables were empty."""

import os
from pathlib import Path

import psycopg

from calls import Connection, process_all, process_events, violations

EVENTS = """
INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, occurred_at)
SELECT ttfd.generate_event_id(), m.user_id, 'message_sent', 'telegram', '{}', now() - n * INTERVAL '1 second' / 100
  FROM (SELECT array_agg(u.id) AS ids FROM ttfd.unified_users u) k
 CROSS JOIN generate_series(1, 50000) s (n)
 CROSS JOIN LATERAL (SELECT k.ids[1 + n * 7919 % 5000] AS user_id) m
"""


def cpu_seconds(db: Connection) -> float:
    """What the server's process has worked for this connection, whatever else the machine was busy with."""
    fields = Path(f"/proc/{db.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_draining_does_not_slow_down_when_all_was_empty_at_first(db: Connection, database_url: str) -> None:
    db.execute(
        "SELECT ttfd.get_or_create_user('telegram', n::text, NULL, NULL) FROM generate_series(1, 5000) AS numbers (n)"
    )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    db.execute(EVENTS)
    seconds = []
    remaining = True
    while remaining:
        began = cpu_seconds(db)
        remaining = process_events(db, 10_000).remaining
        seconds.append(cpu_seconds(db) - began)
    assert max(seconds[3:5]) < 6 * min(seconds[:5]), seconds
    assert violations(db) == []


def test_settling_does_not_slow_down_when_the_boards_were_empty_at_first(db: Connection, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # The planner takes it for granted now that nobody stands anywhere.
    for first in (1, 10001, 20001):
        db.execute(
            "INSERT INTO ttfd.unified_users (id, coins) SELECT n, n FROM generate_series(%s::bigint, %s) s (n)",
            [first, first + 9999],
        )
        began = cpu_seconds(db)
        process_all(db)
        # A second; when each member costs a look at all others, 15 and more.
        assert cpu_seconds(db) - began < 8
    assert [found for found in violations(db) if found[0] in ("standing", "count")] == []
