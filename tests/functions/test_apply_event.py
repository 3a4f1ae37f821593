"""The rules of a grant, and that the single and the batched way grant the same."""

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
    while_blocked,
)

NOON = "2026-03-01 12:00:00+00"


def granted(outcome: Any) -> tuple[int, int, str | None]:
    return outcome.xp, outcome.coins, outcome.note


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


def test_the_same_event_sent_by_32_threads_3_times_is_applied_once(db: Connection, database_url: str) -> None:
    event_id = new_id()

    def send(own: Connection) -> list[Any]:
        return [apply_event(own, "game_played", {"xp": 50, "coins": 5, "won": True}, event_id) for _ in range(3)]

    answers = [outcome for own in together(database_url, [send] * 32) for outcome in own]
    assert [outcome.status for outcome in answers].count("applied") == 1
    assert {outcome._replace(status="") for outcome in answers} == {answers[0]._replace(status="")}
    assert granted(answers[0]) == (50, 5, None)
    seen = profile(db, get_user(db))
    assert (seen.xp, seen.coins, seen.games_played, seen.games_won) == (50, 5, 1, 1)
    process_all(db)
    assert value(db, "SELECT count(*) FROM ttfd.read_feed(0)") == 1
    assert violations(db) == []


def test_the_same_event_sent_both_ways_at_once_is_granted_once(db: Connection, database_url: str) -> None:
    ids = [new_id() for _ in range(10)]

    def send(own: Connection, function: Any) -> None:
        for event_id in ids:
            function(own, "game_played", {"xp": 7}, event_id)

    def work(own: Connection) -> None:
        for _ in range(20):
            process_events(own, 3)

    together(
        database_url,
        [lambda own, f=function: send(own, f) for function in [apply_event, record_event] * 3] + [work] * 2,
    )
    process_all(db)
    assert profile(db, get_user(db)).xp == 70
    assert value(db, "SELECT count(*) FROM ttfd.read_feed(0)") == 10
    assert violations(db) == []


@pytest.mark.parametrize(
    "other",
    [{"data": {"xp": 51}}, {"event_type": "message_sent", "data": {}}, {"external_id": "2"}, {"platform": "discord"}],
)
@pytest.mark.parametrize("is_processed", [False, True])
def test_the_same_id_with_other_content_is_refused(db: Connection, other: dict[str, Any], is_processed: bool) -> None:
    event: dict[str, Any] = {"event_type": "game_played", "data": {"xp": 50}, "event_id": new_id()}
    apply_event(db, **event)
    if is_processed:
        process_events(db)
    with refused(db, "TE002"):
        apply_event(db, **(event | other))
    assert apply_event(db, **event).status == "duplicate"
    assert profile(db, get_user(db)).xp == 50
    assert value(db, "SELECT count(*) FROM ttfd.unified_users") == 1


def test_a_duplicate_tells_what_the_first_was_granted_and_the_balance_of_today(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "xp_change", {"xp": 500}, event_id)
    apply_event(db, "xp_change", {"xp": 1000})
    again = apply_event(db, "xp_change", {"xp": 500}, event_id)
    assert (again.status, again.xp, again.rank_up) == ("duplicate", 500, True)
    assert (again.total_xp, again.total_coins, again.rank_id) == (1500, 150, 3)


def test_a_duplicate_of_a_queued_event_leaves_it_to_the_queue(db: Connection) -> None:
    event_id = new_id()
    record_event(db, "game_played", {"xp": 9}, event_id)
    assert granted(apply_event(db, "game_played", {"xp": 9}, event_id)) == (None, None, None)
    process_events(db)
    assert granted(apply_event(db, "game_played", {"xp": 9}, event_id)) == (9, 0, None)
    assert profile(db, get_user(db)).xp == 9


def test_a_resend_returns_the_first_outcome_though_the_rules_have_changed_since(db: Connection) -> None:
    event_id = new_id()
    apply_event(db, "game_played", {"xp": 90}, event_id)
    db.execute("UPDATE ttfd.event_types SET stated_xp_max = 50, is_enabled = false WHERE name = 'game_played'")
    again = apply_event(db, "game_played", {"xp": 90}, event_id)
    assert (again.status, again.xp, again.total_xp) == ("duplicate", 90, 90)


def test_a_duplicate_uses_up_no_cooldown_and_moves_no_counter(db: Connection) -> None:
    set_time(db, NOON)
    event_id = new_id()
    apply_event(db, "message_sent", event_id=event_id)
    set_time(db, "2026-03-01 12:05:00+00")
    assert apply_event(db, "message_sent", event_id=event_id).status == "duplicate"
    assert granted(apply_event(db, "message_sent")) == (5, 0, None)
    assert profile(db, get_user(db)).messages_sent == 2


def test_a_cooldown_is_one_award_in_each_clock_aligned_window(db: Connection) -> None:
    for moment, expected in [
        ("12:00:59", (5, 0, None)),
        ("12:00:59.999999", (0, 0, "cooldown")),
        ("12:01:00", (5, 0, None)),
        ("12:01:59", (0, 0, "cooldown")),
        ("12:00:00", (0, 0, "cooldown")),
        ("11:59:59", (5, 0, None)),
        ("12:02:00", (5, 0, None)),
    ]:
        set_time(db, f"2026-03-01 {moment}+00")
        assert granted(apply_event(db, "message_sent")) == expected, moment
    assert violations(db) == []


def test_a_message_in_the_cooldown_counts_as_a_message(db: Connection) -> None:
    set_time(db, NOON)
    for _ in range(3):
        apply_event(db, "message_sent")
    seen = profile(db, get_user(db))
    assert (seen.messages_sent, seen.xp) == (3, 5)


