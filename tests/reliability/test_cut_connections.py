"""The network between clients and server is cut in the midst of calls; clients resend."""

import random
import time

from psycopg.conninfo import make_conninfo

from networks import network
from soaking import Senders, check_ledger, durable_server, report, scaled, two_workers, wait_until_drained

EVENTS = scaled("CUT_EVENTS", 800)
CUTS = scaled("CONNECTION_CUTS", 30)


def test_connections_that_are_cut_lose_and_double_nothing() -> None:
    dice = random.Random(1)
    with durable_server() as server, network(server) as between:
        url = make_conninfo(server.url, host="127.0.0.1", port=between.port)
        with two_workers(url):
            with Senders(url, EVENTS) as senders:
                for number in range(1, CUTS + 1):
                    while senders.are_sending and len(senders.ids) < EVENTS * number / (CUTS + 2):
                        time.sleep(0.002)
                    time.sleep(dice.random() * 0.01)
                    between.cut()
            seconds = wait_until_drained(server.url)
        check_ledger(server.url, senders.ids)
    report(
        "Connections cut under load",
        scale=f"{len(senders.ids):,} events from 8 clients, {CUTS} cuts of all connections, {senders.doubts} resends",
        result=f"0 lost, 0 doubled, drained {seconds:.1f} s after the last event, integrity sound",
    )
