"""Merges against each other, against events and against their own undoing.

``TTFD_MERGE_LOAD=1`` runs at the size that the project promises (500 rounds, 1,000 pairs); a fraction by default.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    refused,
    rows,
    set_time,
    value,
    violations,
)
from links import create_code, merge, redeem, set_user, state, undo, unlink

IS_FULL = "TTFD_MERGE_LOAD" in os.environ
ROUNDS = 500 if IS_FULL else 30
PAIRS = 1000 if IS_FULL else 40
STEPS = 2000 if IS_FULL else 150

REFUSALS = {"TL001", "TL002", "TL003", "TL004", "TM001", "TM002", "TE002"}


def deadlocks(db: Connection) -> int:
    return int(value(db, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


def attempt(job: Callable[[], Any]) -> str:
    """The status that the call answers, or the SQLSTATE of a refusal that may happen."""
    try:
        found = job()
    except psycopg.Error as error:
        if error.sqlstate not in REFUSALS:
            raise
        return str(error.sqlstate)
    return str(getattr(found, "status", "done"))


def rounds(url: str, count: int, jobs: list[Callable[[Connection, int], Any]]) -> list[list[Any]]:
    """Run all jobs at the same moment, count times, each on a connection of its own; their answers by round."""
    barrier = threading.Barrier(len(jobs), timeout=60)

    def run(job: Callable[[Connection, int], Any]) -> list[Any]:
        answers = []
        with psycopg.connect(url, autocommit=True) as own:
            for number in range(count):
                barrier.wait()
                try:
                    answers.append(job(own, number))
                except BaseException:
                    barrier.abort()
                    raise
        return answers

    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(run, job) for job in jobs]
    # A job that fails breaks the barrier for the others: what it says is the error to show.
    futures.sort(key=lambda future: isinstance(future.exception(), threading.BrokenBarrierError))
    return [list(answers) for answers in zip(*(future.result() for future in futures), strict=True)]


def test_two_merges_of_a_pair_crosswise_among_events_make_one_user(db: Connection, database_url: str) -> None:
    pairs = [(get_user(db, str(n)), get_user(db, str(n), "discord")) for n in range(1, ROUNDS + 1)]

    def play(platform: str, send: Callable[..., Any]) -> Callable[[Connection, int], Any]:
        return lambda own, n: [
            send(own, "game_played", {"xp": 1, "coins": 1}, external_id=str(n + 1), platform=platform) for _ in range(3)
        ]

    answers = rounds(
        database_url,
        ROUNDS,
        [
            lambda own, n: merge(own, *pairs[n]).status,
            lambda own, n: merge(own, *reversed(pairs[n])).status,
            play("telegram", apply_event),
            play("discord", apply_event),
            play("telegram", record_event),
            play("discord", record_event),
            lambda own, _: process_events(own),
            lambda own, n: violations(own) if n % 10 == 0 else [],
        ],
    )
    assert Counter(tuple(sorted(seen[:2])) for seen in answers) == {("already_linked", "merged"): ROUNDS}
    assert all(seen[-1] == [] for seen in answers)
    process_all(db)
    assert violations(db) == []
    assert deadlocks(db) == 0
    live = rows(db, "SELECT xp, coins, games_played FROM ttfd.unified_users WHERE merged_into IS NULL")
    assert Counter(tuple(user) for user in live) == {(12, 12, 12): ROUNDS}


def test_of_two_unlinks_at_once_one_is_refused(db: Connection, database_url: str) -> None:
    users = [redeem(db, create_code(db, str(n)), str(n)).user_id for n in range(1, ROUNDS + 1)]
    answers = rounds(
        database_url,
        ROUNDS,
        [
            lambda own, n: attempt(lambda: unlink(own, users[n], "telegram")),
            lambda own, n: attempt(lambda: unlink(own, users[n], "discord")),
        ],
    )
    assert {tuple(sorted(seen)) for seen in answers} == {("TL003", "unlinked")}
    assert violations(db) == []
    assert deadlocks(db) == 0


def test_whatever_happens_at_once_nobody_is_lost_and_the_books_balance(db: Connection, database_url: str) -> None:
    """Eight people who merge, undo, link and unlink a few accounts as they like, while events go on."""
    platforms = ("telegram", "discord", "website")
    accounts = [
        (platform, f"{n}@example.org" if platform == "website" else str(n))
        for n in range(1, 7)
        for platform in platforms
    ]
    for platform, external_id in accounts:
        get_user(db, external_id, platform)

    def act(own: Connection, dice: random.Random) -> str:
        platform, external_id = dice.choice(accounts)
        other_platform, other_id = dice.choice(accounts)
        user_id = get_user(own, external_id, platform, dice.choice(["anna", "boris"]))
        other = get_user(own, other_id, other_platform)
        what = dice.choice(["merge", "undo", "unlink", "link", "verify", "apply", "record", "process"])
        if what == "merge":
            return attempt(lambda: merge(own, user_id, other))
        if what == "undo":
            merges = rows(own, "SELECT id FROM ttfd.user_merges WHERE undone_at IS NULL")
            return attempt(lambda: undo(own, dice.choice(merges).id)) if merges else "none"
        if what == "unlink":
            return attempt(lambda: unlink(own, user_id, dice.choice(platforms)))
        if what == "link":
            return attempt(lambda: redeem(own, create_code(own, other_id, other_platform), external_id, platform))
        if what == "verify":
            verified = "SELECT * FROM ttfd.link_verified_account(%s, %s, %s)"
            return attempt(lambda: rows(own, verified, other, platform, external_id))
        if what == "process":
            return attempt(lambda: process_events(own, 20))
        send = apply_event if what == "apply" else record_event
        return attempt(lambda: send(own, "game_played", {"xp": 3, "coins": 2}, None, external_id, platform))

    def run(seed: int) -> Counter[str]:
        dice = random.Random(seed)
        with psycopg.connect(database_url, autocommit=True) as own:
            seen = Counter(act(own, dice) for _ in range(STEPS))
            assert violations(own) == []
        return seen

    with ThreadPoolExecutor(8) as pool:
        seen = sum(pool.map(run, range(8)), Counter[str]())
    process_all(db)
    assert violations(db) == []
    assert deadlocks(db) == 0
    assert {"merged", "unlinked", "linked", "done"} <= set(seen), seen
    earned = value(db, "SELECT sum(xp) FROM ttfd.unified_users")
    assert earned == 3 * value(db, "SELECT count(*) FROM ttfd.cross_platform_events WHERE event_type = 'game_played'")


COUNTED = ("xp", "coins", "messages_sent", "total_voice_time", "games_played", "games_won")
FOLLOW_XP = ("rank_id", "rank_xp", "next_rank_xp", "highest_rank_id", "xp_since", "last_active")


def send_randomly(db: Connection, dice: random.Random, platform: str, external_id: str, minute: int) -> None:
    set_time(db, f"2026-03-01 {minute // 60:02}:{minute % 60:02}Z")
    event_type, data = dice.choice(
        [
            ("message_sent", {}),
            ("voice_time", {"seconds": dice.randint(1, 9000)}),
            ("game_played", {"xp": dice.randint(0, 100), "coins": dice.randint(0, 50), "won": dice.random() < 0.5}),
            ("xp_change", {"xp": dice.randint(0, 4000)}),
            ("coins_change", {"coins": dice.randint(0, 500)}),
        ]
    )
    send = dice.choice([apply_event, record_event])
    send(db, event_type, data, None, external_id, platform)


def without(user: dict[str, Any], *columns: str) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name not in columns}


@pytest.mark.parametrize("is_earning", [False, True])
def test_merging_and_undoing_restores_both(db: Connection, is_earning: bool) -> None:
    for number in range(1, PAIRS // 2 + 1):
        dice = random.Random(number)
        accounts = [("telegram", str(number)), ("discord", str(number))]
        users = [get_user(db, external_id, platform, f"m{dice.random()}") for platform, external_id in accounts]
        for minute in range(dice.randint(0, 12)):
            send_randomly(db, dice, *dice.choice(accounts), minute)
        for user_id in users:
            achievements = dice.sample(["a", "b", "c", "d"], dice.randint(0, 4))
            set_user(db, user_id, achievements=achievements, daily_streak=dice.randint(0, 40))
        process_all(db)
        dice.shuffle(users)
        before = [state(db, user_id) for user_id in users]
        mark = value(db, "SELECT last_value FROM ttfd.event_seq")

        merge_id = merge(db, *users).merge_id
        if is_earning:
            for minute in range(dice.randint(1, 8)):
                send_randomly(db, dice, *dice.choice(accounts), 30 + minute)
            process_all(db)
        undo(db, merge_id)

        after = [state(db, user_id) for user_id in users]
        assert after[1] == before[1]
        if not is_earning:
            assert after[0] == before[0]
            continue
        (earned,) = rows(
            db,
            "SELECT coalesce(sum(xp), 0)::bigint AS xp, coalesce(sum(coins), 0)::bigint AS coins,"
            " count(*) FILTER (WHERE event_type = 'message_sent') AS messages_sent,"
            " coalesce(sum((data ->> 'seconds')::bigint), 0)::bigint AS total_voice_time,"
            " count(*) FILTER (WHERE event_type = 'game_played') AS games_played,"
            " count(*) FILTER (WHERE event_type = 'game_played' AND data @> '{\"won\": true}') AS games_won"
            " FROM ttfd.cross_platform_events WHERE user_id = %s AND seq > %s"
            " AND event_type NOT IN ('accounts_merged', 'merge_undone')",
            users[0],
            mark,
        )
        for column in COUNTED:
            assert after[0]["user"][column] == before[0]["user"][column] + getattr(earned, column), column
        assert without(after[0]["user"], *COUNTED, *FOLLOW_XP) == without(before[0]["user"], *COUNTED, *FOLLOW_XP)
        assert after[0]["accounts"] == before[0]["accounts"]
        assert all(window["starts_at"] in str(after[0]["windows"]) for window in before[0]["windows"] or [])
    process_all(db)
    assert violations(db) == []


def test_what_was_spent_is_not_given_back(db: Connection) -> None:
    for number in range(1, PAIRS // 10 + 1):
        dice = random.Random(number)
        users = [get_user(db, str(number)), get_user(db, str(number), "discord")]
        owned = [dice.randint(1, 100) for _ in users]
        for platform, coins in zip(("telegram", "discord"), owned, strict=True):
            apply_event(db, "coins_change", {"coins": coins}, None, str(number), platform)
        merge_id = merge(db, *users).merge_id
        spent = dice.randint(0, sum(owned))
        apply_event(db, "coins_change", {"coins": -spent}, None, str(number))
        if spent > owned[0]:
            with refused(db, "TM002"):
                undo(db, merge_id)
        else:
            undo(db, merge_id)
    assert violations(db) == []
