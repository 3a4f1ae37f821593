"""apply_event: an event is granted at once, to whom and by whom it may be, and as a batch would grant it."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    listening,
    new_id,
    process_all,
    process_events,
    profile,
    record_event,
    record_events,
    refused,
    row,
    rows,
    sent,
    set_time,
    together,
    value,
    violations,
)

NOON = "2026-03-01 12:00:00+00"


def test_an_event_is_granted_at_once(db: Connection) -> None:
    event_id = new_id()
    outcome = apply_event(db, "message_sent", event_id=event_id)
    assert tuple(outcome) == (event_id, get_user(db), "applied", 5, 0, None, 5, 0, 1, False)
    assert violations(db) == []


def test_an_applied_event_takes_its_place_in_the_feed_with_the_next_batch(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "message_sent", event_id=event_id)
    assert rows(db, "SELECT * FROM ttfd.read_feed(0)") == []
    assert process_events(db).processed == 1
    assert row(db, "SELECT event_id, xp FROM ttfd.read_feed(0)") == (event_id, 5)
    assert profile(db, get_user(db)).xp == 5
    assert violations(db) == []


@pytest.mark.parametrize(
    ("event_type", "data", "sqlstate"),
    [
        ("no_such_type", {}, "TE001"),
        ("message_sent", {"xp": 1}, "TE003"),
        ("xp_change", {"xp": 10**10}, "TE003"),
        ("game_played", {"xp": "50"}, "22023"),
        ("game_played", {"won": "yes"}, "22023"),
        ("voice_time", {}, "22023"),
        ("voice_time", {"seconds": -1}, "22003"),
        ("message_sent", [], "22023"),
    ],
)
def test_a_refused_event_leaves_no_trace(db: Connection, event_type: str, data: object, sqlstate: str) -> None:
    event_id = new_id()
    with refused(db, sqlstate):
        apply_event(db, event_type, data, event_id)
    assert rows(db, "SELECT * FROM ttfd.unified_users") == []
    assert apply_event(db, event_id=event_id).status == "applied"


def test_a_balance_below_zero_is_refused_and_nothing_changes(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "xp_change", {"xp": 600})
    apply_event(db, "coins_change", {"coins": 30})
    before = profile(db, user_id)
    event_id = new_id()
    with refused(db, "23514") as caught:
        apply_event(db, "xp_change", {"xp": -601}, event_id)
    assert caught.value.diag.constraint_name == "unified_users_not_negative"
    with refused(db, "23514") as caught:
        apply_event(db, "coins_change", {"coins": -81}, event_id)
    assert caught.value.diag.constraint_name == "unified_users_not_negative"
    assert profile(db, user_id) == before
    outcome = apply_event(db, "coins_change", {"coins": -80}, event_id)
    assert (outcome.status, outcome.coins, outcome.total_coins) == ("applied", -80, 0)
    assert violations(db) == []


def test_an_overflow_is_refused_and_nothing_changes(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET coins = 9223372036854775807")
    with refused(db, "22003"):
        apply_event(db, "coins_change", {"coins": 1})
    assert profile(db, user_id).coins == 9223372036854775807


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_another_isolation_level_is_refused(db: Connection, database_url: str, level: str) -> None:
    with psycopg.connect(database_url) as own:
        own.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with refused(own, "0A000"):
            apply_event(own)


def test_sixty_four_connections_on_one_member_add_up_exactly(db: Connection, database_url: str) -> None:
    def send(own: Connection) -> None:
        for _ in range(5):
            apply_event(own, "xp_change", {"xp": 3})
            apply_event(own, "coins_change", {"coins": 2})

    together(database_url, [send] * 64)
    seen = profile(db, get_user(db))
    rewards = value(db, "SELECT sum(coins) FROM ttfd.ranks WHERE required_xp <= 960")
    assert (seen.xp, seen.coins) == (64 * 5 * 3, 64 * 5 * 2 + rewards)
    process_all(db)
    assert violations(db) == []


def test_senders_and_workers_on_the_same_members_never_deadlock(db: Connection, database_url: str) -> None:
    members = [str(number) for number in range(1, 6)]

    def send(own: Connection, order: list[str]) -> None:
        for _ in range(10):
            for external_id in order:
                apply_event(own, "game_played", {"xp": 1}, external_id=external_id)
                record_event(own, "game_played", {"xp": 1}, external_id=external_id)

    def work(own: Connection) -> None:
        for _ in range(30):
            process_events(own, 10)

    together(
        database_url,
        [lambda own, o=order: send(own, o) for order in (members, members[::-1]) for _ in range(3)] + [work] * 2,
    )
    process_all(db)
    assert {found.xp for found in rows(db, "SELECT xp FROM ttfd.unified_users")} == {6 * 10 * 2}
    assert violations(db) == []


def test_a_rank_reached_is_told_and_paid_in_the_same_answer(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 499})
    outcome = apply_event(db, "xp_change", {"xp": 1})
    assert (outcome.rank_id, outcome.rank_up, outcome.total_xp) == (2, True, 500)
    assert (outcome.coins, outcome.total_coins) == (0, 50)
    assert not apply_event(db, "xp_change", {"xp": 1}).rank_up
    assert violations(db) == []


def test_last_active_never_goes_back(db: Connection) -> None:
    set_time(db, NOON)
    user_id = get_user(db)
    first = profile(db, user_id).last_active
    set_time(db, "2026-03-01 11:00:00+00")
    apply_event(db)
    assert profile(db, user_id).last_active == first
    set_time(db, "2026-03-01 13:00:00+00")
    apply_event(db)
    assert profile(db, user_id).last_active > first


def test_a_role_applies_for_its_own_platform_only(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"):
        assert apply_event(db, platform="discord").status == "applied"
        with refused(db, "TP001"):
            apply_event(db, platform="telegram")


def test_only_administrators_apply_free_amounts(db: Connection) -> None:
    with acting_as(db, "ttfd_website"), refused(db, "TE003"):
        apply_event(db, "coins_change", {"coins": 1}, external_id="a@example.org", platform="website")


def test_an_event_for_a_merged_member_is_granted_to_the_survivor(db: Connection) -> None:
    merged, survivor = get_user(db, "1"), get_user(db, "2", "discord")
    db.execute("UPDATE ttfd.unified_users SET merged_into = %s WHERE id = %s", [survivor, merged])
    assert apply_event(db, external_id="1").user_id == survivor


def test_the_doorbell_rings_when_the_queue_was_empty(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_events") as count:
        apply_event(db)
        assert count(db) == 1
        apply_event(db)
        assert count(db) == 0


# What happens to a member: seconds since the last event, type, data.
happenings = st.lists(
    st.tuples(
        st.sampled_from([0, 10, 50, 60, 61, 3600, 40000, 86400]),
        st.one_of(
            st.tuples(st.just("message_sent"), st.just({})),
            st.tuples(
                st.just("voice_time"),
                st.fixed_dictionaries(
                    {"seconds": st.integers(0, 9000) | st.just(10**6)},
                    optional={"idle_seconds": st.integers(0, 5000)},
                ),
            ),
            st.tuples(
                st.just("game_played"),
                st.fixed_dictionaries(
                    {}, optional={"xp": st.integers(0, 100), "coins": st.integers(0, 1000), "won": st.booleans()}
                ),
            ),
            st.tuples(st.just("xp_change"), st.fixed_dictionaries({"xp": st.integers(0, 600)})),
            st.tuples(st.just("coins_change"), st.fixed_dictionaries({"coins": st.integers(-100, 300)})),
            st.tuples(st.just("shift"), st.fixed_dictionaries({}, optional={"xp": st.integers(0, 60)})),
            st.tuples(st.just("fishing"), st.fixed_dictionaries({"seconds": st.integers(0, 4000)})),
        ),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=happenings, batch=st.integers(1, 30))
def test_one_by_one_and_in_batches_grant_the_same(db: Connection, happenings: list[Any], batch: int) -> None:
    with db.transaction(force_rollback=True):
        db.execute(
            "INSERT INTO ttfd.event_types (name, xp, coins, per_seconds, cooldown_seconds, daily_xp_cap, stated_xp_max)"
            " VALUES ('shift', 20, 100, NULL, 3600, 50, 60), ('fishing', 3, 7, 60, 1800, 300, NULL)"
        )
        for external_id in ("1", "2", "3"):
            apply_event(db, "xp_change", {"xp": 3000}, external_id=external_id)
            apply_event(db, "coins_change", {"coins": 3000}, external_id=external_id)
        process_all(db)
        start = value(db, "SELECT head FROM ttfd.feed_state()")
        bulk = []
        moment = 1_770_000_000
        for wait, (event_type, data) in happenings:
            moment += wait
            occurred_at = value(db, "SELECT to_timestamp(%s)::text", moment)
            set_time(db, occurred_at)
            apply_event(db, event_type, data, external_id="1")
            record_event(db, event_type, data, external_id="2")
            bulk.append(sent(event_type, data, external_id="3", occurred_at=occurred_at))
        record_events(db, bulk)
        while process_events(db, batch).remaining:
            pass

        log = (
            "SELECT event_type, xp, coins, note, occurred_at FROM ttfd.read_feed(%s, NULL, 1000)"
            " WHERE user_id = %s AND event_type <> 'rank_up' ORDER BY position"
        )
        member = (
            "SELECT xp, coins, rank_id, highest_rank_id, messages_sent, total_voice_time, games_played, games_won,"
            " last_active FROM ttfd.unified_users WHERE id = %s"
        )
        windows = (
            "SELECT event_type, is_daily, starts_at, xp FROM ttfd.award_windows WHERE user_id = %s ORDER BY 1, 2, 3"
        )
        one, two, three = (get_user(db, external_id) for external_id in ("1", "2", "3"))
        assert len(rows(db, log, start, one)) == len(happenings)
        assert rows(db, log, start, one) == rows(db, log, start, two) == rows(db, log, start, three)
        assert row(db, member, one) == row(db, member, two) == row(db, member, three)
        assert rows(db, windows, one) == rows(db, windows, two) == rows(db, windows, three)
        assert violations(db) == []
