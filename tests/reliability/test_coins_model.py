"""Any interleaving of what moves coins, against a plain model: none is made, none is lost, nobody owes.

``TTFD_COINS_EXAMPLES=500`` runs as many examples of 60 steps as the project promises; fewer run by default.
"""

import copy
import datetime as dt
import os
from collections import Counter
from dataclasses import dataclass, field
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
from psycopg.types.json import Jsonb

from coins import add_item

EXAMPLES = int(os.environ.get("TTFD_COINS_EXAMPLES", "100"))
STEPS = 60

START = dt.datetime(2026, 3, 1, 23, 50, tzinfo=dt.UTC)
MEMBERS = (("telegram", "1"), ("discord", "2"), ("website", "three@example.org"))
RANKS = {500: 50, 1250: 100, 2250: 150, 3500: 200, 5000: 300, 6750: 400, 8750: 500, 11000: 700}  # XP: reward
UNDO_DAYS = dt.timedelta(days=7)
AWARD_MAXIMUM = 1000
TRANSFER_LIMIT = 500
ITEMS = {"cheap": (10, None, None), "rare": (40, 3, None), "personal": (25, None, 2)}  # price, stock, limit

members = st.integers(0, len(MEMBERS) - 1)
amounts = st.one_of(st.integers(-5, 120), st.sampled_from([0, 1, 500, 1000, 1001, 5000]))


class RefusedError(Exception):
    """What the model answers instead of an outcome: an SQLSTATE."""


def rank_of(xp: int) -> int:
    return sum(at <= xp for at in RANKS)


@dataclass
class Member:
    """What the model knows of a member."""

    xp: int = 0
    coins: int = 0
    highest_rank: int = 0
    sent_on: Counter[dt.date] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)


@dataclass
class Adjustment:
    """What the model knows of an adjustment."""

    user: int
    xp: int
    coins: int
    is_reverted: bool = False


@dataclass
class Merge:
    """What the model knows of two members who became one."""

    into: int
    gone: int
    moved: Member
    rank_before: int
    rank_after: int
    at: dt.datetime
    signposts: list[int]
    is_undone: bool = False


