"""Who comes back after forget_user is somebody new, and gains nothing by it: limits are remembered, without a name."""

import datetime as dt

import pytest

from calls import (
    Connection,
    acting_as,
    apply_event,
    get_user,
    new_id,
    profile,
    record_event,
    refused,
    rows,
    set_time,
    value,
    violations,
)
from forgetting import forget, link, make_anna

NOON = "2026-03-01 12:00:00+00"


def test_who_comes_back_is_somebody_new_and_starts_at_nothing(db: Connection) -> None:
    user_id = get_user(db)
    apply_event(db, "game_played", {"xp": 50})
    forget(db, user_id)
    again = get_user(db)
    assert again != user_id
    assert (profile(db, again).xp, profile(db, again).games_played) == (0, 0)
    assert violations(db) == []


def test_who_comes_back_finds_the_cooldowns_and_caps_as_they_were(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db)
    apply_event(db, "voice_time", {"seconds": 11000})
    record_event(db, "voice_time", {"seconds": 900})
    forget(db, get_user(db))
    assert apply_event(db).note == "cooldown"
    outcome = apply_event(db, "voice_time", {"seconds": 2000})
    assert (outcome.xp, outcome.note) == (5, "daily_cap")
    set_time(db, "2026-03-02 00:00:00+00")
    assert (apply_event(db).xp, apply_event(db, "voice_time", {"seconds": 2000}).xp) == (5, 100)
    assert violations(db) == []


def test_only_windows_that_are_open_are_remembered(db: Connection) -> None:
    set_time(db, "2026-02-27 12:00:00+00")
    apply_event(db)
    apply_event(db, "voice_time", {"seconds": 900})
    set_time(db, NOON)
    forget(db, get_user(db))
    assert value(db, "SELECT limits -> 'windows' FROM ttfd.forgotten_accounts") == []


def test_who_comes_back_does_not_claim_the_day_again(db: Connection) -> None:
    user_id = get_user(db)
    db.execute("UPDATE ttfd.unified_users SET last_daily = '2026-03-01', daily_streak = 9")
    forget(db, user_id)
    assert value(db, "SELECT last_daily FROM ttfd.unified_users WHERE id = %s", user_id) is None
    seen = profile(db, get_user(db))
    assert (seen.last_daily, seen.daily_streak) == (dt.date(2026, 3, 1), 0)


def test_who_comes_back_finds_the_coins_sent_today_counted(db: Connection) -> None:
    for external_id in ("1", "2"):
        get_user(db, external_id)
    adjust = "SELECT ttfd.adjust_balance(%s, %s, 0, 20000, 'test')"
    transfer = "SELECT status FROM ttfd.transfer_coins(%s, %s, %s, %s)"
    db.execute(adjust, [new_id(), get_user(db, "1")])
    assert value(db, transfer, new_id(), get_user(db, "1"), get_user(db, "2"), 9000) == "applied"
    forget(db, get_user(db, "1"))
    db.execute(adjust, [new_id(), get_user(db, "1")])
    with refused(db, "TE003"):
        value(db, transfer, new_id(), get_user(db, "1"), get_user(db, "2"), 1001)
    assert value(db, transfer, new_id(), get_user(db, "1"), get_user(db, "2"), 1000) == "applied"


def test_who_comes_back_is_not_paid_for_the_same_ranks_again(db: Connection) -> None:
    apply_event(db, "xp_change", {"xp": 500})
    forget(db, get_user(db))
    assert apply_event(db, "xp_change", {"xp": 500}).total_coins == 0
    assert apply_event(db, "xp_change", {"xp": 750}).total_coins == 100
    assert violations(db) == []


def test_forgetting_again_and_again_gains_nothing(db: Connection) -> None:
    set_time(db, NOON)
    for _ in range(5):
        apply_event(db)
        apply_event(db, "voice_time", {"seconds": 20000})
        forget(db, get_user(db))
    assert value(db, "SELECT sum(xp) FROM ttfd.unified_users") == 5 + 600


def test_the_limits_wait_for_an_account_that_another_member_links(db: Connection) -> None:
    set_time(db, NOON)
    apply_event(db, platform="discord", external_id="9")
    forget(db, get_user(db, "9", "discord"))
    link(db, get_user(db, "1"), "discord", "9")
    assert apply_event(db).note == "cooldown"


def test_the_limits_of_all_accounts_are_remembered_for_90_days_and_no_longer(db: Connection) -> None:
    set_time(db, NOON)
    user_id = get_user(db, "1")
    link(db, user_id, "discord", "9")
    apply_event(db, "xp_change", {"xp": 500})
    forget(db, user_id)
    set_time(db, "2026-05-30 11:59:59+00")
    assert profile(db, get_user(db, "1")).highest_rank_id == 2
    set_time(db, "2026-05-30 12:00:00+00")
    assert profile(db, get_user(db, "9", "discord")).highest_rank_id == 1
    forget(db, get_user(db, "3"))
    assert value(db, "SELECT count(*) FROM ttfd.forgotten_accounts") == 1


def test_what_is_remembered_names_nobody_and_leads_to_no_ledger(db: Connection) -> None:
    user_id = make_anna(db)
    forget(db, user_id)
    kept = rows(db, "SELECT * FROM ttfd.forgotten_accounts")
    assert len(kept) == 3
    for tombstone in kept:
        assert len(tombstone.account_digest) == 32
        assert set(tombstone.limits) == {
            *("last_daily", "last_daily_at", "last_daily_zone"),
            *("highest_rank_id", "windows", "transfers", "achievements"),
        }
        assert all(
            set(window) == {"event_type", "is_daily", "starts_at", "xp"} for window in tombstone.limits["windows"]
        )


def test_the_key_of_the_digests_is_another_in_every_database_and_nobodys(db: Connection) -> None:
    key = value(db, "SELECT key FROM ttfd.forgetting_key")
    assert len(key) == 32
    assert len(set(key)) > 10
    for role in ("ttfd_website", "ttfd_admin", "ttfd_reader"):
        with acting_as(db, role), refused(db, "42501"):
            db.execute("SELECT * FROM ttfd.forgetting_key")


@pytest.mark.parametrize(
    ("call", "open_until"),
    [
        ("SELECT ttfd.claim_work(gen_random_uuid(), 'telegram', '1')", "2026-03-01 13:00:00+00"),
        ("SELECT ttfd.play_game(gen_random_uuid(), 'telegram', '1', 'spin')", "2026-03-02 12:00:00+00"),
    ],
)
def test_who_comes_back_neither_works_nor_plays_before_the_time(db: Connection, call: str, open_until: str) -> None:
    set_time(db, NOON)
    db.execute(call)  # type: ignore[arg-type]
    forget(db, get_user(db))
    set_time(db, str(dt.datetime.fromisoformat(open_until) - dt.timedelta(seconds=1)))
    with refused(db, "TC002"):
        db.execute(call)  # type: ignore[arg-type]
    set_time(db, open_until)
    db.execute(call)  # type: ignore[arg-type]
    assert violations(db) == []
