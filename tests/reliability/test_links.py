"""Link codes under a rush and under attack.

``TTFD_LINK_LOAD=1`` runs at the size that the project promises (1,000 codes, 100,000 guesses); a fraction by default.
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg

from calls import Connection, set_time, value, violations
from links import create_code, redeem

IS_FULL = "TTFD_LINK_LOAD" in os.environ
CODES = 1000 if IS_FULL else 40
REDEEMERS = 40
MINUTES = 100 if IS_FULL else 4


def test_of_forty_who_redeem_a_code_at_once_one_wins(db: Connection, database_url: str) -> None:
    codes = [create_code(db, str(number)) for number in range(1, CODES + 1)]
    barrier = threading.Barrier(REDEEMERS, timeout=60)

    def run(redeemer: int) -> list[str]:
        answers = []
        with psycopg.connect(database_url, autocommit=True) as own:
            for number, code in enumerate(codes, 1):
                barrier.wait()
                answers.append(redeem(own, code, str(number * 1000 + redeemer), "discord").status)
        return answers

    with ThreadPoolExecutor(REDEEMERS) as pool:
        by_code = zip(*pool.map(run, range(REDEEMERS)), strict=True)
        assert Counter(tuple(sorted(answers)) for answers in by_code) == {
            ("invalid",) * (REDEEMERS - 1) + ("linked",): CODES
        }
    owners = value(db, "SELECT count(DISTINCT user_id) FROM ttfd.platform_accounts WHERE platform = 'discord'")
    assert (owners, value(db, "SELECT count(*) FROM ttfd.platform_accounts")) == (CODES, 2 * CODES)
    assert violations(db) == []


def test_guessing_finds_nothing_and_stops_after_five(db: Connection) -> None:
    """200 accounts a minute guess until they are locked: a thousand guesses, which is when the platform locks too."""
    set_time(db, "2026-03-01 12:00Z")
    codes = [create_code(db, str(number)) for number in range(1, 1001)]
    db.execute("UPDATE ttfd.link_codes SET expires_at = 'infinity'")
    answers: Counter[tuple[int, str]] = Counter()
    for minute in range(MINUTES):
        set_time(db, f"2026-03-01 {12 + minute // 60}:{minute % 60:02}Z")
        answers.update(
            db.execute(
                "SELECT n.attempt, r.status FROM generate_series(1, 200) a (account)"
                " CROSS JOIN generate_series(1, 7) n (attempt)"
                " CROSS JOIN LATERAL ttfd.redeem_link_code("
                "   ttfd.generate_link_code(), 'discord', (%s * 1000 + a.account)::text) r",
                [minute + 1],
            ).fetchall()
        )
    guessed = 200 * MINUTES
    assert answers == {
        **{(attempt, "invalid"): guessed for attempt in range(1, 6)},
        **{(attempt, "locked"): guessed for attempt in (6, 7)},
    }
    set_time(db, "2026-03-01 18:00Z")
    assert {redeem(db, code, str(number), "discord").status for number, code in enumerate(codes, 10**6)} == {"linked"}
