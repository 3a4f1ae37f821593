"""Leaderboards by every metric beside a plain model, whatever happens to members.

``TTFD_STANDING_STEPS=20000`` takes more steps than the default run.
"""

import contextlib
import os
import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from calls import Connection, apply_event, get_user, new_id, process_events, record_event, rows, violations

STEPS = int(os.environ.get("TTFD_STANDING_STEPS", "400"))
COLUMNS = {
    "coins": "coins",
    "messages": "messages_sent",
    "voice": "total_voice_time",
    "games": "games_played",
    "wins": "games_won",
}
PLATFORMS = ["telegram", "discord", "website"]


def external_id(platform: str, number: int) -> str:
    return f"member{number}@example.org" if platform == "website" else str(number)


def some_event(dice: random.Random) -> tuple[str, dict[str, object]]:
    kind = dice.choice(["message_sent", "voice_time", "game_played", "game_played"])
    return kind, {
        "message_sent": {},
        "voice_time": {"seconds": dice.choice([60, 120])},
        "game_played": {"coins": dice.choice([0, 1, 2, 64]), "won": dice.random() < 0.5},
    }[kind]


class Model:
    """Who has how much since when, told by what happened and not by what ttfd says."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], int] = {}
        self.since: dict[tuple[int, str], int] = {}

    def gain(self, user_id: int, kind: str, data: dict[str, Any], minute: int) -> None:
        gains = {
            "message_sent": {"messages": 1},
            "voice_time": {"voice": data.get("seconds", 0)},
            "game_played": {"games": 1, "wins": int(data.get("won", False)), "coins": data.get("coins", 0)},
        }[kind]
        for metric, amount in gains.items():
            if amount:
                self.values[user_id, metric] = self.values.get((user_id, metric), 0) + amount
                self.since[user_id, metric] = max(self.since.get((user_id, metric), 0), minute)

    def board(self, metric: str, members: list[int]) -> list[tuple[int, int]]:
        have = [
            (-self.values.get((member, metric), 0), self.since.get((member, metric), 0), member) for member in members
        ]
        return [(member, -amount) for amount, _, member in sorted(have)]


def test_equals_stand_by_who_was_there_first_however_events_come(db: Connection) -> None:
    dice = random.Random(3)
    model = Model()
    waiting: list[tuple[int, str, dict[str, object], int]] = []
    db.execute("UPDATE ttfd.ranks SET coins = 0")
    ids = [get_user(db, str(number)) for number in range(1, 9)]
    hidden: set[int] = set()
    for step in range(STEPS):
        db.execute(
            "SELECT set_config('ttfd.now', (TIMESTAMPTZ '2036-03-01 00:00Z' + %s * INTERVAL '1 minute')::text, false)",
            [step],
        )
        for _ in range(dice.randint(0, 3)):
            number = dice.randrange(8)
            kind, data = some_event(dice)
            if dice.random() < 0.5:
                apply_event(db, kind, data, external_id=str(number + 1))
                model.gain(ids[number], kind, data, step)
            else:
                record_event(db, kind, data, external_id=str(number + 1))
                waiting.append((ids[number], kind, data, step))
        if dice.random() < 0.1:
            member = dice.choice(ids)
            hidden ^= {member}
            rows(db, "SELECT * FROM ttfd.set_hidden(%s, %s)", member, member in hidden)
        if dice.random() < 0.3:
            while process_events(db, 5).remaining:
                pass
            for event in waiting:
                model.gain(*event)
            waiting.clear()
        for metric in COLUMNS:
            seen = rows(db, "SELECT user_id, value FROM ttfd.list_leaderboard(%s)", metric)
            assert seen == model.board(metric, [member for member in ids if member not in hidden])
    assert violations(db) == []


def whole_board(db: Connection, metric: str, limit: int) -> list[Any]:
    seen: list[Any] = []
    after = None
    while page := rows(db, "SELECT * FROM ttfd.list_leaderboard(%s, %s, %s)", metric, limit, after):
        seen += page
        after = page[-1].cursor
    return seen


def check_board(db: Connection, metric: str, dice: random.Random) -> None:
    """Pages, positions and neighbours say the same, and what the members have."""
    board = whole_board(db, metric, dice.randint(1, 9))
    truth = rows(db, f"SELECT id, {COLUMNS[metric]} FROM ttfd.unified_users WHERE is_listed")  # type: ignore[arg-type]
    assert sorted((found.user_id, found.value) for found in board) == sorted(truth)
    assert [found.value for found in board] == sorted((amount for _, amount in truth), reverse=True)
    assert [found.position for found in board] == list(range(1, len(board) + 1))
    for index in dice.sample(range(len(board)), min(3, len(board))):
        place = rows(db, "SELECT position, value, total FROM ttfd.get_position(%s, %s)", board[index].user_id, metric)
        assert place == [(index + 1, board[index].value, len(board))]
        near = rows(db, "SELECT position, user_id FROM ttfd.list_neighbours(%s, %s, 2)", board[index].user_id, metric)
        assert near == [(found.position, found.user_id) for found in board[max(0, index - 2) : index + 3]]


def some_step(db: Connection, dice: random.Random) -> Callable[[], object]:
    ids = [found.id for found in rows(db, "SELECT id FROM ttfd.unified_users WHERE forgotten_at IS NULL ORDER BY id")]
    one, two = dice.choice(ids), dice.choice(ids)
    platform = dice.choice(PLATFORMS)
    name = external_id(platform, dice.randint(1, 12))
    coins = dice.choice([1, 5, 70])
    return dice.choice(
        [
            lambda: apply_event(db, *some_event(dice), external_id=name, platform=platform),
            lambda: apply_event(db, *some_event(dice), external_id=name, platform=platform),
            lambda: record_event(db, *some_event(dice), external_id=name, platform=platform),
            lambda: rows(db, "SELECT * FROM ttfd.award(%s, %s, 0, %s, 'test')", new_id(), one, coins),
            lambda: rows(db, "SELECT * FROM ttfd.spend_coins(%s, %s, %s, 'test')", new_id(), one, coins),
            lambda: rows(db, "SELECT * FROM ttfd.transfer_coins(%s, %s, %s, %s)", new_id(), one, two, coins),
            lambda: rows(db, "SELECT * FROM ttfd.claim_daily(%s, %s, %s)", new_id(), platform, name),
            lambda: rows(db, "SELECT * FROM ttfd.set_hidden(%s, %s)", one, dice.random() < 0.5),
            lambda: rows(db, "SELECT * FROM ttfd.merge_users(%s, %s, 'test')", one, two),
            lambda: rows(db, "SELECT ttfd.undo_merge((SELECT max(id) FROM ttfd.user_merges WHERE undone_at IS NULL))"),
            lambda: rows(db, "SELECT * FROM ttfd.forget_user(%s)", one) if dice.random() < 0.1 else None,
            lambda: process_events(db, dice.choice([1, 3, 1000])),
            lambda: process_events(db, 1000),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_every_board_says_what_members_have_whatever_happens(db: Connection, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(1, 13):
        for platform in PLATFORMS:
            get_user(db, external_id(platform, number), platform)
    for step in range(STEPS // 2):
        db.execute(
            "SELECT set_config('ttfd.now', (TIMESTAMPTZ '2036-03-01 00:00Z' + %s * INTERVAL '5 minutes')::text, false)",
            [step],
        )
        with contextlib.suppress(psycopg.DatabaseError), db.transaction():
            some_step(db, dice)()
        check_board(db, dice.choice(list(COLUMNS)), dice)
    assert violations(db) == []
    process_events(db, 1000)
    assert violations(db) == []
    for metric in COLUMNS:
        check_board(db, metric, dice)
