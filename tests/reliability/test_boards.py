"""Leaderboards while everything moves.

``TTFD_BOARD_WALKS=10000`` walks the pages as often as the project promises; fewer walks run by default.
"""

import contextlib
import os
import random
import threading
from typing import Any

import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    process_all,
    process_events,
    record_event,
    rows,
    together,
    violations,
)
from seasons import tend_seasons

WALKS = int(os.environ.get("TTFD_BOARD_WALKS", "200"))
MEMBERS = 40
STILL = 20


METRICS = ["xp", "season", "coins", "messages", "voice", "games", "wins"]


def some_event(dice: random.Random) -> tuple[str, dict[str, object]]:
    kind = dice.choice(["message_sent", "voice_time", "game_played"])
    return kind, {
        "message_sent": {},
        "voice_time": {"seconds": dice.choice([1, 60, 600])},
        "game_played": {"xp": dice.choice([1, 5, 60]), "coins": dice.choice([0, 1, 64]), "won": dice.random() < 0.5},
    }[kind]


def walk(db: Connection, metric: str, limit: int) -> list[int]:
    """The members of the whole board, page by page, each page as it is when it is asked for."""
    seen: list[int] = []
    after = None
    while page := rows(db, "SELECT user_id, cursor FROM ttfd.list_leaderboard(%s, %s, %s)", metric, limit, after):
        seen += [found.user_id for found in page]
        after = page[-1].cursor
    return seen


@pytest.mark.parametrize("metric", METRICS)
def test_walks_during_change_show_nobody_twice_and_miss_nobody_who_stays(database_url: str, metric: str) -> None:
    done = threading.Event()

    def climb(db: Connection) -> None:
        dice = random.Random(1)
        while not done.is_set():
            for _ in range(dice.randint(1, 6)):
                send = dice.choice([apply_event, record_event])
                send(db, *some_event(dice), external_id=str(dice.randint(STILL + 1, MEMBERS)))
            process_events(db, dice.choice([1, 3, 100]))

    with psycopg.connect(database_url, autocommit=True) as db:
        ids = [get_user(db, str(number)) for number in range(1, MEMBERS + 1)]
        tend_seasons(db)
        for number in range(1, MEMBERS + 1):
            for _ in range(1 + number % 7):
                apply_event(db, "game_played", {"xp": 50, "coins": 3, "won": True}, external_id=str(number))
                apply_event(db, "voice_time", {"seconds": 60}, external_id=str(number))
                apply_event(db, external_id=str(number))
        process_all(db)
        climber = threading.Thread(target=lambda: together(database_url, [climb]))
        climber.start()
        try:
            for turn in range(WALKS):
                seen = walk(db, metric, 1 + turn % 9)
                assert len(seen) == len(set(seen))
                assert set(ids[:STILL]) <= set(seen)
        finally:
            done.set()
            climber.join()
        process_all(db)
        assert violations(db) == []


def test_counts_are_exact_whoever_writes(database_url: str) -> None:
    def write(seed: int) -> Any:
        def job(db: Connection) -> None:
            dice = random.Random(seed)
            for _ in range(60):
                who = str(dice.randint(1, 12))
                xp = dice.choice([-70, -1, 1, 5, 64, 300])
                with contextlib.suppress(psycopg.errors.CheckViolation):  # Nobody has less than nothing.
                    dice.choice([apply_event, record_event])(db, "xp_change", {"xp": xp}, external_id=who)
                if dice.random() < 0.1:
                    user_id = get_user(db, who)
                    rows(db, "SELECT * FROM ttfd.set_hidden(%s, %s)", user_id, dice.random() < 0.5)

        return job

    def work(db: Connection) -> None:
        for _ in range(150):
            process_events(db, 20)

    together(database_url, [*(write(seed) for seed in range(8)), work])
    with psycopg.connect(database_url, autocommit=True) as db:
        assert violations(db) == []
        process_all(db)
        assert violations(db) == []
        listed = rows(db, "SELECT position, user_id FROM ttfd.list_leaderboard('xp')")
        for found in listed:
            assert rows(db, "SELECT position FROM ttfd.get_position(%s)", found.user_id) == [(found.position,)]
