"""Members who write, talk and play, through the same client that a bot uses."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterable
from typing import Any

import psycopg

from ttfd import Client, TtfdError, new_event_id

from .sample import Account

log = logging.getLogger("ttfd.demo")

_ACTIVE_MEMBERS = 150


class Members:
    """Acts for some of the accounts, a few times a second, until stopped.

    Parameters:
        url: the database.
        accounts: platform and external id of whoever may act.
        events_a_second: mean rate.
        seed: makes the choice of members and acts repeatable.
    """

    def __init__(self, url: str, accounts: Iterable[Account], *, events_a_second: float = 8.0, seed: int = 1) -> None:
        self._url = url
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        chosen = sorted(account for account in accounts if account[0] != "website")
        self._random.shuffle(chosen)
        self._accounts = chosen[:_ACTIVE_MEMBERS]
        self._rate = events_a_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._act, name="members")
        self.sent = 0

    def __enter__(self) -> Members:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join()

    def _act(self) -> None:
        with Client(self._url) as client:
            while not self._stop.wait(self._random.expovariate(self._rate)):
                platform, external_id = self._choose_account()
                event_type, data = self._choose_act(platform)
                try:
                    client.record_event(new_event_id(), platform, external_id, event_type, data)
                    self.sent += 1
                except (TtfdError, psycopg.Error) as error:
                    log.warning("an event was not recorded: %s", error)

    def _choose_account(self) -> Account:
        """Few members are busy, most are quiet."""
        return self._accounts[int(len(self._accounts) * self._random.random() ** 2.5)]

    def _choose_act(self, platform: str) -> tuple[str, dict[str, Any]]:
        dice = self._random.random()
        if platform == "discord" and dice < 0.35:
            seconds = self._random.randint(60, 1800)
            return "voice_time", {
                "seconds": seconds,
                "idle_seconds": int(seconds * self._random.random() * 0.3),
            }
        if dice < 0.55:
            won = self._random.random() < 0.4
            return "game_played", {
                "game_type": self._random.choice(["guess", "quiz", "spin"]),
                "won": won,
                "xp": 50 if won else 5,
                "coins": self._random.randint(10, 90) if won else 0,
            }
        return "message_sent", {}
