"""A claim a day, by the member's calendar: streaks, freezes, midnights, clock changes and flights."""

import contextlib
import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from calls import (
    Connection,
    acting_as,
    get_user,
    new_id,
    process_all,
    profile,
    refused,
    row,
    rows,
    set_time,
    together,
    violations,
)
from coins import claim, last_data, set_setting


def live_in(db: Connection, zone: str) -> None:
    row(db, "SELECT user_id FROM ttfd.set_time_zone(%s, %s)", get_user(db), zone)


def at(db: Connection, moment: str, zone: str = "UTC") -> None:
    """Set the clock to a local time."""
    set_time(db, dt.datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).isoformat())


def claim_on(db: Connection, *days: int) -> list[dict[str, Any]]:
    """Claim at noon of these days of March; what the events say."""
    said = []
    for day in days:
        at(db, f"2026-03-{day:02} 12:00")
        claim(db)
        said.append(last_data(db, "daily_claim"))
    return said


def streaks(db: Connection, *days: int) -> list[int]:
    return [said["streak"] for said in claim_on(db, *days)]


def test_the_first_claim_pays_the_base_and_starts_a_streak(db: Connection) -> None:
    at(db, "2026-03-01 12:00")
    event_id = new_id()
    outcome = claim(db, event_id)
    assert tuple(outcome) == (event_id, get_user(db), "applied", 100, 50, None, 100, 50, 1, False)
    assert last_data(db, "daily_claim") == {"streak": 1, "bonus": 0, "freeze_used": 0}
    seen = profile(db, get_user(db))
    assert (seen.daily_streak, seen.last_daily) == (1, dt.date(2026, 3, 1))
    assert seen.last_active == dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    process_all(db)
    assert row(db, "SELECT event_type, source_platform FROM ttfd.read_feed(0)") == ("daily_claim", "telegram")
    assert violations(db) == []


def test_a_day_is_claimed_once_and_the_hint_says_when_the_next_can_be(db: Connection) -> None:
    at(db, "2026-03-01 12:00")
    claim(db)
    at(db, "2026-03-01 23:59")
    with refused(db, "TC002") as caught:
        claim(db)
    assert caught.value.diag.message_hint == "Possible again from 2026-03-02T00:00:00Z."
    at(db, "2026-03-02 00:00")
    assert claim(db).total_xp == 210


def test_days_in_a_row_raise_the_bonus_up_to_the_cap(db: Connection) -> None:
    said = claim_on(db, *range(1, 14))
    assert [day["bonus"] for day in said] == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100, 100]
    granted = rows(db, "SELECT xp, coins FROM ttfd.cross_platform_events WHERE event_type = 'daily_claim' ORDER BY seq")
    assert [tuple(day) for day in granted][1:3] == [(110, 55), (120, 60)]
    assert tuple(granted[-1]) == (200, 100)


def test_a_missed_day_ends_the_streak(db: Connection) -> None:
    assert streaks(db, 1, 2, 3, 5, 6) == [1, 2, 3, 1, 2]


def test_seven_days_earn_a_freeze_that_stands_in_for_a_missed_day(db: Connection) -> None:
    assert streaks(db, *range(1, 8)) == [1, 2, 3, 4, 5, 6, 7]
    said = claim_on(db, 9, 10, 12)
    assert [(day["streak"], day["freeze_used"]) for day in said] == [(8, 1), (9, 0), (1, 0)]


def test_freezes_add_up_to_a_limit_and_cover_as_many_days(db: Connection) -> None:
    streaks(db, *range(1, 22))
    assert claim_on(db, 24)[0] == {"streak": 22, "bonus": 100, "freeze_used": 2}
    assert streaks(db, 26) == [1]


def test_a_freeze_that_would_not_save_the_streak_is_kept(db: Connection) -> None:
    streaks(db, *range(1, 8))
    assert claim_on(db, 10, 12) == [
        {"streak": 1, "bonus": 0, "freeze_used": 0},
        {"streak": 2, "bonus": 10, "freeze_used": 1},
    ]


def test_the_numbers_are_settings(db: Connection) -> None:
    for name, number in {
        "daily_xp": 10,
        "daily_coins": 5,
        "daily_streak_bonus": 25.5,
        "daily_streak_bonus_max": 60,
        "daily_freeze_days": 2,
        "daily_freezes_max": 1,
    }.items():
        set_setting(db, name, number)
    said = claim_on(db, 1, 2, 4, 5)
    assert [(day["bonus"], day["freeze_used"]) for day in said] == [(0, 0), (25.5, 0), (51, 1), (60, 0)]
    granted = rows(db, "SELECT xp, coins FROM ttfd.cross_platform_events WHERE event_type = 'daily_claim' ORDER BY seq")
    assert [tuple(day) for day in granted] == [(10, 5), (12, 6), (15, 7), (16, 8)]


