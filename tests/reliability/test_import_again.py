"""An import about members who are there takes about as long as the first one.

Every step of a run meets tables that were other ones a moment ago. One plan that was made for the old ones, and the
time grows with the square of the members: 40,000 records did not end within ten minutes.

Full size: TTFD_IMPORT_AGAIN_ROWS=400000 pytest tests/reliability/test_import_again.py -s
"""

import os
import time

from calls import Connection, value, violations

MEMBERS = int(os.environ.get("TTFD_IMPORT_AGAIN_ROWS", "24000")) // 2
FIRST_ID = {"telegram": 10**6, "discord": 10**17}


def load(db: Connection, policy: str = "sum", **xp: int) -> int:
    """Load as many members of each origin, with so much XP each; a third of Telegram's states the id on Discord."""
    run_id = value(db, "SELECT run_id FROM ttfd.start_import('a community')")
    db.execute("SELECT ttfd.set_import_policy(%s, %s)", [run_id, policy])
    for origin, amount in xp.items():
        db.execute(
            "INSERT INTO ttfd.import_sources (run_id, source, preset, origin, identity)"
            " VALUES (%(run)s, %(origin)s, 'test', %(origin)s, %(origin)s)",
            {"run": run_id, "origin": origin},
        )
        db.execute(
            "INSERT INTO ttfd.import_rows (run_id, source, part, source_key, platform, record)"
            " SELECT %(run)s, %(origin)s, 'users', n, %(origin)s, jsonb_build_object("
            "   'external_id', (%(first)s + n)::text,"
            "   'username', CASE WHEN n %% 5 = 1 THEN 'both' ELSE %(origin)s END || n,"
            "   'discord_id', CASE WHEN %(origin)s = 'telegram' AND n %% 3 = 0 THEN (%(discord)s + n)::text END,"
            "   'xp', %(xp)s + n %% 100, 'coins', %(xp)s, 'created_at', '2025-01-02T03:04:05')"
            "  FROM generate_series(1, %(members)s) n",
            {
                "run": run_id,
                "origin": origin,
                "first": FIRST_ID[origin],
                "discord": FIRST_ID["discord"],
                "xp": amount,
                "members": MEMBERS,
            },
        )
    return run_id


def unified(db: Connection, policy: str = "sum", **xp: int) -> int:
    run_id = load(db, policy, **xp)
    db.execute("SELECT ttfd.unify_import(%s)", [run_id])
    return run_id


def undone(db: Connection, run_id: int) -> None:
    db.execute("SELECT ttfd.undo_import(%s)", [run_id])


def total_xp(db: Connection) -> int:
    total: int = value(db, "SELECT sum(xp)::bigint FROM ttfd.unified_users")
    return total


def test_an_import_about_members_who_are_there_takes_about_as_long_as_the_first(db: Connection) -> None:
    began = time.monotonic()
    unified(db, telegram=100)
    first = time.monotonic() - began
    # Quadratic plans take a hundred times as long for so many, and more for more.
    db.execute("SELECT set_config('statement_timeout', %s, false)", [f"{10 * first + 5:.0f}s"])
    unified(db, discord=100)
    before = total_xp(db)
    again = unified(db, telegram=100, discord=100)
    assert total_xp(db) == before
    grown = unified(db, telegram=107, discord=103)
    assert total_xp(db) == before + 10 * MEMBERS
    undone(db, grown)
    fewer = unified(db, "max", telegram=100, discord=100)
    assert total_xp(db) < before
    undone(db, fewer)
    undone(db, again)
    assert total_xp(db) == before
    assert violations(db) == []
    print(f"{2 * MEMBERS:,} records: {first:.1f} s for the first half, {time.monotonic() - began:.1f} s for everything")
