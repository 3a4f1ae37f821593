import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    listening,
    new_id,
    process_all,
    process_events,
    profile,
    put_pending,
    record_event,
    refused,
    row,
    rows,
    set_time,
    together,
    value,
    violations,
    while_blocked,
)


def test_pending_events_are_granted_and_moved_to_the_log(db: Connection) -> None:
    ids = [new_id() for _ in range(3)]
    for xp, event_id in enumerate(ids, 1):
        record_event(db, "game_played", {"xp": xp, "coins": 10 * xp}, event_id)
    assert tuple(process_events(db)) == (3, 0, False, 3)
    found = rows(db, "SELECT position, event_id, xp, coins FROM ttfd.read_feed(0)")
    assert [tuple(seen) for seen in found] == [(n, ids[n - 1], n, 10 * n) for n in (1, 2, 3)]
    seen = profile(db, get_user(db))
    assert (seen.xp, seen.coins, seen.games_played) == (6, 60, 3)
    assert value(db, "SELECT count(*) FROM ttfd.cross_platform_events WHERE NOT processed") == 0
    assert value(db, "SELECT bool_and(processed AND processed_at IS NOT NULL) FROM ttfd.cross_platform_events")
    assert violations(db) == []


def test_an_empty_queue_is_no_work(db: Connection) -> None:
    assert tuple(process_events(db)) == (0, 0, False, 0)


def test_the_limit_is_kept_and_the_oldest_come_first(db: Connection) -> None:
    for xp in range(1, 8):
        record_event(db, "game_played", {"xp": xp})
    assert tuple(process_events(db, 3)) == (3, 0, True, 3)
    assert tuple(process_events(db, 3)) == (3, 0, True, 6)
    assert tuple(process_events(db, 3)) == (1, 0, False, 7)
    assert [found.xp for found in rows(db, "SELECT xp FROM ttfd.read_feed(0)")] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("limit", [0, -1, 100_001, None])
def test_a_senseless_limit_is_refused(db: Connection, limit: int | None) -> None:
    with refused(db, "22023"):
        process_events(db, limit)  # type: ignore[arg-type]


def test_positions_have_no_gap_whatever_fails_between(db: Connection) -> None:
    user_id = get_user(db)
    for number in range(12):
        put_pending(db, user_id, "no_such_type" if number % 3 == 0 else "message_sent")
    while process_events(db, 5).remaining:
        pass
    assert [found.position for found in rows(db, "SELECT position FROM ttfd.read_feed(0)")] == list(range(1, 9))
    assert violations(db) == []


def test_a_second_worker_has_nothing_to_do_while_the_first_is_at_it(db: Connection, database_url: str) -> None:
    record_event(db)
    record_event(db)
    with psycopg.connect(database_url) as first:
        assert process_events(first, 1).processed == 1
        db.execute("SET lock_timeout = '5s'")
        assert tuple(process_events(db)) == (0, 0, True, 0)
        first.rollback()
    assert process_events(db).processed == 2


@pytest.mark.parametrize(
    ("event_type", "data", "sqlstate"),
    [
        ("no_such_type", {}, "TE001"),
        ("game_played", {"xp": -50}, "TE003"),
        ("game_played", {"xp": 101}, "TE003"),
        ("message_sent", {"coins": 1}, "TE003"),
        ("game_played", {"xp": "50"}, "22023"),
        ("game_played", {"xp": None}, "22023"),
        ("game_played", {"xp": {"a": 1}}, "22023"),
        ("game_played", {"won": "no"}, "22023"),
        ("voice_time", {}, "22023"),
        ("voice_time", {"seconds": "long"}, "22023"),
        ("voice_time", {"seconds": -5}, "22003"),
        ("voice_time", {"seconds": 10**40}, "22003"),
        ("message_sent", [1, 2], "22023"),
        ("message_sent", "text", "22023"),
        ("message_sent", 5, "22023"),
        ("xp_change", {"xp": -1_000_000}, "23514"),
        ("coins_change", {"coins": -1_000_000}, "23514"),
        ("huge", {"seconds": 200}, "22003"),
    ],
)
def test_a_poisonous_event_fails_alone(db: Connection, event_type: str, data: object, sqlstate: str) -> None:
    db.execute("INSERT INTO ttfd.event_types (name, xp, per_seconds) VALUES ('huge', 9223372036854775807, 1)")
    user_id = get_user(db)
    for _ in range(3):
        record_event(db, "game_played", {"xp": 1})
    poison = put_pending(db, user_id, event_type, data)
    for external_id in ("1", "2", "2"):
        record_event(db, "game_played", {"xp": 1}, external_id=external_id)
    assert tuple(process_events(db)) == (6, 1, False, 6)
    failed = row(db, "SELECT * FROM ttfd.list_failed_events()")
    assert (failed.event_id, failed.sqlstate, failed.event_type, failed.data) == (poison, sqlstate, event_type, data)
    assert failed.message
    assert [profile(db, get_user(db, external_id)).xp for external_id in ("1", "2")] == [4, 2]
    assert violations(db) == []