def test_a_resend_is_answered_with_the_first_outcome_the_next_day_too(db: Connection) -> None:
    event_id = new_id()
    at(db, "2026-03-01 12:00")
    first = claim(db, event_id)
    set_setting(db, "daily_xp", 7)
    assert claim(db, event_id) == first._replace(status="duplicate")
    process_all(db)
    at(db, "2026-03-02 12:00")
    assert claim(db, event_id) == first._replace(status="duplicate")
    assert profile(db, get_user(db)).daily_streak == 1


def test_the_same_id_with_other_content_is_refused(db: Connection) -> None:
    event_id = new_id()
    claim(db, event_id)
    with refused(db, "TE002"):
        claim(db, event_id, external_id="2")
    with refused(db, "TE002"):
        claim(db, event_id, what="claim_work")


def test_a_claim_is_a_first_contact_and_speaks_for_its_platform(db: Connection) -> None:
    with acting_as(db, "ttfd_discord"):
        assert claim(db, external_id="5", platform="discord").status == "applied"
        with refused(db, "TP001"):
            claim(db, external_id="5", platform="telegram")
    with refused(db, "TU002"):
        claim(db, external_id="five")


def test_a_claim_may_reach_a_rank(db: Connection) -> None:
    set_setting(db, "daily_xp", 600)
    outcome = claim(db)
    assert (outcome.rank_up, outcome.rank_id, outcome.coins, outcome.total_coins) == (True, 2, 50, 100)


def test_three_platforms_in_the_same_instant_are_one_claim(db: Connection, database_url: str) -> None:
    user_id = get_user(db)
    accounts = {"telegram": "1", "discord": "2", "website": "a@example.org"}
    for platform in ("discord", "website"):
        rows(db, "SELECT * FROM ttfd.link_verified_account(%s, %s, %s)", user_id, platform, accounts[platform])

    def try_to_claim(own: Connection, platform: str) -> str:
        try:
            return str(claim(own, platform=platform, external_id=accounts[platform]).status)
        except psycopg.Error as error:
            return str(error.sqlstate)

    jobs = [lambda own, platform=platform: try_to_claim(own, platform) for platform in list(accounts) * 5]
    answers = together(database_url, jobs)
    assert (answers.count("applied"), answers.count("TC002")) == (1, 14)
    assert (profile(db, user_id).xp, profile(db, user_id).daily_streak) == (100, 1)
    assert violations(db) == []


# Calendars. Both clock changes of 2026 in each zone that has any, and a plain day in Moscow, which has none.
MIDNIGHTS = [
    ("Pacific/Auckland", "2026-04-05"),
    ("Pacific/Auckland", "2026-09-27"),
    ("Europe/Moscow", "2026-03-29"),
    ("America/Los_Angeles", "2026-03-08"),
    ("America/Los_Angeles", "2026-11-01"),
    ("America/Santiago", "2026-09-06"),  # Has no midnight: the clock goes from 23:59:59 to 01:00.
    ("America/Havana", "2026-11-01"),  # Has midnight twice.
]


@pytest.mark.parametrize(("zone", "day"), MIDNIGHTS)
def test_a_day_begins_at_the_members_midnight_on_clock_changes_too(db: Connection, zone: str, day: str) -> None:
    live_in(db, zone)
    place = ZoneInfo(zone)
    date = dt.date.fromisoformat(day)
    previous, following = (
        dt.datetime.combine(date + dt.timedelta(days), dt.time(0), place).astimezone(dt.UTC) for days in (0, 1)
    )
    second = dt.timedelta(seconds=1)
    for moment, streak in [(previous - second, 1), (previous, 2), (following - second, None), (following, 3)]:
        set_time(db, moment.isoformat())
        if streak is None:
            with refused(db, "TC002") as caught:
                claim(db)
            stamp = following.strftime("%Y-%m-%dT%H:%M:%SZ")
            assert caught.value.diag.message_hint == f"Possible again from {stamp}."
        else:
            claim(db)
            assert last_data(db, "daily_claim")["streak"] == streak


