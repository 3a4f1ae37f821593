"""apply_event grants no more than the rules of a type: cooldowns, daily caps, idle time, stated amounts."""

import psycopg
import pytest

from calls import (
    Connection,
    apply_event,
    get_user,
    granted,
    profile,
    refused,
    rows,
    set_time,
    violations,
    while_blocked,
)

NOON = "2026-03-01 12:00:00+00"


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
    db.execute("INSERT INTO ttfd.event_types (name, xp, coins, cooldown_seconds) VALUES ('shift', 10, 50, 3600)")
    assert granted(apply_event(db, "message_sent")) == (5, 0, None)
    assert granted(apply_event(db, "message_sent", external_id="2")) == (5, 0, None)
    assert granted(apply_event(db, "shift")) == (10, 50, None)
    assert granted(apply_event(db, "shift")) == (0, 0, "cooldown")


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
