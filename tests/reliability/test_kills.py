"""Workers and the server are killed under load; clients resend when in doubt. Nothing is lost, nothing counts twice.

In full: ``TTFD_SOAK_EVENTS=100000 TTFD_SOAK_KILLS=200 TTFD_SOAK_STOPS=20``.
"""

import random
import time

from soaking import (
    Senders,
    check_ledger,
    crash,
    durable_server,
    report,
    scaled,
    start_worker,
    two_workers,
    wait_until_drained,
)

EVENTS = scaled("EVENTS", 1600)
KILLS = scaled("KILLS", 6)
STOPS = scaled("STOPS", 2)


def test_killed_workers_and_servers_lose_and_double_nothing() -> None:
    dice = random.Random(1)
    harms = ["kill"] * KILLS + ["stop"] * STOPS
    dice.shuffle(harms)
    with durable_server() as server, two_workers(server.url) as workers:
        with Senders(server.url, EVENTS) as senders:
            for number, harm in enumerate(harms, 1):
                # In step with the senders, so that all of it happens under load.
                while senders.are_sending and len(senders.ids) < EVENTS * number / (len(harms) + 2):
                    time.sleep(0.01)
                if harm == "stop":
                    crash(server)
                else:
                    victim = workers.pop(0)
                    victim.kill()
                    victim.wait()
                    workers.append(start_worker(server.url))
        seconds = wait_until_drained(server.url)
        check_ledger(server.url, senders.ids)
    assert len(senders.ids) >= EVENTS // 8 * 8
    report(
        "Workers killed, server stopped at once, under load",
        scale=f"{len(senders.ids):,} events from 8 clients, {KILLS} kills, {STOPS} stops, {senders.doubts} resends",
        result=f"0 lost, 0 doubled, drained {seconds:.1f} s after the last event, integrity sound",
    )