def test_an_event_of_nobody_fails_and_is_not_skipped_in_silence(db: Connection) -> None:
    record_event(db)
    poison = put_pending(db, 999)
    record_event(db, external_id="2")
    assert tuple(process_events(db)) == (2, 1, False, 2)
    failed = row(db, "SELECT * FROM ttfd.list_failed_events()")
    assert (failed.event_id, failed.user_id, failed.sqlstate) == (poison, 999, "TU001")
    assert violations(db) == []


def test_a_sum_that_overflows_fails_only_the_event_that_is_too_much(db: Connection) -> None:
    limit = 9223372036854775807
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET coins = %s", [limit - 10])
    ids = [put_pending(db, user_id, "coins_change", {"coins": coins}) for coins in (7, 7, 3)]
    record_event(db, "game_played", {"xp": 1}, external_id="2")
    assert tuple(process_events(db)) == (3, 1, False, 3)
    failed = row(db, "SELECT * FROM ttfd.list_failed_events()")
    assert (failed.event_id, failed.sqlstate) == (ids[1], "22003")
    assert profile(db, user_id).coins == limit


def test_many_poisonous_events_of_all_kinds_hold_up_no_good_one(db: Connection) -> None:
    user_id = get_user(db)
    for number in range(100):
        record_event(db, "game_played", {"xp": 1}, external_id=str(number % 7 + 1))
        if number % 5 == 0:
            put_pending(db, user_id, "xp_change", {"xp": -999_999})
        if number % 7 == 0:
            put_pending(db, user_id, "game_played", {"xp": []})
        if number % 9 == 0:
            put_pending(db, 10**9 + number)
    result = process_events(db, 1000)
    assert (result.processed, result.failed, result.remaining) == (100, 20 + 15 + 12, False)
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 100
    assert violations(db) == []


def test_the_feed_bell_rings_once_a_batch(db: Connection, database_url: str) -> None:
    with listening(database_url, "ttfd_feed") as count:
        for _ in range(10):
            record_event(db)
        assert count(db) == 0
        process_events(db, 5)
        assert count(db) == 1
        process_events(db, 5)
        assert count(db) == 1


def test_the_feed_bell_does_not_ring_when_the_head_did_not_move(db: Connection, database_url: str) -> None:
    put_pending(db, get_user(db), "no_such_type")
    with listening(database_url, "ttfd_feed") as count:
        assert process_events(db).failed == 1
        process_events(db)
        assert count(db) == 0


def test_a_batch_that_is_rolled_back_never_was(db: Connection, database_url: str) -> None:
    record_event(db)
    with listening(database_url, "ttfd_feed") as count:
        with db.transaction(force_rollback=True):
            assert process_events(db).processed == 1
        assert count(db) == 0
    assert value(db, "SELECT head FROM ttfd.feed_state()") == 0
    assert process_events(db).processed == 1


def test_a_timeout_fails_no_event(db: Connection, database_url: str) -> None:
    record_event(db)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT FROM ttfd.unified_users FOR UPDATE")
        db.execute("SET lock_timeout = '50ms'")
        with refused(db, "55P03"):
            process_events(db)
        db.execute("RESET lock_timeout")
    assert value(db, "SELECT count(*) FROM ttfd.failed_events") == 0
    assert process_events(db).processed == 1


def test_a_batch_waits_for_an_event_that_is_being_applied(db: Connection, database_url: str) -> None:
    record_event(db, "message_sent")
    with psycopg.connect(database_url) as holder:
        apply_event(holder, "message_sent")
        result = while_blocked(database_url, holder, process_events)
    assert result.processed == 1
    process_all(db)
    # Sent in one minute, most likely; never two awards in one window.
    awards = value(db, "SELECT count(*) FROM ttfd.award_windows")
    assert profile(db, get_user(db)).xp == 5 * awards
    assert violations(db) == []


def test_a_type_disabled_while_the_event_waited_earns_nothing_and_says_so(db: Connection) -> None:
    record_event(db)
    db.execute("UPDATE ttfd.event_types SET is_enabled = false")
    assert process_events(db).processed == 1
    assert row(db, "SELECT xp, note FROM ttfd.read_feed(0)") == (0, "disabled")
    assert profile(db, get_user(db)).messages_sent == 1


