"""Any interleaving of what can happen to the engine, against a plain model of the rules.

``TTFD_ENGINE_EXAMPLES=500`` runs as many examples of 60 steps as the project promises; fewer run by default.
"""

import datetime as dt
import json
import math
import os
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import hypothesis.strategies as st
import psycopg
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

EXAMPLES = int(os.environ.get("TTFD_ENGINE_EXAMPLES", "40"))
STEPS = 60

START = dt.datetime(2026, 3, 1, 23, 50, tzinfo=dt.UTC)
PLATFORMS = ("telegram", "discord")
MEMBERS = ("1", "2", "3")
LANES = {"telegram": 7, "discord": 1, "system": 0}
RANKS = (
    0,
    500,
    1250,
    2250,
    3500,
    5000,
    6750,
    8750,
    11000,
    13500,
    16250,
    19250,
    22500,
    26000,
    29750,
    33750,
    38000,
    42500,
)
REWARDS = (0, 50, 100, 150, 200, 300, 400, 500, 700, 900, 1200, 1500, 2000, 2500, 3000, 4000, 5000, 7000)


@dataclass(frozen=True)
class Rule:
    """One version of an event type."""

    xp: int = 0
    per_seconds: int | None = None
    max_seconds: int | None = None
    cooldown: int | None = None
    cap: int | None = None
    boostable: bool = True
    enabled: bool = True


@dataclass
class Event:
    """What the model knows of an event."""

    id: UUID
    seq: int
    platform: str
    user: int
    type: str
    data: dict[str, Any]
    at: dt.datetime
    granted: tuple[int, int, str | None] | None = None


@dataclass
class Member:
    """What the model knows of a member."""

    xp: int = 0
    coins: int = 0
    messages: int = 0
    voice: int = 0
    games: int = 0
    wins: int = 0
    highest: int = 0