@pytest.mark.parametrize("zone", sorted({zone for zone, _ in MIDNIGHTS}))
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_claim_every_day_of_the_year_is_one_long_streak(db: Connection, zone: str, hour: int) -> None:
    live_in(db, zone)
    set_setting(db, "daily_freezes_max", 0)
    day = dt.date(2026, 1, 1)
    for number in range(1, 366):
        moment = dt.datetime.combine(day, dt.time(hour, 30), ZoneInfo(zone)).astimezone(dt.UTC)
        set_time(db, moment.isoformat())
        claim(db)
        day += dt.timedelta(days=1)
        if number % 73 == 0:
            assert last_data(db, "daily_claim")["streak"] == number


def test_moving_the_zone_earns_no_second_claim_on_the_same_day(db: Connection) -> None:
    live_in(db, "America/Los_Angeles")
    at(db, "2026-03-01 12:00", "America/Los_Angeles")
    claim(db)
    live_in(db, "Pacific/Auckland")  # It is 09:00 on the 2nd there; midnight would be in 15 hours.
    with refused(db, "TC002") as caught:
        claim(db)
    assert caught.value.diag.message_hint == "Possible again from 2026-03-02T16:00:00Z."  # 20 hours after the claim.
    set_time(db, "2026-03-02 16:00Z")
    claim(db)
    assert last_data(db, "daily_claim")["streak"] == 2


def test_a_flight_east_costs_no_streak(db: Connection) -> None:
    live_in(db, "America/Los_Angeles")
    at(db, "2026-03-01 20:00", "America/Los_Angeles")
    claim(db)
    live_in(db, "Pacific/Auckland")
    at(db, "2026-03-03 17:00", "Pacific/Auckland")  # 24 hours later, and the date two days on.
    claim(db)
    assert last_data(db, "daily_claim") == {"streak": 2, "bonus": 10, "freeze_used": 0}


def test_a_flight_west_waits_for_a_new_date_and_costs_no_streak(db: Connection) -> None:
    live_in(db, "Pacific/Auckland")
    at(db, "2026-03-02 09:00", "Pacific/Auckland")
    claim(db)
    live_in(db, "America/Los_Angeles")
    at(db, "2026-03-02 23:59", "America/Los_Angeles")
    with refused(db, "TC002"):
        claim(db)
    at(db, "2026-03-03 00:00", "America/Los_Angeles")
    claim(db)
    assert last_data(db, "daily_claim")["streak"] == 2


def test_a_zone_that_is_changed_and_changed_back_changes_nothing(db: Connection) -> None:
    live_in(db, "America/Los_Angeles")
    at(db, "2026-03-01 23:59", "America/Los_Angeles")
    claim(db)
    live_in(db, "Pacific/Auckland")
    live_in(db, "America/Los_Angeles")
    at(db, "2026-03-02 00:00", "America/Los_Angeles")
    claim(db)
    assert last_data(db, "daily_claim")["streak"] == 2


ZONES = ["Pacific/Kiritimati", "Pacific/Auckland", "Europe/Moscow", "UTC", "America/Los_Angeles", "Pacific/Pago_Pago"]


@pytest.mark.parametrize("seed", range(5))
def test_no_way_of_moving_the_zone_beats_staying_at_home(db: Connection, seed: int) -> None:
    """Whoever tries every zone every hour for 20 days gets a claim a day, and one more for going east."""
    dice = random.Random(seed)
    user_id, claimed = get_user(db), 0
    start = now = dt.datetime(2026, 3, 25, dice.randrange(24), 30, tzinfo=dt.UTC)
    while now < start + dt.timedelta(days=20):
        set_time(db, now.isoformat())
        for zone in dice.sample(ZONES, 2):
            db.execute("UPDATE ttfd.unified_users SET time_zone = %s WHERE id = %s", [zone, user_id])
            with contextlib.suppress(psycopg.Error), db.transaction():
                claim(db)
                claimed += 1
        now += dt.timedelta(hours=dice.randint(1, 4))
    assert claimed <= 22


def test_an_imported_streak_goes_on(db: Connection) -> None:
    user_id = get_user(db)
    db.execute(
        "UPDATE ttfd.unified_users SET daily_streak = 5, last_daily = '2026-02-28', time_zone = 'Asia/Tokyo'"
        " WHERE id = %s",
        [user_id],
    )
    at(db, "2026-03-01 12:00", "Asia/Tokyo")
    claim(db)
    assert last_data(db, "daily_claim")["streak"] == 6