def test_one_batch_awards_a_cooldown_window_once(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00:00+00")
    for _ in range(3):
        record_event(db)
    set_time(db, "2026-03-01 12:01:00+00")
    record_event(db)
    process_events(db)
    assert rows(db, "SELECT xp, note FROM ttfd.read_feed(0)") == [
        (5, None),
        (0, "cooldown"),
        (0, "cooldown"),
        (5, None),
    ]
    assert profile(db, get_user(db)).messages_sent == 4


def test_a_batch_reaches_the_daily_cap_and_stops_there(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00:00+00")
    for _ in range(3):
        record_event(db, "voice_time", {"seconds": 5000})
    process_events(db, 2)
    process_events(db)
    found = rows(db, "SELECT xp, note FROM ttfd.read_feed(0) WHERE event_type = 'voice_time'")
    assert found == [(250, None), (250, None), (100, "daily_cap")]


def test_a_failed_event_uses_up_no_cooldown(db: Connection) -> None:
    set_time(db, "2026-03-01 12:00:00+00")
    user_id = get_user(db)
    put_pending(db, user_id, "message_sent", {"xp": 10**6})
    db.execute("UPDATE ttfd.cross_platform_events SET occurred_at = ttfd.current_time()")
    record_event(db)
    assert tuple(process_events(db))[:2] == (1, 1)
    assert profile(db, user_id).xp == 5


def test_a_rank_reached_in_a_batch_follows_in_the_feed_of_the_next(db: Connection) -> None:
    record_event(db, "xp_change", {"xp": 1300})
    assert process_events(db).remaining
    process_all(db)
    found = rows(db, "SELECT event_type, source_platform, coins, data FROM ttfd.read_feed(1)")
    assert [tuple(seen) for seen in found] == [("rank_up", "system", 150, {"from_rank_id": 1, "to_rank_id": 3})]
    assert profile(db, get_user(db)).coins == 150
    assert violations(db) == []


def test_four_workers_and_eight_writers_lose_and_double_nothing(db: Connection, database_url: str) -> None:
    writers, each = 8, 40

    def write(own: Connection, writer: int) -> None:
        for number in range(each):
            function = apply_event if number % 4 == 0 else record_event
            function(own, "game_played", {"xp": 1, "coins": 2}, external_id=str((writer + number) % 10 + 1))
            if number % 10 == 0:
                put_pending(own, 1, "no_such_type")

    def work(own: Connection) -> int:
        return sum(process_events(own, 7).processed for _ in range(60))

    jobs = [lambda own, w=writer: write(own, w) for writer in range(writers)]
    together(database_url, [*jobs, *[work] * 4])
    process_all(db)
    sums = row(db, "SELECT sum(xp) AS xp, sum(coins) AS coins, sum(games_played) AS games FROM ttfd.unified_users")
    assert tuple(sums) == (writers * each, writers * each * 2, writers * each)
    feed = rows(db, "SELECT position, event_id FROM ttfd.read_feed(0, NULL, 10000)")
    assert [seen.position for seen in feed] == list(range(1, writers * each + 1))
    assert len({seen.event_id for seen in feed}) == writers * each
    assert value(db, "SELECT count(*) FROM ttfd.failed_events") == writers * 4
    assert violations(db) == []


def floor_of(db: Connection) -> int:
    return int(value(db, "SELECT floor_seq FROM ttfd.feed_head"))


@pytest.mark.parametrize("next_floor_xid", ["0", "9000000000000000000"], ids=["as made", "of another cluster"])
def test_the_floor_rises_with_the_work_also_after_a_dump_was_restored_in_a_younger_cluster(
    db: Connection, database_url: str, next_floor_xid: str
) -> None:
    db.execute("UPDATE ttfd.feed_head SET next_floor_xid = %s", [next_floor_xid])
    for number in range(4):
        record_event(db, external_id=str(number + 1))
        assert process_events(db).processed == 1
    assert floor_of(db) >= 2


def test_the_floor_does_not_rise_past_a_transaction_that_may_have_taken_a_number(
    db: Connection, database_url: str
) -> None:
    with psycopg.connect(database_url) as slow:
        record_event(slow)
        before = floor_of(db)
        for number in range(4):
            record_event(db, external_id=str(number + 2))
            assert process_events(db).processed == 1
        assert floor_of(db) == before
        slow.commit()
    assert process_events(db).processed == 1
    assert violations(db) == []