@dataclass
class Model:
    """The rules in plain Python: no sets, no windows functions, one event after the other."""

    rules: dict[str, list[tuple[dt.datetime, Rule]]]
    members: dict[int, Member] = field(default_factory=dict)
    windows: set[tuple[int, str, dt.datetime]] = field(default_factory=set)
    days: dict[tuple[int, str, dt.date], int] = field(default_factory=dict)
    boosts: list[tuple[dt.datetime, dt.datetime, str | None, float]] = field(default_factory=list)
    pending: list[Event] = field(default_factory=list)
    failed: dict[UUID, Event] = field(default_factory=dict)
    applied: dict[UUID, Event] = field(default_factory=dict)

    def rule_of(self, event: Event) -> Rule | None:
        found = None
        for valid_from, version in self.rules.get(event.type, []):
            if valid_from <= event.at:
                found = version
        return found

    def grant(self, event: Event) -> bool:
        """Apply the rules to one event. False when it cannot be applied."""
        found = self.rule_of(event)
        if found is None:
            return False
        member = self.members.setdefault(event.user, Member())
        if event.type == "message_sent":
            member.messages += 1
        if event.type == "voice_time":
            member.voice += min(event.data["seconds"], found.max_seconds or 10**9)
        if event.type == "game_played":
            member.games += 1
            member.wins += event.data.get("won") is True
        event.granted = self.judge(event, found)
        self.add(member, event.granted[0], event.granted[1])
        return True

    def judge(self, event: Event, found: Rule) -> tuple[int, int, str | None]:
        if not found.enabled:
            return 0, 0, "disabled"
        idle = min(event.data.get("idle_seconds", 0), event.data.get("seconds", 0))
        xp, coins = event.data.get("xp", found.xp), event.data.get("coins", 0)
        if found.per_seconds and "xp" not in event.data:
            counted = min(event.data["seconds"] - idle, found.max_seconds or 10**9)
            xp = found.xp * (counted // found.per_seconds)
        factor = max(
            (
                factor
                for begin, end, only, factor in self.boosts
                if found.boostable and begin <= event.at < end and only in (None, event.type)
            ),
            default=None,
        )
        if factor is not None:
            xp, coins = math.floor(xp * factor), math.floor(coins * factor)
        if found.cooldown and (xp or coins):
            start = dt.datetime.fromtimestamp(event.at.timestamp() // found.cooldown * found.cooldown, dt.UTC)
            if (event.user, event.type, start) in self.windows:
                return 0, 0, "cooldown"
            self.windows.add((event.user, event.type, start))
        notes = []
        if found.cap is not None and xp > 0:
            day = (event.user, event.type, event.at.date())
            room = max(0, found.cap - self.days.get(day, 0))
            if xp > room:
                xp = room
                notes.append("daily_cap")
            self.days[day] = self.days.get(day, 0) + xp
        if idle:
            notes.append("idle")
        if factor is not None:
            notes.append(f"boost ×{factor:g}")
        return xp, coins, ", ".join(notes) or None

    def add(self, member: Member, xp: int, coins: int) -> None:
        member.xp += xp
        member.coins += coins
        rank = max(index for index, threshold in enumerate(RANKS) if threshold <= member.xp)
        if rank > member.highest:
            member.coins += sum(REWARDS[member.highest + 1 : rank + 1])
            member.highest = rank

    def process(self, limit: int) -> tuple[int, int]:
        """Platforms take turns; what a batch holds is then judged in order of arrival."""
        turns: dict[int, int] = {}
        queue = []
        for event in sorted(self.pending, key=lambda event: event.seq):
            lane = LANES[event.platform]
            turns[lane] = turns.get(lane, 0) + 1
            queue.append((turns[lane], event.seq, event))
        batch = [event for _, _, event in sorted(queue, key=lambda item: item[:2])[:limit]]
        done = bad = 0
        for event in sorted(batch, key=lambda event: event.seq):
            self.pending.remove(event)
            if event.granted is not None or self.grant(event):
                self.applied[event.id] = event
                done += 1
            else:
                self.failed[event.id] = event
                bad += 1
        return done, bad


class Engine(RuleBasedStateMachine):
    """Does the same to the database and to the model."""

    db: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.transaction = self.db.transaction(force_rollback=True)
        self.transaction.__enter__()
        self.now = START
        self.seq = 0
        self.model = Model(
            rules={
                "message_sent": [(dt.datetime.min.replace(tzinfo=dt.UTC), Rule(xp=5, cooldown=60))],
                "voice_time": [
                    (
                        dt.datetime.min.replace(tzinfo=dt.UTC),
                        Rule(xp=1, per_seconds=20, max_seconds=86400, cap=600),
                    )
                ],
                "game_played": [(dt.datetime.min.replace(tzinfo=dt.UTC), Rule())],
            }
        )
        self.users: dict[tuple[str, str], int] = {}

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.transaction.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.tick(0)
        for member in MEMBERS:
            user = self.one("SELECT user_id FROM ttfd.get_or_create_user('telegram', %s)", member)[0]
            self.db.execute("SELECT status FROM ttfd.link_verified_account(%s, 'discord', %s)", [user, member])
            self.users |= {(platform, member): user for platform in PLATFORMS}
            self.model.members[user] = Member()
        self.db.execute("SELECT ttfd.process_events()")  # The model knows nothing of the links that are told.

    # Steps

    @rule(seconds=st.integers(1, 4000))
    def tick(self, seconds: int) -> None:
        self.now += dt.timedelta(seconds=seconds)
        self.db.execute("SELECT set_config('ttfd.now', %s, false)", [self.now.isoformat()])

    @rule(
        platform=st.sampled_from(PLATFORMS),
        member=st.sampled_from(MEMBERS),
        content=st.one_of(
            st.just(("message_sent", {})),
            st.tuples(
                st.just("voice_time"),
                st.fixed_dictionaries(
                    {"seconds": st.integers(0, 20_000)}, optional={"idle_seconds": st.integers(0, 5_000)}
                ),
            ),
            st.tuples(
                st.just("game_played"),
                st.fixed_dictionaries(
                    {"xp": st.integers(0, 100)}, optional={"coins": st.integers(0, 1000), "won": st.booleans()}
                ),
            ),
        ),
        late=st.sampled_from([0, 0, 0, 30, 90, 3600, 90_000]),
        how=st.sampled_from(["record", "record", "apply", "bulk"]),
    )
    def send(self, platform: str, member: str, content: tuple[str, dict[str, Any]], late: int, how: str) -> None:
        event_type, data = content
        event = Event(
            uuid4(), self.next_seq(), platform, self.users[platform, member], event_type, data,
            self.now - dt.timedelta(seconds=late if how == "bulk" else 0),
        )  # fmt: skip
        found = self.model.rule_of(event)
        assert found is not None
        arguments = [event.id, platform, member, event_type, json.dumps(data)]
        try:
            with self.db.transaction():
                if how == "bulk":
                    item = {
                        "event_id": str(event.id), "platform": platform, "external_id": member,
                        "event_type": event_type, "data": data, "occurred_at": event.at.isoformat(),
                    }  # fmt: skip
                    row = self.one("SELECT status, xp, coins, note FROM ttfd.record_events(%s)", json.dumps([item]))
                else:
                    row = self.one(
                        f"SELECT status, xp, coins, note FROM ttfd.{how}_event(%s, %s, %s, %s, %s)",
                        *arguments,
                    )
        except psycopg.DatabaseError as error:
            assert error.sqlstate == "TE001"
            assert not found.enabled
            return
        assert found.enabled
        if how == "apply":
            assert self.model.grant(event)
            assert row == ("applied", *(event.granted or ()))
        else:
            assert row == ("queued", None, None, None)
        self.model.pending.append(event)
        self.follow_rewards()

    @precondition(lambda self: self.model.applied or self.model.pending)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from([*self.model.pending, *self.model.applied.values()]))
        found = self.model.rule_of(replace(event, at=self.now))
        member = next(member for (_, member), user in self.users.items() if user == event.user)
        if found is None or not found.enabled or event.platform == "system":
            return
        row = self.one(
            "SELECT status, xp, coins, note FROM ttfd.apply_event(%s, %s, %s, %s, %s)",
            event.id, event.platform, member, event.type, json.dumps(event.data),
        )  # fmt: skip
        assert row in (("duplicate", *(event.granted or (None, None, None))), ("duplicate", None, None, "compacted"))

    @rule(limit=st.sampled_from([1, 2, 3, 7, 1000]))
    def process(self, limit: int) -> None:
        assert self.one("SELECT processed, failed FROM ttfd.process_events(%s)", limit) == self.model.process(limit)
        self.follow_rewards()

    @rule(member=st.sampled_from(MEMBERS))
    def send_what_nobody_knows(self, member: str) -> None:
        user = self.users["discord", member]
        event = Event(uuid4(), self.next_seq(), "discord", user, "mystery", {}, self.now)
        self.db.execute(
            "INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, occurred_at)"
            " VALUES (%s, %s, 'mystery', 'discord', %s)",
            [event.id, user, self.now],
        )
        self.model.pending.append(event)

    @precondition(lambda self: "mystery" not in self.model.rules)
    @rule(xp=st.integers(0, 50))
    def explain_the_mystery(self, xp: int) -> None:
        self.db.execute("INSERT INTO ttfd.event_types (name, xp) VALUES ('mystery', %s)", [xp])
        self.model.rules["mystery"] = [(dt.datetime.min.replace(tzinfo=dt.UTC), Rule(xp=xp))]

    @precondition(lambda self: self.model.failed)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(list(self.model.failed.values())))
        assert self.one("SELECT status FROM ttfd.retry_failed_event(%s)", event.id) == ("queued",)
        del self.model.failed[event.id]
        event.seq = self.next_seq()
        self.model.pending.append(event)

    @rule(
        name=st.sampled_from(["message_sent", "voice_time", "game_played"]),
        xp=st.integers(0, 20),
        cooldown=st.sampled_from([None, 60, 600]),
        cap=st.sampled_from([None, 100, 600]),
        enabled=st.sampled_from([True, True, True, False]),
    )
    def change_a_rule(self, name: str, xp: int, cooldown: int | None, cap: int | None, enabled: bool) -> None:
        versions = self.model.rules[name]
        changed = replace(versions[-1][1], xp=xp, cooldown=cooldown, cap=cap, enabled=enabled)
        self.db.execute(
            "UPDATE ttfd.event_types SET xp = %s, cooldown_seconds = %s, daily_xp_cap = %s, is_enabled = %s"
            " WHERE name = %s",
            [xp, cooldown, cap, enabled, name],
        )
        if versions[-1][0] == self.now:
            versions.pop()
        versions.append((self.now, changed))

    @rule(
        factor=st.sampled_from([0.5, 1.5, 2, 3]),
        only=st.sampled_from([None, "message_sent", "voice_time"]),
        seconds=st.integers(1, 7200),
    )
    def boost(self, factor: float, only: str | None, seconds: int) -> None:
        end = self.now + dt.timedelta(seconds=seconds)
        self.db.execute(
            "INSERT INTO ttfd.boosts (factor, starts_at, ends_at, event_types) VALUES (%s, %s, %s, %s)",
            [factor, self.now, end, None if only is None else [only]],
        )
        self.model.boosts.append((self.now, end, only, factor))

    @rule(back=st.sampled_from([0, 600, 86_400]))
    def compact(self, back: int) -> None:
        self.one("SELECT users FROM ttfd.compact_events(%s)", self.now - dt.timedelta(seconds=back))

    # What must hold

    @invariant()
    def balances_equal_the_ledger(self) -> None:
        assert self.db.execute("SELECT kind, user_id, expected, actual FROM ttfd.verify_integrity()").fetchall() == []

    def compare(self) -> None:
        rows = self.db.execute(
            "SELECT id, xp, coins, messages_sent, total_voice_time, games_played, games_won FROM ttfd.unified_users"
        ).fetchall()
        found = {user: numbers for user, *numbers in rows}
        wanted = {
            user: [member.xp, member.coins, member.messages, member.voice, member.games, member.wins]
            for user, member in self.model.members.items()
        }
        assert found == wanted
        ledger = dict(
            self.db.execute(
                "SELECT id, note FROM ttfd.cross_platform_events WHERE event_type <> 'rank_up' AND processed"
            )
        )
        for event in self.model.applied.values():
            if event.id in ledger and event.platform != "system":
                assert ledger[event.id] == (event.granted or (0, 0, None))[2]

    def follow_rewards(self) -> None:
        """Rank rewards are events of the database's own making: the model takes over that they wait."""
        known = {event.id for event in self.model.pending}
        for event_id, seq, user in self.db.execute(
            "SELECT id, seq, user_id FROM ttfd.cross_platform_events WHERE NOT processed AND event_type = 'rank_up'"
        ).fetchall():
            if event_id not in known:
                self.model.pending.append(
                    Event(event_id, seq, "system", user, "rank_up", {}, self.now, granted=(0, 0, None))
                )

    def next_seq(self) -> int:
        return self.one("SELECT last_value FROM ttfd.event_seq")[0] + 1

    def one(self, query: str, *arguments: Any) -> Any:
        (row,) = self.db.execute(query, arguments).fetchall()
        return row


def test_any_interleaving_equals_the_plain_model(db: psycopg.Connection[Any]) -> None:
    class Bound(Engine):
        pass

    Bound.db = db
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
