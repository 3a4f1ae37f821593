"""Many workers and many senders on few members.

``TTFD_LOAD_SECONDS=60`` runs as long as the project promises; a few seconds by default.
"""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from ttfd import Client, new_event_id
from ttfd.worker import Worker

SECONDS = float(os.environ.get("TTFD_LOAD_SECONDS", "5"))
MEMBERS = 200
WORKERS = 6
WRITERS = 8
SESSIONS = 64
EVENTS = 10_000


def deadlocks(db: psycopg.Connection) -> int:
    row = db.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


def test_many_workers_and_writers_never_deadlock(db: psycopg.Connection, database_url: str) -> None:
    end = time.monotonic() + SECONDS

    def write(number: int) -> int:
        dice = random.Random(number)
        with Client(database_url) as client:
            sent = 0
            while time.monotonic() < end:
                platform = dice.choice(["telegram", "discord"])
                member = str(dice.randint(1, MEMBERS))
                send = dice.choice([client.record_event, client.apply_event])
                send(new_event_id(), platform, member, "game_played", {"xp": dice.randint(0, 100)})
                sent += 1
            return sent

    workers = [Worker(database_url, limit=dice) for dice in (50, 100, 200, 500, 1000, 2000)][:WORKERS]
    running = [threading.Thread(target=worker.run) for worker in workers]
    for thread in running:
        thread.start()
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            sent = sum(pool.map(write, range(WRITERS)))
        deadline = time.monotonic() + 30
        while Client(db).feed_state().pending and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        for worker in workers:
            worker.stop()
        for thread in running:
            thread.join()

    assert deadlocks(db) == 0
    assert sum(worker.failed for worker in workers) == 0
    played = db.execute("SELECT sum(games_played) FROM ttfd.unified_users").fetchone()
    assert played == (sent,)
    assert Client(db).verify_integrity() == []


def test_many_sessions_on_one_member_add_up_exactly(db: psycopg.Connection, database_url: str) -> None:
    Client(db).get_or_create_user("telegram", "1")

    def play(number: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            client = Client(connection)
            for _ in range(EVENTS // SESSIONS + (number < EVENTS % SESSIONS)):
                client.apply_event(new_event_id(), "telegram", "1", "game_played", {"xp": 1, "coins": 2})

    with ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(play, range(SESSIONS)))
    while Client(db).process_events(5000).remaining:
        pass
    member = Client(db).find_user("telegram", "1")
    assert member is not None
    rewards = db.execute("SELECT sum(coins) FROM ttfd.ranks WHERE required_xp <= 10000").fetchone()
    assert rewards is not None
    assert (member.xp, member.coins) == (EVENTS, 2 * EVENTS + rewards[0])
    assert Client(db).verify_integrity() == []