@dataclass
class Economy:
    """The rules in plain Python, one call after the other. Coins that exist are those made less those that are gone."""

    users: dict[int, Member] = field(default_factory=dict)
    survivors: dict[int, int] = field(default_factory=dict)
    merges: dict[int, Merge] = field(default_factory=dict)
    adjustments: dict[UUID, Adjustment] = field(default_factory=dict)
    sold: Counter[str] = field(default_factory=Counter)
    fee_percent: int = 0
    made: int = 0
    gone: int = 0

    def move(self, user: int, xp: int, coins: int) -> tuple[int, int]:
        member = self.users[user]
        if member.coins + coins < 0:
            raise RefusedError("TC001")
        if member.xp + xp < 0:
            raise RefusedError("23514")
        member.xp += xp
        member.coins += coins
        self.made += max(coins, 0)
        self.gone += max(-coins, 0)
        self.pay_ranks(member)
        return xp, coins

    def pay_ranks(self, member: Member) -> None:
        reward = sum(list(RANKS.values())[member.highest_rank : rank_of(member.xp)])
        member.highest_rank = max(member.highest_rank, rank_of(member.xp))
        member.coins += reward
        self.made += reward

    def survivor(self, user: int) -> int:
        return self.survivors.get(user, user)

    def award(self, user: int, xp: int, coins: int) -> tuple[int, int]:
        user = self.survivor(user)
        if not (0 <= xp <= AWARD_MAXIMUM and 0 <= coins <= AWARD_MAXIMUM):
            raise RefusedError("TE003")
        return self.move(user, xp, coins)

    def spend(self, user: int, coins: int) -> tuple[int, int]:
        if coins < 1:
            raise RefusedError("TE003")
        return self.move(self.survivor(user), 0, -coins)

    def transfer(self, giver: int, taker: int, coins: int, day: dt.date) -> tuple[int, int]:
        giver, taker = self.survivor(giver), self.survivor(taker)
        if giver == taker:
            raise RefusedError("22023")
        if not 1 <= coins <= TRANSFER_LIMIT - self.users[giver].sent_on[day]:
            raise RefusedError("TE003")
        granted = self.move(giver, 0, -coins - -(-coins * self.fee_percent // 100))
        self.move(taker, 0, coins)
        self.users[giver].sent_on[day] += coins
        return granted

    def buy(self, user: int, item: str) -> tuple[int, int]:
        user = self.survivor(user)
        if item not in ITEMS:
            raise RefusedError("TC003")
        price, stock, limit = ITEMS[item]
        if stock is not None and self.sold[item] >= stock:
            raise RefusedError("TC003")
        if limit is not None and self.users[user].items[item] >= limit:
            raise RefusedError("TC004")
        granted = self.move(user, 0, -price)
        self.sold[item] += 1
        self.users[user].items[item] += 1
        return granted

    def adjust(self, event_id: UUID, user: int, xp: int, coins: int) -> tuple[int, int]:
        granted = self.move(self.survivor(user), xp, coins)
        self.adjustments[event_id] = Adjustment(self.survivor(user), xp, coins)
        return granted

    def revert(self, of_id: UUID) -> tuple[int, int]:
        found = self.adjustments.get(of_id)
        if found is None or found.is_reverted:
            raise RefusedError("P0002")
        granted = self.move(self.survivor(found.user), -found.xp, -found.coins)
        found.is_reverted = True
        return granted

    def merge(self, merge_id: int, into: int, gone: int, at: dt.datetime) -> None:
        one, other = self.users[into], self.users[gone]
        signposts = [user for user, found in self.survivors.items() if found == gone]
        merge = Merge(into, gone, copy.deepcopy(other), one.highest_rank, 0, at, signposts)
        one.xp += other.xp
        one.coins += other.coins
        one.highest_rank = max(one.highest_rank, other.highest_rank, rank_of(one.xp))
        one.sent_on += other.sent_on
        one.items += other.items
        merge.rank_after = one.highest_rank
        other.xp = other.coins = 0
        other.items = Counter()
        self.merges[merge_id] = merge
        self.survivors |= dict.fromkeys([gone, *signposts], into)

    def undo(self, merge_id: int, at: dt.datetime) -> None:
        merge = self.merges[merge_id]
        if merge.is_undone:
            return
        later = [m for i, m in self.merges.items() if i > merge_id and not m.is_undone]
        if at > merge.at + UNDO_DAYS or any(merge.into in (m.into, m.gone) for m in later):
            raise RefusedError("TM001")
        one, other, moved = self.users[merge.into], self.users[merge.gone], merge.moved
        if one.xp < moved.xp or one.coins < moved.coins:
            raise RefusedError("TM002")
        one.xp -= moved.xp
        one.coins -= moved.coins
        one.sent_on -= moved.sent_on
        one.items -= moved.items
        other.xp, other.coins, other.items = moved.xp, moved.coins, moved.items
        if one.highest_rank == merge.rank_after:
            one.highest_rank = merge.rank_before
            self.pay_ranks(one)
        merge.is_undone = True
        del self.survivors[merge.gone]
        self.survivors |= dict.fromkeys(merge.signposts, merge.gone)


@dataclass
class Call:
    """A call that was answered, to be sent again."""

    function: str
    arguments: tuple[Any, ...]
    granted: tuple[int, int]
    users: dict[int, int]  # Whom it named, and who that was then.


class Coins(RuleBasedStateMachine):
    """One step is one call, or one thing that an administrator or the worker does."""

    db: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.db.execute("BEGIN")
        self.now = START
        self.model = Economy()
        self.calls: dict[UUID, Call] = {}

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.db.execute("ROLLBACK")

    @initialize()
    def set_up(self) -> None:
        self.tick(1)
        self.ids = [self.one("SELECT user_id FROM ttfd.get_or_create_user(%s, %s)", *account)[0] for account in MEMBERS]
        self.model.users = {user: Member() for user in self.ids}
        for name, number in {"award_maximum": AWARD_MAXIMUM, "transfer_daily_limit": TRANSFER_LIMIT}.items():
            self.one("SELECT name FROM ttfd.set_setting(%s, %s)", name, Jsonb(number))
        for name, (price, stock, limit) in ITEMS.items():
            add_item(self.db, name, price, stock_total=stock, member_limit=limit)
        for user in self.ids:
            self.call(
                "award", user, 0, 200, "to begin with", expect=lambda _, user=user: self.model.award(user, 0, 200)
            )

    # Steps

    @rule(seconds=st.sampled_from([1, 600, 86_400]))
    def tick(self, seconds: int) -> None:
        self.now += dt.timedelta(seconds=seconds)
        self.db.execute("SELECT set_config('ttfd.now', %s, false)", [self.now.isoformat()])

    @rule(percent=st.sampled_from([0, 3, 100]))
    def change_the_fee(self, percent: int) -> None:
        self.one("SELECT name FROM ttfd.set_setting('transfer_fee_percent', %s)", Jsonb(percent))
        self.model.fee_percent = percent

    @rule(member=members, xp=amounts, coins=amounts)
    def award(self, member: int, xp: int, coins: int) -> None:
        user = self.ids[member]
        self.call("award", user, xp, coins, "a prize", expect=lambda _: self.model.award(user, xp, coins))

    @rule(member=members, coins=amounts)
    def spend(self, member: int, coins: int) -> None:
        user = self.ids[member]
        self.call("spend_coins", user, coins, "a bet", expect=lambda _: self.model.spend(user, coins))

    @rule(giver=members, taker=members, coins=amounts)
    def transfer(self, giver: int, taker: int, coins: int) -> None:
        pair = self.ids[giver], self.ids[taker]
        day = self.now.date()
        self.call("transfer_coins", *pair, coins, expect=lambda _: self.model.transfer(*pair, coins, day))

    @rule(member=members, item=st.sampled_from([*ITEMS, "missing"]))
    def buy(self, member: int, item: str) -> None:
        user = self.ids[member]
        self.call("buy_item", user, item, expect=lambda _: self.model.buy(user, item))

    @rule(member=members, xp=st.integers(-800, 800), coins=st.integers(-300, 300))
    def adjust(self, member: int, xp: int, coins: int) -> None:
        user = self.ids[member]
        self.call(
            "adjust_balance",
            user,
            xp,
            coins,
            "a slip",
            expect=lambda event_id: self.model.adjust(event_id, user, xp, coins),
        )

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        of_id = data.draw(st.sampled_from([*self.model.adjustments, *self.calls]))
        self.call("revert_adjustment", of_id, "it was right", expect=lambda _: self.model.revert(of_id))

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        event_id = data.draw(st.sampled_from(list(self.calls)))
        sent = self.calls[event_id]
        answer = self.ask(sent.function, event_id, *sent.arguments)
        # After an undo, whoever was named then may be somebody else than who it was then.
        if all(self.model.survivor(named) == self.model.survivor(owner) for named, owner in sent.users.items()):
            assert answer in (("duplicate", *sent.granted), ("duplicate", None, None))
        else:
            assert answer in ("TE002", ("duplicate", None, None))

    @precondition(lambda self: len(self.calls) > 1)
    @rule(data=st.data())
    def reuse_an_id(self, data: st.DataObject) -> None:
        event_id, other = data.draw(st.permutations(list(self.calls)))[:2]
        sent, call = self.calls[event_id], self.calls[other]
        answer = self.ask(call.function, event_id, *call.arguments)
        if self.model.merges:  # Two names may be one member, and one name was another.
            assert answer in ("TE002", ("duplicate", *sent.granted), ("duplicate", None, None))
        elif (sent.function, sent.arguments) == (call.function, call.arguments):
            assert answer in (("duplicate", *sent.granted), ("duplicate", None, None))
        else:
            assert answer in ("TE002", ("duplicate", None, None))

    @rule(into=members, gone=members)
    def merge(self, into: int, gone: int) -> None:
        pair = self.ids[into], self.ids[gone]
        one, other = (self.model.survivor(user) for user in pair)
        status, user, merge_id = self.one("SELECT status, user_id, merge_id FROM ttfd.merge_users(%s, %s)", *pair)
        assert (status, user) == ("already_linked" if one == other else "merged", one)
        if one != other:
            self.model.merge(merge_id, one, other, self.now)

    @precondition(lambda self: self.model.merges)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        merge_id = data.draw(st.sampled_from(list(self.model.merges)))
        try:
            with self.db.transaction():
                refused = None
                self.one("SELECT merge_id FROM ttfd.undo_merge(%s)", merge_id)
        except psycopg.DatabaseError as error:
            refused = error.sqlstate
        try:
            self.model.undo(merge_id, self.now)
        except RefusedError as expected:
            assert refused == str(expected)
        else:
            assert refused is None

    @rule(limit=st.sampled_from([1, 3, 1000]))
    def process(self, limit: int) -> None:
        assert self.one("SELECT failed FROM ttfd.process_events(%s)", limit) == (0,)

    @rule()
    def compact(self) -> None:
        self.one("SELECT users FROM ttfd.compact_events(%s)", self.now)

    # What must hold

    @invariant()
    def balances_equal_the_ledger(self) -> None:
        assert self.db.execute("SELECT kind, user_id, expected, actual FROM ttfd.verify_integrity()").fetchall() == []

    @invariant()
    def no_coin_is_made_or_lost_and_nobody_owes(self) -> None:
        (total, least) = self.one("SELECT coalesce(sum(coins), 0), coalesce(min(coins), 0) FROM ttfd.unified_users")
        assert total == self.model.made - self.model.gone
        assert least >= 0

    def compare(self) -> None:
        found = {
            user: (xp, coins) for user, xp, coins in self.db.execute("SELECT id, xp, coins FROM ttfd.unified_users")
        }
        assert found == {user: (member.xp, member.coins) for user, member in self.model.users.items()}
        bought = Counter(
            {(user, item): count for user, item, count in self.db.execute(
                "SELECT user_id, item, count(*) FROM ttfd.purchases GROUP BY user_id, item"
            )}
        )  # fmt: skip
        assert bought == Counter(
            {(user, item): count for user, member in self.model.users.items() for item, count in member.items.items()}
        )

    # How a step is made

    def call(self, function: str, *arguments: Any, expect: Any) -> None:
        """Send a new event; the database has to answer what the model does."""
        event_id = uuid4()
        answer = self.ask(function, event_id, *arguments)
        try:
            granted = expect(event_id)
        except RefusedError as refused:
            assert answer == str(refused)
        else:
            assert answer == ("applied", *granted)
            users = {user: self.model.survivor(user) for user in self.ids if user in arguments[:2]}
            self.calls[event_id] = Call(function, arguments, granted, users)

    def ask(self, function: str, event_id: UUID, *arguments: Any) -> tuple[str, int | None, int | None] | str | None:
        """Status and what was granted, or the SQLSTATE of the refusal."""
        holes = ", ".join(["%s"] * (1 + len(arguments)))
        try:
            with self.db.transaction():
                answer: tuple[str, int | None, int | None] = self.one(
                    f"SELECT status, xp, coins FROM ttfd.{function}({holes})", event_id, *arguments
                )
                return answer
        except psycopg.DatabaseError as error:
            return error.sqlstate

    def one(self, query: str, *arguments: Any) -> Any:
        (row,) = self.db.execute(query, arguments).fetchall()  # type: ignore[arg-type]
        return row


def test_any_interleaving_equals_the_plain_model(db: psycopg.Connection[Any]) -> None:
    class Bound(Coins):
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
