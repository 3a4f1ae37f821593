"""Who does what: a zipf-like skew over the members, and mostly messages.

The member with number floor(USERS ^ r), r evenly from 0 to 1, is number n about in proportion to 1 / n: the most talkative
one sends 7 % of all events, half of the events come from 100 members. Nine in ten events are messages (5 XP once a minute),
the rest are voice time (capped a day) and games (stated XP). A backlog is from the last ten minutes.
"""

from __future__ import annotations

import random
from typing import Any

import psycopg

USERS = 10_000
BACKLOG_MINUTES = 10

USER = f"least({USERS}, floor(power({USERS}, d.who)))::bigint"
EVENT_TYPE = "CASE WHEN d.what < 0.90 THEN 'message_sent' WHEN d.what < 0.95 THEN 'voice_time' ELSE 'game_played' END"
DATA = (
    "CASE WHEN d.what < 0.90 THEN '{}' WHEN d.what < 0.95 THEN '{\"seconds\": 300, \"idle_seconds\": 20}'"
    ' ELSE \'{"xp": 50, "won": true}\' END'
)
OCCURRED_AT = f"now() - INTERVAL '{BACKLOG_MINUTES} minutes' * (1 - d.n / (SELECT max(n) FROM draws)::float8)"
DRAWS = "WITH draws AS MATERIALIZED (SELECT n, random() AS who, random() AS what FROM generate_series(1, %s) AS numbers (n))"


def queue_events(connection: psycopg.Connection[Any], count: int) -> None:
    """Put events where record_event puts them."""
    connection.execute(
        f"{DRAWS} INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, occurred_at)"
        f" SELECT ttfd.generate_event_id(), {USER}, {EVENT_TYPE}, 'telegram', ({DATA})::jsonb, {OCCURRED_AT}"
        "   FROM draws d ORDER BY d.n",
        [count],
    )


def drain(connection: psycopg.Connection[Any], batch: int) -> int:
    """Process until nothing is left. Returns how many failed."""
    failures = 0
    remaining = True
    while remaining:
        ((failed, remaining),) = connection.execute(
            "SELECT failed, remaining FROM ttfd.process_events(%s)", [batch]
        ).fetchall()
        failures += failed
    return failures


def random_user() -> int:
    return min(USERS, int(USERS ** random.random()))