def test_each_member_and_each_type_has_a_cooldown_of_its_own(db: Connection) -> None:
    set_time(db, NOON)
    db.execute("INSERT INTO ttfd.event_types (name, xp, coins, cooldown_seconds) VALUES ('work', 10, 50, 3600)")
    assert granted(apply_event(db, "message_sent")) == (5, 0, None)
    assert granted(apply_event(db, "message_sent", external_id="2")) == (5, 0, None)
    assert granted(apply_event(db, "work")) == (10, 50, None)
    assert granted(apply_event(db, "work")) == (0, 0, "cooldown")


def test_the_cooldown_is_the_members_not_the_accounts(db: Connection) -> None:
    set_time(db, NOON)
    rows(db, "SELECT * FROM ttfd.link_verified_account(%s, 'discord', '2')", get_user(db))
    apply_event(db, "message_sent")
    assert granted(apply_event(db, "message_sent", external_id="2", platform="discord")) == (0, 0, "cooldown")


@pytest.mark.parametrize(
    ("event_type", "data", "first", "second"),
    [
        ("message_sent", {}, (5, 0, None), (0, 0, "cooldown")),
        ("voice_time", {"seconds": 8000}, (400, 0, None), (200, 0, "daily_cap")),
    ],
)
def test_two_events_at_once_share_one_cooldown_and_one_daily_cap(
    db: Connection,
    database_url: str,
    event_type: str,
    data: dict[str, int],
    first: tuple[int, int, str | None],
    second: tuple[int, int, str | None],
) -> None:
    get_user(db)

    def send(own: Connection) -> tuple[int, int, str | None]:
        set_time(own, NOON)
        return granted(apply_event(own, event_type, data))

    with psycopg.connect(database_url) as holder:
        assert send(holder) == first
        assert while_blocked(database_url, holder, send) == second
    assert violations(db) == []


def test_voice_earns_up_to_the_daily_cap_and_no_more(db: Connection) -> None:
    set_time(db, NOON)
    assert granted(apply_event(db, "voice_time", {"seconds": 300})) == (15, 0, None)
    assert granted(apply_event(db, "voice_time", {"seconds": 11600})) == (580, 0, None)
    assert granted(apply_event(db, "voice_time", {"seconds": 600})) == (5, 0, "daily_cap")
    assert granted(apply_event(db, "voice_time", {"seconds": 600})) == (0, 0, "daily_cap")
    assert profile(db, get_user(db)).total_voice_time == 300 + 11600 + 600 + 600
    set_time(db, "2026-03-01 23:59:59+00")
    assert granted(apply_event(db, "voice_time", {"seconds": 600})) == (0, 0, "daily_cap")
    set_time(db, "2026-03-02 00:00:00+00")
    assert granted(apply_event(db, "voice_time", {"seconds": 600})) == (30, 0, None)


def test_reaching_the_daily_cap_exactly_is_not_noted(db: Connection) -> None:
    set_time(db, NOON)
    assert granted(apply_event(db, "voice_time", {"seconds": 12000})) == (600, 0, None)


def test_voice_pays_in_proportion_whatever_the_length(db: Connection) -> None:
    db.execute("UPDATE ttfd.event_types SET daily_xp_cap = NULL")
    for seconds, xp in [(0, 0), (19, 0), (20, 1), (59 * 60, 177), (60 * 60, 180), (13.5 * 3600, 2430)]:
        assert granted(apply_event(db, "voice_time", {"seconds": seconds})) == (xp, 0, None)


def test_a_voice_session_counts_for_a_day_at_most(db: Connection) -> None:
    db.execute("UPDATE ttfd.event_types SET daily_xp_cap = NULL")
    assert granted(apply_event(db, "voice_time", {"seconds": 10**9})) == (4320, 0, None)
    assert profile(db, get_user(db)).total_voice_time == 86400


def test_idle_seconds_earn_nothing(db: Connection) -> None:
    set_time(db, NOON)
    assert granted(apply_event(db, "voice_time", {"seconds": 300, "idle_seconds": 200})) == (5, 0, "idle")
    assert granted(apply_event(db, "voice_time", {"seconds": 300, "idle_seconds": 300})) == (0, 0, "idle")
    assert granted(apply_event(db, "voice_time", {"seconds": 300, "idle_seconds": 9999})) == (0, 0, "idle")
    assert granted(apply_event(db, "voice_time", {"seconds": 300, "idle_seconds": 0})) == (15, 0, None)


def test_a_game_may_state_up_to_100_xp_and_1000_coins(db: Connection) -> None:
    assert granted(apply_event(db, "game_played", {"xp": 100, "coins": 1000})) == (100, 1000, None)
    for data in ({"xp": 101}, {"coins": 1001}, {"xp": -1}, {"coins": -1}):
        with refused(db, "TE003"):
            apply_event(db, "game_played", data)
    assert profile(db, get_user(db)).games_played == 1


def test_a_game_without_amounts_is_counted_and_earns_nothing(db: Connection) -> None:
    assert granted(apply_event(db, "game_played")) == (0, 0, None)
    assert granted(apply_event(db, "game_played", {"won": True})) == (0, 0, None)
    seen = profile(db, get_user(db))
    assert (seen.games_played, seen.games_won) == (2, 1)


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
            st.tuples(st.just("work"), st.fixed_dictionaries({}, optional={"xp": st.integers(0, 60)})),
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
            " VALUES ('work', 20, 100, NULL, 3600, 50, 60), ('fishing', 3, 7, 60, 1800, 300, NULL)"
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
